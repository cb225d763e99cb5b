// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of the agent about its configuration, as objects: see conf_said.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "conf_said.h"

#define WARNING "warning: "

json_t *conf_said(const char *line)
{
	bool warning = !strncmp(line, WARNING, strlen(WARNING));
	const char *end, *colon;
	unsigned int number = 0;
	size_t file;

	line += warning ? strlen(WARNING) : 0;
	end = colon = strstr(line, ": ");
	if (!end)
		return json_pack("{s:s, s:s}", "text", line, "severity", warning ? "warning" : "error");
	while (colon > line && colon[-1] >= '0' && colon[-1] <= '9')
		colon--;
	if (colon > line && colon < end && colon[-1] == ':')
		number = (unsigned int)strtoul(colon, NULL, 10);
	file = (size_t)((number ? colon - 1 : end) - line);
	return json_pack("{s:s%, s:s, s:s*, s:o*}", "file", line, file, "text", end + 2,
			 "severity", warning ? "warning" : "error", "line", number ? json_integer(number) : NULL);
}
