/* SPDX-License-Identifier: MIT */
/* source.c - the lines of a file or a pipe; see source.h */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "call.h"
#include "line.h"
#include "map.h"
#include "source.h"

enum {
	LOOK = 1 << 16,		/* bytes that tell how the file is written */
	LINE_MAX_BYTES = 64 << 20,	/* beyond it is not strace's */
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
	s->size = 2 * READ_BYTES;
	s->buf = need(malloc(s->size));
	return 0;
}

/* A whole block is searched at once: that is cheap, line by line is not. */
static void look(struct source *s, const char *at, size_t n)
{
	const char *nul = memchr(at, 0, n);

	if (!s->colour && memchr(at, '\033', n))
		s->colour = 1;
	if (!s->overwritten && memchr(at, '\r', n))
		s->overwritten = 1;
	if (nul) {
		s->to = nul - s->buf;
		s->ended = 1;
		s->error = "a NUL byte: this is not a text that strace wrote";
	}
}

/* UTF-16 as Windows saves it: what is not ASCII becomes '?'. */
static size_t narrow(struct source *s, char *at, size_t n)
{
	const unsigned char *p = (unsigned char *)at;
	char *to = at;
	size_t i = 0;

	if (s->odd[1] && n) {
		unsigned char a = s->odd[0], b = *p;

		*to++ = s->wide == 1 ? (b ? '?' : a) : (a ? '?' : b);
		i = 1;
		s->odd[1] = 0;
	}
	for (; i + 1 < n; i += 2) {
		unsigned char low = p[i + (s->wide == 2)];
		unsigned char high = p[i + (s->wide == 1)];

		*to++ = high || low > 0x7f ? '?' : low;
	}
	if (i < n) {
		s->odd[0] = p[i];
		s->odd[1] = 1;
	}
	return to - at;
}

static ssize_t get(struct source *s, char *to, size_t n)
{
	ssize_t got;

	if (s->unpack)
		return unpack_read(s->unpack, to, n, &s->error);
	do
		got = read(s->fd, to, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		s->error = strerror(errno);
	return got;
}

/* CR alone ends the lines, as an old Mac or a serial console has them. */
static int ends_in_returns(const char *at, ssize_t n)
{
	ssize_t returns = 0, newlines = 0;

	if (!memchr(at, '\r', n))
		return 0;
	for (ssize_t i = 0; i < n; i++) {
		newlines += at[i] == '\n';
		returns += at[i] == '\r' && (i + 1 == n || at[i + 1] != '\n');
	}
	return returns > 4 * newlines;
}

/* Files that are not text, by their first bytes: what to do with them. */
static const char *what_else(const char *at, size_t n)
{
	static const struct {
		const char *magic;
		size_t n, at;
		const char *is;
	} files[] = {
		{ "BZh", 3, 0, "the log is compressed by bzip2: bzcat FILE | "
		  "iomodels explain" },
		{ "\x04\x22\x4d\x18", 4, 0, "the log is compressed by lz4: "
		  "lz4cat FILE | iomodels explain" },
		{ "PK\x03\x04", 4, 0, "a zip archive or an Office document: "
		  "unzip -p FILE | iomodels explain" },
		{ "7z\xbc\xaf", 4, 0, "a 7z archive: 7z x -so FILE | "
		  "iomodels explain" },
		{ "ustar", 5, 257, "a tar archive: tar xOf FILE | "
		  "iomodels explain" },
		{ "%PDF-", 5, 0, "a PDF document: pdftotext -layout FILE - | "
		  "iomodels explain" },
		{ "\x89PNG", 4, 0, "an image, not a text" },
		{ "\xff\xd8\xff", 3, 0, "an image, not a text" },
		{ "\x7f" "ELF", 4, 0, "a program, not its log: strace -f -ttt -T "
		  "-yy -o FILE COMMAND writes one" },
		{ "PERFILE2", 8, 0, "the data of perf record, not a log of "
		  "strace" },
		{ "\x17\x08\x44tracing", 10, 0, "the data of trace-cmd, not a "
		  "log of strace" },
		{ "\xd4\xc3\xb2\xa1", 4, 0, "captured packets, not a log of "
		  "strace" },
		{ "\xff\xfe\0\0", 4, 0, "the text is in UTF-32: iconv -f UTF-32 -t "
		  "UTF-8 FILE | iomodels explain" },
		{ "begin 6", 7, 0, "the text is uuencoded: uudecode -o - FILE | "
		  "iomodels explain" },
	};

	for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (n >= files[i].at + files[i].n &&
		    !memcmp(at + files[i].at, files[i].magic, files[i].n))
			return files[i].is;
	return NULL;
}

/* Two long lines of nothing but letters, digits, + and /; or a mail says so. */
static int is_base64(struct slice s)
{
	enum { LINES = 2, LONG = 60 };
	size_t len = 0, lines = 0;

	if (slice_find(s, "Content-Transfer-Encoding: base64"))
		return 1;
	for (size_t i = 0; i < s.len && lines < LINES; i++) {
		char c = s.at[i];

		if (c == '\n') {
			if (len < LONG)
				return 0;
			lines++;
			len = 0;
		} else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			   (c >= '0' && c <= '9') || c == '+' || c == '/') {
			len++;
		} else if (c != '\r') {
			return 0;
		}
	}
	return lines == LINES;
}

