#ifndef HOSTKIT_SYSTEM_H
#define HOSTKIT_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/loop.h>
#include <hostkit/record.h>
#include <hostkit/system_records.h>

HK_BEGIN

/*
 * The host
 *
 * An hk_system is somebody who looks at the machine.  Each hk_system_sample()
 * reads the sections asked for; what can only be known over an interval is
 * measured between the two latest samples, so it is absent after the first, and
 * two observers never disturb one another.  Nothing is counted "since boot"
 * behind anybody's back.
 *
 * A sample reads files of /proc and /sys and asks the kernel over netlink.  It
 * starts no program, and once every list has reached its size it allocates
 * nothing and leaves no more descriptors open (about twenty).  What may block for ever (a
 * file system whose server is gone) is asked by a process that shares our memory and
 * nothing else, with a deadline: it holds up neither the sample nor the end of the
 * program, is unknown to waitpid(2), and there is one a dead file system at most.
 *
 * Threads: an hk_system belongs to one thread at a time.  Functions without one
 * may be called from anywhere.
 */
typedef struct hk_system hk_system;

/* Sections, as bits. */
enum {
	HK_SYSTEM_HOST = 1 << 0,
	HK_SYSTEM_CPU =
	    1 << 1, /* times, counts; model and topology when processors change */
	HK_SYSTEM_FREQUENCIES = 1 << 2, /* into the cpu record: slow on some machines */
	HK_SYSTEM_LOAD = 1 << 3,
	HK_SYSTEM_MEMORY = 1 << 4,
	HK_SYSTEM_VMSTAT = 1 << 5,
	HK_SYSTEM_PRESSURE = 1 << 6,
	HK_SYSTEM_LIMITS = 1 << 7,
	HK_SYSTEM_FILESYSTEMS = 1 << 8,
	HK_SYSTEM_DISKS = 1 << 9,
	HK_SYSTEM_NETWORKS = 1 << 10,
	HK_SYSTEM_SOCKETS = 1 << 11,
	HK_SYSTEM_SENSORS = 1 << 12, /* slow where they hang on a slow bus */
	HK_SYSTEM_SESSIONS = 1 << 13,
	HK_SYSTEM_ALL = (1 << 14) - 1
};

typedef struct hk_system_opts {
	size_t size; /* set by HK_SYSTEM_OPTS_INIT */
	/* Where proc, sys, etc and run are looked for; NULL: "/".  With another root nothing
	 * is asked of the running kernel: for tests, and for a host mounted into a container. */
	const char *root;
	uint64_t deadline_ns; /* a sample waits this long for file systems; 0: 250 ms */
} hk_system_opts;

/* clang-format off */
#define HK_SYSTEM_OPTS_INIT { .size = sizeof(hk_system_opts) }
/* clang-format on */

/*
 * Make an observer.  Reads nothing yet.  @opts may be NULL.
 * Owned: release it with hk_system_free().
 * Returns 0, -EINVAL, -E2BIG, -ENOMEM, or the errno of opening the root.
 */
HK_API HK_MUST_USE int hk_system_new(hk_system **out, const hk_system_opts *opts);

/* Release it with all its records.  NULL is fine. */
HK_API void hk_system_free(hk_system *system);

/*
 * Read the @sections (bits).  What cannot be read leaves its section empty, with
 * a reason in hk_system_error(), and does not stop the others.
 * Returns 0, -EINVAL for unknown bits, -ENOMEM (records are then as complete as
 * memory allowed), or -ECHILD in a forked child.
 */
HK_API HK_MUST_USE int hk_system_sample(hk_system *system, uint32_t sections);

/* Why @section (one bit) is empty: a negative errno or HK_EPARSE; 0 if it was read, or
 * never asked for. */
HK_API int hk_system_error(const hk_system *system, uint32_t section);

/* Nanoseconds between the two latest samples of @section (one bit); 0 before the second. */
HK_API uint64_t hk_system_interval_ns(const hk_system *system, uint32_t section);

/*
 * The records of the latest sample.  Never NULL; nothing is present in a section
 * that was never read.  Borrowed: valid until the next sample or the end of @system.
 */
