// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration: each error with its exact text, and what good files mean.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "conf_value.h"
#include "folder.h"
#include "pki.h"
#include "proposal.h"

#define GOOD                          \
	"local = \"192.0.2.1\"\n"     \
	"remote = \"198.51.100.2\"\n" \
	"psk-file = \"a.psk\"\n"

/* ---- a folder to write into, and the errors collected -------------------- */

struct fixture {
	struct folder folder;
	char errors[8192]; /* with the folder's name cut off, one in a line */
	struct conf_errors sink;
};

/*
 * Whatever the parser says, the reader learns what was expected or what to do. (A
 * table of the texts themselves would only have those that somebody thought of.)
 */
static void assert_helps(const char *text)
{
	static const char *const words[] = { "; ", "expected ", ": use ", " leave out " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(text, words[i]))
			return;
	fail_msg("neither what was expected nor a remedy: %s", text);
}

static void collect(void *arg, const char *text)
{
	struct fixture *f = arg;
	size_t len = strlen(f->errors), dir = strlen(f->folder.path);

	assert_helps(text);

	if (!strncmp(text, f->folder.path, dir) && text[dir] == '/')
		text += dir + 1;
	snprintf(f->errors + len, sizeof(f->errors) - len, "%s\n", text);
}

static const char *path_of(const struct fixture *f, const char *name)
{
	return folder_file(&f->folder, name);
}

static void put(const struct fixture *f, const char *name, const char *text,
		mode_t mode)
{
	folder_put(&f->folder, name, text, mode);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	unsetenv("NOTIFY_SOCKET"); /* that of whoever runs the tests */
	if (folder_make(&f->folder, "conf"))
		return -1;
	f->sink.report = collect;
	f->sink.arg = f;
	put(f, "a.psk", "the secret\n", 0600);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int ret = folder_remove(&f->folder);

	free(f);
	return ret;
}

/* The errors that a file a.conf with @text makes. */
static const char *errors_of(struct fixture *f, const char *text)
{
	struct conf_tunnel *tunnel;

	f->errors[0] = '\0';
	f->sink.count = 0;
	put(f, "a.conf", text, 0644);
	tunnel = conf_tunnel_load(path_of(f, "a.conf"), &f->sink);
	/* A tunnel or errors, never both, never neither. */
	assert_int_equal(tunnel != NULL, f->sink.count == 0);
	conf_tunnel_free(tunnel);
	return f->errors;
}

static struct conf_tunnel *good(struct fixture *f, const char *text)
{
	struct conf_tunnel *tunnel;

	put(f, "a.conf", text, 0644);
	tunnel = conf_tunnel_load(path_of(f, "a.conf"), &f->sink);
	assert_string_equal(f->errors, "");
	assert_non_null(tunnel);
	return tunnel;
}

/* ---- what good files mean ------------------------------------------------ */

static void test_minimal(void **state)
{
	struct conf_tunnel *t = good(*state, GOOD);
	static const uint8_t local[] = { 192, 0, 2, 1 };
	static const uint8_t remote[] = { 198, 51, 100, 2 };

	assert_string_equal(t->ike.name, "a");
	assert_string_equal(t->interface, "a");
	assert_int_equal(t->ike.local.family, IKE_IPV4);
	assert_memory_equal(t->ike.local.octets, local, 4);
	assert_memory_equal(t->ike.remote.octets, remote, 4);
	assert_int_equal(t->ike.local_id.type, 0);
	assert_int_equal(t->psk.len, strlen("the secret"));
	assert_memory_equal(t->psk.octets, "the secret", t->psk.len);
	assert_int_equal(t->ike.start, IKE_START_ALWAYS);
	assert_int_equal(t->ike.natt, IKE_NATT_AUTO);
	assert_false(t->ike.childless);
	assert_int_equal(t->ike.child_lifetime_s, 0);
	/* The defaults hold the algorithms of the manual page. */
	assert_int_equal(t->ike.ike.n, 1);
	assert_int_equal(t->ike.ike.props[0].n_encr, 2);
	assert_int_equal(t->ike.ike.props[0].n_prf, 2);
	assert_int_equal(t->ike.ike.props[0].n_ke, 3);
	assert_int_equal(t->ike.esp.n, 1);
	assert_int_equal(t->ike.esp.props[0].n_encr, 2);
	assert_int_equal(t->ike.esp.props[0].n_prf, 0);
	assert_int_equal(t->ike.esp.props[0].n_ke, 3);
	assert_int_equal(t->ike.esp.props[0].n_esn, 2);
	assert_false(t->ike.esp.allow_legacy);
	conf_tunnel_free(t);
}

