/* SPDX-License-Identifier: MIT */
/*
 * ring.c - what io_uring has in this kernel: features, flags, operations
 *
 * Features are what io_uring_setup returns, operations what REGISTER_PROBE
 * lists.  No call lists the flags: a ring is set up with each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "doctor.h"
#include "lab.h"
#include "../log/json.h"
#include "../syscalls/errno.h"
#include "../uring/ring.h"

enum { FLAGS = 32 };

/* The child that looked wrote it, in memory that both have. */
static struct seen {
	long err;			/* of io_uring_setup */
	long probe_err;
	unsigned features;
	long flags[FLAGS];		/* by bit: 0, or -errno */
	struct io_uring_probe probe;
} *seen;

/* What there is, and the Linux that brought it. */
struct known {
	const char *name, *since;
};

#define BIT(x, version) [__builtin_ctz(IORING_FEAT_##x)] = { #x, version }
static const struct known features[32] = {
	BIT(SINGLE_MMAP, "5.4"), BIT(NODROP, "5.5"), BIT(SUBMIT_STABLE, "5.5"),
	BIT(RW_CUR_POS, "5.6"), BIT(FAST_POLL, "5.7"),
	BIT(SQPOLL_NONFIXED, "5.11"), BIT(EXT_ARG, "5.11"),
	BIT(NATIVE_WORKERS, "5.12"), BIT(CQE_SKIP, "5.17"),
	BIT(RECVSEND_BUNDLE, "6.10"), BIT(MIN_TIMEOUT, "6.12"),
	/* not used here, for completeness: */
	[4] = { "CUR_PERSONALITY", "5.6" }, [6] = { "POLL_32BITS", "5.9" },
	[10] = { "RSRC_TAGS", "5.13" }, [12] = { "LINKED_FILE", "5.17" },
	[13] = { "REG_REG_RING", "6.3" }, [16] = { "RW_ATTR", "6.14" },
	[17] = { "NO_IOWAIT", "6.15" },
};

/* A flag, and those without which it is refused. */
#undef BIT
#define BIT(x, version) .is = { #x, version }, .bit = IORING_SETUP_##x
static const struct flag {
	struct known is;
	unsigned bit, with;
} flags[] = {
	{ BIT(IOPOLL, "5.1") }, { BIT(SQPOLL, "5.1") },
	{ BIT(SQ_AFF, "5.1"), .with = IORING_SETUP_SQPOLL },
	{ BIT(CQSIZE, "5.5") }, { BIT(CLAMP, "5.6") }, { BIT(ATTACH_WQ, "5.6") },
	{ BIT(R_DISABLED, "5.10") }, { BIT(SUBMIT_ALL, "5.18") }, { BIT(COOP_TASKRUN, "5.19") },
	{ BIT(TASKRUN_FLAG, "5.19"), .with = IORING_SETUP_COOP_TASKRUN },
	{ BIT(SQE128, "5.19") }, { BIT(CQE32, "5.19") }, { BIT(SINGLE_ISSUER, "6.0") },
	{ BIT(DEFER_TASKRUN, "6.1"), .with = IORING_SETUP_SINGLE_ISSUER },
	{ BIT(NO_MMAP, "6.5") },
	{ BIT(REGISTERED_FD_ONLY, "6.5"), .with = IORING_SETUP_NO_MMAP },
	{ BIT(NO_SQARRAY, "6.6") },
	{ BIT(HYBRID_IOPOLL, "6.13"), .with = IORING_SETUP_IOPOLL },
	{ BIT(CQE_MIXED, "6.18") }, { BIT(SQE_MIXED, "6.19") },
	{ BIT(SQ_REWIND, "7.0"), .with = IORING_SETUP_NO_SQARRAY },
};
enum { FLAG_COUNT = sizeof(flags) / sizeof(flags[0]) };

#define OP(x, version) [IORING_OP_##x] = { #x, version }
static const struct known operations[IORING_OP_COUNT] = {
	OP(NOP, "5.1"), OP(READV, "5.1"), OP(WRITEV, "5.1"), OP(FSYNC, "5.1"),
	OP(READ_FIXED, "5.1"), OP(WRITE_FIXED, "5.1"), OP(POLL_ADD, "5.1"),
	OP(POLL_REMOVE, "5.1"), OP(SYNC_FILE_RANGE, "5.2"), OP(SENDMSG, "5.3"),
	OP(RECVMSG, "5.3"), OP(TIMEOUT, "5.4"), OP(TIMEOUT_REMOVE, "5.5"),
	OP(ACCEPT, "5.5"), OP(ASYNC_CANCEL, "5.5"), OP(LINK_TIMEOUT, "5.5"),
	OP(CONNECT, "5.5"), OP(FALLOCATE, "5.6"), OP(OPENAT, "5.6"),
	OP(CLOSE, "5.6"), OP(FILES_UPDATE, "5.6"), OP(STATX, "5.6"),
	OP(READ, "5.6"), OP(WRITE, "5.6"), OP(FADVISE, "5.6"),
	OP(MADVISE, "5.6"), OP(SEND, "5.6"), OP(RECV, "5.6"),
	OP(OPENAT2, "5.6"), OP(EPOLL_CTL, "5.6"), OP(SPLICE, "5.7"),
	OP(PROVIDE_BUFFERS, "5.7"), OP(REMOVE_BUFFERS, "5.7"), OP(TEE, "5.8"),
	OP(SHUTDOWN, "5.11"), OP(RENAMEAT, "5.11"), OP(UNLINKAT, "5.11"),
	OP(MKDIRAT, "5.15"), OP(SYMLINKAT, "5.15"), OP(LINKAT, "5.15"),
	OP(MSG_RING, "5.18"), OP(FSETXATTR, "5.19"), OP(SETXATTR, "5.19"),
	OP(FGETXATTR, "5.19"), OP(GETXATTR, "5.19"), OP(SOCKET, "5.19"),
	OP(URING_CMD, "5.19"), OP(SEND_ZC, "6.0"), OP(SENDMSG_ZC, "6.1"),
	OP(READ_MULTISHOT, "6.7"), OP(WAITID, "6.7"), OP(FUTEX_WAIT, "6.7"),
	OP(FUTEX_WAKE, "6.7"), OP(FUTEX_WAITV, "6.7"),
	OP(FIXED_FD_INSTALL, "6.8"), OP(FTRUNCATE, "6.9"), OP(BIND, "6.11"),
	OP(LISTEN, "6.11"), OP(RECV_ZC, "6.15"), OP(EPOLL_WAIT, "6.15"),
	OP(READV_FIXED, "6.15"), OP(WRITEV_FIXED, "6.15"), OP(PIPE, "6.16"),
	OP(NOP128, "6.19"), OP(URING_CMD128, "6.19"),
};

