/* SPDX-License-Identifier: MIT */
/*
 * reasons_test.c - a capture says why a thread slept, and who woke it (with libc)
 *
 * The victim is this program itself: with IOMODELS_VICTIM in its environment
 * it does one thing that sleeps for a known reason, and ends.  The process that
 * acts when the victim sleeps waits until /proc/PID/wchan or its state say so.
 */
#include <linux/fs.h>
#include <linux/loop.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "victim.h"

enum { PAGES = 64, PAGE = 4096 };

/* ---- victims ---- */

/* A file that is on the disk and not in memory. */
static int cold_file(void)
{
	char path[] = "/var/tmp/iomodels-cold-XXXXXX";
	static char page[PAGE];
	unsigned char in_memory[PAGES];
	int fd = mkstemp(path);
	void *map;

	unlink(path);
	for (int i = 0; i < PAGES; i++)
		if (write(fd, page, PAGE) != PAGE)
			_exit(1);
	if (fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		_exit(1);
	map = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (mincore(map, PAGES * PAGE, in_memory))
		_exit(1);
	for (int i = 0; i < PAGES; i++)
		if (in_memory[i] & 1)
			_exit(SKIPPED);		/* a tmpfs, an overlay */
	munmap(map, PAGES * PAGE);
	return fd;
}

static void cold_mapping(void)
{
	int fd = cold_file();
	volatile char *map = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED,
				  fd, 0);

	madvise((void *)map, PAGES * PAGE, MADV_RANDOM);
	for (int i = 0; i < PAGES; i++)
		(void)map[i * PAGE];
}

/* The mapping has a name that a capture can look up. */
static void named_mapping(void)
{
	int fd = open(getenv("IOMODELS_FILE"), O_RDONLY);
	unsigned char in_memory = 1;
	volatile char *map;

	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	map = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (mincore((void *)map, PAGE, &in_memory) || in_memory & 1)
		_exit(SKIPPED);
	madvise((void *)map, PAGES * PAGE, MADV_RANDOM);
	for (int i = 0; i < PAGES; i++)
		(void)map[i * PAGE];
}

static void slow_disk(void)
{
	int fd = cold_file();
	char page[PAGE];

	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	for (int i = 0; i < PAGES; i++)
		if (pread(fd, page, PAGE, i * PAGE) != PAGE)
			_exit(1);
}

static void full_pipe(void)
{
	static char much[100000];
	size_t left = sizeof(much);
	pid_t writer;
	ssize_t n;
	int p[2];

	if (pipe(p))
		_exit(1);
	writer = fork();
	if (!writer)
		_exit(write(p[1], much, left) != (ssize_t)left);
	until_in(writer, "pipe_write");
	while (left && (n = read(p[0], much, left)) > 0)
		left -= n;
	waitpid(writer, NULL, 0);
}

static void full_socket(void)
{
	static char much[8 << 20];
	size_t left = sizeof(much);
	pid_t writer;
	ssize_t n;
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		_exit(1);
	writer = fork();
	if (!writer)
		_exit(write(s[1], much, left) != (ssize_t)left);
	until_in(writer, "sock");
	while (left && (n = read(s[0], much, left)) > 0)
		left -= n;
	waitpid(writer, NULL, 0);
}

/* An AF_UNIX listener whose queue has room for one connection. */
static void full_listener(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(a.sun_family);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t client;

	if (bind(fd, (struct sockaddr *)&a, len) || listen(fd, 0))
		_exit(1);
	len = sizeof(a);
	getsockname(fd, (struct sockaddr *)&a, &len);
	client = fork();
	if (!client) {
		for (int i = 0; i < 2; i++)
			if (connect(socket(AF_UNIX, SOCK_STREAM, 0),
				    (struct sockaddr *)&a, len))
				_exit(1);
		_exit(0);
	}
	until_in(client, "unix_");
	for (int i = 0; i < 2; i++)
		if (accept(fd, NULL, NULL) < 0)
			_exit(1);
	waitpid(client, NULL, 0);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *takes_mutex(void *tid)
{
	*(volatile int *)tid = gettid();
	pthread_mutex_lock(&mutex);
	return NULL;
}

static void held_futex(void)
{
	volatile int tid = 0;
	pthread_t thread;

	pthread_mutex_lock(&mutex);
	if (pthread_create(&thread, NULL, takes_mutex, (void *)&tid))
		_exit(1);
	while (!tid)
		sched_yield();
	until_in(tid, "futex");
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
}

static void held_file(void)
{
	char path[] = "/tmp/iomodels-lock-XXXXXX";
	int fd = mkstemp(path), other = open(path, O_RDWR);
	pid_t waiter;

	unlink(path);
	flock(fd, LOCK_EX);
	waiter = fork();
	if (!waiter)
		_exit(flock(other, LOCK_EX));
	until_in(waiter, "lock");
	flock(fd, LOCK_UN);
	waitpid(waiter, NULL, 0);
}

/* An ext4 of our own, in a mount namespace that ends with this process. */
static void mount_ext4(void)
{
	char image[] = "/var/tmp/iomodels-ext4-XXXXXX", command[128], device[32];
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR), n, loop;

	config.fd = mkstemp(image);
	if (ftruncate(config.fd, 32 << 20))
		_exit(1);
	snprintf(command, sizeof(command), "mkfs.ext4 -q -F %s >/dev/null 2>&1",
		 image);
	n = control < 0 || system(command) ? -1 : ioctl(control,
							LOOP_CTL_GET_FREE);
	unlink(image);
	snprintf(device, sizeof(device), "/dev/loop%d", n);
	loop = n < 0 ? -1 : open(device, O_RDWR | O_CLOEXEC);
	if (loop < 0 || ioctl(loop, LOOP_CONFIGURE, &config) ||
	    unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(device, "/mnt", "ext4", 0, NULL))
		_exit(SKIPPED);
	close(config.fd);
}

