/* SPDX-License-Identifier: MIT */
/* model.c - which I/O model a thread uses; see model.h */
#include <stdio.h>
#include <stdlib.h>
#include "account.h"
#include "model.h"

enum {
	HEAD_MAX = 64,		/* bytes, of a message's head that has a length */
	GROUPS_MAX = 256,		/* beyond, groups are merged by model */
	GUESS_MIN = 2,			/* waits that show epoll's trigger mode */
	ASKED_MIN = 8,			/* EAGAIN again and again: that is I/O, too */
};

static const char *const names[MODELS] = {
	"none", "blocking", "nonblocking", "select", "poll", "epoll", "sigio",
	"sigio-queued", "signalfd", "native-aio", "io_uring", "helper-threads",
	"file", "mmap", "unknown",
};

const char *model_name(enum model m)
{
	return names[m];
}

const char *role_name(enum role r)
{
	static const char *const roles[] = {
		"plain", "per-connection", "copier", "helper", "worker",
		"silent", "caller",
	};

	return roles[r];
}

/* ---- parts ---- */

/* The part to read: an empty one if the task does not use the model. */
static const struct part *part_at(const struct evidence *ev, enum model m)
{
	static const struct part none;
	const struct part *p = ev->parts;

	while (p && p->model != m)
		p = p->next;
	return p ? p : &none;
}

/* The part to write to. */
static struct part *part_of(struct evidence *ev, enum model m)
{
	struct part **at = &ev->parts, *p;

	while (*at && (*at)->model < m)
		at = &(*at)->next;
	if (*at && (*at)->model == m)
		return *at;
	p = need_zero(sizeof(*p));
	p->model = m;
	p->next = *at;
	return *at = p;
}

static struct served *served_of(struct evidence *ev)
{
	if (!ev->served)
		ev->served = need_zero(sizeof(*ev->served));
	return ev->served;
}

static struct evidence *evidence_of(struct task *t)
{
	if (!t->evidence)
		t->evidence = need_zero(sizeof(*t->evidence));
	return t->evidence;
}

static void evidence_free(struct task *t)
{
	struct evidence *ev = t->evidence;
	struct part *p;

	if (!ev)
		return;
	while ((p = ev->parts)) {
		ev->parts = p->next;
		free(p);
	}
	free(ev->served);
	free(ev->loading);
	free(ev->open);
	free(ev);
	t->evidence = NULL;
}

/* ---- noting ---- */

/* Boyer and Moore's vote: the name that more than half of the calls had. */
static void vote(struct word *w, struct slice name, unsigned long votes)
{
	if (!name.len || !votes)
		return;
	if (name.len > sizeof(w->text) - 1)
		name.len = sizeof(w->text) - 1;
	if (same_text(w->text, name.at, name.len) && !w->text[name.len]) {
		w->votes += votes;
	} else if (w->votes >= votes) {
		w->votes -= votes;
	} else {
		memcpy(w->text, name.at, name.len);
		w->text[name.len] = 0;
		w->votes = votes - w->votes;
	}
}

static void keep_name(struct word *w, struct slice name)
{
	vote(w, name, 1);
}

static void add_word(struct word *to, const struct word *w)
{
	/* A tie has no votes left, but a name. */
	vote(to, (struct slice){ w->text, strlen(w->text) },
	     w->votes ? w->votes : 1);
}

static void prove(struct part *p, unsigned long line)
{
	if (p->n_proofs < PROOFS)
		p->proof[p->n_proofs++] = line;
}

static void waited(struct part *p, struct slice call, long long ns,
		   unsigned long line, int bound)
{
	if (ns == NO_TIME || ns < 0)
		return;
	p->wait_ns = plus_ns(p->wait_ns, ns);
	if (ns > p->longest_ns) {
		p->longest_ns = ns;
		p->longest_line = line;
		p->at_most = bound;
		slice_copy(call, p->longest_call, sizeof(p->longest_call));
	}
}

static int has(const struct part *p)
{
	return p->waits || p->in || p->out || p->accepts || p->events ||
	       p->submitted || p->requests || p->eofs || p->asks ||
	       p->again >= ASKED_MIN;
}

static void note_wait(struct evidence *ev, struct part *p, struct step *st)
{
	struct event *e = st->event;

	p->waits++;
	p->events += st->n_ready;
	/* (io_uring_enter returns what it submitted, often 0.) */
	if (slice_is(e->line->aux, "Timeout") ||
	    slice_is(e->line->error, "ETIME") ||
	    (call_class(e->call) == CLASS_WAIT && !e->line->ret &&
	     e->call != CALL_RING_ENTER &&
	     !(e->line->flags & (LINE_HAS_ERROR | LINE_NO_RETURN))))
		p->timeouts++;
	keep_name(&p->wait_call, e->line->name);
	/* Cut by the end of the process; account.c says how long it was. */
	if (e->line->flags & LINE_NO_RETURN && !e->interrupted)
		return;
	if (st->wait_ns != NO_TIME) {
		waited(p, e->line->name, st->wait_ns, e->first, st->at_most);
	} else if (e->start_ns != NO_TIME) {
		if (!ev->open)
			ev->open = need(calloc(1, sizeof(*ev->open)));
		ev->open->part = p;
		ev->open->ns = e->start_ns;
		ev->open->line = e->first;
		slice_copy(e->line->name, ev->open->call,
			   sizeof(ev->open->call));
	}
}

static void note_ask(struct part *p, struct step *st)
{
	p->asks++;
	p->events += st->n_ready;
	keep_name(&p->wait_call, st->event->line->name);
}

/* Without -T a wait lasts at most until the thread's next line. */
static void close_wait(struct evidence *ev, const struct event *e)
{
	struct open_wait *o = ev->open;

	if (!o || !o->part)
		return;
	if (e->start_ns != NO_TIME)
		waited(o->part, (struct slice){ o->call, strlen(o->call) },
		       e->start_ns - o->ns, o->line, 1);
	o->part = NULL;
}

static int carries_messages(const struct file *f)
{
	return f && (f->kind == FILE_CONNECTION || f->kind == FILE_DATAGRAM ||
		     f->kind == FILE_SOCKET || f->kind == FILE_SOCKETPAIR ||
		     f->kind == FILE_UNKNOWN || f->kind == FILE_PIPE);
}

