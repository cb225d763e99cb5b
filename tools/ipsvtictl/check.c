// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsvtictl check: what is wrong with the configuration. The agent's own reading of
 * it is asked, "ipsvti-iked -t", so that the two never differ; what is added here is
 * whether the addresses are this machine's. That is a warning at most, although a reload may
 * refuse it: the file may be a draft for another machine, or for a tunnel that waits.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "args.h"
#include "conf_said.h"
#include "finding.h"
#include "pair.h"

#define AGENT "ipsvti-iked"
#define CONF_DIR "/etc/ipsvti"

static bool is_ours(const char *address)
{
	struct ifaddrs *all, *a;
	char buf[16], other[16];
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	size_t len = family == AF_INET ? 4 : 16;
	bool found = false;

	if (inet_pton(family, address, buf) != 1 || getifaddrs(&all))
		return true;
	for (a = all; a && !found; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != family)
			continue;
		memcpy(other, family == AF_INET ?
				      (void *)&((struct sockaddr_in *)a->ifa_addr)->sin_addr :
				      (void *)&((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr,
		       len);
		found = !memcmp(buf, other, len);
	}
	freeifaddrs(all);
	return found;
}

/* Whether a reload takes it nonetheless, as that of the agent's answer_local.c does. */
static bool may_come(const char *address)
{
	struct ipsvti_addr addr = { .family = strchr(address, ':') ? AF_INET6 : AF_INET };

	return inet_pton(addr.family, address, &addr.v6) == 1 && ipsvti_addr_binds(&addr);
}

/* "TUNNEL LOCAL FILE": what a good configuration is answered with, for each tunnel. */
static bool take_tunnel(json_t *list, char *line)
{
	char *local = strchr(line, ' '), *file = local ? strchr(local + 1, ' ') : NULL;
	json_t *warning;

	if (!file)
		return false;
	*file++ = 0;
	local++;
	if (is_ours(local))
		return true;
	warning = json_pack("{s:s, s:s, s:s, s:o}", "file", file, "severity", "warning", "key", "local", "text",
			    json_sprintf("local: %s is not an address of this machine at present; %s", local,
					 may_come(local) ?
						 "correct it, unless it is one that comes later" :
						 "a reload refuses it, unless the tunnel has it already: correct it, or add it to an interface first; ipsvti.conf(5) tells of one that comes later"));
	json_object_set_new(warning, "line", json_integer(conf_line(file, "local")));
	json_array_append_new(list, warning);
	return true;
}

static pid_t start(const char *what, bool file, int *out)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (pid) {
		close(fds[1]);
		*out = fds[0];
		return pid;
	}
	dup2(fds[1], STDOUT_FILENO);
	dup2(fds[1], STDERR_FILENO);
	execlp(AGENT, AGENT, "--test", "--list", file ? "--file" : "--config", what, NULL);
	execl("/usr/sbin/" AGENT, AGENT, "--test", "--list", file ? "--file" : "--config", what, NULL);
	fprintf(stderr, "%s cannot be run: %s\n", AGENT, strerror(errno));
	_exit(127);
}

/* Return: of a good configuration, how many tunnels it has in @tunnels. */
static enum ctl_status ask(struct ctl *ctl, const char *what, bool file, json_t *list, unsigned int *tunnels)
{
	char *line = NULL;
	size_t size = 0;
	int fd = -1, status = -1;
	pid_t pid = start(what, file, &fd);
	FILE *fp = fd < 0 ? NULL : fdopen(fd, "r");

	while (fp && getline(&line, &size, fp) >= 0) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "tunnel ", 7) && take_tunnel(list, line + 7))
			++*tunnels;
		else
			json_array_append_new(list, conf_said(line));
	}
	free(line);
	if (fp)
		fclose(fp);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) < 2)
		return WEXITSTATUS(status) ? CTL_USAGE : CTL_OK;
	ctl->err = (struct ipsvti_error){ .code = ENOENT };
	snprintf(ctl->err.text, sizeof(ctl->err.text), "%s cannot check it: is it installed?", AGENT);
	return CTL_FAILED;
}

static void print_list(const json_t *list)
{
	const json_t *f;
	size_t i;

	json_array_foreach(list, i, f) {
		const char *file = json_string_value(json_object_get(f, "file"));
		const char *severity = json_string_value(json_object_get(f, "severity"));
		json_int_t line = json_integer_value(json_object_get(f, "line"));

		if (file)
			printf("%s:", file);
		if (line)
			printf("%lld:", (long long)line);
		printf("%s%s%s\n", file ? " " : "", severity && *severity == 'w' ? "warning: " : "",
		       json_string_value(json_object_get(f, "text")));
	}
}

static void warn(json_t *list, const char *what, const char *said)
{
	json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "file", what, "severity", "warning", "text", said));
}

/* What is no error, and most likely not what was meant. */
static void judge(json_t *list, const char *what, bool file, unsigned int tunnels)
{
	size_t len = strlen(what);

	if (file && (len < 5 || strcmp(what + len - 5, ".conf")))
		warn(list, what, "would not be read, its name does not end in \".conf\"; rename it to NAME.conf");
	if (!file && !tunnels)
		warn(list, what,
		     "there is no tunnel; put a file NAME.conf into it, as ipsvti.conf(5) has them, then \"ipsvtictl reload\"");
}

/* Neither a file nor a folder: most likely the word is not what was meant. */
static enum ctl_status not_there(struct ctl *ctl, const char *what)
{
	int code = errno;

	ctl_usage(ctl, "%s: %s; expected a FILE, such as " CONF_DIR "/NAME.conf, or a FOLDER with one for each tunnel",
		  what, strerror(code));
	ctl->err.code = code;
	ctl->err.refused = true; /* the words are right */
	return CTL_USAGE;
}

static enum ctl_status check(struct ctl *ctl, int argc, char **argv)
{
	struct args args = { .ctl = ctl, .argv = argv, .left = argc };
	const char *what = args_next(&args);
	enum ctl_status status = args_end(&args);
	unsigned int tunnels = 0;
	struct stat st;
	json_t *list;
	bool file;

	if (!what)
		what = CONF_DIR;
	if (status)
		return status;
	if (stat(what, &st))
		return not_there(ctl, what);
	file = !S_ISDIR(st.st_mode);
	list = json_array();
	status = ask(ctl, what, file, list, &tunnels);
	if (status == CTL_FAILED) {
		json_decref(list);
		return status;
	}
	if (status) {
		ctl_usage(ctl, "%s: errors are in it; a reload would change nothing", what);
		ctl->err.refused = true; /* by the agent's own reading of it, not as words */
	} else {
		judge(list, what, file, tunnels);
	}
	if (ctl->json)
		return json_print(ctl, list) ? CTL_FAILED : status;
	print_list(list);
	if (!status && file)
		printf("%s: no errors\n", what);
	else if (!status)
		printf("%s: no errors, tunnels: %u\n", what, tunnels);
	json_decref(list);
	return status;
}

const struct ctl_command check_command = {
	.object = "check",
	.summary = "say what is wrong with the configuration, and touch nothing",
	.usage = "[FILE | FOLDER]",
	.help = "  FILE    only this file, without comparing it with others\n"
		"  FOLDER  all of it; /etc/ipsvti if nothing is said\n"
		"\n"
		"Each line names file, line, key, value, what was expected and what to do. If there\n"
		"are none the last line says how many tunnels it found. The exit status is 2 if there\n"
		"are errors. Warnings are no errors; no tunnel at all is one.\n"
		"\n"
		"Example:\n"
		"  ipsvtictl check && ipsvtictl reload\n",
	.run = check,
};
