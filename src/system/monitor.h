#ifndef HKI_SYSTEM_MONITOR_H
#define HKI_SYSTEM_MONITOR_H

#include <hostkit/system.h>
#include <hostkit/system_monitor.h>
#include <hostkit/system_process.h>
#include <stdbool.h>

/* The inside of a monitor: what it looks at (monitor_sources.c), and when (monitor.c). */

#define HKI_MONITOR_SERIES_MAX 9

/* One section and its history. */
typedef struct hki_monitor_series {
	uint32_t section;
	const hk_record_type *type;
	hk_system_history *history;
} hki_monitor_series;

struct hk_system_monitor {
	hk_timer *timer;
	uint32_t source;
	int32_t pid;
	uint64_t start_ticks;
	uint64_t inode;
	hk_system_monitor_fn on_sample;
	hk_system_monitor_fn on_end;
	void *user;

	hki_monitor_series series[HKI_MONITOR_SERIES_MAX];
	size_t series_count;
	uint32_t sections;
	uint64_t missed;

	hk_system *host;
	hk_system_processes *table;
	const hk_system_process *row; /* PROCESS: of the latest look */
	hk_system_self_info self;
	double self_cpu_s; /* at the look before */
	uint64_t self_ns;  /* when that was; 0: there was none */

	bool ended;  /* PROCESS: it has */
	bool inside; /* a callback is running */
	bool freed;  /* inside it */
};

/* Fill in the series for the source and make what it looks with.  0 or an error. */
int hki_monitor_open(hk_system_monitor *monitor, const hk_system_monitor_opts *opts);
void hki_monitor_close(hk_system_monitor *monitor);

/* Look once.  0 or an error. */
int hki_monitor_look(hk_system_monitor *monitor, uint64_t now_ns);

/* Keep what the last look saw.  0 or an error. */
int hki_monitor_keep(hk_system_monitor *monitor, uint64_t now_ns);

/* The record of a section that is one record, or NULL. */
const void *hki_monitor_record(const hk_system_monitor *monitor, uint32_t section);

#endif /* HKI_SYSTEM_MONITOR_H */
