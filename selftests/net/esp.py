#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes ESP packets by hand, right ones and wrong ones, and sends them.

    esp.py --from ADDR --to ADDR --spi N --keys FILE [--seq N] [--udp SPORT:DPORT]
           [--next-header N] [--padding HEX] [--inner-src A --inner-dst B]
           [--tos N] [--outer-tos N] [--cut N] [--flip N] [--times N] [--esn]
           [--size N] [--udp-sum right|wrong|none]

    esp.py --from ADDR --to ADDR --packet HEX     what is there already
    esp.py --serve         the same from each line of standard input; answers "sent"

The file with the keys is that of the sender, as ipsvtictl has it: the line "out
KEY SALT" is used.  The inner packet is UDP to port 9 (discard), of IPv4 with the
sequence number as its identification, or what --inner says in hexadecimal digits.
Encryption is libcrypto's: nothing that the module under test does, nor the kernel, is
used here.
"""
import argparse
import ctypes
import ipaddress
import shlex
import socket
import struct
import sys


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data[: len(data) & ~1]))
    if len(data) % 2:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def inner_packet(a, seq):
    payload = b"ipsvti".ljust(a.size, b"\0")
    src, dst = (ipaddress.ip_address(x) for x in (a.inner_src, a.inner_dst))
    udp = struct.pack("!HHHH", 9, 9, 8 + len(payload), 0) + payload
    if src.version == 4:
        head = struct.pack("!BBHHHBBH4s4s", 0x45, a.tos, 20 + len(udp), seq & 0xFFFF, 0x4000,
                           64, 17, 0, src.packed, dst.packed)
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp
    pseudo = src.packed + dst.packed + struct.pack("!II", len(udp), 17)
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp)) + udp[8:]
    return struct.pack("!IHBB", 6 << 28 | a.tos << 20, len(udp), 17, 64) + \
        src.packed + dst.packed + udp


class Crypto:
    """AES-GCM by libcrypto, loaded when it is needed first."""

    GET_TAG = 0x10  # EVP_CTRL_AEAD_GET_TAG
    lib = None

    @classmethod
    def seal(cls, key, nonce, aad, plain):
        if not cls.lib:
            cls.lib = ctypes.CDLL("libcrypto.so.3")
            cls.lib.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
        lib, null = cls.lib, ctypes.c_void_p()
        cipher = getattr(lib, "EVP_aes_%d_gcm" % (8 * len(key)))
        cipher.restype = ctypes.c_void_p
        ctx = ctypes.c_void_p(lib.EVP_CIPHER_CTX_new())
        out, tag = ctypes.create_string_buffer(len(plain) + 16), ctypes.create_string_buffer(16)
        n = ctypes.c_int()
        good = (
            lib.EVP_EncryptInit_ex(ctx, ctypes.c_void_p(cipher()), null, key, nonce) == 1
            and lib.EVP_EncryptUpdate(ctx, null, ctypes.byref(n), aad, len(aad)) == 1
            and lib.EVP_EncryptUpdate(ctx, out, ctypes.byref(n), plain, len(plain)) == 1
            and n.value == len(plain)
            and lib.EVP_EncryptFinal_ex(ctx, null, ctypes.byref(n)) == 1
            and lib.EVP_CIPHER_CTX_ctrl(ctx, cls.GET_TAG, 16, tag) == 1
        )
        lib.EVP_CIPHER_CTX_free(ctx)
        if not good:
            raise SystemExit("libcrypto does not encrypt")
        return out.raw[: len(plain)] + tag.raw


def read_keys(path):
    with open(path, encoding="ascii") as f:
        for line in f:
            words = line.split()
            if words and words[0] == "out":
                octets = bytes.fromhex("".join(w.removeprefix("0x") for w in words[1:]))
                return octets[:-4], octets[-4:]
    raise SystemExit("no line \"out\" in " + path)


def esp_packet(a, seq):
    plain = bytes.fromhex(a.inner) if a.inner is not None else inner_packet(a, seq)
    next_header = a.next_header
    if next_header is None:
        next_header = 4 if plain[0] >> 4 == 4 else 41
    if a.padding is None:
        pad = bytes(range(1, 1 + -(len(plain) + 2) % 4))
        pad_len = len(pad)
    else:
        pad = bytes.fromhex(a.padding)
        pad_len = len(pad) if a.pad_len is None else a.pad_len
    plain += pad + bytes([pad_len, next_header])
    head = struct.pack("!II", a.spi, seq & 0xFFFFFFFF)
    aad = struct.pack("!IQ", a.spi, seq) if a.esn else head
    iv = struct.pack("!Q", seq)
    key, salt = read_keys(a.keys)
    packet = bytearray(head + iv + Crypto.seal(key, salt + iv, aad, plain))
    if a.flip is not None:
        packet[a.flip] ^= 0x40
    return bytes(packet[: len(packet) - a.cut] if a.keep is None else packet[: a.keep])


def udp_packet(a, payload):
    """With a header of our own, since no socket makes wrong checksums."""
    sport, dport = map(int, a.udp.split(":"))
    head = struct.pack("!HHH", sport, dport, 8 + len(payload))
    src, dst = (ipaddress.ip_address(x).packed for x in (a.src, a.to))
    pseudo = src + dst + struct.pack("!II", 8 + len(payload), 17)
    right = checksum(pseudo + head + bytes(2) + payload) or 0xFFFF
    # Another one, and not 0, which says that there is none.
    wrong = right ^ 1 or 2
    return head + struct.pack("!H", {"right": right, "wrong": wrong, "none": 0}[a.udp_sum]) + payload


def send(words):
    p = argparse.ArgumentParser()
    number = lambda s: int(s, 0)
    p.add_argument("--from", dest="src", required=True)
    p.add_argument("--to", required=True)
    p.add_argument("--spi", type=number)
    p.add_argument("--keys")
    p.add_argument("--seq", type=number, default=1)
    p.add_argument("--udp", help="ESP in UDP, SPORT:DPORT")
    p.add_argument("--udp-sum", choices=("right", "wrong", "none"),
                   help="what the UDP checksum is, instead of what a socket makes of it")
    p.add_argument("--next-header", type=number)
    p.add_argument("--padding", help="hexadecimal digits instead of what is right")
    p.add_argument("--pad-len", type=number, help="what the pad length field says")
    p.add_argument("--inner-src", default="10.2.0.2")
    p.add_argument("--inner-dst", default="10.1.0.2")
    p.add_argument("--size", type=number, default=0, help="octets of UDP payload, if they are more than 6")
    p.add_argument("--inner", help="the whole inner packet, hexadecimal digits")
    p.add_argument("--tos", type=number, default=0)
    p.add_argument("--outer-tos", type=number, default=0)
    p.add_argument("--cut", type=number, default=0, help="octets missing at the end")
    p.add_argument("--keep", type=number, help="octets left of the ESP packet")
    p.add_argument("--flip", type=number, help="octet with a bit changed")
    p.add_argument("--times", type=number, default=1, help="send so often, counting up")
    p.add_argument("--packet", help="the whole ESP packet, hexadecimal digits")
    p.add_argument("--esn", action="store_true", help="extended sequence numbers")
    a = p.parse_args(words)

    v6 = ":" in a.to
    family = socket.AF_INET6 if v6 else socket.AF_INET
    if a.udp_sum:
        dport = 0
        sock = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_UDP)
        sock.bind((a.src, 0))
    elif a.udp:
        sport, dport = map(int, a.udp.split(":"))
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((a.src, sport))
    else:
        dport = 0
        sock = socket.socket(family, socket.SOCK_RAW, 50)
        sock.bind((a.src, 0))
    if v6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, a.outer_tos)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, a.outer_tos)
    # All are made before the first leaves: on an emulated processor that takes longer.
    packets = [bytes.fromhex(a.packet)] if a.packet else \
        [esp_packet(a, seq) for seq in range(a.seq, a.seq + a.times)]
    if a.udp_sum:
        packets = [udp_packet(a, packet) for packet in packets]
    for packet in packets:
        sock.sendto(packet, (a.to, dport))
    sock.close()


def main():
    if sys.argv[1:] != ["--serve"]:
        send(sys.argv[1:])
        return
    for line in sys.stdin:
        send(shlex.split(line))
        print("sent", flush=True)


if __name__ == "__main__":
    main()
