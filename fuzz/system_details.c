/*
 * Files of /proc about one process, as a kernel of any age or a captured tree may
 * have them.  The first byte chooses the file.  What is read is a record that can
 * be written, refused with a documented code, or nothing; texts end inside their
 * memory.
 */
#include <errno.h>
#include <hostkit/error.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "system/process_details.h"
#include "target.h"

/* Written as JSON, so that every byte of it is looked at. */
static void write_list(const hk_record_type *element, const hk_record_list *list)
{
	hk_json_writer *writer = NULL;

	FUZZ_MUST(hk_json_writer_new(&writer, 0) == 0);
	hk_json_write_array_begin(writer);
	for (size_t i = 0; i < list->count; i++)
		hk_record_write(writer, element,
		    (const char *) list->items + i * element->struct_size);
	hk_json_write_array_end(writer);
	FUZZ_MUST(hk_json_writer_error(writer) == 0);
	hk_json_writer_free(writer);
}

static void write_one(const hk_record_type *type, const void *record)
{
	write_list(type, &(hk_record_list){ record, 1 });
}

static void read_list(hki_details_reading *reading, const char *text,
    const hk_record_type *element,
    int (*parse)(hk_record_list *, hki_details_reading *, const char *))
{
	hk_record_list list = { .items = NULL };

	FUZZ_MUST(parse(&list, reading, text) == 0);
	write_list(element, &list);
}

static void read_stat(const char *text)
{
	hki_details_stat stat;
	int r = hki_details_stat_parse(&stat, text);

	FUZZ_MUST(r == 0 || r == HK_EPARSE);
	if (r == 0)
		FUZZ_MUST(memchr(stat.name, '\0', sizeof(stat.name)) != NULL);
}

static void read_owner(const char *path)
{
	hk_system_cgroup_owner owner;
	char text[HK_SYSTEM_CGROUP_OWNER_TEXT_MAX];

	hk_system_cgroup_owner_read(&owner, text, path);
	write_one(&hk_system_cgroup_owner_type, &owner);
}

static void read_memory(const char *text)
{
	hk_system_memory_use use;
	int r = hki_details_memory_parse(&use, text);

	FUZZ_MUST(r == 0 || r == -ENODATA);
	if (r == 0)
		write_one(&hk_system_memory_use_type, &use);
}

static void read_credentials(hki_details_reading *reading, const char *text)
{
	hk_system_credentials use = { .uid = 0 };

	FUZZ_MUST(hki_details_credentials_parse(&use, reading, text) == 0);
	write_one(&hk_system_credentials_type, &use);
}

static void read_socket(const char *text)
{
	hki_socket socket;
	int r = hki_socket_unix_parse(&socket, text);

	FUZZ_MUST(r == 0 || r == 1);
	FUZZ_MUST(r == 0 || socket.path_length == 0 ||
		  socket.path + socket.path_length <= text + strlen(text));
	r = hki_socket_inet_parse(&socket, AF_INET, IPPROTO_TCP, text);
	FUZZ_MUST(r == 0 || r == 1);
	r = hki_socket_inet_parse(&socket, AF_INET6, IPPROTO_UDP, text);
	FUZZ_MUST(r == 0 || r == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hk_system_details_result result = { .details = { .pid = 1 } };
	hki_details_reading reading = { .result = &result, .ref = HKI_PIDREF_NULL };
	char *text;

	if (size == 0)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	switch (data[0]) {
	case 's':
		read_stat(text);
		break;
	case 'o':
		read_owner(text);
		break;
	case 'r':
		read_memory(text);
		break;
	case 'c':
		read_credentials(&reading, text);
		break;
	case 'n':
		read_socket(text);
		break;
	case 'm':
		read_list(&reading, text, &hk_system_map_type, hki_details_maps_parse);
		break;
	case 'l':
		read_list(
		    &reading, text, &hk_system_limit_type, hki_details_limits_parse);
		break;
	default:
		read_list(
		    &reading, text, &hk_system_cgroup_type, hki_details_cgroups_parse);
		break;
	}
	hki_arena_deinit(&result.arena);
	free(text);
	return 0;
}
