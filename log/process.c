/* SPDX-License-Identifier: MIT */
/* process.c - what calls do to processes and descriptors; see process.h */
#include <stdio.h>
#include <stdlib.h>
#include "hash.h"
#include "lock.h"
#include "world.h"

/* ---- what the calls do to descriptors ---- */

static struct slice argument(const struct line *l, unsigned n)
{
	return n < l->n_args ? l->arg[n] : (struct slice){ l->text.at, 0 };
}

static int succeeded(const struct line *l)
{
	return l->ret >= 0 && !(l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN |
					    LINE_RESTART));
}

static struct file *make(struct world *w, struct step *st, long fd,
			 enum file_kind kind, struct slice decoration,
			 int cloexec)
{
	struct file *f;
	struct slice name;

	if (fd < 0 || fd >= FD_MAX)
		return NULL;
	f = file_new(w, kind, fd, st->task->pid, st->event->last);
	if (st->event->end_ns != NO_TIME)
		f->born_ns = st->event->end_ns;
	f->at_start = st->task->process->saw_start &&
		      !st->task->process->has_waited;
	if (decoration.len && (kind == FILE_REGULAR || kind == FILE_UNKNOWN)) {
		char plain[4096];
		enum file_kind k = file_kind_of(line_plain(decoration, plain,
							   sizeof(plain)),
						&name);

		if (k != FILE_UNKNOWN)
			f->kind = k;
		file_name(f, name);
	}
	table_set(w, st->task->fds, fd, f, cloexec, st->event->last);
	return f;
}

static struct file *make_returned(struct world *w, struct step *st,
				  enum file_kind kind, int cloexec)
{
	struct slice decoration;
	long fd = line_fd(st->event->line->value, &decoration);

	st->made_fd = fd;
	return st->made = make(w, st, fd, kind, decoration, cloexec);
}

/* {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")} */
static void name_from_address(struct file *f, struct slice a)
{
	static const char *const hosts[] = {
		"inet_addr(\"", "inet_pton(AF_INET6, \"", "sun_path=",
	};
	struct slice host = { a.at, 0 }, port = slice_after(a, "htons(");
	char text[NAME_MAX_BYTES], plain[NAME_MAX_BYTES];
	const char *end, *q;
	size_t len;
	int n;

	for (unsigned i = 0; i < 3 && !host.len; i++)
		host = slice_after(a, hosts[i]);
	if (!host.len)
		return;
	if (*host.at == '@')
		host.at++, host.len--;
	if (host.len && *host.at == '"')
		host.at++, host.len--;
	q = memchr(host.at, '"', host.len);
	if (q)
		host = slice_of(host.at, q);
	host = line_plain(host, plain, sizeof(plain));
	n = slice_number(port, &end);
	len = slice_add(host, text, sizeof(text), 0);
	if (end != port.at && (n < 0 ||
			       len + sizeof(":2147483647") > sizeof(text)))
		snprintf(text + len, sizeof(text) - len, ":%d", n);
	else if (end != port.at)
		put_number(text, text_append(":", text, sizeof(text), len), n);
	free(f->name);
	f->name = NULL;
	file_name(f, (struct slice){ text, strlen(text) });
}

/* A datagram socket that was connected, or has sent: it bears its peer's name. */
static int has_peer(const struct file *f)
{
	size_t len = f->name ? strlen(f->name) : 0;

	return f->kind == FILE_DATAGRAM && len > 2 &&
	       strcmp(f->name + len - 2, ":0");
}

static void opened_socket(struct world *w, struct step *st)
{
	struct line *l = st->event->line;
	struct slice type = argument(l, 1), family = argument(l, 0);
	const char *end;
	long n = slice_number(type, &end);
	struct file *f;
	enum file_kind k = FILE_SOCKET;

	if (is_const(family, "AF_NETLINK", 16))
		k = FILE_NETLINK;
	else if (end > type.at ? (n & 15) == 2 : has_flag(type, "SOCK_DGRAM", 0))
		k = FILE_DATAGRAM;
	f = make_returned(w, st, k, has_flag(type, "SOCK_CLOEXEC", 0x80000));
	if (f)
		f->nonblocking = has_flag(type, "SOCK_NONBLOCK", 0x800);
}

static void accepted(struct world *w, struct step *st)
{
	struct line *l = st->event->line;
	struct slice flags = argument(l, 3), decoration, name;
	struct file *f;

	f = make_returned(w, st, FILE_CONNECTION,
			  has_flag(flags, "SOCK_CLOEXEC", 0x80000));
	if (!f)
		return;
	f->nonblocking = has_flag(flags, "SOCK_NONBLOCK", 0x800);
	name_from_address(f, argument(l, 1));
	line_fd(l->value, &decoration);
	if (!f->name && file_kind_of(decoration, &name) == FILE_CONNECTION)
		file_name(f, name);
	if (st->file) {
		f->parent = st->file->serial;
		if (st->file->kind <= FILE_SOCKET)
			st->file->kind = FILE_LISTENER;
	}
}

static uint64_t path_key(struct slice path)
{
	return hash_slice(HASH_START, path) | 1;
}

/* mknodat(AT_FDCWD, "/run/x", S_IFIFO|0600), or a stat that says so. */
static void note_fifo(struct world *w, const struct step *st)
{
	static const char *const calls[] = {
		"mknod", "mknodat", "stat", "lstat", "newfstatat", "statx",
	};
	enum { FIFOS_MAX = 1000 };
	const struct line *l = st->event->line;
	struct slice path;
	const char *end;
	unsigned i = 0;

	if (st->event->call != CALL_OTHER)
		return;
	while (i < 6 && !slice_is(l->name, calls[i]))
		i++;
	if (i == 6 || !slice_find(l->args, "S_IFIFO"))
		return;
	path = slice_after(l->args, "\"");
	end = path.len ? memchr(path.at, '"', path.len) : NULL;
	if (!end || end == path.at || w->fifos.used >= FIFOS_MAX)
		return;
	map_put(&w->fifos, path_key(slice_of(path.at, end)), w);
}