static void test_everything(void **state)
{
	struct conf_tunnel *t =
		good(*state, "# a tunnel, with everything\n"
			     "local = 2001:db8::1 # no quotes\n"
			     "remote = \"2001:db8::2\"\n"
			     "local-id = 'gw-a.example'\n"
			     "remote-id = \"admin@b.example\"\n"
			     "psk-file = \"a.psk\"\n"
			     "interface = vti0\n"
			     "ike = {\"aes256gcm16-prfsha384-ecp384\",\n"
			     "       # the other\n"
			     "       \"aes128gcm16-prfsha256-x25519\"}\n"
			     "esp = {\"aes256gcm16-noesn\", aes256-sha1}\n"
			     "allow-legacy = true\n"
			     "ike-lifetime = \"4h\"\n"
			     "child-lifetime = \"90m\"\n"
			     "reauth-time = 12h\n"
			     "child-bytes = 10G\n"
			     "child-packets = 1500\n"
			     "dpd-interval = 10\n"
			     "replay-window = 256\n"
			     "local-ts = {10.1.0.0/16, fd00:1::/64}\n"
			     "remote-ts = \"10.2.0.0/16[tcp/443]\"\n"
			     "start = passive\n"
			     "natt = force\n"
			     "childless = true\n");

	assert_int_equal(t->ike.local.family, IKE_IPV6);
	assert_int_equal(t->ike.local_id.type, 2);
	assert_int_equal(t->ike.local_id.len, strlen("gw-a.example"));
	assert_memory_equal(t->ike.local_id.data, "gw-a.example",
			    t->ike.local_id.len);
	assert_int_equal(t->ike.remote_id.type, 3);
	assert_string_equal(t->interface, "vti0");
	assert_int_equal(t->ike.n_local_ts, 2);
	assert_int_equal(t->ike.local_ts[1].family, IKE_IPV6);
	assert_int_equal(t->ike.n_remote_ts, 1);
	assert_int_equal(t->ike.remote_ts[0].protocol, 6);
	assert_int_equal(t->ike.remote_ts[0].end_port, 443);
	assert_int_equal(t->ike.ike.n, 2);
	assert_int_equal(t->ike.ike.props[0].encr[0].key_bits, 256);
	assert_int_equal(t->ike.ike.props[1].encr[0].key_bits, 128);
	assert_int_equal(t->ike.esp.n, 2);
	assert_int_equal(t->ike.esp.props[0].n_ke, 0);
	assert_int_equal(t->ike.esp.props[0].n_esn, 1);
	assert_int_equal(t->ike.esp.props[1].n_integ, 1);
	assert_true(t->ike.esp.allow_legacy);
	assert_int_equal(t->ike.ike_lifetime_s, 4 * 3600);
	assert_int_equal(t->ike.child_lifetime_s, 90 * 60);
	assert_int_equal(t->ike.reauth_s, 12 * 3600);
	assert_true(t->ike.child_bytes == 10000000000);
	assert_int_equal(t->ike.child_packets, 1500);
	assert_int_equal(t->ike.dpd_interval_s, 10);
	assert_int_equal(t->ike.replay_window, 256);
	assert_int_equal(t->ike.start, IKE_START_PASSIVE);
	assert_int_equal(t->ike.natt, IKE_NATT_FORCE);
	assert_true(t->ike.childless);
	conf_tunnel_free(t);
}

static void test_remote_by_name(void **state)
{
	struct conf_tunnel *t = good(*state, "local = 192.0.2.1\n"
					     "remote = gw-b.example\n"
					     "psk-file = a.psk\n");

	assert_int_equal(t->ike.remote.family, IKE_FAMILY_NONE);
	assert_string_equal(t->remote_name, "gw-b.example");
	assert_int_equal(t->ike.remote_id.type, 2);
	assert_memory_equal(t->ike.remote_id.data, "gw-b.example",
			    t->ike.remote_id.len);
	conf_tunnel_free(t);
	t = good(*state, "local = 192.0.2.1\n"
			 "remote-id = 198.51.100.2\n"
			 "remote = gw-b.example\n"
			 "psk-file = a.psk\n");
	assert_int_equal(t->ike.remote_id.type, 1);
	conf_tunnel_free(t);
	assert_string_equal(
		errors_of(*state, "local = 192.0.2.1\n"
				  "remote = 198.51.100\n"
				  "psk-file = a.psk\n"),
		"a.conf:2: remote: \"198.51.100\" is not an IP address; expected one such as 198.51.100.2 or 2001:db8::2\n");
}

static void test_same(void **state)
{
	struct conf_tunnel *a = good(*state, GOOD), *b;

	b = good(*state, "# only a comment more\n" GOOD);
	assert_true(conf_tunnel_same(a, b));
	conf_tunnel_free(b);
	b = good(*state, GOOD "child-lifetime = 2h\n");
	assert_false(conf_tunnel_same(a, b));
	conf_tunnel_free(b);
	b = good(*state, GOOD "reauth-time = 8h\n");
	assert_false(conf_tunnel_same(a, b));
	conf_tunnel_free(b);
	b = good(*state, GOOD "reauth-time = never\n");
	assert_true(conf_tunnel_same(a, b));
	conf_tunnel_free(b);
	b = good(*state, GOOD "esp = {aes128gcm16}\n");
	assert_false(conf_tunnel_same(a, b));
	conf_tunnel_free(b);
	b = good(*state, GOOD "allow-legacy = true\n");
	assert_false(conf_tunnel_same(a, b));
	conf_tunnel_free(b);
	b = good(*state, GOOD "remote-id = b.example\n");
	assert_false(conf_tunnel_same(a, b));
	conf_tunnel_free(b);
	conf_tunnel_free(a);
}

/* ---- errors, each with its place ----------------------------------------- */

