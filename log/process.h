/* SPDX-License-Identifier: MIT */
/*
 * process.h - processes, threads and descriptors, as the log makes them
 *
 * A descriptor number points to an open file description (struct file), as in
 * the kernel: dup, fork and clone share it, and O_NONBLOCK and O_ASYNC are its
 * own.  What was opened before the log began is made up when it is first used,
 * from its decoration (-y) or from the call that uses it.
 */
#ifndef IOMODELS_PROCESS_H
#define IOMODELS_PROCESS_H

#include <stdint.h>
#include "event.h"

enum file_kind {
	FILE_UNKNOWN, FILE_SOCKET, FILE_LISTENER, FILE_CONNECTION,
	FILE_DATAGRAM, FILE_SOCKETPAIR, FILE_NETLINK, FILE_PIPE, FILE_REGULAR,
	FILE_DIRECTORY, FILE_DEVICE, FILE_TERMINAL, FILE_EPOLL, FILE_EVENTFD,
	FILE_SIGNALFD, FILE_TIMERFD, FILE_INOTIFY, FILE_PIDFD, FILE_MEMFD,
	FILE_RING, FILE_OTHER, FILE_KINDS
};

/* The ways of doing I/O, as the reader distinguishes them. */
enum model {
	MODEL_NONE,
	MODEL_BLOCKING, MODEL_NONBLOCKING, MODEL_SELECT, MODEL_POLL,
	MODEL_EPOLL, MODEL_SIGIO, MODEL_SIGIO_QUEUED, MODEL_SIGNALFD,
	MODEL_AIO, MODEL_RING, MODEL_HELPER, MODEL_FILE, MODEL_MMAP,
	MODEL_UNKNOWN,			/* blocking or not: not in the log */
	MODELS
};

enum epoll_mode {			/* bits */
	EPOLL_LEVEL = 1, EPOLL_EDGE = 2, EPOLL_ONCE = 4, EPOLL_ALONE = 8,
};

enum { TIMED_IN = 1, TIMED_OUT = 2 };
enum { ACCESS_READ = 1, ACCESS_WRITE = 2 };

struct watch {				/* a place in an interest set */
	struct file *epoll;
	uint64_t data;
	unsigned mode;			/* enum epoll_mode */
};

struct file {
	unsigned refs;
	unsigned long serial;
	enum file_kind kind;
	int fd;				/* its first number */
	long pid;			/* of its first process */
	int nonblocking;		/* 1, 0; -1: the log does not say */
	int async, direct, sig;		/* O_ASYNC, O_DIRECT, F_SETSIG */
	int timed;			/* SO_RCVTIMEO or SO_SNDTIMEO is set: bits */
	int assumed;			/* opened before the log began */
	int asks;			/* datagrams: connected, or it sent first */
	int monitors;			/* a netlink socket with groups: for events */
	unsigned char regular;		/* fstat or a seek shows that it is */
	unsigned char heard;		/* it was read before anything was written */
	int forgotten;			/* a dummy for descriptors beyond the table */
	char *name;			/* address or path; NULL: unknown */
	unsigned char name_says;	/* of model.c; 0: it has not looked */
	char *ends;			/* "a->b" of -yy, or NULL */
	/* Its last decoration, and what the file was when that was looked at. */
	char seen[64];
	unsigned char seen_len, seen_kind;
	const char *seen_name;
	unsigned long opened, closed;	/* lines */
	long long born_ns;		/* when its number was given; 0: unknown */
	int at_start;			/* before its process had waited at all */
	unsigned long parent;		/* serial of the listener */
	unsigned long in_directory;	/* of a relative name: see opened_file */
	int left_open;			/* its process ended and had not closed it */
	unsigned char access;		/* of one that open made: bits; 0: unknown */
	unsigned char passed;		/* it came in a message (SCM_RIGHTS) */
	struct file *other;		/* the other end of a pipe or pair */
	long ended_by;			/* who closed the other end last; 0 */
	unsigned long ended_line;	/* where its process ended; 0: it closed it */

	struct watch *watch;		/* in which interest sets it is */
	unsigned n_watch;
	struct map watched;		/* of an epoll: data -> struct file */
	int waited;			/* of an epoll: somebody waits in it */
	unsigned modes;			/* of an epoll: what was registered */
	int has_events;			/* of an epoll: it reported some */
	unsigned ring_flags;		/* of a ring: enum ring_flag */
	int resfd;			/* an eventfd that native AIO signals */

	enum model by;			/* how its readiness was last learned */
	int ready;			/* reported, not yet used */
	unsigned long ready_line;

