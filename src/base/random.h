#ifndef HKI_BASE_RANDOM_H
#define HKI_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Two kinds of randomness.  hki_random_bytes() is the kernel's, for whatever an
 * enemy must not guess.  An hki_random is a generator with a seed, for jitter,
 * sampling and tests: the same seed gives the same numbers for ever.
 */

/* Fill @out from the kernel, waiting until it has been seeded.  0 or a negative errno. */
int hki_random_bytes(void *out, size_t length) __attribute__((warn_unused_result));

/* A key for hki_siphash().  Never waits and never fails: without the kernel's
 * generator it falls back on the bytes the kernel gave this program at exec. */
void hki_random_hash_key(uint64_t out[2]);

/* xoshiro256** (Blackman and Vigna, 2018). */
typedef struct hki_random {
	uint64_t state[4];
} hki_random;

void hki_random_seed(hki_random *random, uint64_t seed);
uint64_t hki_random_next(hki_random *random);
/* Evenly 0 … bound - 1; 0 if @bound is 0. */
uint64_t hki_random_below(hki_random *random, uint64_t bound);
/* Evenly 0 <= x < 1. */
double hki_random_fraction(hki_random *random);

#endif /* HKI_BASE_RANDOM_H */
