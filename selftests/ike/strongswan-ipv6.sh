#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strongSwan is the peer, over IPv6.
set -u
# shellcheck source=selftests/ike/strongswan.sh
. "$IPSVTI_TREE/selftests/ike/strongswan.sh"
FAMILY=6 NAT=none

# What it takes is found out by its name as well, which has an address of this family only.
probe_by_name() {
	fresh
	printf '%s\n' "127.0.0.1 localhost" "$SEEN_B gw-b.example" >/etc/netns/gwA/hosts
	SWAN_CHARON='half_open_timeout = 3' swan_start || return
	in_ns gwA ipsvtictl --socket /run/gwA.sock probe gw-b.example every 1 >/tmp/probe 2>&1
	cat /tmp/probe
	grep -E '^encryption +aes256gcm16 +accepted' /tmp/probe && grep -E ' ecp384 +accepted' /tmp/probe &&
		grep -E ' x25519 +refused' /tmp/probe && ! grep 'no answer' /tmp/probe
}

strongswan_tests "probe: by name, over IPv6" probe_by_name
