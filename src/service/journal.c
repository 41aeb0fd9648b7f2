/*
 * The journal's thread.
 *
 * What is to be written waits in one buffer under a lock; the thread takes the
 * whole buffer and writes it.  A replacement throws away what waits before it,
 * so the file never holds less than the last complete picture.  Failures to
 * write are not told: the journal helps to tidy up after us, and a supervisor
 * must not stop for want of it.
 */
#include "service/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/cleanup.h"

struct hki_journal {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	hki_buffer waiting;
	bool replace; /* what waits is the whole file */
	bool ending;
	int fd; /* the thread's own */
	char *path;
	char *fresh_path; /* beside it, until it is complete */
};

static void write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		length -= (size_t) n;
	}
}

/* A new file beside the old one, then in its place: never half a picture. */
static void write_anew(hki_journal *journal, const hki_buffer *text)
{
	int fd = open(journal->fresh_path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	write_all(fd, text->data, text->length);
	if (rename(journal->fresh_path, journal->path) < 0) {
		(void) close(fd);
		return;
	}
	hki_closep(&journal->fd);
	journal->fd = fd;
}

static void *run(void *user)
{
	hki_journal *journal = user;
	hki_buffer taken = HKI_BUFFER_INIT;
	bool replace;
	bool ending;

	do {
		pthread_mutex_lock(&journal->lock);
		while (journal->waiting.length == 0 && !journal->ending)
			pthread_cond_wait(&journal->work, &journal->lock);
		taken = journal->waiting;
		journal->waiting = (hki_buffer) HKI_BUFFER_INIT;
		replace = journal->replace;
		journal->replace = false;
		ending = journal->ending;
		pthread_mutex_unlock(&journal->lock);

		if (replace)
			write_anew(journal, &taken);
		else if (journal->fd >= 0)
			write_all(journal->fd, taken.data, taken.length);
		hki_buffer_deinit(&taken);
	} while (!ending);
	return NULL;
}

/* Signals are for the threads that wait for them. */
static int start_thread(hki_journal *journal)
{
	sigset_t all;
	sigset_t before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&journal->thread, NULL, run, journal);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

static void release(hki_journal *journal)
{
	hki_closep(&journal->fd);
	pthread_cond_destroy(&journal->work);
	pthread_mutex_destroy(&journal->lock);
	hki_buffer_deinit(&journal->waiting);
	hki_free(journal->path);
	hki_free(journal->fresh_path);
	hki_free(journal);
}

int hki_journal_new(hki_journal **out, const char *path)
{
	hki_journal *journal = hki_zalloc(sizeof(*journal));
	int r = -ENOMEM;

	if (journal == NULL)
		return -ENOMEM;
	journal->fd = -1;
	journal->replace = true;
	pthread_mutex_init(&journal->lock, NULL);
	pthread_cond_init(&journal->work, NULL);
	journal->path = hki_strdup(path);
	journal->fresh_path = hki_format("%s.new", path);
	if (journal->path != NULL && journal->fresh_path != NULL)
		r = start_thread(journal);
	if (r < 0) {
		release(journal);
		return r;
	}
	*out = journal;
	return 0;
}

static int put(hki_journal *journal, const char *text, size_t length, bool replace)
{
	int r;

	pthread_mutex_lock(&journal->lock);
	if (replace) {
		hki_buffer_truncate(&journal->waiting, 0);
		journal->replace = true;
	}
	r = hki_buffer_append(&journal->waiting, text, length);
	pthread_cond_signal(&journal->work);
	pthread_mutex_unlock(&journal->lock);
	return r;
}

int hki_journal_append(hki_journal *journal, const char *text, size_t length)
{
	return put(journal, text, length, false);
}

int hki_journal_replace(hki_journal *journal, const char *text, size_t length)
{
	return put(journal, text, length, true);
}

void hki_journal_free(hki_journal *journal)
{
	if (journal == NULL)
		return;
	pthread_mutex_lock(&journal->lock);
	journal->ending = true;
	pthread_cond_signal(&journal->work);
	pthread_mutex_unlock(&journal->lock);
	(void) pthread_join(journal->thread, NULL);
	release(journal);
}
