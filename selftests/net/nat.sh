#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The peer's NAT gives it another port or address: gwB sends there from the peer's next
# packet on, and nobody else can make it do that.  gwA is behind a real NAT; where
# packets must be wrong in just one way, its part is played by esp.py in inet.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 23

INET4=198.51.100.254

setup() {
	modprobe ipsvti
	topo_up nat=a && ip -n nat addr add 192.0.2.77/24 dev out && mapping "$GWA4_SEEN" 30001 &&
		encap_up gwA && encap_up gwB && link_up gwA 4 && link_up gwB 4 &&
		ip -n gwB link change vti0 type ipsvti remote "$GWA4_SEEN" && events_start gwB || return
	# The checksums over IPv6 are in what is captured, not left to a device.
	in_ns gwB ethtool -K wan tx off >/dev/null || return
	# One process for all packets, and one for all questions: starting them takes the time.
	mkfifo "$WORK/to-esp" "$WORK/esp" "$WORK/to-nl" "$WORK/nl" || return
	in_ns inet "$NET/esp.py" --serve <"$WORK/to-esp" >"$WORK/esp" &
	in_ns gwB "$NET/nl.py" batch <"$WORK/to-nl" >"$WORK/nl" &
	exec 5>"$WORK/to-esp" 6<"$WORK/esp" 7>"$WORK/to-nl" 8<"$WORK/nl"
	keys 1 && sa_add gwA 1 256 "${ENCAP_UDP[@]}" && pair 1 30001
}

