/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors in what the administrator wrote: file, line, what was expected.
 */
#ifndef IPSVTI_CONF_ERROR_H
#define IPSVTI_CONF_ERROR_H

/**
 * struct conf_errors - where errors go, and how many there were
 * @report: called with "FILE:LINE: text", or "FILE: text" if no line is to blame
 * @warn: called with the same form of text for what is not wrong but hardly
 *        wanted; NULL if nobody wants to know. Warnings are not counted
 * @arg: handed to @report and @warn
 * @count: errors reported so far
 */
struct conf_errors {
	void (*report)(void *arg, const char *text);
	void (*warn)(void *arg, const char *text);
	void *arg;
	unsigned int count;
};

/**
 * conf_error() - report one error
 * @errors: receives it
 * @file: path, as the administrator would name it
 * @line: counted from 1; 0 if no single line is to blame
 * @fmt: what is wrong, what was expected, and how to mend it
 */
void conf_error(struct conf_errors *errors, const char *file, unsigned int line,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/**
 * conf_cannot() - why a file cannot be opened or read
 * @err: errno
 * @path: the file
 *
 * Root is hardly ever refused a file by its mode. Where it is, AppArmor or the unit
 * confines the program, of which the words of the error number say nothing.
 *
 * Return: text, valid until the next call.
 */
const char *conf_cannot(int err, const char *path);

/**
 * conf_unit_hides() - whether the agent never sees a file when its unit starts it
 * @path: the file
 *
 * Return: the folder below which it sees nothing, or NULL.
 */
const char *conf_unit_hides(const char *path);

/**
 * conf_warning() - report what works, but not as one would want
 * @errors: receives it
 * @file: path, as the administrator would name it
 * @line: counted from 1; 0 if no single line is to blame
 * @fmt: what will happen, and what to write to have it otherwise
 */
void conf_warning(struct conf_errors *errors, const char *file,
		  unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
