/*
 * Which processors there are, which of them share a core, a socket, a cache.
 *
 * A cache is counted by the list of processors that share it: the first of the
 * list counts it for all.  So machines with two kinds of cores, whose caches
 * differ, come out right.
 */
#include "system/cpu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hostkit/error.h>
#include "base/alloc.h"
#include "base/map.h"

#define SYS_CPU "/sys/devices/system/cpu"

/* More than any kernel can be built for; a list beyond that is no list of processors. */
#define NUMBER_MAX 65536U
/* Levels and kinds of caches there may be. */
#define CACHES_MAX 32U

void hki_cpu_topology_deinit(hki_cpu_topology *topology)
{
	hki_free(topology->places);
	hki_free(topology->caches);
	*topology = (hki_cpu_topology){ .places = NULL };
}

int hki_cpu_list_each(
    hki_scan list, int (*visit)(uint64_t number, void *user), void *user)
{
	hki_scan part;

	list = hki_scan_trim(list);
	while (hki_scan_until(&part, &list, ',')) {
		uint64_t first, last;

		if (!hki_scan_number(&first, &part))
			return HK_EPARSE;
		last = first;
		if (hki_scan_skip(&part, "-") && !hki_scan_number(&last, &part))
			return HK_EPARSE;
		if (part.at != part.end || last < first || last > NUMBER_MAX)
			return HK_EPARSE;
		for (uint64_t number = first; number <= last; number++) {
			int r = visit(number, user);

			if (r != 0)
				return r;
		}
	}
	return 0;
}

/* ---- which there are ---- */

static int add_place(uint64_t number, void *user)
{
	hki_cpu_topology *topology = user;
	int r = hki_grow((void **) &topology->places, &topology->capacity,
	    topology->count + 1, sizeof(*topology->places));

	if (r < 0)
		return r;
	topology->places[topology->count++] = (hki_cpu_place){ number, -1, -1, -1 };
	return 0;
}

static hki_cpu_place *find_place(hki_cpu_topology *topology, uint64_t number)
{
	for (size_t i = 0; i < topology->count; i++)
		if (topology->places[i].number == number)
			return &topology->places[i];
	return NULL;
}

static int read_present(
    hki_cpu_topology *topology, hk_system *system, const hki_cpu_stat *stat)
{
	hki_scan list;
	int r = hki_file_read(system, SYS_CPU "/present", &list);

	topology->count = 0;
	if (r == 0)
		r = hki_cpu_list_each(list, add_place, topology);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		topology->count = 0;
	/* Also those that /sys does not know of, as in some containers. */
	for (size_t i = 0; i < stat->count; i++)
		if (find_place(topology, stat->cpus[i].number) == NULL &&
		    (r = add_place(stat->cpus[i].number, topology)) < 0)
			return r;
	return 0;
}

static int count_number(uint64_t number, void *user)
{
	(void) number;
	++*(uint64_t *) user;
	return 0;
}

static void read_possible(hki_cpu_topology *topology, hk_system *system)
{
	uint64_t count = 0;
	hki_scan list;

	topology->possible = 0;
	if (hki_file_read(system, SYS_CPU "/possible", &list) == 0 &&
	    hki_cpu_list_each(list, count_number, &count) == 0)
		topology->possible = count;
}

/* ---- cores, sockets, nodes ---- */

static int64_t read_id(const hk_system *system, uint64_t number, const char *name)
{
	char path[128];
	char text[32];
	hki_scan line;
	int64_t id;

	if (hki_path(path, sizeof(path), SYS_CPU "/cpu%llu/topology/%s",
		(unsigned long long) number, name) < 0 ||
	    hki_file_line(system, path, text, sizeof(text)) < 0)
		return -1;
	line = hki_scan_text(text);
	return hki_scan_signed(&id, &line) ? id : -1;
}

/* Distinct pairs of socket and core, and distinct sockets. */
static int count_cores(hki_cpu_topology *topology)
{
	hki_map cores = { NULL, 0, 0 };
	hki_map sockets = { NULL, 0, 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < topology->count; i++) {
		const hki_cpu_place *place = &topology->places[i];
		uint64_t socket = (uint64_t) (place->socket + 1);

		if (place->core < 0)
			continue;
		r = hki_map_put(&cores, socket << 32 | (uint64_t) place->core, topology);
		if (r == 0 && place->socket >= 0)
			r = hki_map_put(&sockets, socket, topology);
	}
	topology->cores = cores.count;
	topology->sockets = sockets.count;
	hki_map_deinit(&cores);
	hki_map_deinit(&sockets);
	return r;
}

typedef struct node_walk {
	hki_cpu_topology *topology;
	hk_system *system;
	uint64_t node;
} node_walk;

static int set_node(uint64_t number, void *user)
{
	node_walk *walk = user;
	hki_cpu_place *place = find_place(walk->topology, number);

	if (place != NULL)
		place->node = (int64_t) walk->node;
	return 0;
}

static int visit_node(const char *name, void *user)
{
	node_walk *walk = user;
	hki_scan word = hki_scan_text(name);
	char path[128];
	hki_scan list;

	if (!hki_scan_skip(&word, "node") || !hki_scan_number(&walk->node, &word))
		return 0;
	if (hki_path(path, sizeof(path), "/sys/devices/system/node/node%llu/cpulist",
		(unsigned long long) walk->node) == 0 &&
	    hki_file_read(walk->system, path, &list) == 0)
		(void) hki_cpu_list_each(list, set_node, walk);
	return 0;
}

