/* SPDX-License-Identifier: MIT */
/*
 * model_test.c - which model the report names for a thread (with libc)
 *
 * Each kind has a log that is of it and one that looks like it and is not.
 */
#include "../../log/report.h"
#include "tap.h"

static struct reader r;

static void begin(const char *text)
{
	unsigned long number = 0;
	const char *line = text, *end;

	reader_start(&r);
	for (; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		reader_line(&r, line, end - line, ++number, 0);
	}
	reader_end(&r);
	EXPECT_EQ(0, r.joiner.unknown);
}

/* The label of the group in which pid is. */
static const char *label(long pid)
{
	static char text[160];

	for (const struct group *g = r.models.groups; g; g = g->next)
		for (unsigned i = 0; i < g->tasks && i < 8; i++)
			if (g->pid[i] == pid)
				return group_verdict(g, text, sizeof(text));
	return "none";
}

#define RING_LOG(flags, index) \
	"7 io_uring_setup(8, {flags=" flags ", sq_entries=8}) = 3\n" \
	"7 io_uring_register(3, IORING_REGISTER_RING_FDS, [{offset=-1, " \
	"data=3}], 1) = 1\n" \
	"7 close(3) = 0\n" \
	"7 io_uring_enter(" index ", 1, 1, IORING_ENTER_GETEVENTS|" \
	"IORING_ENTER_REGISTERED_RING, NULL, 8) = 1\n"

/* The number that io_uring_enter is given is an index, not a descriptor. */
TEST(a_registered_ring_is_found_by_its_index)
{
	begin("7 execve(\"/bin/x\", [\"x\"], 0x1) = 0\n"
	      "7 openat(AT_FDCWD, \"/dev/null\", O_RDONLY) = 0\n"
	      RING_LOG("IORING_SETUP_SQPOLL", "0</dev/null<char 1:3>>"));
	EXPECT_STR("io_uring with SQPOLL", label(7));
	reader_free(&r);
	begin(RING_LOG("0", "0"));
	EXPECT_STR("io_uring", label(7));
	reader_free(&r);
	/* Two rings, of which the second one is used. */
	begin("7 io_uring_setup(8, {flags=IORING_SETUP_SQPOLL}) = 3\n"
	      "7 io_uring_setup(8, {flags=0}) = 4\n"
	      "7 io_uring_register(3, IORING_REGISTER_RING_FDS, [{offset=-1, "
	      "data=3}], 1) = 1\n"
	      "7 io_uring_register(4, IORING_REGISTER_RING_FDS, [{offset=-1, "
	      "data=4}], 1) = 1\n"
	      "7 io_uring_enter(1, 1, 1, IORING_ENTER_GETEVENTS|"
	      "IORING_ENTER_REGISTERED_RING, NULL, 8) = 1\n");
	EXPECT_STR("io_uring", label(7));
	reader_free(&r);
	/* Registered only, and used through its index from the start. */
	begin("7 io_uring_setup(8, {flags=IORING_SETUP_SQPOLL|"
	      "IORING_SETUP_NO_MMAP|IORING_SETUP_REGISTERED_FD_ONLY}) = 0\n"
	      "7 io_uring_register(0, 0x8000000f /* IORING_REGISTER_??? */, "
	      "NULL, 0) = 0\n"
	      "7 io_uring_enter(0, 1, 0, IORING_ENTER_REGISTERED_RING, NULL, 8)"
	      " = 1\n");
	EXPECT_STR("io_uring with SQPOLL", label(7));
	reader_free(&r);
}

/* What strace -p shows: the ring was registered before. */
TEST(a_registered_ring_from_before_the_log)
{
	begin("7 io_uring_enter(0, 1, 1, IORING_ENTER_GETEVENTS|"
	      "IORING_ENTER_REGISTERED_RING, NULL, 8) = 1\n"
	      "7 read(0</dev/pts/1<char 136:1>>, \"x\", 1) = 1\n");
	EXPECT_STR("io_uring", label(7));
	reader_free(&r);
}

