/* SPDX-License-Identifier: MIT */
/*
 * finding_spin.c - loops that turn without sleeping and move nothing
 *
 * Each cause that keeps a loop turning has a slot: the readiness of
 * one descriptor, EAGAIN of one, a call that fails the same way again. A sleep
 * ends all runs. A call that moves data ends the run of its descriptor, and all
 * runs except those about readiness that nobody uses. A run that is long enough
 * counts. A shorter one counts where the log shows nothing else: people paste ten
 * lines of a loop.
 */
#include "finding_look.h"
#include "hash.h"

enum {
	TURNS_MIN = 32,		/* in a row: the same readiness, failure, end */
	ASKS_MIN = 100,		/* in a row: EAGAIN of a read, a yield */
	EXCERPT_MIN = 5,	/* where the log has little else ... */
	EXCERPT_ALL = 4,	/* ... and where it has nothing else */
	EXCERPT_TURNS = 3,	/* ... where all of its calls turn two loops */
	EXCERPT_ASKS = 8,
	EXCERPT_PERCENT = 75,	/* ... so much of its calls */
	EXCERPT_NS = 10 * MS,	/* and a turn takes less than that */
	REFUSED_MIN = 8,	/* EMFILE; EAGAIN that another brought about */
	SLEPT_NS = 10 * MS,	/* a wait of that long was a sleep */
	BURST_NS = 50 * MS,	/* below it, and below this share, it is a burst */
	BURST_PERCENT = 5,
	SLOTS = 8,
	NUMBER_MAX = 1 << 20,	/* data that may be a descriptor's number */
};

enum turn {
	TURN_TOLD, TURN_UNKNOWN, TURN_EMPTY, TURN_ASK, TURN_FAIL, TURN_YIELD,
	TURN_EOF, TURN_TIMER, TURN_MANY,
};

struct slot {
	uint64_t key;
	enum turn turn;
	unsigned long run, turns;	/* this run; in all that were long */
	long long start_ns, end_ns, ns;
	unsigned long start, line;	/* of this run, of the first long one */
	/* Of runs that an excerpt may be of: turns, calls, time, first line. */
	unsigned long start_calls, end_calls, short_turns, short_calls, short_line;
	long long short_ns;
	unsigned long all, first;	/* turns of any run; the line of the first */
	unsigned long stamp;		/* of the file's last progress */
	unsigned events;		/* TOLD: enum ready_event */
	unsigned long eofs, empties, writes, emfiles, failures;	/* in vain */
	char call[24], error[16], what[40], object[128], interest[48];
	char failing[24];		/* TOLD: the call that failed with error */
	long setter;			/* who set O_NONBLOCK, if another */
	unsigned long setter_line;
	long child;			/* of wait4 with WNOHANG; -1: any */
	long long last_ns;		/* TIMER: of its last turn */
	long long asks_ns;		/* ASK: of this run, in the call itself */
	int fd, gone;			/* TOLD: gone: its number was closed */
	int last_fd;			/* MANY: of its last turn ... */
	unsigned long changes;		/* ... and how often it was another */
	int run_fd, again;		/* of its run's first; it came back to it */
	/*
	 * TOLD, UNKNOWN: what is called for it before the next wait. number: its
	 * descriptor; -1: the log does not show that, and calls that fail count.
	 */
	int number, use_fd, in_turn;
	unsigned long uses, use_again, use_fails, other_uses, use_calls;
	char use_call[24], use_error[16], data[24];
};

static const struct about
told_hangup = { "spin-hangup", SEVERITY_FAULT,
	"a hang-up is reported again and again, without progress",
	"EPOLLHUP and EPOLLERR are always reported, even if the registration "
	"asks for no event: the loop never sleeps again.",
	"Remove the descriptor with EPOLL_CTL_DEL, or close() it. Read the error "
	"of a socket with getsockopt(SO_ERROR); on a datagram socket, also read "
	"the error queue with recvmsg(MSG_ERRQUEUE).", NULL },
told_closed = { "spin-error", SEVERITY_FAULT,
	"poll is asked about a descriptor that is not open",
	"POLLNVAL is reported at once for a number that is not open: the loop "
	"never sleeps again.",
	"Take the descriptor out of poll's array when it is closed (poll skips a "
	"negative number).", NULL },
told_unread = { "spin", SEVERITY_FAULT,
	"the same readiness is reported again and again, without progress",
	"Level-triggered readiness is reported until it is used: the loop is "
	"busy and makes no progress.",
	"Read from the descriptor, write to it, or take it out of the "
	"interest set.", NULL },
told_gone = { "spin", SEVERITY_FAULT,
	"a closed descriptor is reported again and again",
	"epoll watches the open file, not the number: close() ends a "
	"registration only when no duplicate (dup, a child's copy) is left, and "
	"EPOLL_CTL_DEL of a closed number fails with EBADF.",
	"Call epoll_ctl(EPOLL_CTL_DEL) before close(); open descriptors with "
	"O_CLOEXEC or SOCK_CLOEXEC so that children do not keep them.", NULL },
timer = { "woken-by-timer", SEVERITY_COST,
	"the program's own timer wakes it again and again",
	"The timerfd expires after less than 10 ms, or at once because its time "
	"is past, and the program finds nothing else to do.",
	"Use a longer interval, set the timer only while something is due, or "
	"compute the next time from the current one.",
	"The work that is due at each expiry needs no system call." },
told_writable = { "spin-writable", SEVERITY_FAULT,
	"waits for writability with nothing to write",
	"A socket is writable while enough of its send buffer is free (a third "
	"on TCP): the wait returns at once each time.",
	"Ask for EPOLLOUT or POLLOUT only while bytes are left to send.",
	NULL },
told_no_room = { "spin-writable", SEVERITY_FAULT,
	"a wait reports room, and each write returns EAGAIN",
	"The loop writes again at once and never sleeps. There are three causes: "
	"a Unix datagram socket without connect() is writable even if the queue "
	"of its peer is full; TCP refuses bytes when its memory "
	"(net.ipv4.tcp_mem) is used up; another thread or process takes the room "
	"first.",
	"Look at what the descriptor is (lsof -p PID, ss -anp). Wait a little "
	"after EAGAIN; connect() a datagram socket, so that the wait asks for "
	"room at its peer.", NULL },
