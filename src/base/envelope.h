#ifndef HKI_BASE_ENVELOPE_H
#define HKI_BASE_ENVELOPE_H

#include <limits.h>
#include <stdint.h>
#include <hostkit/json.h>

/*
 * What every event and sample begins with, so that streams of several machines
 * and several boots can be put together: schema, host, boot_id, seq, time_s.
 *
 * One envelope numbers one stream: seq counts from 1 without gaps, so a reader
 * sees what it missed.  Threads: one at a time.
 */
#define HKI_ENVELOPE_BOOT_ID_LENGTH 36

typedef struct hki_envelope {
	char host[HOST_NAME_MAX + 1];                  /* "" if it could not be read */
	char boot_id[HKI_ENVELOPE_BOOT_ID_LENGTH + 1]; /* "" without /proc */
	uint64_t seq;                                  /* of the last one written */
} hki_envelope;

/* Read the host name and the boot id, once.  What is missing is left out of what is written. */
void hki_envelope_init(hki_envelope *envelope);

/*
 * Write the members into the object open in @writer.  @schema as in
 * "hostkit.event/1"; @real_ns is the time of what happened (hki_clock_real_ns()),
 * written in seconds with microseconds.
 */
void hki_envelope_write(
    hki_envelope *envelope, hk_json_writer *writer, const char *schema, uint64_t real_ns);

#endif /* HKI_BASE_ENVELOPE_H */
