// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <net/if.h>
#include <string.h>

#include "conf_value.h"
#include "engine.h"

/* Digits at the start of *@text, which is moved behind them. */
static bool take_digits(const char **text, uint64_t *number)
{
	const char *p = *text;

	for (*number = 0; *p >= '0' && *p <= '9'; p++) {
		*number = *number * 10 + (uint64_t)(*p - '0');
		if (*number > UINT32_MAX)
			return false;
	}
	if (p == *text)
		return false;
	*text = p;
	return true;
}

bool conf_number_parse(const char *text, uint32_t *number)
{
	uint64_t value;

	if (!take_digits(&text, &value) || *text)
		return false;
	*number = (uint32_t)value;
	return true;
}

bool conf_duration_parse(const char *text, uint32_t *seconds)
{
	uint64_t value;

	if (!take_digits(&text, &value))
		return false;
	if (*text && text[1])
		return false;
	switch (*text) {
	case '\0':
	case 's':
		break;
	case 'm':
		value *= 60;
		break;
	case 'h':
		value *= 3600;
		break;
	case 'd':
		value *= 86400;
		break;
	default:
		return false;
	}
	if (value > UINT32_MAX)
		return false;
	*seconds = (uint32_t)value;
	return true;
}

bool conf_count_parse(const char *text, uint64_t *count)
{
	static const char units[] = "kMGT";
	const char *unit;
	uint64_t value;

	if (!take_digits(&text, &value))
		return false;
	unit = *text ? strchr(units, *text) : NULL;
	if (*text && (!unit || text[1]))
		return false;
	/* At most 2^32 times 10^12: it fits. */
	for (; unit && unit >= units; unit--)
		value *= 1000;
	*count = value;
	return true;
}

bool conf_host_name_valid(const char *name)
{
	size_t len, last = 0;
	bool digits = true;

	if (!*name || strlen(name) > 253)
		return false;
	for (; *name; name += len + (name[len] == '.')) {
		len = strcspn(name, ".");
		if (!len || len > 63 || name[0] == '-' || name[len - 1] == '-')
			return false;
		digits = true;
		for (size_t i = 0; i < len; i++) {
			if (!isalnum((unsigned char)name[i]) && name[i] != '-')
				return false;
			digits &= isdigit((unsigned char)name[i]) != 0;
		}
		last = len;
	}
	return last && !digits;
}

bool conf_interface_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IF_NAMESIZE || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || *name == '%' ||
		    isspace((unsigned char)*name))
			return false;
	return true;
}

bool conf_tunnel_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IKE_NAME_MAX)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	return true;
}
