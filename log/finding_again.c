/* SPDX-License-Identifier: MIT */
/*
 * finding_again.c - what a program brings about itself, again and again: a timer
 * that interrupts a call before it can end, inotify events of its own writes; and
 * watches of inotify that end with the file
 */
#include "account.h"
#include "finding_look.h"
#include "hash.h"

enum {
	RESTARTS_MIN = 5,	/* of fork and clone, in a row */
	WAKES_MIN = 20,		/* of a wait ... */
	WAKES_NS = 100 * MS,	/* ... that the timer ends so soon */
	SELF_MIN = 8,		/* events of its own, in a row */
	WATCHES = 16,		/* of inotify, that are kept */
	PATHS_MAX = 10000,
};

static const long long LOST_NS = 1000LL * MS;	/* a watch that is overdue */

/* inotify_event.mask, of the kernel's ABI */
enum {
	EVENT_DELETE_SELF = 0x400, EVENT_MOVE_SELF = 0x800,
	EVENT_UNMOUNT = 0x2000, EVENT_IGNORED = 0x8000, EVENT_HEADER = 16,
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
	struct inotify_watch {
		char path[96];
		long wd;		/* -1: removed, or for one event */
		int fd;
		unsigned long serial, line, lost;	/* lost: line, or 0 */
		long long lost_ns;
		const char *why;
	} *watch;
	unsigned n_watches;
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
	"Use a timeout of the wait instead of the timer, use a longer "
	"interval, or stop the timer while there is nothing to do.",
	"The handler does the work that is due." },
lost = { "watch-lost", SEVERITY_FAULT,
	"nothing watches the file any more",
	"inotify watches the file, not its name. When an editor or a log "
	"rotation gives the name to a new file, the watched file loses it. "
	"The watch ends with that file (IN_DELETE_SELF, IN_IGNORED) or with an "
	"unmount (IN_UNMOUNT), or goes on under the file's other name "
	"(IN_MOVE_SELF).",
	"Add the watch again when one of these events comes, or watch the "
	"directory and look for the name.",
	"The program waited only for this one event." },
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

static uint64_t path_key(struct slice path)
{
	return hash_slice(HASH_START, path) | 1;
}

/* inotify_add_watch(3, "/etc/conf", IN_MODIFY) = 1: perhaps once more */
static void watches(struct findings *f, struct again_habits *h,
		    const struct step *st)
{
	const struct line *l = st->event->line;
	struct slice path = slice_quoted(l->args, "\"");
	long fd = l->n_args ? line_fd(l->arg[0], NULL) : -1;
	const struct file *file = table_at(st->task->fds, fd);
	struct inotify_watch *w = h->watch;
	unsigned i;

	if (l->flags & LINE_HAS_ERROR || !path.len || path.len >= sizeof(w->path))
		return;
	if (f->watched.used <= PATHS_MAX)	/* by any thread */
		map_put(&f->watched, path_key(path),
			(void *)(uintptr_t)st->event->first);
	if (!w)
		w = h->watch = need(calloc(WATCHES, sizeof(*w)));
	for (i = 0; i < h->n_watches && !slice_is(path, w[i].path); i++)
		;
	if (i == WATCHES)
		return;
	h->n_watches += i == h->n_watches;
	/* (One for a single event is over then, and nobody misses it.) */
	w[i] = (struct inotify_watch){ .fd = fd,
		.wd = slice_find(l->args, "IN_ONESHOT") ? -1 : l->ret,
		.serial = file ? file->serial : 0,
		.line = st->event->first };
	slice_copy(path, w[i].path, sizeof(w[i].path));
}

static void watch_removed(struct again_habits *h, const struct line *l)
{
	long wd = l->n_args > 1 ? slice_number(l->arg[1], NULL) : -1;

	for (unsigned i = 0; i < h->n_watches; i++)
		if (h->watch[i].wd == wd) {
			h->watch[i].wd = -1;
			h->watch[i].lost = 0;
		}
}

static void watch_lost(struct again_habits *h, const struct step *st, long wd,
		       unsigned mask)
{
	const char *why = mask & EVENT_MOVE_SELF ? "IN_MOVE_SELF" :
			  mask & EVENT_DELETE_SELF ? "IN_DELETE_SELF" :
			  mask & EVENT_UNMOUNT ? "IN_UNMOUNT" : "IN_IGNORED";

	for (unsigned i = 0; i < h->n_watches; i++) {
		struct inotify_watch *w = &h->watch[i];

		if (w->wd != wd || w->lost)
			continue;
		w->lost = st->event->first;
		w->lost_ns = st->event->end_ns;
		w->why = why;
	}
}

static unsigned word_at(const unsigned char *d)
{
	return d[0] | d[1] << 8 | d[2] << 16 | (unsigned)d[3] << 24;
}

/* What the read brought, as far as strace shows it. */
static void watch_events(struct again_habits *h, const struct step *st)
{
	unsigned char d[256];
	size_t n = shown_bytes(st->event->line->args, d, sizeof(d)), len;

	for (size_t at = 0; at + EVENT_HEADER <= n; at += EVENT_HEADER + len) {
		unsigned mask = word_at(d + at + 4);

		len = word_at(d + at + 12);
		if (len > sizeof(d))
			return;
		if (mask & (EVENT_DELETE_SELF | EVENT_MOVE_SELF |
			    EVENT_UNMOUNT | EVENT_IGNORED))
			watch_lost(h, st, (int)word_at(d + at), mask);
	}
}

