#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets that are too big for the path: cut before encryption, cut outside, or their
# sender told, by inner packet, df and pre-frag; and fragments that come in.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 24

# 1446 octets fit; the LANs and the devices take 3000.
FITS=1446

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB && big_start || return
	lans_mtu 3000
}

options() { ip -n gwA link change vti0 type ipsvti "$@"; }

# watch COMMAND...: with captures of the path and of what arrives in LAN B
watch() {
	local status
	capture_start inet toA "$WORK/out" "src $GWA4 or src $GWA6" &&
		capture_start hostB eth0 "$WORK/in" "src $HOSTA4 or src $HOSTA6 or src 169.254.1.1" || return
	"$@"
	status=$?
	capture_stop "$WORK/out" "$WORK/in"
	return "$status"
}

# has out|in N FILTER: so many of the packets of that capture
has() {
	local n
	n=$(tcpdump --count -nr "$WORK/$1" "$3" 2>/dev/null)
	n=${n%% *}
	[ "$n" = "$2" ] && return
	echo "$1: $n packets of '$3', not $2"
	tcpdump -nvr "$WORK/$1" 2>/dev/null
	return 1
}

ESP="(ip proto 50 or udp port 4500 or ip6 proto 50)"
FRAG4="ip[6:2] & 0x3fff != 0" FRAG6="ip6[6] = 44"
DF="ip[6] & 0x40 != 0"

# What else is sent through the tunnel, as reports of multicast, fits and has no DF to see.
# cut_inside N: N inner fragments left, and nothing is cut outside
cut_inside() {
	has out 0 "$FRAG4 or $FRAG6" && has in "$1" "$FRAG4" && has in 0 "$FRAG6" && has in 0 "ip and greater $((FITS + 15))"
}

# cut_outside N: the path saw N fragments, LAN B none
cut_outside() {
	has out "$1" "$FRAG4 or $FRAG6" && has in 0 "$FRAG4 or $FRAG6"
}

nstat_of() { # GW NAME
	in_ns "$1" nstat -asz "$2" | awk -v n="$2" '$1 == n { print $2 }'
}

# ---- before encryption

# It is the default; 2528 octets of packet are 1444 and 1104 with headers.
before() {
	local oks creates sent
	too_wide 4 none && sent=$(sa_of gwA 1 .out.packets) &&
		oks=$(nstat_of gwA IpFragOKs) creates=$(nstat_of gwA IpFragCreates) &&
		watch big "arrived 1" udp hostA hostB 4 2500 && cut_inside 2 &&
		has in 1 "ip[2:2] = 1444 and ip[6:2] = 0x2000" && has in 1 "ip[2:2] = 1104 and ip[6:2] = 178" || return
	[ "$(nstat_of gwA IpFragOKs)" = $((oks + 1)) ] && [ "$(nstat_of gwA IpFragCreates)" = $((creates + 2)) ] &&
		[ "$(($(sa_of gwA 1 .out.packets) - sent))" -ge 2 ] && [ -z "$(drops gwA)" ]
}

# Whatever becomes of the outer DF.
before_df() {
	options df set && watch big "arrived 1" udp hostA hostB 4 2500 && cut_inside 2 &&
		has out 2 "$ESP and $DF and greater 1000" &&
		options df clear && watch big "arrived 1" udp hostA hostB 4 2500 && cut_inside 2 && has out 0 "$DF" || return
	options df copy && watch big "arrived 1" udp hostA hostB 4 2500 && cut_inside 2 && has out 0 "$DF"
}

# Sent by the gateway itself; the memory stays charged to the socket until it is sent.
before_local() { watch big "arrived 1" udp gwA hostB 4 2500 && cut_inside 2; }

# What fits is left alone, one octet more is not.
before_exact() {
	watch big "arrived 1" udp hostA hostB 4 $((FITS - 28)) && cut_inside 0 &&
		watch big "arrived 1" udp hostA hostB 4 $((FITS - 28 + 1)) && cut_inside 2
}

# Segments of a packet that leaves the socket in one piece: each is cut, where it does not
# fit; the last one of 500 octets does.
before_gso() {
	watch big "arrived 5" udp hostA hostB 4 8500 gso=2000 && cut_inside 8 &&
		watch big "arrived 5" udp gwA hostB 4 8500 gso=2000 && cut_inside 8
}

# Fragments of 3000 octets come into the tunnel: 2996, 2996 and 76.
before_again() {
	watch big "arrived 1" udp hostA hostB 4 6000 && cut_inside 7 && has in 6 "ip[6] & 0x20 != 0"
}

