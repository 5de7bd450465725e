#!/bin/sh
# SPDX-License-Identifier: MIT
#
# aio_programs_test.sh - programs that use POSIX AIO do their work on libposixaio
#
# Each writes and reads back what it checks by itself, or we compare.  That it
# was the library that answered, and on io_uring, is what POSIXAIO_DEBUG=1 says.
#
# Not here: squid.  Debian 12's (5.7) imports aio_read and aio_write and nothing
# else of aio.h, for `cache_dir ufs ... IOEngine=AIO`: it never asks what became
# of a request, so its hits go wrong, with glibc's functions as with ours.  With
# aufs, which has threads of its own, it made no such call; rock was not tried.

b=${BUILD:-build}
n=0
failed=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

result() {	# STATUS NAME
	n=$((n + 1))
	if [ "$1" != 0 ]; then
		failed=1
		sed 's/^/# /' "$tmp/out" | tail -n 15
		printf 'not '
	fi
	echo "ok $n $2"
}
skip() {	# NAME REASON
	n=$((n + 1))
	echo "ok $n $1 # SKIP $2"
}
has() { command -v "$1" >/dev/null 2>&1; }

# Run on the library; it must have been asked, and must have a ring.
run() {
	POSIXAIO_DEBUG=1 timeout 60 "$b/iomodels" aio-run -- "$@" \
		>"$tmp/out" 2>&1 || return 1
	grep -q '^posixaio: io_uring$' "$tmp/out" && return
	echo "the library was not used" >>"$tmp/out"
	return 1
}

echo "TAP version 13"
echo "1..5"

why=
case $b in
*/asan | */tsan) why="a sanitized library cannot be preloaded" ;;
*)	said=$(POSIXAIO_DEBUG=1 "$b/iomodels" aio-run -- \
		"$b/posix_aio/posix_aio_glibc" "$0" 2>&1 >/dev/null)
	case $said in
	*"posixaio: threads"*) why="$said" ;;
	esac ;;
esac
if [ "$why" ]; then
	for name in fio fio_large fio_direct stress_ng mpi_io; do
		skip $name "$why"
	done
	exit 4
fi

# Random writes, then every block is read back and its checksum compared.  Threads
# of the pool write, the caller or the ring reads; O_DIRECT is native AIO.
fio_on() {	# FLAGS...
	run fio --name=verify --directory="$tmp" --size=8m \
		--ioengine=posixaio --iodepth=16 --rw=randwrite \
		--verify=crc32c --verify_fatal=1 --do_verify=1 \
		--verify_state_save=0 "$@" &&
		grep -q 'read:' "$tmp/out"
}
if ! has fio; then
	skip fio "no fio (apt-get install fio)"
	skip fio_large "no fio (apt-get install fio)"
	skip fio_direct "no fio (apt-get install fio)"
else
	fio_on --bs=4k
	result $? fio
	fio_on --bs=256k
	result $? fio_large
	if dd if=/dev/zero of="$tmp/probe" bs=4k count=1 oflag=direct \
			2>/dev/null; then
		fio_on --bs=4k --direct=1
		result $? fio_direct
	else
		skip fio_direct "no O_DIRECT in $tmp"
	fi
fi

# Writes and reads that tell of their end by signals, which it counts.
if ! has stress-ng; then
	skip stress_ng "no stress-ng (apt-get install stress-ng)"
else
	run stress-ng --aio 2 --aio-ops 2000 --verify --timeout 50 \
		--metrics --temp-path "$tmp" &&
		grep -q 'successful run completed' "$tmp/out" &&
		awk '$4 == "aio" && /async I\/O signals/ { told += $5 > 0; next }
			$4 == "aio" { ops += $5 >= 2000 }
			END { exit !ops || !told }' "$tmp/out"
	result $? stress_ng
fi

# MPI-IO: ROMIO makes aio_write and aio_read of MPI_File_iwrite_at, iread_at.
if ! has mpicc.mpich; then
	skip mpi_io "no MPICH (apt-get install libmpich-dev)"
else
	cat >"$tmp/io.c" <<'EOF'
#include <mpi.h>
#include <stdio.h>
#include <string.h>

enum { N = 32, SIZE = 50000 };
static char out[N][SIZE], in[N][SIZE];

int main(int argc, char **argv)
{
	MPI_Request w[N], r[N];
	MPI_Status s[N];
	MPI_File f;
	int count, all = 0;

	MPI_Init(&argc, &argv);
	for (int i = 0; i < N; i++)
		for (int j = 0; j < SIZE; j++)
			out[i][j] = i * 7 + j * 31 + (j >> 8);
	if (MPI_File_open(MPI_COMM_WORLD, argv[1], MPI_MODE_CREATE |
			  MPI_MODE_RDWR, MPI_INFO_NULL, &f))
		return 1;
	for (int i = 0; i < N; i++)
		MPI_File_iwrite_at(f, (MPI_Offset)(N - 1 - i) * SIZE, out[i],
				   SIZE, MPI_BYTE, &w[i]);
	MPI_Waitall(N, w, s);
	for (int i = 0; i < N; i++)
		MPI_File_iread_at(f, (MPI_Offset)(N - 1 - i) * SIZE, in[i],
				  SIZE, MPI_BYTE, &r[i]);
	MPI_Waitall(N, r, s);
	for (int i = 0; i < N; i++) {
		MPI_Get_count(&s[i], MPI_BYTE, &count);
		all += count;
	}
	MPI_File_close(&f);
	MPI_Finalize();
	printf("%d bytes\n", all);
	return all != N * SIZE || memcmp(in, out, sizeof(in));
}
EOF
	mpicc.mpich -O1 -o "$tmp/io" "$tmp/io.c" >"$tmp/out" 2>&1 &&
		run "$tmp/io" "$tmp/data" &&
		[ "$(wc -c <"$tmp/data")" = 1600000 ]
	result $? mpi_io
fi
exit $failed
