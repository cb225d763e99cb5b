// SPDX-License-Identifier: GPL-2.0
/*
 * The units under test, compiled once more for this module: kbuild does not
 * want one object in two modules, and ipsvti need not export what only tests
 * call from outside.
 */
#include "../alg.c"
#include "../ecn.c"
#include "../esp.c"
#include "../gso.c"
#include "../limit.c"
#include "../mss.c"
#include "../mtu.c"
#include "../replay.c"
#include "../selector.c"
#include "../seq.c"
