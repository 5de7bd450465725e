/* SPDX-License-Identifier: MIT */
/* merge.c - two logs on one clock; see merge.h */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "reader.h"

enum {
	/*
	 * strace's time for the end of a call is too early when it was not
	 * let run between its stamp and the call.  A call without records may
	 * not take those of a later one: where some are lost, it waits less.
	 */
	LATE_NS = 50000000, LATE_LOST_NS = 200000,
	SLACK_NS = 2000,		/* beside the manifest's bound */
	SLACK_MAX_NS = 1000000,
};

/* ---- reading kernel.log ---- */

static void keep_bad(struct merge *m, struct slice text)
{
	int len = text.len < 119 ? (int)text.len : 119;

	if (m->bad < BAD_KEPT) {
		m->bad_kept[m->bad].line = m->source.number;
		snprintf(m->bad_kept[m->bad].text, 120, "%.*s", len, text.at);
	}
	m->bad++;
}

static void advance(struct merge *m)
{
	struct slice text;

	while ((m->more = source_line(&m->source, &text))) {
		m->lines++;
		if (!tracepoint_read(&m->next, text))
			return;
		if (text.len)
			keep_bad(m, text);
	}
}

static void take_line(struct merge *m)
{
	m->disordered += m->next.ns < m->now_ns;
	m->now_ns = m->next.ns;
	witness_take(&m->witness, &m->next, m->source.number);
	advance(m);
}

static void read_to(struct merge *m, long long ns)
{
	while (m->more && m->next.ns <= ns)
		take_line(m);
}

/* ---- what the witness sees ---- */

static struct task *owner_of(struct merge *m, const struct request *q)
{
	struct map *tasks = &m->reader->world.tasks;
	struct task *t = map_get(tasks, q->pid);

	return t ? t : map_get(tasks, q->ring->pid);
}

static void seen(void *context, const struct sight *s)
{
	struct merge *m = context;
	struct reader *r = m->reader;
	struct task *t;

	if (s->kind == SIGHT_COMPLETED) {
		t = owner_of(m, s->request);
		r->accepts += s->data == DATA_ACCEPTED;
		if (s->data == DATA_MESSAGE || s->data == DATA_READ)
			r->bytes_in += s->res;
		if (s->data == DATA_SENT || s->data == DATA_WRITTEN)
			r->bytes_out += s->res;
		if (t)
			model_note_request(&r->models, t, s);
	}
	/* Alone, kernel.log is the log that --lines shows. */
	if (r->see && !(m->alone && s->kind == SIGHT_LINE))
		r->see(r->watch_context, r, s);
}

/* ---- open and close ---- */

struct merge *merge_open(struct reader *r, const char *folder)
{
	struct merge *m = need(calloc(1, sizeof(*m)));
	char path[4200];
	int err;

	m->reader = r;
	snprintf(m->folder, sizeof(m->folder), "%s", folder);
	snprintf(path, sizeof(path), "%s/manifest.json", folder);
	manifest_read(&m->manifest, path);
	snprintf(path, sizeof(path), "%s/kernel.log", folder);
	err = source_open(&m->source, path);
	if (err) {
		snprintf(r->error, sizeof(r->error), "%.200s: %s", path,
			 strerror(-err));
		free(m);
		return NULL;
	}
	m->source.path = "kernel.log";
	witness_start(&m->witness, m->manifest.pid);
	m->witness.lossy = m->manifest.lossy;
	m->witness.any_lost = m->manifest.lost != 0;
	if (m->witness.any_lost && !m->manifest.lossy)
		m->witness.lossy = ~0ULL;	/* which, it does not say */
	m->witness.unread = m->manifest.unread;
	m->witness.n_unread = m->manifest.n_unread;
	m->witness.see = seen;
	m->witness.context = m;
	m->slack_ns = SLACK_NS + (m->manifest.bound_ns > 0 &&
				  m->manifest.bound_ns < SLACK_MAX_NS ?
				  m->manifest.bound_ns : 0);
	advance(m);
	return m;
}

void merge_free(struct merge *m)
{
	void *open;

	if (!m)
		return;
	map_each(&m->open, i, open)
		free(open);
	map_free(&m->open);
	free(m->text);
	witness_free(&m->witness);
	source_close(&m->source);
	free(m);
}

/* ---- one call ---- */

