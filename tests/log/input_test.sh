#!/bin/sh
# SPDX-License-Identifier: MIT
#
# input_test.sh - a log is read however it was pasted, packed or prefixed
#
# Each form of one log has to say the same as the log itself.  BUILD is where
# the programs are.  (make fuzz-format gives a short LOG, and keeps its forms as
# seeds in the folder FORMS.)

io=${BUILD:-build}/iomodels
log=${LOG:-tests/corpus/curl.strace}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0

# What a report says, without the name of the log.
says() { "$io" explain "$1" 2>&1 | sed "s|$1|LOG|"; }
result() { # STATUS NAME
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n $2" || echo "not ok $n $2"
	[ -z "$FORMS" ] || cp "$dir/log" "$FORMS/$n"
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
prefix journald_with_fractions 'Nov  8 19:08:44.123456 host strace[123]: '
prefix journald_short_iso '2026-11-28T19:08:44+0100 host strace[123]: '
prefix journald_no_host 'Nov 28 19:08:44 strace[123]: '
prefix syslog_rfc5424 '<13>1 2026-11-28T19:08:44.123Z host strace 123 - - '
prefix kubectl '[pod/web-5d4f-abc/app] '
prefix kubectl_with_times '[pod/web-5d4f-abc/app] 2026-11-28T19:08:44.1Z '
prefix stern 'web-5d4f-abc app '
prefix containerd '2026-11-28T19:08:44.123456789Z stderr F '
prefix a_date_in_brackets '[2026-11-28 19:08:44,123] '
prefix ts '00:00:01 '
prefix grep_file_name 'trace.log:'
prefix list '- '
prefix diff '+'
prefix shell_comment '# '
prefix table_column '| '
prefix kernel_log '[    1.690074] strace[733]: '
prefix klog 'I1130 12:00:00.123456   12345 strace.go:50] '
prefix logcat '11-30 12:00:00.123  5771  5771 I wrap.sh : '
prefix coloured_compose "$(printf '\033')[36mapp-1  | $(printf '\033')[0m"
# What stands before each line differs only in its numbers.
prefix github_run 'build	Run strace	2026-11-28T19:08:44.1234567Z '
prefix gitlab_job '2026-11-28T19:08:44.123456Z 01O '
prefix a_test_number '1: '
prefix chat '[17:00] <nick> '
prefix git_blame 'abc12345 (A B 2026-11-28 19:08:44 +0000  1) '
prefix journald_full 'Mon 2026-11-30 17:00:00 UTC host strace[123]: '
prefix syslog_with_priority '<13>Nov 30 17:00:00 host strace[1]: '
prefix logcat_brief 'D/strace(  771): '
prefix loki '2026-11-30T17:00:00Z {app="x",pod="y"} '
{ echo '#12 [4/4] RUN strace curl'; awk '{ printf "#12 %.3f %s\n", NR / 9, $0 }' $log
} >"$dir/log"
"$io" explain "$dir/log" 2>&1 | head -1 >"$dir/got"
head -1 "$dir/want" | cmp -s - "$dir/got"; result $? a_build_of_docker
# Both of a line's ends.
sed 's/"/""/g; s/.*/12,"&"/' $log >"$dir/log"; same csv
sed 's/[\\"]/\\&/g; s/.*/  "&",/' $log >"$dir/log"; same a_list_of_json
sed 's/$/$/' $log >"$dir/log"; same cat_A
sed 's/|/\\|/g' $log | awk '{ print "| " NR " | " $0 " |" }' >"$dir/log"
"$io" explain "$dir/log" 2>&1 | head -1 >"$dir/got"
head -1 "$dir/want" | cmp -s - "$dir/got"; result $? a_table_of_markdown
sed 's/.*/MESSAGE=&/' $log >"$dir/log"; same journald_export
sed 's/[\\"]/\\&/g; s/.*/	"MESSAGE" : "&",/' $log >"$dir/log"
same journald_json_pretty
sed 's/[\\"]/\\&/g; s/.*/{"Action":"output","Output":"&\\n"}/' $log >"$dir/log"
same go_test_json
awk '{ print "\342\224\202" $0 " \342\224\202" }' $log >"$dir/log"; same a_pane_of_tmux
sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/.*/<line n="7">&<\/line>/' $log >"$dir/log"
same lines_of_xml
sed 's/[\\"]/\\&/g; s/.*/[0.12, "o", "&\\r\\n"]/' $log >"$dir/log"; same asciinema
{ printf 'fatal: [h]: FAILED! => {"rc": 7, "stderr": "'
	sed 's/[\\"]/\\&/g; s/$/\\n/' $log | tr -d '\n'; echo '"}'; } >"$dir/log"
same ansible
around() { # NAME: the same, but lines around the log are not understood
	says "$dir/log" | sed "$numbers; /not understood/,\$d" >"$dir/got"
	sed "$numbers" "$dir/want" | cmp -s - "$dir/got"
	result $? "$1"
}
wrapped() { # NAME: the same, except the numbers of lines
	says "$dir/log" | sed "$numbers" >"$dir/got"
	sed "$numbers" "$dir/want" | cmp -s - "$dir/got"
	result $? "$1"
}
numbers='s/lines\{0,1\} [0-9, ]*/line N/g; s/^LOG: [0-9]* lines/LOG: N lines/'
# The whole log is one text in a text of another form.
{ printf '{"id":1,"title":"It hangs","body":"See:\\r\\n\\r\\n```\\r\\n'
	sed 's/[\\"]/\\&/g; s/$/\\r\\n/' $log | tr -d '\n'
	printf '```\\r\\nThanks","user":{"login":"x"}}'; } >"$dir/log"
around an_issue_by_its_api
{ printf 'name: x\noutput: "'
	sed 's/[\\"]/\\&/g; s/$/\\n/' $log | tr -d '\n'; echo '"'; } >"$dir/log"
wrapped a_quoted_text_of_yaml
{ printf "Error: output=b'"; sed 's/\\/&&/g; s/$/\\n/' $log | tr -d '\n'
	echo "'"; } >"$dir/log"; wrapped bytes_of_python
{ printf '['; sed 's/[\\"]/\\&/g; s/.*/"&"/' $log | paste -sd, | tr -d '\n'
	echo ']'; } >"$dir/log"; wrapped a_list_in_one_line
# (A call may write the same; the line is strace's.)
printf '%s\n' '7 write(4, "{\"log\": \"1 close(3) = 0\n1 close(4) = 0\n1 close(5) = 0\n\"}", 60) = 60' \
	'7 exit_group(0) = ?' >"$dir/log"
"$io" explain "$dir/log" 2>/dev/null | grep -q ': 2 lines, 2 calls'
result $? a_log_that_a_call_writes
# What a terminal received: titles, and what a later text has overwritten.
{ printf 'Script started on 2026-11-30 21:00:00+00:00\r\n'
	printf '\033]0;root@h: ~\a\033[?2004hh:~# strace ls\r\n\033[?2004l\r'
	sed 's/$/\r/' $log; } >"$dir/log"; around a_typescript
{ printf 'section_start:1700000000:step\r\033[0K'; cat $log; } >"$dir/log"
wrapped a_section_of_gitlab
sed 's/^/50%\r/; s/$/\r\r/' $log >"$dir/log"; same carriage_returns_in_lines
sed 's/$/^M/' $log >"$dir/log"; same cat_v
# The mark stands before the first line, and behind the last one.
{ printf '```'; cat $log; } | sed '$s/$/```/' >"$dir/log"; same a_chats_fence
{ printf '<html>\n<body><p>Output:</p><pre><code>'
	sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g' $log
	echo '</code></pre></body></html>'; } >"$dir/log"; wrapped a_page_with_pre
{ printf '<testcase name="x"><system-err><![CDATA['; cat $log
	echo ']]></system-err></testcase>'; } >"$dir/log"; around cdata
sed 's/ = /	= /; s/^\([0-9]*\) */	\1	/' $log >"$dir/log"; same tabs
sed "s/^/$(printf '\342\200\213')/" $log >"$dir/log"; same zero_width_spaces
sed "s/\.\.\./$(printf '\303\242\342\202\254\302\246')/
	s/ = /$(printf '\303\202\302\240')= /" $log >"$dir/log"; same mojibake
sed "s/\.\.\./$(printf '\205')/; s/ = /$(printf '\240')= /" $log >"$dir/log"
same windows_1252
sed 's/[\\"]/\\&/g
	s/.*/{"timestamp": "2026", "body": "&", "resource": {"pod": "x"}}/' \
	$log >"$dir/log"; same opentelemetry
sed 's/[\\"]/\\&/g
	s/.*/2026-11-30T21:00:00+00:00	kube.app	{"log": "&\\n", "stream": "x"}/' \
	$log >"$dir/log"; same fluentd
# The head was cut off in the middle of a line, whose rest looks like a call.
sed 1d $log >"$dir/log"; says "$dir/log" | sed "$numbers" >"$dir/rest"
{ echo 'ecve("/usr/bin/curl", ["curl"], 0x7ffc /* 9 vars */) = 0 <0.0001>'
	sed 1d $log; } >"$dir/log"
says "$dir/log" | sed "$numbers" >"$dir/got"
cmp -s "$dir/rest" "$dir/got"; result $? a_head_that_was_cut
# A mail of quoted-printable.
sed 's/=/=3D/g' $log | awk '{ for (; length($0) > 70; $0 = substr($0, n)) {
	n = 68; while (substr($0, n - 3, 4) ~ /=/) n--
	print substr($0, 1, n - 1) "=" }
	print }' >"$dir/log"
