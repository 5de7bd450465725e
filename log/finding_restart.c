/* SPDX-License-Identifier: MIT */
/*
 * finding_restart.c - a process that fails each time it is started: a service
 * manager or a shell's loop starts the same command again
 */
#include "finding_look.h"
#include "hash.h"

enum {
	RESTARTS_MIN = 3,
	RESTARTS_MAX = 10000,	/* commands that are kept */
};

struct restart {		/* one command, of one parent */
	struct tracks ends;
	unsigned long fine;	/* ends of it with status 0 */
	long long first_ns, last_ns;
	long parent, pid;	/* pid: the last one */
	char how[32], name[40], why[400];
	int strangers;		/* children that are not in the log ... */
	long status;		/* ... and their status */
};

static const struct about fails_again = { "fails-again", SEVERITY_FAULT,
	"a process fails each time it is started",
	"Its parent starts the same command again and again, and each time it "
	"ends with a message and a status, or by a signal.",
	"Run the command alone, and repair what it complains about.",
	"The parent waits in this way for something that comes later." };

static uint64_t key_of(const struct ended *e)
{
	const char *end = e->argv ? strchr(e->argv, ']') : NULL;
	struct slice argv = e->argv ? slice_of(e->argv, end ? end : e->argv +
					       strlen(e->argv)) : SLICE("");

	return hash_slice(hash_text(HASH_START ^ (uint64_t)e->parent *
				    0x9e3779b97f4a7c15, e->name), argv) | 1;
}

/* A signal of the parent or of an administrator is not a failure. */
static int has_failed(const struct ended *e)
{
	enum { HUP = 1, INT, ALRM = 14, PIPE = 13, TERM = 15 };

	if (e->killed)
		return e->killed != HUP && e->killed != INT &&
		       e->killed != PIPE && e->killed != ALRM &&
		       e->killed != TERM;
	return e->status && e->has_message;
}

void restart_note(struct findings *f, const struct ended *e)
{
	uint64_t key = key_of(e);
	struct restart *r = map_get(&f->restarts, key);

	if (!e->status && !e->killed && r)
		r->fine++;
	if (!has_failed(e))
		return;
	if (!r) {
		if (!e->parent || f->restarts.used >= RESTARTS_MAX)
			return;
		r = need(calloc(1, sizeof(*r)));
		r->parent = e->parent;
		r->first_ns = e->ns;
		map_put(&f->restarts, key, r);
	}
	track(&r->ends, e->line);
	r->last_ns = e->ns;
	r->pid = e->pid;
	snprintf(r->name, sizeof(r->name), "%s", e->name);
	snprintf(r->why, sizeof(r->why), "%s", e->why);
	if (e->killed)
		snprintf(r->how, sizeof(r->how), "was killed by signal %d",
			 e->killed);
	else
		snprintf(r->how, sizeof(r->how), "ended with status %d",
			 e->status);
}

/*
 * --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9, si_status=255} ---
 * of children that are not in the log. (1 and 2 are often answers.)
 */
void restart_child(struct findings *f, const struct step *st)
{
	enum { STATUS_MIN = 126 };
	struct slice args = st->event->line->args;
	long pid = slice_number(line_field(args, "si_pid"), NULL);
	long status = slice_number(line_field(args, "si_status"), NULL);
	const struct task *child = map_get(&f->world->tasks, pid);
	uint64_t key = hash_text(HASH_START ^ (uint64_t)st->task->process->pid *
				 0x9e3779b97f4a7c15, "SIGCHLD") | 1;
	struct restart *r = map_get(&f->restarts, key);

	if (!slice_is(line_field(args, "si_code"), "CLD_EXITED") ||
	    (child && child->spoke))
		return;
	if (!r) {
		if (f->restarts.used >= RESTARTS_MAX)
			return;
		r = need(calloc(1, sizeof(*r)));
		r->parent = st->task->process->pid;
		r->first_ns = st->event->start_ns;
		r->strangers = 1;
		snprintf(r->name, sizeof(r->name), "%s", task_name(st->task));
		map_put(&f->restarts, key, r);
	}
	if (status < STATUS_MIN || (r->ends.n && status != r->status)) {
		r->fine++;
		return;
	}
	r->status = status;
	r->last_ns = st->event->start_ns;
	track(&r->ends, st->event->first);
}

/* status: of the first process; -1: unknown. */
void restart_settle(struct findings *f, int status)
{
	char span[24], in[40] = "", who[64];
	struct finding *d;
	struct restart *r;
	long long ns;

	map_each(&f->restarts, i, r) {
		if (r->ends.n < RESTARTS_MIN || r->fine)
			continue;
		ns = r->first_ns == NO_TIME || r->last_ns == NO_TIME ? 0
		   : r->last_ns - r->first_ns;
		if (ns)
			snprintf(in, sizeof(in), " in %s",
				 span_text(ns, span, sizeof(span)));
		/* (Who starts what is not there may look whether it is.) */
		if (r->strangers && !status)
			continue;
		d = finding_add(f, &fails_again, r->parent, r->ends.n, ns);
		finding_lines(d, &r->ends);
		if (r->strangers) {
			finding_says(d, "the children of %s fail again and again: "
				     "%lu of them ended with status %ld%s; their "
				     "calls are not in the log (strace -f shows "
				     "them)", process_text(r->name, r->parent, who,
				     sizeof(who)), r->ends.n, r->status, in);
			continue;
		}
		finding_says(d, "%s fails each time it is started: pid %ld started "
			     "it %lu times%s, and it %s%s", r->name, r->parent,
			     r->ends.n, in, r->how, r->why);
	}
}

void restart_free(struct findings *f)
{
	struct restart *r;

	map_each(&f->restarts, i, r)
		free(r);
	map_free(&f->restarts);
}
