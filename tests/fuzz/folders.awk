# folders.awk - short pieces of captures, each a seed of its own, in dir
#
#     awk -v dir=DIR -f tests/fuzz/folders.awk tests/fuzz/seeds/*
#
# An input of the harness has room for some lines.  A piece has as many lines of
# kernel.log as fit, what strace.log says of the same time, and the members of
# manifest.json that the reader asks for.

function piece(from,    i, k, to, kernel, strace)
{
	for (to = from; to <= kernels && length(kernel) < 800; to++)
		kernel = kernel kernel_line[to] "\n"
	for (i = 1; i <= straces && length(strace) < 400; i++)
		if (strace_time[i] >= kernel_time[from] - 0.0001 &&
		    strace_time[i] <= kernel_time[to - 1])
			strace = strace strace_line[i] "\n"
	printf "%s%%%%\n%s%%%%\n%s\n", strace, kernel, manifest \
		>(dir "/" ++seeds)
	close(dir "/" seeds)
}

function pieces(    i)
{
	for (i = 1; i <= kernels; i += 4)
		piece(i)
	kernels = straces = section = 0
}

FNR == 1 && NR > 1 { pieces() }
/^%%/ { section++; next }
section == 2 && /^ "pid"/ {
	manifest = "{" $0 " \"kernel\": {\"file\": \"kernel.log\", \"lost\": 0}," \
		" \"alignment\": {\"proved\": true, \"error_bound_ns\": 9000}}"
}
section == 2 { next }
{ gsub(/ (prev|next)_prio=[0-9]+/, "") }
section == 1 { kernel_line[++kernels] = $0; kernel_time[kernels] = $1 }
section == 0 { strace_line[++straces] = $0; strace_time[straces] = $2 }
END { pieces() }
