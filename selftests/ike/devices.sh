#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The agent and what comes and goes under it: devices, routes, traffic; and what
# a person tells it by ipsvtictl.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"

ktap_plan 22

load() {
	modprobe ipsvti && topo_up && endpoints 4
}

up() { carrier gwA 1 && carrier gwB 1; }
state() { # NS
	ctl "$1" status | jq -r '.tunnels[0].state'
}

# What a device is, but for what an SA changes in it.
look_of() { # NS
	ip -n "$1" -d -j link show vti0 |
		jq -Sc '.[0] | del(.operstate, .flags) | .mtu, .txqlen, .ifalias, .address, .linkinfo, .ifindex'
	ip -n "$1" -j addr show vti0 scope global | jq -Sc '[.[0].addr_info[].local | values]'
}

start_both() {
	agents_end
	agent_conf gwA "$@"
	agent_conf gwB 'start = "passive"'
	agent_start gwB && agent_start gwA && device gwA && device gwB
}

left_alone() {
	local was
	agents_end
	ip -n gwA link add vti0 mtu 1300 txqueuelen 77 type ipsvti local "$WAN_A" remote "$SEEN_B" ttl 99 &&
		ip -n gwA link set vti0 alias "mine" && ip -n gwA addr add 169.254.1.1/30 dev vti0 || return
	was=$(look_of gwA)
	echo "$was"
	agent_conf gwA
	agent_conf gwB 'start = "passive"'
	agent_start gwB && agent_start gwA && wait_for 30 "[ \$(state gwA) = up ]" || return
	[ "$(look_of gwA)" = "$was" ] && said gwA 'device vti0 is down' &&
		! ip -n gwA -j link show vti0 up | jq -e '.[0].ifname' || return
	ip -n gwA -batch - <<-EOT
		link set vti0 up
		route add 10.2.0.0/24 dev vti0
		route add fd00:2::/64 dev vti0
	EOT
	device gwB && wait_for 10 up && pings_pass && agent_end gwA || return
	look_of gwA
	[ "$(look_of gwA)" = "$was" ]
}

removed() {
	start_both && wait_for 30 up || return
	ip -n gwA link del vti0 && wait_for 5 "carrier gwB 0 && said gwB 'the peer has deleted the IKE SA'" &&
		said gwA 'vti0: device vti0 was removed: the tunnel is stopped' && [ "$(state gwA)" = no-device ] && ! said gwA 'kernel refused'
}

# It neither answers nor starts without its device, and takes no other for it.
not_any_device() {
	ip -n gwA link add vti0 type dummy && ip -n gwA link set vti0 up &&
		ctl gwB up vti0 && wait_for 20 "said gwB 'next try in'" && [ "$(state gwA)" = no-device ] &&
		carrier gwB 0 && ip -n gwA link del vti0
}

made_anew() {
	ip -n gwA link add vti0 type ipsvti local "$WAN_A" remote "$SEEN_B" && device gwA &&
		wait_for 10 up && said gwA 'device vti0 is there again' && pings_pass
}

no_pairs() { in_ns gwA ipsvtictl --json sa show "$1" | jq -e 'length == 0'; } # DEVICE

renamed() {
	local status told
	told=$(times gwB 'the peer has deleted the IKE SA')
	ip -n gwA link set vti0 name other &&
		wait_for 5 "[ \$(times gwB 'the peer has deleted the IKE SA') -gt $told ] && carrier gwB 0" &&
		said gwA 'device vti0 is now called other: the tunnel is stopped' &&
		wait_for 5 'no_pairs other'
	status=$?
	# Also if that failed: what comes next shall fail for reasons of its own.
	ip -n gwA link set other name vti0 && [ "$status" = 0 ] && wait_for 10 up && pings_pass
}

# "up" makes the missing device, and can wait for the end.
up_makes_it() {
	ip -n gwA link del vti0 && wait_for 5 '[ $(state gwA) = no-device ]' &&
		ctl gwA up vti0 wait 10 && said gwA 'created device vti0' && device gwA && wait_for 5 up && pings_pass
}

