#ifndef HKI_IPC_FIXTURE_H
#define HKI_IPC_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include <hostkit/ipc.h>
#include "base/buffer.h"
#include "base/clock.h"
#include "ipc/socket_address.h"

/*
 * For the tests of this folder: a loop, a folder, and a side of a conversation that
 * notes what happens to it.  Two of them talk to each other in most tests.
 */
struct side {
	struct fixture *f;
	hk_ipc *ipc; /* of the latest on_connect */
	unsigned int connects;
	unsigned int ends;
	unsigned int drains;
	unsigned int retries;
	unsigned int closes;
	int reason; /* of the latest on_close or on_retry */
	uint64_t messages;
	size_t last_length;
	char last[256];    /* the beginning of the latest message */
	hki_buffer stream; /* all messages, each behind a '|' */
	bool collect;      /* … into stream */
	uint32_t flags;    /* of all messages, together */
	int descriptor;    /* the first of the latest that came */
	size_t descriptor_count;
	void (*on_message)(struct side *side, hk_ipc *ipc, const hk_ipc_message *message);
	void (*on_connect)(struct side *side, hk_ipc *ipc);
};

struct fixture {
	hk_loop *loop;
	char folder[64];
	char url[128]; /* unix: in the folder */
	char path[96];
	struct side server;
	struct side client;
	hk_ipc_opts
	    server_opts; /* with the callbacks below; a test changes what it likes */
	hk_ipc_opts client_opts;
	hk_ipc_server *listener;
	hk_ipc *dialed;
};

static inline void side_message(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	struct side *side = user;
	size_t kept = message->length < sizeof(side->last) - 1 ? message->length
							       : sizeof(side->last) - 1;

	side->messages++;
	side->last_length = message->length;
	memcpy(side->last, message->data, kept);
	side->last[kept] = '\0';
	side->flags |= message->flags;
	side->descriptor_count += message->descriptor_count;
	if (message->descriptor_count > 0) {
		side->descriptor = message->descriptors[0];
		message->descriptors[0] = -1;
	}
	if (side->collect) {
		assert_int_equal(0, hki_buffer_append_char(&side->stream, '|'));
		assert_int_equal(
		    0, hki_buffer_append(&side->stream, message->data, message->length));
	}
	if (side->on_message != NULL)
		side->on_message(side, ipc, message);
}

static inline void side_connect(hk_ipc *ipc, void *user)
{
	struct side *side = user;

	side->connects++;
	side->ipc = ipc;
	if (side->on_connect != NULL)
		side->on_connect(side, ipc);
}

static inline void side_end(hk_ipc *ipc, void *user)
{
	struct side *side = user;

	(void) ipc;
	side->ends++;
}

static inline void side_drain(hk_ipc *ipc, void *user)
{
	struct side *side = user;

	(void) ipc;
	side->drains++;
}

static inline void side_retry(hk_ipc *ipc, int reason, uint64_t delay_ns, void *user)
{
	struct side *side = user;

	(void) ipc;
	(void) delay_ns;
	side->retries++;
	side->reason = reason;
}

static inline void side_close(hk_ipc *ipc, int reason, void *user)
{
	struct side *side = user;

	side->closes++;
	side->reason = reason;
	if (side->ipc == ipc)
		side->ipc = NULL;
}

static inline void side_opts(hk_ipc_opts *opts, struct side *side)
{
	*opts = (hk_ipc_opts) HK_IPC_OPTS_INIT;
	opts->on_message = side_message;
	opts->on_connect = side_connect;
	opts->on_drain = side_drain;
	opts->on_retry = side_retry;
	opts->on_close = side_close;
	opts->user = side;
	side->descriptor = -1;
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->folder, "/tmp/hostkit-ipc-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void) snprintf(f->path, sizeof(f->path), "%s/s", f->folder);
	(void) snprintf(f->url, sizeof(f->url), "unix:%s", f->path);
	assert_int_equal(0, hk_loop_new(&f->loop));
	f->server.f = f;
	f->client.f = f;
	side_opts(&f->server_opts, &f->server);
	side_opts(&f->client_opts, &f->client);
	*state = f;
	return 0;
}

static inline void fixture_remove(const char *folder)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;

	assert_non_null(entries);
	while ((entry = readdir(entries)) != NULL)
		(void) unlinkat(dirfd(entries), entry->d_name, 0);
	(void) closedir(entries);
	(void) rmdir(folder);
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	hk_ipc_free(f->dialed);
	hk_ipc_server_free(f->listener);
	hk_loop_free(f->loop);
	hki_buffer_deinit(&f->server.stream);
	hki_buffer_deinit(&f->client.stream);
	fixture_remove(f->folder);
	free(f);
	return 0;
}

/* Longer than any machine needs, and shorter than the runner's patience, which would say
 * nothing of what was waited for. */
#define PATIENCE_NS (90 * HKI_NS_PER_S)

/* One turn that waits. */
static inline void turn(struct fixture *f)
{
	assert_true(hk_loop_run_once(f->loop, 1000) >= 0);
}

static inline void fail_waiting(const struct fixture *f, const char *condition)
{
	fail_msg("waited in vain for %s; server: %u connects, %" PRIu64
		 " messages, %u ends, %u closes, %u drains; client: %u, %" PRIu64
		 ", %u, %u, %u",
	    condition, f->server.connects, f->server.messages, f->server.ends,
	    f->server.closes, f->server.drains, f->client.connects, f->client.messages,
	    f->client.ends, f->client.closes, f->client.drains);
}

