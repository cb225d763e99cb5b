// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whom certificates make us believe, and each of the ways in which they do not.
 * Certificates are made here, with keys of their own, in each run.
 */
#include "testing.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "pki.h"
#include "sim.h"

#define ALL_HASHES (1u << IKE_HASH_SHA2_256 | 1u << IKE_HASH_SHA2_384 | \
		    1u << IKE_HASH_SHA2_512 | 1u << IKE_HASH_IDENTITY)

static const char what[] = "octets that are signed.";

/* Authorities that most tests can live with. */
static struct pki *root, *sub;
static char why[400];

static int make_authorities(void **state)
{
	(void)state;
	root = pki_new(&(struct pki_spec){
		.name = "C=DE, O=Example, CN=Root",
		.constraints = "critical,CA:TRUE",
		.usage = "critical,keyCertSign,cRLSign" });
	sub = pki_new(&(struct pki_spec){
		.name = "C=DE, O=Example, CN=Sub",
		.issuer = root,
		.constraints = "critical,CA:TRUE,pathlen:0",
		.usage = "critical,keyCertSign,cRLSign" });
	return 0;
}

static int free_authorities(void **state)
{
	(void)state;
	pki_free(root);
	pki_free(sub);
	return 0;
}

/* A gateway's certificate with nothing wrong, but for what @spec says. */
static struct pki *gateway(struct pki_spec spec)
{
	if (!spec.name)
		spec.name = "CN=gw";
	if (!spec.names)
		spec.names = "DNS:gw.example";
	if (!spec.usage)
		spec.usage = "digitalSignature";
	if (!spec.issuer)
		spec.issuer = sub;
	return pki_new(&spec);
}

struct attempt {
	const struct cert_store *ours;	/* who signs, and what it sends */
	const struct cert_store *theirs;	/* who judges */
	const char *id;
	int64_t now;
	uint16_t hashes;
};

static struct ike_signature sig;

/* Return: what cert_verify() makes of what cert_sign() made. */
static int judge(struct attempt a)
{
	struct ike_sign_request s = {
		.hashes = a.hashes,
		.octets = (const uint8_t *)what,
		.len = sizeof(what),
	};
	struct ike_identity id;
	struct ike_verify_request v = {
		.remote_id = &id,
		.method = sig.method,
		.octets = (const uint8_t *)what,
		.len = sizeof(what),
	};

	assert_int_equal(ike_identity_parse(&id, a.id ? a.id : "gw.example"),
			 0);
	assert_int_equal(cert_sign(a.ours, PKI_NOW, &s, &sig, why, sizeof(why)),
			 0);
	v.method = sig.method;
	v.auth = sig.data;
	v.auth_len = sig.len;
	for (; v.n_certs < IKE_CERTS_MAX; v.n_certs++) {
		v.certs[v.n_certs].len =
			cert_store_cert(a.ours, v.n_certs,
					&v.certs[v.n_certs].data);
		if (!v.certs[v.n_certs].len)
			break;
	}
	why[0] = 0;
	return cert_verify(a.theirs, a.now ? a.now : PKI_NOW, &v, why,
			   sizeof(why));
}

#define assert_why(text)                                               \
	do {                                                           \
		if (!strstr(why, text))                                \
			fail_msg("\"%s\" does not say \"%s\"", why, text); \
	} while (0)

#define BELIEVED(...)                                                      \
	do {                                                               \
		if (judge((struct attempt){ __VA_ARGS__ }))                \
			fail_msg("not believed: %s", why);                 \
	} while (0)

#define REFUSED(text, ...)                                                 \
	do {                                                               \
		assert_int_equal(judge((struct attempt){ __VA_ARGS__ }),   \
				 -EKEYREJECTED);                           \
		assert_why(text);                                          \
	} while (0)

/* A peer with this certificate below @sub, and whether we believe it. */
static void refused(struct pki_spec spec, const char *id, const char *text)
{
	struct pki *gw = gateway(spec);
	struct cert_store *ours = pki_store(gw, sub, NULL);
	struct cert_store *theirs = pki_store(NULL, NULL, root);

	REFUSED(text, .ours = ours, .theirs = theirs, .id = id,
		.hashes = ALL_HASHES);
	cert_store_free(ours);
	cert_store_free(theirs);
	pki_free(gw);
}

static void believed(struct pki_spec spec, const char *id)
{
	struct pki *gw = gateway(spec);
	struct cert_store *ours = pki_store(gw, sub, NULL);
	struct cert_store *theirs = pki_store(NULL, NULL, root);

	BELIEVED(.ours = ours, .theirs = theirs, .id = id,
		 .hashes = ALL_HASHES);
	cert_store_free(ours);
	cert_store_free(theirs);
	pki_free(gw);
}

/* ------------------------------------------------------------- signatures */

