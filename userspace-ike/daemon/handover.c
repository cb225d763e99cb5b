// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration as a sequence of items in a memfd: each tunnel as it lies in
 * memory, then what it points to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/err.h>

#include "cert.h"
#include "handover.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* since Linux 6.3 */
#endif

enum kind { ITEM_TUNNEL, ITEM_FILE, ITEM_CERT, ITEM_AUTHORITY, ITEM_CRL };

struct item {
	uint32_t kind;
	uint32_t len;
};

/* ---- packing ------------------------------------------------------------- */

/* What is written, and the first thing that went wrong. */
struct packer {
	int fd;
	int error;
};

static void put(struct packer *p, const void *data, size_t len)
{
	const uint8_t *at = data;
	ssize_t n;

	while (!p->error && len) {
		n = write(p->fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			p->error = -errno;
		else
			at += n, len -= n;
	}
}

static void put_item(struct packer *p, enum kind kind, const void *data,
		     size_t len)
{
	const struct item item = { .kind = kind, .len = len };

	put(p, &item, sizeof(item));
	put(p, data, len);
}

/* Takes @der, which libcrypto has allocated. */
static void put_der(struct packer *p, enum kind kind, uint8_t *der, int len)
{
	if (len > 0)
		put_item(p, kind, der, len);
	else if (!p->error)
		p->error = -ENOMEM;
	OPENSSL_free(der);
}

static void put_certs(struct packer *p, const struct cert_store *certs)
{
	unsigned int n;
	uint8_t *der;
	int i, len;

	for (n = 0; n < certs->n_chain; n++)
		put_item(p, ITEM_CERT, certs->chain[n], certs->chain_len[n]);
	for (i = 0; i < sk_X509_num(certs->authorities); i++) {
		der = NULL;
		len = i2d_X509(sk_X509_value(certs->authorities, i), &der);
		put_der(p, ITEM_AUTHORITY, der, len);
	}
	for (i = 0; i < sk_X509_CRL_num(certs->crls); i++) {
		der = NULL;
		len = i2d_X509_CRL(sk_X509_CRL_value(certs->crls, i), &der);
		put_der(p, ITEM_CRL, der, len);
	}
}

static void put_tunnel(struct packer *p, const struct conf_tunnel *tunnel)
{
	struct conf_tunnel copy = *tunnel;

	secret_wipe(&copy.psk);
	copy.certs = NULL;
	copy.file = NULL;
	put_item(p, ITEM_TUNNEL, &copy, sizeof(copy));
	put_item(p, ITEM_FILE, tunnel->file, strlen(tunnel->file));
	if (tunnel->certs)
		put_certs(p, tunnel->certs);
}

static int open_memory(void)
{
	int fd = memfd_create("ipsvti-iked", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("ipsvti-iked", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static int seal(struct packer *p)
{
	if (!p->error && fcntl(p->fd, F_ADD_SEALS,
			       F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		p->error = -errno;
	if (!p->error)
		return p->fd;
	close(p->fd);
	return p->error;
}

int handover_pack(const struct conf *conf)
{
	struct packer p = { .fd = open_memory() };
	size_t i;

	if (p.fd < 0)
		return -errno;
	for (i = 0; i < conf->count; i++)
		put_tunnel(&p, conf->tunnels[i]);
	return seal(&p);
}

int handover_pack_text(const char *text, size_t len)
{
	struct packer p = { .fd = open_memory() };

	if (p.fd < 0)
		return -errno;
	put(&p, text, len);
	return seal(&p);
}

/* ---- unpacking ----------------------------------------------------------- */

/* Maps @fd. Return: its octets, NULL with *@len 0 if it is empty or an error. */
static const uint8_t *map(int fd, size_t *len, int *error)
{
	off_t size = lseek(fd, 0, SEEK_END);
	void *at;

	*len = 0;
	*error = size < 0 ? -errno : 0;
	if (size <= 0)
		return NULL;
	at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED) {
		*error = -errno;
		return NULL;
	}
	*len = size;
	return at;
}

static void unmap(const uint8_t *at, size_t len)
{
	if (at)
		munmap((void *)at, len);
}

static int take_tunnel(struct conf *conf, const void *data, size_t len)
{
	struct conf_tunnel **tunnels, *tunnel;

	if (len != sizeof(*tunnel))
		return -EINVAL;
	tunnels = realloc(conf->tunnels, (conf->count + 1) * sizeof(*tunnels));
	if (!tunnels)
		return -ENOMEM;
	conf->tunnels = tunnels;
	tunnel = malloc(sizeof(*tunnel));
	if (!tunnel)
		return -ENOMEM;
	memcpy(tunnel, data, len);
	tunnel->file = NULL;
	tunnel->certs = cert_store_new();
	conf->tunnels[conf->count++] = tunnel;
	return tunnel->certs ? 0 : -ENOMEM;
}

static int take_cert(struct cert_store *certs, const void *data, size_t len)
{
	uint8_t *der = OPENSSL_memdup(data, len);

	if (!der)
		return -ENOMEM;
	if (certs->n_chain == IKE_CERTS_MAX) {
		OPENSSL_free(der);
		return -EINVAL;
	}
	certs->chain[certs->n_chain] = der;
	certs->chain_len[certs->n_chain++] = len;
	return 0;
}

static int take_authority(struct cert_store *certs, const uint8_t *data,
			  size_t len)
{
	X509 *cert = d2i_X509(NULL, &data, (long)len);

	if (!cert)
		return -EINVAL;
	if (sk_X509_push(certs->authorities, cert) > 0)
		return 0;
	X509_free(cert);
	return -ENOMEM;
}

static int take_crl(struct cert_store *certs, const uint8_t *data, size_t len)
{
	X509_CRL *crl = d2i_X509_CRL(NULL, &data, (long)len);

	if (!crl)
		return -EINVAL;
	if (sk_X509_CRL_push(certs->crls, crl) > 0)
		return 0;
	X509_CRL_free(crl);
	return -ENOMEM;
}

static int take_item(struct conf *conf, const struct item *item,
		     const uint8_t *data)
{
	struct conf_tunnel *tunnel;

	if (item->kind == ITEM_TUNNEL)
		return take_tunnel(conf, data, item->len);
	if (!conf->count)
		return -EINVAL;
	tunnel = conf->tunnels[conf->count - 1];
	switch (item->kind) {
	case ITEM_FILE:
		free(tunnel->file);
		tunnel->file = strndup((const char *)data, item->len);
		return tunnel->file ? 0 : -ENOMEM;
	case ITEM_CERT:
		return take_cert(tunnel->certs, data, item->len);
	case ITEM_AUTHORITY:
		return take_authority(tunnel->certs, data, item->len);
	case ITEM_CRL:
		return take_crl(tunnel->certs, data, item->len);
	}
	return -EINVAL;
}

int handover_unpack(int fd, struct conf *conf)
{
	const uint8_t *at;
	struct item item;
	size_t len, pos = 0;
	int ret;

	memset(conf, 0, sizeof(*conf));
	at = map(fd, &len, &ret);
	while (!ret && pos < len) {
		ret = -EINVAL;
		if (len - pos < sizeof(item))
			break;
		memcpy(&item, at + pos, sizeof(item));
		pos += sizeof(item);
		if (len - pos < item.len)
			break;
		ret = take_item(conf, &item, at + pos);
		pos += item.len;
	}
	unmap(at, len);
	ERR_clear_error();
	if (ret)
		conf_free(conf);
	return ret;
}

char *handover_text(int fd)
{
	const uint8_t *at;
	char *text = NULL;
	size_t len;
	int error;

	at = map(fd, &len, &error);
	if (!error)
		text = strndup(at ? (const char *)at : "", len);
	unmap(at, len);
	return text;
}
