/* SPDX-License-Identifier: MIT */
/*
 * send.c - iomodels send: the clients of the tutorial
 *
 * They open a socket and send JSON objects, nothing between them:
 *
 *     {"send_user": "eve", "send_time": "2026-11-20 21:53:16", "send_msg": "hi"}
 *
 * Each client is a socket that never blocks, and one poll() waits for all.
 * After its last message a TCP client shuts down its write side, so that the
 * server sees the end, and reads until the server closes: what an echo server
 * sends back is shown.  A UDP client waits ANSWER_MS for an answer.
 */
#include <errno.h>
#include <error.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"

enum { CLIENTS_MAX = 100000, ANSWER_MS = 500, DATAGRAM = 65536 };

struct request {
	int udp;
	const char *host;
	long port, repeat, pause_ms, clients;
	const char *user, *message;
	char text[300];			/* the server's "ADDR:PORT" */
};

/* What a client does next; POLLOUT is asked for in the first two. */
enum stage { CONNECTS, SENDS, PAUSES, READS, DONE, FAILED };

struct client {
	enum stage stage;
	int number, fd;
	long to_send;			/* messages, this one included */
	long long wakes_at;		/* ms: PAUSES, and a UDP client's READS */
	char *message;			/* JSON */
	size_t len, sent;		/* bytes; all messages are as long */
	char *back;			/* what came back, not yet shown */
	size_t back_len, back_cap;
	long shown;			/* messages that came back */
};

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ---- the message ---- */

/* RFC 8259: quote, backslash and control characters are escaped; no others. */
static void put_json_string(FILE *f, const char *s)
{
	putc('"', f);
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(f, "\\u%04x", *s);
		else
			putc(*s, f);
	putc('"', f);
}

static char *make_message(const struct request *r, size_t *len)
{
	time_t now = time(NULL);
	char when[32];
	char *text;
	FILE *f = open_memstream(&text, len);

	if (!f)
		error(1, errno, "no memory");
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime(&now));
	fputs("{\"send_user\": ", f);
	put_json_string(f, r->user);
	fprintf(f, ", \"send_time\": \"%s\", \"send_msg\": ", when);
	put_json_string(f, r->message);
	putc('}', f);
	if (fclose(f))
		error(1, errno, "no memory");
	return text;
}

/* ---- errors ---- */

static const char *remedy(const struct request *r, int err, char text[160])
{
	switch (err) {
	case ECONNREFUSED:
		snprintf(text, 160, ": is a server running? %.60s serve %s "
			 "--port %ld starts one", iomodels_path, r->udp ? "sigio_udp"
			 : "epoll", r->port);
		return text;
	case ECONNRESET:
	case EPIPE:
		return ": the server closed the connection before it had read "
		       "everything; its stderr may say why";
	case EMSGSIZE:
		return ": a UDP datagram holds 65507 bytes at most; a TCP "
		       "server takes more";
	case EMFILE:
		return ": use fewer --clients, or raise ulimit -n";
	case EADDRNOTAVAIL:
		return ": no local port is free; use fewer --clients";
	}
	return "";
}