/* A pair that the program made for itself: no peer is at its other end. */
static int is_internal(const struct step *st)
{
	const struct file *f = st->file;

	/* (A pipe that the thread itself has written to is a lock of libuv.) */
	return !f->assumed && (f->kind == FILE_SOCKETPAIR ||
	       (f->kind == FILE_PIPE && (f->by || (f->other &&
				f->other->owner == st->task->pid))));
}

/* A pipe that the log shows being made: both ends are with the program. */
static int is_pipe_within(const struct file *f)
{
	return f->kind == FILE_PIPE && !f->assumed && (f->other || f->ended_by);
}

/*
 * Many protocols send the length first: a receive of a few bytes, all of which
 * came, and then one for the rest, another number, are one message.
 */
static int follows_head(struct file *f, const struct line *l)
{
	unsigned asked = l->n_args > 2 ? slice_number(l->arg[2], NULL) : 0;
	int rest = f->head && asked != f->head && f->head_writes == f->writes;

	f->head = !rest && asked <= HEAD_MAX && l->ret == asked ? asked : 0;
	f->head_writes = f->writes;
	return rest;
}

static void note_in(struct evidence *ev, struct part *p, struct step *st)
{
	struct file *f = st->file;
	/* (recvmmsg takes several, and says how many.) */
	unsigned long messages = st->event->call == CALL_RECVMMSG
		? (unsigned long)st->event->line->ret : 1;

	if ((st->event->call == CALL_READ || st->event->call == CALL_RECVFROM) &&
	    follows_head(f, st->event->line))
		messages = 0;
	keep_name(&p->in_call, st->event->line->name);
	p->in++;
	p->bytes_in += st->bytes;
	f->heard |= !f->writes;
	f->reads++;
	f->bytes_in += st->bytes;
	if (!carries_messages(f) ||
	    (st->model == MODEL_UNKNOWN && f->kind == FILE_UNKNOWN))
		return;
	if (is_internal(st)) {
		p->own_bytes += st->bytes;
		return;
	}
	ev->filters |= st->fd == 0;
	p->messages += messages;
	f->messages += messages;
	if (!is_pipe_within(f))
		served_of(ev)->messages += messages;
	st->task->process->serving = 1;
}

static void note_out(struct evidence *ev, struct part *p, struct step *st)
{
	keep_name(&p->out_call, st->event->line->name);
	p->out++;
	ev->said += st->fd == 2 && st->model == MODEL_BLOCKING;
	p->bytes_out += st->bytes;
	st->file->writes++;
	st->file->bytes_out += st->bytes;
	if (st->file->pages <= PIPE_PAGES && st->bytes > 0) {
		unsigned long pages = pipe_pages(st->bytes,
						 &st->file->page_room);

		st->file->pages += pages <= PIPE_PAGES ? pages :
				   PIPE_PAGES + 1;
	}
}

/* Eight bytes to an eventfd, one to a loop's own pipe: no data but a nudge. */
static int wakes_another(const struct step *st, enum call_class class)
{
	const struct file *f = st->file;

	if (class != CLASS_OUT)
		return 0;
	if (f->kind == FILE_PIPE || f->kind == FILE_SOCKETPAIR)
		return (f->kind == FILE_PIPE && f->by) ||
		       (f->nonblocking == 1 && st->bytes <= 8);
	return f->kind == FILE_EVENTFD;
}

/* sendfile(7, 8, ...): is descriptor 8 a file?  Then this reads it. */
static int sends_file(const struct step *st)
{
	const struct line *l = st->event->line;
	const struct file *f;

	if (st->event->call != CALL_SENDFILE || l->n_args < 2)
		return 0;
	f = table_at(st->task->fds, line_fd(l->arg[1], NULL));
	return f && f->kind == FILE_REGULAR;
}

/* Did this read, or accept, take all that was there? */
static void note_drained(struct evidence *ev, const struct step *st)
{
	const struct line *l = st->event->line;
	enum call c = st->event->call;
	int full = (c == CALL_READ || c == CALL_RECVFROM) && l->n_args > 2 &&
		   l->ret > 8 && l->ret == slice_number(l->arg[2], NULL);

	if (call_class(c) == CLASS_OUT) {
		if (st->phase & PHASE_EMPTY)	/* it may well have to wait */
			ev->writable = 0;
		return;
	}
	if (st->file->kind == FILE_EVENTFD || st->file->kind == FILE_TIMERFD ||
	    st->file->nonblocking == 0)
		return;
	ev->left = full || (c == CALL_ACCEPT && st->made);
}

static void note_data(struct evidence *ev, struct part *p, struct step *st)
{
	enum call_class class = call_class(st->event->call);
	struct file *f = st->file;

	if (ev->guessing)
		note_drained(ev, st);
	if (wakes_another(st, class))
		return;
	/* What a service writes to its terminal or log is for no peer. */
	if (class == CLASS_OUT && f->assumed && (f->fd == 1 || f->fd == 2) &&
	    st->task->process->serving && !file_is_socket(f))
		return;
	if (!(f->seen_by & 1u << st->model)) {
		f->seen_by |= 1u << st->model;
		p->files++;
		p->listeners += f->kind == FILE_LISTENER;
	}
	if (f->owner != st->task->pid && class == CLASS_IN &&
	    (f->kind == FILE_CONNECTION || f->kind == FILE_SOCKET))
		ev->connections++;
	f->owner = st->task->pid;
	ev->file_sends += sends_file(st);
	ev->foreign += st->model == MODEL_FILE && f->pid != st->task->pid &&
		       f->fd > 2;
	if (st->phase & PHASE_EMPTY) {
		p->again++;
		if (class == CLASS_OUT)
			f->again_out++;
		else
			f->again_in++;
	} else if (st->phase & PHASE_EOF) {
		p->eofs++;
		keep_name(&p->in_call, st->event->line->name);
	} else if (st->phase & PHASE_ACCEPT) {
		p->accepts++;
		f->accepts++;
		keep_name(&p->accept_call, st->event->line->name);
		st->task->process->serving = 1;
	} else if (st->phase & PHASE_COPY && class == CLASS_IN) {
		note_in(ev, p, st);
	} else if (st->phase & PHASE_COPY && class == CLASS_OUT) {
		note_out(ev, p, st);
	}
}

