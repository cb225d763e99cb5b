// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * link_ipsvti.so: the plugin by which ip(8) knows the options of ipsvti devices.
 *
 * The module leaves as it is what a change does not mention, so unlike older
 * tunnel kinds nothing is read back before "ip link change".
 */
#include <arpa/inet.h>
#include <linux/ipsvti.h>
#include <stdlib.h>
#include <string.h>

#include "iproute2.h"

/* The room that ip(8) has for a request behind its headers. */
#define MAX_REQUEST 1024

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static const char *const df_names[] = {
	[IPSVTI_DF_COPY] = "copy",
	[IPSVTI_DF_SET] = "set",
	[IPSVTI_DF_CLEAR] = "clear",
};

static void ipsvti_print_help(struct link_util *lu, int argc, char **argv,
			      FILE *f)
{
	(void)argc;
	(void)argv;
	fprintf(f,
		"Usage: ... %s [ local ADDR remote ADDR ]\n"
		"		[ dev PHYS_DEV | nodev ]\n"
		"		[ fwmark MARK ]\n"
		"		[ ttl { auto | 1..255 } ]\n"
		"		[ dscp { copy | 0..63 } ]\n"
		"		[ df { copy | set | clear } ]\n"
		"		[ mtu-auto { on | off } ]\n"
		"		[ mss-clamp { off | auto | 88..65495 } ]\n"
		"		[ pre-frag { on | off } ]\n"
		"\n"
		"Where:	ADDR := { IPv4_ADDRESS | IPv6_ADDRESS }, both of one family\n"
		"	MARK := { 0x0..0xffffffff }\n",
		lu->id);
}

/**
 * struct option - An option of the kind.
 * @name: its word
 * @parse: reads the word behind it, or ends the program
 * @bare: nothing follows, @parse gets NULL
 */
struct option {
	const char *name;
	void (*parse)(const struct option *opt, const char *value,
		      struct nlmsghdr *n);
	bool bare;
};

static void parse_addr(const char *value, struct nlmsghdr *n, int attr4,
		       int attr6, const char *msg)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, value, &v4) == 1)
		addattr_l(n, MAX_REQUEST, attr4, &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, value, &v6) == 1)
		addattr_l(n, MAX_REQUEST, attr6, &v6, sizeof(v6));
	else
		invarg(msg, value);
}

static void parse_local(const struct option *opt, const char *value,
			struct nlmsghdr *n)
{
	(void)opt;
	parse_addr(value, n, IFLA_IPSVTI_LOCAL, IFLA_IPSVTI_LOCAL6,
		   "invalid local: expected an IPv4 or IPv6 address");
}

static void parse_remote(const struct option *opt, const char *value,
			 struct nlmsghdr *n)
{
	(void)opt;
	parse_addr(value, n, IFLA_IPSVTI_REMOTE, IFLA_IPSVTI_REMOTE6,
		   "invalid remote: expected an IPv4 or IPv6 address");
}

static void parse_dev(const struct option *opt, const char *value,
		      struct nlmsghdr *n)
{
	unsigned int link = opt->bare ? 0 : ll_name_to_index(value);

	if (!opt->bare && !link)
		exit(nodev(value));
	addattr32(n, MAX_REQUEST, IFLA_IPSVTI_LINK, link);
}

static void parse_fwmark(const struct option *opt, const char *value,
			 struct nlmsghdr *n)
{
	__u32 mark;

	(void)opt;
	if (get_u32(&mark, value, 0))
		invarg("invalid fwmark: expected a number of 32 bits", value);
	addattr32(n, MAX_REQUEST, IFLA_IPSVTI_FWMARK, mark);
}

static void parse_ttl(const struct option *opt, const char *value,
		      struct nlmsghdr *n)
{
	__u8 ttl = 0;

	(void)opt;
	if (strcmp(value, "auto") && (get_u8(&ttl, value, 0) || !ttl))
		invarg("invalid ttl: expected \"auto\" or 1 to 255", value);
	addattr8(n, MAX_REQUEST, IFLA_IPSVTI_TTL, ttl);
}

static void parse_dscp(const struct option *opt, const char *value,
		       struct nlmsghdr *n)
{
	__u8 dscp = IPSVTI_DSCP_COPY;

