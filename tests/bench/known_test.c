/* SPDX-License-Identifier: MIT */
/*
 * known_test.c - what compare shows of servers that sleep is true (with libc)
 *
 * Each server here spends most of its time asleep, in one of the ways in which
 * servers do: a timer, a stall, Nagle's algorithm, a file, another server, a
 * lock; or it serves streams one way, gives wrong answers, or closes each
 * connection and has room for few.  It counts its own messages and the time for
 * them; what is measured must agree with that within 10%, with one processor and
 * with two.
 *
 *     known_test --serve KIND FILE --port N --service echo      such a server
 *     known_test --serve KIND FILE --unix PATH                  on a Unix socket
 */
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include "../../bench/count.h"
#include "../../bench/measure.h"
#include "../../bench/plan.h"
#include "../../models/reply.h"
#include "../tap.h"

enum { CLIENTS = 64, SIZE = 64, ANSWERS = 1 << 20, STALL_EVERY = 500 };
enum { PIECE = 65536, HEAD = 12 };	/* of sink and source; models/reply.h */
enum { LINE = 20 };			/* what compare -w line sends */
enum { WAIT_US = 200000 };
enum { LATE = 1 << 16, FEW_US = 4000, FEW_LONG_US = 80000, FEW_PERCENT = 7 };
enum { SHORT = 2, BEGINNING = 40 };	/* a listen queue; of a request */

/* What the server tells the test, in a file that both map. */
struct told {
	long messages;
	long long answers[ANSWERS];		/* ns, when each was sent */
	long lates;				/* those that a thread gives */
	struct {
		long long asked, answered, sent;	/* ns; sent: send has
							   returned */
	} late[LATE];
};

static struct told *told;

