#ifndef HKI_SERVICE_DESCRIBE_H
#define HKI_SERVICE_DESCRIBE_H

#include <hostkit/service.h>
#include "base/arena.h"
#include "service/policy.h"

/* A service as it was asked for: checked, copied, defaults filled in. */
typedef struct hki_description {
	hki_arena arena; /* everything below lives here */
	const char *name;
	hk_process_opts process;
	const hk_service_dependency *dependencies;
	size_t dependency_count;
	bool has_health;
	hk_service_health health;
	bool has_log;
	hk_log_file_opts log;
	bool has_error_log;
	hk_log_file_opts error_log;
	bool separate_stderr;
	uint32_t scale;
	hki_policy policy;
	uint64_t memory_restart_bytes;
	uint64_t memory_interval_ns;
} hki_description;

/* Scale beyond this is taken for a mistake. */
#define HKI_SERVICE_SCALE_MAX 1000U

/* 0, or the code of the first mistake; all are reported in @errors. */
int hki_description_init(
    hki_description *out, const hk_service_opts *opts, hk_error_list *errors);
void hki_description_deinit(hki_description *description);

#endif /* HKI_SERVICE_DESCRIBE_H */
