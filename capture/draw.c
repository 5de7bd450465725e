/* SPDX-License-Identifier: MIT */
/*
 * draw.c - the kernel's events of a run as lines without times and addresses
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "draw.h"

enum { THREADS = 64, SOCKETS = 256, REQUESTS = 256, BLOCKS = 64 };

struct thread {
	int pid;
	char name[32];			/* "1", "iou-wrk" */
	long call;			/* the system call it is in, or -1 */
	int hidden;			/* that call is not shown */
	int asleep;
};

/*
 * From its birth or the last one's close to its own close the memory of a
 * socket is one socket: before and after, the memory may belong to another
 * program.
 */
struct life {
	uint64_t sk, from, to;
	char name[32];			/* empty: not one of the server's */
};

struct request {			/* of io_uring */
	uint64_t req, user_data;
	char op[32];
};

struct drawing {
	const struct watched *w;
	struct text *out;
	struct thread threads[THREADS];
	int thread_count, numbered, workers;
	struct life sockets[SOCKETS];
	int socket_count, connections;
	int children[THREADS];		/* that its threads have made */
	int child_count;
	struct request requests[REQUESTS];
	int next_request;
	uint64_t blocks[BLOCKS];	/* asked for, and shown */
	int block_count;
	int file_job;			/* of a file, no server */
};

/* ---- who ---- */

static struct thread *find_thread(struct drawing *d, int pid)
{
	for (int i = 0; i < d->thread_count; i++)
		if (d->threads[i].pid == pid)
			return &d->threads[i];
	return NULL;
}

static void add_thread(struct drawing *d, int pid, const char *comm)
{
	struct thread *t = find_thread(d, pid);

	if (!t && d->thread_count < THREADS)
		t = &d->threads[d->thread_count++];
	else if (!t || strncmp(comm, "iou-", 4) || !strncmp(t->name, "iou-", 4))
		return;			/* known; a task_rename says more */
	*t = (struct thread){ .pid = pid, .call = -1 };
	if (!strncmp(comm, "iou-sqp", 7))
		strcpy(t->name, "iou-sqp");
	else if (!strncmp(comm, "iou-wrk", 7) && d->workers++)
		snprintf(t->name, sizeof(t->name), "iou-wrk%d", d->workers);
	else if (!strncmp(comm, "iou-wrk", 7))
		strcpy(t->name, "iou-wrk");
	else
		snprintf(t->name, sizeof(t->name), "%d", ++d->numbered);
}

/* Whose context an event ran in. */
static const char *who(struct drawing *d, const struct kernel_event *e)
{
	enum { HARDIRQ = 8, SOFTIRQ = 16 };
	int flags = event_number(e, "common_flags", 0);
	struct thread *t = find_thread(d, e->pid);

	if (d->file_job && (!t || flags & (HARDIRQ | SOFTIRQ) ||
			  !strcmp(e->name, "block_rq_complete")))
		return "device";
	if (flags & HARDIRQ)
		return "interrupt";
	if (t)
		return t->name;
	return e->pid == getpid() || flags & SOFTIRQ ? "client" : "kernel";
}

__attribute__((format(printf, 3, 4)))
static void line(struct drawing *d, const struct kernel_event *e, const char *format,
		 ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_add(d->out, "%-9s %s%s%s\n", who(d, e), e->name,
		 *text ? " " : "", text);
}

/* ---- what ---- */

static struct life *life_of(struct drawing *d, uint64_t sk, uint64_t ns)
{
	for (int i = 0; i < d->socket_count; i++)
		if (d->sockets[i].sk == sk && d->sockets[i].from <= ns &&
		    d->sockets[i].to >= ns)
			return &d->sockets[i];
	return NULL;
}

static const char *socket_name(struct drawing *d, const struct kernel_event *e)
{
	uint64_t sk = event_number(e, "sk", event_number(e, "skaddr", 0));
	const struct life *l = sk ? life_of(d, sk, e->ns) : NULL;

	return l && *l->name ? l->name : NULL;
}

static struct life *begin_life(struct drawing *d, uint64_t sk, uint64_t ns)
{
	struct life *l = &d->sockets[d->socket_count];

	if (d->socket_count == SOCKETS)
		return NULL;
	d->socket_count++;
	*l = (struct life){ .sk = sk, .from = ns, .to = UINT64_MAX };
	return l;
}

static void name_socket(struct drawing *d, struct life *l, const char *name)
{
	if (*l->name)
		return;
	if (name)
		snprintf(l->name, sizeof(l->name), "%s", name);
	else if (!d->connections++)
		snprintf(l->name, sizeof(l->name), "connection");
	else
		snprintf(l->name, sizeof(l->name), "connection%d",
			 d->connections);
}

