#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The NAT in front of strongSwan gets another address while packets pass (RFC 7296, section
# 2.23). ESP and IKE go there, whichever shows it first; what we ask for after that arrives, a
# new pair begins there, and nobody has seen an outage. Without MOBIKE.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
FAMILY=4 NAT=b
ktap_plan 14

# nat_gets ADDRESS: it forgets all that it has mapped to the other one.
nat_gets() {
	ip -n nat -4 addr flush dev out && ip -n nat addr add "$1/24" dev out &&
		ip -n nat route replace default via 198.51.100.254 && in_ns nat conntrack -F
}

# Where the kernel sends to, and where IKE does.
pair_at() { pairs gwA "[.[] | select(.state == \"active\")][0].remote == \"$1\""; }
ike_at() { ctl gwA status vti0 | jq -e ".tunnels[0][\"ike-sas\"] | length > 0 and all(.remote | startswith(\"$1:\"))"; }

outages() { in_ns gwA cat /sys/class/net/vti0/carrier_down_count; }

# no_outage COMMAND...: and the interface has not said that the tunnel is down
no_outage() {
	local before
	before=$(outages)
	"$@" && [ "$(outages)" = "$before" ] && ! said gwA 'does not answer any more'
}

# lost FILE: requests without an answer, but for the last ones
lost() {
	local last
	last=$(grep -oE 'icmp_seq=[0-9]+' "$1" | cut -d= -f2 | sort -n | tail -n 1)
	echo $((last - $(grep -oE 'icmp_seq=[0-9]+' "$1" | sort -u | wc -l)))
}

# moves_under_ping ADDRESS: each host pings the other one every 20 ms. What was on its way is
# lost, and what we send before a packet has come from there.
moves_under_ping() {
	local a=$OUT/ping-a b=$OUT/ping-b pid_a pid_b na nb status
	ip netns exec hostA ping -i 0.02 -W 5 -w 120 10.2.0.2 >"$a" &
	pid_a=$!
	ip netns exec hostB ping -i 0.02 -W 5 -w 120 10.1.0.2 >"$b" &
	pid_b=$!
	wait_for 20 "[ \$(replies $a) -gt 20 ] && [ \$(replies $b) -gt 20 ]" && nat_gets "$1"
	status=$?
	na=$(($(replies "$a") + 100)) nb=$(($(replies "$b") + 100))
	wait_for 20 "[ \$(replies $a) -gt $na ] && [ \$(replies $b) -gt $nb ]" || status=1
	kill "$pid_a" "$pid_b"
	wait "$pid_a" "$pid_b"
	echo "lost: $(lost "$a") and $(lost "$b")"
	[ "$(lost "$a")" -le 25 ] && [ "$(lost "$b")" -le 25 ] && return "$status"
}

moves() {
	moves_under_ping 198.51.100.77 && pair_at 198.51.100.77 && wait_for 10 'ike_at 198.51.100.77' &&
		said gwA 'vti0: the peer.s NAT has moved it to 198\.51\.100\.77 port [0-9]+'
}

# what has replaced the pair begins there
we_rekey_to_there() { we_rekey && pair_at 198.51.100.77; }

# Nothing passes but what asks whether the other one lives.
silence() {
	pause 60
	ike_at 198.51.100.77 && carrier gwA 1 && in_ns hostA ping -q -c 3 -i 0.1 -W 5 10.2.0.2
}

# No packet of theirs shows it, but a request: then ours are the first to go there.
request_shows_it() {
	nat_gets 198.51.100.88 && they_rekey_ike && wait_for 10 'ike_at 198.51.100.88' &&
		wait_for 20 'pair_at 198.51.100.88' && in_ns hostA ping -q -c 3 -i 0.1 -W 5 10.2.0.2
}

both_rekey() { we_rekey && we_rekey_ike && they_rekey && they_rekey_ike && wait_for 30 'pause 1; settled'; }

# Their daemon is killed and comes back from there; it knows nothing of us any more.
comes_back() {
	kill -KILL "$CHARON"
	wait "$CHARON"
	CHARON=
	in_ns gwB ip xfrm state flush
	in_ns gwB ip xfrm policy flush
	swan_start && swan --initiate --child lan --timeout 20 && wait_for 30 'pause 1; settled' &&
		pair_at 198.51.100.88 && pings_pass
}

# Their SAs pass on what there is; that they may come from there the new one has from the kernel.
agent_comes_back() {
	agent_end gwA KILL
	agent_start gwA && carrier gwA 1 && in_ns hostA ping -q -c 3 -i 0.1 -W 5 10.2.0.2 || return
	swan --terminate --ike site-a --force --timeout 5
	swan --initiate --child lan --timeout 20 && wait_for 30 'pause 1; settled' &&
		pair_at 198.51.100.88 && pings_pass
}

moves_back() {
	moves_under_ping "$GWB4_SEEN" && pair_at "$GWB4_SEEN" && wait_for 10 "ike_at $GWB4_SEEN" && we_rekey_ike
}

ktap_run "the module, two sites, and a NAT in front of them" load
ktap_run "the XFRM interface" swan_device
ktap_run "they initiate: the tunnel comes up" they_initiate
ktap_run "the NAT gets another address under ping: ESP and IKE go there" no_outage moves
ktap_run "we rekey the CHILD SA, nothing is lost" under_flow we_rekey_to_there
ktap_run "we rekey the IKE SA, nothing is lost" under_flow we_rekey_ike
ktap_run "a minute of silence: whether they live is asked there" no_outage silence
ktap_run "we authenticate anew, nothing is lost" under_flow we_reauth
ktap_run "they authenticate anew from there, nothing is lost" under_flow they_reauth
ktap_run "another address, and a request of theirs shows it first" no_outage request_shows_it
ktap_run "both rekey everything after that, nothing is lost" under_flow both_rekey
ktap_run "their daemon is killed, and comes back from there" comes_back
ktap_run "our agent is killed and started again, and they come from there" agent_comes_back
ktap_run "back at its first address" no_outage moves_back
fresh
flow_end
ktap_end
