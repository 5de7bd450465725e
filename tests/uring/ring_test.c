/* SPDX-License-Identifier: MIT */
/*
 * ring_test.c - uring/ring.h, and the facts that the io_uring servers rest on
 *
 * io_uring_setup and io_uring_enter go through the test, so that it can count
 * them and answer in the kernel's place where the kernel cannot be made to.
 */
#include "net.h"
#include "../../syscalls/io_uring.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

static int enters;		/* calls of io_uring_enter */
static unsigned enter_flags;	/* of the last */
static long enter_fails;	/* the next call returns this, if not 0 */
static unsigned no_feature;	/* that io_uring_setup shall not report */

static long seen_enter(int fd, unsigned submit, unsigned wait, unsigned flags,
		       const void *arg, unsigned long size)
{
	long err = enter_fails;

	enters++;
	enter_flags = flags;
	enter_fails = 0;
	return err ? err : sys_io_uring_enter(fd, submit, wait, flags, arg, size);
}

static long seen_setup(unsigned entries, struct io_uring_params *p)
{
	long fd = sys_io_uring_setup(entries, p);

	p->features &= ~no_feature;
	return fd;
}

#define sys_io_uring_enter seen_enter
#define sys_io_uring_setup seen_setup
#ifdef WITH_LIBC
#include "../../uring/ring.h"
static struct ring ring;
#else
#include "../../uring/serve.h"	/* with ring.h, and the ring */
#endif

/* ---- helpers ---- */

static void open_with(unsigned entries, struct io_uring_params p,
		      const char *needs)
{
	long err = ring_setup(&ring, entries, &p);

	if (err == -ENOSYS || err == -EPERM || err == -EACCES)
		SKIP("io_uring_setup: %s", errno_name(err));
	if (err == -EINVAL && needs)
		SKIP("needs Linux %s", needs);
	ASSERT_EQ(0, err);
	/* A filter may refuse this one alone; not through seen_enter. */
	err = enter_kernel(__NR_io_uring_enter, ring.fd, 0, 0, 0, NULL, 0);
	if (err == -ENOSYS || err == -EPERM || err == -EACCES)
		SKIP("io_uring_enter: %s", errno_name(err));
}

static void open_plain(unsigned entries)
{
	open_with(entries, (struct io_uring_params){ 0 }, NULL);
}

static struct io_uring_sqe *add(int op, int fd, __u64 user_data)
{
	struct io_uring_sqe *sqe = ring_sqe(&ring);

	ASSERT_TRUE(sqe);
	sqe->opcode = op;
	sqe->fd = fd;
	sqe->user_data = user_data;
	return sqe;
}

static struct io_uring_sqe *add_recv(int fd, void *buf, unsigned len,
				     __u64 user_data)
{
	struct io_uring_sqe *sqe = add(IORING_OP_RECV, fd, user_data);

	sqe->addr = (unsigned long)buf;
	sqe->len = len;
	return sqe;
}

static struct io_uring_sqe *add_cancel(__u64 of, __u64 user_data)
{
	struct io_uring_sqe *sqe = add(IORING_OP_ASYNC_CANCEL, -1, user_data);

	sqe->addr = of;
	return sqe;
}

static void submit(void)
{
	ASSERT_GE(ring_submit(&ring), 0);
}

/* The next completion, by value; it is given back. */
static struct io_uring_cqe next(void)
{
	struct io_uring_cqe cqe;

	submit();
	while (!ring_ready(&ring))
		ASSERT_GE(ring_again(ring_wait(&ring, 1, NULL)), 0);
	cqe = *ring_cqe(&ring, 0);
	ring_seen(&ring, 1);
	return cqe;
}

#define EXPECT_CQE(data, result, more) do {				\
	struct io_uring_cqe e_ = next();				\
	EXPECT_EQ(data, e_.user_data);					\
	EXPECT_EQ(result, e_.res);					\
	EXPECT_EQ(more, !!(e_.flags & IORING_CQE_F_MORE));		\
} while (0)

static const struct __kernel_timespec soon = { .tv_nsec = 10000000 };

/* Nothing more comes: what is in flight would have by now. */
#define EXPECT_NONE() do {						\
	EXPECT_EQ(0, ring_ready(&ring));				\
	EXPECT_ERR(-ETIME, ring_wait(&ring, 1, &soon));			\
} while (0)

static void pair(int s[2])
{
	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM, 0, s));
}

static void limit(int resource, unsigned long value)
{
	struct rlimit64 l;

	ASSERT_EQ(0, enter_kernel(__NR_prlimit64, 0, resource, NULL, &l));
	l.rlim_cur = value;
	ASSERT_EQ(0, enter_kernel(__NR_prlimit64, 0, resource, &l, NULL));
}

/* ---- setup ---- */

TEST(sizes_are_rounded_up)
{
	open_plain(5);
	EXPECT_EQ(8, ring.sq_entries);
	EXPECT_EQ(8, ring_room(&ring));
	EXPECT_EQ(16, ring.cq_entries);
	EXPECT_EQ(0, ring_ready(&ring));
	EXPECT_TRUE(ring.features & IORING_FEAT_FAST_POLL);
}

static long refused(unsigned entries, struct io_uring_params p)
{
	return ring_setup(&ring, entries, &p);
}

TEST(setup_errors)
{
	const struct io_uring_params none = { 0 };

	open_plain(1);			/* else it skips */
	ring_close(&ring);
	EXPECT_ERR(-EINVAL, refused(0, none));
	EXPECT_ERR(-EINVAL, refused(1 << 20, none));
	EXPECT_ERR(-EINVAL, refused(1, (struct io_uring_params){
		.flags = 1U << 31 }));
	EXPECT_ERR(-EINVAL, refused(4, (struct io_uring_params){
		.flags = IORING_SETUP_CQSIZE, .cq_entries = 2 }));
	EXPECT_ERR(-EINVAL, refused(1, (struct io_uring_params){
		.flags = IORING_SETUP_SQPOLL | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_SINGLE_ISSUER }));
	EXPECT_EQ(-1, ring.fd);
	EXPECT_ERR(-EFAULT, enter_kernel(__NR_io_uring_setup, 1, NOWHERE));
	limit(RLIMIT_NOFILE, 0);
	EXPECT_ERR(-EMFILE, refused(1, none));
}

