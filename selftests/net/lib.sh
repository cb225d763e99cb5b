# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of the module share: tunnels between gwA and gwB of netns.sh, SA
# pairs by hand, traffic, counters and events.
#
#   hostA 10.1.0.2 --- gwA ==== vti0 ==== gwB --- hostB 10.2.0.2
#         fd00:1::2      169.254.1.1  .2          fd00:2::2
#                         fd00:ff::1 ::2

. "$IPSVTI_TREE/selftests/lab/netns.sh"
NET=$IPSVTI_TREE/selftests/net
WORK=$(mktemp -d)

HOSTA4=10.1.0.2 HOSTA6=fd00:1::2 HOSTB4=10.2.0.2 HOSTB6=fd00:2::2

nl() { "$NET/nl.py" "$@"; }

# In a guest it is starting processes that takes time, those of the shell included, and
# what is here is done often: hence variables instead of output, and processes that stay.

# The gateway at the other end, and what the SPIs of each are counted from
declare -A OTHER=([gwA]=gwB [gwB]=gwA) SPIS=([gwA]=0x1000 [gwB]=0x2000)

# nl_start: from now on one nl.py answers for gwA's module as long as the script runs. In a
# guest starting processes is what takes time, python more than others.
nl_start() {
	coproc NL { in_ns gwA "$NET/nl.py" batch 2>&1; }
	# Copies, as the shell takes its own away when the process ends.
	exec {NL_IN}>&"${NL[1]}" {NL_OUT}<&"${NL[0]}"
}

# nl_stop: it ends, and its socket is closed
nl_stop() {
	exec {NL_IN}>&- {NL_OUT}<&-
	[ -z "${NL[1]:-}" ] || eval "exec ${NL[1]}>&-"
	wait "$NL_PID"
}

# nl_ask OP JSON: of gwA's module; the answer, or the refusal, is in SAID
nl_ask() {
	echo "$1 ${2//$'\n'/}" >&"$NL_IN"
	read -r -t 60 SAID <&"$NL_OUT"
}

# esp_start: from now on one esp.py plays gwB's part as long as the script runs
esp_start() {
	coproc ESP_PY { in_ns gwB "$NET/esp.py" --serve 2>&1; }
	exec {ESP_IN}>&"${ESP_PY[1]}" {ESP_OUT}<&"${ESP_PY[0]}"
}

# esp_send N WORD...: a packet of pair N from gwB to gwA; the words are esp.py's
esp_send() {
	local n=$1 said
	shift
	echo "--from $GWB4 --to $GWA4 --spi $((SPIS[gwA] + n)) --keys $WORK/gwB.$n $*" >&"$ESP_IN"
	read -r -t 20 said <&"$ESP_OUT"
	[ "$said" = sent ] && return
	echo "esp.py: ${said:-}"
	return 1
}

# outer gwA|gwB 4|6: its address on the underlay
outer() {
	local name=${1^^}$2
	echo "${!name}"
}

# link_up gwA|gwB 4|6 [OPTION...]: vti0 with its addresses, and the LAN of the other
# side routed into it.  There is no SA yet.
link_up() {
	local gw=$1 v=$2 us=1 them=2 here there
	shift 2
	[ "$gw" = gwA ] || us=2 them=1
	here=${gw^^}$v there=${OTHER[$gw]^^}$v
	ip -n "$gw" -batch - <<-EOT
		link add vti0 type ipsvti local ${!here} remote ${!there} $*
		addr add 169.254.1.$us/30 dev vti0
		addr add fd00:ff::$us/126 dev vti0 nodad
		link set vti0 up
		route add 10.$them.0.0/24 dev vti0
		route add fd00:$them::/64 dev vti0
	EOT
}

# links_up 4|6 [OPTION...]: at both gateways, over outer IPv4 or IPv6
links_up() { link_up gwA "$@" && link_up gwB "$@"; }

