/* SPDX-License-Identifier: MIT */
/* finding.c - the list of findings: collected, merged, ranked; see finding.h */
#include "finding_look.h"

enum {
	MATTERS_PERCENT = 5,	/* of the log's time: it is ranked by its cost */
};

const char *severity_name(enum severity s)
{
	return s == SEVERITY_FAULT ? "fault" : s == SEVERITY_COST ? "cost"
								   : "note";
}

const char *finding_title(const struct finding *d, char *text, size_t size)
{
	const char *s = d->count == 1 ? "" : "s";

	if (d->about->limit)
		snprintf(text, size, "%lu call%s failed: %s", d->count, s,
			 d->about->limit);
	else
		snprintf(text, size, "%s: %lu time%s", d->about->title,
			 d->count, s);
	return text;
}

const char *finding_rest(const struct finding *d, char *text, size_t size)
{
	unsigned long more = d->told && *d->says && d->told < d->count
			     ? d->count - d->told : 0;

	*text = 0;
	if (more)
		snprintf(text, size, " It happened %lu more time%s with another "
			 "%scall or descriptor.", more, more == 1 ? "" : "s",
			 d->n_pids > 1 ? "process, " : "");
	return text;
}

/* ---- looking ---- */

static void see_time(struct habits *h, const struct event *e)
{
	long long end = e->end_ns != NO_TIME ? e->end_ns : e->start_ns;

	if (e->start_ns == NO_TIME)
		return;
	if (e->kind == EVENT_EXIT && h->last_ns != NO_TIME)
		h->rest_ns = e->start_ns - h->last_ns;
	if (h->first_ns == NO_TIME || e->start_ns < h->first_ns)
		h->first_ns = e->start_ns;
	if (h->last_ns == NO_TIME || end > h->last_ns)
		h->last_ns = end;
}

static struct habits *habits_of(struct task *t)
{
	if (!t->habits) {
		t->habits = need_zero(sizeof(*t->habits));
		t->habits->first_ns = t->habits->last_ns = NO_TIME;
	}
	return t->habits;
}

/*
 * Most calls succeed, and neither read nor wait: then the ones below have nothing
 * to look at, and are not asked.
 */
static int has_failed(const struct event *e)
{
	return e->interrupted || e->line->error.len;
}

static int concerns_death(const struct habits *h, const struct event *e)
{
	return h->signals || e->kind > EVENT_BEGUN || has_failed(e) ||
	       e->call == CALL_OTHER || e->call == CALL_KILL ||
	       e->call == CALL_MMAP || e->call == CALL_OPEN ||
	       e->call == CALL_OPENAT;
}

static int concerns_signal(const struct findings *f, const struct habits *h,
			   const struct event *e)
{
	return h->signals || h->eintr || f->cut_write.line ||
	       e->kind != EVENT_CALL || has_failed(e) ||
	       e->call == CALL_SIGWAIT || call_class(e->call) == CLASS_TASK;
}

static int concerns_again(const struct habits *h, const struct event *e)
{
	return h->again || e->kind != EVENT_CALL || has_failed(e) ||
	       e->call == CALL_OTHER;
}

static int concerns_cost(const struct step *st)
{
	return st->bytes > 0 || st->event->line->error.len ||
	       st->event->call == CALL_OTHER ||
	       st->event->call == CALL_GETDENTS;
}

static int concerns_net(const struct habits *h, const struct step *st)
{
	enum call_class class = call_class(st->event->call);

	return h->wait_line || class == CLASS_IN || class == CLASS_OUT ||
	       class == CLASS_WAIT || st->phase & PHASE_WAIT ||
	       file_is_socket(st->file);
}

