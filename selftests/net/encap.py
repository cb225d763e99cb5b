#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens UDP port 4500 (or that named) for ESP in UDP, IPv4 and IPv6, as a key
daemon does, prints "ready" and stays.  Without it the kernel takes no ESP in UDP.

    encap.py [PORT [DEVICE]]        DEVICE: bound to it, a VRF say
"""
import signal
import socket
import sys

UDP_ENCAP, UDP_ENCAP_ESPINUDP = 100, 2

port = int(sys.argv[1]) if len(sys.argv) > 1 else 4500
sockets = []
for family, host in (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"):
    s = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    # Tests send from this port with sockets of their own.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if len(sys.argv) > 2:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[2].encode())
    s.bind((host, port))
    s.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
    sockets.append(s)
print("ready", flush=True)
signal.pause()
