/* SPDX-License-Identifier: MIT */
/*
 * posixaio_stress_test.c - POSIX AIO from many threads, checked (with libc)
 *
 * THREADS players submit, suspend, cancel, list, fork and end at random, on
 * files that all share and streams of their own.  Each knows what each of its
 * blocks must hold:
 *
 *   a block of a file is written whole with a new version, and read back; a
 *   request that was cancelled has left the block as it was
 *   a stream is a sequence of bytes, read in the order of the requests
 *   a signal or a callback comes once for each request that asked for it
 *   a buffer is not touched after its request has ended
 *
 * A player is a thread only for a while: it ends with requests in flight, and
 * another thread goes on with them.  Two seconds; IOMODELS_SOAK=1: 600, or
 * IOMODELS_SOAK=SECONDS when that is more than 1 (make soak-aio).
 *
 * Once more with faults: a seccomp filter lets the calls that the library makes
 * fail at random.  Then a request may be refused with EAGAIN, which leaves the
 * block as it was.
 */
#include <aio.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include "ways.h"

enum {
	THREADS = 24, BLOCKS = 6, BLOCK = 4096, FILES = 2, LIST = 6,
	READS = 2,			/* of a stream, at a time */
	LIFE = 300,			/* turns of a thread */
	LOST_SECONDS = 60,
};

/*
 * gcc 12's ASan takes no locks of its own before fork: a child may hang.  TSan
 * ends one that starts a thread; and of signals for a thread that it will not
 * interrupt now it keeps one of a kind, so there callbacks tell of everything.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(TSAN)
#define FORKS 0
#else
#define FORKS 1
#endif
#ifdef TSAN
#define SIGNALS 0
#else
#define SIGNALS 1
#endif

enum kind { FILE_READ, FILE_WRITE, FILE_SYNC, STREAM_READ, STREAM_WRITE };

/* A request, and what is expected of it. */
struct slot {
	struct aiocb cb;
	int busy;
	/* These three are atomic: a signal is heard in any thread. */
	int notifies;
	enum kind kind;
	unsigned round;			/* which use of this slot */
	int told;			/* notifications of this round */
	char *buf;
	int block;
	unsigned version;		/* that a write makes */
	size_t len;
	time_t since;
};

struct player {
	unsigned seed;
	unsigned versions[FILES][BLOCKS];
	struct slot file[FILES][BLOCKS], sync, reads[READS], write;
	int first_read;			/* the oldest of reads */
	int stream[2];			/* written, read */
	unsigned char sent, got;	/* the next byte of the stream */
	int ended;			/* no more is written to it */
	int quiet;			/* ask for no notifications */
	unsigned long refused;
	unsigned long done, cancelled, forks, lists;
};

static int file[FILES];
static struct player players[THREADS];
static char buffers[THREADS][FILES * BLOCKS + READS + 1][BLOCK]
	__attribute__((aligned(BLOCK)));
static int stop, stray;
static int faults;			/* calls of the library fail */
static char wrong[200];			/* the first thing that was */

static void oops(const char *what, long a, long b)
{
	static int said;

	if (!__atomic_exchange_n(&said, 1, __ATOMIC_SEQ_CST)) {
		snprintf(wrong, sizeof(wrong), "%s (%ld, %ld)", what, a, b);
		__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	}
}

static unsigned any(struct player *p, unsigned n)
{
	return rand_r(&p->seed) / 7 % n;
}

/* ---- what a block holds ---- */

static void fill(char *buf, unsigned version, int player, int block)
{
	unsigned *word = (unsigned *)buf;

	for (int i = 0; i < BLOCK / 4; i++)
		word[i] = version * 2654435761U + player * 977 + block * 31 + i;
}

static int holds(const char *buf, unsigned version, int player, int block)
{
	static __thread unsigned expected[BLOCK / 4];

	fill((char *)expected, version, player, block);
	return !memcmp(buf, expected, BLOCK);
}

static void poison(struct slot *s)
{
	if (s->buf)			/* an fsync has none */
		memset(s->buf, 0x5a, BLOCK);
}

static int is_poisoned(const struct slot *s)
{
	for (int i = 0; s->buf && i < BLOCK; i++)
		if (s->buf[i] != 0x5a)
			return 0;
	return 1;
}

static off_t place(int player, int block)
{
	return (off_t)(player * BLOCKS + block) * BLOCK;
}

/* ---- notification ---- */

