/*
 * Faults: reads and writes cut short or interrupted at random, answers of EAGAIN that lie,
 * and memory that runs out at each allocation in turn.  Messages stay whole, in order and
 * counted; what fails is told and leaves nothing behind.
 *
 * The system calls of the library are replaced here: a program's own functions of these
 * names are found before the C library's.
 */
#include "ipc/fixture.h"

#include <sys/syscall.h>
#include "base/random.h"
#include "base/torture.h"

static hki_random faults;
static bool faulty;
static bool endless; /* there is always more to read */
static unsigned int injected;

static size_t at_most(size_t wanted, size_t length)
{
	return wanted < length ? wanted : length;
}

/* How much of @length goes through this time; 0: nothing, errno is set. */
static size_t cut(size_t length)
{
	uint64_t kind = hki_random_below(&faults, 100);

	if (!faulty || kind < 2)
		return length;
	injected++;
	if (kind < 15) {
		errno = EINTR;
		return 0;
	}
	if (kind < 20) {
		errno = EAGAIN;
		return 0;
	}
	/* Down to a byte at a time, and seldom many. */
	if (kind < 98)
		length = at_most(kind < 60 ? 10 : 500, length);
	return length == 0 ? 0 : 1 + hki_random_below(&faults, length);
}

ssize_t recv(int fd, void *to, size_t length, int flags)
{
	size_t wanted = at_most(cut(length), length);

	if (endless) {
		memset(to, '\n', length);
		return (ssize_t) length;
	}
	if (wanted == 0 && length > 0)
		return -1;
	return syscall(SYS_recvfrom, fd, to, wanted, flags, NULL, NULL);
}