told_eof = { "spin-eof", SEVERITY_FAULT,
	"reads the end of a stream again and again",
	"The peer has closed: each read returns 0, and the descriptor stays "
	"readable for ever.",
	"Close the descriptor when a read returns 0.", NULL },
emfile = { "emfile-spin", SEVERITY_FAULT,
	"out of descriptors, and tries again and again",
	"accept fails with EMFILE (RLIMIT_NOFILE) or ENFILE (fs.file-max), "
	"the connection stays queued and the listener ready.",
	"Take the listener out of the wait until a descriptor is closed; raise "
	"RLIMIT_NOFILE (ulimit -n).", NULL },
asks = { "busy-ask", SEVERITY_COST,
	"polls in a loop without sleeping",
	"O_NONBLOCK makes the call return EAGAIN at once when there are no "
	"data: the loop uses the processor to find nothing.",
	"Wait with poll or epoll before reading, or clear O_NONBLOCK.",
	"The program polls on purpose for the lowest latency." },
asks_zero = { "busy-ask", SEVERITY_COST,
	"asks for events in a loop without sleeping",
	"With a timeout of 0 the call returns at once when nothing is ready: "
	"the loop uses the processor to find nothing.",
	"Let the call wait: with a timeout of -1, or until the next thing is "
	"due.", "The program polls on purpose for the lowest latency." },
asks_child = { "busy-ask", SEVERITY_COST,
	"asks for the end of a child in a loop without sleeping",
	"With WNOHANG the call returns 0 at once while the child runs: the "
	"loop uses the processor to find nothing.",
	"Leave out WNOHANG, or wait for SIGCHLD or a pidfd.", NULL },
asks_stranger = { "nonblock-shared", SEVERITY_FAULT,
	"O_NONBLOCK was set by another process on a shared descriptor",
	"O_NONBLOCK belongs to the open file description, which dup and fork "
	"share: a process that inherits it gets EAGAIN without having asked "
	"for it.",
	"Wait with poll before reading, or clear O_NONBLOCK; open the file "
	"again instead of sharing it.", NULL },
fails = { "spin-error", SEVERITY_FAULT,
	"a call fails in the same way again and again",
	"The loop repeats it at once, and nothing has changed in between.",
	"Handle the error: stop using the descriptor, wait before the next "
	"try, or end.", NULL },
yields = { "spin-yield", SEVERITY_COST,
	"calls sched_yield in a loop",
	"sched_yield does not sleep: the thread uses the processor while it "
	"waits for another one.",
	"Wait in a futex (mutex, condition variable) or an eventfd.",
	"It is a spinlock that is held for microseconds only." };

/* ---- slots ---- */

static uint64_t mix(uint64_t key, uint64_t more)
{
	return (key ^ more) * 1099511628211ULL + 0x9e3779b97f4a7c15ULL;
}

static uint64_t mix_text(uint64_t key, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		key = mix(key, (unsigned char)s.at[i]);
	return key;
}

static unsigned long run_min(const struct slot *s)
{
	if (s->emfiles || s->setter)
		return REFUSED_MIN;
	return (s->turn == TURN_EMPTY && !s->writes) || s->turn == TURN_MANY ||
	       s->turn == TURN_YIELD ? ASKS_MIN : TURNS_MIN;
}

static unsigned long excerpt_min(const struct slot *s)
{
	return s->turn == TURN_EMPTY || s->turn == TURN_ASK ||
	       s->turn == TURN_MANY ? EXCERPT_ASKS : EXCERPT_ALL;
}

/* It asks only now and then, and computes in between (a long script, say). */
static int computes(const struct slot *s)
{
	enum { WORK_NS = MS };			/* (strace itself needs less) */

	return s->turn == TURN_ASK && s->asks_ns && s->start_ns != NO_TIME &&
	       s->end_ns > s->start_ns &&
	       (s->end_ns - s->start_ns - s->asks_ns) / (long long)s->run >=
	       WORK_NS;
}

static void run_ends(struct slot *s)
{
	if (!s->run)
		return;
	if (computes(s)) {
		s->run = 0;
		return;
	}
	if (s->run >= excerpt_min(s) && !s->short_turns)
		s->short_line = s->start;
	if (s->run >= excerpt_min(s)) {
		s->short_turns += s->run;
		s->short_calls += s->end_calls - s->start_calls;
		if (s->start_ns != NO_TIME && s->end_ns > s->start_ns)
			s->short_ns = plus_ns(s->short_ns, s->end_ns -
					      s->start_ns);
	}
	if (s->run >= run_min(s)) {
		if (!s->turns)
			s->line = s->start;
		s->turns += s->run;
		if (s->start_ns != NO_TIME && s->end_ns > s->start_ns)
			s->ns = plus_ns(s->ns, s->end_ns - s->start_ns);
	}
	s->run = 0;
}

static struct slot *slot_of(struct spin_habits *h, enum turn turn, uint64_t key)
{
	struct slot *s, *least = NULL;

	key = mix(key, turn);
	for (unsigned i = 0; i < h->n; i++) {
		s = &h->slot[i];
		if (s->key == key)
			return s;
		if (!least || s->turns + s->run < least->turns + least->run)
			least = s;
	}
	if (h->n == h->size && h->n < SLOTS) {
		h->size = h->size ? h->size * 2 : 1;
		h->size = h->size > SLOTS ? SLOTS : h->size;
		h->slot = need(realloc(h->slot, h->size * sizeof(*s)));
	}
	s = h->n < SLOTS ? &h->slot[h->n++] : least;
	*s = (struct slot){ .key = key, .turn = turn, .fd = -1, .number = -1,
			    .use_fd = -1 };
	return s;
}

