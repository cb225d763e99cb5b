// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses, identities and traffic selectors from text and to text.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ts.h"

int ike_address_parse(struct ike_address *addr, const char *text)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, addr->octets) == 1)
		addr->family = IKE_IPV4;
	else if (inet_pton(AF_INET6, text, addr->octets) == 1)
		addr->family = IKE_IPV6;
	else
		return -EINVAL;
	return 0;
}

const char *ike_address_format(const struct ike_address *addr, char *buf,
			       size_t len)
{
	int family = addr->family == IKE_IPV4 ? AF_INET : AF_INET6;

	if (!addr->family ||
	    !inet_ntop(family, addr->octets, buf, (socklen_t)len))
		snprintf(buf, len, "none");
	return buf;
}

/* ------------------------------------------------------------ identities */

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

static int parse_key_id(struct ike_identity *id, const char *hex)
{
	size_t len = strlen(hex);

	if (!len || len % 2 || len / 2 > IKE_ID_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		id->data[i / 2] = (uint8_t)(high << 4 | low);
	}
	id->type = IKE_ID_KEY_ID;
	id->len = (uint8_t)(len / 2);
	return 0;
}

int ike_identity_parse(struct ike_identity *id, const char *text)
{
	struct ike_address addr;
	size_t len;

	memset(id, 0, sizeof(*id));
	if (!ike_address_parse(&addr, text)) {
		id->type = addr.family == IKE_IPV4 ? IKE_ID_IPV4_ADDR :
						     IKE_ID_IPV6_ADDR;
		id->len = addr.family == IKE_IPV4 ? 4 : 16;
		memcpy(id->data, addr.octets, id->len);
		return 0;
	}
	if (*text == '#')
		return parse_key_id(id, text + 1);
	if (strchr(text, '=')) {
		int n = ike_dn_parse(text, id->data, sizeof(id->data));

		if (n <= 0)
			return -EINVAL;
		id->type = IKE_ID_DER_ASN1_DN;
		id->len = (uint8_t)n;
		return 0;
	}
	if (*text == '@')
		text++;
	id->type = strchr(text, '@') ? IKE_ID_RFC822_ADDR : IKE_ID_FQDN;
	len = strlen(text);
	if (!len || len > IKE_ID_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return -EINVAL;
	id->len = (uint8_t)len;
	memcpy(id->data, text, len);
	return 0;
}

const char *ike_identity_format(const struct ike_identity *id, char *buf,
				size_t len)
{
	struct ike_address addr = { 0 };
	bool text = id->type == IKE_ID_FQDN || id->type == IKE_ID_RFC822_ADDR;
	size_t at = 0;

	if ((id->type == IKE_ID_IPV4_ADDR && id->len == 4) ||
	    (id->type == IKE_ID_IPV6_ADDR && id->len == 16)) {
		addr.family = id->len == 4 ? IKE_IPV4 : IKE_IPV6;
		memcpy(addr.octets, id->data, id->len);
		return ike_address_format(&addr, buf, len);
	}
	if (id->type == IKE_ID_DER_ASN1_DN)
		return ike_dn_format(IKE_SLICE(id->data, id->len), buf, len);
	/* An octet takes up to four characters: stop before they do not fit. */
	if (!text && len > 1)
		buf[at++] = '#';
	for (unsigned int i = 0; i < id->len && at + 5 < len; i++) {
		uint8_t c = id->data[i];

		if (!text)
			at += (size_t)snprintf(buf + at, len - at, "%02x", c);
		else if (c > ' ' && c <= '~' && c != '\\' && c != '"')
			buf[at++] = (char)c;
		else
			at += (size_t)snprintf(buf + at, len - at, "\\x%02x",
					       c);
	}
	if (len)
		buf[at] = 0;
	return buf;
}
