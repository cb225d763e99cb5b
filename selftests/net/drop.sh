#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bad packets: each is dropped and counted under its reason and no other, and what
# is not ours goes on to XFRM.  gwB's part is played by esp.py with the keys.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 37

T=/sys/kernel/tracing

setup() {
	modprobe ipsvti && modprobe esp4 2>/dev/null
	[ -e "$T/events" ] || mount -t tracefs nodev "$T" || return
	echo 1 >"$T/events/ipsvti/ipsvti_drop/enable" || return
	topo_up && encap_up gwA && link_up gwA 4 && keys 1 && sa_add gwA 1 && esp_start && nl_start || return
	# What comes out at hostA, as text, a line or two each.
	in_ns hostA tcpdump -lnvv -i eth0 --immediate-mode udp port 9 >"$WORK/got" 2>"$WORK/got.log" &
	wait_for 20 "grep -q 'listening on' '$WORK/got.log'"
}

esp() { esp_send 1 "$@"; } # WORD...: a packet from gwB to gwA

delivered() { grep -c '\.9: \[' "$WORK/got"; }

# A good one goes through, which also says that what was sent before has been seen.
SEQ=100
good() { # WORD...
	local n
	n=$(delivered)
	esp --seq $((++SEQ)) "$@" && wait_for 5 "[ \$(delivered) -eq $((n + 1)) ]"
}

dropped() { # REASON WORD...: counted once, not delivered, and the next good one is
	local reason=$1 n
	shift
	n=$(delivered)
	counts gwA "$reason" 1 esp --seq $((++SEQ)) "$@" && good && [ "$(delivered)" -eq $((n + 1)) ]
}

good_ones() {
	good && good --inner-src "$HOSTB6" --inner-dst "$HOSTA6" && good --udp 4500:4500
}

replayed() {
	good && counts gwA rx-replay 3 esp_again && good
}

esp_again() {
	esp --seq "$SEQ" && esp --seq "$SEQ" && esp --seq "$SEQ" --udp 4500:4500
}

# 64 numbers up to the highest one are told apart.
late() {
	local top
	good && top=$SEQ
	esp --seq $((top + 1000)) && SEQ=$((top + 1000))
	counts gwA rx-late 1 esp --seq $((SEQ - 64)) &&
		counts gwA rx-late 1 esp --seq 0 || return
	counts gwA rx-late 0 esp --seq $((SEQ - 63))
	counts gwA rx-replay 1 esp --seq $((SEQ - 63)) && good
}

# A forged number moves nothing: the right ones still come in.
forged_number() {
	counts gwA rx-auth 1 esp --seq $((SEQ + 100000)) --flip 30 && good && good
}

flooded() {
	counts gwA rx-auth 200 esp --seq $((SEQ + 1)) --flip 30 --times 200 && good
}

# What was in the queue before decryption could not be judged by its length alone.
lengths() {
	local n
	for n in 8 15 16 31 33 35; do
		dropped rx-truncated --keep "$n" || { echo "with $n octets"; return 1; }
	done
}

# RFC 4303, section 2.4: the receiver looks at the padding.
padding() {
	good --padding 01020304 && dropped rx-padding --padding 01020404 &&
		dropped rx-padding --padding 00000000 &&
		dropped rx-padding --padding 01020304 --pad-len 250
}

no_ip() { # "next header 4", but something else inside
	dropped rx-inner --next-header 4 --inner 6000000000003b4000000000 --padding 0102 &&
		dropped rx-inner --next-header 41 --inner 45000014 --padding 0102 &&
		dropped rx-inner --next-header 4 --inner 45000014 --padding 0102
}

inner_longer_than_there_is() { # total length 100, but 20 octets
	dropped rx-inner --inner 4500006400000000401166830a0200020a010002
}

# TFC padding (RFC 4303, section 2.7): the inner length says where the packet ends.
tfc() {
	local n inner
	n=$(delivered)
	# 28 octets of IPv4 and UDP to port 9, then 40 octets of nothing
	inner=4500001c00004000401126cb0a0200020a0100020009000900080000$(printf '00%.0s' {1..40})
	esp --seq $((++SEQ)) --inner "$inner" && wait_for 5 "[ \$(delivered) -eq $((n + 1)) ]" || return
	tail -n 2 "$WORK/got"
	tail -n 2 "$WORK/got" | grep -q 'length 28)'
}

