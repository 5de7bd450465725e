/* SPDX-License-Identifier: MIT */
/*
 * lab.h - starts a server, waits until it serves, stops it, keeps its output
 */
#ifndef IOMODELS_LAB_H
#define IOMODELS_LAB_H

#include <sched.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>
#include "programs.h"
#include "../log/text.h"

struct lab_options {
	const char *service;		/* "print", "echo", "reply"; NULL: print */
	const char *max_message;	/* bytes, as text; NULL: the default */
	int port;			/* 0: the kernel chooses; else this one,
					   or the next that is free */
	char *const *wrapper;		/* put before the command: strace, qemu;
					   ends with NULL; may be NULL */
	int own_group;			/* of processes: what the wrapper leaves
					   when it is killed is killed, too */
	rlim_t nofile;			/* RLIMIT_NOFILE; 0: unchanged */
	rlim_t sigpending;		/* RLIMIT_SIGPENDING; 0: unchanged */
	int stdout_fd;			/* 0: collected in server.out */
	int listen_fd;			/* 0: none; else the server inherits
					   it, and listens on it (--fd) */
	unsigned pad;			/* bytes of an environment variable that
					   moves the stack */
	const cpu_set_t *cpus;		/* where it may run; NULL: unchanged */
	char *const *command;		/* instead of the program, which gives
					   only its name; ends with NULL */
};

struct server {
	const struct program *program;
	const char *service;
	int wrapped;		/* pid is strace or qemu */
	int own_group;		/* pid is also the number of its group */
	pid_t pid;		/* of the server, or of its wrapper */
	pid_t server_pid;	/* of the server itself */
	int port;		/* it serves on 127.0.0.1; or its listen_fd */
	int ended;		/* it has been waited for */
	int status;		/* of wait(2), after server_stop */
	struct rusage usage;	/* likewise */
	struct text out, err;	/* what it wrote, complete after server_stop */
	int out_fd, err_fd;	/* the pipes' ends; -1: closed */
	/* Called after each step of "one" and "two"; NULL: they just go on. */
	void (*step)(struct server *s);
};

/*
 * Start program and return when its "serving" line is there.
 * Returns 0, or -1 with the reason in s->err.at (it ended, or ten seconds
 * went by without the line).
 */
int server_start(struct server *s, const struct program *p,
		 const struct lab_options *o);

/* Move what the server has written so far into out and err; never blocks. */
void server_drain(struct server *s);

/* The clock of all deadlines, in ms: time that we were stopped is not in it. */
long lab_ms(void);

/*
 * Return when every thread of the server sleeps: 0, or -1 when one of them
 * still did not after five seconds.
 */
int server_settle(struct server *s);

/*
 * SIGTERM to the server, then wait: SIGKILL after five seconds.  Returns the
 * exit status, 128 + N when signal N ended it.  Output is complete then.
 */
int server_stop(struct server *s);

/* Wait until the server ends by itself (ONCE), as server_stop does. */
int server_wait(struct server *s, int timeout_ms);

void server_free(struct server *s);

/* Set an environment variable of this length, below 4096: it moves the stack of what
   is executed next. */
void pad_environment(unsigned bytes);

/*
 * A temporary file without a name, so that nothing is left of it however we
 * end.  A child can open it as path while we live.  Returns the descriptor,
 * or -1 with errno.
 */
int lab_temporary(char path[64]);

/* The folder for temporary files: TMPDIR, or /tmp. */
const char *lab_tmp(void);

/*
 * Make a folder there; its name holds our pid.  0, or -1 and errno.  A process
 * that is killed leaves its folder; lab_clean_up removes, with the files in
 * them, the folders of this user whose process is gone.
 */
int lab_temporary_folder(char *path, size_t size);
void lab_clean_up(void);

/*
 * A file of this many bytes, on the disk and not in the page cache, and without
 * a name, so that nothing is left of it however we end: a program that we
 * start opens it as /proc/self/fd/N.  Returns N, or -1 with the reason in why.
 */
int lab_file(long bytes, char why[256]);

/* 1 with the reason in why: this folder has no disk below it, as a tmpfs. */
int lab_in_memory(char why[256]);

/*
 * 1 with the reason in why: a read of a file in this folder does not always
 * wait for the disk: there is none, or it is as fast as the memory (zram,
 * pmem, or one that a hypervisor serves before it lets us go on).  Reads 256
 * KiB.
 */
int lab_too_fast(char why[256]);

#endif
