#!/bin/sh
# SPDX-License-Identifier: MIT
#
# vm_test - what make vm says and leaves when no machine is available
#
# No machine is fetched here.  One that make vm has prepared before is started
# once, and stopped in the middle.

build=${BUILD:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
number=0
failed=0
here=$(uname -m)

result() {			# STATUS NAME [SKIP REASON]
	number=$((number + 1))
	[ "$1" = 0 ] && echo "ok $number $2${3:+ # SKIP $3}" && return
	failed=1
	sed 's/^/# /' "$dir/err"
	echo "not ok $number $2"
}
# It failed with 125, one line on stderr that holds the word, and no output.
one_line() {
	[ "$1" = 125 ] && [ "$(wc -l <"$dir/err")" = 1 ] &&
		grep -q -- "$2" "$dir/err" && ! [ -s "$dir/out" ]
}

echo "TAP version 13"
echo "1..7"

# The table of kernels is about the programs that there are; a new one waits
# for the next run of all machines.
"$build/iomodels" list | sed -n 's/^  \([a-z_0-9]*\) .*/\1/p' >"$dir/names"
sed -n '/^| left out/q;s/^| \([a-z][a-z_0-9]*\) |.*/\1/p' docs/kernels.md |
	grep -v '^model$' >"$dir/rows"
grep -vxF -f "$dir/names" "$dir/rows" | sed 's/^/no such program: /' >"$dir/err"
missing=$(grep -vxF -f "$dir/rows" "$dir/names" | tr '\n' ' ')
[ -s "$dir/names" ] && [ -s "$dir/rows" ] && ! [ -s "$dir/err" ]
result $? the_table_is_about_the_programs \
	"${missing:+no row yet for ${missing}(make vm-test kernels)}"

# So is that of claims, and every verdict in it is the expected one.
"$build/iomodels" claims --list | sed 's/:.*//' >"$dir/names"
sed -n '/^## Claims/,$s/^| \([a-z][a-z0-9-]*\) |.*/\1/p' docs/kernels.md |
	grep -vx claim >"$dir/rows"
grep -vxF -f "$dir/names" "$dir/rows" | sed 's/^/no such claim: /' >"$dir/err"
grep -F '(!)' docs/kernels.md | grep '^|' >>"$dir/err"
missing=$(grep -vxF -f "$dir/rows" "$dir/names" | wc -l)
[ -s "$dir/names" ] && ! [ -s "$dir/err" ]
result $? the_table_is_about_the_claims \
	"$([ "$missing" = 0 ] || echo "no row yet for $missing claims (make kernels)")"

# Debian 12 has no kernel for it.
sh vm/vm -a riscv64 -b "$dir" true >"$dir/out" 2>"$dir/err"
one_line $? 'no machine for riscv64'
result $? other_processors_are_refused

sh vm/vm -x >"$dir/out" 2>"$dir/err"
[ $? = 2 ] && grep -q '^Usage: ' "$dir/err"
result $? bad_options_are_refused

# Without QEMU it is named as the package that it is in.
mkdir "$dir/bin"
for tool in sh sed uname dirname mkdir cat; do
	ln -s "$(command -v $tool)" "$dir/bin/$tool"
done
PATH=$dir/bin sh vm/vm -b "$dir/b" true >"$dir/out" 2>"$dir/err"
one_line $? 'apt install .*qemu-system'
result $? what_is_missing_is_named

# Nobody answers there: the reason is apt's, and the next try starts afresh.
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null ||
   ! [ -e /usr/share/keyrings/debian-archive-keyring.gpg ]; then
	result 0 without_network "not Debian: no packages"
else
	DEBIAN_MIRROR=http://127.0.0.1:1 sh vm/fetch bookworm x86_64 "$dir/f" \
		>"$dir/out" 2>"$dir/err"
	[ $? = 1 ] && tail -n 1 "$dir/err" | grep -q '^vm: .*127.0.0.1' &&
		! [ -e "$dir/f/packages" ]
	result $? without_network
fi

# SIGTERM in the middle of a command: QEMU goes, and so do its files.
case $build in
/*)	top=$build ;;
*)	top=$(pwd)/$build ;;
esac
vm=$top/vm/$here
if ! [ -e "$vm/initramfs.cpio" ] || ! command -v "qemu-system-$here" >/dev/null
then
	result 0 stopping_it_leaves_nothing "no machine is prepared (make vm)"
else
	before=$(ls -d "$vm"/run.* 2>/dev/null)
	mkfifo "$dir/said"
	VM_ACCEL=tcg sh vm/boot "$here" "$vm" "$dir/got" \
		'echo it runs; sleep 1000' >"$dir/said" 2>"$dir/err" &
	vm_pid=$!
	read -r line <"$dir/said"
	qemu=$(ps -o pid=,args= --ppid $vm_pid 2>/dev/null |
	       awk '/qemu-system/ { print $1 }')
	kill -TERM $vm_pid
	wait $vm_pid
	[ $? = 143 ] && [ "$line" = "it runs" ] && [ "$qemu" ] &&
		! kill -0 "$qemu" 2>/dev/null &&
		[ "$(ls -d "$vm"/run.* 2>/dev/null)" = "$before" ]
	result $? stopping_it_leaves_nothing
fi
exit $failed
