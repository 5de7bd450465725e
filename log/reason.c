/* SPDX-License-Identifier: MIT */
/* reason.c - why a thread slept, as the kernel's stack tells; see reason.h */
#include "reason.h"

/*
 * The first rule whose two functions are in the stack decides; a name that
 * ends with '*' stands for all that begin so.  The special comes before the
 * general: a thread that waits for a journal holds an inode's lock as well, and
 * what sleeps in a page fault may sleep inside of a call.
 */
static const struct rule {
	enum reason reason;
	const char *function, *and;
} rules[] = {
	{ REASON_DIRTY, "balance_dirty_pages*", NULL },
	{ REASON_RECLAIM, "try_to_free_*", NULL },
	{ REASON_RECLAIM, "reclaim_throttle", NULL },
	{ REASON_RECLAIM, "throttle_direct_reclaim", NULL },
	{ REASON_RECLAIM, "shrink_*", NULL },
	{ REASON_RECLAIM, "*mem_cgroup_handle_over_high", NULL },
	{ REASON_FAULT_SWAP, "do_swap_page", NULL },
	/* A lock of cgroups or of the set of processors; or the thread freezes a
	   file system, and waits for its writers. */
	{ REASON_KERNEL_LOCK, "percpu_down_write", NULL },
	{ REASON_KERNEL_LOCK, "cpus_read_lock", NULL },
	{ REASON_FROZEN, "percpu_rwsem_wait", "*write*" },
	{ REASON_FROZEN, "percpu_rwsem_wait", "mnt_want_write*" },
	{ REASON_FROZEN, "__percpu_down_read", "*write*" },
	{ REASON_FROZEN, "__percpu_down_read", "mnt_want_write*" },
	{ REASON_FUSE, "request_wait_answer", NULL },
	{ REASON_NFS, "rpc_wait_bit_killable", NULL },
	{ REASON_FILE_LOCK, "locks_lock_inode_wait", NULL },
	{ REASON_FILE_LOCK, "flock_lock_inode_wait", NULL },
	{ REASON_FILE_LOCK, "fcntl_setlk*", NULL },
	{ REASON_FILE_LOCK, "do_lock_file_wait*", NULL },
	{ REASON_FILE_LOCK, "__do_sys_flock", NULL },
	{ REASON_FILE_LOCK, "__x64_sys_flock", NULL },
	{ REASON_FILE_LOCK, "__arm64_sys_flock", NULL },
	{ REASON_INODE_LOCK, "rwsem_down_*", "*file_write_iter" },
	{ REASON_INODE_LOCK, "rwsem_down_*", "*buffered_write*" },
	{ REASON_INODE_LOCK, "rwsem_down_*", "*dio_*" },
	{ REASON_INODE_LOCK, "rwsem_down_*", "*file_read_iter" },
	{ REASON_INODE_LOCK, "rwsem_down_*", "xfs_ilock*" },
	{ REASON_INODE_LOCK, "rwsem_down_*", "*fallocate*" },
	{ REASON_INODE_LOCK, "rwsem_down_*", "*truncate*" },
	{ REASON_INODE_LOCK, "rwsem_down_*", "*lookup*" },
	{ REASON_INODE_LOCK, "rwsem_down_*", "open_last_lookups" },
	{ REASON_MEMORY_LOCK, "rwsem_down_*", "*exc_page_fault" },
	{ REASON_MEMORY_LOCK, "rwsem_down_*", "do_user_addr_fault" },
	{ REASON_MEMORY_LOCK, "rwsem_down_*", "vm_mmap_pgoff" },
	{ REASON_MEMORY_LOCK, "rwsem_down_*", "__vm_munmap" },
	{ REASON_MEMORY_LOCK, "rwsem_down_*", "do_mprotect*" },
	{ REASON_MEMORY_LOCK, "rwsem_down_*", "do_madvise*" },
	{ REASON_JOURNAL, "jbd2_log_wait_commit", NULL },
	{ REASON_JOURNAL, "start_this_handle", NULL },
	{ REASON_JOURNAL, "wait_transaction_locked", NULL },
	{ REASON_JOURNAL, "add_transaction_credits", NULL },
	{ REASON_JOURNAL, "jbd2_*", NULL },
	{ REASON_JOURNAL, "xlog_*", NULL },
	{ REASON_WRITEBACK, "folio_wait_writeback*", NULL },
	{ REASON_WRITEBACK, "folio_wait_stable", NULL },
	{ REASON_WRITEBACK, "__filemap_fdatawait_range", NULL },
	{ REASON_KERNEL_LOCK, "rwsem_down_*", NULL },
	{ REASON_KERNEL_LOCK, "__mutex_lock*", NULL },
	{ REASON_KERNEL_LOCK, "percpu_rwsem_wait", NULL },
	{ REASON_FAULT_DISK, "filemap_fault", NULL },
	{ REASON_FAULT_DISK, "io_schedule", "handle_mm_fault" },
	{ REASON_FAULT_DISK, "folio_wait_bit_common", "handle_mm_fault" },
	{ REASON_FIFO_PEER, "wait_for_partner", NULL },
	{ REASON_PIPE_FULL, "*pipe_write", NULL },
	{ REASON_PIPE_EMPTY, "*pipe_read", NULL },
	/* Of splice, tee and sendfile: what else they wait for is below. */
	{ REASON_PIPE_FULL, "pipe_wait_writable", NULL },
	{ REASON_PIPE_EMPTY, "pipe_wait_readable", NULL },
	{ REASON_SOCKET_FULL, "sk_stream_wait_memory", NULL },
	{ REASON_SOCKET_FULL, "sock_alloc_send_pskb", NULL },
	{ REASON_SOCKET_FULL, "sock_wait_for_wmem", NULL },
	/* It waits in unix_wait_for_peer while the listener's queue is full. */
	{ REASON_CONNECT, "unix_stream_connect", NULL },
	{ REASON_SOCKET_FULL, "unix_wait_for_peer", NULL },
	{ REASON_ACCEPT, "inet_csk_accept", NULL },
	{ REASON_ACCEPT, "inet_csk_wait_for_connect", NULL },
	{ REASON_ACCEPT, "unix_accept", NULL },
	{ REASON_CONNECT, "inet_wait_for_connect", NULL },
	{ REASON_CONNECT, "sk_stream_wait_connect", NULL },
	{ REASON_CONNECT, "__inet_stream_connect", NULL },
	{ REASON_SOCKET_EMPTY, "__skb_wait_for_more_packets", NULL },
	{ REASON_SOCKET_EMPTY, "sk_wait_data", NULL },
	{ REASON_SOCKET_EMPTY, "unix_stream_read_generic", NULL },
	{ REASON_SOCKET_EMPTY, "unix_stream_data_wait", NULL },
	{ REASON_FUTEX, "futex_*", NULL },
	{ REASON_FUTEX, "__futex_wait", NULL },
	{ REASON_FUTEX, "do_futex", NULL },
	{ REASON_READINESS, "ep_poll", NULL },
	{ REASON_READINESS, "do_epoll_wait", NULL },
	{ REASON_READINESS, "do_sys_poll", NULL },
	{ REASON_READINESS, "do_select", NULL },
	{ REASON_READINESS, "core_sys_select", NULL },
	{ REASON_TIMER, "do_nanosleep", NULL },
	{ REASON_TIMER, "hrtimer_nanosleep", NULL },
	{ REASON_CHILD, "do_wait", NULL },
	{ REASON_CHILD, "kernel_wait4", NULL },
	{ REASON_CHILD, "wait_for_vfork_done", NULL },
	{ REASON_CHILD, "wait_for_completion_state", "kernel_clone" },
	{ REASON_SIGNAL, "do_sigtimedwait*", NULL },
	{ REASON_SIGNAL, "sigsuspend", NULL },
	{ REASON_SIGNAL, "*sys_rt_sigsuspend", NULL },
	{ REASON_SIGNAL, "*sys_pause", NULL },
	{ REASON_SIGNAL, "signalfd_*", NULL },
	{ REASON_SIGNAL, "do_signal_stop", NULL },
	{ REASON_COMPLETION, "io_cqring_wait*", NULL },
	{ REASON_COMPLETION, "read_events", NULL },
	{ REASON_EVENT_FD, "eventfd_read", NULL },
	{ REASON_EVENT_FD, "timerfd_read*", NULL },
	{ REASON_EVENT_FD, "inotify_read", NULL },
	{ REASON_TERMINAL, "n_tty_*", NULL },
	{ REASON_TERMINAL, "tty_*", NULL },
	{ REASON_DISK_DIRECT, "*iomap_dio_rw", NULL },
	{ REASON_DISK_DIRECT, "*blkdev_direct_*", NULL },
	{ REASON_DISK_DIRECT, "blk_io_schedule", NULL },
	/* Also of fsync (a flush) and of a buffered write (a part of a page). */
	{ REASON_DISK, "submit_bio_wait", NULL },
	{ REASON_DISK, "blkdev_issue_flush", NULL },
	{ REASON_DISK, "filemap_get_pages", NULL },
	{ REASON_DISK, "filemap_update_page", NULL },
	{ REASON_DISK, "__wait_on_buffer", NULL },
	{ REASON_DISK, "bit_wait_io", NULL },
	{ REASON_DISK, "blk_mq_get_tag", NULL },
	{ REASON_DISK, "rq_qos_wait", NULL },
	{ REASON_DISK, "io_schedule*", NULL },
	{ REASON_IDLE_POLLER, "io_sq_thread", NULL },
	{ REASON_IDLE_WORKER, "io_wq_worker", NULL },
};