static void test_values(void **state)
{
	static const struct {
		const char *line;
		const char *error;
	} cases[] = {
		{ "local-id = \"a b\"\n",
		  "a.conf:4: local-id: \"a b\" is not an identity; expected an IP address, a host name, NAME@HOST, #HEX or a name such as C=DE, O=Example, CN=gw\n" },
		{ "interface = \"a/b\"\n",
		  "a.conf:4: interface: \"a/b\" cannot be the name of a network device; expected 1 to 15 characters, none of them '/', ':', '%' or a blank\n" },
		{ "interface = sixteen-letters-\n",
		  "a.conf:4: interface: \"sixteen-letters-\" cannot be the name of a network device; expected 1 to 15 characters, none of them '/', ':', '%' or a blank\n" },
		{ "child-lifetime = \"1w\"\n",
		  "a.conf:4: child-lifetime: \"1w\" is not a duration; expected digits and s, m, h or d, such as 1h\n" },
		{ "# a comment\n\nike-lifetime = 9s\n",
		  "a.conf:6: ike-lifetime: \"9s\" is out of range; expected 10s to 30d\n" },
		{ "ike-lifetime = 31d\n",
		  "a.conf:4: ike-lifetime: \"31d\" is out of range; expected 10s to 30d\n" },
		{ "child-bytes = 999k\n",
		  "a.conf:4: child-bytes: \"999k\" is no number of octets; expected digits and k, M, G or T, such as 10G, at least 1000000\n" },
		{ "child-packets = 5x\n",
		  "a.conf:4: child-packets: \"5x\" is no number of packets; expected digits and k, M, G or T, such as 10G, at least 1000\n" },
		{ "dpd-interval = 0\n",
		  "a.conf:4: dpd-interval: \"0\" is out of range; expected 1s to 1h\n" },
		{ "replay-window = 63\n",
		  "a.conf:4: replay-window: \"63\" is no size; expected 64 to 4096 packets\n" },
		{ "local-ts = {10.0.0.0/8,\n       10.0.0.1/8}\n",
		  "a.conf:5: local-ts: \"10.0.0.1/8\" is no traffic selector; expected an address, ADDR/LEN without bits behind the prefix, or ADDR-ADDR, and perhaps [PROTOCOL] or [PROTOCOL/PORT] behind it, such as 10.2.0.0/16[tcp/443]\n" },
		{ "local-ts = 10.0.0.0/8\nremote-ts = fd00::/8\n",
		  "a.conf:5: remote-ts: has no address of a family that local-ts has: nothing could pass; expected one of the same family, or neither key\n" },
		{ "start = now\n",
		  "a.conf:4: start: \"now\" is unknown; expected \"always\", \"on-traffic\" or \"passive\"\n" },
		{ "childless = yes\n",
		  "a.conf:4: childless: \"yes\" is unknown; expected \"true\" or \"false\"\n" },
		{ "natt = yes\n",
		  "a.conf:4: natt: \"yes\" is unknown; expected \"auto\" or \"force\"\n" },
		{ "ike = {aes256gcm16-prfsha384-ecp384,\n       aes256gcm17-prfsha384-ecp384}\n",
		  "a.conf:5: ike: \"aes256gcm17-prfsha384-ecp384\": unknown algorithm \"aes256gcm17\"; did you mean \"aes256gcm16\"?\n" },
		{ "ike = {aes256gcm16-ecp384}\n",
		  "a.conf:4: ike: \"aes256gcm16-ecp384\": \"aes256gcm16-ecp384\" names no PRF; add one, such as prfsha384\n" },
		{ "esp = {x25519}\n",
		  "a.conf:4: esp: \"x25519\": \"x25519\" names no cipher; add one, such as aes256gcm16\n" },
		{ "ike = {aes256gcm16-prfsha384-x25519-ke1_ecp385}\n",
		  "a.conf:4: ike: \"aes256gcm16-prfsha384-x25519-ke1_ecp385\": unknown algorithm \"ke1_ecp385\"; did you mean \"ke1_ecp384\"?\n" },
		{ "ike = {aes256gcm16-prfsha384-mlkem768}\n",
		  "a.conf:4: ike: \"aes256gcm16-prfsha384-mlkem768\": \"mlkem768\" is done in addition to another key exchange only; use x25519-ke1_mlkem768\n" },
		{ "esp = {aes256gcm16-ke1_ecp384}\n",
		  "a.conf:4: esp: \"aes256gcm16-ke1_ecp384\": \"ke1_ecp384\" comes in addition to a key exchange, and there is none; add one, such as x25519\n" },
		{ "esp = {3des}\n",
		  "a.conf:4: esp: \"3des\": \"3des\" is too weak: use aes256gcm16, or aes256-sha256\n" },
		{ "ike = {aes256-sha256-modp2048,\n       aes256-sha256-modp1024}\n",
		  "a.conf:5: ike: \"aes256-sha256-modp1024\": \"modp1024\" is too weak: use modp2048, or better x25519 or ecp384\n" },
		{ "esp = {aes128-sha1}\nallow-legacy = false\n",
		  "a.conf:4: esp: \"aes128-sha1\": \"sha1\" is too weak: use sha256 or better, or set allow-legacy = true if the peer has nothing better\n" },
		{ "ike = {aes256gcm16-sha384-ecp384}\n",
		  "a.conf:4: ike: \"aes256gcm16-sha384-ecp384\": \"aes256gcm16\" needs no integrity algorithm: leave out \"sha384\", and name a PRF (such as prfsha384)\n" },
		{ "ike = {aes256gcm16-prfsha384}\n",
		  "a.conf:4: ike: \"aes256gcm16-prfsha384\": \"aes256gcm16-prfsha384\" names no key exchange; add one, such as ecp384\n" },
		{ "ike = {aes128gmac-prfsha384-ecp384}\n",
		  "a.conf:4: ike: \"aes128gmac-prfsha384-ecp384\": \"aes128gmac\" does not encrypt: it is for ESP only; use aes256gcm16\n" },
		{ "esp = {aes256-ecp384}\n",
		  "a.conf:4: esp: \"aes256-ecp384\": \"aes256\" needs an integrity algorithm; add one, such as sha256\n" },
		{ "esp = {aes256gcm16-prfsha384}\n",
		  "a.conf:4: esp: \"aes256gcm16-prfsha384\": \"prfsha384\" has no place in an ESP suite; leave it out\n" },
		{ "esp = {aes256gcm16-aes256-sha256}\n",
		  "a.conf:4: esp: \"aes256gcm16-aes256-sha256\": \"aes256gcm16\" and \"aes256\" cannot be in one proposal (RFC 7296, section 3.3); make it two, each with quotes of its own\n" },
		{ "esp = {aes128gmac,\n\"aes128gcm16\"}\n",
		  "a.conf:5: esp: \"aes128gcm16\": \"aes128gmac\" does not encrypt, so it cannot be an alternative to \"aes128gcm16\", which does; leave one of them out\n" },
		{ "esp = {aes256gcm16-}\n",
		  "a.conf:4: esp: \"aes256gcm16-\": unknown algorithm \"\"; expected names with \"-\" between them, which ipsvti.conf(5) lists\n" },
		{ "esp = {camellia256-sha256}\n",
		  "a.conf:4: esp: \"camellia256-sha256\": unsupported algorithm \"camellia256\": use aes256gcm16, or aes256-sha256\n" },
		{ "preset = gpc\n",
		  "a.conf:4: preset: \"gpc\" is unknown; expected \"aws\", \"azure\", \"gcp\" or \"strong\"\n" },
		{ "reauth-time = 5s\n",
		  "a.conf:4: reauth-time: \"5s\" is out of range; expected 1m to 30d, or never\n" },
		{ "allow-legacy = yes\n",
		  "a.conf:4: allow-legacy: \"yes\" is unknown; expected \"true\" or \"false\"\n" },
	};
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), GOOD "%s", cases[i].line);
		assert_string_equal(errors_of(*state, text), cases[i].error);
	}
}

