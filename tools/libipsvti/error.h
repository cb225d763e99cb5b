/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How errors of this library and of the kernel become struct ipsvti_error. */
#ifndef LIBIPSVTI_ERROR_H
#define LIBIPSVTI_ERROR_H

#include "libipsvti.h"
#include "wire.h"

/**
 * nl_fail() - Say that something failed on this side.
 * @err: filled; may be NULL
 * @code: positive errno
 * @fmt: text, a format as of printf()
 *
 * Return: -@code, so that a caller can return what this returns.
 */
int nl_fail(struct ipsvti_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * nl_refused() - Say what the kernel said.
 * @err: filled; may be NULL
 * @code: positive errno
 * @req: the request it is about
 * @tlvs: attributes of the extended acknowledgement (enum nlmsgerr_attrs)
 * @len: octets of these; 0 if there are none
 *
 * Return: -@code.
 */
int nl_refused(struct ipsvti_error *err, int code,
	       const struct wire_request *req, const void *tlvs, size_t len);

#endif /* LIBIPSVTI_ERROR_H */
