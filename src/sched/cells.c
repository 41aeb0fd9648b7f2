/*
 * The files of a cell are opened once: freezing is one write, confirming and charging
 * are one read each, so that a slice of two milliseconds loses little.
 */
#include "sched/cells.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/random.h"
#include "os/cgroup/cgroup_internal.h"

void hki_cells_init(hki_cells *cells)
{
	cells->above = NULL;
	cells->made = 0;
	hki_list_init(&cells->free);
}

int hki_cells_open(hki_cells *cells)
{
	char name[64];
	uint64_t unique;
	int r = hki_random_bytes(&unique, sizeof(unique));

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), HKI_CELLS_PREFIX "%d-%016" PRIx64, (int) getpid(),
	    unique);
	return hki_cgroup_new(&cells->above, name);
}

const char *hki_cells_path(const hki_cells *cells)
{
	return cells->above == NULL ? NULL : hki_cgroup_path(cells->above);
}

/* ---- one cell ---- */

void hki_cell_abandon(hki_cell *cell)
{
	if (cell == NULL)
		return;
	hki_closep(&cell->freeze_fd);
	hki_closep(&cell->events_fd);
	hki_closep(&cell->stat_fd);
	hki_free(cell->path);
	hki_free(cell);
}

static void cell_free(hki_cell *cell)
{
	/* A task may have made directories of its own. */
	if (cell != NULL && cell->path != NULL)
		(void) hki_cgroup_remove_tree(AT_FDCWD, cell->path);
	hki_cell_abandon(cell);
}

static void cell_freep(hki_cell **cell)
{
	cell_free(*cell);
}

static int open_file(const hki_cell *cell, const char *name, int flags)
{
	hki_cleanup(hki_freep) char *path = hki_format("%s/%s", cell->path, name);
	int fd;

	if (path == NULL)
		return -ENOMEM;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_files(hki_cell *cell)
{
	cell->freeze_fd = open_file(cell, "cgroup.freeze", O_WRONLY);
	if (cell->freeze_fd < 0)
		return cell->freeze_fd;
	cell->events_fd = open_file(cell, "cgroup.events", O_RDONLY);
	if (cell->events_fd < 0)
		return cell->events_fd;
	cell->stat_fd = open_file(cell, "cpu.stat", O_RDONLY);
	return cell->stat_fd < 0 ? cell->stat_fd : 0;
}

static int make_cell(hki_cell **out, hki_cells *cells)
{
	hki_cleanup(cell_freep) hki_cell *cell = hki_zalloc(sizeof(*cell));
	hki_cleanup(hki_freep) char *path = NULL;
	int r;

	if (cell == NULL)
		return -ENOMEM;
	hki_list_init(&cell->node);
	cell->freeze_fd = -1;
	cell->events_fd = -1;
	cell->stat_fd = -1;
	path = hki_format("%s/%u", hki_cgroup_path(cells->above), cells->made++);
	if (path == NULL)
		return -ENOMEM;
	if (mkdir(path, 0755) < 0)
		return -errno;
	cell->path = hki_take(path);
	r = open_files(cell);
	if (r < 0)
		return r;
	*out = hki_take(cell);
	return 0;
}

int hki_cells_take(hki_cell **out, hki_cells *cells)
{
	hki_list *node;

	if (cells->above == NULL)
		return -ENOTSUP;
	node = hki_list_pop(&cells->free);
	if (node == NULL)
		return make_cell(out, cells);
	*out = hki_list_entry(node, hki_cell, node);
	return 0;
}

/* ---- asking and telling ---- */

/* Read a small file of the kernel from its start.  The length or a negative errno. */
static ssize_t read_whole(int fd, char *out, size_t capacity)
{
	ssize_t length;

	do
		length = pread(fd, out, capacity - 1, 0);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	out[length] = '\0';
	return length;
}

/* The number behind "@key " at the start of a line, or HK_EPARSE. */
static int read_value(int fd, const char *key, uint64_t *out)
{
	char text[1024];
	size_t key_length = strlen(key);
	ssize_t length = read_whole(fd, text, sizeof(text));

	if (length < 0)
		return (int) length;
	for (const char *line = text; line != NULL && *line != '\0';) {
		if (strncmp(line, key, key_length) == 0 && line[key_length] == ' ') {
			return sscanf(line + key_length, "%" SCNu64, out) == 1
				   ? 0
				   : HK_EPARSE;
		}
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return HK_EPARSE;
}

int hki_cell_freeze(hki_cell *cell, bool frozen)
{
	ssize_t written;

	do
		written = pwrite(cell->freeze_fd, frozen ? "1" : "0", 1, 0);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return -errno;
	cell->frozen = frozen;
	return 0;
}

int hki_cell_is_frozen(const hki_cell *cell)
{
	uint64_t frozen;
	int r = read_value(cell->events_fd, "frozen", &frozen);

	return r < 0 ? r : frozen != 0;
}

int hki_cell_cpu(const hki_cell *cell, uint64_t *out_ns)
{
	uint64_t used_us;
	int r = read_value(cell->stat_fd, "usage_usec", &used_us);

	if (r < 0)
		return r;
	used_us *= HKI_NS_PER_US;
	*out_ns = used_us > cell->base_ns ? used_us - cell->base_ns : 0;
	return 0;
}

/* ---- the end of a tenancy ---- */

static bool is_empty(const hki_cell *cell)
{
	uint64_t populated;

	return read_value(cell->events_fd, "populated", &populated) == 0 &&
	       populated == 0;
}

/* Everybody in it dies, whether frozen or not. */
static void kill_all(const hki_cell *cell)
{
	hki_cgroup *cgroup;

	if (hki_cgroup_open(&cgroup, cell->path) < 0)
		return;
	(void) hki_cgroup_kill(cgroup);
	hki_cgroup_free(cgroup);
}

void hki_cells_give(hki_cells *cells, hki_cell *cell)
{
	uint64_t used_ns = 0;

	if (cell == NULL)
		return;
	if (!is_empty(cell))
		kill_all(cell);
	if (cell->frozen && hki_cell_freeze(cell, false) < 0)
		goto discard;
	/* Who dies in it later counts as the next tenant's, so such a cell is not let again. */
	if (!is_empty(cell) || hki_cell_cpu(cell, &used_ns) < 0)
		goto discard;
	cell->base_ns += used_ns;
	hki_list_append(&cells->free, &cell->node);
	return;
discard:
	cell_free(cell);
}

/* The killed need a moment to be gone; one that hangs in the kernel is left behind. */
static void wait_until_empty(hki_cgroup *cgroup)
{
	const int tries = 200;

	for (int i = 0; i < tries && hki_cgroup_populated(cgroup) == 1; i++) {
		struct pollfd changed = { .fd = hki_cgroup_events_fd(cgroup),
			.events = POLLPRI };

		(void) poll(&changed, 1, 1);
	}
}

void hki_cells_deinit(hki_cells *cells)
{
	hki_list *node;

	if (cells->above == NULL)
		return;
	while ((node = hki_list_pop(&cells->free)) != NULL)
		cell_free(hki_list_entry(node, hki_cell, node));
	(void) hki_cgroup_kill(cells->above);
	wait_until_empty(cells->above);
	hki_cgroup_free(hki_take(cells->above));
}

/* What the directory above holds is small, and stays: to let go of it would remove it. */
void hki_cells_abandon(hki_cells *cells)
{
	hki_list *node;

	while ((node = hki_list_pop(&cells->free)) != NULL)
		hki_cell_abandon(hki_list_entry(node, hki_cell, node));
	cells->above = NULL;
}
