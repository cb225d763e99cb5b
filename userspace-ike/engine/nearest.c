// SPDX-License-Identifier: GPL-2.0-or-later
/* How far apart two words are: see nearest.h. */
#include <string.h>

#include "nearest.h"

#define LONGEST 32

/* One row at a time of the table that this is usually drawn as. */
unsigned int ike_word_distance(const char *a, size_t a_len, const char *b)
{
	unsigned int row[LONGEST + 1], above, diagonal;
	size_t len = strlen(b), i, j;

	if (len > LONGEST)
		return LONGEST;
	for (j = 0; j <= len; j++)
		row[j] = (unsigned int)j;
	for (i = 0; i < a_len; i++) {
		diagonal = row[0];
		row[0] = (unsigned int)i + 1;
		for (j = 1; j <= len; j++) {
			above = row[j];
			row[j] = diagonal + (a[i] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return row[len];
}
