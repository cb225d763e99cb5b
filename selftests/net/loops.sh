#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Outer packets that come back, by a mistake in the network's routes, to a gateway that
# sends all that has no mark into the tunnel: they are not put into it once more, which
# would give them a new hop limit in each round.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 10

MARK=0x51

# Both ends; gwA as wg-quick(8) has it, so that what comes from elsewhere goes into the tunnel.
setup() {
	local v
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB && nl_start || return
	for v in -4 -6; do
		ip -n gwA "$v" rule add not fwmark "$MARK" table 51 priority 100 &&
			ip -n gwA "$v" rule add table main suppress_prefixlength 0 priority 90 || return
	done
	in_ns inet sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.toA.send_redirects=0
}

tunnel_up() { # OUTER [WORD...]
	local outer=$1
	shift
	links_down
	links_up "$outer" && ip -n gwA link set vti0 type ipsvti fwmark "$MARK" && ip -n gwA -batch - <<-EOT || return
		route add 0.0.0.0/0 dev vti0 table 51
		route add ::/0 dev vti0 table 51
	EOT
	pair_up 1 256 "$@"
}

# What inet has for gwB goes to gwA.
back() { # OUTER
	ip -n inet "-$1" route replace "$(outer gwB "$1")" via "$(outer gwA "$1")" dev toA
}

forward() { # OUTER
	ip -n inet "-$1" route del "$(outer gwB "$1")" via "$(outer gwA "$1")" dev toA
}

# rounds OUTER LOOPS COMMAND...: the command sends three packets, and at least so many that
# come back are dropped by the device; no more are sent, but what the device itself has to say.
rounds() {
	local outer=$1 loops=$2 sent looped status
	shift 2
	sent=$(counter gwA tx-packets) looped=$(counter gwA tx-loop)
	back "$outer" || return
	"$@"
	status=$?
	wait_for 10 "[ \$((\$(counter gwA tx-loop) - $looped)) -ge $loops ]"
	forward "$outer"
	sent=$(($(counter gwA tx-packets) - sent)) looped=$(($(counter gwA tx-loop) - looped))
	echo "$sent sent, $looped came back"
	[ "$status" = 0 ] && [ "$sent" -ge 3 ] && [ "$sent" -le 8 ] && [ "$looped" -ge "$loops" ] &&
		[ "$looped" -le $((loops ? sent : 0)) ]
}

unanswered() { ! ping_across "$@" -c 3 -W 0.3; }

# loop OUTER INNER DF LOOPS [WORD...]
loop() {
	local outer=$1 inner=$2 df=$3 loops=$4
	shift 4
	tunnel_up "$outer" "$@" && ping_across "$inner" && rounds "$outer" "$loops" unanswered "$inner" -M "$df" &&
		ping_across "$inner"
}

# Two devices that send by turns what the other one has sent do not end up there either: gwA
# sends to vti1 what comes back from vti0, and what comes back from that to vti0.
by_turns() { # OUTER
	local other=10.99.0.1
	[ "$1" = 4 ] || other=fd00:99::1
	tunnel_up "$1" && ip -n gwA -batch - <<-EOT || return
		link add vti1 type ipsvti local $(outer gwA "$1") remote $other fwmark $MARK
		link set vti1 up
		route add $(outer gwB "$1") dev vti1 table 51
	EOT
	keys 2 && in_ns gwA ipsvtictl sa add vti1 in spi "$(spi gwA 2)" out spi "$(spi gwB 2)" \
		alg aes-gcm-16-256 keys "$WORK/gwA.2" || return
	rounds "$1" 0 unanswered 4
	local status=$?
	in_ns gwA ethtool -S vti1 | grep -E ' tx_loop: [3-9]$' || status=1
	ip -n gwA link del vti1
	return "$status"
}

accept_local() { in_ns gwA sysctl -qw "net.ipv4.conf.all.accept_local=$1" "net.ipv4.conf.wan.accept_local=$1"; }

ktap_run "set up" setup
ktap_run "IPv4 in IPv4: the stack does not take its own address from outside" loop 4 4 dont 0
accept_local 1
ktap_run "IPv4 in IPv4, if it does" loop 4 4 dont 3
ktap_run "IPv4 in IPv4, not to be cut" loop 4 4 "do" 3
ktap_run "IPv6 in IPv4" loop 4 6 dont 3
ktap_run "IPv4 in IPv4, in UDP" loop 4 4 dont 3 "${ENCAP_UDP[@]}"
ktap_run "IPv4 in IPv6" loop 6 4 dont 3
ktap_run "IPv6 in IPv6, in UDP" loop 6 6 dont 3 "${ENCAP_UDP[@]}"
ktap_run "two devices by turns, IPv6" by_turns 6
ktap_run "and then it works as ever" ping_across 4
ktap_end
