/*
 * From the command line to what has to be read.  Columns, order and filter are
 * checked before the first process is looked at, and say which fields are
 * needed: a listing of names opens no file for memory.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include "../exit.h"
#include "../listing.h"
#include "../output/fail.h"
#include "../output/table.h"
#include "../values.h"
#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/nearest_word.h"
#include "ps.h"

/* What figures over an interval are measured over when nobody says. */
#define MEASURE_NS         (200 * HKI_NS_PER_MS)
#define STREAM_INTERVAL_NS HKI_NS_PER_S
/* Shorter intervals measure the clock of the kernel. */
#define INTERVAL_LEAST_NS (10 * HKI_NS_PER_MS)

#define COLUMNS_ONCE "pid,ppid,user,state,threads,rss_bytes,cpu_s,command"
#define COLUMNS_FULL "user,pid,ppid,start_time_s,terminal,cpu_s,command"
#define COLUMNS_TREE "pid,user,state,rss_bytes,cpu_s,name"
#define COLUMNS_STREAM                                                                   \
	"pid,user,cpu_percent,rss_bytes,read_bytes_per_s,written_bytes_per_s,state,"     \
	"command"
#define COLUMNS_GROUP "group,processes,threads,cpu_s,rss_bytes,memory_percent"
#define COLUMNS_GROUP_STREAM                                                             \
	"group,processes,threads,cpu_percent,rss_bytes,read_bytes_per_s,"                \
	"written_bytes_per_s"

/* What a document holds when nobody chose columns: all that stat gives, who and what. */
static const hk_system_process_field document_fields[] = {
	HK_SYSTEM_PROCESS_GROUP,
	HK_SYSTEM_PROCESS_SESSION,
	HK_SYSTEM_PROCESS_TERMINAL,
	HK_SYSTEM_PROCESS_NICE,
	HK_SYSTEM_PROCESS_PRIORITY,
	HK_SYSTEM_PROCESS_PROCESSOR,
	HK_SYSTEM_PROCESS_MINOR_FAULTS,
	HK_SYSTEM_PROCESS_MAJOR_FAULTS,
	HK_SYSTEM_PROCESS_UID,
	HK_SYSTEM_PROCESS_USER,
	HK_SYSTEM_PROCESS_COMMAND,
};

/* ---- the names of ps(1) ---- */

static const struct alias {
	const char *name;
	const char *column;
} aliases[] = {
	{ "%cpu", "cpu_percent" },
	{ "pcpu", "cpu_percent" },
	{ "%mem", "memory_percent" },
	{ "pmem", "memory_percent" },
	{ "mem", "memory_percent" },
	{ "args", "command" },
	{ "cmd", "command" },
	{ "comm", "name" },
	{ "ucmd", "name" },
	{ "exe", "executable" },
	{ "cwd", "working_directory" },
	{ "s", "state" },
	{ "stat", "state" },
	{ "time", "cpu_s" },
	{ "cputime", "cpu_s" },
	{ "start", "start_time_s" },
	{ "lstart", "start_time_s" },
	{ "stime", "start_time_s" },
	{ "rss", "rss_bytes" },
	{ "rsz", "rss_bytes" },
	{ "vsz", "virtual_bytes" },
	{ "vsize", "virtual_bytes" },
	{ "virt", "virtual_bytes" },
	{ "tty", "terminal" },
	{ "tt", "terminal" },
	{ "nlwp", "threads" },
	{ "thcount", "threads" },
	{ "ni", "nice" },
	{ "pri", "priority" },
	{ "rtprio", "realtime_priority" },
	{ "class", "policy" },
	{ "cls", "policy" },
	{ "psr", "processor" },
	{ "pgid", "group" },
	{ "pgrp", "group" },
	{ "sid", "session" },
	{ "sess", "session" },
	{ "tpgid", "foreground_group" },
	{ "ruser", "user" },
	{ "uname", "user" },
	{ "ruid", "uid" },
	{ "euid", "effective_uid" },
	{ "suid", "saved_uid" },
	{ "fuid", "filesystem_uid" },
	{ "rgid", "gid" },
	{ "egid", "effective_gid" },
	{ "sgid", "saved_gid" },
	{ "fgid", "filesystem_gid" },
	{ "min_flt", "minor_faults" },
	{ "maj_flt", "major_faults" },
	{ "oom", "oom_score" },
	{ "oomadj", "oom_adjustment" },
};

