#!/bin/sh
# SPDX-License-Identifier: MIT
#
# baseline_test.sh - a log compared with its own report has the same findings
#
# BUILD is where the programs are.  Started from the top of the source.

io=${BUILD:-build}/iomodels
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0

result() { # STATUS NAME
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n $2" || echo "not ok $n $2"
}

# Findings of one id, one process and one line would be one cause, told twice.
compare() { # LOG: with itself
	"$io" explain --json "$1" >"$dir/json"
	"$io" explain --baseline "$dir/json" "$1" >"$dir/got"
	grep -q '^  the same findings$' "$dir/got" && return 0
	sed -n '/^compared with/,$s/^/# /p' "$dir/got"
	echo "# $1"
	return 1
}

echo "TAP version 13"
cat >"$dir/reset.log" <<'END'
80 accept4(3<TCP:[127.0.0.1:7000]>, NULL, NULL, SOCK_CLOEXEC) = 4<TCP:[127.0.0.1:7000->127.0.0.1:51000]>
81 sendto(5<TCP:[127.0.0.1:51000->127.0.0.1:7000]>, "abcdefghij", 10, 0, NULL, 0) = 10
80 recvfrom(4<TCP:[127.0.0.1:7000->127.0.0.1:51000]>, "ab", 2, 0, NULL, NULL) = 2
80 close(4<TCP:[127.0.0.1:7000->127.0.0.1:51000]>) = 0
81 recvfrom(5<TCP:[127.0.0.1:51000->127.0.0.1:7000]>, 0x7f, 100, 0, NULL, NULL) = -1 ECONNRESET (Connection reset by peer)
81 write(2, "client: read: Connection reset by peer\n", 39) = 39
81 exit_group(1) = ?
81 +++ exited with 1 +++
END
compare "$dir/reset.log"
result $? a_call_that_failed_and_ended_the_program
"$io" explain "$dir/reset.log" >"$dir/got"
[ "$(grep -c 'call failed: the peer reset' "$dir/got")" = 1 ]
result $? one_finding_for_it

cat >"$dir/two.log" <<'END'
7 1.0 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.1")}, 16) = -1 ECONNREFUSED (Connection refused) <0.000010>
7 1.1 exit_group(1) = ?
7 1.2 +++ exited with 1 +++
END
"$io" explain --json "$dir/two.log" >"$dir/json"
"$io" explain --baseline "$dir/json" tests/corpus/curl.strace >"$dir/got"
[ "$(grep -c '^  gone ' "$dir/got")" = 1 ]
result $? what_is_gone_is_told_once

status=0
for log in tests/corpus/*.strace; do
	compare "$log" || status=1
done
result $status the_corpus_with_itself
status=0
for log in traces/*.strace; do
	compare "$log" || status=1
done
result $status the_captures_with_themselves
echo "1..$n"
