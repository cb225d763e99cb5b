// SPDX-License-Identifier: GPL-2.0-or-later
/* How pairs are shown: see pair.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "limits.h"
#include "pair.h"
#include "ts.h"

static bool pair_has(const struct ipsvti_pair *pair, unsigned int attr)
{
	return pair->has & IPSVTI_HAS(attr);
}

static bool sa_has(const struct ipsvti_sa *sa, unsigned int attr)
{
	return sa->has & IPSVTI_HAS(attr);
}

/* A device may be gone before its name is asked for. */
static const char *device_name(unsigned int ifindex, char name[IF_NAMESIZE])
{
	if (!if_indextoname(ifindex, name))
		snprintf(name, IF_NAMESIZE, "if%u", ifindex);
	return name;
}

/* A newer kernel may have values that this program has no name for. */
static const char *name_or(const char *name)
{
	return name ? name : "unknown";
}

/* "" if there is none */
static const char *addr_text(const struct ipsvti_addr *addr,
			     char text[INET6_ADDRSTRLEN])
{
	text[0] = 0;
	if (addr->family != AF_UNSPEC)
		inet_ntop(addr->family, &addr->v4, text, INET6_ADDRSTRLEN);
	return text;
}

static void sa_print(const char *direction, const struct ipsvti_sa *sa)
{
	printf("    %-3s spi 0x%08" PRIx32, direction, sa->spi);
	if (sa_has(sa, IPSVTI_A_SA_ALG))
		printf(" %s", name_or(ipsvti_alg_name(sa->alg)));
	if (sa_has(sa, IPSVTI_A_SA_ESN) && sa->esn)
		printf(" esn");
	if (sa_has(sa, IPSVTI_A_SA_REPLAY_WINDOW))
		printf(" window %" PRIu32, sa->replay_window);
	if (sa_has(sa, IPSVTI_A_SA_SEQ))
		printf(" seq %" PRIu64, sa->seq);
	if (sa_has(sa, IPSVTI_A_SA_PACKETS))
		printf(" packets %" PRIu64, sa->packets);
	if (sa_has(sa, IPSVTI_A_SA_BYTES))
		printf(" bytes %" PRIu64, sa->bytes);
	if (sa_has(sa, IPSVTI_A_SA_EXPIRED))
		printf(" expired %s", name_or(ipsvti_reason_name(sa->expired)));
	putchar('\n');
	if (sa_has(sa, IPSVTI_A_SA_LIMITS))
		limits_print(&sa->limits);
	ts_print("local", sa->local_ts, sa->local_ts_count);
	ts_print("remote", sa->remote_ts, sa->remote_ts_count);
}

void pair_print(const struct ipsvti_pair *pair)
{
	char name[IF_NAMESIZE], remote[INET6_ADDRSTRLEN];

	printf("%s pair %" PRIu32 " %s", device_name(pair->ifindex, name),
	       pair->id, name_or(ipsvti_pair_state_name(pair->state)));
	/* Of interest as long as it has not happened. */
	if (pair->state == IPSVTI_PAIR_STATE_STAGED &&
	    pair_has(pair, IPSVTI_A_PAIR_ACTIVATION))
		printf(" activate %s",
		       name_or(ipsvti_activation_name(pair->activation)));
	if (pair_has(pair, IPSVTI_A_PAIR_HEARD) && !pair->heard)
		printf(" unheard");
	if (pair_has(pair, IPSVTI_A_PAIR_ENCAP))
		printf(" encap %s", name_or(ipsvti_encap_name(pair->encap)));
	if (pair->encap == IPSVTI_ENCAP_UDP)
		printf(" sport %u dport %u", pair->encap_sport,
		       pair->encap_dport);
	if (pair_has(pair, IPSVTI_A_PAIR_REASON))
		printf(" expired %s", name_or(ipsvti_reason_name(pair->reason)));
	if (pair_has(pair, IPSVTI_A_PAIR_ENCAP_FOLLOW) && !pair->encap_follow)
		printf(" no-follow");
	if (pair->remote.family)
		printf(" remote %s", addr_text(&pair->remote, remote));
	putchar('\n');
	if (pair_has(pair, IPSVTI_A_PAIR_IN))
		sa_print("in", &pair->in);
	if (pair_has(pair, IPSVTI_A_PAIR_OUT))
		sa_print("out", &pair->out);
}

/* jansson has signed integers only; no counter lives to see the difference. */
static void set_number(json_t *object, const char *key, bool has,
		       uint64_t number)
{
	if (has)
		json_object_set_new(object, key, json_integer(number));
}

static void set_name(json_t *object, const char *key, bool has,
		     const char *name)
{
	if (has)
		json_object_set_new(object, key, json_string(name_or(name)));
}

