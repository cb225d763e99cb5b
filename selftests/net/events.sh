#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the module tells by itself, as the agent hears it: through libipsvti.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"

ktap_plan 13
work=$(mktemp -d)
heard=$work/heard

A() { in_ns gwA "$@"; }
ctl() { A ipsvtictl "$@"; }
ab="$(random_hex 32) $(random_hex 4)" ba="$(random_hex 32) $(random_hex 4)"

add() { # gwA|gwB IN OUT WORD...
	local ns=$1 in=$2 out=$3 keys
	shift 3
	keys="in $ba"$'\n'"out $ab"
	[ "$ns" = gwA ] || keys="in $ab"$'\n'"out $ba"
	in_ns "$ns" ipsvtictl sa add vti0 in spi "$in" out spi "$out" alg aes-gcm-16-256 keys - "$@" <<<"$keys"
}
new_keys() { ab="$(random_hex 32) $(random_hex 4)" ba="$(random_hex 32) $(random_hex 4)"; }
heard() { [ "$(ctl sa show vti0 --json | jq ".[] | select(.in.spi == $1) | .heard")" = "$2" ]; } # SPI true|false
id_of() { ctl sa show vti0 --json | jq ".[] | select(.in.spi == $1) | .\"pair-id\""; }

# listen WORD...: from when this returns, events of gwA are written to $heard.
listen() {
	hush
	mkfifo "$work/in" && : >"$heard" || return
	A "$work/events" "$@" <"$work/in" >"$heard" 2>&1 &
	listener=$!
	exec 8>"$work/in"
	wait_for 20 "grep -q ready '$heard'"
}
listener=''
hush() {
	[ -n "$listener" ] || return 0
	exec 8>&-
	wait "$listener"
	listener=''
	rm -f "$work/in"
}

# hears LINE: that very line comes, if it has not come already
hears() { wait_for 20 "grep -qxF '$1' '$heard' || { cat '$heard'; false; }"; }
times() { [ "$(grep -c "^$1" "$heard")" = "$2" ] || { cat "$heard"; return 1; }; }

begin() {
	modprobe ipsvti && topo_up &&
		cc -O2 -Wall -o "$work/events" -I "$IPSVTI_TREE/kmod/uapi" -I "$IPSVTI_TREE/tools/libipsvti" \
			"$IPSVTI_TREE/selftests/net/events.c" "$IP_LIB_DIR/libipsvti.a" -lmnl || return
	ip -n gwA link add vti0 type ipsvti local "$GWA4" remote "$GWB4" &&
		ip -n gwB link add vti0 type ipsvti local "$GWB4" remote "$GWA4" || return
	for ns in gwA gwB; do
		in_ns "$ns" sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1
		ip -n "$ns" link set vti0 up
	done
	ip -n gwA addr add 169.254.1.1/30 dev vti0 && ip -n gwB addr add 169.254.1.2/30 dev vti0 || return
	index=$(A cat /sys/class/net/vti0/ifindex)
	listen
}

activated() {
	add gwA 1001 2001 activate now || return
	hears "carrier ifindex $index vti0 carrier 1 reason activated pair $(id_of 1001)" && times carrier 1
}

switched() { # no carrier event: the carrier has not changed
	new_keys
	add gwA 1002 2002 activate manual && ctl sa activate vti0 "$(id_of 1002)" && times carrier 1
}

deleted() {
	local id
	id=$(id_of 1001)
	ctl sa del vti0 "$id" && hears "sa-del ifindex $index pair $id in 1001 reason deleted"
}

flushed() {
	local id
	id=$(id_of 1002)
	ctl sa flush vti0 && hears "sa-del ifindex $index pair $id in 1002 out 2002 reason flushed" &&
		hears "carrier ifindex $index vti0 carrier 0 reason flushed"
}

expired() {
	local id
	id=$(ctl sa alloc vti0 time 2 --json | jq '."pair-id"')
	wait_for 20 "grep -q 'sa-del ifindex $index pair $id in [0-9]* reason reservation-expired' '$heard'"
}

first_rx() {
	local id
	listen || return
	new_keys
	add gwA 1003 2003 activate first-rx && add gwB 2003 1003 activate now || return
	id=$(id_of 1003)
	heard 1003 false || return
	in_ns gwB ping -q -c 3 -i 0.2 -W 1 169.254.1.1
	hears "first-rx ifindex $index pair $id state active" && times first-rx 1 &&
		hears "carrier ifindex $index vti0 carrier 1 reason activated pair $id" && heard 1003 true
}

