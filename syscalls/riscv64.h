/* SPDX-License-Identifier: MIT */
/*
 * riscv64.h - the part for riscv64: the instruction, _start
 *
 * A system call takes its number in a7 and its arguments in a0 to a5; `ecall`
 * returns in a0 and keeps every other register, except those of the vector
 * extension, whose values are lost.  The kernel's vDSO returns from a signal
 * handler, so no restorer is needed.
 */
#ifndef IOMODELS_RISCV64_H
#define IOMODELS_RISCV64_H

/* What a system call overwrites, where the compiler may use it (-march). */
#if defined(__riscv_vector) && (defined(__clang__) || __GNUC__ > 12)
#define ENTRY_CLOBBERS \
	"memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", \
	"v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", \
	"v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", \
	"v27", "v28", "v29", "v30", "v31"
#else
#define ENTRY_CLOBBERS "memory"
#endif

static inline __attribute__((always_inline)) long
syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long a7 __asm__("a7") = nr;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
			 : ENTRY_CLOBBERS);
	return a0;
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
	register long a7 __asm__("a7") = __NR_clone;
	register long a0 __asm__("a0") = flags;
	register void *a1 __asm__("a1") = stack_top;
	register int *a2 __asm__("a2") = ptid;
	register long a3 __asm__("a3") = 0;		/* tls: none */
	register int *a4 __asm__("a4") = ctid;
	register void (*t1)(void *) __asm__("t1") = fn;
	register void *t2 __asm__("t2") = arg;

	__asm__ volatile("ecall\n\t"
			 "bnez a0, 1f\n\t"
			 "mv fp, zero\n\t"		/* a backtrace ends here */
			 "mv a0, t2\n\t"
			 "jalr t1\n\t"
			 "ebreak\n"
			 "1:"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(t1),
			   "r"(t2)
			 : "memory");
	return a0;
}

/* Unmap the stack that we stand on and leave, without touching it again. */
static inline __attribute__((noreturn)) void
exit_unmapping(void *stack, unsigned long size)
{
	register long a7 __asm__("a7") = __NR_munmap;
	register void *a0 __asm__("a0") = stack;
	register unsigned long a1 __asm__("a1") = size;

	__asm__ volatile("ecall\n\t"
			 "li a7, %[exit]\n\t"
			 "li a0, 0\n\t"
			 "ecall"
			 :
			 : "r"(a7), "r"(a0), "r"(a1), [exit] "i"(__NR_exit)
			 : "memory");
	__builtin_unreachable();
}

#if !__STDC_HOSTED__
/*
 * The kernel enters here with argc, argv and envp on the stack.  gp must be
 * set before the first access that the linker relaxed to be gp-relative.
 */
__asm__(".text\n"
	".global _start\n"
	".type _start, @function\n"
	"_start:\n\t"
	".option push\n\t"
	".option norelax\n\t"
	"lla gp, __global_pointer$\n\t"
	".option pop\n\t"
	"mv fp, zero\n\t"
	"mv a0, sp\n\t"
	"andi sp, sp, -16\n\t"
	"call start_c\n\t"
	"ebreak\n"
	".size _start, . - _start\n");
#endif

#define cpu_pause() __asm__ volatile("" ::: "memory")

#endif
