/*
 * URLs: what is accepted and what it means, and for what is refused the place and a
 * remedy.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "ipc/url.h"
#include "base/array.h"

struct good {
	const char *text;
	hki_ipc_scheme scheme;
	hki_ipc_host host;
	const char *name;
	unsigned int port;
	int fd;
};

static const struct good good[] = {
	{ "unix:/run/app.sock", HKI_IPC_UNIX, 0, "/run/app.sock", 0, -1 },
	{ "unix:app.sock", HKI_IPC_UNIX, 0, "app.sock", 0, -1 },
	{ "unix:/a:b@c", HKI_IPC_UNIX, 0, "/a:b@c", 0, -1 },
	{ "unix:@name", HKI_IPC_ABSTRACT, 0, "name", 0, -1 },
	{ "tcp:80", HKI_IPC_TCP, HKI_IPC_HOST_LOOPBACK, "", 80, -1 },
	{ "tcp::80", HKI_IPC_TCP, HKI_IPC_HOST_LOOPBACK, "", 80, -1 },
	{ "tcp:localhost:0", HKI_IPC_TCP, HKI_IPC_HOST_LOOPBACK, "localhost", 0, -1 },
	{ "tcp:*:65535", HKI_IPC_TCP, HKI_IPC_HOST_ANY, "*", 65535, -1 },
	{ "tcp:10.1.2.3:1", HKI_IPC_TCP, HKI_IPC_HOST_V4, "10.1.2.3", 1, -1 },
	{ "tcp:[::1]:1", HKI_IPC_TCP, HKI_IPC_HOST_V6, "::1", 1, -1 },
	{ "tcp:[fe80::1%eth0]:1", HKI_IPC_TCP, HKI_IPC_HOST_V6, "fe80::1%eth0", 1, -1 },
	{ "tcp:db.example:5432", HKI_IPC_TCP, HKI_IPC_HOST_NAME, "db.example", 5432, -1 },
	{ "udp:239.0.0.1:7", HKI_IPC_UDP, HKI_IPC_HOST_V4, "239.0.0.1", 7, -1 },
	{ "udp:*:7", HKI_IPC_UDP, HKI_IPC_HOST_ANY, "*", 7, -1 },
	{ "fifo:/run/pipe", HKI_IPC_FIFO, 0, "/run/pipe", 0, -1 },
	{ "fd:3", HKI_IPC_FD, 0, "3", 0, 3 },
	{ "activation:", HKI_IPC_ACTIVATION, 0, "", 0, -1 },
	{ "activation:http", HKI_IPC_ACTIVATION, 0, "http", 0, -1 },
};

struct bad {
	const char *text;
	int column;
	const char *said;
};

static const struct bad bad[] = {
	{ "", 1, "the URL is empty" },
	{ "/run/x", 1, "a path alone is no URL" },
	{ "app", 1, "there is no scheme" },
	{ "http://x", 1, "this scheme is not known" },
	{ "UNIX:/x", 1, "this scheme is not known" },
	{ "unix:", 6, "there is no path" },
	{ "unix:/run/", 10, "the path ends in a slash" },
	{ "unix:@", 6, "the abstract name is empty" },
	{ "tcp:", 5, "there is no port" },
	{ "tcp:host", 5, "there is no port" },
	{ "tcp://host:1", 5, "two slashes do not belong here" },
	{ "tcp:host:", 10, "the port is no number from 0 to 65535" },
	{ "tcp:host:65536", 10, "the port is no number from 0 to 65535" },
	{ "tcp:host:-1", 10, "the port is no number from 0 to 65535" },
	{ "tcp:host:1x", 10, "the port is no number from 0 to 65535" },
	{ "tcp:99999", 5, "the port is no number from 0 to 65535" },
	{ "tcp:::1:80", 5, "an IPv6 address needs brackets" },
	{ "tcp:[::1:80", 5, "the bracket is not closed" },
	{ "tcp:[::1]", 10, "there is no port" },
	{ "tcp:[::1]x:80", 10, "there is no port" },
	{ "tcp:[nine]:80", 5, "this is no IPv6 address" },
	{ "tcp:[::1%]:80", 5, "this is no IPv6 address" },
	{ "tcp:a b:80", 5, "this is neither an address nor a host name" },
	{ "fd:", 4, "this is no descriptor's number" },
	{ "fd:-1", 4, "this is no descriptor's number" },
	{ "fd:99999999999", 4, "this is no descriptor's number" },
	{ "activation:a:b", 12, "names of activated sockets hold no colon" },
};

static void good_urls_mean_what_they_say(void **state)
{
	(void) state;
	for (size_t i = 0; i < HKI_COUNT(good); i++) {
		hki_ipc_url url;
		char name[64] = "";
		int r = hki_ipc_url_parse(&url, good[i].text, NULL);

		if (r < 0)
			fail_msg("'%s' was refused: %d", good[i].text, r);
		memcpy(name, url.name, url.name_length);
		assert_string_equal(good[i].name, name);
		assert_int_equal(good[i].scheme, url.scheme);
		assert_int_equal(good[i].host, url.host);
		assert_int_equal(good[i].port, url.port);
		assert_int_equal(good[i].fd, url.fd);
	}
}

static void bad_urls_get_a_place_and_a_remedy(void **state)
{
	(void) state;
	for (size_t i = 0; i < HKI_COUNT(bad); i++) {
		hki_ipc_url url = { .fd = 17 };
		hk_error_list *errors = NULL;
		const hk_error *error;

		assert_int_equal(0, hk_error_list_new(&errors));
		assert_int_equal(HK_EPARSE, hki_ipc_url_parse(&url, bad[i].text, errors));
		assert_int_equal(17, url.fd);
		error = hk_error_list_get(errors, 0);
		assert_string_equal(bad[i].said, error->text);
		assert_string_equal(bad[i].text, error->source);
		if (bad[i].column != error->column)
			fail_msg("'%s': column %d, not %d", bad[i].text, error->column,
			    bad[i].column);
		assert_true(error->hint[0] != '\0');
		hk_error_list_free(errors);
	}
	assert_int_equal(-EINVAL, hki_ipc_url_parse(NULL, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls_mean_what_they_say),
		cmocka_unit_test(bad_urls_get_a_place_and_a_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
