/* SPDX-License-Identifier: MIT */
/*
 * foreign_test.c - other programs on the same processors do not get into a capture (with libc)
 *
 * On each processor a process of ours works with a ring (its worker and poller
 * threads are named as those of any other ring) and with a TCP connection.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include "../../lab/lab.h"
#include "../../log/report.h"
#include "../../uring/ring.h"
#include "tap.h"

enum { FOREIGN_MAX = 4, RINGS_SEEN = 32 };

static struct reader r;
static char dir[] = "/tmp/iomodels-foreign-XXXXXX";
static pid_t foreign[FOREIGN_MAX];
static int n_foreign;

/* ---- the others ---- */

static void connected(int s[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	s[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&a, len) || listen(listener, 1) ||
	    getsockname(listener, (void *)&a, &len) ||
	    connect(s[0], (void *)&a, len))
		_exit(1);
	s[1] = accept(listener, NULL, NULL);
}

_Noreturn static void works(int ready, unsigned flags)
{
	struct io_uring_params p = { .flags = flags, .sq_thread_idle = 1 };
	int s[2], zero = open("/dev/zero", O_RDONLY), told = 0;
	struct ring ring;
	char byte[64];

	connected(s);
	if (ring_setup(&ring, 8, &p) < 0)
		_exit(1);
	for (;;) {
		for (int i = 0; i < 4; i++) {
			struct io_uring_sqe *sqe = ring_sqe(&ring);

			if (!sqe)
				break;
			sqe->opcode = IORING_OP_READ;
			sqe->flags = IOSQE_ASYNC;
			sqe->fd = zero;
			sqe->addr = (uintptr_t)byte;
			sqe->len = sizeof(byte);
		}
		ring_wait(&ring, 1, NULL);
		ring_seen(&ring, ring_ready(&ring));
		if (send(s[0], byte, sizeof(byte), 0) < 0 ||
		    recv(s[1], byte, sizeof(byte), 0) < 0)
			_exit(1);
		if (!told++ && write(ready, "", 1) != 1)
			_exit(1);
		poll(NULL, 0, 1);		/* ours needs the processor, too */
	}
}

/* One on each processor; they end with the test. */
static void begin_others(void)
{
	cpu_set_t all;
	int ready[2];
	char byte;

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(all), &all));
	ASSERT_EQ(0, pipe(ready));
	for (int cpu = 0; cpu < CPU_SETSIZE && n_foreign < FOREIGN_MAX; cpu++) {
		cpu_set_t one;
		pid_t pid;

		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		pid = fork();
		ASSERT_GE(pid, 0);
		if (!pid) {
			close(ready[0]);
			sched_setaffinity(0, sizeof(one), &one);
			nice(19);	/* busy, but no reason to starve */
			works(ready[1], n_foreign % 2 ? IORING_SETUP_SQPOLL
						      : 0);
		}
		foreign[n_foreign++] = pid;
	}
	close(ready[1]);
	for (int i = 0; i < n_foreign; i++)
		if (read(ready[0], &byte, 1) != 1)
			SKIP("io_uring is not available here");
}

static void end_others(void)
{
	for (int i = 0; i < n_foreign; i++)
		kill(foreign[i], SIGKILL);
}

/* ---- what must not be there ---- */

/* "iou-wrk-4711" of one of theirs, or one of them. */
static int is_foreign(const struct tracepoint *p)
{
	const char *dash = memrchr(p->comm.at, '-', p->comm.len);

	for (int i = 0; i < n_foreign; i++)
		if (p->pid == foreign[i] ||
		    (dash && p->comm.len > 8 &&
		     !memcmp(p->comm.at, "iou-", 4) &&
		     atol(dash + 1) == foreign[i]))
			return 1;
	return 0;
}

/*
 * In the context of a foreign task stand only the switch to one of ours, and
 * what an interrupt did for us while that task ran.
 */
static int is_for_us(const struct tracepoint *p)
{
	static const char *const shared[] = {
		"sched_switch", "sched_waking", "sk_data_ready",
		"inet_sock_set_state", "signal_generate", "block_rq_complete",
		"io_uring_task_add",
	};

	for (unsigned i = 0; i < sizeof(shared) / sizeof(*shared); i++)
		if (slice_is(p->name, shared[i]))
			return 1;
	return 0;
}

