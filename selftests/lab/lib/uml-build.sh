#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# uml-build.sh SOURCE DIR NAME CONFIG...
#
# Runs inside the trixie root: build the user-mode kernel NAME in DIR (uml.sh)
# with the options of all the CONFIG files, and say which of them did not stick.
set -eu
source=$1 dir=$2 name=$3
shift 3
build=$dir/build
mkdir -p "$build"
kmake=(make -C "$source" ARCH=um "O=$build" "LOCALVERSION=-$name" KBUILD_BUILD_TIMESTAMP=@0)

"${kmake[@]}" defconfig
cd "$build"
"$source/scripts/kconfig/merge_config.sh" -m -O "$build" "$build/.config" "$@" >/dev/null
"${kmake[@]}" olddefconfig
# Options that this architecture does not have are dropped silently.
sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=\([ym]\)$/\1=\2/p' "$@" | sort -u >wanted
grep -vxFf "$build/.config" wanted >"$dir/dropped" || true
echo "options that did not stick: $(xargs <"$dir/dropped")"

"${kmake[@]}" -j 2 linux
"${kmake[@]}" -j 2 modules
rm -rf "$dir/modules" /tmp/modules
"${kmake[@]}" INSTALL_MOD_PATH=/tmp/modules modules_install
release=$(<"$build/include/config/kernel.release")
cp -a "/tmp/modules/lib/modules/$release" "$dir/modules"
rm -f "$dir/modules/build" "$dir/modules/source"
echo "$release" >"$dir/release"
