/* SPDX-License-Identifier: MIT */
/* baseline.c - the findings of an earlier report; see baseline.h */
#include <errno.h>
#include <stdlib.h>
#include "baseline.h"
#include "map.h"

enum { REPORT_MAX = 64 << 20 };

static char *read_all(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	size_t size = 1 << 16, got;
	char *text;

	if (!f)
		return NULL;
	text = need(malloc(size));
	*len = 0;
	while ((got = fread(text + *len, 1, size - *len, f)) > 0 &&
	       *len + got < REPORT_MAX) {
		*len += got;
		if (*len == size)
			text = need(realloc(text, size *= 2));
	}
	fclose(f);
	return text;
}

/* "name": "value" of the object that begins at s. */
static struct slice text_of(struct slice s, const char *name)
{
	struct slice v = slice_after(s, name);
	const char *open = v.len ? memchr(v.at, '"', v.len) : NULL;
	const char *end = open ? memchr(open + 1, '"', v.at + v.len - open - 1)
			       : NULL;

	return end ? slice_of(open + 1, end) : (struct slice){ s.at, 0 };
}

static unsigned long number_of(struct slice s, const char *name)
{
	return slice_number(slice_trim(slice_after(s, name)), NULL);
}

/*
 * The report is one that this program wrote, so there is no need of a whole
 * parser: each finding is an object whose first member is its id.
 */
int baseline_read(struct baseline *b, const char *path)
{
	size_t len = 0;
	char *text = read_all(path, &len);
	struct slice s = { text, len };
	const char *end;

	*b = (struct baseline){ 0 };
	if (!text) {
		snprintf(b->error, sizeof(b->error), "%.100s: %s%s", path,
			 strerror(errno), errno == ENOENT ? "; iomodels explain "
			 "--json LOG >FILE writes one" : "");
		return -1;
	}
	if (!slice_find(s, "\"iomodels-explain\"") ||
	    number_of(s, "\"version\":") < 3) {
		snprintf(b->error, sizeof(b->error), "%s: expected a report of "
			 "explain --json, version 3 or later", path);
		free(text);
		return -1;
	}
	s = slice_after(s, "\"findings\":");
	end = slice_find(s, "\"descriptors\":");
	if (end)
		s = slice_of(s.at, end);
	while (b->n < sizeof(b->known) / sizeof(*b->known)) {
		struct slice id = text_of(s, "\"id\":");
		struct known *k = &b->known[b->n];

		if (!id.len)
			break;
		snprintf(k->id, sizeof(k->id), "%.*s", (int)id.len, id.at);
		s = slice_of(id.at, s.at + s.len);
		k->count = number_of(s, "\"count\":");
		b->n++;
	}
	free(text);
	return 0;
}

unsigned long baseline_count(const struct baseline *b, const char *id)
{
	unsigned long n = 0;

	for (unsigned i = 0; i < b->n; i++)
		if (!strcmp(b->known[i].id, id))
			n += b->known[i].count ? b->known[i].count : 1;
	return n;
}

static unsigned long count_now(const struct reader *r, const char *id)
{
	unsigned long n = 0;

	for (const struct finding *d = r->findings.first; d; d = d->next)
		if (!strcmp(d->about->id, id))
			n += d->count ? d->count : 1;
	return n;
}

/* (A fault and a cost of different calls may have one id.) */
static int is_first_of_id(const struct reader *r, const struct finding *d)
{
	const struct finding *x = r->findings.first;

	while (strcmp(x->about->id, d->about->id))
		x = x->next;
	return x == d;
}

static int is_first_known(const struct baseline *b, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (!strcmp(b->known[k].id, b->known[i].id))
			return 0;
	return 1;
}

void report_baseline(FILE *out, const struct baseline *b,
		     const struct reader *r, const char *path)
{
	unsigned changes = 0;

	fprintf(out, "\ncompared with %s\n", path);
	for (const struct finding *d = r->findings.first; d; d = d->next) {
		unsigned long before = baseline_count(b, d->about->id);
		unsigned long now = count_now(r, d->about->id);

		if (before == now || !is_first_of_id(r, d))
			continue;
		changes++;
		if (before)
			fprintf(out, "  changed  %s: %lu, before %lu\n",
				d->about->id, now, before);
		else
			fprintf(out, "  new      %s: %lu\n", d->about->id, now);
	}
	for (unsigned i = 0; i < b->n; i++)
		if (!count_now(r, b->known[i].id) &&
		    is_first_known(b, i)) {
			changes++;
			fprintf(out, "  gone     %s: before %lu\n",
				b->known[i].id,
				baseline_count(b, b->known[i].id));
		}
	if (!changes)
		fprintf(out, "  the same findings\n");
}
