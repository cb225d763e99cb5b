#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The peer has policies instead of routes: strongSwan with plain XFRM, several subnets
# in one CHILD SA. Traffic selectors are agreed on, narrowed by either end, kept by
# rekeys, and obeyed.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
FAMILY=4 NAT=none

HERE="10.1.0.0/24, fd00:1::/64"
THERE="10.2.0.0/24, 10.3.0.0/24, 10.4.0.8/29, fd00:2::/64"

ktap_plan 16

# More subnets behind gwB.
subnets() {
	load && ip -n hostB -batch - <<-EOT && ip -n gwB -batch - <<-EOB
		addr add 10.3.0.2/32 dev eth0
		addr add 10.4.0.9/32 dev eth0
	EOT
		route add 10.3.0.0/24 via 10.2.0.2
		route add 10.4.0.0/24 via 10.2.0.2
	EOB
}

# theirs LOCAL REMOTE: a CHILD SA without an XFRM interface.
theirs() {
	SWAN_CHILD="local_ts = $1
		remote_ts = $2"
}

ours() { # LOCAL REMOTE [LINE...]
	agent_conf gwA ${1:+"local-ts = {$1}"} ${2:+"remote-ts = {$2}"} "${@:3}"
}

# All that could be is routed into the tunnel.
routes() {
	ip -n gwA -batch - <<-EOT
		route replace 10.2.0.0/15 dev vti0
		route replace 10.4.0.0/24 dev vti0
	EOT
}

they_come() {
	agent_start gwA && device gwA && routes && swan_start && swan --initiate --child lan --timeout 20 &&
		wait_for 10 'carrier gwA 1'
}

we_come() {
	swan_start && agent_start gwA && device gwA && routes && wait_for 60 'carrier gwA 1'
}

# agreed LOCAL REMOTE: these are the selectors, in the agent and in both SAs of the pair.
agreed() {
	ctl gwA status | jq -ce --arg l "$1" --arg r "$2" '.tunnels[0]["ike-sas"][0]["child-sas"][-1] |
		(.["local-ts"] | join(", ")) == $l and (.["remote-ts"] | join(", ")) == $r' ||
		{ ctl gwA status | jq -c '.tunnels[0]["ike-sas"][0]["child-sas"][]'; return 1; }
	pairs gwA '[.[] | select(.state == "active")] | length == 1 and (.[0] | .in["local-ts"] == .out["local-ts"] and
		.in["remote-ts"] == .out["remote-ts"] and
		(.in["local-ts"] // [] | length) == '"$(list_length "$1")"' and
		(.in["remote-ts"] // [] | length) == '"$(list_length "$2")"')'
}

# What lets everything pass is no selector in the kernel.
list_length() {
	case $1 in
	"0.0.0.0/0, ::/0") echo 0 ;;
	*) tr -cd , <<<"$1," | wc -c ;;
	esac
}

# passes ADDRESS...: from hostA, and answered.
passes() {
	local dst
	for dst; do
		in_ns hostA ping -q -c 2 -i 0.1 -W 5 "$dst" || return
	done
}

# refused ADDRESS: by an ICMP message that says why, and counted. The device talks of
# itself (MLD), which no selector lets pass: more may be counted.
refused() {
	local was said
	was=$(tx_selector)
	said=$(in_ns hostA ping -c 1 -W 2 "$1")
	echo "$said"
	grep -q 'Packet filtered' <<<"$said" && [ "$(tx_selector)" -gt "$was" ]
}

tx_selector() {
	in_ns gwA ethtool -S vti0 | awk '$1 == "tx_selector:" { print $2 }'
}

equal_lists() { # we|they
	fresh
	theirs "$THERE" "$HERE"
	case $1 in
	we) ours "$HERE" "$THERE" && we_come ;;
	they) ours "$HERE" "$THERE" 'start = "passive"' && they_come ;;
	esac && agreed "$HERE" "$THERE" && passes 10.2.0.2 10.3.0.2 10.4.0.9 fd00:2::2
}

