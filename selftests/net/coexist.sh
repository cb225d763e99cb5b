#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# XFRM states and policies on the same hosts go on working, with raw ESP and ESP in
# UDP, before, beside and after a tunnel of ours.
#
#   coexist.sh [short]   short: beside XFRM, VTI and the XFRM interface, and a few of the
#                        orders in which modules come and go; else all, but for these
#                        orders in a kernel that has the others built in
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
SHORT=${1:-}

# XFRM between the gateways themselves, in transport mode, for what goes to port 9
# (discard) of 192.0.2.1 and 198.51.100.1, or of their IPv6 addresses.
xfrm_pair() { # none|udp [4|6]: both sides
	local gw us them encap='' v=${2:-4} any
	[ "$1" = none ] || encap='encap espinudp 4500 4500 0.0.0.0'
	xfrm_flush
	for gw in gwA gwB; do
		us=$(outer "$gw" "$v") them=$(outer "${OTHER[$gw]}" "$v")
		# UDP by its number, as not every root has /etc/protocols
		any="proto esp spi 0x5001 mode transport reqid 7 aead rfc4106(gcm(aes)) 0x$XKEY 128 $encap"
		ip -n "$gw" -batch - <<-EOT || return
			xfrm state add src $us dst $them $any
			xfrm state add src $them dst $us $any
			xfrm policy add src $us dst $them proto 17 dport 9 dir out tmpl src $us dst $them proto esp reqid 7 mode transport
			xfrm policy add src $them dst $us proto 17 dport 9 dir in tmpl src $them dst $us proto esp reqid 7 mode transport
		EOT
	done
}

xfrm_flush() {
	local gw
	for gw in gwA gwB; do
		printf 'xfrm state flush\nxfrm policy flush\n' | ip -n "$gw" -batch - || return
	done
}

XKEY=$(random_hex 36)

setup() {
	topo_up && encap_up gwA && encap_up gwB && modprobe -a esp4 xfrm_user 2>/dev/null
	xfrm_pair none
}

# A datagram from gwA to gwB by XFRM arrives.
through_xfrm() { # [4|6]
	local v=${1:-4} to=$GWB4
	[ "$v" = 4 ] || to=[$GWB6]
	rm -f "$WORK/discard"
	in_ns gwB timeout 20 socat -u "UDP$v-RECVFROM:9" "CREATE:$WORK/discard" &
	local pid=$!
	wait_for 10 "in_ns gwB ss -Hlun 'sport = 9' | grep -q ." &&
		echo hello | in_ns gwA socat -u - "UDP$v-SENDTO:$to:9" && wait "$pid" &&
		[ "$(cat "$WORK/discard")" = hello ]
}

# Did it go by XFRM at all?
by_esp() {
	capture_start inet toB "$WORK/x" || return
	through_xfrm || return
	capture_stop "$WORK/x"
	[ "$(tcpdump -nr "$WORK/x" "$1" 2>/dev/null | wc -l)" -ge 1 ] &&
		! grep -qa hello "$WORK/x"
}

beside() {
	modprobe ipsvti && through_xfrm && links_up 4 && through_xfrm && pair_up 1 &&
		ping_across 4 && through_xfrm && ping_across 6
}

