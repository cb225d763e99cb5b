#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ipsvtictl and the plugin of ip(8) against the module: what they ask for is what
# the module then has, what it refuses is told in its own words, and a refused
# request leaves nothing behind.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"

ktap_plan 24
work=$(mktemp -d)

A() { in_ns gwA "$@"; }
ctl() { A ipsvtictl "$@"; }
info() { ip -n gwA -d -j link show dev "${1:-vti0}" | jq -eS '.[0].linkinfo.info_data'; }
info_is() { info "$1" | jq -e --arg a "$GWA4" --arg b "$GWB4" --arg a6 "$GWA6" --arg b6 "$GWB6" "$2"; }
carrier() { [ "$(A cat /sys/class/net/vti0/carrier)" = "$1" ]; }

# says STATUS TEXT COMMAND...: it ends so, and TEXT is in what it says.
says() {
	local status=$1 text=$2 said was
	shift 2
	said=$("$@" 2>&1)
	was=$?
	if [ "$was" -ne "$status" ] || ! grep -qF -- "$text" <<<"$said"; then
		echo "'$*' ended with status $was, not $status, or did not say '$text', but: $said"
		return 1
	fi
}

# refused NAME COMMAND...: the kernel says no, with this errno and a text; COMMAND
# is one of ipsvtictl, without --json
refused() {
	local name=$1 said
	shift
	said=$("$@" --json 2>&1)
	if [ $? -ne 1 ] || ! jq -e --arg n "$name" '.error | .name == $n and (.text | length) > 8' <<<"$said"; then
		echo "'$*' was not refused with $name, but: $said"
		return 1
	fi
}

# keys OCTETS: the text of a new key file, one line in each form
keys() { printf 'in %s %s\nout 0x%s\n' "$(random_hex "$1")" "$(random_hex 4)" "$(random_hex $(($1 + 4)))"; }

# add IN OUT WORD...: a pair with keys that nobody needs to know
add() {
	local in=$1 out=$2
	shift 2
	keys 32 | ctl sa add vti0 in spi "$in" out spi "$out" alg aes-gcm-16-256 keys - "$@"
}
# what "sa show" says is kept in the log of a test that fails
pairs() { ctl sa show >&2; ctl sa show vti0 --json | jq -e "$@"; }
id_of() { pairs ".[] | select(.in.spi == $(($1))) | .\"pair-id\""; }
state_is() { pairs ".[] | select(.in.spi == $(($1))) | .state == \"$2\""; }
count() { pairs "length == $1"; }
clean() { ctl sa flush vti0 && count 0; }

# IPv6 sends some packets by itself; without it, what is counted was sent here.
quiet() { in_ns "$1" sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1; }

begin() { modprobe ipsvti && topo_up; }

# ---- the plugin

help() { says 0 'Usage: ... ipsvti [ local ADDR remote ADDR ]' ip link help ipsvti; }

link_all() {
	ip -n gwA link add vti9 type ipsvti local "$GWA6" remote "$GWB6" dev wan fwmark 0x51 \
		ttl 33 dscp 46 df clear mtu-auto off mss-clamp 1200 pre-frag off || return
	info_is vti9 '. == {local: $a6, remote: $b6, link: "wan", fwmark: "0x51", ttl: 33,
		dscp: 46, df: "clear", mtu_auto: false, mss_clamp: 1200, pre_frag: false}' || return
	says 0 "ipsvti local $GWA6 remote $GWB6 dev wan fwmark 0x51 ttl 33 dscp 46 df clear mtu-auto off mss-clamp 1200 pre-frag off" \
		ip -n gwA -d link show vti9
}

link_change() {
	ip -n gwA link change vti9 type ipsvti ttl auto dscp copy nodev mss-clamp off pre-frag on || return
	info_is vti9 '. == {local: $a6, remote: $b6, fwmark: "0x51", ttl: "auto",
		dscp: "copy", df: "clear", mtu_auto: false, mss_clamp: "off", pre_frag: true}' || return
	ip -n gwA link change vti9 type ipsvti local "$GWA4" remote "$GWB4" || return
	info_is vti9 '.local == $a and .remote == $b and .fwmark == "0x51"' || return
	ip -n gwA link del vti9
}

