/* SPDX-License-Identifier: MIT */
/* reader.c - the steps put together; see reader.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "finding_look.h"
#include "hash.h"
#include "reader.h"
#include "request.h"
#include "runs.h"
#include "source.h"

/* ---- counting ---- */

static uint64_t name_key(struct slice name)
{
	return hash_slice(HASH_START, name) | 1;
}

static struct tally *tally_of(struct reader *r, struct slice name, enum call c)
{
	struct tally *t = r->last_tally[c];
	uint64_t key;

	if (name.len > sizeof(t->name) - 1)
		name.len = sizeof(t->name) - 1;
	if (t && same_text(t->name, name.at, name.len) && !t->name[name.len])
		return t;
	key = name_key(name);
	t = map_get(&r->tallies, key);
	if (!t) {
		/* A log of nonsense must not fill the memory with names. */
		if (r->tallies.used > 1000) {
			name = SLICE("(others)");
			key = name_key(name);
			t = map_get(&r->tallies, key);
		}
		if (!t) {
			t = need(calloc(1, sizeof(*t)));
			memcpy(t->name, name.at, name.len);
			t->call = c;
			map_put(&r->tallies, key, t);
		}
	}
	return r->last_tally[c] = t;
}

static void count_call(struct reader *r, struct step *st)
{
	struct event *e = st->event;
	struct tally *t = tally_of(r, e->line->name, e->call);

	r->calls++;
	r->restarts += e->restarts;
	r->interrupted += e->interrupted;
	r->injected += !!(e->line->flags & LINE_INJECTED);
	t->calls++;
	t->restarts += e->restarts;
	/* rt_sigreturn shows what the interrupted call returns, not its own. */
	t->errors += e->line->flags & LINE_HAS_ERROR &&
		     e->call != CALL_SIGRETURN;
	if (st->bytes > 0) {
		t->bytes += st->bytes;
		if (call_class(e->call) == CLASS_IN)
			r->bytes_in += st->bytes;
		else
			r->bytes_out += st->bytes;
	}
	if (e->call == CALL_ACCEPT && st->made)
		r->accepts++;
	/* (How long a call was that the end cut, account.c says.) */
	if (e->took_ns == NO_TIME ||
	    (e->line->flags & LINE_NO_RETURN && !e->interrupted))
		return;
	t->ns = plus_ns(t->ns, e->took_ns);
	if (e->took_ns > t->longest_ns) {
		t->longest_ns = e->took_ns;
		t->longest_line = e->first;
	}
}

static void keep_unknown(struct reader *r, const struct event *e)
{
	if (r->n_unknown == UNKNOWN_KEPT)
		return;
	r->unknown[r->n_unknown].line = e->first;
	snprintf(r->unknown[r->n_unknown].text,
		 sizeof(r->unknown[0].text), "%.*s",
		 (int)(e->line->text.len > 119 ? 119 : e->line->text.len),
		 e->line->text.at);
	r->n_unknown++;
}

static void take(void *context, struct event *e)
{
	struct reader *r = context;
	struct step *st = &r->step;

	if (e->start_ns != NO_TIME) {
		if (r->first_ns == NO_TIME || e->start_ns < r->first_ns)
			r->first_ns = e->start_ns;
		if (e->end_ns != NO_TIME && e->end_ns > r->last_ns)
			r->last_ns = e->end_ns;
		if (e->start_ns > r->last_ns)
			r->last_ns = e->start_ns;
	}
	if (e->kind == EVENT_UNKNOWN)
		keep_unknown(r, e);
	step_take(&r->world, st, e);
	if (r->merge)
		merge_step(r->merge, st);
	if (e->kind != EVENT_BEGUN)		/* (nothing is known of it yet) */
		phase_decide(st);
	if (r->merge)
		merge_exact(r->merge, st);
	if (e->kind == EVENT_CALL)
		count_call(r, st);
	if (e->kind == EVENT_SIGNAL) {
		r->signals++;
		r->signals_io += st->model == MODEL_SIGIO ||
				 st->model == MODEL_SIGIO_QUEUED;
		r->artefacts += st->artefact;
	}
	model_note(&r->models, st);
	account_note(&r->accounts, &r->world, st, r->last_ns);
	finding_note(&r->findings, st, r->first_ns, r->last_ns);
	if (r->watch)
		r->watch(r->watch_context, r, st);
	step_done(&r->world, st);
}

