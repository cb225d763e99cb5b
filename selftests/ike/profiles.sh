#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# selftests/lab/run -k uml-time selftests/ike/profiles.sh [aws|azure|gcp]
#
# What a cloud publishes of itself, against the preset that is for it, in virtual time: the
# tunnel comes up whoever begins, and neither end's rekeys, nor those of both at once, cost
# a packet. Then traffic under BGP, with BIRD and with FRR: one tunnel stands by, as the MED
# says, or both carry. It moves when an endpoint is replaced or a wire is cut, and how fast is
# told at the end: in virtual time that is what the protocols take, whatever the machine.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"

CLOUD=${1:-azure}
# shellcheck source=selftests/ike/cloud.sh
. "$IPSVTI_TREE/selftests/ike/cloud.sh"

FLOWS=$IPSVTI_TREE/selftests/ike/flows.py
CONF=/etc/netns/gwA/ipsvti
# What our side may take to find a dead peer: the preset's dpd-interval, a quarter of it, as
# it is looked at so often, and 7.5 s of questions; and what anybody may to move a route.
case $CLOUD in
azure) FOUND_MS=$((15000 + 3750 + 7500 + 500)) ;;
*) FOUND_MS=$((10000 + 2500 + 7500 + 500)) ;;
esac
MOVED_MS=1500
# Ours begin in the last tenth of 10 s, theirs in the last fifth: sometimes one is first,
# sometimes the other.
EVEN_LIVES='rekey_time = 10s
			rand_time = 2s
			over_time = 20s'
EVEN_CHILD='rekey_time = 10s
				rand_time = 2s
				life_time = 30s
				replay_window = 1024'

case $CLOUD in
gcp) ktap_plan 18 ;;
*) ktap_plan 17 ;;
esac

# await SECONDS 'CONDITION' [STEP]: as wait_for, but for what takes long: virtual time costs
# nothing, and looking does.
await() {
	local end=$((SECONDS + $1))
	until eval "$2" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "waited $1 s in vain for: $2" >&2; return 1; }
		pause "${3:-1}"
	done
}

# under_flows FILE COUNT SECONDS COMMAND...: while so many UDP flows pass, each with a
# datagram every SECONDS; what came of them is in FILE.
under_flows() {
	local said=$1 pid status fd
	rm -f "$OUT/stop" && mkfifo "$OUT/stop" && : >"$said" || return
	"$FLOWS" hostA hostB 10.2.0.2 "$2" "$3" <"$OUT/stop" >"$said" &
	pid=$!
	exec {fd}>"$OUT/stop"
	wait_for 20 "[ -s $said ]" && "${@:4}"
	status=$?
	exec {fd}>&-
	wait "$pid" || status=1
	cat "$said"
	return "$status"
}

# of FILE KEY: what flows.py has said
of() { tail -n 1 "$1" | jq -er ".$2"; }

# ---- our side --------------------------------------------------------------------

# our_conf N [LINE...]: of our tunnel N
our_conf() {
	mkdir -p /etc/ipsvti "$CONF"
	printf '%s\n' "preset = \"$CLOUD\"" "local = \"$GWA4\"" "remote = \"${ENDPOINT[$1 - 1]}\"" \
		"psk-file = \"$CLOUD$1.psk\"" "${@:2}" >"$CONF/$CLOUD$1.conf"
	secret "$CONF/$CLOUD$1.psk" "${KEYS[$1 - 1]}"
}

begin() {
	# Something is always on its way, and not in order.
	tc -n inet qdisc add dev toA root netem delay 20ms 15ms && tc -n inet qdisc add dev toB root netem delay 20ms 15ms &&
		our_conf 1 && our_conf 2 && in_ns gwA ipsvtictl --socket /run/gwA.sock check && agent_start gwA &&
		wait_for 10 "ip -n gwA link show ${CLOUD}2" && ip -n gwA -batch - <<-EOT || return
			addr add ${INSIDE[0]}.2/30 dev ${CLOUD}1
			addr add ${INSIDE[1]}.2/30 dev ${CLOUD}2
			link set ${CLOUD}1 up
			link set ${CLOUD}2 up
		EOT
	in_ns gwA sysctl -qw net.ipv4.fib_multipath_hash_policy=1 && wait_for 30 both_up && by_preset initiator
}

