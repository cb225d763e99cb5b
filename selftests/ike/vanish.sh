#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A peer vanishes and comes back, with default configuration: how long does an
# operator's interface lie, and how long does he wait? Measured as a user sees it,
# by carrier and ping.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"

NOTICE_MS=15000 RETURN_MS=5000

ktap_plan 7

now_ms() { echo $(($(date +%s%N) / 1000000)); }

load() {
	modprobe ipsvti && topo_up && endpoints 4
}

up() { carrier gwA 1 && carrier gwB 1; }

# Everything as it comes, but for who they are. (Both begin: what the loser of the two IKE
# SAs had receives for another 10 s.)
start_both() {
	agents_end
	agent_conf gwA
	agent_conf gwB "$@"
	agent_start gwA && agent_start gwB && device gwA && device gwB && wait_for 30 up &&
		wait_for 20 'one_pair gwA && one_pair gwB' && pings_from hostA 10.2.0.2
}

wire() { in_ns inet sysctl -qw net.ipv4.ip_forward="$1"; }

# noticed NS...: the time until all of them have lost their carrier.
noticed() {
	local began ns ms
	began=$(now_ms)
	for ns; do
		wait_for 20 "carrier $ns 0" || return
	done
	ms=$(($(now_ms) - began))
	TOLD+=("$WHAT: noticed by $* after $ms ms (at most $NOTICE_MS)")
	[ "$ms" -le "$NOTICE_MS" ]
}

# returned: the time until a ping is answered again.
returned() {
	local began=$1 ms
	wait_for 20 'in_ns hostA ping -q -c 1 -W 0.3 10.2.0.2' || return
	ms=$(($(now_ms) - began))
	TOLD+=("$WHAT: carries again $ms ms after the return (at most $RETURN_MS)")
	[ "$ms" -le "$RETURN_MS" ] && wait_for 5 up
}

# Long enough for the waiting between two tries to be at its longest.
long_silence() {
	local n
	n=$(grep -c 'next try in' "$OUT/gwA.log")
	wait_for 60 "[ \$(grep -c 'next try in' $OUT/gwA.log) -gt $((n + 1)) ]"
}

cut() {
	WHAT="wire cut"
	start_both && wire 0 && noticed gwA gwB
}

mended() {
	local at
	long_silence && at=$(now_ms) && wire 1 && returned "$at" &&
		wait_for 40 'one_pair gwA && one_pair gwB'
}

killed() {
	WHAT="peer killed"
	agent_end gwB KILL
	in_ns gwB ipsvtictl sa flush vti0 && noticed gwA
}

started() {
	local at
	long_silence && at=$(now_ms) && agent_start gwB && returned "$at" &&
		wait_for 40 'one_pair gwA && one_pair gwB'
}

# The peer waits to be asked: it is up to us alone.
passive() {
	local at
	WHAT="passive peer killed"
	start_both 'start = "passive"' || return
	agent_end gwB KILL
	in_ns gwB ipsvtictl sa flush vti0 && noticed gwA && long_silence &&
		at=$(now_ms) && agent_start gwB && returned "$at"
}

# How often a request was not answered at once.
asked() { cat "$OUT"/gw?.log | grep -c 'sent again'; }

# Authentic ESP is a sign of life: nobody is asked, and nobody dies, though IKE
# does not get through. Without it the peer is dead in time.
esp_alone() {
	local ping status before
	WHAT="IKE cut, then ESP as well"
	start_both || return
	in_ns inet nft -f - <<-EOT || return
		table inet cut { chain c { type filter hook forward priority 0; udp dport 500 drop; udp dport 4500 drop; }; }
	EOT
	before=$(asked)
	ip netns exec hostA ping -i 0.2 -W 5 10.2.0.2 >"$OUT/ping" &
	ping=$!
	# This is what it takes to notice a dead peer, and then some.
	wait_for 60 '[ $(replies $OUT/ping) -gt 100 ]' && up && [ "$(asked)" = "$before" ]
	status=$?
	kill "$ping"
	wait "$ping"
	[ "$status" = 0 ] && noticed gwA gwB
	status=$?
	in_ns inet nft delete table inet cut
	return "$status"
}

TOLD=()
ktap_run "the module and two sites" load
ktap_run "the wire is cut: noticed in time" cut
ktap_run "the wire is mended: carries in time" mended
ktap_run "the peer is killed with its SAs: noticed in time" killed
ktap_run "the peer is started again: carries in time" started
ktap_run "a passive peer is killed, and started again" passive
ktap_run "ESP alone keeps a tunnel up, silence does not" esp_alone
printf '# %s\n' "${TOLD[@]}"
agents_end
ktap_end
