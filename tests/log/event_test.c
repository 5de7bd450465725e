/* SPDX-License-Identifier: MIT */
/*
 * event_test.c - lines joined to calls, and what becomes of descriptors (with libc)
 */
#include "../../log/reader.h"
#include "tap.h"

static struct reader r;
static char seen[4096];			/* "read 3 = 1 [1-2]; " for each call */

static void note(void *context, struct reader *reader, struct step *st)
{
	struct event *e = st->event;
	size_t len = strlen(seen);

	(void)context, (void)reader;
	if (e->kind != EVENT_CALL || len > sizeof(seen) - 200)
		return;
	len += snprintf(seen + len, sizeof(seen) - len, "%.*s(%.*s)=",
			(int)e->line->name.len, e->line->name.at,
			(int)e->line->args.len, e->line->args.at);
	if (e->line->error.len)
		len += snprintf(seen + len, sizeof(seen) - len, "%.*s",
				(int)e->line->error.len, e->line->error.at);
	else
		len += snprintf(seen + len, sizeof(seen) - len, "%lld",
				e->line->ret);
	if (e->restarts)
		len += snprintf(seen + len, sizeof(seen) - len, " r%u",
				e->restarts);
	snprintf(seen + len, sizeof(seen) - len, "; ");
}

static void begin(void)
{
	reader_start(&r);
	r.watch = note;
	*seen = 0;
}

/* The lines of text, one after another. */
static void feed(const char *text)
{
	unsigned long number = r.joiner.lines;

	while (*text) {
		const char *end = strchrnul(text, '\n');

		reader_line(&r, text, end - text, ++number, 0);
		text = *end ? end + 1 : end;
	}
}

static void all(const char *text)
{
	begin();
	feed(text);
	reader_end(&r);
}

/* The descriptor fd of task pid, as the reader sees it now. */
static struct file *file_of(long pid, int fd)
{
	struct task *t = map_get(&r.world.tasks, pid);

	if (!t || (unsigned)fd >= t->fds->size)
		return NULL;
	return t->fds->slot[fd];
}

TEST(halves_are_joined_by_pid)
{
	all("7 read(3,  <unfinished ...>\n"
	    "8 read(4,  <unfinished ...>\n"
	    "7 <... read resumed>\"a\", 9) = 1\n"
	    "8 <... read resumed>\"bb\", 9) = 2\n");
	EXPECT_STR("read(3, \"a\", 9)=1; read(4, \"bb\", 9)=2; ", seen);
	EXPECT_EQ(0, r.joiner.unknown);
}

TEST(a_half_in_the_middle_of_a_struct)
{
	all("7 clone3({flags=CLONE_VM, stack=0x7 <unfinished ...>\n"
	    "7 <... clone3 resumed>, tls=0x1} => {parent_tid=[8]}, 88) = 8\n"
	    "7 epoll_wait(4,  <unfinished ...>\n"
	    "7 <... epoll_wait resumed>[{events=EPOLLIN <unfinished ...>\n"
	    "7 <... epoll_wait resumed>, data=0x5}], 9, -1) = 1\n");
	EXPECT_STR("clone3({flags=CLONE_VM, stack=0x7, tls=0x1} => "
		   "{parent_tid=[8]}, 88)=8; "
		   "epoll_wait(4, [{events=EPOLLIN, data=0x5}], 9, -1)=1; ",
		   seen);
	EXPECT_EQ(0, r.joiner.unknown);
}

TEST(a_resumed_line_without_a_start)
{
	all("7 <... read resumed>\"a\", 9) = 1\n"
	    "7 close(3) = 0\n");
	EXPECT_STR("read(\"a\", 9)=1; close(3)=0; ", seen);
	EXPECT_EQ(1, r.joiner.orphans);
}

TEST(a_restart_is_one_call)
{
	all("poll([{fd=3, events=POLLIN}], 1, 5000) = "
	    "? ERESTART_RESTARTBLOCK (Interrupted by signal)\n"
	    "--- SIGCHLD {si_signo=SIGCHLD} ---\n"
	    "restart_syscall(<... resuming interrupted poll ...>) = 1\n");
	EXPECT_STR("poll([{fd=3, events=POLLIN}], 1, 5000)=1 r1; ", seen);
	all("accept4(3, 0x7, [16], 0) = ? ERESTARTSYS (To be restarted)\n"
	    "--- SIGTERM {si_signo=SIGTERM} ---\n"
	    "getpid() = 7\n"
	    "rt_sigreturn({mask=[]}) = 288\n"
	    "accept4(3, 0x7, [16], 0) = -1 EINVAL (Invalid argument)\n");
	EXPECT_STR("getpid()=7; rt_sigreturn({mask=[]})=288; "
		   "accept4(3, 0x7, [16], 0)=EINVAL r1; ", seen);
}

