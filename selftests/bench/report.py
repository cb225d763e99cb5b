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
COUNTS = (1, 10, 1000, 10000)
SCALED = ("ipsvti", "xfrmi", "vti", "ipip")
# what is asked of ipsvti: what it takes, against which other, at most how many times that
TARGETS = [
    ("UDP 64 B, above plain", ("udp", "64"), "xfrmi", 0.60),
    ("UDP 64 B, above plain", ("udp", "64"), "vti", 0.53),
    ("UDP 1400 B, above plain", ("udp", "1400"), "xfrmi", 0.70),
    ("TCP, per octet", ("tcp", ""), "xfrmi", 0.77),
    ("TCP, per octet", ("tcp", ""), "vti", 0.58),
    ("TCP, per octet", ("tcp", ""), "wireguard", 0.50),
]
MOST_10000, MOST_MEMORY = 1.05, 1.0
# what is hoped for beyond that; UDP against IPIP and the cipher twice
HOPED_FLOOR, HOPED_TCP, HOPED_MEMORY = 1.15, 0.65, 0.5
# by how much the mean of a measurement may be above the median of its windows
MOST_BESIDE = 1.03
# of a packet's size, that of the cipher's speed test which comes next
CIPHER_SIZES = {"64": 64, "512": 512, "1400": 1420}


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
            if not os.path.basename(name).startswith("profile."):
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
            self.doubts(name, d)
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
            # what a template is made of is listed, too
            used.sort(key=lambda w: (w.startswith("cryptd("), w.startswith("__")))
            if used and part == "count":
                self.crypto[name.split(".", 1)[1]] = used[0]
        elif word in ("R", "ERR") or (word == "XFRM" and "=" in rest):
            self.notes.append(f"{name}: {word} {rest}")

    def doubts(self, name, d):
        """Whether a measurement is of more than its own packets."""
        what = f"{name}: {d['kind']} {int(d['size'])}"
        if d.get("icmp6"):
            self.notes.append(f"{what}: messages of the gateways' IPv6 fell into it: {int(d['icmp6'])}")
        if d.get("median") and d["per"] > MOST_BESIDE * d["median"]:
            self.notes.append(f"{what}: other work fell into it: the mean is {d['per']:,.0f}, "
                              f"half of the windows had {d['median']:,.0f} or less")

    def values(self, part, tunnel, kind, size=""):
        """Per packet or octet. With thousands of tunnels IPv6's own messages never end within
        a time that can be waited for, so of these it is the median of the windows."""
        return [part == "scale" and d.get("median") or d["per"]
                for d in self.runs.get((part, tunnel, kind, size), []) if d["per"]]

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


def cipher_twice(logs, size):
    """The cipher alone, there and back: AES-256-GCM."""
    both = [logs.ciphers.get(("gcm(aes)", 256, way, CIPHER_SIZES[size])) for way in ("encryption", "decryption")]
    return sum(both) if all(both) else None


def floor(logs, size):
    """IPIP with the cipher: a packet of SIZE takes that in any tunnel, above plain routing."""
    ipip, cipher = logs.above("ipip", "udp", size), cipher_twice(logs, size)
    return ipip + cipher if ipip and cipher else None


def targets_of(logs):
    """(what, of what, ours, theirs, most): figures are None if they were not measured."""
    def per_octet(tunnel):
        return logs.mean("count", tunnel, "tcp")

    for what, (kind, size), other, most in TARGETS:
        get = per_octet if kind == "tcp" else lambda t, k=kind, s=size: logs.above(t, k, s)
        yield what, other, get("ipsvti"), get(other), most
    yield ("UDP 64 B, median, through one of 10 000 tunnels", "ipsvti, through the only one",
           many(logs, "ipsvti", 10000)[0], many(logs, "ipsvti", 1)[0], MOST_10000)
    # the larger number, if it was measured of both
    ours, theirs = next((both for both in ((memory(logs, "ipsvti", n), memory(logs, "xfrmi", n)) for n in (10000, 1000))
                         if all(both)), (None, None))
    yield "octets of an idle tunnel (device, SAs, policies)", "xfrmi", ours, theirs, MOST_MEMORY
    for size in ("64", "1400"):
        yield (f"hoped for: UDP {size} B, above plain", "ipip and the cipher twice",
               logs.above("ipsvti", "udp", size), floor(logs, size), HOPED_FLOOR)
    yield "hoped for: TCP, per octet", "xfrmi", per_octet("ipsvti"), per_octet("xfrmi"), HOPED_TCP
    yield "hoped for: octets of an idle tunnel", "xfrmi", ours, theirs, HOPED_MEMORY


