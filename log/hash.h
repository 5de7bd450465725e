/* SPDX-License-Identifier: MIT */
/*
 * hash.h - FNV-1a: from a text to a number, for the key of a map
 *
 * To hash several texts as one, pass the hash of those before; HASH_START at
 * the first.
 */
#ifndef IOMODELS_HASH_H
#define IOMODELS_HASH_H

#include <stdint.h>
#include "slice.h"

#define HASH_START 14695981039346656037ULL

static inline uint64_t hash_slice(uint64_t hash, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.at[i]) * 1099511628211ULL;
	return hash;
}

static inline uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_slice(hash, (struct slice){ text, strlen(text) });
}

#endif
