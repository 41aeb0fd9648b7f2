#ifndef BENCH_IPC_PEERS_H
#define BENCH_IPC_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "../node.h"
#include "../placement.h"

/*
 * What the questions about messages share: a place for sockets, a second process, and
 * the peers.
 */

/* A new path for a socket, in a folder of this run that bench_ipc_leave() removes.
 * Static: until the next call. */
const char *bench_ipc_path(void);
void bench_ipc_leave(void);

/* Where this process and the children of bench_ipc_fork() and bench_node() run from now
 * on.  False if there is no such place. */
bool bench_ipc_place(bench_placement how);

/* Run @fn in a child, which ends with it; bench_ipc_join() waits for that and says whether
 * it returned 0. */
pid_t bench_ipc_fork(int (*fn)(void *user), void *user);
bool bench_ipc_join(pid_t child);

/* The figure of @fn, run in a child: for peers that cannot be in a process that forks. */
double bench_ipc_apart(double (*fn)(void *user), void *user);

/* Whether the peer was there when this was built, and runs. */
bool bench_has_zmq(void);
bool bench_has_nng(void);

/*
 * One way: @count messages of @length bytes from a child to us.  Nanoseconds a message,
 * counted from the first to arrive to the last; NAN if it failed.
 */
double bench_zmq_stream(size_t count, size_t length);
double bench_nng_stream(size_t count, size_t length);

/* Back and forth with a child, @count times.  The median in microseconds. */
double bench_zmq_roundtrip(size_t count, size_t length);
double bench_nng_roundtrip(size_t count, size_t length);

/* Run ipc/@script with @argument; it prints its figure. */
double bench_node(const char *script, const char *argument);

#endif /* BENCH_IPC_PEERS_H */
