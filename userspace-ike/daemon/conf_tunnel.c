// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One tunnel out of one file: what each key means. The keys are described for
 * people in Documentation/man/ipsvti.conf.5.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cert.h"
#include "conf_setting.h"
#include "conf_value.h"
#include "conf_weak.h"

#define DEFAULT_IKE_SUITE \
	"aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-ecp384-ecp256"
#define DEFAULT_ESP_SUITE "aes256gcm16-aes128gcm16-x25519-ecp384-ecp256"

#define LIFETIME_MIN 10			/* seconds */
#define REAUTH_MIN 60			/* seconds */
#define LIFETIME_MAX (30 * 86400)	/* seconds */
#define CHILD_BYTES_MIN 1000000
#define CHILD_PACKETS_MIN 1000
#define DPD_MIN 1			/* seconds */
#define DPD_MAX 3600			/* seconds */

static void set_address(struct setting *s, struct ike_address *addr)
{
	static const uint8_t unspecified[16];

	if (ike_address_parse(addr, s->value->text) < 0 ||
	    !memcmp(addr->octets, unspecified, sizeof(unspecified)))
		setting_error(s,
			      "\"%s\" is not an IP address; expected one such as 198.51.100.2 or 2001:db8::2",
			      s->value->text);
}

static void set_local(struct setting *s)
{
	set_address(s, &s->tunnel->ike.local);
	s->tunnel->local_line = s->value->line;
}

static void set_remote(struct setting *s)
{
	struct conf_tunnel *tunnel = s->tunnel;
	const char *text = s->value->text;
	char id[256];

	tunnel->remote_line = s->value->line;
	if (!conf_host_name_valid(text)) {
		set_address(s, &tunnel->ike.remote);
		return;
	}
	snprintf(tunnel->remote_name, sizeof(tunnel->remote_name), "%s", text);
	/* Its address may change, its name may not: unless remote-id follows. */
	snprintf(id, sizeof(id), "@%s", text);
	ike_identity_parse(&tunnel->ike.remote_id, id);
}

static void set_identity(struct setting *s, struct ike_identity *id)
{
	if (ike_identity_parse(id, s->value->text) < 0)
		setting_error(s,
			      "\"%s\" is not an identity; expected an IP address, a host name, NAME@HOST, #HEX or a name such as C=DE, O=Example, CN=gw",
			      s->value->text);
}

static void set_local_id(struct setting *s)
{
	set_identity(s, &s->tunnel->ike.local_id);
}

static void set_remote_id(struct setting *s)
{
	set_identity(s, &s->tunnel->ike.remote_id);
}

bool setting_path(struct setting *s, char *path, size_t size)
{
	const char *name = s->value->text, *slash = strrchr(s->file, '/');
	int len;

	if (!*name) {
		setting_error(s, "%s", "is empty; expected the name of a file");
		return false;
	}
	if (*name == '/' || !slash)
		len = snprintf(path, size, "%s", name);
	else
		len = snprintf(path, size, "%.*s/%s", (int)(slash - s->file),
			       s->file, name);
	if (len >= (int)size) {
		setting_error(s, "%s", "is too long; expected the name of a file");
		return false;
	}
	return true;
}

static void set_psk_file(struct setting *s)
{
	char path[4096];

	if (setting_path(s, path, sizeof(path)) &&
	    !secret_read(path, &s->tunnel->psk, s->errors, s->file,
			 s->value->line))
		setting_path_read(s);
}

static void set_interface(struct setting *s)
{
	if (!conf_interface_valid(s->value->text)) {
		setting_error(s,
			      "\"%s\" cannot be the name of a network device; expected 1 to %d characters, none of them '/', ':', '%%' or a blank",
			      s->value->text, IF_NAMESIZE - 1);
		return;
	}
	snprintf(s->tunnel->interface, sizeof(s->tunnel->interface), "%s",
		 s->value->text);
	s->tunnel->interface_line = s->value->line;
}

static void set_suite(struct setting *s, struct ike_suite *suite,
		      enum ike_suite_kind kind)
{
	char why[300] = "";

	if (ike_suite_parse(suite, kind, s->value->text, why, sizeof(why)) < 0)
		setting_error(s, "\"%s\": %s", s->value->text, why);
}

static bool is_true(struct setting *s)
{
	bool is = !strcmp(s->value->text, "true");

	if (!is && strcmp(s->value->text, "false"))
		setting_error(s, "\"%s\" is unknown; expected \"true\" or \"false\"",
			      s->value->text);
	return is;
}

