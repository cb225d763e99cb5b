/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _UNIT_LINUX_OVERFLOW_H
#define _UNIT_LINUX_OVERFLOW_H

#define struct_size_t(type, member, n) \
	(sizeof(type) + sizeof(((type *)0)->member[0]) * (n))

#endif
