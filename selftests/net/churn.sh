#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Devices and SA pairs are changed from all processors at once, under floods: nothing is
# lost that need not be, and events and dumps agree.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 6

SECONDS_EACH=8

setup() {
	modprobe ipsvti && topo_up && links_up 4 && sysctl -qw net.core.netdev_max_backlog=20000 &&
		ip -n gwA addr add 192.0.2.9/24 dev wan && ip -n gwB addr add 198.51.100.9/24 dev wan
}

churn() { # MODE
	"$NET/churn.py" "$1" "$SECONDS_EACH" >"$WORK/churn" 2>&1
	local status=$?
	cat "$WORK/churn"
	DID=$(tail -n 1 "$WORK/churn")
	[ "$status" = 0 ] && return
	drops gwA
	drops gwB
	lost_where
}

# The last change holds, option by option.
last_change() {
	local want
	want=$(jq -cS '.has | {ttl, dscp, df, "mss-clamp", "pre-frag", fwmark, link}' <<<"$DID") || return
	echo "$want"
	ip -n gwA -d -j link show vti0 | jq '.[0].linkinfo.info_data'
	ip -n gwA -d -j link show vti0 | jq -e --argjson want "$want" '.[0].linkinfo.info_data as $is |
		($want.ttl // 0 | if . == 0 then "auto" else . end) == $is.ttl and
		($want.dscp // 64 | if . == 64 then "copy" else . end) == $is.dscp and
		($want.df // "copy") == $is.df and
		($want.fwmark // 0 | if . == 0 then null else "0x4d" end) == $is.fwmark and
		($want.link // 0 | if . == 0 then null else "wan" end) == $is.link' || return 1
}

works() {
	links_down
	links_up 4 && pair_up 1 && ping_across 4 && ping_across 6 && tcp_across 4 200000
}

ktap_run "set up" setup
ktap_run "options change under a flood: nothing is lost" churn links
echo "# $DID"
ktap_run "the last change holds" last_change
ktap_run "pairs come and go under a flood: events and dumps agree" churn pairs
echo "# $DID"
ktap_run "addresses change too: events and dumps agree" churn all
echo "# $DID"
ktap_run "and then it works as ever" works
ktap_end
