#ifndef HOSTKIT_HOSTKIT_H
#define HOSTKIT_HOSTKIT_H

/* Everything, for programs that prefer one include. */
#include <hostkit/allocator.h>
#include <hostkit/base.h>
#include <hostkit/error.h>
#include <hostkit/json.h>
#include <hostkit/log.h>
#include <hostkit/loop.h>
#include <hostkit/process.h>
#include <hostkit/record.h>
#include <hostkit/service.h>
#include <hostkit/system.h>
#include <hostkit/system_records.h>

#endif /* HOSTKIT_HOSTKIT_H */
