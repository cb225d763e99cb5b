#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets through the tunnel: inner IPv4 and IPv6, over outer IPv4 and IPv6, as ESP
# and as ESP in UDP, with 128 and 256 bits; and what the underlay gets to see.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 14

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB
}

across() { # OUTER none|udp BITS
	local v encap=()
	[ "$2" = none ] || encap=("${ENCAP_UDP[@]}")
	links_up "$1" && pair_up 1 "$3" "${encap[@]}" || return
	for v in 4 6; do
		ping_across "$v" && tcp_across "$v" 300000 && tcp_across "$v" 300000 hostB || return
	done
}

# Only ESP between the gateways (and what finds neighbours), not one octet in clear.
only_esp() { # FILE FILTER
	local file=$1 filter=$2 other
	[ "$(tcpdump -r "$file" "$filter" 2>/dev/null | wc -l)" -ge 20 ] ||
		{ echo "too few packets like '$filter'"; return 1; }
	other=$(tcpdump -nr "$file" "not ($filter) and not arp and not (icmp6 and ip6[40] >= 133 and ip6[40] <= 137)" 2>/dev/null)
	[ -z "$other" ] || { echo "also seen: $other"; return 1; }
	if grep -qa "$MARK" "$file"; then
		echo "the payload is there in clear"
		return 1
	fi
}

MARK=0123456789abcdef
wire() { # OUTER FILTER WORD...
	local outer=$1 filter=$2 v
	shift 2
	links_up "$outer" && pair_up 1 256 "$@" &&
		capture_start inet toA "$WORK/wire.$outer" || return
	for v in 4 6; do # -p wants hexadecimal digits; MARK are those of its letters
		ping_across "$v" -c 5 -s 400 -p "$(printf %s "$MARK" | od -An -tx1 | tr -d ' \n')" || return
	done
	capture_stop "$WORK/wire.$outer"
	only_esp "$WORK/wire.$outer" "$filter"
}

# A program that knows ESP from elsewhere decrypts what was captured with the keys.
tshark_reads() {
	local esp=("$WORK"/wire.4) key salt out
	read -r _ key salt < <(grep ^out "$WORK/gwA.1")
	out=$(tshark -r "${esp[0]}" -o esp.enable_encryption_decode:TRUE \
		-o "uat:esp_sa:\"IPv4\",\"$GWA4\",\"$GWB4\",\"$(printf '0x%08x' "$(spi gwB 1)")\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x$key$salt\",\"NULL\",\"\",\"32-bit\"" \
		-T fields -e ip.src -e ip.dst -e icmp.type -e data.data -Y 'esp && icmp.type == 8' 2>&1)
	echo "$out"
	grep -q "$GWA4,$HOSTA4.*$GWB4,$HOSTB4.*8" <<<"$out"
}

# Whatever way it comes: an SA takes ESP and ESP in UDP.
either_way() {
	links_up 4 && keys 1 && sa_add gwA 1 256 "${ENCAP_UDP[@]}" && sa_add gwB 1 256 || return
	ping_across 4 && ping_across 6
}


one() { # NAME COMMAND...: with new devices
	ktap_run "$@"
	links_down
}

ktap_run "set up" setup
for outer in 4 6; do
	for encap in none udp; do
		for bits in 128 256; do
			one "ping and TCP, IPv4 and IPv6 over IPv$outer, encap $encap, $bits bits" \
				across $outer $encap $bits
		done
	done
done
one "the underlay sees ESP only, IPv6" wire 6 "ip6 proto 50"
one "the underlay sees ESP in UDP only" wire 4 "udp port 4500" "${ENCAP_UDP[@]}"
one "the underlay sees ESP only, IPv4" wire 4 "ip proto 50"
ktap_run "tshark decrypts it with the keys" tshark_reads
one "an inbound SA takes ESP and ESP in UDP alike" either_way
ktap_end