/* Comes before the suites, wherever it stands in the file. */
static void set_allow_legacy(struct setting *s)
{
	bool allow = is_true(s);

	s->tunnel->ike.ike.allow_legacy = allow;
	s->tunnel->ike.esp.allow_legacy = allow;
}

static void set_ike(struct setting *s)
{
	set_suite(s, &s->tunnel->ike.ike, IKE_SUITE_IKE);
}

static void set_esp(struct setting *s)
{
	set_suite(s, &s->tunnel->ike.esp, IKE_SUITE_ESP);
}

static void set_duration(struct setting *s, uint32_t *seconds, uint32_t min,
			 uint32_t max, const char *range)
{
	uint32_t value;

	if (!conf_duration_parse(s->value->text, &value))
		setting_error(s,
			      "\"%s\" is not a duration; expected digits and s, m, h or d, such as 1h",
			      s->value->text);
	else if (value < min || value > max)
		setting_error(s, "\"%s\" is out of range; expected %s",
			      s->value->text, range);
	else
		*seconds = value;
}

static void set_ike_lifetime(struct setting *s)
{
	set_duration(s, &s->tunnel->ike.ike_lifetime_s, LIFETIME_MIN,
		     LIFETIME_MAX, "10s to 30d");
}

static void set_child_lifetime(struct setting *s)
{
	set_duration(s, &s->tunnel->ike.child_lifetime_s, LIFETIME_MIN,
		     LIFETIME_MAX, "10s to 30d");
}

static void set_reauth_time(struct setting *s)
{
	if (!strcmp(s->value->text, "never"))
		s->tunnel->ike.reauth_s = 0;
	else
		set_duration(s, &s->tunnel->ike.reauth_s, REAUTH_MIN,
			     LIFETIME_MAX, "1m to 30d, or never");
}

/* Below that, rekeys would follow one another without a pause. */
static void set_volume(struct setting *s, uint64_t *volume, uint64_t min,
		       const char *what)
{
	uint64_t value;

	if (!conf_count_parse(s->value->text, &value) || value < min)
		setting_error(s,
			      "\"%s\" is no number of %s; expected digits and k, M, G or T, such as 10G, at least %llu",
			      s->value->text, what, (unsigned long long)min);
	else
		*volume = value;
}

static void set_child_bytes(struct setting *s)
{
	set_volume(s, &s->tunnel->ike.child_bytes, CHILD_BYTES_MIN, "octets");
}

static void set_child_packets(struct setting *s)
{
	set_volume(s, &s->tunnel->ike.child_packets, CHILD_PACKETS_MIN,
		   "packets");
}

static void set_dpd_interval(struct setting *s)
{
	set_duration(s, &s->tunnel->ike.dpd_interval_s, DPD_MIN, DPD_MAX,
		     "1s to 1h");
}

static void set_replay_window(struct setting *s)
{
	uint32_t value;

	if (!conf_number_parse(s->value->text, &value) || value < 64 ||
	    value > 4096)
		setting_error(s, "\"%s\" is no size; expected 64 to 4096 packets",
			      s->value->text);
	else
		s->tunnel->ike.replay_window = value;
}

static void set_ts(struct setting *s, struct ike_ts *list, uint8_t *count)
{
	if (*count == IKE_TS_MAX)
		setting_error(s, "there are more than %d; take larger networks, or leave the key out and let routes decide",
			      IKE_TS_MAX);
	else if (ike_ts_parse(&list[*count], s->value->text))
		setting_error(s,
			      "\"%s\" is no traffic selector; expected an address, ADDR/LEN without bits behind the prefix, or ADDR-ADDR, and perhaps [PROTOCOL] or [PROTOCOL/PORT] behind it, such as 10.2.0.0/16[tcp/443]",
			      s->value->text);
	else
		(*count)++;
}

static void set_local_ts(struct setting *s)
{
	set_ts(s, s->tunnel->ike.local_ts, &s->tunnel->ike.n_local_ts);
}

static void set_remote_ts(struct setting *s)
{
	set_ts(s, s->tunnel->ike.remote_ts, &s->tunnel->ike.n_remote_ts);
}

static void set_start(struct setting *s)
{
	if (!strcmp(s->value->text, "always"))
		s->tunnel->ike.start = IKE_START_ALWAYS;
	else if (!strcmp(s->value->text, "on-traffic"))
		s->tunnel->ike.start = IKE_START_ON_TRAFFIC;
	else if (!strcmp(s->value->text, "passive"))
		s->tunnel->ike.start = IKE_START_PASSIVE;
	else
		setting_error(s, "\"%s\" is unknown; expected \"always\", \"on-traffic\" or \"passive\"",
			      s->value->text);
}

