# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# User-mode Linux kernels, built from Debian's linux-source package: "uml" with
# everything that finds mistakes, "uml-time" with time that passes when nobody works.
#
# An artefact is the folder UMLBUILD = CACHE/uml/NAME-STAMP with
#   build/     the kernel's build folder (modules are built against it); build/linux boots
#   modules/   what goes under /lib/modules/RELEASE
#   release    what "uname -r" says

# source_ensure: the kernel's source, with what is in patches/, all of it about the
# speed of user-mode kernels.  Sets SOURCE.
source_ensure() {
	SOURCE=$CACHE/src/linux-6.12-$(stamp_of "$LAB/lib/source-unpack.sh" "$LAB"/patches/*.patch)
	root_ensure trixie
	TOOLROOT=$ROOT
	if [ ! -d "$SOURCE" ]; then
		with_lock source source_make || die "could not get the kernel's source"
	fi
	in_use "$SOURCE"
}

source_make() {
	[ -d "$SOURCE" ] && return
	forget_old src linux-6.12 "${SOURCE##*/}"
	mkdir -p "$CACHE/debs/source"
	progress "fetching the kernel's source (about a minute, 1.6 GB)" "$CACHE/log/source.log" \
		ns_run "$ROOT" '' "$LAB/lib/source-unpack.sh" "$CACHE/debs/source" "$SOURCE.tmp" \
		"$LAB"/patches/*.patch &&
		mv "$SOURCE.tmp" "$SOURCE"
}

# uml_ensure uml|uml-time.  Sets UMLBUILD, RELEASE and what source_ensure sets.
uml_ensure() {
	local what='debug'
	[ "$1" = uml ] || what='time'
	source_ensure
	UMLBUILD=$CACHE/uml/$1-$(stamp_of "$LAB/kconfig/common.config" \
		"$LAB/kconfig/$what.config" "$LAB/lib/uml-build.sh" -- "${SOURCE##*/}")
	if [ ! -e "$UMLBUILD/release" ]; then
		with_lock "$1" uml_make "$1" "$what" || die "could not build the $1 kernel"
	fi
	in_use "$UMLBUILD"
	RELEASE=$(<"$UMLBUILD/release")
}

# Built in place, with "release" written last: an interrupted build goes on where
# it was, as ten minutes are too much to throw away.
uml_make() { # NAME KCONFIG
	local old
	[ -e "$UMLBUILD/release" ] && return
	# Most objects survive a change of options, as make sees which; none, one of the source.
	for old in "$CACHE/uml/$1"-[0-9a-f]*/release; do
		if [ -e "$old" ] && [ ! -d "$UMLBUILD" ] &&
			[ "$(readlink "${old%/release}/build/source")" = "$SOURCE" ]; then
			cp -a "${old%/release}" "$UMLBUILD.tmp" &&
				rm "$UMLBUILD.tmp/release" && mv "$UMLBUILD.tmp" "$UMLBUILD"
		fi
	done
	forget_old uml "$1" "${UMLBUILD##*/}"
	mkdir -p "$UMLBUILD"
	progress "building the $1 kernel (about 10 minutes)" "$CACHE/log/$1.log" \
		ns_run "$ROOT" '' nice -n 10 "$LAB/lib/uml-build.sh" "$SOURCE" "$UMLBUILD" \
		"$1" "$LAB/kconfig/common.config" "$LAB/kconfig/$2.config"
}
