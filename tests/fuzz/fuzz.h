/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what makes an execution of a harness cheap
 */
#ifndef IOMODELS_FUZZ_H
#define IOMODELS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

/* Freed memory stays poisoned for a while, but is not fresh pages each time. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "malloc_context_size=2:quarantine_size_mb=8:"
	       "thread_local_quarantine_size_kb=64";
}

static ssize_t nowhere(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	(void)text;
	return size;
}

/* Takes everything, without a system call. */
static FILE *sink(void)
{
	static FILE *f;

	if (!f) {
		f = fopencookie(NULL, "w", (cookie_io_functions_t){
			.write = nowhere });
		if (!f)
			abort();
		setvbuf(f, NULL, _IOFBF, 1 << 16);
	}
	return f;
}

#endif
