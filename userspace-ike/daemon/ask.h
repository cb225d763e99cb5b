/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ike process has the parent do for it. Each function waits for the
 * answer. Without a parent there is nothing left to do: they end the process,
 * and SAs stay as they are.
 */
#ifndef IPSVTI_ASK_H
#define IPSVTI_ASK_H

#include "calls.h"
#include "conf.h"
#include "engine.h"

/**
 * ask_open() - be ready to ask
 *
 * Return: 0, or -1 if the parent did not leave us its descriptors.
 */
int ask_open(void);

/**
 * ask_start() - what the parent has got ready
 * @conf: filled
 * @sockets: UDP sockets, -1 for those that are not there
 * @control: the listening control socket
 *
 * Return: 0, or -1 after the reason was logged.
 */
int ask_start(struct conf *conf, int sockets[NET_SOCKETS], int *control);

/**
 * ask_reload() - have the configuration read again
 * @fresh: filled on success. The parent knows both until ask_applied()
 * @errors: on failure, the lines that say why, to be freed; the parent has
 *          logged them
 *
 * Return: 0 or -1.
 */
int ask_reload(struct conf *fresh, char **errors);

/** ask_applied() - the configuration before ask_reload() is of no use any more */
void ask_applied(void);

/**
 * ask_device() - make sure that the device of a tunnel is there
 * @tunnel: name of the tunnel
 * @ifindex: set on success
 * @why: gets the reason of a refusal, else it is empty then
 *
 * See kernel_device().
 *
 * Return: 0, or -1 after the parent has logged why.
 */
int ask_device(const char *tunnel, uint32_t *ifindex,
	       char why[CONF_TROUBLE_MAX]);

/**
 * ask_device_index() - look for the device of a tunnel
 * @tunnel: name of the tunnel
 *
 * Return: its index; 0 if there is none, or one of another kind.
 */
uint32_t ask_device_index(const char *tunnel);

/**
 * ask_way() - which way packets to the peer of a tunnel leave
 * @tunnel: name of the tunnel
 * @way: filled
 * @device: gets the name of the underlay device, empty if it is gone; or NULL
 */
void ask_way(const char *tunnel, struct conf_way *way,
	     char device[IF_NAMESIZE]);

/**
 * ask_look_up() - have the name of a peer looked up
 * @tunnel: name of the tunnel
 *
 * If it has another address than the tunnel, NEWS_ADDRESS comes.
 */
void ask_look_up(const char *tunnel);

/* The engine's operations, as struct ike_kernel_ops describes them. */
int ask_spi_alloc(uint32_t ifindex, uint32_t reserve_s, uint32_t *pair_id,
		  uint32_t *spi);
int ask_pair_new(const struct ike_kernel_pair *pair);
int ask_activate(uint32_t ifindex, uint32_t pair_id);
int ask_retire(uint32_t ifindex, uint32_t pair_id, uint32_t grace_s);
int ask_query(uint32_t ifindex, ike_pair_visitor visit, void *arg);

/* The engine's keys, as struct ike_keys_ops describes them. */
int ask_psk_auth(const struct ike_psk_request *req, uint8_t auth[64]);
int ask_sign(const struct ike_sign_request *req, struct ike_signature *sig,
	     char *why, size_t why_len);

/** ask_ike_keys() - have the parent write them to a file. @keys: of an IKE SA */
void ask_ike_keys(const struct ike_sa_keys *keys);

/** ask_log() - have the parent write a line. @prio, @text: of syslog(3) */
void ask_log(int prio, const char *text);

/** ask_news_lost() - the parent is gone: say so, and end */
void ask_news_lost(void) __attribute__((noreturn));

#endif
