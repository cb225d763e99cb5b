#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two branch offices behind one NAT, so that their gateways have the same address for the
# head office, which knows them by their identities: gwA and gwC, and gwB with a device for
# each. What happens to one is none of the other's business.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"

ktap_plan 10

# file NS NAME OUR-ID THEIR-ID LOCAL REMOTE KEY [LINE...]
file() {
	local dir=/etc/netns/$1/ipsvti
	mkdir -p /etc/ipsvti "$dir"
	{
		printf '%s = "%s"\n' local "$5" remote "$6" local-id "$3.example" remote-id "$4.example" psk-file "$2.psk"
		printf '%s\n' "${@:8}"
	} >"$dir/$2.conf"
	secret "$dir/$2.psk" "$7"
}

load() {
	modprobe ipsvti && topo_up nat=a && topo_ns gwC &&
		topo_link gwC wan 192.168.78.1/24 2001:db8:a:2::1/64 nat in2 192.168.78.254/24 2001:db8:a:2::fe/64 &&
		topo_default gwC 192.168.78.254 2001:db8:a:2::fe || return
	file gwA vti0 gw-a gw-b "$GWA4" "$GWB4" "the key of a"
	file gwC vti0 gw-c gw-b 192.168.78.1 "$GWB4" "the key of c"
	file gwB vti0 gw-b gw-a "$GWB4" "$GWA4_SEEN" "the key of a" 'start = "passive"'
	file gwB vti1 gw-b gw-c "$GWB4" "$GWA4_SEEN" "the key of c" 'start = "passive"'
}

# inside NS DEV ADDRESS
inside() {
	wait_for 10 "ip -n $1 link show $2" && ip -n "$1" -batch - <<-EOT
		addr add $3/30 dev $2
		link set $2 up
	EOT
}

# by DEV [FILTER]: the pair that the head office sends to that branch by
by() {
	in_ns gwB ipsvtictl --json sa show "$1" | jq -ce "[.[] | select(.state == \"active\")][0] | ${2:-.}"
}

port() { by "$1" '.["encap-dport"]'; }

arrived() { in_ns "$1" cat /sys/class/net/vti0/statistics/rx_packets; } # NS

# own NS ADDRESS: what is sent to that branch arrives there, and not at the other one
own() {
	local other=gwC here there
	[ "$1" = gwA ] || other=gwA
	here=$(arrived "$1") there=$(arrived "$other")
	in_ns gwB ping -q -c 5 -i 0.1 -W 5 "$2" && [ "$(arrived "$1")" -ge $((here + 5)) ] &&
		[ "$(arrived "$other")" -lt $((there + 5)) ]
}

each_its_own() { own gwA 169.254.1.1 && own gwC 169.254.3.1; }

come_up() {
	agent_start gwB && agent_start gwA && agent_start gwC && inside gwA vti0 169.254.1.1 && inside gwC vti0 169.254.3.1 &&
		inside gwB vti0 169.254.1.2 && inside gwB vti1 169.254.3.2 &&
		wait_for 30 'by vti0 && by vti1 && carrier gwA 1 && carrier gwC 1'
}

# They have one address, so they must have two ports, and IKE and ESP the same one.
told_apart() {
	local dev
	for dev in vti0 vti1; do
		by "$dev" '.encap == "udp"' || return
		ctl gwB show "$dev" | grep -F "$GWA4_SEEN" && ctl gwB show "$dev" | grep -E "\b$(port "$dev")\b" || return
	done
	[ "$(port vti0)" != "$(port vti1)" ] && said gwB 'vti0: .*CHILD SA .*installed' && said gwB 'vti1: .*CHILD SA .*installed' && each_its_own
}

# under_pings COMMAND...: while both branches ping the head office every 20 ms; none is lost
under_pings() {
	local ns status pids=() bad=0
	ip netns exec gwA ping -i 0.02 -W 5 -w 120 169.254.1.2 >"$OUT/ping-gwA" &
	pids+=($!)
	ip netns exec gwC ping -i 0.02 -W 5 -w 120 169.254.3.2 >"$OUT/ping-gwC" &
	pids+=($!)
	wait_for 20 "[ \$(replies $OUT/ping-gwA) -gt 20 ] && [ \$(replies $OUT/ping-gwC) -gt 20 ]" && "$@"
	status=$?
	kill "${pids[@]}"
	wait "${pids[@]}"
	for ns in gwA gwC; do
		all_answered "$OUT/ping-$ns" || bad=1
	done
	[ "$bad" = 0 ] && return "$status"
}

other_spi() { # DEV SPI: it sends by another pair than that
	[ "$(by "$1" .out.spi)" != "$2" ]
}

