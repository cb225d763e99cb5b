/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a tunnel, and what to do about it: the judgement of
 * "ipsvtictl explain". Pure but for the configuration's file, which is only read
 * to find the lines that are to be changed.
 */
#ifndef IPSVTICTL_FINDING_H
#define IPSVTICTL_FINDING_H

#include <jansson.h>

#include "libipsvti.h"

/**
 * struct facts - What this machine knows of a tunnel, without the agent.
 * @link: its device
 * @has_link: there is one
 * @tunnel: the same as the data path sees it, with the counters
 * @has_tunnel: the module could be asked
 * @addresses: inner addresses of the device, link-local IPv6 not counted
 * @routes: routes that lead into the device, those of its addresses not counted
 * @has_routes: @addresses and @routes are known
 * @local_is_ours: the outer address is one of this machine
 * @underlay: the way to the peer, of packets with the device's mark, bound as they are
 * @underlay_name: its device
 * @bound_name: the device that outer packets are bound to; empty, none
 * @bound_is_vrf: it is a VRF
 * @underlay_error: errno value if there is no way; -1: nobody has looked
 * @looked_before: the counters a while before those of @tunnel
 * @look_ms: how long before; 0: nobody has looked twice
 * @pair: the pair in use
 * @has_pair: there is one
 */
struct facts {
	struct ipsvti_link link;
	bool has_link;
	struct ipsvti_tunnel tunnel;
	bool has_tunnel;
	unsigned int addresses;
	unsigned int routes;
	bool has_routes;
	bool local_is_ours;
	struct ipsvti_route underlay;
	char underlay_name[IF_NAMESIZE];
	char bound_name[IF_NAMESIZE];
	bool bound_is_vrf;
	int underlay_error;
	struct ipsvti_counters looked_before;
	unsigned int look_ms;
	struct ipsvti_pair pair;
	bool has_pair;
};

/**
 * findings() - Judge a tunnel.
 * @tunnel: what the agent answers to "explain"
 * @facts: what the kernel says
 *
 * Return: a new array, the most likely cause first, of objects with "id",
 * "severity" (error: keeps it down or traffic away; warning: may; note), "text"
 * and, if there is something to do, "remedy", and "file" and "line" if it is to be
 * done there.
 */
json_t *findings(const json_t *tunnel, const struct facts *facts);

/* Add one to @list. @remedy NULL: there is nothing to do. */
json_t *finding_add(json_t *list, const char *severity, const char *id,
		    json_t *sentence, json_t *remedy);

/**
 * finding_at() - Say where a finding is mended.
 * @finding: what finding_add() returned
 * @tunnel: the agent's answer, which names the file
 * @key: key of the configuration
 *
 * Of a tunnel with ike-sa-of, what is of the IKE SA is mended in the file of its
 * owner. Without such a key there: the file, and no line.
 */
void finding_at(json_t *finding, const json_t *tunnel, const char *key);

/* What the agent knows: failed negotiations. */
void findings_of_agent(json_t *list, const json_t *tunnel);

/* Is there a counter of drops of which a second look says whether it still grows? */
bool findings_want_look(const struct facts *facts);

/* What the kernel knows: devices, routes, drops. */
void findings_of_kernel(json_t *list, const json_t *tunnel,
			const struct facts *facts);

/**
 * conf_line() - Where a key stands in a configuration file.
 * @path: the file
 * @key: the key
 *
 * Return: its line, from 1; 0 if it is not there, or the file cannot be read.
 */
unsigned int conf_line(const char *path, const char *key);

#endif /* IPSVTICTL_FINDING_H */
