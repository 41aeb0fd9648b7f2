#ifndef HKI_PROCESS_SPAWN_PLAN_H
#define HKI_PROCESS_SPAWN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <hostkit/process.h>

/*
 * A start, thought through to the end before it happens.
 *
 * Between clone and exec the child shares our memory and may not allocate, lock
 * or look anything up, so all of that is done before: the plan holds the finished
 * environment, every path to try, numbers for names, open files.  The child only
 * carries it out, one system call after the other, and writes down the step that
 * failed.
 *
 * Threads: prepared on the loop's thread, carried out on any one thread.
 */

/* In the order in which the child takes them. */
typedef enum hki_step {
	HKI_STEP_NONE,
	HKI_STEP_START, /* the clone itself */
	HKI_STEP_CGROUP,
	HKI_STEP_SESSION,
	HKI_STEP_GROUP,
	HKI_STEP_TERMINAL,
	HKI_STEP_STDIN,
	HKI_STEP_STDOUT,
	HKI_STEP_STDERR,
	HKI_STEP_FDS,
	HKI_STEP_OOM_SCORE,
	HKI_STEP_NICE,
	HKI_STEP_IO_PRIORITY,
	HKI_STEP_CPUS,
	HKI_STEP_LIMITS,
	HKI_STEP_UMASK,
	HKI_STEP_GROUPS,
	HKI_STEP_GID,
	HKI_STEP_UID,
	HKI_STEP_NO_NEW_PRIVILEGES,
	HKI_STEP_PARENT_DEATH,
	HKI_STEP_CWD,
	HKI_STEP_EXEC,
	/* the parent's own, before there is a child */
	HKI_STEP_OPTIONS,
	HKI_STEP_ENV,
	HKI_STEP_ENV_FILE,
	HKI_STEP_TREE,
	HKI_STEP_COUNT
} hki_step;

/* "cwd", "exec" …: what errors and hk_process_exit.step say.  Static storage. */
const char *hki_step_name(hki_step step);

/* One descriptor of the child. */
typedef struct hki_plan_fd {
	int source;
	int target;
	hki_step step; /* whose failure it is */
	bool
	    move; /* the source is the target of another: duplicate it out of the way first */
} hki_plan_fd;

/* Bits of hki_plan.todo: steps whose zero is a real value. */
enum {
	HKI_TODO_SESSION = 1 << 0,
	HKI_TODO_GROUP = 1 << 1,
	HKI_TODO_NICE = 1 << 2,
	HKI_TODO_IO_PRIORITY = 1 << 3,
	HKI_TODO_OOM_SCORE = 1 << 4,
	HKI_TODO_UMASK = 1 << 5,
	HKI_TODO_GROUPS = 1 << 6,
	HKI_TODO_GID = 1 << 7,
	HKI_TODO_UID = 1 << 8,
	HKI_TODO_NO_NEW_PRIVILEGES = 1 << 9,
	HKI_TODO_KEEP_SIGNALS = 1 << 10,
	HKI_TODO_KEEP_IGNORED = 1 << 11
};

#define HKI_PLAN_OPEN_MAX                                                                \
	6 /* stdin, stdout, stderr, /dev/null, both ends of a terminal */

typedef struct hki_plan {
	uint32_t todo;
	char *const *argv; /* Borrowed from the process */
	char *const *environment;
	char **environment_block; /* the same, if it is ours to release */
	char **paths; /* what to execute, first that can be; NULL-terminated, one block */
	bool searched; /* they come from PATH */
	char *cwd;

	hki_plan_fd *fds;
	size_t fd_count;
	int fd_floor;    /* above every target */
	int terminal;    /* pty to become the controlling terminal, or -1 */
	int cgroup;      /* directory to be born in, or -1.  Borrowed from the tree */
	const int *join; /* cgroup.procs files, ended by -1.  Borrowed from the tree */

	uint32_t uid;
	uint32_t gid;
	uint32_t *groups;
	size_t group_count;
	uint32_t umask;
	int32_t nice;
	int32_t io_priority;
	char oom_score[8]; /* as text */
	int32_t parent_death_signal;
	pid_t parent;        /* who must still be there when that is set */
	unsigned long *cpus; /* a bit a CPU */
	size_t cpu_bytes;
	hk_process_limit *limits;
	size_t limit_count;
	uint64_t signal_mask; /* HKI_TODO_KEEP_SIGNALS: the mask of who asked */

	/* Ours to close once the child has them. */
	int opened[HKI_PLAN_OPEN_MAX];
	size_t opened_count;
	/* Our ends of pipes and terminal, -1 if there is none.  Whoever takes one leaves -1. */
	int ends[3];

	/* What failed: written by prepare, then by the child. */
	hki_step failed_step;
	int error;           /* positive errno, the child's */
	size_t failed_index; /* which limit or descriptor */
} hki_plan;