/* A child that is made so close to the end may not have come to speak. */
enum { LAST_LINES = 3 };

static void task_ends(void *context, struct task *t)
{
	struct reader *r = context;

	model_task_ends(&r->models, t);
	finding_task_ends(&r->findings, t);
	account_task_ends(&r->accounts, t);
	if (t->origin == ORIGIN_FIRST)
		return;
	if (t->spoke) {
		r->followed++;
	} else if (t->first + LAST_LINES < r->joiner.lines) {
		if (!r->unfollowed++)
			r->unfollowed_line = t->first;
		r->unfollowed_threads += t->origin == ORIGIN_THREAD;
	}
}

static void task_execs(void *context, struct task *t, long long at_ns)
{
	struct reader *r = context;

	account_execs(&r->accounts, t, at_ns);
	model_task_execs(t);
}

unsigned long long reader_file_rank(const struct closed_file *f)
{
	enum { BUSY = 1 << 20 };		/* bytes: it outranks a socket */
	int class = f->kind == FILE_LISTENER || f->accepts ? 4 :
		    f->bytes_in + f->bytes_out >= BUSY ? 3 :
		    f->kind >= FILE_SOCKET && f->kind <= FILE_PIPE ? 2 :
		    f->reads || f->writes;
	unsigned long long weight = f->accepts + f->bytes_in + f->bytes_out +
				    f->reads + f->writes + f->again_in;

	if (weight >> 60)
		weight = 1ULL << 60;
	return (unsigned long long)class << 61 | weight;
}

/* Of those with the same rank the oldest is the least. */
static int is_less(const struct reader *r, unsigned i, unsigned k)
{
	const struct closed_file *a = &r->files[r->least[i]];
	const struct closed_file *b = &r->files[r->least[k]];

	return a->rank != b->rank ? a->rank < b->rank : a->nth < b->nth;
}

static void sink(struct reader *r, unsigned i)
{
	for (unsigned k; (k = 2 * i + 1) < FILES_KEPT; i = k) {
		unsigned char place = r->least[i];

		k += k + 1 < FILES_KEPT && is_less(r, k + 1, k);
		if (!is_less(r, k, i))
			return;
		r->least[i] = r->least[k];
		r->least[k] = place;
	}
}

static void make_heap(struct reader *r)
{
	for (unsigned i = 0; i < FILES_KEPT; i++)
		r->least[i] = i;
	for (unsigned i = FILES_KEPT / 2; i--; )
		sink(r, i);
}

static int by_age(const void *a, const void *b)
{
	const struct closed_file *x = a, *y = b;

	return x->nth < y->nth ? -1 : 1;
}

static void sum_file(struct file_sum *s, const struct file *f)
{
	s->files++;
	s->accepts += f->accepts;
	s->bytes_in += f->bytes_in;
	s->bytes_out += f->bytes_out;
}

static void file_ends(void *context, struct file *f)
{
	struct reader *r = context;
	struct closed_file c;
	unsigned long place = r->n_files;

	r->kinds[f->kind]++;
	r->unknown_mode += f->assumed && f->nonblocking < 0 &&
			   file_is_socket(f) && (f->reads || f->accepts);
	finding_file_ends(&r->findings, f);
	sum_file(&r->file_sums[f->kind], f);
	c = (struct closed_file){
		.serial = f->serial, .nth = r->n_files++, .kind = f->kind, .by = f->by,
		.fd = f->fd, .nonblocking = f->nonblocking,
		.left_open = f->left_open, .pid = f->pid,
		.opened = f->assumed ? 0 : f->opened, .closed = f->closed,
		.reads = f->reads, .writes = f->writes, .accepts = f->accepts,
		.again_in = f->again_in, .bytes_in = f->bytes_in,
		.bytes_out = f->bytes_out,
	};
	c.rank = reader_file_rank(&c);
	if (c.nth == FILES_KEPT)
		make_heap(r);
	if (c.nth >= FILES_KEPT) {
		place = r->least[0];
		if (c.rank <= r->files[place].rank)
			return;
	}
	if (f->name)
		snprintf(c.name, sizeof(c.name), "%.63s", f->name);
	r->files[place] = c;
	if (c.nth >= FILES_KEPT)
		sink(r, 0);
}

