#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sequence numbers: windows of every size, numbers of 64 bits of which a packet holds
# 32, and what happens at the end of them.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 13

TOP32=$((0xffffffff))

setup() {
	modprobe ipsvti && topo_up && links_up 4 && events_start gwA && esp_start && nl_start
}

# pair N IN OUT: A's side of pair N, in use at once; IN and OUT are more attributes
pair() {
	local n=$1 kin sin kout sout
	keys "$n"
	read -r _ kin sin < <(grep ^in "$WORK/gwA.$n")
	read -r _ kout sout < <(grep ^out "$WORK/gwA.$n")
	N=$n
	nl_ask sa-pair-new "{\"dev\":\"vti0\",\"activation\":\"now\",
		\"in\":{\"spi\":$(spi gwA "$n"),\"alg\":\"aes-gcm-16-256\",\"key\":\"$kin\",\"salt\":\"$sin\"${2:+,$2}},
		\"out\":{\"spi\":$(spi gwB "$n"),\"alg\":\"aes-gcm-16-256\",\"key\":\"$kout\",\"salt\":\"$sout\"${3:+,$3}}}"
	echo "$SAID"
	[[ $SAID = *'"state": "active"'* ]] || return
	# At most eight pairs fit a device.
	[ -z "${BEFORE:-}" ] || in_ns gwA ipsvtictl sa del vti0 "$BEFORE" || return
	BEFORE=$(jq '."pair-id"' <<<"$SAID")
}

# esp SEQ [OPTION...]: B sends a packet with that number
esp() {
	local seq=$1
	shift
	esp_send "$N" --seq "$seq" "$@"
}

# taken SEQ [OPTION...]: it is delivered
taken() {
	local n
	n=$(counter gwA rx-packets)
	esp "$@" && wait_for 5 "[ \$(counter gwA rx-packets) -eq $((n + 1)) ]" && return
	echo "not taken: $*"
	drops gwA
	return 1
}

# dropped COUNTER SEQ [OPTION...]
dropped() {
	local reason=$1
	shift
	counts gwA "$reason" 1 esp "$@"
}

highest() { [ "$(sa_of gwA "$N" .in.seq)" = "$1" ]; }

window() { # SIZE
	local w=$1 top=$((3 * $1))
	pair "$w" "\"replay-window\":$w" && taken "$top" || return
	# Its left edge, and what is just beyond it; everything once.
	dropped rx-late $((top - w)) && taken $((top - w + 1)) && dropped rx-replay $((top - w + 1)) &&
		taken $((top - 1)) && dropped rx-replay "$top" || return
	# It moves by the packets that are authentic, and by no others.
	dropped rx-auth $((top + 2 * w)) --flip 30 && taken $((top - w + 2)) &&
		taken $((top + w)) && dropped rx-late "$top" && taken $((top + 1)) && highest $((top + w))
}

window_size() { [ "$(sa_of gwA "$N" '.in."replay-window"')" = "$1" ]; }

windows() {
	window 64 && window_size 64 && window 1024 && window_size 1024 &&
		window 65536 && window_size 65536
}

# A number that has been taken elsewhere, and all before it.
resumed() {
	pair 2 '"replay-window":1024,"seq":5000' && highest 5000 &&
		dropped rx-replay 5000 && dropped rx-replay 4500 && dropped rx-late 3900 && taken 5001
}

# RFC 4303, appendix A: the high bits are those that make it the window's, or newer.
across_4g() {
	pair 3 "\"esn\":1,\"replay-window\":128,\"seq\":$((TOP32 - 200))" '"esn":1' || return
	taken $((TOP32 - 100)) --esn && taken $((TOP32 + 5)) --esn && highest $((TOP32 + 5)) || return
	# Of the subspace before, within the window.
	taken $((TOP32 - 1)) --esn && taken $((TOP32)) --esn && dropped rx-replay $((TOP32 - 1)) --esn &&
		dropped rx-replay $((TOP32 - 100)) --esn || return
	# Left of it, it is taken for the one 2^32 further, which it is not.
	dropped rx-auth $((TOP32 + 5 - 128)) --esn && highest $((TOP32 + 5)) &&
		taken $((TOP32 + 5 - 127)) --esn
}

jump() { # to nearly 2^32 further, and from there on
	local far=$((TOP32 + 5 - 127 + TOP32))
	taken "$far" --esn && highest "$far" && taken $((far + 1)) --esn && taken $((far + 1000)) --esn
}

# With the numbers of 64 bits the key is another packet's: both must agree on it.
disagree() {
	pair 4 '"esn":1' '"esn":1' && dropped rx-auth 7 && taken 7 --esn &&
		pair 5 && dropped rx-auth 7 --esn && taken 7
}

beyond_64_bits() { # there is nothing behind the last number
	pair 6 '"esn":1,"seq":18446744073709551600' '"esn":1' || return
	taken 18446744073709551610 --esn && taken 18446744073709551615 --esn &&
		dropped rx-replay 18446744073709551615 --esn && dropped rx-late 5 --esn
}

