#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The life of SA pairs, from the reserved SPI to the last packet of grace; what the
# carrier makes of it; and what is refused.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"

K16=$(printf '11%.0s' {1..16}) K32=$(printf '22%.0s' {1..32}) SALT=aabbccdd
IN="\"in\":{\"spi\":7000,\"alg\":\"aes-gcm-16-128\",\"key\":\"$K16\",\"salt\":\"$SALT\"}"
OUT="\"out\":{\"spi\":8000,\"alg\":\"aes-gcm-16-128\",\"key\":\"$K16\",\"salt\":\"$SALT\"}"

# What must be refused: name | error | attribute | text | op | request.  "-" is none.
# Pair ID 1 is the active one, and 2 is larval, see refusals().
refusals_table() {
	cat <<-EOT
	no device named | EINVAL | ifindex | | sa-pair-new | {$IN,$OUT}
	no such device | ENODEV | ifindex | | sa-pair-new | {"ifindex":9999,$IN,$OUT}
	not our kind of device | EOPNOTSUPP | ifindex | | sa-pair-new | {"dev":"lo",$IN,$OUT}
	no inbound SA | EINVAL | in | | sa-pair-new | {"dev":"vti0",$OUT}
	no outbound SA | EINVAL | out | | sa-pair-new | {"dev":"vti0",$IN}
	EOT
	local i dir other body field
	for dir in in out; do
		[ $dir = in ] && other=$OUT || other=$IN
		body() { echo "{\"dev\":\"vti0\",$other,\"$dir\":{$1}}"; }
		for i in 0 1 255; do
			echo "$dir: reserved SPI $i | EINVAL | $dir.spi | | sa-pair-new | $(body "\"spi\":$i,\"alg\":1,\"key\":\"$K16\",\"salt\":\"$SALT\"")"
		done
		for i in 0 22 99; do
			echo "$dir: unknown algorithm $i | - | $dir.alg | | sa-pair-new | $(body "\"spi\":7000,\"alg\":$i,\"key\":\"$K16\",\"salt\":\"$SALT\"")"
		done
		for i in "" 11 "$K16"11 "$K32" "$K32"22; do
			echo "$dir: key of ${#i} digits | EINVAL | $dir.key | | sa-pair-new | $(body "\"spi\":7000,\"alg\":1,\"key\":\"$i\",\"salt\":\"$SALT\"")"
		done
		echo "$dir: key of half the length | EINVAL | $dir.key | | sa-pair-new | $(body "\"spi\":7000,\"alg\":2,\"key\":\"$K16\",\"salt\":\"$SALT\"")"
		for i in "" aabbcc aabbccddee; do
			echo "$dir: salt of ${#i} digits | EINVAL | $dir.salt | | sa-pair-new | $(body "\"spi\":7000,\"alg\":1,\"key\":\"$K16\",\"salt\":\"$i\"")"
		done
		for field in spi alg key salt; do
			echo "$dir: no $field | EINVAL | $dir.$field | missing | sa-pair-new | $(body "$(sed "s/\"$field\":[^,]*,\?//; s/,\$//" <<<"\"spi\":7000,\"alg\":1,\"key\":\"$K16\",\"salt\":\"$SALT\"")")"
		done
		echo "$dir: attribute of tomorrow | EINVAL | $dir.#99 | | sa-pair-new | $(body "\"spi\":7000,\"alg\":1,\"key\":\"$K16\",\"salt\":\"$SALT\",\"#99\":{\"hex\":\"00000000\"}")"
	done
	cat <<-EOT
	window of 63 | ERANGE | in.replay-window | | sa-pair-new | {"dev":"vti0",$OUT,"in":{"spi":7000,"alg":1,"key":"$K16","salt":"$SALT","replay-window":63}}
	window of 65537 | ERANGE | in.replay-window | | sa-pair-new | {"dev":"vti0",$OUT,"in":{"spi":7000,"alg":1,"key":"$K16","salt":"$SALT","replay-window":65537}}
	two keys, one is missing | EINVAL | in.key | | sa-pair-new | {"dev":"vti0",$OUT,"in":{"spi":7000,"alg":"aes-cbc-128-hmac-sha2-256-128","key":"$K32"}}
	two keys, and a salt | EINVAL | in.salt | no salt | sa-pair-new | {"dev":"vti0",$OUT,"in":{"spi":7000,"alg":"aes-cbc-128-hmac-sha2-256-128","key":"$K16$K32","salt":"$SALT"}}
	legacy that nobody asked for | EINVAL | out.alg | allow-legacy | sa-pair-new | {"dev":"vti0",$IN,"out":{"spi":8000,"alg":"aes-cbc-128-hmac-sha1-96","key":"$K16${K32:0:40}"}}
	allow-legacy of 2 | ERANGE | allow-legacy | | sa-pair-new | {"dev":"vti0",$IN,$OUT,"allow-legacy":2}
	a window for sending | EINVAL | out.replay-window | | sa-pair-new | {"dev":"vti0",$IN,"out":{"spi":8000,"alg":1,"key":"$K16","salt":"$SALT","replay-window":64}}
	a sequence number to end with | EINVAL | out.seq | | sa-pair-new | {"dev":"vti0",$IN,"out":{"spi":8000,"alg":1,"key":"$K16","salt":"$SALT","seq":4294967295}}
	in: a sequence number to end with | EINVAL | in.seq | | sa-pair-new | {"dev":"vti0",$OUT,"in":{"spi":7000,"alg":1,"key":"$K16","salt":"$SALT","seq":4294967295}}
	extended, a sequence number to end with | EINVAL | out.seq | | sa-pair-new | {"dev":"vti0",$IN,"out":{"spi":8000,"alg":1,"key":"$K16","salt":"$SALT","esn":1,"seq":18446744073709551615}}
	esn of 2 | ERANGE | in.esn | | sa-pair-new | {"dev":"vti0",$OUT,"in":{"spi":7000,"alg":1,"key":"$K16","salt":"$SALT","esn":2}}
	counters are not taken | EINVAL | out.packets | | sa-pair-new | {"dev":"vti0",$IN,"out":{"spi":8000,"alg":1,"key":"$K16","salt":"$SALT","packets":1}}
	inbound SPI in use | EEXIST | in.spi | | sa-pair-new | {"dev":"vti0",$OUT,"in":{"spi":$(spi gwA 42),"alg":1,"key":"$K16","salt":"$SALT"}}
	activation of tomorrow | ERANGE | activation | | sa-pair-new | {"dev":"vti0",$IN,$OUT,"activation":3}
	encapsulation of tomorrow | ERANGE | encap | | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":2}
	UDP without ports | EINVAL | - | | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp"}
	UDP port 0 | - | encap-dport | | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp","encap-sport":4500,"encap-dport":0}
	following without UDP | EINVAL | encap-follow | udp | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap-follow":1}
	owner-bound of 2 | ERANGE | owner-bound | | sa-pair-new | {"dev":"vti0",$IN,$OUT,"owner-bound":2}
	following of 2 | ERANGE | encap-follow | | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp","encap-sport":4500,"encap-dport":4500,"encap-follow":2}
	remote that is our own | EINVAL | remote | peer | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp","encap-sport":4500,"encap-dport":4500,"remote":"192.0.2.1"}
	remote that is a group | EINVAL | remote | peer | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp","encap-sport":4500,"encap-dport":4500,"remote":"224.0.0.1"}
	remote of 0.0.0.0 | EINVAL | remote | peer | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp","encap-sport":4500,"encap-dport":4500,"remote":"0.0.0.0"}
	remote of 255.255.255.255 | EINVAL | remote | peer | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp","encap-sport":4500,"encap-dport":4500,"remote":"255.255.255.255"}
	remote of another family | EINVAL | remote6 | peer | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp","encap-sport":4500,"encap-dport":4500,"remote6":"2001:db8:b::1"}
	remote, IPv4-mapped | EINVAL | remote6 | peer | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp","encap-sport":4500,"encap-dport":4500,"remote6":"::ffff:192.0.2.9"}
	remote twice | EINVAL | remote6 | exclude | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp","encap-sport":4500,"encap-dport":4500,"remote":"192.0.2.9","remote6":"2001:db8:b::1"}
	remote without following | EINVAL | remote | encap-follow | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"udp","encap-sport":4500,"encap-dport":4500,"encap-follow":0,"remote":"192.0.2.9"}
	remote without UDP | EINVAL | remote | encap udp | sa-pair-new | {"dev":"vti0",$IN,$OUT,"remote":"192.0.2.9"}
	ports without UDP | EINVAL | encap-sport | | sa-pair-new | {"dev":"vti0",$IN,$OUT,"encap":"none","encap-sport":4500,"encap-dport":4500}
	completing a pair that is none | ENOENT | pair-id | | sa-pair-new | {"dev":"vti0","pair-id":99999,$IN,$OUT}
	completing a pair that is complete | EEXIST | - | | sa-pair-new | {"dev":"vti0","pair-id":@1,$IN,$OUT}
	completing with another SPI | EINVAL | in.spi | | sa-pair-new | {"dev":"vti0","pair-id":@2,$IN,$OUT}
	pair id 0 | ERANGE | pair-id | | sa-pair-new | {"dev":"vti0","pair-id":0,$IN,$OUT}
	reservation of no time | ERANGE | reserve-time | | spi-alloc | {"dev":"vti0","reserve-time":0}
	reservation for ever | ERANGE | reserve-time | | spi-alloc | {"dev":"vti0","reserve-time":3601}
	reservation on a device without addresses | ENOTCONN | - | local | spi-alloc | {"dev":"plain"}
	a pair on a device without addresses | ENOTCONN | - | local | sa-pair-new | {"dev":"plain",$IN,$OUT}
	activate: no pair named | EINVAL | pair-id | | sa-activate | {"dev":"vti0"}
	activate: no such pair | ENOENT | pair-id | | sa-activate | {"dev":"vti0","pair-id":99999}
	activate: larval | EBUSY | - | keys | sa-activate | {"dev":"vti0","pair-id":@2}
	activate: of another device | ENOENT | pair-id | | sa-activate | {"dev":"plain","pair-id":@1}
	get: no such pair | ENOENT | pair-id | | sa-get | {"dev":"vti0","pair-id":99999}
	get: no pair named | EINVAL | pair-id | | sa-get | {"dev":"vti0"}
	del: no pair named | EINVAL | pair-id | | sa-del | {"dev":"vti0"}
	del: no such pair | ENOENT | pair-id | | sa-del | {"dev":"vti0","pair-id":99999}
	del: grace for ever | ERANGE | grace | | sa-del | {"dev":"vti0","pair-id":@1,"grace":3601}
	del: attribute of tomorrow | EINVAL | #99 | | sa-del | {"dev":"vti0","pair-id":@1,"#99":{"hex":"00000000"}}
	del: what does not belong there | EINVAL | encap | | sa-del | {"dev":"vti0","pair-id":@1,"encap":"udp"}
	flush: no device named | EINVAL | ifindex | | sa-flush | {}
	flush: not our kind of device | EOPNOTSUPP | ifindex | | sa-flush | {"dev":"lo"}
	tunnel-get: not our kind of device | EOPNOTSUPP | ifindex | | tunnel-get | {"dev":"lo"}
	tunnel-set: two families | - | - | famil | tunnel-set | {"dev":"vti0","local":"192.0.2.1","remote6":"2001:db8:b::1"}
	tunnel-set: multicast | - | remote | | tunnel-set | {"dev":"vti0","remote":"224.0.0.1"}
	tunnel-set: other family with SAs | - | - | famil | tunnel-set | {"dev":"vti0","local6":"2001:db8:a::1","remote6":"2001:db8:b::1"}
	EOT
}
rows=$(refusals_table | grep -c .)
ktap_plan $((24 + rows))

