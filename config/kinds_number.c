/*
 * Numbers with and without units.  A number in quotes is a text, unless a
 * variable gave it: the quotes were then needed to write the variable.
 * Durations and sizes are printed in the largest unit that keeps them exact.
 */
#include "kinds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/array.h"
#include "base/clock.h"
#include "base/quantity.h"

/* ---- whole numbers ---- */

static void complain_of_range(hki_check *check, const hki_key *key, const hki_node *node,
    const char *value, const char *least, const char *most)
{
	if (most == NULL)
		hki_check_complain(check, node, NULL,
		    "'%s' is %s, but must be at least %s", key->name, value, least);
	else
		hki_check_complain(check, node, NULL, "'%s' is %s, but must be %s to %s",
		    key->name, value, least, most);
}

/* "the text '8080'" where a number is wanted deserves a better answer. */
static void refuse_number(hki_check *check, const hki_key *key, const hki_node *node)
{
	char got[HKI_NODE_DESCRIPTION_MAX];
	hki_node bare = *node;

	bare.plain = true;
	hki_node_describe(got, sizeof(got), node);
	hki_check_complain(check, node,
	    !node->plain && hki_node_is_number(&bare) ? "remove the quotes" : NULL,
	    "'%s' wants %s, got %s", key->name, key->kind->wants, got);
}

bool hki_read_integer(int64_t *out, hki_check *check, const hki_key *key,
    const hki_node *node, int64_t least, int64_t most)
{
	hki_scalar scalar;
	int64_t value = 0;
	char bounds[2][24];
	int r;

	if (!hki_check_scalar(&scalar, check, key, node))
		return false;
	r = scalar.number ? hki_int64_parse(&value, scalar.text) : HK_EPARSE;
	if (r == HK_EPARSE) {
		refuse_number(check, key, node);
		return false;
	}
	if (r == -ERANGE || value < least || value > most) {
		(void) snprintf(bounds[0], sizeof(bounds[0]), "%" PRId64, least);
		(void) snprintf(bounds[1], sizeof(bounds[1]), "%" PRId64, most);
		complain_of_range(check, key, node,
		    strlen(scalar.text) < 40 ? scalar.text : "too large", bounds[0],
		    bounds[1]);
		return false;
	}
	*out = value;
	return true;
}

static void read_count(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	int64_t value;

	if (hki_read_integer(&value, check, key, node, key->least, key->most))
		*(uint32_t *) field = (uint32_t) value;
}

static bool no_count(const void *field)
{
	return *(const uint32_t *) field == 0;
}

static void write_count(hk_json_writer *writer, const hki_key *key, const void *field)
{
	(void) key;
	hk_json_write_uint64(writer, *(const uint32_t *) field);
}

static void schema_bounds(hk_json_writer *writer, const hki_key *key)
{
	hk_json_write_key(writer, "minimum");
	hk_json_write_int64(writer, key->least);
	hk_json_write_key(writer, "maximum");
	hk_json_write_int64(writer, key->most);
}

static void schema_integer(hk_json_writer *writer, const hki_key *key)
{
	hki_schema_type(writer, "integer");
	schema_bounds(writer, key);
	if (key->initial != NULL) {
		int64_t value = 0;

		(void) hki_int64_parse(&value, key->initial);
		hk_json_write_key(writer, "default");
		hk_json_write_int64(writer, value);
	}
}

const hki_kind hki_kind_count = { .wants = "a whole number",
	.read = read_count,
	.absent = no_count,
	.write = write_count,
	.schema = schema_integer };

static void read_optional_integer(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	int64_t value;

	if (hki_read_integer(&value, check, key, node, key->least, key->most))
		*(hki_config_integer *) field =
		    (hki_config_integer){ .set = true, .value = (int32_t) value };
}

static bool no_integer(const void *field)
{
	return !((const hki_config_integer *) field)->set;
}

