// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl explain: what is made of what the agent and the kernel know. */
#include "tests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "finding.h"

static char file[32];

static int make_file(void **state)
{
	int fd;

	(void)state;
	strcpy(file, "/tmp/ipsvtictl-conf-XXXXXX");
	fd = mkstemp(file);
	if (fd < 0)
		return -1;
	dprintf(fd, "# ike = no\nlocal = \"192.0.2.1\"\n  remote=\"192.0.2.2\"\n"
		    "ike-lifetime = 1h\nike = { \"x\" }\npsk-file += y\n");
	return close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(file);
}

static void lines(void **state)
{
	(void)state;
	assert_int_equal(conf_line(file, "local"), 2);
	assert_int_equal(conf_line(file, "remote"), 3);
	/* Neither a comment nor a longer key. */
	assert_int_equal(conf_line(file, "ike"), 5);
	assert_int_equal(conf_line(file, "psk-file"), 6);
	assert_int_equal(conf_line(file, "esp"), 0);
	assert_int_equal(conf_line("/nonexistent", "esp"), 0);
}

/* What is found for a tunnel that is waiting, with these failures. */
static json_t *judge(const char *failures, const char *more, struct facts *facts)
{
	static struct facts none = { .local_is_ours = true, .has_link = true, .underlay_error = -1 };
	char buf[2048];
	json_t *tunnel, *list;

	strcpy(none.link.kind, "ipsvti");
	none.link.up = true;
	snprintf(buf, sizeof(buf),
		 "{\"name\":\"a\",\"state\":\"waiting\",\"interface\":\"vti0\",\"local\":\"192.0.2.1\","
		 "\"remote\":\"192.0.2.2\",\"local-id\":\"x\",\"remote-id\":\"y\",\"file\":\"%s\","
		 "\"failures\":{%s}%s}",
		 file, failures, more);
	tunnel = json_loads(buf, 0, NULL);
	assert_non_null(tunnel);
	list = findings(tunnel, facts ? facts : &none);
	json_decref(tunnel);
	return list;
}

/* What is found of a tunnel that is up. */
static json_t *findings_up(const struct facts *facts)
{
	json_t *tunnel = json_pack("{s:s, s:s, s:s}", "name", "a", "state", "up", "interface", "vti0");
	json_t *list = findings(tunnel, facts);

	json_decref(tunnel);
	return list;
}

static const char *get(const json_t *list, size_t i, const char *key)
{
	const char *value = json_string_value(json_object_get(json_array_get(list, i), key));

	return value ? value : "";
}

static void assert_first(json_t *list, const char *id, const char *text, const char *remedy, int line)
{
	assert_string_equal(get(list, 0, "id"), id);
	assert_contains(get(list, 0, "text"), text);
	assert_contains(get(list, 0, "remedy"), remedy);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "line")), line);
	json_decref(list);
}

#define FAILURE(reason, more) "{\"reason\":\"" reason "\",\"step\":\"IKE_SA_INIT\",\"count\":1,\"port\":500,\"transmissions\":6,\"ago-ms\":0,\"since-ms\":0" more "}"

static void proposals(void **state)
{
	(void)state;
	assert_first(judge("\"ours\":" FAILURE("ike-proposal", ",\"ours\":\"a\""), "", NULL), "ike-proposal",
		     "the peer refused our IKE proposal at IKE_SA_INIT", "ipsvtictl probe 192.0.2.2", 5);
	/* The peer's own attempt says what it would take. */
	assert_first(judge("\"ours\":" FAILURE("ike-proposal", ",\"ours\":\"a\"") ",\"theirs\":"
			   FAILURE("ike-proposal", ",\"refused-by-us\":true,\"theirs\":\"b\",\"nearest\":\"b-c\""), "", NULL),
		     "ike-proposal", "the peer refused our IKE proposal", "ike = { \"b-c\" }", 5);
	assert_first(judge("\"theirs\":" FAILURE("ike-proposal", ",\"refused-by-us\":true,\"ours\":\"a\",\"theirs\":\"b\""), "", NULL),
		     "ike-proposal", "we refused its IKE proposal", "too weak, or not known here: have it offer a", 5);
}

