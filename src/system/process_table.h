#ifndef HKI_SYSTEM_PROCESS_TABLE_H
#define HKI_SYSTEM_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <hostkit/system_process.h>
#include "system/process_text.h"

/*
 * The inside of the table of processes, shared by its parts.
 *
 * The rows stand in one array by ascending pid, which is also the order in which
 * the kernel lists processes.  So a sample is a merge: the engine walks the
 * machine, a cursor walks the array, and what the cursor steps over has ended.
 * The new array is put in place when the sample is complete.
 */

/* What has to be opened for a row; see process_fields.c. */
enum {
	HKI_READ_STAT = 1 << 0,
	HKI_READ_STAT_ALL = 1 << 1, /* beyond what is always there */
	HKI_READ_SCHEDSTAT = 1 << 2,
	HKI_READ_STATM = 1 << 3,
	HKI_READ_IO = 1 << 4,
	HKI_READ_STATUS = 1 << 5,
	HKI_READ_IO_PRIORITY = 1 << 6,
	HKI_READ_DESCRIPTORS = 1 << 7,
	HKI_READ_OOM_SCORE = 1 << 8,
	HKI_READ_OOM_ADJUSTMENT = 1 << 9,
	/* by the helper thread, once a program */
	HKI_READ_USER = 1 << 10,
	HKI_READ_COMMAND = 1 << 11,
	HKI_READ_EXECUTABLE = 1 << 12,
	HKI_READ_DIRECTORY = 1 << 13,
	HKI_READ_CGROUP = 1 << 14,
	/* parts of the walk inside the kernel */
	HKI_READ_WALK_COUNTERS = 1 << 16,
	HKI_READ_WALK_MORE = 1 << 17,
	/* users and groups: of status, or by a call that costs a fifth of it */
	HKI_READ_IDS = 1 << 18
};

#define HKI_READ_TEXTS                                                                   \
	(HKI_READ_USER | HKI_READ_COMMAND | HKI_READ_EXECUTABLE | HKI_READ_DIRECTORY |   \
	    HKI_READ_CGROUP)
/* Small files and calls a row, beside stat. */
#define HKI_READ_FILES                                                                   \
	(HKI_READ_SCHEDSTAT | HKI_READ_STATM | HKI_READ_IO | HKI_READ_STATUS |           \
	    HKI_READ_IO_PRIORITY | HKI_READ_DESCRIPTORS | HKI_READ_OOM_SCORE |           \
	    HKI_READ_OOM_ADJUSTMENT | HKI_READ_IDS)

#define HKI_PROCESS_NAME_MAX 64
#define HKI_PROGRAM_COUNTED  (UINT64_C(1) << 63)

/* A walk inside the kernel hands over some hundred records a call. */
#define HKI_BUFFER_BYTES ((size_t) 65536)

/* What a process did in total; rates and ends are taken from it. */
typedef struct hki_row_totals {
	uint64_t runtime_ns;
	uint64_t read_bytes;
	uint64_t written_bytes;
} hki_row_totals;

typedef struct hki_row {
	/* What every sample touches, next to what it touches of the row itself. */
	hki_row_totals totals; /* the earlier look, which rates count from */
	uint64_t time_ns;      /* when the processor time was read, monotonic */
	uint64_t ticks;        /* utime + stime as stat shows them */
	uint64_t start_ns;     /* since boot, 0 if only ticks are known */
	/* Of the main thread alone, as a walk inside the kernel gave it; and its state. */
	uint64_t own_runtime_ns;
	uint32_t kernel_state;
	/* Changes when the process executes another program; with
	 * HKI_PROGRAM_COUNTED it is the kernel's own count, else a guess. */
	uint64_t program;
	uint64_t comm[2]; /* the name as the walk gave it */
	uint8_t warm;     /* samples for which its exact time is still worth a call */
	bool fresh;       /* seen once: nothing to count from */
	bool exact;       /* totals.runtime_ns is in nanoseconds, not from ticks */
	bool moving;      /* the rates shown are not 0 */
	bool io_moving;
	bool unsettled; /* seen in the tick of its start: see process_identity.c */
	bool has_ids;
	bool ids_read; /* with its identity, in this sample */
	bool walked;   /* shown by a walk inside the kernel, not by files */
	bool ended;    /* its end was told; totals are final */

	hk_system_process row; /* what users see */

	uint64_t io_time_ns; /* when the bytes were read; 0: never */
	int stat_fd;         /* -1: not kept open */
	bool stranger;       /* no sample has seen it alive */
	bool texts_pending;
	uint32_t texts_read;       /* HKI_READ_… of texts that belong to this program */
	uint64_t texts_time_ns;    /* when they were read, */
	uint64_t texts_runtime_ns; /* and how long it had run by then */
	uint64_t wordless_since_ns; /* of the program below; 0: it has words */
	uint64_t wordless_program;
	hki_process_texts texts;
	char *affinity;
	size_t affinity_capacity;
	struct hki_row *next_free;
	char name[HKI_PROCESS_NAME_MAX];
} hki_row;

