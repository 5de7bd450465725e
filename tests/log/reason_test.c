/* SPDX-License-Identifier: MIT */
/*
 * reason_test.c - stacks of the kernel, and the reasons they stand for (with libc)
 *
 * Stacks as Linux 6.18 on x86-64 gave them, and the same with the names of
 * Linux 6.1 or of aarch64 where those differ.
 */
#include "../../log/reason.h"
#include "tap.h"

#define CALL "<do_syscall_64<entry_SYSCALL_64_after_hwframe"

static enum reason of(const char *stack)
{
	return reason_of((struct slice){ stack, strlen(stack) });
}

TEST(page_faults)
{
	EXPECT_EQ(REASON_FAULT_DISK,
		  of("io_schedule<folio_wait_bit_common<filemap_read_folio<"
		     "filemap_fault<__do_fault<handle_mm_fault<exc_page_fault"));
	EXPECT_EQ(REASON_FAULT_DISK,
		  of("schedule<io_schedule<folio_wait_bit_common<filemap_fault<"
		     "__do_fault<do_page_fault<el0_da"));
	/* The same inside of a call: its buffer is a cold mapping. */
	EXPECT_EQ(REASON_FAULT_DISK,
		  of("io_schedule<folio_wait_bit_common<filemap_fault<"
		     "handle_mm_fault<fault_in_readable<vfs_write" CALL));
	EXPECT_EQ(REASON_FAULT_SWAP,
		  of("io_schedule<folio_wait_bit_common<do_swap_page<"
		     "handle_mm_fault<exc_page_fault"));
	EXPECT_EQ(REASON_MEMORY_LOCK,
		  of("rwsem_down_read_slowpath<down_read<do_user_addr_fault<"
		     "exc_page_fault"));
}

static int is_fault(const char *stack)
{
	return reason_is_fault((struct slice){ stack, strlen(stack) });
}

TEST(a_page_fault_or_not)
{
	EXPECT_TRUE(is_fault("io_schedule<folio_wait_bit_common<filemap_fault<"
			     "__do_fault<do_page_fault<el0_da"));
	EXPECT_TRUE(is_fault("rwsem_down_read_slowpath<down_read<"
			     "do_user_addr_fault<exc_page_fault"));
	EXPECT_TRUE(!is_fault("schedule<__fput_sync<task_work_run<"
			      "exit_to_user_mode_loop"));
	EXPECT_TRUE(!is_fault("schedule<exit_mm<do_exit<do_group_exit"));
}

/* All of them have vfs_write or a write's functions in them. */
TEST(writes)
{
	EXPECT_EQ(REASON_PIPE_FULL, of("anon_pipe_write<vfs_write<ksys_write"
				       CALL));
	EXPECT_EQ(REASON_PIPE_FULL, of("pipe_wait_writable<do_splice<"
				       "__do_splice<__x64_sys_splice" CALL));
	/* sendfile: Linux 6.18, and 6.1 */
	EXPECT_EQ(REASON_SOCKET_FULL, of("wait_woken<sk_stream_wait_memory<"
		  "tcp_sendmsg_locked<tcp_sendmsg<sock_sendmsg<splice_to_socket<"
		  "direct_splice_actor<splice_direct_to_actor" CALL));
	EXPECT_EQ(REASON_SOCKET_FULL, of("wait_woken<sk_stream_wait_memory<"
		  "do_tcp_sendpages<tcp_sendpage_locked<tcp_sendpage<"
		  "inet_sendpage<kernel_sendpage<sock_sendpage<pipe_to_sendpage<"
		  "__splice_from_pipe<splice_from_pipe<direct_splice_actor<"
		  "splice_direct_to_actor" CALL));
	EXPECT_EQ(REASON_DISK, of("io_schedule<bit_wait_io<__wait_on_bit<"
		  "__wait_on_buffer<iter_file_splice_write<do_splice" CALL));
	EXPECT_EQ(REASON_PIPE_FULL, of("pipe_write<vfs_write" CALL));
	EXPECT_EQ(REASON_SOCKET_FULL, of("sk_stream_wait_memory<"
					 "tcp_sendmsg_locked<vfs_write" CALL));
	EXPECT_EQ(REASON_FROZEN, of("percpu_rwsem_wait<__percpu_down_read<"
				    "vfs_write<ksys_write" CALL));
	/* Of a cgroup's lock, which no frozen file system holds. */
	EXPECT_EQ(REASON_KERNEL_LOCK, of("percpu_rwsem_wait<percpu_down_write<"
					 "cgroup_procs_write_start<"
					 "__cgroup_procs_write<vfs_write" CALL));
	EXPECT_EQ(REASON_KERNEL_LOCK, of("percpu_rwsem_wait<__percpu_down_read<"
					 "cpus_read_lock<vfs_write" CALL));
	EXPECT_EQ(REASON_INODE_LOCK, of("rwsem_down_write_slowpath<down_write<"
					"ext4_buffered_write_iter<vfs_write"
					CALL));
	EXPECT_EQ(REASON_DIRTY, of("balance_dirty_pages<"
				   "balance_dirty_pages_ratelimited_flags<"
				   "ext4_buffered_write_iter<vfs_write" CALL));
	EXPECT_EQ(REASON_JOURNAL, of("wait_transaction_locked<"
				     "add_transaction_credits<"
				     "ext4_da_write_begin<vfs_write" CALL));
	EXPECT_EQ(REASON_WRITEBACK, of("io_schedule<folio_wait_bit<"
				       "folio_wait_writeback<"
				       "__filemap_fdatawait_range<ext4_sync_file"
				       CALL));
	EXPECT_EQ(REASON_FUSE, of("request_wait_answer<__fuse_simple_request<"
				  "fuse_file_write_iter<vfs_write" CALL));
	EXPECT_EQ(REASON_RECLAIM, of("io_schedule_timeout<reclaim_throttle<"
				     "shrink_node<try_to_free_mem_cgroup_pages<"
				     "vfs_write" CALL));
}

