#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Path MTU: learnt from the underlay and forgotten again, and told to inner senders: to
# the octet, also for packets that leave a socket or a network card in one piece (GSO),
# and through tunnels that are on top of ours; and nobody else's errors change it.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 38

FITS=1446

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB && big_start && lans_mtu 3000
}

# What a namespace knows of the path to an address, of packets with that mark, say; "null",
# nothing
route_mtu() { # NS ADDR [WORD...]
	ip -n "$1" -j route get "${@:2}" | jq -r '.[0].metrics[0].mtu'
}

narrow() { ip -n inet link set toB mtu "${1:-1400}"; }

# ---- from the underlay

# A link on the way gets narrower; the first packet, within the device's MTU, is lost and
# teaches the gateway. Then the host is told, and the device knows.
learn() { # 4|6 none|udp FITS
	local encap=()
	[ "$2" = none ] || encap=("${ENCAP_UDP[@]}")
	links_down
	links_up "$1" && pair_up 1 256 "${encap[@]}" && narrow || return
	wait_for 10 "big 'told $3' udp hostA hostB 4 1380 df" && mtu_is gwA "$3"
}

# header octets: 28 of IPv4 and UDP, 48 of IPv6 and UDP
learnt() { # 4|6 none|udp FITS
	local fits=$3 peer=$GWB4
	[ "$1" = 4 ] || peer=$GWB6
	learn "$@" && [ "$(route_mtu gwA "$peer")" = 1400 ] && [ "$(route_mtu hostA "$HOSTB4")" = "$fits" ] &&
		big "told $fits" udp hostA hostB 6 1380 df && [ "$(route_mtu hostA "$HOSTB6")" = "$fits" ] &&
		big "arrived 1" udp hostA hostB 4 $((fits - 28)) df && big "arrived 1" udp hostA hostB 6 $((fits - 48)) df &&
		forget hostA && big "told $fits" udp hostA hostB 4 $((fits - 28 + 1)) df &&
		big "told $fits" udp hostA hostB 6 $((fits - 48 + 1)) df && tcp_across 4 300000 && tcp_across 6 300000
}

after() {
	narrow 1500
	forget gwA hostA
}

# What is sent last before the path is forgotten is small, and sees that it is.
forgotten() { # 4|6 FITS WIDER COMMAND...: the command makes gwA forget
	local fits=$2 wider=$3
	learn "$1" none "$fits" && narrow 1500 || return
	shift 3
	"$@" || return
	wait_for 15 "ping_across 4 -c 1 && [ \$(mtu gwA) = $wider ]" && forget hostA &&
		big "arrived 1" udp hostA hostB 4 $((wider - 28)) df
}

# As long as they last exceptions are in the list of routes.
flushed() { # 4|6
	[ -n "$(ip -n gwA -"$1" route show cache)" ] && forget gwA && [ -z "$(ip -n gwA -"$1" route show cache)" ]
}

expire() { # 4|6: soon, instead of in 10 minutes
	in_ns gwA sysctl -qw net.ipv"$1".route.mtu_expires=2
}

expires() { # 4|6 FITS WIDER
	expire "$1" && forgotten "$@" true || return
	in_ns gwA sysctl -qw net.ipv"$1".route.mtu_expires=600
}

# Another route in the place of the one that had the exception.
route_change() { # GATEWAY [WORD...]
	ip -n gwA route change default via "$@"
}

replaced() { # 4|6 FITS WIDER GATEWAY
	local status
	forgotten "$1" "$2" "$3" route_change "$4" mtu 1450
	status=$?
	route_change "$4"
	return "$status"
}

# ---- from the underlay, by routes that only outer packets take

