#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lines-guard.sh: two processors that send and receive through one tunnel write no cache line
# in common for each packet, but what cannot be otherwise. UDP packets of 64 octets, kernel
# 6.1, whose AES-NI makes each packet take a reference to its SA; KTAP. Runs on the host.
# IPSVTI_OUT=FOLDER keeps the logs.
set -u
. "$(dirname "$(realpath "$0")")/guards.sh"
plan 3

WHAT=udp IPSVTI_OUT=$out "$here/run" -k 6.1 -m lines -t ipsvti >"$out/said" 2>&1
said $? "the guest was measured"

# found: whether what must be shared was seen, and who writes anything else
found() {
	python3 -c '
import json, sys
lines = json.load(open(sys.argv[1]))["ipsvti udp"]["lines"]
# the sequence number; replay window and its lock; the kernel takes a reference of the
# inner route before it calls us, and we drop it
known = {"ipsvti_seq_reserve (sending)", "ipsvti_replay_advance (receiving)", "_raw_spin_lock (receiving)",
         "_raw_spin_unlock (receiving)", "native_queued_spin_lock_slowpath (receiving)", "dst_release (sending)"}
per = {}
for line in lines:
    for who, n in line["who"].items():
        per[who] = per.get(who, 0) + n
print(int(all(0.9 < per.get(who, 0) < 1.1 for who in ("ipsvti_seq_reserve (sending)", "_raw_spin_lock (receiving)"))))
print(", ".join(f"{who} {n:.2f}" for who, n in sorted(per.items()) if who not in known and n >= 0.05) or "nobody")
' "$out/6.1/lines.json" 2>>"$out/said"
}
{ read -r seen; read -r others; } < <(found)
[ "${seen:-0}" = 1 ]
said $? "the sequence number and the lock of the window are seen, once for each packet"
echo "# others that write shared lines: ${others:-?}"
[ "${others:-}" = nobody ]
said $? "nobody else writes a line that both processors write"
[ "$status" -eq 0 ] || tail -n 60 "$out/said" | sed 's/^/# /'
exit "$status"