link_defaults() {
	ip -n gwA link add vti0 type ipsvti local "$GWA4" remote "$GWB4" || return
	quiet gwA
	ip -n gwA link set vti0 up
	info_is vti0 '. == {local: $a, remote: $b, ttl: "auto", dscp: "copy", df: "copy",
		mtu_auto: true, mss_clamp: "auto", pre_frag: true}'
}

link_mtu() {
	local own
	own=$(A cat /sys/class/net/vti0/mtu)
	ip -n gwA link set vti0 mtu 1300 && info_is vti0 '.mtu_auto == false' || return
	ip -n gwA link change vti0 type ipsvti mtu-auto on && info_is vti0 '.mtu_auto == true' || return
	[ "$(A cat /sys/class/net/vti0/mtu)" = "$own" ]
}

link_refused() {
	local before
	before=$(info)
	says 2 'both' ip -n gwA link add vti8 type ipsvti local "$GWA4" &&
		says 2 'famil' ip -n gwA link add vti8 type ipsvti local "$GWA4" remote "$GWB6" &&
		says 2 'same' ip -n gwA link change vti0 type ipsvti ttl 9 remote "$GWA4" &&
		says 2 'multicast' ip -n gwA link change vti0 type ipsvti ttl 9 remote 224.0.0.1 &&
		says 1 'Device "vti8" does not exist' ip -n gwA link show vti8 &&
		[ "$(info)" = "$before" ]
}

# ---- ipsvtictl sa

sa_add_show() {
	says 0 'active' add 0x1001 0xc0001002 activate now replay-window 100 || return
	carrier 1 || return
	pairs "length == 1 and (.[0] | .ifname == \"vti0\" and .\"pair-id\" > 0 and .state == \"active\" and
		.activation == \"now\" and .encap == \"none\" and
		.in.spi == $((0x1001)) and .in.alg == \"aes-gcm-16-256\" and .in.\"replay-window\" == 128 and
		.in.seq == 0 and .in.packets == 0 and .in.bytes == 0 and
		.out.spi == $((0xc0001002)) and .out.alg == \"aes-gcm-16-256\" and .out.seq == 0)" || return
	says 0 'out spi 0xc0001002 aes-gcm-16-256 seq 0 packets 0 bytes 0' ctl sa show
}

sa_128_udp() {
	keys 16 | ctl sa add vti0 in spi 4098 out spi 4099 alg aes-gcm-16-128 keys - \
		encap udp sport 4500 dport 4510 activate manual || return
	pairs '.[1] | .state == "staged" and .activation == "manual" and .encap == "udp" and
		."encap-sport" == 4500 and ."encap-dport" == 4510 and .in.alg == "aes-gcm-16-128"' || return
	says 0 'staged activate manual unheard encap udp sport 4500 dport 4510' ctl sa show vti0
}

sa_activate() {
	local id
	id=$(id_of 4098)
	ctl sa activate vti0 "$id" && state_is 4098 active && state_is 0x1001 draining && carrier 1 || return
	ctl sa activate vti0 "$id" && state_is 4098 active # again: nothing happens
}

sa_show_one() {
	local id
	id=$(id_of 4098)
	[ "$(ctl sa show vti0 "$id" --json | jq -c '[.[] | .in.spi]')" = '[4098]' ] || return
	refused ENOENT ctl sa show vti0 4294967295
}

sa_del() {
	local id
	id=$(id_of 0x1001)
	ctl sa del vti0 "$id" && count 1 && carrier 1 || return
	refused ENOENT ctl sa del vti0 "$id" || return
	id=$(id_of 4098)
	ctl sa del vti0 "$id" grace 2 && state_is 4098 draining && carrier 0 || return
	pairs '.[0] | has("out") | not' || return
	wait_for 20 'count 0'
}

