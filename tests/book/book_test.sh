#!/bin/sh
# SPDX-License-Identifier: MIT
#
# book_test.sh - make book: complete, well-formed, and what a browser says
#
# Started from the top of the source.  Needs python3; chromium, if it is here.

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
n=0 failed=0

result() {			# STATUS NAME; what is wrong is in $dir/got
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n $2"
	else
		head -n 20 "$dir/got" | sed 's/^/# /'
		echo "not ok $n $2"
		failed=1
	fi
}
skip() {			# NAME REASON
	n=$((n + 1))
	echo "ok $n $1 # SKIP $2"
}

echo "TAP version 13"
if ! command -v python3 >/dev/null; then
	echo "1..0 # SKIP python3 is not installed"
	exit 0
fi
echo "1..14"

pages=$dir/book
python3 -B book/book.py "$pages" >"$dir/got" 2>&1
result $? is_made_from_the_committed_captures

# One line, and no part of a book.
mkdir "$dir/small"
if mount -t tmpfs -o size=200k none "$dir/small" 2>/dev/null; then
	python3 -B book/book.py "$dir/small/book" >"$dir/got" 2>&1
	[ $? = 1 ] && [ "$(wc -l <"$dir/got")" = 1 ] &&
		grep -q 'small/book.*: No space left' "$dir/got" &&
		[ -z "$(find "$dir/small" -name '*.html')" ]
	result $? a_full_disk_is_one_line
	umount "$dir/small"
else
	skip a_full_disk_is_one_line "no tmpfs may be mounted here"
fi

# What is not of the book stays.
mkdir -p "$dir/mine/more"
echo mine >"$dir/mine/more/mine.html"
: >"$dir/mine/zh"			# no folder can be made there
python3 -B book/book.py "$dir/mine" >"$dir/got" 2>&1
[ $? = 1 ] && grep -q 'mine/zh: File exists' "$dir/got" &&
	[ "$(find "$dir/mine" -name '*.html')" = "$dir/mine/more/mine.html" ]
result $? a_failure_removes_only_its_own_pages

# Of each program of lab/programs.c, with its source and a trace beside it.
sed -n 's/^\t{ "\([a-z0-9_]*\)",[ \t]*"\(models\|uring\|posix_aio\)".*/\1/p' \
	lab/programs.c | while read -r name; do
	grep -q '<ol class="source"' "$pages/$name.html" &&
		grep -q '<ol class="trace"' "$pages/$name.html" &&
		grep -q '<svg class="timeline"' "$pages/$name.html" &&
		grep -q 'data-line=' "$pages/$name.html" &&
		grep -q "href=\"$name.html\"" "$pages/index.html" || echo "$name"
done >"$dir/got" 2>&1
[ ! -s "$dir/got" ]
result $? each_program_has_a_page

# The line of source that a trace line leads to holds the call's wrapper.
sed -n 's/.*data-line="\([0-9]*\)">1 *recvfrom.*/\1/p' "$pages/epoll.html" |
	sort -u >"$dir/lines"
grep -n 'sys_recvfrom' models/epoll.c | cut -d: -f1 >"$dir/expected"
cmp "$dir/lines" "$dir/expected" >"$dir/got" 2>&1
result $? a_call_leads_to_its_line

# Those of claims/claim_list.c, as the program itself knows them.
sed -n 's/.*<dt id="\([^"]*\)".*/\1/p' "$pages/claims.html" | sort >"$dir/claims"
"${BUILD:-build}/iomodels" claims --list | sed 's/:.*//' | sort |
	diff - "$dir/claims" >"$dir/got" 2>&1
result $? each_claim_is_there

# A question without an answer, or a claim that is not there, is an error.
[ "$(grep -c '^<h2>' "$pages/questions.html")" = \
	"$(grep -c '^### ' docs/faq.md)" ] &&
	[ "$(grep -c '^### ' docs/faq.md)" -ge 20 ]
result $? twenty_questions

python3 -B tests/book/pages.py "$pages" >"$dir/got" &&
	python3 -B tests/book/pages.py "$pages/zh" >"$dir/got"
result $? well_formed_and_no_dead_link

marks=wait,copy,both,accept,submit,empty,signal,other
python3 -B tests/book/contrast.py book/book.css text,link,quiet,ins,del \
	wait,copy,dma >"$dir/got" &&
	python3 -B tests/book/contrast.py log/page.html ink,soft,fault $marks \
		>"$dir/got"
result $? enough_contrast

# The check of pages sees what it is for.
mkdir "$dir/bad"
printf '<p id="a"><b>x</p></b><a href="no.html">x</a><i id="a"></i>' \
	>"$dir/bad/index.html"
! python3 -B tests/book/pages.py "$dir/bad" >"$dir/got" &&
	grep -q closes "$dir/got" && grep -q 'leads nowhere' "$dir/got" &&
	grep -q 'there twice' "$dir/got"
result $? the_check_finds_faults

# The checker of the W3C (npm: vnu-jar) and the page of explain --html.
jar=${VNU_JAR:-${BUILD:-build}/vnu/node_modules/vnu-jar/build/dist/vnu.jar}
if ! command -v java >/dev/null || ! [ -e "$jar" ]; then
	skip valid_html "no java or no $jar (npm install --prefix ${BUILD:-build}/vnu vnu-jar)"
else
	"${BUILD:-build}/iomodels" explain --html tests/corpus/nginx.strace \
		>"$pages/explain.html" &&
		java -jar "$jar" --errors-only "$pages"/*.html \
			"$pages"/zh/*.html >"$dir/got" 2>&1
	result $? valid_html
	rm "$pages/explain.html"
fi

# ---- in a browser ----

browser=$(command -v chromium || command -v chromium-browser)
load() {			# PAGE: its DOM into $dir/dom, its console into $dir/got
	timeout 60 "$browser" --headless --no-sandbox --disable-gpu \
		--disable-quic --no-first-run --disable-background-networking \
		--user-data-dir="$dir/profile" --enable-logging=stderr \
		--dump-dom "file://$1" >"$dir/dom" 2>"$dir/log"
	grep CONSOLE "$dir/log" >"$dir/got"
	[ ! -s "$dir/got" ] && grep -q '</main>' "$dir/dom"
}
# SCRIPT run once epoll.html is loaded.
with_script() {
	sed "s|</body>|<script>addEventListener('load', () => { $1 });\
</script></body>|" "$pages/epoll.html" >"$pages/tried.html"
	load "$pages/tried.html"
}

if [ -z "$browser" ]; then
	for name in loads_without_an_error pointing_marks_the_source \
		the_keyboard_marks_the_trace; do
		skip $name "no chromium here"
	done
else
	status=0
	for name in index epoll coroutine uring_sqpoll file_threads questions \
		zh/index zh/epoll; do
		load "$pages/$name.html" || status=1
	done
	result $status loads_without_an_error
	line=$(cat "$dir/expected")
	with_script "document.querySelector('[data-line=\"$line\"]')\
.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));" &&
		grep -q "<li id=\"L$line\".* class=\"on\"" "$dir/dom"
	result $? pointing_marks_the_source
	with_script "document.getElementById('L$line').focus();" &&
		grep -q "<li class=\"on\"><a href=\"#L$line\"" "$dir/dom"
	result $? the_keyboard_marks_the_trace
fi
exit $failed
