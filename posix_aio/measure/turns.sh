#!/bin/sh
# SPDX-License-Identifier: MIT
#
# turns.sh - reads of the page cache by fio's engines and libposixaio, in turns
#
#   turns.sh BUILD DIR [FIO-OPTION...]     DIR: where the file is made (256 MiB)
#
# On CPUS (0, and 0,1) with DEPTH (1, 8, 32 and 128) reads in flight: fio's
# io_uring, twice, its posixaio with libposixaio and with glibc.  All of them
# are started and stopped.  In each of 40 turns each goes on (SIGCONT) for 20
# ms, one after the other, in an order that is drawn anew, while the others
# stand still.  What each has read, by its own count, is divided by what the
# first has; the table has the median, the least and the most of this ratio in
# ROUNDS (7).  All get equal parts of time, so that a processor that is slow for
# a while is slow for all.

build=$1 dir=$2
[ $# -ge 2 ] && [ -d "$dir" ] && [ -e "$build/lib/libposixaio.so" ] || {
	sed -n '6,15s/^# \{0,1\}//p' "$0" >&2
	exit 2
}
shift 2
command -v fio >/dev/null || {
	echo "turns.sh: fio is not installed: apt-get install fio" >&2
	exit 1
}
library=$(realpath "$build/lib/libposixaio.so")
file=$dir/turns.$$
out=$(mktemp -d) || exit 1
pids=
clean() {
	for p in $pids; do kill -KILL "$p" 2>/dev/null; done
	rm -rf "$out" "$file"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

engines="io_uring again ours glibc"
start() {	# CPUS DEPTH ENGINE FIO-OPTION...
	cpus=$1 depth=$2 engine=$3
	shift 3
	preload= name=posixaio
	case $engine in
	ours) preload=$library ;;
	io_uring | again) name=io_uring ;;
	esac
	# What is read while it starts is not counted: the ramp.
	LD_PRELOAD=$preload taskset -c "$cpus" fio --name=x --thread --bs=4k \
		--rw=randread --ioengine=$name --iodepth="$depth" \
		--norandommap --randrepeat=0 --invalidate=0 --time_based \
		--runtime=1h --ramp_time=1 --filename="$file" --size=256m \
		--output-format=terse --terse-version=3 "$@" \
		>"$out/$engine" 2>"$out/$engine.err" &
	pids="$pids $!"
	eval "pid_$engine=$!"
	sleep 0.5
	kill -STOP $! 2>/dev/null && return
	echo "turns.sh: $engine: $(head -n 1 "$out/$engine.err")" >&2
	exit 1
}

round() {	# CPUS DEPTH FIO-OPTION...
	pids=
	for e in $engines; do
		c=$1 d=$2
		shift 2
		start "$c" "$d" "$e" "$@"
		set -- "$c" "$d" "$@"
	done
	sleep 1
	for turn in $(seq 40); do
		for e in $(shuf -e $engines); do
			eval "kill -CONT \$pid_$e && sleep 0.02 && \
				kill -STOP \$pid_$e" 2>/dev/null && continue
			echo "turns.sh: $e: fio ended early" >&2
			exit 1
		done
	done
	for e in $engines; do
		eval "kill -INT \$pid_$e; kill -CONT \$pid_$e; wait \$pid_$e"
	done
	pids=
	for e in $engines; do
		awk -F';' -v e="$e" -v what="$1 $2" 'NF > 90 {
			print what, e, $6
		}' "$out/$e"
	done >>"$out/all"
}

fio --name=f --filename="$file" --size=256m --rw=write --bs=1m \
	--ioengine=psync --minimal >/dev/null || exit 1
for c in ${CPUS:-0 0,1}; do for d in ${DEPTH:-1 8 32 128}; do
	for r in $(seq "${ROUNDS:-7}"); do
		round "$c" "$d" "$@"
	done
done; done

echo "$(uname -sr), $(fio --version), $(date -u +%Y-%m-%d); ${ROUNDS:-7} rounds"
awk '
function sorted(list, v,   n, i, j, t) {
	n = split(list, v, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
	return n
}
function range(list,   v, n) {
	n = sorted(list, v)
	return sprintf("%.2f (%.2f to %.2f)", v[int((n + 1) / 2)], v[1], v[n])
}
$3 == "io_uring" { base = $4; cell = $1 " " $2; if (!seen[cell]++) order[++cells] = cell }
$3 != "io_uring" && base { ratios[cell, $3] = ratios[cell, $3] " " $4 / base }
$3 == "ours" { mine = $4 }
$3 == "glibc" && $4 { over[cell] = over[cell] " " mine / $4 }
END {
	print "| CPUs | depth | io_uring again | libposixaio | glibc | libposixaio over glibc |"
	print "|---|---|--:|--:|--:|--:|"
	for (i = 1; i <= cells; i++) {
		split(order[i], part, " ")
		printf "| %d | %s | %s | %s | %s | %s |\n",
			part[1] == "0" ? 1 : 2, part[2],
			range(ratios[order[i], "again"]),
			range(ratios[order[i], "ours"]),
			range(ratios[order[i], "glibc"]), range(over[order[i]])
	}
}' "$out/all"
