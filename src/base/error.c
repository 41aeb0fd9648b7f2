/*
 * Names and texts of every error of Linux, in a table of our own: the libc
 * functions translate by locale, differ between libcs and capitalise, while
 * these have to read the same in every message, log and test.
 *
 * Codes that share a number have one row, under the name Linux itself uses.
 */
#include <hostkit/error.h>

#include "base/array.h"
#include "base/fixed_text.h"

typedef struct code_words {
	const char *name;
	const char *text;
} code_words;

#define ROW(code, text) [code] = { #code, text }

static const code_words errno_words[] = {
	[0] = { "OK", "success" },
	ROW(EPERM, "operation not permitted"),
	ROW(ENOENT, "no such file or directory"),
	ROW(ESRCH, "no such process"),
	ROW(EINTR, "interrupted system call"),
	ROW(EIO, "input/output error"),
	ROW(ENXIO, "no such device or address"),
	ROW(E2BIG, "argument list too long"),
	ROW(ENOEXEC, "exec format error"),
	ROW(EBADF, "bad file descriptor"),
	ROW(ECHILD, "no child processes"),
	ROW(EAGAIN, "resource temporarily unavailable"),
	ROW(ENOMEM, "cannot allocate memory"),
	ROW(EACCES, "permission denied"),
	ROW(EFAULT, "bad address"),
	ROW(ENOTBLK, "block device required"),
	ROW(EBUSY, "device or resource busy"),
	ROW(EEXIST, "file exists"),
	ROW(EXDEV, "cannot link or move across file systems"),
	ROW(ENODEV, "no such device"),
	ROW(ENOTDIR, "not a directory"),
	ROW(EISDIR, "is a directory"),
	ROW(EINVAL, "invalid argument"),
	ROW(ENFILE, "too many open files in the system"),
	ROW(EMFILE, "too many open files"),
	ROW(ENOTTY, "not possible for this kind of file"),
	ROW(ETXTBSY, "program file is in use"),
	ROW(EFBIG, "file too large"),
	ROW(ENOSPC, "no space left on device"),
	ROW(ESPIPE, "cannot seek in this kind of file"),
	ROW(EROFS, "read-only file system"),
	ROW(EMLINK, "too many links"),
	ROW(EPIPE, "broken pipe"),
	ROW(EDOM, "number outside the domain of the function"),
	ROW(ERANGE, "number out of range"),
	ROW(EDEADLK, "would wait for itself"),
	ROW(ENAMETOOLONG, "file name too long"),
	ROW(ENOLCK, "no locks available"),
	ROW(ENOSYS, "not implemented by this kernel"),
	ROW(ENOTEMPTY, "directory not empty"),
	ROW(ELOOP, "too many levels of symbolic links"),
	ROW(ENOMSG, "no message of the wanted type"),
	ROW(EIDRM, "identifier removed"),
	ROW(ECHRNG, "channel number out of range"),
	ROW(EL2NSYNC, "level 2 not synchronized"),
	ROW(EL3HLT, "level 3 halted"),
	ROW(EL3RST, "level 3 reset"),
	ROW(ELNRNG, "link number out of range"),
	ROW(EUNATCH, "protocol driver not attached"),
	ROW(ENOCSI, "no CSI structure available"),
	ROW(EL2HLT, "level 2 halted"),
	ROW(EBADE, "invalid exchange"),
	ROW(EBADR, "invalid request descriptor"),
	ROW(EXFULL, "exchange full"),
	ROW(ENOANO, "no anode"),
	ROW(EBADRQC, "invalid request code"),
	ROW(EBADSLT, "invalid slot"),
	ROW(EBFONT, "bad font file format"),
	ROW(ENOSTR, "not a stream device"),
	ROW(ENODATA, "no data available"),
	ROW(ETIME, "timer expired"),
	ROW(ENOSR, "out of streams resources"),
	ROW(ENONET, "machine is not on the network"),
	ROW(ENOPKG, "package not installed"),
	ROW(EREMOTE, "object is remote"),
	ROW(ENOLINK, "link has been severed"),
	ROW(EADV, "advertise error"),
	ROW(ESRMNT, "remote mount error"),
	ROW(ECOMM, "communication error on send"),
	ROW(EPROTO, "protocol error"),
	ROW(EMULTIHOP, "multihop attempted"),
	ROW(EDOTDOT, "remote file sharing error"),
	ROW(EBADMSG, "bad message"),
	ROW(EOVERFLOW, "value too large for its type"),
	ROW(ENOTUNIQ, "name not unique on the network"),
	ROW(EBADFD, "file descriptor in bad state"),
	ROW(EREMCHG, "remote address changed"),
	ROW(ELIBACC, "cannot access a needed shared library"),
	ROW(ELIBBAD, "corrupted shared library"),
	ROW(ELIBSCN, "corrupted .lib section in program"),
	ROW(ELIBMAX, "too many shared libraries"),
	ROW(ELIBEXEC, "cannot execute a shared library"),
	ROW(EILSEQ, "invalid byte sequence"),
	ROW(ERESTART, "interrupted system call should be restarted"),
	ROW(ESTRPIPE, "streams pipe error"),
	ROW(EUSERS, "too many users"),
	ROW(ENOTSOCK, "not a socket"),
	ROW(EDESTADDRREQ, "destination address required"),
	ROW(EMSGSIZE, "message too long"),
	ROW(EPROTOTYPE, "wrong protocol for this type of socket"),
	ROW(ENOPROTOOPT, "protocol option not available"),
	ROW(EPROTONOSUPPORT, "protocol not supported"),
	ROW(ESOCKTNOSUPPORT, "socket type not supported"),
	ROW(EOPNOTSUPP, "operation not supported"),
	ROW(EPFNOSUPPORT, "protocol family not supported"),
	ROW(EAFNOSUPPORT, "address family not supported"),
	ROW(EADDRINUSE, "address already in use"),
	ROW(EADDRNOTAVAIL, "address not available"),
	ROW(ENETDOWN, "network is down"),
	ROW(ENETUNREACH, "network is unreachable"),
	ROW(ENETRESET, "connection reset by the network"),
	ROW(ECONNABORTED, "connection aborted"),
	ROW(ECONNRESET, "connection reset by peer"),
	ROW(ENOBUFS, "no buffer space available"),
	ROW(EISCONN, "already connected"),
	ROW(ENOTCONN, "not connected"),
	ROW(ESHUTDOWN, "cannot send after shutdown"),
	ROW(ETOOMANYREFS, "too many references"),
	ROW(ETIMEDOUT, "timed out"),
	ROW(ECONNREFUSED, "connection refused"),
	ROW(EHOSTDOWN, "host is down"),
	ROW(EHOSTUNREACH, "no route to host"),
	ROW(EALREADY, "operation already in progress"),
	ROW(EINPROGRESS, "operation now in progress"),
	ROW(ESTALE, "stale file handle"),
	ROW(EUCLEAN, "file system needs cleaning"),
	ROW(ENOTNAM, "not a named type file"),
	ROW(ENAVAIL, "no semaphores available"),
	ROW(EISNAM, "is a named type file"),
	ROW(EREMOTEIO, "remote input/output error"),
	ROW(EDQUOT, "disk quota exceeded"),
	ROW(ENOMEDIUM, "no medium found"),
	ROW(EMEDIUMTYPE, "wrong medium type"),
	ROW(ECANCELED, "operation canceled"),
	ROW(ENOKEY, "required key not available"),
	ROW(EKEYEXPIRED, "key has expired"),
	ROW(EKEYREVOKED, "key has been revoked"),
	ROW(EKEYREJECTED, "key was rejected"),
	ROW(EOWNERDEAD, "owner died"),
	ROW(ENOTRECOVERABLE, "state not recoverable"),
	ROW(ERFKILL, "radio is switched off"),
	ROW(EHWPOISON, "memory page has a hardware error"),
};

