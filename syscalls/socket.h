/* SPDX-License-Identifier: MIT */
/*
 * socket.h - the socket constants and structures that uapi headers leave out
 *
 * The kernel shares linux/in.h and linux/tcp.h with programs, but keeps
 * AF_INET, SOCK_STREAM, MSG_NOSIGNAL and struct msghdr in its own
 * include/linux/socket.h and include/linux/net.h: libc carries a copy, and
 * so do we.  The values are the same on all three architectures.
 */
#ifndef IOMODELS_SOCKET_H
#define IOMODELS_SOCKET_H

#if !__STDC_HOSTED__
#include <linux/in.h>		/* sockaddr_in, IPPROTO_*, INADDR_* */
#include <linux/socket.h>	/* struct __kernel_sockaddr_storage */
#include <linux/tcp.h>		/* TCP_NODELAY */
#include <linux/un.h>		/* sockaddr_un */
#include <linux/uio.h>		/* struct iovec */
#include <asm/socket.h>		/* SOL_SOCKET, SO_* */

enum { AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10 };

enum {
	SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5,
	SOCK_NONBLOCK = 04000, SOCK_CLOEXEC = 02000000,
};

enum {
	MSG_OOB = 0x1, MSG_PEEK = 0x2, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40,
	MSG_WAITALL = 0x100, MSG_ERRQUEUE = 0x2000, MSG_NOSIGNAL = 0x4000,
	MSG_MORE = 0x8000, MSG_WAITFORONE = 0x10000, MSG_ZEROCOPY = 0x4000000,
};

enum { SHUT_RD, SHUT_WR, SHUT_RDWR };
enum { SOMAXCONN = 4096 };	/* cut to net.core.somaxconn by listen(2) */

struct sockaddr;		/* any of sockaddr_in, sockaddr_un, ... */

struct msghdr {
	void *msg_name;
	int msg_namelen;
	struct iovec *msg_iov;
	unsigned long msg_iovlen;
	void *msg_control;
	unsigned long msg_controllen;
	unsigned msg_flags;
};

struct mmsghdr {
	struct msghdr msg_hdr;
	unsigned msg_len;
};

struct linger {
	int l_onoff;
	int l_linger;		/* seconds; 0 makes close(2) send a reset */
};
#endif

static inline unsigned short to_be16(unsigned short host)
{
	return __builtin_bswap16(host);	/* all three run little-endian */
}

static inline unsigned to_be32(unsigned host)
{
	return __builtin_bswap32(host);
}

#endif
