#include "loop/core.h"

#include <sys/mman.h>
#include <unistd.h>
#include <hostkit/error.h>

/*
 * A child of fork() shares the parent's epoll set, eventfd and signalfd: what
 * it did to them would happen to the parent.  So every call asks whether it is
 * still in the process that made the loop.  Asking must cost next to nothing,
 * hence a page that the kernel wipes in children (MADV_WIPEONFORK, Linux 4.14);
 * without it getpid() does.  The same byte says whether the loop is closed, so
 * that one look answers both.  A child of vfork() or of clone(CLONE_VM) shares
 * the page and passes for the parent, but such children only run our spawn code.
 */

int hki_fork_guard_init(hk_loop *loop)
{
	size_t bytes = (size_t) sysconf(_SC_PAGESIZE);
	void *page =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	loop->owner = getpid();
	loop->guard = NULL;
	if (page == MAP_FAILED)
		return -ENOMEM;
	if (madvise(page, bytes, MADV_WIPEONFORK) < 0) {
		(void) munmap(page, bytes);
		return 0;
	}
	loop->guard = page;
	atomic_init(loop->guard, HKI_LOOP_OPEN);
	return 0;
}

void hki_fork_guard_deinit(hk_loop *loop)
{
	if (loop->guard != NULL)
		(void) munmap(loop->guard, (size_t) sysconf(_SC_PAGESIZE));
	loop->guard = NULL;
}

void hki_fork_guard_close(hk_loop *loop)
{
	atomic_store(&loop->closed, true);
	if (loop->guard != NULL && !hki_loop_forked(loop))
		atomic_store(loop->guard, HKI_LOOP_CLOSED);
}

bool hki_loop_forked(const hk_loop *loop)
{
	if (loop->guard != NULL)
		return atomic_load_explicit(loop->guard, memory_order_relaxed) ==
		       HKI_LOOP_FORKED;
	return getpid() != loop->owner;
}

int hki_loop_check(const hk_loop *loop)
{
	return hki_loop_forked(loop) ? -ECHILD : 0;
}

int hki_loop_ask_usable(const hk_loop *loop)
{
	if (atomic_load_explicit(&loop->closed, memory_order_acquire))
		return HK_ECLOSED;
	return hki_loop_check(loop);
}

bool hki_loop_ask_inert(const hk_loop *loop)
{
	return loop->gone || hki_loop_forked(loop);
}
