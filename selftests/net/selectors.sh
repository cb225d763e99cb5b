#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Traffic selectors (RFC 4301, section 4.4.1.1): which packets go by an SA, in both
# directions, what becomes of the others, and who is told.  inner.py makes the packets,
# hostA sends them, or esp.py, which has the peer's keys.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"

K=$(printf '11%.0s' {1..16}) SALT=aabbccdd
KEY="\"alg\":1,\"key\":\"$K\",\"salt\":\"$SALT\""

# One direction with selectors, and the other one without.
body() { # in|out SELECTORS
	if [ "$1" = in ]; then
		echo "{\"dev\":\"vti0\",\"in\":{\"spi\":7000,$KEY,$2},\"out\":{\"spi\":8000,$KEY}}"
	else
		echo "{\"dev\":\"vti0\",\"in\":{\"spi\":7000,$KEY},\"out\":{\"spi\":8000,$KEY,$2}}"
	fi
}

v4() { echo "\"start-addr\":\"$1\",\"end-addr\":\"${2:-$1}\""; }   # FIRST [LAST]
v6() { echo "\"start-addr6\":\"$1\",\"end-addr6\":\"${2:-$1}\""; } # FIRST [LAST]
proto() { echo "\"protocol\":$1"; }
ports() { echo "\"protocol\":$1,\"start-port\":$2,\"end-port\":${3:-$2}"; } # PROTOCOL FIRST [LAST]

ts() { # local|remote SELECTOR...
	local end=$1 list
	shift
	list=$(printf ',{%s}' "$@")
	echo "\"$end-ts\":[${list:1}]"
}

many() { # COUNT: so many of them, as long as they can be
	local i list=
	for ((i = 0; i < $1; i++)); do
		list+=",{\"start-addr6\":\"fd00::\",\"end-addr6\":\"fd00::$((i + 1))\",\"protocol\":6,\"start-port\":1,\"end-port\":$((i + 1))}"
	done
	echo "[${list:1}]"
}

# What must be refused: name | error | attribute | text | op | request.
refusals_table() {
	local dir end
	# refuse NAME ERROR ATTRIBUTE TEXT ATTRIBUTES-OF-ONE-SELECTOR
	refuse() {
		local dir end
		for dir in in out; do
			for end in local remote; do
				[ $dir$end = inlocal ] || [ $dir$end = outremote ] || continue
				echo "$dir, $end: $1 | $2 | $dir.$end-ts.$3 | $4 | sa-pair-new | $(body $dir "\"$end-ts\":{$5}")"
			done
		done
	}
	refuse "last address below the first" EINVAL end-addr "below the first" "$(v4 10.1.0.1 10.1.0.0)"
	refuse "last IPv6 address below the first" EINVAL end-addr6 "below the first" "$(v6 fd00::1 fd00::)"
	refuse "... by its upper half" EINVAL end-addr6 "below the first" "$(v6 fd01::1 fd00::2)"
	refuse "an address of each family" EINVAL start-addr6 "one family" "\"start-addr\":\"10.1.0.0\",\"start-addr6\":\"::\""
	refuse "a range of each family" EINVAL start-addr6 "one family" "$(v4 10.1.0.0),$(v6 fd00::)"
	refuse "from IPv6 to IPv4" EINVAL start-addr6 "one family" "\"start-addr6\":\"::\",\"end-addr\":\"10.1.0.0\""
	refuse "no last address" EINVAL end-addr "a start and an end" '"start-addr":"10.1.0.0"'
	refuse "no first address" EINVAL start-addr "a start and an end" '"end-addr":"10.1.0.0"'
	refuse "no last IPv6 address" EINVAL end-addr6 "a start and an end" '"start-addr6":"::"'
	refuse "no first IPv6 address" EINVAL start-addr6 "a start and an end" '"end-addr6":"::"'
	refuse "an IPv6 address of 4 octets" - start-addr6 "" '"start-addr6":"0a010000"'
	refuse "an IPv4 address of 16 octets" - start-addr "" '"start-addr":{"hex":"00000000000000000000000000000000"}'
	refuse "ports without a protocol" EINVAL start-port "protocol that has them" '"start-port":1,"end-port":2'
	refuse "ports of any protocol" EINVAL start-port "protocol that has them" "$(ports 0 1 2)"
	refuse "opaque ports of any protocol" EINVAL start-port "protocol that has them" "$(ports 0 65535 0)"
	refuse "ports of a protocol without" EINVAL start-port "protocol that has them" "$(ports 50 1)"
	refuse "an ICMP type of IPv6" EINVAL start-port "protocol that has them" "$(v6 ::),$(ports 1 2048)"
	refuse "an ICMPv6 type of IPv4" EINVAL start-port "protocol that has them" "$(v4 10.1.0.0),$(ports 58 2048)"
	refuse "last port below the first" EINVAL end-port "below the first" "$(ports 6 443 442)"
	refuse "almost opaque" EINVAL end-port "below the first" "$(ports 6 65535 1)"
	refuse "no last port" EINVAL end-port "a start and an end" '"protocol":6,"start-port":1'
	refuse "no first port" EINVAL start-port "a start and an end" '"protocol":6,"end-port":1'
	refuse "a port of one octet" - start-port "" '"protocol":6,"start-port":{"hex":"01"},"end-port":1'
	refuse "an attribute of tomorrow" EINVAL '#99' "" '"#99":{"hex":"00000000"}'
	for dir in in out; do
		for end in local remote; do
			cat <<-EOT
			$dir, $end: 33 of them | E2BIG | $dir.$end-ts | at most 32 | sa-pair-new | $(body $dir "\"$end-ts\":$(many 33)")
			$dir, $end: one that is none | - | $dir.$end-ts | | sa-pair-new | $(body $dir "\"$end-ts\":{\"hex\":\"ffff\"}")
			$dir, $end: the last of three is wrong | EINVAL | $dir.$end-ts.end-port | below the first | sa-pair-new | $(body $dir "$(ts $end "$(v4 10.1.0.0)" "$(proto 50)" "$(ports 6 2 1)")")
			EOT
		done
		cat <<-EOT
		$dir: ends of different families | EINVAL | $dir.remote-ts | local-ts | sa-pair-new | $(body $dir "$(ts local "$(v4 10.1.0.0)"),$(ts remote "$(v6 ::)")")
		$dir: ends of different protocols | EINVAL | $dir.remote-ts | local-ts | sa-pair-new | $(body $dir "$(ts local "$(proto 6)"),$(ts remote "$(proto 17)" "$(proto 1)")")
		EOT
	done
}
refusals_table >"$WORK/table"
rows=$(wc -l <"$WORK/table")
ktap_plan $((25 + rows))

