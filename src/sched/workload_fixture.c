/* Reading a workload from a text in a test. */
#include "sched/workload_fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

int read_text(
    hk_sched_workload **out, const char *text, hk_error_list *errors, uint32_t real)
{
	hk_sched_read_opts opts = HK_SCHED_READ_OPTS_INIT;

	opts.source = "in";
	opts.real = real;
	return hk_sched_workload_read(out, text, strlen(text), &opts, errors);
}

hk_sched_workload *read_good(const char *text)
{
	hk_sched_workload *workload = NULL;
	hk_error_list *errors;
	char line[256] = "";
	int r;

	assert_int_equal(0, hk_error_list_new(&errors));
	r = read_text(&workload, text, errors, 0);
	if (r < 0) {
		if (hk_error_list_get(errors, 0) != NULL)
			(void) hk_error_format(
			    line, sizeof(line), hk_error_list_get(errors, 0));
		fail_msg("%s: %s", hk_error_name(r), line);
	}
	hk_error_list_free(errors);
	return workload;
}
