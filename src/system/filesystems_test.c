#include "system/host_test.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include "base/clock.h"

/*
 * File systems of the machine itself, in a mount namespace of the test's own: it
 * takes root, and without it these are skipped with a word.
 */

static bool own_mounts;

static int enter(void **state)
{
	own_mounts = unshare(CLONE_NEWNS) == 0 &&
		     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return host_setup(state);
}

static void need_mounts(void)
{
	if (own_mounts)
		return;
	print_message("# skipped: no mount namespace without privileges\n");
	skip();
}

static const char *place(const char *name)
{
	static char path[512];

	host_path(path, name);
	(void) mkdir(path, 0755);
	return path;
}

static const hk_system_filesystem *find(const hk_system *system, const char *mount_point)
{
	size_t count;
	const hk_system_filesystem *all = hk_system_get_filesystems(system, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].mount, mount_point) == 0)
			return &all[i];
	return NULL;
}

static hk_system *open_live(uint64_t deadline_ms)
{
	hk_system_opts opts = HK_SYSTEM_OPTS_INIT;
	hk_system *system;

	opts.deadline_ns = deadline_ms * HKI_NS_PER_MS;
	assert_int_equal(0, hk_system_new(&system, &opts));
	return system;
}

static void space_is_counted_as_statvfs_has_it(void **state)
{
	char path[512];
	const hk_system_filesystem *found;
	struct statvfs space;
	hk_system *system = open_live(1000);

	(void) state;
	need_mounts();
	(void) snprintf(path, sizeof(path), "%s", place("space"));
	assert_int_equal(0, mount("tmpfs", path, "tmpfs", 0, "size=1m,nr_inodes=100"));
	host_write("space/file", host_root, 1);
	host_sample(system, HK_SYSTEM_FILESYSTEMS);
	found = find(system, path);
	assert_non_null(found);
	assert_int_equal(0, statvfs(path, &space));
	assert_int_equal(space.f_blocks * space.f_frsize, found->total_bytes);
	assert_int_equal(space.f_bavail * space.f_frsize, found->available_bytes);
	assert_int_equal(space.f_bsize, found->used_bytes);
	assert_int_equal(1, found->used_percent); /* 1 of 256, rounded up */
	assert_int_equal(100, found->files_total);
	assert_int_equal(HK_SYSTEM_FILESYSTEM_OK, found->state);
	assert_absent(filesystem, found, age_s);
	assert_false(found->read_only);
	assert_int_equal(0, mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, "size=1m"));
	host_sample(system, HK_SYSTEM_FILESYSTEMS);
	assert_true(find(system, path)->read_only);
	assert_int_equal(0, umount(path));
	host_sample(system, HK_SYSTEM_FILESYSTEMS);
	assert_null(find(system, path));
	hk_system_free(system);
}

static void odd_names_and_bind_mounts_are_told_apart(void **state)
{
	char path[512], bound[512];
	hk_system *system = open_live(1000);

	(void) state;
	need_mounts();
	(void) snprintf(path, sizeof(path), "%s", place("a b\tc\nd\\040e#"));
	(void) snprintf(
	    bound, sizeof(bound), "%s", place("much longer name of the same"));
	assert_int_equal(0, mount("odd name", path, "tmpfs", 0, "size=1m"));
	assert_int_equal(0, mount(path, bound, NULL, MS_BIND, NULL));
	host_sample(system, HK_SYSTEM_FILESYSTEMS);
	assert_non_null(find(system, path));
	assert_string_equal("odd name", find(system, path)->device);
	assert_null(find(system, bound));
	assert_int_equal(0, umount(bound));
	assert_int_equal(0, umount(path));
	hk_system_free(system);
}

static void a_mount_on_itself_is_one(void **state)
{
	char path[512];
	size_t count, seen = 0;
	const hk_system_filesystem *all;
	hk_system *system = open_live(1000);

	(void) state;
	need_mounts();
	(void) snprintf(path, sizeof(path), "%s", place("self"));
	assert_int_equal(0, mount("self", path, "tmpfs", 0, "size=1m"));
	assert_int_equal(0, mount(path, path, NULL, MS_BIND, NULL));
	host_sample(system, HK_SYSTEM_FILESYSTEMS);
	all = hk_system_get_filesystems(system, &count);
	for (size_t i = 0; i < count; i++)
		seen += strcmp(all[i].mount, path) == 0;
	assert_int_equal(1, seen);
	assert_int_equal(0, umount(path));
	assert_int_equal(0, umount(path));
	hk_system_free(system);
}

static void a_full_file_system_is_full(void **state)
{
	char path[512], block[4096] = { 1 };
	hk_system *system = open_live(1000);
	int fd;

	(void) state;
	need_mounts();
	(void) snprintf(path, sizeof(path), "%s", place("full"));
	assert_int_equal(0, mount("full", path, "tmpfs", 0, "size=64k"));
	host_path(path, "full/file");
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	assert_int_equal(ENOSPC, errno);
	close(fd);
	host_path(path, "full");
	host_sample(system, HK_SYSTEM_FILESYSTEMS);
	assert_int_equal(100, find(system, path)->used_percent);
	assert_int_equal(0, find(system, path)->available_bytes);
	assert_present(filesystem, find(system, path), available_bytes);
	assert_int_equal(0, umount(path));
	hk_system_free(system);
}