#define THREAD "7 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD}, 88) = 8\n"
#define WORK "8 pread64(3</d/x>, \"x\"..., 4096, 0) = 4096\n" \
	"8 pread64(3</d/x>, \"x\"..., 4096, 0) = 4096\n"

/* Its helpers wait a second for more; those of a pool wait for ever. */
TEST(the_caller_of_posix_aio)
{
	begin("7 1700000000.100000 openat(AT_FDCWD, \"/d/x\", O_RDONLY) = "
	      "3</d/x> <0.00001>\n"
	      "7 1700000000.200000 clone3({flags=CLONE_VM|CLONE_FILES|"
	      "CLONE_THREAD}, 88) = 8 <0.00001>\n"
	      "7 1700000000.200001 futex(0x1, FUTEX_WAIT_BITSET_PRIVATE, 1, "
	      "NULL, FUTEX_BITSET_MATCH_ANY <unfinished ...>\n"
	      "8 1700000000.300000 pread64(3</d/x>, \"x\", 4096, 0) = 4096 "
	      "<0.00001>\n"
	      "8 1700000000.300001 futex(0x1, FUTEX_WAKE_PRIVATE, 1) = 1 "
	      "<0.00001>\n"
	      "7 1700000000.300002 <... futex resumed>) = 0 <0.1>\n"
	      "8 1700000000.300003 futex(0x2, FUTEX_WAIT_BITSET_PRIVATE|"
	      "FUTEX_CLOCK_REALTIME, 0, {tv_sec=1700000001, tv_nsec=300000000}"
	      ", FUTEX_BITSET_MATCH_ANY <unfinished ...>\n"
	      "7 1700000000.400000 exit_group(0) = ?\n");
	EXPECT_STR("POSIX AIO: helper threads of glibc do its I/O", label(7));
	EXPECT_STR("helper threads do the I/O (glibc POSIX AIO)", label(8));
	reader_free(&r);
	/* It signals its own process, and the log has no times. */
	begin(THREAD WORK "8 rt_sigqueueinfo(7, 0, {}) = 0\n");
	EXPECT_STR("POSIX AIO: helper threads of glibc do its I/O", label(7));
	reader_free(&r);
	begin("7 openat(AT_FDCWD, \"/d/x\", O_RDONLY) = 3\n" THREAD WORK
	      "8 futex(0x2, FUTEX_WAIT_PRIVATE, 0, NULL) = 0\n"
	      "8 rt_sigqueueinfo(9, 0, {}) = 0\n");
	EXPECT_STR("no I/O of its own", label(7));
	EXPECT_STR("helper threads do the file I/O (POSIX AIO or a thread "
		   "pool)", label(8));
	reader_free(&r);
}

#define LOADS "7 1700000000.000000 execve(\"/bin/x\", [\"x\"], 0x1) = 0 <0.0001>\n" \
	"7 1700000000.010000 openat(AT_FDCWD, \"/etc/x/x.conf\", O_RDONLY) = 3 " \
	"<0.0001>\n" \
	"7 1700000000.020000 read(3, \"a\", 4096) = 1 <0.0001>\n" \
	"7 1700000000.030000 close(3) = 0 <0.0001>\n"

/* What a program reads as it starts is not what it does. */
TEST(loading_is_no_file_io)
{
	begin(LOADS "7 1700000000.040000 pause() = ? <unfinished ...>\n"
	      "8 1700000009.040000 getpid() = 8 <0.0001>\n");
	EXPECT_STR("no I/O of its own", label(7));
	reader_free(&r);
	/* It computes. */
	begin(LOADS "7 1700000009.040000 exit_group(0) = ?\n");
	EXPECT_STR("no I/O of its own", label(7));
	reader_free(&r);
	/* Its data: it reads them and computes. */
	begin("7 1700000000.000000 execve(\"/bin/x\", [\"x\"], 0x1) = 0 "
	      "<0.0001>\n"
	      "7 1700000000.010000 openat(AT_FDCWD, \"/data/x\", O_RDONLY) = 3 "
	      "<0.0001>\n"
	      "7 1700000000.020000 read(3, \"a\", 4096) = 1 <0.0001>\n"
	      "7 1700000009.040000 exit_group(0) = ?\n");
	EXPECT_STR("plain file I/O", label(7));
	reader_free(&r);
	/* Such files are all that it is about: to its end. */
	begin(LOADS "7 1700000000.040000 write(1, \"a\", 1) = 1 <0.0001>\n"
	      "7 1700000000.050000 exit_group(0) = ?\n");
	EXPECT_STR("blocking", label(7));
	reader_free(&r);
}

