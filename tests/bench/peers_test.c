/* SPDX-License-Identifier: MIT */
/*
 * peers_test.c - the peers echo every byte that ours echo (with libc)
 *
 *     peers_test -l               lists PEER/WHAT
 *
 * A server that answers wrongly, or only half of a long message, would win
 * any comparison; so would one that answers later because of Nagle.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include "lab.h"
#include "scenario.h"
#include "tap.h"

struct point {
	const struct program *p;
	const struct scenario *c;
};

/* listen_fd: a listening socket; 0: one of its own. */
static void serve_on(struct server *s, const struct program *p, int listen_fd)
{
	struct lab_options o = { .service = "echo", .listen_fd = listen_fd };
	char *path = program_path(p);

	if (!path)
		SKIP("%s is not built: its library is missing", p->name);
	free(path);
	if (!server_start(s, p, &o))
		return;
	if (strstr(s->err.at, "execvp"))	/* a script: #!/usr/bin/node */
		SKIP("%.200s", s->err.at);
	FAIL("%.900s", s->err.at);
}

static void serve(struct server *s, const struct program *p)
{
	serve_on(s, p, 0);
}

static int client(const struct server *s)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = ASSERT_GE(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);

	ASSERT_EQ(0, connect(fd, (void *)&a, sizeof(a)));
	return fd;
}