static struct request *find_request(struct drawing *d, const struct kernel_event *e)
{
	uint64_t req = event_number(e, "req", 0);
	uint64_t data = event_number(e, "user_data", 0);

	for (int i = 1; i <= REQUESTS; i++) {
		struct request *r = &d->requests[(d->next_request - i +
						  2 * REQUESTS) % REQUESTS];

		/* All but the last of a multishot come without req. */
		if (*r->op && (req ? r->req == req : r->user_data == data))
			return r;
	}
	return NULL;
}

static void submitted(struct drawing *d, const struct kernel_event *e)
{
	struct request *r = &d->requests[d->next_request];
	const char *op = event_text(e, "op_str");

	d->next_request = (d->next_request + 1) % REQUESTS;
	r->req = event_number(e, "req", 0);
	r->user_data = event_number(e, "user_data", 0);
	snprintf(r->op, sizeof(r->op), "%s", op ? op : "?");
	line(d, e, "%s", r->op);
}

static void completed(struct drawing *d, const struct kernel_event *e)
{
	enum { BUFFER = 1, MORE = 2, NOTIF = 8 };
	const struct request *r = find_request(d, e);
	int flags = event_number(e, "cflags", 0);
	long res = event_number(e, "res", 0);
	char text[32];

	if (res < 0 && strerrorname_np(-res))
		snprintf(text, sizeof(text), "-%s", strerrorname_np(-res));
	else
		snprintf(text, sizeof(text), "%ld", res);
	line(d, e, "%s res=%s%s%s%s", r ? r->op : "?", text,
	     flags & BUFFER ? " F_BUFFER" : "", flags & MORE ? " F_MORE" : "",
	     flags & NOTIF ? " F_NOTIF" : "");
}

static const char *signal_name(int sig, char text[24])
{
	const char *name = sig == SIGIO ? "IO" : sigabbrev_np(sig);

	if (name)		/* SIGIO and SIGPOLL are one */
		snprintf(text, 24, "SIG%s", name);
	else
		snprintf(text, 24, "SIGRT_%d", sig - 32);
	return text;
}

/* Calls whose first argument is a descriptor. */
static const char takes_descriptor[] =
	" accept4 close epoll_ctl epoll_pwait epoll_wait fcntl pread64 read"
	" recvfrom recvmsg sendmsg sendto shutdown write ";

/* No I/O: memory, signal masks, what libc does to start and end a thread. */
static const char not_shown[] =
	" brk execve getrandom getsockname madvise mmap mprotect munmap"
	" rt_sigprocmask rseq sched_getparam sched_getscheduler set_robust_list"
	" set_tid_address ";

static int is_one_of(const char *list, const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(list, word) != NULL;
}

static void entered(struct drawing *d, const struct kernel_event *e, struct thread *t)
{
	unsigned long first = event_element(e, "args", 0);
	const char *name;

	t->call = event_number(e, "id", -1);
	name = syscall_name(t->call);
	t->hidden = is_one_of(not_shown, name);
	if (t->hidden)
		return;
	if (!strcmp(name, "io_uring_enter"))
		line(d, e, "%s(%lu, %llu, %llu, %#llx)", name, first,
		     event_element(e, "args", 1), event_element(e, "args", 2),
		     event_element(e, "args", 3));
	else if (is_one_of(takes_descriptor, name))
		line(d, e, "%s(%lu)", name, first);
	else
		line(d, e, "%s()", name);
}

static void left(struct drawing *d, const struct kernel_event *e, struct thread *t)
{
	long ret = event_number(e, "ret", 0);
	const char *name = syscall_name(t->call);
	const struct thread *other = find_thread(d, ret);

	t->call = -1;
	t->asleep = 0;
	if (t->hidden)
		return;
	if (ret < 0 && ret >= -4095 && strerrorname_np(-ret))
		line(d, e, "%s = -%s", name, strerrorname_np(-ret));
	else if (ret < 0 && ret >= -4095)	/* ERESTARTSYS and its like */
		line(d, e, "%s = -ERESTART", name);
	else if (other && is_one_of(" clone clone3 getpid gettid ", name))
		line(d, e, "%s = %s", name, other->name);
	else
		line(d, e, "%s = %ld", name, ret);
}

/*
 * A thread goes to sleep: to wait (S), or for a disk (D).  A server's D is a
 * lock of the kernel's and no I/O; what io_uring's threads do is in both
 * instances of the capture.
 */
