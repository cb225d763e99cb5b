#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The demonstration, inside a guest of the lab. Every step is told, done with the
# commands that one would type, and then looked at: the first that is not seen to
# be true ends the demonstration with an error.
set -u
. "$IPSVTI_TREE/selftests/lab/netns.sh"
here=$IPSVTI_TREE/selftests/demo
work=/run/demo
mkdir -p "$work" /run/siteA /run/siteB

steps=9 step=0
[ -z "${IPSVTI_DEMO_KTAP:-}" ] || echo "1..$steps"

tell() { printf '%s\n' "$@"; }

chapter() {
	title=$1
	step=$((step + 1))
	printf '\n%d. %s\n\n' "$step" "$title"
}

# Show a command as one would type it on that machine, run it, show what it says.
on() { # MACHINE COMMAND
	printf '   %s# %s\n' "$1" "$2"
	in_ns "$(ns_of "$1")" bash -c "$2" 2>&1 | sed 's/^/      /'
	return "${PIPESTATUS[0]}"
}

ns_of() {
	case $1 in
	siteA) echo gwA ;;
	siteB) echo gwB ;;
	*) echo "$1" ;;
	esac
}

# The proof of a step.
seen() { # SENTENCE CONDITION…
	local sentence=$1
	shift
	if "$@"; then
		printf '   --> %s\n' "$sentence"
	else
		printf '   NOT TRUE: %s (%s)\n' "$sentence" "$*"
		fail
	fi
}

fail() {
	local n
	printf '\nThe demonstration stopped here. What the agents said last:\n'
	for n in siteA siteB; do
		tail -n 15 "/run/$n/log" 2>/dev/null | sed "s/^/   $n: /"
		in_ns "$(ns_of "$n")" ip -d -s link show vti0 2>/dev/null | sed "s/^/   $n: /"
	done
	[ -z "${IPSVTI_DEMO_KTAP:-}" ] || echo "not ok $step $title"
	exit 1
}
trap 'kill $(jobs -p) 2>/dev/null' EXIT

done_step() { [ -z "${IPSVTI_DEMO_KTAP:-}" ] || echo "ok $step $title"; }

carrier() { [ "$(in_ns "$(ns_of "$1")" cat /sys/class/net/vti0/carrier 2>/dev/null)" = "$2" ]; }
mtu_is() { [ "$(in_ns "$(ns_of "$1")" cat /sys/class/net/vti0/mtu)" = "$2" ]; }
route_learnt() { in_ns "$(ns_of "$1")" ip route show "$2" proto bird dev vti0 | grep -q .; }
no_route() { ! route_learnt "$@"; }
spis() { in_ns gwA ipsvtictl sa show vti0 --json | jq -r '.[] | select(.state == "active") | .in.spi, .out.spi' |
	xargs printf '%08x '; }
answered() { [ "$(grep -c icmp_seq= "$work/ping")" -ge "$1" ]; }
# The answers come in the order of the questions, without a gap.  (The last question may
# have been under way when ping was stopped.)
none_lost() {
	awk -F 'icmp_seq=' 'NF > 1 { if ($2 + 0 != ++n) exit bad = 1 } / packets transmitted/ { sent = $1 + 0 }
		END { exit bad || n < 50 || n < sent - 1 }' "$1"
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }

chapter "Two sites, and the internet between them"
topo_up || fail
tell "   hostA ------ siteA ======== internet ======== siteB ------ hostB" \
     "   10.1.0.2     $GWA4            $GWB4     10.2.0.2" \
     "" \
     "   Each site is a gateway with a LAN behind it. Neither LAN has a route to the other." \
     "   (They are network namespaces of one machine, which is why the agents and BIRDs below" \
     "   are told to keep their sockets in folders of their own.)"
no_ping() { ! in_ns hostA ping -q -c 1 -W 1 10.2.0.2 >/dev/null; }
seen "hostA cannot reach hostB" no_ping
done_step

chapter "A tunnel is a network device"
for s in siteA siteB; do
	if [ $s = siteA ]; then l=$GWA4 r=$GWB4 t=169.254.1.1; else l=$GWB4 r=$GWA4 t=169.254.1.2; fi
	on $s "ip link add vti0 type ipsvti local $l remote $r" || fail
	on $s "ip addr add $t/30 dev vti0" || fail
	on $s "ip link set vti0 up" || fail
done
on siteA "ip link show vti0" || fail
tell "   There are no keys yet, so the device says NO-CARRIER, and nothing can leave by it in clear."
seen "siteA's device has no carrier" carrier siteA 0
done_step

