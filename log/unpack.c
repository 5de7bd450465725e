/* SPDX-License-Identifier: MIT */
/* unpack.c - a compressed log; see unpack.h */
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "map.h"
#include "unpack.h"

/*
 * The structures that the three libraries work on.  They are part of their
 * binary interfaces, which have not changed for many years; the headers need
 * not be installed.
 */
struct z_stream {
	const unsigned char *next_in;
	unsigned avail_in;
	unsigned long total_in;
	unsigned char *next_out;
	unsigned avail_out;
	unsigned long total_out;
	const char *msg;
	void *state, *zalloc, *zfree, *opaque;
	int data_type;
	unsigned long adler, reserved;
};

struct lzma_stream {
	const uint8_t *next_in;
	size_t avail_in;
	uint64_t total_in;
	uint8_t *next_out;
	size_t avail_out;
	uint64_t total_out;
	const void *allocator;
	void *internal, *pointer[4];
	uint64_t seek_pos, number;
	size_t size[2];
	int state[2];
};

struct zstd_buffer {
	void *at;
	size_t size, pos;
};

enum packing { GZIP, XZ, ZSTD };

struct unpack {
	enum packing packing;
	int fd, ended;			/* ended: the file has no more bytes */
	void *library;
	struct z_stream z;
	struct lzma_stream x;
	void *zstd;
	int (*inflate)(struct z_stream *s, int flush);
	int (*inflate_reset)(struct z_stream *s);
	int (*code)(struct lzma_stream *s, int action);
	size_t (*decompress)(void *s, struct zstd_buffer *out,
			     struct zstd_buffer *in);
	unsigned (*is_error)(size_t code);
	char in[READ_BYTES];
	size_t from, to;
};

static const struct {
	const char *library, *absent, *magic;
	size_t n;
} packings[] = {
	[GZIP] = { "libz.so.1", "the log is compressed by gzip, and libz.so.1 "
		   "is not installed: use zcat FILE | iomodels explain",
		   "\x1f\x8b", 2 },
	[XZ] = { "liblzma.so.5", "the log is compressed by xz, and "
		 "liblzma.so.5 is not installed: use xzcat FILE | iomodels "
		 "explain",
		 "\xfd" "7zXZ\0", 6 },
	[ZSTD] = { "libzstd.so.1", "the log is compressed by zstd, and "
		   "libzstd.so.1 is not installed: use zstdcat FILE | iomodels "
		   "explain",
		   "\x28\xb5\x2f\xfd", 4 },
};

static int start_gzip(struct unpack *u)
{
	int (*init)(struct z_stream *s, int bits, const char *version,
		    int size) = dlsym(u->library, "inflateInit2_");
	const char *(*version)(void) = dlsym(u->library, "zlibVersion");

	u->inflate = dlsym(u->library, "inflate");
	u->inflate_reset = dlsym(u->library, "inflateReset");
	return init && version && u->inflate && u->inflate_reset &&
	       !init(&u->z, 15 + 16, version(), sizeof(u->z));
}

static int start_xz(struct unpack *u)
{
	enum { CONCATENATED = 8 };
	int (*init)(struct lzma_stream *s, uint64_t memory, uint32_t flags) =
		dlsym(u->library, "lzma_stream_decoder");

	u->code = dlsym(u->library, "lzma_code");
	return init && u->code && !init(&u->x, UINT64_MAX, CONCATENATED);
}

static int start_zstd(struct unpack *u)
{
	void *(*create)(void) = dlsym(u->library, "ZSTD_createDStream");

	u->decompress = dlsym(u->library, "ZSTD_decompressStream");
	u->is_error = dlsym(u->library, "ZSTD_isError");
	if (create && u->decompress && u->is_error)
		u->zstd = create();
	return !!u->zstd;
}

