#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A peer that is given by name: the name has no address at first, then one, then
# another. And a peer with whom a key may protect so many packets, or octets, only.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"

ktap_plan 9

load() {
	modprobe ipsvti && topo_up && endpoints 4
}

up() { carrier gwA 1 && carrier gwB 1; }

# "ip netns exec" puts this file over /etc/hosts; it is changed in place.
hosts() { # [ADDRESS NAME]...
	printf '127.0.0.1 localhost\n' >/etc/netns/gwA/hosts
	[ $# -eq 0 ] || printf '%s %s\n' "$@" >>/etc/netns/gwA/hosts
}

by_name() {
	agent_conf gwA
	sed -i -e 's/^remote = .*/remote = "gw-b.example"/' -e '/^remote-id/d' /etc/netns/gwA/ipsvti/vti0.conf
	cat /etc/netns/gwA/ipsvti/vti0.conf
}

no_address() {
	local said
	mkdir -p /etc/netns/gwA && hosts && by_name
	agent_conf gwB 'start = "passive"'
	agent_start gwB && device gwB && agent_start gwA || return
	wait_for 30 "said gwA 'no IPv4 address of gw-b.example'" || return
	said=$(in_ns gwA ipsvtictl -s /run/gwA.sock status vti0)
	[ $? = 3 ] && grep -q '^vti0: no-address, ' <<<"$said" &&
		ctl gwA up vti0 2>&1 | jq -e '.error.name == "EHOSTUNREACH"' && ! ip -n gwA link show vti0
}

# What it waits for, since when, and which line says so; and nothing that has to wait for it.
why_not() {
	local ask=(in_ns gwA ipsvtictl -s /run/gwA.sock) line
	line=$(grep -n '^remote =' /etc/netns/gwA/ipsvti/vti0.conf | cut -d: -f1)
	wait_for 5 'ctl gwA explain vti0 | jq -e ".tunnel[\"since-ms\"] >= 2000"' || return
	"${ask[@]}" --json explain vti0 | jq -e '.findings | map(.id) == ["no-address-of-peer"]' &&
		! "${ask[@]}" explain vti0 >/tmp/said && cat /tmp/said &&
		grep -Eq '^vti0: no-address for [1-9][0-9]* s, ' /tmp/said &&
		grep -q "do: /etc/ipsvti/vti0.conf:$line: is the name right" /tmp/said || return
	"${ask[@]}" status | grep -E '^vti0: no-address for [1-9][0-9]* s, peer gw-b.example' &&
		"${ask[@]}" show vti0 | grep -E '/etc/ipsvti/vti0.conf' &&
		"${ask[@]}" --json show vti0 | jq -e '.tunnel.config.esp | length > 0' &&
		ctl gwA reload && ctl gwA explain vti0 | jq -e '.tunnel["since-ms"] >= 2000'
}

an_address() {
	hosts "$GWB4" gw-b.example
	wait_for 20 "said gwA 'gw-b.example is $GWB4'" && device gwA && wait_for 10 up && pings_pass
}

# What works is left where it is, and a reload does not look anew.
stays() {
	hosts 198.51.100.77 gw-b.example
	ctl gwA reload | jq -e '.unchanged == 1' && up && pings_pass && ! said gwA '198.51.100.77'
}

# The other site moves: its agent, on another address, under the same name.
moves() {
	hosts "$GWB4" gw-b.example
	agent_end gwB && ip -n gwB link del vti0 && ip -n gwB addr add 198.51.100.9/24 dev wan || return
	sed -i 's/^local = .*/local = "198.51.100.9"/' /etc/netns/gwB/ipsvti/vti0.conf
	agent_start gwB && device gwB && hosts 198.51.100.9 gw-b.example &&
		wait_for 20 "said gwA 'gw-b.example is 198.51.100.9'" && wait_for 10 up &&
		ip -n gwA -d -j link show vti0 | jq -e '.[0].linkinfo.info_data.remote == "198.51.100.9"' && pings_pass
}

# volume packets|octets LIMIT: of an SA, by the name that it has in the log. Pings and
# answers are 100 packets a second each way; large ones need three packets each.
volume() {
	local kind=${1/octets/bytes} limit=$2
	agents_end
	agent_conf gwA "child-$kind = $limit"
	agent_conf gwB 'start = "passive"'
	agent_start gwB && agent_start gwA && device gwA && device gwB && wait_for 30 up &&
		pings_pass && under_ping two_rekeys && [ "$(times gwA "CHILD SA .*: its soft limit of $1 is reached, rekeying")" -ge 2 ] &&
		pairs gwA "[.[] | select(.state == \"active\") | .in, .out | .limits | .[\"soft-$kind\"] > $limit * 0.9 and
			.[\"soft-$kind\"] <= $limit and .[\"hard-$kind\"] == $limit * 2] | length == 2 and all" &&
		! said gwA 'hard limit'
}
two_rekeys() {
	local n was
	for n in 1 2; do
		was=$(spi_out gwA)
		wait_for 40 "[ \"\$(spi_out gwA)\" != $was ] && up" || return
		echo "rekey $n: $was, then $(spi_out gwA)"
	done
}

leaves() {
	agent_end gwA && wait_for 5 'carrier gwB 0' && said gwA 'stopped'
}

ktap_run "the module and two sites" load
ktap_run "a name without an address is waited for" no_address
ktap_run "explain says which name, in which line, and nothing else" why_not
ktap_run "with the address the tunnel starts" an_address
ktap_run "a tunnel that is up stays where it is" stays
ktap_run "another address is followed" moves
ktap_run "an orderly end" leaves
ktap_run "after so many packets SAs are rekeyed, no ping is lost" volume packets 1000
PING_SIZE=4000
ktap_run "after so many octets SAs are rekeyed, no ping is lost" volume octets 1000000
agents_end
ktap_end