/* sival_ptr is the slot, its lowest bits (slots are aligned) the round. */
static void told(sigval_t value)
{
	struct slot *s = (void *)((uintptr_t)value.sival_ptr & ~7UL);
	unsigned round = __atomic_load_n(&s->round, __ATOMIC_SEQ_CST);

	if ((round & 7) != ((uintptr_t)value.sival_ptr & 7) ||
	    !__atomic_load_n(&s->notifies, __ATOMIC_SEQ_CST))
		__atomic_fetch_add(&stray, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&s->told, 1, __ATOMIC_SEQ_CST);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	if (info->si_code != SI_ASYNCIO)
		__atomic_fetch_add(&stray, 1, __ATOMIC_SEQ_CST);
	told(info->si_value);
}

static void ask_for_notice(struct player *p, struct slot *s)
{
	struct sigevent *e = &s->cb.aio_sigevent;

	__atomic_fetch_add(&s->round, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&s->told, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&s->notifies, !p->quiet && !any(p, 3),
			 __ATOMIC_SEQ_CST);
	e->sigev_value.sival_ptr = (void *)((uintptr_t)s | (s->round & 7));
	e->sigev_notify = SIGEV_NONE;
	if (!s->notifies)
		return;
	e->sigev_notify = any(p, 4) && SIGNALS ? SIGEV_SIGNAL :
						 SIGEV_THREAD;
	if (e->sigev_notify == SIGEV_SIGNAL)
		e->sigev_signo = SIGRTMIN + 3;
	else
		e->sigev_notify_function = told;
}

/* ---- requests ---- */

static void prepare(struct player *p, struct slot *s, enum kind kind, int fd,
		    size_t len, off_t offset)
{
	if (!is_poisoned(s))
		oops("a buffer was written after its request", kind, s->kind);
	s->kind = kind;
	s->len = len;
	s->cb = (struct aiocb){
		.aio_fildes = fd, .aio_buf = s->buf, .aio_nbytes = len,
		.aio_offset = offset,
		.aio_lio_opcode = kind == FILE_READ || kind == STREAM_READ ?
				  LIO_READ : LIO_WRITE,
	};
	ask_for_notice(p, s);
	s->since = time(NULL);
	s->busy = 1;
}

static void prepare_file(struct player *p, int which, int block)
{
	struct slot *s = &p->file[which][block];
	int me = p - players;
	int writes = any(p, 2);

	s->block = block;
	s->version = p->versions[which][block] + 1;
	prepare(p, s, writes ? FILE_WRITE : FILE_READ, file[which], BLOCK,
		place(me, block));
	if (writes)
		fill(s->buf, s->version, me, block);
}

/* 0: it was not refused. */
static int is_refused(struct player *p, struct slot *s, int r)
{
	if (!r)
		return 0;
	if (!faults || errno != EAGAIN)
		oops("refused", errno, s->kind);
	p->refused++;
	poison(s);
	s->busy = 0;
	return 1;
}

static void submit(struct player *p, struct slot *s,
		   int (*call)(struct aiocb *))
{
	is_refused(p, s, call(&s->cb));
}

static void submit_file(struct player *p)
{
	int which = any(p, FILES), block = any(p, BLOCKS);
	struct slot *s = &p->file[which][block];

	if (s->busy)
		return;
	prepare_file(p, which, block);
	submit(p, s, s->kind == FILE_WRITE ? aio_write : aio_read);
}

static void submit_sync(struct player *p)
{
	struct slot *s = &p->sync;

	if (s->busy)
		return;
	prepare(p, s, FILE_SYNC, file[any(p, FILES)], 0, 0);
	is_refused(p, s, aio_fsync(any(p, 2) ? O_SYNC : O_DSYNC, &s->cb));
}

static void submit_read(struct player *p)
{
	for (int i = 0; i < READS; i++) {
		struct slot *s = &p->reads[(p->first_read + i) % READS];

		if (s->busy)
			continue;
		prepare(p, s, STREAM_READ, p->stream[1], 1 + any(p, BLOCK), 0);
		submit(p, s, aio_read);
		return;
	}
}

static void submit_write(struct player *p)
{
	struct slot *s = &p->write;

	if (s->busy)
		return;
	prepare(p, s, STREAM_WRITE, p->stream[0], 1 + any(p, BLOCK), 0);
	for (size_t i = 0; i < s->len; i++)
		s->buf[i] = p->sent + i;
	submit(p, s, aio_write);
}

