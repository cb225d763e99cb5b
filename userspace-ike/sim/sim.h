/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulator: two engines, a network, two mock kernels, one virtual clock,
 * one seed. A run is a function of its scenario and its seed, so a failure is
 * reproduced by naming both.
 *
 * After every step the invariants of sim/check.c are looked at; at the end of
 * a scenario the network is made perfect for a while, and then both ends must
 * have come to the same one SA pair.
 */
#ifndef IPSVTI_IKE_SIM_H
#define IPSVTI_IKE_SIM_H

#include "../crypto/crypto.h"
#include "engine.h"
#include "pki.h"

#define SIM_NODES	2
#define SIM_PAIRS_MAX	64
#define SIM_IFINDEX	7
#define SIM_DEVICES	2	/* the second one shares the IKE SA of the first */
#define SIM_PACKET	100	/* octets of a data packet */
#define SIM_SECRETS	16	/* the last shared secrets of IKE_SA_INIT, and ... */
#define SIM_SHOWN	8	/* ... octets of those and of keys that nobody shall see */
#define SIM_PSK		"correct horse battery staple"

/* ------------------------------------------------------------- randomness */

struct sim_rng {
	uint64_t state;
};

uint64_t sim_random(struct sim_rng *rng);
/* Return: a number below @n. */
uint32_t sim_below(struct sim_rng *rng, uint32_t n);
/* Return: true @percent times of a hundred. */
bool sim_chance(struct sim_rng *rng, uint32_t percent);

/* ------------------------------------------------------------- mock kernel */

/**
 * struct sim_pair - a pair in a mock kernel
 * @used: the slot is taken
 * @state: as in the module
 * @info: what it was installed with; only the SPI while larval
 * @gone_at: with a grace or a reservation, when it goes; 0: stays
 * @rx: packets taken
 * @tx: packets sent
 * @expired: the inbound SA takes no more packets
 * @alone: there was no other one to use when it was installed, but an IKE SA
 */
struct sim_pair {
	bool used;
	enum ike_pair_state state;
	struct ike_kernel_pair info;
	uint64_t gone_at;
	uint64_t rx;
	uint64_t tx;
	bool expired;
	bool alone;
};

struct sim_kernel {
	uint32_t ifindex;
	struct sim_pair pairs[SIM_PAIRS_MAX];
	unsigned int top;	/* pairs from there on were never used */
	uint32_t next_id;
	bool was_active;	/* there was an outbound SA, and not all is gone */
	bool was_up;		/* there was one in use */
	uint64_t ages_at;	/* no pair goes before */
	uint64_t sent;		/* packets */
	uint64_t no_sa;		/* packets that found no outbound SA */
	uint64_t taken;		/* packets received */
	uint64_t taken_at;	/* when the last of them was */
	uint64_t gap;		/* the longest time without one */
	uint64_t unknown;	/* packets for an SPI nobody knows */
	uint64_t larval;	/* packets for a reserved SPI */
	uint64_t early;		/* of these, those that had no other way */
	uint64_t ended;		/* hard limits that were reached */
	uint64_t newest;	/* when the newest one received was sent */
	uint64_t floats;	/* pairs that followed the peer elsewhere */
};

/* ----------------------------------------------------------------- network */

/**
 * struct sim_net - what the network does to packets
 * @drop: percent of packets lost
 * @dup: percent of packets that arrive twice
 * @delay_min: milliseconds
 * @delay_max: milliseconds; a spread reorders
 * @cut: nothing passes
 * @nat: node 0 sits behind a NAT
 * @nat_shift: what the NAT adds to port numbers at present
 * @nat_moved: what has been added to the last octet of its public address
 */
struct sim_net {
	uint32_t drop;
	uint32_t dup;
	uint32_t delay_min;
	uint32_t delay_max;
	bool cut;
	bool nat;
	uint16_t nat_shift;
	uint8_t nat_moved;
};

enum sim_event_kind {
	SIM_IKE,	/* an IKE message arrives */
	SIM_ESP,	/* a data packet arrives */
	SIM_KERNEL,	/* a notification reaches an engine */
	SIM_TRAFFIC,	/* a node's host sends a packet */
	SIM_ACTION,	/* the scenario does something */
};

struct sim;

struct sim_event {
	uint64_t seq;		/* of two at the same time the older is first */
	enum sim_event_kind kind;
	unsigned int node;	/* where it happens */
	struct ike_endpoint local;
	struct ike_endpoint remote;
	uint8_t *data;
	size_t len;
	uint32_t spi;		/* ESP */
	uint8_t key[IKE_KEY_MAX];
	bool alone; /* sent with no other choice, perhaps before the peer had the keys */
	struct ike_kernel_event kernel;
	void (*action)(struct sim *sim, unsigned int arg);
};

/* --------------------------------------------------------------- all of it */

