/* SPDX-License-Identifier: MIT */
/* slept.c - sleeps by their reason, and who ended them; see slept.h */
#include <stdio.h>
#include "line.h"
#include "slept.h"

enum { TOP_FRAMES = 4 };

const char *who_name(enum who v)
{
	static const char *const names[] = {
		"the kernel", "main", "thread", "child", "iou-wrk", "iou-sqp",
	};

	return names[v];
}

/* The innermost functions; of these schedule() and its like say the least. */
static void keep_top(struct witness_task *t, struct slice stack)
{
	const char *p = stack.at, *end = stack.at + stack.len, *stop;
	size_t len = 0;

	*t->top = 0;
	for (int kept = 0; p < end && kept < TOP_FRAMES; p = stop + 1) {
		stop = memchr(p, '<', end - p);
		if (!stop)
			stop = end;
		if (slice_starts(slice_of(p, stop), "schedule"))
			continue;
		if (len + (stop - p) + 2 > sizeof(t->top))
			return;
		len += snprintf(t->top + len, sizeof(t->top) - len, "%s%.*s",
				kept++ ? "<" : "", (int)(stop - p), p);
	}
}

void slept_begins(struct witness_task *t, const struct tracepoint *p)
{
	struct slice stack = tracepoint_text(p, "stack");

	t->reason = reason_of(stack);
	keep_top(t, stack);
	*t->waker = 0;
}

/* "kworker/u8:1-flush-7:0" is one of many; what it does is the same. */
static int is_kworker(struct slice comm)
{
	return slice_starts(comm, "kworker/");
}

void slept_woken(struct witness_task *t, const struct witness_task *by,
		 const struct tracepoint *p)
{
	int len = p->comm.len < 15 ? (int)p->comm.len : 15;

	if (*t->waker)				/* the first one has done it */
		return;
	if (tracepoint_text(p, "by").len)
		snprintf(t->waker, sizeof(t->waker), "an interrupt");
	else if (is_kworker(p->comm))
		snprintf(t->waker, sizeof(t->waker), "kworker");
	else if (by && by->ours && by->who != WHO_OTHER)
		snprintf(t->waker, sizeof(t->waker), "%s%s", who_name(by->who),
			 by->pid == t->pid ? " itself" : "");
	else if (slice_is(p->comm, "?"))
		snprintf(t->waker, sizeof(t->waker), "pid %ld", p->pid);
	else
		snprintf(t->waker, sizeof(t->waker), "%.*s (pid %ld)", len,
			 p->comm.at, p->pid);
}

void slept_fault(struct witness_task *t, const struct tracepoint *p)
{
	t->fault.device = tracepoint_address(p, "s_dev");
	t->fault.inode = tracepoint_address(p, "i_ino");
}

static int is_fault(enum reason r)
{
	return r == REASON_FAULT_DISK;
}

static struct slept *slept_like(struct witness *w, const struct witness_task *t,
				const char *call, enum outside outside)
{
	const struct fault *f = &t->fault;
	struct slept *s;

	for (unsigned i = 0; i < w->n_slept; i++) {
		s = &w->slept[i];
		if (s->who == t->who && s->outside == outside &&
		    s->reason == t->reason && !strcmp(s->call, call) &&
		    (t->reason != REASON_UNKNOWN || !strcmp(s->top, t->top)) &&
		    (!is_fault(t->reason) || (s->fault.inode == f->inode &&
					      s->fault.device == f->device)))
			return s;
	}
	if (w->n_slept == SLEEPS)
		return &w->slept[SLEEPS - 1];
	s = &w->slept[w->n_slept++];
	*s = (struct slept){ .who = t->who, .outside = outside,
			     .reason = t->reason };
	snprintf(s->call, sizeof(s->call), "%s", call);
	if (is_fault(t->reason))
		s->fault = *f;
	return s;
}

static void count_waker(struct slept *s, const char *name)
{
	unsigned i = 0;

	while (i < s->n_wakers && strcmp(s->waker[i].name, name))
		i++;
	if (i == WAKERS) {
		s->other_wakers++;
		return;
	}
	if (i == s->n_wakers)
		snprintf(s->waker[s->n_wakers++].name, WAKER_NAME, "%s", name);
	s->waker[i].times++;
	while (i && s->waker[i].times > s->waker[i - 1].times) {
		struct waker more = s->waker[i];

		s->waker[i] = s->waker[i - 1];
		s->waker[--i] = more;
	}
}

/* The thread of a ring sleeps elsewhere, while completions lie ready there. */
static void slept_unread(struct witness *w, const struct witness_task *t,
			 long long ns)
{
	long long to = plus_ns(t->asleep_ns, ns);

	for (unsigned i = 0; i < w->n_unread; i++) {
		struct unread_completions *u = &w->unread[i];
		long long from = t->asleep_ns > u->from_ns ? t->asleep_ns
							   : u->from_ns;
		long long both = (to < u->to_ns ? to : u->to_ns) - from;

		if (t->pid != u->thread || both <= 0 ||
		    !strcmp(t->now.call, "io_uring_enter"))
			continue;
		u->slept_ns = plus_ns(u->slept_ns, both);
		if (both <= u->longest_ns)
			continue;
		u->longest_ns = both;
		u->line = t->sleep_line;
		memcpy(u->call, t->now.call, sizeof(u->call));
	}
}

void slept_add(struct witness *w, const struct witness_task *t, long long ns)
{
	int kernels = t->who == WHO_WORKER || t->who == WHO_POLLER;
	const char *call = kernels || t->asleep_in ? "" : t->now.call;
	struct slept *s;

	slept_unread(w, t, ns);
	/* What a worker does between two pieces of work is of no interest. */
	if (t->reason == REASON_NONE || t->reason == REASON_IDLE_WORKER)
		return;
	s = slept_like(w, t, call, t->asleep_in);
	s->times++;
	s->ns = plus_ns(s->ns, ns);
	if (ns > s->longest_ns || !s->line) {
		s->longest_ns = ns;
		s->line = t->sleep_line;
		s->pid = t->pid;
		memcpy(s->top, t->top, sizeof(s->top));
	}
	if (*t->waker)
		count_waker(s, t->waker);
}

const char *slept_text(const struct slept *s, char *text, size_t size)
{
	if (*s->call)
		snprintf(text, size, "%s in %s", who_name(s->who), s->call);
	else if (is_fault(s->reason) || s->outside == IN_FAULT)
		snprintf(text, size, "%s in a page fault", who_name(s->who));
	else
		snprintf(text, size, "%s%s", who_name(s->who),
			 s->outside == NOWHERE ? " in no call" : "");
	return text;
}
