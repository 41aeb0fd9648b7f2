/*
 * Values as tagged JSON (hostkit/ipc_value.h says how).
 *
 * A mention of an object is written as the object once more, as JSON.stringify()
 * does, unless the object is still open around it.  So a few bytes can mean very
 * many, and the number of values written has a limit.
 */
#include "ipc/node_value.h"

#include <math.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/array.h"
#include "base/json/json_writer.h"

typedef struct state {
	hk_json_writer *out;
	hki_buffer scratch; /* for digits */
	uint32_t left;      /* values that may still be written */
	unsigned int depth; /* of open objects */
	bool tagged;        /* a tag was needed */
	const hk_ipc_value *open[HK_JSON_DEPTH_MAX];
} state;

static void write_value(state *s, const hk_ipc_value *value);

static void begin_tag(state *s, const char *tag)
{
	s->tagged = true;
	hk_json_write_object_begin(s->out);
	hk_json_write_key(s->out, tag);
}

static void end_tag(state *s)
{
	hk_json_write_object_end(s->out);
}

static void write_true_tag(state *s, const char *tag)
{
	begin_tag(s, tag);
	hk_json_write_bool(s->out, true);
	end_tag(s);
}

static void write_key(state *s, const hk_ipc_value *key)
{
	hk_json_write_key_length(s->out, key->as.text, key->length);
}

static void write_text(state *s, const hk_ipc_value *value)
{
	hk_json_write_string_length(s->out, value->as.text, value->length);
}

/* ---- what holds nothing ---- */

static void write_number(state *s, double number)
{
	if (isfinite(number)) {
		hk_json_write_double(s->out, number);
		return;
	}
	begin_tag(s, "$number");
	hk_json_write_string(s->out, isnan(number) ? "NaN"
				     : number > 0  ? "Infinity"
						   : "-Infinity");
	end_tag(s);
}

static void write_bigint(state *s, const hk_ipc_value *value)
{
	int r;

	hki_buffer_truncate(&s->scratch, 0);
	r = hki_node_bigint_format(&s->scratch, (const unsigned char *) value->as.text,
	    value->length, value->detail != 0);
	if (r < 0) {
		hki_json_writer_fail(s->out, r);
		return;
	}
	begin_tag(s, "$bigint");
	hk_json_write_string_length(s->out, s->scratch.data, s->scratch.length);
	end_tag(s);
}

static void write_date(state *s, double ms)
{
	char text[HKI_NODE_DATE_MAX];

	begin_tag(s, "$date");
	hk_json_write_string(s->out, hki_node_date_format(text, ms) ? text : NULL);
	end_tag(s);
}

static void write_regexp(state *s, const hk_ipc_value *value)
{
	begin_tag(s, "$regexp");
	write_text(s, value);
	hk_json_write_key(s->out, "$flags");
	hk_json_write_string(s->out, hk_ipc_value_get_flags(value));
	end_tag(s);
}

static void write_bytes(state *s, const hk_ipc_value *value)
{
	begin_tag(s, "$bytes");
	hki_json_write_base64(s->out, value->as.text, value->length);
	hk_json_write_key(s->out, "$type");
	hk_json_write_string(s->out, hk_ipc_bytes_kind_name(value->detail));
	end_tag(s);
}

/* ---- what holds others ---- */

static void write_elements(state *s, hk_ipc_value_iterator *each)
{
	hk_json_write_array_begin(s->out);
	while (each->elements > 0)
		write_value(s, hk_ipc_value_next(each));
	hk_json_write_array_end(s->out);
}

static void write_members(state *s, hk_ipc_value_iterator *each)
{
	const hk_ipc_value *value;

	hk_json_write_object_begin(s->out);
	while ((value = hk_ipc_value_next(each)) != NULL) {
		write_key(s, each->key);
		write_value(s, value);
	}
	hk_json_write_object_end(s->out);
}

static void write_array(state *s, const hk_ipc_value *value)
{
	hk_ipc_value_iterator each = hk_ipc_value_iterate(value);

	if (each.pairs == 0) {
		write_elements(s, &each);
		return;
	}
	begin_tag(s, "$array");
	write_elements(s, &each);
	hk_json_write_key(s->out, "$members");
	write_members(s, &each);
	end_tag(s);
}

static void write_sparse(state *s, const hk_ipc_value *value)
{
	hk_ipc_value_iterator each = hk_ipc_value_iterate(value);

	begin_tag(s, "$sparse");
	write_members(s, &each);
	hk_json_write_key(s->out, "$length");
	hk_json_write_uint64(s->out, hk_ipc_value_length(value));
	end_tag(s);
}

static void write_object(state *s, const hk_ipc_value *value)
{
	hk_ipc_value_iterator each = hk_ipc_value_iterate(value);
	bool like_tag =
	    each.pairs > 0 && value[1].length > 0 && value[1].as.text[0] == '$';

	if (like_tag)
		begin_tag(s, "$object");
	write_members(s, &each);
	if (like_tag)
		end_tag(s);
}