/* A plan that holds nothing, so that hki_plan_deinit() is legal at any time. */
void hki_plan_init(hki_plan *plan);
void hki_plan_deinit(hki_plan *plan);
/* Close the child's files; our ends stay open. */
void hki_plan_close_child_files(hki_plan *plan);

/* What the tree adds to a start. */
typedef struct hki_plan_tree {
	int cgroup;
	const int *join;
	const char *environment; /* one more entry, or NULL */
	bool group;
} hki_plan_tree;

/*
 * Think through @opts (a complete copy of the caller's struct).  @argv must
 * outlive the plan; everything else is Copied.  0, or a negative code that was
 * reported to @errors; then failed_step says where.
 */
int hki_plan_prepare(hki_plan *plan, const hk_process_opts *opts, char *const *argv,
    const hki_plan_tree *tree, hk_error_list *errors);

/*
 * Carry it out.  Blocks until the program executes.  Returns the child's id and
 * its pidfd (Owned), or a negative errno; then failed_step says where.
 */
pid_t hki_plan_act(hki_plan *plan, int *out_pidfd);

/* Report a failure of act, naming the thing that the step was about. Returns @code. */
int hki_plan_report(
    const hki_plan *plan, const hk_process_opts *opts, int code, hk_error_list *errors);

/* Note the step and report one sentence about it.  Returns @code. */
int hki_plan_fail(hki_plan *plan, hki_step step, int code, hk_error_list *errors,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* ---- parts of prepare, a file each; as hki_plan_prepare() ---- */

/* environment.c: plan->environment.  @tree_entry, "KEY=VALUE" or NULL, wins over all. */
int hki_plan_environment(hki_plan *plan, const hk_process_opts *opts,
    const char *tree_entry, hk_error_list *errors);
/* The value of @name, or NULL. */
const char *hki_environment_get(char *const *environment, const char *name);

/* env_file.c: hands each "KEY=VALUE" (Taken, also on failure) to @add, which
 * returns 0 or a negative errno.  HK_EPARSE when mistakes were reported. */
int hki_env_file_read(const char *path, int (*add)(char *entry, void *user), void *user,
    hk_error_list *errors);

/* credentials.c: uid, gid, groups */
int hki_plan_credentials(
    hki_plan *plan, const hk_process_opts *opts, hk_error_list *errors);

/* stdio.c: every descriptor of the child */
int hki_plan_stdio(hki_plan *plan, const hk_process_opts *opts, hk_error_list *errors);

/* pty.c: a new terminal.  Both Owned, close-on-exec; the master does not block. */
int hki_pty_open(int *out_master, int *out_terminal);

/* @fd, or a duplicate above stderr in its place: a program that runs without its
 * three streams must not find our files there.  Taken; a negative errno on failure. */
int hki_fd_above_stdio(int fd);

/* What the child is given, and the child itself. */
typedef struct hki_child {
	hki_plan *plan;
	const bool *in_cgroup; /* the kernel has put it there already */
} hki_child;
int hki_child_run(void *user);

/* An array of strings and what it points to as one block.  Owned: hki_free().
 * NULL when there is no memory. */
char **hki_strings_copy(const char *const *strings, size_t count);
size_t hki_strings_count(const char *const *strings);

#endif /* HKI_PROCESS_SPAWN_PLAN_H */
