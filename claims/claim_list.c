/* SPDX-License-Identifier: MIT */
/*
 * claim_list.c - the claims
 */
#include <stddef.h>
#include "claims.h"
#include "play.h"

#define UNP "UNIX Network Programming "

#define PLAY(name, fn, says, from, wants, ...) \
	{ .id = name, .sentence = says, .source = from, .play = fn, \
	  .lines = wants, __VA_ARGS__ }
#define EVENTS(name, fn, says, from, wants, ...) \
	{ .id = name, .sentence = says, .source = from, .play = fn, \
	  .recorder = BY_KERNEL, .lines = wants, __VA_ARGS__ }
#define WAITS(name, prog, w, c, says, from, ...) \
	{ .id = name, .sentence = says, .source = from, .program = prog, \
	  .waits = w, .copies = c, __VA_ARGS__ }

/* The domain in which a claim is tried, and its false twin. */
#define TRIED(on, false_sentence, false_lines) \
	.domain = on, .twin = false_sentence, .twin_lines = false_lines
#define UNLIKE(on, other) \
	.domain = on, .twin = "the same holds for " other, .twin_program = other

/* A signal of a socket was taken, with this code and this band. */
#define SIGIO_SAYS(code, band) \
	"rt_sigtimedwait.*si_signo=SIGIO, si_code=" code ", si_band=" band "[,}]"

/* signal_generate: it became pending; one was pending; there was no room. */
#define GENERATED(sig, result) "signal_generate sig=" sig " .*result=" result

/* A wakeup by the thread that processes the packet; those at the end, when all
 * processes are killed, do not count. */
#define WOKEN_BY_A_CONNECTION \
	"^(1 in (connect|poll)|1|\\(.*\\)): sched_waking comm=iomodels pid=[2-5] "

#ifdef SYS_epoll_wait
#define LIBC_WAITS "^1 epoll_wait\\(.* = 0\n^1 poll\\(.* = 0"
#else
#define LIBC_WAITS "^1 epoll_pwait\\(.* = 0\n^1 ppoll\\(.* = 0"
#endif

/* A row of play_kinds.c's record: what poll reports, whether epoll takes it. */
#define READY(state, names, takes) \
	"\"ready: " state " \\| " names " \\| " takes "\""
#define SHOWS(name, fn, says, from, state, names, on, error, wrong, ...) \
	PLAY(name, fn, says, from, READY(state, names, "yes"), \
	     TRIED(on, error, READY(state, wrong, "yes")), __VA_ARGS__)

/* A row of play_uring.c's: who has done the request. */
#define DONE_BY(what, where, who) \
	"\"worker: " what " \\| " where " \\| " who "\""
#define WORKS(name, fn, says, from, what, where, who, on, error, other, ...) \
	PLAY(name, fn, says, from, DONE_BY(what, where, who), \
	     TRIED(on, error, DONE_BY(what, where, other)), __VA_ARGS__)

