#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each attribute that the spec has, in each operation: too short, too long, out of range,
where it does not belong, and given twice.

    attrs.py ops         the operations of the spec that take a request, and link-new and
                         link-set
    attrs.py check OP    prints what is wrong, and then how many attributes were asked for
                         in how many requests; the exit status is 1 if anything was wrong
    attrs.py missing     the same of requests that lack one attribute that a whole one has: it
                         is taken, or refused by the name of what is missing
    attrs.py wiped       keys of a request that is refused are not in the answer, which
                         repeats the request

To be run in gwA, with a device vti0 that has IPv4 addresses and nothing else to do.

The cases are made from the spec, so a new attribute is asked for as soon as it is there;
if what is made up for it is not good enough, it gets a place in a request of BASES.  An
attribute is good on its own, or refused by name.  Given twice the last one counts, as
everywhere in netlink, and both must be well-formed.  What is refused changes nothing.
"""
import copy
import json
import os
import socket
import struct
import subprocess
import sys

import nl

WIDTH = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
KEY, SALT = "5a" * 32, "a5a5a5a5"
LIMITS = {f"{kind}-{what}": 1 << (20 if kind == "soft" else 21)
          for kind in ("soft", "hard") for what in ("bytes", "packets", "seconds")}


def selectors(six):
    low, high = ("2001:db8::", "2001:db8::ffff") if six else ("10.9.0.0", "10.9.255.255")
    six = "6" * six
    return [{"start-addr" + six: low, "end-addr" + six: high, "protocol": 17,
             "start-port": 1000, "end-port": 2000}]


def direction(spi, six, **more):
    return {"spi": spi, "alg": 2, "key": KEY, "salt": SALT, "seq": 100, "esn": 1,
            "limits": dict(LIMITS), "local-ts": selectors(six), "remote-ts": selectors(six), **more}


def whole_pair(six):
    return {"activation": 0, "encap": 1, "encap-sport": 4500, "encap-dport": 4500,
            "encap-follow": 0, "allow-legacy": 0,
            "in": direction(0x7001, six, **{"replay-window": 128}),
            "out": direction(0x7002, six)}


class Kernel:
    def __init__(self):
        here = os.path.dirname(os.path.realpath(__file__))
        self.spec = nl.Spec(here + "/../../Documentation/netlink/specs/ipsvti.yaml")
        self.family, self.links = nl.Family(self.spec), nl.Links(self.spec)
        self.index = socket.if_nametoindex("vti0")
        self.requests = 0

    def request(self, op, values):
        """The reply, or what was refused."""
        self.requests += 1
        try:
            if op.startswith("link-"):
                replies = list(self.links.request(op, values))
            else:
                replies = list(self.family.request(op, values))
        except nl.Refused as refused:
            return refused.shown
        return replies[0] if replies else {}

    def must(self, op, values):
        reply = self.request(op, values)
        assert "error" not in reply, (op, reply)
        return reply

    def pair(self, pair_id):
        return self.request("sa-get", {"ifindex": self.index, "pair-id": pair_id})

    def pairs(self):
        return list(self.family.request("sa-get", {}, True))

    def state(self, op):
        """All that a request can change; but not what goes on by itself."""
        tunnels = list(self.family.request("tunnel-get", {}, True))
        for tunnel in tunnels:
            del tunnel["counters"], tunnel["mtu"]
        pairs = self.pairs()
        for pair in pairs:
            for way in "in", "out":
                pair.get(way, {}).get("limits", {}).pop("used-seconds", None)
        return [tunnels, pairs, self.link() if op.startswith("link-") else None]

    @staticmethod
    def link():
        said = subprocess.run(["ip", "-d", "-j", "link", "show"], check=True, capture_output=True).stdout
        return [{k: link.get(k) for k in ("ifname", "linkinfo")} for link in json.loads(said)]


# An operation in use: what a good request is, and what comes of it.  Each request() is
# good until it was taken; what it made then goes by undo().  outcome() is what can be seen.
class Op:
    def __init__(self, kernel):
        self.kernel = kernel

    def request(self):
        return {"ifindex": self.kernel.index}

    def outcome(self, reply):
        return reply

    def undo(self, reply):
        pass


class WithPair(Op):
    """Of a pair, which is there."""
    more = {}
    id = None

    def request(self):
        if self.id is None:
            self.id = self.kernel.must("sa-pair-new", {"ifindex": self.kernel.index,
                                                       **whole_pair(False)})["pair-id"]
        return {"ifindex": self.kernel.index, "pair-id": self.id, **self.more}

    def outcome(self, reply):
        return SaPairNew.outcome(self, {"pair-id": self.id, **reply})

    def undo(self, _reply):
        self.kernel.request("sa-del", {"ifindex": self.kernel.index, "pair-id": self.id})
        self.id = None


class SaDel(WithPair):
    more = {"grace": 100}


class TunnelGet(Op):
    def outcome(self, reply):
        reply.pop("counters", None)
        return reply


class TunnelSet(Op):
    def request(self):
        return {"ifindex": self.kernel.index, "local": "192.0.2.1", "remote": "198.51.100.77"}

    def outcome(self, reply):
        tunnel = self.kernel.must("tunnel-get", {"ifindex": self.kernel.index})
        return [reply, {k: tunnel.get(k) for k in ("local", "remote", "local6", "remote6")}]

    def undo(self, _reply):
        self.kernel.must("tunnel-set", {"ifindex": self.kernel.index, "local": "192.0.2.1",
                                        "remote": "198.51.100.1"})


class TunnelSet6(TunnelSet):
    def request(self):
        return {"ifindex": self.kernel.index, "local6": "2001:db8:a::1", "remote6": "2001:db8:b::77"}


class SpiAlloc(Op):
    def request(self):
        return {"ifindex": self.kernel.index, "reserve-time": 100}

    def outcome(self, reply):
        pair = self.kernel.pair(reply["pair-id"])
        return [pair["state"], pair["ifindex"], list(pair["in"])]

    def undo(self, reply):
        self.kernel.must("sa-del", {"ifindex": self.kernel.index, "pair-id": reply["pair-id"]})


class SaPairNew(Op):
    six = False

    def request(self):
        return {"ifindex": self.kernel.index, **whole_pair(self.six)}

    def outcome(self, reply):
        pair = self.kernel.pair(reply["pair-id"])
        for where in pair, pair.get("in", {}), reply:
            where.pop("pair-id", None)
            where.pop("spi", None)
        for way in "in", "out":
            for where in pair, reply:
                where.get(way, {}).get("limits", {}).pop("used-seconds", None)
        return [reply, pair]

    def undo(self, reply):
        SpiAlloc.undo(self, reply)


class Elsewhere(SaPairNew):
    """The peer's NAT has moved it before the pair is made."""
    def request(self):
        return {**super().request(), "encap-follow": 1, "remote": "192.0.2.77"}