static struct told *map(const char *path)
{
	int fd = open(path, O_RDWR);
	void *at = fd < 0 ? MAP_FAILED :
		   mmap(NULL, sizeof(struct told), PROT_READ | PROT_WRITE,
			MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	return at == MAP_FAILED ? NULL : at;
}

/* ---- the servers ---- */

static void sleep_us(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

static int file_fd, remote_fd;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void send_all(int fd, const char *data, int n)
{
	if (send(fd, data, n, MSG_NOSIGNAL) != n)
		_exit(1);
}

/* Noted before: the client may run before send returns. */
static void answer(int fd, const char *data, int n)
{
	long k = __atomic_fetch_add(&told->messages, 1, __ATOMIC_RELAXED);

	if (k >= ANSWERS)
		_exit(1);
	told->answers[k] = now_ns();
	send_all(fd, data, n);
}

static void by_sleep(int fd, char *message)
{
	sleep_us(1000);
	answer(fd, message, SIZE);
}

static void by_stall(int fd, char *message)
{
	static int count;

	if (++count % STALL_EVERY == 0)
		sleep_us(10000);
	answer(fd, message, SIZE);
}

struct late {
	int fd;
	long us;
	long long asked;
	char message[SIZE];
};

static long long few_ns;		/* of the short waits of by_few */

static void *answer_late(void *arg)
{
	struct late *late = arg;
	long k;

	sleep_us(late->us);
	k = __atomic_fetch_add(&told->lates, 1, __ATOMIC_RELAXED);
	if (k >= LATE)
		_exit(1);
	told->late[k].asked = late->asked;
	told->late[k].answered = now_ns();
	if (late->us == FEW_US)
		__atomic_fetch_add(&few_ns, told->late[k].answered - late->asked,
				   __ATOMIC_RELAXED);
	answer(late->fd, late->message, SIZE);
	told->late[k].sent = now_ns();
	free(late);
	return NULL;
}

/* This connection waits, in a thread of its own, and the others go on. */
static void wait_apart(int fd, const char *message, long us)
{
	struct late *late = malloc(sizeof(*late));
	pthread_t thread;

	late->fd = fd;
	late->us = us;
	late->asked = now_ns();
	memcpy(late->message, message, SIZE);
	pthread_create(&thread, NULL, answer_late, late);
	pthread_detach(thread);
}

static void by_one(int fd, char *message)
{
	static int count;

	if (++count % STALL_EVERY)
		answer(fd, message, SIZE);
	else
		wait_apart(fd, message, WAIT_US);
}

/*
 * Every connection waits, each on its own; few of the waits are long.  In sum these
 * are as long as FEW_PERCENT of the others, however busy the machine is.
 */
static void by_few(int fd, char *message)
{
	static long long long_ns;
	int is_long = long_ns * 100 < FEW_PERCENT *
		      __atomic_load_n(&few_ns, __ATOMIC_RELAXED);

	long_ns += is_long * FEW_LONG_US * 1000LL;
	wait_apart(fd, message, is_long ? FEW_LONG_US : FEW_US);
}

/* One connection of all waits for each of its answers. */
static void by_part(int fd, char *message)
{
	static int slow = -1;

	if (slow < 0)
		slow = fd;
	if (fd == slow)
		wait_apart(fd, message, WAIT_US);
	else
		answer(fd, message, SIZE);
}

/* Two processes; one stalls with its connections, and the other goes on. */
static void by_two(int fd, char *message)
{
	static int count;

	if (++count % STALL_EVERY == 0)
		sleep_us(WAIT_US);
	answer(fd, message, SIZE);
}

/* Two small segments: the second waits for the acknowledgement of the first. */
static void by_nagle(int fd, char *message)
{
	send_all(fd, message, 1);
	answer(fd, message + 1, SIZE - 1);
}

static void by_fsync(int fd, char *message)
{
	if (pwrite(file_fd, message, SIZE, 0) != SIZE || fsync(file_fd))
		_exit(1);
	answer(fd, message, SIZE);
}

/* Another process answers, after a while. */
static void by_remote(int fd, char *message)
{
	if (write(remote_fd, message, SIZE) != SIZE ||
	    read(remote_fd, message, SIZE) != SIZE)
		_exit(1);
	answer(fd, message, SIZE);
}

static void by_lock(int fd, char *message)
{
	pthread_mutex_lock(&mutex);
	answer(fd, message, SIZE);
	pthread_mutex_unlock(&mutex);
}

/* The service reply, and streams one way; one answer in ten is wrong. */
static void by_reply(int fd, char *message)
{
	sleep_us(1000);
	memset(message, 'x', SIZE);
	answer(fd, message, SIZE);
}

static void by_mistake(int fd, char *message)
{
	static int count;

	sleep_us(200);
	memset(message, ++count % 10 ? 'x' : 'y', SIZE);
	answer(fd, message, SIZE);
}

static void by_sink(int fd, char *message)
{
	char rest[PIECE - SIZE];

	if (recv(fd, rest, sizeof(rest), MSG_WAITALL) != sizeof(rest))
		_exit(1);
	sleep_us(500);
	*message = 'x';
	answer(fd, message, 1);
}

static void by_source(int fd, char *message)
{
	char piece[PIECE];

	(void)message;
	sleep_us(500);
	memset(piece, 'x', sizeof(piece));
	answer(fd, piece, sizeof(piece));
}

static void answer_and_close(int fd, const char *text)
{
	char rest[4096];

	if (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) < 0)
		_exit(1);
	sleep_us(1000);
	answer(fd, text, strlen(text));
	close(fd);
}

/* As HTTP/1.0 does: one request per connection. */
static void by_close(int fd, char *message)
{
	(void)message;
	answer_and_close(fd, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

/* Only the end of the connection ends the answer; both come in one segment. */
static void by_end(int fd, char *message)
{
	int on = 1;

	(void)message;
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
	answer_and_close(fd, "HTTP/1.0 200 OK\r\n\r\nok");
}

/* Work, and a line; both for soak.sh.  The slower one has a rate 0.9 of that of
   the other, because the work is nearly all that a message takes. */
static void by_work(int fd, char *message)
{
	do_work(100);
	send_all(fd, message, LINE);
}

static void by_more_work(int fd, char *message)
{
	do_work(112);
	send_all(fd, message, LINE);
}

/* For compare_start_test.sh, as is by_echo. */
static void by_pause(int fd, char *message)
{
	sleep_us(20000);
	send_all(fd, message, LINE);
}

static void by_echo(int fd, char *message)
{
	send_all(fd, message, SIZE);
}

static void *hold_lock(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_mutex_lock(&mutex);
		sleep_us(2000);
		pthread_mutex_unlock(&mutex);
		sleep_us(200);
	}
	return NULL;
}

static const struct kind {
	const char *name, *workload;
	void (*answer)(int fd, char *message);
	unsigned run_ms;
	int size;			/* bytes to receive; 0: SIZE */
} kinds[] = {
	{ "sleep", "tcp-c1", by_sleep, 200 },
	{ "sleep", "tcp-c16", by_sleep, 200 },
	{ "stall", "tcp-c16", by_stall, 3000 },
	{ "one", "tcp-c4", by_one, 100 },
	{ "part", "tcp-c4", by_part, 100 },
	{ "few", "tcp-c4", by_few, 1280 },
	{ "two", "tcp-c16", by_two, 100 },
	{ "nagle", "tcp-c1", by_nagle, 75 },
	{ "fsync", "tcp-c4", by_fsync, 200 },
	{ "remote", "tcp-c4", by_remote, 200 },
	{ "lock", "tcp-c1", by_lock, 300 },
	{ "reply", "reply-c4", by_reply, 200 },
	{ "mistake", "reply-c4", by_mistake, 200 },
	{ "sink", "sink-c4", by_sink, 200 },
	{ "source", "source-c4", by_source, 200, HEAD },
	{ "close", "http-c16", by_close, 400, BEGINNING },
	{ "end", "http-c4", by_end, 200, BEGINNING },
	{ "work", NULL, by_work, 0, LINE },
	{ "more-work", NULL, by_more_work, 0, LINE },
	{ "slow", NULL, by_pause, 0, LINE },
	{ "echo", NULL, by_echo },
};

/* Something besides the thread that serves. */
static void prepare(const char *name)
{
	char path[] = "known-XXXXXX", message[SIZE];
	int pair[2];
	pthread_t thread;

	if (!strcmp(name, "fsync")) {
		file_fd = mkstemp(path);
		unlink(path);
	} else if (!strcmp(name, "lock")) {
		pthread_create(&thread, NULL, hold_lock, NULL);
	} else if (!strcmp(name, "remote")) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			_exit(1);
		remote_fd = pair[0];
		if (fork())
			return;
		close(pair[0]);
		while (read(pair[1], message, SIZE) == SIZE) {
			sleep_us(500);
			if (write(pair[1], message, SIZE) != SIZE)
				break;
		}
		_exit(0);
	}
}

static int listen_on_port(int port, int nagle, int backlog)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port),
	};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = !nagle;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (void *)&a, len) || listen(fd, backlog) ||
	    getsockname(fd, (void *)&a, &len))
		_exit(1);
	fprintf(stderr, "known: serving echo on 127.0.0.1:%d\n",
		ntohs(a.sin_port));
	return fd;
}

