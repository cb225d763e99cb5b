#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lines.py OUT: the cache lines that two processors write while both send and receive.

Of each lines.TUNNEL.WHAT.stores in the folder OUT, with the symbols in the guest's log
beside it, prints the lines that both processors write at least once in 20 packets, and
who writes them how often per packet. A packet is a call of the tunnel's transmit
function; of TCP, one that is to be cut into segments counts once.
"""
import collections
import glob
import json
import os
import re
import sys

import guestlog

PHASES = {1: "sending", 2: "output", 3: "receiving", 4: "delivery", 5: "cipher"}
INTERRUPT = 6
LEAST = 0.05
MOST_OF_THEM = 0.9   # of a packet: written for nearly each
IMAGE = 0xffffffff80000000   # variables of the kernel and of modules are above


def shared(stores):
    """The packets and stores of each processor, and the lines: {address: {(who, phase): per packet}}."""
    symbols = guestlog.symbols(stores.replace(".stores", ".log"))
    sent, total = [], []
    times = collections.defaultdict(lambda: [0, 0])
    who = collections.defaultdict(lambda: collections.Counter())
    with open(stores) as f:
        for text in f:
            words = text.split()
            if words[0] == "sent":
                sent = [int(w) for w in words[1:]]
            elif words[0] == "stores":
                total = [int(w) for w in words[1:]]
            else:
                if int(words[1]) == INTERRUPT:
                    continue
                line, insn = int(words[0], 16), int(words[3], 16)
                n = [int(w) for w in words[4:]]
                times[line] = [a + b for a, b in zip(times[line], n)]
                function = symbols.name(insn)[0].split()[0]
                who[line][f"{function} ({PHASES[int(words[1])]})"] += sum(n)
    if not sent or not all(sent):
        sys.exit(f"{stores}: both processors should have sent, and have not: {sent}")
    found = []
    for line, n in times.items():
        if all(t / s >= LEAST for t, s in zip(n, sent)):
            variable = symbols.name(line + 63)[0] if line >= IMAGE else ""
            found.append((sum(n) / sum(sent), line, variable,
                          {w: c / sum(sent) for w, c in who[line].most_common()}))
    return sent, total, sorted(found, key=lambda f: -f[0])


def main():
    out, report = sys.argv[1], {}
    for stores in sorted(glob.glob(os.path.join(out, "lines.*.stores"))):
        name, what = re.match(r"lines\.(.*)\.(.*)\.stores", os.path.basename(stores)).groups()
        sent, total, found = shared(stores)
        packets = sum(sent)
        print(f"## {name}, {what}: lines that both processors write\n")
        print(f"{sent[0]} and {sent[1]} packets, {sum(total) / packets:.0f} stores for each")
        often = [per for per, *_ in found if per >= MOST_OF_THEM]
        print(f"{len(often)} lines are written for nearly each packet, {sum(often):.1f} times together\n")
        for per, line, variable, who in found:
            print(f"{per:8.2f}  {line:x} {variable}")
            for function, n in who.items():
                print(f"{n:16.2f}  {function}")
        print()
        report[f"{name} {what}"] = {
            "packets": packets, "stores": sum(total) / packets,
            "often": len(often), "often-stores": sum(often),
            "lines": [{"stores": per, "variable": variable, "who": who} for per, _, variable, who in found]}
    if not report:
        sys.exit("no stores were counted in " + out)
    with open(os.path.join(out, "lines.json"), "w") as f:
        json.dump(report, f, indent=1, sort_keys=True)


main()