const struct claim claims[] = {
	WAITS("blocking", "blocking_loop", "main in recvfrom",
	      "main in recvfrom", "a blocking recv waits and copies in one call",
	      "the tutorial",
	     UNLIKE("TCP", "epoll")),
	WAITS("thread", "blocking_thread", "thread in recvfrom",
	      "thread in recvfrom", "with a thread for each connection, each "
	      "thread waits and copies for itself", "the tutorial",
	     UNLIKE("TCP", "blocking_loop"),
	     .words = "threads non-blocking"),
	WAITS("select", "select", "main in (select|pselect6)",
	      "main in recvfrom", "with select, recv still copies synchronously", "the tutorial",
	     UNLIKE("TCP", "poll"),
	     .words = "or poll"),
	WAITS("poll", "poll", "main in ppoll", "main in recvfrom",
	      "with poll, recv still copies synchronously", "the tutorial",
	     UNLIKE("TCP", "select")),
	WAITS("epoll", "epoll", "main in epoll_pwait", "main in recvfrom",
	      "with epoll, recv still copies synchronously", "the tutorial",
	     UNLIKE("TCP", "poll"),
	     .words = "event-driven asynchronous threads non-blocking instead of io_uring server"),
	WAITS("epoll-et", "epoll_et", "main in epoll_pwait", "main in recvfrom",
	      "edge-triggered epoll changes when a thread is notified, not who "
	      "copies",
	      "epoll(7)", .calls = "epoll_ctl\\(.*EPOLL_CTL_ADD.*EPOLLET",
	     UNLIKE("TCP", "epoll"),
	     .words = "edge triggered"),
	WAITS("sigio", "sigio_tcp", "main in rt_sigsuspend", "main in recvfrom",
	      "SIGIO covers only the first phase, the wait: recv copies",
	      "the tutorial",
	     UNLIKE("TCP", "sigio_queued")),
	WAITS("callback", "callback", "main in epoll_pwait", "main in recvfrom",
	      "callbacks run in the application: its thread waits and copies",
	      "the tutorial",
	     UNLIKE("TCP", "epoll_thread")),
	WAITS("coroutine", "coroutine", "main in epoll_pwait",
	      "main in recvfrom", "with coroutines, recv still copies "
	      "synchronously", "the tutorial", .calls = "mmap\\(NULL, .*MAP_STACK",
	     UNLIKE("TCP", "callback")),
	WAITS("posix-aio-socket", "posix_aio_server", "thread in read",
	      "thread in read", "glibc carries out aio_read with a thread that "
	      "blocks",
	      "aio(7)",
	     UNLIKE("TCP, glibc", "native_aio_poll"),
	     .words = "POSIX AIO"),
	WAITS("uring-basic", "uring_basic", "main in io_uring_enter",
	      "main in io_uring_enter", "io_uring's recv is copied by the "
	      "submitting thread itself", "liburing issue 487",
	     UNLIKE("TCP", "uring_worker"),
	     .words = "instead of epoll server"),
	WAITS("uring-multishot", "uring_multishot", "main in io_uring_enter",
	      "main in io_uring_enter", "io_uring's multishot recv is copied "
	      "by the submitting thread", "io_uring_multishot(7)",
	      .calls = "io_uring_register\\(.*PBUF_RING",
	     UNLIKE("TCP", "uring_basic"),
	     .words = "instead of epoll server"),
	WAITS("uring-poll", "uring_poll", "main in io_uring_enter",
	      "main in recvfrom", "a ring can be used for readiness alone",
	      "io_uring_enter(2)",
	     UNLIKE("TCP", "uring_basic"),
	     .words = "instead of epoll server"),
	WAITS("uring-worker", "uring_worker",
	      "main in io_uring_enter, iou-wrk|(iou-wrk, )?main in io_uring_enter",
	      "iou-wrk",
	      "with IOSQE_ASYNC a kernel thread copies",
	      "io_uring_enter(2)",
	     .since = "6.2", UNLIKE("TCP, not Linux 6.1", "uring_basic")),
	WAITS("uring-sqpoll", "uring_sqpoll",
	      "(iou-sqp, )?main in io_uring_enter|main in io_uring_enter, iou-sqp",
	      "iou-sqp", "with SQPOLL the polling thread copies; waiting still "
	      "needs a call", "io_uring_setup(2)",
	     UNLIKE("TCP", "uring_basic"),
	     .words = "event-driven asynchronous"),
	WAITS("aio-poll", "native_aio_poll", "main in io_getevents",
	      "main in recvfrom", "IOCB_CMD_POLL gives readiness through "
	      "io_submit; recv copies", "io_submit(2)",
	     UNLIKE("TCP", "epoll")),

	{ .id = "file-blocking", .program = "file_blocking", .direct = 1,
	  .waits = "main in pread64", .copies = "main in pread64",
	  .sentence = "a read of a file waits for the disk in the call",
	  .source = "read(2)",
	     UNLIKE("a cold file on a disk", "file_threads") },
	{ .id = "file-posix-aio", .program = "posix_aio_glibc", .direct = 1,
	  /* On a busy machine the thread waits for glibc's lock, too. */
	  .waits = "main in futex(, thread in futex)?(, thread in pread64)?",
	  .copies = "thread in pread64",
	  .sentence = "glibc's aio_read of a file is pread64 in a thread, "
		      "while the caller sleeps in a futex",
	  .source = "aio(7)",
	     UNLIKE("a cold file on a disk, glibc", "file_blocking"),
	     .words = "POSIX AIO libaio" },
	{ .id = "file-aio-buffered", .program = "native_aio", .direct = 1,
	  .waits = "main in io_submit", .copies = "main in io_submit",
	  .sentence = "io_submit of a buffered read does the whole read",
	  .source = "fs/aio.c",
	     UNLIKE("a cold file on a disk", "uring_file"),
	     .words = "libaio" },
	{ .id = "file-aio-direct", .program = "native_aio", .direct = 2,
	  .waits = "main in io_getevents", .copies = "nobody: the device",
	  .sentence = "with O_DIRECT the wait moves to io_getevents, and "
		      "nobody copies",
	  .source = "io_submit(2)",
	     UNLIKE("O_DIRECT, a file on a disk", "file_blocking"),
	     .words = "event-driven asynchronous AIO libaio" },
	{ .id = "file-uring", .program = "uring_file", .direct = 2,
	  .waits = "main in io_uring_enter", .copies = "nobody: the device",
	  .sentence = "io_uring with O_DIRECT waits in io_uring_enter, and "
		      "nobody copies",
	  .source = "io_uring(7)",
	     UNLIKE("O_DIRECT, a file on a disk", "native_aio") },

	{ .id = "callback-is-epoll", .program = "callback", .same_as = "epoll",
	  .sentence = "to the kernel, a callback loop is a plain epoll loop",
	  .source = "design",
	     UNLIKE("TCP", "epoll_et") },
	{ .id = "coroutine-is-epoll", .program = "coroutine",
	  .same_as = "epoll", .source = "design",
	  .sentence = "to the kernel, a coroutine loop is a plain epoll loop, "
		      "except for its stacks",
	     UNLIKE("TCP", "epoll_et") },
	{ .id = "blocking-one-at-a-time", .program = "blocking_loop", .decide = one_at_a_time,
	  .sentence = "a plain blocking loop serves one client at a time",
	  .source = "the tutorial",
	     UNLIKE("TCP", "blocking_thread"),
	     .words = "threads non-blocking" },
	{ .id = "naive-loses", .program = "sigio_tcp_naive", .decide = naive_loses, .source = "the tutorial's TODO",
	  .sentence = "a single-threaded TCP SIGIO server that accepts once per "
		      "signal loses connections",
	     UNLIKE("TCP", "sigio_tcp") },
	{ .id = "draining-keeps", .program = "sigio_tcp", .decide = draining_keeps,
	  .sentence = "a single-threaded TCP SIGIO server that accepts until "
		      "EAGAIN loses no connection",
	  .source = "design",
	     UNLIKE("TCP", "sigio_tcp_naive") },
	{ .id = "no-kernel-async", .decide = no_kernel_async,
	  .sentence = "Linux has no real asynchronous I/O: the program always "
		      "makes the copy itself",
	  .source = "the tutorial", .expected = REFUTED, .domain = "TCP",
	     .words = "event-driven asynchronous" },

	{ .id = "naive-blocks", .program = "sigio_tcp_naive", .decide = naive_blocks,
	  .sentence = "the socket that a naive SIGIO handler accepts is "
		      "blocking: a silent client keeps the handler in recvfrom",
	  .source = "the tutorial's TODO",
	     UNLIKE("TCP", "sigio_tcp") },

	/* ---- the causes of SIGIO, UNIX Network Programming 25.2 ---- */

	PLAY("sigio-connection", sigio_connection, "cause 1 of "
	     "SIGIO on TCP: a connection has come", UNP "25.2", SIGIO_SAYS("POLL_IN", "65"),
	     TRIED("TCP", "a new connection raises POLL_OUT",
	     SIGIO_SAYS("POLL_OUT", "[0-9]+"))),
	PLAY("sigio-disconnect", sigio_disconnect, "cause 2 of "
	     "SIGIO on TCP: the peer has begun to disconnect (close)", UNP "25.2",
	     SIGIO_SAYS("POLL_IN", "65"),
	     TRIED("TCP", "the close of the peer raises POLL_HUP",
	     SIGIO_SAYS("POLL_HUP", "[0-9]+"))),
	PLAY("sigio-closed", sigio_closed, "cause 3 of SIGIO on "
	     "TCP: both ends have closed the connection", UNP "25.2",
	     SIGIO_SAYS("POLL_HUP", "24"),
	     TRIED("TCP", "the end of both directions raises POLL_IN",
	     SIGIO_SAYS("POLL_IN", "[0-9]+"))),
	PLAY("sigio-half-closed", sigio_half_closed, "cause 4 of "
	     "SIGIO on TCP: the peer has closed its half (shutdown)", UNP "25.2",
	     SIGIO_SAYS("POLL_IN", "65"),
	     TRIED("TCP", "a half-closed connection raises POLL_HUP",
	     SIGIO_SAYS("POLL_HUP", "[0-9]+"))),
	PLAY("sigio-data", sigio_data, "cause 5 of SIGIO on TCP: data have "
	     "come",
	     UNP "25.2", SIGIO_SAYS("POLL_IN", "65"),
	     TRIED("TCP", "data raise POLL_MSG",
	     SIGIO_SAYS("POLL_MSG", "[0-9]+"))),
	PLAY("sigio-room", sigio_room, "cause 6 of SIGIO on TCP: there is "
	     "room to send again", UNP "25.2", SIGIO_SAYS("POLL_OUT", "772"),
	     TRIED("TCP", "room to send raises POLL_IN",
	     SIGIO_SAYS("POLL_IN", "[0-9]+"))),
	PLAY("sigio-reset", sigio_reset, "cause 7 of SIGIO on TCP: an error "
	     "has come (a reset)", UNP "25.2", SIGIO_SAYS("POLL_ERR", "8"),
	     TRIED("TCP", "a reset raises POLL_IN",
	     SIGIO_SAYS("POLL_IN", "[0-9]+"))),
	PLAY("sigio-connected", sigio_connected, "a cause of SIGIO on TCP that "
	     "UNIX Network Programming does not list: our connect has completed",
	     UNP "25.2", SIGIO_SAYS("POLL_OUT", "772"),
	     TRIED("TCP", "a connect that has completed raises POLL_IN",
	     SIGIO_SAYS("POLL_IN", "[0-9]+"))),
	PLAY("sigio-datagram", sigio_datagram, "cause 1 of SIGIO on "
	     "UDP: a datagram has come", UNP "25.2", SIGIO_SAYS("POLL_IN", "65"),
	     TRIED("UDP", "a datagram raises POLL_OUT",
	     SIGIO_SAYS("POLL_OUT", "[0-9]+"))),
	PLAY("sigio-udp-error", sigio_udp_error, "cause 2 of SIGIO on "
	     "UDP: an error has come", UNP "25.2", SIGIO_SAYS("POLL_ERR", "8"),
	     TRIED("UDP", "an error raises POLL_IN",
	     SIGIO_SAYS("POLL_IN", "[0-9]+"))),

	/* ---- signals ---- */

	PLAY("sigio-coalesces", sigio_coalesces, "50 datagrams that come while "
	     "SIGIO is blocked raise one signal", "signal(7)",
	     "50: ^1 sendto\\(.* = 1\n"
	     "rt_sigtimedwait\\(.* = 29 \\(SIGIO\\)\n"
	     "rt_sigtimedwait\\(.* = -1 EAGAIN",
	     TRIED("UDP", "50 datagrams raise 50 signals",
	     "50: rt_sigtimedwait\\(.* = 29 \\(SIGIO\\)")),
	EVENTS("sigio-lost-seen", sigio_coalesces, "of 50 SIGIO signals for "
	       "datagrams, the kernel queues 1 and reports 49 as pending "
	       "already",
	       "kernel/signal.c",
	       "1: " GENERATED("29", "0") "\n49: " GENERATED("29", "2"),
	     TRIED("UDP", "all 50 signals are queued",
	     "50: " GENERATED("29", "0"))),
	EVENTS("sigio-tcp-request", sigio_tcp_request, "a request over TCP "
	       "raises three signals: connection, data, end",
	       UNP "25.4", "3: " GENERATED("29", "0"),
	     TRIED("TCP", "a request over TCP raises one signal",
	     "1: " GENERATED("29", "0"))),
	EVENTS("sigio-udp-request", sigio_udp_request, "a request over UDP "
	       "raises one signal", UNP "25.3", "1: " GENERATED("29", "0"),
	     TRIED("UDP", "a request over UDP raises three signals",
	     "3: " GENERATED("29", "0"))),
	EVENTS("sigio-not-while-receiving", sigio_while_receiving, "when TCP "
	       "data come for a thread that sleeps in recv, no SIGIO reports them",
	       "net/socket.c", "^1 in recvfrom: sched_switch .*prev_state=1 \n"
	       "^1 in recvfrom: skb_copy_datagram_iovec .*len=1\n"
	       "0: " GENERATED("29", ""),
	     TRIED("TCP", "SIGIO comes although the thread sleeps in recv",
	     "1+: " GENERATED("29", ""))),
	EVENTS("sigio-while-receiving-udp", sigio_while_receiving_udp, "when a "
	       "datagram comes for a thread that sleeps in recv, SIGIO reports it",
	       "net/core/datagram.c",
	       "^1 in recvfrom: sched_switch .*prev_state=1 \n"
	       "1: " GENERATED("29", "0"),
	     TRIED("UDP", "no SIGIO comes while the thread sleeps in recv",
	     "0: " GENERATED("29", ""))),
	EVENTS("sigio-room-after-shortage", sigio_without_shortage, "SIGIO does "
	       "not report room to send if there was room before",
	       "net/core/stream.c", "0: " GENERATED("29", ""),
	     TRIED("TCP", "SIGIO reports room whenever the peer reads",
	     "1+: " GENERATED("29", ""))),
	PLAY("rt-queues", rt_queues, "real-time signals queue: five datagrams "
	     "raise five signals", "fcntl(2)",
	     "5: rt_sigtimedwait.*si_signo=SIGRT.* = 3[45] \n"
	     "1: rt_sigtimedwait.* = -1 EAGAIN",
	     TRIED("UDP", "five datagrams raise one real-time signal",
	     "1: rt_sigtimedwait.*si_signo=SIGRT.* = 3[45] ")),
	PLAY("rt-overflows", rt_overflows, "when the queue of real-time "
	     "signals is full, the kernel sends a plain SIGIO "
	     "instead", "fcntl(2)",
	     "rt_sigtimedwait\\(\\[IO\\], .* = 29 \\(SIGIO\\)",
	     TRIED("UDP",
	     "when the queue is full the signal is lost, and nothing reports it",
	     "0: rt_sigtimedwait\\(\\[IO\\], .* = 29 \\(SIGIO\\)")),
	EVENTS("rt-overflow-seen", rt_overflows, "tracepoints show that the "
	       "queue of real-time signals is full: a signal finds no room, "
	       "then SIGIO comes",
	       "kernel/signal.c", "50: " GENERATED("3[45]", "[03]") "\n"
	       GENERATED("3[45]", "3") "\n" GENERATED("29", "0"),
	     TRIED("UDP", "every real-time signal finds room",
	     "0: " GENERATED("3[45]", "3"))),
	PLAY("rt-names-closed", rt_names_closed, "si_fd can name a closed "
	     "descriptor as long as a duplicate of it is open", "fcntl(2)",
	     "close\\(77\\) = 0\n"
	     "rt_sigtimedwait.*si_code=POLL_IN, .*si_fd=77\\}",
	     TRIED("AF_UNIX", "no signal names a closed descriptor",
	     "0: rt_sigtimedwait.*si_fd=77\\}")),
	PLAY("accepted-blocks", accepted_flags, "on Linux an accepted socket "
	     "inherits neither O_NONBLOCK nor O_ASYNC", "accept(2)",
	     "fcntl\\([0-9]+, F_SETFL, O_RDONLY\\|O_NONBLOCK\\|FASYNC\\) = 0\n"
	     "fcntl\\([0-9]+, F_GETFL\\) = 0x2 \\(flags O_RDWR\\)",
	     TRIED("TCP", "an accepted socket inherits O_NONBLOCK",
	     "fcntl\\([0-9]+, F_GETFL\\) = 0x[0-9a-f]+ \\(flags O_RDWR\\|O_NONBLOCK")),
	PLAY("accepted-as-on-bsd", accepted_as_on_bsd, "if an accepted socket "
	     "inherited O_NONBLOCK, as on BSD, one recv in the handler would "
	     "lose the bytes that come a little later",
	     "accept(2)",
	     "recvfrom\\(5, .* = -1 EAGAIN\n"
	     "rt_sigtimedwait.*si_code=POLL_IN, .*si_fd=5\\}\n"
	     "accept\\(3, .* = -1 EAGAIN",
	     TRIED("TCP", "the first recv in the handler finds the data",
	     "recvfrom\\(5, .* = 1")),
	PLAY("restart-recv", restart_recv, "with SA_RESTART an interrupted "
	     "recv goes on", "signal(7)",
	     "recvfrom.* = \\? ERESTARTSYS\nrecvfrom.* = 1",
	     TRIED("SA_RESTART, no SO_RCVTIMEO",
	     "recv fails with EINTR in spite of SA_RESTART",
	     "recvfrom.* = -1 EINTR")),
	PLAY("restart-timeout", restart_with_timeout, "recv on a socket with "
	     "SO_RCVTIMEO is never restarted after a signal handler, SA_RESTART "
	     "or not", "signal(7)", "recvfrom.* = -1 EINTR\n1: recvfrom",
	     TRIED("AF_UNIX, SA_RESTART", "SA_RESTART restarts it",
	     "2+: recvfrom")),
	PLAY("restart-select", restart_select, "select is never restarted "
	     "after a signal handler, SA_RESTART or not", "signal(7)",
	     "select.* = \\? ERESTARTNOHAND\nrt_sigreturn.* = -1 EINTR\n"
	     "1: select",
	     TRIED("SA_RESTART", "select is restarted",
	     "2+: select"),
	     .words = "select poll"),
	PLAY("restart-poll", restart_poll, "poll is never restarted after a "
	     "signal handler, SA_RESTART or not", "signal(7)",
	     "poll.* = \\? ERESTART(_RESTARTBLOCK|NOHAND)\n"
	     "rt_sigreturn.* = -1 EINTR\n1: poll",
	     TRIED("SA_RESTART", "poll is restarted",
	     "2+: (poll|restart_syscall)"),
	     .words = "select poll"),
	PLAY("restart-epoll", restart_epoll, "epoll_wait is never restarted "
	     "after a signal handler, SA_RESTART or not", "signal(7)",
	     "epoll_p?wait.* = -1 EINTR\n1: epoll_p?wait",
	     TRIED("SA_RESTART", "epoll_wait is restarted",
	     "2+: epoll_p?wait"),
	     .words = "EINTR fails returns"),
	PLAY("restart-getevents", restart_getevents, "io_getevents is never "
	     "restarted after a signal handler, SA_RESTART or not",
	     "signal(7)", "io_getevents.* = -1 EINTR\n1: io_getevents",
	     TRIED("SA_RESTART", "io_getevents is restarted",
	     "2+: io_getevents")),
	PLAY("restart-sigsuspend", restart_sigsuspend, "sigsuspend is never "
	     "restarted after a signal handler, SA_RESTART or not",
	     "signal(7)", "rt_sigsuspend.* = \\? ERESTARTNOHAND\n"
	     "rt_sigreturn.* = -1 EINTR\n1: rt_sigsuspend",
	     TRIED("SA_RESTART", "sigsuspend is restarted",
	     "2+: rt_sigsuspend")),

	/* ---- select, poll, epoll ---- */

	PLAY("poll-whole-set", poll_whole_set, "each poll hands over the whole "
	     "set: 16 descriptors, 16 entries, at each call", "poll(2)",
	     "2: poll\\(\\[(\\{fd=[0-9]+, events=POLLIN\\}(, )?){16}\\], 16",
	     TRIED("AF_UNIX", "the second poll does not hand over the set",
	     "1: poll\\(\\[(\\{fd=[0-9]+, events=POLLIN\\}(, )?){16}\\], 16"),
	     .words = "why epoll scale select"),
	PLAY("epoll-ready-only", epoll_ready_only, "epoll_wait returns what is "
	     "ready; the set costs one epoll_ctl per descriptor", "epoll(7)",
	     "16: epoll_ctl\\(.*EPOLL_CTL_ADD.* = 0\n"
	     "2: epoll_p?wait\\([0-9]+, \\[\\{events=EPOLLIN, "
	     "data=[^]]*\\}\\], 16, .* = 1",
	     TRIED("AF_UNIX", "each wait needs its own epoll_ctl",
	     "17+: epoll_ctl\\("),
	     .words = "why epoll scale"),
	PLAY("epoll-no-files", epoll_of_file, "epoll refuses a regular file",
	     "epoll_ctl(2)", "EPOLL_CTL_ADD, .* = -1 EPERM",
	     TRIED("a regular file on a disk",
	     "epoll accepts a regular file",
	     "EPOLL_CTL_ADD, .* = 0"),
	     .words = "epoll file directory"),
	PLAY("poll-files-ready", poll_of_file, "poll reports a regular file as "
	     "always ready", "poll(2)", "poll\\(.*revents=POLLIN",
	     TRIED("a regular file on a disk",
	     "poll waits for a regular file",
	     "poll\\(.* = 0 \\(Timeout\\)")),
	PLAY("level-repeats", level_again, "level-triggered epoll reports "
	     "unread bytes again", "epoll(7)",
	     "epoll_p?wait\\(.*, 0(, NULL, 8)?\\) = 1\n"
	     "epoll_p?wait\\(.*, 7(, NULL, 8)?\\) = 1",
	     TRIED("AF_UNIX",
	     "level-triggered epoll reports unread bytes once",
	     "epoll_p?wait\\(.*, 7(, NULL, 8)?\\) = 0")),
	PLAY("edge-once", edge_once, "edge-triggered epoll does not report "
	     "unread bytes again",
	     "epoll(7)", "epoll_p?wait\\(.*, 0(, NULL, 8)?\\) = 1\n"
	     "epoll_p?wait\\(.*, 7(, NULL, 8)?\\) = 0",
	     TRIED("AF_UNIX, EPOLLIN without EPOLLOUT",
	     "edge-triggered epoll reports unread bytes again",
	     "epoll_p?wait\\(.*, 7(, NULL, 8)?\\) = 1")),
	PLAY("edge-half-drained", edge_half_drained, "edge-triggered epoll "
	     "does not report bytes that were left unread, until more bytes "
	     "come",
	     "epoll(7)", "recvfrom.* = 1\n"
	     "epoll_p?wait\\(.*, 7(, NULL, 8)?\\) = 0\n"
	     "epoll_p?wait\\(.*, 8(, NULL, 8)?\\) = 1",
	     TRIED("AF_UNIX, EPOLLIN without EPOLLOUT",
	     "edge-triggered epoll reports the second byte without a new one",
	     "epoll_p?wait\\(.*, 7(, NULL, 8)?\\) = 1")),
	PLAY("edge-short-read", edge_short_read, "after a short read there may "
	     "be more: a descriptor passed by SCM_RIGHTS ends the read, and "
	     "edge-triggered epoll does not report the bytes behind it",
	     "net/unix/af_unix.c", "recvfrom\\([0-9]+, \"x\", 8, .* = 1\n"
	     "epoll_p?wait\\(.*, 7(, NULL, 8)?\\) = 0\n"
	     "recvfrom\\([0-9]+, \"y\", 8, .* = 1",
	     TRIED("AF_UNIX", "a short read leaves the socket empty",
	     "recvfrom\\([0-9]+, \"x\", 8, .* = 1\n"
	     "recvfrom\\([0-9]+, .* = -1 EAGAIN"),
	     .words = "edge triggered"),
	PLAY("edge-starves", edge_starves, "a thread that reads one socket until "
	     "EAGAIN lets all others wait until that one is empty", "epoll(7)",
	     "epoll_p?wait\\(.* = 2\n200: recvfrom\\(3, \"\\\\0\", 1, .* = 1\n"
	     "recvfrom\\(3, .* = -1 EAGAIN\nrecvfrom\\(5, \"other\"",
	     TRIED("AF_UNIX",
	     "the other socket is read between the reads of the first",
	     "recvfrom\\(5, \"other\"\n"
	     "recvfrom\\(3, "),
	     .words = "edge-triggered"),
	PLAY("dup-stays", dup_stays, "epoll still reports a closed descriptor "
	     "as long as a duplicate of it is open", "epoll(7)",
	     "close\\(.* = 0\nepoll_p?wait\\(.*(u32=4242|data=0x1092).* = 1",
	     TRIED("AF_UNIX", "a closed descriptor is no longer reported",
	     "close\\(.* = 0\n"
	     "epoll_p?wait\\(.* = 0")),
	PLAY("exclusive-fixed", exclusive_fixed, "an EPOLLEXCLUSIVE entry "
	     "cannot be modified", "epoll_ctl(2)",
	     "EPOLL_CTL_MOD, .* = -1 EINVAL",
	     TRIED("TCP", "an EPOLLEXCLUSIVE entry can be modified",
	     "EPOLL_CTL_MOD, .* = 0")),
	EVENTS("herd", herd, "a connection wakes each of four processes that "
	       "watch one listener, each in its own epoll set", "epoll_ctl(2)",
	       "4: " WOKEN_BY_A_CONNECTION,
	     TRIED("TCP, a set per process",
	     "a connection wakes one of the four",
	     "1: " WOKEN_BY_A_CONNECTION),
	     .words = "thundering herd accept"),
	EVENTS("herd-exclusive", herd_exclusive, "with EPOLLEXCLUSIVE a "
	       "connection wakes only one of four processes that watch one "
	       "listener, each in its own epoll set (epoll_ctl(2) says: one "
	       "or more)",
	       "epoll_ctl(2)",
	       "1: " WOKEN_BY_A_CONNECTION,
	     TRIED("TCP, a set per process", "a connection wakes all four",
	     "4: " WOKEN_BY_A_CONNECTION),
	     .words = "thundering herd accept"),
	PLAY("exclusive-same-worker", exclusive_same, "with EPOLLEXCLUSIVE idle "
	     "workers do not take turns: one gets every connection",
	     "fs/eventpoll.c", "4: ^1 recvfrom\\([0-9]+, \"A\", 1",
	     TRIED("TCP, a set per process",
	     "with EPOLLEXCLUSIVE the workers take turns",
	     "recvfrom\\([0-9]+, \"[BCD]\", 1")),
	PLAY("exclusive-order", exclusive_order, "with EPOLLEXCLUSIVE the "
	     "first idle worker in the order of EPOLL_CTL_ADD is woken, "
	     "in whatever order their waits began",
	     "fs/eventpoll.c", "4: ^1 recvfrom\\([0-9]+, \"C\", 1",
	     TRIED("TCP, a set per process",
	     "it is the worker that began to wait last",
	     "recvfrom\\([0-9]+, \"A\", 1")),
	PLAY("accept-takes-turns", accept_turns, "processes that sleep in accept "
	     "take turns: the one that has slept longest is first", "net/ipv4",
	     "^1 recvfrom\\([0-9]+, \"A\", 1\n"
	     "^1 recvfrom\\([0-9]+, \"B\", 1\n"
	     "^1 recvfrom\\([0-9]+, \"C\", 1\n"
	     "^1 recvfrom\\([0-9]+, \"D\", 1",
	     TRIED("TCP", "one sleeper in accept gets every connection",
	     "4: ^1 recvfrom\\([0-9]+, \"A\", 1")),
	PLAY("ready-taken", ready_then_taken, "readiness is a hint: another "
	     "process may have taken the data", "select(2)",
	     "epoll_p?wait.* = 1\n^2 recvfrom.* = 1\n"
	     "^1 recvfrom.* = -1 EAGAIN",
	     TRIED("AF_UNIX",
	     "what epoll_wait reported is still there for recv",
	     "^1 recvfrom.* = 1"),
	     .words = "hint read blocks although ready"),
	PLAY("ready-reset", ready_then_reset, "a connection that was reset "
	     "before accept is accepted all the same; recv reports the reset",
	     "accept(2)",
	     "epoll_p?wait.* = 1\naccept\\(.* = [0-9]+\n"
	     "recvfrom.* = -1 ECONNRESET",
	     TRIED("TCP", "accept fails for a connection that was reset",
	     "accept\\(.* = -1 "),
	     .words = "hint read blocks although ready"),
	PLAY("ready-bad-checksum", ready_bad_checksum, "a datagram of more than 68 "
	     "bytes with a wrong checksum makes an O_NONBLOCK socket ready, "
	     "and recv finds none", "select(2)",
	     "epoll_p?wait.*EPOLLIN.* = 1\nrecvfrom.* = -1 EAGAIN",
	     TRIED("UDP, O_NONBLOCK",
	     "epoll_wait drops the datagram and reports nothing",
	     "epoll_p?wait.* = 0"),
	     .words = "hint read blocks although ready"),
	PLAY("bad-checksum-blocking", bad_checksum_blocking, "on a blocking socket "
	     "epoll_wait itself drops a datagram with a wrong checksum",
	     "net/ipv4/udp.c", "epoll_p?wait.* = 0",
	     TRIED("UDP, blocking", "epoll_wait reports the datagram",
	     "epoll_p?wait.*EPOLLIN.* = 1"),
	     .words = "ready hint read blocks although ready"),
	PLAY("bad-checksum-short", bad_checksum_short, "a datagram of up to 68 "
	     "bytes with a wrong checksum is dropped when it arrives: no socket "
	     "becomes ready", "include/linux/skbuff.h",
	     "epoll_p?wait.* = 0\nrecvfrom.* = -1 EAGAIN",
	     TRIED("UDP, O_NONBLOCK", "it makes the socket ready",
	     "epoll_p?wait.*EPOLLIN.* = 1"),
	     .words = "ready hint read blocks although ready"),
	PLAY("select-beyond-1023", select_beyond, "the kernel's select has no "
	     "limit of 1024", "select(2)",
	     "pselect6\\(2001, \\[2000\\].* = 1 \\(in \\[2000\\]",
	     TRIED("pipe", "descriptor 2000 is refused",
	     "pselect6\\(2001.* = -1 "),
	     .words = "select poll FD_SETSIZE 1024"),
	PLAY("select-writes-back", select_left, "select writes back the time "
	     "that is left", "select(2)",
	     "pselect6\\(.*left \\{tv_sec=59, tv_nsec=[0-9]+\\}",
	     TRIED("pipe", "select leaves its timeout as it was",
	     "0: pselect6\\(.*left \\{")),

	/* ---- other calls ---- */

	PLAY("shut-listener", listener_shut, "shutdown of a TCP listener "
	     "for reading makes accept return EINVAL", "net/ipv4/af_inet.c",
	     "accept\\(.* = -1 EINVAL",
	     TRIED("TCP",
	     "accept of a shut-down listener waits or fails with EAGAIN",
	     "accept\\(.* = -1 EAGAIN")),
	PLAY("shut-listener-unix", listener_shut_unix, "accept of a shut-down "
	     "AF_UNIX listener with O_NONBLOCK fails with EAGAIN",
	     "net/unix/af_unix.c",
	     "accept\\(.* = -1 EAGAIN",
	     TRIED("AF_UNIX, O_NONBLOCK", "it fails with EINVAL, as on TCP",
	     "accept\\(.* = -1 EINVAL")),
	PLAY("emfile-keeps", emfile_keeps, "a connection for which accept failed "
	     "with EMFILE is still there when a descriptor is free", "accept(2)",
	     "accept\\(.* = -1 EMFILE\n"
	     "accept\\([0-9]+, NULL, NULL\\) = [0-9]+",
	     TRIED("TCP", "a connection for which accept failed with EMFILE is "
	     "lost",
	     "accept\\([0-9]+, NULL, NULL\\) = -1 EAGAIN")),
	PLAY("nonblock-file", nonblock_read_of_file, "O_NONBLOCK does not make "
	     "a read of a file return EAGAIN", "open(2)",
	     "O_NONBLOCK\\) = [0-9]+\npread64\\(.* = 64",
	     TRIED("a regular file on a disk",
	     "O_NONBLOCK makes the read of a file return EAGAIN",
	     "pread64\\(.* = -1 EAGAIN"),
	     .words = "asynchronous non-blocking"),
	EVENTS("nonblock-file-waits", nonblock_read_waits, "a read of a file "
	       "waits for the disk in spite of O_NONBLOCK", "open(2)",
	       "^1 in pread64: block_bio_queue\n"
	       "^1 in pread64: sched_switch .*prev_pid=1 .*prev_state=[12] ",
	     TRIED("a cold file on a disk",
	     "the thread does not sleep in the read",
	     "0: ^1 in pread64: sched_switch .*prev_pid=1 .*prev_state=[12] ")),
	PLAY("nowait-file", nowait_read, "a read of a file with RWF_NOWAIT "
	     "returns EAGAIN when the data are not in memory", "preadv2(2)",
	     "preadv2\\(.*RWF_NOWAIT\\) = -1 EAGAIN",
	     TRIED("ext4, XFS, btrfs", "RWF_NOWAIT reads from the disk",
	     "0: preadv2\\(.*RWF_NOWAIT\\) = -1 EAGAIN")),
	PLAY("closed-peer", closed_peer, "a send on an AF_UNIX stream whose "
	     "peer has closed fails with EPIPE",
	     "send(2)", "sendto\\(.*MSG_NOSIGNAL.* = -1 EPIPE",
	     TRIED("AF_UNIX stream", "the first send to a closed peer succeeds",
	     "sendto\\(.* = 1")),
	PLAY("closed-peer-tcp", closed_peer_tcp, "on TCP the first send to a "
	     "peer that has read everything and closed succeeds, the second "
	     "fails with EPIPE", "tcp(7)",
	     "sendto\\(.* = 1\nsendto\\(.* = -1 EPIPE",
	     TRIED("TCP", "the first send fails with EPIPE",
	     "0: sendto\\(.* = 1")),
	PLAY("closed-unread-tcp", closed_unread_tcp, "a TCP peer that closes "
	     "with unread data resets the connection: the next send fails with "
	     "ECONNRESET",
	     "net/ipv4/tcp.c", "sendto\\(.*\"y\".* = -1 ECONNRESET",
	     TRIED("TCP", "the next send succeeds", "sendto\\(.*\"y\".* = 1")),
	PLAY("reset-keeps-data", reset_after_data_tcp, "bytes that came before a "
	     "reset can still be received; then recv fails with ECONNRESET",
	     "net/ipv4/tcp_input.c",
	     "recvfrom\\([0-9]+, \"x\", 1, .* = 1\nrecvfrom\\(.* = -1 ECONNRESET",
	     TRIED("TCP", "a reset discards the bytes that were not read",
	     "0: recvfrom\\([0-9]+, \"x\"")),
	PLAY("wchan", wchan_of_sleeper, "/proc/PID/wchan names the kernel "
	     "function in which a thread sleeps: inet_csk_accept, then for "
	     "TCP's data wait_woken or sk_wait_data",
	     "proc(5)", "read\\([0-9]+, \"inet_csk_accept\"\n"
	     "read\\([0-9]+, \"(wait_woken|sk_wait_data)\"",
	     TRIED("TCP, blocking",
	     "/proc/PID/wchan is 0 while a thread sleeps",
	     "read\\([0-9]+, \"0\"")),

	/* ---- what a library makes of it ---- */

	PLAY("libc-select", libc_select, "select of glibc 2.33 and later makes "
	     "the call pselect6", "glibc's select.c",
	     "^1 pselect6\\(.* = 1 \n0: ^1 select\\(",
	     TRIED("glibc 2.33 and later",
	     "select of glibc makes the call select",
	     "^1 select\\(")),
	PLAY("libc-select-left", libc_select_left, "select of glibc 2.34 and "
	     "later tells its caller how much time is left", "glibc 27706",
	     "pselect6\\(.*left \\{tv_sec=59, \n"
	     "the caller sees 59 seconds",
	     TRIED("glibc 2.34 and later",
	     "glibc leaves the timeout as it was",
	     "the caller sees 60 seconds")),
	PLAY("libc-open", libc_open, "open of glibc makes the call openat",
	     "glibc's open.c",
	     "openat\\(AT_FDCWD, \"/dev/null\"\n0: ^1 open\\(",
	     TRIED("glibc", "open of glibc makes the call open",
	     "^1 open\\(")),
	PLAY("libc-waits", libc_waits, "glibc's epoll_wait and poll make the "
	     "calls epoll_wait and poll where the processor has them, and "
	     "epoll_pwait and ppoll elsewhere",
	     "syscalls(2)", LIBC_WAITS,
	     TRIED("glibc", "poll needs no call when nothing is ready",
	     "0: ^1 p?poll\\(")),
	PLAY("libc-aio-thread", libc_aio_thread, "aio_read of glibc makes a "
	     "thread, and that thread calls pread64", "aio(7)",
	     "1: ^1 clone3?\\(.*CLONE_THREAD\n1: ^2 pread64\\(.* = 64\n"
	     "0: ^1 p?read",
	     TRIED("glibc",
	     "aio_read of glibc reads in the calling thread",
	     "^1 pread64\\("),
	     .words = "POSIX AIO callback"),
	PLAY("libc-aio-serial", libc_aio_one_descriptor, "four aio_read of one "
	     "descriptor create one thread", "glibc's aio_misc.c",
	     "1: ^1 clone3?\\(.*CLONE_THREAD",
	     TRIED("glibc",
	     "four aio_read of one descriptor create four threads",
	     "4: ^1 clone3?\\(.*CLONE_THREAD"),
	     .words = "POSIX AIO order of requests several aio_write"),
	PLAY("libc-aio-parallel", libc_aio_four_descriptors, "four aio_read of "
	     "four descriptors create four threads", "glibc's aio_misc.c",
	     "4: ^1 clone3?\\(.*CLONE_THREAD",
	     TRIED("glibc",
	     "four aio_read of four descriptors create one thread",
	     "1: ^1 clone3?\\(.*CLONE_THREAD"),
	     .words = "POSIX AIO"),
	PLAY("libc-aio-signal", libc_aio_signal, "the signal of an aio_read "
	     "comes from the process itself", "glibc's aio_sigqueue.c",
	     "^2 rt_(tg)?sigqueueinfo\\(.*SIGUSR2.*si_code=SI_ASYNCIO",
	     TRIED("glibc", "the kernel sends the signal of an aio_read",
	     "SIGUSR2.*si_code=SI_KERNEL"),
	     .words = "POSIX AIO callback thread"),
	PLAY("libc-aio-socket", libc_aio_socket, "aio_read of a socket is "
	     "pread64, which fails with ESPIPE, and then read",
	     "glibc's aio_misc.c",
	     "^2 pread64\\(.* = -1 ESPIPE\n^2 read\\(.* = 1",
	     TRIED("glibc", "the caller itself reads the socket",
	     "^1 read\\(")),
	PLAY("libc-aio-write-waits", libc_aio_write_waits, "an aio_write waits "
	     "behind an aio_read of the same descriptor", "glibc's aio_misc.c",
	     "write\\([0-9]+, \"o\", 1\\) = 1\n"
	     "^1 recvfrom\\(.* = -1 EAGAIN\n"
	     "^[23] read\\(.* = 1\n^[23] write\\([0-9]+, \"w\", 1\\) = 1\n"
	     "^1 recvfrom\\([0-9]+, \"w\"",
	     TRIED("glibc",
	     "an aio_write overtakes an aio_read of the descriptor",
	     "^[23] write\\([0-9]+, \"w\", 1\\) = 1\n"
	     "^[23] read\\(.* = 1"),
	     .words = "POSIX AIO order of requests several aio_write"),
	PLAY("libc-swapcontext", libc_swapcontext, "each swapcontext makes a "
	     "system call, rt_sigprocmask", "glibc's swapcontext.S",
	     "five times to the other context and back\n10: rt_sigprocmask\\(SIG_SETMASK",
	     TRIED("glibc", "swapcontext makes no system call",
	     "0: rt_sigprocmask\\(SIG_SETMASK")),
	{ .id = "libuv-files",
	  .lines = "0: ^1 openat\\(.*/proc/self/cmdline\n"
		   "openat\\(.*/proc/self/cmdline.* = [0-9]+\n"
		   "(read|pread64)\\(.*node", .decide = node_reads_in_threads,
	  .sentence = "when Node.js (libuv) awaits the content of a file, a "
		      "thread of libuv reads the file", .source = "libuv",
	     TRIED("libuv with UV_USE_IO_URING=0",
	     "the main thread reads the file itself",
	     "^1 openat\\(.*/proc/self/cmdline") },
	PLAY("liburing-errno", liburing_errno, "liburing returns -errno and "
	     "leaves errno alone", "liburing issue 1384",
	     "io_uring_setup\\(0, .* = -1 EINVAL\n"
	     "liburing: returned -22, errno 0\n"
	     "syscall: returned -1, errno 22",
	     TRIED("liburing", "liburing returns -1 and sets errno",
	     "liburing: returned -1, errno 22")),

	/* ---- native AIO ---- */

	PLAY("aio-ring", aio_ring_in_memory, "completions of native AIO can be "
	     "read from memory, without a call", "fs/aio.c",
	     "io_submit\\(.* = 1\nin memory: result 4096\n0: io_getevents",
	     TRIED("a regular file",
	     "completions of native AIO need io_getevents",
	     "io_getevents")),
	EVENTS("aio-socket-waits", aio_of_socket, "a read of a socket by "
	       "io_submit waits in io_submit", "fs/aio.c",
	       "^1 in io_submit: sched_switch .*prev_pid=1 .*prev_state=1 \n"
	       "^1 in io_submit: skb_copy_datagram_iovec .*len=1\n"
	       "^1: sys_enter id=[0-9]+\\(io_getevents\\)",
	     TRIED("TCP, blocking", "the thread waits in io_getevents",
	     "^1 in io_getevents: sched_switch .*prev_pid=1 .*prev_state=1 ")),
	PLAY("aio-socket-nonblock", aio_of_nonblocking, "a read of an O_NONBLOCK "
	     "socket by io_submit ends at once, with -EAGAIN", "fs/aio.c",
	     "io_submit\\(.* = 1\nio_getevents\\(.*res=-11",
	     TRIED("TCP, O_NONBLOCK", "it completes when the byte has come",
	     "io_getevents\\(.*res=1[,}]"),
	     .words = "asynchronous non-blocking"),

	/* ---- io_uring ---- */

	EVENTS("uring-inline", uring_inline, "a RECV whose data are there is "
	       "done in the io_uring_enter that submits it", "io_uring.c",
	       "^1 in io_uring_enter: io_uring_submit_(req|sqe) .*RECV\n"
	       "^1 in io_uring_enter: skb_copy_datagram_iovec .*len=1\n"
	       "^1 in io_uring_enter: io_uring_complete .*res=1 \n"
	       "1: sys_enter id=[0-9]+\\(io_uring_enter\\)\n"
	       "0: io_uring_poll_arm\n0: io_uring_queue_async_work",
	     TRIED("TCP", "a RECV whose data are there is polled first",
	     "io_uring_poll_arm"),
	     .words = "what exactly is io_uring"),
	EVENTS("uring-polled", uring_polled, "a RECV whose data are not "
	       "there is polled, no thread is made, and the submitting thread "
	       "copies", "liburing issue 487",
	       "^1 in io_uring_enter: io_uring_poll_arm .*RECV\n"
	       "^1 in io_uring_enter: sched_switch .*prev_pid=1 \n"
	       "io_uring_task_add .*RECV\n"
	       "^1 in io_uring_enter: skb_copy_datagram_iovec .*len=1\n"
	       "^1 in io_uring_enter: io_uring_complete .*res=1 \n"
	       "0: io_uring_queue_async_work\n0: ^iou-.*: io_uring_",
	     TRIED("TCP", "a RECV that finds no data goes to a worker",
	     "io_uring_queue_async_work"),
	     .words = "what exactly is io_uring asynchronous non-blocking"),
	EVENTS("uring-fsync", uring_fsync, "io_uring cannot try an fsync without "
	       "waiting, so the fsync goes to a worker", "io_uring.c",
	       "^1 in io_uring_enter: io_uring_queue_async_work .*FSYNC\n"
	       "^iou-wrk: io_uring_complete .*res=0 ",
	     TRIED("a regular file on a disk",
	     "the submitting thread completes the fsync",
	     "^1 in io_uring_enter: io_uring_complete .*res=0 "),
	     .words = "what exactly is io_uring io-wq"),
	EVENTS("uring-async-flag", uring_async_flag, "a request with "
	       "IOSQE_ASYNC goes to a worker, though its data are in memory",
	       "io_uring_enter(2)",
	       "^1 in io_uring_enter: io_uring_queue_async_work .*READ\n"
	       "^iou-wrk: io_uring_complete .*res=4096 ",
	     TRIED("a regular file",
	     "the submitting thread reads in spite of IOSQE_ASYNC",
	     "^1 in io_uring_enter: io_uring_complete .*res=4096 "),
	     .words = "io-wq"),
	EVENTS("uring-cold-read", uring_cold_read, "on ext4, XFS and btrfs a "
	       "buffered read of what is not in memory needs no worker", "io_uring/rw.c",
	       "^1 in io_uring_enter: io_uring_submit_(req|sqe) .*READ\n"
	       "block_bio_queue\n"
	       "io_uring_complete .*res=4096 \n"
	       "0: io_uring_queue_async_work\n0: ^iou-.*: io_uring_",
	     TRIED("ext4, XFS, btrfs; Linux 5.9 and later",
	     "a cold buffered read goes to a worker",
	     "io_uring_queue_async_work"),
	     .words = "io-wq"),
	PLAY("uring-worker-untraced", uring_worker_untraced, "strace does not "
	     "see that io_uring makes a thread; /proc/PID/task lists it",
	     "kernel/fork.c", "/proc/PID/task: iou-wrk-\n"
	     "0: clone3?\\(\n0: ^2 ",
	     TRIED("a start under strace -f",
	     "strace shows the creation of io_uring's threads",
	     "^[0-9]+ clone3?\\(")),
	PLAY("uring-sqpoll-silent", uring_sqpoll_silent, "with SQPOLL, while "
	     "its thread is awake, the program hands over requests and fetches "
	     "their results without a call",
	     "io_uring_setup(2)",
	     "request 1: result 0\nrequest 2: result 0\n"
	     "request 3: result 0\n0: io_uring_enter",
	     TRIED("SQPOLL, the poller awake",
	     "each request needs an io_uring_enter",
	     "3+: io_uring_enter"),
	     .words = "what exactly is io_uring"),
	EVENTS("uring-multishot-accept", uring_multishot_accept, "a multishot "
	       "accept is one request: five connections, five completions that "
	       "say F_MORE", "io_uring_multishot(7)",
	       "1: io_uring_submit_(req|sqe) .*ACCEPT\n"
	       "5: io_uring_complete .*res=[0-9]+ cflags=2 ",
	     TRIED("TCP", "five connections need five requests",
	     "5: io_uring_submit_(req|sqe) .*ACCEPT")),
	{ .id = "uring-nonblock", .play = uring_nonblock,
	  .recorder = BY_KERNEL, .expected = REFUTED, .domain = "TCP, pipe",
	  .sentence = "a request of io_uring that finds no data on an "
		      "O_NONBLOCK descriptor completes with -EAGAIN",
	  .source = "liburing issue 364",
	  .lines = "io_uring_complete .*res=-11 ",
	  .against = "io_uring_poll_arm .*RECV\n"
		     "io_uring_poll_arm .*READ\n"
		     "io_uring_poll_arm .*ACCEPT\n"
		     "0: io_uring_complete .*res=-11 " },
	PLAY("uring-nonblock-worker", uring_nonblock_worker, "a READ of an "
	     "O_NONBLOCK pipe, linked behind a request that went to a worker, "
	     "completes with -EAGAIN when the pipe is empty", "io_uring/io_uring.c",
	     "first request: result 0\nREAD: result -11",
	     TRIED("pipe, O_NONBLOCK", "the READ waits for data",
	     "READ: result 1"),
	     .since = "6.1"),
	EVENTS("uring-dontwait", uring_dontwait, "a request with MSG_DONTWAIT "
	       "that finds nothing completes with -EAGAIN", "io_uring/net.c",
	       "io_uring_complete .*res=-11 \n0: io_uring_poll_arm",
	     TRIED("TCP", "a request with MSG_DONTWAIT is polled",
	     "io_uring_poll_arm")),
	EVENTS("uring-bad-descriptor", uring_bad_descriptor, "io_uring_enter "
	       "returns 1 for a request that failed: the 1 says only that it was "
	       "taken",
	       "io_uring_enter(2)", "io_uring_complete .*res=-9 \n"
	       "sys_exit id=[0-9]+\\(io_uring_enter\\) ret=1$",
	     TRIED("any request",
	     "io_uring_enter returns the error of the request",
	     "sys_exit id=[0-9]+\\(io_uring_enter\\) ret=-9$")),
	PLAY("uring-fdinfo", uring_fdinfo, "/proc/PID/fdinfo of a ring tells "
	     "which request waits", "io_uring/fdinfo.c",
	     "read\\([0-9]+, \"pos:\nfdinfo: PollList:\n"
	     "fdinfo: +op=27, ",
	     TRIED("TCP",
	     "/proc/PID/fdinfo does not list the waiting request",
	     "0: fdinfo: +op=27, ")),

	/* ---- what "ready" means, by kind of descriptor ---- */

	SHOWS("ready-listener", ready_tcp, "a listener is ready to read when a "
	      "connection waits", "poll(2)", "TCP listener, a connection waits",
	      "POLLIN", "TCP", "a listener with a connection is ready to write",
	      ".*POLLOUT.*", .words = "readiness conditions accept"),
	SHOWS("ready-data", ready_tcp, "data that have come make a connection "
	      "ready to read", "poll(2)", "TCP, data have come",
	      "POLLIN POLLOUT", "TCP", "data are reported as POLLPRI",
	      ".*POLLPRI.*", .words = "readiness conditions"),
	SHOWS("ready-lowat", ready_tcp, "fewer bytes than SO_RCVLOWAT do not make "
	      "a connection ready to read", "socket(7)",
	      "TCP, 5 bytes have come and SO_RCVLOWAT is 10", "POLLOUT", "TCP",
	      "poll does not look at SO_RCVLOWAT", "POLLIN POLLOUT",
	      .words = "readiness conditions"),
	SHOWS("ready-urgent", ready_tcp, "an urgent byte is reported as POLLPRI",
	      "tcp(7)",
	      "TCP, an urgent byte has come", "POLLPRI POLLOUT", "TCP",
	      "an urgent byte is reported as data", "POLLIN POLLOUT",
	      .words = "readiness conditions out of band"),
	SHOWS("ready-half-closed", ready_tcp, "the peer's shutdown is POLLIN and "
	      "POLLRDHUP, not POLLHUP", "poll(2)",
	      "TCP, the peer has shut its half down", "POLLIN POLLOUT POLLRDHUP",
	      "TCP", "the peer's shutdown is POLLHUP", ".*POLLHUP.*",
	      .words = "readiness conditions end of file EPOLLRDHUP"),
	SHOWS("ready-both-closed", ready_tcp, "POLLHUP is reported when both "
	      "halves are shut down", "poll(2)",
	      "TCP, both halves are shut down",
	      "POLLIN POLLOUT POLLRDHUP POLLHUP", "TCP",
	      "POLLHUP is not reported when both halves are shut down",
	      "POLLIN POLLOUT POLLRDHUP",
	      .words = "readiness conditions EPOLLHUP"),
	PLAY("room-not-ready", room_not_ready, "send may take bytes though poll "
	     "does not report POLLOUT: POLLOUT needs a third (TCP) or three quarters "
	     "(AF_UNIX) of the send buffer free", "include/net/sock.h",
	     "p?poll\\(.* = 0 \\(Timeout\\)\nsendto\\(.* = 1024\n"
	     "p?poll\\(.* = 0 \\(Timeout\\)\nsendto\\(.* = 1024",
	     TRIED("TCP, AF_UNIX", "a socket that is not ready has no room",
	     "p?poll\\(.* = 0 \\(Timeout\\)\nsendto\\(.* = -1 EAGAIN"),
	     .words = "readiness conditions POLLOUT"),
	SHOWS("ready-error", ready_tcp, "a connection that was reset reports "
	      "POLLERR and POLLHUP, and is ready to read and to write",
	      "poll(2)",
	      "TCP, the peer has reset the connection",
	      "POLLIN POLLOUT POLLRDHUP POLLERR POLLHUP", "TCP",
	      "a reset is POLLERR alone", "POLLERR",
	      .words = "readiness conditions EPOLLERR"),
	SHOWS("ready-unconnected", ready_tcp, "a TCP socket is POLLHUP "
	      "before its connect or listen", "tcp(7)",
	      "TCP, before connect or listen", "POLLOUT POLLHUP", "TCP",
	      "such a socket is never ready", "-",
	      .words = "readiness conditions"),
	SHOWS("ready-empty-datagram", ready_other_sockets, "an empty datagram makes "
	      "a UDP socket ready", "udp(7)",
	      "UDP, an empty datagram has come", "POLLIN POLLOUT", "UDP",
	      "an empty datagram is not reported", "POLLOUT",
	      .words = "readiness conditions"),
	SHOWS("ready-udp-error", ready_other_sockets, "an ICMP error makes a "
	      "connected UDP socket ready, with POLLERR", "udp(7)",
	      "UDP, an ICMP error has come", "POLLOUT POLLERR", "UDP",
	      "an ICMP error is not reported", "POLLOUT",
	      .words = "readiness conditions"),
	SHOWS("ready-unix-closed", ready_other_sockets, "the close of an AF_UNIX "
	      "stream's peer is POLLHUP at once", "unix(7)",
	      "AF_UNIX stream, the peer has closed",
	      "POLLIN POLLOUT POLLRDHUP POLLHUP", "AF_UNIX",
	      "as on TCP it is not a POLLHUP", "POLLIN POLLOUT POLLRDHUP",
	      .words = "readiness conditions"),
	SHOWS("ready-pipe-no-reader", ready_pipe, "a pipe without a reader is "
	      "POLLERR at the end that writes", "pipe(7)",
	      "full pipe to write, no reader is left", "(POLLOUT )?POLLERR", "pipe",
	      "it is POLLHUP there", ".*POLLHUP.*",
	      .words = "readiness conditions"),
	SHOWS("ready-pipe-no-writer", ready_pipe, "an empty pipe without a writer "
	      "is POLLHUP, not POLLIN, at the end that reads", "pipe(7)",
	      "pipe to read, no writer is left", "POLLHUP", "pipe",
	      "it is POLLIN there", "POLLIN.*",
	      .words = "readiness conditions end of file"),
	SHOWS("ready-pipe-full", ready_pipe, "a full pipe is not ready to write",
	      "pipe(7)", "pipe to write, full", "-", "pipe",
	      "a full pipe is ready to write", "POLLOUT",
	      .words = "readiness conditions"),
	SHOWS("ready-eventfd", ready_one_loop, "an eventfd at its maximum is ready "
	      "to read and not to write", "eventfd(2)",
	      "eventfd, the counter is at its maximum", "POLLIN", "eventfd",
	      "an eventfd is always ready to write", "POLLIN POLLOUT",
	      .words = "readiness conditions"),
	SHOWS("ready-timerfd", ready_one_loop, "an event loop can wait for "
	      "a timer: an expired timerfd is ready to read", "timerfd_create(2)",
	      "timerfd, expired", "POLLIN", "timerfd",
	      "an expired timerfd is not reported", "-",
	      .words = "readiness conditions"),
	SHOWS("ready-signalfd", ready_one_loop, "an event loop can wait "
	      "for a signal: a signalfd is ready to read while the signal is "
	      "pending", "signalfd(2)",
	      "signalfd, a signal is pending", "POLLIN", "signalfd",
	      "a signalfd is not reported while the signal is blocked", "-",
	      .words = "readiness conditions"),
	SHOWS("ready-pidfd", ready_one_loop, "an event loop can wait for "
	      "the end of a process: its pidfd is then ready to read",
	      "pidfd_open(2)",
	      "pidfd, the process has ended", "POLLIN( POLLHUP)?", "pidfd",
	      "the end of a process is not reported", "-", .since = "5.3",
	      .words = "readiness conditions"),
	SHOWS("ready-inotify", ready_one_loop, "an event loop can wait for "
	      "a change of a file: inotify's descriptor is then ready to read",
	      "inotify(7)",
	      "inotify, the file was written to", "POLLIN", "inotify",
	      "a change is not reported", "-", .words = "epoll file directory readiness conditions"),
	SHOWS("ready-epoll-set", ready_one_loop, "an epoll set can be in "
	      "another set: it is ready to read when a descriptor in it is ready",
	      "epoll(7)",
	      "epoll set, a descriptor in it is ready", "POLLIN", "epoll",
	      "an epoll set cannot be polled", "POLLNVAL",
	      .words = "readiness conditions nested"),
	PLAY("ready-peer-end", ready_table, "the end of the peer is POLLHUP on "
	     "AF_UNIX, and POLLIN with POLLRDHUP on TCP", "poll(2)",
	     READY("TCP, the peer has closed", "POLLIN POLLOUT POLLRDHUP", "yes")
	     "\n" READY("AF_UNIX stream, the peer has closed", ".*POLLHUP", "yes"),
	     TRIED("TCP, AF_UNIX", "it is POLLHUP on TCP as well",
	     READY("TCP, the peer has closed", ".*POLLHUP.*", "yes")),
	     .words = "readiness conditions table"),
	PLAY("epoll-no-directory", ready_files, "epoll refuses a directory",
	     "epoll_ctl(2)", READY("directory", "POLLIN POLLOUT", "EPERM"),
	     TRIED("a directory", "epoll accepts a directory",
	     READY("directory", ".*", "yes")), .words = "epoll file directory readiness"),
	PLAY("epoll-no-null", ready_files, "epoll refuses /dev/null, which poll "
	     "reports as always ready", "epoll_ctl(2)",
	     READY("/dev/null", "POLLIN POLLOUT", "EPERM"),
	     TRIED("a device without poll", "epoll accepts /dev/null",
	     READY("/dev/null", ".*", "yes")), .words = "readiness"),
	PLAY("epoll-mounts", ready_files, "epoll accepts /proc/self/mounts, though "
	     "it is a regular file", "fs/proc_namespace.c",
	     READY("/proc/self/mounts", "POLLIN( POLLOUT)?", "yes"),
	     TRIED("procfs", "epoll refuses /proc/self/mounts",
	     READY("/proc/self/mounts", ".*", "EPERM")), .words = "epoll file directory readiness"),
	PLAY("poll-not-open", ready_files, "poll reports a descriptor that is "
	     "not open as POLLNVAL; epoll_ctl refuses it with EBADF", "poll(2)",
	     READY("a number that is not open", "POLLNVAL", "EBADF"),
	     TRIED("any number from 0 on", "poll ignores a number that is not open",
	     READY("a number that is not open", "-", ".*"))),
	PLAY("connect-nonblocking", connect_nonblocking, "a non-blocking "
	     "connect returns EINPROGRESS; when the connect has ended, the "
	     "socket is ready to write, and SO_ERROR has the "
	     "result", "connect(2)",
	     "connect\\(.* = -1 EINPROGRESS\npoll\\(.*revents=POLLOUT\\}\n"
	     "SO_ERROR 0",
	     TRIED("TCP", "a connect that does not wait succeeds at once",
	     "connect\\(.* = 0"),
	     .words = "asynchronous non-blocking"),
	PLAY("select-first-argument", select_first_argument, "select looks only at "
	     "descriptors below its first argument, which is the highest one plus 1",
	     "select(2)", "pselect6\\(3, .* = 0 \npselect6\\(4, .* = 1 ",
	     TRIED("AF_UNIX", "the first argument is the highest descriptor",
	     "pselect6\\(3, .* = 1 "), .words = "select first argument nfds"),

	/* ---- several tasks and one set; several listeners and one port ---- */

	PLAY("shared-set-last", shared_set_last, "of the tasks that wait in one "
	     "epoll set, the one that began to wait last is woken", "fs/eventpoll.c",
	     "4: ^1 recvfrom\\([0-9]+, \"D\", 1",
	     TRIED("TCP, one set, EPOLLET", "it is the one that waits longest",
	     "recvfrom\\([0-9]+, \"A\", 1"), .words = "thread safe LIFO"),
	EVENTS("shared-set-level", shared_set_level, "a level-triggered event that "
	       "nobody takes wakes all that wait in the set, one after the other",
	       "epoll(7)", "4: ^[2-5].*: sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=1$",
	     TRIED("TCP, one set", "it wakes one of them",
	     "1: ^[2-5].*: sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=1$"),
	     .since = "5.10", .words = "thread safe"),
	EVENTS("shared-set-edge", shared_set_edge, "an edge-triggered event "
	       "wakes one of those that wait in the set",
	       "epoll(7)", "1: ^[2-5].*: sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=1$",
	     TRIED("TCP, one set", "it wakes all that wait in the set",
	     "4: ^[2-5].*: sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=1$"),
	     .words = "thread safe edge triggered"),
	PLAY("epoll-add-while-waiting", epoll_add_while_waiting, "a descriptor that "
	     "is added while another task waits in the set is reported to it",
	     "epoll_wait(2)", "^1 epoll_ctl\\(.*EPOLL_CTL_ADD.* = 0\n"
	     "^2 epoll_p?wait\\(.* = 1",
	     TRIED("AF_UNIX", "the waiter does not see it",
	     "^2 epoll_p?wait\\(.* = 0"), .words = "thread safe"),
	PLAY("epoll-oneshot", epoll_oneshot, "EPOLLONESHOT reports once, until "
	     "EPOLL_CTL_MOD arms it again", "epoll_ctl(2)",
	     "epoll_p?wait\\(.*, 0(, NULL, 8)?\\) = 1\n"
	     "epoll_p?wait\\(.*, 7(, NULL, 8)?\\) = 0\n"
	     "epoll_ctl\\(.*EPOLL_CTL_MOD.* = 0\n"
	     "epoll_p?wait\\(.*, 8(, NULL, 8)?\\) = 1",
	     TRIED("AF_UNIX", "unread bytes are reported again without EPOLL_CTL_MOD",
	     "epoll_p?wait\\(.*, 7(, NULL, 8)?\\) = 1"), .words = "thread safe"),
	PLAY("reuseport-spreads", reuseport_spreads, "with SO_REUSEPORT each "
	     "listener has a queue of its own, and connections are spread by hash",
	     "socket(7)", "both of the listeners got connections",
	     TRIED("TCP, 64 connections", "one listener gets them all",
	     "one of the listeners got connections"),
	     .words = "EPOLLEXCLUSIVE shared set"),
	PLAY("reuseport-closed", reuseport_closed, "connections in the queue of a "
	     "listener that closes are reset, though another listener has the port",
	     "net/ipv4", "some peers were reset",
	     TRIED("TCP, net.ipv4.tcp_migrate_req=0", "the other listener gets them",
	     "no peers were reset")),

	/* ---- page faults and files ---- */

	EVENTS("fault-waits", fault_waits, "a thread waits for a page of a mapped "
	       "file that is not in memory, in a page fault, outside of any call",
	       "mmap(2)", "^1: block_bio_queue\n"
	       "^1: sched_switch .*prev_pid=1 .*prev_state=[12] ",
	     TRIED("a cold file on a disk", "nobody sleeps for a page fault",
	     "0: ^1: sched_switch .*prev_pid=1 .*prev_state=[12] "),
	     .words = "two phases limits mapped"),
	PLAY("fault-no-call", fault_counts, "strace shows nothing of a page "
	     "fault: 16 pages are read from the disk, and no call is made",
	     "mmap(2)",
	     "16 pages touched: [1-9][0-9]* major faults\n"
	     "0: ^1 (p?read|readv|pread64|preadv2)\\(",
	     TRIED("a cold file on a disk", "strace shows a read for each page",
	     "16: ^1 (p?read|readv|pread64|preadv2)\\("),
	     .words = "two phases limits mapped"),
	PLAY("fault-in-memory", fault_in_memory, "a mapped page that is in memory "
	     "costs no major fault", "getrusage(2)",
	     "pages in memory touched: 0 major faults",
	     TRIED("a file in the page cache", "each page is a major fault",
	     "pages in memory touched: [1-9]")),
	EVENTS("fault-populate", fault_populate, "with MAP_POPULATE mmap itself "
	       "reads the file", "mmap(2)", "^1 in mmap: block_bio_queue",
	     TRIED("a cold file on a disk", "mmap reads nothing",
	     "0: ^1 in mmap: block_bio_queue")),
	EVENTS("willneed-mapped", fault_willneed, "MADV_WILLNEED starts the reads "
	       "of a mapped file", "madvise(2)", "^1 in madvise: block_bio_queue",
	     TRIED("a cold file on a disk", "madvise starts no read",
	     "0: ^1 in madvise: block_bio_queue")),
	EVENTS("willneed-file", readahead_starts, "POSIX_FADV_WILLNEED starts the "
	       "reads of a file", "posix_fadvise(2)",
	       "^1 in fadvise64: block_bio_queue",
	     TRIED("a cold file on a disk", "posix_fadvise starts no read",
	     "0: ^1 in fadvise64: block_bio_queue")),
	EVENTS("write-deferred", write_deferred, "a buffered write of a whole page "
	       "submits nothing to the disk; fsync submits it, and waits", "write(2)",
	       "0: ^1 in pwrite64: block_bio_queue\n"
	       "^1 in fsync: block_bio_queue\n"
	       "^1 in fsync: sched_switch .*prev_pid=1 .*prev_state=[12] ",
	     TRIED("ext4, XFS, btrfs", "pwrite hands the page to the disk",
	     "1+: ^1 in pwrite64: block_bio_queue"),
	     .words = "buffered writes wait"),
	EVENTS("write-reads-first", write_reads_first, "a buffered write of a part "
	       "of a page that is not in memory waits: the page is read first",
	       "mm/filemap.c", "^1 in pwrite64: block_bio_queue\n"
	       "^1 in pwrite64: sched_switch .*prev_pid=1 .*prev_state=[12] ",
	     TRIED("a cold file on ext4", "a buffered write never waits",
	     "0: ^1 in pwrite64: sched_switch .*prev_pid=1 .*prev_state=[12] "),
	     .words = "buffered writes wait"),
	EVENTS("write-dsync", write_dsync, "with O_DSYNC the write waits for the "
	       "disk", "open(2)", "^1 in pwrite64: block_bio_queue\n"
	       "^1 in pwrite64: sched_switch .*prev_pid=1 .*prev_state=[12] ",
	     TRIED("a file on a disk", "an O_DSYNC write does not sleep",
	     "0: ^1 in pwrite64: sched_switch .*prev_pid=1 .*prev_state=[12] "),
	     .words = "buffered writes wait"),
	EVENTS("write-direct", write_direct, "with O_DIRECT the write waits "
	       "for the disk", "open(2)",
	       "^1 in pwrite64: block_bio_queue\n"
	       "^1 in pwrite64: sched_switch .*prev_pid=1 .*prev_state=[12] ",
	     TRIED("O_DIRECT, a file on a disk", "an O_DIRECT write does not sleep",
	     "0: ^1 in pwrite64: sched_switch .*prev_pid=1 .*prev_state=[12] ")),
	PLAY("direct-offset", direct_offset, "O_DIRECT refuses an offset that is not a "
	     "multiple of the block size", "open(2)",
	     "pread64\\(.*, 0\\) = 4096\npread64\\(.*, 1\\) = -1 EINVAL",
	     TRIED("O_DIRECT, ext4, XFS", "any offset works",
	     "pread64\\(.*, 1\\) = [0-9]+")),
	PLAY("dontcache", dontcache_read, "RWF_DONTCACHE drops from memory what it "
	     "has read from the disk, not what was in memory before", "preadv2(2)",
	     "RWF_DONTCACHE read, not all were kept; .* in memory before, all",
	     TRIED("XFS; ext4 from Linux 6.17 on", "what was read stays in memory",
	     "RWF_DONTCACHE read, all were kept"), .since = "6.16"),

	/* ---- whose processor; the phases of other calls ---- */

	EVENTS("receive-in-sender", receive_path, "on loopback the sender's own "
	       "call does the work of receiving, and wakes the receiver",
	       "net/core/dev.c", "1+: ^1 in sendto: sched_waking .*pid=2 ",
	     TRIED("TCP on loopback", "a thread of the kernel does it each time",
	     "20+: ^\\(ksoftirqd.*\\): sched_waking .*pid=2 "),
	     .words = "softirq burns processor who receives wakes reader"),
	EVENTS("send-waits", send_waits, "sending has two phases as well: "
	       "first a blocking send waits for room", "send(2)",
	       "^1 in sendto: sched_switch .*prev_pid=1 .*prev_state=1 ",
	     TRIED("TCP, blocking", "send never waits",
	     "0: ^1 in sendto: sched_switch .*prev_pid=1 .*prev_state=1 "),
	     .words = "two phases limits"),
	PLAY("send-copies", send_copies, "send copies: what the program writes "
	     "into its buffer after send is not sent", "send(2)",
	     "recvfrom\\(.*\"old\"",
	     TRIED("TCP", "the peer reads what is in the buffer now",
	     "recvfrom\\(.*\"new\""), .words = "two phases limits"),
	EVENTS("accept-waits", accept_waits, "accept waits, and copies no data: it "
	       "has one phase", "accept(2)",
	       "^1 in accept: sched_switch .*prev_pid=1 .*prev_state=1 \n"
	       "0: ^1 in accept: skb_copy_datagram_iovec",
	     TRIED("TCP, blocking", "accept copies data",
	     "^1 in accept: skb_copy_datagram_iovec"),
	     .words = "two phases limits"),

	/* ---- what nobody copies ---- */

	PLAY("sendfile-shares", sendfile_shares, "sendfile hands over the page "
	     "itself: the peer reads what is written to the file later",
	     "sendfile(2)", "sendfile\\(.* = 4096\npwrite64\\(.*\"new\"\n"
	     "recvfrom\\(.*\"new\"",
	     TRIED("TCP on loopback, tmpfs", "the peer reads what was there at sendfile",
	     "recvfrom\\(.*\"ooo\""), .words = "zero copy"),
	EVENTS("sendfile-waits", sendfile_waits, "sendfile of what is not in memory "
	       "waits for the disk", "sendfile(2)",
	       "^1 in sendfile(64)?: block_bio_queue\n"
	       "^1 in sendfile(64)?: sched_switch .*prev_pid=1 .*prev_state=[12] ",
	     TRIED("a cold file on a disk, TCP", "sendfile does not sleep",
	     "0: ^1 in sendfile(64)?: sched_switch .*prev_pid=1 .*prev_state=[12] "),
	     .words = "zero copy"),
	PLAY("sendfile-to-file", sendfile_to_file, "sendfile copies to a file as "
	     "well, not to sockets only", "sendfile(2)", "sendfile\\(.* = 4096",
	     TRIED("tmpfs", "sendfile to a file fails with EINVAL",
	     "sendfile\\(.* = -1 EINVAL"), .words = "zero copy"),
	PLAY("splice-needs-pipe", splice_needs_pipe, "splice needs a pipe on "
	     "one side: from socket to socket it fails with EINVAL", "splice(2)",
	     "splice\\(.* = -1 EINVAL\nsplice\\(.* = 1",
	     TRIED("TCP", "splice goes from socket to socket",
	     "1: splice\\(.* = -1 \n2: splice\\(.* = 1"), .words = "zero copy"),
	EVENTS("splice-copies-nothing", splice_copies_nothing, "splice from a socket "
	       "into a pipe copies nothing", "splice(2)",
	       "sys_exit id=[0-9]+\\(splice\\) ret=[1-9]\n"
	       "0: skb_copy_datagram_iovec",
	     TRIED("TCP on loopback", "splice copies as recv does",
	     "1+: skb_copy_datagram_iovec"), .words = "zero copy"),
	PLAY("vmsplice-shares", vmsplice_shares, "after vmsplice the pipe "
	     "holds the program's own page: the reader gets what the program "
	     "writes there later",
	     "vmsplice(2)", "vmsplice\\(.* = 4096\nread\\([0-9]+, \"new\"",
	     TRIED("pipe", "vmsplice copies the page",
	     "read\\([0-9]+, \"ooo\""), .words = "zero copy"),
	PLAY("zerocopy-tells", zerocopy_tells, "a send with MSG_ZEROCOPY completes "
	     "twice: POLLERR reports that the error queue has the second completion",
	     "msg_zerocopy",
	     "sendto\\(.*MSG_ZEROCOPY.* = 4096\npoll\\(.*revents=POLLERR\n"
	     "error queue: errno 0 origin 5",
	     TRIED("TCP", "there is nothing in the error queue",
	     "recvmsg\\(.* = -1 EAGAIN"), .words = "zero copy EPOLLERR"),
	PLAY("zerocopy-copied", zerocopy_tells, "on loopback a send with "
	     "MSG_ZEROCOPY is copied all the same, and the second completion says so",
	     "msg_zerocopy",
	     "error queue: .*was copied",
	     TRIED("TCP on loopback", "on loopback nothing is copied",
	     "error queue: .*was not copied"), .words = "zero copy"),
	PLAY("zerocopy-not-allowed", zerocopy_not_allowed, "without "
	     "SO_ZEROCOPY the flag MSG_ZEROCOPY does nothing: there is no "
	     "second completion", "msg_zerocopy",
	     "sendto\\(.*MSG_ZEROCOPY.* = 4096\nrecvmsg\\(.* = -1 EAGAIN",
	     TRIED("TCP", "the flag is refused",
	     "sendto\\(.*MSG_ZEROCOPY.* = -1 "), .words = "zero copy"),
	PLAY("send-zc-two", uring_send_zc, "SEND_ZC has two completions: the result "
	     "with F_MORE, then F_NOTIF when the buffer is free",
	     "io_uring_enter(2)", "result 4096, F_MORE 1, F_NOTIF 0\n"
	     "then result [0-9-]+, F_MORE 0, F_NOTIF 1",
	     TRIED("TCP", "SEND_ZC has one completion",
	     "result 4096, F_MORE 0"), .since = "6.0", .words = "zero copy"),
	EVENTS("recv-trunc", recv_trunc, "recv with MSG_TRUNC takes bytes off a TCP "
	       "connection and copies none", "tcp(7)",
	       "sys_exit id=[0-9]+\\(recvfrom\\) ret=3$\n"
	       "0: skb_copy_datagram_iovec",
	     TRIED("TCP", "MSG_TRUNC copies as recv without it does",
	     "1+: skb_copy_datagram_iovec"), .words = "zero copy discard"),

	/* ---- io_uring: when task work runs, and the ring among others ---- */

	EVENTS("task-work-interrupts", task_work_interrupts, "a ring without flags "
	       "interrupts its thread: a RECV completes while the thread "
	       "computes, without a call", "io_uring_setup(2)",
	       "^1: skb_copy_datagram_iovec .*len=1\n"
	       "^1: io_uring_complete .*res=1 \n"
	       "0: ^1: sys_enter id=[0-9]+\\(io_uring_enter\\)",
	     TRIED("TCP", "it needs an io_uring_enter to complete",
	     "^1: sys_enter id=[0-9]+\\(io_uring_enter\\)"),
	     .words = "task work"),
	PLAY("task-work-deferred", task_work_deferred, "with DEFER_TASKRUN a "
	     "RECV that waits completes in an io_uring_enter with GETEVENTS; "
	     "an io_uring_enter without it, a call such as getppid, or "
	     "computing does not complete the RECV",
	     "io_uring_setup(2)", "before GETEVENTS: 0 completions\n"
	     "after GETEVENTS: 1 completion",
	     TRIED("TCP", "any call completes it",
	     "before GETEVENTS: 1 completions"), .since = "6.1",
	     .words = "task work COOP_TASKRUN"),
	EVENTS("task-work-ends-epoll", task_work_ends_epoll, "in a ring without "
	       "flags the completion of a RECV that waited ends the epoll_wait of "
	       "its thread with EINTR",
	       "io_uring_setup(2)",
	       "sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=-4$",
	     TRIED("TCP", "epoll_wait goes on sleeping",
	     "sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=0$"),
	     .words = "EINTR epoll_wait task work"),
	PLAY("ring-close-ends-epoll", ring_close_ends_epoll, "after a ring is "
	     "closed and unmapped, an epoll_wait of the thread that made the ring "
	     "fails once with EINTR", "io_uring/io_uring.c",
	     "epoll_p?wait\\(.*, 400(, NULL, 8)?\\) = -1 EINTR\n"
	     "epoll_p?wait\\(.*, 100(, NULL, 8)?\\) = 0",
	     TRIED("any ring", "epoll_wait goes on sleeping",
	     "0: epoll_p?wait\\(.*, 400(, NULL, 8)?\\) = -1 EINTR"),
	     .since = "6.1", .words = "EINTR epoll_wait fails"),
	PLAY("uring-in-epoll", uring_in_epoll, "a ring can be in an epoll set: "
	     "it is ready when it has completions", "io_uring(7)",
	     "epoll_p?wait\\(.*, 7(, NULL, 8)?\\) = 0\n"
	     "epoll_p?wait\\(.*, 8(, NULL, 8)?\\) = 1",
	     TRIED("any ring", "epoll does not report a ring",
	     "epoll_p?wait\\(.*, 8(, NULL, 8)?\\) = 0")),
	PLAY("uring-eventfd", uring_eventfd, "an eventfd that is registered with the "
	     "ring tells that completions came, not how many: three that come "
	     "together add 1", "io_uring/eventfd.c", "3 completions, eventfd 1",
	     TRIED("any ring", "each completion adds 1", "3 completions, eventfd 3")),
	PLAY("uring-single-issuer", uring_single_issuer, "with SINGLE_ISSUER a "
	     "second task cannot submit: EEXIST", "io_uring_setup(2)",
	     "^2 io_uring_enter\\(.* = -1 EEXIST",
	     TRIED("any ring without SQPOLL", "any task may submit", "^2 io_uring_enter\\(.* = 1"),
	     .since = "6.0"),
	PLAY("uring-link-breaks", uring_link_breaks, "when a request with "
	     "IOSQE_IO_LINK fails, the next one is cancelled", "io_uring_enter(2)",
	     "first request: result -9\nsecond request: result -125",
	     TRIED("any ring", "the next one runs all the same",
	     "second request: result 0"),
	     .words = "order of requests"),
	PLAY("uring-hard-link", uring_hard_link, "when a request with "
	     "IOSQE_IO_HARDLINK fails, the next one runs all the same",
	     "io_uring_enter(2)",
	     "first request: result -9\nsecond request: result 0",
	     TRIED("any ring", "the next one is cancelled",
	     "second request: result -125"),
	     /* 5.10 looks for the descriptor at submission: that ends a chain. */
	     .since = "6.1", .words = "order of requests"),
	PLAY("uring-out-of-order", uring_out_of_order, "completions come in the "
	     "order in which the requests end, not in that of their submission",
	     "io_uring(7)", "completion of request 2\ncompletion of request 1",
	     TRIED("AF_UNIX", "they come in the order of the requests",
	     "completion of request 1\ncompletion of request 2"),
	     .words = "what exactly is io_uring order of requests"),

	WORKS("iowq-shutdown", worker_sockets, "SHUTDOWN goes to a worker "
		"thread of io_uring",
	      "io_uring/net.c", "SHUTDOWN", "-", "a worker", "TCP",
	      "the submitter does it", "the submitter", .since = "5.11",
	      .words = "io-wq"),
	WORKS("iowq-send", worker_sockets, "SEND goes to no worker thread of "
	      "io_uring when there is room",
	      "io_uring/net.c", "SEND, there is room", "-", "the submitter",
	      "TCP", "SEND goes to a worker", "a worker", .words = "io-wq"),
	WORKS("iowq-splice", worker_sockets, "SPLICE goes to a worker thread "
		"of io_uring",
	      "io_uring/splice.c", "SPLICE of a pipe to a socket", "-",
	      "a worker", "a pipe and TCP", "the submitter does it",
	      "the submitter", .words = "io-wq"),
	WORKS("iowq-mkdir", worker_disk, "MKDIRAT goes to a worker thread of "
		"io_uring",
	      "io_uring/fs.c", "MKDIRAT", "[a-z0-9]+", "a worker",
	      "a folder on a disk", "the submitter does it", "the submitter",
	      .since = "5.15", .words = "io-wq rename unlink"),
	WORKS("iowq-create", worker_disk, "OPENAT with O_CREAT goes to a "
		"worker thread of io_uring",
	      "io_uring/openclose.c", "OPENAT with O_CREAT", "[a-z0-9]+",
	      "a worker", "a folder on a disk", "the submitter does it",
	      "the submitter", .words = "io-wq"),
	WORKS("iowq-open", worker_disk, "OPENAT of a name that the kernel has "
	      "in memory goes to no worker thread of io_uring",
	      "io_uring/openclose.c", "OPENAT of an existing folder",
	      "[a-z0-9]+", "the submitter", "a folder on a disk",
	      "it goes to a worker", "a worker", .since = "5.12",
	      .words = "io-wq"),
	WORKS("iowq-statx", worker_disk, "STATX goes to a worker thread of "
		"io_uring",
	      "io_uring/statx.c", "STATX", "[a-z0-9]+", "a worker",
	      "a folder on a disk", "the submitter does it", "the submitter",
	      .words = "io-wq"),
	WORKS("iowq-fallocate", worker_disk, "FALLOCATE goes to a worker "
		"thread of io_uring",
	      "io_uring/sync.c", "FALLOCATE", "[a-z0-9]+", "a worker",
	      "a file on a disk", "the submitter does it", "the submitter",
	      .words = "io-wq"),
	WORKS("iowq-hot-read", worker_disk, "a READ of data that are in memory "
	      "goes to no worker thread of "
	      "io_uring", "io_uring/rw.c", "READ, in memory", "[a-z0-9]+",
	      "the submitter", "ext4, XFS, btrfs", "it goes to a worker",
	      "a worker", .words = "io-wq"),
	WORKS("iowq-direct", worker_disk, "an O_DIRECT READ goes to no worker "
		"thread of io_uring",
	      "io_uring/rw.c", "READ, O_DIRECT", "[a-z0-9]+", "the submitter",
	      "ext4, XFS", "it goes to a worker", "a worker", .words = "io-wq"),
	WORKS("iowq-write-ext4", worker_ext4, "a buffered WRITE on ext4 goes "
	      "to a worker thread of "
	      "io_uring", "io_uring/rw.c", "WRITE into the file", "ext4",
	      "a worker", "ext4", "the submitter does it", "the submitter",
	      .words = "io-wq buffered writes"),
	WORKS("iowq-read-tmpfs", worker_tmpfs, "a READ on tmpfs goes to a "
	      "worker thread of io_uring, though the data are in "
	      "memory", "mm/shmem.c", "READ, in memory",
	      "tmpfs", "a worker", "tmpfs", "the submitter does it",
	      "the submitter", .since = "6.5", .words = "io-wq"),

	PLAY("iowq-by-file-system", worker_table, "whether a READ of data that "
	     "are in memory needs a worker thread of io_uring depends on the "
	     "file system: ext4, XFS and btrfs need none, tmpfs needs "
	     "one", "io_uring/rw.c",
	     DONE_BY("READ, in memory", "(ext4|xfs|btrfs)", "the submitter") "\n"
	     DONE_BY("READ, in memory", "tmpfs", "a worker"),
	     TRIED("ext4, XFS, btrfs, tmpfs", "on tmpfs it needs none",
	     DONE_BY("READ, in memory", "tmpfs", "the submitter")),
	     .since = "6.5", .words = "io-wq table by operation"),

	/* ---- native AIO: contexts, appending; SIGEV_THREAD ---- */

	PLAY("aio-two-contexts", aio_two_contexts, "a process can have several "
	     "contexts of native AIO", "io_setup(2)",
	     "two io_setup calls return two contexts",
	     TRIED("any context", "a process has one context",
	     "two io_setup calls return one context"),
	     .words = "aio_context how many"),
	PLAY("aio-not-shared", aio_after_fork, "a child of fork cannot use the "
	     "context of its parent: its calls fail with EINVAL", "io_setup(2)",
	     "^1 io_getevents\\(.* = 0\n^2 io_getevents\\(.* = -1 EINVAL",
	     TRIED("any context", "a child shares the context",
	     "^2 io_getevents\\(.* = 0"), .words = "aio_context shared"),
	EVENTS("aio-append-waits", aio_appends, "io_submit of an O_DIRECT write "
	       "beyond the end of a file waits in io_submit", "fs/ext4/file.c",
	       "^1 in io_submit: block_bio_queue\n"
	       "^1 in io_submit: sched_switch .*prev_pid=1 .*prev_state=[12] ",
	     TRIED("O_DIRECT, ext4", "io_submit does not sleep",
	     "0: ^1 in io_submit: sched_switch .*prev_pid=1 .*prev_state=[12] "),
	     .words = "io_submit blocks latency"),
	PLAY("libc-aio-callback", libc_aio_callback, "SIGEV_THREAD of glibc makes "
	     "one more thread for the callback", "glibc's aio_notify.c",
	     "2: ^[0-9]+ clone3?\\(.*CLONE_THREAD\n^3 write\\(-1, \"callback\"",
	     TRIED("glibc", "the callback runs in the thread that asked",
	     "^1 write\\(-1, \"callback\""),
	     .words = "POSIX AIO AIO callback without a thread SIGEV_THREAD"),

	/* ---- what strace changes ---- */

	{ .id = "strace-stops", .play = two_stops_a_call,
	  .recorder = BY_KERNEL_UNDER_STRACE,
	  .sentence = "strace stops a program twice at each call: it shows order, "
		      "not speed", .source = "ptrace(2)",
	  .lines = "100: sys_enter id=[0-9]+\\(getppid\\)\n"
		   "200+: ^1: sched_switch .*prev_pid=1 .*prev_state=8 ",
	     TRIED("x86-64, aarch64",
	     "a traced call does not stop the program",
	     "0: ^1: sched_switch .*prev_pid=1 .*prev_state=8 ") },
	PLAY("strace-eintr", ignored_signal_traced, "under strace an ignored signal "
	     "ends epoll_wait with EINTR", "ptrace(2)",
	     "epoll_p?wait\\(.* = -1 EINTR\n--- SIGCHLD",
	     TRIED("a signal with its default action, ignored",
	     "under strace epoll_wait returns with the event",
	     "epoll_p?wait\\(.* = 1")),
	EVENTS("stop-ends-epoll", epoll_stopped, "SIGSTOP and SIGCONT end "
	       "epoll_wait with EINTR, though no handler runs", "signal(7)",
	       "sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=-4$",
	     TRIED("any epoll set", "epoll_wait goes on sleeping",
	     "0: sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=-4$"),
	     .words = "EINTR fails"),
	EVENTS("freeze-ends-epoll", epoll_frozen, "when a cgroup freezes and "
	       "thaws a process, its epoll_wait fails with EINTR, though no "
	       "handler runs", "kernel/cgroup/freezer.c",
	       "sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=-4$",
	     TRIED("cgroup v2", "epoll_wait goes on sleeping",
	     "0: sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=-4$"),
	     .since = "5.2", .words = "EINTR fails"),
	EVENTS("stop-not-poll", poll_stopped, "after SIGSTOP and SIGCONT poll "
	       "goes on", "signal(7)",
	       "sys_exit id=[0-9]+\\(p?poll\\) ret=-51[46]$\n"
	       "sys_exit id=[0-9]+\\((p?poll|restart_syscall)\\) ret=1$",
	     TRIED("AF_UNIX", "poll fails with EINTR",
	     "sys_exit id=[0-9]+\\((p?poll|restart_syscall)\\) ret=-4$")),
	EVENTS("strace-eintr-not", ignored_signal, "without strace an ignored "
	       "signal does not end epoll_wait", "signal(7)",
	       "signal_generate sig=17 .*result=1\n"
	       "sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=1$",
	     TRIED("a signal with its default action, ignored",
	     "without strace epoll_wait fails with EINTR",
	     "sys_exit id=[0-9]+\\(epoll_p?wait\\) ret=-4$")),
	{ 0 }
};
