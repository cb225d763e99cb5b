// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The files of ipsvti.conf(5), section EXAMPLE, as whoever copies them has them: read
 * in one folder, without an error and without a warning.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "folder.h"
#include "pki.h"

#define PEER(n) "local = 192.0.2.1\nremote = 198.51.100." n "\npsk-file = alpha.psk\n"

/* The examples in their order; those that are lines only have a peer before them. */
static const struct {
	const char *file;
	const char *before;
} examples[] = {
	{ "alpha.conf", "" },	       { "beta.conf", "" },
	{ "gamma.conf", "" },	       { "gamma-dmz.conf", "" },
	{ "delta.conf", PEER("7") }, { "epsilon.conf", PEER("8") },
};

#define N_EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static struct folder folder;

static void put(const char *name, const char *text, mode_t mode)
{
	folder_put(&folder, name, text, mode);
}

static void put_free(const char *name, char *text, mode_t mode)
{
	put(name, text, mode);
	free(text);
}

/* What the files name. */
static void put_keys(void)
{
	struct pki *ca = pki_new(&(struct pki_spec){
		.name = "CN=CA", .constraints = "CA:TRUE" });
	struct pki *gw = pki_new(&(struct pki_spec){
		.name = "CN=gw-a", .issuer = ca, .names = "DNS:gw-a.example" });

	put("alpha.psk", "the secret of alpha\n", 0600);
	put("gamma.psk", "the secret of gamma\n", 0600);
	put_free("gw-a.pem", pki_cert_pem(gw), 0644);
	put_free("gw-a.key", pki_key_pem(gw), 0600);
	put_free("ca.pem", pki_cert_pem(ca), 0644);
	put_free("ca.crl", pki_crl_pem(ca, NULL, 0, 1), 0644);
	put_free("sub.crl", pki_crl_pem(ca, NULL, 0, 1), 0644);
	pki_free(gw);
	pki_free(ca);
}

static void complain(void *arg, const char *text)
{
	(void)arg;
	fail_msg("ipsvti.conf(5): %s", text);
}

/* Puts each example into its file. Return: how many there were. */
static size_t put_examples(const char *section)
{
	const char *at = section, *end;
	char text[2048];
	size_t n = 0;

	while ((at = strstr(at, "\n.EX\n"))) {
		at += strlen("\n.EX\n");
		end = strstr(at, "\n.EE\n");
		assert_non_null(end);
		if (*at == '#') /* a command: the key of the first one */
			continue;
		assert_true(n < N_EXAMPLES);
		/* The text around it calls it so. */
		if (!*examples[n].before)
			assert_non_null(strstr(section, examples[n].file));
		snprintf(text, sizeof(text), "%s%.*s\n", examples[n].before,
			 (int)(end - at), at);
		assert_null(strchr(text, '\\'));
		put(examples[n++].file, text, 0644);
	}
	return n;
}

static void test_examples(void **state)
{
	struct conf_errors errors = { .report = complain, .warn = complain };
	char *text = calloc(1, 65536), *section, *end, path[4096];
	struct conf conf;
	FILE *fp;

	(void)state;
	snprintf(path, sizeof(path), "%.*s/../../../Documentation/man/ipsvti.conf.5",
		 (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__);
	fp = fopen(path, "re");
	assert_non_null(fp);
	assert_true(fread(text, 1, 65535, fp) > 0);
	fclose(fp);
	section = strstr(text, "\n.SH EXAMPLE\n");
	assert_non_null(section);
	end = strstr(section + 1, "\n.SH ");
	assert_non_null(end);
	end[1] = '\0';
	assert_int_equal(folder_make(&folder, "manual"), 0);
	put_keys();
	assert_int_equal(put_examples(section), N_EXAMPLES);
	assert_int_equal(conf_load(folder.path, &conf, &errors), 0);
	assert_int_equal(conf.count, N_EXAMPLES);
	assert_string_equal(conf_find(&conf, "alpha")->interface, "vti0");
	assert_string_equal(conf_find(&conf, "gamma-dmz")->ike.ike_sa_of, "gamma");
	conf_free(&conf);
	free(text);
}

static int clean_up(void **state)
{
	(void)state;
	return folder_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_examples, clean_up),
	};

	return cmocka_run_group_tests_name("daemon: manual", tests, NULL, NULL);
}
