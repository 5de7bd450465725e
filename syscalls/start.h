/* SPDX-License-Identifier: MIT */
/*
 * start.h - what a program needs to exist without libc
 *
 * _start (in the architecture's header) calls start_c with the stack as the
 * kernel left it: argc, then argv and its NULL, then envp and its NULL.  The
 * four memory functions are here because gcc and clang call them even under
 * -ffreestanding: a structure assignment is enough.
 */
#ifndef IOMODELS_START_H
#define IOMODELS_START_H

#include "sys.h"

#if !__STDC_HOSTED__			/* else libc has all of it */
int main(int argc, char **argv);

__attribute__((noreturn, used)) void start_c(long *stack)
{
	sys_exit_group(main(stack[0], (char **)(stack + 1)));
}

/*
 * The empty asm in each loop keeps the compiler from recognising the loop as
 * the very function that it implements, and calling itself for ever.
 */
#define keep_loop() __asm__ volatile("" ::: "memory")

__attribute__((used)) void *memcpy(void *to, const void *from, unsigned long n)
{
	void *ret = to;

#if defined(__x86_64__)
	/* Microcode copies a cache line at a time where the processor has ERMS. */
	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(n) : : "memory");
#else
	char *t = to;
	const char *f = from;

	while (n--) {
		keep_loop();
		*t++ = *f++;
	}
#endif
	return ret;
}

__attribute__((used)) void *memmove(void *to, const void *from, unsigned long n)
{
	char *t = to;
	const char *f = from;

	if (t <= f || t >= f + n)
		return memcpy(to, from, n);
	while (n--) {
		keep_loop();
		t[n] = f[n];
	}
	return to;
}

__attribute__((used)) void *memset(void *to, int byte, unsigned long n)
{
	char *t = to;

	while (n--) {
		keep_loop();
		*t++ = byte;
	}
	return to;
}

__attribute__((used)) int memcmp(const void *a, const void *b, unsigned long n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++) {
		keep_loop();
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}
#endif

#endif
