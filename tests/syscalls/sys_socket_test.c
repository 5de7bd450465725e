/* SPDX-License-Identifier: MIT */
/*
 * sys_socket_test.c - the calls on sockets and those that wait: every errno
 *
 * Also built against libc (make check-libc): a difference is a bug.
 */
#include "net.h"

TEST(socket)
{
	EXPECT_GE(sys_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
	EXPECT_GE(sys_socket(AF_INET, SOCK_DGRAM, 0), 0);
	EXPECT_ERR(-EAFNOSUPPORT, sys_socket(9999, SOCK_STREAM, 0));
	if (!tap_emulated())			/* it cuts what it does not know */
		EXPECT_ERR(-EINVAL, sys_socket(AF_INET, 99, 0));
	EXPECT_ERR(-EPROTONOSUPPORT, sys_socket(AF_INET, SOCK_STREAM,
						IPPROTO_UDP));
}

TEST(socketpair)
{
	int s[2];

	EXPECT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	EXPECT_ERR(-EOPNOTSUPP, sys_socketpair(AF_INET, SOCK_STREAM, 0, s));
	EXPECT_ERR(-EFAULT, sys_socketpair(AF_UNIX, SOCK_STREAM, 0, NOWHERE));
}

TEST(bind)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = to_be32(0xc0000201) };
	int fd = sys_socket(AF_INET, SOCK_STREAM, 0);

	EXPECT_ERR(-EADDRNOTAVAIL, sys_bind(fd, &a, sizeof(a)));
	EXPECT_ERR(-EINVAL, sys_bind(fd, &a, 3));
	EXPECT_ERR(-EBADF, sys_bind(-1, &a, sizeof(a)));
	EXPECT_ERR(-ENOTSOCK, sys_bind(sys_epoll_create1(0), &a, sizeof(a)));
	a.sin_family = AF_UNIX;
	EXPECT_ERR(-EAFNOSUPPORT, sys_bind(fd, &a, sizeof(a)));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = to_be32(INADDR_LOOPBACK);
	EXPECT_EQ(0, sys_bind(fd, &a, sizeof(a)));
	EXPECT_ERR(-EINVAL, sys_bind(fd, &a, sizeof(a)));
}

TEST(listen)
{
	EXPECT_EQ(0, sys_listen(sys_socket(AF_INET, SOCK_STREAM, 0), 1));
	EXPECT_ERR(-EBADF, sys_listen(-1, 1));
	EXPECT_ERR(-ENOTSOCK, sys_listen(sys_epoll_create1(0), 1));
	EXPECT_ERR(-EOPNOTSUPP, sys_listen(sys_socket(AF_INET, SOCK_DGRAM, 0), 1));
}

TEST(accept4)
{
	int l = net_listener(SOCK_NONBLOCK), len = -1, c;
	struct sockaddr_in a, b;

	EXPECT_ERR(-EAGAIN, sys_accept4(l, NULL, NULL, 0));
	EXPECT_ERR(-EBADF, sys_accept4(-1, NULL, NULL, 0));
	EXPECT_ERR(-EINVAL, sys_accept4(sys_socket(AF_INET, SOCK_STREAM, 0),
					NULL, NULL, 0));
	EXPECT_ERR(-EOPNOTSUPP, sys_accept4(sys_socket(AF_INET, SOCK_DGRAM, 0),
					    NULL, NULL, 0));
	if (!tap_emulated())			/* it drops flags unknown to it */
		EXPECT_ERR(-EINVAL, sys_accept4(l, NULL, NULL, 1 << 30));
	c = net_connect();
	net_wait(l, POLLIN);
	EXPECT_ERR(-EINVAL, sys_accept4(l, &a, &len, 0));
	c = net_connect();
	net_wait(l, POLLIN);
	len = sizeof(a);
	EXPECT_GE(sys_accept4(l, &a, &len, SOCK_CLOEXEC), 0);
	EXPECT_EQ(sizeof(a), len);
	EXPECT_EQ(AF_INET, a.sin_family);
	EXPECT_EQ(0, sys_getsockname(c, &b, &len));
}

TEST(connect)
{
	int l = net_listener(0), fd = sys_socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in gone;

	EXPECT_EQ(0, sys_connect(fd, &net_addr, sizeof(net_addr)));
	EXPECT_ERR(-EISCONN, sys_connect(fd, &net_addr, sizeof(net_addr)));
	EXPECT_ERR(-EBADF, sys_connect(-1, &net_addr, sizeof(net_addr)));
	gone = net_addr;
	sys_close(l);
	fd = sys_socket(AF_INET, SOCK_STREAM, 0);
	EXPECT_ERR(-ECONNREFUSED, sys_connect(fd, &gone, sizeof(gone)));
	EXPECT_ERR(-EINVAL, sys_connect(fd, &gone, 3));
}