static int listen_on_path(const char *path, int backlog)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (bind(fd, (void *)&a, sizeof(a)) || listen(fd, backlog))
		_exit(1);
	return fd;
}

static void serve_one(int fd, const struct kind *k)
{
	char message[SIZE];
	int got = recv(fd, message, 1, MSG_PEEK), size = k->size ? k->size : SIZE;

	if (got == 1 && recv(fd, message, size, MSG_DONTWAIT) < size) {
		send_all(fd, message, 1);	/* to see that we are there */
		return;
	}
	if (got <= 0) {
		close(fd);
		return;
	}
	k->answer(fd, message);
}

/* Both accept on the socket. */
static void become_two(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!fork())
		prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* place: of --port, or of --unix. */
_Noreturn static void serve(const struct kind *k, const char *option,
			    const char *place)
{
	int n = 1, backlog = strcmp(k->name, "close") ? 100 : SHORT;
	struct pollfd p[CLIENTS + 1];

	p[0].events = POLLIN;
	prepare(k->name);
	p[0].fd = strcmp(option, "--unix") ?
		  listen_on_port(atoi(place), !strcmp(k->name, "nagle"), backlog) :
		  listen_on_path(place, backlog);
	if (!strcmp(k->name, "two"))
		become_two(p[0].fd);
	for (;;) {
		poll(p, n, -1);
		for (int i = 1; i < n; i++)
			if (p[i].revents) {
				serve_one(p[i].fd, k);
				if (fcntl(p[i].fd, F_GETFD) < 0)
					p[i].fd = -1;
			}
		for (int i = 1; i < n; i++)
			if (p[i].fd < 0)
				p[i--] = p[--n];
		if (p[0].revents && n <= CLIENTS)
			p[n++] = (struct pollfd){
				.fd = accept(p[0].fd, NULL, NULL),
				.events = POLLIN,
			};
	}
}