static struct slot *turn(struct spin_habits *h, enum turn kind, uint64_t key,
			 const struct step *st, const struct file *file)
{
	struct slot *s = slot_of(h, kind, key);
	const struct event *e = st->event;
	struct slice name = e->line->name;

	h->turns |= kind != TURN_TOLD;
	if (!s->all++)
		s->first = e->first;
	if (!s->run++) {
		s->start = e->first;
		s->start_calls = h->calls - 1;
		s->start_ns = e->start_ns;
		s->eofs = s->empties = s->writes = s->emfiles = 0;
		s->failures = 0;
		s->asks_ns = 0;
	}
	if (e->took_ns != NO_TIME)
		s->asks_ns = plus_ns(s->asks_ns, e->took_ns);
	s->end_ns = e->end_ns;
	s->end_calls = h->calls;
	if (!*s->call) {
		slice_copy(name, s->call, sizeof(s->call));
		s->fd = !file ? -1 : file == st->file ? st->fd : file->fd;
		file_text_as(file, s->fd, s->object, sizeof(s->object));
	}
	return s;
}

/* ---- what a call is ---- */

/* wait4(7, NULL, WNOHANG, NULL) = 0: the child runs. */
static int asks_for_child(const struct step *st)
{
	const struct line *l = st->event->line;

	return st->event->call == CALL_WAIT && !l->ret &&
	       slice_is(l->name, "wait4") && slice_find(l->args, "WNOHANG") &&
	       !(l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN));
}

static int slept(const struct step *st)
{
	const struct line *l = st->event->line;
	enum call c = st->event->call;

	if (!(st->phase & PHASE_WAIT) || asks_for_child(st) ||
	    slice_is(l->error, "ECHILD"))
		return 0;
	if (st->event->took_ns != NO_TIME)
		return st->event->took_ns >= SLEPT_NS;
	if (st->event->start_ns != NO_TIME && st->event->end_ns != NO_TIME &&
	    st->event->joined)
		return st->event->end_ns - st->event->start_ns >= SLEPT_NS;
	return c == CALL_SLEEP || c == CALL_WAIT || c == CALL_FUTEX ||
	       (call_class(c) == CLASS_WAIT && !l->ret);
}

/* write(4, "\1\0\0\0\0\0\0\0", 8): of an eventfd, which wakes and moves nothing */
static int is_wakeup(const struct step *st)
{
	const struct line *l = st->event->line;

	return call_class(st->event->call) == CLASS_OUT && st->bytes == 8 &&
	       (st->file->kind == FILE_EVENTFD ||
		(st->file->kind == FILE_UNKNOWN && l->n_args > 1 &&
		 slice_is(l->arg[1], "\"\\1\\0\\0\\0\\0\\0\\0\\0\"")));
}

static int moved(const struct step *st)
{
	enum call_class class = call_class(st->event->call);
	const struct file *f = st->file;

	if (st->made && st->event->call == CALL_ACCEPT)
		return 1;
	if (st->event->call == CALL_RING_ENTER ||
	    st->event->call == CALL_IO_GETEVENTS)
		return st->event->line->ret > 0;
	if (st->bytes <= 0 || !f || is_wakeup(st))
		return 0;
	return class == CLASS_IN || st->event->call == CALL_COPY_FILE_RANGE ||
	       (st->fd > 2 && f->kind != FILE_REGULAR && f->kind != FILE_DEVICE);
}

static int is_edge(const struct file *f)
{
	for (unsigned i = 0; i < f->n_watch; i++)
		if (f->watch[i].mode & EPOLL_EDGE)
			return 1;
	return 0;
}

/* A listener has no hang-up: an accept does not end that of another one. */
static int is_hangup(const struct slot *s)
{
	return s->turn == TURN_UNKNOWN && s->events & (READY_HUP | READY_ERR);
}

static void end_runs(struct spin_habits *h, int all, int timers, int accepted)
{
	if (!all && !h->turns)
		return;
	h->turns = 0;
	for (unsigned i = 0; i < h->n; i++)
		if (all || (h->slot[i].turn == TURN_TIMER ? timers
			    : h->slot[i].turn != TURN_TOLD &&
			      !(accepted && is_hangup(&h->slot[i]))))
			run_ends(&h->slot[i]);
}

/*
 * timerfd_settime takes the readiness of a timer that has expired, as a read
 * does. (One with time left had not expired.)
 */
static int rearms(const struct step *st)
{
	const struct line *l = st->event->line;
	struct slice left;

	if (!slice_is(l->name, "timerfd_settime"))
		return 0;
	left = l->n_args > 3 ? line_field(l->arg[3], "it_value") : SLICE("");
	return !left.len || slice_is(left, "{0, 0}") ||
	       slice_is(left, "{tv_sec=0, tv_nsec=0}");
}

/* io_uring_enter(4, 0, 0, 0): submits nothing and waits for nothing. */
static int is_idle_enter(const struct step *st)
{
	const struct line *l = st->event->line;

	return st->event->call == CALL_RING_ENTER && l->n_args > 3 &&
	       !l->ret && !(l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN)) &&
	       slice_is(l->arg[1], "0") && slice_is(l->arg[2], "0") &&
	       !slice_find(l->arg[3], "WAKEUP");
}

/* "{tv_sec=0, tv_nsec=2000}", "{0, 2000}": less than a sleep, and not 0. */
static int is_soon(struct slice time)
{
	struct slice first = line_field(time, "tv_sec"), rest;
	struct slice second = line_field(time, "tv_nsec");
	long long ns;

	if (!first.len && time.len > 2) {
		rest = slice_of(time.at + 1, time.at + time.len);
		if (!line_element(&rest, &first) ||
		    !line_element(&rest, &second))
			return 0;
	}
	ns = slice_number(second, NULL);
	return slice_is(first, "0") && ns > 0 && ns < SLEPT_NS;
}

/* In a log without times only the setting tells how soon a timer expires. */
static void timer_set(const struct step *st)
{
	const struct line *l = st->event->line;

	if (st->file && l->n_args > 2 && !(l->flags & LINE_HAS_ERROR))
		file_use(st->file)->soon = !slice_find(l->arg[1], "ABSTIME") &&
			(is_soon(line_field(l->arg[2], "it_interval")) ||
			 is_soon(line_field(l->arg[2], "it_value")));
}

static int is_expiry(const struct step *st)
{
	return st->file && st->file->kind == FILE_TIMERFD && st->bytes > 0 &&
	       call_class(st->event->call) == CLASS_IN;
}

/* ---- looking ---- */

