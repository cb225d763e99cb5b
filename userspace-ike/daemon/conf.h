/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: a folder with one file NAME.conf for each tunnel, turned
 * into plain data. Nothing outside the folder and its key files is touched.
 */
#ifndef IPSVTI_CONF_H
#define IPSVTI_CONF_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "conf_error.h"
#include "engine.h"
#include "keys.h"
#include "net_error.h"

struct cert_store;

/**
 * struct conf_way - which way packets to a peer leave
 * @error: errno value if there is no way; 0
 * @ifindex: the underlay device
 * @gateway: next hop, network byte order; zeros if there is none
 */
struct conf_way {
	int error;
	uint32_t ifindex;
	uint8_t gateway[16];
};

/** enum conf_preset - the kind of peer a tunnel is for, if its file tells */
enum conf_preset {
	CONF_PRESET_NONE,
	CONF_PRESET_AWS,
	CONF_PRESET_AZURE,
	CONF_PRESET_GCP,
	CONF_PRESET_STRONG,
};

#define CONF_TROUBLE_MAX 512

/**
 * struct conf_trouble - what went wrong below a tunnel, for people
 * @icmp: the last ICMP error that came back from the way to the peer
 * @icmp_at: when
 * @icmp_count: how many did
 * @send_error: errno value of the last message that could not be sent
 * @send_at: when
 * @send_count: how many could not
 * @device: why its device cannot be used; empty: it can, or there is none
 */
struct conf_trouble {
	struct net_error icmp;
	uint64_t icmp_at;
	uint32_t icmp_count;
	int send_error;
	uint64_t send_at;
	uint32_t send_count;
	char device[CONF_TROUBLE_MAX];
};

/**
 * struct conf_tunnel - one tunnel, as its file has it
 * @ike: what the engine wants to know, but for the index of the device
 * @remote_name: host name of the peer; empty if its address is given. The
 *               address is not from the file then, but looked up
 * @interface: name of the ipsvti device
 * @interface_line: where the file says so; 0: it does not
 * @local_line: where the file has ike.local; 0: it is that of another tunnel
 * @remote_line: where the file has ike.remote; 0: it is that of another tunnel
 * @ike_sa_of_line: where the file has ike.ike_sa_of; 0: it does not
 * @preset: where values come from that the file does not give
 * @psk: the pre-shared key
 * @certs: our certificate and key, and whom we trust
 * @file: path of the file, for messages
 * @way: not from the file: the way to the peer when it was looked at last
 * @trouble: not from the file either
 * @sought_at: since when @remote_name is looked up and has no address; 0: it is not,
 *             or nobody has begun
 * @old_local: what the configuration before had for @interface, on reload; family
 *             0: nothing
 * @old_remote: the same
 */
struct conf_tunnel {
	struct ike_tunnel_config ike;
	char remote_name[254];
	char interface[IF_NAMESIZE];
	unsigned int interface_line;
	unsigned int local_line;
	unsigned int remote_line;
	unsigned int ike_sa_of_line;
	enum conf_preset preset;
	struct secret psk;
	struct cert_store *certs;
	char *file;
	struct conf_way way;
	struct conf_trouble trouble;
	uint64_t sought_at;
	struct ike_address old_local;
	struct ike_address old_remote;
};

/**
 * struct conf - all tunnels, sorted by name
 * @tunnels: array, each element allocated by itself so that it does not move
 * @count: entries of @tunnels
 */
struct conf {
	struct conf_tunnel **tunnels;
	size_t count;
};

/**
 * conf_load() - read all files of a folder
 * @dir: the folder
 * @conf: filled on success
 * @errors: receives everything that is wrong, not only the first thing, and
 *          warnings of what is not
 *
 * Return: 0, or -1 after errors were reported; @conf is empty then.
 */
int conf_load(const char *dir, struct conf *conf, struct conf_errors *errors);

/**
 * conf_tunnel_load() - read the file of one tunnel
 * @path: the file; its name without ".conf" is the tunnel's name
 * @errors: receives everything that is wrong
 *
 * Return: the tunnel, to be released with conf_tunnel_free(), or NULL after
 * errors were reported.
 */
struct conf_tunnel *conf_tunnel_load(const char *path,
				     struct conf_errors *errors);

/**
 * conf_tunnel_same() - whether two tunnels differ in nothing but keys,
 *                      certificates and revocation lists
 * @a: a tunnel
 * @b: another
 *
 * New ones are used from the next authentication on; anything else that
 * changed makes the tunnel another one.
 *
 * Return: true if they are the same. The index of the device is not compared.
 */
bool conf_tunnel_same(const struct conf_tunnel *a, const struct conf_tunnel *b);

/**
 * conf_find() - find a tunnel by name
 * @conf: the configuration
 * @name: the name
 *
 * Return: the tunnel or NULL.
 */
struct conf_tunnel *conf_find(const struct conf *conf, const char *name);

/** conf_tunnel_free() - wipe and release a tunnel, which may be NULL */
void conf_tunnel_free(struct conf_tunnel *tunnel);

/** conf_free() - wipe and release all tunnels; @conf is empty then */
void conf_free(struct conf *conf);

#endif
