// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text of one configuration file, by libconfuse.
 *
 * Every value is taken as text with its line; what it means is decided later
 * and elsewhere, so that several wrong values are all reported in one go.
 */
#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_file.h"
#include "nearest.h"

/* What a file is, told whoever gives another one. */
#define EXPECTED "expected KEY = \"VALUE\", or KEY = {\"VALUE\", ...} for a list"

struct conf_file {
	cfg_t *cfg;
	char *path;
};

/*
 * libconfuse hands no argument of ours to its callbacks. Set while
 * conf_file_parse() is in cfg_parse_buf(), NULL otherwise.
 */
static struct {
	const char *path;
	const struct conf_key *keys;
	unsigned int nkeys;
	unsigned int *lines; /* where each key was given; 0: not yet */
	struct conf_errors *errors;
} parsing;

static void tell(void (*to)(void *arg, const char *text), void *arg,
		 const char *file, unsigned int line, const char *fmt, va_list ap)
{
	char text[1024];
	int len;

	if (line)
		len = snprintf(text, sizeof(text), "%s:%u: ", file, line);
	else
		len = snprintf(text, sizeof(text), "%s: ", file);
	if (len < (int)sizeof(text))
		vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	to(arg, text);
}

void conf_error(struct conf_errors *errors, const char *file, unsigned int line,
		const char *fmt, ...)
{
	va_list ap;

	errors->count++;
	va_start(ap, fmt);
	tell(errors->report, errors->arg, file, line, fmt, ap);
	va_end(ap);
}

void conf_warning(struct conf_errors *errors, const char *file,
		  unsigned int line, const char *fmt, ...)
{
	va_list ap;

	if (!errors->warn)
		return;
	va_start(ap, fmt);
	tell(errors->warn, errors->arg, file, line, fmt, ap);
	va_end(ap);
}

const char *conf_unit_hides(const char *path)
{
	/* ProtectHome=yes and PrivateTmp=yes, see systemd.exec(5). */
	static const char *const folders[] = { "/root", "/home", "/run/user",
					       "/tmp", "/var/tmp" };
	size_t len;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		len = strlen(folders[i]);
		if (!strncmp(path, folders[i], len) && path[len] == '/')
			return folders[i];
	}
	return NULL;
}

const char *conf_cannot(int err, const char *path)
{
	const char *hidden = conf_unit_hides(path);
	static char text[400];
	size_t len;

	/* Whoever the unit has started sees that nothing is there. */
	if (err == ENOENT && hidden && getenv("NOTIFY_SOCKET")) {
		snprintf(text, sizeof(text),
			 "%s; the unit of ipsvti-iked hides all that is below %s: put it below /etc/ipsvti",
			 strerror(err), hidden);
		return text;
	}
	if (err != EACCES || geteuid())
		return strerror(err);
	snprintf(text, sizeof(text),
		 "%s, even to root; ipsvti-iked is confined to files of root below /etc/ipsvti, but for what /etc/apparmor.d/local/usr.sbin.ipsvti-iked allows",
		 strerror(err));
	len = strlen(text);
	if (hidden)
		snprintf(text + len, sizeof(text) - len,
			 "; its unit hides all that is below %s in any case: put it below /etc/ipsvti",
			 hidden);
	return text;
}

/* The known key that a misspelt one most likely stands for, or NULL. */
static const char *nearest_key(const char *name)
{
	unsigned int best = 1 + (unsigned int)strlen(name) / 3, d, i;
	const char *key = NULL;

	for (i = 0; i < parsing.nkeys; i++) {
		d = ike_word_distance(name, strlen(name), parsing.keys[i].name);
		if (d <= best) {
			best = d;
			key = parsing.keys[i].name;
		}
	}
	return key;
}

static void report_unknown_key(unsigned int line, const char *name)
{
	const char *key = nearest_key(name);

	if (key)
		conf_error(parsing.errors, parsing.path, line,
			   "unknown key \"%s\"; did you mean \"%s\"?", name, key);
	else
		conf_error(parsing.errors, parsing.path, line,
			   "unknown key \"%s\"; ipsvti.conf(5) lists the known ones",
			   name);
}

static void report_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	static const char unknown[] = "no such option '";
	char text[512];
	char *name;

	vsnprintf(text, sizeof(text), fmt, ap);
	if (strncmp(text, unknown, strlen(unknown)) == 0) {
		name = text + strlen(unknown);
		name[strcspn(name, "'")] = '\0';
		report_unknown_key(cfg->line, name);
	} else {
		conf_error(parsing.errors, parsing.path, cfg->line,
			   "%s; " EXPECTED, text);
	}
}

/* libconfuse would let a later assignment replace an earlier one. */
static bool is_given_twice(cfg_t *cfg, cfg_opt_t *opt)
{
	unsigned int i;

	for (i = 0; strcmp(parsing.keys[i].name, opt->name); i++)
		;
	/* The second value of a list is no second assignment. */
	if (parsing.lines[i] && opt->nvalues == 1) {
		conf_error(parsing.errors, parsing.path, cfg->line,
			   "\"%s\" is given twice, first in line %u; keep one",
			   opt->name, parsing.lines[i]);
		return true;
	}
	if (!parsing.lines[i])
		parsing.lines[i] = cfg->line;
	return false;
}

