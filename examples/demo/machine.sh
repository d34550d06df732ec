# SPDX-License-Identifier: BSD-2-Clause
# Prints the machine's NUMA nodes, a line each, as examples/demo/counts.py reads them.
# The first argument is the root below which sys/ lies (for tests); it runs in busybox, too.
root=${1:-}
nodes=$root/sys/devices/system/node

# field NAME FILE: the number behind "Node N NAME:" of a meminfo file.
field() {
	sed -n "s/^Node [0-9]* $1: *\([0-9]*\) kB.*/\1/p" "$2"
}

# " 2 3 ": the nodes whose memory comes from a dax device bound to kmem.
kmem=" $(cat "$root"/sys/bus/dax/drivers/kmem/dax*/target_node 2>/dev/null | tr '\n' ' ')"
online=$(cat "$nodes/online") || exit 1
echo "machine kernel=$(uname -r)"
for path in "$nodes"/node[0-9]*; do
	id=${path##*/node}
	case $kmem in
	*" $id "*) is_kmem=1 ;;
	*) is_kmem=0 ;;
	esac
	total=$(field MemTotal "$path/meminfo")
	free=$(field MemFree "$path/meminfo")
	distance=$(tr -s ' ' ',' <"$path/distance")
	echo "machine node=$id cpus=$(cat "$path/cpulist") total_kb=${total:-0}" \
		"free_kb=${free:-0} online=$online distance=$distance kmem=$is_kmem"
done