# apart fwmark|dev|vrf 4|6 [WORD...]: outer packets of gwA go where their mark, their device or their VRF
# leads, and all others into the tunnel, or nowhere. Errors come back by another link.
apart() {
	links_down
	topo_link gwA wan2 203.0.113.1/24 2001:db8:c::1/64 inet toA2 203.0.113.254/24 2001:db8:c::fe/64 &&
		ip -n inet route add 192.0.2.1/32 via 203.0.113.1 && ip -n inet route add 2001:db8:a::1/128 via 2001:db8:c::1 || return
	case $1 in
	fwmark)
		OUTSIDE=(mark 7)
		link_up gwA "$2" fwmark 7 && ip -n gwA rule add fwmark 7 lookup 100 && ip -n gwA -6 rule add fwmark 7 lookup 100 &&
			ip -n gwA -batch - <<-EOT
				route del default via 192.0.2.254
				route del default via 2001:db8:a::fe
				route add default dev vti0
				route add ::/0 dev vti0
				route add default via 192.0.2.254 dev wan table 100
				route add default via 2001:db8:a::fe dev wan table 100
			EOT
		;;
	dev)
		OUTSIDE=(oif wan)
		link_up gwA "$2" dev wan && ip -n gwA -batch - <<-EOT
			route del default via 192.0.2.254
			route del default via 2001:db8:a::fe
			route add default dev vti0 metric 10
			route add ::/0 dev vti0 metric 10
			route add default via 192.0.2.254 dev wan metric 20
			route add default via 2001:db8:a::fe dev wan metric 20
		EOT
		;;
	vrf)
		OUTSIDE=(vrf blue)
		in_ns gwA sysctl -qw net.ipv6.conf.wan.keep_addr_on_down=1 net.ipv6.conf.wan2.keep_addr_on_down=1 &&
			ip -n gwA -batch - <<-EOT && link_up gwA "$2" dev blue
				link add blue type vrf table 20
				link set blue up
				link set wan master blue
				link set wan2 master blue
				route add default via 192.0.2.254 dev wan vrf blue
				route add default via 2001:db8:a::fe dev wan vrf blue
			EOT
		;;
	esac && link_up gwB "$2" && pair_up 1 256 "${@:3}"
}

# together: as it was before
together() {
	links_down
	ip -n gwA link del wan2
	ip -n gwA link del blue 2>/dev/null
	ip -n gwA rule del fwmark 7 2>/dev/null
	ip -n gwA -6 rule del fwmark 7 2>/dev/null
	ip -n gwA route flush table 100 2>/dev/null
	ip -n gwA -6 route flush table 100 2>/dev/null
	topo_default gwA 192.0.2.254 2001:db8:a::fe
	after
}

# What is learnt is the path of outer packets, and of nothing else.
learnt_apart() { # fwmark|dev|vrf 4|6 FITS [WORD...]
	local fits=$3 peer=$GWB4
	[ "$2" = 4 ] || peer=$GWB6
	apart "$1" "$2" "${@:4}" && narrow || return
	[ -z "${BIND:-}" ] || bind || return
	wait_for 10 "big 'told $fits' udp hostA hostB 4 1380 df" && mtu_is gwA "$fits" || return
	[ "$(route_mtu gwA "$peer" "${OUTSIDE[@]}")" = 1400 ] || return
	[ "$1" = vrf ] || [ "$(route_mtu gwA "$peer")" = null ] || return
	big "arrived 1" udp hostA hostB 4 $((fits - 28)) df && big "arrived 1" udp hostA hostB 6 $((fits - 48)) df &&
		tcp_across 4 100000 && tcp_across 6 100000
}

# The same of ESP in UDP: errors are for its socket, which learns the path that it would take
# itself. An unbound one, with net.ipv4.udp_l3mdev_accept, takes the VRF's with IPv6 ...
in_vrf() { # any|bound COMMAND...
	local socket=$1 status
	shift
	if [ "$socket" = any ]; then
		in_ns gwA sysctl -qw net.ipv4.udp_l3mdev_accept=1
		"$@"
		status=$?
		in_ns gwA sysctl -qw net.ipv4.udp_l3mdev_accept=0
	else
		BOUND=''
		BIND=blue "$@"
		status=$?
		kill "$BOUND" && wait "$BOUND"
	fi
	return "$status"
}

