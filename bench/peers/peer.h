/* SPDX-License-Identifier: MIT */
/*
 * peer.h - what the echo servers on other people's event loops share
 *
 * They have in common with our own servers: the options, the listening socket
 * and how it is set up (TCP_NODELAY, SO_REUSEADDR, SOMAXCONN), the size of a
 * receive, what becomes of bytes that a full socket did not take.  All of it is
 * server.h's, so that a comparison shows the loop and nothing else.  A peer
 * echoes, or replies (models/reply.h), unless it defines ECHO_ONLY.
 *
 * It stops as a model does: on_stop shuts the listener down, accept4 says
 * EINVAL, the peer closes the listener, and a loop without anything to watch
 * ends by itself.
 */
#ifndef IOMODELS_PEER_H
#define IOMODELS_PEER_H

#include "../../models/server.h"

#ifdef ECHO_ONLY
#define SERVES_REPLY ""
#else
#define SERVES_REPLY \
	"                   reply: do the work that a request asks for, then send\n" \
	"                   an answer of the length it gives\n"
#endif

/* The listener, non-blocking, is in `listener`. */
static void listen_as_peer(char **argv)
{
	opt.echo = 1;
	for (char **word = argv + 1; *word; word++)
		if (same(*word, "--help")) {
			print(1, "Usage: " NAME " [OPTION...]\n" NAME ": " ABOUT
			      "\n\n"
			      "  --port N         listen on port N (default "
			      "7007); 0: any free port\n"
			      "  --bind ADDR      on this IPv4 address (default "
			      "127.0.0.1)\n"
			      "  --fd N           on descriptor N, a socket that "
			      "listens already\n"
			      "  --service NAME   echo: send every byte back\n"
			      SERVES_REPLY
			      "  --help           show this\n");
			sys_exit_group(0);
		}
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!opt.echo || (opt.reply && !*SERVES_REPLY))
		fail(2, "--service %s: not a service of this peer\n",
		     service_name());
	announce();
}

#endif
