// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl probe: which IKE suites a gateway takes. Asking is another program's. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <grp.h>

#include "args.h"

#define PROBE "ipsvti-probe"

/* What reads a stranger's answers needs no rights at all. */
static bool give_up_root(void)
{
	const struct passwd *nobody;

	if (geteuid())
		return true;
	nobody = getpwnam("nobody");
	return nobody && !setgroups(0, NULL) && !setgid(nobody->pw_gid) && !setuid(nobody->pw_uid);
}

static enum ctl_status probe(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	const char *peer = args_next(&args), *word = args_next(&args);
	uint32_t seconds = 1;
	enum ctl_status status = CTL_OK;
	const char *words[5] = { PROBE }, **to = words + 1;
	char every[16];

	if (!peer)
		return ctl_usage(ctl, "expected the address or name of a gateway");
	if (word && strcmp(word, "every"))
		return ctl_usage(ctl, "\"%s\": expected \"every\"", word);
	if (word)
		status = args_number(&args, word, 1, 3600, &seconds);
	if (!status)
		status = args_end(&args);
	if (status)
		return status;
	snprintf(every, sizeof(every), "%u", seconds);
	if (!give_up_root()) {
		ctl->err = (struct ipsvti_error){ .code = errno };
		snprintf(ctl->err.text, sizeof(ctl->err.text), "the rights of root cannot be given up: %s",
			 strerror(errno));
		return CTL_FAILED;
	}
	if (ctl->json)
		*to++ = "--json";
	*to++ = peer;
	*to = every;
	execvp(PROBE, (char **)words);
	execv("/usr/bin/" PROBE, (char **)words);
	ctl->err = (struct ipsvti_error){ .code = errno };
	snprintf(ctl->err.text, sizeof(ctl->err.text), PROBE " cannot be run: %s", strerror(errno));
	return CTL_FAILED;
}

const struct ctl_command probe_command = {
	.object = "probe",
	.summary = "ask a gateway which IKE suites it takes",
	.usage = "PEER [every SECONDS]",
	.help = "One IKE_SA_INIT for each algorithm, as an unprivileged user, without any key. Only\n"
		"gateways that expect IKE from this machine's address may answer. Many limit how many\n"
		"IKE SAs may be half open: raise SECONDS (1) if there is no answer any more.\n"
		"\n"
		"Ask only gateways of your own, or of who knows.\n"
		"\n"
		"With --json: an object for each algorithm, one a line, with \"type\", \"name\" and\n"
		"\"answer\": \"accepted\", \"refused\" or \"no answer\".\n"
		"\n"
		"Example:\n"
		"  ipsvtictl probe 198.51.100.2\n",
	.run = probe,
};
