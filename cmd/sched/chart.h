#ifndef HOSTKIT_CMD_SCHED_CHART_H
#define HOSTKIT_CMD_SCHED_CHART_H

#include <stdint.h>
#include <hostkit/sched.h>
#include "base/buffer.h"

/*
 * Append one line of a chart: when row @row of @result had a CPU, from 0 to @until in
 * @width columns.  '#' more than half of a column's time, '+' some of it, '.' it was
 * there and had none, ' ' it was not there.  0 or -ENOMEM.
 */
int cmd_sched_chart_line(hki_buffer *out, const hk_sched_result *result, size_t row,
    int64_t until, unsigned int width);

#endif /* HOSTKIT_CMD_SCHED_CHART_H */