link_down() { ip -n "$1" link del vti0 2>/dev/null; }

links_down() {
	link_down gwA
	link_down gwB
}

# SA pairs have a number N here, 1 to 999: A receives on SPI 0x1000 + N and B on
# 0x2000 + N, and $WORK/gwA.N and gwB.N hold their keys.
spi() { echo $((SPIS[$1] + $2)); } # gwA|gwB N: what it receives on

# random_to VARIABLE OCTETS: as hexadecimal digits
random_to() {
	local -n _to=$1
	local word
	_to=''
	while [ ${#_to} -lt $((2 * $2)) ]; do
		printf -v word %08x "$SRANDOM"
		_to+=$word
	done
	_to=${_to:0:2 * $2}
}

# random_hex OCTETS
random_hex() {
	local digits
	random_to digits "$1"
	echo "$digits"
}

# keys N [BITS]: new ones, for both sides
keys() {
	local len=$((${2:-256} / 8)) k1 k2 s1 s2 mask
	random_to k1 $len
	random_to k2 $len
	random_to s1 4
	random_to s2 4
	mask=$(umask)
	umask 077
	printf 'in %s\nout %s\n' "$k1 $s1" "$k2 $s2" >"$WORK/gwA.$1"
	printf 'in %s\nout %s\n' "$k2 $s2" "$k1 $s1" >"$WORK/gwB.$1"
	umask "$mask"
}

# sa_add gwA|gwB N [BITS] [WORD...]: install its side of pair N, of which keys N
# has made the keys.  Words go to "ipsvtictl sa add".
sa_add() {
	local gw=$1 n=$2 bits=${3:-256}
	shift 2
	[ $# -eq 0 ] || shift
	in_ns "$gw" ipsvtictl sa add vti0 in spi $((SPIS[$gw] + n)) out spi $((SPIS[${OTHER[$gw]}] + n)) \
		alg "aes-gcm-16-$bits" keys "$WORK/$gw.$n" "$@"
}

# pair_up N [BITS] [WORD...]: keys, and both sides, in use at once
pair_up() {
	local n=$1
	shift
	keys "$n" "${1:-256}" && sa_add gwA "$n" "$@" && sa_add gwB "$n" "$@"
}

ENCAP_UDP=(encap udp sport 4500 dport 4500)

# encap_up gwA|gwB: what opens UDP port 4500 for ESP there
encap_up() {
	in_ns "$1" "$NET/encap.py" >"$WORK/encap.$1" 2>&1 &
	wait_for 20 "grep -q ready '$WORK/encap.$1'"
}

# sa_of GW N [FILTER]: what jq's FILTER gives for pair N, "" if there is none
sa_of() {
	in_ns "$1" ipsvtictl --json sa show vti0 |
		jq -r --argjson spi "$(spi "$1" "$2")" ".[] | select(.in.spi == \$spi) | ${3:-.}"
}

pair_id() { sa_of "$1" "$2" '."pair-id"'; } # GW N

state() { sa_of "$1" "$2" .state; } # GW N

carrier() { in_ns "$1" cat /sys/class/net/vti0/carrier; } # GW

tunnel() { in_ns "$1" "$NET/nl.py" ask tunnel-get '{"dev":"vti0"}' | jq -r "$2"; } # GW FILTER

# read_counters GW: those of vti0 to COUNTED, a line "name: value" each, and to DROPPED
# without those of what passed.  Of a script that has called nl_start by netlink, which
# takes no process; else by ethtool(8), which tells the same.
read_counters() {
	local line
	if [ -z "${NL_IN:-}" ] || [ "$1" != gwA ]; then
		COUNTED=$(in_ns "$1" ethtool -S vti0 | sed -n "s/^ *\(.*: [0-9]*\)\$/\1/; y/_/-/; /[0-9]\$/p")
	else
		nl_ask tunnel-get '{"dev":"vti0"}' || return
		COUNTED=${SAID#*\"counters\": \{} COUNTED=${COUNTED%%\}*} COUNTED=${COUNTED//\"/}
		COUNTED=${COUNTED//, /$'\n'}
	fi
	DROPPED=''
	while read -r line; do
		case $line in
		[rt]x-packets:* | [rt]x-bytes:*) ;;
		*) DROPPED+=$line$'\n' ;;
		esac
	done <<<"$COUNTED"
}

counters() { # GW
	read_counters "$1" && echo "$COUNTED"
}

counter() { # GW NAME
	read_counters "$1" && [[ $'\n'$COUNTED =~ $'\n'"$2: "([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# Those that count what was not delivered, and are not 0.
drops() { counters "$1" | grep -vE '^[rt]x-(packets|bytes):|: 0$'; } # GW

# lost_where: what the kernel says of packets that came to an end outside of the tunnel, in all
# namespaces and since they began; fails, for "test || lost_where"
lost_where() {
	local ns
	for ns in hostA gwA gwB hostB; do
		in_ns "$ns" nstat -as | awk -v ns="$ns" '$1 ~ /Discard|Drop|Err|NoRoute|Fail|Overflow|NoPort|Unreach|Timeout/ && $2 { print ns ": " $1, $2 }'
		ip -n "$ns" -s -j link | jq -r --arg ns "$ns" '.[] | .ifname as $dev | .stats64 | to_entries[] | .key as $way | .value |
			to_entries[] | select((.key | test("drop|err")) and .value > 0) | "\($ns): \($dev) \($way) \(.key) \(.value)"'
	done
	awk 'BEGIN { hex = "0123456789abcdef" }
		function number(s,   i, n) { for (i = 1; i <= length(s); i++) n = 16 * n + index(hex, substr(s, i, 1)) - 1; return n }
		$2 !~ /^0+$/ { print "processor " NR - 1 ": " number($2) " did not fit into its queue" }' /proc/net/softnet_stat
	awk 'FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["unresolved_discards"] !~ /^0+$/ { print FILENAME ": discarded, hexadecimal: " $at["unresolved_discards"] }' \
		/proc/net/stat/arp_cache /proc/net/stat/ndisc_cache
	return 1
}

# counts GW NAME BY COMMAND...: the command makes the counter go up by that much, and
# nothing else that counts drops
counts() {
	local gw=$1 name=$2 by=$3 before want
	shift 3
	read_counters "$gw" || return
	before=$DROPPED
	"$@" || return
	[[ $'\n'$before =~ $'\n'"$name: "([0-9]+) ]] || { echo "there is no counter $name"; return 1; }
	want=${before/"$name: ${BASH_REMATCH[1]}"/"$name: $((BASH_REMATCH[1] + by))"}
	wait_for 5 "read_counters $gw && [ \"\$DROPPED\" = '$want' ]" && return
	echo "$name should have gone up by $by:"
	diff <(echo "$before") <(echo "$DROPPED")
	return 1
}

# events_start GW: what its family says goes to $WORK/events.GW, a line each
events_start() {
	in_ns "$1" "$NET/nl.py" monitor >"$WORK/events.$1" 2>&1 &
	wait_for 20 "grep -q ready '$WORK/events.$1'"
}

# event GW FILTER: wait until an event for which jq's FILTER is true has come
event() {
	wait_for 10 "sed 1d '$WORK/events.$1' | jq -es 'any(.[]; $2)' >/dev/null" || {
		cat "$WORK/events.$1"
		return 1
	}
}

# refused TEXT COMMAND...: it fails, and says that
refused() {
	local text=$1 said
	shift
	if said=$("$@" 2>&1); then
		echo "not refused: $*"
		echo "$said"
		return 1
	fi
	grep -qF -- "$text" <<<"$said" && return
	echo "$* said: $said"
	echo "but it should have said: $text"
	return 1
}

# traffic REQUEST: what traffic.py has to say of it, which is started by the first and
# then stays
traffic() {
	local said
	if [ -z "${TRAFFIC_IN:-}" ]; then
		coproc TRAFFIC { "$NET/traffic.py" 2>&1; }
		# Copies, as the shell takes its own away when the process ends.
		exec {TRAFFIC_IN}>&"${TRAFFIC[1]}" {TRAFFIC_OUT}<&"${TRAFFIC[0]}"
	fi
	echo "$*" >&"$TRAFFIC_IN"
	while read -r -t 200 said <&"$TRAFFIC_OUT"; do
		case $said in
		ok) return 0 ;;
		'not ok') return 1 ;;
		*) echo "${said#\# }" ;;
		esac
	done
	echo "traffic.py does not answer"
	return 1
}

ping_across() { # 4|6 [OPTION...]: of traffic.py's ping
	local to=HOSTB$1
	shift
	traffic ping hostA "${!to}" "$@"
}

# Nothing comes back within a moment.
no_ping_across() { ! ping_across "$1" -c 2 -W 1; }

# tcp_across 4|6 BYTES [FROM]: that many random bytes through TCP from hostA (or hostB, or
# gwA) to the other host arrive as they were
tcp_across() {
	local from=${3:-hostA} to=hostB addr
	[ "$from" != hostB ] || to=hostA
	addr=${to^^}$1
	traffic tcp "$from" "$to" "${!addr}" "$2"
}

# mtu GW: what vti0 has
mtu() { ip -n "$1" -j link show vti0 | jq -r '.[0].mtu'; } # GW

mtu_is() { # GW N: within a moment
	wait_for 5 "[ \"\$(mtu $1)\" = $2 ]" && return
	echo "the MTU is $(mtu "$1"), not $2"
	return 1
}

# forget NS...: what they have learnt of paths
forget() {
	local ns
	for ns; do
		in_ns "$ns" ip route flush cache
		in_ns "$ns" ip -6 route flush cache
	done
}

# The LANs and, with too_wide, the devices take packets that do not fit the path.
lans_mtu() { # MTU
	local x
	for x in A B; do
		ip -n "host$x" link set eth0 mtu "$1" && ip -n "gw$x" link set lan mtu "$1" || return
	done
}

# too_wide 4|6 none|udp [OPTION...]: a new tunnel, whose devices have an MTU of 3000
too_wide() {
	local v=$1 how=()
	[ "$2" = none ] || how=("${ENCAP_UDP[@]}")
	shift 2
	links_down
	links_up "$v" "$@" && ip -n gwA link set vti0 mtu 3000 && ip -n gwB link set vti0 mtu 3000 &&
		pair_up 1 256 "${how[@]}"
}

# big_start: from now on big.py sends datagrams
big_start() {
	coproc BIG { "$NET/big.py" 2>&1; }
	exec {BIG_IN}>&"${BIG[1]}" {BIG_OUT}<&"${BIG[0]}"
}

# big_ask WORD...: what it says to that, see there, is in SAID
big_ask() {
	echo "$*" >&"$BIG_IN" && read -r -t 30 SAID <&"$BIG_OUT"
}

# big ANSWER WORD...: that is what it says
big() {
	local want=$1
	shift
	big_ask "$@"
	[ "$SAID" = "$want" ] && return
	echo "$*: $SAID, not $want"
	return 1
}

# verdicts [PREFIX]: a test for each line of $WORK/verdicts, "ok" or "not ok", name, and why
verdicts() {
	local verdict name why
	while IFS=$'\t' read -r verdict name why; do
		if [ "$verdict" = ok ]; then
			ktap_ok "${1:-}$name"
		else
			ktap_fail "${1:-}$name" "$why"
		fi
	done <"$WORK/verdicts"
}

# table_checks: of what nl.py has asked for, and compared with what was answered
table_checks() { verdicts "refused: "; }
