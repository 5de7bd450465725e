/* SPDX-License-Identifier: MIT */
/*
 * probe.c - what this kernel grants to this user, found by trying it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "probe.h"
#include "../log/refusal.h"
#include "../syscalls/errno.h"
#include "../uring/ring.h"

/* What the greediest program asks for: uring_multishot, native_aio_poll. */
enum { ENTRIES = 1024, POLLS = 4096 };

/* ---- io_uring ---- */

/* Submit what was filled and wait: the first result, or -errno. */
static long first_result(struct ring *r, unsigned *flags)
{
	long n;

	do
		n = ring_again(ring_wait(r, 1, NULL));
	while (n >= 0 && !ring_ready(r));
	if (n < 0)
		return n;
	*flags = ring_cqe(r, 0)->flags;
	return ring_cqe(r, 0)->res;
}

/* 0 when the first result is n and more may follow. */
static long expect_more(struct ring *r, long n)
{
	unsigned flags;
	long res = first_result(r, &flags);

	if (res < 0)
		return res;
	return res == n && flags & IORING_CQE_F_MORE ? 0 : -EINVAL;
}

static long open_ring(struct ring *r, unsigned entries, unsigned flags)
{
	struct io_uring_params p = { .flags = flags, .sq_thread_idle = 1 };

	return ring_setup(r, entries, &p);
}

static long try_setup(void)
{
	struct ring r;
	long err = open_ring(&r, ENTRIES, 0);

	if (!err)
		ring_close(&r);
	return err;
}

static long try_fast_poll(void)
{
	struct ring r;
	long err = open_ring(&r, 1, 0);

	if (err)
		return err;
	if (!(r.features & IORING_FEAT_FAST_POLL))
		err = -EINVAL;
	ring_close(&r);
	return err;
}

static long try_enter(void)
{
	struct ring r;
	unsigned flags;
	long err = open_ring(&r, 1, 0);

	if (err)
		return err;
	ring_sqe(&r)->opcode = IORING_OP_NOP;
	err = first_result(&r, &flags);
	ring_close(&r);
	return err;
}

static long try_flags(unsigned flags)
{
	struct ring r;
	long err = open_ring(&r, 1, flags);

	if (!err)
		ring_close(&r);
	return err;
}

static long try_sqpoll(void)
{
	return try_flags(IORING_SETUP_SQPOLL);
}

static long try_single(void)
{
	return try_flags(IORING_SETUP_SINGLE_ISSUER);
}

static long try_defer(void)
{
	return try_flags(IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_DEFER_TASKRUN);
}

static long try_multishot_poll(void)
{
	int fd = eventfd(1, EFD_CLOEXEC);
	struct io_uring_sqe *sqe;
	struct ring r;
	long err = open_ring(&r, 1, 0);

	if (!err) {
		sqe = ring_sqe(&r);
		sqe->opcode = IORING_OP_POLL_ADD;
		sqe->fd = fd;
		sqe->poll32_events = POLLIN;
		sqe->len = IORING_POLL_ADD_MULTI;
		err = expect_more(&r, POLLIN);
		ring_close(&r);
	}
	close(fd);
	return err;
}

static long try_slots(void)
{
	struct ring r;
	long err = open_ring(&r, 1, 0);

	if (err)
		return err;
	err = ring_files_sparse(&r, 16);
	ring_close(&r);
	return err;
}

static long try_buffer_ring(void)
{
	struct ring_buffers b;
	struct ring r;
	long err = open_ring(&r, 1, 0);

	if (err)
		return err;
	err = ring_buffers_setup(&r, &b, 0, 8, 64);
	if (!err)
		ring_buffers_close(&r, &b);
	ring_close(&r);
	return err;
}

static long try_multishot_recv(void)
{
	struct ring_buffers b;
	struct io_uring_sqe *sqe;
	struct ring r;
	int s[2];
	long err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
		return -errno;
	err = open_ring(&r, 1, 0);
	if (err)
		goto closed;
	err = ring_buffers_setup(&r, &b, 0, 8, 64);
	if (!err && write(s[1], "x", 1) != 1)
		err = -errno;
	if (!err) {
		sqe = ring_sqe(&r);
		sqe->opcode = IORING_OP_RECV;
		sqe->flags = IOSQE_BUFFER_SELECT;
		sqe->fd = s[0];
		sqe->ioprio = IORING_RECV_MULTISHOT;
		err = expect_more(&r, 1);
		ring_buffers_close(&r, &b);
	}
	ring_close(&r);
closed:
	close(s[0]);
	close(s[1]);
	return err;
}

