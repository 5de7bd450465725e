/* SPDX-License-Identifier: MIT */
/* call.c - the table of call.h */
#include "call.h"

static const struct {
	const char *name;
	enum call_class class;
} calls[CALLS] = {
	[CALL_OTHER] = { "other", CLASS_OTHER },
	[CALL_READ] = { "read", CLASS_IN },
	[CALL_READV] = { "readv", CLASS_IN },
	[CALL_PREAD] = { "pread64", CLASS_IN },
	[CALL_PREADV] = { "preadv", CLASS_IN },
	[CALL_RECVFROM] = { "recvfrom", CLASS_IN },
	[CALL_RECVMSG] = { "recvmsg", CLASS_IN },
	[CALL_RECVMMSG] = { "recvmmsg", CLASS_IN },
	[CALL_GETDENTS] = { "getdents64", CLASS_OTHER },
	[CALL_WRITE] = { "write", CLASS_OUT },
	[CALL_WRITEV] = { "writev", CLASS_OUT },
	[CALL_PWRITE] = { "pwrite64", CLASS_OUT },
	[CALL_PWRITEV] = { "pwritev", CLASS_OUT },
	[CALL_SENDTO] = { "sendto", CLASS_OUT },
	[CALL_SENDMSG] = { "sendmsg", CLASS_OUT },
	[CALL_SENDMMSG] = { "sendmmsg", CLASS_OUT },
	[CALL_FSYNC] = { "fsync", CLASS_CONTROL },
	[CALL_SENDFILE] = { "sendfile", CLASS_OUT },
	[CALL_SPLICE] = { "splice", CLASS_OUT },
	[CALL_SPLICE_IN] = { "splice", CLASS_IN },
	[CALL_COPY_FILE_RANGE] = { "copy_file_range", CLASS_OUT },
	[CALL_SOCKET] = { "socket", CLASS_CONTROL },
	[CALL_SOCKETPAIR] = { "socketpair", CLASS_CONTROL },
	[CALL_BIND] = { "bind", CLASS_CONTROL },
	[CALL_LISTEN] = { "listen", CLASS_CONTROL },
	[CALL_ACCEPT] = { "accept4", CLASS_ACCEPT },
	[CALL_CONNECT] = { "connect", CLASS_CONTROL },
	[CALL_SHUTDOWN] = { "shutdown", CLASS_CONTROL },
	[CALL_SOCKOPT] = { "setsockopt", CLASS_CONTROL },
	[CALL_SOCKNAME] = { "getsockname", CLASS_CONTROL },
	[CALL_OPEN] = { "open", CLASS_CONTROL },
	[CALL_OPENAT] = { "openat", CLASS_CONTROL },
	[CALL_CLOSE] = { "close", CLASS_CONTROL },
	[CALL_CLOSE_RANGE] = { "close_range", CLASS_CONTROL },
	[CALL_DUP] = { "dup", CLASS_CONTROL },
	[CALL_DUP2] = { "dup2", CLASS_CONTROL },
	[CALL_FCNTL] = { "fcntl", CLASS_CONTROL },
	[CALL_IOCTL] = { "ioctl", CLASS_CONTROL },
	[CALL_PIPE] = { "pipe2", CLASS_CONTROL },
	[CALL_LSEEK] = { "lseek", CLASS_OTHER },
	[CALL_EVENTFD] = { "eventfd2", CLASS_CONTROL },
	[CALL_SIGNALFD] = { "signalfd4", CLASS_CONTROL },
	[CALL_TIMERFD] = { "timerfd_create", CLASS_CONTROL },
	[CALL_TIMERFD_SET] = { "timerfd_settime", CLASS_CONTROL },
	[CALL_INOTIFY] = { "inotify_init1", CLASS_CONTROL },
	[CALL_MEMFD] = { "memfd_create", CLASS_CONTROL },
	[CALL_PIDFD] = { "pidfd_open", CLASS_CONTROL },
	[CALL_PERF_EVENT] = { "perf_event_open", CLASS_CONTROL },
	[CALL_SELECT] = { "select", CLASS_WAIT },
	[CALL_POLL] = { "poll", CLASS_WAIT },
	[CALL_EPOLL_CREATE] = { "epoll_create1", CLASS_CONTROL },
	[CALL_EPOLL_CTL] = { "epoll_ctl", CLASS_CONTROL },
	[CALL_EPOLL_WAIT] = { "epoll_wait", CLASS_WAIT },
	[CALL_SIGACTION] = { "rt_sigaction", CLASS_SIGNAL },
	[CALL_SIGPROCMASK] = { "rt_sigprocmask", CLASS_SIGNAL },
	[CALL_SIGSUSPEND] = { "rt_sigsuspend", CLASS_WAIT },
	[CALL_SIGWAIT] = { "rt_sigtimedwait", CLASS_WAIT },
	[CALL_SIGRETURN] = { "rt_sigreturn", CLASS_SIGNAL },
	[CALL_SIGQUEUE] = { "rt_sigqueueinfo", CLASS_SIGNAL },
	[CALL_KILL] = { "kill", CLASS_SIGNAL },
	[CALL_RESTART] = { "restart_syscall", CLASS_OTHER },
	[CALL_IO_SETUP] = { "io_setup", CLASS_CONTROL },
	[CALL_IO_SUBMIT] = { "io_submit", CLASS_OTHER },
	[CALL_IO_GETEVENTS] = { "io_getevents", CLASS_WAIT },
	[CALL_IO_CANCEL] = { "io_cancel", CLASS_CONTROL },
	[CALL_IO_DESTROY] = { "io_destroy", CLASS_CONTROL },
	[CALL_RING_SETUP] = { "io_uring_setup", CLASS_CONTROL },
	[CALL_RING_ENTER] = { "io_uring_enter", CLASS_WAIT },
	[CALL_RING_REGISTER] = { "io_uring_register", CLASS_CONTROL },
	[CALL_CLONE] = { "clone", CLASS_TASK },
	[CALL_FORK] = { "fork", CLASS_TASK },
	[CALL_UNSHARE] = { "unshare", CLASS_TASK },
	[CALL_EXEC] = { "execve", CLASS_TASK },
	[CALL_EXIT] = { "exit_group", CLASS_TASK },
	[CALL_WAIT] = { "wait4", CLASS_TASK },
	[CALL_FUTEX] = { "futex", CLASS_OTHER },
	[CALL_SLEEP] = { "nanosleep", CLASS_OTHER },
	[CALL_MMAP] = { "mmap", CLASS_OTHER },
	[CALL_MUNMAP] = { "munmap", CLASS_OTHER },
	[CALL_MSYNC] = { "msync", CLASS_OTHER },
};