static void note_aio(struct evidence *ev, struct part *p, struct step *st)
{
	const struct line *l = st->event->line;

	if (st->event->call != CALL_IO_SUBMIT)
		return;
	if (l->ret > 0)
		p->submitted += l->ret;
	keep_name(&p->in_call, l->name);
	if (slice_find(l->args, "resfd"))
		ev->eventfd = 1;
}

static void note_ring(struct part *p, struct step *st)
{
	const struct line *l = st->event->line;

	if (st->file)
		p->modes |= st->file->ring_flags;
	if (st->phase & PHASE_SUBMIT && l->ret > 0)
		p->submitted += l->ret;
	keep_name(&p->in_call, l->name);
	st->task->process->serving = 1;
}

/* What the loader and libc map says nothing about how a program does I/O. */
static int is_library(const struct file *f)
{
	/* (Shared memory has no data that anybody wants from a file.) */
	return !f->name || !strncmp(f->name, "/dev/shm/", 9) ||
	       strstr(f->name, ".so") || strstr(f->name, "/lib") ||
	       strstr(f->name, "/locale") || strstr(f->name, "/share/");
}

static void note_mmap(struct evidence *ev, struct step *st)
{
	const struct line *l = st->event->line;
	struct file *f = st->file;
	struct part *p;

	if (f->kind != FILE_REGULAR || is_library(f) || l->n_args < 5 ||
	    has_flag(l->arg[2], "PROT_EXEC", 4))
		return;
	p = part_of(ev, MODEL_MMAP);
	p->in++;
	p->bytes_in += slice_number(l->arg[1], NULL);
	keep_name(&p->in_call, l->name);
	prove(p, st->event->first);
}

static void note_epoll(struct part *p, struct step *st)
{
	unsigned modes = 0;

	for (unsigned i = 0; i < st->n_ready; i++) {
		struct file *f = st->ready[i].file;

		for (unsigned k = 0; k < f->n_watch; k++)
			if (f->watch[k].epoll == st->file)
				modes |= f->watch[k].mode;
	}
	p->modes |= modes ? modes : st->file ? st->file->modes : 0;
	p->in_empty += st->file && !st->file->assumed && !st->file->modes &&
		       !st->file->has_events;
}

/*
 * No epoll_ctl is in the log.  A writable socket ends a level-triggered wait at
 * once, so a wait that sleeps after EPOLLOUT was reported is edge-triggered;
 * one that is entered with data left has to be level-triggered.
 */
static void guess_epoll(struct evidence *ev, struct part *p,
			const struct step *st)
{
	const struct line *l = st->event->line;
	const long long SLEPT_NS = 2000000;

	ev->guessing = st->file && !st->file->modes;
	if (!ev->guessing)
		return;
	if (ev->left)
		p->as_level++;
	else if (ev->writable && st->event->took_ns != NO_TIME &&
		 st->event->took_ns >= SLEPT_NS)
		p->as_edge++;
	ev->left = 0;
	ev->writable = l->n_args > 1 && slice_find(l->arg[1], "EPOLLOUT");
}

static void note_signal(struct evidence *ev, struct step *st)
{
	struct part *p;

	if (!st->model || !st->handled)
		return;
	p = part_of(ev, st->model);
	p->events++;
	prove(p, st->event->first);
}

/* What kernel.log says of this call. */
static void note_kernel(struct part *p, const struct step *st)
{
	if (!st->kernel.seen)
		return;
	p->seen++;
	p->slept += st->kernel.sleeps > 0;
	p->copies_seen += st->kernel.copies;
	p->copied += st->kernel.copied;
}

/* A peer that is not there: what is done about it is another call. */
static int failed_connect(const struct step *st)
{
	const struct line *l = st->event->line;

	return st->event->call == CALL_CONNECT && l->flags & LINE_HAS_ERROR &&
	       !slice_is(l->error, "EINPROGRESS") &&
	       !slice_is(l->error, "ETIMEDOUT");
}

/* What came before the last call about a peer, of any task, was for messages. */
static void settle_tail(struct served *s, unsigned long turn)
{
	if (s->tail_turn == turn)
		return;
	s->tail_turn = turn;
	if (!s->tail)
		return;
	s->calls += s->tail;
	s->tail = 0;
	for (int i = 0; i < CLASSES; i++) {
		s->class[i] += s->tail_class[i];
		s->tail_class[i] = 0;
	}
}

/* Is the call about a peer: a message, an answer, its coming, its end? */
static int is_service(const struct models *m, const struct step *st)
{
	enum call c = st->event->call;

	if (c == CALL_RING_ENTER)
		return m->ring_serves;
	if (st->phase & PHASE_ACCEPT)
		return 1;
	return carries_messages(st->file) && !is_internal(st) &&
	       !is_pipe_within(st->file) &&
	       (st->phase & (PHASE_COPY | PHASE_EOF) || c == CALL_CLOSE);
}

/* A line of its log, or what it tells another of its tasks: for no peer. */
static int is_own_talk(const struct evidence *ev, const struct step *st,
		       enum call_class class)
{
	const struct file *f = st->file;

	if (!f || f->kind == FILE_CONNECTION || f->kind == FILE_DATAGRAM)
		return 0;
	if (class == CLASS_IN)
		return (f->kind == FILE_PIPE || f->kind == FILE_SOCKETPAIR) &&
		       is_internal(st);
	if ((st->fd == 2 || (st->fd == 1 && !ev->filters)) &&
	    !file_is_socket(f))
		return 1;
	return !f->assumed && (f->kind == FILE_SOCKETPAIR ||
	       (f->kind == FILE_PIPE && (wakes_another(st, class) ||
				f->pid == st->task->process->pid)));
}

/*
 * What the loader, the resolver and libc's loggers use says nothing about how
 * a program does I/O.
 */
