/* SPDX-License-Identifier: MIT */
/*
 * sandbox.c - seccomp filters that kill
 *
 * When a filter answers a call with an errno, the request goes another way.
 * But a filter can also kill the process, or send SIGSYS.  Such a filter must
 * not meet a call that glibc's POSIX AIO does not make.  So where a filter is
 * installed, a child process makes the calls first, with arguments that do
 * nothing: if the child is killed, this process never makes them.
 *
 * The child shares the memory (a copy of a large process's page tables takes
 * too long) and nothing else, and its end sends no SIGCHLD.  The calling thread
 * waits for that end.
 */
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include "engine.h"

enum { CHILD_STACK = 4096 };

/*
 * 0: no filter; the number changes when the first filter is installed.  EINVAL
 * is the answer of a kernel without seccomp; another error is a filter's.
 */
int sandbox_mode(void)
{
	long mode = enter_kernel(__NR_prctl, PR_GET_SECCOMP, 0, 0, 0, 0);

	return mode == -EINVAL ? 0 : mode;
}

struct try {
	const int *calls;
	int n;
};

/* Its end, also by a signal, writes no core: with a limit of 1 byte, neither
 * into a file nor into a pipe (but into a core_pattern's socket, from 6.16 on). */
__attribute__((no_sanitize("address")))	/* it leaves no frame */
static int make_calls(void *arg)
{
	const struct try *t = arg;
	struct rlimit one = { 1, 1 };

	enter_kernel(__NR_prlimit64, 0, RLIMIT_CORE, &one, 0);
	for (int i = 0; i < t->n; i++)
		enter_kernel(t->calls[i], -1L, 0, 0, 0, 0, 0);
	enter_kernel(__NR_exit_group, 0);
	return 0;
}

/* Before Linux 5.16 a process that dumps core takes with it all that share its
 * memory.  ThreadSanitizer takes clone() for a fork that may have threads. */
static int may_share_memory(void)
{
	struct utsname u;
	int major = 0, minor = 0;

#ifdef TSAN
	return 0;
#endif
	return !uname(&u) && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 16));
}

/* May these n calls be made?  No, if the child cannot be created. */
int sandbox_allows(const int *calls, int n)
{
	char stack[CHILD_STACK] __attribute__((aligned(16)));
	struct try t = { calls, n };
	int status = -1, saved = errno;
	signals old;
	long pid, waited;

	if (!sandbox_mode())
		return 1;
	old = block_signals();		/* no handler runs in the child */
	if (may_share_memory())
		pid = clone(make_calls, stack + sizeof(stack),
			    CLONE_VM | CLONE_VFORK, &t);
	else if (!(pid = enter_kernel(__NR_clone, 0, 0, 0, 0, 0)))
		make_calls(&t);
	do
		waited = pid < 0 ? pid : enter_kernel(__NR_wait4, pid, &status,
						      __WALL, 0);
	while (waited == -EINTR);
	restore_signals(old);
	errno = saved;
	if (waited == pid && pid > 0 && status == 0)
		return 1;
	debug("a seccomp filter kills the process for a call of io_uring, "
	      "native AIO or aio_cancel: the library does not make it\n");
	return 0;
}
