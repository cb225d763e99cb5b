// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Distinguished names (RFC 5280, section 4.1.2.4): DER on the wire, text for
 * people. Names that people would call the same are the same, whatever string
 * types they are written in.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509.h>

#include "crypto.h"

/* All of @der must be the name. */
static X509_NAME *decode(struct ike_slice der)
{
	const uint8_t *at = der.data;
	X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)der.len);

	if (name && at != der.data + der.len) {
		X509_NAME_free(name);
		name = NULL;
	}
	return name;
}

bool ike_dn_equal(struct ike_slice a, struct ike_slice b)
{
	X509_NAME *x = decode(a), *y = decode(b);
	bool equal = x && y && !X509_NAME_cmp(x, y);

	X509_NAME_free(x);
	X509_NAME_free(y);
	return equal;
}

/* Return: where the text ends; what does not fit is left out. */
static size_t put_value(const ASN1_STRING *value, char *buf, size_t at,
			size_t len)
{
	const unsigned char *data = ASN1_STRING_get0_data(value);
	int n = ASN1_STRING_length(value);

	for (int i = 0; i < n && at + 5 < len; i++) {
		if (data[i] >= ' ' && data[i] <= '~' && data[i] != '"')
			buf[at++] = (char)data[i];
		else
			at += (size_t)snprintf(buf + at, len - at, "\\x%02x",
					       data[i]);
	}
	return at;
}

const char *ike_dn_format(struct ike_slice der, char *buf, size_t len)
{
	X509_NAME *name = decode(der);
	size_t at = 0;

	for (int i = 0; name && i < X509_NAME_entry_count(name); i++) {
		X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
		const char *sn = OBJ_nid2sn(nid);

		if (at + 32 >= len)
			break;
		at += (size_t)snprintf(buf + at, len - at, "%s%.20s=",
				       i ? ", " : "", nid && sn ? sn : "?");
		at = put_value(X509_NAME_ENTRY_get_data(entry), buf, at, len);
	}
	if (len)
		buf[at] = 0;
	if (!name)
		snprintf(buf, len, "(a malformed name)");
	X509_NAME_free(name);
	return buf;
}

/* One "TYPE=VALUE" of @len characters, blanks around it taken off. */
static bool add_entry(X509_NAME *name, const char *text, size_t len)
{
	const char *is = memchr(text, '=', len);
	char type[64];
	size_t n;

	if (!is)
		return false;
	n = (size_t)(is - text);
	len -= n + 1;
	while (n && *text == ' ') {
		text++;
		n--;
	}
	while (n && text[n - 1] == ' ')
		n--;
	is++;
	while (len && *is == ' ') {
		is++;
		len--;
	}
	while (len && is[len - 1] == ' ')
		len--;
	if (!n || n >= sizeof(type) || !len)
		return false;
	memcpy(type, text, n);
	type[n] = 0;
	return X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
					  (const unsigned char *)is, (int)len,
					  -1, 0) == 1;
}

int ike_dn_parse(const char *text, uint8_t *out, size_t size)
{
	X509_NAME *name = X509_NAME_new();
	int len = -EINVAL;

	while (name && text) {
		const char *end = strchr(text, ',');
		size_t n = end ? (size_t)(end - text) : strlen(text);

		if (!add_entry(name, text, n))
			goto out;
		text = end ? end + 1 : NULL;
	}
	len = name ? i2d_X509_NAME(name, NULL) : -ENOMEM;
	if (len > 0 && (size_t)len > size)
		len = -E2BIG;
	if (len > 0)
		len = i2d_X509_NAME(name, &out);
out:
	X509_NAME_free(name);
	return len;
}
