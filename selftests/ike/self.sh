#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The agent against itself: what an operator does to it, and what he wants to see.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"

ktap_plan 23

load() {
	modprobe ipsvti && topo_up && endpoints 4
}

# Nothing is touched, and the errors name their lines.
bad_configuration() {
	local said
	agent_conf gwA 'child-lifetime = "1 hour"' 'dpd_interval = "10s"'
	chmod 644 /etc/netns/gwA/ipsvti/vti0.psk
	said=$(in_ns gwA ipsvti-iked --test 2>&1) && return 1
	echo "$said"
	grep -q '^/etc/ipsvti/vti0.conf:7: unknown key "dpd_interval"; did you mean "dpd-interval"?$' <<<"$said" || return
	sed -i '$d' /etc/netns/gwA/ipsvti/vti0.conf
	said=$(in_ns gwA ipsvti-iked -s /run/gwA.sock 2>&1) && return 1
	echo "$said"
	grep -q '^/etc/ipsvti/vti0.conf:5: psk-file: .* has mode 0644' <<<"$said" &&
		grep -q '^/etc/ipsvti/vti0.conf:6: child-lifetime: "1 hour" is not a duration' <<<"$said" &&
		! ip -n gwA link show vti0
}

up() { carrier gwA 1 && carrier gwB 1; }
down() { carrier gwA 0 && carrier gwB 0; }
settled() { one_pair gwA && one_pair gwB; }

# start_both [LINE...]: gwB waits to be asked; the lines are for gwA.
start_both() {
	agents_end
	agent_conf gwA "$@"
	agent_conf gwB 'start = "passive"'
	agent_start gwB && agent_start gwA && device gwA && device gwB
}

establish() {
	start_both && wait_for 30 up && said gwA '^[^ ]* [^ ]* vti0: .*(up|established)'
}

rekey() { # NS
	local was_a was_b
	was_a=$(spi_out gwA) was_b=$(spi_out gwB)
	ctl "$1" rekey vti0 &&
		wait_for 20 "[ \"\$(spi_out gwA)\" != $was_a ] && [ \"\$(spi_out gwB)\" != $was_b ]" &&
		wait_for 40 settled && up
}

rekey_ike() { # NS
	local was
	was=$(ctl "$1" status | jq -r '.tunnels[0]["ike-sas"][0]["spi-i"]')
	ctl "$1" rekey-ike vti0 &&
		wait_for 20 "ctl $1 status | jq -e '.tunnels[0][\"ike-sas\"] | length == 1 and .[0][\"spi-i\"] != \"$was\"'"
}

# Each message may be in fragments, as a key of ML-KEM is 1184 octets long.
with_ml_kem() {
	local ke=x25519-ke1_mlkem768 ns
	agents_end
	agent_conf gwA "ike = {aes256gcm16-prfsha384-$ke}" "esp = {aes256gcm16-$ke}"
	agent_conf gwB 'start = "passive"' "ike = {aes256gcm16-prfsha384-$ke}" "esp = {aes256gcm16-$ke}"
	agent_start gwB && agent_start gwA && device gwA && device gwB && wait_for 30 up || return
	under_ping eval 'rekey gwA && rekey gwB && rekey_ike gwA && rekey_ike gwB' || return
	for ns in gwA gwB; do
		ctl "$ns" status | jq -e --arg ke "$ke" '.tunnels[0]["ike-sas"][0] |
			.suite == "aes256gcm16-prfsha384-" + $ke and
			(.["child-sas"][0].suite | startswith("aes256gcm16-" + $ke))' || return
	done
}

capabilities() { # CAP_NET_ADMIN is bit 12; nothing can be had in addition
	grep -E '^Cap(Prm|Eff|Bnd):' "/proc/${AGENT[gwA]}/status"
	[ "$(grep -Ec '^Cap(Prm|Eff):[[:space:]]0*1000$' "/proc/${AGENT[gwA]}/status")" = 2 ] &&
		grep -Eq '^CapBnd:[[:space:]]0*$' "/proc/${AGENT[gwA]}/status"
}