	unsigned long reads, messages, writes, accepts, again_in, again_out;
	unsigned long head_writes;	/* at the last receive */
	unsigned head;			/* bytes of it, if it was a head; 0 */
	unsigned long long bytes_in, bytes_out;
	/* Were it a pipe that nobody reads: pages in use, room in the last one. */
	unsigned short pages, page_room;
	unsigned long seen_by;		/* models that counted it, bits */
	long owner;			/* the last task that used it */
	struct suspicion *suspicion;	/* of finding_ready.c */
	struct use *use;		/* of finding_look.h */
};

/* Pages of a pipe, unless F_SETPIPE_SZ changes it; beyond
 * fs.pipe-user-pages-soft a user's new pipe has 2. */
enum { PIPE_PAGES = 16, PIPE_PAGE = 4096 };

/* Pages that a write takes; *room becomes what is left of the last one. */
unsigned long pipe_pages(unsigned long long bytes, unsigned short *room);

enum ring_flag { RING_SQPOLL = 1, RING_IOPOLL = 2 };

struct fdtable {
	unsigned refs, size;
	struct file **slot;
	unsigned char *cloexec;
};

enum { SIGNALS = 65 };
enum action { ACTION_DEFAULT, ACTION_IGNORE, ACTION_HANDLER };

struct process {
	unsigned refs;			/* its tasks */
	long pid, parent;
	unsigned char action[SIGNALS];
	unsigned char keeps_no_child;	/* SA_NOCLDWAIT */
	char exe[48];
	int saw_start;			/* its execve or fork is in the log */
	int async, queued;		/* asked for SIGIO; with F_SETSIG */
	int aio_polls;			/* native AIO tells it what is ready */
	unsigned long io_signals;	/* SIGIO and the like that came */
	int serving;			/* the first peer has come */
	int has_waited;			/* in a wait, an accept or a sleep */
	int locks;			/* it took a lock of fcntl */
	unsigned chdirs;
	unsigned tasks_made;
	unsigned long copies, copy_line;	/* of descriptors that it made; the last */
	unsigned forked_of;		/* threads of the process that forked it */
	unsigned long first;		/* line */
};

enum origin { ORIGIN_FIRST, ORIGIN_THREAD, ORIGIN_CHILD };

struct task {
	long pid;
	struct process *process;
	struct fdtable *fds;
	long parent;			/* pid of the maker */
	struct task *next_unspoken, **at_unspoken;
	enum origin origin;
	unsigned char spoke;		/* it has a line */
	unsigned char guessed;		/* it spoke before its clone returned */
	unsigned early;			/* children that spoke before clone returned */
	int closing_fd;
	char comm[32];
	char old_comm[16];		/* before its execve: strace -Y may keep it */
	enum model loop;		/* what it waited in for many, last */
	unsigned unmapped;		/* events of it that no epoll_ctl explains */
	unsigned long first, last;	/* lines */
	long long start_ns;		/* of its first line; NO_TIME */
	unsigned long artefacts;	/* signals that only a tracer lets through */
	/*
	 * A close that has begun frees the number at once: another thread may
	 * be given it before strace shows that the close has returned.
	 */
	struct file *closing;		/* closing_fd is its number */
	struct file **rings;		/* registered, by index; or NULL */
	struct evidence *evidence;	/* of model.h */
	struct habits *habits;		/* of finding_look.h */
	struct account *account;	/* of account.h */
	struct unreturned *unreturned;	/* a call that did not return */
};

enum { READY_MAX = 64 };

/* What kernel.log has of a call. */
struct kernel_side {
	int seen;			/* its records are whole */
	long long enter_ns, exit_ns, slept_ns, woke_ns;
	unsigned sleeps, copies, submitted;
	unsigned long long copied;
	unsigned long line;		/* of its sys_enter */
};

/* An event and what it touched; everything after process.c works on these. */
struct step {
	struct event *event;
	struct task *task;		/* NULL: the line is nobody's */
	struct file *file;		/* the descriptor it is about, or NULL */
	struct file *made;		/* the descriptor it returned, or NULL */
	int fd, made_fd;		/* -1: none */
	struct ready {
		struct file *file;
		int fd;
		unsigned events;	/* enum ready_event */
	} ready[READY_MAX];		/* what a wait reported */
	unsigned n_ready;
	unsigned n_passed;		/* descriptors that came in its message */
	int signal;			/* its number, or 0 */
	int handled;			/* a handler runs for it */
	int artefact;			/* untraced, it would not be seen */
	long long bytes;		/* moved; -1: the call moves none */

	/* filled by phase.c */
	unsigned phase;
	enum model model;
	long long wait_ns;		/* NO_TIME: unknown */
	int at_most;			/* wait_ns is a bound, not a measure */

