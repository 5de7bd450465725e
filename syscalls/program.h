/* SPDX-License-Identifier: MIT */
/*
 * program.h - what a program says when a call fails, and how it reads options
 *
 * NAME and ABOUT come from the Makefile, which takes them from the first line
 * of the program's header.
 */
#ifndef IOMODELS_PROGRAM_H
#define IOMODELS_PROGRAM_H

#include "errno.h"
#include "print.h"
#include "sys.h"

#ifndef NAME
#define NAME "program"
#define ABOUT "a program"
#endif

/* ---- errors: must() for the setup, retry() for what a signal cuts short ---- */

/* Repeats call while it returns -EINTR; returns any other value. */
#define retry(call) ({							\
	long retry_;							\
	do								\
		retry_ = (call);					\
	while (retry_ == -EINTR);					\
	retry_; })

/* A failure prints the call and its source line, and ends the program. */
#define must(call) must_be(#call, call)
#define must_be(text, call) ({						\
	long must_ = (call);						\
	if (must_ < 0) {						\
		print(2, NAME ": %s:%d: %s = -%s\n", __FILE__, __LINE__,	\
		      text, errno_name(must_));				\
		sys_exit_group(1);					\
	}								\
	must_; })

/* Print a line on stderr and end the program. */
#define fail(status, ...) do {						\
	print(2, NAME ": " __VA_ARGS__);				\
	sys_exit_group(status);						\
} while (0)

/* ---- options ---- */

/* A decimal number up to max; else an error, and the program ends with 2. */
static inline unsigned number(const char *option, const char *text, unsigned max)
{
	unsigned long n = 0;
	const char *s = text;

	for (; *s >= '0' && *s <= '9' && n <= max; s++)
		n = n * 10 + (*s - '0');
	if (s == text || *s || n > max)
		fail(2, "--%s %s: expected a number from 0 to %u\n", option,
		     text, max);
	return n;
}

/* The option's value, from "--name=value" or the next argument. */
static inline const char *value(const char *option, char ***argv)
{
	const char *arg = **argv + 2;

	while (*option && *option == *arg)
		option++, arg++;
	if (*option || (*arg && *arg != '='))
		return NULL;
	if (*arg == '=')
		return arg + 1;
	if (!*++*argv)
		fail(2, "%s: a value is missing (--help)\n", (*argv)[-1]);
	return **argv;
}

#endif
