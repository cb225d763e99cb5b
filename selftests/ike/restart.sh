#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An agent is killed, started again, stopped and started, while a packet passes each way
# every millisecond: how many are lost? So many milliseconds the user was without network.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"

ktap_plan 9

FLOW=$IPSVTI_TREE/selftests/net/flow.py
TOLD=()

load() {
	modprobe ipsvti && topo_up && endpoints 4
}

up() { carrier gwA 1 && carrier gwB 1; }

establish() { # [LINE of gwB...]
	agents_end
	agent_conf gwA
	agent_conf gwB "$@"
	agent_start gwB && agent_start gwA && device gwA && device gwB && wait_for 30 up &&
		wait_for 40 'one_pair gwA && one_pair gwB' && pings_from hostA 10.2.0.2
}

flow_start() { # NAME FROM TO ADDRESS
	: >"$OUT/flow.$1"
	ip netns exec "$3" "$FLOW" recv "$4" 7000 >"$OUT/flow.$1" 2>&1 &
	FLOWS+=($!)
	wait_for 20 "grep -q ready $OUT/flow.$1" || return
	ip netns exec "$2" "$FLOW" send "$4" 7000 1 "$OUT/enough" >"$OUT/send.$1" 2>&1 &
	FLOWS+=($!)
}

passed() { # NS: packets that its device has received
	in_ns "$1" cat /sys/class/net/vti0/statistics/rx_packets
}

more_pass() { # COUNT: in both directions
	local a b
	a=$(($(passed gwA) + $1)) b=$(($(passed gwB) + $1))
	wait_for 30 "[ \$(passed gwA) -ge $a ] && [ \$(passed gwB) -ge $b ]"
}

# under_flows MOST WHAT COMMAND...: at most MOST packets are lost in each direction, and
# none comes twice.
under_flows() {
	local most=$1 what=$2 x status=0 said lost sent twice pid FLOWS=()
	shift 2
	rm -f "$OUT/enough"
	flow_start AtoB hostA hostB 10.2.0.2 && flow_start BtoA hostB hostA 10.1.0.2 && more_pass 500 && "$@" &&
		more_pass 500 || status=1
	touch "$OUT/enough"
	for pid in "${FLOWS[@]}"; do
		wait "$pid" || status=1
	done
	for x in AtoB BtoA; do
		cat "$OUT/flow.$x" "$OUT/send.$x"
		said=$(tail -n 1 "$OUT/flow.$x")
		lost=$(jq .lost <<<"$said") sent=$(jq .sent <<<"$said") twice=$(jq .duplicated <<<"$said")
		TOLD+=("$what: $x: $lost of $sent packets lost (at most $most)")
		[ "$lost" -le "$most" ] && [ "$twice" = 0 ] || status=1
	done
	return "$status"
}

killed() { # NS
	agent_end "$1" KILL
	more_pass 500 && up
}

# steady NS COMMAND...: its device keeps its carrier meanwhile, or BGP would end.
steady() {
	local ns=$1 was
	shift
	was=$(in_ns "$ns" cat /sys/class/net/vti0/carrier_changes)
	"$@" && [ "$(in_ns "$ns" cat /sys/class/net/vti0/carrier_changes)" = "$was" ]
}

# started NS: another agent finds SAs, says what becomes of them, and replaces them.
started() {
	local was
	was=$(spi_out "$1")
	agent_start "$1" && wait_for 30 "[ \"\$(spi_out $1)\" != $was ] && up" && more_pass 500 &&
		said "$1" 'vti0: found SAs of an earlier agent: they carry traffic until new ones replace them' &&
		said "$1" 'vti0: SA pairs of an earlier agent \([12]\) are replaced'
}

# A passive agent finds them as well, and waits; the peer makes new ones when it needs to,
# which it may have found already if there was no packet for a while.
passive_started() {
	local was
	was=$(spi_out gwB)
	agent_start gwB && said gwB 'vti0: found SAs of an earlier agent: they carry traffic until the peer' && more_pass 500 &&
		! said gwB 'initiating' && { [ "$(spi_out gwB)" != "$was" ] || ctl gwA rekey vti0; } &&
		wait_for 30 "[ \"\$(spi_out gwB)\" != $was ] && up" && more_pass 500
}

restarted() { # NS
	agent_end "$1" TERM && agent_start "$1" && wait_for 30 up && ! said "$1" 'found SAs of an earlier agent'
}

# replaced NS: by another agent, as an upgrade of the package does it: the old one says that
# it leaves the SAs to the next one, and both of its processes end.
replaced() {
	local agent=${AGENT[$1]} status
	kill -QUIT "$agent"
	wait "$agent"
	status=$?
	[ "$status" = 75 ] && said "$1" 'SIGQUIT: leaving at once' && up && started "$1"
}

ktap_run "the module and two sites" load
ktap_run "the tunnel comes up" establish
ktap_run "an agent is killed: nothing is lost" under_flows 0 "killed" killed gwA
ktap_run "it is started again, and says what it finds" under_flows 100 "started after it was killed" \
	steady gwA steady gwB started gwA
ktap_run "the same of the other end" under_flows 100 "the peer killed and started" \
	steady gwA steady gwB eval 'killed gwB && started gwB'
ktap_run "an agent is stopped and started" under_flows 4000 "stopped and started" restarted gwA
ktap_run "a passive one is killed: nothing is lost" \
	eval 'establish "start = \"passive\"" && under_flows 0 "passive, killed" killed gwB'
ktap_run "a passive one is started again" under_flows 100 "passive, started, then rekeyed by the peer" \
	steady gwA steady gwB passive_started
ktap_run "one is replaced by another, as in an upgrade" \
	eval 'establish && under_flows 100 "replaced" steady gwA steady gwB replaced gwA'
printf '# %s\n' "${TOLD[@]}"
agents_end
ktap_end
