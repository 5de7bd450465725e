/* SPDX-License-Identifier: MIT */
/*
 * posix_aio_uring.c - the same on io_uring, by our library (with libposixaio)
 *
 * posix_aio_glibc.c as it is, linked with posix_aio/lib: the same aio_read and
 * aio_suspend, with no thread in pread64.
 *
 *   the first aio_read:
 *     fcntl statx                       what kind of file is it?
 *   with O_DIRECT:
 *     io_setup eventfd2 fcntl close     once: the context, and what wakes from
 *     clone3 prctl futex                it; a thread of the pool, which stands by
 *   aio_read:
 *     fcntl io_submit                   by the caller
 *   aio_suspend:
 *     io_getevents                      main sleeps; it takes events nowhere
 *                                       (EFAULT), they lie in mapped memory
 *   else:
 *   aio_read:
 *     preadv2                           is it in the page cache?  then done
 *     clone3 futex                      the library's thread, once:
 *       io_uring_setup mmap io_uring_register close prctl
 *       io_uring_enter                  submits, then sleeps, for all
 *       futex                           wakes main
 *   aio_suspend:
 *     futex                             main sleeps
 *   where requests end (but one by one with O_DIRECT), and for more memory:
 *     rt_sigprocmask mmap               no signal handler in between
 *
 * Compare   posix_aio_glibc.c: the same program with glibc's threads.
 * Trace     traces/posix_aio_uring.buffered.x86_64.strace, .kernel
 *           traces/posix_aio_uring.direct.x86_64.strace, .kernel
 */
#include "posix_aio_glibc.c"
