#ifndef HOSTKIT_SYSTEM_RECORDS_H
#define HOSTKIT_SYSTEM_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/base.h>
#include <hostkit/record.h>

HK_BEGIN

/*
 * What hk_system_sample() of <hostkit/system.h> fills in, one record a section
 *
 * A field counts only if its record says that it is present: what this machine
 * lacks, what we may not read and what needs a second sample is left out and is
 * never 0.  hk_record_has_at(&hk_system_memory_type, memory,
 * offsetof(hk_system_memory, swap_total_bytes)) asks for one member.
 *
 * Members that end in _per_s, _percent of time, and the averages over an interval
 * are measured between the two latest samples of the section; all other figures
 * are the kernel's, counted since boot or since the device appeared.
 */

/* ---- the host ---- */

/* Who runs this program, from the password database. */
typedef struct hk_system_user {
	hk_record record;
	const char *name;
	int64_t uid;
	int64_t gid;
	const char *full_name;
	const char *home;
	const char *shell;
} hk_system_user;

typedef struct hk_system_host {
	hk_record record;
	const char *hostname;
	const char *platform;             /* "linux" */
	const char *arch;                 /* "x86_64" */
	const char *kernel;               /* release, "6.1.0-26-amd64" */
	const char *kernel_version;       /* how and when it was built */
	const char *distribution;         /* "Debian GNU/Linux 12 (bookworm)" */
	const char *distribution_id;      /* "debian" */
	const char *distribution_version; /* "12" */
	const char *vendor;               /* who made the machine */
	const char *product;
	const char
	    *virtualisation;   /* "kvm", "vmware" …; absent on bare metal or unknown */
	const char *container; /* "docker", "lxc" …; absent outside */
	const char *boot_id;
	double boot_time_s; /* since 1970-01-01 UTC */
	double uptime_s;    /* time asleep included */
	double time_s;
	uint64_t sessions;               /* logged in now */
	const char *temporary_directory; /* where this program puts such files */
	const char *home_directory;
	hk_system_user user;
} hk_system_host;

/* ---- processors ---- */

/* Seconds.  Time in guests is in user and nice too, as the kernel counts it there: the
 * sum of the first eight is all the time there was. */
typedef struct hk_system_cpu_times {
	hk_record record;
	double user;
	double nice;
	double system;
	double idle;
	double iowait; /* unreliable by nature: see pressure instead */
	double irq;
	double softirq;
	double steal; /* the hypervisor gave it to others */
	double guest;
	double guest_nice;
} hk_system_cpu_times;

/* The same as shares of the interval, in percent of the time there was. */
typedef struct hk_system_cpu_shares {
	hk_record record;
	double user; /* without guests */
	double nice;
	double system;
	double idle;
	double iowait;
	double irq;
	double softirq;
	double steal;
	double guest; /* both kinds */
} hk_system_cpu_shares;

/* One processor, by its number: numbers have gaps where processors are offline. */
typedef struct hk_system_core {
	hk_record record;
	uint64_t number;
	bool online;
	uint64_t core;   /* siblings share it */
	uint64_t socket; /* core numbers repeat from socket to socket */
	uint64_t node;   /* of memory */
	double frequency_hz;
	double frequency_minimum_hz;
	double frequency_maximum_hz;
	double used_percent;
	hk_system_cpu_shares shares_percent;
	hk_system_cpu_times times_s;
} hk_system_core;

typedef struct hk_system_cache {
	hk_record record;
	uint64_t level;
	const char *type; /* "data", "instruction", "unified" */
	uint64_t size_bytes;
	uint64_t count; /* of them in the machine */
} hk_system_cache;

