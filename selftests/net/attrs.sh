#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each attribute of the spec in each operation: too short, too long, out of range, where
# it does not belong, given twice, and missing; keys that are refused, and users.
set -u
. "$IPSVTI_TREE/selftests/net/lib.sh"

OPS=(tunnel-get tunnel-set spi-alloc sa-pair-new sa-activate sa-get sa-del sa-flush link-new link-set)
ktap_plan $((6 + ${#OPS[@]}))

setup() {
	modprobe ipsvti && topo_up && links_up 4
}

attrs() { in_ns gwA "$NET/attrs.py" "$@"; }

denied() { in_ns gwA "$NET/denied.py"; }

# One that the spec has and this script has not would not be asked for.
all_of_them() {
	attrs ops | diff - <(printf '%s\n' "${OPS[@]}")
}

still_carries() {
	pair_up 1 && ping_across 4 && ping_across 6
}

ktap_run "set up" setup
ktap_run "all operations of the spec" all_of_them
for op in "${OPS[@]}"; do
	ktap_run "$op: bad attributes, and attributes given twice" attrs check "$op"
done
ktap_run "any attribute may be missing, or it is said" attrs missing
ktap_run "who has no power here may do nothing, and hears nothing" denied
ktap_run "no key comes back with a refusal" attrs wiped
ktap_run "and the tunnel still carries" still_carries
ktap_end
