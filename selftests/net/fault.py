#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets the first, the second, the third ... allocation of an operation fail.

    fault.py each [--step N] [--verbose] [CASE...]
    fault.py list              the names of the cases
    fault.py module FILE [--step N]
                               the same of the last allocations of loading it
    fault.py storm SECONDS     rekeys, and devices that come and go, while failslab
                               lets allocations fail at random

Of the namespaces gwA and gwB, and one "aside" beside them.  For each case (a request to the
module, and what has to be there before it) and each N: the N-th allocation that the
kernel makes for the request fails, see fail-nth in the kernel's fault-injection.rst.
Then one of these must be true:

  - it was refused with an error that says that there was no memory, all is as it was
    before, and nobody was told of anything; and the same request succeeds next;
  - it succeeded, and all is as after an undisturbed one.  Then what failed was
    something that can do without: the notification of a link, say;
  - it succeeded or was refused as above, and ENOBUFS at the socket says that the
    answer was lost.

  - and of "link new" also EINVAL, which is what the core makes of a device that could
    not be given its name.

Listeners have got the same events as from an undisturbed request, or were told that
they lost some.  With --step only every N-th is tried.  Prints a line for each case:
"ok" or "not ok", its name, and numbers or what was wrong, separated by tabs.
"""
import argparse
import collections
import ctypes
import errno
import gc
import os
import select
import socket
import struct
import sys
import time

import nl

# EFAULT: copies from and to the memory of processes count and fail as well.
NO_MEMORY = {errno.ENOMEM, errno.ENOBUFS, errno.EFAULT}
RTM_DELLINK, RTM_GETLINK = 17, 18
IFLA_MTU, IFLA_NET_NS_FD, IFLA_OPERSTATE = 4, 28, 16
ETH_P_ALL, SO_RCVBUFFORCE = 3, 33
LOCAL, REMOTE, OTHER = "192.0.2.1", "198.51.100.1", "198.51.100.9"
LOCAL6, REMOTE6 = "2001:db8:a::1", "2001:db8:b::1"
NAME = "f0"
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    with open("/run/netns/" + namespace, "rb") as f:
        if libc.setns(f.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")


class Fault:
    """The N-th allocation that this thread makes fails; 0, none."""

    def __init__(self):
        self.fd = os.open("/proc/thread-self/fail-nth", os.O_RDWR)

    def arm(self, n):
        os.pwrite(self.fd, n, 0)

    def disarm(self):
        """How many it would have taken until then; 0, it has failed."""
        left = b"1"
        try:
            left = os.pread(self.fd, 32, 0)
            os.pwrite(self.fd, b"0", 0)
        except OSError:  # here it was that a copy failed, and so it is disarmed
            pass
        return int(left)


# Many numbers, so that what is left of them says how many there were.
FAR = 1 << 20

# So many allocations are more than what module_init() makes.
MODULE_LAST = 200


class Request:
    """A message for one of our sockets, made before the fault is armed."""

    def __init__(self, peer, kind, flags, body):
        self.peer, self.kind, self.flags, self.body = peer, kind, flags, body


class Wrong(Exception):
    pass


Answer = collections.namedtuple("Answer", "error lost replies used")
buffer = bytearray(1 << 17)
fault = Fault()


def talk(request, n):
    """Sends it with the n-th allocation failing, 0 for none; returns an Answer."""
    peer = request.peer
    peer.seq += 1
    flags = request.flags | nl.NLM_F_REQUEST | nl.NLM_F_ACK
    message = struct.pack("=IHHII", 16 + len(request.body), request.kind, flags, peer.seq, 0)
    message += request.body
    dump = request.flags & nl.NLM_F_DUMP
    replies, error, lost, used = [], 0, False, 0
    digits = b"%d" % (n or FAR)
    sock, recv_into = peer.sock, peer.sock.recv_into
    fault.arm(digits)
    try:
        sock.send(message)
    except OSError as e:
        error = e.errno
    # The rest of a dump is made when it is read.
    if not dump:
        used = fault.disarm()
    if error:
        return Answer(error, False, [], fault.disarm() if dump else used)
    while True:
        # Nothing comes any more then, but for what was sent before.
        if lost and not select.select([sock], [], [], 0)[0]:
            break
        try:
            length = recv_into(buffer)
        except BlockingIOError as e:
            raise Wrong("no answer") from e
        except OSError as e:
            if e.errno not in NO_MEMORY:
                raise
            lost = True
            continue
        data, done = bytes(buffer[:length]), False
        while data:
            size, kind, flags, seq, _ = struct.unpack_from("=IHHII", data)
            body, data = data[16:size], data[size + -size % 4 :]
            if seq != peer.seq:
                continue
            if kind in (nl.NLMSG_ERROR, nl.NLMSG_DONE):
                error, done = -struct.unpack_from("=i", body)[0], True
            else:
                replies.append(body)
        if done:
            break
    if dump:
        used = fault.disarm()
    return Answer(error, lost, replies, used)


def hurry(peer):
    """An answer that does not come is waited for, but not for ever."""
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 20, 0))
    return peer


class World:
    """What is there, as anyone may ask for it, and who is told of changes."""

    def __init__(self, spec):
        self.spec = spec
        enter("gwA")
        self.links, self.family = hurry(nl.Links(spec)), hurry(nl.Family(spec))
        enter("aside")
        self.aside = hurry(nl.Links(spec))
        self.aside_family = nl.Family(spec)
        self.aside_fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        enter("gwA")
        # The same, but nothing that fails there disturbs what asks for the state.
        self.see_links, self.see_family = nl.Links(spec), nl.Family(spec)
        self.ear = nl.Family(spec)
        self.ear.sock.setsockopt(nl.SOL_NETLINK, nl.NETLINK_ADD_MEMBERSHIP,
                                 self.ear.groups["sa"])
        self.ear.sock.setblocking(False)

    # Requests.

    def genl(self, op, values, dump=False):
        number, o = self.spec.ops[op]
        body = struct.pack("=BBH", number, 1, 0)
        body += self.spec.encode(o["attribute-set"], values)
        # After a dump that broke off the socket is of no use.
        peer = hurry(nl.Family(self.spec)) if dump else self.family
        return Request(peer, peer.id, nl.NLM_F_DUMP if dump else 0, body)

    def link(self, kind, name, data=None, extra=b"", index=0, peer=None):
        body = struct.pack("=BxHiII", 0, 0, index, 0, 0)
        body += nl.attr(nl.IFLA_IFNAME, name.encode() + b"\0") + extra
        flags = 0
        if data is not None:
            info = nl.attr(nl.IFLA_INFO_KIND, b"ipsvti")
            info += nl.attr(nl.IFLA_INFO_DATA | nl.NLA_F_NESTED, self.spec.encode("link", data))
            body += nl.attr(nl.IFLA_LINKINFO | nl.NLA_F_NESTED, info)
        if kind == nl.RTM_NEWLINK and data is not None and not index:
            flags = nl.NLM_F_CREATE_EXCL
        return Request(peer or self.links, kind, flags, body)

    # State.

    def devices(self, peer):
        body = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
        out = {}
        for message in peer.talk(RTM_GETLINK, nl.NLM_F_DUMP, body):
            _, _, index, flags, _ = struct.unpack_from("=BxHiII", message)
            got = {a: p for a, p, _ in nl.attrs(message[16:])}
            name = got[nl.IFLA_IFNAME].rstrip(b"\0").decode()
            d = {"index": index, "flags": flags,
                 "mtu": struct.unpack("=I", got[IFLA_MTU])[0],
                 "operstate": got[IFLA_OPERSTATE][0]}
            info = {a: p for a, p, _ in nl.attrs(got.get(nl.IFLA_LINKINFO, b""))}
            if info.get(nl.IFLA_INFO_KIND) in (b"ipsvti", b"ipsvti\0"):
                d["data"] = self.spec.decode("link", info[nl.IFLA_INFO_DATA])
            out[name] = d
        return out

    @staticmethod
    def without(values, *names):
        """The same without these, wherever they are."""
        return {k: World.without(v, *names) if isinstance(v, dict) else v
                for k, v in values.items() if k not in names}

    def exactly(self):
        """All that can be seen, without what counts packets and time."""
        out = {}
        sides = (("gwA", self.see_links, self.see_family),
                 ("aside", self.aside, self.aside_family))
        for side, links, family in sides:
            devices = self.devices(links)
            names = {d["index"]: n for n, d in devices.items()}
            ours = {n for n, d in devices.items() if "data" in d and n != "vti0"}
            pairs = []
            for p in family.request("sa-get", {}, True):
                if names.get(p["ifindex"]) in ours:
                    pairs.append(self.without(p, "packets", "bytes", "used-seconds"))
            tunnels = [self.without(t, "counters") for t in family.request("tunnel-get", {}, True)
                       if t["ifname"] in ours]
            out[side] = {"devices": devices, "pairs": pairs, "tunnels": tunnels}
        return out

    @staticmethod
    def alike(state):
        """The same of two runs, in which numbers that count up are others."""
        out = {}
        for side, s in state.items():
            names = {d["index"]: n for n, d in s["devices"].items()}
            ids = [p["pair-id"] for p in s["pairs"]]
            out[side] = {
                "devices": {n: World.without(d, "index") for n, d in s["devices"].items()},
                "pairs": [dict(World.plain(p), ifindex=names[p["ifindex"]]) for p in s["pairs"]],
                "tunnels": [dict(t, ifindex=names[t["ifindex"]],
                                 **({"active-pair": ids.index(t["active-pair"])}
                                    if "active-pair" in t else {})) for t in s["tunnels"]],
            }
        return out

    @staticmethod
    def plain(p):
        p = World.without(p, "pair-id")
        if p["in"]["spi"] >> 12 != 7:  # of spi-alloc, random
            p["in"] = World.without(p["in"], "spi")
        return p

    def heard(self):
        """Events since the last time, and if some were lost."""
        events, lost = [], False
        while True:
            try:
                data = self.ear.sock.recv(1 << 17)
            except BlockingIOError:
                return events, lost
            except OSError as e:
                if e.errno != errno.ENOBUFS:
                    raise
                lost = True
                continue
            while data:
                length, kind = struct.unpack_from("=IH", data)
                message, data = data[16:length], data[length + -length % 4 :]
                if kind == self.ear.id:
                    o = self.spec.by_number[message[0]]
                    e = self.spec.decode(o["attribute-set"], message[4:])
                    if e.get("ifname", NAME) == NAME and e["ifindex"] == self.index:
                        e = self.without(e, "ifindex", "pair-id", "active-pair", "spi", "packets",
                                         "bytes", "used-seconds")
                        events.append({"event": o["name"], **e})

    # What cases begin with.

    index = 0

    def must(self, request):
        a = talk(request, 0)
        if a.error or a.lost:
            raise SystemExit("could not prepare: " + errno.errorcode.get(a.error, "lost"))
        return a.replies

    def ask(self, op, values):
        return [self.spec.decode(self.spec.ops[op][1]["attribute-set"], r[4:])
                for r in self.must(self.genl(op, values))]

    def gone(self):
        for peer in self.links, self.aside:
            if NAME in self.devices(peer):
                self.must(self.link(RTM_DELLINK, NAME, peer=peer))

    def there(self, mtu=1300):
        """The device, without pairs, as if it were new."""
        want = {"local": LOCAL, "remote": REMOTE}
        devices = self.devices(self.see_links)
        d = devices.get(NAME)
        if NAME in self.devices(self.aside) or d and (
                not mtu or d["mtu"] != mtu or d["data"]["mtu-auto"]):
            self.gone()
            d = None
        if not d:
            extra = nl.attr(IFLA_MTU, struct.pack("=I", mtu)) if mtu else b""
            self.must(self.link(nl.RTM_NEWLINK, NAME, want, extra))
        else:
            self.must(self.genl("sa-flush", {"ifindex": d["index"]}))
            if any(d["data"].get(k) != v for k, v in PLAIN.items()):
                self.must(self.link(nl.RTM_NEWLINK, NAME, PLAIN, index=d["index"]))
        self.index = self.devices(self.see_links)[NAME]["index"]


# What a device has that was given addresses only.
PLAIN = {"local": LOCAL, "remote": REMOTE, "link": 0, "fwmark": 0, "ttl": 0, "dscp": 64,
         "df": "copy", "mss-clamp": 1}
EVERYTHING = {"local": LOCAL, "remote": OTHER, "link": 1, "fwmark": 7, "ttl": 9, "dscp": 10,
              "df": "set", "mss-clamp": 1000}


def key_of(alg):
    """Octets of key and salt."""
    words = alg.split("-")
    if alg.startswith("aes-cbc"):
        return int(words[2]) // 8 + {"sha1-96": 20, "256-128": 32, "384-192": 48,
                                     "512-256": 64}["-".join(words[-2:])], 0
    return (32 if alg.startswith("chacha") else int(words[-1]) // 8), 4


def pair(world, n, alg="aes-gcm-16-128", **more):
    key, salt = key_of(alg)
    out = {"ifindex": world.index}
    for way, spi in ("in", 0x7000 + n), ("out", 0x8000 + n):
        sa = {"spi": spi, "alg": alg, "key": "%02x" % n * key}
        if salt:
            sa["salt"] = "%02x" % n * salt
        sa.update(more.pop(way, {}))
        out[way] = sa
    if "sha1" in alg:
        out["allow-legacy"] = 1
    out.update(more)
    return out


def new(world, n, **more):
    (reply,) = world.ask("sa-pair-new", pair(world, n, **more))
    return reply["pair-id"]


LIMITS = {"limits": {"soft-bytes": 10000, "hard-bytes": 20000, "soft-packets": 100,
                     "hard-packets": 200, "soft-seconds": 3000, "hard-seconds": 3600}}


def cases(world):
    """Yields name and a function that prepares and returns the Request."""

    def link_new(data, extra=b""):
        def prepare():
            world.gone()
            world.index = 0
            return world.link(nl.RTM_NEWLINK, NAME, data, extra)
        return prepare

    def there(request, mtu=1300):
        def prepare():
            world.there(mtu)
            return request()
        return prepare

    def install(*args, before=lambda: None, **more):
        def request():
            before()
            return world.genl("sa-pair-new", pair(world, *args, **more))
        return there(request)

    def of_larval(**more):
        def request():
            (reply,) = world.ask("spi-alloc", {"ifindex": world.index, "reserve-time": 3600})
            return world.genl("sa-pair-new", pair(
                world, 1, **{"pair-id": reply["pair-id"], "in": {"spi": reply["in"]["spi"]}},
                **more))
        return there(request)

    def on(op, *wanted, **more):
        """op on the first of pairs that are of such an activation each"""
        def request():
            ids = [new(world, i, activation=a) for i, a in enumerate(wanted, 1)]
            return world.genl(op, {"ifindex": world.index, "pair-id": ids[0], **more})
        return request

    def device(op, *wanted, dump=False, **more):
        def request():
            for i, a in enumerate(wanted, 1):
                new(world, i, activation=a)
            return world.genl(op, {} if dump else {"ifindex": world.index, **more}, dump)
        return request

    def setlink(kind, data=None, extra=b"", pairs=1):
        def request():
            for i in range(pairs):
                new(world, 1 + i, activation="manual" if i else "now")
            return world.link(kind, NAME, data, extra, index=world.index)
        return request

    yield "link new, IPv4", link_new({"local": LOCAL, "remote": REMOTE, "link": 0, "fwmark": 1,
                                      "ttl": 2, "dscp": 3, "df": "set", "mtu-auto": 1,
                                      "mss-clamp": 1000})
    yield "link new, IPv6", link_new({"local6": LOCAL6, "remote6": REMOTE6, "mtu-auto": 1})
    # One that is moved later is the kernel's alone: it warns of what fails then.
    yield "link new, into another namespace", link_new(
        {"local": LOCAL, "remote": REMOTE},
        nl.attr(IFLA_NET_NS_FD, struct.pack("=I", world.aside_fd)))
    yield "link set", there(setlink(nl.RTM_NEWLINK, dict(EVERYTHING, **{"mtu-auto": 0}), pairs=2))
    yield "link set, MTU given back", there(setlink(nl.RTM_NEWLINK, {"mtu-auto": 1}))
    yield "link del", there(setlink(RTM_DELLINK, pairs=3))
    yield "tunnel-set", there(device("tunnel-set", "now", remote=OTHER))
    yield "tunnel-set, local", there(device("tunnel-set", "now", local="192.0.2.7"))
    yield "tunnel-get", there(device("tunnel-get", "now"))
    yield "tunnel-get, dump", there(device("tunnel-get", "now", dump=True))
    yield "spi-alloc", there(device("spi-alloc", "now"))
    yield "pair of a larval one, staged", of_larval(activation="manual")
    yield "pair of a larval one, active", of_larval(activation="now")
    yield "pair, staged", install(1, activation="first-rx")
    yield "pair, active", install(1, activation="now")
    yield "pair, active instead of another", install(
        2, before=lambda: new(world, 1, activation="now"), activation="now")
    yield "pair with limits", install(1, activation="now", **{"in": LIMITS, "out": LIMITS})
    yield "pair with ESN and a window of 65536", install(
        1, activation="now", **{"in": {"esn": 1, "replay-window": 65536}, "out": {"esn": 1}})
    selectors = [{"start-addr": "10.%d.0.0" % i, "end-addr": "10.%d.0.255" % i, "protocol": 17,
                  "start-port": 1000, "end-port": 2000} for i in range(4)]
    both = {"local-ts": selectors, "remote-ts": selectors}
    yield "pair with selectors", install(1, activation="now", **{"in": both, "out": both})
    yield "pair in UDP", install(1, activation="now", encap="udp",
                                 **{"encap-sport": 4500, "encap-dport": 4500})
    yield "pair in UDP, elsewhere", install(
        1, activation="now", encap="udp", remote=OTHER,
        **{"encap-sport": 4500, "encap-dport": 4500})
    for alg in world.spec.enums["alg"]:
        yield "pair of " + alg, install(1, alg, activation="manual")
    for alg in "aes-cbc-128-hmac-sha2-256-128", "aes-cbc-256-hmac-sha1-96":
        yield "pair of %s with ESN" % alg, install(1, alg, activation="manual",
                                                   **{"in": {"esn": 1}, "out": {"esn": 1}})
    yield "sa-activate", there(on("sa-activate", "manual", "now"))
    yield "sa-activate, MTU to be derived", there(on("sa-activate", "manual"), mtu=0)
    yield "sa-get", there(on("sa-get", "now"))
    yield "sa-get, dump", there(device("sa-get", "now", "manual", "first-rx", dump=True))
    yield "sa-del", there(on("sa-del", "now"))
    yield "sa-del, another takes over", there(on("sa-del", "now", "manual"))
    yield "sa-del with grace", there(on("sa-del", "now", grace=3600))
    yield "sa-flush", there(device("sa-flush", "now", "manual", "manual"))


def flat(value, path=""):
    """All of it by a name each."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return {path: value}
    out = {}
    for k, v in value.items():
        out.update(flat(v, "%s.%s" % (path, k)))
    return out


