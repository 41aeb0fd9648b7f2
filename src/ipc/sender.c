#include "ipc/ipc_internal.h"

#include <pthread.h>
#include <string.h>
#include "base/alloc.h"

/*
 * Sending from other threads.
 *
 * A connection that somebody sends to from outside has a mailbox: memory with a lock,
 * counted by the connection, its senders and a call that is on its way to the loop.  Only
 * the message that finds it empty posts that call, so a burst costs one wake-up.  The
 * loop takes everything there is at once, and what the connection's queue has no room
 * for waits here; so a peer that does not read is felt by the senders as -EAGAIN.
 */

struct hki_ipc_mailbox {
	pthread_mutex_t lock;
	unsigned int references; /* under the lock, as everything down to posted */
	hk_loop *loop;           /* NULL: the connection is over */
	hki_buffer letters;      /* a length of 32 bits and the message, each */
	size_t waiting;          /* bytes in letters and in taken */
	bool posted;             /* a call is on its way to the loop */
	size_t most;             /* never changes, as the next */
	size_t message_max;

	hki_list node;    /* the loop's thread alone: in domain->mailboxes */
	hk_ipc *ipc;      /* the loop's thread alone; NULL: over */
	hki_buffer taken; /* the loop's thread alone */
};

struct hk_ipc_sender {
	hki_ipc_mailbox *mailbox;
};

static void ref(hki_ipc_mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->lock);
	mailbox->references++;
	pthread_mutex_unlock(&mailbox->lock);
}

/* With the lock, which is given up. */
static void unref_unlock(hki_ipc_mailbox *mailbox)
{
	bool last = --mailbox->references == 0;

	pthread_mutex_unlock(&mailbox->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&mailbox->lock);
	hki_buffer_deinit(&mailbox->letters);
	hki_buffer_deinit(&mailbox->taken);
	hki_free(mailbox);
}

static void unref(hki_ipc_mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->lock);
	unref_unlock(mailbox);
}

/* ---- the loop's side ---- */

static size_t drop_all(hki_buffer *letters)
{
	size_t dropped = 0;

	while (letters->length > 0) {
		uint32_t length;

		memcpy(&length, letters->data, sizeof(length));
		hki_buffer_consume(letters, sizeof(length) + length);
		dropped++;
	}
	return dropped;
}

void hki_ipc_mailbox_close(hk_ipc *ipc)
{
	hki_ipc_mailbox *mailbox = ipc->mailbox;
	size_t dropped;

	if (mailbox == NULL)
		return;
	ipc->mailbox = NULL;
	mailbox->ipc = NULL;
	dropped = drop_all(&mailbox->taken);
	pthread_mutex_lock(&mailbox->lock);
	dropped += drop_all(&mailbox->letters);
	mailbox->waiting = 0;
	mailbox->loop = NULL;
	if (!mailbox->posted)
		hki_list_remove(&mailbox->node);
	unref_unlock(mailbox);
	ipc->counts.messages_sent += dropped;
	ipc->counts.messages_dropped += dropped;
}

/*
 * No more letters are taken; those that are here still leave.  The last ones may be on
 * their way to the loop just now, so they are fetched.
 */
void hki_ipc_mailbox_shut(hk_ipc *ipc)
{
	hki_ipc_mailbox *mailbox = ipc->mailbox;

	if (mailbox == NULL)
		return;
	pthread_mutex_lock(&mailbox->lock);
	mailbox->loop = NULL;
	pthread_mutex_unlock(&mailbox->lock);
	hki_ipc_mailbox_empty(ipc);
}

bool hki_ipc_mailbox_is_empty(const hk_ipc *ipc)
{
	return ipc->mailbox == NULL || ipc->mailbox->taken.length == 0;
}

/* Calls that were posted will not come. */
void hki_ipc_mailboxes_abandon(hki_ipc_domain *domain)
{
	hki_list *node;

	while ((node = hki_list_pop(&domain->mailboxes)) != NULL) {
		hki_ipc_mailbox *mailbox = hki_list_entry(node, hki_ipc_mailbox, node);

		if (mailbox->ipc != NULL)
			hki_ipc_mailbox_close(mailbox->ipc);
		else
			unref(mailbox);
	}
}

/* Send what was taken, as far as it goes.  False: the connection has no more room. */
static bool send_taken(hk_ipc *ipc, hki_ipc_mailbox *mailbox)
{
	hki_buffer *taken = &mailbox->taken;

	while (taken->length > 0) {
		uint32_t length;
		int r;

		memcpy(&length, taken->data, sizeof(length));
		r = hki_ipc_send_quietly(ipc, taken->data + sizeof(length), length);
		if (r == -EAGAIN)
			return false;
		if (mailbox->ipc == NULL)
			return false; /* it ended for it */
		if (r < 0) {
			ipc->counts.messages_sent++;
			ipc->counts.messages_dropped++;
		}
		hki_buffer_consume(taken, sizeof(length) + length);
	}
	return true;
}

