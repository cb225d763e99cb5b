/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a link plugin shares with ip(8). Debian packages no header for it, so
 * this one declares the few symbols of the program that the plugin uses. They
 * are the same in iproute2 6.1 to 7.1; the tests run the plugin in the installed
 * one. Where there was a choice, symbols with plain C types were taken.
 */
#ifndef LINK_IPSVTI_IPROUTE2_H
#define LINK_IPSVTI_IPROUTE2_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct sockaddr_nl;

/**
 * struct link_util - What ip(8) looks up as "<kind>_link_util" in the plugin.
 * @next: ip's own
 * @id: kind
 * @maxattr: highest attribute inside IFLA_INFO_DATA
 * @parse_opt: turn the words behind the kind into attributes
 * @print_opt: show the attributes
 * @print_xstats: not used
 * @print_help: "ip link help KIND"
 * @parse_ifla_xstats: not used
 * @print_ifla_xstats: not used
 */
struct link_util {
	struct link_util *next;
	const char *id;
	int maxattr;
	int (*parse_opt)(struct link_util *lu, int argc, char **argv,
			 struct nlmsghdr *n);
	void (*print_opt)(struct link_util *lu, FILE *f, struct rtattr *tb[]);
	void (*print_xstats)(struct link_util *lu, FILE *f,
			     struct rtattr *attr);
	void (*print_help)(struct link_util *lu, int argc, char **argv,
			   FILE *f);
	int (*parse_ifla_xstats)(struct link_util *lu, int argc, char **argv);
	int (*print_ifla_xstats)(struct nlmsghdr *n, void *arg);
};

/* It is no declared ABI: better no plugin than one that ip misreads. */
#define LINK_UTIL_AT(member, words)                          \
	_Static_assert(offsetof(struct link_util, member) == \
			       (words) * sizeof(void *),     \
		       "ip(8) does not look for " #member " there")
LINK_UTIL_AT(next, 0);
LINK_UTIL_AT(id, 1);
LINK_UTIL_AT(maxattr, 2);
LINK_UTIL_AT(parse_opt, 3);
LINK_UTIL_AT(print_opt, 4);
LINK_UTIL_AT(print_xstats, 5);
LINK_UTIL_AT(print_help, 6);
LINK_UTIL_AT(parse_ifla_xstats, 7);
LINK_UTIL_AT(print_ifla_xstats, 8);
_Static_assert(sizeof(struct link_util) == 9 * sizeof(void *),
	       "ip(8) expects another size");

/* include/json_print.h, include/color.h */
enum output_type {
	PRINT_FP = 1,
	PRINT_JSON = 2,
	PRINT_ANY = 4,
};

enum color_attr {
	COLOR_NONE = 6,
};

int print_color_string(enum output_type type, enum color_attr color,
		       const char *key, const char *fmt, const char *value);
int print_color_uint(enum output_type type, enum color_attr color,
		     const char *key, const char *fmt, unsigned int value);
int print_color_0xhex(enum output_type type, enum color_attr color,
		      const char *key, const char *fmt,
		      unsigned long long value);
int print_color_on_off(enum output_type type, enum color_attr color,
		       const char *key, const char *fmt, bool value);

/* include/utils.h */
void incomplete_command(void) __attribute__((noreturn));
void invarg(const char *msg, const char *arg) __attribute__((noreturn));
void duparg(const char *key, const char *arg) __attribute__((noreturn));
int nodev(const char *dev);
int get_u32(__u32 *val, const char *arg, int base);
int get_u8(__u8 *val, const char *arg, int base);
bool parse_on_off(const char *msg, const char *realval, int *p_err);
void tnl_print_endpoint(const char *name, const struct rtattr *rta, int family);

/* include/ll_map.h */
unsigned int ll_name_to_index(const char *name);
const char *ll_index_to_name(unsigned int index);

/* include/libnetlink.h */
int addattr8(struct nlmsghdr *n, int maxlen, int type, __u8 data);
int addattr32(struct nlmsghdr *n, int maxlen, int type, __u32 data);
int addattr_l(struct nlmsghdr *n, int maxlen, int type, const void *data,
	      int alen);

#endif /* LINK_IPSVTI_IPROUTE2_H */
