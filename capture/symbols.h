/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - the names of the kernel's functions, from /proc/kallsyms
 */
#ifndef IOMODELS_SYMBOLS_H
#define IOMODELS_SYMBOLS_H

#include <stdint.h>

struct symbols;

/* NULL when the kernel hides its addresses from this user. */
struct symbols *symbols_read(void);

/* The function that holds this address, or NULL. */
const char *symbol_at(const struct symbols *s, uint64_t address);

void symbols_free(struct symbols *s);

#endif