static int is_chatter_name(const char *name)
{
	static const char *const starts[] = {
		"/etc/ld.so.", "/etc/nsswitch.conf", "/etc/resolv.conf",
		"/etc/host.conf", "/etc/hosts", "/etc/gai.conf",
		"/etc/localtime", "/etc/passwd", "/etc/group", "/etc/services",
		"/etc/protocols", "/etc/locale", "/usr/share/zoneinfo",
		"/usr/share/locale", "/usr/lib/locale", "/usr/lib/gconv",
		"/var/run/nscd/", "/run/nscd/", "/dev/log", "/run/systemd/",
		"/proc/self/", "/proc/sys/", "/sys/devices/system/cpu",
		"/sys/fs/cgroup", "/proc/cpuinfo", "/proc/meminfo",
		"/proc/stat", "/proc/filesystems", "/dev/null",
		"/dev/urandom", "/dev/random", "/dev/shm/sem.",
	};
	const char *so;

	if (*name != '/')
		return 0;
	for (unsigned i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (name[1] == starts[i][1] &&
		    !strncmp(name, starts[i], strlen(starts[i])))
			return 1;
	if (strstr(name, "/hsperfdata_"))	/* of a JVM */
		return 1;
	so = strstr(name, ".so");
	return so && (!so[3] || so[3] == '.');
}

/* What a runtime reads to load the program and its settings. */
static int is_loading_name(struct slice name)
{
	static const char *const starts[] = {
		"/etc/", "/usr/lib/", "/usr/share/", "/lib/", "/usr/local/lib/",
		"/proc/", "/sys/",
	};
	static const char *const ends[] = {
		"py", "pyc", "jar", "class", "jmod", "pm", "rb", "js",
		"mjs", "cjs", "conf", "cnf", "cfg", "ini",
	};
	const char *dot = memrchr(name.at, '.', name.len);

	for (unsigned i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (slice_starts(name, starts[i]))
			return 1;
	for (unsigned i = 0; dot && i < sizeof(ends) / sizeof(*ends); i++)
		if (slice_is(slice_of(dot + 1, name.at + name.len), ends[i]))
			return 1;
	return !!slice_find(name, "/lib/python");
}

enum { NAME_CHATTER = 1, NAME_LOADING = 2, NAME_ASKS = 4, NAME_LOOKED = 16 };

/* What the name of a file says: looked at once each, not at each call. */
static int name_says(struct file *f, int what)
{
	int looked = what * NAME_LOOKED, says;

	if (!f->name)
		return 0;
	if (!(f->name_says & looked)) {
		struct slice name = { f->name, strlen(f->name) };

		/* (A file that is opened by its descriptor may be any.) */
		says = slice_starts(name, "/proc/self/fd/") ? 0 :
		       what == NAME_CHATTER ? is_chatter_name(f->name) :
		       what == NAME_LOADING ? is_loading_name(name) :
		       slice_ends(name, ":53");	/* a name server's port */
		f->name_says |= says ? looked | what : looked;
	}
	return f->name_says & what;
}

int is_loaded(struct file *f)
{
	return name_says(f, NAME_CHATTER) || name_says(f, NAME_LOADING);
}

static int is_chatter(struct file *f)
{
	if (!f)
		return 0;
	return f->kind == FILE_NETLINK || name_says(f, NAME_CHATTER) ||
	       (f->kind == FILE_DATAGRAM && name_says(f, NAME_ASKS));
}

static int is_loading(const struct step *st)
{
	struct file *f = st->file;

	return f && !f->assumed && f->kind == FILE_REGULAR &&
	       call_class(st->event->call) != CLASS_OUT &&
	       name_says(f, NAME_LOADING);
}

/*
 * read(3<pipe>, "", 16) = 0 after fork: the pipe that nothing was written to
 * was closed by the child's execve, and that is all that it is for.
 */
static int is_exec_pipe(const struct step *st)
{
	const struct file *f = st->file;
	const long long SOON_NS = 100000000;

	return st->event->call == CALL_READ && f && f->kind == FILE_PIPE &&
	       !f->assumed && !f->reads && f->pid == st->task->pid &&
	       st->phase & PHASE_EOF && (st->event->took_ns == NO_TIME ||
					 st->event->took_ns < SOON_NS);
}

/*
 * poll with one descriptor, which the resolver or the loader uses; or without an
 * event and a wait, by which Rust's start-up code asks whether 0, 1 and 2 are open.
 */
static int polls_chatter(const struct step *st)
{
	const struct line *l = st->event->line;
	struct slice list;

	if (st->event->call == CALL_POLL && l->n_args > 2 &&
	    slice_is(l->arg[2], "0") && slice_find(l->arg[0], "events=0") &&
	    !slice_find(l->arg[0], "events=POLL"))
		return 1;

	if (st->event->call != CALL_POLL || l->n_args < 2 ||
	    !slice_is(l->arg[1], "1"))
		return 0;
	list = line_field(l->arg[0], "fd");
	return is_chatter(table_at(st->task->fds, line_fd(list, NULL)));
}

/*
 * What only a helper thread of glibc's POSIX AIO does: it signals its own
 * process after each pread (SIGEV_SIGNAL), it tries a socket with pread first,
 * it waits a second for more work and then ends.
 */
static int is_asyncio(const struct evidence *ev, const struct step *st)
{
	const struct event *e = st->event;
	const struct line *l = e->line;
	struct slice text, until;
	long long seconds;

	if (e->call == CALL_SIGQUEUE && slice_find(l->args, "SI_ASYNCIO"))
		return 1;
	if (st->task->origin != ORIGIN_THREAD)
		return 0;
	if (e->call == CALL_SIGQUEUE)
		return ev->positional && l->n_args > 1 &&
		       slice_number(l->arg[0], NULL) ==
		       st->task->process->pid && slice_is(l->arg[1], "0");
	if (e->call == CALL_PREAD || e->call == CALL_PWRITE)
		return slice_is(l->error, "ESPIPE");
	text = e->kind == EVENT_BEGUN ? l->body : l->args;
	if (e->call != CALL_FUTEX || !ev->positional ||
	    e->start_ns == NO_TIME || !slice_find(text, "FUTEX_CLOCK_REALTIME"))
		return 0;
	/* tv_nsec adds up to a second to what tv_sec alone tells. */
	until = slice_after(text, "tv_sec=");
	seconds = slice_number(until, NULL);
	if (!until.len || seconds < 0)
		return 0;
	seconds -= e->start_ns / 1000000000;
	return seconds >= 0 && seconds <= 1;
}

static int may_be_asyncio(const struct event *e)
{
	return e->kind <= EVENT_BEGUN &&
	       (e->call == CALL_FUTEX || e->call == CALL_SIGQUEUE ||
		e->call == CALL_PREAD || e->call == CALL_PWRITE);
}

/* The thread that made it asked for the I/O; helpers make others, too. */
static void asyncio_seen(const struct models *m, const struct step *st)
{
	const struct task *t = st->task;

	st->task->evidence->asyncio = 1;
	for (int depth = 0; depth < 20; depth++) {
		t = m->world ? map_get(&m->world->tasks, t->parent) : NULL;
		if (!t || !t->evidence)
			return;
		if (!t->evidence->asyncio) {
			t->evidence->aio_caller = 1;
			return;
		}
	}
}

/* Does the call only let time pass, or wait for another task? */
static int is_rest(const struct step *st)
{
	enum call c = st->event->call;

	return c == CALL_SLEEP || c == CALL_WAIT || c == CALL_SIGSUSPEND ||
	       c == CALL_SIGWAIT || (c == CALL_FUTEX && st->phase & PHASE_WAIT);
}

/* Until when was it busy with files and its output, and what came then? */
static void note_busy(struct evidence *ev, const struct step *st, int loads)
{
	const struct event *e = st->event;
	enum call_class class = call_class(e->call);

	if (is_rest(st)) {
		ev->rests++;
		return;
	}
	if (!st->file || (class != CLASS_IN && class != CLASS_OUT &&
			  st->model != MODEL_MMAP))
		return;
	/* It tells its children or a logger something: that is not work on files. */
	if (class == CLASS_OUT && file_is_socket(st->file))
		return;
	ev->busy += !loads;
	ev->rests = 0;
	if (e->end_ns != NO_TIME)
		ev->busy_ns = e->end_ns;
}

/* What a JVM loads classes from, in whichever thread needs one. */
static int is_class(const struct file *f)
{
	static const char *const ends[] = {
		"/lib/modules", ".jar", ".jmod", ".class",
	};
	struct slice name = { f->name, strlen(f->name) };

	for (unsigned i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (slice_ends(name, ends[i]))
			return 1;
	return 0;
}

static void note_loading(struct evidence *ev, struct step *st)
{
	struct part *p;

	if (st->model != MODEL_FILE || !(st->phase & PHASE_COPY))
		return;
	if (!ev->loading)
		ev->loading = need(calloc(1, sizeof(*ev->loading)));
	p = ev->loading;
	ev->classes += is_class(st->file);
	p->in++;
	p->bytes_in += st->bytes;
	st->file->reads++;
	st->file->bytes_in += st->bytes;
	keep_name(&p->in_call, st->event->line->name);
	prove(p, st->event->first);
}

/* A thread after unshare(CLONE_FILES): it means to read files of its own. */
static int has_own_table(const struct task *t)
{
	return t->pid != t->process->pid && t->fds->refs == 1;
}

static void note_call(struct models *m, struct evidence *ev, struct step *st)
{
	struct event *e = st->event;
	enum call_class class = call_class(e->call);
	struct part *p;
	int service, loads;

	ev->calls++;
	if (e->call == CALL_FUTEX && st->phase & PHASE_WAIT) {
		ev->futex_waits++;
		if (st->wait_ns != NO_TIME)
			ev->futex_ns = plus_ns(ev->futex_ns, st->wait_ns);
	}
	if (e->call == CALL_CLONE || e->call == CALL_FORK)
		ev->made_tasks = 1;
	ev->positional += e->call == CALL_PREAD || e->call == CALL_PWRITE ||
			  e->call == CALL_PREADV || e->call == CALL_PWRITEV ||
			  e->call == CALL_FSYNC;
	/* (A call without a model, as close is, tells nothing either way.) */
	loads = st->model && is_loading(st);
	if (st->model && (is_chatter(st->file) || is_exec_pipe(st) ||
			  polls_chatter(st))) {
		if (has_own_table(st->task))
			note_loading(ev, st);
		goto service;
	}
	note_busy(ev, st, loads);
	if (loads) {
		note_loading(ev, st);
	} else if (st->model == MODEL_MMAP) {
		note_mmap(ev, st);
	} else if (st->model && failed_connect(st)) {
		ev->tried = st->model;
	} else if (st->model) {
		p = part_of(ev, st->model);
		note_kernel(p, st);
		if (st->phase & PHASE_WAIT)
			note_wait(ev, p, st);
		else if (class == CLASS_WAIT && !(st->phase & PHASE_SUBMIT))
			note_ask(p, st);
		if (st->model == MODEL_EPOLL && e->call == CALL_EPOLL_WAIT) {
			note_epoll(p, st);
			guess_epoll(ev, p, st);
		}
		if (st->model == MODEL_AIO)
			note_aio(ev, p, st);
		if (st->model == MODEL_RING)
			note_ring(p, st);
		if (class == CLASS_IN || class == CLASS_OUT ||
		    class == CLASS_ACCEPT)
			note_data(ev, p, st);
		if (st->phase & (PHASE_WAIT | PHASE_COPY | PHASE_ACCEPT |
				 PHASE_SUBMIT) && has(p))
			prove(p, e->first);
	}
service:
	/* The call that brings the first peer is part of serving, too. */
	m->serving |= (ev->served && ev->served->messages) ||
		      (st->phase & PHASE_ACCEPT && st->task->process->serving);
	if (m->serving) {
		service = is_service(m, st);
		if ((class == CLASS_IN || class == CLASS_OUT) &&
		    is_own_talk(ev, st, class)) {
			class = CLASS_OTHER;
			service = 0;
		}
		settle_tail(served_of(ev), m->turn);
		ev->served->tail++;
		ev->served->tail_class[class]++;
		m->turn += service;
	}
}

void model_note_request(struct models *m, struct task *t,
			const struct sight *s)
{
	struct evidence *ev;
	struct part *p;

	ev = evidence_of(t);
	p = part_of(ev, MODEL_RING);
	p->requests++;
	if (s->request->by_poller)
		p->modes |= RING_SQPOLL;
	switch (s->data) {
	case DATA_MESSAGE:
		p->in++;
		p->messages++;
		p->bytes_in += s->res;
		served_of(ev)->messages++;
		m->ring_serves = m->serving = t->process->serving = 1;
		break;
	case DATA_END:
		p->eofs++;
		break;
	case DATA_READ:
		p->in++;
		p->bytes_in += s->res;
		break;
	case DATA_SENT: case DATA_WRITTEN:
		p->out++;
		p->bytes_out += s->res;
		break;
	case DATA_ACCEPTED:
		p->accepts++;
		m->ring_serves = m->serving = t->process->serving = 1;
		break;
	case DATA_NONE:
		break;
	}
}

void model_note(struct models *m, struct step *st)
{
	struct event *e = st->event;
	struct evidence *ev;

	if (!st->task || e->kind > EVENT_EXIT)
		return;
	ev = evidence_of(st->task);
	close_wait(ev, e);
	if (!ev->asyncio && may_be_asyncio(e) && is_asyncio(ev, st))
		asyncio_seen(m, st);
	if (e->kind == EVENT_CALL)
		note_call(m, ev, st);
	else if (e->kind == EVENT_SIGNAL)
		note_signal(ev, st);
}

/* ---- groups ---- */

static void add_part(struct part *to, const struct part *p);

static unsigned mask_of(const struct evidence *ev)
{
	unsigned mask = 0;

	const struct part *b = part_at(ev, MODEL_BLOCKING);

	for (const struct part *p = ev->parts; p; p = p->next) {
		/* A signal with nothing accepted or read for it is a message. */
		if ((p->model == MODEL_SIGIO ||
		     p->model == MODEL_SIGIO_QUEUED) &&
		    !p->in && !p->accepts && !p->eofs)
			continue;
		if (has(p))
			mask |= 1u << p->model;
	}
	/* Unknown only where no other model was seen. */
	if (mask & ~(1u << MODEL_UNKNOWN))
		mask &= ~(1u << MODEL_UNKNOWN);
	/* A line on stderr makes no blocking server of an event loop. */
	if (!b->waits && !b->in && !b->accepts && !b->eofs &&
	    mask & ~(1u << MODEL_BLOCKING))
		mask &= ~(1u << MODEL_BLOCKING);
	return mask;
}

/*
 * Files, and lines on stdout or stderr, are what a program begins with.  When
 * it then rests or computes for most of its life, they are not what it does.
 */
static int only_began(const struct task *t, const struct evidence *ev)
{
	const struct account *a = t->account;
	long long wall, after;

	if (t->origin == ORIGIN_THREAD && ev->busy)	/* one of a pool */
		return 0;
	if (!a || a->first_ns == NO_TIME || !ev->busy_ns)
		return ev->rests && ev->busy <= 3;
	wall = a->last_ns - a->first_ns;
	after = a->last_ns - ev->busy_ns;
	return after >= wall / 2 && (ev->rests || !ev->busy);
}

/* A thread that slept for most of its life loads a class now and then. */
static int mostly_slept(const struct task *t, const struct evidence *ev)
{
	const struct account *a = t->account;

	return t->origin == ORIGIN_THREAD && a && a->first_ns != NO_TIME &&
	       ev->classes == ev->loading->in &&
	       ev->futex_ns > (a->last_ns - a->first_ns) / 2;
}

/* The models of a task, without what was only its start-up. */
static unsigned settled_mask(const struct task *t, struct evidence *ev)
{
	const unsigned FILES = 1u << MODEL_FILE | 1u << MODEL_MMAP;
	unsigned mask = mask_of(ev);

	/* (Lines on stdout or stderr: a BLOCKING that only sends.) */
	if (mask & ~(FILES | 1u << MODEL_BLOCKING))
		return mask;
	if (mask & 1u << MODEL_BLOCKING) {
		const struct part *b = part_at(ev, MODEL_BLOCKING);

		if (b->waits || b->in || b->accepts || b->eofs)
			return mask;
	}
	if (only_began(t, ev))
		return 0;
	/* It sleeps, and says something now and then. */
	if (mask & 1u << MODEL_BLOCKING && ev->futex_waits &&
	    ev->said * 10 >= part_at(ev, MODEL_BLOCKING)->out * 9)
		mask &= ~(1u << MODEL_BLOCKING);
	/* It loaded the program, and its threads do what there is to do. */
	if (!mask && ev->made_tasks && ev->futex_waits)
		return 0;
	if (!mask && ev->tried)			/* nobody was there */
		return 1u << ev->tried;
	if (!mask && ev->loading && !mostly_slept(t, ev)) {	/* it is all */
		add_part(part_of(ev, MODEL_FILE), ev->loading);
		mask = mask_of(ev);
	}
	return mask;
}

static int waits_for_many(const struct evidence *ev)
{
	return part_at(ev, MODEL_EPOLL)->waits || part_at(ev, MODEL_POLL)->waits ||
	       part_at(ev, MODEL_SELECT)->waits;
}

/*
 * It works on files for others: what it reads was opened elsewhere (POSIX AIO)
 * or it sleeps in a futex for each piece of work (libuv's pool opens, too).
 */
static int is_helper(const struct evidence *ev)
{
	const struct part *file = part_at(ev, MODEL_FILE);
	unsigned long n = file->in + file->out;

	if (!n || ev->connections || part_at(ev, MODEL_BLOCKING)->accepts ||
	    part_at(ev, MODEL_MMAP)->in)
		return 0;
	return ev->foreign * 2 >= n ||
	       (n >= 3 && ev->futex_waits >= 3 && ev->futex_waits * 3 >= n);
}

static enum role role_of(const struct task *t, const struct evidence *ev,
			 unsigned mask)
{
	const struct part *b = part_at(ev, MODEL_BLOCKING);
	unsigned net = mask & ~(1u << MODEL_FILE | 1u << MODEL_MMAP);

	if (ev->aio_caller && !(net & ~(1u << MODEL_BLOCKING |
					1u << MODEL_UNKNOWN)) &&
	    !b->waits && !b->accepts)
		return ROLE_CALLER;
	if (!mask)
		return ROLE_SILENT;
	if (t->origin == ORIGIN_FIRST)
		return ROLE_PLAIN;
	if (ev->asyncio && !waits_for_many(ev) && !b->accepts)
		return ROLE_HELPER;
	if (ev->connections && ev->connections <= 1 && !b->accepts &&
	    b->waits && (b->in || b->eofs) && !waits_for_many(ev))
		return ROLE_PER_CONNECTION;
	if (t->origin == ORIGIN_THREAD && mask & 1u << MODEL_FILE &&
	    !(net & ~(1u << MODEL_NONBLOCKING | 1u << MODEL_BLOCKING)) &&
	    is_helper(ev))
		return ROLE_HELPER;
	if (t->origin == ORIGIN_THREAD && ev->file_sends && !ev->connections &&
	    !waits_for_many(ev) && !b->accepts && ev->futex_waits)
		return ROLE_HELPER;		/* nginx: aio threads */
	if (t->origin == ORIGIN_THREAD && !waits_for_many(ev))
		for (const struct part *p = ev->parts; p; p = p->next)
			if (p->model >= MODEL_SELECT &&
			    p->model <= MODEL_SIGIO_QUEUED &&
			    !p->waits && !p->accepts &&
			    (p->in || p->eofs || p->out))
				return ROLE_COPIER;
	return ROLE_PLAIN;
}

static void add_part(struct part *to, const struct part *p)
{
	to->waits += p->waits;
	to->asks += p->asks;
	to->events += p->events;
	to->timeouts += p->timeouts;
	to->in += p->in;
	to->messages += p->messages;
	to->out += p->out;
	to->again += p->again;
	to->accepts += p->accepts;
	to->eofs += p->eofs;
	to->bytes_in += p->bytes_in;
	to->own_bytes += p->own_bytes;
	to->bytes_out += p->bytes_out;
	to->submitted += p->submitted;
	to->requests += p->requests;
	to->seen += p->seen;
	to->slept += p->slept;
	to->copies_seen += p->copies_seen;
	to->copied += p->copied;
	to->files += p->files;
	to->listeners += p->listeners;
	to->wait_ns = plus_ns(to->wait_ns, p->wait_ns);
	to->modes |= p->modes;
	to->as_edge += p->as_edge;
	to->as_level += p->as_level;
	to->in_empty += p->in_empty;
	if (p->longest_ns > to->longest_ns) {
		to->longest_ns = p->longest_ns;
		to->longest_line = p->longest_line;
		to->at_most = p->at_most;
		memcpy(to->longest_call, p->longest_call,
		       sizeof(to->longest_call));
	}
	for (unsigned i = 0; i < p->n_proofs; i++)
		prove(to, p->proof[i]);
	add_word(&to->wait_call, &p->wait_call);
	add_word(&to->in_call, &p->in_call);
	add_word(&to->out_call, &p->out_call);
	add_word(&to->accept_call, &p->accept_call);
}

static void add_served(struct served *to, struct served *s, unsigned long turn)
{
	settle_tail(to, turn);
	settle_tail(s, turn);
	to->messages += s->messages;
	to->calls += s->calls;
	to->tail += s->tail;
	for (int i = 0; i < CLASSES; i++) {
		to->class[i] += s->class[i];
		to->tail_class[i] += s->tail_class[i];
	}
}

static void add_evidence(struct group *g, const struct evidence *ev,
			 unsigned long turn)
{
	struct evidence *to = &g->sum;

	for (const struct part *p = ev->parts; p; p = p->next)
		add_part(&g->parts[p->model], p);
	if (ev->served)
		add_served(&g->served, ev->served, turn);
	to->calls += ev->calls;
	to->futex_waits += ev->futex_waits;
	to->futex_ns = plus_ns(to->futex_ns, ev->futex_ns);
	to->connections += ev->connections;
	to->file_sends += ev->file_sends;
	to->asyncio |= ev->asyncio;
	to->eventfd |= ev->eventfd;
	to->made_tasks |= ev->made_tasks;
}

/* What it did with files, and for the others, is the helper's part. */
static void become_helper(struct evidence *ev)
{
	struct part *helper = part_of(ev, MODEL_HELPER);
	struct part **at = &ev->parts, *p;

	while ((p = *at)) {
		if (p == helper ||
		    (p->model != MODEL_FILE && !ev->file_sends &&
		     (p->model != MODEL_BLOCKING || !ev->asyncio))) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		add_part(helper, p);
		free(p);
	}
}

static struct group *group_for(struct models *m, const struct task *t,
			       enum role role, unsigned mask)
{
	unsigned modes = part_at(t->evidence, MODEL_EPOLL)->modes;
	struct group *g;

	for (g = m->groups; g; g = g->next)
		if (g->mask == mask && g->role == role && g->modes == modes &&
		    g->origin == t->origin &&
		    (m->n_groups >= GROUPS_MAX ||
		     role == ROLE_SILENT ||
		     (t->origin != ORIGIN_FIRST &&
		      !strcmp(g->exe, t->process->exe))))
			return g;
	g = need(calloc(1, sizeof(*g)));
	if (!m->tail)
		m->tail = &m->groups;
	*m->tail = g;
	m->tail = &g->next;
	m->n_groups++;
	g->mask = mask;
	g->role = role;
	g->modes = modes;
	g->origin = t->origin;
	g->first = t->first;
	snprintf(g->exe, sizeof(g->exe), "%s", t->process->exe);
	snprintf(g->comm, sizeof(g->comm), "%s", t->comm);
	return g;
}

/* (The calls from a server's fork to the execve are the server's cost.) */
void model_task_execs(struct task *t)
{
	struct served *served = NULL;

	if (t->evidence && t->origin == ORIGIN_CHILD) {
		served = t->evidence->served;
		t->evidence->served = NULL;
	}
	evidence_free(t);
	if (served)
		evidence_of(t)->served = served;
	t->process->serving = 0;
}

void model_task_ends(struct models *m, struct task *t)
{
	struct evidence *ev = t->evidence;
	struct group *g;
	unsigned mask;
	enum role role;

	if (!ev)
		return;
	mask = settled_mask(t, ev);
	role = role_of(t, ev, mask);
	if (role == ROLE_HELPER) {
		become_helper(ev);
		mask = mask_of(ev);
	}
	if (role == ROLE_PER_CONNECTION)
		mask &= ~(1u << MODEL_FILE);	/* logs and the like */
	g = group_for(m, t, role, mask);
	if (g->tasks < 8)
		g->pid[g->tasks] = t->pid;
	g->tasks++;
	if (t->first < g->first)
		g->first = t->first;
	if (t->last > g->last)
		g->last = t->last;
	add_evidence(g, ev, m->turn);
	evidence_free(t);
}

static int before(const struct group *a, const struct group *b)
{
	if (a->role == ROLE_SILENT || b->role == ROLE_SILENT)
		return a->role != ROLE_SILENT;
	return a->first < b->first;
}

void models_settle(struct models *m)
{
	struct group *list = m->groups, *g, **at;

	m->groups = NULL;
	while ((g = list)) {
		list = g->next;
		settle_tail(&g->served, m->turn);
		for (at = &m->groups; *at && !before(g, *at); at = &(*at)->next)
			;
		g->next = *at;
		*at = g;
	}
}

void models_free(struct models *m)
{
	struct group *g;

	while ((g = m->groups)) {
		m->groups = g->next;
		free(g);
	}
}

/* ---- words ---- */

static const char *epoll_modes(const struct part *p)
{
	unsigned modes = p->modes;

	if (!(modes & (EPOLL_EDGE | EPOLL_LEVEL)) && p->waits + p->asks) {
		if (p->as_level >= GUESS_MIN && !p->as_edge)
			return ", level-triggered (inferred from its reads: "
			       "its epoll_ctl calls are not in the log)";
		if (p->as_edge >= GUESS_MIN && !p->as_level)
			return ", edge-triggered (inferred from its waits: its "
			       "epoll_ctl calls are not in the log)";
		if (p->in_empty >= p->waits + p->asks)
			return ", with nothing in its set";
		return ", trigger mode unknown (its epoll_ctl calls are not in "
		       "the log)";
	}
	if (modes & EPOLL_ONCE)
		return modes & EPOLL_EDGE ? ", edge-triggered, one-shot"
					  : ", one-shot";
	if ((modes & 3) == 3)
		return ", level-triggered and edge-triggered";
	return modes & EPOLL_EDGE ? ", edge-triggered" :
	       modes & EPOLL_LEVEL ? ", level-triggered" : "";
}

const char *part_label(enum model m, const struct part *p, char *text,
		       size_t size)
{
	static const char *const labels[MODELS] = {
		"no I/O", "blocking", "nonblocking, tried again and again",
		"select", "poll", "epoll", "signal-driven (SIGIO)",
		"signal-driven, queued signals (F_SETSIG)", "signalfd",
		"native AIO", "io_uring", "helper threads do the file I/O",
		"plain file I/O", "mapped files",
		("I/O on descriptors from before the log (blocking or not: "
		 "unknown)"),
	};

	if (m == MODEL_EPOLL)
		snprintf(text, size, "epoll%s%s", epoll_modes(p),
			 p->modes & EPOLL_ALONE ? ", exclusive" : "");
	else if (m == MODEL_RING)
		snprintf(text, size, "io_uring%s%s",
			 p->modes & RING_SQPOLL ? " with SQPOLL" : "",
			 p->modes & RING_IOPOLL ? " with IOPOLL" : "");
	else if (m == MODEL_NONBLOCKING && p->again <= p->in + p->accepts)
		snprintf(text, size, "nonblocking");
	else
		snprintf(text, size, "%s", labels[m]);
	return text;
}

/* What a program is built on comes before what it does on the side. */
enum model group_main(const struct group *g)
{
	static const enum model order[] = {
		MODEL_RING, MODEL_AIO, MODEL_EPOLL, MODEL_SIGIO_QUEUED,
		MODEL_SIGIO, MODEL_POLL, MODEL_SELECT, MODEL_SIGNALFD,
		MODEL_HELPER, MODEL_BLOCKING, MODEL_NONBLOCKING, MODEL_MMAP,
		MODEL_FILE, MODEL_UNKNOWN,
	};
	enum model best = MODEL_NONE;
	unsigned long most = 0;

	if (g->role == ROLE_CALLER)
		return MODEL_HELPER;
	/* First what moved messages, accepted or collected. */
	for (unsigned i = 0; i < sizeof(order) / sizeof(*order); i++) {
		const struct part *p = &g->parts[order[i]];
		unsigned long weight = p->messages + p->accepts + p->eofs +
				       p->submitted;

		if (order[i] == MODEL_FILE || order[i] == MODEL_HELPER ||
		    !(g->mask & 1u << order[i]))
			weight = 0;
		if (weight > most * 8) {
			most = weight;
			best = order[i];
		}
	}
	if (best)
		return best;
	for (unsigned i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (g->mask & 1u << order[i])
			return order[i];
	return MODEL_NONE;
}

const char *group_verdict(const struct group *g, char *text, size_t size)
{
	const char *task = g->origin == ORIGIN_THREAD ? "thread" : "process";
	enum model m = group_main(g);
	char label[96];

	part_label(m, &g->parts[m], label, sizeof(label));
	switch (g->role) {
	case ROLE_PER_CONNECTION:
		snprintf(text, size, "blocking, a %s per connection", task);
		break;
	case ROLE_COPIER:
		snprintf(text, size, "copies what another thread's %s reported",
			 label);
		break;
	case ROLE_HELPER:
		snprintf(text, size, "%s", g->sum.asyncio ?
			 "helper threads do the I/O (glibc POSIX AIO)" :
			 "helper threads do the file I/O "
			 "(POSIX AIO or a thread pool)");
		break;
	case ROLE_CALLER:
		snprintf(text, size, "POSIX AIO: helper threads of glibc do "
			 "its I/O");
		break;
	case ROLE_SILENT:
		snprintf(text, size, g->sum.futex_waits ?
			 "no I/O of its own: sleeps in futex" :
			 "no I/O of its own");
		break;
	default:
		snprintf(text, size, "%s%s%s", label, m == MODEL_AIO &&
			 g->sum.eventfd ? " with eventfd" : "",
			 m != MODEL_BLOCKING && !g->parts[m].messages &&
			 g->parts[m].accepts &&
			 g->parts[MODEL_BLOCKING].messages ?
			 " for connections, blocking for their data" : "");
	}
	return text;
}
