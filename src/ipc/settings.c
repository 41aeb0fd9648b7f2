#include "ipc/ipc_internal.h"

#include <string.h>
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error_list.h"
#include "base/opts.h"

/*
 * Options, once read: copied with their rules into one block, defaults in place of
 * zeros, contradictions refused with a sentence.  A server's connections share it.
 */

#define MIB ((size_t) 1024 * 1024)

static int refuse(hk_error_list *errors, const char *text)
{
	return hki_error_report_step(errors, -EINVAL, "options", "%s", text);
}

static int check_limits(const hk_ipc_opts *opts, hk_error_list *errors)
{
	if (opts->message_max_bytes > HK_IPC_MESSAGE_MAX)
		return refuse(errors, "message_max_bytes is beyond 1 GiB");
	if (opts->descriptors_max > HKI_IPC_DESCRIPTORS_MAX)
		return refuse(errors, "descriptors_max is beyond the kernel's 253");
	if (opts->allow_count > 0 && opts->allow == NULL)
		return refuse(errors, "allow_count says there are rules, allow has none");
	for (size_t i = 0; i < opts->allow_count; i++)
		if (opts->allow[i].kind > HK_IPC_ALLOW_GROUP)
			return refuse(errors, "a rule of allow is of no known kind");
	if ((opts->mode & ~0777U) != 0)
		return refuse(errors, "mode has more than the nine permission bits");
	return 0;
}

static int check_choices(const hk_ipc_opts *opts, hk_error_list *errors)
{
	bool unframed = opts->framing == HK_IPC_FRAMING_NONE;

	if (opts->framing > HK_IPC_FRAMING_NONE)
		return refuse(errors, "framing is none of HK_IPC_FRAMING_…");
	if (opts->overflow > HK_IPC_OVERFLOW_DISCONNECT)
		return refuse(errors, "overflow is none of HK_IPC_OVERFLOW_…");
	if (opts->reconnect > 1 || opts->reserved != 0)
		return refuse(errors, "reconnect is 0 or 1, reserved fields are 0");
	if (unframed && opts->overflow == HK_IPC_OVERFLOW_DROP_OLDEST)
		return refuse(errors, "without framing a piece cannot be dropped");
	if (unframed && opts->overflow == HK_IPC_OVERFLOW_DROP_NEWEST)
		return refuse(errors, "without framing a piece cannot be dropped");
	if (opts->heartbeat_ns != 0 &&
	    (unframed || opts->framing == HK_IPC_FRAMING_LENGTH_BARE))
		return refuse(errors, "this framing has no heartbeat");
	if (opts->reconnect_max_ns != 0 &&
	    opts->reconnect_max_ns < opts->reconnect_min_ns)
		return refuse(errors, "reconnect_max_ns is below reconnect_min_ns");
	return 0;
}

static void fill(uint64_t *field, uint64_t value)
{
	if (*field == 0)
		*field = value;
}

static void fill_defaults(hk_ipc_opts *opts)
{
	if (opts->message_max_bytes == 0)
		opts->message_max_bytes = MIB;
	if (opts->queue_max_bytes == 0)
		opts->queue_max_bytes = MIB;
	if (opts->queue_max_messages == 0)
		opts->queue_max_messages = SIZE_MAX;
	if (opts->queue_total_max_bytes == 0)
		opts->queue_total_max_bytes = SIZE_MAX;
	if (opts->connections_max == 0)
		opts->connections_max = UINT32_MAX;
	if (opts->backlog == 0)
		opts->backlog = 1024;
	if (opts->mode == 0)
		opts->mode = 0600;
	fill(&opts->connect_timeout_ns, 10 * HKI_NS_PER_S);
	fill(&opts->message_timeout_ns, 30 * HKI_NS_PER_S);
	fill(&opts->idle_timeout_ns, UINT64_MAX);
	fill(&opts->stall_timeout_ns, UINT64_MAX);
	fill(&opts->heartbeat_ns, UINT64_MAX);
	fill(&opts->reconnect_min_ns, 10 * HKI_NS_PER_MS);
	fill(&opts->reconnect_max_ns, 5 * HKI_NS_PER_S);
	if (opts->reconnect_max_ns < opts->reconnect_min_ns)
		opts->reconnect_max_ns = opts->reconnect_min_ns;
}

int hki_ipc_settings_new(
    hki_ipc_settings **out, const hk_ipc_opts *given, hk_error_list *errors)
{
	hk_ipc_opts opts = HK_IPC_OPTS_INIT;
	hki_ipc_settings *settings;
	int r;

	if (given == NULL)
		return -EINVAL;
	r = hki_opts_copy(
	    &opts, sizeof(opts), given, given->size, offsetof(hk_ipc_opts, on_connect));
	if (r < 0 || (r = check_limits(&opts, errors)) < 0 ||
	    (r = check_choices(&opts, errors)) < 0)
		return r;
	settings =
	    hki_zalloc(sizeof(*settings) + opts.allow_count * sizeof(settings->allow[0]));
	if (settings == NULL)
		return -ENOMEM;
	if (opts.allow_count > 0)
		memcpy(settings->allow, opts.allow,
		    opts.allow_count * sizeof(settings->allow[0]));
	opts.allow = settings->allow;
	fill_defaults(&opts);
	settings->references = 1;
	settings->opts = opts;
	settings->timed = opts.idle_timeout_ns != UINT64_MAX ||
			  opts.stall_timeout_ns != UINT64_MAX ||
			  opts.heartbeat_ns != UINT64_MAX;
	*out = settings;
	return 0;
}

hki_ipc_settings *hki_ipc_settings_ref(hki_ipc_settings *settings)
{
	settings->references++;
	return settings;
}

void hki_ipc_settings_unref(hki_ipc_settings *settings)
{
	if (settings != NULL && --settings->references == 0)
		hki_free(settings);
}
