/* Values as V8 itself has written them, and what each of them is in JSON. */
#include "ipc/node_captures_test.h"

#include "base/array.h"

const capture captures[] = {
	{ "ff0f30", "null", 0 }, { "ff0f5f", "{\"$undefined\":true}", 1 },
	{ "ff0f54", "true", 0 }, { "ff0f46", "false", 0 }, { "ff0f4900", "0", 0 },
	{ "ff0f4e0000000000000080", "-0", 0 }, { "ff0f4909", "-5", 0 },
	{ "ff0f55ffffffff0f", "4294967295", 0 },
	{ "ff0f4e000000000000e041", "2147483648", 0 },
	{ "ff0f4e9a9999999999b93f", "0.1", 0 },
	{ "ff0f4e000000000000f87f", "{\"$number\":\"NaN\"}", 1 },
	{ "ff0f4e000000000000f07f", "{\"$number\":\"Infinity\"}", 1 },
	{ "ff0f4e000000000000f0ff", "{\"$number\":\"-Infinity\"}", 1 },
	{ "ff0f22026869", "\"hi\"", 0 }, { "ff0f2201e9", "\"é\"", 0 },
	{ "ff0f6306ac203dd800de", "\"€😀\"", 0 },
	{ "ff0f6306610000d86200",
	    "\"a\xef\xbf\xbd"
	    "b\"",
	    0 },
	{ "ff0f2203610062", "\"a\\u0000b\"", 0 }, { "ff0f5303c3a961", "\"éa\"", 0 },
	{ "ff0f5a107b00000000000000", "{\"$bigint\":\"123\"}", 1 },
	{ "ff0f5a2100000000000000000100000000000000",
	    "{\"$bigint\":\"-18446744073709551616\"}", 1 },
	{ "ff0f5a00", "{\"$bigint\":\"0\"}", 1 },
	{ "ff0f440000000000000000", "{\"$date\":\"1970-01-01T00:00:00.000Z\"}", 1 },
	{ "ff0f44000000000000f0bf", "{\"$date\":\"1969-12-31T23:59:59.999Z\"}", 1 },
	{ "ff0f44000000000000f87f", "{\"$date\":null}", 1 },
	{ "ff0f522205612b5c2fe903", "{\"$regexp\":\"a+\\\\/é\",\"$flags\":\"gi\"}", 1 },
	{ "ff0f522201788003", "{\"$regexp\":\"x\",\"$flags\":\"dv\"}", 1 },
	{ "ff0f4103490222016130240003", "[1,\"a\",null]", 0 },
	{ "ff0f41024902"
	  "2d240002",
	    "[1,{\"$hole\":true}]", 1 },
	{ "ff0f61034900490249044906400203",
	    "{\"$sparse\":{\"0\":1,\"2\":3},\"$length\":3}", 1 },
	{ "ff0f61024900490e4902490e400202", "[7,7]", 0 },
	{ "ff0f61024900490e4902490e22016b4904400302",
	    "{\"$array\":[7,7],\"$members\":{\"k\":2}}", 1 },
	{ "ff0f4101490222016b4904240101", "{\"$array\":[1],\"$members\":{\"k\":2}}", 1 },
	{ "ff0f616549c8014902400165", "{\"$sparse\":{\"100\":1},\"$length\":101}", 1 },
	{ "ff0f4100240000", "[]", 0 },
	{ "ff0f6f22016149022201626f22016341002400007b017b02",
	    "{\"a\":1,\"b\":{\"c\":[]}}", 0 },
	{ "ff0f6f490a490222017849047b02", "{\"5\":1,\"x\":2}", 0 },
	{ "ff0f6f2205246461746549027b01", "{\"$object\":{\"$date\":1}}", 1 },
	{ "ff0f6f7b00", "{}", 0 },
	{ "ff0f3b4902490422016b6f7b003a04", "{\"$map\":[[1,2],[\"k\",{}]]}", 1 },
	{ "ff0f2749022201612c02", "{\"$set\":[1,\"a\"]}", 1 },
	{ "ff0f72546d2203626f6f6372526d220464656570732201732e732215547970654572726f723a"
	  "20626f6f0a2020617420782e",
	    "{\"$error\":\"TypeError\",\"message\":\"boo\",\"cause\":{\"$error\":"
	    "\"RangeError\",\"message\":\"deep\",\"stack\":\"s\"},\"stack\":"
	    "\"TypeError: boo\\n  at x\"}",
	    1 },
	{ "ff0f722e", "{\"$error\":\"Error\"}", 1 },
	{ "ff0f41046e000000000000f03f73220178797a100500000000000000240004",
	    "[{\"$boxed\":1},{\"$boxed\":\"x\"},{\"$boxed\":true},{\"$boxed\":{"
	    "\"$bigint\":\"5\"}}]",
	    1 },
	{ "ff0f6e000000000000f07f", "{\"$boxed\":{\"$number\":\"Infinity\"}}", 1 },
	{ "ff0f5c000a026869", "{\"$bytes\":\"aGk=\",\"$type\":\"Buffer\"}", 1 },
	{ "ff0f5c0001020102", "{\"$bytes\":\"AQI=\",\"$type\":\"Uint8Array\"}", 1 },
	{ "ff0f5c000808000000000000f83f",
	    "{\"$bytes\":\"AAAAAAAA+D8=\",\"$type\":\"Float64Array\"}", 1 },
	{ "ff0f5c000d02003c", "{\"$bytes\":\"ADw=\",\"$type\":\"Float16Array\"}", 1 },
	{ "ff0f5c0009020000", "{\"$bytes\":\"AAA=\",\"$type\":\"DataView\"}", 1 },
	{ "ff0f4203000000", "{\"$bytes\":\"AAAA\",\"$type\":\"ArrayBuffer\"}", 1 },
	/* a view of a kind there is not */
	{ "ff0f42040102030456770202"
	  "00",
	    "{\"$bytes\":\"AwQ=\",\"$type\":\"Int16Array\"}", 1 },
	{ "ff0d4204010203045677"
	  "0202",
	    "{\"$bytes\":\"AwQ=\",\"$type\":\"Int16Array\"}", 1 },
	{ "ff0f5c000b080100000000000000",
	    "{\"$bytes\":\"AQAAAAAAAAA=\",\"$type\":\"BigInt64Array\"}", 1 },
	{ "ff0f5c016f22016149027b01", "{\"a\":1}", 0 }, /* an object of the host */
	{ "ff0f6f2201614902220473656c665e007b02", "{\"a\":1,\"self\":{\"$circular\":1}}",
	    1 },
	{ "ff0f41026f22017849027b015e01240002", "[{\"x\":1},{\"x\":1}]", 0 },
	{ "ff0f410249025e00240002", "[1,{\"$circular\":1}]", 1 },
	{ "ff0f3b22026d655e003a02", "{\"$map\":[[\"me\",{\"$circular\":1}]]}", 1 },
	{ "ff0f3f004902", "1", 0 }, /* with a count of objects in front */
};

const size_t capture_count = HKI_COUNT(captures);

size_t bytes_of(unsigned char *out, size_t capacity, const char *hex)
{
	size_t length = strlen(hex) / 2;

	assert_true(length <= capacity);
	for (size_t i = 0; i < length; i++) {
		unsigned int byte;

		assert_int_equal(1, sscanf(hex + 2 * i, "%2x", &byte));
		out[i] = (unsigned char) byte;
	}
	return length;
}

void assert_writes_as(const hk_ipc_values *values, const char *json, int tagged)
{
	hk_json_writer *writer;

	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	assert_int_equal(
	    tagged, hk_ipc_value_write_json(writer, hk_ipc_values_root(values)));
	assert_string_equal(json, hk_json_writer_text(writer, NULL));
	hk_json_writer_free(writer);
}
