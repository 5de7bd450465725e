/* SPDX-License-Identifier: MIT */
/*
 * listen.h - the listening socket: made here or inherited, and announced
 */
#ifndef IOMODELS_LISTEN_H
#define IOMODELS_LISTEN_H

#include "server_options.h"
#include "stop.h"

static int family = AF_INET;		/* of the socket; --fd may change it */

static void socket_failed(const char *call, const struct sockaddr_in *a,
			  long err)
{
	char text[24];

	fail(1, "%s %s: %s%s\n", call, address(a, text), errno_name(err),
	     err == -EADDRINUSE ? ": another program has the port; use another "
				  "--port" :
	     err == -EACCES ? ": a low port needs CAP_NET_BIND_SERVICE, or a "
			      "security module refuses it; use another --port" :
	     err == -EADDRNOTAVAIL ? ": no interface has this address; --bind "
				     "0.0.0.0 listens on every address" : "");
}

/* A socket would get this number, and a peer what goes to stdout or stderr. */
static void closed(int fd)
{
	fail(1, "descriptor %d is closed: redirect it to /dev/null\n", fd);
}

static int socket_option(int option)
{
	int found, len = sizeof(found);
	long err = sys_getsockopt(opt.fd, SOL_SOCKET, option, &found, &len);

	if (err)
		fail(1, "--fd %d: %s: expected the descriptor of a listening "
		     "socket\n", opt.fd, errno_name(err));
	return found;
}

/*
 * The socket of the program that started this one (--fd): a listening stream
 * socket, or one for datagrams.  SOCK_SEQPACKET keeps the bounds of messages,
 * which no server here does.
 * AF_UNIX lacks the property that stopping relies on.  A non-blocking accept4
 * returns EAGAIN although the listener is shut down.  But poll reports it as
 * ready, so listener_ended() polls it.
 */
static void inherit_socket(int type)
{
	for (int fd = 0; fd <= 2; fd++)
		if (sys_fcntl(fd, F_GETFD, 0) < 0)
			closed(fd);
	if (socket_option(SO_TYPE) != (datagrams ? SOCK_DGRAM : SOCK_STREAM))
		fail(1, "--fd %d: not a socket that takes %s\n", opt.fd,
		     datagrams ? "datagrams" : "streams (SOCK_STREAM)");
	if (!datagrams && !socket_option(SO_ACCEPTCONN))
		fail(1, "--fd %d: not a socket that listens\n", opt.fd);
	listener = opt.fd;
	family = socket_option(SO_DOMAIN);
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		fail(1, "--fd %d: expected a socket of IPv4, IPv6 or AF_UNIX\n",
		     opt.fd);
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
	if (datagrams && opt.reply)
		fail(2, "--service reply: datagrams need print or echo\n");
	stop_on_signals();
	if (opt.fd >= 0)
		return inherit_socket(type);

	listener = must(sys_socket(AF_INET, type, 0));
	if (listener <= 2)
		closed(listener);
	if (listener >= CONNS)	/* the tables have no place for it either */
		fail(1, "socket: descriptor %d is above %d: start the server "
		     "with fewer open descriptors\n", listener, CONNS - 1);
	if (!datagrams) {
		/* Bind even if connections of a former run are in TIME_WAIT. */
		must(sys_setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on,
				    sizeof(on)));
		/* Connections inherit it: Nagle delays no answer. */
		must(sys_setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on,
				    sizeof(on)));
	}
	a.sin_addr.s_addr = opt.addr;
	a.sin_port = to_be16(opt.port);
	err = sys_bind(listener, &a, sizeof(a));
	if (err)
		socket_failed("bind", &a, err);
	if (!datagrams) {
		/* With --port 0 two servers may have been given the same port. */
		err = sys_listen(listener, SOMAXCONN);
		if (err)
			socket_failed("listen", &a, err);
	}
	if (!opt.port)
		must(sys_getsockname(listener, &a, &len));
	opt.port = to_be16(a.sin_port);
}

/* Announce that the server is ready. */
static void announce(void)
{
	struct sockaddr_in a = {
		.sin_addr.s_addr = opt.addr,
		.sin_port = to_be16(opt.port),
	};
	char text[24];

	if (stopping)		/* before there was a listener to shut down */
		sys_exit_group(0);
	if (opt.fd >= 0)
		format(text, sizeof(text), "descriptor %d", opt.fd);
	print(2, NAME ": serving %s on %s\n", service_name(),
	      opt.fd >= 0 ? text : address(&a, text));
}

/* flags: SOCK_NONBLOCK or 0.  The socket is `listener`. */
static void listen_on(char **argv, int flags)
{
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC | flags);
	announce();
}

#endif
