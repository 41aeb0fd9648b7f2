#ifndef HKI_IPC_LISTEN_SOCKETS_H
#define HKI_IPC_LISTEN_SOCKETS_H

#include <stddef.h>
#include <stdbool.h>
#include <hostkit/error.h>
#include "ipc/url.h"

/* Sockets that listen, one way of coming by them a file. */

/* ---- unix_socket.c ---- */

/* A socket file of ours, and the lock beside it. */
typedef struct hki_ipc_place hki_ipc_place;

/*
 * Listen at @path with exactly @mode.  *@out is Owned: hki_ipc_place_free(); *@out_fd too.
 * 0, -EADDRINUSE, -EEXIST, -ENAMETOOLONG, -ENOMEM, or an errno of the system calls.
 */
int hki_unix_listen(hki_ipc_place **out, int *out_fd, const char *path, unsigned int mode,
    int backlog, hk_error_list *errors);
/* Remove file and lock, if they are still ours.  Idempotent; NULL is fine. */
void hki_ipc_place_remove(hki_ipc_place *place);
/* Release the memory; @close_files: and the descriptors. */
void hki_ipc_place_free(hki_ipc_place *place, bool close_files);

/* At an abstract name.  The descriptor, or a negative errno. */
int hki_abstract_listen(const hki_ipc_url *url, int backlog, hk_error_list *errors);

/* ---- tcp_socket.c ---- */

#define HKI_TCP_SOCKETS_MAX 2

/* Listen at every address of @url, all with one port.  The number of descriptors, or a
 * negative errno. */
int hki_tcp_listen(int out[HKI_TCP_SOCKETS_MAX], const hki_ipc_url *url, int backlog,
    hk_error_list *errors);

/* ---- activation.c ---- */

/* The service manager's sockets called @name; "": all of them.  *@out is Owned:
 * hki_free(); the descriptors are close-on-exec now.  Their number, -ENOENT, -ENOMEM, or
 * HK_EPARSE for an environment that makes no sense. */
int hki_activation_find(
    int **out, const char *name, size_t name_length, hk_error_list *errors);

#endif /* HKI_IPC_LISTEN_SOCKETS_H */
