#!/bin/sh
# SPDX-License-Identifier: MIT
#
# manual_test.sh - manual pages and completion know each command and option
#
# Both are made from what --help prints.  BUILD is where the program is.

build=${BUILD:-build}
io=$build/iomodels
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 143' TERM INT

number=0 failed=0
ok() {					# STATUS NAME [REASON OF A SKIP]
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2${3:+ # SKIP $3}"
	else
		echo "not ok $number $2"
		failed=1
	fi
}

commands=$("$io" --help | sed -n '/^Commands:/,$s/^  \([a-z][a-z-]*\) .*/\1/p')
options() { "$io" "$1" --help | sed -n 's/^  *\(-.,\)* *\(--[a-z-]*\).*/\2/p'; }

echo "TAP version 13"
echo "1..5"

[ "$(echo "$commands" | wc -l)" -ge 11 ]
ok $? help_lists_the_commands

# Each command has a page; it names each option, and groff has no complaint.
pages() {
	mkdir "$dir/build"
	ln -s "$(realpath "$io")" "$dir/build/iomodels"
	sh cli/manual/make "$dir/build" || return
	for c in $commands; do
		page=$dir/build/man/iomodels-$c.1
		grep -q -e "^iomodels-$c \\\\- ." "$page" ||
			{ echo "# no page: iomodels-$c"; return 1; }
		for o in $(options "$c"); do
			sed 's/\\//g' "$page" | grep -q -e "$o" ||
				{ echo "# $page: no $o"; return 1; }
		done
	done
	[ -s "$dir/build/man/iomodels.1" ]
}
if command -v help2man >/dev/null; then
	pages
	ok $? a_page_for_each_command
else
	ok 0 a_page_for_each_command "no help2man (apt install help2man)"
fi
if ! command -v groff >/dev/null || ! [ -d "$dir/build/man" ]; then
	ok 0 pages_are_well_formed "no groff or no help2man"
else
	groff -man -Tascii -ww -z "$dir"/build/man/*.1 2>"$dir/said"
	sed 's/^/# /' "$dir/said"
	! [ -s "$dir/said" ]
	ok $? pages_are_well_formed
fi

# What bash offers after each command line, one word per line.
cat >"$dir/complete" <<'END'
. cli/completion/iomodels.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_iomodels
printf '%s\n' "${COMPREPLY[@]}"
END
offers() { bash "$dir/complete" "$@"; }
completes() {
	[ "$(offers "$io" "" | tr '\n' ' ')" = \
		"$(echo "$commands" | tr '\n' ' ')" ] || return
	for c in $commands; do
		[ "$(offers "$io" "$c" --)" = "$(options "$c")" ] || {
			echo "# $c: $(offers "$io" "$c" -- | tr '\n' ' ')"
			return 1
		}
	done
	offers "$io" serve epol | grep -qx epoll &&
		offers "$io" help expl | grep -qx explain
}
if command -v bash >/dev/null; then
	completes
	ok $? bash_completes_what_help_lists
else
	ok 0 bash_completes_what_help_lists "no bash"
fi

if command -v fish >/dev/null; then
	PATH=$build:$PATH HOME=$dir fish -c 'source cli/completion/iomodels.fish
		complete -C "iomodels expl"; complete -C "iomodels explain --fail"' \
		>"$dir/said" 2>&1
	grep -q '^explain' "$dir/said" && grep -q '^--fail-on' "$dir/said"
	ok $? fish_completes
else
	ok 0 fish_completes "no fish"
fi
exit $failed
