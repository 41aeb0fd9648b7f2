#ifndef HOSTKIT_SYSTEM_HISTORY_H
#define HOSTKIT_SYSTEM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/record.h>

HK_BEGIN

/*
 * History: samples kept for a while, in bounded memory
 *
 * A history is a ring of samples; a sample is a time and any number of rows, all
 * records of one type: one row of memory figures, or a row for every process of
 * the machine.  A row has a key that stays the same from sample to sample, so its
 * course can be followed.
 *
 * A sample costs what has changed since the one before: rows that did not change
 * cost nothing, numbers are kept as differences, texts once.  Samples leave when
 * they are too old, too many, or need too much memory, the oldest first, and are
 * counted.
 *
 * Values come back exactly, with one exception: a double whose field declares
 * decimals comes back with that many, as it is printed everywhere.
 *
 * Threads: a history and its views belong to one thread at a time.
 */
typedef struct hk_system_history hk_system_history;
typedef struct hk_system_history_view hk_system_history_view;

typedef struct hk_system_history_opts {
	size_t size;                /* set by HK_SYSTEM_HISTORY_OPTS_INIT */
	const hk_record_type *type; /* required; must outlive the history */
	uint64_t age_max_ns;        /* older samples leave; 0: 15 minutes */
	uint64_t bytes_max;         /* of everything it holds; 0: 8 MiB */
	uint64_t samples_max;       /* 0: as many as the others allow */
} hk_system_history_opts;

/* clang-format off */
#define HK_SYSTEM_HISTORY_OPTS_INIT { .size = sizeof(hk_system_history_opts) }
/* clang-format on */

/*
 * Make an empty history.  Owned: release it with hk_system_history_free(), after
 * its views.
 * Returns 0, -EINVAL without a type, -E2BIG, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_system_history_new(
    hk_system_history **out, const hk_system_history_opts *opts);

/* NULL is fine. */
HK_API void hk_system_history_free(hk_system_history *history);

/* ---- writing ---- */

/* What a row is in a sample, for hk_system_history_add(). */
enum {
	/* it has ended: these are its last figures, and it is in this sample for the
	 * last time */
	HK_SYSTEM_HISTORY_EXITED = 1
};

/*
 * Begin a sample taken at @time_ns of CLOCK_MONOTONIC; @real_ns, since 1970, is
 * for people.  A sample that was begun and not ended is given up.
 * Returns 0, -EINVAL when @time_ns lies before the last sample's, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_system_history_begin(
    hk_system_history *history, uint64_t time_ns, uint64_t real_ns);

/*
 * Add a row.  Copied, nested records, lists and strings too.  A key may stand once
 * in a sample.  Any failure gives the sample up.
 * Returns 0, -EINVAL without a sample, -EEXIST for a key that is there already, or
 * -ENOMEM.
 */
HK_API HK_MUST_USE int hk_system_history_add(
    hk_system_history *history, uint64_t key, unsigned int flags, const void *record);

/*
 * End the sample: now it is the newest.  Old ones leave.
 * Returns 0, -EINVAL without a sample, -ENOMEM, or HK_ELIMIT when the sample alone
 * needs more than bytes_max: it is dropped, and counted.
 */
HK_API HK_MUST_USE int hk_system_history_end(hk_system_history *history);

/* ---- what there is ---- */

/* How many samples are kept. */
HK_API size_t hk_system_history_count(const hk_system_history *history);

/* When sample @index (0 is the oldest) was taken; 0 beyond the last. */
HK_API uint64_t hk_system_history_time_ns(const hk_system_history *history, size_t index);
HK_API uint64_t hk_system_history_real_ns(const hk_system_history *history, size_t index);

/* The sample that was the newest at @time_ns: the last one not after it.  -ENOENT if
 * all are later, or there are none. */
HK_API int64_t hk_system_history_at(const hk_system_history *history, uint64_t time_ns);

/* Bytes of memory it holds, and samples that have left since it was made. */
HK_API uint64_t hk_system_history_bytes(const hk_system_history *history);
HK_API uint64_t hk_system_history_dropped(const hk_system_history *history);

/* ---- going back ---- */

/*
 * A view stands at one sample and lends its rows.  Owned: release it with
 * hk_system_history_view_free(), before its history.
 * Returns 0 or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_system_history_view_new(
    hk_system_history_view **out, const hk_system_history *history);
HK_API void hk_system_history_view_free(hk_system_history_view *view);

/*
 * Go to sample @index (0 is the oldest).  Stepping forward is cheapest.
 * Returns the number of rows, -ENOENT beyond the last, or -ENOMEM; the view then
 * shows nothing.
 */
HK_API HK_MUST_USE int64_t hk_system_history_seek(
    hk_system_history_view *view, size_t index);

/*
 * Row @place of the sample, in no order; @out_key and @out_flags may be NULL.
 * Borrowed: valid until the next seek, also when the sample leaves the history
 * meanwhile.  NULL beyond the last.
 */
HK_API const void *hk_system_history_row(const hk_system_history_view *view, size_t place,
    uint64_t *out_key, unsigned int *out_flags);

/* The row with @key, or NULL.  Borrowed as above. */
HK_API const void *hk_system_history_find(
    const hk_system_history_view *view, uint64_t key);

/* ---- over a window ---- */

/*
 * The course of the number @field of the row @key: one value a sample, from sample
 * @from on, @count of them at most, into @values.  Where the row is missing or has
 * no value stands a NaN.
 * Returns how many were written, -EINVAL if the field is no number, or -ENOMEM.
 */
HK_API HK_MUST_USE int64_t hk_system_history_series(const hk_system_history *history,
    uint64_t key, unsigned int field, size_t from, double *values, size_t count);

typedef struct hk_system_history_summary {
	hk_record record; /* only count is present where there is no value */
	uint64_t count;   /* samples that have a value */
	double first;
	double last;
	double minimum;
	double mean;
	double maximum;
	/* Values below or at which that part of the samples lies; at most 1.6 % of the
	 * distance from the minimum too large. */
	double p50;
	double p90;
	double p95;
	double p99;
} hk_system_history_summary;

HK_API extern const hk_record_type hk_system_history_summary_type;

/*
 * The number @field of the row @key over the samples taken from @from_ns to
 * @to_ns, both included.
 * Returns 0, -EINVAL if the field is no number, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_system_history_summarize(hk_system_history_summary *out,
    const hk_system_history *history, uint64_t key, unsigned int field, uint64_t from_ns,
    uint64_t to_ns);

HK_END

#endif /* HOSTKIT_SYSTEM_HISTORY_H */
