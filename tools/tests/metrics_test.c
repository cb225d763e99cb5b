// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenMetrics text, and amounts as people read them. */
#include "tests.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"

static char *write_after(const char *answer, const char *before, const struct live *live)
{
	json_t *json = answer ? json_loads(answer, 0, NULL) : NULL;
	json_t *last = before ? json_loads(before, 0, NULL) : NULL;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_true(!answer == !json && !before == !last);
	metrics_write(to, json, last, live);
	fclose(to);
	json_decref(json);
	json_decref(last);
	return text;
}

static char *write_out(const char *answer, const struct live *live)
{
	return write_after(answer, NULL, live);
}

#define DOWN "{\"name\":\"a\",\"state\":\"waiting\",\"interface\":\"vti0\",\"last-failure\":\"psk\"}"
#define UP "{\"name\":\"b\\\"\\\\\",\"state\":\"up\",\"interface\":\"vti1\"," \
	   "\"ike-sas\":[{\"child-sas\":[{\"state\":\"rekeyed\",\"age-ms\":1,\"rekey-in-ms\":9}," \
	   "{\"state\":\"installed\",\"age-ms\":2000,\"rekey-in-ms\":60500}]}]}"

static void never_absent(void **state)
{
	struct ipsvti_tunnel device = { .ifname = "vti1", .carrier = true, .mtu = 1438 };
	const struct live live = { .tunnels = &device, .count = 1, .known = true };
	char *text;

	(void)state;
	device.counters.value[IPSVTI_A_COUNTERS_RX_BYTES] = 12345678901234567;
	device.counters.value[IPSVTI_A_COUNTERS_RX_REPLAY] = 3;
	text = write_out("{\"tunnels\":[" DOWN "," UP "],\"counters\":{\"replays\":4}}", &live);
	assert_contains(text, "\nipsvti_agent_up 1\n");
	assert_contains(text, "\nipsvti_tunnel_up{tunnel=\"a\"} 0\n");
	assert_contains(text, "\nipsvti_tunnel_up{tunnel=\"b\\\"\\\\\"} 1\n");
	assert_contains(text, "\nipsvti_tunnel_carrier{tunnel=\"a\"} 0\n");
	assert_contains(text, "\nipsvti_tunnel_receive_bytes_total{tunnel=\"a\"} 0\n");
	assert_contains(text, "\nipsvti_tunnel_receive_bytes_total{tunnel=\"b\\\"\\\\\"} 12345678901234568\n");
	assert_contains(text, "\nipsvti_tunnel_drops_total{tunnel=\"a\",reason=\"rx-replay\"} 0\n");
	assert_contains(text, "\nipsvti_tunnel_drops_total{tunnel=\"b\\\"\\\\\",reason=\"rx-replay\"} 3\n");
	assert_contains(text, "\nipsvti_tunnel_last_failure{tunnel=\"a\",reason=\"psk\"} 1\n");
	assert_contains(text, "\nipsvti_tunnel_last_failure{tunnel=\"a\",reason=\"other\"} 0\n");
	/* Of the SA that is in use, and not of one that is replaced. */
	assert_contains(text, "\nipsvti_tunnel_rekey_seconds{tunnel=\"b\\\"\\\\\"} 60.5\n");
	assert_contains(text, "\nipsvti_tunnel_rekey_seconds{tunnel=\"a\"} 0\n");
	assert_contains(text, "\nipsvti_ike_events_total{event=\"replays\"} 4\n");
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	free(text);
}

static void not_known(void **state)
{
	const struct live none = { 0 };
	char *text = write_out(NULL, &none);

	(void)state;
	assert_contains(text, "\nipsvti_agent_up 0\n");
	free(text);
	/* What the kernel does not tell is not 0. */
	text = write_out("{\"tunnels\":[" DOWN "]}", &none);
	assert_null(strstr(text, "receive_bytes"));
	assert_contains(text, "\nipsvti_tunnel_up{tunnel=\"a\"} 0\n");
	free(text);
}

