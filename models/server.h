/* SPDX-License-Identifier: MIT */
/*
 * server.h - what all servers share, so that a model file shows its model
 *
 * The options, the listening socket, the two services and the way to stop.
 * The calls that wait and the calls that copy are not here: each model makes
 * its own.  What a capture shows of this file, in order:
 *
 *     rt_sigaction x4                   SIGTERM SIGINT SIGALRM SIGPIPE
 *     socket setsockopt x2 bind listen  (sigio_udp: no TCP options, no listen)
 *     getsockname                       only with --port 0
 *     getsockopt x2 fcntl x2            --fd, in the place of socket to there
 *     write                             the line "NAME: serving ..." on stderr
 *   print, at the end of a message:
 *     write                             the line on stdout
 *   either service:
 *     mmap mremap munmap                what FIRST bytes cannot hold: a long
 *                                       message, or what a full socket left
 *   SIGTERM or SIGINT:
 *     shutdown setitimer rt_sigreturn   then accept4 = EINVAL in the model
 *
 * Stopping rests on one fact: shutdown(2) on a listening socket makes every
 * accept4 on it return EINVAL, the one that sleeps and those still to come.
 * So the loops need no flag, and there is no moment between a test and a
 * sleep in which the signal could be lost, whatever call a model sleeps in.
 */
#ifndef IOMODELS_SERVER_H
#define IOMODELS_SERVER_H

#include "../syscalls/start.h"
#include "../syscalls/program.h"
#include "../syscalls/thread.h"

/*
 * CONNS   descriptors a table has a place for; a connection beyond is refused
 * SCRATCH bytes one recvfrom may bring
 * FIRST   bytes of a message that need no mmap
 */
enum { CONNS = 16384, SCRATCH = 16384, FIRST = 2048 };

static struct {
	unsigned addr;			/* network byte order */
	unsigned port;
	unsigned fd;			/* a listening socket; 0: make one */
	int echo;			/* the service: echo, else print */
	unsigned max_message;		/* bytes */
} opt = { .port = 7007, .max_message = 1 << 20 };

static int listener = -1;		/* sigio_udp: the socket itself */

static inline const char *address(const struct sockaddr_in *a, char text[24])
{
	const unsigned char *ip = (const void *)&a->sin_addr;

	if (a->sin_family == AF_UNIX)		/* by --fd; it has no name */
		format(text, 24, "unix");
	else
		format(text, 24, "%u.%u.%u.%u:%u", ip[0], ip[1], ip[2], ip[3],
		       to_be16(a->sin_port));
	return text;
}

/* ---- options ---- */

static void help(void)
{
	print(1, "Usage: " NAME " [OPTION...]\n" NAME ": " ABOUT "\n\n"
	      "  --port N         listen on port N; 0 lets the kernel choose (7007)\n"
	      "  --bind ADDR      on this IPv4 address (127.0.0.1)\n"
	      "  --fd N           on descriptor N, a socket that listens already\n"
	      "  --service NAME   print: collect what a peer sends until it closes,\n"
	      "                   then print it with the peer's address (the default)\n"
	      "                   echo: send every byte back\n"
	      "  --max-message N  print: refuse a message beyond N bytes (1048576)\n"
	      "  --help           show this\n\n"
	      "SIGTERM and SIGINT end it: what is in hand has two seconds.\n");
	sys_exit_group(0);
}

static unsigned ipv4(const char *text)
{
	unsigned char ip[4] = { 0 };
	const char *s = text;

	for (int i = 0; i < 4; i++) {
		const char *from = s;
		unsigned n = 0;

		for (; *s >= '0' && *s <= '9' && s - from < 3; s++)
			n = n * 10 + (*s - '0');
		if (s == from || n > 255 || *s != (i < 3 ? '.' : 0))
			fail(1, "bind %s: EINVAL: an IPv4 address such as "
			     "127.0.0.1 is wanted\n", text);
		ip[i] = n;
		s += i < 3;
	}
	return *(unsigned *)ip;
}

