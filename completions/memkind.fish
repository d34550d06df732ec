# SPDX-License-Identifier: BSD-2-Clause
# Completion of memkind for fish.

set -l kinds default regular interleave dax_kmem dax_kmem_all dax_kmem_preferred \
	dax_kmem_interleave hbw hbw_all hbw_preferred hbw_interleave hugetlb hbw_hugetlb \
	hbw_all_hugetlb hbw_preferred_hugetlb gbtlb hbw_gbtlb hbw_preferred_gbtlb \
	highest_capacity highest_capacity_preferred highest_capacity_local \
	highest_capacity_local_preferred lowest_latency_local lowest_latency_local_preferred \
	highest_bandwidth_local highest_bandwidth_local_preferred dax_kmem_first
set -l tiers 'KIND:DRAM,RATIO:1;KIND:KMEM_DAX,RATIO:4;POLICY:STATIC_RATIO'
set -l commands bench capture kinds nodes run setup top
set -l in __fish_seen_subcommand_from
set -l none "not $in $commands"

# The program behind the options of a command, and its own words; fails where there is none yet.
function __memkind_program
	set -l words (commandline -opc) (commandline -ct)
	argparse -s help stats kind= size= objects= tiers= -- $words[3..] 2>/dev/null
	and test (count $argv) -gt 0
	and not string match -q -- '-*' $argv[1]
	and printf '%s\n' $argv
end

complete -c memkind -f
complete -c memkind -n "$none" -l help -d 'show the commands'
complete -c memkind -n "$none" -l version -d 'show the version'
complete -c memkind -n "$none" -a bench -d 'how fast the memory of each node and kind is'
complete -c memkind -n "$none" -a capture -d 'save what is known of this machine'
complete -c memkind -n "$none" -a kinds -d 'which kinds are available, on which nodes'
complete -c memkind -n "$none" -a nodes -d 'what memory the nodes have'
complete -c memkind -n "$none" -a run -d 'a program with its memory of a kind or in tiers'
complete -c memkind -n "$none" -a setup -d 'how memory of devices becomes memory of nodes'
complete -c memkind -n "$none" -a top -d 'which processes have how much memory of which kind'

# What several commands have.
complete -c memkind -n "$in bench capture kinds nodes setup top" -l help -d 'say more'
complete -c memkind -n "$in bench kinds nodes top" -l json -d 'JSON instead of tables'
complete -c memkind -n "$in bench nodes" -l svg -r -F -d 'a picture'
complete -c memkind -n "$in capture kinds nodes setup" -l sysroot -x \
	-a '(__fish_complete_directories)' -d 'look at another tree'
complete -c memkind -n "$in capture" -x -a '(__fish_complete_directories)'
complete -c memkind -n "$in bench" -l seconds -x -a '10 120 600' -d 'about as long'
complete -c memkind -n "$in bench kinds" -l kind -x -a "$kinds" -d 'this kind only'
complete -c memkind -n "$in setup" -l apply -d 'run the commands'

set -l of "$in top"
complete -c memkind -n "$of" -l once -d 'one table, and the end'
complete -c memkind -n "$of" -l pid -x -a '(__fish_complete_pids)' -d 'this process only'
complete -c memkind -n "$of" -l interval -x -a '0.5 1 2 10' -d 'seconds between two looks'
complete -c memkind -n "$of" -l sort -x -a 'bytes growth swap pid name' -d 'the first first'

set -l of "$in run; and not __memkind_program >/dev/null"
complete -c memkind -n "$of" -l help -d 'say more'
complete -c memkind -n "$of" -l kind -x -a "$kinds" -d 'the kind of all blocks'
complete -c memkind -n "$of" -l size -x -a '4K: 64K: 1M:' -d 'blocks of these sizes only'
complete -c memkind -n "$of" -l objects -x -d 'blocks of these programs and libraries only'
complete -c memkind -n "$of" -l tiers -x -a "'$tiers'" -d 'spread over tiers'
complete -c memkind -n "$of" -l stats -d 'at the end, what was where'
complete -c memkind -n "$in run; and __memkind_program >/dev/null" \
	-a '(__fish_complete_subcommand --commandline (__memkind_program))'