says "$dir/log" | sed 's/lines\{0,1\} [0-9, ]*/line N/g; s/^LOG: [0-9]* lines/LOG: N lines/' >"$dir/got"
sed 's/lines\{0,1\} [0-9, ]*/line N/g; s/^LOG: [0-9]* lines/LOG: N lines/' "$dir/want" |
	cmp -s - "$dir/got"; result $? quoted_printable
grep -n '' $log | sed 's/^/trace.log:/' >"$dir/log"; same grep_nH
cat -n $log | sed 's/^/> /; s/$/\r/' >"$dir/log"; same quoted_numbers_crlf
awk '{ print "L" NR ": " $0 }' $log >"$dir/log"; same numbers_with_a_letter
awk '{ printf "%4d   \342\224\202 %s\n", NR, $0 }' $log >"$dir/log"; same bat
sed 's/[\\"]/\\&/g; s/</\\u003c/g; s/>/\\u003e/g
	s/.*/{"log":"&\\n","stream":"stderr","time":"2026-11-28T19:08:44Z"}/' \
	$log >"$dir/log"; same docker_json
sed 's/[\\"]/\\&/g; s/.*/{"ts":1, "level":"info", "msg":"&"}/' $log >"$dir/log"
same json_lines
sed 's/[\\"]/\\&/g
	s/.*/time="2026-11-28T19:08:44Z" level=debug msg="&" app=web/' \
	$log >"$dir/log"; same logfmt
