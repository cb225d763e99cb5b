#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strongSwan is the peer, with one suite after the other: every ESP transform of the
# module with extended sequence numbers and without, and along with these every cipher
# for IKE and every group; each is asked for by one end or the other in turn. Both
# daemons run on, only their configurations change. Each group rekeys, too, as does a suite
# without one, while a packet passes each way every millisecond. Then what is too weak.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
FAMILY=4 NAT=none

IKE=(aes{128,192,256}gcm{16,12,8} chacha20poly1305 aes{128,256}-sha{256,384,512,1})
KE=(x25519 ecp256 ecp384 ecp521 modp2048 modp3072 modp4096)
# The kernel's name, and the one that both daemons know.
ESP=()
for bits in 128 192 256; do
	for icv in 16 12 8; do
		ESP+=("aes-gcm-$icv-$bits aes${bits}gcm$icv")
	done
	ESP+=("aes-gmac-$bits aes${bits}gmac")
done
ESP+=("chacha20-poly1305 chacha20poly1305")
for bits in 128 256; do
	for hash in 256-128 384-192 512-256; do
		ESP+=("aes-cbc-$bits-hmac-sha2-$hash aes$bits-sha${hash%-*}")
	done
	ESP+=("aes-cbc-$bits-hmac-sha1-96 aes$bits-sha1")
done

start() {
	agent_conf gwA 'start = "passive"'
	swan_start && agent_start gwA && device gwA
}

# change we|they IKE ESP: of our end; theirs is in SWAN_IKE, SWAN_ESP. That one initiates.
change() {
	local start=always
	[ "$1" = we ] || start=passive
	agent_conf gwA "start = $start" "allow-legacy = true" "ike = {$2}" "esp = {$3}" && swan_connection || return
	case $1 in
	we) swanctl --load-conns && ctl gwA reload ;;
	they) ctl gwA reload && swanctl --load-conns && swan --initiate --child lan --timeout 20 ;;
	esac
}

# in_use IKE ESP ALG ESN: as the agent and as the kernel call it
in_use() {
	ctl gwA status | jq -e --arg ike "$1" --arg esp "$2" '.tunnels[0]["ike-sas"] | length == 1 and
		(.[0] | .suite == $ike and (.["child-sas"] | length == 1 and .[0].suite == $esp))' &&
		pairs gwA "length == 1 and (.[0] | .state == \"active\" and
			([.in, .out] | all(.alg == \"$3\" and .esn == $4)))"
}

# Small one way and large the other, and answered.
pings() {
	in_ns hostA ping -q -c 1 -W 5 10.2.0.2 && wait_for 10 'in_ns hostB ping -q -c 1 -W 1 -s 3000 10.1.0.2'
}

# suite we|they IKE KE ESP ALG [esn]
suite() {
	local esn=false
	[ -z "${6:-}" ] || esn=true
	SWAN_IKE=$2-$3 SWAN_ESP=$4-$3-${6:-noesn}
	change "$1" "$SWAN_IKE" "$SWAN_ESP" && wait_for 20 "in_use $2-$3 $4${6:+-esn} $5 $esn" && pings
}

# With a key exchange of its own, and by the end that has not initiated first.
rekeys() { # we|they
	case $1 in
	we) under_flow eval 'they_rekey && we_rekey' ;;
	they) under_flow eval 'we_rekey && they_rekey' ;;
	esac && pings
}

# Without one: not a message of theirs or ours that rekeys has a KE payload.
without_pfs() { # we|they
	local before said
	SWAN_IKE=aes256gcm16-prfsha384-ecp256 SWAN_ESP=aes256gcm16
	change "$1" "$SWAN_IKE" "$SWAN_ESP" && wait_for 20 "in_use $SWAN_IKE aes256gcm16 aes-gcm-16-256 false" || return
	before=$(wc -l <"$OUT/charon.log")
	rekeys "$1" || return
	said=$(tail -n "+$((before + 1))" "$OUT/charon.log" | grep -E '(parsed|generating) CREATE_CHILD_SA')
	echo "$said"
	[ "$(grep -c ' SA No TSi TSr ' <<<"$said")" -ge 4 ] && ! grep -q ' KE ' <<<"$said"
}

# More than one key exchange before IKE_AUTH (IKE_INTERMEDIATE), and behind each rekey
# (IKE_FOLLOWUP_KE). Their openssl has no ML-KEM, so it is another method.
ADDITIONAL=-x25519-ke1_ecp384-ke3_modp3072
additional() { # we|they
	suite "$1" aes256gcm16-prfsha384 "${ADDITIONAL#-}" aes256gcm16 aes-gcm-16-256
}

# followed COMMAND...: both their log and ours say that two more were done for it
followed() {
	local before said
	before=$(wc -l <"$OUT/charon.log")
	under_flow "$@" && pings || return
	said=$(tail -n "+$((before + 1))" "$OUT/charon.log" | grep -E '(parsed|generating) IKE_FOLLOWUP_KE')
	echo "$said"
	[ "$(grep -c ' KE ' <<<"$said")" -ge 4 ] &&
		wait_for 20 "in_use aes256gcm16-prfsha384$ADDITIONAL aes256gcm16$ADDITIONAL aes-gcm-16-256 false"
}