setup() {
	modprobe ipsvti && topo_up && links_up 4 && events_start gwA && events_start gwB
}

nothing_yet() {
	[ "$(carrier gwA)" = 0 ] && [ "$(tunnel gwA .reason)" = none ] &&
		[ "$(in_ns gwA ipsvtictl --json sa show vti0 | jq length)" = 0 ]
}

alloc() { # GW [SECONDS]: prints id and SPI
	in_ns "$1" ipsvtictl --json sa alloc vti0 ${2:+time "$2"} | jq -r '[."pair-id", .in.spi] | @tsv'
}

id_state() { # GW ID
	in_ns "$1" ipsvtictl --json sa show vti0 | jq -r --argjson id "$2" '.[] | select(."pair-id" == $id) | .state'
}

# Long enough to be seen before it ends, on a machine of any speed.
reservation() {
	local id spi
	read -r id spi < <(alloc gwA 6)
	[ "$spi" -ge 256 ] && [ "$(id_state gwA "$id")" = larval ] && [ "$(carrier gwA)" = 0 ] || return
	event gwA ".event == \"sa-del-ntf\" and .\"pair-id\" == $id and .reason == \"reservation-expired\"" &&
		[ -z "$(id_state gwA "$id")" ]
}

# Larval, staged, active, with the id of the reservation all the way.
staged_then_active() {
	local id spi
	read -r id spi < <(alloc gwA)
	keys 1
	in_ns gwA ipsvtictl sa add vti0 in spi "$spi" out spi "$(spi gwB 1)" alg aes-gcm-16-256 \
		keys "$WORK/gwA.1" activate manual pair "$id" &&
		[ "$(id_state gwA "$id")" = staged ] && [ "$(carrier gwA)" = 0 ] || return
	in_ns gwA ipsvtictl sa activate vti0 "$id" && [ "$(id_state gwA "$id")" = active ] &&
		[ "$(carrier gwA)" = 1 ] &&
		event gwA ".event == \"carrier-ntf\" and .carrier == 1 and .reason == \"activated\" and .\"active-pair\" == $id" || return
	# Once more is no error, and nothing happens.
	in_ns gwA ipsvtictl sa activate vti0 "$id" && [ "$(id_state gwA "$id")" = active ] &&
		[ "$(tunnel gwA '"\(.carrier) \(.reason) \(."active-pair")"')" = "1 activated $id" ] || return
	in_ns gwA ipsvtictl sa del vti0 "$id" && [ "$(carrier gwA)" = 0 ] &&
		event gwA ".event == \"carrier-ntf\" and .carrier == 0 and .reason == \"deleted\"" &&
		event gwA ".event == \"sa-del-ntf\" and .\"pair-id\" == $id and .reason == \"deleted\""
}

