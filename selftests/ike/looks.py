#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks at the SA pairs of each tunnel once a second, and does nothing else.

    looks.py SECONDS       prints how many looks there were, how many pairs they saw, and
                           how many ms of the processor they took

What an agent takes meanwhile can be compared with that: both suffer alike from a busy
machine, and from a kernel that takes long to answer. So there are two processes, as an
agent has, of which one asks the other for each look.
"""
import os
import socket
import struct
import sys
import time

here = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, here + "/../net")
# pylint: disable=wrong-import-position
from nl import Family, Netlink, Spec, NETLINK_GENERIC, NLM_F_DUMP  # noqa: E402

seconds = int(sys.argv[1])
spec = Spec(here + "/../../Documentation/netlink/specs/ipsvti.yaml")
family = Family(spec)
number, op = spec.ops["sa-get"]
requests = []
for tunnel in family.request("tunnel-get", {}, True):
    body = spec.encode(op["attribute-set"], {"ifindex": tunnel["ifindex"]})
    requests.append(struct.pack("=BBH", number, 1, 0) + body)

sock = Netlink(NETLINK_GENERIC)
asks, answers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
other = os.fork()
if other == 0:
    asks.close()
    while which := answers.recv(4):
        request = requests[int.from_bytes(which, "little")]
        seen = sum(1 for _ in sock.talk(family.id, NLM_F_DUMP, request))
        answers.send(seen.to_bytes(4, "little"))
    sys.exit()
answers.close()
looks = pairs = 0
took = time.process_time()
begun = time.monotonic()
while time.monotonic() < begun + seconds:
    # As what it is compared with, it is woken for each: that is dear on a busy machine.
    time.sleep(max(0, begun + looks / len(requests) - time.monotonic()))
    asks.send((looks % len(requests)).to_bytes(4, "little"))
    pairs += int.from_bytes(asks.recv(4), "little")
    looks += 1
took = time.process_time() - took
asks.close()
_, status, usage = os.wait4(other, 0)
print(looks, pairs, round((took + usage.ru_utime + usage.ru_stime) * 1000))
sys.exit(status != 0)
