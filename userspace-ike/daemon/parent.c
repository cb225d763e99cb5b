// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parent process: its start, the ike process's, what it passes on, and the
 * end of both.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer_local.h"
#include "ctl_listen.h"
#include "ipc.h"
#include "keylog.h"
#include "log.h"
#include "notify.h"
#include "parent.h"
#include "parent_events.h"

#define CALLS_AT_ONCE 64 /* of the ike process, before anything else */
#define BURY_TRIES 100	 /* to learn its status, and between two */
#define BURY_US 10000
#define STOP_SECONDS 25	 /* the ike process gives itself 20 to tell the peers */

enum {
	ON_TERM,
	ON_INT,
	ON_QUIT,
	ON_HUP,
	ON_CALL,
	ON_KERNEL,
	ON_CHANGES,
	ON_TIMEOUT,
	ON_MAX
};

/* What only this file has to do with. */
struct keeper {
	struct parent parent;
	struct event *events[ON_MAX];
	pid_t ike; /* 0: not there */
	bool made_socket;
	bool made_pidfile;
	bool stopping;
	bool failed;
	bool left; /* SAs stay, the next agent takes over */
};

static int write_pidfile(const char *path)
{
	FILE *fp = fopen(path, "we");
	bool written = false;

	if (fp) {
		written = fprintf(fp, "%d\n", (int)getpid()) > 0;
		written = fclose(fp) == 0 && written;
	}
	if (written)
		return 0;
	log_line(LOG_ERR, NULL, "%s: %s", path, strerror(errno));
	return -1;
}

static void print_conf_error(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static void log_conf_warning(void *arg, const char *text)
{
	(void)arg;
	log_line(LOG_WARNING, NULL, "%s", text);
}

/* ---- the ike process ----------------------------------------------------- */

/*
 * In the child. A new image has none of our memory, and addresses of its own;
 * its rights are gone before its first instruction.
 */
static void become_ike(const struct parent_options *options,
		       const struct sandbox_user *user, int self, int calls,
		       int news) __attribute__((noreturn));

static void become_ike(const struct parent_options *options,
		       const struct sandbox_user *user, int self, int calls,
		       int news)
{
	char *argv[] = {
		"ipsvti-iked: ike",
		"--ike",
		options->syslog ? "--syslog" : "--ike",
		options->verbose ? "--verbose" : "--ike",
		options->export_dir ? "--export-keys=parent" : "--ike",
		NULL,
	};

	/* Not to overwrite one of them with another. */
	calls = fcntl(calls, F_DUPFD_CLOEXEC, NEWS_FD + 1);
	news = fcntl(news, F_DUPFD_CLOEXEC, NEWS_FD + 1);
	self = fcntl(self, F_DUPFD_CLOEXEC, NEWS_FD + 1);
	if (calls < 0 || news < 0 || self < 0 || dup2(calls, CALLS_FD) < 0 ||
	    dup2(news, NEWS_FD) < 0)
		log_line(LOG_ERR, NULL, "ike process: %s", strerror(errno));
	else if (sandbox_become(user) == 0) {
		fexecve(self, argv, environ);
		log_line(LOG_ERR, NULL,
			 "ike process: starting it as user %u: %s; may everybody execute ipsvti-iked?",
			 (unsigned int)user->uid, strerror(errno));
	}
	_exit(1);
}

static int spawn_ike(struct keeper *keeper, const struct sandbox_user *user)
{
	struct parent *parent = &keeper->parent;
	int calls[2] = { -1, -1 }, news[2] = { -1, -1 };
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), ret;

	ret = self < 0 ? -errno : ipc_pair(calls);
	if (!ret)
		ret = ipc_pair(news);
	if (!ret) {
		keeper->ike = fork();
		if (keeper->ike == 0)
			become_ike(parent->options, user, self, calls[1], news[1]);
		if (keeper->ike < 0) {
			ret = -errno;
			keeper->ike = 0;
		}
	}
	if (self >= 0)
		close(self);
	if (calls[1] >= 0)
		close(calls[1]);
	if (news[1] >= 0)
		close(news[1]);
	parent->calls = calls[0];
	parent->news = news[0];
	if (ret)
		log_line(LOG_ERR, NULL, "starting the ike process: %s",
			 strerror(-ret));
	return ret ? -1 : 0;
}

