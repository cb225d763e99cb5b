# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a script leaves behind in a guest, and how it is ended: of "init" when the script
# was the last, and of "several" between two. trouble TEXT must be there.

# end_all PID...: ends everything but this process, kernel threads and those named.
end_all() {
	local p pid left signal
	for signal in TERM KILL; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			left=''
			for p in /proc/[0-9]*; do
				pid=${p#/proc/}
				case " $$ $* " in *" $pid "*) continue ;; esac
				# A kernel thread has no program.  (No readlink here: a process
				# for each of a hundred threads would take seconds.)
				[ -e "$p/exe" ] || continue
				left+=" $pid"
			done
			[ -n "$left" ] || return 0
			# shellcheck disable=SC2086
			kill -$signal $left 2>/dev/null
			sleep 0.1
		done
	done
}

# unload MODULE...: those of them that are there, the newest first.  One that does not go
# holds a reference that it should not, or waits for ever for a device that somebody
# still holds.
unload() {
	local name rest pid
	while read -r name rest; do
		case " $* " in *" $name "*) ;; *) continue ;; esac
		rmmod "$name" 2>>/run/rmmod &
		pid=$!
		for ((i = 0; i < 300; i++)); do
			kill -0 $pid 2>/dev/null || break
			sleep 0.1
		done
		if kill -0 $pid 2>/dev/null; then
			trouble "rmmod $name did not return within 30 s"
		elif ! wait $pid; then
			trouble "rmmod $name failed: $(</run/rmmod) ($rest)"
		fi
	done < <(cat /proc/modules)
}
