#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Ends: devices deleted, namespaces gone, the module unloaded, all of it under
# traffic and with SAs in place; and many devices.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 9

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB
}

# Floods both ways until stopped.
traffic_start() {
	local v
	for v in 4 6; do
		in_ns hostA ping -"$v" -n -q -f -s 1000 "$(eval echo "\$HOSTB$v")" >/dev/null 2>&1 &
		in_ns hostB ping -"$v" -n -q -f -s 100 "$(eval echo "\$HOSTA$v")" >/dev/null 2>&1 &
	done
}

traffic_stop() {
	local ns
	for ns in hostA hostB; do
		ip netns pids "$ns" | xargs -r kill 2>/dev/null
	done
	[ ${#FLOODS[@]} -eq 0 ] || kill "${FLOODS[@]}" 2>/dev/null
	FLOODS=()
	wait_for 10 '[ -z "$(ip netns pids hostA; ip netns pids hostB)" ]'
}

FLOODS=()
flood() { # NS ADDR: until stopped
	ip netns exec "$1" ping -n -q -f -s 700 "$2" >/dev/null 2>&1 &
	FLOODS+=($!)
}

busy() { # until that many more packets have passed
	local from
	from=$(counter gwA tx-packets)
	wait_for 20 "[ \$(counter gwA tx-packets) -ge $((from + $1)) ]"
}

deleted() {
	local i
	for i in 1 2 3; do
		links_up 4 && pair_up "$i" && traffic_start && busy 50 || return
		links_down
		traffic_stop || return
	done
	links_up 4 && pair_up 9 && ping_across 4
	links_down
}

set_down() {
	links_up 4 && pair_up 1 && traffic_start && busy 50 || return
	ip -n gwA link set vti0 down
	[ "$(state gwA 1)" = active ] || return
	ip -n gwA link set vti0 up && ip -n gwA route add 10.2.0.0/24 dev vti0 &&
		ip -n gwA route add fd00:2::/64 dev vti0 && busy 50 || return
	traffic_stop && ping_across 4
	links_down
}

flushed() {
	local i
	links_up 4 || return
	traffic_start
	for i in 1 2 3 4 5 6 7 8; do
		pair_up "$i" && in_ns gwA ipsvtictl sa flush vti0 && in_ns gwB ipsvtictl sa flush vti0 || return
	done
	traffic_stop && pair_up 9 && ping_across 4
	links_down
}

# Packets have come out of vti0 there, and have gone in, and do so now.
busy_in() { # NS
	local count n
	for count in rx_packets tx_packets; do
		n=$(in_ns "$1" cat "/sys/class/net/vti0/statistics/$count") &&
			wait_for 20 "[ \"\$(in_ns $1 cat /sys/class/net/vti0/statistics/$count)\" -gt $((n + 10)) ]" || return
	done
}

# The device is in a namespace of its own, where packets begin and end.
moved() {
	ip netns add inner && ip -n gwA link set vti0 netns inner || return
	ip -n inner -batch - <<-EOT && flood inner 169.254.1.2 && flood gwB 169.254.1.1
		link set lo up
		link set vti0 up
		addr add 169.254.1.1/30 dev vti0
	EOT
}

# A namespace goes under a flood both ways: that of the device and the outer packets, that of
# the outer packets alone, that of the device alone. (Processes in it would hold it.)
namespace_gone() {
	local what ns others
	for what in both outer inner; do
		echo "$what"
		[ "$what" = inner ] && ns=inner || ns=gwA
		links_up 4 && pair_up 1 && traffic_start && busy 20 || return
		others=gwA
		if [ "$what" != both ]; then
			moved && others=inner || return
		fi
		busy_in "$others" || return
		ip netns pids "$ns" | xargs -r kill
		wait_for 20 "[ -z \"\$(ip netns pids $ns)\" ]" && ip netns delete "$ns" || return
		if [ -z "$(ip netns pids hostA)" ] || [ -z "$(ip netns pids hostB)" ]; then
			echo "there was no flood"
			return 1
		fi
		case $what in
		both) wait_for 20 '! ip -n hostA link show eth0' ;;
		outer) wait_for 20 '! ip -n inner link show vti0' ;;
		inner) wait_for 20 '[ -z "$(in_ns gwA "$NET/nl.py" dump sa-get)" ]' ;;
		esac || return
		traffic_stop
		[ "$what" != outer ] || ip netns delete inner || return
		topo_up && encap_up gwA && encap_up gwB || return
	done
	links_up 4 && pair_up 1 && ping_across 4
	links_down
}

