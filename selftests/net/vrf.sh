#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Virtual routing and forwarding: the tunnel device in a VRF, its underlay in one, both
# in the same, each in its own; without and with a queue at the VRF, which is another
# way for packets through the kernel.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 27

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB || return
	# The socket that takes ESP in UDP is bound to no VRF, and is to hear all of them.
	in_ns gwA sysctl -qw net.ipv4.udp_l3mdev_accept=1
	# An address stays when its device comes into a VRF or out of it.
	in_ns gwA sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1
	ip -n gwA -batch - <<-EOT
		link add red type vrf table 10
		link add blue type vrf table 20
		link set red up
		link set blue up
		route add unreachable default vrf red metric 8192
		route add unreachable default vrf blue metric 8192
		route add unreachable ::/0 vrf red metric 8192
		route add unreachable ::/0 vrf blue metric 8192
	EOT
}

# place DEV VRF|"": into the VRF, or out of all; with its addresses, whatever becomes of
# them on the way
place() {
	ip -n gwA link set "$1" ${2:+master} "${2:-nomaster}" || return
	case $1 in
	lan) set -- "$1" 10.1.0.1/24 fd00:1::1/64 ;;
	wan) set -- "$1" 192.0.2.1/24 2001:db8:a::1/64 ;;
	vti0) set -- "$1" 169.254.1.1/30 fd00:ff::1/126 ;;
	esac
	ip -n gwA -batch - <<-EOT
		addr replace $2 dev $1
		addr replace $3 dev $1 nodad
	EOT
}

# placed INNER OUTER V [OPTION...]: the tunnel over IPvV with its LAN in the VRF INNER and
# its underlay in OUTER, "" for none
placed() {
	local inner=$1 outer=$2 v=$3
	shift 3
	links_down
	place wan "$outer" && place lan "$inner" || return
	ip -n gwA -batch - <<-EOT
		route replace default via 192.0.2.254 dev wan ${outer:+vrf $outer}
		route replace default via 2001:db8:a::fe dev wan ${outer:+vrf $outer}
	EOT
	# "dev" is where the route of what goes out is looked up.
	link_up gwA "$v" ${outer:+dev "$outer"} && link_up gwB "$v" || return
	[ -z "$inner" ] || place vti0 "$inner" || return
	ip -n gwA -batch - <<-EOT
		route replace 10.2.0.0/24 dev vti0 ${inner:+vrf $inner}
		route replace fd00:2::/64 dev vti0 ${inner:+vrf $inner}
	EOT
	pair_up 1 256 "$@" || return
	# It has seen the route of the underlay.
	local mtu=1446
	[ "$v" = 4 ] || mtu=1426
	[ $# -eq 0 ] || mtu=$((mtu - 8))
	wait_for 5 "[ \$(in_ns gwA cat /sys/class/net/vti0/mtu) = $mtu ]"
}

# Forwarded ones both ways, those of the gateway itself, and streams; nothing is dropped.
carries() { # INNER
	local before to
	before=$(drops gwA)
	ping_across 4 -c 2 && ping_across 6 -c 2 && tcp_across 4 200000 || return
	[ -n "${QUEUED:-}" ] || tcp_across 6 200000 hostB || return
	for to in 169.254.1.2 fd00:ff::2; do
		in_ns gwA ping ${1:+-I "$1"} -q -c 1 -W 5 "$to" || return
	done
	in_ns gwB ping -q -c 1 -W 5 169.254.1.1 && in_ns gwB ping -q -c 1 -W 5 fd00:ff::1 || return
	[ "$(drops gwA)" = "$before" ] && return
	drops gwA
	return 1
}

# As small as it may be, but a queue.
queued() { # VRF COMMAND...
	local dev=$1
	shift
	in_ns gwA tc qdisc add dev "$dev" root netem delay 1ms || return
	QUEUED=1 "$@"
	local status=$?
	in_ns gwA tc qdisc del dev "$dev" root
	return "$status"
}

# The route of the underlay's VRF is looked up, and of no other.
no_other() {
	placed "" blue 4 && ping_across 4 || return
	ip -n gwA link set vti0 type ipsvti dev red && no_ping_across 4 &&
		[ "$(counter gwA tx-no-route)" -ge 1 ] || return
	ip -n gwA link set vti0 type ipsvti nodev && no_ping_across 4 || return
	ip -n gwA link set vti0 type ipsvti dev blue && ping_across 4
}

# The tunnel is deep in what goes away.
vrf_gone() {
	placed red blue 4 && ping_across 4 || return
	ip -n gwA link del red && ip -n gwA link del blue || return
	no_ping_across 4 && [ "$(state gwA 1)" = active ] || return
	placed "" "" 4 && ping_across 4
}

ktap_run "set up" setup
for v in 4 6; do
	for where in "red:" ":blue" "red:red" "red:blue"; do
		inner=${where%:*} outer=${where#*:}
		ktap_run "IPv$v, device in ${inner:-none}, underlay in ${outer:-none}" placed "$inner" "$outer" "$v"
		ktap_run "it carries" carries "$inner"
		[ "$v$where" != 4red:blue ] || ktap_run "with a queue at the device's VRF" queued red carries red
		[ -z "$outer" ] || [ "$v$where" = 6red:red ] || ktap_run "with a queue at the underlay's VRF" queued "$outer" carries "$inner"
	done
done
ktap_run "in UDP, underlay in blue" placed "" blue 4 "${ENCAP_UDP[@]}"
ktap_run "it carries" carries ""
ktap_run "no other VRF's route is taken" no_other
ktap_run "the VRFs go" vrf_gone
ktap_end
