/* SPDX-License-Identifier: MIT */
/*
 * report.h - what a reader says, in several forms
 */
#ifndef IOMODELS_REPORT_H
#define IOMODELS_REPORT_H

#include <stdio.h>
#include "reader.h"

void report_text(FILE *out, const struct reader *r, int colour);
void report_json(FILE *out, const struct reader *r);

/* "1.20 s", "3.4 ms", "12 us" into text; "?" for NO_TIME. */
const char *time_text(long long ns, char text[24]);
/* "pid 7", "4 threads (7 8 9 10)" into text. */
const char *group_tasks(const struct group *g, char *text, size_t size);

#endif