/* The whole of what a user was lent. */
static inline hki_row *hki_row_of(const hk_system_process *row)
{
	return (hki_row *) (void *) ((char *) row - offsetof(hki_row, row));
}

typedef struct hki_rows {
	hki_row **items;
	size_t count;
	size_t capacity;
} hki_rows;

struct hki_engine;
struct hki_exits;
struct hki_text_reader;
struct hki_terminals;
struct hki_row_block;

struct hk_system_processes {
	hk_system_processes_opts opts;
	char *root;                      /* NULL: the machine */
	int proc;                        /* ROOT/proc */
	pid_t owner;                     /* a forked child is refused */
	int32_t only;                    /* the one process to look at; 0: all */
	hk_system_process_fields fields; /* asked for */
	hk_system_process_fields shown;  /* with those that are always there */
	uint32_t read;                   /* HKI_READ_… for this engine */
	uint32_t file_read;              /* the same, if all came from files */
	bool memory_parts;               /* something beyond rss is shown */
	bool pidfs;                      /* pidfds have inodes, as was seen */

	/* ---- facts that do not change ---- */
	uint64_t tick_ns;
	uint64_t page_bytes;
	double percent_a_byte;   /* of the memory of the machine; 0: unknown */
	double boot_time_s;      /* realtime at boot, as first seen */
	int64_t start_offset_ns; /* of the time namespace */

	/* ---- rows ---- */
	hki_rows rows;
	hki_rows started;
	hki_rows exited;
	hki_rows next; /* these three: by the sample that is being taken */
	hki_rows born;
	hki_rows retired;
	size_t cursor;
	hki_row *free_rows;
	struct hki_row_block *blocks;
	size_t row_count; /* of all blocks */

	/* ---- this sample ---- */
	uint64_t samples;
	uint64_t now_ns;
	uint64_t boot_now_ns;
	uint64_t interval_ns;
	uint64_t read_count;
	uint64_t cpu_ns;
	uint64_t total_cpu_ns;
	uint64_t stale_count;
	bool full;   /* every row is read, whether it ran or not */
	bool refill; /* other fields are wanted: read everything once */
	bool hidden; /* somebody may not be looked at */

	unsigned int kept_files; /* of stat, open from sample to sample */
	unsigned int kept_max;

	char *buffer; /* HKI_BUFFER_BYTES, for lists and walks */
	int32_t *pids;
	size_t pid_capacity;

	const struct hki_engine *engine;
	void *engine_state;
	char why[160];
	struct hki_exits *exits; /* NULL: not listening */
	char exits_why[160];
	struct hki_text_reader *texts; /* NULL until needed */
	struct hki_terminals *terminals;
};

/* A table of process @pid alone, by its files: a look costs one process, however many
 * there are.  0, -ESRCH, or what hk_system_processes_open() fails with. */
int hki_processes_open_one(hk_system_processes **out, int32_t pid);

/* ---- engines (engine_*.c) ---- */

typedef struct hki_engine {
	const char *name;
	/* 0, or why not as words in *why and a negative errno */
	int (*open)(hk_system_processes *table, const char **why);
	/* Walk the machine: hki_merge_… for every process.  0 or a negative errno. */
	int (*walk)(hk_system_processes *table);
	void (*close)(hk_system_processes *table);
} hki_engine;

