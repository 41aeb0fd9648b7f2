#include "service/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "base/quantity.h"
#include "os/procfs.h"

/*
 * How much a whole tree uses.  A main process that is small while its workers
 * eat the machine is the usual case, so the tree is what counts, and shared
 * pages are counted once as far as the kernel tells.
 *
 * The kernel's own sum (a cgroup with the memory controller) includes file
 * cache, which would make every program that reads files look like one that
 * leaks; its inactive part is taken off, as container engines do.
 */

#define STAT_MAX 8192

/* ---- reading, on any thread ---- */

static int open_in(const char *directory, const char *name)
{
	char path[4096];
	int length = snprintf(path, sizeof(path), "%s/%s", directory, name);
	int fd;

	if (length < 0 || (size_t) length >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int read_in(const char *directory, const char *name, char *out, size_t capacity)
{
	hki_cleanup(hki_closep) int fd = open_in(directory, name);
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read(fd, out, capacity - 1);
	if (got < 0)
		return -errno;
	out[got] = '\0';
	return 0;
}

/* The number behind "@key " at the start of a line, or 0. */
static uint64_t value_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		unsigned long long value;

		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ' &&
		    sscanf(line + length, "%llu", &value) == 1)
			return value;
	}
	return 0;
}

static int read_cgroup(uint64_t *out, const char *directory)
{
	char text[STAT_MAX];
	uint64_t current;
	uint64_t cache = 0;
	int r = read_in(directory, "memory.current", text, sizeof(text));

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	r = hki_uint64_parse(&current, text);
	if (r < 0)
		return r;
	if (read_in(directory, "memory.stat", text, sizeof(text)) == 0)
		cache = value_of(text, "inactive_file");
	*out = current > cache ? current - cache : 0;
	return 0;
}

static uint64_t read_process(pid_t pid)
{
	char path[64];
	char text[STAT_MAX];
	size_t length;
	unsigned long long resident = 0;
	const char *line;

	(void) snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int) pid);
	if (hki_read_file(AT_FDCWD, path, text, sizeof(text), &length) == 0 &&
	    (line = strstr(text, "\nPss:")) != NULL &&
	    sscanf(line, "\nPss: %llu", &resident) == 1)
		return resident * 1024;
	(void) snprintf(path, sizeof(path), "/proc/%d/statm", (int) pid);
	if (hki_read_file(AT_FDCWD, path, text, sizeof(text), &length) < 0 ||
	    sscanf(text, "%*u %llu", &resident) != 1)
		return 0;
	return resident * (uint64_t) sysconf(_SC_PAGESIZE);
}

struct family {
	hki_map parents; /* pid -> parent + 1, as a pointer */
	int result;
};

static int note_parent(const hki_proc_stat *stat, void *user)
{
	struct family *family = user;
	uintptr_t parent = (uintptr_t) stat->parent + 1;

	family->result =
	    hki_map_put(&family->parents, (uint64_t) stat->pid, (void *) parent);
	return family->result;
}

static bool is_below(const struct family *family, uint64_t pid, uint64_t root)
{
	/* Read while it changed, the table might hold a circle. */
	for (size_t steps = 0; steps <= family->parents.count; steps++) {
		uintptr_t parent;

		if (pid == root)
			return true;
		parent = (uintptr_t) hki_map_get(&family->parents, pid);
		if (parent <= 1)
			return false;
		pid = parent - 1;
	}
	return false;
}

static void family_deinit(struct family *family)
{
	hki_map_deinit(&family->parents);
}

static int read_tree(uint64_t *out, pid_t root)
{
	hki_cleanup(family_deinit) struct family family = { 0 };
	size_t position = 0;
	uint64_t pid;
	uint64_t total = 0;
	void *parent;
	int r = hki_proc_each(note_parent, &family);

	if (r < 0)
		return r;
	while (hki_map_each(&family.parents, &position, &pid, &parent))
		if (is_below(&family, pid, (uint64_t) root))
			total += read_process((pid_t) pid);
	*out = total;
	return 0;
}

int hki_memory_read(uint64_t *out, pid_t pid, const char *cgroup)
{
	if (cgroup != NULL && read_cgroup(out, cgroup) == 0)
		return 0;
	return read_tree(out, pid);
}

/* ---- every so often, on the loop's thread ---- */

struct hki_memory {
	hk_loop *loop;
	hki_offload *offload;
	hk_timer *timer;
	hki_offload_job *job;
	const hk_process *process;
	hki_memory_fn fn;
	void *user;
};

struct look {
	hki_memory *memory;
	pid_t pid;
	char *cgroup;
	uint64_t bytes;
};

static void look_free(void *user)
{
	struct look *look = user;

	hki_free(look->cgroup);
	hki_free(look);
}

static int work(void *user)
{
	struct look *look = user;

	return hki_memory_read(&look->bytes, look->pid, look->cgroup);
}

static void done(hki_offload_job *job, int result, void *user)
{
	struct look *look = user;

	(void) job;
	if (result == -ECANCELED)
		return;
	look->memory->job = NULL;
	if (result == 0)
		look->memory->fn(look->bytes, look->memory->user);
}

static void look_now(hk_timer *timer, void *user)
{
	hki_memory *memory = user;
	const char *cgroup = hk_process_get_cgroup(memory->process);
	hki_offload_opts opts = { .work = work,
		.done = done,
		.free = look_free,
		.deadline_ns = 10 * 1000000000ULL };
	struct look *look;

	(void) timer;
	if (memory->job != NULL) /* the last look is not over yet */
		return;
	look = hki_zalloc(sizeof(*look));
	if (look == NULL)
		return;
	look->memory = memory;
	look->pid = hk_process_pid(memory->process);
	if (cgroup != NULL)
		look->cgroup = hki_strdup(cgroup);
	opts.user = look;
	/* Without a thread for it now, there is a next time. */
	if (hki_offload_submit(&memory->job, memory->offload, &opts) < 0)
		look_free(look);
}

int hki_memory_start(hki_memory **out, hk_loop *loop, hki_offload *offload,
    const hk_process *process, uint64_t interval_ns, hki_memory_fn fn, void *user)
{
	hk_timer_opts opts = HK_TIMER_OPTS_INIT;
	hki_memory *memory = hki_zalloc(sizeof(*memory));
	int r;

	if (memory == NULL)
		return -ENOMEM;
	memory->loop = loop;
	memory->offload = offload;
	memory->process = process;
	memory->fn = fn;
	memory->user = user;
	opts.after_ns = opts.interval_ns = interval_ns;
	opts.fn = look_now;
	opts.user = memory;
	opts.background = 1;
	r = hk_timer_start(&memory->timer, loop, &opts);
	if (r < 0) {
		hki_free(memory);
		return r;
	}
	*out = memory;
	return 0;
}

void hki_memory_free(hki_memory *memory)
{
	if (memory == NULL)
		return;
	if (memory->job != NULL)
		hki_offload_cancel(memory->job);
	hk_timer_free(memory->timer);
	hki_free(memory);
}
