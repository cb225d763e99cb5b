#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who has no power over the network namespace is refused each operation, and each event.

    denied.py        prints what was not refused with EPERM; the exit status is 1 then

To be run by root in gwA, with a device vti0 as attrs.py wants it. The requests are good ones,
those of attrs.py: nobody, and root of a user namespace of his own, may make none of them; then
root makes them all. Last, a device may not be put into this namespace from another one.
"""
import ctypes
import json
import os
import socket
import struct
import subprocess
import sys

import attrs
import nl

CLONE_NEWUSER, CLONE_NEWNET, PR_SET_DUMPABLE = 0x10000000, 0x40000000, 4
IFLA_NET_NS_FD = 28
NOBODY = 65534
libc = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def nobody():
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def own_root(flags=0):
    nobody()
    # Whoever was another user cannot write to files of its own process.
    must(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
    must(libc.unshare(CLONE_NEWUSER | flags))
    with open("/proc/self/uid_map", "w", encoding="ascii") as f:
        f.write(f"0 {NOBODY} 1")
    assert os.getuid() == 0


def own_network():
    own_root(CLONE_NEWNET)


def root_elsewhere():
    must(libc.unshare(CLONE_NEWNET))


def as_another(become, function, *args):
    """What the function says, in a process that has become somebody else."""
    said_r, said_w = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            become()
            os.write(said_w, json.dumps(function(*args)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(said_w)
    with open(said_r, "rb") as f:
        said = f.read()
    _, status = os.waitpid(pid, 0)
    if status:
        sys.exit(f"{become.__name__}: did not come to the end")
    return json.loads(said)


def requests(kernel):
    """Of each operation a good request, as op, dump, values; in an order in which all are."""
    with_pair = attrs.WithPair(kernel)
    new, complete = attrs.SaPairNew(kernel).request(), attrs.Complete(kernel).request()
    new["in"]["spi"] = 0x7003
    link = attrs.LinkSet(kernel)
    made = {
        "tunnel-get": [attrs.TunnelGet(kernel).request()], "sa-get": [with_pair.request()],
        "tunnel-set": [attrs.TunnelSet(kernel).request()], "spi-alloc": [attrs.SpiAlloc(kernel).request()],
        "sa-pair-new": [new, complete], "sa-activate": [with_pair.request()],
        "sa-del": [{**with_pair.request(), "grace": 0}], "sa-flush": [attrs.Op(kernel).request()],
        "link-set": [link.request()], "link-new": [{**link.request(), "name": "y"}],
    }
    for op, values in made.items():
        if op in ("tunnel-get", "sa-get"):
            yield op, True, {}
        for one in values:
            yield op, False, one


def send(spec, family, links, op, dump, values):
    try:
        if op.startswith("link-"):
            list(links.request(op, values))
        else:
            list(family.request(op, values, dump))
    except nl.Refused as refused:
        return refused.shown["error"]
    return None


def try_all(spec, wanted):
    family, links = nl.Family(spec), nl.Links(spec)
    return [send(spec, family, links, *one) for one in wanted]


def listen(spec):
    family = nl.Family(spec)
    try:
        family.sock.setsockopt(nl.SOL_NETLINK, nl.NETLINK_ADD_MEMBERSHIP, family.groups["sa"])
    except PermissionError:
        return "EPERM"
    return None


def put_device(spec, fd):
    """A new device in the network namespace that is open as fd."""
    links = nl.Links(spec)
    info = nl.attr(nl.IFLA_INFO_KIND, b"ipsvti") + nl.attr(nl.IFLA_INFO_DATA | nl.NLA_F_NESTED, b"")
    body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + nl.attr(nl.IFLA_IFNAME, b"z\0")
    body += nl.attr(IFLA_NET_NS_FD, struct.pack("=I", fd)) + nl.attr(nl.IFLA_LINKINFO | nl.NLA_F_NESTED, info)
    try:
        list(links.talk(nl.RTM_NEWLINK, nl.NLM_F_CREATE_EXCL, body))
    except nl.Refused as refused:
        return refused.shown["error"]
    return None


def main():
    kernel = attrs.Kernel()
    spec, wrong = kernel.spec, 0
    wanted = list(requests(kernel))
    if {op for op, _, _ in wanted} != set(attrs.operations(spec)):
        sys.exit("not all operations of the spec")

    def complain(*what):
        nonlocal wrong
        wrong += 1
        print(*what)

    before = kernel.state("link-new")
    for become in nobody, own_root:
        for (op, dump, _), error in zip(wanted, as_another(become, try_all, spec, wanted)):
            if error != "EPERM":
                complain(become.__name__, op, "dump" if dump else "", error or "succeeds")
        if (error := as_another(become, listen, spec)) != "EPERM":
            complain(become.__name__, "to listen to events", error or "succeeds")
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    if (error := as_another(own_network, put_device, spec, here)) != "EPERM":
        complain("own_network: a device put here:", error or "succeeds")
    if kernel.state("link-new") != before:
        complain("something has changed")
    # All of this was refused for no other reason.
    for (op, dump, _), error in zip(wanted, try_all(spec, wanted)):
        if error:
            complain("root", op, "dump" if dump else "", error)
    for what, error in (("to listen", listen(spec)), ("a device put here", as_another(root_elsewhere, put_device, spec, here))):
        if error:
            complain("root:", what, error)
    attrs.TunnelSet(kernel).undo(None)
    for name in "x", "y", "z":
        subprocess.run(["ip", "link", "del", name], check=False)
    print(f"{len(wanted)} requests, {wrong} wrong")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
