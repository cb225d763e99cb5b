# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of the agent share: an ipsvti gateway made of configuration, agent
# and device, and what a user wants to see pass through it. Sourced; brings in the
# topologies and KTAP of the lab.
#
# In every test the gateways are gw-a.example and gw-b.example and know one key.

# shellcheck source=selftests/lab/netns.sh
. "$IPSVTI_TREE/selftests/lab/netns.sh"

OUT=${IPSVTI_OUT:-/tmp}
PSK="a key that both gateways know"

# endpoints 4|6: the outer addresses, of the family.
endpoints() {
	case $1 in
	4) WAN_A=$GWA4 WAN_B=$GWB4 SEEN_A=$GWA4_SEEN SEEN_B=$GWB4_SEEN ;;
	6) WAN_A=$GWA6 WAN_B=$GWB6 SEEN_A=$GWA6 SEEN_B=$GWB6 ;;
	esac
}

secret() { # FILE KEY
	rm -f "$1"
	(umask 077 && echo "$2" >"$1")
}

# agent_conf gwA|gwB [LINE...]: a configuration without the device, and further lines.
# Under "ip netns exec" the folder appears as /etc/ipsvti.
agent_conf() {
	local ns=$1 dir=/etc/netns/$1/ipsvti
	local x=${ns#gw} local_ remote
	shift
	case $x in
	A) local_=$WAN_A remote=$SEEN_B ;;
	B) local_=$WAN_B remote=$SEEN_A ;;
	esac
	mkdir -p /etc/ipsvti "$dir"
	{
		echo "local = \"$local_\""
		echo "remote = \"$remote\""
		case $x in
		A) printf '%s\n' 'local-id = "gw-a.example"' 'remote-id = "gw-b.example"' ;;
		B) printf '%s\n' 'local-id = "gw-b.example"' 'remote-id = "gw-a.example"' ;;
		esac
		echo 'psk-file = "vti0.psk"'
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$dir/vti0.conf"
	secret "$dir/vti0.psk" "$PSK"
}

declare -A AGENT=()

# agent_start NS [OPTION...]: its log is $OUT/NS.log, new with each start.
agent_start() {
	: >"$OUT/$1.log"
	ip netns exec "$1" ipsvti-iked -v -s "/run/$1.sock" "${@:2}" >>"$OUT/$1.log" 2>&1 &
	AGENT[$1]=$!
	wait_for 20 "said $1 'started, tunnels' || ! kill -0 $!" && kill -0 $! && return
	cat "$OUT/$1.log"
	return 1
}

# agent_end NS [SIGNAL]: and wait until it is gone; its exit status.
agent_end() {
	local pid=${AGENT[$1]}
	kill -s "${2:-TERM}" "$pid" || return
	wait_for 30 "! kill -0 $pid" || return
	unset "AGENT[$1]"
	wait "$pid"
}

# agents_end: no agent, no device, no SA.
agents_end() {
	local ns
	for ns in "${!AGENT[@]}"; do
		agent_end "$ns" KILL 2>/dev/null
	done
	for ns in gwA gwB; do
		[ ! -e "/run/netns/$ns" ] || ip -n "$ns" link del vti0 2>/dev/null
	done
	return 0
}

# ctl NS COMMAND [TUNNEL]: the agent's answer, in JSON. (Its socket is a file: to enter the
# namespace for it would only take time.)
ctl() { ipsvtictl --json --socket "/run/$1.sock" "${@:2}"; }

# said NS PATTERN: whether the agent's log has such a line.
said() { grep -Eq -- "$2" "$OUT/$1.log"; }

# times NS PATTERN: how many such lines.
times() { grep -Ec -- "$2" "$OUT/$1.log"; }

# device NS: give vti0 its address, and send the other LAN into it.
device() {
	local mine theirs n
	case $1 in
	gwA) mine=1 theirs=2 ;;
	gwB) mine=2 theirs=1 ;;
	esac
	wait_for 10 "ip -n $1 link show vti0" || return
	n=$(ip -n "$1" -j addr show dev vti0 scope global | jq '[.[].addr_info[]?] | length')
	[ "$n" -gt 0 ] && return
	ip -n "$1" -batch - <<-EOT
		addr add 169.254.1.$mine/30 dev vti0
		link set vti0 up
		route add 10.$theirs.0.0/24 dev vti0
		route add fd00:$theirs::/64 dev vti0
	EOT
}

