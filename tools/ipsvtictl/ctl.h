/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of ipsvtictl share: the table they stand in, and errors. */
#ifndef IPSVTICTL_CTL_H
#define IPSVTICTL_CTL_H

#include <jansson.h>

#include "libipsvti.h"

/**
 * enum ctl_status - Exit statuses, promised by ipsvtictl(8).
 * @CTL_OK: done
 * @CTL_FAILED: the kernel or the agent refused, or could not be asked
 * @CTL_USAGE: the command line or a file is wrong; nobody was asked
 * @CTL_DOWN: the tunnel that was asked for is not up
 */
enum ctl_status {
	CTL_OK = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_DOWN = 3,
};

/**
 * struct ctl - One run of the program.
 * @json: print for programs rather than for people
 * @socket: control socket of the agent; NULL for the usual one
 * @err: what went wrong; main() prints it
 * @errors: with @json, what it consists of, an array of conf_said(); NULL: nothing
 */
struct ctl {
	bool json;
	const char *socket;
	struct ipsvti_error err;
	json_t *errors;
};

/**
 * struct ctl_command - One verb.
 * @object: what it acts on, "sa"; or the verb, if that is all there is
 * @verb: what it does, "add"; NULL if @object says it
 * @summary: that in one line
 * @usage: its words, without the program's name
 * @help: what they mean, and examples; ends with a newline
 * @run: do it; argv holds the words behind the verb
 */
struct ctl_command {
	const char *object;
	const char *verb;
	const char *summary;
	const char *usage;
	const char *help;
	enum ctl_status (*run)(struct ctl *ctl, int argc, char **argv);
};

extern const struct ctl_command status_command;
extern const struct ctl_command explain_command;
extern const struct ctl_command check_command;
extern const struct ctl_command top_command;
extern const struct ctl_command probe_command;
extern const struct ctl_command metrics_command;
extern const struct ctl_command monitor_command;
extern const struct ctl_command show_command;
extern const struct ctl_command up_command;
extern const struct ctl_command down_command;
extern const struct ctl_command rekey_command;
extern const struct ctl_command rekey_ike_command;
extern const struct ctl_command reauth_command;
extern const struct ctl_command reload_command;
extern const struct ctl_command sa_add_command;
extern const struct ctl_command sa_alloc_command;
extern const struct ctl_command sa_activate_command;
extern const struct ctl_command sa_show_command;
extern const struct ctl_command sa_del_command;
extern const struct ctl_command sa_flush_command;
extern const struct ctl_command import_aws_command;

/**
 * ctl_usage() - Say what is wrong with the words of the user.
 * @ctl: run
 * @fmt: text, a format as of printf(); says what was expected
 *
 * Return: CTL_USAGE.
 */
enum ctl_status ctl_usage(struct ctl *ctl, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * ctl_open() - Find a device, and connect to the module.
 * @ctl: run
 * @device: name of the device; NULL for none
 * @ifindex: set to its index, or to 0
 * @nl: set to a connection that the caller closes
 *
 * Return: CTL_OK or CTL_FAILED.
 */
enum ctl_status ctl_open(struct ctl *ctl, const char *device,
			 unsigned int *ifindex, struct ipsvti_nl **nl);

#endif /* IPSVTICTL_CTL_H */