/* What the program does: ask the ring first. */
static long ask_send_zc(struct ring *r)
{
	static struct io_uring_probe probe;
	long err;

	memset(&probe, 0, sizeof(probe));
	err = ring_probe(r, &probe);
	if (err)
		return err;
	return ring_knows(&probe, IORING_OP_SEND_ZC) ? 0 : -EINVAL;
}

/* A datagram from a socket to itself: a Unix socket has no SEND_ZC. */
static long try_send_zc(void)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct io_uring_sqe *sqe;
	socklen_t len = sizeof(a);
	struct ring r;
	long err;

	if (fd < 0 || bind(fd, (void *)&a, len) ||
	    getsockname(fd, (void *)&a, &len) || connect(fd, (void *)&a, len)) {
		err = -errno;
		close(fd);
		return err;
	}
	err = open_ring(&r, 1, 0);
	if (err)
		goto closed;
	err = ask_send_zc(&r);
	if (!err) {
		sqe = ring_sqe(&r);
		sqe->opcode = IORING_OP_SEND_ZC;
		sqe->fd = fd;
		sqe->addr = (unsigned long)"x";
		sqe->len = 1;
		err = expect_more(&r, 1);
	}
	ring_close(&r);
closed:
	close(fd);
	return err;
}

/* As many bytes as uring_file registers without options. */
static long try_fixed_buffers(void)
{
	static char buf[8 * 4096] __attribute__((aligned(4096)));
	struct iovec all = { buf, sizeof(buf) };
	struct ring r;
	long err = open_ring(&r, 8, 0);

	if (err)
		return err;
	err = ring_fixed_buffers(&r, &all, 1);
	ring_close(&r);
	return err;
}

/* ---- native AIO ---- */

static long try_aio(void)
{
	aio_context_t ctx = 0;
	long err = enter_kernel(__NR_io_setup, 8, &ctx);

	if (!err)
		enter_kernel(__NR_io_destroy, ctx);
	return err;
}

static long try_aio_poll(void)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_POLL }, *list = &cb;
	aio_context_t ctx = 0;
	struct io_event event;
	long err = enter_kernel(__NR_io_setup, POLLS, &ctx);
	int fd;

	if (err)
		return err;
	fd = eventfd(1, EFD_CLOEXEC);
	cb.aio_fildes = fd;
	cb.aio_buf = POLLIN;
	err = enter_kernel(__NR_io_submit, ctx, 1, &list);
	if (err == 1)
		err = enter_kernel(__NR_io_getevents, ctx, 1, 1, &event, NULL);
	close(fd);
	enter_kernel(__NR_io_destroy, ctx);
	return err < 0 ? err : 0;
}

/* ---- O_DIRECT ---- */

int probe_file(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR, 0600);
	char *path;

	if (fd >= 0)
		return fd;
	if (asprintf(&path, "%s/iomodels-XXXXXX", dir) < 0)
		return -ENOMEM;
	fd = mkstemp(path);			/* no O_TMPFILE there */
	if (fd < 0)
		fd = -errno;
	else
		unlink(path);
	free(path);
	return fd;
}

long probe_direct(int fd)
{
	static char buf[4096] __attribute__((aligned(4096)));
	char path[64];
	long err = 0;
	int direct;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	direct = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (direct < 0)
		return -errno;
	if (read(direct, buf, sizeof(buf)) < 0)
		err = -errno;
	close(direct);
	return err;
}

/* ---- the list ---- */

#define MULTISHOT "uring_multishot uring_multishot_liburing uring_fast "

const struct probe probes[] = {
	{ "io_uring_setup", "5.1", "", RING, 0, try_setup },
	{ "io_uring_enter", "5.1", "", RING, 0, try_enter },
	{ "io_uring: FAST_POLL", "5.7",
	  MULTISHOT "uring_poll uring_basic uring_basic_liburing uring_sqpoll "
	  "uring_worker uring_zerocopy uring_udp", 0, 0, try_fast_poll },
	{ "io_uring: multishot POLL_ADD", "5.13", "uring_poll", 0, 0,
	  try_multishot_poll },
	{ "io_uring: SQPOLL", "5.13", "uring_sqpoll", 0, 0, try_sqpoll },
	{ "io_uring: direct descriptors", "5.19", MULTISHOT, SLOTS, 0,
	  try_slots },
	{ "io_uring: buffer ring", "5.19", MULTISHOT "uring_udp", 0, 0,
	  try_buffer_ring },
	{ "io_uring: multishot RECV", "6.0", MULTISHOT "uring_udp", 0, 0,
	  try_multishot_recv },
	{ "io_uring: SEND_ZC", "6.0", "uring_zerocopy", 0, 0, try_send_zc },
	{ "io_uring: SINGLE_ISSUER", "6.0", "uring_fast", 0, 0, try_single },
	{ "io_uring: DEFER_TASKRUN (optional)", "6.1", "uring_fast", 0, 1, try_defer },
	{ "io_uring: registered buffers", "5.1", "uring_file", 0, 0,
	  try_fixed_buffers },
	{ "io_setup", "2.6", "native_aio libaio", 0, 0, try_aio },
	{ "io_submit: IOCB_CMD_POLL", "4.19", "native_aio_poll", 0, 0,
	  try_aio_poll },
	{ .name = NULL }
};

