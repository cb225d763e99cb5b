/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The word that somebody meant. */
#ifndef IPSVTI_IKE_NEAREST_H
#define IPSVTI_IKE_NEAREST_H

#include <stddef.h>

/**
 * ike_word_distance() - how many letters two short words differ in (Levenshtein)
 * @a: a word
 * @len: its length
 * @b: the other one; terminated
 *
 * Return: the number of letters to add, to remove or to change; 32 if @b is longer
 * than that.
 */
unsigned int ike_word_distance(const char *a, size_t len, const char *b);

#endif /* IPSVTI_IKE_NEAREST_H */
