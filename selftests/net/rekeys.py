#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SA pairs between gwA and gwB replaced by the clock, under a constant load both ways.

    rekeys.py REKEYS MILLISECONDS none|udp
                   vti0 of both has no pair yet.  Prints one line of JSON: rekeys,
                   milliseconds (of one, on average), flows: {name: {...}}, tcp (what
                   the hosts' TCP has counted that only loss or disorder bring about),
                   packets (sent and received by the tunnel, both ways)

The load is, in each direction, numbered UDP datagrams over IPv4, one each millisecond,
and two TCP streams, one over each family, as fast as they go.  Both ends of a direction
are one process, which stays on one processor: between processors a veth queue overtakes
the other's, by no fault of the tunnel.  Another one has the keys.  Of a TCP stream each
octet is compared with what was sent.

A pair comes in one of three ways, in turn: gwB installs it, to send by it when it has
seen a packet, then gwA, at once; the same with the two exchanged; both install it, and
then both activate it.  It goes, from both, when it has been out of use for a while and, by
the counters of the devices, all that was sent has arrived: a packet that does not
arrive ends the test.
"""
import faulthandler
import json
import os
import select
import socket
import struct
import sys
import time

import nl
from traffic import Inside, family

HOSTS = {"hostA": ("10.1.0.2", "fd00:1::2"), "hostB": ("10.2.0.2", "fd00:2::2")}
UDP_PORT, TCP_PORT, TCP_BLOCK, UDP_PAUSE = 7100, 7200, 8192, 0.001
SO_RCVBUFFORCE, SO_SNDBUF_TCP = 33, 1 << 17
# Seconds for what is awaited, and pairs besides the one in use: a device has eight.
PATIENCE, OLD_PAIRS = 60, 3
TCP_COUNTERS = {"RetransSegs", "TCPLostRetransmit", "TCPOFOQueue", "TCPDSACKRecv", "TCPSACKReorder",
                "TCPTimeouts", "TCPFastRetrans", "InErrs", "InCsumErrors"}


def pair(kind, ns_from, ns_to, addr, port):
    """A socket in each namespace, the first to be connected to the second."""
    with Inside(ns_to):
        into = socket.socket(family(addr), kind)
    with Inside(ns_from):
        out = socket.socket(family(addr), kind)
    into.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    into.bind((addr, port))
    return out, into


class Datagrams:
    """Numbered, one each UDP_PAUSE."""

    def __init__(self, ns_from, ns_to, addr, port):
        self.out, self.into = pair(socket.SOCK_DGRAM, ns_from, ns_to, addr, port)
        self.into.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        self.out.connect((addr, port))
        self.out.setblocking(False)
        self.into.setblocking(False)
        self.next, self.end = time.monotonic(), False
        self.sent, self.got, self.seen, self.highest = 0, 0, set(), -1
        self.duplicated = self.reordered = 0

    def wants(self):
        return [self.into], []

    def turn(self, readable, _writable):
        now = time.monotonic()
        if not self.end and now >= self.next:
            # What was missed is not made up for.
            self.next = max(self.next + UDP_PAUSE, now)
            self.out.send(struct.pack("!Q", self.sent) + b"." * 92)
            self.sent += 1
        while self.into in readable:
            try:
                (number,) = struct.unpack_from("!Q", self.into.recv(256))
            except BlockingIOError:
                break
            self.got += 1
            self.duplicated += number in self.seen
            self.reordered += number < self.highest and number not in self.seen
            self.highest = max(self.highest, number)
            self.seen.add(number)

    def stop(self):
        self.end = True

    def done(self):
        return len(self.seen) == self.sent

    def result(self):
        return {"sent": self.sent, "received": self.got, "lost": self.sent - len(self.seen),
                "duplicated": self.duplicated, "reordered": self.reordered}


class Stream:
    """Blocks with their number; the rest of a block are always the same random octets."""

    body = os.urandom(TCP_BLOCK - 8)

    def __init__(self, ns_from, ns_to, addr, port):
        self.out, listener = pair(socket.SOCK_STREAM, ns_from, ns_to, addr, port)
        listener.listen()
        self.out.settimeout(PATIENCE)
        # So much is under way at most, which fits every queue.
        self.out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SO_SNDBUF_TCP)
        self.out.connect((addr, port))
        self.into, _ = listener.accept()
        listener.close()
        self.out.setblocking(False)
        self.into.setblocking(False)
        self.sent = self.got = 0
        self.left, self.have = b"", b""
        self.right, self.end, self.closed, self.eof = True, False, False, False

    def block(self, number):
        return struct.pack("!Q", number) + self.body

    def wants(self):
        return [] if self.eof else [self.into], [] if self.closed else [self.out]

    def turn(self, readable, writable):
        if self.out in writable:
            if self.left or not self.end:
                self.left = self.left or self.block(self.sent // TCP_BLOCK)
                n = self.out.send(self.left)
                self.left = self.left[n:]
                self.sent += n
            if self.end and not self.left:
                self.out.shutdown(socket.SHUT_WR)
                self.closed = True
        if self.into in readable:
            more = self.into.recv(1 << 16)
            self.eof = not more
            self.have += more
            while len(self.have) >= TCP_BLOCK or (self.eof and self.have):
                block, self.have = self.have[:TCP_BLOCK], self.have[TCP_BLOCK:]
                self.right &= block == self.block(self.got // TCP_BLOCK)
                self.got += len(block)

    def stop(self):
        self.end = True

    def done(self):
        return self.eof

    def result(self):
        return {"sent": self.sent, "received": self.got, "right": self.right}


def direction(number, ns_from, ns_to, ready, stop):
    """One direction: reports on ready when all is connected; ends after stop is closed."""
    os.sched_setaffinity(0, {number % os.cpu_count()})
    four, six = HOSTS[ns_to]
    datagrams = Datagrams(ns_from, ns_to, four, UDP_PORT + number)
    flows = {"UDP": datagrams,
             "TCP, IPv4": Stream(ns_from, ns_to, four, TCP_PORT + number),
             "TCP, IPv6": Stream(ns_from, ns_to, six, TCP_PORT + number)}
    os.write(ready, b".")
    deadline = None
    while deadline is None or (time.monotonic() < deadline and
                               not all(f.done() for f in flows.values())):
        reads, writes = [stop] if deadline is None else [], []
        for f in flows.values():
            r, w = f.wants()
            reads += r
            writes += w
        readable, writable, _ = select.select(reads, writes, [], UDP_PAUSE)
        if stop in readable:
            deadline = time.monotonic() + PATIENCE
            for f in flows.values():
                f.stop()
        for f in flows.values():
            f.turn(readable, writable)
            datagrams.turn([datagrams.into], [])
    return {f"{name}, {ns_from} to {ns_to}": f.result() for name, f in flows.items()}


class Child:
    """A direction in a process of its own."""

    def __init__(self, number, ns_from, ns_to):
        ready_r, ready_w = os.pipe()
        stop_r, self.stop_w = os.pipe()
        self.said, said_w = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            # Those of the other child too: else it would not see its end.
            keep = {ready_w, stop_r, said_w}
            for fd in list(map(int, os.listdir("/proc/self/fd"))):
                if fd > 2 and fd not in keep and os.path.exists(f"/proc/self/fd/{fd}") and \
                        os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:"):
                    os.close(fd)
            try:
                result = direction(number, ns_from, ns_to, ready_w, stop_r)
            except OSError as error:
                result = {f"{ns_from} to {ns_to}": {"error": repr(error)}}
            os.write(said_w, json.dumps(result).encode())
            os._exit(0)
        for fd in ready_w, stop_r, said_w:
            os.close(fd)
        if os.read(ready_r, 1) != b".":
            raise OSError("the load did not begin: " + os.read(self.said, 4096).decode())

    def stop(self):
        os.close(self.stop_w)

    def result(self):
        said = b""
        while more := os.read(self.said, 65536):
            said += more
        os.waitpid(self.pid, 0)
        return json.loads(said)


class Gateway:
    def __init__(self, name, spec):
        self.name = name
        with Inside(name):
            self.family = nl.Family(spec)
            self.index = socket.if_nametoindex("vti0")

    def ask(self, op, **values):
        replies = list(self.family.request(op, {"ifindex": self.index, **values}))
        return replies[0] if replies else {}

    def tunnel(self):
        return self.ask("tunnel-get")


class Keys:
    """What a key daemon does, for both gateways."""

    def __init__(self, a, b, encap):
        self.sides, self.number = (a, b), 0
        self.encap = {"encap": encap}
        if encap == "udp":
            self.encap.update({"encap-sport": 4500, "encap-dport": 4500})
        self.pairs, self.missing = [], [0, 0]

    def install(self, how):
        """how: the activation of gwA's and of gwB's side; the responder's comes first."""
        self.number += 1
        sas = [{"spi": 0x1000 * (i + 1) + self.number, "alg": "aes-gcm-16-256",
                "replay-window": 1024,
                "key": os.urandom(32).hex(), "salt": os.urandom(4).hex()} for i in (0, 1)]
        ids = {}
        for i in (1, 0) if how[0] == "now" else (0, 1):
            out = {k: v for k, v in sas[1 - i].items() if k != "replay-window"}
            ids[i] = self.sides[i].ask("sa-pair-new", activation=how[i], **self.encap,
                                       **{"in": sas[i], "out": out})["pair-id"]
        if how[0] == "manual":
            for i in (0, 1):
                self.sides[i].ask("sa-activate", **{"pair-id": ids[i]})
        self.pairs.append(ids)

    def wait(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"{what}; sent and received: {self.packets()}")
            time.sleep(0.006)

    def in_use(self):
        self.wait(lambda: all(s.tunnel().get("active-pair") == self.pairs[-1][i]
                              for i, s in enumerate(self.sides)), "the new pair does not get active")

    def begin(self):
        """The first pair.  What was sent before both had it is no loss."""
        self.install(("manual", "manual"))
        self.in_use()
        was = None
        while was != (now := self.packets()):
            was = now
            time.sleep(0.1)
        self.missing = [sent - got for sent, got in now]

    def packets(self):
        """Sent and received: from gwA to gwB, and back."""
        counters = [s.tunnel()["counters"] for s in self.sides]
        return [(counters[i]["tx-packets"], counters[1 - i]["rx-packets"]) for i in (0, 1)]

    def all_there(self):
        sent = [p[0] for p in self.packets()]
        self.wait(lambda: all(p[1] + self.missing[i] >= sent[i] for i, p in enumerate(self.packets())),
                  "not all that was sent arrives")

    def retire(self):
        self.all_there()
        for i, pair_id in self.pairs.pop(0).items():
            self.sides[i].ask("sa-del", **{"pair-id": pair_id})


def tcp_counters():
    """Of both hosts together; the files have a line of names and then one of numbers."""
    found = dict.fromkeys(TCP_COUNTERS, 0)
    for ns in HOSTS:
        with Inside(ns):
            for name in "snmp", "netstat":
                with open(f"/proc/thread-self/net/{name}", encoding="ascii") as f:
                    lines = [line.split() for line in f if line.startswith("Tcp")]
                for names, numbers in zip(lines[::2], lines[1::2]):
                    for key, number in zip(names, numbers):
                        if key in found:
                            found[key] += int(number)
    return found


def main():
    rekeys, period, encap = int(sys.argv[1]), float(sys.argv[2]) / 1000, sys.argv[3]
    here = os.path.dirname(os.path.realpath(__file__))
    spec = nl.Spec(here + "/../../Documentation/netlink/specs/ipsvti.yaml")
    keys = Keys(Gateway("gwA", spec), Gateway("gwB", spec), encap)
    keys.begin()
    children = [Child(0, "hostA", "hostB"), Child(1, "hostB", "hostA")]
    # The load takes all the processors there are; the clock comes first.
    os.setpriority(os.PRIO_PROCESS, 0, -15)
    before = tcp_counters()
    ways = [("now", "first-rx"), ("first-rx", "now"), ("manual", "manual")]
    begin = time.monotonic()
    for n in range(rekeys):
        keys.install(ways[n % 3])
        keys.in_use()
        if len(keys.pairs) > OLD_PAIRS:
            keys.retire()
        late = time.monotonic() - begin - (n + 1) * period
        if late < 0:
            time.sleep(-late)
    took = (time.monotonic() - begin) / rekeys
    for child in children:
        child.stop()
    flows = {}
    for child in children:
        flows.update(child.result())
    tcp = {key: n - before[key] for key, n in tcp_counters().items()}
    keys.all_there()
    print(json.dumps({"rekeys": rekeys, "milliseconds": round(took * 1000, 1), "flows": flows,
                      "tcp": tcp, "packets": keys.packets()}))


if __name__ == "__main__":
    # And says where it was.
    faulthandler.dump_traceback_later(300, exit=True)
    main()
