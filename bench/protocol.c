/* SPDX-License-Identifier: MIT */
/*
 * protocol.c - what a client asks of any server, and where the answer ends
 *
 * An answer is read as it comes, in any pieces.  What is wrong with it: an HTTP
 * status that is not 2xx or 3xx (1xx: another follows), an error reply of redis, a
 * line that begins as errors do (memcached), an answer that is cut.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "protocol.h"

enum { REQUEST_MOST = 64 << 10 };

/* States of an answer, END_HTTP and END_REDIS. */
enum { FIRST_LINE, HEADERS, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER,
       UNTIL_CLOSE };

/* ---- the request ---- */

static int refuse(char why[200], const char *what, const char *text)
{
	snprintf(why, 200, "%s%s", what, text);
	return -1;
}

/* "\r\n" as it is typed. */
static size_t unescape(const char *text, char *to, size_t size)
{
	static const char letters[] = "rnt\\0", bytes[] = "\r\n\t\\\0";
	size_t n = 0;

	for (; *text && n < size; text++) {
		const char *at = *text == '\\' && text[1] ?
				 strchr(letters, text[1]) : NULL;

		to[n++] = at ? bytes[at - letters] : *text;
		text += !!at;
	}
	return n;
}

static int parse_rule(struct protocol *p, const char *rule, char why[200])
{
	char *end;

	if (rule && !strcmp(rule, "close")) {
		p->end = END_CLOSE;
	} else if (rule && !strncmp(rule, "length:", 7)) {
		p->end = END_LENGTH;
		p->length = strtoul(rule + 7, &end, 10);
		if (!isdigit((unsigned char)rule[7]) || *end || !p->length)
			return refuse(why, "expected a number of bytes in ",
				      rule);
	} else if (rule && !strncmp(rule, "delimiter:", 10) && rule[10]) {
		p->end = END_DELIMITER;
		p->delimiter_len = unescape(rule + 10, p->delimiter,
					    sizeof(p->delimiter));
	} else {
		return refuse(why, "--answer: expected length:N, delimiter:TEXT "
			      "or close", "");
	}
	return 0;
}

static int read_request(struct protocol *p, const char *path, char why[200])
{
	FILE *f = path ? fopen(path, "re") : NULL;

	if (!path)
		return refuse(why, "bytes: --request FILE is missing", "");
	if (!f) {
		snprintf(why, 200, "%.100s: %s", path, strerror(errno));
		return -1;
	}
	p->request = malloc(REQUEST_MOST + 1);
	p->request_len = p->request ? fread(p->request, 1, REQUEST_MOST + 1, f)
				    : 0;
	fclose(f);
	if (!p->request_len || p->request_len > REQUEST_MOST) {
		snprintf(why, 200, "%.100s: a request has 1 byte to 64 KiB",
			 path);
		return -1;
	}
	return 0;
}

int protocol_make(struct protocol *p, const char *name, const char *path,
		  const char *rule, char why[200])
{
	static const struct {
		const char *name, *request;
		enum answer_end end;
	} simple[] = {
		{ "redis-ping", "PING\r\n", END_REDIS },
		{ "redis-get", "GET iomodels:key\r\n", END_REDIS },
		{ "redis-set", "SET iomodels:key 0123456789abcdef\r\n",
		  END_REDIS },
		{ "line", "hello from iomodels\n", END_DELIMITER },
	};
	char *text = NULL;

	*p = (struct protocol){ .delimiter = "\n", .delimiter_len = 1 };
	if (!strcmp(name, "bytes"))
		return parse_rule(p, rule, why) || read_request(p, path, why) ?
		       -1 : 0;
	for (unsigned i = 0; i < sizeof(simple) / sizeof(*simple); i++)
		if (!strcmp(simple[i].name, name)) {
			p->end = simple[i].end;
			text = strdup(simple[i].request);
		}
	if (!strcmp(name, "http") &&
	    asprintf(&text, "GET %s HTTP/1.1\r\nHost: localhost\r\n"
		     "Connection: keep-alive\r\n\r\n", path ? path : "/") < 0)
		text = NULL;
	if (!text)
		return refuse(why, "no memory for the request of ", name);
	p->request = text;
	p->request_len = strlen(text);
	return 0;
}

static void put_number(char *to, unsigned v)
{
	for (int i = 0; i < 4; i++)
		to[i] = v >> (24 - 8 * i);
}

int protocol_reply(struct protocol *p, unsigned size, unsigned answer,
		   unsigned work)
{
	*p = (struct protocol){
		.request = calloc(1, size), .request_len = size,
		.end = END_REPLY, .length = answer,
	};
	if (!p->request)
		return -1;
	put_number(p->request, size);
	put_number(p->request + 4, answer);
	put_number(p->request + 8, work);
	return 0;
}

/* ---- the answer ---- */

static int header_is(const struct answer *a, const char *name)
{
	return !strncasecmp(a->line, name, strlen(name));
}

static int has_word(const struct answer *a, const char *word)
{
	return !!strcasestr(a->line, word);
}

