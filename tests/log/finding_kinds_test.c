/* SPDX-License-Identifier: MIT */
/*
 * finding_kinds_test.c - what people trace for: each kind of fault, and what looks like it (with libc)
 */
#include "noted.h"

#define T "1700000000."
#define START "7 " T "000000 execve(\"/bin/p\", [\"p\", \"/data/in\"], 0x1) = 0 <0.000100>\n"
#define CONN "7 " T "000200 socket(AF_INET, SOCK_STREAM, 0) = 3 <0.000010>\n" \
	"7 " T "000300 connect(3, {sa_family=AF_INET, sin_port=htons(70), " \
	"sin_addr=inet_addr(\"10.0.0.9\")}, 16) = 0 <0.000100>\n"
#define NO_FILE "-1 ENOENT (No such file or directory)"
#define AGAIN "-1 EAGAIN (Resource temporarily unavailable)"

#define EXPECT_SAYS(id, text)						\
	EXPECT_TRUE(strstr(sentence(id), text))

/* ---- loops without progress ---- */

static void hang_ups(int n, const char *between)
{
	begin();
	for (int i = 0; i < n; i++)
		say("epoll_wait(5, [{events=EPOLLHUP, data={u32=3, u64=3}}], "
		    "8, 1000) = 1\n%s", between);
}

TEST(a_hang_up_that_nobody_removes)
{
	hang_ups(70, "");		/* the registration is not in the log */
	EXPECT_EQ(70, end_and_find("spin-hangup"));
	EXPECT_SAYS("spin-hangup", "EPOLLHUP");
	EXPECT_SAYS("spin-hangup", "70 times");
	EXPECT_SAYS("spin-hangup", "data 3 (descriptor 3, if");
	hang_ups(70, "getpid() = 7\nwrite(1, \"x\", 1) = 1\n");
	EXPECT_EQ(70, end_and_find("spin-hangup"));
	hang_ups(20, "");		/* an excerpt of this loop */
	EXPECT_EQ(20, end_and_find("spin-hangup"));
	hang_ups(3, "");
	EXPECT_EQ(0, end_and_find("spin-hangup"));
	hang_ups(20, "getpid() = 7\ngetpid() = 7\nread(9, \"a\", 9) = 1\n");
	EXPECT_EQ(0, end_and_find("spin-hangup"));
	/* Each is another client's, and data move in between. */
	hang_ups(70, "read(9, \"abc\", 99) = 3\n");
	EXPECT_EQ(0, end_and_find("spin-hangup"));
}

static void asks(int n, const char *gap_ms)
{
	begin();
	for (int i = 0; i < n; i++)
		say("7 17000000%02d.%03d%s recvfrom(3, 0x1, 9, 0, NULL, NULL) "
		    "= " AGAIN " <0.000005>", i / 1000, i % 1000, gap_ms);
}

TEST(a_burst_is_no_busy_loop)
{
	asks(200, "000");
	EXPECT_EQ(200, end_and_find("busy-ask"));
	asks(60, "000");		/* an excerpt, and a part of a log */
	EXPECT_EQ(60, end_and_find("busy-ask"));
	asks(60, "000");
	for (int i = 0; i < 60; i++)
		say("7 1700000009.%03d000 getpid() = 7 <0.000005>", i);
	EXPECT_EQ(0, end_and_find("busy-ask"));
	/* 5 ms of 3 s, at the start. */
	begin();
	for (int i = 0; i < 180; i++)
		say("7 " T "%06d recvfrom(3, 0x1, 9, 0, NULL, NULL) = " AGAIN
		    " <0.000005>", i * 25);
	for (int i = 0; i < 60; i++)
		say("7 17000000%02d.%06d poll([{fd=3, events=POLLIN}], 1, 50) "
		    "= 0 (Timeout) <0.050000>", i / 20, 5000 + i % 20 * 50000);
	EXPECT_EQ(0, alarms());
}

TEST(o_nonblock_of_another_process)
{
	begin();
	say("7 pipe2([3, 4], 0) = 0\n7 fcntl(3, F_SETFL, O_RDONLY|O_NONBLOCK) "
	    "= 0\n7 fork() = 8\n8 dup2(3, 0) = 0");
	for (int i = 0; i < 20; i++)
		say("8 read(0, 0x1, 99) = " AGAIN);
	EXPECT_EQ(20, end_and_find("nonblock-shared"));
	EXPECT_SAYS("nonblock-shared", "pid 7");
	EXPECT_SAYS("nonblock-shared", "descriptor 0");
	begin();				/* it waits in between */
	say("7 pipe2([3, 4], 0) = 0\n7 fcntl(3, F_SETFL, O_RDONLY|O_NONBLOCK) "
	    "= 0\n7 fork() = 8");
	for (int i = 0; i < 20; i++)
		say("8 poll([{fd=3, events=POLLIN}], 1, 100) = 0 (Timeout)\n"
		    "8 read(3, 0x1, 99) = " AGAIN);
	EXPECT_EQ(0, end_and_find("nonblock-shared"));
}

TEST(a_call_that_fails_again_and_again)
{
	begin();
	for (int i = 0; i < 50; i++)
		say("7 select(9, [8], NULL, NULL, NULL) = -1 EBADF (Bad file "
		    "descriptor)");
	EXPECT_EQ(50, end_and_find("spin-error"));
	begin();
	for (int i = 0; i < 50; i++)
		say("7 select(9, [8], NULL, NULL, NULL) = -1 EBADF (Bad file "
		    "descriptor)\n7 clock_nanosleep(CLOCK_REALTIME, 0, "
		    "{tv_sec=1, tv_nsec=0}, NULL) = 0");
	EXPECT_EQ(0, end_and_find("spin-error"));
}

TEST(polling_by_sleeping)
{
	for (int tail = 0; tail < 2; tail++) {
		begin();
		for (int i = 0; i < 40; i++)
			say("7 " T "%06d read(3, \"\", 99) = %s <0.000005>\n"
			    "7 " T "%06d clock_nanosleep(CLOCK_REALTIME, 0, "
			    "{tv_sec=0, tv_nsec=10000000}, NULL) = 0 <0.010100>",
			    i * 10300, tail ? "0" : AGAIN, i * 10300 + 100);
		EXPECT_EQ(tail ? 0 : 40, end_and_find("poll-by-sleep"));
	}
}

/* ---- peers ---- */

static void round_trips(const char *first, int answer_us)
{
	long us = 1000;

	begin();
	say(START CONN "%s", first);
	for (int i = 0; i < 10; i++) {
		say("7 " T "%06ld write(3, \"head\", 4) = 4 <0.000010>\n"
		    "7 " T "%06ld write(3, \"body\", 40) = 40 <0.000010>\n"
		    "7 " T "%06ld read(3, \"ok\", 99) = 2 <0.%06d>", us,
		    us + 30, us + 60, answer_us);
		us += answer_us + 100;
	}
}

/* Go's scheduler: another thread of the process waits in epoll_pwait. */
TEST(a_scheduler_that_looks)
{
	for (int threads = 0; threads < 2; threads++) {
		begin();
		if (threads)
			say("7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD|"
			    "CLONE_SIGHAND|CLONE_FILES) = 8\n8 gettid() = 8");
		for (int i = 0; i < 30; i++)
			say("7 %d.0 epoll_pwait(4, [], 128, 0, NULL, 0) = 0\n"
			    "7 %d.1 nanosleep({tv_sec=0, tv_nsec=9}, NULL) = 0",
			    1700000000 + i, 1700000000 + i);
		EXPECT_EQ(threads ? 0 : 30, end_and_find("poll-by-sleep"));
	}
}

TEST(nagle_and_delayed_ack)
{
	round_trips("", 43900);
	EXPECT_EQ(10, end_and_find("nagle"));
	EXPECT_SAYS("nagle", "TCP_NODELAY");
	round_trips("7 " T "000400 setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) "
		    "= 0 <0.000010>\n", 43900);
	EXPECT_EQ(0, end_and_find("nagle"));
	round_trips("", 2000);
	EXPECT_EQ(0, end_and_find("nagle"));
}