/*
 * In a process of its own.  Closing a ring is not over when close returns:
 * the kernel comes back to the thread that had it, and a recv with a timeout
 * then ends with EINTR.  That must not happen to the caller.
 */
long probe_try(const struct probe *probe)
{
	pid_t pid = fork(), done;
	int status;

	if (!pid)
		_exit(-probe->try());
	if (pid < 0)
		return -errno;
	do
		done = waitpid(pid, &status, 0);
	while (done < 0 && errno == EINTR);
	if (done < 0 || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

/* name is one of the words of list. */
static int is_word(const char *name, const char *list)
{
	size_t n = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += n)
		if ((at == list || at[-1] == ' ') &&
		    (!at[n] || at[n] == ' '))
			return 1;
	return 0;
}

int probe_concerns(const struct probe *probe, const struct program *p)
{
	return p->flags & probe->flag || is_word(p->name, probe->users);
}

/* ---- why ---- */

long probe_sysctl(const char *path)
{
	FILE *f = fopen(path, "re");
	long n = -1;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

long probe_status(const char *name)
{
	FILE *f = fopen("/proc/self/status", "re");
	size_t n = strlen(name);
	char line[256];
	long value = -1;

	while (f && value < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, n) && line[n] == ':')
			value = atol(line + n + 1);
	if (f)
		fclose(f);
	return value;
}

int probe_capable(int capability)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long long effective = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "CapEff: %llx", &effective);
	if (f)
		fclose(f);
	return effective >> capability & 1;
}

int probe_ring_right(void)
{
	enum { INITIAL = (int)0xEFFFFFFDu, GROUPS = 1024 };
	long group = probe_sysctl("/proc/sys/kernel/io_uring_group");
	gid_t groups[GROUPS];
	struct stat ns;
	int n;

	if (stat("/proc/self/ns/user", &ns) || (int)ns.st_ino != INITIAL)
		return 0;
	if (probe_capable(CAP_SYS_ADMIN) || (long)getegid() == group)
		return 1;
	for (n = getgroups(GROUPS, groups); n > 0; n--)
		if ((long)groups[n - 1] == group)
			return 1;
	return 0;
}

/* Whose calls a container's profile would have to allow. */
static void blame_filter(const char *calls, char why[256])
{
	snprintf(why, 256, "a seccomp filter is on (/proc/self/status): allow "
		 "%s in the container's profile, or docker run "
		 "--security-opt seccomp=unconfined", calls);
}

/* The call that the probe's name is about. */
static const char *call_of(const struct probe *probe)
{
	static const char *const registers[] = {
		"direct descriptors", "buffer ring", "registered buffers",
	};
	const char *colon = strchr(probe->name, ':');

	if (!colon)
		return probe->name;
	if (strncmp(probe->name, "io_uring", 8))
		return "io_submit";
	for (unsigned i = 0; i < sizeof(registers) / sizeof(*registers); i++)
		if (strstr(colon, registers[i]))
			return "io_uring_register";
	return "io_uring_setup";
}

const struct refusal *probe_refusal(const struct probe *probe, long err)
{
	const char *call = call_of(probe), *error = errno_name(err);

	return refusal_find((struct slice){ call, strlen(call) },
			    (struct slice){ error, strlen(error) }, SLICE(""));
}

/* Nothing of this machine tells more than the table does. */
static void by_table(const struct probe *probe, long err, char why[256])
{
	const struct refusal *row = probe_refusal(probe, err);

	if (row)
		snprintf(why, 256, "%s %s", row->cause, row->remedy);
	else
		snprintf(why, 256, "a security module, or something between "
			 "this program and the kernel, refuses it");
}

