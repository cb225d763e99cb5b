/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of one configuration file, key by key: syntax only, no meaning.
 */
#ifndef IPSVTI_CONF_FILE_H
#define IPSVTI_CONF_FILE_H

#include <stdbool.h>

#include "conf_error.h"

#define CONF_FILE_MAX 65536 /* octets */

/**
 * struct conf_key - one key that a file may contain
 * @name: as written
 * @list: takes a list of values in braces
 */
struct conf_key {
	const char *name;
	bool list;
};

/**
 * struct conf_text - one value as written
 * @line: where, counted from 1
 * @text: the value, quotes removed
 */
struct conf_text {
	unsigned int line;
	char text[];
};

struct conf_file;

/**
 * conf_file_parse() - read a file
 * @path: the file
 * @keys: the keys it may contain; must outlive the result
 * @nkeys: how many
 * @errors: receives what is wrong with the file, with its line; an unknown key
 *          is reported with the known one nearest to it
 *
 * Return: the file's values, to be released with conf_file_free(), or NULL if
 * an error was reported.
 */
struct conf_file *conf_file_parse(const char *path, const struct conf_key *keys,
				  unsigned int nkeys, struct conf_errors *errors);

/**
 * conf_file_get() - one value of a key
 * @file: what conf_file_parse() returned
 * @key: name of the key
 * @index: 0 for a key that is not a list
 *
 * Return: the value, owned by @file, or NULL if there is none.
 */
const struct conf_text *conf_file_get(const struct conf_file *file,
				      const char *key, unsigned int index);

/**
 * conf_file_path() - the path that was parsed
 * @file: what conf_file_parse() returned
 *
 * Return: the path, owned by @file.
 */
const char *conf_file_path(const struct conf_file *file);

/** conf_file_free() - release @file, which may be NULL */
void conf_file_free(struct conf_file *file);

#endif
