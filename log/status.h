/* SPDX-License-Identifier: MIT */
/* status.h - what an exit status means, by the program's manual */
#ifndef IOMODELS_STATUS_H
#define IOMODELS_STATUS_H

/* "a network failure" for wget's 4; NULL: the table has nothing about it. */
const char *status_meaning(const char *program, int status);

#endif
