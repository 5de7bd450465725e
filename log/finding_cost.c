/* SPDX-License-Identifier: MIT */
/*
 * finding_cost.c - calls that buy little: a byte at a time, small writes, one
 * trivial call over and over, a search through names that are not there
 */
#include "finding_look.h"
#include "hash.h"

enum {
	BYTES_MIN = 16,		/* reads of one byte, of a connection */
	BYTES_MANY = 64,	/* ... of a pipe or a file, and half its reads */
	SMALL_BYTES = 32,	/* a write of no more */
	SMALL_MIN = 1000,	/* and four of five writes */
	TRIVIAL_MIN = 1000,	/* and half of the calls */
	MISSING_MANY = 200,	/* and a quarter of the calls */
	COSTS_PERCENT = 5,	/* of the time; below it is a note */
	CALLS_PERCENT = 20,	/* of the calls: the same */
	EXCERPT_PERCENT = 40,	/* ... of the calls of an excerpt */
	STORM_PERCENT = 20,	/* strace makes such calls dear */
	DENTS_MIN = 5,		/* getdents in a row */
	SAME_MIN = 3,		/* the same message, and nothing else ... */
	SAME_NS = 100000000,	/* ... more often than a timer would */
	NEXT_NS = 1000000,	/* a call, and what strace adds */
	WALKS = 16,		/* names that it looks for in a directory */
};

enum { TRIVIALS = 10 };
static const char *const trivial[TRIVIALS] = {
	"getpid", "getppid", "gettid", "gettimeofday", "clock_gettime", "time",
	"getrusage", "times", "getuid", "geteuid",
};

struct sum {
	unsigned long n, line;		/* line: the first */
	long long ns;
};

struct cost_habits {
	struct sum dents;		/* getdents that found entries ... */
	unsigned long entries;		/* ... and how many */
	int dents_fd, dents_end;	/* end: of that directory, or another one */
	struct sum same;		/* sends like the first one */
	uint64_t message;
	char call[24];
	struct sum missing;
	unsigned long walked;		/* reads of directories */
	struct sum *trivial;		/* TRIVIALS of them, or NULL */
};

#define ONE_BYTE(severity) { "one-byte-reads", severity, \
	"reads of one byte at a time", \
	"Each byte costs a system call.", \
	"Read all available bytes into a buffer, and look for the end " \
	"there.", \
	"It is a shell's read command, which must not take bytes after the " \
	"line." }
static const struct about
one_byte = ONE_BYTE(SEVERITY_COST), one_byte_note = ONE_BYTE(SEVERITY_NOTE);

#define SMALL(severity) { "small-writes", severity, \
	"many small writes", \
	"Each line or word costs a system call: the output has no buffer.", \
	"Collect the output in a buffer (setvbuf, BufferedWriter), or use " \
	"writev.", \
	"Each line must reach the disk, or a reader, at once." }
static const struct about
small = SMALL(SEVERITY_COST), small_note = SMALL(SEVERITY_NOTE);

#define TRIVIAL(severity) { "call-storm", severity, \
	"one trivial call is made over and over", \
	"Most of these calls are not needed: the value does not change, is " \
	"seldom needed, or is available from the vDSO without a system call.", \
	"Store the value; for clocks check that the vDSO is in use (clock " \
	"source tsc or kvm-clock, not hpet or acpi_pm).", NULL }
static const struct about
same = { "same-message", SEVERITY_COST,
	"sends the same message again and again",
	"Each call sends the same bytes, as far as strace shows them: a loop that "
	"reports one thing, mostly to a logger, and does nothing else.",
	"Read the whole message (strace -s 200), and look at the code that logs it.",
	"The program measures how fast it can send." },
large = { "large-directory", SEVERITY_COST,
	"reads a large directory",
	"Each call of getdents returns no more entries than its buffer holds; a "
	"program that sorts them (ls) prints nothing before the end.",
	"Count them with find DIR -maxdepth 1 | head -1000000 | wc -l, or list "
	"without sorting (ls -U). If the same entries come again, the file system "
	"is damaged or changes while it is read.", NULL },