static int is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && path[len] == '/';
}

/* Its directory is watched, too. */
static int is_covered(const struct again_habits *h,
		      const struct inotify_watch *w)
{
	for (unsigned i = 0; i < h->n_watches; i++)
		if (h->watch[i].wd >= 0 && !h->watch[i].lost &&
		    (is_below(w->path, h->watch[i].path) ||
		     (!strcmp(h->watch[i].path, ".") && *w->path != '/')))
			return 1;
	return 0;
}

/* rename("new", "/etc/conf"), unlink("/etc/conf"): of any process */
static void renamed(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;

	if (l->flags & LINE_HAS_ERROR || f->renamed.used > PATHS_MAX)
		return;
	for (unsigned i = 0; i < l->n_args; i++) {
		struct slice path = slice_quoted(l->arg[i], "\"");

		if (path.len)
			map_put(&f->renamed, path_key(path),
				(void *)(uintptr_t)st->event->first);
	}
}

static int is_watched(const struct again_habits *h, struct slice path)
{
	for (unsigned i = 0; i < h->n_watches; i++) {
		const char *dir = h->watch[i].path;
		size_t len = strlen(dir);

		if (!strcmp(dir, ".") && path.len && *path.at != '/')
			return 1;
		while (len > 1 && dir[len - 1] == '/')
			len--;
		if (path.len >= len && !memcmp(path.at, dir, len) &&
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
		watch_events(h, st);
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

void again_note(struct findings *f, struct habits *habits, struct step *st)
{
	const struct event *e = st->event;
	struct again_habits *h = habits->again;
	int is_interrupted = e->kind == EVENT_CALL &&
		(e->interrupted || slice_is(e->line->error, "EINTR")) &&
		call_class(e->call) == CLASS_WAIT;
	int is_watch = e->kind == EVENT_CALL &&
		       slice_is(e->line->name, "inotify_add_watch");

	if (e->kind == EVENT_CALL && (slice_starts(e->line->name, "rename") ||
				      slice_starts(e->line->name, "unlink")))
		renamed(f, st);
	if (!h && !is_interrupted && !is_watch && !is_timer(st))
		return;
	if (!h)
		h = habits->again = need(calloc(1, sizeof(*h)));
	if (e->kind == EVENT_SIGNAL && e->line->kind == LINE_SIGNAL)
		signalled(h, st);
	if (e->kind != EVENT_CALL)
		return;
	if (is_watch)
		watches(f, h, st);
	else if (h->n_watches && slice_is(e->line->name, "inotify_rm_watch"))
		watch_removed(h, e->line);
	else if (h->n_watches)
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

/* It waits until the end of the log, and one of its files is not watched. */
static void judge_watches(struct findings *f, struct again_habits *h,
			  const struct task *t)
{
	const struct unreturned *o = t->unreturned;
	struct finding *d;
	unsigned long at;
	uint64_t key;

	if (!o || (call_class(o->call) != CLASS_WAIT && o->what != FOR_EVENTS))
		return;
	for (unsigned i = 0; i < h->n_watches; i++) {
		struct inotify_watch *w = &h->watch[i];
		const struct file *file = table_at(t->fds, w->fd);

		key = path_key((struct slice){ w->path, strlen(w->path) });
		if (w->wd < 0)
			continue;
		at = (uintptr_t)map_get(&f->renamed, key);
		if (!w->lost && at > w->line) {
			w->lost = at;
			w->lost_ns = NO_TIME;
			w->why = "";
		}
		at = (uintptr_t)map_get(&f->watched, key);
		if (!w->lost || at > w->lost || !file ||
		    file->serial != w->serial ||
		    is_covered(h, w) || (w->lost_ns != NO_TIME && f->last_ns !=
				NO_TIME && f->last_ns - w->lost_ns < LOST_NS))
			continue;
		d = finding_add(f, &lost, t->process->pid, 1, 0);
		finding_line(d, w->line);
		finding_line(d, w->lost);
		finding_says(d, "%s watched %s with inotify (line %lu), and %s "
			     "(%s%sline %lu): the watch was not added again, and "
			     "the program waits in %s for events that do not come",
			     task_name(t), w->path, w->line,
			     !strcmp(w->why, "IN_UNMOUNT") ? "the file system of "
			     "this file was unmounted" : "this file was renamed, "
			     "replaced or removed", w->why, *w->why ? ", " : "",
			     w->lost, o->name);
	}
}

void again_habits_free(struct again_habits *h)
{
	if (h)
		free(h->watch);
	free(h);
}

void again_free(struct findings *f)
{
	map_free(&f->renamed);
	map_free(&f->watched);
}

void again_task_ends(struct findings *f, struct habits *habits, struct task *t)
{
	struct again_habits *h = habits->again;
	struct finding *d;

	if (!h)
		return;
	judge_restarts(f, h, t);
	judge_watches(f, h, t);
	if (h->most < SELF_MIN)
		return;
	d = finding_add(f, &self, t->process->pid, h->most, 0);
	finding_line(d, h->self_line);
	finding_says(d, "%s watches a directory with inotify and writes in it "
		     "itself (%s, line %lu): its own write woke it %lu times in "
		     "a row", task_name(t), h->path,
		     h->self_line, h->most);
}
