/*
 * The kernel's generator through getrandom(2), which needs no descriptor and
 * works in an empty chroot; and xoshiro256**, seeded through splitmix64 as its
 * authors advise, because a state of zeros would stay zero.
 */
#include "base/random.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include "base/clock.h"

int hki_random_bytes(void *out, size_t length)
{
	unsigned char *at = out;

	while (length > 0) {
		ssize_t got = getrandom(at, length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		at += got;
		length -= (size_t) got;
	}
	return 0;
}

void hki_random_hash_key(uint64_t out[2])
{
	const void *given;

	/* 16 bytes come whole or not at all. */
	if (getrandom(out, 16, GRND_NONBLOCK) == 16)
		return;
	out[0] = hki_clock_boot_ns();
	out[1] = hki_clock_real_ns();
	given = (const void *) getauxval(AT_RANDOM);
	if (given != NULL) {
		uint64_t at_exec[2];

		memcpy(at_exec, given, sizeof(at_exec));
		out[0] ^= at_exec[0];
		out[1] ^= at_exec[1];
	}
}

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t rotate_left(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

void hki_random_seed(hki_random *random, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		random->state[i] = splitmix64(&seed);
}

uint64_t hki_random_next(hki_random *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t hki_random_below(hki_random *random, uint64_t bound)
{
	uint64_t uneven; /* how many of the 2^64 numbers would favour the small results */
	uint64_t number;

	if (bound == 0)
		return 0;
	uneven = (UINT64_MAX - bound + 1) % bound;
	do
		number = hki_random_next(random);
	while (number < uneven);
	return number % bound;
}

double hki_random_fraction(hki_random *random)
{
	return (double) (hki_random_next(random) >> 11) * 0x1p-53;
}
