#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Keys written to files (--export-keys): tshark reads every IKE message and every ESP
# packet of a capture with them, rekeys and all; and without the option there are none.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"

ktap_plan 10

FAMILY=4 NAT=none
KEYS=/tmp/keys
CAPTURE=$OUT/wire.pcap

up() { carrier gwA 1 && carrier gwB 1; }
ping_once() { in_ns hostA ping -q -c 2 -i 0.1 -W 5 10.2.0.2; }

# start_both NS: its agent writes keys. The configurations have these LINES.
LINES_A=() LINES_B=()
start_both() {
	agents_end
	rm -rf "$KEYS"
	agent_conf gwA "${LINES_A[@]}"
	agent_conf gwB 'start = "passive"' "${LINES_B[@]}"
	capture_start inet toB "$CAPTURE" 'esp or udp port 500 or udp port 4500' || return
	if [ "$1" = gwB ]; then
		agent_start gwB --export-keys "$KEYS" && agent_start gwA
	else
		agent_start gwB && agent_start gwA --export-keys "$KEYS"
	fi && device gwA && device gwB && wait_for 30 up && ping_once
}

rekey() {
	local was_a was_b
	was_a=$(spi_out gwA) was_b=$(spi_out gwB)
	ctl "$1" rekey vti0 &&
		wait_for 20 "[ \"\$(spi_out gwA)\" != $was_a ] && [ \"\$(spi_out gwB)\" != $was_b ]" && ping_once
}

rekey_ike() {
	local was
	was=$(ctl "$1" status | jq -r '.tunnels[0]["ike-sas"][0]["spi-i"]')
	ctl "$1" rekey-ike vti0 &&
		wait_for 20 "ctl $1 status | jq -e '.tunnels[0][\"ike-sas\"] | length == 1 and .[0][\"spi-i\"] != \"$was\"'"
}

# life NS: the first keys, and those of rekeys of both kinds by both ends; NS writes them.
life() {
	start_both "$1" && rekey gwA && rekey gwB && rekey_ike gwA && rekey gwA && rekey_ike gwB && rekey gwB
	local status=$?
	capture_stop "$CAPTURE"
	return "$status"
}

# read_wire FOLDER: a line "PROTOCOLS|EXCHANGE|ID|DECRYPTED|PROPOSALS|GOOD|BAD" for each
# packet, in $OUT/fields; words about checksums of IKE, in $OUT/sums.
read_wire() {
	export WIRESHARK_CONFIG_DIR=$1
	local crypt=(-r "$CAPTURE" -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE)
	tshark "${crypt[@]}" -T fields -E separator='|' -e frame.protocols -e isakmp.exchangetype -e isakmp.id.data.fqdn \
		-e isakmp.enc.decrypted -e isakmp.prop.number -e esp.icv_good -e esp.icv_bad >"$OUT/fields" 2>"$OUT/tshark.err" &&
		! grep -i error "$OUT/tshark.err" && tshark "${crypt[@]}" -Y isakmp -O isakmp 2>>"$OUT/tshark.err" |
		grep -oE 'Checksum Data: .*' | sed 's/: [0-9a-f]* /: /' | sort | uniq -c >"$OUT/sums"
}
lines() { grep -cE "$1" "$OUT/fields"; }

ESP='^[^|]*:esp[:|]' READ='^[^|]*:esp:(ip|ipv6):[^|]*icmp' ECHO='^[^|]*:esp:ip:icmp:'

# all_read N M: N IKE SAs and M CHILD SAs or more were made, and all of it can be read.
all_read() {
	local ike esp
	ls -l "$KEYS"
	[ "$(stat -c %a "$KEYS/esp_sa")" = 600 ] && [ "$(stat -c %a "$KEYS/ikev2_decryption_table")" = 600 ] || return
	ike=$(grep -vc '^#' "$KEYS/ikev2_decryption_table") esp=$(grep -vc '^#' "$KEYS/esp_sa")
	echo "$ike IKE SAs, $esp SAs of ESP"
	read_wire "$KEYS" && cut -c -120 "$OUT/fields" && cat "$OUT/sums" && [ "$ike" -ge "$1" ] && [ "$esp" -ge $((2 * $2)) ] || return
	# The identities, which only IKE_AUTH has: ours and theirs, and the responder's again
	[ "$(lines '^[^|]*\|35\|gw-a.example,gw-b.example\|')" -ge 1 ] && [ "$(lines '^[^|]*\|35\|gw-b.example\|')" -ge 1 ] || return
	# Each protected message is decrypted, and its checksum right
	[ "$(lines '^[^|]*\|(35|36|37)\|[^|]*\|\|')" = 0 ] && [ "$(lines '^[^|]*\|36\|[^|]*\|[0-9a-f]+\|1')" -ge $((2 * $1 + 2 * $2 - 4)) ] &&
		grep -qF '[correct]' "$OUT/sums" && ! grep -vF '[correct]' "$OUT/sums" || return
	# Each packet of ESP is ICMP with a good checksum; there are echoes in each SA pair
	[ "$(lines "$ECHO")" -ge $((4 * $2)) ] && [ "$(lines "$READ")" = "$(lines "$ESP")" ] &&
		[ "$(lines "$ESP.*\|True\|False\$")" = "$(lines "$ESP")" ]
}