#define CLONED "clone(child_stack=0x7f0010, flags=CLONE_VM|CLONE_FS|CLONE_FILES|" \
	"CLONE_SIGHAND|CLONE_THREAD) = "
#define SLEPT "futex(0x80, FUTEX_WAIT_PRIVATE, 0, NULL) = 0 <9.000000>\n"

/* What a thread does beside sleeping is not its model. */
TEST(what_is_done_beside_sleeping)
{
	/* A master that tells its workers to end. */
	begin("7 1700000000.000000 openat(AT_FDCWD, \"/data/x\", O_RDONLY) = 3 <0.00001>\n"
	      "7 1700000000.100000 read(3, \"x\", 9) = 1 <0.00001>\n"
	      "7 1700000000.150000 socketpair(AF_UNIX, SOCK_STREAM, 0, [4, 5]) = 0 <0.00001>\n"
	      "7 1700000000.200000 rt_sigsuspend([], 8) = ? ERESTARTNOHAND (To be "
	      "restarted if no handler) <9.000000>\n"
	      "7 1700000009.300000 --- SIGTERM {si_signo=SIGTERM} ---\n"
	      "7 1700000009.400000 sendmsg(4, {msg_iov=[{iov_base=\"4\", iov_len=1}]}, 0) "
	      "= 1 <0.00001>\n");
	EXPECT_STR("no I/O of its own", label(7));
	reader_free(&r);
	/* A thread of a JVM that needs one class, and one that reads a file. */
	for (int file = 0; file < 2; file++) {
		begin(file ?
		      "7 1700000000.000000 openat(AT_FDCWD, \"/data/x\", O_RDONLY) = 9 <0.00001>\n"
		      "7 1700000000.050000 " CLONED "8 <0.00001>\n"
		      "8 1700000000.100000 " SLEPT
		      "8 1700000009.200000 pread64(9, \"x\", 9, 0) = 9 <0.00001>\n" :
		      "7 1700000000.000000 openat(AT_FDCWD, \"/opt/x.jar\", O_RDONLY) = 9 <0.00001>\n"
		      "7 1700000000.050000 " CLONED "8 <0.00001>\n"
		      "8 1700000000.100000 " SLEPT
		      "8 1700000009.200000 pread64(9, \"x\", 9, 0) = 9 <0.00001>\n");
		EXPECT_EQ(file, !strstr(label(8), "no I/O of its own"));
		reader_free(&r);
	}
	/* It loaded the program, and its threads do the rest. */
	for (int alone = 0; alone < 2; alone++) {
		begin(alone ?
		      "7 openat(AT_FDCWD, \"/opt/x.py\", O_RDONLY) = 3\n"
		      "7 read(3, \"x\", 9) = 1\n" :
		      "7 openat(AT_FDCWD, \"/opt/x.py\", O_RDONLY) = 3\n"
		      "7 read(3, \"x\", 9) = 1\n7 " CLONED "8\n"
		      "7 futex(0x80, FUTEX_WAIT_PRIVATE, 0, NULL) = 0\n");
		EXPECT_STR(alone ? "plain file I/O" :
			   "no I/O of its own: sleeps in futex", label(7));
		reader_free(&r);
	}
}

