#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What an SA may protect: limits of octets, packets and seconds, soft and hard, inbound
# and outbound; who is told, where it stops, and who takes over.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"

K=$(printf '11%.0s' {1..16}) SALT=aabbccdd
KEY="\"alg\":1,\"key\":\"$K\",\"salt\":\"$SALT\""
body() { # in|out LIMITS
	if [ "$1" = in ]; then
		echo "{\"dev\":\"vti0\",\"in\":{\"spi\":7000,$KEY,\"limits\":{$2}},\"out\":{\"spi\":8000,$KEY}}"
	else
		echo "{\"dev\":\"vti0\",\"in\":{\"spi\":7000,$KEY},\"out\":{\"spi\":8000,$KEY,\"limits\":{$2}}}"
	fi
}

# What must be refused: name | error | attribute | text | op | request.
refusals_table() {
	local dir kind
	for dir in in out; do
		for kind in bytes packets seconds; do
			cat <<-EOT
			$dir: hard-$kind below soft-$kind | EINVAL | $dir.limits.hard-$kind | below the soft | sa-pair-new | $(body $dir "\"soft-$kind\":1000,\"hard-$kind\":999")
			$dir: soft-$kind of 0 | ERANGE | $dir.limits.soft-$kind | | sa-pair-new | $(body $dir "\"soft-$kind\":0")
			$dir: hard-$kind of 0 | ERANGE | $dir.limits.hard-$kind | | sa-pair-new | $(body $dir "\"hard-$kind\":0")
			$dir: hard-$kind of 2 octets | - | $dir.limits.hard-$kind | | sa-pair-new | $(body $dir "\"hard-$kind\":{\"hex\":\"0100\"}")
			$dir: used-$kind | EINVAL | $dir.limits.used-$kind | returned, not taken | sa-pair-new | $(body $dir "\"used-$kind\":1")
			EOT
		done
		echo "$dir: a limit of tomorrow | EINVAL | $dir.limits.#99 | | sa-pair-new | $(body $dir '"#99":{"hex":"00000000"}')"
	done
	cat <<-EOT
	what has expired | EINVAL | in.expired | returned, not taken | sa-pair-new | {"dev":"vti0","in":{"spi":7000,$KEY,"expired":"hard-time"},"out":{"spi":8000,$KEY}}
	limits that are none | - | out.limits | | sa-pair-new | {"dev":"vti0","in":{"spi":7000,$KEY},"out":{"spi":8000,$KEY,"limits":{"hex":"ffff"}}}
	EOT
}
rows=$(refusals_table | grep -c .)
ktap_plan $((17 + rows))

# IPv6 says things by itself, which would count.  What esp.py sends comes from an address
# that nobody answers.
setup() {
	modprobe ipsvti && topo_up && links_up 4 || return
	local gw
	for gw in gwA gwB; do
		in_ns "$gw" sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1
	done
	ip -n hostA route add blackhole 10.2.0.3/32 && events_start gwA && esp_start && nl_start
}

ask() { nl_ask "$@"; }

# pair N ACTIVATION IN OUT: A's side of pair N with these limits; its id is $ID
pair() {
	local n=$1 kin sin kout sout
	keys "$n"
	read -r _ kin sin < <(grep ^in "$WORK/gwA.$n")
	read -r _ kout sout < <(grep ^out "$WORK/gwA.$n")
	N=$n SEQ=0
	ask sa-pair-new "{\"dev\":\"vti0\",\"activation\":\"$2\",
		\"in\":{\"spi\":$(spi gwA "$n"),\"alg\":\"aes-gcm-16-256\",\"key\":\"$kin\",\"salt\":\"$sin\",\"limits\":{$3}},
		\"out\":{\"spi\":$(spi gwB "$n"),\"alg\":\"aes-gcm-16-256\",\"key\":\"$kout\",\"salt\":\"$sout\",\"limits\":{$4}}}"
	echo "$SAID"
	ID=$(jq -e '."pair-id"' <<<"$SAID")
}

