#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel's own IPsec (XFRM) as the peer, with the same keys: what goes over the
# wire is what everybody else means by ESP.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 7

setup() {
	modprobe ipsvti && modprobe -a esp4 esp6 2>/dev/null
	topo_up && encap_up gwA && encap_up gwB
}

xfrm_state() { # OUTER SRC DST SPI KEY BITS ENCAP
	local encap=()
	[ "$7" = none ] || encap=(encap espinudp 4500 4500 0.0.0.0)
	[ "$7$1" != udp6 ] || encap=(encap espinudp 4500 4500 ::)
	ip -n gwB xfrm state add src "$2" dst "$3" proto esp spi "$4" mode tunnel reqid 1 \
		replay-window 64 flag af-unspec \
		aead 'rfc4106(gcm(aes))' "0x$5" 128 "${encap[@]}"
}

# xfrm_up OUTER BITS none|udp: gwB's side with states and policies, for all of both
# families between the LANs
xfrm_up() {
	local v=$1 us them in out p
	us=$(outer gwB "$v") them=$(outer gwA "$v")
	in=$(sed -n 's/^in //p' "$WORK/gwB.1" | tr -d ' ')
	out=$(sed -n 's/^out //p' "$WORK/gwB.1" | tr -d ' ')
	xfrm_state "$v" "$them" "$us" "$(spi gwB 1)" "$in" "$2" "$3" &&
		xfrm_state "$v" "$us" "$them" "$(spi gwA 1)" "$out" "$2" "$3" || return
	for p in "10.2.0.0/24 10.1.0.0/24" "fd00:2::/64 fd00:1::/64"; do
		# shellcheck disable=SC2086
		set -- $p
		ip -n gwB xfrm policy add src "$1" dst "$2" dir out \
			tmpl src "$us" dst "$them" proto esp reqid 1 mode tunnel || return
		ip -n gwB xfrm policy add src "$2" dst "$1" dir in \
			tmpl src "$them" dst "$us" proto esp reqid 1 mode tunnel || return
		ip -n gwB xfrm policy add src "$2" dst "$1" dir fwd \
			tmpl src "$them" dst "$us" proto esp reqid 1 mode tunnel || return
	done
}

xfrm_down() {
	ip -n gwB xfrm state flush
	ip -n gwB xfrm policy flush
	link_down gwA
}

both_ways() { # OUTER BITS none|udp
	local v encap=()
	[ "$3" = none ] || encap=("${ENCAP_UDP[@]}")
	keys 1 "$2"
	link_up gwA "$1" && sa_add gwA 1 "$2" "${encap[@]}" && xfrm_up "$@" || return
	for v in 4 6; do
		ping_across "$v" && tcp_across "$v" 200000 && tcp_across "$v" 200000 hostB || return
	done
	# Fragments, padding of every length, and no error on either side.
	ping_across 4 -s 4000 && ping_across 4 -s 0 && ping_across 4 -s 1 &&
		ping_across 4 -s 2 && ping_across 4 -s 3 || return
	# What XFRM would count of packets that are not as it likes them.  (No states: what
	# came before it had them.)
	! in_ns gwB grep -E '^XfrmIn(Error|HdrError|State[A-Z]|Tmpl|NoPols|Pol)[A-Za-z]*[[:space:]]+[1-9]' \
		/proc/net/xfrm_stat || return
	! drops gwA
}

one() {
	ktap_run "$@"
	xfrm_down
}

ktap_run "set up" setup
one "IPv4, ESP, 128 bits" both_ways 4 128 none
one "IPv4, ESP, 256 bits" both_ways 4 256 none
one "IPv4, ESP in UDP" both_ways 4 256 udp
one "IPv6, ESP, 128 bits" both_ways 6 128 none
one "IPv6, ESP, 256 bits" both_ways 6 256 none
one "IPv6, ESP in UDP" both_ways 6 256 udp
ktap_end