/* Of a user without CAP_IPC_LOCK; kernels differ in what they count. */
TEST(setup_without_locked_memory)
{
	long err;

	open_plain(1);
	ring_close(&ring);
	limit(RLIMIT_MEMLOCK, 0);
	if (enter_kernel(__NR_setuid, 65534))
		SKIP("setuid is not allowed");
	err = refused(4096, (struct io_uring_params){ 0 });
	if (!err)
		SKIP("this kernel does not count rings as locked memory");
	EXPECT_ERR(-ENOMEM, err);
}

static void deny_setup(int err)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },	/* the call's number */
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, __NR_io_uring_setup },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | err },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	struct sock_fprog filter = { 4, code };

	enter_kernel(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (enter_kernel(__NR_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
			 &filter))
		SKIP("seccomp is not allowed here");
}

TEST(setup_denied_by_a_filter)
{
	deny_setup(EPERM);
	EXPECT_ERR(-EPERM, refused(1, (struct io_uring_params){ 0 }));
}

TEST(setup_hidden_by_a_filter)
{
	deny_setup(ENOSYS);
	EXPECT_ERR(-ENOSYS, refused(1, (struct io_uring_params){ 0 }));
}

/* Each way of laying out the memory carries a request there and back. */
static void carries(unsigned flags, const char *needs)
{
	open_with(8, (struct io_uring_params){ .flags = flags }, needs);
	for (int i = 0; i < 40; i++) {		/* round and round */
		add(IORING_OP_NOP, -1, i);
		EXPECT_CQE(i, 0, 0);
	}
	ring_close(&ring);
	EXPECT_EQ(-1, ring.fd);
}

TEST(one_mapping)
{
	carries(0, NULL);
}

TEST(two_mappings)
{
	no_feature = IORING_FEAT_SINGLE_MMAP;	/* as before Linux 5.4 */
	carries(0, NULL);
}

TEST(no_array)
{
	carries(IORING_SETUP_NO_SQARRAY, "6.6");
}

TEST(memory_of_our_own)
{
	carries(IORING_SETUP_NO_MMAP, "6.5");
	carries(IORING_SETUP_NO_MMAP | IORING_SETUP_NO_SQARRAY, "6.6");
}

/* madvise says whether something is mapped there. */
#define EXPECT_UNMAPPED(at) \
	EXPECT_ERR(-ENOMEM, enter_kernel(__NR_madvise, at, 4096, 0))

/* The memory that we have given is ours again when the kernel refuses a ring. */
TEST(refusal_leaves_nothing)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_NO_MMAP | 1U << 31,
	};

	if (!enter_kernel(__NR_madvise, NULL, 4096, 0))
		SKIP("qemu-user: madvise says nothing about a mapping");
	EXPECT_LT(ring_setup(&ring, 8, &p), 0);
	ASSERT_TRUE(p.cq_off.user_addr && p.sq_off.user_addr);
	EXPECT_UNMAPPED(p.cq_off.user_addr);
	EXPECT_UNMAPPED(p.sq_off.user_addr);
}

TEST(close_leaves_nothing)
{
	void *sq, *sqes;
	int fd;

	open_plain(8);
	sq = ring.sq_map;
	sqes = ring.sqes;
	fd = ring.fd;
	ring_close(&ring);
	EXPECT_UNMAPPED(sq);
	EXPECT_UNMAPPED(sqes);
	EXPECT_ERR(-EBADF, sys_close(fd));
}

/* ---- submission ---- */

TEST(a_full_queue_gives_no_entry)
{
	open_plain(2);
	add(IORING_OP_NOP, -1, 1)->len = 0;
	add(IORING_OP_NOP, -1, 2);
	EXPECT_EQ(0, ring_room(&ring));
	EXPECT_TRUE(!ring_sqe(&ring));
	EXPECT_EQ(2, ring_submit(&ring));
	EXPECT_EQ(2, ring_room(&ring));
	EXPECT_EQ(0, ring_sqe(&ring)->user_data);	/* it held a 1 before */
}

/* The kernel stops behind an entry that it finds invalid; the rest follows. */
TEST(short_submit)
{
	int seen = 0;

	open_plain(8);
	add(IORING_OP_NOP, -1, 1);
	add(200, -1, 2);
	add(IORING_OP_NOP, -1, 3);
	add(IORING_OP_NOP, -1, 4);
	EXPECT_EQ(2, ring_submit(&ring));
	EXPECT_EQ(6, ring_room(&ring));
	EXPECT_EQ(2, ring_ready(&ring));
	EXPECT_EQ(2, ring_submit(&ring));
	EXPECT_EQ(8, ring_room(&ring));
	for (int i = 0; i < 4; i++) {		/* 6.1 completes 2 before 1 */
		struct io_uring_cqe cqe = next();

		seen |= 1 << cqe.user_data;
		EXPECT_EQ(cqe.user_data == 2 ? -EINVAL : 0, cqe.res);
	}
	EXPECT_EQ(0x1e, seen);
}

TEST(submit_all_goes_on_behind_an_invalid_entry)
{
	open_with(8, (struct io_uring_params){
		.flags = IORING_SETUP_SUBMIT_ALL }, "5.18");
	add(200, -1, 1);
	add(IORING_OP_NOP, -1, 2);
	EXPECT_EQ(2, ring_submit(&ring));
}

/* What today's kernel does not say, said in its place: nothing is lost. */
TEST(eagain_and_ebusy_keep_what_was_queued)
{
	static const int errs[] = { EAGAIN, EBUSY, EINTR };

	open_plain(8);
	for (int i = 0; i < 3; i++) {
		add(IORING_OP_NOP, -1, i);
		enter_fails = -errs[i];
		EXPECT_ERR(-errs[i], ring_submit(&ring));
		EXPECT_EQ(0, ring_again(-errs[i]));
		EXPECT_EQ(7, ring_room(&ring));
		EXPECT_EQ(1, ring_submit(&ring));
		EXPECT_CQE(i, 0, 0);
	}
	EXPECT_EQ(0, ring_again(-ETIME));
	EXPECT_ERR(-EBADFD, ring_again(-EBADFD));
	EXPECT_EQ(3, ring_again(3));
}