larval() {
	local spi
	spi=$(in_ns gwA ipsvtictl --json sa alloc vti0 time 2 | jq .in.spi) || return
	# Held for the keys; when these do not come it was in vain.
	esp --seq 1 --spi "$spi" && wait_for 10 "[ \$(counter gwA rx-larval) -ge 1 ]" && good
}

# No SA of ours: XFRM counts it, and we do not.
foreign_spi() {
	local before after
	before=$(in_ns gwA awk '$1 == "XfrmInNoStates" { print $2 }' /proc/net/xfrm_stat)
	counts gwA rx-auth 0 esp --seq 1 --spi 0x99999 && good || return
	after=$(in_ns gwA awk '$1 == "XfrmInNoStates" { print $2 }' /proc/net/xfrm_stat)
	echo "XfrmInNoStates $before, then $after"
	[ $((after - before)) -eq 1 ]
}

# The right SPI, to an address that is not the tunnel's.
foreign_address() {
	ip -n gwA addr add 192.0.2.77/24 dev wan &&
		counts gwA rx-auth 0 esp --to 192.0.2.77 --seq $((SEQ + 1)) && good
}

device_down() {
	local n
	n=$(delivered)
	ip -n gwA link set vti0 down || return
	counts gwA rx-down 1 esp --seq $((++SEQ)) || return
	ip -n gwA link set vti0 up && ip -n gwA route add 10.2.0.0/24 dev vti0
	good && [ "$(delivered)" -eq $((n + 1)) ]
}

wrong_keys() {
	cp "$WORK/gwB.1" "$WORK/right"
	keys 2 && cp "$WORK/gwB.2" "$WORK/gwB.1"
	counts gwA rx-auth 1 esp --seq $((++SEQ))
	local status=$?
	cp "$WORK/right" "$WORK/gwB.1"
	return "$status"
}

# RFC 6040, figure 4: the ECN field that comes out, from the outer and inner ones.
ecn() { # [WORD...]
	local row inner outer want got
	for row in "0 0 0" "0 2 0" "0 1 0" "2 0 2" "2 2 2" "2 1 1" "2 3 3" \
		"1 0 1" "1 2 1" "1 1 1" "1 3 3" "3 0 3" "3 2 3" "3 1 3" "3 3 3"; do
		read -r inner outer want <<<"$row"
		good --tos $((0x28 | inner)) --outer-tos $((0x40 | outer)) "$@" || return
		got=$(sed -n 's/.*(tos 0x\([0-9a-f]*\).*/\1/p' "$WORK/got" | tail -n 1)
		[ $((0x$got)) -eq $((0x28 | want)) ] ||
			{ echo "inner $inner, outer $outer: tos 0x$got, expected ECN $want"; return 1; }
	done
	dropped rx-ecn --tos 0x28 --outer-tos 3 "$@" || return
	# What nobody should make is told, with what would be lost without a word.
	dmesg | grep 'vti0: ECN was changed on the path: outer 2, inner 0'
}

# vti1_up N: another device, over IPv6, with pair N
vti1_up() {
	ip -n gwA link add vti1 type ipsvti local "$GWA6" remote "$GWB6" && ip -n gwA link set vti1 up && keys "$1" &&
		in_ns gwA ipsvtictl sa add vti1 in spi $((SPIS[gwA] + $1)) out spi $((SPIS[gwB] + $1)) \
			alg aes-gcm-16-256 keys "$WORK/gwA.$1"
}

# The same of IPv6 inside and outside, by another device.
ecn_ipv6() { # [WORD...]
	local row inner outer want n got
	vti1_up 3 || return
	for row in "2 3 3" "1 2 1" "0 1 0" "3 0 3" "0 3 -"; do
		read -r inner outer want <<<"$row"
		n=$(delivered)
		esp_send 3 --from "$GWB6" --to "$GWA6" --seq $((++SEQ)) --inner-src "$HOSTB6" --inner-dst "$HOSTA6" \
			--tos $((0x28 | inner)) --outer-tos $((0x40 | outer)) "$@" || return
		[ "$want" != - ] || continue
		wait_for 5 "[ \$(delivered) -eq $((n + 1)) ]" || return
		got=$(sed -n 's/.*(class 0x\([0-9a-f]*\).*/\1/p' "$WORK/got" | tail -n 1)
		[ $((0x$got)) -eq $((0x28 | want)) ] ||
			{ echo "inner $inner, outer $outer: class 0x$got, expected ECN $want"; return 1; }
	done
	wait_for 5 "in_ns gwA ethtool -S vti1 | grep -q 'rx_ecn: 1\$'" && [ "$(delivered)" -eq "$n" ] && ip -n gwA link del vti1
}

