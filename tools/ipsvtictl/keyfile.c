// SPDX-License-Identifier: GPL-2.0-or-later
/* Files with the keys of an SA pair: see keyfile.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyfile.h"

/* Key and salt of one direction, one behind the other. */
#define MATERIAL_MAX (IPSVTI_KEY_MAX + IPSVTI_SALT_MAX)

#define BLANKS " \t\r"

/**
 * struct reader - Where in which file we are.
 * @ctl: where complaints go
 * @name: name of the file
 * @line: number of the line, from 1
 * @alg: algorithm the keys are for
 */
struct reader {
	struct ctl *ctl;
	const char *name;
	unsigned int line;
	enum ipsvti_alg alg;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/**
 * struct span - A part of a text.
 * @at: where it starts
 * @len: its octets
 */
struct span {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c && strchr(BLANKS, c);
}

/* Cuts the first word from a line; it is empty at the end, or at a comment. */
static struct span take_word(struct span *line)
{
	struct span word;

	while (line->len && is_blank(*line->at)) {
		line->at++;
		line->len--;
	}
	word.at = line->at;
	word.len = 0;
	while (word.len < line->len && !is_blank(word.at[word.len]) &&
	       word.at[word.len] != '#')
		word.len++;
	line->at += word.len;
	line->len -= word.len;
	return word;
}

static bool is_word(struct span word, const char *text)
{
	return word.len == strlen(text) && !memcmp(word.at, text, word.len);
}

/* Appends the octets that a word spells. */
static enum ctl_status add_hex(struct reader *rd, struct span word,
			       uint8_t *octets, size_t *used)
{
	if (word.len >= 2 && word.at[0] == '0' &&
	    (word.at[1] == 'x' || word.at[1] == 'X')) {
		word.at += 2;
		word.len -= 2;
	}
	if (word.len % 2)
		return ctl_usage(rd->ctl,
				 "%s:%u: an odd number of hexadecimal digits",
				 rd->name, rd->line);
	for (; word.len; word.at += 2, word.len -= 2) {
		int high = hex_digit(word.at[0]), low = hex_digit(word.at[1]);

		if (high < 0 || low < 0)
			return ctl_usage(rd->ctl,
					 "%s:%u: expected hexadecimal digits",
					 rd->name, rd->line);
		if (*used < MATERIAL_MAX)
			octets[*used] = high << 4 | low;
		(*used)++;
	}
	return CTL_OK;
}

static enum ctl_status wrong_length(struct reader *rd, size_t key, size_t salt)
{
	return ctl_usage(
		rd->ctl,
		"%s:%u: a key of %zu and a salt of %zu octets: %s wants %zu and %zu",
		rd->name, rd->line, key, salt, ipsvti_alg_name(rd->alg),
		ipsvti_alg_key_len(rd->alg), ipsvti_alg_salt_len(rd->alg));
}

/*
 * "KEY SALT", or both in one word: in any case just as long as they must be. Where
 * there is no salt the words are the keys for encryption and integrity.
 */
static enum ctl_status take_octets(struct reader *rd, struct span rest,
				   uint8_t octets[MATERIAL_MAX])
{
	size_t key_len = ipsvti_alg_key_len(rd->alg);
	size_t want = key_len + ipsvti_alg_salt_len(rd->alg);
	struct span first = take_word(&rest);
	struct span second = take_word(&rest);
	enum ctl_status status;
	size_t used = 0, key;

	status = add_hex(rd, first, octets, &used);
	if (status)
		return status;
	key = second.len || used < key_len ? used : key_len;
	status = add_hex(rd, second, octets, &used);
	if (status)
		return status;
	if (!ipsvti_alg_salt_len(rd->alg))
		key = used;
	if (take_word(&rest).len)
		return ctl_usage(rd->ctl, "%s:%u: more than a key and a salt",
				 rd->name, rd->line);
	if (used != want || key != key_len)
		return wrong_length(rd, key, used - key);
	return CTL_OK;
}

static enum ctl_status take_material(struct reader *rd, struct span rest,
				     struct ipsvti_sa *sa)
{
	uint8_t octets[MATERIAL_MAX];
	enum ctl_status status;

