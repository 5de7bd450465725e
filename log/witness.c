/* SPDX-License-Identifier: MIT */
/* witness.c - who waited and who copied; see witness.h */
#include <stdio.h>
#include <stdlib.h>
#include "line.h"
#include "hazard.h"
#include "request.h"
#include "slept.h"

enum {
	TASKS_MAX = 1 << 16, GONE_MAX = 256, SOCKETS_MAX = 1 << 16, INODES_MAX = 64,
	ASLEEP = 3,		/* prev_state: interruptible, uninterruptible */
	UNINTERRUPTIBLE = 2,
	GONE = 0x30,		/* prev_state: dead, zombie */
	THREAD_FLAG = 0x10000,	/* CLONE_THREAD */
	UDP = 17, SIGIO_NUMBER = 29,
};

/* ---- tasks ---- */

static int starts(struct slice s, const char *text)
{
	return slice_starts(s, text);
}

/*
 * Data have arrived for a socket that the program has read from, and until all
 * of its threads sleep again, a thread that wakes has waited for a message.
 */
static void set_awake(struct witness *w, struct witness_task *t, int awake)
{
	if (!t->ours || t->awake == awake)
		return;
	t->awake = awake;
	if (awake)
		w->awake++;
	else if (!--w->awake && w->woken)
		w->busy = w->woken = 0;
}

static void free_task(struct witness_task *t)
{
	free(t->stays);
	free(t);
}

/*
 * strace.log may still ask about the last calls of a thread that has ended:
 * some of them are kept.  Should the ends be lost, all but the busy are freed.
 */
static void bound_tasks(struct witness *w)
{
	struct witness_task *t;

	if (w->tasks.used < TASKS_MAX && w->gone < GONE_MAX)
		return;
	for (size_t i = 0; i < w->tasks.size; ) {
		t = w->tasks.slots[i].value;
		if (!t || (!t->gone && (w->gone || (t->in_call && t->ours)))) {
			i++;
			continue;
		}
		set_awake(w, t, 0);
		map_remove(&w->tasks, t->pid);	/* another may move here */
		free_task(t);
	}
	w->gone = 0;
	if (w->tasks.used < TASKS_MAX)
		return;
	map_each(&w->tasks, i, t)
		free_task(t);
	map_free(&w->tasks);
	w->awake = 0;
}

static struct witness_task *task_at(struct witness *w, long pid)
{
	struct witness_task *t = map_get(&w->tasks, pid);

	if (t)
		return t;
	bound_tasks(w);
	t = need(calloc(1, sizeof(*t)));
	t->pid = t->process = pid;
	t->asleep_ns = NO_SLEEP;
	t->ours = pid == w->main_pid;
	t->who = t->ours ? WHO_MAIN : WHO_OTHER;
	map_put(&w->tasks, pid, t);
	return t;
}

struct witness_task *witness_task(struct witness *w, long pid)
{
	return map_get(&w->tasks, pid);
}

/*
 * io_uring names its threads after the task that owns the ring: "iou-wrk-4711".
 * A ring of another program is on the same machine, and on the same processor,
 * so that its threads are in our switches.
 */
static int is_of_ours(const struct witness *w, struct slice comm)
{
	struct slice number = slice_of(comm.at + 8, comm.at + comm.len);
	long pid = slice_number(number, NULL);
	const struct witness_task *maker = map_get(&w->tasks, pid);

	return pid > 0 && (pid == w->main_pid || (maker && maker->ours));
}

static void name_task(struct witness *w, struct witness_task *t,
		      struct slice comm)
{
	enum who who;

	if (comm.len < 9 || memcmp(comm.at, "iou-", 4))
		return;
	if (starts(comm, "iou-wrk-"))
		who = WHO_WORKER;
	else if (starts(comm, "iou-sqp-"))
		who = WHO_POLLER;
	else
		return;
	if (!t->ours && !is_of_ours(w, comm))
		return;
	w->workers += who == WHO_WORKER && t->who != WHO_WORKER;
	t->who = who;
	t->ours = 1;
	t->in_call = 0;
}

