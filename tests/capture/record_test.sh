#!/bin/sh
# SPDX-License-Identifier: MIT
#
# record_test.sh - iomodels capture: both sides, and nothing left behind
#
# A test is a function test_NAME; its exit status is the result, and what it
# prints is shown when it fails.  4 is a skip; the last line is its reason.
# What runs in the background says so on a fifo, so that nothing has to guess.

build=${BUILD:-build}
io=$build/iomodels
instances=/sys/kernel/tracing/instances
dir=$(mktemp -d) || exit 1
chmod 755 "$dir"			# for the test without root
pid=
stop() {
	exec 3<&-
	[ "$pid" ] && kill -TERM "$pid" 2>/dev/null && wait "$pid"
	pid=
}
trap 'stop; rm -rf "$dir"' EXIT
trap 'exit 143' TERM INT

need_strace() {
	strace -o /dev/null true 2>/dev/null && return
	echo "strace cannot be used (apt install strace)"
	return 1
}
need_tracefs() {
	[ -w $instances ] && return
	echo "tracefs may not be written here (run as root)"
	return 1
}
need_both() { need_strace && need_tracefs; }

# captured ARGUMENT...: what it says goes to $dir/err.
captured() { timeout -k 5 20 "$io" capture -o "$dir/c" "$@" 2>"$dir/err"; }

has() {
	grep -q -e "$2" "$dir/$1" && return
	echo "no '$2' in $1:"
	head -n 20 "$dir/$1"
	return 1
}

# A busy machine does not always empty the kernel's buffer in time.
none_lost() {
	grep -q '"lost": [1-9]' "$dir/c/manifest.json" || return 0
	echo "the kernel lost events: the machine is too busy"
	return 1
}

# expect STATUS WORD...: the exit status of capture with these arguments.
expect() {
	want=$1
	shift
	captured "$@" >"$dir/out" </dev/null
	status=$?
	[ $status = "$want" ] && return
	echo "capture $*: status $status, expected $want"
	cat "$dir/err"
	return 1
}

# background TEXT COMMAND...: its stderr is descriptor 3, read until the line
# with TEXT: $line.
background() {
	until_line=$1
	shift
	rm -f "$dir/fifo"
	mkfifo "$dir/fifo"
	"$@" >"$dir/out" 2>"$dir/fifo" &
	pid=$!
	exec 3<"$dir/fifo"
	while read -r line <&3; do
		case $line in
		*"$until_line"*) return 0 ;;
		esac
		echo "$line"
	done
	echo "$*: ended without '$until_line'"
	return 1
}

# The rest of descriptor 3, to the end; a writer that does not end is killed.
drain() { timeout 20 cat <&3 >"$dir/err" || kill -KILL $pid; }

left() { ls -d $instances/iomodels-"$1"-* 2>/dev/null; }

