/* SPDX-License-Identifier: MIT */
/*
 * finding_reap.c - children that have ended, and that nobody waits for: zombies
 *
 * Counted for each process that makes others; numbers and not pids, because in a
 * PID namespace wait4 returns other pids than the log has.
 */
#include <signal.h>
#include "finding_look.h"

enum {
	ZOMBIES_MIN = 16,	/* when the parent or the log ends */
	SOME = 8,		/* zombies: a child that is made now is one of "more" */
	BROODS_MAX = 10000,
};

static const long long ZOMBIES_NS = 1000LL * MS;	/* a shorter life does no harm */

struct brood {			/* of a process */
	unsigned long made, more;
	unsigned long exits, signals;	/* children that ended: lines, SIGCHLD */
	unsigned long reaped;
	int asks;			/* it has called wait4 or waitid */
	/* Made after another call: strace was not asked for these calls only. */
	unsigned long between, calls;
	struct tracks ends;
	long long first_ns;
};

static const struct about zombies = { "zombies", SEVERITY_FAULT,
	"children have ended, and their parent does not wait for them",
	"A child that has ended stays as a zombie until its parent waits for it, "
	"or ends. Zombies count against RLIMIT_NPROC, pids.max and "
	"kernel.pid_max: in the end fork fails with EAGAIN.",
	"Call waitpid for each child (with WNOHANG, in the loop or after "
	"SIGCHLD), or ignore SIGCHLD (SIG_IGN or SA_NOCLDWAIT).",
	"The parent waits for all of them later." };

static struct brood *brood_of(struct findings *f, long pid, int make)
{
	struct brood *b = map_get(&f->broods, pid + 1);	/* (0: no pids) */

	if (b || !make || f->broods.used >= BROODS_MAX)
		return b;
	b = need(calloc(1, sizeof(*b)));
	map_put(&f->broods, pid + 1, b);
	return b;
}

static unsigned long zombies_of(const struct brood *b)
{
	unsigned long ended = b->exits > b->signals ? b->exits : b->signals;

	return ended > b->reaped ? ended - b->reaped : 0;
}

/* wait4(-1, [...], 0, NULL) = 8; waitid(P_ALL, 0, {..., si_pid=8, ...}, WEXITED) = 0 */
static int has_reaped(const struct line *l)
{
	if (l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN) ||
	    slice_find(l->args, "WIFSTOPPED") ||
	    slice_find(l->args, "WIFCONTINUED"))
		return 0;
	if (!slice_is(l->name, "waitid"))
		return l->ret > 0;
	return !l->ret && slice_find(l->args, "si_pid") &&
	       !slice_find(l->args, "WNOWAIT") &&
	       !slice_find(l->args, "CLD_STOPPED") &&
	       !slice_find(l->args, "CLD_CONTINUED");
}

static void made_child(struct findings *f, const struct habits *h,
		       const struct step *st)
{
	const struct line *l = st->event->line;
	struct brood *b;

	if (l->ret <= 0 || l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN) ||
	    slice_find(l->args, "CLONE_THREAD"))
		return;
	b = brood_of(f, st->task->process->pid, 1);
	if (!b)
		return;
	b->made++;
	b->more += zombies_of(b) >= SOME;
	b->between += h->spin.calls != b->calls + 1;
	b->calls = h->spin.calls;
}

static void ended(struct brood *b, const struct event *e)
{
	if (!b->ends.n)
		b->first_ns = e->start_ns;
	track(&b->ends, e->first);
}

/* The kernel keeps nothing of a child whose parent ignores SIGCHLD. */
static int wants_none(const struct process *p)
{
	return p->action[SIGCHLD] == ACTION_IGNORE || p->keeps_no_child;
}

static void child_ended(struct findings *f, const struct step *st)
{
	const struct task *t = st->task, *parent;
	struct brood *b;

	if (t->pid != t->process->pid || !t->process->parent)
		return;
	parent = map_get(&f->world->tasks, t->process->parent);
	b = brood_of(f, t->process->parent, 0);
	if (!b || !parent || wants_none(parent->process))
		return;
	b->exits++;
	ended(b, st->event);
}

/* --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9, ...} --- */
static void heard(struct findings *f, const struct step *st)
{
	struct slice code = line_field(st->event->line->args, "si_code");
	struct brood *b = brood_of(f, st->task->process->pid, 0);

	if (!b || wants_none(st->task->process) ||
	    !(slice_is(code, "CLD_EXITED") || slice_is(code, "CLD_KILLED") ||
	      slice_is(code, "CLD_DUMPED")))
		return;
	b->signals++;
	if (b->signals > b->exits)
		ended(b, st->event);
}

/* (-e trace=execve,clone,openat: a log that may lack wait4 has no such call.) */
static int may_lack_waits(const struct brood *b, const struct process *p)
{
	return !b->asks && !p->has_waited;
}

void reap_note(struct findings *f, const struct habits *h, const struct step *st)
{
	const struct event *e = st->event;
	struct brood *b;

	if (e->kind == EVENT_EXIT)
		child_ended(f, st);
	else if (e->kind == EVENT_SIGNAL && st->signal == SIGCHLD)
		heard(f, st);
	if (e->kind != EVENT_CALL)
		return;
	if (e->call == CALL_CLONE || e->call == CALL_FORK)
		made_child(f, h, st);
	/* (Of files of -ff the line of the wait is where it began: before the end.) */
	if (e->call == CALL_WAIT &&
	    (b = brood_of(f, st->task->process->pid, 1))) {
		b->reaped += has_reaped(e->line);
		b->asks = 1;
	}
}

void reap_task_ends(struct findings *f, const struct task *t)
{
	struct brood *b = t->pid == t->process->pid
			? map_remove(&f->broods, t->pid + 1) : NULL;
	unsigned long n = b ? zombies_of(b) : 0;
	char who[64], span[24], in[48] = "";
	long long ns;
	struct finding *d;

	if (!b)
		return;
	ns = b->first_ns == NO_TIME || f->last_ns == NO_TIME ? NO_TIME
	     : f->last_ns - b->first_ns;
	/* (Without SIGCHLD it may be ignored since before the log.) */
	if (n >= ZOMBIES_MIN && b->more >= SOME && b->signals &&
	    b->between * 2 >= b->made && !may_lack_waits(b, t->process) &&
	    (ns == NO_TIME || ns >= ZOMBIES_NS)) {
		d = finding_add(f, &zombies, t->process->pid, n, 0);
		finding_lines(d, &b->ends);
		if (ns != NO_TIME)
			snprintf(in, sizeof(in), " in %s", span_text(ns, span,
				 sizeof(span)));
		finding_says(d, "%s makes children and does not wait for them: %lu "
			     "have ended%s and stay as zombies (from line %lu)",
			     process_text(task_name(t), t->process->pid, who,
					  sizeof(who)), n, in, b->ends.line[0]);
	}
	free(b);
}

void reap_free(struct findings *f)
{
	struct brood *b;

	map_each(&f->broods, i, b)
		free(b);
	map_free(&f->broods);
}
