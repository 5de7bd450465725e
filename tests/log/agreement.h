/* SPDX-License-Identifier: MIT */
/* agreement.h - do the title, the sentence and the lines of a finding agree? */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../log/finding.h"

enum { NUMBERS = 40 };

/* The whole numbers of a text, and "once" and "twice". */
static unsigned numbers_in(const char *text, unsigned long *n)
{
	unsigned used = 0;

	for (const char *p = text; *p && used < NUMBERS; p++) {
		if (isdigit((unsigned char)*p) && (p == text || !isalnum(
						   (unsigned char)p[-1])))
			n[used++] = strtoul(p, (char **)&p, 10), p--;
		else if (!strncmp(p, " once", 5) || !strncmp(p, " twice", 6))
			n[used++] = p[2] == 'n' ? 1 : 2;
	}
	return used;
}

static int is_in(unsigned long wanted, const char *text)
{
	unsigned long n[NUMBERS];
	unsigned used = numbers_in(text, n);

	for (unsigned i = 0; i < used; i++) {
		if (n[i] == wanted)
			return 1;
		/* "1 thread and 1 process" are two. */
		for (unsigned k = 0; k < i; k++)
			if (n[i] + n[k] == wanted)
				return 1;
	}
	return 0;
}

/* NULL: they do; else what does not. */
static const char *disagreement(const struct finding *d)
{
	unsigned long told = d->told ? d->told : d->count;
	const char *name = strchr(d->subject, '(');
	char rest[80], all[32], peer[sizeof(d->subject)] = "";

	if (!*d->says)
		return NULL;			/* the title is all that it says */
	if (name)
		snprintf(peer, sizeof(peer), "%.*s", (int)strcspn(name + 1,
			 ")"), name + 1);
	snprintf(all, sizeof(all), " %lu time", d->count);
	if (told < d->count && strstr(d->says, all))
		return "the sentence has the count of all, and does not tell of all";
	if (told > 1 && !is_in(told, d->says))
		return "the count of the sentence is not in it";
	if (told < d->count && !is_in(d->count - told,
				      finding_rest(d, rest, sizeof(rest))))
		return "what the sentence does not tell of is not explained";
	if (*d->subject && !is_in(strtoul(d->subject, NULL, 10), d->says) &&
	    !(*peer && strstr(d->says, peer)))
		return "the descriptor of the title is not in the sentence";
	return NULL;
}
