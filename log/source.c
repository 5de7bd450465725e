/* SPDX-License-Identifier: MIT */
/* source.c - the lines of a file or a pipe; see source.h */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "map.h"
#include "source.h"

enum {
	BLOCK = 1 << 20,	/* bytes a read asks for */
	LINE_MAX_BYTES = 64 << 20,	/* beyond it is no line of strace */
};

/* "log.4711" was written by -ff; a plain "trace.strace" was not. */
static long pid_of(const char *path)
{
	const char *dot = strrchr(path, '.'), *end;
	long pid;

	if (!dot || !dot[1])
		return 0;
	pid = slice_number((struct slice){ dot + 1, strlen(dot + 1) }, &end);
	return *end || pid <= 0 ? 0 : pid;
}

int source_open(struct source *s, const char *path)
{
	struct stat st;

	*s = (struct source){ .path = path };
	s->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : 0;
	if (s->fd < 0)
		return -errno;
	if (!fstat(s->fd, &st) && S_ISDIR(st.st_mode)) {
		source_close(s);
		return -EISDIR;
	}
	s->pid = s->fd ? pid_of(path) : 0;
	s->size = 2 * BLOCK;
	s->buf = need(malloc(s->size));
	return 0;
}

/* A whole block is searched at once: that is cheap, line by line is not. */
static void look(struct source *s, const char *at, size_t n)
{
	const char *nul = memchr(at, 0, n);

	if (!s->colour && memchr(at, '\033', n))
		s->colour = 1;
	if (nul) {
		s->to = nul - s->buf;
		s->ended = 1;
		s->error = "a NUL byte: this is no text that strace wrote";
	}
}

/* More bytes into the buffer.  0 when there are none. */
static int fill(struct source *s)
{
	ssize_t n;

	if (s->ended)
		return 0;
	if (s->from) {
		memmove(s->buf, s->buf + s->from, s->to - s->from);
		s->to -= s->from;
		s->from = 0;
	}
	if (s->size - s->to < BLOCK) {
		if (s->size >= LINE_MAX_BYTES) {
			s->error = "a line beyond 64 MiB: this is no strace log";
			s->ended = 1;
			s->to = 0;
			return 0;
		}
		s->size *= 2;
		s->buf = need(realloc(s->buf, s->size));
	}
	do
		n = read(s->fd, s->buf + s->to, BLOCK);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		s->ended = 1;
		if (n < 0)
			s->error = strerror(errno);
		return 0;
	}
	s->bytes += n;
	s->to += n;
	look(s, s->buf + s->to - n, n);
	return 1;
}

/* --color puts SGR sequences anywhere: "ESC [ 1 ; 32 m". */
static struct slice without_colour(struct source *s, struct slice line)
{
	const char *p = line.at, *end = p + line.len;
	char *to;

	if (line.len > s->plain_size) {
		s->plain_size = line.len * 2;
		free(s->plain);
		s->plain = need(malloc(s->plain_size));
	}
	for (to = s->plain; p < end; p++) {
		if (*p != '\033' || p + 1 >= end || p[1] != '[') {
			*to++ = *p;
			continue;
		}
		for (p += 2; p < end && (*p < '@' || *p > '~'); p++)
			;
	}
	return slice_of(s->plain, to);
}

int source_line(struct source *s, struct slice *line)
{
	size_t seen = 0;
	const char *end;

	while (!(end = memchr(s->buf + s->from + seen, '\n',
			      s->to - s->from - seen))) {
		seen = s->to - s->from;
		if (fill(s))
			continue;
		if (s->from == s->to)
			return 0;
		end = s->buf + s->to;		/* a last line without end */
		s->cut = 1;
		break;
	}
	*line = slice_of(s->buf + s->from, end);
	s->from = end - s->buf + !s->cut;
	s->number++;
	if (s->colour && line->len && memchr(line->at, '\033', line->len))
		*line = without_colour(s, *line);
	return 1;
}

void source_close(struct source *s)
{
	if (s->fd > 0)
		close(s->fd);
	free(s->buf);
	free(s->plain);
	s->buf = s->plain = NULL;
}
