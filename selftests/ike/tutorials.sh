#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# selftests/lab/run -k uml-time -r selftests/ike/tutorials.sh
#
# The README and the tutorials of Documentation/, typed as they stand there: two sites, strongSwan as the
# peer, moving over from VTI and from XFRM interfaces, and back. After each part hosts of
# both sites reach each other. So are the commands of troubleshooting.md. The tutorial of
# AWS is run by clouds.sh.
set -u
# shellcheck source=selftests/ike/common.sh
. "$IPSVTI_TREE/selftests/ike/common.sh"
# shellcheck source=selftests/ike/lessons.sh
. "$IPSVTI_TREE/selftests/ike/lessons.sh"

README=$IPSVTI_TREE/README.md
SITES=$IPSVTI_TREE/Documentation/tutorial-two-sites.md
SWAN=$IPSVTI_TREE/Documentation/tutorial-strongswan.md
MOVE=$IPSVTI_TREE/Documentation/tutorial-from-vti-xfrm.md
TROUBLE=$IPSVTI_TREE/Documentation/troubleshooting.md

ktap_plan 17

# What a user has before the first lesson: two gateways, Debian's files of strongSwan.
load() {
	local ns
	modprobe ipsvti && topo_up || return
	for ns in gwA gwB; do
		machine "$ns"
		cp -r /etc/strongswan.conf /etc/strongswan.d /etc/swanctl "/etc/netns/$ns/" &&
			mkdir -p "/etc/netns/$ns/swanctl/conf.d" || return
		cat >>"/etc/netns/$ns/strongswan.conf" <<-EOT
			charon-systemd {
				# (all there are take half a minute to start here)
				load_modular = no
				load = random nonce openssl pem pubkey kdf kernel-netlink socket-default vici
				filelog {
					log {
						path = $OUT/$ns.charon.log
						flush_line = yes
					}
				}
			}
			swanctl {
				load = random openssl
			}
		EOT
	done
	stand_in journalctl <<-EOT
		#!/bin/sh
		tail -n 50 "$OUT/\$MACHINE.log"
	EOT
	# To site B only.
	stand_in scp <<-'EOT'
		#!/bin/bash
		to=${*: -1}
		[[ $to == root@198.51.100.1:/etc/* ]] && cp -p "${@:1:$#-1}" "/etc/netns/gwB/${to#*:/etc/}"
	EOT
}

# clean: neither daemon, nor device, nor file, nor anything of XFRM.
clean() {
	local ns pid
	for ns in gwA gwB; do
		at "$ns" systemctl stop ipsvti-iked && at "$ns" systemctl stop strongswan || return
		[ ! -s "/run/of.$ns/router.pids" ] || kill "$(<"/run/of.$ns/router.pids")"
		rm -f "/run/of.$ns/router.pids" /etc/netns/"$ns"/{ipsvti,bird,swanctl/conf.d}/* "/etc/netns/$ns/strongswan.d/vti.conf"
		ip -n "$ns" -o link show | grep -oE '(vti0|xfrm0|site-b)(@|:)' | tr -d ':@' | while read -r dev; do
			ip -n "$ns" link del "$dev"
		done
		ip -n "$ns" xfrm state flush && ip -n "$ns" xfrm policy flush || return
	done
}

hosts_talk() {
	in_ns hostA ping -q -c 2 -i 0.1 -W 5 10.2.0.2 && in_ns hostB ping -q -c 2 -i 0.1 -W 5 10.1.0.2
}

hosts_talk_ipv6() {
	in_ns hostA ping -q -c 2 -i 0.1 -W 5 fd00:2::2
}

# ours NS [FILTER]: what the agent there says of its only tunnel.
ours() {
	at "$1" ipsvtictl --json explain "$2" | jq -e "$3"
}

# The other side is told in a sentence, and starts first: then "up" has whom to speak to.
readme() {
	local theirs='/psk)/d; /ipsvtictl/d; s/198.51.100.2/198.51.100.1/
		/^local/s/192.0.2.1/198.51.100.1/; /^remote/s/198.51.100.1/192.0.2.1/
		s/169.254.1.1/169.254.1.2/; s/10.2.0.0/10.1.0.0/'
	secret /etc/netns/gwB/ipsvti/vti0.psk "$PSK" && lesson_at gwB "$README" '^(## )?A tunnel' "$theirs" &&
		lesson_at gwA "$README" '^(## )?A tunnel' \
			"s/198.51.100.2/198.51.100.1/; s/^(umask.*/(umask 077; echo '$PSK' >\/etc\/ipsvti\/vti0.psk)/" && hosts_talk && clean
}

two_sites() {
	lesson_at gwA "$SITES" '1. A key' && lesson_at gwA "$SITES" '2. Site A' && lesson_at gwB "$SITES" '3. Site B' &&
		lesson_at gwA "$SITES" '4. Is it up' && hosts_talk && hosts_talk_ipv6
}

# What goes on until it is ended, is; "ip netns exec" shows a /sys without the kernel's traces.
trouble() {
	lesson_at gwA "$TROUBLE" 'Troubleshooting' && lesson_at gwA "$TROUBLE" 'It is up, and nothing passes' &&
		lesson_at gwA "$TROUBLE" 'Look closer' 's/^ipsvtictl monitor .*/timeout 1 & || [ $? = 124 ]/
			s/; cat \(.*\)/; timeout 1 cat \1 || [ $? = 124 ]/; 1i mount -t tracefs tracefs /sys/kernel/tracing' &&
		in_ns gwA sh -c 'mount -t tracefs tracefs /sys/kernel/tracing && grep 1 /sys/kernel/tracing/events/ipsvti/ipsvti_drop/enable &&
			echo 0 >/sys/kernel/tracing/events/ipsvti/ipsvti_drop/enable'
}

# Of ipsvti-iked(8): what it takes of programs, and who reads the keys that it writes.
daemon_page() {
	local man=$IPSVTI_TREE/Documentation/man keys=$OUT/keys
	examples_at gwA "$man/ipsvti-iked.8" 'CONTROL SOCKET' \
		's/alpha/vti0/; s/.*/echo '"'&'"' | socat -t 10 - UNIX:\/run\/ipsvti\/iked.sock | tee \/run\/answer/; $a grep ok /run/answer' || return
	mkdir -p "$keys" && capture_start inet toB "$OUT/page.pcap" esp && in_ns hostA ping -q -c 1 -W 5 10.2.0.2 && capture_stop "$OUT/page.pcap" &&
		examples_at gwA "$man/ipsvti-iked.8" 'SESSION KEYS IN FILES' "s,=DIR,=$keys,; s,CAPTURE,$OUT/page.pcap," >"$OUT/page.out" &&
		cat "$OUT/page.out" && grep 'ESP (SPI' "$OUT/page.out"
}

# Of ipsvtictl(8): SAs by hand, here and on the other side, between two machines that have
# nothing else; and what is asked of a tunnel of the agent. No example is left.
tool_page() {
	local page=$IPSVTI_TREE/Documentation/man/ipsvtictl.8 status
	local here='/^ *umask/,/keys vti0.keys$/' there='/^ *sed /,/keys -$/' asked='/ipsvtictl up/,/active/'
	# (The text calls each tunnel vti0.)
	ip netns add here && ip netns add there && ip -n here link add name wan type veth peer name wan netns there || return
	by_hand here 192.0.2.1 192.0.2.2 && by_hand there 192.0.2.2 192.0.2.1 && mkdir -p "$OUT/hand" && cd "$OUT/hand" &&
		examples_at here "$page" EXAMPLES "$here!d" && examples_at there "$page" EXAMPLES "$there!d" &&
		in_ns here ping -q -c 2 -i 0.1 -W 5 10.9.192.2
	status=$?
	ip netns del here && ip netns del there && [ "$status" = 0 ] && examples_at gwA "$page" EXAMPLES "$asked!d" >"$OUT/asked" &&
		cat "$OUT/asked" && grep -q '^aes256gcm16' "$OUT/asked" && jq -se 'any(.state? == "active")' <(sed -n '/^{$/,/^}$/p' "$OUT/asked") || return
	examples_at gwA "$page" EXAMPLES "$here d; $there d; $asked d"
	[ ! -s "$OUT/examples.sh" ]
}

# by_hand NS LOCAL REMOTE: with a device, and an inner address that ends as LOCAL does
by_hand() {
	ip -n "$1" -batch - <<-EOT
		addr add $2/24 dev wan
		link set wan up
		link add vti0 type ipsvti local $2 remote $3
		addr add 10.9.192.${2##*.}/24 dev vti0
		link set vti0 up
	EOT
}

# Of ip-link-ipsvti(8), where there is nothing but the device that it names.
link_page() {
	ip netns add page && ip -n page link add vrf-wan type vrf table 10 &&
		examples_at page "$IPSVTI_TREE/Documentation/man/ip-link-ipsvti.8" EXAMPLES || return
	ip -n page -d -j link show type ipsvti | jq -ce '[.[] | .linkinfo.info_data | [.remote, .link, .dscp]] ==
		[["198.51.100.9", null, "copy"], ["2001:db8:b::1", "vrf-wan", 46]]' &&
		ip -n page -j route show 10.2.0.0/16 | jq -e '.[0].dev == "vti0"' && ip netns del page
}

by_ospf() { [ -n "$(ip -n "$1" route show "$2" proto bird dev vti0)" ]; }

ospf() {
	lesson_at gwA "$SITES" '5. OSPF' && lesson_at gwB "$SITES" '6. OSPF' &&
		wait_for 60 'by_ospf gwA 10.2.0.0/24 && by_ospf gwB 10.1.0.0/24' && hosts_talk || return
	# The carrier goes, and the routes with it.
	at gwB ipsvtictl down vti0 && wait_for 10 '! by_ospf gwA 10.2.0.0/24' && at gwB ipsvtictl up vti0 wait 30 &&
		wait_for 60 'by_ospf gwA 10.2.0.0/24 && by_ospf gwB 10.1.0.0/24' && hosts_talk
}

certificates() {
	lesson_at gwA "$SITES" '7. Certificates' && lesson_at gwB "$SITES" '8. Certificates' &&
		lesson_at gwA "$SITES" '9. Certificates' || return
	ours gwA vti0 '.tunnel | .state == "up" and .config.auth == "cert"' &&
		at gwA ipsvtictl reauth vti0 && wait_for 60 'by_ospf gwA 10.2.0.0/24 && by_ospf gwB 10.1.0.0/24' && hosts_talk
}

strongswan() {
	clean && lesson_at gwA "$SWAN" '1. A key' && lesson_at gwB "$SWAN" '2. There' &&
		lesson_at gwA "$SWAN" '3. Here' && hosts_talk && hosts_talk_ipv6 &&
		at gwB swanctl --list-sas | grep INSTALLED && [ -z "$(ip -n gwA xfrm state)" ]
}

policies() {
	lesson_at gwB "$SWAN" '5. There' && lesson_at gwA "$SWAN" '6. Here' && hosts_talk && ip -n gwB xfrm policy | grep 'src 10.2.0.0/24' &&
		! in_ns hostA ping -q -c 1 -W 1 fd00:2::2
}

# The peer of who moves is strongSwan as in that tutorial, with the key of this one.
peer() {
	clean && echo 'the key that both ends have known for years' >/etc/netns/gwB/swanctl/site-a.psk &&
		lesson_at gwB "$SWAN" '2. There'
}

# by KIND: our device is of that kind, and has something to do.
by() {
	ip -n gwA -d -j link show site-b | jq -e ".[0].linkinfo.info_kind == \"$1\"" && hosts_talk
}

old_vti() { peer && lesson_at gwA "$MOVE" '1. What was there: VTI' && by vti; }

old_xfrm() { peer && lesson_at gwA "$MOVE" '2. What was there' && by xfrm; }

move() {
	lesson_at gwA "$MOVE" '3. Get ready' && hosts_talk && lesson_at gwA "$MOVE" '4. Take the old' &&
		lesson_at gwA "$MOVE" '5. The new one' && by ipsvti && [ -z "$(ip -n gwA xfrm state)$(ip -n gwA xfrm policy list nosock)" ] &&
		ip -n gwA -j link show site-b | jq -e '.[0].mtu == 1446'
}

back() { lesson_at gwA "$MOVE" '6. The way back' && by vti; }

end() {
	clean && lessons_left "$README" "$SITES" "$SWAN" "$MOVE" "$TROUBLE"
}

ktap_run "the module and two sites" load
ktap_run "the README: one file" readme
ktap_run "two sites: a key, two files, two devices" two_sites
ktap_run "two sites: where to look if there is trouble" trouble
ktap_run "ipsvti-iked(8): its socket and its keys" daemon_page
ktap_run "ipsvtictl(8): its examples" tool_page
ktap_run "ip-link-ipsvti(8): its examples" link_page
ktap_run "two sites: OSPF tells the routes" ospf
ktap_run "two sites: certificates in place of the key" certificates
ktap_run "strongSwan with an XFRM interface" strongswan
ktap_run "strongSwan with policies" policies
ktap_run "from VTI: what was there carries" old_vti
ktap_run "from VTI: ipsvti carries in its place" move
ktap_run "from VTI: and back" back
ktap_run "from an XFRM interface: what was there carries" old_xfrm
ktap_run "from an XFRM interface: ipsvti carries in its place" move
ktap_run "no lesson was left out" end
ktap_end
