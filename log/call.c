/* SPDX-License-Identifier: MIT */
/* call.c - the table of call.h */
#include "call.h"

static const char *const names[CALLS] = {
	[CALL_OTHER] = "other",
	[CALL_READ] = "read",
	[CALL_READV] = "readv",
	[CALL_PREAD] = "pread64",
	[CALL_PREADV] = "preadv",
	[CALL_RECVFROM] = "recvfrom",
	[CALL_RECVMSG] = "recvmsg",
	[CALL_RECVMMSG] = "recvmmsg",
	[CALL_GETDENTS] = "getdents64",
	[CALL_WRITE] = "write",
	[CALL_WRITEV] = "writev",
	[CALL_PWRITE] = "pwrite64",
	[CALL_PWRITEV] = "pwritev",
	[CALL_SENDTO] = "sendto",
	[CALL_SENDMSG] = "sendmsg",
	[CALL_SENDMMSG] = "sendmmsg",
	[CALL_FSYNC] = "fsync",
	[CALL_SENDFILE] = "sendfile",
	[CALL_SPLICE] = "splice",
	[CALL_SPLICE_IN] = "splice",
	[CALL_COPY_FILE_RANGE] = "copy_file_range",
	[CALL_SOCKET] = "socket",
	[CALL_SOCKETPAIR] = "socketpair",
	[CALL_BIND] = "bind",
	[CALL_LISTEN] = "listen",
	[CALL_ACCEPT] = "accept4",
	[CALL_CONNECT] = "connect",
	[CALL_SHUTDOWN] = "shutdown",
	[CALL_SOCKOPT] = "setsockopt",
	[CALL_SOCKNAME] = "getsockname",
	[CALL_OPEN] = "open",
	[CALL_OPENAT] = "openat",
	[CALL_CLOSE] = "close",
	[CALL_CLOSE_RANGE] = "close_range",
	[CALL_DUP] = "dup",
	[CALL_DUP2] = "dup2",
	[CALL_FCNTL] = "fcntl",
	[CALL_FLOCK] = "flock",
	[CALL_IOCTL] = "ioctl",
	[CALL_PIPE] = "pipe2",
	[CALL_LSEEK] = "lseek",
	[CALL_EVENTFD] = "eventfd2",
	[CALL_SIGNALFD] = "signalfd4",
	[CALL_TIMERFD] = "timerfd_create",
	[CALL_TIMERFD_SET] = "timerfd_settime",
	[CALL_INOTIFY] = "inotify_init1",
	[CALL_MEMFD] = "memfd_create",
	[CALL_PIDFD] = "pidfd_open",
	[CALL_PERF_EVENT] = "perf_event_open",
	[CALL_SELECT] = "select",
	[CALL_POLL] = "poll",
	[CALL_EPOLL_CREATE] = "epoll_create1",
	[CALL_EPOLL_CTL] = "epoll_ctl",
	[CALL_EPOLL_WAIT] = "epoll_wait",
	[CALL_SIGACTION] = "rt_sigaction",
	[CALL_SIGPROCMASK] = "rt_sigprocmask",
	[CALL_SIGSUSPEND] = "rt_sigsuspend",
	[CALL_SIGWAIT] = "rt_sigtimedwait",
	[CALL_SIGRETURN] = "rt_sigreturn",
	[CALL_SIGQUEUE] = "rt_sigqueueinfo",
	[CALL_KILL] = "kill",
	[CALL_RESTART] = "restart_syscall",
	[CALL_IO_SETUP] = "io_setup",
	[CALL_IO_SUBMIT] = "io_submit",
	[CALL_IO_GETEVENTS] = "io_getevents",
	[CALL_IO_CANCEL] = "io_cancel",
	[CALL_IO_DESTROY] = "io_destroy",
	[CALL_RING_SETUP] = "io_uring_setup",
	[CALL_RING_ENTER] = "io_uring_enter",
	[CALL_RING_REGISTER] = "io_uring_register",
	[CALL_CLONE] = "clone",
	[CALL_FORK] = "fork",
	[CALL_UNSHARE] = "unshare",
	[CALL_EXEC] = "execve",
	[CALL_EXIT] = "exit_group",
	[CALL_WAIT] = "wait4",
	[CALL_FUTEX] = "futex",
	[CALL_SLEEP] = "nanosleep",
	[CALL_MMAP] = "mmap",
	[CALL_MUNMAP] = "munmap",
	[CALL_MSYNC] = "msync",
};

