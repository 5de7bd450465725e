/* SPDX-License-Identifier: MIT */
/*
 * stat.h - medians, and how far to trust them
 */
#ifndef IOMODELS_STAT_H
#define IOMODELS_STAT_H

/*
 * The median and its confidence interval of 95%; and the range from one value
 * to another in which the true median lies in all but 1 of 250 cases, for
 * deciding.
 */
struct estimate {
	double median, low, high;
	double sure_low, sure_high;
	int n;				/* 0: nothing was measured */
};

/* Of v[0..n), which is left sorted; 0 for none. */
double median(double *v, int n);

/*
 * The interval goes from one of the values to another, as far from each end
 * that it holds the true median in 95 of 100 cases or more, whatever the
 * values' distribution.  Below six values it has all of them, and that is less:
 * 1 - 2/2^n, 94% of five and 75% of three; likewise the range for deciding
 * below nine.  v is left as it is.
 */
struct estimate estimate(const double *v, int n);

/* A fixed sequence of numbers below 2^32 from a seed that it moves on. */
unsigned draw(unsigned long long *seed);

/* A seed for the order of turns; stat_seed_anew() makes it another one. */
extern unsigned long long stat_seed;
void stat_seed_anew(void);

/* Put v[0..n) into a random order. */
void shuffle(int *v, int n, unsigned long long *seed);

#endif
