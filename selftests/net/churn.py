#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices and SA pairs changed from all processors, under traffic from all processors.

    churn.py links SECONDS    options of gwA's vti0 change, none of which harms a packet:
                              all datagrams must arrive, and the last change holds
    churn.py pairs SECONDS    pairs are reserved, installed, used up, activated, deleted and
                              flushed at both gateways
    churn.py all SECONDS      as pairs, while addresses, underlay and mark of gwA's vti0
                              change too

vti0 of both has IPv4 addresses and one pair, the same for both.  On each processor there
is a flood of datagrams in one direction, and one process that changes things.  At the end
what the events said and what the dumps show must be the same.  Prints what is wrong, and
last what was done; the exit status is 1 if anything was wrong.
"""
import collections
import json
import mmap
import os
import random
import select
import signal
import socket
import struct
import sys
import threading
import time

import nl
from rekeys import HOSTS, Gateway, pair
from traffic import Inside

PORT, SO_RCVBUFFORCE = 7300, 33
A_FLOOD = 100  # datagrams, of those that arrived
# A flood waits in its processor's queue (churn.sh lets that become long), with numbers that it
# has been given already, and what another processor sends on the same SA overtakes all of it.
REPLAY_WINDOW = 65536
HARD = {"sequence-exhausted", "hard-bytes", "hard-packets", "hard-time"}
# What a change may meet that another one made.
MAY_FAIL = {"ENOENT", "EBUSY", "ENOSPC", "EEXIST", "ENOTCONN"}
ADDRESSES = ("192.0.2.1", "192.0.2.9"), ("198.51.100.1", "198.51.100.9")


def child(work, *arguments):
    """Runs work(stop, ...) in a process; returns how to end it, which gives its result."""
    stop_r, stop_w = os.pipe()
    said_r, said_w = os.pipe()
    pid = os.fork()
    if not pid:
        signal.alarm(240)
        os.close(stop_w)
        try:
            result = work(stop_r, *arguments)
        except Exception as error:  # whatever it is, it is told
            result = {"wrong": [f"{work.__name__}: {error!r}"]}
        with os.fdopen(said_w, "w") as f:
            json.dump(result, f)
        os._exit(0)
    os.close(stop_r)
    os.close(said_w)

    def end():
        os.write(stop_w, b".")
        with os.fdopen(said_r) as f:
            said = f.read()
        os.waitpid(pid, 0)
        return json.loads(said) if said else {"wrong": [f"{work.__name__} said nothing"]}

    return end


def stopped(stop, seconds=0):
    return bool(select.select([stop], [], [], seconds)[0])


def processor(number):
    os.sched_setaffinity(0, {number % os.cpu_count()})


def flood(stop, number, ns_from, ns_to, arrived):
    """As many datagrams as go. What arrived, up to 255, is shown. Lost is what has not come when none came for 5 s."""
    processor(number)
    out, into = pair(socket.SOCK_DGRAM, ns_from, ns_to, HOSTS[ns_to][number % 2], PORT + number)
    out.connect((HOSTS[ns_to][number % 2], PORT + number))
    into.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    into.setblocking(False)
    sent, seen, refused = 0, set(), 0
    end = None
    while end is None or (time.monotonic() < end and len(seen) < sent):
        if end is None and stopped(stop):
            end = time.monotonic() + 5
        for _ in range(8 if end is None else 0):
            try:
                out.send(struct.pack("!I", sent) + bytes(100))
                sent += 1
            except OSError:  # ICMP says what has become of an earlier one
                refused += 1
        try:
            while True:
                (n,) = struct.unpack_from("!I", into.recv(256))
                seen.add(n)
                end = end and time.monotonic() + 5
        except BlockingIOError:
            arrived[number] = min(len(seen), 255)
        if end is not None:
            time.sleep(0.01)
    return {"sent": sent, "received": len(seen), "refused": refused}


class Asking:
    """Requests, of which some may be refused."""

    def __init__(self, spec, names=("gwA", "gwB")):
        self.sides = [Gateway(name, spec) for name in names]
        self.result = {"wrong": [], "created": {name: [] for name in names}, "done": {}}

    def ask(self, side, op, **values):
        try:
            reply = self.sides[side].ask(op, **values)
        except nl.Refused as refused:
            if refused.shown["error"] not in MAY_FAIL:
                self.result["wrong"].append(f"{op} {values}: {refused.shown}")
            return None
        self.result["done"][op] = self.result["done"].get(op, 0) + 1
        if op in ("spi-alloc", "sa-pair-new") and "pair-id" not in values:
            self.result["created"][self.sides[side].name].append(reply["pair-id"])
        return reply

    def dump(self, side):
        with Inside(self.sides[side].name):  # a dump has a socket of its own
            found = list(self.sides[side].family.request("sa-get", {}, True))
        ids = [p["pair-id"] for p in found]
        if len(set(ids)) != len(ids):
            self.result["wrong"].append(f"a dump with a pair twice: {ids}")
        return found


def limits(rng):
    """Some that are reached at once under a flood, some later, or none."""
    if rng.random() < 0.4:
        return {}
    soft = rng.choice((5, 50, 400))
    return {"limits": rng.choice((
        {"soft-packets": soft, "hard-packets": 2 * soft}, {"hard-packets": soft},
        {"soft-bytes": 150 * soft, "hard-bytes": 300 * soft}, {"hard-seconds": 1},
        {"soft-seconds": 1, "hard-packets": 8 * soft}))}


def both_install(asking, rng, number, count):
    """A new pair at both; some are reserved before, by one or both."""
    sas = [{"alg": "aes-gcm-16-256", "key": os.urandom(32).hex(), "salt": os.urandom(4).hex()}
           for _ in (0, 1)]
    more = [{}, {}]
    for i in (0, 1):
        sas[i]["spi"] = 0x100000 * (number + 1) + 2 * count + i
        if rng.random() < 0.3 and (reserved := asking.ask(i, "spi-alloc", **{"reserve-time": 2})):
            sas[i]["spi"] = reserved["in"]["spi"]
            more[i]["pair-id"] = reserved["pair-id"]
    for i in rng.sample((0, 1), 2):
        asking.ask(i, "sa-pair-new", activation=rng.choice(("now", "first-rx", "manual", "now")),
                   **more[i], **{"in": {**sas[i], **limits(rng)}, "out": {**sas[1 - i], **limits(rng)}})


def change_pairs(stop, number, spec):
    processor(number)
    rng, asking, count = random.Random(number), Asking(spec), 0
    while not stopped(stop):
        count += 1
        side, what = rng.randrange(2), rng.random()
        if what < 0.5:
            both_install(asking, rng, number, count)
            continue
        found = asking.dump(side)
        if what > 0.97:
            asking.ask(side, "sa-flush")
        elif what > 0.94:
            asking.ask(side, "spi-alloc", **{"reserve-time": 1})
        elif found:
            one = {"pair-id": rng.choice(found)["pair-id"]}
            asking.ask(side, *rng.choice((("sa-activate",), ("sa-del",), ("sa-get",))), **one)
            if what > 0.85:
                asking.ask(side, "sa-del", grace=rng.choice((0, 1)), **one)
    return asking.result


HARMLESS = [("ttl", (0, 9, 64, 255)), ("dscp", (0, 46, 64)), ("df", ("copy", "set", "clear")),
            ("mss-clamp", (0, 1, 1000)), ("pre-frag", (0, 1)), ("mtu-auto", (1,)), ("fwmark", (0, 77))]


def change_links(stop, number, spec, harmless):
    """Without asking whether it did: what was given last must be there at the end."""
    processor(number)
    rng = random.Random(number)
    with Inside("gwA"):
        links, wan = nl.Links(spec), socket.if_nametoindex("wan")
        gateway = Gateway("gwA", spec)
    has, done = {"link": 0}, 0
    result = {"wrong": [], "created": {}}
    harmful = [("local", ADDRESSES[0]), ("remote", ADDRESSES[1])] if not harmless else []
    while not stopped(stop):
        options = rng.sample(HARMLESS + [("link", (0, wan))] + harmful, rng.randint(1, 4))
        data = {name: rng.choice(values) for name, values in options}
        try:
            if harmful and rng.random() < 0.2:
                gateway.ask("tunnel-set", remote=rng.choice(ADDRESSES[1]))
                has.pop("remote", None)
            list(links.request("link-set", {"name": "vti0", "data": data}))
            has.update(data)
            done += 1
        except nl.Refused as refused:
            result["wrong"].append(f"link-set {data}: {refused.shown}")
    return {**result, "done": {"link-set": done}, "has": has}


class Events(threading.Thread):
    """All that a gateway's family tells."""

    def __init__(self, name, spec):
        super().__init__(daemon=True)
        self.name_, self.list, self.error = name, [], None
        with Inside(name):
            self.family = nl.Family(spec)
        self.family.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        self.family.sock.setsockopt(nl.SOL_NETLINK, nl.NETLINK_ADD_MEMBERSHIP,
                                    self.family.groups["sa"])

    def run(self):
        try:
            self.family.events(self.list.append)
        except OSError as error:
            self.error = error


