// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Session keys in Wireshark's tables "ikev2_decryption_table" and "esp_sa".
 * Names of algorithms are those of Wireshark, octet for octet.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ikev2.h"
#include "keylog.h"
#include "log.h"

#define LINE_MAX_LEN 1024

enum { TABLE_IKE, TABLE_ESP, TABLES };

static const char *const names[TABLES] = {
	[TABLE_IKE] = "ikev2_decryption_table",
	[TABLE_ESP] = "esp_sa",
};

struct keylog {
	char *dir;
	int fds[TABLES];
};

/* ---- files --------------------------------------------------------------- */

static int check_table(int fd, const char *dir, const char *name)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		log_line(LOG_ERR, NULL, "%s/%s: %s", dir, name, strerror(errno));
		return -1;
	}
	if (S_ISREG(st.st_mode) && !(st.st_mode & 077) &&
	    st.st_uid == geteuid() && st.st_nlink == 1)
		return 0;
	log_line(LOG_ERR, NULL,
		 "%s/%s: others can get at it; remove it, it is made anew", dir,
		 name);
	return -1;
}

static int open_table(int folder, const char *dir, const char *name)
{
	int fd = openat(folder, name,
			O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
				O_NOFOLLOW | O_NONBLOCK,
			0600);

	if (fd < 0) {
		log_line(LOG_ERR, NULL, "%s/%s: %s", dir, name, strerror(errno));
		return -1;
	}
	if (check_table(fd, dir, name) == 0)
		return fd;
	close(fd);
	return -1;
}

int keylog_open(const char *dir, struct keylog **keylog)
{
	struct keylog *k;
	int folder, i;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		log_line(LOG_ERR, NULL, "%s: %s", dir, strerror(errno));
		return -1;
	}
	folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		log_line(LOG_ERR, NULL, "%s: %s", dir, strerror(errno));
		return -1;
	}
	k = calloc(1, sizeof(*k));
	if (k)
		k->dir = strdup(dir);
	for (i = 0; k && i < TABLES; i++)
		k->fds[i] = -1;
	for (i = 0; k && k->dir && i < TABLES; i++) {
		k->fds[i] = open_table(folder, dir, names[i]);
		if (k->fds[i] < 0)
			break;
	}
	close(folder);
	if (!k || !k->dir || i < TABLES) {
		if (!k || !k->dir)
			log_line(LOG_ERR, NULL, "%s: no memory", dir);
		keylog_close(k);
		return -1;
	}
	*keylog = k;
	log_line(LOG_WARNING, NULL,
		 "SESSION KEYS ARE WRITTEN TO %s: who reads them there can decrypt all traffic; this is for looking for errors, restart without --export-keys after it",
		 dir);
	return 0;
}

void keylog_close(struct keylog *keylog)
{
	int i;

	if (!keylog)
		return;
	for (i = 0; i < TABLES; i++)
		if (keylog->fds[i] >= 0)
			close(keylog->fds[i]);
	free(keylog->dir);
	free(keylog);
}

/* ---- lines --------------------------------------------------------------- */

struct line {
	char text[LINE_MAX_LEN];
	size_t len;
};

static void put(struct line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct line *line, const char *fmt, ...)
{
	size_t room = sizeof(line->text) - line->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line->text + line->len, room, fmt, ap);
	va_end(ap);
	line->len += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void put_hex(struct line *line, const uint8_t *octets, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		put(line, "%02x", octets[i]);
}