sa_alloc() {
	local made id spi
	made=$(ctl sa alloc vti0 time 60 --json) || return
	id=$(jq '."pair-id"' <<<"$made") spi=$(jq .in.spi <<<"$made")
	[ "$spi" -ge 256 ] && state_is "$spi" larval || return
	refused EINVAL add "$((spi ^ 1))" 999 pair "$id" || return
	state_is "$spi" larval || return
	says 0 "pair $id active" add "$spi" 999 pair "$id" activate now || return
	state_is "$spi" active && count 1 || return
	refused EEXIST add "$spi" 999 pair "$id"
}

sa_alloc_expires() {
	ctl sa alloc vti0 time 5 && count 2 && wait_for 20 'count 1'
}

sa_refused() {
	local before
	clean && add 0x2001 0x2002 || return
	before=$(ctl sa show vti0 --json)
	says 1 'SPI' add 0x2001 0x2003 || return
	refused EEXIST add 0x2001 0x2003 || return
	says 2 'expected a number from 256' add 255 256 || return
	says 2 'wants 16 and 4' eval 'keys 32 | ctl sa add vti0 in spi 300 out spi 301 alg aes-gcm-16-128 keys -' || return
	says 1 '(attribute ifindex)' \
		eval 'keys 32 | ctl sa add wan in spi 300 out spi 301 alg aes-gcm-16-256 keys -' || return
	says 1 '"attribute": "ifindex"' ctl --json sa flush wan || return
	says 1 'there is no device "vti7"' ctl sa flush vti7 || return
	[ "$(ctl sa show vti0 --json)" = "$before" ]
}

sa_replay_window() { # the kernel's own bounds hold for who asks without ipsvtictl
	local n
	clean
	for n in 64 65 65536; do
		add $((500 + n)) 499 replay-window "$n" activate manual || return
	done
	[ "$(pairs -c '[.[] | .in."replay-window"] | sort')" = '[64,128,65536]' ] || return
	add 600 499 esn activate manual && pairs 'map(select(.in.esn and .out.esn)) | length == 1' &&
		says 0 'out spi 0x000001f3 aes-gcm-16-256 esn seq 0' ctl sa show
}

key_files() {
	local f=$work/keys
	clean
	keys 32 >"$f"
	chmod 640 "$f"
	says 2 "chmod 600 $f" ctl sa add vti0 in spi 300 out spi 301 alg aes-gcm-16-256 keys "$f" || return
	count 0 || return
	chmod 600 "$f"
	ctl sa add vti0 in spi 300 out spi 301 alg aes-gcm-16-256 keys "$f" && count 1 || return
	echo "in $(random_hex 32) $(random_hex 4) $(random_hex 1)" >"$f"
	says 2 "$f:1: more than a key and a salt" \
		ctl sa add vti0 in spi 302 out spi 303 alg aes-gcm-16-256 keys "$f"
}

keys_stay_inside() { # whatever is printed or stored where, keys are not in it
	local key salt text
	clean
	key=$(random_hex 32) salt=$(random_hex 4)
	text=$(printf 'in %s %s\nout %s %s\n' "$key" "$salt" "$(random_hex 32)" "$salt" |
		ctl --json sa add vti0 in spi 310 out spi 311 alg aes-gcm-16-256 keys -) || return
	text+=$(ctl sa show; ctl sa show --json; ip -n gwA -d -s link show vti0; dmesg)
	! grep -qi -e "$key" -e "$salt" <<<"$text"
}

sa_flush() {
	carrier 1 && ctl sa flush vti0 && count 0 && carrier 0 && ctl sa flush vti0
}

not_root() { # the right kind of no
	says 1 'CAP_NET_ADMIN' A setpriv --reuid 65534 --clear-groups --inh-caps=-all \
		"$(command -v ipsvtictl)" sa show
}

