/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernel_genl.c and kernel_device.c share.
 */
#ifndef IPSVTI_KERNEL_PRIV_H
#define IPSVTI_KERNEL_PRIV_H

#include "libipsvti.h"

struct kernel {
	struct ipsvti_nl *nl;
	struct ipsvti_rtnl *rtnl;
	struct ipsvti_events *events;
	struct ipsvti_monitor *monitor;
};

/**
 * kernel_log_error() - log why the kernel refused something
 * @tunnel: name of the tunnel, or NULL
 * @what: what was wanted
 * @err: the refusal
 */
void kernel_log_error(const char *tunnel, const char *what,
		      const struct ipsvti_error *err);

#endif
