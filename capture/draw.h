/* SPDX-License-Identifier: MIT */
/*
 * draw.h - the kernel's events of a run as lines without times and addresses
 *
 * How a line looks, and what is left out, is in ktrace.h.
 */
#ifndef IOMODELS_DRAW_H
#define IOMODELS_DRAW_H

#include "watch.h"

void draw_watched(const struct watched *w, int file_job, struct text *out);

#endif
