/* SPDX-License-Identifier: MIT */
/*
 * map.h - from a number to a pointer: open addressing, no deletion marks
 */
#ifndef IOMODELS_MAP_H
#define IOMODELS_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map {
	struct map_slot {
		uint64_t key;
		void *value;		/* NULL: the slot is free */
	} *slots;
	size_t used, size;		/* size is 0 or a power of two */
};

void *map_get(const struct map *m, uint64_t key);
void map_put(struct map *m, uint64_t key, void *value);
/* Returns what was there, or NULL. */
void *map_remove(struct map *m, uint64_t key);
void map_free(struct map *m);

/* malloc and its kin for a program that cannot go on without memory. */
void *need(void *memory);

/* As calloc, which in glibc before 2.41 does not take what was freed last. */
void *need_zero(size_t size);

#define map_each(m, i, v)						\
	for (size_t i = 0; i < (m)->size; i++)				\
		if (((v) = (m)->slots[i].value))

#endif