# by_preset initiator|responder: both tunnels have the suites and the MTU of the preset,
# and that is what we are for the first one.
by_preset() {
	ctl gwA status | tee "$OUT/status" | jq -e '[.. | .suite? // empty | select(startswith("aes256gcm16"))] | length == 4' &&
		jq -e --arg name "${CLOUD}1" --arg role "$1" '.tunnels[] | select(.name == $name) | .["ike-sas"][0].role == $role' "$OUT/status" &&
		ip -n gwA -j link show | jq -e --arg n "^$CLOUD" '[.[] | select(.ifname | test($n)) | .mtu] == [1446, 1446]' &&
		! grep warning "$OUT/gwA.log" && in_ns gwA ping -q -c 1 -W 5 "${INSIDE[1]}.1"
}

# ---- rekeys ------------------------------------------------------------------------

# lives CLOUDS OURS [LINE...]: "short", "even" (both ends' SAs are as old at the same time)
# or "long", and further lines of our configuration; the first tunnel is gone then.
lives() {
	local LIVES=$LIVES CHILD=$CHILD ours=()
	case $1 in
	short) LIVES=$SHORT_LIVES CHILD=$SHORT_CHILD ;;
	even) LIVES=$EVEN_LIVES CHILD=$EVEN_CHILD ;;
	esac
	[ "$2" != even ] || ours=('ike-lifetime = "10s"' 'child-lifetime = "10s"')
	swan_conf && swanctl --load-all && our_conf 1 "${ours[@]}" "${@:3}" && ctl gwA reload || return
	# A tunnel that is to wait for its peer does; another one was begun by the reload.
	[[ $* = *passive* ]] || ctl gwA down "${CLOUD}1" || return
	wait_for 20 '! up 1'
}

routed() {
	ip -n gwA route replace 10.2.0.0/24 dev "${CLOUD}1" && ip -n gwB route replace 10.1.0.0/24 dev xfrm1
}

unrouted() {
	ip -n gwA route del 10.2.0.0/24 dev "${CLOUD}1"
	ip -n gwB route del 10.1.0.0/24 dev xfrm1
}

# rekeyed LABEL CHILDREN IKES: for 40 s the two flows lose nothing, and at least so many
# new SAs were made.
rekeyed() {
	local children ikes ours
	children=$(times gwA "${CLOUD}1.*CHILD SA .*: installed") ikes=$(times gwA "${CLOUD}1.*IKE SA rekeyed by")
	routed && under_flows "$OUT/$1" 2 0.04 pause 40 || return
	unrouted
	children=$(($(times gwA "${CLOUD}1.*CHILD SA .*: installed") - children))
	ikes=$(($(times gwA "${CLOUD}1.*IKE SA rekeyed by") - ikes))
	ours=$(times gwA "${CLOUD}1.*IKE SA rekeyed by us")
	TOLD+=("$1: $children CHILD SAs and $ikes IKE SAs ($ours by us) in 40 s, $(of "$OUT/$1" lost) of $(of "$OUT/$1" sent) datagrams lost")
	[ "$(of "$OUT/$1" lost)" = 0 ] && [ "$(of "$OUT/$1" twice)" = 0 ] && [ "$children" -ge "$2" ] && [ "$ikes" -ge "$3" ] && both_up
}

# We have begun, and it rekeys.
its_rekeys() {
	lives short long && ctl gwA up "${CLOUD}1" && wait_for 20 both_up && rekeyed its-rekeys 4 2 &&
		[ "$(times gwA "${CLOUD}1.*IKE SA rekeyed by us")" = 0 ]
}

# It begins, and both ends rekey, often at once.
it_begins() {
	lives even even 'start = "passive"' && swanctl --initiate --ike tunnel1 --child net --timeout 20 && wait_for 20 both_up &&
		by_preset responder && rekeyed rekeys-of-both 3 3
}

# ---- BGP ---------------------------------------------------------------------------

ROUTER=()

# Of either daemon: NAME_start begins with these MEDs for the cloud, and NAME_meds changes them.