flush() { ask sa-flush '{"dev":"vti0"}'; }

# is FILTER [ID]: true of the pair in a dump
is() {
	ask sa-get "{\"dev\":\"vti0\",\"pair-id\":${2:-$ID}}"
	jq -e "$1" <<<"$SAID" >/dev/null && return
	echo "not ($1):"
	echo "$SAID"
	return 1
}

# told REASON in|out [ID]: there has been exactly one such event
told() {
	event gwA ".event == \"sa-expire-ntf\" and .reason == \"$1\" and .$2 and .\"pair-id\" == ${3:-$ID}" &&
		[ "$(expires "${3:-$ID}" | grep -cx "$1 $2")" = 1 ]
}

# expires ID: its expire events in their order, REASON in|out each
expires() {
	sed 1d "$WORK/events.gwA" | jq -r --argjson id "$1" 'select(.event == "sa-expire-ntf" and ."pair-id" == $id) |
		"\(.reason) \(if .in then "in" else "out" end)"'
}

no_carrier() { # REASON
	wait_for 5 '[ "$(carrier gwA)" = 0 ]' &&
		event gwA ".event == \"carrier-ntf\" and .carrier == 0 and .reason == \"$1\"" || return
	ask tunnel-get '{"dev":"vti0"}'
	jq -e ".reason == \"$1\" and .carrier == 0" <<<"$SAID"
}

# esp [OPTION...]: B sends the next packet, of which 36 octets count
esp() { esp_send "$N" --inner-src 10.2.0.3 --seq $((++SEQ)) "$@"; }

# again [OPTION...]: the same packet once more
again() { SEQ=$((SEQ - 1)) && esp "$@"; }

# taken COUNT: so many packets are sent, and delivered
taken() {
	local n i
	n=$(counter gwA rx-packets)
	for ((i = 0; i < $1; i++)); do
		esp --times 1 || return
	done
	wait_for 5 "[ \$(counter gwA rx-packets) -eq $((n + $1)) ]" && return
	drops gwA
	return 1
}

in_packets() {
	flush
	pair 1 now '"soft-packets":3,"hard-packets":5' '' && taken 2 && [ -z "$(expires "$ID")" ] && is '.in.expired == null' || return
	taken 1 && told soft-packets in &&
		is '.state == "active" and .in.expired == "soft-packets" and .reason == "soft-packets" and .in.limits."used-packets" == 3' &&
		[ "$(carrier gwA)" = 1 ] || return
	# One more is no news; the fifth is the last.
	taken 1 && [ "$(expires "$ID")" = "soft-packets in" ] && taken 1 && told hard-packets in &&
		is '.state == "draining" and .in.expired == "hard-packets" and .reason == "hard-packets" and .out == null and .in.limits."used-packets" == 5' &&
		no_carrier hard-packets && counts gwA rx-expired 1 esp && counts gwA rx-expired 1 esp &&
		[ "$(expires "$ID" | tr '\n' ,)" = "soft-packets in,hard-packets in," ]
}

# What is not authentic, or was there before, uses nothing up.
in_bytes() {
	flush
	pair 2 now '"soft-bytes":100,"hard-bytes":200' '' && taken 2 && counts gwA rx-replay 1 again &&
		counts gwA rx-auth 1 esp --flip 20 && is '.in.limits."used-bytes" == 72 and .in.expired == null' || return
	taken 1 && told soft-bytes in && is '.in.limits."used-bytes" == 108 and .state == "active"' && taken 2 || return
	# 180 are used, and 36 more would be too many.
	[ "$(carrier gwA)" = 1 ] && counts gwA rx-expired 1 esp && told hard-bytes in &&
		is '.in.limits."used-bytes" == 180 and .in.packets == 5 and .in.expired == "hard-bytes" and .state == "draining"' &&
		no_carrier hard-bytes && counts gwA rx-expired 1 esp
}

