/* SPDX-License-Identifier: MIT */
/* descriptor.c - open files, and the numbers that stand for them; see process.h */
#include <stdio.h>
#include <stdlib.h>
#include "lock.h"
#include "world.h"

/* ---- constants, by name or (-X raw) by number ---- */

static int is_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* -X raw writes "0x1|0x80800": the numbers that a mask is made of. */
static unsigned long long mask_number(struct slice s)
{
	const char *stop, *end = s.at + s.len;
	unsigned long long n = 0;

	for (;;) {
		n |= slice_number(s, &stop);
		if (stop == s.at || stop >= end || *stop != '|')
			return n;
		s = slice_of(stop + 1, end);
	}
}

int has_flag_of(struct slice s, const char *name, size_t len,
		unsigned long bit)
{
	const char *p = s.at, *end = s.at + s.len;

	if (len && s.len == len && same_text(p, name, len))
		return 1;			/* (most are one flag) */
	while (len && s.len > len && p < end &&
	       (p = slice_search(slice_of(p, end), name, len))) {
		if ((p == s.at || !is_name(p[-1])) &&
		    (p + len == end || !is_name(p[len])))
			return 1;
		p += len;
	}
	if (*s.at < '0' || *s.at > '9')
		return 0;
	return bit && (mask_number(s) & bit) == bit;
}

int is_const(struct slice s, const char *name, long value)
{
	const char *stop;
	long n = slice_number(s, &stop);

	if (stop > s.at)
		return n == value;
	return slice_is(s, name);
}

int signal_number(struct slice s)
{
	static const char *const names[] = {
		"", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE",
		"KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
		"STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU",
		"URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR",
		"SYS",
	};
	const char *stop;
	long n = slice_number(s, &stop);

	if (stop > s.at)
		return n > 0 && n < SIGNALS ? n : 0;
	if (slice_starts(s, "SIG"))
		s = slice_of(s.at + 3, s.at + s.len);
	if (slice_is(s, "POLL"))
		return 29;
	if (slice_is(s, "RTMIN"))		/* as libc counts: 34 */
		return 32;
	if (slice_starts(s, "RT_")) {
		n = slice_number(slice_of(s.at + 3, s.at + s.len), NULL);
		return n >= 0 && n + 32 < SIGNALS ? n + 32 : 0;
	}
	for (int i = 1; i < 32; i++)
		if (slice_is(s, names[i]))
			return i;
	return 0;
}

/* ---- files ---- */

static const char *const kind_names[FILE_KINDS] = {
	"unknown", "socket", "listener", "connection", "datagram socket",
	"socket pair", "netlink socket", "pipe", "file", "directory", "device",
	"terminal", "epoll", "eventfd", "signalfd", "timerfd", "inotify",
	"pidfd", "memfd", "ring", "other",
};

const char *file_kind_name(enum file_kind k)
{
	return kind_names[k];
}

/* (As the kernel does: what is over full pages goes to the last one, if it fits.) */
unsigned long pipe_pages(unsigned long long bytes, unsigned short *room)
{
	unsigned over = bytes % PIPE_PAGE;
	unsigned long pages;

	if (over && over <= *room) {
		*room -= over;
		bytes -= over;
	}
	pages = bytes / PIPE_PAGE + !!(bytes % PIPE_PAGE);
	if (pages)
		*room = bytes % PIPE_PAGE ? PIPE_PAGE - bytes % PIPE_PAGE : 0;
	return pages;
}

struct file *file_new(struct world *w, enum file_kind kind, int fd,
		      long pid, unsigned long line)
{
	struct file *f = need_zero(sizeof(*f));

	f->kind = kind;
	f->fd = fd;
	f->pid = pid;
	f->opened = line;
	f->serial = ++w->serial;
	f->nonblocking = -1;
	f->resfd = -1;
	return f;
}

void file_name(struct file *f, struct slice name)
{
	if (f->name || !name.len)
		return;
	if (name.len > NAME_MAX_BYTES)
		name.len = NAME_MAX_BYTES;
	f->name = need(malloc(name.len + 1));
	memcpy(f->name, name.at, name.len);
	f->name[name.len] = 0;
	f->name_says = 0;
}

void watch_drop(struct file *f, unsigned i)
{
	struct file *ep = f->watch[i].epoll;

	if (map_get(&ep->watched, f->watch[i].data) == f)
		map_remove(&ep->watched, f->watch[i].data);
	f->watch[i] = f->watch[--f->n_watch];
}

