/*
 * Descriptors that travel with messages: they come with the one they were sent with,
 * none leaks, and who did not ask for any gets none.
 */
#include "ipc/fixture.h"

#include <sys/resource.h>

static unsigned int open_descriptors(void)
{
	DIR *entries = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(entries);
	while (readdir(entries) != NULL)
		count++;
	(void) closedir(entries);
	return count;
}

static void allow(struct fixture *f, uint32_t count)
{
	f->server_opts.descriptors_max = count;
	f->client_opts.descriptors_max = count;
}

static int marked_file(struct fixture *f, const char *mark)
{
	int fd = open(f->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal((ssize_t) strlen(mark), write(fd, mark, strlen(mark)));
	return fd;
}

static void check_mark(int fd, const char *mark)
{
	char text[32] = "";

	assert_true(fd >= 0);
	assert_int_equal(FD_CLOEXEC, fcntl(fd, F_GETFD));
	assert_true(pread(fd, text, sizeof(text) - 1, 0) >= 0);
	assert_string_equal(mark, text);
	(void) close(fd);
}

static void each_comes_with_its_message(void **state)
{
	struct fixture *f = *state;
	uint32_t framings[] = { HK_IPC_FRAMING_LINES, HK_IPC_FRAMING_LENGTH };

	allow(f, 4);
	for (size_t i = 0; i < 2; i++) {
		int fd = marked_file(f, "seven");
		uint64_t before = f->server.messages;

		f->client_opts.framing = framings[i];
		if (f->listener == NULL)
			listen_at(f, f->url);
		f->server.connects = f->client.connects = 0;
		connect_both(f);
		f->server.descriptor = -1;
		for (int number = 0; number < 7; number++)
			send_text(f->dialed, "[0]");
		assert_int_equal(0, hk_ipc_send_descriptors(f->dialed, "[7]", 3, &fd, 1));
		(void) close(fd); /* it was duplicated */
		for (int number = 0; number < 7; number++)
			send_text(f->dialed, "[8]");
		while (f->server.messages < before + 15) {
			turn(f);
			/* It came with no earlier message, and with no later one. */
			if (f->server.messages < before + 8)
				assert_int_equal(-1, f->server.descriptor);
		}
		check_mark(f->server.descriptor, "seven");
		assert_int_equal(i + 1, f->server.descriptor_count);
		hk_ipc_free(f->dialed);
		f->dialed = NULL;
	}
}

static void one_waits_for_the_end_of_a_long_message(void **state)
{
	enum { LENGTH = 700000 };
	struct fixture *f = *state;
	static char text[LENGTH];
	int fd = marked_file(f, "long");

	memset(text, '1', LENGTH);
	allow(f, 4);
	connect_both(f);
	assert_int_equal(0, hk_ipc_send_descriptors(f->dialed, text, LENGTH, &fd, 1));
	send_text(f->dialed, "[2]");
	(void) close(fd);
	AWAIT(f, f->server.messages == 2);
	assert_int_equal(1, f->server.descriptor_count);
	check_mark(f->server.descriptor, "long");
}

static void more_than_allowed_are_closed_and_the_message_stays(void **state)
{
	struct fixture *f = *state;
	int descriptors[5];
	unsigned int before;

	f->server_opts.descriptors_max = 2;
	f->client_opts.descriptors_max = 5;
	connect_both(f);
	before = open_descriptors();
	for (int i = 0; i < 5; i++)
		descriptors[i] = marked_file(f, "x");
	assert_int_equal(0, hk_ipc_send_descriptors(f->dialed, "[1]", 3, descriptors, 5));
	assert_int_equal(
	    -EINVAL, hk_ipc_send_descriptors(f->dialed, "[1]", 3, descriptors, 0));
	for (int i = 0; i < 5; i++)
		(void) close(descriptors[i]);
	AWAIT(f, f->server.messages == 1);
	assert_int_equal(2, f->server.descriptor_count);
	assert_int_equal(HK_IPC_DESCRIPTORS_LOST, f->server.flags);
	assert_int_equal(1, stats_of(f->server.ipc).descriptors_lost);
	(void) close(f->server.descriptor); /* the other one is closed already */
	settle(f);
	assert_int_equal(before, open_descriptors());
}

static void without_room_in_the_table_the_message_comes_alone(void **state)
{
	struct fixture *f = *state;
	struct rlimit before;
	struct rlimit tight;
	int descriptors[4];
	int highest;

	allow(f, 4);
	connect_both(f);
	for (int i = 0; i < 4; i++)
		descriptors[i] = marked_file(f, "x");
	assert_int_equal(0, hk_ipc_send_descriptors(f->dialed, "[1]", 3, descriptors, 4));
	hk_ipc_flush(f->dialed); /* ours are closed: only the kernel has them */
	highest = dup(0);
	(void) close(highest);
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
	tight = before;
	tight.rlim_cur = (rlim_t) highest + 1;
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &tight));
	AWAIT(f, f->server.messages == 1);
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
	assert_true(f->server.descriptor_count < 4);
	assert_int_equal(HK_IPC_DESCRIPTORS_LOST, f->server.flags);
	if (f->server.descriptor >= 0)
		(void) close(f->server.descriptor);
	for (int i = 0; i < 4; i++)
		(void) close(descriptors[i]);
}