static void http_line(struct answer *a)
{
	switch (a->state) {
	case FIRST_LINE:
		a->wrong = strncmp(a->line, "HTTP/1.", 7) ||
			   (a->line[9] != '2' && a->line[9] != '3');
		a->closes = !strncmp(a->line, "HTTP/1.0", 8);
		a->state = HEADERS;
		a->left = (size_t)-1;			/* not known yet */
		if (!strncmp(a->line + 8, " 204", 4) ||
		    !strncmp(a->line + 8, " 304", 4))
			a->left = 0;
		break;
	case HEADERS:
		if (header_is(a, "content-length:"))
			a->left = strtoul(a->line + 15, NULL, 10);
		if (header_is(a, "transfer-encoding:") && has_word(a, "chunked"))
			a->seen = 1;
		if (header_is(a, "connection:"))
			a->closes = has_word(a, "close") ? 1 :
				    has_word(a, "keep-alive") ? 0 : a->closes;
		if (a->line_len)
			break;
		if (a->wrong && !strncmp(a->first, "HTTP/1.", 7) &&
		    a->first[9] == '1') {	/* the answer is yet to come */
			a->state = FIRST_LINE;
			a->seen = 0;
			break;
		}
		a->state = a->seen ? CHUNK_SIZE : a->left == (size_t)-1 ?
			   UNTIL_CLOSE : BODY;
		a->done = a->state == BODY && !a->left;
		break;
	case CHUNK_SIZE:
		a->left = strtoul(a->line, NULL, 16);
		a->state = a->left ? CHUNK : TRAILER;
		break;
	case CHUNK_END:
		a->state = CHUNK_SIZE;
		break;
	case TRAILER:
		a->done = !a->line_len;
	}
}

static void redis_line(struct answer *a)
{
	a->wrong = !strchr("+:$_#,", *a->line) || !*a->line;
	a->done = *a->line != '$' || atol(a->line + 1) < 0;
	a->left = a->done ? 0 : atol(a->line + 1) + 2;	/* and \r\n */
	a->state = BODY;
}

/* Lines without their end, cut to what there is room for. */
static void line_byte(const struct protocol *p, struct answer *a, char c)
{
	if (c != '\n') {
		if (c != '\r' && a->line_len < sizeof(a->line) - 1)
			a->line[a->line_len++] = c;
		return;
	}
	a->line[a->line_len] = 0;
	if (a->state == FIRST_LINE)
		snprintf(a->first, sizeof(a->first), "%.60s", a->line);
	if (p->end == END_REDIS)
		redis_line(a);
	else
		http_line(a);
	memset(a->line, 0, sizeof(a->line));
	a->line_len = 0;
}

static size_t feed_lines(const struct protocol *p, struct answer *a,
			 const char *data, size_t n)
{
	size_t used = 0;

	while (used < n && !a->done) {
		size_t take = n - used;

		if (a->state != BODY && a->state != CHUNK &&
		    a->state != UNTIL_CLOSE) {
			line_byte(p, a, data[used++]);
			continue;
		}
		if (a->state != UNTIL_CLOSE) {
			take = take < a->left ? take : a->left;
			a->left -= take;
			if (!a->left && a->state == CHUNK)
				a->state = CHUNK_END;
			else if (!a->left)
				a->done = 1;
		}
		used += take;
	}
	return used;
}

/* Where nothing says what is right: "ERROR" of memcached, "-ERR" of POP3. */
static int begins_as_error(const char *line)
{
	static const char *const words[] = {
		"ERR", "-ERR", "CLIENT_ERROR", "SERVER_ERROR",
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strncmp(line, words[i], strlen(words[i])))
			return 1;
	return 0;
}

/* One that begins again within itself ("aab" in "aaab") is found all the same:
   what matched is kept, and compared anew. */
static size_t feed_delimiter(const struct protocol *p, struct answer *a,
			     const char *data, size_t n)
{
	size_t used = 0, len = p->delimiter_len;

	while (used < n && !a->done) {
		char seen[65];
		size_t k;

		if (a->line_len < sizeof(a->first) - 1)
			a->line[a->line_len++] = data[used];
		memcpy(seen, p->delimiter, a->seen);
		seen[a->seen] = data[used++];
		for (k = a->seen + 1; k; k--)
			if (k <= len && !memcmp(seen + a->seen + 1 - k,
						p->delimiter, k))
				break;
		a->seen = k;
		a->done = k == len;
	}
	if (a->done && begins_as_error(a->line)) {
		a->wrong = 1;
		snprintf(a->first, sizeof(a->first), "%.*s",
			 (int)strcspn(a->line, "\r\n"), a->line);
	}
	return used;
}

size_t protocol_feed(const struct protocol *p, struct answer *a,
		     const char *data, size_t n)
{
	size_t left = p->length - a->seen;

	a->begun |= n > 0;
	switch (p->end) {
	case END_HTTP:
	case END_REDIS:
		return feed_lines(p, a, data, n);
	case END_REPLY:
	case END_LENGTH:
		left = left < n ? left : n;
		/* Its ends tell; to look at all would cost the client much. */
		if (p->end == END_REPLY && left && (*data != 'x' ||
						    data[left - 1] != 'x')) {
			a->wrong = 1;
			strcpy(a->first, "bytes that are not x");
		}
		a->seen += left;
		a->done = a->seen == p->length;
		return left;
	case END_DELIMITER:
		return feed_delimiter(p, a, data, n);
	case END_CLOSE:
		break;
	}
	return n;
}

void protocol_closed(const struct protocol *p, struct answer *a)
{
	a->closes = 1;
	if (p->end != END_CLOSE &&
	    !(p->end == END_HTTP && a->state == UNTIL_CLOSE)) {
		if (!a->wrong)
			strcpy(a->first, "the answer is cut: the server closed");
		a->wrong = 1;
	}
	a->done = 1;
}
