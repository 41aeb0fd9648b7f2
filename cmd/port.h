#ifndef HOSTKIT_CMD_PORT_H
#define HOSTKIT_CMD_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/process.h>

/* Who listens on a port: from its number to the processes that hold the socket. */

typedef enum cmd_port_protocol {
	CMD_PORT_ANY,
	CMD_PORT_TCP,
	CMD_PORT_UDP
} cmd_port_protocol;

typedef struct cmd_port {
	uint16_t number;
	cmd_port_protocol protocol;
} cmd_port;

/* Read ":8080", ":8080/tcp" or ":53/udp".  Returns 0 or HK_EPARSE. */
int cmd_port_parse(cmd_port *out, const char *text);

/*
 * One line of /proc/net/tcp, tcp6 (@protocol CMD_PORT_TCP) or udp, udp6: does it
 * describe a socket that listens on @number?  For UDP that is one without a
 * partner.  *@out_inode receives its number.
 */
bool cmd_port_line(
    uint64_t *out_inode, const char *line, cmd_port_protocol protocol, uint16_t number);

typedef struct cmd_port_holders {
	hk_process_id *items;
	size_t count;
	size_t sockets; /* sockets that listen there */
	size_t denied;  /* processes whose files we may not see */
} cmd_port_holders;

/*
 * Find everybody who holds a socket that listens on @port in our network
 * namespace.  Owned: cmd_port_holders_deinit().  Returns 0 or a negative errno.
 */
int cmd_port_find(cmd_port_holders *out, const cmd_port *port);
void cmd_port_holders_deinit(cmd_port_holders *holders);

#endif /* HOSTKIT_CMD_PORT_H */
