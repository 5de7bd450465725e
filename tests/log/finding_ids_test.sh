#!/bin/sh
# SPDX-License-Identifier: MIT
#
# finding_ids_test.sh - --fail-on knows every id in the sources, and no other
#
# BUILD is where the programs are.  Started from the top of the source.

io=${BUILD:-build}/iomodels
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
n=0 failed=0

report() {			# report 0|1 NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n $2"
	else
		echo "not ok $n $2"
		failed=1
	fi
}

# "id", SEVERITY_x of the kinds, "id", REFUSED_x of the table of refusals, and
# HIDDEN("id", of the reasons of sleeps
ids() {
	cat log/finding*.c log/refusal.c | tr '\n\t\\' '   ' |
	grep -oE '"[a-z0-9-]+", *(SEVERITY_|severity|REFUSED_)|HIDDEN\( *"[a-z0-9-]+"' |
	sed 's/^[^"]*"//; s/".*//' | sort -u
}

echo "TAP version 13"
echo "1..4"
echo '7 read(3, "x", 1) = 1' > "$log"
unknown=
for id in $(ids); do
	"$io" explain --fail-on "$id" "$log" > /dev/null 2>&1 || {
		unknown=1
		echo "# $id is missing in log/finding_ids.c"
	}
done
[ -n "$(ids)" ] && [ -z "$unknown" ]
report $? every_id_is_known

error=$("$io" explain --fail-on spin,nonesuch "$log" 2>&1 > /dev/null)
status=$?
[ "$status" = 2 ] && case $error in
*"'nonesuch'"*slow-disk*) true;;
*) echo "# status $status: $error"; false;;
esac
report $? an_unknown_id_is_an_error

"$io" explain --fail-on any,spin "$log" > /dev/null 2>&1
report $? any_and_ids

# Nothing is run for a list that is wrong.
rm -f "$log.ran"
"$io" trace --fail-on spni -- touch "$log.ran" > /dev/null 2>&1
[ $? = 2 ] && [ ! -e "$log.ran" ]
report $? trace_checks_before_it_runs
rm -f "$log.ran"
exit $failed
