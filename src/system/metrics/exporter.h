#ifndef HKI_SYSTEM_METRICS_EXPORTER_H
#define HKI_SYSTEM_METRICS_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <hostkit/metrics.h>
#include <hostkit/system.h>
#include "system/metrics/record_metrics.h"

/* Write what the latest sample of @system saw, under our names or those of node_exporter. */
void hki_native_write(
    hk_metrics_writer *writer, const hk_system *system, uint32_t sections);
void hki_node_exporter_write(
    hk_metrics_writer *writer, const hk_system *system, uint32_t sections);

/* Of file systems mounted at one place the last is seen: is @all[@index] covered? */
bool hki_filesystem_is_covered(
    const hk_system_filesystem *all, size_t count, size_t index);

/* Write @family: 1 for each file system that does not answer, or with an error; else 0. */
void hki_filesystem_errors_write(hk_metrics_writer *writer,
    const hk_metrics_family *family, const hk_system_filesystem *all, size_t count,
    hki_metrics_label_fn label);

#endif /* HKI_SYSTEM_METRICS_EXPORTER_H */