static void opened_file(struct world *w, struct step *st)
{
	struct line *l = st->event->line;
	int at = st->event->call == CALL_OPENAT;
	struct slice path = argument(l, at), flags = argument(l, at + 1);
	enum file_kind k = FILE_REGULAR;
	char plain[4096];
	struct file *f, *directory;
	long fd;

	if (path.len > 2 && *path.at == '"')
		path = line_plain(slice_of(path.at + 1, path.at + path.len - 1),
				  plain, sizeof(plain));
	else
		path.len = 0;			/* an address: -e raw, EFAULT */
	if (has_flag(flags, "O_DIRECTORY", 0x10000))
		k = FILE_DIRECTORY;
	else if (slice_starts(path, "/dev/pts") ||
		 slice_starts(path, "/dev/tty"))
		k = FILE_TERMINAL;
	else if (slice_starts(path, "/dev/") &&
		 !slice_starts(path, "/dev/shm/"))
		k = FILE_DEVICE;
	else if (w->fifos.used && map_get(&w->fifos, path_key(path)))
		k = FILE_PIPE;
	f = make_returned(w, st, k, has_flag(flags, "O_CLOEXEC", 0x80000));
	if (!f)
		return;
	f->nonblocking = has_flag(flags, "O_NONBLOCK", 0x800);
	f->direct = has_flag(flags, "O_DIRECT", 0x4000);
	f->access = slice_find(flags, "O_RDWR") ? ACCESS_READ | ACCESS_WRITE
		  : slice_find(flags, "O_WRONLY") ? ACCESS_WRITE
		  : slice_find(flags, "O_RDONLY") ? ACCESS_READ : 0;
	file_name(f, path);
	/* The same name in another directory is another file. */
	fd = at ? line_fd(argument(l, 0), NULL) : -1;
	directory = fd >= 0 ? table_at(st->task->fds, fd) : NULL;
	f->in_directory = directory ? directory->serial : fd >= 0 ?
			  (unsigned long)fd : st->task->process->chdirs;
}

/* pipe2([3, 4], flags), socketpair(..., [3, 4]) */
static void opened_pair(struct world *w, struct step *st, struct slice pair,
			enum file_kind k, struct slice flags, const char *cloexec,
			const char *nonblock)
{
	struct slice element, decoration;
	struct file *f, *first = NULL;
	long fd, last = -1;

	if (pair.len < 2)
		return;
	pair = slice_of(pair.at + 1, pair.at + pair.len - 1);
	while (line_element(&pair, &element)) {
		fd = line_fd(element, &decoration);
		if (fd == last)			/* a damaged log: [3, 3] */
			first = NULL;
		f = make(w, st, fd, k, (struct slice){ element.at, 0 },
			 has_flag(flags, cloexec, 0x80000));
		if (!f)
			continue;
		last = fd;
		f->nonblocking = has_flag(flags, nonblock, 0x800);
		if (first) {
			first->other = f;
			f->other = first;
			return;			/* a damaged log: [3, 4, 5] */
		}
		first = f;
	}
}

static void opened_other(struct world *w, struct step *st)
{
	static const struct {
		enum call call;
		enum file_kind kind;
		const char *cloexec;
		const char *nonblock;
		int arg;
	} makers[] = {
		{ CALL_EPOLL_CREATE, FILE_EPOLL, "EPOLL_CLOEXEC", "", 0 },
		{ CALL_EVENTFD, FILE_EVENTFD, "EFD_CLOEXEC", "EFD_NONBLOCK", 1 },
		{ CALL_SIGNALFD, FILE_SIGNALFD, "SFD_CLOEXEC", "SFD_NONBLOCK", 3 },
		{ CALL_TIMERFD, FILE_TIMERFD, "TFD_CLOEXEC", "TFD_NONBLOCK", 1 },
		{ CALL_INOTIFY, FILE_INOTIFY, "IN_CLOEXEC", "IN_NONBLOCK", 0 },
		{ CALL_MEMFD, FILE_MEMFD, "MFD_CLOEXEC", "", 1 },
		{ CALL_PIDFD, FILE_PIDFD, "", "PIDFD_NONBLOCK", 1 },
		{ CALL_PERF_EVENT, FILE_OTHER, "PERF_FLAG_FD_CLOEXEC", "", 4 },
	};
	struct line *l = st->event->line;

	for (unsigned i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
		struct slice flags = argument(l, makers[i].arg);
		struct file *f;

		if (makers[i].call != st->event->call)
			continue;
		/* signalfd4(3, ...) changes the mask of an old one */
		if (makers[i].kind == FILE_SIGNALFD && st->file &&
		    l->ret == st->fd)
			return;
		f = make_returned(w, st, makers[i].kind,
				  has_flag(flags, makers[i].cloexec, 0));
		if (f && *makers[i].nonblock)
			f->nonblocking = has_flag(flags, makers[i].nonblock,
						  0x800);
		return;
	}
}

static void ring_register(struct world *w, struct task *t, long index,
			  struct file *f, unsigned long line)
{
	if (!t->rings)
		t->rings = need(calloc(RINGS_MAX, sizeof(*t->rings)));
	if (index < 0)				/* the kernel looks for a free one */
		for (index = 0; index < RINGS_MAX && t->rings[index]; index++)
			;
	if (index >= RINGS_MAX)
		return;
	if (f)
		f->refs++;
	file_put(w, t->rings[index], line);
	t->rings[index] = f;
}

/*
 * io_uring_register(3, IORING_REGISTER_RING_FDS, [{offset=-1, data=3}], 1): the
 * task may name the ring by its index from now on, and close the descriptor.
 */
static void registered_rings(struct world *w, struct step *st)
{
	const struct line *l = st->event->line;
	int in = is_const(argument(l, 1), "IORING_REGISTER_RING_FDS", 20);
	struct slice list = argument(l, 2), element, offset;

	if ((!in && !is_const(argument(l, 1), "IORING_UNREGISTER_RING_FDS",
			      21)) || list.len < 2 || *list.at != '[')
		return;
	list = slice_of(list.at + 1, list.at + list.len - 1);
	while (line_element(&list, &element)) {
		long index;
		int fd;

		offset = line_field(element, "offset");
		index = slice_starts(offset, "-1") ? -1 :
			slice_number(offset, NULL);
		if (index >= RINGS_MAX)
			index = -1;
		if (in || index >= 0)
			ring_register(w, st->task, index, in ?
				      file_named(w, st->task,
						 line_field(element, "data"),
						 &fd, st->event->last) : NULL,
				      st->event->last);
	}
}