static void look_at_log(const char *path)
{
	uint64_t rings[RINGS_SEEN], ctx;
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen(path, "r");
	int n = 0, i;

	ASSERT_NE(NULL, f);
	while (getline(&line, &size, f) > 0) {
		struct tracepoint p;

		line[strcspn(line, "\n")] = 0;
		ASSERT_EQ(0, tracepoint_read(&p, (struct slice){
			line, strlen(line) }));
		if (is_foreign(&p) && !is_for_us(&p))
			FAIL("of a foreign task: %.200s", line);
		ctx = tracepoint_address(&p, "ctx");
		if (slice_is(p.name, "io_uring_create") && n < RINGS_SEEN)
			rings[n++] = ctx;
		for (i = 0; i < n && rings[i] != ctx; i++)
			;
		if (ctx && i == n)
			FAIL("of a foreign ring: %.200s", line);
	}
	free(line);
	fclose(f);
}

/* Each part of a, "main in epoll_pwait, iou-wrk", is in b. */
static int holds(const char *a, const char *b)
{
	char copy[400], *part, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", a);
	while ((part = strsep(&rest, ",")))
		if (!strstr(b, part + strspn(part, " ")))
			return 0;
	return 1;
}

static void capture(const char *program, const char *waits, const char *copies)
{
	char command[512], path[200], text[400];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	ASSERT_GT(n, 0);
	path[n] = 0;
	for (int i = 0; i < 3; i++)
		*strrchr(path, '/') = 0;
	if (access("/sys/kernel/tracing/instances", W_OK))
		SKIP("tracefs may not be written here (run as root)");
	ASSERT_NE(NULL, mkdtemp(dir));
	begin_others();
	snprintf(command, sizeof(command), "%s/iomodels capture -o %s/c %s two "
		 ">%s/out 2>&1 || { cat %s/out; exit 1; }", path, dir, program,
		 dir, dir);
	n = system(command);
	end_others();
	reader_start(&r);
	snprintf(command, sizeof(command), "%s/c", dir);
	if (!n)
		n = reader_read_folder(&r, command);
	snprintf(command, sizeof(command), "%s/c/kernel.log", dir);
	if (!n)
		look_at_log(command);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ASSERT_EQ(0, system(command));
	ASSERT_EQ(0, n);
	if (r.merge->manifest.lost)
		SKIP("the kernel lost events: the machine is too busy");
	witness_waits(&r.merge->witness, text, sizeof(text));
	printf("# waits: %s\n", text);
	EXPECT_TRUE(holds(text, waits));
	witness_copies(&r.merge->witness, text, sizeof(text));
	printf("# copies: %s\n", text);
	EXPECT_TRUE(holds(text, copies));
	for (unsigned i = 0; i < r.merge->witness.n_rings; i++)
		for (int k = 0; k < n_foreign; k++)
			EXPECT_NE(foreign[k],
				  r.merge->witness.ring_list[i]->pid);
	for (const struct finding *d = r.findings.first; d; d = d->next)
		if (!strncmp(d->about->id, "ring-", 5))
			FAIL("%s", d->about->id);
}

/* No ring of its own: none of the threads iou-* is its. */
TEST_TIMEOUT(epoll, 120)
{
	capture("epoll", "main in epoll_pwait", "main in recvfrom, main in read");
}

TEST_TIMEOUT(select, 120)
{
	capture("select", "main in select, main in pselect6",
		"main in recvfrom, main in read");
}

/* It has a ring, but neither workers nor a poller. */
TEST_TIMEOUT(uring_basic, 120)
{
	capture("uring_basic", "main in io_uring_enter",
		"main in io_uring_enter");
}

/* These have. */
TEST_TIMEOUT(uring_worker, 120)
{
	capture("uring_worker", "iou-wrk, main in io_uring_enter",
		"iou-wrk, main in io_uring_enter");
}

TEST_TIMEOUT(uring_sqpoll, 120)
{
	capture("uring_sqpoll", "iou-sqp, main in io_uring_enter",
		"iou-sqp, main in io_uring_enter");
}
