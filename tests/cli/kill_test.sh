#!/bin/sh
# SPDX-License-Identifier: MIT
#
# kill_test.sh - a subcommand that a signal ends at any moment leaves nothing
#
# Nothing: no process, no folder in TMPDIR, no tracefs instance without an
# owner.  After SIGKILL the next start removes the folder and the instance.
# All that a subcommand starts inherits IOMODELS_KILLED, which finds it again.
# A moment is a random number of milliseconds; its seed is printed.  KILLS is
# how many there are for each signal and subcommand (make soak-kills: 50).

io=${BUILD:-build}/iomodels
kills=${KILLS:-1}
seed=${SEED:-$$}
dir=$(mktemp -d) || exit 1
mkdir "$dir/tmp"
trap 'rm -rf "$dir"' EXIT

# The processes of this test that are left, zombies (no environ) excepted.
processes() {
	grep -lsz "^IOMODELS_KILLED=$$\$" /proc/[0-9]*/environ |
		sed 's|/proc/\([0-9]*\)/.*|\1|'
}

# The tracefs instances whose owner is dead.
instances() {
	for i in /sys/kernel/tracing/instances/iomodels-*; do
		owner=${i##*/iomodels-}
		[ ! -d "$i" ] || kill -0 "${owner%-*}" 2>/dev/null || echo "$i"
	done
}

left() { processes; instances; ls "$dir/tmp"; }

# Until it is so; 10 s are for a machine under load: the end is at once.
until_nothing() { # COMMAND
	tries=100
	while [ "$($1)" ] && [ $tries -gt 0 ]; do
		tries=$((tries - 1))
		sleep 0.1
	done
	[ $tries -gt 0 ] && return
	echo "# left: $($1 | tr '\n' ' ')"
	for p in $(processes); do
		echo "#   $(tr '\0' ' ' <"/proc/$p/cmdline")"
		kill -9 "$p"
	done
	return 1
}

# SIGNAL MILLISECONDS COMMAND...
killed() {
	signal=$1 ms=$2
	shift 2
	rm -rf "$dir/capture"
	env --default-signal=INT,HUP,TERM IOMODELS_KILLED=$$ TMPDIR="$dir/tmp" \
		"$io" "$@" >"$dir/said" 2>&1 </dev/null &
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	kill -"$signal" $! 2>/dev/null
	wait $! 2>/dev/null
	if [ "$signal" = KILL ]; then
		until_nothing processes || return
		TMPDIR="$dir/tmp" "$io" list >/dev/null
	fi
	until_nothing left
}

n=0
plan() { # NAME MOST-MILLISECONDS COMMAND...
	name=$1 most=$2
	shift 2
	for sig in KILL TERM INT HUP; do
		n=$((n + 1)) not=
		for ms in $(awk -v n="$kills" -v s="$seed$n" -v most="$most" \
			'BEGIN { srand(s); while (n--) print int(rand() * most) }')
		do
			killed $sig "$ms" "$@" ||
				{ not='not '; echo "# SIG$sig after $ms ms"; }
		done
		echo "${not}ok $n ${name}_SIG$sig"
		[ -z "$not" ] || failed=1
	done
}

# The report of a long log takes longer than the recording's end.
report() { # SIGNAL
	n=$((n + 1)) not=
	rm -f "$dir/fifo"
	mkfifo "$dir/fifo"
	env --default-signal=INT,HUP,TERM IOMODELS_KILLED=$$ TMPDIR="$dir/tmp" \
		"$io" trace --output /dev/null -- dd if=/dev/zero of=/dev/null \
		bs=1 count=20000 status=none 2>"$dir/fifo" </dev/null &
	while read -r line; do
		case $line in
		*' lines of strace'*) kill -"$1" $! ;;
		esac
	done <"$dir/fifo"
	wait $! 2>/dev/null
	until_nothing left || { not='not ' failed=1; rm -rf "$dir/tmp"/*; }
	echo "${not}ok $n report_SIG$1"
}

# The server that strace follows is its child, not ours: it ends with it.
strace_killed() { # COMMAND...
	n=$((n + 1)) tracer= tries=20
	if ! strace -o /dev/null true 2>/dev/null; then
		echo "ok $n strace_killed_$1 # SKIP strace cannot be used"
		return
	fi
	# On a busy machine the server may have ended before this shell sees it.
	until [ "$tracer" ] || [ $((tries -= 1)) -lt 0 ]; do
		env IOMODELS_KILLED=$$ TMPDIR="$dir/tmp" "$io" "$@" \
			>"$dir/said" 2>&1 </dev/null &
		while [ ! "$tracer" ] && kill -0 $! 2>/dev/null; do
			for p in $(processes); do
				[ "$(cat "/proc/$p/comm" 2>&1)" != epoll ] ||
					tracer=$(sed -n 's/^TracerPid:.\([1-9]\)/\1/p' \
						"/proc/$p/status" 2>/dev/null)
			done
		done
		[ ! "$tracer" ] || kill -KILL "$tracer" 2>/dev/null || tracer=
		wait $!
	done
	if grep -q 'signal 9' "$dir/said" && until_nothing left; then
		echo "ok $n strace_killed_$1"
	else
		sed 's/^/# /' "$dir/said"
		echo "not ok $n strace_killed_$1"
		failed=1
	fi
}

echo "TAP version 13"
if ! env --default-signal=INT true 2>/dev/null; then
	echo "1..0 # SKIP env has no --default-signal (coreutils 8.31)"
	exit
fi
echo "1..29"
echo "# SEED=$seed"
failed=0
plan demo 3000 demo
plan capture 1500 capture -o "$dir/capture" epoll two
plan trace 1500 trace -- sleep 5
plan doctor 800 doctor
plan compare 2000 compare epoll --seconds 1
for sig in TERM INT HUP; do
	report $sig
done
# A server that puts itself into the background, and one that a shell waits for.
epoll="$(realpath "${io%iomodels}models/epoll") --service echo --port"
plan compare_start 2000 compare -w line-c2 --seconds 1 \
	--start "setsid $epoll {port} & true" --start "$epoll {port} & wait"
strace_killed demo epoll
strace_killed capture --text epoll two
exit $failed
