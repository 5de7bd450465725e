# SPDX-License-Identifier: MIT
# What vm/test runs on a kernel other than Debian 12's, as TAP: busybox's sh, in
# the machine.  Linux 6.1 is too old for the claims of new_claims_hold.

lab=${lab:-/iomodels/build}
number=0
try() {				# NAME COMMAND...
	name=$1
	number=$((number + 1))
	shift
	"$@" >said 2>&1 && echo "ok $number $name" && return
	sed 's/^/# /' said
	echo "not ok $number $name"
}
hold() {
	$lab/iomodels claims "$@" >claims || { cat claims; return 1; }
	cat claims
	grep -q "^$# hold, 0 refuted, 0 not testable" claims
}

echo "TAP version 13"
echo "1..4"
try doctor_finds_nothing_missing $lab/iomodels doctor
try demo_shows_the_calls $lab/iomodels demo epoll uring_fast uring_worker \
	posix_aio_uring
try new_claims_hold hold dontcache uring-worker iowq-read-tmpfs \
	iowq-by-file-system
try claims_of_the_ring_are_as_expected $lab/iomodels claims 'uring-*' 'send-zc-*'
rm -f said claims