class Complete(SaPairNew):
    """A pair whose SPI was reserved, and selectors of IPv6."""
    six, larval = True, None

    def request(self):
        if self.larval is None:
            self.larval = self.kernel.must("spi-alloc", {"ifindex": self.kernel.index})
        request = super().request()
        request["pair-id"] = self.larval["pair-id"]
        request["in"]["spi"] = self.larval["in"]["spi"]
        return request

    def undo(self, reply):
        super().undo(reply)
        self.larval = None


class LinkSet(Op):
    """Of a device of its own, which is new each time that it was changed."""
    addresses = {"local": "192.0.2.1", "remote": "198.51.100.77"}

    def __init__(self, kernel):
        super().__init__(kernel)
        kernel.request("link-new", {"name": "x", "data": {}})

    def request(self):
        return {"name": "x", "data": {
            **self.addresses, "link": 0, "fwmark": 23, "ttl": 9, "dscp": 12, "df": 1,
            "mtu-auto": 1, "mss-clamp": 1000, "pre-frag": 0}}

    def outcome(self, reply):
        return [reply, [link for link in self.kernel.link() if link["ifname"] == "x"]]

    def undo(self, _reply):
        subprocess.run(["ip", "link", "del", "x"], check=True)
        self.kernel.must("link-new", {"name": "x", "data": {}})


class LinkSet6(LinkSet):
    addresses = {"local6": "2001:db8:a::1", "remote6": "2001:db8:b::77"}


class LinkNew(LinkSet):
    def __init__(self, kernel):
        Op.__init__(self, kernel)

    def undo(self, _reply):
        subprocess.run(["ip", "link", "del", "x"], check=True)


class LinkNew6(LinkNew):
    addresses = LinkSet6.addresses


