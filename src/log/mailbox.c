#include "log/mailbox.h"

#include <hostkit/error.h>
#include "base/cleanup.h"

/*
 * hk_loop_post() can fail for lack of memory, and letting go of a stream or
 * telling that a sink moves again must not.  A letter lives inside the object
 * it is about; the list of letters is opened by a hook after the wait of every
 * turn of the receiving loop, and hk_loop_wake() ends that wait.  It is not
 * opened before the wait: a callback has run then, and whoever turns the loop
 * until it has would wait once more.
 */

static void collect(hk_hook *hook, void *user)
{
	(void) hook;
	hki_mailbox_open(user);
}

/* What came while the loop was not being run shall not be slept over. */
static void remind(hk_hook *hook, void *user)
{
	hki_mailbox *mailbox = user;

	(void) hook;
	(void) pthread_mutex_lock(&mailbox->mutex);
	if (!hki_list_empty(&mailbox->letters))
		hk_loop_wake(mailbox->loop);
	(void) pthread_mutex_unlock(&mailbox->mutex);
}

int hki_mailbox_init(hki_mailbox *mailbox, hk_loop *loop)
{
	int r;

	hki_list_init(&mailbox->letters);
	mailbox->before = mailbox->after = NULL;
	r = hk_hook_start(&mailbox->before, loop, HK_HOOK_PREPARE, remind, mailbox);
	if (r < 0)
		return r;
	r = hk_hook_start(&mailbox->after, loop, HK_HOOK_CHECK, collect, mailbox);
	if (r < 0) {
		hk_hook_free(hki_take(mailbox->before));
		return r;
	}
	mailbox->loop = loop;
	(void) pthread_mutex_init(&mailbox->mutex, NULL);
	return 0;
}

int hki_mailbox_send(hki_mailbox *mailbox, hki_letter *letter)
{
	int r = HK_ECLOSED;

	(void) pthread_mutex_lock(&mailbox->mutex);
	if (mailbox->loop != NULL) {
		hki_list_append(&mailbox->letters, &letter->node);
		/* Under the lock: the loop may be freed right after it is released. */
		hk_loop_wake(mailbox->loop);
		r = 0;
	}
	(void) pthread_mutex_unlock(&mailbox->mutex);
	return r;
}

void hki_mailbox_open(hki_mailbox *mailbox)
{
	hki_list arrived;
	hki_list *node;

	hki_list_init(&arrived);
	(void) pthread_mutex_lock(&mailbox->mutex);
	hki_list_splice(&arrived, &mailbox->letters);
	/* A letter may be what somebody turns the loop for: this turn is not to sleep. */
	if (mailbox->loop != NULL && !hki_list_empty(&arrived))
		hk_loop_wake(mailbox->loop);
	(void) pthread_mutex_unlock(&mailbox->mutex);
	while ((node = hki_list_pop(&arrived)) != NULL) {
		hki_letter *letter = hki_list_entry(node, hki_letter, node);

		letter->open(letter);
	}
}

void hki_mailbox_close(hki_mailbox *mailbox)
{
	(void) pthread_mutex_lock(&mailbox->mutex);
	mailbox->loop = NULL;
	(void) pthread_mutex_unlock(&mailbox->mutex);
	hki_mailbox_open(mailbox);
	hk_hook_free(hki_take(mailbox->before));
	hk_hook_free(hki_take(mailbox->after));
}

void hki_mailbox_deinit(hki_mailbox *mailbox)
{
	(void) pthread_mutex_destroy(&mailbox->mutex);
}
