#ifndef HKI_IPC_BROKER_INTERNAL_H
#define HKI_IPC_BROKER_INTERNAL_H

#include <hostkit/ipc_broker.h>
#include "ipc/rpc_server.h"
#include "ipc/subject_table.h"

/*
 * The inside of a broker.
 *
 *     broker.c          its life, and the connections that come and go
 *     broker_publish.c  subjects: who gets what was published
 *     broker_call.c     methods: who does what was called
 *     broker_tap.c      those who see everything
 */

struct hk_ipc_broker {
	hk_ipc_rpc_server *server;
	hk_ipc_methods *methods;
	hk_ipc_broker_opts opts;
	uint64_t members_last; /* the number of the latest connection */

	/* subjects */
	hki_subject_table subjects;
	hki_subject_matches matches; /* of what is being published */
	hki_name_map groups;         /* hki_broker_group by name */
	uint64_t publication;        /* the number of what is being published */
	hk_json_writer *writer;      /* beside the one that conversations share */
	hki_buffer text;

	/* methods */
	hki_name_map services; /* hki_broker_service by name */

	hki_list taps;
	hk_ipc_broker_stats stats;
};

/* A connection, as the broker sees it. */
typedef struct hki_broker_member {
	hki_rpc_guest guest;
	hk_ipc_broker *broker;
	hk_ipc_rpc *rpc;
	uint64_t number;
	hki_map subscriptions_by_id;
	hki_list subscriptions;
	uint64_t subscription_last; /* for those who name none themselves */
	hki_list providers;
	size_t providers_count;
	hki_list tap; /* in the broker's, or alone */
	uint64_t tap_seq;
	bool tapping;
} hki_broker_member;

/* The member behind a request; NULL if they have gone. */
hki_broker_member *hki_broker_member_of(const hk_ipc_request *request);

/* ---- broker_publish.c ---- */

int hki_broker_add_subjects(hk_ipc_broker *broker); /* its methods.  0 or -ENOMEM */
bool hki_broker_notice(hki_rpc_guest *guest, const hki_rpc_message *message);
void hki_broker_unsubscribe_all(hki_broker_member *member);

/* ---- broker_call.c ---- */

int hki_broker_add_calls(hk_ipc_broker *broker);
void hki_broker_unregister_all(hki_broker_member *member);

/* ---- broker_tap.c ---- */

/* Something that passes through.  What is not known is NULL or 0. */
typedef struct hki_broker_event {
	const char *kind; /* "pub", "call", "result", … */
	uint64_t from;    /* numbers of connections; 0: the broker */
	uint64_t to;
	const char *topic;
	const char *method;
	const char *data_key; /* "data", "params", "result" */
	const hk_json *data;
	int64_t code;
	const char *message;
	uint64_t count; /* of subscribers; kind "pub" alone */
} hki_broker_event;

int hki_broker_add_tap(hk_ipc_broker *broker);
void hki_broker_tell_taps(hk_ipc_broker *broker, const hki_broker_event *event);

static inline bool hki_broker_is_tapped(const hk_ipc_broker *broker)
{
	return !hki_list_empty(&broker->taps);
}

#endif /* HKI_IPC_BROKER_INTERNAL_H */
