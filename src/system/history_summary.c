/*
 * One number over many samples.  Percentiles come from a histogram whose buckets
 * count the distance from the minimum, so that they are as fine for 20 °C to
 * 21 °C as for bytes per second; that takes two walks, and no memory per sample.
 */
#include "system/history.h"

#include <errno.h>
#include <math.h>
#include "base/histogram.h"

/* Distances are counted in parts of the whole range: far finer than a bucket is wide. */
#define RANGE_STEPS 1e15

typedef hk_system_history_summary summary;

enum { COUNT, FIRST, LAST, MINIMUM, MEAN, MAXIMUM, P50, P90, P95, P99, FIELDS };

#define VALUE(index, member, sentence)                                                   \
	[index] = {                                                                      \
		.name = #member,                                                         \
		.help = sentence,                                                        \
		.kind = HK_RECORD_DOUBLE,                                                \
		.offset = offsetof(summary, member),                                     \
	}

static const hk_record_field fields[FIELDS] = {
	[COUNT] = { .name = "count",
	    .help = "samples that have a value",
	    .kind = HK_RECORD_UINT64,
	    .offset = offsetof(summary, count) },
	VALUE(FIRST, first, "the oldest value"),
	VALUE(LAST, last, "the newest value"),
	VALUE(MINIMUM, minimum, "the smallest value"),
	VALUE(MEAN, mean, "the mean of all values"),
	VALUE(MAXIMUM, maximum, "the largest value"),
	VALUE(P50, p50, "half of the values are not above it"),
	VALUE(P90, p90, "nine in ten values are not above it"),
	VALUE(P95, p95, "nineteen in twenty values are not above it"),
	VALUE(P99, p99, "99 in a hundred values are not above it"),
};

const hk_record_type hk_system_history_summary_type = {
	.name = "history",
	.fields = fields,
	.field_count = FIELDS,
	.struct_size = sizeof(summary),
};

static bool is_number(const hk_record_type *type, unsigned int field)
{
	return field < type->field_count && type->fields[field].kind <= HK_RECORD_DOUBLE;
}

/* Called for each sample; a row without a value gives a NaN. */
typedef void (*visit_fn)(void *user, double value);

static int walk(const hk_system_history *history, uint64_t key, unsigned int field,
    uint64_t from, uint64_t to, visit_fn visit, void *user)
{
	hki_history_cursor cursor = { .block = NULL };
	int r = 0;

	for (uint64_t number = from; r == 0 && number < to; number++) {
		const hki_history_slot *slot;
		double value = NAN;

		r = hki_history_cursor_seek(&cursor, history, number);
		if (r < 0)
			break;
		slot = hki_history_cursor_find(&cursor, key);
		if (slot == NULL ||
		    !hki_history_number(&value, history->type, &slot->words, field))
			value = NAN;
		visit(user, value);
	}
	hki_history_cursor_deinit(&cursor);
	return r;
}

typedef struct series {
	double *values;
	size_t count;
} series;

static void append(void *user, double value)
{
	series *into = user;

	into->values[into->count++] = value;
}

int64_t hk_system_history_series(const hk_system_history *history, uint64_t key,
    unsigned int field, size_t from, double *values, size_t count)
{
	series into = { .values = values };
	size_t kept = hk_system_history_count(history);
	int r;

	if (!is_number(history->type, field))
		return -EINVAL;
	if (from > kept)
		from = kept;
	if (count > kept - from)
		count = kept - from;
	r = walk(history, key, field, history->first + from,
	    history->first + from + count, append, &into);
	return r < 0 ? r : (int64_t) into.count;
}

typedef struct tally {
	summary *out;
	double sum;
	hki_histogram *histogram;
	double step; /* values a step of the histogram */
} tally;

static void measure(void *user, double value)
{
	tally *to = user;
	summary *out = to->out;

	if (isnan(value))
		return;
	if (out->count == 0)
		out->first = out->minimum = out->maximum = value;
	out->last = value;
	out->count++;
	to->sum += value;
	if (value < out->minimum)
		out->minimum = value;
	if (value > out->maximum)
		out->maximum = value;
}

static void count_distance(void *user, double value)
{
	const tally *to = user;

	if (!isnan(value))
		hki_histogram_record(
		    to->histogram, (uint64_t) ((value - to->out->minimum) / to->step));
}

static double percentile(const tally *from, double percent)
{
	double value =
	    from->out->minimum +
	    (double) hki_histogram_percentile(from->histogram, percent) * from->step;

	return value > from->out->maximum ? from->out->maximum : value;
}

/* The numbers of the samples taken from @from_ns to @to_ns: [*from, *to). */
static void window(uint64_t *from, uint64_t *to, const hk_system_history *history,
    uint64_t from_ns, uint64_t to_ns)
{
	int64_t before =
	    from_ns > 0 ? hk_system_history_at(history, from_ns - 1) : -ENOENT;
	int64_t last = hk_system_history_at(history, to_ns);

	*from = history->first + (before < 0 ? 0 : (uint64_t) before + 1);
	*to = history->first + (last < 0 ? 0 : (uint64_t) last + 1);
}

int hk_system_history_summarize(hk_system_history_summary *out,
    const hk_system_history *history, uint64_t key, unsigned int field, uint64_t from_ns,
    uint64_t to_ns)
{
	summary result = { .count = 0 };
	tally all = { .out = &result };
	uint64_t from, to;
	int r;

	if (!is_number(history->type, field))
		return -EINVAL;
	all.histogram = hki_histogram_new();
	if (all.histogram == NULL)
		return -ENOMEM;
	window(&from, &to, history, from_ns, to_ns);
	r = walk(history, key, field, from, to, measure, &all);
	all.step = (result.maximum - result.minimum) / RANGE_STEPS;
	if (r == 0 && all.step > 0)
		r = walk(history, key, field, from, to, count_distance, &all);
	hk_record_set(&result.record, COUNT);
	for (unsigned int i = FIRST; result.count > 0 && i < FIELDS; i++)
		hk_record_set(&result.record, i);
	if (result.count > 0) {
		result.mean = all.sum / (double) result.count;
		result.p50 = percentile(&all, 50);
		result.p90 = percentile(&all, 90);
		result.p95 = percentile(&all, 95);
		result.p99 = percentile(&all, 99);
	}
	hki_histogram_free(all.histogram);
	if (r == 0)
		*out = result;
	return r;
}