static void set_natt(struct setting *s)
{
	if (!strcmp(s->value->text, "auto"))
		s->tunnel->ike.natt = IKE_NATT_AUTO;
	else if (!strcmp(s->value->text, "force"))
		s->tunnel->ike.natt = IKE_NATT_FORCE;
	else
		setting_error(s, "\"%s\" is unknown; expected \"auto\" or \"force\"",
			      s->value->text);
}

static void set_childless(struct setting *s)
{
	s->tunnel->ike.childless = is_true(s);
}

/*
 * Key, whether it is a list, what it does; in the order of the manual page but
 * for the preset, of which the others must know.
 */
#define TUNNEL_KEYS(X)                               \
	X("preset", false, set_preset)               \
	X("local", false, set_local)                 \
	X("remote", false, set_remote)               \
	X("local-id", false, set_local_id)           \
	X("remote-id", false, set_remote_id)         \
	X("auth", false, set_auth)                   \
	X("remote-auth", false, set_remote_auth)     \
	X("psk-file", false, set_psk_file)           \
	X("cert-file", false, set_cert_file)         \
	X("key-file", false, set_key_file)           \
	X("ca-file", true, set_ca_file)              \
	X("crl-file", true, set_crl_file)            \
	X("rsa-signature", false, set_rsa_signature) \
	X("ike-sa-of", false, set_ike_sa_of)         \
	X("interface", false, set_interface)         \
	X("allow-legacy", false, set_allow_legacy)   \
	X("ike", true, set_ike)                      \
	X("esp", true, set_esp)                      \
	X("ike-lifetime", false, set_ike_lifetime)   \
	X("child-lifetime", false, set_child_lifetime) \
	X("reauth-time", false, set_reauth_time)     \
	X("child-bytes", false, set_child_bytes)     \
	X("child-packets", false, set_child_packets) \
	X("dpd-interval", false, set_dpd_interval)   \
	X("replay-window", false, set_replay_window) \
	X("local-ts", true, set_local_ts)            \
	X("remote-ts", true, set_remote_ts)          \
	X("start", false, set_start)                 \
	X("natt", false, set_natt)                   \
	X("childless", false, set_childless)

static const struct conf_key tunnel_keys[] = {
#define X(name, list, set) { name, list },
	TUNNEL_KEYS(X)
#undef X
};

static void (*const tunnel_setters[])(struct setting *s) = {
#define X(name, list, set) set,
	TUNNEL_KEYS(X)
#undef X
};

#define N_TUNNEL_KEYS (sizeof(tunnel_keys) / sizeof(tunnel_keys[0]))

static void apply_values(struct conf_tunnel *tunnel, const struct conf_file *file,
			 struct conf_errors *errors)
{
	struct setting s = {
		.tunnel = tunnel,
		.errors = errors,
		.file = conf_file_path(file),
	};
	unsigned int key, i;

	for (key = 0; key < N_TUNNEL_KEYS; key++) {
		s.key = tunnel_keys[key].name;
		for (i = 0; (s.value = conf_file_get(file, s.key, i)); i++)
			tunnel_setters[key](&s);
		if (i == 0)
			conf_preset_apply(&s, tunnel_setters[key]);
	}
}

static void require(const struct conf_file *file, struct conf_errors *errors,
		    const char *key, const char *what)
{
	if (!conf_file_get(file, key, 0))
		conf_error(errors, conf_file_path(file), 0,
			   "\"%s\" is missing; add %s = \"%s\"", key, key, what);
}

static void check_families(const struct conf_tunnel *tunnel,
			   const struct conf_file *file,
			   struct conf_errors *errors)
{
	const struct ike_address *local = &tunnel->ike.local;
	const struct ike_address *remote = &tunnel->ike.remote;
	char here[48], there[48];

	if (local->family && remote->family && local->family != remote->family)
		conf_error(errors, conf_file_path(file),
			   conf_file_get(file, "remote", 0)->line,
			   "remote: %s is an IPv%d address but local %s an IPv%d one; expected the same family",
			   ike_address_format(remote, there, sizeof(there)),
			   remote->family,
			   ike_address_format(local, here, sizeof(here)),
			   local->family);
}

/* Selectors of one family at one end, and of the other at the other. */
static void check_selectors(const struct conf_tunnel *tunnel,
			    const struct conf_file *file,
			    struct conf_errors *errors)
{
	const struct ike_tunnel_config *c = &tunnel->ike;
	unsigned int i, local = 0, remote = 0;

