#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Several CHILD SAs under one IKE SA, each with its own device and selectors: the peer is
# strongSwan with a policy for each of three subnets, and then ourselves.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
FAMILY=4 NAT=none

ktap_plan 17

NETS=(10.2.0.0/24 10.3.0.0/24 10.4.0.0/24)
HOSTS=(10.2.0.2 10.3.0.2 10.4.0.2)

subnets() {
	load && ip -n hostB -batch - <<-EOT && ip -n gwB -batch - <<-EOB
		addr add 10.3.0.2/32 dev eth0
		addr add 10.4.0.2/32 dev eth0
	EOT
		route add 10.3.0.0/24 via 10.2.0.2
		route add 10.4.0.0/24 via 10.2.0.2
	EOB
}

# Three children where the others have one.
swan_connection() {
	local i
	{
		cat <<-EOT
			connections {
				site-a {
					version = 2
					local_addrs = $WAN_B
					remote_addrs = $SEEN_A
					proposals = aes256gcm16-prfsha384-ecp384
					mobike = no
					local {
						auth = psk
						id = gw-b.example
					}
					remote {
						auth = psk
						id = gw-a.example
					}
					children {
		EOT
		for i in 0 1 2 9; do
			cat <<-EOT
				net$i {
					local_ts = ${NETS[i]:-10.9.0.0/24}
					remote_ts = 10.1.0.0/24
					esp_proposals = aes256gcm16-ecp384
				}
			EOT
		done
		printf '}\n}\n}\nsecrets {\nike {\nsecret = "%s"\n}\n}\n' "$PSK"
	} >"$SWAN/swanctl/swanctl.conf"
}

# ours [LINE...]: vti0 has the IKE SA, vti1 and vti2 share it.
ours() {
	local dir=/etc/netns/gwA/ipsvti
	agent_conf gwA 'local-ts = 10.1.0.0/24' "remote-ts = ${NETS[0]}" "$@"
	printf '%s\n' 'ike-sa-of = vti0' 'local-ts = 10.1.0.0/24' "remote-ts = ${NETS[1]}" "$@" >"$dir/vti1.conf"
	printf '%s\n' 'ike-sa-of = vti0' 'local-ts = 10.1.0.0/24' "remote-ts = ${NETS[2]}" "${@:-start = on-traffic}" >"$dir/vti2.conf"
}

devices() {
	local i
	wait_for 10 'ip -n gwA link show vti2' || return
	for i in 0 1 2; do
		ip -n gwA -batch - <<-EOT || return
			link set vti$i up
			route replace ${NETS[i]} dev vti$i
		EOT
	done
	# What devices say of themselves is not what on-traffic is for.
	in_ns gwA sysctl -qw net.ipv6.conf.vti2.disable_ipv6=1
}

# up I...: these have a carrier, and no other.
up() {
	local i want
	for i in 0 1 2; do
		want=0
		[[ " $* " != *" $i "* ]] || want=1
		[ "$(in_ns gwA cat "/sys/class/net/vti$i/carrier")" = "$want" ] || return
	done
}

# theirs I...: they have one IKE SA, and in it one CHILD SA for each of these.
theirs() {
	local i
	swan_sas >/tmp/sas || return
	[ "$(grep -c 'site-a {' /tmp/sas)" = 1 ] && [ "$(grep -o 'state=INSTALLED' /tmp/sas | wc -l)" = $# ] || return
	for i; do
		grep -q "name=net$i .*state=INSTALLED" /tmp/sas || return
	done
}

both() { wait_for 20 "up $* && theirs $*"; }

pings() { # I...
	local i
	for i; do
		in_ns hostA ping -q -c 2 -i 0.1 -W 5 "${HOSTS[i]}" || return
	done
}

sas_of() { # TUNNEL: pairs of its device, as the agent has them
	ctl gwA status "$1" | jq -c '[.tunnels[0]["ike-sas"][]["child-sas"][]["pair-id"]]'
}

come_up() {
	ours
	swan_start && agent_start gwA && devices && both 0 1 && pings 0 1 &&
		[ "$(ctl gwA status vti2 | jq -r '.tunnels[0].state')" != up ]
}

asked_for() {
	in_ns hostA ping -q -c 20 -i 0.2 -W 1 "${HOSTS[2]}"
	both 0 1 2 && pings 0 1 2
}

# Each through its own device, and no other.
own_device() {
	local i was now
	for i in 0 1 2; do
		was=$(ip -n gwA -s -j link show "vti$i" | jq '.[0].stats64 | .tx.packets, .rx.packets' | xargs)
		in_ns hostA ping -q -c 5 -i 0.1 -W 5 "${HOSTS[i]}" || return
		now=$(ip -n gwA -s -j link show "vti$i" | jq '.[0].stats64 | .tx.packets, .rx.packets' | xargs)
		echo "vti$i: $was, then $now"
		[ $((${now#* } - ${was#* })) = 5 ] || return
		[ "$(sas_of "vti$i" | jq length)" = 1 ] || return
	done
}

# under_pings COMMAND...: all of them are pinged meanwhile, and each ping is answered.
under_pings() {
	local i status pids=()
	for i in 0 1 2; do
		ip netns exec hostA ping -i 0.02 -W 5 -w 120 "${HOSTS[i]}" >"/tmp/ping-$i" &
		pids+=($!)
	done
	wait_for 20 '[ $(replies /tmp/ping-2) -gt 20 ]' && "$@"
	status=$?
	local n=$(($(replies /tmp/ping-0) + 20))
	wait_for 20 "[ \$(replies /tmp/ping-0) -gt $n ]" || status=1
	kill "${pids[@]}"
	wait "${pids[@]}"
	for i in 0 1 2; do
		all_answered "/tmp/ping-$i" || return
	done
	return "$status"
}

spi_i() { ctl gwA status vti0 | jq -er '.tunnels[0]["ike-sas"] | select(length == 1)[0]["spi-i"]'; }

rekey_ike() { # we|they
	local was
	was=$(spi_i) || return
	case $1 in
	we) ctl gwA rekey-ike vti0 ;;
	they) swanctl --rekey --ike site-a ;;
	esac && wait_for 20 "[ \"\$(spi_i)\" != '' ] && [ \"\$(spi_i)\" != $was ]" && both 0 1 2
}

# Only what is asked for is rekeyed.
rekey_child() { # we|they
	local was0 was1
	was0=$(sas_of vti0) was1=$(sas_of vti1)
	case $1 in
	we) ctl gwA rekey vti1 ;;
	they) swanctl --rekey --child net1 ;;
	esac && wait_for 20 "[ \$(sas_of vti1) != '$was1' ] && [ \$(sas_of vti1 | jq length) = 1 ]" && both 0 1 2 &&
		[ "$(sas_of vti0)" = "$was0" ]
}

one_down() {
	ctl gwA down vti1 && both 0 2 && pings 0 2 && ctl gwA up vti1 wait 10 && both 0 1 2 && pings 1
}

they_delete() {
	local was
	was=$(sas_of vti1)
	swanctl --terminate --child net1 && wait_for 20 "[ \$(sas_of vti1 | jq length) = 1 ] && [ \$(sas_of vti1) != '$was' ]" &&
		both 0 1 2 && pings 1
}

device_gone() {
	ip -n gwA link del vti1 && wait_for 20 'theirs 0 2' && pings 0 2 && ctl gwA up vti1 && devices && both 0 1 2 && pings 1
}

file_gone() {
	mv /etc/netns/gwA/ipsvti/vti1.conf /tmp && ctl gwA reload | jq -e '.unchanged == 2 and .stopped == 1 and .started == 0' &&
		wait_for 20 'theirs 0 2' && pings 0 2 && mv /tmp/vti1.conf /etc/netns/gwA/ipsvti &&
		ctl gwA reload | jq -e '.unchanged == 2 and .stopped == 0 and .started == 1' && both 0 1 2 && pings 1
}

# All of them are what the peer's silence is about.
silence() {
	ip -n inet link set gwB down 2>/dev/null || ip -n gwB link set wan down || return
	wait_for 20 'up' && said gwA 'vti1: down: no SA with' || return
}

# Who shares the IKE SA is sent to the tunnel that has it, which knows what failed; and into
# its file, where the addresses are.
explained() {
	local ask=(in_ns gwA ipsvtictl -s /run/gwA.sock)
	ctl gwA up vti0 && ctl gwA up vti1 && wait_for 60 '"${ask[@]}" explain vti0 | grep -E "error: no answer from"' &&
		wait_for 10 '"${ask[@]}" explain vti1 >/tmp/said; grep -q "error: its IKE SA is that of tunnel vti0, which has none now" /tmp/said'
	local status=$?
	cat /tmp/said
	[ "$status" = 0 ] && grep -q 'do: ipsvtictl explain vti0$' /tmp/said && ! grep 'nothing has failed' /tmp/said || return
	sed -i 's/^local = .*/local = "192.0.2.77"/' /etc/netns/gwA/ipsvti/vti0.conf || return
	# The slip is told of once, where it was made, and not of those that share it.
	"${ask[@]}" reload >/tmp/said 2>&1 && return 1
	cat /tmp/said
	[ "$(grep -c '192.0.2.77 is not an address of this machine' /tmp/said)" = 1 ] && grep -q '^/etc/ipsvti/vti0.conf:1: local: ' /tmp/said || return
	in_ns gwA sysctl -qw net.ipv4.ip_nonlocal_bind=1
	ctl gwA reload && in_ns gwA sysctl -qw net.ipv4.ip_nonlocal_bind=0 &&
		wait_for 10 '"${ask[@]}" explain vti1 >/tmp/said; grep -q "192.0.2.77 is not an address of this machine" /tmp/said'
	status=$?
	cat /tmp/said
	[ "$status" = 0 ] && grep -q 'do: /etc/ipsvti/vti0.conf:1: give this machine the address' /tmp/said
}

# The SAs of an agent that was killed stay, and their devices up.
fresh_devices() {
	fresh
	ip -n gwA link del vti1
	ip -n gwA link del vti2
}

# They start, and not with the one that the owner of the IKE SA is for.
they_come() {
	fresh_devices
	ip -n gwB link set wan up
	ip -n gwB route replace default via 198.51.100.254
	ours 'start = passive'
	agent_start gwA && devices && swan_start && swanctl --initiate --child net1 --timeout 20 &&
		wait_for 10 'up 1' && swanctl --initiate --child net2 --timeout 20 && wait_for 10 'up 1 2' &&
		swanctl --initiate --child net0 --timeout 20 && both 0 1 2 && pings 0 1 2
}

# Another policy of theirs has no place here, which is nothing to the others.
not_ours() {
	! swanctl --initiate --child net9 --timeout 20 &&
		said gwA 'selectors have nothing in common with ours' && both 0 1 2 && pings 0 1 2
}

# Both ends are ours and start at once.
ourselves() {
	local i
	fresh_devices
	ours 'start = always'
	agent_conf gwB "local-ts = ${NETS[0]}" 'remote-ts = 10.1.0.0/24'
	for i in 1 2; do
		printf '%s\n' 'ike-sa-of = vti0' "local-ts = ${NETS[i]}" 'remote-ts = 10.1.0.0/24' >"/etc/netns/gwB/ipsvti/vti$i.conf"
	done
	agent_start gwB && agent_start gwA && devices && wait_for 10 'ip -n gwB link show vti2' || return
	for i in 0 1 2; do
		ip -n gwB link set "vti$i" up
	done
	ip -n gwB route replace 10.1.0.0/24 dev vti0
	wait_for 20 'up 0 1 2' || return
	for i in 0 1 2; do
		wait_for 30 "[ \$(sas_of vti$i | jq length) = 1 ]" || return
		ip -n gwB route replace 10.1.0.0/24 dev "vti$i" && pings "$i" || return
	done
}

ktap_run "the module, two sites, more subnets" subnets
ktap_run "we start, two of three at once" come_up
ktap_run "the third when a packet asks for it" asked_for
ktap_run "each has a device of its own" own_device
ktap_run "we rekey the IKE SA" under_pings rekey_ike we
ktap_run "they rekey the IKE SA" under_pings rekey_ike they
ktap_run "we rekey one" under_pings rekey_child we
ktap_run "they rekey one" under_pings rekey_child they
ktap_run "one is taken down, and up" one_down
ktap_run "they delete one: it is made anew" they_delete
ktap_run "the device of one goes, and comes back" device_gone
ktap_run "the file of one goes, and comes back" file_gone
ktap_run "they start, with another one" they_come
ktap_run "what has no place is refused, the others stay" not_ours
ktap_run "nobody answers: all are down" silence
ktap_run "explain leads to the tunnel that has the IKE SA, and to its file" explained
ip -n gwB link set wan up
ip -n gwB route replace default via 198.51.100.254
ktap_run "ourselves" ourselves
fresh
ktap_end
