#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the kernel instantiate an algorithm by its driver name, for example

    cryptoalg.py 'cryptd(gcm(aes))'

after which "gcm(aes)" means that one, as it has the highest priority."""
import errno
import os
import socket
import struct
import sys
import time

NETLINK_CRYPTO, CRYPTO_MSG_NEWALG, TYPE_AEAD, TYPE_MASK = 21, 0x10, 3, 0xF
NLM_F_REQUEST, NLM_F_ACK = 1, 4

with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_CRYPTO) as s:
    s.bind((0, 0))
    # struct crypto_user_alg: name, driver, module, type, mask, refcnt, flags
    body = struct.pack("=64s64s64sIIII", b"", sys.argv[1].encode(), b"",
                       TYPE_AEAD, TYPE_MASK, 0, 0)
    head = struct.pack("=IHHII", 16 + len(body), CRYPTO_MSG_NEWALG,
                       NLM_F_REQUEST | NLM_F_ACK, 1, 0)
    # The kernel asks to come again while the parts are still being tested.
    for _ in range(50):
        s.send(head + body)
        error = -struct.unpack_from("=i", s.recv(4096), 16)[0]
        if error == errno.EEXIST:  # which the one before has made
            error = 0
        if error != errno.EAGAIN:
            break
        time.sleep(0.1)
    if error:
        sys.exit("%s: %s" % (sys.argv[1], os.strerror(error)))
