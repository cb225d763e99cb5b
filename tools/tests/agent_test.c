// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsvtictl and the agent: what is asked, and what comes of the answers. */
#include "tests.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "status.h"

static char folder[] = "/tmp/ipsvtictl-test-XXXXXX";
static char path[64];
static char out[8192];

/* Where a request is kept, to be looked at later. */
static char asked[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/sock", folder);
	snprintf(asked, sizeof(asked), "%s/asked", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	unlink(asked);
	return rmdir(folder);
}

/* An agent that takes one request and gives this answer. */
static pid_t agent(const char *answer)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), client;
	char line[256];
	FILE *fp, *keep;
	pid_t pid;

	strcpy(addr.sun_path, path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid) {
		close(fd);
		return pid;
	}
	client = accept(fd, NULL, NULL);
	fp = fdopen(client, "r+");
	keep = fopen(asked, "w");
	if (!fp || !keep || !fgets(line, sizeof(line), fp))
		_exit(1);
	fputs(line, keep);
	fclose(keep);
	fputs(answer, fp);
	fclose(fp);
	_exit(0);
}

/* Runs ipsvtictl against that agent. Return: its exit status. */
static int ask(const char *answer, const char *words)
{
	pid_t pid = agent(answer);
	int status, ret;

	ret = run(out, sizeof(out), "%s --socket %s %s 2>&1",
		  from_env("IPSVTICTL"), path, words);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return ret;
}

static void assert_asked(const char *line)
{
	char text[256] = "";
	FILE *fp = fopen(asked, "r");

	assert_non_null(fp);
	assert_non_null(fgets(text, sizeof(text), fp));
	fclose(fp);
	assert_string_equal(text, line);
}

#define TUNNEL(state, more)                                             \
	"{\"tunnels\":[{\"name\":\"a\",\"state\":\"" state "\","       \
	"\"interface\":\"vti0\",\"local\":\"192.0.2.1\",\"remote\":"  \
	"\"192.0.2.2\",\"local-id\":\"x\",\"remote-id\":\"y\"" more "}]}\n"

static void requests(void **state)
{
	static const char ok[] = "{\"ok\":true}\n";

	(void)state;
	assert_int_equal(ask(ok, "up a"), 0);
	assert_asked("{\"command\":\"up\",\"tunnel\":\"a\"}\n");
	assert_string_equal(out, "");
	assert_int_equal(ask(ok, "down a"), 0);
	assert_asked("{\"command\":\"down\",\"tunnel\":\"a\"}\n");
	assert_int_equal(ask(ok, "rekey a"), 0);
	assert_asked("{\"command\":\"rekey\",\"tunnel\":\"a\"}\n");
	assert_int_equal(ask(ok, "rekey-ike a --json"), 0);
	assert_asked("{\"command\":\"rekey-ike\",\"tunnel\":\"a\"}\n");
	assert_contains(out, "\"ok\": true");
	assert_int_equal(ask(ok, "reauth a"), 0);
	assert_asked("{\"command\":\"reauth\",\"tunnel\":\"a\"}\n");
	assert_int_equal(ask("{\"ok\":true,\"unchanged\":3,\"stopped\":1,"
			     "\"started\":2}\n",
			     "reload"),
			 0);
	assert_asked("{\"command\":\"reload\"}\n");
	assert_string_equal(out,
			    "tunnels unchanged: 3, stopped: 1, started: 2\n");
	/* One that cannot start in spite of it. */
	assert_int_equal(ask("{\"ok\":true,\"unchanged\":0,\"stopped\":1,"
			     "\"started\":0,\"refused\":[\"a: its device\"]}\n",
			     "reload"),
			 1);
	assert_string_equal(out, "tunnels unchanged: 0, stopped: 1, started: 0\n"
			    "a: its device\n"
			    "ipsvtictl: tunnels whose device cannot be used: 1; all else is as the files say\n");
	assert_int_equal(ask("{\"ok\":true,\"refused\":[\"a: its device\"]}\n",
			     "reload --json"),
			 1);
	assert_contains(out, "\"refused\": [");
	assert_contains(out, "\"name\": \"ENODEV\"");
}

static void refusals(void **state)
{
	(void)state;
	assert_int_equal(ask("{\"error\":\"there is no tunnel \\\"a\\\"\","
			     "\"errno\":2}\n",
			     "rekey a"),
			 1);
	assert_string_equal(out, "ipsvtictl: there is no tunnel \"a\"\n");
	assert_int_equal(ask("{\"error\":\"no\",\"errno\":2}\n",
			     "rekey a --json"),
			 1);
	assert_contains(out, "\"name\": \"ENOENT\"");
	/* Errors of the configuration, each in its line. */
	assert_int_equal(ask("{\"error\":\"errors: 1\",\"errno\":22,"
			     "\"lines\":[\"a.conf:7: wrong\"]}\n",
			     "reload"),
			 1);
	assert_string_equal(out, "a.conf:7: wrong\nipsvtictl: errors: 1\n");
}