/* The timer expired; (of a wait with a known time slept() knows). */
static void expired(struct spin_habits *h, const struct step *st)
{
	long long now = st->event->start_ns;
	struct slot *s = slot_of(h, TURN_TIMER, st->file->serial);

	if (now == NO_TIME && st->event->took_ns == NO_TIME &&
	    !file_use(st->file)->soon)
		return;
	if (s->run && now != NO_TIME && s->last_ns != NO_TIME &&
	    now - s->last_ns >= SLEPT_NS)
		run_ends(s);
	s = turn(h, TURN_TIMER, st->file->serial, st, st->file);
	s->last_ns = now;
}

static void told(struct spin_habits *h, const struct step *st,
		 const struct ready *r)
{
	struct use *u = file_use(r->file);
	struct slot *s;

	if (is_edge(r->file))
		return;
	s = slot_of(h, TURN_TOLD, r->file->serial);
	if (s->stamp != u->stamp)
		run_ends(s);
	s = turn(h, TURN_TOLD, r->file->serial, st, r->file);
	s->stamp = u->stamp;
	s->events = r->events;
	s->fd = s->number = r->fd;
	s->in_turn = 0;
	h->told |= s->run > 1;
	s->gone = st->event->call == CALL_EPOLL_WAIT && r->fd >= 0 &&
		  table_at(st->task->fds, r->fd) != r->file;
	file_text_as(r->file, r->fd, s->object, sizeof(s->object));
	memcpy(s->interest, u->interest, sizeof(s->interest));
	slice_copy(r->events & READY_HUP &&
		   slice_find(st->event->line->args, "RDHUP") ?
		   SLICE("EPOLLRDHUP") : SLICE(""), s->what, sizeof(s->what));
}

/*
 * u32 is one half of u64 (the low one, or the high one on a machine with the
 * other byte order). In a pointer neither is so small.
 */
static int is_number_of(struct slice number, struct slice data)
{
	unsigned long long all = slice_number(data, NULL);
	unsigned long long n = slice_number(number, NULL);

	return n < NUMBER_MAX && ((all & 0xffffffff) == n || all >> 32 == n);
}

/* "{events=EPOLLHUP, data={u32=3, u64=3}}" of an unknown registration */
static void told_element(struct spin_habits *h, const struct step *st,
			 struct slice element)
{
	struct slice events, data, number;
	struct slot *s;

	events = line_field(element, "events");
	if (!events.len) {			/* strace 4: {EPOLLIN, {u32=... */
		struct slice fields = slice_of(element.at + 1, element.at +
					       element.len);

		if (element.len < 2 || !line_element(&fields, &events))
			return;
	}
	data = line_field(element, "u64");
	if (slice_find(events, "EPOLLET"))
		return;
	s = turn(h, TURN_UNKNOWN, mix_text(mix_text(1, data), events), st,
		 NULL);
	s->in_turn = 0;
	h->told |= s->run > 1;
	if (*s->what)				/* the key says it all */
		return;
	s->events = slice_find(events, "HUP") ? READY_HUP :
		    slice_find(events, "ERR") ? READY_ERR :
		    slice_find(events, "EPOLLIN") ? READY_IN : READY_OUT;
	snprintf(s->what, sizeof(s->what), "%.*s", (int)events.len, events.at);
	number = line_field(element, "u32");
	if (slice_number(data, NULL) < NUMBER_MAX && slice_number(data, NULL) >= 0)
		number = data;
	if (is_number_of(number, data))
		s->number = slice_number(number, NULL);
	slice_copy(data, s->data, sizeof(s->data));
}

/* A few: the kernel rotates them. Of many only the first, as most are used. */
static void told_unknown(struct spin_habits *h, const struct step *st)
{
	enum { ELEMENTS = 4 };
	const struct line *l = st->event->line;
	struct slice list, element;

	if (l->n_args < 2 || l->ret <= 0 || l->arg[1].len < 3)
		return;
	list = slice_of(l->arg[1].at + 1, l->arg[1].at + l->arg[1].len);
	if (line_element(&list, &element))
		told_element(h, st, element);
	while (l->ret > 1 && l->ret <= ELEMENTS && line_element(&list, &element))
		told_element(h, st, element);
	/* What is not reported any more has been used. */
	for (unsigned i = 0; i < h->n && l->ret <= ELEMENTS; i++)
		if (h->slot[i].end_calls != h->calls && is_hangup(&h->slot[i]))
			run_ends(&h->slot[i]);
}

/*
 * With the timeout 0 it does not want to sleep.  (Go's scheduler looks so for its
 * sockets, and leaves what it woke itself with for the wait that sleeps.)
 */
static int looks_for_others(const struct step *st)
{
	const struct line *l = st->event->line;

	return st->event->call == CALL_EPOLL_WAIT && l->ret > 1 &&
	       l->n_args > 3 && slice_is(l->arg[3], "0");
}

static void waited(struct spin_habits *h, const struct step *st)
{
	const struct line *l = st->event->line;

	if (!(l->flags & LINE_HAS_ERROR) && !l->ret &&
	    !(st->phase & PHASE_WAIT) && st->model != MODEL_RING &&
	    st->model != MODEL_AIO) {
		turn(h, TURN_ASK, st->event->call, st, st->file);
		return;
	}
	h->reported += l->ret > 0;
	if (looks_for_others(st))
		return;
	for (unsigned i = 0; i < st->n_ready && i < 4; i++)
		told(h, st, &st->ready[i]);
	if (!st->n_ready && st->event->call == CALL_EPOLL_WAIT)
		told_unknown(h, st);
}

static void child_asked(struct spin_habits *h, const struct step *st)
{
	struct slice pid = st->event->line->n_args ? st->event->line->arg[0]
						   : SLICE("-1");
	struct slot *s = turn(h, TURN_ASK, mix_text(CALL_WAIT, pid), st, NULL);

	s->child = slice_starts(pid, "-") ? -1 : slice_number(pid, NULL);
}

static struct slot *told_slot(struct spin_habits *h, const struct file *f)
{
	uint64_t key = mix(f->serial, TURN_TOLD);

	for (unsigned i = 0; i < h->n; i++)
		if (h->slot[i].key == key)
			return &h->slot[i];
	return NULL;
}