/* Say n bytes, hear them again; both at once, so that neither side blocks. */
static void exchange(int fd, const char *data, size_t n)
{
	char *heard = malloc(n);
	size_t sent = 0, had = 0;

	ASSERT_TRUE(heard);
	while (had < n) {
		struct pollfd p = {
			.fd = fd, .events = POLLIN | (sent < n ? POLLOUT : 0),
		};
		ssize_t k;

		ASSERT_EQ(1, poll(&p, 1, -1));
		if (sent < n && p.revents & POLLOUT) {
			k = send(fd, data + sent, n - sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
			sent += k > 0 ? k : 0;
		}
		if (!(p.revents & POLLIN))
			continue;
		k = ASSERT_GT(recv(fd, heard + had, n - had, MSG_DONTWAIT), 0);
		had += k;
	}
	EXPECT_EQ(0, memcmp(data, heard, n));
	free(heard);
}

/* Messages of every size that is compared come back, over one connection. */
static void sizes(void *arg)
{
	static const size_t lengths[] = { 1, 64, 16 << 10, 1 << 20 };
	const struct point *t = arg;
	char *data = malloc(1 << 20);
	struct server s;
	int fd;

	ASSERT_TRUE(data);
	for (size_t i = 0; i < 1 << 20; i++)
		data[i] = i * 2654435761u >> 24;
	serve(&s, t->p);
	fd = client(&s);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		exchange(fd, data + i, lengths[i] - (lengths[i] > 64 ? i : 0));
	close(fd);
	EXPECT_EQ(0, server_stop(&s));
}

/* Over a socket that it was given, an AF_UNIX one. */
static void given_socket(void *arg)
{
	const struct point *t = arg;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(a);
	char *data = malloc(1 << 20);
	struct server s;
	int at, fd;

	ASSERT_TRUE(data);
	for (size_t i = 0; i < 1 << 20; i++)
		data[i] = i * 2654435761u >> 24;
	at = ASSERT_GE(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
	ASSERT_EQ(0, bind(at, (void *)&a, sizeof(a.sun_family)));
	ASSERT_EQ(0, listen(at, 16));
	ASSERT_EQ(0, getsockname(at, (void *)&a, &len));
	serve_on(&s, t->p, at);
	fd = ASSERT_GE(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
	ASSERT_EQ(0, connect(fd, (void *)&a, len));
	exchange(fd, data, 64);
	exchange(fd, data, 1 << 20);
	close(fd);
	close(at);
	EXPECT_EQ(0, server_stop(&s));
}

static void scenario(void *arg)
{
	const struct point *t = arg;
	struct server s;
	char why[256] = "";

	serve(&s, t->p);
	if (t->c->play(&s, why))
		FAIL("%s", why);
	EXPECT_EQ(0, server_stop(&s));
}

/* A copy of the server's end of the connection fd, or -1: not found. */
static int other_end(const struct server *s, int fd)
{
	struct sockaddr_in us, a;
	socklen_t len = sizeof(us);
	int pidfd = syscall(SYS_pidfd_open, s->pid, 0);

	ASSERT_EQ(0, getsockname(fd, (void *)&us, &len));
	for (int i = 3; i < 256; i++) {
		int copy = syscall(SYS_pidfd_getfd, pidfd, i, 0);

		if (copy < 0 && (errno == EPERM || errno == ENOSYS))
			SKIP("pidfd_getfd: %s", strerror(errno));
		len = sizeof(a);
		if (copy >= 0 && !getpeername(copy, (void *)&a, &len) &&
		    a.sin_family == AF_INET && a.sin_port == us.sin_port)
			return copy;
		close(copy);
	}
	return -1;
}

/*
 * A server under Nagle's algorithm waits for acknowledgements, 40 ms each:
 * that would compare an option, not a server.  Ours set TCP_NODELAY, on the
 * listener; so must the others, however they do it.
 */
static void no_delay(void *arg)
{
	const struct point *t = arg;
	socklen_t len = sizeof(int);
	struct server s;
	int fd, end, on = 0;

	serve(&s, t->p);
	fd = client(&s);
	exchange(fd, "hello", 5);
	end = ASSERT_GE(other_end(&s, fd), 0);
	ASSERT_EQ(0, getsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, &len));
	EXPECT_EQ(1, on);
	close(end);
	close(fd);
	EXPECT_EQ(0, server_stop(&s));
}

/* ---- what they refuse ---- */

static void expect_refusal(const struct program *p, const char *option,
			   const char *value)
{
	char *path = program_path(p), command[512], line[512] = "", next[512];
	int status, more;
	FILE *f;

	if (!path)
		SKIP("%s is not built: its library is missing", p->name);
	snprintf(command, sizeof(command), "'%s' %s %s 2>&1", path, option,
		 value);
	f = popen(command, "re");
	ASSERT_TRUE(f);
	fgets(line, sizeof(line), f);
	more = fgets(next, sizeof(next), f) != NULL;
	status = pclose(f);
	if (WEXITSTATUS(status) == 127)		/* no /usr/bin/node */
		SKIP("%s cannot run here: its interpreter is not installed",
		     p->name);
	if (!strstr(line, option))
		FAIL("%s %s %s: %s", p->name, option, value, line);
	EXPECT_EQ(0, more);
	EXPECT_EQ(2, WEXITSTATUS(status));
	free(path);
}

/* The words of our servers; what they do not know is one line, and status 2. */
static void bad_usage(void *arg)
{
	const struct point *t = arg;

	expect_refusal(t->p, "--port", "65536");
	expect_refusal(t->p, "--port", "x");
	expect_refusal(t->p, "--service", "print");
	expect_refusal(t->p, "--service", "");
	expect_refusal(t->p, "--nonsense", "1");
}

/* ---- the list ---- */

static void add(const struct program *p, const struct scenario *c,
		const char *what, void (*fn)(void *))
{
	struct point *t = malloc(sizeof(*t));
	char *name;

	if (!t || asprintf(&name, "%s/%s", p->name, what) < 0)
		exit(1);
	*t = (struct point){ p, c };
	tap_add(name, fn, t)->seconds = 60;
}

void tap_list(void)
{
	for (const struct program *p = peer_programs; p->name; p++) {
		add(p, NULL, "sizes", sizes);
		add(p, NULL, "given_socket", given_socket);
		add(p, NULL, "no_delay", no_delay);
		add(p, NULL, "bad_usage", bad_usage);
		/* emfile: libuv's answer to it is to drop clients. */
		for (const struct scenario *c = scenarios; c->name; c++)
			if ((c->both || !strcmp(c->service, "echo")) &&
			    strcmp(c->name, "emfile"))
				add(p, c, c->name, scenario);
	}
	/* The same end of ours. */
	add(program_find("epoll"), NULL, "no_delay", no_delay);
	add(program_find("coroutine"), NULL, "no_delay", no_delay);
}
