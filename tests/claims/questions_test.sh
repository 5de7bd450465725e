#!/bin/sh
# SPDX-License-Identifier: MIT
#
# questions_test.sh - each question leads to its claims, each claim to its twin
#
# A question has a command, which searches the claims by words, and the names of
# the claims that answer it.  The search must find each of them; nothing is
# decided here.

b=${BUILD:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# QUESTION, WORDS and CLAIMS in a line, between tabs.
awk '
	function tell() {
		if (question)
			printf "%s\t%s\t%s\n", question, words, claims
		words = claims = ""
	}
	/^### /	{ tell(); question = substr($0, 5) }
	/^- `iomodels claims --about / {
		words = $0
		sub(/^[^'\'']*'\''/, "", words)
		sub(/'\''.*/, "", words)
	}
	/^- claims: / {
		claims = substr($0, 11)
		gsub(/,/, "", claims)
	}
	END { tell() }' docs/faq.md >"$dir/questions"

echo "TAP version 13"
number=0
failed=0
tab=$(printf '\t')
while IFS=$tab read -r question words claims; do
	number=$((number + 1))
	missing=
	"$b/iomodels" claims --list --about "$words" >"$dir/found" 2>&1
	for claim in $claims; do
		grep -q "^$claim: " "$dir/found" || missing="$missing $claim"
	done
	if [ "$words" ] && [ "$claims" ] && ! [ "$missing" ]; then
		echo "ok $number $question"
	else
		failed=1
		echo "# '$words' does not find:$missing"
		echo "not ok $number $question"
	fi
done <"$dir/questions"
# A sentence that is known to be wrong is its own twin.
number=$((number + 1))
"$b/iomodels" claims --list | grep -v '\[.*; .*\]$' >"$dir/no_domain"
"$b/iomodels" claims --list | sed 's/:.*//' | sort >"$dir/claims"
# (A twin is listed behind its claim, without which it means nothing.)
"$b/iomodels" claims --list --twins | grep ': .*; false twin: .*\[' |
	sed 's/:.*//' | sort >"$dir/twins"
comm -23 "$dir/claims" "$dir/twins" | grep -vx 'no-kernel-async\|uring-nonblock' \
	>"$dir/no_twin"
if [ "$(wc -l <"$dir/twins")" -ge 150 ] && ! [ -s "$dir/no_twin" ] &&
   ! [ -s "$dir/no_domain" ]; then
	echo "ok $number every_claim_has_a_domain_and_a_twin"
else
	failed=1
	sed 's/^/# no domain: /' "$dir/no_domain"
	sed 's/^/# no twin: /' "$dir/no_twin"
	echo "not ok $number every_claim_has_a_domain_and_a_twin"
fi

number=$((number + 1))
if [ $number -gt 21 ]; then
	echo "ok $number all_questions_are_there"
else
	failed=1
	echo "not ok $number all_questions_are_there"
fi

# A question in words of one's own finds the claims that come closest; words that
# no claim has find none.
number=$((number + 1))
about() { "$b/iomodels" claims --list --about "$1" 2>&1; }
if about 'what is a thundering stampede?' |
   grep -q '^herd: ' && about 'why does epoll_wait return EINTR?' |
   grep -q '^restart-epoll: ' && ! about 'why does epoll_wait return EINTR?' |
   grep -q '^restart-poll: ' && ! about 'stampede' >"$dir/found"; then
	echo "ok $number questions_in_words_of_ones_own"
else
	failed=1
	echo "not ok $number questions_in_words_of_ones_own"
fi
echo "1..$number"
exit $failed
