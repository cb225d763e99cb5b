#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strongSwan is the peer, and both ends show certificates: RSA, ECDSA and Ed25519, with
# an intermediate each, in messages that need fragments; and what must be refused is.
# Identities of all kinds, with a key where there is nothing of them in a certificate.
#
# Besides those of strongswan-pki.sh, there are
#
#	Root ─┬─ Sub N, for DNS names below "example" but not below "secret.example"
#	      │    └── gw-b.{inside,outside,excluded}
#	      ├─ Sub A ── gw-a.{rsa2048,rsa4096,ec384,ec521}
#	      └─ Sub B ── gw-b.{usage,purpose,expired,early}, and the same four kinds
#	Other root ──── gw-b.other
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
# shellcheck source=selftests/ike/strongswan-pki.sh
. "$IPSVTI_TREE/selftests/ike/strongswan-pki.sh"
FAMILY=4 NAT=none

pki() {
	chains && issue other-root ec384 "/CN=Other root" - "${CA[@]}" &&
		issue gw-b.other ecdsa "/CN=gw-b other" other-root "subjectAltName = DNS:gw-b.example" &&
		crl root && crl sub-b || return
	cp sub-b.crl sub-b.none.crl
	crl sub-b gw-b.ecdsa && unfit && other_keys && our_files
}

# other_keys: of the sizes and curves that are not in what all scripts have
other_keys() {
	local kind x
	for kind in rsa2048 rsa4096 ec384 ec521; do
		for x in a b; do
			end_entity "$x" "$kind" || return
		done
	done
}

# during FROM TO issue ...
during() {
	# shellcheck disable=SC2034
	local VALID=(-not_before "$1" -not_after "$2")
	"${@:3}"
}

# unfit: certificates that name gw-b.example, and all but one something against them.
unfit() {
	local name="subjectAltName = DNS:gw-b.example" sign="keyUsage = digitalSignature"
	issue sub-n ecdsa "/C=DE/O=Example/CN=Sub N" root "${CA[@]}" \
		"nameConstraints = critical, permitted;DNS:example, excluded;DNS:secret.example" &&
		issue gw-b.inside ecdsa "/C=DE/O=Example/CN=gw-b inside" sub-n "$name, DNS:alias.example" "$sign" &&
		issue gw-b.outside ecdsa "/C=DE/O=Example/CN=gw-b outside" sub-n "$name, DNS:gw-b.test" "$sign" &&
		issue gw-b.excluded ecdsa "/C=DE/O=Example/CN=gw-b excluded" sub-n "$name, DNS:gw-b.secret.example" "$sign" &&
		issue gw-b.usage ecdsa "/C=DE/O=Example/CN=gw-b usage" sub-b "$name" "keyUsage = critical, keyAgreement" &&
		issue gw-b.purpose ecdsa "/C=DE/O=Example/CN=gw-b purpose" sub-b "$name" "$sign" "extendedKeyUsage = codeSigning" &&
		during 20240101000000Z 20240201000000Z \
			issue gw-b.expired ecdsa "/C=DE/O=Example/CN=gw-b expired" sub-b "$name" "$sign" &&
		during 21240101000000Z 21240201000000Z \
			issue gw-b.early ecdsa "/C=DE/O=Example/CN=gw-b early" sub-b "$name" "$sign"
}

# connect we|they [LINE...]: with what was set; up, and a ping passes
connect() {
	local who=$1 passive=()
	shift
	[ "$who" = we ] || passive=('start = "passive"')
	fresh
	we "$@" "${passive[@]}" && come_up "$who" 90 && wait_for 20 'in_ns hostA ping -q -c 1 -W 1 10.2.0.2'
}

# not_connected PATTERN [LINE...]: we try, they answer, and our log has the pattern
not_connected() {
	fresh
	we "${@:2}" && we_fail "$1"
}

# ---------------------------------------------------------------------- tests

mapfile -t IDS < <(ids)

