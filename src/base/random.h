#ifndef HKI_BASE_RANDOM_H
#define HKI_BASE_RANDOM_H

#include <stdint.h>

/*
 * A small generator for spreading things out, never for secrets: SplitMix64
 * (Steele, Lea and Flood, 2014).  The same seed gives the same numbers, so that
 * a policy can be tested; each user has its own state, so that threads need no
 * lock.
 */
typedef struct hki_random {
	uint64_t state;
} hki_random;

static inline void hki_random_init(hki_random *random, uint64_t seed)
{
	random->state = seed;
}

static inline uint64_t hki_random_next(hki_random *random)
{
	uint64_t z = (random->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* A number in 0 … 1, 1 left out. */
static inline double hki_random_unit(hki_random *random)
{
	return (double) (hki_random_next(random) >> 11) * 0x1.0p-53;
}

#endif /* HKI_BASE_RANDOM_H */
