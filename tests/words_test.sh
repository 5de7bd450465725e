#!/bin/sh
# SPDX-License-Identifier: MIT
#
# words_test.sh - sentences that must be read twice: none in sources and texts
#
# Each line below is a pattern (of grep -P), a tab, and what to write instead. 
# Captures, the corpus of logs, translations and docs/kernels.md, which quotes
# what older versions printed, are left out.  Started from the top of the
# source.

build=${BUILD:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cat >"$dir/patterns" <<'END'
\b(is|are|was|were|be|been|being) ((not|never|also|only) )*said\b	reports, prints, says
\b(is|are|was|were|be|been|being) ((not|never|also|only) )*told\b	a subject: the kernel notifies X, X learns
\b(is|are|was|were|not) wanted\b|\bwanted( is|:)	expected X; or which, given, asked for
\bbut for\b	except
\bso many\b	this many, that number of
\bin hand\b	current, open, in flight
\b[Ii]n( the)? place of\b	instead of
\bbe had\b	available
\b[Ww]ho(m)?ever\b	the thread that, a program that
(^\s*(#|//|/?\*+)|[.:;]) +Who [a-z](?!.*\?)	a subject: the thread that, a server that
[;.] (so )?who (?!wait|cop|ran|worked|[<=])	a subject: the thread that, a server that
\b(wakes?|tells?|serves?|lets) who\b	the thread that, the server that
(?<!here )\b(is|are|was|were) no (?!longer|more)	is not a
(?<!here )\b(is|are|was|were) none\b	is not one, has none
\b(accepts?|calls?|sleeps|copies|switches|times|us|CPU|bytes|KiB|pread64|facts?|lines?|completions?|buffers|turns) an? (echo|message|signal|read\b(?! that)|write|connection|datagram|request|thread|operation|round|test|block)\b	per echo, per message
\bthe documents\b	the tutorial
\b(to be seen|not vital|by its nature)\b	the log shows X; optional; cannot
\bspare[sd]?\b	saves; makes no call
END

# FILE PATTERN: a line of that file which is meant as it is.
cat >"$dir/exceptions" <<'END'
docs/who-waits.md	Who wait(s|ed)
models/epoll_thread.c	that sleeps a thread:
END

find . \( -name .git -o -path ./build -o -path "./${build#./}" -o \
	-path ./tests/corpus -o -path ./tests/fuzz/seeds \) -prune -o \
	-type f ! -name '*.strace' ! -name '*.kernel' ! -name '*.lines' \
	! -name '*.zh.md' ! -name '*.zip' ! -path ./docs/kernels.md \
	! -path ./tests/words_test.sh -print | sed 's|^\./||' >"$dir/files"

echo "TAP version 13"
echo "1..2"
if ! echo a | grep -qP a; then
	echo "ok 1 no_pattern # SKIP this grep has no -P"
	echo "ok 2 each_pattern_finds # SKIP this grep has no -P"
	exit 0
fi

# The same text with its lines joined, for what begins on one and ends on the next:
# FILE:LINE:PARAGRAPH, without the marks of comments and strings.
xargs grep -Il . <"$dir/files" | xargs awk '
	function out() {
		if (text != "")
			print place text
		text = ""
	}
	FNR == 1 { out() }
	{
		ends = $0 ~ /([;{}]|\*\/)[ \t]*$/
		gsub(/^[ \t]*(\/?\*+|\/\/|#)?[ \t]*"?|[ \t]*("[,;) ]*)?\\?$/, "")
		if ($0 == "")
			out()
		if (text == "")
			place = FILENAME ":" FNR ":"
		text = text (text == "" || $0 == "" ? "" : " ") $0
		if (ends)
			out()
	}
	END { out() }' >"$dir/paragraphs"

failed=0
while IFS='	' read -r pattern instead; do
	{
		xargs grep -InP -e "$pattern" <"$dir/files"
		grep -P -e "$pattern" "$dir/paragraphs" |
			grep -oP -e "^[^:]*:[0-9]*:|.{0,30}(?:$pattern).{0,30}" |
			awk '/^[^:]*:[0-9]*:$/ { place = $0; next }
				{ print place $0 }'
	} |
		while IFS= read -r line; do
			while IFS='	' read -r file known; do
				case $line in
				"$file"*) printf '%s\n' "$line" |
					grep -qE "$known" && continue 2;;
				esac
			done <"$dir/exceptions"
			printf '# %s\n#   instead: %s\n' "$line" "$instead"
		done
done <"$dir/patterns" >"$dir/wrong"
cat "$dir/wrong"
[ ! -s "$dir/wrong" ] || failed=1
[ "$failed" = 0 ] && echo "ok 1 no_pattern" || echo "not ok 1 no_pattern"

# Each pattern finds the sentence that it is for.
cat >"$dir/samples" <<'END'
what is missing is not said
the price of not being told
a wanted: 3
equal, but for one
so many bytes
the call in hand
in place of glibc
is it to be had?
whoever reads it
 * Who takes it ends it.
it is armed; who has served it arms it again
a futex wakes who waits
it is no error
a call that is none
one accept a signal
a message as in the documents
no message to be seen
it spares the call
END
paste -d '\n' "$dir/patterns" "$dir/samples" | while IFS='	' read -r pattern _
do
	IFS= read -r sample
	printf '%s\n' "$sample" | grep -qP -e "$pattern" ||
		echo "# $pattern does not find: $sample"
done >"$dir/wrong"
cat "$dir/wrong"
if [ -s "$dir/wrong" ]; then
	echo "not ok 2 each_pattern_finds"
	failed=1
else
	echo "ok 2 each_pattern_finds"
fi
exit $failed
