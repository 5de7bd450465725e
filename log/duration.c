/* SPDX-License-Identifier: MIT */
/*
 * duration.c - a time as text
 */
#include <stdio.h>
#include "duration.h"
#include "line.h"

const char *time_text(long long ns, char text[24])
{
	if (ns == NO_TIME)
		snprintf(text, 24, "?");
	else if (ns >= 1000000000)
		snprintf(text, 24, "%.2f s", ns / 1e9);
	else if (ns >= 1000000)
		snprintf(text, 24, "%.1f ms", ns / 1e6);
	else
		snprintf(text, 24, "%.0f us", ns / 1e3);
	return text;
}
