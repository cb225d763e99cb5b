# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Certificates for both ends, and configurations that use them. Sourced, after strongswan.sh.
#
#	Root (P-384) ─┬─ Sub A (RSA) ── gw-a.{rsa,ecdsa,ed25519}
#	              └─ Sub B (RSA) ── gw-b.{rsa,ecdsa,ed25519}
#
# They are made at the beginning. Either end has the root and its own chain.

PKI=/tmp/pki
CONF_A=/etc/netns/gwA/ipsvti

# ---------------------------------------------------------------- certificates

key() { # FILE KIND
	case $2 in
	rsa) set -- "$1" RSA -pkeyopt rsa_keygen_bits:3072 ;;
	ecdsa) set -- "$1" EC -pkeyopt ec_paramgen_curve:P-256 ;;
	ec384) set -- "$1" EC -pkeyopt ec_paramgen_curve:P-384 ;;
	ec521) set -- "$1" EC -pkeyopt ec_paramgen_curve:P-521 ;;
	rsa[24]*) set -- "$1" RSA -pkeyopt "rsa_keygen_bits:${2#rsa}" ;;
	ed25519) set -- "$1" ED25519 ;;
	esac
	(umask 077 && openssl genpkey -algorithm "$2" "${@:3}" -out "$1" 2>/dev/null)
}

SERIAL=1 VALID=(-days 30)
# issue NAME KIND SUBJECT ISSUER EXTENSION...: NAME.key, NAME.pem; ISSUER -: itself
issue() {
	local name=$1 kind=$2 subject=$3 by=(-CA "$4.pem" -CAkey "$4.key")
	key "$name.key" "$kind" || return
	[ "$4" != - ] || by=(-signkey "$name.key")
	shift 4
	printf '%s\n' "$@" >"$name.ext"
	SERIAL=$((SERIAL + 1))
	openssl req -new -key "$name.key" -subj "$subject" -config req.cnf -out "$name.csr" &&
		openssl x509 -req -in "$name.csr" "${by[@]}" -set_serial "$SERIAL" "${VALID[@]}" \
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

CA=("basicConstraints = critical, CA:TRUE" "keyUsage = critical, keyCertSign, cRLSign" "subjectKeyIdentifier = hash")

# end_entity a|b KIND: of that gateway, with its chain
end_entity() {
	issue "gw-$1.$2" "$2" "/C=DE/O=Example/CN=gw-$1 $2" "sub-$1" "subjectAltName = DNS:gw-$1.example" \
		"keyUsage = digitalSignature" "authorityKeyIdentifier = keyid" &&
		cat "gw-$1.$2.pem" "sub-$1.pem" >"gw-$1.$2.chain"
}

# chains: all that is drawn above
chains() {
	local kind x
	mkdir -p "$PKI" && cd "$PKI" || return
	printf '[req]\ndistinguished_name = dn\n[dn]\n' >req.cnf
	issue root ec384 "/C=DE/O=Example/CN=Root" - "${CA[@]}" || return
	for x in a b; do
		issue "sub-$x" rsa "/C=DE/O=Example/CN=Sub ${x^^}" root "${CA[@]}" || return
		for kind in rsa ecdsa ed25519; do
			end_entity "$x" "$kind" || return
		done
	done
	openssl verify -CAfile root.pem -untrusted sub-b.pem gw-b.rsa.pem
}

# -------------------------------------------------------------- configurations

# our_files: what our configurations name
our_files() {
	mkdir -p /etc/ipsvti "$CONF_A"
	cp -r "$PKI"/. "$CONF_A" && secret "$CONF_A/vti0.psk" "$PSK"
}

# we [LINE...]: our side, authentication left to the lines
we() {
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
