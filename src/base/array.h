#ifndef HKI_BASE_ARRAY_H
#define HKI_BASE_ARRAY_H

/* The number of elements of a true array (not of a pointer). */
#define HKI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif /* HKI_BASE_ARRAY_H */
