/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - what iomodels doctor finds, and the parts that find it
 */
#ifndef IOMODELS_DOCTOR_H
#define IOMODELS_DOCTOR_H

struct json;
struct refusal;

enum { FINDINGS = 64 };

struct doctor_finding {
	const char *section, *change;
	char name[64], value[64], note[1000];
	int bad;			/* something is left out */
	const struct refusal *row;	/* what explain says of it, or NULL */
	int shown;
};

extern struct doctor_finding findings[FINDINGS];	/* the first finding_count */
extern int finding_count;

/* What follows is found in this section; a heading in the text. */
void section(const char *title);

/*
 * Something was found.  bad: a part of the lab is left out for it.  The text
 * says which part it is about; change is the command that would make it
 * otherwise, or NULL.  No format: there is nothing to say beside the name.
 */
__attribute__((format(printf, 5, 6)))
void found(int bad, const char *name, const char *value, const char *change,
	   const char *format, ...);

/* The row of explain's table for what was found last. */
void found_refusal(const struct refusal *row);

/* machine.c: virtualisation, container, rights, sysctls. */
void look_at_machine(void);

/* ring.c: io_uring's features, flags and operations. */
void look_at_ring(void);
void ring_json(struct json *j);

#endif
