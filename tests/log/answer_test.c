/* SPDX-License-Identifier: MIT */
/*
 * answer_test.c - the verdict, the time account, the end of a log (with libc)
 *
 * Each kind has a log with the fault and one that looks like it and has none.
 */
#include "../../log/report.h"
#include "../../log/verdict.h"
#include "tap.h"

static struct reader r;
static unsigned long number;
static char said[1024];

static void begin(void)
{
	reader_start(&r);
	number = 0;
}

static void say(const char *text)
{
	const char *line = text, *end;

	for (; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		reader_line(&r, line, end - line, ++number, 0);
	}
}

/* Reads the log; the verdict is in said. */
static enum verdict_of answer(const char *text)
{
	begin();
	say(text);
	reader_end(&r);
	return reader_verdict(&r, said, sizeof(said));
}

#define HAS(text) do { \
	if (!strstr(said, text)) \
		tap_say("%s", said); \
	EXPECT_TRUE(strstr(said, text) != NULL); \
} while (0)
#define HAS_NOT(text) do { \
	if (strstr(said, text)) \
		tap_say("%s", said); \
	EXPECT_TRUE(strstr(said, text) == NULL); \
} while (0)

static const struct wait *wait_in(const char *call)
{
	for (const struct account *a = r.accounts.first; a; a = a->next)
		for (unsigned i = 0; i < a->n_waits; i++)
			if (!strcmp(a->wait[i].name, call))
				return &a->wait[i];
	return NULL;
}

TEST(one_line_that_never_returned)
{
	static const char *const logs[] = {
		"read(3, ",
		"read(3, <unfinished ...>",
		"strace: Process 7 attached\nread(3, strace: Process 7 detached\n"
		" <detached ...>",
		"strace: Process 7 attached\nread(3, ^Cstrace: Process 7 detached\n"
		" <detached ...>",
		"7 1700000000.000001 read(3<pipe:[81]>,  <detached ...>",
	};

	for (unsigned i = 0; i < 5; i++) {
		EXPECT_EQ(VERDICT_OPEN, answer(logs[i]));
		HAS("blocked in read");
		EXPECT_EQ(1, r.accounts.n_open);
		EXPECT_EQ(0, r.joiner.unknown);
		reader_free(&r);
	}
	/* A call that came back is not open. */
	EXPECT_NE(VERDICT_OPEN, answer("read(3, \"x\", 1) = 1"));
	HAS_NOT("blocked");
}

/* strace attached in the call: what came before is not in the log. */
TEST(idle_or_hung_cannot_be_told)
{
	static const char *const open[] = {
		"poll([{fd=3, events=POLLIN}, {fd=5, events=POLLIN}], 2, -1",
		"epoll_wait(5, ", "read(5, ", "wait4(-1, ",
		"futex(0x7f0012, FUTEX_WAIT_PRIVATE, 0, NULL",
		"restart_syscall(<... resuming interrupted poll ...>",
	};
	char log[400];

	for (unsigned i = 0; i < sizeof(open) / sizeof(*open); i++) {
		snprintf(log, sizeof(log), "strace: Process 7 attached\n%s "
			 "<detached ...>", open[i]);
		EXPECT_EQ(VERDICT_OPEN, answer(log));
		HAS("does not show whether the process hangs or is idle");
		HAS_NOT("It hangs");
		HAS_NOT("not hung");
		EXPECT_EQ(1, r.accounts.open[0].unclear);
		reader_free(&r);
	}
	/* Nobody is idle in these. */
	EXPECT_EQ(VERDICT_OPEN, answer("flock(3, LOCK_EX <detached ...>"));
	HAS("It hangs");
	reader_free(&r);
	EXPECT_EQ(VERDICT_OPEN, answer("write(5, \"x\", 1 <detached ...>"));
	HAS("It hangs");
	reader_free(&r);
	EXPECT_EQ(VERDICT_OPEN, answer("futex(0x7f0012, FUTEX_WAIT_PRIVATE, "
				       "2, NULL <detached ...>"));
	HAS("It hangs");
	reader_free(&r);
	/* A listener's wait is idle whenever strace came. */
	EXPECT_EQ(VERDICT_IDLE, answer("accept(3, <detached ...>"));
	HAS("idle, not hung");
	reader_free(&r);
	/* It has asked, and waits for the answer: that is in the log. */
	EXPECT_EQ(VERDICT_OPEN, answer("write(5, \"GET\", 3) = 3\n"
				       "read(5, <detached ...>"));
	HAS("It hangs");
}