TEST(enter_errors)
{
	int fds[2], child, status = -1;

	open_with(8, (struct io_uring_params){
		.flags = IORING_SETUP_R_DISABLED }, "5.10");
	EXPECT_ERR(-EBADFD, ring_wait(&ring, 1, NULL));
	ring_close(&ring);
	open_plain(8);
	EXPECT_ERR(-EFAULT, ring_wait(&ring, 1, NOWHERE));
	EXPECT_ERR(-EINVAL, seen_enter(ring.fd, 0, 0, 1U << 31, NULL, 0));
	fds[0] = ring.fd;
	ring.fd = -1;
	EXPECT_ERR(-EBADF, ring_wait(&ring, 1, NULL));
	ring.fd = fds[0];
	ring_close(&ring);
	open_plain(8);
	fds[1] = ring.fd;
	ASSERT_EQ(0, sys_pipe2(fds, 0));
	ring.fd = fds[0];
	EXPECT_ERR(-EOPNOTSUPP, ring_wait(&ring, 1, NULL));

	open_with(8, (struct io_uring_params){
		.flags = IORING_SETUP_SINGLE_ISSUER }, "6.0");
	add(IORING_OP_NOP, -1, 1);
	EXPECT_EQ(1, ring_submit(&ring));
	child = ASSERT_GE(sys_clone_fork(), 0);
	if (!child) {
		add(IORING_OP_NOP, -1, 2);
		sys_exit_group(ring_submit(&ring) != -EEXIST);
	}
	ASSERT_EQ(child, sys_wait4(child, &status, 0, NULL));
	EXPECT_EQ(0, status);
}

/* ---- waiting ---- */

TEST(wait_ends_with_its_timeout)
{
	open_plain(8);
	EXPECT_ERR(-ETIME, ring_wait(&ring, 1, &soon));
	add(IORING_OP_NOP, -1, 1);
	EXPECT_EQ(1, ring_wait(&ring, 1, &soon));
	EXPECT_CQE(1, 0, 0);
}

/* After min_wait one completion is enough; with none only a timeout goes on. */
TEST(wait_for_more_than_come_ends_after_min_wait)
{
	open_plain(8);
	if (!(ring.features & IORING_FEAT_MIN_TIMEOUT))
		SKIP("this kernel has no MIN_TIMEOUT (6.12)");
	ring.min_wait = 1000;
	add(IORING_OP_NOP, -1, 1);
	EXPECT_EQ(1, ring_wait(&ring, 2, NULL));
	EXPECT_CQE(1, 0, 0);
	EXPECT_ERR(-ETIME, ring_wait(&ring, 2, NULL));
	EXPECT_ERR(-ETIME, ring_wait(&ring, 2, &soon));
}

/* A child that raises sig once its parent sleeps. */
static int raise_later(int sig)
{
	int parent = sys_getpid(), child = ASSERT_GE(sys_clone_fork(), 0);

	if (!child) {
		net_until(parent, 'S');
		if (sig && sys_getppid() == parent)
			sys_kill(parent, sig);
		sys_exit_group(0);
	}
	return child;
}

TEST(a_signal_ends_the_wait)
{
	int child;

	net_handle(SIGUSR1, SA_RESTART);	/* which is of no use here */
	open_plain(8);
	child = raise_later(SIGUSR1);
	EXPECT_ERR(-EINTR, ring_wait(&ring, 1, NULL));
	EXPECT_EQ(1, net_handled);
	net_reap(child);
}

/* Then it tells what it submitted, and not that it was interrupted. */
TEST(a_signal_after_a_submission)
{
	int s[2], child;
	char buf[8];

	net_handle(SIGUSR1, 0);
	pair(s);
	open_plain(8);
	add_recv(s[0], buf, 8, 1);
	child = raise_later(SIGUSR1);
	EXPECT_EQ(1, ring_wait(&ring, 1, NULL));
	EXPECT_EQ(1, net_handled);
	EXPECT_EQ(0, ring_ready(&ring));
	net_reap(child);
}

/* SIGCHLD is ignored by default: only a tracer makes it end the wait. */
TEST(an_ignored_signal_does_not)
{
	int child;

	open_plain(8);
	child = raise_later(0);
	EXPECT_ERR(-ETIME, ring_wait(&ring, 1, &(struct __kernel_timespec){
		.tv_nsec = 100000000 }));
	net_reap(child);
}

TEST(the_mask_opens_while_it_sleeps)
{
	unsigned long none = 0;

	net_handle(SIGUSR1, 0);
	open_plain(8);
	net_block(SIGNAL_BIT(SIGUSR1));
	sys_kill(sys_getpid(), SIGUSR1);
	EXPECT_ERR(-ETIME, ring_wait(&ring, 1, &soon));
	EXPECT_EQ(0, net_handled);
	ring.wait_mask = &none;
	EXPECT_ERR(-EINTR, ring_wait(&ring, 1, NULL));
	EXPECT_EQ(1, net_handled);
	sys_kill(sys_getpid(), SIGUSR1);
	EXPECT_ERR(-EINTR, ring_wait(&ring, 1, &soon));
}

/* ---- completions ---- */

/* Two places for five: the kernel keeps three until there is room. */
TEST(overflow_loses_nothing)
{
	open_plain(1);
	EXPECT_EQ(2, ring.cq_entries);
	for (int i = 0; i < 5; i++) {
		add(IORING_OP_NOP, -1, i);
		EXPECT_EQ(1, ring_submit(&ring));
	}
	EXPECT_EQ(2, ring_ready(&ring));
	EXPECT_TRUE(ring_overflowed(&ring));
	for (int i = 0; i < 5; i++) {
		if (!ring_ready(&ring))
			EXPECT_EQ(0, ring_wait(&ring, 1, NULL));
		EXPECT_EQ(i, ring_cqe(&ring, 0)->user_data);
		ring_seen(&ring, 1);
	}
	EXPECT_EQ(0, ring_ready(&ring));
	EXPECT_TRUE(!ring_overflowed(&ring));
	EXPECT_EQ(0, ring_lost(&ring));
}

