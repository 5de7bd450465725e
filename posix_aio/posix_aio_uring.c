/* SPDX-License-Identifier: MIT */
/*
 * posix_aio_uring.c - reads a file with POSIX AIO on io_uring (with libposixaio)
 *
 * This is posix_aio_glibc.c, linked with posix_aio/lib: the same aio_read and
 * aio_suspend, but no thread in pread64.
 *
 *   the first aio_read:
 *     fcntl statx                       what kind of file is it?
 *   with O_DIRECT:
 *     io_setup eventfd2 fcntl close     once: the context, and an eventfd
 *     clone3 prctl gettid futex         that ends waits; an idle pool thread
 *   aio_read:
 *     fcntl io_submit                   by the caller
 *   aio_suspend:
 *     io_getevents                      main sleeps; the call copies no event
 *                                       (EFAULT): main reads the mapped ring
 *   else:
 *   aio_read:
 *     preadv2                           if it is in the page cache: done
 *     clone3 futex                      the library's thread, once:
 *       io_uring_setup mmap io_uring_register close prctl gettid
 *       io_uring_enter                  submits, then sleeps, for all
 *       futex                           wakes main
 *   aio_suspend:
 *     futex                             main sleeps
 *   when requests end (except a single one with O_DIRECT) or need memory:
 *     rt_sigprocmask mmap               all signals are blocked meanwhile
 *
 * Compare   posix_aio_glibc.c: the same program with glibc's threads.
 * Trace     traces/posix_aio_uring.buffered.x86_64.strace, .kernel
 *           traces/posix_aio_uring.direct.x86_64.strace, .kernel
 */
#include "posix_aio_glibc.c"