both_show() { # we|they KIND
	local own
	mapfile -t own < <(our_cert "$2")
	they "$2"
	[ "$1" != they ] || SWAN_CHARON="rsa_pss = yes"
	connect "$1" "${IDS[@]}" "${own[@]}" 'ca-file = root.pem' &&
		grep -q 'received cert request for "C=DE, O=Example, CN=Root"' "$OUT/charon.log"
}

# both_show_other we|they KIND: and it is that one which each has seen
both_show_other() {
	both_show "$1" "$2" && grep -q "received end entity cert \"C=DE, O=Example, CN=gw-a $2\"" "$OUT/charon.log" &&
		grep -q "sending end entity cert \"C=DE, O=Example, CN=gw-b $2\"" "$OUT/charon.log"
}

# SKF payloads (53) of IKE_AUTH (35) in both directions, and none of them large.
fragments_seen() {
	local from
	capture_start gwA wan /tmp/ike.pcap udp port 500 or 'udp port 4500' or 'ip[6:2] & 0x3fff != 0' || return
	both_show we rsa
	local status=$?
	capture_stop
	for from in "$WAN_A" "$WAN_B"; do
		[ "$(tcpdump -nr /tmp/ike.pcap "src host $from and udp[24] = 53 and udp[26] = 35" 2>/dev/null | wc -l)" -ge 3 ] || status=1
	done
	[ "$(tcpdump -nr /tmp/ike.pcap 'greater 1295 or ip[6:2] & 0x3fff != 0' 2>/dev/null | wc -l)" = 0 ] && return "$status"
}

# They cut theirs much finer than we do.
small_fragments() {
	local own status
	mapfile -t own < <(our_cert rsa)
	capture_start gwA wan /tmp/small.pcap "src host $WAN_B and udp port 4500 or src host $WAN_B and udp port 500" || return
	they rsa
	SWAN_CHARON="fragment_size = 400"
	connect we "${IDS[@]}" "${own[@]}" 'ca-file = root.pem'
	status=$?
	capture_stop
	[ "$(tcpdump -nr /tmp/small.pcap 'udp[24] = 53 and udp[26] = 35' 2>/dev/null | wc -l)" -ge 8 ] || status=1
	[ "$(tcpdump -nr /tmp/small.pcap 'udp[24] = 53 and greater 415' 2>/dev/null | wc -l)" = 0 ] && return "$status"
}

# anew we|they: all is shown again, and our chain goes in fragments again
anew() {
	local ours was
	[ "$1" = we ] && ours=request || ours=response
	was=$(our_fragments "$ours")
	"$1_reauth" && [ "$(our_fragments "$ours")" -ge $((was + 3)) ]
}

our_fragments() { grep -c "parsed IKE_AUTH $1 1 \[ EF(" "$OUT/charon.log"; }

# A fifth is lost, the rest comes in any order.
through_a_bad_network() {
	local dev status
	for dev in toA toB; do
		in_ns inet tc qdisc add dev "$dev" root netem loss 20% delay 20ms 15ms || return
	done
	SWAN_TRIES=12 both_show we rsa
	status=$?
	for dev in toA toB; do
		in_ns inet tc qdisc del dev "$dev" root
	done
	return "$status"
}

pkcs1() {
	local own
	mapfile -t own < <(our_cert rsa)
	they rsa
	connect we "${IDS[@]}" "${own[@]}" 'ca-file = root.pem' 'rsa-signature = pkcs1'
}

# A peer without RFC 7427: methods 9 in both directions.
without_rfc7427() { # we|they
	local own
	mapfile -t own < <(our_cert ecdsa)
	they ecdsa
	SWAN_CHARON="signature_authentication = no"
	connect "$1" "${IDS[@]}" "${own[@]}" 'ca-file = root.pem'
}