/* Only those that are followed have system calls in kernel.log. */
static void own_task(struct witness *w, struct witness_task *t,
		     const struct tracepoint *p)
{
	if (!w->main_pid)
		w->main_pid = t->pid;
	if (t->who == WHO_OTHER)
		t->who = t->pid == w->main_pid ? WHO_MAIN : WHO_THREAD;
	t->ours = t->followed = 1;
	if (p->kind == POINT_ENTER)
		set_awake(w, t, 1);
}

static void new_task(struct witness *w, struct witness_task *maker,
		     const struct tracepoint *p)
{
	long pid = tracepoint_number(p, "pid", 0);
	struct witness_task *t;

	if (pid <= 0 || !maker->ours)
		return;
	t = task_at(w, pid);
	if (t == maker)
		return;
	set_awake(w, t, 0);
	w->gone -= t->gone;			/* its number is used again */
	free(t->stays);
	*t = (struct witness_task){ .pid = pid, .process = pid,
				    .asleep_ns = NO_SLEEP, .ours = 1,
				    .who = WHO_CHILD };
	if (tracepoint_number(p, "clone_flags", 0) & THREAD_FLAG) {
		t->process = maker->process;
		t->who = WHO_THREAD;
	}
}

/* ---- places ---- */

static int is_kernel(const struct witness_task *t)
{
	return t->who == WHO_WORKER || t->who == WHO_POLLER;
}

static struct place *place_at(struct place *list, unsigned *n,
			      const struct witness_task *t,
			      enum outside outside)
{
	int unnamed = is_kernel(t) || outside > AFTER_CALL;
	const char *call = unnamed ? "" : t->now.call;
	struct place *p;

	for (unsigned i = 0; i < *n; i++)
		if (list[i].who == t->who && list[i].outside == outside &&
		    !strcmp(list[i].call, call))
			return &list[i];
	if (*n == PLACES)
		return &list[PLACES - 1];
	p = &list[(*n)++];
	p->who = t->who;
	p->outside = outside;
	snprintf(p->call, sizeof(p->call), "%s", call);
	return p;
}

/* A thread that copies after its call has returned does the task work that the
 * call left. */
static enum outside after_call(const struct witness_task *t)
{
	return is_kernel(t) || t->in_call ? IN_CALL : AFTER_CALL;
}

/*
 * A thread that is in no call and sleeps without a signal being able to wake
 * it waits for a page that it has touched: a mapped file, or swap.  Where the
 * stack is known it decides: a thread may also sleep at its exit or in task
 * work.
 */
static enum outside asleep_in(const struct witness_task *t, long long state,
			      struct slice stack)
{
	if (is_kernel(t) || t->in_call)
		return IN_CALL;
	if (stack.len && !reason_is_fault(stack))
		return NOWHERE;
	return state & UNINTERRUPTIBLE ? IN_FAULT : NOWHERE;
}

static void tell(struct witness *w, struct sight s)
{
	if (w->see)
		w->see(w->context, &s);
}

/* The sleep, from asleep_ns until now, was a wait for a message. */
static int waited_for_message(const struct witness *w,
			      const struct witness_task *t, long long now)
{
	if (w->to_ns)
		return t->asleep_ns < w->from_ns && now >= w->from_ns &&
		       now <= w->to_ns;
	return w->busy && w->arrival_ns > t->asleep_ns;
}

