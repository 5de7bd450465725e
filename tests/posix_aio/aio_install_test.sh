#!/bin/sh
# SPDX-License-Identifier: MIT
#
# aio_install_test.sh - libposixaio as a distribution builds, installs and links it
#
# Each set of flags builds the library in a folder of its own.

case ${BUILD:-build} in
*/asan | */tsan)
	echo "TAP version 13"
	echo "1..0 # SKIP the library is built without a sanitizer here"
	exit 4 ;;
esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0
failed=0
result() {	# STATUS NAME
	n=$((n + 1))
	[ "$1" = 0 ] || {
		failed=1
		sed 's/^/# /' "$tmp/log" | tail -n 20
		printf 'not '
	}
	echo "ok $n $2"
}
skip() {	# NAME REASON
	n=$((n + 1))
	echo "ok $n $1 # SKIP $2"
}
has() { command -v "$1" >/dev/null 2>&1; }
build() {	# FOLDER ARGUMENT...
	folder=$tmp/$1
	shift
	env -u MAKEFLAGS -u MAKELEVEL make -s W=1 O="$folder" lib "$@" \
		>"$tmp/log" 2>&1
}

cat >"$tmp/use.c" <<'C'
#include <aio.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
	static char in[4];
	FILE *f = tmpfile();
	struct aiocb cb = { .aio_fildes = fileno(f), .aio_buf = "abc",
			    .aio_nbytes = 3 };

	if (aio_write(&cb))
		return 1;
	while (aio_error(&cb) == EINPROGRESS)
		usleep(100);
	cb.aio_buf = in;
	if (aio_return(&cb) != 3 || aio_read(&cb))
		return 2;
	while (aio_error(&cb) == EINPROGRESS)
		usleep(100);
	return aio_return(&cb) != 3 || strcmp(in, "abc");
}
C
names='aio_cancel aio_cancel64 aio_error aio_error64 aio_fsync aio_fsync64
aio_init aio_read aio_read64 aio_return aio_return64 aio_suspend
aio_suspend64 aio_write aio_write64 lio_listio lio_listio64
posixaio_callback_threads posixaio_descriptor'

# Is it the library that answers, under any of the ways to get there?
answers() {
	POSIXAIO_DEBUG=1 "$@" >"$tmp/log" 2>&1 && grep -q '^posixaio: ' "$tmp/log"
}

echo "TAP version 13"
echo "1..11"

# Installed alone, with the names that packages expect.
build plain install-posixaio DESTDIR="$tmp/root" prefix=/usr \
	libdir=/usr/lib/here
r=$?
lib=$tmp/root/usr/lib/here
[ $r = 0 ] && [ -f "$lib/libposixaio.so.0" ] && [ -f "$lib/libposixaio.a" ] &&
	[ "$(readlink "$lib/libposixaio.so")" = libposixaio.so.0 ] &&
	[ -f "$tmp/root/usr/share/man/man7/posixaio.7" ] &&
	[ -f "$tmp/root/usr/include/posixaio_ext.h" ] &&
	[ ! -e "$tmp/root/usr/bin" ]
result $? installed_alone

cc -o "$tmp/plain/use" "$tmp/use.c"	# with glibc's, unless preloaded

# Exported: the functions of aio.h and posixaio_ext.h, and nothing else.
nm -D --defined-only "$lib/libposixaio.so.0" | awk '{ print $3 }' | sort \
	>"$tmp/log"
printf '%s\n' $names | sort | cmp -s - "$tmp/log"
result $? exports_nothing_else

# Linked by pkg-config, found by its SONAME.
if has pkg-config; then
	export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$tmp/root"
	cc -o "$tmp/use" "$tmp/use.c" $(pkg-config --cflags --libs libposixaio) \
		>"$tmp/log" 2>&1 &&
	readelf -d "$tmp/use" | grep -q 'libposixaio.so.0' &&
	LD_LIBRARY_PATH=$lib answers "$tmp/use"
	result $? linked_by_pkg_config
else
	skip linked_by_pkg_config "pkg-config is not here"
fi

# A static program.
cc -static -o "$tmp/static" "$tmp/use.c" "$lib/libposixaio.a" -pthread \
	>"$tmp/log" 2>&1 && answers "$tmp/static"
result $? static_program

# Optimised across files, both the library and a program with its static one.
build lto CFLAGS="-O2 -flto" &&
	cc -O2 -flto -o "$tmp/lto/use" "$tmp/use.c" \
		"$tmp/lto/lib/libposixaio.a" -pthread >"$tmp/log" 2>&1 &&
	answers "$tmp/lto/use" &&
	LD_PRELOAD=$tmp/lto/lib/libposixaio.so answers "$tmp/plain/use"
result $? with_lto

build fortified CFLAGS="-O2 -D_FORTIFY_SOURCE=3" &&
	LD_PRELOAD=$tmp/fortified/lib/libposixaio.so answers "$tmp/plain/use"
result $? with_fortify_source

if has dpkg-buildflags; then
	build debian CFLAGS="$(dpkg-buildflags --get CFLAGS)" \
		CPPFLAGS="$(dpkg-buildflags --get CPPFLAGS)" \
		LDFLAGS="$(dpkg-buildflags --get LDFLAGS)" &&
		LD_PRELOAD=$tmp/debian/lib/libposixaio.so answers "$tmp/plain/use"
	result $? with_dpkg_buildflags
else
	skip with_dpkg_buildflags "dpkg-buildflags is not here"
fi

if has clang && has ld.lld; then
	build clang LLVM=1 &&
		LD_PRELOAD=$tmp/clang/clang/lib/libposixaio.so answers "$tmp/plain/use"
	result $? with_clang
else
	skip with_clang "clang or lld is not here"
fi

# Other processors; qemu has neither io_uring nor native AIO: threads do it all.
# Without that processor's libc, make says so.
for arch in aarch64 riscv64; do
	cross=$arch-linux-gnu-
	if [ $arch = "$(uname -m)" ]; then
		skip "for_$arch" "this machine is one"
		continue
	elif ! has ${cross}gcc; then
		skip "for_$arch" "${cross}gcc is not here"
		continue
	elif ! ${cross}gcc -E -include aio.h -x c /dev/null >"$tmp/log" 2>&1
	then
		! build $arch ARCH=$arch &&
			grep -q "does not find the C library of $arch" "$tmp/log"
		result $? "without_libc_for_$arch"
		continue
	fi
	build $arch ARCH=$arch &&
	${cross}gcc -o "$tmp/$arch/use" "$tmp/use.c" >"$tmp/log" 2>&1 &&
	${cross}gcc -static -o "$tmp/$arch/static" "$tmp/use.c" \
		"$tmp/$arch/$arch/lib/libposixaio.a" -pthread >"$tmp/log" 2>&1 &&
	if has qemu-$arch; then
		answers qemu-$arch "$tmp/$arch/static" &&
		answers qemu-$arch -L /usr/$arch-linux-gnu -E \
			LD_PRELOAD="$tmp/$arch/$arch/lib/libposixaio.so" \
			"$tmp/$arch/use"
	fi
	result $? "for_$arch"
done

# The compiler reports what is not supported.
if has musl-gcc; then
	build musl CC=musl-gcc
	[ $? != 0 ] && grep -q 'libposixaio needs glibc' "$tmp/log"
	result $? musl_is_refused
else
	skip musl_is_refused "musl-gcc is not here"
fi
exit $failed
