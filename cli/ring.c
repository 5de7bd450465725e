/* SPDX-License-Identifier: MIT */
/*
 * ring.c - what io_uring has in this kernel: features, flags, operations
 *
 * Features are what io_uring_setup returns, operations what REGISTER_PROBE
 * lists.  Flags nobody lists: a ring is set up with each.
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

#define BIT(x) [__builtin_ctz(IORING_FEAT_##x)] = #x
static const char *const features[32] = {
	BIT(SINGLE_MMAP), BIT(NODROP), BIT(SUBMIT_STABLE), BIT(RW_CUR_POS),
	BIT(FAST_POLL), BIT(SQPOLL_NONFIXED), BIT(EXT_ARG),
	BIT(NATIVE_WORKERS), BIT(CQE_SKIP), BIT(RECVSEND_BUNDLE),
	BIT(MIN_TIMEOUT),
	/* not used here, for completeness: */
	[4] = "CUR_PERSONALITY", [6] = "POLL_32BITS", [10] = "RSRC_TAGS",
	[12] = "LINKED_FILE", [13] = "REG_REG_RING", [16] = "RW_ATTR",
	[17] = "NO_IOWAIT",
};

/* A flag, and those without which it is refused. */
#undef BIT
#define BIT(x) .name = #x, .bit = IORING_SETUP_##x
static const struct flag {
	const char *name;
	unsigned bit, with;
} flags[] = {
	{ BIT(IOPOLL) }, { BIT(SQPOLL) },
	{ BIT(SQ_AFF), .with = IORING_SETUP_SQPOLL },
	{ BIT(CQSIZE) }, { BIT(CLAMP) }, { BIT(ATTACH_WQ) },
	{ BIT(R_DISABLED) }, { BIT(SUBMIT_ALL) }, { BIT(COOP_TASKRUN) },
	{ BIT(TASKRUN_FLAG), .with = IORING_SETUP_COOP_TASKRUN },
	{ BIT(SQE128) }, { BIT(CQE32) }, { BIT(SINGLE_ISSUER) },
	{ BIT(DEFER_TASKRUN), .with = IORING_SETUP_SINGLE_ISSUER },
	{ BIT(NO_MMAP) },
	{ BIT(REGISTERED_FD_ONLY), .with = IORING_SETUP_NO_MMAP },
	{ BIT(NO_SQARRAY) },
	{ BIT(HYBRID_IOPOLL), .with = IORING_SETUP_IOPOLL },
	{ BIT(CQE_MIXED) },
};
enum { FLAG_COUNT = sizeof(flags) / sizeof(flags[0]) };

#define OP(x) [IORING_OP_##x] = #x
static const char *const operations[IORING_OP_COUNT] = {
	OP(NOP), OP(READV), OP(WRITEV), OP(FSYNC), OP(READ_FIXED),
	OP(WRITE_FIXED), OP(POLL_ADD), OP(POLL_REMOVE), OP(SYNC_FILE_RANGE),
	OP(SENDMSG), OP(RECVMSG), OP(TIMEOUT), OP(TIMEOUT_REMOVE), OP(ACCEPT),
	OP(ASYNC_CANCEL), OP(LINK_TIMEOUT), OP(CONNECT), OP(FALLOCATE),
	OP(OPENAT), OP(CLOSE), OP(FILES_UPDATE), OP(STATX), OP(READ),
	OP(WRITE), OP(FADVISE), OP(MADVISE), OP(SEND), OP(RECV), OP(OPENAT2),
	OP(EPOLL_CTL), OP(SPLICE), OP(PROVIDE_BUFFERS), OP(REMOVE_BUFFERS),
	OP(TEE), OP(SHUTDOWN), OP(RENAMEAT), OP(UNLINKAT), OP(MKDIRAT),
	OP(SYMLINKAT), OP(LINKAT), OP(MSG_RING), OP(FSETXATTR), OP(SETXATTR),
	OP(FGETXATTR), OP(GETXATTR), OP(SOCKET), OP(URING_CMD), OP(SEND_ZC),
	OP(SENDMSG_ZC), OP(READ_MULTISHOT), OP(WAITID), OP(FUTEX_WAIT),
	OP(FUTEX_WAKE), OP(FUTEX_WAITV), OP(FIXED_FD_INSTALL), OP(FTRUNCATE),
	OP(BIND), OP(LISTEN), OP(RECV_ZC), OP(EPOLL_WAIT), OP(READV_FIXED),
	OP(WRITEV_FIXED), OP(PIPE),
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

static const char *feature_name(int i)
{
	return features[i];
}

static const char *operation_name(int i)
{
	return operations[i];
}

static const char *flag_name(int i)
{
	return flags[i].name;
}

static const struct part {
	const char *name, *what;
	int n;
	int (*has)(int i);
	const char *(*of)(int i);
} parts[] = {
	{ "features", "how a ring behaves", 32, has_feature, feature_name },
	{ "flags", "of io_uring_setup", FLAG_COUNT, has_flag, flag_name },
	{ "operations", "what can be submitted", IORING_OP_COUNT, has_operation,
	  operation_name },
};

/* The names of those that are there, or of those that are not. */
static void list(struct text *t, const struct part *part, int there)
{
	for (int i = 0; i < part->n; i++)
		if (part->of(i) && !!part->has(i) == there)
			text_add(t, "%s%s", t->len ? " " : "", part->of(i));
}

void look_at_ring(void)
{
	int status;
	pid_t pid;

	section("io_uring here, next to that of Linux 6.18");
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
			if (parts[i].of(k)) {
				has += !!parts[i].has(k);
				all++;
			}
		list(&lacks, &parts[i], 0);
		snprintf(value, sizeof(value), "%d of %d", has, all);
		found(0, parts[i].name, value, NULL, "%s%s%s", parts[i].what,
		      lacks.len ? "; not " : "", lacks.len ? lacks.at : "");
		free(lacks.at);
	}
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
			if (parts[i].of(k) && parts[i].has(k))
				json_text(j, NULL, parts[i].of(k));
		json_close(j, ']');
	}
	json_number(j, "feature_bits", seen->features);
	json_close(j, '}');
}
