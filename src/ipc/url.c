#include "ipc/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include "base/array.h"
#include "base/error_list.h"

/*
 * URLs.  One grammar for servers and clients, read strictly: what is nearly right
 * gets a sentence that says what was meant, not a guess.  Nothing is looked up
 * here, and nothing is copied: a URL is slices of its text.
 */

struct reader {
	hki_ipc_url *url;
	const char *text; /* all of it */
	const char *rest; /* behind the scheme's colon */
	hk_error_list *errors;
};

typedef struct scheme_row {
	const char *name;
	hki_ipc_scheme scheme;
	int (*parse)(struct reader *reader);
} scheme_row;

static int refuse(
    struct reader *reader, const char *at, const char *text, const char *hint)
{
	hk_error error = { .code = HK_EPARSE,
		.line = 1,
		.column = (int) (at - reader->text) + 1,
		.source = reader->text,
		.step = "url",
		.text = text,
		.hint = hint };

	return hki_error_report(reader->errors, &error);
}

/* A number of digits alone in [from, to), at most @most; -1 otherwise. */
static long number(const char *from, const char *to, long most)
{
	long value = 0;

	if (from == to)
		return -1;
	for (; from < to; from++) {
		if (*from < '0' || *from > '9')
			return -1;
		value = value * 10 + (*from - '0');
		if (value > most)
			return -1;
	}
	return value;
}

static void set_name(struct reader *reader, const char *from, const char *to)
{
	reader->url->name = from;
	reader->url->name_length = (size_t) (to - from);
}

/* ---- paths ---- */

static int parse_path(struct reader *reader)
{
	const char *rest = reader->rest;
	const char *end = rest + strlen(rest);

	if (rest == end)
		return refuse(
		    reader, rest, "there is no path", "write unix:/run/name.sock");
	if (end - rest >= PATH_MAX)
		return refuse(
		    reader, rest, "the path is too long", "paths have 4095 bytes");
	if (end[-1] == '/')
		return refuse(reader, end - 1, "the path ends in a slash",
		    "name the file, not its folder");
	set_name(reader, rest, end);
	return 0;
}

static int parse_unix(struct reader *reader)
{
	const char *rest = reader->rest;

	if (*rest != '@')
		return parse_path(reader);
	if (rest[1] == '\0')
		return refuse(
		    reader, rest, "the abstract name is empty", "write unix:@name");
	/* sun_path has 108 bytes, of which the first is the NUL that says "abstract". */
	if (strlen(rest + 1) > 107)
		return refuse(reader, rest, "the abstract name is too long",
		    "abstract names have at most 107 bytes");
	reader->url->scheme = HKI_IPC_ABSTRACT;
	set_name(reader, rest + 1, rest + strlen(rest));
	return 0;
}

/* ---- host and port ---- */

static bool is_numeric(int family, const char *from, const char *to)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t length = (size_t) (to - from);

	if (length >= sizeof(text))
		return false;
	memcpy(text, from, length);
	text[length] = '\0';
	return inet_pton(family, text, &address) == 1;
}

