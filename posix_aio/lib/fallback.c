/* SPDX-License-Identifier: MIT */
/*
 * fallback.c - glibc's functions, for where io_uring is not to be had
 */
#include <dlfcn.h>
#include "engine.h"

struct fallback fallback;

void fallback_find(void)
{
	fallback = (struct fallback){
		.read = dlsym(RTLD_NEXT, "aio_read"),
		.write = dlsym(RTLD_NEXT, "aio_write"),
		.fsync = dlsym(RTLD_NEXT, "aio_fsync"),
		.error = dlsym(RTLD_NEXT, "aio_error"),
		.ret = dlsym(RTLD_NEXT, "aio_return"),
		.suspend = dlsym(RTLD_NEXT, "aio_suspend"),
		.cancel = dlsym(RTLD_NEXT, "aio_cancel"),
		.listio = dlsym(RTLD_NEXT, "lio_listio"),
		.init = dlsym(RTLD_NEXT, "aio_init"),
	};
}
