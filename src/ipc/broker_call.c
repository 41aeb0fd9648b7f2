/*
 * Methods of a broker: a call goes to one of those who registered the method, as a
 * call of ours, and its answer becomes the answer of theirs.  What the caller is
 * ready to wait goes along, less what has passed; so does its cancel.
 *
 * Of several providers the one with the fewest calls under way is asked, in turns
 * where they have as many.
 */
#include <errno.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/cleanup.h"
#include "ipc/broker_internal.h"

struct service {
	hki_list providers;
	char method[];
};

struct provider {
	hki_list link; /* in its service's, in the order of turns */
	hki_list own;  /* in its member's */
	hki_broker_member *member;
	struct service *service;
	size_t busy; /* calls under way */
};

/* A call on its way. */
struct route {
	hk_ipc_broker *broker;
	hk_ipc_request *request; /* NULL: its caller has no use for the answer */
	hk_ipc_call *call;
	struct provider *provider; /* NULL: it has left */
	hki_list link;             /* in the routes of its provider's conversation */
	uint64_t from;
	uint64_t to;
};

/* ---- registering ---- */

static void service_release_if_empty(hk_ipc_broker *broker, struct service *service)
{
	if (!hki_list_empty(&service->providers))
		return;
	(void) hki_name_map_remove(&broker->services, service->method);
	hki_free(service);
}

static struct service *service_need(hk_ipc_broker *broker, const char *method)
{
	struct service *service = hki_name_map_get(&broker->services, method);
	size_t length = strlen(method) + 1;

	if (service != NULL)
		return service;
	service = hki_zalloc(sizeof(*service) + length);
	if (service == NULL)
		return NULL;
	hki_list_init(&service->providers);
	memcpy(service->method, method, length);
	if (hki_name_map_put(&broker->services, method, service) < 0) {
		hki_free(service);
		return NULL;
	}
	return service;
}

static struct provider *provider_of(hki_broker_member *member, const char *method)
{
	for (hki_list *link = member->providers.next; link != &member->providers;
	     link = link->next) {
		struct provider *one = hki_list_entry(link, struct provider, own);

		if (strcmp(one->service->method, method) == 0)
			return one;
	}
	return NULL;
}

static int provider_add(hki_broker_member *member, const char *method)
{
	struct provider *one = hki_zalloc(sizeof(*one));
	struct service *service;

	if (one == NULL)
		return -ENOMEM;
	service = service_need(member->broker, method);
	if (service == NULL) {
		hki_free(one);
		return -ENOMEM;
	}
	one->member = member;
	one->service = service;
	hki_list_append(&service->providers, &one->link);
	hki_list_append(&member->providers, &one->own);
	member->providers_count++;
	member->broker->stats.methods++;
	return 0;
}

/* Calls under way find their answer without it: `busy` is all they knew it for. */
static void provider_remove(struct provider *one)
{
	hk_ipc_broker *broker = one->member->broker;

	hki_list_remove(&one->link);
	hki_list_remove(&one->own);
	one->member->providers_count--;
	broker->stats.methods--;
	service_release_if_empty(broker, one->service);
	one->member = NULL;
	one->service = NULL;
	if (one->busy == 0)
		hki_free(one);
}

void hki_broker_unregister_all(hki_broker_member *member)
{
	while (!hki_list_empty(&member->providers))
		provider_remove(
		    hki_list_entry(member->providers.next, struct provider, own));
}

static void provider_done(struct provider *one)
{
	one->busy--;
	if (one->busy == 0 && one->member == NULL)
		hki_free(one);
}

/* ---- passing on ---- */

/* The one with the fewest calls under way; it goes to the end of the line. */
static struct provider *provider_choose(struct service *service)
{
	struct provider *best = NULL;

	for (hki_list *link = service->providers.next; link != &service->providers;
	     link = link->next) {
		struct provider *one = hki_list_entry(link, struct provider, link);

		if (best == NULL || one->busy < best->busy)
			best = one;
	}
	if (best != NULL) {
		hki_list_remove(&best->link);
		hki_list_append(&service->providers, &best->link);
	}
	return best;
}