# What passes is counted, and ends at gwA: nobody shall answer it.  Nor does the device
# itself say anything, which would be counted.
quiet() {
	in_ns gwA nft -f - <<-'EOT'
		table inet quiet {
			chain forward { type filter hook forward priority 0; iifname "vti0" drop; }
			chain output { type filter hook output priority 0; oifname "vti0" drop; }
		}
	EOT
}

setup() {
	modprobe ipsvti && modprobe -a esp4 nf_tables 2>/dev/null
	topo_up && quiet && link_up gwA 4 && keys 1 && nl_start || return
	read -r _ KIN SIN < <(grep ^in "$WORK/gwA.1")
	read -r _ KOUT SOUT < <(grep ^out "$WORK/gwA.1")
	ip -n gwA -batch - <<-EOT || return
		route add 10.3.0.0/16 dev vti0
		route add fd00:3::/64 dev vti0
	EOT
	in_ns gwA sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000 \
		net.ipv4.icmp_msgs_burst=10000
	coproc INNER { in_ns hostA "$NET/inner.py" --serve 2>&1; } || return
	exec {INNER_IN}>&"${INNER[1]}" {INNER_OUT}<&"${INNER[0]}"
	esp_start || return
	# What hostA is told.
	in_ns hostA tcpdump -lntvv -i eth0 --immediate-mode icmp or icmp6 >"$WORK/icmp" 2>"$WORK/icmp.log" &
	wait_for 20 "grep -q 'listening on' '$WORK/icmp.log'"
}

