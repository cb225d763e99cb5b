// SPDX-License-Identifier: GPL-2.0-or-later
/* The limits of an SA: see limits.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "limits.h"

/**
 * struct kind - One member of struct ipsvti_limits.
 * @name: name in the spec
 * @attr: number of the attribute
 * @offset: where it is
 * @wide: it has 64 bits; else 32
 * @taken: it can be asked for
 */
struct kind {
	const char *name;
	unsigned int attr;
	size_t offset;
	bool wide;
	bool taken;
};

#define KIND(_name, _attr, _member, _taken)                            \
	{                                                              \
		.name = (_name), .attr = IPSVTI_A_LIMITS_##_attr,      \
		.offset = offsetof(struct ipsvti_limits, _member),     \
		.wide = sizeof(((struct ipsvti_limits *)0)->_member) == 8, \
		.taken = (_taken)                                      \
	}

/* In the order in which they are shown. */
static const struct kind kinds[] = {
	KIND("soft-bytes", SOFT_BYTES, soft_bytes, true),
	KIND("hard-bytes", HARD_BYTES, hard_bytes, true),
	KIND("used-bytes", USED_BYTES, used_bytes, false),
	KIND("soft-packets", SOFT_PACKETS, soft_packets, true),
	KIND("hard-packets", HARD_PACKETS, hard_packets, true),
	KIND("used-packets", USED_PACKETS, used_packets, false),
	KIND("soft-seconds", SOFT_SECONDS, soft_seconds, true),
	KIND("hard-seconds", HARD_SECONDS, hard_seconds, true),
	KIND("used-seconds", USED_SECONDS, used_seconds, false),
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint64_t kind_get(const struct kind *kind,
			 const struct ipsvti_limits *limits)
{
	const char *at = (const char *)limits + kind->offset;

	return kind->wide ? *(const uint64_t *)at : *(const uint32_t *)at;
}

static void kind_set(const struct kind *kind, struct ipsvti_limits *limits,
		     uint64_t value)
{
	char *at = (char *)limits + kind->offset;

	limits->has |= IPSVTI_HAS(kind->attr);
	if (kind->wide)
		*(uint64_t *)at = value;
	else
		*(uint32_t *)at = value;
}

static const struct kind *kind_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < KINDS; i++)
		if (kinds[i].taken && !strcmp(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

static enum ctl_status give(struct ctl *ctl, struct ipsvti_sa *sa,
			    const char *direction, const struct kind *kind,
			    uint64_t value)
{
	if (sa->limits.has & IPSVTI_HAS(kind->attr))
		return ctl_usage(ctl, "\"limit\" %s of \"%s\" is there twice",
				 kind->name, direction);
	kind_set(kind, &sa->limits, value);
	sa->has |= IPSVTI_HAS(IPSVTI_A_SA_LIMITS);
	return CTL_OK;
}

enum ctl_status limits_take(struct args *args, struct ipsvti_pair *pair)
{
	const char *expected =
		"in or out, or soft- or hard-bytes, -packets or -seconds";
	bool in = true, out = true;
	enum ctl_status status;
	const struct kind *kind;
	const char *word;
	uint64_t value;

	status = args_value(args, "limit", expected, &word);
	if (status)
		return status;
	if (!strcmp(word, "in") || !strcmp(word, "out")) {
		out = word[0] == 'o';
		in = !out;
		expected = "soft- or hard-bytes, -packets or -seconds";
		status = args_value(args, word, expected, &word);
		if (status)
			return status;
	}
	kind = kind_by_name(word);
	if (!kind)
		return ctl_usage(args->ctl, "\"%s\" after \"limit\": expected %s",
				 word, expected);
	status = args_number64(args, word, 1,
			       kind->wide ? UINT64_MAX : UINT32_MAX, &value);
	if (!status && in)
		status = give(args->ctl, &pair->in, "in", kind, value);
	if (!status && out)
		status = give(args->ctl, &pair->out, "out", kind, value);
	return status;
}

void limits_print(const struct ipsvti_limits *limits)
{
	size_t i;

	printf("        limit");
	for (i = 0; i < KINDS; i++)
		if (limits->has & IPSVTI_HAS(kinds[i].attr))
			printf(" %s %" PRIu64, kinds[i].name,
			       kind_get(&kinds[i], limits));
	putchar('\n');
}

json_t *limits_json(const struct ipsvti_limits *limits)
{
	json_t *object = json_object();
	size_t i;

	for (i = 0; i < KINDS; i++)
		if (limits->has & IPSVTI_HAS(kinds[i].attr))
			json_object_set_new(object, kinds[i].name,
					    json_integer(kind_get(&kinds[i],
								  limits)));
	return object;
}
