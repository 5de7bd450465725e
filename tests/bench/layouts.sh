#!/bin/sh
# SPDX-License-Identifier: MIT
#
# layouts.sh - how much the linker's layout changes a rate: make layouts
#
# It builds models/epoll.c BUILDS times (8) with code and data at other addresses
# and other alignments of functions and loops, and compares these builds with the
# one of the build folder.  SEED is printed.  Nothing but the layout differs, so a
# ratio that is not 1 is the layout's.

build=$(realpath "${BUILD:-build}")
seed=${SEED:-$$}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
flags="-std=gnu11 -O2 -g -ffreestanding -fno-stack-protector -fno-pie
	-fno-omit-frame-pointer -fno-asynchronous-unwind-tables -static -nostdlib"

# In bytes: code, then data, before those of epoll; then the alignment.
awk -v n="${BUILDS:-8}" -v seed="$seed" 'BEGIN {
	srand(seed)
	while (n--)
		print int(rand() * 256) * 16, int(rand() * 64) * 64,
			2 ^ int(rand() * 6)
}' >"$dir/layouts"
echo "SEED=$seed; bytes of code and data before those of epoll, alignment:"
set --
while read -r code data align; do
	i=$((${i:-0} + 1))
	echo "  epoll$i: $code, $data, $align"
	printf '.text\n.skip %d, 0x90\n.data\n.skip %d\n.bss\n.skip %d\n%s\n' \
		"$code" "$data" "$data" '.section .note.GNU-stack,"",@progbits' \
		>"$dir/pad.S"
	# shellcheck disable=SC2086
	${CC:-cc} $flags -falign-functions="$align" -falign-loops="$align" \
		-DNAME='"epoll"' -DABOUT='""' -o "$dir/epoll$i" "$dir/pad.S" \
		models/epoll.c || exit 1
	set -- "$@" --peer "$dir/epoll$i"
done <"$dir/layouts"
"$build"/iomodels compare epoll -w tcp-c1,tcp-c16 -r "${REPEAT:-15}" -t 0.2 "$@"
