/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP sockets: 500 and 4500, IPv4 and IPv6. Here the non-ESP marker (RFC 3948,
 * section 2.2) is put in front and taken off; ESP in UDP stays in the kernel.
 * And raw sockets of ICMP and ICMPv6, for what these say of port 4500: see
 * net_icmp.h.
 *
 * Opening needs CAP_NET_BIND_SERVICE (CAP_NET_ADMIN for the policy bypass, and
 * CAP_NET_RAW for ICMP); nothing after that does.
 */
#ifndef IPSVTI_NET_H
#define IPSVTI_NET_H

#include <stdint.h>

#include "engine.h"
#include "net_error.h"

struct net;

#define NET_SOCKETS 6
#define NET_UDP_SOCKETS 4 /* of these; the others are of ICMP, to be read only */

/**
 * struct net_counters - what became of datagrams outside the engine
 * @rx_no_marker: dropped, on port 4500 without a non-ESP marker
 * @rx_truncated: dropped, larger than an IKE message can be
 * @tx_errors: not sent
 */
struct net_counters {
	uint64_t rx_no_marker;
	uint64_t rx_truncated;
	uint64_t tx_errors;
};

/**
 * net_open() - open the sockets
 * @netp: set on success; to be released with net_close()
 *
 * A kernel without IPv6 is no error, nor is it to be without the right to hear
 * ICMP. What failed is logged.
 *
 * Return: 0 or -1.
 */
int net_open(struct net **netp);

/**
 * net_adopt() - use sockets that another process has opened
 * @netp: set on success; to be released with net_close()
 * @fds: net_fd() of the other process's, here; they are ours from now on
 *
 * Return: 0, or -1 after the reason was logged.
 */
int net_adopt(struct net **netp, const int fds[NET_SOCKETS]);

/** net_close() - close the sockets and release @net, which may be NULL */
void net_close(struct net *net);

/**
 * net_fd() - a socket, to be watched for reading
 * @net: the sockets
 * @index: 0 to NET_SOCKETS - 1
 *
 * Return: a non-blocking descriptor, or -1 if this one is not open.
 */
int net_fd(const struct net *net, unsigned int index);

/**
 * net_hears_icmp() - whether what ICMP says of port 4500 would be heard
 * @net: the sockets
 * @family: IKE_IPV4 or IKE_IPV6, of the packet that did not arrive
 */
bool net_hears_icmp(const struct net *net, uint8_t family);

/**
 * typedef net_receiver - takes one IKE message
 * @arg: as given to net_receive()
 * @dgram: the message, without marker; valid during the call
 */
typedef void (*net_receiver)(void *arg, const struct ike_datagram *dgram);

/**
 * net_on_error() - who takes what ICMP says
 * @net: the sockets
 * @receiver: gets it from net_receive(); NULL: nobody does
 * @arg: its first argument
 */
void net_on_error(struct net *net, net_error_receiver receiver, void *arg);

/**
 * net_receive() - hand out what waits in a socket
 * @net: the sockets
 * @index: which one
 * @receiver: gets the messages
 * @arg: its first argument
 *
 * Returns after a bounded number of messages, so that a flood on one socket
 * cannot keep the others or the timers from being served.
 */
void net_receive(struct net *net, unsigned int index, net_receiver receiver,
		 void *arg);

/**
 * net_send() - send an IKE message
 * @net: the sockets
 * @dgram: the message. The port of @dgram->local chooses the socket: on
 *         IKE_PORT_NATT the marker is put in front
 *
 * Failure is counted, too; to the protocol it is a lost packet.
 *
 * Return: 0 or a negative errno.
 */
int net_send(struct net *net, const struct ike_datagram *dgram);

/**
 * net_keepalive() - send a NAT keepalive (RFC 3948, section 2.3)
 * @net: the sockets
 * @local: our endpoint
 * @remote: the peer's
 */
void net_keepalive(struct net *net, const struct ike_endpoint *local,
		   const struct ike_endpoint *remote);

/** net_counters() - the counters since net_open(), owned by @net */
const struct net_counters *net_counters(const struct net *net);

#endif
