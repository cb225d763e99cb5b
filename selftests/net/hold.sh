#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets that come for a reserved SPI before its keys do: how many are kept, for how
# long, and in what order they go on, also with those that come meanwhile.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 8

N=1

# How ESP comes, and what else is said of a pair, in words of "sa add"
V=4 ENCAP=() ACTIVATION=()

# quiet_up: new devices; IPv6 says things by itself, which would count.
quiet_up() {
	local gw
	links_down
	links_up "$V" || return
	for gw in gwA gwB; do
		in_ns "$gw" sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1 || return
	done
}

setup() {
	modprobe ipsvti && topo_up && encap_up gwA && encap_up gwB && quiet_up && esp_start || return
	# The kernel tests a cipher when it is used first, which can take longer than two seconds.
	pair_up 1 && in_ns gwA ipsvtictl sa flush vti0 && in_ns gwB ipsvtictl sa flush vti0 || return
	# A veth has a queue for each processor, and that of the one that brought the keys may stand still
	# (under 6.1 for as long as ksoftirqd likes) while others pass: what leaves gwB in order is to stay so.
	[ "$(nproc)" = 1 ] || in_ns hostB bash -c 'echo 1 >/sys/class/net/eth0/queues/rx-0/rps_cpus' || return
	# So many cannot wait for an answer to ARP, and those that come then overtake those that did.
	in_ns gwA ping -q -c 1 "$HOSTA4" && in_ns gwB ping -q -c 1 "$HOSTB4" || return
	# What comes out at hostA
	in_ns hostA tcpdump -ln -s 128 -i eth0 --immediate-mode udp port 9 >"$WORK/got" 2>"$WORK/got.log" &
	wait_for 20 "grep -q 'listening on' '$WORK/got.log'"
}

delivered() { grep -c '\.9: UDP' "$WORK/got"; }

# reserve GW: an SPI is reserved there, and who brings its keys is waiting for a line
reserve() {
	local gw=$1 id
	N=$((N + 1))
	keys "$N"
	read -r id SPI < <(in_ns "$gw" ipsvtictl --json sa alloc vti0 time 600 | jq -r '[."pair-id", .in.spi] | @tsv')
	[ -n "$SPI" ] || return
	rm -f "$WORK/fifo" && mkfifo "$WORK/fifo"
	in_ns "$gw" ipsvtictl sa add vti0 in spi "$SPI" out spi "$(spi "${OTHER[$gw]}" "$N")" \
		alg aes-gcm-16-256 keys - pair "$id" replay-window 4096 "${ENCAP[@]}" "${ACTIVATION[@]}" <"$WORK/fifo" &
	ADDER=$!
	exec {KEYS}>"$WORK/fifo"
	head -n 1 "$WORK/$gw.$N" >&"$KEYS"
	KEY=$(tail -n 1 "$WORK/$gw.$N")
	# It sleeps when it has read the first line.
	wait_for 20 "grep -q '^State:.S' /proc/\$(pgrep -x ipsvtictl)/status 2>/dev/null"
}

bring_the_keys() {
	echo "$KEY" >&"$KEYS"
	exec {KEYS}>&-
	wait "$ADDER"
}

# To gwA, sent by esp.py as gwB
esp() { # WORD...
	local said
	echo "--from $(outer gwB "$V") --to $(outer gwA "$V") --spi $SPI --keys $WORK/gwB.$N $*" >&"$ESP_IN"
	read -r -t 20 said <&"$ESP_OUT"
	[ "$said" = sent ]
}

# grown REASON: by how much since "before"
grown() { echo $(($(counter gwA "$1") - BEFORE[$1])); }
declare -A BEFORE

# 128 are kept. Nothing is looked at before the keys are there: there are two seconds.
so_many() {
	local n c
	reserve gwA || return
	n=$(delivered)
	for c in rx-larval rx-packets; do
		BEFORE[$c]=$(counter gwA "$c")
	done
	esp --seq 1 --times 200 && bring_the_keys || return
	wait_for 10 "[ \$(delivered) -eq $((n + 128)) ]" && esp --seq 201 &&
		wait_for 10 "[ \$(delivered) -eq $((n + 129)) ]"
	echo "$(grown rx-larval) too many, $(grown rx-packets) delivered"
	[ "$(grown rx-larval) $(grown rx-packets)" = "72 129" ]
}