static const struct {
	const char *key;
	bool pkcs1;
	uint8_t classic;	/* method without RFC 7427; 0: there is none */
} kinds[] = {
	{ "ED25519", false, 0 },
	{ "P-256", false, 9 },
	{ "P-384", false, 10 },
	{ "P-521", false, 11 },
	{ "RSA-2048", false, 1 },
	{ "RSA-3072", true, 1 },
	{ "RSA-4096", false, 1 },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* What was signed last, judged again with changes. */
static bool still_right(const struct pki *gw, const char *octets)
{
	struct ike_verify_request v = {
		.method = sig.method,
		.auth = sig.data,
		.auth_len = sig.len,
		.octets = (const uint8_t *)octets,
		.len = sizeof(what),
	};
	uint8_t *tight_copy = (uint8_t *)tight(sig.data, sig.len).data;
	bool ok;

	v.auth = tight_copy;
	ok = cert_check_signature(gw->key, &v, why, sizeof(why));
	free(tight_copy);
	return ok;
}

static void damage(const struct pki *gw)
{
	struct ike_signature good = sig;
	size_t prefix = sig.method == 14 ? 1u + sig.data[0] : 0;

	assert_true(still_right(gw, what));
	assert_false(still_right(gw, "octets that were signed"));
	assert_why("wrong");
	/* Cut short, or too long. */
	for (size_t len = 0; len < good.len; len += len < 90 ? 1 : 13) {
		sig.len = (uint16_t)len;
		assert_false(still_right(gw, what));
	}
	sig = good;
	sig.len++;
	assert_false(still_right(gw, what));
	/* The AlgorithmIdentifier is not to be taken lightly. */
	for (size_t at = 0; at < prefix; at++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			sig = good;
			sig.data[at] ^= (uint8_t)(1u << bit);
			assert_false(still_right(gw, what));
		}
	/* Nor is anything to stand behind it. */
	if (prefix) {
		sig = good;
		sig.data[0]++;
		sig.data[prefix] = 0;
		memcpy(sig.data + prefix + 1, good.data + prefix,
		       good.len - prefix);
		sig.len++;
		assert_false(still_right(gw, what));
	}
	for (size_t at = prefix; at < good.len; at += 1 + good.len / 16) {
		sig = good;
		sig.data[at] ^= 0x10;
		assert_false(still_right(gw, what));
	}
	/* Another method than it is. */
	for (unsigned int method = 0; method < 16; method++) {
		sig = good;
		sig.method = (uint8_t)method;
		if (method != good.method)
			assert_false(still_right(gw, what));
	}
	sig = good;
}

static void signatures(void **state)
{
	struct cert_store *theirs = pki_store(NULL, NULL, root);

	(void)state;
	for (size_t i = 0; i < N_KINDS; i++) {
		struct pki *gw = gateway(
			(struct pki_spec){ .key = kinds[i].key });
		struct cert_store *ours = pki_store(gw, sub, NULL);

		ours->pkcs1 = kinds[i].pkcs1;
		BELIEVED(.ours = ours, .theirs = theirs, .hashes = ALL_HASHES);
		assert_int_equal(sig.method, 14);
		damage(gw);
		if (kinds[i].classic) {
			BELIEVED(.ours = ours, .theirs = theirs, .hashes = 0);
			assert_int_equal(sig.method, kinds[i].classic);
			damage(gw);
		}
		/* Each hash alone. */
		for (unsigned int h = IKE_HASH_SHA2_256;
		     kinds[i].classic && h <= IKE_HASH_SHA2_512; h++)
			BELIEVED(.ours = ours, .theirs = theirs,
				 .hashes = (uint16_t)(1u << h));
		cert_store_free(ours);
		pki_free(gw);
	}
	cert_store_free(theirs);
}

/* RFC 7427, appendix A: these octets, and no other way to write them. */
static void algorithm_identifiers(void **state)
{
	static const struct {
		size_t kind;
		uint16_t hash;
		const char *der;
	} want[] = {
		{ 0, IKE_HASH_IDENTITY, "07300506032b6570" },
		{ 1, IKE_HASH_SHA2_256, "0c300a06082a8648ce3d040302" },
		{ 1, IKE_HASH_SHA2_384, "0c300a06082a8648ce3d040303" },
		{ 1, IKE_HASH_SHA2_512, "0c300a06082a8648ce3d040304" },
		{ 5, IKE_HASH_SHA2_256, "0f300d06092a864886f70d01010b0500" },
		{ 5, IKE_HASH_SHA2_512, "0f300d06092a864886f70d01010d0500" },
		{ 4, IKE_HASH_SHA2_256,
		  "43304106092a864886f70d01010a3034a00f300d06096086480165030402"
		  "010500a11c301a06092a864886f70d010108300d06096086480165030402"
		  "010500a203020120" },
		{ 4, IKE_HASH_SHA2_512,
		  "43304106092a864886f70d01010a3034a00f300d06096086480165030402"
		  "030500a11c301a06092a864886f70d010108300d06096086480165030402"
		  "030500a203020140" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct pki *gw = gateway((struct pki_spec){
			.key = i < 4 ? kinds[want[i].kind].key : "RSA-2048" });
		struct cert_store *ours = pki_store(gw, sub, NULL);
		struct ike_sign_request s = {
			.hashes = (uint16_t)(1u << want[i].hash),
			.octets = (const uint8_t *)what,
			.len = sizeof(what),
		};

		ours->pkcs1 = kinds[want[i].kind].pkcs1;
		assert_int_equal(cert_sign(ours, PKI_NOW, &s, &sig, why,
					   sizeof(why)),
				 0);
		assert_octets(sig.data, want[i].der);
		cert_store_free(ours);
		pki_free(gw);
	}
}

/* Peers write the parameters of PSS in more ways than one. */
static void other_ways_to_say_pss(void **state)
{
	/* No NULL behind the hashes; default trailer. */
	static const char alike[] =
		"3f303d06092a864886f70d01010a3030a00d300b0609608648016503040201"
		"a11a301806092a864886f70d010108300b0609608648016503040201a20302"
		"0120";
	/* SHA-1 throughout: the defaults. A salt of 20 octets. Two hashes. */
	static const char *const bad[] = {
		"0f300d06092a864886f70d01010a3000",
		"0d300b06092a864886f70d01010a",
		"3f303d06092a864886f70d01010a3030a00d300b0609608648016503040201"
		"a11a301806092a864886f70d010108300b0609608648016503040201a20302"
		"0114",
		"3f303d06092a864886f70d01010a3030a00d300b0609608648016503040201"
		"a11a301806092a864886f70d010108300b0609608648016503040202a20302"
		"0120",
	};
	struct pki *gw = gateway((struct pki_spec){ .key = "RSA-2048" });
	struct cert_store *ours = pki_store(gw, sub, NULL);
	struct cert_store *theirs = pki_store(NULL, NULL, root);
	struct ike_signature good;
	size_t prefix, n;

	(void)state;
	BELIEVED(.ours = ours, .theirs = theirs,
		 .hashes = 1u << IKE_HASH_SHA2_256);
	good = sig;
	prefix = 1u + good.data[0];
	n = unhex(alike, sig.data);
	memcpy(sig.data + n, good.data + prefix, good.len - prefix);
	sig.len = (uint16_t)(n + good.len - prefix);
	assert_true(still_right(gw, what));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		n = unhex(bad[i], sig.data);
		memcpy(sig.data + n, good.data + prefix, good.len - prefix);
		sig.len = (uint16_t)(n + good.len - prefix);
		assert_false(still_right(gw, what));
		assert_why("which we do not accept");
	}
	cert_store_free(ours);
	cert_store_free(theirs);
	pki_free(gw);
}

static void what_a_peer_does_not_know(void **state)
{
	struct pki *gw = gateway((struct pki_spec){ 0 });
	struct pki *ec = gateway((struct pki_spec){ .key = "P-256" });
	struct cert_store *ours = pki_store(gw, sub, NULL);
	struct ike_sign_request s = { .octets = (const uint8_t *)what,
				      .len = sizeof(what) };

	(void)state;
	assert_int_not_equal(cert_sign(ours, PKI_NOW, &s, &sig, why,
				       sizeof(why)), 0);
	assert_why("does not know the signatures of RFC 7427");
	s.hashes = 1u << IKE_HASH_SHA2_256;
	assert_int_not_equal(cert_sign(ours, PKI_NOW, &s, &sig, why,
				       sizeof(why)), 0);
	assert_why("does not know Ed25519");
	cert_store_free(ours);
	ours = pki_store(ec, sub, NULL);
	s.hashes = 1u << IKE_HASH_IDENTITY;
	assert_int_not_equal(cert_sign(ours, PKI_NOW, &s, &sig, why,
				       sizeof(why)), 0);
	assert_why("knows none of SHA2-256");
	/* Nobody believes it, so it is not worth sending. */
	s.hashes = ALL_HASHES;
	assert_int_equal(cert_sign(ours, PKI_NOW + 400 * PKI_DAY, &s, &sig, why,
				   sizeof(why)),
			 -EKEYEXPIRED);
	assert_why("our own certificate has expired on 2028-01-15");
	cert_store_free(ours);
	pki_free(gw);
	pki_free(ec);
}

/* The certificate is fine, but somebody else has signed. */
static void another_key(void **state)
{
	struct pki *gw = gateway((struct pki_spec){ 0 });
	struct pki *thief = gateway((struct pki_spec){ .name = "CN=thief" });
	struct cert_store *ours = pki_store(gw, sub, NULL);
	struct cert_store *theirs = pki_store(NULL, NULL, root);
	EVP_PKEY *own = ours->key;

	(void)state;
	ours->key = thief->key;
	REFUSED("its signature (ED25519) is wrong", .ours = ours,
		.theirs = theirs, .hashes = ALL_HASHES);
	ours->key = own;
	cert_store_free(ours);
	cert_store_free(theirs);
	pki_free(gw);
	pki_free(thief);
}

/* ------------------------------------------------------------------- chains */

static void chains(void **state)
{
	struct pki *gw = gateway((struct pki_spec){ 0 });
	struct pki *self = pki_new(&(struct pki_spec){
		.name = "CN=self", .names = "DNS:gw.example" });
	struct pki *stranger = pki_new(&(struct pki_spec){
		.name = "CN=Stranger", .constraints = "CA:TRUE" });
	struct pki *theirs_sub = pki_new(&(struct pki_spec){
		.name = "CN=Their sub", .issuer = stranger,
		.constraints = "CA:TRUE" });
	struct pki *foreign = gateway((struct pki_spec){ .issuer =
								 theirs_sub });
	struct cert_store *full = pki_store(gw, sub, NULL);
	struct cert_store *bare = pki_store(gw, NULL, NULL);
	struct cert_store *lone = pki_store(self, NULL, NULL);
	struct cert_store *all = pki_store(foreign, theirs_sub, NULL);
	struct cert_store *have_root = pki_store(NULL, NULL, root);
	struct cert_store *have_sub = pki_store(NULL, NULL, sub);
	struct cert_store *have_gw = pki_store(NULL, NULL, gw);
	struct cert_store *have_self = pki_store(NULL, NULL, self);
	struct cert_store *have_none = pki_store(NULL, NULL, NULL);
	char *pem;

	(void)state;
#define H .hashes = ALL_HASHES
	BELIEVED(.ours = full, .theirs = have_root, H);
	/* What is in ca-file is trusted, whatever it is. */
	BELIEVED(.ours = full, .theirs = have_sub, H);
	BELIEVED(.ours = bare, .theirs = have_sub, H);
	BELIEVED(.ours = bare, .theirs = have_gw, H);
	BELIEVED(.ours = lone, .theirs = have_self, H);
	REFUSED("unknown CA: certificate \"CN=gw\" was issued by \"C=DE, "
		"O=Example, CN=Sub\", which is neither in ca-file nor was it "
		"sent", .ours = bare, .theirs = have_root, H);
	REFUSED("unknown CA: certificate \"CN=gw\"", .ours = bare,
		.theirs = have_none, H);
	REFUSED("unknown CA: certificate \"CN=Their sub\" was issued by "
		"\"CN=Stranger\"", .ours = all, .theirs = have_root, H);
	REFUSED("unknown CA: the certificates lead to \"CN=self\"",
		.ours = lone, .theirs = have_root, H);
	/* Sending the root along makes nobody trust it. */
	pem = pki_cert_pem(stranger);
	assert_int_equal(cert_store_chain(all, pem, strlen(pem), why,
					  sizeof(why)), 0);
	free(pem);
	REFUSED("unknown CA: the certificates lead to \"CN=Stranger\"",
		.ours = all, .theirs = have_root, H);
#undef H
	cert_store_free(full);
	cert_store_free(bare);
	cert_store_free(lone);
	cert_store_free(all);
	cert_store_free(have_root);
	cert_store_free(have_sub);
	cert_store_free(have_gw);
	cert_store_free(have_self);
	cert_store_free(have_none);
	pki_free(gw);
	pki_free(self);
	pki_free(stranger);
	pki_free(theirs_sub);
	pki_free(foreign);
}

static void forged_chains(void **state)
{
	/* The same names as those of the real ones, and other keys. */
	struct pki *fake_root = pki_new(&(struct pki_spec){
		.name = "C=DE, O=Example, CN=Root", .key = "P-256",
		.constraints = "CA:TRUE" });
	struct pki *fake_sub = pki_new(&(struct pki_spec){
		.name = "C=DE, O=Example, CN=Sub", .key = "P-256",
		.issuer = fake_root, .constraints = "CA:TRUE" });
	struct pki *gw = gateway((struct pki_spec){ .issuer = fake_sub });
	struct cert_store *ours = pki_store(gw, fake_sub, NULL);
	struct cert_store *theirs = pki_store(NULL, NULL, root);

	(void)state;
	assert_int_equal(judge((struct attempt){ .ours = ours, .theirs = theirs,
						 .hashes = ALL_HASHES }),
			 -EKEYREJECTED);
	cert_store_free(ours);
	cert_store_free(theirs);
	pki_free(gw);
	pki_free(fake_sub);
	pki_free(fake_root);
}

static void validity(void **state)
{
	struct pki *old = pki_new(&(struct pki_spec){
		.name = "CN=Old sub", .issuer = root, .constraints = "CA:TRUE",
		.from = -900 * PKI_DAY, .to = -PKI_DAY });
	struct pki *gw = gateway((struct pki_spec){ .issuer = old });
	struct cert_store *ours = pki_store(gw, old, NULL);
	struct cert_store *theirs = pki_store(NULL, NULL, root);

	(void)state;
	refused((struct pki_spec){ .from = PKI_DAY }, NULL,
		"certificate \"CN=gw\" is not valid before 2027-01-16 08:00:00 "
		"UTC");
	REFUSED("certificate \"CN=Old sub\" has expired on 2027-01-14 08:00:00 "
		"UTC", .ours = ours, .theirs = theirs, .hashes = ALL_HASHES);
	cert_store_free(ours);
	pki_free(gw);
	gw = gateway((struct pki_spec){ 0 });
	ours = pki_store(gw, sub, NULL);
	REFUSED("has expired on 2028-01-15", .ours = ours, .theirs = theirs,
		.hashes = ALL_HASHES, .now = PKI_NOW + 366 * PKI_DAY);
	cert_store_free(ours);
	cert_store_free(theirs);
	pki_free(gw);
	pki_free(old);
}

/* A certificate of a CA says what the CA may do. */
static void constraints(void **state)
{
	struct pki *no_ca = pki_new(&(struct pki_spec){
		.name = "CN=No CA", .issuer = root });
	struct pki *no_sign = pki_new(&(struct pki_spec){
		.name = "CN=No signer", .issuer = root,
		.constraints = "CA:TRUE", .usage = "digitalSignature" });
	struct pki *named = pki_new(&(struct pki_spec){
		.name = "CN=Named", .issuer = root, .constraints = "CA:TRUE",
		.permitted = "critical,permitted;DNS:.corp.example" });
	struct pki *deep = pki_new(&(struct pki_spec){
		.name = "CN=Too deep", .issuer = sub,
		.constraints = "CA:TRUE" });
	struct cert_store *theirs = pki_store(NULL, NULL, root);
	struct cert_store *ours;
	struct pki *gw;
	char *pem;

	(void)state;
#define BELOW(ca, names_, ...)                                             \
	do {                                                               \
		gw = gateway((struct pki_spec){ .issuer = (ca),            \
						.names = (names_) });      \
		ours = pki_store(gw, (ca), NULL);                          \
		if ((ca) == deep) {                                        \
			pem = pki_cert_pem(sub);                           \
			cert_store_chain(ours, pem, strlen(pem), why,      \
					 sizeof(why));                     \
			free(pem);                                         \
		}                                                          \
		__VA_ARGS__;                                               \
		cert_store_free(ours);                                     \
		pki_free(gw);                                              \
	} while (0)
#define ARGS .ours = ours, .theirs = theirs, .hashes = ALL_HASHES
	BELOW(no_ca, NULL, REFUSED("certificate \"CN=No CA\": invalid CA", ARGS));
	BELOW(no_sign, NULL,
	      REFUSED("certificate \"CN=No signer\": invalid CA", ARGS));
	BELOW(deep, NULL, REFUSED("path length constraint exceeded", ARGS));
	BELOW(named, NULL,
	      REFUSED("certificate \"CN=gw\" has a name that the name "
		      "constraints of its CA do not allow", ARGS));
	BELOW(named, "DNS:gw.corp.example",
	      BELIEVED(ARGS, .id = "gw.corp.example"));
#undef ARGS
#undef BELOW
	cert_store_free(theirs);
	pki_free(no_ca);
	pki_free(no_sign);
	pki_free(named);
	pki_free(deep);
}

/* So does that of a gateway. */
static void purposes(void **state)
{
	(void)state;
	refused((struct pki_spec){ .usage = "keyEncipherment" }, NULL,
		"is not for signing: its keyUsage lacks digitalSignature");
	believed((struct pki_spec){ .usage = "nonRepudiation" }, NULL);
	refused((struct pki_spec){ .extended = "codeSigning" }, NULL,
		"is for other purposes");
	believed((struct pki_spec){ .extended = "codeSigning,serverAuth" },
		 NULL);
	believed((struct pki_spec){ .extended = "1.3.6.1.5.5.7.3.17" }, NULL);
	believed((struct pki_spec){ .extended = "anyExtendedKeyUsage" }, NULL);
}

/* Keys and signatures that nobody should use any more. */
static void weak(void **state)
{
	struct pki *rsa = pki_new(&(struct pki_spec){
		.name = "CN=RSA sub", .issuer = root, .key = "RSA-2048",
		.constraints = "CA:TRUE" });
	struct pki *gw = gateway((struct pki_spec){ .issuer = rsa,
						    .digest = "SHA1" });
	struct cert_store *ours = pki_store(gw, rsa, NULL);
	struct cert_store *theirs = pki_store(NULL, NULL, root);

	(void)state;
	REFUSED("too weak", .ours = ours, .theirs = theirs,
		.hashes = ALL_HASHES);
	refused((struct pki_spec){ .key = "RSA-1024" }, NULL, "too weak");
	refused((struct pki_spec){ .key = "secp256k1" }, NULL,
		"an elliptic curve other than P-256, P-384 and P-521");
	cert_store_free(ours);
	cert_store_free(theirs);
	pki_free(gw);
	pki_free(rsa);
}

/* --------------------------------------------------------------- revocation */

static void add_crl(struct cert_store *store, char *pem)
{
	assert_int_equal(cert_store_crls(store, pem, strlen(pem), why,
					 sizeof(why)), 0);
	free(pem);
}

static void revocation(void **state)
{
	struct pki *gw = gateway((struct pki_spec){ 0 });
	struct pki *other = gateway((struct pki_spec){ .name = "CN=other" });
	struct cert_store *ours = pki_store(gw, sub, NULL);
	struct cert_store *theirs;

	(void)state;
#define WITH(by_root, by_sub, from, to, ...)                                 \
	do {                                                                 \
		theirs = pki_store(NULL, NULL, root);                        \
		add_crl(theirs, pki_crl_pem(root, by_root, -PKI_DAY,         \
					    30 * PKI_DAY));                  \
		add_crl(theirs, pki_crl_pem(sub, by_sub, from, to));         \
		__VA_ARGS__;                                                 \
		cert_store_free(theirs);                                     \
	} while (0)
#define ARGS .ours = ours, .theirs = theirs, .hashes = ALL_HASHES
	WITH(NULL, other, -PKI_DAY, PKI_DAY, BELIEVED(ARGS));
	WITH(NULL, gw, -PKI_DAY, PKI_DAY,
	     REFUSED("certificate \"CN=gw\" was revoked by \"C=DE, O=Example, "
		     "CN=Sub\" on 2027-01-14 08:00:00 UTC", ARGS));
	WITH(sub, other, -PKI_DAY, PKI_DAY,
	     REFUSED("certificate \"C=DE, O=Example, CN=Sub\" was revoked by "
		     "\"C=DE, O=Example, CN=Root\"", ARGS));
	WITH(NULL, NULL, -9 * PKI_DAY, -PKI_DAY,
	     REFUSED("the revocation list of \"C=DE, O=Example, CN=Sub\" in "
		     "crl-file has expired on 2027-01-14", ARGS));
#undef WITH
	/* Who wants lists wants all of them. */
	theirs = pki_store(NULL, NULL, root);
	add_crl(theirs, pki_crl_pem(root, NULL, -PKI_DAY, PKI_DAY));
	REFUSED("certificate \"CN=gw\": there is no revocation list of "
		"\"C=DE, O=Example, CN=Sub\" in crl-file", ARGS);
	/* One that the authority did not sign is none. */
	struct pki forger = { .key = other->key, .cert = sub->cert };

	add_crl(theirs, pki_crl_pem(&forger, NULL, -PKI_DAY, PKI_DAY));
	assert_int_equal(judge((struct attempt){ ARGS }), -EKEYREJECTED);
	cert_store_free(theirs);
	/* A trusted certificate needs none. */
	theirs = pki_store(NULL, NULL, sub);
	add_crl(theirs, pki_crl_pem(sub, NULL, -PKI_DAY, PKI_DAY));
	BELIEVED(ARGS);
	cert_store_free(theirs);
#undef ARGS
	cert_store_free(ours);
	pki_free(gw);
	pki_free(other);
}

/* --------------------------------------------------------------- identities */

static void identities(void **state)
{
	static const struct {
		const char *name;
		const char *names;
		const char *id;
		bool good;
	} cases[] = {
		{ NULL, "DNS:a.example,DNS:gw.example", "gw.example", true },
		{ NULL, "DNS:a.example,DNS:gw.example", "@A.Example", true },
		{ NULL, "DNS:gw.example", "b.example", false },
		{ NULL, "DNS:gw.example", "gw.example.org", false },
		{ NULL, "DNS:gw.example", "w.example", false },
		{ NULL, "DNS:*.example", "gw.example", false },
		{ NULL, "DNS:gw.corp.example", ".corp.example", false },
		{ "CN=gw.example", "DNS:other", "gw.example", false },
		{ NULL, "email:ike@example.org", "ike@example.org", true },
		{ NULL, "email:ike@example.org", "it@example.org", false },
		{ NULL, "email:ike@example.org", "example.org", false },
		{ "emailAddress=ike@example.org", "DNS:x", "ike@example.org",
		  false },
		{ NULL, "IP:192.0.2.1", "192.0.2.1", true },
		{ NULL, "IP:192.0.2.1", "192.0.2.2", false },
		{ NULL, "DNS:192.0.2.1", "192.0.2.1", false },
		{ NULL, "IP:2001:db8::1", "2001:db8::1", true },
		{ NULL, "IP:2001:db8::1", "2001:db8::2", false },
		{ "C=DE, O=Example, CN=gw 1", "DNS:x",
		  "C=DE, O=Example, CN=gw 1", true },
		{ "C=DE, O=Example, CN=gw 1", "DNS:x",
		  "C=de,O=EXAMPLE,CN=GW  1", true },
		{ "C=DE, O=Example, CN=gw 1", "DNS:x",
		  "C=DE, O=Example, CN=gw 2", false },
		{ "C=DE, O=Example, CN=gw 1", "DNS:x",
		  "CN=gw 1, O=Example, C=DE", false },
		{ "C=DE, O=Example, CN=gw 1", "DNS:x", "CN=gw 1", false },
		{ NULL, "DNS:x", "#0102030405060708", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pki_spec spec = { .name = cases[i].name,
					 .names = cases[i].names };

		if (cases[i].good)
			believed(spec, cases[i].id);
		else
			refused(spec, cases[i].id,
				"its certificate does not say that it is \"");
	}
	refused((struct pki_spec){ .names = "DNS:a.example,IP:192.0.2.1" },
		"b.example",
		"its certificate does not say that it is \"b.example\"; it "
		"names \"CN=gw\", \"a.example\", \"192.0.2.1\"");
}

static void key_ids(void **state)
{
	struct pki *gw = gateway((struct pki_spec){ 0 });
	const ASN1_OCTET_STRING *key = X509_get0_subject_key_id(gw->cert);
	char text[100] = "#";

	(void)state;
	for (int i = 0; i < ASN1_STRING_length(key); i++)
		sprintf(text + 1 + 2 * i, "%02x",
			ASN1_STRING_get0_data(key)[i]);
	pki_free(gw);
	/* The same name makes the same key. */
	believed((struct pki_spec){ 0 }, text);
	text[strlen(text) - 2] = 0;
	refused((struct pki_spec){ 0 }, text, "does not say that it is \"#");
}

/* ------------------------------------------------------------------ garbage */

static void certificates_that_are_none(void **state)
{
	struct pki *gw = gateway((struct pki_spec){ 0 });
	struct cert_store *ours = pki_store(gw, sub, NULL);
	struct cert_store *theirs = pki_store(NULL, NULL, root);
	struct ike_identity id;
	struct ike_verify_request v = { .remote_id = &id, .method = 14 };
	const uint8_t *der;
	size_t len = cert_store_cert(ours, 0, &der);

	(void)state;
	ike_identity_parse(&id, "gw.example");
	assert_int_equal(cert_verify(theirs, PKI_NOW, &v, why, sizeof(why)),
			 -EKEYREJECTED);
	assert_why("it sent no X.509 certificate");
	v.n_certs = 1;
	for (size_t cut = 1; cut < len; cut += 7) {
		struct ike_slice s = tight(der, cut);

		v.certs[0].data = s.data;
		v.certs[0].len = s.len;
		assert_int_equal(cert_verify(theirs, PKI_NOW, &v, why,
					     sizeof(why)), -EKEYREJECTED);
		assert_why("its certificate 1 of 1 cannot be read");
		tight_free(s);
	}
	/* Any octet wrong, in its own or in the intermediate: not believed. */
	BELIEVED(.ours = ours, .theirs = theirs, .hashes = ALL_HASHES);
	v.auth = sig.data;
	v.auth_len = sig.len;
	v.octets = (const uint8_t *)what;
	v.len = sizeof(what);
	v.n_certs = 2;
	for (unsigned int n = 0; n < 2; n++)
		v.certs[n].len = cert_store_cert(ours, n, &v.certs[n].data);
	assert_int_equal(cert_verify(theirs, PKI_NOW, &v, why, sizeof(why)), 0);
	for (unsigned int n = 0; n < 2; n++) {
		for (size_t at = 0; at < v.certs[n].len; at++) {
			uint8_t *octets = (uint8_t *)v.certs[n].data;

			octets[at] ^= 0x01;
			assert_int_equal(cert_verify(theirs, PKI_NOW, &v, why,
						     sizeof(why)),
					 -EKEYREJECTED);
			octets[at] ^= 0x01;
		}
	}
	v.n_certs = 1;
	/* Something behind it. */
	len = cert_store_cert(ours, 0, &der);
	uint8_t *longer = calloc(1, len + 1);

	memcpy(longer, der, len);
	v.certs[0].data = longer;
	v.certs[0].len = len + 1;
	assert_int_equal(cert_verify(theirs, PKI_NOW, &v, why, sizeof(why)),
			 -EKEYREJECTED);
	assert_why("cannot be read");
	free(longer);
	cert_store_free(ours);
	cert_store_free(theirs);
	pki_free(gw);
}

/* -------------------------------------------------------------------- files */

static void pem_that_is_none(void **state)
{
	struct pki *gw = gateway((struct pki_spec){ 0 });
	struct pki *small = gateway((struct pki_spec){ .key = "RSA-1024" });
	struct cert_store *store = cert_store_new();
	struct ike_identity id;
	char *cert = pki_cert_pem(gw), *key = pki_key_pem(gw), *at;
	BIO *bio = BIO_new(BIO_s_mem());
	char *sealed;
	long n;

	(void)state;
#define TAKES(what_, text) \
	cert_store_##what_(store, text, strlen(text), why, sizeof(why))
	assert_int_equal(TAKES(chain, "nothing"), -EINVAL);
	assert_why("has no certificate");
	assert_int_equal(TAKES(chain, key), -EINVAL);
	assert_why("has no certificate");
	assert_int_equal(TAKES(key, cert), -EINVAL);
	assert_why("has no private key");
	assert_int_equal(TAKES(authorities, ""), -EINVAL);
	assert_int_equal(TAKES(crls, cert), -EINVAL);
	assert_why("has no revocation list");
	/* Half of it. */
	at = strdup(cert);
	at[strlen(at) / 2] = 0;
	assert_int_equal(TAKES(chain, at), -EINVAL);
	assert_why("cannot be read");
	free(at);
	/* A passphrase is not asked for. */
	PEM_write_bio_PKCS8PrivateKey(bio, gw->key, EVP_aes_256_cbc(), "x", 1,
				      NULL, NULL);
	n = BIO_get_mem_data(bio, &sealed);
	assert_int_equal(cert_store_key(store, sealed, (size_t)n, why,
					sizeof(why)), -EINVAL);
	assert_why("without a passphrase");
	BIO_free(bio);
	at = pki_key_pem(small);
	assert_int_equal(TAKES(key, at), -EINVAL);
	assert_why("an RSA key of 1024 bits; expected 2048 to 4096");
	free(at);
	/* Does it all fit together? */
	ike_identity_parse(&id, "gw.example");
	assert_false(cert_store_fits(store, &id, why, sizeof(why)));
	assert_int_equal(TAKES(key, key), 0);
	assert_int_equal(TAKES(chain, cert), 0);
	assert_true(cert_store_fits(store, &id, why, sizeof(why)));
	ike_identity_parse(&id, "other.example");
	assert_false(cert_store_fits(store, &id, why, sizeof(why)));
	assert_why("the certificate does not say that it is of "
		   "\"other.example\"; it names \"CN=gw\", \"gw.example\"");
	EVP_PKEY_free(store->key);
	EVP_PKEY_up_ref(small->key);
	store->key = small->key;
	assert_false(cert_store_fits(store, &id, why, sizeof(why)));
	assert_why("the key does not belong to the (first) certificate");
	/* More than can be sent. */
	for (unsigned int i = 1; i < IKE_CERTS_MAX; i++)
		assert_int_equal(TAKES(chain, cert), 0);
	assert_int_equal(TAKES(chain, cert), -EINVAL);
	assert_why("too many certificates");
#undef TAKES
	free(cert);
	free(key);
	cert_store_free(store);
	pki_free(gw);
	pki_free(small);
}

/* -------------------------------------------------- between two engines */

static char refusal[700];

/* What an end says about a peer that it does not believe. */
static void keep_refusal(void *ctx, const struct ike_event *event)
{
	(void)ctx;
	if (event->id == IKE_EVENT_AUTH_FAILED ||
	    event->id == IKE_EVENT_NEGOTIATION_FAILED)
		snprintf(refusal, sizeof(refusal), "%s", event->line);
}

/* Return: "up", or why not, in the words of @node. */
static const char *attempt(enum ike_auth_kind a, enum ike_auth_kind b,
			   enum ike_auth_kind b_wants, bool trusted,
			   unsigned int node)
{
	struct pki *stranger = pki_new(&(struct pki_spec){
		.name = "CN=Stranger", .constraints = "CA:TRUE" });
	struct pki *gw[2];
	struct cert_store *stores[2];
	struct sim *sim = calloc(1, sizeof(*sim));

	assert_non_null(sim);
	sim_init(sim, "bench", 1, getenv("VERBOSE"));
	sim->disrupted = true;
	for (unsigned int i = 0; i < 2; i++) {
		gw[i] = gateway((struct pki_spec){
			.names = i ? "DNS:b.example" : "DNS:a.example" });
		stores[i] = pki_store(gw[i], sub,
				      i && !trusted ? stranger : root);
		sim->nodes[i].certs = stores[i];
	}
	sim->nodes[0].config.local_auth = a;
	sim->nodes[0].config.remote_auth = b;
	sim->nodes[1].config.local_auth = b;
	sim->nodes[1].config.remote_auth = b_wants;
	refusal[0] = 0;
	sim->nodes[node].env.event = keep_refusal;
	sim_start(sim, 1);
	sim_start(sim, 0);
	sim_run(sim, 500);
	if (sim_both_up(sim))
		snprintf(refusal, sizeof(refusal), "up");
	assert_false(sim->failed);
	sim_free(sim);
	free(sim);
	for (unsigned int i = 0; i < 2; i++) {
		cert_store_free(stores[i]);
		pki_free(gw[i]);
	}
	pki_free(stranger);
	return refusal;
}

static void each_end_in_its_own_way(void **state)
{
	enum ike_auth_kind psk = IKE_AUTH_BY_PSK, cert = IKE_AUTH_BY_CERT;

	(void)state;
	assert_string_equal(attempt(cert, cert, cert, true, 0), "up");
	assert_string_equal(attempt(cert, psk, cert, true, 0), "up");
	assert_string_equal(attempt(psk, cert, psk, true, 0), "up");
	assert_non_null(strstr(
		attempt(cert, psk, psk, true, 1),
		"peer \"a.example\" is not believed: it shows a certificate"));
	assert_non_null(strstr(
		attempt(psk, psk, cert, true, 1),
		"peer \"a.example\" is not believed: it uses a pre-shared key"));
	assert_non_null(strstr(
		attempt(cert, cert, cert, false, 1),
		"peer \"a.example\" is not believed: unknown CA"));
	assert_non_null(strstr(
		attempt(cert, cert, cert, false, 0),
		"does it trust our certificate?"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures),
		cmocka_unit_test(algorithm_identifiers),
		cmocka_unit_test(other_ways_to_say_pss),
		cmocka_unit_test(what_a_peer_does_not_know),
		cmocka_unit_test(another_key),
		cmocka_unit_test(chains),
		cmocka_unit_test(forged_chains),
		cmocka_unit_test(validity),
		cmocka_unit_test(constraints),
		cmocka_unit_test(purposes),
		cmocka_unit_test(weak),
		cmocka_unit_test(revocation),
		cmocka_unit_test(identities),
		cmocka_unit_test(key_ids),
		cmocka_unit_test(certificates_that_are_none),
		cmocka_unit_test(pem_that_is_none),
		cmocka_unit_test(each_end_in_its_own_way),
	};

	return cmocka_run_group_tests(tests, make_authorities,
				      free_authorities);
}