/* The ring that an index stands for, as far as the log tells. */
static struct file *ring_at(struct world *w, struct task *t, long index,
			    unsigned long line)
{
	struct file *only = NULL;
	unsigned n = 0;

	if (index < 0 || index >= RINGS_MAX)
		return NULL;
	if (t->rings && t->rings[index])
		return t->rings[index];
	for (unsigned i = 0; i < t->fds->size; i++)
		if (t->fds->slot[i] && t->fds->slot[i]->kind == FILE_RING) {
			only = t->fds->slot[i];
			n++;
		}
	if (n != 1) {				/* it is from before the log */
		only = file_new(w, FILE_RING, index, t->pid, line);
		only->assumed = 1;
	}
	ring_register(w, t, index, only, line);
	return only;
}

static int names_by_index(const struct step *st)
{
	const struct line *l = st->event->line;

	if (st->event->call == CALL_RING_ENTER)
		return has_flag(argument(l, 3), "IORING_ENTER_REGISTERED_RING",
				16);
	return st->event->call == CALL_RING_REGISTER &&
	       has_flag(argument(l, 1), "IORING_REGISTER_USE_REGISTERED_RING",
			1u << 31);
}

static void opened_ring(struct world *w, struct step *st)
{
	struct slice flags = line_field(argument(st->event->line, 1), "flags");
	struct file *f;

	if (has_flag(flags, "IORING_SETUP_REGISTERED_FD_ONLY", 1 << 15)) {
		long index = st->event->line->ret;

		f = file_new(w, FILE_RING, index, st->task->pid,
			     st->event->last);
		ring_register(w, st->task, index < RINGS_MAX ? index : -1, f,
			      st->event->last);
		if (!f->refs) {
			f->refs = 1;
			file_put(w, f, st->event->last);
			return;
		}
	} else {
		f = make_returned(w, st, FILE_RING, 1);
	}
	if (!f)
		return;
	if (has_flag(flags, "IORING_SETUP_SQPOLL", 2))
		f->ring_flags |= RING_SQPOLL;
	if (has_flag(flags, "IORING_SETUP_IOPOLL", 1))
		f->ring_flags |= RING_IOPOLL;
}

static void duplicated(struct world *w, struct step *st, int cloexec)
{
	struct slice decoration;
	long fd = line_fd(st->event->line->value, &decoration);

	if (!st->file || fd == st->fd)
		return;
	st->made_fd = fd;
	st->made = st->file;
	table_set(w, st->task->fds, fd, st->file, cloexec, st->event->last);
	st->task->process->copies++;
	st->task->process->copy_line = st->event->first;
}

static void set_flags(struct file *f, struct slice flags)
{
	f->nonblocking = has_flag(flags, "O_NONBLOCK", 0x800);
	f->async = has_flag(flags, "FASYNC", 0x2000) ||
		   has_flag(flags, "O_ASYNC", 0);
	f->direct = has_flag(flags, "O_DIRECT", 0x4000);
}

static void asks_for_signals(struct step *st)
{
	st->task->process->async |= st->file->async;
	st->task->process->queued |= st->file->sig != 0;
}

static void controlled(struct world *w, struct step *st)
{
	struct line *l = st->event->line;
	struct slice command = argument(l, 1), value = argument(l, 2);
	struct file *f = st->file;

	if (!f)
		return;
	if (is_const(command, "F_SETFL", 4)) {
		set_flags(f, value);
	} else if (is_const(command, "F_GETFL", 3)) {
		struct slice flags = slice_starts(l->aux, "flags ") ?
			slice_after(l->aux, "flags ") : l->value;

		set_flags(f, flags);
	} else if (is_const(command, "F_SETSIG", 10)) {
		f->sig = signal_number(value);
	} else if (is_const(command, "F_DUPFD", 0)) {
		duplicated(w, st, 0);
	} else if (is_const(command, "F_DUPFD_CLOEXEC", 1030)) {
		duplicated(w, st, 1);
	} else if (is_const(command, "F_SETFD", 2)) {
		if ((unsigned)st->fd < st->task->fds->size)
			st->task->fds->cloexec[st->fd] =
				has_flag(value, "FD_CLOEXEC", 1);
	}
	asks_for_signals(st);
}

static void ioctled(struct step *st)
{
	struct line *l = st->event->line;
	struct slice request = argument(l, 1), value = argument(l, 2);

	if (!st->file)
		return;
	if (is_const(request, "FIONBIO", 0x5421))
		st->file->nonblocking = !slice_find(value, "[0]");
	else if (is_const(request, "FIOASYNC", 0x5452))
		st->file->async = !slice_find(value, "[0]");
	else if (is_const(request, "TCGETS", 0x5401) &&
		 st->file->kind <= FILE_UNKNOWN)
		st->file->kind = FILE_TERMINAL;
	asks_for_signals(st);
}

static void closed_range(struct world *w, struct step *st)
{
	struct line *l = st->event->line;
	unsigned long from = slice_number(argument(l, 0), NULL);
	unsigned long to = slice_number(argument(l, 1), NULL);
	struct fdtable *t = st->task->fds;
	int mark = has_flag(argument(l, 2), "CLOSE_RANGE_CLOEXEC", 4);

	if (has_flag(argument(l, 2), "CLOSE_RANGE_UNSHARE", 2)) {
		task_unshares(st->task);
		t = st->task->fds;
	}
	for (; from < t->size && from <= to; from++)
		if (t->slot[from] && mark)
			t->cloexec[from] = 1;
		else if (t->slot[from])
			table_set(w, t, from, NULL, 0, st->event->last);
}

