/* SPDX-License-Identifier: MIT */
/* depend.c - what a call waits for, and on whom it depends; see depend.h */
#include <stdio.h>
#include "depend.h"
#include "lock.h"

static struct slice argument(const struct line *l, unsigned n)
{
	return n < l->n_args ? l->arg[n] : (struct slice){ l->text.at, 0 };
}

/* ---- what for ---- */

/* The peer of "127.0.0.1:52291->127.0.0.1:36002" is what follows the arrow. */
static const char *peer_name(const struct file *f)
{
	const char *arrow = f->name ? strstr(f->name, "->") : NULL;

	return arrow ? arrow + 2 : f->name;
}

/* A Unix socket has nothing but a number: "1142567". */
static int is_inode(const char *name)
{
	return strspn(name, "0123456789") == strlen(name);
}

static void file_object(const struct file *f, int fd, char *object, size_t size)
{
	const char *name = peer_name(f);

	if (name && f->kind != FILE_EPOLL && !is_inode(name))
		text_append(name, object, size, 0);
	else if (f->kind == FILE_UNKNOWN && (fd == 1 || fd == 2))
		snprintf(object, size, "std%s (a pipe, socket or terminal)",
			 fd == 1 ? "out" : "err");
	else if (f->kind == FILE_UNKNOWN)
		snprintf(object, size, "descriptor %d", fd);
	else
		snprintf(object, size, "%s %d", file_kind_name(f->kind), fd);
}

/* By its name: nothing else of it is in every log. */
static int is_disk(const struct file *f)
{
	static const char *const names[] = {
		"sd", "hd", "vd", "xvd", "nvme", "mmcblk", "loop", "dm-", "md",
		"mapper/", "disk/", "sr", "ram", "zram", "nbd", "ublkb", "ubd",
		"dasd", "rbd", "pmem", "bcache", "drbd",
	};
	const char *name = f->name && !strncmp(f->name, "/dev/", 5) ?
			   f->name + 5 : "";

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return 1;
	return 0;
}

/* The kernel makes these when they are read: no disk has them. */
static int is_kernels(const struct file *f)
{
	return f->name && (!strncmp(f->name, "/proc/", 6) ||
			   !strncmp(f->name, "/sys/", 5));
}

/* A socket whose name is its own address: it got something before it sent. */
static int is_bound(const struct file *f)
{
	return f->kind == FILE_DATAGRAM && f->heard && !f->asks;
}

/* A socket with an address of its own, which has no peer. */
static int is_server(const struct file *f)
{
	return is_bound(f) || (f->kind == FILE_DATAGRAM && f->name &&
			       !strncmp(f->name, "0.0.0.0:", 8));
}

static enum wait_for file_wait(const struct step *st, const struct file *f,
			       int fd)
{
	switch (f->kind) {
	case FILE_LISTENER:
		return FOR_CLIENT;
	case FILE_CONNECTION: case FILE_SOCKET:
		return f->parent ? FOR_CLIENT : FOR_PEER;
	case FILE_DATAGRAM: case FILE_NETLINK:
		return f->asks || (f->writes && !is_server(f)) ||
		       call_class(st->event->call) == CLASS_OUT ? FOR_PEER
								: FOR_CLIENT;
	case FILE_PIPE: case FILE_SOCKETPAIR:
		return FOR_PIPE;
	case FILE_TERMINAL:
		return FOR_INPUT;
	case FILE_DEVICE:
		return is_disk(f) ? FOR_DISK : FOR_OTHER;
	case FILE_REGULAR: case FILE_DIRECTORY:
		return is_kernels(f) ? FOR_OTHER : FOR_DISK;
	case FILE_MEMFD:
		return FOR_OTHER;
	case FILE_EVENTFD: case FILE_INOTIFY: case FILE_EPOLL: case FILE_PIDFD:
		return FOR_EVENTS;
	case FILE_SIGNALFD:
		return FOR_SIGNAL;
	case FILE_TIMERFD:
		return FOR_TIME;
	default:
		return !fd ? FOR_INPUT : fd <= 2 && call_class(st->event->call)
			== CLASS_OUT ? FOR_PIPE : FOR_PEER;
	}
}

