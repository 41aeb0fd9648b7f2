#ifndef HOSTKIT_PROCESS_H
#define HOSTKIT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/loop.h>
#include <hostkit/record.h>

HK_BEGIN

/*
 * Processes
 *
 * hk_process_spawn() starts a program and reports its end through one callback.
 * A process is known by its pidfd from birth: signals and the exit status go
 * through it, so a reused process id can never be hit.  Freeing the handle of a
 * running process ends it with its whole tree; hk_process_detach() is the only
 * way to leave it behind.
 *
 * Start: clone3(2) with CLONE_VM, CLONE_VFORK and CLONE_PIDFD, so the cost does
 * not depend on the size of the caller; clone(2), then vfork(2) where the
 * kernel or a filter refuses.  A shell is never involved.
 *
 * Threads: a process belongs to the loop it was started on, and to its thread.
 */
typedef struct hk_process hk_process;
typedef struct hk_process_spawner hk_process_spawner;
typedef struct hk_process_runner hk_process_runner;
typedef struct hk_reaper hk_reaper;

/* ---- identity ---- */

/*
 * A process for ever: its id, its start, and the inode of its pidfd, which the
 * kernel never gives twice between boots (Linux 6.9; 0 before).
 */
typedef struct hk_process_id {
	int64_t pid;
	uint64_t start_ticks; /* field 22 of /proc/PID/stat, clock ticks since boot */
	uint64_t inode;
} hk_process_id;

/* Room for "PID@START:INODE" and the terminator. */
#define HK_PROCESS_ID_TEXT_MAX 64

/* Who has the id @pid now.  Returns 0, -ESRCH, or the errno of reading /proc. */
HK_API HK_MUST_USE int hk_process_id_read(hk_process_id *out, pid_t pid);

/*
 * Read "PID", "PID@START" or "PID@START:INODE".  Parts left out are 0 and match
 * anything.  Returns 0 or HK_EPARSE.
 */
HK_API HK_MUST_USE int hk_process_id_parse(hk_process_id *out, const char *text);

/* Write "PID@START:INODE", leaving out what is 0.  Behaves as snprintf(). */
HK_API size_t hk_process_id_format(char *out, size_t capacity, const hk_process_id *id);

/*
 * Send @signal (0 only checks) to exactly that process, through a pidfd whose
 * identity is compared first.  Returns 0, -ESRCH if it has ended or the id
 * belongs to somebody else now, -EPERM, or -EINVAL.
 */
HK_API HK_MUST_USE int hk_process_id_kill(const hk_process_id *id, int signal);

/*
 * Send @signal to that process and to everything below it, stopping the tree
 * first so that nothing escapes by forking.  @out_count, which may be NULL,
 * receives the number of processes signalled.  Errors as hk_process_id_kill().
 */
HK_API HK_MUST_USE int hk_process_id_kill_tree(
    unsigned int *out_count, const hk_process_id *id, int signal);

/* ---- how it ended ---- */

typedef enum hk_process_end {
	HK_END_CODE,    /* it exited: code holds */
	HK_END_SIGNAL,  /* a signal ended it: signal holds */
	HK_END_UNKNOWN, /* it is gone and nobody can know how */
	/* it was never started (hk_process_spawner): error and step hold */
	HK_END_FAILED
} hk_process_end;

/* Times are sums over the process and the children it waited for, as wait4(2) gives
 * them. */
typedef struct hk_process_exit {
	hk_process_end end;
	int code;
	int signal;
	int error;        /* negative code when end is HK_END_FAILED */
	const char *step; /* which step failed, such as "exec"; else "" */
	bool core_dumped;
	bool usage_known; /* the eight numbers below were reported by the kernel */
	/* it took at most that much: Linux counts the peak of the program that starts
	 * another as the other's first */
	bool max_rss_is_bound;
	uint64_t wall_ns;
	uint64_t user_ns;
	uint64_t system_ns;
	uint64_t max_rss_bytes;
	uint64_t minor_faults;
	uint64_t major_faults;
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
} hk_process_exit;

/* Called once, after hk_process_spawn() has returned.  Freeing @process here is fine. */
typedef void (*hk_process_exit_fn)(
    hk_process *process, const hk_process_exit *how, void *user);

/*
 * Called once when a start that was handed to a spawner has succeeded: the
 * program runs.  Not called for a start in the calling thread, which has
 * succeeded when hk_process_spawn() returns.  Freeing @process here is fine.
 */
typedef void (*hk_process_start_fn)(hk_process *process, void *user);

/* ---- what to start ---- */

