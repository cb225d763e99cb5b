#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strongSwan with the kernel's XFRM on the same hosts as ipsvti: by policies and by an XFRM
# interface, between the same two addresses as a tunnel of ours, and by a VTI device. (That
# takes all ESP between its two addresses, so it has some of its own.) Each carries its own,
# whoever comes or goes.
set -u
# shellcheck source=selftests/net/lib.sh
. "$IPSVTI_TREE/selftests/net/lib.sh"
OUT=${IPSVTI_OUT:-/tmp}
ktap_plan 12

KINDS=(policy interface vti)
declare -A CHARON=() NET_OF=([policy]=101 [interface]=102 [vti]=103)

charon_conf() { # NS LOCAL REMOTE OURS THEIRS
	local dir=/etc/netns/$1
	mkdir -p "$dir/swanctl"
	cat >"$dir/strongswan.conf" <<-EOT
		charon-systemd {
			load = random nonce openssl pem pkcs1 pkcs8 x509 constraints revocation pubkey kdf kernel-netlink socket-default vici
			install_routes = no
			plugins {
				vici {
					socket = unix:///run/$1.vici
				}
			}
			filelog {
				log {
					path = $OUT/charon.$1.log
					default = 1
					flush_line = yes
				}
			}
		}
		swanctl {
			load = random openssl pem pkcs1 pkcs8 x509 pubkey
		}
	EOT
	{
		echo "connections {"
		charon_connection neighbour "$@" policy interface
		charon_connection old "$1" "${2%.1}.7" "${3%.1}.7" "$4" "$5" vti
		printf '}\nsecrets {\nike {\nsecret = "a key that both know"\n}\n}\n'
	} >"$dir/swanctl/swanctl.conf"
}

charon_connection() { # NAME NS LOCAL REMOTE OURS THEIRS KIND...
	local ours=$5 theirs=$6 kind more
	cat <<-EOT
		$1 {
			version = 2
			local_addrs = $3
			remote_addrs = $4
			proposals = aes256gcm16-prfsha384-ecp384
			mobike = no
			local {
				auth = psk
				id = $2.example
			}
			remote {
				auth = psk
			}
			children {
	EOT
	shift 6
	for kind; do
		case $kind in
		policy) more='' ;;
		interface) more=$'if_id_in = 42\nif_id_out = 42' ;;
		vti) more=$'mark_in = 7\nmark_out = 7' ;;
		esac
		cat <<-EOT
			$kind {
				local_ts = 10.${NET_OF[$kind]}.$ours.0/24
				remote_ts = 10.${NET_OF[$kind]}.$theirs.0/24
				esp_proposals = aes256gcm16-ecp384
				$more
			}
		EOT
	done
	printf '}\n}\n'
}

swan() { # NS WORD...
	local ns=$1 what=$2
	shift 2
	STRONGSWAN_CONF=/etc/netns/$ns/strongswan.conf in_ns "$ns" timeout 60 swanctl "$what" --uri "unix:///run/$ns.vici" "$@"
}

charon_start() { # NS
	STRONGSWAN_CONF=/etc/netns/$1/strongswan.conf ip netns exec "$1" charon-systemd >"$OUT/charon.$1.out" 2>&1 &
	CHARON[$1]=$!
	wait_for 30 "swan $1 --stats" && swan "$1" --load-all
}

charons_end() {
	local ns
	for ns in "${!CHARON[@]}"; do
		kill "${CHARON[$ns]}"
		wait_for 20 "! kill -0 ${CHARON[$ns]}" || return
		unset "CHARON[$ns]"
	done
}

charons_up() {
	local kind
	charon_start gwB && charon_start gwA || return
	for kind in "${KINDS[@]}"; do
		swan gwA --initiate --child "$kind" --timeout 30 || return
	done
}

# theirs_up: addresses, devices and routes of XFRM's three ways
theirs_up() {
	local gw us them here there
	for gw in gwA gwB; do
		us=1 them=2 here=192.0.2 there=198.51.100
		[ "$gw" = gwA ] || us=2 them=1 here=198.51.100 there=192.0.2
		ip -n "$gw" -batch - <<-EOT || return
			addr replace 10.101.$us.1/32 dev lo
			route replace 10.101.$them.0/24 via $here.254 src 10.101.$us.1
			link add xfrm0 type xfrm dev wan if_id 42
			addr add 10.102.$us.1/24 dev xfrm0
			link set xfrm0 up
			route add 10.102.$them.0/24 dev xfrm0
			addr replace $here.7/24 dev wan
			link add old0 type vti local $here.7 remote $there.7 key 7
			addr add 10.103.$us.1/24 dev old0
			link set old0 up
			route add 10.103.$them.0/24 dev old0
		EOT
		in_ns "$gw" sysctl -qw net.ipv4.conf.old0.disable_policy=1 || return
	done
}

# Each answers, by ESP and none of it in clear; and none by what is another's.
theirs_carry() {
	local kind before after
	for kind in "${KINDS[@]}"; do
		before=$(states_used)
		traffic ping gwA "10.${NET_OF[$kind]}.2.1" -c 3 && traffic ping gwB "10.${NET_OF[$kind]}.1.1" -c 2 || return
		after=$(states_used)
		[ $((after - before)) -ge 5 ] || { echo "$kind: $before packets by XFRM, and then $after"; return 1; }
	done
}

