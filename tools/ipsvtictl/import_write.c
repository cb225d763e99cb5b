// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "import": the files that are made. Each is written under another name first,
 * and gets its own when all of them are complete.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "import.h"

#define MED 100		/* what the cloud is told of a tunnel, ... */
#define MED_STANDBY 200 /* ... and of one that it shall not use */

static bool is_ipv6(const char *text)
{
	return strchr(text, ':');
}

static const char *text_of(const struct import *im, unsigned int i,
			   enum import_field field)
{
	return im->tunnels[i].field[field].text;
}

static void put_origin(const struct import *im, FILE *fp, const char *comment)
{
	fprintf(fp, "%s %s%sof AWS, made by \"ipsvtictl import aws\".\n", comment,
		im->id, im->id[0] ? " " : "a VPN connection ");
}

static void put_conf(const struct import *im, FILE *fp, unsigned int i)
{
	const struct import_tunnel *t = &im->tunnels[i];

	fprintf(fp, "# Tunnel %u of ", i + 1);
	fprintf(fp, "%s, made by \"ipsvtictl import aws\".\n",
		im->id[0] ? im->id : "a VPN connection of AWS");
	fprintf(fp, "preset = \"aws\"\nlocal = \"%s\"\n", t->outside_us);
	/* AWS knows us by the address that it sees. */
	if (t->field[IMPORT_OUTSIDE_US].line &&
	    strcmp(t->outside_us, text_of(im, i, IMPORT_OUTSIDE_US)))
		fprintf(fp, "local-id = \"%s\"\n",
			text_of(im, i, IMPORT_OUTSIDE_US));
	fprintf(fp, "remote = \"%s\"\npsk-file = \"%s%u.psk\"\n",
		text_of(im, i, IMPORT_OUTSIDE_THEM), im->name, i + 1);
}

static void put_psk(const struct import *im, FILE *fp, unsigned int i)
{
	fprintf(fp, "%s\n", text_of(im, i, IMPORT_PSK));
}

/* Their MTU, and the MSS with it, are the devices' own business. */
static void put_ip(const struct import *im, FILE *fp, unsigned int i)
{
	(void)i;
	put_origin(im, fp, "#");
	fputs("# Inside addresses, for \"ip -force -batch\"; the agent uses the devices as they are.\n",
	      fp);
	for (i = 0; i < im->n; i++) {
		fprintf(fp, "link add %s%u type ipsvti\n", im->name, i + 1);
		fprintf(fp, "address add %s/%u dev %s%u\n",
			text_of(im, i, IMPORT_INSIDE_US),
			im->tunnels[i].inside_prefix, im->name, i + 1);
		fprintf(fp, "link set %s%u up\n", im->name, i + 1);
	}
}

static bool announces(const struct import *im, bool ipv6)
{
	for (unsigned int i = 0; i < im->n_announce; i++)
		if (is_ipv6(im->announce[i]) == ipv6)
			return true;
	return false;
}

static unsigned int med(const struct import *im, unsigned int i)
{
	return im->standby == i + 1 ? MED_STANDBY : MED;
}

/*
 * No graceful restart in either: a session ends because the tunnel has, and a peer
 * that kept our routes for two minutes would send into that.
 */
