/* SPDX-License-Identifier: MIT */
/*
 * print.h - text output without libc
 *
 * format() knows %s %c %d %u %x %% and the length l, nothing else; print()
 * makes one write(2) of it, so that a message is one line of the trace and
 * is not torn by another thread's.
 */
#ifndef IOMODELS_PRINT_H
#define IOMODELS_PRINT_H

#include "sys.h"

static inline unsigned long length(const char *s)
{
	unsigned long n = 0;

	while (s[n])
		n++;
	return n;
}

static inline int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Write n in base 10 or 16 before end; return where it begins. */
static inline char *digits(char *end, unsigned long n, unsigned base)
{
	do
		*--end = "0123456789abcdef"[n % base];
	while (n /= base);
	return end;
}

/* Like vsnprintf(3), but returns the bytes written: always fewer than size. */
static inline int vformat(char *buf, int size, const char *fmt,
			  __builtin_va_list args)
{
	char *at = buf, *last = buf + size - 1;
	char number[24], *end = number + sizeof(number) - 1;

	*end = 0;
	for (; *fmt && at < last; fmt++) {
		const char *s = number;
		int wide = 0;
		long n;

		if (*fmt != '%') {
			*at++ = *fmt;
			continue;
		}
		if (*++fmt == 'l')
			wide = 1, fmt++;
		if (!*fmt)			/* the text ends in a % */
			break;
		switch (*fmt) {
		case 's':
			s = __builtin_va_arg(args, const char *);
			break;
		case 'c':
			number[0] = __builtin_va_arg(args, int);
			number[1] = 0;
			break;
		case 'd':
			n = wide ? __builtin_va_arg(args, long)
				 : __builtin_va_arg(args, int);
			s = digits(end, n < 0 ? -(unsigned long)n : (unsigned long)n, 10);
			if (n < 0)
				*(char *)--s = '-';
			break;
		case 'u':
		case 'x':
			s = digits(end, wide ? __builtin_va_arg(args, unsigned long)
					     : __builtin_va_arg(args, unsigned),
				   *fmt == 'u' ? 10 : 16);
			break;
		default:
			number[0] = *fmt;
			number[1] = 0;
		}
		while (*s && at < last)
			*at++ = *s++;
	}
	*at = 0;
	return at - buf;
}

__attribute__((format(printf, 3, 4)))
static inline int format(char *buf, int size, const char *fmt, ...)
{
	__builtin_va_list args;
	int n;

	__builtin_va_start(args, fmt);
	n = vformat(buf, size, fmt, args);
	__builtin_va_end(args);
	return n;
}

/* Returns what write(2) returned; text beyond 1023 bytes is cut. */
__attribute__((format(printf, 2, 3)))
static inline long print(int fd, const char *fmt, ...)
{
	__builtin_va_list args;
	char text[1024];
	int n;

	__builtin_va_start(args, fmt);
	n = vformat(text, sizeof(text), fmt, args);
	__builtin_va_end(args);
	return sys_write(fd, text, n);
}

#endif