/* The ike process has closed its end: wait until it is gone, and say how. */
static void bury_ike(struct keeper *keeper)
{
	int status = -1, i;
	pid_t pid = 0;

	/* It may also have closed it and stay: that is its own affair. */
	for (i = 0; i < BURY_TRIES; i++) {
		pid = waitpid(keeper->ike, &status, WNOHANG);
		if (pid > 0 || (pid < 0 && errno != EINTR))
			break;
		usleep(BURY_US);
	}
	keeper->ike = 0;
	if (pid > 0 && keeper->left)
		return;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	    keeper->stopping)
		return;
	keeper->failed = true;
	if (pid > 0 && WIFSIGNALED(status))
		log_line(LOG_ERR, NULL,
			 "the ike process was ended by signal %d (%s); leaving, SAs stay as they are",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_line(LOG_ERR, NULL,
			 "the ike process has ended with status %d; leaving, SAs stay as they are",
			 pid > 0 ? WEXITSTATUS(status) : -1);
}

static void on_call(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;
	int i, ret;

	(void)fd;
	(void)what;
	for (i = 0; i < CALLS_AT_ONCE; i++) {
		ret = answer_call(&keeper->parent);
		if (ret == -EAGAIN)
			return;
		if (ret == 1)
			continue;
		if (ret == 0)
			bury_ike(keeper);
		else
			keeper->failed = true;
		event_base_loopbreak(keeper->parent.base);
		return;
	}
}

/* ---- what is passed on --------------------------------------------------- */

static void on_kernel(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)fd;
	(void)what;
	if (parent_pass_events(&keeper->parent) == 0)
		return;
	keeper->failed = true;
	event_base_loopbreak(keeper->parent.base);
}

static void on_changes(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)fd;
	(void)what;
	if (parent_pass_changes(&keeper->parent) == 0)
		return;
	keeper->failed = true;
	event_base_loopbreak(keeper->parent.base);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)fd;
	(void)what;
	log_line(LOG_WARNING, NULL,
		 "the ike process does not end; leaving without it");
	keeper->failed = true;
	event_base_loopbreak(keeper->parent.base);
}

static void on_stop(evutil_socket_t signal, short what, void *arg)
{
	const struct timeval bound = { .tv_sec = STOP_SECONDS };
	const struct news_signal news = { .signal = signal };
	struct keeper *keeper = arg;

	(void)what;
	/* Who does not listen now would not tell the peers, either. */
	if (!parent_tell(&keeper->parent, NEWS_STOP, &news, sizeof(news))) {
		on_timeout(-1, 0, keeper);
		return;
	}
	if (!keeper->stopping)
		event_add(keeper->events[ON_TIMEOUT], &bound);
	keeper->stopping = true;
}

/*
 * As if it had crashed, but on purpose: nobody is told, and the SAs carry on until
 * the agent that is started next has made new ones. The ike process ends when it
 * sees the sockets closed.
 */
static void on_leave(evutil_socket_t signal, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)signal;
	(void)what;
	log_line(LOG_NOTICE, NULL,
		 "SIGQUIT: leaving at once, the SAs stay for the next agent");
	keeper->left = true;
	event_base_loopbreak(keeper->parent.base);
}

static void on_hangup(evutil_socket_t signal, short what, void *arg)
{
	struct keeper *keeper = arg;

	(void)signal;
	(void)what;
	if (!parent_tell(&keeper->parent, NEWS_HANGUP, NULL, 0))
		log_line(LOG_WARNING, NULL,
			 "SIGHUP: the ike process is busy, the configuration stays as it was");
}

/* ---- start and end ------------------------------------------------------- */