/* strace attached: what wakes a loop does not reach a peer. */
TEST(an_eventfd_from_before_the_log)
{
	for (int wakes = 0; wakes < 2; wakes++) {
		begin(wakes ?
		      "strace: Process 7 attached with 2 threads\n"
		      "7 epoll_wait(5, [{events=EPOLLIN, data={u32=17, u64=17}}], 9, -1) = 1\n"
		      "8 openat(AT_FDCWD, \"/data/x\", O_RDONLY) = 20\n"
		      "8 read(20, \"x\", 9) = 1\n8 close(20) = 0\n"
		      "8 write(17, \"\\1\\0\\0\\0\\0\\0\\0\\0\", 8) = 8\n" :
		      "strace: Process 7 attached with 2 threads\n"
		      "7 epoll_wait(5, [{events=EPOLLOUT, data={u32=17, u64=17}}], 9, -1) = 1\n"
		      "8 write(17, \"answer\\n\\n\", 8) = 8\n");
		EXPECT_EQ(wakes, strstr(label(8), "file") != NULL);
		reader_free(&r);
	}
}

/* The pipe by which a parent learns that execve succeeded; a name server. */
TEST(startup_is_not_blocking)
{
	begin("7 pipe2([3, 4], O_CLOEXEC) = 0\n"
	      "7 vfork() = 8\n"
	      "7 close(4) = 0\n"
	      "7 read(3, \"\", 16) = 0\n"
	      "7 close(3) = 0\n"
	      "7 wait4(8, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 8\n");
	EXPECT_STR("no I/O of its own", label(7));
	reader_free(&r);
	/* The same, but the child has something to say. */
	begin("7 pipe2([3, 4], O_CLOEXEC) = 0\n"
	      "7 vfork() = 8\n"
	      "7 close(4) = 0\n"
	      "7 read(3, \"hello\", 16) = 5\n"
	      "7 read(3, \"\", 16) = 0\n"
	      "7 wait4(8, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 8\n");
	EXPECT_STR("blocking", label(7));
	reader_free(&r);
	begin("7 socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, IPPROTO_IP) = 3\n"
	      "7 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr="
	      "inet_addr(\"10.0.0.1\")}, 16) = 0\n"
	      "7 poll([{fd=3, events=POLLIN}], 1, 5000) = 1 ([{fd=3, revents="
	      "POLLIN}])\n"
	      "7 recvfrom(3, \"x\", 1024, 0, NULL, NULL) = 1\n"
	      "7 close(3) = 0\n"
	      "7 socket(AF_INET, SOCK_STREAM, 0) = 3\n"
	      "7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr="
	      "inet_addr(\"10.0.0.1\")}, 16) = 0\n"
	      "7 read(3, \"x\", 10) = 1\n");
	EXPECT_STR("blocking", label(7));
	reader_free(&r);
}

#define REPORT(events) "7 1700000000.000000 epoll_wait(4, [{events=" events \
	", data={u32=5, u64=5}}], 9, -1) = 1 <0.050000>\n"
#define READ_FULL "7 1700000000.100000 read(5, \"xxxxxxxxxxxxxxxx\", 16) = 16 " \
	"<0.000010>\n"

