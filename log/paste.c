/* SPDX-License-Identifier: MIT */
/* paste.c - what other programs put around a log; see paste.h */
#include <stdio.h>
#include <stdlib.h>
#include "call.h"
#include "line.h"
#include "map.h"
#include "paste.h"

enum {
	LOOKED_AT = 60,			/* lines that decide */
	CONSTANT_MIN = 3,		/* lines that begin alike */
};

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

/* d: a digit, a: a letter; all others are themselves. */
static int has_shape(struct slice s, const char *shape)
{
	if (s.len < strlen(shape))
		return 0;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? !is_digit(s.at[i]) :
		    shape[i] == 'a' ? !is_letter(s.at[i])
				    : s.at[i] != shape[i])
			return 0;
	return 1;
}

/* The first n words and the blank behind each; 0: there are fewer. */
static size_t words_at(struct slice s, int n)
{
	size_t i = 0;

	for (; n; n--) {
		while (i < s.len && s.at[i] != ' ')
			i++;
		if (i++ >= s.len)
			return 0;
	}
	return i;
}

/* ---- what each kind looks like: how many bytes it takes, or 0 ---- */

/* "  12  ", "12\t", "12:", "12. ", "12| ", "L12: ", "12-" of grep -C */
static size_t number_at(struct slice s, long *n)
{
	struct slice t = without_blanks(s);
	size_t i = 0;

	if (t.len > 1 && *t.at == 'L' && is_digit(t.at[1]))
		t = from(t, 1);
	for (*n = 0; i < t.len && is_digit(t.at[i]) && i < 9; i++)
		*n = *n * 10 + t.at[i] - '0';
	if (!i || i >= t.len)
		return 0;
	t = from(t, i);
	if (*t.at == ':' || *t.at == '|' || *t.at == ')' || *t.at == '-' ||
	    *t.at == '\t' || (*t.at == '.' && t.len > 1 && t.at[1] == ' '))
		return t.at + 1 - s.at;
	if (*t.at != ' ')
		return 0;
	i = t.at - s.at;
	t = without_blanks(t);
	return slice_starts(t, "\u2502") ? (size_t)(t.at + 3 - s.at) : i;
}

