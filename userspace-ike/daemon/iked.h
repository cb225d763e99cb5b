/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: the engine, and the parts that do for it what it cannot do.
 *
 *   main     options, start-up, capabilities
 *   conf     files into plain data             keys    secrets on disk
 *   net      UDP sockets                       kernel  netlink, devices
 *   env      the engine's vtables on these     log     lines for people
 *   tunnels  the configured set into the engine, and again on reload
 *   ctl      the control socket                loop    what happens when
 *
 * One thread, one event base. What needs privileges (net_open(), kernel_*(),
 * secret_read()) is behind its own header.
 */
#ifndef IPSVTI_IKED_H
#define IPSVTI_IKED_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "engine.h"
#include "kernel_genl.h"
#include "net.h"

#define IKED_CONF_DIR "/etc/ipsvti"
#define IKED_SOCKET "/run/ipsvti/iked.sock"

struct ctl;
struct loop;

/**
 * struct iked - the daemon
 * @conf_dir: folder of the configuration
 * @conf: what is in force. ifindex is 0 in a tunnel that could not be started
 * @net: sockets
 * @kernel: data path
 * @engine: IKE
 * @loop: event base and what is on it
 * @ctl: control socket
 * @stopping: peers are being told; leave when the engine is idle
 */
struct iked {
	const char *conf_dir;
	struct conf conf;
	struct net *net;
	struct kernel *kernel;
	struct ike_engine *engine;
	struct loop *loop;
	struct ctl *ctl;
	bool stopping;
};

/** iked_now() - milliseconds, monotonic: the engine's clock */
uint64_t iked_now(void);

/**
 * env_new_engine() - an engine in the environment of @iked
 * @iked: with sockets and data path open
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
 * One that cannot be started is logged and left out.
 */
void tunnels_start(struct iked *iked);

/**
 * tunnels_reload() - read the configuration again, and apply the difference
 * @iked: the daemon
 *
 * Tunnels that did not change are not touched. With an error anywhere all stays
 * as it was.
 */
void tunnels_reload(struct iked *iked);

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

/* ---- loop.c -------------------------------------------------------------- */

/**
 * loop_open() - an event base with sockets, data path, signals and the timer
 * @iked: the daemon; @iked->loop is set
 *
 * Return: 0, or -1 after the reason was logged.
 */
int loop_open(struct iked *iked);

/**
 * loop_run() - serve until a signal says otherwise
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