# Router alert is copied to all fragments, record route stays with the first (RFC 791). A
# packet socket on the device has a share in the packet, whose header must stay as it is.
before_options() {
	big listening tap gwA vti0 && watch big "arrived 1" udp hostA hostB 4 2500 nosum opt=940400000707040000000000 || return
	cut_inside 2 && has in 2 "ip[0] = 0x48 and ip[20] = 0x94" && has in 1 "ip[24] = 7 and ip[6:2] = 0x2000" &&
		has in 1 "ip[24:4] = 0x01010101 and ip[28:2] = 0x0101 and ip[30] = 1" || return
	big_ask tapped 32 && [[ $SAID == 48*07070[48]* ]] && return
	echo "the packet socket has $SAID"
	return 1
}

# Headers that lie, straight to the device: 4 words of it, more words than there are, a total
# length that is not the packet's.
before_damaged() {
	local tail
	tail=$(printf '00%.0s' $(seq 2000))
	counts gwA tx-not-ip 2 damaged "44 07e4" "45 0400" && watch big "arrived 1" udp hostA hostB 4 2500 && cut_inside 2
}

damaged() { # "IHL TOTAL"...
	local x
	for x; do
		# shellcheck disable=SC2086
		set -- $x
		big sent raw gwA vti0 "${1}00${2}00010000401100000a010002$(printf '0a020002')$tail" || return
	done
}

# One of two fragments would be one too many for the SA: neither is sent by it, both by the
# one that takes over, and if there is none they are counted.
before_limits() {
	too_wide 4 none && in_ns gwA sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1 && keys 2 && sa_add gwB 2 && keys 3 && sa_add gwB 3 &&
		sa_add gwA 2 256 limit out hard-packets 3 && sa_add gwA 3 256 activate manual &&
		watch big "arrived 1" udp hostA hostB 4 2500 && cut_inside 2 && [ "$(sa_of gwA 2 .out.packets)" = 2 ] || return
	watch big "arrived 1" udp hostA hostB 4 2500 && cut_inside 2 && [ "$(state gwA 3)" = active ] &&
		[ "$(sa_of gwA 3 .out.packets)" = 2 ] && [ -z "$(drops gwA)" ] || return
	keys 4 && sa_add gwB 4 && sa_add gwA 4 256 limit out hard-packets 1 && in_ns gwA ipsvtictl sa del vti0 "$(pair_id gwA 3)" &&
		counts gwA tx-expired 2 big lost udp hostA hostB 4 2500
}

# The one that takes over adds more to a packet, so the first fragment is cut once more, and
# has no number for both; the next one takes over, for what was cut there and what was not yet.
before_limits_twice() {
	local n
	too_wide 4 none && in_ns gwA sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1 && for n in 2 3 4; do
		keys "$n" && sa_add gwB "$n" || return
	done
	sa_add gwA 2 256 limit out hard-packets 1 && sa_add gwA 3 256 activate manual &&
		sa_add gwA 4 256 activate manual limit out hard-packets 1 "${ENCAP_UDP[@]}" || return
	watch big "arrived 1" udp hostA hostB 4 2500 && cut_inside 3 && [ "$(state gwA 3)" = active ] &&
		[ "$(sa_of gwA 3 .out.packets)" = 3 ] && has in 1 "ip[2:2] = 1436" && has in 1 "ip[2:2] = 28" && [ -z "$(drops gwA)" ]
}

# Each allocation on the way fails once: what does not arrive is refused to the socket or
# counted, and nothing of it is left over, which is what the debug kernel looks for.
before_no_memory() {
	local n failed=0 counted
	[ -e /proc/self/fail-nth ] || { cannot "no fault injection in this kernel"; return; }
	too_wide 4 none && in_ns gwA sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1 || return
	for ((n = 1; n < 60; n++)); do
		big_ask udp gwA gwB 4 4000 "nth=$n"
		case $SAID in
		"arrived 1") break ;;
		"arrived 1 injected" | "failed "*" injected") ;;
		"lost injected") failed=$((failed + 1)) ;;
		*) echo "$n: $SAID"; return 1 ;;
		esac
	done
	counted=$(counter gwA tx-no-memory)
	echo "$n allocations, $failed lost, $counted counted"
	[ "$n" -lt 60 ] && [ "$counted" -ge 3 ] && [ "$(drops gwA)" = "tx-no-memory: $counted" ] &&
		big "arrived 1" udp gwA gwB 4 4000
}

before_over() { # 4|6 none|udp FITS
	too_wide "$1" "$2" && FITS=$3 watch big "arrived 1" udp hostA hostB 4 2500 && FITS=$3 cut_inside 2
}

# ---- outside, and not at all

# outside 4|6 none|udp N: IPv4 without DF leaves in N fragments
outside() {
	too_wide "$1" "$2" pre-frag off && watch big "arrived 1" udp hostA hostB 4 2500 && cut_outside "$3" && [ -z "$(drops gwB)" ]
}

# tx_told COMMAND...: and it counted
tx_told() { counts gwA tx-too-big 1 "$@"; }