/* ---- reading ---- */

void reader_start(struct reader *r)
{
	memset(r, 0, sizeof(*r));
	r->first_ns = NO_TIME;
	r->last_ns = NO_TIME;
	joiner_start(&r->joiner, take, r);
	r->world.task_ends = task_ends;
	r->world.file_ends = file_ends;
	r->world.task_execs = task_execs;
	r->world.context = r;
	r->findings.world = &r->world;
	r->models.world = &r->world;
}

/* " 62.10    0.123456      1234       100        30 futex" */
__attribute__((noinline))
static void table_row(struct reader *r, struct slice row)
{
	struct slice word[6];
	unsigned n = 0, most = 0;

	for (row = slice_trim(row); row.len && n < 6; row = slice_trim(row)) {
		const char *end = memchr(row.at, ' ', row.len);

		word[n] = end ? slice_of(row.at, end) : row;
		row = slice_of(row.at + word[n++].len, row.at + row.len);
	}
	if (n < 5 || row.len || !slice_find(word[0], ".") ||
	    slice_is(word[n - 1], "total") || slice_is(word[n - 1], "syscall"))
		return;
	if (!*r->table)				/* the rows are sorted */
		snprintf(r->table, sizeof(r->table), "most time was in %.*s "
			 "(%.*s%% of it, %.*s calls)", (int)word[n - 1].len,
			 word[n - 1].at, (int)word[0].len, word[0].at,
			 (int)word[3].len, word[3].at);
	most = strlen(r->table);
	if (n == 6 && !strstr(r->table, "failed") &&
	    slice_number(word[4], NULL) > slice_number(word[3], NULL) / 2)
		snprintf(r->table + most, sizeof(r->table) - most, ", %.*s of "
			 "%.*s %.*s failed", (int)word[4].len, word[4].at,
			 (int)word[3].len, word[3].at, (int)word[5].len,
			 word[5].at);
}

/* "strace: attach: ptrace(PTRACE_SEIZE, 7): Operation not permitted" */
static int is_complaint(struct slice s)
{
	return slice_starts(s, "strace: ") &&
	       (slice_find(s, "ptrace(PTRACE_") ||
		slice_find(s, "PTRACE_TRACEME") || slice_find(s, "stat '") ||
		slice_find(s, "ind executable") || slice_find(s, ": exec: ") ||
		slice_find(s, "o such process"));
}

__attribute__((noinline))
static void keep_complaint(struct reader *r, struct slice text)
{
	if (is_complaint(text))
		slice_copy(text, r->complaint, sizeof(r->complaint));
}

static void one_line(struct reader *r, struct line *l, unsigned long number,
		     long default_pid)
{
	if (!r->calls && !*r->complaint)
		keep_complaint(r, l->text);
	joiner_line(&r->joiner, l, number, default_pid);
	if (l->kind == LINE_TABLE) {
		r->tables++;
		table_row(r, l->text);
	}
	if (r->line)
		r->line(r->watch_context, r, l, number);
}

void reader_line(struct reader *r, const char *text, size_t len,
		 unsigned long number, long default_pid)
{
	struct line l;

	line_read(&l, text, len);
	one_line(r, &l, number, default_pid);
}

static int complain(struct reader *r, const struct source *s, const char *why)
{
	if (*r->error)
		return -1;
	if (s->number || s->error)
		snprintf(r->error, sizeof(r->error), "%s:%lu: %s", s->path,
			 s->number + (s->error && !s->cut), why);
	else
		snprintf(r->error, sizeof(r->error), "%s: %s", s->path, why);
	return -1;
}

static const char torn[] = "the log ends in the middle of a line";