typedef struct hk_system_cpu {
	hk_record record;
	const char *model;
	const char *vendor;
	uint64_t online;   /* processors that run */
	uint64_t possible; /* that could be added without a restart */
	uint64_t usable;   /* hk_system_budget.usable */
	uint64_t cores;    /* without their siblings */
	uint64_t sockets;
	double frequency_hz; /* mean of those online */
	double frequency_minimum_hz;
	double frequency_maximum_hz;
	double used_percent; /* neither idle, nor iowait, nor steal */
	hk_system_cpu_shares shares_percent;
	hk_system_cpu_times times_s;
	uint64_t context_switches;
	double context_switches_per_s;
	uint64_t interrupts;
	double interrupts_per_s;
	uint64_t soft_interrupts;
	double soft_interrupts_per_s;
	uint64_t forks;
	double forks_per_s;
	uint64_t running;      /* tasks that run or want to */
	uint64_t blocked;      /* tasks that wait for a disk */
	hk_record_list caches; /* hk_system_cache */
	hk_record_list cpus;   /* hk_system_core */
} hk_system_cpu;

typedef struct hk_system_load {
	hk_record record;
	double load_1; /* average of tasks that run or wait for a disk, over 1 minute */
	double load_5;
	double load_15;
	uint64_t runnable;
	uint64_t tasks; /* threads of all processes */
	int64_t last_pid;
} hk_system_load;

/* How many processors this program may keep busy. */
typedef struct hk_system_budget {
	hk_record record;
	uint64_t usable; /* the least of the others, at least 1 */
	uint64_t online;
	uint64_t affinity;        /* sched_setaffinity(2) and cpusets */
	double quota_cpus;        /* the smallest quota of our cgroup and its ancestors */
	const char *quota_cgroup; /* which of them sets it */
} hk_system_budget;

/* ---- memory ---- */

typedef struct hk_system_memory {
	hk_record record;
	uint64_t total_bytes;
	uint64_t available_bytes; /* without swapping, by the kernel's estimate */
	uint64_t used_bytes;      /* total - available */
	double used_percent;
	uint64_t free_bytes;
	uint64_t buffers_bytes;
	uint64_t cached_bytes;
	uint64_t reclaimable_bytes; /* of the kernel's own */
	uint64_t shared_bytes;      /* tmpfs and shared memory */
	uint64_t slab_bytes;
	uint64_t active_bytes;
	uint64_t inactive_bytes;
	uint64_t unevictable_bytes;
	uint64_t locked_bytes;
	uint64_t anonymous_bytes;
	uint64_t mapped_bytes;
	uint64_t dirty_bytes;
	uint64_t writeback_bytes;
	uint64_t kernel_stack_bytes;
	uint64_t page_tables_bytes;
	uint64_t per_cpu_bytes;
	uint64_t committed_bytes;
	uint64_t commit_limit_bytes;
	uint64_t huge_pages_total; /* of the preallocated kind */
	uint64_t huge_pages_free;
	uint64_t huge_page_bytes;
	uint64_t anonymous_huge_bytes;
	uint64_t corrupted_bytes;
	uint64_t swap_total_bytes;
	uint64_t swap_free_bytes;
	uint64_t swap_used_bytes;
	double swap_used_percent;
	uint64_t swap_cached_bytes;
	uint64_t zswap_bytes;    /* the compressed pool */
	uint64_t zswapped_bytes; /* what is in it, before compression */
} hk_system_memory;

typedef struct hk_system_vmstat {
	hk_record record;
	uint64_t page_faults;
	double page_faults_per_s;
	uint64_t major_page_faults; /* those that read a disk */
	double major_page_faults_per_s;
	uint64_t paged_in_bytes; /* read from disks */
	double paged_in_bytes_per_s;
	uint64_t paged_out_bytes;
	double paged_out_bytes_per_s;
	uint64_t swapped_in_bytes;
	double swapped_in_bytes_per_s;
	uint64_t swapped_out_bytes;
	double swapped_out_bytes_per_s;
	uint64_t oom_kills;     /* since boot */
	uint64_t new_oom_kills; /* in the interval */
	uint64_t pages_scanned; /* in search of memory */
	double pages_scanned_per_s;
	uint64_t pages_reclaimed;
	double pages_reclaimed_per_s;
	uint64_t allocation_stalls; /* allocations that had to search themselves */
	double allocation_stalls_per_s;
	uint64_t refaults; /* pages that were needed again right after they went */
	double refaults_per_s;
} hk_system_vmstat;

/* ---- pressure ---- */

