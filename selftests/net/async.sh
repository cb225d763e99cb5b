#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same path with a cipher that answers later, from another context, as hardware
# does: nothing lost or reordered, and nothing used after it is gone.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"

# What makes a cipher asynchronous, and of which. The first makes nothing of AES-NI's ciphers,
# which call themselves asynchronous already, and what it makes of others is not preferred to
# them: so it is for user-mode Linux only. Nor do all of Debian's kernels have it. The second
# would be made of itself if it were not told whose driver it is for.
LATER=cryptd OF='gcm(aes)'
[[ $IPSVTI_KERNEL == uml* ]] || LATER=pcrypt
# Other ciphers, and what only the first one has, a queue of 1000 places.
OTHERS=(chacha20-poly1305 aes-cbc-256-hmac-sha2-256-128)
[ $LATER = cryptd ] || OTHERS=()
ktap_plan $((15 + 2 * ${#OTHERS[@]} + (${#OTHERS[@]} > 0 ? 2 : 0)))

setup() {
	modprobe -a "$LATER" crypto_user gcm aesni_intel 2>/dev/null
	[ "$LATER" = cryptd ] || OF=$(is_async)
	"$NET/cryptoalg.py" "$LATER($OF)" && topo_up && modprobe ipsvti &&
		encap_up gwA && encap_up gwB
}

# Of all that call themselves gcm(aes) the one with the highest priority is used.
is_async() {
	awk -F' *: *' -v later="$LATER" '
		$1 == "name" { name = $2 }
		$1 == "driver" { driver = $2 }
		$1 == "priority" && name == "gcm(aes)" && $2 > best { best = $2; which = driver }
		END { print which; exit index(which, later "(") != 1 }' /proc/crypto
}

# references of the asynchronous driver's: each of the four SAs of two gateways holds one
held() {
	awk -F' *: *' -v later="$LATER" '$1 == "driver" { which = $2 }
		$1 == "refcnt" && index(which, later "(") == 1 && which ~ /gcm/ { n += $2 } END { print n + 0 }' /proc/crypto
}

# It is what the SAs have, not only what they would get.
in_use() {
	local before
	before=$(held)
	links_up 4 && pair_up 1 && ping_across 4 || return
	echo "$before references before, $(held) with two pairs"
	[ "$(held)" = $((before + 4)) ] && links_down && wait_for 10 "[ \$(held) = $before ]"
}

across() { # OUTER [WORD...]
	local v outer=$1
	shift
	links_up "$outer" && pair_up 1 256 "$@" || return
	# An IPv6 host learns how long a fragment may be at the expense of one packet, either
	# of the two.
	for v in 4 6; do
		ping_across "$v" && ping_across "$v" -s 4000 -n 1 && tcp_across "$v" 500000 &&
			tcp_across "$v" 500000 hostB || return
	done
}

# What the kernel calls these ciphers, without and with extended sequence numbers
declare -A NAME=(
	[aes-gcm-16-256]='gcm(aes)' [aes-gcm-16-256,esn]='gcm(aes)'
	[chacha20-poly1305]='rfc7539(chacha20,poly1305)' [chacha20-poly1305,esn]='rfc7539(chacha20,poly1305)'
	[aes-cbc-256-hmac-sha2-256-128]='authenc(hmac(sha256),cbc(aes))'
	[aes-cbc-256-hmac-sha2-256-128,esn]='authencesn(hmac(sha256),cbc(aes))')

# later_is_used NAME: four SAs have the asynchronous one of that name
later_is_used() {
	awk -F' *: *' -v later="$LATER" -v want="$1" '
		$1 == "name" { name = $2 }
		$1 == "driver" { driver = $2 }
		$1 == "refcnt" && name == want && index(driver, later "(") == 1 { print driver, $2; n = $2 }
		END { exit n < 5 }' /proc/crypto
}

# with_cipher ALG [esn]: the same as "across", with another cipher
with_cipher() {
	local alg=$1 esn=${2:-} name=${NAME[$1${2:+,$2}]} ab ba v
	[ "$alg" = aes-gcm-16-256 ] || "$NET/cryptoalg.py" "$LATER($name)" || return
	random_to ab 64
	random_to ba 64
	# of which AEAD ciphers take a key of 32 octets and a salt of 4
	[[ $alg == *hmac* ]] || ab="${ab:0:64} ${ab:64:8}" ba="${ba:0:64} ${ba:64:8}"
	links_up 4 &&
		in_ns gwA ipsvtictl sa add vti0 in spi 0x1001 out spi 0x2001 alg "$alg" ${esn:+esn} replay-window 4096 keys - <<<"in $ab"$'\n'"out $ba" &&
		in_ns gwB ipsvtictl sa add vti0 in spi 0x2001 out spi 0x1001 alg "$alg" ${esn:+esn} replay-window 4096 keys - <<<"in $ba"$'\n'"out $ab" &&
		later_is_used "$name" || return
	for v in 4 6; do
		ping_across "$v" && ping_across "$v" -s 1300 -n 1 && tcp_across "$v" 200000 && tcp_across "$v" 200000 hostB || return
	done
	! drops gwA && ! drops gwB
}

# in_sequence PAUSE COUNT: so many datagrams from hostA to hostB arrive, and in their order.
# The sender stays on one processor, since each has a queue of its own for the cipher.
in_sequence() {
	in_ns hostB "$NET/flow.py" recv "$HOSTB4" 7000 >"$WORK/flow" 2>&1 &
	wait_for 20 "grep -q ready '$WORK/flow'" &&
		in_ns hostA taskset -c 0 "$NET/flow.py" send "$HOSTB4" 7000 "$1" "$2" &&
		wait_for 15 "grep -q received '$WORK/flow'" || return
	drops gwA
	drops gwB
	tail -n 1 "$WORK/flow"
	tail -n 1 "$WORK/flow" |
		jq -e ".sent == $2 and .lost == 0 and .duplicated == 0 and .reordered == 0"
}

# That queue has 1000 places; an emulated processor is too slow for so many in a second.
in_order() {
	local pause=0.2
	[ "$IPSVTI_KERNEL" = uml ] || pause=2
	links_up 4 && pair_up 1 && ping_across 4 && in_sequence "$pause" 3000
}

# Of a flow the first packets wait for gwB's keys, and all arrive in their order, though those that
# waited are being decrypted when the next come. More than are held at a time may be lost.
held_in_order() {
	local id spi rx pid lost
	quiet_up && keys 1 && read -r id spi < <(in_ns gwB ipsvtictl --json sa alloc vti0 time 600 | jq -r '[."pair-id", .in.spi] | @tsv') &&
		in_ns gwA ipsvtictl sa add vti0 in spi "$(spi gwA 1)" out spi "$spi" alg aes-gcm-16-256 keys "$WORK/gwA.1" || return
	in_ns hostB "$NET/flow.py" recv "$HOSTB4" 7000 >"$WORK/flow" 2>&1 &
	wait_for 20 "grep -q ready '$WORK/flow'" || return
	rx=$(in_ns gwB cat /sys/class/net/wan/statistics/rx_packets)
	in_ns hostA taskset -c 0 "$NET/flow.py" send "$HOSTB4" 7000 5 300 &
	pid=$!
	# shellcheck disable=SC2016 # its own variables
	in_ns gwB bash -c 'while read -r n </sys/class/net/wan/statistics/rx_packets; [ "$n" -lt "$1" ] && [ $SECONDS -lt 30 ]; do :; done
		shift; exec "$@"' - $((rx + 20)) ipsvtictl sa add vti0 in spi "$spi" out spi "$(spi gwA 1)" alg aes-gcm-16-256 \
		keys "$WORK/gwB.1" pair "$id" replay-window 4096 && wait "$pid" && wait_for 30 "grep -q received '$WORK/flow'" || return
	lost=$(counter gwB rx-larval)
	drops gwB
	tail -n 1 "$WORK/flow"
	tail -n 1 "$WORK/flow" |
		jq -e ".sent == 300 and .lost == $lost and .lost < 150 and .duplicated == 0 and .reordered == 0" &&
		[ "$(drops gwB | grep -v rx-larval)" = "" ]
}

# IPv6 says things by itself, which would count.
quiet_up() {
	local gw
	links_up 4 || return
	for gw in gwA gwB; do
		in_ns "$gw" sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1 || return
	done
}

# alone COMMAND...: on the first processor, where nothing else runs until it is done; so the
# cipher's queue for that processor is only filled.
alone() {
	local rt
	rt=$(sysctl -n kernel.sched_rt_runtime_us)
	sysctl -qw kernel.sched_rt_runtime_us=-1
	taskset -c 0 chrt -f 50 "$@"
	local status=$?
	sysctl -qw "kernel.sched_rt_runtime_us=$rt"
	return "$status"
}

# passed_or COUNTER PASSED SUM: what did not pass is all counted there, by gwA
passed_or() {
	wait_for 20 "[ \$((\$(counter gwA $1) + \$(counter gwA $2))) -eq $3 ]" && [ "$(counter gwA "$1")" -gt 0 ] || return
	drops gwA
	# (What the other end has to say of it may come while the queue is full.)
	! drops gwA | grep -vE '^[rt]x-crypto:'
}

# More than the cipher's queue has places for, while it does not come to work.
too_fast_out() {
	quiet_up && pair_up 1 && ping_across 4 || return
	alone ip netns exec gwA "$NET/flow.py" burst "$HOSTB4" 9 2000 || return
	passed_or tx-crypto tx-packets 2003 && ping_across 4
}

# The same of what comes in, from the next router, so that all of it is one step.
too_fast_in() {
	quiet_up && keys 1 && sa_add gwA 1 256 replay-window 4096 && sa_add gwB 1 || return
	sysctl -qw net.core.netdev_max_backlog=20000
	alone ip netns exec inet "$NET/esp.py" --from 192.0.2.254 --to "$GWA4" --spi $((SPIS[gwA] + 1)) --keys "$WORK/gwB.1" \
		--inner-dst 10.1.0.1 --times 2000 || return
	passed_or rx-crypto rx-packets 2000
}

# What is being encrypted when the limit is reached had its place: of this pair it is sent, of
# the next one what comes then, and nothing overtakes.
limit_out() {
	quiet_up && keys 1 && keys 2 && sa_add gwB 1 && sa_add gwA 1 256 limit out hard-packets 57 &&
		sa_add gwA 2 256 activate manual && sa_add gwB 2 256 activate first-rx && in_sequence 1 200 || return
	sa_of gwA 1
	sa_of gwB 1
	[ "$(state gwA 1)" = draining ] && [ "$(state gwA 2)" = active ] &&
		[ "$(sa_of gwB 1 .in.packets)" = 57 ] && [ "$(sa_of gwB 2 .in.packets)" -ge 143 ]
}

# What is being decrypted when another packet was the last one is one too many.
limit_in() {
	local sent got
	quiet_up && keys 1 && sa_add gwB 1 256 limit in hard-packets 20 && sa_add gwA 1 || return
	in_ns hostA ping -n -q -f -c 60 -W 1 "$HOSTB4"
	sent=$(sa_of gwA 1 .out.packets)
	drops gwB
	wait_for 10 "[ \$((20 + \$(counter gwB rx-expired))) -eq $sent ]" || return
	got=$(counter gwB rx-packets)
	echo "$sent sent, $got delivered"
	[ "$got" = 20 ] && [ "$sent" -ge 60 ] && [ "$(sa_of gwB 1 '"\(.state) \(.in.packets) \(.in.expired)"')" = "draining 20 hard-packets" ]
}

# A connection's segments fit, though no host knows the path.
clamped() {
	local gw v
	links_up 4 && pair_up 1 || return
	for gw in gwA gwB; do
		ip -n "$gw" link change vti0 type ipsvti mss-clamp 1000 || return
	done
	capture_start hostB eth0 "$WORK/syn" "tcp[tcpflags] & tcp-syn != 0 or (ip6 and ip6[53] & 2 != 0)" || return
	for v in 4 6; do
		tcp_across "$v" 100000 && tcp_across "$v" 100000 hostB || return
	done
	capture_stop "$WORK/syn"
	tcpdump -nvr "$WORK/syn" 2>/dev/null | grep -oE 'cksum .*\(correct\)|mss [0-9]+' >"$WORK/mss"
	cat "$WORK/mss"
	[ "$(grep -c 'mss 1000' "$WORK/mss")" -ge 2 ] && [ "$(grep -c correct "$WORK/mss")" -ge 2 ]
}

# The NAT before gwA gives it another port, and then another address, while packets are being
# decrypted; what decides is in which order they are done.
followed() {
	local pid
	topo_up nat=a && encap_up gwA && encap_up gwB && ip -n nat addr add 192.0.2.77/24 dev out && mapping "$GWA4_SEEN" 30001 &&
		links_up 4 && ip -n gwB link change vti0 type ipsvti remote "$GWA4_SEEN" || return
	# Each processor has a queue of its own for the cipher, and they overtake each other by what
	# is in the other's, which may be more than the 64 packets of the default window.
	keys 1 && sa_add gwA 1 256 "${ENCAP_UDP[@]}" replay-window 4096 &&
		sa_add gwB 1 256 encap udp sport 4500 dport 30001 replay-window 4096 && ping_across 4 || return
	ip netns exec hostA ping -n -q -i 0.02 "$HOSTB4" >"$WORK/ping" &
	pid=$!
	mapping "$GWA4_SEEN" 30002 && goes_to "$GWA4_SEEN" 30002 && mapping 192.0.2.77 30003 && goes_to 192.0.2.77 30003 &&
		ping_across 4 && ping_across 6 && tcp_across 4 300000 && tcp_across 6 300000 hostB && ! drops gwB || return
	kill -INT "$pid"
	wait "$pid"
	cat "$WORK/ping"
	goes_to 192.0.2.77 30003
}

# The NAT forgets what it had, and maps gwA's port 4500 to that from now on.
mapping() { # ADDR PORT
	in_ns nat nft -f - <<-EOT && in_ns nat conntrack -F
		flush table ip nat
		add rule ip nat out oifname "out" udp sport 4500 snat to $1:$2
	EOT
}

goes_to() { # ADDR PORT
	wait_for 10 "in_ns gwB '$NET/nl.py' dump sa-get | jq -e '.remote == \"$1\" and .\"encap-dport\" == $2'"
}

flood() {
	in_ns hostA ping -n -q -f -s 1000 "$HOSTB4" >/dev/null 2>&1 &
	in_ns hostB ping -n -q -f -s 100 "$HOSTA6" >/dev/null 2>&1 &
}

flood_end() {
	local ns
	for ns in hostA hostB; do
		ip netns pids "$ns" | xargs -r kill 2>/dev/null
	done
	wait_for 10 '[ -z "$(ip netns pids hostA; ip netns pids hostB)" ]'
}

busy() {
	local from
	from=$(counter gwA tx-packets)
	wait_for 20 "[ \$(counter gwA tx-packets) -ge $((from + $1)) ]"
}

# What is being encrypted holds its SA, whoever deletes it meanwhile.
flushed() {
	local i
	links_up 4 || return
	flood
	for i in 1 2 3 4 5 6; do
		pair_up "$i" && busy 10 && in_ns gwA ipsvtictl sa flush vti0 &&
			in_ns gwB ipsvtictl sa flush vti0 || return
	done
	flood_end && pair_up 9 && ping_across 4
}

deleted() {
	local i
	for i in 1 2 3; do
		links_up 4 && pair_up "$i" && flood && busy 20 || return
		links_down
		flood_end || return
	done
	links_up 4 && pair_up 9 && ping_across 4
}

unloaded() {
	links_up 4 && pair_up 1 && flood && busy 20 && rmmod ipsvti || return
	flood_end && modprobe ipsvti && links_up 4 && pair_up 1 && ping_across 4
}

one() {
	ktap_run "$@"
	links_down
}

ktap_run "set up" setup
ktap_run "gcm(aes) is asynchronous" is_async
one "it is what SAs use" in_use
one "ping and TCP over IPv4" across 4
one "ping and TCP over IPv6, in UDP" across 6 "${ENCAP_UDP[@]}"
one "extended sequence numbers" with_cipher aes-gcm-16-256 esn
for alg in "${OTHERS[@]}"; do
	one "with $alg" with_cipher "$alg"
	one "with $alg, extended sequence numbers" with_cipher "$alg" esn
done
one "in order" in_order
one "in order, what waited for its keys and what comes then" held_in_order
one "packets end, another pair takes over" limit_out
one "packets end inbound" limit_in
one "SYNs are clamped" clamped
if [ $LATER = cryptd ]; then
	one "more than its queue takes, encrypted" too_fast_out
	one "more than its queue takes, decrypted" too_fast_in
fi
one "SAs flushed under traffic" flushed
one "devices deleted under traffic" deleted
one "module unloaded under traffic" unloaded
one "the peer's NAT moves it" followed
ktap_end
