/* SPDX-License-Identifier: MIT */
/*
 * slice.h - a piece of a text that somebody else owns
 *
 * The reader copies no text that it can point at: a log of gigabytes is
 * mostly text that nobody asks about.
 */
#ifndef IOMODELS_SLICE_H
#define IOMODELS_SLICE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *at;
	size_t len;
};

#define SLICE(text) ((struct slice){ (text), sizeof(text) - 1 })

static inline struct slice slice_of(const char *from, const char *to)
{
	return (struct slice){ from, to > from ? to - from : 0 };
}

/*
 * memcmp(a, b, n) == 0 for the few letters of a name, which a call of memcmp
 * takes longer than to compare.
 */
static inline int same_text(const char *a, const char *b, size_t n)
{
	uint64_t x, y;
	uint32_t v, w;

	if (n < sizeof(v)) {
		while (n && a[n - 1] == b[n - 1])
			n--;
		return !n;
	}
	if (n < sizeof(x)) {
		memcpy(&v, a, sizeof(v));
		memcpy(&w, b, sizeof(w));
		if (v != w)
			return 0;
		memcpy(&v, a + n - sizeof(v), sizeof(v));
		memcpy(&w, b + n - sizeof(w), sizeof(w));
		return v == w;
	}
	for (size_t i = 0; i + sizeof(x) < n; i += sizeof(x)) {
		memcpy(&x, a + i, sizeof(x));
		memcpy(&y, b + i, sizeof(y));
		if (x != y)
			return 0;
	}
	memcpy(&x, a + n - sizeof(x), sizeof(x));
	memcpy(&y, b + n - sizeof(y), sizeof(y));
	return x == y;
}

/* (Most differ in their first letter: how long text is does not matter then.) */
static inline int slice_is(struct slice s, const char *text)
{
	if (!s.len || *s.at != *text)
		return !s.len && !*text;
	return s.len == strlen(text) && !memcmp(s.at, text, s.len);
}

static inline int slice_starts(struct slice s, const char *text)
{
	size_t len;

	if (!s.len || *s.at != *text)
		return !*text;
	len = strlen(text);
	return s.len >= len && !memcmp(s.at, text, len);
}

static inline int slice_ends(struct slice s, const char *text)
{
	size_t len = strlen(text);

	return s.len >= len && !memcmp(s.at + s.len - len, text, len);
}

/*
 * memmem for the short texts of a line, in which memmem takes longer to prepare
 * than to search.  len is not 0.
 */
const char *slice_search(struct slice s, const char *text, size_t len);

/* Where text begins in s, or NULL. */
static inline const char *slice_find(struct slice s, const char *text)
{
	if (strlen(text) == 1)
		return s.len ? memchr(s.at, *text, s.len) : NULL;
	return slice_search(s, text, strlen(text));
}

/* A copy with a final NUL, as snprintf with %.*s makes it. */
static inline void slice_copy(struct slice s, char *to, size_t size)
{
	if (s.len > size - 1)
		s.len = size - 1;
	memcpy(to, s.at, s.len);
	to[s.len] = 0;
}

/*
 * Appends s to the text of len letters, as far as size allows: its new length.
 * (Lines that fail often are described by this: snprintf takes ten times as long.)
 */
static inline size_t slice_add(struct slice s, char *to, size_t size, size_t len)
{
	slice_copy(s, to + len, size - len);
	return len + (s.len < size - len ? s.len : size - len - 1);
}

static inline size_t text_append(const char *text, char *to, size_t size,
				 size_t len)
{
	return slice_add((struct slice){ text, strlen(text) }, to, size, len);
}

/* What follows the first text in s; empty when s does not hold it. */
static inline struct slice slice_after(struct slice s, const char *text)
{
	const char *p = slice_find(s, text);

	return p ? slice_of(p + strlen(text), s.at + s.len)
		 : (struct slice){ s.at + s.len, 0 };
}

/* From start to a quote: "/etc/x" of openat(AT_FDCWD, "/etc/x", ...). */
static inline struct slice slice_quoted(struct slice s, const char *start)
{
	struct slice rest = slice_after(s, start);
	const char *end = rest.len ? memchr(rest.at, '"', rest.len) : NULL;

	return end ? slice_of(rest.at, end) : (struct slice){ s.at, 0 };
}

/* Appends n in decimal to the text of len letters: at most 20 more and a NUL. */
static inline size_t put_number(char *text, size_t len, unsigned long n)
{
	size_t digits = 1;

	for (unsigned long rest = n; rest >= 10; rest /= 10)
		digits++;
	text[len + digits] = 0;
	for (size_t i = digits; i--; n /= 10)
		text[len + i] = '0' + n % 10;
	return len + digits;
}

static inline struct slice slice_trim(struct slice s)
{
	while (s.len && (*s.at == ' ' || *s.at == '\t'))
		s.at++, s.len--;
	while (s.len && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/*
 * The number at the start of s as strace writes it: decimal, 0x hexadecimal
 * or 0 octal, perhaps negative.  Saturates.  *end is where it stops; s.at
 * when there is none.  0 then.
 */
long long slice_number_of(struct slice s, const char **end);

static inline long long slice_number(struct slice s, const char **end)
{
	const char *p = s.at, *stop = s.len > 18 ? p + 18 : p + s.len;
	long long n = 0;

	/* Most are short and decimal; "0", "0x5", "-1" and the rest are not. */
	if (!s.len || *p < '1' || *p > '9')
		return slice_number_of(s, end);
	for (; p < stop && *p >= '0' && *p <= '9'; p++)
		n = n * 10 + *p - '0';
	if (p == s.at + 18)
		return slice_number_of(s, end);
	if (end)
		*end = p;
	return n;
}

#endif
