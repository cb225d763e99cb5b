/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two processes say to each other, and all they can say.
 *
 * Calls go from `ike` to `parent` and are answered, one at a time, by a message
 * of the same type. The parent looks at each as if an enemy had sent it.
 * News go from `parent` to `ike` on a pair of their own and are not answered.
 *
 * Both ends are the same program: structures are sent as they lie in memory.
 */
#ifndef IPSVTI_CALLS_H
#define IPSVTI_CALLS_H

#include <net/if.h>
#include <stdint.h>

#include "conf.h"
#include "engine.h"
#include "net.h"

/* Where the ends are in the ike process. */
#define CALLS_FD 3
#define NEWS_FD 4

/* How long a call may take; the parent was stopped, if it takes that long. */
#define CALL_SECONDS 30

/*
 * X-macro of the calls: id, request, answer. With a '+' in the comment more
 * octets follow the structure.
 */
#define CALLS(X)							\
	X(START, none, start)		/* once; sockets, conf */	\
	X(RELOAD, none, reload)		/* conf, or error lines */	\
	X(APPLIED, none, result)	/* the one before is over */	\
	X(DEVICE, tunnel, device)	/* make sure there is one */	\
	X(DEVICE_INDEX, tunnel, device)	/* only look */			\
	X(WAY, tunnel, way)						\
	X(LOOK_UP, tunnel, result)	/* NEWS_ADDRESS follows */	\
	X(SPI_ALLOC, pair, spi)						\
	X(PAIR_NEW, new_pair, result)					\
	X(ACTIVATE, pair, result)					\
	X(RETIRE, pair, result)						\
	X(QUERY, pair, query)		/* answer: + ike_pair_info */	\
	X(PSK_AUTH, auth, psk)		/* request: + octets */		\
	X(SIGN, auth, sign)		/* request: + octets */		\
	X(IKE_KEYS, ike_keys, result)	/* only with --export-keys */	\
	X(LOG, log, none)		/* not answered */

enum call {
	CALL_NONE,
#define CALL_ENUM(id, request, answer) CALL_##id,
	CALLS(CALL_ENUM)
#undef CALL_ENUM
	CALL_MAX
};

/* ---- requests ------------------------------------------------------------ */

struct call_none {
	char nothing[0];
};

/** struct call_tunnel - about a tunnel. @tunnel: its name, terminated */
struct call_tunnel {
	char tunnel[IKE_NAME_MAX];
};

/**
 * struct call_pair - about an SA pair
 * @ifindex: a device that CALL_DEVICE has told
 * @pair_id: the pair; 0 with CALL_SPI_ALLOC and CALL_QUERY
 * @seconds: how long it is reserved, or how long it is still accepted
 */
struct call_pair {
	uint32_t ifindex;
	uint32_t pair_id;
	uint32_t seconds;
};

/** struct call_new_pair - an SA pair, with its keys. @pair: the pair */
struct call_new_pair {
	struct ike_kernel_pair pair;
};

/**
 * struct call_auth - an AUTH wanted
 * @tunnel: by whose key
 * @prf: with CALL_PSK_AUTH, the PRF
 * @hashes: with CALL_SIGN, what the peer knows
 *
 * The octets that AUTH covers follow.
 */
struct call_auth {
	char tunnel[IKE_NAME_MAX];
	uint16_t prf;
	uint16_t hashes;
};

/** struct call_ike_keys - keys for the file. @keys: of an IKE SA */
struct call_ike_keys {
	struct ike_sa_keys keys;
};

#define CALL_LOG_MAX 1024

/** struct call_log - a line. @prio: of syslog(3). @text: terminated */
struct call_log {
	int32_t prio;
	char text[CALL_LOG_MAX];
};

/* ---- answers: 0 or -errno first ------------------------------------------ */

struct answer_none {
	char nothing[0];
};

struct answer_result {
	int32_t ret;
};

/**
 * struct answer_start - with the descriptors of the configuration, the control
 *                       socket and those sockets of struct net that are there
 * @ret: 0
 * @sockets: bit N: socket N is there
 */
struct answer_start {
	int32_t ret;
	uint32_t sockets;
};

/**
 * struct answer_reload - with the descriptor of the configuration, or else of
 *                        the error lines
 * @ret: 0 or -EINVAL
 */
struct answer_reload {
	int32_t ret;
};

/** struct answer_device - @why: terminated; of a refusal, the reason */
struct answer_device {
	int32_t ret;
	uint32_t ifindex;
	char why[CONF_TROUBLE_MAX];
};

/** struct answer_way - a way. @device: name of the underlay device, or empty */
struct answer_way {
	int32_t ret;
	struct conf_way way;
	char device[IF_NAMESIZE];
};

struct answer_spi {
	int32_t ret;
	uint32_t pair_id;
	uint32_t spi;
};

struct answer_query {
	int32_t ret;
	uint32_t count;
};

/** struct answer_psk - @ret: octets of @auth, or -errno */
struct answer_psk {
	int32_t ret;
	uint8_t auth[64];
};

struct answer_sign {
	int32_t ret;
	struct ike_signature sig;
	char why[256];
};

/* ---- news ---------------------------------------------------------------- */

enum news {
	NEWS_NONE,
	NEWS_STOP,	   /* struct news_signal */
	NEWS_HANGUP,	   /* nothing */
	NEWS_EVENT,	   /* struct ike_kernel_event */
	NEWS_EVENTS_LOST,  /* nothing */
	NEWS_CARRIER,	   /* struct news_carrier */
	NEWS_DEVICE,	   /* struct news_device */
	NEWS_DEVICE_GONE,  /* struct news_device */
	NEWS_ROUTING,	   /* nothing */
	NEWS_CHANGES_LOST, /* nothing */
	NEWS_ADDRESS,	   /* struct news_address */
	NEWS_MAX
};

struct news_signal {
	int32_t signal;
};

struct news_carrier {
	uint32_t ifindex;
	uint32_t up;
	char reason[64];
};

struct news_device {
	uint32_t ifindex;
	uint32_t is_ipsvti;
	char name[IF_NAMESIZE];
};

/** struct news_address - @host: the name of the peer, which has @addr now */
struct news_address {
	char tunnel[IKE_NAME_MAX];
	char host[254];
	struct ike_address addr;
};

#endif
