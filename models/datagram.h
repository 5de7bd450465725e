/* SPDX-License-Identifier: MIT */
/*
 * datagram.h - who sent a datagram, on a socket of IPv4, IPv6 or AF_UNIX
 *
 * The socket that a server opens itself is of IPv4; one that it inherits (--fd)
 * may be of the others.  A sender on AF_UNIX with no address (neither bind nor
 * SO_PASSCRED gave it one): what it says is printed, but it gets no answer.
 */
#ifndef IOMODELS_DATAGRAM_H
#define IOMODELS_DATAGRAM_H

#include <linux/in6.h>
#include "address.h"
#include "listen.h"
#include "message.h"
#include "warn.h"

union sender {
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

enum { SENDER_TEXT = 64 };

/* [fe80::1]:7007, as in RFC 5952: the longest run of zeros is left out. */
static const char *ipv6(const struct sockaddr_in6 *a, char text[SENDER_TEXT])
{
	const unsigned short *group = a->sin6_addr.s6_addr16;
	int zeros = 8, run = 1, n;

	for (int i = 0; i < 8; i++) {
		int end = i;

		while (end < 8 && !group[end])
			end++;
		if (end - i > run) {
			zeros = i;
			run = end - i;
		}
	}
	n = format(text, SENDER_TEXT, "[");
	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			n += format(text + n, SENDER_TEXT - n, "::");
			i += run - 1;
			continue;
		}
		n += format(text + n, SENDER_TEXT - n,
			    i && i != zeros + run ? ":%x" : "%x",
			    to_be16(group[i]));
	}
	format(text + n, SENDER_TEXT - n, "]:%u", to_be16(a->sin6_port));
	return text;
}

/* from: the first member of a union sender; text: SENDER_TEXT bytes. */
static const char *sender_text(const struct sockaddr_in *from, char *text)
{
	if (family == AF_INET6)
		return ipv6((const void *)from, text);
	if (family != AF_UNIX)
		return address(from, text);
	format(text, SENDER_TEXT, "unix");	/* it may have no address */
	return text;
}

/* Report that a datagram of n bytes is not served, and why. */
static void not_served(const union sender *from, long n, const char *why)
{
	char text[SENDER_TEXT];

	warn("%s: %s; %ld byte%s dropped\n", sender_text(&from->in, text), why, n,
	     n == 1 ? "" : "s");
}

#endif
