// SPDX-License-Identifier: GPL-2.0-or-later
/* "import aws": both forms, what is made of them, and what is wrong with others. */
#include "tests.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import.h"

static char out[16384];
static char dir[64];

static int ctl(const char *fmt, ...)
{
	char words[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return run(out, sizeof(out), "cd %s && %s %s 2>&1", dir,
		   from_env("IPSVTICTL"), words);
}

/* The samples stand beside this file. */
static const char *sample(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%.*s/aws/%s",
		 (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__, name);
	return path;
}

static char *slurp(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *fp = fopen(path, "re");

	if (!fp)
		fail_msg("%s cannot be read", path);
	text[fread(text, 1, 65535, fp)] = '\0';
	fclose(fp);
	return text;
}

static void spew(const char *name, const char *text)
{
	char path[128];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fp = fopen(path, "we");
	assert_non_null(fp);
	fputs(text, fp);
	assert_int_equal(fclose(fp), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/import-XXXXXX");
	return !mkdtemp(dir) || run(out, sizeof(out), "mkdir %s/to", dir);
}

static int teardown(void **state)
{
	(void)state;
	return run(out, sizeof(out), "rm -rf %s", dir);
}

/* How many files there are in "to", those that nobody sees too. */
static int files(void)
{
	struct dirent *entry;
	char path[128];
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/to", dir);
	d = opendir(path);
	assert_non_null(d);
	while ((entry = readdir(d)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(d);
	return n;
}

static void file_is(const char *name, mode_t mode, const char *expected)
{
	char path[128], *text;
	struct stat st;

	snprintf(path, sizeof(path), "%s/to/%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
	text = slurp(path);
	assert_string_equal(text, expected);
	free(text);
}

/* ---- what is made ---------------------------------------------------------- */

#define MADE "vpn-0a1b2c3d4e5f60718 of AWS, made by \"ipsvtictl import aws\".\n"

static void check_files(void)
{
	file_is("aws1.conf", 0644,
		"# Tunnel 1 of vpn-0a1b2c3d4e5f60718, made by \"ipsvtictl import aws\".\n"
		"preset = \"aws\"\n"
		"local = \"203.0.113.10\"\n"
		"remote = \"198.51.100.21\"\n"
		"psk-file = \"aws1.psk\"\n");
	file_is("aws2.conf", 0644,
		"# Tunnel 2 of vpn-0a1b2c3d4e5f60718, made by \"ipsvtictl import aws\".\n"
		"preset = \"aws\"\n"
		"local = \"203.0.113.10\"\n"
		"remote = \"198.51.100.22\"\n"
		"psk-file = \"aws2.psk\"\n");
	file_is("aws1.psk", 0600, "example.key.of_tunnel_1.of.AWS.01\n");
	file_is("aws2.psk", 0600, "example.key.of_tunnel_2.of.AWS.02\n");
	file_is("aws.ip", 0644,
		"# " MADE
		"# Inside addresses, for \"ip -force -batch\"; the agent uses the devices as they are.\n"
		"link add aws1 type ipsvti\n"
		"address add 169.254.11.2/30 dev aws1\n"
		"link set aws1 up\n"
		"link add aws2 type ipsvti\n"
		"address add 169.254.12.2/30 dev aws2\n"
		"link set aws2 up\n");
	file_is("aws.bird", 0644,
		"# " MADE
		"# For bird.conf: include \"to/aws.bird\";\n"
		"# Both tunnels at a time if AWS says so: \"merge paths on;\" in protocol kernel.\n"
		"\n"
		"protocol static aws_networks {\n"
		"\tipv4;\n"
		"\troute 10.1.0.0/24 unreachable;\n"
		"\troute 10.1.8.0/21 unreachable;\n"
		"}\n"
		"\n"
#define BGP(n, me, peer, med)                                                      \
	"protocol bgp aws_" n " {\n"                                               \
	"\tlocal " me " as 65000;\n"                                               \
	"\tneighbor " peer " as 64512;\n"                                          \
	"\tinterface \"aws" n "\";\n"                                              \
	"\tdirect;\n"                                                              \
	"\tkeepalive time 10;\n"                                                   \
	"\thold time 30;\n"                                                        \
	"\tgraceful restart off;\n"                                                \
	"\tlong lived graceful restart off;\n"                                     \
	"\tconnect delay time 1;\n"                                                \
	"\tconnect retry time 5;\n"                                                \
	"\terror wait time 1, 5;\n"                                                \
	"\tipv4 {\n"                                                               \
	"\t\timport all;\n"                                                        \
	"\t\texport filter {\n"                                                    \
	"\t\t\tif proto != \"aws_networks\" then reject;\n"                        \
	"\t\t\tbgp_med = " med ";\n"                                               \
	"\t\t\taccept;\n"                                                          \
	"\t\t};\n"                                                                 \
	"\t};\n"                                                                   \
	"}\n"
		BGP("1", "169.254.11.2", "169.254.11.1", "100") "\n"
		BGP("2", "169.254.12.2", "169.254.12.1", "200"));
	file_is("aws.frr", 0644,
		"! " MADE
		"! For vtysh -f, or to be put into frr.conf.\n"
		"ip prefix-list aws-networks seq 5 permit 10.1.0.0/24\n"
		"ip prefix-list aws-networks seq 10 permit 10.1.8.0/21\n"
		"route-map aws-in permit 10\n"
		"exit\n"
		"route-map aws1-out permit 10\n"
		" match ip address prefix-list aws-networks\n"
		" set metric 100\n"
		"exit\n"
		"route-map aws2-out permit 10\n"
		" match ip address prefix-list aws-networks\n"
		" set metric 200\n"
		"exit\n"
		"router bgp 65000\n"
		" neighbor 169.254.11.1 remote-as 64512\n"
		" neighbor 169.254.11.1 description aws1\n"
		" neighbor 169.254.11.1 timers 10 30\n"
		" neighbor 169.254.11.1 timers connect 5\n"
		" neighbor 169.254.11.1 graceful-restart-disable\n"
		" neighbor 169.254.12.1 remote-as 64512\n"
		" neighbor 169.254.12.1 description aws2\n"
		" neighbor 169.254.12.1 timers 10 30\n"
		" neighbor 169.254.12.1 timers connect 5\n"
		" neighbor 169.254.12.1 graceful-restart-disable\n"
		" address-family ipv4 unicast\n"
		"  network 10.1.0.0/24\n"
		"  network 10.1.8.0/21\n"
		"  neighbor 169.254.11.1 activate\n"
		"  neighbor 169.254.11.1 route-map aws-in in\n"
		"  neighbor 169.254.11.1 route-map aws1-out out\n"
		"  neighbor 169.254.12.1 activate\n"
		"  neighbor 169.254.12.1 route-map aws-in in\n"
		"  neighbor 169.254.12.1 route-map aws2-out out\n"
		" exit-address-family\n"
		"exit\n");
	assert_int_equal(files(), 7);
}

static void both_forms(void **state)
{
	static const char *const forms[] = { "bgp.txt", "bgp.xml" };
	char *text, *crlf;
	size_t i, n;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(ctl("import aws %s --output to --announce 10.1.0.0/24 --standby 2 --announce 10.1.8.0/21%s",
				     sample(forms[i]), i ? " --force" : ""),
				 0);
		check_files();
		assert_string_equal(out, "to/aws1.conf\nto/aws1.psk\nto/aws2.conf\n"
					 "to/aws2.psk\nto/aws.ip\nto/aws.bird\n"
					 "to/aws.frr\n");
	}

	/* As an editor of Windows leaves it. */
	text = slurp(sample("bgp.txt"));
	crlf = calloc(1, 2 * 65536);
	strcpy(crlf, "\xef\xbb\xbf");
	for (i = 0, n = 3; text[i]; i++) {
		if (text[i] == '\n')
			crlf[n++] = '\r';
		crlf[n++] = text[i];
	}
	spew("crlf.txt", crlf);
	assert_int_equal(ctl("import aws crlf.txt --output to --announce 10.1.0.0/24 --standby 2 --announce 10.1.8.0/21 --force"),
			 0);
	check_files();
	free(crlf);
	free(text);
}

static void static_routing(void **state)
{
	(void)state;
	assert_int_equal(ctl("import aws %s --output to", sample("static.txt")), 0);
	assert_int_equal(files(), 5);
	assert_contains(out, "static routing");
}

static void options(void **state)
{
	(void)state;
	/* Behind a NAT: AWS knows us by another address than we do. */
	assert_int_equal(ctl("import aws - --local 10.9.0.1 --name hq --output to <%s",
			     sample("bgp.xml")),
			 0);
	file_is("hq2.conf", 0644,
		"# Tunnel 2 of vpn-0a1b2c3d4e5f60718, made by \"ipsvtictl import aws\".\n"
		"preset = \"aws\"\n"
		"local = \"10.9.0.1\"\n"
		"local-id = \"203.0.113.10\"\n"
		"remote = \"198.51.100.22\"\n"
		"psk-file = \"hq2.psk\"\n");
	assert_contains(out, "No network is announced");
	assert_int_equal(ctl("--json import aws %s --output to", sample("bgp.txt")), 0);
	assert_contains(out, "\"to/aws.frr\"");
	assert_int_equal(files(), 14);
}

/* What is said at the end can be done as it stands. */
static void announced_later(void **state)
{
	(void)state;
	assert_int_equal(ctl("import aws %s --output to", sample("bgp.txt")), 0);
	assert_contains(out, "No network is announced: say it again with --force --announce ADDR/LEN of yours.\n");
	assert_int_equal(ctl("import aws %s --output to --announce 10.1.0.0/16", sample("bgp.txt")), 1);
	assert_int_equal(ctl("import aws %s --output to --force --announce 10.1.0.0/16", sample("bgp.txt")), 0);
	assert_null(strstr(out, "No network"));
}

static void overwrites_nothing(void **state)
{
	(void)state;
	spew("to/aws2.psk", "mine\n");
	assert_int_equal(ctl("import aws %s --output to", sample("bgp.txt")), 1);
	assert_string_equal(out, "ipsvtictl: to/aws2.psk: File exists; --force overwrites, --name gives other names\n");
	assert_int_equal(files(), 1);
	/* What cannot become a file stops all of it, and leaves nothing. */
	assert_int_equal(run(out, sizeof(out), "mkdir %s/to/aws.frr", dir), 0);
	assert_int_equal(ctl("import aws %s --output to --force", sample("bgp.txt")), 1);
	assert_string_equal(out, "ipsvtictl: to/aws.frr: Is a directory; expected a file: move it away, or --name gives other names\n");
	assert_int_equal(files(), 2);
	assert_int_equal(run(out, sizeof(out), "cd %s/to; rmdir aws.frr; mkdir .aws.frr.import", dir), 0);
	assert_int_equal(ctl("import aws %s --output to --force", sample("bgp.txt")), 1);
	assert_int_equal(files(), 2);
	assert_int_equal(run(out, sizeof(out), "cd %s/to; rmdir .aws.frr.import; echo old >.aws1.psk.import", dir), 0);
	assert_int_equal(ctl("import aws %s --output to --force", sample("bgp.txt")), 0);
	assert_int_equal(files(), 7);
	file_is("aws2.psk", 0600, "example.key.of_tunnel_2.of.AWS.02\n");
	assert_int_equal(ctl("import aws %s --output nowhere", sample("bgp.txt")), 1);
	assert_contains(out, "nowhere/: No such file or directory; expected a folder: make it, or --output names another one");
}

/* ---- what is wrong --------------------------------------------------------- */

/* What ends an error of what only AWS can have made otherwise. */
#define AGAIN "; download it from AWS once more"

/* What is said of a sample in which one text stands in another one's place. */
static const char *broken(const char *name, const char *from, const char *to)
{
	char *text = slurp(sample(name)), *at = strstr(text, from);
	static char said[1024];
	char *all = calloc(1, 131072);

	if (!at)
		fail_msg("no \"%s\" in %s", from, name);
	sprintf(all, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	spew("f", all);
	free(all);
	free(text);
	assert_int_equal(ctl("import aws f --output to"), 2);
	assert_int_equal(files(), 0);
	assert_contains(out, "ipsvtictl: f:");
	snprintf(said, sizeof(said), "%.1000s", out + strlen("ipsvtictl: "));
	said[strcspn(said, "\n")] = '\0';
	return said;
}

static void malformed_text(void **state)
{
	static const struct {
		const char *from, *to, *said;
	} all[] = {
		{ "169.254.11.2/30", "169.254.11.2",
		  "f:21: tunnel 1 has no prefix length of the inside address of the customer gateway: expected one, as AWS's files have" AGAIN },
		{ "169.254.11.2/30", "169.254.11.2/33",
		  "f:87: \"33\" is no prefix length of the inside address of the customer gateway: expected a number such as 30" AGAIN },
		{ "169.254.11.2/30", "169.254.13.2/30",
		  "f:88: the inside addresses of tunnel 1, 169.254.13.2/30 and 169.254.11.1/30, are not two of one network: expected such as 169.254.11.2/30 and 169.254.11.1/30" AGAIN },
		{ "169.254.12.1/30", "fd00::1/30",
		  "f:178: \"fd00::1\" is no inside address of AWS's gateway: expected an IP address of the same family as ours" AGAIN },
		{ "198.51.100.21", "198.51.100.21.",
		  "f:84: \"198.51.100.21.\" is no outside address of AWS's gateway: expected an IP address" AGAIN },
		{ "198.51.100.21", "198.51.100.22",
		  "f:174: both tunnels have the outside address 198.51.100.22 of AWS's gateway: expected two" AGAIN },
		{ "203.0.113.10", "YOUR_UPLINK_ADDRESS",
		  "f:83: \"YOUR_UPLINK_ADDRESS\" is no outside address of the customer gateway: expected an IP address; say --local with ours" },
		{ "203.0.113.10", "2001:db8::1",
		  "f:84: the outside addresses of tunnel 1, 2001:db8::1 and 198.51.100.21, are not of one family: expected two of IPv4 or two of IPv6; say --local with ours of that family" },
		{ "example.key.of_tunnel_1.of.AWS.01", "sh\"rt\nkey",
		  "f:32: what is there is no pre-shared key of AWS: expected 8 to 64 letters, digits, '.' and '_'" AGAIN },
		{ "  - Pre-Shared Key           : example", "  - Key : example",
		  "f:21: tunnel 1 has no pre-shared key: expected one, as AWS's files have" AGAIN },
		{ "Pre-Shared Key\n", "RSA signature\n",
		  "f:31: tunnel 1 has no pre-shared key but \"RSA signature\": expected \"Pre-Shared Key\"; write the files by hand, see cert-file in ipsvti.conf(5)" },
		{ ": 65000", ": 0",
		  "f:101: \"0\" is no AS number of the customer gateway: expected 1 to 4294967295" AGAIN },
		{ ": 65000", ": 65001",
		  "f:111: the tunnels do not have one AS number of ours: expected the same in both" AGAIN },
		{ "Hold Time       : 30", "Hold Time       : 2",
		  "f:104: \"2\" is no hold time of BGP: expected 3 to 65535 seconds" AGAIN },
		{ "IPSec Tunnel #2", "Second tunnel",
		  "f:121: tunnel 1 has this already, in line 31: expected it once" AGAIN },
		{ "IPSec Tunnel #1", "First tunnel",
		  "f:31: a value stands before \"IPSec Tunnel #1\": expected that line first" AGAIN },
		{ "#3: Tunnel Interface", "IPSec Tunnel #3\n#3: Tunnel Interface",
		  "f: has 3 tunnels: expected 2, those of one connection of AWS" AGAIN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_string_equal(broken("bgp.txt", all[i].from, all[i].to),
				    all[i].said);
	spew("f", "hello\n");
	assert_int_equal(ctl("import aws f --output to"), 2);
	assert_contains(out, "f: has no \"IPSec Tunnel #1\" and is not XML: expected the configuration that AWS gives with vendor \"Generic\", or the XML of its API" AGAIN);
	assert_int_equal(ctl("import aws none --output to"), 2);
	assert_contains(out, "none: cannot be read: No such file or directory; expected the file that AWS gives for a VPN connection");
}

static void malformed_xml(void **state)
{
	static const struct {
		const char *from, *to, *said;
	} all[] = {
		{ "</ike>", "</ipsec>", "f:43: mismatched tag: expected XML as AWS has it" AGAIN },
		{ "</vpn_connection>", "", "f:114: no element found: expected XML as AWS has it" AGAIN },
		{ "<vpn_connection id", "<connection id",
		  "f:3: begins with <connection>: expected <vpn_connection>" AGAIN },
		{ "<vpn_connection id", "<!DOCTYPE vpn_connection [ <!ENTITY a \"b\"> ]><vpn_connection id",
		  "f:3: has a document type: expected none, as AWS has it" AGAIN },
		{ "<network_cidr>30</network_cidr>", "",
		  "f:7: tunnel 1 has no prefix length of the inside address of the customer gateway: expected one, as AWS's files have" AGAIN },
		{ "<network_cidr>30", "<network_cidr>0x1e</network_cidr><network_cidr>30",
		  "f:15: tunnel 1 has this already, in line 15: expected it once" AGAIN },
		{ "<asn>64512</asn>", "<asn>4294967296</asn>",
		  "f:32: \"4294967296\" is no AS number of AWS's gateway: expected 1 to 4294967295" AGAIN },
		{ "<asn>64512</asn>", "", "f:7: tunnel 1 has no AS number of AWS's gateway: expected one, as AWS's files have" AGAIN },
		{ "example.key", "&lt;example.key",
		  "f:42: what is there is no pre-shared key of AWS: expected 8 to 64 letters, digits, '.' and '_'" AGAIN },
		{ "198.51.100.21<", "198.51.100.21                                                                                  7<",
		  "f:24: the value is too long: expected at most 79 characters" AGAIN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_string_equal(broken("bgp.xml", all[i].from, all[i].to),
				    all[i].said);
	spew("f", "<vpn_connection id=\"x\"/>");
	assert_int_equal(ctl("import aws f --output to"), 2);
	assert_contains(out, "f: has no <ipsec_tunnel>: expected two" AGAIN);
}

static void wrong_words(void **state)
{
	static const char *const wrong[][2] = {
		{ "import", "expected a verb after \"import\"" },
		{ "import azure x", "\"import\" has no verb \"azure\"" },
		{ "import aws", "expected a file" },
		{ "import aws a b", "unexpected word \"b\"" },
		{ "import aws a --outptu b", "unknown option \"--outptu\"" },
		{ "import aws a --output", "nothing after \"--output\"" },
		{ "import aws a --name ../x", "\"../x\" cannot be the beginning" },
		{ "import aws a --name fourteenletter", "at most 13" },
		{ "import aws a --local host", "\"host\" is not an IP address; expected ours on this machine" },
		{ "import aws a --announce 10.1.0.1/24", "\"10.1.0.1/24\" is no network" },
		{ "import aws a --announce 10.1.0.0", "is no network" },
		{ "import aws a --announce 10.0.0.0/33", "is no network" },
		{ "import aws a --standby 3", "standby" },
		{ "status --force", "unknown option \"--force\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(ctl("%s", wrong[i][0]), 2);
		assert_contains(out, wrong[i][1]);
	}
	assert_int_equal(ctl("import aws --help"), 0);
	assert_contains(out, "Example");
}

/*
 * The parsers, with what is cut off anywhere, and with any octet another one. The
 * sanitizers look on; and what passes has two tunnels with all that is wanted.
 */
static void cut_and_mutated(void **state)
{
	static const char *const forms[] = { "bgp.txt", "bgp.xml" };
	struct ctl run = { 0 };
	unsigned int good = 0, bad = 0;
	size_t i, at, len;

	(void)state;
	for (i = 0; i < 4; i++) {
		char *whole = slurp(sample(forms[i % 2]));

		for (at = 0; whole[at]; at++) {
			struct import im = { .ctl = &run, .file = "f" };
			char *text = strdup(whole);

			if (i < 2)
				text[at] = '\0';
			else
				text[at] = "<\n/:#\xff" "1"[at % 7];
			len = strlen(text);
			text = realloc(text, len + 1); /* exactly as long */
			if (!(i % 2 ? import_aws_xml(&im, text, len) :
				      import_aws_text(&im, text)) &&
			    !import_check(&im)) {
				assert_int_equal(im.n, 2);
				assert_true(im.tunnels[1].field[IMPORT_PSK].line);
				good++;
			} else {
				assert_true(run.err.text[0]);
				bad++;
			}
			free(text);
		}
		free(whole);
	}
	assert_true(good > 1000);
	assert_true(bad > 1000);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(both_forms, setup, teardown),
	cmocka_unit_test_setup_teardown(static_routing, setup, teardown),
	cmocka_unit_test_setup_teardown(options, setup, teardown),
	cmocka_unit_test_setup_teardown(announced_later, setup, teardown),
	cmocka_unit_test_setup_teardown(overwrites_nothing, setup, teardown),
	cmocka_unit_test_setup_teardown(malformed_text, setup, teardown),
	cmocka_unit_test_setup_teardown(malformed_xml, setup, teardown),
	cmocka_unit_test_setup_teardown(wrong_words, setup, teardown),
	cmocka_unit_test(cut_and_mutated),
};

SUITE(import_suite, tests);
