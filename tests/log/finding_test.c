/* SPDX-License-Identifier: MIT */
/*
 * finding_test.c - each finding where it is due, and not where it is not (with libc)
 */
#include "noted.h"

#define LISTENER "7 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0) = 3\n" \
	"7 listen(3, 9) = 0\n"
#define EPOLL "7 epoll_create1(0) = 4\n"
#define ADD(fd, flags) "7 epoll_ctl(4, EPOLL_CTL_ADD, " fd ", {events=" flags \
	", data={u32=" fd ", u64=" fd "}}) = 0\n"
#define TOLD(fd) "7 epoll_wait(4, [{events=EPOLLIN, data={u32=" fd ", u64=" \
	fd "}}], 9, -1) = 1\n"
#define ACCEPT "7 accept4(3, NULL, NULL, SOCK_NONBLOCK) = 5\n"
#define AGAIN " = -1 EAGAIN (Resource temporarily unavailable)\n"
#define NO_ACCEPT "7 accept4(3, NULL, NULL, SOCK_NONBLOCK)" AGAIN

TEST(accept_once_an_edge)
{
	begin();
	say(LISTENER EPOLL ADD("3", "EPOLLIN|EPOLLET") TOLD("3") ACCEPT
	    "7 read(5, 0x1, 9)" AGAIN TOLD("3"));
	EXPECT_EQ(1, end_and_find("accept-once"));
	begin();
	say(LISTENER EPOLL ADD("3", "EPOLLIN|EPOLLET") TOLD("3") ACCEPT
	    NO_ACCEPT TOLD("3"));
	EXPECT_EQ(0, end_and_find("accept-once"));
	begin();			/* it loops; the log ends before EAGAIN */
	say(LISTENER EPOLL ADD("3", "EPOLLIN|EPOLLET") TOLD("3") ACCEPT ACCEPT
	    "7 read(5, 0x1, 9)" AGAIN);
	EXPECT_EQ(0, end_and_find("accept-once"));
	begin();			/* level-triggered: reported again */
	say(LISTENER EPOLL ADD("3", "EPOLLIN") TOLD("3") ACCEPT
	    "7 read(5, 0x1, 9)" AGAIN TOLD("3"));
	EXPECT_EQ(0, end_and_find("accept-once"));
}

TEST(an_edge_not_drained)
{
	begin();
	say(LISTENER EPOLL ADD("3", "EPOLLIN") TOLD("3") ACCEPT
	    ADD("5", "EPOLLIN|EPOLLET") TOLD("5")
	    "7 read(5, \"abcd\", 4) = 4\n" TOLD("5"));
	EXPECT_EQ(1, end_and_find("not-drained"));
	begin();			/* a short read empties it */
	say(LISTENER EPOLL ADD("3", "EPOLLIN") TOLD("3") ACCEPT
	    ADD("5", "EPOLLIN|EPOLLET") TOLD("5")
	    "7 read(5, \"abcd\", 9) = 4\n" TOLD("5"));
	EXPECT_EQ(0, end_and_find("not-drained"));
	begin();
	say(LISTENER EPOLL ADD("3", "EPOLLIN") TOLD("3") ACCEPT
	    ADD("5", "EPOLLIN|EPOLLET") TOLD("5")
	    "7 read(5, \"abcd\", 4) = 4\n7 read(5, 0x1, 4)" AGAIN TOLD("5"));
	EXPECT_EQ(0, end_and_find("not-drained"));
	begin();			/* what it sends is stuck: it comes back */
	say(LISTENER EPOLL ADD("3", "EPOLLIN") TOLD("3") ACCEPT
	    ADD("5", "EPOLLIN|EPOLLOUT|EPOLLET") TOLD("5")
	    "7 read(5, \"abcd\", 4) = 4\n7 write(5, \"abcd\", 4) = 2\n"
	    TOLD("5"));
	EXPECT_EQ(0, end_and_find("not-drained"));
	begin();			/* others have their turn in between */
	say(LISTENER EPOLL ADD("3", "EPOLLIN") TOLD("3") ACCEPT
	    ADD("5", "EPOLLIN|EPOLLET") TOLD("5")
	    "7 read(5, \"abcd\", 4) = 4\n"
	    "7 epoll_wait(4, [{events=EPOLLIN, data={u32=5, u64=5}}], 9, 0) = 1\n"
	    "7 read(5, \"ab\", 4) = 2\n");
	EXPECT_EQ(0, end_and_find("not-drained"));
}