TEST(a_server_without_work_is_idle)
{
	EXPECT_EQ(VERDICT_IDLE, answer(
		"7 1700000000.000000 socket(AF_INET, SOCK_STREAM, 0) = 3 <0.00001>\n"
		"7 1700000000.200000 listen(3, 5) = 0 <0.000010>\n"
		"7 1700000000.300000 accept(3,  <detached ...>"));
	HAS("idle, not hung");
	/* The same, but it is a peer that does not answer. */
	EXPECT_EQ(VERDICT_OPEN, answer(
		"7 1700000000.000000 connect(3, {sa_family=AF_INET, sin_port="
		"htons(80), sin_addr=inet_addr(\"10.0.0.1\")}, 16) = 0 <0.1>\n"
		"8 1700000000.100000 getpid() = 8 <0.000010>\n"
		"7 1700000000.200000 read(3,  <unfinished ...>\n"
		"8 1700000060.200000 getpid() = 8 <0.000010>"));
	HAS("blocked in read");
	HAS("10.0.0.1:80");
	HAS("60.00 s");
	HAS_NOT("idle");
}

/* A log without times still has what was done for whom. */
TEST(what_it_did_for_its_clients)
{
	for (int thread = 0; thread < 2; thread++) {
		answer(thread ?
		       "7 listen(3, 5) = 0\n7 accept(3, NULL, NULL) = 4\n"
		       "7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_FS|"
		       "CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 8\n"
		       "8 read(4, \"hi\", 9) = 2\n8 write(4, \"hi\", 2) = 2\n"
		       "8 close(4) = 0" :
		       "7 listen(3, 5) = 0\n7 accept(3, NULL, NULL) = 4\n"
		       "7 read(4, \"hi\", 9) = 2\n7 close(4) = 0");
		HAS("No fault was found");
		HAS("The program accepted 1 connection");
		EXPECT_EQ(thread, strstr(said, "1 thread, one per connection")
				  != NULL);
		reader_free(&r);
	}
	answer("7 openat(AT_FDCWD, \"/x\", O_RDONLY) = 3\n"
	       "7 read(3, \"hi\", 9) = 2");
	HAS_NOT("accepted");
}

/* Nothing was ever there, but it did ask for I/O. */
TEST(what_only_asks_does_io)
{
	for (int n = 2; n <= 20; n += 18) {
		begin();
		say("7 pipe2([3, 4], O_NONBLOCK) = 0");
		for (int i = 0; i < n; i++)
			say("7 read(3, 0x1, 99) = -1 EAGAIN (Resource "
			    "temporarily unavailable)");
		reader_end(&r);
		reader_verdict(&r, said, sizeof(said));
		EXPECT_EQ(n == 20, strstr(said, "nonblocking, tried again")
				   != NULL);
		EXPECT_EQ(n != 20, strstr(said, "no I/O of its own") != NULL);
		reader_free(&r);
	}
}

/* A client that says nothing is neither a hang of ours nor idleness. */
/* The address of a listener is its own: no client is waited for by name. */
TEST(an_epoll_wait_for_a_connection)
{
	answer("7 1700000000.000000 socket(AF_INET, SOCK_STREAM, 0) = 3 <0.00001>\n"
	       "7 1700000000.100000 bind(3, {sa_family=AF_INET, sin_port=htons("
	       "7007), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0 <0.000010>\n"
	       "7 1700000000.200000 listen(3, 5) = 0 <0.000010>\n"
	       "7 1700000000.300000 epoll_create1(0) = 4 <0.000010>\n"
	       "7 1700000000.400000 epoll_ctl(4, EPOLL_CTL_ADD, 3, {events="
	       "EPOLLIN, data={u32=3, u64=3}}) = 0 <0.000010>\n"
	       "7 1700000000.500000 epoll_wait(4, [{events=EPOLLIN, data={u32=3, "
	       "u64=3}}], 9, -1) = 1 <9.000000>\n"
	       "7 1700000009.600000 accept(3, NULL, NULL) = 5 <0.000010>\n"
	       "7 1700000009.700000 exit_group(0) = ?");
	HAS("a connection on listener 127.0.0.1:7007 in epoll_wait");
	HAS_NOT("its client");
}