/* Nothing of the file system gets to the disk, so that a write has to wait. */
static void stuck_write(void)
{
	pid_t writer;
	int fs;

	mount_ext4();
	fs = open("/mnt", O_RDONLY | O_DIRECTORY);
	writer = fork();
	if (!writer) {
		int fd = open("/mnt/file", O_CREAT | O_RDWR, 0600);

		if (ioctl(fs, FIFREEZE, 0))
			_exit(1);
		_exit(write(fd, "x", 1) != 1);
	}
	until_in(writer, "percpu_rwsem");
	if (ioctl(fs, FITHAW, 0))
		_exit(1);
	waitpid(writer, NULL, 0);
}

static void writeback(void)
{
	static char much[4 << 20];
	int fd;

	mount_ext4();
	fd = open("/mnt/file", O_CREAT | O_RDWR, 0600);
	if (write(fd, much, sizeof(much)) != sizeof(much) ||
	    sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE |
			    SYNC_FILE_RANGE_WAIT_AFTER))
		_exit(1);
}

static void timer(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static const struct victim {
	const char *name;
	void (*acts)(void);
} victims[] = {
	{ "cold-mapping", cold_mapping }, { "named-mapping", named_mapping },
	{ "slow-disk", slow_disk }, { "full-pipe", full_pipe },
	{ "full-socket", full_socket }, { "full-listener", full_listener },
	{ "futex", held_futex },
	{ "flock", held_file }, { "stuck-write", stuck_write },
	{ "writeback", writeback }, { "timer", timer },
};

static void be(const char *victim)
{
	for (unsigned i = 0; i < sizeof(victims) / sizeof(*victims); i++)
		if (!strcmp(victims[i].name, victim))
			victims[i].acts();
}

/* ---- captures of them ---- */

/* The longest sleep for this reason, or NULL. */
static const struct slept *slept_for(enum reason reason)
{
	const struct slept *best = NULL;

	for (unsigned i = 0; i < r.merge->witness.n_slept; i++) {
		const struct slept *s = &r.merge->witness.slept[i];

		printf("# %s: %s (%s), %lu times, woken by %s\n",
		       s->call, reason_id(s->reason), s->top, s->times,
		       s->n_wakers ? s->waker[0].name : "nobody");
		if (s->reason == reason && (!best || s->ns > best->ns))
			best = s;
	}
	return best;
}

/* A sleep in this call for this reason, or NULL. */
static const struct slept *slept_in_for(const char *call, enum reason reason)
{
	slept_for(reason);			/* which prints them all */
	for (unsigned i = 0; i < r.merge->witness.n_slept; i++) {
		const struct slept *s = &r.merge->witness.slept[i];

		if (s->reason == reason && !strcmp(s->call, call))
			return s;
	}
	return NULL;
}

/* How often a thread slept in this call; "": in none. */
static unsigned long sleeps_in(const char *call)
{
	unsigned long n = 0;

	for (unsigned i = 0; i < r.merge->witness.n_slept; i++)
		if (!strcmp(r.merge->witness.slept[i].call, call))
			n += r.merge->witness.slept[i].times;
	return n;
}

/* A disk may answer each read before the thread sleeps: then nothing is seen. */
#define SKIP_A_FAST_DISK(call) do { \
	if (!sleeps_in(call)) \
		SKIP("the disk below /var/tmp is too fast: no read of %d " \
		     "waited for it", PAGES); \
} while (0)

static int woken_by(const struct slept *s, const char *name)
{
	for (unsigned i = 0; i < s->n_wakers; i++)
		if (strstr(s->waker[i].name, name))
			return 1;
	return 0;
}

