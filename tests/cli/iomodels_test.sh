#!/bin/sh
# SPDX-License-Identifier: MIT
#
# iomodels_test.sh - the command line: options, exit codes, send and serve
#
# A test is a function test_NAME; its exit status is the result, and what it
# prints is shown when it fails.  BUILD is where the programs are.

build=${BUILD:-build}
io=$build/iomodels
dir=$(mktemp -d) || exit 1
pid=
stop() { [ "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid"; pid=; }
trap 'stop; rm -rf "$dir"' EXIT
trap 'exit 143' TERM INT

# expect STATUS PATTERN COMMAND...: how it ends, and what it says at that.
expect() {
	want=$1 pattern=$2
	shift 2
	timeout 60 "$@" >"$dir/said" 2>&1 </dev/null
	status=$?
	if [ $status != "$want" ] || ! grep -q -e "$pattern" "$dir/said"; then
		echo "$*: status $status, expected $want and '$pattern' in:"
		cat "$dir/said"
		return 1
	fi
}

# The test, or the rest of it, cannot run here: it is a skip, with the reason.
cannot() { why=$*; }
strace_works() {
	strace -o "$dir/s" true 2>/dev/null || { cannot "strace may not trace here"; false; }
}

# start MODEL OPTION...: a server on a port of the kernel's choice: $port.
# The first line of its stderr says that it serves; a fifo, so that we wait.
start() {
	rm -f "$dir/err"
	mkfifo "$dir/err"
	"$io" serve "$@" --port 0 >"$dir/out" 2>"$dir/err" &
	pid=$!
	exec 3<"$dir/err"
	read -r serving <&3
	port=${serving##*:}
}

test_no_command() { expect 2 Usage: "$io"; }
test_unknown_command() {
	expect 2 "frob: no such command$" "$io" frob &&
		expect 2 "explian: no such command; did you mean explain?" "$io" explian
}
# One line: the command, the value, and what is wrong or what to do.
test_errors_begin_with_the_command() {
	for words in 'explain:NOFILE' 'explain --json:NOFILE' \
		'explain --baseline NOFILE /etc/passwd:NOFILE' \
		'send --port 1:connect 127.0.0.1:1' \
		'send --host no.invalid:--host no.invalid' \
		'compare:nosuch' 'compare --start x:--start x' \
		'compare epoll --base:nosuch' 'capture:nosuch' \
		'claims:nosuch' 'trace:nosuch' 'trace --pid:99999999' \
		'aio-run:nosuch' 'serve:nosuch' 'demo:nosuch'; do
		command=${words%%:*} value=${words#*:}
		case $command in
		*NOFILE* | send* | *' x') ;;
		*) command="$command $value" ;;
		esac
		# shellcheck disable=SC2086
		timeout 60 "$io" $command >/dev/null 2>"$dir/said" </dev/null
		head -n 1 "$dir/said" | grep -q \
			"^iomodels ${command%% *}: .*$value" || {
			echo "iomodels $command says:"
			cat "$dir/said"
			return 1
		}
	done
}
test_help_command() {
	expect 0 '^  explain ' "$io" help &&
		expect 0 'Usage: iomodels explain' "$io" help explain &&
		expect 2 "frob: no such command" "$io" help frob
}
# How far it is stands on a terminal, and nowhere else.
test_progress() {
	"$io" doctor >"$dir/out" 2>"$dir/err"
	if grep ' of ' "$dir/err"; then
		return 1
	fi
	command -v script >/dev/null || { cannot "no script(1)"; return 0; }
	script -qec "$io doctor" "$dir/typescript" >/dev/null </dev/null
	grep -q '1 of [0-9]*: [a-z_]*, 0:[0-9]* left' "$dir/typescript"
}
test_unknown_option() {
	for c in "" list serve send explain; do
		expect 2 "unrecognized option '--frob'" "$io" $c --frob || return
	done
}
test_help() {
	for c in "" list serve send explain; do
		expect 0 Usage: "$io" $c --help || return
	done
}
test_version() { expect 0 '^iomodels [0-9]' "$io" --version; }
test_list() {
	expect 0 'I/O multiplexing' "$io" list &&
		expect 0 '^  epoll  *level-triggered' "$io" list
}
test_explain() {
	log=tests/corpus/redis.strace
	expect 0 '^epoll, level-triggered$' "$io" explain $log &&
		expect 0 '"version": 3' "$io" explain --json $log &&
		expect 0 'accepts: .* listener' "$io" explain --lines $log &&
		expect 0 '<html' "$io" explain --html $log &&
		expect 0 traceEvents "$io" explain --perfetto $log &&
		expect 0 'per message' "$io" explain --diff $log $log &&
		expect 0 '^epoll' sh -c "\"$io\" explain <$log"
}
test_explain_fd() {
	expect 0 'closed: 8 connection' "$io" explain --fd 8 \
		tests/corpus/redis.strace || return
	! grep -q 'recvfrom(9' "$dir/said"
}
test_trace() {
	strace_works || return 0
	expect 0 'blocking' "$io" trace -- sh -c 'echo hi | cat' &&
		expect 7 'execve' "$io" trace -- sh -c 'exit 7' &&
		expect 2 'expected -- COMMAND' "$io" trace &&
		expect 2 'expected only one of' "$io" trace --json --html -- true &&
		expect 2 'not both' "$io" trace --pid 1 -- true &&
		expect 127 'iomodels trace: .*no such command' "$io" trace -- ./none
}
test_trace_leaves_stdout_to_the_command() {
	strace_works || return 0
	[ "$("$io" trace -- echo hi 2>"$dir/said")" = hi ] &&
		grep -q '^iomodels trace: .* -o DIR keeps it' "$dir/said" &&
		expect 0 hi "$io" trace --json --output "$dir/report" -- echo hi &&
		grep -q '"version": 3' "$dir/report" &&
		! grep -q version "$dir/said"
}
test_trace_keeps_what_it_cites() {
	strace_works || return 0
	expect 0 "^$dir/kept: " "$io" trace -o "$dir/kept" -- true &&
		! grep -q 'is deleted now' "$dir/said" &&
		expect 0 execve "$io" explain --lines "$dir/kept"
}
test_trace_fails_on_a_finding() {
	strace_works || return 0
	expect 3 . "$io" trace --fail-on ended-by-signal -- sh -c 'kill -TERM $$' &&
		expect 0 . "$io" trace --fail-on any -- true
}
test_explain_refuses() {
	expect 1 'No such file' "$io" explain "$dir/none" &&
		expect 1 '^iomodels explain: .*none: No such file .*; strace -f' \
			"$io" explain "$dir/none" &&
		expect 1 "neither strace.log nor kernel.log" "$io" explain "$dir" &&
		expect 1 'no line of strace output' "$io" explain Makefile &&
		expect 1 'a program, not its log' "$io" explain "$build/models/epoll" &&
		expect 2 'expected two logs' "$io" explain --diff Makefile &&
		expect 2 'expected only one of' "$io" explain --json --html x &&
		expect 2 'a number from 0' "$io" explain --fd x Makefile
}
test_stdout_full() {
	for words in list --help --version 'list --help' 'capture --help' \
		'claims --help' 'demo --help' 'serve --help' 'send --help' \
		'doctor --help' 'explain --help' 'trace --help' \
		'explain tests/corpus/redis.strace' \
		'explain --html tests/corpus/redis.strace'; do
		expect 1 'stdout: No space left' \
			sh -c "\"$io\" $words >/dev/full" || return
		[ "$(wc -l <"$dir/said")" = 1 ] || return
	done
}
# No file of ours becomes stdin, stdout or stderr.
test_closed_descriptors() {
	expect 1 'stdout: Bad file descriptor' sh -c "\"$io\" list >&-" &&
		expect 1 '^iomodels explain: -:1: Bad file' \
			sh -c "\"$io\" explain <&-" || return
	strace_works || return 0
	for closed in '2>&-' '<&- 2>&-' '<&-'; do
		rm -rf "$dir/closed"
		sh -c "exec \"$io\" trace -o \"$dir/closed\" -- true $closed" \
			>"$dir/said" 2>/dev/null	# 1: its report is lost
		[ ! -s "$dir/said" ] || { cat "$dir/said"; return 1; }
		"$io" explain "$dir/closed/strace.log" >/dev/null || return
		rm -rf "$dir/closed"
		sh -c "exec \"$io\" capture -o \"$dir/closed\" epoll $closed" \
			>"$dir/said" 2>/dev/null || return
	done
}

test_serve_wrong() {
	expect 2 "expected a MODEL" "$io" serve &&
	expect 2 "epol: no such model; did you mean epoll?" "$io" serve epol &&
	expect 2 "one model at a time" "$io" serve epoll poll &&
	expect 2 "port 65536: expected a number from 0" "$io" serve epoll --port 65536 &&
	expect 2 "port 7x: expected a number" "$io" serve epoll --port 7x &&
	expect 2 "bind 1.2.3: expected an IPv4" "$io" serve epoll --bind 1.2.3 &&
	expect 2 "print, echo or reply" "$io" serve epoll --service cat
}
# It is shown in parts, so that no server fills our memory.
test_send_to_a_server_that_goes_on() {
	command -v python3 >/dev/null || { cannot "python3 is not installed"; return; }
	mkfifo "$dir/port"
	python3 -c 'import socket
l = socket.create_server(("127.0.0.1", 0))
print(l.getsockname()[1], file=open("'"$dir/port"'", "w"))
c = l.accept()[0]
c.sendall(b"x" * (1 << 20))
c.shutdown(1)
c.recv(4096)' &
	pid=$!
	read -r port <"$dir/port"
	timeout 60 "$io" send --port "$port" >"$dir/said" 2>&1
	status=$? lines=$(wc -l <"$dir/said")
	[ $status = 0 ] && [ "$lines" -gt 4 ] && [ "$lines" -le 17 ] &&
		[ "$(tr -d '\n' <"$dir/said" | wc -c)" = 1048576 ] && return
	echo "status $status, $lines lines"
	return 1
}

# As many clients as there are descriptors send; the others say why not.
test_send_with_few_descriptors() {
	start epoll --service print || return
	expect 1 'socket 127.0.0.1.*EMFILE.*fewer --clients' sh -c \
		"ulimit -n 20; exec '$io' send --port $port --clients 40" &&
		! grep 'poll: ' "$dir/said"
}
test_send_wrong() {
	expect 2 "port 0: expected a number from 1" "$io" send --port 0 &&
	expect 2 "repeat : expected a number" "$io" send --repeat '' &&
	expect 2 "clients -1: expected a number" "$io" send --clients=-1 &&
	expect 2 "pause inf: expected seconds" "$io" send --pause inf &&
	expect 2 "not UTF-8" "$io" send --message "$(printf 'a\377')" &&
	expect 2 "not an option" "$io" send hello &&
	expect 1 "host a.invalid" "$io" send --host a.invalid
}

# The port was a server's a moment ago, so nobody else's: it is refused.
test_refused() {
	start epoll
	stop
	expect 1 "ECONNREFUSED.*is a server running.*serve epoll --port $port" \
		"$io" send --port "$port" &&
	expect 1 "ECONNREFUSED.*serve sigio_udp" "$io" send --udp --port "$port"
}

# serve becomes the model: the same process, and its exit status.
test_serve_is_the_model() {
	start epoll
	name=$(cat "/proc/$pid/comm")
	kill -INT "$pid"			# sh starts it with SIGINT ignored,
	kill -TERM "$pid"			# but it asks for it again
	wait "$pid"
	status=$?
	pid=
	echo "comm $name, status $status"
	[ "$name" = epoll ] && [ $status = 0 ]
}
# RLIMIT_FSIZE: it says why it ends, instead of ending by SIGXFSZ.
test_serve_into_a_file_that_may_not_grow() {
	rm -f "$dir/err"
	mkfifo "$dir/err"
	(ulimit -f 1; exec "$io" serve epoll --port 0 >"$dir/out" 2>"$dir/err") &
	pid=$!
	exec 3<"$dir/err"
	read -r serving <&3
	timeout 20 "$io" send --port "${serving##*:}" \
		--message "$(head -c 3000 /dev/zero | tr '\0' x)"
	wait $pid
	status=$? pid=
	echo "status $status"
	[ $status = 1 ] && grep EFBIG <&3
}
test_port_in_use() {
	start epoll
	expect 1 EADDRINUSE "$io" serve poll --port "$port"
}

test_print() {
	start epoll --service print
	timeout 20 "$io" send --port "$port" --user eve --message hi
	sent=$?
	stop					# it prints before it ends
	cat "$dir/out"
	[ $sent = 0 ] && grep -q '{"send_user": "eve", "send_time": "....-..-.. ..:..:..", "send_msg": "hi"}$' "$dir/out"
}
test_echo_two() {
	start epoll --service echo
	expect 0 '"send_msg": "hi"' "$io" send --port "$port" --message hi \
		--repeat 2 --pause 0.1 && [ "$(wc -l <"$dir/said")" = 2 ]
}
test_utf8_and_escapes() {
	start epoll --service echo
	expect 0 '"send_msg": "häßlich 日本 \\"q\\" \\\\ \\u001b\[31m\\u000a"}$' \
		"$io" send --port "$port" \
		--message "$(printf 'häßlich 日本 "q" \\ \033[31m\n.' | sed 's/\.$//')
"
}
test_echo_big() {
	start epoll --service echo
	big=$(printf '%0100000d' 7)
	expect 0 "0007\"}" "$io" send --port "$port" --message "$big" --repeat 20 &&
		[ "$(wc -l <"$dir/said")" = 20 ]
}
test_fifty_clients() {
	start epoll --service echo
	expect 0 "^50 of 50 clients sent all of their messages (3 each); 150 messages came back" \
		"$io" send --port "$port" --clients 50 --repeat 3
}
test_udp() {
	start sigio_udp --service echo
	expect 0 '"send_msg": "hi"}$' "$io" send --udp --port "$port" \
		--message hi --repeat 2 && [ "$(wc -l <"$dir/said")" = 2 ]
}
test_udp_too_long() {
	start sigio_udp
	expect 1 EMSGSIZE "$io" send --udp --port "$port" \
		--message "$(printf '%070000d' 7)"
}
test_claims_pattern() {
	expect 2 "sigoi-\*: no such claim" "$io" claims epoll 'sigoi-*' &&
		expect 0 '^[02] hold, 0 refuted, [02] not testable here; 0' \
			"$io" claims closed-peer 'level-*'
}
test_claims_json() {
	expect 0 '"name": "closed-peer"' "$io" claims --json closed-peer &&
		grep -q '"1 sendto(.*EPIPE\|strace' "$dir/said" &&
		grep -q '"not_as_expected": 0' "$dir/said"
}
# Those of the processes $1; each instance is named for its process.
instances_of() {
	for p in $1; do
		ls -d /sys/kernel/tracing/instances/iomodels-"$p"-* 2>/dev/null
	done
}
# A signal ends it in the middle: no process of it is left, nothing in tracefs.
interrupted() {
	[ -w /sys/kernel/tracing/instances ] ||
		{ cannot "tracefs may not be written here"; return 0; }
	[ -e /proc/$$/task/$$/children ] ||
		{ cannot "this kernel does not list children"; return 0; }
	"$io" "$@" >/dev/null 2>&1 &
	pid=$!
	child=
	while kill -0 $pid && [ -z "$(instances_of "$child")" ]; do
		child=$(cat /proc/$pid/task/$pid/children)
	done
	kill $pid && wait $pid
	status=$?
	pid=
	[ $status = 143 ] && [ -z "$(instances_of "$child")" ] &&
		! kill -0 $child 2>/dev/null
}
test_claims_interrupted() {
	interrupted claims uring-polled uring-fsync 'file-*'
}
test_demo_interrupted() { interrupted demo; }
test_traces_interrupted() { interrupted capture --traces "$dir/traces"; }
# A table without a row is not printed.
test_demo_of_one_kind() {
	"$io" demo file_blocking >"$dir/said" 2>&1 || return
	! grep -q 'Each server\|^model\|^calls:' "$dir/said" || return
	"$io" demo epoll >"$dir/said" 2>&1 || return
	! grep -q '^file job' "$dir/said" && grep -q '^model' "$dir/said"
}
# What strace said is the reason.
test_capture_with_a_strace_that_fails() {
	mkdir -p "$dir/bin"
	printf '%s\n' '#!/bin/sh' 'case "$*" in *"sh -c :") exit 0 ;; esac' \
		'echo "strace: no more threads" >&2' 'exit 1' >"$dir/bin/strace"
	chmod +x "$dir/bin/strace"
	expect 1 'file_blocking.*status.*: strace: no more threads' \
		env PATH="$dir/bin:$PATH" \
		"$io" capture --traces "$dir/refused" file_blocking
}
# A held call at the end of a log without times: no slice of negative length.
test_perfetto_without_times() {
	echo "accept4(3, NULL, NULL, SOCK_CLOEXEC) = ? ERESTARTSYS (To be restarted)" \
		>"$dir/held"
	expect 0 "\"dur\":0\.900" "$io" explain --perfetto "$dir/held" &&
		! grep "[.:]-[0-9]" "$dir/said"
}
test_on_a_full_disk() {
	mkdir "$dir/full"
	mount -t tmpfs -o size=64k none "$dir/full" 2>/dev/null ||
		{ cannot "no tmpfs may be mounted here"; return 0; }
	cat /dev/zero >"$dir/full/zero" 2>/dev/null
	ours=0
	for words in 'trace -- true' 'claims epoll' 'demo epoll' doctor; do
		expect 1 'TMPDIR .*No space left' env TMPDIR="$dir/full" \
			"$io" $words || ours=1
	done
	umount "$dir/full"
	return $ours
}
# The folder's disk is full, or becomes full: one line, and no part of a capture.
test_a_folder_on_a_full_disk() {
	mkdir "$dir/small"
	mount -t tmpfs -o size=1400k none "$dir/small" 2>/dev/null ||
		{ cannot "no tmpfs may be mounted here"; return 0; }
	ours=0
	for words in trace 'capture --no-kernel' capture; do
		expect 1 "$dir/small/log: No space left" "$io" $words \
			-o "$dir/small/log" -- dd if=/dev/zero of=/dev/null \
			bs=1 count=9000 status=none || ours=1
		[ "$(grep iomodels "$dir/said" |
			grep -vc "without the kernel's events")" = 1 ] || ours=1
		[ -z "$(ls "$dir/small")" ] || { ls -l "$dir/small"; ours=1; }
	done
	head -c 1000000 /dev/zero >"$dir/small/zero"
	for words in 'trace -- true' 'capture -- true' 'capture epoll'; do
		expect 1 'small/log: No space left' "$io" ${words%% *} \
			-o "$dir/small/log" ${words#* } || ours=1
		[ "$(wc -l <"$dir/said")" = 1 ] || ours=1
		[ "$(ls "$dir/small")" = zero ] || ours=1
	done
	umount "$dir/small"
	return $ours
}
# No part of a file is left, and no line reports it as written.
test_traces_on_a_full_disk() {
	strace_works || return 0
	mkdir "$dir/traces8"
	mount -t tmpfs -o size=4k none "$dir/traces8" 2>/dev/null ||
		{ cannot "no tmpfs may be mounted here"; return 0; }
	ours=0
	echo old >"$dir/traces8/blocking_once.one.$(uname -m).strace"
	expect 1 'blocking_once.one.*strace: No space left' \
		"$io" capture --traces "$dir/traces8" blocking_once || ours=1
	[ "$(cat "$dir"/traces8/*)" = old ] || { ls -l "$dir/traces8"; ours=1; }
	! grep written "$dir/said" || ours=1
	umount "$dir/traces8"
	return $ours
}
# TMPDIR, where the kernel's records are kept until the end, becomes full.
test_records_that_fill_the_disk() {
	[ "$(id -u)" = 0 ] && [ -w /sys/kernel/tracing/instances ] ||
		{ cannot "tracefs needs root"; return 0; }
	mkdir "$dir/spool"
	mount -t tmpfs -o size=1200k none "$dir/spool" 2>/dev/null ||
		{ cannot "no tmpfs may be mounted here"; return 0; }
	ours=0
	expect 1 "TMPDIR $dir/spool: No space left" env TMPDIR="$dir/spool" \
		"$io" capture --no-strace -o "$dir/spooled" -- dd if=/dev/zero \
		of=/dev/null bs=1 count=90000 status=none || ours=1
	[ "$(wc -l <"$dir/said")" = 1 ] || ours=1
	[ ! -e "$dir/spooled" ] || { ls -l "$dir/spooled"; ours=1; }
	umount "$dir/spool"
	return $ours
}
# strace looks for a program in PATH, and the shell that starts it need not.
test_without_path() {
	expect 0 'lines of strace' env -i "$io" capture -o "$dir/bare" -- /bin/true
}
# Wrong names, however many, are a few lines.
test_many_wrong_names() {
	expect 2 'no such claim' "$io" claims $(seq 500) &&
		[ "$(wc -l <"$dir/said")" -le 6 ]
}
# What a capture needs and does not find is the reason, before anything is made.
test_no_tmp() {
	for words in 'trace -- true' "capture -o $dir/none -- true" \
		'demo epoll' 'claims epoll' doctor "capture --traces $dir/none"; do
		expect 1 'TMPDIR /no/where: No such file' env TMPDIR=/no/where \
			"$io" $words || return
		[ "$(wc -l <"$dir/said")" = 1 ] && [ ! -e "$dir/none" ] || return
	done
}
test_tmp_is_a_file() {
	: >"$dir/file"
	for words in 'trace -- true' 'capture -- true' 'demo epoll' doctor; do
		expect 1 "TMPDIR $dir/file: Not a directory" \
			env TMPDIR="$dir/file" "$io" $words || return
	done
}
test_no_proc() {
	! grep -q __asan_init "$io" ||
		{ cannot "AddressSanitizer itself reads /proc/self/maps"; return 0; }
	unshare -m sh -c 'mount -t tmpfs none /proc' 2>/dev/null ||
		{ cannot "no mount namespace may be made here"; return 0; }
	for words in 'trace -- true' 'demo epoll' 'claims epoll' doctor \
		'compare epoll poll' "capture -o $dir/none -- true"; do
		expect 1 '/proc is not mounted: mount' unshare -m sh -c \
			"mount -t tmpfs none /proc && exec \"$io\" $words" || return
		[ "$(wc -l <"$dir/said")" = 1 ] && [ ! -e "$dir/none" ] || return
	done
}
# Characters of each kind that drive a terminal or direct text, sent back.
test_send_shows_no_controls() {
	start epoll --service echo
	text=$(printf 'a\302\233b\342\200\256c\342\201\246d\330\234e')
	"$io" send --port "$port" --message "$text" >"$dir/shown" 2>&1
	grep -qF 'a\xc2\x9bb\xe2\x80\xaec\xe2\x81\xa6d\xd8\x9ce' \
		"$dir/shown" || { cat -v "$dir/shown"; return 1; }
}
test_doctor_without_a_network() {
	unshare -n true 2>/dev/null ||
		{ cannot "no network namespace may be made here"; return 0; }
	expect 1 'ip link set lo up' unshare -n "$io" doctor &&
		! grep gVisor "$dir/said"
}
test_doctor_in_a_user_namespace() {
	unshare -Ur true 2>/dev/null ||
		{ cannot "no user namespace may be made here"; return 0; }
	expect 0 'in a user namespace' unshare -Ur "$io" doctor &&
		! grep 'gets no tracefs' "$dir/said"
}
# make install, then the installed command finds the installed programs.
test_installed() {
	mkdir -p "$dir/usr/bin" "$dir/usr/libexec/iomodels"
	cp "$io" "$dir/usr/bin" && cp "$build/models/epoll" \
		"$dir/usr/libexec/iomodels" || return
	expect 0 'epoll.*one thread$' "$dir/usr/bin/iomodels" list &&
	expect 0 'Usage: epoll' "$dir/usr/libexec/iomodels/epoll" --help
}

tests=$(sed -n 's/^\(test_[a-z0-9_]*\)().*/\1/p' "$0")
echo "TAP version 13"
echo "1..$(echo "$tests" | wc -l)"
n=0 rc=0
for t in $tests; do
	n=$((n + 1))
	why=
	if $t >"$dir/log" 2>&1; then
		echo "ok $n ${t#test_}${why:+ # SKIP $why}"
	else
		sed 's/^/# /' "$dir/log"
		echo "not ok $n ${t#test_}"
		rc=1
	fi
	stop >/dev/null 2>&1
done
exit $rc