# mib 4|6 NAME: what gwA's UDP counts
mib() {
	if [ "$1" = 4 ]; then
		in_ns gwA nstat -asz "Udp$2" | awk -v n="Udp$2" '$1 == n { print $2 }'
	else
		in_ns gwA awk -v n="Udp6$2" '$1 == n { print $2 }' /proc/net/snmp6
	fi
}

# spoilt 4|6 N WORD...: ESP in UDP that UDP throws away for its checksum. Nothing is changed by
# it: the next one has the same number, and comes through.
spoilt() {
	local v=$1 n=$2 before
	shift 2
	before=$(mib "$v" InCsumErrors)
	counts gwA rx-auth 0 esp_send "$n" --seq $((++SEQ)) --udp 4500:4500 "$@" &&
		wait_for 5 "[ \$(mib $v InCsumErrors) -eq $((before + 1)) ]" || return
	SEQ=$((SEQ - 1))
}

# RFC 3948, section 2.1: over IPv4 there should be no checksum. One that is there is looked at.
udp_checksum() {
	good --udp 4500:4500 --udp-sum none && good --udp 4500:4500 --udp-sum right &&
		spoilt 4 1 --udp-sum wrong && good --udp 4500:4500 --udp-sum none
}

# RFC 8200, section 8.1: over IPv6 there must be one.
udp_checksum_ipv6() {
	local n sum path=(--from "$GWB6" --to "$GWA6")
	vti1_up 4 || return
	n=$(delivered)
	for sum in none wrong right; do
		if [ "$sum" != right ]; then
			spoilt 6 4 "${path[@]}" --udp-sum "$sum" || return
		else
			esp_send 4 "${path[@]}" --udp 4500:4500 --seq $((++SEQ)) --udp-sum right || return
		fi
	done
	wait_for 5 "[ \$(delivered) -eq $((n + 1)) ]" && in_ns gwA ethtool -S vti1 >"$WORK/vti1" || return
	grep -E 'rx_[a-z_]*: [^0]' "$WORK/vti1"
	[ "$(sed -n 's/^ *\(rx_[a-z_]*: [^0].*\)/\1/p' "$WORK/vti1" | grep -v rx_bytes)" = "rx_packets: 1" ] && ip -n gwA link del vti1
}

# What a device says of itself when it comes up (MLD, router solicitations) comes whenever
# it likes, and would be counted as well.
quiet() { in_ns gwA sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1; }

to_nobody() { # sent, that is
	in_ns hostA ping -n -c "${1:-1}" -W 1 "$HOSTB4" >/dev/null
	true
}

tx_no_sa() {
	quiet && in_ns gwA ipsvtictl sa flush vti0 && [ "$(carrier gwA)" = 0 ] || return
	counts gwA tx-no-sa 1 to_nobody
}

tx_no_route() {
	sa_add gwA 1 && ip -n gwA route del default && ip -n gwA route add unreachable 198.51.100.0/24 || return
	counts gwA tx-no-route 1 to_nobody
	local status=$?
	ip -n gwA route del unreachable 198.51.100.0/24
	ip -n gwA route add default via 192.0.2.254
	return "$status"
}

tx_loop() { # the way to the peer leads into the tunnel
	ip -n gwA route add 198.51.100.1 dev vti0 && counts gwA tx-loop 1 to_nobody || return
	ip -n gwA route del 198.51.100.1 dev vti0
}

# A filter of this host's drops what we send.
tx_output() {
	in_ns gwA nft -f - <<-EOT || return
		table inet no { chain output { type filter hook output priority 0; ip protocol esp drop; }; }
	EOT
	counts gwA tx-output 1 to_nobody
	local status=$?
	in_ns gwA nft delete table inet no
	return "$status"
}

tx_too_big() {
	ip -n gwA link set vti0 mtu 1500
	in_ns hostA ip route flush cache
	counts gwA tx-too-big 1 in_ns hostA sh -c "ping -n -c 1 -W 1 -M do -s 1440 $HOSTB4; true"
}

# Neither what we send nor what the peer sends is for this SA.
selector() {
	in_ns gwA ipsvtictl sa flush vti0 && sa_add gwA 1 256 ts remote 10.2.0.99 || return
	counts gwA tx-selector 1 to_nobody && counts gwA rx-selector 1 esp --seq $((++SEQ))
}

