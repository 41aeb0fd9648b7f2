/*
 * Which engine.  What was demanded is taken or refused; "auto" begins with the
 * adaptive one, because loading a program into the kernel costs as much as a
 * hundred samples, and a table that is asked once or twice never earns it back.
 * Whoever goes on sampling gets it from the third sample on.  Every step down is
 * kept in words, so that it can be shown.
 */
#include <errno.h>
#include <stdio.h>
#include "system/process_table.h"

#define SAMPLES_BEFORE_BPF 2

static const hki_engine *const engines[] = {
	[HK_SYSTEM_ENGINE_AUTO] = &hki_engine_adaptive,
	[HK_SYSTEM_ENGINE_BPF] = &hki_engine_bpf,
	[HK_SYSTEM_ENGINE_ADAPTIVE] = &hki_engine_adaptive,
	[HK_SYSTEM_ENGINE_OPENAT] = &hki_engine_openat,
};

static void use(hk_system_processes *table, const hki_engine *engine)
{
	table->engine = engine;
	hki_fields_apply(table);
}

static void say(
    hk_system_processes *table, const char *before, const char *why, int error)
{
	const char *denied = error == -EPERM ? " without root" : "";

	snprintf(table->why, sizeof(table->why), "%s%s%s", before, why, denied);
}

int hki_engine_choose(hk_system_processes *table)
{
	hk_system_engine wanted = table->opts.engine;
	const char *why = "";
	int r;

	if ((unsigned int) wanted > HK_SYSTEM_ENGINE_OPENAT)
		return -EINVAL;
	r = engines[wanted]->open(table, &why);
	if (r == 0) {
		use(table, engines[wanted]);
		say(table,
		    wanted == HK_SYSTEM_ENGINE_AUTO
			? "the first samples load nothing into the kernel"
			: "as demanded",
		    "", 0);
		return 0;
	}
	if (wanted != HK_SYSTEM_ENGINE_AUTO || r != -EOPNOTSUPP)
		return r;
	use(table, &hki_engine_openat);
	say(table, "not adaptive: ", why, r);
	return 0;
}

void hki_engine_reconsider(hk_system_processes *table)
{
	const char *why = "";
	int r;

	if (table->opts.engine != HK_SYSTEM_ENGINE_AUTO || table->root != NULL ||
	    table->samples != SAMPLES_BEFORE_BPF)
		return;
	r = hki_engine_bpf.open(table, &why);
	if (r < 0) {
		say(table, "not bpf: ", why, r);
		return;
	}
	use(table, &hki_engine_bpf);
	say(table, "the kernel walks its tasks for us", "", 0);
}

bool hki_engine_step_down(hk_system_processes *table, int error)
{
	if (table->opts.engine != HK_SYSTEM_ENGINE_AUTO ||
	    table->engine != &hki_engine_bpf || error == -ENOMEM)
		return false;
	table->engine->close(table);
	use(table, &hki_engine_adaptive);
	say(table, "not bpf: ", "the walk inside the kernel broke off", 0);
	return true;
}
