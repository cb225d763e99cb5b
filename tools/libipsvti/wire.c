// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes to and from the model structs, by tables: see wire.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <string.h>

#include "libipsvti.h"
#include "wire.h"

void wire_request_init(struct wire_request *req, uint16_t type, uint16_t flags,
		       const void *extra, size_t extra_len,
		       const struct wire_set *set)
{
	memset(req, 0, sizeof(*req));
	req->set = set;
	req->extra = extra_len;
	mnl_nlmsg_put_header(req->buf);
	req->nlh.nlmsg_type = type;
	req->nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(mnl_nlmsg_put_extra_header(&req->nlh, extra_len), extra,
	       extra_len);
}

static int put_secret(struct nlmsghdr *nlh, unsigned int type,
		      const struct wire_attr *attr, const void *model)
{
	const char *base = model;
	size_t len;

	memcpy(&len, base + attr->len_offset, sizeof(len));
	if (len > attr->size)
		return -EINVAL;
	mnl_attr_put(nlh, type, len, base + attr->offset);
	return 0;
}

static int put_nest(struct nlmsghdr *nlh, unsigned int type,
		    const struct wire_attr *attr, const void *model)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);
	int ret;

	ret = wire_put(nlh, attr->nested, (const char *)model + attr->offset);
	mnl_attr_nest_end(nlh, nest);
	return ret;
}

static size_t list_len(const struct wire_attr *attr, const void *model)
{
	size_t len;

	memcpy(&len, (const char *)model + attr->len_offset, sizeof(len));
	return len;
}

static int put_list(struct nlmsghdr *nlh, unsigned int type,
		    const struct wire_attr *attr, const void *model)
{
	const char *at = (const char *)model + attr->offset;
	size_t left = list_len(attr, model);
	struct nlattr *nest;
	int ret = 0;

	if (left > attr->room)
		return -EINVAL;
	for (; left && !ret; left--, at += attr->size) {
		nest = mnl_attr_nest_start(nlh, type);
		ret = wire_put(nlh, attr->nested, at);
		mnl_attr_nest_end(nlh, nest);
	}
	return ret;
}

static void put_addr(struct nlmsghdr *nlh, unsigned int type,
		     sa_family_t family, const struct ipsvti_addr *addr)
{
	if (addr->family != family)
		return;
	if (family == AF_INET)
		mnl_attr_put(nlh, type, sizeof(addr->v4), &addr->v4);
	else
		mnl_attr_put(nlh, type, sizeof(addr->v6), &addr->v6);
}

static bool is_addr(const struct wire_attr *attr)
{
	return attr->type == WIRE_ADDR4 || attr->type == WIRE_ADDR6;
}

static int put_one(struct nlmsghdr *nlh, unsigned int type,
		   const struct wire_attr *attr, const void *model)
{
	const void *member = (const char *)model + attr->offset;

	switch (attr->type) {
	case WIRE_NONE:
		break;
	case WIRE_U8:
		mnl_attr_put_u8(nlh, type, *(const uint8_t *)member);
		break;
	case WIRE_BOOL:
		mnl_attr_put_u8(nlh, type, *(const bool *)member);
		break;
	case WIRE_ENUM8:
		mnl_attr_put_u8(nlh, type, *(const uint32_t *)member);
		break;
	case WIRE_BE16:
		mnl_attr_put_u16(nlh, type, htons(*(const uint16_t *)member));
		break;
	case WIRE_U32:
		mnl_attr_put_u32(nlh, type, *(const uint32_t *)member);
		break;
	case WIRE_BE32:
		mnl_attr_put_u32(nlh, type, htonl(*(const uint32_t *)member));
		break;
	case WIRE_U64:
		mnl_attr_put_u64(nlh, type, *(const uint64_t *)member);
		break;
	case WIRE_NAME:
		mnl_attr_put_strz(nlh, type, member);
		break;
	case WIRE_ADDR4:
		put_addr(nlh, type, AF_INET, member);
		break;
	case WIRE_ADDR6:
		put_addr(nlh, type, AF_INET6, member);
		break;
	case WIRE_SECRET:
		return put_secret(nlh, type, attr, model);
	case WIRE_NEST:
		return put_nest(nlh, type, attr, model);
	case WIRE_LIST:
		return put_list(nlh, type, attr, model);
	}
	return 0;
}

