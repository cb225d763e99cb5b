# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Paths, messages, locks and content stamps that every part of the lab shares.
# Sourced; sets LAB, TREE and CACHE.

LAB=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
TREE=$(realpath "$LAB/../..")
CACHE=${IPSVTI_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ipsvti}

# Exit statuses of the lab itself; everything else is the script's own.
readonly EX_USAGE=2 EX_BUILD=97 EX_GUEST=98 EX_SPLAT=99 EX_TIMEOUT=124

say() { echo "lab: $*" >&2; }
die() { say "$*"; exit "$EX_GUEST"; }

# usage_of FILE [h]: what the file says at its top, to whoever asked (-h) or erred.
usage_of() {
	local text
	text=$(sed -n '/^# Usage:/,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1")
	[ "${2:-}" != h ] || { echo "$text"; exit 0; }
	echo "$text" >&2
	exit "$EX_USAGE"
}

lab_init() {
	[ "$(id -u)" = 0 ] || die "needs root: it makes roots, mounts and guests"
	case $CACHE in
	/*) ;;
	*) die "the cache folder must be an absolute path, not '$CACHE'" ;;
	esac
	# These separate the words of an overlay's mount options.
	case $CACHE in
	*[,:\\]*) die "the cache folder's name must not contain , : or \\: '$CACHE'" ;;
	esac
	mkdir -p "$CACHE"/{roots,debs,src,uml,build,run,lock,log,ns} ||
		die "cannot create the cache folder $CACHE"
	# Left by runs that were killed the hard way.
	find "$CACHE/run" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
}

# Hash of the named files and of any further words (after "--").
stamp_of() {
	local files=(/dev/null)
	while [ $# -gt 0 ] && [ "$1" != -- ]; do files+=("$1"); shift; done
	{ cat -- "${files[@]}" && printf '%s\n' "$@"; } | sha256sum | cut -c1-12
}

# with_lock NAME COMMAND...: one at a time on this machine.  Says so when it has
# to wait.
with_lock() {
	local name=$1 fd status began=$SECONDS
	shift
	exec {fd}>"$CACHE/lock/$name"
	if ! flock -n "$fd"; then
		say "$name: another run is at it, waiting"
		until flock -w 15 "$fd"; do
			say "$name: still waiting ($((SECONDS - began)) s)"
		done
	fi
	"$@"
	status=$?
	exec {fd}>&-
	return "$status"
}

# progress [-q] LABEL LOGFILE COMMAND...: run it with its output in the log, and
# say every few seconds how far it is, so that nobody looks at a silent terminal.
# With -q only if it takes that long.
progress() {
	local quiet='' label log pid status began=$SECONDS said=$SECONDS
	[ "$1" = -q ] && quiet=1 && shift
	label=$1 log=$2
	shift 2
	[ -n "$quiet" ] || say "$label"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	# shellcheck disable=SC2064
	trap "kill $pid 2>/dev/null; exit 143" TERM INT HUP
	while kill -0 "$pid" 2>/dev/null; do
		if [ $((SECONDS - said)) -ge 10 ]; then
			said=$SECONDS
			say "$label: $((SECONDS - began)) s: $(tail -c 400 "$log" |
				tr -d '\r' | grep -v '^ *$' | tail -n 1 | cut -c1-70)"
		fi
		sleep 0.1
	done
	wait "$pid"
	status=$?
	trap - TERM INT HUP
	if [ "$status" -ne 0 ]; then
		tail -n 40 "$log" >&2
		say "$label: failed after $((SECONDS - began)) s (status $status); all of it: $log"
	elif [ -z "$quiet" ]; then
		say "$label: done in $((SECONDS - began)) s"
	fi
	return "$status"
}

# need COMMAND PACKAGE: the few programs the host itself must have.
need() {
	command -v "$1" >/dev/null && return
	export DEBIAN_FRONTEND=noninteractive
	if ! progress "installing $2 on this machine" "$CACHE/log/apt-$2.log" \
		with_lock apt apt-get install -y --no-install-recommends "$2"; then
		progress "reading the package lists" "$CACHE/log/apt-update.log" \
			with_lock apt apt-get update || die "apt-get update failed"
		progress "installing $2 on this machine" "$CACHE/log/apt-$2.log" \
			with_lock apt apt-get install -y --no-install-recommends "$2" ||
			die "cannot install $2"
	fi
}

# forget_old FOLDER NAME KEEP: remove what is left of interrupted builds of NAME,
# and complete ones of another stamp that nobody has used for a day.  Worktrees
# with different stamps may be at work at the same time, hence the day, and
# hence the shared lock that a user holds.  Call under NAME's lock.
forget_old() {
	local d
	# The stamp is hexadecimal: "uml-..." is not to take "uml-time-..." for its own.
	for d in "$CACHE/$1/$2"-[0-9a-f]*; do
		[ -e "$d" ] || continue
		case $d in
		"$CACHE/$1/$3") continue ;;
		*.tmp) ;;
		*) [ -n "$(find "$d.used" -mmin -1440 2>/dev/null)" ] && continue ;;
		esac
		case $d in *.used | *.lock) continue ;; esac
		(
			exec 9>"$d.lock"
			flock -n 9 || exit 0
			say "removing the old $d"
			rm -rf --one-file-system "$d" "$d.used"
		)
		rm -f "$d.lock"
	done
}

# in_use ARTEFACT: hold it, so that nobody removes it while this process lives.
in_use() {
	local fd
	touch "$1.used"
	exec {fd}>"$1.lock"
	flock -s "$fd"
}
