#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The device's MTU, and what becomes of packets that are too big.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 19

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB
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

# MTU at creation is the user's, if the device can have it.
at_creation() {
	local v mtu
	for v in 4 6; do
		for mtu in 68 1300 65000; do
			ip -n gwA link add x mtu "$mtu" type ipsvti local "$(outer gwA "$v")" remote "$(outer gwB "$v")" &&
				ip -n gwA -d -j link show x | jq -e ".[0] | .mtu == $mtu and .linkinfo.info_data.mtu_auto == false" &&
				ip -n gwA link del x || return
		done
		for mtu in 67 65535 65536; do
			refused "mtu" ip -n gwA link add x mtu "$mtu" type ipsvti local "$(outer gwA "$v")" remote "$(outer gwB "$v")" &&
				! ip -n gwA link show x 2>/dev/null || return
		done
	done
}

# Another underlay, by name or by the route.
another_underlay() {
	ip -n gwA -batch - <<-EOT || return
		link add d1 mtu 1800 type dummy
		link add d2 mtu 1400 type dummy
		link set d1 up
		link set d2 up
	EOT
	link_up gwA 4 dev d1 && mtu_is gwA 1746 && ip -n gwA link change vti0 type ipsvti dev d2 && mtu_is gwA 1346 &&
		ip -n gwA link set d2 mtu 1500 && mtu_is gwA 1446 && ip -n gwA link set vti0 mtu 1200 &&
		ip -n gwA link change vti0 type ipsvti dev d1 && mtu_is gwA 1200 && link_down gwA || return
	link_up gwA 6 dev d1 && mtu_is gwA 1726 && ip -n gwA link change vti0 type ipsvti dev d2 && mtu_is gwA 1426 || return
	ip -n gwA link del d1
	ip -n gwA link del d2
}

underlay_mtu() { # MTU
	ip -n gwA link set wan mtu "$1" && ip -n inet link set toA mtu "$1" &&
		ip -n inet link set toB mtu "$1" && ip -n gwB link set wan mtu "$1"
}

# What fits 9000 octets, in one piece; larger ones in fragments that are not outside. The
# window is what agents ask for: a busy host stops one processor of a guest for as long as
# the other takes for more packets than 64.
jumbo() { # 4|6 none|udp MTU
	local encap=() said
	[ "$2" = none ] || encap=("${ENCAP_UDP[@]}")
	underlay_mtu 9000 && lans_mtu 9000 && links_up "$1" && pair_up 1 256 "${encap[@]}" replay-window 4096 && mtu_is gwA "$3" &&
		capture_start inet toA "$WORK/jumbo" "ip[6:2] & 0x3fff != 0 or ip6[6] = 44" || return
	ping_across 4 -M 'do' -s $(($3 - 28)) && ping_across 6 -M 'do' -s $(($3 - 48)) && told 4 $(($3 - 28 + 1)) "$3" &&
		told 6 $(($3 - 48 + 1)) "$3" && ping_across 4 -M dont -s 60000 && ping_across 6 -s 60000 &&
		tcp_across 4 2000000 && tcp_across 6 2000000 || return
	capture_stop "$WORK/jumbo"
	said=$(tcpdump -nr "$WORK/jumbo" 2>/dev/null; drops gwB)
	[ -z "$said" ] && return
	echo "fragments, or drops: $said"
	return 1
}

# An underlay as wide as can be. Outside there are no more than 65535 octets, so what a route
# lets pass beyond that is answered, although it might be fragmented.
widest() {
	underlay_mtu 65535 && lans_mtu 65535 && links_up 4 df clear && pair_up 1 || return
	refused "mtu" ip -n gwA link set vti0 mtu 65536 && refused "mtu" ip -n gwA link set vti0 mtu 65500 &&
		mtu_is gwA "$(ip -n gwA -d -j link show vti0 | jq '.[0].max_mtu')" && ping_across 4 -M 'do' -s $(($(mtu gwA) - 28)) &&
		ip -n gwA route change 10.2.0.0/24 dev vti0 mtu 65535 && ping_across 4 -M 'do' -s $((65478 - 28)) &&
		told 4 $((65478 - 28 + 1)) 65478
}

one() {
	ktap_run "$@"
	links_down
	underlay_mtu 1500
	lans_mtu 1500
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
one "exact ICMP answers, outer IPv6, UDP" exact 6 udp 1418
one "outer packets are never fragmented" never_fragmented
one "big packets pass" big_ones_pass
one "an MTU at creation" at_creation
one "another underlay" another_underlay
one "jumbo frames, outer IPv4" jumbo 4 none 8946
one "jumbo frames, outer IPv6, UDP" jumbo 6 udp 8918
one "64 KB" widest
ktap_end