# An XFRM interface between the same addresses as our tunnel, inside 172.31.V1.1 and .2; and a VTI,
# 172.31.V2.1 and .2, between others, since it takes all ESP that comes from its remote address. Outside
# is IPvV.
their_devices() { # 4|6
	local v=$1 gw us them n any v_us v_them len kind=vti
	for gw in gwA gwB; do
		us=$(outer "$gw" "$v") them=$(outer "${OTHER[$gw]}" "$v")
		if [ "$gw" = gwA ]; then n=1; else n=2; fi
		v_us=${us%1}9 v_them=${them%1}9 len=24
		[ "$v" = 4 ] || kind=vti6 len=64
		any="mode tunnel aead rfc4106(gcm(aes)) 0x$XKEY 128"
		ip -n "$gw" -batch - <<-EOT || return
			link add xi$v type xfrm dev wan if_id 7$v
			addr add 172.31.${v}1.$n/30 dev xi$v
			link set xi$v up
			xfrm state add src $us dst $them proto esp spi 0x6${v}1$n reqid 11 if_id 7$v $any sel src 172.31.${v}1.0/30 dst 172.31.${v}1.0/30
			xfrm state add src $them dst $us proto esp spi 0x6${v}1$((3 - n)) reqid 11 if_id 7$v $any sel src 172.31.${v}1.0/30 dst 172.31.${v}1.0/30
			xfrm policy add src 172.31.${v}1.0/30 dst 172.31.${v}1.0/30 dir out if_id 7$v tmpl src $us dst $them proto esp reqid 11 mode tunnel
			xfrm policy add src 172.31.${v}1.0/30 dst 172.31.${v}1.0/30 dir in if_id 7$v tmpl src $them dst $us proto esp reqid 11 mode tunnel
			addr add $v_us/$len dev wan $([ "$v" = 4 ] || echo nodad)
			link add v$v type $kind local $v_us remote $v_them key 8$v
			addr add 172.31.${v}2.$n/30 dev v$v
			link set v$v up
			xfrm state add src $v_us dst $v_them proto esp spi 0x6${v}2$n reqid 12 $any sel src 0.0.0.0/0 dst 0.0.0.0/0
			xfrm state add src $v_them dst $v_us proto esp spi 0x6${v}2$((3 - n)) reqid 12 $any sel src 0.0.0.0/0 dst 0.0.0.0/0
			xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir out mark 8$v tmpl src $v_us dst $v_them proto esp reqid 12 mode tunnel
			xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir in mark 8$v tmpl src $v_them dst $v_us proto esp reqid 12 mode tunnel
		EOT
	done
}

devices_carry() { # 4|6
	traffic ping gwA "172.31.${1}1.2" && traffic ping gwA "172.31.${1}2.2"
}

devices_gone() { # 4|6
	local gw len=24
	[ "$1" = 4 ] || len=64
	for gw in gwA gwB; do
		printf 'link del xi%s\nlink del v%s\naddr del %s9/%s dev wan\n' "$1" "$1" "$(outer "$gw" "$1" | sed 's/1$//')" "$len" |
			ip -n "$gw" -force -batch -
	done
	links_down
	xfrm_pair none
	# What is left for the tests after this
	links_up 4 && pair_up 1
}

# The kernel has hooks for these too; whoever loads last must not hide the others.
with_the_others() { # 4|6
	local v=$1 status
	modprobe -a ip_vti ip6_vti xfrm_interface 2>/dev/null
	links_down
	xfrm_pair none "$v" && links_up "$v" && pair_up 1 && through_xfrm "$v" && ping_across 4 && their_devices "$v" &&
		devices_carry "$v" && ping_across 4 && ping_across 6 && through_xfrm "$v" &&
		links_down && rmmod ipsvti && devices_carry "$v" && modprobe ipsvti && devices_carry "$v" &&
		links_up "$v" && pair_up 1 && ping_across 4 && devices_carry "$v"
	status=$?
	devices_gone "$v" || return
	return "$status"
}

udp_beside() {
	xfrm_pair udp && in_ns gwA ipsvtictl sa flush vti0 && in_ns gwB ipsvtictl sa flush vti0 &&
		pair_up 2 256 "${ENCAP_UDP[@]}" && by_esp "udp port 4500" && ping_across 4
}

# An SPI that XFRM has for our address is not taken from it.
spi_of_xfrm() {
	keys 3
	refused "XFRM" in_ns gwA ipsvtictl sa add vti0 in spi 0x5001 out spi 0x2003 \
		alg aes-gcm-16-256 keys "$WORK/gwA.3" && through_xfrm
}

