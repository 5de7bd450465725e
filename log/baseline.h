/* SPDX-License-Identifier: MIT */
/*
 * baseline.h - the findings of an earlier report, to compare with
 */
#ifndef IOMODELS_BASELINE_H
#define IOMODELS_BASELINE_H

#include <stdio.h>
#include "reader.h"

struct baseline {
	struct known {
		char id[48];
		unsigned long count;
	} known[200];
	unsigned n;
	char error[256];
};

/* Read what explain --json wrote, version 3 or later.  0, or -1 and error. */
int baseline_read(struct baseline *b, const char *path);
/* How often the earlier report had it; 0: it had not. */
unsigned long baseline_count(const struct baseline *b, const char *id);
/* What is new, what is gone, what came more or less often. */
void report_baseline(FILE *out, const struct baseline *b,
		     const struct reader *r, const char *path);

#endif
