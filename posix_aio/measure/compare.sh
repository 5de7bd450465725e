#!/bin/sh
# SPDX-License-Identifier: MIT
#
# compare.sh - fio's posixaio with glibc and with libposixaio, and its io_uring
#
#   compare.sh BUILD DIR [SET...]     DIR: where the files are made (1.6 GiB)
#
# SET: direct direct-write hot cold write write-large lists files tmpfs batches
# refused; all of them when none is named.  "batches" is the access pattern of
# NVIDIA NIXL (batches.c); "refused" is "direct" with libposixaio under a filter
# that refuses io_uring.  These two measure libaio, too.  "write" writes to a file
# whose page cache is in folios of 4 KiB; "write-large" to one with large folios,
# where ext4 walks the blocks of a whole folio for each write.  Both also measure
# psync, which makes the same writes without asynchronous I/O.
# Each cell is measured ROUNDS times (5), in turns with the other engines, for
# MS (1000) milliseconds after a ramp of 0.1 s.  A round takes all sets, then the
# next begins; after TIME seconds (900) no run begins.  The table has medians:
# operations a second, the 99th percentile of the completion latency in us (over
# 1000 us: ms; of a whole batch), and the CPU that the process took for one
# operation (fio's start, 0.1 s or so, included).  Each single run is in RAW
# (BUILD/compare-aio.runs), the table also in BUILD/compare-aio.md.  A signal
# (INT, TERM) ends it early, with the table of the runs until then; the set
# "table" prints the table of RAW once more.

build=$1 dir=$2
[ $# -ge 2 ] && [ -d "$dir" ] && [ -e "$build/lib/libposixaio.so" ] || {
	sed -n '5,26s/^# \{0,1\}//p' "$0" >&2
	exit 2
}
shift 2
command -v fio >/dev/null || {
	echo "compare.sh: fio is not installed: apt-get install fio" >&2
	exit 1
}
rounds=${ROUNDS:-5} ms=${MS:-1000} time=${TIME:-900}
seconds=$(awk "BEGIN { print $ms / 1000 }")
library=$(realpath "$build/lib/libposixaio.so")
raw=${RAW:-$build/compare-aio.runs}
shm=/dev/shm/posixaio.compare.$$
sets=${*:-direct direct-write hot cold write write-large lists files tmpfs batches refused}
began=$(date +%s) made=0 stopped=
trap 'rm -f "$shm"' EXIT
by_signal="stopped by a signal"
trap 'stopped=$by_signal' INT TERM

# Read each page by itself into the page cache, so that folios are small.
small_folios() {	# NAME
	fio --name=f --filename="$dir/$1" --rw=randread --bs=4k \
		--ioengine=psync --minimal >/dev/null || exit 1
}

file() {	# NAME SIZE
	[ "$(stat -c %s "$dir/$1" 2>/dev/null)" = "$2" ] && return
	fio --name=f --filename="$dir/$1" --size="$2" --rw=write --bs=1m \
		--ioengine=psync --end_fsync=1 --minimal >/dev/null || exit 1
}

# fio's terse fields, version 3, operations a second and the percentiles of reads
# and of writes, and what the shell counted of its children: all their threads.
fields='
NF > 100 {
	split($30, r, "="); split($71, w, "=")
	n = $8 + $49
	lat = ($8 > 0) ? r[2] : w[2]
}
END {
	split($0, t, /[ms ]+/)
	cpu = t[1] * 60 + t[2] + t[3] * 60 + t[4]
	if (n)
		printf "%d %d %.2f\n", n, lat, cpu * 1e6 / n / (seconds + 0.1)
}'

run() {		# SET CPUS DEPTH ENGINE FIO-OPTION...
	set_=$1 cpus=$2 depth=$3 engine=$4
	shift 4
	made=$((made + 1))
	[ "$counts" ] && return
	[ $(($(date +%s) - began)) -lt "$time" ] ||
		stopped=${stopped:-"the time ($time s) was over"}
	[ -z "$stopped" ] || return
	progress
	preload=
	case $engine in
	glibc) name=posixaio ;;
	ours) name=posixaio preload=$library ;;
	*) name=$engine ;;
	esac
	under=
	[ "$set_ $engine" != "refused ours" ] ||
		under=$build/posix_aio/measure/refuse
	figures=$(figures "$@")
	[ "$stopped" = "$by_signal" ] && [ "$stopped" ] ||
		echo "$set_ $cpus $depth $engine $figures" >>"$raw"
}