	(void)opt;
	if (strcmp(value, "copy") && (get_u8(&dscp, value, 0) || dscp > 63))
		invarg("invalid dscp: expected \"copy\" or 0 to 63", value);
	addattr8(n, MAX_REQUEST, IFLA_IPSVTI_DSCP, dscp);
}

static void parse_df(const struct option *opt, const char *value,
		     struct nlmsghdr *n)
{
	size_t df;

	(void)opt;
	for (df = 0; df < ARRAY_SIZE(df_names); df++)
		if (!strcmp(value, df_names[df]))
			break;
	if (df == ARRAY_SIZE(df_names))
		invarg("invalid df: expected \"copy\", \"set\" or \"clear\"",
		       value);
	addattr8(n, MAX_REQUEST, IFLA_IPSVTI_DF, df);
}

static void parse_switch(const struct option *opt, const char *value,
			 struct nlmsghdr *n, int attr)
{
	int err = 0;
	bool on;

	on = parse_on_off(opt->name, value, &err);
	if (err)
		exit(err);
	addattr8(n, MAX_REQUEST, attr, on);
}

static void parse_mtu_auto(const struct option *opt, const char *value,
			   struct nlmsghdr *n)
{
	parse_switch(opt, value, n, IFLA_IPSVTI_MTU_AUTO);
}

static void parse_pre_frag(const struct option *opt, const char *value,
			   struct nlmsghdr *n)
{
	parse_switch(opt, value, n, IFLA_IPSVTI_PRE_FRAG);
}

static void parse_mss_clamp(const struct option *opt, const char *value,
			    struct nlmsghdr *n)
{
	__u32 mss = IPSVTI_MSS_CLAMP_OFF;

	(void)opt;
	if (!strcmp(value, "auto"))
		mss = IPSVTI_MSS_CLAMP_AUTO;
	else if (strcmp(value, "off") &&
		 (get_u32(&mss, value, 0) || mss < IPSVTI_MSS_CLAMP_MIN ||
		  mss > 65495))
		invarg("invalid mss-clamp: expected \"off\", \"auto\" or 88 to 65495",
		       value);
	addattr32(n, MAX_REQUEST, IFLA_IPSVTI_MSS_CLAMP, mss);
}

static const struct option options[] = {
	{ "local", parse_local, false },
	{ "remote", parse_remote, false },
	{ "dev", parse_dev, false },
	{ "nodev", parse_dev, true },
	{ "fwmark", parse_fwmark, false },
	{ "ttl", parse_ttl, false },
	{ "dscp", parse_dscp, false },
	{ "df", parse_df, false },
	{ "mtu-auto", parse_mtu_auto, false },
	{ "mss-clamp", parse_mss_clamp, false },
	{ "pre-frag", parse_pre_frag, false },
};

static const struct option *find_option(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(name, options[i].name))
			return &options[i];
	return NULL;
}

/* "dev" and "nodev" are one option; what they share is how they are read. */
static bool *seen_of(bool seen[ARRAY_SIZE(options)], const struct option *opt)
{
	size_t i = 0;

	while (options[i].parse != opt->parse)
		i++;
	return &seen[i];
}

static int ipsvti_parse_opt(struct link_util *lu, int argc, char **argv,
			    struct nlmsghdr *n)
{
	bool seen[ARRAY_SIZE(options)] = {};
	const struct option *opt;

	for (; argc > 0; argc--, argv++) {
		opt = find_option(*argv);
		if (!opt) {
			bool help = !strcmp(*argv, "help");

			if (!help)
				fprintf(stderr, "%s: unknown option \"%s\"?\n",
					lu->id, *argv);
			ipsvti_print_help(lu, argc, argv, stderr);
			return -1;
		}
		if (*seen_of(seen, opt))
			duparg(opt->name, argc > 1 ? argv[1] : "");
		*seen_of(seen, opt) = true;
		if (opt->bare) {
			opt->parse(opt, NULL, n);
			continue;
		}
		argc--;
		argv++;
		if (argc <= 0)
			incomplete_command();
		opt->parse(opt, *argv, n);
	}
	return 0;
}

/* The kernel's own numbers, but ip(8) does not check what it passes on. */
static const void *payload(const struct rtattr *attr, size_t len)
{
	return attr && RTA_PAYLOAD(attr) >= len ? RTA_DATA(attr) : NULL;
}

static __u8 get_attr8(const struct rtattr *attr)
{
	const __u8 *value = payload(attr, sizeof(*value));

	return value ? *value : 0;
}

