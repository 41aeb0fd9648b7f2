#ifndef HKI_LOG_TERMINAL_H
#define HKI_LOG_TERMINAL_H

#include "log/log_internal.h"

/* As much as is written at once; whole lines if there is one that short. */
#define HKI_TERMINAL_OUT ((size_t) 16 * 1024)

typedef struct hki_terminal {
	hk_log_sink sink; /* its open_line is guarded by mutex */
	int fd;           /* a duplicate; the writer's */
	int cancel_fd;    /* eventfd: readable when the writer shall give up */
	bool drop;        /* when slow: drop, or let the programs wait */
	bool color;
	size_t limit; /* of waiting, for output of programs */
	atomic_uint label_width;
	pthread_t thread;

	pthread_mutex_t mutex;
	pthread_cond_t filled; /* the writer waits for it */
	pthread_cond_t ended;  /* closing waits for it */
	/* by mutex */
	hki_ring waiting;
	uint64_t gap_lines; /* dropped in front of waiting, and not said yet */
	uint64_t gap_bytes;
	bool gap_in_line; /* the reader has seen the beginning of the first of them */
	bool cut;         /* waiting begins inside a line */
	bool blocked;     /* the log's thread holds back until there is room */
	bool stop;        /* end when nothing waits */
	bool dead;        /* nobody reads it */
	bool finished;    /* the writer is gone */

	/* the log's thread */
	hki_letter room; /* from the writer: there is room again */
	bool room_sent;  /* by mutex */
	hki_letter gone; /* from the writer: it has ended */
	hki_log_attachment *held_from;
	bool held_whole;
	hki_buffer held;   /* what did not fit, as it came */
	hki_buffer prefix; /* of prefix_from's lines */
	const hki_log_attachment *prefix_from;
	unsigned int prefix_width;

	char out[HKI_TERMINAL_OUT]; /* the writer */
} hki_terminal;

/* terminal_writer.c */
void *hki_terminal_write(void *terminal);

/* Append to what waits, dropping the oldest lines for it if it may.  False when
 * there is no room.  With the lock held. */
bool hki_terminal_queue(
    hki_terminal *terminal, const char *bytes, size_t length, size_t limit);

#endif /* HKI_LOG_TERMINAL_H */
