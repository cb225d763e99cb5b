// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl sa del: remove a pair. */
#include <string.h>

#include "args.h"

/* The range of grace in the netlink spec. */
#define GRACE_MAX 3600

static enum ctl_status parse(struct args *args, const char **device,
			     uint32_t *id, uint32_t *grace)
{
	const char *word;

	*grace = 0;
	*device = args_next(args);
	if (!*device)
		return ctl_usage(args->ctl, "expected the name of a device");
	if (args_number(args, *device, 1, UINT32_MAX, id))
		return CTL_USAGE;
	word = args_next(args);
	if (!word)
		return CTL_OK;
	if (strcmp(word, "grace"))
		return ctl_usage(
			args->ctl,
			"\"%s\": expected \"grace SECONDS\" or nothing", word);
	if (args_number(args, "grace", 0, GRACE_MAX, grace))
		return CTL_USAGE;
	return args_end(args);
}

static enum ctl_status sa_del(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	enum ctl_status status;
	struct ipsvti_nl *nl;
	unsigned int ifindex;
	uint32_t id, grace;
	const char *device;
	int ret;

	status = parse(&args, &device, &id, &grace);
	if (!status)
		status = ctl_open(ctl, device, &ifindex, &nl);
	if (status)
		return status;
	ret = ipsvti_sa_del(nl, ifindex, id, grace, &ctl->err);
	ipsvti_nl_close(nl);
	return ret ? CTL_FAILED : CTL_OK;
}

const struct ctl_command sa_del_command = {
	.object = "sa",
	.verb = "del",
	.summary = "remove a pair",
	.usage = "DEV ID [grace SECONDS]",
	.help = "  ID      id of the pair, as \"sa show\" has it\n"
		"  grace   how long packets from the peer are still taken, 0 to 3600 seconds (0)\n"
		"\n"
		"Nothing more is sent with the pair. If it was active and another is staged, that\n"
		"one becomes active in the same step.\n"
		"\n"
		"Example:\n"
		"  ipsvtictl sa del vti0 6 grace 10\n",
	.run = sa_del,
};
