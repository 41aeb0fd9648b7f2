#ifndef HKI_IPC_RPC_WORLD_TEST_H
#define HKI_IPC_RPC_WORLD_TEST_H

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include <hostkit/ipc_rpc.h>
#include "base/clock.h"
#include "loop/loop_internal.h"

/* A loop, a folder for its socket, and a deadline so that a test that waits for what
 * never comes fails instead of hanging. */
typedef struct rpc_world {
	hk_loop *loop;
	char folder[64];
	char url[96];
	const char *path;
} rpc_world;

#define RPC_WORLD_PATIENCE_NS (90 * HKI_NS_PER_S)

static inline void rpc_world_open(rpc_world *all)
{
	memset(all, 0, sizeof(*all));
	strcpy(all->folder, "/tmp/hostkit-rpc-XXXXXX");
	assert_non_null(mkdtemp(all->folder));
	snprintf(all->url, sizeof(all->url), "unix:%s/socket", all->folder);
	all->path = all->url + strlen("unix:");
	assert_int_equal(0, hk_loop_new(&all->loop));
}

static inline void rpc_world_close(rpc_world *all)
{
	char lock[128];

	hk_loop_free(all->loop);
	snprintf(lock, sizeof(lock), "%s.lock", all->path);
	(void) unlink(lock);
	(void) unlink(all->path);
	assert_int_equal(0, rmdir(all->folder));
}

/* Turn until @done says so. */
static inline void rpc_world_until(
    rpc_world *all, bool (*done)(const void *what), const void *what)
{
	uint64_t begin_ns = hki_clock_monotonic_ns();

	hki_loop_hold(all->loop);
	while (!done(what)) {
		assert_true(hk_loop_run_once(all->loop, 100) >= 0);
		if (hki_clock_monotonic_ns() - begin_ns > RPC_WORLD_PATIENCE_NS)
			fail_msg("waited in vain");
	}
	hki_loop_release(all->loop);
}

static inline bool rpc_world_is_set(const void *what)
{
	return *(const volatile int *) what != 0;
}

/* Until an int is not 0; better RPC_WORLD_AWAIT, which says how many there are. */
static inline void rpc_world_wait(rpc_world *all, const int *what)
{
	rpc_world_until(all, rpc_world_is_set, what);
}

/* Until @actual, an expression that counts, is at least @expected. */
#define RPC_WORLD_AWAIT(all, expected, actual)                                           \
	do {                                                                             \
		uint64_t await_begin_ns = hki_clock_monotonic_ns();                      \
                                                                                         \
		hki_loop_hold((all)->loop);                                              \
		while ((uint64_t) (actual) < (uint64_t) (expected)) {                    \
			assert_true(hk_loop_run_once((all)->loop, 100) >= 0);            \
			if (hki_clock_monotonic_ns() - await_begin_ns >                  \
			    RPC_WORLD_PATIENCE_NS)                                       \
				fail_msg("waited in vain for %s: expected %" PRIu64      \
					 ", there are %" PRIu64,                         \
				    #actual, (uint64_t) (expected),                      \
				    (uint64_t) (actual));                                \
		}                                                                        \
		hki_loop_release((all)->loop);                                           \
	} while (0)

static inline void rpc_world_turns(rpc_world *all, int turns)
{
	for (int i = 0; i < turns; i++)
		assert_true(hk_loop_run_once(all->loop, 0) >= 0);
}

/* A blocking socket of the old kind, as a stranger has it. */
static inline int rpc_world_stranger(const rpc_world *all)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, all->path);
	assert_int_equal(0, connect(fd, (const void *) &address, sizeof(address)));
	return fd;
}

static inline void rpc_world_say(int fd, const char *text)
{
	assert_int_equal(strlen(text), send(fd, text, strlen(text), MSG_NOSIGNAL));
}

/* Read what is there and turn until @lines line feeds have come. */
static inline void rpc_world_hear(
    rpc_world *all, int fd, char *out, size_t capacity, size_t lines)
{
	uint64_t begin_ns = hki_clock_monotonic_ns();
	size_t length = 0;
	size_t feeds = 0;

	while (feeds < lines) {
		ssize_t got = recv(fd, out + length, capacity - 1 - length, MSG_DONTWAIT);

		if (got > 0) {
			for (ssize_t i = 0; i < got; i++)
				feeds += out[length + (size_t) i] == '\n';
			length += (size_t) got;
			continue;
		}
		assert_true(got < 0);
		assert_true(hk_loop_run_once(all->loop, 20) >= 0);
		if (hki_clock_monotonic_ns() - begin_ns > RPC_WORLD_PATIENCE_NS)
			fail_msg("heard %zu lines of %zu", feeds, lines);
	}
	out[length] = '\0';
}

#endif /* HKI_IPC_RPC_WORLD_TEST_H */
