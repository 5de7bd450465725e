/* SPDX-License-Identifier: MIT */
/*
 * line.c - the grammar of strace's output, from 4.x to 7.x
 *
 * Two things make it harder than it looks.  A string, a path or a comment may
 * hold any bracket, so the return value is found by the parenthesis that
 * matches, never by searching for ") = ".  And the leader depends on options
 * that the text does not name, so each field is recognised by its own shape.
 */
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "line.h"

/* ---- characters that end a run of dull ones ---- */

enum { OTHER = 1, OPEN, CLOSE };
static const unsigned char special[256] = {
	['('] = OPEN, [')'] = CLOSE, ['['] = OPEN, [']'] = CLOSE,
	['{'] = OPEN, ['}'] = CLOSE,
	['"'] = OTHER, ['<'] = OTHER, ['/'] = OTHER, [','] = OTHER,
};

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const unsigned char word[256] = {
	['0' ... '9'] = 1, ['a' ... 'z'] = 1, ['A' ... 'Z'] = 1,
	['_'] = 1, ['?'] = 1, ['.'] = 1,
};

static int is_word(char c)
{
	return word[(unsigned char)c];
}

long long slice_number_of(struct slice s, const char **end)
{
	const char *p = s.at, *stop = s.at + s.len, *digits;
	unsigned long long n = 0;
	int base = 10, negative = 0;

	if (p < stop && *p == '-')
		negative = 1, p++;
	if (stop - p > 2 && p[0] == '0' && p[1] == 'x')
		base = 16, p += 2;
	else if (stop - p > 1 && p[0] == '0' && is_digit(p[1]))
		base = 8, p++;
	for (digits = p; p < stop; p++) {
		int d = is_digit(*p) ? *p - '0' :
			*p >= 'a' && *p <= 'f' ? *p - 'a' + 10 : 99;

		if (d >= base)
			break;
		n = n > (~0ULL - d) / base ? ~0ULL : n * base + d;
	}
	if (end)
		*end = p == digits ? s.at : p;
	if (p == digits)
		return 0;
	if (base == 10 && n > LLONG_MAX)
		n = LLONG_MAX;
	return negative ? -n : n;
}

const char *slice_search(struct slice s, const char *text, size_t len)
{
	const char *p = s.at, *last;

	if (s.len < len)
		return NULL;
	last = p + (s.len - len);		/* the last place */
#ifdef __SSE2__
	const __m128i head = _mm_set1_epi8(*text);
	const __m128i tail = _mm_set1_epi8(text[len - 1]);

	/* Sixteen places at once: the first letter and the last one. */
	while (last - p >= 15) {
		unsigned hits = _mm_movemask_epi8(_mm_and_si128(
			_mm_cmpeq_epi8(head,
				_mm_loadu_si128((const __m128i *)p)),
			_mm_cmpeq_epi8(tail, _mm_loadu_si128(
				(const __m128i *)(p + len - 1)))));

		for (; hits; hits &= hits - 1) {
			const char *at = p + __builtin_ctz(hits);

			if (same_text(at, text, len))
				return at;
		}
		p += 16;
		/* (The last sixteen are looked at again in part.) */
		if (p <= last && last - p < 15 && s.len - len >= 15)
			p = last - 15;
	}
#endif
	for (; p <= last; p++)
		if (*p == *text && p[len - 1] == text[len - 1] &&
		    same_text(p, text, len))
			return p;
	return NULL;
}

/* memchr() for a quote, which is seldom far. */
static const char *next_quote(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');

	for (; end - p >= 16; p += 16) {
		unsigned hits = _mm_movemask_epi8(_mm_cmpeq_epi8(quote,
				_mm_loadu_si128((const __m128i *)p)));

		if (hits)
			return p + __builtin_ctz(hits);
	}
#endif
	while (p < end && *p != '"')
		p++;
	return p < end ? p : NULL;
}

const char *skip_string(const char *p, const char *end)
{
	const char *start = p++;

	for (; (p = next_quote(p, end)); p++) {
		const char *back = p;

		while (back - 1 > start && back[-1] == '\\')
			back--;
		if (!((p - back) & 1))		/* not an escaped quote */
			return p + 1;
		if (p + 1 >= end)
			return NULL;
	}
	return NULL;
}

/* Where the first '<', '>' or '"' is, or end. */
static const char *next_angle(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i open = _mm_set1_epi8('<'), close = _mm_set1_epi8('>');
	const __m128i quote = _mm_set1_epi8('"');

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)p);
		unsigned hits = _mm_movemask_epi8(_mm_or_si128(
			_mm_cmpeq_epi8(v, quote), _mm_or_si128(
			_mm_cmpeq_epi8(v, open), _mm_cmpeq_epi8(v, close))));

		if (hits)
			return p + __builtin_ctz(hits);
	}
#endif
	while (p < end && *p != '<' && *p != '>' && *p != '"')
		p++;
	return p;
}

/*
 * p is at a '<'.  Past the '>' that matches: a decoration may hold another
 * one (<char 5:2 @/dev/pts/1>), an arrow (127.0.0.1:1->127.0.0.1:2) and a
 * quoted path.  NULL when it does not end.
 */