/* The last line has no newline: whole by chance, or torn in the middle? */
static int is_torn(const struct reader *r, const struct source *s,
		   const struct line *l)
{
	char last;

	if (!s->cut || !l->text.len)
		return 0;
	/* "read(5, " is how a call looks that has not returned. */
	if (l->kind == LINE_CUT && call_find(l->name) != CALL_OTHER &&
	    (slice_ends(l->text, "(") || slice_ends(l->text, ", ")))
		return 0;
	if (l->kind == LINE_CUT && call_waits(l->name))
		return 0;
	if (l->kind == LINE_UNKNOWN || l->kind == LINE_TAIL ||
	    l->kind == LINE_CUT)
		return 1;
	if (l->kind != LINE_CALL || l->flags & LINE_NO_RETURN)
		return 0;
	/* What the errno means stands in parentheses, -T between < and >. */
	last = l->text.at[l->text.len - 1];
	return (l->error.len && last != ')' && last != '>') ||
	       (r->joiner.has_durations && l->took_ns == NO_TIME);
}

/* Another tracer's log is refused: half of it would be read, and wrongly. */
static int foreign(struct reader *r, struct source *s)
{
	if (!s->started)
		source_peek(s);
	if (s->tracer && !*r->error)
		snprintf(r->error, sizeof(r->error), "%s: written by %s, not by "
			 "strace: this command reads strace's output (strace -f "
			 "-ttt -T -yy -o FILE COMMAND)", s->path, s->tracer);
	return !!s->tracer;
}

/* A program that begins after another has ended: is it a run of its own? */
static int begins_run(struct reader *r, const struct line *l, const char *path,
		      int *ended)
{
	*ended |= l->kind == LINE_EXITED || l->kind == LINE_KILLED;
	if (!*ended || !r->starts || r->n_runs || !slice_is(l->name, "execve"))
		return 0;
	r->n_runs = runs_find(path, r->starts);
	return r->n_runs > 1;
}

static void cannot_open(struct reader *r, const char *path, int err)
{
	snprintf(r->error, sizeof(r->error), "%.180s: %s%s", path, strerror(err),
		 err == ENOENT ? "; strace -f -ttt -T -yy -o FILE COMMAND "
				 "writes a log" :
		 err == EACCES ? "; root or the file's owner may read it" : "");
}

/*
 * Several lines are lexed one after the other: the code that does it stays in the
 * processor's cache.  Returns 0 at the end.
 */
static int read_lines(struct reader *r, struct source *s, const char *path,
		      int *ended)
{
	enum { TOGETHER = 32 };
	struct slice text[TOGETHER];
	struct line line[TOGETHER];
	unsigned n = source_lines(s, text, TOGETHER);

	for (unsigned i = 0; i < n; i++)
		line_read(&line[i], text[i].at, text[i].len);
	for (unsigned i = 0; i < n; i++) {
		struct line *l = &line[i];

		s->number += i > 0;
		if (r->to && s->number >= r->to)
			return 0;
		if (s->number < r->from)
			continue;
		if (begins_run(r, l, path, ended))
			return 0;
		one_line(r, l, s->number, s->pid);
		if (is_torn(r, s, l))
			complain(r, s, s->error ? s->error : torn);
	}
	return n > 0;
}

static int read_one(struct reader *r, const char *path)
{
	struct source s;
	int err = source_open(&s, path), ended = 0;

	if (err) {
		cannot_open(r, path, -err);
		return -1;
	}
	while (!foreign(r, &s) && read_lines(r, &s, path, &ended))
		;
	r->bytes += s.bytes;
	if (s.error)
		complain(r, &s, s.error);
	else if (!s.number)
		complain(r, &s, "the log is empty");
	source_close(&s);
	return *r->error ? -1 : 0;
}

/* One file of a set, with the line that it stands at and the one after it. */
struct head {
	struct source s;
	struct line line;
	char *text;			/* of the line: the source has moved on */
	size_t size;
	struct slice ahead;
	long long at_ns;		/* when the line took effect */
	long long said_ns, day_ns;	/* -t, -tt: midnight has passed */
	int more, more_ahead;
};

/*
 * -ff writes a call in one line however long it took.  It counts from its end,
 * or an accept that slept would hand out a number before another thread has
 * closed it.  A clone and a close count from their start: the child runs, the
 * number is free, before they return.
 */