static const struct { const char *id, *text; } names[REASONS] = {
	[REASON_NONE] = { "no-stack", "the kernel's stack was not kept" },
	[REASON_UNKNOWN] = { "not-known", "not known" },
	[REASON_FAULT_DISK] = { "page-fault", "disk read by a page fault" },
	[REASON_FAULT_SWAP] = { "swap", "page fault: read from swap" },
	[REASON_RECLAIM] = { "reclaim", "memory reclaim: the thread frees pages, or "
			      "sleeps above memory.high" },
	[REASON_DIRTY] = { "dirty-limit", "writer slowed down: too many dirty "
			   "pages wait for writeback" },
	[REASON_FROZEN] = { "frozen", "the file system is frozen or suspended" },
	[REASON_JOURNAL] = { "journal", "commit of the file system's journal" },
	[REASON_WRITEBACK] = { "writeback", "writeback of pages" },
	[REASON_INODE_LOCK] = { "inode-lock", "lock of an inode" },
	[REASON_MEMORY_LOCK] = { "memory-lock", "lock of the address space "
				 "(mmap_lock)" },
	[REASON_KERNEL_LOCK] = { "kernel-lock", "a lock of the kernel" },
	[REASON_FUSE] = { "fuse", "answer of a FUSE server" },
	[REASON_NFS] = { "nfs", "answer of an NFS server" },
	[REASON_FILE_LOCK] = { "file-lock", "lock of a file (flock, fcntl)" },
	[REASON_PIPE_EMPTY] = { "pipe-empty", "pipe empty" },
	[REASON_PIPE_FULL] = { "pipe-full", "pipe full" },
	[REASON_FIFO_PEER] = { "fifo-peer", "FIFO without a process at its "
			       "other end" },
	[REASON_SOCKET_EMPTY] = { "socket-empty", "socket empty" },
	[REASON_SOCKET_FULL] = { "socket-full", "socket buffer full" },
	[REASON_ACCEPT] = { "accept", "no connection to accept" },
	[REASON_CONNECT] = { "connect", "peer's answer to connect" },
	[REASON_FUTEX] = { "futex", "futex" },
	[REASON_READINESS] = { "readiness", "no descriptor ready" },
	[REASON_TIMER] = { "timer", "timer" },
	[REASON_CHILD] = { "child", "a child process" },
	[REASON_SIGNAL] = { "signal", "a signal" },
	[REASON_COMPLETION] = { "completion", "no request completed" },
	[REASON_EVENT_FD] = { "event-fd", "eventfd, timerfd or inotify without "
			      "an event" },
	[REASON_TERMINAL] = { "terminal", "the terminal" },
	[REASON_DISK_DIRECT] = { "disk-direct", "the disk, without the page cache" },
	[REASON_DISK] = { "disk", "the disk" },
	[REASON_IDLE_WORKER] = { "idle-worker", "worker without work" },
	[REASON_IDLE_POLLER] = { "idle-poller", "nothing submitted" },
};