struct unpack *unpack_open(int fd, const char *head, size_t n,
			   const char **why)
{
	static int (*const start[])(struct unpack *u) = {
		start_gzip, start_xz, start_zstd,
	};
	struct unpack *u;
	int p;

	for (p = 0; p < 3; p++)
		if (n >= packings[p].n && !memcmp(head, packings[p].magic,
						  packings[p].n))
			break;
	if (p == 3 || n > READ_BYTES)
		return NULL;
	u = need(calloc(1, sizeof(*u)));
	u->packing = p;
	u->fd = fd;
	u->to = n;
	memcpy(u->in, head, n);
	u->library = dlopen(packings[p].library, RTLD_NOW | RTLD_LOCAL);
	if (u->library && start[p](u))
		return u;
	*why = packings[p].absent;
	unpack_close(u);
	return NULL;
}

static int more(struct unpack *u)
{
	ssize_t n;

	if (u->from < u->to)
		return 1;
	if (u->ended)
		return 0;
	do
		n = read(u->fd, u->in, sizeof(u->in));
	while (n < 0 && errno == EINTR);
	u->from = 0;
	u->to = n > 0 ? n : 0;
	u->ended = n <= 0;
	return n > 0;
}

/* One step of the library: bytes made; -1 for damage, -2 for the very end. */
static ssize_t step_gzip(struct unpack *u, char *to, size_t n)
{
	int rc;

	u->z.next_in = (unsigned char *)u->in + u->from;
	u->z.avail_in = u->to - u->from;
	u->z.next_out = (unsigned char *)to;
	u->z.avail_out = n;
	rc = u->inflate(&u->z, 0);
	u->from = u->to - u->z.avail_in;
	if (rc == 1)				/* Z_STREAM_END; one may follow */
		u->inflate_reset(&u->z);
	else if (rc && rc != -5)		/* Z_BUF_ERROR: it needs more */
		return -1;
	return n - u->z.avail_out;
}

static ssize_t step_xz(struct unpack *u, char *to, size_t n)
{
	enum { RUN = 0, FINISH = 3 };
	int rc;

	u->x.next_in = (uint8_t *)u->in + u->from;
	u->x.avail_in = u->to - u->from;
	u->x.next_out = (uint8_t *)to;
	u->x.avail_out = n;
	rc = u->code(&u->x, u->ended ? FINISH : RUN);
	u->from = u->to - u->x.avail_in;
	if (rc > 1 && rc != 10)			/* LZMA_BUF_ERROR */
		return -1;
	return n - u->x.avail_out;
}

static ssize_t step_zstd(struct unpack *u, char *to, size_t n)
{
	struct zstd_buffer in = { u->in, u->to, u->from }, out = { to, n, 0 };
	size_t rc = u->decompress(u->zstd, &out, &in);

	u->from = in.pos;
	return u->is_error(rc) ? -1 : (ssize_t)out.pos;
}

ssize_t unpack_read(struct unpack *u, char *to, size_t n, const char **why)
{
	static ssize_t (*const step[])(struct unpack *u, char *to, size_t n) = {
		step_gzip, step_xz, step_zstd,
	};

	for (;;) {
		int last = !more(u);
		ssize_t got = last && u->packing != XZ ? 0
				: step[u->packing](u, to, n);

		if (got < 0)
			*why = "the compressed log is damaged";
		if (got || last)
			return got;
	}
}

void unpack_close(struct unpack *u)
{
	int (*end)(struct z_stream *s);
	void (*end_xz)(struct lzma_stream *s);
	size_t (*end_zstd)(void *s);

	if (!u)
		return;
	if (u->inflate && (end = dlsym(u->library, "inflateEnd")))
		end(&u->z);
	if (u->code && (end_xz = dlsym(u->library, "lzma_end")))
		end_xz(&u->x);
	if (u->zstd && (end_zstd = dlsym(u->library, "ZSTD_freeDStream")))
		end_zstd(u->zstd);
	if (u->library)
		dlclose(u->library);
	free(u);
}
