/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent's reading of the configuration says, line by line, for programs. */
#ifndef IPSVTICTL_CONF_SAID_H
#define IPSVTICTL_CONF_SAID_H

#include <jansson.h>

/**
 * conf_said() - Take a line apart.
 * @line: "FILE:LINE: KEY: TEXT" or "FILE: TEXT", behind "warning: " if it is one
 *
 * Return: a new object with "text", "severity" and, as far as they are known, "file"
 * and "line".
 */
json_t *conf_said(const char *line);

#endif /* IPSVTICTL_CONF_SAID_H */
