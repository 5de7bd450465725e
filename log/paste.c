/* SPDX-License-Identifier: MIT */
/* paste.c - what other programs put around a log; see paste.h */
#include <stdlib.h>
#include "map.h"
#include "paste.h"

enum { LOOKED_AT = 60 };		/* lines that decide */

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct slice from(struct slice s, size_t n)
{
	return n < s.len ? (struct slice){ s.at + n, s.len - n }
			 : (struct slice){ s.at + s.len, 0 };
}

static struct slice without_blanks(struct slice s)
{
	while (s.len && (*s.at == ' ' || *s.at == '\t'))
		s = from(s, 1);
	return s;
}

/* ---- what each kind looks like: how many bytes it takes, or 0 ---- */

/* "  12  ", "12\t", "12:", "12. ", "12| " */
static size_t number_at(struct slice s, long *n)
{
	struct slice t = without_blanks(s);
	size_t i = 0;

	for (*n = 0; i < t.len && is_digit(t.at[i]) && i < 9; i++)
		*n = *n * 10 + t.at[i] - '0';
	if (!i || i >= t.len)
		return 0;
	t = from(t, i);
	if (*t.at == ':' || *t.at == '|' || *t.at == ')' ||
	    (*t.at == '.' && t.len > 1 && t.at[1] == ' '))
		return t.at + 1 - s.at;
	return *t.at == ' ' || *t.at == '\t' ? (size_t)(t.at - s.at) : 0;
}

/* "> ", "> > "; "| " is not one: strace's own dumps begin so */
static size_t quote_at(struct slice s)
{
	struct slice t = s;
	size_t n = 0;

	while (t.len && *t.at == '>' && (t.len == 1 || t.at[1] == ' ' ||
					 t.at[1] == '>')) {
		t = from(t, t.len > 1 && t.at[1] == ' ' ? 2 : 1);
		n = t.at - s.at;
	}
	return n;
}

/* "2026-11-28T19:08:44.123Z ", "2026-11-28 19:08:44,123 " */
static size_t stamp_at(struct slice s)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	size_t i;

	if (s.len < sizeof(shape))
		return 0;
	for (i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? !is_digit(s.at[i]) :
		    shape[i] == 'T' ? s.at[i] != 'T' && s.at[i] != ' '
				    : s.at[i] != shape[i])
			return 0;
	while (i < s.len && s.at[i] != ' ')
		i++;
	return i < s.len ? i + 1 : 0;
}

/* "Nov 28 19:08:44 host strace[123]: " */
static size_t journal_at(struct slice s)
{
	static const char shape[] = "aaa  d dd:dd:dd ";
	size_t i;

	if (s.len < sizeof(shape) + 4)
		return 0;
	for (i = 0; shape[i]; i++)
		if (shape[i] == 'a' ? !is_letter(s.at[i]) : shape[i] == 'd' ?
		    !is_digit(s.at[i]) : i == 4 ? s.at[i] != ' ' &&
		    !is_digit(s.at[i]) : s.at[i] != shape[i])
			return 0;
	for (; i + 1 < s.len; i++)
		if (s.at[i] == ':' && s.at[i + 1] == ' ')
			return i + 2;
	return 0;
}

/* "app-1  | " */
static size_t pipe_at(struct slice s)
{
	size_t i = 0;

	while (i < s.len && (is_letter(s.at[i]) || is_digit(s.at[i]) ||
			     s.at[i] == '-' || s.at[i] == '_'))
		i++;
	if (!i)
		return 0;
	while (i < s.len && s.at[i] == ' ')
		i++;
	return i + 1 < s.len && s.at[i] == '|' && s.at[i + 1] == ' ' ? i + 2
								     : 0;
}

/* ---- deciding ---- */

static int next_line(struct slice *text, struct slice *line)
{
	const char *end = text->len ? memchr(text->at, '\n', text->len) : NULL;

	if (!text->len)
		return 0;
	*line = end ? slice_of(text->at, end) : *text;
	*text = from(*text, line->len + 1);
	return 1;
}

static int is_html(struct slice text)
{
	return slice_find(text, "&lt;unfinished ...") ||
	       slice_find(text, " resumed&gt;") ||
	       slice_find(text, "-&gt;127.") || slice_find(text, " = 0 &lt;") ||
	       (slice_find(text, "&quot;") && !memchr(text.at, '"', text.len));
}

/* Are at least nine of ten lines so? */
static int most(unsigned n, unsigned lines)
{
	return n && n * 10 >= lines * 9;
}

