#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strongSwan is the peer, and not all is as on a good day: either end is flooded and wants
# cookies, the first CHILD SA does not come with IKE_AUTH (RFC 6023), the wire is cut.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
FAMILY=4 NAT=none

ktap_plan 18

# come we|they [LINE...]: with what was set; up, and a ping passes
come() {
	local who=$1 passive=()
	shift
	[ "$who" = we ] || passive=('start = "passive"')
	fresh
	agent_conf gwA "$@" "${passive[@]}" && come_up "$who" && in_ns hostA ping -q -c 1 -W 5 10.2.0.2
}

charon_said() { grep -Eq -- "$1" "$OUT/charon.log"; }

# flood NS FROM TO COUNT: so many IKE_SA_INIT requests that nothing follows (HDR, SA with
# aes256gcm16-prfsha384-ecp384, KE with the base point of the curve, Ni).
flood() {
	in_ns "$1" python3 - "${@:2}" <<-'EOT'
		import os, socket, sys
		head = bytes.fromhex("2120220800000000000000d0"
		    "22000028000000240101000303" "00000c01000014800e0100" "0300000802000006" "0000000804000014"
		    "2800006800140000"
		    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
		    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"
		    "00000024")
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		sock.bind((sys.argv[1], 0))
		for _ in range(int(sys.argv[3])):
		    sock.sendto(os.urandom(8) + bytes(8) + head + os.urandom(32), (sys.argv[2], 500))
	EOT
}

# What they took of the flood is among their IKE SAs, so nothing is settled, for as long as theirs may
# be half-open: 30 s, if not told otherwise.
they_want_cookies() {
	fresh
	SWAN_CHARON="cookie_threshold = 2
		block_threshold = 0
		half_open_timeout = 10"
	agent_conf gwA && swan_start && flood gwA "$WAN_A" "$WAN_B" 4 &&
		wait_for 10 'charon_said "sending cookie|IKE_SA_INIT response 0 \[ N\(COOKIE\)"' &&
		agent_start gwA && device gwA && wait_for 60 'carrier gwA 1' && wait_for 30 settled
	local status=$?
	SWAN_CHARON=
	charon_said 'parsed IKE_SA_INIT request 0 \[ N\(COOKIE\)' && return "$status"
}

# cookies_seen PATTERN: how many of ours or theirs charon has seen so far, see below.
cookies_seen() { grep -c "parsed IKE_SA_INIT $1 0 \[ N(COOKIE)" "$OUT/charon.log"; }

# The new IKE SA has to bring a cookie, too, while the old one's traffic goes on.
we_reauth_with_a_cookie() {
	local was
	was=$(cookies_seen request)
	flood gwA "$WAN_A" "$WAN_B" 4 && we_reauth && [ "$(cookies_seen request)" -gt "$was" ]
}

they_reauth_with_a_cookie() {
	local was
	was=$(cookies_seen response)
	wait_for 30 'pause 1; settled' && flood gwB "$WAN_B" "$WAN_A" 60 && they_reauth &&
		[ "$(cookies_seen response)" -gt "$was" ]
}

# Ours come from 32 on; half-open ones last 10 s.
we_want_cookies() {
	fresh
	agent_conf gwA 'start = "passive"' && swan_start && agent_start gwA && device gwA || return
	flood gwB "$WAN_B" "$WAN_A" 60
	swan --initiate --child lan --timeout 20 && wait_for 10 'carrier gwA 1' && settled &&
		charon_said 'parsed IKE_SA_INIT response 0 \[ N\(COOKIE\)'
}

# Whether IKE_AUTH had a CHILD SA in it, as charon has seen it.
auth_had_child() { charon_said 'IKE_AUTH request 1 \[.* SA '; }

they_come_childless() {
	SWAN_MORE="childless = $1"
	come they && ! auth_had_child
}

we_come_childless() {
	SWAN_MORE="childless = $1"
	come we 'childless = true' && ! auth_had_child
}

# They do not say that they can, so we do not.
they_never() {
	SWAN_MORE="childless = never"
	come we 'childless = true' && auth_had_child
}

# It fits with the IKE SA, and not with what follows: seen at once.
pfs_does_not_fit() {
	fresh
	SWAN_MORE=
	SWAN_ESP=aes256gcm16-x25519
	agent_conf gwA 'childless = true' 'esp = {"aes256gcm16-ecp384"}' &&
		we_fail 'vti0: .*NO_PROPOSAL_CHOSEN' && said gwA 'IKE SA with .* established'
	local status=$?
	SWAN_ESP=
	return "$status"
}

