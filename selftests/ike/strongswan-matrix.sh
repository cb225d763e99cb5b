#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strongSwan is the peer, over IPv4, IPv6 and behind a NAT on either side, by a key and by
# each kind of certificate, and whoever can begins. The suites go round, so that each one
# and each kind meets all of these. Of every combination both ends are asked what they have
# agreed on, and each end rekeys its CHILD SA and its IKE SA while packets are counted: none
# is lost. Both daemons run on meanwhile, only their configurations change.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
# shellcheck source=selftests/ike/strongswan-pki.sh
. "$IPSVTI_TREE/selftests/ike/strongswan-pki.sh"

# IKE, and ESP with a key exchange of its own
SUITES=(
	"aes256gcm16-prfsha384-ecp384 aes256gcm16-ecp384-esn"
	"chacha20poly1305-prfsha256-x25519 chacha20poly1305-x25519"
	"aes128-sha256-prfsha256-ecp256 aes128-sha256-ecp256-esn"
	"aes256-sha512-prfsha512-modp2048 aes256-sha512-modp2048"
	"aes192gcm12-prfsha384-ecp521 aes128gcm12-ecp521-esn"
	"aes128gcm16-prfsha256-x25519 aes256gmac-x25519"
)
# Who begins, and how both show who they are.
EACH=(we-psk they-rsa we-ecdsa they-ed25519 they-psk we-rsa they-ecdsa we-ed25519)
BEHIND_A=(we-psk we-rsa we-ecdsa we-ed25519 we-psk we-rsa)
BEHIND_B=("${BEHIND_A[@]/#we/they}")
TOLD=()

mapfile -t IDS < <(ids)

# both AUTH: SWAN_LOCAL, SWAN_REMOTE, and OURS, the lines of our configuration
both() {
	if [ "$1" = psk ]; then
		SWAN_LOCAL='' SWAN_REMOTE='' OURS=('psk-file = vti0.psk')
	else
		they "$1"
		mapfile -t OURS < <(our_cert "$1")
		OURS+=('ca-file = root.pem')
	fi
}