TEST(reads_and_waits)
{
	EXPECT_EQ(REASON_PIPE_EMPTY, of("pipe_wait_readable<splice_to_socket<"
					"do_splice<__do_splice" CALL));
	EXPECT_EQ(REASON_PIPE_EMPTY, of("pipe_wait_readable<"
		  "splice_from_pipe_next<iter_file_splice_write<do_splice" CALL));
	EXPECT_EQ(REASON_PIPE_EMPTY, of("pipe_wait_readable<ipipe_prep.part.0<"
					"do_tee<__x64_sys_tee" CALL));
	EXPECT_EQ(REASON_PIPE_EMPTY, of("anon_pipe_read<vfs_read<ksys_read"
					CALL));
	EXPECT_EQ(REASON_DISK, of("io_schedule<folio_wait_bit_common<"
				  "filemap_get_pages<filemap_read<vfs_read"
				  CALL));
	/* fsync goes through the page cache, and so does a part of a page. */
	EXPECT_EQ(REASON_DISK, of("submit_bio_wait<blkdev_issue_flush<"
				  "ext4_sync_file<do_fsync" CALL));
	EXPECT_EQ(REASON_DISK, of("submit_bio_wait<iomap_write_begin<"
				  "xfs_file_buffered_write<vfs_write" CALL));
	EXPECT_EQ(REASON_DISK_DIRECT, of("blk_io_schedule<__iomap_dio_rw<"
					 "iomap_dio_rw<ext4_file_read_iter" CALL));
	EXPECT_EQ(REASON_SOCKET_EMPTY, of("schedule_timeout<wait_woken<"
					  "sk_wait_data<tcp_recvmsg_locked"
					  CALL));
	EXPECT_EQ(REASON_ACCEPT, of("schedule_timeout<inet_csk_accept<"
				    "inet_accept" CALL));
	EXPECT_EQ(REASON_READINESS, of("schedule_hrtimeout_range_clock<ep_poll<"
				       "do_epoll_wait" CALL));
	EXPECT_EQ(REASON_FUTEX, of("futex_wait_queue<futex_wait<do_futex"
				   CALL));
	EXPECT_EQ(REASON_TIMER, of("do_nanosleep<hrtimer_nanosleep" CALL));
	EXPECT_EQ(REASON_CHILD, of("do_wait<kernel_wait4" CALL));
	EXPECT_EQ(REASON_COMPLETION, of("io_cqring_wait<"
					"__do_sys_io_uring_enter" CALL));
	/* A worker that has work waits for what its work waits for. */
	EXPECT_EQ(REASON_PIPE_EMPTY, of("anon_pipe_read<vfs_read<io_read<"
					"io_wq_submit_work<io_wq_worker<"
					"ret_from_fork"));
	EXPECT_EQ(REASON_IDLE_WORKER, of("schedule_timeout<io_wq_worker<"
					 "ret_from_fork"));
}

/* What no rule knows is not known, and no name is taken for a longer one. */
TEST(not_known)
{
	EXPECT_EQ(REASON_NONE, of(""));
	EXPECT_EQ(REASON_UNKNOWN, of("some_driver_wait<vfs_read<ksys_read"
				     CALL));
	EXPECT_EQ(REASON_UNKNOWN, of("ep_polls<x" CALL));
	EXPECT_EQ(REASON_UNKNOWN, of("my_do_wait<x" CALL));
	EXPECT_EQ(REASON_READINESS, of("ep_poll.isra.0<x" CALL));
	for (int i = 0; i < REASONS; i++) {
		EXPECT_TRUE(*reason_id(i));
		EXPECT_TRUE(*reason_text(i));
	}
}
