/*
 * From two looks at a process to a rate.  Counters that run backwards (a thread
 * that ended between two reads) count as standing still, never as a huge number;
 * a row's first look gives no rate, and that is not a rate of 0.
 */
#include "system/process_table.h"

#include <string.h>
#include "base/clock.h"

static double seconds(uint64_t ns)
{
	return (double) ns / (double) HKI_NS_PER_S;
}

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* ---- processor time ---- */

/* A walk may be repeated within a sample.  Between the two looks lies no interval that
 * anybody could take a rate over. */
static bool is_looked_at(const hk_system_processes *table, const hki_row *row)
{
	return !row->fresh && table->now_ns != 0 && row->time_ns >= table->now_ns;
}

void hki_row_look(const hk_system_processes *table, hki_row *row, const hki_look *look)
{
	/* An exact look may know no ticks; the look before may know nothing else. */
	uint64_t ticks =
	    look->ticks != 0 ? look->ticks : look->runtime_ns / table->tick_ns;
	uint64_t ran = look->exact && row->exact
			   ? grown(look->runtime_ns, row->totals.runtime_ns)
			   : grown(ticks, row->ticks) * table->tick_ns;
	uint64_t interval = grown(look->time_ns, row->time_ns);

	if (is_looked_at(table, row))
		return;
	if (!row->fresh && interval > 0) {
		row->row.cpu_percent = 100.0 * (double) ran / (double) interval;
		row->moving = ran > 0;
		hki_row_set(table, row, HK_SYSTEM_PROCESS_CPU_PERCENT);
	}
	if (look->runtime_ns > row->totals.runtime_ns || look->exact != row->exact)
		row->totals.runtime_ns = look->runtime_ns;
	row->exact = look->exact;
	row->ticks = ticks;
	row->time_ns = look->time_ns;
	row->fresh = false;
}

void hki_row_rest(const hk_system_processes *table, hki_row *row, uint64_t time_ns)
{
	if (is_looked_at(table, row))
		return;
	if (row->moving)
		row->row.cpu_percent = 0;
	row->moving = false;
	row->time_ns = time_ns;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_CPU_PERCENT);
}

void hki_row_set_cpu(
    hki_row *row, uint64_t runtime_ns, uint64_t user_ns, uint64_t system_ns)
{
	row->row.cpu_s = seconds(runtime_ns);
	row->row.cpu_user_s = seconds(user_ns);
	row->row.cpu_system_s = seconds(system_ns);
}

/* ---- storage ---- */

static bool is_io_looked_at(const hk_system_processes *table, const hki_row *row)
{
	return row->io_time_ns != 0 && table->now_ns != 0 &&
	       row->io_time_ns >= table->now_ns;
}

void hki_row_look_io(const hk_system_processes *table, hki_row *row, uint64_t read_bytes,
    uint64_t written_bytes, uint64_t time_ns)
{
	uint64_t interval = grown(time_ns, row->io_time_ns);

	if (is_io_looked_at(table, row))
		return;
	if (row->io_time_ns != 0 && interval > 0) {
		uint64_t read = grown(read_bytes, row->totals.read_bytes);
		uint64_t written = grown(written_bytes, row->totals.written_bytes);

		row->row.read_bytes_per_s = (double) read / seconds(interval);
		row->row.written_bytes_per_s = (double) written / seconds(interval);
		row->io_moving = read > 0 || written > 0;
		hki_row_set(table, row, HK_SYSTEM_PROCESS_READ_RATE);
		hki_row_set(table, row, HK_SYSTEM_PROCESS_WRITE_RATE);
	}
	if (read_bytes > row->totals.read_bytes)
		row->totals.read_bytes = read_bytes;
	if (written_bytes > row->totals.written_bytes)
		row->totals.written_bytes = written_bytes;
	row->io_time_ns = time_ns;
}

void hki_row_rest_io(const hk_system_processes *table, hki_row *row, uint64_t time_ns)
{
	if (is_io_looked_at(table, row))
		return;
	if (row->io_time_ns == 0)
		return;
	if (row->io_moving) {
		row->row.read_bytes_per_s = 0;
		row->row.written_bytes_per_s = 0;
	}
	row->io_moving = false;
	row->io_time_ns = time_ns;
	hki_row_set(table, row, HK_SYSTEM_PROCESS_READ_RATE);
	hki_row_set(table, row, HK_SYSTEM_PROCESS_WRITE_RATE);
}

/* ---- plain values ---- */

void hki_row_set_rss(const hk_system_processes *table, hki_row *row, uint64_t bytes)
{
	row->row.rss_bytes = bytes;
	row->row.memory_percent = (double) bytes * table->percent_a_byte;
}

void hki_row_show_always(const hk_system_processes *table, hki_row *row)
{
	static const uint64_t later = UINT64_C(1) << HK_SYSTEM_PROCESS_CPU_PERCENT |
				      UINT64_C(1) << HK_SYSTEM_PROCESS_INODE |
				      UINT64_C(1) << HK_SYSTEM_PROCESS_MEMORY_PERCENT;
	uint64_t all = (UINT64_C(2) << HK_SYSTEM_PROCESS_VIRTUAL) - 1;

	row->row.record.present[0] |= all & ~later;
	row->row.record.denied[0] &= ~all;
	if (table->percent_a_byte > 0)
		hki_row_set(table, row, HK_SYSTEM_PROCESS_MEMORY_PERCENT);
}

void hki_row_set_start(
    const hk_system_processes *table, hki_row *row, uint64_t start_ticks)
{
	uint64_t start_ns =
	    row->start_ns != 0 ? row->start_ns : start_ticks * table->tick_ns;

	row->row.start_ticks = start_ticks;
	row->row.start_time_s = table->boot_time_s + seconds(start_ns);
}

void hki_row_set_name(hki_row *row, const char *name, size_t length)
{
	if (length >= sizeof(row->name))
		length = sizeof(row->name) - 1;
	memcpy(row->name, name, length);
	row->name[length] = '\0';
}

int32_t hki_state_of(char letter)
{
	switch (letter) {
	case 'R':
		return HK_SYSTEM_STATE_RUNNING;
	case 'D':
		return HK_SYSTEM_STATE_DISK_SLEEP;
	case 'T':
		return HK_SYSTEM_STATE_STOPPED;
	case 't':
		return HK_SYSTEM_STATE_TRACING_STOP;
	case 'Z':
		return HK_SYSTEM_STATE_ZOMBIE;
	case 'X':
	case 'x':
		return HK_SYSTEM_STATE_DEAD;
	case 'I':
		return HK_SYSTEM_STATE_IDLE;
	case 'P':
		return HK_SYSTEM_STATE_PARKED;
	default:
		/* S, and K and W of old kernels: asleep in their own way. */
		return HK_SYSTEM_STATE_SLEEPING;
	}
}
