#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The tracepoints: the life of pairs, what passed, and what was dropped and why.  That
# they agree with the counters for every reason is for drop.sh to see.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 8

T=/sys/kernel/tracing

setup() {
	modprobe ipsvti && topo_up && links_up 4 || return
	[ -e "$T/events" ] || mount -t tracefs nodev "$T" || return
	# IPv6 sends some packets by itself; what is traced was sent here.
	in_ns gwA sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1
	in_ns gwB sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1
	ls "$T/events/ipsvti"
	[ "$(cd "$T/events/ipsvti" && echo ipsvti_*)" = "ipsvti_drop ipsvti_rx ipsvti_sa ipsvti_tx" ]
}

trace_on() { echo >"$T/trace" && echo 1 >"$T/events/ipsvti/enable"; }

# traced EVENT TEXT: a line of that event has that text
traced() {
	grep -q " $1: .*$2" "$T/trace" && return
	echo "no $1 with $2:"
	cat "$T/trace"
	return 1
}

# states ID: what the trace has of a pair, "STATE:REASON ..."
states() {
	sed -n "s/.* ipsvti_sa: dev=vti0 pair=$1 state=\([^ ]*\) reason=\([^ ]*\) .*/\1:\2/p" "$T/trace" | tr '\n' ' '
}

hex() { printf 0x%08x "$1"; }

life() {
	local id spi id2 got
	trace_on || return
	read -r id spi < <(in_ns gwA ipsvtictl --json sa alloc vti0 | jq -r '[."pair-id", .in.spi] | @tsv')
	keys 1
	in_ns gwA ipsvtictl sa add vti0 in spi "$spi" out spi 0x2001 alg aes-gcm-16-256 keys "$WORK/gwA.1" \
		pair "$id" activate manual && in_ns gwA ipsvtictl sa activate vti0 "$id" || return
	keys 2 && sa_add gwA 2 && id2=$(pair_id gwA 2) && in_ns gwA ipsvtictl sa del vti0 "$id" || return
	got=$(states "$id")
	echo "$got"
	[ "$got" = "larval:none staged:none active:activated draining:activated gone:deleted " ] &&
		traced ipsvti_sa "pair=$id state=staged .*in=$(hex "$spi") out=0x00002001" || return
	in_ns gwA ipsvtictl sa flush vti0
	got=$(states "$id2")
	echo "$got"
	[ "$got" = "staged:none active:activated gone:flushed draining:flushed " ]
}

reservation() {
	local id
	id=$(in_ns gwA ipsvtictl --json sa alloc vti0 time 1 | jq '."pair-id"')
	wait_for 10 "[ '\$(states $id)' = 'larval:none gone:reservation-expired ' ] ||
		traced ipsvti_sa 'pair=$id state=gone reason=reservation-expired'"
}

# Numbers, and lengths of inner packets: 84 octets of IP, ICMP and ping.
passes() {
	pair_up 3 && trace_on && ping_across 4 || return
	local i
	for i in 1 2 3; do
		traced ipsvti_tx "dev=vti0 spi=$(hex "$(spi gwB 3)") seq=$i len=84" &&
			traced ipsvti_rx "dev=vti0 spi=$(hex "$(spi gwB 3)") seq=$i len=84" &&
			traced ipsvti_tx "dev=vti0 spi=$(hex "$(spi gwA 3)") seq=$i len=84" &&
			traced ipsvti_rx "dev=vti0 spi=$(hex "$(spi gwA 3)") seq=$i len=84" || return
	done
	[ "$(grep -c ' ipsvti_tx: ' "$T/trace")" = 6 ]
}

# A packet with other keys: the number that it claims is told, and that it is forged.
drop_received() {
	keys 4 && trace_on && in_ns gwB "$NET/esp.py" --from "$GWB4" --to "$GWA4" --spi "$(spi gwA 3)" \
		--keys "$WORK/gwB.4" --seq 77 &&
		wait_for 5 "traced ipsvti_drop 'dev=vti0 reason=rx_auth packets=1 spi=$(hex "$(spi gwA 3)") seq=77'"
}

# What is lost with the last pair has no SA, and what is too big has one.
drop_sent() {
	# The core's own tracepoint knows the reason, too, where it has a name for it.
	ip -n gwA link set vti0 mtu 1500 && trace_on && echo 1 >"$T/events/skb/kfree_skb/enable" || return
	in_ns hostA ip route flush cache
	in_ns hostA ping -n -c 1 -W 1 -M 'do' -s 1440 "$HOSTB4"
	traced ipsvti_drop "reason=tx_too_big packets=1 spi=$(hex "$(spi gwB 3)") seq=0" &&
		traced kfree_skb "reason: PKT_TOO_BIG" && echo 0 >"$T/events/skb/kfree_skb/enable" || return
	in_ns gwA ipsvtictl sa flush vti0
	in_ns hostA ping -n -c 1 -W 1 "$HOSTB4"
	traced ipsvti_drop "reason=tx_no_sa packets=1 spi=0x00000000 seq=0"
}

# Not one octet of a key, in any of the events.
no_keys() {
	local key salt
	trace_on && pair_up 5 && ping_across 4 && in_ns gwA ipsvtictl sa flush vti0 || return
	[ "$(grep -c ' ipsvti_' "$T/trace")" -ge 10 ] || return
	while read -r _ key salt; do
		! grep -qi -e "${key:0:8}" -e "$salt" "$T/trace" || { echo "a key is there"; return 1; }
	done <"$WORK/gwA.5"
}

off() {
	echo 0 >"$T/events/ipsvti/enable" && echo >"$T/trace"
	keys 6 && sa_add gwA 6 && ! grep ' ipsvti_' "$T/trace"
}

ktap_run "set up" setup
ktap_run "the life of a pair" life
ktap_run "a reservation" reservation
ktap_run "packets that pass" passes
ktap_run "a packet that is not authentic" drop_received
ktap_run "packets that cannot be sent" drop_sent
ktap_run "no keys" no_keys
ktap_run "switched off" off
ktap_end
