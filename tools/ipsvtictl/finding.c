// SPDX-License-Identifier: GPL-2.0-or-later
/* Findings, and where they are mended: see finding.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "finding.h"

/* Comments are only those at the start of a line: a key is not behind one. */
static bool is_key(const char *line, const char *key)
{
	size_t len = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, len))
		return false;
	line += len;
	line += strspn(line, " \t");
	return *line == '=' || (line[0] == '+' && line[1] == '=');
}

unsigned int conf_line(const char *path, const char *key)
{
	FILE *fp = fopen(path, "re");
	unsigned int number = 0, found = 0;
	char *line = NULL;
	size_t size = 0;

	if (!fp)
		return 0;
	while (!found && getline(&line, &size, fp) >= 0) {
		number++;
		if (is_key(line, key))
			found = number;
	}
	free(line);
	fclose(fp);
	return found;
}

json_t *finding_add(json_t *list, const char *severity, const char *id,
		    json_t *sentence, json_t *remedy)
{
	json_t *finding = json_pack("{s:s, s:s, s:o}", "id", id, "severity",
				    severity, "text", sentence);

	if (remedy)
		json_object_set_new(finding, "remedy", remedy);
	json_array_append_new(list, finding);
	return finding;
}

/* All other keys are of the IKE SA, which may be that of another tunnel and its file. */
static bool of_child(const char *key)
{
	return !strcmp(key, "esp") || !strcmp(key, "local-ts") || !strcmp(key, "remote-ts") ||
	       !strcmp(key, "interface");
}

void finding_at(json_t *finding, const json_t *tunnel, const char *key)
{
	const char *file = text(tunnel, of_child(key) || !*text(tunnel, "ike-sa-file") ? "file" : "ike-sa-file");
	unsigned int line;

	if (!*file)
		return;
	line = conf_line(file, key);
	json_object_set_new(finding, "file", json_string(file));
	json_object_set_new(finding, "key", json_string(key));
	if (line)
		json_object_set_new(finding, "line", json_integer(line));
}

json_t *findings(const json_t *tunnel, const struct facts *facts)
{
	json_t *list = json_array();

	findings_of_agent(list, tunnel);
	findings_of_kernel(list, tunnel, facts);
	return list;
}
