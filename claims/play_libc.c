/* SPDX-License-Identifier: MIT */
/*
 * play_libc.c - plays about what a library makes of a function
 */
#include <aio.h>
#include <dlfcn.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <ucontext.h>
#include "play.h"

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

/* The claim is about glibc from this version on. */
static void need_glibc(int minor)
{
#ifdef __GLIBC__
	int have = 0;

	sscanf(gnu_get_libc_version(), "2.%d", &have);
	if (have >= minor)
		return;
	cannot("glibc %s is older than 2.%d", gnu_get_libc_version(), minor);
#else
	cannot("this libc is not glibc (2.%d)", minor);
#endif
}

/* ---- names ---- */

static void select_ready(struct timeval *t)
{
	int pair[2];
	fd_set set;

	stream_pair(pair);
	need(send(pair[1], "x", 1, 0));
	FD_ZERO(&set);
	FD_SET(pair[0], &set);
	need(select(pair[0] + 1, &set, NULL, NULL, t));
}

void libc_select(void)
{
	struct timeval t = { .tv_sec = 60 };

	need_glibc(33);
	select_ready(&t);
}

void libc_select_left(void)
{
	struct timeval t = { .tv_sec = 60 };

	need_glibc(34);
	select_ready(&t);
	remark("the caller sees %ld seconds", (long)t.tv_sec);
}

void libc_open(void)
{
	close(need(open("/dev/null", O_RDONLY)));
}

void libc_waits(void)
{
	struct epoll_event ev;
	int ep = need(epoll_create1(0));

	epoll_wait(ep, &ev, 1, 0);
	poll(NULL, 0, 0);
}

/* ---- glibc's POSIX AIO ---- */

static struct aiocb aio_request(int fd, void *buf, size_t len)
{
	need_glibc(1);
	return (struct aiocb){
		.aio_fildes = fd, .aio_buf = buf, .aio_nbytes = len,
		.aio_sigevent.sigev_notify = SIGEV_NONE,
	};
}

static void until_done(struct aiocb *cb)
{
	const struct aiocb *list[] = { cb };

	while (aio_error(cb) == EINPROGRESS)
		aio_suspend(list, 1, NULL);
}

void libc_aio_thread(void)
{
	static char buf[64];
	int fd = need(open("/proc/self/exe", O_RDONLY));
	struct aiocb cb = aio_request(fd, buf, sizeof(buf));

	need(aio_read(&cb));
	until_done(&cb);
}

/* Four reads; each waits for a byte that does not come. */
static void four_reads(int same)
{
	static struct aiocb cb[4];
	static char buf[4];
	int pair[2];

	stream_pair(pair);
	for (int i = 0; i < 4; i++) {
		cb[i] = aio_request(same ? pair[0] : need(dup(pair[0])),
				    &buf[i], 1);
		need(aio_read(&cb[i]));
	}
}

void libc_aio_one_descriptor(void)
{
	four_reads(1);
}

void libc_aio_four_descriptors(void)
{
	four_reads(0);
}

/* The signal that tells of a read's end. */
void libc_aio_signal(void)
{
	static char buf[64];
	int fd = need(open("/proc/self/exe", O_RDONLY));
	struct aiocb cb = aio_request(fd, buf, sizeof(buf));
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	cb.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	cb.aio_sigevent.sigev_signo = SIGUSR2;
	need(aio_read(&cb));
	need(sigwaitinfo(&set, NULL));
}

void libc_aio_socket(void)
{
	struct aiocb cb;
	int pair[2];
	char c;

	stream_pair(pair);
	need(send(pair[1], "x", 1, 0));
	cb = aio_request(pair[0], &c, 1);
	need(aio_read(&cb));
	until_done(&cb);
}

/*
 * A write behind a read that waits, on one descriptor.  Another write, asked
 * for later and on another descriptor, tells when the first could have been
 * done.
 */
void libc_aio_write_waits(void)
{
	struct aiocb reads, writes, other;
	int pair[2], second[2];
	char c;

	stream_pair(pair);
	stream_pair(second);
	reads = aio_request(pair[0], &c, 1);
	writes = aio_request(pair[0], "w", 1);
	other = aio_request(second[0], "o", 1);
	need(aio_read(&reads));
	need(aio_write(&writes));
	need(aio_write(&other));
	until_done(&other);
	recv(pair[1], &c, 1, MSG_DONTWAIT);
	need(send(pair[1], "x", 1, 0));
	until_done(&writes);
	recv(pair[1], &c, 1, MSG_DONTWAIT);
}

/* ---- coroutines ---- */

static ucontext_t here, there;

static void coroutine(void)
{
	for (;;)
		swapcontext(&there, &here);
}

static void called_back(union sigval value)
{
	remark("callback");
	*(volatile int *)value.sival_ptr = 1;
}

/* SIGEV_THREAD: two requests, one after the other. */
void libc_aio_callback(void)
{
	static char buf[64];
	volatile int done = 0;
	struct timespec millisecond = { .tv_nsec = 1000000 };
	struct aiocb cb = {
		.aio_fildes = need(open("/proc/self/exe", O_RDONLY)),
		.aio_buf = buf, .aio_nbytes = sizeof(buf),
	};

	need_glibc(0);
	cb.aio_sigevent.sigev_notify = SIGEV_THREAD;
	cb.aio_sigevent.sigev_notify_function = called_back;
	cb.aio_sigevent.sigev_value.sival_ptr = (void *)&done;
	need(aio_read(&cb));
	while (!done)
		nanosleep(&millisecond, NULL);
}


/* Five times to the other context and back: ten switches. */
void libc_swapcontext(void)
{
	static char stack[64 << 10];

	need_glibc(1);
	need(getcontext(&there));
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof(stack);
	makecontext(&there, coroutine, 0);
	remark("five times to the other context and back");
	for (int i = 0; i < 5; i++)
		swapcontext(&here, &there);
}

/* ---- liburing ---- */

/* A ring of no entries.  The library is loaded here, so that iomodels runs
 * without it. */
void liburing_errno(void)
{
	void *lib = dlopen("liburing.so.2", RTLD_NOW);
	int (*init)(unsigned entries, void *ring, unsigned flags);
	char ring[4096];
	int ret;

	if (!lib)
		cannot("liburing.so.2 is not installed");
	*(void **)&init = dlsym(lib, "io_uring_queue_init");
	if (!init)
		cannot("liburing.so.2 has no io_uring_queue_init");
	errno = 0;
	ret = init(0, ring, 0);
	remark("liburing: returned %d, errno %d", ret, errno);
	ret = syscall(SYS_io_uring_setup, 0, ring);
	remark("syscall: returned %d, errno %d", ret, errno);
}