TEST(a_wait_for_its_client_that_a_signal_ended)
{
	EXPECT_EQ(VERDICT_WAIT, answer(
		"7 1700000000.000000 socket(AF_INET, SOCK_STREAM, 0) = 3 <0.00001>\n"
		"7 1700000000.100000 listen(3, 5) = 0 <0.000010>\n"
		"7 1700000000.200000 accept(3, NULL, NULL) = 4 <0.000010>\n"
		"7 1700000000.300000 recvfrom(4, 0x1, 64, 0, NULL, NULL) = ? "
		"ERESTARTSYS (To be restarted if SA_RESTART is set) <60.0>\n"
		"7 1700000060.300000 --- SIGTERM {si_signo=SIGTERM} ---\n"
		"7 1700000060.300100 +++ killed by SIGTERM +++"));
	HAS("60.00 s");
	HAS("SIGTERM");
	HAS_NOT("idle");
	/* It waits for a connection: that is idle. */
	EXPECT_EQ(VERDICT_IDLE, answer(
		"7 1700000000.000000 socket(AF_INET, SOCK_STREAM, 0) = 3 <0.00001>\n"
		"7 1700000000.100000 listen(3, 5) = 0 <0.000010>\n"
		"7 1700000000.300000 accept(3, NULL, NULL) = ? ERESTARTSYS (To "
		"be restarted if SA_RESTART is set) <60.0>\n"
		"7 1700000060.300000 --- SIGTERM {si_signo=SIGTERM} ---\n"
		"7 1700000060.300100 +++ killed by SIGTERM +++"));
	HAS("idle");
}

/* The log ends while a child runs: its parent, which waits for it, does not hang. */
TEST(a_child_that_runs_is_waited_for)
{
	for (int hangs = 0; hangs < 2; hangs++) {
		begin();
		say("7 1700000000.000000 fork() = 8 <0.000010>\n"
		    "7 1700000000.100000 wait4(8,  <unfinished ...>\n"
		    "8 1700000000.200000 pipe2([3, 4], 0) = 0 <0.000010>\n"
		    "8 1700000000.300000 getpid() = 8 <0.000010>");
		say(hangs ? "8 1700000000.400000 read(3,  <unfinished ...>\n"
		    "9 1700000009.000000 getpid() = 9 <0.000010>" :
		    "8 1700000009.000000 getpid() = 8 <0.000010>");
		reader_end(&r);
		EXPECT_EQ(hangs, reader_verdict(&r, said, sizeof(said)) ==
				 VERDICT_OPEN);
		reader_free(&r);
	}
}

/* A pipeline's first part ends by SIGPIPE; that counts if the whole does. */
TEST(a_pipeline_that_ends_with_its_status)
{
	static char log[2000];

	for (int counts = 0; counts < 2; counts++) {
		snprintf(log, sizeof(log), "7 1700000000.000000 fork() = 8\n"
			 "8 1700000000.100000 write(1<pipe:[5]>, \"y\", 1) = -1 "
			 "EPIPE (Broken pipe)\n8 1700000000.200000 --- SIGPIPE "
			 "{si_signo=SIGPIPE, si_code=SI_USER} ---\n"
			 "8 1700000000.200100 +++ killed by SIGPIPE +++\n"
			 "7 1700000000.300000 exit_group(%d) = ?\n"
			 "7 1700000000.300100 +++ exited with %d +++",
			 counts ? 141 : 0, counts ? 141 : 0);
		answer(log);
		if (counts)
			HAS("SIGPIPE");
		else
			HAS_NOT("SIGPIPE");
		reader_free(&r);
	}
}

TEST(an_open_that_waits_for_the_other_end)
{
	answer("7 1700000000.000000 getpid() = 7 <0.00001>\n"
	       "7 1700000000.100000 openat(AT_FDCWD, \"/run/fifo\", O_WRONLY) = "
	       "? ERESTARTSYS (To be restarted if SA_RESTART is set) <2.0>\n"
	       "7 1700000002.300000 --- SIGTERM {si_signo=SIGTERM} ---\n"
	       "7 1700000002.300100 +++ killed by SIGTERM +++");
	HAS("/run/fifo");
	HAS("FIFO");
	answer("7 1700000000.000000 openat(AT_FDCWD, \"/run/fifo\", O_WRONLY) "
	       "= 3 <0.00001>\n7 1700000000.100000 exit_group(0) = ?");
	HAS_NOT("FIFO");
}

/* -yy shows a FIFO by its path, as a file. */
TEST(a_write_to_what_may_be_a_fifo)
{
	EXPECT_EQ(VERDICT_OPEN, answer("strace: Process 7 attached\n"
		"write(1</tmp/p>, \"x\", 1strace: Process 7 detached\n"
		" <detached ...>"));
	HAS("blocked in write");
	HAS("/tmp/p");
	HAS("FIFO");
	answer("7 1700000000.000000 openat(AT_FDCWD, \"/tmp/f\", O_WRONLY) = 3 "
	       "<0.00001>\n7 1700000000.100000 write(3</tmp/f>, \"x\", 1 "
	       "<unfinished ...>\n8 1700000009.000000 getpid() = 8 <0.00001>");
	HAS("the disk (/tmp/f)");
	HAS_NOT("FIFO");
}

