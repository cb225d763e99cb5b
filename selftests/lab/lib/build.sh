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
#   K/of user-ROOT/of   what they were built in and by
# They are built under a name that is the same for every tree, /run/build, so that a new
# tree begins with what was built of another one, and only what differs is built again.

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

# Removes what was built of trees that are no more, but for the last one: the next may
# begin with it.
build_forget() {
	local dir newest=''
	for dir in "$CACHE"/build/*; do
		if [ ! -s "$dir/tree" ] || [ -d "$(<"$dir/tree")" ]; then continue; fi
		if [ -z "$newest" ] || [ "$dir" -nt "$newest" ]; then
			set -- "$newest"
			newest=$dir
		else
			set -- "$dir"
		fi
		[ -z "$1" ] || rm -rf --one-file-system "$1"
	done
}

# build_begin BASE PART BY: what there is of PART of BASE is of BY, a word for all that it
# was built in and by; or it is taken from another tree of the same parts, or there is
# nothing. A tree that is being built is left alone.
build_begin() {
	local base=$1 part=$2 by=$3 dir fd
	[ "$(cat "$base/$part/of" 2>/dev/null)" != "$by" ] || return 0
	rm -rf --one-file-system "${base:?}/$part"
	while read -r dir; do
		[ "$(cat "$dir/$part/of" 2>/dev/null)" = "$by" ] || continue
		cmp -s "$TREE/Kbuild" "$dir/$part/src/Kbuild" || continue
		exec {fd}>"$CACHE/lock/build-${dir##*/}"
		if flock -n "$fd" && cp -a "$dir/$part" "$base/$part.new" && mv "$base/$part.new" "$base/$part"; then
			exec {fd}>&-
			return 0
		fi
		exec {fd}>&-
		rm -rf "$base/$part.new"
	done < <(ls -dt "$CACHE"/build/*/)
	mkdir -p "$base/$part/src"
	echo "$by" >"$base/$part/of"
}

build_for() { # BASE
	local user=$1/user-$KROOT root
	root=${ROOT##*/}.$(stat -c %i "$ROOT")
	# Names without a leading slash match anywhere; what is excluded is neither
	# copied nor, in the copy, removed: that is where the objects live. A file of other
	# content gets the time of now, which is after that of any object, whenever it was
	# edited; one of the same content stays, although it may be of another checkout.
	local rsync=(rsync -rlpc --delete --exclude=/.git --exclude=/build --exclude='*.o'
		--exclude='*.ko' --exclude='*.mod' --exclude='*.mod.c' --exclude='.*.cmd'
		--exclude='*.a' --exclude=/modules.order --exclude=/Module.symvers
		--exclude=/.tmp_versions --exclude=/kmod/generated)
	need rsync rsync
	build_begin "$1" "$K" "$root $KERNEL $UMLBUILD"
	build_begin "$1" "${user##*/}" "$root"
	mkdir -p "$user/out"
	touch "$1"
	"${rsync[@]}" "$TREE/" "$1/$K/src/" &&
		"${rsync[@]}" "$TREE/" "$user/src/" &&
		progress -q "building for $K" "$1/$K.log" \
			ns_run "$ROOT" '' "$LAB/lib/build-inside.sh" "$K" "$RELEASE" "$1" \
			"${user##*/}" "$UMLBUILD"
}
