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
 * A descriptor for poll, select and epoll: an eventfd that becomes readable when
 * a request of this process ends, if the request was made after the first call
 * of this function.  It is the same one for each call.  When it is readable, read
 * its 8 bytes first, then ask aio_error about your requests; in the other order
 * you could miss a request that ends in between.  The eventfd says neither which
 * request ended nor how many did.
 *
 * It does not block (O_NONBLOCK) and is closed by exec.  The library writes to
 * it as long as the process lives: do not close it.  A child of fork calls the
 * function itself, to get a descriptor of its own.
 *
 * Returns the descriptor, or -1 with errno of eventfd(2).
 */
int posixaio_descriptor(void);

/*
 * At most `threads` threads, which stay and are used again, call the functions
 * of SIGEV_THREAD, in the order in which the requests end.  With 0, the default,
 * a new thread calls each function.  A notification with sigev_notify_attributes
 * always has a new thread.
 *
 * A function that waits for another callback needs a second thread.  A function
 * finds in its thread the thread-specific data that an earlier function left
 * there, but never a blocked signal.  An idle thread ends after aio_idle_time
 * (aio_init), by default a second.
 *
 * Returns 0, or -1 with EINVAL if `threads` is negative.
 */
int posixaio_callback_threads(int threads);

#ifdef __cplusplus
}
#endif
#endif
