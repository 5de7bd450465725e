#!/bin/sh
# SPDX-License-Identifier: MIT
#
# soak.sh - what compare says on a busy machine: make soak-compare
#
# stress-ng keeps every processor busy.  Then compare measures copies of one
# server, of which none may be ranked, and a server that is 10% slower, which may
# not be called equal.  PAIRS pairs of copies (200), in each LAYOUT (same two).
# Exit status 1: more than 1 in 100 pairs of copies were ranked, or a slower one
# was called equal.

build=$(realpath "${BUILD:-build}")
pairs=${PAIRS:-200}
dir=$(mktemp -d) || exit 1
stress=
trap '[ -z "$stress" ] || kill $stress; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
command -v stress-ng >/dev/null || {
	echo "soak.sh: stress-ng is not installed: apt-get install stress-ng" >&2
	exit 1
}
stress-ng --quiet --cpu "$(nproc)" &
stress=$!
copies=8

# NAME: one run of copies of one server, or of one that is slower than its base.
measure() {
	case $1 in
	epoll)
		set -- epoll -w tcp-c16
		i=0
		while [ $((i += 1)) -le $copies ]; do
			set -- "$@" --peer "$build/models/epoll --max-message $i"
		done
		;;
	*)
		known="$build/tests/bench/known_test --serve"
		set -- -w line-c16 --start "$known work - --port {port}" \
			--start "$known more-work - --port {port}" \
			--start "$known more-work - --port {port} again"
		;;
	esac
	"$build"/iomodels compare --layout "$layout" -r 9 -t 0.1 --json "$@" \
		>"$dir/out" 2>"$dir/err" || { cat "$dir/err"; exit 1; }
}

# The verdicts of rates and of processor time, of all but the base: "rate above".
verdicts() {
	awk '/"server":/ { base = 0 }
		/"base": true|"base_again": true/ { base = 1 }
		/"rate_ratio": {/ { what = "rate" }
		/"cpu_ratio": {/ { what = "cpu" }
		/"verdict":/ && !base { gsub(/[",]/, ""); print what, $2 }' \
		"$dir/out"
}

# LAYOUT KIND: its counts so far, from $dir/KIND.LAYOUT.
report() {
	printf '%s, %s: ' "$1" "$2"
	sort "$dir/$2.$1" | uniq -c | awk '{ printf "%s%s %s %d", sep, $2, $3, $1
		sep = ", " } END { print "" }'
}

status=0
for layout in ${LAYOUT:-same two}; do
	done=0
	while [ $done -lt "$pairs" ]; do
		measure epoll
		verdicts >>"$dir/copies.$layout"
		measure slower
		verdicts >>"$dir/slower.$layout"
		done=$((done + copies))
		report "$layout" copies
		report "$layout" slower
	done
	ranked=$(grep -c 'above\|below' "$dir/copies.$layout")
	equal=$(grep -c 'equal' "$dir/slower.$layout")
	echo "layout $layout: of $done pairs of copies, $ranked rates or" \
		"processor times are ranked; $equal call a server equal that" \
		"is 10% slower"
	[ $((100 * ranked)) -le "$done" ] && [ "$equal" = 0 ] || status=1
done
exit $status
