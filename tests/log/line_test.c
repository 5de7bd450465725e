/* SPDX-License-Identifier: MIT */
/*
 * line_test.c - each form of strace's output, one line per form (with libc)
 */
#include "../../log/line.h"
#include "tap.h"

static struct line l;

static void lex(const char *text)
{
	/* It ends where a page does: a byte too far is a crash. */
	static char *tail;
	enum { SIZE = 512 };
	size_t len = strlen(text);

	if (!tail)
		tail = tail_alloc(SIZE);
	memcpy(tail + SIZE - len, text, len);
	line_read(&l, tail + SIZE - len, len);
}

static const char *str(struct slice s)
{
	static char text[4][512];
	static int i;
	char *t = text[i++ % 4];

	snprintf(t, sizeof(text[0]), "%.*s", (int)s.len, s.at);
	return t;
}

/* Every leader in front of the same call: the call stays the same. */
TEST(leaders)
{
	static const struct {
		const char *leader;
		long pid;
		long long at_ns, since_ns;
	} rows[] = {
		{ "", 0, NO_TIME, NO_TIME },
		{ "24697 ", 24697, NO_TIME, NO_TIME },
		{ "7     ", 7, NO_TIME, NO_TIME },
		{ "[pid 24703] ", 24703, NO_TIME, NO_TIME },
		{ "[pid     3] ", 3, NO_TIME, NO_TIME },
		{ "24738<my prog> ", 24738, NO_TIME, NO_TIME },
		{ "[pid 123<t>] ", 123, NO_TIME, NO_TIME },
		{ "19:08:44 ", 0, 68924000000000, NO_TIME },
		{ "19:08:44.145008 ", 0, 68924145008000, NO_TIME },
		{ "1795201724.156011 ", 0, 1795201724156011000, NO_TIME },
		{ "1795201269.088094948 ", 0, 1795201269088094948, NO_TIME },
		{ "1795201269 ", 0, 1795201269000000000, NO_TIME },
		{ "     0.000043 ", 0, NO_TIME, 43000 },
		{ "5 19:08:44.145008 (+     0.000060) ", 5, 68924145008000,
		  60000 },
		{ "24697 19:08:44.145008 ", 24697, 68924145008000, NO_TIME },
		{ "7     23:59:59.999999 ", 7, 86399999999000, NO_TIME },
		{ "5 00:00:00.000001 ", 5, 1000, NO_TIME },
		{ "123456789 19:08:44.145008 ", 123456789, 68924145008000,
		  NO_TIME },
		{ "5 1795201724.156011 ", 5, 1795201724156011000, NO_TIME },
		{ "5 1795201724.156011 [00007f2339e291b3] ", 5,
		  1795201724156011000, NO_TIME },
		{ "5 19:08:44 ", 5, 68924000000000, NO_TIME },
		{ "[ 334] [00007f2339e291b3] ", 0, NO_TIME, NO_TIME },
		{ "12 [???] [????????????????] ", 12, NO_TIME, NO_TIME },
		{ "12 [system_u:object_r:x:s0] 19:08:44 ", 12, 68924000000000,
		  NO_TIME },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[256];

		snprintf(text, sizeof(text), "%sread(3, \"x\", 1) = 1",
			 rows[i].leader);
		lex(text);
		EXPECT_EQ(LINE_CALL, l.kind);
		EXPECT_EQ(rows[i].pid, l.pid);
		EXPECT_EQ(rows[i].at_ns, l.at_ns);
		EXPECT_EQ(rows[i].since_ns, l.since_ns);
		EXPECT_STR("read", str(l.name));
		EXPECT_EQ(1, l.ret);
	}
}

