#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""profile.py OUT: what the profiler counted, function by function.

Of each profile.TUNNEL.WHAT.blocks in the folder OUT, with the symbols in the guest's log
beside it, prints instructions and calls per packet (for TCP: per payload octet and, as
calls, per MTU-sized segment) for sending, receiving and the rest, and writes
profile.json.
"""
import base64
import bisect
import collections
import glob
import gzip
import json
import os
import re
import sys

PHASES = ["the rest", "sending", "receiving", "phase 3"]
SEGMENT = 1368   # octets of payload in a segment of an MTU of 1420
SHOWN = 45
USER = 1 << 63


def results(log):
    """The line of the measurement, and the symbols: two lists, sorted by address."""
    line, packed = {}, []
    with open(log, errors="replace") as f:
        for text in f:
            if text.startswith("#B R "):
                line = dict(w.split("=", 1) for w in text.split()[2:] if "=" in w)
            elif text.startswith("#K "):
                packed.append(text[3:].strip())
    starts, names = [], []
    for text in gzip.decompress(base64.b64decode("".join(packed))).decode().splitlines():
        words = text.split()
        starts.append(int(words[0], 16))
        names.append(words[1] + (" " + words[2] if len(words) > 2 else ""))
    order = sorted(range(len(starts)), key=lambda i: starts[i])
    return line, [starts[i] for i in order], [names[i] for i in order]


def profile(blocks):
    line, starts, names = results(blocks.replace(".blocks", ".log"))
    cost = [collections.Counter() for _ in PHASES]
    calls = [collections.Counter() for _ in PHASES]
    total = 0
    with open(blocks) as f:
        for text in f:
            phase, addr, insns, times = text.split()
            phase, addr, times = int(phase), int(addr, 16), int(times)
            name = "(programs)"
            if addr >= USER:
                at = bisect.bisect_right(starts, addr) - 1
                name = names[at] if at >= 0 else hex(addr)
                if at >= 0 and starts[at] == addr:
                    calls[phase][name] += times
            cost[phase][name] += int(insns) * times
            total += int(insns) * times
    return line, total, cost, calls


def main():
    out, report = sys.argv[1], {}
    for blocks in sorted(glob.glob(os.path.join(out, "profile.*.blocks"))):
        name = re.match(r"profile\.(.*)\.blocks", os.path.basename(blocks)).group(1)
        line, total, cost, calls = profile(blocks)
        tcp = line["kind"] == "tcp"
        per = int(line["size"]) if tcp else int(line["got"])
        per_call = per / SEGMENT if tcp else per
        form = "{:9.3f}" if tcp else "{:9.1f}"
        print(f"## {name}: instructions per {'payload octet' if tcp else 'packet'}, "
              f"calls per {'segment' if tcp else 'packet'}")
        print(f"counted {total / per:.3f}, by the guest's own counter {line['per']}\n")
        report[name] = {"counted": total / per, "measured": float(line["per"])}
        for i in (1, 2, 0):
            if not cost[i]:
                continue
            print(f"{form.format(sum(cost[i].values()) / per)}            {PHASES[i].upper()}")
            report[name][PHASES[i]] = {f: round(c / per, 4) for f, c in cost[i].most_common(200)}
            for f, c in cost[i].most_common(SHOWN):
                print(f"{form.format(c / per)} {calls[i][f] / per_call:9.2f}  {f}")
            print()
    with open(os.path.join(out, "profile.json"), "w") as f:
        json.dump(report, f, indent=1, sort_keys=True)


main()