# Packets that gwA's XFRM has sent.
states_used() {
	ip -n gwA -s xfrm state | awk -v src="src ${GWA4%1}" '
		/^src / { ours = index($0, src) == 1 }
		ours && /[0-9]\(bytes\), [0-9]+\(packets\)/ { sub(/.*\(bytes\), /, ""); n += $0 + 0 }
		END { print n + 0 }'
}

setup() {
	topo_up && charon_conf gwA "$GWA4" "$GWB4" 1 2 && charon_conf gwB "$GWB4" "$GWA4" 2 1 || return
	modprobe -a xfrm_user esp4 ip_vti xfrm_interface 2>/dev/null
	theirs_up && charons_up
}

module_comes() { modprobe ipsvti && theirs_carry; }

ours_up() { links_down; links_up 4 && pair_up 1 256 "$@"; }

ours_carry() { ping_across 4 && ping_across 6 && tcp_across 4 100000; }

all_carry() { theirs_carry && ours_carry && theirs_carry; }

beside() { ours_up && all_carry; }

# ESP in UDP comes to charon's own socket, from where each gets what is for it.
in_udp() {
	ours_up "${ENCAP_UDP[@]}" && all_carry && capture_start inet toA "$WORK/udp" || return
	ours_carry
	capture_stop "$WORK/udp"
	[ "$(tcpdump -nr "$WORK/udp" 'udp port 4500' 2>/dev/null | wc -l)" -ge 10 ]
}

# Reserved by us until there is no room, and by charon meanwhile.
no_spi_twice() {
	local n
	for n in 1 2 3 4 5 6 7; do
		in_ns gwA ipsvtictl sa alloc vti0 || return
		swan gwA --rekey --child interface || return
	done
	{
		in_ns gwA ipsvtictl --json sa show vti0 | jq -r '.[].in.spi'
		ip -n gwA xfrm state | awk -v dst="dst $GWA4" '/^src / { ours = index($0, dst) } ours && /spi 0x/ { print strtonum($4) }'
	} >"$WORK/spis"
	cat "$WORK/spis"
	[ "$(wc -l <"$WORK/spis")" -ge 11 ] && [ -z "$(sort "$WORK/spis" | uniq -d)" ] && ours_up && all_carry
}

pings() { # NS ADDR: until stopped
	# Not a function: a shell in the background would not hear SIGINT.
	ip netns exec "$1" ping -n -q -i 0.05 "$2" >"$WORK/pings.$2" 2>&1 &
	PINGS+=($!)
}

# No ping of those is lost.
unharmed() {
	local pid
	kill -INT "${PINGS[@]}"
	for pid in "${PINGS[@]}"; do wait "$pid"; done
	PINGS=()
	tail -n 2 "$WORK"/pings.*
	[ "$(cat "$WORK"/pings.* | grep -c ' 0% packet loss')" = "$(find "$WORK" -name 'pings.*' | wc -l)" ]
	local status=$?
	rm -f "$WORK"/pings.*
	return "$status"
}

all_ping() {
	local kind
	PINGS=()
	for kind in "${KINDS[@]}"; do
		pings gwA "10.${NET_OF[$kind]}.2.1"
	done
	[ "$1" != too ] || pings hostA "$HOSTB4"
	wait_for 20 "[ \"\$(find '$WORK' -name 'pings.*' | wc -l)\" = ${#PINGS[@]} ]" && pause 1
}

both_rekey() {
	local kind n
	all_ping too || return
	for kind in "${KINDS[@]}"; do
		swan gwA --rekey --child "$kind" || return
		n=$((${NET_OF[$kind]} + 100))
		keys "$n" && sa_add gwB "$n" 256 activate first-rx && sa_add gwA "$n" 256 activate now &&
			wait_for 10 "[ \"\$(state gwB $n)\" = active ]" || return
	done
	swan gwB --rekey --ike neighbour && pause 1
	unharmed && all_carry
}

module_goes_and_comes() {
	local i
	all_ping theirs || return
	for i in 1 2 3; do
		ours_up && ours_carry && rmmod ipsvti && modprobe ipsvti || return
	done
	unharmed && ours_up && all_carry
}

# The daemon goes, with its states and policies, and ours stays; and it comes again.
daemon_goes_and_comes() {
	PINGS=()
	pings hostA "$HOSTB4"
	pause 1
	charons_end || return
	! traffic ping gwA 10.102.2.1 -c 1 -W 1 && ours_carry && charons_up && unharmed && all_carry
}

flush_all() {
	charons_end || return
	[ -z "$(ip -n gwA xfrm state)" ] && ours_carry && links_down && rmmod ipsvti && charons_up && theirs_carry
}

ktap_run "two hosts with charon, three ways of XFRM" setup
ktap_run "they carry, without the module" theirs_carry
ktap_run "they carry, with the module" module_comes
ktap_run "beside a tunnel of ours, between the same addresses" beside
ktap_run "ours as ESP in UDP, on charon's port" in_udp
ktap_run "no SPI is taken twice" no_spi_twice
ktap_run "both rekey, no ping is lost" both_rekey
ktap_run "the module goes and comes, they lose no ping" module_goes_and_comes
ktap_run "the daemon goes and comes, ours loses no ping" daemon_goes_and_comes
ktap_run "all carry after that" all_carry
ktap_run "XFRM is clean, ours goes first, and theirs comes again" flush_all
charons_end
ktap_run "nothing is left of the daemons" eval '[ -z "$(ip -n gwA xfrm state)$(ip -n gwA xfrm policy)" ]'
ktap_end