const unsigned char call_classes[CALLS] = {
	[CALL_READ] = CLASS_IN,
	[CALL_READV] = CLASS_IN,
	[CALL_PREAD] = CLASS_IN,
	[CALL_PREADV] = CLASS_IN,
	[CALL_RECVFROM] = CLASS_IN,
	[CALL_RECVMSG] = CLASS_IN,
	[CALL_RECVMMSG] = CLASS_IN,
	[CALL_WRITE] = CLASS_OUT,
	[CALL_WRITEV] = CLASS_OUT,
	[CALL_PWRITE] = CLASS_OUT,
	[CALL_PWRITEV] = CLASS_OUT,
	[CALL_SENDTO] = CLASS_OUT,
	[CALL_SENDMSG] = CLASS_OUT,
	[CALL_SENDMMSG] = CLASS_OUT,
	[CALL_FSYNC] = CLASS_CONTROL,
	[CALL_SENDFILE] = CLASS_OUT,
	[CALL_SPLICE] = CLASS_OUT,
	[CALL_SPLICE_IN] = CLASS_IN,
	[CALL_COPY_FILE_RANGE] = CLASS_OUT,
	[CALL_SOCKET] = CLASS_CONTROL,
	[CALL_SOCKETPAIR] = CLASS_CONTROL,
	[CALL_BIND] = CLASS_CONTROL,
	[CALL_LISTEN] = CLASS_CONTROL,
	[CALL_ACCEPT] = CLASS_ACCEPT,
	[CALL_CONNECT] = CLASS_CONTROL,
	[CALL_SHUTDOWN] = CLASS_CONTROL,
	[CALL_SOCKOPT] = CLASS_CONTROL,
	[CALL_SOCKNAME] = CLASS_CONTROL,
	[CALL_OPEN] = CLASS_CONTROL,
	[CALL_OPENAT] = CLASS_CONTROL,
	[CALL_CLOSE] = CLASS_CONTROL,
	[CALL_CLOSE_RANGE] = CLASS_CONTROL,
	[CALL_DUP] = CLASS_CONTROL,
	[CALL_DUP2] = CLASS_CONTROL,
	[CALL_FCNTL] = CLASS_CONTROL,
	[CALL_IOCTL] = CLASS_CONTROL,
	[CALL_PIPE] = CLASS_CONTROL,
	[CALL_EVENTFD] = CLASS_CONTROL,
	[CALL_SIGNALFD] = CLASS_CONTROL,
	[CALL_TIMERFD] = CLASS_CONTROL,
	[CALL_TIMERFD_SET] = CLASS_CONTROL,
	[CALL_INOTIFY] = CLASS_CONTROL,
	[CALL_MEMFD] = CLASS_CONTROL,
	[CALL_PIDFD] = CLASS_CONTROL,
	[CALL_PERF_EVENT] = CLASS_CONTROL,
	[CALL_SELECT] = CLASS_WAIT,
	[CALL_POLL] = CLASS_WAIT,
	[CALL_EPOLL_CREATE] = CLASS_CONTROL,
	[CALL_EPOLL_CTL] = CLASS_CONTROL,
	[CALL_EPOLL_WAIT] = CLASS_WAIT,
	[CALL_SIGACTION] = CLASS_SIGNAL,
	[CALL_SIGPROCMASK] = CLASS_SIGNAL,
	[CALL_SIGSUSPEND] = CLASS_WAIT,
	[CALL_SIGWAIT] = CLASS_WAIT,
	[CALL_SIGRETURN] = CLASS_SIGNAL,
	[CALL_SIGQUEUE] = CLASS_SIGNAL,
	[CALL_KILL] = CLASS_SIGNAL,
	[CALL_IO_SETUP] = CLASS_CONTROL,
	[CALL_IO_GETEVENTS] = CLASS_WAIT,
	[CALL_IO_CANCEL] = CLASS_CONTROL,
	[CALL_IO_DESTROY] = CLASS_CONTROL,
	[CALL_RING_SETUP] = CLASS_CONTROL,
	[CALL_RING_ENTER] = CLASS_WAIT,
	[CALL_RING_REGISTER] = CLASS_CONTROL,
	[CALL_CLONE] = CLASS_TASK,
	[CALL_FORK] = CLASS_TASK,
	[CALL_UNSHARE] = CLASS_TASK,
	[CALL_EXEC] = CLASS_TASK,
	[CALL_EXIT] = CLASS_TASK,
	[CALL_WAIT] = CLASS_TASK,
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

/* Its length and three letters tell the calls apart well enough. */
static unsigned hash(struct slice s)
{
	unsigned h = s.len * 31 + s.at[0];

	h = (h * 31 + s.at[s.len / 2]) * 31 + s.at[s.len - 1];
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
			add(names[c], c);
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
	if (!name.len)
		return CALL_OTHER;
	for (i = hash(name); table[i].name.at; i = (i + 1) % SIZE)
		if (table[i].name.len == name.len &&
		    same_text(table[i].name.at, name.at, name.len))
			return table[i].call;
	/* (Of 32 bits on a kernel of 64: "compat_select" of MIPS.) */
	return slice_starts(name, "compat_")
		? call_find(slice_after(name, "compat_")) : CALL_OTHER;
}

int call_waits(struct slice name)
{
	static const char *const calls[] = {
		"msgsnd", "msgrcv", "semop", "semtimedop", "mq_timedsend",
		"mq_timedreceive",
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (slice_is(name, calls[i]))
			return 1;
	return 0;
}

const char *call_name(enum call c)
{
	return names[c];
}
