/* SPDX-License-Identifier: MIT */
/*
 * finding_ring.c - what the kernel's side shows of io_uring: requests that
 * went the long way, never ended, or lost their buffer
 */
#include "finding_look.h"
#include "request.h"

enum {
	NEEDLESS_MIN = 64,	/* and nine of ten that were forced */
	STUCK_MIN = 2,		/* reads of one descriptor */
	WAKINGS_MIN = 8,	/* and half of the requests */
	WORKERS_MIN = 32,
	UNREAD_NS = 100 * MS,	/* and half of the time that they lay there */
};

static const struct about
needless = { "ring-needless-worker", SEVERITY_COST,
	"requests are sent to worker threads, which never sleep in them",
	"IOSQE_ASYNC gives each request to iou-wrk, which costs two context "
	"switches. Without it io_uring_enter does at once what it can do without "
	"waiting, such as a RECV whose data are there, or a READ from memory on "
	"ext4, XFS and btrfs.",
	"Leave IOSQE_ASYNC out: a request that cannot be done at once is "
	"polled, waits for the disk, or goes to a worker anyway.",
	"The data are not always in memory, and the thread must not wait; or the "
	"kernel gives such requests to a worker anyway (buffered writes of ext4, "
	"most requests of tmpfs)." },
stuck_reads = { "ring-stuck", SEVERITY_COST,
	"requests that never completed",
	"Several reads wait for a descriptor that never had data, and nobody "
	"cancelled them: they hold their buffers until the ring ends.",
	"Find out which program should write to it; give the reads a timeout "
	"(IORING_OP_LINK_TIMEOUT), or cancel them.",
	"The peer has nothing to say yet." },
poller_asleep = { "ring-poller-asleep", SEVERITY_COST,
	"the poller thread (SQPOLL) is asleep when there is work",
	"The time between requests is longer than sq_thread_idle: iou-sqp "
	"finds nothing to do and falls asleep, and each request needs a call "
	"that wakes it.",
	"Submit with io_uring_enter and no SQPOLL, or raise sq_thread_idle if "
	"iou-sqp may use a whole processor.",
	"The poller thread sleeps only between bursts." },
many_workers = { "ring-many-workers", SEVERITY_COST,
	"many worker threads (iou-wrk) at a time",
	"Each request that waits and cannot be polled holds a kernel thread "
	"meanwhile; before Linux 5.16 so does each request with IOSQE_ASYNC.",
	"Use requests that can be polled (sockets, pipes without "
	"IOSQE_ASYNC), or set a limit: IORING_REGISTER_IOWQ_MAX_WORKERS.",
	"This number of requests has to wait at the same time, and none of them "
	"can be polled." },
buffer_unmapped = { "ring-buffer-unmapped", SEVERITY_FAULT,
	"a buffer is unmapped while a request uses it",
	"The request fails with EFAULT, or uses whatever is mapped there next. "
	"If the kernel holds the pages (O_DIRECT, zero copy), the request uses "
	"the old pages, which the program no longer sees.",
	"Keep a buffer until the completion of its request has been seen; "
	"cancel first.", NULL },
buffer_unregistered = { "ring-buffer-unregistered", SEVERITY_FAULT,
	"buffers are unregistered while requests use them",
	"A request in flight keeps the pages until it ends; some kernels wait "
	"for it inside the call. But the program may already use the buffer "
	"again.",
	"Wait for the completions of all requests with fixed buffers first.",
	NULL },
two_writers = { "ring-two-writers", SEVERITY_FAULT,
	"two requests in flight write into one buffer",
	"Both requests succeed, and the data of one are overwritten.",
	"Use a separate buffer for each request in flight, and IOSQE_IO_LINK "
	"for requests that must follow each other.",
	"The program does not use the data." };

static const struct about
unread = { "ring-unread", SEVERITY_COST,
	"completions lie ready and are not read",
	"The thread that has the ring sleeps in another call, while "
	"completions are in the ring: they wait until that call returns.",
	"Wait in io_uring_enter only (with a timeout as its argument, or with "
	"IORING_OP_TIMEOUT), or register an eventfd that ends the other wait.",
	"The program reads them at fixed times on purpose." };

