#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The device's MTU, and what becomes of packets that are too big.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 16

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB
}

mtu() { ip -n "$1" -j link show vti0 | jq -r '.[0].mtu'; } # GW

mtu_is() { # GW N: within a moment
	wait_for 5 "[ \"\$(mtu $1)\" = $2 ]" && return
	echo "the MTU is $(mtu "$1"), not $2"
	return 1
}

# AWS's table, and the same formula with outer IPv6.
derived() { # OUTER none|udp MTU
	local encap=()
	[ "$2" = none ] || encap=("${ENCAP_UDP[@]}")
	link_up gwA "$1" && keys 1 && sa_add gwA 1 256 "${encap[@]}" && mtu_is gwA "$3"
}

# A new pair with other overhead, as after a NAT box was found.
follows_the_transform() {
	links_up 4 && pair_up 1 && mtu_is gwA 1446 && keys 2 &&
		sa_add gwA 2 256 "${ENCAP_UDP[@]}" && mtu_is gwA 1438
}

follows_the_underlay() {
	links_up 4 && pair_up 1 && mtu_is gwA 1446 &&
		ip -n gwA link set wan mtu 1400 && mtu_is gwA 1346 &&
		ip -n gwA link set wan mtu 1500 && mtu_is gwA 1446
}

the_users_stays() {
	links_up 4 && ip -n gwA link set vti0 mtu 1300 && pair_up 1 || return
	ip -n gwA link set wan mtu 1400
	ping_across 4 && mtu_is gwA 1300 || return
	ip -n gwA link set wan mtu 1500
	ip -n gwA link set vti0 type ipsvti mtu-auto on && mtu_is gwA 1446
}

# The largest that fits passes, the next one brings an ICMP with the exact size.
# 28 and 48 octets are the headers of IP and ICMP.
exact() { # OUTER none|udp MTU
	local encap=() size
	[ "$2" = none ] || encap=("${ENCAP_UDP[@]}")
	links_up "$1" && pair_up 1 256 "${encap[@]}" || return
	ping_across 4 -M 'do' -s $(($3 - 28)) && ping_across 6 -M 'do' -s $(($3 - 48)) || return
	told 4 $(($3 - 28 + 1)) "$3" && told 6 $(($3 - 48 + 1)) "$3"
}

# told 4|6 SIZE MTU: a ping of that size is answered with the news of that MTU
told() {
	local out addr
	in_ns hostA ip route flush cache
	in_ns hostA ip -6 route flush cache
	addr=HOSTB$1
	out=$(in_ns hostA ping -"$1" -n -M 'do' -s "$2" -c 1 -W 2 "${!addr}" 2>&1) &&
		{ echo "$2 octets passed"; return 1; }
	echo "$out"
	grep -Eq "(mtu = |mtu=)$3\b" <<<"$out"
}

# Outer packets leave in one piece, whatever the inner size.
never_fragmented() {
	local v size
	links_up 4 && pair_up 1 && capture_start inet toA "$WORK/frag" || return
	for v in 4 6; do
		# 28 and 48 octets are the headers; the MTU is 1446.
		for size in 1300 1439 1440 1441 1442 1443 1444 1445 1446; do
			ping_across "$v" -M dont -s $((size - (v == 4 ? 28 : 48))) -c 1 ||
				{ echo "$size octets did not pass"; return 1; }
		done
	done
	capture_stop "$WORK/frag"
	[ "$(tcpdump -nr "$WORK/frag" 'ip[6:2] & 0x3fff != 0' 2>/dev/null | wc -l)" = 0 ]
}

# (One IPv6 packet each way is what the hosts learn from how long a fragment may be.)
big_ones_pass() {
	links_up 4 && pair_up 1 && ping_across 4 -M dont -s 8000 && ping_across 6 -s 8000 -n 1 &&
		ping_across 4 -M dont -s 60000
}

# The path gets narrower somewhere behind, and an ICMP comes for the outer packet.
pmtu_learnt() { # OUTER none|udp LARGEST
	local encap=() v=4 head=28 out
	[ "$2" = none ] || encap=("${ENCAP_UDP[@]}")
	links_up "$1" && pair_up 1 256 "${encap[@]}" || return
	ip -n inet link set toB mtu 1400
	# The first one, within the device's MTU, is lost and teaches the gateway; then the
	# host is told.
	in_ns hostA ip route flush cache
	wait_for 10 "in_ns hostA ping -n -4 -c 1 -W 1 -M do -s 1380 $HOSTB4 | grep -q 'mtu = $3'" &&
		ping_across "$v" -M 'do' -s $(($3 - head)) && tcp_across 4 300000 && tcp_across 6 300000
}

one() {
	ktap_run "$@"
	links_down
	ip -n gwA link set wan mtu 1500
	ip -n inet link set toB mtu 1500
	in_ns gwA ip route flush cache
	in_ns gwA ip -6 route flush cache
	in_ns hostA ip route flush cache
	in_ns hostA ip -6 route flush cache
}

ktap_run "set up" setup
one "outer IPv4: 1446" derived 4 none 1446
one "outer IPv4, UDP: 1438" derived 4 udp 1438
one "outer IPv6: 1426" derived 6 none 1426
one "outer IPv6, UDP: 1418" derived 6 udp 1418
one "the MTU follows the transform" follows_the_transform
one "the MTU follows the underlay" follows_the_underlay
one "an MTU that the user set stays, until it is given back" the_users_stays
one "exact ICMP answers, outer IPv4" exact 4 none 1446
one "exact ICMP answers, outer IPv4, UDP" exact 4 udp 1438
one "exact ICMP answers, outer IPv6" exact 6 none 1426
one "outer packets are never fragmented" never_fragmented
one "big packets pass" big_ones_pass
one "path MTU learnt from the underlay, IPv4" pmtu_learnt 4 none 1346
one "path MTU learnt from the underlay, IPv4, UDP" pmtu_learnt 4 udp 1338
one "path MTU learnt from the underlay, IPv6" pmtu_learnt 6 none 1326
ktap_end