static void submit_list(struct player *p)
{
	struct aiocb *list[LIST];
	int n = 0, how = any(p, 2) ? LIO_WAIT : LIO_NOWAIT;

	/* With faults some are refused without a notification: ask for none. */
	p->quiet = faults;
	for (int i = 0; i < LIST; i++) {
		int which = any(p, FILES), block = any(p, BLOCKS);

		list[n] = NULL;
		if (!p->file[which][block].busy) {
			prepare_file(p, which, block);
			list[n] = &p->file[which][block].cb;
		}
		n++;
	}
	p->quiet = 0;
	p->lists++;
	/* EIO: one of them was cancelled; EINTR: a signal, they go on. */
	if (lio_listio(how, list, n, NULL) && errno != EIO && errno != EINTR &&
	    !(faults && errno == EAGAIN))
		oops("lio_listio", errno, how);
}

/* ---- results ---- */

static void check(struct player *p, struct slot *s, int err, ssize_t n)
{
	int me = p - players;
	int which = s->cb.aio_fildes == file[1];

	if (err == ECANCELED) {
		p->cancelled++;
		if (n != -1)
			oops("cancelled, but it returned", n, s->kind);
	} else if (err == EAGAIN && faults) {
		p->refused++;
	} else if (err) {
		oops("failed", err, s->kind);
	} else if (s->kind == FILE_READ) {
		if (n != BLOCK || !holds(s->buf, p->versions[which][s->block],
					 me, s->block))
			oops("read something else", n, s->block);
	} else if (s->kind == FILE_WRITE) {
		if (n != BLOCK)
			oops("wrote less", n, s->block);
		p->versions[which][s->block] = s->version;
	} else if (s->kind == FILE_SYNC) {
		if (n)
			oops("fsync returned", n, 0);
	} else if (s->kind == STREAM_WRITE) {
		/* Less: cancelled in the middle. */
		if (n < 1 || n > (ssize_t)s->len)
			oops("a stream's write returned", n, s->len);
		p->sent += n;
	} else {
		if (n < !p->ended || n > (ssize_t)s->len)
			oops("a stream's read returned", n, s->len);
		if (!n && p->got != p->sent)
			oops("the end of a stream is early", p->got, p->sent);
		for (ssize_t i = 0; i < n; i++, p->got++)
			if ((unsigned char)s->buf[i] != p->got) {
				oops("the stream is out of order", i, n);
				break;
			}
	}
	p->done++;
}

/* 1: it was over, and has been looked at. */
static int harvest(struct player *p, struct slot *s)
{
	int err;

	if (!s->busy)
		return 0;
	err = aio_error(&s->cb);
	if (err == EINPROGRESS || (s->notifies && !__atomic_load_n(&s->told,
							__ATOMIC_SEQ_CST))) {
		if (s->kind != STREAM_READ &&
		    time(NULL) - s->since > LOST_SECONDS)
			oops(err == EINPROGRESS ? "a request is lost" :
			     "a notification is lost", s->kind, 0);
		return 0;
	}
	check(p, s, err, aio_return(&s->cb));
	if (s->told != s->notifies)
		oops("number of notifications", s->told, s->notifies);
	poison(s);
	s->busy = 0;
	return 1;
}

static void harvest_all(struct player *p)
{
	for (int i = 0; i < FILES; i++)
		for (int j = 0; j < BLOCKS; j++)
			harvest(p, &p->file[i][j]);
	harvest(p, &p->sync);
	harvest(p, &p->write);
	for (int i = 0; i < READS; i++) {
		if (!harvest(p, &p->reads[p->first_read]))
			break;
		p->first_read = (p->first_read + 1) % READS;
	}
}

static void wait_a_little(struct player *p)
{
	const struct aiocb *list[FILES * BLOCKS + READS + 2];
	struct timespec t = { 0, 1000000 };
	int n = 0;

	for (int i = 0; i < FILES; i++)
		for (int j = 0; j < BLOCKS; j++)
			if (p->file[i][j].busy)
				list[n++] = &p->file[i][j].cb;
	for (int i = 0; i < READS; i++)
		list[n++] = p->reads[i].busy ? &p->reads[i].cb : NULL;
	list[n++] = p->write.busy ? &p->write.cb : NULL;
	if (aio_suspend(list, n, &t) && errno != EAGAIN && errno != EINTR)
		oops("aio_suspend", errno, 0);
}

static void cancel(struct player *p)
{
	int which = any(p, FILES), r;
	struct slot *s;

	switch (any(p, 5)) {
	case 0:				/* everybody's */
		r = aio_cancel(file[which], NULL);
		break;
	case 1:
		s = &p->write;
		r = s->busy ? aio_cancel(p->stream[0], &s->cb) : 0;
		break;
	case 2:
		r = aio_cancel(p->stream[1], NULL);
		break;
	case 3:
		s = &p->reads[p->first_read];
		r = s->busy ? aio_cancel(p->stream[1], &s->cb) : 0;
		break;
	default:
		s = &p->file[which][any(p, BLOCKS)];
		r = s->busy ? aio_cancel(file[which], &s->cb) : 0;
	}
	if (r < 0)
		oops("aio_cancel", errno, 0);
}

