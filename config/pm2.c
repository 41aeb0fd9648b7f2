/*
 * A PM2 ecosystem file: {apps: […]}, a list of apps, or one app.  Each app is
 * read as PM2 would and then said again in the words of a service.
 */
#include "pm2.h"

#include <stdio.h>
#include <string.h>
#include "base/map.h"
#include "formats.h"
#include "kinds.h"
#include "service_keys.h"

bool hki_is_pm2(const hki_node *root)
{
	if (root->kind == HKI_NODE_LIST || hki_node_get(root, "apps") != NULL)
		return true;
	return hki_node_get(root, "script") != NULL &&
	       hki_node_get(root, "services") == NULL;
}

/* ---- environments ---- */

static const hki_key env_key = { .name = "env", .kind = &hki_kind_environment };

/* @over's variables, and those of @base that it does not set. */
static hki_config_texts merge_environments(
    hki_arena *arena, hki_config_texts base, hki_config_texts over)
{
	hki_name_map names = { 0 };
	hki_texts merged = { 0 };

	for (size_t i = 0; over != NULL && over[i] != NULL; i++) {
		char *name = hki_arena_text(arena, over[i], strcspn(over[i], "="));

		if (name == NULL || hki_name_map_put(&names, name, &names) < 0)
			arena->failed = true;
	}
	for (size_t i = 0; base != NULL && base[i] != NULL && !arena->failed; i++) {
		char *name = hki_arena_text(arena, base[i], strcspn(base[i], "="));

		if (name != NULL && hki_name_map_get(&names, name) == NULL)
			(void) hki_texts_add(&merged, arena, base[i]);
	}
	for (size_t i = 0; over != NULL && over[i] != NULL && !arena->failed; i++)
		(void) hki_texts_add(&merged, arena, over[i]);
	hki_name_map_deinit(&names);
	return merged.items != NULL ? merged.items : base;
}

/* env_production over env, when that is what was asked for. */
static void apply_environment(
    hki_check *check, const hki_node *node, const char *wanted, hki_pm2_app *app)
{
	const hki_node *found = NULL;
	hki_config_texts over = NULL;

	for (size_t i = 0; i < node->count; i++) {
		const hki_member *member = &node->members[i];

		if (strncmp(member->key->text, "env_", 4) == 0 &&
		    strcmp(member->key->text + 4, wanted) == 0)
			found = member->value;
	}
	if (found == NULL) {
		hki_check_warn(
		    check, node, "'env' is used", "there is no 'env_%.64s'", wanted);
		return;
	}
	env_key.kind->read(check, &env_key, found, &over);
	app->environment = merge_environments(check->arena, app->environment, over);
}

/* ---- apps ---- */

/* @node without environments for other occasions, and without null, which PM2 takes for absent. */
static hki_node *plain_members(hki_check *check, const hki_node *node)
{
	hki_node *plain = hki_arena_alloc(check->arena, sizeof(*plain));

	if (plain == NULL)
		return NULL;
	*plain = *node;
	plain->members =
	    hki_arena_array(check->arena, node->count, sizeof(*plain->members));
	if (plain->members == NULL)
		return NULL;
	plain->count = 0;
	for (size_t i = 0; i < node->count; i++)
		if (strncmp(node->members[i].key->text, "env_", 4) != 0 &&
		    !hki_node_is_null(node->members[i].value))
			plain->members[plain->count++] = node->members[i];
	return plain;
}

/* PM2 starts every relative path of an app at its cwd. */
static const char *app_directory(hki_check *check, const hki_node *node)
{
	const hki_node *cwd = hki_node_get(node, "cwd");

	if (cwd == NULL || cwd->kind != HKI_NODE_SCALAR)
		return check->directory;
	return hki_check_path(check, cwd->text);
}

