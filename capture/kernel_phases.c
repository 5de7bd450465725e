/* SPDX-License-Identifier: MIT */
/*
 * kernel_phases.c - who waited and who copied, from the kernel's own events
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "kernel_phases.h"

enum { THREADS = 256 };

/* What is known of a thread at the time of the event in hand. */
struct thread {
	int pid;
	long call;			/* the system call it is in, or -1 */
	long last;			/* the one before, or -1 */
	uint64_t asleep;		/* since when; 0: it runs */
};

static struct thread *thread_of(struct thread *all, int *n, int pid)
{
	for (int i = 0; i < *n; i++)
		if (all[i].pid == pid)
			return &all[i];
	if (*n == THREADS)
		return &all[THREADS - 1];
	all[*n] = (struct thread){ .pid = pid, .call = -1, .last = -1 };
	return &all[(*n)++];
}

static const char *role(const char *comm, int pid, int main_pid)
{
	return !strncmp(comm, "iou-wrk", 7) ? "iou-wrk" :
	       !strncmp(comm, "iou-sqp", 7) ? "iou-sqp" :
	       pid == main_pid ? "main" : "thread";
}

static void add_once(char *list, size_t size, const char *item)
{
	if (strstr(list, item))
		return;
	snprintf(list + strlen(list), size - strlen(list), "%s%s",
		 *list ? ", " : "", item);
}

static void woke(struct phases *p, const struct kernel_event *e, struct thread *t,
		 const char *comm, int main_pid)
{
	double ms = (e->ns - t->asleep) / 1e6;
	char item[80];

	if (t->call >= 0)
		snprintf(item, sizeof(item), "%s in %s",
			 role(comm, t->pid, main_pid), syscall_name(t->call));
	else
		snprintf(item, sizeof(item), "%s",
			 role(comm, t->pid, main_pid));
	add_once(p->waits, sizeof(p->waits), item);
	if (ms > p->waited_ms)
		p->waited_ms = ms;
}

static void copied(struct phases *p, const struct kernel_event *e, long bytes,
		   const struct thread *t, int main_pid)
{
	const char *who = role(e->comm, e->pid, main_pid);
	char item[80];

	if (t->call < 0 && t->last < 0 && strncmp(e->comm, "iou-", 4))
		return;				/* the client, at its end */
	if (!strncmp(e->comm, "iou-", 4))
		snprintf(item, sizeof(item), "%s", who);
	else if (t->call >= 0)
		snprintf(item, sizeof(item), "%s in %s", who,
			 syscall_name(t->call));
	else
		snprintf(item, sizeof(item), "%s after %s", who,
			 syscall_name(t->last));
	add_once(p->copies, sizeof(p->copies), item);
	p->bytes += bytes;
}

/* It runs: if it slept before the message, this is where that ended. */
static void awake(struct phases *p, const struct kernel_event *e, struct thread *t,
		  const char *comm, uint64_t from, int main_pid)
{
	if (t->asleep && t->asleep < from && e->ns >= from &&
	    (t->call >= 0 || !strncmp(comm, "iou-", 4)))
		woke(p, e, t, comm, main_pid);
	t->asleep = 0;
}

static void switched(struct phases *p, const struct kernel_event *e,
		     struct thread *all, int *n, uint64_t from, int main_pid)
{
	int next = event_number(e, "next_pid", 0);
	struct thread *t = thread_of(all, n, event_number(e, "prev_pid", 0));

	/* Bits 1 and 2: interruptible, uninterruptible sleep. */
	if (event_number(e, "prev_state", 0) & 3)
		t->asleep = e->ns;
	if (next)
		awake(p, e, thread_of(all, n, next),
		      event_text(e, "next_comm"), from, main_pid);
}

