/*
 * Names of signals.  The numbers differ between processors, so the table is
 * filled from the system's own constants.  The C library's sigabbrev_np() is not
 * everywhere; its strsignal() speaks the user's language.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <hostkit/process.h>
#include "base/array.h"

static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "SIGHUP", SIGHUP },
	{ "SIGINT", SIGINT },
	{ "SIGQUIT", SIGQUIT },
	{ "SIGILL", SIGILL },
	{ "SIGTRAP", SIGTRAP },
	{ "SIGABRT", SIGABRT },
	{ "SIGBUS", SIGBUS },
	{ "SIGFPE", SIGFPE },
	{ "SIGKILL", SIGKILL },
	{ "SIGUSR1", SIGUSR1 },
	{ "SIGSEGV", SIGSEGV },
	{ "SIGUSR2", SIGUSR2 },
	{ "SIGPIPE", SIGPIPE },
	{ "SIGALRM", SIGALRM },
	{ "SIGTERM", SIGTERM },
#ifdef SIGSTKFLT
	{ "SIGSTKFLT", SIGSTKFLT },
#endif
	{ "SIGCHLD", SIGCHLD },
	{ "SIGCONT", SIGCONT },
	{ "SIGSTOP", SIGSTOP },
	{ "SIGTSTP", SIGTSTP },
	{ "SIGTTIN", SIGTTIN },
	{ "SIGTTOU", SIGTTOU },
	{ "SIGURG", SIGURG },
	{ "SIGXCPU", SIGXCPU },
	{ "SIGXFSZ", SIGXFSZ },
	{ "SIGVTALRM", SIGVTALRM },
	{ "SIGPROF", SIGPROF },
	{ "SIGWINCH", SIGWINCH },
	{ "SIGIO", SIGIO },
	{ "SIGPWR", SIGPWR },
	{ "SIGSYS", SIGSYS },
	/* Other names of the same; the first one is given out. */
	{ "SIGIOT", SIGIOT },
	{ "SIGPOLL", SIGPOLL },
	{ "SIGCLD", SIGCHLD },
};

static const char *const realtime[] = {
	"SIGRTMIN",
	"SIGRTMIN+1",
	"SIGRTMIN+2",
	"SIGRTMIN+3",
	"SIGRTMIN+4",
	"SIGRTMIN+5",
	"SIGRTMIN+6",
	"SIGRTMIN+7",
	"SIGRTMIN+8",
	"SIGRTMIN+9",
	"SIGRTMIN+10",
	"SIGRTMIN+11",
	"SIGRTMIN+12",
	"SIGRTMIN+13",
	"SIGRTMIN+14",
	"SIGRTMIN+15",
	"SIGRTMIN+16",
	"SIGRTMIN+17",
	"SIGRTMIN+18",
	"SIGRTMIN+19",
	"SIGRTMIN+20",
	"SIGRTMIN+21",
	"SIGRTMIN+22",
	"SIGRTMIN+23",
	"SIGRTMIN+24",
	"SIGRTMIN+25",
	"SIGRTMIN+26",
	"SIGRTMIN+27",
	"SIGRTMIN+28",
	"SIGRTMIN+29",
	"SIGRTMIN+30",
};

const char *hk_signal_name(int number)
{
	for (size_t i = 0; i < HKI_COUNT(signals); i++)
		if (signals[i].number == number)
			return signals[i].name;
	if (number < SIGRTMIN || number > SIGRTMAX ||
	    (size_t) (number - SIGRTMIN) >= HKI_COUNT(realtime))
		return NULL;
	return realtime[number - SIGRTMIN];
}

/* A decimal number of at most three digits and nothing else, or -EINVAL. */
static int small_number(const char *text)
{
	int value = 0;
	size_t i = 0;

	for (; text[i] >= '0' && text[i] <= '9' && i < 3; i++)
		value = value * 10 + (text[i] - '0');
	return i > 0 && text[i] == '\0' ? value : -EINVAL;
}

/* "RTMIN", "RTMIN+3", "RTMAX", "RTMAX-2", or -EINVAL. */
static int realtime_number(const char *name)
{
	bool from_first = strncasecmp(name, "RTMIN", 5) == 0;
	int offset = 0;
	int number;

	if (!from_first && strncasecmp(name, "RTMAX", 5) != 0)
		return -EINVAL;
	if (name[5] == (from_first ? '+' : '-'))
		offset = small_number(name + 6);
	else if (name[5] != '\0')
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	number = from_first ? SIGRTMIN + offset : SIGRTMAX - offset;
	return number >= SIGRTMIN && number <= SIGRTMAX ? number : -EINVAL;
}

int hk_signal_number(const char *name)
{
	const char *bare;
	int number;

	if (name == NULL)
		return -EINVAL;
	number = small_number(name);
	if (number >= 0)
		return number <= SIGRTMAX ? number : -EINVAL;
	bare = strncasecmp(name, "SIG", 3) == 0 ? name + 3 : name;
	for (size_t i = 0; i < HKI_COUNT(signals); i++)
		if (strcasecmp(signals[i].name + 3, bare) == 0)
			return signals[i].number;
	return realtime_number(bare);
}