BASES = {"tunnel-get": [TunnelGet], "tunnel-set": [TunnelSet, TunnelSet6], "spi-alloc": [SpiAlloc],
         "sa-pair-new": [SaPairNew, Elsewhere, Complete], "sa-activate": [WithPair], "sa-get": [WithPair],
         "sa-del": [SaDel], "sa-flush": [Op], "link-new": [LinkNew, LinkNew6],
         "link-set": [LinkSet, LinkSet6]}


def raw(octets):
    return {"hex": octets.hex()}


def walk(spec, name, given, prefix=()):
    """Yields path and attribute of all that the set has, nested ones too; of nested ones
    only where the request has the nest."""
    for key, (number, a) in spec.sets[name].items():
        if a["type"] == "pad":
            continue
        yield (*prefix, key), number, a
        if a["type"] == "nest" and key in given:
            inner = given[key][0] if isinstance(given[key], list) else given[key]
            yield from walk(spec, a["nested-attributes"], inner, (*prefix, key))


def put(request, path, value):
    """A copy of the request with another value at that path."""
    request = copy.deepcopy(request)
    at = request
    for key in path[:-1]:
        at = at[key][0] if isinstance(at[key], list) else at[key]
    at[path[-1]] = value
    return request


def get(request, path):
    for key in path:
        request = request[0] if isinstance(request, list) else request
        request = request.get(key)
    return request


class Attribute:
    """What can be said of an attribute by its type alone."""

    def __init__(self, spec, a):
        self.spec, self.a, self.type = spec, a, a["type"]
        self.checks = a.get("checks", {})
        self.low, self.high = self.checks.get("min", 0), self.checks.get("max")
        if "enum" in a:
            numbers = spec.enums[a["enum"]].values()
            self.low, self.high = min(numbers), self.checks.get("max", max(numbers))

    def number(self, n):
        order = "big" if self.a.get("byte-order") == "big-endian" else "little"
        return raw(n.to_bytes(WIDTH[self.type], order))

    def good(self):
        """Two that its type allows."""
        if self.type in WIDTH:
            top = (1 << 8 * WIDTH[self.type]) - 1
            high = top if self.high is None else self.high
            return self.number(max(self.low, 1) if high else 0), self.number(min(high, self.low + 2))
        if self.type == "binary":
            size = self.checks.get("exact-len", 4)
            return raw(b"\x20" * size), raw(b"\x21" * size)
        if self.type == "string":
            return raw(b"x\0"), raw(b"y\0")
        return {}, raw(b"")

    def bad(self):
        """Name and value of those that no request can take."""
        if self.type in WIDTH:
            size = WIDTH[self.type]
            sizes = {0, size - 1, size + 1, 2 * size, 300} - {size}
            if self.type == "u64":
                # As libnl aligns them, and as the kernel takes them since there is NLA_UINT.
                sizes -= {2 * size}
            for n in sorted(sizes):
                yield f"{n} octets", raw(b"\1" * n)
            if self.low:
                yield "below the least", self.number(self.low - 1)
            if self.high is not None and self.high < (1 << 8 * size) - 1:
                yield "above the most", self.number(self.high + 1)
                yield "all ones", self.number((1 << 8 * size) - 1)
        elif "exact-len" in self.checks:
            size = self.checks["exact-len"]
            for n in (0, 1, size - 1, size + 1, 300):
                yield f"{n} octets", raw(b"\x20" * n)
        elif self.type == "binary":
            yield "300 octets", raw(b"\x20" * 300)
        elif self.type == "nest":
            yield "3 octets of it", raw(b"\1\0\0")
            yield "longer inside than outside", raw(struct.pack("=HHI", 12, 1, 0))
            yield "a header that is too short", raw(struct.pack("=HHI", 3, 1, 0))
            yield "an attribute of tomorrow", {"#99": raw(bytes(4))}