static void options(char **argv)
{
	const char *v;

	opt.addr = to_be32(INADDR_LOOPBACK);
	while (*++argv) {
		if (same(*argv, "--help"))
			help();
		if ((*argv)[0] != '-' || (*argv)[1] != '-')
			fail(2, "%s: not an option (--help)\n", *argv);
		if ((v = value("port", &argv)))
			opt.port = number("port", v, 65535);
		else if ((v = value("fd", &argv)))
			opt.fd = number("fd", v, CONNS - 1);
		else if ((v = value("bind", &argv)))
			opt.addr = ipv4(v);
		else if ((v = value("max-message", &argv)))
			opt.max_message = number("max-message", v, 1 << 30);
		else if ((v = value("service", &argv)) && same(v, "echo"))
			opt.echo = 1;
		else if (v && same(v, "print"))
			opt.echo = 0;
		else if (v)
			fail(2, "--service %s: print or echo is wanted\n", v);
		else
			fail(2, "%s: unknown option (--help)\n", *argv);
	}
}

/* ---- stopping ---- */

static int stopping;		/* set by on_stop; few models need to look */
static int datagrams;		/* sigio_udp: nothing to finish, no accept4 */
static int at_once;		/* --fd, AF_UNIX: accept4 would say EAGAIN */

static void on_stop(int sig, siginfo_t *info, void *context)
{
	static const struct itimerval two_seconds = { .it_value.tv_sec = 2 };

	(void)sig, (void)info, (void)context;
	if (__atomic_exchange_n(&stopping, 1, __ATOMIC_RELAXED) || at_once)
		sys_exit_group(0);		/* asked twice: at once */
	if (datagrams)
		return;
	sys_shutdown(listener, SHUT_RD);
	sys_setitimer(ITIMER_REAL, &two_seconds, NULL);
}

static void on_late(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
	print(2, NAME ": stopped; a peer had not closed after two seconds\n");
	sys_exit_group(0);
}

/*
 * SA_RESTART: an accept4 or recvfrom that the handler interrupts goes on
 * sleeping (and accept4 wakes at once, with EINVAL).  The calls that wait for
 * many descriptors return EINTR all the same: signal(7).
 */
static void on_signal(int sig, void (*handler)(int, siginfo_t *, void *),
		      unsigned long mask)
{
	struct kernel_sigaction act = {
		.handler = handler,
		.flags = SA_SIGINFO | SA_RESTART,
		.mask = mask,
	};

#ifdef SIGNAL_RETURN			/* x86-64: no default way back */
	act.flags |= SA_RESTORER;
	act.restorer = SIGNAL_RETURN;
#endif
	must(sys_rt_sigaction(sig, &act, NULL));
}

/* ---- the socket ---- */

static void socket_failed(const char *call, const struct sockaddr_in *a,
			  long err)
{
	char text[24];

	fail(1, "%s %s: %s%s\n", call, address(a, text), errno_name(err),
	     err == -EADDRINUSE ? ": another program has the port; --port N "
				  "takes another" :
	     err == -EACCES ? ": ports below 1024 want root or "
			      "CAP_NET_BIND_SERVICE; --port N takes another" :
	     err == -EADDRNOTAVAIL ? ": no interface has this address; "
				     "--bind 0.0.0.0 takes all" : "");
}

/*
 * The socket that whoever started us made, of any family (--fd).  With AF_UNIX
 * the fact that stopping rests on is none: a non-blocking accept4 says EAGAIN
 * though the listener is shut down and polls as ready.
 */
static void inherit_socket(int type)
{
	int found, len = sizeof(found);
	long err = sys_getsockopt(opt.fd, SOL_SOCKET, datagrams ? SO_TYPE
				  : SO_ACCEPTCONN, &found, &len);

	if (err)
		fail(1, "--fd %u: %s: a descriptor of a listening socket is "
		     "wanted\n", opt.fd, errno_name(err));
	if (found != (datagrams ? SOCK_DGRAM : 1))
		fail(1, "--fd %u: not a socket that %s\n", opt.fd,
		     datagrams ? "takes datagrams" : "listens");
	listener = opt.fd;
	len = sizeof(found);
	must(sys_getsockopt(listener, SOL_SOCKET, SO_DOMAIN, &found, &len));
	at_once = found == AF_UNIX;
	must(sys_fcntl(listener, F_SETFD, FD_CLOEXEC));
	must(sys_fcntl(listener, F_SETFL, type & SOCK_NONBLOCK ? O_NONBLOCK : 0));
}

