/* SPDX-License-Identifier: MIT */
/*
 * server_options.h - the options that all servers have
 */
#ifndef IOMODELS_SERVER_OPTIONS_H
#define IOMODELS_SERVER_OPTIONS_H

#include "address.h"
#include "reply.h"

/* A table has places for this many descriptors; a higher one is refused. */
enum { CONNS = 16384 };

static struct {
	unsigned addr;			/* network byte order */
	unsigned port;
	int fd;				/* a listening socket; -1: make one */
	int echo;			/* the service answers; else it prints */
	int reply;			/* and answers as in reply.h */
	unsigned max_message;		/* bytes */
} opt = { .port = 7007, .fd = -1, .max_message = 1 << 20 };

static void help(void)
{
	print(1, "Usage: " NAME " [OPTION...]\n" NAME ": " ABOUT "\n\n"
	      "  --port N         listen on port N (default 7007); 0: any free port\n"
	      "  --bind ADDR      on this IPv4 address (default 127.0.0.1)\n"
	      "  --fd N           on descriptor N, a socket that listens already\n"
	      "  --service NAME   print: collect what a peer sends until it closes,\n"
	      "                   then print it with the peer's address (the default)\n"
	      "                   echo: send every byte back\n"
	      "                   reply: do the work that a request asks for, then send\n"
	      "                   an answer of the length it gives (for iomodels compare)\n"
	      "  --max-message N  print: refuse a longer message (default 1048576)\n"
	      "  --help           show this\n\n"
	      "SIGTERM and SIGINT end the server; open connections get two seconds to end.\n");
	sys_exit_group(0);
}

static inline const char *service_name(void)
{
	return opt.reply ? "reply" : opt.echo ? "echo" : "print";
}

static void choose_service(const char *name)
{
	opt.reply = same(name, "reply");
	opt.echo = opt.reply || same(name, "echo");
	if (opt.reply)
		reply_begin();
	else if (!opt.echo && !same(name, "print"))
		fail(2, "--service %s: expected print, echo or reply\n", name);
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
		else if ((v = value("service", &argv)))
			choose_service(v);
		else
			fail(2, "%s: unknown option (--help)\n", *argv);
	}
}

#endif