static void switched(struct drawing *d, const struct kernel_event *e)
{
	enum { INTERRUPTIBLE = 1, UNINTERRUPTIBLE = 2 };
	int state = event_number(e, "prev_state", 0);
	struct thread *t = find_thread(d, event_number(e, "prev_pid", 0));

	if (t && !t->asleep && !t->hidden &&
	    (state & INTERRUPTIBLE ||
	     (d->file_job && t->call >= 0 && state & UNINTERRUPTIBLE))) {
		t->asleep = 1;
		line(d, e, "%s", state & INTERRUPTIBLE ? "S" : "D");
	}
	t = find_thread(d, event_number(e, "next_pid", 0));
	if (t)
		t->asleep = 0;
}

/* Its blocks were asked for in a system call, and the call has been shown. */
static int asked_for(struct drawing *d, const struct kernel_event *e)
{
	uint64_t from = event_number(e, "sector", 0);
	uint64_t to = from + event_number(e, "nr_sector", 0);
	int ours = 0;

	for (int i = 0; i < d->block_count; i++)
		if (d->blocks[i] >= from && d->blocks[i] < to) {
			d->blocks[i--] = d->blocks[--d->block_count];
			ours = 1;
		}
	return ours;
}

static void block(struct drawing *d, const struct kernel_event *e,
		  const struct thread *t)
{
	if (!d->file_job)
		return;
	if (strcmp(e->name, "block_rq_complete")) {
		/* Outside of a call it is the program's own page. */
		if (!t || (t->call < 0 && strncmp(t->name, "iou-", 4)) ||
		    d->block_count == BLOCKS)
			return;
		d->blocks[d->block_count++] = event_number(e, "sector", 0);
	} else if (!asked_for(d, e)) {
		return;
	}
	line(d, e, "%s %lld sectors", event_text(e, "rwbs"),
	     event_number(e, "nr_sector", 0));
}

static void draw(struct drawing *d, const struct kernel_event *e)
{
	struct thread *t = find_thread(d, e->pid);
	const char *name = e->name, *s = socket_name(d, e);
	char text[24];

	if (!strcmp(name, "sys_enter")) {
		if (t)
			entered(d, e, t);
	} else if (!strcmp(name, "sys_exit")) {
		if (t && t->call >= 0)
			left(d, e, t);
	} else if (!strcmp(name, "sched_switch")) {
		switched(d, e);
	} else if (!strcmp(name, "sched_waking")) {
		t = find_thread(d, event_number(e, "pid", 0));
		if (t && t->asleep)
			line(d, e, "%s", t->name);
		if (t)
			t->asleep = 0;
	} else if (!strcmp(name, "signal_generate")) {
		static const char *const results[] = {
			"delivered", "ignored", "already pending",
			"overflow", "lost its information",
		};
		int result = event_number(e, "result", 0);

		line(d, e, "%s result=%d (%s)",
		     signal_name(event_number(e, "sig", 0), text), result,
		     result >= 0 && result < 5 ? results[result] : "?");
	} else if (!strcmp(name, "signal_deliver")) {
		line(d, e, "%s", signal_name(event_number(e, "sig", 0), text));
	} else if (!strcmp(name, "sk_data_ready")) {
		if (s)
			line(d, e, "%s", s);
	} else if (!strcmp(name, "inet_sock_set_state")) {
		if (event_number(e, "newstate", 0) == TCP_ESTABLISHED && s)
			line(d, e, "%s ESTABLISHED", s);
	} else if (!strcmp(name, "sock_recv_length") ||
		   !strcmp(name, "sock_send_length")) {
		long ret = event_number(e, "ret", 0);

		if (s && ret < 0 && strerrorname_np(-ret))
			line(d, e, "%s -%s", s, strerrorname_np(-ret));
		else if (s)
			line(d, e, "%s %ld", s, ret);
	} else if (!strcmp(name, "skb_copy_datagram_iovec")) {
		if (t)
			line(d, e, "len=%lld", event_number(e, "len", 0));
	} else if (!strcmp(name, "io_uring_submit_req")) {
		submitted(d, e);
	} else if (!strcmp(name, "io_uring_complete")) {
		completed(d, e);
	} else if (!strcmp(name, "io_uring_poll_arm") ||
		   !strcmp(name, "io_uring_task_add") ||
		   !strcmp(name, "io_uring_queue_async_work")) {
		const char *op = event_text(e, "op_str");

		line(d, e, "%s", op ? op : "?");
	} else if (!strcmp(name, "io_uring_cqring_wait")) {
		line(d, e, "min_events=%lld", event_number(e, "min_events", 0));
	} else if (!strcmp(name, "io_uring_task_work_run") ||
		   !strcmp(name, "io_uring_local_work_run") ||
		   !strcmp(name, "io_uring_cqe_overflow") ||
		   !strcmp(name, "io_uring_req_failed")) {
		line(d, e, "%s", "");
	} else if (!strcmp(name, "mm_filemap_get_pages")) {
		if ((unsigned long)event_number(e, "i_ino", 0) == d->w->inode)
			line(d, e, "pages %lld..%lld",
			     event_number(e, "index", 0),
			     event_number(e, "last_index", 0));
	} else if (!strncmp(name, "block_", 6)) {
		block(d, e, t);
	}
}

