#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The route by which an SA's packets come in is remembered (kmod/demux.c), and for no longer
# than it holds: packets are still received as addresses, routes, firewalls and other
# sources ask for.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 12
SEQ=0

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && link_up gwA 4 && keys 1 && sa_add gwA 1 &&
		esp_start && nl_start || return
	# One way is enough: nothing answers. gwB also sends from other addresses.
	ip -n hostA route add blackhole 10.2.0.2/32 &&
		ip -n gwB addr add 10.2.0.9/32 dev lo && ip -n gwB addr add 198.51.100.77/32 dev lo
}

# got N [WORD...]: of a packet from gwB gwA receives so many; those not received are seen by
# a packet behind them that is, on another way in
got() {
	local want=$1 before
	shift
	before=$(counter gwA rx-packets) || return
	esp_send 1 --seq $((++SEQ)) "$@" || return
	if [ "$want" -eq 0 ]; then
		# the underlay has it, and what would receive it runs before the next process does
		in_ns gwB ping -q -c 1 -W 2 192.0.2.254 >/dev/null
	fi
	wait_for 5 "[ \$(counter gwA rx-packets) -eq $((before + want)) ]" && return
	echo "gwA has received $(($(counter gwA rx-packets) - before)) of what should be $want"
	return 1
}

# By strict filtering of sources a look-up would refuse the packet: the way to gwB is another
# one. Changing the filter makes no route invalid.
strict() { in_ns gwA sysctl -qw net.ipv4.conf.wan.rp_filter="$1"; }
away() { ip -n gwA route "$1" "$GWB4/32" dev lan; }
early() { in_ns gwA sysctl -qw net.ipv4.ip_early_demux="$1"; }

remembered() {
	away add && got 1 && strict 1 && got 1 && got 1
}

off() {
	early 0 && got 0 || return
	early 1 && got 1
}

other_source() {
	got 0 --from 10.2.0.9 && got 1
}

# A route more or less makes all of them invalid.
new_route() {
	ip -n gwA route add 203.0.113.0/24 via 192.0.2.254 || return
	got 0 || return
	ip -n gwA route del 203.0.113.0/24 && away del && got 1
}

no_address() {
	strict 0 && got 1 || return
	ip -n gwA addr del "$GWA4/24" dev wan && got 0 || return
	ip -n gwA addr add "$GWA4/24" dev wan && ip -n gwA route replace default via 192.0.2.254 &&
		got 1
}

other_device() {
	got 1 || return
	# the same packet by the LAN, whose sources are filtered
	in_ns gwA sysctl -qw net.ipv4.conf.lan.rp_filter=1
	ip -n hostA addr add "$GWB4/32" dev lo
	esp_other 0
}

# from hostA, which is gwB's address for a moment
esp_other() {
	local before
	before=$(counter gwA rx-packets) || return
	in_ns hostA "$NET/esp.py" --from "$GWB4" --to "$GWA4" --spi $((SPIS[gwA] + 1)) --keys "$WORK/gwB.1" \
		--seq $((++SEQ)) || return
	in_ns hostA ping -q -c 1 -W 2 10.1.0.1 >/dev/null
	ip -n hostA addr del "$GWB4/32" dev lo
	[ "$(counter gwA rx-packets)" -eq $((before + $1)) ]
}

firewall() { # HOOK
	got 1 || return
	in_ns gwA nft -f - <<-EOT || return
		table ip stop {
			chain in {
				type filter hook $1 priority 0
				ip protocol esp counter drop
			}
		}
	EOT
	got 0 || return
	in_ns gwA nft list table ip stop | grep -q 'packets 1 ' || return
	in_ns gwA nft delete table ip stop && got 1
}

udp() {
	got 1 --udp 4500:4500 && got 1 --udp 4500:4500 && got 1 && got 1 --udp 4500:4500
}

forged() {
	away add && got 1 && strict 1 || return
	counts gwA rx-auth 1 esp_send 1 --seq $((++SEQ)) --flip 30 --from 198.51.100.77 || return
	got 1 && away del && strict 0
}

# The hook is there for as long as there is a device, and what it holds goes with the SA.
devices() {
	links_down
	link_up gwA 4 && keys 2 && sa_add gwA 2 || return
	esp_send 2 --seq 1 && wait_for 5 '[ $(counter gwA rx-packets) -eq 1 ]' || return
	esp_send 2 --seq 2 && wait_for 5 '[ $(counter gwA rx-packets) -eq 2 ]'
}

ktap_run "set up" setup
ktap_run "a route is remembered" remembered
ktap_run "without ip_early_demux none is" off
ktap_run "one from another source is looked up" other_source
ktap_run "a new route makes it invalid" new_route
ktap_run "an address that is gone takes nothing" no_address
ktap_run "one from another device is looked up" other_device
ktap_run "a firewall at prerouting sees all" firewall prerouting
ktap_run "a firewall at input sees all" firewall input
ktap_run "ESP in UDP" udp
ktap_run "one that is not authentic changes nothing" forged
ktap_run "the devices go, another comes" devices
ktap_end
