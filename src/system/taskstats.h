#ifndef HKI_SYSTEM_TASKSTATS_H
#define HKI_SYSTEM_TASKSTATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The kernel's last word about a task ("taskstats", over generic netlink): what a
 * thread has done when it ends, and with the last thread, that the process has
 * ended.  For root in the first namespaces.
 */
#define HKI_END_NAME_MAX 32

typedef struct hki_end {
	int32_t pid;      /* of the thread */
	int32_t process;  /* it belonged to */
	bool process_too; /* it was the last one */
	bool has_group;   /* group_runtime_ns holds: the process had several threads */
	int32_t ppid;
	uint32_t uid;
	uint32_t gid;
	uint32_t status; /* as waitpid(2) gives it; of a main thread */
	char name[HKI_END_NAME_MAX];
	uint64_t start_s;    /* since 1970, by the clock at the end */
	uint64_t elapsed_us; /* from the start of the process to its end */
	uint64_t runtime_ns; /* of the thread */
	uint64_t user_us;    /* the same in ticks */
	uint64_t system_us;
	uint64_t group_runtime_ns; /* of all threads the process ever had */
	uint64_t minor_faults;
	uint64_t major_faults;
	uint64_t peak_rss_bytes;
	uint64_t peak_virtual_bytes;
	uint64_t read_call_bytes;
	uint64_t write_call_bytes;
	uint64_t read_calls;
	uint64_t write_calls;
	uint64_t read_bytes;
	uint64_t written_bytes;
	uint64_t cancelled_bytes;
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
} hki_end;

/*
 * Take the next end out of @bytes, one datagram of the family @family.  *at moves
 * on.  Returns 1 with *@out filled, 0 at the end, HK_EPARSE when the rest makes no
 * sense, -EOPNOTSUPP for a layout that is not known.
 */
int hki_end_parse(
    hki_end *out, const char *bytes, size_t length, size_t *at, uint16_t family);

/*
 * Listen to all processors.  Returns a descriptor, or a negative errno with the
 * reason in *why.  *out_family is what the kernel calls taskstats.
 */
int hki_taskstats_listen(uint16_t *out_family, const char **why);

#endif /* HKI_SYSTEM_TASKSTATS_H */