static json_t *sa_json(const struct ipsvti_sa *sa)
{
	json_t *object = json_object();

	set_number(object, "spi", sa_has(sa, IPSVTI_A_SA_SPI), sa->spi);
	set_name(object, "alg", sa_has(sa, IPSVTI_A_SA_ALG),
		 ipsvti_alg_name(sa->alg));
	if (sa_has(sa, IPSVTI_A_SA_ESN))
		json_object_set_new(object, "esn", json_boolean(sa->esn));
	set_number(object, "replay-window",
		   sa_has(sa, IPSVTI_A_SA_REPLAY_WINDOW), sa->replay_window);
	set_number(object, "seq", sa_has(sa, IPSVTI_A_SA_SEQ), sa->seq);
	set_number(object, "packets", sa_has(sa, IPSVTI_A_SA_PACKETS),
		   sa->packets);
	set_number(object, "bytes", sa_has(sa, IPSVTI_A_SA_BYTES), sa->bytes);
	if (sa_has(sa, IPSVTI_A_SA_LIMITS))
		json_object_set_new(object, "limits", limits_json(&sa->limits));
	set_name(object, "expired", sa_has(sa, IPSVTI_A_SA_EXPIRED),
		 ipsvti_reason_name(sa->expired));
	if (sa_has(sa, IPSVTI_A_SA_LOCAL_TS))
		json_object_set_new(object, "local-ts",
				    ts_json(sa->local_ts, sa->local_ts_count));
	if (sa_has(sa, IPSVTI_A_SA_REMOTE_TS))
		json_object_set_new(object, "remote-ts",
				    ts_json(sa->remote_ts,
					    sa->remote_ts_count));
	return object;
}

json_t *pair_json(const struct ipsvti_pair *pair)
{
	char name[IF_NAMESIZE], remote[INET6_ADDRSTRLEN];
	json_t *object = json_object();

	set_name(object, "ifname", true, device_name(pair->ifindex, name));
	set_number(object, "ifindex", true, pair->ifindex);
	set_number(object, "pair-id", true, pair->id);
	set_name(object, "state", pair_has(pair, IPSVTI_A_PAIR_STATE),
		 ipsvti_pair_state_name(pair->state));
	set_name(object, "activation", pair_has(pair, IPSVTI_A_PAIR_ACTIVATION),
		 ipsvti_activation_name(pair->activation));
	set_name(object, "encap", pair_has(pair, IPSVTI_A_PAIR_ENCAP),
		 ipsvti_encap_name(pair->encap));
	set_number(object, "encap-sport",
		   pair_has(pair, IPSVTI_A_PAIR_ENCAP_SPORT),
		   pair->encap_sport);
	set_number(object, "encap-dport",
		   pair_has(pair, IPSVTI_A_PAIR_ENCAP_DPORT),
		   pair->encap_dport);
	if (pair_has(pair, IPSVTI_A_PAIR_ENCAP_FOLLOW))
		json_object_set_new(object, "encap-follow",
				    json_boolean(pair->encap_follow));
	if (pair_has(pair, IPSVTI_A_PAIR_OWNER_BOUND))
		json_object_set_new(object, "owner-bound",
				    json_boolean(pair->owner_bound));
	if (pair_has(pair, IPSVTI_A_PAIR_HEARD))
		json_object_set_new(object, "heard", json_boolean(pair->heard));
	set_name(object, "remote", pair->remote.family,
		 addr_text(&pair->remote, remote));
	if (pair_has(pair, IPSVTI_A_PAIR_IN))
		json_object_set_new(object, "in", sa_json(&pair->in));
	if (pair_has(pair, IPSVTI_A_PAIR_OUT))
		json_object_set_new(object, "out", sa_json(&pair->out));
	set_name(object, "reason", pair_has(pair, IPSVTI_A_PAIR_REASON),
		 ipsvti_reason_name(pair->reason));
	return object;
}

enum ctl_status json_print(struct ctl *ctl, json_t *value)
{
	int ret = json_dumpf(value, stdout, JSON_INDENT(4) | JSON_ENCODE_ANY);

	json_decref(value);
	if (!ret && putchar('\n') != EOF)
		return CTL_OK;
	memset(&ctl->err, 0, sizeof(ctl->err));
	ctl->err.code = value ? EIO : ENOMEM;
	snprintf(ctl->err.text, sizeof(ctl->err.text), "cannot print: %s",
		 strerror(ctl->err.code));
	return CTL_FAILED;
}

enum ctl_status pair_print_new(struct ctl *ctl, const struct ipsvti_pair *pair)
{
	if (ctl->json)
		return json_print(ctl, pair_json(pair));
	printf("pair %" PRIu32, pair->id);
	if (pair_has(pair, IPSVTI_A_PAIR_STATE))
		printf(" %s", name_or(ipsvti_pair_state_name(pair->state)));
	if (pair_has(pair, IPSVTI_A_PAIR_IN))
		printf(" spi 0x%08" PRIx32, pair->in.spi);
	putchar('\n');
	return CTL_OK;
}
