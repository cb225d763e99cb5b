// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Users, capabilities, limits. System calls are in sandbox_filter.c.
 */
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

#define NOBODY 65534 /* to the kernel, who has no number of its own here */

int sandbox_find_user(const char *name, struct sandbox_user *user)
{
	const struct passwd *pw;

	*user = (struct sandbox_user){ .uid = getuid(), .gid = getgid() };
	if (geteuid() != 0) {
		log_line(LOG_WARNING, NULL,
			 "not started as root: both processes are of user %u",
			 (unsigned int)user->uid);
		return 0;
	}
	errno = 0;
	pw = getpwnam(name ? name : SANDBOX_USER);
	if (!pw && name) {
		log_line(LOG_ERR, NULL, "user \"%s\": %s", name,
			 errno ? strerror(errno) : "there is none");
		return -1;
	}
	if (!pw) {
		log_line(LOG_WARNING, NULL,
			 "there is no user \"" SANDBOX_USER "\", using number %d instead, which others may use, too; run \"systemd-sysusers\" or name one with -u",
			 NOBODY);
		*user = (struct sandbox_user){ .uid = NOBODY, .gid = NOBODY };
		return 0;
	}
	*user = (struct sandbox_user){ .uid = pw->pw_uid, .gid = pw->pw_gid };
	if (user->uid && user->gid)
		return 0;
	log_line(LOG_ERR, NULL,
		 "user \"%s\" is root, or in its group; name one without any rights",
		 pw->pw_name);
	return -1;
}

void sandbox_hide(void)
{
	const struct rlimit none = { 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int failed(const char *what)
{
	log_line(LOG_ERR, NULL, "cannot give up %s: %s", what, strerror(errno));
	return -1;
}

static bool is(const struct sandbox_user *user)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	return !getresuid(&r, &e, &s) && !getresgid(&rg, &eg, &sg) &&
	       r == user->uid && e == user->uid && s == user->uid &&
	       rg == user->gid && eg == user->gid && sg == user->gid;
}

int sandbox_mute(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC,
			  SANDBOX_FILES - SANDBOX_MUTE_FILES);
	int why = errno;

	close(fd);
	errno = why;
	return moved;
}

int sandbox_become(const struct sandbox_user *user)
{
	const struct rlimit files = { SANDBOX_FILES, SANDBOX_FILES };
	const struct rlimit processes = { 0 };

	/* The bounding set first: it takes a capability to make it smaller. */
	if (geteuid() == 0) {
		capng_clear(CAPNG_SELECT_BOUNDS);
		if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
			return failed("the bounding set");
		if (setgroups(0, NULL) < 0 ||
		    setresgid(user->gid, user->gid, user->gid) < 0 ||
		    setresuid(user->uid, user->uid, user->uid) < 0)
			return failed("being root");
	}
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT) < 0)
		return failed("capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return failed("new privileges");
	if (setrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    setrlimit(RLIMIT_NPROC, &processes) < 0)
		return failed("files and processes");
	sandbox_hide();
	/* Believe nobody, not even the library. */
	if (is(user) && capng_get_caps_process() == 0 &&
	    capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE)
		return 0;
	errno = EPERM;
	return failed("what was to be given up");
}

int sandbox_keep_net_admin(void)
{
	int bounds = geteuid() == 0 ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS;

	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
			 CAP_NET_ADMIN) < 0 ||
	    capng_apply(bounds) < 0)
		return failed("capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return failed("new privileges");
	return 0;
}
