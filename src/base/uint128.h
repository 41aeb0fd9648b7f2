#ifndef HKI_BASE_UINT128_H
#define HKI_BASE_UINT128_H

/* Room for the product of two 64-bit numbers.  gcc and clang have it on every
 * 64-bit processor. */
__extension__ typedef unsigned __int128 hki_uint128;

#endif /* HKI_BASE_UINT128_H */
