#include "base/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const char *write_once(hki_envelope *envelope, hk_json_writer *writer)
{
	hk_json_writer_reset(writer);
	hk_json_write_object_begin(writer);
	hki_envelope_write(envelope, writer, "hostkit.event/1", 1706659200123456789);
	hk_json_write_object_end(writer);
	return hk_json_writer_text(writer, NULL);
}

static void events_are_numbered_without_gaps(void **state)
{
	hki_envelope envelope = { .host = "box", .boot_id = "b" };
	hk_json_writer *writer = NULL;

	(void) state;
	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	assert_string_equal("{\"schema\":\"hostkit.event/1\",\"host\":\"box\","
			    "\"boot_id\":\"b\",\"seq\":1,\"time_s\":1706659200.123457}",
	    write_once(&envelope, writer));
	write_once(&envelope, writer);
	assert_int_equal(2, envelope.seq);
	hk_json_writer_free(writer);
}

static void what_is_not_known_is_left_out(void **state)
{
	hki_envelope envelope = { .seq = 41 };
	hk_json_writer *writer = NULL;

	(void) state;
	assert_int_equal(0, hk_json_writer_new(&writer, 0));
	assert_string_equal(
	    "{\"schema\":\"hostkit.event/1\",\"seq\":42,\"time_s\":1706659200.123457}",
	    write_once(&envelope, writer));
	hk_json_writer_free(writer);
}

static void it_names_this_host_and_this_boot(void **state)
{
	hki_envelope envelope;
	char host[HOST_NAME_MAX + 1];

	(void) state;
	hki_envelope_init(&envelope);
	assert_int_equal(0, gethostname(host, sizeof(host)));
	assert_string_equal(host, envelope.host);
	assert_int_equal(0, envelope.seq);
	if (access("/proc/sys/kernel/random/boot_id", R_OK) != 0) {
		assert_string_equal("", envelope.boot_id);
		return;
	}
	assert_int_equal(HKI_ENVELOPE_BOOT_ID_LENGTH, strlen(envelope.boot_id));
	assert_int_equal('-', envelope.boot_id[8]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_numbered_without_gaps),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(it_names_this_host_and_this_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
