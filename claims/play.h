/* SPDX-License-Identifier: MIT */
/*
 * play.h - the calls that claims are decided by, and what they share
 *
 * A play runs in a process that is recorded (claims.h).  It makes the calls
 * that its sentence is about; what they do is for the record to tell.  What it
 * cannot set up ends it with the reason, and the claim is not testable here.
 */
#ifndef IOMODELS_PLAY_H
#define IOMODELS_PLAY_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "claims.h"

/* The claim whose play this process makes, or NULL. */
extern const struct claim *claim_played;

/* How strace shows play_begins(). */
#define PLAY_BEGINS "write(-1, \"the play begins\""
enum { PLAY_BEGINS_BYTES = 15 };

/* What was until now is not in the record; done before each play, too. */
void play_begins(void);

/* A line of strace's record: a write(2) to no file. */
__attribute__((format(printf, 1, 2)))
void remark(const char *format, ...);

/* End the play: it cannot be played here, and why. */
__attribute__((format(printf, 1, 2)))
_Noreturn void cannot(const char *format, ...);

/* The result of a call that sets something up; -1 ends the play. */
#define need(call) need_((call), #call)
long need_(long result, const char *call);

/* The letter that ps(1) shows: 'S' asleep, 'Z' has ended; 0: no process. */
char state_of(pid_t pid);

/* Return when process or thread pid sleeps; if it never does, end. */
void wait_asleep(pid_t pid);

/* A file of its own in /proc, such as "wchan", from its beginning. */
void read_proc(pid_t pid, const char *name, char *text, size_t size);

/* fork(2); the child dies with its parent. */
pid_t fork_child(void);

/* A file of a MiB that is on the disk and not in memory. */
int cold_file(void);

/* ---- sockets on loopback ---- */

int listener_on(struct sockaddr_in *a);
int connected_to(const struct sockaddr_in *a);
int udp_bound(struct sockaddr_in *a);
void tcp_connection(int *ours, int *peer);
void stream_pair(int pair[2]);		/* AF_UNIX */

/* SIGIO, blocked; with F_SETSIG it carries si_code, si_band and si_fd. */
extern sigset_t sigio_set;
void say_sigio(int fd);
void forget_sigio(void);
void take_sigio(void);

/* ---- records ---- */

/*
 * Run a command, and wait; what it writes on stderr goes to said.  Returns
 * its exit status, 128 + N when signal N ended it, -1 when it did not start.
 */
int run_play(char *const *command, struct text *said);

/* The record has the lines that the patterns (claims.h) ask for. */
int record_matches(const char *record, const char *patterns,
		   struct text *proof);

/* 0, or -1 with the reason in proof. */
int compile_pattern(regex_t *re, const char *pattern, struct text *proof);

/* Run the play of a claim and record it: 0, or its status; said has why. */
int play_under_strace(char *self, const char *id, struct text *said,
		      struct text *record);
int play_under_kernel(char *self, const struct claim *c, struct text *said,
		      struct text *record);

/* ---- the plays ---- */

/* play_signal.c */
void sigio_connection(void);
void sigio_connected(void);
void sigio_data(void);
void sigio_half_closed(void);
void sigio_disconnect(void);
void sigio_closed(void);
void sigio_reset(void);
void sigio_room(void);
void sigio_datagram(void);
void sigio_udp_error(void);
void sigio_coalesces(void);
void sigio_tcp_request(void);
void sigio_udp_request(void);
void sigio_while_receiving(void);
void sigio_while_receiving_udp(void);
void sigio_without_shortage(void);
void rt_queues(void);
void rt_overflows(void);
void rt_names_closed(void);
void restart_recv(void);
void restart_with_timeout(void);
void restart_select(void);
void restart_poll(void);
void restart_epoll(void);
void restart_getevents(void);
void restart_sigsuspend(void);
void accepted_flags(void);
void accepted_as_on_bsd(void);