/* The same; of a client whose address is not known, object is empty. */
static enum wait_for client_wait(const struct step *st, const struct file *f,
				 int fd, char *object)
{
	enum wait_for what = file_wait(st, f, fd);

	if (what == FOR_CLIENT && is_bound(f) &&
	    strncmp(object, "0.0.0.0:", 8))
		*object = 0;
	return what;
}

static struct file *file_of(const struct step *st, long fd)
{
	return table_at(st->task->fds, fd);
}

/*
 * "UNIX-STREAM:[255696->255697]", a socketpair of which the log has no
 * beginning: beside a peer it is there to wake the loop.
 */
static int is_pair(struct slice decoration)
{
	struct slice at = slice_after(decoration, "[");

	return slice_starts(decoration, "UNIX") && at.len &&
	       strspn(at.at, "0123456789->") == at.len - 1 &&
	       slice_find(at, "->");
}

/* What a loop keeps to be woken by its own threads and timers. */
static int is_nudge(const struct file *f)
{
	return f->kind == FILE_EVENTFD || f->kind == FILE_TIMERFD ||
	       f->kind == FILE_SIGNALFD ||
	       (!f->assumed && (f->kind == FILE_SOCKETPAIR ||
				f->kind == FILE_PIPE) && f->nonblocking == 1);
}

/* Of all that is waited for: the few that are not nudges. */
enum { FEW_MAX = 3 };

struct few {
	const struct file *file[FEW_MAX];
	int fd[FEW_MAX];
	unsigned n, all;
	struct slice decoration;	/* where file is NULL */
};

static void few_add(struct few *few, const struct file *f, int fd)
{
	few->all++;
	if (f && is_nudge(f))
		return;
	if (few->n < FEW_MAX) {
		few->file[few->n] = f;
		few->fd[few->n] = fd;
	}
	few->n++;
}

static enum wait_for set_wait(unsigned n, const char *which, char *object,
			      size_t size)
{
	size_t len;

	if (n && size > sizeof("events of 4294967295 descriptors")) {
		len = text_append("events of ", object, size, 0);
		len = put_number(object, len, n);
		text_append(n == 1 ? " descriptor" : " descriptors", object,
			    size, len);
	} else
		snprintf(object, size, "events of %s", which);
	return FOR_EVENTS;
}

static size_t few_name(const struct file *f, int fd, char *object, size_t size,
		       size_t len)
{
	char name[80];

	file_object(f, fd, name, sizeof(name));
	/* Its address is our own, not that of a peer. */
	if (f->kind == FILE_LISTENER && strncmp(name, "listener ", 9))
		len = text_append("listener ", object, size, len);
	return text_append(name, object, size, len);
}

/* "events of 10.0.0.1:80 and pipe 5": 1; 0 when there is no room. */
static int few_names(const struct few *few, char *object, size_t size)
{
	unsigned more = few->all - few->n;
	size_t len = text_append("events of ", object, size, 0);

	for (unsigned i = 0; i < few->n; i++) {
		if (!few->file[i])
			return 0;
		if (i)
			len = text_append(i + 1 == few->n && !more ? " and " :
					  ", ", object, size, len);
		len = few_name(few->file[i], few->fd[i], object, size, len);
	}
	if (more) {
		if (len + sizeof(" and 4294967295 more descriptors") > size)
			return 0;
		len = text_append(" and ", object, size, len);
		len = put_number(object, len, more);
		len = text_append(more == 1 ? " more descriptor" :
				  " more descriptors", object, size, len);
	}
	return len + 1 < size;
}

/* poll(NULL, 0, -1), select(0, NULL, NULL, NULL, NULL): only a signal ends it. */
static int never_ends(const struct event *e)
{
	const struct line *l = e->line;
	struct slice timeout = argument(l, e->call == CALL_SELECT ? 4 : 2);

	return slice_is(timeout, "NULL") || slice_is(timeout, "-1");
}

