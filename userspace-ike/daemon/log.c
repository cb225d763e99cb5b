// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines for people, on a terminal, in the journal or in syslog.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define LINE_MAX_LEN 1024

static enum log_sink log_sink = LOG_SINK_STDERR;
static bool log_verbose;
static void (*log_other)(int prio, const char *text);
static bool log_to_journal;

/*
 * systemd names the device and inode of the stream it connected to our stderr;
 * they differ if somebody redirected it afterwards (systemd.exec(5)).
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 &&
	       (unsigned long long)st.st_dev == dev &&
	       (unsigned long long)st.st_ino == ino;
}

void log_open(enum log_sink sink, bool verbose)
{
	log_sink = sink;
	log_verbose = verbose;
	log_to_journal = stderr_is_journal();
	if (sink == LOG_SINK_SYSLOG)
		openlog("ipsvti-iked", LOG_PID, LOG_DAEMON);
	/* Nothing is read later, when files can be opened no more. */
	tzset();
}

void log_open_other(void (*sink)(int prio, const char *text), bool verbose)
{
	log_sink = LOG_SINK_OTHER;
	log_other = sink;
	log_verbose = verbose;
}

static void replace_controls(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static void print_stderr(int prio, const char *text)
{
	struct timespec ts;
	char when[32];
	struct tm tm;

	if (log_to_journal) {
		fprintf(stderr, "<%d>%s\n", prio, text);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof(when), "%F %T", &tm);
	fprintf(stderr, "%s.%03ld %s\n", when, ts.tv_nsec / 1000000, text);
}

void log_vline(int prio, const char *tunnel, const char *fmt, va_list ap)
{
	char text[LINE_MAX_LEN];
	int len = 0;

	if (prio == LOG_DEBUG && !log_verbose)
		return;
	if (tunnel)
		len = snprintf(text, sizeof(text), "%s: ", tunnel);
	if (len < (int)sizeof(text))
		vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	replace_controls(text);
	if (log_sink == LOG_SINK_SYSLOG)
		syslog(prio, "%s", text);
	else if (log_sink == LOG_SINK_OTHER)
		log_other(prio, text);
	else
		print_stderr(prio, text);
}

void log_line(int prio, const char *tunnel, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(prio, tunnel, fmt, ap);
	va_end(ap);
}

bool log_limited(struct log_limit *limit, uint64_t now, unsigned int *held_back)
{
	if (now < limit->until) {
		limit->held_back++;
		return false;
	}
	*held_back = limit->held_back;
	limit->held_back = 0;
	limit->until = now + LOG_LIMIT_MS;
	return true;
}
