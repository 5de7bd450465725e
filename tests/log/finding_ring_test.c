/* SPDX-License-Identifier: MIT */
/*
 * finding_ring_test.c - faults with io_uring that kernel.log shows, and what looks like them (with libc)
 *
 * A log is a few events of a process 7 with one ring, descriptor 4.
 */
#include <stdarg.h>
#include "../../log/finding.h"
#include "../../log/request.h"
#include "tap.h"

static struct witness w;
static struct findings f;
static long long now;

__attribute__((format(printf, 3, 4)))
static void event(long pid, const char *comm, const char *format, ...)
{
	char body[300], text[400];
	struct tracepoint p;
	va_list args;

	va_start(args, format);
	vsnprintf(body, sizeof(body), format, args);
	va_end(args);
	now += 1000;
	snprintf(text, sizeof(text), "1700000000.%09lld 0 %ld %s: %s",
		 now % 1000000000, pid, comm, body);
	ASSERT_EQ(0, tracepoint_read(&p, (struct slice){ text,
							 strlen(text) }));
	p.ns = now;
	witness_take(&w, &p, now / 1000);
}

#define MAIN(...) event(7, "p", __VA_ARGS__)
#define WORKER(...) event(9, "iou-wrk-7", __VA_ARGS__)

static void enter(const char *call, const char *args)
{
	MAIN("sys_enter id=1(%s) args=%s", call, args);
}

static void leave(void)
{
	MAIN("sys_exit id=1 ret=1");
}

static void begin(void)
{
	witness_free(&w);
	findings_free(&f);
	f = (struct findings){ 0 };
	witness_start(&w, 7);
	now = 0;
	enter("io_uring_setup", "8,0");
	MAIN("io_uring_create fd=4 ctx=0x10 sq_entries=8 cq_entries=16 flags=0");
	leave();
}

enum { ASYNC = 16, LINK = 4, SELECT = 32 };

static void submit(long n, unsigned op, unsigned flags, int fd,
		   const char *buffer)
{
	MAIN("io_uring_submit_req ctx=0x10 req=%#lx user_data=%ld opcode=%u "
	     "flags=%u sq_thread=0 op_str=OP%u%s", 0x1000 + n, n, op, flags, op,
	     buffer);
	if (!(flags & ASYNC))
		MAIN("io_uring_file_get ctx=0x10 req=%#lx user_data=%ld fd=%d",
		     0x1000 + n, n, fd);
}

static void completes(long n, int res)
{
	MAIN("io_uring_complete ctx=0x10 req=%#lx user_data=%ld res=%d cflags=0",
	     0x1000 + n, n, res);
}

static unsigned long found(const char *id)
{
	struct finding *d;

	requests_in_flight(&w);
	finding_ring(&f, &w);
	for (d = f.first; d; d = d->next)
		if (!strcmp(d->about->id, id))
			return d->count;
	return 0;
}

static void worked(long n, int sleeps)
{
	submit(n, 22, ASYNC, 5, "");
	MAIN("io_uring_queue_async_work ctx=0x10 req=%#lx user_data=%ld "
	     "opcode=22 flags=16 rw=0", 0x1000 + n, n);
	WORKER("io_uring_file_get ctx=0x10 req=%#lx user_data=%ld fd=5",
	       0x1000 + n, n);
	if (sleeps) {
		WORKER("sched_switch prev_comm=iou-wrk-7 prev_pid=9 "
		       "prev_state=1 next_comm=p next_pid=7");
		MAIN("sched_switch prev_comm=p prev_pid=7 prev_state=1 "
		     "next_comm=iou-wrk-7 next_pid=9");
	}
	WORKER("io_uring_complete ctx=0x10 req=%#lx user_data=%ld res=1 "
	       "cflags=0", 0x1000 + n, n);
}

/* A worker that did not sleep was not needed; one that did was. */
TEST(needless_workers)
{
	begin();
	for (int i = 0; i < 70; i++)
		worked(i, 0);
	EXPECT_EQ(70, found("ring-needless-worker"));
	begin();
	for (int i = 0; i < 70; i++)
		worked(i, 1);
	EXPECT_EQ(0, found("ring-needless-worker"));
	begin();
	for (int i = 0; i < 20; i++)
		worked(i, 0);
	EXPECT_EQ(0, found("ring-needless-worker"));
}

/* Two reads of a descriptor that never has data, cut off by the end. */
TEST(requests_that_never_complete)
{
	begin();
	submit(1, 22, 0, 3, "");
	submit(2, 22, 0, 3, "");
	now += 2000000000;
	completes(1, -125);
	completes(2, -125);
	EXPECT_EQ(2, found("ring-stuck"));
	/* They are still there when the log ends. */
	begin();
	submit(1, 22, 0, 3, "");
	submit(2, 22, 0, 3, "");
	now += 2000000000;
	leave();
	EXPECT_EQ(2, found("ring-stuck"));
	EXPECT_EQ(2, w.ring_list[0]->cut.n);
}

