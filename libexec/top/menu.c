/*
 * Choosing from a list.
 */
#include "menu.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "act.h"
#include "base/array.h"
#include "columns.h"

static const struct {
	int number;
	const char *name;
	const char *does;
} signals[] = {
	{ SIGTERM, "SIGTERM", "please end" },
	{ SIGKILL, "SIGKILL", "end at once" },
	{ SIGINT, "SIGINT", "as Ctrl-C" },
	{ SIGHUP, "SIGHUP", "read the configuration again, or end" },
	{ SIGQUIT, "SIGQUIT", "end, with a core file" },
	{ SIGSTOP, "SIGSTOP", "stand still" },
	{ SIGCONT, "SIGCONT", "go on" },
	{ SIGUSR1, "SIGUSR1", "what the program makes of it" },
	{ SIGUSR2, "SIGUSR2", "what the program makes of it" },
	{ SIGABRT, "SIGABRT", "end by abort()" },
	{ SIGALRM, "SIGALRM", "a timer is due" },
	{ SIGPIPE, "SIGPIPE", "nobody reads" },
	{ SIGCHLD, "SIGCHLD", "a child has changed" },
	{ SIGTSTP, "SIGTSTP", "as Ctrl-Z" },
	{ SIGTTIN, "SIGTTIN", "reads in the background" },
	{ SIGTTOU, "SIGTTOU", "writes in the background" },
	{ SIGWINCH, "SIGWINCH", "the terminal has another size" },
};

/* ---- users: those who have processes now ---- */

/* The @line-th name among the processes, counting each once; NULL beyond the last. */
static const char *user_at(const top_view *view, long line)
{
	const top_moment *moment = top_model_moment(view->model);

	for (size_t i = 0; i < moment->count; i++) {
		const hk_system_process *process = moment->processes[i];
		bool seen = !hk_record_has(&process->record, HK_SYSTEM_PROCESS_USER);

		for (size_t j = 0; j < i && !seen; j++) {
			const hk_system_process *other = moment->processes[j];

			seen = hk_record_has(&other->record, HK_SYSTEM_PROCESS_USER) &&
			       strcmp(other->user, process->user) == 0;
		}
		if (!seen && line-- == 0)
			return process->user;
	}
	return NULL;
}

static long count_users(const top_view *view)
{
	long count = 0;

	while (user_at(view, count) != NULL)
		count++;
	return count;
}

/* ---- lists ---- */

long top_menu_count(const top_view *view)
{
	switch (view->mode) {
	case TOP_MODE_SIGNAL:
		return (long) HKI_COUNT(signals);
	case TOP_MODE_SORT:
		return (long) top_column_count;
	case TOP_MODE_USER:
		return 1 + count_users(view);
	default:
		return 0;
	}
}

void top_menu_text(char *out, size_t capacity, const top_view *view, long line)
{
	const char *user;

	out[0] = '\0';
	if (line < 0 || line >= top_menu_count(view))
		return;
	switch (view->mode) {
	case TOP_MODE_SIGNAL:
		(void) snprintf(out, capacity, "%2d %-9s %s", signals[line].number,
		    signals[line].name, signals[line].does);
		break;
	case TOP_MODE_SORT:
		(void) snprintf(out, capacity, "%-8s %s", top_columns[line].title,
		    hk_system_process_type.fields[top_columns[line].field].help);
		break;
	case TOP_MODE_USER:
		user = line == 0 ? "all users" : user_at(view, line - 1);
		(void) snprintf(out, capacity, "%s", user == NULL ? "" : user);
		break;
	default:
		break;
	}
}

const char *top_menu_title(const top_view *view)
{
	switch (view->mode) {
	case TOP_MODE_SIGNAL:
		return "send a signal";
	case TOP_MODE_SORT:
		return "order by";
	case TOP_MODE_USER:
		return "show processes of";
	default:
		return "";
	}
}

void top_menu_open(top_view *view, top_mode mode)
{
	if (mode == TOP_MODE_SIGNAL && view->read_only) {
		top_view_say(view, true, "started with --read-only: no signals");
		return;
	}
	if (mode == TOP_MODE_SIGNAL && top_model_moment(view->model)->past) {
		top_view_say(view, true, "this is the past; press 0 to come back");
		return;
	}
	view->mode = mode;
	view->menu = 0;
	for (size_t i = 0; mode == TOP_MODE_SORT && i < top_column_count; i++) {
		if (top_columns[i].field == view->order.field)
			view->menu = (long) i;
	}
}

void top_menu_choose(top_view *view)
{
	long line = view->menu;
	const char *user;

	switch (view->mode) {
	case TOP_MODE_SIGNAL:
		if (line >= 0 && line < (long) HKI_COUNT(signals))
			top_act_signal(view, signals[line].number, signals[line].name);
		break;
	case TOP_MODE_SORT:
		if (line >= 0 && line < (long) top_column_count &&
		    top_columns[line].field != view->order.field)
			top_view_sort(view, top_columns[line].field);
		break;
	case TOP_MODE_USER:
		user = line <= 0 ? "" : user_at(view, line - 1);
		(void) snprintf(
		    view->user, sizeof(view->user), "%s", user == NULL ? "" : user);
		top_view_refresh(view);
		break;
	default:
		break;
	}
	view->mode = TOP_MODE_TABLE;
}
