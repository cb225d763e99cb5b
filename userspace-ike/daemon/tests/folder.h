/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of a test's own, for configurations and what they name.
 */
#ifndef IKED_TESTS_FOLDER_H
#define IKED_TESTS_FOLDER_H

#include <sys/types.h>

/**
 * struct folder - a folder of a test's own
 * @path: of it
 */
struct folder {
	char path[32];
};

/**
 * folder_make() - make one, empty
 * @what: the test, for its name
 *
 * Return: 0; negative if it cannot be made.
 */
int folder_make(struct folder *folder, const char *what);

/** folder_file() - the path of a file in it, until the next call */
const char *folder_file(const struct folder *folder, const char *name);

/** folder_put() - write a file, whatever it was; the test fails if that does */
void folder_put(const struct folder *folder, const char *name, const char *text,
		mode_t mode);

/**
 * folder_remove() - remove it with all that it has
 *
 * Return: 0; -1 if something is left.
 */
int folder_remove(const struct folder *folder);

#endif