/* The return is after the parenthesis that matches, wherever others stand. */
TEST(the_matching_parenthesis)
{
	lex("write(1, \"\\\"quo)te\\\" = \\\\ \\n\\1\\0017\\377) = 3 <0.1>\\n\", "
	    "28) = 28 <0.000012>");
	EXPECT_EQ(LINE_CALL, l.kind);
	EXPECT_EQ(28, l.ret);
	EXPECT_EQ(12000, l.took_ns);
	EXPECT_EQ(3, l.n_args);
	lex("read(3</a,b (c)>, \"x\"..., 10) = 1");
	EXPECT_EQ(3, l.n_args);
	EXPECT_EQ(1, l.ret);
	lex("fstat(13</dev/null<char 1:3>>, {st_mode=S_IFCHR|0666, ...}) = 0");
	EXPECT_EQ(2, l.n_args);
	lex("ioctl(3, _IOC(_IOC_READ, 0x54, 0x1, 0x4) /* a ) b */, 0x7ffe) = 0");
	EXPECT_EQ(3, l.n_args);
	lex("close(4<UNIX:[1->2,\"/run/x)\"]>) = 0");
	EXPECT_EQ(0, l.ret);
	lex("mmap(NULL, 1<<3, PROT_NONE, 21<<MAP_HUGE_SHIFT, -1, 0) = 0x7f");
	EXPECT_EQ(6, l.n_args);
	EXPECT_EQ(0x7f, l.ret);
}

TEST(returns)
{
	static const struct {
		const char *tail;
		long long ret;
		const char *error, *aux;
		unsigned flags;
	} rows[] = {
		{ "= 3", 3, "", "", 0 },
		{ "            = 3", 3, "", "", 0 },
		{ "= 022", 18, "", "", 0 },
		{ "= 0x7f12", 0x7f12, "", "", 0 },
		{ "= ?", 0, "", "", LINE_NO_RETURN },
		{ "= ? <unavailable>", 0, "", "", LINE_NO_RETURN },
		{ "= -1 EAGAIN (Resource temporarily unavailable)", -1,
		  "EAGAIN", "", LINE_HAS_ERROR },
		{ "= -1 (errno 530)", -1, "errno 530", "", LINE_HAS_ERROR },
		{ "= 7<TCP:[127.0.0.1:1->127.0.0.1:2]>", 7, "", "", 0 },
		{ "= 5</x>(deleted)", 5, "", "", 0 },
		{ "= 1 ([{fd=3, revents=POLLIN}])", 1, "",
		  "[{fd=3, revents=POLLIN}]", 0 },
		{ "= 2 (in [3], out [4], left {tv_sec=0, tv_nsec=9}) ", 2, "",
		  "in [3], out [4], left {tv_sec=0, tv_nsec=9}", 0 },
		{ "= 0 (Timeout)", 0, "", "Timeout", 0 },
		{ "= 0x8802 (flags O_RDWR|O_NONBLOCK)", 0x8802, "",
		  "flags O_RDWR|O_NONBLOCK", 0 },
		{ "= ? ERESTARTSYS (To be restarted if SA_RESTART is set)", 0,
		  "ERESTARTSYS", "", LINE_NO_RETURN | LINE_RESTART },
		{ "= -1 EAGAIN (Resource temporarily unavailable) (INJECTED)",
		  -1, "EAGAIN", "", LINE_HAS_ERROR | LINE_INJECTED },
		{ "= 5 (INJECTED: args, retval)", 5, "", "", LINE_INJECTED },
		{ "= 5 (DELAYED) <0.5>", 5, "", "", LINE_DELAYED },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[256];

		snprintf(text, sizeof(text), "7 poll(0x1, 2) %s", rows[i].tail);
		lex(text);
		EXPECT_EQ(LINE_CALL, l.kind);
		EXPECT_EQ(rows[i].ret, l.ret);
		EXPECT_STR(rows[i].error, str(l.error));
		EXPECT_STR(rows[i].aux, str(l.aux));
		EXPECT_EQ(rows[i].flags, l.flags);
	}
}