static void answers(void **state)
{
	(void)state;
	assert_first(judge("\"ours\":" FAILURE("no-answer", ""), "", NULL), "no-answer",
		     "no answer from 192.0.2.2 on UDP port 500 to IKE_SA_INIT: sent 6 times, given up 0 s ago; no ICMP came back", "", 3);
	assert_first(judge("\"ours\":" FAILURE("no-answer", ""), ",\"icmp\":{\"type\":3,\"code\":3,\"from\":\"192.0.2.2\",\"count\":4,\"ago-ms\":10}", NULL),
		     "no-answer", "ICMP from 192.0.2.2 said: port unreachable (4 times)", "no IKE daemon listens there", 3);
	/* Of port 4500 the agent may not be able to hear any. */
	assert_first(judge("\"ours\":" FAILURE("peer-dead", ",\"port\":4500"), "", NULL), "peer-dead",
		     "on UDP port 4500 to IKE_SA_INIT: sent 6 times, given up 0 s ago; whether ICMP came back is not known", "", 3);
	assert_first(judge("\"ours\":" FAILURE("peer-dead", ",\"port\":4500"), ",\"hears-icmp\":true", NULL), "peer-dead",
		     "given up 0 s ago; no ICMP came back", "", 3);
	/* ICMP of an earlier attempt has nothing to do with this one. */
	assert_first(judge("\"ours\":" FAILURE("no-answer", ""), ",\"icmp\":{\"type\":3,\"code\":3,\"from\":\"192.0.2.2\",\"count\":4,\"ago-ms\":10000}", NULL),
		     "no-answer", "no ICMP came back", "", 3);
	assert_first(judge("\"ours\":" FAILURE("no-answer-auth", ",\"nat-local\":true"), "", NULL), "no-answer-auth",
		     "UDP port 500 works, port 4500 does not: IKE_SA_INIT was answered, 6 IKE_AUTH to port 500 were not (0 s ago)",
		     "let it pass every firewall; if one refuses it by ICMP, tcpdump -n icmp or icmp6 shows which", 0);
	assert_first(judge("\"ours\":" FAILURE("no-answer-auth", ",\"nat-local\":true"), ",\"hears-icmp\":true", NULL), "no-answer-auth",
		     "IKE_AUTH to port 500 were not (0 s ago); no ICMP came back", "let it pass every firewall", 0);
	/* Who shuts the port may say so. */
	assert_first(judge("\"ours\":" FAILURE("no-answer-auth", ",\"nat-local\":true"), ",\"icmp\":{\"type\":3,\"code\":13,\"from\":\"192.0.2.9\",\"count\":6,\"ago-ms\":10}", NULL),
		     "no-answer-auth", "(0 s ago); ICMP from 192.0.2.9 said: administratively prohibited (6 times)", "let it pass every firewall, first of all where ICMP comes from", 0);
	assert_first(judge("\"ours\":" FAILURE("no-answer-auth", ""), "", NULL), "no-answer-auth",
		     "was not (sent 6 times, 0 s ago); no ICMP came back", "the peer ignores us", 0);
	assert_first(judge("\"ours\":" FAILURE("no-answer-auth", ""), ",\"icmp\":{\"type\":3,\"code\":13,\"from\":\"192.0.2.9\",\"count\":6,\"ago-ms\":10}", NULL),
		     "no-answer-auth", "was not (sent 6 times, 0 s ago); ICMP from 192.0.2.9 said: administratively prohibited (6 times)",
		     "the peer ignores us", 0);
}

/* Each kind of ICMP that may come instead of an answer, RFC 792 and RFC 4443. */
static void kinds_of_icmp(void **state)
{
	static const struct {
		const char *remote;
		int type, code;
		const char *said, *remedy;
	} all[] = {
		{ "192.0.2.2", 3, 0, "network unreachable", "mend the routing there" },
		{ "192.0.2.2", 3, 1, "host unreachable", "the peer is off, or remote is wrong" },
		{ "192.0.2.2", 3, 3, "port unreachable", "no IKE daemon listens there" },
		{ "192.0.2.2", 3, 9, "administratively prohibited", "open them" },
		{ "192.0.2.2", 3, 10, "administratively prohibited", "open them" },
		{ "192.0.2.2", 3, 13, "administratively prohibited", "open them" },
		{ "192.0.2.2", 3, 5, "unreachable", "mend the routing there" },
		{ "192.0.2.2", 11, 0, "time exceeded: its packets go round in circles", "mend the routing there" },
		{ "2001:db8::2", 1, 0, "network unreachable", "mend the routing there" },
		{ "2001:db8::2", 1, 1, "administratively prohibited", "open them" },
		{ "2001:db8::2", 1, 3, "host unreachable", "the peer is off, or remote is wrong" },
		{ "2001:db8::2", 1, 4, "port unreachable", "no IKE daemon listens there" },
		{ "2001:db8::2", 1, 6, "unreachable", "mend the routing there" },
		{ "2001:db8::2", 3, 0, "time exceeded: its packets go round in circles", "mend the routing there" },
	};
	char more[200], said[120];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		/* (Of a key that is given twice the last one counts.) */
		snprintf(more, sizeof(more),
			 ",\"remote\":\"%s\",\"icmp\":{\"type\":%d,\"code\":%d,\"from\":\"the-router\",\"count\":2,\"ago-ms\":10}",
			 all[i].remote, all[i].type, all[i].code);
		snprintf(said, sizeof(said), "ICMP from the-router said: %s (2 times)", all[i].said);
		assert_first(judge("\"ours\":" FAILURE("no-answer", ""), more, NULL), "no-answer", said, all[i].remedy, 3);
	}
}

