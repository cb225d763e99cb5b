#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# No memory: one allocation after the other fails, in each operation, and then many at
# random under traffic. Nothing may be half there, or lost without being counted.
#
#   fault.sh        every third allocation
#   fault.sh all    each of them
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"

DEBUG=/sys/kernel/debug
if [ ! -e /proc/thread-self/fail-nth ] || [ ! -e $DEBUG/failslab ]; then
	ktap_plan 1
	ktap_skip "no memory" "this kernel has no fault injection"
	ktap_end
fi

case ${1:-} in all) STEP=1 ;; *) STEP=3 ;; esac
"$NET/fault.py" list >"$WORK/cases"
ktap_plan $((10 + $(wc -l <"$WORK/cases")))

knob() { echo "$2" >"$DEBUG/$1"; }

# The MTU of the underlay is not what a device takes when it knows none, so that one
# that could not be derived is seen.
setup() {
	modprobe -a cryptd crypto_user 2>/dev/null
	modprobe ipsvti && topo_up && ip netns add aside && ip -n gwA link set wan mtu 1400 || return
	# All that may fail does, also what would rather wait for memory.
	knob failslab/ignore-gfp-wait N && knob fail_page_alloc/ignore-gfp-wait N &&
		knob fail_page_alloc/min-order 0 && knob failslab/verbose 0 &&
		knob fail_page_alloc/verbose 0 && knob fail_usercopy/verbose 0
}

each() {
	"$NET/fault.py" each --step "$STEP" >"$WORK/verdicts"
	[ "$(wc -l <"$WORK/verdicts")" = "$(wc -l <"$WORK/cases")" ]
}

each_verdict() {
	local verdict name said
	while IFS=$'\t' read -r verdict name said; do
		if [ "$verdict" = ok ]; then
			ktap_ok "$name, $said"
		else
			ktap_fail "$name" "$said"
		fi
	done <"$WORK/verdicts"
}

loading() {
	rmmod ipsvti && "$NET/fault.py" module "$(modinfo -n ipsvti)"
	local status=$?
	modprobe ipsvti
	return "$status"
}

# What goes in and out of the tunnel, counted by somebody else: ESP that arrives, and
# what is routed into the device.
count() {
	in_ns "$1" nft -f - <<-EOT
		table inet count
		delete table inet count
		table inet count {
			counter n_in { }
			counter n_out { }
			chain in { type filter hook prerouting priority -300; ip protocol esp counter name n_in; }
			chain out { type filter hook postrouting priority 300; oifname "vti0" counter name n_out; }
		}
	EOT
}

counted() { # GW NAME
	in_ns "$1" nft -j list counter inet count "$2" | jq '.nftables[1].counter.packets'
}

# Only these may fail: packets, and what holds them and requests. If it were all, it would
# be the programs.
CACHES="skbuff_head_cache skbuff_small_head kmalloc-1k kmalloc-2k kmalloc-4k"

storm() {
	local gw c pids
	ip -n gwA link set wan mtu 1500
	links_up 4 && pair_up 1 128 && ping_across 4 -c 1 || return
	for gw in gwA gwB; do
		in_ns "$gw" sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1
	done
	links_down
	links_up 4 || return
	for gw in gwA gwB; do
		in_ns "$gw" sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1
		count "$gw"
	done
	pair_up 2 128 || return
	for c in $CACHES; do
		echo 1 >/sys/kernel/slab/"$c"/failslab || return
	done
	knob failslab/cache-filter Y && knob failslab/times -1 || return
	in_ns hostA ping -n -q -i 0.002 -s 1200 "$HOSTB4" >"$WORK/ping.a" 2>&1 &
	pids=$!
	in_ns hostB ping -n -q -i 0.002 "$HOSTA4" >"$WORK/ping.b" 2>&1 &
	pids+=" $!"
	"$NET/fault.py" storm 5
	local status=$?
	knob failslab/probability 0
	knob failslab/cache-filter N
	for gw in hostA hostB; do
		ip netns pids "$gw" | xargs -r kill -INT
	done
	# shellcheck disable=SC2086
	wait $pids
	tail -n 2 "$WORK/ping.a" "$WORK/ping.b"
	return "$status"
}

# ... in both directions
only_no_memory() {
	local gw all=0 n name
	for gw in gwA gwB; do
		drops "$gw"
		drops "$gw" | grep -vE '^[rt]x-no-memory:' && return 1
		n=$(drops "$gw" | awk '{ n += $2 } END { print n + 0 }')
		all=$((all + n))
	done
	for name in tx-no-memory rx-no-memory; do
		n=$(($(counter gwA "$name") + $(counter gwB "$name")))
		echo "$name: $n"
		[ "$n" -gt 0 ] || return
	done
	[ "$all" -gt 10 ]
}

# What came in was delivered or dropped, and what was to go out went or was dropped.
adds_up() {
	local gw
	for gw in gwA gwB; do
		wait_for 5 "balanced $gw" || return
	done
}

balanced() {
	local rx tx
	rx=$(counters "$1" | awk '/^rx-/ && !/bytes/ { n += $2 } END { print n }')
	tx=$(counters "$1" | awk '/^tx-/ && !/bytes/ { n += $2 } END { print n }')
	echo "$1: $(counted "$1" n_in) ESP packets in, $rx known; $(counted "$1" n_out) to go out, $tx known"
	[ "$rx" = "$(counted "$1" n_in)" ] && [ "$tx" = "$(counted "$1" n_out)" ]
}

all_well() { ping_across 4 && tcp_across 4 500000 && tcp_across 4 500000 hostB; }

asynchronous() { "$NET/cryptoalg.py" 'cryptd(gcm(aes))' && links_down && storm; }

ktap_run "set up" setup
ktap_run "each allocation of each operation" each
each_verdict
ktap_run "allocations of loading the module" loading
ktap_run "at random, under traffic and rekeys" storm
ktap_run "only no memory was a reason to drop" only_no_memory
ktap_run "each packet was counted" adds_up
ktap_run "and all is well again" all_well
ktap_run "the same with an asynchronous cipher" asynchronous
ktap_run "only no memory was a reason to drop" only_no_memory
ktap_run "and each packet was counted" adds_up
ktap_end
