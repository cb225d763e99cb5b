// SPDX-License-Identifier: GPL-2.0-or-later
/* The operations of the family, one function each: see libipsvti.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#include "genl.h"

/* A namespace that changes all the time must not keep a dump from ending. */
#define DUMP_TRIES 10

struct ipsvti_nl {
	struct nl_conn conn;
	struct genl_family family;
};

int ipsvti_nl_open(struct ipsvti_nl **nlp, struct ipsvti_error *err)
{
	struct ipsvti_nl *nl;
	int ret;

	nl = calloc(1, sizeof(*nl));
	if (!nl)
		return nl_fail(err, ENOMEM, "out of memory");
	ret = nl_conn_open(&nl->conn, NETLINK_GENERIC, err);
	if (!ret)
		ret = genl_resolve(&nl->conn, &nl->family, err);
	if (ret) {
		ipsvti_nl_close(nl);
		return ret;
	}
	*nlp = nl;
	return 0;
}

void ipsvti_nl_close(struct ipsvti_nl *nl)
{
	if (!nl)
		return;
	nl_conn_close(&nl->conn);
	free(nl);
}

/**
 * struct answer - The one answer to a request that is no dump.
 * @set: its attributes
 * @model: filled
 * @got: it has come
 */
struct answer {
	const struct wire_set *set;
	void *model;
	bool got;
};

static int take_answer(const struct nlmsghdr *nlh, void *data)
{
	struct answer *answer = data;

	answer->got = true;
	return genl_get(nlh, answer->set, answer->model);
}

/* Success without the answer would leave the caller with an empty struct. */
static int talk(struct ipsvti_nl *nl, struct wire_request *req, void *model,
		struct ipsvti_error *err)
{
	struct answer answer = { .set = req->set, .model = model };
	int ret;

	ret = nl_conn_talk(&nl->conn, req, model ? take_answer : NULL, &answer,
			   err);
	if (!ret && model && !answer.got)
		ret = nl_fail(err, EPROTO, "the kernel's answer is damaged");
	return ret;
}

/**
 * struct collection - What a dump has brought so far.
 * @set: attributes of an item
 * @size: octets of an item
 * @items: array
 * @count: items in it
 * @room: items that fit
 */
struct collection {
	const struct wire_set *set;
	size_t size;
	char *items;
	size_t count;
	size_t room;
};

static int take_item(const struct nlmsghdr *nlh, void *data)
{
	struct collection *all = data;
	char *item, *grown;
	size_t room;

	if (all->count == all->room) {
		room = all->room ? 2 * all->room : 16;
		grown = reallocarray(all->items, room, all->size);
		if (!grown)
			return -ENOMEM;
		all->items = grown;
		all->room = room;
	}
	item = all->items + all->count * all->size;
	memset(item, 0, all->size);
	all->count++;
	return genl_get(nlh, all->set, item);
}

/* @ifindex: of one device, if the family can do that; 0: of the namespace */
static int dump(struct ipsvti_nl *nl, uint8_t cmd, unsigned int ifindex,
		struct collection *all, struct ipsvti_error *err)
{
	struct wire_request req;
	int tries, ret;

	for (tries = 0; tries < DUMP_TRIES; tries++) {
		all->count = 0;
		genl_request_init(&req, nl->family.id, cmd, NLM_F_DUMP,
				  all->set);
		if (ifindex)
			mnl_attr_put_u32(&req.nlh, IPSVTI_A_PAIR_IFINDEX, ifindex);
		ret = nl_conn_talk(&nl->conn, &req, take_item, all, err);
		/* A pair that is larger than any was when the dump began. */
		if (ret == -EMSGSIZE)
			ret = -ESTALE;
		if (ret != -ESTALE)
			break;
	}
	if (ret == -ESTALE)
		ret = nl_fail(err, EINTR, "it changes too often to be listed");
	if (ret || !all->count) {
		free(all->items);
		all->items = NULL;
		all->count = 0;
	}
	return ret;
}