/* strace -p: the registrations are not in the log. */
TEST(the_trigger_mode_of_an_epoll_from_before_the_log)
{
	/* Each time it leaves data behind, and waits. */
	begin(REPORT("EPOLLIN") READ_FULL REPORT("EPOLLIN") READ_FULL
	      REPORT("EPOLLIN") READ_FULL REPORT("EPOLLIN"));
	EXPECT_STR("epoll, level-triggered (inferred from its reads: its "
		   "epoll_ctl calls are not in the log)", label(7));
	reader_free(&r);
	/* A writable socket would end each wait at once. */
	begin(REPORT("EPOLLIN|EPOLLOUT") REPORT("EPOLLIN|EPOLLOUT")
	      REPORT("EPOLLIN|EPOLLOUT"));
	EXPECT_STR("epoll, edge-triggered (inferred from its waits: its "
		   "epoll_ctl calls are not in the log)", label(7));
	reader_free(&r);
	/* A short read may have taken all: both are possible. */
	begin(REPORT("EPOLLIN")
	      "7 1700000000.100000 read(5, \"x\", 16) = 1 <0.00001>\n"
	      REPORT("EPOLLIN")
	      "7 1700000000.100000 read(5, \"x\", 16) = 1 <0.00001>\n");
	EXPECT_STR("epoll, trigger mode unknown (its epoll_ctl calls are not "
		   "in the log)", label(7));
	reader_free(&r);
	/* A registration that is seen decides. */
	begin("7 1700000000.000000 epoll_ctl(4, EPOLL_CTL_ADD, 5, {events="
	      "EPOLLIN|EPOLLET, data={u32=5, u64=5}}) = 0 <0.00001>\n"
	      REPORT("EPOLLIN") READ_FULL REPORT("EPOLLIN") READ_FULL
	      REPORT("EPOLLIN"));
	EXPECT_STR("epoll, edge-triggered", label(7));
	reader_free(&r);
}

/* What epoll_wait reported is read without a wait of its own. */
TEST(a_slow_read_after_a_report_is_not_blocking)
{
	begin(REPORT("EPOLLIN")
	      "7 1700000000.100000 read(5<TCP:[81]>, \"x\", 16) = 1 <0.005>\n");
	EXPECT_STR("epoll, trigger mode unknown (its epoll_ctl calls are not "
		   "in the log)", label(7));
	reader_free(&r);
	begin("7 1700000000.100000 read(5<TCP:[81]>, \"x\", 16) = 1 <0.005>\n");
	EXPECT_STR("blocking", label(7));
	reader_free(&r);
}

/* A log of -e trace=%network has no close: another address is another file. */
TEST(another_address_is_another_connection)
{
#define RECEIVED(port) "7 recvfrom(5<TCP:[127.0.0.1:80->127.0.0.1:" port \
		       "]>, \"x\", 16, 0, NULL, NULL) = 1\n"
	begin(RECEIVED("4001") RECEIVED("4001") RECEIVED("4002"));
	EXPECT_EQ(2, r.kinds[FILE_CONNECTION]);
	reader_free(&r);
}

/* A path may be a FIFO: fstat, or a seek that fails, says so. */
TEST(a_fifo_by_path_is_a_pipe)
{
	begin("7 openat(AT_FDCWD, \"ff\", O_RDONLY) = 3\n"
	      "7 newfstatat(3, \"\", {st_mode=S_IFIFO|0644, st_size=0, ...}, "
	      "AT_EMPTY_PATH) = 0\n"
	      "7 read(3, \"x\", 10) = 1\n");
	EXPECT_STR("blocking", label(7));
	reader_free(&r);
	begin("7 openat(AT_FDCWD, \"ff\", O_RDONLY) = 3\n"
	      "7 lseek(3, 0, SEEK_CUR) = -1 ESPIPE (Illegal seek)\n"
	      "7 read(3, \"x\", 10) = 1\n");
	EXPECT_STR("blocking", label(7));
	reader_free(&r);
	begin("7 openat(AT_FDCWD, \"ff\", O_RDONLY) = 3\n"
	      "7 newfstatat(3, \"\", {st_mode=S_IFREG|0644, st_size=9, ...}, "
	      "AT_EMPTY_PATH) = 0\n"
	      "7 read(3, \"x\", 10) = 1\n");
	EXPECT_STR("plain file I/O", label(7));
	reader_free(&r);
}

/*
 * Bytes are those of the return value, whatever the vector holds; recvmmsg
 * takes several messages in a call, of which each has a msg_len.
 */
