#ifndef HKI_SCHED_OUTRANK_H
#define HKI_SCHED_OUTRANK_H

/*
 * Who hands out the CPU must not wait for it.  The calling thread becomes more urgent
 * than ordinary programs; what it starts does not (SCHED_RESET_ON_FORK).
 */
typedef enum hki_rank {
	HKI_RANK_NONE, /* as urgent as before */
	HKI_RANK_NICE, /* nice -20 */
	HKI_RANK_FIFO  /* SCHED_FIFO 1 */
} hki_rank;

typedef struct hki_outrank {
	hki_rank rank; /* reached */
	int policy;    /* before */
	int priority;
	int nice;
} hki_outrank;

/* Reach what can be reached; `rank` tells.  A thread that is in a real-time class
 * already is left alone. */
void hki_outrank_begin(hki_outrank *outrank);
/* For work of tasks on this thread: as urgent as it was before, and back. */
void hki_outrank_pause(const hki_outrank *outrank);
void hki_outrank_resume(const hki_outrank *outrank);
/* As it was before. */
void hki_outrank_end(hki_outrank *outrank);

#endif /* HKI_SCHED_OUTRANK_H */