typedef enum hk_stdio_kind {
	HK_STDIO_INHERIT, /* the caller's own */
	HK_STDIO_NULL,    /* /dev/null */
	HK_STDIO_PIPE,    /* a pipe; our end: hk_process_stdio() */
	HK_STDIO_FILE,    /* path, opened by the parent before the start */
	HK_STDIO_FD,      /* a duplicate of fd (Borrowed) */
	/* a terminal, one for all streams that ask; our end: hk_process_stdio() */
	HK_STDIO_PTY,
	HK_STDIO_STDOUT /* for stderr: where stdout goes */
} hk_stdio_kind;

typedef struct hk_stdio {
	hk_stdio_kind kind;
	int fd;           /* HK_STDIO_FD */
	const char *path; /* HK_STDIO_FILE, relative to the caller's directory */
	/* HK_STDIO_FILE: open(2) flags; 0: O_RDONLY for stdin, else O_WRONLY | O_CREAT |
	 * O_APPEND */
	int flags;
	/* HK_STDIO_FILE: permissions of a new file; 0: 0666 less the umask */
	unsigned int mode;
} hk_stdio;

/* The child finds a duplicate of our @fd as its descriptor @child_fd (3 or more). */
typedef struct hk_process_fd {
	int fd;
	int child_fd;
} hk_process_fd;

/* A resource limit, as setrlimit(2).  UINT64_MAX is RLIM_INFINITY. */
typedef struct hk_process_limit {
	int resource; /* RLIMIT_NOFILE … */
	int reserved; /* zero */
	uint64_t soft;
	uint64_t hard;
} hk_process_limit;

/* Send @signal to the whole tree's main process, then give it @wait_ns to end. */
typedef struct hk_stop_step {
	int signal;
	int reserved; /* zero */
	uint64_t wait_ns;
} hk_stop_step;

/* How far hostkit follows what a program starts.  Each level is a promise about the
 * end. */
typedef enum hk_tree {
	/* what /proc shows below it when it is ended; orphans only with a reaper */
	HK_TREE_WALK,
	HK_TREE_NONE,   /* the process alone */
	HK_TREE_GROUP,  /* its process group (implies a new one) */
	HK_TREE_REAPER, /* everything, also orphans; needs an hk_reaper on the loop */
	HK_TREE_KEEPER, /* everything, by a small guardian process between us and it */
	HK_TREE_CGROUP, /* everything, by the kernel: a cgroup v2 of its own */
	HK_TREE_AUTO    /* the first that works here: cgroup, reaper, walk */
} hk_tree;

/* Bits for hk_process_opts.flags: fields below whose zero is a real value, and
 * switches. */
enum {
	HK_PROCESS_CLEAR_ENV = 1 << 0, /* begin with an empty environment */
	HK_PROCESS_NEW_GROUP = 1 << 1, /* setpgid(0, 0) */
	/* setsid(); with a pty it becomes the terminal's session */
	HK_PROCESS_NEW_SESSION = 1 << 2,
	HK_PROCESS_NO_NEW_PRIVILEGES = 1 << 3,
	HK_PROCESS_SET_UMASK = 1 << 4,
	HK_PROCESS_SET_NICE = 1 << 5,
	HK_PROCESS_SET_IO_PRIORITY = 1 << 6,
	HK_PROCESS_SET_OOM_SCORE = 1 << 7,
	HK_PROCESS_SET_UID = 1 << 8,
	HK_PROCESS_SET_GID = 1 << 9,
	/* groups[] as they are, none if group_count is 0 */
	HK_PROCESS_SET_GROUPS = 1 << 10,
	/* when the main process ends, leave the rest of its tree */
	HK_PROCESS_KEEP_LEFTOVERS = 1 << 11,
	/* cgroup limits this system cannot set are reported, not refused */
	HK_PROCESS_LIMITS_BEST_EFFORT = 1 << 12,
	/* inherit ignored signals and the mask; else all default, none blocked */
	HK_PROCESS_KEEP_SIGNALS = 1 << 13,
	/* inherit ignored signals alone, as under nohup(1); none blocked */
	HK_PROCESS_KEEP_IGNORED = 1 << 14,
	/* one of fds is a message channel: listed as HK_PROCESS_FORKED (hk_ipc_fork()) */
	HK_PROCESS_MESSAGE_CHANNEL = 1 << 15
};

/*
 * Everything about a start.  Begin with HK_PROCESS_OPTS_INIT; every field left
 * zero means the default named beside it.  Everything is copied by the call.
 */
