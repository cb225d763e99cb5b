# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# strongSwan's daemon in gwB, whatever it is configured for. Sourced, after common.sh.

SWAN=/etc/netns/gwB
export STRONGSWAN_CONF=$SWAN/strongswan.conf

# strongswan_conf [MORE]: what it loads, and where its log goes; MORE is of charon's section.
strongswan_conf() {
	mkdir -p "$SWAN/swanctl"
	cat >"$STRONGSWAN_CONF" <<-EOT
		charon-systemd {
			load = random nonce openssl pem pkcs1 pkcs8 x509 constraints revocation pubkey kdf kernel-netlink socket-default vici
			install_routes = no
			retransmit_tries = ${SWAN_TRIES:-3}
			retransmit_timeout = 2
			${1:-}
			filelog {
				log {
					path = $OUT/charon.log
					default = 1
					flush_line = yes
				}
			}
		}
		swanctl {
			load = random openssl pem pkcs1 pkcs8 x509 pubkey
		}
	EOT
}

# swanctl in gwB, for what it reads of /etc there; "swan" where its socket is all it needs,
# as entering a namespace takes as long as the rest.
swanctl() { in_ns gwB timeout 30 swanctl "$@"; }
swan() { timeout 30 swanctl "$@"; }
