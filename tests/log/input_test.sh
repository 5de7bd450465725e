#!/bin/sh
# SPDX-License-Identifier: MIT
#
# input_test.sh - a log is read however it was pasted, packed or prefixed
#
# Each form of one log has to say the same as the log itself.  BUILD is where
# the programs are.

io=${BUILD:-build}/iomodels
log=tests/corpus/curl.strace
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0

# What a report says, without the name of the log.
says() { "$io" explain "$1" 2>&1 | sed "s|$1|LOG|"; }
result() { # STATUS NAME
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n $2" || echo "not ok $n $2"
}
same() { # NAME: is $dir/log the same log?
	says "$dir/log" >"$dir/got"
	if cmp -s "$dir/want" "$dir/got"; then
		result 0 "$1"
	else
		diff "$dir/want" "$dir/got" | sed 's/^/# /' | head -20
		result 1 "$1"
	fi
}
skip() { n=$((n + 1)); echo "ok $n $1 # SKIP $2"; }
refused() { # NAME PATTERN
	"$io" explain "$dir/log" >"$dir/got" 2>&1
	status=$?
	[ $status = 1 ] && grep -q "$2" "$dir/got"
	result $? "$1"
}

echo "TAP version 13"
says $log >"$dir/want"
prefix() { sed "s@^@$2@" $log >"$dir/log"; same "$1"; }
prefix indented '    '
prefix tabs '	'
prefix quoted '> '
prefix quoted_twice '> > '
prefix journald 'Nov 28 19:08:44 host strace[123]: '
prefix docker '2026-11-28T19:08:44.123456789Z '
prefix compose 'app-1  | '
cat -n $log >"$dir/log"; same cat_n
grep -n '' $log >"$dir/log"; same grep_n
awk '{ print NR " " $0 }' $log >"$dir/log"; same an_editors_numbers
awk '{ printf "%s\r\n", $0 }' $log >"$dir/log"; same crlf
sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g' $log >"$dir/log"
same html
sed 's/ <\([0-9.]*\)>$/ \1/' $log >"$dir/log"; same durations_without_brackets
{ printf '\357\273\277'; cat $log; } >"$dir/log"; same byte_order_mark
printf '\033[1m%s\033[0m\n' | cat - >/dev/null
sed "s/ = / $(printf '\033')[1;32m=$(printf '\033')[0m /" $log >"$dir/log"
same colours
if command -v iconv >/dev/null; then
	{ printf '\377\376'; iconv -f ASCII -t UTF-16LE $log; } >"$dir/log"
	same utf_16_little_endian
	{ printf '\376\377'; iconv -f ASCII -t UTF-16BE $log; } >"$dir/log"
	same utf_16_big_endian
else
	skip utf_16 "no iconv"
fi
for pack in gzip xz zstd; do
	if ! command -v $pack >/dev/null; then
		skip $pack "no $pack"
	elif $pack -c <$log >"$dir/log" &&
		"$io" explain "$dir/log" 2>&1 | grep -q 'is not there:'; then
		skip $pack "no library for it"
	else
		same $pack
	fi
done
gzip -c <$log 2>/dev/null | head -c 500 >"$dir/log"
! "$io" explain "$dir/log" >"$dir/got" 2>&1
result $? a_packed_log_cut_short
# A log of pids 1, 2, 3 in turn has no line numbers.
printf '%s\n' '1 getpid() = 1' '1 getpid() = 1' '2 getpid() = 2' >"$dir/log"
"$io" explain "$dir/log" | grep -q '2 processes'
result $? pids_that_count_up
# What a web server writes has entities in its strings.
printf '%s\n' '7 write(4, "&lt;unfinished&gt;", 18) = 18' >"$dir/log"
"$io" explain --lines "$dir/log" | grep -q '"&lt;unfinished&gt;"'
result $? entities_in_a_string

# ---- logs of other tracers ----

printf 'open("/etc/x",O_RDONLY,0165)\t = 3 (0x3)\nread(3,"a"...,47) = 47 (0x2f)\n' \
	>"$dir/log"
refused truss 'written by truss'
printf '  1234 ls       CALL  read(0x3,0x7f,0x400)\n  1234 ls       RET   read 5\n' \
	>"$dir/log"
refused ktrace 'written by ktrace'
printf '     0.012 ( 0.003 ms): ls/123 openat(dfd: CWD, filename: "x") = 3\n' \
	>"$dir/log"
refused perf_trace 'written by perf trace'
printf '__libc_start_main(0x1, 1, 0x2 <unfinished ...>\nmalloc(24) = 0x5\n+++ exited (status 0) +++\n' \
	>"$dir/log"
refused ltrace 'written by ltrace'
# Two runs, one behind the other; a shell and what it starts are one.
{
	printf '%s\n' '7 execve("/bin/a", ["a"], 0x7 /* 9 vars */) = 0' \
		'7 openat(AT_FDCWD, "/etc/a", O_RDONLY) = -1 ENOENT (No such file or directory)' \
		'7 exit_group(1) = ?' '7 +++ exited with 1 +++'
	printf '%s\n' '8 execve("/bin/sh", ["sh"], 0x7 /* 9 vars */) = 0' \
		'8 vfork() = 9' '9 execve("/bin/b", ["b"], 0x7 /* 9 vars */) = 0' \
		'9 exit_group(0) = ?' '9 +++ exited with 0 +++' \
		'8 vfork() = 10' '10 execve("/bin/b", ["b"], 0x7 /* 9 vars */) = 0' \
		'10 exit_group(0) = ?' '10 +++ exited with 0 +++' \
		'8 exit_group(0) = ?' '8 +++ exited with 0 +++'
} >"$dir/log"
"$io" explain "$dir/log" >"$dir/got" 2>&1
grep -q '^run 1 of 2, from line 1$' "$dir/got" &&
	grep -q '^a: .*/etc/a failed with ENOENT' "$dir/got" &&
	grep -q '^run 2 of 2, from line 5$' "$dir/got"
result $? several_runs
sed 1,4d "$dir/log" >"$dir/one"
! "$io" explain "$dir/one" | grep '^run '
result $? children_are_no_runs
"$io" explain --fail-on missing "$dir/log" >/dev/null
[ $? = 3 ]
result $? a_finding_of_any_run

echo "1..$n"