typedef struct hk_process_opts {
	size_t size;
	const char *const *argv; /* required, NULL-terminated, at least argv[0] */
	/* what to execute; NULL: argv[0].  Searched in the child's PATH unless it has a
	 * slash */
	const char *file;
	const char *name; /* for lists and logs; NULL: the last part of file */
	const char *cwd;  /* NULL: the caller's */

	/* Environment, in this order: inherited (unless cleared), files, set, unset. */
	const char *const *env_files; /* NULL-terminated paths of KEY=VALUE lines */
	const char *const *env;       /* NULL-terminated "KEY=VALUE" */
	const char *const *env_unset; /* NULL-terminated names */

	hk_stdio stdio[3]; /* stdin, stdout, stderr */
	/* further descriptors for the child; all others are closed */
	const hk_process_fd *fds;
	size_t fd_count;

	uint32_t flags; /* HK_PROCESS_… */
	hk_tree tree;

	const char *user;  /* name or number: its uid, gid and supplementary groups */
	const char *group; /* name or number; overrides the user's group */
	uint32_t uid;      /* HK_PROCESS_SET_UID */
	uint32_t gid;      /* HK_PROCESS_SET_GID */
	const uint32_t *groups; /* HK_PROCESS_SET_GROUPS */
	size_t group_count;

	uint32_t umask; /* HK_PROCESS_SET_UMASK */
	int32_t nice;   /* HK_PROCESS_SET_NICE: -20 … 19 */
	/* HK_PROCESS_SET_IO_PRIORITY: 1 realtime, 2 best effort, 3 idle */
	int32_t io_class;
	int32_t io_level; /* 0 (first) … 7 */
	/* HK_PROCESS_SET_OOM_SCORE: oom_score_adj, -1000 … 1000 */
	int32_t oom_score;
	/* sent when the thread that started it ends; 0: none */
	int32_t parent_death_signal;
	/* CPU numbers it may run on; NULL: as the caller */
	const uint32_t *cpus;
	size_t cpu_count;
	const hk_process_limit *limits; /* resource limits */
	size_t limit_count;

	/* an existing cgroup v2 directory to start in; NULL: by tree */
	const char *cgroup;
	/* cgroup limits, 0: none.  They make tree HK_TREE_CGROUP */
	uint64_t memory_max_bytes;
	uint32_t pids_max;
	uint32_t cpu_max_millis; /* 1500: one and a half CPUs */

	/* NULL: SIGTERM, 5 s; what is left after the last is killed */
	const hk_stop_step *stop_steps;
	size_t stop_step_count;

	hk_process_spawner *spawner; /* NULL: start in the calling thread (Borrowed) */
	hk_process_exit_fn on_exit;  /* NULL: nobody is told */
	void *user_data;             /* handed to on_exit and on_start */
	hk_process_start_fn
	    on_start; /* with a spawner: the program runs; NULL: nobody is told */

	uint32_t terminal_rows; /* HK_STDIO_PTY: the size it begins with; 0: not known */
	uint32_t terminal_columns;
} hk_process_opts;

/* clang-format off */
#define HK_PROCESS_OPTS_INIT { .size = sizeof(hk_process_opts) }
/* clang-format on */

/*
 * Start a process on @loop.
 *
 * @out receives the handle.  Owned: release it with hk_process_free().
 * @errors, which may be NULL, learns the failing step ("cwd", "exec", "user",
 * "env_file", "stdin" …) and, for environment files, file:line:column.
 *
 * The running process keeps the loop alive.  With opts.spawner the call returns
 * before the program runs, and a failure arrives as HK_END_FAILED.
 *
 * Returns 0; -ENOENT no such program, directory or user; -EACCES not
 * executable; -E2BIG arguments too long; -EMFILE, -EAGAIN (process limit),
 * -ENOMEM, -EINVAL for malformed options, -ENOTSUP when the tree level or a
 * limit cannot be had here, or another negative errno.
 */
HK_API HK_MUST_USE int hk_process_spawn(
    hk_process **out, hk_loop *loop, const hk_process_opts *opts, hk_error_list *errors);

/*
 * Take over a running process that is not our child, by identity.  When it
 * ends, on_exit tells HK_END_UNKNOWN unless the kernel still knows (Linux 6.15).
 * Returns 0, -ESRCH, -EPERM, -EEXIST if the loop has a handle of it, or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_process_adopt(hk_process **out, hk_loop *loop,
    const hk_process_id *id, hk_process_exit_fn on_exit, void *user_data);

/* ---- what is known ---- */

typedef enum hk_process_type {
	HK_PROCESS_SPAWNED,
	HK_PROCESS_RUN, /* by hk_process_run() */
	HK_PROCESS_ADOPTED,
	HK_PROCESS_FORKED /* with a message channel */
} hk_process_type;