/* What the kernel kept comes with the next call, whatever that is for. */
TEST(overflow_is_fetched_without_waiting)
{
	open_plain(1);
	for (int i = 0; i < 5; i++) {
		add(IORING_OP_NOP, -1, i);
		EXPECT_EQ(1, ring_submit(&ring));
	}
	for (int i = 0; i < 5; i++) {
		if (!ring_ready(&ring))
			EXPECT_EQ(0, ring_submit(&ring));
		ASSERT_GE(ring_ready(&ring), 1);
		EXPECT_EQ(i, ring_cqe(&ring, 0)->user_data);
		ring_seen(&ring, 1);
	}
}

TEST(a_batch_is_read_before_it_is_given_back)
{
	open_plain(4);
	for (int i = 0; i < 4; i++)
		add(IORING_OP_NOP, -1, i);
	EXPECT_EQ(4, ring_submit(&ring));
	EXPECT_EQ(4, ring_ready(&ring));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(i, ring_cqe(&ring, i)->user_data);
	ring_seen(&ring, 3);
	EXPECT_EQ(3, ring_cqe(&ring, 0)->user_data);
}

TEST(skipped_success_posts_nothing)
{
	open_plain(4);
	if (!(ring.features & IORING_FEAT_CQE_SKIP))
		SKIP("needs Linux 5.17");
	add(IORING_OP_NOP, -1, 1)->flags = IOSQE_CQE_SKIP_SUCCESS;
	add(IORING_OP_CLOSE, -1, 2)->flags = IOSQE_CQE_SKIP_SUCCESS;
	EXPECT_CQE(2, -EBADF, 0);
	EXPECT_NONE();
}

/* ---- registration ---- */

TEST(registered_files)
{
	char buf[8];
	int s[2], t[2];

	open_plain(8);
	pair(s);
	pair(t);
	ASSERT_EQ(0, ring_files(&ring, (int[]){ s[0], -1 }, 2));
	EXPECT_ERR(-EBUSY, ring_files(&ring, s, 2));
	ASSERT_EQ(1, sys_write(s[1], "s", 1));
	ASSERT_EQ(1, sys_write(t[1], "t", 1));
	add_recv(0, buf, 8, 1)->flags = IOSQE_FIXED_FILE;
	EXPECT_CQE(1, 1, 0);
	EXPECT_EQ('s', buf[0]);
	add_recv(1, buf, 8, 2)->flags = IOSQE_FIXED_FILE;
	EXPECT_CQE(2, -EBADF, 0);		/* the slot is empty */
	EXPECT_EQ(1, ring_files_update(&ring, 1, &t[0], 1));
	add_recv(1, buf, 8, 3)->flags = IOSQE_FIXED_FILE;
	EXPECT_CQE(3, 1, 0);
	EXPECT_EQ('t', buf[0]);
	EXPECT_ERR(-EINVAL, ring_files_update(&ring, 1, t, 2));
	add_recv(7, buf, 8, 4)->flags = IOSQE_FIXED_FILE;
	EXPECT_CQE(4, -EBADF, 0);
}

TEST(registered_buffers)
{
	static char buf[4096];
	struct { void *at; unsigned long len; } iov = { buf, sizeof(buf) };
	struct io_uring_sqe *sqe;
	int p[2];

	open_plain(8);
	ASSERT_EQ(0, sys_pipe2(p, 0));
	ASSERT_EQ(4, sys_write(p[1], "pipe", 4));
	ASSERT_EQ(0, ring_fixed_buffers(&ring, &iov, 1));
	EXPECT_ERR(-EBUSY, ring_fixed_buffers(&ring, &iov, 1));
	sqe = add(IORING_OP_READ_FIXED, p[0], 1);
	sqe->addr = (unsigned long)buf + 100;
	sqe->len = 100;
	sqe->off = -1;
	EXPECT_CQE(1, 4, 0);
	EXPECT_EQ('p', buf[100]);
	sqe = add(IORING_OP_READ_FIXED, p[0], 2);	/* beyond its end */
	sqe->addr = (unsigned long)buf + 4000;
	sqe->len = 100;
	EXPECT_CQE(2, -EFAULT, 0);
	sqe = add(IORING_OP_READ_FIXED, p[0], 3);	/* there is no such */
	sqe->addr = (unsigned long)buf;
	sqe->len = 100;
	sqe->buf_index = 1;
	EXPECT_CQE(3, -EFAULT, 0);
	iov.at = NOWHERE;
	ring_close(&ring);
	open_plain(8);
	EXPECT_ERR(-EFAULT, ring_fixed_buffers(&ring, &iov, 1));
}

TEST(eventfd_counts_completions)
{
	unsigned long n = 0;
	int fd;

	open_plain(8);
	fd = ASSERT_GE(sys_eventfd2(0, EFD_NONBLOCK), 0);
	ASSERT_EQ(0, ring_eventfd(&ring, fd));
	EXPECT_ERR(-EAGAIN, sys_read(fd, &n, 8));
	add(IORING_OP_NOP, -1, 1);
	EXPECT_CQE(1, 0, 0);
	EXPECT_EQ(8, sys_read(fd, &n, 8));
	EXPECT_EQ(1, n);
	EXPECT_ERR(-EBUSY, ring_eventfd(&ring, fd));
	ring_close(&ring);
	open_plain(8);
	EXPECT_ERR(-EBADF, ring_eventfd(&ring, -1));
}

TEST(probe_knows_the_operations)
{
	static struct io_uring_probe probe;

	open_plain(8);
	ASSERT_EQ(0, ring_probe(&ring, &probe));
	EXPECT_TRUE(ring_knows(&probe, IORING_OP_NOP));
	EXPECT_TRUE(ring_knows(&probe, IORING_OP_RECV));
	EXPECT_TRUE(!ring_knows(&probe, 200));
	EXPECT_ERR(-EINVAL, ring_probe(&ring, &probe));	/* no longer zero */
}

/* ---- provided buffers ---- */

static struct ring_buffers buffers;