static long long effect_ns(const struct head *h)
{
	enum call c = call_find(h->line.name);
	struct line next;

	if (h->line.kind != LINE_CALL || h->line.at_ns == NO_TIME ||
	    c == CALL_CLONE || c == CALL_FORK || c == CALL_CLOSE)
		return h->line.at_ns;
	if (h->line.took_ns != NO_TIME)
		return plus_ns(h->line.at_ns, h->line.took_ns);
	if (!h->more_ahead)
		return h->line.at_ns;
	line_read(&next, h->ahead.at, h->ahead.len);
	return next.at_ns < h->line.at_ns ? h->line.at_ns : next.at_ns;
}

static void advance(struct reader *r, struct head *h)
{
	h->more = h->more_ahead;
	if (!h->more)
		return;
	if (h->ahead.len > h->size || !h->text) {
		h->size = h->ahead.len * 2 + 256;
		free(h->text);
		h->text = need(malloc(h->size));
	}
	memcpy(h->text, h->ahead.at, h->ahead.len);
	line_read(&h->line, h->text, h->ahead.len);
	if (is_torn(r, &h->s, &h->line))
		complain(r, &h->s, h->s.error ? h->s.error : torn);
	h->more_ahead = source_line(&h->s, &h->ahead);
	if (!h->more_ahead && h->s.error)
		complain(r, &h->s, h->s.error);
	h->at_ns = effect_ns(h);
	if (h->line.clock_of_day) {
		if (h->line.at_ns < h->said_ns - DAY_NS / 2)
			h->day_ns += DAY_NS;
		h->said_ns = h->line.at_ns;
		h->at_ns += h->day_ns;
	}
}

static void first_line(struct reader *r, struct head *h)
{
	h->more_ahead = source_line(&h->s, &h->ahead);
	if (!h->more_ahead && h->s.error)
		complain(r, &h->s, h->s.error);
	advance(r, h);
}

static int comes_before(const struct head *a, const struct head *b)
{
	if (a->at_ns != NO_TIME && b->at_ns != NO_TIME)
		return a->at_ns < b->at_ns;
	/* The one that begins with execve made the others. */
	return slice_is(a->line.name, "execve") &&
	       !slice_is(b->line.name, "execve");
}

static struct head *earliest(struct head *heads, unsigned n)
{
	struct head *next = NULL;

	for (unsigned i = 0; i < n; i++)
		if (heads[i].more && (!next || comes_before(&heads[i], next)))
			next = &heads[i];
	return next;
}

/* Its thread has been made, and what it waits for in wait4 has ended. */
static int is_its_turn(const struct reader *r, const struct head *heads,
		       unsigned n, const struct head *h)
{
	enum call c = call_find(h->line.name);

	if (!map_get(&r->world.tasks, h->s.pid) && c != CALL_EXEC)
		return 0;
	for (unsigned i = 0; c == CALL_WAIT && i < n; i++)
		if (heads[i].more && heads[i].s.pid == h->line.ret)
			return 0;
	return world_allows(&r->world, h->s.pid, &h->line);
}

/*
 * Without times: one thread as far as it can have come, then the next.  What
 * one opens and another uses or closes gives an order, if not the true one.
 */
static struct head *possible(const struct reader *r, struct head *heads,
			     unsigned n, struct head *now)
{
	if (now && now->more && is_its_turn(r, heads, n, now))
		return now;
	for (unsigned i = 0; i < n; i++)
		if (heads[i].more && is_its_turn(r, heads, n, &heads[i]))
			return &heads[i];
	return now && now->more ? now : earliest(heads, n);
}

static int read_set(struct reader *r, char *const *paths, unsigned n)
{
	struct head *heads = need(calloc(n, sizeof(*heads)));
	struct head *next = NULL;
	unsigned long number = 0;
	unsigned opened = 0;
	int timed = 0;

	for (; opened < n; opened++) {
		int err = source_open(&heads[opened].s, paths[opened]);

		if (err) {
			cannot_open(r, paths[opened], -err);
			break;
		}
		first_line(r, &heads[opened]);
		timed |= heads[opened].more &&
			 heads[opened].line.at_ns != NO_TIME;
	}
	r->joiner.merged = 1;
	r->joiner.timed = timed;
	while (opened == n) {
		next = timed ? earliest(heads, n)
			     : possible(r, heads, n, next);
		if (!next)
			break;
		one_line(r, &next->line, ++number, next->s.pid);
		advance(r, next);
	}
	for (unsigned i = 0; i < opened; i++) {
		r->bytes += heads[i].s.bytes;
		source_close(&heads[i].s);
		free(heads[i].text);
	}
	free(heads);
	return *r->error ? -1 : 0;
}