# The route is gone longer than it takes to notice a dead peer. When it is back,
# nobody waits for the next try.
way_back() {
	local at status
	ip -n gwA route del default && wait_for 20 'carrier gwA 0' && said gwA 'no way to' &&
		wait_for 30 "said gwA 'next try in'"
	status=$?
	ip -n gwA route add default via 192.0.2.254 && at=$(date +%s%N) && wait_for 2 'carrier gwA 1' &&
		[ "$status" = 0 ] || return
	echo "up $((($(date +%s%N) - at) / 1000000)) ms after the route"
	said gwA 'the way to .* has changed, it leads through wan' && pings_pass
}

# waits COMMAND...: after that gwA takes its peer for dead, tries in vain, and waits.
waits() {
	local tries
	tries=$(times gwA 'next try in')
	"$@" && wait_for 20 'carrier gwA 0' && wait_for 30 "[ \$(times gwA 'next try in') -gt $tries ]"
}

# back COMMAND...: what the command mends is noticed: traffic passes soon, and nobody waits
# for the next try.
back() {
	local at noticed
	noticed=$(times gwA 'the way to .* has changed, it leads through wan')
	"$@" && at=$(date +%s%N) && wait_for 3 'carrier gwA 1' || return
	echo "up $((($(date +%s%N) - at) / 1000000)) ms after that"
	[ "$(times gwA 'the way to .* has changed, it leads through wan')" -gt "$noticed" ] && pings_pass
}

# Only the outer address goes: with another one on the device the route stays.
address_back() {
	local status
	ip -n gwA addr add 198.18.0.1/32 dev wan && waits ip -n gwA addr del "$GWA4/24" dev wan &&
		ip -n gwA route show default | grep wan
	status=$?
	back ip -n gwA addr add "$GWA4/24" dev wan && ip -n gwA addr del 198.18.0.1/32 dev wan && [ "$status" = 0 ]
}

# The link goes for longer than it takes to notice a dead peer, and the route with it.
link_back() {
	local status
	waits ip -n gwA link set wan down
	status=$?
	back ip -n gwA -batch - <<-EOT && [ "$status" = 0 ]
		link set wan up
		route add default via 192.0.2.254
		addr replace $GWA6/64 dev wan nodad
		route replace default via 2001:db8:a::fe
	EOT
}

on_traffic() {
	start_both 'start = "on-traffic"' || return
	# Devices talk of themselves when they come up (IPv6): that is traffic, too.
	ctl gwA down vti0 && wait_for 10 '[ "$(ctl gwA status | jq ".tunnels[0][\"ike-sas\"] | length")" = 0 ]' || return
	agent_end gwA && in_ns gwA ipsvtictl sa flush vti0 || return
	in_ns gwA sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1
	agent_start gwA && [ "$(state gwA)" = waiting ] && carrier gwA 0 || return
	in_ns hostA ping -q -c 30 -i 0.1 -W 1 10.2.0.2
	wait_for 5 up && pings_from hostA 10.2.0.2
}

# Goes on where on_traffic() has ended: the pair goes at both ends, the IKE SA stays,
# and nothing happens without a packet.
lost_pair() {
	up || return
	in_ns gwA ipsvtictl sa flush vti0 && wait_for 5 'carrier gwA 0 && carrier gwB 0' || return
	[ "$(ctl gwA status | jq '.tunnels[0]["ike-sas"] | length')" = 1 ] || return
	in_ns hostA ping -q -c 30 -i 0.1 -W 1 10.2.0.2
	wait_for 5 up && pings_from hostA 10.2.0.2
}

# One that is passive does nothing for packets, only for its peer and for a person.
passive() {
	agents_end
	agent_conf gwA 'start = "passive"'
	agent_conf gwB 'start = "passive"'
	agent_start gwB && agent_start gwA && device gwA && device gwB || return
	in_ns hostA ping -q -c 20 -i 0.1 -W 1 10.2.0.2 && return 1
	[ "$(state gwA)" = down ] && ! said gwA 'initiating' || return
	ctl gwA up vti0 wait 10 && up && pings_pass
}

