/* SPDX-License-Identifier: MIT */
/*
 * stat.h - medians, and how far to trust them
 */
#ifndef IOMODELS_STAT_H
#define IOMODELS_STAT_H

/* The median and its 95% confidence interval. */
struct estimate {
	double median, low, high;
	int n;				/* 0: nothing was measured */
};

/* Of v[0..n), which is left sorted; 0 for none. */
double median(double *v, int n);

/*
 * The interval by bootstrap: draw n of the n values, with repetition, a
 * couple of thousand times; the medians of 95% of these draws lie in it.  The
 * draws are the same at each call.  v is left as it is.
 */
struct estimate estimate(const double *v, int n);

/* A fixed sequence of numbers below 2^32 from a seed that it moves on. */
unsigned draw(unsigned long long *seed);

/* Put v[0..n) into a random order. */
void shuffle(int *v, int n, unsigned long long *seed);

#endif
