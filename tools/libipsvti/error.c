// SPDX-License-Identifier: GPL-2.0-or-later
/* How errors of this library and of the kernel become struct ipsvti_error. */
#include <errno.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

int nl_fail(struct ipsvti_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -code;
	memset(err, 0, sizeof(*err));
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -code;
}

static uint64_t nla_number(const struct nlattr *nla)
{
	uint64_t number = 0;

	if (nla && mnl_attr_get_payload_len(nla) == sizeof(uint32_t))
		number = mnl_attr_get_u32(nla);
	else if (nla && mnl_attr_get_payload_len(nla) == sizeof(uint64_t))
		memcpy(&number, mnl_attr_get_payload(nla), sizeof(number));
	return number;
}

/* What the kernel's policy would have taken, if it says so. */
static void add_expected(char *text, size_t text_len, const struct nlattr *nla)
{
	const struct nlattr *tb[WIRE_ATTRS];
	size_t used = strlen(text);
	const char *unit;
	uint64_t min, max;

	if (!nla || wire_index(mnl_attr_get_payload(nla),
			       mnl_attr_get_payload_len(nla), tb))
		return;
	if (tb[NL_POLICY_TYPE_ATTR_MAX_VALUE_U]) {
		min = nla_number(tb[NL_POLICY_TYPE_ATTR_MIN_VALUE_U]);
		max = nla_number(tb[NL_POLICY_TYPE_ATTR_MAX_VALUE_U]);
		unit = "";
	} else if (tb[NL_POLICY_TYPE_ATTR_MAX_LENGTH]) {
		min = nla_number(tb[NL_POLICY_TYPE_ATTR_MIN_LENGTH]);
		max = nla_number(tb[NL_POLICY_TYPE_ATTR_MAX_LENGTH]);
		unit = " octets";
	} else {
		return;
	}
	if (min == max)
		snprintf(text + used, text_len - used,
			 ": expected %" PRIu64 "%s", max, unit);
	else
		snprintf(text + used, text_len - used,
			 ": expected %" PRIu64 " to %" PRIu64 "%s", min, max,
			 unit);
}

static void set_text(struct ipsvti_error *err, const struct nlattr *msg)
{
	size_t len = msg ? mnl_attr_get_payload_len(msg) : 0;
	const char *text = len ? mnl_attr_get_payload(msg) : NULL;

	if (text && strnlen(text, len))
		snprintf(err->text, sizeof(err->text), "%.*s",
			 (int)strnlen(text, len), text);
	else if (err->code == EPERM)
		snprintf(err->text, sizeof(err->text),
			 "not permitted: CAP_NET_ADMIN is needed");
	else
		snprintf(err->text, sizeof(err->text), "%s",
			 strerror(err->code));
	err->text[strcspn(err->text, "\n")] = '\0';
}

int nl_refused(struct ipsvti_error *err, int code,
	       const struct wire_request *req, const void *tlvs, size_t len)
{
	const struct nlattr *tb[WIRE_ATTRS];
	unsigned int missing;

	if (!err)
		return -code;
	/* A damaged extended acknowledgement still leaves the code. */
	if (wire_index(tlvs, len, tb))
		memset(tb, 0, sizeof(tb));
	memset(err, 0, sizeof(*err));
	err->code = code;
	err->refused = true;
	set_text(err, tb[NLMSGERR_ATTR_MSG]);
	add_expected(err->text, sizeof(err->text), tb[NLMSGERR_ATTR_POLICY]);

	missing = nla_number(tb[NLMSGERR_ATTR_MISS_TYPE]);
	if (missing) {
		wire_path(req, nla_number(tb[NLMSGERR_ATTR_MISS_NEST]), missing,
			  err->attr, sizeof(err->attr));
		if (!tb[NLMSGERR_ATTR_MSG])
			snprintf(err->text, sizeof(err->text),
				 "a required attribute is missing");
	} else if (tb[NLMSGERR_ATTR_OFFS]) {
		wire_path(req, nla_number(tb[NLMSGERR_ATTR_OFFS]), 0, err->attr,
			  sizeof(err->attr));
	}
	return -code;
}

const char *ipsvti_error_format(const struct ipsvti_error *err, char *buf,
				size_t len)
{
	if (err->attr[0])
		snprintf(buf, len, "%s (attribute %s)", err->text, err->attr);
	else
		snprintf(buf, len, "%s", err->text);
	return buf;
}