extern const hki_engine hki_engine_openat;
extern const hki_engine hki_engine_adaptive;
extern const hki_engine hki_engine_bpf;

/* ---- choosing one (process_engine.c) ---- */

int hki_engine_choose(hk_system_processes *table);
/* "auto" may have a better one from now on. */
void hki_engine_reconsider(hk_system_processes *table);
/* The walk failed: is there a humbler engine to go on with? */
bool hki_engine_step_down(hk_system_processes *table, int error);

/* ---- what has to be read (process_fields.c) ---- */

uint32_t hki_fields_read(const hk_system_process_fields *fields, bool by_walk);
/* After the wish or the engine has changed: what to read and what to show. */
void hki_fields_apply(hk_system_processes *table);

/* Field @field of @row holds a value; it shows if somebody wants it. */
static inline void hki_row_set(
    const hk_system_processes *table, hki_row *row, hk_system_process_field field)
{
	unsigned int word = (unsigned int) field / 64;
	uint64_t bit = UINT64_C(1) << ((unsigned int) field % 64);

	row->row.record.present[word] |= table->shown.bits[word] & bit;
	row->row.record.denied[word] &= ~bit;
}

/* Those that every source of a process gives, once they are known. */
void hki_row_show_always(const hk_system_processes *table, hki_row *row);

/* There is no value. */
static inline void hki_row_unset(hki_row *row, hk_system_process_field field)
{
	unsigned int word = (unsigned int) field / 64;
	uint64_t bit = UINT64_C(1) << ((unsigned int) field % 64);

	row->row.record.present[word] &= ~bit;
	row->row.record.denied[word] &= ~bit;
}

/* We may not know. */
static inline void hki_row_deny(
    const hk_system_processes *table, hki_row *row, hk_system_process_field field)
{
	unsigned int word = (unsigned int) field / 64;
	uint64_t bit = UINT64_C(1) << ((unsigned int) field % 64);

	row->row.record.present[word] &= ~bit;
	row->row.record.denied[word] |= table->shown.bits[word] & bit;
}

/* ---- rows (process_rows.c) ---- */

/* Zeroed.  NULL when there is no memory. */
hki_row *hki_row_take(hk_system_processes *table);
void hki_row_give(hk_system_processes *table, hki_row *row);
void hki_rows_deinit(hk_system_processes *table);
/* Room for @count rows.  0 or -ENOMEM. */
int hki_rows_reserve(hki_rows *rows, size_t count);
int hki_rows_add(hki_rows *rows, hki_row *row);

/* ---- the merge (process_merge.c) ---- */

void hki_merge_begin(hk_system_processes *table);
/* The row that has @pid until now, or NULL.  Ids come in ascending order; rows with
 * lower ids that were not kept have ended.  0 or -ENOMEM. */
int hki_merge_find(hk_system_processes *table, hki_row **out, int32_t pid);
/* The row that was found is still there.  0 or -ENOMEM. */
int hki_merge_keep(hk_system_processes *table, hki_row *row);
/* A new row for @pid; one of the same id that was found has ended.  0 or -ENOMEM. */
int hki_merge_add(hk_system_processes *table, hki_row **out, int32_t pid);
/* All were seen: what is left has ended.  0 or -ENOMEM. */
int hki_merge_finish(hk_system_processes *table);
/* The new rows take the place of the old. */
void hki_merge_commit(hk_system_processes *table);
/* Something failed: back to the old rows. */
void hki_merge_abort(hk_system_processes *table);

/* ---- from looks to rows (process_update.c) ---- */

/* One look at how long a process has run. */
typedef struct hki_look {
	uint64_t runtime_ns;
	uint64_t ticks; /* the same, as stat shows it; 0: unknown */
	bool exact;     /* runtime_ns is no multiple of ticks */
	uint64_t time_ns;
} hki_look;

/* The earlier look becomes this one; rates follow. */
void hki_row_look(const hk_system_processes *table, hki_row *row, const hki_look *look);
/* It did not run since. */
void hki_row_rest(const hk_system_processes *table, hki_row *row, uint64_t time_ns);
/* The same for bytes to and from storage. */
void hki_row_look_io(const hk_system_processes *table, hki_row *row, uint64_t read_bytes,
    uint64_t written_bytes, uint64_t time_ns);