# The tracepoint has seen what was counted: each reason, as often.
traced() {
	local seen counted
	seen=$(sed -n 's/.* ipsvti_drop: dev=vti0 reason=\([^ ]*\) packets=\([0-9]*\) .*/\1 \2/p' "$T/trace" |
		awk '{ n[$1] += $2 } END { for (i in n) print i ": " n[i] }' | sort)
	counted=$(drops gwA | tr - _ | sort)
	diff <(echo "$counted") <(echo "$seen") && [ "$(wc -l <<<"$seen")" -ge 14 ]
}

# What is counted of that in "ip -s link" is what Documentation/counters.md has in its last
# column.
link_wants() {
	counters gwA | awk '
		NR == FNR {
			n = split($0, cell, / *[|] */)
			if (n == 7 && cell[2] ~ /^`[rt]x-/)
				where[substr(cell[2], 2, length(cell[2]) - 2)] = cell[6]
			next
		}
		{
			name = $1
			sub(/:$/, "", name)
			way = substr(name, 1, 2)
			if (name ~ /-(packets|bytes)$/)
				sum[way " " substr(name, 4)] += $2
			else if (!(name in where))
				print name " is not in the table"
			n = split(where[name], word, /, /)
			for (i = 1; i <= n; i++)
				sum[way " " word[i]] += $2
		}
		END { for (i in sum) if (sum[i]) print i, sum[i] }' "$IPSVTI_TREE/Documentation/counters.md" - | sort
}

link_has() {
	ip -n gwA -s -s -j link show vti0 | jq -r '.[0].stats64 | to_entries[] | .key as $way | .value | to_entries[] |
		select(.value > 0 and (.key | IN("carrier_changes", "multicast") | not)) |
		"\($way) \(.key | sub("_errors$"; "")) \(.value)"' | sort
}

of_the_link() {
	local word
	link_has
	wait_for 5 'diff <(link_wants) <(link_has)' || return
	for word in "rx errors" "rx dropped" "rx crc" "rx frame" "rx length" "tx errors" "tx dropped" "tx carrier" "tx collisions"; do
		link_has | grep -q "^$word " || { echo "no $word"; return 1; }
	done
}

ktap_run "set up" setup
ktap_run "good ones are delivered: IPv4, IPv6, in UDP" good_ones
ktap_run "replayed" replayed
ktap_run "left of the window" late
ktap_run "one bit of the sequence number changed" dropped rx-auth --flip 6
ktap_run "one bit of the IV changed" dropped rx-auth --flip 12
ktap_run "one bit of the payload changed" dropped rx-auth --flip 20
ktap_run "ICV shortened" dropped rx-auth --cut 4
ktap_run "wrong keys" wrong_keys
ktap_run "a forged number does not move the window" forged_number
ktap_run "a flood of forged ones" flooded
ktap_run "too short, or of a length that cannot be" lengths
ktap_run "wrong padding" padding
ktap_run "a dummy packet" dropped rx-dummy --next-header 59
ktap_run "next header 17" dropped rx-next-header --next-header 17
ktap_run "next header 50: ESP in ESP" dropped rx-next-header --next-header 50
ktap_run "not the IP version that the next header says" no_ip
ktap_run "inner packet longer than there is" inner_longer_than_there_is
ktap_run "padding for traffic flow confidentiality is cut off" tfc
ktap_run "ECN, all combinations" ecn
ktap_run "ECN, IPv6 inside and outside" ecn_ipv6
ktap_run "ECN, all combinations, in UDP" ecn --udp 4500:4500
ktap_run "ECN, IPv6 inside and in UDP over IPv6" ecn_ipv6 --udp 4500:4500
ktap_run "in UDP over IPv4: no checksum, a right one, a wrong one" udp_checksum
ktap_run "in UDP over IPv6: no checksum, a wrong one, a right one" udp_checksum_ipv6
ktap_run "an SPI without keys yet" larval
ktap_run "a foreign SPI goes on to XFRM" foreign_spi
ktap_run "our SPI at another address is not ours" foreign_address
ktap_run "device down" device_down
ktap_run "sending without an SA" tx_no_sa
ktap_run "sending without a route" tx_no_route
ktap_run "sending in a loop" tx_loop
ktap_run "a filter drops what is sent" tx_output
ktap_run "sending too big" tx_too_big
ktap_run "not for this SA" selector
ktap_run "the tracepoint has seen each of them" traced
ktap_run "the counters of the link are their sums" of_the_link
ktap_end
