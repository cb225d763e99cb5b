/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration on its way from the process that may read files to the one
 * that may not: without pre-shared and private keys, in memory that is passed as
 * a file descriptor.
 */
#ifndef IPSVTI_HANDOVER_H
#define IPSVTI_HANDOVER_H

#include "conf.h"

/**
 * handover_pack() - all that is no secret of a configuration
 * @conf: the configuration
 *
 * Return: a sealed descriptor, or -errno.
 */
int handover_pack(const struct conf *conf);

/**
 * handover_unpack() - the configuration out of a descriptor
 * @fd: as handover_pack() made it, in another process of this program
 * @conf: filled on success; no tunnel in it has a key
 *
 * Return: 0, -EINVAL, -ENOMEM or another -errno; @conf is empty then.
 */
int handover_unpack(int fd, struct conf *conf);

/**
 * handover_pack_text() - text in a sealed descriptor
 * @text: the text
 * @len: its octets
 *
 * Return: the descriptor, or -errno.
 */
int handover_pack_text(const char *text, size_t len);

/**
 * handover_text() - the text in a descriptor
 * @fd: as handover_pack_text() made it
 *
 * Return: the text, terminated and to be freed, or NULL.
 */
char *handover_text(int fd);

#endif