/* A terminal, a log or a generator of numbers is a device, but no disk. */
TEST(a_device_that_is_no_disk)
{
	answer("7 1700000000.000000 openat(AT_FDCWD, \"/dev/kmsg\", O_RDONLY) = "
	       "3 <0.00001>\n7 1700000000.100000 read(3, \"x\", 9) = 1 <5.0>");
	HAS("waiting for /dev/kmsg in read");
	HAS_NOT("disk");
	answer("7 1700000000.000000 openat(AT_FDCWD, \"/dev/vda1\", O_RDONLY) = "
	       "3 <0.00001>\n7 1700000000.100000 read(3, \"x\", 9) = 1 <5.0>");
	HAS("waiting for the disk (/dev/vda1) in read");
}

/* What the kernel itself makes is on no disk, nor is memory. */
TEST(a_file_that_is_on_no_disk)
{
	answer("7 1700000000.000000 openat(AT_FDCWD, \"/proc/self/mounts\", "
	       "O_RDONLY) = 3 <0.00001>\n7 1700000000.100000 poll([{fd=3, "
	       "events=POLLPRI}], 1, 5000) = 0 (Timeout) <5.0>");
	HAS("waiting for /proc/self/mounts in poll");
	HAS_NOT("disk");
	answer("7 1700000000.000000 memfd_create(\"x\", 0) = 3 <0.00001>\n"
	       "7 1700000000.100000 write(3, \"x\", 1) = 1 <5.0>");
	HAS_NOT("disk");
}

/* The end of a signalfd waits for no signal. */
TEST(a_slow_close)
{
	answer("7 1700000000.000000 signalfd4(-1, [CHLD], 8, 0) = 3 <0.00001>\n"
	       "7 1700000000.100000 close(3) = 0 <5.0>");
	HAS_NOT("a signal");
}

/* git waits for the hook, and the hook for cat, which a signal ended first. */
TEST(from_child_to_child)
{
	static const char *const log =
		"7 1700000000.000000 fork() = 8 <0.00001>\n"
		"7 1700000000.100000 wait4(8,  <unfinished ...>\n"
		"8 1700000000.200000 fork() = 9 <0.00001>\n"
		"8 1700000000.300000 wait4(-1,  <unfinished ...>\n"
		"9 1700000000.400000 %s <unfinished ...>\n"
		"9 1700000004.400000 <... %s resumed>) = ? %s\n"
		"8 1700000004.400100 <... wait4 resumed>0x7f, 0, NULL) = ? "
		"ERESTARTSYS (To be restarted if SA_RESTART is set)\n"
		"9 1700000004.400200 --- SIGTERM {si_signo=SIGTERM} ---\n"
		"8 1700000004.400300 --- SIGTERM {si_signo=SIGTERM} ---\n"
		"9 1700000004.400400 +++ killed by SIGTERM +++\n"
		"8 1700000004.400500 +++ killed by SIGTERM +++\n"
		"7 1700000004.400600 <... wait4 resumed>[{WIFSIGNALED(s)}], 0, "
		"NULL) = 8\n7 1700000004.400700 exit_group(1) = ?\n"
		"7 1700000004.400800 +++ exited with 1 +++";
	static char text[2000];

	snprintf(text, sizeof(text), log, "openat(AT_FDCWD, \"/run/p\", O_RDONLY",
		 "openat", "ERESTARTSYS (To be restarted if SA_RESTART is set)");
	answer(text);
	HAS("pid 9 was blocked in openat (/run/p");
	snprintf(text, sizeof(text), log, "clock_nanosleep(0, 0, {tv_sec=99, "
		 "tv_nsec=0}, ", "clock_nanosleep",
		 "ERESTART_RESTARTBLOCK (Interrupted by signal)");
	answer(text);
	HAS_NOT("was blocked in");		/* it sleeps as it chose */
}