static void tell_answer(const struct route *route, const hk_ipc_reply *reply)
{
	hki_broker_event event = { .kind = reply->status == 0 ? "result" : "error",
		.from = route->to,
		.to = route->from };

	if (!hki_broker_is_tapped(route->broker))
		return;
	if (route->request != NULL)
		event.method = hk_ipc_request_method(route->request);
	event.data_key = reply->status == 0 ? "result" : "data";
	event.data = reply->status == 0 ? reply->result : reply->error_data;
	event.code = reply->error_code;
	event.message = reply->error_text;
	if (reply->status != 0 && reply->error_text == NULL)
		event.message = hk_error_text(reply->status);
	hki_broker_tell_taps(route->broker, &event);
}

static void pass_back(hk_ipc_request *request, const hk_ipc_reply *reply)
{
	switch (reply->status) {
	case 0:
		(void) hk_ipc_request_reply_value(request, reply->result);
		break;
	case -EREMOTEIO:
		(void) hk_ipc_request_fail_value(
		    request, reply->error_code, reply->error_text, reply->error_data);
		break;
	case -ETIMEDOUT:
		(void) hk_ipc_request_fail(request, HK_IPC_ERROR_TIMEOUT,
		    "the service gave no answer in time", NULL);
		break;
	default:
		(void) hk_ipc_request_fail(request, HK_IPC_ERROR_GONE,
		    "the service left before it answered", NULL);
		break;
	}
}

static void on_reply(hk_ipc_call *call, const hk_ipc_reply *reply, void *user)
{
	struct route *route = user;

	tell_answer(route, reply);
	provider_done(route->provider);
	if (route->request != NULL)
		pass_back(route->request, reply);
	hk_ipc_call_free(call);
	hki_free(route);
}

/* The caller has no use for it any more: nor shall the service work on it. */
static void on_cancel(hk_ipc_request *request, void *user)
{
	struct route *route = user;

	route->request = NULL;
	hk_ipc_request_free(request);
	hk_ipc_call_cancel(route->call);
}

static int pass_on(struct route *route, const hk_json *params)
{
	hk_ipc_call_opts opts = HK_IPC_CALL_OPTS_INIT;
	int r;

	opts.method = hk_ipc_request_method(route->request);
	opts.params_value = params;
	opts.timeout_ns = hk_ipc_request_left_ns(route->request);
	if (opts.timeout_ns == 0)
		return -ETIMEDOUT;
	opts.fn = on_reply;
	opts.user = route;
	r = hk_ipc_call_start(&route->call, route->provider->member->rpc, &opts);
	if (r == 0) {
		route->provider->busy++;
		hk_ipc_request_on_cancel(route->request, on_cancel, route);
	}
	return r;
}

static void refuse(hk_ipc_request *request, int error)
{
	if (error == -ETIMEDOUT)
		(void) hk_ipc_request_fail(request, HK_IPC_ERROR_TIMEOUT,
		    "the deadline had passed already", NULL);
	else if (error == -EAGAIN)
		(void) hk_ipc_request_fail(
		    request, HK_IPC_ERROR_OVERLOAD, "the service does not keep up", NULL);
	else
		(void) hk_ipc_request_fail(request, HK_IPC_ERROR_INTERNAL,
		    "the call could not be passed on", NULL);
}

static void unknown(hk_ipc_broker *broker, hk_ipc_request *request)
{
	broker->stats.calls_unknown++;
	(void) hk_ipc_request_fail(
	    request, HK_IPC_ERROR_METHOD, "nobody here offers this method", NULL);
}

static void notice(hk_ipc_broker *broker, hk_ipc_request *request,
    struct provider *provider, const hk_json *params)
{
	/* Nobody waits for it, so nobody is told if it cannot be passed on. */
	if (hk_ipc_notify_value(
		provider->member->rpc, hk_ipc_request_method(request), params) < 0)
		broker->stats.dropped++;
	hk_ipc_request_free(request);
}