TEST(a_timeout_is_not_o_nonblock)
{
	begin();
	say(START CONN "7 " T "001000 setsockopt(3, SOL_SOCKET, SO_RCVTIMEO_OLD"
	    ", \"\\0\", 16) = 0 <0.000010>\n"
	    "7 " T "002000 recvfrom(3, 0x1, 64, 0, NULL, NULL) = " AGAIN
	    " <0.300000>\n");
	EXPECT_EQ(1, end_and_find("receive-timeout"));
	EXPECT_SAYS("receive-timeout", "SO_RCVTIMEO");
	begin();
	say(START CONN "7 " T "002000 recvfrom(3, 0x1, 64, 0, NULL, NULL) = "
	    AGAIN " <0.000300>\n");
	EXPECT_EQ(0, end_and_find("receive-timeout"));
}

#define ASK "7 " T "000100 socket(AF_INET, SOCK_DGRAM, 0) = 3 <0.000010>\n" \
	"7 " T "000200 connect(3, {sa_family=AF_INET, sin_port=htons(53), " \
	"sin_addr=inet_addr(\"10.0.0.2\")}, 16) = 0 <0.000010>\n" \
	"7 " T "000300 sendto(3, \"q\", 40, 0, NULL, 0) = 40 <0.000010>\n"

/* No times at all: the timeouts that passed tell. */
TEST(a_name_server_that_is_silent_without_times)
{
	for (int n = 0; n < 2; n++) {
		begin();
		say("socket(AF_INET, SOCK_DGRAM, 0) = 3\nconnect(3, {sa_family="
		    "AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"10.0.0.9\")"
		    "}, 16) = 0\nsendto(3, \"|\\223\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\1x\\0"
		    "\\0\\34\\0\\1\", 19, 0, NULL, 0) = 19\n"
		    "poll([{fd=3, events=POLLIN}], 1, %d) = 0 (Timeout)\n"
		    "close(3) = 0", n ? 5000 : 5);
		EXPECT_EQ(n, end_and_find("dns-timeout"));
	}
}

TEST(a_name_server_that_is_silent)
{
	begin();
	say(START ASK "7 " T "000400 poll([{fd=3, events=POLLIN}], 1, 5000) "
	    "= 0 (Timeout) <5.000000>\n7 1700000005.000600 close(3) = 0 "
	    "<0.000010>\n");
	EXPECT_EQ(1, end_and_find("dns-timeout"));
	EXPECT_SAYS("dns-timeout", "10.0.0.2:53");
	begin();
	say(START ASK "7 " T "000400 poll([{fd=3, events=POLLIN}], 1, 5000) "
	    "= 1 ([{fd=3, revents=POLLIN}]) <0.020000>\n"
	    "7 " T "021000 recvfrom(3, \"a\", 512, 0, NULL, NULL) = 60 "
	    "<0.000010>\n7 1700000009.000600 close(3) = 0 <0.000010>\n");
	EXPECT_EQ(0, end_and_find("dns-timeout"));
}

#define NAME_ASKED "7 " T "000000 socket(AF_INET, SOCK_DGRAM, 0) = 3 <0.00001>\n" \
	"7 " T "000100 connect(3, {sa_family=AF_INET, sin_port=htons(53), " \
	"sin_addr=inet_addr(\"10.0.0.1\")}, 16) = 0 <0.00001>\n" \
	"7 " T "000200 sendto(3, \"\\34\\266\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" \
	"\\2no\\7example\\0\\0\\1\\0\\1\", 28, 0, NULL, 0) = 28 <0.00001>\n"
#define ANSWER(flags, records) "7 " T "001200 recvfrom(3, \"\\34\\266" flags \
	"\\0\\1\\0" records "\\0\\0\\0\\0\\2no\"..., 2048, 0, NULL, NULL) = 28 " \
	"<0.001>\n"

TEST(what_a_name_server_answers)
{
	static const struct { const char *answers, *id; int status; } cases[] = {
		{ ANSWER("\\201\\205", "\\0"), "dns-refused", 6 },
		{ ANSWER("\\201\\202", "\\0"), "dns-refused", 6 },
		{ ANSWER("\\201\\203", "\\0"), "dns-no-name", 6 },
		{ ANSWER("\\201\\203", "\\0"), NULL, 0 },
		/* the next name of the search list is there */
		{ ANSWER("\\201\\203", "\\0") ANSWER("\\201\\200", "\\1"),
		  NULL, 1 },
		{ ANSWER("\\201\\202", "\\0") ANSWER("\\201\\200", "\\1"),
		  NULL, 0 },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin();
		say(START);
		say(NAME_ASKED "%s7 " T "100000 exit_group(%d) = ?\n"
		    "7 " T "100100 +++ exited with %d +++", cases[i].answers,
		    cases[i].status, cases[i].status);
		if (!cases[i].id) {
			EXPECT_EQ(0, alarms());
			continue;
		}
		EXPECT_EQ(1, end_and_find(cases[i].id));
		EXPECT_SAYS(cases[i].id, "no.example");
		EXPECT_SAYS(cases[i].id, "10.0.0.1:53");
	}
}

TEST(a_peer_that_closes_without_an_answer)
{
	for (int status = 0; status < 2; status++) {
		begin();
		say(START CONN "7 write(3, \"GET\", 3) = 3\n"
		    "7 read(3, \"\", 99) = 0\n7 close(3) = 0\n"
		    "7 exit_group(%d) = ?\n7 +++ exited with %d +++", status,
		    status);
		EXPECT_EQ(status, end_and_find("closed-unanswered"));
	}
	begin();
	say(START CONN "7 write(3, \"GET\", 3) = 3\n7 read(3, \"ok\", 99) = 2\n"
	    "7 read(3, \"\", 99) = 0\n7 close(3) = 0\n"
	    "7 exit_group(1) = ?\n7 +++ exited with 1 +++");
	EXPECT_EQ(0, end_and_find("closed-unanswered"));
}

#define HERE "<TCP:[127.0.0.1:5->127.0.0.1:6]>"
#define THERE "<TCP:[127.0.0.1:6->127.0.0.1:5]>"

TEST(who_reset_the_connection)
{
	for (int whole = 0; whole < 2; whole++) {
		begin();
		say(START "7 fork() = 8\n7 write(3" HERE ", \"hello\", 5) = 5\n"
		    "8 read(4" THERE ", \"hello\", 9) = %d\n"
		    "8 close(4" THERE ") = 0\n7 read(3" HERE ", 0x1, 9) = -1 "
		    "ECONNRESET (Connection reset by peer)\n"
		    "7 exit_group(1) = ?\n7 +++ exited with 1 +++",
		    whole ? 5 : 1);
		EXPECT_EQ(1, end_and_find("connection-reset"));
		EXPECT_SAYS("connection-reset", "pid 8 closed it");
		EXPECT_EQ(!whole, strstr(sentence("connection-reset"),
					 "4 bytes unread") != NULL);
	}
}

TEST(a_connect_without_an_answer)
{
	begin();
	say(START "7 " T "000200 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0) "
	    "= 3 <0.000010>\n7 " T "000300 connect(3, {sa_family=AF_INET, "
	    "sin_port=htons(70), sin_addr=inet_addr(\"10.0.0.9\")}, 16) = -1 "
	    "EINPROGRESS (Operation now in progress) <0.000100>\n"
	    "7 " T "000500 poll([{fd=3, events=POLLOUT}], 1, 4000) = 0 "
	    "(Timeout) <4.000000>\n7 1700000004.001000 close(3) = 0 <0.000010>");
	EXPECT_EQ(1, end_and_find("connect-unanswered"));
	begin();
	say(START CONN "7 1700000004.001000 close(3) = 0 <0.000010>");
	EXPECT_EQ(0, alarms());
}

TEST(a_peer_that_accepts_and_is_silent)
{
	begin();
	say(START CONN "7 " T "000500 write(3, \"GET\", 3) = 3 <0.000010>\n"
	    "7 " T "000600 poll([{fd=3, events=POLLIN}], 1, 5000) = 0 (Timeout)"
	    " <5.000000>\n7 1700000005.001000 close(3) = 0 <0.000010>");
	EXPECT_EQ(1, end_and_find("peer-silent"));
	begin();			/* a log shipper waits for nothing */
	say(START CONN "7 " T "000500 write(3, \"log\", 3) = 3 <0.000010>\n"
	    "7 1700000009.001000 close(3) = 0 <0.000010>");
	EXPECT_EQ(0, end_and_find("peer-silent"));
}

/* ---- locks and disks ---- */