/* "{events=EPOLLIN|EPOLLET, data={u32=5, u64=5}}", "{EPOLLIN, {u32=5, ..." */
static int read_data(struct slice s, uint64_t *data)
{
	const char *last = s.len ? memrchr(s.at, '=', s.len) : NULL, *end;
	struct slice u;

	if (last && last - s.at >= 3 && !memcmp(last - 3, "u64", 3))
		u = slice_of(last + 1, s.at + s.len);
	else
		u = slice_after(s, "data=");
	*data = slice_number(u, &end);
	if (end - u.at >= 19 && u.at[1] != 'x') {
		/* Above 2^63, as Go has it on aarch64, it does not saturate. */
		*data = 0;
		for (const char *p = u.at; p < end; p++)
			*data = *data * 10 + *p - '0';
	}
	return end > u.at;
}

/* data is unique among the watched: the newer one replaces the older. */
static void watched_add(struct file *ep, uint64_t data, struct file *f)
{
	struct file *old = map_get(&ep->watched, data);

	for (unsigned i = 0; old && old != f && i < old->n_watch; i++)
		if (old->watch[i].epoll == ep) {
			old->watch[i] = old->watch[--old->n_watch];
			break;
		}
	map_put(&ep->watched, data, f);
}

static void registered(struct world *w, struct step *st)
{
	struct line *l = st->event->line;
	struct slice op = argument(l, 1), event = argument(l, 3);
	struct file *ep = st->file;
	/* (The other one it is about.) */
	struct file *f = file_named(w, st->task, argument(l, 2), &st->made_fd,
				    st->event->last);
	struct slice flags = line_field(event, "events");
	struct watch *at = NULL;
	uint64_t data = 0;
	int known;

	if (!ep || !f || ep == f)
		return;
	ep->kind = FILE_EPOLL;
	for (unsigned i = 0; i < f->n_watch; i++)
		if (f->watch[i].epoll == ep)
			at = &f->watch[i];
	if (is_const(op, "EPOLL_CTL_DEL", 2)) {
		if (at)
			watch_drop(f, at - f->watch);
		return;
	}
	if (!flags.len)
		flags = event;
	known = read_data(event, &data);
	if (!known && !slice_starts(event, "0x"))	/* -e raw: a pointer */
		return;
	/* It is in the map all the same: freeing the epoll looks there. */
	if (!known)
		data = ~(uint64_t)f->serial;
	if (!at) {
		f->watch = need(realloc(f->watch, (f->n_watch + 1) *
					sizeof(*f->watch)));
		at = &f->watch[f->n_watch++];
	} else if (map_get(&ep->watched, at->data) == f) {
		map_remove(&ep->watched, at->data);
	}
	at->epoll = ep;
	at->data = data;
	watched_add(ep, data, f);
	at->mode = 0;
	if (!known)
		return;
	at->mode = has_flag(flags, "EPOLLET", 1u << 31) ? EPOLL_EDGE
							: EPOLL_LEVEL;
	if (has_flag(flags, "EPOLLONESHOT", 1u << 30))
		at->mode |= EPOLL_ONCE;
	if (has_flag(flags, "EPOLLEXCLUSIVE", 1u << 28))
		at->mode |= EPOLL_ALONE;
	ep->modes |= at->mode;
}

/* ---- what a wait reported ---- */

/* The names are epoll's; poll's are the same without their first letter. */
static unsigned ready_events(struct slice s, int is_poll)
{
	static const struct { const char *name; unsigned bit, event; } e[] = {
		{ "EPOLLIN", 1, READY_IN }, { "EPOLLPRI", 2, READY_IN },
		{ "EPOLLOUT", 4, READY_OUT }, { "EPOLLERR", 8, READY_ERR },
		{ "EPOLLHUP", 16, READY_HUP },
		{ "EPOLLRDHUP", 0x2000, READY_HUP },
		{ "EPOLLRDNORM", 64, READY_IN },
		{ "EPOLLNVAL", 32, READY_BAD },
	};
	unsigned events = 0;

	if (slice_is(s, "EPOLLIN") || slice_is(s, "POLLIN"))
		return READY_IN;
	if (slice_is(s, "EPOLLOUT") || slice_is(s, "POLLOUT"))
		return READY_OUT;
	for (unsigned i = 0; i < sizeof(e) / sizeof(*e); i++)
		if (has_flag(s, e[i].name + is_poll, e[i].bit))
			events |= e[i].event;
	return events;
}

static void ready_add(struct step *st, struct file *f, int fd, unsigned events)
{
	if (st->n_ready < READY_MAX && f)
		st->ready[st->n_ready++] = (struct ready){ f, fd, events };
}

static struct slice events_of(struct slice element)
{
	const char *comma;

	if (!slice_starts(element, "{events=") ||
	    !(comma = memchr(element.at, ',', element.len)))
		return line_field(element, "events");
	return slice_of(element.at + strlen("{events="), comma);
}

/* As line_element(): most end in "}}", and a flag has no bracket. */
static int next_event(struct slice *list, struct slice *element)
{
	const char *end = list->at + list->len, *stop;

	if (!slice_starts(*list, "{events=") ||
	    !(stop = slice_find(*list, "}}")) ||
	    (stop + 2 < end && stop[2] != ','))
		return line_element(list, element);
	*element = slice_of(list->at, stop + 2);
	*list = slice_trim(slice_of(stop + 2 + (stop + 2 < end), end));
	return 1;
}

static void ready_epoll(struct step *st)
{
	struct slice list = argument(st->event->line, 1), element;
	uint64_t data;

	st->task->unmapped = 0;
	if (!st->file || list.len < 2)
		return;
	st->file->kind = FILE_EPOLL;
	list = slice_of(list.at + 1, list.at + list.len - 1);
	while (next_event(&list, &element)) {
		struct slice flags = events_of(element);
		struct file *f;

		if (!read_data(element, &data))
			continue;
		f = map_get(&st->file->watched, data);
		st->task->unmapped += !f;
		ready_add(st, f, f ? f->fd : -1,
			  ready_events(flags.len ? flags : element, 0));
	}
}