chapter "The agents agree on keys (IKEv2)"
secret=$(head -c 24 /dev/urandom | base64)
for s in siteA siteB; do
	n=$(ns_of $s)
	mkdir -p "/etc/netns/$n/ipsvti" /etc/ipsvti
	if [ $s = siteA ]; then l=$GWA4 r=$GWB4; else l=$GWB4 r=$GWA4; fi
	cat >"/etc/netns/$n/ipsvti/vti0.conf" <<-EOT
	local    = "$l"
	remote   = "$r"
	psk-file = "vti0.psk"
	ike      = { "aes256gcm16-prfsha384-ecp384" }
	esp      = { "aes256gcm16-ecp384" }
	EOT
	(umask 077; echo "$secret" >"/etc/netns/$n/ipsvti/vti0.psk")
done
on siteA "cat /etc/ipsvti/vti0.conf"
began=$(now_ms)
for s in siteA siteB; do
	printf '   %s# %s\n' "$s" "ipsvti-iked -s /run/$s/iked.sock"
	in_ns "$(ns_of $s)" ipsvti-iked -p "/run/$s/pid" -s "/run/$s/iked.sock" >"/run/$s/log" 2>&1 &
done
wait_for 30 'carrier siteA 1 && carrier siteB 1' || fail
tell "   Carrier on both sides after $(($(now_ms) - began)) ms. What siteA's agent said:"
sed 's/^/      /' "/run/siteA/log" | tail -n 8
on siteA "ipsvtictl -s /run/siteA/iked.sock status vti0" || fail
on siteA "ip -d link show vti0"
tell "   The device found its own MTU: 1500 less what this transform costs over this underlay."
mtus() { mtu_is siteA 1446 && mtu_is siteB 1446; }
seen "MTU 1446 on both sides, as AWS's table gives it for AES-GCM-16" mtus
done_step

chapter "BGP runs over it as over any interface"
for s in siteA siteB; do
	if [ $s = siteA ]; then
		me=169.254.1.1 peer=169.254.1.2 as=65001 pas=65002 id=$GWA4
	else
		me=169.254.1.2 peer=169.254.1.1 as=65002 pas=65001 id=$GWB4
	fi
	sed -e "s/@ME@/$me/; s/@PEER@/$peer/; s/@AS@/$as/; s/@PEERAS@/$pas/; s/@ID@/$id/" \
		"$here/bird.conf.in" >"/run/$s/bird.conf"
	printf '   %s# %s\n' "$s" "bird -c /run/$s/bird.conf -s /run/$s/bird.ctl"
	in_ns "$(ns_of $s)" bird -f -c "/run/$s/bird.conf" -s "/run/$s/bird.ctl" >"/run/$s/bird.log" 2>&1 &
done
wait_for 60 "route_learnt siteA 10.2.0.0/24 && route_learnt siteB 10.1.0.0/24" || fail
printf '   siteA# birdc -s /run/siteA/bird.ctl show protocols bgp1\n'
in_ns gwA birdc -s "/run/siteA/bird.ctl" show protocols bgp1 | sed 's/^/      /'
on siteA "ip route show proto bird"
seen "each site has learnt the other's LAN, through vti0" route_learnt siteA "10.2.0.0/24"
done_step