/* play_ready.c */
void poll_whole_set(void);
void epoll_ready_only(void);
void epoll_of_file(void);
void poll_of_file(void);
void level_again(void);
void edge_once(void);
void edge_half_drained(void);
void edge_short_read(void);
void room_not_ready(void);
void edge_starves(void);
void dup_stays(void);
void exclusive_fixed(void);
void select_beyond(void);
void select_left(void);
void herd(void);
void herd_exclusive(void);
void exclusive_same(void);
void exclusive_order(void);
void accept_turns(void);
void ready_then_reset(void);
void ready_then_taken(void);
void ready_bad_checksum(void);
void bad_checksum_blocking(void);
void bad_checksum_short(void);
void listener_shut(void);
void listener_shut_unix(void);
void emfile_keeps(void);
void nonblock_read_of_file(void);
void nonblock_read_waits(void);
void nowait_read(void);
void closed_peer(void);
void closed_peer_tcp(void);
void closed_unread_tcp(void);
void reset_after_data_tcp(void);
void wchan_of_sleeper(void);
void two_stops_a_call(void);
void ignored_signal(void);
void ignored_signal_traced(void);
void epoll_stopped(void);
void epoll_frozen(void);
void poll_stopped(void);
void shared_set_last(void);
void shared_set_level(void);
void shared_set_edge(void);
void reuseport_spreads(void);
void reuseport_closed(void);
void epoll_add_while_waiting(void);
void epoll_oneshot(void);

/* play_kinds.c */
void ready_table(void);
void ready_tcp(void);
void ready_other_sockets(void);
void ready_pipe(void);
void ready_one_loop(void);
void ready_files(void);
void connect_nonblocking(void);
void select_first_argument(void);

/* play_copy.c */
void fault_waits(void);
void fault_counts(void);
void fault_in_memory(void);
void fault_populate(void);
void fault_willneed(void);
void readahead_starts(void);
void write_deferred(void);
void write_reads_first(void);
void write_dsync(void);
void write_direct(void);
void direct_offset(void);
void dontcache_read(void);
void send_waits(void);
void send_copies(void);
void accept_waits(void);
void receive_path(void);
void sendfile_shares(void);
void sendfile_waits(void);
void sendfile_to_file(void);
void splice_needs_pipe(void);
void splice_copies_nothing(void);
void vmsplice_shares(void);
void zerocopy_tells(void);
void zerocopy_not_allowed(void);
void recv_trunc(void);

/* play_uring.c */
void aio_read_in_submit(void);
void aio_ring_in_memory(void);
void aio_of_socket(void);
void aio_of_nonblocking(void);
void uring_inline(void);
void uring_polled(void);
void uring_fsync(void);
void uring_async_flag(void);
void uring_cold_read(void);
void uring_worker_untraced(void);
void uring_sqpoll_silent(void);
void uring_multishot_accept(void);
void uring_nonblock(void);
void uring_nonblock_worker(void);
void uring_dontwait(void);
void uring_bad_descriptor(void);
void uring_fdinfo(void);
void aio_two_contexts(void);
void aio_after_fork(void);
void aio_appends(void);
void task_work_interrupts(void);
void task_work_deferred(void);
void task_work_ends_epoll(void);
void ring_close_ends_epoll(void);
void uring_in_epoll(void);
void uring_eventfd(void);
void uring_single_issuer(void);
void uring_send_zc(void);
void uring_link_breaks(void);
void uring_hard_link(void);
void uring_out_of_order(void);
void worker_sockets(void);
void worker_disk(void);
void worker_ext4(void);
void worker_tmpfs(void);
void worker_table(void);

/* play_libc.c */
void libc_select(void);
void libc_select_left(void);
void libc_open(void);
void libc_waits(void);
void libc_aio_thread(void);
void libc_aio_one_descriptor(void);
void libc_aio_four_descriptors(void);
void libc_aio_signal(void);
void libc_aio_socket(void);
void libc_aio_write_waits(void);
void libc_aio_callback(void);
void libc_swapcontext(void);
void liburing_errno(void);

/* play_server.c: these are the claims' decide */
enum verdict one_at_a_time(const struct claim *claim, struct text *proof);
enum verdict naive_loses(const struct claim *claim, struct text *proof);
enum verdict draining_keeps(const struct claim *claim, struct text *proof);
enum verdict naive_blocks(const struct claim *claim, struct text *proof);
enum verdict no_kernel_async(const struct claim *claim, struct text *proof);
enum verdict node_reads_in_threads(const struct claim *claim, struct text *proof);

#endif