def judge(events, created, asking, side):
    """What is wrong with the events, by themselves and with what is there now."""
    wrong, gone, carrier, over = [], {}, 0, collections.Counter()
    for e in list(events.list)[1:]:
        what, pair_id = e["event"], e.get("pair-id")
        if pair_id in gone:
            wrong.append(f"after its end: {e}")
        if what == "sa-del-ntf":
            gone[pair_id] = e["reason"]
        elif what == "carrier-ntf":
            if e["carrier"] == carrier:
                wrong.append(f"the carrier was so before: {e}")
            carrier = e["carrier"]
        elif what == "sa-expire-ntf":
            key = (pair_id, "in" if "in" in e else "out")
            over[(*key, e["reason"])] += 1
            if over[(*key, "hard")] or over[(*key, e["reason"])] > 1:
                wrong.append(f"an SA ends twice: {e}")
            over[(*key, "hard")] += e["reason"] in HARD
        elif what == "sa-first-rx-ntf":
            over[(pair_id, what)] += 1
            if over[(pair_id, what)] > 1:
                wrong.append(f"heard for the first time twice: {e}")
    have = asking.dump(side)
    tunnel = asking.sides[side].tunnel()
    active = [p["pair-id"] for p in have if p["state"] == "active"]
    expected = set(created) - set(gone)
    if {p["pair-id"] for p in have} != expected:
        wrong.append(f"there are {have}, and by the events {expected}")
    if set(gone) - set(created):
        wrong.append(f"gone, but never made: {set(gone) - set(created)}")
    if carrier != tunnel["carrier"] or len(active) != carrier or active != [
            tunnel[k] for k in ("active-pair",) if k in tunnel]:
        wrong.append(f"the events say carrier {carrier}, and there is {tunnel}, active {active}")
    if events.error:
        wrong.append(f"events of {events.name_}: {events.error}")
    return wrong