class Check:
    def __init__(self, kernel, op, base):
        self.kernel, self.op, self.base = kernel, op, base
        self.attributes, self.wrong, self.refusals = 0, 0, 0

    def complain(self, what, request, reply):
        self.wrong += 1
        print(f"{self.op}: {what}: {json.dumps(request)}: {json.dumps(reply)}")

    def refused(self, path, what, request):
        """It is, and names the attribute, or one around it or in it."""
        reply = self.kernel.request(self.op, request)
        if "error" not in reply:
            self.complain(f"{what} is taken", request, reply)
            self.base.undo(reply)
        elif len(reply.get("text", "")) < 4 or not self.named(path, reply):
            self.complain(f"{what} is refused without a name or reason", request, reply)

    @staticmethod
    def named(path, reply):
        if reply.get("text", "").startswith("bytes leftover"):
            return True  # The core does not say of what.
        name, said = ".".join(path) + ".", reply.get("attr", "?") + "."
        return name.startswith(said) or said.startswith(name)

    def take(self, request):
        """The outcome, or what was refused, without what differs each time."""
        reply = self.kernel.request(self.op, request)
        if "error" in reply:
            return False, {k: reply.get(k) for k in ("error", "attr", "text")}
        outcome = json.dumps(self.base.outcome(dict(reply)), sort_keys=True)
        self.base.undo(reply)
        return True, outcome

    def attribute(self, path, number, a):
        self.attributes += 1
        name, info = ".".join(path), Attribute(self.kernel.spec, a)
        link = self.op.startswith("link-")
        real = ("data", *path) if link else path
        request = self.base.request()
        has = get(request, real)
        one, other = info.good()
        # Of an operation that has no place for it, nothing else is of interest.
        allowed = link or len(path) > 1 or a["name"] in self.takes()
        before = self.kernel.state(self.op)
        if not allowed:
            self.refused(path, f"{name}, which is not of this operation,", put(request, real, one))
        else:
            for what, value in info.bad():
                self.refused(path, f"{name} of {what}", put(request, real, value))
        if allowed and a["type"] == "nest":
            flat = put(request, real, None)
            self.without(flat, real, f"#{number}", self.flat(path, has or {}))
            self.refused(path, f"{name} that does not say it is a nest", flat)
        # A key that is too long is none, but well-formed: only the last one is looked at.
        if allowed and not a.get("multi-attr") and (a["type"] != "binary" or "exact-len" in info.checks):
            for what, value in list(info.bad())[:1]:
                value_once = has if has is not None else one
                self.refused(path, f"{name} twice, the first of {what},",
                             put(request, real, [value, value_once]))
                self.refused(path, f"{name} twice, the last of {what},",
                             put(request, real, [value_once, value]))
        after = self.kernel.state(self.op)
        if before != after:
            self.complain(f"something is left of {name}", before, after)
        if allowed and not a.get("multi-attr"):
            self.twice(path, real, one, other)

    def flat(self, path, value):
        """What is in a nest, as octets."""
        if isinstance(value, list):
            value = value[0]
        name = self.kernel.spec.ops[self.op][1]["attribute-set"]
        for key in path:
            name = self.kernel.spec.sets[name][key][1]["nested-attributes"]
        return raw(self.kernel.spec.encode(name, value))

    @staticmethod
    def without(request, path, key=None, value=None):
        """In place: that path goes, and key, if there is one, comes there."""
        for step in path[:-1]:
            request = request[step][0] if isinstance(request[step], list) else request[step]
        del request[path[-1]]
        if key:
            request[key] = value

    def twice(self, path, real, one, other):
        """The last one counts: all is as it would be without the first."""
        def request(*first):
            request = self.base.request()
            has = get(request, real)
            return put(request, real, [*first, one if has is None else has])

        name = ".".join(path)
        has = get(self.base.request(), real)
        once = self.take(request())
        # What was made up may be at odds with its neighbours.
        if not once[0] and path[:-1] != tuple((once[1]["attr"] or "?").split("."))[:len(path) - 1]:
            self.complain(f"{name}, made up, is refused by another name", {}, once[1])
        if not once[0] and has is not None:
            self.complain(f"{name} is refused", {}, once[1])
        for what, first in ("twice", has if has is not None else one), ("after another one", other):
            got = self.take(request(first))
            if got != once:
                self.complain(f"{name} {what} is not as it is once", once, got)

    def takes(self):
        return self.kernel.spec.ops[self.op][1]["do"]["request"]["attributes"]

    def all(self):
        spec = self.kernel.spec
        name = "link" if self.op.startswith("link-") else spec.ops[self.op][1]["attribute-set"]
        request = self.base.request()
        for path, number, a in walk(spec, name, request.get("data", request)):
            self.attribute(path, number, a)
        return self.wrong


    def missing(self, path):
        """Without that one it is another good request, or it is said what is missing."""
        self.attributes += 1
        real = ("data", *path) if self.op.startswith("link-") else path
        request, name = self.base.request(), ".".join(path)
        self.without(request, real)
        before = self.kernel.state(self.op)
        reply = self.kernel.request(self.op, request)
        if "error" not in reply:
            self.base.undo(reply)
            return
        self.refusals += 1
        text = reply.get("text", "")
        named = reply.get("attr") == name or any(t in text for t in ELSE.get(path[-1], ()))
        if len(text) < 4 or not named:
            self.complain(f"{name} is missing, which is not said", request, reply)
        after = self.kernel.state(self.op)
        if before != after:
            self.complain(f"something is left without {name}", before, after)

    def all_missing(self):
        spec = self.kernel.spec
        name = "link" if self.op.startswith("link-") else spec.ops[self.op][1]["attribute-set"]
        request = self.base.request()
        request = request.get("data", request)
        for path, _, _ in walk(spec, name, request):
            if get(request, path) is not None:
                self.missing(path)
        if "encap" in request:
            self.ports_alone()
        return self.wrong

    def ports_alone(self):
        """A port of UDP that is not asked for."""
        for port, other in ("encap-sport", "encap-dport"), ("encap-dport", "encap-sport"):
            request = self.base.request()
            for key in "encap", "encap-follow", other:
                del request[key]
            reply = self.kernel.request(self.op, request)
            if reply.get("attr") != port or "encap udp" not in reply.get("text", ""):
                self.complain(f"{port} alone", request, reply)