static void reads(const char *flags, int wasted)
{
	begin();
	say(LISTENER EPOLL ADD("3", "EPOLLIN") TOLD("3") ACCEPT);
	say("7 epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=%s, "
	    "data={u32=5, u64=5}}) = 0", flags);
	for (int i = 0; i < 20; i++) {
		say(TOLD("5") "7 read(5, \"a\", 99) = 1");
		if (wasted)
			say("7 read(5, 0x1, 99)" AGAIN);
	}
}

TEST(a_read_that_says_again_each_time)
{
	reads("EPOLLIN", 1);
	EXPECT_EQ(20, end_and_find("wasted-read"));
	reads("EPOLLIN", 0);
	EXPECT_EQ(0, end_and_find("wasted-read"));
	reads("EPOLLIN|EPOLLET", 1);	/* there it must be so */
	EXPECT_EQ(0, end_and_find("wasted-read"));
}

static void herd(const char *flags)
{
	begin();
	say(LISTENER "7 fork() = 8\n7 fork() = 9");
	for (int pid = 8; pid < 10; pid++)
		say("%d epoll_create1(0) = 4\n%d epoll_ctl(4, EPOLL_CTL_ADD, 3, "
		    "{events=%s, data={u32=3, u64=3}}) = 0", pid, pid, flags);
	for (int i = 0; i < 4; i++)
		for (int pid = 8; pid < 10; pid++)
			say("%d epoll_wait(4, [{events=EPOLLIN, data={u32=3, "
			    "u64=3}}], 9, -1) = 1\n"
			    "%d accept4(3, NULL, NULL, 0)%s", pid, pid,
			    (i + pid) % 2 ? " = 5" : AGAIN);
}

TEST(a_herd)
{
	herd("EPOLLIN");
	EXPECT_EQ(4, end_and_find("thundering-herd"));
	herd("EPOLLIN|EPOLLEXCLUSIVE");
	EXPECT_EQ(0, end_and_find("thundering-herd"));
}

TEST(a_loop_that_slept_in_a_read)
{
	begin();
	say("7 1000000000.0 poll([{fd=5, events=POLLIN}], 1, -1) = 1 "
	    "([{fd=5, revents=POLLIN}]) <0.1>\n"
	    "7 1000000000.2 fcntl(5, F_GETFL) = 0x2 (flags O_RDWR) <0.0>\n"
	    "7 1000000000.3 recvfrom(5, \"a\", 9, 0, NULL, NULL) = 1 <0.00001>\n"
	    "7 1000000000.4 recvfrom(5, \"a\", 9, 0, NULL, NULL) = 1 <2.5>\n");
	EXPECT_EQ(1, end_and_find("blocked-loop"));
	/* A client that waited for its only connection keeps nobody waiting. */
	begin();
	say("7 1000000000.0 socket(AF_INET, SOCK_STREAM, 0) = 5 <0.0>\n"
	    "7 1000000000.1 connect(5, {sa_family=AF_INET, sin_port=htons(70), "
	    "sin_addr=inet_addr(\"10.0.0.9\")}, 16) = 0 <0.1>\n"
	    "7 1000000000.2 select(6, NULL, [5], NULL, NULL) = 1 (out [5]) "
	    "<0.1>\n"
	    "7 1000000000.4 recvfrom(5, \"a\", 9, 0, NULL, NULL) = 1 <2.5>\n");
	EXPECT_EQ(0, end_and_find("blocked-loop"));
}

static void bytes(int size)
{
	begin();
	say(LISTENER ACCEPT);
	for (int i = 0; i < 30; i++)
		say("7 read(5, \"a\", %d) = 1", size);
}

/* Of reads of one byte beside this number of other calls. */
static enum severity one_byte_severity(int others)
{
	bytes(1);
	for (int i = 0; i < others; i++)
		say("7 getpid() = 7");
	reader_end(&r);
	for (const struct finding *d = r.findings.first; d; d = d->next)
		if (!strcmp(d->about->id, "one-byte-reads"))
			return d->about->severity;
	return SEVERITY_FAULT;
}