struct sim_node {
	struct sim *sim;
	unsigned int index;
	struct ike_engine *engine;
	struct ike_env env;
	struct ike_tunnel_config config;
	struct ike_limits limits;
	struct sim_kernel kernel;
	struct ike_tunnel_config second_config;
	struct sim_kernel second;
	struct sim_rng entropy;
	const char *psk;
	const struct cert_store *certs;
	bool running;
	bool up;		/* as the events say */
	bool asleep;		/* no door was opened since @wake_at was asked for */
	uint64_t wake_at;
	unsigned int counts[IKE_EVENT_MAX];
	bool unanswered;	/* an IKE SA was given up, its CHILD SAs were not */
	unsigned int anew;	/* IKE_AUTH that made up for that */
	char last_line[700];
};

struct sim_seen;

struct sim {
	const char *scenario;
	uint64_t seed;
	bool verbose;
	uint64_t now;
	struct sim_rng rng;
	struct sim_net net;
	struct sim_node nodes[SIM_NODES];
	struct sim_event *queue;
	uint64_t *due;		/* when each of them happens */
	size_t queued;
	size_t queue_size;
	uint64_t seq;
	bool add_ke;		/* suites have an additional key exchange */
	bool shared;		/* there are two tunnels with one IKE SA */
	bool traffic;		/* hosts send packets */
	bool disrupted;		/* a peer was taken for dead, or really was */
	bool second_goes;	/* the second tunnel of a node, on purpose */
	bool deaf;		/* soft limits are not told */
	bool changed;		/* what the invariants are about, since the last look */
	struct sim_seen *seen;
	size_t n_seen;
	uint8_t secrets[SIM_SECRETS][SIM_SHOWN];
	unsigned int n_secrets;
	unsigned int fragments;	/* sent */
	unsigned int idle_steps; /* without the clock moving */
	bool failed;
	char why[256];
};

/* sim.c */
void sim_init(struct sim *sim, const char *scenario, uint64_t seed,
	      bool verbose);
void sim_free(struct sim *sim);
/* Gives a node an engine and its tunnel. */
void sim_start(struct sim *sim, unsigned int node);
/* From now on there are two tunnels; before sim_start(). */
void sim_share(struct sim *sim);
/* Takes it away, silently; @wipe: and its pairs. */
void sim_stop(struct sim *sim, unsigned int node, bool wipe);
/* Lets time pass. */
void sim_run(struct sim *sim, uint64_t ms);
/* Lets time pass until @done says so, at most @ms. Return: what it said. */
bool sim_run_until(struct sim *sim, uint64_t ms, bool (*done)(struct sim *));
/* Does @action in @ms. */
void sim_later(struct sim *sim, uint64_t ms,
	       void (*action)(struct sim *, unsigned int), unsigned int arg);
void sim_command(struct sim *sim, unsigned int node, enum ike_command cmd);
void sim_fail(struct sim *sim, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct sim_event *sim_queue(struct sim *sim, uint64_t in_ms,
			    enum sim_event_kind kind, unsigned int node);
struct ike_endpoint sim_address(const struct sim *sim, unsigned int node,
				bool public);

/* net.c */
extern const struct ike_transport_ops sim_transport;
void sim_net_perfect(struct sim *sim);
void sim_net_random(struct sim *sim, uint32_t drop_max);
/* Sends a data packet. */
void sim_send_esp(struct sim_node *node, const struct sim_pair *from);

/* kernel.c */
extern const struct ike_kernel_ops sim_kernel_ops;
void sim_kernel_packet(struct sim_node *node, const struct sim_event *event);
void sim_kernel_traffic(struct sim_node *node);
void sim_kernel_age(struct sim_node *node);
/* What the kernel has for a device of the node. */
struct sim_kernel *sim_kernel_of(struct sim_node *node, unsigned int device);
/* All pairs are gone, and nobody is told. */
void sim_kernel_wipe(struct sim_node *node);
unsigned int sim_kernel_count(const struct sim_kernel *k,
			      enum ike_pair_state state);
struct sim_pair *sim_kernel_active(struct sim_kernel *k);

/* check.c */
/* An IKE message is leaving: nothing is used twice. */
void sim_check_message(struct sim *sim, const struct ike_datagram *dgram);
/* An event is told: no keys in it, neither the kernel's nor an IKE SA's. */
void sim_check_event(struct sim_node *node, const struct ike_event *event);
/* After each step. */
void sim_check_step(struct sim *sim);
/* At the end: both have the same pair, and no other. */
void sim_check_converged(struct sim *sim);
bool sim_both_up(struct sim *sim);

/* scenario.c */
struct sim_scenario {
	const char *name;
	const char *story;
	void (*run)(struct sim *sim);
};

extern const struct sim_scenario sim_scenarios[];
extern const size_t sim_n_scenarios;

/* Seeds that have found something once: they are run besides those asked for. */
struct sim_found {
	const char *scenario;
	uint64_t seed;
};

extern const struct sim_found sim_found[];
extern const size_t sim_n_found;

#endif /* IPSVTI_IKE_SIM_H */