static void ready_poll(struct world *w, struct step *st)
{
	struct slice list = st->event->line->aux, element;
	struct file *f;
	int fd;

	if (list.len < 2 || *list.at != '[')
		return;
	list = slice_of(list.at + 1, list.at + list.len);
	while (line_element(&list, &element)) {
		struct slice flags = line_field(element, "revents");

		f = file_named(w, st->task, line_field(element, "fd"), &fd,
			       st->event->last);
		ready_add(st, f, fd, ready_events(flags, 1));
	}
}

/* "in [3 4], out [5], left {tv_sec=0, tv_nsec=9}" */
static void ready_select(struct world *w, struct step *st)
{
	static const struct { const char *name; unsigned event; } sets[] = {
		{ "in [", READY_IN }, { "out [", READY_OUT },
		{ "except [", READY_ERR },
	};

	for (unsigned i = 0; i < 3; i++) {
		struct slice set = slice_after(st->event->line->aux,
					       sets[i].name), decoration;
		const char *p = set.at, *end = set.at + set.len, *stop;

		while (p < end && *p != ']') {
			long fd = line_fd(slice_of(p, end), &decoration);

			if (fd < 0)
				break;
			ready_add(st, file_at(w, st->task, fd, decoration,
					      st->event->last),
				  fd, sets[i].event);
			slice_number(slice_of(p, end), &stop);
			p = decoration.len ? decoration.at + decoration.len + 1
					   : stop;
			while (p < end && (*p == ' ' || *p == '('))
				p = *p == ' ' ? p + 1 :
				    (memchr(p, ')', end - p) ?: end - 1) + 1;
		}
	}
}

/* ---- steps ---- */

static int first_is_fd(enum call c)
{
	switch (c) {
	case CALL_OTHER: case CALL_SOCKET: case CALL_SOCKETPAIR:
	case CALL_OPEN: case CALL_CLOSE_RANGE: case CALL_PIPE:
	case CALL_EVENTFD: case CALL_TIMERFD: case CALL_INOTIFY:
	case CALL_MEMFD: case CALL_PIDFD: case CALL_PERF_EVENT:
	case CALL_SELECT: case CALL_POLL: case CALL_EPOLL_CREATE:
	case CALL_IO_SETUP: case CALL_IO_SUBMIT: case CALL_IO_GETEVENTS:
	case CALL_IO_CANCEL: case CALL_IO_DESTROY: case CALL_RING_SETUP:
	case CALL_OPENAT: case CALL_MUNMAP: case CALL_MSYNC:
		return 0;
	case CALL_SPLICE: case CALL_SENDFILE: case CALL_COPY_FILE_RANGE:
	case CALL_SPLICE_IN:
		return 1;
	default:
		return !(c >= CALL_SIGACTION && c <= CALL_RESTART) &&
		       !(c >= CALL_CLONE && c <= CALL_SLEEP);
	}
}

/*
 * splice(4, NULL, 7, NULL, ...): out of a socket it is a read, which may wait;
 * into one it is a write.  One of the two is a pipe, which is only a buffer.
 */
static void splice_subject(struct world *w, struct step *st)
{
	if (!st->file || st->file->kind != FILE_PIPE) {
		st->event->call = CALL_SPLICE_IN;
		return;
	}
	st->file = file_named(w, st->task, argument(st->event->line, 2),
			      &st->fd, st->event->first);
}

static void find_subject(struct world *w, struct step *st)
{
	struct line *l = st->event->line;
	enum call c = st->event->call;
	unsigned n = c == CALL_MMAP ? 4 : 0;

	if (c == CALL_MMAP ? l->n_args < 5 : !first_is_fd(c) || !l->n_args)
		return;
	if (slice_is(l->error, "EBADF"))
		return;
	if (names_by_index(st)) {
		st->file = ring_at(w, st->task, line_fd(l->arg[n], NULL),
				   st->event->first);
		st->fd = st->file ? st->file->fd : -1;
		return;
	}
	st->file = file_named(w, st->task, l->arg[n], &st->fd,
			      st->event->first);
	if (c == CALL_SPLICE && st->fd >= 0 && slice_is(l->name, "splice"))
		splice_subject(w, st);
}

static int makes_fd(enum call c)
{
	switch (c) {
	case CALL_SOCKET: case CALL_ACCEPT: case CALL_OPEN: case CALL_OPENAT:
	case CALL_DUP: case CALL_EVENTFD: case CALL_TIMERFD:
	case CALL_INOTIFY: case CALL_MEMFD: case CALL_PIDFD:
	case CALL_PERF_EVENT: case CALL_EPOLL_CREATE: case CALL_RING_SETUP:
		return 1;
	default:
		return 0;
	}
}

int world_allows(const struct world *w, long pid, const struct line *l)
{
	const struct task *t = map_get(&w->tasks, pid);
	enum call c = call_find(l->name);
	long fd;

	if (!t || !t->process->saw_start || l->kind != LINE_CALL)
		return 1;
	if (makes_fd(c) && succeeded(l) && table_at(t->fds, l->ret))
		return 0;
	if (!first_is_fd(c) || !l->n_args || slice_is(l->error, "EBADF"))
		return 1;
	fd = line_fd(l->arg[0], NULL);
	return fd <= 2 || table_at(t->fds, fd);
}

/* A path may be a FIFO: fstat says so, and so does a seek that fails. */
static void infer_fifo(struct world *w, struct step *st)
{
	const struct line *l = st->event->line;
	enum call c = st->event->call;
	struct file *f = st->file;
	int fifo, fd;

	if (c == CALL_OTHER && l->n_args > 1 &&
	    (slice_is(l->name, "fstat") || (slice_is(l->arg[1], "\"\"") &&
	     (slice_is(l->name, "newfstatat") || slice_is(l->name, "statx"))))) {
		fifo = !!slice_find(l->args, "_mode=S_IFIFO");
		if (!fifo && !slice_find(l->args, "_mode=S_IFREG"))
			return;
		f = file_named(w, st->task, l->arg[0], &fd, st->event->first);
	} else if (c == CALL_LSEEK || c == CALL_PREAD || c == CALL_PWRITE) {
		fifo = slice_is(l->error, "ESPIPE");
		if (!fifo && l->flags & LINE_HAS_ERROR)
			return;
	} else if ((c == CALL_WRITE || c == CALL_WRITEV) &&
		   slice_is(l->error, "EAGAIN")) {
		fifo = 1;			/* a file always has room */
	} else {
		return;
	}
	if (!f || f->kind != FILE_REGULAR)
		return;
	if (fifo)
		f->kind = FILE_PIPE;
	else
		f->regular = 1;
}