/* The first line is strace's own, with nothing around it. */
static int is_plain(const char *at, size_t n)
{
	const char *end = memchr(at, '\n', n);
	struct line l;

	if (!end)
		return 0;
	line_read(&l, at, end - at);
	return (l.kind >= LINE_CALL && l.kind <= LINE_SUPERSEDED) ||
	       l.kind == LINE_CHATTER;
}

/* How many lines a quoted text has that begins at p, and where it ends. */
static unsigned escaped_lines(const char *p, const char *end, const char **close)
{
	char quote = p[-1];
	unsigned n = 0;

	for (; p < end && *p != quote && *p != '\n'; p++)
		if (*p == '\\' && ++p < end)
			n += *p == 'n';
	*close = p < end ? p : end;	/* (It may end in a backslash.) */
	return p < end && *p == quote ? n : 0;
}

/* {"stderr": "...", output='...', b"...", and alone: not an argument of a call */
static int opens_text(const char *at, const char *p)
{
	if (*p != '"' && *p != '\'')
		return 0;
	while (p > at && (p[-1] == ' ' || p[-1] == 'b'))
		p--;
	return p == at || strchr("\n:=[{(,", p[-1]);
}

static int traced_lines(const char *at, size_t n)
{
	const char *end = at + n, *newline;
	int calls = 0;
	struct line l;

	for (; at < end; at = newline + 1) {
		newline = memchr(at, '\n', end - at);
		if (!newline)
			newline = end;
		line_read(&l, at, newline - at);
		calls += (l.kind == LINE_CALL || l.kind == LINE_UNFINISHED) &&
			 call_find(l.name) != CALL_OTHER;
	}
	return calls;
}

/* What an escape of JSON or Python stands for; *p is then at its last byte. */
static char unescaped(const char **p, const char *end)
{
	static const char hex[] = "0123456789abcdef";
	int digits = **p == 'u' ? 4 : **p == 'x' ? 2 : 0;
	unsigned c = 0;

	if (!digits || end - *p <= digits)
		return **p == 'n' ? '\n' : **p == 't' ? '\t' :
		       **p == 'r' ? '\r' : **p;
	for (; digits; digits--) {
		const char *h = *++*p ? strchr(hex, **p | 0x20) : NULL;

		c = c * 16 + (h ? h - hex : 0);
	}
	return c && c < 0x80 ? (char)c : '?';
}

static size_t unescape(char *to, const char *p, const char *end)
{
	char *start = to;

	for (; p < end; p++)
		*to++ = *p == '\\' && p + 1 < end ? (p++, unescaped(&p, end))
						   : *p;
	return to - start;
}

/* ["read(3, \"x\", 1) = 1", "close(3) = 0"]: each text is a line. */
static size_t unlist(char *to, const char *p, const char *end)
{
	char *start = to;
	const char *close;

	while ((p = memchr(p, '"', end - p))) {
		escaped_lines(p + 1, end, &close);
		to += unescape(to, p + 1, close);
		*to++ = '\n';
		if (close >= end)
			break;
		p = close + 1;
	}
	return to - start;
}

/*
 * {"stderr": "read(3, \"x\", 1) = 1\nclose(3) = 0\n"}: the whole log in one line,
 * as Ansible, the API of a tracker, and programs that report to others have it.
 * (A call may write such a text: then the line itself is strace's.)
 */