typedef enum hk_process_state {
	HK_PROCESS_STARTING, /* handed to a spawner */
	HK_PROCESS_RUNNING,
	HK_PROCESS_STOPPING, /* asked to end */
	HK_PROCESS_EXITED,
	HK_PROCESS_FAILED /* never started */
} hk_process_state;

/* also after the end */
HK_API hk_process_id hk_process_identity(const hk_process *process);
HK_API pid_t hk_process_pid(const hk_process *process);
HK_API hk_process_state hk_process_get_state(const hk_process *process);
/* How it ended, or NULL while it runs.  Borrowed from @process. */
HK_API const hk_process_exit *hk_process_get_exit(const hk_process *process);
/* The tree level in force: HK_TREE_AUTO is answered with what was found. */
HK_API hk_tree hk_process_get_tree(const hk_process *process);
/* The cgroup made for it, or NULL.  Borrowed. */
HK_API const char *hk_process_get_cgroup(const hk_process *process);

/*
 * Our end of a pipe or pty: 0 to write to its stdin, 1 and 2 to read.  Borrowed;
 * non-blocking.  _take_ makes it the caller's to close.  Returns the descriptor,
 * or -EBADF if there is none (any more).
 */
HK_API int hk_process_stdio(const hk_process *process, unsigned int stream);
HK_API int hk_process_take_stdio(hk_process *process, unsigned int stream);

/* One row of the registry: every field here has a line in hk_process_info_type. */
typedef struct hk_process_info {
	hk_record record;
	int64_t pid;
	const char *identity; /* PID@START:INODE */
	const char *name;
	hk_record_strings command; /* argv */
	int32_t type;              /* hk_process_type */
	int32_t state;             /* hk_process_state */
	double start_time_s;       /* since 1970-01-01 UTC */
	double end_time_s;
	int32_t exit_code;
	const char *signal; /* "SIGTERM" */
	const char *error;  /* "exec: no such file or directory" */
} hk_process_info;

HK_API extern const hk_record_type hk_process_info_type;

/* A list taken at one moment.  Owned: hk_process_list_free(). */
typedef struct hk_process_list hk_process_list;

/*
 * Every process of @loop whose handle lives, in order of start, and the last
 * starts that failed (at most 32).  Returns 0 or -ENOMEM.
 */
HK_API HK_MUST_USE int hk_process_list_new(hk_process_list **out, const hk_loop *loop);
HK_API size_t hk_process_list_count(const hk_process_list *list);
HK_API const hk_process_info *hk_process_list_get(
    const hk_process_list *list, size_t index);
HK_API void hk_process_list_free(hk_process_list *list);

/* The handle with the id @pid on @loop that has not ended, or NULL.  Borrowed. */
HK_API hk_process *hk_process_find(const hk_loop *loop, pid_t pid);

/* ---- ending it ---- */

/*
 * Send a signal to the process itself.  Returns 0, -ESRCH once it has ended, -EPERM,
 * -EINVAL, or -EAGAIN while a spawner has the start in hand.
 */
HK_API HK_MUST_USE int hk_process_kill(hk_process *process, int signal);

/* Send a signal to everything in its tree, as far as its level reaches.  Errors as
 * above. */
HK_API HK_MUST_USE int hk_process_kill_tree(hk_process *process, int signal);

/*
 * End it gracefully: each stop step in turn, then SIGKILL to what is left of
 * the tree.  on_exit tells when it is over.  A second call starts the next step
 * at once.  Asked for during a start in a spawner, it begins after it.
 * Returns 0, -ESRCH once it has ended, or HK_ECLOSED when the loop is gone.
 */
HK_API HK_MUST_USE int hk_process_stop(hk_process *process);

/* Leave the process running and release the handle; on_exit is not called.  Taken. */
HK_API void hk_process_detach(hk_process *process);

/* Release the handle; what still runs of its tree is killed.  Safe inside on_exit.  NULL
 * is fine. */
HK_API void hk_process_free(hk_process *process);

/* ---- orphans ---- */

/*
 * Become the reaper of orphans: PR_SET_CHILD_SUBREAPER for the whole calling
 * process, which is why only programs that own their process ask for it.
 * Orphans are collected, and found again when the tree that started them ends.
 * Blocks SIGCHLD in the calling thread; create it before other threads.
 * One per process.  Owned: release it with hk_reaper_free().
 * Returns 0, -EBUSY if there is one, -ENOMEM, or the errno of prctl().
 */