status_for_people() {
	local said
	said=$(in_ns gwA ipsvtictl -s /run/gwA.sock status vti0) || return
	echo "$said"
	grep -q '^vti0: up, device vti0, 192.0.2.1 (gw-a.example) to 198.51.100.1 (gw-b.example)$' <<<"$said" &&
		grep -q '^  IKE SA established, initiator, 192.0.2.1:500 to 198.51.100.1:500, aes256gcm16' <<<"$said" &&
		grep -Eq '^    CHILD SA installed, pair [0-9]+, spi in 0x[0-9a-f]{8} out 0x[0-9a-f]{8}, aes.*, rekey in [0-9]+ min$' <<<"$said"
}

down_and_up() {
	ctl gwA down vti0 && wait_for 5 'carrier gwA 0 && carrier gwB 0' || return
	in_ns gwA ipsvtictl -s /run/gwA.sock status vti0
	[ $? = 3 ] || return
	ctl gwB up vti0 wait 2
	[ $? = 1 ] && ctl gwA up vti0 wait 10 && wait_for 5 up && ctl gwA status vti0 >/dev/null && pings_pass
}

reload() {
	local said
	ctl gwA reload | jq -e '.unchanged == 1 and .stopped == 0 and .started == 0' || return
	echo 'nonsense = 1' >>/etc/netns/gwA/ipsvti/vti0.conf
	said=$(in_ns gwA ipsvtictl -s /run/gwA.sock reload 2>&1) && return 1
	echo "$said"
	grep -q '^/etc/ipsvti/vti0.conf:7: unknown key "nonsense"' <<<"$said" && up || return
	ctl gwA reload 2>&1 | jq -e '.error | .name == "EINVAL" and (.errors | length == 1) and (.errors[0] | .file == "/etc/ipsvti/vti0.conf" and
		.line == 7 and .severity == "error" and (.text | startswith("unknown key \"nonsense\"")))' || return
	agent_conf gwA 'esp = {"aes128gcm16"}'
	ctl gwA reload | jq -e '.unchanged == 0 and .stopped == 1 and .started == 1' &&
		wait_for 10 "pairs gwA '.[] | select(.state == \"active\" and .out.alg == \"aes-gcm-16-128\")'" && pings_pass
}

# not_taken PATTERN: a reload says so
not_taken() {
	local said
	said=$(in_ns gwA ipsvtictl -s /run/gwA.sock reload 2>&1) && return 1
	echo "$said"
	grep -Eq -- "$1" <<<"$said"
}

# refused PATTERN: the same, and what runs goes on as it was
refused() {
	not_taken "$1" && up && [ "$(spi_out gwA)" = "$SPI" ]
}

NOT_OURS='is not an address of this machine; expected one that it has: correct it, or add it to an interface first; for one that comes later, as from VRRP, first: sysctl'

