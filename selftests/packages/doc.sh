# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# doc FILE HEADING: the commands below a heading of Documentation/FILE (a regular expression),
# so that what is run is what stands there. Sourced.
doc() {
	awk -v want="$2" '/^#+ / && !code { on = $0 ~ want } /^```/ { code = !code; show = code && /sh$/ && on; next }
		show { print; n++ } END { exit !n }' "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../../Documentation/$1"
}