/* (A path that is resolved part by part: most are not links.) */
static int is_normal(const struct line *l)
{
	struct slice error = l->error;

	if (slice_is(l->name, "epoll_ctl") && slice_is(error, "ENOENT"))
		return 0;			/* it is not in the set */

	return (slice_starts(l->name, "readlink") &&
		slice_is(error, "EINVAL")) || slice_is(error, "EAGAIN") || slice_is(error, "EINTR") ||
	       slice_is(error, "EINPROGRESS") || slice_is(error, "ENOENT") ||
	       slice_is(error, "ENOTTY") || slice_is(error, "ETIMEDOUT");
}

/* So many of its arguments say what it asks for: prctl(A, B, CAP_CHOWN) */
static unsigned keys_of(const struct line *l)
{
	return slice_is(l->name, "prctl") || slice_ends(l->name, "sockopt") ? 3
									   : 2;
}

static void failed(struct spin_habits *h, const struct step *st)
{
	const struct line *l = st->event->line;
	uint64_t key = mix_text(mix_text(1, l->name), l->error);
	int is_full = slice_is(l->error, "EMFILE") || slice_is(l->error,
							       "ENFILE");
	struct slot *s, *ready;

	/* (io_uring_enter does not say so that there are no completions.) */
	if (is_normal(l) && !(slice_is(l->error, "EAGAIN") &&
			      (st->event->call == CALL_FUTEX ||
			       st->event->call == CALL_RING_ENTER)))
		return;
	ready = st->file ? told_slot(h, st->file) : NULL;
	if (ready) {
		ready->failures++;
		slice_copy(l->name, ready->failing, sizeof(ready->failing));
		slice_copy(l->error, ready->error, sizeof(ready->error));
	}
	for (unsigned i = 0; i < keys_of(l) && i < l->n_args; i++)
		key = mix_text(key, l->arg[i]);
	/* cp tries FICLONE with each file. */
	if (st->file && st->file->kind == FILE_REGULAR && st->file->name)
		key = mix_text(key, slice_of(st->file->name, st->file->name +
					     strlen(st->file->name)));
	s = turn(h, TURN_FAIL, key, st, st->event->call == CALL_EPOLL_CTL
		 ? NULL : st->file);
	slice_copy(l->error, s->error, sizeof(s->error));
	if (!st->file || st->event->call != CALL_ACCEPT || !is_full)
		return;
	s->emfiles++;
	ready = told_slot(h, st->file);		/* (turn() may have moved it.) */
	if (ready)
		ready->emfiles++;
}

/* (The model of sendfile is that of the file that it reads.) */
static int is_again(const struct step *st)
{
	return st->phase & PHASE_EMPTY ||
	       (st->event->call == CALL_SENDFILE && file_is_stream(st->file) &&
		slice_is(st->event->line->error, "EAGAIN"));
}

/* It asks one socket after the other, and no wait is between. */
static void asked_many(struct spin_habits *h, const struct step *st)
{
	struct slot *s = turn(h, TURN_MANY, 0, st, NULL);

	if (s->run == 1) {
		s->run_fd = st->fd;
	} else if (s->last_fd != st->fd) {
		s->changes++;
		s->again |= s->run_fd == st->fd;
	}
	s->last_fd = st->fd;
	h->many = 1;
}

static int is_many(const struct slot *s)
{
	return s->again && s->changes * 2 >= s->all;
}

static void many_end(struct spin_habits *h)
{
	for (unsigned i = 0; i < h->n; i++)
		if (h->slot[i].turn == TURN_MANY)
			run_ends(&h->slot[i]);
	h->many = 0;
}

static void tried(struct spin_habits *h, const struct step *st)
{
	struct slot *s, *own;
	enum call_class class = call_class(st->event->call);
	struct use *u = st->file->use;

	if (is_again(st)) {
		s = told_slot(h, st->file);
		if (s) {
			s->empties++;
			s->writes += class == CLASS_OUT;
		}
		own = turn(h, TURN_EMPTY, mix(st->file->serial, class), st,
			   st->file);
		own->writes += class == CLASS_OUT;
		if (u && u->setter && u->setter != st->task->process->pid) {
			own->setter = u->setter;
			own->setter_line = u->setter_line;
		}
		if (class == CLASS_IN && st->model != MODEL_FILE)
			asked_many(h, st);
	} else if (st->phase & PHASE_EOF || (class == CLASS_IN && !st->bytes)) {
		s = told_slot(h, st->file);
		if (s)
			s->eofs++;
		turn(h, TURN_EOF, st->file->serial, st, st->file);
	}
}

/* ioctl(0, FIONBIO, [1]) */
static int sets_nonblock(const struct step *st)
{
	const struct line *l = st->event->line;

	return st->event->call == CALL_IOCTL && l->n_args > 1 &&
	       is_const(l->arg[1], "FIONBIO", 0x5421);
}

/* fcntl(0, F_SETFL, O_RDWR|O_NONBLOCK) = 0, or ioctl(0, FIONBIO, [1]) = 0 */
__attribute__((cold, noinline))
static void flags_set(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;
	int sets = st->file->nonblocking == 1;
	struct use *u;

	if (l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN))
		return;
	u = file_use(st->file);
	u->setter = sets ? st->task->process->pid : 0;
	u->setter_line = sets ? st->event->first : 0;
	if (st->file->assumed)
		f->flags[f->n_flags++ % FLAGS_KEPT] = (struct flags_set){
			.pid = st->task->process->pid, .fd = st->file->fd,
			.parent = st->task->process->parent,
			.line = st->event->first, .nonblock = sets,
			.name = st->file->name ? hash_text(HASH_START,
							   st->file->name) : 0,
		};
}

static void controlled(struct findings *f, struct spin_habits *h,
		       struct step *st)
{
	const struct line *l = st->event->line;
	struct slice op = l->n_args > 1 ? l->arg[1] : SLICE("");
	struct fdtable *t = st->task->fds;
	struct slice events;
	struct slot *s;

