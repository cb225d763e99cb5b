#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP flows that are echoed, and what they suffered.

    flows.py FROM TO ADDR COUNT SECONDS

COUNT flows from the namespace FROM to ADDR in the namespace TO, each with a datagram every
SECONDS.  Says "running" when all were answered.  When standard input ends, it goes on until
each flow was answered ten times in a row, for LONGEST seconds at most, and then says in JSON
    sent, lost, twice   datagrams; "twice": answered more than once
    hit                 flows that lost any
    silence_ms          the longest time between two answers of one flow

It sleeps between datagrams, as virtual time stands still for whoever does not.
"""
import json
import os
import select
import socket
import struct
import sys
import time
from ctypes import CDLL, get_errno

CLONE_NEWNET = 0x40000000
PORT, FIRST = 7007, 9000
LONGEST, PATIENCE, ROW = 300, 3, 10
LIBC = CDLL(None, use_errno=True)


def sockets(ns, count):
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{ns}", os.O_RDONLY)
    if LIBC.setns(there, CLONE_NEWNET):
        raise OSError(get_errno(), "setns")
    made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    LIBC.setns(home, CLONE_NEWNET)
    for sock in made:
        sock.setblocking(False)
    return made


class Flow:
    def __init__(self, sock, addr, port):
        self.sock, self.sent, self.before, self.row = sock, 0, 0, 0
        self.answered, self.twice = set(), 0
        self.last, self.silence = time.monotonic(), 0.0
        sock.bind(("0.0.0.0", port))
        sock.connect((addr, PORT))

    def send(self):
        self.sent += 1
        try:
            self.sock.send(struct.pack("!I", self.sent) + bytes(60))
        except OSError:
            pass  # that is a lost one

    def receive(self):
        try:
            (number,) = struct.unpack("!I", self.sock.recv(2048)[:4])
        except OSError:
            return
        if number <= self.before:
            return
        self.twice += number in self.answered
        self.row = self.row + 1 if number - 1 in self.answered else 1
        self.answered.add(number)
        self.listen_from_now()

    def listen_from_now(self):
        now = time.monotonic()
        self.silence = max(self.silence, now - self.last)
        self.last = now

    def forget(self):
        """What was lost while ways were found is not what is asked for."""
        self.before, self.silence = self.sent, 0.0
        self.answered.clear()

    def lost(self):
        return self.sent - self.before - len(self.answered)


def echo(sock):
    try:
        data, peer = sock.recvfrom(2048)
        sock.sendto(data, peer)
    except OSError:
        pass


def carry(flows, server, seconds, ended):
    """Until ended() says so, with seconds between two datagrams; None: none are sent."""
    by_sock = {f.sock: f for f in flows}
    tick = time.monotonic()
    while not ended():
        left = (tick if seconds else time.monotonic() + 0.1) - time.monotonic()
        ready, _, _ = select.select([server, *by_sock], [], [], max(left, 0))
        for sock in ready:
            if sock is server:
                echo(sock)
            else:
                by_sock[sock].receive()
        if seconds and time.monotonic() >= tick:
            for flow in flows:
                flow.send()
            tick += seconds


def stdin_ended():
    return bool(select.select([sys.stdin], [], [], 0)[0])


def main():
    source, target, addr, count, seconds = sys.argv[1:]
    seconds = float(seconds)
    (server,) = sockets(target, 1)
    server.bind((addr, PORT))
    flows = [Flow(s, addr, FIRST + n) for n, s in enumerate(sockets(source, int(count)))]
    carry(flows, server, seconds, lambda: all(f.answered for f in flows) or stdin_ended())
    for flow in flows:
        flow.forget()
    print("running", flush=True)
    carry(flows, server, seconds, stdin_ended)
    for flow in flows:
        flow.row = 0
    end = time.monotonic() + LONGEST
    carry(flows, server, seconds, lambda: all(f.row >= ROW for f in flows) or time.monotonic() > end)
    for flow in flows:
        flow.listen_from_now()
    end = time.monotonic() + PATIENCE
    carry(flows, server, None, lambda: all(f.sent in f.answered for f in flows) or time.monotonic() > end)
    print(json.dumps({
        "sent": sum(f.sent - f.before for f in flows), "lost": sum(f.lost() for f in flows),
        "hit": sum(f.lost() > 0 for f in flows), "twice": sum(f.twice for f in flows),
        "silence_ms": round(1000 * max(f.silence for f in flows)),
    }))


main()
