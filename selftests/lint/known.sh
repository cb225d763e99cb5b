# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What was seen to be good is not looked at again: in the lab's cache there is an empty file
# for it, named by the hash of all that decides: the check, every package of this root, the
# scripts of lint, and the files that are looked at. What was found bad is looked at each time.
# Sourced. LINT_AFRESH=1 looks at everything.

KNOWN=${IPSVTI_CACHE:+$IPSVTI_CACHE/known}
[ -z "${LINT_AFRESH:-}" ] || KNOWN=''

# hash_of WORD…: of the words, and of standard input
hash_of() { { printf '%s\n' "$@" && cat; } | sha256sum | cut -c1-40; }

# The same in each key.
known_init() {
	local here
	here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
	ROOT_HASH=$({ dpkg-query -W && cat "$here/known.sh" "$here/run" "$here/build-bookworm"; } | hash_of root)
	[ -n "$KNOWN" ] || return 0
	mkdir -p "$KNOWN"
	find "$KNOWN" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
}

# known HASH: it was good. (And is kept, as it is still asked for.)
known() { [ -n "$KNOWN" ] && [ -e "$KNOWN/$1" ] && touch "$KNOWN/$1"; }

known_good() { # HASH…
	[ -z "$KNOWN" ] || touch "${@/#/$KNOWN/}"
}

# content FILE|FOLDER…: one hash of all that is in them, with its names
content() {
	find "$@" -type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' ! -name '.*.cmd' \
		! -path '*/kmod/generated/*' ! -path 'kmod/generated/*' -print0 | sort -z | xargs -0 sha256sum | hash_of content
}

# kernel_content BUILD: what makes its headers these and no others
kernel_content() {
	local k=$1
	cat "$k"/{.config,Module.symvers} "$k"/include/generated/{compile,utsrelease,utsversion}.h 2>/dev/null | hash_of "$k"
}

# each_file CHECK TOOL_HASH COMMAND…: the command with those files (of standard input, each
# as "FILE HASH", where the hash is that of all that decides about it) that are not known
# to be good. It complains by printing something.
each_file() {
	local check=$1 tool=$2 file hash said status files=() hashes=()
	shift 2
	while read -r file hash; do
		hash=$(sha256sum <<<"$check $tool $ROOT_HASH $file $hash")
		hash=${hash%% *}
		known "$hash" && continue
		files+=("$file")
		hashes+=("$hash")
	done
	[ ${#files[@]} -gt 0 ] || return 0
	said=$("$@" "${files[@]}" 2>&1)
	status=$?
	if [ -n "$said" ] || [ $status -ne 0 ]; then
		echo "${said:-$1 ended with status $status}"
	else
		known_good "${hashes[@]}"
	fi
}

# with_sources: of the shell files that standard input names, one a line, "FILE HASHES" of it
# and of all that it sources, directly or not: every file of that name, whatever its folder,
# as folders are variables.
with_sources() {
	local f files
	mapfile -t files
	{
		sha256sum "${files[@]}" | sed 's/^/hash /'
		for f in "${files[@]}"; do
			grep -oE '^[[:space:]]*(\.|source)[[:space:]].*|shellcheck source=.*' "$f" | sed "s|^|line $f |"
		done
	} | awk '
		function visit(f, i, n, to) {
			if (f in seen)
				return
			seen[f] = 1
			hashes = hashes "," hash[f]
			n = split(sourced[f], to, " ")
			for (i = 1; i <= n; i++)
				visit_named(to[i])
		}
		function visit_named(name, i, n, to) {
			n = split(named[name], to, " ")
			for (i = 1; i <= n; i++)
				visit(to[i])
		}
		$1 == "hash" {
			hash[$3] = $2
			file[++n_files] = name = $3
			sub(/.*\//, "", name)
			named[name] = named[name] " " $3
		}
		$1 == "line" {
			for (i = 3; i <= NF; i++) {
				word = $i
				gsub(/["\047;()]/, "", word)
				sub(/.*[\/=]/, "", word)
				sourced[$2] = sourced[$2] " " word
			}
		}
		END {
			for (i = 1; i <= n_files; i++) {
				split("", seen)
				hashes = ""
				visit(file[i])
				print file[i], hashes
			}
		}'
}