static const code_words own_words[] = {
	[HK_EFIRST - HK_EPARSE] = { "HK_EPARSE", "not in the expected format" },
	[HK_EFIRST - HK_ELIMIT] = { "HK_ELIMIT", "a configured limit was reached" },
	[HK_EFIRST - HK_ECLOSED] = { "HK_ECLOSED", "closed while the call was pending" },
	[HK_EFIRST -
	    HK_EUNKNOWN] = { "HK_EUNKNOWN", "the answer can no longer be known" },
	[HK_EFIRST - HK_ENONAME] = { "HK_ENONAME", "no host of this name is known" },
};

_Static_assert(HKI_COUNT(own_words) == HK_EFIRST - HK_ELAST + 1, "a code without words");

static const code_words unknown_words = { "UNKNOWN", "unknown error" };

/* Not for programs, yet some drivers and BPF let it out of the kernel. */
#define KERNEL_ENOTSUPP 524
static const code_words kernel_words = { "ENOTSUPP", "operation not supported" };

static const code_words *words_of(int code)
{
	const code_words *words = &unknown_words;

	if (code <= 0 && code > -(int) HKI_COUNT(errno_words))
		words = &errno_words[-code];
	else if (code <= HK_EFIRST && code >= HK_ELAST)
		words = &own_words[HK_EFIRST - code];
	else if (code == -KERNEL_ENOTSUPP)
		words = &kernel_words;
	return words->name != NULL ? words : &unknown_words;
}

const char *hk_error_name(int code)
{
	return words_of(code)->name;
}

const char *hk_error_text(int code)
{
	return words_of(code)->text;
}

static int is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static void append_place(hki_fixed_text *out, const hk_error *error)
{
	if (is_given(error->source))
		hki_fixed_text_append_format(out, "%s:", error->source);
	if (error->line > 0)
		hki_fixed_text_append_format(out, "%d:", error->line);
	if (error->line > 0 && error->column > 0)
		hki_fixed_text_append_format(out, "%d:", error->column);
	if (out->length > 0)
		hki_fixed_text_append_text(out, " ");
}

/*
 * A sentence about wrong input says what is wrong with it; that it is in the wrong
 * format or that an argument is invalid would only be said twice.
 */
static int adds_something(int code)
{
	return code != 0 && code != HK_EPARSE && code != HK_ELIMIT && code != -EINVAL;
}

size_t hk_error_format(char *out, size_t capacity, const hk_error *error)
{
	hki_fixed_text line;

	hki_fixed_text_init(&line, out, capacity);
	append_place(&line, error);
	if (is_given(error->step))
		hki_fixed_text_append_format(&line, "%s: ", error->step);
	if (is_given(error->text))
		hki_fixed_text_append_text(&line, error->text);
	if (is_given(error->text) && adds_something(error->code))
		hki_fixed_text_append_text(&line, ": ");
	if (!is_given(error->text) || adds_something(error->code))
		hki_fixed_text_append_text(&line, hk_error_text(error->code));
	if (is_given(error->hint))
		hki_fixed_text_append_format(&line, " (%s)", error->hint);
	return hki_fixed_text_end(&line);
}
