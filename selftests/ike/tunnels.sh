#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hundreds of tunnels in one agent, all between the same two addresses and told apart by
# who the peer says it is: they come up, carry, are rekeyed and reloaded, and what that
# costs is told.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"

ktap_plan 12

N=${1:-250}
IDLE=20 # seconds
LOOKS_MOST=1 # times what the same looks take another program
ONE_MOST=1024 # octets that the kernel says of one tunnel's pairs

load() {
	modprobe ipsvti && topo_up && endpoints 4
}

# one NS I [LINE]
one() {
	local dir=/etc/netns/$1/ipsvti
	case $1 in
	gwA) set -- "$@" "$WAN_A" "$SEEN_B" a b always ;;
	gwB) set -- "$@" "$WAN_B" "$SEEN_A" b a passive ;;
	esac
	[ $# = 7 ] && set -- "$1" "$2" "" "${@:3}"
	printf '%s\n' "local = \"$4\"" "remote = \"$5\"" "local-id = \"$6$2.example\"" "remote-id = \"$7$2.example\"" \
		'psk-file = "all.psk"' "start = \"$8\"" "$3" >"$dir/t$2.conf"
}

configure() {
	local ns i
	for ns in gwA gwB; do
		mkdir -p /etc/ipsvti "/etc/netns/$ns/ipsvti"
		secret "/etc/netns/$ns/ipsvti/all.psk" "$PSK"
		for ((i = 0; i < N; i++)); do
			one "$ns" "$i"
		done
	done
	in_ns gwA ipsvti-iked --test && in_ns gwB ipsvti-iked --test
}

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# took MOST WHAT COMMAND...: the bounds are for a machine most of which others may have
took() {
	local most=$1 what=$2 began ms
	shift 2
	began=$(now_ms)
	"$@" || return
	ms=$(($(now_ms) - began))
	TOLD+=("$what: $ms ms (at most $most)")
	[ "$ms" -le "$most" ]
}

# CPU time of an agent so far, both processes, in ms
processor() { # NS
	local pid sum=0 t
	for pid in "${AGENT[$1]}" $(pgrep -P "${AGENT[$1]}"); do
		t=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
		sum=$((sum + t * 10))
	done
	echo "$sum"
}

all_said() { wait_for 120 "[ \$(times gwA '$1') -ge $2 ] && [ \$(times gwB '$1') -ge $2 ]"; }

come_up() {
	agent_start gwB && agent_start gwA && all_said ': up: traffic to' "$N" &&
		TOLD+=("of the processor: gwA $(processor gwA) ms, gwB $(processor gwB) ms")
}

# spis NS: of all tunnels, "NAME SPI-IN SPI-OUT" of what is newest, sorted
spis() {
	ctl "$1" status | jq -r '.tunnels[] | "\(.name) \(.["ike-sas"][0]["child-sas"][0]["spi-in"]) \(.["ike-sas"][0]["child-sas"][0]["spi-out"])"' | sort
}

# One IKE SA, one CHILD SA each, and both ends mean the same.
as_wanted() {
	local ns
	for ns in gwA gwB; do
		ctl "$ns" status | jq -e "[.tunnels[] | select((.[\"ike-sas\"] | length) == 1 and (.[\"ike-sas\"][0][\"child-sas\"] | length) == 1)] | length == $N" || return
	done
	spis gwA >"$OUT/spis.A"
	spis gwB | awk '{ print $1, $3, $2 }' >"$OUT/spis.B"
	[ "$(cut -d ' ' -f 2 "$OUT/spis.A" | sort -u | wc -l)" = "$N" ] && cmp "$OUT/spis.A" "$OUT/spis.B"
}

# Two of them have the same addresses inside, in a VRF each.
inside() {
	local i net
	for ((i = 0; i < N; i++)); do
		net=10.$((64 + i / 256)).$((i % 256))
		[ "$i" -lt 2 ] && net=10.64.255
		echo "addr add $net.%/30 dev t$i"
		[ "$i" -lt 2 ] && printf '%s\n' "link add vrf$i type vrf table 10$i" "link set vrf$i up" "link set t$i master vrf$i"
		echo "link set t$i up"
	done >"$OUT/batch"
	sed 's/%/1/' "$OUT/batch" | ip -n gwA -batch - && sed 's/%/2/' "$OUT/batch" | ip -n gwB -batch -
}