# Twice in a life: nobody asked for it, and nobody lost a packet.
rekeys_by_itself() {
	start_both 'child-lifetime = "10s"' && wait_for 30 up && under_ping two_rekeys
}
two_rekeys() {
	local n was
	for n in 1 2; do
		was=$(spi_out gwA)
		wait_for 30 "[ \"\$(spi_out gwA)\" != $was ] && up" || return
		echo "rekey $n: $was, then $(spi_out gwA)"
	done
}

reload_without_change() {
	local was
	start_both && wait_for 30 up || return
	was=$(spi_out gwA)
	echo '# a comment' >>/etc/netns/gwA/ipsvti/vti0.conf
	kill -HUP "${AGENT[gwA]}"
	wait_for 10 "said gwA 'reload: tunnels unchanged: 1'" && [ "$(spi_out gwA)" = "$was" ] &&
		echo 'nonsense = 1' >>/etc/netns/gwA/ipsvti/vti0.conf || return
	kill -HUP "${AGENT[gwA]}"
	wait_for 10 "said gwA 'the configuration stays as it was'" && [ "$(spi_out gwA)" = "$was" ] && up
}

reload_with_change() {
	local was
	was=$(spi_out gwA)
	agent_conf gwA 'esp = {"aes128gcm16"}'
	kill -HUP "${AGENT[gwA]}"
	wait_for 30 "[ \"\$(pairs gwA '.[] | select(.state == \"active\").out.alg')\" = '\"aes-gcm-16-128\"' ]" &&
		wait_for 20 up && pings_pass
}

# The data path does not need the agent.
killed() {
	agent_end gwA KILL
	up && under_ping true && up
}

# Another agent takes over, and what the first one left behind goes away.
comes_back() {
	local was
	was=$(spi_out gwA)
	agent_start gwA && wait_for 30 "[ \"\$(spi_out gwA)\" != $was ]" &&
		wait_for 60 settled && up && pings_pass
}

# What the kernel says while the agent cannot listen is lost; its state is not.
lost_events() {
	local n was
	sysctl -qw net.core.rmem_default=16384
	start_both && wait_for 30 up || return
	sysctl -qw net.core.rmem_default=212992
	was=$(spi_out gwA)
	ip -n gwA link add vti9 type ipsvti local "$WAN_A" remote "$SEEN_B" &&
		kill -STOP "${AGENT[gwA]}" || return
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		in_ns gwA ipsvtictl sa add vti9 in spi $((4096 + n)) out spi 4096 alg aes-gcm-16-256 \
			keys - activate now <<-EOT || return
			in 0x$(printf '%072d' 1)
			out 0x$(printf '%072d' 2)
		EOT
		in_ns gwA ipsvtictl sa flush vti9 || return
	done
	in_ns gwA ipsvtictl sa flush vti0 && carrier gwA 0 && ip -n gwA link del vti9 || return
	kill -CONT "${AGENT[gwA]}"
	wait_for 20 "said gwA 'events of the kernel were lost'" && wait_for 60 "[ \"\$(spi_out gwA)\" != $was ] && up" &&
		pings_pass
}

# An orderly end is told to the peer.
terminated() {
	agent_end gwA TERM && wait_for 10 down && wait_for 20 "pairs gwB 'length == 0'" && ! ctl gwA status
}

no_answer() {
	agents_end
	agent_conf gwA
	agent_start gwA && device gwA && wait_for 60 "said gwA 'no (answer|response)'" && carrier gwA 0 || return
	agent_conf gwB 'start = "passive"'
	agent_start gwB && device gwB && wait_for 60 up
}

# The peer is gone without a word: silence is noticed, and the interface says so.
peer_dead() {
	start_both 'dpd-interval = "1s"' && wait_for 30 up || return
	agent_end gwB KILL
	in_ns gwB ipsvtictl sa flush vti0
	wait_for 60 'carrier gwA 0' && said gwA 'vti0: .*(dead|answer)'
}

