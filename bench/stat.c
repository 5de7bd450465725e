/* SPDX-License-Identifier: MIT */
/*
 * stat.c - medians, their confidence intervals, and shuffling
 */
#include <stdlib.h>
#include <string.h>
#include "stat.h"

enum { DRAWS = 2000, MOST = 1000 };	/* values looked at */

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

struct estimate estimate(const double *v, int n)
{
	double drawn[MOST], medians[DRAWS];
	struct estimate e = { .n = n < MOST ? n : MOST };
	unsigned long long seed = 88172645463325252ULL;

	if (!e.n)
		return e;
	memcpy(drawn, v, e.n * sizeof(*v));
	e.median = median(drawn, e.n);
	for (int i = 0; i < DRAWS; i++) {
		for (int j = 0; j < e.n; j++)
			drawn[j] = v[draw(&seed) % e.n];
		medians[i] = median(drawn, e.n);
	}
	qsort(medians, DRAWS, sizeof(*medians), ascending);
	e.low = medians[DRAWS * 25 / 1000];
	e.high = medians[DRAWS * 975 / 1000 - 1];
	return e;
}
