/* SPDX-License-Identifier: MIT */
/* json.c - writes JSON; see json.h */
#include <string.h>
#include "json.h"
#include "safe.h"

void json_escape(FILE *out, const char *at, size_t len)
{
	const unsigned char *p = (const void *)at, *end = p + len;
	unsigned long c;

	while (p < end) {
		int n = safe_utf8(p, end - p, &c);

		if (n <= 0) {
			fputs("\\ufffd", out);
			p++;
			continue;
		}
		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", *p);
		else if (c == '<' || c < 0x20)		/* '<': safe in HTML */
			fprintf(out, "\\u%04lx", c);
		else if (safe_character(c))
			fwrite(p, 1, n, out);
		else if (c < 0x10000)
			fprintf(out, "\\u%04lx", c);
		else
			fprintf(out, "\\u%04lx\\u%04lx",
				0xd800 + ((c - 0x10000) >> 10),
				0xdc00 + ((c - 0x10000) & 0x3ff));
		p += n;
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