/* Lists that are too long. */
static void test_many(void **state)
{
	char text[2048] = GOOD "local-ts = {10.0.0.0/24";
	size_t i;

	for (i = 1; i <= 32; i++)
		sprintf(text + strlen(text), ",\n10.0.%zu.0/24", i);
	strcat(text, "}\n");
	assert_string_equal(
		errors_of(*state, text),
		"a.conf:36: local-ts: there are more than 32; take larger networks, or leave the key out and let routes decide\n");
	strcpy(text, GOOD "esp = {aes128gcm16");
	for (i = 1; i <= IKE_SUITE_MAX; i++)
		strcat(text, ",\naes128gcm16");
	strcat(text, "}\n");
	assert_non_null(strstr(errors_of(*state, text), " proposals; leave some out\n"));
}

static void test_syntax(void **state)
{
	static const char expected[] =
		"; expected KEY = \"VALUE\", or KEY = {\"VALUE\", ...} for a list\n";
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ "local 192.0.2.1\n",
		  "a.conf:1: missing equal sign after option 'local'" },
		{ "# one\n# two\nlocal = {\"192.0.2.1\"}\n",
		  "a.conf:3: unexpected token '{'" },
		{ "remote = \"192.0.2.1\n\n",
		  "a.conf:3: premature end of file" },
	};
	char error[256];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(error, sizeof(error), "%s%s", cases[i].error, expected);
		assert_string_equal(errors_of(*state, cases[i].text), error);
	}
}

static void test_unknown_keys(void **state)
{
	assert_string_equal(
		errors_of(*state, GOOD "remote_id = \"b\"\n"),
		"a.conf:4: unknown key \"remote_id\"; did you mean \"remote-id\"?\n");
	assert_string_equal(
		errors_of(*state, GOOD "\nlifetime = 1h\n"),
		"a.conf:5: unknown key \"lifetime\"; ipsvti.conf(5) lists the known ones\n");
	assert_string_equal(
		errors_of(*state, "locl = 192.0.2.1\n"),
		"a.conf:1: unknown key \"locl\"; did you mean \"local\"?\n");
}

static void test_given_twice(void **state)
{
	assert_string_equal(errors_of(*state, GOOD "local = \"192.0.2.9\"\n"),
			    "a.conf:4: \"local\" is given twice, first in line 1; keep one\n");
	assert_string_equal(errors_of(*state, GOOD "esp = {aes128gcm16}\n"
						   "esp = {aes256gcm16}\n"),
			    "a.conf:5: \"esp\" is given twice, first in line 4; keep one\n");
}

static void test_missing(void **state)
{
	assert_string_equal(
		errors_of(*state, ""),
		"a.conf: \"local\" is missing; add local = \"OUR ADDRESS\"\n"
		"a.conf: \"remote\" is missing; add remote = \"ADDRESS OF THE PEER\"\n"
		"a.conf: \"psk-file\" is missing; add psk-file = \"FILE WITH THE KEY\"\n");
}

/* ---- certificates --------------------------------------------------------- */

#define ADDRESSES                \
	"local = 192.0.2.1\n"    \
	"remote = 198.51.100.2\n"
#define CERT ADDRESSES "local-id = gw.example\ncert-file = gw.pem\nkey-file = gw.key\n"

static void put_free(const struct fixture *f, const char *name, char *text,
		     mode_t mode)
{
	put(f, name, text, mode);
	free(text);
}

