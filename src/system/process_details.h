#ifndef HKI_SYSTEM_PROCESS_DETAILS_H
#define HKI_SYSTEM_PROCESS_DETAILS_H

#include <hostkit/system_process_details.h>
#include <stdbool.h>
#include "base/arena.h"
#include "base/buffer.h"
#include "os/pidref.h"

/*
 * The inside of process details.  Each section has a file with its field table,
 * its parser, which takes text, and its reader, which takes what is held here.
 */
typedef struct hki_details_guard hki_details_guard;

struct hk_system_details_result {
	hk_system_details details;
	hki_arena arena; /* everything the record lends */
};

/* A reading that goes on. */
typedef struct hki_details_reading {
	hk_system_details_result *result;
	uint32_t sections;
	hki_pidref ref;
	int directory; /* /proc/PID, as it was opened: never another process */
	uint64_t deadline_ns;
	hki_details_guard *guard; /* made when it is first needed */
	uint32_t stale;           /* sections */
} hki_details_reading;

/* A list that grows; it becomes one block of the arena. */
typedef struct hki_details_list {
	hki_buffer rows;
	size_t count;
} hki_details_list;

static inline void hki_details_list_deinitp(hki_details_list *list)
{
	hki_buffer_deinit(&list->rows);
}

/* A row too many is only counted.  0 or -ENOMEM. */
int hki_details_add(
    hki_details_reading *reading, hki_details_list *list, const void *row, size_t bytes);
int hki_details_end(
    hk_record_list *out, hki_details_reading *reading, const hki_details_list *list);

/* A text of the result.  NULL: no memory. */
const char *hki_details_text(hki_details_reading *reading, const char *text);

/* ---- process_details_read.c: files of /proc ---- */

/* The whole file as text behind what @out holds.  0, a negative errno, or HK_ELIMIT
 * beyond @most bytes. */
int hki_details_file(hki_buffer *out, int directory, const char *name, size_t most);
/* Call @visit with the name of every entry of @directory but . and ..; its first result
 * that is not 0 ends the walk. */
int hki_details_each(
    int directory, int (*visit)(const char *name, void *user), void *user);
/* The target of a link as text.  Its length or a negative errno. */
int hki_details_link(char *out, size_t capacity, int directory, const char *name);

/* ---- text of /proc ---- */

/* Behind "@key" at the beginning of a line, or NULL. */
const char *hki_details_line(const char *text, const char *key);
/* The number at @at, behind blanks.  False without one. */
bool hki_details_number(uint64_t *out, const char *at, int base);

/* What stands in /proc/PID/stat and task/TID/stat, as far as details need it. */
typedef struct hki_details_stat {
	int32_t id;
	int32_t state; /* hk_system_process_state, or -1 */
	char name[64];
	uint64_t user_ticks;
	uint64_t system_ticks;
	int32_t priority;
	int32_t nice;
	uint64_t start_ticks;
	uint32_t processor;
	int32_t policy;
} hki_details_stat;
/* 0 or HK_EPARSE. */
int hki_details_stat_parse(hki_details_stat *out, const char *text);

/* ---- process_details_guard.c: reads that may hang ---- */

/* As hki_details_file(), by a thread.  -ETIMEDOUT when it is late: @section is then
 * noted as stale. */
int hki_details_guarded(hki_buffer *out, hki_details_reading *reading, const char *name,
    size_t most, uint32_t section);
void hki_details_guard_free(hki_details_guard *guard);

/* ---- sections ---- */

/*
 * Each fills its part of the record and returns 0, or why there is nothing:
 * -EACCES and -EPERM deny the field, -ENOMEM and -EMFILE end the reading, all
 * else leaves the field absent.
 */
int hki_details_read_threads(hki_details_reading *reading);
int hki_details_read_files(hki_details_reading *reading);
int hki_details_read_connections(hki_details_reading *reading);
int hki_details_read_memory(hki_details_reading *reading);
int hki_details_read_maps(hki_details_reading *reading);
int hki_details_read_environment(hki_details_reading *reading);
int hki_details_read_limits(hki_details_reading *reading);
int hki_details_read_credentials(hki_details_reading *reading);
int hki_details_read_namespaces(hki_details_reading *reading);
int hki_details_read_cgroups(hki_details_reading *reading);
int hki_details_read_children(hki_details_reading *reading);

/* Parsers, for tests and fuzzing; each fills a record or rows from text. */
int hki_details_memory_parse(hk_system_memory_use *out, const char *text);
int hki_details_maps_parse(
    hk_record_list *out, hki_details_reading *reading, const char *text);
int hki_details_limits_parse(
    hk_record_list *out, hki_details_reading *reading, const char *text);
int hki_details_credentials_parse(
    hk_system_credentials *out, hki_details_reading *reading, const char *text);
int hki_details_cgroups_parse(
    hk_record_list *out, hki_details_reading *reading, const char *text);

/* ---- sockets ---- */

/* One socket of the kernel's, whoever holds it. */
typedef struct hki_socket {
	uint64_t inode;
	int family;   /* AF_INET, AF_INET6, AF_UNIX */
	int protocol; /* IPPROTO_TCP, IPPROTO_UDP; 0 for AF_UNIX */
	int type;     /* SOCK_… */
	int state;    /* as the kernel numbers TCP_ESTABLISHED … */
	unsigned char local[16];
	unsigned char remote[16];
	uint16_t local_port;
	uint16_t remote_port;
	uint64_t peer_inode;
	uint64_t receive_queue;
	uint64_t send_queue;
	bool queues_known;
	const char *path;   /* AF_UNIX; not terminated, may begin with NUL */
	size_t path_length; /* 0: none */
} hki_socket;

typedef int (*hki_socket_fn)(const hki_socket *socket, void *user);

/* Every TCP, UDP and unix socket of our network namespace, by sock_diag(7). */
int hki_sockets_diag(hki_socket_fn visit, void *user);
/* The same of the process whose directory is @proc, from its net/tcp and so on. */
int hki_sockets_proc(int proc, hki_socket_fn visit, void *user);
/* One line of net/tcp …, or net/unix.  1, or 0 if it is none. */
int hki_socket_inet_parse(hki_socket *out, int family, int protocol, const char *line);
int hki_socket_unix_parse(hki_socket *out, const char *line);

#endif /* HKI_SYSTEM_PROCESS_DETAILS_H */