void phases_between(struct phases *p, const struct kernel_event *e, long n,
		    uint64_t from, uint64_t to, int main_pid)
{
	struct thread *all = calloc(THREADS, sizeof(*all));
	int threads = 0;

	memset(p, 0, sizeof(*p));
	for (const struct kernel_event *end = e + n; all && e < end; e++) {
		struct thread *t = thread_of(all, &threads, e->pid);

		if (e->ns > to)
			break;
		/*
		 * set_event_pid misses a switch now and then when the
		 * processor was idle: what a thread does tells, too.
		 */
		awake(p, e, t, e->comm, from, main_pid);
		if (!strcmp(e->name, "sys_enter")) {
			t->call = event_number(e, "id", -1);
		} else if (!strcmp(e->name, "sys_exit")) {
			t->last = event_number(e, "id", -1);
			t->call = -1;
		} else if (!strcmp(e->name, "sched_switch")) {
			switched(p, e, all, &threads, from, main_pid);
		} else if (e->ns < from) {
			continue;
		} else if (!strcmp(e->name, "skb_copy_datagram_iovec")) {
			copied(p, e, event_number(e, "len", 0), t, main_pid);
		} else if (!strcmp(e->name, "sock_recv_length") &&
			   event_number(e, "protocol", 0) == IPPROTO_UDP &&
			   event_number(e, "ret", 0) > 0) {
			/* A linear datagram is copied without that tracepoint. */
			copied(p, e, event_number(e, "ret", 0), t, main_pid);
		}
	}
	free(all);
}

/* ---- a file job ---- */

enum { SLEPT = 64 };

/* How long each thread slept in each call. */
struct slept {
	char where[80];
	uint64_t ns;
};

static void add_sleep(struct slept *all, int *n, const char *where, uint64_t ns)
{
	int i = 0;

	while (i < *n && strcmp(all[i].where, where))
		i++;
	if (i == SLEPT)
		return;
	if (i == *n)
		snprintf(all[(*n)++].where, sizeof(all[i].where), "%s", where);
	all[i].ns += ns;
}

static void woke_in(struct slept *all, int *n, const struct kernel_event *e,
		    struct thread *t, const char *comm, int main_pid)
{
	char where[80];

	if (t->asleep && t->call >= 0 &&
	    strcmp(syscall_name(t->call), "exit_group")) {
		snprintf(where, sizeof(where), "%s in %s",
			 role(comm, t->pid, main_pid), syscall_name(t->call));
		add_sleep(all, n, where, e->ns - t->asleep);
	}
	t->asleep = 0;
}

/* All that slept a quarter of the longest, longest first. */
static void list_sleeps(struct phases *p, struct slept *all, int n)
{
	uint64_t longest = 0;

	for (;;) {
		int best = 0;

		for (int i = 1; i < n; i++)
			if (all[i].ns > all[best].ns)
				best = i;
		if (!n || !all[best].ns || all[best].ns < longest / 4)
			return;
		if (!longest)
			longest = all[best].ns;
		add_once(p->waits, sizeof(p->waits), all[best].where);
		all[best].ns = 0;
	}
}

void phases_of_file(struct phases *p, const struct kernel_event *e, long n,
		    unsigned long inode, int main_pid)
{
	struct thread *threads = calloc(THREADS, sizeof(*threads));
	struct slept slept[SLEPT] = { 0 };
	int count = 0, sleeps = 0, blocks = 0, inside = 0;

	memset(p, 0, sizeof(*p));
	for (const struct kernel_event *end = e + n; threads && e < end; e++) {
		struct thread *t = thread_of(threads, &count, e->pid);
		char item[80];

		if (!strcmp(e->name, "sys_enter")) {
			t->call = event_number(e, "id", -1);
		} else if (!strcmp(e->name, "sys_exit")) {
			/* What was before the program's own start is sh's. */
			inside |= !strcmp(syscall_name(t->call), "execve");
			woke_in(slept, &sleeps, e, t, e->comm, main_pid);
			t->last = t->call;
			t->call = -1;
		} else if (!strcmp(e->name, "sched_switch")) {
			int next = event_number(e, "next_pid", 0);

			if (inside && event_number(e, "prev_state", 0) & 3)
				t->asleep = e->ns;
			t = thread_of(threads, &count, next);
			woke_in(slept, &sleeps, e, t,
				event_text(e, "next_comm"), main_pid);
		} else if (!strcmp(e->name, "block_bio_queue")) {
			blocks = 1;
		} else if (!strcmp(e->name, "mm_filemap_get_pages") &&
			   (unsigned long)event_number(e, "i_ino", 0) == inode) {
			snprintf(item, sizeof(item), "%s %s %s",
				 role(e->comm, e->pid, main_pid),
				 t->call >= 0 ? "in" : "after",
				 syscall_name(t->call >= 0 ? t->call : t->last));
			add_once(p->copies, sizeof(p->copies), item);
		}
	}
	list_sleeps(p, slept, sleeps);
	if (!*p->copies && blocks)
		snprintf(p->copies, sizeof(p->copies), "nobody: the device");
	free(threads);
}
