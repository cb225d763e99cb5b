// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl sa activate: switch to the outbound SA of a staged pair. */
#include "args.h"

static enum ctl_status sa_activate(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	enum ctl_status status;
	struct ipsvti_nl *nl;
	unsigned int ifindex;
	const char *device;
	uint32_t id;
	int ret;

	device = args_next(&args);
	if (!device)
		return ctl_usage(ctl, "expected the name of a device");
	status = args_number(&args, device, 1, UINT32_MAX, &id);
	if (!status)
		status = args_end(&args);
	if (!status)
		status = ctl_open(ctl, device, &ifindex, &nl);
	if (status)
		return status;
	ret = ipsvti_sa_activate(nl, ifindex, id, &ctl->err);
	ipsvti_nl_close(nl);
	return ret ? CTL_FAILED : CTL_OK;
}

const struct ctl_command sa_activate_command = {
	.object = "sa",
	.verb = "activate",
	.summary = "send with a pair from now on",
	.usage = "DEV ID",
	.help = "  ID      id of a pair that \"sa show\" calls staged\n"
		"\n"
		"The pair that was active goes on receiving until it is removed. Of the active\n"
		"pair itself: does nothing.\n"
		"\n"
		"Example:\n"
		"  ipsvtictl sa activate vti0 7\n",
	.run = sa_activate,
};
