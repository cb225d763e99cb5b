#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Speaks the netlink family of the module, word for word as its spec has it.

    nl.py ask OP [JSON]    one request; prints the reply
    nl.py dump OP          prints one line for each object
    nl.py halves OP        the same, but with "half" after the first message of the
                           kernel's, a small one; the rest is read when a line comes from
                           standard input.  Last "interrupted", if that is what it said
    nl.py batch            requests from standard input, one "OP JSON" a line; prints
                           one line for each
    nl.py refusals         a table from standard input, of what must be refused, a line
                           "name | error | attribute | text | OP | JSON" each, "-" for
                           any; prints "ok" or "not ok", name, and what was answered
    nl.py monitor          prints "ready", then each event on a line, for ever

OP is one of the spec, or link-new or link-set: rtnetlink, JSON then is {"name": ...,
"data": {...}} with the attributes of the link kind.

Attributes are named as in the spec; enums by name; binary attributes, keys that
is, as hexadecimal digits; "dev" stands for the ifindex of that device.  Since its
purpose is also to say what ipsvtictl refuses to, nothing is checked here, and any
value may be {"hex": "..."}, which goes as it is, or a list, which goes one by one; "#7" is the attribute of that
number.  What was refused is printed as {"error": "EINVAL", "text": ..., "attr":
...}, and the exit status is 1.
"""
import errno
import json
import os
import socket
import struct
import sys

import yaml

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_DUMP = 1, 4, 0x10, 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK = 270, 1, 10
NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 11, 12
NLA_F_NESTED = 0x8000
CTRL_GETFAMILY = 3
NETLINK_ROUTE, NETLINK_GENERIC = 0, 16
RTM_NEWLINK, NLM_F_CREATE_EXCL = 16, 0x600
IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND, IFLA_INFO_DATA = 3, 18, 1, 2

WIDTH = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}


def attr(number, payload):
    length = 4 + len(payload)
    return struct.pack("=HH", length, number) + payload + b"\0" * (-length % 4)


def attrs(data, base=0):
    """Yields number, payload, and the offset that the kernel would report."""
    at = 0
    while at + 4 <= len(data):
        length, number = struct.unpack_from("=HH", data, at)
        yield number & 0x3FFF, data[at + 4 : at + length], base + at
        at += length + -length % 4


class Spec:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            spec = yaml.load(f, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.enums = {}
        for d in spec["definitions"]:
            if d["type"] == "enum":
                start = d.get("value-start", 0)
                self.enums[d["name"]] = {
                    e["name"]: i for i, e in enumerate(d["entries"], start)
                }
        self.sets = {
            s["name"]: {a["name"]: (i, a) for i, a in enumerate(s["attributes"], 1)}
            for s in spec["attribute-sets"]
        }
        self.ops = {
            o["name"]: (i, o) for i, o in enumerate(spec["operations"]["list"], 1)
        }
        self.by_number = {i: o for i, o in self.ops.values()}

    def value(self, a, v):
        if isinstance(v, dict) and "hex" in v:
            return bytes.fromhex(v["hex"])
        kind = a["type"]
        if kind == "nest":
            return self.encode(a["nested-attributes"], v)
        if kind == "binary":
            return socket.inet_pton(socket.AF_INET6, v) if ":" in v else bytes.fromhex(v)
        if kind == "string":
            return v.encode() + b"\0"
        if a.get("display-hint") == "ipv4":
            return socket.inet_pton(socket.AF_INET, v)
        if isinstance(v, str):
            v = self.enums[a["enum"]][v]
        order = ">" if a.get("byte-order") == "big-endian" else "="
        return struct.pack(order + WIDTH[kind], v)

    def encode(self, name, values):
        out = b""
        for key, v in values.items():
            if key == "dev":
                key, v = "ifindex", socket.if_nametoindex(v)
            if key.startswith("#"):
                out += attr(int(key[1:]), bytes.fromhex(v["hex"]))
                continue
            number, a = self.sets[name][key]
            nested = NLA_F_NESTED if a["type"] == "nest" else 0
            for one in v if isinstance(v, list) else [v]:
                out += attr(number | nested, self.value(a, one))
        return out

    def decode(self, name, data):
        names = {i: a for i, a in self.sets[name].values()}
        out = {}
        for number, payload, _ in attrs(data):
            a = names.get(number)
            if not a:
                out["#%d" % number] = payload.hex()
                continue
            kind, v = a["type"], payload
            if kind == "pad":
                continue
            if kind == "nest":
                v = self.decode(a["nested-attributes"], payload)
            elif kind == "string":
                v = payload.rstrip(b"\0").decode()
            elif a.get("display-hint") == "ipv4":
                v = socket.inet_ntop(socket.AF_INET, payload)
            elif a.get("display-hint") == "ipv6":
                v = socket.inet_ntop(socket.AF_INET6, payload)
            elif kind == "binary":
                v = payload.hex()
            else:
                order = ">" if a.get("byte-order") == "big-endian" else "="
                (v,) = struct.unpack(order + WIDTH[kind], payload)
                if "enum" in a:
                    back = {i: n for n, i in self.enums[a["enum"]].items()}
                    v = back.get(v, v)
            if a.get("multi-attr"):
                out.setdefault(a["name"], []).append(v)
            else:
                out[a["name"]] = v
        return out

    def name_of(self, name, number):
        return {i: n for n, (i, _) in self.sets[name].items()}.get(number, "#%d" % number)

    def at_offset(self, name, request, offset, base=0):
        """The name of the attribute that the kernel points to."""
        names = {i: a for i, a in self.sets[name].values()}
        for number, payload, at in attrs(request, base):
            a = names.get(number, {"name": "#%d" % number, "type": "?"})
            if at == offset:
                return a["name"]
            if a["type"] == "nest" and at < offset < at + 4 + len(payload):
                inner = self.at_offset(a["nested-attributes"], payload, offset, at + 4)
                return inner and a["name"] + "." + inner
        return None


class Refused(Exception):
    def __init__(self, code, text, where):
        super().__init__(text)
        self.shown = {"error": errno.errorcode.get(code, code)}
        if code == errno.EOPNOTSUPP:  # known to Python by its other name
            self.shown["error"] = "EOPNOTSUPP"
        if text is not None:
            self.shown["text"] = text
        if where is not None:
            self.shown["attr"] = where


class Netlink:
    """A socket of one netlink protocol; what the kernel refuses is raised."""

    def __init__(self, protocol):
        self.seq = 0
        self.room, self.pause, self.interrupted = 1 << 17, None, False
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        for option in NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK:
            self.sock.setsockopt(SOL_NETLINK, option, 1)
        self.sock.bind((0, 0))

    def talk(self, kind, flags, body, blame=None):
        """blame(offset, missing, nest) names an attribute of the request: the one at
        offset, or one that is missing in the one at nest."""
        self.seq += 1
        flags |= NLM_F_REQUEST | NLM_F_ACK
        self.sock.send(struct.pack("=IHHII", 16 + len(body), kind, flags, self.seq, 0) + body)
        while True:
            data = self.sock.recv(self.room)
            while data:
                length, kind, flags, seq, _ = struct.unpack_from("=IHHII", data)
                message, data = data[16:length], data[length + -length % 4 :]
                if seq != self.seq:
                    continue
                self.interrupted |= bool(flags & NLM_F_DUMP_INTR)
                if kind not in (NLMSG_ERROR, NLMSG_DONE):
                    yield message
                    continue
                code = -struct.unpack_from("=i", message)[0]
                if not code:
                    return
                if kind == NLMSG_DONE:
                    skip = 4
                else:
                    skip = 20 if flags & NLM_F_CAPPED else 4 + struct.unpack_from("=I", message, 4)[0]
                tlvs = {n: p for n, p, _ in attrs(message[skip:])} if flags & NLM_F_ACK_TLVS else {}
                number = {n: struct.unpack("=I", tlvs[n])[0] for n in (2, 5, 6) if n in tlvs}
                text = tlvs[1].rstrip(b"\0").decode() if 1 in tlvs else None
                where = blame(*map(number.get, (2, 5, 6))) if blame and number else None
                raise Refused(code, text, where)
            if self.pause:
                self.pause()
                self.pause = None


class Family(Netlink):
    def __init__(self, spec, name="ipsvti"):
        super().__init__(NETLINK_GENERIC)
        self.spec = spec
        request = struct.pack("=BBH", CTRL_GETFAMILY, 1, 0) + attr(2, name.encode() + b"\0")
        (reply,) = self.talk(16, 0, request)
        found = {n: p for n, p, _ in attrs(reply[4:])}
        self.id = struct.unpack("=H", found[1][:2])[0]
        self.groups = {}
        for _, group, _ in attrs(found.get(7, b"")):
            g = {n: p for n, p, _ in attrs(group)}
            self.groups[g[1].rstrip(b"\0").decode()] = struct.unpack("=I", g[2])[0]

    def request(self, op, values, dump=False):
        number, o = self.spec.ops[op]
        name = o["attribute-set"]
        payload = self.spec.encode(name, values)

        def blame(offset, missing, nest):
            if offset is not None:
                return self.spec.at_offset(name, payload, offset - 20)
            if nest is None:
                return self.spec.name_of(name, missing)
            outer = self.spec.at_offset(name, payload, nest - 20)
            inner = name
            for part in outer.split("."):
                inner = self.spec.sets[inner][part][1]["nested-attributes"]
            return outer + "." + self.spec.name_of(inner, missing)

        flags = NLM_F_DUMP if dump else 0
        body = struct.pack("=BBH", number, 1, 0) + payload
        # Of a new socket the kernel does not know yet how much is read at a time.
        sock = Netlink(NETLINK_GENERIC) if dump else self
        for message in sock.talk(self.id, flags, body, blame):
            yield self.spec.decode(name, message[4:])

    def halves(self, op, take, pause):
        """take() what is dumped; pause() after the first message.  True: interrupted."""
        number, o = self.spec.ops[op]
        sock = Netlink(NETLINK_GENERIC)
        sock.room, sock.pause = 4096, pause
        for message in sock.talk(self.id, NLM_F_DUMP, struct.pack("=BBH", number, 1, 0)):
            take(self.spec.decode(o["attribute-set"], message[4:]))
        return sock.interrupted

    def events(self, take):
        """take() each, for ever; the first is that all that follows will be told."""
        self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, self.groups["sa"])
        take({"event": "ready"})
        while True:
            data = self.sock.recv(1 << 17)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                message, data = data[16:length], data[length + -length % 4 :]
                if kind != self.id:
                    continue
                o = self.spec.by_number[message[0]]
                take({"event": o["name"], **self.spec.decode(o["attribute-set"], message[4:])})


class Links(Netlink):
    """rtnetlink, as far as links of our kind need it."""

    def __init__(self, spec):
        super().__init__(NETLINK_ROUTE)
        self.spec = spec

    def request(self, op, values):
        data = self.spec.encode("link", values.get("data", {}))
        start = 16 + struct.calcsize("=BxHiII")
        payload = attr(IFLA_IFNAME, values["name"].encode() + b"\0")
        kind = attr(IFLA_INFO_KIND, b"ipsvti")
        start += len(payload) + 4 + len(kind) + 4
        payload += attr(IFLA_LINKINFO | NLA_F_NESTED,
                        kind + attr(IFLA_INFO_DATA | NLA_F_NESTED, data))

        def blame(offset, _missing, _nest):
            return None if offset is None else self.spec.at_offset("link", data, offset - start)

        flags = NLM_F_CREATE_EXCL if op == "link-new" else 0
        body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + payload
        yield from self.talk(RTM_NEWLINK, flags, body, blame)


def main():
    here = os.path.dirname(os.path.realpath(__file__))
    spec = Spec(here + "/../../Documentation/netlink/specs/ipsvti.yaml")
    family, links = Family(spec), Links(spec)

    def run(op, values, dump=False):
        if op.startswith("link-"):
            return list(links.request(op, values))
        return list(family.request(op, values, dump))

    def answer(op, request):
        try:
            replies = run(op, json.loads(request))
            return replies[0] if replies else {}
        except Refused as refused:
            return refused.shown

    words = sys.argv[1:]
    if words[0] == "monitor":
        family.events(lambda event: print("ready" if event["event"] == "ready" else json.dumps(event),
                                          flush=True))
    elif words[0] == "batch":
        for line in sys.stdin:
            op, request = line.split(None, 1)
            print(json.dumps(answer(op, request)), flush=True)
    elif words[0] == "halves":
        def pause():
            print("half", flush=True)
            sys.stdin.readline()

        if family.halves(words[1], lambda one: print(json.dumps(one)), pause):
            print("interrupted")
    elif words[0] == "refusals":
        for line in sys.stdin:
            name, error, attribute, text, op, request = (w.strip() for w in line.split("|", 5))
            got = answer(op, request)
            ok = "error" in got and error in ("-", got["error"])
            ok &= attribute in ("-", got.get("attr"))
            ok &= text in got.get("text", "") and len(got.get("text", "")) > 3
            print("ok" if ok else "not ok", name, op + " " + request + ": " + json.dumps(got),
                  sep="\t")
    else:
        values = json.loads(words[2]) if len(words) > 2 else {}
        try:
            for reply in run(words[1], values, words[0] == "dump"):
                print(json.dumps(reply))
        except Refused as refused:
            print(json.dumps(refused.shown))
            sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
