#ifndef HKI_LOG_MAILBOX_H
#define HKI_LOG_MAILBOX_H

#include <pthread.h>
#include <hostkit/loop.h>
#include "base/list.h"

/* A message to another thread.  Part of the object it is about, so that sending cannot fail. */
typedef struct hki_letter {
	hki_list node;
	void (*open)(struct hki_letter *letter);
} hki_letter;

/* Letters for the thread of one loop, opened there in the order in which they were sent. */
typedef struct hki_mailbox {
	pthread_mutex_t mutex;
	hki_list letters;
	hk_loop *loop;   /* NULL once closed */
	hk_hook *before; /* the wait of a turn */
	hk_hook *after;
} hki_mailbox;

/* 0 or -ENOMEM.  On the loop's thread or before it runs. */
int hki_mailbox_init(hki_mailbox *mailbox, hk_loop *loop);

/* Any thread.  0, or HK_ECLOSED when nobody will open it: the letter stays the caller's. */
int hki_mailbox_send(hki_mailbox *mailbox, hki_letter *letter);

/* Open what is there.  On the loop's thread. */
void hki_mailbox_open(hki_mailbox *mailbox);

/* No letter is taken any more; those there are opened.  On the loop's thread.  Idempotent. */
void hki_mailbox_close(hki_mailbox *mailbox);

void hki_mailbox_deinit(hki_mailbox *mailbox);

#endif /* HKI_LOG_MAILBOX_H */
