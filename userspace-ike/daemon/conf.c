// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration as a whole: the files of a folder, and what must not be
 * the same in two of them.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf.h"
#include "conf_setting.h"

static bool is_tunnel_file(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && !strcmp(name + len - 5, ".conf");
}

/* Keys and certificates are here, too: only what people take for ".conf" is told. */
static bool is_misnamed(const char *name)
{
	static const char *const suffixes[] = { ".conf", ".cfg",    ".cnf", ".con",
						".cof",	 ".config", ".ini" };
	const char *suffix = strrchr(name, '.');

	if (!suffix || suffix == name || is_tunnel_file(name))
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (!strcasecmp(suffix, suffixes[i]))
			return name[0] != '.';
	return false;
}

static int is_of_interest(const struct dirent *entry)
{
	return is_tunnel_file(entry->d_name) || is_misnamed(entry->d_name);
}

/* The device of a tunnel whose file does not name one has the tunnel's name. */
static void same_device(const struct conf_tunnel *tunnel,
			const struct conf_tunnel *other,
			struct conf_errors *errors)
{
	char line[16] = " by its name";

	if (other->interface_line)
		snprintf(line, sizeof(line), ":%u", other->interface_line);
	conf_error(errors, tunnel->file, tunnel->interface_line,
		   "interface \"%s\" is that of %s%s, too; each tunnel needs its own: change interface in one of them",
		   tunnel->interface, other->file, line);
}

static void same_ends(const struct conf_tunnel *tunnel,
		      const struct conf_tunnel *other,
		      struct conf_errors *errors)
{
	char local[48], remote[48], id[64];

	ike_address_format(&tunnel->ike.remote, remote, sizeof(remote));
	if (tunnel->ike.remote_id.type)
		ike_identity_format(&tunnel->ike.remote_id, id, sizeof(id));
	else
		snprintf(id, sizeof(id), "%s", remote);
	conf_error(errors, tunnel->file, tunnel->remote_line,
		   "remote: local %s, remote %s and remote-id %s are the same as those of %s:%u; set remote-id in each of them to what that peer is called",
		   ike_address_format(&tunnel->ike.local, local, sizeof(local)),
		   tunnel->ike.remote.family ? remote : tunnel->remote_name, id,
		   other->file, other->remote_line);
}

/* Two tunnels with one device, or that nothing tells apart on the wire. */
static void check_against(const struct conf *conf,
			  const struct conf_tunnel *tunnel,
			  struct conf_errors *errors)
{
	const struct conf_tunnel *other;
	size_t i;

	for (i = 0; i < conf->count; i++) {
		other = conf->tunnels[i];
		if (!strcmp(other->interface, tunnel->interface))
			same_device(tunnel, other, errors);
		if (other->ike.ike_sa_of[0] || tunnel->ike.ike_sa_of[0])
			continue;
		if (ike_address_same(&other->ike.local, &tunnel->ike.local) &&
		    ike_address_same(&other->ike.remote, &tunnel->ike.remote) &&
		    !memcmp(&other->ike.remote_id, &tunnel->ike.remote_id,
			    sizeof(tunnel->ike.remote_id)))
			same_ends(tunnel, other, errors);
	}
}

static void load_file(const char *dir, const char *name, struct conf *conf,
		      struct conf_errors *errors)
{
	struct conf_tunnel *tunnel;
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >=
	    (int)sizeof(path)) {
		conf_error(errors, dir, 0, "the path of %s is too long; expected at most %zu octets",
			   name, sizeof(path) - 1);
		return;
	}
	if (is_misnamed(name)) {
		conf_warning(errors, path, 0,
			     "is not read, its name does not end in \".conf\"; rename it to %.*s.conf if it is that of a tunnel",
			     (int)(strrchr(name, '.') - name), name);
		return;
	}
	tunnel = conf_tunnel_load(path, errors);
	if (!tunnel)
		return;
	check_against(conf, tunnel, errors);
	conf->tunnels[conf->count++] = tunnel;
}

int conf_load(const char *dir, struct conf *conf, struct conf_errors *errors)
{
	unsigned int before = errors->count;
	struct dirent **entries;
	int n, i;

	memset(conf, 0, sizeof(*conf));
	n = scandir(dir, &entries, is_of_interest, alphasort);
	if (n < 0) {
		conf_error(errors, dir, 0,
			   "%s; expected a folder with one file NAME.conf for each tunnel",
			   conf_cannot(errno, dir));
		return -1;
	}
	conf->tunnels = calloc(n + 1, sizeof(*conf->tunnels));
	if (!conf->tunnels)
		conf_error(errors, dir, 0, "no memory for %d tunnels", n);
	for (i = 0; i < n; i++) {
		if (conf->tunnels)
			load_file(dir, entries[i]->d_name, conf, errors);
		free(entries[i]);
	}
	free(entries);
	if (conf->tunnels)
		conf_share_link(conf, errors);
	if (errors->count == before)
		return 0;
	conf_free(conf);
	return -1;
}

static bool same_suite(const struct ike_suite *a, const struct ike_suite *b)
{
	return !memcmp(a, b, sizeof(*a));
}

bool conf_tunnel_same(const struct conf_tunnel *a, const struct conf_tunnel *b)
{
	const struct ike_tunnel_config *x = &a->ike, *y = &b->ike;

	/* What is compared as memory was zeroed before it was filled. */
	return !strcmp(x->name, y->name) &&
	       !strcmp(x->ike_sa_of, y->ike_sa_of) &&
	       !strcmp(a->interface, b->interface) &&
	       ike_address_same(&x->local, &y->local) &&
	       ike_address_same(&x->remote, &y->remote) &&
	       !memcmp(&x->local_id, &y->local_id, sizeof(x->local_id)) &&
	       !memcmp(&x->remote_id, &y->remote_id, sizeof(x->remote_id)) &&
	       x->local_auth == y->local_auth &&
	       x->remote_auth == y->remote_auth && x->start == y->start && x->natt == y->natt &&
	       x->childless == y->childless &&
	       same_suite(&x->ike, &y->ike) && same_suite(&x->esp, &y->esp) &&
	       x->ike_lifetime_s == y->ike_lifetime_s &&
	       x->reauth_s == y->reauth_s &&
	       x->child_lifetime_s == y->child_lifetime_s &&
	       x->child_bytes == y->child_bytes &&
	       x->child_packets == y->child_packets &&
	       x->dpd_interval_s == y->dpd_interval_s &&
	       x->replay_window == y->replay_window &&
	       x->n_local_ts == y->n_local_ts &&
	       x->n_remote_ts == y->n_remote_ts &&
	       !memcmp(x->local_ts, y->local_ts, sizeof(x->local_ts)) &&
	       !memcmp(x->remote_ts, y->remote_ts, sizeof(x->remote_ts));
}

struct conf_tunnel *conf_find(const struct conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->count; i++)
		if (!strcmp(conf->tunnels[i]->ike.name, name))
			return conf->tunnels[i];
	return NULL;
}

void conf_free(struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->count; i++)
		conf_tunnel_free(conf->tunnels[i]);
	free(conf->tunnels);
	memset(conf, 0, sizeof(*conf));
}
