/* SPDX-License-Identifier: MIT */
/*
 * unpack.h - a compressed log, by the library that the machine has
 *
 * libz, liblzma and libzstd are loaded when a log needs them: none is needed
 * to build or to run.
 */
#ifndef IOMODELS_UNPACK_H
#define IOMODELS_UNPACK_H

#include <stddef.h>
#include <sys/types.h>

struct unpack;

/*
 * Bytes per read(2), of a log and of what is packed: the head of a log is the
 * first of them.  The fuzzers read few, so that lines lie across the edges.
 */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
enum { READ_BYTES = 1 << 9 };
#else
enum { READ_BYTES = 1 << 17 };	/* they stay in the processor's cache */
#endif

/*
 * For a file that begins with these bytes, of which the descriptor has been
 * read so far.  NULL when they are not compressed, or (*why is set) the library
 * is not there.
 */
struct unpack *unpack_open(int fd, const char *head, size_t n,
			   const char **why);
/* Returns the bytes put into to, 0 at the end, -1 for damage (*why is set). */
ssize_t unpack_read(struct unpack *u, char *to, size_t n, const char **why);
void unpack_close(struct unpack *u);

#endif