TEST(halves_of_a_call)
{
	lex("7 read(3,  <unfinished ...>");
	EXPECT_EQ(LINE_UNFINISHED, l.kind);
	EXPECT_STR("read(3, ", str(l.body));
	lex("7 clone3({flags=CLONE_VM|CLONE_FS <unfinished #12 ...>");
	EXPECT_EQ(LINE_UNFINISHED, l.kind);
	lex("7 getpid( <unfinished ...>");
	EXPECT_EQ(LINE_UNFINISHED, l.kind);
	EXPECT_STR("getpid(", str(l.body));
	lex("7 <... read resumed>\"\\\"\", 1) = 1 <0.5>");
	EXPECT_EQ(LINE_RESUMED, l.kind);
	EXPECT_STR("\"\\\"\", 1) = 1 <0.5>", str(l.body));
	lex("7 <... read resumed> \"x\", 1) = 1");
	EXPECT_EQ(LINE_RESUMED, l.kind);
	lex("7 <... read resumed #12>) = 1");
	EXPECT_EQ(LINE_RESUMED, l.kind);
	lex("7 <... clone3 resumed> => {parent_tid=[7]}, 88) = 7");
	EXPECT_EQ(LINE_RESUMED, l.kind);
	lex("7 <... epoll_wait resumed> [{events=EPOLLIN <unfinished ...>");
	EXPECT_EQ(LINE_RESUMED_UNFINISHED, l.kind);
	lex("7 read(3,  <unfinished ...>) = ?");	/* it never came back */
	EXPECT_EQ(LINE_CALL, l.kind);
	EXPECT_TRUE(l.flags & LINE_NO_RETURN);
	lex("7 wait4(-1, [{WIFEXITED(s) <unfinished ...>) = ?");
	EXPECT_EQ(LINE_UNFINISHED, l.kind);
	EXPECT_TRUE(l.flags & LINE_NO_RETURN);
	lex("7 poll([{fd=3, events=POLLIN}], 1, -1 <detached ...>");
	EXPECT_EQ(LINE_UNFINISHED, l.kind);
	EXPECT_TRUE(l.flags & LINE_DETACHED);
	lex("7 execve(\"/bin/x\", [\"x\"], 0x1 /* 2 vars */ "
	    "<pid changed to 24797 ...>");
	EXPECT_TRUE(l.flags & LINE_REBORN);
	EXPECT_EQ(24797, l.new_pid);
}

TEST(restart_is_no_resumed_line)
{
	lex("7 restart_syscall(<... resuming interrupted poll ...>) = 0");
	EXPECT_EQ(LINE_CALL, l.kind);
	EXPECT_TRUE(l.flags & LINE_RESUMES);
	EXPECT_EQ(0, l.ret);
}

TEST(signals_and_ends)
{
	lex("7 --- SIGIO {si_signo=SIGIO, si_code=POLL_IN, si_band=65, "
	    "si_fd=5} ---");
	EXPECT_EQ(LINE_SIGNAL, l.kind);
	EXPECT_STR("SIGIO", str(l.name));
	EXPECT_STR("5", str(line_field(l.args, "si_fd")));
	EXPECT_STR("POLL_IN", str(line_field(l.args, "si_code")));
	lex("--- SIGRT_3 {si_signo=SIGRT_3, si_value={int=0, ptr=NULL}} ---");
	EXPECT_EQ(LINE_SIGNAL, l.kind);
	lex("7 --- stopped by SIGSTOP ---");
	EXPECT_EQ(LINE_STOPPED, l.kind);
	lex("7 +++ exited with 3 +++");
	EXPECT_EQ(LINE_EXITED, l.kind);
	EXPECT_EQ(3, l.status);
	lex("7 +++ killed by SIGABRT (core dumped) +++");
	EXPECT_EQ(LINE_KILLED, l.kind);
	EXPECT_STR("SIGABRT", str(l.name));
	lex("7 +++ superseded by execve in pid 24792 +++");
	EXPECT_EQ(LINE_SUPERSEDED, l.kind);
	EXPECT_EQ(24792, l.new_pid);
}

TEST(what_is_no_call)
{
	static const struct { const char *text; enum line_kind kind; } rows[] = {
		{ " > /usr/lib/libc.so.6(syscall+0x19) [0x101829]", LINE_FRAME },
		{ " > /bin/x(std::map<int, (anonymous)>::at()) [0x1] f.c:12",
		  LINE_FRAME },
		{ " > unexpected_backtracing_error [0x0]", LINE_FRAME },
		{ " | 00000  22 71 75 6f  \"quo)te\" = \\\\ ... |", LINE_DUMP },
		{ " * 5 bytes in buffer 0", LINE_DUMP },
		{ "% time     seconds  usecs/call     calls    errors syscall",
		  LINE_TABLE },
		{ "strace: Process 24703 attached", LINE_CHATTER },
		{ "strace: Process 24703 attached with 3 threads",
		  LINE_CHATTER },
		{ "Process 24703 detached", LINE_CHATTER },
		{ "[ Process PID=1 runs in 32 bit mode. ]", LINE_CHATTER },
		{ "# our captures begin so", LINE_COMMENT },
		{ "", LINE_EMPTY },
		{ "hello world", LINE_UNKNOWN },
		{ "7 ", LINE_UNKNOWN },
		{ ") = 49", LINE_TAIL },
		{ "NULL)  = 0", LINE_TAIL },
		{ " <unfinished ...>", LINE_TAIL },
		{ "accept4(3, strace: Process 9 attached", LINE_CUT },
		{ "7 read(3, \"abc", LINE_CUT },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		lex(rows[i].text);
		EXPECT_EQ((long)rows[i].kind, (long)l.kind);
	}
}

