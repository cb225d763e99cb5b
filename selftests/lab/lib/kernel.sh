# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Debian's own kernels: which root each one lives in, and what a boot needs of it.
#
# An artefact of a kernel K is the folder KERNEL = ROOT/usr/lib/ipsvti-lab/K-STAMP with
#   release    what "uname -r" says
#   vmlinux    the kernel, unpacked
#   initrd     a small initramfs, see guest/initramfs-init
# while modules and headers are where Debian has them, inside ROOT.

# kernel_root K: the root that this kernel's guests run on.  Sets KROOT.
kernel_root() {
	case $1 in
	6.1) KROOT=bookworm ;;
	6.12 | 7.3 | uml | uml-time) KROOT=trixie ;;
	*) die "no kernel called '$1': there are 6.1, 6.12, 7.3, uml and uml-time" ;;
	esac
}

# guest_kernel_ensure K: everything that a guest with kernel K boots from.  Sets
# KIND (stock or uml), RELEASE, KROOT and its folder ROOT, TOOLROOT, and KERNEL or
# UMLBUILD.
guest_kernel_ensure() {
	kernel_root "$1"
	KERNEL='' UMLBUILD=''
	case $1 in
	uml | uml-time) KIND=uml; uml_ensure "$1" ;;
	*) KIND=stock; kernel_ensure "$1" ;;
	esac
}

# kernel_ensure K: K is 6.1, 6.12 or 7.3.  Sets ROOT, KERNEL and RELEASE.
kernel_ensure() {
	root_ensure trixie	# has the tools, whatever the kernel
	TOOLROOT=$ROOT
	root_ensure "$KROOT"
	KERNEL=$ROOT/usr/lib/ipsvti-lab/$1-$(stamp_of "$LAB/lib/kernel-unpack.sh" "$LAB/guest/initramfs-init")
	if [ ! -d "$KERNEL" ]; then
		with_lock "kernel-$1" kernel_make "$1" || die "could not get the $1 kernel"
	fi
	RELEASE=$(cat "$KERNEL/release")
}

kernel_make() {
	[ -d "$KERNEL" ] && return
	mkdir -p "$CACHE/debs/$KROOT"
	rm -rf "${KERNEL%-*}"-*
	progress "fetching the $1 kernel and its headers (about a minute)" \
		"$CACHE/log/kernel-$1.log" \
		ns_run "$ROOT" '' "$LAB/lib/kernel-unpack.sh" "$1" "$ROOT" "$CACHE/debs/$KROOT" "$KERNEL"
}
