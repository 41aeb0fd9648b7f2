/*
 * Resource limits and CPU lists as people write them: "1024", "64K:1M",
 * "unlimited", "0,2-3".
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/quantity.h"
#include "exit.h"
#include "output/fail.h"
#include "run.h"
#include "values.h"

/* A number above the largest kernel configuration; more is a slip of the finger. */
#define CPU_MAX 8191

/* CPU seconds and real-time microseconds are what setrlimit(2) counts in. */
static int read_time(uint64_t *out, const char *text, uint64_t unit_ns)
{
	uint64_t ns;
	int r = hki_duration_parse(&ns, text);

	if (r < 0)
		return r;
	*out = ns / unit_ns + (ns % unit_ns != 0);
	return 0;
}

static int read_bound(uint64_t *out, int resource, const char *text)
{
	if (strcmp(text, "unlimited") == 0) {
		*out = UINT64_MAX;
		return 0;
	}
	switch (resource) {
	case RLIMIT_CPU:
		return read_time(out, text, HKI_NS_PER_S);
	case RLIMIT_RTTIME:
		return read_time(out, text, HKI_NS_PER_US);
	case RLIMIT_LOCKS:
	case RLIMIT_NICE:
	case RLIMIT_NOFILE:
	case RLIMIT_NPROC:
	case RLIMIT_RTPRIO:
	case RLIMIT_SIGPENDING:
		return hki_uint64_parse(out, text);
	default:
		return hki_size_parse(out, text);
	}
}

int run_limit_read(hk_process_limit *out, const cmd_call *call, const cmd_given *given)
{
	const char *colon = strchr(given->value, ':');
	size_t length =
	    colon != NULL ? (size_t) (colon - given->value) : strlen(given->value);
	hki_cleanup(hki_freep) char *soft = hki_strndup(given->value, length);
	hk_process_limit limit = { .resource = given->option->id - RUN_LIMIT };

	if (soft == NULL)
		return cmd_fail(
		    &call->output, CMD_EXIT_RUN_FAILED, -ENOMEM, NULL, "limit");
	if (read_bound(&limit.soft, limit.resource, soft) < 0 ||
	    read_bound(&limit.hard, limit.resource, colon != NULL ? colon + 1 : soft) < 0)
		return cmd_value_fail(call, given, "a limit",
		    "write a number with its unit, unlimited, or both limits as "
		    "SOFT:HARD");
	if (limit.soft > limit.hard)
		return cmd_value_fail(
		    call, given, "a limit", "the first number may not exceed the second");
	*out = limit;
	return 0;
}

/* "2" or "2-5" at the start of @text.  Returns how many bytes it took, or 0. */
static size_t read_range(uint64_t *first, uint64_t *last, const char *text)
{
	size_t length = strcspn(text, ",");
	char part[24], *dash;

	if (length == 0 || length >= sizeof(part))
		return 0;
	memcpy(part, text, length);
	part[length] = '\0';
	dash = strchr(part, '-');
	if (dash != NULL)
		*dash = '\0';
	if (hki_uint64_parse(first, part) < 0 ||
	    hki_uint64_parse(last, dash != NULL ? dash + 1 : part) < 0)
		return 0;
	return *first <= *last && *last <= CPU_MAX ? length : 0;
}

int run_cpus_read(
    uint32_t **out, size_t *out_count, const cmd_call *call, const cmd_given *given)
{
	hki_cleanup(hki_freep) uint32_t *cpus =
	    hki_alloc_array(CPU_MAX + 1, sizeof(uint32_t));
	const char *text = given->value;
	bool seen[CPU_MAX + 1] = { false };
	size_t count = 0;

	if (cpus == NULL)
		return cmd_fail(
		    &call->output, CMD_EXIT_RUN_FAILED, -ENOMEM, NULL, "affinity");
	for (;;) {
		uint64_t first, last;
		size_t length = read_range(&first, &last, text);

		if (length == 0)
			return cmd_value_fail(
			    call, given, "a list of CPUs", "write 0,2-3");
		for (uint64_t cpu = first; cpu <= last; cpu++) {
			if (!seen[cpu])
				cpus[count++] = (uint32_t) cpu;
			seen[cpu] = true;
		}
		text += length;
		if (*text == '\0')
			break;
		text++;
	}
	*out = hki_take(cpus);
	*out_count = count;
	return 0;
}