/* The same, and the restart itself is in two halves. */
TEST(a_restart_in_halves)
{
	all("[pid 7] poll([{fd=3, events=POLLIN}, {fd=5, events=POLLIN}], 2, "
	    "12345) = ? "
	    "ERESTART_RESTARTBLOCK (Interrupted by signal)\n"
	    "[pid 7] restart_syscall(<... resuming interrupted poll ...> "
	    "<unfinished ...>\n"
	    "[pid 8] close(4) = 0\n"
	    "[pid 7] <... restart_syscall resumed>) = 1\n");
	EXPECT_STR("close(4)=0; poll([{fd=3, events=POLLIN}, {fd=5, "
		   "events=POLLIN}], 2, 12345)=1 r1; ",
		   seen);
	EXPECT_EQ(0, r.joiner.unknown);
}

TEST(a_handler_that_ends_a_call)
{
	all("rt_sigsuspend([], 8) = ? ERESTARTNOHAND (To be restarted)\n"
	    "--- SIGIO {si_signo=SIGIO} ---\n"
	    "rt_sigreturn({mask=[IO]}) = -1 EINTR (Interrupted)\n"
	    "read(3, \"\", 1) = 0\n");
	EXPECT_STR("rt_sigreturn({mask=[IO]})=EINTR; rt_sigsuspend([], 8)=EINTR; "
		   "read(3, \"\", 1)=0; ", seen);
	EXPECT_EQ(1, r.interrupted);
}

TEST(chatter_tears_a_call)
{
	all("accept4(3, strace: Process 9 attached\n"
	    " <unfinished ...>\n"
	    "[pid     9] close(4) = 0\n"
	    "[pid     7] <... accept4 resumed>NULL, NULL, 0) = 5\n"
	    "[pid     9] clone3({a=1}strace: Process 10 attached\n"
	    ", 88) = 10\n");
	EXPECT_STR("close(4)=0; accept4(3, NULL, NULL, 0)=5; "
		   "clone3({a=1}, 88)=10; ", seen);
	EXPECT_EQ(0, r.joiner.unknown);
}

/* Old strace, and a program's own output in the middle of its write. */
TEST(other_text_tears_a_call)
{
	all("[pid 31] clone(Process 41 attached (waiting for parent)\n"
	    "Process 41 resumed (parent 31 ready)\n"
	    "child_stack=0, flags=SIGCHLD) = 41\n"
	    "[pid 31] write(1, \"a (b\"..., 45a (b, and more\n"
	    ") = 45\n");
	EXPECT_STR("clone(child_stack=0, flags=SIGCHLD)=41; "
		   "write(1, \"a (b\"..., 45)=45; ", seen);
	EXPECT_EQ(0, r.joiner.unknown);
}

/* What the program writes to the same terminal does not count as unread. */
TEST(the_programs_own_output)
{
	all("write(1, \"a\\nb (c\\nd\", 9a\n"
	    "b (c\n"
	    "d)                      = 9\n"
	    "[pid 7] write(2, \"name? \", 6 <unfinished ...>\n"
	    "name? [pid 8] getpid() = 8\n"
	    "[pid 7] <... write resumed>) = 6\n"
	    "[pid 7] write(1<pipe:[1]>, \"one\\nt\"..., 15one\n"
	    "two (x\n"
	    "three\n"
	    ") = 15\n"
	    "three\n");
	EXPECT_STR("write(1, \"a\\nb (c\\nd\", 9)=9; getpid()=8; "
		   "write(2, \"name? \", 6)=6; "
		   "write(1<pipe:[1]>, \"one\\nt\"..., 15)=15; ", seen);
	EXPECT_EQ(3, r.joiner.own_output);
	EXPECT_EQ(1, r.joiner.unknown);		/* nobody wrote it twice */
	EXPECT_EQ(11, r.unknown[0].line);
}