static void open_buffers(unsigned n, unsigned size)
{
	long err = ring_buffers_setup(&ring, &buffers, 7, n, size);

	if (err == -EINVAL)
		SKIP("needs Linux 5.19");
	ASSERT_EQ(0, err);
}

static struct io_uring_sqe *add_select(int fd, unsigned ioprio, __u64 user_data)
{
	struct io_uring_sqe *sqe = add_recv(fd, NULL, 0, user_data);

	sqe->flags = IOSQE_BUFFER_SELECT;
	sqe->buf_group = 7;
	sqe->ioprio = ioprio;
	return sqe;
}

TEST(the_kernel_takes_provided_buffers_in_turn)
{
	int s[2];

	open_plain(8);
	pair(s);
	open_buffers(4, 16);
	for (int i = 0; i < 4; i++) {
		char text[2] = { 'a' + i, 0 };
		struct io_uring_cqe cqe;

		ASSERT_EQ(2, sys_write(s[1], text, 2));
		add_select(s[0], 0, i);
		cqe = next();
		EXPECT_EQ(2, cqe.res);
		EXPECT_TRUE(cqe.flags & IORING_CQE_F_BUFFER);
		EXPECT_EQ(i, ring_buffer_of(&cqe));
		EXPECT_STR(text, ring_buffers_at(&buffers, ring_buffer_of(&cqe)));
	}
	ASSERT_EQ(1, sys_write(s[1], "e", 1));
	add_select(s[0], 0, 4);
	EXPECT_CQE(4, -ENOBUFS, 0);
	ring_buffers_put(&buffers, 2);
	add_select(s[0], 0, 5);
	EXPECT_EQ(2, ring_buffer_of(&(struct io_uring_cqe){ .flags = next().flags }));
	EXPECT_EQ('e', ring_buffers_at(&buffers, 2)[0]);
	EXPECT_EQ(0, ring_buffers_close(&ring, &buffers));
	EXPECT_UNMAPPED(buffers.kring);
	EXPECT_UNMAPPED(buffers.mem);
	add_select(s[0], 0, 6);
	EXPECT_CQE(6, -ENOBUFS, 0);
}

TEST(provided_buffer_errors)
{
	struct ring_buffers other;

	open_plain(8);
	open_buffers(4, 16);
	EXPECT_ERR(-EEXIST, ring_buffers_setup(&ring, &other, 7, 4, 16));
	EXPECT_UNMAPPED(other.kring);
	EXPECT_ERR(-EINVAL, ring_buffers_setup(&ring, &other, 8, 5, 16));
	EXPECT_ERR(-EINVAL, ring_buffers_setup(&ring, &other, 8, 65536, 16));
	EXPECT_EQ(0, ring_buffers_setup(&ring, &other, 8, 32768, 1));
}

/* ---- multishot ---- */

TEST(multishot_recv_goes_on_until_the_end)
{
	int s[2];

	open_plain(8);
	pair(s);
	open_buffers(4, 16);
	add_select(s[0], IORING_RECV_MULTISHOT, 9);
	submit();
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(1, sys_write(s[1], "x", 1));
		EXPECT_CQE(9, 1, 1);
	}
	sys_close(s[1]);
	EXPECT_CQE(9, 0, 0);
}

/* Out of buffers it ends, without F_MORE; the bytes stay in the socket. */
TEST(multishot_recv_without_buffers)
{
	struct io_uring_cqe cqe;
	int s[2];

	open_plain(8);
	pair(s);
	open_buffers(2, 1);
	ASSERT_EQ(3, sys_write(s[1], "abc", 3));
	add_select(s[0], IORING_RECV_MULTISHOT, 9);
	EXPECT_CQE(9, 1, 1);
	EXPECT_CQE(9, 1, 1);
	EXPECT_CQE(9, -ENOBUFS, 0);
	ring_buffers_put(&buffers, 1);
	add_select(s[0], IORING_RECV_MULTISHOT, 10);
	cqe = next();
	EXPECT_EQ(1, cqe.res);
	EXPECT_EQ(1, ring_buffer_of(&cqe));
	EXPECT_EQ('c', ring_buffers_at(&buffers, 1)[0]);
}

/*
 * A full completion queue ends a multishot too: then a completion without
 * F_MORE brings data.  Whatever comes, no byte is missing.
 */
TEST(multishot_recv_overflows)
{
	int s[2], got = 0;

	open_plain(1);
	pair(s);
	open_buffers(16, 1);
	ASSERT_EQ(8, sys_write(s[1], "abcdefgh", 8));
	add_select(s[0], IORING_RECV_MULTISHOT, 9);
	while (got < 8) {
		struct io_uring_cqe cqe = next();

		ASSERT_EQ(1, cqe.res);
		EXPECT_EQ('a' + got++,
			  ring_buffers_at(&buffers, ring_buffer_of(&cqe))[0]);
		if (!(cqe.flags & IORING_CQE_F_MORE) && got < 8)
			add_select(s[0], IORING_RECV_MULTISHOT, 9);
	}
}

/*
 * recv(2) looks at the urgent mark first of all, and says EAGAIN there while a
 * signal is pending.  Work that io_uring queues for the thread counts as a
 * signal, unless the ring has DEFER_TASKRUN.  A multishot RECV that is woken
 * once for all that a peer sent takes this EAGAIN for an empty socket, and
 * sleeps, with the bytes and the peer's end, or its reset, before it.
 *
 * Here a READ of an eventfd comes first: it makes the eventfd writable, which a
 * poll waits for, and so work is queued.  CLONE_VFORK: the thread runs no work
 * until the child has sent everything.
 */