/* Before main, which knows tests only. */
__attribute__((constructor)) static void serve_if_asked(int argc, char **argv)
{
	if (argc < 6 || strcmp(argv[1], "--serve"))
		return;
	told = map(argv[3]);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, argv[2]) &&
		    (told || !kinds[i].workload))
			serve(&kinds[i], argv[4], argv[5]);
	_exit(2);
}

/* ---- what is measured of them ---- */

/* Messages a second by the server's own clock, in the slices. */
static double rate_in_slices(const struct told *t, const struct measurement *m)
{
	double time = 0;
	long n = 0;

	for (int i = 0; i < m->slice_count; i++) {
		double end = m->slices[i].began + m->slices[i].seconds;

		time += m->slices[i].seconds;
		for (long k = 0; k < t->messages; k++)
			n += t->answers[k] / 1e9 > m->slices[i].began &&
			     t->answers[k] / 1e9 <= end;
	}
	return n / time;
}

/* Of all its life: where little time goes by between the slices. */
static double rate_of_life(const struct told *t)
{
	return (t->messages - 1) * 1e9 /
	       (t->answers[t->messages - 1] - t->answers[0]);
}

/*
 * The slices are a fair sample: they have as many stalls per message as the
 * server.  (A stall is half of the time, so that is 10% of the rate.)
 */
static void stalls_are_there(const struct told *t, const struct measurement *m)
{
	long messages = 0, stalls = 0;

	for (int i = 0; i < m->slice_count; i++) {
		double end = m->slices[i].began + m->slices[i].seconds;

		for (long k = 0; k < t->messages; k++) {
			double at = t->answers[k] / 1e9;

			if (at <= m->slices[i].began || at > end)
				continue;
			messages++;
			stalls += (k + 1) % STALL_EVERY == 0;
		}
	}
	if (fabs(stalls * (double)STALL_EVERY / messages - 1) > 0.2)
		FAIL("%ld stalls in %ld messages", stalls, messages);
}

/* How often the kernel sent a SYN again, in this network. */
static long syns_again(void)
{
	FILE *f = fopen("/proc/self/net/netstat", "re");
	char names[8192], values[8192], *name, *value, *n = names, *v = values;
	long found = -1;

	while (f && found < 0 && fgets(names, sizeof(names), f) &&
	       fgets(values, sizeof(values), f))
		while ((name = strsep(&n, " \n")) && (value = strsep(&v, " \n")))
			if (!strcmp(name, "TCPSynRetrans"))
				found = atol(value);
	if (f)
		fclose(f);
	return found;
}

