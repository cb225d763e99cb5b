#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A flow of numbered UDP datagrams, to see what a network does to them.

    flow.py recv ADDR PORT         prints "ready"; when the last one has come, or none for
                                   10 s, one line of JSON: sent (null, if nobody knows),
                                   received, lost, duplicated, reordered
    flow.py send ADDR PORT PAUSE COUNT|FILE
                                   one every PAUSE milliseconds: COUNT of them, or until
                                   there is a FILE of that name
    flow.py burst ADDR PORT COUNT  so many as fast as they go, whoever receives them

The last datagram says that it is the last, and is sent again until the receiver
answers; it counts once.
"""
import json
import os
import socket
import struct
import sys
import time

SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33


def udp(addr):
    return socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_DGRAM)


def recv(addr, port):
    sock = udp(addr)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    sock.bind((addr, port))
    sock.settimeout(60)
    print("ready", flush=True)
    seen, highest, duplicated, reordered, total = set(), -1, 0, 0, None
    while total is None:
        try:
            data, peer = sock.recvfrom(2048)
        except socket.timeout:
            break
        sock.settimeout(10)
        number, last = struct.unpack("!II", data[:8])
        duplicated += number in seen
        reordered += number < highest and number not in seen
        highest = max(highest, number)
        seen.add(number)
        if last:
            total = number + 1
            for _ in range(3):
                sock.sendto(b"end", peer)
    print(json.dumps({"sent": total, "received": len(seen),
                      "lost": None if total is None else total - len(seen),
                      "duplicated": duplicated, "reordered": reordered}))


def send(addr, port, pause, until):
    sock = udp(addr)
    sock.connect((addr, port))
    count = int(until) if until.isdigit() else None
    start, number = time.monotonic(), 0
    while number < count - 1 if count else not os.path.exists(until):
        sock.send(struct.pack("!II", number, 0) + b"." * 60)
        number += 1
        late = start + number * pause / 1000 - time.monotonic()
        if late > 0:
            time.sleep(late)
    sock.settimeout(0.5)
    for _ in range(20):
        try:
            sock.send(struct.pack("!II", number, 1) + b"." * 60)
            sock.recv(16)
            return
        except (socket.timeout, ConnectionRefusedError):
            pass
    sys.exit("the receiver does not answer")


def burst(addr, port, count):
    sock = udp(addr)
    # Else it would wait for what it has sent to leave.
    sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 26)
    for number in range(count):
        sock.sendto(struct.pack("!II", number, 0) + b"." * 60, (addr, port))


if __name__ == "__main__":
    if sys.argv[1] == "burst":
        burst(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1] == "recv":
        recv(sys.argv[2], int(sys.argv[3]))
    else:
        send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