/* strace 4: other blanks, signals in words, structs without names. */
TEST(old_strace)
{
	all("Process 7 attached - interrupt to quit\n"
	    "upeek: ptrace(PTRACE_PEEKUSER,7,44,0): No such process\n"
	    "select(8, [7], NULL, NULL, {1, 0}) = ? ERESTARTNOHAND (To be "
	    "restarted)\n"
	    "--- SIGVTALRM (Virtual timer expired) @ 0 (0) ---\n"
	    "sigreturn()                       = ? (mask now [])\n"
	    "select(8, [7], NULL, NULL, {0, 9} <unfinished ...>\n"
	    "<... select resumed> )            = 1 (in [7])\n"
	    "recv(7, \"a\"..., 116, 0)           = 116\n"
	    "rt_sigaction(SIGCHLD, {0x8061234, [], SA_RESTORER, 0x7f00}, "
	    "{SIG_DFL}, 8) = 0\n");
	EXPECT_STR("sigreturn()=0; select(8, [7], NULL, NULL, {0, 9})=1 r1; "
		   "recv(7, \"a\"..., 116, 0)=116; rt_sigaction(SIGCHLD, "
		   "{0x8061234, [], SA_RESTORER, 0x7f00}, {SIG_DFL}, 8)=0; ",
		   seen);
	EXPECT_EQ(0, r.joiner.unknown);
}

TEST(what_is_not_understood_is_counted_and_kept)
{
	all("7 close(3) = 0\n"
	    "hello\n"
	    "7 read(3, \"abc\n"
	    "7 close(4) = 0\n");
	EXPECT_EQ(2, r.joiner.unknown);
	EXPECT_EQ(2, r.unknown[0].line);
	EXPECT_STR("hello", r.unknown[0].text);
	EXPECT_EQ(3, r.unknown[1].line);
	EXPECT_EQ(2, r.calls);
}

TEST(the_table_of_counts)
{
	all("7 close(3) = 0\n"
	    "% time     seconds  usecs/call     calls    errors syscall\n"
	    "------ ----------- ----------- --------- --------- --------\n"
	    "100.00    0.000000           0         1           close\n"
	    "------ ----------- ----------- --------- --------- --------\n"
	    "100.00    0.000000           0         1         0 total\n"
	    "7 close(4) = 0\n");
	EXPECT_EQ(0, r.joiner.unknown);
	EXPECT_EQ(2, r.calls);
	all("7 close(3) = 0\n"			/* -U name,calls */
	    "syscall              calls\n"
	    "---------------- ---------\n"
	    "close                    1\n"
	    "---------------- ---------\n"
	    "total                    1\n"
	    "7 close(4) = 0\n");
	EXPECT_EQ(0, r.joiner.unknown);
	EXPECT_EQ(2, r.calls);
}

TEST(midnight)
{
	all("23:59:59.900000 close(3) = 0\n"
	    "00:00:00.100000 close(4) = 0\n");
	EXPECT_EQ(200000000, r.last_ns - r.first_ns);
}

TEST(exec_from_a_thread)
{
	all("7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) "
	    "= 8\n"
	    "8 execve(\"/bin/x\", [\"x\"], 0x1 /* 2 vars */ "
	    "<pid changed to 7 ...>\n"
	    "7 +++ superseded by execve in pid 8 +++\n"
	    "7 <... execve resumed>) = 0\n"
	    "7 +++ exited with 0 +++\n");
	EXPECT_EQ(0, r.joiner.unknown);
	EXPECT_EQ(0, r.joiner.orphans);
	EXPECT_EQ(2, r.calls);
}

/* ---- descriptors ---- */

TEST(dup_shares_the_flags)
{
	begin();
	feed("7 socket(AF_INET, SOCK_STREAM, 0) = 3\n"
	     "7 dup(3) = 4\n"
	     "7 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"
	     "7 close(4) = 0\n");
	ASSERT_TRUE(file_of(7, 3));
	EXPECT_EQ(1, file_of(7, 3)->nonblocking);
	EXPECT_TRUE(!file_of(7, 4));
}

TEST(fork_copies_and_clone_files_shares)
{
	begin();
	feed("7 socket(AF_INET, SOCK_STREAM, 0) = 3\n"
	     "7 fork() = 8\n"
	     "8 close(3) = 0\n");
	EXPECT_TRUE(file_of(7, 3));
	EXPECT_TRUE(!file_of(8, 3));
	feed("7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) "
	     "= 9\n"
	     "9 close(3) = 0\n");
	EXPECT_TRUE(!file_of(7, 3));
}

TEST(exec_closes_what_is_marked)
{
	begin();
	feed("7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3\n"
	     "7 socket(AF_INET, SOCK_STREAM, 0) = 4\n"
	     "7 execve(\"/bin/x\", [\"x\"], 0x1 /* 2 vars */) = 0\n");
	EXPECT_TRUE(!file_of(7, 3));
	EXPECT_TRUE(file_of(7, 4));
}

