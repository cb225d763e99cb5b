// SPDX-License-Identifier: GPL-2.0-or-later
/* Strict reading of the words on the command line: see args.h. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"

const char *args_next(struct args *args)
{
	if (!args->left)
		return NULL;
	args->left--;
	return *args->argv++;
}

const char *args_peek(const struct args *args)
{
	return args->left ? *args->argv : NULL;
}

enum ctl_status args_value(struct args *args, const char *keyword,
			   const char *expected, const char **value)
{
	*value = args_next(args);
	if (!*value)
		return ctl_usage(args->ctl, "nothing after \"%s\": expected %s",
				 keyword, expected);
	return CTL_OK;
}

bool parse_number64(const char *text, uint64_t min, uint64_t max,
		    uint64_t *number)
{
	const char *digits = text;
	unsigned long long value;
	int base = 10;
	size_t len;

	if (digits[0] == '0' && tolower(digits[1]) == 'x') {
		base = 16;
		digits += 2;
	} else if (digits[0] == '0' && digits[1]) {
		/* Octal for some, decimal for others: so, for nobody. */
		return false;
	}
	len = strspn(digits,
		     base == 16 ? "0123456789abcdefABCDEF" : "0123456789");
	if (!len || digits[len])
		return false;
	errno = 0;
	value = strtoull(digits, NULL, base);
	if (errno || value < min || value > max)
		return false;
	*number = value;
	return true;
}

bool parse_number(const char *text, uint32_t min, uint32_t max,
		  uint32_t *number)
{
	uint64_t value;

	if (!parse_number64(text, min, max, &value))
		return false;
	*number = value;
	return true;
}

enum ctl_status args_number64(struct args *args, const char *keyword,
			      uint64_t min, uint64_t max, uint64_t *number)
{
	const char *text = args_next(args);

	if (text && parse_number64(text, min, max, number))
		return CTL_OK;
	return ctl_usage(args->ctl,
			 "%s%s%s after \"%s\": expected a number from %" PRIu64
			 " to %" PRIu64 ", decimal or 0x hexadecimal",
			 text ? "\"" : "", text ? text : "nothing",
			 text ? "\"" : "", keyword, min, max);
}

enum ctl_status args_number(struct args *args, const char *keyword,
			    uint32_t min, uint32_t max, uint32_t *number)
{
	enum ctl_status status;
	uint64_t value = 0;

	status = args_number64(args, keyword, min, max, &value);
	if (!status)
		*number = value;
	return status;
}

enum ctl_status args_end(struct args *args)
{
	const char *word = args_next(args);

	if (word)
		return ctl_usage(args->ctl, "\"%s\": nothing more was expected",
				 word);
	return CTL_OK;
}

enum ctl_status args_once(struct args *args, const char *keyword,
			  unsigned int *seen, unsigned int bit)
{
	if (*seen & bit)
		return ctl_usage(args->ctl, "\"%s\" is there twice", keyword);
	*seen |= bit;
	return CTL_OK;
}
