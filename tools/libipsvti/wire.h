/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes to and from the model structs, by tables. Pure: no socket, no
 * allocation. A table (model.c) says once for each attribute its name, its form
 * on the wire and where its value lives; encoding, decoding and the naming of an
 * attribute at fault all follow from that.
 */
#ifndef LIBIPSVTI_WIRE_H
#define LIBIPSVTI_WIRE_H

#include <linux/ipsvti.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More attributes than any set has: the bits of a "has" mask. */
#define WIRE_ATTRS 64

/* A traffic selector with its header, and the headers of its attributes. */
#define WIRE_TS_SIZE (4 + 2 * 20 + 3 * 8)

/* Longest request of this library, with room to spare (see wire_request). */
#define WIRE_REQUEST_MAX (1024 + 2 * 2 * IPSVTI_TS_MAX * WIRE_TS_SIZE)

/**
 * enum wire_type - Form of an attribute on the wire and of its member.
 * @WIRE_NONE: not in a model struct; skipped both ways
 * @WIRE_U8: u8 in a uint8_t
 * @WIRE_BOOL: u8 in a bool
 * @WIRE_ENUM8: u8 in an enum
 * @WIRE_BE16: big-endian u16 in a uint16_t of host byte order
 * @WIRE_U32: u32 in a uint32_t, unsigned int or enum
 * @WIRE_BE32: big-endian u32 in a uint32_t of host byte order
 * @WIRE_U64: u64 in a uint64_t
 * @WIRE_NAME: string in a char[IF_NAMESIZE]
 * @WIRE_ADDR4: 4 octets in a struct ipsvti_addr of AF_INET
 * @WIRE_ADDR6: 16 octets in a struct ipsvti_addr of AF_INET6
 * @WIRE_SECRET: octets in a uint8_t[], sent but never taken
 * @WIRE_NEST: attributes of @nested in a struct of their own
 * @WIRE_LIST: any number of such attributes, in an array of such structs
 */
enum wire_type {
	WIRE_NONE,
	WIRE_U8,
	WIRE_BOOL,
	WIRE_ENUM8,
	WIRE_BE16,
	WIRE_U32,
	WIRE_BE32,
	WIRE_U64,
	WIRE_NAME,
	WIRE_ADDR4,
	WIRE_ADDR6,
	WIRE_SECRET,
	WIRE_NEST,
	WIRE_LIST,
};

struct wire_set;

/**
 * struct wire_attr - One attribute.
 * @name: as the spec has it; NULL for a wrapper that paths leave out
 * @type: form
 * @offset: where the member is in the model struct
 * @size: WIRE_SECRET: most octets the member holds; WIRE_LIST: octets of one struct
 * @room: WIRE_LIST: most structs the member holds
 * @len_offset: WIRE_SECRET, WIRE_LIST: where the size_t is that says how many octets
 *	or structs there are
 * @nested: attributes inside, with WIRE_NEST, WIRE_LIST, or for the sake of their
 *	names
 */
struct wire_attr {
	const char *name;
	enum wire_type type;
	size_t offset;
	size_t size;
	size_t room;
	size_t len_offset;
	const struct wire_set *nested;
};

/**
 * struct wire_set - An attribute set. Its model struct starts with a
 *	"uint64_t has" of IPSVTI_HAS() bits.
 * @attrs: by attribute number
 * @max: highest attribute number
 */
struct wire_set {
	const struct wire_attr *attrs;
	unsigned int max;
};

/**
 * struct wire_request - A message being built.
 * @set: attributes at its top level
 * @extra: octets of the family's own header (genlmsghdr, ifinfomsg)
 * @nlh: the message
 * @buf: the same
 *
 * Every attribute this library puts is of a bounded size (numbers, addresses,
 * interface names, keys of at most IPSVTI_KEY_MAX octets) and put at most once, or of
 * a list as often as it has room for, so WIRE_REQUEST_MAX cannot be passed.
 */
struct wire_request {
	const struct wire_set *set;
	size_t extra;
	union {
		struct nlmsghdr nlh;
		unsigned char buf[WIRE_REQUEST_MAX];
	};
};

/**
 * wire_request_init() - Start a message.
 * @req: the message
 * @type: nlmsg_type
 * @flags: nlmsg_flags besides NLM_F_REQUEST
 * @extra: the family's own header
 * @extra_len: its size in octets
 * @set: attributes at the top level
 */
void wire_request_init(struct wire_request *req, uint16_t type, uint16_t flags,
		       const void *extra, size_t extra_len,
		       const struct wire_set *set);

/**
 * wire_put() - Append those attributes of a model struct that it has.
 * @nlh: the message
 * @set: attributes of @model
 * @model: the struct
 *
 * Return: 0; -EINVAL, a key, a salt or a list claims to be longer than its member.
 */
int wire_put(struct nlmsghdr *nlh, const struct wire_set *set,
	     const void *model);

/**
 * wire_index() - Sort attributes by number.
 * @payload: where they are
 * @len: how many octets
 * @tb: filled, by number; higher numbers are skipped
 *
 * Return: 0; -EPROTO, the octets are not a row of whole attributes.
 */
int wire_index(const void *payload, size_t len,
	       const struct nlattr *tb[WIRE_ATTRS]);

/**
 * wire_get() - Fill a model struct from attributes.
 * @payload: where they are
 * @len: how many octets
 * @set: attributes of @model
 * @model: the struct; what is not among the attributes is left as it is
 *
 * Return: 0; -EPROTO, an attribute is damaged or has not its form's size, or there are
 * more of a list than the member holds.
 */
int wire_get(const void *payload, size_t len, const struct wire_set *set,
	     void *model);

/**
 * wire_path() - Name the attribute at an offset in a request, "in.key".
 * @req: the request as sent
 * @offset: octets from the start of the message to the attribute's header
 * @missing: if not 0, the number of an attribute that should have been in the
 *	nest at @offset, or at the top level if @offset is 0: name that one
 * @path: where to put the name; empty if there is no such attribute
 * @path_len: size of @path
 */
void wire_path(const struct wire_request *req, size_t offset,
	       unsigned int missing, char *path, size_t path_len);

/* The sets (model.c). */
extern const struct wire_set wire_tunnel_set;
extern const struct wire_set wire_pair_set;
extern const struct wire_set wire_link_set; /* inside IFLA_INFO_DATA */
extern const struct wire_set wire_iflink_set; /* IFLA_..., names only */

#endif /* LIBIPSVTI_WIRE_H */