	if (st->file && (st->event->call == CALL_FCNTL ?
			 is_const(op, "F_SETFL", 4) : sets_nonblock(st)))
		flags_set(f, st);
	if (st->event->call != CALL_EPOLL_CTL || st->made_fd < 0 ||
	    (unsigned)st->made_fd >= t->size || !t->slot[st->made_fd])
		return;
	events = l->n_args > 3 ? line_field(l->arg[3], "events") : SLICE("");
	slice_copy(events, file_use(t->slot[st->made_fd])->interest,
		   sizeof(((struct use *)0)->interest));
	s = told_slot(h, t->slot[st->made_fd]);
	if (s && is_const(op, "EPOLL_CTL_DEL", 2))
		run_ends(s);
}

/* What could end a readiness that is reported again and again. */
static void used(struct spin_habits *h, const struct step *st)
{
	const struct line *l = st->event->line;
	int is_error = l->flags & LINE_HAS_ERROR;

	for (unsigned i = 0; i < h->n; i++) {
		struct slot *s = &h->slot[i];

		if ((s->turn != TURN_TOLD && s->turn != TURN_UNKNOWN) || !s->run)
			continue;
		if (s->number != st->fd) {
			s->other_uses++;
			if (s->turn == TURN_TOLD || !is_error || st->fd <= 2 ||
			    (s->use_fd >= 0 && s->use_fd == s->number))
				continue;
		}
		if (s->use_fd != st->fd && s->number != st->fd && s->uses)
			continue;		/* (of the first one) */
		if (s->use_fd != st->fd) {
			s->uses = s->use_again = s->use_fails = 0;
			s->use_calls = 0;
			s->use_fd = st->fd;
		}
		s->uses += !s->in_turn++;
		s->use_calls++;
		s->use_again += slice_is(l->error, "EAGAIN");
		s->use_fails += is_error && !slice_is(l->error, "EAGAIN");
		if (*s->use_error && !is_error)
			continue;
		slice_copy(l->name, s->use_call, sizeof(s->use_call));
		slice_copy(l->error, s->use_error, sizeof(s->use_error));
		s->writes += is_error && call_class(st->event->call) == CLASS_OUT;
	}
}

static int is_clock(struct slice name)
{
	return slice_is(name, "clock_gettime") || slice_is(name, "time") ||
	       slice_is(name, "gettimeofday") ||
	       slice_is(name, "timerfd_settime");
}

/* It slept, for however short a time, and another thread woke it. */
static void futex_woken(struct spin_habits *h, const struct line *l)
{
	if (l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN) || l->n_args < 2 ||
	    !slice_starts(l->arg[1], "FUTEX_WAIT"))
		return;
	for (unsigned i = 0; i < h->n; i++)
		if (h->slot[i].turn == TURN_FAIL &&
		    !strcmp(h->slot[i].call, "futex"))
			run_ends(&h->slot[i]);
}

void spin_note(struct findings *f, struct habits *habits, struct step *st)
{
	struct spin_habits *h = &habits->spin;
	const struct line *l = st->event->line;
	enum call c = st->event->call;
	int progress = moved(st);

	h->calls++;
	if (call_class(c) == CLASS_WAIT)
		h->told = 0;
	else if (h->told && st->fd >= 0 && !(l->flags & LINE_NO_RETURN))
		used(h, st);
	h->others += c == CALL_FUTEX || c == CALL_SLEEP || rearms(st) ||
		     (st->bytes == 8 && st->file && is_wakeup(st));
	if ((c == CALL_OTHER || c == CALL_TIMERFD_SET) &&
	    !st->task->process->saw_start)
		h->clocks += is_clock(l->name);
	if (progress && st->file)
		file_use(st->file)->stamp = f->calls;
	if (progress || c == CALL_EXEC)
		end_runs(h, 0, !is_expiry(st), c == CALL_ACCEPT);
	if (slept(st)) {
		end_runs(h, 1, 1, 0);
		return;
	}
	if (h->many && st->phase & PHASE_WAIT)
		many_end(h);
	if (c == CALL_FUTEX && h->turns)
		futex_woken(h, l);
	if (c == CALL_CLOSE && !(l->flags & LINE_HAS_ERROR))
		for (unsigned i = 0; i < h->n; i++)
			if (h->slot[i].emfiles)
				run_ends(&h->slot[i]);
	if (l->flags & LINE_HAS_ERROR)
		failed(h, st);
	if (c == CALL_TIMERFD_SET)
		timer_set(st);
	else if (is_expiry(st))
		expired(h, st);
	if (asks_for_child(st))
		child_asked(h, st);
	else if (is_idle_enter(st))
		turn(h, TURN_ASK, c, st, st->file);
	else if (call_class(c) == CLASS_WAIT)
		waited(h, st);
	else if (slice_is(l->name, "sched_yield"))
		turn(h, TURN_YIELD, 0, st, NULL);
	else if (c == CALL_FCNTL || c == CALL_EPOLL_CTL || sets_nonblock(st))
		controlled(f, h, st);
	else if (st->file && (st->model != MODEL_FILE || is_again(st)) &&
		 !(l->flags & LINE_NO_RETURN))
		tried(h, st);
}

void spin_free(struct habits *habits)
{
	free(habits->spin.slot);
}

/* ---- judging ---- */

/* Each time that it was ready a call failed. */
static int is_failing(const struct slot *s)
{
	return s->failures * 2 >= s->turns && s->failures;
}

/* A call on one descriptor follows the report, mostly. */
static int is_used(const struct slot *s)
{
	return s->use_fd >= 0 && s->uses * 2 >= s->turns;
}

/* ... and gets EAGAIN. */
static int is_refused(const struct slot *s)
{
	return is_used(s) && s->use_again * 2 >= s->uses;
}

/*
 * Without the times of calls: the wait may have slept, and another thread took
 * what was ready.
 */
static int may_sleep(const struct slot *s)
{
	return (s->turn == TURN_TOLD || s->turn == TURN_UNKNOWN) &&
	       is_refused(s) && !s->asks_ns &&
	       s->ns / (long long)s->turns >= SLEPT_NS;
}

