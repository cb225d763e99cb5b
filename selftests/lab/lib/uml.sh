# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# User-mode Linux kernels, built from Debian's linux-source package: "uml" with
# everything that finds mistakes, "uml-time" with time that passes when nobody works.
#
# Built of the newest kernel in Debian's backports, since its programs' system calls cost
# less than under 6.12 (boot-uml.sh); of 6.12 if that one cannot be built.
#
# An artefact is the folder UMLBUILD = CACHE/uml/NAME-VERSION-STAMP with
#   build/     the kernel's build folder (modules are built against it); build/linux boots
#   modules/   what goes under /lib/modules/RELEASE
#   release    what "uname -r" says

# source_ensure VERSION: the source of 6.12 or 7.3, with what is in patches/, about the
# speed of user-mode kernels, and patches/VERSION/.  Sets SOURCE, ROOT and TOOLROOT.
source_ensure() {
	source_get "$1" || die "could not get the source of $1"
	in_use "$SOURCE"
}

# source_path VERSION: where it is, or will be.  Sets SOURCE and PATCHES.
source_path() {
	PATCHES=("$LAB"/patches/*.patch)
	[ ! -d "$LAB/patches/$1" ] || PATCHES+=("$LAB/patches/$1"/*.patch)
	SOURCE=$CACHE/src/linux-$1-$(stamp_of "$LAB/lib/source-unpack.sh" "${PATCHES[@]}")
}

source_get() { # VERSION
	source_path "$1"
	root_ensure trixie
	TOOLROOT=$ROOT
	[ -d "$SOURCE" ] || with_lock source source_make "$1"
}

source_make() { # VERSION
	[ -d "$SOURCE" ] && return
	forget_old src "linux-$1" "${SOURCE##*/}"
	mkdir -p "$CACHE/debs/source"
	progress "fetching the source of $1 (about a minute, 1.7 GB)" "$CACHE/log/source-$1.log" \
		ns_run "$ROOT" '' "$LAB/lib/source-unpack.sh" "$1" "$CACHE/debs/source" \
		"$SOURCE.tmp" "${PATCHES[@]}" &&
		mv "$SOURCE.tmp" "$SOURCE"
}

# uml_ensure uml|uml-time.  Sets UMLBUILD, RELEASE and what source_ensure sets.
uml_ensure() {
	uml_path "$1" 7.3
	if [ ! -e "$UMLBUILD/release" ]; then
		# Only there if the other one could not be built.
		uml_path "$1" 6.12
		if [ -e "$UMLBUILD/release" ]; then
			say "note: $1 is a 6.12, since 7.3 could not be built; to try again, remove $UMLBUILD"
		else
			with_lock "$1" uml_make "$1" || die "could not build the $1 kernel"
		fi
	fi
	source_ensure "$VERSION"	# modules are built with it
	in_use "$UMLBUILD"
	RELEASE=$(<"$UMLBUILD/release")
}

# uml_path NAME VERSION: where it is, or will be.  Sets UMLBUILD, VERSION, KCONFIG and SOURCE.
uml_path() {
	VERSION=$2
	KCONFIG=("$LAB/kconfig/common.config" "$LAB/kconfig/debug.config")
	[ "$1" = uml ] || KCONFIG[1]=$LAB/kconfig/time.config
	source_path "$VERSION"
	UMLBUILD=$CACHE/uml/$1-$VERSION-$(stamp_of "${KCONFIG[@]}" "$LAB/lib/uml-build.sh" -- "${SOURCE##*/}")
}

# uml_make NAME: of the first version that can be built.  Sets UMLBUILD.
uml_make() {
	local version
	for version in 7.3 6.12; do
		uml_path "$1" "$version"
		[ ! -e "$UMLBUILD/release" ] || return 0
		source_get "$version" && in_use "$SOURCE" && uml_build "$1" && return
		say "$1 cannot be a $version"
	done
	return 1
}

# Built in place, with "release" written last: an interrupted build goes on where
# it was, as ten minutes are too much to throw away.
uml_build() { # NAME
	local old
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
	progress "building the $1 kernel, $VERSION (about 10 minutes)" "$CACHE/log/$1-$VERSION.log" \
		ns_run "$ROOT" '' nice -n 10 "$LAB/lib/uml-build.sh" "$SOURCE" "$UMLBUILD" \
		"$1" "${KCONFIG[@]}"
}