/* The column people mean by a word, or -ENOENT. */
static int column_of(const hk_record_type *type, const char *word)
{
	int field = hk_system_filter_field(type, word);

	for (size_t i = 0; field < 0 && i < HKI_COUNT(aliases); i++)
		if (strcmp(aliases[i].name, word) == 0)
			field = hk_record_find(type, aliases[i].column);
	return field;
}

char *ps_column_names(const hk_record_type *type, const char *names)
{
	hki_cleanup(hki_buffer_deinitp) hki_buffer out = HKI_BUFFER_INIT;
	int r = hki_buffer_append_text(&out, "");

	while (r == 0 && *names != '\0') {
		size_t length = strcspn(names, ", ");
		char *word = hki_strndup(names, length);
		int field = word != NULL ? column_of(type, word) : -ENOENT;

		if (word == NULL)
			return NULL;
		/* ps(1) takes a heading behind "=": it is left out. */
		if (field < 0 && strchr(word, '=') != NULL) {
			*strchr(word, '=') = '\0';
			field = column_of(type, word);
		}
		r = hki_buffer_append_format(&out, "%s%s", out.length > 0 ? "," : "",
		    field >= 0 ? type->fields[field].name : word);
		hki_free(word);
		names += length;
		names += strspn(names, ", ");
	}
	return r == 0 ? hki_buffer_take(&out) : NULL;
}

const hk_record_type *ps_listed_type(const ps_request *request)
{
	return request->group != PS_GROUP_NONE ? &ps_group_type : &hk_system_process_type;
}

/* ---- which processes ---- */

static int fail_memory(const cmd_call *call)
{
	return cmd_fail(
	    &call->output, CMD_EXIT_FAILED, -ENOMEM, NULL, "cannot read the options");
}

static int add_id(ps_request *request, const char *word)
{
	hk_process_id id = { .pid = 0 };
	hk_process_id *ids;

	if (hk_process_id_parse(&id, word) < 0)
		return cmd_fail(&request->call->output, CMD_EXIT_USAGE, 0,
		    "write a number, or PID@START:INODE", "'%s' is no process id", word);
	ids = hki_realloc_array(request->ids, request->id_count + 1, sizeof(*ids));
	if (ids == NULL)
		return fail_memory(request->call);
	request->ids = ids;
	request->ids[request->id_count++] = id;
	return 0;
}

/* Call @add for each word of a list with commas or spaces in it.  A list of none is the
 * empty variable of a script, which did not mean everybody. */
static int each_word(
    ps_request *request, const char *list, int (*add)(ps_request *, const char *))
{
	int r = 0;

	if (strspn(list, ", ") == strlen(list))
		return cmd_fail(&request->call->output, CMD_EXIT_USAGE, 0,
		    "leave it out to see all", "'%s' names nobody", list);
	while (r == 0 && *list != '\0') {
		size_t length = strcspn(list, ", ");
		hki_cleanup(hki_freep) char *word = hki_strndup(list, length);

		if (word == NULL)
			return fail_memory(request->call);
		if (length > 0)
			r = add(request, word);
		list += length;
		list += strspn(list, ", ");
	}
	return r;
}

/* Processes may belong to numbers that have no name, but not to names without number. */
static bool is_user(const char *word)
{
	return word[strspn(word, "0123456789")] == '\0' || getpwnam(word) != NULL;
}