sed 's/.*/`&`/' $log >"$dir/log"; same inline_code
sed 's/.* connect(.*/**&**/' $log >"$dir/log"; same bold_lines
sed "s/ \"/ $(printf '\342\200\234')/; s/\.\.\./$(printf '\342\200\246')/
	s/ = /$(printf '\302\240')= /" $log >"$dir/log"; same word_processor
tr '\n' '\r' <$log >"$dir/log"; same carriage_returns
sed 's/\([0-9]\)\.\([0-9]*\)>$/\1,\2>/; s/^\([0-9]* *[0-9:]*\)\./\1,/' $log \
	>"$dir/log"; same commas_in_times
# A mail program, a terminal and a container's log cut long lines.
fold -w 80 $log >"$dir/log"; wrapped wrapped_at_the_margin
fold -s -w 74 $log | sed 's/ $//; s/^/> /' >"$dir/log"; wrapped wrapped_mail
awk '{ p = "2026-11-28T19:08:44.1Z stderr "
	for (; length($0) > 90; $0 = substr($0, 91))
		print p "P " substr($0, 1, 90)
	print p "F " $0 }' $log >"$dir/log"; wrapped containerd_parts
{ printf '```strace\n'; cat $log; printf '```\n'; } >"$dir/log"; wrapped fences
{ echo '{noformat}'; cat $log; echo '{noformat}'; } >"$dir/log"; wrapped jira
# Lines of other programs are not understood, and change nothing else.
awk '{ print } NR % 5 == 0 {
	print "2026-11-29 07:50:53 INFO [main] com.example.Server: done in 12 ms"
	print "10.0.0.1 - - [29/Nov/2026:07:50:53] \"GET / HTTP/1.1\" 200 612" }
	' $log >"$dir/log"
