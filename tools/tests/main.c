// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs all unit tests of the tools as one list; prints KTAP. */
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const struct suite *const suites[] = {
	&wire_suite,	&dialog_suite, &events_suite, &link_suite,
	&monitor_suite, &names_suite,  &args_suite,   &keyfile_suite,
	&cli_suite,	&agent_suite,  &plugin_suite,
	&finding_suite, &metrics_suite, &completion_suite,
	&import_suite,	&check_suite,
};

#define SUITES (sizeof(suites) / sizeof(suites[0]))

int run(char *output, size_t room, const char *fmt, ...)
{
	char command[1024];
	size_t used = 0;
	va_list ap;
	int status;
	FILE *pipe;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	used = fread(output, 1, room - 1, pipe);
	output[used] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const char *from_env(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		fail_msg("%s is not set: run the tests by \"make check\"",
			 name);
	return value;
}

int main(void)
{
	struct CMUnitTest tests[256];
	size_t i, n = 0;

	for (i = 0; i < SUITES; i++) {
		if (n + suites[i]->count > sizeof(tests) / sizeof(tests[0]))
			return 1;
		memcpy(tests + n, suites[i]->tests,
		       suites[i]->count * sizeof(*tests));
		n += suites[i]->count;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("tools", tests, n, NULL, NULL) ? 1 : 0;
}
