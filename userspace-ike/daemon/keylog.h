/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Session keys in files, for who has to read a capture. The parent's: it opens
 * them before its rights are gone, and writes what it passes on anyway.
 */
#ifndef IPSVTI_KEYLOG_H
#define IPSVTI_KEYLOG_H

#include <stdbool.h>

#include "engine.h"

struct keylog;

/**
 * keylog_open() - open the two tables that Wireshark reads
 * @dir: folder of them, made if it is not there
 * @keylog: set on success
 *
 * A file that others could read, that is not ours or that is no regular file is
 * refused. What a file has stays, and new keys stand behind it.
 *
 * Return: 0, or -1 after the reason was logged.
 */
int keylog_open(const char *dir, struct keylog **keylog);

/** keylog_close() - close them; @keylog may be NULL */
void keylog_close(struct keylog *keylog);

/**
 * keylog_ike() - write the keys of an IKE SA
 * @keylog: where
 * @keys: the keys
 *
 * What Wireshark has no name for is written as a comment.
 *
 * Return: 0, or -errno after it was logged.
 */
int keylog_ike(struct keylog *keylog, const struct ike_sa_keys *keys);

/**
 * keylog_esp() - write the keys of an SA pair
 * @keylog: where
 * @tunnel: whose it is
 * @pair: the pair; inside UDP its addresses are left open, as a NAT replaces them
 *
 * Return: 0, or -errno after it was logged.
 */
int keylog_esp(struct keylog *keylog, const struct ike_tunnel_config *tunnel,
	       const struct ike_kernel_pair *pair);

#endif