/* Other names: older, newer, of other architectures and of 32 bits. */
static const struct {
	const char *name;
	enum call call;
} aliases[] = {
	{ "pread", CALL_PREAD }, { "preadv2", CALL_PREADV },
	{ "preadv64", CALL_PREADV }, { "preadv64v2", CALL_PREADV },
	{ "recv", CALL_RECVFROM }, { "recvmmsg_time64", CALL_RECVMMSG },
	{ "getdents", CALL_GETDENTS },
	{ "pwrite", CALL_PWRITE }, { "pwritev2", CALL_PWRITEV },
	{ "pwritev64", CALL_PWRITEV }, { "pwritev64v2", CALL_PWRITEV },
	{ "send", CALL_SENDTO }, { "fdatasync", CALL_FSYNC },
	{ "sync_file_range", CALL_FSYNC }, { "syncfs", CALL_FSYNC },
	{ "sendfile64", CALL_SENDFILE }, { "vmsplice", CALL_SPLICE },
	{ "tee", CALL_SPLICE },
	{ "accept", CALL_ACCEPT }, { "getsockopt", CALL_SOCKOPT },
	{ "getpeername", CALL_SOCKNAME },
	{ "creat", CALL_OPEN }, { "openat2", CALL_OPENAT },
	{ "dup3", CALL_DUP2 }, { "fcntl64", CALL_FCNTL },
	{ "pipe", CALL_PIPE }, { "_llseek", CALL_LSEEK },
	{ "eventfd", CALL_EVENTFD }, { "signalfd", CALL_SIGNALFD },
	{ "timerfd_settime64", CALL_TIMERFD_SET },
	{ "inotify_init", CALL_INOTIFY },
	{ "_newselect", CALL_SELECT }, { "pselect6", CALL_SELECT },
	{ "pselect6_time64", CALL_SELECT }, { "osf_select", CALL_SELECT },
	{ "old_select", CALL_SELECT },
	{ "ppoll", CALL_POLL }, { "ppoll_time64", CALL_POLL },
	{ "epoll_create", CALL_EPOLL_CREATE },
	{ "epoll_pwait", CALL_EPOLL_WAIT }, { "epoll_pwait2", CALL_EPOLL_WAIT },
	{ "epoll_ctl_old", CALL_EPOLL_CTL },
	{ "epoll_wait_old", CALL_EPOLL_WAIT },
	{ "sigaction", CALL_SIGACTION }, { "signal", CALL_SIGACTION },
	{ "sigprocmask", CALL_SIGPROCMASK }, { "sigsuspend", CALL_SIGSUSPEND },
	{ "pause", CALL_SIGSUSPEND },
	{ "rt_sigtimedwait_time64", CALL_SIGWAIT },
	{ "sigreturn", CALL_SIGRETURN }, { "rt_tgsigqueueinfo", CALL_SIGQUEUE },
	{ "tgkill", CALL_KILL }, { "tkill", CALL_KILL },
	{ "io_pgetevents", CALL_IO_GETEVENTS },
	{ "io_pgetevents_time64", CALL_IO_GETEVENTS },
	{ "clone3", CALL_CLONE }, { "clone2", CALL_CLONE },
	{ "vfork", CALL_FORK }, { "execveat", CALL_EXEC },
	{ "exit", CALL_EXIT }, { "waitid", CALL_WAIT },
	{ "waitpid", CALL_WAIT }, { "futex_time64", CALL_FUTEX },
	{ "clock_nanosleep", CALL_SLEEP },
	{ "clock_nanosleep_time64", CALL_SLEEP },
	{ "mmap2", CALL_MMAP }, { "old_mmap", CALL_MMAP },
};