/* One waits for the next message: an idle program. */
TEST(requests_that_wait_are_not_stuck)
{
	begin();
	submit(1, 22, 0, 3, "");
	now += 2000000000;
	completes(1, -125);
	EXPECT_EQ(0, found("ring-stuck"));
	/* Data came before. */
	begin();
	submit(1, 22, 0, 3, "");
	completes(1, 5);
	submit(2, 22, 0, 3, "");
	submit(3, 22, 0, 3, "");
	now += 2000000000;
	completes(2, -125);
	completes(3, -125);
	EXPECT_EQ(0, found("ring-stuck"));
	/* The program itself cancels them. */
	begin();
	submit(1, 22, 0, 3, "");
	submit(2, 22, 0, 3, "");
	now += 2000000000;
	submit(3, 14, 0, -1, "");
	completes(1, -125);
	completes(2, -125);
	EXPECT_EQ(0, found("ring-stuck"));
	/* Connections to come. */
	begin();
	submit(1, 13, 0, 3, "");
	submit(2, 13, 0, 3, "");
	now += 2000000000;
	completes(1, -125);
	completes(2, -125);
	EXPECT_EQ(0, found("ring-stuck"));
}

static void poller(int n, const char *flags)
{
	char args[64];

	begin();
	for (int i = 0; i < n; i++) {
		snprintf(args, sizeof(args), "0x4,0x1,0,%s,0,0x8", flags);
		enter("io_uring_enter", args);
		leave();
		event(8, "iou-sqp-7", "io_uring_submit_req ctx=0x10 req=%#x "
		      "user_data=%d opcode=0 flags=0 sq_thread=1 op_str=NOP",
		      0x1000 + i, i);
		event(8, "iou-sqp-7", "io_uring_complete ctx=0x10 req=%#x "
		      "user_data=%d res=0 cflags=0", 0x1000 + i, i);
	}
}

TEST(poller_that_sleeps)
{
	poller(12, "0x2");
	EXPECT_EQ(12, found("ring-poller-asleep"));
	poller(4, "0x2");
	EXPECT_EQ(0, found("ring-poller-asleep"));
	poller(12, "0x1");		/* GETEVENTS: it waits, nothing else */
	EXPECT_EQ(0, found("ring-poller-asleep"));
}

static void at_workers(int n, int at_a_time)
{
	begin();
	for (int i = 0; i < n; i++) {
		submit(i, 30, ASYNC, -1, "");
		MAIN("io_uring_queue_async_work ctx=0x10 req=%#x user_data=%d "
		     "opcode=30 flags=16 rw=0", 0x1000 + i, i);
		event(100 + i, "iou-wrk-7", "sched_switch prev_comm=iou-wrk-7 "
		      "prev_pid=%d prev_state=1 next_comm=p next_pid=7",
		      100 + i);
		if (i >= at_a_time)
			completes(i - at_a_time, 1);
	}
}

TEST(many_workers)
{
	at_workers(40, 40);
	EXPECT_EQ(40, found("ring-many-workers"));
	at_workers(40, 4);
	EXPECT_EQ(0, found("ring-many-workers"));
}

/* With its address the unmapping is judged at once; else EFAULT proves it. */
TEST(buffer_unmapped)
{
	begin();
	submit(1, 22, 0, 3, " buffer=0x5000 bytes=4096");
	enter("munmap", "0x5000,0x1000,0,0,0,0");
	leave();
	completes(1, 4);
	EXPECT_EQ(1, found("ring-buffer-unmapped"));
	begin();
	submit(1, 22, 0, 3, "");
	enter("munmap", "0x5000,0x1000,0,0,0,0");
	leave();
	completes(1, -14);
	EXPECT_EQ(1, found("ring-buffer-unmapped"));
}

TEST(other_memory_unmapped)
{
	begin();
	submit(1, 22, 0, 3, " buffer=0x5000 bytes=4096");
	enter("munmap", "0x6000,0x1000,0,0,0,0");
	leave();
	completes(1, 4);
	enter("munmap", "0x5000,0x1000,0,0,0,0");	/* it is done */
	leave();
	submit(2, 22, 0, 3, "");
	enter("munmap", "0x5000,0x1000,0,0,0,0");
	leave();
	completes(2, 4);
	submit(3, 22, 0, 3, "");
	completes(3, -14);			/* a wrong address */
	EXPECT_EQ(0, found("ring-buffer-unmapped"));
}

/* The address of READV is that of its iovec, which the kernel has copied. */
TEST(an_iovec_unmapped)
{
	begin();
	submit(1, 1, 0, 3, " buffer=0x5000 bytes=4");
	enter("munmap", "0x5000,0x1000,0,0,0,0");
	leave();
	completes(1, 4000);
	EXPECT_EQ(0, found("ring-buffer-unmapped"));
	begin();
	submit(1, 60, 0, 3, " buffer=0x5000 bytes=4");
	enter("munmap", "0x7000,0x1000,0,0,0,0");	/* of the buffers */
	leave();
	completes(1, -14);
	EXPECT_EQ(1, found("ring-buffer-unmapped"));
}

