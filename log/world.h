/* SPDX-License-Identifier: MIT */
/*
 * world.h - what descriptor.c, task.c and process.c share; not for others
 */
#ifndef IOMODELS_WORLD_H
#define IOMODELS_WORLD_H

#include "process.h"

/* Larger descriptors are not kept.  A table has room up to its largest: the
   fuzzers, which write small logs with any number in them, stay below. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
enum { FD_MAX = 1 << 10 };
#else
enum { FD_MAX = 1 << 20 };
#endif

enum {
	NAME_MAX_BYTES = 96,
	SILENT_MAX = 1024,	/* children that are kept though they say nothing */
	ATTACHED_MAX = 1 << 20,	/* threads of a process that strace attached to */
	NEAR_PIDS = 64,		/* threads that a process makes one after another */
	RINGS_MAX = 16,		/* that a task may register */
};

/* ---- descriptor.c ---- */

/* One constant: F_SETFL, or the number 4. */
int is_const(struct slice s, const char *name, long value);

struct file *file_new(struct world *w, enum file_kind kind, int fd,
		      long pid, unsigned long line);
void file_name(struct file *f, struct slice name);
void file_put(struct world *w, struct file *f, unsigned long line);
void watch_drop(struct file *f, unsigned i);
/* What a decoration of -y or -yy tells about a descriptor. */
enum file_kind file_kind_of(struct slice d, struct slice *name);

void table_set(struct world *w, struct fdtable *t, int fd,
	       struct file *f, int cloexec, unsigned long line);
struct fdtable *table_copy(const struct fdtable *from);
void table_put(struct world *w, struct fdtable *t, unsigned long line);

/* ---- task.c ---- */

/*
 * The task of a strand.  A child may speak before its parent's clone has
 * returned; it belongs to the one that is in the middle of a clone.
 */
struct task *task_of(struct world *w, struct strand *s,
		     unsigned long line, long long now);
void task_end(struct world *w, struct task *t, unsigned long line);
/* The tasks from before the log are the threads of one process. */
void tasks_are_threads(struct world *w, unsigned long line);
/* It waits for the end of the thread pid: both are of one process. */
void task_joins(struct world *w, struct task *t, long pid, unsigned long line);
/* It is gone, if it has never spoken. */
void task_forget(struct world *w, long pid, unsigned long line);

/* What a clone shares, of its arguments. */
unsigned clone_flags(enum call c, struct slice args);
void cloning_add(struct world *w, struct task *t, unsigned flags);
void cloning_drop(struct world *w, struct task *t);
void task_cloned(struct world *w, struct step *st);
/* The rings that it has registered are not its own any more. */
void task_drops_rings(struct world *w, struct task *t, unsigned long line);
/* Its descriptor table is its own from now on. */
void task_unshares(struct task *t);
void task_executed(struct world *w, struct step *st);

#endif