/* write(17, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8: an eventfd counts by one. */
static int is_wakeup(const struct step *st)
{
	const struct line *l = st->event->line;
	enum call c = st->event->call;

	return (c == CALL_WRITE || c == CALL_READ) && l->ret == 8 &&
	       slice_is(argument(l, 1), "\"\\1\\0\\0\\0\\0\\0\\0\\0\"");
}

/* What the use of a descriptor betrays when its opening was not seen. */
static void infer_kind(struct step *st)
{
	struct file *f = st->file;
	enum call c = st->event->call;

	if (f && c == CALL_TIMERFD_SET)
		f->kind = FILE_TIMERFD;		/* (its read looked like another's) */
	if (!f || f->kind > FILE_SOCKET)
		return;
	if (f->kind == FILE_UNKNOWN && is_wakeup(st)) {
		f->kind = FILE_EVENTFD;
		return;
	}
	if (c == CALL_ACCEPT || c == CALL_LISTEN)
		f->kind = FILE_LISTENER;
	else if (f->kind == FILE_SOCKET && (c == CALL_READ || c == CALL_WRITE ||
					    c == CALL_WRITEV))
		f->kind = FILE_CONNECTION;
	else if (c >= CALL_RECVFROM && c <= CALL_RECVMMSG)
		f->kind = FILE_CONNECTION;
	else if (c >= CALL_SENDTO && c <= CALL_SENDMMSG)
		f->kind = FILE_CONNECTION;
	else if (c == CALL_PREAD || c == CALL_PWRITE || c == CALL_GETDENTS)
		f->kind = FILE_REGULAR;
	else if (c == CALL_EPOLL_WAIT || c == CALL_EPOLL_CTL)
		f->kind = FILE_EPOLL;
	else if (c == CALL_RING_ENTER || c == CALL_RING_REGISTER)
		f->kind = FILE_RING;
}

static void set_action(struct step *st)
{
	struct line *l = st->event->line;
	int sig = signal_number(argument(l, 0));
	struct slice act = argument(l, 1), handler;

	if (!sig || slice_is(act, "NULL"))
		return;
	handler = line_field(act, "sa_handler");
	if (!handler.len)
		handler = line_field(act, "sa_sigaction");
	if (!handler.len)
		handler = act;
	if (sig == 17)				/* SIGCHLD */
		st->task->process->keeps_no_child =
			slice_find(act, "SA_NOCLDWAIT") != NULL;
	if (*handler.at == '{')			/* old: {SIG_DFL, [], 0} */
		handler.at++, handler.len--;
	st->task->process->action[sig] =
		slice_starts(handler, "SIG_DFL") ? ACTION_DEFAULT :
		slice_starts(handler, "SIG_IGN") ? ACTION_IGNORE
						 : ACTION_HANDLER;
}

/* "{sa_family=AF_NETLINK, nl_pid=0, nl_groups=0x000001}" */
static int has_groups(struct slice address)
{
	struct slice groups = line_field(address, "nl_groups");

	for (size_t i = 0; i < groups.len; i++)
		if (!strchr("0x}", groups.at[i]))
			return 1;
	return 0;
}

/* The kernel answers a request; a socket with groups waits for events. */
static void asks_kernel(struct step *st)
{
	if (st->file && st->file->kind == FILE_NETLINK)
		st->file->asks = !st->file->monitors &&
			call_class(st->event->call) == CLASS_OUT;
}

/* msg_control=[{..., cmsg_type=SCM_RIGHTS, cmsg_data=[5, 6]}]: from another process */
static void passed_files(struct world *w, struct step *st)
{
	struct slice list = slice_after(st->event->line->args,
					"SCM_RIGHTS, cmsg_data=["), element;
	const char *end = list.len ? memchr(list.at, ']', list.len) : NULL;
	struct slice decoration;
	struct file *f;

	/* (The text may have "[pipe:[5]]": then the first few count.) */
	if (!end)
		return;
	list = slice_of(list.at, end);
	while (line_element(&list, &element)) {
		f = make(w, st, line_fd(element, &decoration), FILE_UNKNOWN,
			 decoration, 0);
		if (!f)
			continue;
		f->assumed = f->passed = 1;
		st->n_passed++;
	}
}

