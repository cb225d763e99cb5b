/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data path: the engine's kernel operations by the generic-netlink family
 * of the module, its events, and the tunnel devices. Needs CAP_NET_ADMIN.
 */
#ifndef IPSVTI_KERNEL_GENL_H
#define IPSVTI_KERNEL_GENL_H

#include <stdbool.h>

#include "conf.h"
#include "engine.h"

struct kernel;

/**
 * struct kernel_handler - who is told of events
 * @event: an event that the engine wants to know of
 * @device_gone: a device with SAs was removed
 * @carrier: the carrier of a device changed, and why; for the log
 * @lost: events were lost; kernel_query() tells what is true now
 * @arg: first argument of all of them
 */
struct kernel_handler {
	void (*event)(void *arg, const struct ike_kernel_event *event);
	void (*device_gone)(void *arg, uint32_t ifindex);
	void (*carrier)(void *arg, uint32_t ifindex, bool up,
			const char *reason);
	void (*lost)(void *arg);
	void *arg;
};

/**
 * struct kernel_watcher - who is told of changes of devices and routes
 * @device: a device is there. It may have been there before, with another name
 * @device_gone: a device was removed
 * @routing: an address or a route came or went
 * @lost: changes were lost: anything may be different
 * @arg: first argument of all of them
 */
struct kernel_watcher {
	void (*device)(void *arg, uint32_t ifindex, const char *name,
		       bool is_ipsvti);
	void (*device_gone)(void *arg, uint32_t ifindex);
	void (*routing)(void *arg);
	void (*lost)(void *arg);
	void *arg;
};

/**
 * kernel_open() - connect to the module, which is loaded if need be
 * @kernelp: set on success; to be released with kernel_close()
 *
 * What failed is logged.
 *
 * Return: 0 or -1.
 */
int kernel_open(struct kernel **kernelp);

/** kernel_close() - disconnect @kernel, which may be NULL; SAs stay */
void kernel_close(struct kernel *kernel);

/** kernel_events_fd() - the descriptor to watch for reading */
int kernel_events_fd(const struct kernel *kernel);

/**
 * kernel_events_read() - hand out the events that wait
 * @kernel: the connection
 * @handler: is told
 *
 * Return: 0, or -1 if the connection is broken, which was logged.
 */
int kernel_events_read(struct kernel *kernel,
		       const struct kernel_handler *handler);

/** kernel_changes_fd() - the descriptor to watch for changes */
int kernel_changes_fd(const struct kernel *kernel);

/**
 * kernel_changes_read() - hand out the changes that wait
 * @kernel: the connection
 * @watcher: is told
 *
 * Return: 0, or -1 if the connection is broken, which was logged.
 */
int kernel_changes_read(struct kernel *kernel,
			const struct kernel_watcher *watcher);

/**
 * kernel_device_index() - find a device of kind ipsvti
 * @kernel: the connection
 * @name: name of the device
 *
 * Return: its index; 0 if there is none of this name, or one of another kind.
 */
uint32_t kernel_device_index(struct kernel *kernel, const char *name);

/**
 * kernel_way() - which way packets to a peer leave
 * @kernel: the connection
 * @local: our address
 * @remote: the peer's
 * @way: filled
 */
void kernel_way(struct kernel *kernel, const struct ike_address *local,
		const struct ike_address *remote, struct conf_way *way);

/**
 * kernel_has_address() - whether an address is one of this machine
 * @kernel: the connection
 * @address: the address
 *
 * Return: true also if the kernel does not say.
 */
bool kernel_has_address(struct kernel *kernel, const struct ike_address *address);

/**
 * kernel_lets_bind() - whether a program may have an address
 * @address: the address
 *
 * Return: see ipsvti_addr_binds().
 */
bool kernel_lets_bind(const struct ike_address *address);

/**
 * kernel_device() - make sure that the device of a tunnel is there
 * @kernel: the connection
 * @tunnel: the tunnel
 * @ifindex: set to the index of the device on success
 * @why: gets the reason if there is one to refuse it
 *
 * A device that does not exist is created and set up. One that does is left as
 * it is, unless it has no addresses yet, or still those of the configuration
 * before: then it gets the tunnel's. With any others, or of another kind, it is
 * refused. What failed is logged.
 *
 * Return: 0 or -1.
 */
int kernel_device(struct kernel *kernel, const struct conf_tunnel *tunnel,
		  uint32_t *ifindex, char why[CONF_TROUBLE_MAX]);

/*
 * The engine's operations, as struct ike_kernel_ops describes them. The kernel's
 * reason for a refusal is logged.
 */
int kernel_spi_alloc(struct kernel *kernel, uint32_t ifindex,
		     uint32_t reserve_s, uint32_t *pair_id, uint32_t *spi);
int kernel_pair_new(struct kernel *kernel, const struct ike_kernel_pair *pair);
int kernel_activate(struct kernel *kernel, uint32_t ifindex, uint32_t pair_id);
int kernel_retire(struct kernel *kernel, uint32_t ifindex, uint32_t pair_id,
		  uint32_t grace_s);
int kernel_query(struct kernel *kernel, uint32_t ifindex,
		 ike_pair_visitor visit, void *arg);

#endif
