/*
 * Host name and boot id do not change while a stream lasts (a host that is
 * renamed under a running stream stays one stream), so they are read once and
 * writing an event costs no system call.
 */
#include "base/envelope.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/cleanup.h"

static void read_host(char out[HOST_NAME_MAX + 1])
{
	if (gethostname(out, HOST_NAME_MAX + 1) < 0)
		out[0] = '\0';
	out[HOST_NAME_MAX] = '\0';
}

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" and a line end. */
static void read_boot_id(char out[HKI_ENVELOPE_BOOT_ID_LENGTH + 1])
{
	hki_cleanup(hki_closep) int fd =
	    open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[HKI_ENVELOPE_BOOT_ID_LENGTH + 1];
	ssize_t got;

	out[0] = '\0';
	if (fd < 0)
		return;
	do
		got = read(fd, text, sizeof(text));
	while (got < 0 && errno == EINTR);
	if (got < HKI_ENVELOPE_BOOT_ID_LENGTH)
		return;
	memcpy(out, text, HKI_ENVELOPE_BOOT_ID_LENGTH);
	out[HKI_ENVELOPE_BOOT_ID_LENGTH] = '\0';
}

void hki_envelope_init(hki_envelope *envelope)
{
	read_host(envelope->host);
	read_boot_id(envelope->boot_id);
	envelope->seq = 0;
}

static void write_if_known(hk_json_writer *writer, const char *key, const char *text)
{
	if (text[0] == '\0')
		return;
	hk_json_write_key(writer, key);
	hk_json_write_string(writer, text);
}

void hki_envelope_write(
    hki_envelope *envelope, hk_json_writer *writer, const char *schema, uint64_t real_ns)
{
	hk_json_write_key(writer, "schema");
	hk_json_write_string(writer, schema);
	write_if_known(writer, "host", envelope->host);
	write_if_known(writer, "boot_id", envelope->boot_id);
	hk_json_write_key(writer, "seq");
	hk_json_write_uint64(writer, ++envelope->seq);
	hk_json_write_key(writer, "time_s");
	hk_json_write_decimal(writer, (double) real_ns / (double) HKI_NS_PER_S, 6);
}
