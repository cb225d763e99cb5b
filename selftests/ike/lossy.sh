#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An underlay that loses 3 % of all packets and reorders, while both ends rekey all the
# time, by themselves and at a word, under the BGP of BIRD: the user loses what the underlay
# loses, packet for packet, and nothing else happens to him.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"
# shellcheck source=selftests/ike/bgp.sh
. "$IPSVTI_TREE/selftests/ike/bgp.sh"

ktap_plan 9

FLOW=$IPSVTI_TREE/selftests/net/flow.py
ROUNDS=${1:-36} # each 2 s

load() {
	modprobe ipsvti && topo_up && endpoints 4
}

# ESP and IKE each have a netem of their own, which counts what it drops.
underlay() {
	local dev
	for dev in toA toB; do
		in_ns inet tc -batch - <<-EOT || return
			qdisc add dev $dev root handle 1: prio bands 3 priomap 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2
			qdisc add dev $dev parent 1:1 handle 11: netem loss 3% delay 10ms 9ms limit 10000
			qdisc add dev $dev parent 1:2 handle 12: netem loss 3% delay 10ms 9ms limit 10000
			filter add dev $dev parent 1: protocol ip prio 1 u32 match ip protocol 50 0xff flowid 1:1
			filter add dev $dev parent 1: protocol ip prio 1 u32 match ip protocol 17 0xff flowid 1:2
		EOT
	done
}

dropped() { # DEV HANDLE
	in_ns inet tc -s -j qdisc show dev "$1" | jq -e "[.[] | select(.handle == \"$2:\")][0].drops"
}

up() { carrier gwA 1 && carrier gwB 1; }

establish() {
	agents_end
	agent_conf gwA 'child-lifetime = "20s"' 'ike-lifetime = "50s"'
	agent_conf gwB 'child-lifetime = "20s"' 'ike-lifetime = "50s"'
	agent_start gwB && agent_start gwA && addresses_only && wait_for 60 up
}

counter() { in_ns "$1" cat "/sys/class/net/vti0/statistics/$2"; }
flaps() { in_ns "$1" cat /sys/class/net/vti0/carrier_changes; }

flow() { # NAME FROM TO ADDRESS
	ip netns exec "$3" "$FLOW" recv "$4" 7000 >"$OUT/flow.$1" 2>&1 &
	BACK+=($!)
	wait_for 20 "grep -q ready $OUT/flow.$1" || return
	ip netns exec "$2" "$FLOW" send "$4" 7000 5 "$OUT/enough" >"$OUT/send.$1" 2>&1 &
	BACK+=($!)
}

BACK=()
traffic() {
	rm -f "$OUT/enough"
	FLAPS="$(flaps gwA) $(flaps gwB)"
	flow AtoB hostA hostB 10.2.0.2 && flow BtoA hostB hostA 10.1.0.2
}

# One end, the other, both at once; sometimes the IKE SA, sometimes both kinds.
rekeys() {
	local n
	for ((n = 0; n < ROUNDS; n++)); do
		case $((n % 6)) in
		0) ctl gwA rekey vti0 ;;
		1) ctl gwB rekey vti0 ;;
		2) ctl gwA rekey-ike vti0 ;;
		3) ctl gwA rekey vti0 && ctl gwB rekey vti0 ;;
		4) ctl gwB rekey-ike vti0 ;;
		5) ctl gwA rekey-ike vti0 && ctl gwB rekey vti0 ;;
		esac || return
		pause 2
	done
}

settled() { one_pair gwA && one_pair gwB; }

traffic_ends() {
	local pid status=0
	touch "$OUT/enough"
	for pid in "${BACK[@]}"; do
		wait "$pid" || status=1
	done
	cat "$OUT"/flow.* "$OUT"/send.*
	TOLD+=("flows: $(tail -qn 1 "$OUT/flow.AtoB" "$OUT/flow.BtoA" | paste -sd ';')")
	[ "$status" = 0 ] && wait_for 60 settled
}

# same_loss FROM TO DEV: of what went into the tunnel at one end, all but what netem has
# dropped came out at the other one, once nothing is under way.
same_loss() {
	local in out lost
	in=$(counter "$1" tx_packets) out=$(counter "$2" rx_packets) lost=$(dropped "$3" 11)
	SAID="$1 to $2: $in packets into the tunnel, $out out of it, $lost lost by the underlay; $(dropped "$3" 12) of IKE"
	[ "$lost" -gt 0 ] && [ $((in - out)) = "$lost" ]
}

# (the end of a TCP connection is sent again, too)
losses() {
	local way status=0
	bgp_end || return
	for way in "gwA gwB toB" "gwB gwA toA"; do
		wait_for 20 "same_loss $way" || status=1
		TOLD+=("$SAID")
		echo "$SAID"
	done
	return "$status"
}

# As many rekeys as there were words for them, and those by time; each end began some.
count_rekeys() {
	local ns child ike again
	for ns in gwA gwB; do
		child=$(times "$ns" 'CHILD SA .*: installed') ike=$(times "$ns" 'IKE SA rekeyed by')
		again=$(times "$ns" 'sent again')
		TOLD+=("$ns: $child CHILD SAs, $ike IKE SAs rekeyed, $(times "$ns" 'IKE SA rekeyed by us') of them by it; $again requests sent again")
		[ "$child" -ge $((ROUNDS / 2)) ] && [ "$ike" -ge $((ROUNDS / 3)) ] && said "$ns" 'IKE SA rekeyed by us' || return
	done
}

nothing_else() {
	local now
	now="$(flaps gwA) $(flaps gwB)"
	echo "carrier changes: $FLAPS, then $now"
	up && [ "$now" = "$FLAPS" ] && ! grep -E 'taken for dead|vti0: down|no SA|kernel refused' "$OUT"/gw?.log
}

TOLD=() SAID=
ktap_run "the module and two sites" load
ktap_run "an underlay that loses and reorders" underlay
ktap_run "the tunnel comes up" establish
BGP_TIMES=(1 6)
ktap_run "BGP tells the routes" bgp
ktap_run "rekeys by both ends under traffic" eval 'traffic && rekeys && traffic_ends'
ktap_run "one BGP session all the time, though 6 s of silence would end it" one_session
ktap_run "packets lost in the tunnel are those that the underlay lost" losses
ktap_run "every rekey came through" count_rekeys
ktap_run "the carrier never went, and no peer was taken for dead" nothing_else
printf '# %s\n' "${TOLD[@]}"
agents_end
ktap_end