/* Turn until @condition; say what there is instead when it does not come. */
#define AWAIT(f, condition)                                                              \
	do {                                                                             \
		uint64_t await_begin_ns = hki_clock_monotonic_ns();                      \
                                                                                         \
		while (!(condition)) {                                                   \
			turn(f);                                                         \
			if (hki_clock_monotonic_ns() - await_begin_ns > PATIENCE_NS)     \
				fail_waiting(f, #condition);                             \
		}                                                                        \
	} while (0)

/* The same until @actual, an expression, is @expected. */
#define AWAIT_COUNT(f, expected, actual)                                                 \
	do {                                                                             \
		uint64_t await_begin_ns = hki_clock_monotonic_ns();                      \
                                                                                         \
		while ((uint64_t) (actual) != (uint64_t) (expected)) {                   \
			turn(f);                                                         \
			if (hki_clock_monotonic_ns() - await_begin_ns > PATIENCE_NS)     \
				fail_msg("waited in vain for %s: expected %" PRIu64      \
					 ", there are %" PRIu64,                         \
				    #actual, (uint64_t) (expected),                      \
				    (uint64_t) (actual));                                \
		}                                                                        \
	} while (0)

/* Turns that do not wait: whatever is due comes, and silence stays silence. */
static inline void settle(struct fixture *f)
{
	for (int i = 0; i < 6; i++)
		assert_true(hk_loop_run_once(f->loop, 0) >= 0);
}

static inline void listen_at(struct fixture *f, const char *url)
{
	hk_error_list *errors = NULL;
	int r;

	assert_int_equal(0, hk_error_list_new(&errors));
	r = hk_ipc_listen(&f->listener, f->loop, url, &f->server_opts, errors);
	if (r < 0)
		fail_msg("cannot listen at %s: %s, %s", url, hk_error_name(r),
		    hk_error_list_count(errors) > 0 ? hk_error_list_get(errors, 0)->text
						    : "");
	hk_error_list_free(errors);
}

static inline void dial(struct fixture *f)
{
	assert_int_equal(0, hk_ipc_dial(&f->dialed, f->loop,
				hk_ipc_server_url(f->listener), &f->client_opts, NULL));
}

/* Both ends stand. */
static inline void connect_both(struct fixture *f)
{
	if (f->listener == NULL)
		listen_at(f, f->url);
	dial(f);
	AWAIT(f, f->server.connects > 0 && f->client.connects > 0);
}

/* A socket of our own, connected to the server, that blocks. */
static inline int connect_plainly(struct fixture *f)
{
	hki_socket_address address;
	int folder = -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(0, hki_socket_path_address(&address, &folder, f->path));
	assert_int_equal(
	    0, connect(fd, (const struct sockaddr *) &address.storage, address.length));
	if (folder >= 0)
		(void) close(folder);
	return fd;
}

static inline void send_text(hk_ipc *ipc, const char *text)
{
	assert_int_equal(0, hk_ipc_send(ipc, text, strlen(text)));
}

static inline hk_ipc_stats stats_of(const hk_ipc *ipc)
{
	hk_ipc_stats stats = { .size = sizeof(stats) };

	assert_int_equal(0, hk_ipc_stats_read(ipc, &stats));
	return stats;
}

/* Far beyond every mark of these tests: what is taken beyond it has no mark. */
#define FILLED_MAX ((size_t) 64 << 20)

/* Send to a peer that does not read until it is refused.  Returns how many were taken;
 * @out_refusal, which may be NULL, has what refused. */
static inline unsigned int fill(
    hk_ipc *ipc, const char *text, size_t length, int *out_refusal)
{
	unsigned int count = 0;
	int r;

	while ((r = hk_ipc_send(ipc, text, length)) == 0)
		if (++count * length > FILLED_MAX)
			fail_msg("%zu bytes were taken and nothing refused; %zu of them "
				 "are queued",
			    count * length, hk_ipc_queued_bytes(ipc));
	if (out_refusal != NULL)
		*out_refusal = r;
	return count;
}

static inline hk_ipc_server_stats server_stats(const struct fixture *f)
{
	hk_ipc_server_stats stats = { .size = sizeof(stats) };

	assert_int_equal(0, hk_ipc_server_stats_read(f->listener, &stats));
	return stats;
}

static inline mode_t mode_of(const char *path)
{
	struct stat found;

	assert_int_equal(0, lstat(path, &found));
	return found.st_mode;
}

static inline unsigned int files_in(const char *folder)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	unsigned int count = 0;

	assert_non_null(entries);
	while ((entry = readdir(entries)) != NULL)
		count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
	(void) closedir(entries);
	return count;
}

static inline int try_listen(struct fixture *f, hk_ipc_server **out, const char *url)
{
	return hk_ipc_listen(out, f->loop, url, &f->server_opts, NULL);
}

static inline void write_all(int fd, const char *text, size_t length)
{
	assert_int_equal((ssize_t) length, send(fd, text, length, MSG_NOSIGNAL));
}

static inline void answer(struct side *side, hk_ipc *ipc, const hk_ipc_message *message)
{
	(void) side;
	assert_int_equal(0, hk_ipc_send(ipc, message->data, message->length));
}

#endif /* HKI_IPC_FIXTURE_H */
