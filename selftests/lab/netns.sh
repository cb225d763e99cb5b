# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Network topologies, waiting, captures and KTAP for scripts that run in a guest:
#
#	. "$IPSVTI_TREE/selftests/lab/netns.sh"
#
#                        LAN A          underlay           LAN B
#   +-------+         +-------+        +--------+        +-------+         +-------+
#   | hostA |eth0--lan|  gwA  |wan--toA|  inet  |toB--wan|  gwB  |lan--eth0| hostB |
#   +-------+         +-------+        +--------+        +-------+         +-------+
#
#   hostA eth0  10.1.0.2/24       fd00:1::2/64
#   gwA   lan   10.1.0.1/24       fd00:1::1/64
#   gwA   wan   192.0.2.1/24      2001:db8:a::1/64
#   inet  toA   192.0.2.254/24    2001:db8:a::fe/64
#   inet  toB   198.51.100.254/24 2001:db8:b::fe/64
#   gwB   wan   198.51.100.1/24   2001:db8:b::1/64
#   gwB   lan   10.2.0.1/24       fd00:2::1/64
#   hostB eth0  10.2.0.2/24       fd00:2::2/64
#
# "topo_up nat=a" puts a box in front of gwA that hides it behind 192.0.2.1 (IPv6
# is routed); "nat=b" the same in front of gwB, with the names and numbers in ():
#
#   +-------+         +-------+       +-------+         +--------+
#   |  gwA  |wan----in|  nat  |out-toA|  inet |         192.0.2.1 (198.51.100.1)
#   +-------+         +-------+       +-------+         is what the peer sees
#
#   gwA   wan   192.168.77.1/24   2001:db8:a:1::1/64  (gwB, 2001:db8:b:1::1)
#   nat   in    192.168.77.254/24 2001:db8:a:1::fe/64 (2001:db8:b:1::fe)
#   nat   out   192.0.2.1/24      2001:db8:a::1/64    (198.51.100.1, 2001:db8:b::1)
#
# Set by topo_up: GWA4 GWA6 GWB4 GWB6, the addresses of the wan devices, and
# GWA4_SEEN GWB4_SEEN, those that the other side sees.  The LANs are not routed in
# inet: without a tunnel no host reaches the other.

# in_ns NS COMMAND...
in_ns() { ip netns exec "$@"; }

topo_ns() { # NAME: a namespace that forwards and does not wait for addresses
	ip netns add "$1" || return
	ip -n "$1" link set lo up
	in_ns "$1" sysctl -qw \
		net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.default.router_solicitations=0
}

topo_link() { # NS1 DEV1 ADDR4 ADDR6 NS2 DEV2 ADDR4 ADDR6
	ip link add dev "$2" netns "$1" type veth peer name "$6" netns "$5" || return
	topo_end "$1" "$2" "$3" "$4"
	topo_end "$5" "$6" "$7" "$8"
}

# One process for all, as starting one costs 50 ms on an emulated processor.
topo_end() { # NS DEV ADDR4 ADDR6
	ip -n "$1" -batch - <<-EOT
		addr add $3 dev $2
		addr add $4 dev $2 nodad
		link set dev $2 up
	EOT
}

topo_default() { # NS ADDR4 ADDR6
	ip -n "$1" -batch - <<-EOT
		route add default via $2
		route add default via $3
	EOT
}

topo_lan() { # a|b N: a gateway and the host behind it
	local x=${1^^} n=$2
	topo_ns "host$x" && topo_ns "gw$x" &&
		topo_link "host$x" eth0 "10.$n.0.2/24" "fd00:$n::2/64" \
			"gw$x" lan "10.$n.0.1/24" "fd00:$n::1/64" &&
		topo_default "host$x" "10.$n.0.1" "fd00:$n::1"
}

topo_wan() { # a|b NET4 NAT: from a gateway to inet, NAT or not
	local x=${1^^} net=$2 six=2001:db8:$1
	if [ "$3" != "$1" ]; then
		topo_link "gw$x" wan "$net.1/24" "$six::1/64" inet "to$x" "$net.254/24" "$six::fe/64" &&
			topo_default "gw$x" "$net.254" "$six::fe"
		return
	fi
	topo_ns nat &&
		topo_link "gw$x" wan 192.168.77.1/24 "$six:1::1/64" nat in 192.168.77.254/24 "$six:1::fe/64" &&
		topo_default "gw$x" 192.168.77.254 "$six:1::fe" &&
		topo_link nat out "$net.1/24" "$six::1/64" inet "to$x" "$net.254/24" "$six::fe/64" &&
		topo_default nat "$net.254" "$six::fe" &&
		ip -n inet route add "$six:1::/64" via "$six::1" &&
		in_ns nat nft -f - <<-EOT
			table ip nat {
				chain out {
					type nat hook postrouting priority srcnat
					oifname "out" masquerade
				}
			}
		EOT
}

# topo_up [nat=a|b|none]: make all of the above.
topo_up() {
	local nat=none arg
	for arg; do
		case $arg in
		nat=a | nat=b | nat=none) nat=${arg#nat=} ;;
		*) echo "topo_up: '$arg' is not nat=a, nat=b or nat=none" >&2; return 2 ;;
		esac
	done
	GWA4=192.0.2.1 GWA6=2001:db8:a::1 GWB4=198.51.100.1 GWB6=2001:db8:b::1
	GWA4_SEEN=$GWA4 GWB4_SEEN=$GWB4
	case $nat in
	a) GWA4=192.168.77.1 GWA6=2001:db8:a:1::1 ;;
	b) GWB4=192.168.77.1 GWB6=2001:db8:b:1::1 ;;
	esac
	export GWA4 GWA6 GWB4 GWB6 GWA4_SEEN GWB4_SEEN
	topo_down
	topo_lan a 1 && topo_lan b 2 && topo_ns inet &&
		topo_wan a 192.0.2 "$nat" && topo_wan b 198.51.100 "$nat" &&
		wait_for 10 "in_ns gwA ping -q -c 1 -W 1 $GWB4_SEEN" &&
		wait_for 10 "in_ns gwA ping -q -c 1 -W 1 $GWB6"
}