figures() {	# FIO-OPTION...
	if [ "$set_" = lists ]; then
		LD_PRELOAD=$preload timeout $((ms / 1000 + 60)) taskset -c "$cpus" \
			"$build/posix_aio/measure/lists" "$dir/one" "$seconds"
	elif [ "$set_" = batches ]; then
		api=$name
		[ $name != posixaio ] || api=posix
		LD_PRELOAD=$preload timeout $((ms / 1000 + 60)) taskset -c "$cpus" \
			"$build/posix_aio/measure/batches" "$api" \
			"$dir/one" "$seconds"
	else
		(
			LD_PRELOAD=$preload timeout $((ms / 1000 + 60)) \
				taskset -c "$cpus" $under fio --name=x \
				--bs=4k --ioengine=$name --iodepth="$depth" \
				--norandommap --randrepeat=0 --invalidate=0 \
				--time_based --runtime="${ms}ms" \
				--ramp_time=100ms --output-format=terse \
				--terse-version=3 "$@"
			times
		) | awk -F';' -v seconds="$seconds" "$fields"
	fi
}

cells() {	# SET "CPUS..." "DEPTHS..." "ENGINES..." FIO-OPTION...
	s=$1 cc=$2 dd=$3 ee=$4
	shift 4
	# Each round begins with another engine: who comes first may have an advantage.
	for e in $ee; do
		[ "$turn" ] || turn=$((round % $(echo "$ee" | wc -w)))
		[ $turn -gt 0 ] || break
		turn=$((turn - 1)) ee="${ee#* } $e"
	done
	turn=
	for c in $cc; do for d in $dd; do for e in $ee; do
		run "$s" "$c" "$d" "$e" "$@"
	done; done; done
}

# A line when a set begins, and each 10 s.
progress() {
	now=$(date +%s)
	[ "$said" != "$round $set_" ] || [ $((now - last)) -ge 10 ] || return
	said="$round $set_" last=$now
	left=$(((total - made + 1) * (made > 1 ?
		(now - began) * 1000 / (made - 1) : ms + 500) / 1000))
	[ $left -lt $((time - now + began)) ] || left=$((time - now + began))
	printf 'round %d of %d, %s: run %d of %d, about %d:%02d left\n' $round \
		$rounds "$set_" $made $total $((left / 60)) $((left % 60)) >&2
}

# Make what a set reads and writes: all of it in the first round, later what other
# sets have changed.
prepare() {	# SET
	[ -z "$counts$stopped" ] || return
	case $1 in
	direct | direct-write | cold | lists | batches | refused)
		file one 1073741824 ;;
	hot)
		file one 1073741824
		cat "$dir/one" >/dev/null ;;
	write)
		[ $round != 1 ] || { file small 268435456; small_folios small; } ;;
	write-large)
		[ $round != 1 ] || { rm -f "$dir/large"; file large 268435456; } ;;
	files)
		mkdir -p "$dir/files"
		for i in $(seq 16); do file "files/$i" 16777216; done ;;
	tmpfs)
		truncate -s 256m "$shm" && shred -n 1 "$shm" ;;
	esac
}