/* pattern: a name; '*' at its begin or end stands for any text. */
static int is_like(struct slice name, const char *pattern)
{
	size_t len = strlen(pattern);
	int open = *pattern == '*', more = len && pattern[len - 1] == '*';
	struct slice word = slice_of(pattern + open, pattern + len - more);
	const char *at;

	/* "name.isra.0" is a variant that the compiler made. */
	at = memchr(name.at, '.', name.len);
	if (at)
		name = slice_of(name.at, at);
	if (word.len > name.len)
		return 0;
	if (open && more)
		return memmem(name.at, name.len, word.at, word.len) != NULL;
	if (open)
		return !memcmp(name.at + name.len - word.len, word.at, word.len);
	return !memcmp(name.at, word.at, word.len) &&
	       (more || name.len == word.len);
}

static int has(struct slice stack, const char *pattern)
{
	const char *end = stack.at + stack.len;

	for (const char *p = stack.at; p < end; ) {
		const char *stop = memchr(p, '<', end - p);

		if (!stop)
			stop = end;
		if (is_like(slice_of(p, stop), pattern))
			return 1;
		p = stop + 1;
	}
	return 0;
}

enum reason reason_of(struct slice stack)
{
	if (!stack.len)
		return REASON_NONE;
	for (unsigned i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (has(stack, rules[i].function) &&
		    (!rules[i].and || has(stack, rules[i].and)))
			return rules[i].reason;
	return REASON_UNKNOWN;
}

int reason_is_fault(struct slice stack)
{
	static const char *const functions[] = {
		"*page_fault", "do_user_addr_fault", "handle_mm_fault",
		"filemap_fault", "do_swap_page", "do_mem_abort",
		"handle_page_fault",
	};

	for (unsigned i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (has(stack, functions[i]))
			return 1;
	return 0;
}

const char *reason_text(enum reason r)
{
	return names[r].text;
}

const char *reason_id(enum reason r)
{
	return names[r].id;
}
