/*
 * From families and samples to the text that is scraped.
 *
 * The head of a family is written with its first sample, so families of things
 * that are not there cost nothing and show nothing.  Each sample is first put
 * behind the text; only if its series is new does it stay.  The series of a
 * family are remembered as the text between name and value, so two samples are
 * the same series exactly when a collector would say so, as long as labels
 * come in one order, and the first sample of a family sets that order.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <hostkit/metrics.h>
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json/json_integer.h"
#include "base/json/json_number.h"
#include "base/map.h"
#include "base/metrics/metrics_name.h"
#include "base/utf8.h"

enum { PROBLEM_MAX = 128 };

struct hk_metrics_writer {
	hk_metrics_format format;
	int failed; /* the first failure, negative */
	bool finished;
	bool begun;
	bool headed; /* the family's head is written */
	hk_metrics_family family;
	hki_buffer text;
	hki_buffer series;  /* of the sample at hand, terminated: the key of `seen` */
	hki_name_map seen;  /* series of this family */
	hki_name_map names; /* families */
	char problem[PROBLEM_MAX];
};

int hk_metrics_writer_new(hk_metrics_writer **out, hk_metrics_format format)
{
	hk_metrics_writer *writer;

	if (format != HK_METRICS_PROMETHEUS && format != HK_METRICS_OPENMETRICS)
		return -EINVAL;
	writer = hki_zalloc(sizeof(*writer));
	if (writer == NULL)
		return -ENOMEM;
	writer->format = format;
	*out = writer;
	return 0;
}

void hk_metrics_writer_free(hk_metrics_writer *writer)
{
	if (writer == NULL)
		return;
	hki_buffer_deinit(&writer->text);
	hki_buffer_deinit(&writer->series);
	hki_name_map_deinit(&writer->seen);
	hki_name_map_deinit(&writer->names);
	hki_free(writer);
}

/* Families have a few dozen series at most, so a table that is made anew stays small. */
static void forget(hki_name_map *map)
{
	hki_name_map_deinit(map);
	memset(map, 0, sizeof(*map));
}

void hk_metrics_writer_reset(hk_metrics_writer *writer, hk_metrics_format format)
{
	writer->format = format;
	writer->failed = 0;
	writer->finished = false;
	writer->begun = false;
	writer->problem[0] = '\0';
	hki_buffer_truncate(&writer->text, 0);
	forget(&writer->seen);
	forget(&writer->names);
}

static void fail(hk_metrics_writer *writer, int error, const char *at)
{
	if (writer->failed != 0)
		return;
	writer->failed = error;
	if (at == NULL)
		at = "(no name)";
	strncpy(writer->problem, at, PROBLEM_MAX - 1);
	writer->problem[PROBLEM_MAX - 1] = '\0';
}

void hk_metrics_begin(hk_metrics_writer *writer, const hk_metrics_family *family)
{
	if (writer->failed != 0)
		return;
	if (writer->finished || !hki_metrics_is_family(family)) {
		fail(writer, -EINVAL, family == NULL ? NULL : family->name);
		return;
	}
	if (hki_name_map_get(&writer->names, family->name) != NULL) {
		fail(writer, -EEXIST, family->name);
		return;
	}
	writer->family = *family;
	writer->begun = true;
	writer->headed = false;
	if (writer->seen.count > 0)
		forget(&writer->seen);
	if (hki_name_map_put(&writer->names, family->name, writer) < 0)
		fail(writer, -ENOMEM, family->name);
}

/* ---- text ---- */

/* @text with its line ends and backslashes escaped, quotes too where they end it. */
static int append_escaped(hki_buffer *out, const char *text, bool quoted)
{
	size_t left = strlen(text);
	int r = 0;

	while (r == 0 && left > 0) {
		size_t length = hki_utf8_check(text, left);

		if (length == 0) {
			uint32_t replacement;

			length = hki_utf8_decode(&replacement, text, left);
			r = hki_buffer_append_text(out, "\xef\xbf\xbd");
		} else if (*text == '\n') {
			r = hki_buffer_append_text(out, "\\n");
		} else if (*text == '\\' || (*text == '"' && quoted)) {
			r = hki_buffer_append_char(out, '\\');
			r = r < 0 ? r : hki_buffer_append_char(out, *text);
		} else {
			r = hki_buffer_append(out, text, length);
		}
		text += length;
		left -= length;
	}
	return r;
}

/* "# HELP name text" and its like; OpenMetrics speaks of the family, the text format of
 * the name that its samples have. */
static int append_comment(
    hk_metrics_writer *writer, const char *keyword, const char *text)
{
	const hk_metrics_family *family = &writer->family;
	bool open = writer->format == HK_METRICS_OPENMETRICS;
	int r;

	r = hki_buffer_append_format(&writer->text, "# %s %s%s ", keyword, family->name,
	    open ? "" : hki_metrics_suffix(family->kind));
	r = r < 0 ? r : append_escaped(&writer->text, text, open);
	return r < 0 ? r : hki_buffer_append_char(&writer->text, '\n');
}

