#ifndef HKI_IPC_NODE_FIXTURE_TEST_H
#define HKI_IPC_NODE_FIXTURE_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/error.h>
#include <hostkit/ipc_fork.h>
#include "base/buffer.h"

/*
 * What the tests of channels share: a loop, a channel on it, and notes of everything
 * it called back with.  The other side is the test itself (`peer`, a descriptor that
 * blocks) or a program.
 */
typedef struct fixture {
	hk_loop *loop;
	hk_ipc_channel *channel;
	int peer;                 /* -1: there is none */
	hk_ipc_channel_opts opts; /* given to the channel; tests change them before */
	size_t descriptors;       /* open before */

	hki_buffer messages; /* tagged JSON, a line each */
	unsigned int message_count;
	unsigned int internal_count;
	hk_ipc_handle handle; /* that came last */
	int fd;               /* the same, taken; or what asking answered */
	unsigned int drains;
	unsigned int bads;
	int bad_code; /* of the last */
	char bad_reason[128];
	unsigned int ends;
	int end_reason;
	unsigned int exits;
	hk_process_exit how;
	bool exit_before_end;
	unsigned int sents;
	int sent_status;     /* of the last that was not 0 */
	char sent_order[64]; /* the user's letter of each */
	/* called after a message was noted; NULL: nothing */
	void (*on_message)(struct fixture *f, hk_ipc_channel_message *message);
} fixture;

int fixture_set_up(void **state);
/* Asserts that nothing is left open. */
int fixture_tear_down(void **state);

/* f->channel is one end of a socket pair, f->peer the other. */
void fixture_pair(fixture *f, hk_ipc_serialization serialization);

/* f->channel goes to node, running @script.  Skips the test without node 16 or later. */
void fixture_node(fixture *f, hk_ipc_serialization serialization, const char *script);
hk_ipc_fork_opts fixture_node_opts(
    fixture *f, hk_ipc_serialization serialization, const char *script);
/* The options of its process: on_exit is noted. */
extern hk_process_opts fixture_process;
void fixture_need_node(void);
void fixture_fork(fixture *f, const hk_ipc_fork_opts *opts);

/* A script that sends everything back. */
extern const char fixture_echo[];
/* The next program: the channel is freed and the notes are empty. */
void fixture_start_over(fixture *f);

/* Longer than anything takes on a machine that does much else. */
enum { FIXTURE_PATIENCE_S = 60 };

/* Turn the loop until @condition holds; fails after FIXTURE_PATIENCE_S. */
#define fixture_wait(f, condition)                                                       \
	do {                                                                             \
		uint64_t begin_ = fixture_now();                                         \
		while (!(condition)) {                                                   \
			assert_true(hk_loop_run_once((f)->loop, 100) >= 0);              \
			if (fixture_now() - begin_ > FIXTURE_PATIENCE_S)                 \
				fail_msg("never: %s", #condition);                       \
		}                                                                        \
	} while (0)
uint64_t fixture_now(void); /* seconds */

/* A few turns that do not wait. */
void fixture_turns(fixture *f);

/* Send @json, which must be accepted. */
void fixture_send(fixture *f, const char *json);
/* … with @opts; noted as @letter when it was sent. */
int fixture_send_noted(
    fixture *f, const char *json, char letter, uint32_t flags, int handle_fd);

/* The peer's side. */
void peer_write(fixture *f, const void *bytes, size_t length);
void peer_say(fixture *f, const char *text);
void peer_write_fd(fixture *f, const char *text, const int *fds, size_t count);
/* Read one line (without its end), or fail; @out_fd, which may be NULL, gets what came. */
const char *peer_line(fixture *f, int *out_fd);
/* Is there nothing to read? */
bool peer_is_silent(fixture *f);
/* Nothing more comes. */
bool peer_sees_end(fixture *f);

size_t count_descriptors(void);
/* A TCP socket that listens on loopback, and a connected pair. */
int listening_socket(unsigned int *out_port);
int connected_socket(int *out_other);

#endif /* HKI_IPC_NODE_FIXTURE_TEST_H */