wire() { # up|down
	local dev
	for dev in toA toB; do
		case $1 in
		down) in_ns inet tc qdisc add dev "$dev" root netem loss 100% ;;
		up) in_ns inet tc qdisc del dev "$dev" root ;;
		esac || return
	done
}

# wire_is_cut we|they ACTION: either end finds out, and all is well again when the wire is.
wire_is_cut() {
	SWAN_MORE="dpd_delay = 2
		keyingtries = 0"
	SWAN_TRIES=1
	SWAN_CHILD="local_ts = 0.0.0.0/0, ::/0
		remote_ts = 0.0.0.0/0, ::/0
		dpd_action = $2
		if_id_in = 42
		if_id_out = 42"
	come "$1" && wire down || return
	wait_for 40 'carrier gwA 0' && said gwA 'does not answer any more' &&
		wait_for 40 '[ "$(swan_installed)" = 0 ]' && wire up && wait_for 60 'carrier gwA 1' &&
		wait_for 40 settled && in_ns hostA ping -q -c 1 -W 5 10.2.0.2
}

# slow_wire COMMAND...: meanwhile a message takes so long that the other end's crosses it.
slow_wire() {
	local dev status
	for dev in toA toB; do
		in_ns inet tc qdisc add dev "$dev" root netem delay 600ms limit 10000 || return
	done
	"$@"
	status=$?
	for dev in toA toB; do
		in_ns inet tc qdisc del dev "$dev" root
	done
	return "$status"
}

# both_rekey OURS THEIRS PATTERN: at the same time, and our log says that it was so.
both_rekey() {
	local was ours
	was=$(times gwA "$3")
	ctl gwA "$1" vti0 &
	ours=$!
	# shellcheck disable=SC2086
	swan --rekey $2 && wait "$ours" && wait_for 60 "[ \$(times gwA '$3') -gt $was ]" &&
		wait_for 60 '[ "$(swan_installed)" = 1 ]' && wait_for 60 ike_spi
}

both_at_once() { slow_wire under_flow both_rekey "$@" && wait_for 60 settled; }

delete_at_once() {
	local ours
	ctl gwA down vti0 &
	ours=$!
	swan --terminate --ike site-a
	wait "$ours"
	wait_for 20 "pairs gwA 'length == 0'" && wait_for 20 '[ "$(swan_sas | grep -c site-a)" = 0 ]'
}

# Each gets a DELETE for what it is deleting itself; then it comes up again.
both_delete() {
	: >"$OUT/charon.log"
	slow_wire delete_at_once && charon_said 'sending DELETE for IKE_SA' && charon_said 'received DELETE for IKE_SA' &&
		! charon_said 'retransmit' && ctl gwA up vti0 && wait_for 60 'carrier gwA 1' && wait_for 20 settled
}

ktap_run "the module, two sites" load
ktap_run "the XFRM interface" swan_device
ktap_run "they are flooded and want cookies" they_want_cookies
ktap_run "we authenticate anew, with a cookie: nothing is lost" under_flow we_reauth_with_a_cookie
ktap_run "we are flooded and want cookies" we_want_cookies
ktap_run "they authenticate anew, with a cookie: nothing is lost" under_flow they_reauth_with_a_cookie
ktap_run "they come, and insist on CHILD SAs later" they_come_childless force
ktap_run "they rekey after that, nothing is lost" under_flow they_rekey
ktap_run "both rekey the CHILD SA at once, nothing is lost" \
	both_at_once rekey "--child lan" 'both ends rekeyed at once'
ktap_run "both rekey the IKE SA at once, nothing is lost" \
	both_at_once rekey-ike "--ike site-a" 'both ends rekeyed the IKE SA at once'
ktap_run "and each once more" under_flow eval 'they_rekey && we_rekey'
ktap_run "we come, and want CHILD SAs later" we_come_childless allow
ktap_run "the same, and they insist on it" we_come_childless force
ktap_run "the same, and they do not know it" they_never
ktap_run "both delete the IKE SA at once" both_delete
ktap_run "PFS that does not fit is seen at once" pfs_does_not_fit
ktap_run "the wire is cut, we have initiated" wire_is_cut we none
ktap_run "the wire is cut, they have initiated" wire_is_cut they restart
fresh
flow_end
ktap_end