# The responder's pair waits for the proof that the peer has the keys.
first_rx() {
	local id
	keys 2 && sa_add gwB 2 256 activate first-rx && [ "$(state gwB 2)" = staged ] &&
		[ "$(carrier gwB)" = 0 ] || return
	id=$(pair_id gwB 2)
	sa_add gwA 2 && ping_across 4 && [ "$(state gwB 2)" = active ] && [ "$(carrier gwB)" = 1 ] &&
		event gwB ".event == \"sa-first-rx-ntf\" and .\"pair-id\" == $id and .state == \"active\""
}

# Manual means manual: a packet from the peer is taken, and changes nothing.
manual_stays_staged() {
	keys 3 && sa_add gwB 3 256 activate manual && sa_add gwA 3 && ping_across 4 &&
		[ "$(state gwB 3)" = staged ] && [ "$(state gwB 2)" = active ] &&
		[ "$(sa_of gwB 3 .in.packets)" -ge 3 ]
}

# The initiator sends with keys that the responder is still installing.
# They are held for two seconds.  So whoever brings the keys is started ahead of them
# and waits for its last line, which comes without another process when all have arrived.
held_for_the_keys() {
	local id spi pid adder key
	read -r id spi < <(alloc gwB)
	keys 4
	in_ns gwA ipsvtictl sa add vti0 in spi "$(spi gwA 4)" out spi "$spi" alg aes-gcm-16-256 \
		keys "$WORK/gwA.4" || return
	key=$(tail -n 1 "$WORK/gwB.4")
	in_ns gwB bash -c '
		rx=/sys/class/net/wan/statistics/rx_packets
		read -r from <$rx
		echo "$1"
		: >"$3"
		while read -r now <$rx; [ "$now" -lt $((from + 3)) ] && [ $SECONDS -lt 30 ]; do :; done
		echo "$2"' - "$(head -n 1 "$WORK/gwB.4")" "$key" "$WORK/listening" |
		in_ns gwB ipsvtictl sa add vti0 in spi "$spi" out spi "$(spi gwA 4)" alg aes-gcm-16-256 \
			keys - pair "$id" &
	adder=$!
	wait_for 20 "[ -e '$WORK/listening' ]" || return
	[ "$(id_state gwB "$id")" = larval ] || return
	in_ns hostA ping -n -c 3 -i 0.01 -W 20 "$HOSTB4" >"$WORK/held" 2>&1 &
	pid=$!
	wait "$adder" && wait "$pid"
	cat "$WORK/held"
	grep -q ' 0% packet loss' "$WORK/held"
}

