/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets on disk: files of mode 0600 with one secret each; and files with
 * certificates, which are no secret.
 */
#ifndef IPSVTI_KEYS_H
#define IPSVTI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf_error.h"

#define SECRET_MAX 1024 /* octets */

/**
 * struct secret - a pre-shared key in memory
 * @len: octets in @octets
 * @octets: the key
 */
struct secret {
	size_t len;
	uint8_t octets[SECRET_MAX];
};

/**
 * secret_read() - read a pre-shared key from its file
 * @path: the file: one line, the key as text; blanks inside it count
 * @secret: filled on success
 * @errors: receives what is wrong, under the place @file and @line that names
 *          the secret
 * @file: configuration file that names @path
 * @line: line in it
 *
 * A file that anybody but its owner may read or write is refused, as is one
 * that belongs neither to root nor to the caller.
 *
 * Return: 0, or -1 after an error was reported; @secret is wiped then.
 */
int secret_read(const char *path, struct secret *secret,
		struct conf_errors *errors, const char *file, unsigned int line);

/* Octets of the largest file of certificates or revocation lists. */
#define PEM_FILE_MAX (4 << 20)

/**
 * pem_read() - read a file with a private key, certificates or lists
 * @path: the file
 * @secret: refuse it if others can read it or write to it
 * @len: set to its length
 * @key: key of the configuration that names it
 * @errors: receives what is wrong, under the place @file and @line
 * @file: configuration file that names @path
 * @line: line in it
 *
 * Return: its octets, to be wiped and freed, or NULL after an error was
 * reported.
 */
uint8_t *pem_read(const char *path, bool secret, size_t *len, const char *key,
		  struct conf_errors *errors, const char *file,
		  unsigned int line);

/** secret_wipe() - overwrite @secret with zeros */
void secret_wipe(struct secret *secret);

#endif