TEST(one_byte_at_a_time)
{
	bytes(1);
	EXPECT_EQ(30, end_and_find("one-byte-reads"));
	/* The banner of a long session is not worth a headline. */
	EXPECT_STR("cost", severity_name(one_byte_severity(0)));
	EXPECT_STR("note", severity_name(one_byte_severity(900)));
	bytes(100);			/* the peer's doing, not ours */
	EXPECT_EQ(0, end_and_find("one-byte-reads"));
}

TEST(the_signal_queue_overflows)
{
	static const char *const start =
		LISTENER "7 fcntl(3, F_SETSIG, SIGRT_2) = 0\n"
		"7 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK|O_ASYNC) = 0\n"
		"7 --- SIGIO {si_signo=SIGIO, si_code=SI_KERNEL} ---\n";

	begin();
	say("%s7 read(5, \"a\", 9) = 1", start);
	EXPECT_EQ(1, end_and_find("signal-queue-full"));
	begin();			/* it asks about all: recovered */
	say("%s7 poll([{fd=3, events=POLLIN}], 1, 0) = 0 (Timeout)", start);
	EXPECT_EQ(0, end_and_find("signal-queue-full"));
}

static void submits(const char *flags)
{
	begin();
	say("7 openat(AT_FDCWD, \"/x\", %s) = 3\n"
	    "7 io_submit(0x7, 1, [{aio_data=0, aio_lio_opcode=IOCB_CMD_PREAD, "
	    "aio_fildes=3, aio_buf=0x1, aio_nbytes=9, aio_offset=0}]) = 1",
	    flags);
}

TEST(native_aio_on_a_buffered_file)
{
	submits("O_RDONLY");
	EXPECT_EQ(1, end_and_find("aio-buffered"));
	submits("O_RDONLY|O_DIRECT");
	EXPECT_EQ(0, end_and_find("aio-buffered"));
}

static void submits_for(const char *seconds)
{
	begin();
	say("7 openat(AT_FDCWD, \"/f\", O_RDWR|O_DIRECT) = 3\n"
	    "7 io_submit(0x7f1, 1, [{aio_data=0, aio_lio_opcode="
	    "IOCB_CMD_PWRITE, aio_fildes=3, aio_buf=\"\", aio_nbytes=4096, "
	    "aio_offset=0}]) = 1 <%s>", seconds);
}

TEST(an_io_submit_that_slept)
{
	submits_for("0.050000");
	EXPECT_EQ(1, end_and_find("aio-blocked"));
	submits_for("0.000050");
	EXPECT_EQ(0, end_and_find("aio-blocked"));
}

static void enters(int n)
{
	begin();
	say("7 io_uring_setup(8, {flags=0}) = 3");
	for (int i = 0; i < 200; i++)
		say("7 io_uring_enter(3, %d, 1, IORING_ENTER_GETEVENTS, NULL, 8)"
		    " = %d", n, n);
}

TEST(a_ring_used_one_by_one)
{
	enters(1);
	EXPECT_EQ(200, end_and_find("ring-single"));
	enters(4);
	EXPECT_EQ(0, end_and_find("ring-single"));
}

TEST(a_file_in_an_epoll_set)
{
	begin();
	say(EPOLL "7 epoll_ctl(4, EPOLL_CTL_ADD, 6, {events=EPOLLIN, "
	    "data={u32=6, u64=6}}) = -1 EPERM (Operation not permitted)");
	EXPECT_EQ(1, end_and_find("epoll-file"));
}

TEST(a_peer_that_is_gone)
{
	static const char gone[] =
		"7 write(5, \"a\", 1) = -1 EPIPE (Broken pipe)";

	begin();
	say(LISTENER ACCEPT "%s\n7 close(5) = 0", gone);
	EXPECT_EQ(1, end_and_find("epipe"));
	EXPECT_EQ(0, found("epipe-repeated"));
	begin();
	say(LISTENER ACCEPT "%s\n%s\n%s", gone, gone, gone);
	EXPECT_EQ(2, end_and_find("epipe-repeated"));
	begin();
	say("7 +++ killed by SIGPIPE +++");
	EXPECT_EQ(1, end_and_find("sigpipe"));
}

static void leaks(int close)
{
	begin();
	say(LISTENER);
	for (int i = 0; i < 5; i++) {
		say("7 accept4(3, NULL, NULL, 0) = %d\n"
		    "7 read(%d, \"\", 9) = 0", 10 + i, 10 + i);
		if (close)
			say("7 close(%d) = 0", 10 + i);
	}
	for (int i = 0; i < 200; i++)
		say("7 getpid() = 7");
	say("7 +++ exited with 0 +++");
}