static const char *skip_angle(const char *p, const char *end)
{
	const char *q = p + 1;
	int depth = 0;

	/* Most hold nothing of that: the first '>' that is not an arrow's. */
	while ((q = next_angle(q, end)) < end && *q == '>' && q[-1] == '-')
		q++;
	if (q == end)
		return NULL;
	if (*q == '>')
		return q + 1;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			if (!p)
				return NULL;
			continue;
		}
		if (*p == '<')
			depth++;
		else if (*p == '>' && p[-1] != '-' && --depth == 0)
			return p + 1;
		p++;
	}
	return NULL;
}

/* Sixteen characters that were looked at together: bits for the special ones. */
struct block {
	const char *from, *to;
	unsigned hits;
};

#ifdef __SSE2__
static unsigned special_bits(const char *p)
{
	const __m128i v = _mm_loadu_si128((const __m128i *)p);
	/* ( is ), [ is { and ] is } with one more bit. */
	const __m128i odd = _mm_or_si128(v, _mm_set1_epi8(1));
	const __m128i curly = _mm_or_si128(v, _mm_set1_epi8(' '));
	__m128i hits = _mm_or_si128(_mm_or_si128(
		_mm_cmpeq_epi8(odd, _mm_set1_epi8(')')),
		_mm_cmpeq_epi8(curly, _mm_set1_epi8('{'))),
		_mm_cmpeq_epi8(curly, _mm_set1_epi8('}')));

	hits = _mm_or_si128(hits, _mm_or_si128(
		_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
		_mm_cmpeq_epi8(v, _mm_set1_epi8('<'))));
	hits = _mm_or_si128(hits, _mm_or_si128(
		_mm_cmpeq_epi8(v, _mm_set1_epi8(',')),
		_mm_cmpeq_epi8(v, _mm_set1_epi8('/'))));
	return _mm_movemask_epi8(hits);
}
#endif

