#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build-inside.sh K RELEASE BASE USER UMLBUILD
#
# Runs inside the root of kernel K: builds the module in BASE/K/src and the
# programs of BASE/USER/src (see build.sh).  A part that the tree does not have
# is left out.  UMLBUILD is the kernel's build folder, "" for Debian's kernels.
set -eu
k=$1 release=$2 user=$4 uml=$5
# The same name for every tree: names are in what the compiler is told, and an object is
# built again if that differs.
base=/run/build
mkdir -p $base
mount --bind "$3" $base

lib=/usr/lib/modules/$release
kmake=(make -j 2 -C "$lib/build")
if [ -n "$uml" ]; then
	kmake=(make -j 2 -C "$uml/build" ARCH=um)
	mkdir -p "$lib"
	cp -a "$uml/modules/." "$lib/"
fi

src=$base/$k/src modules=$base/$k/modules
rm -rf "$modules"
mkdir -p "$lib/extra" "$modules/extra"
if [ -e "$src/Kbuild" ]; then
	"${kmake[@]}" M="$src" modules
	# The list says .o or .ko, absolute or not, as the kernel's version likes it.
	sed 's/\.k\?o$/.ko/' "$src/modules.order" | while read -r ko; do
		case $ko in /*) ;; *) ko=$src/$ko ;; esac
		cp "$ko" "$lib/extra/"
		cp "$ko" "$modules/extra/"
	done
	depmod "$release"
	cp "$lib"/modules.* "$modules/"
fi

for part in tools userspace-ike; do
	if [ -e "$base/$user/src/$part/Makefile" ]; then
		make -j 2 -C "$base/$user/src/$part" O="$base/$user/out" all
	fi
done
