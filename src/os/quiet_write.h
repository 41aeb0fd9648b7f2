#ifndef HKI_OS_QUIET_WRITE_H
#define HKI_OS_QUIET_WRITE_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* As writev(2), for pipes, terminals and whatever else is no socket: that nobody reads any
 * more is -EPIPE and never a signal, whatever the program has done with SIGPIPE.  The
 * count, or a negative errno; -EINTR is tried again.  Any thread. */
ssize_t hki_write_quietly(int fd, const struct iovec *pieces, size_t count);

#endif /* HKI_OS_QUIET_WRITE_H */
