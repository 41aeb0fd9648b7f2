/*
 * From the fields of a record to families of metrics.
 *
 * A record says already what each number is called, what it counts in and what it
 * means; only whether it grows for ever is not in it, so that is listed beside.
 * Going field by field and then item by item keeps the samples of a family
 * together, as collectors want them.
 */
#include "system/metrics/record_metrics.h"

#include <stdio.h>
#include <string.h>
#include "base/array.h"

enum { NAME_MAX_LENGTH = 128, HELP_MAX = 256 };

void hki_metrics_label(hki_metrics_labels *labels, const char *name, const char *value)
{
	if (labels->count < HKI_METRICS_LABELS_MAX)
		labels->labels[labels->count++] =
		    (hk_metrics_label){ .name = name, .value = value };
}

static bool is_among(const char *const *names, const char *name)
{
	for (; names != NULL && *names != NULL; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

static bool is_number(const hk_record_field *field)
{
	switch (field->kind) {
	case HK_RECORD_BOOL:
	case HK_RECORD_INT32:
	case HK_RECORD_UINT32:
	case HK_RECORD_INT64:
	case HK_RECORD_UINT64:
	case HK_RECORD_DOUBLE:
		return true;
	default:
		return false;
	}
}

static bool is_written(const hki_record_metrics *metrics, const hk_record_field *field)
{
	return is_number(field) && field->unit != HK_UNIT_PERCENT &&
	       field->unit != HK_UNIT_IDENTIFIER && !ends_in(field->name, "_per_s") &&
	       !is_among(metrics->left_out, field->name);
}

/* The end of the field's name and what Prometheus calls the same unit. */
static const struct {
	const char *end;
	const char *unit;
} units[] = {
	{ "_s", "seconds" }, { "_bytes", "bytes" }, { "_hz", "hertz" },
	{ "_celsius", "celsius" }, { "_volts", "volts" }, { "_amperes", "amperes" },
	{ "_total", NULL }, /* a gauge may not end so */
};

/* "hostkit_disk" and "read_time_s" make "hostkit_disk_read_time_seconds".  Returns the
 * unit or NULL. */
static const char *name_family(
    char out[NAME_MAX_LENGTH], const char *prefix, const char *field)
{
	size_t length = (size_t) snprintf(out, NAME_MAX_LENGTH, "%s_%s", prefix, field);

	for (size_t i = 0; length < NAME_MAX_LENGTH && i < HKI_COUNT(units); i++) {
		size_t end = strlen(units[i].end);

		if (!ends_in(out, units[i].end))
			continue;
		(void) snprintf(out + length - end, NAME_MAX_LENGTH - (length - end),
		    "%s%s", units[i].unit == NULL ? "" : "_",
		    units[i].unit == NULL ? "" : units[i].unit);
		return units[i].unit;
	}
	return NULL;
}

/* Sentences begin with a capital and end with a full stop. */
static void write_help(char out[HELP_MAX], const char *help)
{
	(void) snprintf(out, HELP_MAX, "%s.", help);
	if (out[0] >= 'a' && out[0] <= 'z')
		out[0] = (char) (out[0] - 'a' + 'A');
}

bool hki_record_number(
    double *out, const hk_record_type *type, const void *record, unsigned int index)
{
	const void *value = hk_record_value(type, record, index);

	if (!hk_record_has(record, index))
		return false;
	switch (type->fields[index].kind) {
	case HK_RECORD_BOOL:
		*out = *(const bool *) value ? 1 : 0;
		return true;
	case HK_RECORD_INT32:
		*out = *(const int32_t *) value;
		return true;
	case HK_RECORD_UINT32:
		*out = *(const uint32_t *) value;
		return true;
	case HK_RECORD_INT64:
		*out = (double) *(const int64_t *) value;
		return true;
	case HK_RECORD_UINT64:
		*out = (double) *(const uint64_t *) value;
		return true;
	case HK_RECORD_DOUBLE:
		*out = *(const double *) value;
		return true;
	default:
		return false;
	}
}

/* Whole numbers keep all their digits. */
static void write_sample(hk_metrics_writer *writer, const hk_record_type *type,
    const void *item, unsigned int index, const hki_metrics_labels *labels)
{
	double value;

	if (!hki_record_number(&value, type, item, index))
		return;
	if (type->fields[index].kind == HK_RECORD_UINT64)
		hk_metrics_sample_uint64(writer,
		    *(const uint64_t *) hk_record_value(type, item, index),
		    labels->labels, labels->count);
	else
		hk_metrics_sample(writer, value, labels->labels, labels->count);
}

static void write_field(hk_metrics_writer *writer, const hki_record_metrics *metrics,
    unsigned int index, const void *items, size_t count)
{
	const hk_record_field *field = &metrics->type->fields[index];
	bool grows = is_among(metrics->counters, field->name);
	char name[NAME_MAX_LENGTH], help[HELP_MAX];
	hk_metrics_family family = { .name = name, .help = help };

	family.unit = name_family(name, metrics->prefix, field->name);
	family.kind = grows ? HK_METRICS_COUNTER : HK_METRICS_GAUGE;
	write_help(help, field->help);
	hk_metrics_begin(writer, &family);
	for (size_t i = 0; i < count; i++) {
		const char *item = (const char *) items + i * metrics->type->struct_size;
		hki_metrics_labels labels = { .count = 0 };

		if (metrics->label == NULL || metrics->label(&labels, items, count, i))
			write_sample(writer, metrics->type, item, index, &labels);
	}
}

void hki_record_metrics_write(hk_metrics_writer *writer,
    const hki_record_metrics *metrics, const void *items, size_t count)
{
	for (unsigned int i = 0; i < metrics->type->field_count; i++) {
		if (is_written(metrics, &metrics->type->fields[i]))
			write_field(writer, metrics, i, items, count);
	}
}
