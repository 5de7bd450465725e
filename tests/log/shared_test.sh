#!/bin/sh
# SPDX-License-Identifier: MIT
#
# shared_test.sh - the reports on the situations of ../shared say their facts
#
# ../shared/reports has its facts in score.py, ../shared/logs in README.md; the
# patterns below are from there.  A clone has no ../shared: then the tests are
# skipped.  SHARED names another folder, BUILD is where the programs are.

io=${BUILD:-build}/iomodels
shared=${SHARED:-../shared}
n=0

result() { # STATUS NAME
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n $2" || echo "not ok $n $2"
}
skip() { # NAME REASON
	n=$((n + 1))
	echo "ok $n $1 # SKIP $2"
}
# Each PATTERN is in the report on LOG; after "not", it is not there.
says() { # LOG PATTERN...
	log=$1
	shift
	if ! [ -e "$shared/logs/$log.log" ]; then
		skip "$log" "no $shared/logs"
		return
	fi
	report=$("$io" explain "$shared/logs/$log.log" 2>&1)
	status=0
	want=0
	for p; do
		if [ "$p" = not ]; then
			want=1
			continue
		fi
		printf '%s\n' "$report" | grep -Eq -e "$p"
		if [ $? != $want ]; then
			echo "# $log: $([ $want = 0 ] && echo lacks || echo says) $p"
			status=1
		fi
		want=0
	done
	result $status "$log"
}

echo "TAP version 13"
echo "1..14"
says attached-hang 'pid 6203 is blocked in recvfrom.*127.0.0.1:39955' \
	'1 process, 2 tasks' 'sleeps in futex' not '6203.*no I/O of its own'
says killed-wait 'waited 60.00 s .*recvfrom' 'longest 60.00 s' SIGTERM
says odd '10.0. s .*DNS|name server.*10.01 s' '6.00 s .*flock' ECONNREFUSED \
	'Nagle.*30 times' 'fsync takes long' '300 calls.*ENOENT'
says shutdown-counted '3.50 calls per message' 'munmap +40'
says failed-connect '^plain file I/O, 1 process' not '^blocking'
says indented '161 lines' '2 processes, 2 tasks'
says detached-stderr '6 lines, 2 calls' not 'not understood'
says pidns-f '3 processes, 6 tasks'
says truss 'truss'
says msg-peek '500.0 ms .*accept' '300.0 ms .*recvfrom' \
	'copies +in recvfrom, 1 message, 6 bytes' '127.0.0.1:40001, 6 bytes in'
says stale-descriptor 'copies +in read, 1 message, 6 bytes' \
	'sends +in write, 1 time, 3 bytes' 'accept, 1 time' 'plain file I/O' \
	'reads, 2097152 bytes' '4 +connection' '4 +file .*big.bin'
says unshare-files 'accept4.*500.0 ms|500.0 ms.*accept4' '2 messages, 12 bytes' \
	'accept4, 2 times' 'plain file I/O' '5 bytes'
says splice-proxy '2 times, longest 400.0 ms' '40001, 1500 bytes in' \
	'127.0.0.1:80, 1500 bytes out'

if ! [ -e "$shared/reports/score.py" ]; then
	skip reports "no $shared/reports"
elif ! command -v python3 >/dev/null; then
	skip reports "python3 is not installed"
elif [ "${BUILD:-build}" != build ]; then
	skip reports "score.py runs build/iomodels, not $io"
else
	python3 -B "$shared/reports/score.py" | sed 's/^/# /'
	python3 -B "$shared/reports/score.py" >/dev/null
	result $? reports
fi