static const struct about *about_of(const struct slot *s)
{
	switch (s->turn) {
	case TURN_EMPTY: return s->setter ? &asks_stranger : &asks;
	case TURN_MANY: return &asks;
	case TURN_ASK: return s->child ? &asks_child : &asks_zero;
	case TURN_YIELD: return &yields;
	case TURN_EOF: return &told_eof;
	case TURN_TIMER: return &timer;
	case TURN_FAIL: return s->emfiles ? &emfile : &fails;
	default: break;
	}
	if (s->gone)
		return &told_gone;
	if (s->emfiles)
		return &emfile;
	if (s->events & READY_BAD)
		return &told_closed;
	if (is_failing(s) || (s->turn == TURN_UNKNOWN && is_used(s) &&
			      s->use_fails * 2 >= s->uses))
		return &fails;
	if (s->events & (READY_HUP | READY_ERR) && !s->eofs)
		return &told_hangup;
	if (s->eofs)
		return &told_eof;
	if (s->events == READY_OUT)
		return is_refused(s) && s->writes ? &told_no_room : &told_writable;
	return &told_unread;
}

/* In the words of the call: EPOLLIN of epoll_wait is POLLIN of poll. */
static const char *event_text(const struct slot *s)
{
	const char *epoll = *s->what ? s->what :
		s->events & READY_BAD ? "EPOLLNVAL" :
		s->events & READY_HUP ? "EPOLLHUP" :
		s->events & READY_ERR ? "EPOLLERR" :
		s->events & READY_IN ? "EPOLLIN" : "EPOLLOUT";

	return epoll + (strstr(s->call, "poll") && *s->call != 'e');
}

/* "POLLIN on descriptor 3"; select has no names for events. */
static const char *readiness_text(const struct slot *s, char *text, size_t size)
{
	if (strstr(s->call, "select"))
		snprintf(text, size, "that %s is %s", s->object, s->events &
			 READY_IN ? "readable" : s->events & READY_OUT ?
			 "writable" : "in an exceptional state");
	else
		snprintf(text, size, "%s on %s", event_text(s), s->object);
	return text;
}

/* What follows each report, and does not end it. */
static void use_says(const struct slot *s, char *text, size_t size)
{
	const char *each = s->use_calls == s->use_again ||
			   s->use_calls == s->use_fails ? "each time"
							: "mostly";

	if (!is_used(s))
		snprintf(text, size, s->number < 0 && s->other_uses && s->turn ==
			 TURN_UNKNOWN ? ", and no call ends that" :
			 ", and no call uses it");
	else if (is_refused(s))
		snprintf(text, size, ", and %s on descriptor %d returns EAGAIN "
			 "%s", s->use_call, s->use_fd, each);
	else if (s->use_fails * 2 >= s->uses)
		snprintf(text, size, ", and %s on descriptor %d fails with %s %s",
			 s->use_call, s->use_fd, s->use_error, each);
	else
		snprintf(text, size, ", and %s on descriptor %d does not end "
			 "that", s->use_call, s->use_fd);
}

/* The descriptor is known from its registration, or may be from its use. */
static void data_says(const struct slot *s, char *text, size_t size)
{
	if (s->number >= 0 && !is_used(s))
		snprintf(text, size, "an entry with data %s (descriptor %d, if "
			 "data is its number; the registration is not in the "
			 "log)", s->data, s->number);
	else if (s->number >= 0 && s->use_fd == s->number)
		snprintf(text, size, "an entry with data %s (the registration "
			 "is not in the log)", s->data);
	else
		snprintf(text, size, "an entry with data %s (the registration, "
			 "which names the descriptor, is not in the log)",
			 s->data);
}

static void told_says(struct finding *d, const struct slot *s, const char *in)
{
	char failure[64], readiness[200], use[100];
	const char *after = s->gone
		? ", and it was closed: a duplicate, perhaps in a child, keeps it "
		"registered" : s->empties && s->writes
		? ", and each write returns EAGAIN" : s->empties
		? ", and each call returns EAGAIN" : s->eofs
		? ", and each read returns 0 (the peer has closed)" : s->emfiles
		? ", and accept fails each time (out of descriptors)"
		: s->events & READY_BAD ? ", and the descriptor is not open"
		: is_failing(s) ? failure : use;

	use_says(s, use, sizeof(use));
	snprintf(failure, sizeof(failure), ", and %s fails with %s", s->failing,
		 s->error);
	finding_says(d, "%s reports %s, %lu times in a row without "
		     "sleeping%s%s%s%s: a busy loop without progress%s",
		     s->call, readiness_text(s, readiness, sizeof(readiness)),
		     s->turns, after,
		     *s->interest ? " (interest set: events=" : "",
		     s->interest, *s->interest ? ")" : "", in);
}

static void says(struct finding *d, const struct slot *s, const char *in)
{
	char who[80] = "", each[48] = "", span[24];

	if (s->turn == TURN_TIMER && s->ns)
		snprintf(each, sizeof(each), ", every %s", span_text(s->ns /
			 (long long)s->turns, span, sizeof(span)));
	if (s->setter)
		snprintf(who, sizeof(who), "; O_NONBLOCK was set by pid %ld "
			 "(line %lu) on the shared descriptor", s->setter,
			 s->setter_line);
	if (s->turn == TURN_TOLD || s->turn == TURN_UNKNOWN)
		told_says(d, s, in);
	else if (s->turn == TURN_EMPTY)
		finding_says(d, "%s on %s returns EAGAIN %lu times in a row "
			     "without a sleep between: a busy loop%s%s",
			     s->call, s->object, s->turns, in, who);
	else if (s->turn == TURN_MANY)
		finding_says(d, "%s on one socket after the other returns EAGAIN "
			     "%lu times in a row, and no call waits in between: a "
			     "busy loop%s", s->call, s->turns, in);
	else if (s->turn == TURN_ASK && s->child > 0)
		finding_says(d, "%s asks %lu times in a row, with WNOHANG and "
			     "without a sleep between, for child %ld, which "
			     "still runs: a busy loop%s", s->call, s->turns,
			     s->child, in);
	else if (s->turn == TURN_ASK && s->child)
		finding_says(d, "%s asks %lu times in a row, with WNOHANG and "
			     "without a sleep between, for its children, and "
			     "none has ended: a busy loop%s", s->call, s->turns, in);
	else if (s->turn == TURN_ASK && !strcmp(s->call, "io_uring_enter"))
		finding_says(d, "io_uring_enter submits nothing and waits for "
			     "nothing %lu times in a row: a busy loop%s",
			     s->turns, in);
	else if (s->turn == TURN_ASK)
		finding_says(d, "%s with a zero timeout returns %lu times in a "
			     "row and nothing is ready: a busy loop%s",
			     s->call, s->turns, in);
	else if (s->turn == TURN_YIELD)
		finding_says(d, "sched_yield is called %lu times in a row "
			     "without a sleep between: a busy loop%s",
			     s->turns, in);
	else if (s->turn == TURN_TIMER)
		finding_says(d, "the program's own timer, %s, expires %lu times "
			     "in a row%s, and no other call moves data in between: "
			     "the timer keeps the loop running%s", s->object, s->turns,
			     each, in);
	else if (s->turn == TURN_EOF)
		finding_says(d, "%s on %s returns 0 (end of the stream) %lu "
			     "times in a row: a busy loop%s", s->call,
			     s->object, s->turns, in);
	else
		finding_says(d, "%s%s%s fails with %s %lu times in a row "
			     "without a sleep between: a busy loop%s", s->call,
			     s->fd < 0 ? "" : " on ", s->fd < 0 ? "" :
			     s->object, s->error, s->turns, in);
}