TEST(vectors_of_buffers)
{
	const struct part *p;

	begin("7 socket(AF_INET, SOCK_DGRAM, 0) = 3\n"
	      "7 recvmmsg(3, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov="
	      "[{iov_base=\"abcd\", iov_len=10}, {iov_base=\"\", iov_len=20}], "
	      "msg_iovlen=2}, msg_len=4}, {msg_hdr={msg_iov=[{iov_base=\"xy\", "
	      "iov_len=30}], msg_iovlen=1}, msg_len=2}], 4, 0, NULL) = 2\n"
	      "7 sendmmsg(3, [{msg_hdr={msg_iov=[{iov_base=\"a\", iov_len=1}], "
	      "msg_iovlen=1}, msg_len=1}, {msg_hdr={msg_iov=[{iov_base=\"b\", "
	      "iov_len=1}], msg_iovlen=1}, msg_len=1}], 2, 0) = 2\n"
	      "7 recvmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="
	      "\"abc\", iov_len=2}, {iov_base=\"\", iov_len=200}], msg_iovlen=2, "
	      "msg_controllen=0, msg_flags=0}, 0) = 3\n");
	p = &r.models.groups->parts[MODEL_BLOCKING];
	EXPECT_EQ(2, p->in);
	EXPECT_EQ(3, p->messages);
	EXPECT_EQ(9, p->bytes_in);
	EXPECT_EQ(1, p->out);
	EXPECT_EQ(2, p->bytes_out);
	reader_free(&r);
	begin("7 openat(AT_FDCWD, \"/data\", O_RDWR) = 3\n"
	      "7 pwritev2(3, [{iov_base=\"ab\", iov_len=2}, {iov_base=\"c\", "
	      "iov_len=1}], 2, 0, RWF_DSYNC) = 3\n"
	      "7 preadv(3, [{iov_base=\"ab\", iov_len=2}, {iov_base=\"\", "
	      "iov_len=4096}], 2, 0) = 2\n"
	      "7 readv(3, [{iov_base=\"a\", iov_len=1}], 1) = 1\n");
	p = &r.models.groups->parts[MODEL_FILE];
	EXPECT_EQ(2, p->in);
	EXPECT_EQ(3, p->bytes_in);
	EXPECT_EQ(3, p->bytes_out);
	reader_free(&r);
}

static unsigned long served(enum call_class class)
{
	return r.models.groups->served.class[class];
}

#define PEER "7 accept4(3, {sa_family=AF_INET, sin_port=htons(40001), " \
	"sin_addr=inet_addr(\"10.0.0.9\")}, [16], 0) = 4\n"
#define ECHO_BEGINS "7 recvfrom(4, \"hello\", 64, 0, NULL, NULL) = 5\n"
#define ECHO_ENDS "7 sendto(4, \"ok\", 2, 0, NULL, 0) = 2\n"
#define LOGGED ECHO_BEGINS "7 write(2, \"got hello\\n\", 10) = 10\n" \
	"7 write(1, \"hello\\n\", 6) = 6\n" ECHO_ENDS

/* What a server writes to its log goes to no peer. */
TEST(the_cost_of_a_message_and_a_log)
{
	begin(PEER LOGGED LOGGED "7 close(4) = 0\n");
	EXPECT_EQ(2, r.models.groups->served.messages);
	EXPECT_EQ(10, r.models.groups->served.calls);
	EXPECT_EQ(2, served(CLASS_IN));
	EXPECT_EQ(2, served(CLASS_OUT));
	EXPECT_EQ(4, served(CLASS_OTHER));
	reader_free(&r);
	/* The log is a file. */
	begin(PEER ECHO_BEGINS "7 write(2</var/log/x>, \"got\\n\", 4) = 4\n"
	      ECHO_ENDS);
	EXPECT_EQ(1, served(CLASS_OUT));
	EXPECT_EQ(1, served(CLASS_OTHER));
	reader_free(&r);
	/* A filter: its answers go to stdout. */
	begin("7 execve(\"/bin/x\", [\"x\"], 0x1) = 0\n"
	      "7 read(0<pipe:[5]>, \"hello\", 64) = 5\n"
	      "7 write(1<pipe:[6]>, \"hello\", 5) = 5\n"
	      "7 write(2<pipe:[7]>, \"got hello\", 9) = 9\n"
	      "7 read(0<pipe:[5]>, \"\", 64) = 0\n");
	EXPECT_EQ(1, r.models.groups->served.messages);
	EXPECT_EQ(1, served(CLASS_OUT));
	EXPECT_EQ(1, served(CLASS_OTHER));
	reader_free(&r);
}

