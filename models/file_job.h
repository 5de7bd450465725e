/* SPDX-License-Identifier: MIT */
/*
 * file_job.h - what every file job does: every block once, and a checksum
 *
 * The options, the file, the order of the blocks, the buffers, the checksum.
 * The calls that read are not here: each file job makes its own.  What a capture
 * shows of this file, in order:
 *
 *     statx openat mmap                 the file's size, the file, the buffers
 *     (the file job's own calls)
 *     write                             the result on stdout
 *
 *              block 0   block 1          block 2
 *   the file  |---------|---------|-------|         the last may be shorter;
 *   a slot              |  buf    |       .         its read asks for a block
 *                        ^ offset; want bytes, of which have are read
 *
 * A file job keeps --depth slots busy.  next_block() gives a free slot its next
 * block, got() takes what a read returned; both may be called by many threads
 * at once, for different slots.
 *
 * --measure MS reads for MS milliseconds instead, the file again and again, without
 * a checksum: clock_gettime once before, after, and at every 64th block.
 *
 * The checksum: each 8 bytes of the file, the last filled up with zeros, are
 * multiplied by their place.  The two halves of each 128-bit product are XORed,
 * and the results are added.  --block, --depth and the order of the blocks do
 * not change the sum; a block in a wrong place does.
 */
#ifndef IOMODELS_FILE_JOB_H
#define IOMODELS_FILE_JOB_H

#include "../syscalls/start.h"
#include "../syscalls/program.h"
#include "../syscalls/thread.h"

/* --block must be a multiple of SECTOR: on a disk O_DIRECT needs that. */
enum { SECTOR = 512, BLOCK_MAX = 16 << 20, DEPTH_MAX = 1 << 20 };

static struct {
	const char *path;
	unsigned block;			/* bytes */
	unsigned depth;			/* reads in flight at once */
	unsigned batch;			/* reads handed over per call; 0: all */
	int direct, random;
	unsigned seed;
	unsigned measure;		/* ms; 0: read all, once */
	int once;
} opt = { .block = 4096, .depth = 8, .seed = 1 };

/* A file job with options of its own defines OWN_HELP and own_option(). */
#ifdef OWN_HELP
static int own_option(char ***argv);
#else
#define OWN_HELP ""
#define own_option(argv) 0
#endif

struct slot {
	char *buf;			/* opt.block bytes */
	unsigned long offset;		/* of the block in the file */
	unsigned want, have;		/* its bytes in the file; those read */
};

static int file;
static unsigned long file_size, blocks;
static unsigned long taken;		/* blocks that next_block gave out */
static unsigned long sum, bytes, reads;	/* what got() has seen */
static unsigned long started;		/* --measure: nanoseconds */

/* ---- options ---- */

static void help(void)
{
	print(1, "Usage: " NAME " [OPTION...] FILE\n" NAME ": " ABOUT "\n\n"
	      "Reads every block of FILE once and prints a checksum.\n\n"
	      "  --block N        bytes per read, a multiple of 512 (default 4096)\n"
	      "  --depth N        reads in flight at once (default 8)\n"
	      "  --batch N        hand over at most N reads per call (default: --depth)\n"
	      "  --direct         open with O_DIRECT: read without the page cache\n"
	      "  --random[=SEED]  read the blocks in a random order, which depends\n"
	      "                   on SEED (default 1) only; else from first to last\n"
	      "  --measure MS     read the file again and again for MS milliseconds; print\n"
	      "                   the number of bytes, blocks and nanoseconds\n"
	      "  --once           with --measure: stop at the end of the file\n"
	      OWN_HELP
	      "  --help           show this\n");
	sys_exit_group(0);
}

/* As number(), but from min and in steps. */
static unsigned number_from(const char *option, const char *text,
			    unsigned min, unsigned max, unsigned step)
{
	unsigned n = number(option, text, max);

	if (n < min || n % step)
		fail(2, "--%s %s: expected a number from %u to %u%s\n", option,
		     text, min, max, step > 1 ? ", a multiple of 512" : "");
	return n;
}

