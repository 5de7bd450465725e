/* SPDX-License-Identifier: MIT */
/*
 * play_server.c - claims that a run of one of our servers decides
 */
#include "../log/transcript.h"
#include "observe.h"
#include "play.h"
#include "strace.h"

static int say_to(int port, const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (void *)&a, sizeof(a)) ||
	    (*text && send(fd, text, strlen(text), 0) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int begin_server(struct server *s, const char *name, const char *service,
			struct text *proof)
{
	struct lab_options o = { .service = service };

	if (!server_start(s, program_find(name), &o))
		return 0;
	text_add(proof, "%s", s->err.at);
	server_free(s);
	return -1;
}

/* The second peer's answer comes when the first, silent one has gone. */
enum verdict one_at_a_time(const struct claim *claim, struct text *proof)
{
	enum verdict v = UNTESTABLE;
	int first, second;
	struct server s;
	char c;

	if (begin_server(&s, claim->program, "echo", proof))
		return UNTESTABLE;
	first = say_to(s.port, "");
	server_settle(&s);
	second = say_to(s.port, "x");
	server_settle(&s);
	if (first >= 0 && second >= 0) {
		int waits = recv(second, &c, 1, MSG_DONTWAIT) < 0 &&
			    errno == EAGAIN;

		close(first);
		v = waits && recv(second, &c, 1, 0) == 1 ? HOLDS : REFUTED;
		text_add(proof, "the second client's answer %s while the first "
			 "was silent\n", waits ? "did not come" : "came");
	}
	close(second);
	server_free(&s);
	return v;
}

/* 200 peers come while the server is stopped; how many lines come out? */
static int lines_of_crowd(const char *name, struct text *proof)
{
	struct server s;
	int n = 0, status;

	if (begin_server(&s, name, "print", proof))
		return -1;
	kill(s.server_pid, SIGSTOP);
	waitpid(s.server_pid, &status, WUNTRACED);
	for (int i = 0; i < 200; i++)
		close(say_to(s.port, "hello"));
	kill(s.server_pid, SIGCONT);
	server_settle(&s);
	server_stop(&s);
	for (const char *at = s.out.at; (at = strchr(at, '\n')); at++)
		n++;
	text_add(proof, "%s printed %d of 200 messages\n", name, n);
	server_free(&s);
	return n;
}

enum verdict naive_loses(const struct claim *claim, struct text *proof)
{
	int n = lines_of_crowd(claim->program, proof);

	return n < 0 ? UNTESTABLE : n < 200 ? HOLDS : REFUTED;
}

enum verdict draining_keeps(const struct claim *claim, struct text *proof)
{
	int n = lines_of_crowd(claim->program, proof);

	return n < 0 ? UNTESTABLE : n == 200 ? HOLDS : REFUTED;
}

/*
 * The first client is silent until the second has spoken.  The handler is in
 * recvfrom all that time: the second accept4 comes when the first client has
 * gone.
 */
enum verdict naive_blocks(const struct claim *claim, struct text *proof)
{
	char log[64], *wrapper[] = { "strace", "-f", "-o", log, NULL };
	struct lab_options o = { .service = "print", .wrapper = wrapper,
				 .own_group = 1 };
	const char *missing = trace_missing();
	struct text record = { 0 };
	enum verdict v = UNTESTABLE;
	int fd, first, second;
	struct server s;
	FILE *f;

	if (missing) {
		text_add(proof, "%s\n", missing);
		return UNTESTABLE;
	}
	fd = lab_temporary(log);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f)
		return UNTESTABLE;
	if (server_start(&s, program_find(claim->program), &o)) {
		text_add(proof, "%s", s.err.at);
	} else {
		first = say_to(s.port, "");
		server_settle(&s);
		second = say_to(s.port, "second");
		server_settle(&s);
		send(first, "first", 5, MSG_NOSIGNAL);
		server_settle(&s);
		close(first);
		server_settle(&s);
		close(second);
		server_settle(&s);
		server_stop(&s);
		transcript_strace(f, NULL, &record);
		v = record_matches(record.at ? record.at : "",
				   "--- SIGIO \n"
				   "accept4\\(.*, SOCK_CLOEXEC\\) = [0-9]+\n"
				   "recvfrom\\(.*\"first\"\n"
				   "recvfrom\\(.* = 0\n"
				   "accept4\\(.*, SOCK_CLOEXEC\\) = [0-9]+\n"
				   "recvfrom\\(.*\"second\"\n", proof) ?
		    HOLDS : REFUTED;
	}
	server_free(&s);
	free(record.at);
	fclose(f);
	return v;
}

/*
 * Refuted by one program whose bytes another thread copies.  On Linux 6.1
 * uring_worker copies in its own thread; there uring_sqpoll decides.
 */
enum verdict no_kernel_async(const struct claim *claim, struct text *proof)
{
	static const char *const asked[] = { "uring_worker", "uring_sqpoll" };
	enum verdict verdict = UNTESTABLE;
	struct phases p;
	char why[256];

	(void)claim;
	for (int i = 0; i < 2 && verdict != REFUTED; i++) {
		if (phases_run(&p, program_find(asked[i]), why)) {
			text_add(proof, "%s\n", why);
			continue;
		}
		text_add(proof, "%s: copies: %s\n", asked[i], p.copies);
		verdict = strncmp(p.copies, "iou-", 4) ? HOLDS : REFUTED;
		phases_free(&p);
	}
	return verdict;
}

/* ---- libuv, by way of Node.js ---- */

/* Its threads serve a program that reads a file with await. */
enum verdict node_reads_in_threads(const struct claim *claim, struct text *proof)
{
	char log[64], *command[] = {
		"strace", "-f", "-E", "UV_USE_IO_URING=0",
		"-e", "trace=openat,read,pread64", "-o", log, "node", "-e",
		"require('fs').promises.readFile('/proc/self/cmdline')", NULL
	};
	const char *missing = trace_missing();
	struct text record = { 0 }, said = { 0 };
	enum verdict v = UNTESTABLE;
	FILE *f;
	int fd;

	if (missing || system("node --version >/dev/null 2>&1")) {
		text_add(proof, "%s\n", missing ? missing :
			 "Node.js is not installed");
		return UNTESTABLE;
	}
	fd = lab_temporary(log);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (f && !run_play(command, &said)) {
		transcript_strace(f, NULL, &record);
		v = record_matches(record.at ? record.at : "", claim->lines,
				   proof) ? HOLDS : REFUTED;
	}
	if (f)
		fclose(f);
	free(record.at);
	free(said.at);
	return v;
}
