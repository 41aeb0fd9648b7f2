#ifndef HKI_SYSTEM_METRICS_NODE_NAMES_H
#define HKI_SYSTEM_METRICS_NODE_NAMES_H

#include <hostkit/metrics.h>

/* A name of node_exporter and the field of ours that stands behind it. */
typedef struct hki_node_row {
	const char *name; /* without _total; NULL ends a table */
	hk_metrics_kind kind;
	const char *field;
	const char *help;
	double factor; /* from our unit to theirs; 0: the same */
} hki_node_row;

extern const hki_node_row hki_node_host[];
extern const hki_node_row hki_node_cpu[];
extern const hki_node_row hki_node_load[];
extern const hki_node_row hki_node_memory[];
extern const hki_node_row hki_node_vmstat[];
extern const hki_node_row hki_node_limits[];
extern const hki_node_row hki_node_filesystems[];
extern const hki_node_row hki_node_disks[];
extern const hki_node_row hki_node_networks[];
extern const hki_node_row hki_node_sockets[];

#endif /* HKI_SYSTEM_METRICS_NODE_NAMES_H */