/* -z prints a call when it is over: the close stands after the accept. */
TEST(a_close_that_is_printed_late)
{
	begin();
	feed("7 1700000000.000001 accept4(3, NULL, NULL, 0) = 4 <0.000010>\n"
	     "7 1700000000.100000 clone(child_stack=0x1, flags=CLONE_VM|"
	     "CLONE_FILES|CLONE_THREAD) = 8 <0.000010>\n"
	     "7 1700000000.200000 accept4(3, NULL, NULL, 0) = 4 <0.300300>\n"
	     "8 1700000000.500000 close(4) = 0 <0.000100>\n");
	ASSERT_TRUE(file_of(7, 4));
	EXPECT_EQ(3, file_of(7, 4)->opened);
}

/* The number is free when close begins, before strace shows its return. */
TEST(a_number_given_again_while_close_returns)
{
	begin();
	feed("7 socket(AF_INET, SOCK_STREAM, 0) = 3\n"
	     "7 listen(3, 9) = 0\n"
	     "7 accept4(3, NULL, NULL, 0) = 4\n"
	     "7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) "
	     "= 8\n"
	     "8 close(4 <unfinished ...>\n"
	     "7 accept4(3, NULL, NULL, SOCK_NONBLOCK) = 4\n"
	     "8 <... close resumed>) = 0\n");
	ASSERT_TRUE(file_of(7, 4));
	EXPECT_EQ(1, file_of(7, 4)->nonblocking);
	EXPECT_EQ(FILE_CONNECTION, (long)file_of(7, 4)->kind);
}

/* A child may speak before its parent's clone has returned. */
TEST(a_child_that_is_faster)
{
	begin();
	feed("7 socket(AF_INET, SOCK_STREAM, 0) = 3\n"
	     "7 clone(child_stack=0x1, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD "
	     "<unfinished ...>\n"
	     "8 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"
	     "7 <... clone resumed>) = 8\n");
	ASSERT_TRUE(file_of(7, 3));
	EXPECT_EQ(1, file_of(7, 3)->nonblocking);
	EXPECT_EQ(1, r.world.processes_made);
}

TEST(epoll_data_names_the_descriptor)
{
	begin();
	feed("7 epoll_create1(0) = 4\n"
	     "7 epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=EPOLLIN|EPOLLET, "
	     "data={u32=99, u64=140000099}}) = 0\n"
	     "7 epoll_wait(4, [{events=EPOLLIN, data={u32=99, "
	     "u64=140000099}}], 8, -1) = 1\n");
	EXPECT_EQ(1, file_of(7, 5)->ready);
	EXPECT_EQ(MODEL_EPOLL, (long)file_of(7, 5)->by);
	EXPECT_EQ(EPOLL_EDGE, (long)file_of(7, 4)->modes);
	feed("7 epoll_wait(4, {{EPOLLIN, {u32=99, u64=140000099}}}, 8, -1) = 1\n"
	     "7 epoll_ctl(4, 2, 5, NULL) = 0\n");		/* -X raw: DEL */
	EXPECT_EQ(0, file_of(7, 5)->n_watch);
}

/* The same calls as aarch64, 32-bit ARM and i386 name them. */
static const char *left_out(const char *text)
{
	const char *sentence[MISSING_MAX];

	all(text);
	return reader_missing(&r, sentence) ? sentence[0] : "";
}

/* -e trace= leaves calls out: the report says which it would have needed. */
TEST(what_a_log_leaves_out)
{
	EXPECT_TRUE(strstr(left_out("7 accept4(3, NULL, NULL, 0) = 4\n"
				    "7 recvfrom(4, \"a\", 9, 0) = 1\n"),
			   "no select, poll, epoll, fcntl or close"));
	EXPECT_TRUE(strstr(left_out("7 epoll_wait(3, [], 9, 5) = 0\n"),
			   "no read, write or accept"));
	EXPECT_TRUE(strstr(left_out("7 close(3) = 0\n"), "accept or wait"));
	EXPECT_STR("", left_out("7 read(3, \"a\", 9) = 1\n"
				"7 close(3) = 0\n"));
	/* An EAGAIN shows what no fcntl did. */
	begin();
	feed("7 accept4(3, NULL, NULL, 0) = -1 EAGAIN (Try again)\n");
	EXPECT_EQ(1, file_of(7, 3)->nonblocking);
	feed("7 setsockopt(4, SOL_SOCKET, SO_RCVTIMEO, \"\", 16) = 0\n"
	     "7 recvfrom(4, 0x1, 9, 0) = -1 EAGAIN (Try again)\n"
	     "7 recvfrom(5, 0x1, 9, MSG_DONTWAIT) = -1 EAGAIN (Try again)\n");
	EXPECT_EQ(-1, file_of(7, 4)->nonblocking);
	EXPECT_EQ(-1, file_of(7, 5)->nonblocking);
	reader_end(&r);
}

