/* SPDX-License-Identifier: MIT */
/* runs.c - where each run of a log begins; see runs.h */
#include "line.h"
#include "map.h"
#include "runs.h"
#include "source.h"

unsigned runs_find(const char *path, unsigned long starts[RUNS_MAX])
{
	struct map alive = { 0 };
	struct source s;
	struct slice text;
	struct line l;
	int ended = 0;
	unsigned n = 1;

	starts[0] = 1;
	if (source_open(&s, path))
		return n;
	while (n < RUNS_MAX && source_line(&s, &text)) {
		line_read(&l, text.at, text.len);
		if (l.kind == LINE_EXITED || l.kind == LINE_KILLED) {
			map_remove(&alive, l.pid);
			ended = 1;
		} else if (l.kind <= LINE_STOPPED && l.kind != LINE_EMPTY) {
			if (ended && !alive.used && slice_is(l.name, "execve")) {
				starts[n++] = s.number;
				ended = 0;
			}
			map_put(&alive, l.pid, &alive);
		}
	}
	source_close(&s);
	map_free(&alive);
	return n;
}
