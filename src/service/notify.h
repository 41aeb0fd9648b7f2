#ifndef HKI_SERVICE_NOTIFY_H
#define HKI_SERVICE_NOTIFY_H

#include <hostkit/loop.h>
#include <hostkit/process.h>

/*
 * The socket a program tells its state to, as sd_notify(3) does: NOTIFY_SOCKET
 * in its environment names it, datagrams of VARIABLE=VALUE lines arrive.
 */
typedef struct hki_notify hki_notify;

typedef enum hki_notify_news {
	HKI_NOTIFY_READY,
	HKI_NOTIFY_STOPPING,
	HKI_NOTIFY_WATCHDOG,         /* it is alive */
	HKI_NOTIFY_WATCHDOG_TRIGGER, /* it says itself that it is not well */
	HKI_NOTIFY_STATUS            /* text for people */
} hki_notify_news;

/* May free the notify.  @text is "" unless it is a status. */
typedef void (*hki_notify_fn)(hki_notify_news news, const char *text, void *user);

/* Owned: hki_notify_free().  0, -ENOMEM, -EMFILE … */
int hki_notify_new(hki_notify **out, hk_loop *loop);
void hki_notify_free(hki_notify *notify);

/* What NOTIFY_SOCKET has to say.  Borrowed. */
const char *hki_notify_name(const hki_notify *notify);

/* Forget what has arrived: a new incarnation is about to start. */
void hki_notify_drain(hki_notify *notify);

/* Tell @fn what @process (Borrowed) or something it started says.  0 or the errno of a watch. */
int hki_notify_listen(
    hki_notify *notify, const hk_process *process, hki_notify_fn fn, void *user);
void hki_notify_stop(hki_notify *notify);

#endif /* HKI_SERVICE_NOTIFY_H */
