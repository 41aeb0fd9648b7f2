/*
 * guard kill|thaw CGROUP
 *
 * An executor takes programs off the CPU by freezing them.  Should it be killed in that
 * moment, they would stay frozen for ever, holding memory, locks and ports.  This
 * process waits for its stdin to end, which the kernel sees to whatever happens to the
 * executor, and then lets go of everybody, or kills them.
 *
 * Everybody is who lives in or below CGROUP.  If that is empty, tasks are told one by
 * one on stdin: "+PID@START:INODE" when one comes and "-PID@START:INODE" when it goes.
 *
 * It does not act while the executor lives, and an executor that ends in order kills it
 * first.  With CGROUP it stays until the last task has ended, to remove the directory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hostkit/process.h>
#include "base/alloc.h"
#include "base/cleanup.h"

enum { EXIT_USAGE = 2 };

/* Far beyond the slots of any machine; an executor that tells more is broken. */
#define TASKS_MAX (1U << 20)
/* A task that makes cgroups of its own, deeper than this, is left as it is. */
#define DEPTH_MAX 16

typedef struct tasks {
	hk_process_id *ids;
	size_t count;
	size_t capacity;
} tasks;

/* ---- one by one ---- */

static bool same(const hk_process_id *left, const hk_process_id *right)
{
	return left->pid == right->pid && left->start_ticks == right->start_ticks;
}

static void add(tasks *all, const hk_process_id *id)
{
	size_t capacity = all->capacity == 0 ? 64 : all->capacity * 2;
	hk_process_id *ids;

	if (all->count == all->capacity) {
		if (all->count >= TASKS_MAX)
			return;
		ids = hki_realloc_array(all->ids, capacity, sizeof(*ids));
		if (ids == NULL)
			return;
		all->ids = ids;
		all->capacity = capacity;
	}
	all->ids[all->count++] = *id;
}

static void drop(tasks *all, const hk_process_id *id)
{
	for (size_t i = all->count; i-- > 0;)
		if (same(&all->ids[i], id)) {
			all->ids[i] = all->ids[--all->count];
			return;
		}
}

static void take_line(tasks *all, const char *line)
{
	hk_process_id id;

	if ((line[0] != '+' && line[0] != '-') ||
	    hk_process_id_parse(&id, line + 1) < 0 || id.pid <= 1)
		return;
	if (line[0] == '+')
		add(all, &id);
	else
		drop(all, &id);
}

/* Returns at the end of stdin: nobody holds the other end any more. */
static void listen_to_executor(tasks *all)
{
	char line[HK_PROCESS_ID_TEXT_MAX + 2];

	/* stdio would read ahead, which is fine: it is the only reader. */
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		take_line(all, line);
	}
}

static void act_on_each(const tasks *all, bool thaw)
{
	for (size_t i = 0; i < all->count; i++)
		(void) !hk_process_id_kill_tree(
		    NULL, &all->ids[i], thaw ? SIGCONT : SIGKILL);
}

/* ---- by cgroup ---- */

static bool write_file(int directory, const char *name, const char *text)
{
	hki_cleanup(hki_closep) int fd =
	    openat(directory, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text);
}

/* Before Linux 5.14: everybody in this directory, one by one. */
static void kill_each(int directory)
{
	hki_cleanup(hki_closep) int fd =
	    openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *list = fd < 0 ? NULL : fdopen(hki_take_fd(&fd), "re");
	int pid;

	while (list != NULL && fscanf(list, "%d", &pid) == 1)
		if (pid > 1)
			(void) kill(pid, SIGKILL);
	if (list != NULL)
		(void) fclose(list);
}

static void visit(int directory, const char *name, unsigned int depth,
    void (*act)(int at, int parent, const char *name));

/* Below @directory, deepest last for acting, first for removing: @act decides which. */
static void each_below(
    int directory, unsigned int depth, void (*act)(int at, int parent, const char *name))
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (entries == NULL) {
		hki_closep(&copy);
		return;
	}
	while ((entry = readdir(entries)) != NULL)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			visit(directory, entry->d_name, depth + 1, act);
	(void) closedir(entries);
}

static void visit(int directory, const char *name, unsigned int depth,
    void (*act)(int at, int parent, const char *name))
{
	hki_cleanup(hki_closep) int at =
	    openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (at < 0)
		return;
	if (depth < DEPTH_MAX)
		each_below(at, depth, act);
	act(at, directory, name);
}

static void thaw_one(int at, int parent, const char *name)
{
	(void) parent;
	(void) name;
	(void) write_file(at, "cgroup.freeze", "0");
}

static void kill_one(int at, int parent, const char *name)
{
	(void) parent;
	(void) name;
	if (!write_file(at, "cgroup.kill", "1"))
		kill_each(at);
	/* A v1 freezer would hold the killed; here it only tidies up. */
	(void) write_file(at, "cgroup.freeze", "0");
}

static void remove_one(int at, int parent, const char *name)
{
	(void) at;
	(void) unlinkat(parent, name, AT_REMOVEDIR);
}

/* Until nobody is left in it or below. */
static void wait_until_empty(const char *path)
{
	hki_cleanup(hki_freep) char *name = hki_format("%s/cgroup.events", path);
	hki_cleanup(hki_closep) int fd =
	    name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
	char text[256];

	while (fd >= 0) {
		struct pollfd changed = { .fd = fd, .events = POLLPRI };
		ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

		if (length < 0)
			return;
		text[length] = '\0';
		if (strstr(text, "populated 0") != NULL)
			return;
		(void) poll(&changed, 1, 1000);
	}
}

static void act_on_cgroup(const char *path, bool thaw)
{
	visit(AT_FDCWD, path, 0, thaw ? thaw_one : kill_one);
	wait_until_empty(path);
	visit(AT_FDCWD, path, 0, remove_one);
}

int main(int argc, char **argv)
{
	tasks all = { .ids = NULL };
	bool thaw = argc == 3 && strcmp(argv[1], "thaw") == 0;

	if (argc != 3 || (!thaw && strcmp(argv[1], "kill") != 0)) {
		fprintf(stderr, "guard: is started by an executor of hostkit: guard "
				"kill|thaw CGROUP\n");
		return EXIT_USAGE;
	}
	/* Who ends us politely would leave tasks without a guard. */
	(void) signal(SIGINT, SIG_IGN);
	(void) signal(SIGTERM, SIG_IGN);
	(void) signal(SIGHUP, SIG_IGN);
	listen_to_executor(&all);
	if (argv[2][0] != '\0')
		act_on_cgroup(argv[2], thaw);
	else
		act_on_each(&all, thaw);
	hki_free(all.ids);
	return 0;
}