static int add_user(ps_request *request, const char *word)
{
	size_t count = 0;
	char **users;

	if (!is_user(word))
		return cmd_fail(&request->call->output, CMD_EXIT_ABSENT, 0, NULL,
		    "there is no user '%s'", word);
	while (request->users != NULL && request->users[count] != NULL)
		count++;
	users = hki_realloc_array(request->users, count + 2, sizeof(*users));
	if (users == NULL)
		return fail_memory(request->call);
	request->users = users;
	users[count] = hki_strdup(word);
	users[count + 1] = NULL;
	return users[count] != NULL ? 0 : fail_memory(request->call);
}

/* ---- options ---- */

static int read_filter(ps_request *request, const cmd_given *given)
{
	hk_error_list *errors = NULL;
	int r = hk_error_list_new(&errors);

	hk_system_filter_free(hki_take(request->filter));
	if (r == 0)
		r = hk_system_filter_new(
		    &request->filter, &hk_system_process_type, given->value, errors);
	if (r < 0)
		r = cmd_fail_list(&request->call->output, CMD_EXIT_USAGE, r, errors);
	hk_error_list_free(errors);
	return r;
}

static int read_word(int *out, ps_request *request, const cmd_given *given, int first)
{
	int place = 0;
	int r = cmd_value_word(&place, request->call, given);

	if (r == 0)
		*out = first + place;
	return r;
}

static int read_interval(ps_request *request, const cmd_given *given)
{
	int r = cmd_value_duration(&request->interval_ns, request->call, given);

	if (r == 0 && request->interval_ns < INTERVAL_LEAST_NS)
		return cmd_value_fail(
		    request->call, given, "an interval", "10ms is the shortest");
	request->stream = true;
	return r;
}

static int read_option(ps_request *request, const cmd_given *given)
{
	const cmd_call *call = request->call;
	int64_t number = 0;
	int word = 0;
	int r;

	switch (given->option->id) {
	case PS_INTERVAL:
		return read_interval(request, given);
	case PS_COUNT:
		r = cmd_value_integer(&number, call, given, 1, INT64_MAX);
		request->count = (uint64_t) number;
		request->stream = true;
		return r;
	case PS_LIMIT:
		r = cmd_value_integer(&number, call, given, 1, INT64_MAX);
		request->limit = (uint64_t) number;
		return r;
	case PS_TREE:
		request->tree = true;
		return 0;
	case PS_GROUP:
		r = read_word(&word, request, given, PS_GROUP_USER);
		request->group = (ps_group) word;
		return r;
	case PS_ENGINE:
		r = read_word(&word, request, given, HK_SYSTEM_ENGINE_AUTO);
		request->engine = (hk_system_engine) word;
		return r;
	case PS_FILTER:
		return read_filter(request, given);
	case PS_PID:
		return each_word(request, given->value, add_id);
	case PS_USER:
		return each_word(request, given->value, add_user);
	case PS_SHOW:
		return ps_show_read(&request->show, call, given);
	default:
		return 0;
	}
}

/* ---- columns and order ---- */

static const char *default_columns(const ps_request *request)
{
	if (request->group != PS_GROUP_NONE)
		return request->stream ? COLUMNS_GROUP_STREAM : COLUMNS_GROUP;
	if (request->stream)
		return COLUMNS_STREAM;
	if (cmd_call_value(request->call, PS_FULL) != NULL)
		return COLUMNS_FULL;
	return request->tree ? COLUMNS_TREE : COLUMNS_ONCE;
}

static int choose_columns(ps_request *request)
{
	const cmd_call *call = request->call;
	const char *columns = cmd_call_value(call, PS_FORMAT);
	cmd_table_opts opts = { .columns = NULL };
	bool all;

	if (columns == NULL)
		columns = cmd_call_value(call, CMD_LISTING_COLUMNS);
	request->columns_given = columns != NULL;
	all = columns != NULL && strcmp(columns, "all") == 0;
	if (all || (columns == NULL && call->output.json))
		return 0;
	if (columns == NULL)
		columns = default_columns(request);
	request->columns = ps_column_names(ps_listed_type(request), columns);
	if (request->columns == NULL)
		return fail_memory(call);
	if (request->columns[0] == '\0')
		return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
		    "--columns all shows what there is", "no column is named");
	opts.columns = request->columns;
	return cmd_table_check(&call->output, &opts, ps_listed_type(request));
}

