#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# XFRM states and policies on the same hosts go on working, with raw ESP and ESP in
# UDP, before, beside and after a tunnel of ours.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 13

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

# The kernel has hooks for these too; whoever loads last must not hide the others.
with_the_others() {
	modprobe -a ip_vti ip6_vti xfrm_interface 2>/dev/null
	through_xfrm && ping_across 4
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

ktap_run "set up" setup
ktap_run "XFRM works without the module" by_esp "ip proto 50"
ktap_run "XFRM works beside the module and its SAs" beside
ktap_run "XFRM is still what carries it" by_esp "ip proto 50"
ktap_run "with ip_vti and xfrm_interface loaded" with_the_others
ktap_run "ESP in UDP of both" udp_beside
ktap_run "an SPI of XFRM's is left to it" spi_of_xfrm
ktap_run "IKE and keepalives on port 4500 pass" ike_passes
ktap_run "XFRM works after the module is gone" after
ktap_run "in any order, IPv4" orders 4
ktap_run "in any order, IPv6" orders 6
ktap_run "the others come and go under traffic, IPv4" under_traffic 4
ktap_run "the others come and go under traffic, IPv6" under_traffic 6
ktap_end
