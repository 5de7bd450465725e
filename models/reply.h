/* SPDX-License-Identifier: MIT */
/*
 * reply.h - the service reply: what a request asks for
 *
 * A request begins with three numbers, big-endian, and is `size` bytes long;
 * nobody reads the rest of it:
 *
 *     0        4        8        12             size
 *    +--------+--------+--------+-----  ...  -----+
 *    |  size  | answer |  work  |                 |
 *    +--------+--------+--------+-----  ...  -----+
 *
 * Its answer is `answer` times the byte 'x'.  Between receiving the request and
 * sending the answer lie `work` thousand steps of a loop.  So one service can
 * be a stream to the server (size), from it (answer), or work per message.
 */
#ifndef IOMODELS_REPLY_H
#define IOMODELS_REPLY_H

enum {
	REQUEST = 12,			/* bytes of the three numbers */
	ANSWER_MOST = 1 << 20,		/* bytes: one answer; also all answers
					   to the bytes of one receive */
	WORK_MOST = 1000000,		/* about a second */
};

static char answer_bytes[ANSWER_MOST];	/* written by reply_begin() only */

/* Called when the service is reply. */
static inline void reply_begin(void)
{
	for (int i = 0; i < ANSWER_MOST; i++)
		answer_bytes[i] = 'x';
}

static inline unsigned request_number(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;

	return (unsigned)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

static inline int request_is_valid(const char *at)
{
	unsigned answer = request_number(at + 4);

	return request_number(at) >= REQUEST && answer &&
	       answer <= ANSWER_MOST && request_number(at + 8) <= WORK_MOST;
}

/* The same loop as in bench/measure.c: compare knows how long it takes. */
static inline void do_work(unsigned thousands)
{
	unsigned n = 1;

	for (unsigned i = 0; i < thousands * 1000; i++) {
		n = n * 1664525 + 1013904223;
		__asm__ volatile("" : "+r"(n));
	}
}

#endif