# To the octet: nothing is left, so nothing is waited for.
in_bytes_exactly() {
	flush
	pair 3 now '"soft-bytes":72,"hard-bytes":72' '' && taken 2 && told hard-bytes in && told soft-bytes in &&
		is '.in.limits."used-bytes" == 72 and .state == "draining"' && counts gwA rx-expired 1 esp
}

# Two pairs, as nothing is sure to fit between the two limits of one.
in_seconds() {
	flush
	pair 4 now '"soft-seconds":1' '' && told soft-time in &&
		is '.state == "active" and .in.expired == "soft-time" and .in.limits."used-seconds" >= 1' && taken 1 || return
	flush
	pair 17 now '"soft-seconds":1,"hard-seconds":2' '' && told hard-time in &&
		is '.state == "draining" and .in.expired == "hard-time" and .reason == "hard-time" and .out == null' &&
		no_carrier hard-time && counts gwA rx-expired 1 esp &&
		[ "$(expires "$ID" | tr '\n' ,)" = "soft-time in,hard-time in," ] && not_early in
}

not_early() { # in|out
	sed 1d "$WORK/events.gwA" | jq -es --argjson id "$ID" '[.[] | select(.event == "sa-expire-ntf" and ."pair-id" == $id)] |
		.[0].'"$1"'.limits."used-seconds" >= 1 and .[1].'"$1"'.limits."used-seconds" >= 2'
}

# pings COUNT: of 84 octets, with which 4 of padding and trailer count
pings() { in_ns hostA ping -n -q -c "$1" -i 0.01 -W 0.1 -s 56 "$HOSTB4"; }

# wire FILE: sequence number and length of each ESP packet of pair N that left (and not
# of those that an ICMP error quotes: gwB has no SA for them)
wire() {
	capture_stop "$1"
	tshark -r "$1" -Y "esp.spi == $(spi gwB "$N") && !icmp" -T fields -e esp.sequence -e ip.len 2>/dev/null
}

# On the way out the carrier goes when nothing may be sent any more; inbound goes on.
out_packets() {
	flush
	pair 5 now '' '"soft-packets":3,"hard-packets":5' || return
	capture_start inet toA "$WORK/packets" || return
	pings 2
	[ -z "$(expires "$ID")" ] && [ "$(carrier gwA)" = 1 ] || return
	pings 1
	told soft-packets out && is '.state == "active" and .out.expired == "soft-packets" and .out.limits."used-packets" == 3' || return
	pings 6
	told hard-packets out && is '.state == "draining" and .reason == "hard-packets" and .out == null and .in.expired == null' &&
		no_carrier hard-packets && taken 1 || return
	wire "$WORK/packets" >"$WORK/got"
	cut -f 1 "$WORK/got" | diff <(seq 5) - && [ "$(expires "$ID" | tr '\n' ,)" = "soft-packets out,hard-packets out," ]
}

# What counts is what the cipher is applied to: of an outer packet all but IP, ESP and
# ICV, which here are 20, 16 and 16 octets.
out_bytes() {
	local before
	flush
	pair 6 now '' '"soft-bytes":200,"hard-bytes":400' || return
	capture_start inet toA "$WORK/bytes" || return
	pings 2
	is '.out.limits."used-bytes" == 176 and .out.expired == null' || return
	pings 1
	told soft-bytes out && is '.out.limits."used-bytes" == 264 and .state == "active"' && [ "$(carrier gwA)" = 1 ] || return
	# The fourth fits, and the fifth does not.
	before=$(counter gwA tx-expired)
	pings 3
	told hard-bytes out && is '.state == "draining" and .out == null and .reason == "hard-bytes"' && no_carrier hard-bytes &&
		[ $(($(counter gwA tx-expired) - before)) -eq 1 ] || return
	wire "$WORK/bytes" >"$WORK/got"
	cat "$WORK/got"
	[ "$(awk '{ n += $2 - 52 } END { print n }' "$WORK/got")" = 352 ] &&
		event gwA ".event == \"sa-expire-ntf\" and .reason == \"hard-bytes\" and .\"pair-id\" == $ID and .out.limits.\"used-bytes\" == 352"
}

