/*
 * One section at length: what it is about first, as bars, then its fields as a
 * card.
 */
#include <stdio.h>
#include <hostkit/system_process.h>
#include "../exit.h"
#include "../output/fail.h"
#include "../output/table.h"
#include "base/array.h"
#include "info.h"

static int print_card(
    const cmd_call *call, const hk_record_type *type, const void *record)
{
	return cmd_card_print(&call->output, stdout, type, record);
}

int info_print_host(const cmd_call *call, const hk_system *system)
{
	const hk_system_host *host = hk_system_get_host(system);
	const cmd_card_part parts[] = {
		{ &hk_system_host_type, host },
		{ &hk_system_user_type, &host->user },
	};

	return cmd_cards_print(&call->output, stdout, parts, HKI_COUNT(parts));
}

/* Where they are too many for the screen, the smallest shares leave. */
static void add_shares(info_page *page, const hk_system_cpu_shares *shares)
{
	const struct {
		const char *name;
		double percent;
	} all[] = {
		{ "user", shares->user },
		{ "nice", shares->nice },
		{ "system", shares->system },
		{ "irq", shares->irq + shares->softirq },
		{ "iowait", shares->iowait },
		{ "steal", shares->steal },
		{ "guest", shares->guest },
	};
	char text[256];
	size_t length;
	double least = 0.05;

	do {
		length = 0;
		text[0] = '\0';
		for (size_t i = 0; i < HKI_COUNT(all); i++)
			if (all[i].percent >= least)
				length += (size_t) snprintf(text + length,
				    sizeof(text) - length, "  %s %.1f%%", all[i].name,
				    all[i].percent);
		least *= 2;
	} while (length > info_room(page)); /* none is left beyond 100 % */
	info_add(page, "%s\n", text);
}

static void add_cpu_line(
    info_page *page, const char *label, double used, const hk_system_cpu_shares *shares)
{
	info_label(page, label);
	info_bar(page, used);
	add_shares(page, shares);
}

int info_print_cpu(const cmd_call *call, const hk_system *system)
{
	const hk_system_cpu *cpu = hk_system_get_cpu(system);
	const hk_system_core *cores = cpu->cpus.items;
	const cmd_card_part parts[] = {
		{ &hk_system_cpu_type, cpu },
		{ &hk_system_load_type, hk_system_get_load(system) },
	};
	info_page page;
	int r;

	info_page_begin(&page, call);
	if (INFO_HAS(cpu, cpu, used_percent))
		add_cpu_line(&page, "all", cpu->used_percent, &cpu->shares_percent);
	for (size_t i = 0; i < cpu->cpus.count; i++) {
		char label[16];

		if (!INFO_HAS(core, &cores[i], used_percent))
			continue;
		(void) snprintf(
		    label, sizeof(label), "%llu", (unsigned long long) cores[i].number);
		add_cpu_line(
		    &page, label, cores[i].used_percent, &cores[i].shares_percent);
	}
	info_add(&page, "\n");
	r = info_page_end(&page, call);
	if (r == 0)
		r = cmd_cards_print(&call->output, stdout, parts, HKI_COUNT(parts));
	if (r != 0 || cpu->caches.count == 0)
		return r;
	printf("\n");
	return cmd_table_print(&call->output, stdout,
	    &(cmd_table_opts){ .columns = NULL }, &hk_system_cache_type,
	    cpu->caches.items, cpu->caches.count);
}

int info_print_memory(const cmd_call *call, const hk_system *system)
{
	const hk_system_memory *memory = hk_system_get_memory(system);
	info_page page;
	int r;

	info_page_begin(&page, call);
	if (INFO_HAS(memory, memory, used_percent)) {
		info_label(&page, "memory");
		info_bar(&page, memory->used_percent);
		info_add(&page, "\n");
	}
	if (INFO_HAS(memory, memory, swap_used_percent)) {
		info_label(&page, "swap");
		info_bar(&page, memory->swap_used_percent);
		info_add(&page, "\n");
	}
	info_add(&page, "\n");
	r = info_page_end(&page, call);
	return r != 0 ? r : print_card(call, &hk_system_memory_type, memory);
}

int info_print_vmstat(const cmd_call *call, const hk_system *system)
{
	return print_card(call, &hk_system_vmstat_type, hk_system_get_vmstat(system));
}

static void add_stall(
    info_page *page, const char *resource, const char *kind, const hk_system_stall *stall)
{
	info_add(page, "%-8s %-4s", resource, kind);
	if (INFO_HAS(stall, stall, stalled_percent))
		info_add(page, " %7.2f%%", stall->stalled_percent);
	else
		info_add(page, " %8s", "-");
	info_add(page, " %7.2f%% %7.2f%% %7.2f%%  %12.3fs\n", stall->average_10s_percent,
	    stall->average_60s_percent, stall->average_300s_percent, stall->stalled_s);
}

static void add_stalls(
    info_page *page, const char *resource, bool present, const hk_system_stalls *stalls)
{
	if (present && INFO_HAS(stalls, stalls, some))
		add_stall(page, resource, "some", &stalls->some);
	if (present && INFO_HAS(stalls, stalls, full))
		add_stall(page, resource, "full", &stalls->full);
}

int info_print_pressure(const cmd_call *call, const hk_system *system)
{
	const hk_system_pressure *pressure = hk_system_get_pressure(system);
	info_page page;

	info_page_begin(&page, call);
	info_add(&page, "%-13s %8s %8s %8s %8s  %13s\n", "STALLED", "NOW", "10s", "60s",
	    "300s", "SINCE BOOT");
	add_stalls(&page, "cpu", INFO_HAS(pressure, pressure, cpu), &pressure->cpu);
	add_stalls(
	    &page, "memory", INFO_HAS(pressure, pressure, memory), &pressure->memory);
	add_stalls(&page, "io", INFO_HAS(pressure, pressure, io), &pressure->io);
	add_stalls(&page, "irq", INFO_HAS(pressure, pressure, irq), &pressure->irq);
	return info_page_end(&page, call);
}

int info_print_limits(const cmd_call *call, const hk_system *system)
{
	const hk_system_limits *limits = hk_system_get_limits(system);
	const cmd_card_part parts[] = {
		{ &hk_system_budget_type, &limits->cpu },
		{ &hk_system_limits_type, limits },
	};

	return cmd_cards_print(&call->output, stdout, parts, HKI_COUNT(parts));
}

int info_print_sockets(const cmd_call *call, const hk_system *system)
{
	return print_card(call, &hk_system_sockets_type, hk_system_get_sockets(system));
}

static bool is_shown(const hk_record_type *type, const void *record, unsigned int index)
{
	return hk_record_has(record, index) && type->fields[index].kind != HK_RECORD_LIST;
}

/* The record is a row of `ps` too, whose fields have no titles for a card. */
int info_print_self(const cmd_call *call, const hk_system *system)
{
	const hk_record_type *type = &hk_system_self_type;
	hk_system_self_info self;
	info_page page;
	int r = hk_system_self(&self);

	(void) system;
	if (r < 0)
		return cmd_fail(&call->output, cmd_exit_from_error(r), r, NULL,
		    "cannot read what this command has cost");
	info_page_begin(&page, call);
	for (unsigned int i = 0; i < type->field_count; i++) {
		char text[128];

		if (!is_shown(type, &self, i))
			continue;
		(void) hk_record_format(text, sizeof(text), type, &self, i);
		info_add(&page, "%-22s %s\n", type->fields[i].name, text);
	}
	return info_page_end(&page, call);
}
