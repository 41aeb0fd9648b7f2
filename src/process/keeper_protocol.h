#ifndef HKI_PROCESS_KEEPER_PROTOCOL_H
#define HKI_PROCESS_KEEPER_PROTOCOL_H

#include <stdint.h>

/*
 * What an embedder and libexec/hostkit/keeper say to each other over an AF_UNIX
 * SOCK_SEQPACKET pair: one struct a packet, both ends from the same build.
 *
 *     keeper CONTROL_FD FLAGS FILE ARGV0 [ARG…]
 *
 * The keeper is started like any program, with everything the program is to
 * inherit already in force, makes itself a subreaper and executes FILE.  It
 * answers STARTED with two descriptors attached, the program's pidfd and the reading
 * end of a pipe, or FAILED and ends.  Into the pipe goes one message, EXITED, when the
 * program has ended; it is apart from the answers so that whoever waits for it is
 * woken by it and nobody else takes it.  KILL makes it end every process below it,
 * answered by LEFT; SIGNAL sends a signal to all of them.  When the other end of the
 * socket is closed, it does as for KILL, and ends.
 */
enum hki_keeper_flag {
	HKI_KEEPER_NEW_GROUP = 1 << 0,  /* the program leads a process group of its own */
	HKI_KEEPER_NEW_SESSION = 1 << 1 /* … a session */
};

enum hki_keeper_kind {
	/* from the keeper */
	HKI_KEEPER_STARTED = 1, /* pid; HKI_KEEPER_FDS descriptors are attached */
	HKI_KEEPER_FAILED,      /* error: the errno of exec, positive */
	HKI_KEEPER_EXITED,      /* in the pipe: status as waitid(2) tells it, and usage */
	HKI_KEEPER_LEFT,        /* count: alive below it, the program left out */
	HKI_KEEPER_SIGNALLED,   /* count: processes signalled, or a negative errno */
	/* to the keeper */
	HKI_KEEPER_COUNT,  /* answered by LEFT */
	HKI_KEEPER_SIGNAL, /* signal: to every process below it; answered by SIGNALLED */
	HKI_KEEPER_KILL, /* one round of killing; answered by LEFT, the program included */
	HKI_KEEPER_DETACH /* end nobody when the socket is closed; answered by LEFT */
};

/* Attached to STARTED: pidfd, pipe. */
#define HKI_KEEPER_FDS 2

typedef struct hki_keeper_message {
	uint32_t kind;
	uint32_t number; /* of a request, repeated in its answer; else 0 */
	int32_t pid;
	int32_t error;
	int32_t signal;
	int32_t count;
	int32_t wait_code;   /* si_code: CLD_EXITED, CLD_KILLED, CLD_DUMPED */
	int32_t wait_status; /* si_status */
	int64_t user_us;
	int64_t system_us;
	int64_t max_rss_kib;
	int64_t minor_faults;
	int64_t major_faults;
	int64_t voluntary_switches;
	int64_t involuntary_switches;
} hki_keeper_message;

#endif /* HKI_PROCESS_KEEPER_PROTOCOL_H */