sent() { sa_of gwA "$N" .out.seq; }

ping_out() { in_ns hostA ping -n -q -c "${1:-1}" -i 0.01 -W 0.1 "$HOSTB4"; }

# There was the event for this pair, and no second one.
low_events() {
	sed 1d "$WORK/events.gwA" | jq -es --argjson id "$BEFORE" \
		'[.[] | select(.event == "sa-expire-ntf" and .reason == "sequence-low" and ."pair-id" == $id)] | length == 1' >/dev/null
}

# One in eight is left: told once, and traffic goes on.
soft() {
	pair 7 '' "\"seq\":$((TOP32 - 536870911 - 3))" || return
	ping_out 10
	wait_for 10 low_events || return
	[ "$(sent)" -ge $((TOP32 - 536870911)) ] && [ "$(carrier gwA)" = 1 ] || return
	ping_out 5
	low_events
}

# The last one is used, no packet after it, and the carrier says so.
hard() {
	local before
	pair 8 '' "\"seq\":$((TOP32 - 4))" || return
	before=$(sa_of gwA "$N" .out.packets)
	[ "$before" = 0 ] || return
	capture_start inet toA "$WORK/hard" || return
	ping_out 12
	event gwA ".event == \"sa-expire-ntf\" and .reason == \"sequence-exhausted\" and .\"pair-id\" == $BEFORE" &&
		[ "$(carrier gwA)" = 0 ] && [ "$(tunnel gwA .reason)" = sequence-exhausted ] &&
		[ "$(state gwA 8)" = draining ] || return
	capture_stop "$WORK/hard"
	# Without those that an ICMP error quotes: gwB has no SA for them.
	tshark -r "$WORK/hard" -Y "esp.spi == $(spi gwB 8) && !icmp" -T fields -e esp.sequence >"$WORK/hard.seq" 2>/dev/null
	printf '%s\n' $((TOP32 - 3)) $((TOP32 - 2)) $((TOP32 - 1)) "$TOP32" | diff "$WORK/hard.seq" - || return
	# Inbound goes on.
	taken 1
}

# Another pair that is ready takes over in the same step.
hard_with_another() {
	pair 9 '' "\"seq\":$((TOP32 - 4))" && keys 10 && sa_add gwA 10 256 activate manual &&
		ping_out 12
	[ "$(carrier gwA)" = 1 ] && [ "$(state gwA 9)" = draining ] && [ "$(state gwA 10)" = active ] &&
		[ "$(sa_of gwA 10 .out.seq)" -ge 8 ]
}

# 2^32 is a number like any other.
esn_goes_on() {
	pair 11 '' "\"esn\":1,\"seq\":$((TOP32 - 4))" && ping_out 12
	[ "$(carrier gwA)" = 1 ] && [ "$(sent)" -ge $((TOP32 + 8)) ] && ! low_events
}

esn_ends() { # and there is an end all the same
	local before
	before=$(counter gwA tx-packets)
	pair 12 '' '"esn":1,"seq":18446744073709551610' && ping_out 12
	event gwA ".event == \"sa-expire-ntf\" and .reason == \"sequence-exhausted\" and .\"pair-id\" == $BEFORE" &&
		[ "$(carrier gwA)" = 0 ] && [ "$(state gwA 12)" = draining ] &&
		[ $(($(counter gwA tx-packets) - before)) -eq 5 ]
}

# Four segments, two numbers left: none is sent, none taken, and each segment is counted.
too_few_left() {
	local sent
	big_start && in_ns gwA sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1 &&
		pair 13 '' "\"seq\":$((TOP32 - 2))" && sent=$(counter gwA tx-packets) || return
	counts gwA tx-sequence 4 big lost udp hostA hostB 4 4000 gso=1000 &&
		event gwA ".event == \"sa-expire-ntf\" and .reason == \"sequence-exhausted\" and .\"pair-id\" == $BEFORE" &&
		[ "$(carrier gwA)" = 0 ] && [ "$(state gwA 13)" = draining ] && [ "$(counter gwA tx-packets)" = "$sent" ]
}

ktap_run "set up" setup
ktap_run "windows of 64, 1024 and 65536 packets" windows
ktap_run "what was received elsewhere is not received again" resumed
ktap_run "extended numbers: across 2^32 and back" across_4g
ktap_run "extended numbers: a jump of nearly 2^32" jump
ktap_run "extended or not: both sides must agree" disagree
ktap_run "extended numbers: the last of all" beyond_64_bits
ktap_run "one in eight left: told once" soft
ktap_run "the last number, and none after it" hard
ktap_run "the last number, and another pair is ready" hard_with_another
ktap_run "extended numbers: sending goes on beyond 2^32" esn_goes_on
ktap_run "extended numbers: an end all the same" esn_ends
ktap_run "more segments than there are numbers left" too_few_left
ktap_end
