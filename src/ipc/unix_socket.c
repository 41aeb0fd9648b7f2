#include "ipc/listen_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error_list.h"
#include "ipc/socket_address.h"

/*
 * Socket files, without the races they are known for.
 *
 * `<path>.lock` is held as long as we listen, so that of two servers one wins, and a
 * server killed in any way leaves nothing that is locked.  Under the lock a file found
 * in our place is asked whether somebody answers behind it; only a socket that refuses is
 * stale.  The new socket gets its mode before it has a name, is bound under a name of its
 * own, and takes the place by exchanging the two names, so that there is always one or
 * the other, and what came out is seen to be what was asked.  In the end only a file with
 * our inode is removed.
 */

#define LOCK_TRIES 100
/* Longer names get another temporary one, which fits wherever they do. */
#define SHORT_NAME 40

struct hki_ipc_place {
	int directory;
	int lock;
	char *name;
	char *lock_name;
	dev_t device; /* of the socket file; inode 0: there is none */
	ino_t inode;
};

struct attempt {
	hki_ipc_place *place;
	const char *path;
	hk_error_list *errors;
	char temporary[64]; /* the name it is bound under; "": none is there */
	ino_t stale;        /* inode of what lies in our place; 0: nothing */
};

static int say(struct attempt *attempt, int code, const char *what)
{
	return hki_error_report_step(
	    attempt->errors, code, "listen", "'%s' %s", attempt->path, what);
}

/* ---- the lock ---- */

/* Is the file we have locked still the one of that name?  Its last owner may have removed
 * it between our opening and our locking. */
static bool is_current(const hki_ipc_place *place)
{
	struct stat locked;
	struct stat named;

	return fstat(place->lock, &locked) == 0 &&
	       fstatat(place->directory, place->lock_name, &named, AT_SYMLINK_NOFOLLOW) ==
		   0 &&
	       locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
}