/* Takes one value; @result is where libconfuse keeps the pointer. */
static int take_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct conf_text *text;

	if (is_given_twice(cfg, opt))
		return -1;
	text = malloc(sizeof(*text) + strlen(value) + 1);
	if (!text)
		return -1;
	text->line = cfg->line;
	strcpy(text->text, value);
	*(void **)result = text;
	return 0;
}

static char *read_file(const char *path, struct conf_errors *errors)
{
	char *text = NULL;
	size_t len;
	FILE *fp;

	fp = fopen(path, "re");
	if (!fp) {
		conf_error(errors, path, 0,
			   "cannot be read: %s; expected a file with the settings of a tunnel",
			   conf_cannot(errno, path));
		return NULL;
	}
	text = malloc(CONF_FILE_MAX + 1);
	if (!text) {
		conf_error(errors, path, 0, "no memory to read it");
		goto out;
	}
	len = fread(text, 1, CONF_FILE_MAX + 1, fp);
	if (ferror(fp)) {
		conf_error(errors, path, 0,
			   "cannot be read: %s; expected a file with the settings of a tunnel",
			   strerror(errno));
		goto free;
	}
	if (len > CONF_FILE_MAX) {
		conf_error(errors, path, 0, "is longer than %d octets; expected the settings of one tunnel: is it another kind of file?",
			   CONF_FILE_MAX);
		goto free;
	}
	text[len] = '\0';
	if (strlen(text) != len) {
		conf_error(errors, path, 0, "is not a text file; " EXPECTED);
		goto free;
	}
	goto out;
free:
	free(text);
	text = NULL;
out:
	fclose(fp);
	return text;
}

/*
 * libconfuse 3.3 counts a line too many for each comment, and takes a comment
 * inside a list for a value. With the comments blanked out its line numbers are
 * right.
 */
static void blank_comments(char *text)
{
	char quote = 0;

	for (; *text; text++) {
		if (quote) {
			if (*text == '\\' && text[1])
				text++;
			else if (*text == quote)
				quote = 0;
		} else if (*text == '"' || *text == '\'') {
			quote = *text;
		} else if (*text == '#' || (text[0] == '/' && text[1] == '/')) {
			while (*text && *text != '\n')
				*text++ = ' ';
			if (!*text)
				break;
		}
	}
}

static cfg_opt_t *make_options(const struct conf_key *keys, unsigned int nkeys)
{
	cfg_opt_t *opts = calloc(nkeys + 1, sizeof(*opts));
	unsigned int i;

	if (!opts)
		return NULL;
	for (i = 0; i < nkeys; i++)
		opts[i] = (cfg_opt_t){
			.name = keys[i].name,
			.type = CFGT_PTR,
			.flags = CFGF_NODEFAULT | (keys[i].list ? CFGF_LIST : 0),
			.parsecb = take_value,
			.freecb = free,
		};
	opts[nkeys] = (cfg_opt_t)CFG_END();
	return opts;
}

struct conf_file *conf_file_parse(const char *path, const struct conf_key *keys,
				  unsigned int nkeys, struct conf_errors *errors)
{
	struct conf_file *file;
	unsigned int before = errors->count;
	unsigned int *lines;
	cfg_opt_t *opts;
	char *text;
	int ret;

	text = read_file(path, errors);
	if (!text)
		return NULL;
	blank_comments(text);

	opts = make_options(keys, nkeys);
	lines = calloc(nkeys, sizeof(*lines));
	file = calloc(1, sizeof(*file));
	if (file)
		file->path = strdup(path);
	if (opts && lines && file && file->path)
		file->cfg = cfg_init(opts, CFGF_NONE);
	free(opts); /* cfg_init() made its own copy. */
	if (!file || !file->cfg) {
		conf_error(errors, path, 0, "no memory to parse it");
		goto fail;
	}

	cfg_set_error_function(file->cfg, report_error);
	parsing.path = path;
	parsing.keys = keys;
	parsing.nkeys = nkeys;
	parsing.lines = lines;
	parsing.errors = errors;
	ret = cfg_parse_buf(file->cfg, text);
	memset(&parsing, 0, sizeof(parsing));
	if (ret != CFG_SUCCESS && errors->count == before)
		conf_error(errors, path, 0, "cannot be parsed; " EXPECTED);
	if (ret == CFG_SUCCESS && errors->count == before)
		goto out;
fail:
	conf_file_free(file);
	file = NULL;
out:
	free(lines);
	free(text);
	return file;
}

const struct conf_text *conf_file_get(const struct conf_file *file,
				      const char *key, unsigned int index)
{
	cfg_opt_t *opt = cfg_getopt(file->cfg, key);

	return opt && index < cfg_opt_size(opt) ? cfg_opt_getnptr(opt, index) : NULL;
}

const char *conf_file_path(const struct conf_file *file)
{
	return file->path;
}

void conf_file_free(struct conf_file *file)
{
	if (!file)
		return;
	if (file->cfg)
		cfg_free(file->cfg);
	free(file->path);
	free(file);
}