/* ---- names, before anything is drawn ---- */

static int is_child(const struct drawing *d, int pid)
{
	for (int i = 0; i < d->child_count; i++)
		if (d->children[i] == pid)
			return 1;
	return 0;
}

static void learn_threads(struct drawing *d, const struct kernel_event *e)
{
	int iou = !strncmp(e->comm, "iou-", 4) && is_child(d, e->pid);

	if (!strcmp(e->name, "task_newtask") && find_thread(d, e->pid) &&
	    d->child_count < THREADS)
		d->children[d->child_count++] = event_number(e, "pid", 0);
	else if (!strcmp(e->name, "task_rename") && is_child(d, e->pid))
		add_thread(d, e->pid, event_text(e, "newcomm"));
	else if (!strncmp(e->name, "sys_", 4) || iou)
		add_thread(d, e->pid, e->comm);
}

static void learn_sockets(struct drawing *d, const struct kernel_event *e)
{
	enum { SOFTIRQ = 16 };
	uint64_t sk = event_number(e, "sk", event_number(e, "skaddr", 0));
	int state = strcmp(e->name, "inet_sock_set_state") ? 0 :
		    event_number(e, "newstate", 0);
	struct life *l = sk ? life_of(d, sk, e->ns) : NULL;

	if (l && (state == TCP_SYN_SENT || state == TCP_LISTEN ||
		  (state == TCP_ESTABLISHED &&
		   event_number(e, "oldstate", 0) == TCP_SYN_RECV))) {
		l->to = e->ns - 1;
		l = NULL;
	}
	if (sk && !l)
		l = begin_life(d, sk, state ? e->ns : 0);
	if (!l)
		return;
	if (find_thread(d, e->pid) && state == TCP_LISTEN)
		name_socket(d, l, "listener");
	else if (find_thread(d, e->pid) && !state &&
		 strcmp(e->name, "sk_data_ready") &&
		 !(event_number(e, "common_flags", 0) & SOFTIRQ))
		name_socket(d, l, event_number(e, "protocol", 0) ==
			    IPPROTO_UDP ? "socket" : NULL);
	if (state == TCP_CLOSE) {
		l->to = e->ns;
		begin_life(d, sk, e->ns + 1);
	}
}

/* A server has said that it serves; a file job looks at its file. */
static int is_begin(struct drawing *d, const struct kernel_event *e)
{
	return e->pid == d->w->main_pid &&
	       !strcmp(e->name, d->file_job ? "sys_enter" : "sys_exit") &&
	       !strcmp(syscall_name(event_number(e, "id", -1)),
		       d->file_job ? "statx" : "write");
}

/* blocking_once ends by itself, as a file job does. */
static int is_end(struct drawing *d, const struct kernel_event *e)
{
	return e->pid == d->w->main_pid && !strcmp(e->name, "sys_enter") &&
	       !strcmp(syscall_name(event_number(e, "id", -1)), "exit_group");
}

static void draw_all(struct drawing *d)
{
	const struct watched *w = d->w;
	int begun = 0;

	add_thread(d, w->main_pid, "");
	for (long i = 0; i < w->n && w->events[i].ns < w->stop; i++) {
		learn_threads(d, &w->events[i]);
		learn_sockets(d, &w->events[i]);
		if (is_end(d, &w->events[i]))
			break;
	}
	for (long i = 0; i < w->n && w->events[i].ns < w->stop; i++) {
		if (begun || (d->file_job && is_begin(d, &w->events[i])))
			draw(d, &w->events[i]);
		begun = begun || is_begin(d, &w->events[i]);
		if (is_end(d, &w->events[i]))
			break;
	}
}

void draw_watched(const struct watched *w, int file_job, struct text *out)
{
	struct drawing *d = calloc(1, sizeof(*d));

	if (!d)
		return;
	d->w = w;
	d->out = out;
	d->file_job = file_job;
	draw_all(d);
	free(d);
}
