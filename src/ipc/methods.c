/*
 * What a program offers to be called: names to functions.  One table may serve any
 * number of conversations.
 */
#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "ipc/rpc_internal.h"

struct hk_ipc_methods {
	hki_name_map names;
	hki_method others; /* fn is NULL: everything else is unknown */
};

int hk_ipc_methods_new(hk_ipc_methods **out)
{
	hk_ipc_methods *methods = hki_zalloc(sizeof(*methods));

	if (methods == NULL)
		return -ENOMEM;
	*out = methods;
	return 0;
}

void hk_ipc_methods_free(hk_ipc_methods *methods)
{
	size_t position = 0;
	const char *name;
	void *method;

	if (methods == NULL)
		return;
	while (hki_name_map_each(&methods->names, &position, &name, &method))
		hki_free(method);
	hki_name_map_deinit(&methods->names);
	hki_free(methods);
}

static int add_others(hk_ipc_methods *methods, hk_ipc_method_fn fn, void *user)
{
	if (methods->others.fn != NULL)
		return -EEXIST;
	methods->others = (hki_method){ fn, user };
	return 0;
}

static bool is_reserved(const char *name)
{
	return strncmp(name, "rpc.", 4) == 0;
}

int hk_ipc_methods_add(
    hk_ipc_methods *methods, const char *name, hk_ipc_method_fn fn, void *user)
{
	hki_cleanup(hki_freep) hki_method *method = NULL;
	int r;

	if (methods == NULL || fn == NULL)
		return -EINVAL;
	if (name == NULL)
		return add_others(methods, fn, user);
	if (strlen(name) > HK_IPC_METHOD_MAX || is_reserved(name))
		return -EINVAL;
	if (hki_name_map_get(&methods->names, name) != NULL)
		return -EEXIST;
	method = hki_alloc(sizeof(*method));
	if (method == NULL)
		return -ENOMEM;
	*method = (hki_method){ fn, user };
	r = hki_name_map_put(&methods->names, name, method);
	if (r < 0)
		return r;
	method = NULL; /* the map's now */
	return 0;
}

int hk_ipc_methods_remove(hk_ipc_methods *methods, const char *name)
{
	hki_method *method;

	if (methods == NULL)
		return -ENOENT;
	if (name == NULL) {
		int r = methods->others.fn != NULL ? 0 : -ENOENT;

		methods->others = (hki_method){ NULL, NULL };
		return r;
	}
	method = hki_name_map_remove(&methods->names, name);
	hki_free(method);
	return method != NULL ? 0 : -ENOENT;
}

const hki_method *hki_method_find(const hk_ipc_methods *methods, const char *name)
{
	const hki_method *method;

	if (methods == NULL)
		return NULL;
	method = hki_name_map_get(&methods->names, name);
	if (method == NULL && methods->others.fn != NULL)
		method = &methods->others;
	return method;
}
