/* SPDX-License-Identifier: MIT */
/* json.c - writes JSON; see json.h */
#include <string.h>
#include "json.h"

/* The length of the UTF-8 character at p, or 0 when it is none. */
static size_t utf8(const unsigned char *p, size_t n)
{
	size_t len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 :
		     *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

	if (!len || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

void json_escape(FILE *out, const char *at, size_t len)
{
	const unsigned char *p = (const void *)at, *end = p + len;

	while (p < end) {
		size_t n = utf8(p, end - p);

		if (!n) {
			fputs("\\ufffd", out);
			p++;
		} else if (*p == '"' || *p == '\\') {
			fprintf(out, "\\%c", *p++);
		} else if (*p < 0x20 || *p == '<') {	/* '<': safe in HTML */
			fprintf(out, "\\u%04x", *p++);
		} else {
			fwrite(p, 1, n, out);
			p += n;
		}
	}
}

static void begin(struct json *j, const char *name)
{
	if (!j->first)
		fputc(',', j->out);
	if (j->depth && !j->compact)
		fprintf(j->out, "\n%*s", j->depth, "");
	j->first = 0;
	if (name)
		fprintf(j->out, "\"%s\":%s", name, j->compact ? "" : " ");
}

void json_open(struct json *j, const char *name, char bracket)
{
	begin(j, name);
	fputc(bracket, j->out);
	j->depth++;
	j->first = 1;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	if (!j->first && !j->compact)
		fprintf(j->out, "\n%*s", j->depth, "");
	fputc(bracket, j->out);
	j->first = 0;
}

void json_slice(struct json *j, const char *name, const char *at, size_t len)
{
	begin(j, name);
	fputc('"', j->out);
	json_escape(j->out, at, len);
	fputc('"', j->out);
}

void json_text(struct json *j, const char *name, const char *text)
{
	json_slice(j, name, text, strlen(text));
}

void json_number(struct json *j, const char *name, long long n)
{
	begin(j, name);
	fprintf(j->out, "%lld", n);
}

void json_real(struct json *j, const char *name, double n)
{
	begin(j, name);
	fprintf(j->out, "%.6g", n);
}

void json_bool(struct json *j, const char *name, int yes)
{
	begin(j, name);
	fputs(yes ? "true" : "false", j->out);
}

void json_null(struct json *j, const char *name)
{
	begin(j, name);
	fputs("null", j->out);
}
