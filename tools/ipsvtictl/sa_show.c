// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl sa show: list pairs, never their keys. */
#include <stdlib.h>

#include "args.h"
#include "pair.h"

static int by_device_and_id(const void *a, const void *b)
{
	const struct ipsvti_pair *left = a, *right = b;

	if (left->ifindex != right->ifindex)
		return left->ifindex < right->ifindex ? -1 : 1;
	return (left->id > right->id) - (left->id < right->id);
}

static enum ctl_status print_list(struct ctl *ctl,
				  const struct ipsvti_pair *pairs, size_t count)
{
	json_t *list;
	size_t i;

	if (!ctl->json) {
		for (i = 0; i < count; i++)
			pair_print(&pairs[i]);
		return CTL_OK;
	}
	list = json_array();
	for (i = 0; i < count; i++)
		json_array_append_new(list, pair_json(&pairs[i]));
	return json_print(ctl, list);
}

static enum ctl_status show_all(struct ctl *ctl, struct ipsvti_nl *nl,
				unsigned int ifindex)
{
	struct ipsvti_pair *pairs;
	enum ctl_status status;
	size_t count;

	if (ipsvti_sa_dump(nl, ifindex, &pairs, &count, &ctl->err))
		return CTL_FAILED;
	if (count)
		qsort(pairs, count, sizeof(*pairs), by_device_and_id);
	status = print_list(ctl, pairs, count);
	free(pairs);
	return status;
}

static enum ctl_status show_one(struct ctl *ctl, struct ipsvti_nl *nl,
				unsigned int ifindex, uint32_t id)
{
	struct ipsvti_pair pair;

	if (ipsvti_sa_get(nl, ifindex, id, &pair, &ctl->err))
		return CTL_FAILED;
	return print_list(ctl, &pair, 1);
}

static enum ctl_status sa_show(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	enum ctl_status status = CTL_OK;
	unsigned int ifindex;
	struct ipsvti_nl *nl;
	const char *device;
	uint32_t id = 0;

	device = args_next(&args);
	if (args.left)
		status = args_number(&args, device, 1, UINT32_MAX, &id);
	if (!status)
		status = args_end(&args);
	if (!status)
		status = ctl_open(ctl, device, &ifindex, &nl);
	if (status)
		return status;
	status = id ? show_one(ctl, nl, ifindex, id) :
		      show_all(ctl, nl, ifindex);
	ipsvti_nl_close(nl);
	return status;
}

const struct ctl_command sa_show_command = {
	.object = "sa",
	.verb = "show",
	.summary = "list pairs",
	.usage = "[DEV [ID]]",
	.help = "  DEV     only those of this device\n"
		"  ID      only this one\n"
		"\n"
		"unheard: no authenticated packet of the pair has arrived yet.\n"
		"\n"
		"With --json: a list of objects, named as in the netlink spec. Keys are never shown;\n"
		"the kernel does not give them back.\n"
		"\n"
		"Example:\n"
		"  ipsvtictl sa show vti0\n"
		"  vti0 pair 7 active encap udp sport 4500 dport 4500 remote 198.51.100.2\n"
		"      in  spi 0x00001002 aes-gcm-16-256 window 64 seq 120 packets 120 bytes 10080\n"
		"      out spi 0x00002002 aes-gcm-16-256 seq 99 packets 99 bytes 8316\n",
	.run = sa_show,
};