static void put_certificates(const struct fixture *f)
{
	struct pki *ca = pki_new(&(struct pki_spec){
		.name = "CN=CA", .constraints = "CA:TRUE" });
	struct pki *gw = pki_new(&(struct pki_spec){
		.name = "CN=gw", .issuer = ca,
		.names = "DNS:gw.example,IP:192.0.2.1" });

	put_free(f, "ca.pem", pki_cert_pem(ca), 0644);
	put_free(f, "ca.crl", pki_crl_pem(ca, NULL, 0, 1), 0644);
	put_free(f, "gw.pem", pki_cert_pem(gw), 0644);
	put_free(f, "gw.key", pki_key_pem(gw), 0600);
	put_free(f, "open.key", pki_key_pem(gw), 0644);
	put_free(f, "ca.key", pki_key_pem(ca), 0600);
	pki_free(gw);
	pki_free(ca);
}

/* The files that are there say how to authenticate. */
static void test_auth_implied(void **state)
{
	static const struct {
		const char *text;
		enum ike_auth_kind local;
		enum ike_auth_kind remote;
	} cases[] = {
		{ GOOD, IKE_AUTH_BY_PSK, IKE_AUTH_BY_PSK },
		{ CERT "ca-file = ca.pem\n", IKE_AUTH_BY_CERT,
		  IKE_AUTH_BY_CERT },
		{ CERT "psk-file = a.psk\n", IKE_AUTH_BY_CERT,
		  IKE_AUTH_BY_PSK },
		{ GOOD "ca-file = ca.pem\n", IKE_AUTH_BY_PSK,
		  IKE_AUTH_BY_CERT },
		{ CERT "auth = cert\nremote-auth = cert\nca-file = {ca.pem, gw.pem}\n"
		  "crl-file = ca.crl\nrsa-signature = pkcs1\n",
		  IKE_AUTH_BY_CERT, IKE_AUTH_BY_CERT },
		/* The default of local-id is the address. */
		{ ADDRESSES "cert-file = gw.pem\nkey-file = gw.key\nca-file = ca.pem\n",
		  IKE_AUTH_BY_CERT, IKE_AUTH_BY_CERT },
	};
	struct conf_tunnel *t, *psk;
	size_t i;

	put_certificates(*state);
	psk = good(*state, GOOD);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t = good(*state, cases[i].text);
		assert_int_equal(t->ike.local_auth, cases[i].local);
		assert_int_equal(t->ike.remote_auth, cases[i].remote);
		assert_int_equal(t->certs->n_chain,
				 cases[i].local == IKE_AUTH_BY_CERT);
		assert_int_equal(conf_tunnel_same(t, psk), i == 0);
		assert_int_equal(t->certs->pkcs1, i == 4);
		assert_int_equal(sk_X509_num(t->certs->authorities),
				 i == 4				      ? 2 :
				 cases[i].remote == IKE_AUTH_BY_CERT ? 1 :
								       0);
		assert_int_equal(sk_X509_CRL_num(t->certs->crls), i == 4);
		conf_tunnel_free(t);
	}
	conf_tunnel_free(psk);
}

/* Of the real clock: from 400 days before the little world's on. */
static void put_own_certificate(const struct fixture *f, int64_t left)
{
	struct pki *gw = pki_new(&(struct pki_spec){
		.name = "CN=gw", .names = "DNS:gw.example",
		.from = time(NULL) - PKI_NOW - 400 * PKI_DAY,
		.to = time(NULL) - PKI_NOW + left });

	put_free(f, "gw.pem", pki_cert_pem(gw), 0644);
	put_free(f, "gw.key", pki_key_pem(gw), 0600);
	pki_free(gw);
}

/* The warnings that a file a.conf with @text makes; it has no errors. */
static const char *warnings_of(struct fixture *f, const char *text)
{
	struct conf_tunnel *tunnel;

	f->errors[0] = '\0';
	put(f, "a.conf", text, 0644);
	f->sink.warn = collect;
	tunnel = conf_tunnel_load(path_of(f, "a.conf"), &f->sink);
	f->sink.warn = NULL;
	assert_non_null(tunnel);
	conf_tunnel_free(tunnel);
	return f->errors;
}

/* A certificate of ours that ends is told a month before, and is no error ever. */
static void test_own_expires(void **state)
{
	static const char text[] = CERT "ca-file = gw.pem\n";
	struct fixture *f = *state;

	put_own_certificate(f, 31 * PKI_DAY);
	assert_string_equal(warnings_of(f, text), "");
	put_own_certificate(f, 29 * PKI_DAY + PKI_DAY / 2);
	assert_int_equal(strncmp(warnings_of(f, text), "a.conf:4: cert-file: our own certificate expires within 30 days, on 2", 69), 0);
	assert_non_null(strstr(f->errors, " UTC; put a new one there before, with its key into key-file, then \"ipsvtictl reload\"\n"));
	put_own_certificate(f, PKI_DAY / 2);
	assert_non_null(strstr(warnings_of(f, text), "expires within 1 days, on 2"));
	put_own_certificate(f, -1);
	assert_int_equal(strncmp(warnings_of(f, text), "a.conf:4: cert-file: our own certificate has expired on 2", 57), 0);
	assert_non_null(strstr(f->errors, " UTC, so it is of no use; put a new one there, with its key into key-file, or correct the clock\n"));
}

/*
 * Where only a person can read a file, and the agent never when its unit starts it.
 * The folder of the test is below /tmp.
 */