/*
 * The log is a piece of this loop and of little else, and no other thread has a
 * part in it.
 */
static int is_excerpt(const struct spin_habits *h, const struct slot *s)
{
	if (s->short_turns < EXCERPT_MIN && s->short_turns != h->calls &&
	    !(s->eofs >= EXCERPT_ALL) &&
	    !(s->turn == TURN_EOF && s->short_turns >= EXCERPT_ALL))
		return 0;
	if (s->turn == TURN_YIELD)		/* of a lock's spinning it is part */
		return s->short_turns == h->calls
			? s->short_turns >= EXCERPT_MIN
			: s->short_turns >= EXCERPT_ASKS && !h->others &&
			  s->short_turns * 5 >= h->calls * 3;
	return s->short_turns && (!h->others || s->turn == TURN_EOF) &&
	       s->short_calls * 100 >= h->calls * EXCERPT_PERCENT &&
	       s->short_ns / (long long)s->short_turns < EXCERPT_NS;
}

/*
 * Every call of the log is a turn of one of its loops, or asks for the time, and
 * one of them sleeps nowhere: select with the timeout 0 and a read that gets
 * EAGAIN, three times; or a readiness that nobody uses, four times.
 */
static int is_all(const struct spin_habits *h)
{
	unsigned long turns = h->clocks + h->reported, loops = 0, zero = 0;
	int told = 0;

	for (unsigned i = 0; i < h->n; i++) {
		const struct slot *s = &h->slot[i];

		if (s->turn == TURN_MANY)	/* each has a turn of its own */
			continue;
		if (s->turn == TURN_TOLD || s->turn == TURN_UNKNOWN)
			told |= s->all >= EXCERPT_ALL;
		else
			turns += s->all;
		loops += s->all >= EXCERPT_TURNS;
		zero += s->turn == TURN_ASK;
	}
	return ((zero && loops > 1) || told) && turns == h->calls &&
	       !h->others;
}

static void judge(struct findings *f, const struct habits *habits,
		  const struct task *t, struct slot *s)
{
	const struct spin_habits *h = &habits->spin;
	struct finding *d;
	char in[64] = "", span[24];

	run_ends(s);
	if (!s->turns && !t->process->saw_start && s->all >= EXCERPT_TURNS &&
	    (!s->short_turns || s->short_ns / (long long)s->short_turns <
	     EXCERPT_NS) && is_all(h)) {
		s->turns = s->all;
		s->line = s->first;
	}
	if (!s->turns && !t->process->saw_start && is_excerpt(h, s)) {
		s->turns = s->short_turns;
		s->ns = s->short_ns;
		s->line = s->short_line;
	}
	if (!s->turns || may_sleep(s))
		return;
	if (s->turn == TURN_UNKNOWN)
		data_says(s, s->object, sizeof(s->object));
	if (s->ns && s->ns < BURST_NS &&
	    share_of_task(habits, s->ns) < BURST_PERCENT)
		return;				/* at start-up, say */
	if (s->ns)
		snprintf(in, sizeof(in), " for %s%s", span_text(s->ns, span,
			 sizeof(span)), "");
	d = finding_add(f, about_of(s), t->process->pid, s->turns,
			s->turn == TURN_TIMER ? 0 : s->ns);	/* it sleeps */
	finding_line(d, s->line);
	if (*d->says && d->count > 2 * s->turns)
		return;
	if (s->fd >= 0 && s->turn == TURN_UNKNOWN)
		snprintf(d->subject, sizeof(d->subject), "%d", s->fd);
	else if (s->fd >= 0 && s->turn != TURN_ASK)
		snprintf(d->subject, sizeof(d->subject), "%.90s",
			 s->object + (sizeof("descriptor ") - 1));
	says(d, s, in);
}

void spin_task_ends(struct findings *f, struct habits *habits, struct task *t)
{
	struct spin_habits *h = &habits->spin;
	struct slot *told = NULL;
	int tried = 0, alone = 0;

	for (unsigned i = 0; i < h->n; i++) {
		struct slot *s = &h->slot[i];

		run_ends(s);
		if (s->turn == TURN_UNKNOWN && !told && is_used(s) &&
		    (s->turns || is_excerpt(h, s))) {
			s->fd = s->use_fd;
			told = s;
		}
		if (s->turn == TURN_TOLD && (s->turns || is_excerpt(h, s)))
			told = s;
		if (s->turn == TURN_EOF || s->emfiles)
			tried = 1;
		alone |= s->turn == TURN_EMPTY && (s->turns || is_excerpt(h, s));
	}
	/* What was tried in vain belongs to the readiness that brought it. */
	for (unsigned i = 0; i < h->n; i++)
		if ((!told || told == &h->slot[i] || h->slot[i].turn == TURN_TOLD ||
		     h->slot[i].setter || h->slot[i].fd != told->fd) &&
		    !(tried && h->slot[i].turn == TURN_UNKNOWN) &&
		    (h->slot[i].turn != TURN_MANY ||
		     (!told && !alone && is_many(&h->slot[i]))))
			judge(f, habits, t, &h->slot[i]);
}
