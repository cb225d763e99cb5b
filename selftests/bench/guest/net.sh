# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# The network inside the guest, and the tunnels that are compared. Sourced by init.
#
#   hostA 10.1.0.2 --- gwA 192.0.2.1 ===== 192.0.2.2 gwB --- 10.2.0.2 hostB
#          a0           lan    wan            wan    lan      b0 10.3.0.0/16
#
# The LANs have an MTU of 1420 and the path between has 1500, so that all tunnels carry
# the same packets, and none has to cut them.
#
# A tunnel is called KIND with options behind it, which are separated by dashes:
#   KIND    plain, plainseg (no packets above the MTU on the path), ipip, policy (XFRM
#           policies, no device), xfrmi, vti, wireguard, ipsvti
#   udp     ESP in UDP
#   6       the outer packets are IPv6
#   chacha  ChaCha20-Poly1305 instead of AES-256-GCM
#   pcrypt  the cipher on all processors in turn, packets in order, by the kernel's pcrypt
#   wN      replay window of N packets (1024)
#   sN      N selectors (of ipsvti) or policies, of which the last one is hit
#   any     0.0.0.0/0 as selectors of both ends (of ipsvti)
#   nN      N tunnels (1)
# shellcheck disable=SC2034 # some are for init

LAN_MTU=1420

# AES key and salt of either direction; pairs.c has them, too
KEY_AB=0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2a3
KEY_BA=0x202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3fb0b1b2b3

in_ns() { /bin/ip netns exec "$@"; }
ip() { /bin/ip "$@"; }	# not busybox's

wire() { # NS DEV NUMBER NS DEV NUMBER MTU: a pair of devices; numbers go to their MACs
	ip link add "$2" netns "$1" mtu "$7" address "02:00:00:00:00:$3" type veth \
		peer name "$5" netns "$4" mtu "$7" address "02:00:00:00:00:$6"
	ip -n "$1" link set "$2" up
	ip -n "$4" link set "$5" up
}

net_up() {
	local ns
	for ns in hostA gwA gwB hostB; do
		ip netns add $ns
		ip -n $ns link set lo up
		in_ns $ns sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.conf.default.rp_filter=0 net.ipv4.tcp_no_metrics_save=1 \
			net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
	done
	# Gateways of IPv6, too. A host would ask for routers through each tunnel, for ever,
	# and all of them about the same time.
	for ns in gwA gwB; do
		in_ns $ns sysctl -q -w net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.forwarding=1
	done
	wire hostA a0 0a gwA lan 1a $LAN_MTU
	wire gwA wan 1c gwB wan 2c 1500
	wire gwB lan 2b hostB b0 0b $LAN_MTU
	# No neighbour is looked for during a measurement.
	ip -n hostA -batch - <<-EOT
		addr add 10.1.0.2/24 dev a0
		neigh add 10.1.0.1 lladdr 02:00:00:00:00:1a dev a0 nud permanent
		route add default via 10.1.0.1
	EOT
	ip -n gwA -batch - <<-EOT
		addr add 10.1.0.1/24 dev lan
		addr add 192.0.2.1/24 dev wan
		addr add fd00::1/64 dev wan nodad
		neigh add 10.1.0.2 lladdr 02:00:00:00:00:0a dev lan nud permanent
		neigh add 192.0.2.2 lladdr 02:00:00:00:00:2c dev wan nud permanent
		neigh add fd00::2 lladdr 02:00:00:00:00:2c dev wan nud permanent
		route add local 198.18.0.0/16 dev lo
		route add 198.19.0.0/16 via 192.0.2.2
	EOT
	ip -n gwB -batch - <<-EOT
		addr add 10.2.0.1/24 dev lan
		addr add 192.0.2.2/24 dev wan
		addr add fd00::2/64 dev wan nodad
		neigh add 10.2.0.2 lladdr 02:00:00:00:00:0b dev lan nud permanent
		neigh add 192.0.2.1 lladdr 02:00:00:00:00:1c dev wan nud permanent
		neigh add fd00::1 lladdr 02:00:00:00:00:1c dev wan nud permanent
		route add local 198.19.0.0/16 dev lo
		route add 198.18.0.0/16 via 192.0.2.1
		route add 10.3.0.0/16 via 10.2.0.2
	EOT
	ip -n hostB -batch - <<-EOT
		addr add 10.2.0.2/24 dev b0
		neigh add 10.2.0.1 lladdr 02:00:00:00:00:2b dev b0 nud permanent
		route add default via 10.2.0.1
		route add local 10.3.0.0/16 dev lo
	EOT
}