static bool is_name(const char *from, const char *to)
{
	if (to - from > 253)
		return false;
	for (; from < to; from++) {
		unsigned char byte = (unsigned char) *from;

		if (!((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
			(byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
			byte == '_' || byte >= 0x80))
			return false;
	}
	return true;
}

static int parse_host(struct reader *reader, const char *from, const char *to)
{
	hki_ipc_url *url = reader->url;
	size_t length = (size_t) (to - from);

	set_name(reader, from, to);
	if (length == 0 || (length == 9 && memcmp(from, "localhost", 9) == 0))
		url->host = HKI_IPC_HOST_LOOPBACK;
	else if (length == 1 && *from == '*')
		url->host = HKI_IPC_HOST_ANY;
	else if (is_numeric(AF_INET, from, to))
		url->host = HKI_IPC_HOST_V4;
	else if (memchr(from, ':', length) != NULL)
		return refuse(
		    reader, from, "an IPv6 address needs brackets", "write tcp:[::1]:80");
	else if (is_name(from, to))
		url->host = HKI_IPC_HOST_NAME;
	else
		return refuse(reader, from, "this is neither an address nor a host name",
		    "write a name, 127.0.0.1, [::1], or * for every address");
	return 0;
}

static int parse_bracketed(
    struct reader *reader, const char *from, const char **out_behind)
{
	const char *close = strchr(from, ']');
	const char *percent;

	if (close == NULL)
		return refuse(
		    reader, from, "the bracket is not closed", "write tcp:[::1]:80");
	percent = memchr(from, '%', (size_t) (close - from));
	if (!is_numeric(AF_INET6, from + 1, percent != NULL ? percent : close) ||
	    (percent != NULL && percent + 1 == close))
		return refuse(
		    reader, from, "this is no IPv6 address", "write tcp:[::1]:80");
	set_name(reader, from + 1, close);
	reader->url->host = HKI_IPC_HOST_V6;
	*out_behind = close + 1;
	return 0;
}

static int parse_host_and_port(struct reader *reader)
{
	const char *rest = reader->rest;
	const char *end = rest + strlen(rest);
	const char *colon = strrchr(rest, ':');
	long port;
	int r;

	if (rest[0] == '/' && rest[1] == '/')
		return refuse(reader, rest, "two slashes do not belong here",
		    "write tcp:host:port");
	if (*rest == '[') {
		r = parse_bracketed(reader, rest, &colon);
		if (r == 0 && *colon != ':')
			r = refuse(
			    reader, colon, "there is no port", "write tcp:[::1]:80");
	} else if (colon != NULL) {
		r = parse_host(reader, rest, colon);
	} else if (number(rest, end, LONG_MAX / 100) >= 0) {
		colon = rest - 1; /* a port alone means this machine */
		r = parse_host(reader, rest, rest);
	} else {
		r = refuse(reader, rest, "there is no port", "write tcp:host:port");
	}
	if (r < 0)
		return r;
	port = number(colon + 1, end, UINT16_MAX);
	if (port < 0)
		return refuse(reader, colon + 1, "the port is no number from 0 to 65535",
		    "0 lets the system choose one");
	reader->url->port = (uint16_t) port;
	return 0;
}

/* ---- descriptors ---- */

static int parse_fd(struct reader *reader)
{
	const char *rest = reader->rest;
	long fd = number(rest, rest + strlen(rest), INT_MAX);

	if (fd < 0)
		return refuse(
		    reader, rest, "this is no descriptor's number", "write fd:3");
	reader->url->fd = (int) fd;
	set_name(reader, rest, rest + strlen(rest));
	return 0;
}

static int parse_activation(struct reader *reader)
{
	const char *rest = reader->rest;

	if (strchr(rest, ':') != NULL)
		return refuse(reader, rest, "names of activated sockets hold no colon",
		    "use the name that FileDescriptorName= gives");
	set_name(reader, rest, rest + strlen(rest));
	return 0;
}

/* ---- schemes ---- */

static const scheme_row schemes[] = {
	{ "unix", HKI_IPC_UNIX, parse_unix },
	{ "unix", HKI_IPC_ABSTRACT, parse_unix }, /* for its name; never found by it */
	{ "tcp", HKI_IPC_TCP, parse_host_and_port },
	{ "udp", HKI_IPC_UDP, parse_host_and_port },
	{ "fifo", HKI_IPC_FIFO, parse_path },
	{ "fd", HKI_IPC_FD, parse_fd },
	{ "activation", HKI_IPC_ACTIVATION, parse_activation },
};

const char *hki_ipc_scheme_name(hki_ipc_scheme scheme)
{
	for (size_t i = 0; i < HKI_COUNT(schemes); i++)
		if (schemes[i].scheme == scheme)
			return schemes[i].name;
	return "";
}

static const scheme_row *find_scheme(const char *text, size_t length)
{
	for (size_t i = 0; i < HKI_COUNT(schemes); i++)
		if (strlen(schemes[i].name) == length &&
		    memcmp(schemes[i].name, text, length) == 0)
			return &schemes[i];
	return NULL;
}

static int refuse_scheme(struct reader *reader, const char *colon)
{
	if (*reader->text == '\0')
		return refuse(reader, reader->text, "the URL is empty",
		    "write unix:/path or tcp:host:port");
	if (*reader->text == '/' || *reader->text == '.')
		return refuse(reader, reader->text, "a path alone is no URL",
		    "write unix: before it");
	if (colon == NULL)
		return refuse(reader, reader->text, "there is no scheme",
		    "write unix:/path or tcp:host:port");
	return refuse(reader, reader->text, "this scheme is not known",
	    "known are unix, tcp, udp, fifo, fd and activation");
}

int hki_ipc_url_parse(hki_ipc_url *out, const char *text, hk_error_list *errors)
{
	hki_ipc_url url = { .fd = -1 };
	struct reader reader = { .url = &url, .text = text, .errors = errors };
	const scheme_row *row = NULL;
	const char *colon;
	int r;

	if (text == NULL)
		return -EINVAL;
	colon = strchr(text, ':');
	if (colon != NULL)
		row = find_scheme(text, (size_t) (colon - text));
	if (row == NULL)
		return refuse_scheme(&reader, colon);
	url.scheme = row->scheme;
	reader.rest = colon + 1;
	r = row->parse(&reader);
	if (r < 0)
		return r;
	*out = url;
	return 0;
}
