#ifndef STRESS_H
#define STRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What every stress program shares: how much work to do, one TAP line a promise, and
 * numbers that look random but are the same in every run.
 */

/* HOSTKIT_STRESS_FACTOR, 1 if it is not set. */
unsigned int stress_factor(void);

/* Begin a program of @count promises. */
void stress_plan(unsigned int count);

/* Say whether a promise held; the text names what was counted.  Returns @held. */
bool stress_check(bool held, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A promise that this machine cannot show; the text says why. */
void stress_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* 0 if every promise held, else 1: the exit status. */
int stress_status(void);

/* The next number of a sequence; @state begins anywhere but at 0. */
uint64_t stress_random(uint64_t *state);

/* Leave at once, because the test itself cannot go on. */
void stress_need(bool condition, const char *what);

#endif /* STRESS_H */
