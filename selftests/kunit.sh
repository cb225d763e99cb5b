#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The suites of kmod/kunit inside a kernel that has KUnit: loading ipsvti_kunit
# runs them and writes KTAP to the kernel's log, suites within suites.  Here each
# case becomes a line "ok N suite.case".
#   selftests/lab/run -k uml selftests/kunit.sh [seed=N]
set -u

dmesg -C
modprobe ipsvti_kunit "$@" || exit
dmesg --notime --color=never | awk '
	/^1\.\./ { suites = substr($0, 4) }
	/^ +# Subtest: / { suite = $NF }
	/^ +(not )?ok [0-9]/ {
		ok = !/^ +not/
		sub(/^ +(not )?ok [0-9]+ /, "")
		out = out (ok ? "ok " : "not ok ") ++n " " suite "." $0 "\n"
		failed += !ok
		next
	}
	/^(not )?ok [0-9]/ { ended++ }
	/^ +#/ { sub(/^ +/, ""); out = out $0 "\n" }
	END {
		printf "KTAP version 1\n1..%d\n%s", n, out
		if (!suites || ended != suites)
			print "# only " ended + 0 " of " suites + 0 " suites came to an end"
		exit failed || !suites || ended != suites
	}'