static int may_match(const struct merge *m)
{
	/* Clocks that were compared and differ would match wrong calls. */
	return m->alone || !m->manifest.aligned || m->manifest.proved;
}

/* The calls whose phases the kernel's side decides. */
static int is_asked(const struct step *st)
{
	enum call_class c = call_class(st->event->call);

	return st->phase & (PHASE_WAIT | PHASE_COPY | PHASE_ACCEPT |
			    PHASE_SUBMIT) || c == CLASS_IN || c == CLASS_WAIT;
}

static long long latest(const struct merge *m, long long end)
{
	return plus_ns(end, m->witness.any_lost ? LATE_LOST_NS : LATE_NS);
}

/* Read on until the end of this call is there, or must be missing. */
static void read_call(struct merge *m, const struct step *st, long long end)
{
	const struct event *e = st->event;
	long long to = latest(m, end);

	read_to(m, end);
	if (e->line->flags & LINE_NO_RETURN)
		return;
	while (m->more && m->next.ns <= to) {
		const struct witness_task *t = witness_task(&m->witness,
							    st->task->pid);

		if (t && t->n && t->stays[t->n - 1].enter_ns >=
				 e->start_ns - m->slack_ns)
			return;
		take_line(m);
	}
}

static int claim(struct merge *m, const struct step *st, struct slice call,
		 long long end, struct stay *s)
{
	return witness_claim(&m->witness, st->task->pid, call,
			     st->event->start_ns, m->slack_ns,
			     m->alone ? end : latest(m, end), s);
}

static void claim_call(struct merge *m, struct step *st, long long end)
{
	struct event *e = st->event;
	struct stay s, more;

	if (!claim(m, st, e->line->name, end, &s))
		return;
	st->kernel = (struct kernel_side){
		.seen = !s.doubtful, .enter_ns = s.enter_ns,
		.exit_ns = s.exit_ns, .slept_ns = s.slept_ns,
		.woke_ns = s.woke_ns, .sleeps = s.sleeps,
		.copies = s.copies, .copied = s.copied, .line = s.line,
		.submitted = s.submitted,
	};
	/* What a signal cut short and the kernel began again is one call. */
	for (unsigned i = 0; i < e->restarts; i++) {
		if (!claim(m, st, e->line->name, end, &more) &&
		    !claim(m, st, SLICE("restart_syscall"), end, &more))
			return;
		st->kernel.exit_ns = more.exit_ns;
		st->kernel.slept_ns = plus_ns(st->kernel.slept_ns,
					      more.slept_ns);
		st->kernel.sleeps += more.sleeps;
		st->kernel.copies += more.copies;
		st->kernel.copied += more.copied;
		if (more.woke_ns)
			st->kernel.woke_ns = more.woke_ns;
	}
}

void merge_step(struct merge *m, struct step *st)
{
	struct event *e = st->event;
	long long end = e->end_ns != NO_TIME && e->end_ns > e->start_ns ?
			e->end_ns : e->start_ns;

	st->kernel = (struct kernel_side){ .slept_ns = NO_TIME };
	if (e->start_ns == NO_TIME || !st->task)
		return;
	if (e->kind != EVENT_CALL || !may_match(m)) {
		if (!m->alone)
			read_to(m, e->start_ns);
		return;
	}
	if (!m->alone)
		read_call(m, st, end);
	claim_call(m, st, end);
}

/* After phase_decide: what it could only infer is known now. */
void merge_exact(struct merge *m, struct step *st)
{
	enum call_class class;

	if (st->event->kind != EVENT_CALL || !st->task || !is_asked(st))
		return;
	if (st->event->line->flags & LINE_NO_RETURN)
		return;				/* the end of the process cut it */
	m->calls++;
	if (!st->kernel.seen)
		return;
	m->exact++;
	st->wait_ns = st->kernel.slept_ns;
	st->at_most = 0;
	class = call_class(st->event->call);
	if (st->kernel.sleeps && (class == CLASS_IN || class == CLASS_OUT ||
				  class == CLASS_ACCEPT ||
				  st->event->call == CALL_IO_SUBMIT))
		st->phase |= PHASE_WAIT;
}

/* ---- kernel.log alone: as strace would write it ---- */

/* The call that a thread is in: "close(0x5". */
struct open_call {
	char text[200], name[CALL_NAME];
	unsigned long long clone_flags;
	long long enter_ns;
};