bird_conf() { # MED1 MED2
	local n
	bird_head "$GWA4"
	for n in 1 2; do
		cat <<-EOT
			protocol bgp them$n {
				local ${INSIDE[n - 1]}.2 as $OUR_AS;
				neighbor ${INSIDE[n - 1]}.1 as $AS;
				interface "$CLOUD$n";
				direct;
				keepalive time $((HOLD / 3));
				hold time $HOLD;
				graceful restart off;
				long lived graceful restart off;
				connect delay time 1; connect retry time 5; error wait time 1, 5;
				ipv4 {
					import all;
					export filter { if source != RTS_DEVICE then reject; bgp_med = ${!n}; accept; };
				};
			}
		EOT
	done
}

bird_start() {
	bird_conf "$@" >"$OUT/gwA.bird.conf"
	ip netns exec gwA bird -f -c "$OUT/gwA.bird.conf" -s /run/gwA.bird >"$OUT/gwA.bird.log" 2>&1 &
	ROUTER=($!)
}

bird_meds() {
	bird_conf "$@" >"$OUT/gwA.bird.conf"
	birdc -s /run/gwA.bird configure
}

frr_meds() {
	printf 'route-map med%d permit 10\n set metric %d\nexit\n' 1 "$1" 2 "$2" >"$OUT/frr.meds"
	in_ns gwA vtysh -f "$OUT/frr.meds"
}

frr_start() {
	local d n
	mkdir -p /run/frr && chown frr:frr /run/frr
	ROUTER=()
	for d in mgmtd zebra bgpd; do
		ip netns exec gwA "/usr/lib/frr/$d" -A 127.0.0.1 >"$OUT/gwA.$d.log" 2>&1 &
		# Those that are left clean up after bgpd.
		ROUTER=($! "${ROUTER[@]}")
		wait_for 20 "[ -S /run/frr/$d.vty ]" || return
	done
	{
		printf 'route-map all permit 10\nexit\nrouter bgp %s\n bgp router-id %s\n' "$OUR_AS" "$GWA4"
		for n in 0 1; do
			printf ' neighbor %s.1 %s\n' "${INSIDE[n]}" "remote-as $AS" "${INSIDE[n]}" "timers $((HOLD / 3)) $HOLD" \
				"${INSIDE[n]}" 'timers connect 5' "${INSIDE[n]}" graceful-restart-disable
		done
		printf ' address-family ipv4 unicast\n  network 10.1.0.0/24\n'
		for n in 0 1; do
			printf '  neighbor %s.1 %s\n' "${INSIDE[n]}" activate "${INSIDE[n]}" 'route-map all in' "${INSIDE[n]}" "route-map med$((n + 1)) out"
		done
		printf ' exit-address-family\nexit\n'
	} >"$OUT/frr.conf"
	frr_meds "$@" && in_ns gwA vtysh -f "$OUT/frr.conf"
}

router_end() {
	local pid
	for pid in "${ROUTER[@]}"; do
		kill "$pid" && wait_for 20 "! kill -0 $pid" || return
	done
	await 30 'by gwA ""'
}

sessions() { [ "$(birdc_ show protocols | grep -c Established)" = 2 ]; }

# Now and then BIRD 3.1.8 leaves both ways in the kernel when the metric of the second one
# changes, until it looks there once a minute, though it knows better.
AGAIN=
export_again() {
	AGAIN=$(birdc_ reload filters out kernel1)
	return 1
}

# stands_by COMMAND: one carries, the other stands by, both ways: nothing passes it but BGP.
stands_by() {
	meds 100 200 && "$1" 100 200 || return
	await 60 "by gwA ${CLOUD}1 && { by gwB xfrm1 || export_again; } && sessions" 3 || { state; return 1; }
	local two
	two=$(sent 2)
	under_flows "$OUT/standby" 20 0.1 pause 5 && [ "$(of "$OUT/standby" lost)" = 0 ] && [ $(($(sent 2) - two)) -le 50 ]
}

# What follows is about failures, and the lives of SAs are what they are there.
first_stands_by() { lives long long && ctl gwA up "${CLOUD}1" && wait_for 20 both_up && stands_by bird_start; }

