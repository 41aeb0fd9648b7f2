#ifndef HKI_BASE_RECORD_INTERNAL_H
#define HKI_BASE_RECORD_INTERNAL_H

#include <hostkit/record.h>

/* Shared by the writers of records. */

/* Is the field present, and not a NULL string? */
bool hki_record_shows(const hk_record_type *type, const void *record, unsigned int index);

/* The name of an enum's value, or NULL if the table has none. */
const char *hki_record_enum_name(const hk_record_field *field, int32_t value);

/* Item @index of a list of @element. */
const void *hki_record_item(
    const hk_record_type *element, const hk_record_list *list, size_t index);

/* Any value but bytes as JSON. */
void hki_record_write_value(
    hk_json_writer *writer, const hk_record_field *field, const void *value);

#endif /* HKI_BASE_RECORD_INTERNAL_H */
