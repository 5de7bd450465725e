#!/bin/sh
# SPDX-License-Identifier: MIT
#
# claims_test.sh - every claim has the expected verdict, its false twin falls

b=${BUILD:-build}
{ "$b"/iomodels claims 2>&1; "$b"/iomodels claims --twins 2>&1; } | awk '
	function tell() {
		if (!id)
			return
		n++
		if (testable && wrong)
			printf "%s\nnot ok %d %s\n", proof, n, id
		else if (testable)
			print "ok " n " " id
		else
			print "ok " n " " id " # SKIP " reason
		id = ""
	}
	/^(holds|refuted|not testable|undecided) / {
		tell()
		testable = !/^not testable/
		sub(/^(holds|refuted|not testable|undecided) +/, "")
		id = $0
		sub(/:.*/, "", id)
		id = (ended ? "twin-of-" : "") id
		proof = reason = ""
		wrong = 0
		next
	}
	/^      / && id {
		if (/^      expected: /)
			wrong = 1
		proof = proof (proof ? "\n" : "") "# " substr($0, 7)
		reason = reason ? reason : substr($0, 7)
		next
	}
	/not as expected$/ { tell(); ended++; next }
	{ tell(); print "# " $0 }
	BEGIN { print "TAP version 13" }
	END {
		tell()
		if (ended < 2)
			print "not ok " ++n " claims ended before its sum"
		print "1.." n
	}'
