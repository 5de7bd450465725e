#!/bin/sh
# SPDX-License-Identifier: MIT
#
# frames_test.sh - explain --lines: the line of source under a frame of strace -k
#
# Started from the top of the source.

build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
io=$build/iomodels
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
n=0 failed=0

result() {			# STATUS NAME; what was printed is in $dir/got
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n $2"
	else
		sed 's/^/# /' "$dir/got"
		echo "not ok $n $2"
		failed=1
	fi
}
skip() {			# NAME REASON
	n=$((n + 1))
	echo "ok $n $1 # SKIP $2"
}

echo "TAP version 13"
echo "1..6"

# FILE NEW_LOG: strace -k of a program that stops at once: no such option.
run() {
	strace -k -o "$2" "$1" --no-such-option >/dev/null 2>&1
	"$io" explain --lines "$2" >"$dir/got"
}
# The line of source in which FILE's write was made, as --lines shows it.
line_of() { sed -n "s|.*$1:\([0-9]*\) main\$|\1|p" "$dir/got" | tail -n 1; }

if ! strace -k -o /dev/null true 2>/dev/null; then
	skip shows_the_line "strace has no -k here"
	skip in_each_report "strace has no -k here"
	skip follows_a_line_that_moves "strace has no -k here"
elif ! command -v addr2line >/dev/null; then
	skip shows_the_line "no addr2line (binutils)"
	skip in_each_report "no addr2line (binutils)"
	skip follows_a_line_that_moves "no addr2line (binutils)"
else
	# Inlined into main: options(), and print() by it or by itself.
	run "$build/models/epoll" "$dir/log"
	here=$(line_of models/epoll.c)
	expected=$(grep -n 'open_socket(argv' models/epoll.c | cut -d: -f1)
	[ "$here" = "$expected" ]
	result $? shows_the_line

	# An error at the end is a finding: its line, too, has its source.
	status=0
	for form in json html perfetto; do
		"$io" explain --$form "$dir/log" >"$dir/got"
		grep -q "models/epoll.c:$expected main" "$dir/got" || status=1
	done
	result $status in_each_report

	mkdir "$dir/copy" && cp -r Makefile .ci models syscalls "$dir/copy" &&
	awk '/^int main/ { print "/*\n * Three lines\n */" } { print }' \
		models/epoll.c >"$dir/copy/models/epoll.c" &&
	env -u MAKEFLAGS -u MAKELEVEL -u ASAN -u TSAN -u LLVM make -s -C "$dir/copy" O="$dir/copy/build" \
		"$dir/copy/build/models/epoll" >"$dir/got" 2>&1 &&
	run "$dir/copy/build/models/epoll" "$dir/log" &&
	[ "$(line_of models/epoll.c)" = $((expected + 3)) ]
	result $? follows_a_line_that_moves
fi

# A log from elsewhere: the program is not here, or is not a program.
printf '%s\n' '7 getpid() = 7' ' > /no/such/file(main+0x5) [0x1005]' \
	" > $dir/log(main+0x5) [0x5]" ' > /(main) [0x5]' ' > x' ' > [0x' \
	" > $io(main+0x5) [0xffffffffffffffff]" " > $io(main+0x5) [0x0]" \
	>"$dir/log"
"$io" explain --lines "$dir/log" >"$dir/got" &&
	[ "$(grep -c . "$dir/got")" = 8 ]
result $? programs_that_are_not_here

# A FIFO that nobody writes into is not opened.
mkfifo "$dir/fifo"
printf '%s\n' '7 getpid() = 7' " > $dir/fifo(main+0x5) [0x5]" >"$dir/log"
timeout 20 "$io" explain --lines "$dir/log" >"$dir/got"
result $? a_fifo

# Without addr2line the log is shown as it is.
printf '%s\n' '7 getpid() = 7' " > $io(main+0x5) [0x5000]" \
	" > $io(main+0x5) [0x6000]" >"$dir/log"
PATH=/nonexistent "$io" explain --lines "$dir/log" >"$dir/got" &&
	[ "$(grep -c . "$dir/got")" = 3 ]
result $? no_addr2line
exit $failed
