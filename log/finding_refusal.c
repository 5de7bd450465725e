/* SPDX-License-Identifier: MIT */
/*
 * finding_refusal.c - calls that were refused, and the failure that ended the
 * program
 *
 * What refusal.c knows is counted for each process and object.  A refusal does
 * not count if the same call succeeds later and no time was lost.  The failure
 * that ended a program is the one whose message it writes before it exits with
 * a status other than 0; without a message, the last one.
 */
#include <ctype.h>
#include <signal.h>
#include <strings.h>
#include "finding_look.h"
#include "hash.h"
#include "refusal.h"
#include "status.h"

enum {
	RECENT = 12,		/* failures that are remembered, of a process */
	NEAR_END = 40,		/* calls between a failure and the exit */
	NEAR_MESSAGE = 60,	/* ... and the message about it */
	NEXT = 3,		/* the message comes next */
	NEXT_LOOK = 9,		/* ... after the runtime has built it */
	NEXT_CHATTER = 8,	/* a probe that a message speaks of */
	NEXT_LINES = 60,	/* ... of another process, which reports it */
	MESSAGE_SIZE = 400,
	NAMED_MIN = 4,		/* letters of a file's name in a message */
	MESSAGE_MIN = 10,	/* letters of a message that strace cut short */
	NOT_EXECUTED = 126,	/* status of a shell that could not execute it */
	STUBBORN_MIN = 3,	/* tries ... */
	STUBBORN_NS = 500 * MS,	/* ... over so long */
	PAUSE_NS = 50 * MS,
	RETRY_NS = 100 * MS,	/* below it getting over it cost nothing */
	REFUSED_MAX = 10000,
	SERVICE_MIN = 200,	/* systemd's: 200/CHDIR, 203/EXEC, ... */
	SERVICE_MAX = 245,
	PORTS_MAX = 100,	/* of which the holder is looked up */
	FAR_KEPT = 6,
	NEAR_START = 16,	/* calls of a log, and what was before it */
	FAR_LINES = 5000,	/* of a child's peer and the message */
	BY_PATH = 2,		/* a suspect: its path is in the message */
};

struct refused;

struct failure {
	const struct refusal *row;
	char what[160], error[24], path[96], why[160];
	unsigned long line, call, seen;	/* call: 0 for what often fails */
	struct refused *refused;	/* where it is counted, or NULL */
	unsigned long reach;	/* calls until a message that is about it */
	int named;			/* the path is in the program's arguments */
	int traced;			/* the thread's first call: EINTR, no signal */
};

struct refused {		/* a row, in a process, of an object */
	const struct refusal *row;
	struct failure sample;
	struct tracks times;
	long pid;
	uint64_t object;
	struct refused *next;		/* of the same process and object */
	char name[40];			/* of the program */
	long long first_ns, last_ns;
	int recovered, accepted;
	int odd;			/* it counts in a few pasted lines only */
	unsigned long reported;		/* messages that it wrote about it */
};

/* What most processes have nothing of: made when the first of it is there. */
struct trouble {
	/* suspect: the newest failure when the last message was written */
	struct failure recent[RECENT], blamed, suspect;
	struct failure far[FAR_KEPT];	/* what recent had no room for */
	unsigned n_far;
	struct failure library;		/* the last that ld.so did not find */
	struct failure readonly;	/* denied, and then opened for reading */
	struct failure other;		/* of another process, before the message */
	/* the errors in its log, and what had failed before the last one */
	unsigned long errors, marked, error_line;
	char error[120];
	struct failure logged;		/* line: 0: nothing */
	char message[MESSAGE_SIZE];	/* the end of what it wrote to stderr */
	char complaint[160];	/* its first line that complains */
	unsigned long message_call;	/* ... and the call that wrote it */
};

struct ending {			/* of a process */
	struct trouble *trouble;	/* &no_trouble: none yet */
	long other_pid;
	unsigned n, has_blamed, has_suspect;
	unsigned long message_line;
	unsigned long calls;
	int status, ended, first, killed;	/* killed: the signal */
	int told;			/* a signal asked it to end */
	int script;			/* descriptor of what it could not execute; 0 */
	int mute;			/* -e trace=file: no write, no exit */
	int reads_log;			/* cat, tail, grep of a log */
	int has_name_server;		/* it has a route to one */
	int waited;			/* since the last message ... */
	long speaker;			/* ... the thread that wrote it */
	long parent;
	long pid_read;			/* the number in a file, 0: none ... */
	unsigned long pid_line;		/* ... and where it was read */
	unsigned long exit_line, reported;
	char name[40], *argv;		/* argv: NULL: no execve in the log */
};

static struct trouble no_trouble;	/* only to be read */

/* That of e, to write to. */
static struct trouble *trouble_of(struct ending *e)
{
	if (e->trouble == &no_trouble)
		e->trouble = need(calloc(1, sizeof(*e->trouble)));
	return e->trouble;
}

static void ending_free(struct ending *e)
{
	if (!e)
		return;
	if (e->trouble != &no_trouble)
		free(e->trouble);
	free(e->argv);
	free(e);
}

struct hard {			/* the last such failure of all processes */
	struct failure failure;
	long pid;
};

static struct about abouts[3][REFUSALS_MAX];

static const struct about *about_of(const struct refusal *row, enum severity s)
{
	struct about *a = &abouts[s][row - refusal_at(0)];

	*a = (struct about){ row->id, s, "a call failed", row->cause,
			     row->remedy, NULL, row->limit };
	return a;
}

static const struct about with_message = { "ended-with-message",
	SEVERITY_FAULT, "the program ended with a message",
	"No call failed in a way that explains it: the program itself decided "
	"to end, and its last message says why.",
	"Read the whole message (strace -s 200 shows more of it).",
	"Its exit status is an answer, not a failure." };
static const struct about by_child = { "child-failed",
	SEVERITY_FAULT, "the program failed after a child process failed",
	"The child ended with a status other than 0, then the program did, "
	"too; neither wrote a message.",
	"Run the child's command alone, or look at what it tests.",
	"The status is an answer, as with test and grep." };
static const struct about logs_error = { "logs-error", SEVERITY_NOTE,
	"the program wrote an error to its log",
	"The program itself calls it an error, and goes on.",
	"Read the whole line in the log (strace -s 200 shows more of it).",
	"It is the error of a client, which the program writes to the same "
	"log." };
static const struct about unseen = { "connect-unseen", SEVERITY_FAULT,
	"the program failed after a connect whose result is not in the log",
	"connect of a nonblocking socket returns EINPROGRESS; its result comes "
	"from getsockopt(SO_ERROR), which strace was not asked for.",
	"strace -e trace=network,poll,write shows it.",
	"A status other than 0 can be an answer." };
static const struct about unknown_failure = { "failed-at-end", SEVERITY_FAULT,
	"the program ended after a call failed",
	"This call was the last one that failed before the exit.",
	"Look at the call's manual page for this errno.", NULL };

/* ---- what was called ---- */

static void put(char *to, size_t size, struct slice s)
{
	slice_copy(s, to, size);
}

/* No more of it than most letters. */
static struct slice cut(const char *at, size_t len, size_t most)
{
	return (struct slice){ at, len < most ? len : most };
}

/* "{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("1.2.3.4")}" */
static void address_text(struct slice a, char *text, size_t size)
{
	struct slice port = slice_after(a, "_port=htons(");
	struct slice host = slice_quoted(a, "inet_addr(\""), path;
	long long n = port.len ? slice_number(port, NULL) : 0;
	size_t len;

	if (host.len && n >= 0 && host.len + sizeof(":9223372036854775807") < size) {
		len = slice_add(host, text, size, 0);		/* (as most) */
		put_number(text, text_append(":", text, size, len), n);
		return;
	}
	path = slice_quoted(a, "sun_path=\"");
	if (!host.len)
		host = slice_quoted(a, "inet_pton(AF_INET6, \"");
	if (!path.len)
		path = slice_quoted(a, "sun_path=@\"");
	if (path.len)
		put(text, size, path);
	else
		snprintf(text, size, "%.*s:%lld", (int)host.len, host.at, n);
}

static int takes_address(enum call c)
{
	return c == CALL_BIND || c == CALL_CONNECT;
}

/* What tells whether the same succeeded later: the port, the path. */
static uint64_t object_of(const struct step *st)
{
	const struct line *l = st->event->line;
	uint64_t key = HASH_START;
	struct slice s = SLICE("");
	const char *colon;

	/* (It may try again with another number of entries.) */
	if (st->event->call == CALL_RING_SETUP)
		return ~key;
	if (takes_address(st->event->call) && l->n_args > 1) {
		s = slice_after(l->arg[1], "_port=htons(");
		/* A server that has ::1 still lacks 127.0.0.1. */
		if (s.len && st->event->call == CALL_BIND &&
		    slice_find(l->arg[1], "AF_INET6"))
			key = ~key;
		if (s.len)
			return key ^ (uint64_t)slice_number(s, NULL);
		s = l->arg[1];
	} else if (st->event->call == CALL_SENDTO && l->n_args > 4 &&
		   (s = slice_after(l->arg[4], "_port=htons(")).len) {
		return key ^ (uint64_t)slice_number(s, NULL);
	} else if (st->file && st->file->name && file_is_socket(st->file)) {
		colon = strrchr(st->file->name, ':');
		if (colon && st->event->call == CALL_LISTEN &&
		    colon != strchr(st->file->name, ':'))
			key = ~key;			/* of IPv6, as in bind */
		if (colon)
			return key ^ strtoull(colon + 1, NULL, 10);
		s = (struct slice){ st->file->name, strlen(st->file->name) };
	} else if (st->file && st->file->name) {
		s = (struct slice){ st->file->name, strlen(st->file->name) };
	} else if (l->n_args) {
		s = slice_quoted(l->args, "\"");
		if (!s.len)
			s = l->arg[0];
	}
	return hash_slice(key, s);
}

/* "write on /var/log/x", "openat of /etc/x": without the data. */
static int short_text(struct failure *x, const struct step *st)
{
	const struct line *l = st->event->line;
	enum call_class class = call_class(st->event->call);
	const struct file *file = st->file;
	size_t n;

	if (file && file->name && *file->name && !file->direct &&
	    (class == CLASS_IN || class == CLASS_OUT ||
	     st->event->call == CALL_FCNTL || slice_is(l->name, "flock"))) {
		n = slice_add(l->name, x->what, sizeof(x->what), 0);
		n = text_append(" on ", x->what, sizeof(x->what), n);
		slice_add(cut(file->name, strlen(file->name), 120), x->what,
			  sizeof(x->what), n);
		return 1;
	}
	if (!*x->path || file || *x->path != '/')
		return 0;
	n = slice_add(l->name, x->what, sizeof(x->what), 0);
	n = text_append(" of ", x->what, sizeof(x->what), n);
	slice_add(cut(x->path, strlen(x->path), 120), x->what, sizeof(x->what),
		  n);
	return 1;
}

static void describe(struct failure *x, const struct step *st)
{
	const struct line *l = st->event->line;
	char address[100];
	size_t n;

	put(x->error, sizeof(x->error), l->error);
	put(x->path, sizeof(x->path), slice_quoted(l->args, "\""));
	x->line = st->event->first;
	if (takes_address(st->event->call) && l->n_args > 1) {
		address_text(l->arg[1], address, sizeof(address));
		n = slice_add(l->name, x->what, sizeof(x->what), 0);
		n = text_append(" to ", x->what, sizeof(x->what), n);
		text_append(address, x->what, sizeof(x->what), n);
		return;
	}
	if (st->event->call == CALL_SENDTO && l->n_args > 4 &&
	    slice_find(l->arg[4], "_port=htons(")) {
		address_text(l->arg[4], address, sizeof(address));
		snprintf(x->what, sizeof(x->what), "%.*s to %s",
			 (int)l->name.len, l->name.at, address);
		return;
	}
	if (short_text(x, st))
		return;
	n = slice_add(l->name, x->what, sizeof(x->what), 0);
	n = text_append("(", x->what, sizeof(x->what), n);
	n = slice_add(cut(l->args.at, l->args.len, 110), x->what,
		      sizeof(x->what), n);
	n = text_append(l->args.len >= 110 ? "...)" : ")", x->what,
			sizeof(x->what), n);
	if (st->file && st->file->name && !slice_find(l->args, "<")) {
		n = text_append(" on ", x->what, sizeof(x->what), n);
		slice_add(cut(st->file->name, strlen(st->file->name), 40),
			  x->what, sizeof(x->what), n);
	}
}

/* SO_ERROR tells of the connect, or of a connection that was accepted. */
static void late_text(struct failure *x, const struct step *st)
{
	if (st->event->call == CALL_SOCKOPT && st->file && st->file->name)
		snprintf(x->what, sizeof(x->what), "%s %.120s", st->file->parent
			 ? "the connection from" : "connect to", st->file->name);
}

/* ---- which failures count ---- */

static int is_datagram(const struct step *st)
{
	return st->file && st->file->kind == FILE_DATAGRAM;
}

/* Files that libc and runtimes look for, and do without. */
static int is_noise(const struct line *l)
{
	static const char *const paths[] = {
		"/locale", "ld.so", "/nscd", "/dev/log", "nsswitch", "gconv",
		"/etc/ld", ".mo\"", "/etc/host.conf", "/proc/", "/sys/",
		"glibc-hwcaps", "/etc/localtime", "openssl", "/.config",
		"/.local", "/run/systemd", "/dbus", "/.cache", "/zoneinfo",
		".so\"", ".so.", "/terminfo",
	};

	/* (A command's arguments may be anything.) */
	if (!slice_is(l->error, "ENOENT") || slice_is(l->name, "execve"))
		return 0;
	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (slice_find(l->args, paths[i]))
			return 1;
	return 0;
}

