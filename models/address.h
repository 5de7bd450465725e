/* SPDX-License-Identifier: MIT */
/*
 * address.h - an IPv4 address as text, and read from text
 *
 * A socket that was inherited (--fd) may be of another family.  Its peers are
 * served, but there is room for an IPv4 address only: an IPv6 peer is shown by
 * its port, a peer on AF_UNIX as "unix".
 */
#ifndef IOMODELS_ADDRESS_H
#define IOMODELS_ADDRESS_H

#include "../syscalls/start.h"
#include "../syscalls/program.h"

static inline const char *address(const struct sockaddr_in *a, char text[24])
{
	const unsigned char *ip = (const void *)&a->sin_addr;

	if (a->sin_family == AF_UNIX)
		format(text, 24, "unix");
	else if (a->sin_family == AF_INET6)	/* sin6_port is at sin_port */
		format(text, 24, "[IPv6]:%u", to_be16(a->sin_port));
	else
		format(text, 24, "%u.%u.%u.%u:%u", ip[0], ip[1], ip[2], ip[3],
		       to_be16(a->sin_port));
	return text;
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
			fail(1, "bind %s: EINVAL: expected an IPv4 address "
			     "such as 127.0.0.1\n", text);
		ip[i] = n;
		s += i < 3;
	}
	return *(unsigned *)ip;
}

#endif
