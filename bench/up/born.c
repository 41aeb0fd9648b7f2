/*
 * A program that says when it came to life and then does nothing.
 *
 * usage: bench-born FILE
 *
 * Appends "PID NANOSECONDS\n" (CLOCK_MONOTONIC, read first of all) to FILE with
 * one write, and waits for its end.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec now;
	char line[64];
	int length;
	int fd;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (argc != 2)
		return 2;
	fd = open(argv[1], O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return 1;
	length = snprintf(line, sizeof(line), "%d %lld%09ld\n", (int) getpid(),
	    (long long) now.tv_sec, now.tv_nsec);
	if (write(fd, line, (size_t) length) != length)
		return 1;
	close(fd);
	for (;;)
		pause();
}