/* A tunnel that is up, with SAs of these ages, and with these failures. */
static json_t *judge_up(const char *ike_age, const char *child_age, const char *failures)
{
	struct facts facts = { .local_is_ours = true, .has_link = true, .underlay_error = -1 };
	char buf[2048];
	json_t *tunnel, *list;

	strcpy(facts.link.kind, "ipsvti");
	facts.link.up = true;
	snprintf(buf, sizeof(buf),
		 "{\"name\":\"a\",\"state\":\"up\",\"interface\":\"vti0\",\"local\":\"192.0.2.1\",\"remote\":\"192.0.2.2\","
		 "\"file\":\"%s\",\"failures\":{%s},\"ike-sas\":[{\"state\":\"established\",\"age-ms\":%s,\"child-sas\":["
		 "{\"state\":\"rekeyed\",\"age-ms\":1},{\"state\":\"installed\",\"age-ms\":%s}]},{\"state\":\"rekeyed\",\"age-ms\":1}]}",
		 file, failures, ike_age, child_age);
	tunnel = json_loads(buf, 0, NULL);
	assert_non_null(tunnel);
	list = findings(tunnel, &facts);
	json_decref(tunnel);
	return list;
}

static void assert_nothing(json_t *list)
{
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

#define REKEY(reason, step, more) "{\"reason\":\"" reason "\",\"step\":\"" step "\",\"count\":1,\"ago-ms\":100,\"since-ms\":100,\"text\":\"why\"" more "}"
#define OF_CHILD "CREATE_CHILD_SA"
#define OF_IKE "CREATE_CHILD_SA for the IKE SA"

/* What keeps SAs from being replaced, as long as nothing is younger than it. */
static void up_for_now(void **state)
{
	static const char esp[] = "\"ours\":" REKEY("esp-proposal", OF_CHILD, ",\"ours\":\"a\"");
	static const char ike[] = "\"ours\":" REKEY("ike-proposal", OF_IKE, ",\"ours\":\"a\"");
	static const char both[] = "\"ours\":" REKEY("ike-proposal", OF_IKE, "") ",\"theirs\":"
		REKEY("ike-proposal", OF_IKE, ",\"refused-by-us\":true,\"theirs\":\"b\",\"nearest\":\"b-c\"");
	static const char two[] = "\"ours\":" REKEY("ike-proposal", OF_IKE, "") ",\"theirs\":"
		REKEY("selectors", OF_CHILD, ",\"refused-by-us\":true");
	json_t *list;

	(void)state;
	list = judge_up("50", "200", esp);
	assert_string_equal(get(list, 0, "severity"), "warning");
	assert_first(list, "esp-proposal",
		     "it is up, but the next rekey will fail: the peer refused our ESP proposal at CREATE_CHILD_SA (NO_PROPOSAL_CHOSEN", "", 0);
	assert_nothing(judge_up("200", "50", esp));
	assert_first(judge_up("200", "50", ike), "ike-proposal",
		     "it is up, but the next rekey will fail: the peer refused our IKE proposal at CREATE_CHILD_SA for the IKE SA", "", 5);
	assert_nothing(judge_up("50", "200", ike));
	/* The two sides of one quarrel are one finding, and what the peer offers belongs to it. */
	list = judge_up("200", "200", both);
	assert_int_equal(json_array_size(list), 1);
	assert_first(list, "ike-proposal", "the peer refused our IKE proposal", "ike = { \"b-c\" }", 5);
	list = judge_up("200", "200", two);
	assert_int_equal(json_array_size(list), 2);
	json_decref(list);
	/* Reauthentication. Of others' attempts anybody may have made any. */
	assert_first(judge_up("200", "50", "\"ours\":" REKEY("auth-refused", "IKE_AUTH", "")), "auth-refused",
		     "it is up, but the next authentication will fail: the peer refused us at IKE_AUTH", "", 0);
	assert_nothing(judge_up("50", "200", "\"ours\":" REKEY("auth-refused", "IKE_AUTH", "")));
	assert_nothing(judge_up("200", "200", "\"theirs\":" REKEY("ike-proposal", "IKE_SA_INIT", ",\"refused-by-us\":true")));
}

static void keys_and_names(void **state)
{
	(void)state;
	assert_first(judge("\"ours\":" FAILURE("auth-refused", "") ",\"theirs\":" FAILURE("psk", ""), "", NULL), "psk",
		     "the pre-shared keys of the two ends are not the same", "psk-file", 6);
	assert_first(judge("\"theirs\":" FAILURE("identity", ",\"theirs\":\"z\",\"nearest\":\"x\""), "", NULL), "identity",
		     "the peer says it is \"z\", but remote-id is \"y\"", "remote-id = \"z\"", 0);
	assert_first(judge("\"theirs\":" FAILURE("identity", ",\"theirs\":\"y\",\"nearest\":\"w\""), "", NULL), "identity",
		     "the peer wants to speak to \"w\", but local-id is \"x\"", "local-id = \"w\"", 0);
	assert_first(judge("\"ours\":" FAILURE("certificate-not-yet-valid", ",\"text\":\"not yet\""), ",\"unix-time\":0", NULL),
		     "certificate-not-yet-valid", "not yet; the clock here says 1970-01-01 00:00 UTC", "correct the clock", 0);
}

/* What we have to show who we are: no peer has seen it, and the remedy is in our file. */
static void own_keys(void **state)
{
	static const char expired[] = ",\"text\":\"our own certificate has expired on 2020-01-01 00:00:00 UTC\"";
	static const char cert[] = ",\"unix-time\":4102444800,\"config\":{\"auth\":\"cert\"}";
	char failure[512];
	FILE *fp = fopen(file, "ae");

	(void)state;
	assert_non_null(fp);
	fputs("cert-file = z\n", fp);
	fclose(fp);
	snprintf(failure, sizeof(failure), "\"ours\":" FAILURE("own-key", "%s"), expired);
	assert_first(judge(failure, cert, NULL), "own-key",
		     "our own certificate has expired on 2020-01-01 00:00:00 UTC; the clock here says 2100-01-01 00:00 UTC",
		     "put a new certificate there, with its key into key-file, then ipsvtictl reload; if it should be valid, correct the clock", 7);
	/* The same if it is the peer that has begun. */
	snprintf(failure, sizeof(failure), "\"theirs\":" FAILURE("own-key", "%s"), expired);
	assert_first(judge(failure, cert, NULL), "own-key", "the clock here says", "put a new certificate there", 7);
	assert_first(judge("\"ours\":" FAILURE("own-key", ",\"text\":\"the peer does not know Ed25519 signatures\""), cert, NULL), "own-key",
		     "the peer does not know Ed25519 signatures", "a key there that both ends can use, such as RSA or ECDSA, then ipsvtictl reload", 7);
	assert_first(judge("\"ours\":" FAILURE("own-key", ",\"text\":\"there is no usable PSK\""), ",\"config\":{\"auth\":\"psk\"}", NULL), "own-key",
		     "there is no usable PSK", "put the key into that file, then ipsvtictl reload", 6);
	/* The two ends may show who they are in different ways: a PSK is no certificate, whichever is ours. */
	assert_first(judge("\"ours\":" FAILURE("own-key", ",\"text\":\"there is no usable PSK: Required key not available\""),
			   ",\"config\":{\"auth\":\"cert\",\"remote-auth\":\"psk\"}", NULL), "own-key",
		     "there is no usable PSK", "put the key into that file, then ipsvtictl reload", 6);
	assert_first(judge("\"theirs\":" FAILURE("own-key", ",\"text\":\"there is no usable PSK: Required key not available\""),
			   ",\"config\":{\"auth\":\"psk\",\"remote-auth\":\"cert\"}", NULL), "own-key",
		     "there is no usable PSK", "put the key into that file, then ipsvtictl reload", 6);
}

/* Neither the device nor the way can be there before the address is. */
static void nameless(void **state)
{
	struct facts facts = { .local_is_ours = true, .underlay_error = -1 };
	char buf[512];
	json_t *tunnel, *list;

	(void)state;
	snprintf(buf, sizeof(buf),
		 "{\"name\":\"a\",\"state\":\"no-address\",\"interface\":\"vti0\",\"local\":\"192.0.2.1\","
		 "\"remote\":\"peer.example\",\"file\":\"%s\",\"failures\":{}}", file);
	tunnel = json_loads(buf, 0, NULL);
	assert_non_null(tunnel);
	list = findings(tunnel, &facts);
	json_decref(tunnel);
	assert_int_equal(json_array_size(list), 1);
	assert_first(list, "no-address-of-peer", "peer.example, has no address yet", "is the name right", 3);
}

/* One that shares an IKE SA: what is wrong with that, another tunnel knows, and its file. */
static void shared(void **state)
{
	static const char owner[] = ",\"config\":{\"ike-sa-of\":\"b\"},\"ike-sa-file\":\"/nonexistent/b.conf\"";
	struct facts facts = { .has_link = true, .underlay_error = -1 };
	char up[512];
	json_t *list;

	(void)state;
	strcpy(facts.link.kind, "ipsvti");
	facts.link.up = true;
	assert_first(judge("", owner, NULL), "ike-sa-of", "its IKE SA is that of tunnel b, which has none now", "ipsvtictl explain b", 0);
	snprintf(up, sizeof(up), "%s,\"ike-sas\":[{\"state\":\"established\"}]", owner);
	list = judge("", up, NULL);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	list = judge("", up, &facts);
	assert_string_equal(get(list, 0, "file"), "/nonexistent/b.conf");
	assert_first(list, "local-address", "192.0.2.1 is not an address of this machine", "", 0);
	/* What is of the CHILD SA is its own. */
	list = judge("\"ours\":" FAILURE("esp-proposal", ""), up, NULL);
	assert_string_equal(get(list, 0, "file"), file);
	assert_string_equal(get(list, 0, "key"), "esp");
	json_decref(list);
}

static void kernel(void **state)
{
	struct facts facts = { .has_link = true, .local_is_ours = true, .has_routes = true, .addresses = 1, .routes = 1 };
	json_t *list;

	(void)state;
	strcpy(facts.link.kind, "ipsvti");
	strcpy(facts.link.name, "vti0");
	facts.link.up = true;
	facts.link.ifindex = facts.underlay.ifindex = 5;
	assert_first(judge("", "", &facts), "route-loop", "leads into vti0, the tunnel itself", "ip route add 192.0.2.2", 0);
	facts.underlay.ifindex = 2;
	facts.routes = 0;
	assert_first(judge("", "", &facts), "no-route", "no route leads into vti0", "ip route add", 0);
	facts.local_is_ours = false;
	assert_first(judge("", "", &facts), "local-address", "192.0.2.1 is not an address of this machine", "", 2);
	facts.local_is_ours = true;
	facts.routes = 1;
	list = judge("", "", &facts);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	facts.has_pair = true;
	facts.pair.out.packets = 5;
	assert_first(judge("", "", &facts), "nothing-back", "5 packets were sent with the SA in use, and none came back", "ESP", 0);
}

/* Outer packets that are marked, or bound to a device or a VRF, go other ways than all. */
static void ways(void **state)
{
	struct facts facts = { .has_link = true, .local_is_ours = true, .has_routes = true, .addresses = 1, .routes = 1 };

	(void)state;
	strcpy(facts.link.kind, "ipsvti");
	strcpy(facts.link.name, "vti0");
	facts.link.up = true;
	facts.link.ifindex = 5;
	facts.underlay_error = ENETUNREACH;
	assert_first(judge("", "", &facts), "no-underlay-route", "no route to the peer 192.0.2.2: Network",
		     "ip route add 192.0.2.2 via GATEWAY", 0);
	facts.link.fwmark = 0x2a;
	assert_first(judge("", "", &facts), "no-underlay-route", "no route to the peer 192.0.2.2 with mark 0x2a: Network",
		     "ip route add 192.0.2.2 via GATEWAY table TABLE, with the one that ip rule has", 0);
	strcpy(facts.bound_name, "wan");
	assert_first(judge("", "", &facts), "no-underlay-route", "the peer 192.0.2.2 with mark 0x2a by wan: Network",
		     "ip route add 192.0.2.2 via GATEWAY dev wan", 0);
	facts.link.fwmark = 0;
	facts.bound_is_vrf = true;
	assert_first(judge("", "", &facts), "no-underlay-route", "the peer 192.0.2.2 by wan: Network",
		     "ip route add 192.0.2.2 via GATEWAY vrf wan", 0);
	facts.underlay_error = 0;
	facts.underlay.ifindex = 5;
	assert_first(judge("", "", &facts), "route-loop", "the peer 192.0.2.2 by wan leads into vti0", "via GATEWAY vrf wan", 0);
}

/* A device with other outer addresses than the tunnel. */
static void device_addresses(void **state)
{
	struct facts facts = { .has_link = true, .local_is_ours = true, .underlay_error = -1 };
	json_t *list;

	(void)state;
	strcpy(facts.link.kind, "ipsvti");
	strcpy(facts.link.name, "vti0");
	facts.link.up = true;
	facts.link.local.family = facts.link.remote.family = AF_INET;
	inet_pton(AF_INET, "192.0.2.1", &facts.link.local.v4);
	inet_pton(AF_INET, "192.0.2.3", &facts.link.remote.v4);
	assert_first(judge("", "", &facts), "device-addresses",
		     "device vti0 has other addresses than the tunnel: local 192.0.2.1 remote 192.0.2.3 instead of local 192.0.2.1 remote 192.0.2.2",
		     "ip link change vti0 type ipsvti local 192.0.2.1 remote 192.0.2.2", 3);
	inet_pton(AF_INET, "192.0.2.2", &facts.link.remote.v4);
	list = judge("", "", &facts);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	inet_pton(AF_INET, "192.0.2.9", &facts.link.local.v4);
	assert_first(judge("", "", &facts), "device-addresses", "local 192.0.2.9 remote 192.0.2.2 instead of", "mend the line, or", 2);
	facts.link.local.family = facts.link.remote.family = AF_INET6;
	facts.link.local.v6 = in6addr_loopback;
	facts.link.remote.v6 = in6addr_any;
	assert_first(judge("", "", &facts), "device-addresses", "local ::1 remote :: instead of local 192.0.2.1 remote 192.0.2.2", "", 3);
	/* The agent gives the addresses to one that has none. */
	facts.link.local.v6 = in6addr_any;
	list = judge("", "", &facts);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

static void mtus_and_clocks(void **state)
{
	struct facts facts = { .has_link = true, .local_is_ours = true, .underlay_error = -1, .has_routes = true, .addresses = 1, .routes = 1 };
	json_t *list;

	(void)state;
	strcpy(facts.link.kind, "ipsvti");
	strcpy(facts.link.name, "vti0");
	facts.link.up = true;
	facts.link.mtu = 1500;
	facts.link.has = IPSVTI_HAS(IFLA_IPSVTI_MTU_AUTO);
	assert_first(judge("", "", &facts), "mtu-by-hand", "the MTU of vti0 was set to 1500 by hand",
		     "ip link set vti0 type ipsvti mtu-auto on", 0);
	facts.link.mtu_auto = true;
	list = judge("", "", &facts);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	facts.link.has |= IPSVTI_HAS(IFLA_IPSVTI_MSS_CLAMP);
	facts.link.mss_clamp = IPSVTI_MSS_CLAMP_OFF;
	assert_first(judge("", "", &facts), "mss-clamp-off", "vti0 leaves the MSS of TCP as it is",
		     "ip link set vti0 type ipsvti mss-clamp auto", 0);
	facts.link.mss_clamp = IPSVTI_MSS_CLAMP_AUTO;
	list = judge("", "", &facts);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	facts.has_tunnel = true;
	facts.tunnel.counters.value[IPSVTI_A_COUNTERS_TX_TOO_BIG] = 8;
	facts.looked_before.value[IPSVTI_A_COUNTERS_TX_TOO_BIG] = 5;
	facts.look_ms = 2000;
	assert_first(judge("", "", &facts), "tx-too-big", "3 packets dropped within 2 s, 8 since the device was made: tx-too-big",
		     "set mss-clamp auto on the device", 0);
	assert_first(judge("\"ours\":" FAILURE("certificate-expired", ",\"text\":\"gone\""), ",\"unix-time\":4102444800", NULL),
		     "certificate-expired", "gone; the clock here says 2100-01-01 00:00 UTC", "correct the clock", 0);
}

/* Each reason to drop a packet has a remedy; a dummy packet is none that was dropped. */
static void drops(void **state)
{
	struct facts facts = { .has_link = true, .local_is_ours = true, .has_tunnel = true, .underlay_error = -1 };
	json_t *list, *f;
	size_t i;

	(void)state;
	strcpy(facts.link.kind, "ipsvti");
	facts.link.up = true;
	facts.look_ms = 2000;
	for (i = 2; i <= IPSVTI_A_COUNTERS_MAX; i++)
		facts.tunnel.counters.value[i] = 7;
	list = judge("", "", &facts);
	assert_int_equal(json_array_size(list), IPSVTI_A_COUNTERS_MAX - 1 - 4 - 1);
	json_array_foreach(list, i, f) {
		assert_contains(get(list, i, "text"), "7 packets dropped within 2 s");
		assert_string_equal(get(list, i, "severity"), "warning");
		assert_true(*get(list, i, "remedy"));
		assert_string_not_equal(get(list, i, "id"), "rx-dummy");
	}
	json_decref(list);
}

/* What was dropped once, and is not any more, is told and is no warning. */
static void drops_of_old(void **state)
{
	struct facts facts = { .has_link = true, .local_is_ours = true, .has_tunnel = true, .underlay_error = -1 };
	json_t *list;

	(void)state;
	strcpy(facts.link.kind, "ipsvti");
	facts.link.up = true;
	assert_false(findings_want_look(&facts));
	facts.tunnel.counters.value[IPSVTI_A_COUNTERS_RX_DUMMY] = 5;
	assert_false(findings_want_look(&facts));
	facts.tunnel.counters.value[IPSVTI_A_COUNTERS_TX_NO_SA] = 5;
	facts.tunnel.counters.value[IPSVTI_A_COUNTERS_TX_SELECTOR] = 4;
	assert_true(findings_want_look(&facts));
	facts.looked_before = facts.tunnel.counters;
	facts.look_ms = 2000;
	list = judge("", "", &facts);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(get(list, 0, "id"), "tx-no-sa");
	assert_string_equal(get(list, 1, "id"), "tx-selector");
	assert_string_equal(get(list, 1, "severity"), "note");
	assert_string_equal(get(list, 1, "text"), "4 packets dropped since the device was made, none of them now: tx-selector");
	assert_contains(get(list, 1, "remedy"), "local-ts");
	json_decref(list);
	/* The SA that was missing is there: of that there is nothing to say, unless it goes on. */
	list = findings_up(&facts);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(get(list, 0, "id"), "tx-selector");
	json_decref(list);
	facts.looked_before.value[IPSVTI_A_COUNTERS_TX_NO_SA]--;
	list = findings_up(&facts);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(get(list, 0, "severity"), "warning");
	assert_string_equal(get(list, 0, "text"), "1 packets dropped within 2 s, 5 since the device was made: tx-no-sa");
	json_decref(list);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(lines, make_file, remove_file),
	cmocka_unit_test_setup_teardown(proposals, make_file, remove_file),
	cmocka_unit_test_setup_teardown(answers, make_file, remove_file),
	cmocka_unit_test_setup_teardown(kinds_of_icmp, make_file, remove_file),
	cmocka_unit_test_setup_teardown(up_for_now, make_file, remove_file),
	cmocka_unit_test_setup_teardown(keys_and_names, make_file, remove_file),
	cmocka_unit_test_setup_teardown(own_keys, make_file, remove_file),
	cmocka_unit_test_setup_teardown(nameless, make_file, remove_file),
	cmocka_unit_test_setup_teardown(shared, make_file, remove_file),
	cmocka_unit_test_setup_teardown(kernel, make_file, remove_file),
	cmocka_unit_test_setup_teardown(ways, make_file, remove_file),
	cmocka_unit_test_setup_teardown(device_addresses, make_file, remove_file),
	cmocka_unit_test_setup_teardown(mtus_and_clocks, make_file, remove_file),
	cmocka_unit_test(drops),
	cmocka_unit_test(drops_of_old),
};

SUITE(finding_suite, tests);
