#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# selftests/lab/run -k uml-time -r selftests/ike/clouds.sh [aws [bird|frr]...]
#
# A cloud with two tunnel endpoints, played by strongSwan and BIRD with the parameters
# that the cloud publishes, and our gateway with its preset and with BGP by BIRD or FRR
# (both, if none is named). All that our side has is what "ipsvtictl import aws" makes of
# the file that AWS gives, and what the tutorial says.
#
# Traffic follows the MED; both tunnels carry if that is equal; and when one tunnel ends,
# or its wire is cut, traffic moves to the other one, as fast as is told at the end.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"
# shellcheck source=selftests/ike/lessons.sh
. "$IPSVTI_TREE/selftests/ike/lessons.sh"

CLOUD=${1:-aws}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- bird frr
DAEMONS=("$@")

SWAN=/etc/netns/gwB
export STRONGSWAN_CONF=$SWAN/strongswan.conf
ENDPOINT=(198.51.100.21 198.51.100.22)
KEYS=(example.key.of_tunnel_1.of.AWS.01 example.key.of_tunnel_2.of.AWS.02)
SAMPLE=$IPSVTI_TREE/tools/tests/aws
TUTORIAL=$IPSVTI_TREE/Documentation/tutorial-aws.md
TOLD=()

# What the cloud publishes of itself: inside networks, AS, proposals, lifetimes, how long
# it takes to find a dead peer, BGP's hold time.
case $CLOUD in
aws)
	INSIDE=(169.254.11 169.254.12) AS=64512 HOLD=30
	# It starts with the lowest that it has, whatever the order of the peer.
	IKE=aes128-sha1-modp1024,aes128-sha1-modp2048,aes128-sha256-modp2048,aes256-sha256-modp2048,aes128gcm16-prfsha256-ecp256,aes256gcm16-prfsha384-ecp384
	ESP=aes128-sha1-modp1024,aes128-sha1-modp2048,aes128-sha256-modp2048,aes256-sha256-modp2048,aes128gcm16-ecp256,aes256gcm16-ecp384
	LIVES='rekey_time = 28260s
			over_time = 540s'
	CHILD='rekey_time = 3060s
				rand_time = 270s
				life_time = 3600s
				replay_window = 1024' TS=0.0.0.0/0 DPD=10
	;;
*) echo "no cloud is called $CLOUD" >&2; exit 2 ;;
esac

