/*
 * From the failure of a library call to the exit code of the command.  Only
 * the kinds a script can act on get a code of their own.
 */
#include "exit.h"
#include <errno.h>
#include <hostkit/error.h>

int cmd_exit_from_error(int code)
{
	switch (code) {
	case 0:
		return CMD_EXIT_OK;
	case -ENOENT:
	case -ESRCH:
		return CMD_EXIT_ABSENT;
	case -EACCES:
	case -EPERM:
		return CMD_EXIT_PERMISSION;
	default:
		return CMD_EXIT_FAILED;
	}
}

const char *cmd_exit_name(int exit_code)
{
	switch (exit_code) {
	case CMD_EXIT_NO:
		return "NO";
	case CMD_EXIT_USAGE:
		return "USAGE";
	case CMD_EXIT_NOT_RUNNING:
		return "NOT_RUNNING";
	case CMD_EXIT_ABSENT:
		return "ABSENT";
	case CMD_EXIT_AGENT:
		return "AGENT";
	case CMD_EXIT_PERMISSION:
		return "PERMISSION";
	case CMD_EXIT_CONFIG:
		return "CONFIG";
	case CMD_EXIT_PARTLY:
		return "PARTLY";
	default:
		return "FAILED";
	}
}
