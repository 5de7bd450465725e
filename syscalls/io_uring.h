/* SPDX-License-Identifier: MIT */
/*
 * io_uring.h - the io_uring interface up to Linux 7.0, and its three calls
 *
 * Debian 12's linux/io_uring.h is that of 6.1 and lacks some of what these
 * programs use, so the ABI is written down here: the structures, and the
 * numbers that this project needs, each group with the kernel that brought it.
 * A number says nothing about the running kernel: try it, and look at the
 * errno.  The names are the kernel's, so the system's own header (and
 * liburing's) cannot be included beside this one.
 *
 * Needs only arch.h, so that hosted code may include it too.
 */
#ifndef IOMODELS_IO_URING_H
#define IOMODELS_IO_URING_H

#ifdef LINUX_IO_URING_H
#error "linux/io_uring.h or liburing.h is already included: include only one"
#endif
#define LINUX_IO_URING_H		/* keeps the system's header out */

#include <linux/types.h>
#include <linux/time_types.h>
#include "arch.h"

/*
 * A submission queue entry: one request, 64 bytes.
 *
 *   0        1       2        4          8               16
 *   | opcode | flags | ioprio |    fd    |  off / addr2  |
 *  16                         24         28              32
 *   |          addr           |   len    |   op_flags    |
 *  32                         40         42          44  48
 *   |        user_data        | buf_index | personality | file_index |
 *  48                         56                         64
 *   |          addr3          |          zero           |
 *
 * Most operations borrow fields for what they need; the unions name the uses.
 */
struct io_uring_sqe {
	__u8	opcode;			/* IORING_OP_* */
	__u8	flags;			/* IOSQE_* */
	__u16	ioprio;			/* sockets: RECVSEND, RECV, ACCEPT flags */
	__s32	fd;			/* or, with FIXED_FILE, a slot */
	union {
		__u64	off;
		__u64	addr2;		/* accept, sendto: address or its length */
		__u32	cmd_op;		/* URING_CMD */
	};
	union {
		__u64	addr;
		struct {
			__u32	level;	/* URING_CMD: getsockopt */
			__u32	optname;
		};
	};
	__u32	len;
	union {
		__u32	op_flags;	/* whatever the operation calls its own */
		__u32	rw_flags;
		__u32	fsync_flags;
		__u32	poll32_events;
		__u32	msg_flags;
		__u32	timeout_flags;
		__u32	accept_flags;
		__u32	cancel_flags;
		__u32	open_flags;
	};
	__u64	user_data;		/* comes back in the completion */
	union {
		__u16	buf_index;	/* a registered buffer */
		__u16	buf_group;	/* a group of provided buffers */
	};
	__u16	personality;
	union {
		__u32	file_index;	/* a slot plus one, or _ALLOC */
		__u32	optlen;		/* URING_CMD: getsockopt */
		__u16	addr_len;	/* sendto */
	};
	union {
		__u64	addr3;
		__u64	optval;		/* URING_CMD: getsockopt */
	};
	__u64	zero;
};

/* A completion queue entry, 16 bytes. */
struct io_uring_cqe {
	__u64	user_data;
	__s32	res;			/* what the system call would return */
	__u32	flags;			/* IORING_CQE_F_* */
};

_Static_assert(sizeof(struct io_uring_sqe) == 64, "the kernel's size");
_Static_assert(sizeof(struct io_uring_cqe) == 16, "the kernel's size");

/* ---- sqe.opcode, in the kernel's order; probe with REGISTER_PROBE ---- */