static void open_socket(char **argv, int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int on = 1, len = sizeof(a);
	long err;

	options(argv);
	datagrams = (type & SOCK_DGRAM) != 0;
	on_signal(SIGTERM, on_stop, SIGNAL_BIT(SIGINT));
	on_signal(SIGINT, on_stop, SIGNAL_BIT(SIGTERM));
	on_signal(SIGALRM, on_late, 0);
	on_signal(SIGPIPE, (void *)SIG_IGN, 0);	/* write says EPIPE instead */
	if (opt.fd)
		return inherit_socket(type);

	listener = must(sys_socket(AF_INET, type, 0));
	if (listener <= 2)	/* a peer would get what is meant for stdout */
		fail(1, "descriptor %d is closed: give it /dev/null\n", listener);
	if (listener >= CONNS)	/* the tables have no place for it either */
		fail(1, "socket: descriptor %d is beyond %d: start it with "
		     "fewer open descriptors\n", listener, CONNS - 1);
	if (!datagrams) {
		/* Bind though connections of a former run are in TIME_WAIT. */
		must(sys_setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on,
				    sizeof(on)));
		/* Connections inherit it: an answer never waits for an ACK. */
		must(sys_setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on,
				    sizeof(on)));
	}
	a.sin_addr.s_addr = opt.addr;
	a.sin_port = to_be16(opt.port);
	err = sys_bind(listener, &a, sizeof(a));
	if (err)
		socket_failed("bind", &a, err);
	if (!datagrams) {
		/* Port 0 binds here, and two may have been given the same. */
		err = sys_listen(listener, SOMAXCONN);
		if (err)
			socket_failed("listen", &a, err);
	}
	if (!opt.port)
		must(sys_getsockname(listener, &a, &len));
	opt.port = to_be16(a.sin_port);
}

/* Tell that whoever comes from now on is served. */
static void announce(void)
{
	struct sockaddr_in a = {
		.sin_addr.s_addr = opt.addr,
		.sin_port = to_be16(opt.port),
	};
	char text[24];

	if (opt.fd)
		format(text, sizeof(text), "descriptor %u", opt.fd);
	print(2, NAME ": serving %s on %s\n", opt.echo ? "echo" : "print",
	      opt.fd ? text : address(&a, text));
}

/* flags: SOCK_NONBLOCK or 0.  The socket is `listener`. */
static void listen_on(char **argv, int flags)
{
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC | flags);
	announce();
}

/* ---- connections ---- */

/*
 * echo: `owed` bytes at `out` are still to be sent, from the buffer of the
 * last recvfrom or, when the socket was full, from mem.
 * print: mem holds the first `len` bytes of the message.
 */
struct conn {
	struct sockaddr_in peer;
	unsigned want;			/* events the interest set has */
	unsigned owed;			/* bytes */
	char *out;
	char *mem;			/* first[], or mmapped */
	unsigned len, cap;		/* bytes used in mem, and its size */
	char first[FIRST];
};

/* accept4 found no free descriptor or memory: connections stay queued. */
static inline int full(long err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOBUFS ||
	       err == -ENOMEM;
}

/* Sleep until ms have passed: the models that can but wait for a descriptor. */
static inline void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	sys_ppoll(NULL, 0, &t, NULL);
}

static inline void begin(struct conn *c, const struct sockaddr_in *peer)
{
	c->peer = *peer;
	c->mem = c->first;
	c->cap = FIRST;
	c->len = c->owed = c->want = 0;
}

static inline void end(struct conn *c)
{
	if (c->mem != c->first)
		sys_munmap(c->mem, c->cap);
	c->mem = c->first;
	c->len = c->owed = 0;
}

/* Make room for need bytes in mem.  0, or the -errno of mmap. */
static long grow(struct conn *c, unsigned need)
{
	unsigned cap = 4 * SCRATCH;
	char *mem;

	if (need <= c->cap)
		return 0;
	while (cap < need)
		cap *= 2;
	if (c->mem == c->first) {
		mem = sys_mmap(NULL, cap, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (failed(mem))
			return (long)mem;
		memcpy(mem, c->first, c->len);
	} else {
		mem = sys_mremap(c->mem, c->cap, cap, MREMAP_MAYMOVE);
		if (failed(mem))
			return (long)mem;
	}
	c->mem = mem;
	c->cap = cap;
	return 0;
}

/* ---- print: one line, safe for a terminal ---- */

/* The length of the valid UTF-8 character at s, of n bytes; 0 if it is none. */
static unsigned utf8(const unsigned char *s, unsigned n)
{
	unsigned len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
		       s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (!len || len > n)
		return 0;
	for (unsigned i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) ||	/* longer than need be */
	    (s[0] == 0xed && s[1] > 0x9f) ||	/* a surrogate */
	    (s[0] == 0xf0 && s[1] < 0x90) ||	/* longer than need be */
	    (s[0] == 0xf4 && s[1] > 0x8f))	/* beyond U+10FFFF */
		return 0;
	return len;
}