sa_tx() { sa_of "$1" "$2" .out.packets; } # GW N

grace() {
	local id
	id=$(pair_id gwA 2)
	keys 5 && sa_add gwB 5 256 activate manual && sa_add gwA 5 256 activate manual || return
	# What A still has of pair 2 goes on receiving: B sends with 2.
	in_ns gwB ipsvtictl sa activate vti0 "$(pair_id gwB 5)" || return
	in_ns gwA ipsvtictl sa activate vti0 "$(pair_id gwA 5)" &&
		[ "$(state gwA 4)" = draining ] && ping_across 4 || return
	in_ns gwA ipsvtictl sa del vti0 "$(pair_id gwA 4)" grace 2 && [ "$(state gwA 4)" = draining ] || return
	wait_for 10 '[ -z "$(state gwA 4)" ]' && [ "$(carrier gwA)" = 1 ] && ping_across 4
}

# The active one goes, a staged one is there: no moment without carrier.
successor() {
	local before
	keys 6 && sa_add gwB 6 256 activate first-rx && sa_add gwA 6 256 activate manual || return
	before=$(in_ns gwA cat /sys/class/net/vti0/carrier_changes)
	in_ns gwA ipsvtictl sa del vti0 "$(pair_id gwA 5)" && [ "$(state gwA 6)" = active ] &&
		[ "$(carrier gwA)" = 1 ] && ping_across 4 &&
		[ "$(in_ns gwA cat /sys/class/net/vti0/carrier_changes)" = "$before" ]
}