static size_t any_number_at(struct slice s)
{
	long n;

	return number_at(s, &n);
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

/*
 * "# ", "| " before what strace writes.  (A comment of a capture is not a call,
 * and a dump of -e read= has five digits and two blanks.)
 */
static size_t mark_at(struct slice s)
{
	struct slice t = from(s, 2);
	size_t i = 0;

	if ((!slice_starts(s, "# ") && !slice_starts(s, "| ")) || !t.len ||
	    (has_shape(t, "ddddd ") && t.len > 6 && t.at[6] == ' '))
		return 0;
	if (slice_starts(t, "[pid") || slice_starts(t, "<...") ||
	    slice_starts(t, "--- ") || slice_starts(t, "+++ ") || is_digit(*t.at))
		return 2;
	while (i < t.len && (is_letter(t.at[i]) || is_digit(t.at[i]) ||
			     t.at[i] == '_'))
		i++;
	return i && i < t.len && t.at[i] == '(' ? 2 : 0;
}

/* "+" of a diff, "- ", "* " of a list; "+++ exited" and "--- SIG" are not */
static size_t bullet_at(struct slice s)
{
	if (slice_starts(s, "+"))
		return !slice_starts(s, "+++ ");
	if (mark_at(s))
		return mark_at(s);
	return slice_starts(s, "- ") || slice_starts(s, "* ") ? 2 : 0;
}

/* "2026-11-28T19:08:44.123Z ", "[2026-11-28 19:08:44,123] " */
static size_t stamp_at(struct slice s)
{
	int bracket = slice_starts(s, "[");
	struct slice t = from(s, bracket);
	size_t i = 19;

	if (!has_shape(t, "dddd-dd-ddTdd:dd:dd") &&
	    !has_shape(t, "dddd-dd-dd dd:dd:dd"))
		return 0;
	while (i < t.len && t.at[i] != ' ')
		i++;
	if (i >= t.len || (bracket && t.at[i - 1] != ']'))
		return 0;
	return i + 1 + bracket;
}

/* "Nov 28 19:08:44 ", "Nov  8 19:08:44.123 " */
static size_t month_at(struct slice s)
{
	size_t i = 15;

	if (!has_shape(s, "aaa dd dd:dd:dd") &&
	    !has_shape(s, "aaa  d dd:dd:dd"))
		return 0;
	while (i < s.len && (is_digit(s.at[i]) || s.at[i] == '.'))
		i++;
	return i < s.len && s.at[i] == ' ' ? i + 1 : 0;
}

/* Behind a time: "host strace[123]: ", "strace[123]: " */
static size_t tag_at(struct slice s)
{
	size_t n = 0;

	for (int i = 1; i <= 2; i++) {
		size_t start = n;

		n = words_at(s, i);
		if (!n || memchr(s.at + start, '(', n - start) ||
		    memchr(s.at + start, '"', n - start))
			return 0;
		if (n > 2 && s.at[n - 2] == ':')
			return n;
	}
	return 0;
}

/* "<13>1 2026-11-28T19:08:44.1Z host app 123 - - " (RFC 5424) */
static size_t syslog_at(struct slice s)
{
	const char *p = slice_starts(s, "<") ? memchr(s.at, ' ', s.len) : NULL;
	struct slice rest;
	size_t n;

	if (!p || p - s.at < 4 || !is_digit(s.at[1]) || !is_digit(p[-1]) ||
	    p[-2] != '>')
		return 0;
	rest = from(s, p + 1 - s.at);
	n = stamp_at(rest);
	rest = from(rest, n);
	return n && words_at(rest, 5) ? rest.at - s.at + words_at(rest, 5) : 0;
}

/* The digits and points from i on, and blanks before them; where they end. */
static size_t digits_at(struct slice s, size_t i)
{
	while (i < s.len && s.at[i] == ' ')
		i++;
	while (i < s.len && (is_digit(s.at[i]) || s.at[i] == '.'))
		i++;
	return i;
}

/* "[    1.690074] strace[733]: " of the kernel's log */
static size_t kernel_at(struct slice s)
{
	size_t i = digits_at(s, 1), n;
	struct slice tag;

	if (!slice_starts(s, "[") || i + 2 >= s.len || s.at[i] != ']' ||
	    !memchr(s.at, '.', i))
		return 0;
	tag = from(s, i + 2);
	n = words_at(tag, 1);
	return n > 3 && tag.at[n - 2] == ':' && tag.at[n - 3] == ']' ? i + 2 + n
								   : 0;
}

/*
 * "I1130 12:00:00.123456   771 main.go:50] " of Kubernetes' programs,
 * "11-30 12:00:00.123  771  771 I tag: " of Android
 */
static size_t logger_at(struct slice s)
{
	size_t i, end;
	struct slice rest;

	if (has_shape(s, "adddd dd:dd:dd.")) {
		i = digits_at(s, digits_at(s, 15));
		rest = from(s, i);
		end = rest.len > 1 ? 1 + words_at(from(rest, 1), 1) : 0;
		return end > 2 && rest.at[end - 2] == ']' ? i + end : 0;
	}
	if (!has_shape(s, "dd-dd dd:dd:dd."))
		return kernel_at(s);
	i = digits_at(s, digits_at(s, digits_at(s, 15)));
	if (i + 3 >= s.len || s.at[i] != ' ' || !is_letter(s.at[i + 1]) ||
	    s.at[i + 2] != ' ')
		return 0;
	rest = from(s, i + 3);
	end = words_at(rest, 1);
	if (end > 1 && rest.at[end - 2] != ':' &&
	    slice_starts(from(rest, end), ": "))
		end += 2;			/* "tag : " */
	return end > 2 && (rest.at[end - 2] == ':') ? i + 3 + end : 0;
}

/* Behind a time: "stderr F " of a container's log; P: the line goes on. */
static size_t stream_at(struct slice s)
{
	size_t n = slice_starts(s, "stdout ") || slice_starts(s, "stderr ") ? 9
									 : 0;

	return n && s.len >= n && (s.at[7] == 'F' || s.at[7] == 'P') &&
	       s.at[8] == ' ' ? n : 0;
}

/* "[pod/web-1/app] " of kubectl logs --prefix */
static size_t pod_at(struct slice s)
{
	const char *end = slice_starts(s, "[") ? memchr(s.at, ']', s.len) : NULL;
	struct slice in = slice_of(s.at, end ? end : s.at);

	if (!in.len || memchr(in.at, ' ', in.len) || !memchr(in.at, '/', in.len))
		return 0;
	return from(s, in.len + 1).len && end[1] == ' ' ? in.len + 2 : 0;
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

/* "00:00:01 " of ts, before a pid or a time; strace writes the pid first. */
static size_t time_at(struct slice s)
{
	size_t i = 8, blanks;
	struct slice rest;

	if (!has_shape(s, "dd:dd:dd"))
		return 0;
	while (i < s.len && (is_digit(s.at[i]) || s.at[i] == '.'))
		i++;
	rest = from(s, i);
	blanks = without_blanks(rest).at - rest.at;
	rest = from(rest, blanks);
	return blanks && rest.len && (is_digit(*rest.at) ||
	       slice_starts(rest, "[pid ")) ? i + blanks : 0;
}

/*
 * level=debug msg="read(3, ...)" app=web: where the text begins; MESSAGE= of
 * journalctl -o export
 */
static size_t logfmt_at(struct slice s)
{
	const char *p = slice_find(s, " msg=\"");
	size_t i = 0;

	if (slice_starts(s, "MESSAGE="))
		return sizeof("MESSAGE=") - 1;

	while (i < s.len && is_letter(s.at[i]))
		i++;
	return p && i && s.at[i] == '=' ? (size_t)(p + 6 - s.at) : 0;
}

/*
 * {"log":"read(3, ...)\n","stream":"stderr"}: where the text begins; a line of
 * its own, "MESSAGE" : "read(3, ...)", has no brace.  journald writes a line with
 * an escape sequence as an array of numbers.
 */
static size_t json_at(struct slice s)
{
	static const char *const names[] = {
		"\"log\"", "\"message\"", "\"msg\"", "\"MESSAGE\"",
		"\"line\"", "\"textPayload\"", "\"Output\"", "\"out\"",
		"\"body\"",
	};

	if (slice_starts(s, "[") && slice_find(s, ", \"o\", \""))
		return slice_find(s, ", \"o\", \"") + 8 - s.at; /* asciinema */
	if (!slice_starts(s, "{") && !slice_starts(s, "\""))
		return logfmt_at(s);
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *p = slice_find(s, names[i]), *end = s.at + s.len;

		if (!p)
			continue;
		for (p += strlen(names[i]); p < end && (*p == ' ' ||
							*p == ':'); p++)
			;
		if (p < end && (*p == '"' || *p == '['))
			return p + 1 - s.at;
	}
	return 0;
}

/* "1,\"read(3, \"\"x\"\")\"" of CSV; "read(3, \"x\")", of a list. */
static size_t quoted_at(struct slice s)
{
	const char *p = memchr(s.at, '"', s.len);

	if (!p || memchr(s.at, '(', p - s.at) || p - s.at > 100)
		return 0;
	s = slice_trim(s);
	if (slice_ends(s, "\r") || slice_ends(s, ","))
		s.len--;
	return slice_ends(s, "\"") && s.at + s.len - 1 > p ? p + 1 - s.at : 0;
}

/* ---- a prefix in which only the numbers differ ---- */

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* What stands at *i, and goes on to it: 0 for a number, ' ' for blanks. */
static char shape_next(struct slice s, size_t *i)
{
	enum { HASH = 7 };			/* of a commit */
	size_t from = *i, to = from;
	char c = s.at[from];

	while (to < s.len && is_hex(s.at[to]))
		to++;
	if (to >= from + HASH) {
		*i = to;
		return '0';
	}
	to = from + 1;
	while (to < s.len && (is_digit(c) ? is_digit(s.at[to]) :
			      is_blank(c) && is_blank(s.at[to])))
		to++;
	*i = to;
	return is_digit(c) ? '0' : is_blank(c) ? ' ' : c;
}

static size_t shape_at(const struct paste *p, struct slice s)
{
	size_t i = 0;

	for (const char *c = p->shape; *c; c++)
		if (i >= s.len || shape_next(s, &i) != *c)
			return 0;
	return i;
}

/* The shape of the first end bytes of s; 0: it is too long. */
static int shape_of(struct slice s, size_t end, char *shape, size_t size)
{
	size_t i = 0, n = 0;

	for (s.len = end; i < end; ) {
		if (n + 1 >= size)
			return 0;
		shape[n++] = shape_next(s, &i);
	}
	shape[n] = 0;
	return n > 0;
}

/* Lines that mark where a log begins and ends in a ticket. */
static int is_fence(struct slice s)
{
	static const char *const marks[] = {
		"{code}", "{noformat}", "<pre>", "</pre>", "<code>", "</code>",
		"<pre><code>", "</code></pre>", "[code]", "[/code]", "<br>",
	};

	s = slice_trim(s);
	if (slice_ends(s, "\r"))
		s.len--;
	if (slice_starts(s, "```") || slice_starts(s, "~~~") ||
	    slice_starts(s, "{code:"))
		return !memchr(s.at, '(', s.len);
	for (unsigned i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (slice_is(s, marks[i]))
			return 1;
	return 0;
}

/* ---- one layer ---- */

static size_t constant_at(const struct paste *p, struct slice s)
{
	return *p->constant && slice_starts(s, p->constant) ?
	       strlen(p->constant) : 0;
}

static size_t layer_at(const struct paste *p, enum layer kind, struct slice s)
{
	static size_t (*const at[LAYERS])(struct slice) = {
		[LAYER_JSON] = json_at, [LAYER_QUOTE] = quote_at,
		[LAYER_SYSLOG] = syslog_at, [LAYER_LOGGER] = logger_at,
		[LAYER_STAMP] = stamp_at,
		[LAYER_MONTH] = month_at, [LAYER_TAG] = tag_at,
		[LAYER_STREAM] = stream_at, [LAYER_POD] = pod_at,
		[LAYER_PIPE] = pipe_at, [LAYER_TIME] = time_at,
		[LAYER_NUMBER] = any_number_at, [LAYER_BULLET] = bullet_at,
		[LAYER_QUOTED] = quoted_at,
	};

	if (kind == LAYER_SHAPE)
		return *p->shape ? shape_at(p, s) : 0;

	if (kind == LAYER_CONSTANT)
		return constant_at(p, s);
	return at[kind](s);
}

static char *room(struct text_room *r, size_t n)
{
	if (n > r->size) {
		r->size = n * 2;
		free(r->at);
		r->at = need(malloc(r->size));
	}
	return r->at;
}

/* What a JSON string holds, up to its closing quote, without a final \n. */
static struct slice unquoted(struct paste *p, struct slice s)
{
	char *start = room(&p->unquoted, s.len + 1), *to = start;

	for (; s.len && *s.at != '"'; s = from(s, 1)) {
		if (*s.at != '\\' || s.len < 2) {
			*to++ = *s.at;
			continue;
		}
		s = from(s, 1);
		if (*s.at == 'u' && s.len > 4) {
			char hex[] = { '0', 'x', s.at[1], s.at[2], s.at[3],
				       s.at[4] };
			struct slice n = { hex, sizeof(hex) };
			long long c = slice_number(n, NULL);

			*to++ = c > 0 && c < 0x80 ? (char)c : '?';
			s = from(s, 4);
		} else {
			*to++ = *s.at == 'n' ? '\n' : *s.at == 't' ? '\t' :
				*s.at == 'r' ? '\r' : *s.at;
		}
	}
	while (to > start && to[-1] == '\n')
		to--;
	for (char *q = start; q < to; q++)
		if (*q == '\n')
			*q = ' ';
	return slice_of(start, to);
}

/* [114,101,97,100, ...]: the bytes of a line */
static struct slice from_numbers(struct paste *p, struct slice s)
{
	char *start = room(&p->unquoted, s.len + 1), *to = start;

	while (s.len && *s.at != ']') {
		const char *end;
		long long c = slice_number(s, &end);

		if (end == s.at)
			end++;
		else
			*to++ = c == '\n' || !c ? ' ' : (char)c;
		s = slice_of(end, s.at + s.len);
	}
	return slice_of(start, to);
}

/* What a field of CSV holds: a quote in it stands twice. */
static struct slice without_quotes(struct paste *p, struct slice s)
{
	char *start, *to;

	s = slice_trim(s);
	while (s.len && strchr("\r,", s.at[s.len - 1]))
		s.len--;
	s.len -= s.len > 0;
	if (memmem(s.at, s.len, "\\\"", 2))
		return unquoted(p, s);
	start = to = room(&p->unquoted, s.len + 1);
	for (; s.len; s = from(s, 1)) {
		*to++ = *s.at;
		if (slice_starts(s, "\"\""))
			s = from(s, 1);
	}
	return slice_of(start, to);
}

/* strace's own dumps and frames begin with a blank: " | 00000", " > /lib". */
static struct slice tidy(struct slice s)
{
	struct slice t = without_blanks(s);

	if (t.at > s.at && t.len > 1 && t.at[1] == ' ' &&
	    (*t.at == '>' || *t.at == '|' || *t.at == '*'))
		return from(s, t.at - s.at - 1);
	return t;
}

/* (" > " begins a frame of strace -k, "> " what was quoted.) */
static struct slice start_of(enum layer kind, struct slice line)
{
	return kind == LAYER_QUOTE ? line : without_blanks(line);
}

static struct slice without_layer(struct paste *p, enum layer kind,
				  struct slice line)
{
	struct slice s = start_of(kind, line);
	size_t n = layer_at(p, kind, s);

	if (!n)
		return line;
	if (kind == LAYER_STREAM)
		p->part = s.at[7] == 'P';
	s = from(s, n);
	if (kind == LAYER_JSON && s.at[-1] == '[')
		return from_numbers(p, s);
	if (kind == LAYER_JSON && s.at[-1] == '"')
		return unquoted(p, s);
	if (kind == LAYER_QUOTED)
		return without_quotes(p, s);
	return kind == LAYER_NUMBER ? tidy(s) : s;
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
	static const char *const tags[] = {
		"<!DOCTYPE", "<html", "<?xml", "<pre", "<span ", "<div", "<tr>",
		"<td", "<table", "<p>", "<li>", "<code", "<test", "<system-",
	};
	char begins[20];

	for (unsigned i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		snprintf(begins, sizeof(begins), "\n%s", tags[i]);
		if (slice_starts(text, tags[i]) || slice_find(text, begins))
			return 1;
	}
	return slice_find(text, "&lt;unfinished ...") ||
	       slice_find(text, " resumed&gt;") ||
	       slice_find(text, "-&gt;127.") || slice_find(text, " = 0 &lt;") ||
	       slice_starts(text, "&gt; ") || slice_find(text, "\n&gt; ") ||
	       slice_find(text, "<br>\n") || slice_find(text, "<br/>\n") ||
	       (slice_find(text, "&quot;") && !memchr(text.at, '"', text.len));
}

/* Quoted-printable: "=3D" is "=", and "=" at the end goes on in the next line. */
static int is_mail(struct slice text)
{
	enum { SEEN = 3 };
	unsigned n = 0;
	const char *p, *end = text.at + text.len;

	for (p = text.at; n < SEEN && (p = memmem(p, end - p, "=3D", 3)); p++)
		n++;
	return n == SEEN && (slice_find(text, "=\n") || slice_find(text, "=\r\n") ||
			     slice_find(text, "quoted-printable") ||
			     !slice_find(text, " = "));
}

/* Word processors and chats write these; strace escapes what is not ASCII. */
static int is_typeset(struct slice text)
{
	return slice_find(text, "\u00a0") || slice_find(text, "\u201c") ||
	       slice_find(text, "\u201d") || slice_find(text, "\u2026") ||
	       slice_find(text, "\u200b") || slice_find(text, "\ufeff") ||
	       slice_find(text, "\"\x85") || slice_find(text, "<\x85 ") || slice_find(text, "\u00e2\u20ac\u00a6");
}

/* "**read(3, ...) = 1**", "`read(3, ...) = 1`": a line that somebody stressed */
static int is_stressed(struct slice text)
{
	return slice_starts(text, "**") || slice_find(text, "\n**") ||
	       slice_starts(text, "`") || slice_find(text, "\n`");
}

static struct slice without_stress(struct slice s)
{
	const char *mark = slice_starts(s, "**") ? "**" : "`";
	size_t n = strlen(mark);

	if (!slice_starts(s, mark) || slice_starts(s, "```"))
		return s;
	s = from(s, n);
	if (slice_ends(s, mark))
		s.len -= n;
	return s;
}

static struct slice without_tail(const char *tail, struct slice line)
{
	struct slice s = slice_trim(line);

	if (!slice_ends(s, tail))
		return line;
	s.len -= strlen(tail);
	return slice_trim(s);
}

/* "```read(3, ...) = 1": a chat puts no newline behind the mark. */
static struct slice without_fence(struct slice s)
{
	if (slice_starts(s, "```"))
		s = from(s, 3);
	if (slice_ends(s, "```") && !slice_ends(s, "````"))
		s.len -= 3;
	return s;
}

/* strace writes no tab; programs that compress blanks do.  (The line is ours.) */
static struct slice without_tabs(struct slice s)
{
	char *p = (char *)s.at, *end = p + s.len;

	for (; (p = memchr(p, '\t', end - p)); p++)
		*p = ' ';
	return s;
}

struct sample {			/* a line of the head of the file */
	char *text;
	struct slice line;
	int counts;			/* it looks like one of strace's */
};

struct samples {
	struct sample s[LOOKED_AT];
	unsigned n, counting;
};

static int looks_traced(struct slice s)
{
	return slice_find(s, "(") || slice_find(s, "\"MESSAGE\"") ||
	       slice_find(s, "+++ ") ||
	       slice_find(s, "--- SIG") || slice_find(s, " resumed");
}

/* (Not strndup: the text of JSON may have a zero byte.) */
static char *copy_of(struct slice s)
{
	char *text = need(malloc(s.len + 1));

	memcpy(text, s.at, s.len);
	text[s.len] = 0;
	return text;
}

static unsigned votes(const struct paste *p, const struct samples *all,
		      enum layer kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < all->n; i++)
		n += all->s[i].counts &&
		     layer_at(p, kind, start_of(kind, all->s[i].line)) > 0;
	return n;
}

static int most(unsigned n, unsigned lines)
{
	return n && n * 10 >= lines * 9;
}

/* "12:read(3": a colon behind the number, not one of a time of day. */
static int is_grepped(struct slice s)
{
	long n;
	size_t i = number_at(s, &n);

	return i && s.at[i - 1] == ':';
}

static int is_numbered(const struct samples *all)
{
	unsigned numbers = 0, follow = 0, lines = all->counting;
	long n, last = 0;

	for (unsigned i = 0; i < all->n; i++) {
		if (!all->s[i].counts || !number_at(all->s[i].line, &n))
			continue;
		/* (grep -n leaves lines out, but it never goes back.) */
		follow += n == last + 1 || (numbers && n > last &&
					    is_grepped(all->s[i].line));
		numbers += !numbers || n == last + 1 || n > last;
		last = n;
	}
	return lines > 1 && follow && most(numbers, lines) &&
	       most(follow + 1, lines);
}

/* "trace.log:", "web-1 app ": letters that no line of strace begins with. */
static int is_constant(struct slice s)
{
	static const char *const own[] = {
		"[pid", "--- ", "+++ ", "strace: ", "Process ", "#", "% time",
	};
	int letters = 0;

	for (unsigned i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (slice_starts(s, own[i]))
			return 0;
	for (size_t i = 0; i < s.len; i++) {
		if (strchr("(\"<=>{", s.at[i]))
			return 0;
		letters += is_letter(s.at[i]);
	}
	return letters > 1 && s.len < sizeof(((struct paste *)0)->constant);
}

/* Is what is left then what strace writes? */
static int is_left(const struct paste *p, const struct samples *all)
{
	unsigned understood = 0;
	struct slice s;
	struct line l;

	for (unsigned i = 0; i < all->n; i++) {
		s = without_blanks(all->s[i].line);
		if (!all->s[i].counts || !constant_at(p, s))
			continue;
		s = from(s, constant_at(p, s));
		line_read(&l, s.at, s.len);
		understood += (l.kind != LINE_UNKNOWN && l.kind != LINE_TAIL) ||
			      any_number_at(s) || json_at(s);
	}
	return most(understood, all->counting);
}

/* The shortest text that two lines have in common and that does it. */
static int find_constant(struct paste *p, const struct samples *all)
{
	if (all->counting < CONSTANT_MIN)
		return 0;
	for (unsigned i = 0; i + 1 < all->n && i < LOOKED_AT / 2; i++) {
		struct slice a = without_blanks(all->s[i].line);
		struct slice b = without_blanks(all->s[i + 1].line);
		size_t n = 0;

		for (; n < a.len && n < b.len && a.at[n] == b.at[n]; n++) {
			struct slice s = { a.at, n + 1 };

			if ((a.at[n] != ' ' && a.at[n] != ':') ||
			    !is_constant(s))
				continue;
			slice_copy(s, p->constant, sizeof(p->constant));
			if (is_left(p, all))
				return 1;
			*p->constant = 0;
		}
	}
	return 0;
}

/* How many of the lines that count does line_read() understand? */
static unsigned understood(const struct samples *all)
{
	unsigned n = 0;
	struct line l;

	for (unsigned i = 0; i < all->n; i++) {
		line_read(&l, all->s[i].line.at, all->s[i].line.len);
		n += all->s[i].counts && l.kind != LINE_UNKNOWN &&
		     l.kind != LINE_TAIL && l.kind != LINE_COMMENT;
	}
	return n;
}

/* Is what is left without the shape what strace writes? */
static int fits_shape(const struct paste *p, const struct samples *all)
{
	unsigned fits = 0, calls = 0;
	struct line l;

	for (unsigned i = 0; i < all->n; i++) {
		struct slice s = without_blanks(all->s[i].line);
		size_t n = shape_at(p, s);

		if (!all->s[i].counts || !n)
			continue;
		s = from(s, n);
		line_read(&l, s.at, s.len);
		fits += l.kind == LINE_CALL || l.kind == LINE_UNFINISHED ||
			l.kind == LINE_RESUMED || l.kind == LINE_SIGNAL ||
			l.kind == LINE_CUT || l.kind == LINE_EXITED;
		calls += l.kind == LINE_CALL && call_find(l.name) != CALL_OTHER;
	}
	return calls && fits * 10 >= all->counting * 8;
}

/*
 * No line can be read as it is, but nearly all can without what stands before
 * them and differs only in its numbers: "#12 0.345 " of a build, "1: " of a test,
 * "[17:00] <name> " of a chat, "build<TAB>step<TAB>2026-11-30T17:00:00Z ".
 */
static int find_shape(struct paste *p, const struct samples *all)
{
	enum { TRIED = 6, LONGEST = 120 };
	unsigned tried = 0;

	if (all->counting < CONSTANT_MIN || understood(all) * 2 > all->counting)
		return 0;
	for (unsigned i = 0; i < all->n && tried < TRIED; i++) {
		struct slice s = without_blanks(all->s[i].line);

		if (!all->s[i].counts)
			continue;
		tried++;
		for (size_t n = 1; n < s.len && n < LONGEST; n++) {
			if (!strchr(" \t>]:\"`|\007\x82", s.at[n - 1]) ||
			    s.at[n] == ' ' || s.at[n] == '\t' ||
			    !shape_of(s, n, p->shape, sizeof(p->shape)))
				continue;
			if (fits_shape(p, all))
				return 1;
		}
	}
	*p->shape = 0;
	return 0;
}

/* " |" of a table, "$" of cat -A, "\\par" of RTF, a closing "`": no end of strace's */
static void find_tails(struct paste *p, struct samples *all)
{
	static const char *const tails[] = {
		" |", "$", "^M", "\\par", "`", "');", "\\n'", "'", "\u2502",
	};
	enum { TAILS = sizeof(tails) / sizeof(*tails) };

	for (unsigned k = 0; k < TAILS && p->n_tails < 2; k++) {
		unsigned n = 0;

		for (unsigned i = 0; i < all->n; i++)
			n += all->s[i].counts &&
			     slice_ends(slice_trim(all->s[i].line), tails[k]);
		if (all->counting < CONSTANT_MIN || !most(n, all->counting))
			continue;
		p->tail[p->n_tails++] = tails[k];
		for (unsigned i = 0; i < all->n; i++)
			all->s[i].line = without_tail(tails[k], all->s[i].line);
	}
}

static int has_layer(const struct paste *p, enum layer kind)
{
	for (unsigned i = 0; i < p->n_layers; i++)
		if (p->layer[i] == kind)
			return 1;
	return 0;
}

static int is_layer(struct paste *p, const struct samples *all,
		    enum layer kind)
{
	enum layer last = p->n_layers ? p->layer[p->n_layers - 1] : LAYERS;

	if (has_layer(p, kind))
		return 0;
	switch (kind) {
	case LAYER_TAG:
		if (last != LAYER_STAMP && last != LAYER_MONTH)
			return 0;
		break;
	case LAYER_STREAM:
		if (last != LAYER_STAMP)
			return 0;
		break;
	case LAYER_NUMBER:
		return is_numbered(all);
	case LAYER_CONSTANT:
		return find_constant(p, all);
	case LAYER_SHAPE:
		return find_shape(p, all);
	default:
		break;
	}
	/* (No line of strace's begins like these.) */
	return votes(p, all, kind) * 2 > all->counting;
}

/* Looks for one more layer around the samples, and takes it away. */
static int find_layer(struct paste *p, struct samples *all)
{
	for (enum layer kind = 0; kind < LAYERS; kind++) {
		if (!is_layer(p, all, kind))
			continue;
		p->layer[p->n_layers++] = kind;
		for (unsigned i = 0; i < all->n; i++) {
			struct sample *x = &all->s[i];
			struct slice s = without_layer(p, kind, x->line);
			char *text = copy_of(s);

			free(x->text);
			x->text = text;
			x->line = (struct slice){ text, s.len };
		}
		return 1;
	}
	return 0;
}

/* ---- lines that were wrapped ---- */

/* Does a line of this log begin so, or does it go on with the one before? */
static int begins(const struct paste *p, const struct line *l)
{
	if (l->kind == LINE_UNKNOWN || l->kind == LINE_TAIL ||
	    l->kind == LINE_EMPTY || (l->kind == LINE_CUT && !p->has_pid &&
				      !p->has_time &&
				      call_find(l->name) == CALL_OTHER))
		return 0;
	if (l->kind == LINE_CHATTER || l->kind == LINE_COMMENT)
		return 1;
	return (l->pid != 0) == p->has_pid &&
	       (l->at_ns != NO_TIME || l->since_ns != NO_TIME) == p->has_time;
}

static size_t word_at(struct slice s)
{
	const char *blank;

	s = without_blanks(s);
	blank = s.len ? memchr(s.at, ' ', s.len) : NULL;
	return blank ? (size_t)(blank - s.at) : s.len;
}

int paste_goes_on(const struct paste *p, size_t last, struct slice line)
{
	struct line l;

	if (p->wrapped == WRAP_NONE || !line.len ||
	    (p->wrapped == WRAP_HARD ? last != p->width
				     : last + 1 + word_at(line) <= p->width))
		return 0;
	line_read(&l, line.at, line.len);
	return !begins(p, &l);
}

static int is_whole(const struct line *l)
{
	return l->kind == LINE_CALL || l->kind == LINE_UNFINISHED ||
	       l->kind == LINE_SIGNAL;
}

/* The shape of the leader is that of the first line that is understood. */
static int find_leader(struct paste *p, const struct samples *all)
{
	struct line l;

	for (unsigned i = 0; i < all->n; i++) {
		line_read(&l, all->s[i].line.at, all->s[i].line.len);
		if (l.kind != LINE_CALL && l.kind != LINE_CUT)
			continue;
		p->has_pid = l.pid != 0;
		p->has_time = l.at_ns != NO_TIME || l.since_ns != NO_TIME;
		return 1;
	}
	return 0;
}

/*
 * A log is wrapped when calls that are cut end at the margin, or where the next
 * word did not fit, and are whole with the line after them.
 */
static void find_wrap(struct paste *p, const struct samples *all)
{
	enum { JOINED_MIN = 2, NARROW = 40, WIDE = 250 };
	unsigned joined = 0, at_margin = 0;
	char text[4096];
	struct line l;

	for (unsigned i = 0; i < all->n; i++)
		/* (A word that is too long for a line stands alone.) */
		if (all->s[i].line.len > p->width &&
		    memchr(all->s[i].line.at, ' ', all->s[i].line.len))
			p->width = all->s[i].line.len;
	if (p->width < NARROW || p->width > WIDE || !find_leader(p, all))
		return;
	for (unsigned i = 0; i + 1 < all->n; i++) {
		size_t len = all->s[i].line.len;

		line_read(&l, all->s[i].line.at, len);
		if (l.kind != LINE_CUT || !begins(p, &l) || len > sizeof(text))
			continue;
		memcpy(text, all->s[i].line.at, len);
		at_margin += len == p->width;
		for (unsigned k = i + 1; k < all->n; k++) {
			struct slice more = all->s[k].line;

			line_read(&l, more.at, more.len);
			if (begins(p, &l) || len + more.len + 1 > sizeof(text) ||
			    all->s[k - 1].line.len + 1 + word_at(more) <=
			    p->width)
				break;
			/* (Where a blank stood does not matter here.) */
			memcpy(text + len, more.at, more.len);
			len += more.len;
		}
		line_read(&l, text, len);
		joined += is_whole(&l);
	}
	if (joined < JOINED_MIN)
		return;
	p->wrapped = at_margin == joined ? WRAP_HARD : WRAP_WORDS;
}

/*
 * A log whose head was cut off begins in the middle of a line: a call without
 * the pid and the time that all lines after it have.  ("[pid 7] " comes with the
 * second process.)
 */
static int first_is_cut(const struct samples *all)
{
	enum { MORE = 5 };
	unsigned with_pid = 0, with_time = 0;
	struct slice first = all->s[0].line;
	struct line l;

	if (all->n <= MORE)
		return 0;
	line_read(&l, first.at, first.len);
	if ((l.kind != LINE_CALL && l.kind != LINE_CUT) || l.pid ||
	    l.at_ns != NO_TIME || l.since_ns != NO_TIME)
		return 0;
	for (unsigned i = 1; i < all->n; i++) {
		struct slice s = all->s[i].line;

		line_read(&l, s.at, s.len);
		with_pid += l.pid && !slice_starts(s, "[");
		with_time += l.at_ns != NO_TIME || l.since_ns != NO_TIME;
	}
	return with_pid == all->n - 1 || with_time == all->n - 1;
}

static void samples_take(struct paste *p, struct samples *all,
			 struct slice text)
{
	struct slice line;

	while (all->n < LOOKED_AT && next_line(&text, &line)) {
		struct sample *x = &all->s[all->n];

		if (slice_ends(line, "\r"))
			line.len--;
		p->fenced |= slice_starts(line, "```");
		if (is_fence(line)) {
			p->fenced = 1;
			continue;
		}
		line = paste_strip(p, line);
		if (!without_blanks(line).len)
			continue;
		x->text = copy_of(line);
		x->line = (struct slice){ x->text, line.len };
		x->counts = looks_traced(line);
		all->counting += x->counts;
		all->n++;
	}
}

void paste_look(struct paste *p, struct slice text)
{
	struct samples all = { .n = 0 };

	if (!text.len)
		return;
	p->html = is_html(text);
	p->typeset = is_typeset(text);
	p->stressed = is_stressed(text);
	p->mail = is_mail(text);
	p->tabs = memchr(text.at, '\t', text.len) != NULL;
	p->any = p->html || p->typeset || p->stressed || p->mail || p->tabs;
	samples_take(p, &all, text);
	find_tails(p, &all);
	while (all.counting && p->n_layers < LAYERS && find_layer(p, &all))
		;
	find_wrap(p, &all);
	p->cut_first = first_is_cut(&all);
	p->any |= p->cut_first;
	for (unsigned i = 0; i < all.n; i++)
		free(all.s[i].text);
	p->any |= p->n_layers || p->fenced || p->wrapped != WRAP_NONE ||
		  p->n_tails;
	p->joins = p->wrapped != WRAP_NONE || has_layer(p, LAYER_STREAM) ||
		   p->mail;
}

/* ---- taking away ---- */

struct entity {
	const char *name, *is;
};

/* "<td class=\"line\">", "</pre>", "<br />": how long it is, or 0. */
static size_t tag_length(struct slice s)
{
	static const char *const names[] = {
		"a", "b", "body", "br", "code", "div", "em", "font", "head",
		"html", "i", "li", "ol", "p", "pre", "span", "strong",
		"system-err", "system-out", "table", "tbody", "td", "testcase",
		"testsuite", "title", "tr", "tt", "ul",
	};
	const char *close;
	struct slice name;
	size_t n = 0;

	if (slice_starts(s, "<![CDATA["))
		return sizeof("<![CDATA[") - 1;
	name = from(s, 1 + slice_starts(s, "</"));
	while (n < name.len && (is_letter(name.at[n]) || name.at[n] == '-'))
		n++;
	close = memchr(name.at, '>', name.len);
	if (!close || (name.at[n] != '>' && name.at[n] != ' ' &&
		       name.at[n] != '/'))
		return 0;
	name.len = n;
	if (n && slice_starts(s, "</"))
		return close + 1 - s.at;
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (slice_is(name, names[i]))
			return close + 1 - s.at;
	return 0;
}

/* "=3D" is "="; "=" at the end: the line goes on in the next one. */
static struct slice from_mail(struct paste *p, struct slice s)
{
	char *start, *to;

	if (slice_ends(s, "\r"))
		s.len--;
	if (slice_ends(s, "=")) {
		s.len--;
		p->part = 1;
	}
	start = to = room(&p->plain, s.len + 1);
	for (; s.len; s = from(s, 1)) {
		static const char digits[] = "0123456789ABCDEF";
		const char *a = s.len > 2 && s.at[1] ? strchr(digits, s.at[1])
						     : NULL;
		const char *b = a && s.at[2] ? strchr(digits, s.at[2]) : NULL;
		long c = b ? (a - digits) * 16 + (b - digits) : 0;

		if (*s.at == '=' && b) {
			*to++ = c > 0 && c < 0x80 ? (char)c : '?';
			s = from(s, 2);
		} else {
			*to++ = *s.at;
		}
	}
	return slice_of(start, to);
}

static struct slice decoded(struct paste *p, struct slice s)
{
	static const struct entity entities[] = {
		{ "&lt;", "<" }, { "&gt;", ">" }, { "&amp;", "&" },
		{ "&quot;", "\"" }, { "&#39;", "'" }, { "&#34;", "\"" },
		{ "&nbsp;", " " }, { "&apos;", "'" }, { "<br>", "" },
		{ "<br/>", "" },
	}, signs[] = {
		{ "\u00a0", " " }, { "\u201c", "\"" }, { "\u201d", "\"" },
		{ "\u2018", "'" }, { "\u2019", "'" }, { "\u2026", "..." },
		/* no width; UTF-8 that was read as Latin 1, or as Windows-1252 */
		{ "\u200b", "" }, { "\ufeff", "" }, { "\u00c2\u00a0", " " },
		{ "\u00e2\xc2\x80\u00a6", "..." },
		{ "\u00e2\u20ac\u00a6", "..." },
		/* Windows-1252 itself, in which each is a byte */
		{ "\x85", "..." }, { "\x93", "\"" }, { "\x94", "\"" },
		{ "\xa0", " " },
	};
	enum { SIGNS = sizeof(signs) / sizeof(*signs), BYTES = 4 };
	/* One byte becomes at most three: "...". */
	char *start = room(&p->plain, 3 * s.len + 1), *to = start;

	while (s.len) {
		const struct entity *e = NULL;

		if (p->html && *s.at == '<' && tag_length(s)) {
			if (slice_starts(s, "</td"))
				*to++ = ' ';
			/* What stands before it is not of the log. */
			if (slice_starts(s, "<pre") ||
			    slice_starts(s, "<![CDATA["))
				to = start;
			s = from(s, tag_length(s));
			continue;
		}
		if (p->html && slice_starts(s, "]]></")) {
			s = from(s, 3);
			continue;
		}

		if (p->html && (*s.at == '&' || *s.at == '<')) {
			for (unsigned i = 0; i < 10 && !e; i++)
				if (slice_starts(s, entities[i].name))
					e = &entities[i];
		} else if (p->typeset && (*s.at & 0x80)) {
			/* (In UTF-8 such a byte follows another one.) */
			int alone = to == start || !(to[-1] & 0x80);

			for (unsigned i = 0; i < SIGNS - (alone ? 0 : BYTES) &&
			     !e; i++)
				if (slice_starts(s, signs[i].name))
					e = &signs[i];
		}
		if (!e) {
			*to++ = *s.at;
			s = from(s, 1);
			continue;
		}
		memcpy(to, e->is, strlen(e->is));
		to += strlen(e->is);
		s = from(s, strlen(e->name));
	}
	return slice_of(start, to);
}

struct slice paste_strip(struct paste *p, struct slice line)
{
	p->part = 0;
	if (!p->any)
		return line;
	if (p->fenced && is_fence(line))
		return (struct slice){ line.at, 0 };
	if (p->fenced)
		line = without_fence(line);
	if (p->tabs)
		line = without_tabs(line);
	if (p->mail)
		line = from_mail(p, line);
	else if (p->html || p->typeset)
		line = decoded(p, line);
	for (unsigned i = 0; i < p->n_tails; i++)
		line = without_tail(p->tail[i], line);
	for (unsigned i = 0; i < p->n_layers; i++)
		line = without_layer(p, p->layer[i], line);
	if (p->stressed)
		line = without_stress(line);
	if (p->cut_first && without_blanks(line).len) {
		p->cut_first = 0;
		line.len = 0;
	}
	return line;
}

void paste_free(struct paste *p)
{
	free(p->plain.at);
	free(p->unquoted.at);
	p->plain = p->unquoted = (struct text_room){ 0 };
}

/* ---- logs of others ---- */

/* "= 3 (0x3)": truss of FreeBSD writes each result twice; Solaris: "Err#2 E..." */
static int is_truss(struct slice s)
{
	const char *p = slice_find(s, " ERR#");

	if (p)
		return is_digit(p[5]);
	p = slice_find(s, "Err#");
	if (p)
		return slice_find(slice_of(p, s.at + s.len), " E") != NULL;
	if (slice_find(s, ", SOV_") || slice_find(s, ")  argc = "))
		return 1;
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

/* "34378 12:02:36.269753803 2 app (7896) > connect fd=3" */
static int is_sysdig(struct slice s)
{
	return slice_find(s, ") > ") || slice_find(s, ") < ");
}

static int is_audit(struct slice s)
{
	return slice_find(s, "type=SYSCALL msg=audit(") != NULL;
}

/* "strace.go:581] [   2] python3 E munmap(0x7f65, 0x1000)" */
static int is_gvisor(struct slice s)
{
	return slice_find(s, " strace.go:") &&
	       (slice_find(s, " E ") || slice_find(s, " X "));
}

static int is_dtruss(struct slice s)
{
	return slice_find(s, "\t\t = ") || slice_starts(s, "SYSCALL(args)");
}

static int is_ltrace(struct slice s)
{
	static const char *const starts[] = {
		"__libc_start_main(", "+++ exited (status ", "malloc(",
		"strlen(", "strcmp(", "memcpy(", "puts(", "printf(", "SYS_",
	};

	for (unsigned i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (slice_starts(s, starts[i]))
			return 1;
	return slice_find(s, "->strlen(") != NULL;
}

/* "   1.352 us [ 28495] |   printf();", "            [ 28495] | main() {" */
static int is_uftrace(struct slice s)
{
	size_t i = digits_at(s, 0);

	if (i + 3 < s.len && is_digit(s.at[i ? i - 1 : 0]))
		i += s.at[i + 1] == 's' ? 2 : 3;	/* " s", " us" */
	while (i < s.len && (s.at[i] == ' ' || s.at[i] == 's'))
		i++;
	if (i >= s.len || s.at[i] != '[')
		return 0;
	i = digits_at(s, i + 1);
	return is_digit(s.at[i - 1]) && slice_starts(from(s, i), "] |");
}

/* Tools whose lines have a text that no other has. */
static const struct tool {
	const char *name, *text;
	int alike;			/* its lines look like those of strace */
} tools[] = {
	{ "qemu -strace", " = -1 errno=", 1 }, { "python-ptrace", "<sigset=", 1 },
	{ "perf script", ": syscalls:sys_enter_", 0 },
	{ "perf script", ": raw_syscalls:sys_e", 0 },
	{ "trace-cmd", ": sys_enter_", 0 }, { "ftrace", "# tracer: ", 0 },
	{ "LTTng", " syscall_entry_", 0 }, { "valgrind", "SYSCALL[", 0 },
	{ "DTrace", "FUNCTION:NAME", 0 }, { "uftrace", "# DURATION ", 0 },
	{ "Process Monitor", "\"Time of Day\",\"Process Name\"", 0 },
	{ "BCC's opensnoop", "PID    COMM               FD ERR PATH", 0 },
	{ "BCC's execsnoop", "PCOMM            PID", 0 },
	{ "perf-tools or BCC", "Ctrl-C to end", 0 },
	{ "Tracee", "\"eventName\":\"", 0 }, { "sysdig", "\"evt.type\":", 0 },
	{ "Mystikos", ": myst_syscall_", 0 }, { "Mystikos", "(): return=", 0 },
	{ "u-root's strace", "] X openat(0x", 0 },
	{ "Cygwin's strace", "--- Process ", 0 }, { "gdb", "#0  0x", 0 },
};

static const struct tool *tool_of(struct slice s)
{
	const char *quote = memrchr(s.at, '"', s.len);
	/* (A program may write such a text itself.) */
	struct slice rest = quote ? slice_of(quote, s.at + s.len) : s;

	for (unsigned i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		if (slice_find(tools[i].alike ? rest : s, tools[i].text))
			return &tools[i];
	return NULL;
}

/* "Attaching 3 probes...": its first line */
static int is_bpftrace(struct slice text)
{
	struct slice line;

	return next_line(&text, &line) && (slice_starts(line, "Attaching ") ||
		slice_starts(line, "Attached ")) && slice_find(line, " probe");
}

const char *paste_tracer(struct slice text)
{
	static const struct {
		const char *name;
		int (*is)(struct slice line);
		unsigned part;		/* one line of this many */
	} tracers[] = {
		{ "truss", is_truss, 3 }, { "dtruss", is_dtruss, 3 },
		{ "ktrace (kdump)", is_kdump, 3 },
		{ "perf trace", is_perf_trace, 3 },
		{ "sysdig", is_sysdig, 2 }, { "auditd", is_audit, 3 },
		{ "gVisor's --strace", is_gvisor, 2 },
		{ "ltrace", is_ltrace, 8 }, { "uftrace", is_uftrace, 2 },
	};
	enum { TRACERS = sizeof(tracers) / sizeof(*tracers) };
	unsigned votes[TRACERS] = { 0 }, lines = 0, read = 0;
	const struct tool *tool = NULL;
	struct slice line;
	struct line l;

	if (is_bpftrace(text))
		return "bpftrace";
	while (lines < LOOKED_AT && next_line(&text, &line)) {
		if (slice_ends(line, "\r"))
			line.len--;
		if (!line.len)
			continue;
		lines++;
		for (unsigned i = 0; i < TRACERS; i++)
			votes[i] += !!tracers[i].is(line);
		if (!tool)
			tool = tool_of(line);
		line_read(&l, line.at, line.len);
		read += l.kind == LINE_CALL || l.kind == LINE_UNFINISHED;
	}
	for (unsigned i = 0; i < TRACERS; i++)
		if (votes[i] && votes[i] * tracers[i].part >= lines)
			return tracers[i].name;
	/* (A report has a backtrace behind its log.) */
	return tool && (tool->alike || !read) ? tool->name : NULL;
}
