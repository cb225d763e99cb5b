# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A cloud with two tunnel endpoints, played by strongSwan and BIRD with the parameters that
# it publishes, in the place of gwB; and what is measured of our side, gwA. Sourced, after
# common.sh, with CLOUD set. Our devices are ${CLOUD}1 and ${CLOUD}2.

# shellcheck source=selftests/ike/swan.sh
. "$IPSVTI_TREE/selftests/ike/swan.sh"

ENDPOINT=(198.51.100.21 198.51.100.22)
KEYS=(example.key.of_tunnel_1.of.AWS.01 example.key.of_tunnel_2.of.AWS.02)
OUR_AS=65000
TOLD=()

# What the cloud publishes of itself: inside networks, AS, proposals, lifetimes, how long
# it takes to find a dead peer, BGP's hold time. SHORT_… is the same with lives that a
# test can see the end of.
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
	SHORT_CHILD='rekey_time = 5s
				rand_time = 2s
				life_time = 20s
				replay_window = 1024'
	;;
azure)
	# A policy is one combination; the hold time cannot be changed, and is not negotiated down.
	# (The replay window it does not tell. strongSwan's own, of 32, is too small for flows
	# that send at once over a path that changes their order.)
	INSIDE=(169.254.21 169.254.22) AS=65515 HOLD=180
	IKE=aes256gcm16-prfsha384-ecp384 ESP=aes256gcm16-ecp384
	LIVES='rekey_time = 27000s
			over_time = 1800s'
	CHILD='rekey_time = 24300s
				life_time = 27000s
				rekey_bytes = 94371840000
				life_bytes = 104857600000
				replay_window = 1024' TS=0.0.0.0/0 DPD=45
	# It is octets that end its SAs.
	SHORT_CHILD='rekey_time = 24300s
				life_time = 27000s
				rekey_bytes = 30000
				rand_bytes = 4000
				life_bytes = 10000000
				replay_window = 1024'
	;;
gcp)
	INSIDE=(169.254.31 169.254.32) AS=64514 HOLD=60
	IKE=aes256gcm16-prfsha384-ecp384,aes128gcm16-prfsha256-modp2048,aes256-sha256-modp2048
	ESP=aes256gcm16-ecp384,aes128gcm16-modp2048,aes256-sha256-modp2048
	LIVES='rekey_time = 32400s
			over_time = 3600s'
	CHILD='rekey_time = 9720s
				life_time = 10800s
				replay_window = 4096' TS=0.0.0.0/0 DPD=20
	SHORT_CHILD='rekey_time = 5s
				life_time = 20s
				replay_window = 4096'
	;;
*)
	echo "no cloud is called $CLOUD" >&2
	exit 2
	;;
esac
SHORT_LIVES='rekey_time = 14s
			over_time = 14s'

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
	strongswan_conf ''
	{
		echo "connections {"
		swan_side 1
		swan_side 2
		printf '}\nsecrets {\n'
		printf 'ike%s {\nid = %s\nsecret = "%s"\n}\n' 1 "${ENDPOINT[0]}" "${KEYS[0]}" 2 "${ENDPOINT[1]}" "${KEYS[1]}"
		echo '}'
	} >"$SWAN/swanctl/swanctl.conf"
}

birdc_() { in_ns gwB birdc -s /run/gwB.bird "$@"; }

# bird_head ROUTER-ID: what BIRD's configuration begins with, at either end.
bird_head() {
	cat <<-EOT
		router id $1;
		log stderr all;
		protocol device { scan time 5; }
		protocol direct { ipv4; interface "lan"; }
		protocol kernel { merge paths on; ipv4 { import none; export where source = RTS_BGP; }; }
	EOT
}

# cloud_bird MED1 MED2 [PREFERENCE2]: what it tells us of its network, by each tunnel,
# and what it thinks of the second one (of the first one 100).
cloud_bird() {
	bird_head "$GWB4"
	local n preference
	for n in 1 2; do
		preference=100
		[ "$n" = 1 ] || preference=${3:-100}
		cat <<-EOT
			protocol bgp us$n {
				local ${INSIDE[n - 1]}.1 as $AS;
				neighbor ${INSIDE[n - 1]}.2 as $OUR_AS;
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

# ---- what is measured --------------------------------------------------------------

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

up() { [[ $(ip -n gwA -o link show "$CLOUD$1") == *,LOWER_UP* ]]; }
both_up() { up 1 && up 2; }
our_status() { in_ns gwA ipsvtictl --json status; }

sent() { in_ns gwA cat "/sys/class/net/$CLOUD$1/statistics/tx_packets"; }

# downs N: how often our device of tunnel N lost its carrier.
downs() { in_ns gwA cat "/sys/class/net/$CLOUD$1/carrier_down_count"; }

# gone N DOWNS: how long our device of tunnel N, which had lost its carrier so often before,
# and our route took, from now on. The carrier may be back before anybody looks.
gone() {
	local began down
	began=$(now_ms)
	wait_for 60 "! up $1 || [ \$(downs $1) -gt $2 ]" || return
	down=$(now_ms)
	wait_for 10 "by gwA $CLOUD$((3 - $1))" || return
	TOOK_DOWN=$((down - began)) TOOK_ROUTE=$(($(now_ms) - down))
}

