#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every transform against the kernel's own IPsec (XFRM) with the same keys: with and
# without extended sequence numbers, over outer IPv4 and IPv6, with and without UDP,
# both ways.  And what tshark makes of it, where it knows the transform.
#
#   transforms.sh [all] [PATTERN]   those whose name matches (grep -E); over IPv4, and over
#                                   IPv6 in UDP, or with "all" each family in both forms
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"

# name | octets of key, integrity key and salt | of IV, ICV and block | what XFRM calls
# it, K for key and salt, E and I for the two keys | what tshark calls encryption and
# authentication, - if it does not know them: it decrypts neither ChaCha20-Poly1305 nor looks at
# the ICV of GMAC
table() {
	local b icv hash name len trunc sum
	for icv in 16 12 8; do
		for b in 128 192 256; do
			echo "aes-gcm-$icv-$b|$((b / 8)) 0 4|8 $icv 4|aead rfc4106(gcm(aes)) K $((8 * icv))|AES-GCM with $icv octet ICV [RFC4106]|NULL"
		done
	done
	echo "chacha20-poly1305|32 0 4|8 16 4|aead rfc7539esp(chacha20,poly1305) K 128|-|"
	for b in 128 192 256; do
		echo "aes-gmac-$b|$((b / 8)) 0 4|8 16 4|aead rfc4543(gcm(aes)) K 128|-|"
	done
	while read -r hash name len trunc sum; do
		for b in 128 256; do
			echo "aes-cbc-$b-hmac-$name|$((b / 8)) $len 0|16 $((trunc / 8)) 16|auth-trunc hmac($hash) I $trunc enc cbc(aes) E|AES-CBC [RFC3602]|$sum"
		done
	done <<-EOT
		sha1 sha1-96 20 96 HMAC-SHA-1-96 [RFC2404]
		sha256 sha2-256-128 32 128 HMAC-SHA-256-128 [RFC4868]
		sha384 sha2-384-192 48 192 HMAC-SHA-384-192 [RFC4868]
		sha512 sha2-512-256 64 256 HMAC-SHA-512-256 [RFC4868]
	EOT
}
WAYS=("4 none" "6 udp")
if [ "${1:-}" = all ]; then
	shift
	WAYS=("4 none" "4 udp" "6 none" "6 udp")