void hki_ipc_mailbox_empty(hk_ipc *ipc)
{
	hki_ipc_mailbox *mailbox = ipc->mailbox;

	ref(mailbox); /* sending may end the connection */
	ipc->emptying = true;
	for (;;) {
		bool room = send_taken(ipc, mailbox);
		bool more;

		pthread_mutex_lock(&mailbox->lock);
		more = room && mailbox->ipc != NULL && mailbox->letters.length > 0;
		if (more) {
			hki_buffer empty = mailbox->taken;

			mailbox->taken = mailbox->letters;
			mailbox->letters = empty;
		}
		mailbox->waiting = mailbox->letters.length + mailbox->taken.length;
		pthread_mutex_unlock(&mailbox->lock);
		if (!more)
			break;
	}
	ipc->emptying = false;
	unref(mailbox);
}

static void on_post(void *user)
{
	hki_ipc_mailbox *mailbox = user;
	hk_ipc *ipc = mailbox->ipc;

	pthread_mutex_lock(&mailbox->lock);
	mailbox->posted = false;
	pthread_mutex_unlock(&mailbox->lock);
	if (ipc != NULL)
		hki_ipc_mailbox_empty(ipc);
	else
		hki_list_remove(&mailbox->node);
	unref(mailbox);
}

static int new_mailbox(hk_ipc *ipc)
{
	hki_ipc_mailbox *mailbox = hki_zalloc(sizeof(*mailbox));

	if (mailbox == NULL)
		return -ENOMEM;
	if (pthread_mutex_init(&mailbox->lock, NULL) != 0) {
		hki_free(mailbox);
		return -ENOMEM;
	}
	mailbox->references = 1;
	mailbox->loop = ipc->domain->loop;
	mailbox->most = ipc->settings->opts.queue_max_bytes;
	mailbox->message_max = ipc->settings->opts.message_max_bytes;
	mailbox->ipc = ipc;
	hki_list_append(&ipc->domain->mailboxes, &mailbox->node);
	ipc->mailbox = mailbox;
	return 0;
}

int hk_ipc_sender_new(hk_ipc_sender **out, hk_ipc *ipc)
{
	hk_ipc_sender *sender;
	int r = hki_ipc_usable(ipc);

	if (r < 0)
		return r;
	if (ipc->state == HKI_IPC_OVER)
		return HK_ECLOSED;
	sender = hki_zalloc(sizeof(*sender));
	if (sender == NULL)
		return -ENOMEM;
	r = ipc->mailbox == NULL ? new_mailbox(ipc) : 0;
	if (r < 0) {
		hki_free(sender);
		return r;
	}
	sender->mailbox = ipc->mailbox;
	ref(sender->mailbox);
	*out = sender;
	return 0;
}

/* ---- any thread ---- */

static int append(hki_ipc_mailbox *mailbox, const void *data, size_t length)
{
	uint32_t word = (uint32_t) length;
	int r = hki_buffer_reserve(&mailbox->letters, sizeof(word) + length);

	if (r < 0)
		return r;
	(void) hki_buffer_append(&mailbox->letters, &word, sizeof(word));
	(void) hki_buffer_append(&mailbox->letters, data, length);
	mailbox->waiting += sizeof(word) + length;
	return 0;
}

/* Under the lock: put the message in and see that the loop comes. */
static int deliver(hki_ipc_mailbox *mailbox, const void *data, size_t length)
{
	size_t before = mailbox->letters.length;
	int r;

	if (mailbox->loop == NULL)
		return -EPIPE;
	r = hki_loop_check(mailbox->loop);
	if (r < 0)
		return r;
	if (length > mailbox->message_max)
		return -EMSGSIZE;
	if (mailbox->waiting > 0 && (mailbox->waiting >= mailbox->most ||
					length > mailbox->most - mailbox->waiting))
		return -EAGAIN;
	r = append(mailbox, data, length);
	if (r < 0 || mailbox->posted)
		return r;
	r = hk_loop_post(mailbox->loop, on_post, mailbox);
	if (r < 0) {
		mailbox->waiting -= mailbox->letters.length - before;
		hki_buffer_truncate(&mailbox->letters, before);
		return r;
	}
	mailbox->posted = true;
	mailbox->references++;
	return 0;
}

int hk_ipc_sender_send(hk_ipc_sender *sender, const void *data, size_t length)
{
	hki_ipc_mailbox *mailbox = sender->mailbox;
	int r;

	pthread_mutex_lock(&mailbox->lock);
	r = deliver(mailbox, data, length);
	pthread_mutex_unlock(&mailbox->lock);
	return r;
}

void hk_ipc_sender_free(hk_ipc_sender *sender)
{
	if (sender == NULL)
		return;
	unref(sender->mailbox);
	hki_free(sender);
}
