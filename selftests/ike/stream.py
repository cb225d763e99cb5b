#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbered UDP datagrams, one each way every millisecond, and what became of them.

    stream.py NS ADDRESS NS ADDRESS

A line on standard input says what to do, and one on standard output that it is done:
    go      they are sent; "going" when some have arrived at either end
    stop    when more have arrived, no more are sent, and those under way are waited for:
            "sent N lost N twice N silence MS" for each direction, "silence" being the
            longest time between two that arrived
What does not become true in PATIENCE seconds is said, too. Ends with standard input. One
process for all of it, as it is starting them that takes time in a guest. What a busy host
has held up is not made up for: "sent" tells how many milliseconds were really looked at.
"""
import os
import select
import socket
import struct
import sys
import time
from ctypes import CDLL, get_errno

CLONE_NEWNET = 0x40000000
SO_RCVBUFFORCE = 33
PORT, PAUSE, SOME, MORE = 7100, 0.001, 50, 100
PATIENCE, UNDER_WAY = 20, 3
LIBC = CDLL(None, use_errno=True)


class End:
    """One of both: what it has sent, and what it has received of the other's."""

    def __init__(self, ns, addr):
        with open(f"/run/netns/{ns}", "rb") as there:
            if LIBC.setns(there.fileno(), CLONE_NEWNET):
                raise OSError(get_errno(), f"setns {ns}")
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        self.sock.setblocking(False)
        self.sock.bind((addr, PORT))
        self.addr, self.run = addr, 0
        self.begin()

    def begin(self):
        self.run += 1
        self.sent, self.twice, self.highest, self.seen = 0, 0, -1, set()
        self.last, self.silence = time.monotonic(), 0.0

    def send(self, other):
        try:
            self.sock.sendto(struct.pack("!II", self.run, self.sent) + b"." * 56, (other.addr, PORT))
        except OSError:
            pass  # that is a lost one
        self.sent += 1

    def receive(self):
        while True:
            try:
                run, number = struct.unpack("!II", self.sock.recv(2048)[:8])
            except BlockingIOError:
                return
            except OSError:
                continue
            if run != self.run:
                continue
            now = time.monotonic()
            self.silence = max(self.silence, now - self.last)
            self.last = now
            self.twice += number in self.seen
            self.highest = max(self.highest, number)
            self.seen.add(number)


def carry(a, b, until, seconds, sends=True):
    """Until that is so, or standard input has something to say, or the time is over."""
    end = time.monotonic() + seconds
    due = time.monotonic()
    while not until():
        now = time.monotonic()
        if now > end:
            return False
        if sends and now >= due:
            a.send(b)
            b.send(a)
            # (all that is due at once would be a burst)
            due = max(due + PAUSE, now)
        a.receive()
        b.receive()
        if select.select([sys.stdin], [], [], max(due - time.monotonic(), 0) if sends else 0.01)[0]:
            return None
    return True


def count(a, b):
    told = []
    for source, target in ((a, b), (b, a)):
        told.append(f"sent {source.sent} lost {source.sent - len(target.seen)} twice {target.twice} "
                    f"silence {1000 * target.silence:.0f}")
    return " ".join(told)


def main():
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    a, b = End(*sys.argv[1:3]), End(*sys.argv[3:5])
    LIBC.setns(home, CLONE_NEWNET)
    while True:
        line = os.read(0, 100).decode().strip()
        if line == "go":
            a.begin()
            b.begin()
            some = carry(a, b, lambda: min(len(a.seen), len(b.seen)) >= SOME, PATIENCE)
            print("going" if some else "nothing passes", flush=True)
            if some:
                carry(a, b, lambda: False, 600)
        elif line == "stop":
            wanted = a.sent + MORE
            more = carry(a, b, lambda: min(a.highest, b.highest) >= wanted, PATIENCE)
            carry(a, b, lambda: len(b.seen) == a.sent and len(a.seen) == b.sent, UNDER_WAY, False)
            print(count(a, b) if more else f"{count(a, b)} and nothing passes in the end", flush=True)
        else:
            return


main()
