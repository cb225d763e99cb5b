// SPDX-License-Identifier: GPL-2.0-or-later
/* Colours: see colour.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "colour.h"

static bool wanted(void)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(none && *none) && term && strcmp(term, "dumb");
}

const char *colour(enum colour which)
{
	static const char *const codes[] = {
		[COLOUR_NONE] = "",	      [COLOUR_GOOD] = "\033[32m", [COLOUR_WARN] = "\033[33m",
		[COLOUR_BAD] = "\033[1;31m", [COLOUR_OFF] = "\033[0m",
	};

	return wanted() ? codes[which] : "";
}
