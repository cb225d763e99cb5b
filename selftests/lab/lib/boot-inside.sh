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
install -m 755 "$lab/guest/init" $guest/usr/lib/ipsvti-lab/init
cp -a "/host$LAB_RUNDIR/opt/." $guest/opt/ipsvti/
mkdir -p "$guest/usr/lib/modules/$LAB_RELEASE"
if [ -n "$LAB_UMLBUILD" ]; then
	cp -a "$LAB_UMLBUILD/modules/." "$guest/usr/lib/modules/$LAB_RELEASE/"
fi
cp -a "/host$LAB_RUNDIR/modules/." "$guest/usr/lib/modules/$LAB_RELEASE/"
set +e
exec "$lab/lib/boot-$LAB_KIND.sh"
