#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# source-unpack.sh DEBS DIR PATCH...
#
# Runs inside the trixie root: fetch the package linux-source-6.12, keep it in
# DEBS, unpack what it holds into DIR, and apply the patches.
set -eu
debs=$1 dir=$2
shift 2
rm -rf "$dir"
mkdir -p "$dir" /tmp/source
cd "$debs"
apt=(apt-get -o 'Acquire::Retries=3' -o 'APT::Sandbox::User=root')
"${apt[@]}" download linux-source-6.12 || {
	"${apt[@]}" update
	"${apt[@]}" download linux-source-6.12
}
deb=$(find . -name 'linux-source-6.12_*.deb' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
find . -name '*.deb' ! -path "$deb" -delete
echo "unpacking ${deb#./}"
dpkg-deb --fsys-tarfile "$deb" | tar -xOf - ./usr/src/linux-source-6.12.tar.xz |
	tar -C "$dir" --strip-components=1 -xJf -

# Whatever is above that folder is no concern of git's.
export GIT_CEILING_DIRECTORIES=${dir%/*}
cd "$dir"
for patch; do
	echo "applying ${patch##*/}"
	git apply --verbose "$patch"
done
