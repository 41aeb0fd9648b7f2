#ifndef HKI_SYSTEM_METRICS_PROCESSES_H
#define HKI_SYSTEM_METRICS_PROCESSES_H

#include <hostkit/metrics.h>
#include <hostkit/system_metrics.h>
#include <hostkit/system_process.h>

/* Every process of the machine, counted by state and, if that is wanted, by group. */
typedef struct hki_metrics_processes hki_metrics_processes;

/* Returns 0, -EINVAL for a grouping or a limit that makes no sense, or an error of
 * hk_system_processes_open(). */
int hki_metrics_processes_new(
    hki_metrics_processes **out, const hk_system_exporter_opts *opts);
void hki_metrics_processes_free(hki_metrics_processes *processes);
/* Returns 0 or an error of hk_system_processes_sample(). */
int hki_metrics_processes_sample(hki_metrics_processes *processes);
void hki_metrics_processes_write(
    hk_metrics_writer *writer, const hki_metrics_processes *processes);
/* The table of @processes.  Borrowed. */
hk_system_processes *hki_metrics_processes_table(hki_metrics_processes *processes);

#endif /* HKI_SYSTEM_METRICS_PROCESSES_H */
