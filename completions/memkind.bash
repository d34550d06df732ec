# SPDX-License-Identifier: BSD-2-Clause
# Completion of memkind and memtier for bash-completion.

_memkind_kinds='default regular interleave dax_kmem dax_kmem_all dax_kmem_preferred
	dax_kmem_interleave hbw hbw_all hbw_preferred hbw_interleave hugetlb hbw_hugetlb
	hbw_all_hugetlb hbw_preferred_hugetlb gbtlb hbw_gbtlb hbw_preferred_gbtlb highest_capacity
	highest_capacity_preferred highest_capacity_local highest_capacity_local_preferred
	lowest_latency_local lowest_latency_local_preferred highest_bandwidth_local
	highest_bandwidth_local_preferred dax_kmem_first'

# The options of a command. The first list are those that a value follows.
_memkind_options() {
	case $1 in
	memkind) flags='--help --version' ;;
	bench) values='--kind --seconds --svg' flags='--help --json' ;;
	capture) values='--sysroot' flags='--help' ;;
	kinds) values='--kind --sysroot' flags='--help --json' ;;
	nodes) values='--svg --sysroot' flags='--help --json' ;;
	run) values='--kind --objects --size --tiers' flags='--help --stats' ;;
	setup) values='--sysroot' flags='--apply --help' ;;
	top) values='--interval --pid --sort' flags='--help --json --once' ;;
	memtier) values='--ratio --threshold -r -t' flags='--help --verbose -h -v' ;;
	esac
}

# The value of option $1.
_memkind_value() {
	case $1 in
	--kind) COMPREPLY=($(compgen -W "$_memkind_kinds" -- "$cur")) ;;
	--sysroot) _filedir -d ;;
	--svg) _filedir svg ;;
	--pid) _pids ;;
	--sort) COMPREPLY=($(compgen -W 'bytes growth swap pid name' -- "$cur")) ;;
	--interval) COMPREPLY=($(compgen -W '0.5 1 2 10' -- "$cur")) ;;
	--seconds) COMPREPLY=($(compgen -W '10 120 600' -- "$cur")) ;;
	--size) COMPREPLY=($(compgen -W '4K: 64K: 1M:' -- "$cur")) ;;
	--ratio | -r) COMPREPLY=($(compgen -W '1:1 1:4 1:8' -- "$cur")) ;;
	--threshold | -t)
		COMPREPLY=($(compgen -W 'INIT_VAL:128,MIN_VAL:64,MAX_VAL:256' -- "$cur"))
		;;
	--tiers)
		COMPREPLY=("'KIND:DRAM,RATIO:1;KIND:KMEM_DAX,RATIO:4;POLICY:STATIC_RATIO'")
		;;
	esac
	__ltrim_colon_completions "$cur"
}

# The program that begins at word $1, and its own words.
_memkind_program() {
	local number=0 rest word
	# bash has cut words at "=" and ":".
	for word in "${words[@]:0:$1}"; do
		rest=$word
		while [[ -n $rest && $number -lt $COMP_CWORD ]]; do
			rest=${rest#"${COMP_WORDS[number]}"}
			((number++))
		done
	done
	_command_offset "$number"
}

# _memkind_words COMMAND FIRST: options from word FIRST on, and a program behind them, if it runs one.
_memkind_words() {
	local values='' flags='' i word
	_memkind_options "$1"
	for ((i = $2; i < cword; i++)); do
		word=${words[i]}
		if [[ $word == -- ]]; then
			_memkind_program $((i + 1))
			return
		elif [[ " $values " == *" $word "* ]]; then
			((i++))
		elif [[ $word != -* && $1 == @(run|memtier) ]]; then
			_memkind_program "$i"
			return
		fi
	done
	if [[ " $values " == *" $prev "* ]]; then
		_memkind_value "$prev"
	elif [[ $split == false && $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$values $flags" -- "$cur"))
	elif [[ $1 == @(run|memtier) ]]; then
		_memkind_program "$cword"
	elif [[ $1 == capture ]]; then
		_filedir -d
	fi
}

_memkind() {
	local cur prev words cword split
	_init_completion -s -n : || return
	if ((cword == 1)); then
		local values='' flags=''
		_memkind_options memkind
		COMPREPLY=($(compgen -W "bench capture kinds nodes run setup top $flags" -- "$cur"))
	else
		_memkind_words "${words[1]}" 2
	fi
}

_memtier() {
	local cur prev words cword split
	_init_completion -s -n : || return
	_memkind_words memtier 1
}

complete -F _memkind memkind
complete -F _memtier memtier
