/* SPDX-License-Identifier: MIT */
/*
 * why.h - why io_uring_setup failed and what to do, in one line
 */
#ifndef IOMODELS_WHY_H
#define IOMODELS_WHY_H

#include <asm/errno.h>

static inline const char *ring_why(long err)
{
	switch (err) {
	case -ENOSYS:
		return "this kernel has no io_uring (expected Linux 5.1 or "
		       "later with CONFIG_IO_URING), or a seccomp filter hides it";
	case -EPERM:
		return "io_uring is forbidden here: set the sysctl kernel.io_uring_disabled "
		       "to 0, or, in a container, allow it in the seccomp profile; before "
		       "Linux 5.13 SQPOLL needs root (or, from 5.11 on, CAP_SYS_NICE)";
	case -EACCES:
		return "a security module (SELinux) or a seccomp filter forbids "
		       "io_uring here: look at the audit log";
	case -EINVAL:
		return "this kernel does not have a flag that the program sets";
	case -EAGAIN:
		return "the kernel cannot start its thread: RLIMIT_NPROC "
		       "(ulimit -u) or a cgroup allows no more";
	case -ENOMEM:
		return "no memory for the rings; before Linux 5.12 and from 6.14 on "
		       "they count as locked memory: raise that limit (ulimit -l)";
	case -EMFILE:
		return "no descriptor is left: raise the limit (ulimit -n)";
	case -ENFILE:
		return "the whole system has no open file left: raise the sysctl "
		       "fs.file-max";
	}
	return "io_uring cannot be set up";
}

#endif
