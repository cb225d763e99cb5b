// SPDX-License-Identifier: GPL-2.0-or-later
/* What the verbs of ipsvtictl share: see ctl.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

enum ctl_status ctl_usage(struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	memset(&ctl->err, 0, sizeof(ctl->err));
	ctl->err.code = EINVAL;
	va_start(ap, fmt);
	vsnprintf(ctl->err.text, sizeof(ctl->err.text), fmt, ap);
	va_end(ap);
	return CTL_USAGE;
}

enum ctl_status ctl_open(struct ctl *ctl, const char *device,
			 unsigned int *ifindex, struct ipsvti_nl **nl)
{
	*ifindex = device ? if_nametoindex(device) : 0;
	if (device && !*ifindex) {
		memset(&ctl->err, 0, sizeof(ctl->err));
		ctl->err.code = ENODEV;
		snprintf(ctl->err.text, sizeof(ctl->err.text),
			 "there is no device \"%s\"", device);
		return CTL_FAILED;
	}
	return ipsvti_nl_open(nl, &ctl->err) ? CTL_FAILED : CTL_OK;
}
