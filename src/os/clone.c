/*
 * The four ways to make a vfork-like child with a pidfd, best first.  Which one
 * works is found anew each time: a refusal costs a fraction of a microsecond,
 * and remembering it would need state that all threads share.
 *
 * The child runs on a piece of the caller's own stack.  The caller sleeps, so
 * nobody else uses it, and no mapping has to be made and torn down.
 */
#include "os/clone.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "os/arch/arch.h"

/* The child's functions keep a few integers each; system calls run on the kernel's stack. */
#define CHILD_STACK_BYTES 16384

static bool refused(long result)
{
	return result == -ENOSYS || result == -EPERM || result == -EINVAL ||
	       result == -E2BIG;
}

static long by_clone3(hki_clone_request *request, char *stack, int cgroup)
{
	struct clone_args args;

	memset(&args, 0, sizeof(args));
	args.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
	args.pidfd = (uintptr_t) &request->pidfd;
	args.exit_signal = SIGCHLD;
	args.stack = (uintptr_t) stack;
	args.stack_size = CHILD_STACK_BYTES;
	if (cgroup < 0)
		return hki_arch_clone3(
		    &args, CLONE_ARGS_SIZE_VER0, request->run, request->user);
	args.flags |= CLONE_INTO_CGROUP;
	args.cgroup = (uint64_t) cgroup;
	return hki_arch_clone3(&args, CLONE_ARGS_SIZE_VER2, request->run, request->user);
}

static long by_clone(hki_clone_request *request, char *stack)
{
	int pid = clone(request->run, stack + CHILD_STACK_BYTES,
	    CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, request->user,
	    &request->pidfd);

	return pid < 0 ? -errno : pid;
}

/*
 * The pidfd comes after the child here.  Its id cannot mean somebody else, since
 * nobody but us collects it; whether pidfd_open works is asked before, so that no
 * program runs that we could not follow.
 */
static long by_vfork(hki_clone_request *request, char *stack)
{
	int probe = (int) syscall(SYS_pidfd_open, getpid(), 0);
	long pid;

	if (probe < 0)
		return -errno;
	pid = hki_arch_vfork(stack + CHILD_STACK_BYTES, request->run, request->user);
	close(probe);
	if (pid > 0)
		request->pidfd = (int) syscall(SYS_pidfd_open, (pid_t) pid, 0);
	return pid;
}

/* A kernel that ignored CLONE_PIDFD, or a descriptor that could not be had after all. */
static long give_up_child(pid_t pid)
{
	int reason = errno == EMFILE || errno == ENFILE ? -errno : -ENOSYS;

	(void) kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return reason;
}

static long try_all(hki_clone_request *request)
{
	char stack[CHILD_STACK_BYTES] __attribute__((aligned(16)));
	long result = -ENOSYS;

	if (request->cgroup >= 0) {
		request->in_cgroup = true;
		result = by_clone3(request, stack, request->cgroup);
		if (!refused(result))
			return result;
	}
	request->in_cgroup = false;
	result = by_clone3(request, stack, -1);
	if (refused(result))
		result = by_clone(request, stack);
	if (refused(result))
		result = by_vfork(request, stack);
	return result;
}

pid_t hki_clone(hki_clone_request *request)
{
	uint64_t all = UINT64_MAX;
	long result;

	request->pidfd = -1;
	/* Not pthread_sigmask(): libc leaves two signals of its own unblocked. */
	hki_arch_syscall(SYS_rt_sigprocmask, SIG_BLOCK, (long) &all,
	    (long) &request->signal_mask, sizeof(all), 0, 0);
	errno = 0;
	result = try_all(request);
	if (result > 0 && request->pidfd < 0)
		result = give_up_child((pid_t) result);
	hki_arch_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long) &request->signal_mask, 0,
	    sizeof(all), 0, 0);
	return (pid_t) result;
}