TEST(the_child_is_not_in_the_log)
{
	static const char *const wait = "7 1700000000.090000 getpid() = 7\n"
		"7 1700000000.091000 getpid() = 7\n"
		"7 1700000000.092000 getpid() = 7\n"
		"7 1700000000.100000 wait4(8, [{"
		"WIFEXITED(s)}], 0, NULL) = 8 <4.000000>\n"
		"7 1700000004.200000 exit_group(0) = ?\n"
		"7 1700000004.300000 +++ exited with 0 +++";
	static char text[800];

	snprintf(text, sizeof(text), "7 1700000000.000000 fork() = 8 <0.00001>\n"
		 "%s", wait);
	answer(text);
	HAS("strace ran without -f. ");
	HAS("wait4");
	snprintf(text, sizeof(text), "7 1700000000.000000 fork() = 8 <0.00001>\n"
		 "8 1700000000.050000 getpid() = 8 <0.00001>\n%s", wait);
	answer(text);
	HAS_NOT("without -f");
}

/* No call of them is long, and fsync as a whole is. */
TEST(one_call_on_several_files)
{
	begin();
	for (int i = 0; i < 40; i++) {
		static char line[200];

		snprintf(line, sizeof(line), "7 1700000000.%03d000 fdatasync(%d</d/"
			 "%d>) = 0 <0.004000>", i * 10, 3 + i % 4, i % 4);
		say(line);
	}
	reader_end(&r);
	EXPECT_EQ(VERDICT_WAIT, reader_verdict(&r, said, sizeof(said)));
	HAS("spent 160.0 ms of 394.0 ms waiting for the disk in fdatasync: 40");
}

/* dd writes and writes; without times nobody knows how long the last took. */
TEST(detached_from_a_thread_that_worked)
{
	for (int n = 0; n < 100; n += 99) {
		begin();
		say("strace: Process 7 attached");
		for (int i = 0; i < n; i++)
			say("write(1, \"x\", 1) = 1 <0.001>");
		say("write(1, strace: Process 7 detached\n <detached ...>");
		reader_end(&r);
		reader_verdict(&r, said, sizeof(said));
		if (n)
			HAS("in write when the log ended (line 101), after 99");
		else
			HAS("blocked in write");
		reader_free(&r);
	}
}

TEST(the_longest_gap_without_T)
{
	answer("7 1700000000.000000 getpid() = 7\n"
	       "7 1700000000.100000 openat(AT_FDCWD, \"m/x\", O_WRONLY) = 4\n"
	       "7 1700000005.100000 close(4) = 0\n"
	       "7 1700000005.200000 exit_group(0) = ?");
	HAS("Of this, 5.00 s is in openat or after it (line 2");
	answer("7 1700000000.000000 getpid() = 7 <0.000010>\n"
	       "7 1700000000.100000 openat(AT_FDCWD, \"m/x\", 0) = 4 <0.00001>\n"
	       "7 1700000005.100000 close(4) = 0 <0.000010>\n"
	       "7 1700000005.200000 exit_group(0) = ?");
	HAS_NOT("or after it");
}

TEST(a_call_that_never_waits)
{
	begin();
	say("strace: Process 7 attached");
	for (int i = 0; i < 2000; i++)
		say("getppid() = 1");
	say("getppid(strace: Process 7 detached\n <detached ...>");
	reader_end(&r);
	reader_verdict(&r, said, sizeof(said));
	HAS_NOT("blocked");
	HAS("calls getppid again and again");
}

/* Start-up has dozens of short waits; what comes after them still counts. */
TEST(many_short_waits_before_the_long_one)
{
	const struct wait *w = NULL;

	begin();
	for (int i = 0; i < 40; i++) {
		static char line[200];

		snprintf(line, sizeof(line), "7 17000000%02d.000000 openat("
			 "AT_FDCWD, \"/lib/%d\", 0) = 3 <0.002000>\n"
			 "7 17000000%02d.100000 call_%d() = 0 <0.002000>", i, i,
			 i, i);
		say(line);
	}
	for (int i = 0; i < 30; i++) {
		static char line[200];

		snprintf(line, sizeof(line), "7 17000000%02d.000000 fsync(3</d/"
			 "log>) = 0 <0.900000>", 40 + i);
		say(line);
	}
	reader_end(&r);
	reader_verdict(&r, said, sizeof(said));
	HAS("fsync");
	HAS_NOT("in others");
	w = wait_in("fsync");
	ASSERT_TRUE(w);
	EXPECT_EQ(30, w->count);
	EXPECT_EQ(27000000000, w->ns);
	w = wait_in("others");
	ASSERT_TRUE(w);
	EXPECT_EQ(r.accounts.first->wait_ns, 27000000000 + 160000000);
}

