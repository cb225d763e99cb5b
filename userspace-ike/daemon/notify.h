/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IPSVTI_IKED_NOTIFY_H
#define IPSVTI_IKED_NOTIFY_H

/**
 * notify_ready() - tell systemd that the control socket is there, see sd_notify(3)
 *
 * Does nothing if nobody wants to know. What is said is of no secret, and who
 * does not hear it goes on waiting, so errors are logged and no more.
 */
void notify_ready(void);

#endif
