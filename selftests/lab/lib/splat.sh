# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What in a kernel's log means that something is wrong with the kernel, whatever
# the script thought of its run.

# One extended regular expression a line.  The log's lines begin with "[time] ".
SPLATS='
BUG:
WARNING:
Oops
general protection fault
Kernel panic
KASAN:
KFENCE:
UBSAN:
refcount_t:
unregister_netdevice: waiting
INFO: (possible|inconsistent|trying to register|task .* blocked|rcu)
INFO: rcu_.* (detected|self-detected)
rcu: INFO:
suspicious RCU usage
possible (recursive locking|circular locking|irq lock inversion)
inconsistent lock state
sleeping function called
scheduling while atomic
bad unlock balance
held lock freed
ODEBUG:
DEBUG_OBJECTS
ref_tracker: .* has [0-9]+/
list_(add|del) corruption
kmemleak: .*(Cannot|disabled|early log)
page allocation failure
Slab .* (Redzone|Poison|Padding)
cache .* still has objects
unbalanced (read|write)
Tainted: [A-Z ]*[BDLW]
'

# Known noise: nothing of ours, nothing that we could change.  One extended
# regular expression a line, each with its reason.
NOISE='
'

# Leaks that are none, by a line of their report.
LEAK_NOISE='
# From before the first program (process 1 is called "swapper" or "swapper/0" until then):
# user-mode Linux forgets what it parsed of its command line.
comm "swapper(/0)?", pid 1,
# The buffer of a serial line, which carries the output of the script: the driver
# keeps its address in a table that kmemleak does not search.
buffer_data[+]0x.*
'

# leaks FILE: print the leaks in a copy of /sys/kernel/debug/kmemleak.
leaks() {
	awk -v noise="$(sed '/^$/d; /^#/d' <<<"$LEAK_NOISE" | paste -sd '|')" '
		function flush() { if (!known) printf "%s", report; report = ""; known = 0 }
		/^unreferenced object/ { flush() }
		{ report = report $0 "\n" }
		$0 ~ noise { known = 1 }
		END { flush() }' "$1"
}

# splats LOG: print the reports in it; 0 if there are any.
splats() {
	local want noise
	want=$(sed '/^$/d' <<<"$SPLATS" | paste -sd '|')
	noise=$(sed '/^$/d; /^#/d' <<<"$NOISE" | paste -sd '|')
	# A report goes on for some lines; the shortest useful form is those.
	tr -d '\r' <"$1" | awk -v want="$want" -v noise="${noise:-^$}" '
		$0 ~ want && $0 !~ noise { left = 60; found = 1 }
		left > 0 { print; left-- }
		/end trace|=====+$/ && left < 50 { left = left > 2 ? 2 : left }
		END { exit !found }'
}
