/* SPDX-License-Identifier: MIT */
/*
 * stats.c - counters, and the messages of POSIXAIO_DEBUG
 *
 * POSIXAIO_DEBUG=1 reports on standard error each change of the way that
 * requests take, and why.  POSIXAIO_STATS=1 prints one line of counters when the
 * process exits.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "engine.h"

int stats_wanted, debug_wanted;
unsigned long stats[STATS];

static int is_set(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value && strcmp(value, "0");
}

/* One write, and nothing of stdio: the program may have closed stderr or be
 * using it, and a thread of the library must not wait for its lock. */
static void say(const char *line, int n, size_t size)
{
	int saved = errno;

	if (n < 0)
		return;
	enter_kernel(__NR_write, 2, line, (size_t)n < size ? (size_t)n :
		     size - 1);
	errno = saved;
}

void debug(const char *format, ...)
{
	char line[256];
	va_list ap;
	int n;

	if (!debug_wanted)
		return;
	n = snprintf(line, sizeof(line), "posixaio: ");
	va_start(ap, format);
	n += vsnprintf(line + n, sizeof(line) - n, format, ap);
	va_end(ap);
	say(line, n, sizeof(line));
}

static void print_stats(void)
{
	static const char *const names[] = {
		"inline", "native", "ring", "pool", "retried", "threads",
		"rings", "broken-rings",
	};
	char line[256];
	int n = snprintf(line, sizeof(line), "posixaio[%d]:", getpid());

	for (int i = 0; i < STATS; i++)
		n += snprintf(line + n, sizeof(line) - n, " %s=%lu", names[i],
			      __atomic_load_n(&stats[i], __ATOMIC_RELAXED));
	n += snprintf(line + n, sizeof(line) - n, "\n");
	say(line, n, sizeof(line));
}

void stats_begin(void)
{
	debug_wanted = is_set("POSIXAIO_DEBUG");
	stats_wanted = is_set("POSIXAIO_STATS");
	if (stats_wanted)
		atexit(print_stats);
}
