#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes packets that nobody's stack would make on purpose.

    inner.py --serve       for each line of standard input, "send WORDS" or "hex WORDS",
                           sends the packet from where this runs, or prints it in
                           hexadecimal digits; answers "sent", or the digits.  With
                           "gso WORDS" it is a datagram of this host, for the stack to
                           cut into segments of seg=N octets

WORDS are SRC DST PROTOCOL and any of

    sport=N dport=N        of tcp, udp, sctp, dccp, udplite
    type=N code=N          of icmp, icmpv6; type=N of mh
    frag=N more=1          a fragment, N units of 8 octets from the beginning; if N is
                           not 0 its data only looks like a header of its protocol
    ext=NAME,NAME...       IPv6 extension headers before it: hop, route, dest, frag
                           (one that changes nothing); with frag=N those behind a "frag"
                           are in the first fragment only, but for their number
    quote=WORD,WORD...     an ICMP message about such a packet, in the same words
    len=N                  octets of data; 8 if not said
    cut=N                  octets missing at the end, though the header counts them

PROTOCOL is a name of the above, or a number.
"""
import ipaddress
import socket
import struct
import sys

from esp import checksum

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "dccp": 33, "esp": 50, "icmpv6": 58,
             "sctp": 132, "mh": 135, "udplite": 136}
PORTS = {6, 17, 33, 132, 136}
UDP_SEGMENT = 103
EXTENSIONS = {"hop": 0, "route": 43, "frag": 44, "dest": 60}


def upper(protocol, src, dst, o):
    """The header of the next layer, and data."""
    data = bytes(o.get("len", 8))
    if "quote" in o:
        data = packet(o["quote"].split(","))
    if protocol in PORTS:
        ports = struct.pack("!HH", o.get("sport", 0), o.get("dport", 0))
        if protocol == 6:
            return ports + struct.pack("!IIBBHHH", 1, 0, 5 << 4, 2, 512, 0, 0) + data
        if protocol in (17, 136):
            return ports + struct.pack("!HH", 8 + len(data), 0) + data
        return ports + bytes(8) + data
    if protocol in (1, 58):
        head = struct.pack("!BBHI", o.get("type", 0), o.get("code", 0), 0, 0)
        pseudo = b""
        if protocol == 58:
            pseudo = src.packed + dst.packed + struct.pack("!II", len(head + data), 58)
        total = checksum(pseudo + head + data)
        return head[:2] + struct.pack("!H", total) + head[4:] + data
    if protocol == 135:
        return struct.pack("!BBBBHH", 59, 0, o.get("type", 0), 0, 0, 0)
    return data


def extend(names, protocol, payload, fragment):
    """IPv6 extension headers, from the last to the first."""
    for i in range(len(names) - 1, -1, -1):
        name = names[i]
        if name == "frag":
            offset = fragment if names.index("frag") == i else 0
            payload = struct.pack("!BBHI", protocol, 0, offset, 77) + payload
        elif name == "route":
            payload = struct.pack("!BBBBI", protocol, 0, 253, 0, 0) + payload
        else:
            payload = struct.pack("!BBBB4s", protocol, 0, 1, 4, b"") + payload
        protocol = EXTENSIONS[name]
    return protocol, payload


def packet(words):
    src, dst = (ipaddress.ip_address(w) for w in words[:2])
    protocol = PROTOCOLS.get(words[2])
    if protocol is None:
        protocol = int(words[2])
    pairs = (w.split("=", 1) for w in words[3:])
    o = {k: v if k in ("ext", "quote") else int(v) for k, v in pairs}
    fragment = o.get("frag", 0) << 3 | o.get("more", 0)
    payload = upper(protocol, src, dst, o)
    if src.version == 4:
        offset = o.get("frag", 0) | o.get("more", 0) << 13
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 77, offset, 64,
                           protocol, 0, src.packed, dst.packed)
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    else:
        names = o["ext"].split(",") if "ext" in o else []
        if fragment and "frag" not in names:
            names.append("frag")
        first, payload = extend(names, protocol, payload, fragment)
        head = struct.pack("!IHBB", 6 << 28, len(payload), first, 64) + src.packed + dst.packed
    whole = head + payload
    return whole[: len(whole) - o.get("cut", 0)]


def send_gso(words):
    o = {k: int(v) for k, v in (w.split("=", 1) for w in words[3:])}
    family = socket.AF_INET6 if ":" in words[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_UDP, UDP_SEGMENT, o["seg"])
        s.bind((words[0], o["sport"]))
        s.sendto(bytes(o["len"]), (words[1], o["dport"]))


def main():
    sockets = {}
    for version, family in (4, socket.AF_INET), (6, socket.AF_INET6):
        sockets[version] = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for line in sys.stdin:
        what, *words = line.split()
        said = "sent"
        try:
            if what == "gso":
                send_gso(words)
            elif what == "send":
                data = packet(words)
                sockets[data[0] >> 4].sendto(data, (words[1], 0))
            else:
                said = packet(words).hex()
        except (OSError, KeyError, ValueError, struct.error) as e:
            said = "%r: %s" % (e, line.strip())
        print(said, flush=True)


if __name__ == "__main__":
    main()