static void test_hidden_from_the_unit(void **state)
{
	struct fixture *f = *state;
	char text[512], wanted[512];

	assert_string_equal(warnings_of(f, GOOD), "");
	snprintf(text, sizeof(text), ADDRESSES "psk-file = \"%s\"\n", path_of(f, "a.psk"));
	snprintf(wanted, sizeof(wanted),
		 "a.conf:3: psk-file: ipsvti-iked cannot read %s when its unit starts it, which hides all that is below /tmp; put it below /etc/ipsvti\n",
		 path_of(f, "a.psk"));
	assert_string_equal(warnings_of(f, text), wanted);
	put_certificates(f);
	snprintf(text, sizeof(text), GOOD "ca-file = {\"ca.pem\", \"%s\"}\n", path_of(f, "ca.pem"));
	assert_int_equal(strncmp(warnings_of(f, text), "a.conf:4: ca-file: ipsvti-iked cannot read /tmp/", 48), 0);

	assert_string_equal(conf_unit_hides("/home" "/a/x"), "/home");
	assert_string_equal(conf_unit_hides("/root" "/x"), "/root");
	assert_string_equal(conf_unit_hides("/run/user/0/x"), "/run/user");
	assert_string_equal(conf_unit_hides("/var/tmp/x"), "/var/tmp");
	assert_null(conf_unit_hides("/etc/ipsvti/tmp/x"));
	assert_null(conf_unit_hides("/homes/x"));
	assert_null(conf_unit_hides("tmp/x"));

	/* Whom the unit has started is told why it does not see what people see. */
	assert_string_equal(conf_cannot(ENOENT, "/tmp/x"), "No such file or directory");
	assert_int_equal(setenv("NOTIFY_SOCKET", "/run/none", 1), 0);
	assert_string_equal(conf_cannot(ENOENT, "/tmp/x"),
			    "No such file or directory; the unit of ipsvti-iked hides all that is below /tmp: put it below /etc/ipsvti");
	assert_string_equal(conf_cannot(ENOENT, "/etc/ipsvti/x"), "No such file or directory");
	unsetenv("NOTIFY_SOCKET");
	if (geteuid())
		return;
	assert_non_null(strstr(conf_cannot(EACCES, "/home" "/a/x"),
			       "usr.sbin.ipsvti-iked allows; its unit hides all that is below /home in any case: put it below /etc/ipsvti"));
	assert_null(strstr(conf_cannot(EACCES, "/srv/x"), "hides"));
}

static void test_auth_errors(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{ GOOD "auth = rsa\n",
		  "a.conf:4: auth: \"rsa\" is unknown; expected \"psk\" or \"cert\"\n" },
		{ CERT "ca-file = ca.pem\nrsa-signature = oaep\n",
		  "a.conf:7: rsa-signature: \"oaep\" is unknown; expected \"pss\" or \"pkcs1\"\n" },
		{ CERT, "a.conf: \"ca-file\" is missing; add ca-file = \"FILE WITH TRUSTED CERTIFICATES\"\n" },
		{ ADDRESSES "auth = cert\nca-file = ca.pem\n",
		  "a.conf: \"cert-file\" is missing; add cert-file = \"FILE WITH OUR CERTIFICATE\"\n"
		  "a.conf: \"key-file\" is missing; add key-file = \"FILE WITH OUR PRIVATE KEY\"\n" },
		{ CERT "ca-file = ca.pem\npsk-file = a.psk\n",
		  "a.conf:7: psk-file: is of no use where both ends show certificates; remove it, or say otherwise\n" },
		{ GOOD "auth = psk\ncert-file = gw.pem\n",
		  "a.conf:5: cert-file: is of no use where we use a pre-shared key; remove it, or say otherwise\n" },
		{ GOOD "crl-file = ca.crl\n",
		  "a.conf:4: crl-file: is of no use where the peer uses a pre-shared key; remove it, or say otherwise\n" },
		{ ADDRESSES "local-id = other.example\ncert-file = gw.pem\nkey-file = gw.key\nca-file = ca.pem\n",
		  "a.conf:4: cert-file: the certificate does not say that it is of \"other.example\"; it names \"CN=gw\", \"gw.example\", \"192.0.2.1\"; mend cert-file, key-file or local-id\n" },
		{ ADDRESSES "cert-file = gw.pem\nkey-file = ca.key\nca-file = ca.pem\n",
		  "a.conf:3: cert-file: the key does not belong to the (first) certificate, which is of \"CN=gw\"; mend cert-file, key-file or local-id\n" },
		{ ADDRESSES "remote-id = \"C=DE, CN\"\npsk-file = a.psk\n",
		  "a.conf:3: remote-id: \"C=DE, CN\" is not an identity; expected an IP address, a host name, NAME@HOST, #HEX or a name such as C=DE, O=Example, CN=gw\n" },
		{ GOOD "ca-file = \"\"\n",
		  "a.conf:4: ca-file: is empty; expected the name of a file\n" },
	};
	static const struct {
		const char *text;
		const char *error;
	} parts[] = {
		{ CERT "ca-file = none.pem\n",
		  "none.pem: No such file or directory; expected a PEM file\n" },
		{ CERT "ca-file = a.psk\n",
		  "a.psk: has no certificate; expected PEM that begins with \"-----BEGIN\"\n" },
		{ CERT "ca-file = {ca.pem,\n\"/\"}\n",
		  "a.conf:7: ca-file: / is not a regular file; put the PEM text in one\n" },
		{ ADDRESSES "cert-file = gw.pem\nkey-file = open.key\nca-file = ca.pem\n",
		  "open.key has mode 0644, so others can get at the key; run \"chmod 600 " },
		{ ADDRESSES "cert-file = gw.pem\nkey-file = gw.pem\nca-file = ca.pem\n",
		  "gw.pem has mode 0644" },
		{ ADDRESSES "cert-file = gw.key\nkey-file = gw.key\nca-file = ca.pem\n",
		  "gw.key: has no certificate; expected PEM" },
	};
	size_t i;

	put_certificates(*state);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(errors_of(*state, cases[i].text),
				    cases[i].error);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		assert_non_null(strstr(errors_of(*state, parts[i].text),
				       parts[i].error));
}

