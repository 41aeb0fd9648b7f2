#ifndef HKI_BASE_ASSERT_H
#define HKI_BASE_ASSERT_H

#include <assert.h>

/* For our own bugs only.  What the world does is reported, never asserted. */
#define hki_assert(condition) assert(condition)

#endif /* HKI_BASE_ASSERT_H */
