#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mutants_test.sh - the faults of `make mutants` still fit the programs
#
# Each fault has a name of its own, a file that exists, and lines that are in
# this file exactly once.  So a change of a line that a fault quotes is seen
# here, and not only when the mutants run.  Started from the top of the source;
# MUTANTS: other files of faults.

: "${MUTANTS:=$(echo tests/mutants/*.mutants)}"
echo "TAP version 13"
echo "1..1"
if awk '
	function complain(what) {
		printf "# %s: %s: %s\n", at, name, what
		wrong = 1
	}
	# Begins with a newline, so that each line does.
	function whole(file,  text, line) {
		if (file in texts)
			return texts[file]
		text = "\n"
		while ((getline line <file) > 0)
			text = text line "\n"
		close(file)
		return texts[file] = text
	}
	# Of the fault that ends here.
	function check(  text, first) {
		if (!name)
			return
		text = whole(file)
		first = index(text, "\n" old)
		if (!file)
			complain("no line \"file: ...\"")
		else if (text == "\n")
			complain("there is no file " file)
		else if (!old || !changes)
			complain("no line of " file " is changed")
		else if (!first)
			complain("its lines are not in " file)
		else if (index(substr(text, first + length(old)), "\n" old))
			complain("its lines are in " file " more than once")
	}
	/^==/ {
		check()
		name = $2
		at = FILENAME ":" FNR
		file = old = ""
		changes = 0
		if (known[name]++)
			complain("this name is there twice")
		next
	}
	/^file:/	{ file = $2 }
	/^[-+]/		{ changes++ }
	/^[- ]/		{ old = old substr($0, 2) "\n" }
	END {
		check()
		exit wrong
	}' $MUTANTS; then
	echo "ok 1 each_fault_fits_its_file"
else
	echo "not ok 1 each_fault_fits_its_file"
	exit 1
fi
