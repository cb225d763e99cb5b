#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The shortest proof that a kernel, this module, the agent and the tools belong
# together: run on every kernel of the lab, by selftests/lab/run -k K selftests/smoke.sh.
set -u
. "$IPSVTI_TREE/selftests/lab/netns.sh"

ktap_plan 7
work=$(mktemp -d)

carrier() { # NS 0|1
	[ "$(in_ns "$1" cat /sys/class/net/vti0/carrier)" = "$2" ]
}

load() {
	modprobe ipsvti && topo_up
}

plain_link() { # no plugin, no options: a device without addresses and carrier
	IP_LIB_DIR=/nonexistent ip -n gwA link add plain0 type ipsvti || return
	in_ns gwA ip link set plain0 up
	[ "$(in_ns gwA cat /sys/class/net/plain0/carrier)" = 0 ] || return
	ip -n gwA link del plain0
}

links() {
	ip -n gwA link add vti0 type ipsvti local "$GWA4" remote "$GWB4" &&
		ip -n gwB link add vti0 type ipsvti local "$GWB4" remote "$GWA4" || return
	ip -n gwA -d -j link show vti0 | jq -e '.[0].linkinfo.info_kind == "ipsvti"' || return
	ip -n gwA -batch - <<-EOT
		addr add 169.254.1.1/30 dev vti0
		link set vti0 up
		route add 10.2.0.0/24 dev vti0
	EOT
	ip -n gwB -batch - <<-EOT
		addr add 169.254.1.2/30 dev vti0
		link set vti0 up
		route add 10.1.0.0/24 dev vti0
	EOT
	carrier gwA 0 && carrier gwB 0
}

manual_keys() { # a pair by hand on either side, and traffic through it
	local ab ba
	ab=$(head -c 36 /dev/urandom | od -An -tx1 | tr -d ' \n')
	ba=$(head -c 36 /dev/urandom | od -An -tx1 | tr -d ' \n')
	in_ns gwA ipsvtictl sa add vti0 in spi 0x1001 out spi 0x1002 alg aes-gcm-16-256 \
		keys - activate now <<-EOT || return
		in 0x$ba
		out 0x$ab
	EOT
	in_ns gwB ipsvtictl sa add vti0 in spi 0x1002 out spi 0x1001 alg aes-gcm-16-256 \
		keys - activate now <<-EOT || return
		in 0x$ab
		out 0x$ba
	EOT
	carrier gwA 1 && carrier gwB 1 &&
		in_ns hostA ping -c 3 -i 0.2 -W 2 10.2.0.2 &&
		in_ns hostA ping -c 1 -s 8000 -W 2 10.2.0.2 &&
		in_ns gwA ipsvtictl sa show vti0
}

flush() {
	in_ns gwA ipsvtictl sa flush vti0 && in_ns gwB ipsvtictl sa flush vti0 &&
		carrier gwA 0 && carrier gwB 0 && ! in_ns hostA ping -c 1 -W 1 10.2.0.2
}

agents() { # the agents agree on keys by themselves
	local n l r
	mkdir -p /etc/ipsvti
	for n in gwA gwB; do
		if [ "$n" = gwA ]; then l=$GWA4 r=$GWB4; else l=$GWB4 r=$GWA4; fi
		mkdir -p "/etc/netns/$n/ipsvti"
		cat >"/etc/netns/$n/ipsvti/vti0.conf" <<-EOT
			local    = "$l"
			remote   = "$r"
			psk-file = "vti0.psk"
		EOT
		(umask 077; echo "no secret at all, but long enough" >"/etc/netns/$n/ipsvti/vti0.psk")
		in_ns "$n" ipsvti-iked -p "$work/$n.pid" -s "$work/$n.sock" >"$work/$n.log" 2>&1 &
	done
	wait_for 60 'carrier gwA 1 && carrier gwB 1' &&
		in_ns hostA ping -c 3 -i 0.2 -W 2 10.2.0.2 && return
	tail -n 30 "$work"/*.log
	return 1
}

unload() { # with devices, SAs and agents in place
	wait_for 20 'rmmod ipsvti' && ! ip -n gwA link show vti0
}

ktap_run "the module loads" load
ktap_run "ip link add without plugin and options" plain_link
ktap_run "ip link add with addresses" links
ktap_run "SA pairs by hand carry pings, large ones too" manual_keys
ktap_run "sa flush takes the carrier away" flush
ktap_run "two agents bring the tunnel up" agents
ktap_run "the module unloads with all in place" unload
ktap_end
