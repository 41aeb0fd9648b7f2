#ifndef HKI_CONFIG_SERVICE_KEYS_H
#define HKI_CONFIG_SERVICE_KEYS_H

#include "check.h"
#include "model.h"

/* Everything hostkit.yaml may say about a service; fills a hki_config_service. */
extern const hki_section hki_service_section;

/* … and about a part of it. */
extern const hki_section hki_healthcheck_section; /* hki_config_healthcheck */
extern const hki_section hki_backoff_section;     /* hki_config_backoff */
extern const hki_section hki_limits_section;      /* hki_config_limits */
extern const hki_section hki_logging_section;     /* hki_config_logging */
extern const hki_section hki_watch_section;       /* hki_config_watch */
extern const hki_section hki_sandbox_section;     /* hki_config_sandbox */

/* Kinds of their own. */
extern const hki_kind hki_kind_user;       /* the whole service: user and group */
extern const hki_kind hki_kind_depends_on; /* hki_config_dependencies */
extern const hki_kind hki_kind_restart;    /* hki_config_restart */
extern const hki_kind hki_kind_rate;       /* hki_config_rate */
extern const hki_kind hki_kind_stop;       /* hki_config_stop */
extern const hki_kind hki_kind_test;       /* hki_config_texts */
extern const hki_kind hki_kind_http;       /* hki_config_endpoint */
extern const hki_kind hki_kind_tcp;        /* hki_config_endpoint */
extern const hki_kind
    hki_kind_rlimit; /* hki_config_rlimit; detail: the kind of its numbers */
extern const hki_kind hki_kind_codes; /* hki_config_codes */
extern const hki_kind hki_kind_ports; /* hki_config_ports */

/* A service as it is when nothing is said.  False when there is no memory. */
bool hki_service_begin(hki_check *check, hki_config_service *service);
/* The last step for every service: its command from a shell line, its stop steps. */
void hki_service_complete(hki_check *check, hki_config_service *service);

/* What a shell line is run by. */
#define HKI_SHELL "/bin/sh"

#endif /* HKI_CONFIG_SERVICE_KEYS_H */
