#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py OUT RELEASE: tables of what the guests said in the logs of the folder OUT.

Prints Markdown and writes report.md, report.json and bars.svg there.
"""
import contextlib
import glob
import io
import json
import os
import re
import statistics
import sys

from plot import bars

SIZES = ("64", "512", "1400")
# what is asked of ipsvti: what it takes, against which other, at most how many times that
TARGETS = [
    ("UDP 64 B, above plain", ("udp", "64"), "xfrmi", 0.60),
    ("UDP 64 B, above plain", ("udp", "64"), "vti", 0.53),
    ("UDP 1400 B, above plain", ("udp", "1400"), "xfrmi", 0.70),
    ("TCP, per octet", ("tcp", ""), "xfrmi", 0.77),
    ("TCP, per octet", ("tcp", ""), "vti", 0.58),
    ("TCP, per octet", ("tcp", ""), "wireguard", 0.50),
]
MOST_10000 = 1.05


def number(text):
    try:
        return float(text)
    except ValueError:
        return text


class Logs:
    """Everything that the guests said."""

    def __init__(self, out):
        self.runs = {}      # (part, tunnel, kind, size) -> list of measurements
        self.scale = {}     # tunnel -> list, one for each gateway
        self.ciphers = {}   # (name, key, way, size) -> instructions
        self.info, self.crypto, self.others, self.notes = [], {}, {}, []
        for name in sorted(glob.glob(os.path.join(out, "*.log"))):
            self.read(name)

    def read(self, path):
        name, ended = os.path.basename(path)[:-4], False
        part = name.split(".")[0]
        with open(path, errors="replace") as f:
            for line in map(str.strip, f):
                m = re.match(r"#B (\S+) ?(.*)", line)
                if m:
                    ended |= m.group(1) == "END"
                    self.word(name, part, m.group(1), m.group(2))
                elif re.search(r"BUG|WARNING:|Oops|Call Trace|panic", line):
                    self.notes.append(f"{name}: {line}")
        if not ended:
            self.notes.append(f"{name}: did not end")

    def word(self, name, part, word, rest):
        d = {k: number(v) for k, v in (w.split("=", 1) for w in rest.split() if "=" in w)}
        if word == "R" and "per" in d:
            # udp appears twice in a run of many tunnels: through one, and through all
            key = [part, d["tunnel"], d["kind"], "" if d["kind"] != "udp" else str(int(d["size"]))]
            if part == "wall":
                key[3] = name.rsplit(".", 1)[1]
            self.runs.setdefault(tuple(key), []).append(d)
        elif word == "SCALE":
            self.scale.setdefault(d["tunnel"], []).append(d)
        elif word == "CIPHER":
            self.ciphers[d["name"], int(d["key"]), d["way"], int(d["size"])] = d["per"]
        elif word == "INFO":
            self.info.append(rest)
        elif word == "HOST":
            self.others[name] = d["others"]
        elif word == "CRYPTO":
            used = [w for w in rest.split() if re.search("gcm|chacha", w)]
            if used and part == "count" and not name.startswith(("count.plain", "count.ipip")):
                self.crypto[name.split(".", 1)[1]] = used[0]
        elif word in ("R", "ERR") or (word == "XFRM" and "=" in rest):
            self.notes.append(f"{name}: {word} {rest}")

    def values(self, part, tunnel, kind, size=""):
        return [d["per"] for d in self.runs.get((part, tunnel, kind, size), []) if d["per"]]

    def mean(self, part, tunnel, kind, size=""):
        v = self.values(part, tunnel, kind, size)
        return statistics.mean(v) if v else None

    def above(self, tunnel, kind, size=""):
        a, b = self.mean("count", tunnel, kind, size), self.mean("count", "plain", kind, size)
        return None if a is None or b is None else a - b


def text(x, form="{:,.0f}"):
    return "-" if x is None else form.format(x)


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---|" + "---:|" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def spread(values):
    return 100 * (max(values) - min(values)) / statistics.mean(values) if values else None


def tunnels_of(logs):
    have = {k[1] for k in logs.runs if k[0] == "count"}
    order = ["plain", "plainseg", "ipip", "policy", "xfrmi", "vti", "wireguard", "ipsvti"]
    rank = {k: i for i, k in enumerate(order)}
    # those that are to be compared stand together: by what is behind the dash
    return sorted(have, key=lambda t: (t.partition("-")[2], rank.get(t.split("-")[0], 99)))


def report_count(logs, tunnels):
    print("### UDP: instructions per delivered packet, and above plain routing\n")
    rows = []
    for t in tunnels:
        sent = got = 0
        spreads = []
        for s in SIZES:
            for d in logs.runs.get(("count", t, "udp", s), []):
                sent, got = sent + d["sent"], got + d["got"]
            spreads.append(spread(logs.values("count", t, "udp", s)) or 0)
        rows.append([t] + [text(logs.mean("count", t, "udp", s)) for s in SIZES] +
                    [text(logs.above(t, "udp", s)) for s in SIZES] +
                    [text(max(spreads), "{:.2f}"), text(100 * (1 - got / sent) if sent else None, "{:.2f}")])
    table(["tunnel"] + [f"{s} B" for s in SIZES] + [f"above, {s} B" for s in SIZES] +
          ["spread %", "loss %"], rows)
    print("### TCP: instructions per octet; ping: instructions for there and back\n")
    rows = []
    for t in tunnels:
        runs = logs.runs.get(("count", t, "tcp", ""), [])
        rows.append([t, text(logs.mean("count", t, "tcp"), "{:.3f}"), text(logs.above(t, "tcp"), "{:.3f}"),
                     text(spread(logs.values("count", t, "tcp")), "{:.2f}"),
                     text(statistics.mean(d.get("wire", 0) for d in runs) if runs else None),
                     text(statistics.mean(d.get("lan", 0) for d in runs) if runs else None),
                     text(sum(d["resent"] for d in runs) if runs else None),
                     text(logs.mean("count", t, "ping")), text(logs.above(t, "ping"))])
    table(["tunnel", "TCP", "above", "spread %", "frames between, B", "frames to hostB, B", "sent again",
           "ping", "above"], rows)


def report_targets(logs):
    rows, result = [], []
    for what, (kind, size), other, most in TARGETS:
        get = logs.above if kind == "udp" else lambda *a: logs.mean("count", *a)
        ours, theirs = get("ipsvti", kind, size), get(other, kind, size)
        ratio = ours / theirs if ours and theirs else None
        rows.append([f"{what}, of {other}", text(ratio, "{:.3f}"), f"{most:.2f}",
                     "-" if ratio is None else "yes" if ratio <= most else "no"])
        result.append({"what": what, "of": other, "ratio": ratio, "most": most})
    ratio = many_ratio(logs)
    if ratio:
        rows.append(["10 000 tunnels, of one: UDP 64 B", text(ratio, "{:.3f}"), f"{MOST_10000:.2f}",
                     "yes" if ratio <= MOST_10000 else "no"])
        result.append({"what": "10000 tunnels", "of": "1", "ratio": ratio, "most": MOST_10000})
    ours, theirs = memory(logs, "ipsvti"), memory(logs, "xfrmi")
    if ours and theirs:
        rows.append(["memory of an idle tunnel, of xfrmi's", text(ours / theirs, "{:.3f}"), "1.00",
                     "yes" if ours < theirs else "no"])
        result.append({"what": "memory", "of": "xfrmi", "ratio": ours / theirs, "most": 1})
    print("### ipsvti against others\n")
    table(["", "measured", "wanted at most", "reached"], rows)
    return result


def many(logs, kind, count):
    """Through one of many tunnels, and through all of them in turn: two measurements."""
    v = logs.values("scale", f"{kind}-n{count}", "udp", "64")
    return (v + [None, None])[:2]


def many_ratio(logs):
    one, all_ = many(logs, "ipsvti", 1)[0], many(logs, "ipsvti", 10000)[0]
    return all_ / one if one and all_ else None


def memory(logs, kind, count=10000):
    """KiB for each tunnel; with few of them it is chance what pages were taken."""
    sides = logs.scale.get(f"{kind}-n{count}", [])
    return statistics.mean(d["kb"] for d in sides) / count if sides and count >= 1000 else None


def report_scale(logs):
    kinds = [k for k in ("ipsvti", "xfrmi", "vti") if any(t.startswith(k + "-n") for t in logs.scale)]
    if kinds:
        print("### Many tunnels: UDP of 64 B through one of them, and through all in turn; "
              "and what a tunnel takes at one gateway\n")
    rows = []
    for k in kinds:
        for n in (1, 10, 1000, 10000):
            sides = logs.scale.get(f"{k}-n{n}", [])
            one, each = many(logs, k, n)
            made = statistics.mean(d["ticks"] for d in sides) / n if sides else None
            rows.append([f"{k}, {n}", text(one), text(each), text(memory(logs, k, n), "{:.1f}"), text(made)])
    if rows:
        table(["tunnels", "through one", "through all", "KiB each", "instructions to make each"], rows)
    for part, letter, title in (("window", "w", "Replay window, packets"),
                                ("selectors", "s", "Selectors, or policies, the last of them hit")):
        found = sorted({k[1] for k in logs.runs if k[0] == part},
                       key=lambda t: (t.split("-")[0], int(t.split("-")[1][1:])))
        if found:
            print(f"### {title}: UDP of 64 B, instructions per packet\n")
            table(["", "per packet"], [[t.replace("-" + letter, ", "), text(logs.mean(part, t, "udp", "64"))]
                                       for t in found])


def report_rest(logs):
    if logs.ciphers:
        print("### The ciphers alone: instructions for one operation\n")
        sizes = (64, 512, 1420, 8192)
        names = sorted({k[:3] for k in logs.ciphers if k[1] in (256, 288)})
        table(["cipher"] + [f"{s} B" for s in sizes],
              [[f"{n}, {k} bits of key, {w}"] + [text(logs.ciphers.get((n, k, w, s))) for s in sizes]
               for n, k, w in names])
    wall = sorted({k[1] for k in logs.runs if k[0] == "wall"})
    if wall:
        print("### Real time, TCP: Mbit/s, the median of three, with one and two emulated processors\n")
        rows = []
        for t in wall:
            v = [[d["mbit"] for d in logs.runs.get(("wall", t, "tcp", n), [])] for n in "12"]
            m = [statistics.median(x) if x else None for x in v]
            rows.append([t, text(m[0], "{:.1f}"), text(m[1], "{:.1f}"),
                         text(m[1] / m[0] if all(m) else None, "{:.2f}")])
        table(["tunnel", "one", "two", "ratio"], rows)
        print(f"Meanwhile others kept {min(logs.others.values()):.2f} to {max(logs.others.values()):.2f} "
              "processors of this machine busy.\n")
    idle = max((100 * d["idle"] / d["ticks"] for k, r in logs.runs.items() if k[0] != "wall"
                for d in r if d["ticks"]), default=0)
    print(f"Idle time within a measurement, which is taken off: at most {idle:.3f} %.\n")
    for line in logs.info:
        print("- " + line)
    for t, name in logs.crypto.items():
        print(f"- {t} uses {name}")
    if logs.notes:
        print("\n### What was not as it should be\n")
        for line in logs.notes:
            print("- " + line)


def main():
    out, release = sys.argv[1:3]
    logs, said = Logs(out), io.StringIO()
    tunnels = tunnels_of(logs)
    with contextlib.redirect_stdout(said):
        print(f"## Kernel {release}\n")
        targets = report_targets(logs)
        if tunnels:
            report_count(logs, tunnels)
        report_scale(logs)
        report_rest(logs)
    print(said.getvalue())
    with open(os.path.join(out, "report.md"), "w") as f:
        f.write(said.getvalue())
    with open(os.path.join(out, "report.json"), "w") as f:
        json.dump({"kernel": release, "targets": targets, "notes": logs.notes, "scale": logs.scale,
                   "runs": [dict(part=k[0], **d) for k, r in sorted(logs.runs.items()) for d in r]},
                  f, indent=1, sort_keys=True)
    if tunnels:
        groups = [("UDP 64 B, instructions per packet above plain", [(t, logs.above(t, "udp", "64")) for t in tunnels]),
                  ("UDP 1400 B", [(t, logs.above(t, "udp", "1400")) for t in tunnels]),
                  ("TCP, instructions per octet", [(t, logs.mean("count", t, "tcp")) for t in tunnels])]
        with open(os.path.join(out, "bars.svg"), "w") as f:
            f.write(bars(f"Kernel {release}", groups))
    # a guest that was not what it should be is a failure, lost packets are a result
    return any(" ERR " in n or "WARNING:" in n or "BUG" in n or n.endswith("did not end") for n in logs.notes)


sys.exit(main())