static void wakes(struct witness *w, struct witness_task *t, long long now,
		  const struct tracepoint *point, unsigned long line)
{
	long long slept = now - t->asleep_ns;
	struct place *p;

	if (t->asleep_ns == NO_SLEEP)
		return;
	set_awake(w, t, 1);
	t->woke_ns = now;
	/* Before its first call it may be in one that nobody saw begin. */
	if (!t->ours || slept < 0 ||
	    (t->asleep_in && (!t->followed || w->only_calls)) ||
	    !strcmp(t->now.call, "exit_group") || !strcmp(t->now.call, "exit")) {
		t->asleep_ns = NO_SLEEP;
		return;
	}
	p = place_at(w->waits, &w->n_waits, t, t->asleep_in);
	p->times++;
	p->ns = plus_ns(p->ns, slept);
	if (waited_for_message(w, t, now)) {
		p->messages++;
		w->woken = 1;
	}
	if (slept > p->longest_ns || !p->line) {
		p->longest_ns = slept;
		p->line = t->sleep_line;
	}
	if (t->in_call) {
		t->now.sleeps++;
		t->now.slept_ns = plus_ns(t->now.slept_ns, slept);
		t->now.woke_ns = now;
		t->now.doubtful |= w->any_lost;
	}
	slept_add(w, t, slept);
	tell(w, (struct sight){ .kind = SIGHT_SLEPT, .point = point,
				.line = line, .task = t,
				.from_ns = t->asleep_ns, .to_ns = now });
	t->asleep_ns = NO_SLEEP;
}

static void copies(struct witness *w, struct witness_task *t,
		   unsigned long long bytes, const struct tracepoint *point,
		   unsigned long line)
{
	struct place *p;

	if (!t->ours || (!is_kernel(t) && !*t->now.call)) {
		t->loose += bytes;	/* a peer; or a ring that is torn down */
		return;
	}
	p = place_at(w->copies, &w->n_copies, t, after_call(t));
	p->times++;
	p->messages += !w->to_ns || (point->ns >= w->from_ns &&
				     point->ns <= w->to_ns);
	p->bytes += bytes;
	if (!p->line)
		p->line = line;
	if (t->in_call) {
		t->now.copies++;
		t->now.copied += bytes;
	}
	t->loose += bytes;
	tell(w, (struct sight){ .kind = SIGHT_COPIED, .point = point,
				.line = line, .task = t, .bytes = bytes,
				.from_ns = point->ns });
}

/* ---- system calls ---- */

static void enters(struct witness_task *t, const struct tracepoint *p,
		   unsigned long line)
{
	struct slice id = tracepoint_text(p, "id");
	const char *open = memchr(id.at, '(', id.len);

	t->now = (struct stay){ .enter_ns = p->ns, .line = line };
	if (open)
		id = slice_of(open + 1, id.at + id.len - 1);
	snprintf(t->now.call, sizeof(t->now.call), "%.*s", (int)id.len, id.at);
	t->in_call = 1;
	t->loose = 0;
	t->fault.inode = 0;
	if (t->asleep_ns != NO_SLEEP)	/* its waking was missed */
		t->asleep_ns = NO_SLEEP;
}

static void leaves(struct witness_task *t, const struct tracepoint *p)
{
	if (!t->in_call)		/* it began before the log did */
		return;
	t->now.exit_ns = p->ns;
	t->now.ret = tracepoint_number(p, "ret", 0);
	t->in_call = 0;
	if (t->n == t->size && t->size < STAYS_MAX) {
		t->size = t->size ? t->size * 2 : 8;
		t->stays = need(realloc(t->stays, t->size *
					sizeof(*t->stays)));
	}
	if (t->n == t->size) {		/* the oldest has not been asked for */
		t->n--;
		memmove(t->stays, t->stays + 1, t->n * sizeof(*t->stays));
	}
	t->stays[t->n++] = t->now;
}

/* The kernel will begin it again, or a handler of signals comes first. */
static int cut_short(const struct stay *s)
{
	return s->ret <= -512 && s->ret >= -516;
}

int witness_claim(struct witness *w, long pid, struct slice call,
		  long long start_ns, long long slack_ns, long long to_ns,
		  struct stay *claimed)
{
	struct witness_task *t = map_get(&w->tasks, pid);
	unsigned kept = 0, i;
	int found = 0;