/* All errors of a file are told at once. */
static void test_addresses(void **state)
{
	assert_string_equal(
		errors_of(*state, "local = gw.example\n"
				  "remote = 0.0.0.0\n"
				  "psk-file = a.psk\n"),
		"a.conf:1: local: \"gw.example\" is not an IP address; expected one such as 198.51.100.2 or 2001:db8::2\n"
		"a.conf:2: remote: \"0.0.0.0\" is not an IP address; expected one such as 198.51.100.2 or 2001:db8::2\n");
	assert_string_equal(
		errors_of(*state, "remote = 2001:db8::2\n"
				  "local = 192.0.2.1\n"
				  "psk-file = a.psk\n"),
		"a.conf:1: remote: 2001:db8::2 is an IPv6 address but local 192.0.2.1 an IPv4 one; expected the same family\n");
}

static void test_tunnel_name(void **state)
{
	struct fixture *f = *state;

	put(f, "a b.conf", GOOD, 0644);
	assert_null(conf_tunnel_load(path_of(f, "a b.conf"), &f->sink));
	assert_string_equal(
		f->errors,
		"a b.conf: \"a b\" cannot be the name of a tunnel; rename the file to at most 31 letters, digits, '.', '_' and '-'\n");

	f->errors[0] = '\0';
	put(f, "a-name-of-24-characters-.conf", GOOD, 0644);
	assert_null(conf_tunnel_load(path_of(f, "a-name-of-24-characters-.conf"),
				     &f->sink));
	assert_string_equal(
		f->errors,
		"a-name-of-24-characters-.conf: \"interface\" is missing, and the tunnel's name cannot be that of a network device; add interface = \"vti0\"\n");
}

/* ---- the folder ---------------------------------------------------------- */

static void test_folder(void **state)
{
	struct fixture *f = *state;
	struct conf conf;

	put(f, "b.conf", GOOD "remote-id = b\n", 0644);
	put(f, "a.conf", GOOD, 0644);
	put(f, ".hidden.conf", "nonsense", 0644);
	put(f, "a.conf~", "nonsense", 0644);
	assert_int_equal(conf_load(f->folder.path, &conf, &f->sink), 0);
	assert_string_equal(f->errors, "");
	assert_int_equal(conf.count, 2);
	assert_string_equal(conf.tunnels[0]->ike.name, "a");
	assert_string_equal(conf.tunnels[1]->ike.name, "b");
	assert_ptr_equal(conf_find(&conf, "b"), conf.tunnels[1]);
	assert_null(conf_find(&conf, "c"));
	conf_free(&conf);

	put(f, "b.conf", GOOD "interface = a\nstart = x\n", 0644);
	put(f, "c.conf", GOOD "interface = a\n", 0644);
	assert_int_equal(conf_load(f->folder.path, &conf, &f->sink), -1);
	assert_int_equal(conf.count, 0);
	assert_non_null(strstr(f->errors, "b.conf:5: start: \"x\" is unknown;"));
	assert_non_null(strstr(f->errors, "c.conf:4: interface \"a\" is that of "));
	assert_non_null(strstr(f->errors, "/a.conf by its name, too; each tunnel needs its own: change interface in one of them"));
	assert_non_null(strstr(f->errors, "c.conf:2: remote: local 192.0.2.1, remote 198.51.100.2 and remote-id 198.51.100.2 are the same as those of "));
	assert_non_null(strstr(f->errors, "/a.conf:2; set remote-id in each of them to what that peer is called\n"));
	assert_int_equal(f->sink.count, 3);

	f->errors[0] = '\0';
	put(f, "a.conf", GOOD "start = always\ninterface = c\n", 0644);
	put(f, "b.conf", GOOD "remote-id = b\ninterface = c\n", 0644);
	put(f, "c.conf", GOOD "remote-id = c\n", 0644);
	assert_int_equal(conf_load(f->folder.path, &conf, &f->sink), -1);
	assert_non_null(strstr(f->errors, "b.conf:5: interface \"c\" is that of "));
	assert_non_null(strstr(f->errors, "/a.conf:5, too; "));
	assert_non_null(strstr(f->errors, "c.conf: interface \"c\" is that of "));
	assert_non_null(strstr(f->errors, "/b.conf:5, too; "));

	f->errors[0] = '\0';
	assert_int_equal(conf_load(path_of(f, "none"), &conf, &f->sink), -1);
	assert_string_equal(
		f->errors,
		"none: No such file or directory; expected a folder with one file NAME.conf for each tunnel\n");
}

/* What is most likely a tunnel's, and is not read, is told; keys and copies are not. */
static void test_misnamed(void **state)
{
	struct fixture *f = *state;
	struct conf conf;

	f->sink.warn = collect;
	put(f, "a.conf", GOOD, 0644);
	put(f, "b.cfg", "nonsense", 0644);
	put(f, "c.CONF", "nonsense", 0644);
	put(f, ".d.cfg", "nonsense", 0644);
	put(f, "a.conf~", "nonsense", 0644);
	put(f, "a.pem", "nonsense", 0644);
	put(f, "a.bird", "nonsense", 0644);
	put(f, "README", "nonsense", 0644);
	assert_int_equal(conf_load(f->folder.path, &conf, &f->sink), 0);
	assert_int_equal(conf.count, 1);
	assert_string_equal(
		f->errors,
		"b.cfg: is not read, its name does not end in \".conf\"; rename it to b.conf if it is that of a tunnel\n"
		"c.CONF: is not read, its name does not end in \".conf\"; rename it to c.conf if it is that of a tunnel\n");
	conf_free(&conf);
}