# ... nor one that is only for packets with a mark, as those of a VTI are.
spi_of_marked_xfrm() {
	local v status=0
	for v in 4 6; do
		ip -n gwA xfrm state add src "$(outer gwB "$v")" dst "$(outer gwA "$v")" proto esp spi 0x5007 mode tunnel reqid 8 \
			aead 'rfc4106(gcm(aes))' "0x$XKEY" 128 mark 7 mask 0xffffffff || return
	done
	ip -n gwA link add vti6 type ipsvti local "$GWA6" remote "$GWB6" || return
	for v in vti0 vti6; do
		refused "XFRM" in_ns gwA ipsvtictl sa add "$v" in spi 0x5007 out spi 0x2003 \
			alg aes-gcm-16-256 keys "$WORK/gwA.3" || status=1
	done
	# Of another address it says nothing.
	ip -n gwA xfrm state add src "$GWB4" dst 192.0.2.99 proto esp spi 0x5008 mode tunnel reqid 8 \
		aead 'rfc4106(gcm(aes))' "0x$XKEY" 128 mark 7 &&
		in_ns gwA ipsvtictl sa add vti6 in spi 0x5008 out spi 0x2003 alg aes-gcm-16-256 keys "$WORK/gwA.3" || status=1
	ip -n gwA link del vti6
	return "$status"
}

# Someone else's UDP on the port is not ours.
ike_passes() {
	kill "$(pgrep -f 'encap.py$' | head -n 1)" 2>/dev/null
	ip netns pids gwB | while read -r p; do grep -qa encap.py "/proc/$p/cmdline" && kill "$p"; done
	in_ns gwB timeout 20 python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", 4500))
s.setsockopt(socket.IPPROTO_UDP, 100, 2)
print("ready", flush=True)
print(s.recv(100).hex(), flush=True)' >"$WORK/ike" &
	local pid=$!
	wait_for 20 "grep -q ready '$WORK/ike'" || return
	# The marker of four zeros says IKE (RFC 3948, section 2.2); the octet 0xff alone
	# is a keepalive, which nobody sees.
	in_ns gwA python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b'\xff', ('$GWB4', 4500))
s.sendto(bytes(4) + b'ike', ('$GWB4', 4500))"
	wait "$pid" && grep -qx 00000000696b65 "$WORK/ike"
}

after() {
	xfrm_pair none && links_down && through_xfrm && rmmod ipsvti && through_xfrm && xfrm_flush
}

# Those that have handlers of ESP, too.
OTHERS=(esp4 esp6 xfrm_interface ip_vti ip6_vti)

modules() {
	modprobe -a "${OTHERS[@]}" && grep -q '^esp4 ' /proc/modules && return
	cannot "this kernel has them built in"
}

# What is freed when its last user is gone takes a moment. A new kernel leaves packets that
# were read on another processor to be freed when that one receives something again, and
# they hold the XFRM states that they came by, which hold esp4: so it is made to.
unload() {
	local module
	for module; do
		[[ $module != esp[46] ]] || xfrm_flush
		wait_for 10 "rmmod $module || { stir; false; }" || return
	done
}

stir() {
	local cpu
	for ((cpu = 0; cpu < $(nproc); cpu++)); do taskset -c "$cpu" ping -q -c 1 127.0.0.1; done
}

loaded() { [ -d "/sys/module/$1" ]; }

# ours 4|6: the tunnel carries, a new one if the module is new. For XFRM to do so it needs
# esp4 or esp6.
ours() {
	loaded ipsvti || return 0
	[ -n "$(ip -n gwA link show vti0 2>/dev/null)" ] || { links_up "$1" && pair_up 1; } || return
	ping_across 4 && ping_across 6
}

theirs() { # 4|6
	loaded "esp$1" || return 0
	xfrm_pair none "$1" && through_xfrm "$1" && xfrm_flush
}

# in_order 4|6 MODULE...: all are loaded in that order, unloaded in that order, loaded again,
# and unloaded in the other one; ours works after each step, XFRM after those that it might
# not like.
in_order() {
	local v=$1 module back=()
	shift
	echo "$v: $*"
	for module; do
		back=("$module" "${back[@]}")
		modprobe "$module" || return
		ours "$v" && { [[ $module != @(ipsvti|esp$v) ]] || theirs "$v"; } || return
	done
	for module; do
		unload "$module" && ours "$v" && { [ "$module" != ipsvti ] || theirs "$v"; } || return
	done
	modprobe -a "$@" && ours "$v" && theirs "$v" || return
	for module in "${back[@]}"; do
		unload "$module" && ours "$v" && { [ "$module" != ipsvti ] || theirs "$v"; } || return
	done
}