TEST(a_call_that_a_signal_ends_keeps_its_time)
{
	const struct wait *w;

	answer("7 1700000000.000000 connect(3, {sa_family=AF_INET, sin_port="
	       "htons(80), sin_addr=inet_addr(\"10.0.0.1\")}, 16) = ? "
	       "ERESTARTSYS (To be restarted if SA_RESTART is set) <3.9>\n"
	       "7 1700000003.900000 --- SIGALRM {si_signo=SIGALRM, "
	       "si_code=SI_KERNEL} ---\n"
	       "7 1700000003.900100 +++ killed by SIGALRM +++");
	HAS("connect");
	HAS("3.90 s");
	HAS("got no answer");
	ASSERT_EQ(1, r.accounts.n_open);
	EXPECT_STR("SIGALRM", r.accounts.open[0].killed);
	w = wait_in("connect");
	ASSERT_TRUE(w);
	EXPECT_EQ(3900000000, w->ns);
	/* A handler ran, and the call failed: the handler's time is not its. */
	answer("7 1700000000.000000 read(3, 0x1, 9) = ? ERESTARTSYS (To be "
	       "restarted if SA_RESTART is set) <2.0>\n"
	       "7 1700000002.000000 --- SIGUSR1 {si_signo=SIGUSR1} ---\n"
	       "7 1700000007.000000 rt_sigreturn({mask=[]}) = -1 EINTR "
	       "(Interrupted system call) <0.00001>\n"
	       "7 1700000007.100000 exit_group(0) = ?\n"
	       "7 1700000007.200000 +++ exited with 0 +++");
	w = wait_in("read");
	ASSERT_TRUE(w);
	EXPECT_EQ(2000000000, w->ns);
	EXPECT_EQ(0, r.accounts.n_open);
}

TEST(the_account_adds_up)
{
	const struct account *a;

	answer("7 1700000000.000000 fsync(3</d/log>) = 0 <0.300000>\n"
	       "7 1700000000.400000 fsync(3</d/log>) = 0 <0.100000>\n"
	       "7 1700000000.600000 getpid() = 7 <0.000100>\n"
	       "7 1700000001.000000 exit_group(0) = ?");
	a = r.accounts.first;
	ASSERT_TRUE(a);
	EXPECT_EQ(1000000000, a->wall_ns);
	EXPECT_EQ(400000000, a->wait_ns);
	EXPECT_EQ(100000, a->call_ns);
	EXPECT_EQ(a->wall_ns, a->wait_ns + a->call_ns + account_outside(a));
	ASSERT_EQ(1, a->n_waits);
	EXPECT_EQ(2, a->wait[0].count);
	EXPECT_EQ(300000000, a->wait[0].longest_ns);
	EXPECT_EQ(1, a->wait[0].line);
	EXPECT_EQ(FOR_DISK, a->wait[0].what);
	EXPECT_STR("/d/log", a->wait[0].object);
}

TEST(the_account_before_an_execve_ends_with_it)
{
	const struct account *a;

	answer("7 1700000000.000000 close(3) = -1 EBADF (x) <0.000010>\n"
	       "7 1700000002.000000 execve(\"/bin/p\", [\"p\"], 0x1) = 0 <0.001000>\n"
	       "7 1700000002.500000 exit_group(0) = ?\n");
	for (a = r.accounts.first; a && !a->before_exec; a = a->next)
		;
	ASSERT_TRUE(a);
	EXPECT_EQ(2000000000, a->wall_ns);
	reader_free(&r);
}

/* A call that began before the log did: the account has all of its time. */
TEST(a_wait_from_before_the_log)
{
	const struct account *a;

	answer("7 1700000000.000000 <... clock_nanosleep resumed>NULL) = 0 "
	       "<2.000000>\n7 1700000001.000000 getpid() = 7 <0.000010>");
	a = r.accounts.first;
	EXPECT_EQ(2000000000, a->wait_ns);
	EXPECT_EQ(3000010000, a->wall_ns);
}

/* A datagram socket that asked first has a peer; one that is only bound, clients. */
TEST(datagrams_of_a_peer_or_of_clients)
{
#define DATAGRAM "7 1700000000.000000 socket(AF_INET, SOCK_DGRAM, 0) = 3 " \
	"<0.000010>\n"
#define WAITS "7 1700000000.000200 poll([{fd=3, events=POLLIN}], 1, 5000) = 0 " \
	"(Timeout) <5.000000>"
	answer(DATAGRAM "7 1700000000.000100 connect(3, {sa_family=AF_INET, "
	       "sin_port=htons(53), sin_addr=inet_addr(\"10.0.0.2\")}, 16) = 0 "
	       "<0.000010>\n" WAITS);
	EXPECT_EQ(FOR_PEER, r.accounts.first->wait[0].what);
	answer(DATAGRAM "7 1700000000.000100 bind(3, {sa_family=AF_INET, "
	       "sin_port=htons(53), sin_addr=inet_addr(\"0.0.0.0\")}, 16) = 0 "
	       "<0.000010>\n" WAITS);
	EXPECT_EQ(FOR_CLIENT, r.accounts.first->wait[0].what);
}

