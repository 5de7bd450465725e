/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - latencies in buckets that grow with the value (as HDR does)
 *
 * Nanoseconds below 256 have a bucket each; above, each power of two has 128,
 * so a bucket is at most 1/128 of its value wide, and its middle at most
 * 0.4% off.  The largest value is kept as it is.
 */
#ifndef IOMODELS_HISTOGRAM_H
#define IOMODELS_HISTOGRAM_H

enum {
	HISTOGRAM_BITS = 7,		/* 128 buckets a power of two */
	HISTOGRAM_TOP = 40,		/* 2^40 ns, 18 minutes */
	HISTOGRAM_BUCKETS = (HISTOGRAM_TOP - HISTOGRAM_BITS + 1)
			    << HISTOGRAM_BITS,
};

struct histogram {
	unsigned long long n, max, sum;
	unsigned long long buckets[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(unsigned long long v)
{
	unsigned shift;

	if (v >> HISTOGRAM_TOP)
		v = (1ULL << HISTOGRAM_TOP) - 1;
	if (v < 2ULL << HISTOGRAM_BITS)
		return v;
	shift = 63 - HISTOGRAM_BITS - __builtin_clzll(v);
	return (shift << HISTOGRAM_BITS) + (v >> shift);
}

/* The middle of a bucket. */
static inline double histogram_value(unsigned bucket)
{
	unsigned shift = bucket >> HISTOGRAM_BITS;

	if (shift < 2)
		return bucket;
	shift--;
	bucket -= shift << HISTOGRAM_BITS;
	return ((unsigned long long)bucket << shift) +
	       ((1ULL << shift) - 1) / 2.0;
}

static inline void histogram_add(struct histogram *h, unsigned long long v)
{
	h->buckets[histogram_bucket(v)]++;
	h->n++;
	h->sum += v;
	if (v > h->max)
		h->max = v;
}

static inline double histogram_mean(const struct histogram *h)
{
	return h->n ? (double)h->sum / h->n : 0;
}

/* The value below or at which a share of all values lies: 0.99; 1: the max. */
static inline double histogram_at(const struct histogram *h, double share)
{
	unsigned long long want = share * h->n, seen = 0;

	if (want < share * h->n || !want)
		want++;				/* at least this many values */
	if (want >= h->n)
		return h->max;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen >= want)
			return histogram_value(i) < h->max ?
			       histogram_value(i) : h->max;
	}
	return h->max;
}

#endif