/* ---- tunnels that share an IKE SA ---------------------------------------- */

static void test_share(void **state)
{
	const struct conf_tunnel *a, *b;
	struct fixture *f = *state;
	struct conf conf;

	/* The owner may well come last. */
	put(f, "c.conf", GOOD "dpd-interval = 7\nremote-id = x\n", 0644);
	put(f, "a.conf", "ike-sa-of = c\nesp = aes128gcm16\n", 0644);
	put(f, "b.conf", "ike-sa-of = c\nstart = passive\n", 0644);
	assert_int_equal(conf_load(f->folder.path, &conf, &f->sink), 0);
	assert_string_equal(f->errors, "");
	a = conf_find(&conf, "a");
	b = conf_find(&conf, "c");
	assert_memory_equal(&a->ike.remote, &b->ike.remote,
			    sizeof(a->ike.remote));
	assert_int_equal(a->ike.remote.family, IKE_IPV4);
	assert_int_equal(a->ike.dpd_interval_s, 7);
	assert_int_equal(a->ike.esp.props[0].encr[0].key_bits, 128);
	assert_string_equal(a->ike.ike_sa_of, "c");
	assert_false(conf_tunnel_same(a, conf_find(&conf, "b")));
	conf_free(&conf);

	put(f, "a.conf", "ike-sa-of = b\n", 0644);
	put(f, "b.conf", "ike-sa-of = c\nlocal = 192.0.2.1\npsk-file = a.psk\n",
	    0644);
	put(f, "d.conf", "ike-sa-of = a/b\n", 0644);
	assert_int_equal(conf_load(f->folder.path, &conf, &f->sink), -1);
	assert_string_equal(
		f->errors,
		"b.conf:2: local: is that of tunnel \"c\", whose IKE SA this one shares; remove it here\n"
		"b.conf:3: psk-file: is that of tunnel \"c\", whose IKE SA this one shares; remove it here\n"
		"d.conf:1: ike-sa-of: \"a/b\" cannot be the name of a tunnel; expected that of another file, without \".conf\"\n"
		"a.conf:1: ike-sa-of: there is no good tunnel \"b\"; expected the name of another file, without \".conf\" and without errors in it\n");
	f->errors[0] = '\0';
	f->sink.count = 0;
	remove(path_of(f, "d.conf"));
	put(f, "b.conf", "ike-sa-of = c\n", 0644);
	assert_int_equal(conf_load(f->folder.path, &conf, &f->sink), -1);
	assert_string_equal(
		f->errors,
		"a.conf:1: ike-sa-of: tunnel \"b\" has no IKE SA of its own; say ike-sa-of = \"c\", as it does\n");
}

static void test_not_text(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(70001);

	memset(text, '\n', 70000);
	text[70000] = '\0';
	assert_string_equal(errors_of(f, text),
			    "a.conf: is longer than 65536 octets; expected the settings of one tunnel: is it another kind of file?\n");
	free(text);
	mkdir(path_of(f, "d.conf"), 0755);
	f->errors[0] = '\0';
	assert_null(conf_tunnel_load(path_of(f, "d.conf"), &f->sink));
	assert_string_equal(f->errors,
			    "d.conf: cannot be read: Is a directory; expected a file with the settings of a tunnel\n");
	f->errors[0] = '\0';
	assert_null(conf_tunnel_load(path_of(f, "none.conf"), &f->sink));
	assert_string_equal(f->errors,
			    "none.conf: cannot be read: No such file or directory; expected a file with the settings of a tunnel\n");
}

/* ---- values -------------------------------------------------------------- */

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint32_t seconds;
	} ok[] = {
		{ "0", 0 },	      { "90", 90 },	 { "90s", 90 },
		{ "15m", 900 },	      { "8h", 28800 },	 { "7d", 604800 },
		{ "0010m", 600 },     { "4294967295", UINT32_MAX },
		{ "49710d", 4294944000 },
	};
	static const char *const bad[] = {
		"", "s", "-1", "+1", " 1", "1 s", "1.5h", "1hh", "1H", "1w",
		"4294967296", "49711d", "99999999999999999999", "0x10",
	};
	uint32_t seconds;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ok) / sizeof(ok[0]); i++) {
		assert_true(conf_duration_parse(ok[i].text, &seconds));
		assert_int_equal(seconds, ok[i].seconds);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(conf_duration_parse(bad[i], &seconds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_minimal),     T(test_everything), T(test_same),
		T(test_remote_by_name),
		T(test_values),	     T(test_many), T(test_syntax),	 T(test_unknown_keys),
		T(test_given_twice), T(test_missing),	 T(test_auth_implied),
		T(test_own_expires), T(test_hidden_from_the_unit), T(test_auth_errors), T(test_addresses),
		T(test_tunnel_name), T(test_folder),	 T(test_share),
		T(test_misnamed),
		T(test_not_text),
		T(test_durations),
#undef T
	};

	return cmocka_run_group_tests_name("daemon: conf", tests, NULL, NULL);
}