fi
table | grep -E "${1:-.}" >"$WORK/table"
known() { grep -cv '|-|' "$WORK/table"; }
# Set up; for each way: another set up, each twice, and tshark, for those it knows;
# legacy.
ktap_plan $((1 + ${#WAYS[@]} * (1 + 2 * $(wc -l <"$WORK/table") + 1 + 2 * $(known)) + 1))

# The last number below 2^32 but one: the second packet of an SA crosses it.
NEAR=$((0xfffffffe))

setup() {
	modprobe ipsvti && modprobe -a esp4 esp6 2>/dev/null
	topo_up && encap_up gwA && encap_up gwB && nl_start
}

# way OUTER ENCAP: the device, and XFRM's policies, for all that comes now
way() {
	local p src dst
	in_ns gwB ip xfrm state flush
	in_ns gwB ip xfrm policy flush
	link_down gwA
	BEFORE=
	OUTER=$1 ENCAP=$2
	US=$(outer gwB "$1") THEM=$(outer gwA "$1")
	link_up gwA "$1" || return
	while read -r src dst; do
		for p in "out $src $dst $US $THEM" "in $dst $src $THEM $US" "fwd $dst $src $THEM $US"; do
			# shellcheck disable=SC2086
			set -- $p
			echo "xfrm policy add src $2 dst $3 dir $1 tmpl src $4 dst $5 proto esp reqid 1 mode tunnel"
		done
	done <<-EOT | ip -n gwB -batch -
		10.2.0.0/24 10.1.0.0/24
		fd00:2::/64 fd00:1::/64
	EOT
	capture_start inet toA "$WORK/way.$OUTER.$ENCAP"
}

# What is left of the underlay's 1500 octets, counted from the outside.
mtu_of() { # IV ICV BLOCK
	local room=$((1500 - (OUTER == 4 ? 20 : 40) - (${#ENCAP} == 3 ? 8 : 0) - 8 - $1 - $2))
	echo $((room / $3 * $3 - 2))
}

# What follows starts as few processes as it can: there are many cases, and in a guest
# processes are what takes time.

# ask OP JSON: of gwA's module; the answer is in SAID, and is none to be refused
ask() {
	nl_ask "$@" && [ "${SAID#*\"error\"}" = "$SAID" ] && return
	echo "$1 $2: $SAID"
	return 1
}

# xfrm_state SRC DST SPI WORDS ENC INTEG SALT
xfrm_state() {
	local src=$1 dst=$2 spi=$3 words="$4 " encap='' esn=''
	words=${words/ K / 0x$5$7 }
	words=${words/ I / 0x$6 }
	words=${words/ E / 0x$5 }
	[ "$ENCAP" = none ] || encap="encap espinudp 4500 4500 0.0.0.0"
	[ "$ENCAP$OUTER" != udp6 ] || encap="encap espinudp 4500 4500 ::"
	[ -z "$ESN" ] || esn="replay-seq $NEAR replay-oseq $NEAR flag esn"
	echo "xfrm state add src $src dst $dst proto esp spi $spi mode tunnel reqid 1" \
		"replay-window 64 flag af-unspec $esn $words $encap"
}

# A pair of SAs with keys that nobody has used, at both ends.
install() { # XFRM-WORDS ENC INTEG SALT (octets)
	local ei ii si eo io so ports='' esn='' more
	local to_a=$((0x1000 + N)) to_b=$((0x2000 + N))
	random_to ei "$2"
	random_to ii "$3"
	random_to si "$4"
	random_to eo "$2"
	random_to io "$3"
	random_to so "$4"
	{
		echo "xfrm state flush"
		xfrm_state "$THEM" "$US" "$to_b" "$1" "$eo" "$io" "$so"
		xfrm_state "$US" "$THEM" "$to_a" "$1" "$ei" "$ii" "$si"
	} >"$WORK/batch"
	ip -n gwB -batch "$WORK/batch" || return
	echo "$THEM $US $to_b $eo$so $io" >"$WORK/keys.$N"
	echo "$US $THEM $to_a $ei$si $ii" >>"$WORK/keys.$N"

	[ "$ENCAP" = none ] || ports='"encap-sport":4500,"encap-dport":4500,'
	[ -z "$ESN" ] || esn=",\"esn\":1,\"seq\":$NEAR"
	more="${esn}${si:+,\"salt\":\"}"
	ask sa-pair-new "{\"dev\":\"vti0\",\"activation\":\"now\",\"encap\":\"$ENCAP\",$ports\"allow-legacy\":1,\
\"in\":{\"spi\":$to_a,\"alg\":\"$ALG\",\"key\":\"$ei$ii\"$more$si${si:+\"}},\
\"out\":{\"spi\":$to_b,\"alg\":\"$ALG\",\"key\":\"$eo$io\"$more$so${so:+\"}}}" || return
	[[ $SAID =~ '"pair-id": '([0-9]+) ]] || return
	local id=${BASH_REMATCH[1]}
	[ -z "$BEFORE" ] || ask sa-del "{\"dev\":\"vti0\",\"pair-id\":$BEFORE}" || return
	BEFORE=$id
}

mtu_is() {
	ask tunnel-get '{"dev":"vti0"}' && [[ $SAID = *"\"mtu\": $1,"* ]]
}

# Of the pair in use: packets and last sequence number in both directions
counted() { # PACKETS SEQUENCE-NUMBER
	local in out number='"seq": ([0-9]+), "packets": ([0-9]+)'
	ask sa-get "{\"dev\":\"vti0\",\"pair-id\":$BEFORE}" || return
	echo "$SAID"
	in=${SAID#*\"in\":} out=${SAID#*\"out\":}
	for SAID in "${in%%\}*}" "${out%%\}*}"; do
		[[ $SAID = *"\"alg\": \"$ALG\""* && $SAID =~ $number ]] &&
			[ "${BASH_REMATCH[1]}" -ge "$2" ] && [ "${BASH_REMATCH[2]}" -ge "$1" ] || return
	done
}

none_dropped() {
	local drop='"[rt]x-([ac-oq-z]|pad)[a-z-]*": [1-9]' # all but packets and bytes
	ask tunnel-get '{"dev":"vti0"}' && [[ ! $SAID =~ $drop ]] && return
	echo "$SAID"
	return 1
}

# Packets of the greatest length, which must not be fragmented, one way, and small
# ones the other; each is answered.
both_ways() { # ENC INTEG SALT IV ICV BLOCK XFRM-WORDS
	local mtu from=0
	[ -z "$ESN" ] || from=$NEAR
	mtu=$(mtu_of "$4" "$5" "$6")
	install "$7" "$1" "$2" "$3" && wait_for 10 "mtu_is $mtu" || return
	traffic ping hostA "$HOSTB4" -M 'do' -s $((mtu - 28)) -c 1 -W 10 &&
		traffic ping hostB "$HOSTA6" -c 1 -W 10 || return
	# All of it was ESP of this SA, and with the number that it should have.
	counted 2 $((from + 2)) && none_dropped && ! in_ns gwB grep -E \
		'^XfrmIn(Error|HdrError|State[A-Z]|Tmpl|NoPols|Pol)[A-Za-z]*[[:space:]]+[1-9]' /proc/net/xfrm_stat
}

# tshark_reads OUTER ENCAP: one tshark(1) with the keys of all pairs; what it decrypts and finds
# right goes to $WORK/decrypted, a line "SPI,SPI... addresses" for each ping.
tshark_reads() {
	local n way alg esn encryption authentication src dst spi key integ sas=() bits
	while IFS='|' read -r n way alg esn encryption authentication; do
		[ "$way" = "$1$2" ] || continue
		bits=32
		[ -z "$esn" ] || bits=64 # of which the high half is 0 in the first packet
		while read -r src dst spi key integ; do
			printf -v spi '0x%08x' "$spi"
			# shellcheck disable=SC2054
			sas+=(-o "uat:esp_sa:\"IPv$1\",\"$src\",\"$dst\",\"$spi\",\"$encryption\",\"0x$key\",\"$authentication\",\"${integ:+0x$integ}\",\"$bits-bit\",\"0x00000000\"")
		done <"$WORK/keys.$n"
	done <"$WORK/known"
	tshark -r "$WORK/way.$1.$2" -o esp.enable_encryption_decode:TRUE \
		-o esp.enable_authentication_check:TRUE "${sas[@]}" -Y "icmp && esp.icv_good == 1" \
		-T fields -e esp.spi -e ip.src -e ip.dst >"$WORK/decrypted"
}

# tshark_knows N: it decrypted the ping of that pair, and the answer
tshark_knows() {
	local there back sep='[,[:space:]]'
	printf -v there '0x%08x' $((0x2000 + $1))
	printf -v back '0x%08x' $((0x1000 + $1))
	grep -E "^$there.*$sep$HOSTA4.*$sep$HOSTB4" "$WORK/decrypted" &&
		grep -E "^$back.*$sep$HOSTB4.*$sep$HOSTA4" "$WORK/decrypted" && return
	cat "$WORK/decrypted"
	return 1
}

# HMAC-SHA1-96 is for those who ask for it by name.
legacy() {
	local len
	link_down gwA
	link_up gwA 4 || return
	for ALG in aes-cbc-128-hmac-sha1-96 aes-cbc-256-hmac-sha1-96; do
		len=36
		[ "${ALG#aes-cbc-256}" = "$ALG" ] || len=52
		printf 'in %s\nout %s\n' "$(random_hex "$len")" "$(random_hex "$len")" |
			refused "only for pairs with allow-legacy" in_ns gwA ipsvtictl sa add vti0 \
				in spi 3000 out spi 3001 alg "$ALG" keys - || return
		printf 'in %s\nout %s\n' "$(random_hex "$len")" "$(random_hex "$len")" |
			in_ns gwA ipsvtictl sa add vti0 in spi 3000 out spi 3001 alg "$ALG" keys - \
				allow-legacy && in_ns gwA ipsvtictl sa flush vti0 || return
	done
}

N=0
ktap_run "set up" setup
for both in "${WAYS[@]}"; do
	read -r outer encap <<<"$both"
	ktap_run "over IPv$outer, encap $encap" way "$outer" "$encap"
	while IFS='|' read -r ALG keys sizes xfrm encryption authentication; do
		for ESN in '' 1; do
			N=$((N + 1))
			# shellcheck disable=SC2086
			ktap_run "$ALG${ESN:+, ESN}, IPv$outer, encap $encap" both_ways $keys $sizes "$xfrm"
			[ "$encryption" = - ] || echo "$N|$outer$encap|$ALG|$ESN|$encryption|$authentication" >>"$WORK/known"
		done
	done <"$WORK/table"
	capture_stop "$WORK/way.$outer.$encap"
done
# That of Debian 12 computes no ICV with the high half of the number.
[[ $(tshark -v 2>/dev/null) =~ ^TShark.*\ 4\.0\. ]] && old=1 || old=''
for both in "${WAYS[@]}"; do
	read -r outer encap <<<"$both"
	ktap_run "tshark with all of the keys, IPv$outer, encap $encap" tshark_reads "$outer" "$encap"
	while IFS='|' read -r n way ALG ESN _; do
		[ "$way" = "$outer$encap" ] || continue
		if [ -n "$old" ] && [ -n "$ESN" ]; then
			ktap_skip "tshark decrypts it: $ALG, ESN, IPv$outer, encap $encap" "tshark 4.0 does not verify what has ESN"
			continue
		fi
		ktap_run "tshark decrypts it: $ALG${ESN:+, ESN}, IPv$outer, encap $encap" tshark_knows "$n"
	done <"$WORK/known"
done
ktap_run "HMAC-SHA1-96 wants allow-legacy" legacy
ktap_end
