/* SPDX-License-Identifier: MIT */
/* task.c - processes and threads: clone, execve, the end; see process.h */
#include <stdio.h>
#include <stdlib.h>
#include "world.h"

static struct process *process_new(struct world *w, long pid,
				   struct process *parent, unsigned long line)
{
	struct process *p = need_zero(sizeof(*p));

	w->processes_made++;
	p->pid = pid;
	p->first = line;
	if (parent) {
		p->parent = parent->pid;
		p->saw_start = 1;
		memcpy(p->action, parent->action, sizeof(p->action));
		p->keeps_no_child = parent->keeps_no_child;
		memcpy(p->exe, parent->exe, sizeof(p->exe));
	}
	return p;
}

enum { SHARE_FILES = 1, SHARE_PROCESS = 2 };

unsigned clone_flags(enum call c, struct slice args)
{
	unsigned flags = 0;
	struct slice f = line_field(args, "flags");

	if (c != CALL_CLONE)
		return 0;
	if (!f.len)
		f = args;
	if (has_flag(f, "CLONE_FILES", 0x400))
		flags |= SHARE_FILES;
	if (has_flag(f, "CLONE_THREAD", 0x10000))
		flags |= SHARE_PROCESS;
	return flags;
}

static void unspoken_add(struct world *w, struct task *t)
{
	t->next_unspoken = w->unspoken;
	t->at_unspoken = &w->unspoken;
	if (t->next_unspoken)
		t->next_unspoken->at_unspoken = &t->next_unspoken;
	w->unspoken = t;
}

static void unspoken_drop(struct task *t)
{
	if (!t->at_unspoken)
		return;
	*t->at_unspoken = t->next_unspoken;
	if (t->next_unspoken)
		t->next_unspoken->at_unspoken = t->at_unspoken;
	t->at_unspoken = NULL;
}

static void task_start(struct world *w, struct task *t, long pid,
		       struct task *parent, unsigned flags, unsigned long line)
{
	*t = (struct task){ .pid = pid, .first = line, .start_ns = NO_TIME };
	w->tasks_made++;
	unspoken_add(w, t);
	if (parent) {
		t->parent = parent->pid;
		memcpy(t->comm, parent->comm, sizeof(t->comm));
	}
	if (parent && flags & SHARE_FILES) {
		t->fds = parent->fds;
		t->fds->refs++;
	} else {
		t->fds = table_copy(parent ? parent->fds : NULL);
	}
	if (parent && flags & SHARE_PROCESS) {
		t->process = parent->process;
		t->origin = ORIGIN_THREAD;
	} else {
		t->process = process_new(w, pid, parent ? parent->process
							: NULL, line);
		t->origin = parent ? ORIGIN_CHILD : ORIGIN_FIRST;
		t->process->forked_of = parent ? parent->process->refs : 0;
	}
	t->process->refs++;
	t->process->tasks_made++;
}

static struct task *task_new(struct world *w, long pid, struct task *parent,
			     unsigned flags, unsigned long line)
{
	struct task *t = need_zero(sizeof(*t));

	task_start(w, t, pid, parent, flags, line);
	map_put(&w->tasks, pid, t);
	return t;
}

void cloning_drop(struct world *w, struct task *t)
{
	for (unsigned i = 0; i < w->n_cloning; i++)
		if (w->cloning[i] == t) {
			w->n_cloning--;
			w->cloning[i] = w->cloning[w->n_cloning];
			w->cloning_flags[i] = w->cloning_flags[w->n_cloning];
			return;
		}
}

void task_drops_rings(struct world *w, struct task *t, unsigned long line)
{
	for (unsigned i = 0; t->rings && i < RINGS_MAX; i++)
		file_put(w, t->rings[i], line);
	free(t->rings);
	t->rings = NULL;
}

void task_end(struct world *w, struct task *t, unsigned long line)
{
	t->last = line;
	unspoken_drop(t);
	if (w->task_ends)
		w->task_ends(w->context, t);
	cloning_drop(w, t);
	if (t->closing)
		file_put(w, t->closing, line);
	task_drops_rings(w, t, line);
	table_put(w, t->fds, line);
	if (!--t->process->refs)
		free(t->process);
}

void cloning_add(struct world *w, struct task *t, unsigned flags)
{
	if (w->n_cloning == 8)
		return;
	cloning_drop(w, t);
	w->cloning[w->n_cloning] = t;
	w->cloning_flags[w->n_cloning++] = flags;
}

/*
 * In a PID namespace clone returns a number that the log does not use for the
 * child: it lies below its parent's, though pids count up.
 */
static int is_inner(const struct task *t, long pid)
{
	return t->pid < t->parent && pid > t->parent;
}

/* The oldest child that has not spoken yet, under this number from now on. */
static struct task *promised_child(struct world *w, long pid)
{
	struct task *t, *oldest = NULL;