static void give_up(struct client *c, const struct request *r,
		    const char *call, int err)
{
	char text[160];

	error(0, 0, "%s %s: %s (%s)%s", call, r->text, strerror(err),
	      strerrorname_np(err), remedy(r, err, text));
	c->stage = FAILED;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* ---- what comes back ---- */

static void show(const struct client *c, const struct request *r,
		 const char *s, size_t len)
{
	if (r->clients > 1)
		printf("client %d: ", c->number);
	print_safely(s, len);
	putchar('\n');
	fflush(stdout);
}

/* An echo of each message is a line, as soon as it is whole. */
static void came_back(struct client *c, const struct request *r,
		      const char *s, size_t len)
{
	if (r->udp) {				/* a datagram is whole */
		show(c, r, s, len);
		c->shown++;
		return;
	}
	if (c->back_len + len > c->back_cap) {
		c->back_cap = 2 * (c->back_len + len);
		c->back = realloc(c->back, c->back_cap);
		if (!c->back)
			error(1, errno, "no memory");
	}
	memcpy(c->back + c->back_len, s, len);
	c->back_len += len;
	while (c->shown < r->repeat && c->back_len >= c->len) {
		show(c, r, c->back, c->len);
		c->shown++;
		c->back_len -= c->len;
		memmove(c->back, c->back + c->len, c->back_len);
	}
	/* No answer: a server may say more than there is memory for. */
	if (c->shown == r->repeat && c->back_len >= DATAGRAM) {
		show(c, r, c->back, c->back_len);
		c->back_len = 0;
	}
}

static void finish(struct client *c, const struct request *r)
{
	if (c->back_len)			/* no whole message */
		show(c, r, c->back, c->back_len);
	c->back_len = 0;
	close(c->fd);
	c->fd = -1;
	c->stage = DONE;
}

static void read_some(struct client *c, const struct request *r)
{
	static char buf[DATAGRAM];
	ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

	if (n > 0 || (n == 0 && r->udp))
		came_back(c, r, buf, n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		give_up(c, r, "recv", errno);
	else if (n == 0 && c->stage == READS)
		finish(c, r);
	else if (n == 0)
		give_up(c, r, "recv", ECONNRESET);
}

/* ---- sending ---- */

static void next_message(struct client *c, const struct request *r)
{
	free(c->message);
	c->message = make_message(r, &c->len);
	c->sent = 0;
	c->stage = SENDS;
}

static void open_client(struct client *c, const struct request *r,
			const struct addrinfo *to)
{
	c->to_send = r->repeat;
	c->fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK |
		       SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		give_up(c, r, "socket", errno);
	else if (!connect(c->fd, to->ai_addr, to->ai_addrlen))
		next_message(c, r);
	else if (errno == EINPROGRESS)
		c->stage = CONNECTS;
	else
		give_up(c, r, "connect", errno);
}

static void connected(struct client *c, const struct request *r)
{
	int err;
	socklen_t len = sizeof(err);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err)
		give_up(c, r, "connect", err);
	else
		next_message(c, r);
}

static void send_some(struct client *c, const struct request *r)
{
	ssize_t n = send(c->fd, c->message + c->sent, c->len - c->sent,
			 MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return give_up(c, r, "send", errno);
	if (n > 0)
		c->sent += n;
	if (c->sent < c->len)
		return;
	c->wakes_at = now_ms() + r->pause_ms;
	c->stage = PAUSES;
	if (--c->to_send)
		return;
	c->stage = READS;
	c->wakes_at = now_ms() + ANSWER_MS;
	if (!r->udp && shutdown(c->fd, SHUT_WR))
		give_up(c, r, "shutdown", errno);
}

/* Milliseconds until c has something to do by itself; -1: nothing. */
static int due_in(const struct client *c, const struct request *r)
{
	long long ms = c->wakes_at - now_ms();

	if (c->stage != PAUSES && !(c->stage == READS && r->udp))
		return -1;
	return ms > 0 ? ms : 0;
}

static void step(struct client *c, const struct request *r, short events)
{
	if (c->stage == CONNECTS && events)
		return connected(c, r);
	if (events & (POLLIN | POLLERR | POLLHUP))
		read_some(c, r);
	if (c->stage == SENDS && events & POLLOUT)
		send_some(c, r);
	else if (c->stage == PAUSES && !due_in(c, r))
		next_message(c, r);
	else if (c->stage == READS && !due_in(c, r))
		finish(c, r);
}

/* Until every client is DONE or FAILED. */
static void run(struct client *clients, const struct request *r)
{
	struct pollfd *fds = calloc(r->clients, sizeof(*fds));
	struct client **of = calloc(r->clients, sizeof(*of));
	long live;

	if (!fds || !of)
		error(1, errno, "no memory");
	do {
		int wait_ms = -1;

		/* poll(2) takes no more entries than RLIMIT_NOFILE. */
		live = 0;
		for (long i = 0; i < r->clients; i++) {
			struct client *c = &clients[i];
			int due = due_in(c, r);

			if (c->fd < 0)
				continue;
			fds[live].fd = c->fd;
			fds[live].events = POLLIN;
			if (c->stage == CONNECTS || c->stage == SENDS)
				fds[live].events |= POLLOUT;
			of[live++] = c;
			if (due >= 0 && (wait_ms < 0 || due < wait_ms))
				wait_ms = due;
		}
		if (live && poll(fds, live, wait_ms) < 0) {
			if (errno != EINTR)
				error(1, errno, "poll");
			continue;
		}
		for (long i = 0; i < live; i++)
			step(of[i], r, fds[i].revents);
	} while (live);
	free(of);
	free(fds);
}

/* ---- the command line ---- */

enum { UDP_KEY = 256, HOST_KEY, CLIENTS_KEY };

static const struct argp_option options[] = {
	{ "udp", UDP_KEY, NULL, 0, "Send UDP datagrams instead of TCP", 0 },
	{ "host", HOST_KEY, "ADDR", 0, "Send to ADDR, an IPv4 address or a host name (default "
	  "127.0.0.1)", 0 },
	{ "port", 'p', "N", 0, "Send to port N (default 7007)", 0 },
	{ "user", 'u', "NAME", 0, "The value of send_user (default: the login "
	  "name)", 0 },
	{ "message", 'm', "TEXT", 0, "The value of send_msg (default: hello)", 0 },
	{ "repeat", 'n', "N", 0, "Send N messages on one connection (default "
	  "1)", 0 },
	{ "pause", 'w', "SECONDS", 0, "Wait between two messages, such as 5 or "
	  "0.2 (default 0)", 0 },
	{ "clients", CLIENTS_KEY, "N", 0, "N clients at once, each with a "
	  "socket of its own (default 1)", 0 },
	{ 0 }
};

/* JSON is UTF-8: anything else would make it something that no one parses. */
static const char *utf8_arg(struct argp_state *state, const char *option,
			    const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_length(text + i, len - i);
		if (!n)
			argp_error(state, "--%s: byte %zu (0x%02x) is not "
				   "UTF-8, which JSON must be", option, i + 1,
				   (unsigned char)text[i]);
	}
	return text;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *r = state->input;

	switch (key) {
	case UDP_KEY:
		r->udp = 1;
		return 0;
	case HOST_KEY:
		r->host = arg;
		return 0;
	case 'p':
		r->port = number_arg(state, "port", arg, 1, 65535);
		return 0;
	case 'u':
		r->user = utf8_arg(state, "user", arg);
		return 0;
	case 'm':
		r->message = utf8_arg(state, "message", arg);
		return 0;
	case 'n':
		r->repeat = number_arg(state, "repeat", arg, 1, 1000000);
		return 0;
	case 'w':
		r->pause_ms = seconds_arg(state, "pause", arg, 3600);
		return 0;
	case CLIENTS_KEY:
		r->clients = number_arg(state, "clients", arg, 1, CLIENTS_MAX);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: not an option; a text to send goes "
			   "after --message", arg);
	}
	return ARGP_ERR_UNKNOWN;
}

