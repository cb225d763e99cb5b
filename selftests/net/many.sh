#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# many.sh [N]: very many devices with a pair each: made, listed, some used, and gone
# with their group, with their namespace and with the module; what it takes grows with
# their number, and no faster.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 12

# The debug kernel takes a hundredth of a second for each step of each.
N=${1:-1000}
[ "$IPSVTI_KERNEL" != uml ] || N=${1:-300}

N=$((N / 8 * 8))

# Of those that carry traffic: the first, one of the middle, and the last.
USED=(1 $((N / 2)) "$N")

setup() {
	modprobe -a ipsvti dummy && topo_up || return
	ip -n inet route add 198.18.0.0/16 via 198.51.100.1
}

peer() { PEER=198.18.$(($1 / 250)).$(($1 % 250 + 1)); } # N: the address of its peer

# took NAME COMMAND...: as the command; TOOK milliseconds
took() {
	local name=$1 began=${EPOCHREALTIME/./}
	shift
	"$@" || return
	TOOK=$(((${EPOCHREALTIME/./} - began) / 1000))
	FIGURES+="# $TOOK ms: $name"$'\n'
}
FIGURES=''

# made NS FIRST LAST: devices m1, m2, ... of group 7, with addresses of their own, and up
made() {
	local i
	for ((i = $2; i <= $3; i++)); do
		peer "$i"
		echo "link add m$i group 7 type ipsvti local $GWA4 remote $PEER"
	done >"$WORK/add"
	took "devices $2 to $3 are made" ip -n "$1" -batch "$WORK/add"
}

count() { ip -n "$1" -o link show group 7 | wc -l; } # NS

# In eight parts, each of which comes up one by one, as a network manager does it.  When
# one comes up, that is no news for the others: the last parts must not take longer than
# the first ones, but for chance, of which the better of two has less.
create() {
	local part n=$((N / 8)) i
	MADE=() UP=()
	for ((part = 0; part < 8; part++)); do
		made gwA $((part * n + 1)) $((part * n + n)) || return
		MADE+=("$TOOK")
		for ((i = part * n + 1; i <= part * n + n; i++)); do
			echo "link set m$i up"
		done >"$WORK/up"
		took "they come up" ip -n gwA -batch "$WORK/up" || return
		UP+=("$TOOK")
	done
	[ "$(count gwA)" = "$N" ]
}

no_slower() { # MILLISECONDS of each part
	local first=$(($1 < $2 ? $1 : $2)) last=$(($7 < $8 ? $7 : $8))
	echo "$*"
	[ "$last" -le $((4 * first + 300)) ]
}

# pairs NS: one for each
pairs() {
	local i key
	for ((i = 1; i <= N; i++)); do
		printf -v key '"alg":1,"key":"%032x","salt":"00000000"' "$i"
		echo "sa-pair-new {\"dev\":\"m$i\",\"activation\":\"now\"," \
			"\"in\":{\"spi\":$((10000 + i)),$key},\"out\":{\"spi\":$((20000 + i)),$key}}"
	done >"$WORK/new"
	took "pairs are installed" in_ns "$1" "$NET/nl.py" batch <"$WORK/new" >"$WORK/said" || return
	[ "$(grep -c '"state": "active"' "$WORK/said")" = "$N" ] || { grep -m 3 error "$WORK/said"; return 1; }
}

listed() {
	took "all pairs are listed" in_ns gwA "$NET/nl.py" dump sa-get >"$WORK/sas" &&
		took "all tunnels are listed" in_ns gwA "$NET/nl.py" dump tunnel-get >"$WORK/tunnels" || return
	[ "$(grep -c '"state": "active"' "$WORK/sas")" = "$N" ] && [ "$(grep -c '"carrier": 1' "$WORK/tunnels")" = "$N" ] &&
		[ "$(jq -r .ifname "$WORK/tunnels" | sort -u | wc -l)" = "$N" ]
}

# gwB has the peers of some.
used() {
	local i key n=0
	for i in "${USED[@]}"; do
		peer "$i"
		printf -v key '"alg":1,"key":"%032x","salt":"00000000"' "$i"
		ip -n gwB -batch - <<-EOT || return
			addr add $PEER/32 dev lo
			link add m$i type ipsvti local $PEER remote $GWA4
			addr add 10.77.$n.2/30 dev m$i
			link set m$i up
		EOT
		in_ns gwB "$NET/nl.py" ask sa-pair-new "{\"dev\":\"m$i\",\"activation\":\"now\",
			\"out\":{\"spi\":$((10000 + i)),$key},\"in\":{\"spi\":$((20000 + i)),$key}}" &&
			ip -n gwA addr add "10.77.$n.1/30" dev "m$i" && traffic ping gwA "10.77.$n.2" -c 3 || return
		n=$((n + 1))
	done
}

# An underlay's MTU changes, and all follow.
follow() {
	ip -n gwA link set wan mtu 1400 &&
		took "the MTU of all follows" wait_for 60 "[ \"\$(ip -n gwA -o link show group 7 | grep -c 'mtu 1346 ')\" = $N ]"
}

# Beside it the same of a kind that does nothing: that is what the core takes.
by_group() {
	local i
	took "they go with their group" ip -n gwA link del group 7 || return
	[ "$(count gwA)" = 0 ] && [ -z "$(in_ns gwA "$NET/nl.py" dump sa-get)" ] || return
	for ((i = 1; i <= N; i++)); do
		echo "link add m$i group 7 type dummy"
	done >"$WORK/dummies"
	took "as many dummies are made" ip -n gwA -batch "$WORK/dummies" &&
		took "the dummies come up" ip -n gwA link set group 7 up &&
		took "the dummies go with their group" ip -n gwA link del group 7
}

# A veth end elsewhere tells when the namespace is really gone.
by_namespace() {
	ip netns add crowd && ip -n gwA link add tell type veth peer name told netns crowd && made crowd 1 "$N" &&
		ip -n crowd link set group 7 up && pairs crowd || return
	ip netns delete crowd && took "they go with their namespace" wait_for 120 '! ip -n gwA link show tell'
}

by_module() {
	made gwA 1 "$N" && ip -n gwA link set group 7 up && pairs gwA || return
	took "they go with the module" rmmod ipsvti && [ "$(count gwA)" = 0 ]
}

works() {
	topo_down
	modprobe ipsvti && topo_up && links_up 4 && pair_up 1 && ping_across 4 && ping_across 6
}

ktap_run "set up" setup
ktap_run "$N devices are made and come up" create
ktap_run "the last ones are made as fast as the first ones" no_slower "${MADE[@]}"
ktap_run "the last ones come up as fast as the first ones" no_slower "${UP[@]}"
ktap_run "each gets a pair" pairs gwA
ktap_run "they are listed, each once" listed
ktap_run "some are used" used
ktap_run "an underlay changes" follow
ktap_run "they go with their group" by_group
ktap_run "they go with their namespace" by_namespace
ktap_run "they go with the module" by_module
ktap_run "and then it works as ever" works
printf %s "$FIGURES"
ktap_end