/* Send one past our own checks, as an enemy would. */
static void push(int socket, int fd)
{
	union {
		struct cmsghdr alignment;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec piece = { (void *) (uintptr_t) "[1]\n", 4 };
	struct msghdr header = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *first = CMSG_FIRSTHDR(&header);

	first->cmsg_level = SOL_SOCKET;
	first->cmsg_type = SCM_RIGHTS;
	first->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(first), &fd, sizeof(int));
	/* A kernel that knows how refuses it here already (SO_PASSRIGHTS). */
	if (sendmsg(socket, &header, MSG_NOSIGNAL) < 0)
		assert_int_equal(4, send(socket, "[1]\n", 4, MSG_NOSIGNAL));
}

static void who_did_not_ask_gets_none(void **state)
{
	struct fixture *f = *state;
	unsigned int before;
	int file = marked_file(f, "x");
	int fd;

	listen_at(f, f->url);
	fd = connect_plainly(f);
	AWAIT(f, f->server.connects == 1);
	before = open_descriptors();
	for (unsigned int i = 1; i <= 10; i++) {
		push(fd, file);
		AWAIT(f, f->server.messages == i);
	}
	assert_int_equal(0, f->server.descriptor_count);
	assert_int_equal(before, open_descriptors());
	(void) close(file);
	(void) close(fd);
}

static void dropped_and_left_over_ones_are_closed(void **state)
{
	struct fixture *f = *state;
	unsigned int before = open_descriptors();
	int file = marked_file(f, "x");

	allow(f, 1);
	f->client_opts.overflow = HK_IPC_OVERFLOW_DROP_OLDEST;
	f->client_opts.queue_max_messages = 10;
	f->client_opts.reconnect = 1;
	assert_int_equal(
	    0, hk_ipc_dial(&f->dialed, f->loop, f->url, &f->client_opts, NULL));
	for (int i = 0; i < 100; i++)
		assert_int_equal(
		    0, hk_ipc_send_descriptors(f->dialed, "[1]", 3, &file, 1));
	assert_int_equal(90, stats_of(f->dialed).messages_dropped);
	hk_ipc_free(f->dialed);
	f->dialed = NULL;
	(void) close(file);
	settle(f);
	assert_int_equal(before, open_descriptors());
}

static void tcp_carries_none(void **state)
{
	struct fixture *f = *state;
	int file = marked_file(f, "x");

	allow(f, 1);
	listen_at(f, "tcp:0");
	connect_both(f);
	assert_int_equal(
	    -EOPNOTSUPP, hk_ipc_send_descriptors(f->dialed, "[1]", 3, &file, 1));
	(void) close(file);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_comes_with_its_message),
		CASE(one_waits_for_the_end_of_a_long_message),
		CASE(more_than_allowed_are_closed_and_the_message_stays),
		CASE(without_room_in_the_table_the_message_comes_alone),
		CASE(who_did_not_ask_gets_none),
		CASE(dropped_and_left_over_ones_are_closed),
		CASE(tcp_carries_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