# Memory is bounded, too: 2 MiB, which the packets take and what is kept with each of them, so
# that of large ones fewer are kept; these come in fragments. What is more is dropped, none of
# what is there before.
so_large() {
	local size=20000 sent=110 n c held status
	# The capture first: it must not keep the pipe of the keys open.
	lans_mtu 40000 && capture_start hostA eth0 "$WORK/large" "udp port 9" && reserve gwA || return
	n=$(delivered)
	for c in rx-larval rx-packets; do
		BEFORE[$c]=$(counter gwA "$c")
	done
	esp --seq 1 --times "$sent" --size "$size" && bring_the_keys && esp --seq $((sent + 1)) || return
	wait_for 10 "[ \$((\$(grown rx-larval) + \$(grown rx-packets))) -eq $((sent + 1)) ]" || return
	held=$(($(grown rx-packets) - 1))
	wait_for 10 "[ \$(delivered) -eq $((n + held + 1)) ]"
	status=$?
	capture_stop "$WORK/large"
	lans_mtu 1500
	echo "$(grown rx-larval) of $sent too many, $held delivered"
	# A packet's memory is more than its octets, but not four times as much.
	[ "$status" = 0 ] && [ $((held * size)) -le $((2 << 20)) ] && [ $((held * size * 4)) -ge $((2 << 20)) ] &&
		[ "$(drops gwA | grep -cv '^rx-larval:')" = 0 ] || return
	tcpdump -nvr "$WORK/large" 2>/dev/null | grep -o ' id [0-9]*' >"$WORK/ids"
	diff "$WORK/ids" <(printf ' id %d\n' $(seq "$held") $((sent + 1)))
}

# Two seconds, or up to four if none comes meanwhile; then there is room for others, also when
# the keys never come.
so_long() {
	local n
	reserve gwA || return
	n=$(delivered)
	counts gwA rx-larval 128 esp --seq 1 --times 128 && counts gwA rx-larval 0 esp --seq 200 &&
		counts gwA rx-larval 0 bring_the_keys &&
		wait_for 10 "[ \$(delivered) -eq $((n + 1)) ]" && esp --seq 201 &&
		wait_for 10 "[ \$(delivered) -eq $((n + 2)) ]"
}

# A responder installs a pair that waits for a packet of the peer's, which may be there
# already; this one came in UDP over IPv6, and a NAT has given the peer another port.
activates() {
	local n rx wan=/sys/class/net/wan/statistics/rx_packets
	V=6 ENCAP=("${ENCAP_UDP[@]}") ACTIVATION=(activate first-rx)
	quiet_up && reserve gwA || return
	n=$(delivered) BEFORE[rx-packets]=$(counter gwA rx-packets)
	rx=$(in_ns gwA cat "$wan")
	esp --udp 30001:4500 --seq 1 --times 20 && wait_for 5 "[ \$(in_ns gwA cat $wan) -ge $((rx + 20)) ]" || return
	[ "$(delivered) $(carrier gwA)" = "$n 0" ] && bring_the_keys && wait_for 10 "[ \$(delivered) -eq $((n + 20)) ]" || return
	in_ns gwA "$NET/nl.py" dump sa-get | tee "$WORK/pair"
	jq -e '.state == "active" and ."encap-dport" == 30001' "$WORK/pair" &&
		[ "$(grown rx-packets) $(carrier gwA)" = "20 1" ]
}

# A flow from hostA to hostB; gwB has the keys for it when some packets have come already.
flow() { # PAUSE COUNT FIRST
	local sender before lost rx
	reserve gwB || return
	in_ns gwA ipsvtictl sa flush vti0
	in_ns gwA ipsvtictl sa add vti0 in spi "$(spi gwA "$N")" out spi "$SPI" alg aes-gcm-16-256 \
		keys "$WORK/gwA.$N" "${ENCAP[@]}" || return
	# Nobody else may keep the pipe open, or its reader would wait for more.
	in_ns hostB "$NET/flow.py" recv "$HOSTB4" 7000 >"$WORK/flow" 2>&1 {KEYS}>&- &
	wait_for 20 "grep -q ready '$WORK/flow'" || return
	before=$(counter gwB rx-larval)
	in_ns gwB cat /sys/class/net/wan/statistics/rx_packets >"$WORK/rx"
	read -r rx <"$WORK/rx"
	# For that reason, too, it stays on one.
	in_ns hostA taskset -c 0 "$NET/flow.py" send "$HOSTB4" 7000 "$1" "$2" {KEYS}>&- &
	sender=$!
	# without another process
	# shellcheck disable=SC2016 # its own variables
	in_ns gwB bash -c 'while read -r n </sys/class/net/wan/statistics/rx_packets; [ "$n" -lt "$1" ] && [ $SECONDS -lt 30 ]; do :; done
		echo "$2"' - $((rx + $3)) "$KEY" >&"$KEYS"
	exec {KEYS}>&-
	wait "$ADDER" && wait "$sender" && wait_for 30 "grep -q received '$WORK/flow'" || return
	lost=$(($(counter gwB rx-larval) - before))
	tail -n 1 "$WORK/flow"
	echo "$lost were more than are held"
	tail -n 1 "$WORK/flow" |
		jq -e ".sent == $2 and .lost == $lost and .duplicated == 0 and .reordered == 0"
}

ktap_run "set up" setup
ktap_run "128 are held" so_many
ktap_run "no more than 2 MiB of memory" so_large
ktap_run "for two seconds" so_long
ktap_run "in their order" flow 5 300 20
# More than come while others are received: these wait behind them.
ktap_run "in their order, as fast as they come" flow 0 3000 100
ktap_run "in UDP over IPv6: one that is held activates a pair that waits for the peer's first" activates
ktap_run "in UDP over IPv6: in their order, the first activates" flow 5 300 20
ktap_end