# bind: beside the one of "set up", which hears nothing from a VRF
bind() {
	in_ns gwA "$NET/encap.py" 4500 "$BIND" >"$WORK/encap.bound" 2>&1 &
	BOUND=$!
	wait_for 20 "grep -q ready '$WORK/encap.bound'"
}

# ... and the main table's with IPv4: what is too big for the path is lost, until somebody sets
# an MTU.
not_learnt() { # FITS
	apart vrf 4 "${ENCAP_UDP[@]}" && narrow && ping_across 4 -c 1 && mtu_is gwA 1438 || return
	for _ in 1 2 3; do
		big lost udp hostA hostB 4 1380 df || return
	done
	[ "$(mtu gwA)" = 1438 ] && ip -n gwA link set vti0 mtu "$1" && big "told $1" udp hostA hostB 4 1380 df &&
		big "arrived 1" udp hostA hostB 4 $(($1 - 28)) df
}

# ---- forged errors

# error 4|6 TYPE CODE MTU [from=ADDR] [to=ADDR] [spi=N]: comes to gwA, about a packet of pair 1 or
# what is said to be one
error() {
	local v=$1 us from to spi
	us=$(outer gwA "$v") from=$us to=$(outer gwB "$v") spi=$(spi gwB 1)
	[ $# -le 4 ] || local "${@:5}"
	big received icmp inet gwA "$us" "$2" "$3" "$4" "$from" "$to" "$spi"
}

# A new tunnel, which has sent something, and what it is like
forging() { # 4|6
	links_down
	links_up "$1" && pair_up 1 && forget gwA && ping_across "$1" -c 1 && BEFORE=$(as_it_is "$1")
}

as_it_is() { # 4|6
	mtu gwA
	ip -n gwA -"$1" route show cache
	ip -n gwA route get "$(outer gwB "$1")" | head -n 1
	state gwA 1
	carrier gwA
	counters gwA | grep -vE '^[rt]x-(packets|bytes):'
}

unchanged() { # 4|6
	diff <(echo "$BEFORE") <(as_it_is "$1")
}

# RFC 4301, section 8.2.1: who is not on the path does not know the SPI; and an error is about
# packets of ours or about nothing.
forged() { # 4|6
	local v=$1 us them too_big=(3 4) other=198.51.100.77
	[ "$v" = 4 ] || too_big=(2 0) other=2001:db8:b::77
	us=$(outer gwA "$v") them=$(outer gwB "$v")
	forging "$v" && error "$v" "${too_big[@]}" 1300 "spi=$(spi gwB 2)" && error "$v" "${too_big[@]}" 1300 spi=0 &&
		error "$v" "${too_big[@]}" 1300 "spi=$(spi gwA 1)" && unchanged "$v" || return
	error "$v" "${too_big[@]}" 1300 "to=$other" && unchanged "$v" || return
	error "$v" "${too_big[@]}" 1300 "from=$other" && unchanged "$v" || return
	error "$v" "${too_big[@]}" 1300 "from=$them" "to=$us" && unchanged "$v" || return
	error "$v" "${too_big[@]}" 1600 && error "$v" "${too_big[@]}" 65535 && unchanged "$v" || return
	# The last of them, of which only the MTU was wrong, with one that may be right.
	error "$v" "${too_big[@]}" 1300 && [ "$(route_mtu gwA "$them")" = 1300 ] && ping_across 4 -c 1 && mtu_is gwA 1280
}

# Unreachable in all ways, exceeded, quench, redirect and what no one has given a meaning.
other_types() { # 4|6
	local v=$1 code type types='4 5 11 12'
	[ "$v" = 4 ] || types='3 4 100 127'
	forging "$v" || return
	for code in 0 1 2 3 5 6 7 9 13 15; do
		error "$v" $((v == 4 ? 3 : 1)) "$code" 1300 || return
	done
	for type in $types; do
		error "$v" "$type" 0 1300 && error "$v" "$type" 1 1300 || return
	done
	unchanged "$v" && ping_across 4 -c 1 && ping_across 6 -c 1
}

# As little as the stack lets a path have, and no less; the device has what IPv6 needs. All
# passes, whole or in pieces.
tiny() { # 4|6 LEAST
	local v=$1 them mtu
	them=$(outer gwB "$v")
	forging "$v" || return
	for mtu in 0 67 551 1279; do
		if [ "$v" = 4 ]; then error 4 3 4 "$mtu"; else error 6 2 0 "$mtu" && unchanged 6; fi || return
		# The first that may not be cut is lost, and its sender told.
		wait_for 10 "ping_across 4 -c 1 -W 1 -s 1200" && ping_across 6 -c 1 -s 1200 && [ "$(mtu gwA)" -ge 1280 ] || return
		mtu=$(route_mtu gwA "$them")
		[ "$mtu" = null ] || [ "$mtu" -ge "$2" ] || { echo "path MTU $mtu"; return 1; }
	done
	tcp_across 4 100000 && tcp_across 6 100000
}

# One about an SA of XFRM's, between the same addresses, is for XFRM.
for_xfrm() { # 4|6
	local v=$1 too_big=(3 4) us them status
	[ "$v" = 4 ] || too_big=(2 0)
	us=$(outer gwA "$v") them=$(outer gwB "$v")
	modprobe "esp$v" 2>/dev/null
	forging "$v" && error "$v" "${too_big[@]}" 1390 spi=$((0x7001)) && unchanged "$v" &&
		ip -n gwA xfrm state add src "$us" dst "$them" proto esp spi 0x7001 mode tunnel reqid 7 \
			aead 'rfc4106(gcm(aes))' "0x$(random_hex 36)" 128 &&
		error "$v" "${too_big[@]}" 1390 spi=$((0x7001)) && [ "$(route_mtu gwA "$them")" = 1390 ]
	status=$?
	ip -n gwA xfrm state flush
	return "$status"
}

# ---- to inner senders

# too_big FROM 4|6 SIZE [gso=N]: told, counted once, and known from then on
too_big() {
	local from=$1 v=$2 to=HOSTB$2
	shift 2
	forget "$from"
	counts gwA tx-too-big 1 big "told $FITS" udp "$from" hostB "$v" "$@" df && [ "$(route_mtu "$from" "${!to}")" = "$FITS" ] || return
	big_ask udp "$from" hostB "$v" "$@" df
	case $SAID in
	"local $FITS" | "failed EMSGSIZE" | "failed EINVAL") return ;;
	esac
	echo "once more: $SAID"
	return 1
}