static void read_plain_app(hki_check *check, const hki_node *node, const hki_node *plain,
    const hki_config_options *options, hki_config *config)
{
	hki_config_service *service = &config->services[config->service_count];
	hki_pm2_app app = { 0 };

	hki_section_read(check, &hki_pm2_app_section, plain, &app);
	if (options->pm2_env != NULL)
		apply_environment(check, node, options->pm2_env, &app);
	if (app.script == NULL)
		return;
	service->line = node->place.line;
	service->column = node->place.column;
	service->working_dir = check->directory;
	hki_pm2_service(check, node, &app, service);
	hki_service_complete(check, service);
	config->service_count++;
}

static void read_app(hki_check *check, const hki_node *node,
    const hki_config_options *options, hki_config *config)
{
	const char *outer = check->directory;
	char got[HKI_NODE_DESCRIPTION_MAX];
	const hki_node *plain;

	if (node->kind != HKI_NODE_MAP) {
		hki_node_describe(got, sizeof(got), node);
		hki_check_complain(check, node, NULL,
		    "an app is a mapping of keys and values, got %s", got);
		return;
	}
	plain = plain_members(check, node);
	if (plain == NULL ||
	    !hki_service_begin(check, &config->services[config->service_count]))
		return;
	check->directory = app_directory(check, node);
	if (check->directory != NULL)
		read_plain_app(check, node, plain, options, config);
	check->directory = outer;
}

static void check_names(hki_check *check, const hki_config *config)
{
	hki_name_map names = { 0 };

	for (size_t i = 0; i < config->service_count && !check->arena->failed; i++) {
		const hki_config_service *service = &config->services[i];
		const hki_config_service *first = hki_name_map_get(&names, service->name);

		if (first != NULL)
			hki_complain(check->diagnostics,
			    (hki_place){
				.line = service->line, .column = service->column },
			    service->name, "give each app a 'name' of its own",
			    "two apps are called '%s'", service->name);
		else if (hki_name_map_put(
			     &names, service->name, (void *) (uintptr_t) service) < 0)
			check->arena->failed = true;
	}
	hki_name_map_deinit(&names);
}

static void read_apps(hki_check *check, const hki_node *node,
    const hki_config_options *options, hki_config *config)
{
	const hki_step *outer = check->step;
	hki_step apps = { .parent = outer, .name = "apps" };

	if (node->kind != HKI_NODE_LIST || node->count == 0) {
		hki_check_complain(
		    check, node, NULL, "'apps' is a list of at least one app");
		return;
	}
	if (node->count > HKI_CONFIG_SERVICES_MAX) {
		hki_check_complain(
		    check, node, NULL, "more than %d apps", HKI_CONFIG_SERVICES_MAX);
		return;
	}
	config->services =
	    hki_arena_array(check->arena, node->count, sizeof(*config->services));
	if (config->services == NULL)
		return;
	for (size_t i = 0; i < node->count && !check->arena->failed; i++) {
		hki_step step = { .parent = &apps, .index = i };

		check->step = &step;
		read_app(check, node->items[i], options, config);
		check->step = outer;
	}
}

void hki_read_pm2(hki_check *check, const hki_node *root,
    const hki_config_options *options, hki_config *config)
{
	const hki_node *apps = hki_node_get(root, "apps");
	hki_node *one[1] = { (hki_node *) (uintptr_t) root };
	hki_node list = {
		.kind = HKI_NODE_LIST, .place = root->place, .items = one, .count = 1
	};

	check->lenient = true;
	check->interpolator = NULL;
	if (root->kind == HKI_NODE_LIST)
		apps = root;
	for (size_t i = 0; apps != NULL && i < root->count && root->kind == HKI_NODE_MAP;
	     i++) {
		const hki_node *key = root->members[i].key;

		if (strcmp(key->text, "deploy") == 0)
			hki_check_warn(check, key, "hostkit deploys nothing",
			    "'deploy' has no effect in hostkit");
		else if (strcmp(key->text, "apps") != 0)
			hki_check_warn(check, key, NULL,
			    "'%.64s' is not known and has no effect", key->text);
	}
	read_apps(check, apps != NULL ? apps : &list, options, config);
	check_names(check, config);
}