	status = take_octets(rd, rest, octets);
	if (!status) {
		sa->key_len = ipsvti_alg_key_len(rd->alg);
		sa->salt_len = ipsvti_alg_salt_len(rd->alg);
		memcpy(sa->key, octets, sa->key_len);
		memcpy(sa->salt, octets + sa->key_len, sa->salt_len);
		sa->has |= IPSVTI_HAS(IPSVTI_A_SA_KEY);
		if (sa->salt_len)
			sa->has |= IPSVTI_HAS(IPSVTI_A_SA_SALT);
	}
	explicit_bzero(octets, sizeof(octets));
	return status;
}

static bool has_key(const struct ipsvti_sa *sa)
{
	return sa->has & IPSVTI_HAS(IPSVTI_A_SA_KEY);
}

static enum ctl_status take_line(struct reader *rd, struct span line,
				 struct ipsvti_pair *pair)
{
	struct span word = take_word(&line);
	struct ipsvti_sa *sa;

	if (!word.len && (!line.len || *line.at == '#'))
		return CTL_OK;
	if (is_word(word, "in"))
		sa = &pair->in;
	else if (is_word(word, "out"))
		sa = &pair->out;
	else
		return ctl_usage(
			rd->ctl,
			"%s:%u: expected \"in KEY SALT\", \"out KEY SALT\" or a comment",
			rd->name, rd->line);
	if (has_key(sa))
		return ctl_usage(rd->ctl, "%s:%u: a second line \"%s\"",
				 rd->name, rd->line,
				 sa == &pair->in ? "in" : "out");
	return take_material(rd, line, sa);
}

/*
 * The nonce of a packet is salt and sequence number (RFC 4106, section 4). Both
 * directions count from one, so with the same key and salt each nonce would be
 * used twice, which gives away the authentication key of GCM.
 */
static bool same_material(const struct ipsvti_pair *pair)
{
	return !memcmp(pair->in.key, pair->out.key, pair->in.key_len) &&
	       !memcmp(pair->in.salt, pair->out.salt, pair->in.salt_len);
}

enum ctl_status keyfile_parse(struct ctl *ctl, const char *name,
			      const char *text, size_t len, enum ipsvti_alg alg,
			      struct ipsvti_pair *pair)
{
	struct reader rd = { .ctl = ctl, .name = name, .alg = alg };
	enum ctl_status status = CTL_OK;

	while (len && !status) {
		const char *end = memchr(text, '\n', len);
		struct span line = { text, end ? (size_t)(end - text) : len };
		size_t step = end ? line.len + 1 : len;

		rd.line++;
		status = take_line(&rd, line, pair);
		text += step;
		len -= step;
	}
	if (status)
		return status;
	if (!has_key(&pair->in) || !has_key(&pair->out))
		return ctl_usage(ctl, "%s: no line \"%s KEY SALT\"", name,
				 has_key(&pair->in) ? "out" : "in");
	if (same_material(pair))
		return ctl_usage(
			ctl,
			"%s: \"in\" and \"out\" have the same key and salt, which would use every nonce twice",
			name);
	return CTL_OK;
}

/* Unbuffered, so that no copy of a key stays in a buffer of libc. */
static ssize_t read_all(int fd, char *text, size_t room)
{
	size_t used = 0;
	ssize_t got;

	while (used < room) {
		got = read(fd, text + used, room - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		used += got;
	}
	return used;
}

static enum ctl_status check_mode(struct ctl *ctl, const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return ctl_usage(ctl, "%s: %s", path, strerror(errno));
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return ctl_usage(
			ctl,
			"%s: others than its owner may use it (mode %04o): chmod 600 %s",
			path, st.st_mode & 07777, path);
	return CTL_OK;
}

static enum ctl_status read_fd(struct ctl *ctl, const char *name, int fd,
			       enum ipsvti_alg alg, struct ipsvti_pair *pair)
{
	char text[KEYFILE_MAX + 1];
	enum ctl_status status;
	ssize_t len;

	len = read_all(fd, text, sizeof(text));
	if (len < 0)
		status = ctl_usage(ctl, "%s: %s", name, strerror(-len));
	else if (len > KEYFILE_MAX)
		status = ctl_usage(ctl,
				   "%s: longer than any key file (%d octets)",
				   name, KEYFILE_MAX);
	else
		status = keyfile_parse(ctl, name, text, len, alg, pair);
	explicit_bzero(text, sizeof(text));
	return status;
}

enum ctl_status keyfile_read(struct ctl *ctl, const char *path,
			     enum ipsvti_alg alg, struct ipsvti_pair *pair)
{
	enum ctl_status status;
	int fd;

	if (!strcmp(path, "-"))
		return read_fd(ctl, "standard input", STDIN_FILENO, alg, pair);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return ctl_usage(ctl, "%s: %s", path, strerror(errno));
	status = check_mode(ctl, path, fd);
	if (!status)
		status = read_fd(ctl, path, fd, alg, pair);
	close(fd);
	return status;
}
