/*
 * metrics LISTENER NAMES SECTIONS VERSION PROCESSES GROUPS
 *
 * What `hostkit metrics --listen` becomes: it has read the command line and opened
 * the socket, whose number is LISTENER.  NAMES, SECTIONS and GROUPS are those of
 * hk_system_exporter_opts, as numbers; PROCESSES is 0 for none, or their grouping
 * and 1.  Ends with 0 on SIGTERM or SIGINT.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <hostkit/error.h>
#include "server.h"

enum { EXIT_USAGE = 2, EXIT_FAILED = 9 };

/* Decimal, from 0 to @most. */
static int read_number(unsigned long *out, const char *text, unsigned long most)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno != 0 || *end != '\0' || *out > most ? -EINVAL : 0;
}

static void stop(hk_signal *signal, int number, void *user)
{
	(void) signal;
	(void) number;
	hk_loop_stop(user, 0);
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "hostkit metrics: %s: %s\n", what, hk_error_text(error));
	return EXIT_FAILED;
}

static int serve(int listener, const hk_system_exporter_opts *opts)
{
	hk_signal *terminate = NULL, *interrupt = NULL;
	hk_system_exporter *exporter = NULL;
	hk_loop *loop = NULL;
	metrics_server *server = NULL;
	int r = hk_loop_new(&loop);

	if (r == 0)
		r = hk_system_exporter_new(&exporter, opts);
	if (r == 0)
		r = hk_signal_start(&terminate, loop, SIGTERM, stop, loop);
	if (r == 0)
		r = hk_signal_start(&interrupt, loop, SIGINT, stop, loop);
	if (r == 0)
		r = server_new(&server, loop, listener, exporter);
	if (r == 0)
		r = hk_loop_run(loop);
	server_free(server);
	hk_signal_free(interrupt);
	hk_signal_free(terminate);
	hk_system_exporter_free(exporter);
	hk_loop_free(loop);
	return r < 0 ? fail("cannot serve", r) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	hk_system_exporter_opts opts = HK_SYSTEM_EXPORTER_OPTS_INIT;
	unsigned long listener, names, sections, processes, groups;

	if (argc != 7 || read_number(&listener, argv[1], 1 << 20) < 0 ||
	    read_number(&names, argv[2], HK_SYSTEM_EXPORTER_NODE_EXPORTER) < 0 ||
	    read_number(&sections, argv[3], HK_SYSTEM_ALL) < 0 ||
	    read_number(&processes, argv[5], HK_SYSTEM_GROUPING_NAME + 1) < 0 ||
	    read_number(&groups, argv[6], UINT32_MAX) < 0) {
		fputs(
		    "usage: metrics LISTENER NAMES SECTIONS VERSION PROCESSES GROUPS; it "
		    "is started by 'hostkit metrics --listen'\n",
		    stderr);
		return EXIT_USAGE;
	}
	if (fcntl((int) listener, F_SETFD, FD_CLOEXEC) < 0)
		return fail("no listening socket was passed on", -errno);
	opts.names = (uint32_t) names;
	opts.sections = (uint32_t) sections;
	opts.version = argv[4];
	opts.processes = opts.process_exits = processes > 0;
	opts.process_grouping = processes > 0 ? (uint32_t) processes - 1 : 0;
	opts.process_groups_max = (uint32_t) groups;
	return serve((int) listener, &opts);
}