# topo_down: end what runs in the namespaces, and remove them.
topo_down() {
	local ns
	for ns in hostA gwA nat inet gwB hostB; do
		[ -e "/run/netns/$ns" ] || continue
		ip netns pids "$ns" | xargs -r kill 2>/dev/null
		ip netns delete "$ns"
	done
}

# pause SECONDS: as sleep(1), but not a process, which costs as much as the pause.
exec {NEVER}<> <(:)
pause() { read -r -t "$1" -u "$NEVER" || true; }

# wait_for SECONDS 'CONDITION': until the condition, a piece of shell, holds.  If
# it does not within that time, say what was awaited and what it said last; 1.
# Looked at less than twice in a second, the guest did not have that time: a busy
# host stops it for seconds, and nothing that is waited for went on meanwhile.
WAIT_SAID=$(mktemp)
wait_for() {
	local end=$((SECONDS + $1)) looks=0 said
	while ! eval "$2" >"$WAIT_SAID" 2>&1; do
		looks=$((looks + 1))
		if [ "$SECONDS" -ge "$end" ] && [ "$looks" -ge $((2 * $1)) ]; then
			said=$(<"$WAIT_SAID")
			echo "waited $1 s in vain for: $2" >&2
			[ -z "$said" ] || echo "${said//$'\n'/$'\n'  }" >&2
			return 1
		fi
		pause 0.1
	done
}

declare -A CAPTURES=()

# capture_start NS DEV FILE [TCPDUMP-ARG...]: from when this returns, what passes
# DEV goes to FILE.
capture_start() {
	local ns=$1 dev=$2 file=$3
	shift 3
	rm -f "$file" "$file.log"
	ip netns exec "$ns" tcpdump -i "$dev" -w "$file" -U --immediate-mode -B 8192 -s 0 -Z root "$@" \
		>"$file.log" 2>&1 &
	CAPTURES[$file]=$!
	if ! wait_for 20 "grep -q 'listening on' '$file.log'"; then
		cat "$file.log" >&2
		capture_stop "$file"
		return 1
	fi
}

# capture_stop [FILE]: end that capture, or all; the files are complete then.
capture_stop() {
	local file size last pid
	for file in "${@:-${!CAPTURES[@]}}"; do
		[ -n "$file" ] || continue
		pid=${CAPTURES[$file]:?"no capture to $file"}
		# What was seen last may still be on its way to the file.
		last=-1
		while size=$(stat -c %s "$file" 2>/dev/null || echo 0); [ "$size" != "$last" ]; do
			last=$size
			pause 0.3
		done
		kill -INT "$pid" 2>/dev/null
		wait "$pid"
		unset "CAPTURES[$file]"
	done
}

KTAP_PLAN=0 KTAP_N=0 KTAP_BAD=0 KTAP_SKIPPED=0

# ktap_plan N: how many tests will follow.
ktap_plan() {
	KTAP_PLAN=$1
	echo "KTAP version 1"
	echo "1..$1"
}

# ktap_ok NAME
ktap_ok() { echo "ok $((++KTAP_N)) $1"; }

# ktap_fail NAME [WHY]
ktap_fail() {
	[ -z "${2:-}" ] || echo "# ${2//$'\n'/$'\n'# }"
	KTAP_BAD=$((KTAP_BAD + 1))
	echo "not ok $((++KTAP_N)) $1"
}

# ktap_skip NAME WHY
ktap_skip() {
	KTAP_SKIPPED=$((KTAP_SKIPPED + 1))
	echo "ok $((++KTAP_N)) $1 # SKIP $2"
}

# cannot WHY: the test that calls it is skipped, if it returns with its status. A 4 alone
# is no such wish: jq returns that, too.
CANNOT=
cannot() {
	CANNOT=$1
	return 4
}

# ktap_run NAME COMMAND...: one test: passed if the command (a function, say, which
# runs in this shell) returns 0, skipped if it says that it cannot run.
# What it says is shown if it fails, and kept in $IPSVTI_OUT; how long it took, if that
# is long.
ktap_run() {
	local name=$1 log status began=$SECONDS
	log=${IPSVTI_OUT:-/tmp}/test-$((KTAP_N + 1)).log
	shift
	CANNOT=
	"$@" >"$log" 2>&1
	status=$?
	case $status$CANNOT in
	0) ktap_ok "$name" ;;
	4?*) ktap_skip "$name" "$CANNOT" ;;
	*) ktap_fail "$name" "$(cat "$log"; echo "status $status")" ;;
	esac
	[ $((SECONDS - began)) -lt 8 ] || echo "# that took $((SECONDS - began)) s"
}

# ktap_end: the count, and the exit status of the script.
ktap_end() {
	echo "# Totals: pass:$((KTAP_N - KTAP_BAD - KTAP_SKIPPED)) fail:$KTAP_BAD skip:$KTAP_SKIPPED"
	if [ "$KTAP_N" -ne "$KTAP_PLAN" ]; then
		echo "# $KTAP_N tests ran, $KTAP_PLAN were planned"
		exit 1
	fi
	[ "$KTAP_BAD" -eq 0 ] || exit 1
	exit 0
}
