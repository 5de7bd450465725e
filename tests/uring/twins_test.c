/* SPDX-License-Identifier: MIT */
/*
 * twins_test.c - the raw ring and the library make the same calls (with libc)
 *
 * Both twins serve the same peer under strace; their io_uring_* calls, with
 * arguments and results, are compared line by line.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include "lab.h"
#include "probe.h"
#include "tap.h"

enum { ANSWER_MS = 10000 };

/*
 * Sleep until the server does: it has done all that it can.  A peer that acts
 * only then finds every server in the same state.  Each event before has woken
 * it (it is no longer S when the call that caused the event returns).
 */
static void until_asleep(const struct server *s)
{
	char path[64], line[256], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", s->server_pid);
	for (int ms = 0; ms < ANSWER_MS; ms++) {
		FILE *f = fopen(path, "re");

		ASSERT_TRUE(f && fgets(line, sizeof(line), f));
		fclose(f);
		state = strrchr(line, ')');
		if (state && state[2] == 'S')
			return;
		poll(NULL, 0, 1);
	}
	FAIL("%s does not become idle", s->program->name);
}

static void visit(struct server *s, int messages)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = ASSERT_GE(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
	char buf[1000];

	memset(buf, 'x', sizeof(buf));
	until_asleep(s);
	ASSERT_EQ(0, connect(fd, (void *)&a, sizeof(a)));
	for (int i = 0; i < messages; i++) {
		until_asleep(s);
		ASSERT_EQ(sizeof(buf), send(fd, buf, sizeof(buf), 0));
		ASSERT_EQ(sizeof(buf), recv(fd, buf, sizeof(buf), MSG_WAITALL));
	}
	until_asleep(s);
	ASSERT_EQ(0, shutdown(fd, SHUT_WR));
	ASSERT_EQ(0, recv(fd, buf, 1, 0));
	close(fd);
	until_asleep(s);
}

/* Addresses differ and mean nothing; strace -o begins lines with the pid. */
static void normalise(char *line)
{
	char *to = line, *from = line + strspn(line, "0123456789 ");

	while (*from) {
		if (from[0] == '0' && from[1] == 'x') {
			from += 2;
			from += strspn(from, "0123456789abcdef");
			to = stpcpy(to, "ADDR");
		} else {
			*to++ = *from++;
		}
	}
	*to = 0;
}

static void cut(char *line, const char *part, const char *instead)
{
	char *at = strstr(line, part), rest[1024];

	if (!at)
		return;
	snprintf(rest, sizeof(rest), "%s", at + strlen(part));
	sprintf(at, "%s%.900s", instead, rest);
}

/*
 * liburing 2.6 and later ask for a ring without the array of indices where the
 * kernel has NO_SQARRAY (6.6): another layout, and no other call.  Our twin
 * makes its ring as kernels before that need it.
 */
static void without_array(char *line)
{
	char *at;

	if (strncmp(line, "io_uring_setup(", 15))
		return;
	cut(line, "flags=IORING_SETUP_NO_SQARRAY,", "flags=0,");
	cut(line, "|IORING_SETUP_NO_SQARRAY", "");
	at = strstr(line, ", array=");
	if (at) {
		char *end = at + 8 + strspn(at + 8, "0123456789");

		memmove(at, end, strlen(end) + 1);
	}
}

/* What strace saw of the program: lines, and how many. */
static int calls_of(const char *name, char lines[64][1024])
{
	const struct program *p = program_find(name);
	char file[] = "/tmp/twins-XXXXXX", *path = program_path(p);
	char why[256];
	char *wrapper[] = {
		"strace", "-e", "trace=io_uring_setup,io_uring_enter,"
		"io_uring_register", "-e", "signal=none", "-o", file, NULL,
	};
	struct lab_options o = { .service = "echo", .wrapper = wrapper };
	struct server s;
	int n = 0;
	FILE *f;

	if (!path)
		SKIP("%s is not built: no liburing", name);
	free(path);
	if (probe_program(p, why))
		SKIP("%s", why);
	ASSERT_EQ(0, close(mkostemp(file, O_CLOEXEC)));
	if (server_start(&s, p, &o)) {
		unlink(file);
		FAIL("%s", s.err.at);
	}
	visit(&s, 1);
	visit(&s, 3);
	EXPECT_EQ(0, server_stop(&s));
	server_free(&s);
	f = fopen(file, "re");
	while (f && n < 64 && fgets(lines[n], sizeof(lines[n]), f)) {
		normalise(lines[n]);
		without_array(lines[n++]);
	}
	if (f)
		fclose(f);
	unlink(file);
	return n;
}

static void same_calls(const char *raw, const char *library)
{
	static char a[64][1024], b[64][1024];
	int n, m;

	if (system("strace -V >/dev/null 2>&1"))
		SKIP("no strace here");
	n = calls_of(raw, a);
	m = calls_of(library, b);
	EXPECT_GT(n, 12);
	EXPECT_EQ(n, m);
	for (int i = 0; i < n && i < m; i++)
		if (strcmp(a[i], b[i])) {
			SAY("%s: %.900s", raw, a[i]);
			SAY("%s: %.900s", library, b[i]);
			FAIL("call %d differs", i + 1);
		}
}

TEST(uring_basic_and_its_twin)
{
	same_calls("uring_basic", "uring_basic_liburing");
}

TEST(uring_multishot_and_its_twin)
{
	same_calls("uring_multishot", "uring_multishot_liburing");
}
