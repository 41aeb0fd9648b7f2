#ifndef HOSTKIT_SYSTEM_PROCESS_DETAILS_H
#define HOSTKIT_SYSTEM_PROCESS_DETAILS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/record.h>
#include <hostkit/system_process.h>

HK_BEGIN

/*
 * One process, closely
 *
 * What costs too much for every process of the machine is read for one process
 * when somebody asks: its threads, open files, connections, memory maps,
 * environment, limits, credentials, namespaces, cgroups and children.  Each
 * section is asked for by a bit; a section that may not be read is denied, and
 * one that is not there is absent.
 *
 * The process is held by a pidfd and by its directory in /proc while it is read,
 * and is compared with the identity asked for: what is told belongs to it, also
 * when its id is handed on meanwhile.
 *
 * Environment and memory maps are read under a lock of the process's own memory,
 * where a reader may hang with it.  They are read by a thread with a deadline;
 * what is late is named in `stale`.
 *
 * Threads: everything here may be called from any thread; a result belongs to
 * one at a time.
 */
typedef struct hk_system_details_result hk_system_details_result;

/* Sections, as bits. */
enum {
	HK_SYSTEM_DETAILS_THREADS = 1 << 0,
	HK_SYSTEM_DETAILS_FILES = 1 << 1,
	HK_SYSTEM_DETAILS_CONNECTIONS = 1 << 2,
	/* proportional and unique memory.  The kernel walks every page of the process
	 * and holds it up meanwhile: seconds for hundreds of gigabytes */
	HK_SYSTEM_DETAILS_MEMORY = 1 << 3,
	HK_SYSTEM_DETAILS_MAPS = 1 << 4,
	HK_SYSTEM_DETAILS_ENVIRONMENT = 1 << 5,
	HK_SYSTEM_DETAILS_LIMITS = 1 << 6,
	HK_SYSTEM_DETAILS_CREDENTIALS = 1 << 7,
	HK_SYSTEM_DETAILS_NAMESPACES = 1 << 8,
	HK_SYSTEM_DETAILS_CGROUPS = 1 << 9,
	HK_SYSTEM_DETAILS_CHILDREN = 1 << 10,
	HK_SYSTEM_DETAILS_ALL = (1 << 11) - 1,
	/* everything that does not hold the process up */
	HK_SYSTEM_DETAILS_GENTLE = HK_SYSTEM_DETAILS_ALL & ~HK_SYSTEM_DETAILS_MEMORY
};

/* A list holds as many entries; how many were left out is told. */
#define HK_SYSTEM_DETAILS_ENTRIES_MAX 65536

typedef struct hk_system_thread {
	hk_record record;
	int32_t id;
	int32_t state;    /* hk_system_process_state */
	const char *name; /* any bytes but NUL */
	double cpu_user_s;
	double cpu_system_s;
	double cpu_s;      /* to the nanosecond: schedstat */
	double cpu_wait_s; /* ready to run, but waiting for a processor */
	uint64_t start_ticks;
	int32_t nice;
	int32_t priority;
	int32_t policy; /* hk_system_policy */
	uint32_t processor;
} hk_system_thread;

typedef enum hk_system_file_kind {
	HK_SYSTEM_FILE_REGULAR,
	HK_SYSTEM_FILE_DIRECTORY,
	HK_SYSTEM_FILE_CHARACTER_DEVICE,
	HK_SYSTEM_FILE_BLOCK_DEVICE,
	HK_SYSTEM_FILE_PIPE,
	HK_SYSTEM_FILE_SOCKET,
	HK_SYSTEM_FILE_ANONYMOUS, /* eventfd, epoll, timerfd …: see its path */
	HK_SYSTEM_FILE_OTHER
} hk_system_file_kind;

typedef struct hk_system_file {
	hk_record record;
	int32_t descriptor;
	int32_t kind;     /* hk_system_file_kind */
	const char *path; /* as the kernel names it: "/a/b (deleted)", "socket:[123]" */
	const char *mode; /* "r", "w", "rw" or "path", and "a" for appending */
	uint64_t position;
	uint64_t inode;
	uint64_t mount; /* id as in mountinfo */
	uint32_t flags; /* O_…, as open(2) has them on this processor */
	uint32_t reserved;
} hk_system_file;

typedef enum hk_system_socket_state {
	HK_SYSTEM_SOCKET_ESTABLISHED,
	HK_SYSTEM_SOCKET_SYN_SENT,
	HK_SYSTEM_SOCKET_SYN_RECEIVED,
	HK_SYSTEM_SOCKET_FIN_WAIT1,
	HK_SYSTEM_SOCKET_FIN_WAIT2,
	HK_SYSTEM_SOCKET_TIME_WAIT,
	HK_SYSTEM_SOCKET_CLOSED,
	HK_SYSTEM_SOCKET_CLOSE_WAIT,
	HK_SYSTEM_SOCKET_LAST_ACK,
	HK_SYSTEM_SOCKET_LISTENING,
	HK_SYSTEM_SOCKET_CLOSING
} hk_system_socket_state;

