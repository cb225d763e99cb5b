#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# compat-detect.sh INCLUDE: print the defines that kmod/compat.h works with, by
# looking into a kernel's headers.
#
# Not by version code: distributions and the stable series carry interfaces back
# into kernels with an older number.
set -u
include=$1

[ -f "$include/linux/netdevice.h" ] || {
	echo "compat-detect.sh: there are no kernel headers in '$include'" >&2
	exit 1
}

# has NAME FILE [PATTERN]: define IPSVTI_HAVE_NAME if FILE exists and has a line
# that matches.
has() {
	if grep -qse "${3:-}" "$include/$2"; then
		echo "#define IPSVTI_HAVE_$1 1"
	else
		echo "/* no $1 */"
	fi
}

echo '/* Made by kmod/compat-detect.sh; do not edit. */'
has NET_GSO_H		net/gso.h
has CRYPTO_DONE_DATA	linux/crypto.h		'crypto_completion_t)(void \*'
has NEWLINK_PARAMS	net/rtnetlink.h		'^struct rtnl_newlink_params {'
has DST_INIT_REF	net/dst.h		'int initial_ref'
has DEV_LLTX		linux/netdevice.h	'[[:space:]]lltx:1;'
has GENL_INFO_DUMP	net/genetlink.h		'^genl_info_dump('
has MCAST_CAP_NET_ADMIN	net/genetlink.h		'GENL_MCAST_CAP_NET_ADMIN'
