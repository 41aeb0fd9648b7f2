#ifndef HKI_LOOP_OFFLOAD_CORE_H
#define HKI_LOOP_OFFLOAD_CORE_H

#include <pthread.h>
#include "base/list.h"
#include "base/map.h"
#include "loop/core.h"
#include "loop/offload.h"

/*
 * The inside of offload, shared by its two halves: offload.c on the loop's
 * thread, offload_thread.c on the others.  Everything is under the lock unless
 * it says otherwise.
 *
 * A job has two lives that may end in either order: its work (never begun, or
 * returned: `over`) and its telling (the callback has begun, or never will:
 * `told`).  When both are over it is released: by the loop's thread, or by the
 * job's own once the offload is shut.
 */

/* Queued jobs.  Beyond that submitting fails: the threads cannot keep up. */
#define HKI_OFFLOAD_QUEUE_MAX 1024U
/* Threads inside calls that do not come back.  Each costs a stack, and each
 * stands for another dead resource; so many at once mean that the machine is ill. */
#define HKI_OFFLOAD_STUCK_MAX 64U
/* A thread without work ends after this long: bursts find it ready, quiet hours do not pay. */
#define HKI_OFFLOAD_IDLE_S 10

typedef struct hki_offload_resource {
	char *name;
	size_t jobs;             /* that name it; the last one takes it along */
	hki_offload_job *holder; /* ready or running; the others wait */
	bool stuck;              /* the holder was written off */
	hki_list waiting;
} hki_offload_resource;

struct hki_offload_job {
	hki_list node;     /* in ready, in a resource's waiting, or in the outbox */
	hki_list all_node; /* in the offload's jobs */
	hki_offload *offload;
	hki_offload_resource *resource; /* NULL: its own */
	hki_offload_work_fn work;
	hki_offload_done_fn done;
	hki_offload_free_fn free;
	void *user;
	hk_timer *deadline; /* the loop's thread only; NULL: none */
	int result;
	bool ready;       /* in the list of that name */
	bool running;     /* inside its work */
	bool written_off; /* and its thread does not count any more */
	bool over;
	bool outgoing; /* in the outbox */
	bool told;
};

struct hki_offload {
	hki_loop_member member; /* this and the next two: the loop's thread only */
	hk_loop *loop;
	hk_watch *watch;

	pthread_mutex_t lock;
	pthread_cond_t work;     /* there is something for an idle thread */
	pthread_cond_t ended;    /* a thread has ended */
	int event_fd;            /* readable while the outbox is not empty */
	bool shut;               /* no callback runs any more */
	unsigned int references; /* the owner, each thread, a running callback */
	unsigned int max_threads;
	unsigned int living;   /* threads, all of them */
	unsigned int counted;  /* threads that were not written off */
	unsigned int idle;     /* threads that wait for work */
	unsigned int occupied; /* threads inside work, written off or not */
	unsigned int ready_jobs;
	unsigned int queued_jobs; /* ready or waiting for their resource */
	hki_list ready;
	hki_list outbox; /* jobs the loop's thread shall look at */
	hki_list jobs;
	hki_name_map resources;
	hki_offload_job *telling; /* the job whose callback is running */
};

/* ---- offload_thread.c ---- */

/* Under the lock: put the job where a thread will find it. */
void hki_offload_enqueue(hki_offload *offload, hki_offload_job *job);
/* Under the lock: see to it that what is ready gets done.  0, or -EAGAIN if nobody can. */
int hki_offload_staff(hki_offload *offload);
/* Under the lock: a queued job that will never run ends with @result. */
void hki_offload_drop(hki_offload *offload, hki_offload_job *job, int result);
/* Under the lock: a running job ends with @result for everybody but its thread. */
void hki_offload_write_off(hki_offload *offload, hki_offload_job *job, int result);

/* ---- offload.c ---- */

/* Under the lock: have the loop's thread look at the job. */
void hki_offload_send(hki_offload *offload, hki_offload_job *job);
/* Not under the lock: both lives are over. */
void hki_offload_release_job(hki_offload *offload, hki_offload_job *job);
/* Under the lock, which is gone afterwards: let go of one reference. */
void hki_offload_unref_unlock(hki_offload *offload);

#endif /* HKI_LOOP_OFFLOAD_CORE_H */
