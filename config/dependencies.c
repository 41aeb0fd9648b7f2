/*
 * Services form a graph.  Its circles are its strongly connected components of
 * more than one service (R. Tarjan 1972), found in one walk; a service that
 * waits for itself is one too.  Every circle is reported once, with all its
 * members.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/map.h"
#include "formats.h"
#include "base/nearest_word.h"

/* ---- names ---- */

static hki_place place_of(const hki_config_dependency *dependency)
{
	return (hki_place){ .line = dependency->line, .column = dependency->column };
}

static const char *nearest_service(
    hki_check *check, const hki_config *config, const char *name)
{
	const char *nearest = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < config->service_count; i++) {
		size_t distance = hki_word_distance(name, config->services[i].name);

		if (distance < least) {
			least = distance;
			nearest = config->services[i].name;
		}
	}
	if (nearest == NULL || !hki_word_is_near(name, least))
		return NULL;
	return hki_arena_format(check->arena, "did you mean '%s'?", nearest);
}

/* Why @condition can never hold for @service, or NULL. */
static const char *impossible(
    const hki_config_service *service, hki_config_condition condition, const char **hint)
{
	if (condition == HKI_CONFIG_SERVICE_HEALTHY &&
	    (service->healthcheck == NULL || service->healthcheck->disable)) {
		*hint = "give it one, or wait for service_started";
		return "has no health check, so it never becomes healthy";
	}
	if (condition == HKI_CONFIG_SERVICE_COMPLETED_SUCCESSFULLY &&
	    (service->restart.when == HKI_CONFIG_RESTART_ALWAYS ||
		service->restart.when == HKI_CONFIG_RESTART_UNLESS_STOPPED)) {
		*hint = "let it be 'restart: on-failure'";
		return "is started again whenever it ends, so it never completes";
	}
	return NULL;
}

static void check_condition(hki_check *check, const hki_config *config,
    const hki_config_service *service, const hki_config_dependency *dependency)
{
	const hki_config_service *on = &config->services[dependency->service];
	const char *hint = NULL;
	const char *why = impossible(on, dependency->condition, &hint);

	if (why != NULL)
		hki_complain(check->diagnostics, place_of(dependency), service->name,
		    hint, "'%s' %s", dependency->name, why);
	else if (on->scale == 0)
		hki_warn(check->diagnostics, place_of(dependency), service->name, NULL,
		    "'%s' has a scale of 0: it is not started, and '%s' waits",
		    dependency->name, service->name);
}

static void resolve(hki_check *check, const hki_config *config, const hki_name_map *names,
    hki_config_service *service)
{
	for (size_t i = 0; i < service->depends_on.count; i++) {
		hki_config_dependency *dependency = &service->depends_on.items[i];
		const hki_config_service *on = hki_name_map_get(names, dependency->name);

		if (on == NULL) {
			hki_complain(check->diagnostics, place_of(dependency),
			    service->name,
			    nearest_service(check, config, dependency->name),
			    "there is no service '%.64s'", dependency->name);
			dependency->service = SIZE_MAX;
			continue;
		}
		dependency->service = (size_t) (on - config->services);
		check_condition(check, config, service, dependency);
	}
}

/* ---- circles ---- */

struct walk {
	hki_check *check;
	const hki_config *config;
	size_t *order; /* when a service was reached, from 1 */
	size_t *low;   /* the earliest one reached from it that is still on the stack */
	size_t *stack;
	bool *stacked;
	size_t depth;
	size_t time;
};

/* The dependency of a service on itself, or NULL. */
static const hki_config_dependency *on_itself(
    const hki_config_service *service, size_t index)
{
	for (size_t i = 0; i < service->depends_on.count; i++)
		if (service->depends_on.items[i].service == index)
			return &service->depends_on.items[i];
	return NULL;
}

static void report_circle(struct walk *walk, size_t from)
{
	const hki_config_service *first = NULL;
	const hki_config *config = walk->config;
	char text[768] = "";
	size_t used = 0;
	size_t count = 0;

	/* In the order of the file. */
	for (size_t i = 0; i < config->service_count; i++) {
		bool member = false;

		for (size_t j = from; j < walk->depth && !member; j++)
			member = walk->stack[j] == i;
		if (!member)
			continue;
		if (first == NULL)
			first = &config->services[i];
		if (used < sizeof(text))
			used +=
			    (size_t) snprintf(text + used, sizeof(text) - used, "%s%s",
				count == 0                        ? ""
				: count + 1 == walk->depth - from ? " and "
								  : ", ",
				config->services[i].name);
		count++;
	}
	if (walk->depth - from == 1)
		hki_complain(walk->check->diagnostics,
		    place_of(on_itself(first, walk->stack[from])), first->name,
		    "remove it", "'%s' waits for itself", text);
	else
		hki_complain(walk->check->diagnostics,
		    (hki_place){ .line = first->line, .column = first->column },
		    first->name, "remove one 'depends_on'",
		    "%s wait for each other in a circle", text);
}

/* Recursion is bounded by HKI_CONFIG_SERVICES_MAX. */
static void visit(struct walk *walk, size_t index)
{
	const hki_config_service *service = &walk->config->services[index];
	size_t base = walk->depth;

	walk->order[index] = walk->low[index] = ++walk->time;
	walk->stack[walk->depth++] = index;
	walk->stacked[index] = true;
	for (size_t i = 0; i < service->depends_on.count; i++) {
		size_t next = service->depends_on.items[i].service;

		if (next == SIZE_MAX)
			continue;
		if (walk->order[next] == 0)
			visit(walk, next);
		if (walk->stacked[next] && walk->low[next] < walk->low[index])
			walk->low[index] = walk->low[next];
	}
	if (walk->low[index] != walk->order[index])
		return;
	if (walk->depth - base > 1 || on_itself(service, index) != NULL)
		report_circle(walk, base);
	while (walk->depth > base)
		walk->stacked[walk->stack[--walk->depth]] = false;
}

static void find_circles(hki_check *check, const hki_config *config)
{
	size_t count = config->service_count;
	struct walk walk = { .check = check, .config = config };

	walk.order = hki_arena_array(check->arena, count, sizeof(*walk.order));
	walk.low = hki_arena_array(check->arena, count, sizeof(*walk.low));
	walk.stack = hki_arena_array(check->arena, count, sizeof(*walk.stack));
	walk.stacked = hki_arena_array(check->arena, count, sizeof(*walk.stacked));
	if (check->arena->failed)
		return;
	for (size_t i = 0; i < count; i++)
		if (walk.order[i] == 0)
			visit(&walk, i);
}

void hki_check_dependencies(hki_check *check, hki_config *config)
{
	hki_name_map names = { 0 };

	for (size_t i = 0; i < config->service_count; i++)
		if (hki_name_map_put(
			&names, config->services[i].name, &config->services[i]) < 0)
			check->arena->failed = true;
	if (!check->arena->failed) {
		for (size_t i = 0; i < config->service_count; i++)
			resolve(check, config, &names, &config->services[i]);
		find_circles(check, config);
	}
	hki_name_map_deinit(&names);
}