/* The child has no requests, and AIO of its own. */
static void fork_once(struct player *p)
{
	static __thread char buf[BLOCK];
	pid_t pid = fork();
	int status = -1;

	p->forks++;
	if (pid < 0) {
		oops("fork", errno, 0);
	} else if (pid == 0) {
		const struct aiocb *list[1];
		struct aiocb cb = {
			.aio_buf = buf, .aio_nbytes = 100,
			.aio_sigevent.sigev_notify = SIGEV_NONE,
		};
		int s[2];

		alarm(LOST_SECONDS / 2);
		if (pipe(s))
			_exit(1);
		list[0] = &cb;
		cb.aio_fildes = s[0];
		if (write(s[1], "ten bytes!", 10) != 10)
			_exit(2);
		do {
			while (aio_read(&cb))
				if (!faults || errno != EAGAIN)
					_exit(2);
			while (aio_error(&cb) == EINPROGRESS)
				aio_suspend(list, 1, NULL);
		} while (faults && aio_error(&cb) == EAGAIN);
		_exit(aio_return(&cb) == 10 && !memcmp(buf, "ten", 3) ? 0 : 3);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		oops("a child's request", status, 0);
}

static void *play(void *arg)
{
	struct player *p = arg;

	for (int i = 0; i < LIFE && !__atomic_load_n(&stop, __ATOMIC_SEQ_CST);
	     i++) {
		unsigned what = any(p, 100);

		if (what < 35)
			submit_file(p);
		else if (what < 50)
			submit_read(p);
		else if (what < 65)
			submit_write(p);
		else if (what < 68)
			submit_sync(p);
		else if (what < 74)
			submit_list(p);
		else if (what < 84)
			cancel(p);
		else if (what < 99)
			wait_a_little(p);
		else if (!any(p, 4) && FORKS)
			fork_once(p);
		harvest_all(p);
	}
	return NULL;
}

static int busy(struct player *p)
{
	int n = p->sync.busy + p->write.busy;

	for (int i = 0; i < FILES; i++)
		for (int j = 0; j < BLOCKS; j++)
			n += p->file[i][j].busy;
	for (int i = 0; i < READS; i++)
		n += p->reads[i].busy;
	return n;
}

/*
 * Everything has an end.  Streams have theirs by cancellation; what a thread
 * waits for, which cannot be cancelled, ends when its stream does: a write by
 * being read, a read by the end of the stream.
 */
static void drain(struct player *p)
{
	time_t start = time(NULL);

	while (busy(p) && !wrong[0]) {
		aio_cancel(p->stream[0], NULL);
		aio_cancel(p->stream[1], NULL);
		if (p->write.busy) {
			submit_read(p);
		} else if (!p->ended) {
			p->ended = 1;
			if (shutdown(p->stream[0], SHUT_WR))
				oops("shutdown", errno, 0);
		}
		wait_a_little(p);
		harvest_all(p);
		if (time(NULL) - start > LOST_SECONDS)
			oops("not over at the end", busy(p), p - players);
	}
}

static int open_file(int flags)
{
	int fd = open(".", O_TMPFILE | O_RDWR | flags, 0600);

	return fd >= 0 ? fd : open("/tmp", O_TMPFILE | O_RDWR | flags, 0600);
}

static void set_up(void)
{
	struct sigaction act = {
		.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART,
	};

	file[0] = open_file(0);
	file[1] = open_file(O_DIRECT);
	if (file[1] < 0)
		file[1] = open_file(0);
	ASSERT_GE(file[0], 0);
	ASSERT_GE(file[1], 0);
	ASSERT_EQ(0, sigaction(SIGRTMIN + 3, &act, NULL));
	for (int t = 0; t < THREADS; t++) {
		struct player *p = &players[t];
		int n = 0;

		p->seed = t + 1;
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
					p->stream));
		for (int f = 0; f < FILES; f++)
			for (int b = 0; b < BLOCKS; b++) {
				struct slot *s = &p->file[f][b];

				s->buf = buffers[t][n++];
				fill(s->buf, 0, t, b);
				ASSERT_EQ(BLOCK, pwrite(file[f], s->buf, BLOCK,
							place(t, b)));
				poison(s);
			}
		for (int i = 0; i < READS; i++) {
			p->reads[i].buf = buffers[t][n++];
			poison(&p->reads[i]);
		}
		p->write.buf = buffers[t][n++];
		poison(&p->write);
	}
}