static int append_head(hk_metrics_writer *writer)
{
	const hk_metrics_family *family = &writer->family;
	int r;

	r = append_comment(writer, "HELP", family->help);
	if (r == 0)
		r = append_comment(
		    writer, "TYPE", hki_metrics_type(family->kind, writer->format));
	if (r == 0 && family->unit != NULL && writer->format == HK_METRICS_OPENMETRICS)
		r = append_comment(writer, "UNIT", family->unit);
	if (r == 0)
		writer->headed = true;
	return r;
}

/* "{a="b",c="d"}", or nothing.  -EINVAL for a label that cannot be. */
static int series_of(
    hk_metrics_writer *writer, const hk_metrics_label *labels, size_t count)
{
	hki_buffer *series = &writer->series;
	char before = '{';
	int r = 0;

	hki_buffer_truncate(series, 0);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (labels[i].value == NULL)
			continue;
		if (!hki_metrics_is_label(labels[i].name))
			return -EINVAL;
		r = hki_buffer_append_format(series, "%c%s=\"", before, labels[i].name);
		r = r < 0 ? r : append_escaped(series, labels[i].value, true);
		r = r < 0 ? r : hki_buffer_append_char(series, '"');
		before = ',';
	}
	if (r == 0 && before == ',')
		r = hki_buffer_append_char(series, '}');
	return r < 0 ? r : hki_buffer_append(series, "", 0);
}

/* ---- samples ---- */

static int append_sample(hk_metrics_writer *writer, const char *value, size_t length)
{
	const hk_metrics_family *family = &writer->family;
	const char *series = writer->series.data == NULL ? "" : writer->series.data;
	int r = 0;

	if (hki_name_map_get(&writer->seen, series) != NULL)
		return -EEXIST;
	if (hki_name_map_put(&writer->seen, series, writer) < 0)
		return -ENOMEM;
	if (!writer->headed)
		r = append_head(writer);
	r = r < 0 ? r
		  : hki_buffer_append_format(&writer->text, "%s%s%s ", family->name,
			hki_metrics_suffix(family->kind), series);
	r = r < 0 ? r : hki_buffer_append(&writer->text, value, length);
	return r < 0 ? r : hki_buffer_append_char(&writer->text, '\n');
}

static void sample(hk_metrics_writer *writer, const char *value, size_t length,
    const hk_metrics_label *labels, size_t count)
{
	int r;

	if (!writer->begun || writer->finished) {
		fail(writer, -EINVAL, writer->begun ? writer->family.name : NULL);
		return;
	}
	r = series_of(writer, labels, count);
	if (r == 0)
		r = append_sample(writer, value, length);
	if (r < 0)
		fail(writer, r, writer->family.name);
}

static size_t format_value(char out[HKI_JSON_NUMBER_MAX], double value)
{
	const char *word;

	if (isfinite(value))
		return hki_json_number_format(out, value);
	word = isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
	return (size_t) (stpcpy(out, word) - out);
}

void hk_metrics_sample(
    hk_metrics_writer *writer, double value, const hk_metrics_label *labels, size_t count)
{
	char text[HKI_JSON_NUMBER_MAX];

	if (writer->failed != 0)
		return;
	if (writer->begun && writer->family.kind == HK_METRICS_COUNTER && !(value >= 0)) {
		fail(writer, -EINVAL, writer->family.name);
		return;
	}
	sample(writer, text, format_value(text, value), labels, count);
}

void hk_metrics_sample_uint64(hk_metrics_writer *writer, uint64_t value,
    const hk_metrics_label *labels, size_t count)
{
	char text[HKI_JSON_INTEGER_MAX];

	if (writer->failed == 0)
		sample(writer, text, hki_json_integer_format(text, value), labels, count);
}

int hk_metrics_finish(
    hk_metrics_writer *writer, const char **out_text, size_t *out_length)
{
	if (writer->failed == 0 && !writer->finished) {
		const char *end =
		    writer->format == HK_METRICS_OPENMETRICS ? "# EOF\n" : "";

		if (hki_buffer_append_text(&writer->text, end) < 0)
			fail(writer, -ENOMEM, "the end");
		writer->finished = true;
	}
	if (writer->failed != 0)
		return writer->failed;
	*out_text = writer->text.data == NULL ? "" : writer->text.data;
	if (out_length != NULL)
		*out_length = writer->text.length;
	return 0;
}

const char *hk_metrics_problem(const hk_metrics_writer *writer)
{
	return writer->problem;
}

const char *hk_metrics_content_type(hk_metrics_format format)
{
	if (format == HK_METRICS_OPENMETRICS)
		return "application/openmetrics-text; version=1.0.0; charset=utf-8";
	return "text/plain; version=0.0.4; charset=utf-8";
}
