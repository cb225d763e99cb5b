/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process gives up. None of it can be had back.
 */
#ifndef IPSVTI_SANDBOX_H
#define IPSVTI_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#define SANDBOX_USER "_ipsvti"

/**
 * struct sandbox_user - whose rights the ike process has
 * @uid: the user
 * @gid: its group
 */
struct sandbox_user {
	uid_t uid;
	gid_t gid;
};

/**
 * sandbox_find_user() - the user of the ike process
 * @name: a user, or NULL: SANDBOX_USER, or else the user that owns nothing,
 *        with a warning
 * @user: set on success
 *
 * Not as root, it is whoever we are. root itself is refused.
 *
 * Return: 0, or -1 after the reason was logged.
 */
int sandbox_find_user(const char *name, struct sandbox_user *user);

/**
 * sandbox_become() - be @user for ever, with no capability, and no way to any
 * @user: from sandbox_find_user()
 *
 * Return: 0, or -1 after the reason was logged; the process must end then.
 */
int sandbox_become(const struct sandbox_user *user);

/**
 * sandbox_keep_net_admin() - give up all capabilities but CAP_NET_ADMIN
 *
 * Return: 0, or -1 after the reason was logged; the process must end then.
 */
int sandbox_keep_net_admin(void);

/**
 * sandbox_hide() - no core file, and no other process may look into this one
 *
 * To be called after each exec, which makes a process visible again.
 */
void sandbox_hide(void);

/* How many descriptors the ike process may have; the last ones are for reading only. */
#define SANDBOX_FILES 64
#define SANDBOX_MUTE_FILES 2

/**
 * sandbox_mute() - nothing will be sent with a socket
 * @fd: the socket, which is moved to where sandbox_filter(SANDBOX_IKE) finds it,
 *      or closed
 *
 * A raw socket could forge what it is there to hear. There is no call in that list
 * to move it back.
 *
 * Return: its new descriptor, or -1 and errno.
 */
int sandbox_mute(int fd);

/** enum sandbox_role - which system calls a process may go on using */
enum sandbox_role {
	SANDBOX_PARENT, /* reads files, opens sockets to name servers */
	SANDBOX_IKE,	/* uses the descriptors it has */
};

/**
 * sandbox_filter() - from now on only system calls that @role needs
 * @role: who we are
 *
 * What else is called fails with EPERM; to start a program, or to look into or
 * become another process, ends this one with SIGSYS.
 *
 * Return: 0, or -1 after the reason was logged; the process must end then.
 */
int sandbox_filter(enum sandbox_role role);

#endif
