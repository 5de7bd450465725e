/* SPDX-License-Identifier: MIT */
/*
 * switch.h - from one stack to another, without a system call
 *
 * A function call already saves what the caller needs, except the registers
 * that a function must hand back as it found them (the ABI's callee-saved
 * ones) and the stack pointer.  So a switch pushes those, keeps the stack
 * pointer, takes the other stack's, pops the registers there and returns to
 * where the other side made its call.  (It leaves the control bits of floating
 * point as they are, which the ABI preserves, too: no task here changes them.)
 * swapcontext(3) does the same, and also calls rt_sigprocmask: a system call per
 * switch.
 *
 *     high  [ return address        ]  a new stack: entry
 *           [ callee-saved registers ] a new stack: zeros
 *     low    <- the kept stack pointer
 */
#ifndef IOMODELS_SWITCH_H
#define IOMODELS_SWITCH_H

/* Keep this stack's pointer in *from and go on where `to` was kept. */
void switch_stack(void **from, void *to);

#if defined(__x86_64__)

enum { FRAME = 8 };	/* words: 6 registers, entry, one to align */

__asm__(".text\n"
	".global switch_stack\n"
	".type switch_stack, @function\n"
	"switch_stack:\n\t"
	"push %rbp\n\t push %rbx\n\t push %r12\n\t"
	"push %r13\n\t push %r14\n\t push %r15\n\t"
	"mov %rsp, (%rdi)\n\t"
	"mov %rsi, %rsp\n\t"
	"pop %r15\n\t pop %r14\n\t pop %r13\n\t"
	"pop %r12\n\t pop %rbx\n\t pop %rbp\n\t"
	"pop %rcx\n\t jmp *%rcx\n"
	".size switch_stack, . - switch_stack\n");

/*
 * The entry is popped; then rsp is 8 below a multiple of 16, as after a call.
 * jmp and not ret: the processor predicts that a ret goes back to the last
 * call, and this one goes elsewhere.
 */
enum { ENTRY = 6 };

#elif defined(__aarch64__)

enum { FRAME = 20, ENTRY = 1 };	/* x29 x30, x19 to x28, d8 to d15 */

__asm__(".text\n"
	".global switch_stack\n"
	".type switch_stack, @function\n"
	"switch_stack:\n\t"
	"stp x29, x30, [sp, #-160]!\n\t"
	"stp x19, x20, [sp, #16]\n\t stp x21, x22, [sp, #32]\n\t"
	"stp x23, x24, [sp, #48]\n\t stp x25, x26, [sp, #64]\n\t"
	"stp x27, x28, [sp, #80]\n\t stp d8, d9, [sp, #96]\n\t"
	"stp d10, d11, [sp, #112]\n\t stp d12, d13, [sp, #128]\n\t"
	"stp d14, d15, [sp, #144]\n\t"
	"mov x9, sp\n\t"
	"str x9, [x0]\n\t"
	"mov sp, x1\n\t"
	"ldp d14, d15, [sp, #144]\n\t ldp d12, d13, [sp, #128]\n\t"
	"ldp d10, d11, [sp, #112]\n\t ldp d8, d9, [sp, #96]\n\t"
	"ldp x27, x28, [sp, #80]\n\t ldp x25, x26, [sp, #64]\n\t"
	"ldp x23, x24, [sp, #48]\n\t ldp x21, x22, [sp, #32]\n\t"
	"ldp x19, x20, [sp, #16]\n\t"
	"ldp x29, x30, [sp], #160\n\t"
	"ret\n"
	".size switch_stack, . - switch_stack\n");

#elif defined(__riscv)

enum { FRAME = 26, ENTRY = 0 };	/* ra, s0 to s11, fs0 to fs11, one to align */

__asm__(".text\n"
	".global switch_stack\n"
	".type switch_stack, @function\n"
	"switch_stack:\n\t"
	"addi sp, sp, -208\n\t"
	"sd ra, 0(sp)\n\t sd s0, 8(sp)\n\t sd s1, 16(sp)\n\t"
	"sd s2, 24(sp)\n\t sd s3, 32(sp)\n\t sd s4, 40(sp)\n\t"
	"sd s5, 48(sp)\n\t sd s6, 56(sp)\n\t sd s7, 64(sp)\n\t"
	"sd s8, 72(sp)\n\t sd s9, 80(sp)\n\t sd s10, 88(sp)\n\t"
	"sd s11, 96(sp)\n\t fsd fs0, 104(sp)\n\t fsd fs1, 112(sp)\n\t"
	"fsd fs2, 120(sp)\n\t fsd fs3, 128(sp)\n\t fsd fs4, 136(sp)\n\t"
	"fsd fs5, 144(sp)\n\t fsd fs6, 152(sp)\n\t fsd fs7, 160(sp)\n\t"
	"fsd fs8, 168(sp)\n\t fsd fs9, 176(sp)\n\t fsd fs10, 184(sp)\n\t"
	"fsd fs11, 192(sp)\n\t"
	"sd sp, 0(a0)\n\t"
	"mv sp, a1\n\t"
	"ld ra, 0(sp)\n\t ld s0, 8(sp)\n\t ld s1, 16(sp)\n\t"
	"ld s2, 24(sp)\n\t ld s3, 32(sp)\n\t ld s4, 40(sp)\n\t"
	"ld s5, 48(sp)\n\t ld s6, 56(sp)\n\t ld s7, 64(sp)\n\t"
	"ld s8, 72(sp)\n\t ld s9, 80(sp)\n\t ld s10, 88(sp)\n\t"
	"ld s11, 96(sp)\n\t fld fs0, 104(sp)\n\t fld fs1, 112(sp)\n\t"
	"fld fs2, 120(sp)\n\t fld fs3, 128(sp)\n\t fld fs4, 136(sp)\n\t"
	"fld fs5, 144(sp)\n\t fld fs6, 152(sp)\n\t fld fs7, 160(sp)\n\t"
	"fld fs8, 168(sp)\n\t fld fs9, 176(sp)\n\t fld fs10, 184(sp)\n\t"
	"fld fs11, 192(sp)\n\t"
	"addi sp, sp, 208\n\t"
	"ret\n"
	".size switch_stack, . - switch_stack\n");

#endif

/*
 * What to hand to switch_stack so that entry begins on the empty stack that
 * ends at top (16-aligned).  entry must never return: nobody called it.
 */
static inline void *stack_begin(void *top, void (*entry)(void))
{
	void **frame = (void **)top - FRAME;

	for (int i = 0; i < FRAME; i++)
		frame[i] = (void *)0;
	frame[ENTRY] = (void *)entry;
	return frame;
}

#endif
