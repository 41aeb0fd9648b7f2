#ifndef HKI_SYSTEM_PROCESS_PARSE_H
#define HKI_SYSTEM_PROCESS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The files of /proc/PID as text.  All of these are pure: bytes in, numbers out,
 * whatever the bytes; columns and lines that a later kernel adds are ignored.
 * Each returns 0 or HK_EPARSE and writes *@out on success only.
 */

/* How much of stat somebody wants; what is beyond stays zero. */
typedef enum hki_stat_depth {
	HKI_STAT_BASE,    /* what is marked below */
	HKI_STAT_PROGRAM, /* up to field 28 */
	HKI_STAT_ALL
} hki_stat_depth;

/* /proc/PID/stat, by the numbers of proc(5). */
typedef struct hki_stat {
	int32_t pid; /* base, up to the ppid */
	char state;
	const char *name; /* Borrowed from the text, not terminated: any bytes */
	size_t name_length;
	int32_t ppid;
	int32_t group;
	int32_t session;
	uint32_t terminal;
	int32_t foreground_group;
	uint32_t flags; /* PF_…; base */
	uint64_t minor_faults;
	uint64_t children_minor_faults;
	uint64_t major_faults;
	uint64_t children_major_faults;
	uint64_t user_ticks;   /* base */
	uint64_t system_ticks; /* base */
	uint64_t children_user_ticks;
	uint64_t children_system_ticks;
	int32_t priority;
	int32_t nice;
	uint32_t threads; /* base */
	uint64_t start_ticks;
	uint64_t virtual_bytes;
	uint64_t rss_pages;  /* base ends here */
	uint64_t start_code; /* 0 or 1 where we may not look */
	uint64_t start_stack;
	/* fields beyond 28; 0 where the kernel has none */
	uint32_t processor;
	uint32_t realtime_priority;
	uint32_t policy;
	uint64_t io_wait_ticks;
	uint64_t guest_ticks;
	uint64_t children_guest_ticks;
} hki_stat;

int hki_stat_parse(hki_stat *out, const char *text, size_t length, hki_stat_depth depth);

/* /proc/PID/statm, in pages. */
typedef struct hki_statm {
	uint64_t size;
	uint64_t resident;
	uint64_t shared;
	uint64_t text;
	uint64_t data;
} hki_statm;

int hki_statm_parse(hki_statm *out, const char *text, size_t length);

/* /proc/PID/schedstat, in nanoseconds. */
typedef struct hki_schedstat {
	uint64_t run_ns;
	uint64_t wait_ns;
} hki_schedstat;

int hki_schedstat_parse(hki_schedstat *out, const char *text, size_t length);

/* /proc/PID/io */
typedef struct hki_io {
	uint64_t read_call_bytes;
	uint64_t write_call_bytes;
	uint64_t read_calls;
	uint64_t write_calls;
	uint64_t read_bytes;
	uint64_t written_bytes;
	uint64_t cancelled_bytes;
} hki_io;

int hki_io_parse(hki_io *out, const char *text, size_t length);

/* /proc/PID/status: a line counts if its bit is in `present`. */
enum {
	HKI_STATUS_UIDS,
	HKI_STATUS_GIDS,
	HKI_STATUS_NAMESPACE_PID,
	HKI_STATUS_PEAK_VIRTUAL,
	HKI_STATUS_LOCKED,
	HKI_STATUS_PEAK_RSS,
	HKI_STATUS_RSS_ANONYMOUS,
	HKI_STATUS_RSS_FILE,
	HKI_STATUS_RSS_SHMEM,
	HKI_STATUS_STACK,
	HKI_STATUS_PAGE_TABLES,
	HKI_STATUS_SWAP,
	HKI_STATUS_HUGETLB,
	HKI_STATUS_AFFINITY,
	HKI_STATUS_VOLUNTARY,
	HKI_STATUS_INVOLUNTARY,
	HKI_STATUS_COUNT
};

typedef struct hki_status {
	uint32_t present;
	uint32_t uids[4]; /* real, effective, saved, filesystem */
	uint32_t gids[4];
	/* by HKI_STATUS_…, sizes in bytes; those of the four others are unused */
	uint64_t numbers[HKI_STATUS_COUNT];
	const char *affinity; /* Borrowed, not terminated */
	size_t affinity_length;
} hki_status;

int hki_status_parse(hki_status *out, const char *text, size_t length);

/* A small number alone on its line, such as oom_score. */
int hki_number_parse(int64_t *out, const char *text, size_t length);

/* ---- what these are made of (process_number.c) ---- */

/* Words between spaces, tabs and line ends. */
typedef struct hki_words {
	const char *at;
	const char *end;
} hki_words;

/* The next word as a number, behind the blanks before it.  False: there is none, or
 * it does not fit. */
bool hki_words_unsigned(hki_words *words, uint64_t *out);
bool hki_words_signed(hki_words *words, int64_t *out);
/* The digits a word begins with, as in "4-7". */
bool hki_words_digits(hki_words *words, uint64_t *out);

#endif /* HKI_SYSTEM_PROCESS_PARSE_H */
