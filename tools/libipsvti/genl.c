// SPDX-License-Identifier: GPL-2.0-or-later
/* Generic netlink: finding the family, and the form of its messages. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <string.h>

#include "genl.h"

/* The controller's attributes that a refusal could be about: none of ours. */
static const struct wire_set ctrl_set;

static const char not_known[] =
	"the kernel does not know ipsvti: the module is not loaded (modprobe ipsvti)";

void genl_request_init(struct wire_request *req, uint16_t family, uint8_t cmd,
		       uint16_t flags, const struct wire_set *set)
{
	const struct genlmsghdr genl = {
		.cmd = cmd,
		.version = IPSVTI_GENL_VERSION,
	};

	wire_request_init(req, family, flags, &genl, sizeof(genl), set);
}

static int genl_payload(const struct nlmsghdr *nlh, const void **payload,
			size_t *len)
{
	*len = mnl_nlmsg_get_payload_len(nlh);
	if (*len < GENL_HDRLEN)
		return -EPROTO;
	*payload = mnl_nlmsg_get_payload_offset(nlh, GENL_HDRLEN);
	*len -= GENL_HDRLEN;
	return 0;
}

int genl_get(const struct nlmsghdr *nlh, const struct wire_set *set,
	     void *model)
{
	const void *payload;
	size_t len;

	if (genl_payload(nlh, &payload, &len))
		return -EPROTO;
	return wire_get(payload, len, set, model);
}

/* One element of CTRL_ATTR_MCAST_GROUPS. */
static int take_group(const struct nlattr *nla, struct genl_family *family)
{
	const struct nlattr *tb[WIRE_ATTRS];
	const struct nlattr *name, *id;

	if (wire_index(mnl_attr_get_payload(nla), mnl_attr_get_payload_len(nla),
		       tb))
		return -EPROTO;
	name = tb[CTRL_ATTR_MCAST_GRP_NAME];
	id = tb[CTRL_ATTR_MCAST_GRP_ID];
	if (!name || mnl_attr_validate(name, MNL_TYPE_NUL_STRING) < 0 || !id ||
	    mnl_attr_validate(id, MNL_TYPE_U32) < 0)
		return -EPROTO;
	if (!strcmp(mnl_attr_get_str(name), IPSVTI_MCGRP_SA))
		family->group = mnl_attr_get_u32(id);
	return 0;
}

static int take_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[WIRE_ATTRS], *groups, *nla;
	struct genl_family *family = data;
	const void *payload;
	size_t len;

	if (genl_payload(nlh, &payload, &len) || wire_index(payload, len, tb))
		return -EPROTO;
	if (!tb[CTRL_ATTR_FAMILY_ID] ||
	    mnl_attr_validate(tb[CTRL_ATTR_FAMILY_ID], MNL_TYPE_U16) < 0)
		return -EPROTO;
	family->id = mnl_attr_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	groups = tb[CTRL_ATTR_MCAST_GROUPS];
	if (!groups)
		return 0;
	mnl_attr_for_each_nested(nla, groups)
	{
		if (take_group(nla, family))
			return -EPROTO;
	}
	return 0;
}

int genl_resolve(struct nl_conn *conn, struct genl_family *family,
		 struct ipsvti_error *err)
{
	struct wire_request req;
	int ret;

	memset(family, 0, sizeof(*family));
	genl_request_init(&req, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK,
			  &ctrl_set);
	mnl_attr_put_strz(&req.nlh, CTRL_ATTR_FAMILY_NAME, IPSVTI_GENL_NAME);
	ret = nl_conn_talk(conn, &req, take_family, family, err);
	if (ret == -ENOENT)
		return nl_fail(err, ENOENT, not_known);
	if (ret)
		return ret;
	if (!family->id || !family->group)
		return nl_fail(err, EPROTO, "the kernel's answer is damaged");
	return 0;
}
