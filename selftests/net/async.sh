#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same path with a cipher that answers later, from another context, as hardware
# does: nothing lost or reordered, and nothing used after it is gone.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 8

setup() {
	modprobe -a cryptd crypto_user 2>/dev/null
	"$NET/cryptoalg.py" 'cryptd(gcm(aes))' && topo_up && modprobe ipsvti &&
		encap_up gwA && encap_up gwB
}

# Of all that call themselves gcm(aes) the one with the highest priority is used.
is_async() {
	awk -F' *: *' '
		$1 == "name" { name = $2 }
		$1 == "driver" { driver = $2 }
		$1 == "priority" && name == "gcm(aes)" && $2 > best { best = $2; which = driver }
		END { print which; exit which !~ /^cryptd/ }' /proc/crypto
}

across() { # OUTER [WORD...]
	local v outer=$1
	shift
	links_up "$outer" && pair_up 1 256 "$@" || return
	# An IPv6 host learns how long a fragment may be at the expense of one packet, either
	# of the two.
	for v in 4 6; do
		ping_across "$v" && ping_across "$v" -s 4000 -n 1 && tcp_across "$v" 1000000 &&
			tcp_across "$v" 1000000 hostB || return
	done
}

in_order() {
	links_up 4 && pair_up 1 && ping_across 4 || return
	in_ns hostB "$NET/flow.py" recv "$HOSTB4" 7000 >"$WORK/flow" 2>&1 &
	# The sender stays on one processor, since each has a queue of its own for the cipher,
	# of 1000 packets; an emulated processor is too slow for more in a second.
	local pause=0.2
	[ "$IPSVTI_KERNEL" = uml ] || pause=2
	wait_for 20 "grep -q ready '$WORK/flow'" &&
		in_ns hostA taskset -c 0 "$NET/flow.py" send "$HOSTB4" 7000 $pause 3000 &&
		wait_for 15 "grep -q received '$WORK/flow'" || return
	drops gwA
	drops gwB
	tail -n 1 "$WORK/flow"
	tail -n 1 "$WORK/flow" | jq -e '.sent == 3000 and .lost == 0 and .duplicated == 0 and .reordered == 0'
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
one "ping and TCP over IPv4" across 4
one "ping and TCP over IPv6, in UDP" across 6 "${ENCAP_UDP[@]}"
one "in order" in_order
one "SAs flushed under traffic" flushed
one "devices deleted under traffic" deleted
one "module unloaded under traffic" unloaded
ktap_end