both_carry() { # LABEL COMMAND
	local one two
	meds 100 100 && "$2" 100 100 || return
	await 90 "by gwA '${CLOUD}1 ${CLOUD}2' && by gwB 'xfrm1 xfrm2'" 3 || { state; return 1; }
	one=$(sent 1) two=$(sent 2)
	under_flows "$OUT/both" 40 0.5 pause 5 || return
	one=$(($(sent 1) - one)) two=$(($(sent 2) - two))
	TOLD+=("$1: of 40 flows, ${CLOUD}1 has taken $one packets and ${CLOUD}2 $two")
	# All of them, or nearly all, by one of two even ways is what no hash does.
	[ "$(of "$OUT/both" lost)" = 0 ] && [ "$one" -ge $((two / 4)) ] && [ "$two" -ge $((one / 4)) ]
}

# ---- failures ----------------------------------------------------------------------

# Events of our side, with their times: link and route.
watch_start() {
	ip -n gwA -ts -o monitor link route nexthop >"$OUT/events" &
	WATCH=$!
	wait_for 10 "kill -0 $WATCH"
}

# state: what is looked at first when traffic has not moved
state() {
	cat "$OUT/events"
	echo "$AGAIN"
	ip -n gwA route
	ip -n gwB route
	birdc_ show protocols
	birdc_ show route all for 10.1.0.0/24
	[ ! -S /run/frr/bgpd.vty ] || in_ns gwA vtysh -c 'show bgp summary' -c 'show ip route 10.2.0.0/24' \
		-c 'show route-map' -c "show bgp ipv4 unicast neighbors ${INSIDE[0]}.1 advertised-routes"
}

# took PATTERN FROM: ms from then until the first event that matches; nothing if there is none
took() {
	local stamp
	stamp=$(awk -v p="$1" '$0 ~ p { match($0, /\[[^]]*\]/); print substr($0, RSTART + 1, RLENGTH - 2); exit }' "$OUT/events")
	[ -n "$stamp" ] && echo $(($(date -d "$stamp" +%s%3N) - $2))
}

# gone_by COMMAND...: how long our device of tunnel 1 took, and our route. (If that has no
# event, as FRR's nexthops are the kernel's to end, it is when it was seen.)
gone_by() {
	local began
	watch_start
	began=$(now_ms)
	"$@"
	await 120 "! up 1" && await 20 "by gwA ${CLOUD}2"
	local status=$? seen
	seen=$(now_ms)
	kill "$WATCH"
	TOOK_DOWN=$(took "${CLOUD}1.*(NO-CARRIER|LOWERLAYERDOWN|state DOWN)" "$began") || return
	TOOK_ROUTE=$(took '10[.]2[.]0[.]0/24' "$began") || TOOK_ROUTE=$((seen - began))
	return "$status"
}

# lost_by LABEL MOST_MS SECONDS COMMAND...: our side takes no longer than that to see it; a
# datagram of each flow every SECONDS; sets LOST and SILENCE.
lost_by() {
	under_flows "$OUT/lost" 12 "$3" gone_by "${@:4}" || { state; return 1; }
	LOST=$(of "$OUT/lost" lost) SILENCE=$(of "$OUT/lost" silence_ms)
	TOLD+=("$1: carrier gone after $TOOK_DOWN ms, route moved after $TOOK_ROUTE ms; of 12 flows with a datagram every $3 s $(of "$OUT/lost" hit) were hit, $LOST of $(of "$OUT/lost" sent) datagrams lost, longest silence $SILENCE ms")
	echo "${TOLD[-1]}"
	[ "$TOOK_DOWN" -le "$2" ] && [ $((TOOK_ROUTE - TOOK_DOWN)) -le "$MOVED_MS" ]
}

wire_cut() { in_ns inet nft add element ip cut dead "{ ${ENDPOINT[0]} }"; }

# It says goodbye, and is gone.
endpoint_ends() {
	swanctl --terminate --ike tunnel1 --timeout 5 && wire_cut
	ip -n gwB link set xfrm1 down
}