/* Calls of which only the end is in the log: the log's end has no time. */
TEST(no_span_to_an_end_without_a_time)
{
	char log[4000];
	size_t n = 0;

	for (int fd = 5; fd < 12; fd++) {
		n += snprintf(log + n, sizeof(log) - n, "7 1700000000.0 <... "
			      "accept4 resumed>3, NULL, NULL, 0) = %d <0.1>\n"
			      "7 1700000000.0 <... read resumed>%d, \"x\", 9) = 1 "
			      "<0.1>\n", fd, fd);
		if (fd != 7)
			n += snprintf(log + n, sizeof(log) - n, "7 1700000000.0 "
				      "<... write resumed>%d, \"y\", 1) = 1 "
				      "<0.1>\n", fd);
	}
	answer(log);
	HAS_NOT("never answered");
}

#define PIPE "7 1700000000.000000 pipe2([3, 4], 0) = 0 <0.000010>\n" \
	"7 1700000000.000100 clone(child_stack=NULL, flags=SIGCHLD) = 8 " \
	"<0.000010>\n"

TEST(who_holds_the_other_end)
{
	answer(PIPE "7 1700000000.000200 close(4) = 0 <0.000010>\n"
	       "8 1700000000.000300 close(3) = 0 <0.000010>\n"
	       "7 1700000000.000400 read(3,  <unfinished ...>\n"
	       "8 1700000000.000500 nanosleep({tv_sec=2, tv_nsec=0}, NULL) = 0 "
	       "<2.0>\n8 1700000002.000600 exit_group(0) = ?\n"
	       "7 1700000002.000700 <... read resumed>\"\", 9) = 0 <2.000300>\n"
	       "8 1700000002.000800 +++ exited with 0 +++");
	HAS("pid 8 holds the write end as fd 4");
	/* The child has closed its end: only the reader itself is left. */
	answer(PIPE "8 1700000000.000300 close(4) = 0 <0.000010>\n"
	       "7 1700000000.000400 read(3,  <unfinished ...>\n"
	       "8 1700000002.000500 getpid() = 8 <0.000010>");
	HAS("is itself the only holder of the write end");
	HAS_NOT("pid 8 holds");
}

TEST(a_parent_waits_for_a_child_that_waits_for_it)
{
	answer(PIPE "7 1700000000.000400 wait4(8,  <unfinished ...>\n"
	       "8 1700000000.000500 close(3) = 0 <0.000010>\n"
	       "8 1700000000.000600 write(4, \"x\"..., 70000 <unfinished ...>\n"
	       "9 1700000009.000600 getpid() = 9 <0.000010>");
	HAS("deadlock");
	HAS("pid 8 is in write");
	HAS("pid 7 is in wait4");
	HAS("pid 8 ");
	HAS("write");
	HAS("wait4");
	ASSERT_EQ(2, r.accounts.n_open);
	for (int i = 0; i < 2; i++) {
		const struct unreturned *o = &r.accounts.open[i];

		EXPECT_EQ(o->pid == 7 ? 8 : 7, o->on);
		if (o->pid == 8)
			EXPECT_STR("holds the read end as fd 3", o->why);
	}
}

#define NOT_FOLLOWED "7 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_FILES}, 88)" \
	" = 8\n7 getpid() = 7\n7 getpid() = 7\n7 getpid() = 7\n7 getpid() = 7\n"

TEST(children_without_a_line_are_reported)
{
	answer(NOT_FOLLOWED);
	HAS("not in this log");
	HAS("-f");
	EXPECT_EQ(1, r.unfollowed_threads);
	answer(NOT_FOLLOWED "8 getpid() = 8\n");
	HAS_NOT("not in this log");
}

