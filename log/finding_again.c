/* SPDX-License-Identifier: MIT */
/*
 * finding_again.c - what a program brings about itself, again and again: a timer
 * that interrupts a call before it can end, inotify events of its own writes
 */
#include "finding_look.h"

enum {
	RESTARTS_MIN = 5,	/* of fork and clone, in a row */
	WAKES_MIN = 20,		/* of a wait ... */
	WAKES_NS = 100 * MS,	/* ... that the timer ends so soon */
	SELF_MIN = 8,		/* events of its own, in a row */
	DIRS = 4,		/* that are watched, and kept */
};

struct again_habits {
	/* the call that a signal interrupted last, and how often in a row */
	char call[24];
	enum call kind;
	unsigned long times, line, total, first_line;
	unsigned streaks;		/* of which total is the sum */
	long long start_ns, end_ns, ns;
	int signal, is_timer, told_signal, never_ended;
	/* inotify */
	char dir[DIRS][96];
	unsigned n_dirs;
	int wrote;			/* since it read events last */
	unsigned long turns, most, self_line, wrote_line;
	char path[96];
};

static const struct about
restarts = { "restarted-by-timer", SEVERITY_FAULT,
	"a timer interrupts the call again and again before it can end",
	"Before Linux 4.19, fork and clone start from the beginning when a signal "
	"comes (ERESTARTNOINTR). They copy the page tables of the process, which "
	"takes longer than the timer's interval.",
	"Stop the timer (setitimer, a profiler) or block the signal around fork, "
	"use a longer interval, use posix_spawn or vfork, or use Linux 4.19 or "
	"later.", NULL },
wakes = { "woken-by-timer", SEVERITY_COST,
	"a timer interrupts the wait again and again",
	"The wait ends with EINTR at each expiry of the timer, and the program "
	"waits again: it has found nothing.",
	"Use a timeout of the wait instead of the timer, use a longer interval, "
	"or stop the timer while nothing is to be done.",
	"The handler does the work that is due." },
self = { "inotify-self", SEVERITY_FAULT,
	"the program is woken by its own writes",
	"It watches a directory with inotify and writes in it at each event, and "
	"the write is the next event.",
	"Write elsewhere, leave out the names that the program writes itself, or "
	"remove the watch while it writes.", NULL };

static int is_fork(const struct step *st)
{
	struct slice name = st->event->line->name;

	return slice_starts(name, "clone") || slice_is(name, "fork") ||
	       slice_is(name, "vfork");
}

static void streak_ends(struct again_habits *h)
{
	unsigned long least = h->kind == CALL_OTHER ? RESTARTS_MIN : WAKES_MIN;

	if (h->times >= least && h->is_timer) {
		if (!h->total)
			h->first_line = h->line;
		h->total += h->times;
		h->streaks++;
		h->told_signal = h->signal;
		if (h->start_ns != NO_TIME && h->end_ns != NO_TIME)
			h->ns = plus_ns(h->ns, h->end_ns - h->start_ns);
	}
	h->times = 0;
}

static void interrupted(struct again_habits *h, const struct step *st)
{
	const struct event *e = st->event;

	if (!slice_is(e->line->name, h->call)) {
		if (h->total)
			return;			/* one call is enough */
		h->times = 0;
		h->kind = e->call;
		slice_copy(e->line->name, h->call, sizeof(h->call));
	}
	if (!h->times++) {
		h->line = e->first;
		h->start_ns = e->start_ns;
	}
	h->end_ns = e->end_ns;
}

/* (The event has all lines of the call: restarted, it is one call.) */
static void forked(struct again_habits *h, const struct step *st)
{
	const struct event *e = st->event;

	*h->call = 0;
	slice_copy(e->line->name, h->call, sizeof(h->call));
	h->kind = CALL_OTHER;
	h->line = e->first;
	h->never_ended = !!(e->line->flags & (LINE_NO_RETURN | LINE_RESTART));
	h->times = e->restarts + h->never_ended;
	h->start_ns = e->start_ns;
	h->end_ns = e->end_ns;
	streak_ends(h);
}

/* alarm and setitimer: SI_KERNEL; timer_create: SI_TIMER */
static int is_timer(const struct step *st)
{
	const struct line *l = st->event->line;
	struct slice code;

	if (st->event->kind != EVENT_SIGNAL || l->kind != LINE_SIGNAL)
		return 0;
	code = line_field(l->args, "si_code");
	return slice_is(code, "SI_KERNEL") || slice_is(code, "SI_TIMER");
}

static void signalled(struct again_habits *h, const struct step *st)
{
	h->is_timer = (!h->times || h->is_timer) && is_timer(st);
	h->signal = st->signal;
}

/* ---- inotify ---- */

static void watches(struct again_habits *h, const struct step *st)
{
	struct slice dir = slice_quoted(st->event->line->args, "\"");

	if (st->event->line->flags & LINE_HAS_ERROR || !dir.len ||
	    dir.len >= sizeof(h->dir[0]) || h->n_dirs == DIRS)
		return;
	slice_copy(dir, h->dir[h->n_dirs++], sizeof(h->dir[0]));
}

