#ifndef HOSTKIT_METRICS_H
#define HOSTKIT_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>

HK_BEGIN

/*
 * Metrics as text, for Prometheus and whoever reads the same
 *
 * A family is begun, then its samples are written, then the next family.  The
 * writer knows what collectors refuse and linters complain about, and refuses
 * it first: a family twice, a series twice, names that are none, a unit that the
 * name does not end in.  A family without samples leaves no trace, so what this
 * machine lacks is simply not written.
 *
 * Both formats come from the same calls: the text format 0.0.4, and OpenMetrics
 * 1.0.0.  Numbers are written so that they read back as the same number.
 *
 * Failures stick: later calls do nothing, and hk_metrics_finish() reports the
 * first.  Threads: a writer belongs to one thread at a time.
 */
typedef struct hk_metrics_writer hk_metrics_writer;

typedef enum hk_metrics_format {
	HK_METRICS_PROMETHEUS, /* text/plain; version=0.0.4 */
	HK_METRICS_OPENMETRICS /* application/openmetrics-text; version=1.0.0 */
} hk_metrics_format;

typedef enum hk_metrics_kind {
	HK_METRICS_GAUGE,   /* goes up and down */
	HK_METRICS_COUNTER, /* only grows, from 0; its samples end in _total */
	HK_METRICS_INFO,    /* labels that describe, its value is 1; ends in _info */
	HK_METRICS_UNKNOWN  /* of others, who did not say */
} hk_metrics_kind;

typedef struct hk_metrics_family {
	const char *name; /* without _total and _info; [a-zA-Z_:][a-zA-Z0-9_:]* */
	const char
	    *unit; /* "seconds", "bytes" …, which the name must end in; NULL: none */
	const char *help; /* one sentence; needed */
	hk_metrics_kind kind;
	uint32_t reserved; /* zero */
} hk_metrics_family;

/* A NULL value leaves the label out.  Ill-formed UTF-8 becomes U+FFFD. */
typedef struct hk_metrics_label {
	const char *name; /* [a-zA-Z_][a-zA-Z0-9_]*, not beginning with two underscores */
	const char *value;
} hk_metrics_label;

/* Owned: hk_metrics_writer_free().  Returns 0, -EINVAL for another format, or -ENOMEM. */
HK_API HK_MUST_USE int hk_metrics_writer_new(
    hk_metrics_writer **out, hk_metrics_format format);

/* NULL is fine. */
HK_API void hk_metrics_writer_free(hk_metrics_writer *writer);

/* Begin anew, maybe in another format, in the memory that is there. */
HK_API void hk_metrics_writer_reset(hk_metrics_writer *writer, hk_metrics_format format);

/*
 * Begin a family.  What @family points to is Borrowed until the next one is begun
 * or the writer is finished.
 * Failures that stick: -EINVAL for what breaks a rule above, -EEXIST for a
 * family that was there, -ENOMEM.
 */
HK_API void hk_metrics_begin(hk_metrics_writer *writer, const hk_metrics_family *family);

/*
 * A sample of the family that was begun.  @labels may be NULL when @count is 0;
 * nothing is kept of them.
 * Failures that stick: -EINVAL for a bad label name, a negative or not-a-number
 * counter, or without a family; -EEXIST for a series that was there; -ENOMEM.
 */
HK_API void hk_metrics_sample(hk_metrics_writer *writer, double value,
    const hk_metrics_label *labels, size_t count);

/* The same for whole numbers, which stay exact beyond 2^53. */
HK_API void hk_metrics_sample_uint64(hk_metrics_writer *writer, uint64_t value,
    const hk_metrics_label *labels, size_t count);

/*
 * The text so far, with the end that OpenMetrics wants.  *@out_text is Borrowed
 * until the writer is used again; @out_length may be NULL.  Nothing may be added
 * afterwards but after a reset.
 * Returns 0 or the first failure; hk_metrics_problem() then names the place.
 */
HK_API HK_MUST_USE int hk_metrics_finish(
    hk_metrics_writer *writer, const char **out_text, size_t *out_length);

/* The family or label at which the first failure happened, "" if none did.  Borrowed. */
HK_API const char *hk_metrics_problem(const hk_metrics_writer *writer);

/* What HTTP calls the format.  Static. */
HK_API const char *hk_metrics_content_type(hk_metrics_format format);

HK_END

#endif /* HOSTKIT_METRICS_H */
