/* SPDX-License-Identifier: MIT */
/*
 * agree.h - do two comparisons rank the servers alike?
 */
#ifndef IOMODELS_AGREE_H
#define IOMODELS_AGREE_H

#include <stdio.h>

/*
 * Of each workload that both results.jsonl hold, every two servers that both
 * measured: which one is ahead beyond the noise that the run itself states,
 * in messages a second and in processor time.  What it finds goes to out.  0:
 * no two contradict each other; 1: some do; -1 with the reason in why.
 */
int agree(const char *const dirs[2], FILE *out, char why[300]);

#endif
