#!/bin/sh
# SPDX-License-Identifier: MIT
#
# rooms_test.sh - who needs whom: no circle between folders or files, one parser,
# one engine
#
# The includes of all sources tell which folder needs which; nm of the objects
# that `make` has left tells which file needs which.  tsort finds the circles.
# Started from the top of the source.

build=${BUILD:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

sources() {
	find bench capture claims cli lab log models posix_aio syscalls uring \
		-name '*.[ch]'
}

# FILE INCLUDED, as paths from the top; what is not in the tree is left out.
sources | xargs awk '
	function there(path,	line) {
		if (!(path in known)) {
			known[path] = (getline line <path) >= 0
			close(path)
		}
		return known[path]
	}
	/^ *# *include *"/ {
		split($0, part, "\"")
		folder = FILENAME
		sub(/\/[^\/]*$/, "", folder)
		n = split(folder " lab capture claims", from, " ")
		for (i = 1; i <= n; i++) {
			path = from[i] "/" part[2]
			while (sub(/[^\/]+\/\.\.\//, "", path))
				;
			if (there(path)) {
				print FILENAME, path
				break
			}
		}
	}' >"$dir/includes"

# MODULE NEEDED, "cli/doctor lab/probe", by the symbols of the objects.
for object in $(sources | sed -n "s|\(.*\)\.c$|$build/\1.o|p"); do
	[ ! -e "$object" ] || echo "$object"
done >"$dir/objects"
[ ! -s "$dir/objects" ] || xargs nm -AP <"$dir/objects" | awk -v build="$build/" '
	{ module = substr($1, length(build) + 1); sub(/\.o:$/, "", module) }
	$3 == "U"		{ user[++n] = module; needed[n] = $2 }
	$3 ~ /^[BCDRTVW]$/	{ home[$2] = module }
	END {
		for (i = 1; i <= n; i++)
			if (home[needed[i]] && home[needed[i]] != user[i])
				print user[i], home[needed[i]]
	}' | sort -u >"$dir/symbols"
[ -e "$dir/symbols" ] || : >"$dir/symbols"

number=0 failed=0
result() {			# STATUS NAME, and what is wrong in $dir/wrong
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		sed 's/^/# /' "$dir/wrong"
		echo "not ok $number $2"
		failed=1
	fi
}

# Prints the members of each circle; status 1 when there is one.
circles() {
	! tsort 2>&1 >"$dir/order" | sed 's/^tsort: -: input contains a loop:/circle:/;
		s/^tsort: //' | grep .
}

folders() { awk '{ sub(/\/[^\/]*$/, "", $1); sub(/\/[^\/]*$/, "", $2)
	if ($1 != $2) print $1, $2 }' "$@" | sort -u; }

echo "TAP version 13"
echo "1..8"

folders "$dir/includes" "$dir/symbols" | circles >"$dir/wrong"
result $? no_circle_between_folders

# The programs: syscalls <- models <- uring <- posix_aio.
folders "$dir/includes" | awk '
	BEGIN { level["syscalls"] = 1; level["models"] = 2; level["uring"] = 3
		level["posix_aio"] = 4; level["posix_aio/lib"] = 4 }
	level[$1] && level[$2] >= level[$1] { print $1 " needs " $2; bad = 1 }
	level[$1] && !level[$2] { print $1 " needs " $2; bad = 1 }
	END { exit bad }' >"$dir/wrong"
result $? programs_only_depend_downwards

circles <"$dir/includes" >"$dir/wrong"
result $? no_circle_between_headers

skip() {			# NAME: without objects
	number=$((number + 1))
	echo "ok $number $1 # SKIP no objects in $build (make)"
}

if [ -s "$dir/symbols" ]; then
	circles <"$dir/symbols" >"$dir/wrong"
	result $? no_circle_between_files

	# capture/ writes logs: of log/ it needs what writes text, and no more.
	awk '$1 ~ /^capture\// && $2 ~ /^log\// &&
		$2 !~ /^log\/(json|text)$/ { print $1 " needs " $2; bad = 1 }
		END { exit bad }' "$dir/symbols" >"$dir/wrong"
	result $? capture_reads_no_log
else
	skip no_circle_between_files
	skip capture_reads_no_log
fi

# The forms of a log's lines are known in log/ alone.
grep -nE 'resumed>|execve\("|strstr\([^)]*unfinished|\b(line|tracepoint)_read\(' \
	bench/*.[ch] capture/*.[ch] claims/*.[ch] cli/*.[ch] lab/*.[ch] \
	>"$dir/wrong"
[ $? = 1 ]
result $? only_log_parses_logs

# log/witness.c alone decides from these events who waits and who copies.
# capture/ asks the kernel for them and writes them.
{
	grep -nE 'POINT_(COPY|PAGES|RECEIVED)' bench/*.[ch] capture/*.[ch] \
		claims/*.[ch] cli/*.[ch] lab/*.[ch] log/*.[ch] |
		grep -vE '^log/(tracepoint\.[ch]|witness\.c):'
	grep -nE 'cmp\(.*"(sched_switch|skb_copy_datagram_iovec|mm_filemap_get)' \
		bench/*.[ch] capture/*.[ch] claims/*.[ch] cli/*.[ch] \
		lab/*.[ch] log/*.[ch] |
		grep -vE '^capture/(kernel|draw)\.c:'
} >"$dir/wrong"
[ ! -s "$dir/wrong" ]
result $? one_engine

# A jump to a file by its name finds one.  `run` is the usual name in tests/
# and .ci/, README.md in traces/; the logs of tests/corpus are data; a
# translation has the name of what it translates.
find . -name .git -prune -o -path ./build -prune -o \
	-path "./${build#./}" -prune -o -path ./tests/corpus \
	-prune -o -path ./tests/fuzz -prune -o -path ./book/zh -prune -o \
	-type f -print |
	sed 's|.*/||' | grep -vx 'run\|README.md' | sort | uniq -d >"$dir/wrong"
[ ! -s "$dir/wrong" ]
result $? no_file_name_twice
exit $failed