	for (t = w->unspoken; t; t = t->next_unspoken)
		if ((!w->not_ordinal || w->inner_pids || is_inner(t, pid)) &&
		    (!oldest || t->first < oldest->first))
			oldest = t;
	if (!oldest)
		return NULL;
	if (w->not_ordinal)
		w->inner_pids = 1;
	map_remove(&w->tasks, oldest->pid);
	oldest->pid = pid;
	map_put(&w->tasks, pid, oldest);
	return oldest;
}

/* The first thread of the process to which strace attached. */
static struct task *leader_of(struct world *w, unsigned long line)
{
	struct task *t = map_get(&w->tasks, w->attached);

	return t ? t : task_new(w, w->attached, NULL, 0, line);
}

/* A number that is higher than all others: pids rise. */
static int is_newest(const struct world *w, long pid)
{
	const struct task *t;

	map_each(&w->tasks, i, t)
		if (t->pid >= pid)
			return 0;
	return 1;
}

/* Is it one of the threads that a pthread_join has shown?  Others may be too. */
static int is_near(const struct world *w, long pid)
{
	return !w->joined || (pid > w->attached && pid <= w->joined + NEAR_PIDS);
}

struct task *task_of(struct world *w, struct strand *s,
		     unsigned long line, long long now)
{
	struct task *t = s->known ? map_get(&w->tasks, s->task_pid) : NULL;
	struct task *parent = NULL, *other;
	unsigned flags = 0;
	int guessed = 0;

	if (t && t->pid != s->pid) {		/* the log has named it by now */
		other = map_remove(&w->tasks, s->pid);
		if (other) {			/* a child that never spoke */
			task_end(w, other, line);
			free(other);
		}
		map_remove(&w->tasks, t->pid);
		t->pid = s->task_pid = s->pid;
		map_put(&w->tasks, t->pid, t);
	}
	if (t)
		return t;
	if (s->pid != ++w->spoken)
		w->not_ordinal = 1;
	t = map_get(&w->tasks, s->pid);
	if (!t && (!w->not_ordinal || !w->n_cloning))
		t = promised_child(w, s->pid);
	if (!t) {
		/* (Not the child of a clone that has not returned yet.) */
		if (w->attached_left > 0 && s->pid != w->attached &&
		    is_near(w, s->pid) &&
		    !(w->n_cloning && is_newest(w, s->pid))) {
			parent = leader_of(w, line);
			flags = SHARE_FILES | SHARE_PROCESS;
			w->attached_left--;
		} else if (w->n_cloning) {
			parent = w->cloning[w->n_cloning - 1];
			flags = w->cloning_flags[w->n_cloning - 1];
			parent->early++;
			guessed = 1;
		}
		t = task_new(w, s->pid, parent, flags, line);
		t->guessed = guessed;
		t->start_ns = now;
	}
	w->silent -= !t->spoke && w->silent;
	unspoken_drop(t);
	t->spoke = 1;
	s->task_pid = t->pid;
	s->known = 1;
	return t;
}

/* The child's lines came first (-z prints a call when it is over). */
static void adopt(struct world *w, struct task *child, struct task *parent,
		  unsigned flags, unsigned long line)
{
	child->parent = parent->pid;
	child->guessed = 0;
	child->origin = flags & SHARE_PROCESS ? ORIGIN_THREAD : ORIGIN_CHILD;
	if (flags & SHARE_PROCESS && child->process != parent->process) {
		if (!--child->process->refs)
			free(child->process);
		child->process = parent->process;
		child->process->refs++;
		w->processes_made--;
	} else if (!*child->process->exe) {
		memcpy(child->process->exe, parent->process->exe,
		       sizeof(parent->process->exe));
	}
	if (flags & SHARE_FILES && child->fds != parent->fds) {
		table_put(w, child->fds, line);
		child->fds = parent->fds;
		child->fds->refs++;
	}
}

/*
 * Nobody sleeps in a private futex alone: somebody in the same process has to
 * wake it.  Then those that were there when strace attached are one process.
 */
void tasks_are_threads(struct world *w, unsigned long line)
{
	struct task *t, *leader = NULL;

	map_each(&w->tasks, i, t)
		if (t->origin == ORIGIN_FIRST && !t->process->saw_start &&
		    (!leader || t->pid < leader->pid))
			leader = t;
	if (!leader)
		return;
	w->attached = leader->pid;
	w->attached_left = ATTACHED_MAX;
	w->joined = 0;
	map_each(&w->tasks, i, t)
		if (t->origin == ORIGIN_FIRST && !t->process->saw_start &&
		    t != leader)
			adopt(w, t, leader, SHARE_FILES | SHARE_PROCESS, line);
}

static int is_of_another(const struct task *t, const struct task *x)
{
	return x->origin == ORIGIN_FIRST && !x->process->saw_start &&
	       x->process != t->process;
}

