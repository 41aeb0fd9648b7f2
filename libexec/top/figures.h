#ifndef HOSTKIT_LIBEXEC_TOP_FIGURES_H
#define HOSTKIT_LIBEXEC_TOP_FIGURES_H

#include <stdint.h>
#include <hostkit/record.h>
#include <hostkit/system.h>

/* What the upper part of the screen shows of one moment; kept in a history, so that
 * going back in time goes back there too. */
typedef struct top_figures {
	hk_record record;
	double cpu_percent;
	double user_percent;
	double system_percent;
	double iowait_percent;
	double steal_percent;
	double load_1;
	double load_5;
	double load_15;
	uint64_t running;
	uint64_t threads;
	uint64_t memory_total_bytes;
	uint64_t memory_used_bytes;
	double memory_percent;
	uint64_t swap_total_bytes;
	uint64_t swap_used_bytes;
	double pressure_cpu_percent;
	double pressure_memory_percent;
	double pressure_io_percent;
	double receive_bytes_per_s;
	double transmit_bytes_per_s;
	double read_bytes_per_s;
	double written_bytes_per_s;
	double uptime_s;
	hk_record_list processors; /* top_processor */
} top_figures;

typedef struct top_processor {
	hk_record record;
	uint64_t number;
	double user_percent;   /* nice and guests included */
	double system_percent; /* interrupts included */
	double other_percent;  /* iowait and steal: not used, not idle */
	double used_percent;
} top_processor;

enum {
	TOP_FIGURE_CPU,
	TOP_FIGURE_USER,
	TOP_FIGURE_SYSTEM,
	TOP_FIGURE_IOWAIT,
	TOP_FIGURE_STEAL,
	TOP_FIGURE_LOAD_1,
	TOP_FIGURE_LOAD_5,
	TOP_FIGURE_LOAD_15,
	TOP_FIGURE_RUNNING,
	TOP_FIGURE_THREADS,
	TOP_FIGURE_MEMORY_TOTAL,
	TOP_FIGURE_MEMORY_USED,
	TOP_FIGURE_MEMORY,
	TOP_FIGURE_SWAP_TOTAL,
	TOP_FIGURE_SWAP_USED,
	TOP_FIGURE_PRESSURE_CPU,
	TOP_FIGURE_PRESSURE_MEMORY,
	TOP_FIGURE_PRESSURE_IO,
	TOP_FIGURE_RECEIVE,
	TOP_FIGURE_TRANSMIT,
	TOP_FIGURE_READ,
	TOP_FIGURE_WRITTEN,
	TOP_FIGURE_UPTIME,
	TOP_FIGURE_PROCESSORS,
	TOP_FIGURE_COUNT
};

enum {
	TOP_PROCESSOR_NUMBER,
	TOP_PROCESSOR_USER,
	TOP_PROCESSOR_SYSTEM,
	TOP_PROCESSOR_OTHER,
	TOP_PROCESSOR_USED,
	TOP_PROCESSOR_COUNT
};

extern const hk_record_type top_figures_type;
extern const hk_record_type top_processor_type;

/* The sections of the host they are taken from. */
#define TOP_FIGURES_SECTIONS                                                             \
	(HK_SYSTEM_CPU | HK_SYSTEM_LOAD | HK_SYSTEM_MEMORY | HK_SYSTEM_PRESSURE |        \
	    HK_SYSTEM_DISKS | HK_SYSTEM_NETWORKS)

/* Take them from the latest sample of @system.  *@processors is room for @capacity, which
 * @out then refers to. */
void top_figures_take(top_figures *out, const hk_system *system,
    top_processor *processors, size_t capacity);

#endif /* HOSTKIT_LIBEXEC_TOP_FIGURES_H */
