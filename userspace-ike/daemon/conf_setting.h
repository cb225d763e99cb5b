/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A value on its way from a file into a tunnel: what conf_tunnel.c and
 * conf_cert.c share.
 */
#ifndef IPSVTI_CONF_SETTING_H
#define IPSVTI_CONF_SETTING_H

#include "conf.h"
#include "conf_file.h"

/**
 * struct setting - one value of one key
 * @tunnel: where it goes
 * @errors: receives what is wrong with it
 * @file: path of the file it stands in
 * @key: its key
 * @value: as written
 */
struct setting {
	struct conf_tunnel *tunnel;
	struct conf_errors *errors;
	const char *file;
	const char *key;
	const struct conf_text *value;
};

#define setting_error(s, fmt, ...)                                         \
	conf_error((s)->errors, (s)->file, (s)->value->line, "%s: " fmt, \
		   (s)->key, __VA_ARGS__)

/**
 * setting_path() - a value that is the name of a file
 * @s: the setting; a relative name is relative to the folder of @s->file
 * @path: gets the path
 * @size: octets of @path
 *
 * Return: whether it is one; if not, that was reported.
 */
bool setting_path(struct setting *s, char *path, size_t size);

/**
 * setting_path_read() - the file that a value names was read
 * @s: the value
 *
 * Warns if only who reads it now could: a person who checks, but not the unit.
 */
void setting_path_read(struct setting *s);

/* ---- conf_preset.c ------------------------------------------------------- */

void set_preset(struct setting *s);

/**
 * conf_preset_text() - what a preset says about a key
 * @preset: the preset
 * @key: the key
 *
 * Return: the value as a file would have it, or NULL.
 */
const char *conf_preset_text(enum conf_preset preset, const char *key);

/**
 * conf_preset_apply() - set a key as the preset of its tunnel says
 * @s: the setting, without a value
 * @set: what sets it
 *
 * Return: whether the preset says anything about it.
 */
bool conf_preset_apply(struct setting *s, void (*set)(struct setting *s));

/* ---- conf_share.c -------------------------------------------------------- */

void set_ike_sa_of(struct setting *s);

/**
 * conf_share_check() - what a tunnel that shares an IKE SA must not say itself
 * @tunnel: the tunnel
 * @file: its values
 * @errors: receives them
 */
void conf_share_check(const struct conf_tunnel *tunnel,
		      const struct conf_file *file, struct conf_errors *errors);

/**
 * conf_share_link() - give tunnels what those have whose IKE SA they share
 * @conf: all that were read
 * @errors: receives which are not there, or share one themselves
 */
void conf_share_link(struct conf *conf, struct conf_errors *errors);

/* ---- conf_cert.c --------------------------------------------------------- */

/* One function for each key. */
void set_auth(struct setting *s);
void set_remote_auth(struct setting *s);
void set_cert_file(struct setting *s);
void set_key_file(struct setting *s);
void set_ca_file(struct setting *s);
void set_crl_file(struct setting *s);
void set_rsa_signature(struct setting *s);

/**
 * conf_cert_finish() - how the two ends authenticate, when all keys are known
 * @tunnel: gets what the files that are named imply, where it is not said
 * @file: the values
 * @errors: receives what is missing, of no use, or does not fit together
 */
void conf_cert_finish(struct conf_tunnel *tunnel, const struct conf_file *file,
		      struct conf_errors *errors);

#endif
