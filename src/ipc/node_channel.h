#ifndef HKI_IPC_NODE_CHANNEL_H
#define HKI_IPC_NODE_CHANNEL_H

#include <sys/types.h>
#include <hostkit/ipc_fork.h>
#include "base/buffer.h"
#include "base/list.h"
#include "ipc/node_frames.h"
#include "ipc/node_pace.h"
#include "loop/loop_internal.h"

/*
 * The inside of a channel, for its files alone
 *
 * A channel goes through these states, and never back:
 *
 *     CONNECTED -> LEAVING -> HALF_CLOSED -> ENDED
 *
 * LEAVING: nothing new is accepted, what is queued still goes out.  HALF_CLOSED:
 * it is out and the other side was told (shutdown); what that sent before it
 * noticed still comes in.  Each may be left out.
 *
 * Going out: frames lie in `output`, one behind the other.  A frame with a handle
 * is the last of them until it was confirmed (it is `flight` then); what is sent
 * meanwhile stands in `waiting`.  Of each frame in `output` a record says where it
 * ends and whom to tell; places count from the first byte ever sent.
 *
 * Callbacks may free the channel.  Its memory then lives until the close phase of
 * the turn, and what called back looks at `freed` before it goes on.
 */
typedef enum hki_node_state {
	HKI_NODE_CONNECTED,
	HKI_NODE_LEAVING,
	HKI_NODE_HALF_CLOSED,
	HKI_NODE_ENDED
} hki_node_state;

/* Read this much at once; the kernel's buffer of a Unix socket is three times that. */
#define HKI_NODE_INPUT_BYTES ((size_t) 64 * 1024)

/* Beyond this much, sends do not wait for the end of the callback to be written. */
#define HKI_NODE_CORK_BYTES ((size_t) 64 * 1024)

/* Node gives a handle up after three repetitions. */
enum { HKI_NODE_HANDLE_TRIES = 4 };

/* A frame that waits, or that carries a handle. */
typedef struct hki_node_outgoing {
	hki_list node;
	hki_buffer frame;
	int fd; /* -1: none; ours */
	hk_ipc_channel_sent_fn on_sent;
	void *user;
	uint64_t begin;     /* its place in the stream, while it is the flight */
	bool gone;          /* the kernel has the descriptor */
	bool barrier;       /* has no handle; the receipt is all that is wanted */
	unsigned int tries; /* so far */
	int status;         /* of a flight that is over */
	bool over;
} hki_node_outgoing;

/* A frame in the output. */
typedef struct hki_node_record {
	uint64_t end; /* its place in the stream */
	hk_ipc_channel_sent_fn on_sent;
	void *user;
} hki_node_record;

struct hk_ipc_channel {
	hki_loop_member member;
	hki_loop_deferred deferred;
	hk_loop *loop; /* NULL once it is gone */
	pid_t owner;
	unsigned int references; /* the handle, and the write that is due */
	bool freed;
	bool holds_loop;
	bool background;
	hki_node_state state;
	hk_ipc_serialization serialization;
	hk_ipc_channel_opts opts; /* defaults filled in */
	int fd;
	hk_watch *watch;
	hk_timer *disconnect_timer;
	uint64_t disconnect_mark; /* `written` when the timer was set */
	hk_ipc_channel_stats stats;
	hki_node_pace pace;

	/* coming in */
	bool paused;
	bool resumed; /* frames at hand are to be delivered at the end of the callback */
	bool end_of_input; /* nothing more comes; the frames at hand still count */
	int input_error;   /* why */
	hki_node_frames frames;
	char *input;
	int received_fd; /* a handle whose message has not come; -1: none */
	hk_json_document *document;
	hk_json_writer *writer; /* of advanced messages as JSON, and of what we send */
	hk_ipc_values *values;
	hki_buffer repaired; /* a line with halves of surrogate pairs replaced */

	/* going out */
	hki_buffer output;
	hki_buffer records; /* of hki_node_record */
	uint64_t written;   /* bytes the kernel has taken */
	hki_node_outgoing *flight;
	hki_list waiting;
	size_t waiting_bytes;
	bool write_due; /* at the end of the callback */
	bool blocked;   /* the kernel takes no more for now */
	bool broken;    /* nobody reads on the other side */
	bool above;     /* a send returned 1 */
	hk_json_document *sent_document;

	/* of a parent alone */
	hk_process *process;
	hk_timer *stop_timer;
	hk_process_exit exit;
	bool exit_seen;
	bool exit_told;
	hk_process_exit_fn on_exit;
	void *exit_user;
};

/* What a message holds, in either serialization; one of the two is not NULL. */
typedef struct hki_node_body {
	const hk_json *json;
	const hk_ipc_value *value;
} hki_node_body;

struct hk_ipc_channel_message {
	hk_ipc_channel *channel;
	hki_node_body body;
	hk_ipc_handle handle;
	int fd;       /* -1: none */
	int fd_error; /* what asking for it answers when there is none */
	bool asked;   /* for JSON of an advanced message: json is the answer */
	bool tagged;
	const hk_json *json;
};

/* ---- node_channel.c ---- */