says "$dir/log" | sed "$numbers; /not understood/,\$d" >"$dir/got"
sed "$numbers" "$dir/want" | cmp -s - "$dir/got"
result $? others_between
cat -n $log >"$dir/log"; same cat_n
grep -n '' $log >"$dir/log"; same grep_n
awk '{ print NR " " $0 }' $log >"$dir/log"; same an_editors_numbers
awk '{ printf "%s\r\n", $0 }' $log >"$dir/log"; same crlf
sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g' $log >"$dir/log"
same html
sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/.*/<span class="x">&<\/span>/
	1s/^/<pre>/' $log >"$dir/log"; same html_with_tags
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
# More than one read(2) of packed bytes.
awk 'BEGIN { for (srand(1); i < 30000; i++)
	printf "7 write(3, \"%d %d %d\", 30) = 30\n", rand() * 1e9, rand() * 1e9,
		rand() * 1e9 }' >"$dir/one"
if gzip -c <"$dir/one" >"$dir/log" 2>/dev/null &&
	! "$io" explain "$dir/log" 2>&1 | grep -q 'is not there:'; then
	"$io" explain "$dir/log" 2>&1 | grep -q '30000 calls' &&
		[ "$(wc -c <"$dir/log")" -gt 300000 ]
	result $? a_packed_log_of_many_reads
else
	skip a_packed_log_of_many_reads "no gzip"
fi
gzip -c <$log 2>/dev/null | head -c 500 >"$dir/log"
! "$io" explain "$dir/log" >"$dir/got" 2>&1
result $? a_packed_log_cut_short
# Nothing of it can be unpacked, so there are no bytes to look at.
printf '(\265/\375no frame at all\n' >"$dir/log"
"$io" explain "$dir/log" 2>&1 | grep -q 'damaged\|is not there:'
result $? a_packed_log_that_is_none
# The second end takes the place of the first, which is gone then.
printf '%s\n' '7 pipe([3, 3]) = 0' '7 close(3) = 0' >"$dir/log"
"$io" explain "$dir/log" >"$dir/got" 2>&1
result $? a_pipe_with_one_descriptor
# A line without a blank may be longer than what looks for wrapped lines holds.
{
	echo 'read(3, "abcdefghijklmnopqrstuvwxyzabcdefghijklmno", 100) = 26'
	printf 'write(5,%06000d\n' 0
	echo 'write(3, "abcdefghijklmnopqrstuvwxyz", 100) = 26'
} >"$dir/log"
"$io" explain "$dir/log" | grep -q '2 calls'
result $? a_long_line_without_a_blank
# A log of pids 1, 2, 3 in turn has no line numbers.
printf '%s\n' '1 getpid() = 1' '1 getpid() = 1' '2 getpid() = 2' >"$dir/log"
"$io" explain "$dir/log" | grep -q '2 processes'
result $? pids_that_count_up
# What a web server writes has entities in its strings.
printf '%s\n' '7 write(4, "&lt;unfinished&gt;", 18) = 18' >"$dir/log"
"$io" explain --lines "$dir/log" | grep -q '"&lt;unfinished&gt;"'
result $? entities_in_a_string

# strace itself may fail.
printf '%s\n' 'strace: attach: ptrace(PTRACE_SEIZE, 771): Operation not permitted' \
	'Could not attach to process.' >"$dir/log"
refused strace_may_not_attach 'recorded no call: .*kernel.yama.ptrace_scope'
echo "strace: Cannot find executable 'foo'" >"$dir/log"
refused strace_cannot_start "recorded no call: strace: Cannot find executable 'foo'"

# ---- logs of other tracers ----

printf 'open("/etc/x",O_RDONLY,0165)\t = 3 (0x3)\nread(3,"a"...,47) = 47 (0x2f)\n' \
	>"$dir/log"
refused truss 'written by truss'
printf '%s\n' 'so_socket(PF_INET, SOCK_STREAM, IPPROTO_IP, 0x0, SOV_DEFAULT) = 3' \
	'connect(3, 0x08047C10, 16, SOV_DEFAULT)  Err#146 ECONNREFUSED' >"$dir/log"
