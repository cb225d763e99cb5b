#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Devices of kind ipsvti: made, shown, changed, removed and refused; with the plugin
# of ip(8) and without.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"

# What must be refused: name | error | attribute | text | op | request.  "-" is none.
# t4 has IPv4 addresses, t6 IPv6 ones, and p none.
refusals_table() {
	cat <<-EOT
	local alone | EDESTADDRREQ | local | both | link-new | {"name":"x","data":{"local":"192.0.2.1"}}
	remote alone | EDESTADDRREQ | remote | both | link-new | {"name":"x","data":{"remote":"198.51.100.1"}}
	remote alone, IPv6 | EDESTADDRREQ | remote6 | both | link-new | {"name":"x","data":{"remote6":"2001:db8:b::1"}}
	two families | EAFNOSUPPORT | remote6 | famil | link-new | {"name":"x","data":{"local":"192.0.2.1","remote6":"2001:db8:b::1"}}
	both families | EAFNOSUPPORT | - | famil | link-new | {"name":"x","data":{"local":"192.0.2.1","remote":"198.51.100.1","local6":"2001:db8:a::1","remote6":"2001:db8:b::1"}}
	the same address twice | EADDRINUSE | remote | same | link-new | {"name":"x","data":{"local":"192.0.2.1","remote":"192.0.2.1"}}
	0.0.0.0 | EADDRNOTAVAIL | local | unspecified | link-new | {"name":"x","data":{"local":"0.0.0.0","remote":"198.51.100.1"}}
	remote 0.0.0.0 | EADDRNOTAVAIL | remote | unspecified | link-new | {"name":"x","data":{"local":"192.0.2.1","remote":"0.0.0.0"}}
	multicast | EADDRNOTAVAIL | remote | multicast | link-new | {"name":"x","data":{"local":"192.0.2.1","remote":"224.0.0.1"}}
	broadcast | EADDRNOTAVAIL | remote | broadcast | link-new | {"name":"x","data":{"local":"192.0.2.1","remote":"255.255.255.255"}}
	:: | EADDRNOTAVAIL | local6 | unspecified | link-new | {"name":"x","data":{"local6":"::","remote6":"2001:db8:b::1"}}
	multicast, IPv6 | EADDRNOTAVAIL | remote6 | multicast | link-new | {"name":"x","data":{"local6":"2001:db8:a::1","remote6":"ff02::1"}}
	IPv4-mapped | EADDRNOTAVAIL | remote6 | mapped | link-new | {"name":"x","data":{"local6":"2001:db8:a::1","remote6":"::ffff:192.0.2.1"}}
	link-local without a link | EINVAL | - | link-local | link-new | {"name":"x","data":{"local6":"fe80::1","remote6":"fe80::2"}}
	an address of 3 octets | - | local | | link-new | {"name":"x","data":{"local":{"hex":"c00002"},"remote":"198.51.100.1"}}
	an address of 15 octets | - | local6 | | link-new | {"name":"x","data":{"local6":{"hex":"20010db8000a000000000000000000"},"remote6":"2001:db8:b::1"}}
	underlay that is not there | ENODEV | link | underlay | link-new | {"name":"x","data":{"link":9999}}
	underlay of negative index | - | link | | link-new | {"name":"x","data":{"link":4294967295}}
	dscp 65 | ERANGE | dscp | | link-new | {"name":"x","data":{"dscp":65}}
	df 3 | ERANGE | df | | link-new | {"name":"x","data":{"df":3}}
	mss-clamp 2 | ERANGE | mss-clamp | auto | link-new | {"name":"x","data":{"mss-clamp":2}}
	mss-clamp 87 | ERANGE | mss-clamp | off | link-new | {"name":"x","data":{"mss-clamp":87}}
	mss-clamp 65496 | ERANGE | mss-clamp | 65495 | link-new | {"name":"x","data":{"mss-clamp":65496}}
	mtu-auto 2 | ERANGE | mtu-auto | | link-new | {"name":"x","data":{"mtu-auto":2}}
	pre-frag 2 | ERANGE | pre-frag | | link-new | {"name":"x","data":{"pre-frag":2}}
	change: one address of the other family | EAFNOSUPPORT | local6 | | link-set | {"name":"t4","data":{"local6":"2001:db8:a::1"}}
	change: the remote to the local | EADDRINUSE | remote | same | link-set | {"name":"t4","data":{"remote":"192.0.2.1"}}
	change: local alone on a device without | EDESTADDRREQ | local | both | link-set | {"name":"p","data":{"local":"192.0.2.1"}}
	change: its own underlay | ELOOP | link | own | link-set | {"name":"t4","data":{"link":@t4}}
	EOT
}
rows=$(refusals_table | grep -c .)
ktap_plan $((14 + rows))

