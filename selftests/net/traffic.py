#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic between two network namespaces, both ends in one process that stays.

    traffic.py     requests from standard input, one a line; for each, lines that begin
                   with "# " and then "ok" or "not ok"

    ping FROM ADDR [-c COUNT] [-s SIZE] [-i SECONDS] [-W SECONDS] [-M do|dont] [-p DIGITS]
         [-n LEAST] [-Q TOS]
                   echo requests with SIZE octets of data, each SECONDS (-i) after the
                   answer to the one before, or after -W SECONDS without one; ok if all,
                   or LEAST of them, were answered.  The octets are random, or repeat hexadecimal DIGITS.
    tcp FROM TO ADDR BYTES
                   so many random octets through one connection; ok if they arrived in TO
                   as they were, and the connection ended as it should
    streams FROM TO ADDR COUNT BYTES
                   the same through COUNT connections at once, half of them in the other
                   direction once they are made

FROM and TO are the names of namespaces.  In a guest it is starting processes that takes
time: this does without, where what a program says is not what a test is about.
"""
import argparse
import ctypes
import os
import select
import socket
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER = 10, 23
PMTUDISC = {"dont": 0, "want": 1, "do": 2}
TCP_PORT, TCP_SECONDS = 5001, 120

LIBC = ctypes.CDLL(None, use_errno=True)
HOME = os.open("/proc/self/ns/net", os.O_RDONLY)


def enter(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Inside:
    """A socket stays in the namespace where it was made; the process goes home."""

    def __init__(self, name):
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY)

    def __enter__(self):
        enter(self.fd)

    def __exit__(self, *_):
        enter(HOME)
        os.close(self.fd)


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) & ~1]))
    if len(data) & 1:
        total += data[-1] << 8
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


class Ping:
    """What ping(8) does, with an identifier of its own for each request of ours."""

    last = os.getpid() & 0xFFFF

    def __init__(self, ns, addr, discover):
        self.addr, self.six = addr, ":" in addr
        Ping.last = (Ping.last + 1) & 0xFFFF
        self.id = Ping.last
        proto = socket.IPPROTO_ICMPV6 if self.six else socket.IPPROTO_ICMP
        with Inside(ns):
            self.sock = socket.socket(family(addr), socket.SOCK_RAW, proto)
        if discover and self.six:
            self.sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC[discover])
        elif discover:
            self.sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC[discover])
        # What answers have to say, apart from echo replies, is not looked at.
        self.sock.settimeout(1)

    def send(self, seq, data):
        kind = 128 if self.six else 8
        head = struct.pack("!BBHHH", kind, 0, 0, self.id, seq)
        if not self.six:
            head = struct.pack("!BBHHH", kind, 0, checksum(head + data), self.id, seq)
        self.sock.sendto(head + data, (self.addr, 0))

    def answered(self, seq, data, seconds):
        end = time.monotonic() + seconds
        want = struct.pack("!HH", self.id, seq)
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                got, peer = self.sock.recvfrom(70000)
            except socket.timeout:
                break
            if not self.six:
                got = got[(got[0] & 15) * 4 :]
            if got[0] == (129 if self.six else 0) and got[4:8] == want and peer[0] == self.addr:
                if got[8:] == data:
                    return True
                print("# another echo came back")
        return False


def ping(words):
    args = argparse.ArgumentParser(prog="ping", exit_on_error=False)
    args.add_argument("ns")
    args.add_argument("addr")
    args.add_argument("-c", type=int, default=3)
    args.add_argument("-s", type=int, default=56)
    args.add_argument("-i", type=float, default=0)
    args.add_argument("-W", type=float, default=5)
    args.add_argument("-M", choices=PMTUDISC)
    args.add_argument("-p", type=bytes.fromhex)
    args.add_argument("-n", type=int)
    args.add_argument("-Q", type=int, help="IPv4's TOS, IPv6's traffic class")
    args = args.parse_args(words)
    echo = Ping(args.ns, args.addr, args.M)
    if args.Q is not None and echo.six:
        echo.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, args.Q)
    elif args.Q is not None:
        echo.sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, args.Q)
    answers = 0
    for seq in range(1, args.c + 1):
        data = (args.p * args.s)[: args.s] if args.p else os.urandom(args.s)
        try:
            echo.send(seq & 0xFFFF, data)
        except OSError as error:
            print(f"# {error}")
            continue
        answers += echo.answered(seq & 0xFFFF, data, args.W)
        time.sleep(args.i)
    print(f"# {args.c} echo requests to {args.addr}, {answers} answered")
    return answers >= (args.n or args.c)


def tcp(words):
    source, target, addr, count = words
    data = os.urandom(int(count))
    with Inside(target):
        listener = socket.socket(family(addr), socket.SOCK_STREAM)
    with Inside(source):
        out = socket.socket(family(addr), socket.SOCK_STREAM)
    with listener, out:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((addr, TCP_PORT))
        listener.listen()
        out.settimeout(TCP_SECONDS)
        out.connect((addr, TCP_PORT))
        listener.settimeout(TCP_SECONDS)
        into, _ = listener.accept()
        with into:
            return carry(out, into, data)


class Stream:
    """A connection that is made, and so many octets through it."""

    def __init__(self, out, into, data):
        self.out, self.into, self.data = out, into, data
        self.sent, self.got = 0, bytearray()
        for sock in out, into:
            sock.setblocking(False)

    def write(self):
        self.sent += self.out.send(self.data[self.sent : self.sent + (1 << 15)])
        if self.sent == len(self.data):
            self.out.shutdown(socket.SHUT_WR)

    def read(self):
        more = self.into.recv(1 << 16)
        self.got += more
        return bool(more)


def streams(words):
    source, target, addr, count, size = words
    with Inside(target):
        listener = socket.socket(family(addr), socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((addr, TCP_PORT))
    listener.listen(int(count))
    listener.settimeout(TCP_SECONDS)
    all_streams = []
    for n in range(int(count)):
        with Inside(source):
            out = socket.socket(family(addr), socket.SOCK_STREAM)
        out.settimeout(TCP_SECONDS)
        out.connect((addr, TCP_PORT))
        into, _ = listener.accept()
        if n % 2:
            out, into = into, out
        all_streams.append(Stream(out, into, os.urandom(int(size))))
    listener.close()
    end, reading = time.monotonic() + TCP_SECONDS, {s.into: s for s in all_streams}
    writing = {s.out: s for s in all_streams}
    while reading and (left := end - time.monotonic()) > 0:
        readable, writable, _ = select.select(list(reading), list(writing), [], left)
        for sock in writable:
            writing[sock].write()
            if writing[sock].sent == len(writing[sock].data):
                del writing[sock]
        for sock in readable:
            if not reading[sock].read():
                del reading[sock]
    good = sum(s.got == s.data for s in all_streams)
    for s in all_streams:
        s.out.close()
        s.into.close()
    print(f"# {count} streams of {size} octets, {good} arrived as they were")
    return good == int(count)


def carry(out, into, data):
    end = time.monotonic() + TCP_SECONDS
    out.setblocking(False)
    into.setblocking(False)
    sent, got = 0, bytearray()
    while (left := end - time.monotonic()) > 0:
        readable, writable, _ = select.select([into], [out] if sent < len(data) else [], [], left)
        if writable:
            sent += out.send(data[sent : sent + (1 << 18)])
            if sent == len(data):
                out.shutdown(socket.SHUT_WR)
        if readable:
            more = into.recv(1 << 18)
            if not more:
                print(f"# {len(data)} octets sent, {len(got)} received")
                return got == data
            got += more
    print(f"# {sent} of {len(data)} octets sent and {len(got)} received in {TCP_SECONDS} s")
    return False


def main():
    for line in sys.stdin:
        try:
            what, *words = line.split()
            good = {"ping": ping, "tcp": tcp, "streams": streams}[what](words)
        except (OSError, ValueError, KeyError, argparse.ArgumentError, SystemExit) as error:
            print(f"# {line.strip()}: {error!r}")
            good = False
        print("ok" if good else "not ok", flush=True)


if __name__ == "__main__":
    main()
