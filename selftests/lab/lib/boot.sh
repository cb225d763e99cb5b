# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Booting a guest and bringing home what its script said.
#
# RUNDIR is a folder of this one run, which the guest sees as /run/lab:
#   opt modules        the programs and modules that were built
#   conf argv          what to run, read by guest/init
#   stdout stderr      fifos with the script's output
#   console            the kernel's log
#   began status trouble kmemleak   how far guest/init came, and what it found
#   qemu               what the virtual machine itself complained about

boot_prepare() { # SCRIPT [ARG...]
	local name same=("$TREE")
	case "$(dirname "$1")/" in
	"$TREE"/*) ;;
	*) same+=("$(dirname "$1")") ;;
	esac
	printf '%s\0' "$@" >"$RUNDIR/argv"
	{
		# What the caller sets for the scripts, IPSVTI_..., they get.
		for name in $(compgen -e IPSVTI_); do
			declare -p "$name"
		done
		IPSVTI_TREE=$TREE IPSVTI_KERNEL=$K IPSVTI_OUT=$OUT
		IP_LIB_DIR=/opt/ipsvti/lib
		LAB_CWD=$PWD LAB_SAME=("${same[@]}") LAB_MODULES=("${MODULES[@]}")
		LAB_KIND=$KIND LAB_OUT_SOURCE=/run/guest/host$OUT LAB_SYSTEMD=${PREPARE:+1}
		declare -p IPSVTI_TREE IPSVTI_KERNEL IPSVTI_OUT IP_LIB_DIR \
			LAB_CWD LAB_SAME LAB_MODULES LAB_KIND LAB_OUT_SOURCE LAB_SYSTEMD
	} >"$RUNDIR/conf"
	mkfifo "$RUNDIR/stdout" "$RUNDIR/stderr"
	: >"$RUNDIR/console"
}

# boot_guest: run it to its end.  Sets STATUS, the script's or one of the lab's.
boot_guest() {
	local cats=() tail='' o e
	cat "$RUNDIR/stdout" & cats+=($!)
	cat "$RUNDIR/stderr" >&2 & cats+=($!)
	# Held open here, so that the cats end when the guest is gone, not before.
	exec {o}>"$RUNDIR/stdout" {e}>"$RUNDIR/stderr"
	if [ -n "$VERBOSE" ]; then
		tail -f "$RUNDIR/console" >&2 & tail=$!
	fi

	LAB_KIND=$KIND LAB_RUNDIR=$RUNDIR LAB_KERNEL=$KERNEL LAB_RELEASE=$RELEASE \
		LAB_MEM=$MEM LAB_CPUS=$CPUS LAB_SECONDS=$SECONDS_MAX LAB_ACCEL=$ACCEL \
		LAB_UMLBUILD=$UMLBUILD LAB_UMLARGS=${UMLARGS:-} \
		LAB_OUT=$OUT LAB_PREPARE=$PREPARE LAB_KMODULES=$KMODULES \
		LAB_TREE=$TREE LAB_CACHE=$CACHE \
		ns_run "$TOOLROOT" "$ROOT" "$LAB/lib/boot-inside.sh"
	STATUS=$?
	[ -n "$tail" ] && kill "$tail"
	exec {o}>&- {e}>&-
	wait "${cats[@]}"

	if [ "$STATUS" = 124 ] || [ "$STATUS" = 137 ]; then
		say "the guest did not end within $SECONDS_MAX s and was killed; its last log lines:"
		tail -n 25 "$RUNDIR/console" >&2
		STATUS=$EX_TIMEOUT
	elif [ "$STATUS" = 96 ]; then
		say "$PREPARE failed in the root of the guest:"
		tail -n 40 "$RUNDIR/prepare" >&2
		STATUS=$EX_BUILD
	elif [ -s "$RUNDIR/status" ]; then
		STATUS=$(<"$RUNDIR/status")
	else
		say "the guest died before the script ended; its last log lines:"
		tail -n 25 "$RUNDIR/console" >&2
		tail -n 25 "$RUNDIR/qemu" >&2
		STATUS=$EX_GUEST
	fi
}

# boot_twice: as boot_guest, but once more if the first guest did not end in time:
# virtual time stands still now and then, more so on a busy machine.
boot_twice() {
	boot_guest
	[ "$STATUS" = "$EX_TIMEOUT" ] || return 0
	say "virtual time stood still; second and last try, from the beginning"
	rm -f "$RUNDIR"/{status,trouble,kmemleak}
	boot_guest
}

# boot_emulated: as boot_guest, but once more if it was the emulator that failed, before
# the script began: with a thread for each processor it sometimes does while the guest
# moves its devices about ("iotlb_to_section: Assertion ...").
boot_emulated() {
	boot_guest
	[ "$STATUS" = "$EX_GUEST" ] && [ ! -e "$RUNDIR/began" ] &&
		grep -q "Assertion .* failed" "$RUNDIR/qemu" || return 0
	say "the emulator failed on its own; second and last try, from the beginning"
	: >"$RUNDIR/console"
	boot_guest
}

# boot_verdict: the guest's kernel has the last word.  Changes STATUS.
boot_verdict() {
	local report=$RUNDIR/report
	splats "$RUNDIR/console" >"$report"
	if [ -s "$RUNDIR/kmemleak" ]; then
		leaks "$RUNDIR/kmemleak" >>"$report"
	fi
	if [ -s "$RUNDIR/trouble" ]; then
		sed 's/^/lab: /' "$RUNDIR/trouble" >>"$report"
	fi
	[ -s "$report" ] || return 0
	say "the script ended with $STATUS, but the guest's kernel reported:"
	head -n 200 "$report" >&2
	if [ "$(wc -l <"$report")" -gt 200 ]; then
		say "... and more, see what IPSVTI_OUT=FOLDER keeps"
	fi
	STATUS=$EX_SPLAT
}
