/* SPDX-License-Identifier: MIT */
/*
 * stat.c - medians, their confidence intervals, and shuffling
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "stat.h"

enum { MOST = 1000 };			/* values looked at */
#define SURE 0.95
#define DECIDED (1 - 1 / 250.0)

unsigned long long stat_seed = 20261128;

void stat_seed_anew(void)
{
	unsigned long long seed;

	if (getrandom(&seed, sizeof(seed), 0) == sizeof(seed) && seed)
		stat_seed = seed;
}

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
 * The probability that the true median lies between the k-th value from each end.
 * Each value is below or above the median with probability 1/2, as a coin falls.
 * It lies outside when n coins show fewer than k heads, or fewer than k tails.
 */
static double holds(int n, int k)
{
	double exactly = 1, fewer = 0;		/* i heads, fewer than k */

	for (int i = 0; i < n; i++)
		exactly /= 2;
	for (int i = 0; i < k; i++) {
		fewer += exactly;
		exactly *= (double)(n - i) / (i + 1);
	}
	return 1 - 2 * fewer;
}

/* The last value from each end that holds it so surely; the first at least. */
static int depth(int n, double surely)
{
	int k = 1;

	while (2 * (k + 1) <= n + 1 && holds(n, k + 1) >= surely)
		k++;
	return k;
}

struct estimate estimate(const double *v, int n)
{
	struct estimate e = { .n = n < MOST ? n : MOST };
	double sorted[MOST];
	int k;

	if (!e.n)
		return e;
	memcpy(sorted, v, e.n * sizeof(*v));
	e.median = median(sorted, e.n);
	k = depth(e.n, SURE);
	e.low = sorted[k - 1];
	e.high = sorted[e.n - k];
	k = depth(e.n, DECIDED);
	e.sure_low = sorted[k - 1];
	e.sure_high = sorted[e.n - k];
	return e;
}