static void tunnel_request(struct ipsvti_nl *nl, struct wire_request *req,
			   uint8_t cmd, unsigned int ifindex)
{
	genl_request_init(req, nl->family.id, cmd, NLM_F_ACK, &wire_tunnel_set);
	mnl_attr_put_u32(&req->nlh, IPSVTI_A_TUNNEL_IFINDEX, ifindex);
}

int ipsvti_tunnel_get(struct ipsvti_nl *nl, unsigned int ifindex,
		      struct ipsvti_tunnel *tunnel, struct ipsvti_error *err)
{
	struct wire_request req;

	memset(tunnel, 0, sizeof(*tunnel));
	tunnel_request(nl, &req, IPSVTI_CMD_TUNNEL_GET, ifindex);
	return talk(nl, &req, tunnel, err);
}

int ipsvti_tunnel_dump(struct ipsvti_nl *nl, struct ipsvti_tunnel **tunnels,
		       size_t *count, struct ipsvti_error *err)
{
	struct collection all = {
		.set = &wire_tunnel_set,
		.size = sizeof(**tunnels),
	};
	int ret;

	ret = dump(nl, IPSVTI_CMD_TUNNEL_GET, 0, &all, err);
	*tunnels = (void *)all.items;
	*count = all.count;
	return ret;
}

int ipsvti_tunnel_set(struct ipsvti_nl *nl, unsigned int ifindex,
		      const struct ipsvti_addr *local,
		      const struct ipsvti_addr *remote,
		      struct ipsvti_error *err)
{
	struct ipsvti_tunnel tunnel = {
		.has = IPSVTI_HAS(IPSVTI_A_TUNNEL_IFINDEX),
		.ifindex = ifindex,
	};
	struct wire_request req;

	if (local)
		tunnel.local = *local;
	if (remote)
		tunnel.remote = *remote;
	genl_request_init(&req, nl->family.id, IPSVTI_CMD_TUNNEL_SET, NLM_F_ACK,
			  &wire_tunnel_set);
	wire_put(&req.nlh, &wire_tunnel_set, &tunnel);
	return talk(nl, &req, NULL, err);
}

static void sa_request(struct ipsvti_nl *nl, struct wire_request *req,
		       uint8_t cmd, unsigned int ifindex)
{
	genl_request_init(req, nl->family.id, cmd, NLM_F_ACK, &wire_pair_set);
	mnl_attr_put_u32(&req->nlh, IPSVTI_A_PAIR_IFINDEX, ifindex);
}

int ipsvti_spi_alloc(struct ipsvti_nl *nl, unsigned int ifindex,
		     uint32_t reserve_time, struct ipsvti_pair *pair,
		     struct ipsvti_error *err)
{
	struct wire_request req;
	int ret;

	memset(pair, 0, sizeof(*pair));
	sa_request(nl, &req, IPSVTI_CMD_SPI_ALLOC, ifindex);
	if (reserve_time)
		mnl_attr_put_u32(&req.nlh, IPSVTI_A_PAIR_RESERVE_TIME,
				 reserve_time);
	ret = talk(nl, &req, pair, err);
	if (!ret && (!pair->id || !pair->in.spi))
		ret = nl_fail(err, EPROTO, "the kernel's answer is damaged");
	return ret;
}

static void fill_lengths(struct ipsvti_sa *sa)
{
	if (!sa->key_len)
		sa->key_len = ipsvti_alg_key_len(sa->alg);
	if (!sa->salt_len)
		sa->salt_len = ipsvti_alg_salt_len(sa->alg);
}

