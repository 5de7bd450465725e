#!/bin/sh
# SPDX-License-Identifier: MIT
#
# languages_test.sh - the Chinese texts have the sections, links and commands of
# the English ones: README.zh.md, book/zh/
#
# Started from the top of the source.

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0 failed=0

same() {			# NAME: $dir/a and $dir/b
	n=$((n + 1))
	if diff "$dir/a" "$dir/b" >"$dir/got"; then
		echo "ok $n $1"
	else
		sed 's/^/# /' "$dir/got"
		echo "not ok $n $1"
		failed=1
	fi
}

headings() { grep -o '^#* ' "$1"; }
# Of a table's row, too; the link to the other language is each one's own.
links() { grep -o ']([^)]*)' "$1" | grep -v '](README[.a-z]*md)' |
	sort | uniq; }
# What is typed, without the comments.
commands() { sed -n '/^```sh/,/^```$/p' "$1" | sed 's/ *#.*//'; }
rows() { grep -c '^|' "$1"; }

echo "TAP version 13"
echo "1..8"
for what in headings links commands rows; do
	$what README.md >"$dir/a"
	$what README.zh.md >"$dir/b"
	same "the_same_$what"
done

# A README that is read to its end.
wc -l <README.md | awk '$1 > 150' >"$dir/a"
: >"$dir/b"
same at_most_150_lines

# Each leads somewhere.
links README.md | sed 's/](\([^#)]*\).*/\1/' | while read -r file; do
	[ -e "$file" ] || echo "$file"
done >"$dir/a"
: >"$dir/b"
same every_link_leads_to_a_file

# The chapters, the questions, how to read a capture: the same places in them.
targets() { grep -o ']([^)]*)' "$1" | sort | uniq; }
blocks() { grep -c '^```' "$1"; }
for file in book/*.md docs/reading-a-capture.md; do
	for what in headings targets blocks rows; do
		$what "$file" >"$dir/x"
		$what "book/zh/${file##*/}" >"$dir/y" 2>&1
		cmp -s "$dir/x" "$dir/y" || echo "${file##*/}: $what differ"
	done
done >"$dir/a"
headings docs/faq.md >"$dir/x"	# the lists below the answers are shared
headings book/zh/faq.md | cmp -s - "$dir/x" || echo "faq.md: headings" >>"$dir/a"
: >"$dir/b"
same the_chapters_have_the_same_places

# Each program that has a page has its words.
sed -n 's/^\t{ "\([a-z0-9_]*\)",[ \t]*"\(models\|uring\|posix_aio\)".*/\1/p' \
	lab/programs.c | sort >"$dir/a"
sed -n 's/^## //p' book/zh/programs.md | sort >"$dir/b"
same each_program_has_its_words
exit $failed