no_keys_shown() {
	local gw n key
	{
		nl_in gwA dump sa-get; nl_in gwB dump sa-get
		nl_in gwA dump tunnel-get
		in_ns gwA ipsvtictl sa show; in_ns gwA ipsvtictl --json sa show
		cat "$WORK"/events.*
		dmesg
	} >"$WORK/shown"
	grep -q '"spi": '"$(spi gwA 6)" "$WORK/shown" || { echo "no pair in the dump"; return 1; }
	grep -E '"(key|salt)"' "$WORK/shown" && return 1
	for gw in gwA gwB; do
		for n in 1 2 3 4 5 6; do
			while read -r _ key _; do
				grep -qi "${key:0:16}" "$WORK/shown" && { echo "key $gw.$n is shown"; return 1; }
			done <"$WORK/$gw.$n"
		done
	done
	return 0
}

nl_in() { # GW WORD...
	local gw=$1
	shift
	in_ns "$gw" "$NET/nl.py" "$@"
}

spis() { nl_in gwA dump sa-get | jq -r '.in.spi' | sort | tr '\n' ' '; }

# bound_pair DEVICE SPI: as JSON
bound_pair() {
	local pair="{\"dev\":\"$1\",\"owner-bound\":1,$IN,$OUT}"
	echo "${pair/7000/$2}"
}

owner_gone() { # PAIR
	event gwA ".event == \"sa-del-ntf\" and .\"pair-id\" == $1 and .reason == \"owner-gone\""
}

# nl.py has a socket of its own each time, which is closed at its end; that of nl_start stays.
bound() {
	local id larval moved
	in_ns gwA ipsvtictl sa flush vti0
	ip -n gwA link add vti8 type ipsvti local "$GWA4" remote "$GWB4" || return
	nl_in gwA ask sa-pair-new "{\"dev\":\"vti0\",\"activation\":\"now\",$IN,$OUT}" >/dev/null || return
	id=$(nl_in gwA ask sa-pair-new "$(bound_pair vti0 7001)" | jq '."pair-id"') && owner_gone "$id" &&
		[ "$(spis)" = "7000 " ] || return
	nl_start
	nl_ask sa-pair-new "$(bound_pair vti0 7002)" && id=$(jq '."pair-id"' <<<"$SAID") &&
		nl_ask spi-alloc '{"dev":"vti0","owner-bound":1}' && larval=$(jq '."pair-id"' <<<"$SAID") &&
		nl_ask sa-pair-new "$(bound_pair vti8 7003)" && moved=$(jq '."pair-id"' <<<"$SAID") || return
	[ "$(nl_in gwA dump sa-get | jq -s 'map(select(."owner-bound" == 1)) | length')" = 3 ] || return
	# It is in another namespace when its owner goes. The pair's event is of that one.
	ip -n gwA link set vti8 netns gwB && [ "$(state_in gwB "$moved")" = staged ] || return
	nl_stop
	owner_gone "$id" && owner_gone "$larval" && [ "$(spis)" = "7000 " ] && [ "$(tunnel gwA .carrier)" = 1 ] &&
		wait_for 10 "[ -z \"\$(state_in gwB $moved)\" ]" && ip -n gwB link del vti8
}
state_in() { nl_in "$1" dump sa-get | jq -r "select(.\"pair-id\" == $2) | .state"; } # GW PAIR

# Eight pairs and no more; the ninth changes nothing.
room_for_eight() {
	local n have
	in_ns gwA ipsvtictl sa flush vti0
	for n in 11 12 13 14 15 16 17 18; do
		keys "$n" && sa_add gwA "$n" 256 activate manual || return
	done
	keys 19
	refused "pairs" sa_add gwA 19 && refused "pairs" in_ns gwA ipsvtictl sa alloc vti0 || return
	have=$(in_ns gwA ipsvtictl --json sa show vti0 | jq length)
	[ "$have" = 8 ] && in_ns gwA ipsvtictl sa del vti0 "$(pair_id gwA 11)" && sa_add gwA 19
}

flush() {
	pair_up 21 || { in_ns gwA ipsvtictl sa flush vti0; keys 21; sa_add gwA 21; } || return
	[ "$(carrier gwA)" = 1 ] || return
	in_ns gwA ipsvtictl sa flush vti0 && [ "$(carrier gwA)" = 0 ] &&
		[ "$(in_ns gwA ipsvtictl --json sa show vti0 | jq length)" = 0 ] &&
		event gwA '.event == "carrier-ntf" and .carrier == 0 and .reason == "flushed"' &&
		event gwA '.event == "sa-del-ntf" and .reason == "flushed"' || return
	# Of nothing, it is no error.
	in_ns gwA ipsvtictl sa flush vti0
}