typedef struct hk_system_connection {
	hk_record record;
	int32_t descriptor;
	int32_t state;        /* hk_system_socket_state */
	const char *protocol; /* "tcp", "tcp6", "udp", "udp6", "unix" */
	const char *type;     /* "stream", "datagram", "seqpacket" */
	const char *local_address;
	const char *remote_address; /* absent without a peer */
	uint32_t local_port;
	uint32_t remote_port;
	const char *path; /* unix: its name, "@…" when abstract */
	uint64_t inode;
	uint64_t peer_inode;          /* unix: of the other end */
	uint64_t receive_queue_bytes; /* waiting to be read; pending connections of a
					   listener */
	uint64_t send_queue_bytes;    /* not acknowledged; backlog of a listener */
} hk_system_connection;

/* What the process has mapped, one row a file or kind. */
typedef struct hk_system_map {
	hk_record record;
	const char *path; /* of a file, or "[heap]", "[stack]", "[anonymous]" … */
	uint64_t count;   /* mappings */
	uint64_t size_bytes;
	uint64_t code_bytes;     /* executable */
	uint64_t writable_bytes; /* private and writable */
	uint64_t shared_bytes;
} hk_system_map;

typedef struct hk_system_memory_use {
	hk_record record;
	uint64_t rss_bytes;
	uint64_t pss_bytes; /* each shared page counted in parts */
	uint64_t uss_bytes; /* nobody else's: what its end would free */
	uint64_t pss_anonymous_bytes;
	uint64_t pss_file_bytes;
	uint64_t pss_shmem_bytes;
	uint64_t shared_bytes;
	uint64_t referenced_bytes;
	uint64_t huge_bytes; /* transparent huge pages */
	uint64_t swap_bytes;
	uint64_t swap_pss_bytes;
	uint64_t locked_bytes;
} hk_system_memory_use;

/* An absent soft or hard value with its `…_unlimited` true is no limit. */
typedef struct hk_system_limit {
	hk_record record;
	const char *name; /* as in "open_files" */
	const char *unit; /* "bytes", "files", "us" …; absent without one */
	uint64_t soft;
	uint64_t hard;
	bool soft_unlimited;
	bool hard_unlimited;
} hk_system_limit;

typedef enum hk_system_seccomp {
	HK_SYSTEM_SECCOMP_OFF,
	HK_SYSTEM_SECCOMP_STRICT,
	HK_SYSTEM_SECCOMP_FILTER
} hk_system_seccomp;

/* Capabilities by name, as in capabilities(7): "cap_net_admin". */
typedef struct hk_system_credentials {
	hk_record record;
	uint32_t uid; /* real, effective, saved, for files */
	uint32_t effective_uid;
	uint32_t saved_uid;
	uint32_t filesystem_uid;
	uint32_t gid;
	uint32_t effective_gid;
	uint32_t saved_gid;
	uint32_t filesystem_gid;
	hk_record_strings groups; /* supplementary, as numbers */
	hk_record_strings capabilities_effective;
	hk_record_strings capabilities_permitted;
	hk_record_strings capabilities_inheritable;
	hk_record_strings capabilities_bounding;
	hk_record_strings capabilities_ambient;
	const char *security_label; /* AppArmor, SELinux or Smack */
	int32_t seccomp;            /* hk_system_seccomp */
	bool no_new_privileges;
	hk_record_strings signals_blocked; /* as in "SIGTERM" */
	hk_record_strings signals_ignored;
	hk_record_strings signals_caught;
	hk_record_strings signals_pending;
} hk_system_credentials;

typedef struct hk_system_namespace {
	hk_record record;
	const char *name; /* "net", "pid_for_children" … */
	uint64_t inode;
	bool shared; /* with us */
} hk_system_namespace;

typedef struct hk_system_cgroup {
	hk_record record;
	uint32_t hierarchy;      /* 0: unified */
	const char *controllers; /* "cpu,cpuacct", "name=systemd"; absent when unified */
	const char *path;
} hk_system_cgroup;

/* Whose cgroup it is, read from its path: what is not told by it is NULL. */
typedef struct hk_system_cgroup_owner {
	hk_record record;
	const char *container; /* id, or name where that is all there is */
	const char *engine;    /* "docker", "podman", "kubernetes", "lxc" … */
	const char *unit;      /* systemd: "nginx.service", "session-3.scope" */
	const char *user_unit; /* of a user's manager */
	const char *slice;
	const char *session; /* "3" */
} hk_system_cgroup_owner;