# The sender of a packet without DF is told, but will not hear.
df_set() {
	too_wide 4 none pre-frag off df set && forget hostA && capture_start hostA eth0 "$WORK/in" icmp &&
		tx_told big lost udp hostA hostB 4 2500 || return
	capture_stop "$WORK/in"
	has in 1 "icmp[0] = 3 and icmp[1] = 4 and icmp[6:2] = $FITS" &&
		tx_told big "told $FITS" udp hostA hostB 6 2500 df
}

with_df() { # copy|set: the sender of a packet with DF, and that of IPv6, is told
	too_wide 4 none df "$1" && forget hostA && tx_told big "told $FITS" udp hostA hostB 4 2500 df &&
		tx_told big "told $FITS" udp hostA hostB 6 2500 df
}

# Nobody is told, everything arrives.
df_clear() { # 4|6
	too_wide "$1" none df clear && forget hostA && watch big "arrived 1" udp hostA hostB 4 2500 df && cut_outside 2 &&
		watch big "arrived 1" udp hostA hostB 6 2500 df && cut_outside 2
}

# Where less than 1280 octets fit, IPv6 of that size is cut outside, one more octet is not.
ipv6_minimum() { # 4|6 MTU
	local route=192.0.2.254
	[ "$1" = 4 ] || route=2001:db8:a::fe
	ip -n gwA route change default via "$route" mtu "$2" && too_wide "$1" none && forget hostA &&
		watch big "arrived 1" udp hostA hostB 6 $((1280 - 48)) df && cut_outside 2 &&
		tx_told big "told 1280" udp hostA hostB 6 $((1280 - 48 + 1)) df &&
		ip -n gwA route change default via "$route"
}

# With df set it may not be cut outside either, and who could make it smaller is not told: IP
# drops it here.
ipv6_minimum_df_set() {
	ip -n gwA route change default via 192.0.2.254 mtu 1300 && too_wide 4 none df set && forget hostA &&
		counts gwA tx-output 1 big lost udp hostA hostB 6 $((1280 - 48)) df &&
		ip -n gwA route change default via 192.0.2.254
}

# A narrow link on the way cuts it once more, at another place.
on_the_way() {
	too_wide 4 none pre-frag off && ip -n inet link set toB mtu 1300 &&
		big "arrived 1" udp hostA hostB 4 2500 && big "arrived 1" udp hostA hostB 4 2900 && ip -n inet link set toB mtu 1500
}

# ---- fragments that come into the tunnel

# Put together by connection tracking, IP hands fragments on as they came, 1500 octets long;
# but for IPv6 ones that are short enough, which the device gets in one piece that is a list.
reassembled() {
	local gw
	too_wide 4 none && forget hostA && lans_mtu 1500 || return
	for gw in gwA gwB; do
		in_ns "$gw" nft -f - <<-EOT || return
			table inet track { chain forward { type filter hook forward priority 0; ct state new counter; }; }
		EOT
	done
	big "arrived 1" udp hostA hostB 4 6000 && tx_told big "told $FITS" udp hostA hostB 6 2500 &&
		big "arrived 1" udp hostA hostB 6 6000 &&
		watch big "arrived 1" frag6 hostA hostB && has in 0 "$FRAG6" && has in 1 "ip6[6] = 17 and ip6[4:2] = 508" &&
		[ "$(drops gwA)" = "tx-too-big: 1" ] && [ -z "$(drops gwB)" ] || return
	for gw in gwA gwB; do in_ns "$gw" nft delete table inet track; done
	lans_mtu 3000
}

ktap_run "set up" setup
ktap_run "before encryption" before
ktap_run "before encryption, with any df" before_df
ktap_run "before encryption, local" before_local
ktap_run "before encryption, to the octet" before_exact
ktap_run "before encryption, GSO" before_gso
ktap_run "before encryption, fragments again" before_again
ktap_run "before encryption, IP options" before_options
ktap_run "before encryption, damaged headers" before_damaged
ktap_run "before encryption, at the end of an SA" before_limits
ktap_run "before encryption, at the end of two SAs" before_limits_twice
ktap_run "before encryption, without memory" before_no_memory
ktap_run "before encryption, outer IPv6 and UDP" before_over 6 udp 1418
ktap_run "outside, IPv4" outside 4 none 2
ktap_run "outside, IPv6 and UDP" outside 6 udp 2
ktap_run "pre-frag off, df set" df_set
ktap_run "df copy, inner DF and IPv6: told" with_df copy
ktap_run "df set, inner DF and IPv6: told" with_df set
ktap_run "df clear, inner DF and IPv6: cut, outer IPv4" df_clear 4
ktap_run "df clear, inner DF and IPv6: cut, outer IPv6" df_clear 6
ktap_run "IPv6 of 1280 octets where less fits" ipv6_minimum 4 1300
ktap_run "df set, IPv6 of 1280 octets where less fits" ipv6_minimum_df_set
ktap_run "outer fragments cut again on the way" on_the_way
ktap_run "reassembled on the way into the tunnel" reassembled
ktap_end