static int is_watched(const struct again_habits *h, struct slice path)
{
	for (unsigned i = 0; i < h->n_dirs; i++) {
		size_t len = strlen(h->dir[i]);

		if (!strcmp(h->dir[i], ".") && path.len && *path.at != '/')
			return 1;
		while (len > 1 && h->dir[i][len - 1] == '/')
			len--;
		if (path.len >= len && !memcmp(path.at, h->dir[i], len) &&
		    (path.len == len || path.at[len] == '/'))
			return 1;
	}
	return 0;
}

static struct slice written(const struct step *st)
{
	const struct line *l = st->event->line;
	enum call c = st->event->call;

	if (l->flags & LINE_HAS_ERROR)
		return SLICE("");
	if (c == CALL_OPEN || c == CALL_OPENAT)
		return slice_find(l->args, "O_WRONLY") ||
		       slice_find(l->args, "O_RDWR") ||
		       slice_find(l->args, "O_CREAT")
		       ? slice_quoted(l->args, "\"") : SLICE("");
	if (slice_starts(l->name, "rename") || slice_starts(l->name, "unlink") ||
	    slice_starts(l->name, "mkdir"))
		return slice_quoted(l->args, "\"");
	if (call_class(c) == CLASS_OUT && st->file && st->file->name &&
	    st->file->kind == FILE_REGULAR)
		return slice_of(st->file->name, st->file->name +
				strlen(st->file->name));
	return SLICE("");
}

static void watch_note(struct again_habits *h, const struct step *st)
{
	struct slice path;

	if (st->file && st->file->kind == FILE_INOTIFY && st->bytes > 0 &&
	    call_class(st->event->call) == CLASS_IN) {
		h->turns = h->wrote ? h->turns + 1 : 0;
		if (h->turns > h->most) {
			h->most = h->turns;
			h->self_line = h->wrote_line;
		}
		h->wrote = 0;
		return;
	}
	path = written(st);
	if (path.len && is_watched(h, path)) {
		h->wrote = 1;
		h->wrote_line = st->event->first;
		slice_copy(path, h->path, sizeof(h->path));
	}
}

/* ---- looking and judging ---- */

void again_note(struct habits *habits, struct step *st)
{
	const struct event *e = st->event;
	struct again_habits *h = habits->again;
	int is_interrupted = e->kind == EVENT_CALL &&
		(e->interrupted || slice_is(e->line->error, "EINTR")) &&
		call_class(e->call) == CLASS_WAIT;
	int is_watch = e->kind == EVENT_CALL &&
		       slice_is(e->line->name, "inotify_add_watch");

	if (!h && !is_interrupted && !is_watch && !is_timer(st))
		return;
	if (!h)
		h = habits->again = need(calloc(1, sizeof(*h)));
	if (e->kind == EVENT_SIGNAL && e->line->kind == LINE_SIGNAL)
		signalled(h, st);
	if (e->kind != EVENT_CALL)
		return;
	if (is_watch)
		watches(h, st);
	else if (h->n_dirs)
		watch_note(h, st);
	if (is_fork(st) && e->restarts >= RESTARTS_MIN && h->is_timer)
		forked(h, st);
	else if (is_interrupted)
		interrupted(h, st);
	else if (h->times && slice_is(e->line->name, h->call))
		streak_ends(h);
}

static void judge_restarts(struct findings *f, struct again_habits *h,
			   const struct task *t)
{
	int is_wait = h->kind != CALL_OTHER;
	char sig[24], span[24], every[48] = "";
	long long each;
	struct finding *d;

	streak_ends(h);
	if (!h->total)
		return;
	each = h->ns / (long long)h->total;
	if (is_wait && (!h->ns || each > WAKES_NS))
		return;
	if (h->ns)
		snprintf(every, sizeof(every), ", every %s",
			 span_text(each, span, sizeof(span)));
	d = finding_add(f, is_wait ? &wakes : &restarts, t->process->pid,
			h->total, is_wait ? 0 : h->ns);
	d->fatal |= h->never_ended;
	finding_line(d, h->first_line);
	finding_says(d, "%s is interrupted by %s of a timer %lu times%s%s, "
		     "%s", h->call, signal_text(h->told_signal, sig,
						sizeof(sig)), h->total,
		     h->streaks == 1 ? " in a row" : "", every,
		     is_wait ? "and has found nothing in between" : "and begins "
		     "again each time: the timer is faster than the call");
}

void again_task_ends(struct findings *f, struct habits *habits, struct task *t)
{
	struct again_habits *h = habits->again;
	struct finding *d;

	if (!h)
		return;
	judge_restarts(f, h, t);
	if (h->most < SELF_MIN)
		return;
	d = finding_add(f, &self, t->process->pid, h->most, 0);
	finding_line(d, h->self_line);
	finding_says(d, "%s watches a directory with inotify and writes in it "
		     "itself (%s, line %lu): its own write woke it %lu times in "
		     "a row", task_name(t), h->path,
		     h->self_line, h->most);
}
