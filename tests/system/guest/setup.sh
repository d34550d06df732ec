# SPDX-License-Identifier: BSD-2-Clause
# Shell functions of the guest: each brings up memory as an administrator would, and shows how.

show() {
	echo "# $*"
	"$@"
}

# say_error COMMAND...: quiet, unless it fails.
say_error() {
	"$@" >/tmp/said 2>&1 || {
		code=$?
		echo "# failed ($code): $*"
		cat /tmp/said
		return $code
	}
}

load_modules() {
	for name in "$@"; do
		modprobe "$name" 2>/dev/null || true
	done
}

# Waits until COMMAND succeeds, ten seconds at most.
wait_until() {
	end=$(($(cut -d. -f1 /proc/uptime) + 10))
	until "$@"; do
		[ "$(cut -d. -f1 /proc/uptime)" -le $end ] || {
			echo "# never came true: $*"
			return 1
		}
		usleep 20000
	done
}

nvdimm_modules() {
	load_modules nfit nd_pmem dax_pmem device_dax kmem
	wait_until test -e /sys/bus/nd/devices/region0
}

# Every NVDIMM becomes a devdax namespace; nothing is in a node yet.
nvdimm_namespaces() {
	nvdimm_modules
	say_error ndctl disable-region all
	say_error ndctl init-labels all
	say_error ndctl enable-region all
	for region in /sys/bus/nd/devices/region*; do
		echo "# ndctl create-namespace --mode=devdax --map=mem --region=${region##*/}"
		say_error ndctl create-namespace --mode=devdax --map=mem --region="${region##*/}"
	done
}

# Every NVDIMM as it comes: a disk without an owner.
bare_nvdimms() {
	load_modules nfit nd_pmem dax_pmem device_dax kmem ext4
	wait_until test -e /dev/pmem0 -a -e /dev/pmem1 -a -e /dev/pmem2
}

# nvdimm_file_system FOLDER: the first NVDIMM as a disk, with a file system that maps its memory itself.
nvdimm_file_system() {
	load_modules nfit nd_pmem ext4
	wait_until test -e /sys/bus/nd/devices/region0
	say_error ndctl disable-region region0
	say_error ndctl init-labels all
	say_error ndctl enable-region region0
	echo "# ndctl create-namespace --mode=fsdax --map=mem --region=region0"
	say_error ndctl create-namespace --mode=fsdax --map=mem --region=region0
	wait_until test -e /dev/pmem0
	say_error mkfs.ext4 -q -b 4096 /dev/pmem0
	mkdir -p "$1"
	echo "# mount -o dax /dev/pmem0 $1"
	say_error mount -t ext4 -o dax /dev/pmem0 "$1"
}

# online_device daxX.Y [OPTION...]
online_device() {
	device=$1
	shift
	wait_until test -e "/sys/bus/dax/devices/$device"
	echo "# daxctl reconfigure-device $device --mode=system-ram $*"
	say_error daxctl reconfigure-device "$device" --mode=system-ram "$@"
}

# The dax device whose memory belongs to node $1.
device_of_node() {
	for path in /sys/bus/dax/devices/*; do
		[ "$(cat "$path/target_node")" = "$1" ] && echo "${path##*/}"
	done
}

# online_node NODE [OPTION...]
online_node() {
	node=$1
	shift
	online_device "$(device_of_node "$node")" "$@"
}

# offline_node NODE: all of its memory, from which pages move away.
offline_node() {
	echo "# daxctl offline-memory $(device_of_node "$1")"
	say_error daxctl offline-memory "$(device_of_node "$1")"
}

# online_again NODE
online_again() {
	echo "# daxctl online-memory $(device_of_node "$1")"
	say_error daxctl online-memory "$(device_of_node "$1")"
}

soft_devices() {
	load_modules device_dax kmem dax_hmem
	wait_until test -e /sys/bus/dax/devices/dax0.0
}

# The CXL memory device that is plugged into node $1.
cxl_memdev() {
	for path in /sys/bus/cxl/devices/mem*; do
		[ "$(cat "$path/numa_node")" = "$1" ] && echo "${path##*/}"
	done
}

has_cxl_memdev() {
	[ -n "$(cxl_memdev "$1")" ]
}

# bare_cxl NODE: the device that is plugged into the node, as it comes.
bare_cxl() {
	load_modules cxl_acpi cxl_pci cxl_mem cxl_port cxl_pmem nd_pmem dax_pmem device_dax kmem
	wait_until has_cxl_memdev "$1"
}

# cxl_namespace WINDOW NODE: the device that is plugged into the node, in the window of this number.
cxl_namespace() {
	bare_cxl "$2"
	memdev=$(cxl_memdev "$2")
	echo "# cxl create-region -m -t pmem -d decoder0.$1 -w 1 $memdev"
	say_error cxl create-region -m -t pmem -d "decoder0.$1" -w 1 "$memdev"
	wait_until test -e "/sys/bus/nd/devices/region$1"
	echo "# ndctl create-namespace --mode=devdax --map=mem --region=region$1"
	say_error ndctl create-namespace --mode=devdax --map=mem --region="region$1"
}

# So many huge pages of 2 MiB on each node.
huge_pages() {
	for node in /sys/devices/system/node/node[0-9]*; do
		echo "$1" >"$node/hugepages/hugepages-2048kB/nr_hugepages"
		[ "$(cat "$node/hugepages/hugepages-2048kB/nr_hugepages")" = "$1" ] || return 1
	done
}

# Swap that needs no memory: the fills write pages of one repeated byte, which zram only notes down.
swap_on() {
	# The module that zram compresses with is another one in each kernel.
	load_modules lzo_rle lz4 zram
	wait_until test -e /sys/block/zram0
	echo 1 >/sys/block/zram0/reset
	echo "$1" >/sys/block/zram0/disksize
	# Else the kernel swaps from a node of DRAM, to defragment it, while others are free: it raises
	# the watermarks of a zone in which it mixed page types, and these zones are small.
	echo 0 >/proc/sys/vm/watermark_boost_factor
	say_error mkswap /dev/zram0 && swapon /dev/zram0
}

swap_off() {
	swapoff /dev/zram0
	echo 1 >/sys/block/zram0/reset
}

# with_huge_pages always|madvise|never COMMAND...: transparent ones.
with_huge_pages() {
	enabled=/sys/kernel/mm/transparent_hugepage/enabled
	kept=$(sed 's/.*\[\(.*\)].*/\1/' $enabled)
	echo "$1" >$enabled
	shift
	"$@"
	code=$?
	echo "$kept" >$enabled
	return $code
}

# in_cpuset MEMS CPUS COMMAND...
in_cpuset() {
	echo +cpuset >/cgroup/cgroup.subtree_control
	mkdir -p /cgroup/cell
	echo "$1" >/cgroup/cell/cpuset.mems
	echo "$2" >/cgroup/cell/cpuset.cpus
	shift 2
	# The shell that moves itself there is a child: the cell can be emptied afterwards.
	(
		sh -c 'echo $PPID' >/cgroup/cell/cgroup.procs
		exec "$@"
	)
	code=$?
	wait_until rmdir /cgroup/cell
	return $code
}
