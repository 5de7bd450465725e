/* SPDX-License-Identifier: MIT */
/*
 * stopped.h - Ctrl-Z: what runs before this process stops, and after
 *
 * Ctrl-Z stops all processes of the terminal's job, us and what we started,
 * and fg continues them.  What we have in tracefs is not a process: it must be
 * switched off before.  And time that was spent stopped counts for no
 * deadline.  SIGSTOP cannot be caught: none of this happens then.
 */
#ifndef IOMODELS_STOPPED_H
#define IOMODELS_STOPPED_H

/*
 * From now on SIGTSTP, SIGTTIN and SIGTTOU are handled: they stop us, as they
 * do by default.  It may be called again.  Children that we fork only stop.
 */
void stopped_catch(void);

/* Descriptor of a tracing_on that is 0 while we are stopped; -1: none. */
void stopped_pause(int tracing_on);

/*
 * A process that gets the signal from us, and SIGCONT afterwards, when
 * somebody sent it to us alone (kill -TSTP); the terminal has sent it to
 * both.  0: none.
 */
void stopped_hand_on(int pid);

/* How long we were stopped, and how often. */
long long stopped_ns(void);
int stopped_times(void);

#endif
