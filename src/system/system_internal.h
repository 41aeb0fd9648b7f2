#ifndef HKI_SYSTEM_INTERNAL_H
#define HKI_SYSTEM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <hostkit/system.h>
#include "base/buffer.h"
#include "system/record_fields.h"
#include "system/scan.h"

/*
 * The inside of an observer.  Each section is a row of a table: how much it
 * remembers from sample to sample, and how it reads.
 */
enum {
	HKI_SECTION_HOST,
	HKI_SECTION_CPU,
	HKI_SECTION_FREQUENCIES,
	HKI_SECTION_LOAD,
	HKI_SECTION_MEMORY,
	HKI_SECTION_VMSTAT,
	HKI_SECTION_PRESSURE,
	HKI_SECTION_LIMITS,
	HKI_SECTION_FILESYSTEMS,
	HKI_SECTION_DISKS,
	HKI_SECTION_NETWORKS,
	HKI_SECTION_SOCKETS,
	HKI_SECTION_SENSORS,
	HKI_SECTION_SESSIONS,
	HKI_SECTIONS
};

typedef struct hki_section {
	size_t state_bytes; /* zeroed when the observer is made */
	/* Read.  A failure leaves the section empty: it is cleared by `clear`. */
	int (*sample)(hk_system *system, void *state);
	void (*clear)(void *state);
	void (*deinit)(void *state);
} hki_section;

extern const hki_section hki_section_host;
extern const hki_section hki_section_cpu;
extern const hki_section hki_section_frequencies;
extern const hki_section hki_section_load;
extern const hki_section hki_section_memory;
extern const hki_section hki_section_vmstat;
extern const hki_section hki_section_pressure;
extern const hki_section hki_section_limits;
extern const hki_section hki_section_filesystems;
extern const hki_section hki_section_disks;
extern const hki_section hki_section_networks;
extern const hki_section hki_section_sockets;
extern const hki_section hki_section_sensors;
extern const hki_section hki_section_sessions;

struct hk_system {
	int root;  /* directory under which proc, sys, etc, run are; -1: / */
	bool live; /* it is this machine: the kernel may be asked beyond files */
	pid_t owner;
	uint64_t deadline_ns;
	hki_buffer text; /* the file read last */
	void *states[HKI_SECTIONS];
	int errors[HKI_SECTIONS];
	uint64_t taken_ns[HKI_SECTIONS];    /* 0: no baseline */
	uint64_t interval_ns[HKI_SECTIONS]; /* 0: first sample */
	double interval_s;                  /* of the section being read */
	uint32_t fresh;                     /* bits read by the call that is running */
};

/* ---- source.c: files ---- */

/* A file that is read at every sample, kept open in between.  Zeroed: not open. */
typedef struct hki_host_file {
	int fd_and_one;
} hki_host_file;

/*
 * Read the whole of @path, "/proc/stat", under the observer's root.  *out is valid until
 * the next read.  0 or a negative errno; HK_ELIMIT beyond 64 MiB.
 */
int hki_host_file_read(
    hk_system *system, hki_host_file *source, const char *path, hki_scan *out);
void hki_host_file_close(hki_host_file *source);

/* The same for files that are read rarely: opened and closed. */
int hki_file_read(hk_system *system, const char *path, hki_scan *out);

/* Open @path under the root; @flags as open(2), close-on-exec always. */
int hki_file_open(const hk_system *system, const char *path, int flags);

/* A small file of one line into @out, trimmed.  0, or a negative errno. */
int hki_file_line(const hk_system *system, const char *path, char *out, size_t capacity);
/* A small file that is one number. */
int hki_file_number(const hk_system *system, const char *path, uint64_t *out);

/* Call @visit for each name in the directory @path but "." and "..".  Other than 0 stops
 * the walk and is returned. */
int hki_file_each(const hk_system *system, const char *path,
    int (*visit)(const char *name, void *user), void *user);

/* Put a path together.  0, or -ENAMETOOLONG. */
int hki_path(char *out, size_t capacity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- rates.c ---- */

/* (@now - @before) / @seconds; false without an interval and when the counter went back,
 * which means that it counts anew. */
bool hki_rate(double *out, uint64_t now, uint64_t before, double seconds);

/* The 64-bit continuation of a counter that the kernel keeps in 32 bits: @now as it
 * reads it, *@before the continuation so far.  False when it went back for another reason
 * than running over; *@before is then @now. */
bool hki_continue_32(uint64_t *before, uint64_t now);

#define HKI_PUT_RATE(type, pointer, member, now, before, seconds)                        \
	do {                                                                             \
		double rate_;                                                            \
		if (hki_rate(&rate_, now, before, seconds))                              \
			HKI_PUT(type, pointer, member, rate_);                           \
	} while (0)

/* Grow @items (of @bytes each) to hold @count, doubling; new ones are zeroed.  0 or -ENOMEM. */
int hki_grow(void **items, size_t *capacity, size_t count, size_t bytes);

/* ---- sampler.c ---- */

void *hki_system_state(const hk_system *system, unsigned int section);

/* Was @section read a moment ago, by this very sample? */
bool hki_system_is_fresh(const hk_system *system, unsigned int section);

#endif /* HKI_SYSTEM_INTERNAL_H */
