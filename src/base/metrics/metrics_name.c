/*
 * What metrics may be called.
 *
 * The rules are those of prometheus.io/docs ("Data model", "Metric and label
 * naming") and of OpenMetrics 1.0 for what it adds: the unit is the end of the
 * name, and the suffixes that say the kind are the writer's to add.  A family
 * that carries one in its name would end in _total_total.
 */
#include "base/metrics/metrics_name.h"

#include <string.h>

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       byte == '_';
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

bool hki_metrics_is_name(const char *name)
{
	if (name == NULL || (!is_letter(*name) && *name != ':'))
		return false;
	while (is_letter(*name) || is_digit(*name) || *name == ':')
		name++;
	return *name == '\0';
}

bool hki_metrics_is_label(const char *name)
{
	if (name == NULL || !is_letter(*name) || strncmp(name, "__", 2) == 0)
		return false;
	while (is_letter(*name) || is_digit(*name))
		name++;
	return *name == '\0';
}

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), wanted = strlen(end);

	return length > wanted && memcmp(name + length - wanted, end, wanted) == 0;
}

static bool has_unit(const char *name, const char *unit)
{
	size_t length = strlen(name), wanted = strlen(unit);

	return wanted > 0 && ends_in(name, unit) && name[length - wanted - 1] == '_';
}

bool hki_metrics_is_family(const hk_metrics_family *family)
{
	if (family == NULL || !hki_metrics_is_name(family->name) ||
	    family->help == NULL || family->kind > HK_METRICS_UNKNOWN)
		return false;
	if (ends_in(family->name, "_total") || ends_in(family->name, "_info"))
		return false;
	return family->unit == NULL || has_unit(family->name, family->unit);
}

const char *hki_metrics_suffix(hk_metrics_kind kind)
{
	if (kind == HK_METRICS_COUNTER)
		return "_total";
	return kind == HK_METRICS_INFO ? "_info" : "";
}

const char *hki_metrics_type(hk_metrics_kind kind, hk_metrics_format format)
{
	bool open = format == HK_METRICS_OPENMETRICS;

	switch (kind) {
	case HK_METRICS_GAUGE:
		return "gauge";
	case HK_METRICS_COUNTER:
		return "counter";
	case HK_METRICS_INFO:
		return open ? "info" : "gauge";
	case HK_METRICS_UNKNOWN:
		break;
	}
	return open ? "unknown" : "untyped";
}
