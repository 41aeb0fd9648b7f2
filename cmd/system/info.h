#ifndef HOSTKIT_CMD_SYSTEM_INFO_H
#define HOSTKIT_CMD_SYSTEM_INFO_H

#include <hostkit/json.h>
#include <hostkit/system.h>
#include "../verb.h"
#include "base/buffer.h"

/* What the parts of `hostkit info` share. */

typedef struct info_section {
	const char *name; /* as on the command line and in JSON */
	uint32_t bits;    /* what is sampled for it */
	bool rates;       /* some of it needs an interval */
	void (*write)(
	    hk_json_writer *writer, const hk_system *system); /* key and value */
	int (*print)(const cmd_call *call, const hk_system *system);
} info_section;

/* Up to a row without a name, in the order of the document. */
extern const info_section info_sections[];

/* Why a section could not be read; 0 when it was. */
int info_error(const info_section *section, const hk_system *system);

/* ---- info_json.c ---- */

void info_write_host(hk_json_writer *writer, const hk_system *system);
void info_write_cpu(hk_json_writer *writer, const hk_system *system);
void info_write_memory(hk_json_writer *writer, const hk_system *system);
void info_write_vmstat(hk_json_writer *writer, const hk_system *system);
void info_write_pressure(hk_json_writer *writer, const hk_system *system);
void info_write_limits(hk_json_writer *writer, const hk_system *system);
void info_write_filesystems(hk_json_writer *writer, const hk_system *system);
void info_write_disks(hk_json_writer *writer, const hk_system *system);
void info_write_networks(hk_json_writer *writer, const hk_system *system);
void info_write_sockets(hk_json_writer *writer, const hk_system *system);
void info_write_sensors(hk_json_writer *writer, const hk_system *system);
void info_write_sessions(hk_json_writer *writer, const hk_system *system);

void info_write_self(hk_json_writer *writer, const hk_system *system);

/* ---- info_text.c: a section at length ---- */

int info_print_host(const cmd_call *call, const hk_system *system);
int info_print_cpu(const cmd_call *call, const hk_system *system);
int info_print_memory(const cmd_call *call, const hk_system *system);
int info_print_vmstat(const cmd_call *call, const hk_system *system);
int info_print_pressure(const cmd_call *call, const hk_system *system);
int info_print_limits(const cmd_call *call, const hk_system *system);
int info_print_sockets(const cmd_call *call, const hk_system *system);
int info_print_self(const cmd_call *call, const hk_system *system);

/* ---- info_tables.c: sections that are lists ---- */

int info_print_filesystems(const cmd_call *call, const hk_system *system);
int info_print_disks(const cmd_call *call, const hk_system *system);
int info_print_networks(const cmd_call *call, const hk_system *system);
/* The same with these columns, for places that have room for no more. */
int info_table_filesystems(
    const cmd_call *call, const hk_system *system, const char *columns);
int info_table_disks(const cmd_call *call, const hk_system *system, const char *columns);
int info_table_networks(
    const cmd_call *call, const hk_system *system, const char *columns);
int info_print_sensors(const cmd_call *call, const hk_system *system);
int info_print_sessions(const cmd_call *call, const hk_system *system);

/* ---- info_overview.c: everything at a glance ---- */

int info_print_overview(const cmd_call *call, const hk_system *system);

/* ---- info_bar.c ---- */

/* How text is shown on stdout. */
typedef struct info_page {
	hki_buffer out;
	bool colour;
	bool blocks; /* the terminal shows more than ASCII */
	unsigned int width;
} info_page;

void info_page_begin(info_page *page, const cmd_call *call);
/* Print what was put together.  0 or an exit code. */
int info_page_end(info_page *page, const cmd_call *call);

void info_add(info_page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Text from outside, cleaned for the terminal. */
void info_add_text(info_page *page, const char *text);
void info_heading(info_page *page, const char *text);
/* A label in its column. */
void info_label(info_page *page, const char *text);
/* "#####.......  42%" */
void info_bar(info_page *page, double percent);
/* Columns of the screen right of a label and its bar; SIZE_MAX where there is no screen. */
size_t info_room(const info_page *page);
/* A size as "1.5G". */
void info_size(info_page *page, uint64_t bytes);
/* Is a member there? */
#define INFO_HAS(type, record, member)                                                   \
	hk_record_has_at(                                                                \
	    &hk_system_##type##_type, record, offsetof(hk_system_##type, member))

#endif /* HOSTKIT_CMD_SYSTEM_INFO_H */