# begin FAMILY NAT: other addresses, both daemons anew
begin() {
	fresh
	flow_end
	FAMILY=$1 NAT=$2
	SWAN_CA=(root.pem sub-b.pem) SWAN_IKE=${SUITES[0]% *} SWAN_ESP=${SUITES[0]#* }
	load && swan_device && both psk && we "${IDS[@]}" "${OURS[@]}" 'start = "passive"' && swan_start && agent_start gwA &&
		device gwA
}

# words FIELDS: what strongSwan lists of an SA, in the words of a configuration
words() {
	local -A is=()
	local field text
	for field in $1; do
		is[${field%%=*}]=${field#*=}
	done
	case ${is[encr-alg]} in
	AES_GCM_*) text=aes${is[encr-keysize]}gcm${is[encr-alg]#AES_GCM_} ;;
	NULL_AES_GMAC) text=aes${is[encr-keysize]}gmac ;;
	AES_CBC) text=aes${is[encr-keysize]} ;;
	*) text=${is[encr-alg],,} text=${text//_/} ;;
	esac
	field=${is[integ-alg]:-}
	[ -z "$field" ] || field=${field#HMAC_SHA2_} text+=-sha${field%_*}
	field=${is[prf-alg]:-}
	[ -z "$field" ] || text+=-prfsha${field#PRF_HMAC_SHA2_}
	field=${is[dh-group]:-}
	[ "$field" != CURVE_25519 ] || field=x25519
	field=${field,,} text+=${field:+-${field//_/}}
	[ "${is[esn]:-0}" = 0 ] || text+=-esn
	echo "$text"
}

# said_there, said_here: IKE and ESP suite of the one tunnel, as either end has them
said_there() {
	local sas
	sas=$(swan_sas | grep '^list-sa event')
	# (the CHILD SA in use; those that were replaced are listed for a while)
	[[ $sas =~ ^(.*)child-sas\ \{.*(state=INSTALLED[^\}]*)\} ]] &&
		echo "IKE $(words "${BASH_REMATCH[1]//[\{\}]/ }"), ESP $(words "${BASH_REMATCH[2]}")"
}

said_here() {
	ctl gwA status | jq -er '.tunnels[0]["ike-sas"] | select(length == 1)[0] |
		"IKE \(.suite), ESP \(.["child-sas"] | map(select(.state == "installed"))[-1].suite)"'
}

# shown AUTH: by what we have shown who we are, and strongSwan who it is, as it says.
shown() {
	local how log
	log=$(<"$OUT/charon.log")
	case $1 in
	psk) how='pre-shared key' ;;
	rsa) how='RSA_EMSA_[A-Z0-9_]+' ;;
	ecdsa) how='ECDSA[A-Z0-9_-]+' ;;
	ed25519) how='ED25519' ;;
	esac
	[[ $log =~ authentication\ of\ \'gw-a.example\'\ with\ ($how)\ successful ]] || return
	HOW=${BASH_REMATCH[1]}
	[[ $log =~ authentication\ of\ \'gw-b.example\'\ \(myself\)\ with\ ($how) ]] || return
	[ "$HOW" = "${BASH_REMATCH[1]}" ] || HOW+=", ${BASH_REMATCH[1]}"
}

rekeys() { they_rekey && we_rekey && they_rekey_ike && we_rekey_ike; }

# combination LABEL we|they AUTH SUITE
combination() {
	local here there start=always
	SWAN_IKE=${4% *} SWAN_ESP=${4#* }
	[ "$2" = we ] || start=passive
	both "$3"
	# A device has eight pairs, and those that were replaced take 10 s to go.
	ctl gwA down vti0 && in_ns gwA ipsvtictl sa flush vti0 || return
	: >"$OUT/charon.log"
	we "${IDS[@]}" "${OURS[@]}" "start = $start" "ike = {$SWAN_IKE}" "esp = {$SWAN_ESP}" && swan_connection || return
	case $2 in
	we) swanctl --load-conns && ctl gwA reload ;;
	they) ctl gwA reload && swanctl --load-conns && swan --initiate --child lan --timeout 20 ;;
	esac && wait_for 30 "[[ \$(said_here) = 'IKE $SWAN_IKE, '* ]] && shown $3 && carrier gwA 1" &&
		encapsulation && under_flow rekeys || return
	here=$(said_here) there=$(said_there)
	TOLD+=("$1: $there ($HOW); 4 rekeys: $FLOWED")
	echo "here $here, there $there"
	[ "$here" = "$there" ] && [ "$here" = "IKE $SWAN_IKE, ESP $SWAN_ESP" ]
}

# family LABEL FAMILY NAT FIRST COMBINATION...: from that suite on
family() {
	local label=$1 n=$4 each
	ktap_run "$label: both daemons" begin "$2" "$3"
	for each in "${@:5}"; do
		set -- "${each%-*}" "${each#*-}" "${SUITES[n % ${#SUITES[@]}]}"
		ktap_run "$label, $2, $1 initiate: ${3/ / and }; 4 rekeys lose nothing" combination "$label, $2, $1 initiate" "$@"
		n=$((n + 1))
	done
}

ktap_plan $((1 + 4 + 2 * ${#EACH[@]} + ${#BEHIND_A[@]} + ${#BEHIND_B[@]}))
ktap_run "certificates" eval 'chains && our_files'
family IPv4 4 none 0 "${EACH[@]}"
family IPv6 6 none 2 "${EACH[@]}"
family "we are behind a NAT" 4 a 1 "${BEHIND_A[@]}"
family "they are behind a NAT" 4 b 3 "${BEHIND_B[@]}"
printf '# %s\n' "${TOLD[@]}"
fresh
flow_end
ktap_end