/* What READV and WRITEV moved, with and without registered buffers. */
TEST(vectors_move_bytes)
{
	static const unsigned reads[] = { 1, 60 }, writes[] = { 2, 61 };

	for (unsigned i = 0; i < 2; i++) {
		begin();
		submit(1, reads[i], 0, 3, "");
		completes(1, 5000);
		submit(2, writes[i], 0, 3, "");
		completes(2, 4000);
		EXPECT_EQ(5000, w.ring_list[0]->read_bytes);
		EXPECT_EQ(4000, w.ring_list[0]->written_bytes);
		EXPECT_EQ(5000, w.ring_list[0]->op[reads[i]].bytes);
	}
}

TEST(buffers_unregistered)
{
	begin();
	submit(1, 4, 0, 3, "");
	submit(2, 22, 0, 3, "");		/* no fixed buffer */
	enter("io_uring_register", "0x4,0x1,0,0,0,0");
	leave();
	EXPECT_EQ(1, found("ring-buffer-unregistered"));
	begin();
	submit(1, 61, 0, 3, "");		/* WRITEV_FIXED */
	enter("io_uring_register", "0x4,0x1,0,0,0,0");
	leave();
	EXPECT_EQ(1, found("ring-buffer-unregistered"));
	begin();
	submit(1, 4, 0, 3, "");
	enter("io_uring_register", "0x5,0x1,0,0,0,0");	/* another ring */
	leave();
	enter("io_uring_register", "0x4,0x3,0,0,0,0");	/* its files */
	leave();
	completes(1, 4);
	enter("io_uring_register", "0x4,0x1,0,0,0,0");
	leave();
	EXPECT_EQ(0, found("ring-buffer-unregistered"));
}

TEST(two_writers)
{
	begin();
	submit(1, 4, 0, 3, " buffer=0x5000 bytes=4096");
	submit(2, 22, 0, 5, " buffer=0x5800 bytes=4096");
	completes(1, 4096);
	completes(2, 4096);
	EXPECT_EQ(1, found("ring-two-writers"));
	/* The second one failed, and so wrote nothing. */
	begin();
	submit(1, 4, 0, 3, " buffer=0x5000 bytes=4096");
	submit(2, 22, 0, 5, " buffer=0x5800 bytes=4096");
	completes(1, 4096);
	completes(2, -9);
	EXPECT_EQ(0, found("ring-two-writers"));
	begin();
	submit(1, 22, 0, 3, " buffer=0x5000 bytes=4096");
	submit(2, 22, 0, 3, " buffer=0x6000 bytes=4096");
	/* It only reads the buffer. */
	submit(3, 23, 0, 3, " buffer=0x5000 bytes=4096");
	/* Which buffer of a group is not known before. */
	submit(4, 27, SELECT, 3, " buffer=0x5000 bytes=4096");
	completes(1, 4096);
	submit(5, 22, 0, 3, " buffer=0x5000 bytes=4096");
	for (int i = 2; i <= 5; i++)
		completes(i, 4096);
	EXPECT_EQ(0, found("ring-two-writers"));
	/* One after the other. */
	begin();
	submit(1, 22, LINK, 3, " buffer=0x5000 bytes=4096");
	submit(2, 22, 0, 3, " buffer=0x5000 bytes=4096");
	completes(1, 4096);
	completes(2, 4096);
	EXPECT_EQ(0, found("ring-two-writers"));
}

/* By no more than a quarter too low. */
TEST(latencies)
{
	const struct op_tally *t;

	begin();
	for (int i = 0; i < 99; i++) {
		submit(i, 22, 0, 3, "");
		completes(i, 4);		/* 2 us later */
	}
	submit(99, 22, 0, 3, "");
	now += 1000000;
	completes(99, 4);
	t = &w.ring_list[0]->op[22];
	EXPECT_EQ(100, t->timed);
	EXPECT_GE(latency_at(t, 50), 1500);
	EXPECT_LE(latency_at(t, 50), 2000);
	EXPECT_LE(latency_at(t, 99), 2000);
	EXPECT_GE(latency_at(t, 100), 750000);
}

/* FUTEX_WAIT says EAGAIN when the word has changed: that is its answer. */
TEST(requests_that_complete_with_eagain)
{
	begin();
	for (int i = 0; i < 8; i++) {
		submit(i, 51, 0, 3, "");
		completes(i, -11);
	}
	EXPECT_EQ(0, w.ring_list[0]->again);
	EXPECT_EQ(0, w.ring_list[0]->failed);
	begin();
	submit(1, 27, 0, 3, "");		/* RECV with MSG_DONTWAIT */
	completes(1, -11);
	submit(2, 16, 0, 3, "");		/* CONNECT of AF_UNIX */
	completes(2, -11);
	EXPECT_EQ(2, w.ring_list[0]->again);
}
