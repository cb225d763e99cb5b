#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ns.sh ROOT GUESTROOT CWD COMMAND [ARG...]
#
# Runs inside fresh mount and pid namespaces (see enter.sh): puts a writable
# overlay over ROOT, so that nothing done in there can change the cached root,
# makes the host's file systems reachable in it, and runs COMMAND there.
# With a GUESTROOT (else ""), a second such overlay is at /run/guest: the file
# system of a guest that COMMAND boots.  Everything unmounts itself at the end.
#
# From the environment: LAB_NS (an empty folder to mount on) and LAB_BIND (host
# folders, one a line, that appear at their same path).
set -eu

root=$1 guest=$2 cwd=$3
shift 3
ns=$LAB_NS

overlay() { # NAME LOWER: over LOWER at $ns/NAME
	mkdir "$ns/$1" "$ns/$1.upper" "$ns/$1.work"
	mount -t overlay "lab-$1" "$ns/$1" \
		-o "lowerdir=$2,upperdir=$ns/$1.upper,workdir=$ns/$1.work"
}

bind_same() { # TOP PATH: TOP/PATH shows the host's PATH
	[ -d "$2" ] || return 0
	mkdir -p "$1$2"
	mount --rbind "$2" "$1$2"
}

mount -t tmpfs -o mode=755 lab "$ns"
overlay root "$root"
m=$ns/root
mkdir -p "$m/host"
mount --rbind / "$m/host"
mount -t proc proc "$m/proc"
mount --rbind /sys "$m/sys"
mount --rbind /dev "$m/dev"
# User-mode Linux keeps its memory here, in an executable mapping.
mount -t tmpfs -o mode=1777,exec,size=90% shm "$m/dev/shm"
mount --rbind /tmp "$m/tmp"
cp -L /etc/resolv.conf "$m/etc/resolv.conf" 2>/dev/null || true
cp -L /etc/hosts "$m/etc/hosts" 2>/dev/null || true
while read -r dir; do
	case $dir in '' | /tmp | /tmp/*) continue ;; esac
	bind_same "$m" "$dir"
done <<<"${LAB_BIND:-}"

if [ -n "$guest" ]; then
	overlay guest "$guest"
	mkdir -p "$ns/guest/host" "$m/run/guest"
	mount --rbind / "$ns/guest/host"
	mount --rbind "$ns/guest" "$m/run/guest"
fi

unset LAB_NS LAB_BIND
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# The command is not process 1 itself: that one would ignore signals.
# shellcheck disable=SC2016
chroot "$m" /bin/bash -c 'cd "$1" 2>/dev/null || cd /; shift; "$@"' lab "$cwd" "$@"