distinguished_names() {
	local own
	mapfile -t own < <(our_cert ed25519)
	they ed25519
	SWAN_LOCAL="auth = pubkey
	certs = gw-b.ed25519.pem
	id = \"C=DE, O=Example, CN=gw-b ed25519\""
	SWAN_REMOTE="auth = pubkey
	id = \"C=DE, O=Example, CN=gw-a ed25519\""
	connect they 'local-id = "C=DE, O=Example, CN=gw-a ed25519"' 'remote-id = "C=DE, O=Example, CN=gw-b ed25519"' \
		"${own[@]}" 'ca-file = root.pem'
}

# swan_id IDENTITY: as it is written there; swan_says IDENTITY: as their log has it
swan_id() { [[ $1 = \#* ]] && echo "@$1" || echo "$1"; }
swan_says() { [[ $1 = \#* ]] && sed 's/^#//; s/../&:/g; s/:$//' <<<"$1" || echo "$1"; }

# by_names we|they OURS THEIRS
by_names() {
	they rsa
	SWAN_LOCAL="auth = psk
	id = \"$(swan_id "$3")\""
	SWAN_REMOTE="auth = psk
	id = \"$(swan_id "$2")\""
	connect "$1" "local-id = \"$2\"" "remote-id = \"$3\"" 'psk-file = vti0.psk' &&
		grep -F "established between ${WAN_B}[$(swan_says "$3")]...${WAN_A}[$(swan_says "$2")]" "$OUT/charon.log"
}

we_psk_they_cert() {
	they ecdsa
	SWAN_REMOTE="auth = psk
	id = gw-a.example"
	connect we "${IDS[@]}" 'psk-file = vti0.psk' 'ca-file = root.pem'
}

we_cert_they_psk() {
	local own
	mapfile -t own < <(our_cert ecdsa)
	they ecdsa
	SWAN_LOCAL="auth = psk
	id = gw-b.example"
	connect they "${IDS[@]}" "${own[@]}" 'psk-file = vti0.psk'
}

with_crls() {
	local own
	mapfile -t own < <(our_cert rsa)
	they rsa
	connect we "${IDS[@]}" "${own[@]}" 'ca-file = root.pem' 'crl-file = {root.crl, sub-b.crl}'
}

revoked() {
	local own
	mapfile -t own < <(our_cert rsa)
	they ecdsa
	not_connected 'vti0: .*"C=DE, O=Example, CN=gw-b ecdsa" was revoked by "C=DE, O=Example, CN=Sub B" on 20' \
		"${IDS[@]}" "${own[@]}" 'ca-file = root.pem' 'crl-file = {root.crl, sub-b.crl}'
}

# refused KIND PATTERN: both daemons run on, but that is what they show from now on.
refused() {
	they "$1"
	swan_connection && swanctl --load-conns && ctl gwA down vti0 && : >"$OUT/gwA.log" && ctl gwA up vti0 &&
		wait_for 30 "said gwA '$2'" && carrier gwA 0 && grep -q "sending end entity cert.*gw-b $1" "$OUT/charon.log"
}

inside() {
	local own
	mapfile -t own < <(our_cert ecdsa)
	they inside
	SWAN_CA=(root.pem sub-b.pem sub-n.pem)
	connect "$1" "${IDS[@]}" "${own[@]}" 'ca-file = root.pem'
}

unknown_ca() {
	local own
	mapfile -t own < <(our_cert rsa)
	they other
	not_connected 'vti0: .*unknown CA: .*issued by "CN=Other root"' "${IDS[@]}" "${own[@]}" 'ca-file = root.pem'
}

# Of a certificate that names gw-b.example, too, they use the other name.
they_say_another_identity() {
	local own
	mapfile -t own < <(our_cert rsa)
	fresh
	they rsa
	SWAN_LOCAL="auth = pubkey
	certs = gw-b.rsa.pem
	id = \"C=DE, O=Example, CN=gw-b rsa\""
	we "${IDS[@]}" "${own[@]}" 'ca-file = root.pem' 'start = "passive"'
	they_fail 'it says it is "C=DE, O=Example, CN=gw-b rsa" and wants "gw-a.example", but no tunnel'
}

they_do_not_trust_us() {
	local own
	mapfile -t own < <(our_cert rsa)
	they rsa
	SWAN_CA=(other-root.pem sub-b.pem)
	not_connected 'vti0: .*AUTHENTICATION_FAILED.*does it trust our certificate' "${IDS[@]}" "${own[@]}" 'ca-file = root.pem'
}

they_come_from_an_unknown_ca() {
	local own
	mapfile -t own < <(our_cert rsa)
	fresh
	they other
	we "${IDS[@]}" "${own[@]}" 'ca-file = root.pem' 'start = "passive"'
	they_fail 'vti0: peer "gw-b.example" is not believed: unknown CA'
}

ktap_plan 40
ktap_run "the module, two sites" load
ktap_run "certificates" pki
ktap_run "the XFRM interface" swan_device
for kind in rsa ecdsa ed25519; do
	ktap_run "$kind: we initiate" both_show we "$kind"
	ktap_run "$kind: they initiate" both_show they "$kind"
done
ktap_run "RSA with 2048 bits: they initiate" both_show_other they rsa2048
ktap_run "RSA with 4096 bits: we initiate" both_show_other we rsa4096
ktap_run "ECDSA on P-384: they initiate" both_show_other they ec384
ktap_run "ECDSA on P-521: we initiate" both_show_other we ec521
ktap_run "IKE_AUTH goes in fragments, both ways" fragments_seen
ktap_run "we authenticate anew, in fragments: nothing is lost" under_flow anew we
ktap_run "they send small fragments" small_fragments
ktap_run "they authenticate anew, in small fragments: nothing is lost" under_flow anew they
ktap_run "the network loses a fifth and reorders" through_a_bad_network
ktap_run "we sign by PKCS#1 v1.5" pkcs1
ktap_run "no RFC 7427: we initiate" without_rfc7427 we
ktap_run "no RFC 7427: they initiate" without_rfc7427 they
ktap_run "distinguished names" distinguished_names
ktap_run "our name is an e-mail address, theirs a key ID: we initiate" by_names we me@a.example '#00ff1080'
ktap_run "our name is a key ID, theirs an e-mail address: they initiate" by_names they '#0badcafe' you@b.example
ktap_run "we know a key, they show a certificate" we_psk_they_cert
ktap_run "we show a certificate, they know a key" we_cert_they_psk
ktap_run "revocation lists that do not name them" with_crls
ktap_run "they are revoked" revoked
ktap_run "a name that their CA may give: they initiate" inside they
ktap_run "a name that their CA may give: we initiate" inside we
for kind in outside excluded; do
	ktap_run "a name that their CA may not give, $kind" refused $kind \
		"vti0: .*certificate \"C=DE, O=Example, CN=gw-b $kind\" has a name that the name constraints of its CA do not allow"
done
ktap_run "their certificate is not for signatures" refused usage \
	'vti0: .*certificate "C=DE, O=Example, CN=gw-b usage" is not for signing: its keyUsage lacks digitalSignature'
ktap_run "their certificate is for other purposes" refused purpose \
	'vti0: .*certificate "C=DE, O=Example, CN=gw-b purpose" is for other purposes: its extendedKeyUsage lacks ipsecIKE'
ktap_run "their certificate has expired" refused expired \
	'vti0: .*certificate "C=DE, O=Example, CN=gw-b expired" has expired on 2024-02-01 00:00:00 UTC'
ktap_run "their certificate is not valid yet" refused early \
	'vti0: .*certificate "C=DE, O=Example, CN=gw-b early" is not valid before 2124-01-01 00:00:00 UTC; is the clock right'
ktap_run "they are of an unknown CA" unknown_ca
ktap_run "they come, of an unknown CA" they_come_from_an_unknown_ca
ktap_run "they say another identity" they_say_another_identity
ktap_run "they do not trust us" they_do_not_trust_us
fresh
flow_end
ktap_end
