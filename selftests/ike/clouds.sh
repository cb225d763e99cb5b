#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# selftests/lab/run -k uml-time -r selftests/ike/clouds.sh [bird|frr]...
#
# AWS, with two tunnel endpoints, and our gateway with its preset and with BGP by BIRD or
# FRR (both, if none is named). All that our side has is what "ipsvtictl import aws" makes
# of the file that AWS gives, and what the tutorial says. (Other clouds: profiles.sh.)
#
# Traffic follows the MED; both tunnels carry if that is equal; and when one tunnel ends,
# or its wire is cut, traffic moves to the other one, as fast as is told at the end.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"
# shellcheck source=selftests/ike/lessons.sh
. "$IPSVTI_TREE/selftests/ike/lessons.sh"

CLOUD=aws
[ $# -gt 0 ] || set -- bird frr
DAEMONS=("$@")

SAMPLE=$IPSVTI_TREE/tools/tests/aws
TUTORIAL=$IPSVTI_TREE/Documentation/tutorial-aws.md
# shellcheck source=selftests/ike/cloud.sh
. "$IPSVTI_TREE/selftests/ike/cloud.sh"

ktap_plan $((3 + 6 * ${#DAEMONS[@]} + (${#DAEMONS[@]} > 1)))

# ---- our side --------------------------------------------------------------------

# The file that the cloud gives.
# Each lesson of the tutorial is run on our side, in place of what a user would type.
cloud_file() { # txt|xml
	sed -e "s/203\.0\.113\.10/$GWA4/; s/169\.254\.11\./${INSIDE[0]}./; s/169\.254\.12\./${INSIDE[1]}./; s/64512/$AS/" \
		"$SAMPLE/bgp.$1"
}

# What the tutorial wants of AWS.
stand_ins() {
	mkdir -p /etc/ipsvti /etc/netns/gwA/ipsvti /run/ipsvti /etc/bird /run/bird
	cloud_file txt >"$OUT/vpn.txt"
	cloud_file xml >"$OUT/vpn.xml"
	printf '#!/bin/sh\ncat "%s"\n' "$OUT/vpn.xml" | stand_in aws
}

# lesson HEADING: the commands below it, on our gateway.
lesson() { lesson_at gwA "$TUTORIAL" "$1" "s/169\.254\.11\./${INSIDE[0]}./"; }

configure() {
	stand_ins && rm -f /etc/netns/gwA/ipsvti/* && lesson '1. At AWS' && lesson '2. The files' || return
	# The text says the same.
	rm -rf "$OUT/text" && mkdir "$OUT/text" && ipsvtictl import aws "$OUT/vpn.txt" --announce 10.1.0.0/24 --output "$OUT/text" &&
		diff -r --exclude=aws.bird /etc/netns/gwA/ipsvti "$OUT/text"
}

tunnels_up() {
	lesson '3. The tunnels' && lesson '4. BGP' && both_up || return
	our_status | jq -e '[.. | .suite? // empty] | map(select(test("^aes256gcm16-prfsha384-ecp384$|^aes256gcm16"))) | length == 4' || return
	ip -n gwA -j link show | jq -e '[.[] | select(.ifname | test("^aws")) | .mtu] == [1446, 1446]' &&
		! grep warning "$OUT/gwA.log" && in_ns gwA ping -q -c 1 -W 5 "${INSIDE[1]}.1"
}

bird_start() { lesson BIRD; }

frr_start() { lesson FRR; }

router_end() {
	local pid
	# Those that are left of FRR clean up after bgpd.
	tac /run/router.pids >/run/router.last
	while read -r pid; do
		kill "$pid" && wait_for 20 "! kill -0 $pid" || return
	done </run/router.last
	wait_for 10 'by gwA ""'
}

routes() {
	"${1}_start" && wait_for 60 'by gwA aws1 && by gwB "xfrm1 xfrm2"' && wait_for 20 'in_ns hostA ping -q -c 1 -W 1 10.2.0.2'
}

med_moves() {
	meds 200 100 && wait_for 60 'by gwA aws2' && in_ns hostA ping -q -c 1 -W 5 10.2.0.2 &&
		meds 100 200 && wait_for 60 'by gwA aws1'
}

# 64 flows: all of them by one of two even ways is what no hash does.
both_carry() {
	meds 100 100 && wait_for 60 'by gwA "aws1 aws2"' || return
	local one two
	one=$(sent 1) two=$(sent 2)
	in_ns hostA bash -c 'for ((p = 9000; p < 9064; p++)); do echo x >/dev/udp/10.2.0.2/$p; done'
	one=$(($(sent 1) - one)) two=$(($(sent 2) - two))
	TOLD+=("$1: of 64 flows, aws1 has taken $one packets and aws2 $two")
	[ "$one" -ge 10 ] && [ "$two" -ge 10 ]
}

# under_pings FILE COMMAND...: while hostA pings ten times a second.
under_pings() {
	local pid status since
	ip netns exec hostA ping -D -i 0.1 -W 1 10.2.0.2 >"$1" &
	pid=$!
	wait_for 20 "[ \$(grep -c icmp_seq= $1) -gt 10 ]"
	"${@:2}"
	status=$?
	# Until twenty more were answered in a row: what comes back too late has come back.
	since=$EPOCHREALTIME
	wait_for 60 "awk -F '[][]| icmp_seq=' '/icmp_seq=/ && \$2 > $since { row = \$4 + 0 == seq + 1 ? row + 1 : 1; seq = \$4 + 0 } END { exit row < 20 }' $1" || status=1
	kill -INT "$pid"
	wait "$pid"
	return "$status"
}

# outage FILE: how many were lost, and the longest time without an answer, in ms.
outage() {
	awk -F '[][]| icmp_seq=' '/icmp_seq=/ { n = $4 + 0; t = $2 * 1000
			if (was) { lost += n - seq - 1; if (t - was > gap) gap = t - was }
			was = t; seq = n }
		END { printf "%d %d\n", lost, gap }' "$1"
}

endpoint_ends() {
	local before
	before=$(downs 1)
	swanctl --terminate --ike tunnel1 --timeout 5
	ip -n gwB link set xfrm1 down
	gone 1 "$before"
}

# An endpoint is replaced: it says goodbye, and comes back.
replaced() {
	local lost gap
	meds 100 200 && wait_for 60 'by gwA aws1' && under_pings "$OUT/$1.replaced" endpoint_ends || return
	read -r lost gap <<<"$(outage "$OUT/$1.replaced")"
	TOLD+=("$1: endpoint replaced: carrier gone after $TOOK_DOWN ms, our route moved $TOOK_ROUTE ms later; $lost pings of 10 a second lost, longest silence $gap ms")
	[ "$TOOK_ROUTE" -le 1000 ] && [ "$gap" -le 3000 ] || return
	ip -n gwB link set xfrm1 up
	wait_for 60 both_up && wait_for 60 'by gwA aws1 && by gwB "xfrm1 xfrm2"'
}

wire_cut() {
	local before
	before=$(downs 1)
	in_ns inet nft add element ip cut dead "{ ${ENDPOINT[0]} }"
	gone 1 "$before"
}

# The cloud is to use the first tunnel.  Its BIRD asks for the routes once more when
# what it prefers has changed, and on a busy machine was seen to get no answer.
prefers_first() {
	wait_for 20 'by gwB xfrm1' && return
	birdc_ reload in all
	wait_for 60 'by gwB xfrm1'
}

# Nobody says anything: we find it in 17.5 s, the cloud by the hold time.
lost_wire() {
	local lost gap
	# By chance its packets would take the good one already.
	meds 100 200 50 && prefers_first && under_pings "$OUT/$1.cut" wire_cut || return
	read -r lost gap <<<"$(outage "$OUT/$1.cut")"
	TOLD+=("$1: wire cut: carrier gone after $TOOK_DOWN ms, our route moved $TOOK_ROUTE ms later; $lost pings of 10 a second lost, longest silence $gap ms (hold time $HOLD s)")
	[ "$TOOK_DOWN" -le 26000 ] && [ "$TOOK_ROUTE" -le 1000 ] && [ "$gap" -le $((HOLD * 1000 + 4000)) ] || return
	in_ns inet nft delete element ip cut dead "{ ${ENDPOINT[0]} }"
	meds 100 200
	wait_for 90 both_up && wait_for 60 'by gwA aws1 && by gwB "xfrm1 xfrm2"'
}

ktap_run "$CLOUD: two endpoints and a BGP router" cloud_start
ktap_run "our side is what the import makes" configure
ktap_run "both tunnels come up with the suite of the preset" tunnels_up
for d in "${DAEMONS[@]}"; do
	ktap_run "$d: routes are exchanged, and the lower MED is used" routes "$d"
	ktap_run "$d: traffic follows the MED" med_moves
	ktap_run "$d: both tunnels carry if it is equal" both_carry "$d"
	ktap_run "$d: an endpoint is replaced: traffic moves at once" replaced "$d"
	ktap_run "$d: a wire is cut: traffic moves, and comes back" lost_wire "$d"
	ktap_run "$d: ends, and so do its routes" router_end
done
[ ${#DAEMONS[@]} -lt 2 ] || ktap_run "no lesson was left out" lessons_left "$TUTORIAL"
printf '# %s\n' "${TOLD[@]}"
kill "$(cat /run/gwA.pid)"
ktap_end