enum { SIZE = 512 };
static struct { struct slice name; enum call call; } table[SIZE];

static unsigned hash(struct slice s)
{
	unsigned h = s.len;

	for (size_t i = 0; i < s.len; i++)
		h = h * 31 + (unsigned char)s.at[i];
	return (h ^ h >> 9) % SIZE;
}

static void add(const char *name, enum call c)
{
	struct slice s = { name, strlen(name) };
	unsigned i = hash(s);

	while (table[i].name.at)
		i = (i + 1) % SIZE;
	table[i].name = s;
	table[i].call = c;
}

static void build(void)
{
	for (enum call c = CALL_OTHER + 1; c < CALLS; c++)
		if (c != CALL_SPLICE_IN)
			add(calls[c].name, c);
	for (unsigned i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		add(aliases[i].name, aliases[i].call);
}

enum call call_find(struct slice name)
{
	static int built;
	unsigned i;

	if (!built) {
		build();
		built = 1;
	}
	for (i = hash(name); table[i].name.at; i = (i + 1) % SIZE)
		if (table[i].name.len == name.len &&
		    !memcmp(table[i].name.at, name.at, name.len))
			return table[i].call;
	return CALL_OTHER;
}

const char *call_name(enum call c)
{
	return calls[c].name;
}

enum call_class call_class(enum call c)
{
	return calls[c].class;
}