/* ---- one that never answers ---- */

/* Take requests and answer none but the greeting. */
static void serve_silence(int fd)
{
	static char request[1 << 17];

	for (;;) {
		ssize_t length = read(fd, request, sizeof(request));
		const struct fuse_in_header *in = (void *) request;
		struct {
			struct fuse_out_header header;
			struct fuse_init_out init;
		} reply = { .header = { .len = sizeof(reply) } };

		if (length < 0)
			_exit(0);
		if (in->opcode != FUSE_INIT)
			continue;
		reply.header.unique = in->unique;
		reply.init.major = FUSE_KERNEL_VERSION;
		reply.init.minor = FUSE_KERNEL_MINOR_VERSION;
		reply.init.max_write = 4096;
		if (write(fd, &reply, sizeof(reply)) < 0)
			_exit(1);
	}
}

/* So that a test that fails leaves nobody standing there, itself neither. */
static pid_t server = -1;
static char silent[512];

static int end_silence(void **state)
{
	(void) state;
	if (server > 0) {
		if (server != INT32_MAX) {
			kill(server, SIGKILL);
			waitpid(server, NULL, 0);
		}
		(void) umount2(silent, MNT_DETACH);
	}
	server = -1;
	return 0;
}

/* Mount it at @silent.  False where there is no FUSE. */
static bool mount_silence(void)
{
	const char *path = silent;
	char options[128];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -1;
	(void) snprintf(
	    options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (mount("silence", path, "fuse", 0, options) < 0) {
		close(fd);
		return false;
	}
	server = fork();
	if (server == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < 3; i++)
			close(i);
		serve_silence(fd);
	}
	close(fd);
	return server > 0;
}

/* Those of this thread, the askers too, which waitpid(2) does not know. */
static int children(void)
{
	char path[64], list[4096];
	int count = 0;
	FILE *file;

	(void) snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	file = fopen(path, "re");
	if (file == NULL)
		return -1;
	list[fread(list, 1, sizeof(list) - 1, file)] = '\0';
	fclose(file);
	for (const char *c = list; *c != '\0'; c++)
		count += *c == ' ';
	return count;
}

static void one_that_does_not_answer_holds_nobody_up(void **state)
{
	const char *path = silent;
	char beside[512];
	const hk_system_filesystem *found;
	uint64_t began_ns;
	int before;
	hk_system *system = open_live(100);

	(void) state;
	need_mounts();
	(void) snprintf(beside, sizeof(beside), "%s", place("beside"));
	(void) snprintf(silent, sizeof(silent), "%s", place("silent"));
	if (!mount_silence()) {
		print_message("# skipped: no FUSE here\n");
		skip();
	}
	assert_int_equal(0, mount("beside", beside, "tmpfs", 0, "size=1m"));
	began_ns = hki_clock_monotonic_ns();
	host_sample(system, HK_SYSTEM_FILESYSTEMS);
	assert_in_range((hki_clock_monotonic_ns() - began_ns) / HKI_NS_PER_MS, 90, 5000);
	found = find(system, path);
	assert_non_null(found);
	assert_int_equal(HK_SYSTEM_FILESYSTEM_STALE, found->state);
	assert_string_equal("ETIMEDOUT", found->error);
	assert_true(found->remote);
	assert_absent(filesystem, found, total_bytes);
	assert_int_equal(HK_SYSTEM_FILESYSTEM_OK, find(system, beside)->state);
	before = children();

	/* From now on it is not even asked, and costs no second asker. */
	for (int i = 0; i < 20; i++) {
		began_ns = hki_clock_monotonic_ns();
		host_sample(system, HK_SYSTEM_FILESYSTEMS);
		assert_int_equal(HK_SYSTEM_FILESYSTEM_STALE, find(system, path)->state);
	}
	assert_int_equal(before, children());
	/* The host program does not meet it among its own. */
	assert_int_equal(0, waitpid(-1, NULL, WNOHANG)); /* the server lives */

	/* An observer may go while somebody still stands there for it. */
	began_ns = hki_clock_monotonic_ns();
	hk_system_free(system);
	assert_in_range((hki_clock_monotonic_ns() - began_ns) / HKI_NS_PER_MS, 0, 5000);

	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	server = INT32_MAX; /* gone; the mount is not */
	system = open_live(10000);
	host_sample(system, HK_SYSTEM_FILESYSTEMS);
	assert_int_equal(HK_SYSTEM_FILESYSTEM_ERROR, find(system, path)->state);
	assert_string_equal("ENOTCONN", find(system, path)->error);
	hk_system_free(system);
	assert_int_equal(0, umount(beside));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(space_is_counted_as_statvfs_has_it),
		cmocka_unit_test(odd_names_and_bind_mounts_are_told_apart),
		cmocka_unit_test(a_mount_on_itself_is_one),
		cmocka_unit_test(a_full_file_system_is_full),
		cmocka_unit_test_teardown(
		    one_that_does_not_answer_holds_nobody_up, end_silence),
	};

	return cmocka_run_group_tests(tests, enter, host_teardown);
}
