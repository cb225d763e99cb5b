#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strongSwan is the peer, and both ends show certificates: RSA, ECDSA and Ed25519, with
# an intermediate each, in messages that need fragments; and what must be refused is.
#
#	Root (P-384) ─┬─ Sub A (RSA) ── gw-a.{rsa,ecdsa,ed25519}
#	              └─ Sub B (RSA) ── gw-b.{rsa,ecdsa,ed25519}
#	Other root ──── gw-b.other
#
# All of it is made here, at the beginning. Either end has the root and its own chain.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
FAMILY=4 NAT=none

PKI=/tmp/pki
CONF_A=/etc/netns/gwA/ipsvti

# ---------------------------------------------------------------- certificates

key() { # FILE KIND
	case $2 in
	rsa) set -- "$1" RSA -pkeyopt rsa_keygen_bits:3072 ;;
	ecdsa) set -- "$1" EC -pkeyopt ec_paramgen_curve:P-256 ;;
	ec384) set -- "$1" EC -pkeyopt ec_paramgen_curve:P-384 ;;
	ed25519) set -- "$1" ED25519 ;;
	esac
	(umask 077 && openssl genpkey -algorithm "$2" "${@:3}" -out "$1" 2>/dev/null)
}

SERIAL=1
# issue NAME KIND SUBJECT ISSUER EXTENSION...: NAME.key, NAME.pem; ISSUER -: itself
issue() {
	local name=$1 kind=$2 subject=$3 by=(-CA "$4.pem" -CAkey "$4.key")
	key "$name.key" "$kind" || return
	[ "$4" != - ] || by=(-signkey "$name.key")
	shift 4
	printf '%s\n' "$@" >"$name.ext"
	SERIAL=$((SERIAL + 1))
	openssl req -new -key "$name.key" -subj "$subject" -config req.cnf -out "$name.csr" &&
		openssl x509 -req -in "$name.csr" "${by[@]}" -set_serial "$SERIAL" -days 30 \
			-extfile "$name.ext" -out "$name.pem"
}

# crl ISSUER [NAME]: ISSUER.crl, in which NAME is revoked
crl() {
	: >index.txt
	cat >crl.cnf <<-EOT
		[ca]
		default_ca = d
		[d]
		database = $PKI/index.txt
		default_md = sha256
		default_crl_days = 10
	EOT
	if [ $# -gt 1 ]; then
		openssl ca -config crl.cnf -cert "$1.pem" -keyfile "$1.key" -revoke "$2.pem" || return
	fi
	openssl ca -config crl.cnf -cert "$1.pem" -keyfile "$1.key" -gencrl -out "$1.crl"
}

pki() {
	local ca=("basicConstraints = critical, CA:TRUE" "keyUsage = critical, keyCertSign, cRLSign" "subjectKeyIdentifier = hash")
	local kind x
	mkdir -p "$PKI" && cd "$PKI" || return
	printf '[req]\ndistinguished_name = dn\n[dn]\n' >req.cnf
	issue root ec384 "/C=DE/O=Example/CN=Root" - "${ca[@]}" &&
		issue other-root ec384 "/CN=Other root" - "${ca[@]}" || return
	for x in a b; do
		issue "sub-$x" rsa "/C=DE/O=Example/CN=Sub ${x^^}" root "${ca[@]}" || return
		for kind in rsa ecdsa ed25519; do
			issue "gw-$x.$kind" "$kind" "/C=DE/O=Example/CN=gw-$x $kind" "sub-$x" "subjectAltName = DNS:gw-$x.example" \
				"keyUsage = digitalSignature" "authorityKeyIdentifier = keyid" || return
			cat "gw-$x.$kind.pem" "sub-$x.pem" >"gw-$x.$kind.chain"
		done
	done
	issue gw-b.other ecdsa "/CN=gw-b other" other-root "subjectAltName = DNS:gw-b.example" &&
		crl root && crl sub-b || return
	cp sub-b.crl sub-b.none.crl
	crl sub-b gw-b.ecdsa || return
	openssl verify -CAfile root.pem -untrusted sub-b.pem gw-b.rsa.pem
}

# -------------------------------------------------------------- configurations

# we [LINE...]: our side, authentication left to the lines
we() {
	mkdir -p /etc/ipsvti "$CONF_A"
	cp "$PKI"/*.pem "$PKI"/*.key "$PKI"/*.chain "$PKI"/*.crl "$CONF_A" || return
	secret "$CONF_A/vti0.psk" "$PSK"
	printf '%s\n' "local = $WAN_A" "remote = $SEEN_B" "$@" >"$CONF_A/vti0.conf"
}

ids() { printf '%s\n' 'local-id = gw-a.example' 'remote-id = gw-b.example'; }

# our_cert KIND: lines for that certificate
our_cert() { printf '%s\n' "cert-file = gw-a.$1.chain" "key-file = gw-a.$1.key"; }

# Their side: all of their certificates and keys, and SWAN_CA to trust.
swan_files() {
	mkdir -p "$SWAN/swanctl/x509" "$SWAN/swanctl/x509ca" "$SWAN/swanctl/private"
	cp "$PKI"/gw-b.*.pem "$SWAN/swanctl/x509"
	cp "$PKI"/gw-b.*.key "$SWAN/swanctl/private"
	rm -f "$SWAN"/swanctl/x509ca/*
	cp "${SWAN_CA[@]/#/$PKI/}" "$SWAN/swanctl/x509ca"
}

# they KIND: show that certificate, and want one
they() {
	SWAN_LOCAL="auth = pubkey
	certs = gw-b.$1.pem
	id = gw-b.example"
	SWAN_REMOTE="auth = pubkey
	id = gw-a.example"
	SWAN_CHARON=
	SWAN_CA=(root.pem sub-b.pem)
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
	connect "$1" "${IDS[@]}" "${own[@]}" 'ca-file = root.pem'
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

ktap_plan 24
ktap_run "the module, two sites" load
ktap_run "certificates" pki
ktap_run "the XFRM interface" swan_device
for kind in rsa ecdsa ed25519; do
	ktap_run "$kind: we initiate" both_show we "$kind"
	ktap_run "$kind: they initiate" both_show they "$kind"
done
ktap_run "IKE_AUTH goes in fragments, both ways" fragments_seen
ktap_run "they send small fragments" small_fragments
ktap_run "the network loses a fifth and reorders" through_a_bad_network
ktap_run "we sign by PKCS#1 v1.5" pkcs1
ktap_run "no RFC 7427: we initiate" without_rfc7427 we
ktap_run "no RFC 7427: they initiate" without_rfc7427 they
ktap_run "distinguished names" distinguished_names
ktap_run "we know a key, they show a certificate" we_psk_they_cert
ktap_run "we show a certificate, they know a key" we_cert_they_psk
ktap_run "revocation lists that do not name them" with_crls
ktap_run "they are revoked" revoked
ktap_run "they are of an unknown CA" unknown_ca
ktap_run "they come, of an unknown CA" they_come_from_an_unknown_ca
ktap_run "they say another identity" they_say_another_identity
ktap_run "they do not trust us" they_do_not_trust_us
fresh
ktap_end