static enum wait_for few_wait(const struct step *st, const struct few *few,
			      char *object, size_t size)
{
	enum wait_for what;
	char name[64];

	if (!few->all)
		return never_ends(st->event) ? FOR_SIGNAL : FOR_TIME;
	if (few->n == 1 && !few->file[0] &&
	    slice_starts(few->decoration, "TCP")) {
		struct slice peer = slice_after(few->decoration, "->");

		if (peer.len > 1) {
			snprintf(object, size, "%.*s", (int)peer.len - 1,
				 peer.at);
			return FOR_PEER;
		}
	}
	if (few->n == 1 && few->file[0]) {
		few_name(few->file[0], few->fd[0], object, size, 0);
		/* A loop that is nudged: this one need not be a peer. */
		if (few->file[0]->kind == FILE_UNKNOWN && few->all > 1 &&
		    st->event->call == CALL_EPOLL_WAIT) {
			*object = 0;
			return set_wait(few->all, "", object, size);
		}
		what = client_wait(st, few->file[0], few->fd[0], object);
		/* It asks for room alone: "events=POLLOUT}". */
		if ((what == FOR_PEER || what == FOR_CLIENT) && few->all == 1 &&
		    st->event->call == CALL_POLL &&
		    slice_find(st->event->line->args, "events=POLLOUT}")) {
			snprintf(name, sizeof(name), "%.60s", object);
			snprintf(object, size, "room to send to %s", name);
			return FOR_OTHER;
		}
		return what;
	}
	if (few->n == 1 && few->all == 1 && !few->file[0]) {
		snprintf(object, size, "events of descriptor %d", few->fd[0]);
		return FOR_EVENTS;
	}
	if (few->n && few->n <= FEW_MAX && few_names(few, object, size))
		return FOR_EVENTS;
	return set_wait(few->all, "", object, size);
}

static int has_fd(const struct few *few, int fd)
{
	for (unsigned i = 0; i < few->n && i < FEW_MAX; i++)
		if (few->fd[i] == fd)
			return 1;
	return 0;
}

/* "[{fd=3, events=POLLIN}, ...]": one descriptor is named, more are counted. */
static enum wait_for poll_wait(const struct step *st, char *object, size_t size)
{
	struct slice list = argument(st->event->line, 0), element, decoration;
	struct few few = { 0 };
	long fd;

	if (list.len < 2 || *list.at != '[')
		return slice_is(argument(st->event->line, 1), "0")
			? few_wait(st, &few, object, size)
			: set_wait(0, "poll", object, size);
	list = slice_of(list.at + 1, list.at + list.len - 1);
	while (line_element(&list, &element)) {
		if (slice_starts(element, "..."))
			continue;
		fd = line_fd(line_field(element, "fd"), &decoration);
		if (fd >= 0 && !file_of(st, fd) && is_pair(decoration)) {
			few.all++;
			continue;
		}
		/* (curl has an element for each event.) */
		if (fd >= 0 && !has_fd(&few, fd))
			few_add(&few, file_of(st, fd), fd);
		if (fd >= 0 && few.n == 1 && fd == few.fd[0])
			few.decoration = decoration;
	}
	return few_wait(st, &few, object, size);
}

/* select(5, [3 4], NULL, ...) */
static enum wait_for select_wait(const struct step *st, char *object,
				 size_t size)
{
	struct few few = { 0 };

	for (unsigned i = 1; i <= 3; i++) {
		struct slice set = argument(st->event->line, i), d;
		const char *p = set.at + 1, *end = set.at + set.len, *stop;

		if (set.len < 2 || *set.at != '[')
			continue;
		while (p < end && *p != ']') {
			long fd = line_fd(slice_of(p, end), &d);

			if (fd < 0)
				break;
			if (!has_fd(&few, fd))
				few_add(&few, file_of(st, fd), fd);
			slice_number(slice_of(p, end), &stop);
			p = d.len ? d.at + d.len + 1 : stop;
			while (p < end && *p == ' ')
				p++;
		}
	}
	return few_wait(st, &few, object, size);
}