# Without an SA nothing leaves, and whoever makes keys is told, once a second at most.
acquire() {
	local n
	in_ns gwA ipsvtictl sa flush vti0
	capture_start gwA wan "$WORK/clear" || return
	in_ns hostA ping -n -c 20 -i 0.02 -W 1 "$HOSTB4" >"$WORK/acquire" 2>&1
	cat "$WORK/acquire"
	event gwA '.event == "acquire-ntf" and .ifname == "vti0"' || return
	n=$(grep -c acquire-ntf "$WORK/events.gwA")
	echo "$n acquire events"
	[ "$n" -ge 1 ] && [ "$n" -le 4 ] || return
	capture_stop "$WORK/clear"
	[ "$(tcpdump -nr "$WORK/clear" 'ip and not icmp6' 2>/dev/null | wc -l)" = 0 ] &&
		grep -qi unreachable "$WORK/acquire"
}

# A queue that somebody has put before the device is for when there is an SA, and hides nothing
# when there is none.
acquire_with_queue() {
	local n
	in_ns gwA tc qdisc replace dev vti0 root fq_codel && keys 61 && sa_add gwA 61 && [ "$(carrier gwA)" = 1 ] || return
	in_ns hostA ping -n -c 1 -W 1 "$HOSTB4"
	n=$(in_ns gwA tc -s -j qdisc show dev vti0 | jq '.[0].packets')
	echo "$n through the queue"
	[ "$n" -gt 0 ] && in_ns gwA ipsvtictl sa flush vti0 && [ "$(carrier gwA)" = 0 ] || return
	n=$(grep -c acquire-ntf "$WORK/events.gwA")
	in_ns hostA ping -n -c 10 -i 0.2 -W 1 "$HOSTB4" >"$WORK/acquire" 2>&1
	cat "$WORK/acquire"
	grep -qi unreachable "$WORK/acquire" &&
		wait_for 5 "[ \$(grep -c acquire-ntf '$WORK/events.gwA') -gt $n ]" &&
		keys 62 && sa_add gwA 62 && in_ns gwA tc qdisc del dev vti0 root && in_ns gwA ipsvtictl sa flush vti0
}

# Whose packets get another source address before they come to the device is told as well.
told_behind_nat() {
	local v addr
	in_ns gwA ipsvtictl sa flush vti0
	in_ns gwA nft -f - <<-EOT || return
		table inet masq { chain out { type nat hook postrouting priority srcnat; oifname "vti0" masquerade; }; }
	EOT
	for v in 4 6; do
		addr=HOSTB$v
		in_ns hostA ping -"$v" -n -c 4 -i 0.5 -W 1 "${!addr}" >"$WORK/told.$v" 2>&1
	done
	in_ns gwA nft delete table inet masq
	cat "$WORK"/told.[46]
	grep -q 'From 10.1.0.1 .*Destination Host Unreachable' "$WORK/told.4" &&
		grep -q 'From fd00:1::1 .*Destination unreachable: Address unreachable' "$WORK/told.6"
}

# The last numbers of an SA are used, and then none again: the carrier goes.
exhausted() {
	local id last
	in_ns gwA ipsvtictl sa flush vti0
	keys 51
	sa_add gwB 51 || return
	read -r _ key salt < <(grep ^out "$WORK/gwA.51")
	read -r _ key2 salt2 < <(grep ^in "$WORK/gwA.51")
	# Nearly all of the seven eighths for which nobody worries.
	last=$((0xffffffff - 0xffffffff / 8 - 40))
	nl_in gwA ask sa-pair-new "{\"dev\":\"vti0\",\"activation\":\"now\",
		\"in\":{\"spi\":$(spi gwA 51),\"alg\":2,\"key\":\"$key2\",\"salt\":\"$salt2\"},
		\"out\":{\"spi\":$(spi gwB 51),\"alg\":2,\"key\":\"$key\",\"salt\":\"$salt\",\"seq\":$last}}" || return
	id=$(pair_id gwA 51)
	ping_across 4 -c 3 || return
	grep sa-expire-ntf "$WORK/events.gwA" && { echo "too early"; return 1; }
	ping_across 4 -c 45 -i 0.01 && event gwA ".event == \"sa-expire-ntf\" and .\"pair-id\" == $id and .reason == \"sequence-low\"" || return
	[ "$(grep -c sa-expire-ntf "$WORK/events.gwA")" = 1 ] && [ "$(carrier gwA)" = 1 ] || return

	in_ns gwA ipsvtictl sa flush vti0
	in_ns gwB ipsvtictl sa flush vti0
	keys 52
	sa_add gwB 52 || return
	read -r _ key salt < <(grep ^out "$WORK/gwA.52")
	read -r _ key2 salt2 < <(grep ^in "$WORK/gwA.52")
	nl_in gwA ask sa-pair-new "{\"dev\":\"vti0\",\"activation\":\"now\",
		\"in\":{\"spi\":$(spi gwA 52),\"alg\":2,\"key\":\"$key2\",\"salt\":\"$salt2\"},
		\"out\":{\"spi\":$(spi gwB 52),\"alg\":2,\"key\":\"$key\",\"salt\":\"$salt\",\"seq\":$((0xffffffff - 5))}}" || return
	in_ns hostA ping -n -c 20 -i 0.05 -W 1 "$HOSTB4" >"$WORK/last"
	cat "$WORK/last"
	# Five numbers, five packets.
	[ "$(sa_of gwB 52 .in.packets)" = 5 ] && [ "$(sa_of gwB 52 .in.seq)" = $((0xffffffff)) ] &&
		[ "$(carrier gwA)" = 0 ] &&
		event gwA '.event == "sa-expire-ntf" and .reason == "sequence-exhausted"' &&
		event gwA '.event == "carrier-ntf" and .carrier == 0 and .reason == "sequence-exhausted"'
}

