/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parent process: files, keys, devices, SA pairs and names, for an ike
 * process that it does not trust.
 *
 *   parent   start and end of both; parent_events  news of the kernel
 *   answer   calls of the ike process, looked at and carried out
 *   resolve  names of peers
 */
#ifndef IPSVTI_PARENT_H
#define IPSVTI_PARENT_H

#include <event2/event.h>
#include <sys/types.h>

#include "calls.h"
#include "conf.h"
#include "kernel_genl.h"
#include "net.h"
#include "sandbox.h"

struct keylog;
struct resolve;

/**
 * struct parent_options - from the command line
 * @conf_dir: folder of the configuration
 * @socket: path of the control socket
 * @pidfile: file for our process id, or NULL
 * @user: user of the ike process, or NULL
 * @export_dir: folder that session keys are written to, or NULL: to none
 * @syslog: log to syslog
 * @verbose: log everything
 */
struct parent_options {
	const char *conf_dir;
	const char *socket;
	const char *pidfile;
	const char *user;
	const char *export_dir;
	bool syslog;
	bool verbose;
};

/**
 * struct parent - the parent process
 * @options: from the command line
 * @conf: what is in force; ifindex is that of the device told last
 * @before: what was in force before; empty once CALL_APPLIED has come
 * @kernel: data path
 * @base: event base
 * @resolve: look-ups of names
 * @calls: our end of the calls
 * @news: our end of the news
 * @control: the listening control socket, until it is handed over
 * @sockets: of the network, until they are handed over
 * @keylog: files for session keys; NULL without --export-keys
 * @room: tells when news can be sent again
 * @lost: news that could not be sent, bit N for news N
 * @started: CALL_START was answered
 */
struct parent {
	const struct parent_options *options;
	struct conf conf;
	struct conf before;
	struct kernel *kernel;
	struct event_base *base;
	struct resolve *resolve;
	int calls;
	int news;
	int control;
	struct net *sockets;
	struct keylog *keylog;
	struct event *room;
	uint32_t lost;
	bool started;
};

/* Exit status after SIGQUIT: the SAs are left to the agent that is started next. */
#define PARENT_LEFT 75

/**
 * parent_run() - be the parent process, from start to end
 * @options: from the command line
 *
 * Return: exit status.
 */
int parent_run(const struct parent_options *options);

/**
 * parent_tell() - send news to the ike process
 * @parent: the parent
 * @news: which
 * @data: content
 * @len: octets of @data
 *
 * Never waits. Of what the kernel says and there is no room for, the ike process
 * is told once there is some, by NEWS_EVENTS_LOST and NEWS_CHANGES_LOST.
 *
 * Return: whether it was sent.
 */
bool parent_tell(struct parent *parent, enum news news, const void *data,
		 size_t len);

/* ---- answer.c ------------------------------------------------------------ */

/**
 * answer_call() - carry out one call of the ike process
 * @parent: the parent
 *
 * Takes it from @parent->calls and sends the answer there.
 *
 * Return: 1; -EAGAIN if there is none; 0 if the ike process is gone; -EPROTO
 * after it was logged if what came is no call, or cannot be answered.
 */
int answer_call(struct parent *parent);

/* ---- resolve.c ----------------------------------------------------------- */

/**
 * resolve_open() - be ready to look up names; @parent->resolve is set
 * @parent: with @parent->base
 *
 * Return: 0, or -1 after the reason was logged.
 */
int resolve_open(struct parent *parent);

/** resolve_close() - end all look-ups and release @parent->resolve, if any */
void resolve_close(struct parent *parent);

/**
 * resolve_look_up() - look up the peer of a tunnel, given by name
 * @parent: the parent
 * @tunnel: one of @parent->conf
 *
 * Does nothing while a look-up of it is under way.
 */
void resolve_look_up(struct parent *parent, const struct conf_tunnel *tunnel);

#endif