/* Time in which tasks were held up for lack of something (PSI). */
typedef struct hk_system_stall {
	hk_record record;
	double average_10s_percent; /* the kernel's own averages */
	double average_60s_percent;
	double average_300s_percent;
	double stalled_s;       /* since boot */
	double stalled_percent; /* of the interval */
} hk_system_stall;

typedef struct hk_system_stalls {
	hk_record record;
	hk_system_stall some; /* at least one task stood still */
	hk_system_stall full; /* all that had something to do did */
} hk_system_stalls;

typedef struct hk_system_pressure {
	hk_record record;
	hk_system_stalls cpu;
	hk_system_stalls memory;
	hk_system_stalls io;
	hk_system_stalls irq;
} hk_system_pressure;

/* ---- limits ---- */

typedef enum hk_system_cgroups {
	HK_SYSTEM_CGROUPS_NONE,
	HK_SYSTEM_CGROUPS_V1,
	HK_SYSTEM_CGROUPS_V2,
	HK_SYSTEM_CGROUPS_HYBRID
} hk_system_cgroups;

/* What this program may use, and what its cgroup has used.  A limit that is absent is none. */
typedef struct hk_system_limits {
	hk_record record;
	int32_t cgroups;    /* hk_system_cgroups */
	const char *cgroup; /* our directory: of v2, or of the v1 memory controller */
	hk_system_budget cpu;
	double cpu_used_s; /* by the cgroup */
	uint64_t cpu_periods;
	uint64_t cpu_throttled_periods; /* the quota was used up in them */
	double cpu_throttled_s;
	uint64_t memory_limit_bytes; /* the least of our cgroup and its ancestors */
	const char *memory_limit_cgroup;
	uint64_t memory_high_bytes; /* above it the cgroup is slowed down */
	uint64_t swap_limit_bytes;
	uint64_t memory_used_bytes;
	uint64_t memory_working_set_bytes; /* without file pages that could go at once */
	uint64_t memory_effective_bytes;   /* the least of limit and physical memory */
	uint64_t memory_effective_available_bytes;
	uint64_t memory_oom_kills; /* in the cgroup and below */
	uint64_t memory_limit_hits;
	uint64_t memory_high_hits;
	uint64_t tasks_limit;
	uint64_t tasks;
	uint64_t open_files; /* of the machine */
	uint64_t open_files_limit;
	uint64_t own_open_files_limit;   /* RLIMIT_NOFILE of this program, soft */
	uint64_t own_open_files_maximum; /* and hard */
	uint64_t pids_maximum;
	uint64_t threads_maximum;
	uint64_t connections_tracked; /* by the firewall */
	uint64_t connections_tracked_limit;
	uint64_t entropy_bits;
} hk_system_limits;

/* ---- file systems and disks ---- */

typedef enum hk_system_filesystem_state {
	HK_SYSTEM_FILESYSTEM_OK,
	HK_SYSTEM_FILESYSTEM_STALE, /* it did not answer in time: figures are from age_s ago */
	HK_SYSTEM_FILESYSTEM_ERROR /* it answered with an error */
} hk_system_filesystem_state;

typedef struct hk_system_filesystem {
	hk_record record;
	const char *device;
	const char *mount; /* any bytes but NUL */
	const char *type;
	const char
	    *root; /* which directory of the file system is mounted, if not all of it */
	const char *options;
	bool read_only;
	bool remote;       /* answered by a server or by another program */
	int32_t state;     /* hk_system_filesystem_state */
	const char *error; /* "ETIMEDOUT" */
	double age_s;      /* of the figures below, when they are stale */
	uint64_t total_bytes;
	uint64_t used_bytes; /* what is reserved for root counts neither as used … */
	uint64_t available_bytes; /* … nor as available */
	uint64_t free_bytes;      /* for root */
	uint64_t
	    used_percent;     /* of what others than root can use, rounded up, as df(1) */
	uint64_t files_total; /* inodes */
	uint64_t files_used;
	uint64_t files_free;
	uint64_t files_used_percent;
	uint64_t block_bytes;
	int64_t device_major;
	int64_t device_minor;
} hk_system_filesystem;

