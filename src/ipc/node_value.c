/*
 * Values as users see them: questions to the tape, which follow no reference and
 * allocate nothing.
 */
#include "ipc/node_value.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include "base/alloc.h"
#include "base/array.h"

int hk_ipc_values_new(hk_ipc_values **out)
{
	hk_ipc_values *values = hki_zalloc(sizeof(*values));

	if (values == NULL)
		return -ENOMEM;
	*out = values;
	return 0;
}

void hk_ipc_values_free(hk_ipc_values *values)
{
	if (values == NULL)
		return;
	hki_buffer_deinit(&values->text);
	hki_free(values->objects);
	hki_free(values->tape);
	hki_free(values);
}

const char *hk_ipc_values_error(const hk_ipc_values *values)
{
	return values->error;
}

const hk_ipc_value *hk_ipc_values_root(const hk_ipc_values *values)
{
	return values->complete ? values->tape : NULL;
}

/* ---- kinds ---- */

hk_ipc_value_kind hk_ipc_value_kind_of(const hk_ipc_value *value)
{
	return value == NULL ? HK_IPC_VALUE_ABSENT : (hk_ipc_value_kind) value->kind;
}

const char *hk_ipc_value_kind_name(hk_ipc_value_kind kind)
{
	static const char *const names[] = {
		[HK_IPC_VALUE_ABSENT] = "absent",
		[HK_IPC_VALUE_UNDEFINED] = "undefined",
		[HK_IPC_VALUE_NULL] = "null",
		[HK_IPC_VALUE_HOLE] = "hole",
		[HK_IPC_VALUE_BOOL] = "boolean",
		[HK_IPC_VALUE_NUMBER] = "number",
		[HK_IPC_VALUE_BIGINT] = "BigInt",
		[HK_IPC_VALUE_STRING] = "string",
		[HK_IPC_VALUE_DATE] = "Date",
		[HK_IPC_VALUE_REGEXP] = "RegExp",
		[HK_IPC_VALUE_BYTES] = "bytes",
		[HK_IPC_VALUE_ERROR] = "Error",
		[HK_IPC_VALUE_BOXED] = "boxed value",
		[HK_IPC_VALUE_ARRAY] = "Array",
		[HK_IPC_VALUE_SPARSE] = "sparse Array",
		[HK_IPC_VALUE_OBJECT] = "Object",
		[HK_IPC_VALUE_MAP] = "Map",
		[HK_IPC_VALUE_SET] = "Set",
		[HK_IPC_VALUE_REFERENCE] = "reference",
	};

	return (unsigned int) kind < HKI_COUNT(names) ? names[kind] : "unknown";
}

typedef struct bytes_row {
	const char *name;
	unsigned int width;
} bytes_row;

static const bytes_row bytes_rows[HK_IPC_BYTES_KINDS] = {
	[HK_IPC_BYTES_INT8] = { "Int8Array", 1 },
	[HK_IPC_BYTES_UINT8] = { "Uint8Array", 1 },
	[HK_IPC_BYTES_UINT8_CLAMPED] = { "Uint8ClampedArray", 1 },
	[HK_IPC_BYTES_INT16] = { "Int16Array", 2 },
	[HK_IPC_BYTES_UINT16] = { "Uint16Array", 2 },
	[HK_IPC_BYTES_INT32] = { "Int32Array", 4 },
	[HK_IPC_BYTES_UINT32] = { "Uint32Array", 4 },
	[HK_IPC_BYTES_FLOAT32] = { "Float32Array", 4 },
	[HK_IPC_BYTES_FLOAT64] = { "Float64Array", 8 },
	[HK_IPC_BYTES_DATA_VIEW] = { "DataView", 1 },
	[HK_IPC_BYTES_BUFFER] = { "Buffer", 1 },
	[HK_IPC_BYTES_BIGINT64] = { "BigInt64Array", 8 },
	[HK_IPC_BYTES_BIGUINT64] = { "BigUint64Array", 8 },
	[HK_IPC_BYTES_FLOAT16] = { "Float16Array", 2 },
	[HK_IPC_BYTES_ARRAY_BUFFER] = { "ArrayBuffer", 1 },
};

const char *hk_ipc_bytes_kind_name(int kind)
{
	return kind >= 0 && kind < HK_IPC_BYTES_KINDS ? bytes_rows[kind].name : NULL;
}

unsigned int hki_node_bytes_width(int kind)
{
	return bytes_rows[kind].width;
}

int hk_ipc_value_bytes_kind(const hk_ipc_value *value)
{
	return hk_ipc_value_kind_of(value) == HK_IPC_VALUE_BYTES ? value->detail
								 : -EINVAL;
}

/* ---- plain values ---- */

static int expect(const hk_ipc_value *value, hk_ipc_value_kind kind)
{
	if (value == NULL)
		return -ENOENT;
	return value->kind == kind ? 0 : -EINVAL;
}

int hk_ipc_value_get_bool(bool *out, const hk_ipc_value *value)
{
	int r = expect(value, HK_IPC_VALUE_BOOL);

	if (r == 0)
		*out = value->detail != 0;
	return r;
}

int hk_ipc_value_get_double(double *out, const hk_ipc_value *value)
{
	int r = expect(value, HK_IPC_VALUE_NUMBER);

	if (r == 0)
		*out = value->as.number;
	return r;
}

int hk_ipc_value_get_date(double *out_ms, const hk_ipc_value *value)
{
	int r = expect(value, HK_IPC_VALUE_DATE);

	if (r == 0)
		*out_ms = value->as.number;
	return r;
}

