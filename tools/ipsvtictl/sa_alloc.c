// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl sa alloc: reserve an inbound SPI. */
#include <string.h>

#include "args.h"
#include "pair.h"

/* The range of reserve-time in the netlink spec. */
#define RESERVE_TIME_MAX 3600

static enum ctl_status parse(struct args *args, const char **device,
			     uint32_t *seconds)
{
	const char *word;

	*seconds = 0;
	*device = args_next(args);
	if (!*device)
		return ctl_usage(args->ctl, "expected the name of a device");
	word = args_next(args);
	if (!word)
		return CTL_OK;
	if (strcmp(word, "time"))
		return ctl_usage(args->ctl,
				 "\"%s\": expected \"time SECONDS\" or nothing",
				 word);
	if (args_number(args, "time", 1, RESERVE_TIME_MAX, seconds))
		return CTL_USAGE;
	return args_end(args);
}

static enum ctl_status sa_alloc(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	struct ipsvti_pair pair;
	enum ctl_status status;
	struct ipsvti_nl *nl;
	unsigned int ifindex;
	const char *device;
	uint32_t seconds;
	int ret;

	status = parse(&args, &device, &seconds);
	if (!status)
		status = ctl_open(ctl, device, &ifindex, &nl);
	if (status)
		return status;
	ret = ipsvti_spi_alloc(nl, ifindex, seconds, &pair, &ctl->err);
	ipsvti_nl_close(nl);
	return ret ? CTL_FAILED : pair_print_new(ctl, &pair);
}

const struct ctl_command sa_alloc_command = {
	.object = "sa",
	.verb = "alloc",
	.summary = "reserve an inbound SPI",
	.usage = "DEV [time SECONDS]",
	.help = "  time    how long it stays reserved, 1 to 3600 seconds (30)\n"
		"\n"
		"Prints the id of the reserved pair and its SPI, for \"sa add ... in spi SPI ... pair ID\".\n"
		"\n"
		"Example:\n"
		"  ipsvtictl sa alloc vti0 time 60\n",
	.run = sa_alloc,
};