TEST(a_lock_that_is_held)
{
	begin();
	say("8 " T "000000 flock(4</run/l>, LOCK_EX) = 0 <0.000010>\n"
	    "7 " T "000100 flock(3</run/l>, LOCK_EX) = 0 <2.000000>\n");
	EXPECT_EQ(1, end_and_find("lock-wait"));
	EXPECT_SAYS("lock-wait", "pid 8");
	begin();
	say("7 " T "000100 flock(3</run/l>, LOCK_EX) = 0 <0.000100>\n"
	    "7 1700000002.000100 flock(3</run/l>, LOCK_UN) = 0 <0.000100>\n");
	EXPECT_EQ(0, alarms());
}

static void syncs(const char *took)
{
	begin();
	for (int i = 0; i < 30; i++)
		say("7 " T "%06d fsync(3</data/log>) = 0 <%s>", i * 30000, took);
}

/* Calls on locks that never wait are slow on a busy machine. */
TEST(a_lock_that_is_only_tried)
{
	for (int waits = 0; waits < 2; waits++) {
		begin();
		for (int i = 0; i < 9; i++)
			say("7 %d.1 fcntl(3</d/x>, F_SETLK%s, {l_type=F_WRLCK}) = "
			    "0 <0.050000>", 1700000000 + i, waits ? "W" : "");
		EXPECT_EQ(waits * 9, end_and_find("lock-wait"));
	}
}

TEST(a_slow_disk)
{
	syncs("0.025000");
	EXPECT_EQ(30, end_and_find("slow-fsync"));
	syncs("0.000500");
	EXPECT_EQ(0, alarms());
}

/* ---- refusals ---- */

static void refused(const char *line, int status)
{
	begin();
	say(START "%s\n7 " T "900000 exit_group(%d) = ?\n"
	    "7 " T "900100 +++ exited with %d +++", line, status, status);
}

TEST(which_limit_it_was)
{
	static const struct { const char *line, *id, *limit; } is[] = {
		{ "7 inotify_init1(IN_CLOEXEC) = -1 EMFILE (Too many open "
		  "files)", "inotify-instances", "max_user_instances" },
		{ "7 io_setup(128, 0x1) = -1 EAGAIN (Resource temporarily "
		  "unavailable)", "aio-max-nr", "fs.aio-max-nr" },
		{ "7 io_uring_register(3, IORING_REGISTER_BUFFERS, [], 1) = -1 "
		  "ENOMEM (Cannot allocate memory)", "memlock-ring", "MEMLOCK" },
		{ "7 io_uring_setup(8, 0x1) = -1 EPERM (Operation not "
		  "permitted)", "io-uring-denied", "io_uring_disabled" },
		{ "7 clone(child_stack=NULL, flags=SIGCHLD) = -1 EAGAIN "
		  "(Resource temporarily unavailable)", "processes", "NPROC" },
		{ "7 inotify_add_watch(3, \"/x\", IN_MODIFY) = -1 ENOSPC (No "
		  "space left on device)", "inotify-watches", "user_watches" },
		{ "7 write(3</d/x>, \"x\", 9) = -1 ENOSPC (No space left on "
		  "device)", "disk-full", "full" },
		{ "7 bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr="
		  "inet_addr(\"0.0.0.0\")}, 16) = -1 EADDRINUSE (Address "
		  "already in use)", "address-in-use", "0.0.0.0:80" },
		{ "7 openat(AT_FDCWD, \"/d/x\", O_RDWR|O_DIRECT) = 3\n"
		  "7 pread64(3, 0x1, 1000, 100) = -1 EINVAL (Invalid argument)",
		  "direct-alignment", "O_DIRECT" },
		/* The same errno means another thing in another call. */
		{ "7 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), "
		  "inet_pton(AF_INET6, \"::1\", &sin6_addr)}, 28) = -1 "
		  "EADDRNOTAVAIL (Cannot assign requested address)",
		  "address-not-here", "IPv6" },
		{ "7 sendto(3, \"x\", 1, 0, {sa_family=AF_INET, sin_port=htons(9), "
		  "sin_addr=inet_addr(\"255.255.255.255\")}, 16) = -1 EACCES "
		  "(Permission denied)", "no-permission", "SO_BROADCAST" },
		{ "7 sendto(3, \"x\", 1, 0, NULL, 0) = -1 EPERM (Operation not "
		  "permitted)", "not-permitted", "packet filter" },
		{ "7 epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=4, "
		  "u64=4}}) = -1 EEXIST (File exists)", "exists", "in the set" },
		{ "7 epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=4, "
		  "u64=4}}) = -1 ELOOP (Too many levels of symbolic links)",
		  "invalid", "watch each other" },
		{ "7 openat(AT_FDCWD, \"/d/y\", O_RDONLY) = -1 ENOENT (No such "
		  "file or directory)", "missing", "directory on the way" },
		{ "7 bind(3, {sa_family=AF_INET, sin_port=htons(8081), sin_addr="
		  "inet_addr(\"0.0.0.0\")}, 16) = -1 EACCES (Permission denied)",
		  "port-denied", "security module" },
		{ "7 sendto(3, \"x\", 9, MSG_ZEROCOPY, NULL, 0) = -1 ENOBUFS (No "
		  "buffer space available)", "memlock", "RLIMIT_MEMLOCK" },
		{ "7 connect(3, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 9) = -1 "
		  "EPERM (Operation not permitted)", "not-permitted",
		  "connected to another" },
		{ "7 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0) = -1 EACCES "
		  "(Permission denied)", "no-permission", "open for reading" },
		{ "7 setsid() = -1 EPERM (Operation not permitted)",
		  "not-permitted", "leads a process group" },
		{ "7 setpgid(8, 8) = -1 EACCES (Permission denied)",
		  "no-permission", "execve already" },
		{ "7 seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=1, filter=0x1}) = -1 "
		  "EACCES (Permission denied)", "not-permitted",
		  "PR_SET_NO_NEW_PRIVS" },
		{ "7 fcntl(3, F_SETPIPE_SZ, 4096) = -1 EBUSY (Device or resource "
		  "busy)", "busy", "holds more" },
		{ "7 fcntl(3, F_SETPIPE_SZ, 2097152) = -1 EPERM (Operation not "
		  "permitted)", "not-permitted", "pipe-max-size" },
		{ "7 epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=EPOLLIN, data={u32=5, "
		  "u64=5}}) = -1 EPERM (Operation not permitted)",
		  "not-supported", "no poll operation" },
		{ "7 copy_file_range(3, NULL, 4, NULL, 9, 0) = -1 EXDEV (Invalid "
		  "cross-device link)", "other-device", "different file systems" },
		{ "7 rename(\"/d/x\", \"/d/y/x\") = -1 EXDEV (Invalid cross-device "
		  "link)", "other-device", "Landlock" },
		{ "7 io_uring_setup(8, 0x1) = -1 EACCES (Permission denied)",
		  "io-uring-denied", "SELinux" },
		{ "7 perf_event_open({type=PERF_TYPE_HARDWARE}, -1, 0, -1, 0) = "
		  "-1 EACCES (Permission denied)", "not-permitted",
		  "perf_event_paranoid" },
	};

	for (unsigned i = 0; i < sizeof(is) / sizeof(*is); i++) {
		refused(is[i].line, 1);
		EXPECT_GE(end_and_find(is[i].id), 1);
		EXPECT_SAYS(is[i].id, is[i].limit);
	}
}

