/*
 * A program that prints as fast as it is let.
 *
 * usage: bench-flood FILE BYTES
 *
 * Appends "PID NANOSECONDS\n" to FILE, waits until FILE.go exists, appends a
 * second such line, prints BYTES bytes in lines of 100 to standard output, and
 * ends.  In between it writes 64 KiB at a time, as programs with a buffer do.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 100, BLOCK = 65500 };

static bool stamp(const char *path)
{
	struct timespec now;
	char line[64];
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int length;
	bool done;

	if (fd < 0)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	length = snprintf(line, sizeof(line), "%d %lld%09ld\n", (int) getpid(),
	    (long long) now.tv_sec, now.tv_nsec);
	done = write(fd, line, (size_t) length) == length;
	close(fd);
	return done;
}

static void wait_for(const char *path)
{
	const struct timespec moment = { 0, 1000000 };

	while (access(path, F_OK) < 0)
		nanosleep(&moment, NULL);
}

int main(int argc, char **argv)
{
	static char block[BLOCK];
	char go[4096];
	uint64_t left;

	if (argc != 3)
		return 2;
	memset(block, 'x', sizeof(block));
	for (size_t i = LINE - 1; i < BLOCK; i += LINE)
		block[i] = '\n';
	(void) snprintf(go, sizeof(go), "%s.go", argv[1]);
	if (!stamp(argv[1]))
		return 1;
	wait_for(go);
	if (!stamp(argv[1]))
		return 1;
	left = strtoull(argv[2], NULL, 10);
	while (left > 0) {
		size_t part = left < BLOCK ? (size_t) left : (size_t) BLOCK;
		ssize_t done = write(STDOUT_FILENO, block, part);

		if (done < 0 && errno != EINTR)
			return 1;
		if (done > 0)
			left -= (uint64_t) done;
	}
	return 0;
}
