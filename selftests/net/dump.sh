#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A dump takes several messages, and devices come and go between them: whatever was there
# all the time is listed, and a reader whom that cannot be promised is told.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 9

# So many that there are messages behind the two that the kernel makes at once
N=80

# Other devices come first in the list, so that those that go move what comes after them.
setup() {
	local i
	modprobe ipsvti && topo_up || return
	for i in 1 2; do
		echo "link add other$i type dummy"
	done | ip -n gwA -batch - && tunnels
}

# All of them, new, with a pair each.
tunnels() {
	local i
	ip -n gwA link del group 7 2>/dev/null
	for ((i = 1; i <= N; i++)); do
		echo "link add t$i group 7 type ipsvti local $GWA4 remote 203.0.113.$i"
	done | ip -n gwA -batch - && pairs
}

pairs() {
	local i key
	for ((i = 1; i <= N; i++)); do
		printf -v key '"alg":1,"key":"%032x","salt":"00000000"' "$i"
		echo "sa-pair-new {\"dev\":\"t$i\",\"in\":{\"spi\":$((10000 + i)),$key},\"out\":{\"spi\":$((20000 + i)),$key}}"
	done >"$WORK/new"
	in_ns gwA "$NET/nl.py" batch <"$WORK/new" >"$WORK/said" && ! grep -m 3 error "$WORK/said"
}

# halves OP COMMAND...: a dump is half read, the command is run with how many were listed
# by then, and the rest is read.  What was listed is in $WORK/first and $WORK/all.
halves() {
	local op=$1 in out line pid
	shift
	coproc DUMP { in_ns gwA "$NET/nl.py" halves "$op" 2>&1; }
	pid=$DUMP_PID
	exec {in}>&"${DUMP[1]}" {out}<&"${DUMP[0]}"
	while read -r -t 60 line <&"$out" && [ "$line" != half ]; do echo "$line"; done >"$WORK/first"
	[ "$line" = half ] && "$@" "$(grep -c . "$WORK/first")" || return
	echo >&"$in"
	{ cat "$WORK/first" && cat <&"$out"; } >"$WORK/all"
	exec {in}>&- {out}<&-
	wait "$pid" || return
	# Else there was but one message, and nothing is shown.
	[ "$(grep -c . "$WORK/all")" -gt "$(grep -c . "$WORK/first")" ]
}

# listed: all tunnels that are there now were; and in $AGAIN, how many more than once
listed() {
	local want got
	want=$(ip -n gwA -j link show type ipsvti | jq '.[].ifindex' | sort -n)
	got=$(grep '^{' "$WORK/all" | jq .ifindex | sort -n)
	AGAIN=$(uniq -d <<<"$got" | grep -c .)
	got=$(comm -23 <(sort <<<"$want") <(sort <<<"$got") | tr '\n' ' ')
	[ -z "$got" ] && return
	echo "of those with the indices $(tr '\n' ' ' <<<"$want"), these were missing: $got"
	return 1
}
told() { grep -qx interrupted "$WORK/all"; }

gone() { ip -n gwA link del "$1"; } # DEV N

one_goes() { # OP DEV: listed already, or of another kind
	halves "$1" gone "$2" && listed && [ "$AGAIN" = 0 ] && ! told
}

# When the first message is read the second one is made already; the third would begin
# with one of these.  t1 has gone before.
next_go() { # N
	local i
	for ((i = 2 * $1 - 2; i <= 2 * $1 + 6; i++)); do
		echo "link del t$i"
	done | ip -n gwA -batch -
}

next_goes() { # OP
	halves "$1" next_go && listed && told
}

undisturbed() {
	halves tunnel-get true && listed && [ "$AGAIN" = 0 ] && ! told &&
		halves sa-get true && listed && [ "$AGAIN" = 0 ] && ! told
}

ktap_run "set up" setup
ktap_run "nothing goes: each is listed once" undisturbed
ktap_run "tunnels: a device before them goes" one_goes tunnel-get other1
ktap_run "pairs: a device before them goes" one_goes sa-get other2
ktap_run "tunnels: one that was listed goes" one_goes tunnel-get t1
ktap_run "tunnels: the next one goes, and the reader is told" next_goes tunnel-get
ktap_run "set up again" tunnels
ktap_run "pairs: one that was listed goes" one_goes sa-get t1
ktap_run "pairs: the next one goes, and the reader is told" next_goes sa-get
ktap_end
