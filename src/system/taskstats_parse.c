/*
 * One datagram of taskstats: messages, each with attributes in attributes.  Pure:
 * bytes in, ends out.  The struct inside has grown from kernel to kernel, at its
 * end; what an older one did not write is zero, what a newer one adds is not looked
 * at.  Two releases (version 15) put fields into its middle and took them out again;
 * theirs are refused.
 */
#include "system/taskstats.h"

#include <errno.h>
#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <string.h>
#include <hostkit/error.h>

/* The first with the process a thread belonged to. */
#define VERSION_LEAST  12
#define VERSION_BROKEN 15

typedef struct attribute {
	uint16_t type;
	const char *data;
	size_t length;
} attribute;

/* Take the next attribute off; false at the end, or when it does not fit. */
static bool next_attribute(attribute *out, const char **at, size_t *left)
{
	struct nlattr header;
	size_t step;

	if (*left < NLA_HDRLEN)
		return false;
	memcpy(&header, *at, sizeof(header));
	if (header.nla_len < NLA_HDRLEN || header.nla_len > *left)
		return false;
	out->type = header.nla_type & NLA_TYPE_MASK;
	out->data = *at + NLA_HDRLEN;
	out->length = header.nla_len - (size_t) NLA_HDRLEN;
	step = NLA_ALIGN(header.nla_len);
	step = step > *left ? *left : step;
	*at += step;
	*left -= step;
	return true;
}

/* The struct inside an aggregate.  0, HK_EPARSE, -EOPNOTSUPP. */
static int find_stats(struct taskstats *out, const attribute *aggregate)
{
	const char *at = aggregate->data;
	size_t left = aggregate->length;
	attribute inner;

	while (next_attribute(&inner, &at, &left)) {
		size_t length = inner.length < sizeof(*out) ? inner.length : sizeof(*out);

		if (inner.type != TASKSTATS_TYPE_STATS)
			continue;
		memset(out, 0, sizeof(*out));
		memcpy(out, inner.data, length);
		if (out->version < VERSION_LEAST || out->version == VERSION_BROKEN)
			return -EOPNOTSUPP;
		return 0;
	}
	return HK_EPARSE;
}

/*
 * The kernel charges processor time at ticks and switches, so what a thread has run
 * since the last of them is not in its record: most of the life of a short one.
 * One that never waited for anything was either running or kept waiting for a
 * processor, and both its life and that wait are known exactly.
 */
static uint64_t runtime_of(const struct taskstats *stats)
{
	uint64_t charged = stats->cpu_run_virtual_total;
	uint64_t life_ns = stats->ac_etime * 1000;

	/* Without delay accounting there are only ticks. */
	if (charged == 0)
		charged = (stats->ac_utime + stats->ac_stime) * 1000;
	if (stats->nvcsw == 0 && life_ns > stats->cpu_delay_total &&
	    life_ns - stats->cpu_delay_total > charged)
		return life_ns - stats->cpu_delay_total;
	return charged;
}

static void fill(hki_end *out, const struct taskstats *stats)
{
	*out = (hki_end){
		.pid = (int32_t) stats->ac_pid,
		.process = (int32_t) stats->ac_tgid,
		.process_too = (stats->ac_flag & AGROUP) != 0,
		.ppid = (int32_t) stats->ac_ppid,
		.uid = stats->ac_uid,
		.gid = stats->ac_gid,
		.status = stats->ac_exitcode,
		.start_s = stats->ac_btime64 != 0 ? stats->ac_btime64 : stats->ac_btime,
		.elapsed_us = stats->ac_tgetime,
		.runtime_ns = runtime_of(stats),
		.user_us = stats->ac_utime,
		.system_us = stats->ac_stime,
		.minor_faults = stats->ac_minflt,
		.major_faults = stats->ac_majflt,
		.peak_rss_bytes = stats->hiwater_rss * 1024,
		.peak_virtual_bytes = stats->hiwater_vm * 1024,
		.read_call_bytes = stats->read_char,
		.write_call_bytes = stats->write_char,
		.read_calls = stats->read_syscalls,
		.write_calls = stats->write_syscalls,
		.read_bytes = stats->read_bytes,
		.written_bytes = stats->write_bytes,
		.cancelled_bytes = stats->cancelled_write_bytes,
		.voluntary_switches = stats->nvcsw,
		.involuntary_switches = stats->nivcsw,
	};
	memcpy(out->name, stats->ac_comm, sizeof(out->name));
	out->name[sizeof(out->name) - 1] = '\0';
}

/* The attributes of one message. */
static int parse_message(hki_end *out, const char *at, size_t left)
{
	struct taskstats stats;
	attribute aggregate;
	bool found = false;
	int r;

	while (next_attribute(&aggregate, &at, &left)) {
		if (aggregate.type != TASKSTATS_TYPE_AGGR_PID &&
		    aggregate.type != TASKSTATS_TYPE_AGGR_TGID)
			continue;
		r = find_stats(&stats, &aggregate);
		if (r < 0)
			return r;
		if (aggregate.type == TASKSTATS_TYPE_AGGR_PID) {
			fill(out, &stats);
			found = true;
		} else if (found) {
			out->process_too = true;
			out->has_group = stats.cpu_run_virtual_total != 0;
			out->group_runtime_ns = stats.cpu_run_virtual_total;
		}
	}
	return found && out->pid > 0 && out->process > 0 ? 1 : HK_EPARSE;
}

int hki_end_parse(
    hki_end *out, const char *bytes, size_t length, size_t *at, uint16_t family)
{
	hki_end end;

	while (length - *at >= NLMSG_HDRLEN) {
		const size_t before = NLMSG_HDRLEN + GENL_HDRLEN;
		const char *message = bytes + *at;
		struct nlmsghdr header;
		size_t step;
		int r;

		memcpy(&header, message, sizeof(header));
		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > length - *at)
			return HK_EPARSE;
		step = NLMSG_ALIGN(header.nlmsg_len);
		*at += step > length - *at ? length - *at : step;
		if (header.nlmsg_type != family || header.nlmsg_len < before)
			continue;
		r = parse_message(&end, message + before, header.nlmsg_len - before);
		if (r == 1)
			*out = end;
		return r;
	}
	return 0;
}