TEST(what_every_program_is_refused)
{
	static const char *const healthy[] = {
		"7 epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=EPOLLIN, data={u32=5,"
		" u64=5}}) = -1 EPERM (Operation not permitted)",
		"7 clone3({flags=CLONE_VM}, 88) = -1 ENOSYS (Function not "
		"implemented)\n7 clone(child_stack=NULL, flags=SIGCHLD) = 8",
		"7 ioctl(0, TCGETS, 0x1) = -1 ENOTTY (Inappropriate ioctl)",
		"7 execve(\"/usr/local/bin/x\", [\"x\"], 0x1) = -1 ENOENT (No "
		"such file or directory)\n7 execve(\"/bin/x\", [\"x\"], 0x1) "
		"= 0",
		"7 openat(AT_FDCWD, \"/etc/ld.so.preload\", O_RDONLY) = -1 "
		"ENOENT (No such file or directory)",
		/* IPv6 first, then IPv4 */
		"7 socket(AF_INET6, SOCK_STREAM, 0) = 3\n"
		"7 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), "
		"inet_pton(AF_INET6, \"::1\", &sin6_addr)}, 28) = -1 "
		"ECONNREFUSED (Connection refused)\n"
		"7 socket(AF_INET, SOCK_STREAM, 0) = 4\n"
		"7 connect(4, {sa_family=AF_INET, sin_port=htons(80), "
		"sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0",
		/* looks whether the address is free, twice */
		"7 bind(3, {sa_family=AF_INET6, sin6_port=htons(80), inet_pton("
		"AF_INET6, \"::\", &sin6_addr)}, 28) = 0\n7 bind(4, {sa_family="
		"AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"0.0.0.0\")},"
		" 16) = -1 EADDRINUSE (Address already in use)\n"
		"7 bind(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr="
		"inet_addr(\"127.0.0.2\")}, 16) = 0",
	};

	for (unsigned i = 0; i < sizeof(healthy) / sizeof(*healthy); i++) {
		refused(healthy[i], 0);
		EXPECT_EQ(0, alarms());
	}
}

/* IPv4's address is taken, and IPv6's is not: clients of IPv4 get another. */
TEST(half_of_the_addresses)
{
	static const char *const log =
		"7 bind(3, {sa_family=AF_INET, sin_port=htons(70), sin_addr="
		"inet_addr(\"127.0.0.1\")}, 16) = -1 EADDRINUSE (Address already "
		"in use)\n7 socket(AF_INET6, SOCK_STREAM, 0) = 4\n"
		"7 bind(4, {sa_family=AF_INET6, sin6_port=htons(70), inet_pton("
		"AF_INET6, \"::1\", &sin6_addr)}, 28) = 0\n7 listen(4, 5) = 0";

	refused(log, 0);
	EXPECT_EQ(1, end_and_find("address-in-use"));
}

/* The process that may not create the file tells another one, which speaks. */
TEST(a_failure_that_another_process_reports)
{
	for (int far = 0; far < 2; far++) {
		begin();
		say(START "7 fork() = 8\n8 openat(1, \".f.tmp\", O_RDWR|O_CREAT, "
		    "0600) = -1 EACCES (Permission denied)\n8 exit_group(0) = ?\n"
		    "8 +++ exited with 0 +++");
		for (int i = 0; i < 100 * far; i++)
			say("7 getpid() = 7");
		say("7 write(2, \"rsync: mkstemp \\\"/tmp/\"..., 97) = 97\n"
		    "7 exit_group(23) = ?\n7 +++ exited with 23 +++");
		EXPECT_EQ(1, end_and_find("ended-with-message"));
		EXPECT_EQ(!far, !!strstr(sentence("ended-with-message"),
					 "pid 8's openat"));
	}
}

/* scp reads from its ssh, which was refused and has ended. */
TEST(a_socket_pair_with_a_child)
{
	begin();
	say(START "7 socketpair(AF_UNIX, SOCK_STREAM, 0, [4, 5]) = 0\n7 fork() = "
	    "8\n7 read(4,  <unfinished ...>\n8 connect(3, {sa_family=AF_INET, "
	    "sin_port=htons(22), sin_addr=inet_addr(\"10.0.0.9\")}, 16) = -1 "
	    "ECONNREFUSED (Connection refused)\n8 exit_group(255) = ?\n"
	    "8 +++ exited with 255 +++\n7 <... read resumed>0x1, 4) = -1 "
	    "ECONNRESET (Connection reset by peer)\n7 exit_group(255) = ?\n"
	    "7 +++ exited with 255 +++");
	EXPECT_EQ(0, end_and_find("connection-reset"));
	EXPECT_EQ(1, found("connection-refused"));
}

/* ld.so looks in many directories; its message names the library. */
TEST(a_library_that_is_missing)
{
	static const char *const look = "7 openat(AT_FDCWD, \"/lib/libfoo.so\", "
		"O_RDONLY) = " NO_FILE "\n7 newfstatat(AT_FDCWD, \"/usr/x\", 0x1, "
		"0) = " NO_FILE "\n";
	static char log[600];

	snprintf(log, sizeof(log), "%s7 writev(2, [{iov_base=\"m\", iov_len=1}, "
		 "{iov_base=\": error: \", iov_len=9}, {iov_base=\"libfoo.so\", "
		 "iov_len=9}, {iov_base=\": No such file or directory\", "
		 "iov_len=27}], 4) = 46", look);
	refused(log, 127);
	EXPECT_EQ(1, end_and_find("missing"));
	EXPECT_SAYS("missing", "libfoo.so");
	/* strace cut the message: it may be that library. */
	snprintf(log, sizeof(log), "%s7 write(2, \"2026: (plugin\"..., 99) = 99",
		 look);
	refused(log, 1);
	EXPECT_EQ(1, end_and_find("missing"));
	EXPECT_SAYS("missing", "libfoo.so");
	EXPECT_SAYS("missing", "2026: (plugin");
	snprintf(log, sizeof(log), "%s7 getpid() = 7\n7 getpid() = 7\n7 getpid() "
		 "= 7\n7 getpid() = 7\n7 getpid() = 7\n7 getpid() = 7\n7 getpid() "
		 "= 7\n7 getpid() = 7\n7 getpid() = 7\n7 getpid() = 7\n"
		 "7 write(2, \"bad port: x\", 11) = 11", look);
	refused(log, 1);
	end_and_find("missing");
	EXPECT_TRUE(!strstr(sentence("missing"), "libfoo.so"));
	EXPECT_TRUE(!strstr(sentence("ended-with-message"), "libfoo.so"));
}

/* A server that logs to stdout with the time. */
TEST(the_last_message_in_a_log)
{
	refused("7 write(1, \"7:M 29 Nov 2026 08:13:28 # Wrong signature\\n\", 43)"
		" = 43\n7 write(1, \"7:M 29 Nov 2026 08:13:28 # Fatal error. "
		"Exiting.\\n\", 48) = 48", 1);
	EXPECT_EQ(1, end_and_find("ended-with-message"));
	EXPECT_SAYS("ended-with-message", "Wrong signature");
}

/* What it failed in long before, as a probe, is not what the message is about. */
TEST(a_probe_with_the_same_error)
{
	for (int n = 0; n < 40; n += 39) {
		begin();
		say(START "7 ioctl(3, TCGETS, 0x1) = -1 EINVAL (Invalid argument)");
		for (int i = 0; i < n; i++)
			say("7 getpid() = 7");
		say("7 write(2, \"cannot load: Invalid argument\", 29) = 29\n"
		    "7 exit_group(1) = ?\n7 +++ exited with 1 +++");
		EXPECT_EQ(!n, end_and_find("invalid"));
		EXPECT_EQ(!!n, found("ended-with-message"));
	}
}

/* nginx answers 403, logs why, and goes on. A look without a log is not a fault. */
TEST(a_server_that_reports_a_refusal)
{
	static const char *const refusal = "8 openat(AT_FDCWD, \"/srv/secret\", "
		"O_RDONLY) = -1 EACCES (Permission denied)\n8 gettid() = 8\n";
	static char log[600];

	for (int says = 0; says < 2; says++) {
		snprintf(log, sizeof(log), "7 fork() = 8\n%s%s", refusal, says ?
			 "8 write(2, \"2026/11/29 08:31:19 [error] 60#6\"..., 197) "
			 "= 197" : "8 write(4, \"HTTP/1.1 200 OK\", 15) = 15");
		refused(log, 0);
		EXPECT_EQ(says, end_and_find("no-permission"));
		EXPECT_EQ(says, alarms());
	}
	EXPECT_SAYS("no-permission", "/srv/secret");
}

/* The runtime writes its message in many pieces, and a long stack after it. */
TEST(the_first_line_of_a_long_message)
{
	begin();
	say(START "7 write(2, \"fatal error: \", 13) = 13\n7 write(2, \"all "
	    "goroutines are asleep - deadlock!\", 37) = 37\n"
	    "7 write(2, \"\\n\", 1) = 1");
	say("7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND|"
	    "CLONE_FILES) = 8");
	for (int i = 0; i < 200; i++)
		say("8 poll([{fd=3, events=POLLIN}], 1, 9) = 0 (Timeout)\n"
		    "7 nanosleep({tv_sec=0, tv_nsec=1000000}, NULL) = 0\n"
		    "7 write(2, \"main.main()\\n\\t/src/error.go:7\\n\", 30) = 30");
	say("7 exit_group(2) = ?\n7 +++ exited with 2 +++");
	EXPECT_EQ(1, end_and_find("ended-with-message"));
	EXPECT_SAYS("ended-with-message", "\"fatal error: all goroutines are");
}