	for (i = 0; i < c->n_local_ts; i++)
		local |= 1u << c->local_ts[i].family;
	for (i = 0; i < c->n_remote_ts; i++)
		remote |= 1u << c->remote_ts[i].family;
	if (local && remote && !(local & remote))
		conf_error(errors, conf_file_path(file),
			   conf_file_get(file, "remote-ts", 0)->line,
			   "remote-ts: has no address of a family that local-ts has: nothing could pass; expected one of the same family, or neither key");
}

static void apply_defaults(struct conf_tunnel *tunnel,
			   const struct conf_file *file,
			   struct conf_errors *errors)
{
	char why[160]; /* Nothing is wrong with the defaults; a test sees to it. */

	if (!conf_file_get(file, "ike", 0) && !tunnel->ike.ike.n)
		ike_suite_parse(&tunnel->ike.ike, IKE_SUITE_IKE,
				DEFAULT_IKE_SUITE, why, sizeof(why));
	if (!conf_file_get(file, "esp", 0) && !tunnel->ike.esp.n)
		ike_suite_parse(&tunnel->ike.esp, IKE_SUITE_ESP,
				DEFAULT_ESP_SUITE, why, sizeof(why));
	if (conf_file_get(file, "interface", 0))
		return;
	if (conf_interface_valid(tunnel->ike.name))
		memcpy(tunnel->interface, tunnel->ike.name,
		       strlen(tunnel->ike.name) + 1);
	else
		conf_error(errors, conf_file_path(file), 0,
			   "\"interface\" is missing, and the tunnel's name cannot be that of a network device; add interface = \"vti0\"");
}

/* What the file offers, when all of it is known to be right. */
static void check_choices(const struct conf_tunnel *tunnel,
			  const struct conf_file *file,
			  struct conf_errors *errors)
{
	const struct conf_text *ike = conf_file_get(file, "ike", 0);
	const struct conf_text *esp = conf_file_get(file, "esp", 0);

	if (ike)
		conf_weak_check(tunnel, "ike", &tunnel->ike.ike, ike->line,
				errors);
	if (esp)
		conf_weak_check(tunnel, "esp", &tunnel->ike.esp, esp->line,
				errors);
}

/* The name of the tunnel is that of the file, without folder and ".conf". */
static int name_tunnel(struct conf_tunnel *tunnel, const char *path,
		       struct conf_errors *errors)
{
	const char *slash = strrchr(path, '/');
	char name[256];
	size_t len;

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
	len = strlen(name);
	if (len > 5 && !strcmp(name + len - 5, ".conf"))
		name[len - 5] = '\0';
	if (!conf_tunnel_name_valid(name)) {
		conf_error(errors, path, 0,
			   "\"%s\" cannot be the name of a tunnel; rename the file to at most %d letters, digits, '.', '_' and '-'",
			   name, IKE_NAME_MAX - 1);
		return -1;
	}
	memcpy(tunnel->ike.name, name, strlen(name) + 1);
	return 0;
}

struct conf_tunnel *conf_tunnel_load(const char *path,
				     struct conf_errors *errors)
{
	unsigned int before = errors->count;
	struct conf_tunnel *tunnel;
	struct conf_file *file;

	file = conf_file_parse(path, tunnel_keys, N_TUNNEL_KEYS, errors);
	if (!file)
		return NULL;
	tunnel = calloc(1, sizeof(*tunnel));
	if (tunnel) {
		tunnel->file = strdup(path);
		tunnel->certs = cert_store_new();
	}
	if (!tunnel || !tunnel->file || !tunnel->certs) {
		conf_error(errors, path, 0, "no memory for the tunnel");
		goto out;
	}

	if (name_tunnel(tunnel, path, errors) < 0)
		goto out;
	apply_values(tunnel, file, errors);
	apply_defaults(tunnel, file, errors);
	if (conf_file_get(file, "ike-sa-of", 0)) {
		conf_share_check(tunnel, file, errors);
	} else {
		require(file, errors, "local", "OUR ADDRESS");
		require(file, errors, "remote", "ADDRESS OF THE PEER");
		conf_cert_finish(tunnel, file, errors);
		check_families(tunnel, file, errors);
	}
	check_selectors(tunnel, file, errors);
	if (errors->count == before)
		check_choices(tunnel, file, errors);
out:
	conf_file_free(file);
	if (errors->count == before)
		return tunnel;
	conf_tunnel_free(tunnel);
	return NULL;
}

void conf_tunnel_free(struct conf_tunnel *tunnel)
{
	if (!tunnel)
		return;
	secret_wipe(&tunnel->psk);
	cert_store_free(tunnel->certs);
	free(tunnel->file);
	free(tunnel);
}
