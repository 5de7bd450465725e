#!/bin/sh
# SPDX-License-Identifier: MIT
#
# emulated_test - the servers of the other architectures, under qemu-user
#
# A few scenarios are enough to see that a model's calls, signals and threads
# are right there; the client and the checks run on this machine.

build=${BUILD:-build}
host=$(uname -m)
number=0
failed=0

echo "TAP version 13"
echo "1..2"
for arch in x86_64 aarch64 riscv64; do
	[ "$arch" = "$host" ] && continue
	number=$((number + 1))
	dir=$build/$arch
	[ -x "$dir/models/epoll" ] || dir=$dir/clang
	if ! [ -x "$dir/models/epoll" ]; then
		echo "ok $number $arch # SKIP no programs for $arch" \
		     "(sh .ci/setup test)"
		continue
	fi
	if ! command -v "qemu-$arch" >/dev/null; then
		echo "ok $number $arch # SKIP no qemu-$arch (apt install qemu-user)"
		continue
	fi
	if out=$(IOMODELS_PROGRAMS=$dir IOMODELS_WRAPPER=qemu-$arch \
		 "$build/tests/models/models_test" '*/one/*' '*/two/*' '*/crowd/*' \
		 '*/signals_end_it' '*/finishes_what_is_in_hand' \
		 '*/ends_while_they_come'); then
		echo "ok $number $arch"
	else
		echo "$out" | sed '1,2d;/^ok/d;s/^# //;/^$/d;s/^/# /'
		echo "not ok $number $arch"
		failed=1
	fi
done
exit $failed