storm = TRIVIAL(SEVERITY_COST), storm_note = TRIVIAL(SEVERITY_NOTE);

#define MISSING(severity) { "missing-files", severity, \
	"a long search through names that do not exist (ENOENT)", \
	"A search path is tried name by name.", \
	"Shorten the path (LD_LIBRARY_PATH, PYTHONPATH, PATH), or give the " \
	"file's whole path.", "It is done once, at the start." }
static const struct about
deleted = { "deleted-file", SEVERITY_FAULT,
	"writes to a log file that was deleted",
	"rm, or the rotation of logs, removed or replaced the name while the "
	"program had the file open: nobody sees what it writes, and the space "
	"is freed only when it closes the file.",
	"Let the program open its log again after the rotation (a signal from "
	"postrotate), rotate with copytruncate, or restart the program.", NULL },
missing = MISSING(SEVERITY_COST), missing_note = MISSING(SEVERITY_NOTE);

static long long asked(const struct line *l)
{
	return l->n_args < 3 ? -1 : slice_number(l->arg[2], NULL);
}

/*
 * Without strace -T: from the start of one such call to that of the next, which
 * follows it at once. Longer than NEXT_NS the thread waited or computed.
 */
static long long call_ns(struct run_of_calls *r, const struct habits *habits,
			 const struct step *st)
{
	int follows = r->calls && habits->spin.calls == r->calls + 1;
	long long ns;

	if (st->event->took_ns != NO_TIME || st->event->start_ns == NO_TIME)
		return step_ns(st);
	ns = st->event->start_ns - r->start_ns;
	r->start_ns = st->event->start_ns;
	r->calls = habits->spin.calls;
	return follows && ns > 0 && ns < NEXT_NS ? ns : 0;
}

static void moved(const struct habits *habits, struct step *st)
{
	enum call c = st->event->call;
	struct use *u;

	if (c == CALL_READ || c == CALL_RECVFROM) {
		u = file_use(st->file);
		u->reads++;
		if (asked(st->event->line) != 1)
			return;
		u->late_byte |= u->reads > u->one_byte.n + 1;
		track(&u->one_byte, st->event->first);
		u->in_middle = !st->task->process->saw_start;
		u->one_ns = plus_ns(u->one_ns, call_ns(&u->ones, habits, st));
	} else if (c == CALL_WRITE || c == CALL_SENDTO) {
		u = file_use(st->file);
		u->writes++;
		if (st->bytes > SMALL_BYTES)
			return;
		if (!u->small++)
			u->small_line = st->event->first;
		u->small_bytes += st->bytes;
		u->small_ns = plus_ns(u->small_ns, call_ns(&u->smalls, habits, st));
	}
}

static struct cost_habits *cost_of(struct habits *habits)
{
	if (!habits->cost)
		habits->cost = need(calloc(1, sizeof(*habits->cost)));
	return habits->cost;
}

static void count(struct sum *s, const struct step *st)
{
	if (!s->n++)
		s->line = st->event->first;
	s->ns = plus_ns(s->ns, step_ns(st));
}

static void count_trivial(struct habits *habits, const struct step *st)
{
	struct cost_habits *h;

	for (unsigned i = 0; i < TRIVIALS; i++) {
		if (!slice_is(st->event->line->name, trivial[i]))
			continue;
		h = cost_of(habits);
		if (!h->trivial)
			h->trivial = need(calloc(TRIVIALS,
						 sizeof(*h->trivial)));
		count(&h->trivial[i], st);
	}
}

