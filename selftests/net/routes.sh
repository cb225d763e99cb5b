#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Routes that are made with care, and some that are not: everything into the tunnel, a
# tunnel in a tunnel, marks, loops; many streams at once, and ESP in UDP whose socket goes.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 14

# As agents ask for: a busy host stops one processor of a guest for as long as the other
# takes for more packets than the 64 of the least window.
WIDE=(replay-window 4096)

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB
}

# All that gwA and those behind it send goes into the tunnel, as wg-quick(8) does it: the
# tunnel's own packets have a mark, and look elsewhere.
MARK=0x51
everything() { # OUTER [WORD...]
	local outer=$1 v
	shift
	links_down
	links_up "$outer" && ip -n gwA link set vti0 type ipsvti fwmark "$MARK" && pair_up 1 256 "$@" || return
	ip -n gwA route del 10.2.0.0/24
	ip -n gwA -6 route del fd00:2::/64
	for v in -4 -6; do
		ip -n gwA "$v" rule add not fwmark "$MARK" table 51 priority 100 &&
			ip -n gwA "$v" rule add table main suppress_prefixlength 0 priority 90 &&
			ip -n gwA "$v" route add default dev vti0 table 51 || return
	done
	capture_start inet toA "$WORK/all" || return
	ping_across 4 && ping_across 6 && tcp_across 4 100000 && tcp_across 6 100000 hostB &&
		traffic ping gwA "$HOSTB4" || return
	# And what nobody has is asked for in the tunnel, not in the underlay.
	traffic ping hostA 10.222.0.1 -c 2 -W 0.5
	capture_stop "$WORK/all"
	[ "$(tcpdump -nr "$WORK/all" 'esp or udp port 4500' 2>/dev/null | wc -l)" -ge 20 ] &&
		[ "$(tcpdump -nr "$WORK/all" 'net 10.0.0.0/8 or net fd00::/16' 2>/dev/null | wc -l)" = 0 ] || return
	# Without the mark its own packets would go into it too: they do not, and it says so.
	# (The device itself sends now and then, too.)
	ip -n gwA link set vti0 type ipsvti fwmark 0 && no_ping_across 4 && [ "$(counter gwA tx-loop)" -ge 2 ] &&
		ip -n gwA link set vti0 type ipsvti fwmark "$MARK" && ping_across 4
}

everything_else() {
	local v
	for v in -4 -6; do
		ip -n gwA "$v" rule del priority 100
		ip -n gwA "$v" rule del priority 90
	done
	links_down
}

# A mark that a packet gets on its way out has it routed again, bound to the device or not.
rerouted() {
	links_up 4 && pair_up 1 || return
	in_ns gwA nft -f - <<-EOT || return
		table inet reroute {
			chain out {
				type route hook output priority mangle
				meta mark set 1
			}
		}
	EOT
	in_ns gwA ping -n -c 2 -i 0.1 -W 5 169.254.1.2 && in_ns gwA ping -n -c 2 -i 0.1 -W 5 -I vti0 169.254.1.2 &&
		in_ns gwA ping -n -c 2 -i 0.1 -W 5 fd00:ff::2 && in_ns gwA ping -n -c 2 -i 0.1 -W 5 -I vti0 fd00:ff::2
	local status=$?
	in_ns gwA nft delete table inet reroute
	links_down
	return "$status"
}

# mark_ends OUTER [WORD...]: what outer packets are marked with on arrival, inner ones are not.
mark_ends() {
	links_up "$1" && pair_up 1 256 "${@:2}" || return
	in_ns gwB nft -f - <<-EOT || return
		table inet marks {
			counter outer {}
			counter inner {}
			counter none {}
			chain in {
				type filter hook prerouting priority raw
				meta l4proto esp meta mark set 7 counter name outer
				udp dport 4500 meta mark set 7 counter name outer
				iifname vti0 meta mark != 0 counter name inner
				iifname vti0 meta mark 0 counter name none
			}
		}
	EOT
	ping_across 4 && ping_across 6 && tcp_across 4 100000
	local status=$? counts
	counts=$(in_ns gwB nft -j list counters | jq -c '[.nftables[].counter // empty | {(.name): (.packets > 0)}] | add')
	in_ns gwB nft delete table inet marks
	links_down
	echo "$counts"
	[ "$status" = 0 ] && [ "$counts" = '{"outer":true,"inner":false,"none":true}' ]
}

# inner_up OUTER: vti1 of both, between addresses of the vti0s, with the LANs routed into it
inner_up() {
	local gw us them here there
	links_up 4 && pair_up 1 256 "${WIDE[@]}" && keys 2 || return
	for gw in gwA gwB; do
		us=1 them=2
		[ "$gw" = gwA ] || us=2 them=1
		case $1 in
		4) here=169.254.1.$us there=169.254.1.$them ;;
		6) here=fd00:ff::$us there=fd00:ff::$them ;;
		esac
		ip -n "$gw" -batch - <<-EOT || return
			link add vti1 type ipsvti local $here remote $there
			link set vti1 up
			route replace 10.$them.0.0/24 dev vti1
			route replace fd00:$them::/64 dev vti1
		EOT
		in_ns "$gw" ipsvtictl sa add vti1 in spi "$(spi "$gw" 2)" out spi "$(spi "${OTHER[$gw]}" 2)" \
			alg aes-gcm-16-256 keys "$WORK/$gw.2" "${WIDE[@]}" || return
	done
}