void finding_note(struct findings *f, struct step *st, long long first_ns,
		  long long last_ns)
{
	struct event *e = st->event;
	struct habits *h;

	f->first_ns = first_ns;
	f->last_ns = last_ns;
	if (e->kind == EVENT_UNKNOWN)
		refusal_text(f, e);
	if (!st->task)
		return;
	h = habits_of(st->task);
	see_time(h, e);
	if (e->kind <= EVENT_BEGUN)
		slice_copy(e->line->name, h->last_call, sizeof(h->last_call));
	if (e->kind == EVENT_BEGUN) {	/* the others wait for its result */
		if (concerns_death(h, e))
			death_note(f, h, st);
		if (e->call == CALL_SIGWAIT)
			signal_begins(h, e);
		between_note(f, h, st);
		return;
	}
	if (e->kind == EVENT_CALL) {
		f->calls++;
		f->last_call = e->first;
		f->last_call_ns = e->end_ns;
		f->errors += !!(e->line->flags & LINE_HAS_ERROR);
		f->rings |= e->call == CALL_RING_SETUP ||
			    e->call == CALL_RING_ENTER;
	}
	ready_note(f, h, st);
	if (e->kind == EVENT_CALL) {
		spin_note(f, h, st);
		if (concerns_cost(st))
			cost_note(f, h, st);
	}
	if (concerns_death(h, e))
		death_note(f, h, st);
	refusal_note(f, st);
	if (concerns_signal(f, h, e))
		signal_note(f, h, st);
	if (concerns_again(h, e))
		again_note(f, h, st);
	if (e->kind == EVENT_CALL) {
		if (concerns_net(h, st))
			net_note(f, st);
		lost_note(f, st);
		time_note(f, h, st);
	}
	if (e->kind != EVENT_CALL || call_class(e->call) == CLASS_TASK)
		reap_note(f, h, st);
	between_note(f, h, st);
}

void finding_file_ends(struct findings *f, struct file *file)
{
	ready_file_ends(f, file);
	cost_file_ends(f, file);
	net_file_ends(f, file);
	reset_file_ends(f, file);
	between_file_ends(f, file);
	if (file->use)
		free(file->use->worker);
	free(file->use);
	file->use = NULL;
}

static void habits_free(struct habits *h)
{
	ready_habits_free(h->ready);
	spin_free(h);
	time_habits_free(h->time);
	cost_habits_free(h->cost);
	free(h->signals);
	free(h->eintr);
	free(h->closes);
	free(h->request);
	free(h->busy);
	again_habits_free(h->again);
	if (h->stuck)
		free(h->stuck->lock);
	free(h->stuck);
	free(h);
}

void finding_task_ends(struct findings *f, struct task *t)
{
	struct habits *h = t->habits;

	t->habits = NULL;
	if (!h) {
		between_task_ends(f, h, t);
		return;
	}
	f->judged++;
	f->life_ns = h->first_ns == NO_TIME ? 0 : h->last_ns - h->first_ns;
	ready_task_ends(f, h, t);
	spin_task_ends(f, h, t);
	cost_task_ends(f, h, t);
	time_task_ends(f, h, t);
	signal_task_ends(f, h, t);
	again_task_ends(f, h, t);
	death_task_ends(f, h, t);
	between_task_ends(f, h, t);
	reap_task_ends(f, t);
	f->life_ns = 0;
	habits_free(h);
}

void finding_log_ends(struct findings *f)
{
	death_log_ends(f);
	refusal_log_ends(f);
	between_log_ends(f);
	f->at_end = 1;
}

/* ---- judging ---- */

/* The finding of the process that it ended, or cost most, speaks for all. */
static void merge(struct finding *d, struct finding *other)
{
	if (other->fatal != d->fatal && *other->says && *d->says
	    ? other->fatal : other->cost_ns > d->cost_ns ||
	    (other->cost_ns == d->cost_ns && other->count > d->count &&
	     *other->says)) {
		memcpy(d->says, other->says, sizeof(d->says));
		d->told = other->told;
		memcpy(d->subject, other->subject, sizeof(d->subject));
		d->pid = other->pid;
		d->on = other->on;
	}
	d->fatal |= other->fatal;
	d->count += other->count;
	d->cost_ns = plus_ns(d->cost_ns, other->cost_ns);
	d->life_ns = plus_ns(d->life_ns, other->life_ns);
	for (unsigned i = 0; i < other->n_lines; i++)
		finding_line(d, other->line[i]);
	for (unsigned i = 0; i < other->n_pids; i++)
		finding_pid(d, other->pids[i]);
}

static int has_line(const struct finding *d, unsigned long line)
{
	for (unsigned i = 0; i < d->n_lines; i++)
		if (d->line[i] == line)
			return 1;
	return 0;
}

