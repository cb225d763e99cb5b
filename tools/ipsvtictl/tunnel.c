// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl up, down, rekey, rekey-ike, reauth, reload: what the agent shall do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent.h"
#include "args.h"
#include "pair.h"
#include "status.h"

#define WAIT_MAX 3600	   /* seconds */
#define LOOK_AGAIN_MS 100

static enum ctl_status ask_and_print(struct ctl *ctl, const char *command,
				     const char *tunnel)
{
	enum ctl_status status;
	json_t *answer;

	status = agent_ask(ctl, command, tunnel, &answer);
	if (status)
		return status;
	if (ctl->json)
		return json_print(ctl, answer);
	json_decref(answer);
	return CTL_OK;
}

static enum ctl_status take_tunnel(struct args *args, const char **tunnel)
{
	*tunnel = args_next(args);
	if (!*tunnel)
		return ctl_usage(args->ctl, "expected the name of a tunnel");
	return CTL_OK;
}

/* ---- up ------------------------------------------------------------------ */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static enum ctl_status not_up(struct ctl *ctl, const char *tunnel,
			      const json_t *answer, uint32_t seconds)
{
	const char *why = status_last_error(answer);

	ctl->err = (struct ipsvti_error){ .code = ETIMEDOUT };
	snprintf(ctl->err.text, sizeof(ctl->err.text),
		 "tunnel \"%.31s\" is not up after %u s%s%s", tunnel, seconds,
		 why ? ": " : "", why ? why : "");
	return CTL_FAILED;
}

static enum ctl_status wait_until_up(struct ctl *ctl, const char *tunnel,
				     uint32_t seconds)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000 };
	uint64_t end = now_ms() + seconds * 1000ull;
	enum ctl_status status;
	json_t *answer;

	for (;;) {
		status = agent_ask(ctl, "status", tunnel, &answer);
		if (status)
			return status;
		if (status_is_up(answer))
			break;
		if (now_ms() >= end)
			status = not_up(ctl, tunnel, answer, seconds);
		if (status)
			break;
		json_decref(answer);
		nanosleep(&pause, NULL);
	}
	json_decref(answer);
	return status;
}

static enum ctl_status up(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	enum ctl_status status;
	const char *tunnel, *word;
	uint32_t seconds = 0;

	status = take_tunnel(&args, &tunnel);
	word = status ? NULL : args_next(&args);
	if (word && strcmp(word, "wait"))
		return ctl_usage(ctl, "\"%s\": expected \"wait\"", word);
	if (word)
		status = args_number(&args, word, 1, WAIT_MAX, &seconds);
	if (!status)
		status = args_end(&args);
	if (!status)
		status = ask_and_print(ctl, "up", tunnel);
	if (status || !seconds)
		return status;
	return wait_until_up(ctl, tunnel, seconds);
}

const struct ctl_command up_command = {
	.object = "up",
	.summary = "bring a tunnel up, and keep it up",
	.usage = "TUNNEL [wait SECONDS]",
	.help = "Also one that was taken down, that is configured to wait, or whose device was\n"
		"removed: then the device is made anew.\n"
		"\n"
		"  wait    return when it is up; fail, with the reason, if it is not after SECONDS\n"
		"          (1 to 3600). Without it: return at once\n"
		"\n"
		"Example:\n"
		"  ipsvtictl up vti0 wait 10\n",
	.run = up,
};

/* ---- the others ---------------------------------------------------------- */

/* Verbs that only hand a tunnel's name on, and are called as the agent calls them. */
static enum ctl_status one_tunnel(struct ctl *ctl, const char *command,
				  int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	enum ctl_status status;
	const char *tunnel;

	status = take_tunnel(&args, &tunnel);
	if (!status)
		status = args_end(&args);
	return status ? status : ask_and_print(ctl, command, tunnel);
}

#define ONE_TUNNEL(id, verb, what, more)                                      \
	static enum ctl_status id(struct ctl *ctl, int argc, char **argv)     \
	{                                                                     \
		return one_tunnel(ctl, verb, argc, argv);                     \
	}                                                                     \
                                                                              \
	const struct ctl_command id##_command = {                             \
		.object = verb,                                               \
		.summary = what,                                              \
		.usage = "TUNNEL",                                            \
		.help = more "\n\nExample:\n  ipsvtictl " verb " vti0\n", \
		.run = id,                                                    \
	}

ONE_TUNNEL(down, "down", "take a tunnel down, telling the peer",
	   "It stays down, whatever the peer or the traffic wants, until \"up\" or until the\n"
	   "agent is started anew.");

ONE_TUNNEL(rekey, "rekey", "replace the ESP SAs of a tunnel",
	   "No packet is lost.");

ONE_TUNNEL(rekey_ike, "rekey-ike", "replace the IKE SA of a tunnel",
	   "The ESP SAs stay.");

ONE_TUNNEL(reauth, "reauth", "authenticate the peer of a tunnel anew",
	   "A new IKE SA with new ESP SAs is made before the old ones go: no packet is lost.\n"
	   "If it fails the old ones stay; \"status\" and \"explain\" tell why.");

static enum ctl_status reload(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	enum ctl_status status = args_end(&args);
	json_int_t unchanged, stopped, started;
	json_t *answer, *refused, *line;
	size_t i, n;

	if (!status)
		status = agent_ask(ctl, "reload", NULL, &answer);
	if (status)
		return status;
	refused = json_object_get(answer, "refused");
	n = json_array_size(refused);
	if (n) {
		ctl->err = (struct ipsvti_error){ .code = ENODEV, .refused = true };
		snprintf(ctl->err.text, sizeof(ctl->err.text),
			 "tunnels whose device cannot be used: %zu; all else is as the files say", n);
	}
	if (ctl->json) {
		status = json_print(ctl, answer);
		return status || !n ? status : CTL_FAILED;
	}
	if (!json_unpack(answer, "{s:I, s:I, s:I}", "unchanged", &unchanged,
			 "stopped", &stopped, "started", &started))
		printf("tunnels unchanged: %lld, stopped: %lld, started: %lld\n",
		       (long long)unchanged, (long long)stopped,
		       (long long)started);
	fflush(stdout);
	json_array_foreach(refused, i, line)
		fprintf(stderr, "%s\n", json_string_value(line) ? json_string_value(line) : "?");
	json_decref(answer);
	return n ? CTL_FAILED : CTL_OK;
}

const struct ctl_command reload_command = {
	.object = "reload",
	.summary = "read the configuration again, and apply the difference",
	.usage = "",
	.help = "Tunnels whose files did not change in meaning are left alone. If there is an error\n"
		"anywhere, it is printed with file and line, and nothing is changed. If the device\n"
		"of a tunnel cannot be used, the reason is printed, and the exit status is 1.\n"
		"\n"
		"Example:\n"
		"  ipsvtictl reload\n",
	.run = reload,
};