def same(world, want, how, what):
    """The MTU is derived a moment later."""
    end = time.monotonic() + 3
    while True:
        got = how(world.exactly())
        if got == want:
            return
        if time.monotonic() > end:
            break
        time.sleep(0.01)
    got, want = flat(got), flat(want)
    raise Wrong(what + ": " + "; ".join(
        "%s is %s, not %s" % (k, got.get(k), want.get(k))
        for k in sorted(got.keys() | want.keys()) if got.get(k) != want.get(k)))


class Case:
    """A request that is made again and again, and what it does if nothing fails."""

    def __init__(self, world, name, prepare):
        self.world, self.prepare = world, prepare
        self.errors = NO_MEMORY | ({errno.EINVAL} if name.startswith("link new") else set())
        request = prepare()
        self.begin = world.alike(world.exactly())
        world.heard()
        a = talk(request, 0)
        if a.error or a.lost:
            raise Wrong("refused without a fault: %s" % errno.errorcode.get(a.error, "lost"))
        self.total = FAR - a.used
        time.sleep(0.05)
        self.after = world.alike(world.exactly())
        self.events, _ = world.heard()
        self.replies = len(a.replies)

    def succeeded(self, a, what):
        same(self.world, self.after, World.alike, what + " changed not all")
        events, lost = self.world.heard()
        if events != self.events and not lost:
            raise Wrong("%s: events %s, not %s" % (what, events, self.events))
        if not a.lost and len(a.replies) != self.replies:
            raise Wrong("%s: %d answers, not %d" % (what, len(a.replies), self.replies))

    def refused(self, a, before):
        if a.error not in self.errors:
            raise Wrong("refused with " + errno.errorcode.get(a.error, str(a.error)))
        same(self.world, before, lambda s: s, "refused, and changed something")
        events, _ = self.world.heard()
        if events:
            raise Wrong("refused, and said %s" % events)

    def run(self, n):
        """Returns what came of it: refused, lost or swallowed; None, nothing failed."""
        request = self.prepare()
        same(self.world, self.begin, World.alike, "not what it began with")
        before = self.world.exactly()
        self.world.heard()
        a = talk(request, n)
        if a.used and a.error:
            raise Wrong("refused without a fault: %s" % errno.errorcode[a.error])
        if a.used:
            self.succeeded(a, "undisturbed, it")
            return None
        if a.error:
            self.refused(a, before)
            again = talk(request, 0)
            if again.error or again.lost:
                raise Wrong("refused the second time: %s" % errno.errorcode.get(again.error))
            self.succeeded(again, "the second time it")
            return "refused"
        if a.lost and self.world.exactly() == before and before != self.after:
            return "lost"
        self.succeeded(a, "it")
        return "lost" if a.lost else "swallowed"