all="glibc ours io_uring"
one_round() {
	for set in $sets; do
		prepare $set
		case $set in
		direct)
			cells direct "0 0,1" "1 8 32 128" "$all" --rw=randread \
				--direct=1 --filename="$dir/one" --size=1g ;;
		direct-write)
			cells direct-write "0 0,1" "1 32" "$all" --rw=randwrite \
				--direct=1 --filename="$dir/one" --size=1g ;;
		hot)
			cells hot "0 0,1" "1 8 32 128" "$all" --rw=randread \
				--filename="$dir/one" --size=1g ;;
		cold)
			cells cold "0 0,1" "32" "$all" --rw=randread \
				--invalidate=1 --filename="$dir/one" --size=1g ;;
		write)
			cells write "0 0,1" "32" "$all psync" --rw=randwrite \
				--filename="$dir/small" --size=256m ;;
		write-large)
			cells write-large "0 0,1" "32" "$all psync" \
				--rw=randwrite --filename="$dir/large" --size=256m ;;
		lists)
			cells lists "0 0,1" "32" "glibc ours" ;;
		files)
			names=$(for i in $(seq 16); do
				printf '%s:' "$dir/files/$i"
			done)
			cells files "0,1" "32" "$all" --rw=randread --direct=1 \
				--filename="${names%:}" --size=256m ;;
		tmpfs)
			cells tmpfs "0,1" "1 32 128" "$all" --rw=randread \
				--filename="$shm" --size=256m
			rm -f "$shm" ;;
		batches)
			cells batches "0 0,1" "256" "$all libaio" ;;
		refused)
			cells refused "0 0,1" "1 8 32 128" "glibc ours libaio" \
				--rw=randread --direct=1 --filename="$dir/one" \
				--size=1g ;;
		table) ;;
		*)
			echo "compare.sh: $set: no such set" >&2
			exit 2 ;;
		esac
	done
}

counts=1
one_round
total=$((made * rounds)) made=0 counts=
[ $total = 0 ] || : >"$raw" || exit 1
for round in $(seq "$rounds"); do
	[ $total = 0 ] || [ "$stopped" ] || one_round
done
[ -z "$stopped" ] || echo "compare.sh: $stopped; the runs are in $raw" >&2
trap '' INT TERM

{
echo "$(uname -sr), $(fio --version), $(date -u +%Y-%m-%d); medians of" \
	"$(awk 'NF == 7 { n[$1 $2 $3 $4]++ } END {
		for (i in n) {
			if (!least || n[i] < least) least = n[i]
			if (n[i] > most) most = n[i]
		}
		print least == most ? most + 0 : least " to " most
	}' "$raw")"
sort -k1,3 -k4,4 -k5,5n "$raw" | awk '
function median(values, n,   i, j, t, v) {
	split(values, v, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
	return v[int((n + 1) / 2)]
}
NF == 7 {
	cell = $1 " " $2 " " $3
	if (!(cell in seen)) { seen[cell] = 1; order[++cells] = cell }
	k = cell " " $4
	iops[k] = iops[k] " " $5; p99[k] = p99[k] " " $6; cpu[k] = cpu[k] " " $7
	count[k]++
}
END {
	print "| set | CPUs | depth | glibc | ours | io_uring | psync, libaio | ours/glibc | ours/io_uring | p99 us: glibc, ours, io_uring | CPU us: glibc, ours, io_uring |"
	print "|---|---|---|---|---|---|---|---|---|---|---|"
	for (i = 1; i <= cells; i++) {
		c = order[i]; split(c, part, " ")
		g = c " glibc"; o = c " ours"; u = c " io_uring"
		if (!count[g] || !count[o])
			continue
		mg = median(iops[g], count[g]); mo = median(iops[o], count[o])
		mu = count[u] ? median(iops[u], count[u]) : 0
		p = c " psync"
		if (!count[p])
			p = c " libaio"
		printf "| %s | %s | %s | %d | %d | %s | %s | %.2f | %s | %d, %d%s | %.1f, %.1f%s |\n",
			part[1], part[2] == "0" ? 1 : 2, part[3], mg, mo,
			mu ? mu : "-",
			count[p] ? median(iops[p], count[p]) : "-",
			mg ? mo / mg : 0,
			mu ? sprintf("%.2f", mo / mu) : "-",
			median(p99[g], count[g]), median(p99[o], count[o]),
			mu ? ", " median(p99[u], count[u]) : "",
			median(cpu[g], count[g]), median(cpu[o], count[o]),
			mu ? sprintf(", %.1f", median(cpu[u], count[u])) : ""
	}
}'
} | tee "$build/compare-aio.md"
[ "$stopped" != "$by_signal" ] || exit 130