# The largest that fits, from a host and from the gateway itself; then one octet more.
exact() {
	local from
	for from in hostA gwA; do
		too_big "$from" 4 $((FITS - 28 + 1)) && big "arrived 1" udp "$from" hostB 4 $((FITS - 28)) df &&
			too_big "$from" 6 $((FITS - 48 + 1)) && big "arrived 1" udp "$from" hostB 6 $((FITS - 48)) df || return
	done
}

# The same of segments, with a last one that would fit.
exact_gso() { # 4|6
	local from n=$((FITS - ($1 == 4 ? 28 : 48)))
	for from in hostA gwA; do
		forget "$from"
		counts gwA tx-too-big 0 big "arrived 5" udp "$from" hostB "$1" $((n * 4 + 100)) df "gso=$n" &&
			too_big "$from" "$1" $((n * 4 + 100)) "gso=$((n + 1))" || return
	done
}

# Without clamping, hosts agree on segments that the devices take but the path does not. Few
# packets are lost until the sender knows.
exact_tcp() { # 4|6 hostA|gwA
	local v=$1 from=$2 to=HOSTB$1 before lost
	options mss-clamp off && ip -n gwB link change vti0 type ipsvti mss-clamp off && forget hostA gwA || return
	before=$(counter gwA tx-too-big)
	capture_start "$from" any "$WORK/told" "icmp or icmp6" && tcp_across "$v" 500000 "$from" || return
	capture_stop "$WORK/told"
	lost=$(($(counter gwA tx-too-big) - before))
	echo "$lost too big"
	[ "$(drops gwA | grep -v too-big)" = "" ] && [ "$lost" -ge 1 ] && [ "$lost" -le 20 ] && [ "$(route_mtu "$from" "${!to}")" = "$FITS" ] &&
		tcpdump -nvr "$WORK/told" 2>/dev/null | grep -oE 'mtu [0-9]+' | sort -u | diff - <(echo "mtu $FITS")
}

