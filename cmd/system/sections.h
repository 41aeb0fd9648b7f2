#ifndef HOSTKIT_CMD_SYSTEM_SECTIONS_H
#define HOSTKIT_CMD_SYSTEM_SECTIONS_H

#include <stdint.h>
#include "verb.h"

/* Sections of the machine, as operands of `hostkit metrics`. */
#define CMD_SECTIONS_WORDS                                                               \
	"host cpu load memory vmstat pressure limits filesystems disks networks "        \
	"sockets "                                                                       \
	"sensors"

/* The operands of @call as HK_SYSTEM_… bits; 0 when there are none.  Returns 0 or an exit
 * code, told. */
int cmd_sections_read(uint32_t *out, const cmd_call *call);

#endif /* HOSTKIT_CMD_SYSTEM_SECTIONS_H */