/* A call failed, and the process ended of it: one cause, in two findings. */
static int is_same_cause(const struct finding *d, const struct finding *other)
{
	if (d->pid != other->pid || d->of_kernel != other->of_kernel ||
	    strcmp(d->about->id, other->about->id))
		return 0;
	for (unsigned i = 0; i < other->n_lines; i++)
		if (has_line(d, other->line[i]))
			return 1;
	return 0;
}

/* The graver one counts; the one with more lines says how it went on. */
static void unite(struct finding *d, struct finding *other)
{
	unsigned long count = d->count > other->count ? d->count : other->count;
	long long cost = d->cost_ns > other->cost_ns ? d->cost_ns
						     : other->cost_ns;

	if (*other->says && (other->fatal != d->fatal ? other->fatal :
			     other->n_lines > d->n_lines || !*d->says)) {
		memcpy(d->says, other->says, sizeof(d->says));
		d->told = other->told;
	}
	if (other->about->severity < d->about->severity)
		d->about = other->about;
	if (!*d->subject)
		memcpy(d->subject, other->subject, sizeof(d->subject));
	d->fatal |= other->fatal;
	d->count = count;
	d->cost_ns = cost;
	for (unsigned i = 0; i < other->n_lines; i++)
		if (!has_line(d, other->line[i]))
			finding_line(d, other->line[i]);
	for (unsigned i = 0; i < other->n_pids; i++)
		finding_pid(d, other->pids[i]);
}

static int rank(const struct findings *f, const struct finding *d)
{
	enum severity s = d->about->severity;

	if (s == SEVERITY_NOTE)
		return 0;
	if (!strcmp(d->about->id, "deadlock"))
		return 5;			/* it is why each of them waits */
	if (d->fatal)
		return 4;
	if (share_of(f, d->cost_ns) >= MATTERS_PERCENT)
		return 3;
	return s == SEVERITY_FAULT ? 2 : 1;
}

/*
 * Eight threads that wait for one lock wait eight seconds in each second.  What
 * counts is the share of their time, as if they had been there in turn.
 */
static long long in_turn(const struct findings *f, const struct finding *d)
{
	long long wall = f->first_ns == NO_TIME ? 0 : f->last_ns - f->first_ns;

	return d->life_ns <= wall ? d->cost_ns :
	       (long long)((double)d->cost_ns * wall / d->life_ns);
}

static int before(const struct findings *f, const struct finding *a,
		  const struct finding *b)
{
	int x = rank(f, a), y = rank(f, b);
	long long cost = in_turn(f, a), other = in_turn(f, b);

	if (x != y)
		return x > y;
	if (cost != other)
		return cost > other;
	return a->line[0] < b->line[0];
}

/*
 * Before they are merged: united with those of other processes, a note would be
 * another finding than its own fault.
 */
static void unite_all(struct findings *f)
{
	struct finding *d, *other, **at;

	for (d = f->first; d; d = d->next)
		for (at = &d->next; (other = *at); ) {
			if (other->about == d->about ||
			    !is_same_cause(d, other)) {
				at = &other->next;
				continue;
			}
			*at = other->next;
			unite(d, other);
			finding_free(other);
		}
}

void findings_settle(struct findings *f)
{
	struct finding *list, *d, *same, **at;

	ready_settle(f);
	between_settle(f);
	net_settle(f);
	time_settle(f);
	restart_settle(f, finding_first_status(f));
	refusal_quotes(f);
	unite_all(f);
	list = f->first;
	f->first = NULL;
	f->tail = NULL;
	f->n = 0;
	while ((d = list)) {
		list = d->next;
		for (at = &list; (same = *at); ) {
			if (same->about != d->about) {
				at = &same->next;
				continue;
			}
			*at = same->next;
			merge(d, same);
			finding_free(same);
		}
		if (ready_too_few(f, d)) {
			finding_free(d);
			continue;
		}
		for (at = &f->first; *at && !before(f, d, *at);
		     at = &(*at)->next)
			;
		d->next = *at;
		*at = d;
		f->n++;
	}
}

void findings_free(struct findings *f)
{
	struct finding *d;

	while ((d = f->first)) {
		f->first = d->next;
		finding_free(d);
	}
	ready_free(f);
	death_free(f);
	net_free(f);
	time_free(f);
	reset_free(f);
	restart_free(f);
	reap_free(f);
	refusal_free(f);
	between_free(f);
	again_free(f);
}