static void why_no_ring(const struct probe *probe, long err, char why[256])
{
	long off = probe_sysctl("/proc/sys/kernel/io_uring_disabled");

	if (err == -EPERM && off == 2)
		snprintf(why, 256, "kernel.io_uring_disabled is 2, off for "
			 "all: run sysctl kernel.io_uring_disabled=0");
	else if (err == -EPERM && off == 1 && !probe_ring_right())
		snprintf(why, 256, "kernel.io_uring_disabled is 1: run it with "
			 "CAP_SYS_ADMIN (as root outside of containers), or join "
			 "the group kernel.io_uring_group, or run sysctl "
			 "kernel.io_uring_disabled=0");
	else if (probe_status("Seccomp") == 2)
		blame_filter("io_uring_*", why);
	else if (err == -EPERM)
		snprintf(why, 256, "a security module forbids it, such as a "
			 "program of BPF (SELinux and AppArmor answer EACCES)");
	else if (off >= 0)
		snprintf(why, 256, "this kernel has io_uring, but something "
			 "between this program and the kernel, such as gVisor or "
			 "qemu-user, hides it");
	else
		by_table(probe, err, why);
}

static void why_no_aio(const struct probe *probe, long err, char why[256])
{
	long most = probe_sysctl("/proc/sys/fs/aio-max-nr");

	if (err == -EAGAIN)
		snprintf(why, 256, "%ld requests of native AIO are in use, of "
			 "fs.aio-max-nr = %ld: end other programs, or run sysctl "
			 "fs.aio-max-nr=1048576",
			 probe_sysctl("/proc/sys/fs/aio-nr"), most);
	else if (probe_status("Seccomp") == 2)
		blame_filter("io_setup, io_submit, io_getevents", why);
	else if (err == -ENOSYS && most < 0)
		snprintf(why, 256, "this kernel was built without CONFIG_AIO");
	else
		by_table(probe, err, why);
}

/* What a kernel answers that does not know the request. */
static int too_old(long err)
{
	return err == -EINVAL || err == -EOPNOTSUPP;
}

void probe_why(const struct probe *probe, long err, char why[256])
{
	struct utsname u;
	struct rlimit l;

	uname(&u);
	if (err == -ENOMEM) {
		getrlimit(RLIMIT_MEMLOCK, &l);
		snprintf(why, 256, "RLIMIT_MEMLOCK is %lu KiB for all registered "
			 "buffers of this user (before Linux 5.12 and from 6.14 on "
			 "also for the rings): run ulimit -l unlimited, or run it with "
			 "CAP_IPC_LOCK (as root outside of containers)",
			 (unsigned long)l.rlim_cur >> 10);
	} else if (err == -EMFILE || err == -ENFILE) {
		by_table(probe, err, why);
	} else if (too_old(err)) {
		snprintf(why, 256, "this kernel, %.60s, does not have it: Linux "
			 "%s or later is needed%s", u.release, probe->since,
			 probe_status("Seccomp") == 2 ?
			 "; or the seccomp filter that is on refuses it" : "");
	} else if (err == -EACCES && !strncmp(probe->name, "io_uring", 8) &&
		   (probe->try == try_sqpoll || probe_try(probes) == err)) {
		by_table(probe, err, why);	/* there is no ring at all */
	} else if (err == -EACCES && !strncmp(probe->name, "io_uring", 8)) {
		snprintf(why, 256, "a filter of single operations (Linux 7.0, "
			 "IORING_REGISTER_BPF_FILTER) refuses it: allow the "
			 "operation where the filter is registered");
	} else if (err == -ENETUNREACH || err == -EADDRNOTAVAIL) {
		snprintf(why, 256, "there is no network, not even 127.0.0.1: "
			 "run ip link set lo up");
	} else if (!strncmp(probe->name, "io_uring", 8)) {
		why_no_ring(probe, err, why);
	} else {
		why_no_aio(probe, err, why);
	}
}

/* 6000 for "6.0" */
static int number_of(const char *kernel)
{
	int major = 0, minor = 0;

	sscanf(kernel, "%d.%d", &major, &minor);
	return major * 1000 + minor;
}

long probe_program(const struct program *p, char why[256])
{
	const struct probe *refused = NULL;
	char reason[256];
	long error = 0;

	for (const struct probe *probe = probes; probe->name; probe++) {
		long err;

		if (probe->optional || !probe_concerns(probe, p))
			continue;
		if (refused && number_of(probe->since) <= number_of(refused->since))
			continue;
		err = probe_try(probe);
		if (!err || (refused && !too_old(err)))
			continue;
		refused = probe;
		error = err;
		if (!too_old(err))
			break;
	}
	if (refused) {
		probe_why(refused, error, reason);
		snprintf(why, 256, "%s: %s: %.210s", refused->name,
			 errno_name(error), reason);
	}
	return error;
}
