# SPDX-License-Identifier: BSD-2-Clause
# Completion of memtier for fish.

complete -c memtier -f
complete -c memtier -s h -l help -d 'say more'
complete -c memtier -s v -l verbose -d 'show what is set'
complete -c memtier -s r -l ratio -x -a '1:1 1:4 1:8' -d 'DRAM to far memory'
complete -c memtier -s t -l threshold -x -d 'sizes between the tiers'
complete -c memtier -a '(__fish_complete_subcommand -- -r --ratio -t --threshold)'
