#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# source-unpack.sh DEBS DIR
#
# Runs inside the trixie root: fetch the package linux-source-6.12, keep it in
# DEBS, and unpack what it holds into DIR.
set -eu
debs=$1 dir=$2
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