	struct kernel_side kernel;	/* filled by merge.c */
};

enum ready_event {
	READY_IN = 1, READY_OUT = 2, READY_HUP = 4, READY_ERR = 8,
	READY_BAD = 16,			/* POLLNVAL: it is not open */
};

/*
 * The search for the holder of a pipe's other end, or for a child, looks at all
 * tasks, and at the end of a log each task may need one.  With more tasks there is
 * no search, and nobody is named.  Nor is there one for the end of a pipe or a
 * connection where the tasks have more places for descriptors than SEARCHED_SLOTS.
 */
enum { SEARCHED_TASKS = 4096, SEARCHED_SLOTS = 1 << 18 };

struct world {
	struct map tasks;		/* by pid */
	struct task *cloning[8];	/* in the middle of clone, fork */
	unsigned cloning_flags[8];
	unsigned n_cloning;
	/*
	 * A log may number its threads 1, 2, 3 (ours in traces/ do) while clone
	 * returns pids: then children are matched by their order.
	 */
	long spoken;			/* tasks that have a line */
	int not_ordinal;
	unsigned silent;		/* tasks without a line, about */
	struct task *unspoken;		/* tasks of the map without a line */
	/*
	 * strace -p of a process with several threads: those that come without
	 * a clone are its threads.
	 */
	long attached;			/* the process; 0: none */
	long attached_left;		/* threads that have not spoken */
	long joined;			/* a thread whose end it waits for; or 0 */
	unsigned long dying;		/* the line of the end of a task; or 0 */
	int inner_pids;			/* clone returns those of a namespace */
	struct map fifos;		/* hash of a path that is a FIFO */
	struct map locks;		/* of lock.c */
	unsigned n_locks;		/* that are held */
	unsigned long serial, tasks_made, processes_made;
	long acting;			/* pid of the task of this step */
	/* Called before a task or a file is forgotten. */
	void (*task_ends)(void *context, struct task *t);
	void (*file_ends)(void *context, struct file *f);
	/* Called when a task becomes another program. */
	void (*task_execs)(void *context, struct task *t, long long at_ns);
	void *context;
};

/*
 * Take in an event: fills st and does to the world what the call did.  What it
 * closes stays valid until step_done.
 */
void step_take(struct world *w, struct step *st, struct event *e);
void step_done(struct world *w, struct step *st);
void world_end(struct world *w);

/* The file that has this number, or NULL. */
static inline struct file *table_at(const struct fdtable *t, long fd)
{
	return fd >= 0 && (unsigned long)fd < t->size ? t->slot[fd] : NULL;
}

struct file *file_at(struct world *w, struct task *t, long fd,
		     struct slice decoration, unsigned long line);
/* The file of "3<TCP:[1]>"; *fd becomes its number, or -1. */
struct file *file_named(struct world *w, struct task *t, struct slice argument,
			int *fd, unsigned long line);
/*
 * Can the task with this pid have made this call now?  Not while the descriptor
 * that it uses is not open, or the number that it is given is not free.
 */
int world_allows(const struct world *w, long pid, const struct line *l);

/* MSG_PEEK and MSG_ERRQUEUE take nothing of what was sent. */
int only_looks(const struct step *st);
const char *file_kind_name(enum file_kind k);

static inline int file_is_socket(const struct file *f)
{
	return f && f->kind >= FILE_SOCKET && f->kind <= FILE_NETLINK;
}

static inline int file_is_stream(const struct file *f)
{
	return f && (f->kind == FILE_CONNECTION || f->kind == FILE_SOCKETPAIR ||
		     f->kind == FILE_SOCKET);
}

/* sendto(7, "", 0, MSG_FASTOPEN, {address}, 16): it connects, too. */
static inline int connects_in_send(const struct event *e)
{
	return e->call == CALL_SENDTO && e->line->n_args > 4 &&
	       slice_find(e->line->arg[3], "MSG_FASTOPEN");
}

int has_flag_of(struct slice s, const char *name, size_t len,
		unsigned long bit);
/* "O_RDWR|O_NONBLOCK", "0x802 /+ O_... +/" or "2050" holds the flag. */
static inline int has_flag(struct slice s, const char *name, unsigned long bit)
{
	/* (Of a constant the compiler knows the length.) */
	return s.len && has_flag_of(s, name, strlen(name), bit);
}
/* SIGIO, SIGRT_3, RT_3: the number; 0 when there is no such signal. */
int signal_number(struct slice name);

/* Too large for a search of all descriptors. */
int world_is_large(const struct world *w);

#endif
