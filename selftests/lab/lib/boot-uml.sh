#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Last step of boot-inside.sh for user-mode Linux: runs the kernel of the folder
# LAB_UMLBUILD (uml.sh), with /run/guest as its root, until it powers off.
set -u

# The jitter generator would measure the processor's noise for ten seconds, and in
# virtual time find none; nothing here needs it.
noise=initcall_blacklist=jent_mod_init

# The debug kernel would also fill and check every slab object by itself, which is two
# fifths of all the work and finds nothing that KASAN does not find earlier.
slub=slub_debug=-
read -ra args <<<"$LAB_UMLARGS"

# A system call of a guest's program comes to the kernel by a signal, if the host has
# seccomp, and not by ptrace, which takes longer; 6.12 knows ptrace only.
case $LAB_RELEASE in 6.12.*) ;; *) args+=(seccomp=auto) ;; esac

# The script's output takes two serial lines, the kernel's log the console.
exec timeout -k 5 "$LAB_SECONDS" "$LAB_UMLBUILD/build/linux" "mem=$LAB_MEM" \
	rootfstype=hostfs rootflags=/run/guest rw init=/usr/lib/ipsvti-lab/init \
	"lab.ctl=/host$LAB_RUNDIR" con=null con0=null,fd:1 ssl=null ssl0=null,fd:3 ssl1=null,fd:4 \
	quiet loglevel=5 panic=-1 random.trust_cpu=on $noise $slub "${args[@]}" \
	</dev/null >"/host$LAB_RUNDIR/console" 2>"/host$LAB_RUNDIR/qemu" \
	3>"/host$LAB_RUNDIR/stdout" 4>"/host$LAB_RUNDIR/stderr"