# Through each of them passes a ping, and through each as many packets.
carry() {
	local i said to from bad=0
	inside || return
	coproc T { "$IPSVTI_TREE/selftests/net/traffic.py" 2>&1; }
	exec {to}>&"${T[1]}" {from}<&"${T[0]}"
	for ((i = 2; i < N; i++)); do
		echo "ping gwA 10.$((64 + i / 256)).$((i % 256)).2 -c 1 -W 5" >&"$to"
		while read -r -t 20 said <&"$from" && [ "$said" != ok ] && [ "$said" != "not ok" ]; do :; done
		[ "$said" = ok ] || bad=$((bad + 1))
	done
	kill "$T_PID"
	[ "$bad" = 0 ] || { echo "$bad tunnels carry nothing"; return 1; }
	for i in 0 1; do
		in_ns gwA ip vrf exec "vrf$i" ping -q -c 2 -i 0.1 -W 5 10.64.255.2 || return
	done
	in_ns gwB cat /sys/class/net/t{0,1,2}/statistics/rx_packets
}

# woken NS: how often an agent has waited for something, both processes
woken() {
	local pid
	for pid in "${AGENT[$1]}" $(pgrep -P "${AGENT[$1]}"); do
		cat "/proc/$pid/status"
	done | awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }'
}

# What an idle tunnel asks of the processor is a look at it once a second.  How long that
# takes is a matter of the machine and of what else it does; so another program looks at
# each as often at the same time.  An agent has DPD of each to do, too.
idle() {
	local a b wa wb looks pairs ms most began
	began=$(now_ms)
	a=$(processor gwA) b=$(processor gwB) wa=$(woken gwA) wb=$(woken gwB)
	in_ns gwA "$IPSVTI_TREE/selftests/ike/looks.py" "$IDLE" >"$OUT/looks" || return
	a=$(($(processor gwA) - a)) b=$(($(processor gwB) - b))
	wa=$(($(woken gwA) - wa)) wb=$(($(woken gwB) - wb))
	most=$(((N * ($(now_ms) - began) * 3) / 1000)) # for each tunnel, in each second
	read -r looks pairs ms <"$OUT/looks"
	TOLD+=("idle: of the processor gwA $a ms, gwB $b ms (at most $((ms * LOOKS_MOST)); $looks looks took $ms ms)")
	TOLD+=("idle: woken gwA $wa times, gwB $wb (at most $most)")
	[ "$looks" -ge "$N" ] && [ "$pairs" -ge "$looks" ] &&
		[ "$a" -le $((ms * LOOKS_MOST)) ] && [ "$b" -le $((ms * LOOKS_MOST)) ] &&
		[ "$wa" -le "$most" ] && [ "$wb" -le "$most" ]
}

