/* SPDX-License-Identifier: MIT */
/*
 * x86_64.h - the part for x86-64: the instruction, _start, signal return
 *
 * A system call takes its number in rax and its arguments in rdi rsi rdx r10
 * r8 r9; `syscall` overwrites rcx (return address) and r11 (flags), and the
 * result comes back in rax.  r10 stands where the function call has rcx.
 */
#ifndef IOMODELS_X86_64_H
#define IOMODELS_X86_64_H

static inline __attribute__((always_inline)) long
syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/*
 * clone(2) onto a stack of its own.  The child has every register of the
 * parent but an empty stack, so it may use registers only: fn and arg wait
 * in two of them.  fn must not return.
 */
static inline long clone_onto(long flags, void *stack_top, int *ptid, int *ctid,
			      void (*fn)(void *), void *arg)
{
	register long r10 __asm__("r10") = (long)ctid;
	register long r8 __asm__("r8") = 0;		/* tls: none */
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"		/* a backtrace ends here */
			 "mov %[arg], %%rdi\n\t"
			 "call *%[fn]\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(ret)
			 : "0"((long)__NR_clone), "D"(flags), "S"(stack_top),
			   "d"(ptid), "r"(r10), "r"(r8), [fn] "r"(fn),
			   [arg] "r"(arg)
			 : "rcx", "r11", "memory");
	return ret;
}

/* Unmap the stack that we stand on and leave, without touching it again. */
static inline __attribute__((noreturn)) void
exit_unmapping(void *stack, unsigned long size)
{
	__asm__ volatile("syscall\n\t"
			 "mov %[exit], %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall"
			 :
			 : "a"((long)__NR_munmap), "D"(stack), "S"(size),
			   [exit] "i"(__NR_exit)
			 : "rcx", "r11", "memory");
	__builtin_unreachable();
}

#if !__STDC_HOSTED__
/* The kernel enters here with argc, argv and envp on the stack. */
__asm__(".text\n"
	".global _start\n"
	".type _start, @function\n"
	"_start:\n\t"
	"xor %ebp, %ebp\n\t"
	"mov %rsp, %rdi\n\t"
	"and $-16, %rsp\n\t"
	"call start_c\n\t"
	"ud2\n"
	".size _start, . - _start\n");
#endif

/*
 * x86-64 has no default way back from a signal handler: sigaction must name
 * one (SA_RESTORER), and it must be this one call.
 */
__attribute__((naked, unused)) static void signal_return(void)
{
	__asm__("mov $15, %eax\n\t"		/* __NR_rt_sigreturn */
		"syscall");
}
#define SIGNAL_RETURN signal_return

#define cpu_pause() __asm__ volatile("pause" ::: "memory")

#endif
