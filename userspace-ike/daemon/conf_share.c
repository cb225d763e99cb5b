// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels that share the IKE SA of another one: their files say little.
 */
#include <string.h>

#include "conf_setting.h"
#include "conf_value.h"

void set_ike_sa_of(struct setting *s)
{
	const char *name = s->value->text;

	if (!conf_tunnel_name_valid(name))
		setting_error(s,
			      "\"%s\" cannot be the name of a tunnel; expected that of another file, without \".conf\"",
			      name);
	else
		strcpy(s->tunnel->ike.ike_sa_of, name);
	s->tunnel->ike_sa_of_line = s->value->line;
}

/* Keys that are about the IKE SA, or about both ends. */
static const char *const keys_of_owner[] = {
	"local",     "remote",	 "local-id",  "remote-id",     "auth",
	"remote-auth", "psk-file", "cert-file", "key-file",    "ca-file",
	"crl-file",  "rsa-signature", "ike",  "ike-lifetime",  "dpd-interval",
	"natt",      "childless",
};

void conf_share_check(const struct conf_tunnel *tunnel,
		      const struct conf_file *file, struct conf_errors *errors)
{
	const struct conf_text *value;
	unsigned int i;

	for (i = 0; i < sizeof(keys_of_owner) / sizeof(keys_of_owner[0]); i++) {
		value = conf_file_get(file, keys_of_owner[i], 0);
		if (value)
			conf_error(errors, conf_file_path(file), value->line,
				   "%s: is that of tunnel \"%s\", whose IKE SA this one shares; remove it here",
				   keys_of_owner[i], tunnel->ike.ike_sa_of);
	}
}

static void inherit(struct conf_tunnel *tunnel, const struct conf_tunnel *owner)
{
	struct ike_tunnel_config *to = &tunnel->ike;
	const struct ike_tunnel_config *from = &owner->ike;

	to->local = from->local;
	to->remote = from->remote;
	to->local_id = from->local_id;
	to->remote_id = from->remote_id;
	to->local_auth = from->local_auth;
	to->remote_auth = from->remote_auth;
	to->natt = from->natt;
	to->childless = from->childless;
	to->ike = from->ike;
	to->ike_lifetime_s = from->ike_lifetime_s;
	to->dpd_interval_s = from->dpd_interval_s;
	memcpy(tunnel->remote_name, owner->remote_name,
	       sizeof(tunnel->remote_name));
}

void conf_share_link(struct conf *conf, struct conf_errors *errors)
{
	const struct conf_tunnel *owner;
	struct conf_tunnel *tunnel;
	size_t i;

	for (i = 0; i < conf->count; i++) {
		tunnel = conf->tunnels[i];
		if (!tunnel->ike.ike_sa_of[0])
			continue;
		owner = conf_find(conf, tunnel->ike.ike_sa_of);
		if (!owner)
			conf_error(errors, tunnel->file, tunnel->ike_sa_of_line,
				   "ike-sa-of: there is no good tunnel \"%s\"; expected the name of another file, without \".conf\" and without errors in it",
				   tunnel->ike.ike_sa_of);
		else if (owner->ike.ike_sa_of[0])
			conf_error(errors, tunnel->file, tunnel->ike_sa_of_line,
				   "ike-sa-of: tunnel \"%s\" has no IKE SA of its own; say ike-sa-of = \"%s\", as it does",
				   owner->ike.name, owner->ike.ike_sa_of);
		else
			inherit(tunnel, owner);
	}
}