/*
 * It was open before the log, and nothing was asked on it first: a listener, or the
 * connection of a client.  (The set may have more from before the log.)
 */
static int may_be_clients(const struct file *f)
{
	return f->assumed && (f->heard || !f->writes) &&
	       (f->kind == FILE_UNKNOWN || f->kind == FILE_SOCKET ||
		f->kind == FILE_CONNECTION);
}

static enum wait_for epoll_wait_for(const struct step *st, char *object,
				    size_t size)
{
	enum { FEW = 16 };
	struct few few = { 0 };
	struct file *f;

	if (!st->file)
		return FOR_EVENTS;
	if (st->file->watched.used == 1)
		map_each(&st->file->watched, i, f)
			if (may_be_clients(f))
				return set_wait(0, "an epoll set", object, size);
	if (st->file->watched.used && st->file->watched.used <= FEW) {
		map_each(&st->file->watched, i, f)
			few_add(&few, f, f->fd);
		return few_wait(st, &few, object, size);
	}
	/* (Another thread could add to it.) */
	if (!st->file->watched.used && !st->file->assumed && !st->file->modes &&
	    !st->file->has_events && st->task->fds->refs == 1 &&
	    slice_is(argument(st->event->line, 3), "-1")) {
		snprintf(object, size, "events of an epoll set to which nothing "
			 "was added");
		return FOR_OTHER;
	}
	return set_wait(st->file->watched.used, "an epoll set", object, size);
}

/* pthread_join sleeps on the word where the kernel clears the thread's id. */
static long joined_thread(const struct world *w, const struct step *st)
{
	const struct line *l = st->event->line;
	struct slice op = argument(l, 1);
	long long value = slice_number(argument(l, 2), NULL);

	if (!slice_starts(op, "FUTEX_WAIT") ||
	    slice_find(op, "PRIVATE") || value <= 2)
		return 0;			/* (the kernel wakes it shared) */
	/* (A small number is one of a PID namespace, or no thread.) */
	if (value < 300 && !map_get(&w->tasks, value))
		return 0;
	return value < 1 << 22 && value != st->task->pid ? value : 0;
}

static enum wait_for futex_wait(const struct world *w, const struct step *st,
				char *object, size_t size)
{
	struct slice at = argument(st->event->line, 0);
	long thread = joined_thread(w, st);
	int is_mutex;
	size_t len;

	if (thread) {
		snprintf(object, size, "thread %ld", thread);
		return FOR_THREAD;
	}
	/* (With BITSET it may be a condition of Rust, whose value is a number.) */
	is_mutex = slice_is(argument(st->event->line, 2), "2") &&
		   !slice_find(argument(st->event->line, 1), "BITSET");
	len = text_append(is_mutex ? "the mutex at " : "a lock or condition at ",
			  object, size, 0);
	slice_add(at, object, size, len);
	return FOR_LOCK;
}

/* The child that the call asks for or got; else 0 or less.  (P_PIDFD has a descriptor.) */
static long asked_child(const struct line *l)
{
	struct slice got;
	long pid = 0;

	if (!slice_is(l->name, "waitid")) {
		pid = slice_number(argument(l, 0), NULL);
		return pid > 0 ? pid : l->ret;
	}
	if (slice_is(argument(l, 0), "P_PID"))
		pid = slice_number(argument(l, 1), NULL);
	got = line_field(argument(l, 2), "si_pid");
	return pid > 0 || !got.len ? pid : slice_number(got, NULL);
}

static enum wait_for child_wait(const struct step *st, char *object,
				size_t size)
{
	long pid = asked_child(st->event->line);

	if (pid > 0)
		snprintf(object, size, "child %ld", pid);
	return FOR_CHILD;
}

