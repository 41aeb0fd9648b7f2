#ifndef HKI_IPC_NODE_CAPTURES_TEST_H
#define HKI_IPC_NODE_CAPTURES_TEST_H

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include "ipc/node_value.h"

/* Values in V8's format, as Node 20 sent them, and what they are in tagged JSON. */

typedef struct capture {
	const char *hex;
	const char *json; /* tagged */
	int tagged;       /* what writing it returns */
} capture;

extern const capture captures[];
extern const size_t capture_count;

/* The bytes of @hex; their number. */
size_t bytes_of(unsigned char *out, size_t capacity, const char *hex);

/* The values as JSON are @json, and whether that took tags is @tagged. */
void assert_writes_as(const hk_ipc_values *values, const char *json, int tagged);

#endif /* HKI_IPC_NODE_CAPTURES_TEST_H */
