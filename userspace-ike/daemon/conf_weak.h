/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warnings about what a peer may choose from a list of proposals.
 */
#ifndef IPSVTI_CONF_WEAK_H
#define IPSVTI_CONF_WEAK_H

#include "conf.h"

/**
 * conf_weak_check() - warn of the choices that a list of proposals allows
 * @tunnel: the tunnel; its preset tells who chooses
 * @key: "ike" or "esp"
 * @suite: the list
 * @line: where it stands
 * @errors: receives the warnings, by conf_warning()
 */
void conf_weak_check(const struct conf_tunnel *tunnel, const char *key,
		     const struct ike_suite *suite, unsigned int line,
		     struct conf_errors *errors);

#endif