double reader_cost(const struct reader *r, unsigned long *messages)
{
	unsigned long calls = 0;

	*messages = 0;
	for (const struct group *g = r->models.groups; g; g = g->next) {
		calls += g->served.calls;
		*messages += g->served.messages;
	}
	return *messages ? (double)calls / *messages : 0;
}

/* Nothing in it that could be read is an error, too. */
static int judge(struct reader *r, int rc, char *const *paths)
{
	if (!rc && !r->calls && !r->signals && r->tables) {
		snprintf(r->error, sizeof(r->error), "%.80s: only the table of "
			 "strace -c%s%.110s; without -w it has no time of "
			 "waits; strace -f -ttt -T -yy -o FILE COMMAND shows "
			 "who waited for what", paths[0],
			 *r->table ? ": " : "", r->table);
		return -1;
	}
	if (!rc && !r->calls && !r->signals && *r->complaint) {
		snprintf(r->error, sizeof(r->error), "%.80s: strace recorded no "
			 "call: %.99s%s", paths[0], r->complaint,
			 strstr(r->complaint, "not permitted") ? "; the process "
			 "is another user's, kernel.yama.ptrace_scope forbids it, "
			 "another tracer is attached, or a container has no "
			 "CAP_SYS_PTRACE" : "");
		return -1;
	}
	/* "+++ killed by SIGSEGV +++" alone says how it ended. */
	if (!rc && !r->calls && finding_has_fatal(&r->findings))
		return rc;
	/* (strace attached, waited, and let go.) */
	if (!rc && !r->calls && !r->signals && !r->n_unknown &&
	    r->joiner.lines) {
		snprintf(r->error, sizeof(r->error),
			 "%.80s: no system call in it: while strace was "
			 "attached, the process made none. It computes (perf "
			 "top -p PID), is stopped, or sleeps in the kernel and "
			 "cannot be attached (State in /proc/PID/status)",
			 paths[0]);
		return -1;
	}
	if (!rc && !r->calls && !r->signals) {
		snprintf(r->error, sizeof(r->error),
			 "%s: no line of strace output in it%s%.100s",
			 paths[0], r->n_unknown ? "; line 1: " : "",
			 r->n_unknown ? r->unknown[0].text : "");
		return -1;
	}
	return rc;
}

int reader_read(struct reader *r, char *const *paths, unsigned n)
{
	int rc;

	r->path = paths[0];
	r->n_paths = n;
	rc = n == 1 ? read_one(r, paths[0]) : read_set(r, paths, n);
	reader_end(r);
	return judge(r, rc, paths);
}

static void no_kernel(struct reader *r, const char *folder)
{
	struct manifest m;
	char path[4200];

	snprintf(path, sizeof(path), "%s/manifest.json", folder);
	manifest_read(&m, path);
	snprintf(r->no_kernel, sizeof(r->no_kernel), "%s%.190s",
		 *m.why_no_kernel ? "the capture has no kernel.log: " : "",
		 *m.why_no_kernel ? m.why_no_kernel : r->error);
}

int reader_read_folder(struct reader *r, const char *folder)
{
	char log[4200], *paths[] = { log, NULL };
	int rc = 0, alone;

	snprintf(log, sizeof(log), "%s/strace.log", folder);
	alone = access(log, F_OK);
	r->path = folder;
	r->n_paths = 1;
	r->merge = merge_open(r, folder);
	if (alone && !r->merge) {
		snprintf(r->error, sizeof(r->error), "%.180s: neither strace.log "
			 "nor kernel.log is in it; iomodels capture "
			 "writes both into a folder", folder);
		return -1;
	}
	if (!r->merge)
		no_kernel(r, folder);
	*r->error = 0;
	if (!alone) {
		rc = read_one(r, log);
	} else {
		r->merge->alone = 1;
		snprintf(log, sizeof(log), "%s/kernel.log", folder);
	}
	if (r->merge)
		merge_drain(r->merge);
	reader_end(r);
	if (r->merge && !rc) {
		const struct source *s = &r->merge->source;

		if (s->error || s->cut)
			snprintf(r->error, sizeof(r->error), "%.160s/kernel.log"
				 ":%lu: %.60s", folder, s->number + !s->cut,
				 s->error ? s->error : torn);
		rc = *r->error ? -1 : 0;
	}
	return judge(r, rc, paths);
}