enum {
	IORING_OP_NOP, IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC,
	IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED, IORING_OP_POLL_ADD,
	IORING_OP_POLL_REMOVE,					/* 5.1 */
	IORING_OP_SYNC_FILE_RANGE,				/* 5.2 */
	IORING_OP_SENDMSG, IORING_OP_RECVMSG,			/* 5.3 */
	IORING_OP_TIMEOUT,					/* 5.4 */
	IORING_OP_TIMEOUT_REMOVE, IORING_OP_ACCEPT, IORING_OP_ASYNC_CANCEL,
	IORING_OP_LINK_TIMEOUT, IORING_OP_CONNECT,		/* 5.5 */
	IORING_OP_FALLOCATE, IORING_OP_OPENAT, IORING_OP_CLOSE,
	IORING_OP_FILES_UPDATE, IORING_OP_STATX, IORING_OP_READ,
	IORING_OP_WRITE, IORING_OP_FADVISE, IORING_OP_MADVISE,
	IORING_OP_SEND, IORING_OP_RECV, IORING_OP_OPENAT2,
	IORING_OP_EPOLL_CTL,					/* 5.6 */
	IORING_OP_SPLICE, IORING_OP_PROVIDE_BUFFERS,
	IORING_OP_REMOVE_BUFFERS,				/* 5.7 */
	IORING_OP_TEE,						/* 5.8 */
	IORING_OP_SHUTDOWN, IORING_OP_RENAMEAT, IORING_OP_UNLINKAT, /* 5.11 */
	IORING_OP_MKDIRAT, IORING_OP_SYMLINKAT, IORING_OP_LINKAT, /* 5.15 */
	IORING_OP_MSG_RING,					/* 5.18 */
	IORING_OP_FSETXATTR, IORING_OP_SETXATTR, IORING_OP_FGETXATTR,
	IORING_OP_GETXATTR, IORING_OP_SOCKET, IORING_OP_URING_CMD, /* 5.19 */
	IORING_OP_SEND_ZC,					/* 6.0 */
	IORING_OP_SENDMSG_ZC,					/* 6.1 */
	IORING_OP_READ_MULTISHOT, IORING_OP_WAITID, IORING_OP_FUTEX_WAIT,
	IORING_OP_FUTEX_WAKE, IORING_OP_FUTEX_WAITV,		/* 6.7 */
	IORING_OP_FIXED_FD_INSTALL,				/* 6.8 */
	IORING_OP_FTRUNCATE,					/* 6.9 */
	IORING_OP_BIND, IORING_OP_LISTEN,			/* 6.11 */
	IORING_OP_RECV_ZC, IORING_OP_EPOLL_WAIT, IORING_OP_READV_FIXED,
	IORING_OP_WRITEV_FIXED,					/* 6.15 */
	IORING_OP_PIPE,						/* 6.16 */
	IORING_OP_NOP128, IORING_OP_URING_CMD128,		/* 6.19 */
	IORING_OP_COUNT
};

/* ---- sqe.flags ---- */

enum {
	IOSQE_FIXED_FILE	= 1 << 0,	/* fd is a slot of the file table */
	IOSQE_IO_DRAIN		= 1 << 1,	/* waits for all before it */
	IOSQE_IO_LINK		= 1 << 2,	/* the next waits for this one */
	IOSQE_IO_HARDLINK	= 1 << 3,	/* ... and runs though this fails */
	IOSQE_ASYNC		= 1 << 4,	/* by a worker thread from the start */
	IOSQE_BUFFER_SELECT	= 1 << 5,	/* the kernel takes a provided buffer */
	IOSQE_CQE_SKIP_SUCCESS	= 1 << 6,	/* complete only a failure (5.17) */
};

#define IORING_FILE_INDEX_ALLOC (~0U)	/* file_index: any free slot (5.19) */

/* ---- flags of single operations ---- */

enum {					/* POLL_ADD: sqe.len */
	IORING_POLL_ADD_MULTI		= 1 << 0,	/* 5.13 */
	IORING_POLL_UPDATE_EVENTS	= 1 << 1,
	IORING_POLL_UPDATE_USER_DATA	= 1 << 2,
	IORING_POLL_ADD_LEVEL		= 1 << 3,	/* 6.0 */
};

enum {					/* SEND, RECV and kin: sqe.ioprio */
	IORING_RECVSEND_POLL_FIRST	= 1 << 0,	/* 5.19 */
	IORING_RECV_MULTISHOT		= 1 << 1,	/* 6.0 */
	IORING_RECVSEND_FIXED_BUF	= 1 << 2,	/* 6.0 */
	IORING_SEND_ZC_REPORT_USAGE	= 1 << 3,	/* 6.2 */
	IORING_RECVSEND_BUNDLE		= 1 << 4,	/* 6.10 */
};