/* Those that were made about the same time, after t, are threads like the joined. */
void task_joins(struct world *w, struct task *t, long pid, unsigned long line)
{
	struct task *joined = map_get(&w->tasks, pid), *x;

	if (!joined || !is_of_another(t, joined))
		return;
	w->attached = t->pid;
	w->attached_left = ATTACHED_MAX;
	w->joined = pid;
	adopt(w, joined, t, SHARE_FILES | SHARE_PROCESS, line);
	map_each(&w->tasks, i, x)
		if (is_of_another(t, x) && is_near(w, x->pid))
			adopt(w, x, t, SHARE_FILES | SHARE_PROCESS, line);
}

void task_forget(struct world *w, long pid, unsigned long line)
{
	struct task *t = map_get(&w->tasks, pid);

	if (!t || t->spoke)
		return;
	map_remove(&w->tasks, pid);
	task_end(w, t, line);
	free(t);
}

/* Without -f no child ever has a line: they must not fill the memory. */
static void forget_silent(struct world *w, unsigned long line)
{
	long pids[SILENT_MAX];
	struct task *t;
	unsigned n = 0;

	if (++w->silent < SILENT_MAX)
		return;
	for (t = w->unspoken; t && n < SILENT_MAX; t = t->next_unspoken)
		pids[n++] = t->pid;
	while (n)
		task_forget(w, pids[--n], line);
	w->silent = 0;
}

void task_cloned(struct world *w, struct step *st)
{
	struct line *l = st->event->line;
	unsigned flags = clone_flags(st->event->call, l->args);
	struct task *child;

	cloning_drop(w, st->task);
	if (l->ret <= 0 || l->flags & LINE_NO_RETURN)
		return;
	child = map_get(&w->tasks, l->ret);
	if (child && child->spoke && child->parent) {
		struct task *guess = map_get(&w->tasks, child->parent);

		if (guess && guess->early)
			guess->early--;
	} else if (!child && st->task->early) {
		/* It spoke under its number, before this. */
		struct task *t;

		st->task->early--;
		w->inner_pids = w->not_ordinal;
		map_each(&w->tasks, i, t)
			if (t->guessed && t->parent == st->task->pid &&
			    (!child || t->first < child->first))
				child = t;
		if (child)
			adopt(w, child, st->task, flags, st->event->last);
		return;
	}
	if (child && child->parent == st->task->pid && child->guessed) {
		/* strace 4 prints the flags when clone returns. */
		adopt(w, child, st->task, flags, st->event->last);
		return;
	}
	if (child && child->parent == st->task->pid &&
	    child->first >= st->event->first)
		return;				/* it has spoken already */
	if (child && (child->first >= st->event->first ||
		      (child->start_ns != NO_TIME &&
		       child->start_ns >= st->event->start_ns))) {
		adopt(w, child, st->task, flags, st->event->last);
		return;
	}
	if (child == st->task)
		return;
	if (child) {
		/* Its pid is used again: another task, at the same place. */
		task_end(w, child, st->event->first);
		task_start(w, child, l->ret, st->task, flags,
			   st->event->last);
		return;
	}
	forget_silent(w, st->event->last);
	task_new(w, l->ret, st->task, flags, st->event->last);
}

void task_unshares(struct task *t)
{
	if (t->fds->refs < 2)
		return;
	t->fds->refs--;
	t->fds = table_copy(t->fds);
}

void task_executed(struct world *w, struct step *st)
{
	struct task *t = st->task;
	struct line *l = st->event->line;
	char plain[4096];
	unsigned at = slice_starts(l->name, "execveat");
	struct slice path = l->n_args > at ? l->arg[at] :
					     (struct slice){ "", 0 };
	const char *p;

	if (l->ret || l->flags & (LINE_NO_RETURN | LINE_HAS_ERROR))
		return;
	if (w->task_execs)
		w->task_execs(w->context, t, st->event->start_ns);
	task_drops_rings(w, t, st->event->last);
	task_unshares(t);
	for (unsigned i = 0; i < t->fds->size; i++)
		if (t->fds->slot[i] && t->fds->cloexec[i])
			table_set(w, t->fds, i, NULL, 0, st->event->last);
	for (int i = 0; i < SIGNALS; i++)
		if (t->process->action[i] == ACTION_HANDLER)
			t->process->action[i] = ACTION_DEFAULT;
	t->process->keeps_no_child = 0;
	t->process->saw_start = 1;
	t->process->forked_of = 0;
	if (path.len > 2 && *path.at == '"') {
		path = line_plain(slice_of(path.at + 1, path.at + path.len - 1),
				  plain, sizeof(plain));
		p = memrchr(path.at, '/', path.len);
		if (p)
			path = slice_of(p + 1, path.at + path.len);
		snprintf(t->process->exe, sizeof(t->process->exe), "%.*s",
			 (int)path.len, path.at);
		slice_copy((struct slice){ t->comm, strlen(t->comm) },
			   t->old_comm, sizeof(t->old_comm));
		t->comm[0] = 0;
	}
}

int world_is_large(const struct world *w)
{
	const struct task *t;
	size_t slots = 0;

	if (w->tasks.used > SEARCHED_TASKS)
		return 1;
	map_each(&w->tasks, i, t)
		slots += t->fds->size;
	return slots > SEARCHED_SLOTS;
}
