#ifndef HKI_BASE_METRICS_NAME_H
#define HKI_BASE_METRICS_NAME_H

#include <stdbool.h>
#include <hostkit/metrics.h>

/* Is @name the name of a metric: [a-zA-Z_:][a-zA-Z0-9_:]*? */
bool hki_metrics_is_name(const char *name);

/* The same for a label: no colons, and two underscores in front belong to the collector. */
bool hki_metrics_is_label(const char *name);

/* Does everything about @family keep the rules of metrics.h? */
bool hki_metrics_is_family(const hk_metrics_family *family);

/* What follows the family's name in its samples: "_total", "_info" or "". */
const char *hki_metrics_suffix(hk_metrics_kind kind);

/* What @kind is called after "# TYPE". */
const char *hki_metrics_type(hk_metrics_kind kind, hk_metrics_format format);

#endif /* HKI_BASE_METRICS_NAME_H */
