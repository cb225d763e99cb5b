# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# BIRD in both gateways, which tells either LAN to the other one by BGP through the tunnel.
# Sourced, after common.sh.

# addresses_only: of the tunnel; the other LAN is BGP's to tell.
addresses_only() {
	wait_for 20 'ip -n gwA link show vti0 && ip -n gwB link show vti0' &&
		printf '%s\n' 'addr add 169.254.1.1/30 dev vti0' 'link set vti0 up' | ip -n gwA -batch - &&
		printf '%s\n' 'addr add 169.254.1.2/30 dev vti0' 'link set vti0 up' | ip -n gwB -batch -
}

birdc_() { in_ns "$1" birdc -s "/run/$1.bird" "${@:2}"; }
learnt() { ip -n "$1" route show "$2" proto bird dev vti0 | grep -q .; }

# bird_start NS ME PEER AS PEERAS ID: BGP_TIMES are the seconds between keepalives, and of
# silence that end a session.
BGP_TIMES=(10 30) BIRDS=()
bird_start() {
	sed -e "s/@ME@/$2/; s/@PEER@/$3/; s/@AS@/$4/; s/@PEERAS@/$5/; s/@ID@/$6/" \
		-e '/^protocol bgp/a\	debug { states };' \
		-e "s/keepalive time .*;/keepalive time ${BGP_TIMES[0]};/; s/hold time .*;/hold time ${BGP_TIMES[1]};/" \
		"$IPSVTI_TREE/selftests/demo/bird.conf.in" >"$OUT/$1.bird.conf"
	ip netns exec "$1" bird -f -c "$OUT/$1.bird.conf" -s "/run/$1.bird" >"$OUT/$1.bird.log" 2>&1 &
	BIRDS+=($!)
}

bgp() {
	bird_start gwA 169.254.1.1 169.254.1.2 65001 65002 "$GWA4"
	bird_start gwB 169.254.1.2 169.254.1.1 65002 65001 "$GWB4"
	wait_for 60 'learnt gwA 10.2.0.0/24 && learnt gwB 10.1.0.0/24'
}

bgp_end() {
	local pid
	for pid in "${BIRDS[@]}"; do
		kill "$pid" && wait_for 20 "! kill -0 $pid" || return
	done
}

# one_session: and it is that of the beginning.
one_session() {
	local ns
	for ns in gwA gwB; do
		grep 'bgp1: ' "$OUT/$ns.bird.log"
		birdc_ "$ns" show protocols bgp1 | grep -q Established &&
			[ "$(grep -c 'bgp1: State changed to up' "$OUT/$ns.bird.log")" = 1 ] &&
			! grep -E 'bgp1: State changed to (stop|flush|down)' "$OUT/$ns.bird.log" || return
	done
}
