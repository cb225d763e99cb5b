#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Last step of boot-inside.sh for Debian's kernels: boots the one in the folder
# LAB_KERNEL (kernel.sh) under qemu and stays until it powers off.
set -u

case $LAB_ACCEL in
kvm) accel=(-accel kvm -cpu host) ;;
*) accel=(-accel "tcg,thread=multi,tb-size=256" -cpu max) ;;
esac
share() { # TAG PATH [OPTIONS]
	printf '%s\n' -fsdev "local,id=$1,path=$2,security_model=none,multidevs=remap$3" \
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1"
}
mapfile -t shares < <(
	share root /run/guest ,readonly=on
	share ctl "/host$LAB_RUNDIR" ''
	share out "/host$LAB_OUT" ''
)
# An emulated processor may wait for a real one longer than the stall detector likes.
args="console=ttyS0 quiet loglevel=5 panic=-1 nokaslr tsc=reliable no_timer_check"
args+=" mitigations=off random.trust_cpu=on rcupdate.rcu_cpu_stall_timeout=100"
# An emulated processor's time stamp counter is this one's, see tsc-khz.c.
if [ "$LAB_ACCEL" != kvm ] && [ "$(uname -m)" = x86_64 ] &&
	cc -O2 -o /run/tsc-khz "$(dirname "$0")/tsc-khz.c"; then
	args+=" tsc_early_khz=$(/run/tsc-khz)"
fi
# Two ports carry the script's output as it is: a console would change bytes.
exec timeout -k 5 "$LAB_SECONDS" qemu-system-x86_64 -nodefaults -no-user-config -display none \
	-no-reboot -machine pc,usb=off,vmport=off,hpet=off "${accel[@]}" -m "$LAB_MEM" -smp "$LAB_CPUS" \
	-serial "file:/host$LAB_RUNDIR/console" "${shares[@]}" \
	-device virtio-serial-pci \
	-chardev "file,id=o,path=/host$LAB_RUNDIR/stdout" -device virtserialport,chardev=o,nr=1 \
	-chardev "file,id=e,path=/host$LAB_RUNDIR/stderr" -device virtserialport,chardev=e,nr=2 \
	-kernel "$LAB_KERNEL/vmlinux" -initrd "$LAB_KERNEL/initrd" \
	-append "$args" \
	</dev/null >"/host$LAB_RUNDIR/qemu" 2>&1
