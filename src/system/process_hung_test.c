/*
 * A process whose command cannot be read, because it holds its memory locked while
 * it waits for a file system that never answers.  The sample comes back in time,
 * says that this row is stale, and everybody else's command is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "os/procfs.h"
#include "system/process_test_child.h"

enum { NOT_ALLOWED = 77, BROKEN = 1, FILE_NODE = 2, FILE_BYTES = 4096 };

/* ---- the file system ---- */

static void answer(int fuse, uint64_t unique, int error, const void *data, size_t length)
{
	char reply[2 * FILE_BYTES];
	struct fuse_out_header header = { .unique = unique, .error = error };

	header.len = (uint32_t) (sizeof(header) + length);
	memcpy(reply, &header, sizeof(header));
	if (length > 0)
		memcpy(reply + sizeof(header), data, length);
	(void) !write(fuse, reply, header.len);
}

static struct fuse_attr attributes_of(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = node == FILE_NODE ? FILE_BYTES : 0,
		.mode = node == FILE_NODE ? S_IFREG | 0666 : S_IFDIR | 0755,
		.nlink = 1,
		.blksize = 4096,
	};
}

static void serve(int fuse, const struct fuse_in_header *request)
{
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_write = 4096,
		.max_readahead = 4096,
		.time_gran = 1 };
	struct fuse_entry_out entry = { .nodeid = FILE_NODE,
		.attr = attributes_of(FILE_NODE) };
	struct fuse_attr_out attributes = { .attr_valid = 1000,
		.attr = attributes_of(request->nodeid) };
	struct fuse_open_out opened = { .fh = 1 };
	static const char zeros[FILE_BYTES];

	switch (request->opcode) {
	case FUSE_INIT:
		answer(fuse, request->unique, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		answer(fuse, request->unique, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		answer(fuse, request->unique, 0, &attributes, sizeof(attributes));
		break;
	case FUSE_OPEN:
		answer(fuse, request->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		answer(fuse, request->unique, 0, zeros, sizeof(zeros));
		break;
	case FUSE_WRITE:
		break; /* never */
	default:
		answer(fuse, request->unique, -ENOSYS, NULL, 0);
	}
}

static void run_server(void *user)
{
	static _Alignas(struct fuse_in_header) char request[4 * FUSE_MIN_READ_BUFFER];
	int fuse = *(int *) user;

	while (read(fuse, request, sizeof(request)) > 0)
		serve(fuse, (const void *) request);
	_exit(0);
}

/* ---- the process that hangs there ---- */

/*
 * Map a page of the file, write to it, and map something else over it: the kernel
 * writes the page back before it lets go of the old mapping, with the memory of the
 * process locked, and waits for an answer.  Whoever wants to read that memory, a
 * command line for one, waits too.
 */
static void hang_with_memory_locked(void *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char *page =
	    fd < 0 ? MAP_FAILED
		   : mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		_exit(NOT_ALLOWED);
	page[0] = 'x';
	(void) mmap(
	    page, FILE_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	/* It did not hang. */
	_exit(NOT_ALLOWED);
}

/* False: it has ended instead. */
static bool wait_until_it_hangs(pid_t pid)
{
	hki_proc_stat stat;

	do
		if (hki_proc_stat_read(&stat, pid) < 0 || stat.state == 'Z')
			return false;
	while (stat.state != 'D');
	return true;
}

/* ---- the table meanwhile ---- */

/* In a child of the test: there nobody catches an assertion. */
#define MUST(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);          \
			_exit(BROKEN);                                                   \
		}                                                                        \
	} while (0)

static uint64_t sample_ms(hk_system_processes *table)
{
	uint64_t begin = hki_clock_monotonic_ns();

	MUST(hk_system_processes_sample(table) > 0);
	return (hki_clock_monotonic_ns() - begin) / HKI_NS_PER_MS;
}

static void check_others(hk_system_processes *table, pid_t hung)
{
	for (size_t i = 0; i < hk_system_processes_count(table); i++) {
		const hk_system_process *row = hk_system_processes_get(table, i);

		if (row->pid == hung) {
			MUST(row->stale);
			MUST(!hk_record_has(&row->record, HK_SYSTEM_PROCESS_COMMAND));
			MUST(row->rss_bytes > 0);
		} else if (row->state != HK_SYSTEM_STATE_ZOMBIE) {
			MUST(!row->stale);
		}
	}
}

static hk_system_processes *open_patient_table(void)
{
	hk_system_processes_opts opts = HK_SYSTEM_PROCESSES_OPTS_INIT;
	hk_system_processes *table = NULL;

	opts.engine = HK_SYSTEM_ENGINE_ADAPTIVE;
	opts.details_wait_ns = 2000 * HKI_NS_PER_MS;
	hk_system_process_fields_add(&opts.fields, HK_SYSTEM_PROCESS_COMMAND);
	MUST(hk_system_processes_open(&table, &opts) == 0);
	return table;
}

typedef struct scene {
	pid_t server;
	pid_t hung;
} scene;

/* In a mount namespace of its own, so that nothing stays behind.  0 or NOT_ALLOWED. */
static int set_scene(scene *out)
{
	char folder[] = "/tmp/hostkit-hung-XXXXXX";
	char path[64];
	char options[80];
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fuse < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/tmp", "tmpfs", 0, NULL) < 0 || mkdtemp(folder) == NULL)
		return NOT_ALLOWED;
	snprintf(
	    options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	if (mount("hung", folder, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		return NOT_ALLOWED;
	out->server = test_worker(run_server, &fuse);
	(void) close(fuse);
	snprintf(path, sizeof(path), "%s/file", folder);
	out->hung = test_worker(hang_with_memory_locked, path);
	if (wait_until_it_hangs(out->hung))
		return 0;
	test_child_end(out->server);
	test_child_end(out->hung);
	return NOT_ALLOWED;
}

static int look_at_hung(void *user)
{
	hk_system_processes *table;
	hk_system_processes_info info;
	scene set;

	(void) user;
	if (set_scene(&set) != 0)
		return NOT_ALLOWED;
	table = open_patient_table();
	MUST(sample_ms(table) < 60000);
	check_others(table, set.hung);
	hk_system_processes_describe(&info, table);
	MUST(info.stale_count == 1);
	/* It is left alone until its reader has come back, and costs no time any more. */
	for (int i = 0; i < 5; i++)
		MUST(sample_ms(table) < 1900);
	check_others(table, set.hung);
	/* The file system goes away, and with it the wait. */
	test_child_end(set.server);
	while (hk_system_processes_find(table, set.hung)->stale)
		MUST(hk_system_processes_sample(table) > 0);
	test_child_end(set.hung);
	hk_system_processes_close(table);
	return 0;
}

static void a_hung_command_holds_up_nobody(void **state)
{
	int r = test_aside(look_at_hung, NULL);

	(void) state;
	/* Needs root and /dev/fuse. */
	if (r == NOT_ALLOWED)
		skip();
	assert_int_equal(0, r);
}

static int close_while_hung(void *user)
{
	hk_system_processes *table;
	uint64_t begin;
	scene set;

	(void) user;
	if (set_scene(&set) != 0)
		return NOT_ALLOWED;
	table = open_patient_table();
	MUST(hk_system_processes_sample(table) > 0);
	begin = hki_clock_monotonic_ns();
	hk_system_processes_close(table);
	MUST(hki_clock_monotonic_ns() - begin < 60 * HKI_NS_PER_S);
	test_child_end(set.server);
	test_child_end(set.hung);
	return 0;
}

static void a_table_can_be_closed_while_its_reader_hangs(void **state)
{
	int r = test_aside(close_while_hung, NULL);

	(void) state;
	if (r == NOT_ALLOWED)
		skip();
	assert_int_equal(0, r);
}

static void sample_and_leave(void *user)
{
	(void) user;
	/* The table is left open, and its reader where it is. */
	MUST(hk_system_processes_sample(open_patient_table()) > 0);
	_exit(0);
}

static int leave_while_hung(void *user)
{
	uint64_t begin;
	int status = -1;
	pid_t leaver;
	scene set;

	(void) user;
	if (set_scene(&set) != 0)
		return NOT_ALLOWED;
	leaver = test_worker(sample_and_leave, NULL);
	begin = hki_clock_monotonic_ns();
	while (waitpid(leaver, &status, WNOHANG) == 0 &&
	       hki_clock_monotonic_ns() - begin < 60 * HKI_NS_PER_S)
		(void) poll(NULL, 0, 1);
	/* Only then: the end of the wait must not be what lets it go. */
	test_child_end(set.server);
	test_child_end(set.hung);
	MUST(status == 0);
	return 0;
}

/* The kernel lets go of a reader whose process ends: a thread may wait there. */
static void a_program_can_end_while_its_reader_hangs(void **state)
{
	int r = test_aside(leave_while_hung, NULL);

	(void) state;
	if (r == NOT_ALLOWED)
		skip();
	assert_int_equal(0, r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hung_command_holds_up_nobody),
		cmocka_unit_test(a_table_can_be_closed_while_its_reader_hangs),
		cmocka_unit_test(a_program_can_end_while_its_reader_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
