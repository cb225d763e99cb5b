/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colours, on a terminal only, and never with NO_COLOR or a dumb one. */
#ifndef IPSVTICTL_COLOUR_H
#define IPSVTICTL_COLOUR_H

enum colour {
	COLOUR_NONE,
	COLOUR_GOOD,
	COLOUR_WARN,
	COLOUR_BAD,
	COLOUR_OFF,
};

/* Return: what to print to get a colour on standard output, perhaps nothing. */
const char *colour(enum colour which);

#endif /* IPSVTICTL_COLOUR_H */
