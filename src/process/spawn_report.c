/*
 * A failed start, told to people: which step, about what, and what may help.  The
 * child could only leave a number; the names are looked up again here.
 */
#include "process/spawn_plan.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/error_list.h"

static bool is_path(const char *file)
{
	return strchr(file, '/') != NULL;
}

static const char *exec_hint(const char *file, int code)
{
	switch (code) {
	case -ENOENT:
		if (!is_path(file))
			return "it is in no directory of PATH";
		if (access(file, F_OK) == 0)
			return "the file is there, but the interpreter it names is not";
		return "";
	case -EACCES:
		return "is it executable, and may its directory be entered?";
	case -ENOEXEC:
		return "it is no program and has no '#!' line: name its interpreter "
		       "first";
	case -E2BIG:
		return "arguments and environment together are longer than the system "
		       "takes";
	case -EAGAIN:
		return "the user has as many processes as allowed (limit nproc)";
	case -ETXTBSY:
		return "it is open for writing";
	default:
		return "";
	}
}

static const char *start_hint(int code)
{
	switch (code) {
	case -EAGAIN:
		return "a limit of processes is reached: nproc, pids.max or "
		       "kernel.pid_max";
	case -EMFILE:
		return "this program has as many files open as allowed: raise limit "
		       "nofile";
	default:
		return "";
	}
}

static const char *privilege_hint(int code)
{
	return code == -EPERM || code == -EACCES
		   ? "this needs privileges that we do not have"
		   : "";
}

/* What the step was about, and its hint. */
static void describe(char text[PATH_MAX + 64], const char **hint, const hki_plan *plan,
    const hk_process_opts *opts, int code)
{
	const size_t room = PATH_MAX + 64;
	const char *file = opts->file != NULL ? opts->file : opts->argv[0];
	size_t index = plan->failed_index;

	text[0] = '\0';
	*hint = privilege_hint(code);
	switch (plan->failed_step) {
	case HKI_STEP_EXEC:
		(void) snprintf(text, room, "'%s'", file);
		*hint = exec_hint(file, code);
		break;
	case HKI_STEP_CWD:
		(void) snprintf(text, room, "'%s'", opts->cwd);
		*hint = "";
		break;
	case HKI_STEP_START:
		*hint = start_hint(code);
		break;
	case HKI_STEP_LIMITS:
		if (index < plan->limit_count)
			(void) snprintf(
			    text, room, "resource %d", plan->limits[index].resource);
		break;
	case HKI_STEP_FDS:
		if (index < plan->fd_count)
			(void) snprintf(
			    text, room, "descriptor %d", plan->fds[index].target);
		break;
	case HKI_STEP_UID:
		(void) snprintf(text, room, "user id %u", plan->uid);
		break;
	case HKI_STEP_GID:
		(void) snprintf(text, room, "group id %u", plan->gid);
		break;
	case HKI_STEP_NICE:
		(void) snprintf(text, room, "%d", (int) plan->nice);
		break;
	case HKI_STEP_OOM_SCORE:
		(void) snprintf(text, room, "%s", plan->oom_score);
		break;
	default:
		break;
	}
}

int hki_plan_report(
    const hki_plan *plan, const hk_process_opts *opts, int code, hk_error_list *errors)
{
	char text[PATH_MAX + 64];
	hk_error error = { .code = code, .source = "", .text = text };

	if (errors == NULL)
		return code;
	describe(text, &error.hint, plan, opts, code);
	error.step = hki_step_name(plan->failed_step);
	return hki_error_report(errors, &error);
}
