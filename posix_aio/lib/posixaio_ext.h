/* SPDX-License-Identifier: MIT */
/*
 * posixaio_ext.h - what libposixaio offers besides <aio.h>
 *
 * A program that uses these functions is linked with -lposixaio: glibc does not
 * have them.
 */
#ifndef POSIXAIO_EXT_H
#define POSIXAIO_EXT_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A descriptor for poll, select and epoll: an eventfd, readable after a request
 * of this process, made after the first call, has ended.  It is the same one for
 * each call.  When it is readable, read its 8 bytes first, then ask aio_error
 * about your requests: then you miss no end.  It says neither which request ended
 * nor how many did.
 *
 * It does not block (O_NONBLOCK) and is closed by exec.  The library writes to
 * it as long as the process lives: do not close it.  A child of fork asks for a
 * descriptor of its own.
 *
 * Returns the descriptor, or -1 with errno of eventfd(2).
 */
int posixaio_descriptor(void);

/*
 * At most `threads` threads, which stay and are used again, call the functions
 * of SIGEV_THREAD, in the order of the ends; 0, as at the start: a new thread
 * calls each function.  A notification with sigev_notify_attributes always has
 * a new thread.
 *
 * A function that waits for another callback needs a second thread.  What
 * a function leaves in its thread (thread-specific data, a signal mask) the next
 * one finds, except that signals are let in again.  An idle thread ends after
 * aio_idle_time (aio_init), a second.
 *
 * Returns 0, or -1 with EINVAL if `threads` is negative.
 */
int posixaio_callback_threads(int threads);

#ifdef __cplusplus
}
#endif
#endif
