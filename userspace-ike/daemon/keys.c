// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pre-shared and private keys: read from files that nobody else can read, wiped
 * after use. Certificates: read from any.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"

/* The same open file is checked and read: there is nothing to race with. */
static int check_file(int fd, const char *path, bool secret, const char *key,
		      struct conf_errors *errors, const char *file,
		      unsigned int line)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		conf_error(errors, file, line, "%s: %s: %s; expected a file that can be read",
			   key, path, strerror(errno));
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		conf_error(errors, file, line,
			   "%s: %s is not a regular file; put the %s in one",
			   key, path, secret ? "key" : "PEM text");
		return -1;
	}
	if (!secret)
		return 0;
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		conf_error(errors, file, line,
			   "%s: %s belongs to user %u; run \"chown root %s\"",
			   key, path, (unsigned int)st.st_uid, path);
		return -1;
	}
	if (st.st_mode & 077) {
		conf_error(errors, file, line,
			   "%s: %s has mode %04o, so others can get at the key; run \"chmod 600 %s\"",
			   key, path, (unsigned int)st.st_mode & 07777, path);
		return -1;
	}
	return 0;
}

/* Reads at most one octet more than fits, to see that the file is too long. */
static ssize_t read_all(int fd, uint8_t *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, buf + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += n;
	}
	return len;
}

static int check_text(uint8_t *text, size_t *len, const char *path,
		      struct conf_errors *errors, const char *file,
		      unsigned int line)
{
	size_t n = *len;

	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n > 0 && text[n - 1] == '\r')
		n--;
	if (n == 0) {
		conf_error(errors, file, line,
			   "psk-file: %s is empty; expected one line with the key",
			   path);
		return -1;
	}
	if (n > SECRET_MAX) {
		conf_error(errors, file, line,
			   "psk-file: %s is too long; expected a key of at most %d octets",
			   path, SECRET_MAX);
		return -1;
	}
	if (memchr(text, '\n', n) || memchr(text, '\0', n)) {
		conf_error(errors, file, line,
			   "psk-file: %s has more than one line; expected one line with the key",
			   path);
		return -1;
	}
	*len = n;
	return 0;
}

int secret_read(const char *path, struct secret *secret,
		struct conf_errors *errors, const char *file, unsigned int line)
{
	uint8_t text[SECRET_MAX + 3]; /* with CR and LF, and one too many */
	size_t len;
	ssize_t n;
	int fd, ret = -1;

	secret_wipe(secret);
	/* Not to wait for a writer, should the name be that of a FIFO. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		conf_error(errors, file, line,
			   "psk-file: %s: %s; expected a file with the key", path,
			   conf_cannot(errno, path));
		return -1;
	}
	if (check_file(fd, path, true, "psk-file", errors, file, line) < 0)
		goto out;
	n = read_all(fd, text, sizeof(text));
	if (n < 0) {
		conf_error(errors, file, line,
			   "psk-file: %s: %s; expected a file that can be read",
			   path, strerror(errno));
		goto out;
	}
	len = n;
	if (check_text(text, &len, path, errors, file, line) < 0)
		goto out;
	memcpy(secret->octets, text, len);
	secret->len = len;
	ret = 0;
out:
	explicit_bzero(text, sizeof(text));
	close(fd);
	return ret;
}

uint8_t *pem_read(const char *path, bool secret, size_t *len, const char *key,
		  struct conf_errors *errors, const char *file,
		  unsigned int line)
{
	uint8_t *text = NULL, *kept = NULL;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		conf_error(errors, file, line, "%s: %s: %s; expected a PEM file",
			   key, path, conf_cannot(errno, path));
		return NULL;
	}
	if (check_file(fd, path, secret, key, errors, file, line) < 0)
		goto out;
	text = malloc(PEM_FILE_MAX + 1);
	n = text ? read_all(fd, text, PEM_FILE_MAX + 1) : -1;
	if (n < 0)
		conf_error(errors, file, line,
			   "%s: %s: %s; expected a file that can be read", key,
			   path, strerror(errno));
	else if (n > PEM_FILE_MAX)
		conf_error(errors, file, line,
			   "%s: %s is too long; expected at most %d octets", key,
			   path, PEM_FILE_MAX);
	else if (!(kept = malloc(n + 1)))
		conf_error(errors, file, line, "%s: %s: no memory to read it",
			   key, path);
	if (kept) {
		memcpy(kept, text, n);
		*len = n;
	}
	if (n > 0)
		explicit_bzero(text, n);
	free(text);
out:
	close(fd);
	return kept;
}

void secret_wipe(struct secret *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}