/* write(3</var/log/x.log (deleted)>, ...) */
static void to_deleted(struct findings *f, const struct step *st)
{
	static const char mark[] = " (deleted)";
	unsigned long times;
	const char *name, *slash;
	struct finding *d;
	size_t len;

	/* (Most calls end here.) */
	if (st->bytes <= 0 || call_class(st->event->call) != CLASS_OUT ||
	    !st->file || st->file->kind != FILE_REGULAR || !st->file->name)
		return;
	name = st->file->name;
	slash = strrchr(name, '/');
	len = strlen(name);
	if (len < sizeof(mark) ||
	    strcmp(name + len - (sizeof(mark) - 1), mark) ||
	    !strncmp(name, "/tmp/", 5) || !strncmp(name, "/var/tmp/", 9) ||
	    !(strstr(name, "/log/") || (slash && strstr(slash, ".log"))))
		return;
	times = ++file_use(st->file)->deleted;
	d = finding_add(f, &deleted, st->task->process->pid, 1, 0);
	d->added = times;
	finding_line(d, st->event->first);
	finding_says(d, "%s writes to %.*s, which was deleted: %lu time%s",
		     *task_name(st->task) ? task_name(st->task) :
		     "the process", (int)(len - (sizeof(mark) - 1)), name,
		     times, times == 1 ? "" : "s");
}

/*
 * getdents64(3, 0x55 followed by the number of entries, 32768) = 32760: the buffer is
 * full.  Only one directory counts, and only before its end.
 */
static void count_entries(struct habits *habits, const struct step *st)
{
	const struct line *l = st->event->line;
	struct cost_habits *h = cost_of(habits);

	h->walked++;
	if (h->dents.n && (l->ret <= 0 || st->fd != h->dents_fd))
		h->dents_end = 1;
	if (l->ret <= 0 || l->n_args < 3 ||
	    l->ret < slice_number(l->arg[2], NULL) / 2)
		return;
	h->dents_fd = st->fd;
	count(&h->dents, st);
	h->entries += slice_number(slice_after(l->args, "/* "), NULL);
}

/* send, sendto, sendmsg */
static int is_send(const struct line *l)
{
	return slice_is(l->name, "sendto") || slice_is(l->name, "send") ||
	       slice_is(l->name, "sendmsg");
}

static void count_same(struct habits *habits, const struct step *st)
{
	const struct line *l = st->event->line;
	struct cost_habits *h = cost_of(habits);
	uint64_t message = hash_slice(HASH_START, l->args) | 1;

	if (!h->message) {
		h->message = message;
		slice_copy(l->name, h->call, sizeof(h->call));
	}
	if (st->bytes <= 0 || st->task->process->saw_start ||
	    h->message != message || !slice_is(l->name, h->call))
		return;
	count(&h->same, st);
	habits->same++;
}

void cost_note(struct findings *f, struct habits *habits, struct step *st)
{
	/* (As long as there was nothing else.) */
	if (habits->spin.calls == habits->same + 1 && is_send(st->event->line))
		count_same(habits, st);
	if (st->event->call == CALL_GETDENTS)
		count_entries(habits, st);
	to_deleted(f, st);
	if (st->bytes > 0 && st->file)
		moved(habits, st);
	if (st->event->call == CALL_OTHER)
		count_trivial(habits, st);
	if (step_failed(st, "ENOENT"))
		count(&cost_of(habits)->missing, st);
}

void cost_habits_free(struct cost_habits *h)
{
	if (h)
		free(h->trivial);
	free(h);
}

/* ---- judging ---- */

/* A piece of a log that begins in the middle, and reads this file mostly. */
static int is_excerpt(const struct findings *f, const struct use *u)
{
	return u->in_middle && u->one_byte.n >= BYTES_MIN &&
	       u->one_byte.n * 100 >= f->calls * EXCERPT_PERCENT;
}

