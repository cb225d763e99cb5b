#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Known answers: packets of vectors.txt, and what libcrypto makes of the same keys.

    vectors.py list        the names of the tests
    vectors.py             prints "ok" or "not ok", name, and what was wrong, with tabs

Sends the packets from gwB to gwA, and looks at what vti0 of gwA delivers.  Nothing of
the kernel's cryptography is used here: it is libcrypto and Python's HMAC that say what
is right, and first of all they have to agree with what was printed.

Each packet is sent as it was printed, with the next header that it has there.  For
tunnel mode that is mostly the wrong one, 1: such a packet has to pass the cipher and
then be dropped for that.  So it is sent once more, sealed by libcrypto with the right
one; of GCM that changes a single octet and the ICV.  Four of those packets are shorter
than their IPv4 header says, for which they are dropped then: they are sent with the
right length as well.  And each once more with a bit of the key changed, which has to
be seen.

RFC 3602 has no ICV, and RFC 4868 no packets: those of the one are given an ICV with the
keys of the other.
"""
import ctypes
import hashlib
import hmac
import os
import re
import select
import socket
import struct
import sys
import time

import nl

HERE = os.path.dirname(os.path.realpath(__file__))
GWA, GWB = "192.0.2.1", "198.51.100.1"
GWA6, GWB6 = "2001:db8:a::1", "2001:db8:b::1"
libc = ctypes.CDLL(None, use_errno=True)
ETH_P_ALL, PACKET_OUTGOING = 3, 4

# RFC 4868, section 2.7.2, and RFC 2202, section 3: the hash, the key, the data, the HMAC
# as far as ESP keeps it.
HMACS = {
    "RFC 4868, AUTH256-1": ("sha256", b"\x0b" * 32, b"Hi There",
                            "198a607eb44bfbc69903a0f1cf2bbdc5"),
    "RFC 4868, AUTH256-2": ("sha256", b"Jefe" * 8, b"what do ya want for nothing?",
                            "167f928588c5cc2eef8e3093caa0e87c"),
    "RFC 4868, AUTH256-3": ("sha256", b"\xaa" * 32, b"\xdd" * 50,
                            "cdcb1220d1ecccea91e53aba3092f962"),
    "RFC 4868, AUTH256-4": ("sha256", bytes(range(1, 33)), b"\xcd" * 50,
                            "372efcf9b40b35c2115b1346903d2ef4"),
    "RFC 4868, AUTH384-1": ("sha384", b"\x0b" * 48, b"Hi There",
                            "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"),
    "RFC 4868, AUTH512-1": ("sha512", b"\x0b" * 64, b"Hi There",
                            "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"),
    "RFC 2202, case 1": ("sha1", b"\x0b" * 20, b"Hi There", "b617318655057264e28bc0b6"),
}
INTEG = {"sha256": "sha2-256-128", "sha384": "sha2-384-192", "sha512": "sha2-512-256",
         "sha1": "sha1-96"}


class Wrong(Exception):
    pass


def want(got, right, what):
    if got != right:
        raise Wrong("%s: %s, not %s" % (what, *(
            x.hex() if isinstance(x, bytes) else x for x in (got, right))))


class Crypto:
    """What of libcrypto is needed."""

    def __init__(self):
        self.lib = lib = ctypes.CDLL("libcrypto.so.3")
        for name in ("EVP_CIPHER_CTX_new", "EVP_CIPHER_fetch"):
            getattr(lib, name).restype = ctypes.c_void_p
        lib.EVP_CIPHER_fetch.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]

    def seal(self, name, key, iv, plain, aad=None, icv_len=0):
        """What the cipher makes of it, and after it the ICV."""
        lib, n = self.lib, ctypes.c_int()
        ctx = ctypes.c_void_p(lib.EVP_CIPHER_CTX_new())
        cipher = ctypes.c_void_p(lib.EVP_CIPHER_fetch(None, name.encode(), None))
        out = ctypes.create_string_buffer(len(plain) + 32)

        def must(ok):
            if ok != 1:
                raise Wrong("libcrypto cannot do " + name)

        must(lib.EVP_EncryptInit_ex(ctx, cipher, None, key, iv))
        must(lib.EVP_CIPHER_CTX_set_padding(ctx, 0))
        if aad:
            must(lib.EVP_EncryptUpdate(ctx, None, ctypes.byref(n), aad, len(aad)))
        length = 0
        if plain:
            must(lib.EVP_EncryptUpdate(ctx, out, ctypes.byref(n), plain, len(plain)))
            length = n.value
        must(lib.EVP_EncryptFinal_ex(ctx, ctypes.byref(out, length), ctypes.byref(n)))
        want(length + n.value, len(plain), "length")
        sealed = out.raw[:len(plain)]
        if icv_len:
            icv = ctypes.create_string_buffer(16)
            must(lib.EVP_CIPHER_CTX_ctrl(ctx, 0x10, 16, icv))  # EVP_CTRL_AEAD_GET_TAG
            sealed += icv.raw[:icv_len]
        lib.EVP_CIPHER_CTX_free(ctx)
        lib.EVP_CIPHER_free(cipher)
        return sealed


crypto = Crypto()


class Transform:
    """An algorithm, as its RFC has it."""

    def __init__(self, alg):
        words = alg.split("-")
        self.alg, self.iv_len, self.salt_len, self.block = alg, 8, 4, 4
        self.hash, self.integ_len = None, 0
        if alg.startswith("chacha20"):
            self.kind, self.key_len, self.icv_len = "ChaCha20-Poly1305", 32, 16
        elif words[1] == "cbc":
            self.kind, self.key_len = "CBC", int(words[2]) // 8
            self.iv_len, self.salt_len, self.block = 16, 0, 16
            self.hash = {v: k for k, v in INTEG.items()}[alg.split("-hmac-")[1]]
            self.icv_len = int(words[-1]) // 8
            self.integ_len = hashlib.new(self.hash).digest_size
        else:
            self.kind, self.key_len = words[1].upper(), int(words[-1]) // 8
            self.icv_len = int(words[2]) if words[1] == "gcm" else 16

    def head_len(self):
        return 8 + self.iv_len

    def packet(self, keys, spi, seq, iv, plain, esn):
        """The whole ESP packet; keys are key, salt and key of integrity."""
        key, salt, integ = keys
        head = struct.pack("!II", spi, seq & 0xFFFFFFFF)
        aad = struct.pack("!IQ", spi, seq) if esn else head
        aes = "AES-%d-" % (8 * len(key))
        if self.kind == "CBC":
            body = head + iv + crypto.seal(aes + "CBC", key, iv, plain)
            high = struct.pack("!I", seq >> 32) if esn else b""
            return body + hmac.digest(integ, body + high, self.hash)[:self.icv_len]
        if self.kind == "GMAC":
            return head + iv + plain + crypto.seal(aes + "GCM", key, salt + iv, b"",
                                                   aad + iv + plain, 16)
        name = aes + "GCM" if self.kind == "GCM" else self.kind
        return head + iv + crypto.seal(name, key, salt + iv, plain, aad, self.icv_len)

    def padded(self, inner):
        pad = -(len(inner) + 2) % self.block
        return inner + bytes(range(1, pad + 1)) + bytes([pad, 4])


class Vector:
    """A packet of vectors.txt, for CBC with one of HMACS."""

    def __init__(self, name, values, integ=None):
        raw = {k: bytes.fromhex(v) for k, v in values.items() if k != "alg"}
        self.name, alg, self.integ_key = name, values["alg"], b""
        if integ:
            hash_name, self.integ_key = HMACS[integ][:2]
            self.name += ", HMAC key of " + integ
            alg += "-hmac-" + INTEG[hash_name]
        self.t = Transform(alg)
        self.key, self.salt, self.plain = raw["key"], raw.get("salt", b""), raw["plain"]
        self.esn, self.seq = len(raw["seq"]) == 8, int.from_bytes(raw["seq"], "big")
        self.printed = raw.get("packet", raw.get("cipher"))
        self.spi = int.from_bytes(self.printed[:4], "big")
        self.iv = self.printed[8:self.t.head_len()]

    def sealed(self, plain):
        return self.t.packet((self.key, self.salt, self.integ_key), self.spi, self.seq, self.iv,
                             plain, self.esn)

    def check(self):
        """That nothing was copied wrongly, nor is computed wrongly here."""
        want(self.sealed(self.plain)[:len(self.printed)], self.printed, "libcrypto")
        self.packet = self.sealed(self.plain)


class Made:
    """A packet of our own, as a Vector is: GCM with an extended sequence number."""

    name, integ_key, esn, seq, spi = "made here, GCM, ESN, in UDP over IPv6", b"", True, (7 << 32) + 77, 0x12345678

    def __init__(self):
        self.t = Transform("aes-gcm-16-256")
        self.key, self.salt = bytes(range(32)), b"salt"
        self.plain = self.t.padded(inner_packet(61))

    def check(self):
        self.packet = self.t.packet((self.key, self.salt, b""), self.spi, self.seq, bytes(range(8)), self.plain, True)


def read_vectors():
    with open(HERE + "/vectors.txt", encoding="ascii") as f:
        text = re.sub("^#.*\n", "", f.read(), flags=re.M).replace("\n ", "")
    for block in text.strip().split("\n\n"):
        name, *lines = block.strip().split("\n")
        values = dict(line.split(" ", 1) for line in lines)
        for integ in HMACS if "cipher" in values else [None]:
            yield Vector(name, values, integ)


def enter(namespace):
    with open("/run/netns/" + namespace, "rb") as f:
        if libc.setns(f.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")


class Net:
    """Both ends: ESP packets from and to gwB, and what vti0 of gwA takes and gives."""

    device, to, encap = "vti0", (GWA, 0), {}
    # Less than SPI and sequence number is no ESP.
    shortest = 8

    def __init__(self):
        enter("gwB")
        self.esp = self.socket()
        self.esp.settimeout(5)
        enter("gwA")
        self.dev = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.dev.bind((self.device, ETH_P_ALL))
        self.family = nl.Family(nl.Spec(HERE + "/../../Documentation/netlink/specs/ipsvti.yaml"))
        self.index = socket.if_nametoindex(self.device)
        self.sending, self.spi = None, 0x7000

    @staticmethod
    def socket():
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
        sock.bind((GWB, 0))
        return sock

    def inject(self, packet):
        self.esp.sendto(packet, self.to)

    def ask(self, op, **values):
        (*replies,) = self.family.request(op, {"ifindex": self.index, **values})
        return replies[0] if replies else {}

    def counters(self):
        return self.ask("tunnel-get")["counters"]

    def install(self, alg, spi, key, salt, esn, last, integ=b"", out_spi=4096, out_last=0):
        sa = {"alg": alg, "key": (key + integ).hex(), "esn": int(esn)}
        if salt:
            sa["salt"] = salt.hex()
        return self.ask("sa-pair-new", activation="now", **{
            "in": {"spi": spi, "seq": last, **sa},
            "out": {"spi": out_spi, "seq": out_last, **sa},
            "allow-legacy": 1, **self.encap})["pair-id"]

    def delivered(self):
        """What the device has given to the stack since the last time."""
        packets = []
        while True:
            try:
                data, where = self.dev.recvfrom(4096, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return packets
            if where[2] != PACKET_OUTGOING:
                packets.append(data)

    def receive(self, packet, counter):
        """Sends the packet; the counter goes up by one, and none else of reception."""
        before = self.counters()
        self.delivered()
        self.inject(packet)
        end = time.monotonic() + 5
        while True:
            now = self.counters()
            changed = {k: now[k] - before[k] for k in now
                       if k.startswith("rx") and k != "rx-bytes" and now[k] != before[k]}
            if changed or time.monotonic() > end:
                break
            time.sleep(0.01)
        want(changed, {counter: 1}, "counters")
        return self.delivered()

    def send_with(self, alg, key, salt, integ, esn, out_spi, last):
        """From now on vti0 sends with this one, and is never without any in between."""
        self.spi ^= 1
        before, self.sending = self.sending, self.install(
            alg, self.spi, key, salt, esn, 0, integ, out_spi, last)
        if before:
            self.ask("sa-del", **{"pair-id": before})

    def ready(self):
        """The kernel lets packets into a device some time after its carrier is there."""
        if self.sending:
            return
        self.send_with("aes-gcm-16-128", bytes(16), bytes(4), b"", False, 4096, 0)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            self.dev.sendto(inner_packet(40), ("vti0", 0x0800))
            if select.select([self.esp], [], [], 0.1)[0]:
                return
        raise Wrong("nothing is sent")

    def transmit(self, inner, spi):
        """The ESP packet that the device makes of it."""
        self.dev.sendto(inner, ("vti0", 0x0800))
        while True:
            data = self.esp.recv(4096)
            esp = data[4 * (data[0] & 15):]
            if esp[:4] == struct.pack("!I", spi):
                return esp


class UdpOver6(Net):
    """The same in UDP over IPv6, and of vti1."""

    device, to = "vti1", (GWA6, 4500)
    encap = {"encap": "udp", "encap-sport": 4500, "encap-dport": 4500}
    # XFRM's part of UDP drops without a word what is shorter than an IPv6 header.
    shortest = 40

    @staticmethod
    def socket():
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.bind((GWB6, 4500))
        return sock


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def with_length(packet):
    """An IPv4 packet of which the header tells the right length."""
    packet = bytearray(packet)
    struct.pack_into("!H", packet, 2, len(packet))
    struct.pack_into("!H", packet, 10, 0)
    struct.pack_into("!H", packet, 10, checksum(bytes(packet[:20])))
    return bytes(packet)


def flipped(key):
    return bytes([key[0] ^ 1]) + key[1:]


def test_vector(net, v):
    v.check()
    inner = v.plain[:-2 - v.plain[-2]]
    # That before it is the last one that was seen.
    last = v.seq - 1
    args = (v.t.alg, v.spi)

    def with_pair(key, integ, packet, counter):
        pair_id = net.install(*args, key, v.salt, v.esn, last, integ)
        got = net.receive(packet, counter)
        sa = net.ask("sa-get", **{"pair-id": pair_id})["in"]
        net.ask("sa-del", **{"pair-id": pair_id})
        want(sa["seq"], last if counter == "rx-auth" else v.seq, "sequence number")
        return got

    with_pair(flipped(v.key) if v.t.kind != "CBC" else v.key,
              flipped(v.integ_key) if v.t.kind == "CBC" else b"", v.packet, "rx-auth")
    if v.plain[-1] == 4:
        want(with_pair(v.key, v.integ_key, v.packet, "rx-packets"), [inner], "delivered")
        return
    want(with_pair(v.key, v.integ_key, v.packet, "rx-next-header"), [], "delivered")

    def otherwise(inner, counter):
        """The same with next header 4, and what is delivered."""
        plain = inner + v.plain[len(inner):-1] + b"\x04"
        packet = v.sealed(plain)
        if v.t.kind in ("GCM", "ChaCha20-Poly1305"):  # a stream: the rest is as printed
            head = v.t.head_len()
            changed = {i - head for i in range(len(packet) - v.t.icv_len)
                       if packet[i] != v.packet[i]}
            want(changed, {i for i, c in enumerate(plain) if c != v.plain[i]}, "octets changed")
        return with_pair(v.key, v.integ_key, packet, counter)

    if inner[:1] != b"\x45" or len(inner) < 20:
        want(otherwise(inner, "rx-inner"), [], "delivered")
        return
    if struct.unpack_from("!H", inner, 2)[0] > len(inner):
        want(otherwise(inner, "rx-inner"), [], "delivered")
        inner = with_length(inner)
    want(otherwise(inner, "rx-packets"), [inner], "delivered")


def test_damaged(net, v):
    """Cut at each length, and with a bit of each octet changed: counted, and that is all."""
    v.check()
    packet, last = v.packet, v.seq - 1
    pair_id = net.install(v.t.alg, v.spi, v.key, v.salt, v.esn, last, v.integ_key)
    # Another SPI is not ours.
    for damaged, allowed, least in (
            ([packet[:n] for n in range(len(packet))], {"rx-truncated", "rx-auth"},
             len(packet) - net.shortest),
            ([packet[:n] + bytes([packet[n] ^ 0x40]) + packet[n + 1:]
              for n in range(len(packet))], {"rx-auth", "rx-late", "rx-replay"},
             len(packet) - 4)):
        before = net.counters()
        net.delivered()
        for d in damaged:
            net.inject(d)
        end = time.monotonic() + 5
        while True:
            now = net.counters()
            changed = {k: now[k] - before[k] for k in now if k.startswith("rx") and
                       now[k] != before[k]}
            if sum(changed.values()) >= least or time.monotonic() > end:
                break
            time.sleep(0.01)
        want(changed.keys() - allowed, set(), "counters")
        want(sum(changed.values()) in range(least, len(packet) + 1), True,
             "%s of %d" % (changed, len(packet)))
        want(net.delivered(), [], "delivered")
    want(net.ask("sa-get", **{"pair-id": pair_id})["in"]["seq"], last, "sequence number")
    want(net.receive(packet, "rx-packets"), [v.plain[:-2 - v.plain[-2]]], "delivered")
    net.ask("sa-del", **{"pair-id": pair_id})


def test_damaged_udp6(_, v):
    test_damaged(UdpOver6(), v)


def test_hmac(_, h):
    name, key, data, right = h
    want(hmac.digest(key, data, name)[:len(right) // 2], bytes.fromhex(right), "Python's HMAC")


def inner_packet(length):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0x4000, 64, 99, 0,
                       socket.inet_aton("10.1.0.2"), socket.inet_aton("10.2.0.2"))
    return with_length(head + bytes(i & 0xFF for i in range(length - len(head))))


def test_transmit(net, alg):
    """Whole packets as libcrypto makes them, of all lengths of padding, and across 2^32."""
    t = Transform(alg)
    net.ready()
    for esn, last in (False, 0), (True, 0xFFFFFFFD):
        key, salt, integ = (os.urandom(n) for n in (t.key_len, t.salt_len, t.integ_len))
        spi = int.from_bytes(os.urandom(3), "big") | 0x12000000
        net.send_with(alg, key, salt, integ, esn, spi, last)
        seen = set()
        for i in range(t.block + 1):
            inner, seq = inner_packet(40 + i), last + 1 + i
            got = net.transmit(inner, spi)
            iv = got[8:t.head_len()]
            want(got, t.packet((key, salt, integ), spi, seq, iv, t.padded(inner), esn),
                 "packet %d" % seq)
            want(iv in seen, False, "IV used before")
            seen.add(iv)


def tests():
    for name, h in HMACS.items():
        yield name + ": HMAC, truncated", test_hmac, h
    for v in read_vectors():
        yield v.name, test_vector, v
    for v in read_vectors():
        if v.plain[-1] == 4 and "case 8" not in v.name:
            yield "cut and flipped everywhere: " + v.name, test_damaged, v
    yield "cut and flipped everywhere: " + Made.name, test_damaged_udp6, Made()
    for alg in nl.Spec(HERE + "/../../Documentation/netlink/specs/ipsvti.yaml").enums["alg"]:
        yield "sent as libcrypto does: " + alg, test_transmit, alg


def main():
    if sys.argv[1:] == ["list"]:
        for name, *_ in tests():
            print(name)
        return
    net = Net()
    for name, test, what in tests():
        try:
            test(net, what)
            print("ok", name, "", sep="\t", flush=True)
        except (Wrong, nl.Refused, TimeoutError) as e:
            print("not ok", name, e, sep="\t", flush=True)
            net.ask("sa-flush")
            net.sending = None


if __name__ == "__main__":
    main()