refused truss_of_solaris 'written by truss'
printf 'sched_yield(0x14,0x7ff)\t\t = 0 (0x0)\n' >"$dir/log"
refused truss_with_tabs 'written by truss'
printf '34379 12:02:36.269754164 2 app (7896) < connect res=-111(ECONNREFUSED)\n' \
	>"$dir/log"
refused sysdig 'written by sysdig'
printf '%s\n' 'Attaching 3 probes...' '12:00:01 openat(/etc/x) = 3 curl[7]' \
	>"$dir/log"
refused bpftrace 'written by bpftrace'
printf '%s\n' '7 execve("/bin/bpftrace", ["bpftrace"], 0x7 /* 9 vars */) = 0' \
	'Attaching 3 probes...' '7 read(3, "x", 9) = 1' >"$dir/log"
"$io" explain "$dir/log" 2>/dev/null | grep -q '1 process'
result $? bpftrace_under_strace
printf 'type=SYSCALL msg=audit(1700000000.123:420): arch=c000003e syscall=42\n' \
	>"$dir/log"
refused auditd 'written by auditd'
printf 'I0424 10:57:18.9 18306 strace.go:581] [   2] python3 E munmap(0x7f, 0x1000)\n' \
	>"$dir/log"
refused gvisor "written by gVisor"
printf '  1234 ls       CALL  read(0x3,0x7f,0x400)\n  1234 ls       RET   read 5\n' \
	>"$dir/log"
refused ktrace 'written by ktrace'
printf '     0.012 ( 0.003 ms): ls/123 openat(dfd: CWD, filename: "x") = 3\n' \
	>"$dir/log"
refused perf_trace 'written by perf trace'
printf '__libc_start_main(0x1, 1, 0x2 <unfinished ...>\nmalloc(24) = 0x5\n+++ exited (status 0) +++\n' \
	>"$dir/log"
refused ltrace 'written by ltrace'
printf '%s\n' '# DURATION     TID     FUNCTION' '            [ 28495] | main() {' \
	'   1.352 us [ 28495] |   printf();' '   2.500 us [ 28495] | } /* main */' \
	>"$dir/log"
refused uftrace 'written by uftrace'
sed 1d "$dir/log" >"$dir/part"
mv "$dir/part" "$dir/log"
refused uftrace_without_its_head 'written by uftrace'
printf '771 brk(NULL) = 0x0000555\n771 connect(3,{sin_port=80},16) = -1 errno=111 (x)\n' \
	>"$dir/log"
refused qemu 'written by qemu'
printf '[2506] rt_sigprocmask(SIG_SETMASK, <sigset=()>, NULL, 8) = 0\n' >"$dir/log"
refused python_ptrace 'written by python-ptrace'
printf 'ls 771 [000] 1.2: syscalls:sys_enter_openat: dfd: 0xffffff9c\n' >"$dir/log"
refused perf_script 'written by perf script'
printf '"Time of Day","Process Name","PID"\n"5:00","a.exe","7"\n' >"$dir/log"
refused process_monitor 'written by Process Monitor'
# A program may write the same, and a report has a backtrace behind its log.
printf '%s\n' '7 write(2, "brk() = -1 errno=12", 19) = 19' '7 read(3, "x", 9) = 1' \
	'#0  0x00007f12 in read () from libc.so' >"$dir/log"
"$io" explain "$dir/log" 2>/dev/null | grep -q '1 process'
result $? other_tools_text_in_a_log

# ---- files that are not text ----

printf '7 read(3, "\000", 9) = 1\n' >"$dir/log"; refused nul_byte ':1: a NUL byte'

printf '%%PDF-1.4\n1 0 obj\n' >"$dir/log"; refused pdf 'a PDF document'
printf 'PK\003\004xxxxxxxx\n' >"$dir/log"; refused zip 'a zip archive'
printf 'BZh91AY\n' >"$dir/log"; refused bzip2 'compressed by bzip2'
base64 $log >"$dir/log"; refused base64 'in base64'
{ echo 'Content-Transfer-Encoding: base64'; echo; base64 $log; } >"$dir/log"
refused a_mail_in_base64 'in base64'
# Two runs, one after the other; a shell and what it starts are one.
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