/* One write(2), so that lines stay whole. */
static int write_line(struct keylog *keylog, int table, struct line *line)
{
	ssize_t n;
	int ret = 0;

	do {
		n = write(keylog->fds[table], line->text, line->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0 || (size_t)n < line->len) {
		ret = n < 0 ? -errno : -ENOSPC;
		log_line(LOG_ERR, NULL, "%s/%s: %s", keylog->dir, names[table],
			 strerror(-ret));
	}
	explicit_bzero(line, sizeof(*line));
	return ret;
}

/* ---- IKE ----------------------------------------------------------------- */

/* Return: Wireshark's name of the cipher; NULL: it has none. */
static const char *ike_cipher(const struct ike_sa_keys *keys, char *buf,
			      size_t len)
{
	unsigned int icv = 0;

	switch (keys->encr) {
	case IKE_ENCR_AES_CBC:
		snprintf(buf, len, "AES-CBC-%u [RFC3602]", keys->key_bits);
		return buf;
	case IKE_ENCR_AES_GCM_8:
		icv = 8;
		break;
	case IKE_ENCR_AES_GCM_12:
		icv = 12;
		break;
	case IKE_ENCR_AES_GCM_16:
		icv = 16;
		break;
	default:
		return NULL;
	}
	snprintf(buf, len, "AES-GCM-%u with %u octet ICV [RFC5282]",
		 keys->key_bits, icv);
	return buf;
}

static const char *ike_integrity(uint16_t integ)
{
	switch (integ) {
	case IKE_INTEG_NONE:
		return "NONE [RFC4306]";
	case IKE_INTEG_HMAC_SHA1_96:
		return "HMAC_SHA1_96 [RFC2404]";
	case IKE_INTEG_HMAC_SHA2_256_128:
		return "HMAC_SHA2_256_128 [RFC4868]";
	case IKE_INTEG_HMAC_SHA2_384_192:
		return "HMAC_SHA2_384_192 [RFC4868]";
	case IKE_INTEG_HMAC_SHA2_512_256:
		return "HMAC_SHA2_512_256 [RFC4868]";
	default:
		return NULL;
	}
}

int keylog_ike(struct keylog *keylog, const struct ike_sa_keys *keys)
{
	const char *integ = ike_integrity(keys->integ), *cipher;
	struct line line = { .len = 0 };
	char buf[64], other[32];

	cipher = ike_cipher(keys, buf, sizeof(buf));
	if (!cipher || !integ) {
		snprintf(other, sizeof(other), "transform %u", keys->encr);
		cipher = keys->encr == IKE_ENCR_CHACHA20_POLY1305 ?
				 "ChaCha20/Poly1305" : other;
		put(&line, "# not known to Wireshark: ");
	}
	put(&line, "%016llx,%016llx,", (unsigned long long)keys->spi_i,
	    (unsigned long long)keys->spi_r);
	put_hex(&line, keys->ei, keys->encr_len);
	put(&line, ",");
	put_hex(&line, keys->er, keys->encr_len);
	put(&line, ",\"%s\",", cipher);
	put_hex(&line, keys->ai, keys->integ_len);
	put(&line, ",");
	put_hex(&line, keys->ar, keys->integ_len);
	put(&line, ",\"%s\"\n", integ ? integ : "unknown");
	log_line(LOG_WARNING, NULL, "keys of IKE SA %016llx/%016llx written to %s/%s",
		 (unsigned long long)keys->spi_i,
		 (unsigned long long)keys->spi_r, keylog->dir,
		 names[TABLE_IKE]);
	return write_line(keylog, TABLE_IKE, &line);
}

/* ---- ESP ----------------------------------------------------------------- */

struct esp_name {
	const char *cipher; /* NULL: Wireshark has none, and @integ is ours */
	const char *integ;
	size_t encr_len; /* of the key; 0: all of it, with the salt */
};

#define GCM(icv) { "AES-GCM with " #icv " octet ICV [RFC4106]", "NULL", 0 }
#define CBC(bits, integ) { "AES-CBC [RFC3602]", integ, bits / 8 }
#define SHA1 "HMAC-SHA-1-96 [RFC2404]"
#define SHA256 "HMAC-SHA-256-128 [RFC4868]"
#define SHA384 "HMAC-SHA-384-192 [RFC4868]"
#define SHA512 "HMAC-SHA-512-256 [RFC4868]"

static const struct esp_name esp_names[] = {
	[IKE_ESP_AES_GCM_16_128] = GCM(16),
	[IKE_ESP_AES_GCM_16_192] = GCM(16),
	[IKE_ESP_AES_GCM_16_256] = GCM(16),
	[IKE_ESP_AES_GCM_12_128] = GCM(12),
	[IKE_ESP_AES_GCM_12_192] = GCM(12),
	[IKE_ESP_AES_GCM_12_256] = GCM(12),
	[IKE_ESP_AES_GCM_8_128] = GCM(8),
	[IKE_ESP_AES_GCM_8_192] = GCM(8),
	[IKE_ESP_AES_GCM_8_256] = GCM(8),
	[IKE_ESP_CHACHA20_POLY1305] = { NULL, "ChaCha20/Poly1305", 0 },
	[IKE_ESP_AES_GMAC_128] = { NULL, "AES-GMAC, not encrypted", 0 },
	[IKE_ESP_AES_GMAC_192] = { NULL, "AES-GMAC, not encrypted", 0 },
	[IKE_ESP_AES_GMAC_256] = { NULL, "AES-GMAC, not encrypted", 0 },
	[IKE_ESP_AES_CBC_128_HMAC_SHA2_256_128] = CBC(128, SHA256),
	[IKE_ESP_AES_CBC_256_HMAC_SHA2_256_128] = CBC(256, SHA256),
	[IKE_ESP_AES_CBC_128_HMAC_SHA2_384_192] = CBC(128, SHA384),
	[IKE_ESP_AES_CBC_256_HMAC_SHA2_384_192] = CBC(256, SHA384),
	[IKE_ESP_AES_CBC_128_HMAC_SHA2_512_256] = CBC(128, SHA512),
	[IKE_ESP_AES_CBC_256_HMAC_SHA2_512_256] = CBC(256, SHA512),
	[IKE_ESP_AES_CBC_128_HMAC_SHA1_96] = CBC(128, SHA1),
	[IKE_ESP_AES_CBC_256_HMAC_SHA1_96] = CBC(256, SHA1),
};

static const struct esp_name *esp_name(enum ike_esp_alg alg)
{
	static const struct esp_name none = { NULL, "unknown", 0 };
	size_t count = sizeof(esp_names) / sizeof(esp_names[0]);

	return (size_t)alg < count && esp_names[alg].integ ? &esp_names[alg] :
							     &none;
}

/* A number is one of 32 bits at first; that is what the last field says. */
static int write_sa(struct keylog *keylog, const struct ike_kernel_sa *sa,
		    int family, const char *from, const char *to)
{
	const struct esp_name *name = esp_name(sa->alg);
	struct line line = { .len = 0 };
	size_t encr = name->encr_len;

	if (!encr || encr > sa->key_len)
		encr = sa->key_len;
	if (!name->cipher)
		put(&line, "# not known to Wireshark: ");
	put(&line, "\"IPv%d\",\"%s\",\"%s\",\"0x%08x\",\"%s\",\"0x", family,
	    from, to, sa->spi, name->cipher ? name->cipher : name->integ);
	put_hex(&line, sa->key, encr);
	put_hex(&line, sa->salt, sa->salt_len);
	put(&line, "\",\"%s\",\"", name->cipher ? name->integ : "NULL");
	if (encr < sa->key_len)
		put(&line, "0x");
	put_hex(&line, sa->key + encr, sa->key_len - encr);
	put(&line, "\"%s\n", sa->esn ? ",\"64-bit\",\"0\"" : "");
	return write_line(keylog, TABLE_ESP, &line);
}

int keylog_esp(struct keylog *keylog, const struct ike_tunnel_config *tunnel,
	       const struct ike_kernel_pair *pair)
{
	int family = tunnel->local.family == IKE_IPV6 ? 6 : 4, ret;
	char local[48] = "*", remote[48] = "*";

	if (!pair->encap_udp) {
		ike_address_format(&tunnel->local, local, sizeof(local));
		ike_address_format(&tunnel->remote, remote, sizeof(remote));
	}
	log_line(LOG_WARNING, tunnel->name,
		 "keys of CHILD SA %08x/%08x written to %s/%s", pair->in.spi,
		 pair->out.spi, keylog->dir, names[TABLE_ESP]);
	ret = write_sa(keylog, &pair->in, family, remote, local);
	return ret ? ret : write_sa(keylog, &pair->out, family, local, remote);
}
