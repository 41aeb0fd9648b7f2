#ifndef HKI_IPC_FIFO_INTERNAL_H
#define HKI_IPC_FIFO_INTERNAL_H

#include <hostkit/ipc_fifo.h>
#include <stdbool.h>
#include <sys/types.h>
#include "base/buffer.h"
#include "base/list.h"
#include "loop/loop_internal.h"

struct hk_ipc_fifo {
	hk_loop *loop; /* NULL: it is gone */
	hk_watch *watch;
	hk_ipc_fifo_opts opts;
	int fd;
	bool writes;
	bool freed;

	/* a reader's */
	char *path; /* the name to remove, or NULL */
	dev_t device;
	ino_t inode;
	bool skipping;      /* the rest of a line that is too long */
	hki_buffer partial; /* a line that has not ended */

	/* a writer's */
	hki_list queue; /* pieces */
	size_t queue_bytes;
	size_t written; /* of the first piece */
	bool thirsty;   /* somebody waits for on_drain */
	bool broken;    /* the reader is gone */

	hki_loop_member member;
	hki_loop_deferred deferred;
};

/* ---- fifo.c ---- */

/* Options as given, with their defaults; @data: on_data is required. */
int hki_fifo_opts_read(hk_ipc_fifo_opts *out, const hk_ipc_fifo_opts *given, bool data);
int hki_fifo_new(hk_ipc_fifo **out, hk_loop *loop, const hk_ipc_fifo_opts *opts);
/* 0, HK_ECLOSED or -ECHILD. */
int hki_fifo_usable(const hk_ipc_fifo *fifo);

/* ---- fifo_read.c ---- */

void hki_fifo_on_readable(hk_watch *watch, unsigned int events, void *user);

/* ---- fifo_write.c ---- */

void hki_fifo_queue_free(hk_ipc_fifo *fifo);

#endif /* HKI_IPC_FIFO_INTERNAL_H */
