/* SPDX-License-Identifier: MIT */
/*
 * agree.h - do two comparisons rank the servers alike?
 */
#ifndef IOMODELS_AGREE_H
#define IOMODELS_AGREE_H

#include <stdio.h>

/*
 * For each workload that both results.jsonl have, and each two servers that
 * both measured: which one is ahead, beyond the noise that the run states, in
 * messages per second and in processor time.  The report goes to out.  0: no
 * two results contradict each other; 1: some do; -1 with the reason in why.
 */
int agree(const char *const dirs[2], FILE *out, char why[300]);

#endif