# A dump can be of one device: all of its pairs, and of nobody else's.
dump_of_one() {
	local n status
	ip -n gwA link add vti7 type ipsvti local "$GWA4" remote "$GWB4" || return
	for n in 1 2 3; do
		in_ns gwA ipsvtictl sa add vti7 in spi $((0x7000 + n)) out spi 0x7777 alg aes-gcm-16-256 keys - \
			activate manual <<-EOT || return
			in 0x$(printf '%072d' 1)
			out 0x$(printf '%072d' 2)
		EOT
	done
	in_ns gwA "$NET/nl.py" dump sa-get >"$WORK/all"
	in_ns gwA "$NET/nl.py" dump sa-get '{"dev":"vti0"}' >"$WORK/vti0"
	in_ns gwA "$NET/nl.py" dump sa-get '{"dev":"vti7"}' >"$WORK/vti7"
	wc -l "$WORK/all" "$WORK/vti0" "$WORK/vti7"
	[ "$(wc -l <"$WORK/vti7")" = 3 ] && [ -s "$WORK/vti0" ] && cat "$WORK/vti0" "$WORK/vti7" | cmp - "$WORK/all" &&
		[ "$(ipsvtictl_count vti7)" = 3 ] && refused ENODEV in_ns gwA "$NET/nl.py" dump sa-get '{"dev":"lo"}' &&
		refused ENODEV in_ns gwA "$NET/nl.py" dump sa-get '{"ifindex":99999}'
	status=$?
	ip -n gwA link del vti7
	return "$status"
}
ipsvtictl_count() { in_ns gwA ipsvtictl --json sa show "$1" | jq length; }

AS_OWN_ROOT=(setpriv --reuid 65534 --clear-groups unshare -U -r)

# A namespace sees its own, and only its administrator does.
others_see_nothing() {
	keys 31 && sa_add gwA 31 || return
	[ "$(nl_in gwB dump sa-get | grep -c "$(spi gwA 31)")" = 0 ] || return
	refused EPERM in_ns gwA setpriv --reuid 65534 --clear-groups --bounding-set -all \
		"$NET/nl.py" dump sa-get &&
		refused EPERM in_ns gwA setpriv --reuid 65534 --clear-groups --bounding-set -all \
			"$NET/nl.py" ask sa-flush '{"dev":"vti0"}' || return
	# Who is root in a user namespace of his own has no power over this one, but over one
	# of his own.
	refused EPERM in_ns gwA "${AS_OWN_ROOT[@]}" "$NET/nl.py" ask sa-flush '{"dev":"vti0"}' &&
		refused EPERM in_ns gwA "${AS_OWN_ROOT[@]}" "$NET/nl.py" dump sa-get &&
		refused EPERM in_ns gwA "${AS_OWN_ROOT[@]}" "$NET/nl.py" ask link-set '{"name":"vti0","data":{"ttl":9}}' &&
		in_ns gwA setpriv --reuid 65534 --clear-groups unshare --net -U -r \
			"$NET/nl.py" ask link-new '{"name":"own","data":{}}' &&
		[ "$(state gwA 31)" = active ]
}

# The peer's address changes under the SAs, which stay; ours, and they have to go, as
# an inbound SA is found by its address.
address_changes() {
	in_ns gwA ipsvtictl sa flush vti0
	in_ns gwB ipsvtictl sa flush vti0
	pair_up 41 && ping_across 4 || return
	ip -n gwB addr add 198.51.100.77/24 dev wan
	nl_in gwA ask tunnel-set '{"dev":"vti0","remote":"198.51.100.77"}' &&
		[ "$(tunnel gwA .remote)" = 198.51.100.77 ] && [ "$(state gwA 41)" = active ] || return
	nl_in gwB ask tunnel-set '{"dev":"vti0","local":"198.51.100.77"}' &&
		[ -z "$(state gwB 41)" ] && [ "$(carrier gwB)" = 0 ] &&
		event gwB '.event == "carrier-ntf" and .carrier == 0 and .reason == "endpoints-changed"' &&
		event gwB '.event == "sa-del-ntf" and .reason == "endpoints-changed"' &&
		pair_up 42 && still_carries
}