wrong_key() {
	agents_end
	agent_conf gwA
	agent_conf gwB 'start = "passive"'
	secret /etc/netns/gwB/ipsvti/vti0.psk "another key"
	agent_start gwB && agent_start gwA && device gwA && device gwB || return
	wait_for 30 "said gwA 'vti0: .*(AUTHENTICATION_FAILED|pre-shared key)'" &&
		wait_for 30 "said gwB 'vti0: .*pre-shared key'" && down
}

wrong_identity() {
	agents_end
	agent_conf gwA
	agent_conf gwB 'start = "passive"'
	sed -i 's/^remote-id = .*/remote-id = "somebody-else.example"/' /etc/netns/gwB/ipsvti/vti0.conf
	agent_start gwB && agent_start gwA && device gwA && device gwB || return
	wait_for 30 "said gwB 'says it is \"gw-a.example\" and wants \"gw-b.example\", but no tunnel'" && down
}

# No common algorithm: each side says what was offered.
wrong_algorithm() {
	agents_end
	agent_conf gwA 'ike = {"aes256gcm16-prfsha384-ecp384"}'
	agent_conf gwB 'start = "passive"' 'ike = {"aes128gcm16-prfsha256-x25519"}'
	agent_start gwB && agent_start gwA || return
	wait_for 30 "said gwA 'NO_PROPOSAL_CHOSEN'" && wait_for 30 "said gwB 'aes256gcm16-prfsha384-ecp384'" && down
}

# Both want it at the same moment: one tunnel comes of it.
both_start() {
	agents_end
	agent_conf gwA
	agent_conf gwB
	agent_start gwA && agent_start gwB && device gwA && device gwB &&
		wait_for 60 up && wait_for 60 settled && pings_pass
}

# Noise from anywhere: counted, said once, and nothing else.
noise() {
	local port n was
	was=$(spi_out gwA)
	for port in 500 4500; do
		for n in 1 4 27 28 40 1200; do
			head -c "$n" /dev/urandom | in_ns inet timeout 5 socat -u - "UDP-SENDTO:$GWA4:$port" || return
			{ printf '\0\0\0\0'; head -c "$n" /dev/urandom; } |
				in_ns inet timeout 5 socat -u - "UDP-SENDTO:$GWA4:$port" || return
		done
	done
	wait_for 10 "ctl gwA status | jq -e '.counters | .rx_malformed + .rx_version + .rx_unknown_sa + .rx_unknown_peer >= 12'" &&
		up && [ "$(spi_out gwA)" = "$was" ] && pings_pass
}

ktap_run "the module and two sites" load
ktap_run "a wrong configuration is refused, line by line" bad_configuration
ktap_run "the tunnel comes up" establish
ktap_run "the agent keeps CAP_NET_ADMIN only" capabilities
ktap_run "pings and TCP pass both ways" eval 'pings_pass && tcp_both_ways'
ktap_run "the initiator rekeys the CHILD SA, no ping is lost" under_ping rekey gwA
ktap_run "the responder rekeys the CHILD SA, no ping is lost" under_ping rekey gwB
ktap_run "the IKE SA is rekeyed, no ping is lost" under_ping rekey_ike gwA
ktap_run "ML-KEM in addition: all is rekeyed by both ends, no ping is lost" with_ml_kem
ktap_run "noise is counted and does no harm" noise
ktap_run "SAs are rekeyed when their time comes, no ping is lost" rekeys_by_itself
ktap_run "SIGHUP without a change touches nothing" reload_without_change
ktap_run "SIGHUP with a change applies it" reload_with_change
ktap_run "SIGKILL: traffic goes on, no ping is lost" killed
ktap_run "started again: one pair, and traffic" comes_back
ktap_run "lost events of the kernel are made up for" lost_events
ktap_run "SIGTERM: the other side loses carrier" terminated
ktap_run "no answer is said, and then answered" no_answer
ktap_run "a dead peer is noticed" peer_dead
ktap_run "both start at once" both_start
ktap_run "a wrong key is said by both sides" wrong_key
ktap_run "a wrong identity is said" wrong_identity
ktap_run "no common algorithm is said" wrong_algorithm
agents_end
ktap_end