# tunnel_name NAME: sets what the functions below go by
tunnel_name() {
	local word
	KIND=${1%%-*} ENCAP=none FAMILY=4 CIPHER=gcm WINDOW=1024 SELECTORS=0 COUNT=1
	AEAD='rfc4106(gcm(aes))' PCRYPT=''
	# shellcheck disable=SC2046 # words
	set -- $(echo "$1" | tr - ' ')
	shift
	for word; do
		case $word in
		udp) ENCAP=udp ;;
		6) FAMILY=6 ;;
		chacha) CIPHER=chacha AEAD='rfc7539esp(chacha20,poly1305)' ;;
		w*) WINDOW=${word#w} ;;
		any) SELECTORS=any ;;
		pcrypt) PCRYPT=1 ;;
		s*) SELECTORS=${word#s} ;;
		n*) COUNT=${word#n} ;;
		esac
	done
	ESP=esp$FAMILY IPOPT=''
	[ $FAMILY = 4 ] || IPOPT=-6
	case $KIND in
	plain | plainseg) MODULES='' ;;
	ipip) MODULES='ipip ip6_tunnel' ;;
	policy) MODULES="$ESP xfrm_user" ;;
	xfrmi) MODULES="xfrm_interface $ESP xfrm_user" ;;
	vti) MODULES="ip_vti ip6_vti $ESP xfrm_user" ;;
	wireguard) MODULES=wireguard ;;
	ipsvti) MODULES=ipsvti ;;
	*) return 1 ;;
	esac
}

# What makes the tunnels of one gateway, as files for programs that read many lines:
# links, states, pairs. The traffic of tunnel I is that for 10.3.0.0 + I + 1.
plan() { # A|B
	seq 0 $((COUNT - 1)) | awk -v side="$1" -v kind="$KIND" -v v="$FAMILY" -v n="$COUNT" \
		-v window="$WINDOW" -v encap="$ENCAP" -v selectors="$SELECTORS" -v aead="$AEAD" \
		-v kab=$KEY_AB -v kba=$KEY_BA -v mtu=$LAN_MTU -v dir=/tmp/plan. '
	function outer(net, side, i) {
		if (n == 1)
			return (v == 4 ? "192.0.2." : "fd00::") side
		return net "." int((i + 1) / 250) "." (i + 1) % 250
	}
	function state(l, r, spi, key, opt) {
		if (kind == "wireguard" || kind == "ipip" || kind ~ /plain/)
			return
		print "xfrm state add src", l, "dst", r, "proto esp spi", spi, "reqid", id,
			"mode tunnel replay-window", window, "aead", aead, key, 128, opt,
			(v == 6 ? "flag af-unspec" : ""), # else it would be for IPv6 only
			(encap == "udp" ? "encap espinudp 4500 4500 0.0.0.0" : "") > states
	}
	function policy(src, dst, way, l, r, opt) {
		print "xfrm policy add src", src, "dst", dst, "dir", way, opt,
			"tmpl src", l, "dst", r, "proto esp reqid", id, "mode tunnel" > states
	}
	BEGIN {
		links = dir "links"; states = dir "states"; pairs = dir "pairs"
		printf "" > links; printf "" > states; printf "" > pairs
	}
	{
		i = $1; id = i + 1; dev = "tun" i
		us = side == "A" ? 1 : 2; them = 3 - us
		l = outer("198." (17 + us), us, i); r = outer("198." (17 + them), them, i)
		# what B receives on counts from 0x200000, what A receives on from 0x100000
		ab = 2097152 + i; ba = 1048576 + i
		out = side == "A" ? ab : ba; into = side == "A" ? ba : ab
		kout = side == "A" ? kab : kba; kin = side == "A" ? kba : kab
		site[1] = "10.1.0.0/24"
		site[2] = n == 1 ? "10.2.0.0/15" : "10.3." int(id / 256) "." id % 256
		far = site[them]
		opt = ""
		if (kind == "ipip")
			print "link add", dev, "type", (v == 4 ? "ipip" : "ip6tnl mode ipip6"),
				"local", l, "remote", r > links
		if (kind == "ipsvti")
			print "link add", dev, "type ipsvti local", l, "remote", r > links
		if (kind == "ipsvti") {
			print dev, into, out > pairs
		} else if (kind == "xfrmi") {
			print "link add", dev, "type xfrm dev wan if_id", id > links
			opt = "if_id " id
		} else if (kind == "vti") {
			print "link add", dev, "type", (v == 4 ? "vti" : "vti6"), "local", l,
				"remote", r, "key", id > links
			opt = "mark " id
		}
		if (kind ~ /policy|xfrmi|vti/ && kind != "ipsvti") {
			state(l, r, out, kout, opt)
			state(r, l, into, kin, opt)
			here = kind == "policy" ? site[us] : "0.0.0.0/0"
			there = kind == "policy" ? far : "0.0.0.0/0"
			for (s = 0; s < selectors - 1; s++)
				policy(here, "172.16." s ".0/24", "out", l, r, opt)
			policy(here, there, "out", l, r, opt)
			policy(there, here, "in", r, l, opt)
			policy(there, here, "fwd", r, l, opt)
		}
		if (kind ~ /plain|policy/) {
			if (i == 0)
				print "route replace", (side == "A" ? "10.2.0.0/15" : far),
					"via 192.0.2." them, "dev wan" > links
			if (i == 0 && kind == "plainseg")
				print "link set wan gso_max_segs 1" > links
		} else if (kind != "wireguard") {
			print "link set", dev, "mtu", mtu, "up" > links
			# B answers through its first one
			if (side == "A" || i == 0)
				print "route add", far, "dev", dev > links
		}
	}'
}

