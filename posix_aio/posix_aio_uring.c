/* SPDX-License-Identifier: MIT */
/*
 * posix_aio_uring.c - the same on io_uring, by our library (with libposixaio)
 *
 * posix_aio_glibc.c as it is, linked with posix_aio/lib: the same aio_read and
 * aio_suspend, with no thread in pread64.
 *
 *     io_uring_setup  io_uring_enter    is io_uring to be had?
 *   with O_DIRECT:
 *     io_setup  eventfd2                once
 *     fcntl  io_submit                  for each aio_read, by the caller
 *     io_getevents                      main sleeps in aio_suspend
 *   else:
 *     fcntl  preadv2                    is it in the page cache?  done
 *     clone3                            the library's thread, once
 *   the library's thread:
 *     io_uring_enter                    submits, then sleeps, for all
 *     futex                             wakes main
 *   wait:
 *     futex                             main sleeps in aio_suspend
 *
 * Compare   posix_aio_glibc.c: the same program with glibc's threads.
 * Trace     traces/posix_aio_uring.buffered.x86_64.strace
 *           traces/posix_aio_uring.direct.x86_64.strace
 */
#include "posix_aio_glibc.c"