/* A socket that does not block starts; the next call says how it went. */
TEST(connect_without_blocking)
{
	int fd = sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), err = -1;
	int l = net_listener(0), len = sizeof(err);

	EXPECT_ERR(-EINPROGRESS, sys_connect(fd, &net_addr, sizeof(net_addr)));
	net_wait(fd, POLLOUT);
	EXPECT_EQ(0, sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len));
	EXPECT_EQ(0, err);
	sys_close(l);
}

TEST(shutdown)
{
	int s[2], fd = sys_socket(AF_INET, SOCK_STREAM, 0);
	char c;

	net_pair(s, 0);
	EXPECT_EQ(0, sys_shutdown(s[0], SHUT_WR));
	EXPECT_EQ(0, sys_read(s[1], &c, 1));
	EXPECT_ERR(-EINVAL, sys_shutdown(s[0], 99));
	EXPECT_ERR(-ENOTCONN, sys_shutdown(fd, SHUT_RD));
	EXPECT_ERR(-EBADF, sys_shutdown(-1, SHUT_RD));
	EXPECT_ERR(-ENOTSOCK, sys_shutdown(sys_epoll_create1(0), SHUT_RD));
}

TEST(names_of_a_socket)
{
	int s[2], len = sizeof(struct sockaddr_in), fd;
	struct sockaddr_in a, b;

	net_pair(s, 0);
	EXPECT_EQ(0, sys_getsockname(s[0], &a, &len));
	EXPECT_EQ(0, sys_getpeername(s[1], &b, &len));
	EXPECT_EQ(a.sin_port, b.sin_port);
	fd = sys_socket(AF_INET, SOCK_STREAM, 0);
	EXPECT_ERR(-ENOTCONN, sys_getpeername(fd, &a, &len));
	EXPECT_ERR(-EBADF, sys_getpeername(-1, &a, &len));
	EXPECT_ERR(-EBADF, sys_getsockname(-1, &a, &len));
	len = -1;
	EXPECT_ERR(-EINVAL, sys_getsockname(fd, &a, &len));
}

TEST(sockopt)
{
	int fd = sys_socket(AF_INET, SOCK_STREAM, 0), on = 1, v = 0, len = 4;

	EXPECT_EQ(0, sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, 4));
	EXPECT_EQ(0, sys_getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, &len));
	EXPECT_EQ(1, v);
	EXPECT_ERR(-EINVAL, sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, 1));
	EXPECT_ERR(-EBADF, sys_setsockopt(-1, SOL_SOCKET, SO_REUSEADDR, &on, 4));
	EXPECT_ERR(-EBADF, sys_getsockopt(-1, SOL_SOCKET, SO_REUSEADDR, &v, &len));
	if (tap_emulated())			/* it knows only some options */
		return;
	EXPECT_ERR(-ENOPROTOOPT, sys_setsockopt(fd, SOL_SOCKET, 9999, &on, 4));
	EXPECT_ERR(-ENOPROTOOPT, sys_getsockopt(fd, SOL_SOCKET, 9999, &v, &len));
}

TEST(sendto_and_recvfrom)
{
	struct sockaddr_in a = { 0 };
	int s[2], len = sizeof(a), udp = sys_socket(AF_INET, SOCK_DGRAM, 0);
	char buf[4] = "";

	a.sin_family = AF_INET;
	a.sin_addr.s_addr = to_be32(INADDR_LOOPBACK);
	ASSERT_EQ(0, sys_bind(udp, &a, sizeof(a)));
	ASSERT_EQ(0, sys_getsockname(udp, &a, &len));
	EXPECT_EQ(2, sys_sendto(udp, "ab", 2, 0, &a, sizeof(a)));
	EXPECT_EQ(2, sys_recvfrom(udp, buf, 4, 0, &a, &len));
	EXPECT_STR("ab", buf);
	EXPECT_ERR(-EAGAIN, sys_recvfrom(udp, buf, 4, MSG_DONTWAIT, NULL, NULL));
	EXPECT_ERR(-EDESTADDRREQ, sys_sendto(udp, "a", 1, 0, NULL, 0));
	EXPECT_ERR(-EBADF, sys_recvfrom(-1, buf, 4, 0, NULL, NULL));
	EXPECT_ERR(-EBADF, sys_sendto(-1, "a", 1, 0, NULL, 0));
	EXPECT_ERR(-ENOTSOCK, sys_recvfrom(sys_epoll_create1(0), buf, 4, 0,
					   NULL, NULL));
	EXPECT_ERR(-ENOTCONN, sys_recvfrom(sys_socket(AF_INET, SOCK_STREAM, 0),
					   buf, 4, 0, NULL, NULL));
	net_pair(s, 0);
	EXPECT_EQ(1, sys_sendto(s[0], "x", 1, MSG_NOSIGNAL, NULL, 0));
	EXPECT_EQ(1, sys_recvfrom(s[1], buf, 4, MSG_PEEK, NULL, NULL));
	EXPECT_EQ(1, sys_recvfrom(s[1], buf, 4, 0, NULL, NULL));
}