void cost_file_ends(struct findings *f, struct file *file)
{
	struct use *u = file->use;
	char text[128];
	struct finding *d;
	int costs, excerpt, greets, share;

	if (!u)
		return;
	excerpt = is_excerpt(f, u);
	/* ssh reads the first line so: what follows belongs to another layer. */
	greets = u->reads > u->one_byte.n && !u->late_byte &&
		 u->one_byte.n < BYTES_MANY;
	share = share_of(f, u->one_ns);
	costs = (file_is_stream(file) && !greets &&
		 u->one_byte.n * 100 >= f->calls * CALLS_PERCENT) ||
		(u->one_byte.n >= BYTES_MANY &&
		 (share < 0 ? u->one_byte.n * 2 >= f->calls
			    : share >= COSTS_PERCENT)) || excerpt;
	if (u->one_byte.n >= (file_is_stream(file) || excerpt ? BYTES_MIN
							       : BYTES_MANY) &&
	    u->one_byte.n * 2 >= u->reads) {
		d = finding_add(f, costs ? &one_byte : &one_byte_note,
				file->pid, u->one_byte.n, u->one_ns);
		finding_lines(d, &u->one_byte);
		finding_subject(d, file);
		finding_says(d, "%s is read one byte at a time: %lu calls for "
			     "%lu bytes", file_text(file, text, sizeof(text)),
			     u->one_byte.n, u->one_byte.n);
	}
	if (u->small < SMALL_MIN || u->small * 5 < u->writes * 4)
		return;
	costs = share_of(f, u->small_ns) >= COSTS_PERCENT;
	d = finding_add(f, costs ? &small : &small_note, file->pid, u->small,
			u->small_ns);
	finding_line(d, u->small_line);
	finding_subject(d, file);
	finding_says(d, "%lu writes to %s carry %llu bytes, %.1f per call",
		     u->small, file_text(file, text, sizeof(text)),
		     u->small_bytes, (double)u->small_bytes / u->small);
}

void cost_task_ends(struct findings *f, struct habits *habits, struct task *t)
{
	struct cost_habits *h = habits->cost;
	const struct sum *s;
	struct finding *d;
	int costs;

	if (!h)
		return;
	/* A piece of a log that has nothing else, and no times. */
	if (h->dents.n >= DENTS_MIN && h->dents.n * 4 >= habits->spin.calls * 3 &&
	    !h->dents_end && f->first_ns == NO_TIME && !t->process->saw_start) {
		d = finding_add(f, &large, t->process->pid, h->dents.n, 0);
		finding_line(d, h->dents.line);
		finding_says(d, "%s reads a directory: %lu entries in %lu calls of "
			     "getdents, and the log does not show its end: the "
			     "directory is large, or the file system returns its "
			     "entries again and again",
			     *task_name(t) ? task_name(t) : "the program",
			     h->entries, h->dents.n);
	}
	if (h->same.n >= SAME_MIN && h->same.n == habits->spin.calls &&
	    (f->first_ns == NO_TIME || (f->last_ns - f->first_ns) /
	     (long long)h->same.n < SAME_NS)) {
		d = finding_add(f, &same, t->process->pid, h->same.n, h->same.ns);
		finding_line(d, h->same.line);
		finding_says(d, "%s sends the same message %lu times in a row, and "
			     "the log has no other call: a loop", h->call,
			     h->same.n);
	}
	for (unsigned i = 0; h->trivial && i < TRIVIALS; i++) {
		s = &h->trivial[i];
		if (s->n < TRIVIAL_MIN || s->n * 2 < habits->spin.calls)
			continue;
		costs = share_of_task(habits, s->ns);
		/* Without times: it does nothing else. */
		costs = costs < 0 ? s->n * 10 >= habits->spin.calls * 9
				  : costs >= STORM_PERCENT;
		d = finding_add(f, costs ? &storm : &storm_note,
				t->process->pid, s->n, s->ns);
		finding_line(d, s->line);
		finding_says(d, "%s calls %s again and again: %lu times, %lu%% "
			     "of all calls", task_name(t), trivial[i], s->n,
			     s->n * 100 / habits->spin.calls);
	}
	s = &h->missing;
	if (s->n < MISSING_MANY || s->n * 4 < habits->spin.calls)
		return;
	costs = share_of_task(habits, s->ns);
	costs = costs < 0 ? s->n * 10 >= habits->spin.calls * 9
			  : costs >= STORM_PERCENT;
	/* It looks for .gitignore in each directory, which is not a search. */
	if (h->walked * WALKS >= s->n)
		costs = 0;
	d = finding_add(f, costs ? &missing : &missing_note, t->process->pid,
			s->n, s->ns);
	finding_line(d, s->line);
	finding_says(d, "%lu calls look for names that do not exist (ENOENT), "
		     "%lu%% of all calls", s->n, s->n * 100 / habits->spin.calls);
}
