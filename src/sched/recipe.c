/*
 * How a program is started, kept until its turn comes and for every further try: a deep
 * copy of the options, in the task's arena.
 */
#include <errno.h>
#include <stddef.h>
#include "base/opts.h"
#include "sched/executor_internal.h"

static void copy_streams(hk_process_opts *out, hki_arena *arena)
{
	for (int i = 0; i < 3; i++)
		out->stdio[i].path = hki_arena_string(arena, out->stdio[i].path);
}

static void copy_texts(hk_process_opts *out, hki_arena *arena)
{
	out->argv = hki_arena_strings(arena, out->argv);
	out->file = hki_arena_string(arena, out->file);
	out->name = hki_arena_string(arena, out->name);
	out->cwd = hki_arena_string(arena, out->cwd);
	out->env_files = hki_arena_strings(arena, out->env_files);
	out->env = hki_arena_strings(arena, out->env);
	out->env_unset = hki_arena_strings(arena, out->env_unset);
	out->user = hki_arena_string(arena, out->user);
	out->group = hki_arena_string(arena, out->group);
}

static const void *copy_array(
    hki_arena *arena, const void *items, size_t count, size_t bytes)
{
	return items == NULL || count == 0 ? NULL
					   : hki_arena_copy(arena, items, count * bytes);
}

static void copy_arrays(hk_process_opts *out, hki_arena *arena)
{
	out->fds = copy_array(arena, out->fds, out->fd_count, sizeof(*out->fds));
	out->groups =
	    copy_array(arena, out->groups, out->group_count, sizeof(*out->groups));
	out->cpus = copy_array(arena, out->cpus, out->cpu_count, sizeof(*out->cpus));
	out->limits =
	    copy_array(arena, out->limits, out->limit_count, sizeof(*out->limits));
	out->stop_steps = copy_array(
	    arena, out->stop_steps, out->stop_step_count, sizeof(*out->stop_steps));
}

int hki_recipe_copy(hk_process_opts *out, hki_arena *arena, const hk_process_opts *opts)
{
	int r = hki_opts_copy(
	    out, sizeof(*out), opts, opts->size, offsetof(hk_process_opts, file));

	if (r < 0)
		return r;
	out->size = sizeof(*out);
	copy_texts(out, arena);
	copy_arrays(out, arena);
	copy_streams(out, arena);
	return arena->failed ? -ENOMEM : 0;
}

int hki_recipe_from_command(
    hk_process_opts *out, hki_arena *arena, const hk_sched_command *command)
{
	hk_process_opts opts = HK_PROCESS_OPTS_INIT;

	opts.argv = command->argv;
	opts.env = command->environment;
	opts.cwd = command->working_dir;
	return hki_recipe_copy(out, arena, &opts);
}