/* In a child: the rings end with it. */
static void look(void)
{
	struct io_uring_params p = { 0 };
	struct ring first, r;

	seen->err = ring_setup(&first, 4, &p);
	if (seen->err)
		return;
	seen->features = p.features;
	seen->probe_err = ring_probe(&first, &seen->probe);
	for (int i = 0; i < FLAG_COUNT; i++) {
		struct io_uring_params with = {
			.flags = flags[i].bit | flags[i].with,
			.cq_entries = flags[i].bit == IORING_SETUP_CQSIZE ? 8 : 0,
			.sq_thread_idle = 1,
			.wq_fd = flags[i].bit == IORING_SETUP_ATTACH_WQ ?
				 first.fd : 0,
		};

		seen->flags[i] = ring_setup(&r, 4, &with);
		/* The "descriptor" of this one is an index. */
		if (!seen->flags[i] &&
		    flags[i].bit != IORING_SETUP_REGISTERED_FD_ONLY)
			ring_close(&r);
	}
}

static int has_feature(int i)
{
	return !!(seen->features & 1U << i);
}

static int has_operation(int i)
{
	return ring_knows(&seen->probe, i);
}

static int has_flag(int i)
{
	return !seen->flags[i];
}

static const struct known *feature(int i)
{
	return &features[i];
}

static const struct known *operation(int i)
{
	return &operations[i];
}

static const struct known *flag(int i)
{
	return &flags[i].is;
}

static const struct part {
	const char *name, *what;
	int n;
	int (*has)(int i);
	const struct known *(*of)(int i);
} parts[] = {
	{ "features", "how a ring behaves", 32, has_feature, feature },
	{ "flags", "of io_uring_setup", FLAG_COUNT, has_flag, flag },
	{ "operations", "what can be submitted", IORING_OP_COUNT, has_operation,
	  operation },
};

/*
 * The names of those that are not there, each group with the Linux that brought
 * it: "FTRUNCATE (Linux 6.9) BIND LISTEN (Linux 6.11)".
 */
static void list_missing(struct text *t, const struct part *part)
{
	const char *since = NULL;

	for (int i = 0; i < part->n; i++) {
		const struct known *k = part->of(i);

		if (!k->name || part->has(i))
			continue;
		if (since && strcmp(since, k->since))
			text_add(t, " (Linux %s)", since);
		text_add(t, "%s%s", t->len ? " " : "", k->name);
		since = k->since;
	}
	if (since)
		text_add(t, " (Linux %s)", since);
}

/*
 * A filter of single operations is registered with a task (descriptor -1).  A
 * kernel that has none says EINVAL; one that has says that there is no filter
 * at this address, or that we may not.
 */
static void per_operation_filters(void)
{
	long err = sys_io_uring_register(-1, IORING_REGISTER_BPF_FILTER, NULL, 1);
	int known = err == -EFAULT || err == -EACCES;

	found(0, "filters of operations", known ? "yes" : "no", NULL, known ?
	      "a container can allow io_uring and refuse single operations: "
	      "such a request ends with EACCES" :
	      "IORING_REGISTER_BPF_FILTER came with Linux 7.0: a container "
	      "cannot refuse single operations");
}

void look_at_ring(void)
{
	int status;
	pid_t pid;

	section("io_uring here, compared with Linux 7.3");
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED) {
		seen = NULL;
		return;
	}
	seen->err = -ECHILD;
	pid = fork();
	if (!pid) {
		look();
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (seen->err) {
		found(0, "no ring", errno_name(seen->err), NULL,
		      "see io_uring_setup above");
		return;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct text lacks = { 0 };
		char value[32];
		int has = 0, all = 0;

		for (int k = 0; k < parts[i].n; k++)
			if (parts[i].of(k)->name) {
				has += !!parts[i].has(k);
				all++;
			}
		list_missing(&lacks, &parts[i]);
		snprintf(value, sizeof(value), "%d of %d", has, all);
		found(0, parts[i].name, value, NULL, "%s%s%s", parts[i].what,
		      lacks.len ? "; missing: " : "",
		      lacks.len ? lacks.at : "");
		free(lacks.at);
	}
	per_operation_filters();
}

void ring_json(struct json *j)
{
	if (!seen || seen->err) {
		json_null(j, "ring");
		return;
	}
	json_open(j, "ring", '{');
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_open(j, parts[i].name, '[');
		for (int k = 0; k < parts[i].n; k++)
			if (parts[i].of(k)->name && parts[i].has(k))
				json_text(j, NULL, parts[i].of(k)->name);
		json_close(j, ']');
	}
	json_number(j, "feature_bits", seen->features);
	json_close(j, '}');
}