# What says that something is missing where it is something else that does not fit then.
ELSE = {"encap": ["need encap udp"], "encap-sport": ["needs both UDP ports"],
        "encap-dport": ["needs both UDP ports"], "pair-id": ["the inbound SPI is in use"],
        "protocol": ["ports want a protocol"]}
ELSE.update({end: ["give both local and remote", "local and remote are of two families"]
             for end in ("local", "remote", "local6", "remote6")})


def operations(spec):
    return [name for name, (_, o) in spec.ops.items() if "do" in o] + ["link-new", "link-set"]


def check(kernel, op, missing=False):
    wrong, attributes, refusals = 0, 0, 0
    for base in BASES[op]:
        one = Check(kernel, op, base(kernel))
        wrong += one.all_missing() if missing else one.all()
        attributes += one.attributes
        refusals += one.refusals
        if op not in ("link-new", "link-set"):
            kernel.must("sa-flush", {"ifindex": kernel.index})
    subprocess.run(["ip", "link", "del", "x"], check=False, stderr=subprocess.DEVNULL)
    print(f"{op}: {attributes} attributes, {kernel.requests} requests, {wrong} wrong" +
          f", {refusals} refused" * missing)
    return wrong


def wiped(kernel):
    """A socket that has not asked for less gets its whole request back with an error."""
    echo = nl.Family(kernel.spec)
    echo.sock.setsockopt(nl.SOL_NETLINK, nl.NETLINK_CAP_ACK, 0)
    number, o = kernel.spec.ops["sa-pair-new"]
    wrong = 0
    for what, key in ("once", None), ("twice", "77" * 32):
        request = {"ifindex": kernel.index, **whole_pair(False)}
        request["pair-id"] = 0x7fffffff
        for way in "in", "out":
            if key:
                first = dict(request[way], key=key, salt="77777777")
                request[way] = [first, request[way]]
        body = struct.pack("=BBH", number, 1, 0) + kernel.spec.encode(o["attribute-set"], request)
        flags = nl.NLM_F_REQUEST | nl.NLM_F_ACK
        echo.sock.send(struct.pack("=IHHII", 16 + len(body), echo.id, flags, 77, 0) + body)
        answer = echo.sock.recv(1 << 17)
        code = struct.unpack_from("=i", answer, 16)[0]
        if len(answer) < len(body) or code != -2:
            print(f"{what}: no answer that repeats the request, error {code}")
            wrong += 1
        for secret in KEY, key:
            if secret and bytes.fromhex(secret)[:16] in answer:
                print(f"{what}: a key is in the answer")
                wrong += 1
    return wrong


def main():
    kernel = Kernel()
    if sys.argv[1] == "ops":
        print("\n".join(operations(kernel.spec)))
    elif sys.argv[1] == "wiped":
        sys.exit(wiped(kernel) != 0)
    elif sys.argv[1] == "missing":
        sys.exit(sum(check(kernel, op, True) for op in operations(kernel.spec)) != 0)
    else:
        sys.exit(check(kernel, sys.argv[2]) != 0)


if __name__ == "__main__":
    main()
