#include "loop/core.h"

#include <sys/mman.h>
#include <unistd.h>
#include <hostkit/error.h>

/*
 * A child of fork() shares the parent's epoll set, eventfd and signalfd: what
 * it did to them would happen to the parent.  So every call asks whether it is
 * still in the process that made the loop.  Asking must cost next to nothing,
 * hence a page that the kernel wipes in children (MADV_WIPEONFORK, Linux 4.14);
 * without it getpid() does.  A child of vfork() or of clone(CLONE_VM) shares
 * the page and passes for the parent, but such children only run our spawn code.
 */

int hki_fork_guard_init(hk_loop *loop)
{
	size_t bytes = (size_t) sysconf(_SC_PAGESIZE);
	unsigned char *page =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	loop->owner = getpid();
	loop->fork_page = NULL;
	if (page == MAP_FAILED)
		return -ENOMEM;
	if (madvise(page, bytes, MADV_WIPEONFORK) < 0) {
		(void) munmap(page, bytes);
		return 0;
	}
	*page = 1;
	loop->fork_page = page;
	return 0;
}

void hki_fork_guard_deinit(hk_loop *loop)
{
	if (loop->fork_page != NULL)
		(void) munmap(
		    (void *) (uintptr_t) loop->fork_page, (size_t) sysconf(_SC_PAGESIZE));
	loop->fork_page = NULL;
}

bool hki_loop_forked(const hk_loop *loop)
{
	if (loop->fork_page != NULL)
		return *loop->fork_page == 0;
	return getpid() != loop->owner;
}

int hki_loop_check(const hk_loop *loop)
{
	return hki_loop_forked(loop) ? -ECHILD : 0;
}

int hki_loop_usable(const hk_loop *loop)
{
	if (atomic_load_explicit(&loop->closed, memory_order_acquire))
		return HK_ECLOSED;
	return hki_loop_check(loop);
}

bool hki_loop_inert(const hk_loop *loop)
{
	return loop->gone || hki_loop_forked(loop);
}