#define NUDGED "7 read(4, \"ping\", 100) = 4\n" "7 write(7, \"!\", 1) = 1\n" \
	"7 read(6, \"!\", 10) = 1\n" "7 write(4, \"pong\", 4) = 4\n"

/* A byte in a socket pair of its own is for another of its tasks. */
TEST(the_cost_of_a_message_and_a_socket_pair)
{
	begin("7 socketpair(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0, [6, 7]) = 0\n"
	      PEER NUDGED NUDGED "7 close(4) = 0\n");
	EXPECT_EQ(2, r.models.groups->served.messages);
	EXPECT_EQ(2, served(CLASS_IN));
	EXPECT_EQ(2, served(CLASS_OUT));
	EXPECT_EQ(4, served(CLASS_OTHER));
	EXPECT_EQ(2, r.models.groups->parts[MODEL_NONBLOCKING].own_bytes);
	reader_free(&r);
	/* Pairs from before the log: the peer is a client. */
	begin("7 recvfrom(6<UNIX:[10->11]>, \"ping\", 100, 0, NULL, NULL) = 4\n"
	      "7 sendto(6<UNIX:[10->11]>, \"pong\", 4, 0, NULL, 0) = 4\n");
	EXPECT_EQ(1, served(CLASS_IN));
	EXPECT_EQ(1, served(CLASS_OUT));
	EXPECT_EQ(0, served(CLASS_OTHER));
	reader_free(&r);
}

static void expect_cost(unsigned long calls, unsigned long messages)
{
	unsigned long n;
	double cost = reader_cost(&r, &n);

	EXPECT_EQ(messages, n);
	EXPECT_EQ(calls, (unsigned long)(cost * n + 0.5));
	reader_free(&r);
}

#define BY_THREAD(pid) PEER "7 clone(child_stack=NULL, flags=CLONE_VM|" \
	"CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = " pid "\n" \
	pid " recvfrom(4, \"hello\", 64, 0, NULL, NULL) = 5\n" \
	pid " sendto(4, \"hello\", 5, 0, NULL, 0) = 5\n" pid " close(4) = 0\n" \
	pid " madvise(0x7f0000000000, 4096, MADV_DONTNEED) = 0\n" \
	pid " exit(0) = ?\n" pid " +++ exited with 0 +++\n"

/* The end of a thread is a cost of the messages, that of the program is not. */
TEST(the_cost_of_a_message_and_the_end_of_a_thread)
{
	begin(BY_THREAD("8") "7 madvise(0x7f0000000000, 4096, MADV_DONTNEED) = 0\n");
	expect_cost(5, 1);
	begin(BY_THREAD("8") BY_THREAD("9") BY_THREAD("10")
	      "7 munmap(0x7f0000000000, 4096) = 0\n7 exit_group(0) = ?\n");
	expect_cost(7 + 7 + 5, 3);
	/* ... nor is what it prints at its end; what it printed before is one. */
	begin(PEER LOGGED LOGGED "7 close(3) = 0\n"
	      "7 write(2, \"the end\\n\", 8) = 8\n7 exit_group(0) = ?\n");
	expect_cost(9, 2);
	/* With an io_uring for files, the start still does not count. */
	begin("7 io_uring_setup(8, {flags=0}) = 5\n"
	      "7 io_uring_enter(5, 1, 1, IORING_ENTER_GETEVENTS, NULL, 8) = 1\n"
	      "7 brk(NULL) = 0x5000\n" PEER ECHO_BEGINS ECHO_ENDS
	      "7 io_uring_enter(5, 1, 1, IORING_ENTER_GETEVENTS, NULL, 8) = 1\n");
	expect_cost(3, 1);
}

