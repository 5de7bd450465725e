/* SPDX-License-Identifier: MIT */
/*
 * arch.h - syscall6(), and what else differs between processors
 *
 * Hosted code (posix_aio/lib) may include this file too: it brings in no
 * kernel structure that libc declares as well, and no _start.
 */
#ifndef IOMODELS_ARCH_H
#define IOMODELS_ARCH_H

#include <asm/unistd.h>

#if defined(__x86_64__)
#include "x86_64.h"
#elif defined(__aarch64__)
#include "aarch64.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "riscv64.h"
#else
#error "iomodels knows x86-64, aarch64 and riscv64"
#endif

/* The kernel takes every argument as a long; arguments left out are zero. */
#define enter_kernel_(nr, a, b, c, d, e, f, ...)                              \
	syscall6((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), \
		 (long)(f))
#define enter_kernel(...) enter_kernel_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

#endif
