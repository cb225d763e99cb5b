#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends UDP datagrams that may be too big, between the namespaces of netns.sh, and says
what came of each: one process for all, a line of standard input each.

    udp FROM TO 4|6 SIZE [df] [nosum] [gso=N] [opt=HEX] [nth=N]
                    SIZE octets of UDP payload; df, never fragment; nosum, without checksum,
                    which else is written on the way; gso=N, as datagrams of N octets that
                    leave the socket as one packet; opt, IP options; nth, let the
                    Nth allocation that may fail do so (see fail-nth in the kernel's
                    Documentation/fault-injection)
    frag6 FROM TO   two IPv6 fragments, so short that, put together, they are not longer
                    than the first one was
    raw NS DEV HEX  an IPv4 packet as it is, straight to a device
    icmp NS TO ADDR TYPE CODE N SRC DST SPI
                    an ICMP error from NS to an address of TO's, with the number N, an MTU
                    say, that quotes the head of an ESP packet from SRC to DST
    tap NS DEV      listen on a packet socket, which shares packets with the stack
    tapped N        the first N octets of the longest IPv4 packet that was seen there

FROM and TO are hostA, hostB, gwA or gwB; gateways have the tunnel's addresses. The answers:

    arrived N       all of it, as it was sent, in N datagrams
    told MTU        an ICMP error came, with this MTU
    local MTU       the socket refused, as it knows the MTU
    failed ERROR    the socket refused otherwise
    lost            nothing of that within a second
    damaged         something else arrived
    sent            (raw)
    received        (icmp)
    listening       (tap)
    HEX             (tapped)