/* A terminal whose other end is closed reads as EIO; a disk does not. */
TEST(the_end_of_a_terminal)
{
	refused("7 openat(AT_FDCWD, \"/dev/ptmx\", O_RDWR) = 3\n7 read(3, 0x1, "
		"9) = -1 EIO (Input/output error)", 0);
	EXPECT_EQ(0, alarms());
	refused("7 openat(AT_FDCWD, \"/data/x\", O_RDWR) = 3\n7 read(3, 0x1, 9)"
		" = -1 EIO (Input/output error)", 0);
	EXPECT_EQ(1, end_and_find("disk-error"));
}

TEST(a_refusal_before_a_success)
{
	begin();
	say(START);
	for (int i = 0; i < 4; i++)
		say("7 170000000%d.100000 connect(3, {sa_family=AF_INET, "
		    "sin_port=htons(70), sin_addr=inet_addr(\"10.0.0.9\")}, 16)"
		    " = %s <0.000100>", i, i == 3 ? "0" :
		    "-1 ECONNREFUSED (Connection refused)");
	EXPECT_EQ(3, end_and_find("connection-refused"));
	EXPECT_SAYS("connection-refused", "2.00 s");
}

TEST(the_failure_that_ended_it)
{
	/* The message names it, though others failed after it. */
	refused("7 openat(AT_FDCWD, \"/etc/p.conf\", O_RDONLY) = -1 EACCES "
		"(Permission denied)\n7 openat(AT_FDCWD, \"/usr/share/locale/"
		"p.mo\", O_RDONLY) = -1 ENOENT (No such file or directory)\n"
		"7 write(2, \"p: Permission deni\"..., 30) = 30", 1);
	EXPECT_EQ(1, end_and_find("no-permission"));
	EXPECT_SAYS("no-permission", "/etc/p.conf");
	EXPECT_EQ(0, found("missing"));
	/* An argument of the program that is not there. */
	refused("7 openat(AT_FDCWD, \"/data/in\", O_RDONLY) = -1 ENOENT (No "
		"such file or directory)", 2);
	EXPECT_EQ(1, end_and_find("missing"));
	/* One that is not: the program ends at once, without a word. */
	refused("7 openat(AT_FDCWD, \"/data/other\", O_RDONLY) = -1 ENOENT (No "
		"such file or directory)", 1);
	EXPECT_EQ(1, end_and_find("missing"));
	/* test -e: the status is the answer. */
	refused("7 newfstatat(AT_FDCWD, \"/data/other\", 0x7f, 0) = -1 ENOENT "
		"(No such file or directory)", 1);
	EXPECT_EQ(0, alarms());
	/* It went well all the same. */
	refused("7 openat(AT_FDCWD, \"/data/in\", O_RDONLY) = -1 ENOENT (No "
		"such file or directory)", 0);
	EXPECT_EQ(0, alarms());
	/* grep found nothing: its status is an answer. */
	refused("7 openat(AT_FDCWD, \"/usr/lib/x/y\", O_RDONLY) = -1 ENOENT (No"
		" such file or directory)\n7 read(3, \"x\", 99) = 1", 1);
	EXPECT_EQ(0, alarms());
}


TEST(a_message_names_the_file)
{
	/* strace cut the message before "No such file". */
	refused("7 openat(AT_FDCWD, \"/usr/include/nope.h\", O_RDONLY) = "
		NO_FILE "\n7 write(2, \"x.c:1: fatal: nope.h: No\"..., 90) = 90",
		1);
	EXPECT_EQ(1, end_and_find("missing"));
	EXPECT_SAYS("missing", "nope.h");
	/* What failed right before the message, and no chatter of libc. */
	refused("7 openat(AT_FDCWD, \"/run/p.pid\", O_RDWR) = " NO_FILE "\n"
		"7 openat(AT_FDCWD, \"/usr/share/locale/de/p.mo\", O_RDONLY) = "
		NO_FILE "\n7 write(2, \"2026/11/29 [emerg] 17: op\"..., 90) = 90",
		1);
	EXPECT_EQ(1, end_and_find("missing"));
	EXPECT_SAYS("missing", "/run/p.pid");
	/* The same, and it ended well. */
	refused("7 openat(AT_FDCWD, \"/run/p.pid\", O_RDWR) = " NO_FILE "\n"
		"7 write(2, \"2026/11/29 [warn] 17: op\"..., 90) = 90", 0);
	EXPECT_EQ(0, alarms());
}

TEST(a_file_that_may_be_read_only)
{
	for (int reads = 0; reads < 2; reads++) {
		refused(reads ? "7 openat(AT_FDCWD, \"/data/in\", O_RDWR) = -1 "
			"EACCES (Permission denied)\n7 openat(AT_FDCWD, "
			"\"/data/in\", O_RDONLY) = 3" :
			"7 openat(AT_FDCWD, \"/data/in\", O_RDWR) = " NO_FILE
			"\n7 openat(AT_FDCWD, \"/data/in\", O_RDWR|O_CREAT, "
			"0600) = 3", 1);
		EXPECT_EQ(reads, alarms());
		EXPECT_EQ(reads, found("no-permission"));
	}
}

TEST(a_server_that_hangs_up_at_once)
{
	for (int spoke = 0; spoke < 2; spoke++) {
		begin();
		say(START CONN "7 openat(AT_FDCWD, \"/etc/x.keytab\", O_RDONLY) "
		    "= " NO_FILE "\n7 read(3, \"%s\", 99) = %d\n"
		    "7 read(3, \"\", 99) = 0\n7 close(3) = 0\n"
		    "7 write(2, \"p: server closed\"..., 40) = 40\n"
		    "7 exit_group(2) = ?\n7 +++ exited with 2 +++",
		    spoke ? "hello" : "", spoke ? 5 : 0);
		EXPECT_EQ(!spoke, end_and_find("failed-at-end"));
		if (!spoke)
			EXPECT_SAYS("failed-at-end", "10.0.0.9:70 closed");
	}
}

TEST(the_last_message_where_no_call_failed)
{
	refused("7 write(2, \"Traceback:\\n  File x\\n\", 20) = 20\n"
		"7 write(2, \"ValueError: bad port\\n\", 21) = 21", 1);
	EXPECT_EQ(1, end_and_find("ended-with-message"));
	EXPECT_SAYS("ended-with-message", "\"ValueError: bad port\"");
	/* diff says nothing on stderr; its status is an answer. */
	refused("7 write(1, \"1c1\\n< a\\n> error\\n\", 18) = 18", 1);
	EXPECT_EQ(0, alarms());
	refused("7 write(2, \"warning: error ignored\\n\", 21) = 21", 0);
	EXPECT_EQ(0, alarms());
}

/* tar ended because gzip did, and only gzip said why. */
TEST(the_last_message_of_the_child)
{
	for (int far = 0; far < 2; far++) {
		begin();
		say(START "7 fork() = 8\n8 write(2, \"gzip: not in gzip format"
		    "\", 30) = 30\n8 exit_group(1) = ?\n"
		    "8 +++ exited with 1 +++");
		for (int i = 0; i < 400 * far; i++)
			say("7 getpid() = 7");
		say("7 write(2, \"tar: Error is not recoverable\", 30) = 30\n"
		    "7 exit_group(2) = ?\n7 +++ exited with 2 +++");
		EXPECT_EQ(1, end_and_find("ended-with-message"));
		EXPECT_SAYS("ended-with-message", far ? "not recoverable"
			    : "not in gzip format");
	}
}

TEST(the_last_message_in_several_parts)
{
	refused("7 writev(2, [{iov_base=\"\", iov_len=0}, {iov_base=\"Failed to "
		"connect to bus\", iov_len=9}, {iov_base=\"\\n\", iov_len=1}], 3)"
		" = 10", 1);
	EXPECT_EQ(1, end_and_find("ended-with-message"));
	EXPECT_SAYS("ended-with-message", "\"Failed to connect to bus\"");
	EXPECT_TRUE(!strstr(sentence("ended-with-message"), "iov"));
}