static void put_bird(const struct import *im, FILE *fp, unsigned int i)
{
	bool ipv6 = is_ipv6(text_of(im, 0, IMPORT_INSIDE_US));
	int family = ipv6 ? 6 : 4;
	(void)i;

	put_origin(im, fp, "#");
	fprintf(fp, "# For bird.conf: include \"%s/%s.bird\";\n"
		    "# Both tunnels at a time if AWS says so: \"merge paths on;\" in protocol kernel.\n\n",
		im->dir, im->name);
	if (announces(im, ipv6)) {
		fprintf(fp, "protocol static %s_networks {\n\tipv%d;\n", im->name,
			family);
		for (i = 0; i < im->n_announce; i++)
			if (is_ipv6(im->announce[i]) == ipv6)
				fprintf(fp, "\troute %s unreachable;\n",
					im->announce[i]);
		fputs("}\n\n", fp);
	}
	for (i = 0; i < im->n; i++) {
		const struct import_tunnel *t = &im->tunnels[i];

		fprintf(fp, "protocol bgp %s_%u {\n\tlocal %s as %u;\n\tneighbor %s as %u;\n"
			    "\tinterface \"%s%u\";\n\tdirect;\n"
			    "\tkeepalive time %u;\n\thold time %u;\n"
			    "\tgraceful restart off;\n\tlong lived graceful restart off;\n"
			    "\tconnect delay time 1;\n\tconnect retry time 5;\n\terror wait time 1, 5;\n"
			    "\tipv%d {\n\t\timport all;\n",
			im->name, i + 1, text_of(im, i, IMPORT_INSIDE_US),
			t->asn_us, text_of(im, i, IMPORT_INSIDE_THEM),
			t->asn_them, im->name, i + 1, t->hold_time / 3,
			t->hold_time, family);
		if (announces(im, ipv6))
			fprintf(fp, "\t\texport filter {\n\t\t\tif proto != \"%s_networks\" then reject;\n"
				    "\t\t\tbgp_med = %u;\n\t\t\taccept;\n\t\t};\n",
				im->name, med(im, i));
		else
			fputs("\t\texport none;\n", fp);
		fputs("\t};\n}\n", fp);
		if (i + 1 < im->n)
			fputc('\n', fp);
	}
}

static void put_frr(const struct import *im, FILE *fp, unsigned int i)
{
	bool ipv6 = is_ipv6(text_of(im, 0, IMPORT_INSIDE_US));
	const char *ip = ipv6 ? "ipv6" : "ip";
	unsigned int j, seq = 0;
	(void)i;

	put_origin(im, fp, "!");
	fprintf(fp, "! For vtysh -f, or to be put into frr.conf.\n");
	for (j = 0; j < im->n_announce; j++)
		if (is_ipv6(im->announce[j]) == ipv6)
			fprintf(fp, "%s prefix-list %s-networks seq %u permit %s\n",
				ip, im->name, seq += 5, im->announce[j]);
	if (!seq)
		fprintf(fp, "%s prefix-list %s-networks seq 5 deny any\n", ip,
			im->name);
	fprintf(fp, "route-map %s-in permit 10\nexit\n", im->name);
	for (i = 0; i < im->n; i++)
		fprintf(fp, "route-map %s%u-out permit 10\n match %s address prefix-list %s-networks\n"
			    " set metric %u\nexit\n",
			im->name, i + 1, ip, im->name, med(im, i));
	fprintf(fp, "router bgp %u\n", im->tunnels[0].asn_us);
	for (i = 0; i < im->n; i++) {
		const struct import_tunnel *t = &im->tunnels[i];
		const char *peer = text_of(im, i, IMPORT_INSIDE_THEM);

		fprintf(fp, " neighbor %s remote-as %u\n neighbor %s description %s%u\n"
			    " neighbor %s timers %u %u\n neighbor %s timers connect 5\n"
			    " neighbor %s graceful-restart-disable\n",
			peer, t->asn_them, peer, im->name, i + 1, peer,
			t->hold_time / 3, t->hold_time, peer, peer);
	}
	fprintf(fp, " address-family ipv%d unicast\n", ipv6 ? 6 : 4);
	for (j = 0; j < im->n_announce; j++)
		if (is_ipv6(im->announce[j]) == ipv6)
			fprintf(fp, "  network %s\n", im->announce[j]);
	for (i = 0; i < im->n; i++) {
		const char *peer = text_of(im, i, IMPORT_INSIDE_THEM);

		fprintf(fp, "  neighbor %s activate\n  neighbor %s route-map %s-in in\n"
			    "  neighbor %s route-map %s%u-out out\n",
			peer, peer, im->name, peer, im->name, i + 1);
	}
	fputs(" exit-address-family\nexit\n", fp);
}

/* What ends in .conf is a tunnel to the agent: BGP must not. */
static const struct {
	const char *suffix;
	mode_t mode;
	unsigned int tunnel; /* which; of 0 there is none */
	bool bgp;
	void (*put)(const struct import *im, FILE *fp, unsigned int i);
} files[] = {
	{ "1.conf", 0644, 0, false, put_conf },
	{ "1.psk", 0600, 0, false, put_psk },
	{ "2.conf", 0644, 1, false, put_conf },
	{ "2.psk", 0600, 1, false, put_psk },
	{ ".ip", 0644, 0, false, put_ip },
	{ ".bird", 0644, 0, true, put_bird },
	{ ".frr", 0644, 0, true, put_frr },
};