/* cqe.res of a SEND_ZC notification, with REPORT_USAGE: the kernel copied. */
#define IORING_NOTIF_USAGE_ZC_COPIED (1U << 31)

enum {					/* ACCEPT: sqe.ioprio */
	IORING_ACCEPT_MULTISHOT		= 1 << 0,	/* 5.19 */
	IORING_ACCEPT_DONTWAIT		= 1 << 1,	/* 6.10 */
	IORING_ACCEPT_POLL_FIRST	= 1 << 2,	/* 6.10 */
};

enum {					/* ASYNC_CANCEL: sqe.cancel_flags */
	IORING_ASYNC_CANCEL_ALL		= 1 << 0,	/* 5.19 */
	IORING_ASYNC_CANCEL_FD		= 1 << 1,	/* 5.19 */
	IORING_ASYNC_CANCEL_ANY		= 1 << 2,	/* 5.19 */
	IORING_ASYNC_CANCEL_FD_FIXED	= 1 << 3,	/* 6.0 */
};

enum {					/* TIMEOUT: sqe.timeout_flags */
	IORING_TIMEOUT_ABS		= 1 << 0,
	IORING_TIMEOUT_ETIME_SUCCESS	= 1 << 5,	/* 5.16 */
	IORING_TIMEOUT_MULTISHOT	= 1 << 6,	/* 6.4 */
};

enum { IORING_FSYNC_DATASYNC = 1 << 0 };		/* FSYNC: fsync_flags */

/* URING_CMD on a socket: sqe.cmd_op. */
enum { SOCKET_URING_OP_GETSOCKOPT = 2 };		/* 6.7 */

/* ---- cqe.flags ---- */

enum {
	IORING_CQE_F_BUFFER	= 1 << 0,	/* the upper 16 bits: which buffer */
	IORING_CQE_F_MORE	= 1 << 1,	/* the request goes on */
	IORING_CQE_F_SOCK_NONEMPTY = 1 << 2,	/* more is there already (5.19) */
	IORING_CQE_F_NOTIF	= 1 << 3,	/* SEND_ZC: the buffer is free (6.0) */
	IORING_CQE_F_BUF_MORE	= 1 << 4,	/* the buffer is not used up (6.12) */
	IORING_CQE_BUFFER_SHIFT	= 16,
};

/* ---- io_uring_setup ---- */

enum {
	IORING_SETUP_IOPOLL	   = 1 << 0,	/* 5.1 */
	IORING_SETUP_SQPOLL	   = 1 << 1,	/* 5.1; 5.13 without root */
	IORING_SETUP_SQ_AFF	   = 1 << 2,	/* 5.1 */
	IORING_SETUP_CQSIZE	   = 1 << 3,	/* 5.5 */
	IORING_SETUP_CLAMP	   = 1 << 4,	/* 5.6 */
	IORING_SETUP_ATTACH_WQ	   = 1 << 5,	/* 5.6 */
	IORING_SETUP_R_DISABLED	   = 1 << 6,	/* 5.10 */
	IORING_SETUP_SUBMIT_ALL	   = 1 << 7,	/* 5.18 */
	IORING_SETUP_COOP_TASKRUN  = 1 << 8,	/* 5.19 */
	IORING_SETUP_TASKRUN_FLAG  = 1 << 9,	/* 5.19 */
	IORING_SETUP_SQE128	   = 1 << 10,	/* 5.19 */
	IORING_SETUP_CQE32	   = 1 << 11,	/* 5.19 */
	IORING_SETUP_SINGLE_ISSUER = 1 << 12,	/* 6.0 */
	IORING_SETUP_DEFER_TASKRUN = 1 << 13,	/* 6.1 */
	IORING_SETUP_NO_MMAP	   = 1 << 14,	/* 6.5 */
	IORING_SETUP_REGISTERED_FD_ONLY = 1 << 15, /* 6.5 */
	IORING_SETUP_NO_SQARRAY	   = 1 << 16,	/* 6.6 */
	IORING_SETUP_HYBRID_IOPOLL = 1 << 17,	/* 6.13 */
	IORING_SETUP_CQE_MIXED	   = 1 << 18,	/* 6.18 */
	IORING_SETUP_SQE_MIXED	   = 1 << 19,	/* 6.19 */
	IORING_SETUP_SQ_REWIND	   = 1 << 20,	/* 7.0, with NO_SQARRAY */
};