from_there() {
	in_ns hostB ping -q -c 2 -i 0.1 -W 5 10.1.0.2 && in_ns hostB ping -q -c 2 -i 0.1 -W 5 -I 10.3.0.2 10.1.0.2
}

outside() {
	refused 10.3.1.1 && refused 10.4.0.16
}

for_people() {
	local said
	said=$(in_ns gwA ipsvtictl -s /run/gwA.sock status vti0)
	echo "$said"
	grep -qxF "      selectors here ${HERE//,/}, there ${THERE//,/}" <<<"$said"
}

rekeyed() { # we|they
	under_flow "$1_rekey" && agreed "$HERE" "$THERE" && passes 10.3.0.2 fd00:2::2
}

# both_rekeyed LOCAL REMOTE: by either end, one after the other, and that is agreed on again.
both_rekeyed() {
	under_flow eval "they_rekey && agreed '$1' '$2' && we_rekey" && agreed "$1" "$2"
}

# They want less than we offer.
narrowed_by_them() {
	fresh
	theirs 10.2.0.0/25 10.1.0.0/24
	ours "" "" && we_come && agreed 10.1.0.0/24 10.2.0.0/25 &&
		said gwA 'traffic selectors agreed on: here 10.1.0.0/24, there 10.2.0.0/25' &&
		passes 10.2.0.2 && refused 10.2.0.200 && refused 10.3.0.2
}

# We want less than they offer.
narrowed_by_us() {
	fresh
	theirs 0.0.0.0/0 0.0.0.0/0
	ours "$HERE" "$THERE" 'start = "passive"' && they_come &&
		agreed 10.1.0.0/24 "10.2.0.0/24, 10.3.0.0/24, 10.4.0.8/29" && passes 10.2.0.2 10.4.0.9 &&
		in_ns gwB ip xfrm policy | grep 'src 10.4.0.8/29 dst 10.1.0.0/24'
}

one_service() {
	fresh
	theirs '10.2.0.0/24[tcp/7000]' '10.1.0.0/24[tcp]'
	ours '10.1.0.0/24[tcp]' '10.2.0.0/24[tcp/7000]' && we_come &&
		agreed '10.1.0.0/24[tcp]' '10.2.0.0/24[tcp/7000]' && tcp_passes hostA hostB 10.2.0.2 && refused 10.2.0.2
}

nothing_in_common() { # we|they
	fresh
	theirs 10.2.0.0/24 10.1.0.0/24
	case $1 in
	we) ours 10.9.0.0/16 10.2.0.0/24 && we_fail 'refused our traffic selectors .TS_UNACCEPTABLE.: we offered 10.9.0.0/16 here, 10.2.0.0/24 there' ;;
	they)
		ours 10.9.0.0/16 10.2.0.0/24 'start = "passive"' &&
			they_fail 'selectors have nothing in common with ours .here 10.9.0.0/16, there 10.2.0.0/24.'
		;;
	esac
}

ktap_run "the module, two sites, more subnets" subnets
ktap_run "the same lists: we initiate" equal_lists we
ktap_run "from there" from_there
ktap_run "what is outside of them is refused" outside
ktap_run "status for people" for_people
ktap_run "we rekey: the same selectors" rekeyed we
ktap_run "they rekey: the same selectors" rekeyed they
ktap_run "the same lists: they initiate" equal_lists they
ktap_run "what is outside of them is refused" outside
ktap_run "they want less" narrowed_by_them
ktap_run "they want less: either rekeys, nothing is lost" both_rekeyed 10.1.0.0/24 10.2.0.0/25
ktap_run "we want less" narrowed_by_us
ktap_run "we want less: either rekeys, nothing is lost" \
	both_rekeyed 10.1.0.0/24 "10.2.0.0/24, 10.3.0.0/24, 10.4.0.8/29"
ktap_run "one service" one_service
ktap_run "nothing in common: we initiate" nothing_in_common we
ktap_run "nothing in common: they initiate" nothing_in_common they
fresh
flow_end
ktap_end
