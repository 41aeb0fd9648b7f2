#ifndef HOSTKIT_CMD_SYSTEM_TOP_H
#define HOSTKIT_CMD_SYSTEM_TOP_H

#include <hostkit/system_filter.h>
#include <hostkit/system_process.h>
#include "verb.h"

/* What `hostkit top` was asked for. */
typedef struct top_plan {
	uint64_t interval_ns;
	int64_t count;     /* 0: for ever */
	int64_t limit;     /* rows in each sample of a batch; 0: all */
	unsigned int sort; /* a field of hk_system_process */
	bool ascending;
	const char *filter_text; /* "": all */
	hk_system_filter *filter;
	const char *user; /* "": all */
	hk_system_engine engine;
	bool batch;
	bool tree;
	bool kernel;
	bool mono;
	bool ascii;
	bool read_only;
} top_plan;

/* Without a screen: a sample each interval, as a table or as a line of JSON.  Returns the
 * exit code. */
int top_batch(const cmd_call *call, const top_plan *plan);

#endif /* HOSTKIT_CMD_SYSTEM_TOP_H */