HK_API const hk_system_host *hk_system_get_host(const hk_system *system);
HK_API const hk_system_cpu *hk_system_get_cpu(const hk_system *system);
HK_API const hk_system_load *hk_system_get_load(const hk_system *system);
HK_API const hk_system_memory *hk_system_get_memory(const hk_system *system);
HK_API const hk_system_vmstat *hk_system_get_vmstat(const hk_system *system);
HK_API const hk_system_pressure *hk_system_get_pressure(const hk_system *system);
HK_API const hk_system_limits *hk_system_get_limits(const hk_system *system);
HK_API const hk_system_sockets *hk_system_get_sockets(const hk_system *system);
HK_API const hk_system_sensors *hk_system_get_sensors(const hk_system *system);

/* The same for lists: @out_count receives how many lie behind one another. */
HK_API const hk_system_filesystem *hk_system_get_filesystems(
    const hk_system *system, size_t *out_count);
HK_API const hk_system_disk *hk_system_get_disks(
    const hk_system *system, size_t *out_count);
HK_API const hk_system_network *hk_system_get_networks(
    const hk_system *system, size_t *out_count);
HK_API const hk_system_session *hk_system_get_sessions(
    const hk_system *system, size_t *out_count);

/* ---- one question, no observer ---- */

/*
 * How many processors this program may keep busy: the least of those online,
 * those its affinity allows, and the quotas of its cgroup and each ancestor
 * (rounded down, but not below 1), on v1, v2 and hybrid hosts.
 * @out, which may be NULL, receives how it came about; quota_cgroup is left out of it,
 * hk_system_limits.cpu has that.
 * Returns the number (>= 1) or a negative errno.
 */
HK_API int hk_system_cpu_budget(hk_system_budget *out);

/* ---- pressure ---- */

typedef enum hk_system_resource {
	HK_SYSTEM_RESOURCE_CPU,
	HK_SYSTEM_RESOURCE_MEMORY,
	HK_SYSTEM_RESOURCE_IO,
	HK_SYSTEM_RESOURCE_IRQ
} hk_system_resource;

typedef struct hk_pressure_watch hk_pressure_watch;

/* @error is 0 when the threshold was passed, or a negative errno after which the watch is
 * silent: -ENODEV, the cgroup is gone. */
typedef void (*hk_pressure_fn)(hk_pressure_watch *watch, int error, void *user);

typedef struct hk_pressure_opts {
	size_t size;       /* set by HK_PRESSURE_OPTS_INIT */
	uint32_t resource; /* hk_system_resource */
	uint32_t full; /* 1: all tasks stood still; 0: some did.  IRQ knows full alone */
	uint64_t stall_ns; /* this much standing still … */
	uint64_t
	    window_ns; /* … within this time: 500 ms to 10 s, without CAP_SYS_RESOURCE a
			       multiple of 2 s */
	const char *cgroup; /* Copied: a v2 directory; NULL: the whole machine */
	hk_pressure_fn fn;  /* required; called at most once a window */
	void *user;
} hk_pressure_opts;

/* clang-format off */
#define HK_PRESSURE_OPTS_INIT { .size = sizeof(hk_pressure_opts) }
/* clang-format on */

/*
 * Have the kernel tell when tasks stand still for too long.  It measures; we
 * sleep.  Does not keep the loop alive.  Owned: hk_pressure_watch_free().
 * Returns 0, -EINVAL (also when the kernel refuses the times), -ENOENT without PSI,
 * -EOPNOTSUPP when it is switched off, -EACCES or -EPERM, -ENOMEM, HK_ECLOSED, -ECHILD.
 */
HK_API HK_MUST_USE int hk_pressure_watch_start(
    hk_pressure_watch **out, hk_loop *loop, const hk_pressure_opts *opts);

/* Release it; it never calls again.  Legal inside its own callback.  NULL is fine. */
HK_API void hk_pressure_watch_free(hk_pressure_watch *watch);

/* ---- sizes for people ---- */

typedef enum hk_bytes_style {
	HK_BYTES_IEC,     /* "1.5 GiB", at most two digits behind the point, "0 B" */
	HK_BYTES_CLASSIC, /* the same in the words of the guide: "1.5 GB", "0 Bytes" */
	HK_BYTES_SI       /* powers of 1000, as disks are sold: "1.61 GB" */
} hk_bytes_style;

/* Write @bytes as a person would.  Behaves as snprintf(): returns the length wanted. */
HK_API size_t hk_format_bytes(
    char *out, size_t capacity, uint64_t bytes, hk_bytes_style style);

HK_END

#endif /* HOSTKIT_SYSTEM_H */
