#ifndef HKI_OS_PROCFS_H
#define HKI_OS_PROCFS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The few things about a process that hostkit reads from /proc to find and end trees. */
typedef struct hki_proc_stat {
	pid_t pid;
	pid_t parent;
	pid_t group;
	pid_t session;
	char state; /* R S D T t Z X I */
	uint64_t start_ticks;
} hki_proc_stat;

/* Read a whole small file relative to @directory (or AT_FDCWD).  The text is
 * terminated; *out_length leaves the terminator out.  HK_ELIMIT if it does not fit. */
int hki_read_file(
    int directory, const char *path, char *out, size_t capacity, size_t *out_length);

/* Write a whole text to an existing file, in one write(2).  0 or a negative errno. */
int hki_write_file(int directory, const char *path, const char *text);

/* Parse the text of /proc/PID/stat.  The name may hold any byte.  0 or HK_EPARSE. */
int hki_proc_stat_parse(hki_proc_stat *out, const char *text, size_t length);

/* 0, -ESRCH when it is gone, HK_EPARSE. */
int hki_proc_stat_read(hki_proc_stat *out, pid_t pid);

/* The status of a zombie, as waitpid(2) would give it; 0 also if we may not know.
 * 0, -ESRCH when it is gone, -EBUSY when it has not ended, HK_EPARSE. */
int hki_proc_exit_status(int *out_status, pid_t pid);

/* Call @visit for every process of /proc.  It returns 0 to go on; anything else
 * stops the walk and is returned. */
int hki_proc_each(int (*visit)(const hki_proc_stat *stat, void *user), void *user);

/*
 * Call @visit for every child of @pid, those of each of its threads.  What is
 * read while the children come and go may miss some; while @pid is held still,
 * nothing new is missed.  0, what @visit returned, -ESRCH, or -ENOTSUP where the
 * kernel has no such list (CONFIG_PROC_CHILDREN).
 */
int hki_proc_children(pid_t pid, int (*visit)(pid_t child, void *user), void *user);
/* The same from the parent that every process of /proc names: slower, always there. */
int hki_proc_children_by_parent(
    pid_t pid, int (*visit)(pid_t child, void *user), void *user);

/* Call @visit for every number of the list that is read from @fd, as cgroup.procs and
 * /proc/PID/task/TID/children are written.  0 is left out: a process of a PID namespace
 * that we do not see.  0, what @visit returned, or a negative errno of read(2). */
int hki_each_number_read(int fd, int (*visit)(pid_t number, void *user), void *user);

/* The value of @name in the environment @pid was started with, as far as it was
 * not overwritten since.  Its length, -ENOENT, -ENODATA when the environment is empty,
 * -EAGAIN when exec is just putting it in place, HK_ELIMIT, -ESRCH also when the
 * process is ending, -EACCES. */
int hki_proc_environment(pid_t pid, const char *name, char *out, size_t capacity);

/* Was @pid started with exactly @entry, "KEY=VALUE", in its environment?  The
 * value has at most 255 bytes.  1, 0, or a negative errno. */
int hki_proc_has_environment(pid_t pid, const char *entry);

/* The boot id as in /proc/sys/kernel/random/boot_id, without the line end. */
#define HKI_BOOT_ID_MAX 37
int hki_boot_id_read(char out[HKI_BOOT_ID_MAX]);

#endif /* HKI_OS_PROCFS_H */