void reader_end(struct reader *r)
{
	joiner_end(&r->joiner);
	finding_log_ends(&r->findings);
	world_end(&r->world);
	if (r->merge) {
		finding_kernel(&r->findings, &r->merge->witness);
		requests_in_flight(&r->merge->witness);
		finding_ring(&r->findings, &r->merge->witness);
		finding_slept(&r->findings, &r->merge->witness,
			      &r->merge->manifest);
	}
	models_settle(&r->models);
	accounts_settle(&r->accounts);
	findings_settle(&r->findings);
	qsort(r->files, r->n_files < FILES_KEPT ? r->n_files : FILES_KEPT,
	      sizeof(*r->files), by_age);
}

void reader_free(struct reader *r)
{
	struct tally *t;

	map_each(&r->tallies, i, t)
		free(t);
	map_free(&r->tallies);
	merge_free(r->merge);
	models_free(&r->models);
	accounts_free(&r->accounts);
	findings_free(&r->findings);
}

unsigned reader_missing(const struct reader *r,
			const char *sentence[MISSING_MAX])
{
	enum { FEW = 20 };
	unsigned long class[CLASSES] = { 0 }, settings = 0, closes = 0, n = 0;
	unsigned long errors = 0, submits = 0;
	const struct tally *t;
	unsigned found = 0;

	map_each(&r->tallies, i, t) {
		class[call_class(t->call)] += t->calls;
		settings += t->call == CALL_FCNTL || t->call == CALL_IOCTL ?
			    t->calls : 0;
		closes += t->call == CALL_CLOSE ? t->calls : 0;
		submits += t->call == CALL_RING_ENTER ||
			   t->call == CALL_IO_SUBMIT ? t->calls : 0;
		n += t->calls;
		errors += t->errors;
	}
	if (n >= FEW && errors == n)
		sentence[found++] = "only calls that failed are in the log "
			"(strace -Z): those that moved data are missing";
	else if (!class[CLASS_IN] && !class[CLASS_OUT] &&
		 !class[CLASS_ACCEPT] && !submits)
		sentence[found++] = class[CLASS_WAIT] ?
			"no read, write or accept in the log, so it does not "
			"show who copies; did strace -e trace= leave them out?" :
			"no read, write, accept or wait in the log, so it does "
			"not show how the program does I/O; did strace -e "
			"trace= leave them out?";
	else if (!class[CLASS_WAIT] && !settings && !closes &&
		 r->kinds[FILE_CONNECTION] + r->kinds[FILE_LISTENER] +
		 r->kinds[FILE_UNKNOWN] + r->kinds[FILE_DATAGRAM])
		sentence[found++] = "no select, poll, epoll, fcntl or close "
			"in the log: if strace -e trace= left them out, "
			"the log does not show who waits";
	if (r->joiner.merged && !r->joiner.timed)
		sentence[found++] = "the files of strace -ff have no order "
			"without times: which thread came first is a guess "
			"(strace -ttt records the times)";
	return found;
}

static int by_calls(const void *a, const void *b)
{
	const struct tally *x = *(struct tally *const *)a;
	const struct tally *y = *(struct tally *const *)b;

	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	return strcmp(x->name, y->name);
}

struct tally **reader_tallies(const struct reader *r, unsigned *n)
{
	struct tally **list = need(calloc(r->tallies.used + 1, sizeof(*list)));
	struct tally *t;

	*n = 0;
	map_each(&r->tallies, i, t)
		list[(*n)++] = t;
	qsort(list, *n, sizeof(*list), by_calls);
	return list;
}
