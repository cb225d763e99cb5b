#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The fields of outer headers: which come from the inner packet, which from the device's
# options, and which are what they have to be.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 23

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB || return
	# No device computes checksums, so that they are in what is captured.
	in_ns gwA ethtool -K wan tx off >/dev/null
}

# heads FILE FILTER: the first 16 octets of each packet, those apart that IPv6 sends by
# itself, which are small
heads() {
	tcpdump -nxr "$WORK/$1" "$2 and greater 240" 2>/dev/null | sed -n 's/^\t0x0000:  //p' | tr -d ' '
}

# fields tos|ttl|label < HEADS: of each, in one line
fields() {
	local head out=''
	while read -r head; do
		case $1${head:0:1} in
		tos4) out+=" ${head:2:2}" ;;
		tos6) out+=" ${head:1:2}" ;;
		ttl4) out+=" ${head:16:2}" ;;
		ttl6) out+=" ${head:14:2}" ;;
		label6) out+=" ${head:3:5}" ;;
		*) out+=" ?" ;;
		esac
	done
	echo "${out# }"
}

# How the pair is encapsulated, and what is to be seen of it outside
ENCAP=() SEEN="(ip proto 50 or ip6 proto 50)"

# sent INNER OUTER [OPTION...]: with these options of the device, an echo request with each
# of the four ECN fields, and a DSCP of 22; what is seen of them outside and at hostB goes
# to $WORK/outside and $WORK/inside
sent() {
	local inner=$1 outer=$2 ecn to=HOSTB$1
	shift 2
	links_up "$outer" "$@" && pair_up 1 256 "${ENCAP[@]}" && capture_start inet toA "$WORK/out" &&
		capture_start hostB eth0 "$WORK/in" || return
	for ecn in 0 1 2 3; do
		ping_across "$inner" -c 1 -s 200 -Q $((0x58 | ecn)) || return
	done
	capture_stop "$WORK/out" "$WORK/in"
	heads out "src host $(outer gwA "$outer") and $SEEN" >"$WORK/outside"
	heads in "dst host ${!to}" >"$WORK/inside"
}

# is FIELD inside|outside VALUES
is() {
	local got
	got=$(fields "$1" <"$WORK/$2")
	[ "$got" = "$3" ] && return
	echo "$1 $2: $got, not $3"
	return 1
}

# The inner packet arrives as it was; RFC 6040, section 4.1, normal mode.
copied() { # INNER OUTER
	sent "$1" "$2" && is tos outside "58 59 5a 5b" && is tos inside "58 59 5a 5b"
}

fixed() { # INNER OUTER
	sent "$1" "$2" dscp 46 && is tos outside "b8 b9 ba bb" && is tos inside "58 59 5a 5b"
}

# Not the inner packet's, which has passed a router already.
hops() { # INNER OUTER
	sent "$1" "$2" && is ttl outside "40 40 40 40" && is ttl inside "3e 3e 3e 3e" || return
	links_down
	sent "$1" "$2" ttl 33 && is ttl outside "21 21 21 21" && is ttl inside "3e 3e 3e 3e"
}

# All packets of an SA are one flow, which tells nothing of those inside (RFC 6437, section
# 3, allows 0), even if the system labels flows of tunnels.
no_label() {
	in_ns gwA sysctl -qw net.ipv6.auto_flowlabels=3 && sent 6 6 && is label outside "00000 00000 00000 00000" || return
	! is label inside "00000 00000 00000 00000"
}

# in_udp COMMAND...: the same of ESP in UDP
in_udp() {
	local ENCAP=("${ENCAP_UDP[@]}") SEEN="udp src port 4500"
	"$@"
}

# A router on the way says CE of all packets (RFC 3168); RFC 6040, section 4.2: that arrives
# inside, and what could not carry it is dropped, without an answer.  (Outer IPv6: drop.sh)
congested() { # INNER
	local inner=$1 outer=4 ecn to=HOSTB$1 status
	links_up "$outer" && pair_up 1 256 "${ENCAP[@]}" &&
		ping_across "$inner" -c 1 && capture_start inet toB "$WORK/out" && capture_start hostB eth0 "$WORK/in" || return
	in_ns inet nft -f - <<-EOT || return
		table inet congested { chain f { type filter hook forward priority 0; iifname "toA" jump ce; }
			chain ce { ip ecn set ce; }; }
	EOT
	for ecn in 1 2 3; do
		ping_across "$inner" -c 1 -s 200 -Q $((0x58 | ecn)) || break
	done
	[ "$ecn" = 3 ] && counts gwB rx-ecn 1 no_answer "$inner"
	status=$?
	in_ns inet nft delete table inet congested
	capture_stop "$WORK/out" "$WORK/in"
	[ "$status" = 0 ] || return
	heads out "src host $(outer gwA "$outer") and $SEEN" >"$WORK/outside"
	heads in "dst host ${!to}" >"$WORK/inside"
	is tos outside "5b 5b 5b 5b" && is tos inside "5b 5b 5b"
}

no_answer() { ! ping_across "$1" -c 1 -s 200 -W 1 -Q $((0x58)); }

# checksums OUTER VALUES: tshark on each, 3 is "there is none" and 1 "it is right"
checksums() {
	links_up "$1" && pair_up 1 256 "${ENCAP_UDP[@]}" && capture_start inet toA "$WORK/udp" "udp port 4500" || return
	ping_across 4 -c 2 && ping_across 6 -c 2 || return
	capture_stop "$WORK/udp"
	tshark -r "$WORK/udp" -o udp.check_checksum:TRUE -Y "udp.srcport == 4500 && $2" \
		-T fields -e udp.checksum.status -e udp.checksum >"$WORK/sums" 2>/dev/null
	cat "$WORK/sums"
	[ "$(wc -l <"$WORK/sums")" -ge 4 ] && [ "$(cut -f 1 "$WORK/sums" | sort -u)" = "$3" ]
}

one() {
	local file
	ktap_run "$@"
	for file in "${!CAPTURES[@]}"; do
		capture_stop "$file"
	done
	links_down
}

ktap_run "set up" setup
for inner in 4 6; do
	for outer in 4 6; do
		one "DSCP and ECN copied, IPv$inner in IPv$outer" copied $inner $outer
		one "DSCP fixed, ECN copied, IPv$inner in IPv$outer" fixed $inner $outer
	done
done
one "TTL, IPv6 in IPv4" hops 6 4
one "hop limit, IPv4 in IPv6" hops 4 6
one "no flow label" no_label
for outer in 4 6; do
	inner=$((10 - outer))
	one "DSCP and ECN copied, IPv$inner in UDP over IPv$outer" in_udp copied $inner $outer
	one "DSCP fixed, ECN copied, IPv$inner in UDP over IPv$outer" in_udp fixed $inner $outer
	one "hop limit, IPv$inner in UDP over IPv$outer" in_udp hops $inner $outer
done
one "ECN, CE on the way, IPv6 in IPv4" congested 6
for inner in 4 6; do
	one "ECN, CE on the way, IPv$inner in UDP over IPv4" in_udp congested $inner
done
# RFC 3948, section 2.1, and RFC 8200, section 8.1
one "UDP over IPv4 has no checksum" checksums 4 "ip.src == $GWA4" 3
one "UDP over IPv6 has one" checksums 6 "ipv6.src == $GWA6" 1
ktap_end
