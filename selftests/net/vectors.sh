#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets that RFCs print whole, with their keys: what comes out is what went in there.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
ktap_plan 3

setup() { modprobe ipsvti && topo_up && links_up 4; }

# known ALG SPI KEY ESP-PACKET INNER-PACKET (hexadecimal digits, blanks allowed)
known() {
	local alg=$1 spi=$2 key=${3// /} packet=${4// /} inner=${5// /} got
	printf 'in %s\nout %s\n' "$key" "$(random_hex $((${#key} / 2)))" |
		in_ns gwA ipsvtictl sa add vti0 in spi "$spi" out spi 4096 alg "$alg" keys - &&
		capture_start gwA vti0 "$WORK/inner" -Q in &&
		in_ns gwB "$NET/esp.py" --from "$GWB4" --to "$GWA4" --packet "$packet" &&
		wait_for 5 '[ "$(counter gwA rx-packets)" = 1 ]' || return
	capture_stop "$WORK/inner"
	# Not what the device itself sends when it comes up, hence "-Q in" above.
	# A capture of a device without link layer headers is all inner packets.
	got=$(tshark -r "$WORK/inner" -x 2>/dev/null | sed -n 's/^[0-9a-f]*  \(\([0-9a-f][0-9a-f] \)*[0-9a-f][0-9a-f]\).*/\1/p' | tr -d ' \n')
	echo "$got"
	[ "$got" = "$inner" ] && ! drops gwA
}

# RFC 7634, appendix A
KEY_7634="80 81 82 83 84 85 86 87 88 89 8a 8b 8c 8d 8e 8f 90 91 92 93 94 95 96 97 98 99 9a 9b
 9c 9d 9e 9f a0 a1 a2 a3"
PACKET_7634="01 02 03 04 00 00 00 05 10 11 12 13 14 15 16 17 24 03 94 28 b9 7f 41 7e 3c 13 75 3a
 4f 05 08 7b 67 c3 52 e6 a7 fa b1 b9 82 d4 66 ef 40 7a e5 c6 14 ee 80 99 d5 28 44 eb 61 aa 95 df
 ab 4c 02 f7 2a a7 1e 7c 4c 4f 64 c9 be fe 2f ac c6 38 e8 f3 cb ec 16 3f ac 46 9b 50 27 73 f6 fb
 94 e6 64 da 91 65 b8 28 29 f6 41 e0 76 aa a8 26 6b 7f b0 f7 b1 1b 36 99 07 e1 ad 43"
INNER_7634="45 00 00 54 a6 f2 00 00 40 01 e7 78 c6 33 64 05 c0 00 02 05 08 00 5b 7a 3a 08 00 00
 55 3b ec 10 00 07 36 27 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f
 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31 32 33 34 35 36 37"

known_7634() {
	known chacha20-poly1305 0x01020304 "${KEY_7634//$'\n'/}" "${PACKET_7634//$'\n'/}" "${INNER_7634//$'\n'/}"
}

not_7634() { # the same with one octet of the key changed
	links_down
	links_up 4 || return
	KEY_7634=81${KEY_7634#80}
	! known_7634 && [ "$(counter gwA rx-auth)" = 1 ]
}

ktap_run "set up" setup
ktap_run "RFC 7634, appendix A: ChaCha20-Poly1305" known_7634
ktap_run "and with another key it is refused" not_7634
ktap_end