# Whatever is wrong with any of the files, nothing comes of it.
bad_reloads() {
	local conf=/etc/netns/gwA/ipsvti good SPI
	SPI=$(spi_out gwA) good=$(<"$conf/vti0.conf")
	echo "${good%16*}" >"$conf/vti0.conf" && refused '^/etc/ipsvti/vti0.conf:[67]: .*; expected KEY = "VALUE"' || return
	printf '%s\nnonsense = 1\n' "$good" >"$conf/vti0.conf" && refused '^/etc/ipsvti/vti0.conf:7: unknown key "nonsense"' || return
	echo "$good" >"$conf/vti0.conf"
	chmod 644 "$conf/vti0.psk" && refused '^/etc/ipsvti/vti0.conf:5: psk-file: .*vti0.psk.*chmod' || return
	rm "$conf/vti0.psk" && refused '^/etc/ipsvti/vti0.conf:5: psk-file: .*vti0.psk.*No such file' || return
	secret "$conf/vti0.psk" "$PSK"
	{ sed 's/^remote =.*/remote = "192.0.2.99"/' "$conf/vti0.conf" && echo 'interface = "vti0"'; } >"$conf/x.conf" &&
		refused '^/etc/ipsvti/x.conf:7: interface "vti0" is that of /etc/ipsvti/vti0.conf by its name, too; .*change interface in one of them$' || return
	rm "$conf/x.conf"
	sed -i 's/^local =.*/local = "192.0.2.77"/' "$conf/vti0.conf" &&
		refused "^/etc/ipsvti/vti0.conf:1: local: 192.0.2.77 $NOT_OURS net.ipv4.ip_nonlocal_bind=1\$" &&
		ctl gwA reload 2>&1 | jq -e '.error.name == "EINVAL"' || return
	echo "$good" >"$conf/vti0.conf"
	# The same of a tunnel that is new.
	sed 's/^local =.*/local = "192.0.2.77"/' "$conf/vti0.conf" >"$conf/x.conf" &&
		refused "^/etc/ipsvti/x.conf:1: local: 192.0.2.77 $NOT_OURS net.ipv4.ip_nonlocal_bind=1\$" || return
	sed -i 's/^local =.*/local = "2001:db8:a::77"/; s/^remote =.*/remote = "2001:db8:b::77"/' "$conf/x.conf" &&
		refused "^/etc/ipsvti/x.conf:1: local: 2001:db8:a::77 $NOT_OURS net.ipv6.ip_nonlocal_bind=1\$" &&
		[ "$(ctl gwA status | jq -r '.tunnels[].name')" = vti0 ] && ! ip -n gwA link show x || return
	rm "$conf/x.conf"
	ctl gwA reload | jq -e '.unchanged == 1 and .stopped == 0 and .started == 0' && [ "$(spi_out gwA)" = "$SPI" ] && pings_from hostA 10.2.0.2
}

# other_key KEY: gwB has another one from its next authentication on; what runs goes on.
other_key() { secret /etc/netns/gwB/ipsvti/vti0.psk "$1" && ctl gwB reload | jq -e '.unchanged == 1'; }

last_error() { ctl gwA status vti0 | jq -r '.tunnels[0] | .state, .["last-error"]' | xargs; }

# What will end the tunnel is said while it is up, until it is mended.
refused_while_up() {
	local spi
	spi=$(spi_out gwA)
	other_key "not the key" && ctl gwA reauth vti0 && wait_for 10 '[[ $(last_error) = "up peer refused us (AUTHENTICATION_FAILED)"* ]]' || return
	in_ns gwA ipsvtictl -s /run/gwA.sock explain vti0 >/tmp/said
	cat /tmp/said
	grep -q 'warning: it is up, but the next authentication will fail: the peer refused us at IKE_AUTH' /tmp/said &&
		in_ns gwA ipsvtictl -s /run/gwA.sock status | grep 'vti0: up .*, last error: peer refused us' &&
		[ "$(spi_out gwA)" = "$spi" ] && other_key "$PSK" && ctl gwA reauth vti0 &&
		wait_for 10 "[ \"\$(last_error)\" = 'up null' ]" && [ "$(spi_out gwA)" != "$spi" ] &&
		! in_ns gwA ipsvtictl -s /run/gwA.sock explain vti0 | grep 'will fail'
}

# What hangs on the device: it is the same one, and no route of it was away.
hangs_on() { # NS
	ip -n "$1" -j link show vti0 | jq -c '.[0].ifindex'
	ip -n "$1" route show dev vti0
	ip -n "$1" -6 route show dev vti0 | grep '^fd00'
}

ends_of() { # NS LOCAL REMOTE: the device has these
	ip -n "$1" -d -j link show vti0 | jq -e --arg l "$2" --arg r "$3" '.[0].linkinfo.info_data | .local == $l and .remote == $r'
}

# moves_to A B: both files have other outer addresses from now on, and both agents read them.
moves_to() {
	local ns at
	sed -i -e "s/^local =.*/local = \"$1\"/" -e "s/^remote =.*/remote = \"$2\"/" /etc/netns/gwA/ipsvti/vti0.conf &&
		sed -i -e "s/^local =.*/local = \"$2\"/" -e "s/^remote =.*/remote = \"$1\"/" /etc/netns/gwB/ipsvti/vti0.conf || return
	for ns in gwB gwA; do
		ctl "$ns" reload | jq -e '.stopped == 1 and .started == 1 and .refused == []' || return
	done
	at=$(date +%s%N)
	wait_for 10 up && echo "up $((($(date +%s%N) - at) / 1000000)) ms after the reload" &&
		ends_of gwA "$1" "$2" && ends_of gwB "$2" "$1" && wait_for 5 'one_pair gwA' && pings_pass
}