/* Until the child executes a program or exits. */
static enum wait_for vfork_wait(const struct line *l, char *object, size_t size)
{
	if (l->ret > 0)
		snprintf(object, size, "child %lld to execute a program or",
			 l->ret);
	else
		snprintf(object, size, "its child to execute a program or");
	return FOR_CHILD;
}

/* A FIFO waits in open for its other end, a network file for its server. */
static void path_object(const struct step *st, char *object, size_t size)
{
	struct slice path = slice_after(st->event->line->args, "\"");
	const char *end = path.len ? memchr(path.at, '"', path.len) : NULL;

	if (end)
		snprintf(object, size, "%.*s", (int)(end - path.at), path.at);
}

/* It changes or reads what the kernel knows of a socket or descriptor. */
static int only_sets(enum call call)
{
	return call == CALL_BIND || call == CALL_LISTEN ||
	       call == CALL_SOCKOPT || call == CALL_SOCKNAME ||
	       call == CALL_SHUTDOWN || call == CALL_EPOLL_CTL ||
	       call == CALL_DUP || call == CALL_DUP2;
}

/* semop, msgrcv and msgsnd: their first argument is an identifier. */
static int ipc_object(const struct line *l, char *object, size_t size)
{
	const char *what = slice_is(l->name, "msgrcv")
		? "a message in System V message queue"
		: slice_is(l->name, "msgsnd")
		? "room in System V message queue" : NULL;
	struct slice id = argument(l, 0);

	if (!l->n_args)
		return 0;
	if (slice_is(l->name, "semop") || slice_is(l->name, "semtimedop"))
		snprintf(object, size, "System V semaphore set %.*s (ipcs -s -i "
			 "%.*s shows who used it last)", (int)id.len, id.at,
			 (int)id.len, id.at);
	else if (what)
		snprintf(object, size, "%s %.*s (ipcs -q -i %.*s shows it)", what,
			 (int)id.len, id.at, (int)id.len, id.at);
	return *object;
}

/* splice(3, NULL, 5, ...): of the pipe and the file each may be what it waits for. */
static enum wait_for splice_wait(const struct step *st, char *object, size_t size)
{
	long fd = line_fd(argument(st->event->line, 0), NULL);
	const struct file *in = file_of(st, fd);
	char pipe[40], file[80];

	if (!in || in->kind != FILE_PIPE)
		return FOR_DISK;
	file_object(in, fd, pipe, sizeof(pipe));
	snprintf(file, sizeof(file), "%.79s", object);
	snprintf(object, size, "data in %s, or the disk (%s)", pipe, file);
	return FOR_OTHER;
}

