// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses of this machine, by rtnetlink: see libipsvti.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "link.h"

int addr_take(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[WIRE_ATTRS], *own;
	size_t len = mnl_nlmsg_get_payload_len(nlh), want;
	struct addr_search *search = data;
	const void *octets = &search->addr->v6;

	if (nlh->nlmsg_type != RTM_NEWADDR || len < sizeof(*ifa) ||
	    wire_index(ifa + 1, len - sizeof(*ifa), tb))
		return -EPROTO;
	if (ifa->ifa_family != search->addr->family)
		return 0;
	want = sizeof(search->addr->v6);
	if (ifa->ifa_family == AF_INET) {
		octets = &search->addr->v4;
		want = sizeof(search->addr->v4);
	}
	/* Of a point-to-point device IFA_ADDRESS is the other end's. */
	own = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	if (!own || mnl_attr_get_payload_len(own) != want)
		return -EPROTO;
	if (!memcmp(mnl_attr_get_payload(own), octets, want))
		search->ifindex = ifa->ifa_index;
	return 0;
}

int ipsvti_addr_find(struct ipsvti_rtnl *rt, const struct ipsvti_addr *addr,
		     unsigned int *ifindex, struct ipsvti_error *err)
{
	const struct ifaddrmsg ifa = { .ifa_family = addr->family };
	struct addr_search search = { .addr = addr };
	struct wire_request req;
	int ret;

	wire_request_init(&req, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa), NULL);
	ret = nl_conn_talk(link_conn(rt), &req, addr_take, &search, err);
	/* Other addresses that come and go meanwhile do not matter. */
	if (ret == -ESTALE && search.ifindex)
		ret = 0;
	else if (ret == -ESTALE)
		return nl_fail(err, ESTALE, "addresses changed while they were read");
	*ifindex = ret ? 0 : search.ifindex;
	return ret;
}

bool ipsvti_addr_binds(const struct ipsvti_addr *addr)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = addr->v6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr = addr->v4 };
	bool is_v4 = addr->family == AF_INET, may;
	int fd;

	fd = socket(addr->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	may = !bind(fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
		    is_v4 ? sizeof(v4) : sizeof(v6));
	close(fd);
	return may;
}
