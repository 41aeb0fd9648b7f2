/*
 * Who listens on a port.
 *
 * The kernel lists sockets by inode in /proc/net, and the descriptors of each
 * process as links "socket:[inode]" in /proc/PID/fd; the holder is where the two
 * meet.  A process is identified before its descriptors are read: should its id
 * be given to another meanwhile, the identity no longer matches and nobody is hit.
 */
#include "port.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "base/quantity.h"

/* States of include/net/tcp_states.h, which UDP borrows. */
#define STATE_LISTEN      0x0a
#define STATE_UNCONNECTED 0x07

int cmd_port_parse(cmd_port *out, const char *text)
{
	const char *slash = strchr(text, '/');
	cmd_port_protocol protocol = CMD_PORT_ANY;
	char digits[8];
	size_t length;
	uint64_t number;

	if (text[0] != ':')
		return HK_EPARSE;
	length = slash != NULL ? (size_t) (slash - text) - 1 : strlen(text) - 1;
	if (length >= sizeof(digits))
		return HK_EPARSE;
	memcpy(digits, text + 1, length);
	digits[length] = '\0';
	if (slash != NULL && strcmp(slash, "/tcp") == 0)
		protocol = CMD_PORT_TCP;
	else if (slash != NULL && strcmp(slash, "/udp") == 0)
		protocol = CMD_PORT_UDP;
	else if (slash != NULL)
		return HK_EPARSE;
	if (hki_uint64_parse(&number, digits) < 0 || number == 0 || number > UINT16_MAX)
		return HK_EPARSE;
	*out = (cmd_port){ (uint16_t) number, protocol };
	return 0;
}

bool cmd_port_line(
    uint64_t *out_inode, const char *line, cmd_port_protocol protocol, uint16_t number)
{
	unsigned int local, remote, state;
	uint64_t inode;

	if (sscanf(line,
		" %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%x %x %*x:%*x %*x:%*x %*x %*u %*u "
		"%" SCNu64,
		&local, &remote, &state, &inode) != 4)
		return false;
	if (local != number || inode == 0 ||
	    state != (protocol == CMD_PORT_TCP ? STATE_LISTEN : STATE_UNCONNECTED))
		return false;
	*out_inode = inode;
	return true;
}

/* The inodes of all sockets in one file of /proc/net that listen there. */
static int add_sockets(
    hki_map *sockets, const char *path, cmd_port_protocol protocol, uint16_t number)
{
	FILE *file = fopen(path, "re");
	char line[512];
	int r = 0;

	if (file == NULL)
		return errno == ENOENT ? 0 : -errno; /* no IPv6 here */
	while (r == 0 && fgets(line, sizeof(line), file) != NULL) {
		uint64_t inode;

		if (cmd_port_line(&inode, line, protocol, number))
			r = hki_map_put(sockets, inode, sockets);
	}
	(void) fclose(file);
	return r;
}

static int find_sockets(hki_map *sockets, const cmd_port *port)
{
	static const struct {
		const char *path;
		cmd_port_protocol protocol;
	} files[] = {
		{ "/proc/net/tcp", CMD_PORT_TCP },
		{ "/proc/net/tcp6", CMD_PORT_TCP },
		{ "/proc/net/udp", CMD_PORT_UDP },
		{ "/proc/net/udp6", CMD_PORT_UDP },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < HKI_COUNT(files); i++)
		if (port->protocol == CMD_PORT_ANY || port->protocol == files[i].protocol)
			r = add_sockets(
			    sockets, files[i].path, files[i].protocol, port->number);
	return r;
}

/* Is the descriptor @name in the directory @fds one of @sockets? */
static bool is_among(int fds, const char *name, const hki_map *sockets)
{
	char target[64];
	ssize_t length = readlinkat(fds, name, target, sizeof(target) - 1);
	uint64_t inode;

	if (length <= 0)
		return false;
	target[length] = '\0';
	return sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1 &&
	       hki_map_get(sockets, inode) != NULL;
}

/* 1 if the process holds one of @sockets, 0 if not (or it is gone), -EACCES if it hides them. */
static int holds(const char *pid, const hki_map *sockets)
{
	char path[64];
	struct dirent *entry;
	DIR *fds;
	int found = 0;

	snprintf(path, sizeof(path), "/proc/%.32s/fd", pid);
	fds = opendir(path);
	if (fds == NULL)
		return errno == EACCES || errno == EPERM ? -EACCES : 0;
	while (found == 0 && (entry = readdir(fds)) != NULL)
		found = is_among(dirfd(fds), entry->d_name, sockets);
	(void) closedir(fds);
	return found;
}

static int add_holder(cmd_port_holders *out, const hk_process_id *id)
{
	hk_process_id *items =
	    hki_realloc_array(out->items, out->count + 1, sizeof(hk_process_id));

	if (items == NULL)
		return -ENOMEM;
	out->items = items;
	out->items[out->count++] = *id;
	return 0;
}

static int look_at(cmd_port_holders *out, const char *name, const hki_map *sockets)
{
	hk_process_id id;
	uint64_t pid;
	int r;

	if (hki_uint64_parse(&pid, name) < 0 || pid > INT32_MAX ||
	    hk_process_id_read(&id, (pid_t) pid) < 0)
		return 0;
	r = holds(name, sockets);
	if (r == -EACCES)
		out->denied++;
	return r > 0 ? add_holder(out, &id) : 0;
}

static int find_holders(cmd_port_holders *out, const hki_map *sockets)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int r = 0;

	if (proc == NULL)
		return -errno;
	while (r == 0 && (entry = readdir(proc)) != NULL)
		r = look_at(out, entry->d_name, sockets);
	(void) closedir(proc);
	return r;
}

int cmd_port_find(cmd_port_holders *out, const cmd_port *port)
{
	cmd_port_holders found = { NULL, 0, 0, 0 };
	hki_map sockets = { NULL, 0, 0 };
	int r = find_sockets(&sockets, port);

	found.sockets = sockets.count;
	if (r == 0 && sockets.count > 0)
		r = find_holders(&found, &sockets);
	hki_map_deinit(&sockets);
	if (r < 0) {
		cmd_port_holders_deinit(&found);
		return r;
	}
	*out = found;
	return 0;
}

void cmd_port_holders_deinit(cmd_port_holders *holders)
{
	hki_free(holders->items);
	*holders = (cmd_port_holders){ NULL, 0, 0, 0 };
}
