# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Building the tree for a guest: the module for its kernel, the agent and the
# tools for its root.  Both from copies in CACHE/build/TREE-HASH/, so that the
# tree itself stays clean and several kernels can be built for at once:
#   K/src            copy of the tree with the module built in it
#   K/modules        what goes under /lib/modules/RELEASE: extra/*.ko, modules.*
#   user-ROOT/src    copy of the tree
#   user-ROOT/out    O= of the programs' makefiles

# Another run of the same tree may build next, so each run takes a copy of what
# it built along: RUNDIR/opt (bin, lib) and RUNDIR/modules.

# build_tree: build for kernel K, unless BUILD is empty.  Sets MODULES, the names
# of ours.
build_tree() {
	local base ko
	base=$CACHE/build/$(stamp_of -- "$TREE")
	mkdir -p "$base"
	echo "$TREE" >"$base/tree"
	build_forget
	with_lock "build-${base##*/}" build_locked "$base" || return
	MODULES=()
	for ko in "$RUNDIR"/modules/extra/*.ko; do
		[ -e "$ko" ] && ko=${ko##*/} && MODULES+=("$(tr - _ <<<"${ko%.ko}")")
	done
	return 0
}

build_locked() { # BASE
	local dir
	if [ -n "$BUILD" ]; then
		build_for "$1" || return
	fi
	mkdir -p "$RUNDIR/opt" "$RUNDIR/modules"
	for dir in bin lib; do
		dir=$1/user-$KROOT/out/$dir
		[ ! -d "$dir" ] || cp -a "$dir" "$RUNDIR/opt/"
	done
	[ ! -d "$1/$K/modules" ] || cp -a "$1/$K/modules/." "$RUNDIR/modules/"
}

# Removes what was built of trees that are no more.
build_forget() {
	local dir
	for dir in "$CACHE"/build/*; do
		[ -s "$dir/tree" ] && [ ! -d "$(<"$dir/tree")" ] && rm -rf --one-file-system "$dir"
	done
}

build_for() { # BASE
	local user=$1/user-$KROOT
	# Names without a leading slash match anywhere; what is excluded is neither
	# copied nor, in the copy, removed: that is where the objects live. A file of other
	# content gets the time of now, which is after that of any object, whenever it was
	# edited; one of the same content stays, although it may be of another checkout.
	local rsync=(rsync -rlpc --delete --exclude=/.git --exclude=/build --exclude='*.o'
		--exclude='*.ko' --exclude='*.mod' --exclude='*.mod.c' --exclude='.*.cmd'
		--exclude='*.a' --exclude=/modules.order --exclude=/Module.symvers
		--exclude=/.tmp_versions --exclude=/kmod/generated)
	need rsync rsync
	mkdir -p "$1/$K/src" "$user/src" "$user/out"
	"${rsync[@]}" "$TREE/" "$1/$K/src/" &&
		"${rsync[@]}" "$TREE/" "$user/src/" &&
		progress -q "building for $K" "$1/$K.log" \
			ns_run "$ROOT" '' "$LAB/lib/build-inside.sh" "$K" "$RELEASE" "$1" \
			"${user##*/}" "$UMLBUILD"
}
