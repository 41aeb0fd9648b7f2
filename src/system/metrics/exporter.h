#ifndef HKI_SYSTEM_METRICS_EXPORTER_H
#define HKI_SYSTEM_METRICS_EXPORTER_H

#include <hostkit/metrics.h>
#include <hostkit/system.h>

/* Write what the latest sample of @system saw, under our names or those of node_exporter. */
void hki_native_write(
    hk_metrics_writer *writer, const hk_system *system, uint32_t sections);
void hki_node_exporter_write(
    hk_metrics_writer *writer, const hk_system *system, uint32_t sections);

#endif /* HKI_SYSTEM_METRICS_EXPORTER_H */