# The test can see the difference: without keys nothing is read.
nothing_read() {
	read_wire /nonexistent && [ "$(lines '^[^|]*\|35\|')" -ge 2 ] && [ "$(lines gw-)" = 0 ] && [ "$(lines "$ESP")" -ge 20 ] &&
		[ "$(lines "$READ")" = 0 ]
}

is_loud() {
	local ike
	ike=$(grep -c . "$KEYS/ikev2_decryption_table")
	grep -E 'KEYS|keys of' "$OUT/gwA.log" >&2
	said gwA "SESSION KEYS ARE WRITTEN TO $KEYS: .*restart without --export-keys" &&
		[ "$(times gwA 'keys of IKE SA [0-9a-f]{16}/[0-9a-f]{16} written to')" = "$ike" ] &&
		[ "$(times gwA 'vti0: keys of CHILD SA .* written to')" -ge 5 ]
}

# The process that faces the network has no such file; the other one reads none of them.
files_are_the_parents() {
	local pid=${AGENT[gwA]} ike
	ike=$(pgrep -P "$pid")
	ls -l "/proc/$pid/fd" "/proc/$ike/fd"
	[ "$(find "/proc/$pid/fd" -lname "$KEYS/*" | wc -l)" = 2 ] &&
		[ -z "$(find "/proc/$ike/fd" -lname "$KEYS/*")" ]
}

refused() {
	local said
	agents_end
	rm -f /run/gwA.sock
	said=$(in_ns gwA ipsvti-iked -s /run/gwA.sock --export-keys /nonexistent/keys 2>&1) && return 1
	echo "$said"
	grep -q '/nonexistent/keys: No such file' <<<"$said" && chmod 644 "$KEYS/esp_sa" || return
	said=$(in_ns gwA ipsvti-iked -s /run/gwA.sock --export-keys "$KEYS" 2>&1) && return 1
	echo "$said"
	grep -q 'esp_sa: others can get at it' <<<"$said" && [ ! -e /run/gwA.sock ]
}

# Nothing anywhere, no word, and no key on its way to the parent.
none_without() {
	agents_end
	rm -rf "$KEYS"
	LINES_A=() LINES_B=()
	agent_conf gwA && agent_conf gwB 'start = "passive"' && agent_start gwB && agent_start gwA && device gwA &&
		device gwB && wait_for 30 up && rekey gwA && rekey_ike gwA || return
	! grep -iE 'export|keys of|SESSION KEYS' "$OUT"/gw?.log && [ ! -e "$KEYS" ] &&
		[ -z "$(find /tmp /run /etc/netns "$OUT" -name esp_sa -o -name ikev2_decryption_table)" ]
}

swan() {
	agents_end
	rm -rf "$KEYS"
	ip -n gwB link del vti0 2>/dev/null
	SWAN_IKE=aes256-sha384-ecp384 SWAN_ESP=aes256gcm16-ecp384
	agent_conf gwA 'ike = {"aes256-sha384-ecp384"}' 'esp = {"aes256gcm16-ecp384"}'
	swan_device && swan_start && capture_start inet toB "$CAPTURE" 'esp or udp port 500 or udp port 4500' || return
	agent_start gwA --export-keys "$KEYS" && device gwA && wait_for 30 'carrier gwA 1' && ping_once &&
		rekey_alone && rekey_ike gwA && rekey_alone && swan_rekeys_ike && rekey_alone
	local status=$?
	capture_stop "$CAPTURE"
	agents_end
	swan_end
	return "$status"
}
swan_rekeys_ike() {
	local n
	n=$(grep -c . "$KEYS/ikev2_decryption_table")
	swanctl --rekey --ike site-a && wait_for 20 "[ \$(grep -c . $KEYS/ikev2_decryption_table) -gt $n ]"
}
rekey_alone() {
	local was
	was=$(spi_out gwA)
	ctl gwA rekey vti0 && wait_for 20 "[ \"\$(spi_out gwA)\" != $was ]" && ping_once
}

ktap_run "the module and two sites" load
LINES_A=('ike = {"aes256gcm16-prfsha384-x25519"}' 'esp = {"aes256gcm16-x25519"}') LINES_B=("${LINES_A[@]}")
ktap_run "AES-GCM: a life with rekeys of both kinds by both ends" life gwA
ktap_run "the log says so, for each SA" is_loud
ktap_run "only the parent has the files" files_are_the_parents
ktap_run "AES-GCM: tshark reads all of it, with keys only" eval 'all_read 3 5 && nothing_read'
LINES_A=('ike = {"aes128-sha256-prfsha256-ecp256"}' 'esp = {"aes256-sha512"}') LINES_B=("${LINES_A[@]}")
ktap_run "AES-CBC and HMAC: tshark reads all of it, by the responder's keys" eval 'life gwB && all_read 3 5 && nothing_read'
ktap_run "files that others can read are refused" refused
ktap_run "without the option nothing is written" none_without
ktap_run "with strongSwan" swan
ktap_run "with strongSwan: tshark reads all of it" all_read 3 4
agents_end
ktap_end
