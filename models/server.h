/* SPDX-License-Identifier: MIT */
/*
 * server.h - what all servers share, so that a model file shows its model
 *
 * server_options.h  the options
 * stop.h            SIGTERM and SIGINT
 * warn.h            a line on stderr
 * listen.h          the listening socket
 * conn.h            a connection and its buffer, the services
 * reply.h           the request of the service reply
 * message.h         the line that the service print writes
 *
 * The calls that wait and the calls that copy are not here: each model makes
 * its own.  What a capture shows of these files, in order:
 *
 *     rt_sigaction x4  rt_sigprocmask   SIGTERM SIGINT SIGALRM SIGPIPE
 *     socket setsockopt x2 bind listen  (datagrams: only socket and bind)
 *     getsockname                       only with --port 0
 *     fcntl x3 getsockopt x3 fcntl x2   --fd, instead of socket to getsockname
 *                                       (datagrams: getsockopt x2)
 *     write                             the line "NAME: serving ..." on stderr,
 *                                       after what the model sets up
 *   print, at the end of a message:
 *     write                             the line on stdout; it waits while
 *                                       stdout is full: no message is lost
 *   any service:
 *     mmap mremap munmap                what FIRST bytes cannot hold: a long
 *                                       message, or what a full socket left
 *   a peer that fails, or is refused:
 *     ppoll write                       a line on stderr, if there is room
 *   SIGTERM or SIGINT:
 *     shutdown setitimer rt_sigreturn   then accept4 = EINVAL in the model
 *                                       (datagrams: no shutdown)
 */
#ifndef IOMODELS_SERVER_H
#define IOMODELS_SERVER_H

#include "../syscalls/start.h"
#include "../syscalls/program.h"
#include "../syscalls/thread.h"
#include "server_options.h"
#include "stop.h"
#include "listen.h"
#include "conn.h"

#endif
