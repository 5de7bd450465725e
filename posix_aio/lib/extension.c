/* SPDX-License-Identifier: MIT */
/*
 * extension.c - the functions of posixaio_ext.h, which <aio.h> does not have
 */
#include <sys/eventfd.h>
#include <unistd.h>
#include "engine.h"
#include "posixaio_ext.h"

/* Two threads that ask at the same time get the same one. */
API int posixaio_descriptor(void)
{
	int none = -1, fd;

	library_begin();
	fd = __atomic_load_n(&end_descriptor, __ATOMIC_ACQUIRE);
	if (fd >= 0)
		return fd;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -1;
	if (__atomic_compare_exchange_n(&end_descriptor, &none, fd, 0,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return fd;
	close(fd);
	return none;
}

API int posixaio_callback_threads(int threads)
{
	if (threads < 0) {
		errno = EINVAL;
		return -1;
	}
	library_begin();
	notify_threads(threads);
	return 0;
}
