# SPDX-License-Identifier: MIT
#
# iomodels.fish - completion for fish, in ~/.config/fish/completions
#
# Commands, options and models are those that the program itself prints.

function __iomodels_commands
	iomodels --help 2>/dev/null |
		sed -n '/^Commands:/,$s/^  \([a-z][a-z-]*\)  *\(.*\)/\1\t\2/p'
end

function __iomodels_options
	set -l words (commandline -opc)
	iomodels $words[2] --help 2>/dev/null |
		sed -n 's/^  *\(-.,\)* *\(--[a-z-]*\)[^ ]*  *\(.*\)/\2\t\3/p'
end

function __iomodels_models
	iomodels list 2>/dev/null | sed -n 's/^  \([a-z][a-z0-9_]*\)  *\(.*\)/\1\t\2/p'
end

complete -c iomodels -n __fish_use_subcommand -f -a '(__iomodels_commands)'
complete -c iomodels -n '__fish_seen_subcommand_from help' -f -a '(__iomodels_commands)'
complete -c iomodels -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__iomodels_options)'
complete -c iomodels -n '__fish_seen_subcommand_from serve demo capture compare' -f -a '(__iomodels_models)'
complete -c iomodels -n '__fish_seen_subcommand_from claims' -f
