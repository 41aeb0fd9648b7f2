#ifndef HKI_SERVICE_HEALTH_H
#define HKI_SERVICE_HEALTH_H

#include <hostkit/log.h>
#include <hostkit/process.h>
#include <hostkit/service.h>
#include "loop/offload.h"
#include "service/notify.h"

/* Finding out whether one running instance works. */
typedef struct hki_health hki_health;

typedef enum hki_health_news {
	HKI_HEALTH_READY,
	HKI_HEALTH_UNHEALTHY, /* text: why */
	HKI_HEALTH_STATUS     /* text: what it says about itself */
} hki_health_news;

/* On the loop's thread, never before hki_health_start() returned.  May free the health. */
typedef void (*hki_health_fn)(hki_health_news news, const char *text, void *user);

/* Everything is Borrowed until hki_health_free(). */
typedef struct hki_health_opts {
	hk_loop *loop;
	const hk_service_health *rules; /* without zeros that mean defaults */
	hki_offload *offload;           /* looks names up; NULL: names cannot be used */
	const hk_process_opts *process; /* COMMAND: in whose surroundings it is run */
	hk_process_spawner *spawner;
	hk_log_stream *streams[2];  /* LOG: stdout, and stderr if it is apart */
	hki_notify *notify;         /* NOTIFY */
	const hk_process *instance; /* NOTIFY: who may speak */
	hki_health_fn fn;
	void *user;
} hki_health_opts;

/* 0, -ENOMEM, or the errno of what a check needs. */
int hki_health_start(hki_health **out, const hki_health_opts *opts);
void hki_health_free(hki_health *health);

#endif /* HKI_SERVICE_HEALTH_H */
