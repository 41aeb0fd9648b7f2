/*
 * Programs behind the command: a screen or an HTTP server is a program of its own,
 * so that `hostkit kill` need not load ncurses.  They are looked for where the
 * command itself lies, then where it was to be installed, so both a build folder
 * and a tree that was moved work.
 */
#include "libexec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "exit.h"
#include "libexec_path.h"
#include "output/fail.h"

/* The folder of the running command, without the slash; false if it cannot be known. */
static bool own_folder(char out[CMD_LIBEXEC_PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", out, CMD_LIBEXEC_PATH_MAX - 1);
	char *slash;

	if (length <= 0)
		return false;
	out[length] = '\0';
	slash = strrchr(out, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

/* Is there a program @name below @folder@below?  Its path goes to @out. */
static bool is_there(char out[CMD_LIBEXEC_PATH_MAX], const char *folder,
    const char *below, const char *name)
{
	int length = snprintf(out, CMD_LIBEXEC_PATH_MAX, "%s%s/%s", folder, below, name);

	return length > 0 && length < CMD_LIBEXEC_PATH_MAX && access(out, X_OK) == 0;
}

bool cmd_libexec_find(char out[CMD_LIBEXEC_PATH_MAX], const char *name)
{
	const char *given = secure_getenv("HOSTKIT_LIBEXEC");
	char folder[CMD_LIBEXEC_PATH_MAX];

	if (given != NULL)
		return is_there(out, given, "", name);
	if (own_folder(folder) && (is_there(out, folder, "/libexec", name) ||
				      is_there(out, folder, "/../libexec/hostkit", name)))
		return true;
	return is_there(out, CMD_LIBEXEC_PATH, "", name);
}

int cmd_libexec_run(const cmd_call *call, const char *name, char *const *argv)
{
	char path[CMD_LIBEXEC_PATH_MAX];

	if (!cmd_libexec_find(path, name))
		return cmd_fail(&call->output, CMD_EXIT_FAILED, 0,
		    "it is installed to " CMD_LIBEXEC_PATH
		    "; HOSTKIT_LIBEXEC names another folder",
		    "the program '%s' of hostkit is not there", name);
	execv(path, argv);
	return cmd_fail(
	    &call->output, CMD_EXIT_FAILED, -errno, NULL, "cannot execute '%s'", path);
}
