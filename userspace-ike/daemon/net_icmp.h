/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP about what was sent from UDP port 4500: for people. A socket that takes ESP
 * in UDP (UDP_ENCAP) is told of none by the kernel, so all of it that comes in is
 * looked at by a socket of its own.
 */
#ifndef IPSVTI_NET_ICMP_H
#define IPSVTI_NET_ICMP_H

#include <stddef.h>

#include "net_error.h"

/* Of a message no more is read: two headers of IPv4, one of them with options. */
#define NET_ICMP_MAX 96

/**
 * net_icmp_open() - a raw socket that gets such errors, and nothing else
 * @family: AF_INET or AF_INET6
 *
 * Takes CAP_NET_RAW. The kernel compares the port, so that other ICMP does not wake
 * us up.
 *
 * Return: a non-blocking descriptor, or -1 and errno.
 */
int net_icmp_open(int family);

/**
 * net_icmp_parse() - what an ICMP error says
 * @family: AF_INET or AF_INET6
 * @data: what the socket has read: IPv4 with, IPv6 without the header in front
 * @len: octets of @data
 * @error: set on success, but for @error->from
 *
 * Nothing of @data is believed to be well-formed, not even after the kernel's filter.
 *
 * Return: whether it is an error about a datagram of UDP port 4500.
 */
bool net_icmp_parse(int family, const uint8_t *data, size_t len,
		    struct net_error *error);

/**
 * net_icmp_read() - hand out what waits in the socket
 * @fd: from net_icmp_open()
 * @family: its family
 * @receiver: gets the errors; NULL: they are thrown away
 * @arg: its first argument
 *
 * Returns after a bounded number.
 */
void net_icmp_read(int fd, int family, net_error_receiver receiver, void *arg);

#endif