static int whole_of_double(int64_t *out, double number)
{
	if (isnan(number))
		return -EDOM;
	/* 2^63 is a double, the largest int64_t is not. */
	if (number >= 0x1p63 || number < -0x1p63)
		return -ERANGE;
	if ((double) (int64_t) number != number)
		return -EDOM;
	*out = (int64_t) number;
	return 0;
}

static int whole_of_bigint(int64_t *out, const hk_ipc_value *value)
{
	const unsigned char *bytes = (const unsigned char *) value->as.text;
	const uint64_t most = (uint64_t) INT64_MAX + (value->detail != 0);
	uint64_t magnitude = 0;

	if (value->length > sizeof(magnitude))
		return -ERANGE;
	for (size_t i = 0; i < value->length; i++)
		magnitude |= (uint64_t) bytes[i] << 8 * i;
	if (magnitude > most)
		return -ERANGE;
	*out = (int64_t) (value->detail != 0 ? 0 - magnitude : magnitude);
	return 0;
}

int hk_ipc_value_get_int64(int64_t *out, const hk_ipc_value *value)
{
	if (hk_ipc_value_kind_of(value) == HK_IPC_VALUE_BIGINT)
		return whole_of_bigint(out, value);
	if (hk_ipc_value_kind_of(value) == HK_IPC_VALUE_NUMBER)
		return whole_of_double(out, value->as.number);
	return value == NULL ? -ENOENT : -EINVAL;
}

const char *hk_ipc_value_get_string(const hk_ipc_value *value, size_t *out_length)
{
	hk_ipc_value_kind kind = hk_ipc_value_kind_of(value);

	if (kind != HK_IPC_VALUE_STRING && kind != HK_IPC_VALUE_REGEXP)
		return NULL;
	if (out_length != NULL)
		*out_length = value->length;
	return value->as.text;
}

const char *hk_ipc_value_get_flags(const hk_ipc_value *value)
{
	return hk_ipc_value_kind_of(value) == HK_IPC_VALUE_REGEXP
		   ? value->as.text + value->length + 1
		   : NULL;
}

const void *hk_ipc_value_get_bytes(const hk_ipc_value *value, size_t *out_length)
{
	hk_ipc_value_kind kind = hk_ipc_value_kind_of(value);

	if (kind != HK_IPC_VALUE_BYTES && kind != HK_IPC_VALUE_BIGINT)
		return NULL;
	*out_length = value->length;
	return value->as.text;
}

bool hk_ipc_value_is_negative(const hk_ipc_value *value)
{
	return hk_ipc_value_kind_of(value) == HK_IPC_VALUE_BIGINT && value->detail != 0;
}

/* ---- containers ---- */

size_t hk_ipc_value_count(const hk_ipc_value *value)
{
	switch (hk_ipc_value_kind_of(value)) {
	case HK_IPC_VALUE_ARRAY:
	case HK_IPC_VALUE_SET:
	case HK_IPC_VALUE_BOXED:
		return value->elements;
	default:
		return value == NULL ? 0 : value->pairs;
	}
}

size_t hk_ipc_value_length(const hk_ipc_value *value)
{
	switch (hk_ipc_value_kind_of(value)) {
	case HK_IPC_VALUE_ARRAY:
		return value->elements;
	case HK_IPC_VALUE_SPARSE:
		return (size_t) value->as.number;
	default:
		return 0;
	}
}

hk_ipc_value_iterator hk_ipc_value_iterate(const hk_ipc_value *container)
{
	hk_ipc_value_iterator each = { .key = NULL };

	if (container == NULL)
		return each;
	each.next = container + 1;
	each.elements = container->elements;
	each.pairs = container->pairs;
	each.keyed =
	    container->kind == HK_IPC_VALUE_ARRAY && container->detail == HKI_NODE_KEYED;
	return each;
}

const hk_ipc_value *hk_ipc_value_next(hk_ipc_value_iterator *iterator)
{
	const hk_ipc_value *value = iterator->next;

	if (iterator->elements > 0) {
		iterator->elements--;
		value += iterator->keyed;
		iterator->key = NULL;
	} else if (iterator->pairs > 0) {
		iterator->pairs--;
		iterator->key = value;
		value += value->span;
	} else {
		iterator->key = NULL;
		return NULL;
	}
	iterator->next = value + value->span;
	return value;
}

const hk_ipc_value *hk_ipc_value_member(const hk_ipc_value *object, const char *key)
{
	hk_ipc_value_iterator each = hk_ipc_value_iterate(object);
	const hk_ipc_value *value;
	size_t length = strlen(key);

	if (hk_ipc_value_kind_of(object) == HK_IPC_VALUE_MAP)
		return NULL;
	while ((value = hk_ipc_value_next(&each)) != NULL)
		if (each.key != NULL && each.key->length == length &&
		    memcmp(each.key->as.text, key, length) == 0)
			return value;
	return NULL;
}

const hk_ipc_value *hk_ipc_value_element(const hk_ipc_value *array, size_t index)
{
	hk_ipc_value_iterator each = hk_ipc_value_iterate(array);
	const hk_ipc_value *value;

	if (index >= each.elements)
		return NULL;
	do
		value = hk_ipc_value_next(&each);
	while (index-- > 0);
	return value;
}

const hk_ipc_value *hk_ipc_value_target(const hk_ipc_value *value)
{
	return hk_ipc_value_kind_of(value) == HK_IPC_VALUE_REFERENCE
		   ? value - value->as.distance
		   : value;
}
