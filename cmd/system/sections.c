/*
 * Which parts of the machine somebody asks about.
 */
#include "system/sections.h"

#include <string.h>
#include <hostkit/system.h>
#include "base/array.h"
#include "exit.h"
#include "output/fail.h"

static const struct {
	const char *word;
	uint32_t bits;
} sections[] = {
	{ "host", HK_SYSTEM_HOST },
	{ "cpu", HK_SYSTEM_CPU | HK_SYSTEM_FREQUENCIES },
	{ "load", HK_SYSTEM_LOAD },
	{ "memory", HK_SYSTEM_MEMORY },
	{ "vmstat", HK_SYSTEM_VMSTAT },
	{ "pressure", HK_SYSTEM_PRESSURE },
	{ "limits", HK_SYSTEM_LIMITS },
	{ "filesystems", HK_SYSTEM_FILESYSTEMS },
	{ "disks", HK_SYSTEM_DISKS },
	{ "networks", HK_SYSTEM_NETWORKS },
	{ "sockets", HK_SYSTEM_SOCKETS },
	{ "sensors", HK_SYSTEM_SENSORS },
};

static uint32_t find(const char *word)
{
	for (size_t i = 0; i < HKI_COUNT(sections); i++) {
		if (strcmp(sections[i].word, word) == 0)
			return sections[i].bits;
	}
	return 0;
}

int cmd_sections_read(uint32_t *out, const cmd_call *call)
{
	uint32_t all = 0;

	for (int i = 0; i < call->operand_count; i++) {
		uint32_t bits = find(call->operands[i]);

		if (bits == 0)
			return cmd_fail(&call->output, CMD_EXIT_USAGE, 0,
			    "there are " CMD_SECTIONS_WORDS, "there is no section '%s'",
			    call->operands[i]);
		all |= bits;
	}
	*out = all;
	return 0;
}