# pair N DPORT [WORD...]: gwB's side of pair N
declare -A ID
pair() {
	local n=$1 dport=$2 said
	shift 2
	[ -e "$WORK/gwB.$n" ] || keys "$n"
	said=$(sa_add gwB "$n" 256 encap udp sport 4500 dport "$dport" "$@") && said=${said#pair } &&
		ID[$n]=${said%% *}
}

# What gwB says of pair N, or of one word of it: of the inbound SA if both have it.
ask() { # N [WORD]
	echo "sa-get {\"dev\":\"vti0\",\"pair-id\":${ID[$1]}}" >&7 && read -r -t 20 said <&8 || return
	[ -z "${2:-}" ] && return
	[[ $said =~ \"$2\":\ \"?([^,\"}]*) ]] && said=${BASH_REMATCH[1]}
}

is() { # N WORD VALUE
	local said
	ask "$1" "$2" && [ "$said" = "$3" ] && return
	echo "$2 of pair $1 is $said, not $3"
	return 1
}

# The NAT forgets what it had, and maps gwA's port 4500 to that from now on.
mapping() { # ADDR PORT
	in_ns nat nft -f - <<-EOT && in_ns nat conntrack -F
		flush table ip nat
		add rule ip nat out oifname "out" udp sport 4500 snat to $1:$2
	EOT
}

# Where gwB sends to with pair N.
goes_to() { # N ADDR PORT
	is "$1" 'remote6?' "$2" && is "$1" encap-dport "$3"
}

# A packet of the peer on pair N, from a port of inet; words go to esp.py.
esp_line() { # N SEQ PORT [WORD...]
	local n=$1 seq=$2 port=$3
	shift 3
	echo "--from $INET4 --to $GWB4 --spi $(spi gwB "$n") --keys $WORK/gwA.$n --seq $seq" \
		"--udp $port:4500 --inner-src $HOSTA4 --inner-dst $HOSTB4 $*"
}

esp() { # N SEQ PORT [WORD...]
	local sent
	esp_line "$@" >&5 && read -r -t 20 sent <&6 && [ "$sent" = sent ]
}

# An authentic one: gwB has delivered it.  Where gwB sends to it has decided by then.
good() { # N SEQ PORT [WORD...]
	local said
	ask "$1" packets && esp "$@" && wait_for 5 "is $1 packets $((said + 1))"
}

before_the_change() {
	ping_across 4 && ping_across 6 && goes_to 1 "$GWA4_SEEN" 30001 &&
		! grep -q float-ntf "$WORK/events.gwB"
}

# The ping goes on, until enough have come by the new mapping.  What is on its way to the
# old one at that moment is lost.
another_port() {
	local pid sent got said began
	# Not by in_ns: a function in the background is a shell of its own, and the signal is for ping.
	ip netns exec hostA ping -n -q -i 0.05 -c 2000 -W 2 "$HOSTB4" >"$WORK/ping" &
	pid=$!
	wait_for 10 'ask 1 packets && [ "$said" -gt 20 ]' && mapping "$GWA4_SEEN" 30002 &&
		ask 1 packets && began=$said || return
	wait_for 20 'ask 1 packets && [ "$said" -gt $((began + 35)) ]'
	kill -INT "$pid"
	wait "$pid"
	cat "$WORK/ping"
	read -r sent got < <(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' "$WORK/ping")
	[ "$got" -gt 50 ] && [ $((sent - got)) -le 3 ] && goes_to 1 "$GWA4_SEEN" 30002 &&
		event gwB ".event == \"float-ntf\" and .\"pair-id\" == ${ID[1]} and
			.remote == \"$GWA4_SEEN\" and .\"encap-dport\" == 30002" &&
		[ "$(grep -c float-ntf "$WORK/events.gwB")" = 1 ]
}

# Another address, with a route of its own; the configuration says what it said.
another_address() {
	mapping 192.0.2.77 30003 && ping_across 4 && ping_across 6 && goes_to 1 192.0.2.77 30003 &&
		event gwB '.event == "float-ntf" and .remote == "192.0.2.77" and ."encap-dport" == 30003' || return
	ip -n gwB -d link show vti0 | grep "remote $GWA4_SEEN" && [ "$(tunnel gwB .remote)" = "$GWA4_SEEN" ] &&
		tcp_across 4 300000 && tcp_across 6 300000 hostB && [ "$(tunnel gwB .mtu)" = 1438 ]
}

# What is configured is asked for again: that is no other address.
same_configuration() {
	in_ns gwB "$NET/nl.py" ask tunnel-set "{\"dev\":\"vti0\",\"remote\":\"$GWA4_SEEN\"}" &&
		ip -n gwB link change vti0 type ipsvti local "$GWB4" remote "$GWA4_SEEN" &&
		goes_to 1 192.0.2.77 30003 && ping_across 4
}

# Other options than the addresses are changed: the peer is where it is, but is routed
# to as they say now.
another_configuration() {
	ip -n gwB rule add fwmark 7 table 7 && ip -n gwB route add unreachable default table 7 &&
		ip -n gwB link change vti0 type ipsvti fwmark 7 || return
	no_ping_across 4 && [ "$(counter gwB tx-no-route)" -ge 1 ] || return
	ip -n gwB link change vti0 type ipsvti fwmark 0 && ping_across 4 && goes_to 1 192.0.2.77 30003
}

back_again() {
	mapping "$GWA4_SEEN" 30001 && ping_across 4 && goes_to 1 "$GWA4_SEEN" 30001
}

# RFC 3948, section 2.3: nothing to be authenticated, so nothing to be believed.
keepalive() {
	printf '\377' | in_ns inet socat -u STDIN "UDP4-SENDTO:$GWB4:4500,sourceport=31000" &&
		counts gwB rx-auth 0 ping_across 4 && goes_to 1 "$GWA4_SEEN" 30001
}

forged() {
	counts gwB rx-auth 1 esp 1 100000 31000 --flip 20 && counts gwB rx-auth 1 esp 1 100001 31000 --cut 4 &&
		goes_to 1 "$GWA4_SEEN" 30001 && ping_across 4
}

# What was captured on the way, from another place: the very packet, and the one before.
replayed() {
	local hex n=0
	capture_start inet toB "$WORK/cap" "udp dst port 4500 and dst host $GWB4" && ping_across 4 -c 2 &&
		capture_stop "$WORK/cap" || return
	for hex in $(tshark -r "$WORK/cap" -T fields -e udp.payload 2>/dev/null | tail -n 2 | tac); do
		n=$((n + 1))
		counts gwB rx-replay 1 esp 1 1 31000 --packet "$hex" || return
	done
	[ "$n" -eq 2 ] && goes_to 1 "$GWA4_SEEN" 30001 && ping_across 4
}

# It never arrived, so it is no replay, and it is authentic and inside the window.
kept_and_sent_later() {
	pair 2 31000 && good 2 1 31000 && good 2 10 31000 &&
		goes_to 2 "$INET4" 31000 || return
	good 2 5 31001 && goes_to 2 "$INET4" 31000 && good 2 9 31001 && goes_to 2 "$INET4" 31000
}

newest_moves() { good 2 11 31002 && goes_to 2 "$INET4" 31002; }

# A mapping of another port of ours says nothing; nor does ESP without UDP.
other_way() {
	in_ns gwB "$NET/encap.py" 4501 >"$WORK/encap4501" 2>&1 &
	wait_for 20 "grep -q ready '$WORK/encap4501'" || return
	good 2 12 31003 --udp 31003:4501 && goes_to 2 "$INET4" 31002 || return
	in_ns inet "$NET/esp.py" --from "$INET4" --to "$GWB4" --spi "$(spi gwB 2)" --keys "$WORK/gwA.2" \
		--seq 13 --inner-src "$HOSTA4" --inner-dst "$HOSTB4" &&
		wait_for 5 'is 2 seq 13' && goes_to 2 "$INET4" 31002
}

# A staged pair moves along: the peer may wait for our first packet on it.
staged_one() {
	pair 3 31002 activate manual &&
		good 2 20 31004 && goes_to 2 "$INET4" 31004 && goes_to 3 "$INET4" 31004
}

# Before the first packet on a pair has activated it, it goes to the right place.
first_packet() {
	pair 4 31002 activate first-rx &&
		good 4 1 31005 && is 4 state active && goes_to 4 "$INET4" 31005 && goes_to 3 "$INET4" 31005
}

# The peer has used a younger SA: what comes on an older one was sent before that.
older_pair() {
	is 2 state draining && good 2 30 31006 && goes_to 4 "$INET4" 31005
}

# One that was used is still the newest one if the younger ones were not.
draining_pair() {
	pair 5 31005 && is 4 state draining &&
		good 4 2 31007 && goes_to 5 "$INET4" 31007
}

no_more_than_so_often() {
	local i n began=$SECONDS most sent
	n=$(grep -c float-ntf "$WORK/events.gwB")
	# All at once: one by one they might take longer than is allowed.
	for i in {1..150}; do esp_line 5 "$i" $((32000 + i)) >&5; done
	for i in {1..150}; do read -r -t 20 sent <&6 || return; done
	wait_for 5 'is 5 packets 150' || return
	most=$(((SECONDS - began + 2) * 10))
	# Pairs 3 and 5 move, each with its event.
	n=$(($(grep -c float-ntf "$WORK/events.gwB") - n))
	echo "$n events, $most moves were allowed"
	[ "$n" -le $((2 * most)) ] && [ "$n" -ge 2 ]
}

# What the user says about the address counts more than what was seen.
set_by_hand() {
	wait_for 5 'esp 5 $((SEQ5 += 1)) 33000 && goes_to 5 $INET4 33000' || return
	in_ns gwB "$NET/nl.py" ask tunnel-set '{"dev":"vti0","remote":"192.0.2.99"}' &&
		goes_to 5 192.0.2.99 31005 && good 5 1000 33001 && goes_to 5 "$INET4" 33001
}
SEQ5=150

not_allowed() {
	pair 6 31000 no-follow &&
		good 6 1 31001 && good 6 2 31001 && goes_to 6 192.0.2.99 31000 &&
		is 6 encap-follow 0 && is 5 encap-follow 1
}

# IKE knows where the peer is before the pair is there: that is where it begins, and the
# peer is followed from there like any other; what the user says counts more here, too.
begins_elsewhere() {
	local n=8 way key salt sas='' spi
	keys "$n" || return
	while read -r way key salt; do
		[ "$way" = in ] && spi=$(spi gwB "$n") || spi=$(spi gwA "$n")
		sas+=",\"$way\":{\"spi\":$spi,\"alg\":\"aes-gcm-16-256\",\"key\":\"$key\",\"salt\":\"$salt\"}"
	done <"$WORK/gwB.$n"
	echo "sa-pair-new {\"dev\":\"vti0\",\"activation\":\"now\",\"encap\":\"udp\",\"encap-sport\":4500," \
		"\"encap-dport\":33008,\"remote\":\"$INET4\"$sas}" >&7 && read -r -t 20 said <&8 || return
	ID[$n]=$(jq -e '."pair-id"' <<<"$said") && goes_to "$n" "$INET4" 33008 || return
	capture_start inet toB "$WORK/cap8" "udp src port 4500 and dst port 33008 and dst host $INET4" || return
	in_ns hostB ping -n -q -c 1 -W 1 "$HOSTA4"
	capture_stop "$WORK/cap8"
	tshark -nr "$WORK/cap8" 2>/dev/null | tee "$WORK/cap8.txt"
	[ -s "$WORK/cap8.txt" ] && good "$n" 1 33008 && goes_to "$n" "$INET4" 33008 && good "$n" 2 33009 &&
		goes_to "$n" "$INET4" 33009 && in_ns gwB "$NET/nl.py" ask tunnel-set '{"dev":"vti0","remote":"192.0.2.98"}' &&
		goes_to "$n" 192.0.2.98 33008
}

esp6() { # SEQ PORT SOURCE
	in_ns gwA "$NET/esp.py" --from "$3" --to "$GWB6" --spi "$(spi gwB 7)" --keys "$WORK/gwA.7" \
		--seq "$1" --udp "$2:4500" --inner-src "$HOSTA4" --inner-dst "$HOSTB4" &&
		wait_for 5 "is 7 seq $1"
}

# gwA's own device is in use here, too, so that the way back is one.
over_ipv6() {
	links_down
	ip -n gwA addr add 2001:db8:a:1::7/64 dev wan nodad && link_up gwB 6 && pair 7 4500 &&
		goes_to 7 "$GWA6" 4500 &&
		esp6 1 4500 "$GWA6" && goes_to 7 "$GWA6" 4500 && esp6 2 4511 "$GWA6" && goes_to 7 "$GWA6" 4511 &&
		esp6 3 4512 2001:db8:a:1::7 && goes_to 7 2001:db8:a:1::7 4512 || return
	capture_start gwA wan "$WORK/cap6" "udp and dst host 2001:db8:a:1::7" || return
	in_ns hostB ping -n -q -c 1 -W 1 "$HOSTA4"
	capture_stop "$WORK/cap6"
	tshark -nr "$WORK/cap6" -o udp.check_checksum:TRUE -T fields -e udp.dstport -e udp.checksum.status 2>/dev/null | tee "$WORK/cap6.txt"
	grep -q "^4512	1" "$WORK/cap6.txt"
}

ktap_run "set up" setup
ktap_run "behind a NAT: nobody moves" before_the_change
ktap_run "another port, under ping" another_port
ktap_run "another address" another_address
ktap_run "the same configuration again" same_configuration
ktap_run "another configuration, the same peer" another_configuration
ktap_run "back to where it was" back_again
ktap_run "a keepalive from elsewhere" keepalive
ktap_run "forged, from elsewhere" forged
ktap_run "replayed, from elsewhere" replayed
ktap_run "kept from arriving, and sent later from elsewhere" kept_and_sent_later
ktap_run "the newest packet moves the peer" newest_moves
ktap_run "to another port of ours, or as ESP" other_way
ktap_run "a staged pair moves along" staged_one
ktap_run "the first packet of a pair" first_packet
ktap_run "of a pair older than the newest that the peer has used" older_pair
ktap_run "a draining pair, as long as the peer has used no other" draining_pair
ktap_run "not more than so often" no_more_than_so_often
ktap_run "another remote is configured" set_by_hand
ktap_run "a pair that does not follow" not_allowed
ktap_run "a pair that begins where the peer was moved to" begins_elsewhere
ktap_run "over IPv6" over_ipv6
ktap_run "removal with a moved peer" links_down
ktap_end
