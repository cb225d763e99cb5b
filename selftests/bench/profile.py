#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""profile.py OUT: what the profiler counted, function by function.

Of each profile.TUNNEL.WHAT.blocks in the folder OUT, with the symbols in the guest's log
beside it, prints instructions and calls per packet (of TCP: per segment of 1368 octets,
which is what one packet carries; of making tunnels: per tunnel) for each phase, and writes
profile.json.
"""
import collections
import glob
import json
import os
import re
import sys

import guestlog

# As guest/init numbers them
PHASES = {
    1: "SENDING: the tunnel device, without the two below",
    2: "OUTPUT: the underlay's IP and device, until the next host has the packet",
    3: "RECEIVING: from the handler of ESP on",
    4: "DELIVERY: putting segments together, and what the LAN does with them",
    5: "CIPHER: encryption and decryption",
    0: "THE REST: hosts, LANs, the underlay's IP on arrival",
}
SEGMENT = 1368   # octets of payload in a segment of an MTU of 1420
SHOWN = 40
USER = 1 << 63


def profile(blocks):
    log = blocks.replace(".blocks", ".log")
    line, symbols = guestlog.result(log), guestlog.symbols(log)
    cost = collections.defaultdict(collections.Counter)
    calls = collections.defaultdict(collections.Counter)
    with open(blocks) as f:
        for text in f:
            phase, address, insns, times = text.split()
            phase, address, times = int(phase), int(address, 16), int(times)
            name = "(programs)"
            if address >= USER:
                name, offset = symbols.name(address)
                if offset == 0:
                    calls[phase][name] += times
            cost[phase][name] += int(insns) * times
    return line, cost, calls


def main():
    out, report = sys.argv[1], {}
    for blocks in sorted(glob.glob(os.path.join(out, "profile.*.blocks"))):
        name = re.match(r"profile\.(.*)\.blocks", os.path.basename(blocks)).group(1)
        line, cost, calls = profile(blocks)
        if "kind" not in line:
            sys.exit(f"{blocks}: the guest has not measured")
        tcp = line["kind"] == "tcp"
        per = int(line["size"]) / SEGMENT if tcp else int(line["got"])
        measured = float(line["per"]) * (SEGMENT if tcp else 1)
        total = sum(sum(c.values()) for c in cost.values())
        unit = {"tcp": "segment", "make": "tunnel"}.get(line["kind"], "packet")
        print(f"## {name}: instructions and calls per {unit}\n")
        print(f"counted {total / per:.0f}, by the guest's own counter {measured:.0f}\n")
        report[name] = {"counted": total / per, "measured": measured}
        for i, title in PHASES.items():
            if not cost[i]:
                continue
            print(f"{sum(cost[i].values()) / per:9.1f}          {title}")
            report[name][title] = {f: round(c / per, 2) for f, c in cost[i].most_common(200)}
            for f, c in cost[i].most_common(SHOWN):
                if c / per >= 0.5:
                    print(f"{c / per:9.1f} {calls[i][f] / per:8.2f}  {f}")
            print()
    if not report:
        sys.exit("there is no profile in " + out)
    with open(os.path.join(out, "profile.json"), "w") as f:
        json.dump(report, f, indent=1, sort_keys=True)


main()
