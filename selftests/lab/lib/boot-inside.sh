#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the trixie root, with the guest's file system at /run/guest: puts
# into that file system what the guest needs, and boots it.  What "run" decided
# comes in the environment (LAB_...).
set -eu
guest=/run/guest
lab=$(dirname "$(realpath "$0")")/..

mkdir -p $guest/usr/lib/ipsvti-lab $guest/opt/ipsvti
install -m 755 "$lab"/guest/{init,clean.sh} $guest/usr/lib/ipsvti-lab/

# Debian as a user has it: what the kernel's package would have brought, and then what
# is to be installed, which an emulated processor would take too long for.
if [ -n "$LAB_PREPARE" ]; then
	mkdir -p "$guest/usr/lib/modules/$LAB_RELEASE"
	cp -an "$LAB_KMODULES/." "$guest/usr/lib/modules/$LAB_RELEASE/"
	mount -t proc proc $guest/proc
	mount --rbind /dev $guest/dev
	cp -L /etc/resolv.conf $guest/etc/resolv.conf
	for dir in "$LAB_TREE" "$LAB_CACHE"; do
		mkdir -p "$guest$dir"
		mount --bind "$dir" "$guest$dir"
	done
	if ! IPSVTI_TREE=$LAB_TREE chroot $guest "$LAB_PREPARE" >"/host$LAB_RUNDIR/prepare" 2>&1 </dev/null; then
		exit 96
	fi
	umount -l $guest/dev $guest/proc "$guest$LAB_TREE" "$guest$LAB_CACHE"
	: >$guest/etc/resolv.conf
	set +e
	exec "$lab/lib/boot-$LAB_KIND.sh"
fi
cp -a "/host$LAB_RUNDIR/opt/." $guest/opt/ipsvti/
mkdir -p "$guest/usr/lib/modules/$LAB_RELEASE"
if [ -n "$LAB_UMLBUILD" ]; then
	cp -a "$LAB_UMLBUILD/modules/." "$guest/usr/lib/modules/$LAB_RELEASE/"
fi
cp -a "/host$LAB_RUNDIR/modules/." "$guest/usr/lib/modules/$LAB_RELEASE/"
set +e
exec "$lab/lib/boot-$LAB_KIND.sh"