options() { ip -n gwA link change vti0 type ipsvti "$@"; }

# ---- tunnels on top of ours

# One of our own. Its device derives its MTU from ours, which takes more than its path; the
# error quotes the inner tunnel's ESP: 1446 less 20, 16 and 16, rounded down, less 2.
ipsvti_inside() {
	local gw us
	for gw in gwA gwB; do
		us=1
		[ "$gw" = gwA ] || us=2
		ip -n "$gw" link add vti1 type ipsvti local "169.254.1.$us" remote 169.254.1.$((3 - us)) &&
			ip -n "$gw" addr add "169.254.2.$us/30" dev vti1 && ip -n "$gw" link set vti1 up || return
	done
	keys 9 && for gw in gwA gwB; do
		in_ns "$gw" ipsvtictl sa add vti1 in spi "$(spi "$gw" 9)" out spi "$(spi "${OTHER[$gw]}" 9)" \
			alg aes-gcm-16-256 keys "$WORK/$gw.9" || return
	done
	ping_inside -s 500 || return
	forget gwA
	in_ns gwA ping -n -q -M 'do' -c 1 -W 1 -s 2000 169.254.2.2
	[ "$(route_mtu gwA 169.254.1.2)" = "$FITS" ] && wait_for 5 "ping_inside -s 500 && [ \$(cat_mtu vti1) = 1390 ]" &&
		capture_start inet toA "$WORK/out" "$FRAGMENTS" &&
		ping_inside -M 'do' -s $((1390 - 28)) && ping_inside -M dont -s 5000 || return
	capture_stop "$WORK/out"
	[ -z "$(tcpdump -nr "$WORK/out" 2>/dev/null)" ] || return
	for gw in gwA gwB; do ip -n "$gw" link del vti1; done
}

ping_inside() { in_ns gwA ping -n -q -c 1 -W 5 "$@" 169.254.2.2; }

FRAGMENTS="ip[6:2] & 0x3fff != 0 or ip6[6] = 44"

cat_mtu() { in_ns gwA cat "/sys/class/net/$1/mtu"; }

# VXLAN, bridged: the first packet teaches its route, and then it answers the host on the
# bridge: 20, 8, 8 and 14 octets less.
vxlan_inside() {
	local gw us
	for gw in gwA gwB; do
		us=1
		[ "$gw" = gwA ] || us=2
		ip -n "$gw" link add vx type vxlan id 1 local "169.254.1.$us" remote 169.254.1.$((3 - us)) dstport 4789 df set &&
			ip -n "$gw" link set vx mtu 2000 up || return
	done
	ip link add c0 netns gwA mtu 2000 type veth peer name c1 netns hostA mtu 2000 &&
		ip -n gwA link add br0 mtu 2000 type bridge && ip -n gwA -batch - <<-EOT && ip -n hostA -batch - <<-EOT2 || return
			link set vx master br0
			link set c0 master br0
			link set c0 up
			link set br0 up
		EOT
			addr add 10.9.0.1/24 dev c1
			link set c1 up
		EOT2
	ip -n gwB addr add 10.9.0.2/24 dev vx
	forget gwA
	wait_for 10 "in_ns hostA ping -n -q -c 1 -W 1 10.9.0.2" || return
	counts gwA tx-too-big 1 no_answer -s 1500 && [ "$(route_mtu gwA 169.254.1.2)" = "$FITS" ] &&
		in_ns hostA ping -n -M 'do' -c 1 -W 2 -s 1500 10.9.0.2 | grep -q 'mtu = 1396' &&
		in_ns hostA ping -n -q -M 'do' -c 1 -W 5 -s $((1396 - 28)) 10.9.0.2 || return
	for gw in gwA gwB; do ip -n "$gw" link del vx; done
	ip -n gwA link del br0
	ip -n gwA link del c0
}