# sa OUT IN [MORE...]: gwA's side of pair 1 with these attributes of its SAs
sa() {
	local out=${1:+,$1} in=${2:+,$2}
	SEQ=0
	nl_ask sa-pair-new "{\"dev\":\"vti0\",\"activation\":\"${3:-now}\",
		\"in\":{\"spi\":$((0x1001 + ${4:-0})),\"alg\":\"aes-gcm-16-256\",\"key\":\"$KIN\",\"salt\":\"$SIN\"$in},
		\"out\":{\"spi\":$((0x2001 + ${4:-0})),\"alg\":\"aes-gcm-16-256\",\"key\":\"$KOUT\",\"salt\":\"$SOUT\"$out}}"
	echo "$SAID"
	[[ $SAID =~ \"pair-id\":\ ([0-9]+) ]] && ID=${BASH_REMATCH[1]}
}

flush() { nl_ask sa-flush '{"dev":"vti0"}'; }

pair() { flush && sa "$@"; } # OUT IN

inner() { # COMMAND WORD...
	echo "$*" >&"$INNER_IN"
	read -r -t 20 SAID <&"$INNER_OUT"
}

esp() { # HEX [WORD...]: B sends it, in the next packet
	local inner=$1
	shift
	esp_send 1 --seq $((++SEQ)) --inner "$inner" "$@"
}

tally() { # in|out: PASSED and DROPPED by a selector, so far
	local d=${1/in/rx}
	d=${d/out/tx} TALLIED=$1
	nl_ask tunnel-get '{"dev":"vti0"}'
	[[ $SAID =~ \"$d-packets\":\ ([0-9]+) ]] && PASSED=${BASH_REMATCH[1]}
	[[ $SAID =~ \"$d-selector\":\ ([0-9]+) ]] && DROPPED=${BASH_REMATCH[1]}
}

# verdict out|in pass|drop WORD...: the packet that goes there is judged so; after tally of
# that direction, or another verdict
verdict() {
	local dir=$1 want=$2 passed dropped got end=$((SECONDS + 10))
	shift 2
	[ "$dir" = "$TALLIED" ] || tally "$dir"
	passed=$PASSED dropped=$DROPPED
	if [ "$dir" = out ]; then
		inner send "$@"
		[ "$SAID" = sent ] || { echo "inner.py: $SAID"; return 1; }
	else
		inner hex "$@" && esp "$SAID" || return
	fi
	until [ $((PASSED + DROPPED)) -gt $((passed + dropped)) ]; do
		[ "$SECONDS" -lt "$end" ] || { echo "$dir $*: neither passed nor dropped"; return 1; }
		tally "$dir"
	done
	got=$((PASSED - passed)).$((DROPPED - dropped))
	case $want.$got in
	pass.1.0 | drop.0.1) return ;;
	esac
	echo "$dir $*: passed $((PASSED - passed)), dropped $((DROPPED - dropped)), but should $want"
	return 1
}

others() { drops gwA | grep -v -- '-selector:'; }

# judged: the same of each line of standard input, without comments, and nothing else is
# counted but what selectors dropped
judged() {
	local line before status=0
	before=$(others) TALLIED=
	while read -r line; do
		line=${line%%#*}
		# shellcheck disable=SC2086
		[ -z "${line// /}" ] || verdict $line || status=1
	done
	[ "$(others)" = "$before" ] && return "$status"
	echo "$before"
	drops gwA
	return 1
}

# Without selectors, with one that is any, and with all addresses of both families.
everything() {
	local all
	all="$(v4 0.0.0.0 255.255.255.255)"
	for all in '' "$(ts local ''),$(ts remote '')" \
		"$(ts local "$all" "$(v6 :: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff)"),$(ts remote "$all" '')"; do
		pair "$all" "$all" && judged <<-EOT || return
			out pass 10.1.0.2 10.2.0.2 udp dport=9
			out pass fd00:1::2 fd00:2::2 99
			in pass 10.2.0.2 10.1.0.2 tcp frag=1
			in pass fd00:2::2 fd00:1::2 60 len=4
		EOT
	done
}

one_family() {
	local all
	all=$(v4 0.0.0.0 255.255.255.255)
	pair "$(ts local "$all"),$(ts remote "$all")" "$(ts local "$all")" && judged <<-EOT
		out pass 10.1.0.2 10.2.0.2 udp dport=9
		out drop fd00:1::2 fd00:2::2 udp dport=9
		in pass 10.2.0.2 10.1.0.2 udp dport=9
		in drop fd00:2::2 fd00:1::2 udp dport=9
	EOT
}

LOCAL4=("$(v4 10.1.0.4 10.1.0.9)" "$(v4 10.1.0.20)")
REMOTE4=("$(v4 10.2.0.16 10.2.0.31)" "$(v4 10.3.0.0 10.3.255.255)" "$(v4 10.2.0.200)")

addresses_out() {
	pair "$(ts local "${LOCAL4[@]}"),$(ts remote "${REMOTE4[@]}")" '' && judged <<-EOT
		out pass 10.1.0.4 10.2.0.16 udp
		out drop 10.1.0.3 10.2.0.16 udp
		out pass 10.1.0.9 10.2.0.31 udp
		out drop 10.1.0.10 10.2.0.31 udp
		out pass 10.1.0.20 10.2.0.200 udp
		out drop 10.1.0.19 10.2.0.200 udp
		out drop 10.1.0.21 10.2.0.200 udp
		out drop 10.1.0.4 10.2.0.15 udp
		out drop 10.1.0.4 10.2.0.32 udp
		out drop 10.1.0.4 10.2.0.199 udp
		out drop 10.1.0.4 10.2.0.201 udp
		out pass 10.1.0.4 10.3.0.0 50
		out pass 10.1.0.4 10.3.255.255 tcp
		out pass 10.1.0.20 10.3.7.7 icmp type=8
		# the other way round is nothing
		out drop 10.3.0.1 10.2.0.2 udp
		# and not in the other direction, which has none
		in pass 10.9.0.1 10.9.0.2 udp
		in pass fd00:2::2 fd00:1::2 udp
	EOT
}

addresses_in() {
	pair '' "$(ts local "${LOCAL4[@]}"),$(ts remote "${REMOTE4[@]}")" && judged <<-EOT
		in pass 10.2.0.16 10.1.0.4 udp
		in drop 10.2.0.16 10.1.0.3 udp
		in pass 10.2.0.31 10.1.0.9 udp
		in drop 10.2.0.31 10.1.0.10 udp
		in pass 10.2.0.200 10.1.0.20 udp
		in drop 10.2.0.200 10.1.0.19 udp
		in drop 10.2.0.200 10.1.0.21 udp
		in drop 10.2.0.15 10.1.0.4 udp
		in drop 10.2.0.32 10.1.0.4 udp
		in drop 10.2.0.199 10.1.0.4 udp
		in drop 10.2.0.201 10.1.0.4 udp
		in pass 10.3.0.0 10.1.0.4 50
		in pass 10.3.255.255 10.1.0.4 tcp
		in drop 10.1.0.4 10.3.0.1 udp
		in drop 0.0.0.0 255.255.255.255 udp
		out pass 10.1.0.77 10.2.0.77 udp
		out pass fd00:1::2 fd00:2::2 udp
	EOT
}

# Edges in the upper and in the lower half; one side with both families.
addresses_v6() {
	local sel
	sel="$(ts local "$(v6 fd00:1::2 fd00:1::9)" "$(v4 10.1.0.2)"),$(ts remote "$(v6 fd00:2::fffe fd00:3::1)" "$(v4 10.2.0.2)")"
	pair "$sel" "$sel" && judged <<-EOT
		out pass fd00:1::2 fd00:2::fffe udp
		out drop fd00:1::1 fd00:2::fffe udp
		out pass fd00:1::9 fd00:2::ffff tcp
		out drop fd00:1::a fd00:2::ffff tcp
		out drop fd00:1::2 fd00:2::fffd udp
		out pass fd00:1::2 fd00:3::1 udp
		out drop fd00:1::2 fd00:3::2 udp
		out pass 10.1.0.2 10.2.0.2 udp
		out drop 10.1.0.3 10.2.0.2 udp
		in pass fd00:2::fffe fd00:1::2 udp
		in drop fd00:2::fffd fd00:1::2 udp
		in pass fd00:2:0:0:ffff:: fd00:1::2 udp
		in pass fd00:2:ffff:: fd00:1::9 udp
		in pass fd00:3:: fd00:1::9 udp
		in drop fd00:3::2 fd00:1::9 udp
		in drop fd00:2::fffe fd00:1::a udp
		in drop fd00:2::fffe fd00:1:0:1::2 udp
		in pass 10.2.0.2 10.1.0.2 udp
		in drop 10.2.0.2 10.1.0.1 udp
	EOT
}

protocols() {
	pair "$(ts local "$(ports 17 1000 2000)" "$(proto 50)" "$(ports 132 7)"),$(ts remote "$(ports 17 53)" "$(ports 17 0)" "$(ports 17 65535)" "$(proto 50)" '"protocol":132,"start-port":0,"end-port":65535')" \
		"$(ts local "$(ports 6 1024 65535)"),$(ts remote "$(ports 6 443 445)" "$(proto 17)")" && judged <<-EOT
		out pass 10.1.0.2 10.2.0.2 udp sport=1000 dport=53
		out drop 10.1.0.2 10.2.0.2 udp sport=999 dport=53
		out pass 10.1.0.2 10.2.0.2 udp sport=2000 dport=53
		out drop 10.1.0.2 10.2.0.2 udp sport=2001 dport=53
		out drop 10.1.0.2 10.2.0.2 udp sport=1000 dport=52
		out drop 10.1.0.2 10.2.0.2 udp sport=1000 dport=54
		out pass 10.1.0.2 10.2.0.2 udp sport=1000 dport=0
		out drop 10.1.0.2 10.2.0.2 udp sport=1000 dport=1
		out pass 10.1.0.2 10.2.0.2 udp sport=1000 dport=65535
		out drop 10.1.0.2 10.2.0.2 udp sport=1000 dport=65534
		out drop 10.1.0.2 10.2.0.2 tcp sport=1000 dport=53
		out drop 10.1.0.2 10.2.0.2 udplite sport=1000 dport=53
		out pass 10.1.0.2 10.2.0.2 50
		out drop 10.1.0.2 10.2.0.2 51
		out pass 10.1.0.2 10.2.0.2 sctp sport=7 dport=99
		out drop 10.1.0.2 10.2.0.2 sctp sport=8 dport=99
		out pass fd00:1::2 fd00:2::2 udp sport=1999 dport=53
		out drop fd00:1::2 fd00:2::2 udp sport=53 dport=1999
		in pass 10.2.0.2 10.1.0.2 tcp sport=443 dport=1024
		in drop 10.2.0.2 10.1.0.2 tcp sport=442 dport=1024
		in pass 10.2.0.2 10.1.0.2 tcp sport=445 dport=65535
		in drop 10.2.0.2 10.1.0.2 tcp sport=446 dport=1024
		in drop 10.2.0.2 10.1.0.2 tcp sport=443 dport=1023
		# a protocol of one end alone is of no use
		in drop 10.2.0.2 10.1.0.2 udp sport=443 dport=1024
		in pass fd00:2::2 fd00:1::2 tcp sport=444 dport=2000
		in drop fd00:2::2 fd00:1::2 tcp sport=2000 dport=444
	EOT
}

# What we may send is said at our end, and what the peer may, at its (RFC 4301,
# section 4.4.1.3): echo requests out, replies and time exceeded in.
icmp_types() {
	local sel
	sel="$(ts local "$(ports 1 2048 2303)" "$(ports 58 32768)" "$(ports 135 65535 0)"),$(ts remote "$(ports 1 0)" "$(ports 1 2816 2817)" "$(ports 58 33024 33025)" "$(ports 135 1280)")"
	pair "$sel" "$sel" && judged <<-EOT
		out pass 10.1.0.2 10.2.0.2 icmp type=8
		out pass 10.1.0.2 10.2.0.2 icmp type=8 code=255
		out drop 10.1.0.2 10.2.0.2 icmp type=9
		out drop 10.1.0.2 10.2.0.2 icmp type=7 code=255
		out drop 10.1.0.2 10.2.0.2 icmp type=0
		in pass 10.2.0.2 10.1.0.2 icmp type=0
		in drop 10.2.0.2 10.1.0.2 icmp type=0 code=1
		in drop 10.2.0.2 10.1.0.2 icmp type=8
		in pass 10.2.0.2 10.1.0.2 icmp type=11
		in pass 10.2.0.2 10.1.0.2 icmp type=11 code=1
		in drop 10.2.0.2 10.1.0.2 icmp type=11 code=2
		out pass fd00:1::2 fd00:2::2 icmpv6 type=128
		out drop fd00:1::2 fd00:2::2 icmpv6 type=128 code=1
		out drop fd00:1::2 fd00:2::2 icmpv6 type=129
		in pass fd00:2::2 fd00:1::2 icmpv6 type=129 code=1
		in drop fd00:2::2 fd00:1::2 icmpv6 type=129 code=2
		in drop fd00:2::2 fd00:1::2 icmpv6 type=128
		in pass fd00:2::2 fd00:1::2 mh type=5
		in drop fd00:2::2 fd00:1::2 mh type=6
		out drop fd00:1::2 fd00:2::2 mh type=5
		# the numbers of the other family have no types
		in drop fd00:2::2 fd00:1::2 icmp type=0
		out drop 10.1.0.2 10.2.0.2 icmpv6 type=128
		# a type is not there
		in drop 10.2.0.2 10.1.0.2 icmp frag=3
		out drop 10.1.0.2 10.2.0.2 icmp type=8 len=0 cut=6
	EOT
}

# Later fragments have no ports: they go by what asks for none, or for that.
fragments() {
	pair "$(ts remote "$(ports 17 53)" "$(proto 6)" "$(ports 132 65535 0)")" "$(ts local "$(ports 6 65535 0)" "$(proto 17)")" && judged <<-EOT
		out pass 10.1.0.2 10.2.0.2 udp dport=53 more=1
		out drop 10.1.0.2 10.2.0.2 udp dport=54 more=1
		out drop 10.1.0.2 10.2.0.2 udp dport=53 frag=2
		out drop 10.1.0.2 10.2.0.2 udp dport=53 frag=2 more=1
		out pass 10.1.0.2 10.2.0.2 tcp dport=9 more=1
		out pass 10.1.0.2 10.2.0.2 tcp frag=2
		out pass 10.1.0.2 10.2.0.2 tcp frag=8191
		out pass 10.1.0.2 10.2.0.2 sctp frag=2
		out drop 10.1.0.2 10.2.0.2 sctp dport=9 more=1
		out drop 10.1.0.2 10.2.0.2 sctp dport=9
		out drop 10.1.0.2 10.2.0.2 dccp frag=2
		# of one too short for its ports these are opaque, too
		out drop 10.1.0.2 10.2.0.2 udp dport=53 len=0 cut=5
		out pass 10.1.0.2 10.2.0.2 sctp len=0 cut=9
		# one that could overlap the flags of TCP is none of those
		in pass 10.2.0.2 10.1.0.2 tcp frag=2
		in drop 10.2.0.2 10.1.0.2 tcp frag=1
		in drop 10.2.0.2 10.1.0.2 tcp dport=9
		in pass 10.2.0.2 10.1.0.2 udp frag=1
		in pass fd00:2::2 fd00:1::2 tcp frag=2
		in drop fd00:2::2 fd00:1::2 tcp more=1
	EOT
}

# The protocol is that of the first header that is none of those to be skipped.
extension_headers() {
	local d=dest,dest,dest,dest
	pair "$(ts remote "$(ports 17 53)" "$(proto 6)")" "$(ts remote "$(ports 17 53)" "$(ports 6 65535 0)")" && judged <<-EOT
		out pass fd00:1::2 fd00:2::2 udp dport=53 ext=dest
		out drop fd00:1::2 fd00:2::2 udp dport=54 ext=dest
		out pass fd00:1::2 fd00:2::2 udp dport=53 ext=hop,dest,route,frag,dest
		out drop fd00:1::2 fd00:2::2 udp dport=54 ext=hop,dest,route,frag,dest
		out pass fd00:1::2 fd00:2::2 tcp ext=route
		out drop fd00:1::2 fd00:2::2 esp ext=route
		# first and later fragments
		out pass fd00:1::2 fd00:2::2 udp dport=53 ext=dest,frag more=1
		out drop fd00:1::2 fd00:2::2 udp dport=54 ext=dest,frag more=1
		out drop fd00:1::2 fd00:2::2 udp dport=53 ext=dest,frag frag=2
		out pass fd00:1::2 fd00:2::2 tcp ext=dest,frag frag=2
		out pass fd00:1::2 fd00:2::2 udp dport=53 ext=frag,dest more=1
		# whose protocol only the first one shows
		out drop fd00:1::2 fd00:2::2 tcp ext=frag,dest frag=2
		in pass fd00:2::2 fd00:1::2 tcp frag=2
		in drop fd00:2::2 fd00:1::2 tcp ext=frag,dest frag=2
		# 16 are enough for everybody
		in pass fd00:2::2 fd00:1::2 udp sport=53 ext=$d,$d,$d,$d
		in drop fd00:2::2 fd00:1::2 udp sport=53 ext=$d,$d,$d,$d,dest
		# a header that is cut off, and none at all
		in drop fd00:2::2 fd00:1::2 60 len=4
		in drop fd00:2::2 fd00:1::2 59 len=0
	EOT
}

# What asks for no protocol wants to see none.
hidden_protocol() {
	pair "$(ts remote "$(v6 fd00:2::2)")" '' && judged <<-EOT || return
		out pass fd00:1::2 fd00:2::2 tcp ext=frag,dest frag=2
		out pass fd00:1::2 fd00:2::2 60 len=4
		out drop fd00:1::2 fd00:2::3 tcp ext=frag,dest frag=2
	EOT
	pair "$(ts remote "$(proto 60)")" '' && judged <<-EOT
		# and what is skipped is no protocol
		out drop fd00:1::2 fd00:2::2 tcp ext=frag,dest frag=2
		out drop fd00:1::2 fd00:2::2 60 len=4
		out drop fd00:1::2 fd00:2::2 tcp ext=dest
	EOT
}

# A router that no selector knows may say what became of a packet (RFC 4301, section 6.2).
icmp_errors() {
	local sel
	sel="$(ts local "$(v4 10.1.0.2),$(proto 17)" "$(v6 fd00:1::2),$(ports 6 80)"),$(ts remote "$(v4 10.2.0.2),$(ports 17 53)" "$(v6 fd00:2::2),$(proto 6)")"
	pair "$sel" "$sel" && judged <<-EOT
		in pass 172.16.0.1 10.1.0.2 icmp type=11 quote=10.1.0.2,10.2.0.2,udp,sport=7,dport=53
		in pass 172.16.0.1 10.1.0.2 icmp type=3 code=4 quote=10.1.0.2,10.2.0.2,udp,sport=7,dport=53
		in pass 172.16.0.1 10.1.0.2 icmp type=12 quote=10.1.0.2,10.2.0.2,udp,sport=7,dport=53
		# about a packet that we could not have sent
		in drop 172.16.0.1 10.1.0.2 icmp type=11 quote=10.1.0.2,10.2.0.2,udp,sport=7,dport=54
		in drop 172.16.0.1 10.1.0.2 icmp type=11 quote=10.1.0.2,10.2.0.2,tcp,sport=7,dport=53
		in drop 172.16.0.1 10.1.0.2 icmp type=11 quote=10.1.0.2,10.2.0.3,udp,sport=7,dport=53
		in drop 172.16.0.1 10.1.0.2 icmp type=11 quote=10.2.0.2,10.1.0.2,udp,sport=53,dport=7
		# to somebody else than who is said to have sent it
		in drop 172.16.0.1 10.1.0.3 icmp type=11 quote=10.1.0.2,10.2.0.2,udp,sport=7,dport=53
		in drop 172.16.0.1 10.1.0.3 icmp type=11 quote=10.1.0.3,10.2.0.2,udp,sport=7,dport=53
		# not an error, or one of a kind that has no business here
		in drop 172.16.0.1 10.1.0.2 icmp type=8 quote=10.1.0.2,10.2.0.2,udp,sport=7,dport=53
		in drop 172.16.0.1 10.1.0.2 icmp type=5 quote=10.1.0.2,10.2.0.2,udp,sport=7,dport=53
		in drop 172.16.0.1 10.1.0.2 icmp type=4 quote=10.1.0.2,10.2.0.2,udp,sport=7,dport=53
		in drop 172.16.0.1 10.1.0.2 icmp type=11 len=0
		in drop 172.16.0.1 10.1.0.2 icmp type=11 quote=fd00:1::2,fd00:2::2,tcp,sport=80
		in pass fd99::1 fd00:1::2 icmpv6 type=2 quote=fd00:1::2,fd00:2::2,tcp,sport=80,dport=9
		in pass fd99::1 fd00:1::2 icmpv6 type=1 quote=fd00:1::2,fd00:2::2,tcp,sport=80,dport=9,ext=dest
		in pass fd99::1 fd00:1::2 icmpv6 type=4 quote=fd00:1::2,fd00:2::2,tcp,sport=80,dport=9
		in drop fd99::1 fd00:1::2 icmpv6 type=5 quote=fd00:1::2,fd00:2::2,tcp,sport=80,dport=9
		in drop fd99::1 fd00:1::2 icmpv6 type=0 quote=fd00:1::2,fd00:2::2,tcp,sport=80,dport=9
		in drop fd99::1 fd00:1::2 icmpv6 type=2 quote=fd00:1::2,fd00:2::2,tcp,sport=81,dport=9
		in drop fd99::1 fd00:1::2 icmpv6 type=2 quote=fd00:1::2,fd00:2::2,udp,sport=80,dport=9
		# the other way, too
		out pass 10.1.0.5 10.2.0.2 icmp type=3 code=3 quote=10.2.0.2,10.1.0.2,udp,sport=53,dport=7
		out drop 10.1.0.5 10.2.0.2 icmp type=3 code=3 quote=10.2.0.2,10.1.0.2,udp,sport=54,dport=7
		out pass fd00:1::1 fd00:2::2 icmpv6 type=3 quote=fd00:2::2,fd00:1::2,tcp,sport=5,dport=80
		out drop fd00:1::1 fd00:2::2 icmpv6 type=3 quote=fd00:2::2,fd00:1::2,tcp,sport=5,dport=81
	EOT
}

prohibited() { grep -cE 'admin prohibited filter|unreachable prohibited' "$WORK/icmp"; }

# Each packet is answered, with what it was: ICMP 3/13, ICMPv6 1/1.
sender_is_told() {
	local n
	pair "$(ts remote "$(ports 17 53)")" '' || return
	n=$(prohibited)
	judged <<-EOT || return
		out drop 10.1.0.2 10.2.0.2 udp sport=1111 dport=5454
		out drop fd00:1::2 fd00:2::2 udp sport=2222 dport=5454
		out drop fd00:1::2 fd00:2::2 tcp sport=3333 dport=53
		out pass 10.1.0.2 10.2.0.2 udp dport=53
	EOT
	wait_for 5 "[ \$(prohibited) -eq $((n + 3)) ]"
	tail -n 12 "$WORK/icmp"
	[ "$(prohibited)" -eq $((n + 3)) ] &&
		grep -A 3 '10.1.0.1 > 10.1.0.2: ICMP host 10.2.0.2 unreachable - admin prohibited filter' "$WORK/icmp" |
		grep -q '10.1.0.2.1111 > 10.2.0.2.5454: .*UDP' &&
		grep 'fd00:1::1 > fd00:1::2: .*ICMP6, destination unreachable, *unreachable prohibited fd00:2::2' "$WORK/icmp" >"$WORK/six" &&
		[ "$(wc -l <"$WORK/six")" -ge 2 ]
}

# Nobody is told of an ICMP error, nor of a fragment that is not the first.
not_told() {
	local n
	n=$(prohibited)
	judged <<-EOT && in_ns hostA ping -n -c 1 -s 99 10.1.0.1 && wait_for 5 "grep -q 'echo reply.*length 107' '$WORK/icmp'" && [ "$(prohibited)" -eq "$n" ]
		out drop 10.1.0.2 10.2.0.2 icmp type=3 quote=10.2.0.2,10.1.0.2,tcp
		out drop 10.1.0.2 10.2.0.2 udp frag=2
		out drop fd00:1::2 fd00:2::2 icmpv6 type=1 quote=fd00:2::2,fd00:1::2,tcp
	EOT
}

rate_limited() {
	local n i
	in_ns gwA sysctl -qw net.ipv4.icmp_ratelimit=1000
	tally out
	n=$(prohibited) i=$DROPPED
	for _ in {1..60}; do
		inner send 10.1.0.2 10.2.0.2 udp sport=1 dport=2
	done
	wait_for 10 "tally out; [ \$DROPPED -eq $((i + 60)) ]" &&
		in_ns hostA ping -n -c 1 -s 77 10.1.0.1 && wait_for 5 "grep -q 'echo reply.*length 85' '$WORK/icmp'"
	in_ns gwA sysctl -qw net.ipv4.icmp_ratelimit=0
	n=$(($(prohibited) - n))
	echo "told $n times of 60"
	[ "$n" -ge 1 ] && [ "$n" -le 20 ]
}

# Neither a forged packet nor a repeated one gets as far as selectors; one outside of
# them is authentic all the same, and its number is used up.
inbound_order() {
	local good bad n
	pair '' "$(ts remote "$(v4 10.2.0.2)")" first-rx || return
	inner hex 10.2.0.3 10.1.0.2 udp && bad=$SAID
	inner hex 10.2.0.2 10.1.0.2 udp && good=$SAID
	counts gwA rx-auth 1 esp "$bad" --flip 30 && counts gwA rx-selector 1 esp "$bad" &&
		[ "$(state gwA 1)" = active ] || return
	SEQ=$((SEQ - 1))
	counts gwA rx-replay 1 esp "$bad" || return
	tally in
	n=$PASSED
	esp "$good" && wait_for 5 "tally in; [ \$PASSED -eq $((n + 1)) ]" &&
		[ "$(sa_of gwA 1 .in.packets)" = 1 ] && [ "$(sa_of gwA 1 .in.seq)" = 3 ]
}

# The SA that takes over has selectors of its own, also for what the other one had let
# pass, and had no room for.
takes_over() {
	local first
	flush && sa '"limits":{"hard-bytes":200}' '' && first=$ID && sa "$(ts remote "$(ports 17 7)")" '' manual 1 && judged <<-EOT || return
		out pass 10.1.0.2 10.2.0.2 udp dport=9
		out drop 10.1.0.2 10.2.0.2 udp dport=9 len=300
		out pass 10.1.0.2 10.2.0.2 udp dport=7
		out drop 10.1.0.2 10.2.0.2 udp dport=9
	EOT
	nl_ask sa-get "{\"dev\":\"vti0\",\"pair-id\":$first}" && [[ $SAID == *'"state": "draining"'* ]] || return
	# By hand, and back to one that has none.
	flush && sa "$(ts remote "$(ports 17 7)")" '' && judged <<<'out drop 10.1.0.2 10.2.0.2 udp dport=9' &&
		sa '' '' now 1 && judged <<<'out pass 10.1.0.2 10.2.0.2 udp dport=9'
}

gso() { inner gso 10.1.0.2 10.2.0.2 udp sport=4000 len=4000 seg=1000 "$@" && [ "$SAID" = sent ]; }

tallies() { # PASSED DROPPED: so many more since the last tally
	local p=$((PASSED + $1)) d=$((DROPPED + $2))
	wait_for 5 "tally out; echo \$PASSED \$DROPPED; [ \$PASSED -eq $p ] && [ \$DROPPED -eq $d ]" &&
		PASSED=$p DROPPED=$d
}

# Four segments pass, or are judged as the one packet that they still are; when another
# SA takes over, they are packets.
gso_once() {
	pair "$(ts remote "$(ports 17 53)")" '' && tally out && gso dport=53 && tallies 4 0 && gso dport=54 && tallies 0 1 || return
	flush && sa '"limits":{"hard-bytes":3000}' '' && sa "$(ts remote "$(ports 17 53)")" '' manual 1 && tally out &&
		gso dport=54 && tallies 0 4 && gso dport=53 && tallies 4 0
}

# The words of ipsvtictl, and what it says.
words() {
	flush
	keys 14 && sa_add gwA 14 256 ts local 10.1.0.0/16 ts remote 10.2.0.1-10.2.0.7 ts out remote fd00:2::2 proto tcp port 80-90 \
		ts out local any proto tcp ts in remote any proto icmp type 3 code 1-4 ts in remote any proto icmpv6 type 128-129 \
		ts in remote 10.0.0.0/8 proto esp port opaque limit hard-packets 99 &&
		in_ns gwA ipsvtictl sa show vti0 >"$WORK/shown" || return
	cat "$WORK/shown"
	grep '^ *ts' "$WORK/shown" | sed 's/^ *//' >"$WORK/ts"
	diff "$WORK/ts" - <<-EOT || return
		ts local 10.1.0.0/16
		ts remote 10.2.0.1-10.2.0.7
		ts remote any proto icmp type 3 code 1-4
		ts remote any proto icmpv6 type 128-129
		ts remote 10.0.0.0/8 proto esp port opaque
		ts local 10.1.0.0/16
		ts local any proto tcp
		ts remote 10.2.0.1-10.2.0.7
		ts remote fd00:2::2 proto tcp port 80-90
	EOT
	in_ns gwA ipsvtictl --json sa show vti0 | jq -e '.[0] | .in."local-ts" == [{"start-addr": "10.1.0.0", "end-addr": "10.1.255.255"}] and
		.out."remote-ts"[1] == {"start-addr": "fd00:2::2", "end-addr": "fd00:2::2", "protocol": 6, "start-port": 80, "end-port": 90} and
		.in."remote-ts"[1]."start-port" == 769 and (.in."remote-ts" | length) == 4 and .out.limits."hard-packets" == 99' || return
	keys 15
	refused 'it has no family and protocol of a local-ts (attribute in.remote-ts)' \
		sa_add gwA 15 256 ts local 10.0.0.0/8 ts remote fd00::/16 || return
	refused 'ports want a protocol that has them (attribute out.local-ts.start-port)' \
		sa_add gwA 15 256 ts out local fd00::/16 proto icmp type 8
}

# As many and as long as they can be, in eight pairs: one, and all of them in a dump.
# Events do not have them.
most() {
	local n i list all
	list=$(many 32)
	all="\"local-ts\":$list,\"remote-ts\":$list,\"limits\":{\"soft-bytes\":1,\"hard-bytes\":2,\"soft-packets\":1,\"hard-packets\":2,\"soft-seconds\":99,\"hard-seconds\":99}"
	flush
	for i in {1..8}; do
		sa "$all" "$all" manual "$i" >/dev/null || { echo "$SAID"; return 1; }
	done
	nl_ask sa-get "{\"dev\":\"vti0\",\"pair-id\":$ID}"
	jq -e --argjson list "$list" '[.in, .out | ."local-ts", ."remote-ts"] | all(. == $list)' <<<"$SAID" >/dev/null || return
	in_ns gwA "$NET/nl.py" dump sa-get | jq -es --argjson list "$list" 'length == 8 and
		all(.[]; [.in, .out | ."local-ts", ."remote-ts"] | all(. == $list))' &&
		n=$(in_ns gwA ipsvtictl --json sa show | jq '[.[] | .in, .out | ."local-ts", ."remote-ts" | .[]] | length') &&
		echo "$n selectors" && [ "$n" = $((8 * 4 * 32)) ] || return
	events_start gwA && flush && event gwA ".event == \"sa-del-ntf\" and .\"pair-id\" == $ID and .in.spi == $((0x1009)) and .in.\"local-ts\" == null"
}

named() { # as by ethtool
	tally out
	in_ns gwA ethtool -S vti0 | grep -q "^ *tx_selector: $DROPPED\$" && [ "$DROPPED" -gt 50 ] || return
	tally in
	in_ns gwA ethtool -S vti0 | grep -q "^ *rx_selector: $DROPPED\$" && [ "$DROPPED" -gt 50 ]
}

refusals() {
	flush
	sa "$(ts remote "$(v4 10.2.0.2)")" '' || return
	in_ns gwA "$NET/nl.py" dump sa-get >"$WORK/before"
	in_ns gwA "$NET/nl.py" refusals <"$WORK/table" >"$WORK/verdicts" && [ "$(wc -l <"$WORK/verdicts")" = "$rows" ]
}

nothing_changed() { in_ns gwA "$NET/nl.py" dump sa-get | diff "$WORK/before" - && [ -s "$WORK/before" ]; }

xfrm_policy() { # SRC DST PROTO...: of packets of the peer's, and their answers
	ip -n gwB xfrm policy add src "$1" dst "$2" "${@:3}" dir out \
		tmpl src "$GWB4" dst "$GWA4" proto esp reqid 1 mode tunnel
}

xfrm_state() { # SRC DST SPI KEY
	ip -n gwB xfrm state add src "$1" dst "$2" proto esp spi "$3" mode tunnel reqid 1 \
		replay-window 64 aead 'rfc4106(gcm(aes))' "0x$4" 128
}

# XFRM, with the same selectors; and then with another one, which we never agreed to.
xfrm_peer() {
	local p
	in_ns gwA nft delete chain inet quiet forward || return
	flush
	keys 20 && sa_add gwA 20 256 ts local 10.1.0.2 proto tcp ts remote 10.2.0.2 proto tcp port 5001 &&
		xfrm_state "$GWA4" "$GWB4" "$(spi gwB 20)" "$(sed -n 's/^in //p' "$WORK/gwB.20" | tr -d ' ')" &&
		xfrm_state "$GWB4" "$GWA4" "$(spi gwA 20)" "$(sed -n 's/^out //p' "$WORK/gwB.20" | tr -d ' ')" &&
		xfrm_policy 10.2.0.2 10.1.0.2 proto 6 sport 5001 || return
	for p in in fwd; do
		ip -n gwB xfrm policy add src 10.1.0.2 dst 10.2.0.2 proto 6 dport 5001 dir "$p" \
			tmpl src "$GWA4" dst "$GWB4" proto esp reqid 1 mode tunnel || return
	done
	counters gwA >"$WORK/before"
	tcp_across 4 300000 && diff <(grep selector "$WORK/before") <(counters gwA | grep selector) || return
	counts gwA tx-selector 1 in_ns hostA sh -c "ping -n -c 1 -W 1 $HOSTB4; true" || return
	xfrm_policy 10.2.0.2 10.1.0.2 proto 17 &&
		counts gwA rx-selector 1 in_ns hostB sh -c "echo | socat -u - UDP4:$HOSTA4:9"
}

# Large segments, both ways, between two of us; who asks for another port is told at once.
gso_tcp() {
	local said
	ip -n gwB xfrm state flush
	ip -n gwB xfrm policy flush
	link_up gwB 4 && flush && keys 21 || return
	sa_add gwA 21 256 ts local 10.1.0.0/24 ts local fd00:1::/64 ts remote 10.2.0.2 proto tcp port 5001 ts remote fd00:2::2 proto tcp &&
		sa_add gwB 21 256 ts local 10.2.0.2 proto tcp port 5001 ts local fd00:2::2 proto tcp ts remote 10.1.0.0/24 ts remote fd00:1::/64 || return
	counters gwA >"$WORK/before"
	tcp_across 4 2000000 && tcp_across 6 500000 && tcp_across 6 500000 hostB &&
		diff <(grep selector "$WORK/before") <(counters gwA | grep selector) && [ "$(counter gwB rx-selector)" = 0 ] || return
	said=$(in_ns hostA timeout 20 socat -u /dev/null "TCP4:$HOSTB4:5002" 2>&1)
	echo "$said"
	grep -q 'No route to host' <<<"$said"
}

ktap_run "set up" setup
ktap_run "none, any, and all: everything passes" everything
ktap_run "all of IPv4 is nothing of IPv6" one_family
ktap_run "ranges of IPv4 addresses, outbound" addresses_out
ktap_run "ranges of IPv4 addresses, inbound" addresses_in
ktap_run "ranges of IPv6 addresses" addresses_v6
ktap_run "protocols and their ports" protocols
ktap_run "ICMP types and codes" icmp_types
ktap_run "fragments, first and later ones" fragments
ktap_run "IPv6 extension headers" extension_headers
ktap_run "a protocol that nobody asks for may be hidden" hidden_protocol
ktap_run "ICMP errors go the way of what they quote" icmp_errors
ktap_run "the sender is told, of each packet" sender_is_told
ktap_run "... but not of errors and later fragments" not_told
ktap_run "... and not for ever" rate_limited
ktap_run "inbound, selectors come after authentication" inbound_order
ktap_run "another pair takes over, with its own" takes_over
ktap_run "a GSO packet is judged once" gso_once
ktap_run "by the words of ipsvtictl, and shown by it" words
ktap_run "as many as there can be" most
ktap_run "counters have the same names everywhere" named
ktap_run "all that must be refused was asked for" refusals
table_checks
ktap_run "nothing changed by what was refused" nothing_changed
ktap_run "XFRM as the peer, inside and outside of them" xfrm_peer
ktap_run "TCP in large segments, and a port that is not for it" gso_tcp
ktap_end