setup() {
	modprobe ipsvti && topo_up
}

info() { # DEV [FILTER]
	ip -n gwA -d -j link show "$1" | jq -r ".[0].linkinfo.info_data${2:-}"
}

info_is() { # DEV KEY VALUE...
	local dev=$1
	shift
	while [ $# -gt 0 ]; do
		[ "$(info "$dev" ".$1")" = "$2" ] || { echo "$1 is not $2:"; info "$dev"; return 1; }
		shift 2
	done
}

# Nothing but the kind: no plugin is needed, the device has no addresses yet. An old kernel
# takes any device without carrier that is on none for one whose lower is down.
bare() {
	local dir
	for dir in /nonexistent "$IP_LIB_DIR"; do
		IP_LIB_DIR=$dir ip -n gwA link add bare type ipsvti &&
			ip -n gwA link set bare up &&
			ip -n gwA -d -j link show bare | jq -e '.[0] |
				.linkinfo.info_kind == "ipsvti" and (.operstate | IN("DOWN", "LOWERLAYERDOWN")) and
				(.flags | contains(["POINTOPOINT", "MULTICAST", "NOARP", "NO-CARRIER", "UP"])) and
				.link_type == "none" and .mtu > 1280' &&
			ip -n gwA link del bare || return
		ip -n gwA link show bare 2>/dev/null && return 1
	done
	return 0
}

with_addresses() {
	ip -n gwA link add t4 type ipsvti local "$GWA4" remote "$GWB4" &&
		info_is t4 local "$GWA4" remote "$GWB4" ttl auto dscp copy df copy link null \
			fwmark null mtu_auto true || return
	ip -n gwA link add t6 type ipsvti local "$GWA6" remote "$GWB6" &&
		info_is t6 local "$GWA6" remote "$GWB6"
}

all_options() {
	ip -n gwA link add opt type ipsvti local 192.0.2.9 remote 203.0.113.9 dev wan \
		fwmark 0x17 ttl 77 dscp 46 df set &&
		info_is opt local 192.0.2.9 remote 203.0.113.9 link wan fwmark 0x17 ttl 77 \
			dscp 46 df set
}

# Each change leaves everything else as it was.
changes() {
	ip -n gwA link set opt type ipsvti ttl 5 && info_is opt ttl 5 fwmark 0x17 dscp 46 df set link wan \
		remote 203.0.113.9 &&
		ip -n gwA link set opt type ipsvti dscp copy df clear &&
		info_is opt ttl 5 fwmark 0x17 dscp copy df clear link wan &&
		ip -n gwA link set opt type ipsvti remote 203.0.113.10 &&
		info_is opt local 192.0.2.9 remote 203.0.113.10 ttl 5 &&
		ip -n gwA link set opt type ipsvti nodev fwmark 0 ttl auto &&
		info_is opt link null fwmark null ttl auto local 192.0.2.9 || return
	# Without SAs even the family may change.
	ip -n gwA link set opt type ipsvti local 2001:db8:a::9 remote 2001:db8:b::9 &&
		info_is opt local 2001:db8:a::9 remote 2001:db8:b::9 &&
		ip -n gwA link del opt
}

addresses_later() {
	ip -n gwA link add p type ipsvti && ip -n gwA link set p type ipsvti \
		local 192.0.2.1 remote 203.0.113.11 && info_is p local 192.0.2.1 remote 203.0.113.11 &&
		ip -n gwA link del p && ip -n gwA link add p type ipsvti
}

# IPv4 takes no device of that name, and says so when it is registered already.
late_refusal() {
	refused "Invalid argument" ip -n gwA link add all type ipsvti local 192.0.2.9 remote 203.0.113.9 &&
		! ip -n gwA link show all 2>/dev/null
}

# What the options do to outer packets.
outer_header() { # NAME OPTION... : FILTER
	local options=() filter
	while [ "$1" != : ]; do options+=("$1"); shift; done
	filter=$2
	links_up 4 "${options[@]}" && pair_up 1 || return
	capture_start inet toA "$WORK/outer" || return
	# Told by their length from the multicast reports of a device that has come up:
	# 228 octets of IPv4, 2 and 2 of trailer, 16 of ESP header and 16 of ICV, 20 of IPv4.
	in_ns hostA ping -n -c 3 -i 0.1 -W 5 -Q 0x58 -M 'do' -s 200 "$HOSTB4"
	capture_stop "$WORK/outer"
	links_down
	[ "$(tcpdump -nr "$WORK/outer" "ip proto 50 and src $GWA4 and ip[2:2] = 284 and $filter" 2>/dev/null | wc -l)" = 3 ] || {
		echo "no three packets of '$filter':"
		tcpdump -nvr "$WORK/outer" ip proto 50
		return 1
	}
}

# There is another device with the same addresses all the while.
options_at_work() {
	outer_header : "ip[8] = 64 and ip[1] = 0x58 and ip[6] & 0x40 != 0" &&
		outer_header ttl 33 dscp 46 : "ip[8] = 33 and ip[1] & 0xfc = 0xb8" &&
		outer_header df clear : "ip[6] & 0x40 = 0" &&
		outer_header df set : "ip[6] & 0x40 != 0"
}

# A mark chooses the route: this one leads nowhere.
mark_at_work() {
	ip -n gwA rule add fwmark 0x17 unreachable
	links_up 4 && pair_up 1 && ping_across 4 &&
		ip -n gwA link set vti0 type ipsvti fwmark 0x17 && no_ping_across 4 &&
		ip -n gwA link set vti0 type ipsvti fwmark 0 && ping_across 4 || return
	ip -n gwA rule del fwmark 0x17
	links_down
}

# "dev" holds although the route leads to another device: IPv4 looks for the peer on the link,
# IPv6 has no way.
dev_at_work() {
	ip -n gwA link add d1 type dummy && ip -n gwA link set d1 up && link_up gwA 4 dev d1 && link_up gwB 4 && pair_up 1 || return
	no_ping_across 4 && ip -n gwA link set vti0 type ipsvti dev wan && ping_across 4 || return
	links_down
	link_up gwA 6 dev d1 && link_up gwB 6 && pair_up 1 && in_ns gwA sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1 &&
		counts gwA tx-no-route 2 no_ping_across 4 && ip -n gwA link set vti0 type ipsvti dev wan && ping_across 4 || return
	links_down
	ip -n gwA link del d1
}

refusals() {
	local t4
	t4=$(ip -n gwA -j link show t4 | jq '.[0].ifindex')
	refusals_table | sed "s/@t4/$t4/" >"$WORK/table"
	ip -n gwA -d link show >"$WORK/before"
	in_ns gwA "$NET/nl.py" refusals <"$WORK/table" >"$WORK/verdicts" &&
		[ "$(wc -l <"$WORK/verdicts")" = "$rows" ]
}

nothing_changed() {
	ip -n gwA -d link show >"$WORK/after"
	diff "$WORK/before" "$WORK/after"
}

# The device goes elsewhere, its outer packets stay in the namespace of its birth.
other_namespace() {
	links_up 4 && pair_up 1 && ip netns add inner && ip -n gwA link set vti0 netns inner &&
		ip -n inner addr add 169.254.1.1/30 dev vti0 && ip -n inner link set vti0 up || return
	in_ns inner ping -n -c 2 -i 0.1 -W 5 169.254.1.2 || return
	ip netns delete inner
	# It went with it, and with it its SAs.
	wait_for 10 '! ip -n gwA link show vti0 2>/dev/null' && link_down gwB
	links_up 4 && pair_up 1 && ping_across 4
}

vrf() {
	links_down
	links_up 4 && pair_up 1 && ip -n gwA link add red type vrf table 10 &&
		ip -n gwA link set red up && ip -n gwA link set vti0 master red &&
		ip -n gwA link set lan master red || return
	ip -n gwA route add 10.2.0.0/24 dev vti0 table 10
	ping_across 4 || return
	ip -n gwA link set lan nomaster
	ip -n gwA link del red
	links_down
}

ktap_run "set up" setup
ktap_run "no options, with the plugin and without" bare
ktap_run "addresses, IPv4 and IPv6" with_addresses
ktap_run "all options" all_options
ktap_run "changes" changes
ktap_run "addresses given later" addresses_later
ktap_run "a name that others refuse" late_refusal
ktap_run "ttl, dscp and df in outer packets" options_at_work
ktap_run "fwmark chooses the route" mark_at_work
ktap_run "dev holds, whatever the route says" dev_at_work
ktap_run "all that must be refused was asked for" refusals
table_checks
ktap_run "nothing changed by what was refused" nothing_changed
ktap_run "in another namespace" other_namespace
ktap_run "in a VRF" vrf
ktap_end
