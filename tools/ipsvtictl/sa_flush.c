// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl sa flush: remove all pairs of a device. */
#include "args.h"

static enum ctl_status sa_flush(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	enum ctl_status status;
	struct ipsvti_nl *nl;
	unsigned int ifindex;
	const char *device;
	int ret;

	device = args_next(&args);
	if (!device)
		return ctl_usage(ctl, "expected the name of a device");
	status = args_end(&args);
	if (!status)
		status = ctl_open(ctl, device, &ifindex, &nl);
	if (status)
		return status;
	ret = ipsvti_sa_flush(nl, ifindex, &ctl->err);
	ipsvti_nl_close(nl);
	return ret ? CTL_FAILED : CTL_OK;
}

const struct ctl_command sa_flush_command = {
	.object = "sa",
	.verb = "flush",
	.summary = "remove all pairs of a device",
	.usage = "DEV",
	.help = "The device loses its carrier.\n"
		"\n"
		"Example:\n"
		"  ipsvtictl sa flush vti0\n",
	.run = sa_flush,
};