def report_targets(logs):
    rows, result = [], []
    for what, other, ours, theirs, most in targets_of(logs):
        ratio = ours / theirs if ours and theirs else None
        form = "{:,.2f}" if ours and ours < 100 else "{:,.0f}"
        result.append({"what": what, "of": other, "ours": ours, "theirs": theirs, "ratio": ratio, "most": most})
        if ratio is not None:
            rows.append([what, other, text(ours, form), text(theirs, form), text(ratio, "{:.3f}"), f"{most:.2f}",
                         "holds" if ratio <= most else "**does not hold**"])
    if rows:
        print("### ipsvti against others\n")
        table(["what", "against", "ipsvti", "the other", "ratio", "target", "holds"], rows)
    return result


def many(logs, kind, count):
    """Through one of many tunnels, and through all of them in turn: two measurements."""
    v = logs.values("scale", f"{kind}-n{count}", "udp", "64")
    return (v + [None, None])[:2]


def memory(logs, kind, count):
    """Octets for each tunnel; with few of them it is chance what pages were taken."""
    sides = logs.scale.get(f"{kind}-n{count}", [])
    return 1024 * statistics.mean(d["kb"] for d in sides) / count if sides and count >= 1000 else None


def report_scale(logs):
    kinds = [k for k in SCALED if any(t.startswith(k + "-n") for t in logs.scale)]
    if kinds:
        print("### Many tunnels: UDP of 64 B, medians, through one of them, and through all in turn; "
              "and what a tunnel takes at one gateway\n")
    rows = []
    for k in kinds:
        for n in COUNTS:
            sides = logs.scale.get(f"{k}-n{n}", [])
            one, each = many(logs, k, n)
            # the first gateway's also has what the kernel loads and sets up on demand
            made = min(d["ticks"] for d in sides) / n if sides else None
            if sides:
                rows.append([f"{k}, {n:,}", text(one), text(each), text(memory(logs, k, n)), text(made)])
    if rows:
        table(["tunnels", "through one", "through all", "octets each", "instructions to make each"], rows)
    for part, letter, default, title in (
            ("window", "w", 1024, "Replay window, packets"),
            ("selectors", "s", 0, "Selectors beside none, or policies beside one; the last of them hit")):
        rows = {(k[1].split("-")[0], int(k[1].split("-" + letter)[1])): logs.mean(part, k[1], "udp", "64")
                for k in logs.runs if k[0] == part}
        # one that all others have is measured with the others
        rows.update({(kind, default): logs.mean("count", kind, "udp", "64") for kind, _ in rows})
        if rows:
            print(f"### {title}: UDP of 64 B, instructions per packet\n")
            table(["", "per packet"], [[f"{kind}, {n:,}", text(v)] for (kind, n), v in sorted(rows.items())])


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
        print(f"Meanwhile others kept {min(logs.others.values(), default=0):.2f} to {max(logs.others.values(), default=0):.2f} "
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


def plotted(logs, tunnels):
    cipher = [("AEAD twice", {s: cipher_twice(logs, s) for s in SIZES})]
    groups = [(f"UDP {s} B, instructions per packet above plain",
               [(n, v[s]) for n, v in cipher if v[s]] +
               [(t, logs.above(t, "udp", s)) for t in tunnels if not t.startswith("plain")])
              for s in ("64", "1400")] if tunnels else []
    groups.append(("TCP, instructions per octet", [(t, logs.mean("count", t, "tcp")) for t in tunnels]))
    grown = [(f"{k}, {n} tunnels", *many(logs, k, n)) for k in SCALED for n in COUNTS]
    groups.append(("UDP 64 B, instructions per packet, through one of many tunnels",
                   [(name, one) for name, one, _ in grown if one]))
    groups.append(("Octets of one of so many idle tunnels; ipip: the device alone",
                   [(f"{k}, {n:,}", memory(logs, k, n)) for k in SCALED for n in (1000, 10000) if memory(logs, k, n)]))
    return groups


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
    groups = plotted(logs, tunnels)
    if any(values for _, values in groups):
        with open(os.path.join(out, "bars.svg"), "w") as f:
            f.write(bars(f"Kernel {release}", groups))
    # a guest that was not what it should be is a failure, lost packets are a result
    return any(" ERR " in n or "WARNING:" in n or "BUG" in n or n.endswith("did not end") for n in logs.notes)


sys.exit(main())