inner_down() {
	ip -n gwA link del vti1 2>/dev/null
	ip -n gwB link del vti1 2>/dev/null
	links_down
}

# A tunnel in a tunnel: all that passes one passes two, and each sees ESP only.
in_a_tunnel() {
	local v
	inner_up "$1" || return
	capture_start gwA vti0 "$WORK/outer" || return
	for v in 4 6; do
		ping_across "$v" -s 1000 -p 6364 && tcp_across "$v" 300000 && tcp_across "$v" 300000 hostB &&
			ping_across "$v" -s 4000 -n 1 || return
	done
	capture_stop "$WORK/outer"
	[ "$(tcpdump -nr "$WORK/outer" 'ip proto 50 or ip6 proto 50' 2>/dev/null | wc -l)" -ge 50 ] &&
		! grep -qa cdcdcdcdcdcd "$WORK/outer" && ! drops gwA
	local status=$?
	inner_down
	return "$status"
}

many_streams() {
	links_up 4 && pair_up 1 256 "${WIDE[@]}" && traffic streams hostA hostB "$HOSTB4" 40 50000 &&
		traffic streams hostA hostB "$HOSTB6" 40 50000 && traffic streams hostB hostA "$HOSTA4" 40 50000 &&
		! drops gwA && ! drops gwB
}

# Each gateway sends what is for that network to the other: it ends with the hop limit.
# Of IPv4 the sender is told; IPv6 spends what it may tell in a second on redirects.
loop() { # 4|6 ADDRESS NETWORK
	local from passed v=$1 dst=$2
	ip -n gwA route replace "$3" dev vti0 && ip -n gwB route replace "$3" dev vti0 || return
	from=$(counter gwA tx-packets)
	in_ns hostA ping -n -c 1 -W 2 -t 32 "$dst" >"$WORK/loop" 2>&1
	cat "$WORK/loop"
	[ "$v" = 6 ] || grep -qi 'time to live exceeded' "$WORK/loop" || return
	passed=$(($(counter gwA tx-packets) - from))
	echo "$passed packets from gwA, IPv$v"
	# Every other of 32, and what IPv6 has to say to each.
	[ "$passed" -ge 12 ] && [ "$passed" -le 64 ] && ping_across "$v"
}

loops() {
	local gw
	# A redirect would be an answer too.
	for gw in gwA gwB; do
		in_ns "$gw" sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.vti0.send_redirects=0 || return
	done
	loop 4 10.99.0.1 10.99.0.0/24 && loop 6 fd00:99::1 fd00:99::/64
	local status=$?
	links_down
	return "$status"
}

encap_down() { # GW
	local p
	ip netns pids "$1" | while read -r p; do
		! grep -qa encap.py "/proc/$p/cmdline" || kill "$p"
	done
	wait_for 10 "! in_ns $1 ss -Hlun 'sport = 4500' | grep -q ."
}

# Whoever opened the port closes it, while packets come; and opens it again.
socket_goes() { # OUTER
	local i
	links_up "$1" && pair_up 1 256 "${ENCAP_UDP[@]}" "${WIDE[@]}" && ping_across 4 || return
	in_ns hostA ping -n -q -f -s 800 "$HOSTB4" >/dev/null 2>&1 &
	in_ns hostB ping -n -q -f -s 80 "$HOSTA6" >/dev/null 2>&1 &
	for i in 1 2 3; do
		encap_down gwB && no_ping_across 4 && [ "$(state gwB 1)" = active ] && encap_up gwB && ping_across 4 || return
	done
	for i in hostA hostB; do
		ip netns pids "$i" | xargs -r kill 2>/dev/null
	done
	wait_for 10 '[ -z "$(ip netns pids hostA; ip netns pids hostB)" ]' && ping_across 6
	local status=$?
	links_down
	return "$status"
}

ktap_run "set up" setup
ktap_run "a default route into the tunnel, the underlay by mark" everything 4
everything_else
ktap_run "the same over IPv6, as ESP in UDP" everything 6 "${ENCAP_UDP[@]}"
everything_else
ktap_run "a mark reroutes, sockets bound to the device too" rerouted
ktap_run "a mark of outer packets is not that of inner ones, over IPv4" mark_ends 4
ktap_run "nor over IPv6, as ESP in UDP" mark_ends 6 "${ENCAP_UDP[@]}"
ktap_run "a tunnel in a tunnel, over IPv4" in_a_tunnel 4
inner_down
ktap_run "a tunnel in a tunnel, over IPv6" in_a_tunnel 6
inner_down
ktap_run "40 TCP streams at once, both ways" many_streams
ktap_run "a routing loop over both gateways ends" loops
links_down
ktap_run "the socket of ESP in UDP goes under traffic, and comes" socket_goes 4
links_down
ktap_run "the same over IPv6" socket_goes 6
links_down
ktap_run "and then it works as ever" eval 'links_up 4 && pair_up 1 && ping_across 4 && ping_across 6'
ktap_run "nothing was dropped by that" eval '! drops gwA && ! drops gwB'
ktap_end