/* inotifywait -t: it reported, it waited, and its status tells of a timeout. */
TEST(words_that_do_not_complain)
{
	refused("7 write(2, \"Watches established.\\n\", 21) = 21", 2);
	EXPECT_EQ(1, end_and_find("ended-with-message"));
	refused("7 write(2, \"Watches established.\\n\", 21) = 21\n7 poll([{fd=3, "
		"events=POLLIN}], 1, 3000) = 0 (Timeout)", 2);
	EXPECT_EQ(0, alarms());
	refused("7 write(2, \"error: no reply\\n\", 21) = 21\n7 poll([{fd=3, "
		"events=POLLIN}], 1, 3000) = 0 (Timeout)", 2);
	EXPECT_EQ(1, end_and_find("ended-with-message"));
}

TEST(what_fails_after_a_signal_asked_it_to_end)
{
	static const char *const end =
		"7 kill(9, SIGUSR1) = -1 ESRCH (No such process)\n"
		"7 openat(AT_FDCWD, \"/run/p.pid\", O_RDONLY) = " NO_FILE "\n"
		"7 write(2, \"error: received SIGTERM\", 30) = 30";
	static char log[800];

	snprintf(log, sizeof(log), "7 --- SIGTERM {si_signo=SIGTERM, si_code="
		 "SI_USER, si_pid=1} ---\n%s", end);
	refused(log, 20);
	EXPECT_EQ(0, alarms());
	refused(end, 20);
	EXPECT_GE(alarms(), 1);
}

TEST(an_argument_that_strace_cut)
{
	for (int other = 0; other < 2; other++) {
		begin();
		say("7 execve(\"/bin/p\", [\"p\", \"/srv/a/very/long/path/of/conf.yam"
		    "\"...], 0x1) = 0\n7 newfstatat(AT_FDCWD, \"%s\", 0x1, 0) = "
		    NO_FILE "\n7 write(2, \"Fatal: see the\"..., 90) = 90\n"
		    "7 exit_group(1) = ?\n7 +++ exited with 1 +++", other ?
		    "/srv/a/very/long/other/conf" :
		    "/srv/a/very/long/path/of/conf.yaml");
		EXPECT_EQ(1, end_and_find("missing"));
		/* It may be that file: the report has both. */
		EXPECT_EQ(other, !!strstr(sentence("missing"), "Fatal: see"));
	}
}

/* It only looked for that file: the message may well be about another thing. */
TEST(a_failure_that_the_message_does_not_name)
{
	refused("7 openat(AT_FDCWD, \"/lib/userdb/x.user\", O_RDONLY) = " NO_FILE
		"\n7 write(2, \"user x does not exist\\n\", 22) = 22", 255);
	EXPECT_EQ(1, end_and_find("missing"));
	EXPECT_SAYS("missing", "user x does not exist");
	EXPECT_SAYS("missing", "/lib/userdb/x.user");
}

TEST(a_child_that_did_not_become_the_program)
{
	for (int status = 0; status < 2; status++) {
		refused("7 vfork() = 8\n8 execve(\"/opt/x.txt\", [\"x\"], 0x1) = "
			"-1 ENOEXEC (Exec format error)\n"
			"8 exit_group(255) = ?\n8 +++ exited with 255 +++",
			status);
		EXPECT_EQ(1, end_and_find("not-executable") || !status);
		if (status)
			EXPECT_SAYS("not-executable", "/opt/x.txt");
		else
			EXPECT_EQ(0, alarms());
	}
}

TEST(a_socket_file_that_is_not_there)
{
	refused("7 connect(3, {sa_family=AF_UNIX, sun_path=\"/run/db.sock\"}, "
		"110) = " NO_FILE, 2);
	EXPECT_EQ(1, end_and_find("socket-missing"));
	EXPECT_SAYS("socket-missing", "/run/db.sock");
	/* libc asks nscd first, and does without. */
	refused("7 connect(3, {sa_family=AF_UNIX, sun_path=\"/var/run/nscd/"
		"socket\"}, 110) = " NO_FILE, 2);
	EXPECT_EQ(0, alarms());
}

TEST(a_lock_that_fcntl_found)
{
	for (int locked = 0; locked < 2; locked++) {
		refused(locked ? "7 fcntl(4</d/disk.img>, F_OFD_GETLK, {l_type="
			"F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=1}) = 0"
			: "7 fcntl(4</d/disk.img>, F_OFD_GETLK, {l_type=F_UNLCK, "
			"l_whence=SEEK_SET, l_start=0, l_len=1}) = 0", 1);
		EXPECT_EQ(locked, end_and_find("locked"));
		if (locked)
			EXPECT_SAYS("locked", "/d/disk.img");
	}
}

TEST(huge_pages_are_tried_first)
{
	begin();
	say(START "7 mmap(NULL, 150994944, PROT_READ, MAP_SHARED|MAP_ANONYMOUS|"
	    "MAP_HUGETLB, -1, 0) = -1 ENOMEM (Cannot allocate memory)\n"
	    "7 mmap(NULL, 150994944, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, "
	    "0) = 0x7f\n7 exit_group(0) = ?\n7 +++ exited with 0 +++");
	EXPECT_EQ(0, alarms());
}

/* A few calls of many are slow on a busy machine; on a slow disk many are. */
TEST(a_few_slow_calls_are_no_slow_disk)
{
	for (int all = 0; all < 2; all++) {
		begin();
		for (int i = 0; i < 100; i++) {
			int slow = i < 5 || (all && i < 50);

			say("7 17000000%02d.000000 openat(AT_FDCWD, \"/a/x\", "
			    "O_RDONLY) = -1 ENOENT (No such file or directory) "
			    "<%s>", i / 8, slow ? "0.050000" : "0.000020");
		}
		EXPECT_EQ(all ? 50 : 0, end_and_find("slow-disk"));
	}
}

/* The thread that wakes the mutex last held it. */
TEST(who_released_the_mutex)
{
	begin();
	say("7 1700000000.000000 clone(child_stack=0x1, flags=CLONE_VM|CLONE_FS|"
	    "CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 8 <0.00001>\n"
	    "7 1700000000.100000 futex(0x80, FUTEX_WAIT_PRIVATE, 2, NULL "
	    "<unfinished ...>\n"
	    "8 1700000000.900000 futex(0x80, FUTEX_WAKE_PRIVATE, 1) = 1 "
	    "<0.000010>\n"
	    "7 1700000000.900100 <... futex resumed>) = 0 <0.800000>\n"
	    "7 1700000001.000000 getpid() = 7 <0.000010>");
	EXPECT_EQ(1, end_and_find("mutex-wait"));
	EXPECT_SAYS("mutex-wait", "thread 8 released it last");
	begin();			/* a fifth of that, on a busy machine */
	say("7 1700000000.000000 futex(0x80, FUTEX_WAIT_PRIVATE, 2, NULL) = 0 "
	    "<0.150000>\n7 1700000001.000000 getpid() = 7 <0.000010>");
	EXPECT_EQ(0, end_and_find("mutex-wait"));
}

/* ---- death and signals ---- */

TEST(killed_by_which_signal)
{
	begin();
	say(START "7 " T "100000 --- SIGSEGV {si_signo=SIGSEGV, si_code="
	    "SEGV_MAPERR, si_addr=0x10} ---\n"
	    "7 " T "100100 +++ killed by SIGSEGV (core dumped) +++");
	EXPECT_EQ(1, end_and_find("killed-by-signal"));
	EXPECT_SAYS("killed-by-signal", "0x10");
	EXPECT_SAYS("killed-by-signal", "execve");
	begin();
	say(START "7 " T "100100 +++ killed by SIGKILL +++");
	EXPECT_EQ(1, end_and_find("killed-from-outside"));
	for (int self = 0; self < 2; self++) {
		begin();
		say(START "7 " T "100000 --- SIGSEGV {si_signo=SIGSEGV, si_code="
		    "SI_USER, si_pid=%d} ---\n7 " T "100100 +++ killed by "
		    "SIGSEGV +++", self ? 7 : 9);
		EXPECT_EQ(self, end_and_find("killed-by-signal"));
	}
	begin();			/* its parent did: that was meant */
	say(START "7 fork() = 8\n8 getpid() = 8\n7 kill(8, SIGKILL) = 0\n"
	    "8 " T "100100 +++ killed by SIGKILL +++");
	EXPECT_EQ(0, alarms());
	EXPECT_SAYS("ended-by-signal", "pid 7");
	for (int other = 0; other < 2; other++) {	/* it did not send this one */
		begin();
		say(START "7 fork() = 8\n8 getpid() = 8\n7 kill(8, %s) = 0\n"
		    "8 " T "100000 --- SIGALRM {si_signo=SIGALRM, si_code="
		    "SI_KERNEL} ---\n8 " T "100100 +++ killed by SIGALRM +++",
		    other ? "SIGTERM" : "SIGCONT");
		EXPECT_EQ(1, end_and_find("killed-by-timer"));
		EXPECT_TRUE(!strstr(sentence("killed-by-timer"), "pid 7"));
	}
}