static int take_lock(struct attempt *attempt)
{
	hki_ipc_place *place = attempt->place;

	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		place->lock = openat(place->directory, place->lock_name,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
		    0600);
		if (place->lock < 0)
			return say(attempt, -errno,
			    "cannot be locked: its .lock file cannot be opened");
		if (flock(place->lock, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK
				   ? say(attempt, -EADDRINUSE,
					 "is taken: another server holds its .lock file")
				   : say(attempt, -errno, "cannot be locked");
		if (is_current(place))
			return 0;
		hki_closep(&place->lock);
		place->lock = -1;
	}
	return say(attempt, -EADDRINUSE, "is taken: servers come and go there");
}

/* ---- what lies in our place ---- */

/* The address of @name beside our file: by its path where that fits. */
static int address_of(
    hki_socket_address *out, const struct attempt *attempt, const char *name)
{
	const char *slash = strrchr(attempt->path, '/');
	int folder = slash == NULL ? 0 : (int) (slash - attempt->path) + 1;
	hki_socket_address address = { .storage.ss_family = AF_UNIX };
	struct sockaddr_un *named = (struct sockaddr_un *) &address.storage;
	int length = snprintf(named->sun_path, sizeof(named->sun_path), "%.*s%s", folder,
	    attempt->path, name);

	if (length < 0 || (size_t) length >= sizeof(named->sun_path))
		return hki_socket_name_address(out, attempt->place->directory, name);
	address.length =
	    (socklen_t) (offsetof(struct sockaddr_un, sun_path) + (size_t) length + 1);
	*out = address;
	return 0;
}

static int connect_to(const hki_socket_address *address)
{
	hki_cleanup(hki_closep) int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return connect(fd, (const struct sockaddr *) &address->storage, address->length) <
		       0
		   ? -errno
		   : 0;
}

/* Does somebody answer there?  0 when nobody does. */
static int probe(struct attempt *attempt)
{
	hki_socket_address address;
	int r = address_of(&address, attempt, attempt->place->name);

	if (r < 0)
		return say(attempt, r, "is too long a name for a socket");
	r = connect_to(&address);
	if (r == -ECONNREFUSED || r == -ENOENT)
		return 0;
	if (r == 0 || r == -EAGAIN || r == -EINPROGRESS)
		return say(attempt, -EADDRINUSE, "is taken: a server answers there");
	if (r == -EPROTOTYPE)
		return say(attempt, -EADDRINUSE, "is taken by a socket of another type");
	return say(attempt, r, "is there and cannot be asked whether it is in use");
}

static int look_at_place(struct attempt *attempt)
{
	struct stat found;
	int r;

	if (fstatat(attempt->place->directory, attempt->place->name, &found,
		AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : say(attempt, -errno, "cannot be looked at");
	if (!S_ISSOCK(found.st_mode))
		return say(
		    attempt, -EEXIST, "is there and is no socket: it is left alone");
	r = probe(attempt);
	if (r == 0)
		attempt->stale = found.st_ino;
	return r;
}

/* ---- taking it ---- */

/*
 * The same name each time, since only who holds the lock uses it: what a server killed
 * just then has left is found by the next one.
 */
static int name_temporary(struct attempt *attempt)
{
	const char *name = attempt->place->name;
	struct stat lock;

	if (fstat(attempt->place->lock, &lock) < 0)
		return -errno;
	if (strlen(name) <= SHORT_NAME)
		(void) snprintf(
		    attempt->temporary, sizeof(attempt->temporary), ".%s.new", name);
	else
		(void) snprintf(attempt->temporary, sizeof(attempt->temporary),
		    ".hostkit.%jx.new", (uintmax_t) lock.st_ino);
	return 0;
}

static void remove_left_over(struct attempt *attempt, const hki_socket_address *address)
{
	struct stat found;

	if (fstatat(attempt->place->directory, attempt->temporary, &found,
		AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISSOCK(found.st_mode) && connect_to(address) == -ECONNREFUSED)
		(void) unlinkat(attempt->place->directory, attempt->temporary, 0);
}

/* Bind under a name of our own, with the mode set before there is a name. */
static int bind_temporarily(struct attempt *attempt, int fd, unsigned int mode)
{
	hki_ipc_place *place = attempt->place;
	hki_socket_address address;
	struct stat bound;
	int r;

	if (fchmod(fd, (mode_t) mode) < 0)
		return -errno;
	if ((r = name_temporary(attempt)) < 0 ||
	    (r = address_of(&address, attempt, attempt->temporary)) < 0)
		return r;
	remove_left_over(attempt, &address);
	if (bind(fd, (const struct sockaddr *) &address.storage, address.length) < 0) {
		r = -errno;
		attempt->temporary[0] = '\0';
		return r;
	}
	/* The umask has taken its part of the mode: give it back. */
	if (fchmodat(place->directory, attempt->temporary, (mode_t) mode, 0) < 0 ||
	    fstatat(place->directory, attempt->temporary, &bound, AT_SYMLINK_NOFOLLOW) <
		0)
		return -errno;
	place->device = bound.st_dev;
	place->inode = bound.st_ino;
	return 0;
}

static int rename_to_place(struct attempt *attempt, unsigned int flags)
{
	int directory = attempt->place->directory;

	return renameat2(directory, attempt->temporary, directory, attempt->place->name,
		   flags) < 0
		   ? -errno
		   : 0;
}

/* What we have exchanged with is now under our temporary name. */
static int check_exchanged(struct attempt *attempt)
{
	hki_ipc_place *place = attempt->place;
	struct stat out;

	if (fstatat(place->directory, attempt->temporary, &out, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (out.st_ino != attempt->stale) {
		(void) rename_to_place(attempt, RENAME_EXCHANGE);
		return -EADDRINUSE;
	}
	(void) unlinkat(place->directory, attempt->temporary, 0);
	attempt->temporary[0] = '\0';
	return 0;
}

static int move_to_place(struct attempt *attempt)
{
	int r = rename_to_place(
	    attempt, attempt->stale != 0 ? RENAME_EXCHANGE : RENAME_NOREPLACE);

	if (r == 0 && attempt->stale != 0)
		return check_exchanged(attempt);
	if (r == -EINVAL || r == -ENOSYS) /* a file system that knows neither */
		r = rename_to_place(attempt, 0);
	if (r == -EEXIST || r == -ENOENT)
		r = -EADDRINUSE; /* a stranger was quicker; it does not know our lock */
	if (r == 0)
		attempt->temporary[0] = '\0';
	return r;
}

static int take_place(
    struct attempt *attempt, int *out_fd, unsigned int mode, int backlog)
{
	hki_cleanup(hki_closep) int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -errno : bind_temporarily(attempt, fd, mode);

	if (r == 0 && listen(fd, backlog) < 0)
		r = -errno;
	if (r == 0)
		r = move_to_place(attempt);
	if (attempt->temporary[0] != '\0')
		(void) unlinkat(attempt->place->directory, attempt->temporary, 0);
	if (r < 0) {
		attempt->place->inode = 0;
		return say(attempt, r, "cannot be listened at");
	}
	*out_fd = hki_take_fd(&fd);
	return 0;
}

/* ---- the place ---- */

static int open_folder(struct attempt *attempt)
{
	const char *slash = strrchr(attempt->path, '/');
	hki_ipc_place *place = attempt->place;
	hki_cleanup(hki_freep) char *folder =
	    slash == NULL
		? hki_strdup(".")
		: hki_strndup(attempt->path, (size_t) (slash - attempt->path) + 1);

	place->name = hki_strdup(slash == NULL ? attempt->path : slash + 1);
	place->lock_name =
	    place->name == NULL ? NULL : hki_format("%s.lock", place->name);
	if (folder == NULL || place->lock_name == NULL)
		return -ENOMEM;
	place->directory = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return place->directory < 0 ? say(attempt, -errno, "has no folder to be in") : 0;
}

static int check_reachable(struct attempt *attempt)
{
	hki_socket_address address;
	int r = address_of(&address, attempt, attempt->place->name);

	return r < 0 ? say(attempt, r, "is too long a name for a socket") : 0;
}

static void place_freep(hki_ipc_place **place)
{
	hki_ipc_place_remove(*place);
	hki_ipc_place_free(*place, true);
}

int hki_unix_listen(hki_ipc_place **out, int *out_fd, const char *path, unsigned int mode,
    int backlog, hk_error_list *errors)
{
	hki_cleanup(place_freep) hki_ipc_place *place = hki_zalloc(sizeof(*place));
	struct attempt attempt = { .place = place, .path = path, .errors = errors };
	int r;

	if (place == NULL)
		return -ENOMEM;
	place->directory = -1;
	place->lock = -1;
	if ((r = open_folder(&attempt)) < 0 || (r = check_reachable(&attempt)) < 0 ||
	    (r = take_lock(&attempt)) < 0)
		return r;
	if ((r = look_at_place(&attempt)) < 0 ||
	    (r = take_place(&attempt, out_fd, mode, backlog)) < 0)
		return r;
	*out = hki_take(place);
	return 0;
}

static void remove_socket(hki_ipc_place *place)
{
	struct stat now;

	if (place->inode != 0 &&
	    fstatat(place->directory, place->name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_ino == place->inode && now.st_dev == place->device)
		(void) unlinkat(place->directory, place->name, 0);
	place->inode = 0;
}

void hki_ipc_place_remove(hki_ipc_place *place)
{
	if (place == NULL)
		return;
	remove_socket(place);
	/* The lock's file goes while we hold it: who opens it now finds out. */
	if (place->lock >= 0 && is_current(place) &&
	    flock(place->lock, LOCK_EX | LOCK_NB) == 0)
		(void) unlinkat(place->directory, place->lock_name, 0);
	hki_closep(&place->lock);
	place->lock = -1;
}

void hki_ipc_place_free(hki_ipc_place *place, bool close_files)
{
	if (place == NULL)
		return;
	if (close_files) {
		hki_closep(&place->lock);
		hki_closep(&place->directory);
	}
	hki_free(place->name);
	hki_free(place->lock_name);
	hki_free(place);
}

int hki_abstract_listen(const hki_ipc_url *url, int backlog, hk_error_list *errors)
{
	hki_cleanup(hki_closep) int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	hki_socket_address addresses[HKI_SOCKET_ADDRESSES_MAX];
	int r = fd < 0 ? -errno : hki_socket_addresses(addresses, url);

	if (r < 0)
		return r;
	if (bind(fd, (const struct sockaddr *) &addresses[0].storage,
		addresses[0].length) < 0 ||
	    listen(fd, backlog) < 0)
		return hki_error_report_step(errors, -errno, "listen",
		    "the abstract name '@%s' cannot be listened at", url->name);
	return hki_take_fd(&fd);
}
