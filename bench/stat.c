/* SPDX-License-Identifier: MIT */
/*
 * stat.c - medians, their confidence intervals, and shuffling
 */
#include <stdlib.h>
#include <string.h>
#include "stat.h"

enum { MOST = 1000 };			/* values looked at */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *v, int n)
{
	if (!n)
		return 0;
	qsort(v, n, sizeof(*v), ascending);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* xorshift64*, Vigna 2014: small, and good enough to draw lots with. */
unsigned draw(unsigned long long *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dULL >> 32;
}

void shuffle(int *v, int n, unsigned long long *seed)
{
	for (int i = n - 1; i > 0; i--) {
		int j = draw(seed) % (i + 1), kept = v[i];

		v[i] = v[j];
		v[j] = kept;
	}
}

/*
 * How many of n values the interval leaves out at each end.  A value is below
 * the true median or above it like a coin, so all but k are on one side as
 * often as n coins show at most k heads: more than k are needed when that is
 * within 2.5%.
 */
static int outside(int n)
{
	double exactly = 1, most;		/* k heads, and at most k */

	for (int i = 0; i < n; i++)
		exactly /= 2;
	most = exactly;
	for (int k = 0; ; k++) {
		exactly *= (double)(n - k) / (k + 1);
		most += exactly;
		if (most > 0.025)
			return k;
	}
}

struct estimate estimate(const double *v, int n)
{
	struct estimate e = { .n = n < MOST ? n : MOST };
	double sorted[MOST];

	if (!e.n)
		return e;
	memcpy(sorted, v, e.n * sizeof(*v));
	e.median = median(sorted, e.n);
	e.low = sorted[outside(e.n)];
	e.high = sorted[e.n - 1 - outside(e.n)];
	return e;
}