/* A runtime that gives up says why; a lack of memory before it is the cause. */
TEST(the_words_before_a_crash)
{
	for (int memory = 0; memory < 2; memory++) {
		begin();
		say(START "7 mmap(NULL, 99999999, PROT_NONE, MAP_PRIVATE, -1, 0) "
		    "= %s\n7 write(2, \"Fatal error: no heap\", 20) = 20\n7 " T
		    "100000 --- SIGABRT {si_signo=SIGABRT, si_code=SI_TKILL, "
		    "si_pid=7} ---\n7 " T "100100 +++ killed by SIGABRT +++",
		    memory ? "-1 ENOMEM (Cannot allocate memory)" : "0x7f00");
		EXPECT_EQ(1, end_and_find("killed-by-signal"));
		EXPECT_SAYS("killed-by-signal", "\"Fatal error: no heap\"");
		EXPECT_EQ(memory, !strcmp(r.findings.first->about->id,
					  "memory"));
	}
}

TEST(a_pipeline_whose_reader_has_seen_enough)
{
	for (int status = 0; status < 2; status++) {
		begin();
		say(START "7 fork() = 8\n8 write(1, \"y\", 1) = -1 EPIPE (Broken "
		    "pipe)\n8 --- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, "
		    "si_pid=8} ---\n8 " T "100100 +++ killed by SIGPIPE +++\n"
		    "7 " T "200000 exit_group(%d) = ?\n7 " T "200100 +++ exited "
		    "with %d +++", status, status);
		EXPECT_EQ(status, alarms() > 0);
	}
}

#define TIMER START "7 rt_sigaction(SIGPROF, {sa_handler=0x1, sa_mask=[], " \
	"sa_flags=SA_RESTART}, NULL, 8) = 0\n"
#define CUT "7 poll([{fd=3, events=POLLIN}], 1, 5000) = ? " \
	"ERESTART_RESTARTBLOCK (Interrupted by signal)\n" \
	"7 --- SIGPROF {si_signo=SIGPROF, si_code=SI_TIMER} ---\n" \
	"7 rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)\n"

TEST(eintr_taken_for_an_error)
{
	begin();
	say(TIMER CUT "7 close(3) = 0");
	EXPECT_EQ(1, end_and_find("eintr-as-error"));
	EXPECT_SAYS("eintr-as-error", "SIGPROF");
	/* Its message and its status are explained by that. */
	begin();
	say(TIMER CUT "7 write(2, \"socket error\\n\", 13) = 13\n"
	    "7 close(3) = 0\n7 exit_group(1) = ?\n7 +++ exited with 1 +++");
	EXPECT_EQ(1, end_and_find("eintr-as-error"));
	EXPECT_EQ(0, found("ended-with-message"));
	begin();
	say(TIMER CUT "7 poll([{fd=3, events=POLLIN}], 1, 4900) = 1 ([{fd=3, "
	    "revents=POLLIN}])\n7 close(3) = 0");
	EXPECT_EQ(0, end_and_find("eintr-as-error"));
	begin();			/* a line of its log, not an error */
	say(TIMER CUT "7 write(2, \"LOG:  checkpoint starting\", 25) = 25");
	EXPECT_EQ(0, end_and_find("eintr-as-error"));
}

/* ---- between tasks ---- */

#define PIPE "7 " T "000000 pipe2([3, 4], 0) = 0 <0.000010>\n"

TEST(a_pipe_that_another_holds)
{
	for (int stranger = 0; stranger < 2; stranger++) {
		begin();
		say(PIPE "7 " T "000100 fork() = 8 <0.000100>\n"
		    "7 " T "000300 close(4) = 0 <0.000010>\n"
		    "8 " T "000400 write(4, \"x\", 1) = 1 <0.000010>");
		if (stranger)
			say("8 " T "000500 fork() = 9 <0.000010>\n"
			    "9 " T "000600 getpid() = 9 <0.000010>\n"
			    "8 " T "000700 +++ exited with 0 +++");
		say("7 " T "001000 read(3, \"x\", 99) = 1 <0.000010>\n"
		    "7 " T "001100 read(3, \"\", 99) = 0 <2.000000>");
		EXPECT_EQ(stranger, end_and_find("pipe-held"));
		if (stranger)
			EXPECT_SAYS("pipe-held", "pid 9");
	}
}

TEST(a_circle_of_waiting)
{
	for (int drained = 0; drained < 2; drained++) {
		begin();
		say(PIPE "7 " T "000100 fork() = 8 <0.000100>\n"
		    "8 " T "000200 write(4, \"x\", 100000 <unfinished ...>");
		say("7 " T "000300 %s <unfinished ...>\n"
		    "9 1700000005.000000 getpid() = 9", drained ?
		    "read(3, " : "wait4(8, ");
		EXPECT_EQ(!drained, end_and_find("deadlock"));
	}
}

/* With all open at once the others' idleness costs; one by one it does not. */
TEST(one_worker_takes_all_at_once)
{
	for (int at_once = 0; at_once < 2; at_once++) {
		begin();
		say("7 socket(AF_INET, SOCK_STREAM, 0) = 3\n7 listen(3, 9) = 0\n"
		    "7 fork() = 8\n7 fork() = 9\n9 accept(3, NULL, NULL) = 4");
		for (int i = 0; i < 40; i++)
			say("8 accept(3, NULL, NULL) = %d\n8 getpid() = 8%s",
			    at_once ? 4 + i : 4, at_once ? "" :
			    "\n8 close(4) = 0");
		EXPECT_EQ(at_once, alarms());
		EXPECT_EQ(41, found("accepts-uneven"));
	}
}

TEST(one_worker_takes_all)
{
	for (int even = 0; even < 2; even++) {
		begin();
		say("7 socket(AF_INET, SOCK_STREAM, 0) = 3\n7 listen(3, 9) = 0\n"
		    "7 fork() = 8\n7 fork() = 9");
		for (int i = 0; i < 40; i++)
			say("%d accept(3, NULL, NULL) = 4\n%d close(4) = 0",
			    8 + (even ? i % 2 : i == 39),
			    8 + (even ? i % 2 : i == 39));
		EXPECT_EQ(even ? 0 : 40, end_and_find("accepts-uneven"));
	}
}

/* A listener that was closed before the next one was made has no share. */
TEST(a_listener_made_again)
{
	for (int at_once = 0; at_once < 2; at_once++) {
		begin();
		for (int pid = 8; pid < 10; pid++) {
			say("%d socket(AF_INET, SOCK_STREAM, 0) = 3\n%d bind(3, "
			    "{sa_family=AF_INET, sin_port=htons(80), sin_addr="
			    "inet_addr(\"0.0.0.0\")}, 16) = 0\n"
			    "%d listen(3, 9) = 0", pid, pid, pid);
			for (int i = 0; i < (pid == 8 ? 40 : 1); i++)
				say("%d accept(3, NULL, NULL) = 4\n"
				    "%d close(4) = 0", pid, pid);
			if (!at_once)
				say("%d close(3) = 0", pid);
		}
		say("8 getpid() = 8");
		EXPECT_EQ(at_once ? 41 : 0, end_and_find("accepts-uneven"));
	}
}

static void connections(int close)
{
	begin();
	say(START);
	for (int i = 0; i < 30; i++) {
		int fd = close ? 3 : 3 + i;

		say("7 socket(AF_INET, SOCK_STREAM, 0) = %d\n7 connect(%d, "
		    "{sa_family=AF_INET, sin_port=htons(70), sin_addr="
		    "inet_addr(\"10.0.0.9\")}, 16) = 0\n"
		    "7 write(%d, \"GET\", 3) = 3\n7 read(%d, \"ok\", 99) = 2",
		    fd, fd, fd, fd);
		if (close)
			say("7 close(%d) = 0", fd);
	}
	say("7 +++ exited with 0 +++");
}