/* A channel without a descriptor.  Owned: hk_ipc_channel_free(). */
int hki_node_channel_new(hk_ipc_channel **out, hk_loop *loop,
    hk_ipc_serialization serialization, const hk_ipc_channel_opts *opts);
/* Give it its descriptor, Taken on success, which must be a Unix stream socket. */
int hki_node_channel_open(hk_ipc_channel *channel, int fd);
/* 0, -ECHILD in a forked child, or HK_ECLOSED when the loop is gone. */
int hki_node_check(const hk_ipc_channel *channel);
void hki_node_unref(hk_ipc_channel *channel);
/* Wait for what there is to wait for now.  Without memory the channel ends. */
void hki_node_update(hk_ipc_channel *channel);
/* It is over: tell everybody who waits, then on_end, then on_exit.  From the loop. */
void hki_node_end(hk_ipc_channel *channel, int reason);
/* From the loop: what is to be done once all is out, or nothing more comes. */
void hki_node_proceed(hk_ipc_channel *channel);
/* From the loop: on_exit, once both the exit and the end of the channel are known. */
void hki_node_tell_exit(hk_ipc_channel *channel);
void hki_node_tell_bad(hk_ipc_channel *channel, int code, const char *reason);
/* Was it freed, or has it ended, while somebody was called back? */
static inline bool hki_node_is_over(const hk_ipc_channel *channel)
{
	return channel->freed || channel->state == HKI_NODE_ENDED;
}

/* ---- node_encode.c ---- */

/* Append @value as a frame, wrapped in a NODE_HANDLE message unless @handle is NONE.
 * 0, or an error of hk_ipc_channel_send(), and nothing is appended. */
int hki_node_encode(hk_ipc_channel *channel, hki_buffer *out, const hk_json *value,
    hk_ipc_handle handle, int family, bool tagged);
/* The same for a message of our own: {"cmd": @command}, and with @key not NULL
 * "key": @key and "count": 0. */
int hki_node_encode_command(hk_ipc_channel *channel, hki_buffer *out, const char *command,
    const char *key, size_t key_length);

/* ---- node_send.c ---- */

/* A message of our own, past everything that waits.  Ends the channel when it cannot. */
void hki_node_command(
    hk_ipc_channel *channel, const char *command, const char *key, size_t key_length);

/* ---- node_output.c ---- */

/* NULL is fine. */
void hki_node_outgoing_free(hki_node_outgoing *outgoing);
/* Say whom to tell of the frame that ends the output.  0 or -ENOMEM. */
int hki_node_add_record(
    hk_ipc_channel *channel, hk_ipc_channel_sent_fn on_sent, void *user);
/* Let go what waits, up to the next handle.  0 or -ENOMEM. */
int hki_node_release_waiting(hk_ipc_channel *channel);
/* Write what the kernel takes; calls nobody back. */
void hki_node_write(hk_ipc_channel *channel);
/* … at the end of the callback. */
void hki_node_write_later(hk_ipc_channel *channel);
/* From the loop: tell what became of messages. */
void hki_node_tell_sent(hk_ipc_channel *channel);
/* From the loop: the other side has the handle, or not. */
void hki_node_confirmed(hk_ipc_channel *channel, bool received);
/* From the loop: none of what is queued will go out. */
void hki_node_fail_queue(hk_ipc_channel *channel);
/* Release the queue without telling anybody. */
void hki_node_queue_deinit(hk_ipc_channel *channel);
/* From the loop, when something was written: tell those who wait for that. */
void hki_node_sent_some(hk_ipc_channel *channel);
size_t hki_node_queued(const hk_ipc_channel *channel);

/* ---- node_receive.c ---- */

/* From the loop: read once, and deal with what came. */
void hki_node_receive(hk_ipc_channel *channel);
/* From the loop: the frames at hand. */
void hki_node_deliver(hk_ipc_channel *channel);
/* From the loop: the child has exited; whatever it sent is there to be read. */
void hki_node_receive_rest(hk_ipc_channel *channel);

/* ---- node_message.c ---- */

const char *hki_node_body_text(
    const hki_node_body *body, const char *key, size_t *length);
hki_node_body hki_node_body_member(const hki_node_body *body, const char *key);
/* Is it one of Node's own messages? */
bool hki_node_body_is_internal(const hki_node_body *body);

/* ---- node_handle.c ---- */

/* "net.Server" and so on; NULL for none. */
const char *hki_node_handle_name(hk_ipc_handle handle);
hk_ipc_handle hki_node_handle_of(const char *name);
/*
 * What the socket @fd can travel as: *out is @wanted, or what it looks like if that
 * is NONE, and *family its AF_….  0, -EBADF, -ENOTSOCK or -EPROTOTYPE.
 */
int hki_node_handle_check(hk_ipc_handle *out, int *family, int fd, hk_ipc_handle wanted);
/* sendmsg() of @length bytes, with @handle if it is not -1.  Bytes or a negative errno. */
ssize_t hki_node_send_bytes(int fd, const char *bytes, size_t length, int handle);
/* recvmsg(); the first descriptor that came goes to *handle (-1: none), others are
 * closed and counted in *surplus. */
ssize_t hki_node_receive_bytes(
    int fd, char *bytes, size_t length, int *handle, unsigned int *surplus);

#endif /* HKI_IPC_NODE_CHANNEL_H */
