#ifndef HKI_SYSTEM_PROCESS_TERMINAL_H
#define HKI_SYSTEM_PROCESS_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

/* A line of /proc/tty/drivers: devices first to last of a major number. */
typedef struct hki_tty_driver {
	char prefix[32]; /* as in "pts/" or "ttyS", below /dev */
	uint32_t major;
	uint32_t first;
	uint32_t last;
	uint32_t base; /* the number behind the prefix of `first` */
} hki_tty_driver;

/* Parse one line of @length bytes.  0, or HK_EPARSE. */
int hki_tty_driver_parse(hki_tty_driver *out, const char *line, size_t length);

#endif /* HKI_SYSTEM_PROCESS_TERMINAL_H */
