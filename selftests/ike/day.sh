#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# selftests/lab/run -k uml-time selftests/ike/day.sh [HOURS]
#
# A day of virtual time: a CHILD SA lives an hour, an IKE SA four, as an operator has them;
# BIRD speaks BGP through the tunnel and a ping passes each second. No ping is lost, the BGP
# session is one, nothing flaps, and the agents are as large in the evening as in the morning.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"
# shellcheck source=selftests/ike/bgp.sh
. "$IPSVTI_TREE/selftests/ike/bgp.sh"

ktap_plan 8

HOURS=${1:-24}
TRAFFIC=$IPSVTI_TREE/selftests/net/traffic.py
GROWTH_KB=256

load() {
	modprobe ipsvti && topo_up && endpoints 4
}

up() { carrier gwA 1 && carrier gwB 1; }

establish() {
	agent_conf gwA 'child-lifetime = "1h"' 'ike-lifetime = "4h"'
	agent_conf gwB 'child-lifetime = "1h"' 'ike-lifetime = "4h"'
	agent_start gwB && agent_start gwA && addresses_only && wait_for 30 up
}

flaps() { in_ns "$1" cat /sys/class/net/vti0/carrier_changes; }

# VmRSS of the agents' processes, in kB: parent and ike of gwA, and of gwB
memory() {
	local pid
	for pid in "${AGENT[gwA]}" $(pgrep -P "${AGENT[gwA]}") "${AGENT[gwB]}" $(pgrep -P "${AGENT[gwB]}"); do
		awk '/^VmRSS:/ { printf "%s ", $2 }' "/proc/$pid/status"
	done
}

MEMORY=()
the_day() {
	local hour pid began
	FLAPS="$(flaps gwA) $(flaps gwB)"
	SAID_A=$(wc -l <"$OUT/gwA.log") SAID_B=$(wc -l <"$OUT/gwB.log")
	began=$(date +%s)
	echo "ping hostA 10.2.0.2 -c $((HOURS * 3600)) -i 1 -W 3" | "$TRAFFIC" >"$OUT/ping" 2>&1 &
	pid=$!
	for ((hour = 1; hour <= HOURS; hour++)); do
		pause $((began + hour * 3600 - $(date +%s)))
		MEMORY+=("$(memory)")
		echo "hour $hour: VmRSS ${MEMORY[-1]}kB"
	done
	wait_for 1000 "! kill -0 $pid"
	cat "$OUT/ping"
	TOLD+=("$(sed -n 's/^# //p' "$OUT/ping" | tail -n 1), in $(($(date +%s) - began)) s of the guest's time")
	[ "$(tail -n 1 "$OUT/ping")" = ok ]
}

# rekeyed NS WHAT PATTERN LEAST MOST
rekeyed() {
	local n
	n=$(times "$1" "$3")
	TOLD+=("$1: $n $2")
	[ "$n" -ge "$4" ] && [ "$n" -le "$5" ]
}

# In the last tenth of each life, or somewhat more often if both ends begin at once.
rekeys() {
	local ns
	for ns in gwA gwB; do
		rekeyed "$ns" "CHILD SAs" 'CHILD SA .*: installed' "$HOURS" $((HOURS * 10 / 9 + 3)) &&
			rekeyed "$ns" "rekeys of IKE SAs" 'IKE SA rekeyed by' $((HOURS / 4)) $((HOURS * 10 / 36 + 1)) || return
	done
}

nothing_flapped() {
	local now
	now="$(flaps gwA) $(flaps gwB)"
	echo "carrier changes: $FLAPS, then $now"
	up && [ "$now" = "$FLAPS" ] && ! {
		tail -n "+$((SAID_A + 1))" "$OUT/gwA.log"
		tail -n "+$((SAID_B + 1))" "$OUT/gwB.log"
	} | grep -E 'taken for dead|vti0: down|no SA|kernel refused|events of the kernel were lost|sent again'
}

# After the first hour all that is ever allocated once is there.
memory_is_flat() {
	local first last i
	read -ra first <<<"${MEMORY[0]}"
	read -ra last <<<"${MEMORY[-1]}"
	TOLD+=("VmRSS after 1 h: ${first[*]} kB, after $HOURS h: ${last[*]} kB (parent and ike of gwA, of gwB; at most $GROWTH_KB kB more)")
	[ "${#first[@]}" = 4 ] && [ "${#last[@]}" = 4 ] || return
	for i in 0 1 2 3; do
		[ $((last[i] - first[i])) -le "$GROWTH_KB" ] || return
	done
}

TOLD=()
ktap_run "the module and two sites" load
ktap_run "the tunnel comes up" establish
ktap_run "BGP tells the routes" bgp
ktap_run "$HOURS hours with a ping a second: none is lost" the_day
ktap_run "CHILD SAs were rekeyed each hour, IKE SAs each fourth" rekeys
ktap_run "one BGP session all the time" one_session
ktap_run "nothing flapped, no message was sent twice" nothing_flapped
ktap_run "the agents did not grow" memory_is_flat
printf '# %s\n' "${TOLD[@]}"
agents_end
ktap_end