test_streams_and_status_are_the_commands() {
	need_strace || return 4
	echo in | captured --no-kernel -- \
		sh -c 'cat; echo err >&2; exit 7' >"$dir/out"
	status=$?
	[ $status = 7 ] || { echo "status $status"; return 1; }
	echo in | cmp - "$dir/out" && has err '^err$' &&
		has c/manifest.json '"exit_status": 7'
}
test_a_signal_is_128_and_its_number() {
	need_strace || return 4
	expect 137 --no-kernel -- sh -c 'kill -KILL $$' &&
		has c/manifest.json '"signal": 9'
}
test_the_log_begins_with_the_commands_execve() {
	need_strace || return 4
	expect 0 --no-kernel -- true &&
		head -n 1 "$dir/c/strace.log" | grep ' execve(".*/true", \["true"\]'
}
test_both_sides_on_one_clock() {
	need_both || return 4
	expect 0 -- sh -c 'true & wait' || return
	none_lost || return 4
	has c/manifest.json '"proved": true' &&
		has c/manifest.json '"lost": 0' &&
		has c/manifest.json '"calls_only_in_strace": 0' &&
		has c/manifest.json '"calls_only_in_kernel": 0' &&
		has c/strace.log 'wait4(' && has c/kernel.log '(wait4)' || return
	head -n 1 "$dir/c/kernel.log" | grep '(execve)'
}
test_strace_is_not_in_the_kernels_log() {
	need_both || return 4
	expect 0 -- ls / || return
	strace=$(awk -F '[ ,]+' '/"strace": {/ { inside = 1 }
		inside && $2 == "\"pid\":" { print $3; exit }' \
		"$dir/c/manifest.json")
	# Not what it calls and not what is done to it.  The switches from and
	# to it stay, where they say when the command ran; so do the interrupts
	# that happened to come while it ran.
	awk -v strace="$strace" '
	/ sys_enter / { calls++ }
	$3 == strace && $5 != "sched_switch" { its++ }
	($3 == strace && / sys_e/) || $0 ~ " pid=" strace " " { print; bad = 1 }
	END {
		print its + 0 " events of strace, " calls " calls"
		exit bad || !strace || its > calls / 4
	}' "$dir/c/kernel.log"
}
test_one_side_alone() {
	need_both || return 4
	expect 0 --no-strace -- true && has c/kernel.log '(execve)' &&
		! [ -e "$dir/c/strace.log" ] &&
		has c/manifest.json 'not asked for (--no-strace)' &&
		expect 0 --no-kernel -- true && has c/strace.log execve &&
		! [ -e "$dir/c/kernel.log" ] &&
		has c/manifest.json 'not asked for (--no-kernel)'
}
test_the_manifest_is_json() {
	need_strace || return 4
	expect 0 -- sh -c ': "\"<\\é$(printf "\t\377")"' || return
	if command -v jq >/dev/null; then
		jq -e '.uname.release and .strace.version and
			(.command | length == 3)' "$dir/c/manifest.json"
	elif command -v python3 >/dev/null; then
		python3 -m json.tool <"$dir/c/manifest.json"
	else
		echo "neither jq nor python3 is here to read JSON"
		return 4
	fi
}
test_a_ring_seen_by_the_kernel_alone() {
	need_both || return 4
	[ -x "$build/uring/uring_basic" ] || { echo "uring_basic is not built"; return 4; }
	"$io" capture --text uring_basic >/dev/null 2>"$dir/err" || {
		echo "io_uring may not be used here"; return 4; }
	expect 0 uring_basic two || return
	none_lost || return 4
	has c/kernel.log io_uring_complete &&
		has c/manifest.json '"scenario": "two"' &&
		has c/manifest.json '"lost": 0'
}
# A program without a ring, while another one's worker copies on the same
# processor (tmpfs has no NOWAIT): its threads and its ring are not ours.
test_a_ring_of_another_program() {
	need_both || return 4
	[ -x "$build/uring/uring_file" ] || { echo "uring_file is not built"; return 4; }
	file=$(mktemp -p /dev/shm) || return 4
	head -c 8388608 /dev/zero >"$file"
	cpu=$(taskset -cp $$ | sed 's/.*[^0-9]//')
	taskset -c "$cpu" "$build/uring/uring_file" --measure 20000 "$file" \
		>"$dir/ring" 2>&1 &
	other=$!
	expect 0 -- taskset -c "$cpu" sh -c 'for i in 1 2 3; do sleep 0.1; done'
	status=$?
	kill $other 2>/dev/null || status=skip
	wait $other
	rm "$file"
	[ $status = skip ] && { cat "$dir/ring"; return 4; }
	[ $status = 0 ] || return
	none_lost || return 4
	grep -q 'iou-wrk-' "$dir/c/kernel.log" || {
		echo "the other program's worker did not run beside it"; return 4; }
	"$io" explain --json "$dir/c" >"$dir/err" || return
	! grep -n '"iou-' "$dir/err" && has err '"rings": \[\]' &&
		! grep -n ' io_uring_' "$dir/c/kernel.log"
}
# Page by page, without reading ahead: each page that is touched is a sleep.
cold_reader='import mmap, sys
f = open(sys.argv[1])
m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
m.madvise(mmap.MADV_RANDOM)
print(sum(m[i] for i in range(0, len(m), 65536)))'
test_page_faults_of_a_cold_mapping() {
	need_both || return 4
	# Itself, where python3 is a script that starts it.
	python=$(python3 -c 'import mmap, sys
mmap.MADV_RANDOM; print(sys.executable)' 2>/dev/null) || {
		echo "no python3 that knows madvise"; return 4; }
	head -c 8388608 /dev/zero >"$dir/cold" && sync "$dir/cold" &&
		dd of="$dir/cold" oflag=nocache conv=notrunc,fdatasync \
			count=0 2>"$dir/err" || return
	expect 0 -- "$python" -c "$cold_reader" "$dir/cold"
	status=$?
	rm "$dir/cold"
	[ $status = 0 ] || return
	none_lost || return 4
	[ "$(grep -c 'prev_comm=python.*prev_state=2 ' \
		"$dir/c/kernel.log")" -ge 64 ] || {
		echo "few page faults slept: the disk is fast, or keeps its cache"
		return 4
	}
	# The copying thread depends on how much the kernel read ahead:
	# own_captures_test.
	"$io" explain "$dir/c" >"$dir/err" && "$io" explain --json "$dir/c" \
		>"$dir/out" && has err 'waits.*main in a page fault (no call)' &&
		has err '^    main in a page fault (no call)  *1*[0-9]* times' &&
		has out '"page_fault": true'
}
test_a_file_reader() {
	need_strace || return 4
	[ -x "$build/models/file_blocking" ] || {
		echo "file_blocking is not built"; return 4; }
	expect 0 --no-kernel file_blocking && has c/strace.log pread64 &&
		has c/manifest.json '"scenario": "buffered"' &&
		expect 2 file_blocking one && has err 'buffered direct'
}
test_the_next_free_name() {
	need_strace || return 4
	( case $io in /*) ;; *) io=$PWD/$io ;; esac
	  cd "$dir" && "$io" capture --no-kernel -- true &&
		"$io" capture --no-kernel -- true ) 2>"$dir/err" &&
		has capture-true-2/manifest.json '"exit_status": 0'
}

test_wrong() {
	expect 2 && has err 'expected a MODEL' &&
	expect 2 -- && has err 'expected a COMMAND' &&
	expect 2 epoll -- true && has err 'expected only one of' &&
	expect 2 --no-strace --no-kernel -- true && has err 'leave nothing' &&
	expect 2 --pid 0 && has err 'pid 0: expected a number' &&
	expect 2 epol && has err 'no such model; did you mean epoll?' &&
	expect 127 -- "$dir/nonesuch" && has err 'no such command' &&
	expect 126 -- "$dir/err" && has err 'may not be executed' &&
	! [ -e "$dir/c" ]
}
# One line, and before anything is captured.
test_traces_into_what_is_no_folder() {
	need_strace || return 4
	timeout 20 "$io" capture --traces /dev/null/x >"$dir/out" 2>"$dir/err"
	status=$?
	echo "status $status"
	cat "$dir/err"
	[ $status = 1 ] && [ "$(wc -l <"$dir/err")" = 1 ] &&
		has err '/dev/null/x: Not a directory' && ! [ -s "$dir/out" ]
}
test_a_folder_with_other_files_is_kept() {
	mkdir "$dir/c"
	echo mine >"$dir/c/file"
	expect 1 -- true && has err 'holds other files' && has c/file mine
}

test_a_strace_log_of_somebody_is_kept() {
	mkdir "$dir/c"
	echo mine >"$dir/c/strace.log"
	expect 1 -- true && has err 'no capture wrote' && has c/strace.log mine
}
test_a_link_that_leads_nowhere() {
	ln -s "$dir/nonesuch" "$dir/c"
	expect 1 -- true && has err 'a symbolic link to a folder that does not exist'
}
test_only_its_owner_reads_it() {
	need_strace || return 4
	expect 0 -- sh -c umask || return
	has out "$(umask)" && [ "$(stat -c %a "$dir/c")" = 700 ] &&
		! find "$dir/c" -type f ! -perm 600 | grep .
}

# A model asks for SIGINT again, which sh ignores for what is in background.
test_sigint_leaves_nothing() {
	need_strace || return 4
	background ": serving " "$io" capture -o "$dir/c" -- \
		"$build/models/epoll" --port 0 || return
	kill -INT $pid
	drain
	wait $pid
	status=$?
	echo "status $status, left: $(left $pid)"
	[ $status = 0 ] && ! [ "$(left $pid)" ] &&
		has c/strace.log 'epoll_create1' && has c/manifest.json pid
}
test_sigterm_leaves_nothing() {
	need_strace || return 4
	background up "$io" capture -o "$dir/c" -- \
		sh -c 'echo up >&2; exec sleep 100' || return
	kill -TERM $pid
	drain
	wait $pid
	status=$?
	echo "status $status, left: $(left $pid)"
	[ $status = 143 ] && ! [ "$(left $pid)" ] &&
		has c/manifest.json '"signal": 15'
}
# A scenario that is broken off leaves a capture that says so.
test_an_interrupted_model_is_a_partial_capture() {
	need_strace || return 4
	"$io" capture -o "$dir/c" epoll idle 2>"$dir/err" &
	pid=$!
	until grep -q accept4 "$dir/c/strace.log" 2>/dev/null; do
		kill -0 $pid || return
	done
	kill -TERM $pid
	wait $pid
	status=$?
	echo "status $status, left: $(left $pid)"
	[ $status = 143 ] && ! [ "$(left $pid)" ] && has err 'interrupted' &&
		has c/manifest.json '"interrupted": true' &&
		has c/strace.log 'exited with 0'
}
test_after_sigkill_the_next_one_works() {
	need_both || return 4
	background up "$io" capture -o "$dir/c" -- \
		sh -c 'echo up >&2; exec sleep 100' || return
	kill -KILL $pid
	timeout 20 cat <&3 >"$dir/err"		# until the command has ended
	status=$?
	wait $pid 2>/dev/null
	[ $status = 0 ] || { echo "the command still runs"; return 1; }
	expect 0 -- true && has c/manifest.json '"exit_status": 0' || return
	echo "left: $(left $pid)"
	! [ "$(left $pid)" ]
}
# A folder of a trace that was killed; the pid is above any.
test_the_next_start_cleans_up() {
	mkdir -p "$dir/t/iomodels-trace.99999999.abcDEF" \
		"$dir/t/iomodels-trace.$$.abcDEF" "$dir/t/iomodels-trace.1.x" &&
		: >"$dir/t/iomodels-trace.99999999.abcDEF/strace.log" &&
		TMPDIR=$dir/t "$io" list >/dev/null || return
	echo "left: $(ls "$dir/t")"
	! [ -e "$dir/t/iomodels-trace.99999999.abcDEF" ] &&
		[ -e "$dir/t/iomodels-trace.$$.abcDEF" ] &&
		[ -e "$dir/t/iomodels-trace.1.x" ]
}
# Our parent may ignore SIGCHLD; then nobody can wait for a child.
test_with_sigchld_ignored() {
	need_strace || return 4
	command -v perl >/dev/null || { echo "no perl to ignore SIGCHLD"; return 4; }
	timeout 20 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' "$io" capture \
		-o "$dir/c" -- sh -c 'exit 3' 2>"$dir/err" >"$dir/out"
	status=$?
	echo "status $status"
	[ $status = 3 ]
}
test_without_root_strace_alone() {
	need_strace || return 4
	if [ "$(id -u)" = 0 ]; then
		as="setpriv --reuid=65534 --regid=65534 --clear-groups"
		$as "$io" list >/dev/null 2>&1 || {
			echo "no setpriv, or not executable for all: $io"
			return 4
		}
	fi
	mkdir "$dir/c"
	chmod 777 "$dir/c"
	timeout 20 $as "$io" capture -o "$dir/c" -- sh -c 'exit 5' 2>"$dir/err"
	status=$?
	echo "status $status"
	# Not mounted at all, it is not permission that is missing first.
	why='Permission denied.*run it as root\|not mounted.*as root'
	[ $status = 5 ] && has err "$why" &&
		has c/strace.log execve && has c/manifest.json '"kernel": null' &&
		has c/manifest.json "$why"
}
test_attached_to_a_server() {
	need_strace || return 4
	background ": serving " "$build/models/epoll" --port 0 --service echo || return
	server=$pid port=${line##*:}
	background "attached to process $server" \
		"$io" capture -o "$dir/c" --pid "$server" >"$dir/first" || {
		kill $server; return 1; }
	timeout 20 "$io" send --port "$port" --message hi >"$dir/sent"
	kill -INT $pid
	drain
	wait $pid
	status=$?
	kill $server
	wait $server
	echo "status $status, the server's $?"
	if [ -w $instances ]; then
		has c/manifest.json '"proved": true' || return
	fi
	[ $status = 0 ] && has first EINTR && has sent '"hi"' &&
		has c/strace.log accept4 && has c/strace.log 'recvfrom(.*send_user' &&
		has c/manifest.json '"attached": true'
}

# served COMMAND...: what the client got and what the server printed.
served() {
	background ": serving " "$@" >/dev/null || return
	for message in one two three; do
		timeout 20 "$io" send --port "${line##*:}" --message $message
	done
	kill -TERM $pid
	drain
	wait $pid
	echo "status $?"
	cat "$dir/out"
}
# What differs from run to run: the time, and the clients' ports.
normal() { sed 's/"....-..-.. ..:..:.."/TIME/; s/127.0.0.1:[0-9]*/PEER/'; }

test_a_traced_server_does_the_same() {
	need_strace || return 4
	for service in print echo; do
		served "$build/models/epoll" --port 0 --service $service |
			normal >"$dir/plain"
		served "$io" capture -o "$dir/c" -- "$build/models/epoll" \
			--port 0 --service $service | normal >"$dir/traced"
		grep -q three "$dir/plain" || { cat "$dir/plain"; return 1; }
		diff "$dir/plain" "$dir/traced" || return
		rm -r "$dir/c"
	done
}

# strace(1) takes -o !NAME and -o |NAME for a command of the shell.
test_no_folder_is_a_command() {
	need_strace || return 4
	self=$(realpath "$io")
	mkdir "$dir/c" && cd "$dir/c" || return
	for name in '!touch new;' '|touch new;'; do
		timeout 20 "$self" capture --no-kernel -o "$name" -- true \
			2>"$dir/err" </dev/null || break
		[ -s "$name/strace.log" ] || break
		rm -r "$name"
	done
	cd "$OLDPWD" || return
	[ -z "$(ls "$dir/c")" ] && return
	ls "$dir/c"
	cat "$dir/err"
	return 1
}

# Two would overwrite each other's logs.
test_a_folder_takes_one_capture() {
	need_strace || return 4
	background serving "$io" capture --no-kernel -o "$dir/c" -- \
		"$build/models/epoll" --port 0 || return
	expect 1 --no-kernel -- true || return
	has err "another capture is writing into it" || return
	[ -s "$dir/c/strace.log" ]
}

# A log that ends before the command does is not presented as whole.
test_a_killed_strace_is_told() {
	need_strace || return 4
	expect 1 --no-kernel -- sh -c 'sed -n "s/TracerPid:/kill -9/p" \
		/proc/$$/status | sh; :' || return
	has err "strace ended too early, by signal 9" || return
	[ ! -d "$dir/c" ]
}

# One that is stopped would keep the command, and so the capture, for ever.
test_a_stopped_strace_is_continued() {
	need_strace || return 4
	expect 0 --no-kernel -- sh -c 'sed -n "s/TracerPid:/kill -STOP/p" \
		/proc/$$/status | sh; :' || return
	has err "strace was stopped" && has c/strace.log 'exited with 0'
}

# As execvp(3): a PATH without a word names the current folder.
test_path_may_be_missing_or_empty() {
	need_strace || return 4
	unset_path() { env -u PATH "$io" capture --no-kernel -o "$dir/c" "$@"; }
	unset_path -- true 2>"$dir/err" || { cat "$dir/err"; return 1; }
	rm -r "$dir/c"
	printf '#!/bin/sh\n' >"$dir/own_true"
	chmod +x "$dir/own_true"
	self=$(realpath "$io")
	(cd "$dir" && PATH="$PATH:" "$self" capture --no-kernel -o "$dir/c" -- \
		own_true 2>err) || { cat "$dir/err"; return 1; }
}

# RLIMIT_FSIZE: a write that fails, not a signal; COMMAND gets the signal.
test_a_file_may_be_too_large() {
	(
		ulimit -f 1
		"$io" explain --json tests/corpus/nginx.strace >"$dir/json" \
			2>"$dir/err"
		echo $? >&2
	) 2>"$dir/status"
	has status '^1$' || return
	has err 'File too large' || return
	need_strace || return 4
	expect 153 --no-kernel -- sh -c "ulimit -f 0; exec sh -c 'echo x >\"$dir/x\"'"
}

# It comes before system(3) would ignore it: strace's first use sends it.
test_an_early_interrupt_is_kept() {
	need_strace || return 4
	mkdir -p "$dir/bin"
	cat >"$dir/bin/strace" <<-END
		#!/bin/sh
		[ "\$3" != /bin/sh ] || kill -INT "\$RECORDER"
		exec $(command -v strace) "\$@"
	END
	chmod +x "$dir/bin/strace"
	sleep 100 &
	victim=$!
	timeout 20 env --default-signal=INT sh -c "RECORDER=\$\$ PATH=$dir/bin:$PATH; \
		export RECORDER PATH; exec $io capture --no-kernel -o $dir/c \
		--pid $victim" 2>"$dir/err" </dev/null
	status=$?
	kill $victim
	[ $status != 124 ] && return
	cat "$dir/err"
	return 1
}

tests=$(sed -n 's/^\(test_[a-z0-9_]*\)().*/\1/p' "$0")
echo "TAP version 13"
echo "1..$(echo "$tests" | wc -l)"
n=0 rc=0
for t in $tests; do
	n=$((n + 1))
	$t >"$dir/log" 2>&1
	case $? in
	0)	echo "ok $n ${t#test_}" ;;
	4)	echo "ok $n ${t#test_} # SKIP $(tail -n 1 "$dir/log")" ;;
	*)	sed 's/^/# /' "$dir/log"
		echo "not ok $n ${t#test_}"
		rc=1 ;;
	esac
	stop >/dev/null 2>&1
	rm -rf "$dir/c"
done
exit $rc