carrier() { # NS 0|1
	[ "$(in_ns "$1" cat /sys/class/net/vti0/carrier)" = "$2" ]
}

# pairs NS [JQ-FILTER]: the SA pairs of vti0 as the kernel has them.
pairs() {
	in_ns "$1" ipsvtictl --json sa show vti0 | jq -ce "${2:-.}"
}

# spi_out NS: SPI of the SA that is in use.
spi_out() {
	pairs "$1" '[.[] | select(.state == "active")][0].out.spi'
}

# one_pair NS: exactly one pair, and it is in use.
one_pair() {
	pairs "$1" 'length == 1 and .[0].state == "active"'
}

# pings_from HOST ADDRESS...: the path MTU may have to be found first for large ones;
# where routers do not fragment that costs a packet in each direction.
pings_from() {
	local host=$1 dst
	shift
	for dst; do
		in_ns "$host" ping -q -c 3 -i 0.1 -W 5 "$dst" &&
			wait_for 10 "in_ns $host ping -q -c 1 -W 1 -s 4000 $dst" || return
	done
}

# pings_pass: small and large, IPv4 and IPv6, from either host to the other.
pings_pass() {
	pings_from hostA 10.2.0.2 fd00:2::2 && pings_from hostB 10.1.0.2 fd00:1::2
}

# tcp_passes FROM TO ADDRESS: two megabytes arrive as they were sent.
tcp_passes() {
	local sum pid
	head -c 2000000 /dev/urandom >/tmp/sent
	rm -f /tmp/received
	ip netns exec "$2" timeout 60 socat -u TCP-LISTEN:7000,reuseaddr OPEN:/tmp/received,creat &
	pid=$!
	wait_for 10 "in_ns $2 ss -ltnH sport = :7000 | grep -q 7000" &&
		in_ns "$1" timeout 60 socat -u OPEN:/tmp/sent "TCP:$3:7000" &&
		wait "$pid" || return
	sum=$(sha256sum </tmp/sent)
	[ "$(sha256sum </tmp/received)" = "$sum" ] && echo "2000000 octets, sha256 $sum"
}

tcp_both_ways() {
	tcp_passes hostA hostB 10.2.0.2 && tcp_passes hostB hostA 10.1.0.2
}

# replies FILE: how many echo requests were answered.
replies() { grep -c 'icmp_seq=' "$1"; }

# all_answered FILE: each number once, from 1 to the last one. Requests that were
# under way when ping was ended are not counted.
all_answered() {
	local seen last
	seen=$(grep -oE 'icmp_seq=[0-9]+' "$1" | sort | uniq | wc -l)
	last=$(grep -oE 'icmp_seq=[0-9]+' "$1" | cut -d= -f2 | sort -n | tail -n 1)
	echo "$1: $(replies "$1") answers, $seen different, the last to request $last"
	[ "$seen" = "$last" ] && [ "$(replies "$1")" = "$seen" ]
}

# under_ping COMMAND...: while both hosts ping each other every 20 ms, with PING_SIZE octets.
# Succeeds if the command does and not one ping was lost or answered twice.
under_ping() {
	local a=$OUT/ping-a b=$OUT/ping-b pid_a pid_b status
	ip netns exec hostA ping -s "${PING_SIZE:-56}" -i 0.02 -W 5 -w 120 10.2.0.2 >"$a" &
	pid_a=$!
	ip netns exec hostB ping -s "${PING_SIZE:-56}" -i 0.02 -W 5 -w 120 10.1.0.2 >"$b" &
	pid_b=$!
	wait_for 20 "[ \$(replies $a) -gt 20 ] && [ \$(replies $b) -gt 20 ]" && "$@"
	status=$?
	local na nb
	na=$(($(replies "$a") + 20)) nb=$(($(replies "$b") + 20))
	wait_for 20 "[ \$(replies $a) -gt $na ] && [ \$(replies $b) -gt $nb ]" || status=1
	kill "$pid_a" "$pid_b"
	wait "$pid_a" "$pid_b"
	all_answered "$a" && all_answered "$b" && return "$status"
}