static struct addrinfo *resolve(const struct request *r)
{
	struct addrinfo want = {
		.ai_family = AF_INET,		/* as the servers */
		.ai_socktype = r->udp ? SOCK_DGRAM : SOCK_STREAM,
	};
	struct addrinfo *found;
	char port[8];
	int err;

	snprintf(port, sizeof(port), "%ld", r->port);
	err = getaddrinfo(r->host, port, &want, &found);
	if (err)
		error(1, err == EAI_SYSTEM ? errno : 0, "--host %s: %s; "
		      "expected an IPv4 address or a host name", r->host,
		      gai_strerror(err));
	return found;
}

/* As many descriptors as the hard limit allows: --clients takes one each. */
static void raise_nofile(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l))
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

/* For --clients: how many there were, and what became of them. */
static int sum_up(const struct client *clients, const struct request *r)
{
	long done = 0, back = 0;

	for (long i = 0; i < r->clients; i++) {
		done += clients[i].stage == DONE;
		back += clients[i].shown;
	}
	if (r->clients > 1)
		fprintf(stderr, "%ld of %ld clients sent all of their messages "
			"(%ld each); %ld messages came back\n", done, r->clients,
			r->repeat, back);
	return done < r->clients;
}

static const char *login_name(void)
{
	const struct passwd *p = getpwuid(geteuid());
	const char *name = p ? p->pw_name : "nobody";
	size_t len = strlen(name);

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_length(name + i, len - i);
		if (!n)
			return "nobody";
	}
	return name;
}

int send_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Send JSON messages {\"send_user\", \"send_time\", "
		       "\"send_msg\"} over TCP or UDP, and show what comes "
		       "back.\vTwo messages on one connection, 5 seconds apart: "
		       "iomodels send --repeat 2 --pause 5",
	};
	struct request r = {
		.host = "127.0.0.1", .port = DEFAULT_PORT, .repeat = 1,
		.clients = 1, .message = "hello",
	};
	struct addrinfo *to;
	struct client *clients;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &r);
	if (!r.user)
		r.user = login_name();
	to = resolve(&r);
	snprintf(r.text, sizeof(r.text), "%.280s:%ld", r.host, r.port);
	raise_nofile();
	clients = calloc(r.clients, sizeof(*clients));
	if (!clients)
		error(1, errno, "no memory");
	for (long i = 0; i < r.clients; i++) {
		clients[i].number = i + 1;
		open_client(&clients[i], &r, to);
	}
	run(clients, &r);
	status = sum_up(clients, &r);
	for (long i = 0; i < r.clients; i++) {
		free(clients[i].message);
		free(clients[i].back);
	}
	free(clients);
	freeaddrinfo(to);
	return status;
}
