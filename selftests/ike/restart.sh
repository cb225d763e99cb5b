#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An agent is killed, started again, stopped and started, while a packet passes each way
# every millisecond: how many are lost? So many milliseconds the user was without network.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"

ktap_plan 9

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

passed() { # NS: packets that its device has received
	in_ns "$1" cat /sys/class/net/vti0/statistics/rx_packets
}

more_pass() { # COUNT: in both directions
	local a b
	a=$(($(passed gwA) + $1)) b=$(($(passed gwB) + $1))
	wait_for 30 "[ \$(passed gwA) -ge $a ] && [ \$(passed gwB) -ge $b ]"
}

# under_flows MOST WHAT COMMAND...: at most MOST packets are lost in each direction, and
# none comes twice. MOST may name GAP, which the command has set.
under_flows() {
	local most=$1 what=$2 status said x n sent lost twice silence each=()
	shift 2
	if [ -z "${FLOW_PID:-}" ]; then
		# shellcheck disable=SC2034
		coproc FLOW { exec "$IPSVTI_TREE/selftests/ike/stream.py" hostA 10.1.0.2 hostB 10.2.0.2; }
	fi
	echo go >&"${FLOW[1]}" && read -r -t 60 said <&"${FLOW[0]}" && echo "$said" && [ "$said" = going ] &&
		more_pass 500 && "$@" && more_pass 500
	status=$?
	echo stop >&"${FLOW[1]}" && read -r -t 60 said <&"${FLOW[0]}" && echo "each way: $said" || return
	n='sent ([0-9]+) lost ([0-9]+) twice ([0-9]+) silence ([0-9]+)'
	[[ $said =~ ^$n\ $n$ ]] || return
	each=("AtoB ${BASH_REMATCH[*]:1:4}" "BtoA ${BASH_REMATCH[*]:5:4}")
	most=$((most))
	for x in "${each[@]}"; do
		read -r x sent lost twice silence <<<"$x"
		TOLD+=("$what: $x: $lost of $sent packets lost (at most $most), the longest silence $silence ms")
		[ "$lost" -le "$most" ] && [ "$twice" = 0 ] || status=1
	done
	return "$status"
}

# flow_end: as its sockets are in the namespaces
flow_end() {
	local pid=${FLOW_PID:-} to=${FLOW[1]:-}
	[ -n "$pid" ] || return 0
	exec {to}>&-
	wait "$pid"
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

# moment FILE PATTERN: of the last such line, in milliseconds
moment() {
	local line
	line=$(grep -E -- "$2" "$1" | tail -n 1)
	[ -n "$line" ] && date -d "${line:0:23}" +%s%3N
}

# An agent that is stopped deletes, and so there is no SA until there are new ones: as long
# as it takes to hear the answer, to end, to start, and to shake hands. The logs tell. How
# long a program takes to be started is the machine's affair; all else is the agent's, and
# measured in hundredths of a second.
GAP=0
restarted() { # NS
	local down stopped begun up own
	agent_end "$1" TERM && tail -n 5 "$OUT/$1.log" && down=$(moment "$OUT/$1.log" 'IKE SA .*: deleting, was established') &&
		stopped=$(moment "$OUT/$1.log" ' stopped$') && agent_start "$1" && wait_for 30 up &&
		! said "$1" 'found SAs of an earlier agent' && begun=$(moment "$OUT/$1.log" ' started, tunnels: ') &&
		up=$(moment "$OUT/$1.log" ' vti0: up: traffic to ') || return
	GAP=$((up - down)) own=$((stopped - down + up - begun))
	TOLD+=("stopped and started: $GAP ms without an SA, $((up - stopped)) of them from \"stopped\" to \"up\", $own of them (at most 1000) after DELETE and from \"started\" on")
	tail -n +1 "$OUT/$1.log"
	# (it tries at once, and does not wait for anything)
	[ "$GAP" -ge 0 ] && [ "$GAP" -le 4000 ] && [ "$own" -ge 0 ] && [ "$own" -le 1000 ]
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
ktap_run "it is started again, and says what it finds" under_flows 0 "started after it was killed" \
	steady gwA steady gwB started gwA
ktap_run "the same of the other end" under_flows 0 "the peer killed and started" \
	steady gwA steady gwB eval 'killed gwB && started gwB'
ktap_run "an agent is stopped and started" under_flows "GAP + 100" "stopped and started" restarted gwA
ktap_run "a passive one is killed: nothing is lost" \
	eval 'establish "start = \"passive\"" && under_flows 0 "passive, killed" killed gwB'
ktap_run "a passive one is started again" under_flows 0 "passive, started, then rekeyed by the peer" \
	steady gwA steady gwB passive_started
ktap_run "one is replaced by another, as in an upgrade" \
	eval 'establish && under_flows 0 "replaced" steady gwA steady gwB replaced gwA'
printf '# %s\n' "${TOLD[@]}"
agents_end
flow_end
ktap_end