/* The agent's tunnels outlive it, and the kernel says whether they carry. */
static void agent_gone(void **state)
{
	struct ipsvti_tunnel device = { .ifname = "vti1", .carrier = true, .mtu = 1438 };
	struct live live = { .tunnels = &device, .count = 1, .known = true };
	const char before[] = "{\"tunnels\":[" DOWN "," UP "],\"counters\":{\"replays\":4}}";
	char *text = write_after(NULL, before, &live);

	(void)state;
	assert_contains(text, "\nipsvti_agent_up 0\n");
	assert_null(strstr(text, "ipsvti_agent_up 1"));
	assert_contains(text, "\nipsvti_tunnel_up{tunnel=\"a\"} 0\n");
	assert_contains(text, "\nipsvti_tunnel_up{tunnel=\"b\\\"\\\\\"} 1\n");
	assert_contains(text, "\nipsvti_tunnel_ike_sas{tunnel=\"b\\\"\\\\\"} 0\n");
	assert_contains(text, "\nipsvti_tunnel_last_failure{tunnel=\"a\",reason=\"psk\"} 1\n");
	assert_contains(text, "\nipsvti_tunnel_mtu_bytes{tunnel=\"b\\\"\\\\\"} 1438\n");
	assert_null(strstr(text, "ipsvti_tunnel_since_seconds{"));
	assert_null(strstr(text, "ipsvti_ike_events_total{"));
	free(text);
	/* It has ended its SAs. */
	device.carrier = false;
	text = write_after(NULL, before, &live);
	assert_contains(text, "\nipsvti_tunnel_up{tunnel=\"b\\\"\\\\\"} 0\n");
	free(text);
	/* It was never seen: the devices are what there is. */
	device.local.family = AF_INET;
	device.local.v4.s_addr = htonl(0xc0000201);
	text = write_after(NULL, NULL, &live);
	assert_contains(text, "\nipsvti_tunnel_up{tunnel=\"vti1\"} 0\n");
	assert_contains(text, "\nipsvti_tunnel_info{tunnel=\"vti1\",interface=\"vti1\",local=\"192.0.2.1\",remote=\"\"} 1\n");
	free(text);
	/* Nor is the module there. */
	live = (struct live){ 0 };
	text = write_after(NULL, before, &live);
	assert_contains(text, "\nipsvti_tunnel_up{tunnel=\"b\\\"\\\\\"} 0\n");
	assert_null(strstr(text, "mtu_bytes"));
	free(text);
}

static void amounts(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(live_amount(0, buf, sizeof(buf)), "0");
	assert_string_equal(live_amount(999, buf, sizeof(buf)), "999");
	assert_string_equal(live_amount(1000, buf, sizeof(buf)), "1.00 k");
	assert_string_equal(live_amount(12345, buf, sizeof(buf)), "12.3 k");
	assert_string_equal(live_amount(999499, buf, sizeof(buf)), "999 k");
	assert_string_equal(live_amount(999501, buf, sizeof(buf)), "1.00 M");
	assert_string_equal(live_amount(1e18, buf, sizeof(buf)), "1000 P");
}

static void served(void **state)
{
	char out[1024];

	(void)state;
	/* Neither another machine's address, nor one that others reach. */
	assert_int_equal(run(out, sizeof(out), "timeout 10 %s metrics listen 0.0.0.0:9110 2>&1", from_env("IPSVTICTL")), 2);
	assert_contains(out, "expected an address of this machine and a port");
	assert_int_equal(run(out, sizeof(out), "timeout 10 %s metrics listen 192.0.2.1:9110 2>&1", from_env("IPSVTICTL")), 2);
	assert_int_equal(run(out, sizeof(out), "timeout 10 %s metrics listen [::]:9110 2>&1", from_env("IPSVTICTL")), 2);
	assert_int_equal(run(out, sizeof(out), "timeout 10 %s metrics listen 127.0.0.1 2>&1", from_env("IPSVTICTL")), 2);
	assert_int_equal(run(out, sizeof(out), "timeout 10 %s metrics lisen x 2>&1", from_env("IPSVTICTL")), 2);
	assert_contains(out, "expected \"listen\"");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(never_absent),
	cmocka_unit_test(not_known),
	cmocka_unit_test(agent_gone),
	cmocka_unit_test(amounts),
	cmocka_unit_test(served),
};

SUITE(metrics_suite, tests);