TEST(connections_that_are_never_closed)
{
	connections(0);
	EXPECT_GE(end_and_find("descriptors-grow"), 29);
	connections(1);
	EXPECT_EQ(0, alarms());
}

TEST(a_pool_of_connections_is_no_leak)
{
	begin();
	say(START);
	for (int fd = 3; fd < 33; fd++)
		say("7 socket(AF_INET, SOCK_STREAM, 0) = %d\n7 connect(%d, "
		    "{sa_family=AF_INET, sin_port=htons(70), sin_addr="
		    "inet_addr(\"10.0.0.9\")}, 16) = 0", fd, fd);
	for (int fd = 3; fd < 33; fd++)
		say("7 write(%d, \"GET\", 3) = 3\n7 read(%d, \"ok\", 99) = 2",
		    fd, fd);
	EXPECT_EQ(0, alarms());
}

TEST(strace_without_f)
{
	begin();
	say("execve(\"/bin/p\", [\"p\"], 0x1) = 0\n"
	    "clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD) = 9\n"
	    "futex(0x1, FUTEX_WAIT, 0, NULL) = 0");
	EXPECT_EQ(1, end_and_find("not-followed"));
	EXPECT_SAYS("not-followed", "-f");
	begin();
	say("7 execve(\"/bin/p\", [\"p\"], 0x1) = 0\n"
	    "7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD) = 9\n"
	    "9 getpid() = 7");
	EXPECT_EQ(0, end_and_find("not-followed"));
}

TEST(closing_every_number)
{
	enum { FEW = 300, MANY = 200100 };

	/* A thousand calls take time only under strace. */
	for (int last = FEW; last <= MANY; last += MANY - FEW) {
		begin();
		for (int i = 3; i < last; i++)
			say("7 close(%d) = -1 EBADF (Bad file descriptor)", i);
		EXPECT_EQ(last == MANY, alarms());
		EXPECT_EQ(last - 3, found("close-storm"));
		EXPECT_SAYS("close-storm", "RLIMIT_NOFILE");
	}
	/* Its share is that of the time until execve, shown or not. */
	for (int exec = 0; exec < 2; exec++) {
		begin();
		say("7 " T "000000 fork() = 8 <0.000010>");
		for (int i = 3; i < MANY; i++)
			say("8 " T "%06d close(%d) = -1 EBADF (Bad file "
			    "descriptor) <0.000001>", 100 + i, i);
		say("8 1700000009.000000 %s = 0 <0.000100>\n"
		    "7 1700000009.100000 wait4(-1, NULL, 0, NULL) = 8 <0.00001>",
		    exec ? "execve(\"/bin/true\", [\"true\"], 0x1)" :
		    "nanosleep({tv_sec=1, tv_nsec=0}, NULL)");
		EXPECT_EQ(exec, alarms());
		EXPECT_EQ(MANY - 3, found("close-storm"));
	}
	begin();
	say("7 close(3) = -1 EBADF (Bad file descriptor)\n7 close(4) = 0");
	EXPECT_EQ(0, end_and_find("close-storm"));
}

/* ---- their order ---- */

TEST(the_largest_cost_comes_first)
{
	begin();
	say(START);
	for (int i = 0; i < 30; i++)
		say("7 " T "%06d fsync(5</data/log>) = 0 <0.020000>",
		    1000 + i * 20100);
	say("7 1700000001.000000 flock(3</run/l>, LOCK_EX) = 0 <3.000000>");
	reader_end(&r);
	ASSERT_TRUE(r.findings.first && r.findings.first->next);
	EXPECT_STR("lock-wait", r.findings.first->about->id);
	EXPECT_STR("slow-fsync", r.findings.first->next->about->id);
	EXPECT_EQ(3000000000LL, r.findings.first->cost_ns);
}

/* ---- their words ---- */

/*
 * Two connections that hang at once and one that sleeps in connect: the title
 * names the one of the sentence, and the rest is counted.
 */
TEST(the_title_and_the_sentence_name_one_descriptor)
{
	const char *args = "{sa_family=AF_INET, sin_port=htons(70), "
			   "sin_addr=inet_addr(\"10.0.0.9\")}, 16)";
	const struct finding *d;
	char title[240], rest[80];

	begin();
	for (int fd = 4; fd < 6; fd++)
		say("7 " T "%06d socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0) = "
		    "%d <0.000010>\n7 " T "%06d connect(%d, %s = -1 EINPROGRESS "
		    "(Operation now in progress) <0.000020>", 100 + fd, fd,
		    200 + fd, fd, args);
	say("7 " T "000300 socket(AF_INET, SOCK_STREAM, 0) = 6 <0.000010>\n"
	    "7 " T "000400 connect(6, %s = ? ERESTARTSYS (To be restarted) "
	    "<4.000000>", args);
	say("7 1700000004.000500 --- SIGALRM {si_signo=SIGALRM, si_code="
	    "SI_KERNEL} ---\n7 1700000004.000600 +++ killed by SIGALRM +++");
	EXPECT_EQ(3, end_and_find("connect-unanswered"));
	EXPECT_SAYS("connect-unanswered", "(descriptor 6) got no answer and did "
		    "not return for 4.00 s");
	for (d = r.findings.first; strcmp(d->about->id, "connect-unanswered");)
		d = d->next;
	EXPECT_STR("6 (10.0.0.9:70)", d->subject);
	EXPECT_STR("connect got no answer: 3 times",
		   finding_title(d, title, sizeof(title)));
	EXPECT_STR(" It happened 2 more times with another call or descriptor.",
		   finding_rest(d, rest, sizeof(rest)));
}

/* A refusal's title is a sentence; its number is that of the calls. */
TEST(the_title_of_a_refusal)
{
	const struct finding *d;
	char title[240], rest[80];

	begin();
	say(START);
	for (int i = 0; i < 4; i++)
		say("7 " T "%06d %s = -1 EMFILE (Too many open files) "
		    "<0.000010>", 100 + i, i ? "inotify_init1(IN_CLOEXEC)"
		    : "inotify_init1(IN_NONBLOCK)");
	EXPECT_EQ(4, end_and_find("inotify-instances"));
	d = r.findings.first;
	EXPECT_STR("4 calls failed: fs.inotify.max_user_instances of the user "
		   "(or RLIMIT_NOFILE)", finding_title(d, title, sizeof(title)));
	EXPECT_SAYS("inotify-instances", "failed with EMFILE 3 times");
	EXPECT_STR(" It happened 1 more time with another call or descriptor.",
		   finding_rest(d, rest, sizeof(rest)));
}

/* Each deleted log has a count of its own; that of the title is of them all. */
TEST(the_count_of_a_deleted_log)
{
	char rest[80];

	begin();
	for (int i = 0; i < 3; i++)
		say("7 write(3</var/log/a.log (deleted)>, \"x\", 1) = 1");
	EXPECT_EQ(3, end_and_find("deleted-file"));
	EXPECT_SAYS("deleted-file", "a.log, which was deleted: 3 times");
	EXPECT_STR("", finding_rest(r.findings.first, rest, sizeof(rest)));
	begin();
	for (int i = 0; i < 5; i++)
		say("7 write(%d</var/log/%c.log (deleted)>, \"x\", 1) = 1",
		    i < 2 ? 3 : 4, i < 2 ? 'a' : 'b');
	EXPECT_EQ(5, end_and_find("deleted-file"));
	EXPECT_SAYS("deleted-file", "b.log, which was deleted: 3 times");
	EXPECT_STR(" It happened 2 more times with another call or descriptor.",
		   finding_rest(r.findings.first, rest, sizeof(rest)));
}

/* The sentence counts all children, so no second one tells of more. */
TEST(the_count_of_killed_children)
{
	char rest[80];

	begin();
	for (int i = 0; i < 3; i++)
		say("7 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, "
		    "si_pid=%d, si_uid=0, si_status=SIGSEGV} ---", 91 + i);
	EXPECT_EQ(3, end_and_find("child-killed"));
	EXPECT_SAYS("child-killed", "3 child processes");
	EXPECT_STR("", finding_rest(r.findings.first, rest, sizeof(rest)));
}