enum {					/* params.features, from the kernel */
	IORING_FEAT_SINGLE_MMAP	   = 1 << 0,	/* 5.4 */
	IORING_FEAT_NODROP	   = 1 << 1,	/* 5.5 */
	IORING_FEAT_SUBMIT_STABLE  = 1 << 2,	/* 5.5 */
	IORING_FEAT_RW_CUR_POS	   = 1 << 3,	/* 5.6 */
	IORING_FEAT_FAST_POLL	   = 1 << 5,	/* 5.7 */
	IORING_FEAT_SQPOLL_NONFIXED = 1 << 7,	/* 5.11 */
	IORING_FEAT_EXT_ARG	   = 1 << 8,	/* 5.11 */
	IORING_FEAT_NATIVE_WORKERS = 1 << 9,	/* 5.12 */
	IORING_FEAT_CQE_SKIP	   = 1 << 11,	/* 5.17 */
	IORING_FEAT_RECVSEND_BUNDLE = 1 << 14,	/* 6.10 */
	IORING_FEAT_MIN_TIMEOUT	   = 1 << 15,	/* 6.12 */
};

/* Where in the mapping each shared word is: the kernel fills these in. */
struct io_sqring_offsets {
	__u32	head, tail, ring_mask, ring_entries;
	__u32	flags, dropped, array, resv;
	__u64	user_addr;		/* NO_MMAP: our memory for the entries */
};

struct io_cqring_offsets {
	__u32	head, tail, ring_mask, ring_entries;
	__u32	overflow, cqes, flags, resv;
	__u64	user_addr;		/* NO_MMAP: our memory for the rings */
};

struct io_uring_params {
	__u32	sq_entries;
	__u32	cq_entries;
	__u32	flags;
	__u32	sq_thread_cpu;
	__u32	sq_thread_idle;		/* milliseconds */
	__u32	features;
	__u32	wq_fd;
	__u32	resv[3];
	struct io_sqring_offsets sq_off;
	struct io_cqring_offsets cq_off;
};

/* What mmap(2) of the ring's descriptor maps, by offset. */
#define IORING_OFF_SQ_RING	0ULL		/* both rings (SINGLE_MMAP) */
#define IORING_OFF_CQ_RING	0x8000000ULL
#define IORING_OFF_SQES		0x10000000ULL

enum {					/* the word at sq_off.flags */
	IORING_SQ_NEED_WAKEUP	= 1 << 0,	/* SQPOLL: its thread sleeps */
	IORING_SQ_CQ_OVERFLOW	= 1 << 1,	/* 5.8: completions wait for room */
	IORING_SQ_TASKRUN	= 1 << 2,	/* 5.19: enter, there is work */
};

/* ---- io_uring_enter ---- */

enum {
	IORING_ENTER_GETEVENTS	= 1 << 0,
	IORING_ENTER_SQ_WAKEUP	= 1 << 1,
	IORING_ENTER_SQ_WAIT	= 1 << 2,	/* 5.10 */
	IORING_ENTER_EXT_ARG	= 1 << 3,	/* 5.11 */
	IORING_ENTER_REGISTERED_RING = 1 << 4,	/* 5.18 */
};

/* The argument with EXT_ARG; addresses are 64 bits wide everywhere. */
struct io_uring_getevents_arg {
	__u64	sigmask;
	__u32	sigmask_sz;
	__u32	min_wait_usec;		/* 6.12 */
	__u64	ts;			/* struct __kernel_timespec */
};

/* ---- io_uring_register ---- */