static void write_set(state *s, const hk_ipc_value *value)
{
	hk_ipc_value_iterator each = hk_ipc_value_iterate(value);

	begin_tag(s, "$set");
	write_elements(s, &each);
	end_tag(s);
}

static void write_map(state *s, const hk_ipc_value *map)
{
	hk_ipc_value_iterator each = hk_ipc_value_iterate(map);
	const hk_ipc_value *value;

	begin_tag(s, "$map");
	hk_json_write_array_begin(s->out);
	while ((value = hk_ipc_value_next(&each)) != NULL) {
		hk_json_write_array_begin(s->out);
		write_value(s, each.key);
		write_value(s, value);
		hk_json_write_array_end(s->out);
	}
	hk_json_write_array_end(s->out);
	end_tag(s);
}

/* The reader gave it the members name, message, stack and cause, as far as they came. */
static void write_error(state *s, const hk_ipc_value *error)
{
	hk_ipc_value_iterator each = hk_ipc_value_iterate(error);
	const hk_ipc_value *value;

	begin_tag(s, "$error");
	write_value(s, hk_ipc_value_next(&each));
	while ((value = hk_ipc_value_next(&each)) != NULL) {
		write_key(s, each.key);
		write_value(s, value);
	}
	end_tag(s);
}

static void write_box(state *s, const hk_ipc_value *value)
{
	begin_tag(s, "$boxed");
	write_value(s, value + 1);
	end_tag(s);
}

typedef void container_fn(state *s, const hk_ipc_value *value);

static container_fn *const containers[] = {
	[HK_IPC_VALUE_ERROR] = write_error,
	[HK_IPC_VALUE_BOXED] = write_box,
	[HK_IPC_VALUE_ARRAY] = write_array,
	[HK_IPC_VALUE_SPARSE] = write_sparse,
	[HK_IPC_VALUE_OBJECT] = write_object,
	[HK_IPC_VALUE_MAP] = write_map,
	[HK_IPC_VALUE_SET] = write_set,
	[HK_IPC_VALUE_REFERENCE] = NULL,
};

static void write_container(state *s, const hk_ipc_value *value)
{
	if (s->depth >= HKI_COUNT(s->open)) {
		hki_json_writer_fail(s->out, HK_ELIMIT);
		return;
	}
	s->open[s->depth++] = value;
	containers[value->kind](s, value);
	s->depth--;
}

/* An object that is still open around its mention holds itself. */
static void write_reference(state *s, const hk_ipc_value *reference)
{
	const hk_ipc_value *target = hk_ipc_value_target(reference);

	for (unsigned int out = 1; out <= s->depth; out++) {
		if (s->open[s->depth - out] != target)
			continue;
		begin_tag(s, "$circular");
		hk_json_write_uint64(s->out, out);
		end_tag(s);
		return;
	}
	write_value(s, target);
}

static void write_plain(state *s, const hk_ipc_value *value)
{
	switch ((hk_ipc_value_kind) value->kind) {
	case HK_IPC_VALUE_UNDEFINED:
		write_true_tag(s, "$undefined");
		break;
	case HK_IPC_VALUE_HOLE:
		write_true_tag(s, "$hole");
		break;
	case HK_IPC_VALUE_BOOL:
		hk_json_write_bool(s->out, value->detail != 0);
		break;
	case HK_IPC_VALUE_NUMBER:
		write_number(s, value->as.number);
		break;
	case HK_IPC_VALUE_BIGINT:
		write_bigint(s, value);
		break;
	case HK_IPC_VALUE_STRING:
		write_text(s, value);
		break;
	case HK_IPC_VALUE_DATE:
		write_date(s, value->as.number);
		break;
	case HK_IPC_VALUE_REGEXP:
		write_regexp(s, value);
		break;
	case HK_IPC_VALUE_BYTES:
		write_bytes(s, value);
		break;
	default:
		hk_json_write_null(s->out);
	}
}

static void write_value(state *s, const hk_ipc_value *value)
{
	if (hk_json_writer_error(s->out) < 0)
		return;
	if (s->left-- == 0) {
		hki_json_writer_fail(s->out, HK_ELIMIT);
		return;
	}
	if (value->kind == HK_IPC_VALUE_REFERENCE)
		write_reference(s, value);
	else if (value->kind >= HK_IPC_VALUE_ERROR)
		write_container(s, value);
	else
		write_plain(s, value);
}

int hk_ipc_value_write_json(hk_json_writer *writer, const hk_ipc_value *value)
{
	state s = { .out = writer, .left = HK_IPC_VALUE_JSON_MAX };

	if (value == NULL)
		hk_json_write_null(writer);
	else
		write_value(&s, value);
	hki_buffer_deinit(&s.scratch);
	if (hk_json_writer_error(writer) < 0)
		return hk_json_writer_error(writer);
	return s.tagged;
}
