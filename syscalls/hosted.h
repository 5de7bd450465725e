/* SPDX-License-Identifier: MIT */
/*
 * hosted.h - libc's headers instead of the kernel's, for sys.h
 *
 * A twin is a program written with a library.  The library's header includes
 * libc's headers.  They declare the same structures as the kernel's, so no file
 * can include both.  A hosted program that includes sys.h (or server.h or
 * file_job.h, which do) gets libc's headers from here.  The sys_ functions are
 * the same: for its service and options a twin makes the same calls as the
 * program without the library; the library itself makes the other calls.
 */
#ifndef IOMODELS_HOSTED_H
#define IOMODELS_HOSTED_H

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/futex.h>

/* A flag of rt_sigaction(2), which libc sets for its users. */
#if !defined(SA_RESTORER) && !defined(__riscv)
#define SA_RESTORER 0x04000000
#endif

#endif
