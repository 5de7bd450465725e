/* SPDX-License-Identifier: MIT */
/*
 * doctor_found.c - the list of what iomodels doctor has found
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "doctor.h"

struct doctor_finding findings[FINDINGS];
int finding_count;
static const char *section_now;

void section(const char *title)
{
	section_now = title;
}

void found(int bad, const char *name, const char *value, const char *change,
	   const char *format, ...)
{
	struct doctor_finding *f = &findings[finding_count];
	va_list args;

	if (finding_count == FINDINGS - 1)	/* a row too many: be loud */
		abort();
	finding_count++;
	f->section = section_now;
	f->bad = bad;
	f->change = change;
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->value, sizeof(f->value), "%s", value);
	va_start(args, format);
	if (format)
		vsnprintf(f->note, sizeof(f->note), format, args);
	va_end(args);
}

void found_refusal(const struct refusal *row)
{
	findings[finding_count - 1].row = row;
}
