#ifndef HKI_LOG_FILE_H
#define HKI_LOG_FILE_H

#include "log/log_internal.h"

/* A file sink.  Everything but the first group belongs to the log's thread. */
typedef struct hki_log_file {
	hk_log_sink sink;
	char *directory; /* absolute; never changes */
	char *base;      /* the last part of the path; never changes */
	uint64_t max_bytes;
	uint32_t max_files;
	uint32_t mode;
	bool timestamps;

	int directory_fd; /* renaming happens here, wherever we are and whatever it is called now */
	int fd;           /* -1: not open */
	bool regular; /* else a FIFO or device, which may make us wait */
	bool at_line_start;
	uint64_t size;
	hki_buffer out;    /* lines with their time stamps */
	uint64_t stamp_ms; /* what stamp says */
	char stamp[64];

	/* A sink that may make us wait: what it did not take yet. */
	hki_buffer pending;
	hk_watch *watch;

	/* Output that cannot be written. */
	bool failing;
	bool lost_mid_line; /* the last byte lost was inside a line */
	int error;
	uint64_t lost_bytes;
	uint64_t lost_lines;
	uint64_t retry_ns; /* not before */
	hk_timer *retry;
	bool rotate_failed; /* told once */
	uint64_t rotate_retry_ns;
} hki_log_file;

/* file.c */
/* Append output bytes, rotating where it is due. */
void hki_log_file_output(hki_log_file *file, const char *bytes, size_t length);

/* What a line begins with now: the time and a space, or "" without time stamps. */
const char *hki_log_file_stamp(hki_log_file *file);

/* file_open.c */
/* Open path (again).  0 or a negative errno. */
int hki_log_file_open(hki_log_file *file);
void hki_log_file_shut(hki_log_file *file);

/* rotate.c */
/* Move the files on and begin a new one.  0 or a negative errno; on failure the
 * old file stays in use. */
int hki_log_file_rotate(hki_log_file *file);

/* file_loss.c: a file that cannot be written */
/* @length bytes from @bytes on could not be written because of @error. */
void hki_log_file_lose(hki_log_file *file, int error, const char *bytes, size_t length);
/* A line that lost its beginning loses its rest too.  Returns how much that is. */
size_t hki_log_file_skip(hki_log_file *file, const char *bytes, size_t length);
/* Try to write again, beginning with a line about what is missing. */
bool hki_log_file_recover(hki_log_file *file);

/* file_wait.c: a FIFO or device that takes no more for now */
/* Keep what it did not take and wait until it does.  0 or -ENOMEM. */
int hki_log_file_wait(hki_log_file *file, const char *bytes, size_t length);

#endif /* HKI_LOG_FILE_H */