def each(world, o):
    for name, prepare in cases(world):
        if o.names and name not in o.names:
            continue
        n, quiet, came = 1, 0, collections.defaultdict(list)
        began = time.process_time()
        total = "?"
        try:
            case = Case(world, name, prepare)
            total = case.total
            # Caches that are full or empty make it some fewer or more.
            while quiet < 2:
                what = case.run(n)
                came[what].append(n)
                quiet = quiet + 1 if what is None and n >= total else 0
                n += o.step if quiet == 0 else 1
            said = "of %d: " % total + ", ".join(
                "%d %s" % (len(came[w]), w) for w in ("refused", "swallowed", "lost") if came[w])
            if o.verbose:
                said += "; %.1f s; swallowed %s" % (time.process_time() - began,
                                                    came["swallowed"])
            print("ok", name, said, sep="\t", flush=True)
        except Wrong as e:
            print("not ok", name, "allocation %d of %s: %s" % (n, total, e), sep="\t",
                  flush=True)
        gc.collect()
    world.gone()


def module(path, step):
    """The last allocations of loading it are those of module_init()."""
    def loaded():
        with open("/proc/modules", encoding="ascii") as f:
            return any(line.startswith("ipsvti ") for line in f)

    def call(number, *args):
        return ctypes.get_errno() if libc.syscall(number, *args) else 0

    delete_module, finit_module = 176, 313  # of x86-64, which all of our guests are
    image = os.open(path, os.O_RDONLY)
    n, total, quiet, refused, survived = FAR, None, 0, 0, 0
    while quiet < 2:
        if loaded() and call(delete_module, b"ipsvti", 0):
            raise Wrong("cannot be unloaded")
        digits = b"%d" % n
        fault.arm(digits)
        error = call(finit_module, image, b"", 0)
        left = fault.disarm()
        if loaded() == bool(error):
            raise Wrong("allocation %d: error %d, and it is there: %s" % (n, error, loaded()))
        if error and error not in NO_MEMORY:
            raise Wrong("allocation %d: refused with %s" % (n, errno.errorcode[error]))
        if total is None:
            total = FAR - left
            n = total - MODULE_LAST
            continue
        quiet = quiet + 1 if left else 0
        refused += bool(error)
        survived += not error and not left
        n += step if n < total else 1
    print("%d of the last %d of %d refused, %d swallowed" % (refused, MODULE_LAST, total, survived))
    if refused < MODULE_LAST // step // 10:
        raise Wrong("what was it that failed?")