TEST(odd_forms)
{
	lex("syscall_0x3e7(0x1, 0x2, 0x3, 0, 0, 0) = -1 ENOSYS (Function)");
	EXPECT_STR("syscall_0x3e7", str(l.name));
	lex("read(fd=3, buf=\"x=1\", count=1) = 1");	/* -N */
	EXPECT_STR("3", str(l.arg[0]));
	EXPECT_STR("\"x=1\"", str(l.arg[1]));
	EXPECT_STR("1", str(l.arg[2]));
	lex("read(3, \"x\", 1) = 1\r");
	EXPECT_EQ(LINE_CALL, l.kind);
	lex("openat(0xffffff9c, 0x55d1, 0, 0) = -1 ENOENT (No such file)");
	EXPECT_EQ(LINE_CALL, l.kind);
	lex("rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)");
	EXPECT_STR("EINTR", str(l.error));
	lex("epoll_wait(4, {{EPOLLIN, {u32=5, u64=5}}}, 10, -1) = 1");	/* 4.x */
	EXPECT_EQ(4, l.n_args);
	EXPECT_STR("{{EPOLLIN, {u32=5, u64=5}}}", str(l.arg[1]));
}

TEST(descriptors)
{
	struct slice d;

	EXPECT_EQ(3, line_fd(SLICE("3<TCP:[1->2]>"), &d));
	EXPECT_STR("TCP:[1->2]", str(d));
	EXPECT_EQ(13, line_fd(SLICE("13</dev/null<char 1:3>>"), &d));
	EXPECT_STR("/dev/null<char 1:3>", str(d));
	EXPECT_EQ(-1, line_fd(SLICE("AT_FDCWD</tmp>"), &d));
	EXPECT_EQ(-1, line_fd(SLICE("-1"), &d));
	EXPECT_EQ(-1, line_fd(SLICE("99999999999"), &d));
	EXPECT_EQ(255, line_fd(SLICE("0xff"), &d));
}

/* -xx writes every byte of a path in hex. */
TEST(paths_in_hex)
{
	char text[8];

	EXPECT_STR("/dev", str(line_plain(SLICE("\\x2f\\x64\\x65\\x76"),
					  text, sizeof(text))));
	EXPECT_STR("/a\\x0a", str(line_plain(SLICE("\\x2fa\\x0a"), text,
					     sizeof(text))));
	EXPECT_STR("\\x2", str(line_plain(SLICE("\\x2"), text,
					  sizeof(text))));
	EXPECT_STR("/b", str(line_plain(SLICE("/b"), text, sizeof(text))));
}

/* A line may end anywhere: each beginning of each line is lexed, too. */
TEST(every_beginning_of_a_line)
{
	static const char *const lines[] = {
		"24738<t> 19:08:44.145008 (+     0.000060) [ 334] [00007f] "
		"epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, "
		"data={u32=5, u64=5}}], 64, -1) = 1 ([{fd=3}]) (INJECTED) "
		"<0.000012>",
		"7 <... clone3 resumed> => {parent_tid=[7]}, 88) = 7 <0.1>",
		"7 --- SIGIO {si_signo=SIGIO, si_fd=5} ---",
		"7 +++ superseded by execve in pid 24792 +++",
		"[pid 7<t>] read(3</a \\\" b>, \"\\\"\\\\\", 1 <unfinished ...>",
	};

	for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		for (size_t n = 0; n <= strlen(lines[i]); n++) {
			char *part = strndup(lines[i], n);

			lex(part);
			EXPECT_LE((long)l.kind, (long)LINE_UNKNOWN);
			free(part);
		}
}