/* From p on, which only moves forward: the block is kept from call to call. */
static const char *next_special(struct block *b, const char *p,
				const char *end)
{
#ifdef __SSE2__
	if (p < b->to) {
		unsigned hits = b->hits >> (p - b->from);

		if (hits)
			return p + __builtin_ctz(hits);
		p = b->to;
	}
	for (; end - p >= 16; p += 16) {
		unsigned hits = special_bits(p);

		if (hits) {
			*b = (struct block){ p, p + 16, hits };
			return p + __builtin_ctz(hits);
		}
	}
#else
	(void)b;
#endif
	while (p < end && !special[(unsigned char)*p])
		p++;
	return p;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* -N writes "fd=3": the name goes, the value stays.  A constant stays as it is. */
static struct slice without_name(struct slice s)
{
	const char *p, *end = s.at + s.len;

	for (p = s.at; p < end && is_word(*p) && *p != '.'; p++)
		;
	if (p > s.at && p + 1 < end && *p == '=')
		return slice_of(p + 1, end);
	return s;
}

static inline void add_argument(struct line *l, const char *from, const char *to)
{
	struct slice *arg = &l->arg[l->n_args];

	if (l->n_args == LINE_ARGS)
		return;
	l->n_args++;
	while (from < to && is_blank(*from))
		from++;
	while (from < to && is_blank(to[-1]))
		to--;
	*arg = (struct slice){ from, to - from };
	if (from < to && ((*from >= 'a' && *from <= 'z') || *from == '_'))
		*arg = without_name(*arg);
}

/*
 * Where the bracket that is open at p closes, or, with depth 0, the next comma
 * or the end.  NULL when the text ends first.  Calls mark for each comma at
 * the outermost depth when l is given.
 */
static const char *scan(const char *p, const char *end, int depth,
			struct line *l)
{
	int outer = depth;
	const char *q, *from = p;
	struct block block = { p, p, 0 };

	for (;; p++) {
		p = next_special(&block, p, end);
		if (p >= end)
			return depth == 0 && outer == 0 ? end : NULL;
		/* (What is frequent comes first: a switch is a jump by a table.) */
		if (*p == ',') {
			if (depth != outer)
				continue;
			if (!outer)
				return p;
			if (l)
				add_argument(l, from, p);
			from = p + 1;
		} else if (*p == '"') {
			p = skip_string(p, end);
			if (!p)
				return NULL;
			p--;
		} else if (special[(unsigned char)*p] == CLOSE) {
			if (--depth == 0 && outer == 1)
				break;
			if (depth < 0)
				return NULL;
		} else if (special[(unsigned char)*p] == OPEN) {
			depth++;
		} else if (*p == '<') {
			if (p + 1 < end && p[1] == '<') {	/* 1<<3 */
				p++;
				continue;
			}
			q = skip_angle(p, end);
			if (q)
				p = q - 1;
		} else if (p + 1 < end && p[1] == '*') {	/* a comment */
			q = memmem(p, end - p, "*/", 2);
			if (!q)
				return NULL;
			p = q + 1;
		}
	}
	if (l && (l->n_args || slice_trim(slice_of(from, p)).len))
		add_argument(l, from, p);
	return p;
}

int line_element(struct slice *s, struct slice *element)
{
	const char *end = s->at + s->len, *p;

	*s = slice_trim(*s);
	if (!s->len)
		return 0;
	p = scan(s->at, end, 0, NULL);
	if (!p)
		p = end;			/* cut short: take what is left */
	*element = slice_trim(slice_of(s->at, p));
	*s = slice_of(p + (p < end), end);
	return 1;
}

/* The comma behind the value at p, or the bracket that is around it. */
static const char *around(const char *p, const char *end)
{
	int depth = 0;

	for (; p < end; p++) {
		if (*p == '{' || *p == '[' || *p == '(')
			depth++;
		else if (*p == '}' || *p == ']' || *p == ')' ? !depth--
			 : *p == ',' && !depth)
			break;
	}
	return p;
}

struct slice line_field(struct slice s, const char *name)
{
	size_t len = strlen(name);
	const char *p = s.at, *end = s.at + s.len, *stop;

	while (p < end && (p = slice_search(slice_of(p, end), name, len))) {
		if ((p == s.at || !is_word(p[-1])) && p + len < end &&
		    p[len] == '=') {
			p += len + 1;
			stop = scan(p, end, 0, NULL);
			if (!stop)
				stop = around(p, end);
			return slice_trim(slice_of(p, stop));
		}
		p += len;
	}
	return (struct slice){ end, 0 };
}

long line_fd(struct slice s, struct slice *decoration)
{
	const char *p, *end = s.at + s.len, *close;
	long long n;

	if (decoration)
		*decoration = (struct slice){ end, 0 };
	if (slice_starts(s, "AT_FDCWD"))
		return -1;
	n = slice_number(s, &p);
	if (p == s.at || n < 0 || n > INT_MAX)
		return -1;
	if (p < end && *p == '<' && decoration) {
		close = skip_angle(p, end);
		*decoration = slice_of(p + 1, close ? close - 1 : end);
	}
	return n;
}

static int hex_digit(char c)
{
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct slice line_plain(struct slice s, char *to, size_t size)
{
	const char *p = s.at, *end = s.at + s.len;
	size_t n = 0;

	if (!slice_find(s, "\\x"))
		return s;
	while (p < end && n < size) {
		int high = end - p > 3 && p[0] == '\\' && p[1] == 'x'
				? hex_digit(p[2]) : -1;
		int low = high >= 0 ? hex_digit(p[3]) : -1;
		int c = high * 16 + low;

		if (high >= 0 && low >= 0 && c >= ' ' && c < 0x7f) {
			to[n++] = c;
			p += 4;
		} else {
			to[n++] = *p++;
		}
	}
	return (struct slice){ to, n };
}

/* ---- the leader ---- */

/* Eight characters as one number, the first in the lowest byte. */
static int are_digits(uint64_t v)
{
	const uint64_t high = 0xf0f0f0f0f0f0f0f0;

	return (v & high) == 0x3030303030303030 &&
	       ((v + 0x0606060606060606) & high) == 0x3030303030303030;
}

/* Of two digits each a number from 0 to 99, in bytes 0, 2, 4 and 6. */
static uint64_t in_pairs(uint64_t v)
{
	return (v & 0x0f0f0f0f0f0f0f0f) * (10 << 8 | 1) >> 8 &
	       0x00ff00ff00ff00ff;
}

/* Eight digits, the first in the lowest byte, as a number; -1: others. */
static long eight_digits(uint64_t v)
{
	if (!are_digits(v))
		return -1;
	v = in_pairs(v) * (100 << 16 | 1) >> 16;
	return (v & 0x0000ffff0000ffff) * (10000ULL << 32 | 1) >> 32;
}

/* "4.156011", as every time of -ttt or -T ends: nanoseconds; -1: others. */
static inline long long with_micros(const char *p)
{
	uint64_t v;
	long n;

	memcpy(&v, p, sizeof(v));
	if ((v >> 8 & 0xff) != '.')
		return -1;
	n = eight_digits(v ^ ('.' ^ '0') << 8);
	return n < 0 ? -1 : (n - (long)(v & 15) * 9000000) * 1000LL;
}

/* "1795201724.156011", as -ttt writes it: nanoseconds; -1: others. */
static long long epoch(const char *p)
{
	long long ns = p[10] == '.' ? with_micros(p + 9) : -1;
	uint64_t v;
	long n;

	memcpy(&v, p, sizeof(v));
	n = ns < 0 || !is_digit(p[8]) ? -1 : eight_digits(v);
	if (n < 0 || n >= 40000000)		/* the year 2096 */
		return -1;
	return (n * 10LL + p[8] - '0') * 10000000000LL + ns;
}

/* "1795201724.156011", "0.000043": nanoseconds; *end past it, or at p. */
static long long seconds(const char *p, const char *end, const char **stop)
{
	static const int tens[] = {
		1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000,
		100, 10, 1,
	};
	const long long SECONDS_MAX = 4000000000;	/* the year 2096 */
	long long n = 0;
	const char *from = p;
	int digits = 0, fraction = 0;

	for (; p < end && is_digit(*p) && n < SECONDS_MAX / 10; p++)
		n = n * 10 + *p - '0';
	if (p == from) {
		*stop = from;
		return 0;
	}
	n *= 1000000000;
	/* (A program that showed it in another language wrote a comma.) */
	if (p + 1 < end && (*p == '.' || (*p == ',' && is_digit(p[1])))) {
		const char *most = end - p > 10 ? p + 10 : end;

		for (from = ++p; p < most && is_digit(*p); p++)
			fraction = fraction * 10 + *p - '0';
		digits = p - from;
		while (p < end && is_digit(*p))
			p++;
	}
	*stop = p;
	return n + (long long)fraction * tens[digits];
}

/* "19:08:44.145008", as -tt writes it: nanoseconds; -1: others. */
static long long time_of_day(const char *p)
{
	const uint64_t colons = (uint64_t)(':' ^ '0') << 16 |
				(uint64_t)(':' ^ '0') << 40;
	long long ns = p[2] == ':' && p[5] == ':' ? with_micros(p + 7) : -1;
	long minutes10;
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	v ^= colons;				/* "19008044": each is a 0 now */
	if (ns < 0 || !are_digits(v))
		return -1;
	v = in_pairs(v);
	minutes10 = (v >> 16 & 0xff) * 100 + (v >> 32 & 0xff);
	/* (The last digit of the seconds is in ns.) */
	return ((v & 0xff) * 3600 + minutes10 * 6 + (p[6] - '0') * 10) *
	       1000000000LL + ns;
}

/* "19:08:44.145008" */
static const char *read_time_of_day(struct line *l, const char *p,
				    const char *end)
{
	long long ns = end - p > 15 && p[15] == ' ' ? time_of_day(p) : -1;
	const char *stop;

	if (ns >= 0) {
		l->at_ns = ns;
		l->clock_of_day = 1;
		return p + 15;
	}
	if (end - p < 8 || p[2] != ':' || p[5] != ':' || !is_digit(p[3]) ||
	    !is_digit(p[4]))
		return NULL;
	ns = seconds(p + 6, end, &stop);
	if (stop == p + 6)
		return NULL;
	l->at_ns = ns + ((p[0] - '0') * 10 + p[1] - '0') * 3600000000000LL +
		   ((p[3] - '0') * 10 + p[4] - '0') * 60000000000LL;
	l->clock_of_day = 1;
	return stop;
}

/* The time of -ttt, as most logs have it.  Past it, or NULL. */
static const char *read_epoch(struct line *l, const char *p, const char *end)
{
	long long ns = end - p > 17 && p[17] == ' ' && *p != '0' ? epoch(p) : -1;

	if (ns < 0)
		return NULL;
	l->at_ns = ns;
	return p + 17;
}

/*
 * A number with a colon or a point is a time; one of ten digits or more is a
 * time without a fraction, since no pid is that large.
 */
static const char *read_time(struct line *l, const char *p, const char *end)
{
	const char *stop = read_epoch(l, p, end);
	long long ns;

	if (stop)
		return stop;
	if (end - p > 2 && p[2] == ':' && is_digit(p[0]) && is_digit(p[1]))
		return read_time_of_day(l, p, end);
	ns = seconds(p, end, &stop);
	if (stop == p)
		return NULL;
	if (ns >= 1000000000LL * 1000000000LL)
		l->at_ns = ns;
	else if (memchr(p, '.', stop - p))
		l->since_ns = ns;		/* -r alone */
	else
		return NULL;
	return stop;
}

/* "[pid  7]", "[pid 7<name>]".  Past it, or NULL. */
static const char *read_pid_column(struct line *l, const char *p,
				   const char *end)
{
	const char *q = p + 4, *stop;

	if (end - p < 7 || memcmp(p, "[pid", 4))
		return NULL;
	while (q < end && *q == ' ')
		q++;
	l->pid = slice_number(slice_of(q, end), &stop);
	if (stop == q)
		return NULL;
	if (stop < end && *stop == '<') {
		q = stop + 1;
		stop = memchr(q, '>', end - q);
		if (!stop)
			return NULL;
		l->comm = slice_of(q, stop++);
	}
	if (stop >= end || *stop != ']')
		return NULL;
	l->flags |= LINE_PID_COLUMN;
	return stop + 1;
}

/* "7 ", "7<name> " of -o.  Past the blank, or NULL when it is not a pid. */
static const char *read_pid(struct line *l, const char *p, const char *end)
{
	const char *q = p, *stop = end - p > 10 ? p + 10 : end;
	long n = 0;

	while (q < stop && is_digit(*q))
		n = n * 10 + *q++ - '0';
	if (q == p || q == stop)
		return NULL;
	if (*q == '<') {
		const char *close = memchr(q, '>', end - q);

		if (!close || close + 1 >= end || close[1] != ' ')
			return NULL;
		l->comm = slice_of(q + 1, close);
		q = close + 1;
	}
	if (*q != ' ')
		return NULL;
	l->pid = n;
	return q + 1;
}

/*
 * "[ 334]" of -n, "[00007f2339e291b3]" of -i, "[system_u:...]" of
 * --secontext: passed over.  "[ Process PID=7 runs in 32 bit mode. ]" is not
 * a leader but all that the line holds.
 */
static const char *skip_bracket(const char *p, const char *end)
{
	const char *q = memchr(p, ']', end - p);

	if (!q || q + 1 >= end || q[1] != ' ')
		return NULL;
	if (memmem(p, q - p, "Process", 7) || memmem(p, q - p, "rocess PID", 10))
		return NULL;
	return q + 1;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return p;
}

/*
 * "7 19:08:44.145008 ", "7 1795201724.156011 ": what most lines begin with.  Past
 * it, or NULL, and then l is as it was: it may be anything else.
 */
static const char *read_usual_leader(struct line *l, const char *p,
				     const char *end)
{
	enum { PID_DIGITS = 8, SHORTEST = PID_DIGITS + 1 + 18 };
	const char *q = p;
	long long ns;
	long n = 0;
	int of_day;

	if (end - p < SHORTEST)
		return NULL;
	for (; is_digit(*q) && q < p + PID_DIGITS; q++)
		n = n * 10 + *q - '0';
	if (q == p || *q != ' ')
		return NULL;
	q = skip_blanks(q, end);
	of_day = end - q > 18 && q[2] == ':' && q[15] == ' ';
	if (of_day)
		ns = time_of_day(q);
	else
		ns = end - q > 18 && q[17] == ' ' && *q != '0' ? epoch(q) : -1;
	if (ns < 0)
		return NULL;
	q += of_day ? 16 : 18;
	/* (Or another column follows.) */
	if ((*q < 'a' || *q > 'z') && *q != '<')
		return NULL;
	l->pid = n;
	l->at_ns = ns;
	l->clock_of_day = of_day;
	return q;
}

static const char *read_leader(struct line *l, const char *p, const char *end)
{
	const char *q = read_usual_leader(l, p, end);

	if (q)
		return q;

	while (p < end && (*p == ' ' || *p == '\t'))	/* pasted, indented */
		p++;
	if (p == end)
		return p;
	q = read_epoch(l, p, end);		/* -ff: no pid before it */
	if (!q)
		q = read_pid_column(l, p, end);
	if (!q && is_digit(*p))
		q = read_pid(l, p, end);
	if (q)
		p = skip_blanks(q, end);
	for (;;) {
		p = skip_blanks(p, end);
		if (p >= end)
			break;
		q = NULL;
		if (is_digit(*p)) {
			q = read_time(l, p, end);
		} else if (*p == '(' && end - p > 2 && p[1] == '+') {
			const char *stop;
			const char *from = skip_blanks(p + 2, end);
			long long ns = seconds(from, end, &stop);

			if (stop > from && stop < end && *stop == ')') {
				l->since_ns = ns;
				q = stop + 1;
			}
		} else if (*p == '[') {
			q = skip_bracket(p, end);
		}
		if (!q)
			break;
		p = q;
	}
	return p;
}

/* ---- what follows the closing parenthesis ---- */

/* The text in "(...)" at *p; *p moves past it.  Empty when there is none. */
static struct slice parenthesis(const char **p, const char *end)
{
	const char *from, *close;

	*p = skip_blanks(*p, end);
	if (*p >= end || **p != '(')
		return (struct slice){ end, 0 };
	from = *p + 1;
	close = scan(from, end, 1, NULL);
	if (!close)
		close = end;
	*p = close < end ? close + 1 : end;
	return slice_of(from, close);
}

static int is_error_name(const char *p, const char *end)
{
	return end - p > 1 && *p == 'E' && ((p[1] >= 'A' && p[1] <= 'Z') ||
					    is_digit(p[1]));
}

/* A browser took "<0.000012>" for a tag, or its brackets away: "0.000012". */
static void bare_duration(struct line *l, const char *p, const char *end)
{
	const char *stop;
	long long ns;

	p = skip_blanks(p, end);
	if (l->took_ns != NO_TIME || p >= end || !is_digit(*p))
		return;
	ns = seconds(p, end, &stop);
	/* (A spreadsheet drops the last zeros.) */
	if (stop == end && end - p >= 5 && memchr(p, '.', end - p))
		l->took_ns = ns;
}

/* "3", "-1 EAGAIN (Resource ...)", "1 ([{...}])", "?" and what follows. */
static int read_return(struct line *l, const char *p, const char *end)
{
	const char *from = p, *q;
	struct slice note;

	if (*p == '?') {
		l->flags |= LINE_NO_RETURN;
		p++;
	} else {
		l->ret = slice_number(slice_of(p, end), &q);
		if (q == p)
			return -1;
		p = q;
		if (p < end && *p == '<') {
			q = skip_angle(p, end);
			p = q ? q : end;
			if (end - p >= 9 && !memcmp(p, "(deleted)", 9))
				p += 9;
		}
	}
	l->value = slice_of(from, p);
	p = skip_blanks(p, end);
	if (is_error_name(p, end)) {
		for (q = p; q < end && is_word(*q); q++)
			;
		l->error = slice_of(p, q);
		l->flags |= slice_starts(l->error, "ERESTART") ? LINE_RESTART
							       : LINE_HAS_ERROR;
		p = q;
		parenthesis(&p, end);		/* what the errno means */
	} else if (l->ret == -1 && end - p > 6 && !memcmp(p, "(errno", 6)) {
		l->flags |= LINE_HAS_ERROR;
		l->error = parenthesis(&p, end);
	}
	while ((note = parenthesis(&p, end)).len) {
		if (slice_starts(note, "INJECTED"))
			l->flags |= LINE_INJECTED;
		else if (slice_is(note, "DELAYED"))
			l->flags |= LINE_DELAYED;
		else if (!l->aux.len)
			l->aux = note;
	}
	bare_duration(l, p, end);
	return 0;
}

/*
 * A line may end in <0.000012>, <unfinished ...>, <detached ...>,
 * <unavailable> or <pid changed to 7 ...>.  Returns where the call itself ends.
 */
static const char *read_end(struct line *l, const char *p, const char *end)
{
	const char *open, *stop;
	struct slice in;

	while (end > p && end[-1] == ' ')
		end--;
	if (end == p || end[-1] != '>')
		return end;
	if (end - p > 10 && end[-10] == '<' && end[-11] == ' ') {
		long long ns = with_micros(end - 9);	/* as most have it */

		if (ns >= 0) {
			l->took_ns = ns;
			return end - 11;
		}
	}
	open = memrchr(p, '<', end - p);
	if (!open || (open > p && open[-1] != ' ' && open[-1] != '(' &&
		      open[-1] != ','))
		return end;
	in = slice_of(open + 1, end - 1);
	if (in.len && is_digit(*in.at)) {
		long long ns = seconds(in.at, in.at + in.len, &stop);

		if (stop != in.at + in.len)
			return end;
		l->took_ns = ns;
	} else if (slice_starts(in, "unfinished ")) {
		l->kind = LINE_UNFINISHED;
	} else if (slice_starts(in, "detached ")) {
		l->kind = LINE_UNFINISHED;
		l->flags |= LINE_DETACHED;
	} else if (slice_starts(in, "pid changed to ")) {
		l->kind = LINE_UNFINISHED;
		l->flags |= LINE_REBORN;
		l->new_pid = slice_number(slice_after(in, "to "), NULL);
	} else if (!slice_is(in, "unavailable")) {
		return end;
	}
	/* One blank is the mark's; another may be the text's: "read(3, ". */
	return open > p && open[-1] == ' ' ? open - 1 : open;
}

/* ---- the bodies ---- */

static const char *skip_word(const char *p, const char *end)
{
	while (p < end && is_word(*p))
		p++;
	return p;
}

/*
 * socketcall(SYS_CONNECT, [3, {...}, 16]) of i386: the call that it stands for.
 * (Some versions of strace write braces.)
 */
static void read_socketcall(struct line *l)
{
	static const struct { const char *constant, *name; } calls[] = {
		{ "SYS_SOCKET", "socket" }, { "SYS_BIND", "bind" },
		{ "SYS_CONNECT", "connect" }, { "SYS_LISTEN", "listen" },
		{ "SYS_ACCEPT", "accept" }, { "SYS_ACCEPT4", "accept4" },
		{ "SYS_GETSOCKNAME", "getsockname" },
		{ "SYS_GETPEERNAME", "getpeername" },
		{ "SYS_SOCKETPAIR", "socketpair" }, { "SYS_SEND", "send" },
		{ "SYS_RECV", "recv" }, { "SYS_SENDTO", "sendto" },
		{ "SYS_RECVFROM", "recvfrom" }, { "SYS_SHUTDOWN", "shutdown" },
		{ "SYS_SETSOCKOPT", "setsockopt" },
		{ "SYS_GETSOCKOPT", "getsockopt" },
		{ "SYS_SENDMSG", "sendmsg" }, { "SYS_RECVMSG", "recvmsg" },
	};
	struct slice list = l->n_args == 2 ? l->arg[1] : (struct slice){ "", 0 };
	struct slice rest, element;

	if (list.len < 2 || (*list.at != '[' && *list.at != '{'))
		return;
	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (!slice_is(l->arg[0], calls[i].constant))
			continue;
		l->name = (struct slice){ calls[i].name, strlen(calls[i].name) };
		l->args = rest = slice_of(list.at + 1, list.at + list.len - 1);
		l->n_args = 0;
		while (l->n_args < LINE_ARGS && line_element(&rest, &element))
			l->arg[l->n_args++] = element;
		return;
	}
}

/* open: the parenthesis behind the name, or where that should be. */
static int read_call(struct line *l, const char *p, const char *open,
		     const char *end)
{
	const char *close;

	if (open == p || open >= end || *open != '(')
		return -1;
	l->name = slice_of(p, open);
	l->n_args = 0;
	close = scan(open + 1, end, 1, l);
	if (!close)
		return -1;
	l->args = slice_of(open + 1, close);
	while (l->args.len && l->args.at[l->args.len - 1] == ' ')
		l->args.len--;			/* old: "resumed> ) = 1" */
	if (slice_starts(l->args, "<... resuming "))
		l->flags |= LINE_RESUMES;
	p = skip_blanks(close + 1, end);
	if (p >= end || *p != '=')
		return -1;
	p = skip_blanks(p + 1, end);
	if (p >= end || read_return(l, p, end))
		return -1;
	/* (What goes on later is kept as text, from its name on.) */
	if (!(l->flags & LINE_RESTART) && slice_is(l->name, "socketcall"))
		read_socketcall(l);
	return 0;
}

int line_read_call(struct line *l, const char *text, size_t len)
{
	const char *end;

	l->kind = LINE_CALL;
	end = read_end(l, text, text + len);
	if (l->kind != LINE_CALL ||
	    read_call(l, text, skip_word(text, end), end))
		return -1;
	return 0;
}

/*
 * A call that strace left in the middle.  ") = ?" and the end of a process
 * may follow the mark: "read(3,  <unfinished ...>) = ?".
 */
static int looks_unfinished(struct line *l, const char *p, const char *end)
{
	const char *mark, *q;

	if (l->kind == LINE_UNFINISHED)
		return 1;
	mark = memmem(p, end - p, "<unfinished ", 12);
	if (!mark || !(q = memchr(mark, '>', end - mark)))
		return 0;
	return end - q <= 6 && end - q >= 2 && !memcmp(q + 1, ")", 1);
}

/*
 * On a terminal other text comes in mid-line, and the call goes on in a later
 * line.  Where does its own text end?  Before "strace: Process 7 attached" (old
 * ones: without "strace: "), or, when a program's own output came into its
 * write(1, "text", 4), after that number.
 */
static const char *end_of_torn(struct line *l, const char *p, const char *end)
{
	const char *at = memmem(p, end - p, "Process ", 8), *q;

	if (at && at + 8 < end && is_digit(at[8]) &&
	    (memmem(at, end - at, " attached", 9) ||
	     memmem(at, end - at, " detached", 9))) {
		l->flags |= memmem(at, end - at, " attached", 9) ?
			    LINE_ATTACHED : LINE_DETACHED;
		l->new_pid = slice_number(slice_of(at + 8, end), NULL);
		if (at - p >= 8 && !memcmp(at - 8, "strace: ", 8))
			at -= 8;
		return at - p >= 2 && !memcmp(at - 2, "^C", 2) ? at - 2 : at;
	}
	at = memchr(p, '"', end - p);
	at = at ? skip_string(at, end) : NULL;
	if (!at)
		return end;
	if (end - at > 3 && !memcmp(at, "...", 3))
		at += 3;
	if (end - at < 3 || memcmp(at, ", ", 2) || !is_digit(at[2]))
		return end;
	for (q = at + 2; q < end && is_digit(*q); q++)
		;
	return q;
}

/* "select(4, [3], NULL  /// hangs here", "read(3, <--- here": who pasted it says so. */
static const char *end_of_pasted(const char *p, const char *end)
{
	static const char *const marks[] = {
		" //", " <--", " <==", " <<", " # ", " \342\206\220",
	};

	for (unsigned i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		const char *at = memmem(p, end - p, marks[i], strlen(marks[i]));

		if (at && !memchr(at, '"', end - at))
			return slice_trim(slice_of(p, at)).at +
			       slice_trim(slice_of(p, at)).len;
	}
	return end;
}

/* open: as for read_call. */
static void read_call_line(struct line *l, const char *p, const char *open,
			   const char *end)
{
	const char *stop;

	/* "????(": strace let go before it had read the call. */
	if (end - p > 1 && p[0] == '?' && p[1] == '?') {
		l->kind = LINE_CHATTER;
		return;
	}
	l->kind = LINE_CALL;
	stop = read_end(l, p, end);
	if (l->kind == LINE_CALL && !read_call(l, p, open, stop))
		return;
	if (open == p || open >= stop || *open != '(') {
		l->kind = l->kind == LINE_UNFINISHED ? LINE_TAIL : LINE_UNKNOWN;
		return;
	}
	l->name = slice_of(p, open);
	l->body = slice_of(p, stop);
	if (l->kind == LINE_UNFINISHED)
		return;
	if (looks_unfinished(l, p, stop)) {
		/* It never came back: "= ?" is all that is known of it. */
		const char *mark = memmem(p, stop - p, "<unfinished ", 12);

		l->body = slice_trim(slice_of(p, mark));
		l->kind = LINE_UNFINISHED;
		l->flags |= LINE_NO_RETURN;
		return;
	}
	l->kind = LINE_CUT;
	l->body = slice_of(p, end_of_pasted(p, end_of_torn(l, p, end)));
}

/* "<... read resumed>\"x\", 1) = 1", also "<... read resumed #12>" */
static void read_resumed(struct line *l, const char *p, const char *end)
{
	const char *name = p + 5, *q = name, *stop;

	while (q < end && is_word(*q))
		q++;
	l->name = slice_of(name, q);
	if (end - q >= 9 && !memcmp(q, " resumed>", 9)) {
		q += 8;
	} else if (!(q = memchr(q, '>', end - q)) ||
		   !memmem(name, q - name, " resumed", 8)) {
		l->kind = LINE_UNKNOWN;
		return;
	}
	l->kind = LINE_RESUMED;
	stop = read_end(l, q + 1, end);
	if (l->kind == LINE_UNFINISHED)
		l->kind = LINE_RESUMED_UNFINISHED;
	l->body = slice_of(q + 1, l->kind == LINE_RESUMED ? end : stop);
}

/* "--- SIGIO {si_signo=SIGIO, ...} ---" and "--- stopped by SIGSTOP ---" */
static void read_signal(struct line *l, const char *p, const char *end)
{
	struct slice in = slice_of(p + 4, end);
	const char *q;

	if (slice_ends(in, " ---"))
		in.len -= 4;
	if (slice_starts(in, "stopped by ")) {
		l->kind = LINE_STOPPED;
		l->name = slice_after(in, "stopped by ");
		return;
	}
	for (q = in.at; q < in.at + in.len && *q != ' '; q++)
		;
	l->name = slice_of(in.at, q);
	l->args = slice_trim(slice_of(q, in.at + in.len));
	/* Old versions write words: "--- SIGCHLD (Child exited) @ 0 (0) ---" */
	l->kind = slice_starts(l->args, "(Stopped") ? LINE_STOPPED :
		  slice_starts(l->name, "SIG") ? LINE_SIGNAL : LINE_UNKNOWN;
}

static void read_exit(struct line *l, const char *p, const char *end)
{
	struct slice in = slice_of(p + 4, end);

	if (slice_starts(in, "exited with ")) {
		l->kind = LINE_EXITED;
		l->status = slice_number(slice_after(in, "with "), NULL);
	} else if (slice_starts(in, "killed by ")) {
		const char *q;

		in = slice_after(in, "by ");
		for (q = in.at; q < in.at + in.len && *q != ' '; q++)
			;
		l->kind = LINE_KILLED;
		l->name = slice_of(in.at, q);
	} else if (slice_starts(in, "superseded by execve")) {
		l->kind = LINE_SUPERSEDED;
		l->new_pid = slice_number(slice_after(in, "pid "), NULL);
	} else {
		l->kind = LINE_UNKNOWN;
	}
}

/* What strace says about itself.  1 when the body is that. */
static int read_chatter(struct line *l, struct slice body)
{
	static const char *const complaints[] = {	/* of strace 4 */
		"upeek: ", "umoven: ", "umovestr: ", "ptrace: ", "detach: ",
		"ptrace(PTRACE_", "attach: ptrace(",
	};
	struct slice rest = body;

	/* A debugger's call, which has a result. */
	if (slice_starts(body, "ptrace(") && (slice_find(body, ") = ") ||
	    slice_find(body, ")  ") || slice_find(body, "<unfinished ")))
		return 0;

	for (unsigned i = 0; i < sizeof(complaints) / sizeof(*complaints); i++)
		if (slice_starts(body, complaints[i])) {
			l->kind = LINE_CHATTER;
			return 1;
		}
	if (slice_starts(body, "[ Process") || slice_starts(body, "[ process")) {
		l->kind = LINE_CHATTER;
		return 1;
	}
	if (slice_starts(body, "strace: "))
		rest = slice_after(body, "strace: ");
	else if (!slice_starts(body, "Process "))
		return 0;
	else if (body.len < 9 || !is_digit(body.at[8]))
		return 0;
	l->kind = LINE_CHATTER;
	if (!slice_starts(rest, "Process ") || !slice_find(rest, " attached"))
		return 1;
	l->flags |= LINE_ATTACHED;
	l->new_pid = slice_number(slice_after(rest, "Process "), NULL);
	l->threads = slice_number(slice_after(rest, " attached with "), NULL);
	return 1;
}

/* Lines that belong to the line before them and have no leader. */
static int read_appendix(struct line *l, const char *p, const char *end)
{
	if (end - p < 3 || *p != ' ')
		return 0;
	if (p[1] == '>' && p[2] == ' ')
		l->kind = LINE_FRAME;
	else if (p[1] == '|' && p[2] == ' ')
		l->kind = LINE_DUMP;
	else if (p[1] == '*' && p[2] == ' ' && slice_find(slice_of(p, end),
							   "in buffer"))
		l->kind = LINE_DUMP;
	else
		return 0;
	return 1;
}

/* "% time     seconds  usecs/call     calls    errors syscall", or as -U has it */
static int is_table_head(struct slice body)
{
	static const char *const columns[] = {
		"% time", "seconds", "shortest", "longest", "usecs/call",
		"calls", "errors", "syscall",
	};
	unsigned n = 0, i;

	for (body = slice_trim(body); body.len; body = slice_trim(body), n++) {
		for (i = 0; i < 8 && !slice_starts(body, columns[i]); i++)
			;
		if (i == 8)
			return 0;
		body = slice_of(body.at + strlen(columns[i]),
				body.at + body.len);
		if (body.len && *body.at != ' ')
			return 0;
	}
	return n > 1;
}

/*
 * "read(3": a call, as most lines are; open is its parenthesis.  (Of what strace
 * says about itself only "ptrace(PTRACE_..." looks like one.)
 */
static int is_plain_call(const char *p, const char *open, const char *end)
{
	return open > p && open < end && *open == '(' &&
	       !(open - p == 6 && !memcmp(p, "ptrace", 6));
}

static int is_tail(struct slice body)
{
	const char *p = slice_find(body, ") = "), *q = slice_find(body, ")  ");

	return p || q || slice_starts(body, "<unfinished ") ||
	       slice_starts(body, "<detached ");
}

void line_read(struct line *l, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *open;

	/* (Field by field: memset takes longer.) */
	l->kind = LINE_EMPTY;
	l->flags = l->n_args = 0;
	l->clock_of_day = l->status = 0;
	l->pid = l->new_pid = l->threads = 0;
	l->ret = 0;
	l->at_ns = l->since_ns = l->took_ns = NO_TIME;
	if (len && end[-1] == '\r')
		end--;
	l->text = slice_of(text, end);
	/* Empty, but never NULL: they can be searched without a look. */
	l->body = l->comm = l->name = l->args = l->value = l->error = l->aux =
		(struct slice){ end, 0 };
	if (p == end)
		return;
	if (*p == '#') {
		l->kind = LINE_COMMENT;
		return;
	}
	if (read_appendix(l, p, end))
		return;
	if (end - p > 2 && !memcmp(p, "^C", 2))	/* the terminal's echo */
		p += 2;
	p = read_leader(l, p, end);
	l->body = slice_of(p, end);
	if (p == end) {
		l->kind = skip_blanks(text, end) == end ? LINE_EMPTY
							: LINE_UNKNOWN;
		return;
	}
	open = skip_word(p, end);
	if (is_plain_call(p, open, end))
		read_call_line(l, p, open, end);
	else if (*p == '<' && end - p > 5 && !memcmp(p, "<... ", 5))
		read_resumed(l, p, end);
	else if (*p == '-' && end - p > 4 && !memcmp(p, "--- ", 4))
		read_signal(l, p, end);
	else if (*p == '+' && end - p > 4 && !memcmp(p, "+++ ", 4))
		read_exit(l, p, end);
	else if (is_table_head(l->body))
		l->kind = LINE_TABLE;
	else if (read_chatter(l, l->body))
		return;
	else
		read_call_line(l, p, open, end);
	if ((l->kind == LINE_UNKNOWN || l->kind == LINE_TAIL) &&
	    is_tail(l->body))
		l->kind = LINE_TAIL;
}
