/*
 * The sockets of another network namespace, from the net folder of a process
 * that lives in it.  Slower than sock_diag(7), but needs no right to enter the
 * namespace.
 */
#include "system/process_details.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "base/array.h"
#include "base/cleanup.h"

/* Some hundred thousand sockets. */
#define NET_FILE_MAX (64U << 20)

/* Word @index (from 0) of a line, or NULL. */
static const char *word_at(const char *line, unsigned int index)
{
	for (;; index--) {
		line += strspn(line, " ");
		if (*line == '\0' || *line == '\n')
			return NULL;
		if (index == 0)
			return line;
		line += strcspn(line, " \n");
	}
}

static bool hex(uint64_t *out, const char *at, size_t digits)
{
	char text[17];

	if (digits >= sizeof(text) || strnlen(at, digits) < digits)
		return false;
	memcpy(text, at, digits);
	text[digits] = '\0';
	return hki_details_number(out, text, 16);
}

/* "0100007F:1F90": words of the address as the processor holds them, then the port. */
static bool read_address(
    unsigned char address[16], uint16_t *port, const char *at, size_t words)
{
	uint64_t number;

	for (size_t i = 0; i < words; i++, at += 8) {
		uint32_t word;

		if (!hex(&number, at, 8))
			return false;
		word = (uint32_t) number;
		memcpy(address + 4 * i, &word, sizeof(word));
	}
	if (*at != ':' || !hex(&number, at + 1, 4))
		return false;
	*port = (uint16_t) number;
	return true;
}

int hki_socket_inet_parse(hki_socket *out, int family, int protocol, const char *line)
{
	const char *local = word_at(line, 1), *remote = word_at(line, 2);
	const char *state = word_at(line, 3), *queues = word_at(line, 4);
	const char *inode = word_at(line, 9);
	const char *colon = queues != NULL ? strchr(queues, ':') : NULL;
	size_t words = family == AF_INET6 ? 4 : 1;
	hki_socket socket = {
		.family = family,
		.protocol = protocol,
		.type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM,
		.queues_known = true,
	};
	uint64_t number;

	if (inode == NULL || colon == NULL ||
	    !read_address(socket.local, &socket.local_port, local, words) ||
	    !read_address(socket.remote, &socket.remote_port, remote, words) ||
	    !hki_details_number(&number, state, 16) ||
	    !hki_details_number(&socket.send_queue, queues, 16) ||
	    !hki_details_number(&socket.receive_queue, colon + 1, 16) ||
	    !hki_details_number(&socket.inode, inode, 10))
		return 0;
	socket.state = (int) number;
	*out = socket;
	return 1;
}

/* "Num RefCount Protocol Flags Type St Inode Path"; the path is all that follows. */
int hki_socket_unix_parse(hki_socket *out, const char *line)
{
	const char *flags = word_at(line, 3), *type = word_at(line, 4);
	const char *state = word_at(line, 5), *inode = word_at(line, 6);
	hki_socket socket = { .family = AF_UNIX };
	uint64_t type_number, state_number, flag_bits;

	if (inode == NULL || !hki_details_number(&type_number, type, 16) ||
	    !hki_details_number(&flag_bits, flags, 16) ||
	    !hki_details_number(&state_number, state, 16) ||
	    !hki_details_number(&socket.inode, inode, 10))
		return 0;
	socket.type = (int) type_number;
	/* SS_UNCONNECTED, SS_CONNECTING, SS_CONNECTED; __SO_ACCEPTCON: it listens. */
	if ((flag_bits & 0x10000) != 0)
		socket.state = 10;
	else
		socket.state = state_number == 3 ? 1 : state_number == 2 ? 2 : 7;
	inode += strcspn(inode, " \n");
	if (*inode == ' ') {
		socket.path = inode + 1;
		socket.path_length = strcspn(inode + 1, "\n");
	}
	*out = socket;
	return 1;
}

static int each_line(
    const char *text, int family, int protocol, hki_socket_fn visit, void *user)
{
	/* The first line is a heading. */
	for (const char *line = strchr(text, '\n'); line != NULL && line[1] != '\0';
	     line = strchr(line, '\n')) {
		hki_socket socket;
		int r;

		line++;
		r = family == AF_UNIX
			? hki_socket_unix_parse(&socket, line)
			: hki_socket_inet_parse(&socket, family, protocol, line);
		if (r > 0)
			r = visit(&socket, user);
		if (r < 0)
			return r;
	}
	return 0;
}

int hki_sockets_proc(int proc, hki_socket_fn visit, void *user)
{
	static const struct file {
		const char *name;
		int family;
		int protocol;
	} files[] = {
		{ "net/tcp", AF_INET, IPPROTO_TCP },
		{ "net/tcp6", AF_INET6, IPPROTO_TCP },
		{ "net/udp", AF_INET, IPPROTO_UDP },
		{ "net/udp6", AF_INET6, IPPROTO_UDP },
		{ "net/unix", AF_UNIX, 0 },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < HKI_COUNT(files); i++) {
		hki_cleanup(hki_buffer_deinitp) hki_buffer text = HKI_BUFFER_INIT;

		r = hki_details_file(&text, proc, files[i].name, NET_FILE_MAX);
		if (r == 0 && text.data != NULL)
			r = each_line(
			    text.data, files[i].family, files[i].protocol, visit, user);
		if (r == -ENOENT)
			r = 0;
	}
	return r;
}