# What the kernel is asked in these looks is of one tunnel each, whatever the processor says.
asks_of_one() {
	local t=/sys/kernel/tracing event looks octets
	echo 0 >"$t/tracing_on" && echo >"$t/trace" || return
	for event in "$t"/events/sock/sock_{send,recv}_length; do
		echo "family == 16 && common_pid == ${AGENT[gwA]}" >"$event/filter" && echo 1 >"$event/enable" || return
	done
	echo 1 >"$t/tracing_on"
	wait_for 20 "[ \$(grep -c sock_send_length $t/trace) -ge $N ]"
	echo 0 >"$t/tracing_on"
	read -r looks octets < <(awk '/sock_send_length/ { looks++ }
		/sock_recv_length/ { sub(/.* length = /, ""); octets += $0 + 0 }
		END { print looks + 0, octets + 0 }' "$t/trace")
	echo 0 >"$t/events/sock/enable"
	TOLD+=("idle: $looks requests to the kernel in a row, $octets octets of answers (at most $((looks * ONE_MOST)))")
	[ "$looks" -ge "$N" ] && [ "$octets" -ge $((looks * 100)) ] && [ "$octets" -le $((looks * ONE_MOST)) ]
}

rekey_all() {
	local n cpu
	n=$(times gwA 'CHILD SA .*: installed') cpu=$(processor gwA)
	ctl gwA status | jq -c '.tunnels[] | { command: "rekey", tunnel: .name }' >"$OUT/requests"
	in_ns gwA socat -t 30 - "UNIX-CONNECT:/run/gwA.sock" <"$OUT/requests" >"$OUT/answers"
	[ "$(grep -c '"ok"' "$OUT/answers")" = "$N" ] && all_said 'CHILD SA .*: installed' $((n + N)) || return
	TOLD+=("rekeying all: of the processor gwA $(($(processor gwA) - cpu)) ms")
}

status() { ctl gwA status | jq -e ".tunnels | length == $N"; }
# What it costs is what it takes when nothing else happens at the same time.
quick() {
	local try
	for try in 1 2 3; do
		took 3000 "status, try $try" status && return
	done
	return 1
}

# One tunnel changes: it alone is stopped and started.
reload() {
	spis gwA >"$OUT/before"
	one gwA 7 'esp = {"aes128gcm16"}' && one gwB 7 'esp = {"aes128gcm16"}'
	kill -HUP "${AGENT[gwB]}" "${AGENT[gwA]}"
	wait_for 30 "said gwA 'reload: tunnels unchanged: $((N - 1)), stopped: 1, started: 1'"
}
reloaded() {
	took 20000 "reload with one change" reload && wait_for 30 "[ \$(times gwA 't7: up: traffic') -ge 2 ]" || return
	spis gwA >"$OUT/after"
	diff "$OUT/before" "$OUT/after" >"$OUT/diff"
	[ "$(grep -c '^[<>] t7 ' "$OUT/diff")" = 2 ] && [ "$(grep -c '^[<>]' "$OUT/diff")" = 2 ]
}

memory() {
	local ns pid kb
	for ns in gwA gwB; do
		for pid in "${AGENT[$ns]}" $(pgrep -P "${AGENT[$ns]}"); do
			kb=$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status")
			TOLD+=("VmRSS: $ns, $(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -d ' ' -f 1,2): $kb kB (at most $((16384 + N * 64)))")
			[ "$kb" -le $((16384 + N * 64)) ] || return
		done
	done
}

# All of them speak at once, and no message finds the queue of a socket full.
queued() {
	local ns full
	for ns in gwA gwB; do
		full=$(in_ns "$ns" nstat -asz UdpRcvbufErrors | awk '/^UdpRcvbufErrors/ { print $2 }')
		TOLD+=("$ns: messages for which there was no room: $full")
		[ "$full" = 0 ] || return
	done
}

# Nobody is left with SAs, however long that takes: SIGTERM has three seconds from the last
# peer that answers.
ended() {
	agent_end gwA && wait_for 20 "ctl gwB status | jq -e '[.tunnels[][\"ike-sas\"][]] | length == 0'"
}

TOLD=()
ktap_run "the module and two sites" load
ktap_run "$N tunnels are configured" configure
ktap_run "all come up" took 120000 "all up" come_up
ktap_run "each has one IKE SA and one CHILD SA, the same at both ends" wait_for 30 as_wanted
ktap_run "each carries, two of them with the same addresses in two VRFs" carry
ktap_run "they cost little when nothing happens" idle
ktap_run "an idle tunnel asks the kernel for what is its own" asks_of_one
ktap_run "all are rekeyed at once" took 120000 "all rekeyed" rekey_all
ktap_run "status and a reload are quick, and touch nothing else" eval 'quick && wait_for 30 as_wanted && reloaded'
ktap_run "memory" memory
ktap_run "no message was too many" queued
ktap_run "an orderly end deletes all SAs" ended
printf '# %s\n' "${TOLD[@]}"
agents_end
ktap_end