out_seconds() {
	flush
	pair 7 now '' '"soft-seconds":1' && told soft-time out && is '.state == "active" and .out.expired == "soft-time"' || return
	pings 1
	is '.out.packets == 1' || return
	flush
	pair 18 now '' '"soft-seconds":1,"hard-seconds":2' && told hard-time out && is '.state == "draining" and .out == null' &&
		[ "$(expires "$ID" | tr '\n' ,)" = "soft-time out,hard-time out," ] && not_early out && no_carrier hard-time && taken 1
}

# Time passes for those, too, that are not in use yet; and then they cannot be used.
staged_seconds() {
	flush
	pair 8 now '' '' && pair 9 manual '' '"hard-seconds":1' && told hard-time out && is '.state == "draining" and .out == null' || return
	ask sa-activate "{\"dev\":\"vti0\",\"pair-id\":$ID}"
	jq -e '.error == "EBUSY"' <<<"$SAID" && [ "$(carrier gwA)" = 1 ] && [ "$(state gwA 8)" = active ]
}

# Inbound, the pair that is in use is of no use any more: another takes over.
in_hard_with_another() {
	local changes first
	flush
	pair 10 now '"hard-packets":2' '' && first=$ID && pair 11 manual '' '' || return
	changes=$(in_ns gwA cat /sys/class/net/vti0/carrier_changes)
	N=10 SEQ=0
	taken 2 && told hard-packets in "$first" && is '.state == "draining"' "$first" && is '.state == "active"' &&
		[ "$(in_ns gwA cat /sys/class/net/vti0/carrier_changes)" = "$changes" ]
}

# With a limit at A, and another pair that is ready, at either end.
two_pairs() { # LIMITS
	flush
	in_ns gwB ipsvtictl sa flush vti0
	pair 12 now '' "$1" && FIRST=$ID && sa_add gwB 12 && pair 13 manual '' '' && sa_add gwB 13 256 activate first-rx &&
		CHANGES=$(in_ns gwA cat /sys/class/net/vti0/carrier_changes) && counters gwA >"$WORK/counters"
}

taken_over() { # REASON
	told "$1" out "$FIRST" && is '.state == "draining"' "$FIRST" && is '.state == "active"' &&
		[ "$(in_ns gwA cat /sys/class/net/vti0/carrier_changes)" = "$CHANGES" ] &&
		diff <(grep -v '^[rt]x-\(packets\|bytes\)' "$WORK/counters") <(counters gwA | grep -v '^[rt]x-\(packets\|bytes\)') &&
		wait_for 5 '[ "$(state gwB 13)" = active ]'
}

nothing_lost() { # LIMITS REASON
	two_pairs "$1" || return
	in_ns hostB "$NET/flow.py" recv "$HOSTB4" 7000 >"$WORK/flow" 2>&1 &
	# The sender stays on one processor, or packets may be overtaken in a veth's queue.
	wait_for 20 "grep -q ready '$WORK/flow'" && in_ns hostA taskset -c 0 "$NET/flow.py" send "$HOSTB4" 7000 1 200 &&
		wait_for 20 "grep -q received '$WORK/flow'" || return
	cat "$WORK/flow"
	tail -n 1 "$WORK/flow" | jq -e '.sent == 200 and .lost == 0 and .duplicated == 0 and .reordered == 0' && taken_over "$2"
}

# Of large packets that are cut into many, none goes with those that do not fit.
tcp_too() { # LIMITS REASON
	two_pairs "$1" && tcp_across 4 1000000 && taken_over "$2"
}