static void receive(int s[2], unsigned flags, int urgent, int reset)
{
	static unsigned long one = 1, n;
	struct io_uring_sqe *sqe;
	int e, child;

	open_with(8, (struct io_uring_params){ .flags = flags }, "6.1");
	net_pair(s, 0);
	open_buffers(8, 16);
	e = ASSERT_GE(sys_eventfd2(0, EFD_NONBLOCK), 0);
	sqe = add(IORING_OP_POLL_ADD, e, 1);
	sqe->poll32_events = POLLOUT;
	sqe->len = IORING_POLL_ADD_MULTI;
	EXPECT_CQE(1, POLLOUT, 1);
	sqe = add(IORING_OP_READ, e, 2);
	sqe->addr = (unsigned long)&n;
	sqe->len = sizeof(n);
	add_select(s[1], IORING_RECV_MULTISHOT, 9);
	submit();
	child = ASSERT_GE(enter_kernel(__NR_clone, CLONE_VFORK | CLONE_FILES |
				       SIGCHLD, 0, 0, 0, 0), 0);
	if (!child) {
		sys_write(e, &one, sizeof(one));
		sys_write(s[0], "abc", 3);
		if (urgent)
			sys_sendto(s[0], "!", 1, MSG_OOB, NULL, 0);
		sys_write(s[0], "def", 3);
		if (reset)
			net_reset(s[0]);
		else
			sys_shutdown(s[0], SHUT_WR);
		sys_exit_group(0);
	}
}

/* What the RECV got, until nothing more comes; *last is its last completion. */
static int received(struct io_uring_cqe *last)
{
	int got = 0;

	while (!ring_again(ring_wait(&ring, 1, &soon)) || ring_ready(&ring)) {
		if (!ring_ready(&ring))
			break;
		if (ring_cqe(&ring, 0)->user_data == 9) {
			*last = *ring_cqe(&ring, 0);
			got += last->res > 0 ? last->res : 0;
		}
		ring_seen(&ring, 1);
	}
	return got;
}

TEST(multishot_recv_sleeps_at_an_urgent_mark)
{
	struct io_uring_cqe last = { 0 };
	char left[8];
	int s[2];

	receive(s, 0, 1, 0);
	if (received(&last) != 3)
		SKIP("this kernel does not stop the RECV at the urgent byte");
	EXPECT_TRUE(last.flags & IORING_CQE_F_MORE);
	EXPECT_EQ(3, sys_recvfrom(s[1], left, 8, MSG_DONTWAIT, NULL, NULL));
	EXPECT_EQ(0, sys_recvfrom(s[1], left, 8, MSG_DONTWAIT, NULL, NULL));
	EXPECT_NONE();
}

TEST(multishot_recv_misses_a_reset_at_an_urgent_mark)
{
	struct io_uring_cqe last = { 0 };
	char left[8];
	int s[2];

	receive(s, 0, 1, 1);
	if (received(&last) != 3)
		SKIP("this kernel does not stop the RECV at the urgent byte");
	EXPECT_TRUE(last.flags & IORING_CQE_F_MORE);
	EXPECT_EQ(3, sys_recvfrom(s[1], left, 8, MSG_DONTWAIT, NULL, NULL));
	EXPECT_ERR(-ECONNRESET, sys_recvfrom(s[1], left, 8, MSG_DONTWAIT, NULL,
					     NULL));
	EXPECT_NONE();
}

/* It is the mark: without it nothing is left. */
TEST(multishot_recv_receives_all_without_an_urgent_mark)
{
	struct io_uring_cqe last = { 0 };
	int s[2];

	receive(s, 0, 0, 0);
	EXPECT_EQ(6, received(&last));
	EXPECT_EQ(0, last.res);
	EXPECT_TRUE(!(last.flags & IORING_CQE_F_MORE));
}

TEST(deferred_task_work_receives_past_an_urgent_mark)
{
	struct io_uring_cqe last = { 0 };
	int s[2];

	receive(s, IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER, 1,
		0);
	EXPECT_EQ(6, received(&last));
	EXPECT_EQ(0, last.res);
	EXPECT_TRUE(!(last.flags & IORING_CQE_F_MORE));
}

static int listener_ring(unsigned ioprio, unsigned file_index)
{
	struct io_uring_sqe *sqe;
	int l = net_listener(0);

	sqe = add(IORING_OP_ACCEPT, l, 5);
	sqe->ioprio = ioprio;
	sqe->file_index = file_index;
	submit();
	return l;
}

TEST(multishot_accept_and_its_cancellation)
{
	int fds[3];

	open_plain(8);
	listener_ring(IORING_ACCEPT_MULTISHOT, 0);
	for (int i = 0; i < 3; i++) {
		struct io_uring_cqe cqe;

		net_connect();
		cqe = next();
		EXPECT_TRUE(cqe.flags & IORING_CQE_F_MORE);
		fds[i] = ASSERT_GE(cqe.res, 0);
	}
	EXPECT_TRUE(fds[0] != fds[1] && fds[1] != fds[2]);
	add_cancel(5, 6);
	for (int i = 0; i < 2; i++) {		/* in either order */
		struct io_uring_cqe cqe = next();

		EXPECT_EQ(cqe.user_data == 5 ? -ECANCELED : 0, cqe.res);
		EXPECT_EQ(0, cqe.flags & IORING_CQE_F_MORE);
	}
	EXPECT_NONE();
}

/* What the handler of SIGTERM does: models/stop.h rests on it. */
TEST(shutdown_ends_a_pending_accept)
{
	int l;

	open_plain(8);
	l = listener_ring(0, 0);
	ASSERT_EQ(0, sys_shutdown(l, SHUT_RD));
	EXPECT_CQE(5, -EINVAL, 0);
	add(IORING_OP_ACCEPT, l, 6);		/* and those still to come */
	EXPECT_CQE(6, -EINVAL, 0);
	l = listener_ring(IORING_ACCEPT_MULTISHOT, 0);
	ASSERT_EQ(0, sys_shutdown(l, SHUT_RD));
	EXPECT_CQE(5, -EINVAL, 0);
}

TEST(shutdown_ends_a_multishot_poll)
{
	struct io_uring_sqe *sqe;
	int l;

	open_plain(8);
	l = net_listener(SOCK_NONBLOCK);
	sqe = add(IORING_OP_POLL_ADD, l, 5);
	sqe->poll32_events = POLLIN;
	sqe->len = IORING_POLL_ADD_MULTI;
	submit();
	ASSERT_EQ(0, sys_shutdown(l, SHUT_RD));
	EXPECT_TRUE(next().res & POLLHUP);
	EXPECT_ERR(-EINVAL, sys_accept4(l, NULL, NULL, 0));
}

/* ---- no descriptor, no slot ---- */

