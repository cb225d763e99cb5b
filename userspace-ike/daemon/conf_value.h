/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of configuration keys that only the daemon knows; addresses,
 * identities and suites are parsed by the engine.
 */
#ifndef IPSVTI_CONF_VALUE_H
#define IPSVTI_CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * conf_duration_parse() - "90", "90s", "15m", "8h" or "7d" in seconds
 * @text: digits and an optional unit; without one, seconds
 * @seconds: set on success
 *
 * Return: true if @text is a duration that fits.
 */
bool conf_duration_parse(const char *text, uint32_t *seconds);

/**
 * conf_number_parse() - an unsigned decimal number, nothing else
 * @text: digits
 * @number: set on success
 *
 * Return: true if @text is a number that fits.
 */
bool conf_number_parse(const char *text, uint32_t *number);

/**
 * conf_count_parse() - "500000", "500k", "20M", "10G" or "1T"
 * @text: digits and an optional unit, a power of a thousand
 * @count: set on success
 *
 * Return: true if @text is a number that fits.
 */
bool conf_count_parse(const char *text, uint64_t *count);

/**
 * conf_host_name_valid() - whether text has the form of a host name
 * @name: labels of letters, digits and hyphens, joined by dots. The last one is
 *        not all digits: that would be an address with a mistake in it
 *
 * Return: true if it has.
 */
bool conf_host_name_valid(const char *name);

/**
 * conf_interface_valid() - whether a network device may have this name
 * @name: the name
 *
 * Return: true if the kernel would take it.
 */
bool conf_interface_valid(const char *name);

/**
 * conf_tunnel_name_valid() - whether a tunnel may have this name
 * @name: the name: letters, digits, '.', '_', '-', and not too many
 *
 * Return: true if it may.
 */
bool conf_tunnel_name_valid(const char *name);

#endif
