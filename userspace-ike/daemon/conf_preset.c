// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Presets: what fits a known kind of peer, as a file would say it. One suite
 * each, so that there is nothing for the peer to choose. Described for people in
 * Documentation/man/ipsvti.conf.5, and a test compares the two.
 */
#include <stdlib.h>
#include <string.h>

#include "conf_setting.h"

struct preset_value {
	const char *key;
	const char *text;
};

struct preset {
	const char *name;
	const struct preset_value *values;
};

/*
 * AWS rekeys at a random point between 540 and 270 s before 1 h and 8 h (its
 * margin of 270 s and fuzz of 100 %); we are always through before that. Its
 * BGP gives up after 30 s, so a dead peer must be known before: 10 s of
 * silence, seen a quarter of that later at most, and 7.5 s of questions.
 */
static const struct preset_value aws[] = {
	{ "ike", "aes256gcm16-prfsha384-ecp384" },
	{ "esp", "aes256gcm16-ecp384-noesn" },
	{ "ike-lifetime", "470m" },
	{ "child-lifetime", "50m" },
	{ "dpd-interval", "10s" },
	{ "replay-window", "2048" },
	{ NULL, NULL },
};

/*
 * Azure's IKE SA lives 8 h, which cannot be changed there, and its ESP SA
 * 102400000 KB if nobody has said otherwise: we are through before. Its DPD
 * timeout shall be 45 s or so, and it says that more haste makes it rekey.
 */
static const struct preset_value azure[] = {
	{ "ike", "aes256gcm16-prfsha384-ecp384" },
	{ "esp", "aes256gcm16-ecp384-noesn" },
	{ "ike-lifetime", "7h" },
	{ "child-lifetime", "1h" },
	{ "child-bytes", "100G" },
	{ "dpd-interval", "15s" },
	{ "replay-window", "2048" },
	{ NULL, NULL },
};

/* Cloud VPN's SAs live 10 h and 3 h. */
static const struct preset_value gcp[] = {
	{ "ike", "aes256gcm16-prfsha384-ecp384" },
	{ "esp", "aes256gcm16-ecp384-noesn" },
	{ "ike-lifetime", "9h" },
	{ "child-lifetime", "150m" },
	{ "dpd-interval", "10s" },
	{ "replay-window", "4096" },
	{ NULL, NULL },
};

/* For peers of one's own: nothing below 192 bits, and numbers that do not run out. */
static const struct preset_value strong[] = {
	{ "ike", "aes256gcm16-prfsha384-ecp384" },
	{ "esp", "aes256gcm16-ecp384-esn" },
	{ "ike-lifetime", "4h" },
	{ "child-lifetime", "1h" },
	{ "dpd-interval", "4s" },
	{ "replay-window", "4096" },
	{ NULL, NULL },
};

static const struct preset presets[] = {
	[CONF_PRESET_AWS] = { "aws", aws },
	[CONF_PRESET_AZURE] = { "azure", azure },
	[CONF_PRESET_GCP] = { "gcp", gcp },
	[CONF_PRESET_STRONG] = { "strong", strong },
};

void set_preset(struct setting *s)
{
	size_t i;

	for (i = CONF_PRESET_NONE + 1; i < sizeof(presets) / sizeof(presets[0]); i++) {
		if (!strcmp(s->value->text, presets[i].name)) {
			s->tunnel->preset = i;
			return;
		}
	}
	setting_error(s, "\"%s\" is unknown; expected \"aws\", \"azure\", \"gcp\" or \"strong\"",
		      s->value->text);
}

const char *conf_preset_text(enum conf_preset preset, const char *key)
{
	const struct preset_value *v = presets[preset].values;

	for (; v && v->key; v++)
		if (!strcmp(v->key, key))
			return v->text;
	return NULL;
}

bool conf_preset_apply(struct setting *s, void (*set)(struct setting *s))
{
	const char *text = conf_preset_text(s->tunnel->preset, s->key);
	const struct conf_text *was = s->value;
	struct conf_text *value;

	if (!text)
		return false;
	value = malloc(sizeof(*value) + strlen(text) + 1);
	if (!value) {
		conf_error(s->errors, s->file, 0, "no memory for the preset");
		return true;
	}
	value->line = 0;
	strcpy(value->text, text);
	s->value = value;
	set(s);
	s->value = was;
	free(value);
	return true;
}