underlay_gone() {
	links_up 4 dev wan && pair_up 1 && ping_across 4 || return
	ip -n gwA link del wan
	no_ping_across 4 || return
	[ "$(state gwA 1)" = active ] || return
	topo_down
	topo_up && encap_up gwA && encap_up gwB
}

# Many devices with a pair each: installed, found by their SPI, and gone.  The debug
# kernel takes a tenth of a second and more for each, so there are fewer.
N=500
[ "$IPSVTI_KERNEL" != uml ] || N=100
many() {
	local n=$N i key
	for ((i = 1; i <= n; i++)); do
		echo "link add m$i type ipsvti local 192.0.2.1 remote 203.0.$((i / 250)).$((i % 250 + 1))"
		echo "link set m$i up"
	done | ip -n gwA -batch - || return
	for ((i = 1; i <= n; i++)); do
		printf -v key '"alg":1,"key":"%032x","salt":"00000000"' "$i"
		echo "sa-pair-new {\"dev\":\"m$i\",\"activation\":\"now\"," \
			"\"in\":{\"spi\":$((10000 + i)),$key},\"out\":{\"spi\":$((20000 + i)),$key}}"
	done | in_ns gwA "$NET/nl.py" batch >"$WORK/many" || return
	[ "$(grep -c '"state": "active"' "$WORK/many")" = "$n" ] || { grep -m 3 error "$WORK/many"; return 1; }
	[ "$(in_ns gwA "$NET/nl.py" dump sa-get | grep -c '"state": "active"')" = "$n" ] &&
		[ "$(in_ns gwA "$NET/nl.py" dump tunnel-get | grep -c '"carrier": 1')" = "$n" ] || return
	for ((i = 1; i <= n; i++)); do
		echo "link del m$i"
	done | ip -n gwA -batch - || return
	[ -z "$(in_ns gwA "$NET/nl.py" dump sa-get)" ]
}

# rmmod takes all with it: devices, SAs, held packets, timers.
unloaded() {
	local i
	for i in 1 2 3; do
		links_up 4 && pair_up 1 256 "${ENCAP_UDP[@]}" && in_ns gwA ipsvtictl sa alloc vti0 &&
			traffic_start && busy 20 || return
		rmmod ipsvti || return
		traffic_stop
		ip -n gwA link show vti0 2>/dev/null && return 1
		modprobe ipsvti || return
	done
	links_up 4 && pair_up 1 && ping_across 4
}

# What is unloaded leaves nothing, and comes back by itself when its name is called:
# by rtnetlink for the kind of link, by generic netlink for the family.
comes_back() {
	rmmod ipsvti && ! lsmod | grep -q '^ipsvti ' && [ -z "$(ip -n gwA -o link show type ipsvti)" ] || return
	IP_LIB_DIR=/nonexistent ip -n gwA link add x type ipsvti && lsmod | grep '^ipsvti ' || return
	rmmod ipsvti && [ "$(in_ns gwA ipsvtictl --json sa show)" = '[]' ] && lsmod | grep '^ipsvti '
}

ktap_run "set up" setup
ktap_run "devices deleted under traffic" deleted
ktap_run "a device set down and up under traffic" set_down
ktap_run "SAs made and flushed under traffic" flushed
ktap_run "the namespace goes, with the device in it and elsewhere" namespace_gone
ktap_run "the underlay device goes" underlay_gone
ktap_run "$N devices" many
ktap_run "module unloaded under traffic" unloaded
ktap_run "unloaded, it leaves nothing and comes back when called" comes_back
ktap_end