enum wait_for waits_for(const struct world *w, const struct step *st,
			char *object, size_t size)
{
	const struct event *e = st->event;
	const struct line *l = e->line;
	const char *path;

	*object = 0;
	switch (e->call) {
	case CALL_POLL: return poll_wait(st, object, size);
	case CALL_SELECT: return select_wait(st, object, size);
	case CALL_EPOLL_WAIT: return epoll_wait_for(st, object, size);
	case CALL_FUTEX: return futex_wait(w, st, object, size);
	case CALL_WAIT: return child_wait(st, object, size);
	case CALL_SLEEP: return FOR_TIME;
	case CALL_FORK: case CALL_CLONE:
		if (slice_is(l->name, "vfork") || slice_find(l->args, "CLONE_VFORK"))
			return vfork_wait(l, object, size);
		return FOR_OTHER;
	case CALL_SIGSUSPEND: case CALL_SIGWAIT: return FOR_SIGNAL;
	case CALL_RESTART:
		snprintf(object, size, "an event or a timeout");
		return FOR_OTHER;
	case CALL_CONNECT:
		if (st->file)
			file_object(st->file, st->fd, object, size);
		return FOR_PEER;
	case CALL_OPEN: case CALL_OPENAT:
		path_object(st, object, size);
		return FOR_OTHER;
	case CALL_IO_GETEVENTS:
		if (!st->task->process->aio_polls)
			return FOR_DISK;
		snprintf(object, size, "events of IOCB_CMD_POLL");
		return FOR_EVENTS;
	case CALL_RING_ENTER:
		snprintf(object, size, "completions of a ring");
		return FOR_EVENTS;
	default:
		break;
	}
	if (e->call == CALL_OTHER && ipc_object(l, object, size))
		return FOR_OTHER;
	if (slice_is(l->name, "getrandom")) {
		snprintf(object, size, "entropy for the kernel's random "
			 "numbers");
		return FOR_OTHER;
	}
	/* They seldom wait for a disk or a peer (mmap with MAP_POPULATE, fstat on
	   a file server): when slow, most had no processor. */
	if (slice_starts(l->name, "mmap") || slice_is(l->name, "lseek") ||
	    only_sets(e->call) ||
	    (e->call == CALL_FCNTL && !slice_find(l->args, "SETLKW")))
		return FOR_OTHER;
	if (!st->file) {
		path_object(st, object, size);	/* stat, unlink, rename ... */
		if (*object != '/' && *object != '.' &&
		    !slice_starts(l->args, "AT_FDCWD"))
			*object = 0;		/* no path */
		return FOR_OTHER;
	}
	/* A close may wait for a disk or a peer; not for data, nor for a signal. */
	if (e->call == CALL_CLOSE && (st->file->kind >= FILE_EPOLL ||
				      st->file->kind == FILE_PIPE))
		return FOR_OTHER;
	file_object(st->file, st->fd, object, size);
	if (slice_is(l->name, "fsync") || slice_is(l->name, "fdatasync"))
		return FOR_DISK;		/* only files can do it */
	if (slice_is(l->name, "flock") ||
	    (e->call == CALL_FCNTL && slice_find(l->args, "SETLKW"))) {
		char name[64];

		snprintf(name, sizeof(name), "%.63s", object);
		snprintf(object, size, "the lock of %s", name);
		return FOR_LOCK;
	}
	if (slice_is(l->name, "splice") && st->file->kind == FILE_REGULAR)
		return splice_wait(st, object, size);
	/* A FIFO that was opened by its path before the log looks like a file. */
	if (st->file->kind == FILE_REGULAR && st->file->assumed &&
	    l->flags & LINE_NO_RETURN) {
		path = peer_name(st->file);
		snprintf(object, size, "the disk, or the other end of a FIFO (%s)",
			 path ? path : "");
		return FOR_OTHER;
	}
	if (st->file->kind == FILE_TERMINAL && call_class(e->call) == CLASS_OUT) {
		char name[64];

		snprintf(name, sizeof(name), "%.63s", object);
		snprintf(object, size, "room in %s, stopped or not read at its "
			 "other end", name);
		return FOR_OTHER;
	}
	return client_wait(st, st->file, st->fd, object);
}

/* ---- who would have to move ---- */

static int same_pipe(const struct file *a, const struct file *b)
{
	return a != b && a->kind == FILE_PIPE && b->kind == FILE_PIPE &&
	       a->name && b->name && !strcmp(a->name, b->name);
}

/* "A->B" and "B->A" */
static int same_connection(const struct file *a, const struct file *b)
{
	const char *p = a->ends ? a->ends : a->name;
	const char *q = b->ends ? b->ends : b->name;
	const char *x, *y;

	if (a == b || !p || !q)
		return 0;
	x = strstr(p, "->");
	y = strstr(q, "->");
	return x && y && !strncmp(p, y + 2, x - p) &&
	       strlen(y + 2) == (size_t)(x - p) &&
	       !strncmp(q, x + 2, y - q) && strlen(x + 2) == (size_t)(y - q);
}

static int is_other_end(const struct file *f, const struct file *g)
{
	return g && (f->other == g || same_pipe(f, g) || same_connection(f, g));
}

