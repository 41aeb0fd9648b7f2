/*
 * Signals while services run.
 *
 * They are watched before the first program starts, so that a Ctrl-C in the
 * first millisecond is not lost: until a set is connected it is remembered.
 * As process 1 of a container hostkit stands where the program's own init
 * would, and hands on the signals that people send to the container.
 */
#include "up.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include <hostkit/process.h>
#include "base/array.h"
#include "base/cleanup.h"

enum meaning { MEANS_STOP, MEANS_REOPEN, MEANS_FORWARD };

struct row {
	int number;
	enum meaning usually;
	enum meaning as_init;
};

static const struct row rows[] = {
	{ SIGINT, MEANS_STOP, MEANS_STOP },
	{ SIGTERM, MEANS_STOP, MEANS_STOP },
	{ SIGHUP, MEANS_STOP, MEANS_FORWARD },
	{ SIGUSR1, MEANS_REOPEN, MEANS_FORWARD },
	{ SIGUSR2, MEANS_FORWARD, MEANS_FORWARD },
	{ SIGQUIT, MEANS_STOP, MEANS_FORWARD },
	{ SIGWINCH, MEANS_FORWARD, MEANS_FORWARD },
};

struct up_signals {
	hk_signal *watches[HKI_COUNT(rows)];
	hk_service_set *set;
	up_show *show;
	unsigned int stops;
};

static void stop(up_signals *signals)
{
	signals->stops++;
	if (signals->set == NULL)
		return;
	if (signals->stops == 1)
		up_show_note(signals->show, "stopping; once more kills");
	else
		up_show_note(signals->show, "killing what is left");
	hk_service_set_stop(signals->set);
}

/* To each instance's main process, by identity: one that has just ended is left out. */
static void forward(const up_signals *signals, int number)
{
	hk_service_list *list = NULL;

	if (signals->set == NULL || hk_service_list_new(&list, signals->set) < 0)
		return;
	for (size_t i = 0; i < hk_service_list_count(list); i++) {
		const hk_service_info *info = hk_service_list_get(list, i);
		hk_process_id id;

		if (info->pid > 0 && info->identity != NULL &&
		    hk_process_id_parse(&id, info->identity) == 0 &&
		    hk_process_id_kill(&id, number) < 0)
			continue; /* it has ended meanwhile */
	}
	hk_service_list_free(list);
}

static void on_signal(hk_signal *watch, int number, void *user)
{
	up_signals *signals = user;

	(void) watch;
	for (size_t i = 0; i < HKI_COUNT(rows); i++) {
		if (rows[i].number != number)
			continue;
		switch (getpid() == 1 ? rows[i].as_init : rows[i].usually) {
		case MEANS_STOP:
			stop(signals);
			break;
		case MEANS_REOPEN:
			if (signals->set != NULL)
				hk_service_set_reopen_logs(signals->set);
			break;
		case MEANS_FORWARD:
			forward(signals, number);
			break;
		}
	}
}

static void signals_freep(up_signals **signals)
{
	up_signals_free(*signals);
}

int up_signals_new(up_signals **out, hk_loop *loop)
{
	hki_cleanup(signals_freep) up_signals *signals = hki_zalloc(sizeof(*signals));

	if (signals == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < HKI_COUNT(rows); i++) {
		int r = hk_signal_start(
		    &signals->watches[i], loop, rows[i].number, on_signal, signals);

		if (r < 0)
			return r;
	}
	*out = hki_take(signals);
	return 0;
}

void up_signals_connect(up_signals *signals, hk_service_set *set, up_show *show)
{
	signals->set = set;
	signals->show = show;
	if (set != NULL && signals->stops > 0)
		hk_service_set_stop(set);
}

void up_signals_free(up_signals *signals)
{
	if (signals == NULL)
		return;
	for (size_t i = 0; i < HKI_COUNT(rows); i++)
		hk_signal_free(signals->watches[i]);
	hki_free(signals);
}
