/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _UNIT_LINUX_MATH_H
#define _UNIT_LINUX_MATH_H

/* for powers of two, as in the kernel */
#define round_up(x, y) ((((x)-1) | ((__typeof__(x))((y)-1))) + 1)
#define round_down(x, y) ((x) & ~((__typeof__(x))((y)-1)))

#endif
