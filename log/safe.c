/* SPDX-License-Identifier: MIT */
/* safe.c - text of a log on its way to a terminal; see safe.h */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "map.h"
#include "safe.h"

struct safe {
	FILE *out;
	int colour;
	int at_once;			/* out keeps nothing back */
	unsigned char held[8];		/* the start of a character */
	size_t n_held;
};

int safe_character(unsigned long c)
{
	if (c == '\n' || c == '\t')
		return 1;
	return c >= 0x20 && (c < 0x7f || c > 0x9f) &&	/* C0, DEL, C1 */
	       c != 0xad && c != 0x61c && c != 0x180e &&
	       (c < 0x200b || c > 0x200f) &&	/* no width; LRM, RLM */
	       (c < 0x2028 || c > 0x202e) &&	/* separators, LRE to RLO */
	       (c < 0x2060 || c > 0x206f) && c != 0xfeff &&
	       (c < 0xfff9 || c > 0xfffb) &&	/* interlinear marks */
	       (c < 0xe0000 || c > 0xe0fff);	/* tags */
}

int safe_utf8(const unsigned char *p, size_t n, unsigned long *c)
{
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 :
		  *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

	*c = len < 2 ? *p : *p & (0x7f >> len);
	for (int i = 1; i < len; i++) {
		if ((size_t)i >= n)
			return -1;
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return len;
}

/* "ESC [ 1 m" of ours: its length; 0: something else; -1: cut off. */
static int own_colour(const unsigned char *p, size_t n)
{
	static const char *const ours[] = {
		"\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[32m",
		"\033[33m", "\033[35m", "\033[36m",
	};

	for (unsigned i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		size_t len = strlen(ours[i]);

		if (n >= len && !memcmp(p, ours[i], len))
			return len;
		if (n < len && !memcmp(p, ours[i], n))
			return -1;
	}
	return 0;
}

/* As much of the bytes as is whole goes out; returns how much that was. */
static size_t put(struct safe *s, const unsigned char *p, size_t n)
{
	const unsigned char *from = p, *end = p + n;
	unsigned long c;

	while (p < end) {
		int len = *p == '\033' && s->colour ? own_colour(p, end - p)
						    : 0;

		if (len <= 0 && len != -1)
			len = safe_utf8(p, end - p, &c);
		else
			c = ' ';
		if (len < 0)
			break;
		if (len && safe_character(c))
			fwrite(p, 1, len, s->out);
		else
			fputc('?', s->out);
		p += len ? len : 1;
	}
	return p - from;
}

static ssize_t safe_write(void *cookie, const char *at, size_t n)
{
	struct safe *s = cookie;
	size_t used = 0;

	/* A character that the last write left unfinished comes first. */
	while (s->n_held && used < n) {
		size_t done;

		s->held[s->n_held++] = at[used++];
		done = put(s, s->held, s->n_held);
		memmove(s->held, s->held + done, s->n_held - done);
		s->n_held -= done;
	}
	used += put(s, (const unsigned char *)at + used, n - used);
	if (n - used < sizeof(s->held) - s->n_held) {
		memcpy(s->held + s->n_held, at + used, n - used);
		s->n_held += n - used;
	}
	if (s->at_once)
		fflush(s->out);
	return n;			/* the owner of out sees its error */
}

static int safe_close(void *cookie)
{
	struct safe *s = cookie;

	for (size_t i = 0; i < s->n_held; i++)
		fputc('?', s->out);
	free(s);
	return 0;
}

static FILE *stream(FILE *out, int colour, int at_once)
{
	static const cookie_io_functions_t functions = {
		.write = safe_write, .close = safe_close,
	};
	struct safe *s = need(calloc(1, sizeof(*s)));

	s->out = out;
	s->colour = colour;
	s->at_once = at_once;
	return need(fopencookie(s, "w", functions));
}

FILE *safe_stream(FILE *out, int colour)
{
	return stream(out, colour, 0);
}

void safe_stderr(void)
{
	FILE *out = isatty(2) ? fdopen(2, "w") : NULL;

	if (!out)
		return;
	/* Each message is one write, as it was, and a child inherits none. */
	stderr = stream(out, 1, 1);
	setvbuf(stderr, NULL, _IONBF, 0);
}

const char *safe_text(const char *text, char *to, size_t size)
{
	const unsigned char *p = (const void *)text;
	size_t left = strlen(text), n = 0;
	unsigned long c;

	while (left && n + 5 < size) {
		int len = safe_utf8(p, left, &c);

		if (len > 0 && safe_character(c) && c != '\n') {
			memcpy(to + n, p, len);
			n += len;
		} else {
			to[n++] = '?';
		}
		p += len > 0 ? len : 1;
		left -= len > 0 ? len : 1;
	}
	to[n] = 0;
	return to;
}