/* A task that has the other end of f open: another process before its own. */
static const struct task *holder(const struct world *w, const struct task *me,
				 const struct file *f, unsigned *fd)
{
	const struct task *t, *own = NULL;
	unsigned own_fd = 0;

	if (world_is_large(w))
		return NULL;
	map_each(&w->tasks, i, t) {
		for (unsigned k = 0; k < t->fds->size; k++) {
			if (!is_other_end(f, t->fds->slot[k]))
				continue;
			*fd = k;
			if (t->fds != me->fds)
				return t;
			own = t;
			own_fd = k;
			break;
		}
	}
	*fd = own_fd;
	return own;
}

/* The only descriptor that poll waits for; NULL: there are more, or it is a set. */
static const struct file *polled(const struct step *st)
{
	struct slice list = argument(st->event->line, 0), element, decoration;
	const struct file *only = NULL;
	long fd;

	if (st->event->call != CALL_POLL || list.len < 2 || *list.at != '[')
		return NULL;
	list = slice_of(list.at + 1, list.at + list.len - 1);
	while (line_element(&list, &element)) {
		fd = line_fd(line_field(element, "fd"), &decoration);
		if (fd < 0)
			continue;
		if (!file_of(st, fd) || (only && only != file_of(st, fd)))
			return NULL;
		only = file_of(st, fd);
	}
	return only;
}

static long other_end(const struct world *w, const struct step *st,
		      const struct file *f, char *text, size_t size)
{
	int out = call_class(st->event->call) == CLASS_OUT ||
		  slice_find(st->event->line->args, "events=POLLOUT");
	const char *end = f->kind != FILE_PIPE ? "other end" : out ?
			  "read end" : "write end";
	const struct task *t;
	unsigned fd;

	t = holder(w, st->task, f, &fd);
	if (t && t->fds == st->task->fds) {
		snprintf(text, size, "is itself the only holder of the %s "
			 "(fd %u)", end, fd);
		return t->process->pid;
	}
	if (t) {
		if (f->kind == FILE_PIPE && !f->other)
			snprintf(text, size, "has the pipe open as fd %u", fd);
		else
			snprintf(text, size, "holds the %s as fd %u", end, fd);
		return t->pid;
	}
	/* (A call that returned: it waited while the end was still open.) */
	if (f->ended_line > st->event->first &&
	    st->event->line->flags & LINE_NO_RETURN)
		snprintf(text, size, "held the %s until it ended", end);
	else if (f->ended_by && st->event->line->flags & LINE_NO_RETURN)
		snprintf(text, size, "had closed the %s", end);
	else if (f->ended_by)
		snprintf(text, size, "held the %s until it closed it", end);
	return f->ended_by;
}

/* wait4(-1, ...): a child of the process that is alive. */
static long child_of(const struct world *w, const struct task *me)
{
	const struct task *t;

	if (w->tasks.used > SEARCHED_TASKS)
		return 0;
	map_each(&w->tasks, i, t)
		if (t->origin == ORIGIN_CHILD &&
		    t->process->parent == me->process->pid)
			return t->pid;
	return 0;
}

long depends_on(const struct world *w, const struct step *st,
		enum wait_for what, char *text, size_t size)
{
	const struct line *l = st->event->line;
	const struct file *f;
	struct holder by;
	long pid;

	*text = 0;
	switch (what) {
	case FOR_PIPE: case FOR_PEER: case FOR_CLIENT: case FOR_INPUT:
		f = call_class(st->event->call) == CLASS_WAIT ? polled(st)
							      : st->file;
		return f && f->kind != FILE_LISTENER ?
		       other_end(w, st, f, text, size) : 0;
	case FOR_CHILD:
		pid = asked_child(l);
		if (pid <= 0)
			pid = child_of(w, st->task);
		if (pid)
			snprintf(text, size, "is the child that it waits for");
		return pid;
	case FOR_THREAD:
		pid = joined_thread(w, st);
		snprintf(text, size, "is the thread that it waits for");
		return pid;
	case FOR_LOCK:
		by = lock_held(w, st);
		if (by.pid)
			snprintf(text, size, "has held the %s since line %lu",
				 st->file ? "lock" : "mutex", by.line);
		return by.pid;
	default:
		return 0;
	}
}
