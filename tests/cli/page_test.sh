#!/bin/sh
# SPDX-License-Identifier: MIT
#
# page_test.sh - explain --html in a browser: verdict, filters, links to lines
#
# BUILD is where the program is.  Needs chromium.

io=${BUILD:-build}/iomodels
log=tests/corpus/nginx.strace
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

echo "TAP version 13"
browser=$(command -v chromium || command -v chromium-browser)
if [ -z "$browser" ]; then
	echo "1..0 # SKIP no chromium here (apt install chromium)"
	exit 0
fi
echo "1..8"

"$io" explain --html $log >"$dir/page.html"

# SCRIPT [HASH]: runs once the page is loaded; the DOM goes into $dir/dom, what
# the script writes into the title into $dir/got, after an error of the page.
with_script() {
	sed "s|</html>|<script>addEventListener('load', () => { $1 });\
</script></html>|" "$dir/page.html" >"$dir/tried.html"
	timeout 120 "$browser" --headless --no-sandbox --disable-gpu \
		--disable-quic --no-first-run --disable-background-networking \
		--user-data-dir="$dir/profile" --enable-logging=stderr \
		--dump-dom "file://$dir/tried.html$2" >"$dir/dom" 2>"$dir/log"
	{
		grep CONSOLE "$dir/log"
		sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' "$dir/dom"
	} >"$dir/got"
}
# says TEXT: that alone is in $dir/got.
says() { [ "$(cat "$dir/got")" = "$1" ]; }

with_script "document.title = \$('verdict').textContent.slice(0, 12)"
says "nginx: epoll"
result $? begins_with_the_verdict

calls=$(grep -c epoll_wait $log)
with_script "\$('find').value = 'EPOLL_wait'; filter(); \
	document.title = shownLines.length"
says "$calls"
result $? searches_the_log

with_script "\$('byCall').value = 'recvfrom'; \$('byCall').onchange(); \
	document.title = [...\$('rows').children].every(e => \
	e.textContent.includes('recvfrom')) \&\& shownLines.length"
says "$(grep -c 'recvfrom(' $log)"
result $? shows_one_call

with_script "\$('byTask').value = 12818; \$('byTask').onchange(); \
	\$('clear').onclick(); document.title = shownLines === null \&\& \
	\$('rows').children.length > 5"
says true
result $? shows_all_again

with_script "document.title = document.querySelector('.picked').textContent \
	.trim().slice(0, 8)" "#L21"
says "21  1281"
result $? a_link_leads_to_a_line

# Each row of the log has the colour of its phase, and the legend names it.
with_script "const tones = new Set([...document.querySelectorAll('.key')] \
	.map(e => e.style.getPropertyValue('--tone').trim())); \
	document.title = [...\$('rows').children].filter(e => \
	e.style.getPropertyValue('--tone') \&\& \
	!tones.has(e.style.getPropertyValue('--tone').trim())).length"
says 0
result $? each_colour_is_in_the_legend

# strace -k: the frames of the call that was chosen, and only those.
log=tests/corpus/model_epoll_k.strace
"$io" explain --html $log >"$dir/page.html"
line=$(grep -n ' socket(AF_INET' $log | head -n 1 | cut -d: -f1)
with_script "document.title = \$('stack').textContent.replaceAll('\\\\n', \
	'; ')" "#L$line"
sed -n "$((line + 1)),/^[^ ]/s/^ > //p" $log | paste -sd '|' |
	sed "s/|/; /g; s/^/stack of socket (line $line); /" >"$dir/expected"
says "$(cat "$dir/expected")"
result $? shows_the_stack_of_a_call

with_script "\$('byCall').value = 'socket'; \$('byCall').onchange(); \
	document.title = shownLines.length + ' ' + shownLines.filter(isFrame).length"
says "4 3"
result $? frames_stay_with_their_call
exit $failed
