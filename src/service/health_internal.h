#ifndef HKI_SERVICE_HEALTH_INTERNAL_H
#define HKI_SERVICE_HEALTH_INTERNAL_H

#include "service/endpoint.h"
#include "service/health.h"
#include "service/judge.h"

/* One way to check. */
typedef struct hki_health_kind {
	/* Begin a try that ends in hki_health_result(); for a passive kind: begin to
	 * listen, once.  0 or a negative errno, which is a failed try. */
	int (*begin)(hki_health *health);
	/* Give the try up, or stop listening; nothing may come of it any more. */
	void (*end)(hki_health *health);
	bool passive; /* the program comes to us */
} hki_health_kind;

extern const hki_health_kind hki_health_tcp;
extern const hki_health_kind hki_health_http;
extern const hki_health_kind hki_health_command;
extern const hki_health_kind hki_health_log;
extern const hki_health_kind hki_health_notify;

/* A connection being made or used. */
typedef struct hki_health_net {
	hki_endpoint endpoint;
	int fd;
	hk_watch *watch;
	hki_offload_job *lookup;
	unsigned int attempt; /* which address of localhost */
	void (*connected)(hki_health *health);
	char *request;
	size_t request_length;
	size_t sent;
	char reply[64];
	size_t got;
} hki_health_net;

struct hki_health {
	hki_health_opts opts;
	const hki_health_kind *kind;
	hki_judge judge;
	hk_timer *timer;
	bool trying;
	hki_health_net net;
	hk_process_runner *runner;
	hk_log_watch *lines[2];
};

/* How a try ended.  @why is shown to people.  May free @health. */
void hki_health_result(hki_health *health, bool success, const char *why);
/* The same from a failing call. */
void hki_health_failed(hki_health *health, const char *step, int error);
/* Tell the owner something.  May free @health. */
void hki_health_tell(hki_health *health, hki_health_news news, const char *text);

/* health_tcp.c: connect to net.endpoint, then call net.connected. */
int hki_health_connect(hki_health *health);
void hki_health_disconnect(hki_health *health);

#endif /* HKI_SERVICE_HEALTH_INTERNAL_H */
