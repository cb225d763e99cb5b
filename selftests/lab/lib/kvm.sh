# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Whether guests can run on the processor itself.  There being a /dev/kvm says
# little: on some machines no stock kernel gets past its first lines under it.

# kvm_ensure: find out once for this machine.  Sets ACCEL (kvm or tcg).
kvm_ensure() {
	local verdict
	ACCEL=tcg
	[ -w /dev/kvm ] || return 0
	verdict=$CACHE/kvm-$({ uname -r; grep -m 1 '^model name' /proc/cpuinfo; } | sha256sum | cut -c1-12)
	[ -s "$verdict" ] || with_lock kvm kvm_try "$verdict"
	[ ! -s "$verdict" ] || ACCEL=$(<"$verdict")
}

kvm_try() { # FILE
	[ ! -s "$1" ] || return 0
	say "this machine has KVM: trying it once (15 s at most)"
	if ns_run "$TOOLROOT" '' "$LAB/lib/kvm-probe.sh" "$KERNEL" >"$CACHE/log/kvm.log" 2>&1; then
		say "KVM works"
		echo kvm >"$1"
	else
		say "no kernel boots under this machine's KVM: emulating a processor instead"
		echo tcg >"$1"
	fi
}