	for (i = 0; t && i < t->n && !found; i++) {
		const struct stay *s = &t->stays[i];

		if (s->enter_ns > to_ns)
			break;
		found = s->enter_ns >= start_ns - slack_ns &&
			(slice_is(call, s->call) || *s->call == '?');
		if (!found && s->enter_ns >= start_ns)
			break;			/* a later call: this one's */
		if (found)			/* records are missing */
			*claimed = *s;
		else if (cut_short(s))		/* it is reported later */
			t->stays[kept++] = *s;
	}
	if (!t || i == kept)
		return 0;
	memmove(t->stays + kept, t->stays + i, (t->n - i) * sizeof(*t->stays));
	t->n -= i - kept;
	return found;
}

/* It will run; the caller may sleep before it does. */
static void called(struct witness *w, const struct tracepoint *p)
{
	struct witness_task *t = map_get(&w->tasks,
					 tracepoint_number(p, "pid", 0));

	if (!t || t->asleep_ns == NO_SLEEP)
		return;
	set_awake(w, t, 1);
	slept_woken(t, map_get(&w->tasks, p->pid), p);
}

static void switches(struct witness *w, const struct tracepoint *p,
		     unsigned long line)
{
	long prev = tracepoint_number(p, "prev_pid", 0);
	long next = tracepoint_number(p, "next_pid", 0);
	long long state = tracepoint_number(p, "prev_state", 0);
	struct witness_task *t = map_get(&w->tasks, prev);

	if (t) {
		name_task(w, t, tracepoint_text(p, "prev_comm"));
		t->now.doubtful |= p->cpu < 64 && w->lossy >> p->cpu & 1;
		/* io_uring's threads are in both instances: two records. */
		if (state & ASLEEP && t->asleep_ns == NO_SLEEP) {
			t->asleep_ns = p->ns;
			t->asleep_in = asleep_in(t, state,
						tracepoint_text(p, "stack"));
			t->sleep_line = line;
			slept_begins(t, p);
			set_awake(w, t, 0);
		}
	}
	if (t && state & GONE && prev != next) {
		set_awake(w, t, 0);
		w->gone += !t->gone;
		t->gone = 1;
	}
	t = next ? map_get(&w->tasks, next) : NULL;
	if (t) {
		name_task(w, t, tracepoint_text(p, "next_comm"));
		wakes(w, t, p->ns, p, line);
	}
}

/* ---- sockets, files, signals ---- */

static void received(struct witness *w, struct witness_task *t,
		     const struct tracepoint *p, unsigned long line)
{
	uint64_t sk = tracepoint_address(p, "sk");
	long long ret = tracepoint_number(p, "ret", 0);

	/* A linear datagram is copied without the other tracepoint. */
	if (tracepoint_number(p, "protocol", 0) == UDP && ret > 0)
		copies(w, t, ret, p, line);
	if (!t->ours || !sk)
		return;
	if (w->sockets.used >= SOCKETS_MAX)
		map_free(&w->sockets);
	map_put(&w->sockets, sk, w);
}

/* (See set_awake.) */
static void arrives(struct witness *w, const struct tracepoint *p)
{
	if (!map_get(&w->sockets, tracepoint_address(p, "skaddr")))
		return;
	w->arrivals++;
	w->arrival_ns = p->ns;
	w->busy = 1;
	w->woken = w->awake > 0;	/* one that runs may well take it */
}

static int reads_files(const char *call)
{
	static const char *const calls[] = {
		"read", "readv", "pread64", "preadv", "preadv2", "io_submit",
		"io_uring_enter", "sendfile", "splice", "copy_file_range",
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i], call))
			return 1;
	return 0;
}