TEST(sendto_too_long)
{
	static char big[70000];
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = to_be16(9),
				 .sin_addr.s_addr = to_be32(INADDR_LOOPBACK) };

	EXPECT_ERR(-EMSGSIZE, sys_sendto(sys_socket(AF_INET, SOCK_DGRAM, 0), big,
					 sizeof(big), 0, &a, sizeof(a)));
}

TEST(sendmsg_and_recvmsg)
{
	char in[4] = "";
	struct iovec out[2] = { { "a", 1 }, { "bc", 2 } }, to = { in, 4 };
	struct msghdr m = { .msg_iov = out, .msg_iovlen = 2 };
	int s[2];

	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	EXPECT_EQ(3, sys_sendmsg(s[0], &m, MSG_NOSIGNAL));
	m.msg_iov = &to;
	m.msg_iovlen = 1;
	EXPECT_EQ(3, sys_recvmsg(s[1], &m, 0));
	EXPECT_STR("abc", in);
	EXPECT_ERR(-EAGAIN, sys_recvmsg(s[1], &m, MSG_DONTWAIT));
	EXPECT_ERR(-EBADF, sys_recvmsg(-1, &m, 0));
	EXPECT_ERR(-EBADF, sys_sendmsg(-1, &m, 0));
}

/* ---- waiting: more of it in epoll_test, poll_test and select_test ---- */

TEST(epoll)
{
	struct epoll_event ev = { .events = EPOLLOUT };
	int s[2], ep = ASSERT_GE(sys_epoll_create1(EPOLL_CLOEXEC), 0);

	EXPECT_ERR(-EINVAL, sys_epoll_create1(1));
	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	EXPECT_EQ(0, sys_epoll_ctl(ep, EPOLL_CTL_ADD, s[0], &ev));
	EXPECT_ERR(-EINVAL, sys_epoll_ctl(ep, 99, s[0], &ev));
	EXPECT_EQ(1, sys_epoll_pwait(ep, &ev, 1, -1, NULL));
	EXPECT_ERR(-EINVAL, sys_epoll_pwait(ep, &ev, 0, 0, NULL));
	EXPECT_ERR(-EINVAL, sys_epoll_pwait(s[0], &ev, 1, 0, NULL));
	EXPECT_ERR(-EBADF, sys_epoll_pwait(-1, &ev, 1, 0, NULL));
	EXPECT_ERR(-EFAULT, sys_epoll_pwait(ep, NOWHERE, 1, 0, NULL));
}

TEST(ppoll)
{
	struct timespec bad = { .tv_nsec = -1 }, zero = { 0 };

	EXPECT_EQ(0, sys_ppoll(NULL, 0, &zero, NULL));
	EXPECT_ERR(-EINVAL, sys_ppoll(NULL, 0, &bad, NULL));
	EXPECT_ERR(-EFAULT, sys_ppoll(NOWHERE, 1, &zero, NULL));
}

#ifdef __NR_select
TEST(select)
{
	struct timeval zero = { 0 }, bad = { .tv_sec = -1 };

	EXPECT_EQ(0, sys_select(0, NULL, NULL, NULL, &zero));
	EXPECT_ERR(-EINVAL, sys_select(-1, NULL, NULL, NULL, &zero));
	EXPECT_ERR(-EINVAL, sys_select(0, NULL, NULL, NULL, &bad));
	EXPECT_ERR(-EFAULT, sys_select(1, NOWHERE, NULL, NULL, &zero));
}
#endif