static int watch(struct keeper *keeper)
{
	struct parent *parent = &keeper->parent;
	struct event_base *base = parent->base;
	struct event **events = keeper->events;
	unsigned int i;

	events[ON_TERM] = evsignal_new(base, SIGTERM, on_stop, keeper);
	events[ON_INT] = evsignal_new(base, SIGINT, on_stop, keeper);
	events[ON_QUIT] = evsignal_new(base, SIGQUIT, on_leave, keeper);
	events[ON_HUP] = evsignal_new(base, SIGHUP, on_hangup, keeper);
	events[ON_CALL] = event_new(base, parent->calls, EV_READ | EV_PERSIST,
				    on_call, keeper);
	events[ON_KERNEL] = event_new(base, kernel_events_fd(parent->kernel),
				      EV_READ | EV_PERSIST, on_kernel, keeper);
	events[ON_CHANGES] = event_new(base, kernel_changes_fd(parent->kernel),
				       EV_READ | EV_PERSIST, on_changes, keeper);
	events[ON_TIMEOUT] = evtimer_new(base, on_timeout, keeper);
	parent->room = event_new(base, parent->news, EV_WRITE, parent_has_room,
				 parent);
	for (i = 0; i < ON_MAX; i++) {
		if (!events[i] ||
		    (i != ON_TIMEOUT && event_add(events[i], NULL) < 0)) {
			log_line(LOG_ERR, NULL, "no memory for the event loop");
			return -1;
		}
	}
	return parent->room ? 0 : -1;
}

/* All that takes rights; then the ike process; then most of the rights go. */
static int start(struct keeper *keeper)
{
	struct parent *parent = &keeper->parent;
	const struct parent_options *options = parent->options;
	struct conf_errors errors = { .report = print_conf_error,
				      .warn = log_conf_warning };
	struct sandbox_user user;

	if (conf_load(options->conf_dir, &parent->conf, &errors) < 0 ||
	    sandbox_find_user(options->user, &user) < 0 ||
	    kernel_open(&parent->kernel) < 0 || net_open(&parent->sockets) < 0)
		return -1;
	answer_local_warn(parent, &errors);
	if (options->export_dir &&
	    keylog_open(options->export_dir, &parent->keylog) < 0)
		return -1;
	parent->control = ctl_listen(options->socket);
	keeper->made_socket = parent->control >= 0;
	if (!keeper->made_socket)
		return -1;
	if (options->pidfile && write_pidfile(options->pidfile) < 0)
		return -1;
	keeper->made_pidfile = options->pidfile;
	if (spawn_ike(keeper, &user) < 0 || sandbox_keep_net_admin() < 0)
		return -1;
	/* Before system calls are restricted; requests are answered when ike runs. */
	notify_ready();
	parent->base = event_base_new();
	if (!parent->base) {
		log_line(LOG_ERR, NULL, "no memory for the event loop");
		return -1;
	}
	return resolve_open(parent) < 0 || watch(keeper) < 0 ||
			       sandbox_filter(SANDBOX_PARENT) < 0 ?
		       -1 :
		       0;
}

static void finish(struct keeper *keeper)
{
	struct parent *parent = &keeper->parent;
	unsigned int i;

	if (keeper->made_socket)
		unlink(parent->options->socket);
	if (keeper->made_pidfile)
		unlink(parent->options->pidfile);
	resolve_close(parent);
	for (i = 0; i < ON_MAX; i++)
		if (keeper->events[i])
			event_free(keeper->events[i]);
	if (parent->room)
		event_free(parent->room);
	if (parent->base)
		event_base_free(parent->base);
	/* Now an ike process that is still there ends. */
	if (parent->calls >= 0)
		close(parent->calls);
	if (parent->news >= 0)
		close(parent->news);
	/* Who is started next wants its ports. */
	if (keeper->left)
		bury_ike(keeper);
	if (parent->control >= 0)
		close(parent->control);
	net_close(parent->sockets);
	kernel_close(parent->kernel);
	keylog_close(parent->keylog);
	conf_free(&parent->before);
	conf_free(&parent->conf);
}

int parent_run(const struct parent_options *options)
{
	struct keeper keeper = {
		.parent = {
			.options = options,
			.calls = -1,
			.news = -1,
			.control = -1,
		},
	};
	bool running;

	/* Keys must not end up in a core file. */
	sandbox_hide();
	signal(SIGPIPE, SIG_IGN);
	running = start(&keeper) == 0;
	if (running && event_base_dispatch(keeper.parent.base) < 0)
		keeper.failed = true;
	if (running)
		log_line(LOG_NOTICE, NULL, "stopped");
	finish(&keeper);
	if (!running || keeper.failed)
		return 1;
	return keeper.left ? PARENT_LEFT : 0;
}
