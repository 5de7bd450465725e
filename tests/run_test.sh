#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run_test.sh - tests/run: what it counts, several at a time, again, its end
#
# A test is a function test_NAME; its exit status is the result, and what it
# prints is shown when it fails.  77: skipped, for the reason that it prints.

self=$(realpath "$0") run=${self%/*}/run
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 143' TERM INT
cd "$dir" || exit 1
unset TAP_DIR AGAIN JOBS CI_END

# program NAME: its text, a script of sh, comes from stdin.
program() {
	{ echo '#!/bin/sh'; cat; } >"$1" && chmod +x "$1"
}

# said STATUS PATTERN COMMAND...: how it ends, and a line that it says.
said() {
	want=$1 pattern=$2
	shift 2
	timeout 60 "$@" >said 2>&1 </dev/null
	status=$?
	[ $status = "$want" ] && grep -q -e "$pattern" said || {
		echo "$*: status $status, expected $want and '$pattern' in:"
		cat said
		return 1
	}
}

can_unshare() {
	unshare --net ip link set lo up 2>/dev/null || {
		echo "no network namespace can be made here"
		return 77
	}
}

test_without_programs() { said 2 '^tests/run: expected test programs' sh "$run"; }

test_counts() {
	program good <<-'E'
	echo 1..2; echo 'ok 1 a'; echo 'ok 2 b # SKIP no b here'
	E
	program bad <<-'E'
	echo 1..1; echo 'not ok 1 c'; echo '# the reason'; exit 1
	E
	program dies <<-'E'
	echo 1..2; echo 'ok 1 d'; kill -9 $$
	E
	for jobs in 1 3; do
		said 1 '^2 passed, 3 failed, 2 skipped$' env JOBS=$jobs sh "$run" \
			good bad dies left-out:x:libx &&
			grep -q '# the reason' said &&
			grep -q '   1  no b here' said &&
			grep -q 'planned 2 tests, saw 1' said || return
	done
}

# With CI_END no test starts after that time.
test_none_starts_after_the_end() {
	program good <<-'E'
	echo 1..1; echo 'ok 1 a'
	E
	for jobs in 1 3; do
		said 0 '^0 passed, 0 failed, 2 skipped$' env JOBS=$jobs CI_END=1 \
			sh "$run" good './good b' &&
			grep -q '   2  not started: the time of this run w' said &&
			said 0 '^2 passed, 0 failed, 0 skipped$' env JOBS=$jobs \
				CI_END=4102444800 sh "$run" good good || return
	done
}

# Each of the two waits for the other.
test_several_at_a_time() {
	can_unshare || return
	mkfifo there back
	program a <<-'E'
	echo 1..1; echo x >there; read -r x <back; echo 'ok 1 a'
	E
	program b <<-'E'
	echo 1..1; read -r x <there; echo x >back; echo 'ok 1 b'
	E
	said 0 '^2 passed, 0 failed, 0 skipped$' env JOBS=2 sh "$run" a b
}

# It fails while the other runs, and passes alone.
test_again_is_alone() {
	can_unshare || return
	mkfifo go
	program first <<-'E'
	echo 1..2
	echo 'ok 1 x'
	if mkdir once 2>/dev/null; then
		echo 'not ok 2 y'; echo x >go; exit 1
	fi
	[ -e ended ] && echo 'ok 2 y' || { echo 'not ok 2 y'; exit 1; }
	E
	program other <<-'E'
	echo 1..1; read -r x <go; : >ended; echo 'ok 1 z'
	E
	said 0 '^3 passed, 0 failed, 0 skipped$' env JOBS=2 AGAIN=1 sh "$run" \
		first other && grep -q '^passed only when' said
}

# Ctrl-C is a SIGINT to the group of the terminal; the test is in another.
test_ctrl_c() {
	[ "$(env --default-signal=INT echo 1 2>/dev/null)" ] || {
		echo "this env has no --default-signal"
		return 77
	}
	mkdir tmp
	for jobs in 1 2; do
		rm -f pid end
		mkfifo pid end
		program waits <<-'E'
		echo x >pid; exec 3>end; read -r x <pid
		E
		TMPDIR=$dir/tmp JOBS=$jobs env --default-signal=INT setsid \
			sh -c 'echo $$ >group; exec sh "$0" waits' "$run" \
			>said 2>&1 </dev/null &
		read -r x <pid
		exec 4<end		# until the test has opened it
		kill -s INT -- "-$(cat group)"
		wait $!
		status=$?
		[ $status = 130 ] && [ -z "$(ls tmp)" ] || {
			echo "JOBS=$jobs: status $status, left: $(ls tmp)"
			return 1
		}
		timeout 20 cat <&4 || {	# the end of file: the test has ended
			echo "JOBS=$jobs: the test has not ended"
			return 1
		}
		exec 4<&-
	done
}

tests=$(sed -n 's/^\(test_[a-z0-9_]*\)().*/\1/p' "$self")
echo "TAP version 13"
echo "1..$(echo "$tests" | wc -l)"
n=0 rc=0
for t in $tests; do
	n=$((n + 1))
	$t >log 2>&1
	case $? in
	0)	echo "ok $n ${t#test_}" ;;
	77)	echo "ok $n ${t#test_} # SKIP $(head -n 1 log)" ;;
	*)	sed 's/^/# /' log
		echo "not ok $n ${t#test_}"
		rc=1 ;;
	esac
done
exit $rc
