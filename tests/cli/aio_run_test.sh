#!/bin/sh
# SPDX-License-Identifier: MIT
#
# aio_run_test.sh - iomodels aio-run: the library, its errors, exit statuses

b=${BUILD:-build}
n=0
failed=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

result() {	# STATUS NAME
	n=$((n + 1))
	[ "$1" = 0 ] || { failed=1; printf 'not '; }
	echo "ok $n $2"
}

run() { "$b/iomodels" aio-run "$@" >"$tmp/out" 2>"$tmp/err"; echo $? >"$tmp/rc"; }
rc() { [ "$(cat "$tmp/rc")" = "$1" ]; }

echo "TAP version 13"
echo "1..7"

case $b in
*/asan | */tsan)
	for i in 1 2 3 4 5 6 7; do
		echo "ok $i # SKIP a sanitized library cannot be preloaded"
	done
	exit 4 ;;
esac

# A program that knows nothing of the library is answered by it.
POSIXAIO_DEBUG=1 run -- "$b/posix_aio/posix_aio_glibc" "$0"
rc 0 && grep -q '^posixaio: ' "$tmp/err" && grep -q '^checksum' "$tmp/out"
result $? program_gets_the_library

# The counters tell which way the requests went: all of O_DIRECT's blocks here.
run --stats -- "$b/posix_aio/posix_aio_glibc" --direct "$b/iomodels"
rc 0 && grep -q '^posixaio\[[0-9]*\]: inline=0 native=[1-9]' "$tmp/err"
result $? counts_each_way

# The exit status is the command's.
run -- sh -c 'exit 7'
rc 7
result $? exit_status

# What was to be preloaded before still is, after the library.
LD_PRELOAD=libc.so.6 run -- sh -c 'echo "$LD_PRELOAD"'
rc 0 && grep -q 'libposixaio.so.0:libc.so.6$' "$tmp/out"
result $? keeps_what_is_preloaded

# No such command: one line and 127; a PATH that may be searched, or it is 126.
PATH=/usr/bin:/bin run -- no-such-command
rc 127 && [ "$(wc -l <"$tmp/err")" = 1 ]
result $? no_such_command

# Without the library one clear line.
mkdir "$tmp/bin" && cp "$b/iomodels" "$tmp/bin/"
"$tmp/bin/iomodels" aio-run -- true 2>"$tmp/err"
r=$?
if [ $r = 0 ] && [ -e /usr/local/lib/libposixaio.so.0 ]; then
	n=$((n + 1))
	echo "ok $n library_is_missing # SKIP it is installed"
else
	[ $r = 1 ] && [ "$(grep -c 'libposixaio.so.0 is neither' "$tmp/err")" = 1 ]
	result $? library_is_missing
fi
# Calls that the kernel refuses are made up for: same bytes, other ways.
if command -v strace >/dev/null && strace -qq -o /dev/null true 2>/dev/null
then
	"$b/posix_aio/posix_aio_uring" --direct "$0" >"$tmp/want"
	r=$?
	for inject in io_submit:error=EAGAIN io_setup:error=EAGAIN \
			io_uring_setup:error=EPERM \
			io_uring_enter:error=EINTR:when=2+3; do
		timeout 10 strace -f -qq -o /dev/null -e inject=$inject \
			"$b/posix_aio/posix_aio_uring" --direct --depth 4 \
			"$0" >"$tmp/out" && cmp -s "$tmp/want" "$tmp/out" || {
			echo "# $inject"
			r=1
		}
	done
	result $r refused_calls
else
	n=$((n + 1))
	echo "ok $n refused_calls # SKIP strace cannot run here"
fi
exit $failed