/* Pages out of the page cache: the copy of a buffered read. */
static void pages(struct witness *w, struct witness_task *t,
		  const struct tracepoint *p, unsigned long line)
{
	uint64_t inode = tracepoint_address(p, "i_ino") ^
			 tracepoint_address(p, "s_dev") << 40;
	uint64_t first = tracepoint_address(p, "index");
	uint64_t last = tracepoint_address(p, "last_index");
	struct place *at;

	if (!t->ours || (!is_kernel(t) && !*t->now.call))
		return;
	if (!is_kernel(t) && t->in_call && !reads_files(t->now.call))
		return;				/* execve */
	if (!is_kernel(t) && !t->in_call && !map_get(&w->inodes, inode))
		return;
	if (w->inodes.used >= INODES_MAX)
		map_free(&w->inodes);
	map_put(&w->inodes, inode | 1, w);
	map_put(&w->inodes, inode, w);
	at = place_at(w->pages, &w->n_pages, t, after_call(t));
	at->times++;
	at->bytes += last - first < 1 << 20 ? (last - first + 1) * 4096 : 4096;
	if (!at->line)
		at->line = line;
}

/* What the device is asked for; that it reads ahead is nobody's wish. */
static void blocks(struct witness *w, const struct witness_task *t,
		   const struct tracepoint *p)
{
	struct slice rwbs = tracepoint_text(p, "rwbs");
	long long sectors = tracepoint_number(p, "nr_sector", 0);

	if (!t->ours || !slice_starts(rwbs, "R") ||
	    memchr(rwbs.at, 'A', rwbs.len) || sectors < 0 || sectors > 1 << 24)
		return;
	w->blocks++;
	w->block_bytes += sectors * 512ULL;
	if (!is_kernel(t) && !t->in_call)
		w->fault_bytes += sectors * 512ULL;
}

static void signalled(struct witness *w, const struct tracepoint *p,
		      unsigned long line)
{
	long long sig = tracepoint_number(p, "sig", 0);
	long long result = tracepoint_number(p, "result", 0);
	long pid = tracepoint_number(p, "pid", 0);

	if (sig == SIGIO_NUMBER && result == 2) {	/* one is pending */
		if (!w->signals_lost++)
			w->signals_lost_line = line;
		w->signals_lost_pid = pid;
	}
	if (sig >= 32 && result >= 3)
		w->queue_full++;
}

/* ---- the whole ---- */

void witness_start(struct witness *w, long main_pid)
{
	*w = (struct witness){ .main_pid = main_pid };
}

static void unknown_event(struct witness *w, const struct tracepoint *p)
{
	if (!w->unknown++)
		snprintf(w->unknown_name, sizeof(w->unknown_name), "%.*s",
			 (int)(p->name.len < 31 ? p->name.len : 31),
			 p->name.at);
}

void witness_take(struct witness *w, const struct tracepoint *p,
		  unsigned long line)
{
	struct witness_task *t = task_at(w, p->pid);

	if (!w->first_ns)
		w->first_ns = p->ns;
	if (p->ns > w->last_ns)
		w->last_ns = p->ns;
	name_task(w, t, p->comm);
	if (p->kind == POINT_ENTER || p->kind == POINT_EXIT)
		own_task(w, t, p);
	tell(w, (struct sight){ .kind = SIGHT_LINE, .point = p, .line = line,
				.task = t, .from_ns = p->ns });
	t->now.doubtful |= p->cpu < 64 && w->lossy >> p->cpu & 1;
	/*
	 * A switch is missed now and then when the processor was idle: what a
	 * thread does tells, too, that it is back.
	 */
	if (p->kind != POINT_ENTER && p->kind != POINT_SWITCH)
		wakes(w, t, p->ns, p, line);
	switch (p->kind) {
	case POINT_UNKNOWN: unknown_event(w, p); break;
	case POINT_ENTER:
		enters(t, p, line);
		hazard_call(w, t, p, line);
		break;
	case POINT_EXIT: leaves(t, p); break;
	case POINT_SWITCH: switches(w, p, line); break;
	case POINT_WAKING: called(w, p); break;
	case POINT_NEW_TASK: new_task(w, t, p); break;
	case POINT_SIGNAL: signalled(w, p, line); break;
	case POINT_PAGES: pages(w, t, p, line); break;
	case POINT_BLOCK: blocks(w, t, p); break;
	case POINT_FAULT: slept_fault(t, p); break;
	case POINT_ARRIVAL: arrives(w, p); break;
	case POINT_RECEIVED: received(w, t, p, line); break;
	case POINT_COPY:
		copies(w, t, tracepoint_number(p, "len", 0), p, line);
		break;
	case POINT_RING: case POINT_SUBMIT: case POINT_FILE: case POINT_ARM:
	case POINT_ASYNC: case POINT_TASK_ADD: case POINT_COMPLETE:
	case POINT_OVERFLOW: case POINT_RING_WAIT:
		request_take(w, t, p, line);
		break;
	default:
		break;
	}
}