/* A short log: the last line is the end of the process. */
static void leaks_at_exit(const char *after_eof)
{
	begin();
	say(LISTENER EPOLL);
	for (int i = 0; i < 5; i++)
		say(TOLD("3") "7 accept4(3, NULL, NULL, 0) = %d\n"
		    "7 read(%d, \"\", 9) = 0", 10 + i, 10 + i);
	for (int i = 0; i < 10; i++)
		say(TOLD("9"));
	for (int i = 0; *after_eof && i < 5; i++)
		say(after_eof, 10 + i);
	say("7 +++ exited with 0 +++");
}

TEST(descriptors_that_leak)
{
	leaks(0);
	EXPECT_EQ(5, end_and_find("leak"));
	leaks(1);
	EXPECT_EQ(0, end_and_find("leak"));
	leaks_at_exit("");
	EXPECT_EQ(5, end_and_find("leak"));
	leaks_at_exit("7 write(%d, \"a\", 1) = 1");	/* half of it is closed */
	EXPECT_EQ(0, end_and_find("leak"));
}

/* The child that has a copy ends; the parent closes its own. */
TEST(a_copy_in_a_child_is_no_leak)
{
	begin();
	say(LISTENER);
	for (int i = 0; i < 5; i++)
		say("7 accept4(3, NULL, NULL, 0) = 5\n"
		    "7 read(5, \"\", 9) = 0\n"
		    "7 fork() = %d\n"
		    "%d exit_group(0) = ?\n"
		    "%d +++ exited with 0 +++", 20 + i, 20 + i, 20 + i);
	for (int i = 0; i < 200; i++)
		say("7 getpid() = 7");
	for (int i = 0; i < 1; i++)
		say("7 close(5) = 0");
	say("7 +++ exited with 0 +++");
	EXPECT_EQ(0, end_and_find("leak"));
}

/* A process for each connection: its end is the end of its descriptors. */
TEST(a_child_that_ends_with_its_connection_is_no_leak)
{
	begin();
	say(LISTENER);
	for (int i = 0; i < 5; i++) {
		say("7 accept4(3, NULL, NULL, 0) = 5\n7 fork() = %d\n"
		    "7 close(5) = 0\n%d read(5, \"\", 9) = 0", 20 + i, 20 + i);
		for (int n = 0; n < 120; n++)
			say("%d getpid() = %d", 20 + i, 20 + i);
		say("%d exit_group(0) = ?\n%d +++ exited with 0 +++", 20 + i,
		    20 + i);
	}
	say("7 +++ exited with 0 +++");
	EXPECT_EQ(0, end_and_find("leak"));
}

static void opens(int close)
{
	begin();
	for (int i = 0; i < 40; i++) {
		say("7 openat(AT_FDCWD, \"/etc/x\", O_RDONLY) = %d",
		    close ? 3 : 3 + i);
		if (close)
			say("7 close(3) = 0");
	}
	say("7 +++ exited with 0 +++");
}

TEST(one_file_opened_again_and_again)
{
	opens(0);
	EXPECT_EQ(40, end_and_find("leak-file"));
	opens(1);
	EXPECT_EQ(0, end_and_find("leak-file"));
}

TEST(no_descriptor_left)
{
	begin();
	say(LISTENER EPOLL ADD("3", "EPOLLIN"));
	for (int i = 0; i < 20; i++)
		say(TOLD("3") "7 accept4(3, NULL, NULL, 0) = -1 EMFILE (Too many "
		    "open files)");
	EXPECT_GE(end_and_find("emfile-spin"), 1);
	begin();			/* it waits for a close */
	say(LISTENER EPOLL ADD("3", "EPOLLIN"));
	for (int i = 0; i < 20; i++)
		say(TOLD("3") "7 accept4(3, NULL, NULL, 0) = -1 EMFILE (Too many "
		    "open files)\n7 epoll_ctl(4, EPOLL_CTL_DEL, 3, NULL) = 0\n"
		    "7 close(9) = 0\n" ADD("3", "EPOLLIN"));
	EXPECT_EQ(0, end_and_find("emfile-spin"));
}