class Storm:
    """Pairs come and go at both ends of vti0, and a device beside it."""

    def __init__(self, spec):
        self.spec, self.refused, self.lost = spec, 0, 0
        self.family, self.index, self.taps = {}, {}, []
        for gw in "gwB", "gwA":
            enter(gw)
            self.family[gw] = hurry(nl.Family(spec))
            self.index[gw] = socket.if_nametoindex("vti0")
            # Who listens holds packets: none is the module's alone, and it has to copy.
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            tap.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
            self.taps.append(tap)
        self.links = hurry(nl.Links(spec))

    def insist(self, request, done):
        """Again and again until it has succeeded, or had when the answer got lost."""
        for _ in range(200):
            try:
                return list(request())
            except nl.Refused as e:
                error = e.shown["error"]
                if error == done:
                    return []
                if error not in ("ENOMEM", "ENOBUFS", "EINVAL"):
                    raise Wrong("refused: %s" % e.shown) from e
                self.refused += 1
            except OSError as e:
                if e.errno not in NO_MEMORY:
                    raise
                self.lost += 1
        raise Wrong("refused 200 times")

    def pairs(self, gw):
        """What is there, of which no pair may be half."""
        def dump():
            # Not one on which a dump has broken off.
            enter(gw)
            nl.Netlink.__init__(self.family[gw], nl.NETLINK_GENERIC)
            return hurry(self.family[gw]).request("sa-get", {}, True)

        got = self.insist(dump, None)
        for p in got:
            whole = p["state"] in ("larval", "draining") or "alg" in p["out"]
            if not whole or p["state"] != "larval" and "alg" not in p["in"]:
                raise Wrong("half a pair: %s" % p)
        return {p["in"]["spi"]: p["pair-id"] for p in got}

    def new(self, gw, n, keys, activation):
        spi = {"gwA": 0x10000 + n, "gwB": 0x20000 + n}
        sa = {w: {"spi": spi[w], "alg": "aes-gcm-16-128", "key": keys[w], "salt": "01020304"}
              for w in spi}
        other = {"gwA": "gwB", "gwB": "gwA"}[gw]
        self.insist(lambda: self.family[gw].request("sa-pair-new", {
            "ifindex": self.index[gw], "activation": activation,
            "in": sa[gw], "out": sa[other]}), "EEXIST")
        there = self.pairs(gw)
        if spi[gw] not in there:
            raise Wrong("pair %d is not there" % n)
        return there

    def on(self, op, gw, pair_id):
        self.insist(lambda: self.family[gw].request(
            op, {"ifindex": self.index[gw], "pair-id": pair_id}), "ENOENT")

    def listen(self):
        for tap in self.taps:
            try:
                while tap.recv(1, socket.MSG_DONTWAIT):
                    pass
            except OSError:
                pass

    def device(self):
        self.insist(lambda: self.links.request("link-new", {
            "name": NAME, "data": {"local": LOCAL, "remote": OTHER}}), "EEXIST")
        body = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
        body += nl.attr(nl.IFLA_IFNAME, NAME.encode() + b"\0")
        self.insist(lambda: self.links.talk(RTM_DELLINK, 0, body), "ENODEV")

    def blow(self, seconds):
        n, end = 0, time.monotonic() + seconds
        with open("/sys/kernel/debug/failslab/probability", "w", encoding="ascii") as knob:
            knob.write("4")
            knob.flush()
            try:
                while time.monotonic() < end:
                    n += 1
                    self.listen()
                    keys = {gw: os.urandom(16).hex() for gw in self.index}
                    # Who answers takes it first, as in IKE.
                    self.new("gwB", n, keys, "first-rx")
                    there = {"gwA": self.new("gwA", n, keys, "now")}
                    there["gwB"] = self.pairs("gwB")
                    for gw in "gwA", "gwB":
                        self.on("sa-activate", gw, there[gw][(
                            0x10000 if gw == "gwA" else 0x20000) + n])
                        # What is still under way with the last ones finds them.
                        for spi, pair_id in there[gw].items():
                            if n > 3 and (spi < 0x10000 or spi & 0xffff < n - 3):
                                self.on("sa-del", gw, pair_id)
                    if n % 4 == 0:
                        self.device()
            finally:
                knob.write("0")
                knob.flush()
        print("%d rekeys, %d times refused, %d answers lost" % (n, self.refused, self.lost))
        if self.refused < 10:
            raise Wrong("too little has failed")


def main():
    p = argparse.ArgumentParser()
    what = p.add_subparsers(dest="what", required=True)
    p_each = what.add_parser("each")
    p_each.add_argument("--step", type=int, default=1)
    p_each.add_argument("--verbose", action="store_true")
    p_each.add_argument("names", nargs="*")
    what.add_parser("list")
    p_module = what.add_parser("module")
    p_module.add_argument("file")
    p_module.add_argument("--step", type=int, default=1)
    what.add_parser("storm").add_argument("seconds", type=float)
    o = p.parse_args()
    here = os.path.dirname(os.path.realpath(__file__))
    spec = nl.Spec(here + "/../../Documentation/netlink/specs/ipsvti.yaml")
    # It would allocate memory whenever it likes.
    gc.disable()
    try:
        if o.what == "list":
            for name, _ in cases(argparse.Namespace(spec=spec, aside_fd=0)):
                print(name)
        elif o.what == "each":
            each(World(spec), o)
        elif o.what == "module":
            module(o.file, o.step)
        else:
            Storm(spec).blow(o.seconds)
    except Wrong as e:
        sys.exit(str(e))


if __name__ == "__main__":
    main()
