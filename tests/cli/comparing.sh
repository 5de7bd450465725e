# SPDX-License-Identifier: MIT
#
# comparing.sh - what the tests of iomodels compare share: it begins their output
#
# Each test includes it, and is then in an empty folder.

iomodels=$(realpath "${BUILD:-build}"/iomodels)
models=${iomodels%iomodels}models
known=${iomodels%iomodels}tests/bench/known_test
nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" && chmod 755 . || exit 1
# Built with ASAN=1, what it leaks is a failure: no strace follows it here.
export ASAN_OPTIONS=detect_leaks=1
n=0

echo "TAP version 13"

# ok STATUS NAME: a test point, from the status of what ran before.
ok() {
	n=$((n + 1))
	[ "$1" = 0 ] || { sed 's/^/# /' out err; printf 'not '; }
	echo "ok $n $2"
}

# One line on stderr, nothing on stdout, exit 2.
refuses() {
	expected=$1
	shift
	"$iomodels" compare "$@" >out 2>err
	[ $? = 2 ] && [ ! -s out ] && grep -q "$expected" err &&
		[ "$(grep -v ' is left out: not installed' err |
			grep -c 'compare: ')" = 1 ]
	ok $? "refuses: $*"
}