static void options(char **argv)
{
	const char *v;

	while (*++argv) {
		if ((*argv)[0] != '-' || (*argv)[1] != '-') {
			if (opt.path || (*argv)[0] == '-')
				fail(2, "%s: expected one FILE (--help)\n",
				     *argv);
			opt.path = *argv;
		} else if (same(*argv, "--help"))
			help();
		else if (same(*argv, "--direct"))
			opt.direct = 1;
		else if (same(*argv, "--random"))
			opt.random = 1;
		else if (same(*argv, "--once"))
			opt.once = 1;
		else if ((v = value("random", &argv))) {
			opt.random = 1;
			opt.seed = number("random", v, ~0U);
		} else if ((v = value("block", &argv)))
			opt.block = number_from("block", v, SECTOR, BLOCK_MAX,
						SECTOR);
		else if ((v = value("depth", &argv)))
			opt.depth = number_from("depth", v, 1, DEPTH_MAX, 1);
		else if ((v = value("batch", &argv)))
			opt.batch = number_from("batch", v, 1, DEPTH_MAX, 1);
		else if ((v = value("measure", &argv)))
			opt.measure = number_from("measure", v, 1, 3600000, 1);
		else if (!own_option(&argv))
			fail(2, "%s: unknown option (--help)\n", *argv);
	}
	if (!opt.path)
		fail(2, "FILE is missing (--help)\n");
	if (opt.once && !opt.measure)
		fail(2, "--once: only with --measure\n");
}