/* The slice in which this was; NULL: between two. */
static const struct slice *slice_at(const struct measurement *m, long long ns)
{
	for (int i = 0; i < m->slice_count; i++)
		if (ns / 1e9 > m->slices[i].began &&
		    ns / 1e9 <= m->slices[i].began + m->slices[i].seconds)
			return &m->slices[i];
	return NULL;
}

/*
 * ns: the longest wait of those that are in the latencies for sure, whatever else
 * the machine does.  After such an answer was sent, the server gave more answers in
 * the same slice than there are connections.  So it gave two on one of them, and
 * the client, which took the first of the two, had taken what was sent before.
 */
static long long longest_noted(const struct told *t, const struct measurement *m,
			       unsigned connections)
{
	long long longest = 0;

	for (long i = 0; i < t->lates; i++) {
		const struct slice *s = slice_at(m, t->late[i].answered);
		unsigned later = 0;

		for (long k = 0; s && t->late[i].sent && k < t->messages; k++)
			later += t->answers[k] > t->late[i].sent &&
				 t->answers[k] / 1e9 <= s->began + s->seconds;
		if (later > connections &&
		    t->late[i].answered - t->late[i].asked > longest)
			longest = t->late[i].answered - t->late[i].asked;
	}
	return longest;
}

/* us: of the answers that threads gave while it was measured in one piece; else of
   all of them. */
static double mean_wait(const struct told *t, const struct measurement *m)
{
	double sum = 0;
	long n = 0;

	for (long i = 0; i < t->lates; i++)
		if (m->slice_count > 1 || slice_at(m, t->late[i].answered)) {
			sum += t->late[i].answered - t->late[i].asked;
			n++;
		}
	return sum / n / 1e3;
}

static void agrees(const char *kind, double shown, double truth)
{
	if (fabs(shown / truth - 1) > 0.1)
		FAIL("%s: %.0f/s are shown, the server says %.0f/s", kind,
		     shown, truth);
}

