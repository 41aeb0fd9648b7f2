#include "loop/core.h"

#include "base/alloc.h"

/*
 * Functions called in every turn, at the three places around the wait that
 * other loops call idle, prepare and check.
 */

int hk_hook_start(hk_hook **out, hk_loop *loop, int kind, hk_hook_fn fn, void *user)
{
	hk_hook *hook;
	int r = hki_loop_usable(loop);

	if (r < 0)
		return r;
	if (fn == NULL || kind < HK_HOOK_IDLE || kind > HK_HOOK_CHECK)
		return -EINVAL;
	hook = hki_zalloc(sizeof(*hook));
	if (hook == NULL)
		return -ENOMEM;
	hook->loop = loop;
	hook->kind = kind;
	hook->fn = fn;
	hook->user = user;
	hki_list_append(&loop->hooks[kind], &hook->node);
	if (kind == HK_HOOK_IDLE)
		loop->active++;
	hki_loop_ref(loop);
	hki_loop_changed(loop);
	*out = hook;
	return 0;
}

void hk_hook_free(hk_hook *hook)
{
	hk_loop *loop;

	if (hook == NULL)
		return;
	loop = hook->loop;
	hki_list_remove(&hook->node);
	if (hook->kind == HK_HOOK_IDLE)
		loop->active--;
	hki_free(hook);
	hki_loop_unref(loop);
}

/* Callbacks may free any hook, so each moves back to the list before its call. */
void hki_hooks_run(hk_loop *loop, int kind)
{
	hki_list round;
	hki_list *node;

	hki_list_init(&round);
	hki_list_splice(&round, &loop->hooks[kind]);
	while ((node = hki_list_pop(&round)) != NULL) {
		hk_hook *hook = hki_list_entry(node, hk_hook, node);

		hki_list_append(&loop->hooks[kind], node);
		hook->fn(hook, hook->user);
		hki_next_run(loop);
	}
}
