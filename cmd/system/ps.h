#ifndef HOSTKIT_CMD_SYSTEM_PS_H
#define HOSTKIT_CMD_SYSTEM_PS_H

#include <hostkit/process.h>
#include <hostkit/system_filter.h>
#include <hostkit/system_process.h>
#include <hostkit/system_process_details.h>
#include "verb.h"

/*
 * `hostkit ps` goes one way: the command line becomes a request (ps_request.c),
 * the table of processes is asked for the fields somebody needs, rows are chosen
 * and ordered (ps_select.c, ps_tree.c, ps_group.c), and printed once (ps_print.c,
 * ps_details.c) or again and again (ps_stream.c).
 */

typedef enum ps_group {
	PS_GROUP_NONE = HK_SYSTEM_GROUPING_NONE,
	PS_GROUP_USER = HK_SYSTEM_GROUPING_USER,
	PS_GROUP_CGROUP = HK_SYSTEM_GROUPING_CGROUP,
	PS_GROUP_SERVICE = HK_SYSTEM_GROUPING_SERVICE,
	PS_GROUP_NAME = HK_SYSTEM_GROUPING_NAME
} ps_group;

typedef struct ps_request {
	const cmd_call *call;
	char *columns; /* real names separated by commas; NULL: everything read */
	bool columns_given;
	bool no_header;
	int sort; /* a field of what is listed, or -1 */
	bool descending;
	hk_system_filter *filter; /* NULL: all */
	bool self_left_out;       /* the filter looks at texts: our own has its words */
	hk_process_id *ids;       /* those named; parts that are 0 match anything */
	size_t id_count;
	char **users; /* names and numbers of -u, NULL-terminated; or NULL */
	hk_system_process_fields fields;
	hk_system_engine engine;
	ps_group group;
	bool tree;
	bool stream;
	bool measured; /* somebody asked for figures over an interval */
	uint64_t interval_ns;
	uint64_t count; /* samples of a stream; 0: no end */
	uint64_t limit; /* rows; 0: all */
	uint32_t show;  /* HK_SYSTEM_DETAILS_… */
} ps_request;

enum {
	PS_INTERVAL = 1,
	PS_COUNT,
	PS_TREE,
	PS_GROUP,
	PS_FILTER,
	PS_LIMIT,
	PS_PID,
	PS_USER,
	PS_FORMAT,
	PS_FULL,
	PS_EVERY,
	PS_SHOW,
	PS_ENGINE
};

/* Read the command line.  0, or the exit code after telling what is wrong. */
int ps_request_read(ps_request *out, const cmd_call *call);
void ps_request_deinit(ps_request *request);

/* What the rows of the request are: processes or groups of them. */
const hk_record_type *ps_listed_type(const ps_request *request);

/* The real names of @names, which may be those of ps(1) or lack their unit, in a string of
 * its own; what nobody knows stays as it is.  NULL: no memory. */
char *ps_column_names(const hk_record_type *type, const char *names);

/* ---- ps_select.c ---- */

/* Rows that were chosen; copies, whose texts are the table's. */
typedef struct ps_rows {
	hk_system_process *items;
	uint32_t *depths; /* with a tree: generations below its root */
	size_t count;
	char **names; /* texts of our own, to be released */
	size_t name_count;
} ps_rows;

void ps_rows_deinit(ps_rows *rows);

/* Choose, order and cut.  0 or a negative code. */
int ps_select(ps_rows *out, const ps_request *request, const hk_system_processes *table);
/* Does the request choose this process? */
int ps_chooses(const ps_request *request, const hk_system_process *row);
/* Tell which of the processes named there are not.  Returns how many. */
size_t ps_tell_missing(const ps_request *request, const hk_system_processes *table);

/* Order @count records of @type as the request wants. */
void ps_sort(
    const ps_request *request, const hk_record_type *type, void *records, size_t count);

/* ---- ps_tree.c ---- */

/* Put the rows in the order of the tree, with the ancestors of those that are chosen. */
int ps_tree_select(
    ps_rows *out, const ps_request *request, const hk_system_processes *table);
/* Draw the branches into the names.  0 or -ENOMEM. */
int ps_tree_draw(ps_rows *rows);

/* ---- ps_group.c ---- */

typedef struct ps_group_row {
	hk_record record;
	const char *group;
	uint64_t processes;
	uint64_t threads;
	double cpu_percent;
	double cpu_s;
	uint64_t rss_bytes;
	double memory_percent;
	double read_bytes_per_s;
	double written_bytes_per_s;
} ps_group_row;

extern const hk_record_type ps_group_type;

typedef struct ps_groups {
	ps_group_row *items;
	size_t count;
	size_t capacity;
} ps_groups;

/* Sum the rows up.  0 or -ENOMEM. */
int ps_groups_make(ps_groups *out, const ps_request *request, const ps_rows *rows);
void ps_groups_deinit(ps_groups *groups);

/* ---- ps_print.c ---- */

/* Is @name one of these names separated by commas? */
bool ps_is_column(const char *columns, const char *name);

/* One table or document.  Returns the exit code. */
int ps_print(const ps_request *request, const hk_system_processes *table);

/* Rows as a table: of processes, or of groups. */
int ps_print_table(const ps_request *request, ps_rows *rows);
/* The member "processes" or "groups" of the open object. */
int ps_write_rows(hk_json_writer *writer, const ps_request *request, const ps_rows *rows);
/* A row with what was asked for, and nothing else. */
void ps_write_row(
    hk_json_writer *writer, const ps_request *request, const hk_system_process *row);

/* ---- ps_details.c ---- */

/* The words of --show.  0 or an exit code. */
int ps_show_read(uint32_t *out, const cmd_call *call, const cmd_given *given);
int ps_details_print(const ps_request *request, const ps_rows *rows);
/* Are there others to go on with, when one may not be looked at? */
bool ps_details_pass(int error, const ps_rows *rows);
/* The member "details" of the open object; nothing if the process has gone. */
int ps_details_write(
    hk_json_writer *writer, const ps_request *request, const hk_system_process *row);

/* ---- ps_stream.c ---- */

/* Sample until the count is reached or somebody interrupts.  Returns the exit code. */
int ps_stream(const ps_request *request, hk_system_processes *table);

#endif /* HOSTKIT_CMD_SYSTEM_PS_H */