void file_put(struct world *w, struct file *f, unsigned long line)
{
	struct file *other;

	if (!f || --f->refs)
		return;
	f->closed = line;
	if (f->other) {
		f->other->ended_by = w->acting;
		f->other->ended_line = w->dying;
		f->other->other = NULL;
	}
	if (w->file_ends)
		w->file_ends(w->context, f);
	if (w->n_locks)
		lock_file_ends(w, f);
	while (f->n_watch)
		watch_drop(f, f->n_watch - 1);
	map_each(&f->watched, i, other)
		for (unsigned k = other->n_watch; k--; )
			if (other->watch[k].epoll == f)
				other->watch[k] =
					other->watch[--other->n_watch];
	map_free(&f->watched);
	free(f->watch);
	free(f->name);
	free(f->ends);
	free(f->suspicion);
	free(f);
}

void table_set(struct world *w, struct fdtable *t, int fd,
	       struct file *f, int cloexec, unsigned long line)
{
	if (fd < 0 || fd >= FD_MAX)
		return;
	if ((unsigned)fd >= t->size) {
		unsigned size = t->size ? t->size : 16;

		if (!f)
			return;
		while (size <= (unsigned)fd)
			size *= 2;
		t->slot = need(realloc(t->slot, size * sizeof(*t->slot)));
		t->cloexec = need(realloc(t->cloexec, size));
		memset(t->slot + t->size, 0,
		       (size - t->size) * sizeof(*t->slot));
		memset(t->cloexec + t->size, 0, size - t->size);
		t->size = size;
	}
	if (f)
		f->refs++;
	if (t->slot[fd]) {
		t->slot[fd]->left_open = 0;	/* a child had; this one closes */
		file_put(w, t->slot[fd], line);
	}
	t->slot[fd] = f;
	t->cloexec[fd] = cloexec;
}

struct fdtable *table_copy(const struct fdtable *from)
{
	struct fdtable *t = need_zero(sizeof(*t));

	t->refs = 1;
	if (!from || !from->size)
		return t;
	t->size = from->size;
	t->slot = need(malloc(t->size * sizeof(*t->slot)));
	t->cloexec = need(malloc(t->size));
	memcpy(t->slot, from->slot, t->size * sizeof(*t->slot));
	memcpy(t->cloexec, from->cloexec, t->size);
	for (unsigned i = 0; i < t->size; i++)
		if (t->slot[i])
			t->slot[i]->refs++;
	return t;
}

void table_put(struct world *w, struct fdtable *t, unsigned long line)
{
	if (--t->refs)
		return;
	for (unsigned i = 0; i < t->size; i++) {
		if (!t->slot[i])
			continue;
		t->slot[i]->left_open = 1;
		file_put(w, t->slot[i], line);
	}
	free(t->slot);
	free(t->cloexec);
	free(t);
}

enum file_kind file_kind_of(struct slice d, struct slice *name)
{
	static const struct { const char *start; enum file_kind kind; } k[] = {
		{ "/dev/pts/", FILE_TERMINAL }, { "/dev/tty", FILE_TERMINAL },
		{ "/memfd:", FILE_MEMFD }, { "/dev/", FILE_DEVICE },
		{ "/", FILE_REGULAR },
		{ "anon_inode:[eventpoll]", FILE_EPOLL },
		{ "anon_inode:[eventfd]", FILE_EVENTFD },
		{ "{eventfd-", FILE_EVENTFD },
		{ "anon_inode:[io_uring]", FILE_RING },
		{ "anon_inode:[signalfd]", FILE_SIGNALFD },
		{ "signalfd:", FILE_SIGNALFD },
		{ "anon_inode:[timerfd]", FILE_TIMERFD },
		{ "anon_inode:inotify", FILE_INOTIFY },
		{ "anon_inode:[pidfd]", FILE_PIDFD }, { "pid:", FILE_PIDFD },
		{ "pidfd:", FILE_PIDFD },
		{ "pipe:[", FILE_PIPE }, { "UDP", FILE_DATAGRAM },
		{ "UNIX-DGRAM", FILE_DATAGRAM }, { "NETLINK", FILE_NETLINK },
		{ "socket:[", FILE_SOCKET }, { "UNIX", FILE_SOCKET },
		{ "TCP", FILE_SOCKET }, { "SCTP", FILE_SOCKET },
		{ "RAW", FILE_DATAGRAM }, { "PACKET", FILE_DATAGRAM },
		{ "PING", FILE_DATAGRAM }, { "anon_inode:", FILE_OTHER },
	};
	const char *p;

	*name = d;
	for (unsigned i = 0; i < sizeof(k) / sizeof(*k); i++) {
		if (!slice_starts(d, k[i].start))
			continue;
		if (k[i].kind == FILE_SOCKET && slice_find(d, "->")) {
			p = slice_find(d, "[");
			*name = slice_of(p ? p + 1 : d.at, d.at + d.len -
					 slice_ends(d, "]"));
			return FILE_CONNECTION;
		}
		if (k[i].kind == FILE_REGULAR && slice_find(d, "<char "))
			return FILE_DEVICE;
		return k[i].kind;
	}
	return FILE_UNKNOWN;
}

