// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzz target without libFuzzer: each file of its corpus as it is, then
 * a fixed number of mutations of it, always the same. A crash is the failure;
 * what caused it is left in a file to be named.
 *
 * usage: fuzz_NAME [FILE…]; without FILE, all of $CORPUS/NAME, and KTAP.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "fuzz.h"

#define MUTATIONS	150	/* of each file */
#define INPUT_MAX	4096

/* What is being run, for whoever has to find out why it crashed. */
static uint8_t input[INPUT_MAX];
static size_t input_len;
static char crash_file[64];

static void leave_behind(int sig)
{
	FILE *f = fopen(crash_file, "wb");

	if (f) {
		fwrite(input, 1, input_len, f);
		fclose(f);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

static bool load(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		return false;
	input_len = fread(input, 1, sizeof(input), f);
	fclose(f);
	return true;
}

static void mutate(struct sim_rng *rng)
{
	unsigned int changes = 1 + sim_below(rng, 4);

	while (changes-- && input_len > 4) {
		uint32_t at = sim_below(rng, (uint32_t)input_len);

		switch (sim_below(rng, 6)) {
		case 0:
			input[at] ^= (uint8_t)(1u << sim_below(rng, 8));
			break;
		case 1:
			input[at] = (uint8_t)sim_random(rng);
			break;
		case 2:
			input[at] = sim_chance(rng, 50) ? 0 : 0xff;
			break;
		case 3:
			input[at]++;
			break;
		case 4: /* Cut off the end. */
			input_len = at + 1;
			break;
		case 5: /* Repeat a part. */
			if (input_len + at <= sizeof(input)) {
				memmove(input + input_len, input, at);
				input_len += at;
			}
			break;
		}
	}
}

static unsigned int run_folder(const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, NULL, alphasort);
	unsigned int ran = 0;

	for (int i = 0; i < n; i++) {
		struct sim_rng rng = { .state = (uint64_t)i };
		char path[800];

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		for (unsigned int m = 0; m <= MUTATIONS; m++) {
			if (names[i]->d_name[0] == '.' || !load(path))
				break;
			if (m)
				mutate(&rng);
			LLVMFuzzerTestOneInput(input, input_len);
			ran++;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return ran;
}

int main(int argc, char **argv)
{
	const char *corpus = getenv("CORPUS");
	const char *name = strstr(argv[0], "fuzz_");
	char folder[512];
	unsigned int ran;

	name = name ? name + 5 : "clear";
	snprintf(crash_file, sizeof(crash_file), "crash-%.40s", name);
	signal(SIGABRT, leave_behind);
	signal(SIGSEGV, leave_behind);
	if (argc > 1) {
		for (int i = 1; i < argc; i++) {
			if (!load(argv[i]))
				return 1;
			LLVMFuzzerTestOneInput(input, input_len);
		}
		return 0;
	}
	snprintf(folder, sizeof(folder), "%s/%s", corpus ? corpus : ".", name);
	printf("1..1\n");
	ran = run_folder(folder);
	printf("%s 1 %u inputs do no harm\n", ran ? "ok" : "not ok", ran);
	return !ran;
}