ktap_plan $((3 + 6 * ${#DAEMONS[@]}))

now_ms() { local t=${EPOCHREALTIME/./}; echo $((t / 1000)); }

# ---- the cloud -------------------------------------------------------------------

swan_side() { # N
	cat <<-EOT
		tunnel$1 {
			version = 2
			local_addrs = ${ENDPOINT[$1 - 1]}
			remote_addrs = $GWA4
			proposals = $IKE
			$LIVES
			mobike = no
			fragmentation = yes
			dpd_delay = ${DPD}s
			local {
				auth = psk
				id = ${ENDPOINT[$1 - 1]}
			}
			remote {
				auth = psk
				id = $GWA4
			}
			children {
				net {
					esp_proposals = $ESP
					local_ts = $TS
					remote_ts = $TS
					if_id_in = $1
					if_id_out = $1
					$CHILD
				}
			}
		}
	EOT
}

swan_conf() {
	mkdir -p "$SWAN/swanctl"
	cat >"$STRONGSWAN_CONF" <<-EOT
		charon-systemd {
			load = random nonce openssl pem kdf kernel-netlink socket-default vici
			install_routes = no
			retransmit_tries = 3
			retransmit_timeout = 2
			filelog {
				log {
					path = $OUT/charon.log
					default = 1
					flush_line = yes
				}
			}
		}
		swanctl {
			load = random openssl
		}
	EOT
	{
		echo "connections {"
		swan_side 1
		swan_side 2
		printf '}\nsecrets {\n'
		printf 'ike%s {\nid = %s\nsecret = "%s"\n}\n' 1 "${ENDPOINT[0]}" "${KEYS[0]}" 2 "${ENDPOINT[1]}" "${KEYS[1]}"
		echo '}'
	} >"$SWAN/swanctl/swanctl.conf"
}

swanctl() { in_ns gwB timeout 30 swanctl "$@"; }
birdc_() { in_ns gwB birdc -s /run/gwB.bird "$@"; }

# cloud_bird MED1 MED2 [PREFERENCE2]: what it tells us of its network, by each tunnel,
# and what it thinks of the second one (of the first one 100).
cloud_bird() {
	cat <<-EOT
		router id $GWB4;
		log stderr all;
		protocol device { scan time 5; }
		protocol direct { ipv4; interface "lan"; }
		protocol kernel { merge paths on; ipv4 { import none; export where source = RTS_BGP; }; }
	EOT
	local n preference
	for n in 1 2; do
		preference=100
		[ "$n" = 1 ] || preference=${3:-100}
		cat <<-EOT
			protocol bgp us$n {
				local ${INSIDE[n - 1]}.1 as $AS;
				neighbor ${INSIDE[n - 1]}.2 as 65000;
				keepalive time $((HOLD / 3));
				hold time $HOLD;
				connect delay time 1; connect retry time 5; error wait time 1, 5;
				ipv4 {
					import filter { bgp_local_pref = $preference; accept; };
					export filter { if source != RTS_DEVICE then reject; bgp_med = ${!n}; accept; };
				};
			}
		EOT
	done
}

cloud_start() {
	modprobe ipsvti && topo_up && endpoints 4 || return
	ip -n gwB -batch - <<-EOT || return
		addr add ${ENDPOINT[0]}/24 dev wan
		addr add ${ENDPOINT[1]}/24 dev wan
		link add xfrm1 type xfrm dev wan if_id 1
		link add xfrm2 type xfrm dev wan if_id 2
		addr add ${INSIDE[0]}.1/30 dev xfrm1
		addr add ${INSIDE[1]}.1/30 dev xfrm2
		link set xfrm1 mtu 1400 up
		link set xfrm2 mtu 1400 up
	EOT
	in_ns gwB sysctl -qw net.ipv4.fib_multipath_hash_policy=1
	in_ns inet nft -f - <<-EOT
		table ip cut {
			set dead { type ipv4_addr; }
			chain forward {
				type filter hook forward priority 0
				ip daddr @dead drop
				ip saddr @dead drop
			}
		}
	EOT
	swan_conf || return
	ip netns exec gwB charon-systemd >"$OUT/charon.out" 2>&1 &
	cloud_bird 100 200 >"$OUT/cloud.conf"
	ip netns exec gwB bird -f -c "$OUT/cloud.conf" -s /run/gwB.bird >"$OUT/cloud.log" 2>&1 &
	wait_for 30 'swanctl --stats && birdc_ show status' && swanctl --load-all
}

# meds MED1 MED2: the cloud changes its mind.
meds() {
	cloud_bird "$@" >"$OUT/cloud.conf"
	birdc_ configure
}

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
		diff -r --exclude=aws.bird /etc/netns/gwA/ipsvti "$OUT/text" || return
	[ "$CLOUD" = aws ] || sed -i "s/\"aws\"/\"$CLOUD\"/" /etc/netns/gwA/ipsvti/aws?.conf
}

up() { [[ $(ip -n gwA -o link show "aws$1") == *,LOWER_UP* ]]; }
both_up() { up 1 && up 2; }
our_status() { in_ns gwA ipsvtictl --json status; }

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

# by NS DEVICES: what the route to the other LAN leaves by, in order.
by() {
	local dst=10.2.0.0/24 words=() devs=() i
	[ "$1" = gwA ] || dst=10.1.0.0/24
	# One process and no more: this is asked again and again.
	read -rd '' -a words < <(ip -n "$1" route show "$dst")
	for ((i = 1; i < ${#words[@]}; i++)); do
		[ "${words[i - 1]}" != dev ] || devs[${words[i]: -1}]=${words[i]}
	done
	[ "${devs[*]}" = "$2" ]
}

routes() {
	"${1}_start" && wait_for 60 'by gwA aws1 && by gwB "xfrm1 xfrm2"' && wait_for 20 'in_ns hostA ping -q -c 1 -W 1 10.2.0.2'
}

med_moves() {
	meds 200 100 && wait_for 20 'by gwA aws2' && in_ns hostA ping -q -c 1 -W 5 10.2.0.2 &&
		meds 100 200 && wait_for 20 'by gwA aws1'
}

sent() { in_ns gwA cat "/sys/class/net/aws$1/statistics/tx_packets"; }

# 64 flows: all of them by one of two even ways is what no hash does.
both_carry() {
	meds 100 100 && wait_for 20 'by gwA "aws1 aws2"' || return
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

# gone N: how long our device of tunnel N and our route took, from now on.
gone() {
	local began down
	began=$(now_ms)
	wait_for 60 "! up $1" || return
	down=$(now_ms)
	wait_for 10 "by gwA aws$((3 - $1))" || return
	TOOK_DOWN=$((down - began)) TOOK_ROUTE=$(($(now_ms) - down))
}

endpoint_ends() {
	swanctl --terminate --ike tunnel1 --timeout 5
	ip -n gwB link set xfrm1 down
	gone 1
}

# An endpoint is replaced: it says goodbye, and comes back.
replaced() {
	local lost gap
	meds 100 200 && wait_for 20 'by gwA aws1' && under_pings "$OUT/$1.replaced" endpoint_ends || return
	read -r lost gap <<<"$(outage "$OUT/$1.replaced")"
	TOLD+=("$1: endpoint replaced: carrier gone after $TOOK_DOWN ms, our route moved $TOOK_ROUTE ms later; $lost pings of 10 a second lost, longest silence $gap ms")
	[ "$TOOK_ROUTE" -le 1000 ] && [ "$gap" -le 3000 ] || return
	ip -n gwB link set xfrm1 up
	wait_for 60 both_up && wait_for 60 'by gwA aws1 && by gwB "xfrm1 xfrm2"'
}

wire_cut() {
	in_ns inet nft add element ip cut dead "{ ${ENDPOINT[0]} }"
	gone 1
}

# Nobody says anything: we find it in 17.5 s, the cloud by the hold time.
lost_wire() {
	local lost gap
	# By chance its packets would take the good one already.
	meds 100 200 50 && wait_for 20 'by gwB xfrm1' && under_pings "$OUT/$1.cut" wire_cut || return
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
printf '# %s\n' "${TOLD[@]}"
kill "$(cat /run/gwA.pid)"
ktap_end
