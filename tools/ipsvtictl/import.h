/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "import": what a cloud says of a VPN connection, made into files for us. */
#ifndef IPSVTICTL_IMPORT_H
#define IPSVTICTL_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl.h"

#define IMPORT_FILE_MAX	   1000000 /* octets */
#define IMPORT_TUNNELS	   2
#define IMPORT_NAME_MAX	   13 /* a device has 15, and a digit comes behind it */
#define IMPORT_ANNOUNCE_MAX 32

/* What to do about a file that is not as AWS has made it: ends each such error. */
#define IMPORT_ANEW "; download it from AWS once more"

/* What a cloud's file says of a tunnel. AWS's two forms have names of their own. */
enum import_field {
	IMPORT_OUTSIDE_US,
	IMPORT_OUTSIDE_THEM,
	IMPORT_INSIDE_US,
	IMPORT_INSIDE_THEM,
	IMPORT_PREFIX_US,
	IMPORT_PREFIX_THEM,
	IMPORT_PSK,
	IMPORT_ASN_US,
	IMPORT_ASN_THEM,
	IMPORT_HOLD_TIME,
	IMPORT_AUTH, /* how the ends show who they are, if it says */
	IMPORT_FIELDS,
};

/**
 * struct import_value - one value as the file has it
 * @line: where, counted from 1; 0: it is not there
 * @text: the value, without blanks around it
 */
struct import_value {
	unsigned int line;
	char text[80];
};

/**
 * struct import_tunnel - one tunnel
 * @line: where it begins in the file
 * @field: its values
 * @outside_us: our outer address
 * @inside_prefix: length of the prefix of the inner addresses
 * @bgp: there is BGP
 * @asn_us: our AS
 * @asn_them: the cloud's
 * @hold_time: of BGP, in seconds
 */
struct import_tunnel {
	unsigned int line;
	struct import_value field[IMPORT_FIELDS];
	char outside_us[64];
	unsigned int inside_prefix;
	bool bgp;
	uint32_t asn_us, asn_them, hold_time;
};

/**
 * struct import - a VPN connection, and how the user wants it
 * @ctl: run; gets the errors
 * @file: path of the cloud's file, for errors
 * @id: what the cloud calls the connection; may be empty
 * @tunnels: its tunnels
 * @n: how many; more than IMPORT_TUNNELS are counted, but not kept
 * @dir: where the files go
 * @name: what they begin with, and the devices
 * @local: our own address, if it is not the one that the cloud knows
 * @announce: networks that are told to the cloud
 * @n_announce: how many
 * @standby: number of the tunnel that the cloud shall not use as long as there
 *           is the other one; 0: it may use both
 * @force: overwrite what is there
 */
struct import {
	struct ctl *ctl;
	const char *file;
	char id[64];
	struct import_tunnel tunnels[IMPORT_TUNNELS];
	unsigned int n;
	const char *dir;
	const char *name;
	const char *local;
	const char *announce[IMPORT_ANNOUNCE_MAX];
	unsigned int n_announce;
	unsigned int standby;
	bool force;
};

/**
 * import_error() - the file is wrong
 * @im: import
 * @line: where; 0 for the whole file
 * @fmt: what is wrong, what was expected, and what to do
 *
 * Return: CTL_USAGE.
 */
enum ctl_status import_error(struct import *im, unsigned int line,
			     const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * import_begin() - another tunnel
 * @im: import
 * @line: where it begins
 */
void import_begin(struct import *im, unsigned int line);

/**
 * import_set() - a value of the tunnel that was begun last
 * @im: import
 * @field: which
 * @line: where it stands
 * @text: the value
 * @len: its length
 *
 * Return: CTL_OK, or CTL_USAGE if it is there already, or cannot be one.
 */
enum ctl_status import_set(struct import *im, enum import_field field,
			   unsigned int line, const char *text, size_t len);

/**
 * import_aws_text() - read AWS's "Generic" configuration
 * @im: import; gets the tunnels
 * @text: the file, terminated
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status import_aws_text(struct import *im, char *text);

/**
 * import_aws_xml() - read the XML that AWS's API gives
 * @im: import; gets the tunnels
 * @text: the file
 * @len: its length
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status import_aws_xml(struct import *im, const char *text, size_t len);

/**
 * import_check() - see whether the values are what they should be
 * @im: import
 *
 * Nothing that has not passed here gets into a file.
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status import_check(struct import *im);

/**
 * import_prefix_ok() - whether a text is a network
 * @text: ADDR/LEN, without bits behind the prefix
 * @family: set to AF_INET or AF_INET6
 *
 * Return: true if it is.
 */
bool import_prefix_ok(const char *text, int *family);

/**
 * import_write() - write all files, or none
 * @im: import
 *
 * Return: CTL_OK or CTL_FAILED.
 */
enum ctl_status import_write(struct import *im);

/* Return: name of file number @i that import_write() makes, or NULL. */
const char *import_file_name(const struct import *im, unsigned int i, char *buf,
			     size_t len);

#endif /* IPSVTICTL_IMPORT_H */
