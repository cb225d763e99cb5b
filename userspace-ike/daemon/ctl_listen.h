/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of the control socket.
 */
#ifndef IPSVTI_CTL_LISTEN_H
#define IPSVTI_CTL_LISTEN_H

/* What an ike process may take to end after its parent: tries, and between two. */
#define LEAVING_TRIES 20
#define LEAVING_US 50000

/**
 * ctl_listen() - make the control socket
 * @path: its path; its folder is made if need be, a file that nobody listens on
 *        is replaced
 *
 * Only root may connect.
 *
 * Return: a listening descriptor, or -1 after the reason was logged.
 */
int ctl_listen(const char *path);

#endif