static struct finding *add(struct findings *f, const struct about *a,
			   const struct witness_ring *r, struct times t,
			   long long ns)
{
	struct finding *d = finding_add(f, a, r->pid, t.n, ns);

	finding_line(d, t.line);
	d->of_kernel = 1;
	return d;
}

static void stuck_look(struct findings *f, const struct witness *w,
		       const struct witness_ring *r)
{
	for (unsigned i = 0; i < r->n_stuck; i++) {
		const struct stuck *s = &r->stuck[i];
		char text[24];

		if (s->times.n < STUCK_MIN || request_answered(w, r, s->fd))
			continue;
		finding_says(add(f, &stuck_reads, r, s->times, 0),
			     "%lu reads of descriptor %d were submitted and "
			     "never completed, the oldest was in flight for %s",
			     s->times.n, s->fd, span_text(s->ns, text,
							  sizeof(text)));
	}
}

static void look(struct findings *f, const struct witness *w,
		 const struct witness_ring *r)
{
	unsigned long forced = 0;

	for (unsigned op = 0; op < OPS; op++)
		forced += r->op[op].forced;
	if (r->needless.n >= NEEDLESS_MIN && r->needless.n * 10 >= forced * 9)
		finding_says(add(f, &needless, r, r->needless, 0),
			     "%lu of %lu requests with IOSQE_ASYNC went to "
			     "worker threads, which never slept in them",
			     r->needless.n, forced);
	stuck_look(f, w, r);
	/*
	 * Each is submitted alone, but they wait together; or each second one
	 * writes what the one before it has read, and none can be earlier.
	 */
	if (r->beside * 2 > r->requests || r->passed_on * 5 > r->movers * 2)
		finding_drop(f, "ring-single", r->pid);
	if (r->wakings.n >= WAKINGS_MIN && r->wakings.n * 2 >= r->by_poller)
		finding_says(add(f, &poller_asleep, r, r->wakings, 0),
			     "the poller thread (SQPOLL) was asleep: %lu calls "
			     "had to wake it for %lu requests",
			     r->wakings.n, r->by_poller);
	if (r->at_workers_most >= WORKERS_MIN && w->workers >= WORKERS_MIN)
		finding_says(add(f, &many_workers, r,
				 (struct times){ r->at_workers_most,
						 r->line }, 0),
			     "%lu requests were at worker threads (iou-wrk) at "
			     "one time; %lu such threads were made",
			     r->at_workers_most, w->workers);
	if (r->unmapped.n)
		finding_says(add(f, &buffer_unmapped, r, r->unmapped, 0),
			     "munmap took the buffer of %lu request%s in flight",
			     r->unmapped.n, r->unmapped.n == 1 ? "" : "s");
	if (r->unregistered.n)
		finding_says(add(f, &buffer_unregistered, r, r->unregistered, 0),
			     "buffers were unregistered while %lu request%s "
			     "with fixed buffers %s in flight",
			     r->unregistered.n,
			     r->unregistered.n == 1 ? "" : "s",
			     r->unregistered.n == 1 ? "was" : "were");
	if (r->overlapped.n)
		finding_says(add(f, &two_writers, r, r->overlapped, 0),
			     "%lu request%s submitted with a buffer that "
			     "another one in flight writes into",
			     r->overlapped.n,
			     r->overlapped.n == 1 ? " was" : "s were");
}

static void unread_look(struct findings *f, const struct witness *w)
{
	for (unsigned i = 0; i < w->n_unread; i++) {
		const struct unread_completions *u = &w->unread[i];
		struct finding *d;
		char text[24];

		if (u->slept_ns < UNREAD_NS ||
		    u->slept_ns < u->to_ns - u->from_ns - u->slept_ns)
			continue;
		d = finding_add(f, &unread, u->pid, u->completions,
				u->slept_ns);
		finding_line(d, u->line);
		d->of_kernel = 1;
		finding_says(d, "%lu completion%s lay ready in ring %d for %s "
			     "while its thread slept in %s", u->completions,
			     u->completions == 1 ? "" : "s", u->ring,
			     span_text(u->to_ns - u->from_ns, text,
				       sizeof(text)),
			     *u->call ? u->call : "no call");
	}
}

void finding_ring(struct findings *f, const struct witness *w)
{
	unread_look(f, w);
	for (unsigned i = 0; i < w->n_rings; i++)
		look(f, w, w->ring_list[i]);
}