static int choose_sort(ps_request *request)
{
	const cmd_call *call = request->call;
	const char *sort = cmd_call_value(call, CMD_LISTING_SORT);
	const hk_record_type *type = ps_listed_type(request);
	cmd_table_opts opts = { .columns = NULL };

	request->sort = -1;
	if (sort == NULL)
		return 0;
	request->descending = sort[0] == '-';
	request->sort = column_of(type, sort + request->descending);
	if (request->sort >= 0)
		return 0;
	opts.sort = sort; /* so that it is told in the same words everywhere */
	return cmd_table_check(&call->output, &opts, type);
}

static bool is_over_an_interval(unsigned int field)
{
	return field == HK_SYSTEM_PROCESS_CPU_PERCENT ||
	       field == HK_SYSTEM_PROCESS_READ_RATE ||
	       field == HK_SYSTEM_PROCESS_WRITE_RATE;
}

/* Take @name into the columns, before the last: that one has the rest of the line. */
static int show_column(ps_request *request, const char *name)
{
	const char *last = strrchr(request->columns, ',');
	size_t before = last != NULL ? (size_t) (last - request->columns) : 0;
	char *columns;

	if (ps_is_column(request->columns, name))
		return 0;
	columns = hki_format("%.*s%s%s,%s", (int) before, request->columns,
	    before > 0 ? "," : "", name, request->columns + before + (before > 0));
	if (columns == NULL)
		return fail_memory(request->call);
	hki_free(request->columns);
	request->columns = columns;
	return 0;
}

/* Nobody believes an order or a rate that is not shown: where we choose the columns,
 * they have what rows are ordered by and the measured figures they are chosen by. */
static int show_reasons(ps_request *request)
{
	const hk_record_type *type = ps_listed_type(request);
	int r = 0;

	if (request->columns_given || request->columns == NULL)
		return 0;
	if (request->sort >= 0)
		r = show_column(request, type->fields[request->sort].name);
	if (request->filter == NULL || request->group != PS_GROUP_NONE)
		return r;
	for (unsigned int i = 0; r == 0 && i < HK_SYSTEM_PROCESS_FIELD_COUNT; i++)
		if (is_over_an_interval(i) && hk_system_filter_uses(request->filter, i))
			r = show_column(request, type->fields[i].name);
	return r;
}

static void want(ps_request *request, unsigned int field)
{
	hk_system_process_fields_add(&request->fields, (hk_system_process_field) field);
	request->measured = request->measured || is_over_an_interval(field);
}

/* The fields of @type's columns, by name: those of groups are sums of the same names. */
static void want_columns(ps_request *request, const char *columns)
{
	while (*columns != '\0') {
		char name[64];
		size_t length = strcspn(columns, ",");
		int field;

		if (length < sizeof(name)) {
			memcpy(name, columns, length);
			name[length] = '\0';
			field = hk_record_find(&hk_system_process_type, name);
			if (field >= 0)
				want(request, (unsigned int) field);
		}
		columns += length + (columns[length] == ',');
	}
}

static void want_group(ps_request *request)
{
	switch (request->group) {
	case PS_GROUP_USER:
		want(request, HK_SYSTEM_PROCESS_UID);
		want(request, HK_SYSTEM_PROCESS_USER);
		break;
	case PS_GROUP_CGROUP:
	case PS_GROUP_SERVICE:
		want(request, HK_SYSTEM_PROCESS_CGROUP);
		break;
	default:
		break;
	}
	if (request->group != PS_GROUP_NONE && request->columns == NULL)
		want_columns(
		    request, request->stream ? COLUMNS_GROUP_STREAM : COLUMNS_GROUP);
}

/* The words of a filter stand in our own command line, so we would be among those it
 * finds; whoever asks for ids means them. */
