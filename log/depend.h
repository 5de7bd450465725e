/* SPDX-License-Identifier: MIT */
/*
 * depend.h - what a call waits for, and which process would have to act
 */
#ifndef IOMODELS_DEPEND_H
#define IOMODELS_DEPEND_H

#include "account.h"

/* What the call of st waits for; its name goes into object ("" if unknown). */
enum wait_for waits_for(const struct world *w, const struct step *st,
			char *object, size_t size);
/*
 * The pid on whom it depends, as far as the log tells, or 0; how goes into
 * text: "holds the write end as fd 1".
 */
long depends_on(const struct world *w, const struct step *st,
		enum wait_for what, char *text, size_t size);

#endif
