#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mss-clamp: what SYNs allow when they come out of the tunnel, and that connections do
# not hang although no ICMP message reaches the hosts.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 9

setup() {
	local host
	modprobe ipsvti
	topo_up && links_up 4 && pair_up 1 || return
	for host in hostA hostB; do
		in_ns "$host" nft -f - <<-EOT || return
			table inet deaf {
				chain in {
					type filter hook input priority 0
					icmp type destination-unreachable drop
					icmpv6 type packet-too-big drop
				}
			}
		EOT
	done
}

clamp() { # GW VALUE
	ip -n "$1" link change vti0 type ipsvti mss-clamp "$2"
}

# syns 4|6 COMMAND...: the command makes connections from hostA to hostB; "MSS CHECKSUM"
# of each SYN and SYN/ACK as it arrives goes to $WORK/syn and $WORK/synack, 1 is good.
syns() {
	local v=$1 status
	shift
	capture_start hostB eth0 "$WORK/b.pcap" "ip$([ "$v" = 4 ] || echo 6) proto 6 and dst port 5001" &&
		capture_start hostA eth0 "$WORK/a.pcap" "ip$([ "$v" = 4 ] || echo 6) proto 6 and src port 5001" || return
	"$@"
	status=$?
	capture_stop "$WORK/a.pcap" "$WORK/b.pcap"
	fields "$WORK/b.pcap" >"$WORK/syn"
	fields "$WORK/a.pcap" >"$WORK/synack"
	return "$status"
}

fields() { # FILE
	tshark -nr "$1" -o tcp.check_checksum:TRUE -Y tcp.flags.syn==1 -T fields -E separator=' ' \
		-e tcp.options.mss_val -e tcp.checksum.status 2>/dev/null
}

# Each of them, and there is one.
all_are() { # FILE MSS
	[ "$(sort -u "$WORK/$1")" = "$2 1" ] && return
	echo "$1, not all of them $2 with a good checksum:"
	cat "$WORK/$1"
	return 1
}

# Full segments in both directions, with only one connection to each.
transfer() { # 4|6
	syns "$1" tcp_across "$1" 100000 && all_are syn "$2" && all_are synack "$2" &&
		tcp_across "$1" 100000 hostB
}

# connects MSS: a connection without data, whose client allows that much
connects() {
	local pid
	in_ns hostB timeout 20 socat -u TCP4-LISTEN:5001,reuseaddr OPEN:/dev/null &
	pid=$!
	wait_for 10 "in_ns hostB ss -Hltn 'sport = 5001' | grep -q ." &&
		in_ns hostA timeout 20 socat -u OPEN:/dev/null "TCP4:$HOSTB4:5001,mss=$1" && wait "$pid"
}

# The reason for all of this.
hangs_without() {
	clamp gwA off && clamp gwB off && syns 4 connects 1460 && all_are syn 1460 && all_are synack 1460 || return
	in_ns hostB timeout 20 socat -u TCP4-LISTEN:5001,reuseaddr "CREATE:$WORK/hung" &
	wait_for 10 "in_ns hostB ss -Hltn 'sport = 5001' | grep -q ." || return
	head -c 20000 /dev/urandom | in_ns hostA timeout 3 socat -u STDIN "TCP4:$HOSTB4:5001"
	echo "$(stat -c %s "$WORK/hung") of 20000 arrived"
	[ "$(stat -c %s "$WORK/hung")" -lt 20000 ]
}

number() {
	clamp gwA 1000 && clamp gwB 1000 && syns 4 connects 1460 && all_are syn 1000 && all_are synack 1000
}

never_raised() {
	syns 4 connects 800 && all_are syn 800 && all_are synack 1000
}

# gwA leaves them as they are, gwB lowers what it receives and what it sends.
one_end_is_enough() {
	clamp gwA off && clamp gwB auto && transfer 4 1406 && transfer 6 1386
}

# SYNs by hand, with these options, in hexadecimal digits; "frag:", as a fragment that is
# not the first.
crafted() {
	PYTHONPATH=$NET python3 - "$@" <<-'EOT'
		import socket, struct, sys
		from esp import checksum
		src, dst = socket.inet_aton("10.2.0.2"), socket.inet_aton("10.1.0.2")
		for word in sys.argv[1:]:
		    options = bytes.fromhex(word.removeprefix("frag:"))
		    doff = (20 + len(options)) // 4
		    tcp = struct.pack("!HHIIBBHHH", 5001, 5002, 1, 0, doff << 4, 2, 1000, 0, 0) + options
		    pseudo = src + dst + struct.pack("!BBH", 0, 6, len(tcp))
		    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
		    frag = 3 if word.startswith("frag:") else 0
		    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 7, frag, 64, 6, 0) + src + dst
		    print((head[:10] + struct.pack("!H", checksum(head)) + head[12:] + tcp).hex())
	EOT
}

# In: first as usual, then at odd offsets, the second of them with data behind the end; what is
# damaged, cut short, or signed is left as it is, and so is a fragment that is not the first.
odd_options() {
	local hex seq=0 got
	clamp gwA auto && keys 2 && sa_add gwA 2 || return
	capture_start hostA eth0 "$WORK/odd.pcap" "ip proto 6 and src port 5001 or ip[6:2] & 0x1fff != 0" || return
	for hex in $(crafted 020405b4 0102040400000000 01020405b4000000 010101020405b400 020405b403000101 \
		020405b41d040000 030302040405b401 frag:020405b4); do
		in_ns gwB "$NET/esp.py" --from "$GWB4" --to "$GWA4" --spi "$(spi gwA 2)" --keys "$WORK/gwB.2" \
			--seq $((++seq)) --inner "$hex" || return
	done
	wait_for 5 "[ \$(sa_of gwA 2 .in.packets) = $seq ]"
	capture_stop "$WORK/odd.pcap"
	# The values as they stand, behind 20 octets of IP and 20 of TCP, and the checksums.
	got=$(tshark -nr "$WORK/odd.pcap" -o ip.defragment:FALSE -o tcp.check_checksum:TRUE -T fields -E separator=' ' \
		-e tcp.options -e tcp.checksum.status -e data.data 2>/dev/null)
	echo "$got"
	diff - <(echo "$got" | head -n 6) <<-EOT || return
		0204057e 1 
		0102040400000000 1 
		010204057e000000 1 
		0101010204057e00 1 
		020405b403000101 1 
		020405b41d040000 1 
	EOT
	[ "$(wc -l <<<"$got")" = 8 ] && tail -n 1 <<<"$got" | grep -q '020405b4$'
}

# Outer checksums that are left to the device, as over IPv6, are none of the inner packet.
over_ipv6() {
	links_down
	encap_up gwA && encap_up gwB && links_up 6 && pair_up 3 256 "${ENCAP_UDP[@]}" && clamp gwA off && transfer 4 1378 &&
		clamp gwA auto && clamp gwB off && transfer 6 1358
}

ktap_run "set up" setup
ktap_run "auto, IPv4" transfer 4 1406
ktap_run "auto, IPv6" transfer 6 1386
ktap_run "off: a connection hangs" hangs_without
ktap_run "a number" number
ktap_run "never raised" never_raised
ktap_run "one end is enough" one_end_is_enough
ktap_run "options at odd offsets, damaged, signed" odd_options
ktap_run "over IPv6 and UDP" over_ipv6
ktap_end