static __u32 get_attr32(const struct rtattr *attr)
{
	const __u32 *value = payload(attr, sizeof(*value));

	return value ? *value : 0;
}

static void print_endpoints(struct rtattr *tb[])
{
	if (payload(tb[IFLA_IPSVTI_LOCAL6], sizeof(struct in6_addr)) ||
	    payload(tb[IFLA_IPSVTI_REMOTE6], sizeof(struct in6_addr))) {
		tnl_print_endpoint("local", tb[IFLA_IPSVTI_LOCAL6], AF_INET6);
		tnl_print_endpoint("remote", tb[IFLA_IPSVTI_REMOTE6], AF_INET6);
	} else {
		tnl_print_endpoint("local", tb[IFLA_IPSVTI_LOCAL], AF_INET);
		tnl_print_endpoint("remote", tb[IFLA_IPSVTI_REMOTE], AF_INET);
	}
}

static void print_number_or(const char *key, const char *fmt_number,
			    const char *fmt_name, unsigned int value,
			    unsigned int named, const char *name)
{
	if (value == named)
		print_color_string(PRINT_ANY, COLOR_NONE, key, fmt_name, name);
	else
		print_color_uint(PRINT_ANY, COLOR_NONE, key, fmt_number, value);
}

static void print_df(__u8 df)
{
	const char *name = df < ARRAY_SIZE(df_names) ? df_names[df] : "unknown";

	print_color_string(PRINT_ANY, COLOR_NONE, "df", "df %s ", name);
}

static void print_mss_clamp(__u32 mss)
{
	if (mss == IPSVTI_MSS_CLAMP_OFF)
		print_color_string(PRINT_ANY, COLOR_NONE, "mss_clamp",
				   "mss-clamp %s ", "off");
	else
		print_number_or("mss_clamp", "mss-clamp %u ", "mss-clamp %s ",
				mss, IPSVTI_MSS_CLAMP_AUTO, "auto");
}

static void ipsvti_print_opt(struct link_util *lu, FILE *f, struct rtattr *tb[])
{
	__u32 link, mark;

	(void)lu;
	(void)f;
	if (!tb)
		return;
	print_endpoints(tb);
	link = get_attr32(tb[IFLA_IPSVTI_LINK]);
	if (link)
		print_color_string(PRINT_ANY, COLOR_NONE, "link", "dev %s ",
				   ll_index_to_name(link));
	mark = get_attr32(tb[IFLA_IPSVTI_FWMARK]);
	if (mark)
		print_color_0xhex(PRINT_ANY, COLOR_NONE, "fwmark",
				  "fwmark 0x%x ", mark);
	if (tb[IFLA_IPSVTI_TTL])
		print_number_or("ttl", "ttl %u ", "ttl %s ",
				get_attr8(tb[IFLA_IPSVTI_TTL]), 0, "auto");
	if (tb[IFLA_IPSVTI_DSCP])
		print_number_or("dscp", "dscp %u ", "dscp %s ",
				get_attr8(tb[IFLA_IPSVTI_DSCP]),
				IPSVTI_DSCP_COPY, "copy");
	if (tb[IFLA_IPSVTI_DF])
		print_df(get_attr8(tb[IFLA_IPSVTI_DF]));
	if (tb[IFLA_IPSVTI_MTU_AUTO])
		print_color_on_off(PRINT_ANY, COLOR_NONE, "mtu_auto",
				   "mtu-auto %s ",
				   get_attr8(tb[IFLA_IPSVTI_MTU_AUTO]));
	if (tb[IFLA_IPSVTI_MSS_CLAMP])
		print_mss_clamp(get_attr32(tb[IFLA_IPSVTI_MSS_CLAMP]));
	if (tb[IFLA_IPSVTI_PRE_FRAG])
		print_color_on_off(PRINT_ANY, COLOR_NONE, "pre_frag",
				   "pre-frag %s ",
				   get_attr8(tb[IFLA_IPSVTI_PRE_FRAG]));
}

/* Found by its name; nothing declares it. */
extern struct link_util ipsvti_link_util __attribute__((visibility("default")));

struct link_util ipsvti_link_util = {
	.id = "ipsvti",
	.maxattr = IFLA_IPSVTI_MAX,
	.parse_opt = ipsvti_parse_opt,
	.print_opt = ipsvti_print_opt,
	.print_help = ipsvti_print_help,
};