chapter "Hosts talk, and the internet sees only ESP and IKE"
marker="in clear text: $(head -c 12 /dev/urandom | base64)"
for ((i = 0; i < 40000; i++)); do echo "$marker"; done >"$work/file"
sum=$(sha256sum <"$work/file")
# Frames are no longer than that; of whole ones tcpdump has room for 32, and loses others.
capture_start inet toA "$work/wan.pcap" -s 2000 "ip host $GWA4 and ip host $GWB4" || fail
capture_start hostB eth0 "$work/lan.pcap" "tcp" || fail
on hostA "ping -c 3 -i 0.2 10.2.0.2" || fail
in_ns hostB socat -u TCP-LISTEN:7000,reuseaddr "CREATE:$work/received" &
receiver=$!
wait_for 10 'in_ns hostB ss -Hltn sport = :7000 | grep -q .' || fail
printf '   hostA# %s\n' "socat -u FILE:file TCP:10.2.0.2:7000      # $(stat -c %s "$work/file") octets"
in_ns hostA socat -u "FILE:$work/file" "TCP:10.2.0.2:7000" || fail
wait_for 30 "! kill -0 $receiver 2>/dev/null" || fail
capture_stop "$work/wan.pcap"
capture_stop "$work/lan.pcap"
seen "the file arrived whole: SHA-256 $(cut -c1-16 <<<"$sum")…" test "$(sha256sum <"$work/received")" = "$sum"
tell "   What went over the internet between the gateways meanwhile, as tshark reads it:"
tshark -r "$work/wan.pcap" -T fields -e _ws.col.protocol 2>/dev/null | sort | uniq -c | sed 's/^/      /'
only_esp_ike() { # there is ESP, with more octets than the file has, and nothing but ESP and IKE
	[ "$(tshark -r "$work/wan.pcap" -Y esp -T fields -e frame.len 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')" \
		-gt "$(stat -c %s "$work/file")" ] &&
		[ -z "$(tshark -r "$work/wan.pcap" -Y '!(esp || isakmp)' 2>/dev/null)" ]
}
seen "only ESP and IKE" only_esp_ike
seen "the marker stands in the capture of hostB's LAN …" grep -qaF "$marker" "$work/lan.pcap"
hidden() { ! grep -qaF "$marker" "$work/wan.pcap"; }
seen "… and not once in that of the internet" hidden
done_step

chapter "Keys are changed under traffic, and not one packet is lost"
before=$(spis)
tell "   SPIs of the SA pair in use at siteA: $before"
printf '   hostA# %s\n' "ping -i 0.02 10.2.0.2 &"
ip netns exec hostA ping -n -i 0.02 10.2.0.2 >"$work/ping" &
ping=$!
wait_for 10 'answered 20' || fail
on siteA "ipsvtictl -s /run/siteA/iked.sock rekey vti0" || fail
wait_for 10 '[ -n "$(spis)" ] && [ "$(spis)" != "$before" ]' || fail
middle=$(spis)
on siteB "ipsvtictl -s /run/siteB/iked.sock rekey vti0" || fail
wait_for 10 '[ -n "$(spis)" ] && [ "$(spis)" != "$middle" ]' || fail
n=$(grep -c icmp_seq= "$work/ping")
wait_for 10 'answered $((n + 20))' || fail
kill -INT $ping
wait $ping
tail -n 2 "$work/ping" | sed 's/^/      /'
tell "   SPIs now: $(spis)"
seen "rekeyed by either side under a ping each 20 ms, none lost" none_lost "$work/ping"
done_step

chapter "One side dies: the other's interface tells the truth"
tell "   siteB's agent is killed, without a chance to say goodbye, and its SAs with it."
began=$(now_ms)
on siteB "kill -9 $(<"/run/siteB/pid")" || fail
on siteB "ipsvtictl sa flush vti0" || fail
wait_for 30 'carrier siteA 0' || fail
tell "   siteA asked its peer whether it lives, got no answer, and took the carrier away after" \
     "   $((($(now_ms) - began) / 1000)) s:"
on siteA "ip link show vti0"
on siteA "ipsvtictl -s /run/siteA/iked.sock status"
seen "siteA's device has lost its carrier" carrier siteA 0
done_step

chapter "BGP noticed at once"
wait_for 5 "no_route siteA 10.2.0.0/24" || fail
printf '   siteA# birdc -s /run/siteA/bird.ctl show protocols bgp1\n'
in_ns gwA birdc -s "/run/siteA/bird.ctl" show protocols bgp1 | sed 's/^/      /'
on siteA "ip route show proto bird"
seen "the route to siteB's LAN is withdrawn, and a second path could have taken over" no_route siteA "10.2.0.0/24"
done_step

chapter "siteB comes back"
printf '   %s# %s\n' siteB "ipsvti-iked -s /run/siteB/iked.sock"
began=$(now_ms)
in_ns gwB ipsvti-iked -p "/run/siteB/pid" -s "/run/siteB/iked.sock" >>"/run/siteB/log" 2>&1 &
wait_for 60 "carrier siteA 1 && carrier siteB 1" || fail
tell "   Carrier on both sides after $((($(now_ms) - began) / 1000)) s."
wait_for 60 "route_learnt siteA 10.2.0.0/24 && route_learnt siteB 10.1.0.0/24" || fail
tell "   BGP has exchanged its routes again after $((($(now_ms) - began) / 1000)) s."
on hostA "ping -c 2 -i 0.2 10.2.0.2" || fail
seen "the tunnel carries again, and nobody touched siteA" carrier siteA 1
done_step

tell "" "All $steps steps were seen to be true."
