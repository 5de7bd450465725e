/* SPDX-License-Identifier: MIT */
/*
 * symbols.c - the names of the kernel's functions, from /proc/kallsyms
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "symbols.h"

struct symbol {
	uint64_t address;
	char name[56];
};

struct symbols {
	struct symbol *at;
	long n, size;
};

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static int add(struct symbols *s, uint64_t address, const char *name)
{
	if (s->n == s->size) {
		long size = s->size ? 2 * s->size : 1 << 16;
		struct symbol *more = realloc(s->at, size * sizeof(*more));

		if (!more)
			return -1;
		s->at = more;
		s->size = size;
	}
	s->at[s->n].address = address;
	snprintf(s->at[s->n++].name, sizeof(s->at->name), "%s", name);
	return 0;
}

struct symbols *symbols_read(void)
{
	struct symbols *s = calloc(1, sizeof(*s));
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long address;
	char line[600], name[56], type;

	while (s && f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %c %55s", &address, &type, name) == 3 &&
		    address && strchr("tTwW", type) && add(s, address, name))
			break;
	if (f)
		fclose(f);
	if (s && !s->n) {			/* kptr_restrict */
		symbols_free(s);
		return NULL;
	}
	if (s)
		qsort(s->at, s->n, sizeof(*s->at), by_address);
	return s;
}

const char *symbol_at(const struct symbols *s, uint64_t address)
{
	long low = 0, high = s->n;

	while (high - low > 1) {
		long middle = low + (high - low) / 2;

		if (s->at[middle].address <= address)
			low = middle;
		else
			high = middle;
	}
	return s->n && s->at[low].address <= address ? s->at[low].name : NULL;
}

void symbols_free(struct symbols *s)
{
	if (s)
		free(s->at);
	free(s);
}
