#ifndef HKI_SYSTEM_METRICS_RECORD_METRICS_H
#define HKI_SYSTEM_METRICS_RECORD_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <hostkit/metrics.h>
#include <hostkit/record.h>

enum { HKI_METRICS_LABELS_MAX = 8, HKI_METRICS_SCRATCH = 32 };

/* Labels of one item, and room for a number among them. */
typedef struct hki_metrics_labels {
	hk_metrics_label labels[HKI_METRICS_LABELS_MAX];
	size_t count;
	char scratch[HKI_METRICS_SCRATCH];
} hki_metrics_labels;

/* Fill @out, which is empty, with what tells item @index from the others of its list.
 * False: it is left out. */
typedef bool (*hki_metrics_label_fn)(
    hki_metrics_labels *out, const void *items, size_t count, size_t index);

/* Add a label to @labels. */
void hki_metrics_label(hki_metrics_labels *labels, const char *name, const char *value);

/* How the numbers of a record become families. */
typedef struct hki_record_metrics {
	const hk_record_type *type;
	const char *prefix;          /* "hostkit_memory" */
	const char *const *counters; /* fields that only grow; NULL-terminated, or NULL */
	const char *const *left_out; /* fields that are not written; the same */
	hki_metrics_label_fn label;  /* NULL: there is one item, and it has no labels */
} hki_record_metrics;

/*
 * Write every number and every truth value of the @count records at @items, a
 * family a field.  Rates and percentages are not written, collectors make them.
 * Names are those of the fields with the units that Prometheus wants: _s becomes
 * _seconds, and the _total that a gauge may not have goes.
 */
void hki_record_metrics_write(hk_metrics_writer *writer,
    const hki_record_metrics *metrics, const void *items, size_t count);

/* The field @index of @record as a number; false if it is absent or is none. */
bool hki_record_number(
    double *out, const hk_record_type *type, const void *record, unsigned int index);

#endif /* HKI_SYSTEM_METRICS_RECORD_METRICS_H */
