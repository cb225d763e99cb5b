# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Roots: folders with a small Debian, made by mmdebstrap from packages/NAME.list, where
# NAME is the release or ends with it: clean-trixie.
# What the list says is what is in there; the folder is never changed afterwards
# except that lib/kernel.sh unpacks kernels into it.

# root_path NAME: where that root is, or will be.  Sets ROOT.
root_path() {
	local list=$LAB/packages/$1.list
	[ -r "$list" ] || die "no root called '$1' (there is no $list)"
	# The recipe's number changes when this file starts to make roots differently.
	ROOT=$CACHE/roots/$1-$(stamp_of "$list" -- recipe-1 "${IPSVTI_MIRROR:-}")
}

# root_ensure NAME: make it if it is not there.  Sets ROOT.
root_ensure() {
	root_path "$1"
	if [ ! -d "$ROOT" ]; then
		need mmdebstrap mmdebstrap
		with_lock "root-$1" root_make "$1" || die "could not make the $1 root"
	fi
	in_use "$ROOT"
}

root_make() {
	local name=$1 packages
	[ -d "$ROOT" ] && return
	forget_old roots "$name" "${ROOT##*/}"
	packages=$(sed 's/#.*//' "$LAB/packages/$name.list" | xargs | tr ' ' ',')
	# The package lists stay, for lib/kernel.sh to find kernels with.
	progress "making the $name root (about 2 minutes, 1.5 GB)" "$CACHE/log/root-$name.log" \
		mmdebstrap --mode=root --variant=minbase --skip=cleanup/apt/lists \
		--aptopt='Acquire::Retries "3"' --dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--include="$packages" "${name##*-}" "$ROOT.tmp" ${IPSVTI_MIRROR:+"$IPSVTI_MIRROR"} ||
		return
	rm -rf "$ROOT.tmp/usr/share/qemu/edk2"* "$ROOT.tmp"/var/cache/apt/archives/*.deb
	: >"$ROOT.tmp/etc/resolv.conf"
	mkdir -p "$ROOT.tmp/host"
	mv "$ROOT.tmp" "$ROOT"
}