def main():
    mode, seconds = sys.argv[1], float(sys.argv[2])
    here = os.path.dirname(os.path.realpath(__file__))
    spec = nl.Spec(here + "/../../Documentation/netlink/specs/ipsvti.yaml")
    asking, wrong = Asking(spec), []
    for side in (0, 1):
        asking.ask(side, "sa-flush")
    events = [Events(name, spec) for name in ("gwA", "gwB")]
    key = [{"spi": 0x900 + i, "alg": 2, "key": os.urandom(32).hex(), "salt": "00000001"} for i in (0, 1)]
    for side in (0, 1):
        asking.ask(side, "sa-pair-new", activation="now", **{
            "in": {**key[side], "replay-window": REPLAY_WINDOW}, "out": key[1 - side]})
    time.sleep(0.5)
    arrived = mmap.mmap(-1, 2)  # shared with the children
    floods = [child(flood, n, *way, arrived) for n, way in enumerate((("hostA", "hostB"), ("hostB", "hostA")))]
    changes = []
    if mode != "links":
        changes += [child(change_pairs, n, spec) for n in (0, 1)]
    if mode != "pairs":
        changes += [child(change_links, 1, spec, mode == "links")]
    for one in events:
        one.start()
    end = time.monotonic() + 100
    time.sleep(seconds)
    # An emulated processor that others want too may not have got far.
    while min(arrived[:]) < A_FLOOD and time.monotonic() < end:
        time.sleep(0.1)
    results = [end() for end in changes] + [asking.result]
    done = collections.Counter()
    for result in results:
        wrong += result["wrong"][:5]
        done.update(result.get("done", {}))
    traffic = [end() for end in floods]
    for one in traffic:
        wrong += one.get("wrong", [])
        if mode == "links" and one["received"] != one["sent"]:
            wrong.append(f"lost: {one}")
        if one["received"] < A_FLOOD:
            wrong.append(f"that was no flood: {one}")
    for side, name in enumerate(("gwA", "gwB")):
        created = sum((r["created"].get(name, []) for r in results), [])
        end = time.monotonic() + 20
        # Some end by time, some events are still to be read.
        while (bad := judge(events[side], created, asking, side)) and time.monotonic() < end:
            time.sleep(0.3)
        wrong += bad
        done[f"events of {name}"] = len(events[side].list) - 1
        done[f"pairs of {name}"] = len(created)
    has = [r["has"] for r in results if "has" in r]
    print("\n".join(wrong[:40]))
    print(json.dumps({"done": done, "traffic": traffic, "has": has[0] if has else {}}))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    signal.alarm(240)
    main()