static void on_call(hk_ipc_request *request, const hk_json *params, void *user)
{
	hk_ipc_broker *broker = user;
	hki_broker_member *caller = hki_broker_member_of(request);
	struct service *service =
	    hki_name_map_get(&broker->services, hk_ipc_request_method(request));
	hki_broker_event event = { .kind = "call",
		.method = hk_ipc_request_method(request),
		.data_key = "params",
		.data = params };
	hki_cleanup(hki_freep) struct route *route = NULL;
	struct provider *provider;
	int r;

	if (service == NULL) {
		unknown(broker, request);
		return;
	}
	provider = provider_choose(service);
	event.from = caller != NULL ? caller->number : 0;
	event.to = provider->member->number;
	hki_broker_tell_taps(broker, &event);
	broker->stats.calls++;
	if (hk_ipc_request_is_notification(request)) {
		notice(broker, request, provider, params);
		return;
	}
	route = hki_zalloc(sizeof(*route));
	if (route == NULL) {
		refuse(request, -ENOMEM);
		return;
	}
	route->broker = broker;
	route->request = request;
	route->provider = provider;
	route->from = event.from;
	route->to = event.to;
	r = pass_on(route, params);
	if (r < 0)
		refuse(request, r);
	else
		route = NULL; /* the call's now */
}

/* ---- the methods ---- */

static const char *read_method(const hk_json *params)
{
	size_t length = 0;
	const char *method =
	    hk_json_get_string(hk_json_member(params, "method"), &length);

	if (method == NULL || length == 0 || length > HK_IPC_METHOD_MAX ||
	    strlen(method) != length)
		return NULL;
	return method;
}

static bool is_ours(const hk_ipc_broker *broker, const char *method)
{
	const hki_method *known = hki_method_find(broker->methods, method);

	return strncmp(method, "rpc.", 4) == 0 || (known != NULL && known->fn != on_call);
}

static const char *try_register(hki_broker_member *member, const char *method)
{
	if (method == NULL)
		return "params are {\"method\": NAME}";
	if (is_ours(member->broker, method))
		return "this method is the broker's own";
	if (provider_of(member, method) != NULL)
		return "this connection has registered it already";
	if (member->providers_count >= member->broker->opts.methods_max)
		return "this connection has registered too many methods";
	return provider_add(member, method) < 0 ? "no memory" : NULL;
}

static void tell_registered(
    const hki_broker_member *member, const char *kind, const char *method)
{
	hki_broker_event event = {
		.kind = kind, .from = member->number, .method = method
	};

	hki_broker_tell_taps(member->broker, &event);
}

static void on_register(hk_ipc_request *request, const hk_json *params, void *user)
{
	hki_broker_member *member = hki_broker_member_of(request);
	const char *method = read_method(params);
	const char *problem;

	(void) user;
	if (member == NULL) {
		hk_ipc_request_free(request);
		return;
	}
	problem = try_register(member, method);
	if (problem != NULL) {
		(void) hk_ipc_request_fail(request, HK_IPC_ERROR_PARAMS, problem, NULL);
		return;
	}
	tell_registered(member, "register", method);
	(void) hk_ipc_request_reply(request, "true");
}

static void on_unregister(hk_ipc_request *request, const hk_json *params, void *user)
{
	hki_broker_member *member = hki_broker_member_of(request);
	const char *method = read_method(params);
	struct provider *one = NULL;

	(void) user;
	if (member != NULL && method != NULL)
		one = provider_of(member, method);
	if (one == NULL) {
		(void) hk_ipc_request_fail(request, HK_IPC_ERROR_PARAMS,
		    "this connection has not registered that method", NULL);
		return;
	}
	tell_registered(member, "unregister", method);
	provider_remove(one);
	(void) hk_ipc_request_reply(request, "true");
}

int hki_broker_add_calls(hk_ipc_broker *broker)
{
	hk_ipc_methods *methods = broker->methods;
	int r;

	if ((r = hk_ipc_methods_add(methods, "register", on_register, broker)) < 0 ||
	    (r = hk_ipc_methods_add(methods, "unregister", on_unregister, broker)) < 0)
		return r;
	return hk_ipc_methods_add(methods, NULL, on_call, broker);
}
