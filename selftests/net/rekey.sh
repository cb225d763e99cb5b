#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SA pairs replaced one after the other under traffic in both directions: not one
# packet lost, duplicated or reordered.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
# Only the fastest kernel is asked to keep the time.
EACH=7 SPARSE=200
[ "$IPSVTI_KERNEL" != uml-time ] || EACH=8 SPARSE=20
ktap_plan $((6 + 2 * EACH))

# Milliseconds between two datagrams each way, and how often the pair is replaced.
PAUSE=1 REKEYS=8

setup() {
	modprobe ipsvti && topo_up && links_up 4 && pair_up 1 &&
		ping_across 4 && ping_across 6
}

# A device has eight pairs at most, and where processes start fast eight are not gone yet.
room() { # GW
	[ "$(in_ns "$1" ipsvtictl --json sa show vti0 | jq length)" -lt 8 ]
}

# Pair N comes as a key daemon brings it: the responder (B) first, which will send
# with it when it has seen a packet, then the initiator (A), at once; the old one
# goes when the new one is in use, and what of it is still under way is let in.
rekey() { # N
	local n=$1 old=$(($1 - 1))
	keys "$n" &&
		wait_for 10 'room gwA && room gwB' &&
		sa_add gwB "$n" 256 activate first-rx &&
		sa_add gwA "$n" 256 activate now &&
		wait_for 10 "[ \"\$(state gwB $n)\" = active ]" || return
	in_ns gwA ipsvtictl sa del vti0 "$(pair_id gwA "$old")" grace 5 &&
		in_ns gwB ipsvtictl sa del vti0 "$(pair_id gwB "$old")" grace 5
}

# A sender stays on one processor: if the scheduler moves it, packets that wait in the
# veth queue of the one it left are overtaken there, by no fault of the tunnel.
flow() { # NAME FROM TO ADDR PROCESSOR
	in_ns "$3" "$NET/flow.py" recv "$4" 7000 >"$WORK/flow.$1" 2>&1 &
	wait_for 20 "grep -q ready '$WORK/flow.$1'" || { cat "$WORK/flow.$1"; return 1; }
	in_ns "$2" taskset -c "$5" "$NET/flow.py" send "$4" 7000 "$PAUSE" "$WORK/enough" >"$WORK/send.$1" 2>&1 &
	SENDERS+=($!)
}

flows_and_rekeys() {
	local n
	flow there hostA hostB "$HOSTB4" 0 &&
		flow back hostB hostA "$HOSTA6" $(($(nproc) - 1)) || return
	for ((n = 2; n < 2 + REKEYS; n++)); do
		rekey "$n" || { echo "rekey $n of $((REKEYS + 1)) failed"; return 1; }
	done
}

# The flows end in any case: what comes next counts on it.
under_traffic() {
	local pid status
	SENDERS=()
	flows_and_rekeys
	status=$?
	touch "$WORK/enough"
	for pid in "${SENDERS[@]}"; do
		wait "$pid" || { cat "$WORK"/send.*; status=1; }
	done
	return "$status"
}

unharmed() { # NAME
	wait_for 15 "grep -q received '$WORK/flow.$1'" || return
	tail -n 1 "$WORK/flow.$1"
	tail -n 1 "$WORK/flow.$1" |
		jq -e '.sent > 300 and .lost == 0 and .duplicated == 0 and .reordered == 0' || lost_where
}

# All was sent by the SAs and nothing dropped, anywhere.
no_drops() {
	local gw
	for gw in gwA gwB; do
		drops "$gw" && return 1
	done
	return 0
}

# The grace of the old ones runs out, and one pair is left at either end.
one_left() {
	local gw
	for gw in gwA gwB; do
		wait_for 15 "[ \"\$(in_ns $gw ipsvtictl --json sa show vti0 | jq -r 'map(.state) | join(\" \")')\" = active ]" || return
		[ "$(carrier "$gw")" = 1 ] || return
	done
	ping_across 4 && ping_across 6
}

# By the clock, 50 ms each, under UDP and TCP both ways.
EVERY=50 TIMES=120

# What waits for a processor must neither be thrown away nor, by a clock that runs on
# while the machine does not, be taken for lost: TCP sends again only what it has reason
# to believe was lost or overtaken.
patient() {
	local host
	sysctl -qw net.core.netdev_max_backlog=20000
	for host in hostA hostB; do
		in_ns "$host" sysctl -qw net.ipv4.tcp_early_retrans=0 || return
	done
	ip -n hostA route change default via 10.1.0.1 rto_min 20s &&
		ip -n hostB route change default via 10.2.0.1 rto_min 20s &&
		ip -n hostA -6 route change default via fd00:1::1 rto_min 20s &&
		ip -n hostB -6 route change default via fd00:2::1 rto_min 20s
}

clocked() { # OUTER none|udp
	links_down
	encap_up gwA && encap_up gwB && links_up "$1" && patient || return
	"$NET/rekeys.py" "$TIMES" "$EVERY" "$2" >"$WORK/clocked" || { cat "$WORK/clocked"; return 1; }
	cat "$WORK/clocked"
	jq -e ".rekeys == $TIMES" "$WORK/clocked" || return 1
}

clocked_is() { # FILTER
	cat "$WORK/clocked"
	jq -e "$1" "$WORK/clocked" || return 1 # also if there is nothing in it
}

# A flow of which little came has not been under way all the time: of datagrams, of which one is to
# be sent each millisecond, there is one for each 20 at least, or for 200 where all is slow.
all_came() { # WAY
	clocked_is "(.rekeys * .milliseconds / $SPARSE) as \$least |
		.flows.\"UDP, $1\" | .sent > $TIMES and .sent >= \$least and .received == .sent and .lost == 0 and
			.duplicated == 0 and .reordered == 0" || lost_where
}

by_the_clock() { # OUTER none|udp
	local way name="outer IPv$1, encap $2"
	ktap_run "$name: $TIMES rekeys, one every $EVERY ms, under UDP and TCP" clocked "$@"
	echo "# one every $(jq .milliseconds "$WORK/clocked") ms"
	[ "$IPSVTI_KERNEL" != uml-time ] || ktap_run "$name: one every 60 ms at most" clocked_is '.milliseconds <= 60'
	for way in "hostA to hostB" "hostB to hostA"; do
		ktap_run "$name: UDP from $way: none lost, none twice, none out of order" all_came "$way"
		ktap_run "$name: TCP from $way: as it was sent" clocked_is \
			".flows | [.\"TCP, IPv4, $way\", .\"TCP, IPv6, $way\"] |
				all(.sent > 1000 * $TIMES and .received == .sent and .right)"
	done
	ktap_run "$name: no TCP segment was sent again or came out of order" clocked_is '.tcp | add == 0'
	ktap_run "$name: nothing was dropped" no_drops
}

ktap_run "set up" setup
ktap_run "pairs are replaced under traffic" under_traffic
ktap_run "IPv4 from A to B: none lost, none twice, none out of order" unharmed there
ktap_run "IPv6 from B to A: none lost, none twice, none out of order" unharmed back
ktap_run "nothing was dropped" no_drops
ktap_run "one pair is left, and works" one_left
by_the_clock 4 none
by_the_clock 6 udp
ktap_end
