/* SPDX-License-Identifier: MIT */
/*
 * duration.h - a time as text
 */
#ifndef IOMODELS_DURATION_H
#define IOMODELS_DURATION_H

/* "1.20 s", "3.4 ms", "12 us" into text; "?" for NO_TIME. */
const char *time_text(long long ns, char text[24]);

#endif