/* The same for programs: each error is an object, as those of "check" are. */
static void refused_files(void **state)
{
	json_t *answer, *errors, *e;

	(void)state;
	assert_int_equal(ask("{\"error\":\"errors: 2\",\"errno\":22,\"lines\":["
			     "\"/etc/ipsvti/a.conf:7: esp: wrong\",\"/etc/ipsvti/b.conf: bad\",3]}\n",
			     "--json reload"),
			 1);
	answer = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(answer);
	errors = json_object_get(json_object_get(answer, "error"), "errors");
	assert_int_equal(json_array_size(errors), 2);
	e = json_array_get(errors, 0);
	assert_string_equal(json_string_value(json_object_get(e, "file")), "/etc/ipsvti/a.conf");
	assert_int_equal(json_integer_value(json_object_get(e, "line")), 7);
	assert_string_equal(json_string_value(json_object_get(e, "text")), "esp: wrong");
	assert_string_equal(json_string_value(json_object_get(e, "severity")), "error");
	e = json_array_get(errors, 1);
	assert_string_equal(json_string_value(json_object_get(e, "file")), "/etc/ipsvti/b.conf");
	assert_null(json_object_get(e, "line"));
	json_decref(answer);
	/* Of other refusals there are none. */
	assert_int_equal(ask("{\"error\":\"no\",\"errno\":2}\n", "--json rekey a"), 1);
	assert_null(strstr(out, "errors"));
}

static void status(void **state)
{
	(void)state;
	assert_int_equal(ask(TUNNEL("up", ""), "status a"), 0);
	assert_string_equal(
		out,
		"a: up, device vti0, 192.0.2.1 (x) to 192.0.2.2 (y)\n");
	/* For scripts: one that is not up is told by the exit status. */
	assert_int_equal(ask(TUNNEL("connecting", ""), "status a"), 3);
	assert_int_equal(ask(TUNNEL("connecting", ""), "status a --json"), 3);
	assert_contains(out, "\"state\": \"connecting\"");
	assert_int_equal(ask(TUNNEL("connecting", ""), "status"), 0);
	assert_int_equal(ask(TUNNEL("waiting", ",\"wanted\":true,\"retry-in-ms\""
				    ":2000,\"last-error\":\"no answer\""),
			     "status a"),
			 3);
	assert_contains(out, "last failure: no answer\n  next try in 2 s\n");
	assert_int_equal(ask(TUNNEL("waiting", ",\"wanted\":true,\"retry-in-ms\""
				    ":2000,\"last-error\":\"no answer\","
				    "\"since-ms\":61000"),
			     "status"),
			 0);
	assert_string_equal(out, "a: waiting for 61 s, peer 192.0.2.2, next try in 2 s, last error: no answer\n");
	assert_int_equal(ask(TUNNEL("no-device", ""), "status a"), 3);
	assert_contains(out, "there is no device vti0");
	assert_int_equal(ask(TUNNEL("no-device", ",\"device-error\":\"it is wrong\",\"last-error\":\"it is wrong\""), "status a"), 3);
	assert_string_equal(out, "a: no-device, device vti0, 192.0.2.1 (x) to 192.0.2.2 (y)\n  last failure: it is wrong\n");
}

/* People are told that there is none; who counts lines or reads JSON gets none. */
static void no_tunnels(void **state)
{
	static const char none[] = "{\"tunnels\":[]}\n";
	char buf[1024];
	pid_t pid;

	(void)state;
	assert_int_equal(ask(none, "status"), 0);
	assert_string_equal(out, "");
	assert_int_equal(ask(none, "--json status"), 0);
	assert_contains(out, "\"tunnels\": []");
	pid = agent(none);
	assert_int_equal(run(buf, sizeof(buf), "script -qec '%s --socket %s status' /dev/null </dev/null",
			     from_env("IPSVTICTL"), path),
			 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_contains(buf, "there is no tunnel: put a file NAME.conf into");
}

static void no_sense(void **state)
{
	(void)state;
	assert_int_equal(ask("hello\n", "status"), 1);
	assert_contains(out, "ipsvti-iked has not answered");
	assert_int_equal(ask("", "status"), 1);
	assert_contains(out, "ipsvti-iked has not answered");
	/* Types other than expected are shown as nothing, not believed. */
	assert_int_equal(ask("{\"tunnels\":[7,{\"name\":[]}],\"error\":1}\n",
			     "status"),
			 0);
	unlink(path);
	assert_int_equal(run(out, sizeof(out), "%s --socket %s status 2>&1",
			     from_env("IPSVTICTL"), path),
			 1);
	assert_contains(out, "is ipsvti-iked running?");
	/* As a user of the machine: a folder that is root's. (Root may enter any.) */
	if (geteuid()) {
		assert_int_equal(chmod(folder, 0), 0);
		assert_int_equal(run(out, sizeof(out), "%s --socket %s status 2>&1", from_env("IPSVTICTL"), path), 1);
		assert_int_equal(chmod(folder, 0700), 0);
	} else {
		assert_int_equal(chmod(folder, 0), 0);
		run(out, sizeof(out), "setpriv --reuid 65534 --clear-groups %s --socket %s status 2>&1", from_env("IPSVTICTL"), path);
		assert_int_equal(chmod(folder, 0700), 0);
	}
	assert_contains(out, "Permission denied; run it as root");
}

static void spans(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(status_span(0, buf, sizeof(buf)), "0 s");
	assert_string_equal(status_span(119999, buf, sizeof(buf)), "119 s");
	assert_string_equal(status_span(120000, buf, sizeof(buf)), "2 min");
	assert_string_equal(status_span(3 * 3600000 + 60000, buf, sizeof(buf)),
			    "3 h 1 min");
	assert_string_equal(status_span(50 * 3600000, buf, sizeof(buf)),
			    "2 d 2 h");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(requests, make_folder),
	cmocka_unit_test(refusals),
	cmocka_unit_test(refused_files),
	cmocka_unit_test(status),
	cmocka_unit_test(no_tunnels),
	cmocka_unit_test_teardown(no_sense, remove_folder),
	cmocka_unit_test(spans),
};

SUITE(agent_suite, tests);