int wire_put(struct nlmsghdr *nlh, const struct wire_set *set,
	     const void *model)
{
	uint64_t has = *(const uint64_t *)model;
	unsigned int type;
	int ret;

	for (type = 1; type <= set->max; type++) {
		const struct wire_attr *attr = &set->attrs[type];

		/* An address says by its family whether it is there. */
		if (!(has & IPSVTI_HAS(type)) && !is_addr(attr))
			continue;
		ret = put_one(nlh, type, attr, model);
		if (ret)
			return ret;
	}
	return 0;
}

int wire_index(const void *payload, size_t len,
	       const struct nlattr *tb[WIRE_ATTRS])
{
	const char *at = payload;
	size_t step;

	memset(tb, 0, WIRE_ATTRS * sizeof(*tb));
	while (len) {
		const struct nlattr *attr = (const void *)at;

		if (len < sizeof(*attr) || attr->nla_len < sizeof(*attr) ||
		    attr->nla_len > len)
			return -EPROTO;
		if (mnl_attr_get_type(attr) < WIRE_ATTRS)
			tb[mnl_attr_get_type(attr)] = attr;
		/* The last attribute may lack its padding. */
		step = NLA_ALIGN(attr->nla_len);
		if (step > len)
			step = len;
		at += step;
		len -= step;
	}
	return 0;
}

static size_t wire_size(enum wire_type type)
{
	switch (type) {
	case WIRE_U8:
	case WIRE_BOOL:
	case WIRE_ENUM8:
		return 1;
	case WIRE_BE16:
		return 2;
	case WIRE_U32:
	case WIRE_BE32:
	case WIRE_ADDR4:
		return 4;
	case WIRE_U64:
		return 8;
	case WIRE_ADDR6:
		return 16;
	case WIRE_NONE:
	case WIRE_NAME:
	case WIRE_SECRET:
	case WIRE_NEST:
	case WIRE_LIST:
		break;
	}
	return 0; /* any */
}

static void get_addr(struct ipsvti_addr *addr, sa_family_t family,
		     const struct nlattr *nla)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = family;
	if (family == AF_INET)
		memcpy(&addr->v4, mnl_attr_get_payload(nla), 4);
	else
		memcpy(&addr->v6, mnl_attr_get_payload(nla), 16);
}

static int get_name(char *name, const struct nlattr *nla)
{
	size_t len = mnl_attr_get_payload_len(nla);
	const char *from = mnl_attr_get_payload(nla);

	if (!len || len > IF_NAMESIZE || from[len - 1])
		return -EPROTO;
	memcpy(name, from, len);
	return 0;
}

static int get_one(const struct nlattr *nla, const struct wire_attr *attr,
		   void *model)
{
	void *member = (char *)model + attr->offset;
	size_t len = mnl_attr_get_payload_len(nla);

	if (wire_size(attr->type) && len != wire_size(attr->type))
		return -EPROTO;
	switch (attr->type) {
	case WIRE_NONE:
	case WIRE_SECRET:
	case WIRE_LIST:
		break;
	case WIRE_U8:
		*(uint8_t *)member = mnl_attr_get_u8(nla);
		break;
	case WIRE_BOOL:
		*(bool *)member = mnl_attr_get_u8(nla);
		break;
	case WIRE_ENUM8:
		*(uint32_t *)member = mnl_attr_get_u8(nla);
		break;
	case WIRE_BE16:
		*(uint16_t *)member = ntohs(mnl_attr_get_u16(nla));
		break;
	case WIRE_U32:
		*(uint32_t *)member = mnl_attr_get_u32(nla);
		break;
	case WIRE_BE32:
		*(uint32_t *)member = ntohl(mnl_attr_get_u32(nla));
		break;
	case WIRE_U64:
		/* Attributes are aligned to 4 octets only. */
		memcpy(member, mnl_attr_get_payload(nla), sizeof(uint64_t));
		break;
	case WIRE_NAME:
		return get_name(member, nla);
	case WIRE_ADDR4:
		get_addr(member, AF_INET, nla);
		break;
	case WIRE_ADDR6:
		get_addr(member, AF_INET6, nla);
		break;
	case WIRE_NEST:
		return wire_get(mnl_attr_get_payload(nla), len, attr->nested,
				member);
	}
	return 0;
}