# The words of ipsvtictl, and what it says.
words() {
	flush
	keys 14 && sa_add gwA 14 256 limit soft-bytes 5000000000 limit in hard-packets 7 limit out hard-seconds 3600 &&
		in_ns gwA ipsvtictl sa show vti0 >"$WORK/shown" || return
	cat "$WORK/shown"
	grep -qE '^ +limit soft-bytes 5000000000 used-bytes 0 hard-packets 7 used-packets 0$' "$WORK/shown" &&
		grep -qE '^ +limit soft-bytes 5000000000 used-bytes 0 hard-seconds 3600 used-seconds [0-9]+$' "$WORK/shown" || return
	in_ns gwA ipsvtictl --json sa show vti0 | jq -e '.[0] | .in.limits."soft-bytes" == 5000000000 and
		.in.limits."hard-packets" == 7 and .in.limits."hard-seconds" == null and .out.limits."hard-seconds" == 3600' || return
	N=14 SEQ=0
	taken 7 && in_ns gwA ipsvtictl sa show vti0 >"$WORK/shown" || return
	cat "$WORK/shown"
	grep -q ' draining .*expired hard-packets$' "$WORK/shown" && grep -q '^ *in .* expired hard-packets$' "$WORK/shown" || return
	refused 'the hard limit is below the soft one (attribute in.limits.hard-bytes)' \
		sa_add gwA 14 256 limit soft-bytes 10 limit hard-bytes 9
}

# Nobody has to come and remove what has expired: half a minute later it is gone.
gone_by_itself() {
	wait_for 60 "sed 1d '$WORK/events.gwA' |
		jq -es 'any(.[]; .event == \"sa-del-ntf\" and .reason == \"hard-packets\" and .\"pair-id\" == $LEFT)' >/dev/null" &&
		[ -z "$(state gwA 15)" ] && [ "$(state gwA 16)" = active ]
}

others() { in_ns gwA "$NET/nl.py" dump sa-get | grep -v "\"pair-id\": $LEFT,"; }

# left: for the last test, before the one that takes its time in between
left() {
	flush
	pair 15 now '"hard-packets":1' '' && LEFT=$ID && pair 16 now '' '' && N=15 && SEQ=0 && taken 1 && told hard-packets in "$LEFT"
}

refusals() {
	left || return
	refusals_table >"$WORK/table"
	others >"$WORK/before"
	in_ns gwA "$NET/nl.py" refusals <"$WORK/table" >"$WORK/verdicts" && [ "$(wc -l <"$WORK/verdicts")" = "$rows" ] &&
		others | diff "$WORK/before" -
}

ktap_run "set up" setup
ktap_run "packets, inbound: told at 3, the last is the 5th" in_packets
ktap_run "octets, inbound: told, and no packet that is too long" in_bytes
ktap_run "octets, inbound, used up exactly" in_bytes_exactly
ktap_run "seconds, inbound" in_seconds
ktap_run "packets, outbound: told at 3, the last is the 5th" out_packets
ktap_run "octets, outbound: told, and no packet that is too long" out_bytes
ktap_run "seconds, outbound" out_seconds
ktap_run "seconds of a pair that is not in use" staged_seconds
ktap_run "a hard limit inbound, and another pair is ready" in_hard_with_another
ktap_run "packets end, another pair takes over, nothing is lost" nothing_lost '"hard-packets":57' hard-packets
ktap_run "octets end, another pair takes over, nothing is lost" nothing_lost '"hard-bytes":10007' hard-bytes
ktap_run "packets end in the midst of TCP, nothing is lost" tcp_too '"hard-packets":257' hard-packets
ktap_run "octets end in the midst of TCP, nothing is lost" tcp_too '"hard-bytes":300007' hard-bytes
ktap_run "by the words of ipsvtictl, and shown by it" words
ktap_run "all that must be refused was asked for, and changed nothing" refusals
table_checks
ktap_run "what has expired goes by itself" gone_by_itself
ktap_end
