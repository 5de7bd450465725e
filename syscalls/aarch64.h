/* SPDX-License-Identifier: MIT */
/*
 * aarch64.h - the part for aarch64: the instruction, _start
 *
 * A system call takes its number in x8 and its arguments in x0 to x5; `svc 0`
 * returns in x0 and keeps every other register, except those of SVE: of z0 to
 * z31 it keeps the lowest 128 bits only, of p0 to p15 and FFR nothing.  The
 * kernel's vDSO returns from a signal handler, so no restorer is needed.
 */
#ifndef IOMODELS_AARCH64_H
#define IOMODELS_AARCH64_H

/* What a system call overwrites, where the compiler may use it (-march). */
#ifdef __ARM_FEATURE_SVE
#define ENTRY_CLOBBERS \
	"memory", "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", \
	"p9", "p10", "p11", "p12", "p13", "p14", "p15", "z0", "z1", "z2", "z3", \
	"z4", "z5", "z6", "z7", "z8", "z9", "z10", "z11", "z12", "z13", "z14", \
	"z15", "z16", "z17", "z18", "z19", "z20", "z21", "z22", "z23", "z24", \
	"z25", "z26", "z27", "z28", "z29", "z30", "z31"
#else
#define ENTRY_CLOBBERS "memory"
#endif

static inline __attribute__((always_inline)) long
syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : ENTRY_CLOBBERS);
	return x0;
}

/*
 * clone(2) onto a stack of its own.  The child has every register of the
 * parent but an empty stack, so it may use registers only: fn and arg wait
 * in two of them.  fn must not return.  The order of the last two arguments
 * differs from x86-64's (CLONE_BACKWARDS): tls, then ctid.
 */
static inline long clone_onto(long flags, void *stack_top, int *ptid, int *ctid,
			      void (*fn)(void *), void *arg)
{
	register long x8 __asm__("x8") = __NR_clone;
	register long x0 __asm__("x0") = flags;
	register void *x1 __asm__("x1") = stack_top;
	register int *x2 __asm__("x2") = ptid;
	register long x3 __asm__("x3") = 0;		/* tls: none */
	register int *x4 __asm__("x4") = ctid;
	register void (*x9)(void *) __asm__("x9") = fn;
	register void *x10 __asm__("x10") = arg;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"		/* a backtrace ends here */
			 "mov x30, xzr\n\t"
			 "mov x0, x10\n\t"
			 "blr x9\n\t"
			 "brk 1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x9),
			   "r"(x10)
			 : "memory");
	return x0;
}

/* Unmap the stack that we stand on and leave, without touching it again. */
static inline __attribute__((noreturn)) void
exit_unmapping(void *stack, unsigned long size)
{
	register long x8 __asm__("x8") = __NR_munmap;
	register void *x0 __asm__("x0") = stack;
	register unsigned long x1 __asm__("x1") = size;

	__asm__ volatile("svc 0\n\t"
			 "mov x8, %[exit]\n\t"
			 "mov x0, xzr\n\t"
			 "svc 0"
			 :
			 : "r"(x8), "r"(x0), "r"(x1), [exit] "i"(__NR_exit)
			 : "memory");
	__builtin_unreachable();
}

#if !__STDC_HOSTED__
/* The kernel enters here with argc, argv and envp on the stack. */
__asm__(".text\n"
	".global _start\n"
	".type _start, @function\n"
	"_start:\n\t"
	"mov x29, xzr\n\t"
	"mov x30, xzr\n\t"
	"mov x0, sp\n\t"
	"and sp, x0, #-16\n\t"
	"bl start_c\n\t"
	"brk 1\n"
	".size _start, . - _start\n");
#endif

#define cpu_pause() __asm__ volatile("yield" ::: "memory")

#endif
