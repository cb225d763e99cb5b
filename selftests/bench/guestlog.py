# SPDX-License-Identifier: GPL-2.0-or-later
"""What guest/init has written: what was measured, and the kernel's symbols."""
import base64
import bisect
import gzip


class Symbols:
    """The functions (and, if they were written, variables) of a kernel."""

    def __init__(self, lines):
        pairs = []
        for text in lines:
            address, name = text.split(None, 1)
            pairs.append((int(address, 16), " ".join(name.split())))
        pairs.sort(key=lambda pair: pair[0])
        self.starts = [address for address, _ in pairs]
        self.names = [name for _, name in pairs]

    def name(self, address):
        """The name of the last one that begins at or before this, and how far into it."""
        at = bisect.bisect_right(self.starts, address) - 1
        if at < 0:
            return hex(address), None
        return self.names[at], address - self.starts[at]


def symbols(log):
    """The symbols in a guest's log."""
    with open(log, errors="replace") as f:
        packed = [text[3:].strip() for text in f if text.startswith("#K ")]
    return Symbols(gzip.decompress(base64.b64decode("".join(packed))).decode().splitlines())


def result(log):
    """The last measurement of a guest, as a dict of words."""
    line = {}
    with open(log, errors="replace") as f:
        for text in f:
            if text.startswith("#B R "):
                line = dict(w.split("=", 1) for w in text.split()[2:] if "=" in w)
            elif text.startswith("#B SCALE "):
                # the second gateway's is the one that is in the profile
                line = dict(w.split("=", 1) for w in text.split()[2:])
                line.update(kind="make", got=line["count"], per=float(line["ticks"]) / int(line["count"]))
    return line
