/* SPDX-License-Identifier: MIT */
/* map.c - from a number to a pointer; see map.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "map.h"

/* (Inlined, it would let gcc make a calloc of malloc and memset.) */
__attribute__((noinline)) void *need(void *memory)
{
	if (!memory) {
		fputs("iomodels: no memory left\n", stderr);
		exit(1);
	}
	return memory;
}

void *need_zero(size_t size)
{
	return memset(need(malloc(size)), 0, size);
}

/* The slot of key, or the free one where it would go. */
static struct map_slot *find(const struct map *m, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15ULL) >> 32 & (m->size - 1);

	while (m->slots[i].value && m->slots[i].key != key)
		i = (i + 1) & (m->size - 1);
	return &m->slots[i];
}

void *map_get(const struct map *m, uint64_t key)
{
	return m->size ? find(m, key)->value : NULL;
}

static void grow(struct map *m)
{
	struct map old = *m;

	m->size = old.size ? old.size * 2 : 16;
	m->slots = need(calloc(m->size, sizeof(*m->slots)));
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].value)
			*find(m, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

void map_put(struct map *m, uint64_t key, void *value)
{
	struct map_slot *s;

	if (m->used * 2 >= m->size)
		grow(m);
	s = find(m, key);
	if (!s->value)
		m->used++;
	s->key = key;
	s->value = value;
}

void *map_remove(struct map *m, uint64_t key)
{
	struct map_slot *s = m->size ? find(m, key) : NULL;
	void *value = s ? s->value : NULL;

	if (!value)
		return NULL;
	s->value = NULL;
	m->used--;
	/* What was pushed past the hole has to be found without it. */
	for (size_t i = (s - m->slots + 1) & (m->size - 1); m->slots[i].value;
	     i = (i + 1) & (m->size - 1)) {
		struct map_slot moved = m->slots[i];

		m->slots[i].value = NULL;
		*find(m, moved.key) = moved;
	}
	return value;
}

void map_free(struct map *m)
{
	free(m->slots);
	*m = (struct map){ 0 };
}