# One of several is common to both ends, and it is the first one of neither.
common() { # we|they
	SWAN_IKE=aes256gcm16-prfsha512-ecp521,aes256-aes128-sha384-sha256-prfsha256-ecp384-ecp256
	SWAN_ESP=aes256gcm16-ecp521,aes256-aes128-sha256-sha512-ecp256
	change "$1" "aes128gcm16-prfsha256-x25519, aes128-sha256-ecp256" \
		"chacha20poly1305-x25519, aes128-sha512-ecp256" &&
		wait_for 20 "in_use aes128-sha256-prfsha256-ecp256 aes128-sha512 aes-cbc-128-hmac-sha2-512-256 false" && pings
}

weak_word() {
	local said
	agent_conf gwA 'ike = {aes256-sha256-modp2048,' '       aes256-sha256-modp1024}' 'esp = {aes128-sha1}'
	said=$(in_ns gwA ipsvti-iked --test 2>&1) && return 1
	echo "$said"
	grep -q '^/etc/ipsvti/vti0.conf:7: ike: .*"modp1024" is too weak: use modp2048' <<<"$said" &&
		grep -q '^/etc/ipsvti/vti0.conf:8: esp: .*"sha1" is too weak: use sha256.*allow-legacy = true' <<<"$said"
}

# weak IKE ESP PATTERN [LINE...]: what they offer, and what we say to it
weak() {
	fresh
	SWAN_IKE=$1 SWAN_ESP=$2
	agent_conf gwA 'start = "passive"' "${@:4}" && they_fail "$3"
}

they_have_weak_ones() {
	fresh
	SWAN_IKE=3des-md5-modp1024 SWAN_ESP=aes256gcm16
	agent_conf gwA 'ike = {aes256gcm16-prfsha384-ecp384, aes256-sha256-modp2048}'
	we_fail 'vti0: .*NO_PROPOSAL_CHOSEN.: we offered aes256gcm16-prfsha384-ecp384, aes256-sha256-prfsha256-modp2048'
}

ktap_plan $((3 + 2 * ${#ESP[@]} + ${#KE[@]} + 14 + 5))
ktap_run "the module, two sites" load
ktap_run "the XFRM interface" swan_device
ktap_run "both daemons" start
n=0
for esp in "${ESP[@]}"; do
	alg=${esp% *} esp=${esp#* }
	for esn in '' esn; do
		ike=${IKE[n % ${#IKE[@]}]} ke=${KE[n % ${#KE[@]}]}
		prf=$((n / ${#IKE[@]} + n))
		case $((prf % 3)) in
		0) ike+=-prfsha256 ;;
		1) ike+=-prfsha384 ;;
		2) ike+=-prfsha512 ;;
		esac
		who=we
		[ $(((n + n / 2) % 2)) -eq 0 ] || who=they
		ktap_run "$esp${esn:+, ESN}; IKE by $ike-$ke: $who initiate" suite $who "$ike" "$ke" "$esp" "$alg" $esn
		[ $n -ge ${#KE[@]} ] || ktap_run "it is rekeyed with $ke by both ends, nothing is lost" rekeys $who
		n=$((n + 1))
	done
done
for who in we they; do
	ktap_run "an additional key exchange: $who initiate" additional $who
	ktap_run "it is done when they rekey the CHILD SA, nothing is lost" followed they_rekey
	ktap_run "it is done when we rekey the CHILD SA, nothing is lost" followed we_rekey
	ktap_run "it is done when they rekey the IKE SA, nothing is lost" followed they_rekey_ike
	ktap_run "it is done when we rekey the IKE SA, nothing is lost" followed we_rekey_ike
	ktap_run "without perfect forward secrecy, and rekeyed by both ends: $who initiate" without_pfs $who
	ktap_run "one of several is common: $who initiate" common $who
done
ktap_run "weak words in the configuration" weak_word
ktap_run "they offer 3DES, MD5 and group 2" weak 3des-md5-modp1024 aes256gcm16 \
	'NO_PROPOSAL_CHOSEN: .*3des, prfmd5, modp1024 are too weak'
ktap_run "they offer SHA-1 to who does not allow it" weak aes256-sha1-modp2048 aes256gcm16 \
	'NO_PROPOSAL_CHOSEN: no integrity in common \(there sha1, here sha256\), no PRF .*; sha1, prfsha1 are too weak' \
	'ike = {aes256-sha256-modp2048}'
ktap_run "they offer 3DES for ESP" weak aes256gcm16-prfsha384-ecp384 3des-sha256 \
	'vti0: NO_PROPOSAL_CHOSEN for ESP: no encryption in common \(there 3des, here aes256\); 3des is too weak' \
	'esp = {aes256-sha256}'
ktap_run "they take weak ones only" they_have_weak_ones
fresh
flow_end
ktap_end