# The device follows the files, with all that hangs on it: other addresses, other ones of the
# other family, and back.
other_ends() {
	local was
	ip -n gwA addr add 192.0.2.77/24 dev wan && ip -n gwB addr add 198.51.100.9/24 dev wan || return
	was=$(hangs_on gwA)
	echo "$was"
	[ "$(grep -c . <<<"$was")" -ge 4 ] && moves_to 192.0.2.77 198.51.100.9 && [ "$(hangs_on gwA)" = "$was" ] &&
		said gwA 'device vti0 follows the configuration: local 192.0.2.77 remote 198.51.100.9, and no more local 192.0.2.1 remote 198.51.100.1' &&
		moves_to "$GWA6" "$GWB6" && [ "$(hangs_on gwA)" = "$was" ] &&
		moves_to "$GWA4" "$GWB4" && [ "$(hangs_on gwA)" = "$was" ] &&
		ip -n gwA addr del 192.0.2.77/24 dev wan && ip -n gwB addr del 198.51.100.9/24 dev wan
}

# tells COMMAND...: with the addresses that the device has and those that it should have,
# and the line that mends it.
tells() {
	local said
	said=$("$@" 2>&1)
	echo "$said"
	grep -q "has other addresses than .*: local $GWA4 remote 198.51.100.99 instead of local $GWA4 remote $GWB4" <<<"$said" &&
		grep -q "ip link change vti0 type ipsvti local $GWA4 remote $GWB4" <<<"$said"
}

# One that somebody has made with a slip is not the agent's to change, also not by a reload of
# a file that has changed: it says what is wrong, to whoever asks.
slip() {
	local ask=(in_ns gwA ipsvtictl -s /run/gwA.sock) line
	agent_end gwA && ip -n gwA link del vti0 && ip -n gwA link add vti0 type ipsvti local "$WAN_A" remote 198.51.100.99 &&
		agent_start gwA && device gwA && [ "$(state gwA)" = no-device ] || return
	tells "${ask[@]}" status vti0 && ! "${ask[@]}" status vti0 | grep 'there is no device' && tells "${ask[@]}" status &&
		tells "${ask[@]}" up vti0 && tells "${ask[@]}" reload && ! "${ask[@]}" reload &&
		tells "${ask[@]}" explain vti0 && "${ask[@]}" --json explain vti0 |
		jq -e '.findings | map(.id) | contains(["device-addresses"]) and (contains(["no-device"]) | not)' || return
	agent_conf gwA 'esp = {"aes256gcm16"}' && ctl gwA reload 2>/dev/null | jq -e '.refused | length == 1' &&
		ends_of gwA "$WAN_A" 198.51.100.99 || return
	line=$("${ask[@]}" explain vti0 | grep -o 'ip link change .*') && echo "$line" &&
		in_ns gwA bash -c "$line" && wait_for 20 up && pings_pass && "${ask[@]}" reload && "${ask[@]}" status vti0 || return
	# A reason ends with the device that it is about.
	agent_end gwA && ip -n gwA link del vti0 && ip -n gwA link add vti0 type ipsvti local "$WAN_A" remote 198.51.100.99 &&
		agent_start gwA && tells "${ask[@]}" status vti0 && ip -n gwA link del vti0 &&
		wait_for 5 '! ctl gwA status vti0 | grep "other addresses"' && agent_conf gwA && ctl gwA reload && device gwA && wait_for 20 up
}

# waits_for_it NUMBER: a reload changes nothing of as many tunnels, and so of one without its address
waits_for_it() {
	ctl gwA reload | jq -e --argjson n "$1" '.unchanged == $n and .stopped == 0 and .started == 0'
}