void hki_row_rest_io(const hk_system_processes *table, hki_row *row, uint64_t time_ns);
void hki_row_set_rss(const hk_system_processes *table, hki_row *row, uint64_t bytes);
void hki_row_set_start(
    const hk_system_processes *table, hki_row *row, uint64_t start_ticks);
void hki_row_set_name(hki_row *row, const char *name, size_t length);
void hki_row_set_cpu(
    hki_row *row, uint64_t runtime_ns, uint64_t user_ns, uint64_t system_ns);
/* From the letter of proc(5). */
int32_t hki_state_of(char letter);

/* ---- files of one process (process_read.c) ---- */

/*
 * Read the files of @pid, find or make its row, and bring that up to date.
 * @runtime_ns: its processor time, if known exactly, or NULL.  0 or -ENOMEM; a
 * process that is gone is no error, its row is just not kept.
 */
int hki_read_process(hk_system_processes *table, int32_t pid, const uint64_t *runtime_ns);
/* The same for a row whose file is still open, which has been found but not kept.
 * False: not open, or the process is gone. */
bool hki_read_kept(hk_system_processes *table, hki_row *row);
void hki_row_close_file(hk_system_processes *table, hki_row *row);
/* Real, effective, saved, filesystem: users, then groups. */
void hki_row_set_ids(
    const hk_system_processes *table, hki_row *row, const uint32_t ids[8]);
/* The small files beside stat (process_files.c). */
void hki_read_files(hk_system_processes *table, hki_row *row, uint32_t read);
/* A file of the process, in one read, terminated.  Its length, or a negative errno:
 * -ESRCH when the process is gone. */
int hki_read_process_file(int proc, int32_t pid, const char *name, size_t name_length,
    char *out, size_t capacity);
/* "PID/NAME", terminated; @out has room for HKI_PROCESS_PATH_MAX. */
#define HKI_PROCESS_PATH_MAX 48
void hki_process_path(char *out, int32_t pid, const char *name, size_t name_length);
/* Nanoseconds of all threads of a process, or a negative errno. */
int hki_process_clock_ns(uint64_t *out, int32_t pid);

/* ---- lists of /proc (process_list.c) ---- */

/* All ids, ascending, in table->pids.  0 or a negative errno. */
int hki_proc_list(hk_system_processes *table, size_t *out_count);
/* Call @each with every process id, ascending.  Stops at a negative result. */
int hki_proc_walk(
    hk_system_processes *table, int (*each)(hk_system_processes *table, int32_t pid));

/* ---- identity (process_identity.c) ---- */

/* Complete the identity of a row just made. */
void hki_identity_read(hk_system_processes *table, hki_row *row);
/* Its users and groups, without a file.  0 or a negative errno. */
int hki_identity_read_ids(hk_system_processes *table, hki_row *row);
/* Is the process that has the row's id still the row's? */
bool hki_identity_holds(hk_system_processes *table, hki_row *row);

/* ---- texts (process_texts.c) ---- */

/* Read what rows still want, waiting at most as long as the options say.  Rows that
 * could not be served are stale; nothing else fails. */
void hki_texts_collect(hk_system_processes *table);
void hki_texts_forget(hk_system_processes *table, hki_row *row);
void hki_texts_close(hk_system_processes *table);

/* ---- terminals (process_terminal.c) ---- */

/* The name of terminal @device as in stat, Borrowed from the table; NULL: none. */
const char *hki_terminal_name(hk_system_processes *table, uint32_t device);
void hki_terminals_close(hk_system_processes *table);

/* ---- ends (process_exits.c) ---- */

int hki_exits_open(hk_system_processes *table, const char **why);
void hki_exits_close(hk_system_processes *table);
/* Read what is queued.  Number of records, or -ENOMEM. */
int hki_exits_drain(hk_system_processes *table);
/* Give the ends to rows, once a sample's walk is complete.  0 or -ENOMEM. */
int hki_exits_apply(hk_system_processes *table);
/* How often ends were lost because nobody came for them in time. */
uint64_t hki_exits_lost(const hk_system_processes *table);

#endif /* HKI_SYSTEM_PROCESS_TABLE_H */