static void succeeded_call(struct world *w, struct step *st)
{
	struct line *l = st->event->line;
	struct slice flags;

	switch (st->event->call) {
	case CALL_SOCKET: opened_socket(w, st); break;
	case CALL_ACCEPT: accepted(w, st); break;
	case CALL_OPEN: case CALL_OPENAT: opened_file(w, st); break;
	case CALL_OTHER:
		st->task->process->chdirs += slice_is(l->name, "chdir") ||
					     slice_is(l->name, "fchdir");
		break;
	case CALL_PIPE:
		opened_pair(w, st, argument(l, 0), FILE_PIPE, argument(l, 1),
			    "O_CLOEXEC", "O_NONBLOCK");
		break;
	case CALL_SOCKETPAIR:
		opened_pair(w, st, argument(l, 3), FILE_SOCKETPAIR,
			    argument(l, 1), "SOCK_CLOEXEC", "SOCK_NONBLOCK");
		break;
	case CALL_EVENTFD: case CALL_SIGNALFD: case CALL_TIMERFD:
	case CALL_INOTIFY: case CALL_MEMFD: case CALL_PIDFD:
	case CALL_PERF_EVENT: case CALL_EPOLL_CREATE:
		opened_other(w, st);
		break;
	case CALL_RING_SETUP: opened_ring(w, st); break;
	case CALL_RING_REGISTER: registered_rings(w, st); break;
	case CALL_DUP: duplicated(w, st, 0); break;
	case CALL_DUP2:
		flags = argument(l, 2);
		duplicated(w, st, has_flag(flags, "O_CLOEXEC", 0x80000));
		break;
	case CALL_FCNTL: controlled(w, st); break;
	case CALL_IOCTL: ioctled(st); break;
	case CALL_LISTEN: case CALL_BIND: case CALL_CONNECT:
		if (!st->file)
			break;
		if (st->file->kind == FILE_NETLINK)
			st->file->monitors |= has_groups(argument(l, 1));
		if (st->event->call == CALL_LISTEN)
			st->file->kind = FILE_LISTENER;
		else
			name_from_address(st->file, argument(l, 1));
		if (st->event->call == CALL_CONNECT &&
		    st->file->kind <= FILE_SOCKET)
			st->file->kind = FILE_CONNECTION;
		else if (st->event->call == CALL_CONNECT)
			st->file->asks = st->file->kind == FILE_DATAGRAM;
		break;
	case CALL_SOCKOPT:
		flags = argument(l, 2);
		if (st->file && slice_is(flags, "NETLINK_ADD_MEMBERSHIP"))
			st->file->monitors = 1;
		if (st->file && (slice_starts(flags, "SO_RCVTIMEO") ||
				 slice_is(flags, "0x14")))
			st->file->timed |= TIMED_IN;
		if (st->file && (slice_starts(flags, "SO_SNDTIMEO") ||
				 slice_is(flags, "0x15")))
			st->file->timed |= TIMED_OUT;
		break;
	case CALL_RECVMSG:
		passed_files(w, st);
		/* fall through */
	case CALL_SENDMSG: case CALL_WRITE:
	case CALL_RECVFROM: case CALL_READ:
		asks_kernel(st);
		break;
	case CALL_SENDTO:			/* it speaks first: a client */
		asks_kernel(st);
		if (connects_in_send(st->event) && st->file &&
		    st->file->kind <= FILE_SOCKET) {
			name_from_address(st->file, argument(l, 4));
			st->file->kind = FILE_CONNECTION;
		}
		if (st->file && st->file->kind == FILE_DATAGRAM &&
		    !st->file->reads && !st->file->writes && l->n_args > 4) {
			name_from_address(st->file, argument(l, 4));
			st->file->asks = 1;
		}
		break;
	case CALL_SOCKNAME:			/* bound to port 0: which is it? */
		if (st->file && st->file->kind != FILE_CONNECTION &&
		    slice_is(l->name, "getsockname") && !has_peer(st->file))
			name_from_address(st->file, argument(l, 1));
		break;
	case CALL_EPOLL_CTL: registered(w, st); break;
	case CALL_IO_SUBMIT:
		if (slice_find(l->args, "CMD_POLL"))
			st->task->process->aio_polls = 1;
		break;
	case CALL_EPOLL_WAIT:
		if (st->file && l->ret > 0)
			st->file->has_events = 1;
		ready_epoll(st);
		break;
	case CALL_POLL: ready_poll(w, st); break;
	case CALL_SELECT: ready_select(w, st); break;
	case CALL_SIGACTION: set_action(st); break;
	case CALL_CLONE: case CALL_FORK: task_cloned(w, st); break;
	case CALL_WAIT:				/* it is gone, and said nothing */
		if (l->ret > 0 && l->ret != st->task->pid)
			task_forget(w, l->ret, st->event->last);
		break;
	case CALL_EXEC: task_executed(w, st); break;
	case CALL_UNSHARE:
		if (has_flag(argument(l, 0), "CLONE_FILES", 0x400))
			task_unshares(st->task);
		break;
	case CALL_CLOSE_RANGE: closed_range(w, st); break;
	default: break;
	}
}

int only_looks(const struct step *st)
{
	enum call c = st->event->call;
	struct slice flags;

	if (c < CALL_RECVFROM || c > CALL_RECVMMSG)
		return 0;
	flags = argument(st->event->line, c == CALL_RECVMSG ? 2 : 3);
	return slice_find(flags, "MSG_PEEK") || slice_find(flags, "MSG_ERRQUEUE");
}

static long long bytes_moved(const struct step *st)
{
	const struct line *l = st->event->line;
	enum call_class class = call_class(st->event->call);
	struct slice rest = l->args;
	unsigned long long sum = 0;

	if ((class != CLASS_IN && class != CLASS_OUT) || !succeeded(l) ||
	    only_looks(st))
		return -1;
	if (st->event->call != CALL_RECVMMSG && st->event->call != CALL_SENDMMSG)
		return l->ret;
	while ((rest = slice_after(rest, "msg_len=")).len)
		sum += slice_number(rest, NULL);
	return sum > LLONG_MAX ? LLONG_MAX : (long long)sum;
}

/* "close(7<TCP:[1]> <unfinished ...>" */
static void close_begins(struct world *w, struct step *st)
{
	struct slice rest = line_begun(st->event->line), arg;
	struct task *t = st->task;

	if (t->closing || !line_element(&rest, &arg))
		return;
	if (slice_starts(arg, "fd="))		/* -N */
		arg = slice_after(arg, "=");
	t->closing = file_named(w, t, arg, &t->closing_fd, st->event->first);
	if (!t->closing)
		return;
	t->closing->refs++;
	table_set(w, t->fds, t->closing_fd, NULL, 0, st->event->last);
}

/*
 * -z prints a call when it is over: a close may stand after the accept of
 * another thread that was given the number in between.  Then it is the older
 * descriptor's.  The end of a call is known only about (its time and -T).
 */
static int is_given_again(const struct step *st)
{
	const long long ABOUT_NS = 50000;

	return st->file && st->file->pid != st->task->pid &&
	       st->event->start_ns != NO_TIME &&
	       st->event->start_ns < st->file->born_ns - ABOUT_NS;
}

