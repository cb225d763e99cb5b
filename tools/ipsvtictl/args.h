/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strict reading of the words on the command line. */
#ifndef IPSVTICTL_ARGS_H
#define IPSVTICTL_ARGS_H

#include "ctl.h"

/**
 * struct args - The words that are left.
 * @ctl: where complaints go
 * @argv: next word
 * @left: how many
 */
struct args {
	struct ctl *ctl;
	char **argv;
	int left;
};

/**
 * args_next() - Take the next word.
 * @args: words
 *
 * Return: the word, or NULL if there is none.
 */
const char *args_next(struct args *args);

/**
 * args_peek() - Look at the next word, and leave it there.
 * @args: words
 *
 * Return: the word, or NULL if there is none.
 */
const char *args_peek(const struct args *args);

/**
 * args_value() - Take the word that must follow a keyword.
 * @args: words
 * @keyword: the keyword, for the complaint
 * @expected: what was expected, for the complaint
 * @value: set to the word
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status args_value(struct args *args, const char *keyword,
			   const char *expected, const char **value);

/**
 * args_number() - Take the number that must follow a keyword.
 * @args: words
 * @keyword: the keyword, for the complaint
 * @min: lowest good value
 * @max: highest good value
 * @number: set to the number
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status args_number(struct args *args, const char *keyword,
			    uint32_t min, uint32_t max, uint32_t *number);

/**
 * args_number64() - The same with numbers of 64 bits.
 * @args: words
 * @keyword: the keyword, for the complaint
 * @min: lowest good value
 * @max: highest good value
 * @number: set to the number
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status args_number64(struct args *args, const char *keyword,
			      uint64_t min, uint64_t max, uint64_t *number);

/**
 * args_end() - Complain of words that are left.
 * @args: words
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status args_end(struct args *args);

/**
 * args_once() - Complain of a keyword that was there before.
 * @args: words
 * @keyword: the keyword
 * @seen: mask of bits, in which @bit is set
 * @bit: the keyword's own
 *
 * Return: CTL_OK or CTL_USAGE.
 */
enum ctl_status args_once(struct args *args, const char *keyword,
			  unsigned int *seen, unsigned int bit);

/**
 * parse_number() - Read a number, decimal or 0x hexadecimal, and nothing else.
 * @text: no sign, no blanks, no leading zero, no unit
 * @min: lowest good value
 * @max: highest good value
 * @number: set to it
 *
 * Return: true if @text is a number from @min to @max.
 */
bool parse_number(const char *text, uint32_t min, uint32_t max,
		  uint32_t *number);

/**
 * parse_number64() - The same with numbers of 64 bits.
 * @text: no sign, no blanks, no leading zero, no unit
 * @min: lowest good value
 * @max: highest good value
 * @number: set to it
 *
 * Return: true if @text is a number from @min to @max.
 */
bool parse_number64(const char *text, uint64_t min, uint64_t max,
		    uint64_t *number);

#endif /* IPSVTICTL_ARGS_H */