no_answer() { ! in_ns hostA ping -n -q -M 'do' -c 1 -W 1 "$@" 10.9.0.2; }

# With exceptions on both, and traffic, devices go at once; the kernel's log would say so,
# after 10 s, if something held one.
devices_go() { # 4|6 FITS
	local pid=$BIG_PID
	# The other one has left nothing, and big.py is in a namespace that goes.
	if [ -z "$(ip -n gwA link show wan 2>/dev/null)" ]; then
		kill "$pid"
		wait "$pid"
		topo_up && big_start && lans_mtu 3000 || return
	fi
	learn "$1" none "$2" && [ -n "$(ip -n gwA -"$1" route show cache)" ] || return
	in_ns gwA ping -n -q -M 'do' -c 1 -W 1 -s 1400 169.254.1.2
	timeout 10 ip -n gwA link del vti0 && timeout 10 ip -n gwA link del wan && ! ip -n gwA link show wan 2>/dev/null
}

ktap_run "set up" setup
ktap_run "learnt, outer IPv4" learnt 4 none 1346
after
ktap_run "learnt, outer IPv4 and UDP" learnt 4 udp 1338
after
ktap_run "learnt, outer IPv6" learnt 6 none 1326
after
ktap_run "learnt, outer IPv6 and UDP" learnt 6 udp 1318
after
for v in 4 6; do
	[ $v = 4 ] && fits=1346 || fits=1326
	ktap_run "learnt, outer IPv$v with a mark" learnt_apart fwmark "$v" "$fits"
	together
	ktap_run "learnt, outer IPv$v by the underlay device" learnt_apart dev "$v" "$fits"
	together
	ktap_run "learnt, outer IPv$v in a VRF" learnt_apart vrf "$v" "$fits"
	together
done
ktap_run "learnt, outer IPv6 and UDP in a VRF" in_vrf any learnt_apart vrf 6 1318 "${ENCAP_UDP[@]}"
together
ktap_run "learnt, outer IPv4 and UDP in a VRF, by a socket that is bound to it" in_vrf bound learnt_apart vrf 4 1338 "${ENCAP_UDP[@]}"
together
ktap_run "not learnt, outer IPv4 and UDP in a VRF, by a socket that is not: set the MTU" in_vrf any not_learnt 1338
together
for v in 4 6; do
	ktap_run "forged, outer IPv$v: another SPI, other addresses, nothing smaller" forged $v
	after
	ktap_run "forged, outer IPv$v: no other error changes anything" other_types $v
	after
	ktap_run "forged, outer IPv$v: smaller than there may be" tiny $v $((v == 4 ? 552 : 1280))
	after
	ktap_run "about XFRM's SA, outer IPv$v" for_xfrm $v
	after
done
ktap_run "forgotten after a while, IPv4" expires 4 1346 1446
after
ktap_run "forgotten after a while, IPv6" expires 6 1326 1426
after
ktap_run "forgotten when flushed, IPv4" forgotten 4 1346 1446 flushed 4
after
ktap_run "forgotten when flushed, IPv6" forgotten 6 1326 1426 flushed 6
after
ktap_run "forgotten with the route, IPv4" replaced 4 1346 1394 192.0.2.254
after
ktap_run "forgotten with the route, IPv6" replaced 6 1326 1374 2001:db8:a::fe
after
ktap_run "a tunnel whose devices take too much" too_wide 4 none
ktap_run "told to the octet" exact
ktap_run "told to the octet, UDP segments, IPv4" exact_gso 4
ktap_run "told to the octet, UDP segments, IPv6" exact_gso 6
ktap_run "told to the octet, TCP" exact_tcp 4 hostA
ktap_run "told to the octet, TCP of the gateway, IPv6" exact_tcp 6 gwA
ktap_run "an ipsvti tunnel inside" ipsvti_inside
ktap_run "a bridged VXLAN tunnel inside" vxlan_inside
ktap_run "devices with exceptions go, outer IPv4" devices_go 4 1346
ktap_run "devices with exceptions go, outer IPv6" devices_go 6 1326
ktap_end