enum {
	IORING_REGISTER_BUFFERS		= 0,
	IORING_UNREGISTER_BUFFERS	= 1,
	IORING_REGISTER_FILES		= 2,
	IORING_UNREGISTER_FILES		= 3,
	IORING_REGISTER_EVENTFD		= 4,	/* 5.2 */
	IORING_UNREGISTER_EVENTFD	= 5,
	IORING_REGISTER_FILES_UPDATE	= 6,	/* 5.5 */
	IORING_REGISTER_EVENTFD_ASYNC	= 7,	/* 5.6 */
	IORING_REGISTER_PROBE		= 8,	/* 5.6 */
	IORING_REGISTER_ENABLE_RINGS	= 12,	/* 5.10 */
	IORING_REGISTER_FILES2		= 13,	/* 5.13; SPARSE 5.19 */
	IORING_REGISTER_IOWQ_MAX_WORKERS = 19,	/* 5.15 */
	IORING_REGISTER_RING_FDS	= 20,	/* 5.18 */
	IORING_REGISTER_PBUF_RING	= 22,	/* 5.19 */
	IORING_UNREGISTER_PBUF_RING	= 23,
	IORING_REGISTER_SYNC_CANCEL	= 24,	/* 6.0 */
	IORING_REGISTER_BPF_FILTER	= 37,	/* 7.0 */
};

struct io_uring_rsrc_register {		/* REGISTER_FILES2 */
	__u32	nr;
	__u32	flags;
	__u64	resv;
	__u64	data;
	__u64	tags;
};

enum { IORING_RSRC_REGISTER_SPARSE = 1 << 0 };

struct io_uring_files_update {
	__u32	offset;
	__u32	resv;
	__u64	fds;
};

struct io_uring_probe_op {
	__u8	op;
	__u8	resv;
	__u16	flags;
	__u32	resv2;
};

enum { IO_URING_OP_SUPPORTED = 1 << 0 };

struct io_uring_probe {
	__u8	last_op;
	__u8	ops_len;
	__u16	resv;
	__u32	resv2[3];
	struct io_uring_probe_op ops[IORING_OP_COUNT];
};

/*
 * A ring of provided buffers: an array of these.  Its tail lies over the last
 * two bytes of the first entry, which no buffer needs, so that an array of
 * 2^n entries is 2^n entries long.
 */
struct io_uring_buf {
	__u64	addr;
	__u32	len;
	__u16	bid;
	__u16	tail;			/* in entry 0 only */
};

struct io_uring_buf_reg {
	__u64	ring_addr;
	__u32	ring_entries;
	__u16	bgid;
	__u16	flags;
	__u64	resv[3];
};

struct io_uring_recvmsg_out {		/* before what a multishot recvmsg brought */
	__u32	namelen;
	__u32	controllen;
	__u32	payloadlen;
	__u32	flags;
};

struct io_uring_sync_cancel_reg {
	__u64	addr;
	__s32	fd;
	__u32	flags;
	struct __kernel_timespec timeout;
	__u64	resv[4];
};

/* ---- the three calls: -errno, no retry, nothing else ---- */

/* A descriptor; the rings' sizes and offsets are in *kparams. */
static inline long sys_io_uring_setup(unsigned entries,
				      struct io_uring_params *kparams)
{
	return enter_kernel(__NR_io_uring_setup, entries, kparams);
}

/*
 * How many entries of the submission queue the kernel took, which says
 * nothing about how those requests will end.  arg is a signal mask of
 * arg_size 8 or, with EXT_ARG, a struct io_uring_getevents_arg.
 */
static inline long sys_io_uring_enter(int fd, unsigned submit, unsigned wait,
				      unsigned flags, const void *arg,
				      unsigned long arg_size)
{
	return enter_kernel(__NR_io_uring_enter, fd, submit, wait, flags, arg,
			    arg_size);
}

/* opcode decides what arg and n mean. */
static inline long sys_io_uring_register(int fd, unsigned opcode, void *arg,
					 unsigned n)
{
	return enter_kernel(__NR_io_uring_register, fd, opcode, arg, n);
}

#endif