/* Without a descriptor the connection stays in the queue. */
TEST(accept_without_a_descriptor)
{
	int l;

	open_plain(8);
	l = net_listener(0);
	net_connect();
	limit(RLIMIT_NOFILE, 3);
	add(IORING_OP_ACCEPT, l, 1);
	EXPECT_CQE(1, -EMFILE, 0);
	limit(RLIMIT_NOFILE, 100);
	add(IORING_OP_ACCEPT, l, 2);
	EXPECT_GE(next().res, 0);
}

/* Without a slot it is lost: the peer is hung up on.  See few_slots(). */
TEST(accept_without_a_slot)
{
	int first, second, l;
	char c;

	open_plain(8);
	if (ring_files_sparse(&ring, 1))
		SKIP("needs Linux 5.19");
	l = listener_ring(IORING_ACCEPT_MULTISHOT, IORING_FILE_INDEX_ALLOC);
	first = net_connect();
	EXPECT_CQE(5, 0, 1);
	second = net_connect();
	EXPECT_CQE(5, -ENFILE, 0);
	EXPECT_LE(sys_recvfrom(second, &c, 1, 0, NULL, NULL), 0);
	EXPECT_ERR(-EAGAIN, sys_recvfrom(first, &c, 1, MSG_DONTWAIT, NULL, NULL));
	add(IORING_OP_CLOSE, 0, 6)->file_index = 0 + 1;
	EXPECT_CQE(6, 0, 0);
	EXPECT_EQ(0, sys_recvfrom(first, &c, 1, 0, NULL, NULL));
	net_connect();
	add(IORING_OP_ACCEPT, l, 7)->file_index = IORING_FILE_INDEX_ALLOC;
	EXPECT_CQE(7, 0, 0);			/* the slot is free again */
}

TEST(more_slots_than_descriptors_are_refused)
{
	open_plain(8);
	limit(RLIMIT_NOFILE, 10);
	EXPECT_ERR(-EMFILE, ring_files_sparse(&ring, 11));
	EXPECT_EQ(0, ring_files_sparse(&ring, 10));
}

#ifndef WITH_LIBC
/* A slot has no getpeername(2), but the ring can ask. */
TEST(a_slot_tells_its_peer)
{
	struct sockaddr_in us, peer = { 0 };
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe;
	int len = sizeof(us), fd;

	open_plain(8);
	if (ring_files_sparse(&ring, 1))
		SKIP("needs Linux 5.19");
	listener_ring(0, IORING_FILE_INDEX_ALLOC);
	fd = net_connect();
	ASSERT_EQ(0, sys_getsockname(fd, &us, &len));
	EXPECT_CQE(5, 0, 0);
	net_reset(fd);				/* even of one that has left */
	sqe = add(IORING_OP_URING_CMD, 0, 6);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->cmd_op = SOCKET_URING_OP_GETSOCKOPT;
	sqe->level = SOL_SOCKET;
	sqe->optname = SO_PEERNAME;
	sqe->optval = (unsigned long)&peer;
	sqe->optlen = sizeof(peer);
	cqe = next();
	if (cqe.res == -EOPNOTSUPP || cqe.res == -EINVAL)
		SKIP("needs Linux 6.7");
	EXPECT_EQ(sizeof(peer), cqe.res);
	EXPECT_EQ(us.sin_port, peer.sin_port);
}
#endif

/* ---- the end of a connection ---- */

TEST(cancellation)
{
	char buf[8];
	int s[2];

	open_plain(8);
	pair(s);
	add_recv(s[0], buf, 8, 1);
	add_cancel(1, 2);
	for (int i = 0; i < 2; i++) {		/* in either order */
		struct io_uring_cqe cqe = next();

		EXPECT_EQ(cqe.user_data == 1 ? -ECANCELED : 0, cqe.res);
	}
	add_cancel(1, 3);
	EXPECT_CQE(3, -ENOENT, 0);		/* too late */
}

TEST(cancel_all_of_a_descriptor)
{
	struct io_uring_sqe *sqe;
	int s[2], t[2], cancelled = 0;
	char buf[8];

	open_plain(8);
	pair(s);
	pair(t);
	add_recv(s[0], buf, 8, 1);
	add_recv(s[0], buf, 8, 1);
	add_recv(t[0], buf, 8, 3);
	sqe = add_cancel(0, 2);
	sqe->fd = s[0];
	sqe->cancel_flags = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL;
	for (int i = 0; i < 3; i++) {
		struct io_uring_cqe cqe = next();

		if (cqe.user_data == 2) {
			EXPECT_EQ(2, cqe.res);	/* how many it found */
			continue;
		}
		EXPECT_EQ(1, cqe.user_data);
		EXPECT_EQ(-ECANCELED, cqe.res);
		cancelled++;
	}
	EXPECT_EQ(2, cancelled);
	EXPECT_NONE();
}

/* A request holds the socket: the peer sees the end only when it is over. */
TEST(close_waits_for_requests)
{
	char buf[8];
	int s[2];

	open_plain(8);
	pair(s);
	add_recv(s[0], buf, 8, 1);
	submit();
	ASSERT_EQ(0, sys_close(s[0]));
	EXPECT_ERR(-EAGAIN, sys_recvfrom(s[1], buf, 8, MSG_DONTWAIT, NULL, NULL));
	add_cancel(1, 2);
	next();
	next();
	EXPECT_EQ(0, sys_recvfrom(s[1], buf, 8, 0, NULL, NULL));
}

/*
 * A request waits although its descriptor has O_NONBLOCK; older kernels did
 * answer EAGAIN.  A caller that must not wait says so in the request.
 */
TEST(a_request_can_ask_not_to_wait)
{
	char buf[8];
	int s[2];

	open_plain(8);
	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
	add_recv(s[0], buf, 8, 1)->msg_flags = MSG_DONTWAIT;
	EXPECT_CQE(1, -EAGAIN, 0);
	add_recv(s[0], buf, 8, 2);
	submit();
	if (ring_ready(&ring) && ring_cqe(&ring, 0)->res == -EAGAIN)
		SKIP("this kernel answers EAGAIN for O_NONBLOCK");
	ASSERT_EQ(1, sys_write(s[1], "x", 1));
	EXPECT_CQE(2, 1, 0);
}

