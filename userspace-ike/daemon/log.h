/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for people: time, tunnel, text. Priorities are those of syslog(3).
 */
#ifndef IPSVTI_LOG_H
#define IPSVTI_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

/** enum log_sink - where lines go */
enum log_sink {
	LOG_SINK_STDERR, /* or the journal, if stderr is connected to it */
	LOG_SINK_SYSLOG,
	LOG_SINK_OTHER, /* see log_open_other() */
};

/**
 * struct log_limit - holds back a line that would otherwise be repeated and repeated
 * @until: no line before this time, milliseconds of the caller's clock
 * @held_back: how many were held back since the last one printed
 *
 * Zeroed memory is a valid initial state.
 */
struct log_limit {
	uint64_t until;
	unsigned int held_back;
};

#define LOG_LIMIT_MS 10000

/**
 * log_open() - choose where lines go; before this they go to stderr
 * @sink: the destination
 * @verbose: also print LOG_DEBUG lines
 */
void log_open(enum log_sink sink, bool verbose);

/**
 * log_open_other() - have somebody else write the lines
 * @sink: gets priority and text of each
 * @verbose: also LOG_DEBUG lines
 */
void log_open_other(void (*sink)(int prio, const char *text), bool verbose);

/**
 * log_line() - print one line
 * @prio: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO or LOG_DEBUG
 * @tunnel: name of the tunnel it is about, or NULL
 * @fmt: text without a newline; control characters in it, which may come from
 *       a peer, are replaced by "?"
 */
void log_line(int prio, const char *tunnel, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** log_vline() - log_line() with a va_list */
void log_vline(int prio, const char *tunnel, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/**
 * log_limited() - whether a repeatable line may be printed now
 * @limit: state of this line
 * @now: milliseconds, monotonic
 * @held_back: set to the number of lines held back since the last one, if this
 *             returns true
 *
 * Return: true at most once in LOG_LIMIT_MS.
 */
bool log_limited(struct log_limit *limit, uint64_t now, unsigned int *held_back);

#endif