static ssize_t unfold(char *at, ssize_t n)
{
	enum { LINES = 3, TRIED = 200 };
	const char *end = at + n, *best = NULL, *best_ends = NULL, *close;
	unsigned most = LINES - 1, tried = 0;
	char *text;
	size_t len;
	int list = n > 2 && !memcmp(at, "[\"", 2);

	if (is_plain(at, n) || (!memmem(at, n, "\\n", 2) && !list))
		return n;
	for (const char *p = at; p < end && tried < TRIED; p++) {
		unsigned lines;

		if (!opens_text(at, p))
			continue;
		tried++;
		lines = escaped_lines(p + 1, end, &close);
		if (lines > most) {
			most = lines;
			best = p + 1;
			best_ends = close;
		}
		if (lines)
			p = close;
	}
	if (!best && !list)
		return n;
	text = need(malloc(n + 1));
	len = best ? unescape(text, best, best_ends) : unlist(text, at, end);
	if (traced_lines(text, len) >= 2 && !traced_lines(at, n)) {
		memcpy(at, text, len);
		n = len;
	}
	free(text);
	return n;
}

/* The first bytes tell how the file is written. */
static ssize_t start(struct source *s, char *at, ssize_t n)
{
	const char *why = NULL;

	s->started = 1;
	s->unpack = unpack_open(s->fd, at, n, &why);
	if (why) {
		s->error = why;
		return 0;
	}
	if (s->unpack) {
		s->ended = 0;			/* of what is packed, it is not */
		n = get(s, at, READ_BYTES);
	}
	if (n <= 0)
		return n;
	s->error = what_else(at, n);
	if (!s->error && is_base64((struct slice){ at, n < LOOK ? n : LOOK }))
		s->error = "the text is in base64: base64 -d FILE | iomodels "
			   "explain";
	if (s->error)
		return 0;
	if (n >= 3 && !memcmp(at, "\xef\xbb\xbf", 3)) {
		memmove(at, at + 3, n - 3);
		n -= 3;
	} else if (n >= 2 && (!memcmp(at, "\xff\xfe", 2) ||
			      !memcmp(at, "\xfe\xff", 2))) {
		s->wide = *at == '\xff' ? 1 : 2;
		memmove(at, at + 2, n - 2);
		n -= 2;
	} else if (n >= 8 && !at[1] && !at[3] && at[0] && at[2]) {
		s->wide = 1;
	}
	if (!s->wide && n < READ_BYTES)
		n = unfold(at, n);
	s->returns = !s->wide && ends_in_returns(at, n);
	return n;
}

/* "ESC ] 0 ; title BEL": where it ends */
static const char *title_ends(const char *p, const char *end)
{
	while (p < end && *p != '\a' && *p != '\033')
		p++;
	return p + (p + 1 < end && *p == '\033');	/* "ESC \\" */
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
		if (*p == '\033' && p + 1 < end && p[1] == ']') {
			p = title_ends(p + 2, end);
			continue;
		}
		if (*p != '\033' || p + 1 >= end || p[1] != '[') {
			*to++ = *p;
			continue;
		}
		for (p += 2; p < end && (*p < '@' || *p > '~'); p++)
			;
	}
	return slice_of(s->plain, to);
}

/* What a terminal shows of "50%\rread(3, ...) = 1\r\r": strace writes no CR. */
static struct slice what_shows(struct slice line)
{
	const char *cr;

	while (slice_ends(line, "\r"))
		line.len--;
	cr = line.len ? memrchr(line.at, '\r', line.len) : NULL;
	return cr ? slice_of(cr + 1, line.at + line.len) : line;
}

/*
 * A pipe gives what was written so far, perhaps three bytes of a packed log.
 * Unless its first line says enough, as in a log that is shown while it grows,
 * read on until there are enough bytes to tell how the file is written.
 */
static ssize_t get_head(struct source *s, char *to)
{
	ssize_t n = get(s, to, READ_BYTES), more;

	while (n > 0 && n < LOOK && n < READ_BYTES && !is_plain(to, n)) {
		more = get(s, to + n, READ_BYTES - n);
		if (more <= 0) {
			s->ended = 1;
			break;
		}
		n += more;
	}
	return n;
}