/* The one that touches pages sleeps in no call, and no call is to blame. */
TEST_TIMEOUT(cold_mapping, 120)
{
	const struct slept *s;
	char text[64];

	capture("cold-mapping");
	s = slept_for(REASON_FAULT_DISK);
	SKIP_A_FAST_DISK("");
	ASSERT_NE(NULL, s);
	EXPECT_STR("main in a page fault", slept_text(s, text, sizeof(text)));
	EXPECT_GE(s->times, sleeps_in("") / 2);
	EXPECT_NE(0, s->fault.inode);
	EXPECT_TRUE(s->n_wakers > 0);
}

/* ... and the report has the name of the mapped file. */
TEST_TIMEOUT(mapping_by_name, 120)
{
	const struct slept *s;
	char text[400];

	capture("named-mapping");
	s = slept_for(REASON_FAULT_DISK);
	SKIP_A_FAST_DISK("");
	ASSERT_NE(NULL, s);
	EXPECT_TRUE(strstr(slept_why(s, &r.merge->manifest, text,
				     sizeof(text)), named));
}

/* A file that has no name any more is named by its number. */
TEST(mapping_without_a_name)
{
	struct slept fault = { .reason = REASON_FAULT_DISK };
	static const struct manifest none;
	char text[400];

	EXPECT_STR("disk read by a page fault",
		   slept_why(&fault, &none, text, sizeof(text)));
	fault.fault = (struct fault){ .device = 8 << 20 | 1, .inode = 7 };
	EXPECT_STR("disk read by a page fault of inode 7 on device 8:1, whose "
		   "path is not known",
		   slept_why(&fault, &none, text, sizeof(text)));
}

TEST_TIMEOUT(slow_disk, 120)
{
	const struct slept *s;

	capture("slow-disk");
	s = slept_for(REASON_DISK);
	SKIP_A_FAST_DISK("pread64");
	ASSERT_NE(NULL, s);
	EXPECT_STR("pread64", s->call);
	EXPECT_TRUE(s->n_wakers > 0);
}

/* The reader of the pipe is who makes room, and so who wakes the writer. */
TEST_TIMEOUT(full_pipe, 120)
{
	const struct slept *s;

	capture("full-pipe");
	s = slept_for(REASON_PIPE_FULL);
	ASSERT_NE(NULL, s);
	EXPECT_STR("write", s->call);
	EXPECT_EQ(WHO_CHILD, s->who);
	EXPECT_TRUE(woken_by(s, "main"));
}

TEST_TIMEOUT(full_socket, 120)
{
	const struct slept *s;

	capture("full-socket");
	s = slept_for(REASON_SOCKET_FULL);
	ASSERT_NE(NULL, s);
	EXPECT_STR("write", s->call);
	EXPECT_TRUE(woken_by(s, "main"));
}

/* What a connect waits for is the listener, not room in a buffer. */
TEST_TIMEOUT(full_listener, 120)
{
	const struct slept *s;

	capture("full-listener");
	s = slept_for(REASON_CONNECT);
	ASSERT_NE(NULL, s);
	EXPECT_STR("connect", s->call);
	EXPECT_TRUE(woken_by(s, "main"));
}

TEST_TIMEOUT(futex, 120)
{
	const struct slept *s;

	capture("futex");
	s = slept_for(REASON_FUTEX);
	ASSERT_NE(NULL, s);
	EXPECT_STR("futex", s->call);
	EXPECT_TRUE(woken_by(s, "main") || woken_by(s, "thread"));
}

TEST_TIMEOUT(file_lock, 120)
{
	const struct slept *s;

	capture("flock");
	s = slept_for(REASON_FILE_LOCK);
	ASSERT_NE(NULL, s);
	EXPECT_STR("flock", s->call);
	EXPECT_TRUE(woken_by(s, "main"));
}

TEST_TIMEOUT(timer, 120)
{
	const struct slept *s;

	capture("timer");
	s = slept_for(REASON_TIMER);
	ASSERT_NE(NULL, s);
	EXPECT_TRUE(woken_by(s, "an interrupt"));
}

/* A write of one byte that the file system does not take. */
TEST_TIMEOUT(stuck_write, 120)
{
	const struct slept *s;

	if (geteuid())
		SKIP("only root mounts a file system");
	capture("stuck-write");
	s = slept_for(REASON_FROZEN);
	ASSERT_NE(NULL, s);
	EXPECT_STR("write", s->call);
	EXPECT_EQ(WHO_CHILD, s->who);
	EXPECT_TRUE(woken_by(s, "main"));	/* who thaws it */
}

TEST_TIMEOUT(writeback, 120)
{
	const struct slept *s;

	if (geteuid())
		SKIP("only root mounts a file system");
	capture("writeback");
	/* mkfs, which ran before, waits in fsync for the same reason. */
	s = slept_in_for("sync_file_range", REASON_WRITEBACK);
	ASSERT_NE(NULL, s);
	EXPECT_TRUE(s->n_wakers > 0);
}
