#ifndef HKI_SERVICE_HEALTH_NOTIFY_H
#define HKI_SERVICE_HEALTH_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

/* What one datagram of sd_notify(3) says.  Strings point into the message. */
typedef struct hki_notification {
	bool ready;
	bool stopping;
	bool watchdog;
	bool trigger;       /* WATCHDOG=trigger: it says itself that it is stuck */
	const char *status; /* NULL: nothing; not terminated */
	size_t status_length;
} hki_notification;

/* Read the lines KEY=VALUE of @text; what is not known is passed over. */
void hki_notification_parse(hki_notification *out, const char *text, size_t length);

#endif /* HKI_SERVICE_HEALTH_NOTIFY_H */