static void write_integer(hk_json_writer *writer, const hki_key *key, const void *field)
{
	(void) key;
	hk_json_write_int64(writer, ((const hki_config_integer *) field)->value);
}

const hki_kind hki_kind_integer = { .wants = "a whole number",
	.read = read_optional_integer,
	.absent = no_integer,
	.write = write_integer,
	.schema = schema_integer };

/* ---- thousandths ---- */

/* "1.5" to 1500, exactly.  False when it is no number or has more than three decimals. */
static bool parse_milli(uint64_t *out, const char *text)
{
	size_t whole = strspn(text, "0123456789");
	size_t decimals = 0;
	uint64_t value = 0;

	if (whole == 0 || whole > 9)
		return false;
	for (size_t i = 0; i < whole; i++)
		value = value * 10 + (uint64_t) (text[i] - '0');
	text += whole;
	if (*text == '.') {
		decimals = strspn(++text, "0123456789");
		if (decimals == 0)
			return false;
	}
	for (size_t i = 0; i < 3; i++)
		value = value * 10 + (i < decimals ? (uint64_t) (text[i] - '0') : 0);
	for (size_t i = 3; i < decimals; i++)
		if (text[i] != '0')
			return false;
	if (text[decimals] != '\0')
		return false;
	*out = value;
	return true;
}

static void milli_exact(char *out, size_t capacity, uint64_t milli)
{
	int length = snprintf(out, capacity, "%" PRIu64 ".%03u", milli / 1000,
	    (unsigned int) (milli % 1000));

	while (length > 0 && out[length - 1] == '0')
		out[--length] = '\0';
	if (length > 0 && out[length - 1] == '.')
		out[--length] = '\0';
}

static void read_milli(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	hki_scalar scalar;
	uint64_t value;
	char bounds[2][HKI_EXACT_MAX];

	if (!hki_check_scalar(&scalar, check, key, node))
		return;
	if (!scalar.number || !parse_milli(&value, scalar.text)) {
		refuse_number(check, key, node);
	} else if (value < (uint64_t) key->least || value > (uint64_t) key->most) {
		milli_exact(bounds[0], sizeof(bounds[0]), (uint64_t) key->least);
		milli_exact(bounds[1], sizeof(bounds[1]), (uint64_t) key->most);
		complain_of_range(check, key, node, scalar.text, bounds[0], bounds[1]);
	} else {
		*(uint32_t *) field = (uint32_t) value;
	}
}

static void write_milli(hk_json_writer *writer, const hki_key *key, const void *field)
{
	(void) key;
	hk_json_write_decimal(writer, *(const uint32_t *) field / 1000.0, 3);
}

static void schema_milli(hk_json_writer *writer, const hki_key *key)
{
	uint64_t value = 0;

	hki_schema_type(writer, "number");
	hk_json_write_key(writer, "minimum");
	hk_json_write_decimal(writer, (double) key->least / 1000.0, 3);
	hk_json_write_key(writer, "maximum");
	hk_json_write_decimal(writer, (double) key->most / 1000.0, 3);
	if (key->initial != NULL && parse_milli(&value, key->initial)) {
		hk_json_write_key(writer, "default");
		hk_json_write_decimal(writer, (double) value / 1000.0, 3);
	}
}

const hki_kind hki_kind_milli = { .wants = "a number with at most three decimals",
	.read = read_milli,
	.absent = no_count,
	.write = write_milli,
	.schema = schema_milli };

/* ---- durations and sizes ---- */

struct unit {
	const char *name;
	uint64_t size;
};

static const struct unit duration_units[] = { { "s", HKI_NS_PER_S },
	{ "ms", HKI_NS_PER_MS }, { "us", HKI_NS_PER_US }, { "ns", 1 } };
static const struct unit size_units[] = { { "G", 1 << 30 }, { "M", 1 << 20 },
	{ "K", 1 << 10 }, { "", 1 } };