comes_back() { # OURS THEIRS
	ip -n gwB link set xfrm1 up
	in_ns inet nft flush set ip cut dead
	await 90 both_up && await 90 "by gwA '$1' && by gwB '$2' && sessions" 3
}

# An endpoint is replaced with notice: the cloud moves traffic first, and nothing is lost.
planned() {
	meds 300 200 200 && await 20 "by gwA ${CLOUD}2 && by gwB xfrm2" || return
	under_flows "$OUT/planned" 20 0.1 endpoint_ends || return
	TOLD+=("BIRD: endpoint replaced with notice: $(of "$OUT/planned" lost) of $(of "$OUT/planned" sent) datagrams lost")
	[ "$(of "$OUT/planned" lost)" = 0 ]
	local status=$?
	meds 100 200 && comes_back "${ONE[@]}" && return "$status"
}

# And without.
replaced() { # LABEL OURS THEIRS
	lost_by "$1: endpoint replaced" "$MOVED_MS" 0.1 endpoint_ends && [ "$SILENCE" -le 2500 ]
	local status=$?
	comes_back "$2" "$3" && return "$status"
}

# Nobody says anything: we find it by our questions, the cloud by its hold time.
lost_wire() { # LABEL OURS THEIRS
	lost_by "$1: wire cut" "$FOUND_MS" 0.5 wire_cut && [ "$SILENCE" -le $((HOLD * 1000 + 4000)) ]
	local status=$?
	comes_back "$2" "$3" && return "$status"
}

# ---- MTU ---------------------------------------------------------------------------

big() { in_ns hostA ping -q -c 1 -W 2 -M "do" -s "$(($1 - 28))" 10.2.0.2; }

# Google Cloud's gateways have an MTU of 1460. One packet that is too large finds that out.
mtu_follows() {
	ip -n inet link set toB mtu 1460 && ip -n gwB -batch - <<-EOT && routed || return
		link set wan mtu 1460
		link set xfrm1 mtu 1406
	EOT
	big 1446
	wait_for 10 "[[ \$(ip -n gwA -o link show ${CLOUD}1) = *' mtu 1406 '* ]]" && big 1406 && ! big 1407
}

# By what it leaves, of ours and of theirs.
ONE=("${CLOUD}1" xfrm1) BOTH=("${CLOUD}1 ${CLOUD}2" 'xfrm1 xfrm2')
ktap_run "$CLOUD: two endpoints and a BGP router" cloud_start
ktap_run "we begin: suite and MTU of the preset" begin
ktap_run "its rekeys cost nothing" its_rekeys
ktap_run "it begins, and rekeys of both ends cost nothing" it_begins
ktap_run "BIRD: one tunnel carries, the other stands by" first_stands_by
ktap_run "BIRD: an endpoint is replaced with notice: nothing is lost" planned
ktap_run "BIRD: an endpoint is replaced: traffic moves at once" replaced 'BIRD, MED' "${ONE[@]}"
ktap_run "BIRD: a wire is cut: traffic moves, and comes back" lost_wire 'BIRD, MED' "${ONE[@]}"
ktap_run "BIRD: both tunnels carry" both_carry BIRD bird_meds
ktap_run "BIRD: one of two wires is cut: traffic moves, and comes back" lost_wire 'BIRD, ECMP' "${BOTH[@]}"
ktap_run "BIRD: ends, and so do its routes" router_end
ktap_run "FRR: both tunnels carry" both_carry FRR frr_start
ktap_run "FRR: an endpoint is replaced: traffic moves at once" replaced 'FRR, ECMP' "${BOTH[@]}"
ktap_run "FRR: one of two wires is cut: traffic moves, and comes back" lost_wire 'FRR, ECMP' "${BOTH[@]}"
ktap_run "FRR: one tunnel carries, the other stands by" stands_by frr_meds
ktap_run "FRR: a wire is cut: traffic moves, and comes back" lost_wire 'FRR, MED' "${ONE[@]}"
ktap_run "FRR: ends, and so do its routes" router_end
[ "$CLOUD" != gcp ] || ktap_run "its gateway's MTU is 1460: ours follows" mtu_follows
printf '# %s\n' "${TOLD[@]}"
agents_end
ktap_end
