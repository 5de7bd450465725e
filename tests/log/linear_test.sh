#!/bin/sh
# SPDX-License-Identifier: MIT
#
# linear_test.sh - a long log takes time in proportion to its length
#
# Each log has many objects of one kind, and then many calls that could look at
# each of them: a loop over all objects takes far longer than the limit.  BUILD is
# where the programs are.

io=${BUILD:-build}/iomodels
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0

in_time() { # NAME: $dir/log is read within the limit
	n=$((n + 1))
	if timeout 30 "$io" explain "$dir/log" >"$dir/got"; then
		echo "ok $n $1"
	else
		echo "not ok $n $1"
	fi
}
refusals() { # COUNT
	awk -v n="$1" 'BEGIN {
		print "7 execve(\"/bin/a\", [\"a\"], 0x7 /* 9 vars */) = 0"
		for (i = 0; i < n; i++)
			print "7 openat(AT_FDCWD, \"/var/x" i "\", O_RDWR) = -1" \
				" EACCES (Permission denied)"
	}'
}
calls() { # COUNT LINE ...: the lines, again and again
	times=$1
	shift
	printf '%s\n' "$@" | awk -v n="$times" '{ line[NR] = $0 }
		END { while (n--) for (i = 1; i <= NR; i++) print line[i] }'
}

{
	refusals 9000
	calls 900000 '7 io_uring_setup(8, {flags=0}) = 3' '7 close(3) = 0'
} >"$dir/log"
in_time rings_after_refusals

{
	refusals 9000
	calls 600000 '7 socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, IPPROTO_IP) = 3' \
		'7 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}, 16) = 0' \
		'7 close(3) = 0'
} >"$dir/log"
in_time resolvers_after_refusals

# The parent locked the file and closed it, and its first child has it still.
awk -v children=2500 'function say(pid, text) {
	printf "%d %.6f %s\n", pid, at += 0.0001, text
}
BEGIN {
	flags = "clone(child_stack=NULL, flags=SIGCHLD) = "
	say(7, "execve(\"/bin/a\", [\"a\"], 0x7 /* 9 vars */) = 0")
	say(7, "openat(AT_FDCWD, \"/tmp/l\", O_RDWR) = 3")
	say(7, "flock(3, LOCK_EX) = 0")
	for (i = 4; i < 200; i++)
		say(7, "openat(AT_FDCWD, \"/tmp/" i "\", O_RDWR) = " i)
	say(7, flags "11")
	say(11, "getpid() = 11")
	say(7, "close(3) = 0")
	for (i = 100; i < 100 + children; i++) {
		say(7, flags i)
		say(i, "openat(AT_FDCWD, \"/tmp/l\", O_RDWR) = 3")
	}
	for (i = 0; i < 180000; i++) {
		pid = 100 + i % children
		say(pid, "flock(3, LOCK_EX <unfinished ...>")
		say(pid, "<... flock resumed>) = ? ERESTARTSYS (To be " \
		    "restarted if SA_RESTART is set) <0.600000>")
	}
}' >"$dir/log"
in_time waits_for_an_inherited_lock

# Each thread reads from a pipe, and its process has the other ends.
awk -v threads=3000 'function say(pid, text) {
	printf "%d %.6f %s\n", pid, at += 0.0001, text
}
BEGIN {
	say(7, "execve(\"/bin/a\", [\"a\"], 0x7 /* 9 vars */) = 0")
	for (i = 0; i < threads; i++)
		say(7, "pipe2([" 3 + 2 * i ", " 4 + 2 * i "], 0) = 0")
	for (i = 0; i < threads; i++)
		say(7, "clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FILES|" \
		    "CLONE_SIGHAND|CLONE_THREAD) = " 100 + i)
	for (i = 0; i < threads; i++)
		say(100 + i, "read(" 3 + 2 * i ",  <unfinished ...>")
	at += 60
	say(7, "getpid() = 7")
}' >"$dir/log"
in_time threads_that_read_from_their_own_process

echo "1..$n"
