/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files with the keys of an SA pair. */
#ifndef IPSVTICTL_KEYFILE_H
#define IPSVTICTL_KEYFILE_H

#include "ctl.h"

/* More than a key file with comments needs. */
#define KEYFILE_MAX 8192

/**
 * keyfile_read() - Take the keys of a pair from a file.
 * @ctl: run; on failure its error says file, line, and what was expected, and
 *	never what was there
 * @path: the file, or "-" for standard input
 * @alg: algorithm, which says how long keys and salts are
 * @pair: key and salt of in and out are filled, and their bits set
 *
 * A file that others than its owner may read or write is refused.
 *
 * Return: CTL_OK or CTL_USAGE; then @pair may hold a part of the keys.
 */
enum ctl_status keyfile_read(struct ctl *ctl, const char *path,
			     enum ipsvti_alg alg, struct ipsvti_pair *pair);

/**
 * keyfile_parse() - Take the keys of a pair from a text. Pure.
 * @ctl: run, as above
 * @name: name of the file, for complaints
 * @text: the text; need not end with a zero
 * @len: octets of it
 * @alg: algorithm
 * @pair: as above
 *
 * Each line is empty, a comment ("#"), or "in KEY SALT" or "out KEY SALT" in
 * hexadecimal digits, with or without 0x. Key and salt may be one word, in
 * that order, as RFC 4106 (section 8.1) has them. Both lines must be there.
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status keyfile_parse(struct ctl *ctl, const char *name,
			      const char *text, size_t len, enum ipsvti_alg alg,
			      struct ipsvti_pair *pair);

#endif /* IPSVTICTL_KEYFILE_H */
