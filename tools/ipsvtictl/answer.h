/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the agent's JSON: what is not there is empty, 0 or false. */
#ifndef IPSVTICTL_ANSWER_H
#define IPSVTICTL_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

static inline const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static inline uint64_t number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static inline bool is_set(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

#endif /* IPSVTICTL_ANSWER_H */