typedef enum hk_system_disk_kind {
	HK_SYSTEM_DISK_WHOLE,
	HK_SYSTEM_DISK_PARTITION,
	HK_SYSTEM_DISK_VIRTUAL /* made of others: dm, md, loop, zram, multipath */
} hk_system_disk_kind;

typedef struct hk_system_disk {
	hk_record record;
	const char *name;
	int32_t kind; /* hk_system_disk_kind; only whole disks may be added up */
	const char *model;
	uint64_t size_bytes;
	bool rotates;
	bool read_only;
	bool removable;
	uint64_t reads;
	double reads_per_s;
	uint64_t read_bytes;
	double read_bytes_per_s;
	uint64_t reads_merged;
	double read_time_s;
	double read_wait_s; /* mean time of a read of the interval */
	uint64_t writes;
	double writes_per_s;
	uint64_t written_bytes;
	double written_bytes_per_s;
	uint64_t writes_merged;
	double write_time_s;
	double write_wait_s;
	uint64_t in_flight;
	double busy_time_s; /* something was in flight: not how full a parallel disk is */
	double busy_percent;
	double weighted_time_s;
	double queue_depth; /* mean number in flight over the interval */
	uint64_t discards;
	uint64_t discards_merged;
	uint64_t discarded_bytes;
	double discard_time_s;
	uint64_t flushes;
	double flush_time_s;
	int64_t device_major;
	int64_t device_minor;
} hk_system_disk;

/* ---- networks ---- */

typedef enum hk_system_family { HK_SYSTEM_IPV4, HK_SYSTEM_IPV6 } hk_system_family;

typedef struct hk_system_address {
	hk_record record;
	int32_t family; /* hk_system_family */
	const char *address;
	uint64_t prefix;
	const char *netmask;
	const char *broadcast;
	const char *peer;  /* the other end of a point-to-point link */
	const char *scope; /* "global", "link", "host" … */
	const char *label;
	bool temporary; /* for privacy */
	bool tentative; /* not proved to be alone yet */
	bool deprecated;
} hk_system_address;

typedef struct hk_system_network {
	hk_record record;
	const char *name;
	uint64_t index;
	const char *mac;
	const char
	    *state; /* "up", "down", "dormant" … as the driver says; may be "unknown" */
	const char *kind; /* "veth", "bridge" …; absent for hardware */
	const char *type; /* "ether", "loopback" … */
	bool up;          /* switched on */
	bool running;     /* and connected */
	bool internal;    /* loopback */
	bool point_to_point;
	bool promiscuous;
	uint64_t mtu_bytes;
	uint64_t queue_length;
	uint64_t speed_bits_per_s;
	const char *duplex; /* "full", "half" */
	uint64_t carrier_changes;
	hk_record_list addresses; /* hk_system_address */
	uint64_t receive_bytes;
	double receive_bytes_per_s;
	uint64_t receive_packets;
	double receive_packets_per_s;
	uint64_t receive_errors;
	uint64_t receive_dropped;
	uint64_t receive_missed;
	uint64_t receive_multicast;
	uint64_t transmit_bytes;
	double transmit_bytes_per_s;
	uint64_t transmit_packets;
	double transmit_packets_per_s;
	uint64_t transmit_errors;
	uint64_t transmit_dropped;
	uint64_t collisions;
} hk_system_network;

typedef struct hk_system_sockets {
	hk_record record;
	uint64_t used; /* of every family */
	uint64_t tcp_in_use;
	uint64_t tcp_in_use_v6;
	uint64_t tcp_orphaned;
	uint64_t tcp_time_wait;
	uint64_t tcp_allocated;
	uint64_t tcp_memory_bytes;
	uint64_t udp_in_use;
	uint64_t udp_in_use_v6;
	uint64_t udp_memory_bytes;
	uint64_t raw_in_use;
	uint64_t fragments_memory_bytes;
	uint64_t tcp_established; /* now */
	uint64_t tcp_opened;      /* by us */
	uint64_t tcp_accepted;
	uint64_t tcp_failed;
	uint64_t tcp_reset;
	uint64_t tcp_segments_received;
	uint64_t tcp_segments_sent;
	uint64_t tcp_segments_retransmitted;
	double tcp_segments_retransmitted_per_s;
	uint64_t tcp_errors;
	uint64_t listen_overflows; /* connections refused by a full queue */
	uint64_t listen_drops;
	uint64_t udp_received;
	uint64_t udp_sent;
	uint64_t udp_no_port;
	uint64_t udp_errors;
	uint64_t udp_receive_buffer_errors;
	uint64_t ip_received;
	uint64_t ip_sent;
	uint64_t ip_forwarded;
	uint64_t ip_discarded;
} hk_system_sockets;