/* More bytes into the buffer.  0 when there are none. */
static int fill(struct source *s)
{
	int first = !s->started;
	ssize_t n;

	if (s->ended)
		return 0;
	if (s->from) {
		memmove(s->buf, s->buf + s->from, s->to - s->from);
		s->to -= s->from;
		s->from = 0;
	}
	if (s->size - s->to < READ_BYTES) {
		if (s->size >= LINE_MAX_BYTES) {
			s->error = "a line beyond 64 MiB: this is not a strace log";
			s->ended = 1;
			s->to = 0;
			return 0;
		}
		s->size *= 2;
		s->buf = need(realloc(s->buf, s->size));
	}
	n = first ? get_head(s, s->buf + s->to)
		  : get(s, s->buf + s->to, READ_BYTES);
	if (n > 0 && first)
		n = start(s, s->buf + s->to, n);
	if (n <= 0) {
		s->ended = 1;
		return 0;
	}
	s->bytes += n;
	if (s->wide)
		n = narrow(s, s->buf + s->to, n);
	for (char *p = s->buf + s->to; s->returns && p < s->buf + s->to + n; p++)
		*p = *p == '\r' ? '\n' : *p;
	s->to += n;
	look(s, s->buf + s->to - n, n);
	if (first) {
		struct slice head = { s->buf, s->to < LOOK ? s->to : LOOK };

		if (s->colour)
			head = without_colour(s, head);
		s->tracer = paste_tracer(head);
		paste_look(&s->paste, head);
	}
	return 1;
}

void source_peek(struct source *s)
{
	if (!s->started)
		fill(s);
}

static int plain_line(struct source *s, struct slice *line)
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
	s->read++;
	if (s->colour && line->len && memchr(line->at, '\033', line->len))
		*line = without_colour(s, *line);
	if (s->overwritten)
		*line = what_shows(*line);
	if (s->paste.any)
		*line = paste_strip(&s->paste, *line);
	return 1;
}

/* Copies text behind the line that is put together. */
static void append(struct source *s, struct slice text, int blank)
{
	size_t n = s->joined_len + text.len + blank;

	if (n > s->joined_size || !s->joined) {
		s->joined_size = n * 2 + 1;
		s->joined = need(realloc(s->joined, s->joined_size));
	}
	if (blank)
		s->joined[s->joined_len++] = ' ';
	memcpy(s->joined + s->joined_len, text.at, text.len);
	s->joined_len += text.len;
}

/* A line and those that go on with it; the next one is read and kept. */
static int joined_line(struct source *s, struct slice *line)
{
	struct slice next;
	size_t last;
	int part;

	s->joined_len = 0;
	s->cut |= s->next_cut;
	if (!s->has_next) {
		if (!plain_line(s, &next))
			return 0;
		append(s, next, 0);
		s->number = s->read;
		part = s->paste.part;
	} else {
		append(s, (struct slice){ s->next, s->next_len }, 0);
		s->number = s->next_number;
		part = s->next_part;
		s->has_next = 0;
	}
	last = s->joined_len;
	while (plain_line(s, &next)) {
		int goes_on = part || paste_goes_on(&s->paste, last, next);

		if (goes_on && s->joined_len + next.len < LINE_MAX_BYTES) {
			append(s, next, !part && s->paste.wrapped == WRAP_WORDS);
			last = next.len;
			part = s->paste.part;
			continue;
		}
		if (next.len > s->next_size || !s->next) {
			s->next_size = next.len * 2 + 1;
			s->next = need(realloc(s->next, s->next_size));
		}
		memcpy(s->next, next.at, next.len);
		s->next_len = next.len;
		s->next_number = s->read;
		s->next_part = s->paste.part;
		s->next_cut = s->cut;		/* not of this one */
		s->cut = 0;
		s->has_next = 1;
		break;
	}
	*line = (struct slice){ s->joined, s->joined_len };
	return 1;
}

int source_line(struct source *s, struct slice *line)
{
	if (!s->started)
		fill(s);
	if (s->paste.joins)
		return joined_line(s, line);
	if (!plain_line(s, line))
		return 0;
	s->number = s->read;
	return 1;
}

unsigned source_lines(struct source *s, struct slice *line, unsigned max)
{
	unsigned n = source_line(s, line);
	const char *end;

	/* (Otherwise the next line may be put together where this one is.) */
	if (!n || s->paste.any || s->colour || s->overwritten)
		return n;
	for (; n < max && (end = memchr(s->buf + s->from, '\n',
					s->to - s->from)); n++) {
		line[n] = slice_of(s->buf + s->from, end);
		s->from = end + 1 - s->buf;
		s->read++;
	}
	return n;
}

void source_close(struct source *s)
{
	if (s->fd > 0)
		close(s->fd);
	unpack_close(s->unpack);
	paste_free(&s->paste);
	free(s->buf);
	free(s->plain);
	free(s->joined);
	free(s->next);
	s->buf = s->plain = s->joined = s->next = NULL;
}
