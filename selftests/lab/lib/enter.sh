# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Running commands inside a cached root, on the host's kernel.

# ns_run ROOT GUESTROOT COMMAND...: run COMMAND in ROOT (a folder) with the tree,
# the cache, the current folder and those in LAB_BIND at their same paths.  All
# that COMMAND started is killed when it ends or when this shell is.
ns_run() {
	local binds=$TREE$'\n'$CACHE$'\n'$PWD git
	# The git data of a linked worktree is elsewhere.
	git=$(git -C "$TREE" rev-parse --path-format=absolute --git-common-dir 2>/dev/null) &&
		binds+=$'\n'$git
	LAB_NS=$CACHE/ns LAB_BIND=$binds$'\n'${LAB_BIND:-} \
		unshare --mount --pid --fork --kill-child --propagation private \
		/bin/bash "$LAB/lib/ns.sh" "$1" "$2" "$PWD" "${@:3}" <&0 &
	NS_PID=$!
	# shellcheck disable=SC2064
	trap "kill -KILL $NS_PID 2>/dev/null; exit 143" TERM
	# shellcheck disable=SC2064
	trap "kill -KILL $NS_PID 2>/dev/null; exit 130" INT HUP
	wait "$NS_PID"
	set -- $?
	trap - TERM INT HUP
	return "$1"
}