# A dummy packet (RFC 4303, section 2.6) is authentic, and delivers nothing.
first_dummy() {
	new_keys
	add gwA 1007 2007 activate manual || return
	printf 'out %s\n' "$ba" >"$work/dummy"
	heard 1007 false && in_ns gwB "$NET/esp.py" --from "$GWB4" --to "$GWA4" --spi 1007 --keys "$work/dummy" --next-header 59 &&
		hears "first-rx ifindex $index pair $(id_of 1007) state staged" && heard 1007 true &&
		[ "$(ctl sa show vti0 --json | jq '.[] | select(.in.spi == 1007) | .in.packets')" = 0 ] || return
	ctl sa show vti0 | grep -q "pair $(id_of 1007) staged activate manual encap"
}

expires() { # which of the two SAs, and why
	local id
	new_keys
	add gwA 1005 2005 activate manual limit out soft-seconds 1 || return
	id=$(id_of 1005)
	hears "expire ifindex $index pair $id out 2005 reason soft-time"
}

# forged N: so many packets for SPI 1007, by a key that gwA does not have
forged() {
	in_ns gwB "$NET/esp.py" --from "$GWB4" --to "$GWA4" --spi 1007 --keys "$work/wrong" --seq 100 --times "$1"
}

auth_fail() { # what is authentic has no such event
	listen || return
	printf 'out %s\n' "$(random_hex 32) $(random_hex 4)" >"$work/wrong"
	in_ns gwB "$NET/esp.py" --from "$GWB4" --to "$GWA4" --spi 1007 --keys "$work/dummy" --next-header 59 --seq 10 &&
		times auth-fail 0 && forged 1 && hears "auth-fail ifindex $index in 1007 packets 1" && times auth-fail 1
}

# As many as there are seconds, and one, since the first is told at once.  The last of
# them is told with what comes a second later, and all of them are.
auth_flood() {
	local began n told
	began=$(date +%s%3N)
	forged 600 || return
	n=$((($(date +%s%3N) - began) / 1000 + 2))
	wait_for 20 "[ \"\$(A ethtool -S vti0 | sed -n 's/^ *rx_auth: //p')\" = 601 ]" || return
	told=$(grep -c ^auth-fail "$heard")
	echo "$told events in about $n s" >&2
	[ "$told" -ge 1 ] && [ "$told" -le $((n + 1)) ] || return
	# Until the next may be sent
	wait_for 20 "forged 1 && sleep 0.3 && [ \"\$(grep -c ^auth-fail '$heard')\" -gt $told ]" || return
	n=$(A ethtool -S vti0 | sed -n 's/^ *rx_auth: //p')
	wait_for 20 "[ \"\$(awk '/^auth-fail/ { n += \$NF } END { print n }' '$heard')\" -le $n ]" &&
		[ "$(awk '/^auth-fail/ { n += $NF } END { print n }' "$heard")" -ge 601 ]
}

lost() { # ... and said so; what comes later is heard again
	local n
	listen --small || return
	for n in 1 2 3 4 5 6 7 8; do
		new_keys
		add gwA 3001 4001 && ctl sa flush vti0 || return
	done
	echo >&8
	hears lost || return
	new_keys
	add gwA 3002 4002 || return
	echo >&8
	hears "carrier ifindex $index vti0 carrier 1 reason activated pair $(id_of 3002)" || return
	hush
}

# The device goes, with all of its pairs: each is told, and the carrier.
gone() {
	local id n
	listen || return
	new_keys
	add gwA 1006 2006 && ctl sa alloc vti0 || return
	id=$(id_of 1006)
	n=$(ctl sa show vti0 --json | jq length)
	ip -n gwA link del vti0 && hears "sa-del ifindex $index pair $id in 1006 out 2006 reason device-gone" &&
		hears "carrier ifindex $index vti0 carrier 0 reason device-gone" && times "carrier .* carrier 0" 1 || return
	hush
	[ "$n" -ge 2 ] && [ "$(grep -c '^sa-del .* reason device-gone$' "$heard")" = "$n" ]
}

ktap_run "module, topology, subscription" begin
ktap_run "a pair is put to use: carrier" activated
ktap_run "another one is put to use: no event" switched
ktap_run "sa-del" deleted
ktap_run "sa-flush: the pair and the carrier" flushed
ktap_run "a reservation runs out" expired
ktap_run "first-rx, and the carrier with it" first_rx
ktap_run "first-rx by a dummy packet, and in the dump" first_dummy
ktap_run "an SA expires" expires
ktap_run "a packet with other keys: auth-fail" auth_fail
ktap_run "a flood of forged ones: auth-fail once a second" auth_flood
ktap_run "events are lost" lost
ktap_run "the device goes" gone
ktap_end