static void known(const char *kind, const char *workload, int two)
{
	char path[64], why[300], uncounted[200], name[] = "/proc/self/exe";
	char serve[] = "--serve", which[16];
	char *command[] = { name, serve, which, path, NULL };
	struct contender who = { .name = "known", .command = command };
	struct setup s = { .who = &who, .family = AF_INET };
	int cpus[2], fd = memfd_create("told", 0), n = 0;
	struct workload w;
	struct measurement m;

	snprintf(which, sizeof(which), "%s", kind);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	ASSERT_EQ(0, ftruncate(fd, sizeof(*told)));
	told = map(path);
	ASSERT_TRUE(told);
	if (plan_processors(cpus, 2) <= two)
		SKIP("there is only one processor");
	while (strcmp(kinds[n].name, kind) || strcmp(kinds[n].workload, workload))
		n++;
	ASSERT_EQ(0, workload_parse(&w, workload, why));
	s.server_cpu = cpus[0];
	s.client_cpu = cpus[two];
	s.load = (struct load){
		.kind = LOAD_ECHO, .busy = w.busy, .size = w.size,
		.window = w.window,
		.warm_ms = 50, .run_ms = kinds[n].run_ms,
	};
	if (w.reply) {
		ASSERT_EQ(0, protocol_reply(&w.speaks, w.size, w.answer, 0));
		s.load.protocol = &w.speaks;
	} else if (w.protocol) {
		ASSERT_EQ(0, protocol_make(&w.speaks, w.protocol, NULL, NULL,
					   why));
		s.load.protocol = &w.speaks;
		s.load.size = w.speaks.request_len;
	}
	if (measure(&s, &m, why, uncounted))
		FAIL("%s", why);
	agrees(kind, m.rate, strcmp(kind, "nagle") ? rate_in_slices(told, &m) :
	       rate_of_life(told));
	if (!strcmp(kind, "stall"))
		stalls_are_there(told, &m);
	/* As many as wait at a time, each after STALL_EVERY messages; and a wait
	   is in the latencies. */
	if (!strcmp(kind, "one"))
		EXPECT_TRUE(m.rate < 1.1 * 4 * STALL_EVERY * 1e6 / WAIT_US);
	if (!strcmp(kind, "two"))
		EXPECT_TRUE(m.rate < 1.1 * 2 * STALL_EVERY * 1e6 / WAIT_US);
	if (kinds[n].answer == by_one || kinds[n].answer == by_part)
		EXPECT_TRUE(m.max * 1e3 + 1 >= longest_noted(told, &m, w.busy));
	if (kinds[n].answer == by_part)
		EXPECT_TRUE(m.max > 0.99 * WAIT_US);
	/* All connections wait, so the slices, which begin with all of them ready,
	   would show a rate that is too high. */
	if (kinds[n].answer == by_few && m.rate > 1.1 * w.busy * 1e6 /
	    mean_wait(told, &m))
		FAIL("%.0f/s, and %u connections wait %.0f us for each answer",
		     m.rate, w.busy, mean_wait(told, &m));
	if (kinds[n].answer == by_few)
		EXPECT_EQ(1, m.slice_count);
	/* As many messages are in flight as there can be, by when each was sent
	   and answered; by their mean latency about as many. */
	if (fabs(m.in_flight / (w.busy * w.window) - 1) > EXACT)
		FAIL("%s: %g messages are in flight", kind, m.in_flight);
	if (suspicion(&m, w.busy * w.window) == WRONG)
		FAIL("%s: %.0f/s, and a message takes %.0f us", kind, m.rate,
		     m.mean);
	if (!strcmp(kind, "close"))
		EXPECT_TRUE(m.again > 0.9 && m.no_room > 0);
	if (!strcmp(kind, "end"))
		EXPECT_TRUE(m.again > 0.9);
	if (!strcmp(kind, "mistake"))
		EXPECT_TRUE(m.wrong > 0.09 && m.wrong < 0.11);
	else
		EXPECT_TRUE(m.wrong == 0);
	if (!strcmp(kind, "stall"))
		EXPECT_EQ(STALLS, suspicion(&m, w.busy));
}

TEST_TIMEOUT(sleep_per_message, 60) { known("sleep", "tcp-c1", 0); }
TEST_TIMEOUT(sleep_per_message_two, 60) { known("sleep", "tcp-c1", 1); }
TEST_TIMEOUT(sleep_for_many, 60) { known("sleep", "tcp-c16", 0); }
TEST_TIMEOUT(sleep_for_many_two, 60) { known("sleep", "tcp-c16", 1); }
TEST_TIMEOUT(stall_of_half_the_time, 60) { known("stall", "tcp-c16", 0); }
TEST_TIMEOUT(stall_of_half_the_time_two, 60) { known("stall", "tcp-c16", 1); }
/* A slice ends without the connection that waits, so these are measured in one
   piece. */
TEST_TIMEOUT(stall_of_one_connection, 60) { known("one", "tcp-c4", 0); }
TEST_TIMEOUT(stall_of_one_connection_two, 60) { known("one", "tcp-c4", 1); }
TEST_TIMEOUT(one_slow_connection, 60) { known("part", "tcp-c4", 0); }
TEST_TIMEOUT(one_slow_connection_two, 60) { known("part", "tcp-c4", 1); }
TEST_TIMEOUT(few_long_waits, 60) { known("few", "tcp-c4", 0); }
TEST_TIMEOUT(few_long_waits_two, 60) { known("few", "tcp-c4", 1); }
TEST_TIMEOUT(stall_of_one_process, 60) { known("two", "tcp-c16", 0); }
TEST_TIMEOUT(stall_of_one_process_two, 60) { known("two", "tcp-c16", 1); }
TEST_TIMEOUT(nagle, 60) { known("nagle", "tcp-c1", 0); }
TEST_TIMEOUT(nagle_two, 60) { known("nagle", "tcp-c1", 1); }
TEST_TIMEOUT(fsync_per_message, 60) { known("fsync", "tcp-c4", 0); }
TEST_TIMEOUT(fsync_per_message_two, 60) { known("fsync", "tcp-c4", 1); }
TEST_TIMEOUT(remote_call, 60) { known("remote", "tcp-c4", 0); }
TEST_TIMEOUT(remote_call_two, 60) { known("remote", "tcp-c4", 1); }
TEST_TIMEOUT(lock, 60) { known("lock", "tcp-c1", 0); }
TEST_TIMEOUT(lock_two, 60) { known("lock", "tcp-c1", 1); }