HK_API HK_MUST_USE int hk_reaper_new(hk_reaper **out, hk_loop *loop);
/* Kill every process below us that is in no living tree.  Returns how many, or a negative
 * errno. */
HK_API int hk_reaper_kill_orphans(hk_reaper *reaper);
HK_API void hk_reaper_free(hk_reaper *reaper);

/* ---- a thread that starts programs ---- */

/*
 * An exec can hang, on a dead network mount for example, and then blocks the
 * thread that asked for it.  Supervisors give the work to a spawner: one thread
 * that lives as long as they do, so that the parent-death signal, which follows
 * the thread, means the supervisor.
 * Owned: release with hk_process_spawner_free(), after the processes that use it.
 * Returns 0, -ENOMEM or -EAGAIN.
 */
HK_API HK_MUST_USE int hk_process_spawner_new(hk_process_spawner **out, hk_loop *loop);
HK_API void hk_process_spawner_free(hk_process_spawner *spawner);

/* ---- run to completion ---- */

/*
 * Everything known about a finished run.  Borrowed parts live as long as the
 * result.  stdout and stderr are NUL-terminated beyond their length.
 */
typedef struct hk_process_result {
	hk_process_id id;
	hk_process_exit exit;
	bool timed_out;
	bool cancelled;
	/* more came than the limit; the rest was read and dropped */
	bool stdout_cut;
	bool stderr_cut;
	/* a process outside the tree's end still holds the output */
	bool stdio_detached;
	/* processes of the tree that outlived the main one and were killed */
	unsigned int leftovers;
	unsigned int survivors; /* … that could not be ended */
	hk_tree tree;           /* the level that was in force */
	const char *stdout_data;
	size_t stdout_length;
	uint64_t stdout_total; /* bytes that came, kept or not */
	const char *stderr_data;
	size_t stderr_length;
	uint64_t stderr_total;
} hk_process_result;

/* Called once with the result.  Owned by the callback: hk_process_result_free(). */
typedef void (*hk_process_run_fn)(
    hk_process_runner *runner, hk_process_result *result, void *user);

typedef struct hk_process_run_opts {
	size_t size;
	/* required; on_exit and user_data in it are ignored.  Streams left at
	 * HK_STDIO_PIPE are captured; a terminal as stdout, and on a loop left to the
	 * caller */
	const hk_process_opts *process;
	/* written to stdin, which becomes a pipe; NULL: as in process */
	const void *stdin_data;
	size_t stdin_length;
	/* kept of each stream; 0: 1 MiB.  UINT64_MAX: no limit */
	uint64_t max_output_bytes;
	uint64_t timeout_ns; /* then the tree is stopped by its steps; 0: none */
	/* how long output may stay open after the end; 0: 100 ms */
	uint64_t settle_ns;
	hk_process_run_fn on_done; /* hk_process_run_start() only: required */
	void *user;
} hk_process_run_opts;

/* clang-format off */
#define HK_PROCESS_RUN_OPTS_INIT { .size = sizeof(hk_process_run_opts) }
/* clang-format on */

/*
 * Run a program and wait for its end, collecting its output; needs no loop.
 * It ends when the main process has ended and its output is read, at most
 * settle_ns later: a grandchild that keeps the pipe cannot hold it.
 *
 * @out receives the result.  Owned: release it with hk_process_result_free().
 * A program that fails is no error: look at exit.  Errors as hk_process_spawn().
 */
HK_API HK_MUST_USE int hk_process_run(
    hk_process_result **out, const hk_process_run_opts *opts, hk_error_list *errors);

/*
 * The same on a loop.  Owned: release *@out with hk_process_runner_free().
 * Cancel stops the tree and calls on_done with cancelled set.
 */
HK_API HK_MUST_USE int hk_process_run_start(hk_process_runner **out, hk_loop *loop,
    const hk_process_run_opts *opts, hk_error_list *errors);
HK_API void hk_process_runner_cancel(hk_process_runner *runner);
/* The process being run.  Borrowed; NULL once on_done was called. */
HK_API hk_process *hk_process_runner_process(hk_process_runner *runner);
HK_API void hk_process_runner_free(hk_process_runner *runner);
HK_API void hk_process_result_free(hk_process_result *result);

/* ---- names ---- */

/* "SIGTERM", "SIGRTMIN+3", or NULL for a number that is no signal.  Static storage. */
HK_API const char *hk_signal_name(int number);

/* From "TERM", "SIGTERM", "sigterm", "15" or "RTMIN+3" to the number, or -EINVAL. */
HK_API int hk_signal_number(const char *name);

HK_END

#endif /* HOSTKIT_PROCESS_H */