static unsigned long nanoseconds(void)
{
	struct timespec t;

	must(sys_clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

/* ---- the file ---- */

/* All threads may meet the same failure at once: only the first reports it. */
static void last_words(void)
{
	static struct lock said;

	lock(&said);			/* for good: the process is about to end */
}

/* Report the call that failed, and what to do about it where that is known. */
static void file_failed(const char *call, long err)
{
	struct statx st;

	last_words();
	if (err != -EINVAL || !opt.direct)
		fail(1, "%s %s: %s%s\n", call, opt.path, errno_name(err),
		     err == -ENOENT ? ": there is no such file" : "");
	/* Since Linux 6.1 some file systems say what O_DIRECT asks of a read. */
	if (!sys_statx(AT_FDCWD, opt.path, 0, STATX_DIOALIGN, &st) &&
	    st.stx_mask & STATX_DIOALIGN && st.stx_dio_offset_align)
		fail(1, "%s %s: EINVAL: O_DIRECT needs blocks of a multiple of "
		     "%u bytes here; use another --block\n", call,
		     opt.path, st.stx_dio_offset_align);
	fail(1, "%s %s: EINVAL: %s\n", call, opt.path, same(call, "openat") ?
	     "this file system refuses O_DIRECT; leave out --direct" :
	     "O_DIRECT needs larger blocks here; use another --block");
}

static int open_again(void)
{
	int fd = sys_openat(AT_FDCWD, opt.path, O_RDONLY | O_CLOEXEC |
			    (opt.direct ? O_DIRECT : 0), 0);

	if (fd < 0)
		file_failed("openat", fd);
	return fd;
}

static void open_file(char **argv)
{
	struct statx st;
	long err;

	options(argv);
	/* Look at its type first: opening a FIFO would wait for a writer. */
	err = sys_statx(AT_FDCWD, opt.path, 0, STATX_TYPE | STATX_SIZE, &st);
	if (err)
		file_failed("statx", err);
	if (!S_ISREG(st.stx_mode))
		fail(1, "%s: %s; expected a regular file\n", opt.path,
		     S_ISDIR(st.stx_mode) ? "EISDIR: a directory"
					  : "not a regular file");
	file = open_again();
	file_size = st.stx_size;
	blocks = file_size / opt.block + (file_size % opt.block != 0);
	if (opt.depth > blocks)
		opt.depth = blocks ? blocks : 1;
	if (opt.measure && !blocks)
		fail(1, "%s: an empty file: there is nothing to measure\n",
		     opt.path);
}

/* Zeroed, and aligned to a page, which is enough for O_DIRECT. */
static void *memory(unsigned long size)
{
	void *at = sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (failed(at))
		fail(1, "mmap of %lu bytes: %s: a smaller --depth or --block "
		     "needs less\n", size, errno_name((long)at));
	return at;
}

/* opt.depth slots, each with its buffer: one mapping. */
static struct slot *new_slots(void)
{
	unsigned long buffers = (unsigned long)opt.depth * opt.block;
	char *at = memory(buffers + opt.depth * sizeof(struct slot));
	struct slot *slots = (struct slot *)(at + buffers);

	for (unsigned i = 0; i < opt.depth; i++)
		slots[i].buf = at + (unsigned long)i * opt.block;
	return slots;
}

/* ---- the order of the blocks ---- */

/*
 * Returns which block is the i-th.  Multiplying by an odd number, adding, and
 * folding the high bits into the low ones each map the numbers below a power of
 * two to themselves, one to one; what falls beyond the last block goes round
 * again.  So each block comes up once, and no table of the blocks is needed.
 */
static unsigned long nth_block(unsigned long i)
{
	unsigned long mask = 1;
	unsigned bits = 1;

	if (!opt.random)
		return i;
	for (; mask < blocks - 1; bits++)
		mask = mask * 2 + 1;
	do
		for (int round = 0; round < 3; round++) {
			i = i * 0x9e3779b97f4a7c15 + opt.seed * 2654435761UL;
			i &= mask;
			i ^= i >> (bits / 2 + 1);
		}
	while (i >= blocks);
	return i;
}

/* --measure: is its time over?  It begins with block 0. */
static int over(unsigned long i)
{
	static int late;
	unsigned long from = __atomic_load_n(&started, __ATOMIC_RELAXED);

	if (!i)
		__atomic_store_n(&started, nanoseconds(), __ATOMIC_RELAXED);
	else if (i % 64 == 0 && from &&
		 nanoseconds() - from >= opt.measure * 1000000UL)
		__atomic_store_n(&late, 1, __ATOMIC_RELAXED);
	return __atomic_load_n(&late, __ATOMIC_RELAXED);
}

/* Give s its next block; 0 when none is left. */
static int next_block(struct slot *s)
{
	unsigned long i = __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);

	if (opt.measure && over(i))
		return 0;
	if (opt.measure && !opt.once)
		i %= blocks;
	if (i >= blocks)
		return 0;
	s->offset = nth_block(i) * opt.block;
	s->want = file_size - s->offset < opt.block ? file_size - s->offset
						    : opt.block;
	s->have = 0;
	return 1;
}

/* ---- what a read brought ---- */

static unsigned long mixed(unsigned long word, unsigned long place)
{
	unsigned __int128 product = (unsigned __int128)
		(word ^ 0x9e3779b97f4a7c15) * (place + 0xd6e8feb86659fd93);

	return (unsigned long)product ^ (unsigned long)(product >> 64);
}

/* The part of the checksum that n bytes at this offset make. */
static unsigned long checksum(const char *buf, unsigned n, unsigned long offset)
{
	unsigned long total = 0, word;
	unsigned at = 0;

	for (; at + 8 <= n; at += 8) {
		__builtin_memcpy(&word, buf + at, 8);
		total += mixed(word, offset + at);
	}
	if (at < n) {				/* the end of the file */
		word = 0;
		__builtin_memcpy(&word, buf + at, n - at);
		total += mixed(word, offset + at);
	}
	return total;
}

/*
 * A read of s by `call` returned n, or -errno.  Returns 1 when the block is
 * complete, 0 when its rest is still to be read: a file system may return less
 * than was asked for.  A read that returns 0 has found the end of the file.
 */
static int got(struct slot *s, const char *call, long n)
{
	if (n < 0)
		file_failed(call, n);
	if (n > s->want - s->have)		/* the file has grown */
		n = s->want - s->have;
	s->have += n;
	if (s->have < s->want) {
		if (!n || (opt.direct && n % SECTOR)) {
			last_words();
			fail(1, "%s %s: the file ends at %lu, but had %lu "
			     "bytes when it was opened\n", call,
			     opt.path, s->offset + s->have, file_size);
		}
		return 0;
	}
	if (!opt.measure)
		__atomic_fetch_add(&sum, checksum(s->buf, s->want, s->offset),
				   __ATOMIC_RELAXED);
	__atomic_fetch_add(&bytes, s->want, __ATOMIC_RELAXED);
	__atomic_fetch_add(&reads, 1, __ATOMIC_RELAXED);
	return 1;
}

static void report(void)
{
	long n = opt.measure ?
		 print(1, "bytes %lu  blocks %lu  nanoseconds %lu\n", bytes,
		       reads, nanoseconds() - started) :
		 print(1, "checksum %lx  bytes %lu  blocks %lu\n",
		       sum + mixed(bytes, ~7UL), bytes, reads);

	if (n < 0)
		fail(1, "write to stdout: %s\n", errno_name(n));
}

#endif