#define FORKED(flags) "7 clone(child_stack=NULL, flags=" flags "SIGCHLD) = 8\n"
#define ASKED "7 recvfrom(4, \"hello\", 64, 0, NULL, NULL) = 5\n" \
	"7 write(7, \"hello\", 5) = 5\n" "8 read(6, \"hello\", 64) = 5\n" \
	"8 getppid() = 7\n" "8 write(9, \"HELLO\", 5) = 5\n" \
	"7 read(8, \"HELLO\", 64) = 5\n" \
	"7 sendto(4, \"HELLO\", 5, 0, NULL, 0) = 5\n"

/* What a worker reads from the server is not a message; its calls are a cost. */
TEST(the_cost_of_a_message_and_a_worker_process)
{
	begin("7 pipe2([6, 7], 0) = 0\n7 pipe2([8, 9], 0) = 0\n" FORKED("")
	      "8 getppid() = 7\n" PEER ASKED ASKED "8 getppid() = 7\n");
	expect_cost(1 + 7 + 7, 2);
	begin("7 socketpair(AF_UNIX, SOCK_STREAM, 0, [6, 7]) = 0\n"
	      "7 socketpair(AF_UNIX, SOCK_STREAM, 0, [8, 9]) = 0\n" FORKED("")
	      "8 getppid() = 7\n" PEER ASKED ASKED "8 getppid() = 7\n");
	expect_cost(1 + 7 + 7, 2);
	/* Pipes from before the log: the writer may be anyone. */
	begin("8 read(6<pipe:[5]>, \"hello\", 64) = 5\n"
	      "8 write(9<pipe:[6]>, \"HELLO\", 5) = 5\n");
	expect_cost(2, 1);
}

#define BY_CHILD PEER FORKED("") "7 close(4) = 0\n" \
	"8 dup2(4, 0) = 0\n" \
	"8 execve(\"/bin/cat\", [\"cat\"], 0x1 /* 1 var */) = 0\n" \
	"8 brk(NULL) = 0x5000\n" \
	"8 read(0, \"hello\", 64) = 5\n" "8 write(1, \"hello\", 5) = 5\n" \
	"8 read(0, \"\", 64) = 0\n" "8 exit_group(0) = ?\n" \
	"8 +++ exited with 0 +++\n"

/* As inetd: a program is started for each peer.  A shell's start does not count. */
TEST(the_cost_of_a_message_and_a_program_for_each)
{
	begin(BY_CHILD "7 getppid() = 1\n");
	expect_cost(9, 1);
	begin("7 brk(NULL) = 0x5000\n7 brk(NULL) = 0x5000\n" FORKED("")
	      "8 brk(NULL) = 0x5000\n"
	      "8 execve(\"/bin/x\", [\"x\"], 0x1 /* 1 var */) = 0\n"
	      "8 brk(NULL) = 0x5000\n"
	      "8 accept4(3, NULL, NULL, 0) = 4\n"
	      "8 recvfrom(4, \"hello\", 64, 0, NULL, NULL) = 5\n"
	      "8 sendto(4, \"hello\", 5, 0, NULL, 0) = 5\n"
	      "8 brk(NULL) = 0x5000\n8 exit_group(0) = ?\n");
	expect_cost(3, 1);
}

#define HEAD "7 read(4, \"\\4\\0\\0\\0\", 4) = 4\n"
#define REST "7 read(4, \"ping\", 64) = 4\n"

/* A head and the rest are one message; two heads are two. */
TEST(the_cost_of_a_message_with_a_head)
{
	begin(PEER HEAD REST ECHO_ENDS HEAD REST ECHO_ENDS);
	expect_cost(7, 2);
	/* Without answers. */
	begin(PEER HEAD REST HEAD REST);
	expect_cost(5, 2);
	begin(PEER HEAD HEAD HEAD);
	expect_cost(4, 3);
	begin(PEER HEAD ECHO_ENDS REST ECHO_ENDS);
	expect_cost(5, 2);
	/* Not all came that was asked for. */
	begin(PEER REST HEAD);
	expect_cost(3, 2);
}