# rekeyed NS TUNNEL DEV: that agent is asked for it, and it is the pair of that device which
# changes, and no other.
rekeyed() {
	local was other=vti1 others
	[ "$3" = vti0 ] || other=vti0
	was=$(by "$3" .out.spi) others=$(by "$other" .out.spi)
	ctl "$1" rekey "$2" && wait_for 30 "other_spi $3 $was" && [ "$(by "$other" .out.spi)" = "$others" ]
}

rekeys() {
	rekeyed gwA vti0 vti0 && rekeyed gwC vti0 vti1 && rekeyed gwB vti0 vti0 && rekeyed gwB vti1 vti1
}

# The NAT forgets both; then each has the port that the other one had, or one of its own. Who
# is behind it speaks first.
rebound() {
	local a c
	a=$(port vti0) c=$(port vti1)
	ip -n nat link set out down && ip -n nat link set out up &&
		ip -n nat route replace default via 192.0.2.254 || return
	# Who had the port that the NAT keeps loses it to the other.
	set -- gwA 1 gwC 3
	[ "$a" != 4500 ] || set -- gwC 3 gwA 1
	wait_for 30 "in_ns $1 ping -q -c 1 -W 1 169.254.$2.2" && wait_for 30 "in_ns $3 ping -q -c 1 -W 1 169.254.$4.2" || return
	echo "ports: $a and $c, then $(port vti0) and $(port vti1)"
	[ "$(port vti0)" != "$a" ] && [ "$(port vti1)" != "$c" ] && each_its_own
}

# IKE has followed as well: who is asked now is the right one.
rekeys_after() { under_pings eval 'rekeyed gwB vti0 vti0 && rekeyed gwB vti1 vti1' && each_its_own; }

# All branches have another address then, which no tunnel is configured for.
moved() {
	ip -n nat -4 addr flush dev out && ip -n nat addr add 192.0.2.77/24 dev out &&
		ip -n nat route replace default via 192.0.2.254 && in_ns nat conntrack -F || return
	wait_for 30 'in_ns gwA ping -q -c 1 -W 1 169.254.1.2' && wait_for 30 'in_ns gwC ping -q -c 1 -W 1 169.254.3.2' || return
	by vti0 '.remote == "192.0.2.77"' && by vti1 '.remote == "192.0.2.77"' && [ "$(port vti0)" != "$(port vti1)" ] &&
		each_its_own && carrier gwA 1 && carrier gwC 1 && rekeys_after && by vti0 '.remote == "192.0.2.77"'
}

# INITIAL_CONTACT is about who says so, and not about an address.
one_restarts() {
	local c
	c=$(by vti1 .out.spi)
	ip netns exec gwC ping -i 0.02 -W 5 -w 120 169.254.3.2 >"$OUT/ping-gwC" &
	local pid=$!
	wait_for 20 "[ \$(replies $OUT/ping-gwC) -gt 20 ]" && agent_end gwA KILL
	in_ns gwA ipsvtictl sa flush vti0 && agent_start gwA && wait_for 30 'carrier gwA 1' &&
		wait_for 30 'in_ns gwA ping -q -c 1 -W 1 169.254.1.2'
	local status=$?
	kill "$pid"
	wait "$pid"
	all_answered "$OUT/ping-gwC" && [ "$status" = 0 ] && [ "$(by vti1 .out.spi)" = "$c" ] && each_its_own
}

# And so is a DELETE.
one_leaves() {
	local c
	c=$(by vti1 .out.spi)
	agent_end gwA TERM && wait_for 20 '[ "$(in_ns gwB cat /sys/class/net/vti0/carrier)" = 0 ]' &&
		[ "$(by vti1 .out.spi)" = "$c" ] && own gwC 169.254.3.1
}

ktap_run "the module, a NAT, and two gateways behind it" load
ktap_run "both come up" come_up
ktap_run "one address, two ports: each gets its own" told_apart
ktap_run "each is rekeyed by either side, no ping is lost" under_pings rekeys
ktap_run "the NAT forgets them, and they change their ports" rebound
ktap_run "the head office rekeys both, and asks the right one, no ping is lost" rekeys_after
ktap_run "the NAT has another address: each is followed there, and rekeyed" moved
ktap_run "one is killed and started again: the other one notices nothing" one_restarts
ktap_run "both have a pair for each direction, and nothing else" wait_for 30 \
	'pairs gwA "length == 1" && pairs gwC "length == 1" && pairs gwB "length == 1"'
ktap_run "one says good-bye: the other one stays" one_leaves
agents_end
ktap_end
