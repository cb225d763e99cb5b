/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon is two processes of one program. `parent` (parent.h) has the keys
 * and the rights; `ike`, described here, has the network and the engine:
 *
 *   ike      start and end                     ask     has the parent do things
 *   net      UDP and ICMP sockets              log     lines for people
 *   env      the engine's vtables on these
 *   tunnels  the configured set into the engine, and again on reload
 *   underlay devices and routes that come and go
 *   names    when to look up peers that are given by name
 *   ctl      the control socket                loop    what happens when
 *
 * One thread, one event base. Between the two: ipc (messages), calls.h (what
 * can be said), handover (the configuration), sandbox (what each gives up). Of
 * the parent alone: conf and keys (files), kernel (netlink, devices).
 */
#ifndef IPSVTI_IKED_H
#define IPSVTI_IKED_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "engine.h"
#include "net.h"

#define IKED_CONF_DIR "/etc/ipsvti"
#define IKED_SOCKET "/run/ipsvti/iked.sock"

struct ctl;
struct loop;
struct names;
struct news_address;

/**
 * ike_run() - be the ike process, from start to end
 * @syslog: have the parent write the log
 * @verbose: log everything
 * @export_keys: have the parent write the keys of IKE SAs to a file
 *
 * Return: exit status.
 */
int ike_run(bool syslog, bool verbose, bool export_keys);

/**
 * struct iked - the ike process
 * @conf: what is in force, without keys. ifindex is 0 in a tunnel that has no
 *        device
 * @net: sockets
 * @engine: IKE
 * @loop: event base and what is on it
 * @ctl: control socket
 * @names: look-ups of names
 * @export_keys: the parent writes the keys of IKE SAs to a file
 * @stopping: peers are being told; leave when the engine is idle
 */
struct iked {
	struct conf conf;
	struct net *net;
	struct ike_engine *engine;
	struct loop *loop;
	struct ctl *ctl;
	struct names *names;
	bool export_keys;
	bool stopping;
};

/** iked_now() - milliseconds, monotonic: the engine's clock */
uint64_t iked_now(void);

/**
 * env_new_engine() - an engine in the environment of @iked
 * @iked: with sockets open
 *
 * One engine for each process: its environment is static.
 *
 * Return: the engine, or NULL.
 */
struct ike_engine *env_new_engine(struct iked *iked);

/* ---- tunnels.c ----------------------------------------------------------- */

/**
 * tunnels_start() - give all configured tunnels to the engine
 * @iked: with @iked->conf loaded
 *
 * One without a usable device is logged, and waits for one.
 */
void tunnels_start(struct iked *iked);

/**
 * tunnels_attach() - give a tunnel its device, which is made if it is missing
 * @iked: the daemon
 * @tunnel: one of @iked->conf
 *
 * Return: 0, or -1 after the reason was logged.
 */
int tunnels_attach(struct iked *iked, struct conf_tunnel *tunnel);

/**
 * tunnels_set_remote() - a peer given by name has an address, or another one
 * @iked: the daemon
 * @tunnel: one of @iked->conf
 * @remote: the address
 */
void tunnels_set_remote(struct iked *iked, struct conf_tunnel *tunnel,
			const struct ike_address *remote);

/**
 * tunnels_detach() - stop a tunnel that has lost its device, telling the peer
 * @iked: the daemon
 * @tunnel: one of @iked->conf
 */
void tunnels_detach(struct iked *iked, struct conf_tunnel *tunnel);

/**
 * struct tunnels_difference - what a reload has come to
 * @unchanged: tunnels that were left alone
 * @stopped: that were running and are not as they were
 * @started: that are running and were not, or not so
 * @refused: that do not run because their devices cannot be used
 */
struct tunnels_difference {
	unsigned int unchanged;
	unsigned int stopped;
	unsigned int started;
	unsigned int refused;
};

/**
 * tunnels_reload() - read the configuration again, and apply the difference
 * @iked: the daemon
 * @errors: on failure, the lines that say what is wrong with it, to be freed, or
 *          NULL; they were logged, too
 * @difference: filled on success
 *
 * Tunnels that did not change are not touched. With an error anywhere all stays
 * as it was.
 *
 * Return: 0, or -1 after errors were reported.
 */
int tunnels_reload(struct iked *iked, char **errors,
		   struct tunnels_difference *difference);

/**
 * tunnels_stop() - take all tunnels down, telling the peers
 * @iked: the daemon
 */
void tunnels_stop(struct iked *iked);

/**
 * tunnels_reconcile() - tell the engine what lost events would have told it
 * @iked: the daemon
 */
void tunnels_reconcile(struct iked *iked);

/**
 * tunnels_name() - name of the tunnel of a device
 * @iked: the daemon
 * @ifindex: the device
 *
 * Return: the name, or NULL.
 */
const char *tunnels_name(const struct iked *iked, uint32_t ifindex);

/* ---- underlay.c ---------------------------------------------------------- */

/**
 * underlay_device() - a device is there, perhaps with another name than before
 * @iked: the daemon
 * @ifindex: the device
 * @name: its name
 * @is_ipsvti: its kind is ipsvti
 *
 * A tunnel whose device has got another name is stopped; one that waits for a
 * device of this name is started.
 */
void underlay_device(struct iked *iked, uint32_t ifindex, const char *name,
		     bool is_ipsvti);

/**
 * underlay_device_gone() - a device was removed
 * @iked: the daemon
 * @ifindex: the device
 */
void underlay_device_gone(struct iked *iked, uint32_t ifindex);

/**
 * underlay_look() - see whether the way to a peer has changed
 * @iked: the daemon
 *
 * Tells the engine of each tunnel for which it has.
 */
void underlay_look(struct iked *iked);

/**
 * underlay_reconcile() - see what lost changes would have told
 * @iked: the daemon
 */
void underlay_reconcile(struct iked *iked);

/* ---- names.c ------------------------------------------------------------- */

/**
 * names_open() - be ready to look up names; @iked->names is set
 * @iked: the daemon, with its loop open
 *
 * Return: 0, or -1 after the reason was logged.
 */
int names_open(struct iked *iked);

/** names_close() - release @iked->names, if there is one */
void names_close(struct iked *iked);

/**
 * names_look() - look up the peers of tunnels that are not up
 * @iked: the daemon
 *
 * Those that are given by name. It happens by itself, too, every few seconds.
 */
void names_look(struct iked *iked);

/** names_address() - the peer of a tunnel has an address. @news: which */
void names_address(struct iked *iked, const struct news_address *news);

/* ---- loop.c -------------------------------------------------------------- */

/**
 * loop_open() - an event base with sockets, news of the parent and the timer
 * @iked: the daemon; @iked->loop is set
 *
 * Return: 0, or -1 after the reason was logged.
 */
int loop_open(struct iked *iked);

/**
 * loop_run() - serve until the parent says otherwise
 * @iked: the daemon
 *
 * Return: 0 after an orderly end, -1 after a failure that was logged.
 */
int loop_run(struct iked *iked);

/** loop_close() - release @iked->loop, if there is one */
void loop_close(struct iked *iked);

/**
 * loop_rearm() - set the timer to the engine's wish
 * @iked: the daemon
 *
 * Called after every call into the engine from outside loop.c.
 */
void loop_rearm(struct iked *iked);

/** loop_base() - the event base, for the control socket */
struct event_base *loop_base(const struct iked *iked);

#endif