/* ---- sensors ---- */

typedef enum hk_system_sensor_kind {
	HK_SYSTEM_SENSOR_TEMPERATURE,
	HK_SYSTEM_SENSOR_FAN,
	HK_SYSTEM_SENSOR_VOLTAGE,
	HK_SYSTEM_SENSOR_CURRENT,
	HK_SYSTEM_SENSOR_POWER
} hk_system_sensor_kind;

/* One of celsius … watts is present: the one of its kind.  The limits have the same unit. */
typedef struct hk_system_sensor {
	hk_record record;
	const char *chip;
	const char *label;
	int32_t kind; /* hk_system_sensor_kind */
	double celsius;
	double turns_per_minute;
	double volts;
	double amperes;
	double watts;
	double low;
	double high;
	double critical;
	bool alarm;
} hk_system_sensor;

typedef struct hk_system_battery {
	hk_record record;
	const char *name;
	const char *type;   /* "battery", "mains", "ups", "usb" */
	const char *status; /* "charging", "discharging", "full" … */
	bool online;        /* mains: plugged in */
	double charge_percent;
	double energy_watt_hours;
	double energy_full_watt_hours;
	double power_watts;
	double volts;
	double health_percent; /* of what it held when new */
	uint64_t cycles;
	double time_left_s; /* until it is empty, or full when charging */
} hk_system_battery;

typedef struct hk_system_sensors {
	hk_record record;
	hk_record_list sensors;   /* hk_system_sensor */
	hk_record_list batteries; /* hk_system_battery */
} hk_system_sensors;

/* ---- sessions ---- */

typedef struct hk_system_session {
	hk_record record;
	const char *user;
	int64_t uid;
	const char *terminal;
	const char *host; /* where it came from */
	double login_time_s;
	int64_t pid; /* its leader */
	const char *id;
	const char *seat;
	const char *type;  /* "tty", "x11", "wayland" … */
	const char *state; /* "active", "online", "closing" */
	const char *service;
} hk_system_session;

/* One a record, for tables, JSON and metrics. */
HK_API extern const hk_record_type hk_system_user_type;
HK_API extern const hk_record_type hk_system_host_type;
HK_API extern const hk_record_type hk_system_cpu_times_type;
HK_API extern const hk_record_type hk_system_cpu_shares_type;
HK_API extern const hk_record_type hk_system_core_type;
HK_API extern const hk_record_type hk_system_cache_type;
HK_API extern const hk_record_type hk_system_cpu_type;
HK_API extern const hk_record_type hk_system_load_type;
HK_API extern const hk_record_type hk_system_budget_type;
HK_API extern const hk_record_type hk_system_memory_type;
HK_API extern const hk_record_type hk_system_vmstat_type;
HK_API extern const hk_record_type hk_system_stall_type;
HK_API extern const hk_record_type hk_system_stalls_type;
HK_API extern const hk_record_type hk_system_pressure_type;
HK_API extern const hk_record_type hk_system_limits_type;
HK_API extern const hk_record_type hk_system_filesystem_type;
HK_API extern const hk_record_type hk_system_disk_type;
HK_API extern const hk_record_type hk_system_address_type;
HK_API extern const hk_record_type hk_system_network_type;
HK_API extern const hk_record_type hk_system_sockets_type;
HK_API extern const hk_record_type hk_system_sensor_type;
HK_API extern const hk_record_type hk_system_battery_type;
HK_API extern const hk_record_type hk_system_sensors_type;
HK_API extern const hk_record_type hk_system_session_type;

HK_END

#endif /* HOSTKIT_SYSTEM_RECORDS_H */
