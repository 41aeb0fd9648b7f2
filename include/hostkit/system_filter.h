#ifndef HOSTKIT_SYSTEM_FILTER_H
#define HOSTKIT_SYSTEM_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/record.h>

HK_BEGIN

/*
 * Filters: which records somebody wants to see
 *
 *     cpu > 5 && user == www && name ~ "^node"
 *     rss > 512M || (state == zombie && !container)
 *     /postgres|redis/
 *
 * A filter is compiled once for a record type and then asked for each record.
 *
 *     FIELD OP VALUE    OP is one of == = != < <= > >= ~ !~
 *     FIELD             a bool is true; any other field has a value
 *     /REGEX/           any text of the record matches
 *     ! && || ( )       also written not, and, or
 *
 * FIELD is a field's name; its unit may be left out ("cpu" for "cpu_percent",
 * "rss" for "rss_bytes").  VALUE is read as the field's unit
 * wants it: sizes 512M, times 90s or 2h, percents 5 or 5%, enums and bools by
 * name.  Texts need quotes ('…' or "…", with \ before a quote) only where they
 * hold spaces or operators.  ~ matches a POSIX extended regular expression
 * anywhere in the text; a list of texts is matched as one text with spaces.
 *
 * What a record does not hold, or does not show for lack of permission, is
 * unknown: neither "cpu > 5" nor "!(cpu > 5)" is true of it.
 *
 * An expression is compiled without back-references and with bounded repetition,
 * so that no pattern makes matching slow.
 *
 * Threads: a filter belongs to one thread at a time.
 */
typedef struct hk_system_filter hk_system_filter;

/* What a person types; longer texts are refused. */
#define HK_SYSTEM_FILTER_TEXT_MAX 4096

/*
 * Compile @text for records of @type, which must outlive the filter.  Owned:
 * release it with hk_system_filter_free().  @errors, which may be NULL, learns
 * what is wrong, with the column (from 1) and the nearest name.
 * Returns 0, HK_EPARSE, HK_ELIMIT when it is too long, too deep or has too many
 * terms, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_system_filter_new(hk_system_filter **out,
    const hk_record_type *type, const char *text, hk_error_list *errors);

/* NULL is fine. */
HK_API void hk_system_filter_free(hk_system_filter *filter);

/* Is it true of @record?  Returns 1, 0 (also when unknown), or -ENOMEM. */
HK_API HK_MUST_USE int hk_system_filter_match(
    hk_system_filter *filter, const void *record);

/* Does the answer depend on field @index?  So that no more than that is read. */
HK_API bool hk_system_filter_uses(const hk_system_filter *filter, unsigned int index);

/*
 * The field people mean by @name: called so, or called so once its unit is left
 * away (a percentage before a size before a time).  Returns its index or -ENOENT.
 */
HK_API int hk_system_filter_field(const hk_record_type *type, const char *name);

HK_END

#endif /* HOSTKIT_SYSTEM_FILTER_H */