/* TCGETS asks whether it is a terminal; these want something of one. */
static int sets_terminal(const struct line *l)
{
	static const char *const requests[] = {
		"TCSET", "TIOCEXCL", "TIOCMSET", "TIOCMBIS", "TIOCMBIC",
		"TIOCSSERIAL", "TIOCSCTTY",
	};

	for (unsigned i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (slice_find(l->args, requests[i]))
			return 1;
	return 0;
}

/* Probes that fail on healthy systems, too. */
static int is_chatter(const struct step *st)
{
	static const char *const errors[] = {
		"EAGAIN", "EINPROGRESS", "EINTR", "ENOTTY", "ESPIPE", "ECHILD",
		"ENODATA", "ENOPROTOOPT", "ESRCH", "EALREADY", "ENOTCONN",
		"ERANGE", "EWOULDBLOCK",
	};
	static const char *const calls[] = {
		"readlink", "readlinkat", "prctl", "rseq", "access",
		"faccessat", "faccessat2", "lseek", "_llseek", "ioctl",
		"getxattr", "lgetxattr", "fgetxattr", "wait4", "waitid",
		"futex", "arch_prctl", "madvise", "getpgid", "kill",
		"set_mempolicy", "get_mempolicy", "sched_getaffinity",
		"statfs", "getpeername", "poll", "epoll_wait", "getsid",
		"timer_settime", "membarrier", "landlock_create_ruleset",
		"io_uring_setup", "mknod", "close", "stat", "lstat",
		"newfstatat", "statx", "fstat", "getsockopt", "setsockopt",
		"rt_sigtimedwait", "prlimit64", "setrlimit",
	};
	const struct line *l = st->event->line;

	/* A path's: its FUSE daemon, its server or its disk has gone. */
	if ((slice_is(l->error, "ENOTCONN") || slice_is(l->error, "ESTALE") ||
	     slice_is(l->error, "EIO")) && memchr(l->args.at, '"',
						     l->args.len))
		return 0;
	/* Standard output that is full and has O_NONBLOCK: the output is lost. */
	if (slice_is(l->error, "EAGAIN") && (st->fd == 1 || st->fd == 2))
		return call_class(st->event->call) != CLASS_OUT;
	if (slice_is(l->error, "ENOTTY") && sets_terminal(l))
		return 0;
	for (unsigned i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (slice_is(l->error, errors[i]))
			return !slice_starts(l->name, "flock") &&
			       !slice_starts(l->name, "fcntl");
	/* It may not write what it wants to. */
	if (slice_is(l->error, "EACCES") && slice_find(l->args, "W_OK"))
		return 0;
	/* What it cleans up is gone. */
	if (slice_is(l->error, "EINVAL") && (slice_is(l->name, "munmap") ||
					     slice_find(l->args, "IPC_RMID")))
		return 1;
	/* (grep -r passes over links so.) */
	if (slice_is(l->error, "ELOOP") && slice_find(l->args, "O_NOFOLLOW"))
		return 1;
	/* (libuv does not know whether it is still in the set.) */
	if (st->event->call == CALL_EPOLL_CTL && slice_is(l->error, "ENOENT"))
		return slice_find(l->args, "EPOLL_CTL_DEL") != NULL;
	/* A datagram socket is connected to see whether there is a route. */
	if (st->event->call == CALL_CONNECT && is_datagram(st))
		return slice_ends(l->error, "UNREACH");
	if (slice_is(l->error, "EBADF"))
		return st->event->call == CALL_FCNTL ||
		       st->event->call == CALL_CLOSE ||
		       st->event->call == CALL_DUP2;
	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (slice_is(l->name, calls[i]))
			return 1;
	if (slice_starts(l->name, "mkdir"))	/* mkdir -p */
		return slice_is(l->error, "EEXIST") ||
		       slice_is(l->error, "ENOENT");
	return is_noise(l);
}

static int looks_at_name(const struct line *l)
{
	static const char *const calls[] = {
		"stat", "lstat", "newfstatat", "statx", "access", "faccessat",
		"faccessat2", "stat64", "lstat64", "fstatat64",
	};

	/* (Most calls are others.) */
	if (!l->name.len || !strchr("aflns", *l->name.at))
		return 0;
	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (slice_is(l->name, calls[i]))
			return 1;
	return 0;
}

/* A loader or make looks for a file in this way, and then gives up. */
static int is_look(const struct line *l)
{
	if (!slice_is(l->error, "ENOENT") && !slice_is(l->error, "EACCES") &&
	    !slice_is(l->error, "EROFS"))
		return 0;
	return looks_at_name(l) && !is_noise(l);
}

/* It often fails, and not as a probe: it may be what the next message is about. */
static int is_act(const struct line *l)
{
	static const char *const calls[] = {
		"prlimit64", "setrlimit", "setsockopt", "mkdir", "mkdirat",
		"kill", "io_uring_setup", "mknod", "prctl",
	};

	if (slice_is(l->error, "ESRCH"))
		return 0;			/* it has ended by itself */
	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (slice_is(l->name, calls[i]))
			return 1;
	return 0;
}

/*
 * A resolver connects its datagram socket to a name server.  (haproxy does so to
 * look for a route, with a socket that blocks.)
 */
static int asks_name_server(const struct step *st)
{
	return st->event->call == CALL_CONNECT && is_datagram(st) &&
	       st->file && st->file->nonblocking == 1 &&
	       slice_find(st->event->line->args, "htons(53)");
}

/* A name that is looked up twice, by IPv6 and IPv4, is not a fault. */
static int counts(const struct step *st, const struct refusal *row)
{
	if (row->when == REFUSED_AT_END)
		return 0;
	if (is_datagram(st) && (step_failed(st, "ENETUNREACH") ||
				step_failed(st, "EHOSTUNREACH")))
		return asks_name_server(st);
	/* The other end of a terminal is closed: that is its end of file. */
	if (step_failed(st, "EIO") && st->file && st->file->name &&
	    (!strncmp(st->file->name, "/dev/pt", 7) ||
	     !strncmp(st->file->name, "/dev/tty", 8)))
		return 0;
	/* Its own child has ended, and why is in the child's calls. */
	if (step_failed(st, "ECONNRESET") && st->file &&
	    st->file->kind == FILE_SOCKETPAIR)
		return 0;
	/* fork's EAGAIN is a limit; a futex's or a read's is not. */
	return !(st->event->line->flags & LINE_NO_RETURN);
}

enum { PASTED = 20 };			/* calls of a log that is an excerpt */

/*
 * Rare in a program that works: in a few lines that somebody chose it is what they
 * are about.
 */
static int is_odd(const struct findings *f, const struct line *l)
{
	static const char *const errors[] = {
		"EBUSY", "ELOOP", "ETXTBSY", "ESTALE", "EUCLEAN",
	};
	static const char *const strict[] = {	/* a probe succeeds in the end */
		"clone", "clone3", "unshare", "setns", "pivot_root", "mount",
	};

	if (f->calls > PASTED)
		return 0;
	if (slice_is(l->error, "EINVAL"))
		for (unsigned i = 0; i < sizeof(strict) / sizeof(*strict); i++)
			if (slice_is(l->name, strict[i]))
				return 1;
	if (slice_find(l->args, "O_NOFOLLOW") || slice_find(l->args, "RESOLVE_"))
		return 0;
	for (unsigned i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (slice_is(l->error, errors[i]))
			return 1;
	return 0;
}

static uint64_t object_key(long pid, uint64_t object)
{
	return object ^ pid * 0x9e3779b97f4a7c15ULL;
}

static struct refused *refused_of(struct findings *f, const struct step *st,
				  const struct refusal *row, uint64_t object)
{
	long pid = st->task->process->pid;
	uint64_t of = object_key(pid, object);
	uint64_t key = (of + 2 * (row - refusal_at(0))) | 1;
	struct refused *r = map_get(&f->refused, key);

	if (r || f->refused.used >= REFUSED_MAX)
		return r;
	r = need(calloc(1, sizeof(*r)));
	r->row = row;
	r->pid = pid;
	r->object = object;
	r->first_ns = st->event->start_ns;
	r->odd = row->when == REFUSED_AT_END && is_odd(f, st->event->line);
	r->accepted = st->file && st->file->parent;
	put(r->name, sizeof(r->name), (struct slice){ task_name(st->task),
		strlen(task_name(st->task)) });
	describe(&r->sample, st);
	late_text(&r->sample, st);
	map_put(&f->refused, key, r);
	r->next = map_get(&f->refused_objects, of);
	map_put(&f->refused_objects, of, r);
	return r;
}

static struct ending *ending_of(struct findings *f, const struct task *t)
{
	struct ending *e = f->ending;

	if (e && f->ending_pid == t->process->pid)
		return e;
	e = map_get(&f->endings, t->process->pid);
	if (!e) {
		e = need(calloc(1, sizeof(*e)));
		e->trouble = &no_trouble;
		/* (strace attached: another of its threads may speak first.) */
		e->first = (t->origin == ORIGIN_FIRST ||
			    (t->origin == ORIGIN_THREAD &&
			     !t->process->saw_start)) && !f->endings_made++;
		e->parent = t->process->parent;
		map_put(&f->endings, t->process->pid, e);
	}
	f->ending_pid = t->process->pid;
	return f->ending = e;
}

/* strace cuts long arguments: "/very/long/path/of/the/config.c"... */
static int begins_cut(const char *argv, const char *path)
{
	enum { CUT_MIN = 16 };
	const char *end, *start;
	size_t len;

	for (end = argv; (end = strstr(end, "\"...")); end++) {
		start = memrchr(argv, '"', end - argv);
		len = start ? end - start - 1 : 0;
		if (len >= CUT_MIN && !strncmp(start + 1, path, len) &&
		    !strchr(path + len, '/'))
			return 1;
	}
	return 0;
}

static int is_argument(const char *argv, struct slice quote)
{
	const char *name, *at;
	char path[100];
	size_t len;

	if (!quote.len)
		return 0;
	put(path, sizeof(path) - 1, quote);
	if (strstr(path, "://"))
		return 0;			/* it is tried as a file, too */
	if (begins_cut(argv, path))
		return 1;
	len = strlen(path);
	memcpy(path + len, "\"", 2);		/* the end of an argument */
	if (len > 1 && strstr(argv, path))
		return 1;
	/* "x.js", which became "/srv/x.js" (no program's name has a dot) */
	name = strrchr(path, '/');
	if (!name || path + len - name <= NAMED_MIN || !strchr(name, '.'))
		return 0;
	at = strstr(argv, name + 1);
	return at && at > argv && at[-1] == '"';
}

/* The path of the call is one that the program was started with. */
static int is_in_arguments(const struct ending *e, const struct step *st)
{
	/* (The first is the program's own name.) */
	const char *argv = e->argv ? strstr(e->argv, "\", ") : NULL;
	const struct line *l = st->event->line;
	struct slice first;

	if (!argv || takes_address(st->event->call))
		return 0;
	first = slice_quoted(l->args, "\"");
	if (is_argument(argv, first))
		return 1;
	/* rename("f", "/mnt/f"), linkat: the new name */
	if (!first.len || (!slice_starts(l->name, "rename") &&
			   !slice_starts(l->name, "link")))
		return 0;
	return is_argument(argv, slice_quoted(slice_of(
		first.at + first.len + 1, l->args.at + l->args.len), "\""));
}

/*
 * The process that set O_NONBLOCK on the descriptor, and where; 0: not known.  A child
 * and its parent have under one number what was open before the log.
 */
__attribute__((cold, noinline))
static long setter_of(const struct findings *f, const struct step *st,
		      unsigned long *line)
{
	const struct file *file = st->file;
	const struct process *p = st->task->process;
	uint64_t name;

	if (file->use && file->use->setter_line) {
		*line = file->use->setter_line;
		return file->use->setter ? file->use->setter : -1;
	}
	if (!f->n_flags || !file->assumed)
		return 0;
	name = file->name ? hash_text(HASH_START, file->name) : 0;
	for (unsigned i = 0; i < FLAGS_KEPT && i < f->n_flags; i++) {
		const struct flags_set *x =
			&f->flags[(f->n_flags - 1 - i) % FLAGS_KEPT];

		if (!x->pid || x->fd != file->fd ||
		    (x->name && name && x->name != name) ||
		    (x->pid != p->parent && x->parent != p->pid &&
		     (!p->parent || x->parent != p->parent)))
			continue;
		*line = x->line;
		return x->nonblock ? x->pid : 0;
	}
	return 0;
}

/* It reads or writes, and the row for its EAGAIN is about O_NONBLOCK. */
static int moves(const struct step *st)
{
	enum call c = st->event->call;

	return st->file && (c == CALL_READ || c == CALL_READV ||
			    c == CALL_PREAD || c == CALL_WRITE ||
			    c == CALL_WRITEV);
}

static const struct refusal *setter_row(int out)
{
	static const struct refusal *row[2];

	if (!row[out])
		row[out] = refusal_find(out ? SLICE("\1write")
					: SLICE("\1read"), SLICE("EAGAIN"),
					SLICE(""));
	return row[out];
}

/* "EAGAIN: ... O_NONBLOCK is set" goes on with who did it. */
static void name_setter(const struct findings *f, const struct step *st,
			struct failure *x)
{
	unsigned long line = 0;
	long pid = setter_of(f, st, &line);
	size_t n, size = sizeof(x->why);

	if (pid == st->task->process->pid || pid < 0) {
		n = text_append(": the program did it itself (line ", x->why,
				size, 0);
	} else {
		n = text_append(": pid ", x->why, size, 0);
		n = put_number(x->why, n, pid);
		n = text_append(", which shares the descriptor, did it (line ",
				x->why, size, n);
	}
	n = put_number(x->why, n, line);
	text_append(")", x->why, size, n);
}

static const struct refusal *row_of(const struct findings *f,
				    const struct step *st, struct slice error)
{
	const struct line *l = st->event->line;
	const char *name = st->file ? st->file->name : NULL;
	const struct refusal *row;
	unsigned long line;

	if (slice_is(error, "EAGAIN") && moves(st) && setter_of(f, st, &line))
		return setter_row(call_class(st->event->call) == CLASS_OUT);
	if (st->file && st->file->direct && slice_is(error, "EINVAL"))
		return refusal_find(l->name, error, SLICE("O_DIRECT"));
	if (st->file && st->fd <= 2 && slice_is(error, "EIO") &&
	    (st->file->kind == FILE_UNKNOWN || st->file->kind == FILE_TERMINAL))
		return refusal_find(l->name, error, SLICE("\1terminal"));
	/* (Without -y the path is only in the call that opened it.) */
	if (name && (!strncmp(name, "/sys/", 5) || !strncmp(name, "/proc/", 6))) {
		row = refusal_find(l->name, error, (struct slice){ name,
				   strlen(name) });
		if (row && row->argument)
			return row;
	}
	return refusal_find(l->name, error, l->args);
}

/* A server that goes on reports these to its log and to the client. */
static int is_denied(struct slice error)
{
	return slice_is(error, "EACCES") || slice_is(error, "EPERM") ||
	       slice_is(error, "EROFS");
}

/* Nobody gets these by looking whether something is there. */
static int is_hard_error(const char *error)
{
	static const char *const errors[] = {
		"EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EIO", "EFBIG",
		"ENOMEM", "EMFILE", "ECONNREFUSED", "ECONNRESET", "EBUSY",
		"ESTALE",
	};

	for (unsigned i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (!strcmp(error, errors[i]))
			return 1;
	return 0;
}

static int is_hard(const struct failure *x)
{
	return x->call && is_hard_error(x->error);
}

/* It may tell another process, which then writes the message. */
static void remember(struct findings *f, const struct step *st,
		     const struct failure *x)
{
	if (!f->hard)
		f->hard = need(calloc(1, sizeof(*f->hard)));
	f->hard->failure = *x;
	f->hard->pid = st->task->process->pid;
}

/* ---- execve: ENOENT of a file that is there ---- */

/* A shell looks at what it could not execute, and opens it. */
static int is_missing_interpreter(struct failure *x, const struct step *st)
{
	if (strcmp(x->error, "ENOENT") || strncmp(x->what, "execve", 6))
		return 0;
	if (!*x->why)
		snprintf(x->why, sizeof(x->why), "; the file itself is there "
			 "(line %lu): what is missing is its interpreter",
			 st->event->first);
	return 1;
}

/* The end of a path tells it from the few others that were looked at. */
static uint64_t path_key(struct slice path)
{
	enum { END = 24 };
	size_t from = path.len > END ? path.len - END : 0;

	return hash_slice(HASH_START + path.len, slice_of(path.at + from,
							  path.at + path.len));
}

/* (A link is there though what it leads to may not be.) */
static void note_there(struct findings *f, struct ending *e,
		       const struct step *st)
{
	const struct line *l = st->event->line;
	struct slice path = slice_quoted(l->args, "\"");
	struct there *t = &f->there[f->n_there % 4];

	if (!path.len || *l->name.at == 'l' || slice_find(l->args, "NOFOLLOW"))
		return;
	for (unsigned i = 0; i < RECENT && i < e->n; i++)
		if (slice_is(path, e->trouble->recent[i].path))
			is_missing_interpreter(&e->trouble->recent[i], st);
	t->path = path_key(path);
	t->line = st->event->first;
	f->n_there++;
}

static void note_interpreter(const struct findings *f, const struct step *st,
			     struct failure *x)
{
	uint64_t path = path_key(slice_quoted(st->event->line->args, "\""));

	if (st->event->call != CALL_EXEC || strcmp(x->error, "ENOENT"))
		return;
	for (unsigned i = 0; i < 4; i++)
		if (f->there[i].line && f->there[i].path == path)
			snprintf(x->why, sizeof(x->why), "; the file itself is "
				 "there (line %lu): what is missing is its "
				 "interpreter, the program after #! or the "
				 "loader of an ELF file", f->there[i].line);
}

/* read(3, "#!/usr/bin/pyton\nprint"..., 80) = 30 */
static void first_line(struct ending *e, const struct step *st)
{
	struct slice text = slice_quoted(st->event->line->args, "\"");
	struct failure *x = &trouble_of(e)->recent[(e->n - 1) % RECENT];
	const char *end = slice_find(text, "\\n");
	size_t len = strlen(x->why);

	e->script = 0;
	if (!slice_starts(text, "#!") || !e->n || !len)
		return;
	text = slice_of(text.at, end ? end : text.at + text.len);
	snprintf(x->why + len, sizeof(x->why) - len, ", and its first line is "
		 "\"%.*s\"", (int)cut(text.at, text.len, 60).len, text.at);
}

/* ":80" of "127.0.0.1:80"; NULL: it is another kind of address. */
static const char *port_of(const char *name)
{
	const char *colon = name ? strrchr(name, ':') : NULL;

	return colon && !strstr(name, "->") && colon[1] &&
	       !colon[1 + strspn(colon + 1, "0123456789")] ? colon : NULL;
}

static int is_v6(const char *name)
{
	const char *port = port_of(name);

	return port && strchr(name, ':') != port;
}

/* A file has the pid of the thread that made it, which may have ended. */
static int is_inherited(const struct findings *f, const struct file *file,
			const struct process *by)
{
	const struct task *t = map_get(&f->world->tasks, file->pid);

	return t ? t->process != by : file->pid == by->parent;
}

/* "127.0.0.1" of "127.0.0.1:80", "::" of ":::80" and "[::]:80" */
static struct slice host_of(const char *name)
{
	const char *end = strrchr(name, ':');
	int brackets = *name == '[' && end > name + 1;

	return slice_of(name + brackets, end - brackets);
}

/* A socket with this name keeps another one from that. */
static int takes(const char *has, const char *wants)
{
	struct slice a = host_of(has), b = host_of(wants);

	return (a.len == b.len && !memcmp(a.at, b.at, a.len)) ||
	       slice_is(a, "::") || slice_is(b, "::") ||
	       (slice_is(a, "0.0.0.0") && !is_v6(wants)) ||
	       (slice_is(b, "0.0.0.0") && !is_v6(has));
}

/* The process that has the port that bind was refused, where the log shows it. */
static void port_is_held(struct findings *f, const struct ending *e,
			 const struct step *st, struct failure *x)
{
	const struct failure *before = &e->trouble->recent[(e->n - 2) % RECENT];
	const struct file *wants = st->file, *has;
	const char *port = port_of(strrchr(x->what, ' ') + 1);
	const struct task *t;

	if (!port || !wants || f->world->tasks.used > SEARCHED_TASKS)
		return;
	if (f->ports == PORTS_MAX) {	/* it tries the same one on and on */
		if (e->n > 1 && !strcmp(before->what, x->what))
			memcpy(x->why, before->why, sizeof(x->why));
		return;
	}
	f->ports++;
	map_each(&f->world->tasks, i, t)
		for (unsigned fd = 0; fd < t->fds->size; fd++) {
			has = t->fds->slot[fd];
			if (!has || has == wants || !file_is_socket(has) ||
			    (has->kind == FILE_DATAGRAM) !=
			    (wants->kind == FILE_DATAGRAM) ||
			    !port_of(has->name) ||
			    strcmp(port_of(has->name), port) ||
			    !takes(has->name, strrchr(x->what, ' ') + 1))
				continue;
			/* (The name of a connection is its peer's.) */
			if (has->kind == FILE_CONNECTION || has->asks)
				continue;
			if (t->process == st->task->process)
				snprintf(x->why, sizeof(x->why), "; the process "
					 "itself has the port: descriptor %u "
					 "(%.50s)%s", fd, has->name,
					 is_v6(has->name) &&
					 !is_v6(strrchr(x->what, ' ')) ?
					 ", which takes IPv4, too, without "
					 "IPV6_V6ONLY" : "");
			else
				snprintf(x->why, sizeof(x->why), "; pid %ld "
					 "(%.20s) holds it as descriptor %u%s%s",
					 t->process->pid, task_name(t), fd,
					 is_inherited(f, has, t->process) ?
					 ", which it inherited" : "",
					 is_inherited(f, has, t->process) &&
					 strcmp(task_name(t),
						task_name(st->task)) ?
					 " (the socket has no SOCK_CLOEXEC)" : "");
			return;
		}
}

/* What else the log shows about the cause. */
static void explain_why(struct findings *f, const struct ending *e,
			const struct step *st, struct failure *x)
{
	enum { SIGCHLD_NUMBER = 17 };
	enum call c = st->event->call;

	if (!strcmp(x->error, "ECONNRESET"))
		reset_by(f, st->file, x->why, sizeof(x->why));
	else if (c == CALL_BIND && !strcmp(x->error, "EADDRINUSE") &&
		 strrchr(x->what, ' '))
		port_is_held(f, e, st, x);
	else if (c == CALL_WAIT && !strcmp(x->error, "ECHILD") &&
		 st->task->process->action[SIGCHLD_NUMBER] == ACTION_IGNORE)
		snprintf(x->why, sizeof(x->why), ": SIGCHLD is ignored "
			 "(SIG_IGN), so the kernel keeps no ended child for "
			 "wait4");
	else if (!strcmp(x->error, "EAGAIN") && st->file &&
		 !slice_find(st->event->line->args, "MSG_DONTWAIT") &&
		 !st->file->nonblocking && st->file->timed &
		 (call_class(c) == CLASS_OUT ? TIMED_OUT : TIMED_IN) &&
		 (call_class(c) == CLASS_OUT || call_class(c) == CLASS_IN))
		snprintf(x->why, sizeof(x->why), ": the time of %s ran out, and "
			 "the peer did not %s", call_class(c) == CLASS_OUT ?
			 "SO_SNDTIMEO" : "SO_RCVTIMEO", call_class(c) ==
			 CLASS_OUT ? "read" : "answer");
}

static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash - path : 0;
}

/*
 * apt writes its messages at its end: of many looks into one folder the last one is
 * kept, and what was denied.
 */
static void keep_far(struct ending *e)
{
	struct trouble *t = e->trouble;
	const struct failure *old = &t->recent[e->n % RECENT];
	struct failure *last = &t->far[(t->n_far + FAR_KEPT - 1) % FAR_KEPT];
	size_t len = folder_length(old->path);

	if (e->n < RECENT || !len ||
	    (!is_hard(old) && strcmp(old->error, "ENOENT")))
		return;
	if (!t->n_far || is_hard(old) || is_hard(last) ||
	    folder_length(last->path) != len || memcmp(last->path, old->path, len))
		last = &t->far[t->n_far++ % FAR_KEPT];
	*last = *old;
}

/* strace attached to the thread as it was in this call. */
static int is_first_call(const struct step *st)
{
	return st->task->first == st->event->first &&
	       !st->task->process->saw_start;
}

/* It has a signal after all. */
static void signalled(struct ending *e)
{
	struct failure *x = e && e->n ? &e->trouble->recent[(e->n - 1) % RECENT]
				      : NULL;

	if (x && x->seen == e->calls)
		x->traced = 0;
}

static void failed(struct findings *f, struct ending *e, struct step *st,
		   struct slice error)
{
	const struct refusal *row = row_of(f, st, error);
	struct refused *r = NULL;
	struct failure *x;
	int asks;

	if (row && counts(st, row)) {
		r = refused_of(f, st, row, object_of(st));
		if (r) {
			track(&r->times, st->event->first);
			r->last_ns = st->event->end_ns;
			r->recovered = 0;
			if (!r->sample.row)
				put(r->sample.error, sizeof(r->sample.error),
				    error);
			r->sample.row = row;
		}
	} else if (row && (!strcmp(row->id, "locked") ||
			   !strcmp(row->id, "lock-file") ||
			   (!strcmp(row->id, "socket-missing") &&
			    st->task->process->serving &&
			    !is_noise(st->event->line)) ||
			   is_denied(error) || is_odd(f, st->event->line))) {
		r = refused_of(f, st, row, object_of(st));
		if (r) {
			track(&r->times, st->event->first);
			r->last_ns = st->event->end_ns;
		}
	}
	if (slice_is(error, "ENOENT") && slice_find(st->event->line->args,
						    ".so") && !e->told) {
		describe(&trouble_of(e)->library, st);
		put(e->trouble->library.error,
		    sizeof(e->trouble->library.error), error);
		*e->trouble->library.why = 0;
		e->trouble->library.row = row;
		e->trouble->library.call = e->trouble->library.seen = e->calls;
	}
	if (e->told || (is_noise(st->event->line) && !is_in_arguments(e, st)))
		return;
	/* (A runtime's threads nap in futex: there would be room for little else.) */
	if (st->event->call == CALL_FUTEX)
		return;
	trouble_of(e);
	keep_far(e);
	x = &e->trouble->recent[e->n++ % RECENT];
	describe(x, st);
	put(x->error, sizeof(x->error), error);
	*x->why = 0;
	explain_why(f, e, st, x);
	if (row && *row->calls == '\1')
		name_setter(f, st, x);
	note_interpreter(f, st, x);
	if (r)
		memcpy(r->sample.why, x->why, sizeof(x->why));
	late_text(x, st);
	x->row = row;
	x->traced = slice_is(error, "EINTR") && is_first_call(st);
	asks = slice_is(error, "ENOTDIR") && is_in_arguments(e, st) &&
	       slice_find(st->event->line->args, "O_DIRECTORY");
	/* EINVAL of readlink: not a link; O_DIRECTORY: it asks which of both. */
	x->named = is_in_arguments(e, st) && !asks &&
		   !(slice_starts(st->event->line->name, "readlink") &&
		     slice_is(error, "EINVAL"));
	x->call = (is_chatter(st) || asks) && !x->named ? 0 : e->calls;
	x->refused = r && r->row->when == REFUSED_AT_END ? r : NULL;
	x->seen = e->calls;
	x->reach = is_act(st->event->line) ? NEXT :
		   is_look(st->event->line) ? NEXT_LOOK : 0;
	if (is_hard(x))
		remember(f, st, x);
}

/* ---- messages ---- */

/* Where "12:59:01" begins, near the start of a line of a log; or NULL. */
static const char *clock_at(struct slice text)
{
	enum { CLOCK_WITHIN = 60, LENGTH = 8, COLON = 2 };
	const char *p, *last;

	if (text.len > CLOCK_WITHIN)
		text.len = CLOCK_WITHIN;
	if (text.len < LENGTH)
		return NULL;
	last = text.at + text.len - LENGTH + COLON;
	for (p = text.at + COLON; p <= last &&
	     (p = memchr(p, ':', last - p + 1)); p++)
		if (p[3] == ':' && isdigit((unsigned char)p[-2]) &&
		    isdigit((unsigned char)p[-1]) &&
		    isdigit((unsigned char)p[1]) &&
		    isdigit((unsigned char)p[2]) &&
		    isdigit((unsigned char)p[4]))
			return p - COLON;
	return NULL;
}

/* Where text begins in s, whatever the case. */
static const char *find_text(struct slice s, const char *text, size_t len)
{
	/* (With this bit set a letter is a small one.) */
	for (size_t i = 0; i + len <= s.len; i++)
		if ((s.at[i] | 32) == (*text | 32) &&
		    !strncasecmp(s.at + i, text, len))
			return s.at + i;
	return NULL;
}

static const char *message_of(const char *error)
{
	static char last[24];			/* most ask for the same again */
	static const char *message;

	if (!strcmp(last, error))
		return message;
	message = NULL;
	snprintf(last, sizeof(last), "%s", error);
	for (int n = 1; n < 134 && !message; n++) {
		const char *name = strerrorname_np(n);

		if (name && !strcmp(name, error))
			message = strerrordesc_np(n);
	}
	return message;
}

/* Python's "[Errno 32]", node's "errno: -32". */
static int has_number(struct slice text, const char *error)
{
	struct slice rest = slice_after(text, "[Errno ");
	const char *name;

	if (!rest.len)
		return 0;
	name = strerrorname_np((int)slice_number(rest, NULL));
	return name && !strcmp(name, error);
}

/* What is between the first quote and the last. */
static struct slice quoted_all(struct slice args)
{
	const char *from = memchr(args.at, '"', args.len), *to;

	to = from ? memrchr(from + 1, '"', args.at + args.len - from - 1)
		  : NULL;
	return to ? slice_of(from + 1, to) : (struct slice){ args.at, 0 };
}

/* How long the start of message is that stands at p, whatever the case. */
static size_t same_letters(const char *p, const char *end, const char *message)
{
	size_t n = 0;

	while (message[n] && p + n < end &&
	       tolower((unsigned char)p[n]) == tolower((unsigned char)message[n]))
		n++;
	return n;
}

static int speaks_of(struct slice text, const char *error)
{
	const char *message = *error ? message_of(error) : NULL, *p;
	const char *end = text.at + text.len;
	size_t len = message ? strlen(message) : 0;

	if (!len)
		return 0;
	if (has_number(text, error) ||
	    (strlen(error) > 4 && find_text(text, error, strlen(error))))
		return 1;
	for (p = text.at; (p = find_text(slice_of(p, end), message, 1)); p++) {
		size_t same = same_letters(p, end, message);

		/* The whole of it, or strace cut it short. */
		if (same == len || (same >= MESSAGE_MIN &&
				    (p + same == end || p[same] == '"')))
			return 1;
	}
	return 0;
}

/* A server or a program that is not there, unlike a file, is seldom optional. */
static int is_vital(const struct failure *x)
{
	return !strncmp(x->what, "connect", 7) || !strncmp(x->what, "execve", 6);
}

/* The file's name is in the text: "nope.h: No such file or dire"... */
static int names_file(struct slice text, const struct failure *x)
{
	const char *slash = strrchr(x->path, '/');
	const char *name = slash ? slash + 1 : x->path;

	return x->call && (slash || !is_vital(x)) &&
	       strlen(name) >= NAMED_MIN &&
	       find_text(text, name, strlen(name));
}

/* An older one of the same errno whose file the message names; else x. */
static const struct failure *named_one(const struct ending *e, unsigned i,
				       struct slice text,
				       const struct failure *x)
{
	unsigned n = e->n < RECENT ? e->n : RECENT;

	if (names_file(text, x))
		return x;
	for (; i <= n; i++) {
		const struct failure *y = &e->trouble->recent[(e->n - i) % RECENT];

		if (!strcmp(y->error, x->error) && names_file(text, y))
			return y;
	}
	return x;
}

static int speaks_out(const struct step *st);

/* The first complaint of its message came right after the suspected call. */
static int explains_complaint(const struct ending *e)
{
	const struct trouble *t = e->trouble;

	return *t->complaint && !e->waited && t->suspect.call &&
	       t->suspect.call < t->message_call &&
	       t->suspect.call + NEXT >= t->message_call;
}

/* "mount: /mnt: ...": what follows the program's own name. */
static struct slice without_own_name(const struct ending *e, struct slice text)
{
	struct slice own = slice_quoted((struct slice){ e->argv ? e->argv : "",
				e->argv ? strlen(e->argv) : 0 }, "\"");
	const char *slash = own.len ? memrchr(own.at, '/', own.len) : NULL;

	if (slash)
		own = slice_of(slash + 1, own.at + own.len);
	if (own.len && own.len < text.len && text.at[own.len] == ':' &&
	    !memcmp(text.at, own.at, own.len))
		text = slice_of(text.at + own.len, text.at + text.len);
	return text;
}

/* The failure whose path begins as the text that strace cut ends: "/usr/lib/apt/m" */
static const struct failure *of_cut_path(const struct ending *e,
					 const struct step *st, struct slice text)
{
	enum { SHORT = 4, LONG = 12 };
	const struct trouble *t = e->trouble;
	unsigned n = e->n < RECENT ? e->n : RECENT;
	unsigned far = t->n_far < FAR_KEPT ? t->n_far : FAR_KEPT;
	const char *from = text.len ? memrchr(text.at, ' ', text.len) : NULL;
	struct slice path;

	if (!from || !slice_find(st->event->line->args, "\"..."))
		return NULL;
	while (from < text.at + text.len && memchr(" '\"\\", *from, 4))
		from++;
	path = slice_of(from, text.at + text.len);
	if (path.len < SHORT || *path.at != '/')
		return NULL;
	for (unsigned i = 1; i <= n + far; i++) {
		const struct failure *x = i <= n ? &t->recent[(e->n - i) % RECENT]
				: &t->far[(t->n_far - (i - n)) % FAR_KEPT];

		if ((is_hard(x) || (path.len >= LONG && !strcmp(x->error,
		     "ENOENT"))) && strlen(x->path) > path.len &&
		    !memcmp(x->path, path.at, path.len))
			return x;
	}
	return NULL;
}

/* It looked for a name just after it had been denied another thing. */
static const struct failure *denied_before(const struct ending *e, unsigned i,
					   const struct failure *x)
{
	unsigned n = e->n < RECENT ? e->n : RECENT;

	if (is_hard(x) || is_vital(x) || x->named)
		return x;
	for (i++; i <= n; i++) {
		const struct failure *y = &e->trouble->recent[(e->n - i) % RECENT];

		if (y->seen + NEXT_LOOK >= e->calls && is_hard(y))
			return y;
	}
	return x;
}

/* "Cannot connect to the server": many calls may lie between. */
static int is_of_dialling(struct slice text)
{
	const char *p = find_text(text, "connect to", 10);

	return (p && (p == text.at || !isalpha((unsigned char)p[-1]))) ||
	       find_text(text, "failed to connect", 17) ||
	       find_text(text, "unable to connect", 17);
}

/* Of which failure does it tell?  The newest of that kind. */
static void told(struct ending *e, const struct step *st)
{
	struct slice text = without_own_name(e, quoted_all(st->event->line->args));
	unsigned n = e->n < RECENT ? e->n : RECENT;
	int aloud = speaks_out(st);
	const char *silent = NULL;		/* it says nothing of this errno */
	const struct failure *x;

	if (e->trouble->library.line && names_file(text, &e->trouble->library)) {
		e->trouble->blamed = e->trouble->library;
		e->has_blamed = 1;
		return;
	}
	for (unsigned i = 1; i <= n; i++) {
		int speaks;

		x = &e->trouble->recent[(e->n - i) % RECENT];
		speaks = (x->call || x->seen + NEXT_CHATTER >= e->calls) &&
			     !(silent && !strcmp(x->error, silent));

		if (speaks && !speaks_of(text, x->error)) {
			silent = x->error;
			speaks = 0;
		}
		if (!speaks && !(aloud && names_file(text, x)))
			continue;
		x = named_one(e, i + 1, text, x);
		e->trouble->blamed = *x;
		e->trouble->blamed.call = e->calls;
		e->has_blamed = 1;
		if (x->refused)
			x->refused->reported++;
		return;
	}
	x = aloud ? of_cut_path(e, st, text) : NULL;
	if (x) {
		e->trouble->suspect = *x;
		e->has_suspect = BY_PATH;
		return;
	}
	if (aloud && e->trouble->library.line &&
	    e->trouble->library.seen + NEXT_LOOK >= e->calls) {
		e->trouble->suspect = e->trouble->library;
		e->has_suspect = 1;
		return;
	}
	/* A line of its log, with a time, right after what it needs was not there. */
	if (n && clock_at(text)) {
		x = &e->trouble->recent[(e->n - 1) % RECENT];
		if (x->refused && is_vital(x) && x->seen + 1 >= e->calls)
			x->refused->reported++;
	}
	for (unsigned i = 1; i <= n && aloud && is_of_dialling(text); i++) {
		x = &e->trouble->recent[(e->n - i) % RECENT];
		if (x->call && !strncmp(x->what, "connect ", 8)) {
			e->trouble->suspect = *x;
			e->has_suspect = 1;
			return;
		}
	}
	for (unsigned i = 1; i <= n && aloud; i++) {
		/* (Not what it failed in long before.) */
		x = &e->trouble->recent[(e->n - i) % RECENT];
		if (!(x->call && x->call + NEAR_MESSAGE >= e->calls) &&
		    !(x->reach && x->seen + x->reach >= e->calls))
			continue;
		/*
		 * What it was denied says more than what it did not find; and
		 * what came right before its first complaint more than what
		 * follows.
		 */
		if (e->has_suspect && !is_hard(x) &&
		    (e->has_suspect == BY_PATH ||
		     is_hard(&e->trouble->suspect) || explains_complaint(e)))
			return;
		x = denied_before(e, i, x);
		e->trouble->suspect = *x;
		e->has_suspect = 1;
		/* strace cut the message, and it comes next. */
		if (x->refused && x->seen + NEXT_LOOK >= e->calls &&
		    slice_find(st->event->line->args, "\"..."))
			x->refused->reported++;
		return;
	}
}

/* Words, and the two letters that each begins with: at most places none does. */
struct words {
	const char *const *list;	/* NULL is its end */
	uint32_t second[32];		/* bits, for each first letter */
	int indexed;
};

static void index_words(struct words *w)
{
	for (const char *const *at = w->list; *at; at++)
		w->second[(*at)[0] & 31] |= 1u << ((*at)[1] & 31);
	w->indexed = 1;
}

/* Does one of them begin at p, whatever the case? */
static int begins_word(const char *p, const char *end, const struct words *w)
{
	for (const char *const *at = w->list; *at; at++) {
		const char *c = p, *word = *at;

		/* (With this bit set a letter is a small one.) */
		while (c < end && *word && (*c | 32) == (*word | 32))
			c++, word++;
		if (!*word)
			return 1;
	}
	return 0;
}

static int has_word(struct slice s, struct words *w)
{
	const char *end = s.at + s.len;

	if (!w->indexed)
		index_words(w);
	for (const char *p = s.at; p + 1 < end; p++)
		if (w->second[*p & 31] >> (p[1] & 31) & 1 &&
		    begins_word(p, end, w))
			return 1;
	return 0;
}

/* "scp: dest open \"/x\": ...": strace cut what was wrong with it. */
static int is_cut_complaint(struct slice s)
{
	const char *colon = memchr(s.at, ':', s.len);

	return slice_ends(s, ": ...") && colon + 5 < s.at + s.len &&
	       !memchr(s.at, ' ', colon - s.at);
}

static int is_complaint(struct slice s)
{
	static const char *const bad[] = {
		"error", "fail", "fatal", "cannot", "can't", "could not",
		"couldn't", "denied", "no such", "not found", "unable",
		"invalid", "refused", "exception", "abort", "usage",
		"not permitted", "not allowed", "not exist", "unknown",
		"unrecognized", "illegal", "missing", "unexpected", "wrong",
		"corrupt", "problem", "reject", "expired", "timed out",
		"does not ", "is not ", "must be ", "permissions 0", NULL,
	};
	/* (Of a timeout in asyncio: what follows tells more.) */
	static const char *const mild[] = {
		"warn", "Traceback", "CancelledError", "above exception",
		NULL,
	};
	static struct words bad_ones = { bad }, mild_ones = { mild };

	return (has_word(s, &bad_ones) || is_cut_complaint(s)) &&
	       !has_word(s, &mild_ones);
}

/* A line has ended. What follows tells of the consequences. */
static void keep_complaint(struct ending *e)
{
	const char *message = e->trouble->message;
	const char *end = message + strlen(message) - 1, *start = end;
	struct slice line;

	while (start > message && start[-1] != '\n')
		start--;
	line = slice_of(start, end);
	if (slice_starts(line, " ! ["))		/* git: what was rejected */
		line = slice_of(start + 1, end);
	if (line.len && *line.at != ' ' && is_complaint(line))
		put(e->trouble->complaint, sizeof(e->trouble->complaint),
		    line);
}

static void keep_text(struct ending *e, const char *text, size_t more)
{
	size_t len = strlen(e->trouble->message);

	if (len + more >= MESSAGE_SIZE) {
		size_t cut = len + more - MESSAGE_SIZE + 1;

		cut = cut < len ? cut : len;
		memmove(e->trouble->message, e->trouble->message + cut, len - cut);
		len -= cut;
	}
	memcpy(e->trouble->message + len, text, more);
	e->trouble->message[len + more] = 0;
	/* (Python's programs say what is wrong behind how to use them.) */
	if (text[more - 1] == '\n' && (!*e->trouble->complaint ||
	    !strncasecmp(e->trouble->complaint, "usage", 5)))
		keep_complaint(e);
}

/* The text of a call, without what strace put between its parts. */
static void keep_part(struct ending *e, struct slice text)
{
	const char *end = text.at + text.len, *p;

	if (text.len > MESSAGE_SIZE / 2)
		end = text.at + MESSAGE_SIZE / 2;
	for (p = text.at; p < end; p++) {
		const char *run = memchr(p, '\\', end - p);

		if (!run || run + 1 == end)
			run = end;
		if (run > p) {
			keep_text(e, p, run - p);
			p = run - 1;
		} else if (*++p == 'n') {
			keep_text(e, "\n", 1);
		} else if (*p == '"' || *p == '\\') {
			keep_text(e, p, 1);
		} else {
			keep_text(e, " ", 1);	/* a colour, a tab */
			for (int i = 0; i < 2 && p + 1 < end &&
			     isdigit((unsigned char)*p) &&
			     isdigit((unsigned char)p[1]); i++)
				p++;
		}
	}
}

/* The next string of the arguments; *rest is what follows it. */
static int next_string(struct slice *rest, struct slice *text)
{
	const char *end = rest->at + rest->len;
	const char *from = memchr(rest->at, '"', rest->len);
	const char *to = from ? skip_string(from, end) : NULL;

	if (!to)
		return 0;
	*text = slice_of(from + 1, to - 1);
	*rest = slice_of(to, end);
	return 1;
}

/* What it wrote to stderr, by lines: the newest letters are kept. */
static void spoke(struct findings *f, struct ending *e,
		  const struct step *st)
{
	struct slice rest = st->event->line->args, text;
	int any = 0;

	while (next_string(&rest, &text)) {
		struct trouble *t = trouble_of(e);

		if (e->waited)			/* that was about another thing */
			e->waited = *t->message = *t->complaint = 0;
		if (!*t->complaint)
			t->message_call = e->calls;
		any |= text.len > 0;
		keep_part(e, text);
		if (slice_starts(rest, "..."))
			keep_text(e, "...\n", 4);
	}
	if (!any)
		return;
	e->message_line = st->event->first;
	e->speaker = st->task->pid;
	e->waited = 0;
	e->other_pid = 0;
	if (f->hard && f->hard->pid != st->task->process->pid &&
	    f->hard->failure.line + NEXT_LINES >= e->message_line) {
		e->trouble->other = f->hard->failure;
		e->other_pid = f->hard->pid;
	}
}

/*
 * Where the first of these words is in s, as a whole word; or NULL.  Each begins
 * with a blank or a bracket.
 */
static const char *find_level(struct slice s, const char *const *words)
{
	const char *end = s.at + s.len;

	for (const char *p = s.at; p < end; p++) {
		if ((*p != ' ' && *p != '[') || p + 1 == end ||
		    !isalpha((unsigned char)p[1]))
			continue;
		for (const char *const *at = words; *at; at++) {
			const char *stop;

			if (p[0] != (*at)[0] || p[1] != (*at)[1])
				continue;	/* (as most) */
			stop = p + strlen(*at);
			if (slice_starts(slice_of(p, end), *at) &&
			    (stop == end || !isalnum((unsigned char)*stop)))
				return p;
		}
	}
	return NULL;
}

/* "12:59:01 [error]": a line of a log, of an error. */
static int is_error_line(struct slice line)
{
	static const char *const errors[] = {
		"[error]", "[crit]", "[alert]", "[emerg]", " ERROR", " FATAL",
		" PANIC", "[ERROR]", " SEVERE", NULL,
	};
	static const char *const others[] = {
		" INFO", "[INFO", "[info", " DEBUG", "[DEBUG", "[debug",
		" TRACE", " WARN", " WARNING", "[WARN", "[warn", " NOTICE",
		"[notice", " LOG", " STATEMENT", NULL,
	};
	const char *level, *other;

	if (!clock_at(line))
		return 0;
	level = find_level(line, errors);
	if (!level)				/* (as in most lines) */
		return 0;
	other = find_level(line, others);
	return !other || level < other;
}

/*
 * "12:59:01.123 # ": redis marks its warnings so, and also that it starts.  Until
 * the first client comes, it is an error only if a call failed before.
 */
static int is_marked_line(struct slice line)
{
	const char *clock = clock_at(line);

	return clock && slice_find(line, " # ") ==
	       clock + sizeof("12:59:01.123") - 1;
}

/* Of the lines in text the first that is one; of the last, a part may be there. */
static int find_error_line(struct slice text, struct slice *line, int *whole)
{
	for (;;) {
		const char *end = text.at + text.len;
		const char *stop = slice_find(text, "\\n");

		*line = slice_of(text.at, stop ? stop : end);
		if (is_error_line(*line) || is_marked_line(*line)) {
			*whole |= stop != NULL;
			return 1;
		}
		if (!stop)
			return 0;
		text = slice_of(stop + 2, end);
	}
}

/* The failed call that a line of the log is about. */
static const struct failure *failed_before(const struct ending *e,
					   struct slice text, int whole)
{
	unsigned n = e->n < RECENT ? e->n : RECENT;

	for (unsigned i = 1; i <= n; i++) {
		const struct failure *x =
			&e->trouble->recent[(e->n - i) % RECENT];

		if (x->seen + NEXT_LOOK >= e->calls &&
		    (speaks_of(text, x->error) || (x->call && !whole)))
			return x;
	}
	return NULL;
}

static int starts(const struct process *p)
{
	return p->saw_start && !p->serving;
}

/* An error that it reports in its log, while it goes on. */
static void logged(struct ending *e, const struct step *st)
{
	struct slice rest = st->event->line->args, text;
	const struct failure *x;
	struct trouble *t;
	int whole;

	if (!next_string(&rest, &text))
		return;
	whole = !slice_starts(rest, "...");
	if (!find_error_line(text, &text, &whole))
		return;
	t = trouble_of(e);
	x = failed_before(e, text, whole);
	if (!x && is_marked_line(text) && starts(st->task->process))
		return;
	t->errors++;
	t->marked += !x && is_marked_line(text);
	t->error_line = st->event->first;
	snprintf(t->error, sizeof(t->error), "%.*s%s", (int)cut(text.at,
		 text.len, 100).len, text.at, whole ? "" : "...");
	t->logged.line = 0;
	if (x)
		t->logged = *x;
}

/*
 * The first line of the message that complains: what follows tells of the
 * consequences.  Indented lines are a stack's.  Else the last with letters.
 */
static struct slice last_words(const struct ending *e)
{
	const char *p = e->trouble->message, *end;
	struct slice last = { p, 0 }, line;
	int letters;

	if (*e->trouble->complaint)
		return (struct slice){ e->trouble->complaint, strlen(e->trouble->complaint) };
	for (; *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, '\n');
		line = slice_of(p, end);
		letters = 0;
		for (const char *c = p; c < end; c++)
			letters += isalpha((unsigned char)*c) != 0;
		if (letters && *p != ' ' && is_complaint(line))
			return line;
		if (letters)
			last = line;
	}
	return last;
}

/* ---- looking ---- */

/* getsockopt(5, SOL_SOCKET, SO_ERROR, [0], [4]) = 0 */
static int is_connected(const struct step *st)
{
	const struct line *l = st->event->line;

	return st->event->call == CALL_SOCKOPT && l->n_args > 3 &&
	       slice_is(l->arg[2], "SO_ERROR") && slice_is(l->arg[3], "[0]");
}

/* It looked whether the file is there, and made it. */
static void forgive(struct ending *e, const struct step *st)
{
	struct slice path = slice_quoted(st->event->line->args, "\"");

	/* (ld.so found the library in another folder.) */
	if (e->trouble->library.line && names_file(path, &e->trouble->library))
		e->trouble->library.line = 0;
	for (unsigned i = 0; i < RECENT && i < e->n; i++)
		if (slice_is(path, e->trouble->recent[i].path) &&
		    is_hard(&e->trouble->recent[i]) &&
		    slice_find(st->event->line->args, "O_RDONLY"))
			trouble_of(e)->readonly = e->trouble->recent[i];
	/* (What may be read only is still not what it asked for.) */
	for (unsigned i = 0; i < RECENT && i < e->n; i++)
		if (slice_is(path, e->trouble->recent[i].path) &&
		    slice_find(st->event->line->args, "O_RDONLY") &&
		    is_missing_interpreter(&e->trouble->recent[i], st))
			e->script = st->made_fd > 0 ? st->made_fd : 0;
		else if (slice_is(path, e->trouble->recent[i].path) &&
			 (!strcmp(e->trouble->recent[i].error, "ENOENT") ||
			  !slice_find(st->event->line->args, "O_RDONLY")))
			e->trouble->recent[i].named = e->trouble->recent[i].call = 0;
}

/* There are no huge pages, and it takes small ones. */
static void forgive_huge(struct ending *e, const struct step *st)
{
	const struct line *l = st->event->line;
	struct failure *x;

	if (l->n_args < 4 || !slice_find(l->arg[3], "MAP_ANONYMOUS"))
		return;
	for (unsigned i = 0; i < RECENT && i < e->n; i++) {
		x = &e->trouble->recent[i];
		if (!strncmp(x->what, "mmap(", 5) &&
		    strstr(x->what, "MAP_HUGETLB"))
			x->call = x->reach = 0;
	}
}

/* mkdir: what it had looked for and not found is there now. */
static void made_directory(struct ending *e, const struct step *st)
{
	struct slice path = slice_quoted(st->event->line->args, "\"");
	struct failure *x;

	for (unsigned i = 0; i < RECENT && i < e->n; i++) {
		x = &e->trouble->recent[i];
		if (slice_is(path, x->path) && !strcmp(x->error, "ENOENT"))
			x->named = x->call = x->reach = x->seen = 0;
	}
}

/* clone3 without the flag that this kernel lacks; mount without the option */
__attribute__((cold))
static void try_worked(struct findings *f, const struct step *st)
{
	struct slice name = st->event->line->name;
	struct refused *r;

	if (slice_is(name, "clone3"))
		name = SLICE("clone");
	map_each(&f->refused, i, r)
		if (r->odd && r->pid == st->task->process->pid &&
		    !strcmp(r->sample.error, "EINVAL") &&
		    !strncmp(r->sample.what, name.at, name.len))
			r->recovered = 1;
}

static void succeeded(struct findings *f, struct ending *e,
		      const struct step *st)
{
	enum call c = st->event->call;
	uint64_t object;
	struct refused *r;

	if (c == CALL_OPEN || c == CALL_OPENAT)
		forgive(e, st);
	else if (c == CALL_MMAP && e->n)
		forgive_huge(e, st);
	else if (asks_name_server(st))
		e->has_name_server = 1;
	else if (c == CALL_OTHER && e->n &&
		 slice_starts(st->event->line->name, "mkdir"))
		made_directory(e, st);
	else if (c == CALL_OTHER && !st->task->process->serving &&
		 looks_at_name(st->event->line))
		note_there(f, e, st);
	else if (e->script && st->fd == e->script &&
		 call_class(c) == CLASS_IN)
		first_line(e, st);
	if (f->refused.used && f->calls <= PASTED)
		try_worked(f, st);
	if (!f->refused.used || !(takes_address(c) || st->bytes > 0 ||
				  c == CALL_OPENAT || c == CALL_OPEN ||
				  c == CALL_LISTEN || c == CALL_RING_SETUP ||
				  is_connected(st)))
		return;
	object = object_of(st);
	r = map_get(&f->refused_objects, object_key(st->task->process->pid,
						    object));
	for (; r; r = r->next)
		if (r->object == object &&
		    r->pid == st->task->process->pid)
			r->recovered = 1;
}

/* getsockopt(5, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0 */
static struct slice late_error(const struct step *st)
{
	const struct line *l = st->event->line;
	struct slice e = { l->text.at, 0 };

	if (st->event->call != CALL_SOCKOPT || l->n_args < 4 ||
	    !slice_is(l->arg[2], "SO_ERROR") || l->arg[3].len < 3 ||
	    l->arg[3].at[1] != 'E')
		return e;
	return slice_of(l->arg[3].at + 1, l->arg[3].at + l->arg[3].len - 1);
}

/* fcntl(4, F_GETLK, {l_type=F_WRLCK, ...}) = 0: another one's lock. */
static int found_lock(const struct step *st)
{
	const struct line *l = st->event->line;

	return st->event->call == CALL_FCNTL && l->n_args > 2 &&
	       slice_find(l->arg[1], "GETLK") &&
	       !slice_find(l->arg[2], "F_UNLCK") &&
	       !(l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN));
}

static void note_lock(struct ending *e, const struct step *st)
{
	struct failure *x = &trouble_of(e)->recent[e->n++ % RECENT];

	describe(x, st);
	snprintf(x->what, sizeof(x->what), "it found another lock on %.80s",
		 st->file && st->file->name ? st->file->name : "a file");
	*x->error = *x->why = 0;
	x->row = refusal_find(SLICE("fcntl"), SLICE("EAGAIN"),
			      st->event->line->args);
	x->named = 0;
	x->reach = 0;
	x->call = x->seen = e->calls;
	x->refused = NULL;
}

/* No call failed: what it saw is the trouble, and the caller says what. */
__attribute__((cold))
static struct failure *note_seen(struct ending *e, const struct step *st,
				 const struct refusal *row)
{
	struct failure *x = &trouble_of(e)->recent[e->n++ % RECENT];

	describe(x, st);
	*x->error = *x->path = *x->why = 0;
	x->row = row;
	x->named = 0;
	x->reach = 0;
	x->call = x->seen = e->calls;
	x->refused = NULL;
	return x;
}

/* read(3, "1234\n", 32) = 5: a PID file. */
__attribute__((noinline))
static void read_pid(struct ending *e, const struct step *st)
{
	enum { PID_MAX = 12 };			/* bytes */
	struct slice text;
	const char *end;
	long pid;

	if (st->bytes > PID_MAX)
		return;
	text = slice_quoted(st->event->line->args, "\"");
	if (!text.len || !isdigit((unsigned char)*text.at))
		return;
	pid = slice_number(text, &end);
	if (end < text.at + text.len && *end != '\\')
		return;
	e->pid_read = pid;
	e->pid_line = st->event->first;
}

/* kill(1234, 0) = 0, or a look at /proc/1234, which is there */
static int found_alive(const struct ending *e, const struct step *st)
{
	const struct line *l = st->event->line;
	struct slice path;

	if (e->pid_read <= 1 || e->pid_read == st->task->process->pid)
		return 0;
	if (st->event->call == CALL_KILL)
		return l->n_args == 2 &&
		       slice_number(l->arg[0], NULL) == e->pid_read &&
		       (slice_is(l->arg[1], "0") || slice_is(l->arg[1], "SIG_0"));
	if (st->event->call != CALL_OPEN && st->event->call != CALL_OPENAT &&
	    st->event->call != CALL_OTHER)
		return 0;
	path = slice_quoted(l->args, "\"");
	return slice_starts(path, "/proc/") && slice_number(slice_of(path.at +
			strlen("/proc/"), path.at + path.len), NULL) ==
	       e->pid_read;
}

static void note_alive(struct ending *e, const struct step *st)
{
	struct failure *x = note_seen(e, st, refusal_find(SLICE("kill"),
					SLICE("alive"), SLICE("")));

	snprintf(x->what, sizeof(x->what), "it read the number %ld in a file (line "
		 "%lu), and a process with this number exists", e->pid_read, e->pid_line);
}

/* poll([{fd=7, events=POLLIN}], 1, -1) = 1 ([{fd=7, revents=POLLNVAL}]) */
static int polled_closed(const struct step *st)
{
	const struct line *l = st->event->line;

	/* (With events=0 it asks whether it is open.) */
	return st->event->call == CALL_POLL && l->ret > 0 &&
	       slice_find(l->args, "events=POLL") &&
	       slice_find(l->aux, "revents=POLLNVAL");
}

static void note_closed(struct ending *e, const struct step *st)
{
	struct failure *x = note_seen(e, st, NULL);
	struct slice aux = st->event->line->aux, list;
	const char *at = slice_find(aux, ", revents=POLLNVAL"), *fd = at;

	while (fd > aux.at && fd[-1] != '=')
		fd--;
	list = slice_of(fd, at);
	snprintf(x->what, sizeof(x->what), "%.*s reported POLLNVAL for descriptor "
		 "%.*s, which is not open (or has O_PATH)", (int)st->event->line->name.len,
		 st->event->line->name.at, (int)(list.len < 12 ? list.len : 12),
		 list.at);
}

/* A server that hangs up before it has said a word. */
static int hung_up(const struct step *st)
{
	const struct file *file = st->file;

	return st->phase & PHASE_EOF && file && file_is_stream(file) &&
	       file->kind != FILE_SOCKETPAIR && !file->parent &&
	       !file->assumed && !file->bytes_in && file->name &&
	       !strstr(file->name, "/nscd");
}

static void note_hang_up(struct ending *e, const struct step *st)
{
	struct failure *x = note_seen(e, st, NULL);

	snprintf(x->what, sizeof(x->what), "the peer %.80s closed the "
		 "connection without an answer", st->file->name);
}

/* HTTP, redis, MySQL's 0xff, PostgreSQL's ErrorResponse. */
static int is_error_reply(const struct step *st)
{
	struct slice args = st->event->line->args;
	const char *p = memchr(args.at, '"', args.len);
	unsigned char d[16];
	size_t n;

	if (!p || p + 3 > args.at + args.len ||
	    (!strchr("HE-\\", p[1]) && p[2] != '\\'))
		return 0;			/* (as most) */
	n = shown_bytes(args, d, sizeof(d));
	if (n < 8)
		return 0;
	if (!memcmp(d, "HTTP/1.", 7))
		return n > 9 && d[9] == '5';
	if (*d == '-')
		return isupper(d[1]) && isupper(d[2]) && isupper(d[3]);
	if (*d == 'E' && !d[1] && !d[2])
		return d[5] == 'S';
	return d[4] == 0xff && d[0] + d[1] * 256L + d[2] * 65536L + 4 ==
	       st->bytes;
}

/* What it was denied while it served a client, which it tells of an error. */
static void replied(struct ending *e, const struct step *st)
{
	unsigned n = e->n < RECENT ? e->n : RECENT;

	for (unsigned i = 1; i <= n; i++) {
		const struct failure *x = &e->trouble->recent[(e->n - i) % RECENT];

		if (x->seen + NEXT_LOOK < e->calls)
			return;
		if (!is_hard(x) || !x->refused || !is_error_reply(st))
			continue;
		x->refused->reported++;
		return;
	}
}

static int is_message(const struct step *st)
{
	enum call c = st->event->call;

	return (c == CALL_WRITE || c == CALL_WRITEV || c == CALL_SENDTO ||
		c == CALL_SENDMSG) &&
	       (st->fd == 2 || !st->file || !file_is_stream(st->file));
}

static void exits(struct ending *e, const struct step *st, int status,
		  int killed)
{
	if (e->ended)
		return;
	e->ended = 1;
	e->status = status;
	e->killed = killed;
	e->exit_line = st->event->first;
	put(e->name, sizeof(e->name), (struct slice){ task_name(st->task),
		strlen(task_name(st->task)) });
}

/* "12:59:01.123 # Fatal error": a server logs to stdout, or to a file. */
static int is_log(const struct step *st)
{
	if (st->fd != 1 && !(st->file && st->file->kind == FILE_REGULAR &&
			     st->file->name && strstr(st->file->name, "log")))
		return 0;
	return clock_at(quoted_all(st->event->line->args)) != NULL;
}

/* On stderr, or an error in a log of its own, whatever the file's name is. */
static int speaks_out(const struct step *st)
{
	struct slice text;

	/* (A duplicate of stderr has its first number.) */
	if (st->fd == 2 || (st->file && st->file->fd == 2 && st->file->assumed))
		return 1;
	if (!st->file || st->file->kind != FILE_REGULAR)
		return 0;
	text = slice_after(st->event->line->args, "\"");
	return text.len && (isdigit((unsigned char)*text.at) || *text.at == '[') &&
	       is_error_line(quoted_all(st->event->line->args));
}

/* A log's descriptor is from before the trace: it may be of any kind. */
static int may_be_log(const struct step *st)
{
	return st->file && !file_is_socket(st->file) &&
	       (st->fd == 2 || st->file->kind == FILE_UNKNOWN ||
		st->file->kind == FILE_REGULAR || st->file->kind == FILE_PIPE ||
		st->file->kind == FILE_TERMINAL ||
		st->file->kind == FILE_DEVICE);
}

/* SIGHUP, SIGINT, SIGTERM: what fails afterwards is not why it ended. */
static int is_request(int signal)
{
	return signal == 1 || signal == 2 || signal == 15;
}

/* A process that was itself asked to end told it to: rsync's SIGUSR1. */
static int is_passed_on(struct findings *f, const struct step *st)
{
	struct slice pid = line_field(st->event->line->args, "si_pid");
	const struct ending *from = pid.len ? map_get(&f->endings,
					slice_number(pid, NULL)) : NULL;

	return from && from->told && st->signal != SIGCHLD;
}

/*
 * A process that ended well explains nothing; of those that did not, the
 * newest are kept.
 */
static void forget(struct findings *f, const struct ending *e, long pid)
{
	long *oldest = &f->failed[f->n_failed % FAILED_KEPT];

	if (!e->ended || e->first || *oldest == pid)
		return;
	if (e->status || e->killed) {
		long older = *oldest;

		*oldest = pid;
		/* (An unused place is 0, the pid of lines that have none.) */
		if (f->n_failed++ < FAILED_KEPT)
			return;
		pid = older;
	}
	f->ending = NULL;
	ending_free(map_remove(&f->endings, pid));
}

/* A new message is about another thing: it waited for work since the last. */
static int is_pause(const struct event *e)
{
	if (e->call == CALL_SLEEP)
		return e->took_ns != NO_TIME && e->took_ns >= PAUSE_NS;
	return (call_class(e->call) == CLASS_WAIT || e->call == CALL_WAIT) &&
	       (e->took_ns == NO_TIME || e->took_ns >= PAUSE_NS);
}

static void keep_argv(struct ending *e, struct slice argv)
{
	enum { ARGV_MAX = 399 };

	free(e->argv);
	e->argv = need(strndup(argv.at, argv.len > ARGV_MAX ? ARGV_MAX
							    : argv.len));
}

/* connect(3, ...) = 0, or EINPROGRESS, of which the log shows no end */
static void dials(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;

	if (l->n_args < 2 || !slice_find(l->arg[1], "AF_INET") ||
	    is_datagram(st) || slice_find(l->arg[1], "htons(53)") ||
	    f->own_line.line)
		return;
	address_text(l->arg[1], f->own_line.dialled,
		     sizeof(f->own_line.dialled));
	f->own_line.dialled_line = st->event->first;
	f->own_line.dialled_open = slice_is(l->error, "EINPROGRESS");
}

void refusal_text(struct findings *f, const struct event *e)
{
	struct slice text = e->line->text;

	if (f->own_line.line || !f->endings_made || !text.len ||
	    *text.at == ' ' || *text.at == '\t' || !is_complaint(text))
		return;
	f->own_line.line = e->first;
	put(f->own_line.text, sizeof(f->own_line.text), text);
}

static void process_ended(struct findings *f, const struct ending *e,
			  const struct step *st);

/* Its success says nothing. */
static int is_dull(enum call c)
{
	return c == CALL_CLOSE || c == CALL_EPOLL_CTL || c == CALL_FUTEX ||
	       c == CALL_ACCEPT || c == CALL_LSEEK;
}

void refusal_note(struct findings *f, struct step *st)
{
	const struct event *ev = st->event;
	const struct line *l = ev->line;
	struct ending *e;
	struct slice late;

	if (ev->kind == EVENT_EXIT) {
		e = ending_of(f, st->task);
		if (l->kind == LINE_KILLED)
			exits(e, st, 0, signal_number(l->name));
		else if (st->task->pid == st->task->process->pid)
			exits(e, st, l->status, 0);
		if (st->task->pid == st->task->process->pid) {
			process_ended(f, e, st);
			forget(f, e, st->task->pid);
		}
	}
	if (ev->kind == EVENT_SIGNAL && l->kind == LINE_SIGNAL)
		signalled(map_get(&f->endings, st->task->process->pid));
	if (ev->kind == EVENT_SIGNAL && l->kind == LINE_SIGNAL &&
	    (is_request(st->signal) || is_passed_on(f, st)))
		ending_of(f, st->task)->told = 1;
	if (ev->kind != EVENT_CALL)
		return;
	e = ending_of(f, st->task);
	e->calls++;
	if (is_dull(ev->call) && !l->error.len)
		return;
	late = late_error(st);
	if (ev->call == CALL_EXEC && !(l->flags & LINE_HAS_ERROR)) {
		e->n = e->has_blamed = e->has_suspect = 0;
		if (e->trouble != &no_trouble)
			*e->trouble->message = *e->trouble->complaint = 0;
		keep_argv(e, slice_after(l->args, "["));
	}
	if (ev->call == CALL_EXIT && l->n_args &&
		 slice_is(l->name, "exit_group"))
		exits(e, st, slice_number(l->arg[0], NULL) & 255, 0);
	else if (late.len)
		failed(f, e, st, late);
	else if (l->flags & LINE_HAS_ERROR && !(l->flags & LINE_RESTART) &&
		 ev->call != CALL_SIGRETURN)
		failed(f, e, st, l->error);
	else if (found_lock(st))
		note_lock(e, st);
	else if (e->pid_read && !(l->flags & LINE_NO_RETURN) && !e->told &&
		 found_alive(e, st))
		note_alive(e, st);
	else if (polled_closed(st) && !e->told)
		note_closed(e, st);
	else if (hung_up(st) && !e->told)
		note_hang_up(e, st);
	else if (!(l->flags & LINE_NO_RETURN))
		succeeded(f, e, st);
	if (ev->call == CALL_CONNECT)
		dials(f, st);
	f->speaks |= call_class(ev->call) == CLASS_OUT ||
		     ev->call == CALL_EXIT;
	if (is_message(st) && e->n && !e->told)
		told(e, st);
	else if (e->n && !e->told && st->bytes > 0 && st->file &&
		 file_is_stream(st->file) &&
		 call_class(ev->call) == CLASS_OUT)
		replied(e, st);
	if (st->task->pid == e->speaker && is_pause(ev))
		e->waited = 1;
	if (st->model == MODEL_FILE && st->bytes > 0 &&
	    call_class(ev->call) == CLASS_IN)
		read_pid(e, st);
	if (!e->reads_log && may_be_log(st) &&
	    call_class(ev->call) == CLASS_IN)
		e->reads_log = clock_at(quoted_all(l->args)) != NULL;
	if (!e->told && !e->reads_log &&
	    call_class(ev->call) == CLASS_OUT && may_be_log(st))
		logged(e, st);
	if (!e->told && call_class(ev->call) == CLASS_OUT &&
	    (is_log(st) || speaks_out(st)))
		spoke(f, e, st);
}

/* ---- judging ---- */

static void says(struct finding *d, const struct refused *r)
{
	char span[24];

	if (r->recovered && d->about->severity == SEVERITY_COST)
		finding_says(d, "%s failed with %s %lu time%s before it "
			     "succeeded%s%s; the error means: %s",
			     r->sample.what, r->sample.error, r->times.n,
			     r->times.n == 1 ? "" : "s",
			     d->cost_ns ? ", after " : "",
			     d->cost_ns ? span_text(d->cost_ns, span,
						    sizeof(span)) : "",
			     r->row->limit);
	else if (r->times.n == 1)
		finding_says(d, "%s failed with %s: %s%s", r->sample.what,
			     r->sample.error, r->row->limit, r->sample.why);
	else
		finding_says(d, "%s failed with %s %lu times: %s%s",
			     r->sample.what, r->sample.error, r->times.n,
			     r->row->limit, r->sample.why);
}

static long long lasted(const struct refused *r)
{
	return r->first_ns == NO_TIME || r->last_ns == NO_TIME ||
	       r->times.n < 2 ? 0 : r->last_ns - r->first_ns;
}

/* Memory, tasks, descriptors: a program that lacks them may well crash. */
static int is_resource(const struct refusal *row)
{
	return !strcmp(row->id, "memory") || !strcmp(row->id, "processes") ||
	       !strcmp(row->id, "descriptors");
}

/* strace attached to it, and shows no messages (-e trace=file). */
static int goes_on_mute(const struct findings *f, const struct ending *e)
{
	return !f->speaks && e && !e->ended && !e->argv;
}

/* A few lines from the middle of a log. */
static int is_pasted(const struct findings *f, const struct ending *e)
{
	return f->calls <= PASTED && e && !e->ended && !e->argv;
}

/* The first process ended with status 0. */
static int went_well(const struct findings *f)
{
	const struct ending *e;

	map_each(&f->endings, i, e)
		if (e->first)
			return e->ended && !e->status && !e->killed;
	return 0;
}

/* The last thing that failed has another row of the table. */
static int failed_later(const struct ending *e, const struct refusal *row)
{
	const struct failure *x = e->n ? &e->trouble->recent[(e->n - 1) % RECENT]
				       : NULL;

	return x && x->row && x->row != row;
}

/*
 * One of several name servers is enough, and a program that ended well can do
 * without a name.  (apt-get update ends with 0, and its children looked it up.)
 */
static int is_spare_server(const struct findings *f, const struct refused *r,
			   const struct ending *e)
{
	struct slice what = { r->sample.what, strlen(r->sample.what) };

	return slice_starts(what, "connect to ") && slice_ends(what, ":53") &&
	       !strcmp(r->sample.error, "ENETUNREACH") &&
	       (r->recovered || (e && (e->has_name_server ||
				       (e->first && went_well(f)))));
}

static void judge(struct findings *f, const struct refused *r, int ended,
		  int crashed)
{
	const struct refusal *row = r->row;
	enum severity s = SEVERITY_FAULT;
	long long ns = lasted(r);
	const struct ending *e = map_get(&f->endings, r->pid);
	struct finding *d;

	/* (Go tries epoll on each file, and whatever it then logs is not of it.) */
	if (!strncmp(r->sample.what, "epoll_ctl", 9) &&
	    !strcmp(row->id, "not-supported") &&
	    (!(e && e->status) || failed_later(e, row)))
		return;
	if (!strcmp(row->id, "socket-missing") && !r->reported)
		return;
	if (!strcmp(row->id, "io-uring-feature") && r->recovered)
		return;
	if (is_spare_server(f, r, e))
		return;
	/* It tries how long a command may be, and nobody complains. */
	if (!strcmp(row->id, "arguments-too-long") && !r->reported && went_well(f))
		return;
	if (r->odd && (r->recovered || !is_pasted(f, e)))
		return;
	if (r->odd)
		;
	else if (row->when == REFUSED_AT_END && !r->recovered && r->reported &&
	    !(e && e->status)) {
		/* It wrote a message, and goes on. */
		if (!strcmp(row->id, "limit-denied") && !is_pasted(f, e))
			s = SEVERITY_NOTE;	/* ... with less */
	} else if (row->when == REFUSED_AT_END && !r->recovered &&
		   goes_on_mute(f, e) &&
		   strcmp(row->id, "not-supported") &&	/* Go tries epoll */
		   is_denied((struct slice){ r->sample.error,
					     strlen(r->sample.error) }))
		;				/* nobody sees its message */
	else if (row->when == REFUSED_AT_END &&
	    (r->recovered || r->times.n < STUBBORN_MIN || ns < STUBBORN_NS))
		return;
	if (row->when == REFUSED_FOR_GOOD && r->recovered) {
		if (ns < RETRY_NS && r->times.n < 2 * STUBBORN_MIN)
			return;
		s = SEVERITY_COST;
	}
	if (row->when == REFUSED_COST)
		s = SEVERITY_COST;
	if (r->accepted && row->when == REFUSED_FOR_GOOD &&
	    strcmp(row->error, "EPERM"))
		s = SEVERITY_NOTE;		/* peers come and go */
	d = finding_add(f, about_of(row, s), r->pid, r->times.n,
			r->times.n >= STUBBORN_MIN ? ns : 0);
	d->fatal |= (ended || (crashed && is_resource(row))) &&
		    s == SEVERITY_FAULT && row->when != REFUSED_AT_END;
	finding_lines(d, &r->times);
	if (!*d->says || d->count <= r->times.n * 2)
		says(d, r);
}

/* The message came right after it, and then the end. */
static int says_next(const struct ending *e, const struct failure *x)
{
	return x->call + 1 == e->trouble->message_call &&
	       e->trouble->message_call + NEXT >= e->calls;
}

/* The failure that was nearest to the end of this process, or NULL. */
static const struct failure *last_failure(const struct ending *e)
{
	unsigned n = e->n < RECENT ? e->n : RECENT;
	int denied = e->has_suspect && is_hard(&e->trouble->suspect);

	if (e->has_blamed)
		return &e->trouble->blamed;
	for (unsigned i = 1; i <= n; i++)
		if (e->trouble->recent[(e->n - i) % RECENT].named)
			return &e->trouble->recent[(e->n - i) % RECENT];
	for (unsigned i = 1; i <= n; i++) {
		const struct failure *x = &e->trouble->recent[(e->n - i) % RECENT];

		/*
		 * Names that are not there are looked for by every program;
		 * one that ends as soon as it cannot open a file needs it.
		 */
		if (x->call && x->call + NEAR_END >= e->calls &&
		    (strcmp(x->error, "ENOENT") || is_vital(x) ||
		     (!strncmp(x->what, "chdir", 5) &&
		      x->call + NEXT_LOOK >= e->calls) ||
		     (!strncmp(x->what, "open", 4) &&
		      (x->call + 1 >= e->calls || says_next(e, x)))))
			return denied && !is_hard(x) && !is_vital(x) ?
			       &e->trouble->suspect : x;
	}
	if (e->has_suspect)
		return &e->trouble->suspect;
	/* The log has no message (-e trace=file): it looked, and ended. */
	for (unsigned i = 1; i <= n && e->mute; i++) {
		const struct failure *x = &e->trouble->recent[(e->n - i) % RECENT];

		/*
		 * (Status 1 of test -e and the like is an answer; and a shell
		 * looks for a program in several folders.)
		 */
		if (x->reach && x->seen + x->reach >= e->calls &&
		    (strcmp(x->error, "ENOENT") ||
		     (e->status != 1 && x->seen == e->calls)))
			return x;
	}
	return NULL;
}

/* "a lock", "Locked", and not "block" or "clock". */
static int speaks_of_lock(struct slice words)
{
	const char *end = words.at + words.len, *p = words.at;

	for (; (p = find_text(slice_of(p, end), "lock", 4)); p++)
		if (p == words.at || !isalpha((unsigned char)p[-1]))
			return 1;
	return 0;
}

/* It tells of a file, without its name. */
static int speaks_of_file(struct slice words)
{
	static const char *const about[] = {
		"open", "find", "found", "load", "read", "access", "missing",
		"exist", "file", "director", "config", NULL,
	};
	static struct words any = { about };

	return has_word(words, &any);
}

/* "make: *** [Makefile:4: all] Error 3": a command failed, not make's look. */
static int is_of_make(struct slice words)
{
	return slice_starts(words, "make") && slice_find(words, ": *** ") &&
	       !find_text(words, "no rule", 7) &&
	       !find_text(words, "no such", 7) && !find_text(words, "no make", 7);
}

/* "mount: /mnt: must be superuser to use mount": it has asked who runs it. */
static int is_of_root(struct slice words)
{
	static const char *const about[] = {
		"must be root", "must be superuser", "must be run as root",
		"only root", NULL,
	};
	static struct words any = { about };

	return has_word(words, &any);
}

/* "rsync error: timeout in data send/receive": no name was missing. */
static int is_of_time(struct slice words)
{
	return find_text(words, "timeout", 7) || find_text(words, "timed out", 9);
}

/* "wget: unable to resolve host address": no file was missing. */
static int is_of_host(struct slice words)
{
	static const char *const about[] = {
		"name or service not", "resolve", "resolution", "unknown host",
		"no such host", NULL,
	};
	static struct words any = { about };

	return has_word(words, &any);
}

/*
 * "Connection closed by 10.0.0.1 port 22": that is about the peer.  "cannot read
 * connection file" is not.
 */
static int is_of_peer(struct slice words, const struct failure *x)
{
	static const char *const peer[] = {
		"connection to", "connection with", "connection from",
		"connection closed", "connection reset", "connection refused",
		"connection lost", "connection failed", "connection timed",
		"connection error", "connection aborted", "connection unexpectedly",
	};

	for (unsigned i = 0; i < sizeof(peer) / sizeof(*peer); i++)
		if (find_text(words, peer[i], strlen(peer[i])))
			return strncmp(x->what, "connect", 7);
	return 0;
}

/*
 * Programs look for many files that are not there.  The message is about such a
 * failure if it names the file or the error, or follows at once and tells of a
 * file; of one that strace cut short nobody knows.
 */
static int is_told(const struct ending *e, const struct failure *x)
{
	static const char *const soft[] = { "ENOENT", "ENOTDIR", "EEXIST" };
	struct slice words = last_words(e);
	int is_soft = 0;

	for (unsigned i = 0; i < sizeof(soft) / sizeof(*soft); i++)
		is_soft |= !strcmp(x->error, soft[i]);
	if (!x->named && is_of_root(words))
		return 0;
	/* (It looked for that one after it had spoken.) */
	if (is_soft && !x->named && !is_vital(x) && words.len &&
	    x->seen > e->trouble->message_call && !names_file(words, x))
		return 0;
	if (is_soft && (is_of_make(words) || (!x->named &&
			(is_of_time(words) || is_of_peer(words, x) ||
			 (is_of_host(words) && !is_vital(x))))))
		return 0;
	if (!is_soft || x->named || is_vital(x) || !words.len || e->waited ||
	    slice_ends(words, "...") || names_file(words, x) ||
	    speaks_of(words, x->error) || speaks_of_lock(words))
		return 1;
	return speaks_of_file(words) &&
	       x->seen + NEXT_LOOK >= e->trouble->message_call;
}

/* The failure that this process ended of, or NULL. */
static const struct failure *culprit(const struct ending *e)
{
	const struct failure *x = last_failure(e);

	/* (A signal asked it to end; what it had not found is not why.) */
	if (x && e->told && !e->has_blamed && !is_hard(x) && !is_vital(x))
		return NULL;
	return x && (e->has_blamed || is_told(e, x)) ? x : NULL;
}

/* The whole message, and it has the name of something else in quotes. */
static int is_about_another(struct slice words, const struct failure *x)
{
	return memchr(words.at, '\'', words.len) && !slice_ends(words, "...") &&
	       !names_file(words, x) && !speaks_of(words, x->error);
}

/* "Could not get lock": the one that it did not get, however long before. */
static const struct refused *lock_told(const struct findings *f, long pid,
				       struct slice words)
{
	const struct refused *r, *last = NULL;

	if (!speaks_of_lock(words))
		return NULL;
	map_each(&f->refused, i, r)
		if (r->pid == pid && !r->recovered &&
		    (!strcmp(r->row->id, "locked") ||
		     !strcmp(r->row->id, "lock-file")) &&
		    (!last || r->sample.line > last->sample.line))
			last = r;
	return last;
}

/*
 * "2026-11-30 06:57:55.302 UTC [11]...": strace cut the message after the time,
 * the name of the program and how bad it is.
 */
static int is_cut_off(struct slice words, const char *program)
{
	enum { WORD_MIN = 5 };
	static const char *const levels[] = {
		"alert", "fatal", "error", "warning", "emerg", "critical",
		"panic", "notice",
	};
	const char *p, *end = words.at + words.len;
	struct slice word;
	int known;

	for (p = words.at; slice_ends(words, "...") && p < end; p++) {
		word = (struct slice){ p, 0 };
		while (p < end && isalpha((unsigned char)*p))
			p++;
		word.len = p - word.at;
		known = word.len < WORD_MIN ||
			(word.len == strlen(program) &&
			 !strncasecmp(word.at, program, word.len));
		for (unsigned i = 0; !known && i < sizeof(levels) /
		     sizeof(*levels); i++)
			known = word.len == strlen(levels[i]) &&
				!strncasecmp(word.at, levels[i], word.len);
		if (!known)
			return 0;
	}
	return slice_ends(words, "...");
}

/* It was denied to make the file, and then it was not there to be read. */
static const struct failure *refused_before(const struct ending *e,
					    const struct failure *x)
{
	unsigned n = e->n < RECENT ? e->n : RECENT;

	for (unsigned i = 1; i <= n && *x->path; i++) {
		const struct failure *y = &e->trouble->recent[(e->n - i) %
							      RECENT];

		if (y->line < x->line && !strcmp(y->path, x->path) &&
		    strcmp(y->error, x->error) && is_hard(y))
			return y;
	}
	return NULL;
}

/* It took EINTR for an error: whose was it? */
static int by_eintr(struct findings *f, const struct ending *e, long pid,
		    const struct failure *x, struct slice words)
{
	struct eintr_end end = { .pid = pid, .name = e->name,
		.status = e->status, .killed = e->killed,
		.exit_line = e->exit_line, .words = words };

	if (x) {
		end.line = x->line;
		end.what = x->what;
		return x->traced ? eintr_of_tracer(f, &end)
				 : eintr_of_signal(f, &end);
	}
	/* The call was from before the log, which has the message alone. */
	end.line = e->message_line;
	for (unsigned i = 0; i < e->n && i < RECENT; i++)
		if (!strcmp(e->trouble->recent[i].error, "EINTR"))
			return 0;
	return !e->argv && !e->parent && !e->killed &&
	       e->trouble->message_call <= NEAR_START &&
	       find_text(words, "interrupted sys", 15) &&
	       eintr_of_tracer(f, &end);
}

static void blame(struct findings *f, const struct ending *e, long pid,
		  int fatal)
{
	const struct failure *last = culprit(e), *x = last, *before;
	struct slice words = last_words(e);
	const struct refused *lock = e->has_blamed || e->waited ? NULL :
				     lock_told(f, pid, words);
	const struct refusal *row;
	struct finding *d;
	char how[32], who[64];

	if (lock)
		x = &lock->sample;
	if (!strcmp(x->error, "EINTR") && fatal &&
	    by_eintr(f, e, pid, x, words))
		return;
	before = refused_before(e, x);
	/* It looked again: it is not there because it was not made. */
	if (before && before->row && !lock && !strcmp(x->error, "ENOENT") &&
	    strncmp(x->what, "open", 4)) {
		x = before;
		before = NULL;
	}
	row = lock ? lock->row : x->row;
	d = finding_add(f, row ? about_of(row, fatal ? SEVERITY_FAULT
				     : SEVERITY_NOTE)
			       : &unknown_failure, pid, 0, 0);
	if (!d->count) {
		d->count = 1;
		finding_line(d, x->line);
	}
	finding_line(d, e->exit_line);
	d->fatal |= fatal && (e->has_blamed || x->named || is_vital(x) || lock ||
			      x != last || (row && is_cut_off(words, e->name)) ||
			      (e->has_suspect && e->trouble->suspect.line == x->line) ||
			      (row && row->when != REFUSED_AT_END));
	if (e->killed)
		snprintf(how, sizeof(how), "by signal %d", e->killed);
	else
		snprintf(how, sizeof(how), "with status %d", e->status);
	process_text(e->name, pid, who, sizeof(who));
	/* It looks for many files: what it says is nearer to the cause. */
	if (!e->has_blamed && words.len && !e->waited &&
	    (!x->named || is_about_another(words, x)))
		finding_says(d, "%s ended %s; its message is \"%.*s\", and the "
			     "last failure before it: %s%s%s%s%s%s", who, how,
			     (int)words.len, words.at, x->what, *x->error ?
			     " failed with " : "", x->error, row ? ": " : "",
			     row ? row->limit : "", x->why);
	else
		finding_says(d, "%s ended %s after %s%s%s%s%s%s%s%s", who, how,
			     x->what, *x->error ? " failed with " : "",
			     x->error, row ? ": " : "", row ? row->limit : "",
			     x->why, before ? "; before that, a call on the same "
			     "path failed with " : "",
			     before ? before->error : "");
}

/* The child that had failed before the process spoke; NULL: none. */
static struct ending *failed_child(const struct findings *f,
				   const struct ending *e, long *pid)
{
	enum { NEAR = 300 };			/* lines */
	unsigned long before = e->message_line && *e->trouble->message ?
			       e->message_line : e->exit_line;
	struct ending *best = NULL, *c;
	long parent = *pid;

	for (size_t i = 0; i < f->endings.size; i++) {
		c = f->endings.slots[i].value;
		if (!c || c == e || c->parent != parent || !c->ended ||
		    !c->status || c->exit_line >= before ||
		    c->exit_line + NEAR < before ||
		    (best && (!!*best->trouble->message !=
			      !!*c->trouble->message
			      ? !!*best->trouble->message
			      : best->exit_line > c->exit_line)))
			continue;
		best = c;
		*pid = (long)f->endings.slots[i].key;
	}
	return best;
}

/* The deepest of them that said something, or e itself. */
static struct ending *speaker(const struct findings *f, struct ending *e,
			      long *pid)
{
	enum { DEEP = 8 };
	struct ending *c = e, *from = e;
	long at = *pid;

	for (int i = 0; i < DEEP && (c = failed_child(f, c, &at)); i++)
		if (*c->trouble->message) {
			from = c;
			*pid = at;
		}
	return from;
}

/* The deepest child that failed before e spoke, and said nothing; or NULL. */
static const struct ending *silent_child(const struct findings *f,
					 const struct ending *e, long *pid)
{
	enum { DEEP = 8 };
	const struct ending *from = NULL;

	for (int i = 0; i < DEEP && (e = failed_child(f, e, pid)); i++)
		from = e;
	return from;
}

/* dpkg: a script of the package ended with status 3, and then it spoke. */
static int child_failed_since(const struct findings *f, const struct ending *e,
			      long pid, const struct failure *x)
{
	enum { NEAR = 100 };			/* lines */
	const struct ending *c = silent_child(f, e, &pid);

	return c && !*c->trouble->message && !e->has_blamed &&
	       e->has_suspect != BY_PATH &&
	       c->exit_line + NEAR >= e->message_line &&
	       (!x || (c->exit_line > x->line && !is_hard(x) && !x->named &&
		       !is_vital(x)));
}

/*
 * What the peer said to the process, or an error of HTTP that it said to a child of
 * it: apt speaks for its methods.
 */
static int has_heard(const struct findings *f, long pid)
{
	const struct peer_said *p = &f->peer_said;

	return p->line && (p->pid == pid ||
			   (p->parent == pid && !strncmp(p->text, "HTTP/1.", 7) &&
			    (p->text[9] == '4' || p->text[9] == '5')));
}

/*
 * A call that programs only try was refused last (io_uring_setup), and the message
 * has its name, or strace cut the message.
 */
static const struct failure *tried(const struct ending *e, struct slice words)
{
	enum { FAMILY = 8 };			/* "io_uring" */
	const struct failure *x = e->n ? &e->trouble->recent[(e->n - 1) % RECENT]
				       : NULL;

	if (!x || !x->row || x->seen + NEAR_MESSAGE < e->trouble->message_call ||
	    (!is_denied((struct slice){ x->error, strlen(x->error) }) &&
	     strcmp(x->error, "ENOSYS") && strcmp(x->error, "ENOMEM")))
		return NULL;
	return slice_ends(words, "...") || find_text(words, x->what, FAMILY) ? x
								      : NULL;
}

static void quote(struct findings *f, struct ending *e, long pid)
{
	long from_pid = pid;
	const struct ending *from = speaker(f, e, &from_pid);
	const struct ending *child = NULL;
	struct slice words;
	struct finding *d;
	char who[64], other[64] = "", after[300] = "", said[240] = "";
	const struct failure *x;
	int after_child;
	long at = pid;

	words = last_words(from);
	if (from != e && !from->other_pid && from->waited &&
	    !is_complaint(words)) {
		from = e;
		from_pid = pid;
		words = last_words(e);
	}
	if (!words.len || (from->waited && !is_complaint(words) &&
			   !from->other_pid))
		return;
	if (from == e && by_eintr(f, e, pid, NULL, words))
		return;
	x = &from->trouble->readonly;
	if (x->line && find_text(words, "read", 4) && find_text(words, "only",
								4))
		snprintf(after, sizeof(after), "; before that, %.60s failed with "
			 "%s", x->what, x->error);
	if (from != e)
		snprintf(after, sizeof(after), "; %s ended with status %d after "
			 "it", process_text(e->name, pid, other, sizeof(other)),
			 e->status);
	x = last_failure(from);
	after_child = from == e &&
		child_failed_since(f, e, pid, x && is_told(e, x) ? x : NULL);
	if (!x && from == e && !after_child && (x = tried(from, words)))
		snprintf(after, sizeof(after), "; before it, %.*s failed with "
			 "%s: %s", (int)strcspn(x->what, "("), x->what, x->error,
			 x->row->limit);
	if (from == e && (is_of_make(words) || after_child) &&
	    (child = silent_child(f, e, &at)))
		snprintf(after, sizeof(after), "; before it, %s ended with "
			 "status %d", process_text(child->name, at, other,
			 sizeof(other)), child->status);
	d = finding_add(f, &with_message, pid, 1, 0);
	d->fatal = 1;
	finding_line(d, from->message_line);
	if (child)
		finding_line(d, child->exit_line);
	finding_line(d, e->exit_line);
	if (from->other_pid) {
		finding_line(d, from->trouble->other.line);
		finding_says(d, "%s ended with status %d; its message is "
			     "\"%.*s\", and before it pid %ld's %s failed with "
			     "%s%s%s%s", process_text(from->name, from_pid, who,
			     sizeof(who)), from->status, (int)words.len,
			     words.at, from->other_pid, from->trouble->other.what,
			     from->trouble->other.error, from->trouble->other.row ? ": " : "",
			     from->trouble->other.row ? from->trouble->other.row->limit : "",
			     after);
		return;
	}
	/* strace cut the message: what the peer sent may say more. */
	if (slice_ends(words, "...") && has_heard(f, from_pid) &&
	    f->peer_said.line < from->message_line) {
		finding_line(d, f->peer_said.line);
		snprintf(said, sizeof(said), "; before it, its peer%s%s sent "
			 "\"%s\" (line %lu)", *f->peer_said.peer ? " " : "",
			 f->peer_said.peer, f->peer_said.text,
			 f->peer_said.line);
	}
	finding_says(d, "%s ended with status %d%s; its message is \"%.*s\"%s%s",
		     process_text(from->name, from_pid, who, sizeof(who)),
		     from->status, x && (!x->call || !is_told(from, x)) ? "" :
		     ", and no failed call explains it", (int)words.len,
		     words.at, said, after);
}

/* An assertion or a runtime that gives up says why, and then aborts. */
static void quote_crashes(struct findings *f)
{
	const struct failure *x;
	struct finding *d;
	struct ending *e;
	struct slice words;
	size_t len;

	for (d = f->first; d; d = d->next) {
		if (strcmp(d->about->id, "killed-by-signal"))
			continue;
		e = map_get(&f->endings, d->pid);
		words = e ? last_words(e) : (struct slice){ "", 0 };
		x = e ? culprit(e) : NULL;
		len = strlen(d->says);
		/* (One that gives up by abort has more to do before.) */
		if (x && is_hard(x) && x->call + (e->killed == SIGABRT ?
						  NEAR_END : NEXT_LOOK) >=
		    e->calls) {
			snprintf(d->says + len, sizeof(d->says) - len,
				 "; before that, %s failed with %s%s%s", x->what,
				 x->error, x->row ? ": " : "",
				 x->row ? x->row->limit : "");
			finding_line(d, x->line);
		}
		len = strlen(d->says);
		if (words.len && !e->waited)
			snprintf(d->says + len, sizeof(d->says) - len,
				 "; its message is \"%.*s\"", (int)words.len,
				 words.at);
	}
}

int finding_has_fatal(const struct findings *f)
{
	const struct finding *d = f->first;

	while (d && !d->fatal)
		d = d->next;
	return d != NULL;
}

/* It has a failure that explains its end better than a child's words do. */
static int explains_itself(const struct findings *f, struct ending *e, long pid)
{
	const struct failure *x = culprit(e);
	const struct ending *from;
	long at = pid;

	/* (A runtime's child that found no program says nothing.) */
	from = failed_child(f, e, &at);
	if (from && culprit(from) && is_vital(culprit(from)) && !e->has_blamed &&
	    (from->status >= NOT_EXECUTED || !x || !is_hard(x)))
		return 0;
	if (!x || x->named || is_hard(x) || is_vital(x))
		return x != NULL;
	if (child_failed_since(f, e, pid, x))
		return 0;
	/* (strace cut the message, and its peer has said something since.) */
	if (has_heard(f, pid) && f->peer_said.line +
	    (f->peer_said.pid == pid ? 0 : FAR_LINES) > x->line &&
	    !e->has_blamed && slice_ends(last_words(e), "..."))
		return 0;
	from = speaker(f, e, &pid);
	return from == e && !from->other_pid;
}

/*
 * less and its like end with status 0 after "/x: No such file or directory" about a
 * file that the user named, and nothing else was done.
 */
static void blame_quietly(struct findings *f)
{
	enum { NEXT_EXIT = 3 };			/* calls */
	struct ending *e;

	for (size_t i = 0; i < f->endings.size; i++) {
		e = f->endings.slots[i].value;
		if (e && e->first && e->ended && !e->status && !e->killed &&
		    e->has_blamed && e->trouble->blamed.named &&
		    e->trouble->blamed.call + NEXT_EXIT >= e->calls)
			blame(f, e, (long)f->endings.slots[i].key, 1);
	}
}

/* A worker: it wrote an error to the log and ended, and its parent wrote one then. */
static int is_reported_end(const struct findings *f, const struct ending *e)
{
	const struct ending *parent = map_get(&f->endings, e->parent);

	return parent && e->status && e->trouble->errors && culprit(e) &&
	       parent->trouble->error_line > e->exit_line;
}

/* grep's status 1 and the like are answers. */
static int is_answer(const struct ending *c)
{
	static const char *const programs[] = {
		"test", "[", "expr", "false", "which", "pgrep", "pidof", "egrep",
		"fgrep", "zgrep", "find", "ls",
	};

	for (unsigned i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (!strcmp(c->name, programs[i]))
			return 1;
	return status_meaning(c->name, c->status) != NULL;
}

/* test -S /run/x: it tells its parent that there is none, and says nothing. */
static int is_quiet_answer(const struct ending *e)
{
	return e->status == 1 && !*e->trouble->message && is_answer(e);
}

/*
 * Which process speaks: the first one with a message of its own, else a child
 * with one, else the first one's last failure.  A child's failure that the
 * first process got over is a note.
 */
static void judge_endings(struct findings *f)
{
	struct ending *e, *first = NULL, *child = NULL, *other = NULL;
	long child_pid = 0, first_pid = 0, other_pid = 0;

	for (size_t i = 0; i < f->endings.size; i++) {
		e = f->endings.slots[i].value;
		if (!e || !e->ended || !(e->status || e->killed))
			continue;
		e->mute = !f->speaks;
		/* Ended by a signal from outside: it has no failure of its own. */
		if (e->killed && e->killed != 6)
			continue;
		if (e->first) {
			first = e;
			first_pid = f->endings.slots[i].key;
		} else if (e->has_blamed && (!child || e->exit_line >
						       child->exit_line)) {
			child = e;
			child_pid = f->endings.slots[i].key;
		} else if ((culprit(e) || *e->trouble->message) &&
			   (!other || e->exit_line > other->exit_line)) {
			other = e;
			other_pid = f->endings.slots[i].key;
		}
	}
	if (!first || *first->trouble->message) {
		other = other && is_quiet_answer(other) ? NULL : other;
		child = child && is_quiet_answer(child) ? NULL : child;
	}
	/* A service manager's child, which tells by its status what failed. */
	if (!first && other && !other->argv && other->status >= SERVICE_MIN &&
	    other->status <= SERVICE_MAX && culprit(other))
		blame(f, other, other_pid, 1);
	if (!first)
		blame_quietly(f);
	if (first && first->has_blamed)
		blame(f, first, first_pid, 1);
	else if (first && child)
		blame(f, child, child_pid, 1);
	else if (first && !finding_has_fatal(f) &&
		 explains_itself(f, first, first_pid))
		blame(f, first, first_pid, 1);
	else if (first && other && culprit(other) && !finding_has_fatal(f) &&
		 !(*first->trouble->message && has_heard(f, first_pid)) &&
		 explains_itself(f, other, other_pid))
		blame(f, other, other_pid, 1);
	else if (other && !first && !finding_has_fatal(f) &&
		 is_reported_end(f, other))
		blame(f, other, other_pid, 1);
	else if (child)
		blame(f, child, child_pid, !first && !finding_has_fatal(f) &&
		      is_reported_end(f, child));
}

/* It took EINTR for an error, said so and ended. */
static int eintr_explains(struct findings *f, long pid)
{
	struct finding *d = f->first;

	while (d && (strcmp(d->about->id, "eintr-as-error") || d->pid != pid))
		d = d->next;
	if (d)
		d->fatal = 1;
	return d != NULL;
}

/* What servers wrote to their logs, and went on. */
static void judge_logged(struct findings *f)
{
	struct ending *e;

	for (size_t i = 0; i < f->endings.size; i++) {
		const struct trouble *t;
		struct finding *d;
		char many[40] = "";

		e = f->endings.slots[i].value;
		t = e ? e->trouble : NULL;
		if (!t || !t->errors || e->status || e->killed)
			continue;
		/* (So redis marks its last lines, too: "ready to exit".) */
		if (e->ended && t->errors == t->marked)
			continue;
		if (t->errors > 1)
			snprintf(many, sizeof(many), " %lu times, at last",
				 t->errors);
		d = finding_add(f, &logs_error, f->endings.slots[i].key,
				t->errors, 0);
		finding_line(d, t->error_line);
		finding_line(d, t->logged.line);
		finding_says(d, "the program reported an error%s: \"%s\" (line "
			     "%lu)%s%s%s%s%s%s", many, t->error, t->error_line,
			     t->logged.line ? ", after " : "",
			     t->logged.line ? t->logged.what : "",
			     t->logged.line && *t->logged.error ?
			     " failed with " : "",
			     t->logged.line ? t->logged.error : "",
			     t->logged.line && t->logged.row ? ": " : "",
			     t->logged.line && t->logged.row ?
			     t->logged.row->limit : "");
	}
}

/* -e trace=connect: the last call before the exit went on, and nothing says how. */
static void unseen_connect(struct findings *f, const struct ending *e, long pid)
{
	struct finding *d = finding_add(f, &unseen, pid, 1, 0);
	char who[64];

	d->fatal = 1;
	finding_line(d, f->own_line.dialled_line);
	finding_line(d, e->exit_line);
	finding_says(d, "%s ended with status %d; its last call is the connect "
		     "to %s (line %lu: EINPROGRESS), and the log does not show "
		     "how that ended: refused, unreachable or without an answer",
		     process_text(e->name, pid, who, sizeof(who)), e->status,
		     f->own_line.dialled, f->own_line.dialled_line);
}

/*
 * -e trace=connect and the like show no writes, but what the program wrote to
 * the same terminal stands between its calls.
 */
static void quote_own_line(struct findings *f)
{
	static const char *const errors[] = {
		"ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH",
		"ECONNRESET",
	};
	const struct own_line *own = &f->own_line;
	struct slice words = { own->text, strlen(own->text) };
	struct ending *e, *first = NULL;
	const struct refusal *row = NULL;
	struct finding *d;
	char who[64], after[300] = "";
	long pid = 0;

	for (size_t i = 0; i < f->endings.size; i++) {
		e = f->endings.slots[i].value;
		if (!e || !e->first || !e->ended || !e->status ||
		    *e->trouble->message || own->line > e->exit_line)
			continue;
		first = e;
		pid = (long)f->endings.slots[i].key;
	}
	if (!own->line && first && own->dialled_line + 1 >= first->exit_line &&
	    own->dialled_line && own->dialled_open) {
		unseen_connect(f, first, pid);
		return;
	}
	if (!own->line || !first)
		return;
	for (unsigned i = 0; i < sizeof(errors) / sizeof(*errors) && !row; i++)
		if (speaks_of(words, errors[i]))
			row = refusal_find(SLICE("connect"), (struct slice){
				errors[i], strlen(errors[i]) }, SLICE(""));
	if (!own->dialled_line || !(row || find_text(words, "connect", 7)))
		row = NULL;
	else
		snprintf(after, sizeof(after), "; the last connection before it "
			 "is to %s (line %lu)%s%.120s", own->dialled,
			 own->dialled_line, row ? ": " : "",
			 row ? row->limit : "");
	d = finding_add(f, row ? about_of(row, SEVERITY_FAULT) : &with_message,
			pid, 1, 0);
	d->fatal = 1;
	finding_line(d, own->line);
	if (*after)
		finding_line(d, own->dialled_line);
	finding_line(d, first->exit_line);
	finding_says(d, "%s ended with status %d; the program's own line in the "
		     "log is \"%s\"%s", process_text(first->name, pid, who,
		     sizeof(who)), first->status, own->text, after);
}

/* Programs often do without a ring; this one was refused it, and ended. */
static const struct failure *refused_ring(const struct ending *e)
{
	unsigned n = e->n < RECENT ? e->n : RECENT;

	for (unsigned i = 1; i <= n; i++) {
		const struct failure *x = &e->trouble->recent[(e->n - i) % RECENT];

		if (!strncmp(x->what, "io_uring_setup", 14) && x->row &&
		    x->seen + NEAR_END >= e->calls)
			return x;
	}
	return NULL;
}

/* git: the hook ended with status 1, without a message, and so did git. */
static void blame_child(struct findings *f)
{
	enum { NEAR = 40 };			/* lines */
	const struct failure *x;
	const struct ending *c;
	struct ending *e, *first = NULL;
	struct finding *d;
	char who[64], other[64], after[300] = "";
	long pid = 0, at;

	for (size_t i = 0; i < f->endings.size; i++) {
		e = f->endings.slots[i].value;
		if (!e || !e->first || !e->ended || !e->status || e->told ||
		    *e->trouble->message || !e->argv)
			continue;
		first = e;
		pid = (long)f->endings.slots[i].key;
	}
	at = pid;
	c = first ? silent_child(f, first, &at) : NULL;
	if (!c || *c->trouble->message || c->told || is_answer(c) ||
	    c->exit_line + NEAR < first->exit_line)
		return;
	d = finding_add(f, &by_child, pid, 1, 0);
	d->fatal = 1;
	finding_line(d, c->exit_line);
	finding_line(d, first->exit_line);
	x = refused_ring(c);
	if (x)
		finding_line(d, x->line);
	if (x)
		snprintf(after, sizeof(after), " after %s failed with %s: %s",
			 x->what, x->error, x->row->limit);
	finding_says(d, "%s ended with status %d%s%s %s ended after it with "
		     "status %d%s", process_text(c->name, at, other, sizeof(other)),
		     c->status, after, x ? "; and" : ", and",
		     process_text(first->name, pid, who, sizeof(who)),
		     first->status, x ? "" : "; neither wrote a message");
}

/* Why it ended, for finding_restart.c. */
static void process_ended(struct findings *f, const struct ending *e,
			  const struct step *st)
{
	const struct failure *x = e->status || e->killed ? culprit(e) : NULL;
	struct slice words = last_words(e);
	const struct tracks *sent = sent_by(f, st->task->pid, e->killed);
	struct ended now = {
		.parent = st->task->process->parent, .pid = st->task->pid,
		.name = e->name, .argv = e->argv, .status = e->status,
		.killed = e->killed, .has_message = words.len > 0,
		.line = e->exit_line, .ns = st->event->start_ns,
	};

	if (!e->status && !e->killed && !strcmp(e->name, "sleep"))
		f->sleeper[f->sleepers++ % SLEEPERS] = st->task->pid;
	if (x)
		snprintf(now.why, sizeof(now.why), " after %s%s%s%s%s%s", x->what,
			 *x->error ? " failed with " : "", x->error, x->row ?
			 ": " : "", x->row ? x->row->limit : "", x->why);
	else if (words.len)
		snprintf(now.why, sizeof(now.why), "; its message is \"%.*s\"",
			 (int)words.len, words.at);
	if (!(sent && e->killed && (long)sent->n == now.parent))
		restart_note(f, &now);
}

/* Nothing that failed explains the status: what did the program say? */
void refusal_quotes(struct findings *f)
{
	struct ending *e, *first = NULL, *other = NULL;
	long first_pid = 0, other_pid = 0;

	for (size_t i = 0; i < f->endings.size; i++) {
		e = f->endings.slots[i].value;
		if (!e || !e->ended || !e->status || !*e->trouble->message)
			continue;
		if (e->first) {
			first = e;
			first_pid = f->endings.slots[i].key;
		} else if (!other || e->exit_line > other->exit_line) {
			other = e;
			other_pid = f->endings.slots[i].key;
		}
	}
	quote_crashes(f);
	judge_logged(f);
	if (finding_has_fatal(f) || finding_first_status(f) <= 0 ||
	    eintr_explains(f, first_pid))
		return;
	if (first)
		quote(f, first, first_pid);
	else if (other && other->has_blamed)
		blame(f, other, other_pid, 1);
	else if (other)
		quote(f, other, other_pid);
	else
		quote_own_line(f);
	if (!first && !finding_has_fatal(f))
		blame_child(f);
}

void refusal_log_ends(struct findings *f)
{
	struct refused *r;
	struct ending *e;
	int failed_first = 0, crashed = 0;

	map_each(&f->endings, i, e) {
		failed_first |= e->first && e->ended && e->status;
		crashed |= e->first && e->killed >= 4 && e->killed != 9 &&
			   e->killed <= 11;
	}
	map_each(&f->refused, i, r)
		judge(f, r, failed_first, crashed);
	judge_endings(f);
}

int finding_first_status(const struct findings *f)
{
	struct ending *e;

	map_each(&f->endings, i, e)
		if (e->first && e->ended)
			return e->killed ? 128 + e->killed : e->status;
	return -1;
}

/* "wget ended with status 4 (a network failure)", of it or the child that did. */
void finding_status_text(const struct findings *f, int status, char *text,
			 size_t size)
{
	const char *meaning = NULL, *means;
	const struct ending *e, *of = NULL;

	for (size_t i = 0; i < f->endings.size; i++) {
		e = f->endings.slots[i].value;
		means = e && e->ended && !e->killed && e->status == status ?
			status_meaning(e->name, status) : NULL;
		if (!means || (of && (of->first || of->exit_line >
				      e->exit_line) && !e->first))
			continue;
		of = e;
		meaning = means;
	}
	if (!of)
		snprintf(text, size, "The program ended with status %d", status);
	else
		snprintf(text, size, "%s%.20s ended with status %d (%s)",
			 of->first ? "" : "The program's child ", of->name, status,
			 meaning);
}

int finding_failed_after(const struct findings *f, unsigned long line,
			 char *text, size_t size)
{
	const struct ending *e;
	const struct failure *x;

	for (size_t i = 0; i < f->endings.size; i++) {
		e = f->endings.slots[i].value;
		if (!e || !e->first)
			continue;
		x = culprit(e);
		process_text(e->name, (long)f->endings.slots[i].key, text, size);
		return e->ended && e->status && !e->told && !e->has_blamed &&
		       e->exit_line > line && !(x && x->named) &&
		       (!*e->trouble->message || e->message_line > line);
	}
	return 0;
}

unsigned long finding_error_line(const struct findings *f, long pid)
{
	const struct ending *e = map_get(&f->endings, pid);

	return e ? e->trouble->error_line : 0;
}

int finding_is_told(const struct findings *f, long pid)
{
	const struct ending *e = map_get(&f->endings, pid);

	return e && e->told;
}

unsigned long finding_refused_since(const struct findings *f, long pid,
				    unsigned long line, char *text, size_t size)
{
	const struct refused *r, *last = NULL;

	map_each(&f->refused, i, r)
		if (r->pid == pid && !r->recovered && r->sample.line > line &&
		    r->row->when != REFUSED_AT_END &&
		    is_hard_error(r->sample.error) &&
		    (!last || r->sample.line > last->sample.line))
			last = r;
	if (last)
		snprintf(text, size, "%s failed with %s: %s", last->sample.what,
			 last->sample.error, last->row->limit);
	return last ? last->sample.line : 0;
}

int finding_has_message(const struct findings *f)
{
	const struct ending *e;

	for (size_t i = 0; i < f->endings.size; i++) {
		e = f->endings.slots[i].value;
		if (e && e->ended && e->status && !e->killed && !e->told &&
		    *e->trouble->message &&
		    is_complaint(last_words(e)))
			return 1;
	}
	return 0;
}

int finding_was_sleep(const struct findings *f, long pid)
{
	for (unsigned i = 0; i < SLEEPERS; i++)
		if (f->sleeper[i] == pid)
			return 1;
	return 0;
}

int finding_is_first(const struct findings *f, long pid)
{
	const struct ending *e = map_get(&f->endings, pid);

	return e && e->first;
}

void refusal_free(struct findings *f)
{
	struct refused *r;
	struct ending *e;

	map_each(&f->refused, i, r)
		free(r);
	map_free(&f->refused);
	map_free(&f->refused_objects);
	map_each(&f->endings, i, e)
		ending_free(e);
	map_free(&f->endings);
	free(f->hard);
}