and with nth, behind it, "injected" if there was an Nth allocation.
"""
import ctypes
import errno
import os
import select
import socket
import struct
import sys
import time

ADDR = {"hostA": ("10.1.0.2", "fd00:1::2"), "hostB": ("10.2.0.2", "fd00:2::2"),
        "gwA": ("169.254.1.1", "fd00:ff::1"), "gwB": ("169.254.1.2", "fd00:ff::2")}
PORT = 5002
UDP_SEGMENT = 103
IP_RECVERR, IPV6_RECVERR = 11, 25
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER = 10, 23
DONT, DO = 0, 2
SO_RCVBUFFORCE, SO_NO_CHECK = 33, 11
libc = ctypes.CDLL(None, use_errno=True)


def enter(ns):
    with open("/run/netns/" + ns, "rb") as f:
        if libc.setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns " + ns)


def socket_in(ns, *args):
    enter(ns)
    return socket.socket(*args)


RECEIVERS = {}


def receiver(ns, v):
    if (ns, v) not in RECEIVERS:
        sock = socket_in(ns, socket.AF_INET if v == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        sock.bind((ADDR[ns][v == 6], PORT))
        sock.setblocking(False)
        RECEIVERS[ns, v] = sock
    return RECEIVERS[ns, v]


def pattern(number, size):
    return (struct.pack("!I", number) + bytes((i * 7 + number) & 0xFF for i in range(size)))[:size]


def sender(ns, to, v, opts):
    sock = socket_in(ns, socket.AF_INET if v == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    if v == 4:
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, DO if "df" in opts else DONT)
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        if "opt" in opts:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes.fromhex(opts["opt"]))
        sock.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, "nosum" in opts)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, DO if "df" in opts else DONT)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    sock.bind((ADDR[ns][v == 6], 0))
    sock.connect((ADDR[to][v == 6], PORT))
    return sock


def error_of(sock):
    """What is in the error queue: "told MTU" or "local MTU", or None."""
    try:
        _, control, _, _ = sock.recvmsg(1, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    for _, _, data in control:
        err, origin, _, _, _, info = struct.unpack("=IBBBBI", data[:12])
        if err == errno.EMSGSIZE:
            return "%s %d" % ("local" if origin == 1 else "told", info)
    return None


def outcome(sock, recv, expect):
    poll = select.poll()
    poll.register(recv, select.POLLIN)
    if sock:
        poll.register(sock, select.POLLERR)
    got = []
    while len(got) < len(expect):
        ready = poll.poll(1000)
        if not ready:
            return "lost" if not got else "damaged"
        for fd, _ in ready:
            if fd == recv.fileno():
                got.append(recv.recv(1 << 16))
                continue
            said = error_of(sock)
            if said:
                return said
    return "arrived %d" % len(got) if got == expect else "damaged"


NUMBER = 0


def udp(ns, to, v, size, *words):
    global NUMBER
    NUMBER += 1
    v, opts = int(v), dict(w.partition("=")[::2] for w in words)
    recv = receiver(to, v)
    sock = sender(ns, to, v, opts)
    data = pattern(NUMBER, int(size))
    gso = int(opts.get("gso", 0))
    if gso:
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, gso)
    expect = [data[i:i + gso] for i in range(0, len(data), gso)] if gso else [data]
    nth = os.open("/proc/thread-self/fail-nth", os.O_RDWR) if "nth" in opts else None
    failed = injected = None
    try:
        if nth is not None:
            os.write(nth, opts["nth"].encode())
        sock.send(data)
    except OSError as e:
        failed = e
    if nth is not None:
        try:
            injected = os.pread(nth, 16, 0).strip() == b"0"
            os.write(nth, b"0")
        except OSError:
            injected = False  # that was the Nth
        os.close(nth)
    if failed:
        said = error_of(sock) if failed.errno == errno.EMSGSIZE else None
        said = said or "failed " + errno.errorcode[failed.errno]
    else:
        said = outcome(sock, recv, expect)
    sock.close()
    return said + (" injected" if injected else "")


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frag6(ns, to):
    global NUMBER
    NUMBER += 1
    src, dst = (socket.inet_pton(socket.AF_INET6, ADDR[x][1]) for x in (ns, to))
    data = pattern(NUMBER, 500)
    seg = struct.pack("!HHHH", 9, PORT, 8 + len(data), 0) + data
    pseudo = src + dst + struct.pack("!II", len(seg), 17) + seg
    seg = seg[:6] + struct.pack("!H", checksum(pseudo)) + seg[8:]
    recv = receiver(to, 6)
    sock = socket_in(ns, socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for at, piece, more in (0, seg[:504], 1), (504, seg[504:], 0):
        frag = struct.pack("!BBHI", 17, 0, at | more, NUMBER) + piece
        sock.sendto(struct.pack("!IHBB", 6 << 28, len(frag), 44, 64) + src + dst + frag,
                    (ADDR[to][1], 0))
    sock.close()
    return outcome(None, recv, [data])


def raw(ns, dev, packet):
    sock = socket_in(ns, socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    sock.sendto(bytes.fromhex(packet), (dev, 0x0800))
    sock.close()
    return "sent"


def icmp_in(ns, v6):
    """How many ICMP messages have come there."""
    enter(ns)
    with open("/proc/thread-self/net/snmp" + "6" * v6, encoding="ascii") as f:
        if v6:
            return next(int(line.split()[1]) for line in f if line.startswith("Icmp6InMsgs"))
        names, numbers = [line.split() for line in f if line.startswith("Icmp:")]
        return int(numbers[names.index("InMsgs")])


def icmp(ns, at, to, kind, code, number, src, dst, spi):
    v6 = ":" in to
    before, end = icmp_in(at, v6), time.monotonic() + 10
    src, dst = (socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, a) for a in (src, dst))
    esp = struct.pack("!II", int(spi), 1) + bytes(56)
    if v6:
        quoted = struct.pack("!IHBB", 6 << 28, len(esp), 50, 64) + src + dst + esp
    else:
        quoted = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(esp), 0, 0x4000, 64, 50, 0) + src + dst
        quoted = quoted[:10] + struct.pack("!H", checksum(quoted)) + quoted[12:] + esp
    error = struct.pack("!BBHI", int(kind), int(code), 0, int(number)) + quoted
    if v6:  # whose checksum the socket makes
        sock = socket_in(ns, socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    else:
        sock = socket_in(ns, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        error = error[:2] + struct.pack("!H", checksum(error)) + error[4:]
    sock.sendto(error, (to, 0))
    sock.close()
    while icmp_in(at, v6) == before:
        if time.monotonic() > end:
            return "lost"
        time.sleep(0.01)
    return "received"


TAP = []


def tap(ns, dev):
    sock = socket_in(ns, socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    sock.bind((dev, 3))
    TAP.append(sock)
    return "listening"


def tapped(n):
    sock, longest = TAP.pop(), b""
    try:
        while True:
            data, addr = sock.recvfrom(1 << 16, socket.MSG_DONTWAIT)
            if addr[1] == 0x0800 and len(data) > len(longest):
                longest = data
    except BlockingIOError:
        sock.close()
    return longest[:int(n)].hex()


WORDS = {"udp": udp, "frag6": frag6, "raw": raw, "icmp": icmp, "tap": tap, "tapped": tapped}

if __name__ == "__main__":
    for line in sys.stdin:
        what, *rest = line.split()
        try:
            answer = WORDS[what](*rest)
        except (OSError, ValueError) as e:
            answer = "error %s" % e
        print(answer, flush=True)
