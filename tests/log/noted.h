/* SPDX-License-Identifier: MIT */
/* noted.h - logs by hand, and what is found in them; for tests */
#include "../../log/reader.h"
#include "tap.h"

static struct reader r;
static unsigned long number;

static void begin(void)
{
	reader_start(&r);
	number = 0;
}

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	char text[4096], *line = text, *end;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		reader_line(&r, line, end - line, ++number, 0);
	}
}

/* How often it was found; 0: not. */
static unsigned long found(const char *name)
{
	for (const struct finding *d = r.findings.first; d; d = d->next)
		if (!strcmp(d->about->id, name))
			return d->count;
	return 0;
}

static unsigned long end_and_find(const char *name)
{
	reader_end(&r);
	return found(name);
}

/* The sentence of a finding; "" when there is none. */
static const char *sentence(const char *id)
{
	for (const struct finding *d = r.findings.first; d; d = d->next)
		if (!strcmp(d->about->id, id))
			return d->says;
	return "";
}

/* Faults and costs, whichever. */
static unsigned alarms(void)
{
	unsigned n = 0;

	reader_end(&r);
	for (const struct finding *d = r.findings.first; d; d = d->next)
		n += d->about->severity != SEVERITY_NOTE;
	return n;
}