TEST(a_spin)
{
	begin();
	say(LISTENER EPOLL ADD("3", "EPOLLIN"));
	for (int i = 0; i < 50; i++)
		say(TOLD("3"));
	EXPECT_GE(end_and_find("spin"), 32);
}

TEST(asking_without_sleeping)
{
	begin();
	say(EPOLL);
	for (int i = 0; i < 150; i++)
		say("7 epoll_wait(4, [], 9, 0) = 0");
	EXPECT_EQ(150, end_and_find("busy-ask"));
	begin();
	say(EPOLL);
	for (int i = 0; i < 150; i++)
		say("7 epoll_wait(4, [], 9, 10) = 0");
	EXPECT_EQ(0, end_and_find("busy-ask"));
}

TEST(eintr_that_the_tracer_brought)
{
	begin();
	say("7 execve(\"/x\", [\"x\"], 0x1 /* 2 vars */) = 0\n" EPOLL
	    "7 epoll_wait(4, 0x1, 9, -1) = -1 EINTR (Interrupted)\n"
	    "7 --- SIGCHLD {si_signo=SIGCHLD} ---");
	EXPECT_EQ(1, end_and_find("tracer-eintr"));
	begin();
	say("7 execve(\"/x\", [\"x\"], 0x1 /* 2 vars */) = 0\n" EPOLL
	    "7 rt_sigaction(SIGCHLD, {sa_handler=0x1, sa_mask=[], sa_flags=0}, "
	    "NULL, 8) = 0\n"
	    "7 epoll_wait(4, 0x1, 9, -1) = -1 EINTR (Interrupted)\n"
	    "7 --- SIGCHLD {si_signo=SIGCHLD} ---");
	EXPECT_EQ(0, end_and_find("tracer-eintr"));
}

/* What eight threads waited at once is no longer than what one waited. */
TEST(waits_at_once_do_not_add_up)
{
	begin();
	for (int i = 0; i < 8; i++)
		say("7 1795201100.0%d0000 clone3({flags=CLONE_VM|CLONE_FILES|"
		    "CLONE_THREAD}, 88) = %d <0.000100>", i, 10 + i);
	say("7 1795201100.100000 openat(AT_FDCWD, \"/srv/log\", O_WRONLY) = 3 "
	    "<0.000100>");
	for (int k = 1; k <= 10; k++) {
		say("7 1795201%d.000000 fsync(3) = 0 <0.950000>", 100 + k);
		for (int i = 0; i < 8; i++)
			say("%d 1795201%d.050000 futex(0x1, FUTEX_WAIT_PRIVATE, 2, "
			    "NULL) = 0 <0.800000>", 10 + i, 100 + k);
	}
	EXPECT_EQ(10, end_and_find("slow-fsync"));
	ASSERT_TRUE(r.findings.first && r.findings.first->next);
	EXPECT_STR("slow-fsync", r.findings.first->about->id);
	EXPECT_STR("mutex-wait", r.findings.first->next->about->id);
}

/*
 * Each of two processes was reset, and one ended of it: a fault and a note.  The
 * ports change the order in which they are judged, and nothing else.
 */
TEST(a_fault_and_a_note_of_one_kind)
{
	for (int port = 4001; port <= 4008; port++) {
		begin();
		say("5 execve(\"/bin/s\", [\"s\"], 0x7 /* 9 vars */) = 0\n"
		    "5 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3\n"
		    "5 listen(3, 9) = 0\n5 fork() = 8");
		for (int pid = 8; pid >= 5; pid -= 3)
			say("%d accept(3, {sa_family=AF_INET, sin_port=htons(%d), "
			    "sin_addr=inet_addr(\"10.0.0.1\")}, [16]) = 4\n"
			    "%d read(4, 0x1, 9) = -1 ECONNRESET (Connection reset "
			    "by peer)", pid, port + pid, pid);
		say("5 write(2, \"s: read: Connection reset by peer\\n\", 34) = 34\n"
		    "5 exit_group(1) = ?\n5 +++ exited with 1 +++");
		reader_end(&r);
		ASSERT_EQ(2, r.findings.n);
		EXPECT_EQ(SEVERITY_FAULT, r.findings.first->about->severity);
		EXPECT_EQ(5, r.findings.first->pid);
		EXPECT_EQ(1, r.findings.first->count);
		EXPECT_EQ(8, r.findings.first->next->pid);
		EXPECT_EQ(1, r.findings.first->next->count);
	}
}
