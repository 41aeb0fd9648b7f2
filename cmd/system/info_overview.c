/*
 * The machine at a glance, in eighty columns: who it is, how busy, how full.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "../output/colour.h"
#include "base/clock.h"
#include "base/quantity.h"
#include "info.h"

static void add_word(info_page *page, const char *text, bool *first)
{
	if (text == NULL)
		return;
	if (!*first)
		info_add(page, ", ");
	info_add_text(page, text);
	*first = false;
}

static void add_host(info_page *page, const hk_system *system)
{
	const hk_system_host *host = hk_system_get_host(system);
	const hk_system_load *load = hk_system_get_load(system);
	char up[HKI_QUANTITY_TEXT_MAX];
	bool first = true;

	info_add(page, "%s", cmd_colour_begin(page->colour, CMD_STYLE_STRONG));
	info_add_text(page, host->hostname != NULL ? host->hostname : "this machine");
	info_add(page, "%s: ", cmd_colour_end(page->colour));
	add_word(page, host->distribution, &first);
	if (host->kernel != NULL) {
		add_word(page, "Linux ", &first);
		info_add_text(page, host->kernel);
	}
	add_word(page, host->arch, &first);
	add_word(page, host->virtualisation, &first);
	add_word(page, host->container, &first);
	(void) hki_duration_format(
	    up, sizeof(up), (uint64_t) (host->uptime_s * HKI_NS_PER_S));
	info_add(page, "\nup %s", up);
	if (INFO_HAS(load, load, load_15))
		info_add(page, ", load %.2f %.2f %.2f", load->load_1, load->load_5,
		    load->load_15);
	if (INFO_HAS(load, load, tasks))
		info_add(page, ", %llu tasks", (unsigned long long) load->tasks);
	if (INFO_HAS(host, host, sessions))
		info_add(page, ", %llu %s", (unsigned long long) host->sessions,
		    host->sessions == 1 ? "session" : "sessions");
	if (host->user.name != NULL) {
		info_add(page, ", you are ");
		info_add_text(page, host->user.name);
	}
	info_add(page, "\n\n");
}

static void add_cpu(info_page *page, const hk_system *system)
{
	const hk_system_cpu *cpu = hk_system_get_cpu(system);
	const hk_system_cpu_shares *shares = &cpu->shares_percent;

	info_label(page, "cpu");
	if (INFO_HAS(cpu, cpu, used_percent)) {
		info_bar(page, cpu->used_percent);
		info_add(page, "  user %.0f%% system %.0f%%", shares->user + shares->nice,
		    shares->system + shares->irq + shares->softirq);
		if (shares->iowait >= 0.5)
			info_add(page, " iowait %.0f%%", shares->iowait);
		if (shares->steal >= 0.5)
			info_add(page, " steal %.0f%%", shares->steal);
		info_add(page, "\n");
		info_label(page, "");
	}
	if (INFO_HAS(cpu, cpu, online))
		info_add(page, "%llu of %llu usable", (unsigned long long) cpu->usable,
		    (unsigned long long) cpu->online);
	else
		info_add(page, "-");
	if (cpu->model != NULL) {
		info_add(page, ", ");
		info_add_text(page, cpu->model);
	}
	info_add(page, "\n");
}

static void add_memory(info_page *page, const hk_system *system)
{
	const hk_system_memory *memory = hk_system_get_memory(system);

	info_label(page, "memory");
	if (INFO_HAS(memory, memory, used_percent)) {
		info_bar(page, memory->used_percent);
		info_add(page, "  ");
		info_size(page, memory->used_bytes);
		info_add(page, " of ");
		info_size(page, memory->total_bytes);
		info_add(page, ", ");
		info_size(page, memory->available_bytes);
		info_add(page, " available\n");
	} else {
		info_add(page, "-\n");
	}
	info_label(page, "swap");
	if (INFO_HAS(memory, memory, swap_used_percent)) {
		info_bar(page, memory->swap_used_percent);
		info_add(page, "  ");
		info_size(page, memory->swap_used_bytes);
		info_add(page, " of ");
		info_size(page, memory->swap_total_bytes);
		info_add(page, "\n");
	} else {
		bool known = INFO_HAS(memory, memory, swap_total_bytes);

		info_add(page, known ? "none\n" : "-\n");
	}
}

static void add_limits(info_page *page, const hk_system *system)
{
	const hk_system_limits *limits = hk_system_get_limits(system);
	const char *separator = "";

	if (!INFO_HAS(limits, limits, memory_limit_bytes) &&
	    !INFO_HAS(budget, &limits->cpu, quota_cpus))
		return;
	info_label(page, "limits");
	if (INFO_HAS(limits, limits, memory_limit_bytes)) {
		info_add(page, "memory ");
		info_size(page, limits->memory_limit_bytes);
		if (INFO_HAS(limits, limits, memory_working_set_bytes)) {
			info_add(page, ", used ");
			info_size(page, limits->memory_working_set_bytes);
		}
		separator = ", ";
	}
	if (INFO_HAS(budget, &limits->cpu, quota_cpus))
		info_add(page, "%s%.2f processors", separator, limits->cpu.quota_cpus);
	info_add(page, "\n");
}

static void add_pressure(info_page *page, const hk_system *system)
{
	const hk_system_pressure *pressure = hk_system_get_pressure(system);

	if (!INFO_HAS(pressure, pressure, cpu))
		return;
	info_label(page, "pressure");
	info_add(page, "cpu %.1f%%", pressure->cpu.some.average_10s_percent);
	if (INFO_HAS(pressure, pressure, memory))
		info_add(
		    page, "  memory %.1f%%", pressure->memory.some.average_10s_percent);
	if (INFO_HAS(pressure, pressure, io))
		info_add(page, "  io %.1f%%", pressure->io.some.average_10s_percent);
	info_add(page, "  of the last 10s\n");
}

static void add_oom(info_page *page, const hk_system *system)
{
	const hk_system_vmstat *vmstat = hk_system_get_vmstat(system);

	if (!INFO_HAS(vmstat, vmstat, oom_kills) || vmstat->oom_kills == 0)
		return;
	info_label(page, "oom");
	info_add(page, "%llu processes killed for lack of memory since boot\n",
	    (unsigned long long) vmstat->oom_kills);
}

/* What this kernel or machine does not have is no failure, and is left out. */
static bool has_failed(const info_section *section, const hk_system *system)
{
	int error = info_error(section, system);

	return error != 0 && error != -ENOENT && error != -ENODEV && error != -ENODATA &&
	       error != -EOPNOTSUPP;
}