wireguard_up() { # A|B
	# fixed private keys, of which the public ones are made
	local a=YAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHk8=
	local b=oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vn8=
	local mine=$a peer=$b them=2 far=10.2.0.0/15 end
	[ "$1" = A ] || mine=$b peer=$a them=1 far=10.1.0.0/24
	echo $mine >/tmp/wg.key
	end=192.0.2.$them:51820
	[ "$FAMILY" = 4 ] || end="[fd00::$them]:51820"
	ip -n "gw$1" link add tun0 mtu $LAN_MTU type wireguard || return
	in_ns "gw$1" wg set tun0 listen-port 51820 private-key /tmp/wg.key \
		peer "$(echo $peer | wg pubkey)" allowed-ips 0.0.0.0/0 endpoint "$end" || return
	ip -n "gw$1" link set tun0 up
	ip -n "gw$1" route add $far dev tun0
}

side_up() { # A|B: as planned
	if [ "$KIND" = wireguard ]; then
		wireguard_up "$1"
		return
	fi
	IP_LIB_DIR=/bin ip -n "gw$1" -batch /tmp/plan.links || return
	ip -n "gw$1" -batch /tmp/plan.states || return
	[ "$KIND" != ipsvti ] ||
		in_ns "gw$1" pairs "$CIPHER" "$WINDOW" "$ENCAP" "$SELECTORS" </tmp/plan.pairs
}

# spread_cipher: whoever asks for AES-GCM gets it of pcrypt from now on. tcrypt has the kernel make
# an algorithm by name, and then fails to load, as it always does.
spread_cipher() {
	local name=$AEAD best
	[ "$KIND" != ipsvti ] || name='gcm(aes)'
	best=$(awk -v want="$name" '
		$1 == "name" { name = $3 }
		$1 == "driver" { driver = $3 }
		$1 == "priority" && name == want && $3 > most { most = $3; best = driver }
		END { print best }' /proc/crypto)
	modprobe tcrypt alg="pcrypt($best)" type=3 2>/dev/null
	grep -qF "pcrypt($best)" /proc/crypto
}

# tunnels_up: at both ends
tunnels_up() {
	local side
	# A socket is what opens the port for ESP, whoever takes it.
	[ "$ENCAP" = none ] || traffic espudp gwA gwB || return
	[ -z "$PCRYPT" ] || spread_cipher || return
	for side in A B; do
		plan $side && side_up $side || return
	done
}
