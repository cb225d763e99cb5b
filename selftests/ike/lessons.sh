# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Runs the tutorials of Documentation/ as a user would: each lesson (what stands in
# ```sh below a heading) by a shell of its own on one of the machines of the topology,
# up to the first command that fails. Sourced, after common.sh.
#
# A machine is a network namespace, with an /etc of its own as far as there are folders
# in /etc/netns/NS, and, if "machine NS" was called, with a /run of its own: then each of
# them can have an agent.

# Headings of which lessons were run, one in each line: "FILE: HEADING".
LESSONS_RUN=$OUT/lessons.run
: >"$LESSONS_RUN"

# machine NS: a /run of its own from now on.
machine() {
	mkdir -p "/run/of.$1"/{ipsvti,bird,frr} "/etc/netns/$1"/{ipsvti,bird} /etc/{ipsvti,bird}
}

# at NS COMMAND...: on that machine, with the stand-ins in its path.
at() {
	local run=/run/of.$1 ns=$1
	shift
	[ ! -d "$run" ] || set -- mount.and "$run" "$@"
	MACHINE=$ns PATH=$OUT/bin:$PATH ip netns exec "$ns" "$@"
}

# lessons_of FILE: its headings with commands below them.
lessons_of() {
	awk '/^#+ / && !code { head = $0; told = 0 }
		/^```/ { code = !code && 1; if (code && /sh$/ && !told) { sub(/^#+ /, "", head); print head; told = 1 } }' "$1"
}

# lesson_at NS FILE HEADING [SED]: the commands below the heading (a regular expression),
# changed by SED, if the lab's numbers are others than those of the text.
lesson_at() {
	local ns=$1 file=$2 want=$3 sh=$OUT/lesson.sh
	lessons_of "$file" | grep -E -- "$want" | sed "s|^|${file##*/}: |" >>"$LESSONS_RUN"
	awk -v want="$want" '/^#+ / && !code { on = $0 ~ want } /^```/ { code = !code; show = code && /sh$/ && on; next } show' "$file" >"$sh"
	[ -z "${4:-}" ] || sed -i "$4" "$sh"
	echo "# $ns: $want"
	cat "$sh"
	[ -s "$sh" ] && at "$ns" timeout 100 bash -eux "$sh"
}

# lessons_left FILE...: whether each lesson of these was run; says which were not.
lessons_left() {
	local file left
	left=$(for file; do
		lessons_of "$file" | sed "s|^|${file##*/}: |"
	done | grep -vxFf "$LESSONS_RUN")
	[ -z "$left" ] || { echo "not run: $left"; return 1; }
}

# examples_at NS PAGE SECTION [SED]: the same with what is set as it is typed (.EX, .nf) below a
# heading of a manual page.
examples_at() {
	local ns=$1 page=$2 section=$3 sh=$OUT/examples.sh
	awk -v want="$section" '/^[.]SH / { on = $0 == ".SH " want } /^[.](EX|nf)$/ { show = on; next } /^[.](EE|fi)$/ { show = 0 }
		show { gsub(/\\f[A-Z]/, ""); gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print }' "$page" >"$sh"
	[ -z "${4:-}" ] || sed -i "$4" "$sh"
	echo "# $ns: $section of ${page##*/}"
	cat "$sh"
	[ -s "$sh" ] && at "$ns" timeout 100 bash -eux "$sh"
}

# stand_in NAME: a program of that name for the machines; its text is standard input.
stand_in() {
	mkdir -p "$OUT/bin"
	cat >"$OUT/bin/$1"
	chmod +x "$OUT/bin/$1"
}

# A namespace for mounts is there already, made by "ip netns exec".
stand_in mount.and <<-'EOT'
	#!/bin/sh
	mount --bind "$1" /run && shift && exec "$@"
EOT

# There is no systemd here. Logs are in $OUT.
stand_in systemctl <<-EOT
	#!/bin/bash
	exec 9<> <(:)
	there() {
		for ((i = 0; i < 200; i++)); do
			[ ! -S "\$1" ] || return 0
			read -r -t 0.1 -u 9
		done
		return 1
	}
	gone() { # PIDFILE [SIGNAL]
		[ -s "\$1" ] || return 0
		read -r pid <"\$1"
		kill -s "\${2:-TERM}" "\$pid" || return 0
		for ((i = 0; i < 200; i++)); do
			kill -0 "\$pid" 2>/dev/null || return 0
			read -r -t 0.1 -u 9
		done
		return 1
	}
	args="\$*"
	case "\$args" in
	"enable --now "*) args="start \${args##* }" ;;
	"disable --now "*) args="stop \${args##* }" ;;
	esac
	case "\$args" in
	"start ipsvti-iked" | "restart ipsvti-iked")
		[ "\$args" != "restart ipsvti-iked" ] || gone /run/\$MACHINE.pid || exit
		setsid ipsvti-iked -v >>"$OUT/\$MACHINE.log" 2>&1 &
		echo \$! >/run/\$MACHINE.pid
		there /run/ipsvti/iked.sock ;;
	"stop ipsvti-iked")
		gone /run/\$MACHINE.pid ;;
	"start strongswan" | "restart strongswan")
		[ "\$args" != "restart strongswan" ] || gone /run/charon.pid || exit
		rm -f /run/charon.vici
		setsid charon-systemd >"$OUT/\$MACHINE.charon.out" 2>&1 &
		echo \$! >/run/charon.pid
		there /run/charon.vici ;;
	"stop strongswan")
		gone /run/charon.pid ;;
	"restart bird")
		setsid bird -f >"$OUT/\$MACHINE.bird.log" 2>&1 &
		echo \$! >/run/router.pids ;;
	"restart frr")
		grep -q ^bgpd=yes /etc/frr/daemons || exit 1
		mkdir -p /run/frr && chown frr:frr /run/frr
		for d in mgmtd zebra bgpd; do
			setsid /usr/lib/frr/\$d -A 127.0.0.1 >"$OUT/\$MACHINE.\$d.log" 2>&1 &
			echo \$!
			there /run/frr/\$d.vty
		done >/run/router.pids ;;
	*)
		echo "systemctl: no stand-in for \$*" >&2
		exit 1 ;;
	esac
EOT