TEST_TIMEOUT(reply, 60) { known("reply", "reply-c4", 0); }
TEST_TIMEOUT(reply_two, 60) { known("reply", "reply-c4", 1); }
TEST_TIMEOUT(one_answer_in_ten_is_wrong, 60) { known("mistake", "reply-c4", 0); }
TEST_TIMEOUT(stream_to_the_server, 60) { known("sink", "sink-c4", 0); }
TEST_TIMEOUT(stream_to_the_server_two, 60) { known("sink", "sink-c4", 1); }
TEST_TIMEOUT(stream_from_the_server, 60) { known("source", "source-c4", 0); }
TEST_TIMEOUT(stream_from_the_server_two, 60) { known("source", "source-c4", 1); }

/* Where the listen queue is full, connections wait for room, and none for the
   second after which the kernel sends the SYN again. */
static void closes(int two)
{
	char how[120];

	measure_apart(how);
	known("close", "http-c16", two);
	if (!geteuid())
		EXPECT_EQ(0, syns_again());
}

/* An answer that came together with the end of its connection is an answer. */
TEST_TIMEOUT(closed_with_the_answer, 60) { known("end", "http-c4", 0); }
TEST_TIMEOUT(closed_and_little_room, 60) { closes(0); }
TEST_TIMEOUT(closed_and_little_room_two, 60) { closes(1); }

/* The check that needs no model flags a rate that cannot be. */
TEST(a_rate_that_cannot_be_is_flagged)
{
	struct measurement m = { .rate = 900, .mean = 1100, .p50 = 1100 };

	EXPECT_EQ(PLAUSIBLE, suspicion(&m, 1));
	m.rate = 23423;
	EXPECT_EQ(WRONG, suspicion(&m, 1));
	m.rate = 400;
	m.mean = 2500;
	EXPECT_EQ(STALLS, suspicion(&m, 1));

	/* By the mean they are about right. */
	m.mean = m.p50 = 2400;
	m.in_flight = 0.99;
	EXPECT_EQ(PLAUSIBLE, suspicion(&m, 1));
	m.in_flight = 0.97;
	EXPECT_EQ(WRONG, suspicion(&m, 1));
}

/* Other programs can be the reason, but only as far as ours waited for them. */
TEST(a_rate_that_others_disturbed_is_not_wrong)
{
	struct measurement m = {
		.rate = 400, .mean = 1500, .p50 = 1500, .in_flight = 1,
		.slice_count = 2,
		.slices = { { .seconds = 0.02, .others = 0.1 },
			    { .seconds = 0.01, .others = 0.1 } },
	};

	EXPECT_EQ(DISTURBED, suspicion(&m, 1));
	m.mean = m.p50 = 3500;
	EXPECT_EQ(DISTURBED, suspicion(&m, 1));
	m.mean = m.p50 = 4000;
	EXPECT_EQ(WRONG, suspicion(&m, 1));
	m.slices[0].others = 0.4;
	EXPECT_EQ(DISTURBED, suspicion(&m, 1));
	m.in_flight = 0.97;
	EXPECT_EQ(WRONG, suspicion(&m, 1));
}