/* All attributes of this type, which wire_index() has found to be whole. */
static int get_list(const void *payload, size_t len, unsigned int type,
		    const struct wire_attr *attr, void *model)
{
	char *first = (char *)model + attr->offset;
	const char *at = payload;
	size_t n = 0, step;
	int ret = 0;

	for (; len && !ret; at += step, len -= step) {
		const struct nlattr *nla = (const void *)at;

		step = NLA_ALIGN(nla->nla_len);
		if (step > len)
			step = len;
		if (mnl_attr_get_type(nla) != type)
			continue;
		if (n == attr->room)
			return -EPROTO;
		ret = wire_get(mnl_attr_get_payload(nla),
			       mnl_attr_get_payload_len(nla), attr->nested,
			       first + n++ * attr->size);
	}
	memcpy((char *)model + attr->len_offset, &n, sizeof(n));
	return ret;
}

int wire_get(const void *payload, size_t len, const struct wire_set *set,
	     void *model)
{
	const struct nlattr *tb[WIRE_ATTRS];
	unsigned int type;
	int ret;

	ret = wire_index(payload, len, tb);
	for (type = 1; !ret && type <= set->max; type++) {
		const struct wire_attr *attr = &set->attrs[type];

		if (!tb[type] || attr->type == WIRE_NONE ||
		    attr->type == WIRE_SECRET)
			continue;
		ret = attr->type == WIRE_LIST ?
			      get_list(payload, len, type, attr, model) :
			      get_one(tb[type], attr, model);
		*(uint64_t *)model |= IPSVTI_HAS(type);
	}
	return ret;
}

static const struct wire_attr *set_attr(const struct wire_set *set,
					unsigned int type)
{
	return set && type <= set->max ? &set->attrs[type] : NULL;
}

static void path_add(char *path, size_t path_len, const struct wire_attr *attr)
{
	size_t used = strlen(path);

	if (attr && attr->name)
		snprintf(path + used, path_len - used, "%s%s", used ? "." : "",
			 attr->name);
}

void wire_path(const struct wire_request *req, size_t offset,
	       unsigned int missing, char *path, size_t path_len)
{
	const struct wire_set *set = req->set;
	size_t at = NLMSG_HDRLEN + MNL_ALIGN(req->extra);
	size_t end = req->nlh.nlmsg_len;

	path[0] = '\0';
	/* From attribute to attribute, and down into the one around offset. */
	while (offset >= at && at + sizeof(struct nlattr) <= end) {
		const struct nlattr *nla = (const void *)(req->buf + at);
		size_t next = at + NLA_ALIGN(nla->nla_len);
		const struct wire_attr *attr;

		if (nla->nla_len < sizeof(*nla) || next > end)
			break;
		if (offset >= next) {
			at = next;
			continue;
		}
		attr = set_attr(set, mnl_attr_get_type(nla));
		path_add(path, path_len, attr);
		set = attr ? attr->nested : NULL;
		if (offset == at)
			break;
		end = at + nla->nla_len;
		at += sizeof(*nla);
	}
	if (missing)
		path_add(path, path_len, set_attr(set, missing));
}
