# kinds.awk - each log of tests/log/kinds.txt as a seed of its own, in dir
#
#     awk -v dir=DIR -f tests/fuzz/kinds.awk tests/log/kinds.txt
#
# "*N {" to "}" is written once: what repeats, the fuzzer repeats itself.

function new_seed()
{
	if (file)
		close(file)
	file = sprintf("%s/%d", dir, ++seeds)
	time = 1700000000
	step = 0.001
}

/^## / { in_row = 1; new_seed(); next }
/^# / { in_row = 0 }
/^like:/ { new_seed(); next }
!in_row || /^\*[0-9]/ || /^}/ || /^(says|not|finds|quiet|held)/ { next }
/^step: / { step = $2; next }
/^later: / { time += $2; next }
{
	gsub(/@/, sprintf("%.6f", time))
	gsub(/%/, "3")
	print >file
	time += step
}