#define N_FILES (sizeof(files) / sizeof(files[0]))

static unsigned int count(const struct import *im)
{
	unsigned int n = N_FILES;

	/* Those about BGP are the last ones. */
	while (n && files[n - 1].bgp && !im->tunnels[0].bgp)
		n--;
	return n;
}

const char *import_file_name(const struct import *im, unsigned int i, char *buf,
			     size_t len)
{
	if (i >= count(im))
		return NULL;
	snprintf(buf, len, "%s%s", im->name, files[i].suffix);
	return buf;
}

static enum ctl_status failed(struct import *im, const char *name, int code,
			      const char *hint)
{
	struct ipsvti_error *err = &im->ctl->err;

	memset(err, 0, sizeof(*err));
	err->code = code;
	snprintf(err->text, sizeof(err->text), "%.100s/%s: %s%s", im->dir, name,
		 strerror(code), hint);
	return CTL_FAILED;
}

/* What to do about a folder that nothing can be written into. */
static const char *hint(int code)
{
	switch (code) {
	case EACCES:
	case EPERM:
		return "; be root, or --output names another folder";
	case ENOENT:
	case ENOTDIR:
		return "; expected a folder: make it, or --output names another one";
	case EEXIST:
		return "; somebody else has made it now: look at it, --force overwrites";
	default:
		return "; expected to write there: mend that, or --output names another folder";
	}
}

/* The name that file number @i has until all are there. */
static const char *temporary(const struct import *im, unsigned int i, char *buf,
			     size_t len)
{
	/* Hidden, and with an end that nobody takes for a tunnel. */
	snprintf(buf, len, ".%s%s.import", im->name, files[i].suffix);
	return buf;
}

/* Return: 0 or an errno value. */
static int write_one(const struct import *im, int dir, unsigned int i)
{
	char name[64];
	int fd, code = 0;
	FILE *fp;

	temporary(im, i, name, sizeof(name));
	unlinkat(dir, name, 0); /* what a run that was killed has left */
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return errno;
	fp = fdopen(fd, "w");
	if (!fp) {
		code = errno;
		close(fd);
		return code;
	}
	files[i].put(im, fp, files[i].tunnel);
	if (fflush(fp) || ferror(fp) || fchmod(fd, files[i].mode) || fsync(fd))
		code = errno ? errno : EIO;
	if (fclose(fp) && !code)
		code = errno;
	return code;
}

static enum ctl_status write_all(struct import *im, int dir)
{
	char name[64], tmp[64];
	struct stat st;
	unsigned int i;
	int code;

	for (i = 0; i < count(im); i++) {
		import_file_name(im, i, name, sizeof(name));
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!im->force)
			return failed(im, name, EEXIST,
				      "; --force overwrites, --name gives other names");
		if (S_ISDIR(st.st_mode))
			return failed(im, name, EISDIR,
				      "; expected a file: move it away, or --name gives other names");
	}
	for (i = 0; i < count(im); i++) {
		code = write_one(im, dir, i);
		if (code)
			return failed(im, temporary(im, i, tmp, sizeof(tmp)), code,
				      hint(code));
	}
	for (i = 0; i < count(im); i++) {
		import_file_name(im, i, name, sizeof(name));
		temporary(im, i, tmp, sizeof(tmp));
		/* Somebody else has been at work in between. */
		if (renameat2(dir, tmp, dir, name, im->force ? 0 : RENAME_NOREPLACE)) {
			code = errno;
			while (!im->force && i-- > 0)
				unlinkat(dir, import_file_name(im, i, tmp, sizeof(tmp)), 0);
			return failed(im, name, code, hint(code));
		}
	}
	return CTL_OK;
}

enum ctl_status import_write(struct import *im)
{
	int dir = open(im->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum ctl_status status;
	unsigned int i;
	char tmp[64];

	if (dir < 0)
		return failed(im, "", errno, hint(errno));
	status = write_all(im, dir);
	for (i = 0; status && i < N_FILES; i++)
		unlinkat(dir, temporary(im, i, tmp, sizeof(tmp)), 0);
	close(dir);
	return status;
}