other_namespace() { # sees no pair of this one
	add 320 321 && count 1 && [ "$(in_ns gwB ipsvtictl sa show --json)" = '[]' ]
}

many() { # more than one netlink message holds, listed once each, in order
	local n i ids
	clean
	for n in $(seq 20); do
		echo "link add many$n type ipsvti local $GWA4 remote 198.51.100.$((100 + n))"
	done | ip -n gwA -batch - || return
	for n in $(seq 20); do
		for i in $(seq 8); do
			echo "ipsvtictl sa alloc many$n time 600"
		done
	done | A sh -e >/dev/null || return
	ids=$(ctl sa show --json | jq '.[] | ."pair-id"') || return
	[ "$(wc -l <<<"$ids")" = 160 ] && [ "$(sort -u <<<"$ids" | wc -l)" = 160 ] || return
	refused ENOSPC ctl sa alloc many1 || return
	[ "$(ctl sa show many20 --json | jq length)" = 8 ] || return
	for n in $(seq 20); do echo "link del many$n"; done | ip -n gwA -batch - &&
		[ "$(ctl sa show --json)" = '[]' ]
}

counters() { # what the pair says has passed it has passed it
	local ab ba
	ab="$(random_hex 32) $(random_hex 4)" ba="$(random_hex 32) $(random_hex 4)"
	clean
	ip -n gwB link add vti0 type ipsvti local "$GWB4" remote "$GWA4" &&
		quiet gwB && ip -n gwB link set vti0 up && ip -n gwB addr add 169.254.1.2/30 dev vti0 &&
		ip -n gwA addr add 169.254.1.1/30 dev vti0 || return
	printf 'in %s\nout %s\n' "$ba" "$ab" |
		ctl sa add vti0 in spi 401 out spi 402 alg aes-gcm-16-256 keys - || return
	printf 'in %s\nout %s\n' "$ab" "$ba" |
		in_ns gwB ipsvtictl sa add vti0 in spi 402 out spi 401 alg aes-gcm-16-256 keys - || return
	A ping -q -c 5 -i 0.2 -W 2 -s 100 169.254.1.2 || return
	pairs '.[0] | [.in, .out | .packets == 5 and .seq == 5 and .bytes == 5 * 128] | all'
}

without_module() { # says what is missing, and what to do
	ip -n gwA link del vti0 && ip -n gwB link del vti0 && wait_for 20 'rmmod ipsvti' || return
	echo 'install ipsvti /bin/false' >/etc/modprobe.d/ipsvti-none.conf
	says 1 'modprobe ipsvti' ctl sa show
	local status=$?
	rm /etc/modprobe.d/ipsvti-none.conf
	return "$status"
}

ktap_run "module and topology" begin
ktap_run "ip link help ipsvti" help
ktap_run "ip link add: all options, and back in text and JSON" link_all
ktap_run "ip link change: only what is mentioned" link_change
ktap_run "ip link add: the defaults" link_defaults
ktap_run "ip link: an MTU by hand, and given back" link_mtu
ktap_run "ip link: refused whole, in the module's words" link_refused
ktap_run "sa add, sa show: all that was asked for" sa_add_show
ktap_run "sa add: 128 bits, in UDP, by hand" sa_128_udp
ktap_run "sa activate: the other one drains" sa_activate
ktap_run "sa show of one pair" sa_show_one
ktap_run "sa del: at once, and with grace" sa_del
ktap_run "sa alloc, and its completion" sa_alloc
ktap_run "sa alloc: goes away by itself" sa_alloc_expires
ktap_run "sa: refused whole, with text, attribute and status" sa_refused
ktap_run "sa add: replay windows" sa_replay_window
ktap_run "sa add: key files" key_files
ktap_run "keys are printed nowhere" keys_stay_inside
ktap_run "sa flush" sa_flush
ktap_run "without the right to" not_root
ktap_run "from another namespace" other_namespace
ktap_run "160 pairs in one list" many
ktap_run "counters of a pair" counters
ktap_run "without the module" without_module
ktap_end
