#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# source-unpack.sh VERSION DEBS DIR PATCH...
#
# Runs inside the trixie root: fetch the package linux-source-VERSION, keep it in
# DEBS, unpack what it holds into DIR, and apply the patches. 6.12 is Debian 13's,
# 7.3 stands for the newest in its backports.
set -eu
version=$1 debs=$2 dir=$3
shift 3
rm -rf "$dir"
mkdir -p "$dir" /tmp/source
cd "$debs"
apt=(apt-get -o 'Acquire::Retries=3' -o 'APT::Sandbox::User=root')
package=linux-source-$version
if [ "$version" != 6.12 ]; then
	# On the mirror of the rest.
	awk '$1 == "deb" && $3 == "trixie" { $3 = "trixie-backports"; print }' \
		/etc/apt/sources.list >/etc/apt/sources.list.d/backports.list
	"${apt[@]}" update
	package=$(apt-cache search --names-only '^linux-source-[0-9.]+$' | cut -d' ' -f1 | sort -V | tail -n 1)
	[ "$package" = "linux-source-$version" ] ||
		echo "lab: note: '$version' stands for the newest source in the backports, which is $package"
fi
"${apt[@]}" download "$package" || {
	"${apt[@]}" update
	"${apt[@]}" download "$package"
}
deb=$(find . -name "${package}_*.deb" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
find . -name "${package}_*.deb" ! -path "$deb" -delete
echo "unpacking ${deb#./}"
dpkg-deb --fsys-tarfile "$deb" | tar -xOf - "./usr/src/$package.tar.xz" |
	tar -C "$dir" --strip-components=1 -xJf -

# Whatever is above that folder is no concern of git's.
export GIT_CEILING_DIRECTORIES=${dir%/*}
cd "$dir"
for patch; do
	echo "applying ${patch##*/}"
	git apply --verbose "$patch"
done
