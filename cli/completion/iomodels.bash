# SPDX-License-Identifier: MIT
#
# iomodels.bash - completion for bash: source it, or install it into
# /usr/share/bash-completion/completions/iomodels
#
# Commands, options and models are those that the program itself prints.

_iomodels_commands() {
	"$1" --help 2>/dev/null |
		sed -n '/^Commands:/,$s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_iomodels_options() {
	"$1" $2 --help 2>/dev/null |
		sed -n 's/^  *\(-.,\)* *\(--[a-z-]*\).*/\2/p'
}

_iomodels_models() {
	"$1" list 2>/dev/null | sed -n 's/^  \([a-z][a-z0-9_]*\) .*/\1/p'
}

_iomodels() {
	local word=${COMP_WORDS[COMP_CWORD]} io=${COMP_WORDS[0]} command= i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--)	COMPREPLY=($(compgen -c -f -- "$word"))
			return ;;
		-*)	;;
		*)	command=${COMP_WORDS[i]}
			break ;;
		esac
	done
	if [ "$command" = help ] || { [ -z "$command" ] && [[ $word != -* ]]; }; then
		COMPREPLY=($(compgen -W "$(_iomodels_commands "$io")" -- "$word"))
		return
	fi
	for ((; i < COMP_CWORD; i++)); do
		if [ "${COMP_WORDS[i]}" = -- ]; then
			COMPREPLY=($(compgen -c -f -- "$word"))
			return
		fi
	done
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$(_iomodels_options "$io" "$command")" \
			-- "$word"))
		return
	fi
	case $command in
	serve | demo | capture | compare)
		COMPREPLY=($(compgen -W "$(_iomodels_models "$io")" -- "$word")) ;;
	claims)
		COMPREPLY=() ;;
	*)	COMPREPLY=($(compgen -f -- "$word")) ;;
	esac
}

complete -o filenames -F _iomodels iomodels
