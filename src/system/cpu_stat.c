/*
 * /proc/stat, and what follows from two readings of it.
 *
 * Lines are known by the number in their name, never by position: processors that
 * are offline have none.  Time in guests is part of user and nice, so it counts
 * once.  idle and iowait of the kernel run backwards now and then, a little: such
 * a column stands still until it has caught up.
 */
#include "system/cpu.h"

#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/array.h"

/* node_exporter settled for this: no rounding goes further, no reset less far. */
#define BACK_S 3

static const struct {
	const char *key;
	unsigned int value;
} keys[] = {
	{ "ctxt", HKI_STAT_CONTEXT_SWITCHES },
	{ "intr", HKI_STAT_INTERRUPTS },
	{ "softirq", HKI_STAT_SOFT_INTERRUPTS },
	{ "processes", HKI_STAT_FORKS },
	{ "procs_running", HKI_STAT_RUNNING },
	{ "procs_blocked", HKI_STAT_BLOCKED },
	{ "btime", HKI_STAT_BOOT_TIME },
};

void hki_cpu_stat_deinit(hki_cpu_stat *stat)
{
	hki_free(stat->cpus);
	*stat = (hki_cpu_stat){ .cpus = NULL };
}

static bool parse_ticks(hki_cpu_ticks *out, hki_scan line)
{
	hki_cpu_ticks ticks = { .count = 0 };

	while (ticks.count < HKI_CPU_COLUMNS &&
	       hki_scan_number(&ticks.ticks[ticks.count], &line))
		ticks.count++;
	*out = ticks;
	/* The first four have always been there. */
	return ticks.count > HKI_CPU_IDLE;
}

static int parse_cpu(hki_cpu_stat *out, hki_scan line)
{
	hki_cpu_line cpu;
	int r;

	if (line.at < line.end && *line.at == ' ')
		return parse_ticks(&out->total, line) ? 0 : HK_EPARSE;
	if (!hki_scan_number(&cpu.number, &line) || !parse_ticks(&cpu.ticks, line))
		return HK_EPARSE;
	r = hki_grow(
	    (void **) &out->cpus, &out->capacity, out->count + 1, sizeof(*out->cpus));
	if (r < 0)
		return r;
	out->cpus[out->count++] = cpu;
	return 0;
}

static void parse_value(hki_cpu_stat *out, hki_scan line)
{
	hki_scan key;

	if (!hki_scan_word(&key, &line))
		return;
	for (size_t i = 0; i < HKI_COUNT(keys); i++)
		if (hki_scan_is(key, keys[i].key) &&
		    hki_scan_number(&out->values[keys[i].value], &line))
			out->present |= UINT32_C(1) << keys[i].value;
}

int hki_cpu_stat_parse(hki_cpu_stat *out, hki_scan text)
{
	hki_scan line;
	int r = 0;

	out->count = 0;
	out->present = 0;
	out->total.count = 0;
	while (r == 0 && hki_scan_line(&line, &text)) {
		if (hki_scan_skip(&line, "cpu"))
			r = parse_cpu(out, line);
		else
			parse_value(out, line);
	}
	if (r < 0)
		return r;
	return out->total.count > 0 ? 0 : HK_EPARSE;
}

bool hki_cpu_follow(hki_cpu_ticks *now, const hki_cpu_ticks *before, uint64_t ticks_per_s)
{
	for (unsigned int i = 0; i < now->count && i < before->count; i++)
		if (now->ticks[i] < before->ticks[i] &&
		    before->ticks[i] - now->ticks[i] > BACK_S * ticks_per_s)
			return false;
	for (unsigned int i = 0; i < now->count && i < before->count; i++)
		if (now->ticks[i] < before->ticks[i])
			now->ticks[i] = before->ticks[i];
	return true;
}

/* Ticks of the interval, a column each; those a kernel lacks are 0. */
static void subtract(
    uint64_t out[HKI_CPU_COLUMNS], const hki_cpu_ticks *now, const hki_cpu_ticks *before)
{
	for (unsigned int i = 0; i < HKI_CPU_COLUMNS; i++)
		out[i] = i < now->count && i < before->count &&
				 now->ticks[i] > before->ticks[i]
			     ? now->ticks[i] - before->ticks[i]
			     : 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

bool hki_cpu_share(hk_system_cpu_shares *out, double *out_used_percent,
    const hki_cpu_ticks *now, const hki_cpu_ticks *before)
{
	hk_system_cpu_shares shares = { .user = 0 };
	uint64_t spent[HKI_CPU_COLUMNS];
	double all = 0;
	double worked = 0;

	subtract(spent, now, before);
	for (unsigned int i = 0; i <= HKI_CPU_STEAL; i++) {
		all += (double) spent[i];
		if (i != HKI_CPU_IDLE && i != HKI_CPU_IOWAIT && i != HKI_CPU_STEAL)
			worked += (double) spent[i];
	}
	/* Below it is multiplied first: 100.0 / 11 * 11 is more than 100. */
	if (!(all > 0))
		return false;
#define SHARE(member, column, ticks)                                                     \
	if (now->count > (column))                                                       \
	HKI_PUT(cpu_shares, &shares, member, 100.0 * (double) (ticks) / all)
	SHARE(user, HKI_CPU_USER, less(spent[HKI_CPU_USER], spent[HKI_CPU_GUEST]));
	SHARE(nice, HKI_CPU_NICE, less(spent[HKI_CPU_NICE], spent[HKI_CPU_GUEST_NICE]));
	SHARE(system, HKI_CPU_SYSTEM, spent[HKI_CPU_SYSTEM]);
	SHARE(idle, HKI_CPU_IDLE, spent[HKI_CPU_IDLE]);
	SHARE(iowait, HKI_CPU_IOWAIT, spent[HKI_CPU_IOWAIT]);
	SHARE(irq, HKI_CPU_IRQ, spent[HKI_CPU_IRQ]);
	SHARE(softirq, HKI_CPU_SOFTIRQ, spent[HKI_CPU_SOFTIRQ]);
	SHARE(steal, HKI_CPU_STEAL, spent[HKI_CPU_STEAL]);
	SHARE(guest, HKI_CPU_GUEST,
	    (double) spent[HKI_CPU_GUEST] + (double) spent[HKI_CPU_GUEST_NICE]);
#undef SHARE
	*out_used_percent = 100.0 * worked / all;
	*out = shares;
	return true;
}