/*
 * Copy the character at s to `to`: as it is, or escaped (\n, \x1b) when it is
 * a control character, C1 ones such as U+009B (CSI) too, or no UTF-8.  Adds
 * to *out, which takes up to 8 bytes; returns how many of s it used.
 */
static unsigned escape(char **out, const unsigned char *s, unsigned n)
{
	unsigned len = utf8(s, n);
	int plain = len > 1 ? !(s[0] == 0xc2 && s[1] < 0xa0)
			    : len && s[0] >= 0x20 && s[0] != 0x7f;

	if (!len)
		len = 1;
	for (unsigned i = 0; i < len; i++) {
		if (plain) {
			*(*out)++ = s[i];
			continue;
		}
		*(*out)++ = '\\';
		if (s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
			*(*out)++ = s[i] == '\n' ? 'n' : s[i] == '\t' ? 't' : 'r';
			continue;
		}
		*(*out)++ = 'x';
		*(*out)++ = "0123456789abcdef"[s[i] >> 4];
		*(*out)++ = "0123456789abcdef"[s[i] & 15];
	}
	return len;
}

/* Everything or the end: nobody is left to read what a server prints. */
static void write_all(const char *buf, unsigned long len)
{
	while (len) {
		long n = retry(sys_write(1, buf, len));

		if (n == -EAGAIN) {		/* a pipe set to O_NONBLOCK */
			struct pollfd out = { .fd = 1, .events = POLLOUT };

			sys_ppoll(&out, 1, NULL, NULL);
			continue;
		}
		if (n < 0)
			fail(1, "write to stdout: %s: nobody can read what "
			     "arrives, so the server ends\n", errno_name(n));
		buf += n;
		len -= n;
	}
}

static void print_message(const struct sockaddr_in *peer, const char *message,
			  unsigned len)
{
	static struct lock one_line;		/* threads print too */
	static char line[64 << 10];
	char *at = line;

	lock(&one_line);
	address(peer, line);
	at += length(line);
	*at++ = ' ';
	for (unsigned i = 0; i < len; ) {
		i += escape(&at, (const unsigned char *)message + i, len - i);
		if (at > line + sizeof(line) - 32) {
			write_all(line, at - line);
			at = line;
		}
	}
	*at++ = '\n';
	write_all(line, at - line);
	unlock(&one_line);
}

/* Why a connection ends before its time, on stderr. */
static void gave_up(const struct conn *c, const char *why)
{
	char text[24];

	print(2, NAME ": %s: %s; %u bytes dropped\n", address(&c->peer, text),
	      why, opt.echo ? c->owed : c->len);
}

/*
 * What recvfrom returned, n, goes to the service.  Returns 0 to go on, 1 when
 * the connection has ended: the peer closed, or failed, or said too much.
 */
static int take(struct conn *c, char *buf, long n)
{
	if (n < 0) {
		gave_up(c, errno_name(n));
		return 1;
	}
	if (opt.echo) {
		c->out = buf;
		c->owed = n;
		return !n;
	}
	if (!n) {
		if (c->len)
			print_message(&c->peer, c->mem, c->len);
		return 1;
	}
	if (n > opt.max_message - c->len) {
		gave_up(c, "the message is beyond --max-message");
		return 1;
	}
	if (grow(c, c->len + n)) {
		gave_up(c, "no memory for the message");
		return 1;
	}
	memcpy(c->mem + c->len, buf, n);
	c->len += n;
	return 0;
}

/*
 * What sendto returned, n.  Returns 0 to go on, 1 when the peer is gone.  What
 * a full socket left is kept in mem: the buffer is everybody's.
 */
static int sent(struct conn *c, long n)
{
	if (n < 0 && n != -EAGAIN) {
		gave_up(c, errno_name(n));
		return 1;
	}
	if (n > 0) {
		c->out += n;
		c->owed -= n;
	}
	if (!c->owed || (c->out >= c->mem && c->out < c->mem + c->cap))
		return 0;
	if (grow(c, c->owed)) {
		gave_up(c, "no memory for what the socket did not take");
		return 1;
	}
	memcpy(c->mem, c->out, c->owed);
	c->out = c->mem;
	return 0;
}

/* accept4 gave a descriptor that no table has a place for. */
static inline int beyond_table(int fd)
{
	if (fd < CONNS)
		return 0;
	print(2, NAME ": descriptor %d: no place beyond %d; refused\n", fd,
	      CONNS - 1);
	sys_close(fd);
	return 1;
}

#endif