static void call_step(struct world *w, struct step *st)
{
	struct line *l = st->event->line;
	struct task *t = st->task;

	if (t->closing && st->event->call == CALL_CLOSE) {
		st->file = t->closing;		/* and its reference */
		st->fd = t->closing_fd;
		t->closing = NULL;
		return;
	}
	find_subject(w, st);
	if (st->file)
		st->file->refs++;		/* until step_done */
	infer_fifo(w, st);
	note_fifo(w, st);
	infer_kind(st);
	st->bytes = bytes_moved(st);
	if (succeeded(l)) {
		succeeded_call(w, st);
	} else if (st->event->call == CALL_CLONE ||
		   st->event->call == CALL_FORK) {
		cloning_drop(w, st->task);
	} else if (st->event->call == CALL_CONNECT && st->file) {
		name_from_address(st->file, argument(l, 1));
		if (st->file->kind <= FILE_SOCKET)
			st->file->kind = FILE_CONNECTION;
	} else if (connects_in_send(st->event) && st->file) {
		name_from_address(st->file, argument(l, 4));
		if (st->file->kind <= FILE_SOCKET)
			st->file->kind = FILE_CONNECTION;
	}
	/* Linux closes the number even when close says EINTR or EIO. */
	if (st->event->call == CALL_CLOSE && st->fd >= 0 &&
	    !slice_is(l->error, "EBADF") && !is_given_again(st))
		table_set(w, st->task->fds, st->fd, NULL, 0, st->event->last);
	if (st->made && st->made != st->file)
		st->made->refs++;
}

/* Signals that are ignored unless somebody asked for them. */
static int ignored_by_default(int sig)
{
	return sig == 17 || sig == 18 || sig == 23 || sig == 28;
}

static void signal_step(struct step *st)
{
	enum action a;

	st->signal = signal_number(st->event->line->name);
	if (!st->signal)
		return;
	a = st->task->process->action[st->signal];
	st->handled = a == ACTION_HANDLER;
	st->artefact = a == ACTION_IGNORE ||
		       (a == ACTION_DEFAULT && ignored_by_default(st->signal) &&
			st->task->process->saw_start);
	st->task->artefacts += st->artefact;
}

/*
 * pthread_join: the word has the thread's number, and the kernel, which clears it,
 * wakes it as one that is shared.
 */
__attribute__((cold, noinline))
static void joins(struct world *w, const struct step *st)
{
	const struct event *e = st->event;
	struct slice rest = e->kind == EVENT_BEGUN ? line_begun(e->line)
						   : e->line->args, arg;
	long long pid;

	for (int i = 0; i < 3; i++)
		if (!line_element(&rest, &arg))
			return;
	pid = slice_number(arg, NULL);
	if (pid > 2 && pid < 1 << 22)
		task_joins(w, st->task, pid, e->first);
}

/*
 * In the middle of a log: a futex that only another thread can wake, or that woke
 * another thread (its line may come before that of the wait).
 */
static void look_for_threads(struct world *w, const struct step *st)
{
	const struct line *l = st->event->line;
	struct slice op = l->n_args > 1 ? l->arg[1] : l->body;

	if (w->processes_made < 2 || st->task->origin != ORIGIN_FIRST ||
	    st->task->process->saw_start || !slice_is(l->name, "futex"))
		return;
	if (slice_find(op, "FUTEX_WAIT") && !slice_find(op, "PRIVATE"))
		joins(w, st);
	else if (slice_find(op, "PRIVATE") &&
		 (slice_find(op, "FUTEX_WAIT") ||
		  (l->ret > 0 && slice_find(op, "FUTEX_WAKE"))) &&
		 (!w->joined || st->task->process->refs == 1))
		tasks_are_threads(w, st->event->first);
}

void step_take(struct world *w, struct step *st, struct event *e)
{
	st->event = e;
	st->task = e->strand ? task_of(w, e->strand, e->first, e->start_ns) : NULL;
	st->file = st->made = NULL;
	st->fd = st->made_fd = -1;
	st->n_ready = st->n_passed = st->phase = 0;
	st->signal = st->handled = st->artefact = st->at_most = 0;
	st->bytes = -1;
	st->model = MODEL_NONE;
	st->wait_ns = NO_TIME;
	st->kernel = (struct kernel_side){ 0 };
	w->acting = st->task ? st->task->pid : 0;
	if (e->kind == EVENT_NOTE && e->line->threads > 1) {
		w->attached = e->line->new_pid;
		w->attached_left = e->line->threads;
		w->joined = 0;
	}
	if (!st->task)
		return;
	if (e->line->name.len == 5)
		look_for_threads(w, st);
	st->task->last = e->last;
	if (e->line->comm.len && !slice_is(e->line->comm, st->task->old_comm))
		snprintf(st->task->comm, sizeof(st->task->comm), "%.*s",
			 (int)e->line->comm.len, e->line->comm.at);
	if (e->kind == EVENT_CALL)
		call_step(w, st);
	else if (e->kind == EVENT_SIGNAL)
		signal_step(st);
	else if (e->kind == EVENT_BEGUN && (e->call == CALL_CLONE ||
					    e->call == CALL_FORK))
		cloning_add(w, st->task, clone_flags(e->call, e->line->body));
	else if (e->kind == EVENT_BEGUN && e->call == CALL_CLOSE)
		close_begins(w, st);
	if (e->call == CALL_FUTEX || e->call == CALL_FLOCK ||
	    e->call == CALL_FCNTL || (w->n_locks && (e->kind == EVENT_EXIT ||
						     e->call == CALL_CLOSE)))
		lock_take(w, st);
}

void step_done(struct world *w, struct step *st)
{
	struct event *e = st->event;

	if (st->made && st->made != st->file)
		file_put(w, st->made, e->last);
	if (st->file)
		file_put(w, st->file, e->last);
	if (e->kind == EVENT_EXIT || e->kind == EVENT_SUPERSEDED) {
		e->strand->known = 0;
		map_remove(&w->tasks, st->task->pid);
		w->dying = e->last;
		task_end(w, st->task, e->last);
		w->dying = 0;
		free(st->task);
		st->task = NULL;
	}
}

void world_end(struct world *w)
{
	struct task *t;

	map_each(&w->tasks, i, t) {
		task_end(w, t, t->last);
		free(t);
	}
	map_free(&w->tasks);
	map_free(&w->fifos);
	locks_free(w);
}