int pair_request(struct wire_request *req, uint16_t family,
		 const struct ipsvti_pair *pair)
{
	struct ipsvti_pair copy = *pair;
	int ret;

	copy.has |= IPSVTI_HAS(IPSVTI_A_PAIR_IFINDEX);
	fill_lengths(&copy.in);
	fill_lengths(&copy.out);
	genl_request_init(req, family, IPSVTI_CMD_SA_PAIR_NEW, NLM_F_ACK,
			  &wire_pair_set);
	ret = wire_put(&req->nlh, &wire_pair_set, &copy);
	ipsvti_pair_wipe(&copy);
	return ret;
}

int ipsvti_sa_pair_new(struct ipsvti_nl *nl, const struct ipsvti_pair *pair,
		       struct ipsvti_pair *reply, struct ipsvti_error *err)
{
	struct ipsvti_pair unwanted;
	struct wire_request req;

	if (!reply)
		reply = &unwanted;
	memset(reply, 0, sizeof(*reply));
	if (pair_request(&req, nl->family.id, pair)) {
		explicit_bzero(&req, sizeof(req));
		return nl_fail(err, EINVAL,
			       "a key has at most %d octets, a salt at most %d, and an end at most %d traffic selectors",
			       IPSVTI_KEY_MAX, IPSVTI_SALT_MAX, IPSVTI_TS_MAX);
	}
	return talk(nl, &req, reply, err);
}

int ipsvti_sa_activate(struct ipsvti_nl *nl, unsigned int ifindex,
		       uint32_t pair_id, struct ipsvti_error *err)
{
	struct wire_request req;

	sa_request(nl, &req, IPSVTI_CMD_SA_ACTIVATE, ifindex);
	mnl_attr_put_u32(&req.nlh, IPSVTI_A_PAIR_PAIR_ID, pair_id);
	return talk(nl, &req, NULL, err);
}

int ipsvti_sa_get(struct ipsvti_nl *nl, unsigned int ifindex, uint32_t pair_id,
		  struct ipsvti_pair *pair, struct ipsvti_error *err)
{
	struct wire_request req;

	memset(pair, 0, sizeof(*pair));
	sa_request(nl, &req, IPSVTI_CMD_SA_GET, ifindex);
	mnl_attr_put_u32(&req.nlh, IPSVTI_A_PAIR_PAIR_ID, pair_id);
	return talk(nl, &req, pair, err);
}

int ipsvti_sa_dump(struct ipsvti_nl *nl, unsigned int ifindex,
		   struct ipsvti_pair **pairs, size_t *count,
		   struct ipsvti_error *err)
{
	struct collection all = {
		.set = &wire_pair_set,
		.size = sizeof(**pairs),
	};
	struct ipsvti_pair *list;
	size_t i, kept = 0;
	int ret;

	ret = dump(nl, IPSVTI_CMD_SA_GET, ifindex, &all, err);
	/* As with a device that has none. */
	if (ret == -ENODEV)
		ret = 0;
	list = (void *)all.items;
	/* An older module tells all of the namespace. */
	for (i = 0; i < all.count; i++) {
		if (!ifindex || list[i].ifindex == ifindex)
			list[kept++] = list[i];
	}
	if (!kept) {
		free(list);
		list = NULL;
	}
	*pairs = list;
	*count = kept;
	return ret;
}

int ipsvti_sa_del(struct ipsvti_nl *nl, unsigned int ifindex, uint32_t pair_id,
		  uint32_t grace, struct ipsvti_error *err)
{
	struct wire_request req;

	sa_request(nl, &req, IPSVTI_CMD_SA_DEL, ifindex);
	mnl_attr_put_u32(&req.nlh, IPSVTI_A_PAIR_PAIR_ID, pair_id);
	if (grace)
		mnl_attr_put_u32(&req.nlh, IPSVTI_A_PAIR_GRACE, grace);
	return talk(nl, &req, NULL, err);
}

int ipsvti_sa_flush(struct ipsvti_nl *nl, unsigned int ifindex,
		    struct ipsvti_error *err)
{
	struct wire_request req;

	sa_request(nl, &req, IPSVTI_CMD_SA_FLUSH, ifindex);
	return talk(nl, &req, NULL, err);
}
