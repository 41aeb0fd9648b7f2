/*
 * Look at the machine twice, and say how busy it was in between.  What this
 * machine does not have is left out rather than called zero.
 */
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include <hostkit/hostkit.h>

int main(void)
{
	const uint32_t sections = HK_SYSTEM_CPU | HK_SYSTEM_MEMORY | HK_SYSTEM_PRESSURE;
	const hk_system_memory *memory;
	const hk_system_cpu *cpu;
	hk_system *system;
	char total[32];
	int r = hk_system_new(&system, NULL);

	if (r == 0)
		r = hk_system_sample(system, sections);
	(void) usleep(100000); /* the kernel counts processor time in hundredths */
	if (r == 0)
		r = hk_system_sample(system, sections);
	if (r < 0)
		return fprintf(stderr, "cannot look: %s\n", hk_error_text(r)), 1;
	cpu = hk_system_get_cpu(system);
	memory = hk_system_get_memory(system);
	hk_format_bytes(total, sizeof(total), memory->total_bytes, HK_BYTES_IEC);
	fprintf(stderr, "%u of %u processors are ours, memory %s\n",
	    (unsigned) cpu->usable, (unsigned) cpu->online, total);
	if (hk_record_has_at(
		&hk_system_cpu_type, cpu, offsetof(hk_system_cpu, used_percent)))
		printf("the processors worked: %s\n",
		    cpu->used_percent >= 0 && cpu->used_percent <= 100 ? "a share"
								       : "nonsense");
	printf("used memory is what is not available: %s\n",
	    memory->used_bytes == memory->total_bytes - memory->available_bytes ? "yes"
										: "no");
	if (hk_system_error(system, HK_SYSTEM_PRESSURE) < 0)
		fprintf(stderr, "no pressure here: %s\n",
		    hk_error_text(hk_system_error(system, HK_SYSTEM_PRESSURE)));
	hk_system_free(system);
}