static void write_exact(char *out, uint64_t value, const struct unit *units, size_t count)
{
	size_t i = 0;

	while (i + 1 < count && value % units[i].size != 0)
		i++;
	(void) snprintf(
	    out, HKI_EXACT_MAX, "%" PRIu64 "%s", value / units[i].size, units[i].name);
}

void hki_duration_exact(char *out, uint64_t ns)
{
	write_exact(out, ns, duration_units, HKI_COUNT(duration_units));
}

void hki_size_exact(char *out, uint64_t bytes)
{
	if (bytes == 0)
		(void) snprintf(out, HKI_EXACT_MAX, "0");
	else
		write_exact(out, bytes, size_units, HKI_COUNT(size_units));
}

static bool read_quantity(uint64_t *out, hki_check *check, const hki_key *key,
    const hki_node *node, int (*parse)(uint64_t *, const char *),
    void (*exact)(char *, uint64_t))
{
	uint64_t most = key->most == 0 ? INT64_MAX : (uint64_t) key->most;
	hki_scalar scalar;
	uint64_t value = 0;
	char bounds[2][HKI_EXACT_MAX];
	int r;

	if (!hki_check_scalar(&scalar, check, key, node))
		return false;
	r = parse(&value, scalar.text);
	if (r == HK_EPARSE) {
		hki_check_refuse(check, key, node);
		return false;
	}
	if (r < 0 || value < (uint64_t) key->least || value > most) {
		exact(bounds[0], (uint64_t) key->least);
		exact(bounds[1], most);
		complain_of_range(check, key, node,
		    strlen(scalar.text) < 40 ? scalar.text : "too large", bounds[0],
		    key->most == 0 && value < (uint64_t) key->least ? NULL : bounds[1]);
		return false;
	}
	*out = value;
	return true;
}

bool hki_read_duration(
    uint64_t *out, hki_check *check, const hki_key *key, const hki_node *node)
{
	return read_quantity(
	    out, check, key, node, hki_duration_parse, hki_duration_exact);
}

bool hki_read_size(
    uint64_t *out, hki_check *check, const hki_key *key, const hki_node *node)
{
	return read_quantity(out, check, key, node, hki_size_parse, hki_size_exact);
}

static void read_duration(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	uint64_t value;

	if (hki_read_duration(&value, check, key, node))
		*(uint64_t *) field = value;
}

static void read_size(
    hki_check *check, const hki_key *key, const hki_node *node, void *field)
{
	uint64_t value;

	if (hki_read_size(&value, check, key, node))
		*(uint64_t *) field = value;
}

static bool no_quantity(const void *field)
{
	return *(const uint64_t *) field == 0;
}

static void write_duration(hk_json_writer *writer, const hki_key *key, const void *field)
{
	char text[HKI_EXACT_MAX];

	(void) key;
	hki_duration_exact(text, *(const uint64_t *) field);
	hk_json_write_string(writer, text);
}

static void write_size(hk_json_writer *writer, const hki_key *key, const void *field)
{
	char text[HKI_EXACT_MAX];

	(void) key;
	hki_size_exact(text, *(const uint64_t *) field);
	hk_json_write_string(writer, text);
}

static void schema_quantity(hk_json_writer *writer, const hki_key *key)
{
	hk_json_write_key(writer, "type");
	hk_json_write_array_begin(writer);
	hk_json_write_string(writer, "string");
	hk_json_write_string(writer, "number");
	hk_json_write_array_end(writer);
	hki_schema_default(writer, key);
}

const hki_kind hki_kind_duration = { .wants = "a duration such as 10s or 250ms",
	.read = read_duration,
	.absent = no_quantity,
	.write = write_duration,
	.schema = schema_quantity };

const hki_kind hki_kind_size = { .wants = "a size such as 512M",
	.read = read_size,
	.absent = no_quantity,
	.write = write_size,
	.schema = schema_quantity };