/* So that an empty table is not taken for an empty machine. */
static void add_failures(info_page *page, const hk_system *system)
{
	const char *separator = "";
	int error = 0;

	for (const info_section *at = info_sections; at->name != NULL; at++) {
		if (!has_failed(at, system))
			continue;
		if (error == 0)
			info_label(page, "not read");
		error = info_error(at, system);
		info_add(page, "%s%s: %s\n", separator, at->name, hk_error_text(error));
		separator = "          ";
	}
}

int info_print_overview(const cmd_call *call, const hk_system *system)
{
	const hk_system_sensors *sensors = hk_system_get_sensors(system);
	info_page page;
	int r;

	info_page_begin(&page, call);
	add_host(&page, system);
	add_cpu(&page, system);
	add_memory(&page, system);
	add_limits(&page, system);
	add_pressure(&page, system);
	add_oom(&page, system);
	add_failures(&page, system);
	info_add(&page, "\n");
	if ((r = info_page_end(&page, call)) != 0 ||
	    (r = info_table_filesystems(call, system,
		 "mount,total_bytes,used_bytes,available_bytes,used_percent")) != 0)
		return r;
	printf("\n");
	if ((r = info_table_disks(call, system,
		 "name,size_bytes,read_bytes_per_s,written_bytes_per_s,reads_per_s,"
		 "writes_per_s,busy_percent")) != 0)
		return r;
	printf("\n");
	if ((r = info_table_networks(call, system,
		 "name,addresses,receive_bytes_per_s,transmit_bytes_per_s")) != 0)
		return r;
	if (sensors->sensors.count == 0 && sensors->batteries.count == 0)
		return 0;
	printf("\n");
	return info_print_sensors(call, system);
}