/* -e raw shows a pointer for the event: the set still knows its member. */
TEST(a_set_that_is_freed_before_its_member)
{
	begin();
	feed("7 epoll_ctl(0x4, 0x1, 0x3, 0x7ff2cf23) = 0\n");
	ASSERT_TRUE(file_of(7, 3));
	EXPECT_EQ(1, file_of(7, 3)->n_watch);
	feed("7 close(0x4) = 0\n");
	EXPECT_EQ(0, file_of(7, 3)->n_watch);
	reader_end(&r);
}

TEST(other_architectures)
{
	static const char *const waits[] = {
		"_newselect(8, [3], [], NULL, NULL) = 1 (in [3])",
		"pselect6_time64(8, [3], NULL, NULL, NULL, NULL) = 1 (in [3])",
		"ppoll([{fd=3, events=POLLIN}], 1, NULL, NULL, 8) = 1 "
			"([{fd=3, revents=POLLIN}])",
		"ppoll_time64([{fd=3, events=POLLIN}], 1, NULL, NULL, 8) = 1 "
			"([{fd=3, revents=POLLIN}])",
		"epoll_pwait(4, [{events=EPOLLIN, data={u32=3, u64=3}}], 9, -1, "
			"NULL, 8) = 1",
		"epoll_pwait2(4, [{events=EPOLLIN, data=0x3}], 9, NULL, NULL, 8)"
			" = 1",
	};

	for (unsigned i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		begin();
		feed("socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0) = 3\n"
		     "epoll_create1(0) = 4\n"
		     "epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, "
		     "data={u32=3, u64=3}}) = 0\n");
		feed(waits[i]);
		EXPECT_EQ(1, file_of(0, 3)->ready);
		feed("recv(3, \"abc\", 9, 0) = 3\n");
		EXPECT_EQ(3, (long)file_of(0, 3)->bytes_in);
		EXPECT_EQ(0, file_of(0, 3)->ready);
	}
}

/* Attached in the middle: decorations say what the descriptors are. */
TEST(attached_late_with_decorations)
{
	begin();
	feed("epoll_wait(5<anon_inode:[eventpoll]>, [{events=EPOLLIN, "
	     "data={u32=9, u64=9}}], 8, -1) = 1\n"
	     "accept4(3<TCP:[0.0.0.0:80]>, NULL, NULL, SOCK_NONBLOCK) = "
	     "9<TCP:[10.0.0.1:80->10.0.0.2:5555]>\n"
	     "read(7<pipe:[81]>, \"a\", 1) = 1\n"
	     "read(8</var/log/x, (y) [z]>, \"a\", 1) = 1\n"
	     "io_uring_enter(6<anon_inode:[io_uring]>, 1, 0, 0, NULL, 8) = 1\n");
	EXPECT_EQ(FILE_EPOLL, (long)file_of(0, 5)->kind);
	EXPECT_EQ(FILE_LISTENER, (long)file_of(0, 3)->kind);
	EXPECT_STR("10.0.0.1:80->10.0.0.2:5555", file_of(0, 9)->name);
	EXPECT_EQ(FILE_PIPE, (long)file_of(0, 7)->kind);
	EXPECT_STR("/var/log/x, (y) [z]", file_of(0, 8)->name);
	EXPECT_EQ(FILE_REGULAR, (long)file_of(0, 8)->kind);
	EXPECT_EQ(FILE_RING, (long)file_of(0, 6)->kind);
}

TEST(signals_that_only_a_tracer_shows)
{
	all("7 execve(\"/bin/x\", [\"x\"], 0x1 /* 2 vars */) = 0\n"
	    "7 --- SIGCHLD {si_signo=SIGCHLD} ---\n"
	    "7 rt_sigaction(SIGCHLD, {sa_handler=0x1, sa_mask=[], sa_flags=0}, "
	    "NULL, 8) = 0\n"
	    "7 --- SIGCHLD {si_signo=SIGCHLD} ---\n");
	EXPECT_EQ(1, r.artefacts);
}
