# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What guard.sh and lines-guard.sh have in common: they run on the host, say what came of it as
# KTAP, and keep the guests' logs in IPSVTI_OUT=FOLDER. Sourced by them with "set -u".
here=$(dirname "$(realpath "$0")")
out=${IPSVTI_OUT:-}
if [ -z "$out" ]; then
	out=$(mktemp -d)
	trap 'rm -rf "$out"' EXIT
fi
mkdir -p "$out" || exit
n=0 status=0

plan() { echo "1..$1"; }

said() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n $2"
	else
		echo "not ok $n $2"
		status=1
	fi
}
