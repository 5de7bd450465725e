/* SPDX-License-Identifier: MIT */
/*
 * play.c - what the plays share
 */
#include <stdarg.h>
#include <sys/prctl.h>
#include "play.h"

const struct claim *claim_played;

void remark(const char *format, ...)
{
	char text[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	syscall(SYS_write, -1, text, n);
}

void play_begins(void)
{
	remark("%.*s", PLAY_BEGINS_BYTES, "the play begins");
}

void cannot(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
	exit(3);
}

long need_(long result, const char *call)
{
	if (result < 0)
		cannot("%s: %s", call, strerror(errno));
	return result;
}

char state_of(pid_t pid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (f)
		fclose(f);
	return state;
}

void wait_asleep(pid_t pid)
{
	struct timespec millisecond = { .tv_nsec = 1000000 };
	char state;

	for (int look = 0; look < 10000; look++) {
		state = state_of(pid);
		if (state == 'S')
			return;
		if (!state)
			break;
		nanosleep(&millisecond, NULL);
	}
	_exit(3);
}

void read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = need(open(path, O_RDONLY));
	n = need(read(fd, text, size - 1));
	text[n] = 0;
	close(fd);
}

pid_t fork_child(void)
{
	pid_t parent = getpid(), pid = need(fork());

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(3);
	}
	return pid;
}

int cold_file(void)
{
	char why[256];
	int fd;

	if (lab_in_memory(why))
		cannot("%s", why);
	fd = lab_file(1 << 20, why);
	if (fd < 0)
		cannot("%s", why);
	return fd;
}

/* ---- sockets on loopback ---- */

static int bound(struct sockaddr_in *a, int type)
{
	socklen_t len = sizeof(*a);
	int fd = need(socket(AF_INET, type, 0));

	*a = (struct sockaddr_in){ .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	need(bind(fd, (void *)a, sizeof(*a)));
	need(getsockname(fd, (void *)a, &len));
	return fd;
}

int listener_on(struct sockaddr_in *a)
{
	int fd = bound(a, SOCK_STREAM);

	need(listen(fd, 8));
	return fd;
}

int connected_to(const struct sockaddr_in *a)
{
	int fd = need(socket(AF_INET, SOCK_STREAM, 0));

	need(connect(fd, (const void *)a, sizeof(*a)));
	return fd;
}

int udp_bound(struct sockaddr_in *a)
{
	return bound(a, SOCK_DGRAM);
}

void tcp_connection(int *ours, int *peer)
{
	struct sockaddr_in a;
	int l = listener_on(&a);

	*peer = connected_to(&a);
	*ours = need(accept(l, NULL, NULL));
	need(close(l));
}

void stream_pair(int pair[2])
{
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

/* ---- SIGIO ---- */

sigset_t sigio_set;

void say_sigio(int fd)
{
	sigemptyset(&sigio_set);
	sigaddset(&sigio_set, SIGIO);
	need(sigprocmask(SIG_BLOCK, &sigio_set, NULL));
	need(fcntl(fd, F_SETOWN, getpid()));
	need(fcntl(fd, F_SETSIG, SIGIO));
	need(fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK));
}

/* What came before is of no interest. */
void forget_sigio(void)
{
	struct timespec now = { 0 };

	while (sigtimedwait(&sigio_set, NULL, &now) > 0)
		;
}

void take_sigio(void)
{
	struct timespec limit = { .tv_sec = 2 };
	siginfo_t info;				/* so that strace shows it */

	sigtimedwait(&sigio_set, &info, &limit);
}
