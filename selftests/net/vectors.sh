#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Known answers: packets that RFCs print whole, with their keys, come out as what went in
# there; and what is sent is, octet for octet, what libcrypto makes with the same keys.
# See vectors.py and vectors.txt.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"
"$NET/vectors.py" list >"$WORK/list"
ktap_plan $((2 + $(wc -l <"$WORK/list")))

# What the device sends of its own accord is not to be taken for what is sent here, and
# what is delivered is to be as it was sent.
setup() {
	modprobe ipsvti && topo_up && encap_up gwA && link_up gwA 4 mss-clamp off &&
		ip -n gwA link add vti1 type ipsvti local "$GWA6" remote "$GWB6" mss-clamp off && ip -n gwA link set vti1 up &&
		in_ns gwA sysctl -qw net.ipv6.conf.vti0.disable_ipv6=1 net.ipv6.conf.vti1.disable_ipv6=1
}

known() {
	"$NET/vectors.py" >"$WORK/verdicts" 2>"$WORK/complaints"
	verdicts
}

all_there() {
	cat "$WORK/complaints"
	diff "$WORK/list" <(cut -f 2 "$WORK/verdicts")
}

ktap_run "set up" setup
known
ktap_run "that was all" all_there
ktap_end