# The module before, between and after all of the others.
orders() { # 4|6
	modules || return
	links_down
	unload "${OTHERS[@]}" && in_order "$1" ipsvti "${OTHERS[@]}" &&
		in_order "$1" "${OTHERS[@]:0:2}" ipsvti "${OTHERS[@]:2}" &&
		in_order "$1" "${OTHERS[@]:2}" ipsvti "${OTHERS[@]:0:2}" && in_order "$1" "${OTHERS[@]}" ipsvti
}

# brief 4|6 first|last first|last: the module comes before or after all of the others, and
# goes before or after them
brief() {
	local v=$1 come=$2 go=$3
	modules || return
	links_down
	lsmod | grep -q '^ipsvti ' && { rmmod ipsvti || return; }
	unload "${OTHERS[@]}" || return
	[ "$come" = last ] || { modprobe ipsvti && ours "$v"; } || return
	modprobe -a "${OTHERS[@]}" && theirs "$v" || return
	[ "$come" = first ] || { modprobe ipsvti && theirs "$v"; } || return
	ours "$v" || return
	[ "$go" = last ] || { unload ipsvti && theirs "$v"; } || return
	unload "${OTHERS[@]}" || return
	[ "$go" = first ] || { ours "$v" && unload ipsvti; }
}

# Of packets of ours none is lost while the others come and go, and the last of them.
under_traffic() { # 4|6
	local module pid
	links_down
	modules && modprobe ipsvti && ours "$1" || return
	ip netns exec hostA ping -n -q -i 0.02 "$HOSTB4" >"$WORK/ping" 2>&1 &
	pid=$!
	for module in "${OTHERS[@]}"; do
		unload "$module" && modprobe "$module" || return
	done
	theirs "$1" && unload "${OTHERS[@]}" && modprobe -a "${OTHERS[@]}" && theirs "$1" || return
	kill -INT "$pid"
	wait "$pid"
	cat "$WORK/ping"
	grep -q ', 0% packet loss' "$WORK/ping" && unload "${OTHERS[@]}" && ours "$1" && rmmod ipsvti
}

all_built_in() { ! modinfo -n esp4 2>/dev/null | grep -q '\.ko'; }

if [ "$SHORT" = short ]; then
	ktap_plan 6
	ktap_run "set up" setup
	ktap_run "XFRM works beside the module and its SAs" beside
	ktap_run "with ip_vti and xfrm_interface loaded" with_the_others 4
	ktap_run "with ip6_vti and xfrm_interface, outer IPv6" with_the_others 6
	ktap_run "first to come, first to go, IPv4" brief 4 first first
	ktap_run "last to come, last to go, IPv4" brief 4 last last
	ktap_end
fi
if all_built_in; then ktap_plan 11; else ktap_plan 15; fi
ktap_run "set up" setup
ktap_run "XFRM works without the module" by_esp "ip proto 50"
ktap_run "XFRM works beside the module and its SAs" beside
ktap_run "XFRM is still what carries it" by_esp "ip proto 50"
ktap_run "with ip_vti and xfrm_interface loaded" with_the_others 4
ktap_run "with ip6_vti and xfrm_interface, outer IPv6" with_the_others 6
ktap_run "ESP in UDP of both" udp_beside
ktap_run "an SPI of XFRM's is left to it" spi_of_xfrm
ktap_run "an SPI of XFRM's with a mark is left to it" spi_of_marked_xfrm
ktap_run "IKE and keepalives on port 4500 pass" ike_passes
ktap_run "XFRM works after the module is gone" after
if ! all_built_in; then
	ktap_run "in any order, IPv4" orders 4
	ktap_run "in any order, IPv6" orders 6
	ktap_run "the others come and go under traffic, IPv4" under_traffic 4
	ktap_run "the others come and go under traffic, IPv6" under_traffic 6
fi
ktap_end