static void write_line(struct merge *m, const struct tracepoint *p,
		       const char *format, ...)
{
	char *body = NULL, *text = NULL;
	struct line l;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&body, format, args);
	va_end(args);
	need(len < 0 ? NULL : body);
	len = asprintf(&text, "%ld<%.*s> %lld.%09lld %s", p->pid,
		       (int)(p->comm.len < 31 ? p->comm.len : 31), p->comm.at,
		       p->ns / 1000000000, p->ns % 1000000000, body);
	need(len < 0 ? NULL : text);
	/* Not reader_line(): nobody is to be shown this line. */
	line_read(&l, text, len);
	joiner_line(&m->reader->joiner, &l, m->source.number, 0);
	free(body);
	free(text);
}

/* How many arguments are arguments; the others are what registers held. */
static unsigned arguments(const char *name)
{
	static const struct { const char *name; unsigned n; } calls[] = {
		{ "close", 1 }, { "dup", 1 }, { "pipe", 1 }, { "exit", 1 },
		{ "exit_group", 1 }, { "epoll_create", 1 },
		{ "epoll_create1", 1 }, { "eventfd", 1 }, { "dup2", 2 },
		{ "pipe2", 2 }, { "eventfd2", 2 }, { "listen", 2 },
		{ "rt_sigsuspend", 2 }, { "io_uring_setup", 2 },
		{ "timerfd_create", 2 }, { "memfd_create", 2 }, { "open", 3 },
		{ "socket", 3 }, { "accept", 3 }, { "bind", 3 },
		{ "connect", 3 }, { "read", 3 }, { "write", 3 }, { "poll", 3 },
		{ "fcntl", 3 }, { "ioctl", 3 }, { "dup3", 3 }, { "lseek", 3 },
		{ "openat", 4 }, { "accept4", 4 }, { "epoll_ctl", 4 },
		{ "epoll_wait", 4 }, { "rt_sigaction", 4 }, { "pread64", 4 },
		{ "pwrite64", 4 },
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].n;
	return 6;
}

static void begin_call(struct merge *m, const struct tracepoint *p)
{
	struct slice id = tracepoint_text(p, "id");
	struct slice args = tracepoint_text(p, "args"), arg;
	const char *open = memchr(id.at, '(', id.len);
	struct open_call *c = map_get(&m->open, p->pid);
	unsigned n = 0, most;
	size_t len;

	if (!open || !id.len || slice_starts(slice_of(open, id.at + id.len),
					     "(?"))
		return;
	if (!c) {
		c = need(calloc(1, sizeof(*c)));
		map_put(&m->open, p->pid, c);
	}
	c->clone_flags = 0;
	c->enter_ns = p->ns;
	snprintf(c->name, sizeof(c->name), "%.*s",
		 (int)(id.at + id.len - 1 - open - 1), open + 1);
	most = arguments(c->name);
	len = snprintf(c->text, sizeof(c->text), "%s(", c->name);
	while (n < most && line_element(&args, &arg) && len < 150)
		len += snprintf(c->text + len, sizeof(c->text) - len,
				"%s%.*s", n++ ? ", " : "",
				(int)(arg.len < 20 ? arg.len : 20), arg.at);
	/* Its flags are in memory; task_newtask will show them. */
	if (strcmp(c->name, "clone3"))
		write_line(m, p, "%s <unfinished ...>", c->text);
}

static void end_call(struct merge *m, const struct tracepoint *p)
{
	static const char *const again[] = {
		"ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "ENOIOCTLCMD",
		"ERESTART_RESTARTBLOCK",
	};
	struct open_call *c = map_get(&m->open, p->pid);
	long long ret = tracepoint_number(p, "ret", 0), took;

	if (!c || !*c->name)
		return;
	took = p->ns - c->enter_ns;
	if (took < 0)
		took = 0;
	if (!strcmp(c->name, "clone3"))
		write_line(m, p, "clone3({flags=%#llx}, 88) = %lld "
			   "<%lld.%09lld>", c->clone_flags, ret,
			   took / 1000000000, took % 1000000000);
	else if (ret <= -512 && ret >= -516)
		write_line(m, p, "<... %s resumed>) = ? %s (to be restarted) "
			   "<%lld.%09lld>", c->name, again[-ret - 512],
			   took / 1000000000, took % 1000000000);
	else if (ret < 0 && ret >= -4095)
		write_line(m, p, "<... %s resumed>) = -1 %s (%s) "
			   "<%lld.%09lld>", c->name,
			   strerrorname_np(-ret) ?: "EUNKNOWN",
			   strerror(-ret), took / 1000000000,
			   took % 1000000000);
	else
		write_line(m, p, "<... %s resumed>) = %lld <%lld.%09lld>",
			   c->name, ret, took / 1000000000, took % 1000000000);
	*c->name = 0;
}

