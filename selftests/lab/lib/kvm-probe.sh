#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kvm-probe.sh KERNEL
#
# Runs inside the trixie root: 0 if that kernel (kernel.sh) reaches its first
# program under KVM and powers off again.
set -u
timeout -k 2 15 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
	-machine pc -accel kvm -cpu host -m 512 -smp 2 -serial file:/tmp/ipsvti-kvm.$$ \
	-kernel "$1/vmlinux" -initrd "$1/initrd" \
	-append "console=ttyS0 loglevel=5 panic=-1 lab.probe" </dev/null
cat "/tmp/ipsvti-kvm.$$"
grep -q 'lab: reached the first program' "/tmp/ipsvti-kvm.$$"
status=$?
rm -f "/tmp/ipsvti-kvm.$$"
exit $status
