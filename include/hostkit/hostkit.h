#ifndef HOSTKIT_HOSTKIT_H
#define HOSTKIT_HOSTKIT_H

/* Everything, for programs that prefer one include. */
#include <hostkit/allocator.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/ipc.h>
#include <hostkit/ipc_broker.h>
#include <hostkit/ipc_datagram.h>
#include <hostkit/ipc_fifo.h>
#include <hostkit/ipc_fork.h>
#include <hostkit/ipc_pubsub.h>
#include <hostkit/ipc_rpc.h>
#include <hostkit/ipc_value.h>
#include <hostkit/json.h>
#include <hostkit/log.h>
#include <hostkit/loop.h>
#include <hostkit/metrics.h>
#include <hostkit/process.h>
#include <hostkit/record.h>
#include <hostkit/sched.h>
#include <hostkit/sched_executor.h>
#include <hostkit/service.h>
#include <hostkit/system.h>
#include <hostkit/system_filter.h>
#include <hostkit/system_history.h>
#include <hostkit/system_monitor.h>
#include <hostkit/system_metrics.h>
#include <hostkit/system_process.h>
#include <hostkit/system_process_details.h>
#include <hostkit/system_records.h>

#endif /* HOSTKIT_HOSTKIT_H */