void witness_read(struct witness *w, const char *log)
{
	struct tracepoint p;
	size_t len;

	for (unsigned long line = 1; *log; log += len + (log[len] != 0)) {
		len = strcspn(log, "\n");
		if (!tracepoint_read(&p, slice_of(log, log + len)))
			witness_take(w, &p, line);
		line++;
	}
}

void witness_free(struct witness *w)
{
	struct witness_task *t;

	requests_free(w);
	map_each(&w->tasks, i, t)
		free_task(t);
	map_free(&w->tasks);
	map_free(&w->sockets);
	map_free(&w->inodes);
}

/* ---- the answers ---- */

const char *place_text(const struct place *p, char *text, size_t size)
{
	static const char *const how[] = {
		" in ", " after ", " in a page fault (no call)",
		" in no call",
	};

	snprintf(text, size, "%s%s%s", who_name(p->who),
		 !*p->call && p->outside <= AFTER_CALL ? "" : how[p->outside],
		 p->call);
	return text;
}

static void add(char *text, size_t size, const struct place *p)
{
	size_t len = strlen(text);
	char item[64];

	snprintf(text + len, size - len, "%s%s", len ? ", " : "",
		 place_text(p, item, sizeof(item)));
}

/* What a place weighs: messages, time or bytes. */
static unsigned long long weight(const struct place *p, int what)
{
	return what == 'm' ? p->messages : what == 't' ?
		(unsigned long long)p->ns : p->bytes;
}

/* The places that weigh at least 1/part of the heaviest, heaviest first. */
static void list(char *text, size_t size, const struct place *p, unsigned n,
		 int what, unsigned part)
{
	unsigned long long most = 0, least = 0, below = ~0ULL;
	unsigned long used = 0;

	*text = 0;
	for (unsigned i = 0; i < n; i++)
		if (weight(&p[i], what) > most)
			most = weight(&p[i], what);
	least = most / part;
	for (unsigned left = n; most && left--; ) {
		const struct place *best = NULL;
		unsigned at = 0;

		for (unsigned i = 0; i < n; i++)
			if (!(used >> i & 1) && weight(&p[i], what) > least &&
			    weight(&p[i], what) <= below &&
			    (!best || weight(&p[i], what) >
				      weight(best, what))) {
				best = &p[i];
				at = i;
			}
		if (!best)
			return;
		used |= 1UL << at;
		below = weight(best, what);
		add(text, size, best);
	}
}

const char *witness_waits(const struct witness *w, char *text, size_t size)
{
	list(text, size, w->waits, w->n_waits, 'm', 8);
	if (!*text && !w->to_ns)		/* nobody, for a message */
		list(text, size, w->waits, w->n_waits, 't', 4);
	return text;
}

const char *witness_copies(const struct witness *w, char *text, size_t size)
{
	unsigned long long cached = 0;

	list(text, size, w->copies, w->n_copies, 'm', 8);
	if (*text || w->to_ns)
		return text;
	for (unsigned i = 0; i < w->n_pages; i++)
		cached += w->pages[i].bytes;
	/* Without O_DIRECT every block goes through the page cache. */
	if (w->fault_bytes > w->block_bytes / 2)
		snprintf(text, size, "nobody: a page fault maps the page");
	else if (w->blocks && cached < w->block_bytes / 8)
		snprintf(text, size, "nobody: the device");
	else
		list(text, size, w->pages, w->n_pages, 'b', 8);
	return text;
}