static long seconds(void)
{
	const char *soak = getenv("IOMODELS_SOAK");

	return !soak ? 2 : atol(soak) > 1 ? atol(soak) : 600;
}

static void start(pthread_t *thread, struct player *p)
{
	int err;

	while ((err = pthread_create(thread, NULL, play, p)) && faults)
		sched_yield();
	ASSERT_EQ(0, err);
}

static void play_all(void)
{
	time_t end = time(NULL) + seconds();
	pthread_t thread[THREADS];
	unsigned long done = 0, cancelled = 0, forks = 0, lists = 0, lives = 0;
	unsigned long refused = 0;

	while (time(NULL) < end && !stop) {
		for (int t = 0; t < THREADS; t++, lives++)
			start(&thread[t], &players[t]);
		for (int t = 0; t < THREADS; t++)
			ASSERT_EQ(0, pthread_join(thread[t], NULL));
	}
	for (int t = 0; t < THREADS; t++) {
		drain(&players[t]);
		done += players[t].done;
		cancelled += players[t].cancelled;
		forks += players[t].forks;
		lists += players[t].lists;
		refused += players[t].refused;
	}
	if (wrong[0])
		FAIL("%s", wrong);
	EXPECT_EQ(0, stray);
	SAY("%lu requests, %lu of them cancelled, %lu lists, %lu forks, %lu threads",
	    done, cancelled, lists, forks, lives);
	if (faults)
		SAY("%lu refused", refused);
}

/* No request is lost, none ends twice, no byte is wrong. */
TEST_TIMEOUT(nothing_is_lost, 900)
{
	if (!IS_OURS)
		SKIP("glibc: aio_read in a forked child never completes");
	set_up();
	play_all();
}

/* ---- with faults ---- */

/* A call of the library, how often it fails (once in `rate`), and with what. */
static struct fault {
	int call, rate, errors[3];
	unsigned long injected;
} fault[] = {
	{ __NR_io_uring_setup, 2, { ENOMEM, EMFILE, EPERM } },
	{ __NR_io_uring_register, 8, { ENOMEM, EINVAL, EPERM } },
	{ __NR_io_uring_enter, 64, { EAGAIN, ENOMEM, EPERM } },
	{ __NR_io_setup, 8, { EAGAIN, ENOMEM, EPERM } },
	{ __NR_io_submit, 8, { EAGAIN, ENOMEM, EPERM } },
	{ __NR_io_getevents, 8, { EINTR, EINTR, EINTR } },
	{ __NR_eventfd2, 8, { EMFILE, ENFILE, ENOMEM } },
	{ __NR_preadv2, 4, { EAGAIN, EAGAIN, EOPNOTSUPP } },
	{ __NR_rt_sigqueueinfo, 4, { EAGAIN, EAGAIN, EAGAIN } },
	{ __NR_clone3, 3, { EAGAIN, ENOMEM, EPERM } },
#if !defined(__SANITIZE_ADDRESS__) && !defined(TSAN)	/* they end without */
	{ __NR_mmap, 16, { ENOMEM, ENOMEM, EAGAIN } },
#endif
};
enum { FAULTS = sizeof(fault) / sizeof(fault[0]) };

/* In the one thread that decides. */
static int fails(int call)
{
	static unsigned seed = 1;

	for (int i = 0; i < FAULTS; i++) {
		if (fault[i].call != call || rand_r(&seed) / 7 % fault[i].rate)
			continue;
		__atomic_fetch_add(&fault[i].injected, 1, __ATOMIC_SEQ_CST);
		return fault[i].errors[rand_r(&seed) / 7 % 3];
	}
	return 0;
}

/* The same while the calls that the library makes fail at random. */
TEST_TIMEOUT(nothing_is_lost_with_faults, 900)
{
	int calls[FAULTS];
	unsigned long injected = 0;

	if (!IS_OURS)
		SKIP("glibc: its requests fail under these faults");
	for (int i = 0; i < FAULTS; i++)
		calls[i] = fault[i].call;
	set_up();
	faults = 1;
	if (filter_faults(calls, FAULTS, fails))
		SKIP("no seccomp filter that asks a supervisor: %s", errno_name(errno));
	play_all();
	for (int i = 0; i < FAULTS; i++)
		injected += __atomic_load_n(&fault[i].injected,
					    __ATOMIC_SEQ_CST);
	SAY("%lu faults", injected);
	EXPECT_GT(injected, 0);
}