static bool leaves_out_self(const ps_request *request)
{
	bool by_text = false;

	if (request->filter == NULL || request->id_count > 0 ||
	    hk_system_filter_uses(request->filter, HK_SYSTEM_PROCESS_PID))
		return false;
	for (unsigned int i = 0; i < HK_SYSTEM_PROCESS_FIELD_COUNT; i++) {
		hk_record_kind kind = hk_system_process_type.fields[i].kind;

		by_text =
		    by_text || ((kind == HK_RECORD_STRING || kind == HK_RECORD_STRINGS) &&
				   hk_system_filter_uses(request->filter, i));
	}
	return by_text;
}

static void want_everything_else(ps_request *request)
{
	const hk_record_type *type = ps_listed_type(request);

	if (request->columns != NULL)
		want_columns(request, request->columns);
	else if (request->columns_given)
		for (unsigned int i = 0; i < HK_SYSTEM_PROCESS_FIELD_COUNT; i++)
			hk_system_process_fields_add(
			    &request->fields, (hk_system_process_field) i);
	else if (request->group == PS_GROUP_NONE)
		for (size_t i = 0; i < HKI_COUNT(document_fields); i++)
			want(request, document_fields[i]);
	if (request->stream && request->columns == NULL)
		want_columns(request, COLUMNS_STREAM);
	if (request->sort >= 0)
		want_columns(request, type->fields[request->sort].name);
	for (unsigned int i = 0;
	     request->filter != NULL && i < HK_SYSTEM_PROCESS_FIELD_COUNT; i++)
		if (hk_system_filter_uses(request->filter, i))
			want(request, i);
	if (request->users != NULL) {
		want(request, HK_SYSTEM_PROCESS_UID);
		want(request, HK_SYSTEM_PROCESS_USER);
	}
	if (request->tree && !request->call->output.json)
		want(request, HK_SYSTEM_PROCESS_COMMAND);
	want_group(request);
}

static int check_together(const ps_request *request)
{
	const cmd_output *output = &request->call->output;

	if (request->tree && request->group != PS_GROUP_NONE)
		return cmd_fail(output, CMD_EXIT_USAGE, 0, NULL,
		    "--tree and --group do not go together");
	if (request->tree && request->sort >= 0)
		return cmd_fail(output, CMD_EXIT_USAGE, 0, "a tree has its own order",
		    "--tree and --sort do not go together");
	if (request->show != 0 && (request->stream || request->group != PS_GROUP_NONE))
		return cmd_fail(output, CMD_EXIT_USAGE, 0, NULL,
		    "--show goes with a single look at processes");
	return 0;
}

int ps_request_read(ps_request *out, const cmd_call *call)
{
	ps_request request = { .call = call, .sort = -1 };
	int r = 0;

	for (int i = 0; r == 0 && i < call->operand_count; i++)
		r = each_word(&request, call->operands[i], add_id);
	for (size_t i = 0; r == 0 && i < call->given_count; i++)
		r = read_option(&request, &call->given[i]);
	request.no_header = cmd_call_value(call, CMD_LISTING_NO_HEADER) != NULL;
	if (r == 0)
		r = choose_columns(&request);
	if (r == 0)
		r = choose_sort(&request);
	if (r == 0)
		r = check_together(&request);
	if (r == 0)
		r = show_reasons(&request);
	if (r != 0) {
		ps_request_deinit(&request);
		return r;
	}
	request.self_left_out = leaves_out_self(&request);
	want_everything_else(&request);
	if (request.interval_ns == 0)
		request.interval_ns = request.stream ? STREAM_INTERVAL_NS : MEASURE_NS;
	*out = request;
	return 0;
}

void ps_request_deinit(ps_request *request)
{
	hk_system_filter_free(request->filter);
	for (size_t i = 0; request->users != NULL && request->users[i] != NULL; i++)
		hki_free(request->users[i]);
	hki_free(request->users);
	hki_free(request->ids);
	hki_free(request->columns);
}