still_carries() { ping_across 4 && ping_across 6; }

# What a device has already can be asked for again, as often as one likes, under traffic: nothing
# of it changes, nothing is lost, and nobody is told of anything.
as_it_was() {
	nl_in gwA dump sa-get | sed -E 's/"(seq|packets|bytes|used-[a-z]*)": [0-9]+//g'
	nl_in gwA ask tunnel-get '{"dev":"vti0"}' | sed -E 's/"[rt]x-(packets|bytes)": [0-9]+//g'
	ip -n gwA -d -j link show vti0 | jq '.[0] | [.mtu, .operstate, .flags, .linkinfo]'
	in_ns gwA cat /sys/class/net/vti0/carrier_changes
	wc -l <"$WORK/events.gwA"
}

again() {
	local same="local $GWA4 remote 198.51.100.77" pid n id larval sent got
	keys 43 && sa_add gwA 43 256 activate manual && read -r larval _ < <(alloc gwA 3600) &&
		ip -n gwA link set vti0 type ipsvti ttl 33 dscp 46 mss-clamp 1300 || return
	id=$(pair_id gwA 42)
	as_it_was >"$WORK/before"
	ip netns exec hostA ping -n -q -i 0.01 "$HOSTB4" >"$WORK/ping" 2>&1 &
	pid=$!
	for n in 1 2 3 4 5 6 7 8; do
		nl_in gwA ask tunnel-set '{"dev":"vti0","remote":"198.51.100.77"}' &&
			nl_in gwA ask tunnel-set "{\"dev\":\"vti0\",\"local\":\"$GWA4\",\"remote\":\"198.51.100.77\"}" &&
			nl_in gwA ask sa-activate "{\"dev\":\"vti0\",\"pair-id\":$id}" || return
		# shellcheck disable=SC2086
		ip -n gwA link set vti0 type ipsvti $same && ip -n gwA link set vti0 type ipsvti $same ttl 33 dscp 46 mss-clamp 1300 || return
	done
	kill -INT "$pid"
	wait "$pid"
	cat "$WORK/ping"
	read -r sent got < <(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' "$WORK/ping")
	# The last answer may still have been under way.
	[ "$got" -gt 20 ] && [ $((sent - got)) -le 1 ] || return
	as_it_was >"$WORK/after"
	diff "$WORK/before" "$WORK/after" && in_ns gwA ipsvtictl sa del vti0 "$larval" && in_ns gwA ipsvtictl sa del vti0 "$(pair_id gwA 43)"
}

# With a device of its own for what has no addresses; then each must be refused as
# the table says, and leave all as it was.
refusals() {
	local one two
	ip -n gwA link add plain type ipsvti || return
	one=$(pair_id gwA 42)
	read -r two _ < <(alloc gwA 3600)
	refusals_table | sed "s/@1/$one/; s/@2/$two/" >"$WORK/table"
	nl_in gwA dump sa-get >"$WORK/before"
	nl_in gwA refusals <"$WORK/table" >"$WORK/verdicts" &&
		[ "$(wc -l <"$WORK/verdicts")" = "$rows" ]
}

nothing_changed() {
	nl_in gwA dump sa-get >"$WORK/after"
	diff "$WORK/before" "$WORK/after"
}

ktap_run "set up" setup
ktap_run "no pair, no carrier" nothing_yet
ktap_run "a reservation ends by itself" reservation
ktap_run "larval, staged, active, gone" staged_then_active
ktap_run "active on the first packet of the peer" first_rx
ktap_run "staged until told otherwise" manual_stays_staged
ktap_run "packets that are faster than the keys are held" held_for_the_keys
ktap_run "grace for what is still under way" grace
ktap_run "a staged pair takes over from the deleted one" successor
ktap_run "keys are shown nowhere" no_keys_shown
ktap_run "eight pairs" room_for_eight
ktap_run "flush" flush
ktap_run "a pair goes with its socket, if it is bound to it" bound
ktap_run "without SA nothing leaves, and an event asks for one" acquire
ktap_run "without SA a queue before the device hides nothing" acquire_with_queue
ktap_run "without SA a sender behind a masquerade is told" told_behind_nat
ktap_run "the sequence numbers end" exhausted
ktap_run "a dump of one device" dump_of_one
ktap_run "other namespaces and users see nothing" others_see_nothing
ktap_run "the peer's address changes, and ours" address_changes
ktap_run "what is there is asked for again: nothing changes, and nothing is told" again
ktap_run "all that must be refused was asked for" refusals
table_checks
ktap_run "nothing changed by what was refused" nothing_changed
ktap_run "and the tunnel still carries" still_carries
ktap_end
