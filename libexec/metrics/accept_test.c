#include "accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void is_text(const char *header)
{
	assert_int_equal(HK_METRICS_PROMETHEUS, accept_format(header));
}

static void is_open(const char *header)
{
	assert_int_equal(HK_METRICS_OPENMETRICS, accept_format(header));
}

static void whoever_does_not_say_gets_the_text_format(void **state)
{
	(void) state;
	is_text(NULL);
	is_text("");
	is_text("*/*");
	is_text("text/html, application/xhtml+xml;q=0.9, */*;q=0.8");
}

static void what_prometheus_sends_asks_for_openmetrics(void **state)
{
	(void) state;
	is_open("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		"version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
	is_open("application/openmetrics-text");
	is_open("Application/OpenMetrics-Text ; version=1.0.0 ; q=0.8, text/plain;q=0.7");
}

static void weights_decide(void **state)
{
	(void) state;
	is_text("application/openmetrics-text;version=1.0.0;q=0.3,text/plain;q=0.5");
	is_open("text/plain;q=0.25, application/openmetrics-text;q=0.250");
	is_text("application/openmetrics-text;q=0");
	is_text("application/openmetrics-text;q=nonsense");
}

static void versions_that_we_do_not_speak_do_not_count(void **state)
{
	(void) state;
	is_text("application/openmetrics-text;version=0.0.1,text/plain");
	is_text("application/openmetrics-text;version=2.0.0");
}

static void half_a_header_is_no_trap(void **state)
{
	(void) state;
	is_text(",,,;;;q=,;q");
	is_text("application/openmetrics-textual");
	is_open("application/openmetrics-text;");
	is_open("application/openmetrics-text;q=1.999999999999999999");
	is_text(" ; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_does_not_say_gets_the_text_format),
		cmocka_unit_test(what_prometheus_sends_asks_for_openmetrics),
		cmocka_unit_test(weights_decide),
		cmocka_unit_test(versions_that_we_do_not_speak_do_not_count),
		cmocka_unit_test(half_a_header_is_no_trap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