void paste_look(struct paste *p, struct slice text)
{
	unsigned lines = 0, quotes = 0, stamps = 0, journals = 0, pipes = 0;
	unsigned numbers = 0, follow = 0;
	struct slice rest = text, line;
	long n, last = 0;

	if (!text.len)
		return;
	p->html = is_html(text);
	while (lines < LOOKED_AT && next_line(&rest, &line)) {
		struct slice bare = without_blanks(line);

		if (!bare.len || *bare.at == '\r')
			continue;
		lines++;
		quotes += quote_at(bare) > 0;
		stamps += stamp_at(bare) > 0;
		journals += journal_at(bare) > 0;
		pipes += pipe_at(bare) > 0;
		if (!number_at(line, &n))
			continue;
		/* (grep -n leaves lines out, but it never goes back.) */
		follow += n == last + 1 || (numbers && n > last &&
					    slice_find(line, ":"));
		numbers += !numbers || n == last + 1 || n > last;
		last = n;
	}
	p->quoted = most(quotes, lines);
	p->stamped = most(stamps, lines);
	p->journal = most(journals, lines);
	p->piped = most(pipes, lines);
	p->numbered = lines > 1 && most(numbers, lines) &&
		      most(follow + 1, lines) && follow;
	p->any = p->quoted || p->stamped || p->journal || p->piped ||
		 p->numbered || p->html;
}

/* ---- taking away ---- */

static struct slice decoded(struct paste *p, struct slice s)
{
	static const struct { const char *name; char is; } entities[] = {
		{ "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' },
		{ "&quot;", '"' }, { "&#39;", '\'' }, { "&#34;", '"' },
		{ "&nbsp;", ' ' }, { "&apos;", '\'' },
	};
	char *to;

	if (!memchr(s.at, '&', s.len))
		return s;
	if (s.len > p->plain_size) {
		p->plain_size = s.len * 2;
		free(p->plain);
		p->plain = need(malloc(p->plain_size));
	}
	for (to = p->plain; s.len; to++) {
		unsigned i = 0, n = sizeof(entities) / sizeof(*entities);

		for (; *s.at == '&' && i < n; i++)
			if (slice_starts(s, entities[i].name))
				break;
		if (*s.at != '&' || i == n) {
			*to = *s.at;
			s = from(s, 1);
		} else {
			*to = entities[i].is;
			s = from(s, strlen(entities[i].name));
		}
	}
	return slice_of(p->plain, to);
}

struct slice paste_strip(struct paste *p, struct slice line)
{
	long n;

	if (!p->any)
		return line;
	if (p->html)
		line = decoded(p, line);
	if (p->quoted || p->journal || p->stamped || p->piped)
		line = without_blanks(line);
	if (p->quoted)
		line = from(line, quote_at(line));
	if (p->piped)
		line = from(line, pipe_at(line));
	if (p->stamped)
		line = from(line, stamp_at(line));
	if (p->journal)
		line = from(line, journal_at(line));
	if (p->numbered)
		line = without_blanks(from(line, number_at(line, &n)));
	return line;
}

void paste_free(struct paste *p)
{
	free(p->plain);
	p->plain = NULL;
}

/* ---- logs of others ---- */

/* "= 3 (0x3)": truss writes each result twice. */
static int is_truss(struct slice s)
{
	const char *p = slice_find(s, " ERR#");

	if (p)
		return is_digit(p[5]);
	p = slice_find(s, "= ");
	if (!p || !slice_ends(s, ")"))
		return 0;
	s = slice_of(p + 2, s.at + s.len);
	p = slice_find(s, " (0x");
	return p && p > s.at && is_digit(p[-1]) && memchr(s.at, ')', s.len) ==
	       s.at + s.len - 1;
}

/* "   0.012 ( 0.003 ms): ls/123 openat(..." */
static int is_perf_trace(struct slice s)
{
	const char *p = slice_find(s, " ms): ");

	return p && memchr(s.at, '(', p - s.at) &&
	       memchr(p, '/', s.at + s.len - p);
}

/* "  1234 ls       CALL  read(0x3,0x7f,0x400)" */
static int is_kdump(struct slice s)
{
	return slice_find(s, " CALL  ") || slice_find(s, " RET   ");
}

static int is_dtruss(struct slice s)
{
	return slice_find(s, "\t\t = ") || slice_starts(s, "SYSCALL(args)");
}

static int is_ltrace(struct slice s)
{
	return slice_starts(s, "__libc_start_main(") ||
	       slice_starts(s, "+++ exited (status ") ||
	       slice_starts(s, "malloc(") || slice_find(s, "->strlen(");
}

const char *paste_tracer(struct slice text)
{
	static const struct {
		const char *name;
		int (*is)(struct slice line);
	} tracers[] = {
		{ "dtruss", is_dtruss }, { "truss", is_truss },
		{ "ktrace (kdump)", is_kdump }, { "perf trace", is_perf_trace },
		{ "ltrace", is_ltrace },
	};
	enum { TRACERS = sizeof(tracers) / sizeof(*tracers) };
	unsigned votes[TRACERS] = { 0 }, lines = 0;
	struct slice line;

	while (lines < LOOKED_AT && next_line(&text, &line)) {
		if (slice_ends(line, "\r"))
			line.len--;
		if (!line.len)
			continue;
		lines++;
		for (unsigned i = 0; i < TRACERS; i++)
			votes[i] += !!tracers[i].is(line);
	}
	for (unsigned i = 0; i < TRACERS; i++)
		if (votes[i] && votes[i] * (i == 4 ? 8 : 3) >= lines)
			return tracers[i].name;
	return NULL;
}
