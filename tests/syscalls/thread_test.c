/* SPDX-License-Identifier: MIT */
/*
 * thread_test.c - threads, stacks and locks of syscalls/thread.h
 */
#include "net.h"
#ifdef WITH_LIBC
TEST(raw_layer_only)
{
	SKIP("libc has threads of its own");
}
#else
#include "../../syscalls/thread.h"

static struct count running;
static struct lock one;
static long sum;

static void wait_for_all(void)
{
	int n;

	while ((n = count_read(&running)))
		futex_wait(&running.n, n, NULL);
}

static void start(void (*fn)(long), long arg)
{
	count_up(&running);
	ASSERT_GT(thread_start(fn, arg), 0);
}

static void adds(long arg)
{
	__atomic_add_fetch(&sum, arg, __ATOMIC_RELAXED);
	count_down(&running);
}

/* A thread gets its argument and shares the memory. */
TEST(thread_gets_its_argument)
{
	for (int i = 1; i <= 10; i++)
		start(adds, i);
	wait_for_all();
	EXPECT_EQ(55, sum);
}

/* The lines of /proc/self/maps, and so the mappings. */
static int mappings(void)
{
	int fd = ASSERT_GE(sys_openat(AT_FDCWD, "/proc/self/maps", O_RDONLY, 0),
			   0), lines = 0;
	char text[512];
	long n;

	while ((n = sys_read(fd, text, sizeof(text))) > 0)
		for (long i = 0; i < n; i++)
			lines += text[i] == '\n';
	sys_close(fd);
	return lines;
}

/*
 * The count falls before the stack is unmapped, so the last thread may not be
 * gone yet: wait until /proc/self/task holds no other.  Its link count is the
 * number of threads and two.
 */
static void wait_until_alone(void)
{
	struct statx st;

	do {
		sys_sched_yield();
		ASSERT_EQ(0, sys_statx(AT_FDCWD, "/proc/self/task", 0,
				       STATX_NLINK, &st));
	} while (st.stx_nlink != 3);
}

/* Ten thousand, one after another: no mapping and no thread is left. */
TEST_TIMEOUT(ten_thousand_threads_leave_memory_flat, 60)
{
	int before, n = 10000;

	SKIP_EMULATED("keeps mappings for threads that ended");
	start(adds, 0);
	wait_for_all();
	wait_until_alone();
	before = mappings();
	for (int i = 0; i < n; i++) {
		start(adds, 1);
		wait_for_all();
	}
	wait_until_alone();
	EXPECT_EQ(n, sum);
	EXPECT_EQ(before, mappings());
}

static int go;

/*
 * Not atomic on purpose: without the lock additions would be lost, above all
 * where another thread gets its turn between the reading and the writing.
 */
static void adds_under_lock(long times)
{
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		sys_sched_yield();
	while (times--) {
		long seen;

		lock(&one);
		seen = __atomic_load_n(&sum, __ATOMIC_RELAXED);
		if (times % 16 == 0)
			sys_sched_yield();
		__atomic_store_n(&sum, seen + 1, __ATOMIC_RELAXED);
		unlock(&one);
	}
	count_down(&running);
}

TEST(lock_under_contention)
{
	int times = tap_emulated() ? 1000 : 20000;

	for (int i = 0; i < 4; i++)
		start(adds_under_lock, times);
	__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
	wait_for_all();
	EXPECT_EQ(4 * times, sum);
	EXPECT_EQ(0, one.state);
}

static void locks(long arg)
{
	lock(&one);
	sum = arg;
	unlock(&one);
	count_down(&running);
}

/* A thread that finds it held sleeps, and gets it when it is free. */
TEST(lock_is_exclusive)
{
	int tid;

	SKIP_EMULATED("maps threads to its own");
	lock(&one);
	count_up(&running);
	tid = ASSERT_GT(thread_start(locks, 9), 0);
	net_until(tid, 'S');
	EXPECT_EQ(0, sum);
	EXPECT_EQ(2, one.state);
	unlock(&one);
	wait_for_all();
	EXPECT_EQ(9, sum);
}

static int overflow(int depth)
{
	volatile char page[4096];

	page[0] = depth;
	return depth < 0 ? 0 : overflow(depth + 1) + page[0];
}

static void overflows(long arg)
{
	sum = overflow(arg);
}

/* The guard page: an overflow is a SIGSEGV, not another thread's memory. */
TEST(stack_overflow_faults)
{
	int status = 0, pid;

	SKIP_EMULATED("prints a message about a crash, and runs threads its own way");
	pid = ASSERT_GE(sys_clone_fork(), 0);
	if (!pid) {
		thread_start(overflows, 0);
		for (;;)
			sys_ppoll(NULL, 0, NULL, NULL);
	}
	ASSERT_EQ(pid, sys_wait4(pid, &status, 0, NULL));
	EXPECT_EQ(SIGSEGV, status & 0x7f);
}

/* The guard begins right below the stack: its last byte faults. */
TEST(guard_lies_below_the_stack)
{
	int status = 0, pid;

	SKIP_EMULATED("prints a message about a crash");
	pid = ASSERT_GE(sys_clone_fork(), 0);
	if (!pid) {
		volatile char *stack = stack_map();

		stack[STACK_SIZE - 1] = stack[GUARD_SIZE] = 1;
		stack[GUARD_SIZE - 1] = 1;
		sys_exit_group(0);
	}
	ASSERT_EQ(pid, sys_wait4(pid, &status, 0, NULL));
	EXPECT_EQ(SIGSEGV, status & 0x7f);
}

static long misaligned = -1;

static void looks(long arg)
{
	(void)arg;
	misaligned = (long)__builtin_frame_address(0) & 15;
	count_down(&running);
}

/* The ABI of all three wants the frame 16-aligned. */
TEST(stack_is_aligned)
{
	start(looks, 0);
	wait_for_all();
	EXPECT_EQ(0, misaligned);
}

/* No address space is left: -ENOMEM, and the stack is not kept. */
TEST(no_memory_is_reported)
{
	struct rlimit64 r = { 1 << 20, 1 << 20 };
	long tid = 0;

	SKIP_EMULATED("needs address space itself");
	ASSERT_EQ(0, sys_prlimit64(0, RLIMIT_AS, &r, NULL));
	for (int i = 0; i < 64 && !failed((void *)tid); i++)
		tid = (long)stack_map();
	EXPECT_ERR(-ENOMEM, tid);
	EXPECT_ERR(-ENOMEM, thread_start(adds, 0));
}

/* CLEARTID: at a thread's end the kernel clears a word and wakes its waiter. */
static void ends(void *arg)
{
	(void)arg;
	sys_exit(0);
}

TEST(cleartid_tells_the_end)
{
	char *stack = stack_map();
	static int alive = 1;
	static int tid;
	int n;

	ASSERT_TRUE(!failed(stack));
	ASSERT_GT(sys_clone_thread(THREAD_FLAGS | CLONE_PARENT_SETTID |
				   CLONE_CHILD_CLEARTID, stack + STACK_SIZE,
				   &tid, &alive, ends, NULL), 0);
	EXPECT_GT(tid, 0);
	while ((n = __atomic_load_n(&alive, __ATOMIC_ACQUIRE)))
		sys_futex(&alive, FUTEX_WAIT, n, NULL, NULL, 0);
	EXPECT_EQ(0, sys_munmap(stack, STACK_SIZE));
}
#endif