TEST(threads_are_no_processes)
{
	/* The child speaks first, and strace 4 prints the flags at the end. */
	answer("7 execve(\"/p\", [\"/p\"], 0x1) = 0\n7 clone( <unfinished ...>\n"
	       "8 set_robust_list(0x1, 24) = 0\n"
	       "7 <... clone resumed> child_stack=0x1, flags=CLONE_VM|"
	       "CLONE_FILES|CLONE_THREAD) = 8\n8 getpid() = 7");
	EXPECT_EQ(1, r.world.processes_made);
	EXPECT_EQ(2, r.world.tasks_made);
	/* A child of fork, in the same way. */
	answer("7 execve(\"/p\", [\"/p\"], 0x1) = 0\n7 clone( <unfinished ...>\n"
	       "8 set_robust_list(0x1, 24) = 0\n"
	       "7 <... clone resumed> child_stack=NULL, flags=SIGCHLD) = 8\n"
	       "8 getpid() = 8");
	EXPECT_EQ(2, r.world.processes_made);
	/* In a PID namespace clone returns 2: it is 8 of the log. */
	answer("7 execve(\"/p\", [\"/p\"], 0x1) = 0\n"
	       "7 clone(child_stack=NULL, flags=CLONE_VM|CLONE_FILES|"
	       "CLONE_THREAD) = 2\n8 getpid() = 1\n7 getpid() = 1");
	EXPECT_EQ(2, r.world.tasks_made);
	EXPECT_EQ(1, r.world.processes_made);
}

TEST(attached_to_threads)
{
	answer("strace: Process 7 attached with 2 threads\n"
	       "[pid     8] read(3, <unfinished ...>\n"
	       "[pid     7] read(4, <unfinished ...>");
	EXPECT_EQ(1, r.world.processes_made);
	/* A private futex is woken by a thread of the same process only. */
	answer("7 read(3,  <unfinished ...>\n8 futex(0x1, FUTEX_WAIT_PRIVATE, "
	       "2, NULL <unfinished ...>");
	EXPECT_EQ(1, r.world.processes_made);
	answer("7 read(3,  <unfinished ...>\n8 read(3,  <unfinished ...>");
	EXPECT_EQ(2, r.world.processes_made);
}

TEST(what_ran_before_execve_is_another_program)
{
	answer("7 execve(\"/bin/sh\", [\"sh\"], 0x1) = 0\n"
	       "7 poll([{fd=5, events=POLLIN}], 1, 9) = 1 ([{fd=5, "
	       "revents=POLLIN}])\n7 execve(\"/bin/p\", [\"p\"], 0x1) = 0\n"
	       "7 accept(3, NULL, NULL) = 4\n7 read(4, \"x\", 9) = 1");
	HAS("p: blocking");
	HAS_NOT("poll");
}

TEST(a_decoration_wins_over_the_table)
{
	answer("7 accept(3<TCP:[1]>, NULL, NULL) = 4<TCP:[1:1->2:2]>\n"
	       "7 read(4<TCP:[1:1->2:2]>, \"x\", 9) = 1\n"
	       "7 read(4</srv/big>, \"y\", 999) = 999");
	EXPECT_EQ(1, r.models.groups->served.messages);
	EXPECT_EQ(2, r.kinds[FILE_REGULAR] + r.kinds[FILE_CONNECTION]);
}

TEST(peeking_copies_nothing)
{
	answer("7 accept(3, NULL, NULL) = 4\n"
	       "7 recvfrom(4, \"hello\", 9, MSG_PEEK, NULL, NULL) = 5\n"
	       "7 recvfrom(4, \"hello\", 9, 0, NULL, NULL) = 5");
	EXPECT_EQ(5, r.bytes_in);
	EXPECT_EQ(1, r.models.groups->served.messages);
}

TEST(a_table_of_its_own)
{
	answer("7 execve(\"/p\", [\"/p\"], 0x1) = 0\n"
	       "7 accept(3, NULL, NULL) = 4\n"
	       "7 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_FILES}, 88) = 8\n"
	       "8 unshare(CLONE_FILES) = 0\n8 close(4) = 0\n"
	       "8 openat(AT_FDCWD, \"/x\", O_RDONLY) = 4\n"
	       "7 read(4, \"hello\", 9) = 5");
	EXPECT_EQ(1, r.models.groups->served.messages);
}

TEST(the_end_of_a_program_costs_no_message)
{
	unsigned long messages;

	answer("7 accept(3, NULL, NULL) = 4\n7 read(4, \"x\", 9) = 1\n"
	       "7 write(4, \"x\", 1) = 1\n7 munmap(0x1, 1) = 0\n"
	       "7 munmap(0x1, 1) = 0\n7 munmap(0x1, 1) = 0\n");
	EXPECT_EQ(3, (int)reader_cost(&r, &messages));
	EXPECT_EQ(1, messages);
}