/* ---- caches ---- */

static uint64_t parse_size(const char *text)
{
	hki_scan line = hki_scan_text(text);
	uint64_t size;

	if (!hki_scan_number(&size, &line) || size > UINT64_MAX >> 30)
		return 0;
	if (hki_scan_skip(&line, "K"))
		return size << 10;
	return hki_scan_skip(&line, "M") ? size << 20 : size;
}

static hki_cpu_cache *find_cache(
    hki_cpu_topology *topology, uint64_t level, const char *type, uint64_t size)
{
	hki_cpu_cache *cache;

	for (size_t i = 0; i < topology->cache_count; i++) {
		cache = &topology->caches[i];
		if (cache->level == level && cache->size_bytes == size &&
		    strcmp(cache->type, type) == 0)
			return cache;
	}
	if (topology->cache_count >= CACHES_MAX ||
	    hki_grow((void **) &topology->caches, &topology->cache_capacity,
		topology->cache_count + 1, sizeof(*cache)) < 0)
		return NULL;
	cache = &topology->caches[topology->cache_count++];
	*cache = (hki_cpu_cache){ .level = level, .size_bytes = size };
	(void) snprintf(cache->type, sizeof(cache->type), "%s", type);
	return cache;
}

/* The first processor of a list. */
static int take_first(uint64_t number, void *user)
{
	*(uint64_t *) user = number;
	return 1;
}

static int cache_text(const hk_system *system, uint64_t number, unsigned int index,
    const char *name, char *out, size_t capacity)
{
	char path[128];
	int r = hki_path(path, sizeof(path), SYS_CPU "/cpu%llu/cache/index%u/%s",
	    (unsigned long long) number, index, name);

	return r < 0 ? r : hki_file_line(system, path, out, capacity);
}

/* Cache @index of a processor.  False when it has none of that index. */
static bool add_cache(hki_cpu_topology *topology, const hk_system *system,
    uint64_t number, unsigned int index)
{
	char level[16], type[16], size[32], shared[4096];
	uint64_t first = UINT64_MAX;
	hki_cpu_cache *cache;
	hki_scan line;
	uint64_t value;

	if (cache_text(system, number, index, "level", level, sizeof(level)) < 0 ||
	    cache_text(system, number, index, "type", type, sizeof(type)) < 0)
		return false;
	if (cache_text(system, number, index, "size", size, sizeof(size)) < 0)
		size[0] = '\0';
	if (cache_text(
		system, number, index, "shared_cpu_list", shared, sizeof(shared)) == 0)
		(void) hki_cpu_list_each(hki_scan_text(shared), take_first, &first);
	line = hki_scan_text(level);
	if (!hki_scan_number(&value, &line))
		return true;
	for (char *c = type; *c != '\0'; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char) (*c + 32) : *c;
	cache = find_cache(topology, value, type, parse_size(size));
	if (cache != NULL && first == number)
		cache->count++;
	return true;
}

static void read_caches(hki_cpu_topology *topology, const hk_system *system)
{
	topology->cache_count = 0;
	for (size_t i = 0; i < topology->count; i++)
		for (unsigned int index = 0; index < CACHES_MAX; index++)
			if (!add_cache(
				topology, system, topology->places[i].number, index))
				break;
}

/* ---- the name ---- */

void hki_cpuinfo_parse(hki_cpu_topology *topology, hki_scan text)
{
	/* x86; ARM boards; POWER and MIPS; s390. */
	static const char *const models[] = { "model name", "Model", "Hardware", "cpu",
		"cpu model", "Processor" };
	hki_scan line, key;
	size_t best = sizeof(models) / sizeof(models[0]);

	topology->model[0] = '\0';
	topology->vendor[0] = '\0';
	while (hki_scan_line(&line, &text)) {
		if (!hki_scan_until(&key, &line, ':'))
			continue;
		key = hki_scan_trim(key);
		line = hki_scan_trim(line);
		if (topology->vendor[0] == '\0' &&
		    (hki_scan_is(key, "vendor_id") ||
			hki_scan_is(key, "CPU implementer")))
			hki_scan_copy(topology->vendor, sizeof(topology->vendor), line);
		for (size_t i = 0; i < best; i++)
			if (hki_scan_is(key, models[i]) && hki_scan_length(line) > 0) {
				hki_scan_copy(
				    topology->model, sizeof(topology->model), line);
				best = i;
			}
	}
}

int hki_cpu_topology_read(
    hki_cpu_topology *topology, hk_system *system, const hki_cpu_stat *stat)
{
	node_walk walk = { topology, system, 0 };
	hki_scan text;
	int r = read_present(topology, system, stat);

	if (r < 0)
		return r;
	for (size_t i = 0; i < topology->count; i++) {
		hki_cpu_place *place = &topology->places[i];

		place->core = read_id(system, place->number, "core_id");
		place->socket = read_id(system, place->number, "physical_package_id");
	}
	(void) hki_file_each(system, "/sys/devices/system/node", visit_node, &walk);
	r = count_cores(topology);
	if (r < 0)
		return r;
	read_possible(topology, system);
	read_caches(topology, system);
	if (hki_file_read(system, "/proc/cpuinfo", &text) == 0)
		hki_cpuinfo_parse(topology, text);
	return 0;
}