# An address may also come later. By a reload only if the administrator says so, of what is up
# and of what is down; at the start of the agent, which may be that of the machine, it is told.
# What waits for its address stops no change of something else.
other_address() {
	local conf=/etc/netns/gwA/ipsvti
	sed -i 's/^local =.*/local = "192.0.2.77"/' "$conf/vti0.conf" && ip -n gwA addr add 192.0.2.77/24 dev wan &&
		ctl gwA reload | jq -e '.stopped == 1' && ip -n gwA addr del 192.0.2.77/24 dev wan && wait_for 10 'carrier gwA 0' || return
	agent_conf gwA && ctl gwA reload && wait_for 20 up && ctl gwA down vti0 && wait_for 5 'carrier gwA 0' || return
	sed -i 's/^local =.*/local = "192.0.2.77"/' "$conf/vti0.conf" && not_taken "vti0.conf:1: local: 192.0.2.77 $NOT_OURS" &&
		[ "$(ctl gwA status | jq -r '.tunnels[0].local')" = "$WAN_A" ] || return
	in_ns gwA sysctl -qw net.ipv4.ip_nonlocal_bind=1
	ctl gwA reload | jq -e '.stopped == 1 and .started == 1' &&
		said gwA 'vti0.conf:1: local: 192.0.2.77 is on no interface at present; it is taken' || return
	in_ns gwA sysctl -qw net.ipv4.ip_nonlocal_bind=0
	waits_for_it 1 && agent_end gwA && ip -n gwA link del vti0 && agent_start gwA && [ "$(state gwA)" != no-device ] &&
		said gwA 'vti0.conf:1: local: 192.0.2.77 is not an address of this machine at present; the tunnel waits for it' &&
		waits_for_it 1 || return
	# A second one comes and goes meanwhile.
	sed "s/^local =.*/local = \"$GWA6\"/; s/^remote =.*/remote = \"2001:db8:b::77\"/" "$conf/vti0.conf" >"$conf/x.conf" &&
		ctl gwA reload | jq -e '.unchanged == 1 and .started == 1' && rm "$conf/x.conf" &&
		ctl gwA reload | jq -e '.unchanged == 1 and .stopped == 1' && ip -n gwA link del x || return
	agent_conf gwA && ip -n gwA link del vti0 && ctl gwA reload && device gwA && wait_for 20 up
}

refusals() {
	ctl gwA rekey vti9 2>&1 | jq -e '.error.name == "ENOENT"' &&
		[ "$(in_ns gwA ipsvtictl -s /run/gwA.sock down vti9 2>&1)" = 'ipsvtictl: there is no tunnel "vti9"' ] &&
		ctl gwA down vti0 && wait_for 5 'carrier gwA 0' && ctl gwA rekey vti0 2>&1 | jq -e '.error.name == "ENOTCONN"'
}

ktap_run "the module and two sites" load
ktap_run "a device that was there is left as it is" left_alone
ktap_run "a device is removed: it is said, the peer is told" removed
ktap_run "without its device the tunnel does nothing" not_any_device
ktap_run "with the device it starts again" made_anew
ktap_run "renamed: the same, and no SA stays behind" renamed
ktap_run "up makes a missing device" up_makes_it
ktap_run "a way that is back is tried at once" way_back
ktap_run "the outer address is back: at once as well" address_back
ktap_run "the link is back: the same" link_back
ktap_run "on-traffic: the first packet starts it" on_traffic
ktap_run "on-traffic: a packet makes a lost pair anew" lost_pair
ktap_run "passive: only the peer or a person starts it" passive
ktap_run "status for people" status_for_people
ktap_run "down stays down, up ends that" down_and_up
ktap_run "reload by the control socket" reload
ktap_run "reload of what is wrong: refused before anything running is touched" bad_reloads
ktap_run "a reauthentication that is refused is told while the tunnel is up" refused_while_up
ktap_run "reload with other outer addresses: the device follows, traffic flows" other_ends
ktap_run "a device with addresses of its own is refused, and it is said why" slip
ktap_run "reload with an outer address that is not there" other_address
ktap_run "what cannot be done is said, with a status" refusals
agents_end
ktap_end
