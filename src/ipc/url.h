#ifndef HKI_IPC_URL_H
#define HKI_IPC_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hostkit/error.h>

/* The places messages come from and go to, as people write them; ipc.h has the grammar. */
typedef enum hki_ipc_scheme {
	HKI_IPC_UNIX,      /* name: the path */
	HKI_IPC_ABSTRACT,  /* name: without the @ */
	HKI_IPC_TCP,       /* name: the host; port */
	HKI_IPC_UDP,       /* the same */
	HKI_IPC_FIFO,      /* name: the path */
	HKI_IPC_FD,        /* fd */
	HKI_IPC_ACTIVATION /* name: may be empty */
} hki_ipc_scheme;

typedef enum hki_ipc_host {
	HKI_IPC_HOST_LOOPBACK, /* none was written, or localhost */
	HKI_IPC_HOST_ANY,      /* * */
	HKI_IPC_HOST_V4,       /* name is a numeric address */
	HKI_IPC_HOST_V6,       /* the same, without its brackets; may end in %interface */
	HKI_IPC_HOST_NAME      /* to be looked up */
} hki_ipc_host;

typedef struct hki_ipc_url {
	hki_ipc_scheme scheme;
	hki_ipc_host host;
	const char
	    *name; /* Borrowed from the text; not terminated where a port follows */
	size_t name_length;
	uint16_t port;
	int fd;
} hki_ipc_url;

/* @errors may be NULL.  0, -EINVAL for NULL, or HK_EPARSE. */
int hki_ipc_url_parse(hki_ipc_url *out, const char *text, hk_error_list *errors);

/* "unix", "tcp", …; static. */
const char *hki_ipc_scheme_name(hki_ipc_scheme scheme);

#endif /* HKI_IPC_URL_H */
