#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py makes of logs what is in them. Logs of guests that never were are its input."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.realpath(__file__))


def udp(tunnel, size, per, sent=100, got=100, idle=0):
    return (f"#B R tunnel={tunnel} kind=udp size={size} sent={sent} got={got} "
            f"ticks={per * got} idle={idle} per={per}\n")


def tcp(tunnel, per):
    return f"#B R tunnel={tunnel} kind=tcp size=1000 ticks=1000 idle=0 resent=0 per={per} mbit=1.0 wire=1486 lan=42000\n"


def usual():
    """Logs in which ipsvti takes exactly what it may at most, where that is a round number."""
    logs = {"info": "".join(f"#B CIPHER name=gcm(aes) way={way} key=256 size={size} per={per}\n"
                            for way in ("encryption", "decryption") for size, per in ((64, 500), (1420, 1000)))}
    for tunnel, small, large, octet in (("plain", 1000, 1000, 1), ("ipip", 2000, 3000, 2), ("xfrmi", 11000, 21000, 20),
                                        ("vti", 21000, 21000, 30), ("wireguard", 31000, 41000, 40),
                                        ("ipsvti", 7000, 15001, 15.4)):
        logs["count." + tunnel] = udp(tunnel, 64, small) + udp(tunnel, 1400, large) + tcp(tunnel, octet)
    for tunnel, kb in (("ipsvti", 30000), ("xfrmi", 40000)):
        for count in (1, 10000):
            name = f"{tunnel}-n{count}"
            logs["scale." + name] = "".join(
                f"#B SCALE tunnel={name} side={side} count={count} ticks={count * 700} kb={kb}\n" for side in "AB")
            logs["scale." + name] += udp(name, 64, 1000 if count == 1 else 1060) + udp(name, 64, 1500)
    return {name: text + "#B END\n" for name, text in logs.items()}


class Report(unittest.TestCase):
    def make(self, logs):
        """report.py's exit status, what it printed, and its JSON; self.out keeps its files."""
        self.out = tempfile.mkdtemp()
        self.addCleanup(subprocess.run, ["rm", "-rf", self.out], check=True)
        for name, text in logs.items():
            with open(os.path.join(self.out, name + ".log"), "w") as f:
                f.write(text)
        run = subprocess.run([sys.executable, os.path.join(HERE, "report.py"), self.out, "6.1.0-test"],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.stderr, "")
        with open(os.path.join(self.out, "report.json")) as f:
            return run.returncode, run.stdout, json.load(f)

    def row(self, text, *begin):
        rows = [line for line in text.splitlines() if line.startswith("| " + " | ".join(begin) + " |")]
        self.assertEqual(len(rows), 1, (begin, text))
        return rows[0].strip("| ").split(" | ")

    def test_targets(self):
        status, text, report = self.make(usual())
        self.assertEqual((status, report["notes"]), (0, []))
        for what, other, ratio, most, holds in (
                ("UDP 64 B, above plain", "xfrmi", "0.600", "0.60", "holds"),
                ("UDP 64 B, above plain", "vti", "0.300", "0.53", "holds"),
                ("UDP 1400 B, above plain", "xfrmi", "0.700", "0.70", "**does not hold**"),
                ("TCP, per octet", "xfrmi", "0.770", "0.77", "holds"),
                ("TCP, per octet", "vti", "0.513", "0.58", "holds"),
                ("TCP, per octet", "wireguard", "0.385", "0.50", "holds"),
                ("UDP 64 B, median, through one of 10 000 tunnels", "ipsvti, through the only one", "1.060", "1.05",
                 "**does not hold**"),
                ("octets of an idle tunnel (device, SAs, policies)", "xfrmi", "0.750", "1.00", "holds"),
                # 6000 of 1000 above plain and twice 500; 14001 of 2000 and twice 1000
                ("hoped for: UDP 64 B, above plain", "ipip and the cipher twice", "3.000", "1.15", "**does not hold**"),
                ("hoped for: UDP 1400 B, above plain", "ipip and the cipher twice", "3.500", "1.15",
                 "**does not hold**"),
                ("hoped for: octets of an idle tunnel", "xfrmi", "0.750", "0.50", "**does not hold**")):
            self.assertEqual(self.row(text, what, other)[4:], [ratio, most, holds])
        self.assertEqual(len(report["targets"]), 12)

    def test_scale(self):
        _, text, _ = self.make(usual())
        self.assertEqual(self.row(text, "ipsvti, 10,000")[1:], ["1,060", "1,500", "3,072", "700"])
        # what few tunnels take is not told from chance
        self.assertEqual(self.row(text, "ipsvti, 1")[3], "-")

    def test_spread_loss_idle(self):
        logs = usual()
        logs["count.ipsvti"] = (udp("ipsvti", 64, 990) + udp("ipsvti", 64, 1010, got=90, idle=909) +
                                udp("ipsvti", 1400, 5) + "#B END\n")
        _, text, _ = self.make(logs)
        row = self.row(text, "ipsvti", "1,000")
        self.assertEqual(row[-2:], ["2.00", "3.33"])
        self.assertIn("at most 1.000 %", text)

    def test_doubts(self):
        logs = usual()
        logs["count.vti"] = (udp("vti", 64, 1029)[:-1] + " median=1000.0\n" + udp("vti", 512, 1031)[:-1] + " median=1000.0\n" +
                             udp("vti", 1400, 1000)[:-1] + " median=1000.0 icmp6=2\n" + "#B END\n")
        status, _, report = self.make(logs)
        self.assertEqual(status, 0)
        self.assertEqual(report["notes"], [
            "count.vti: udp 512: other work fell into it: the mean is 1,031, half of the windows had 1,000 or less",
            "count.vti: udp 1400: messages of the gateways' IPv6 fell into it: 2"])

    def test_nothing_measured(self):
        status, text, report = self.make({"count.ipsvti": "#B HELLO\n#B END\n"})
        self.assertEqual((status, report["runs"]), (0, []))
        self.assertNotIn("holds", text)

    def test_failures(self):
        for bad in ("#B ERR no answer\n#B END\n", "#B HELLO\n", "WARNING: CPU: 0\n#B END\n"):
            logs = usual()
            logs["count.vti"] = bad
            status, text, report = self.make(logs)
            self.assertEqual((status, len(report["notes"])), (1, 1))
            self.assertIn("What was not as it should be", text)
            self.assertNotIn("| vti |", text)

    def test_plot(self):
        self.make(usual())
        root = xml.etree.ElementTree.parse(os.path.join(self.out, "bars.svg")).getroot()
        texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertIn("Kernel 6.1.0-test", texts)
        # the longest bar of a group has the whole width, others their part
        bars = [(float(e.get("width"))) for e in root.iter("{http://www.w3.org/2000/svg}rect") if e.get("height") == "14"]
        self.assertEqual(max(bars), 420)
        first = bars[:6]    # the cipher, ipip, xfrmi, vti, wireguard, ipsvti
        self.assertEqual([round(b / 420, 4) for b in first], [0.0333, 0.0333, 0.3333, 0.6667, 1, 0.2])


unittest.main()