static void refine(struct file *f, struct slice decoration)
{
	char plain[4096];
	struct slice name;
	enum file_kind k = file_kind_of(line_plain(decoration, plain,
						   sizeof(plain)), &name);

	if (f->kind == FILE_UNKNOWN || (f->kind == FILE_SOCKET &&
					k == FILE_CONNECTION)) {
		f->kind = k;
		free(f->name);
		f->name = NULL;
	}
	/* "socket:[81]" says less than the address that will follow. */
	if (k != FILE_SOCKET)
		file_name(f, name);
}

/* "TCP:[127.0.0.1:5->127.0.0.1:6]": connect and accept name the peer alone. */
static void note_ends(struct file *f, struct slice d)
{
	struct slice name;

	if (file_kind_of(d, &name) == FILE_CONNECTION && slice_find(name, "->"))
		f->ends = need(strndup(name.at, name.len));
}

/*
 * Does the decoration show another file than the one that had the number?  A
 * log of -e trace=%network has no close.
 */
static int is_another(const struct file *f, struct slice d)
{
	int path = *d.at == '/', pipe = slice_starts(d, "pipe:[");
	int socket = slice_starts(d, "TCP") || slice_starts(d, "UNIX") ||
		     slice_starts(d, "UDP") || slice_starts(d, "socket:[");
	const char *open;

	if (f->kind == FILE_UNKNOWN || f->kind == FILE_OTHER)
		return 0;
	if (file_is_socket(f)) {
		if (path || pipe)
			return 1;
		if (!f->name || !strstr(f->name, "->"))
			return 0;
		open = memchr(d.at, '[', d.len);
		d = open ? slice_of(open + 1, d.at + d.len) : d;
		return slice_find(d, "->") && !slice_starts(d, f->name) &&
		       strlen(f->name) < NAME_MAX_BYTES;
	}
	if (f->kind == FILE_REGULAR || f->kind == FILE_DIRECTORY)
		return socket || pipe;
	return f->kind == FILE_PIPE && socket;
}

/* Nothing is new: the same decoration as last time, on the same file. */
static int was_seen(const struct file *f, struct slice d)
{
	return !d.len || (d.len == f->seen_len && f->seen_kind == f->kind &&
			  f->seen_name == f->name &&
			  !memcmp(d.at, f->seen, d.len));
}

struct file *file_at(struct world *w, struct task *t, long fd,
		     struct slice decoration, unsigned long line)
{
	struct fdtable *table = t->fds;
	struct file *f;

	if (fd < 0 || fd >= FD_MAX)
		return NULL;
	f = table_at(table, fd);
	if (f && was_seen(f, decoration))
		return f;
	if (f && decoration.len && is_another(f, decoration)) {
		/* Its close is not in the log, nor who opened this one. */
		table_set(w, table, fd, NULL, 0, line);
		f = NULL;
	}
	if (!f) {
		f = file_new(w, FILE_UNKNOWN, fd, t->pid, line);
		f->assumed = 1;
		table_set(w, table, fd, f, 0, line);
	}
	if (decoration.len && (!f->name || f->kind <= FILE_SOCKET))
		refine(f, decoration);
	if (decoration.len && !f->ends && f->kind == FILE_CONNECTION)
		note_ends(f, decoration);
	if (decoration.len <= sizeof(f->seen)) {
		memcpy(f->seen, decoration.at, decoration.len);
		f->seen_len = decoration.len;
		f->seen_kind = f->kind;
		f->seen_name = f->name;
	}
	return f;
}

/* "3<TCP:[1]>" shows the decoration that the file had last. */
static int ends_as_seen(const struct file *f, struct slice argument)
{
	const char *from = argument.at + argument.len - 1 - f->seen_len;

	return f->seen_len && from - argument.at > 1 && from[-1] == '<' &&
	       was_seen(f, (struct slice){ from, f->seen_len });
}

/* "3", which has nothing else to tell: the number; -1: it is more than that. */
static int bare_number(struct slice s)
{
	enum { DIGITS = 6 };
	int n = 0;

	if (!s.len || s.len > DIGITS || (*s.at == '0' && s.len > 1))
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return -1;
		n = n * 10 + s.at[i] - '0';
	}
	return n;
}

struct file *file_named(struct world *w, struct task *t, struct slice argument,
			int *fd, unsigned long line)
{
	struct slice decoration;
	int n = bare_number(argument);
	struct file *f = table_at(t->fds, n);

	*fd = n;
	if (f)
		return f;
	*fd = line_fd(argument, NULL);
	f = table_at(t->fds, *fd);
	if (f && ends_as_seen(f, argument))
		return f;
	line_fd(argument, &decoration);
	return file_at(w, t, *fd, decoration, line);
}