ssize_t send(int fd, const void *from, size_t length, int flags)
{
	size_t wanted = at_most(cut(length), length);

	if (wanted == 0 && length > 0)
		return -1;
	return syscall(SYS_sendto, fd, from, wanted, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *header, int flags)
{
	struct msghdr first = *header;
	struct iovec piece;
	size_t wanted;

	if (!faulty || header->msg_iovlen == 0 || header->msg_iov[0].iov_len == 0)
		return syscall(SYS_sendmsg, fd, header, flags);
	piece = header->msg_iov[0];
	wanted = cut(piece.iov_len);
	if (wanted == 0)
		return -1;
	piece.iov_len = at_most(wanted, piece.iov_len);
	first.msg_iov = &piece;
	first.msg_iovlen = 1;
	return syscall(SYS_sendmsg, fd, &first, flags);
}

/* ---- random messages, cut at random ---- */

enum { COUNT = 20000, LONGEST = 20000 };

struct traffic {
	hki_random random; /* the same seed on both sides gives the same messages */
	char text[LONGEST + 1];
	size_t length;
	bool lines;
};

static void make_message(struct traffic *traffic)
{
	uint64_t kind = hki_random_below(&traffic->random, 100);
	size_t length = hki_random_below(&traffic->random, kind < 80   ? 200
							   : kind < 99 ? 2000
								       : LONGEST);

	if (traffic->lines && length == 0)
		length = 1;
	for (size_t i = 0; i < length; i += 8) {
		uint64_t bits = hki_random_next(&traffic->random);

		memcpy(traffic->text + i, &bits, length - i < 8 ? length - i : 8);
	}
	for (size_t i = 0; traffic->lines && i < length; i++)
		if (traffic->text[i] == '\n' || traffic->text[i] == '\r')
			traffic->text[i] = ' ';
	if (traffic->lines)
		traffic->text[0] = '"';
	traffic->length = length;
}

static struct traffic expected;

static void compare(struct side *side, hk_ipc *ipc, const hk_ipc_message *message)
{
	(void) ipc;
	make_message(&expected);
	assert_int_equal(expected.length, message->length);
	assert_memory_equal(expected.text, message->data, message->length);
	if (side->messages % 1000 == 0) { /* pausing must not disturb either */
		hk_ipc_pause(ipc);
		hk_ipc_resume(ipc);
	}
}

static void run_traffic(struct fixture *f, const char *url, uint32_t framing)
{
	static struct traffic sent;
	unsigned int accepted = 0;
	hk_ipc_stats stats;

	sent.lines = expected.lines = framing == HK_IPC_FRAMING_LINES;
	hki_random_seed(&sent.random, framing + 1);
	hki_random_seed(&expected.random, framing + 1);
	hki_random_seed(&faults, 4711 + framing);
	injected = 0;
	f->server.on_message = compare;
	f->client_opts.framing = framing;
	f->client_opts.queue_max_bytes = 100000;
	listen_at(f, url);
	connect_both(f);
	faulty = true;
	make_message(&sent);
	while (f->server.messages < COUNT) {
		while (accepted < COUNT &&
		       hk_ipc_send(f->dialed, sent.text, sent.length) == 0) {
			accepted++;
			make_message(&sent);
			if (hki_random_below(&faults, 20) == 0)
				break; /* also turns in which little is sent */
		}
		turn(f);
		assert_int_equal(0, f->server.closes + f->client.closes);
	}
	faulty = false;
	assert_true(injected > COUNT / 10); /* they were met at all */
	stats = stats_of(f->dialed);
	assert_int_equal(COUNT, stats.messages_written);
	assert_int_equal(0, stats.messages_dropped + stats.messages_queued);
	stats = stats_of(f->server.ipc);
	assert_int_equal(COUNT, stats.messages_received);
}

static void lines_survive_short_reads_and_writes(void **state)
{
	struct fixture *f = *state;

	run_traffic(f, f->url, HK_IPC_FRAMING_LINES);
}

static void counted_messages_survive_short_reads_and_writes(void **state)
{
	struct fixture *f = *state;

	run_traffic(f, f->url, HK_IPC_FRAMING_LENGTH);
}

static void tcp_survives_short_reads_and_writes(void **state)
{
	run_traffic(*state, "tcp:0", HK_IPC_FRAMING_LENGTH);
}

/* It takes nothing any more, but speaks on without an end: that must not keep the loop. */
static void a_peer_that_only_speaks_is_heard_in_turns(void **state)
{
	struct fixture *f = *state;
	int fd;

	listen_at(f, f->url);
	fd = connect_plainly(f);
	AWAIT(f, f->server.connects == 1);
	assert_int_equal(0, shutdown(fd, SHUT_RD));
	send_text(f->server.ipc, "[1]");
	endless = true;
	settle(f); /* comes back */
	assert_int_equal(0, f->server.closes);
	assert_true(stats_of(f->server.ipc).reads > 4);
	assert_int_equal(-EPIPE, hk_ipc_send(f->server.ipc, "[2]", 3));
	endless = false;
	AWAIT(f, f->server.closes == 1);
	assert_int_equal(-EPIPE, f->server.reason);
	(void) close(fd);
}

/* ---- no memory ---- */

struct story {
	unsigned int answers;
	unsigned int closes;
	int reason;
	hk_ipc_server *server;
};

static void story_answer(hk_ipc *ipc, const hk_ipc_message *message, void *user)
{
	struct story *story = user;

	story->answers++;
	if (hk_ipc_server_of(ipc) != NULL &&
	    hk_ipc_send(ipc, message->data, message->length) < 0)
		hk_ipc_close(ipc, 0);
}

static void story_close(hk_ipc *ipc, int reason, void *user)
{
	struct story *story = user;

	(void) ipc;
	story->closes++;
	if (reason != 0)
		story->reason = reason;
}

static char story_url[128];

/* Listen, connect, speak, drain: all of it, with every allocation failing in turn. */
static int tell_story(void *user)
{
	struct story story = { 0 };
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hk_loop *loop = NULL;
	hk_ipc *ipc = NULL;
	static char large[100000];
	int r = hk_loop_new(&loop);

	(void) user;
	memset(large, '1', sizeof(large));
	opts.on_message = story_answer;
	opts.on_close = story_close;
	opts.user = &story;
	if (r == 0)
		r = hk_ipc_listen(&story.server, loop, story_url, &opts, NULL);
	if (r == 0)
		r = hk_ipc_dial(&ipc, loop, story_url, &opts, NULL);
	if (r == 0)
		r = hk_ipc_send(ipc, "[1]", 3);
	if (r == 0)
		r = hk_ipc_send(ipc, large, sizeof(large));
	/* With some allocation failing a side may have closed, and nobody else can. */
	for (int turns = 0; r == 0 && turns < 1000; turns++) {
		if (story.answers >= 4 || story.closes >= 1)
			break;
		if (hk_loop_run_once(loop, 20) < 0)
			break;
	}
	if (r == 0 && story.answers < 4)
		r = story.reason != 0 ? story.reason : -ENOMEM;
	hk_ipc_free(ipc);
	hk_ipc_server_free(story.server);
	hk_loop_free(loop);
	return r;
}

static void without_memory_everything_is_told_and_nothing_left(void **state)
{
	struct fixture *f = *state;

	(void) snprintf(story_url, sizeof(story_url), "%s", f->url);
	assert_true(hki_torture(tell_story, NULL) > 10);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(lines_survive_short_reads_and_writes),
		CASE(counted_messages_survive_short_reads_and_writes),
		CASE(tcp_survives_short_reads_and_writes),
		CASE(a_peer_that_only_speaks_is_heard_in_turns),
		CASE(without_memory_everything_is_told_and_nothing_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