static void end_task(struct merge *m, const struct tracepoint *p)
{
	struct tracepoint end = *p;
	long long state = tracepoint_number(p, "prev_state", 0);

	end.pid = tracepoint_number(p, "prev_pid", 0);
	if (!(state & 0x30) || !map_get(&m->open, end.pid))
		return;
	free(map_remove(&m->open, end.pid));
	end.comm = tracepoint_text(p, "prev_comm");
	write_line(m, &end, "+++ exited with 0 +++");
}

static void deliver(struct merge *m, const struct tracepoint *p)
{
	static const char *const names[] = {
		"0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE",
		"KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
		"STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU",
		"URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR",
		"SYS",
	};
	long long sig = tracepoint_number(p, "sig", 0);

	if (sig > 0 && sig < 32)
		write_line(m, p, "--- SIG%s {si_signo=SIG%s} ---", names[sig],
			   names[sig]);
	else if (sig >= 32 && sig < 65)
		write_line(m, p, "--- SIGRT_%lld {si_signo=SIGRT_%lld} ---",
			   sig - 32, sig - 32);
}

/* It is in clone3(2), whose flags no register holds. */
static void cloned(struct merge *m, const struct tracepoint *p)
{
	struct open_call *c = map_get(&m->open, p->pid);

	if (!c || !slice_starts((struct slice){ c->name, strlen(c->name) },
				"clone"))
		return;
	c->clone_flags = tracepoint_address(p, "clone_flags");
}

static void transcribe(struct merge *m)
{
	struct tracepoint p = m->next;
	char *text;

	/* The text of the line is gone when the next one is read. */
	text = need(strndup(p.text.at, p.text.len));
	tracepoint_read(&p, (struct slice){ text, p.text.len });
	m->disordered += p.ns < m->now_ns;
	m->now_ns = p.ns;
	witness_take(&m->witness, &p, m->source.number);
	if (p.kind == POINT_ENTER)
		begin_call(m, &p);
	else if (p.kind == POINT_EXIT)
		end_call(m, &p);
	else if (p.kind == POINT_NEW_TASK)
		cloned(m, &p);
	else if (p.kind == POINT_SWITCH)
		end_task(m, &p);
	else if (slice_is(p.name, "signal_deliver"))
		deliver(m, &p);
	if (m->reader->line) {
		struct line l = { .text = p.text, .kind = LINE_COMMENT,
				  .at_ns = NO_TIME, .took_ns = NO_TIME };

		m->reader->line(m->reader->watch_context, m->reader, &l,
				m->source.number);
	}
	free(text);
	advance(m);
}

void merge_drain(struct merge *m)
{
	while (m->more)
		if (m->alone)
			transcribe(m);
		else
			take_line(m);
}

/* ---- what it comes to ---- */

const char *merge_verdict(const struct merge *m, char *why, size_t size)
{
	const struct manifest *f = &m->manifest;
	size_t len;

	*why = 0;
	if (!may_match(m)) {
		snprintf(why, size, "the clocks of the two logs do not agree");
		return "inferred";
	}
	if (!m->lines) {
		snprintf(why, size, "kernel.log is empty");
		return "inferred";
	}
	if (f->lost)
		snprintf(why, size, f->lost < 0 ? "the kernel's records could "
			 "not all be read" : f->lost == 1 ? "the kernel lost "
			 "1 event" : "the kernel lost %lld events", f->lost);
	else if (!f->there)
		snprintf(why, size, "no manifest.json says whether events were "
			 "lost");
	len = strlen(why);
	if (m->exact < m->calls)
		snprintf(why + len, size - len, "%s%lu of %lu calls have no "
			 "whole record in kernel.log", len ? "; " : "",
			 m->calls - m->exact, m->calls);
	len = strlen(why);
	if (*f->missing)
		snprintf(why + len, size - len, "%sthis kernel lacks:%s",
			 len ? "; " : "", f->missing);
	return !*why ? "exact" : m->exact ? "partly exact" : "inferred";
}