typedef struct hk_system_child {
	hk_record record;
	int32_t pid;
	int32_t state; /* hk_system_process_state */
	const char *name;
	uint64_t start_ticks;
} hk_system_child;

typedef struct hk_system_details {
	hk_record record;
	int32_t pid;
	int32_t reserved;
	uint64_t start_ticks;
	uint64_t inode;
	hk_record_list threads; /* hk_system_thread */
	hk_record_list files;   /* hk_system_file, by descriptor */
	hk_record_list connections;
	hk_system_memory_use memory;
	hk_record_list maps; /* hk_system_map, the largest first */
	hk_record_strings environment;
	hk_record_list limits;
	hk_system_credentials credentials;
	hk_record_list namespaces;
	hk_record_list cgroups;
	hk_system_cgroup_owner owner;
	hk_record_list children;
	const char *waits_in;     /* function of the kernel it sleeps in; with threads */
	hk_record_strings stale;  /* sections that could not be read in time */
	uint64_t left_out;        /* entries beyond HK_SYSTEM_DETAILS_ENTRIES_MAX */
	const char *sockets_from; /* "sock_diag", or "proc" where that was refused */
} hk_system_details;

HK_API extern const hk_record_type hk_system_thread_type;
HK_API extern const hk_record_type hk_system_file_type;
HK_API extern const hk_record_type hk_system_connection_type;
HK_API extern const hk_record_type hk_system_map_type;
HK_API extern const hk_record_type hk_system_memory_use_type;
HK_API extern const hk_record_type hk_system_limit_type;
HK_API extern const hk_record_type hk_system_credentials_type;
HK_API extern const hk_record_type hk_system_namespace_type;
HK_API extern const hk_record_type hk_system_cgroup_type;
HK_API extern const hk_record_type hk_system_cgroup_owner_type;
HK_API extern const hk_record_type hk_system_child_type;
HK_API extern const hk_record_type hk_system_details_type;

typedef struct hk_system_details_opts {
	size_t size;       /* set by HK_SYSTEM_DETAILS_OPTS_INIT */
	uint32_t sections; /* HK_SYSTEM_DETAILS_…; 0: GENTLE */
	int32_t pid;       /* required */
	/* whom exactly, as rows of a table have it; 0 matches anything */
	uint64_t start_ticks;
	uint64_t inode;
	uint64_t deadline_ns; /* for what may hang; 0: 1 s */
} hk_system_details_opts;

/* clang-format off */
#define HK_SYSTEM_DETAILS_OPTS_INIT { .size = sizeof(hk_system_details_opts) }
/* clang-format on */

/*
 * Read the sections of one process.  Owned: release the result with
 * hk_system_details_free().
 * Returns 0, -EINVAL, -E2BIG, -ESRCH when it is not there or is another than
 * asked for, -EACCES when /proc hides it from us, -ENOMEM, or -EMFILE/-ENFILE.
 */
HK_API HK_MUST_USE int hk_system_details_read(
    hk_system_details_result **out, const hk_system_details_opts *opts);

/* Borrowed: valid as long as the result. */
HK_API const hk_system_details *hk_system_details_get(
    const hk_system_details_result *result);

/* NULL is fine. */
HK_API void hk_system_details_free(hk_system_details_result *result);

/* Room for the texts of hk_system_cgroup_owner_read(). */
#define HK_SYSTEM_CGROUP_OWNER_TEXT_MAX 1024

/*
 * Whose cgroup @path is, by the names that systemd and the engines of containers
 * give.  @text receives the strings of @out and must live as long; what does not
 * fit is cut.  Needs no system call.
 */
HK_API void hk_system_cgroup_owner_read(hk_system_cgroup_owner *out,
    char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX], const char *path);

/* What puts processes together. */
typedef enum hk_system_grouping {
	HK_SYSTEM_GROUPING_NONE,
	HK_SYSTEM_GROUPING_USER,
	HK_SYSTEM_GROUPING_CGROUP,
	HK_SYSTEM_GROUPING_SERVICE, /* container, unit of systemd, else the cgroup */
	HK_SYSTEM_GROUPING_NAME
} hk_system_grouping;

/*
 * The group that @process, a row of a table that was asked for the user or the
 * cgroup, is in by @grouping (hk_system_grouping), or NULL if that is not known.
 * Borrowed: of the row, or in @text.
 */
HK_API const char *hk_system_process_group(const hk_system_process *process,
    uint32_t grouping, char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX]);

HK_END

#endif /* HOSTKIT_SYSTEM_PROCESS_DETAILS_H */