/*
 * What uring_fast.c rests on: a SEND with MSG_DONTWAIT is over when the call
 * that submitted it returns; with MSG_WAITALL a part is a failure and says how
 * much it was.
 */
TEST(a_send_that_says_only_what_went_wrong)
{
	static char big[4 << 20];
	struct io_uring_sqe *sqe;
	int s[2];
	long got;

	open_plain(8);
	pair(s);
	for (int i = 0; i < 2; i++) {
		sqe = add(IORING_OP_SEND, s[0], i);
		sqe->addr = (unsigned long)big;
		sqe->len = i ? sizeof(big) : 64;
		sqe->msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL;
		sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
	}
	EXPECT_EQ(2, ring_submit(&ring));
	ASSERT_EQ(1, ring_ready(&ring));
	EXPECT_EQ(1, ring_cqe(&ring, 0)->user_data);
	got = EXPECT_GT(ring_cqe(&ring, 0)->res, 0);
	EXPECT_LT(got, sizeof(big));
	EXPECT_EQ(64 + got, sys_recvfrom(s[1], big, sizeof(big), MSG_DONTWAIT,
					 NULL, NULL));
	ring_seen(&ring, 1);
	EXPECT_NONE();				/* nothing was left waiting */
}

TEST(a_zero_copy_send_completes_twice)
{
	static struct io_uring_probe probe;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe;
	char buf[64];
	int s[2];

	open_plain(8);
	ASSERT_EQ(0, ring_probe(&ring, &probe));
	if (!ring_knows(&probe, IORING_OP_SEND_ZC))
		SKIP("needs Linux 6.0");
	net_pair(s, 0);
	sqe = add(IORING_OP_SEND_ZC, s[0], 1);
	sqe->addr = (unsigned long)buf;
	sqe->len = sizeof(buf);
	EXPECT_CQE(1, 64, 1);
	ASSERT_EQ(64, sys_recvfrom(s[1], buf, 64, MSG_WAITALL, NULL, NULL));
	sys_write(s[1], "ack", 3);
	cqe = next();
	EXPECT_EQ(1, cqe.user_data);
	EXPECT_EQ(IORING_CQE_F_NOTIF, cqe.flags);
}

/* ---- SQPOLL ---- */

TEST(sqpoll_needs_a_call_only_to_be_woken)
{
	open_with(8, (struct io_uring_params){
		.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 1 }, "5.13");
	add(IORING_OP_NOP, -1, 1);
	EXPECT_GE(ring_submit(&ring), 0);	/* it may be awake, or not yet */
	while (!ring_ready(&ring))
		sys_sched_yield();
	while (!(__atomic_load_n(ring.ksq_flags, __ATOMIC_ACQUIRE) &
		 IORING_SQ_NEED_WAKEUP))
		sys_sched_yield();
	enters = 0;
	add(IORING_OP_NOP, -1, 2);
	EXPECT_GE(ring_submit(&ring), 0);
	EXPECT_EQ(1, enters);
	EXPECT_EQ(IORING_ENTER_SQ_WAKEUP, enter_flags);
	while (ring_ready(&ring) < 2)
		sys_sched_yield();
}

TEST(sqpoll_submits_without_a_call)
{
	open_with(8, (struct io_uring_params){
		.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 9000 },
		"5.13");
	for (int i = 0; i < 100; i++) {
		if (i == 1)
			enters = 0;		/* the first one starts it */
		add(IORING_OP_NOP, -1, i);
		EXPECT_GE(ring_submit(&ring), 0);
		while (!ring_ready(&ring))
			sys_sched_yield();
		EXPECT_EQ(i, ring_cqe(&ring, 0)->user_data);
		ring_seen(&ring, 1);
	}
	EXPECT_EQ(0, enters);
}

/* A full queue: sleep until the thread takes entries, which it is woken for. */
TEST(sqpoll_makes_room)
{
	open_with(4, (struct io_uring_params){
		.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 1 }, "5.13");
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 4; i++)
			add(IORING_OP_NOP, -1, i);
		EXPECT_EQ(0, ring_room(&ring));
		submit();
		while (!ring_room(&ring))
			ASSERT_GE(ring_again(ring_await_room(&ring)), 0);
		for (int i = 0; i < 4; i++)
			EXPECT_CQE(i, 0, 0);
	}
}

/* ---- the key of a request: uring/serve.h ---- */

#ifndef WITH_LIBC
TEST(a_key_holds_its_three_parts)
{
	generations[16383] = GENERATION_MASK;
	EXPECT_EQ(0xffffffffUL << 32 | 16383, key(255, 16383));
	EXPECT_EQ(255, key_what(key(255, 16383)));
	EXPECT_EQ(16383, key_index(key(255, 16383)));
	EXPECT_TRUE(key_lives(key(255, 16383)));
	key_retire(16383);
	EXPECT_EQ(7UL << 56 | 16383, key(7, 16383));	/* it begins anew */
	EXPECT_TRUE(key_lives(key(7, 16383)));
}

/* The same descriptor, the next connection: the old completion is dropped. */
TEST(a_late_completion_is_dropped)
{
	char old_buf[8], new_buf[8];
	struct io_uring_cqe cqe;
	int s[2], t[2], fd;
	__u64 old;

	open_plain(8);
	pair(s);
	fd = s[0];
	old = key(1, fd);
	add_recv(fd, old_buf, 8, old);
	submit();
	sys_close(fd);
	key_retire(fd);
	pair(t);
	ASSERT_EQ(fd, t[0]);			/* the lowest that is free */
	add_recv(fd, new_buf, 8, key(1, fd));
	submit();
	ASSERT_EQ(1, sys_write(s[1], "o", 1));	/* it still reaches the old */
	cqe = next();
	EXPECT_EQ(old, cqe.user_data);
	EXPECT_EQ(fd, key_index(cqe.user_data));
	EXPECT_TRUE(!key_lives(cqe.user_data));
	ASSERT_EQ(1, sys_write(t[1], "n", 1));
	cqe = next();
	EXPECT_TRUE(key_lives(cqe.user_data));
	EXPECT_EQ('n', new_buf[0]);
}
#endif
