#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-unpack.sh K ROOT DEBS KERNEL
#
# Runs inside a root, of which ROOT is the cached folder itself: fetch Debian's
# kernel K and its headers (packages are kept in DEBS), unpack them into ROOT
# without their installation scripts, and make the folder KERNEL (kernel.sh).
set -euo pipefail
k=$1 root=$2 debs=$3 kernel=$4
lab=$(dirname "$(realpath "$0")")/..
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -o "Dir::Cache::archives=$debs" -o 'Acquire::Retries=3' -o 'APT::Sandbox::User=root')
mkdir -p "$debs/partial"

suite=$(awk '$1 == "deb" { print $3; exit }' /etc/apt/sources.list)
if [ "$k" = 7.3 ]; then
	# The newest kernel comes from the backports, on the mirror of the rest.
	awk -v s="$suite" '$1 == "deb" && $3 == s { $3 = s "-backports"; print }' \
		/etc/apt/sources.list >/etc/apt/sources.list.d/backports.list
	suite+=-backports
	apt+=(-t "$suite")
	"${apt[@]}" update
fi

# The meta packages name the newest kernel; everything else they need (an
# initramfs maker, say) is of no use here.
what=(install -y --no-install-recommends linux-image-amd64 linux-headers-amd64)
fetch() { "${apt[@]}" --download-only "${what[@]}"; }
echo "looking for the kernel in $suite"
# A mirror drops superseded versions, so the root's package lists may be too old.
fetch || { "${apt[@]}" update && fetch; }
# Asked with an empty archive, apt names every file, also those at hand.
"${apt[@]}" -o Dir::Cache::archives=/run --print-uris "${what[@]}" |
	awk '/^.[a-z]+:/ { print $2 }' | grep '^linux-' |
	grep -Ev '^linux-(base|libc-dev|[a-z]+-amd64)_' | while read -r deb; do
	echo "unpacking $deb"
	# Not "dpkg-deb -x": it replaces the link /lib by a folder.
	dpkg-deb --fsys-tarfile "$debs/$deb" | tar -C "$root" --keep-directory-symlink -xf -
	case $deb in
	linux-headers-*-common_*) deb=${deb#linux-headers-}; echo "${deb%%-common_*}-amd64" >/run/release ;;
	esac
done
"${apt[@]}" autoclean
release=$(cat /run/release)
case $release in
"$k".*) ;;
*) echo "lab: note: '$k' stands for the newest kernel in $suite, which is $release" ;;
esac
modules=$root/usr/lib/modules/$release
for old in "$root/usr/lib/modules/$k".*; do
	[ "$old" = "$modules" ] || rm -rf "$old" "$root/usr/src/linux-headers-${old##*/}"
done

# Drivers of hardware that no guest has make up most of a kernel package.  The
# others are unpacked here once, not by an emulated processor at each boot.
echo "unpacking the modules of $release"
cd "$modules/kernel"
find . -mindepth 1 -maxdepth 1 -type d \
	! -name arch ! -name crypto ! -name drivers ! -name fs ! -name kernel \
	! -name lib ! -name mm ! -name net ! -name security -exec rm -rf {} +
find drivers -mindepth 1 -maxdepth 1 ! -name block ! -name char ! -name crypto \
	! -name net ! -name ptp ! -name virtio -exec rm -rf {} +
rm -rf drivers/net/{ethernet,wireless,usb,can,phy,hamradio,arcnet,fddi,wwan}
rm -rf fs/{btrfs,ceph,xfs,ocfs2,gfs2,f2fs,jfs,nfs,nfsd,smb,bcachefs,ubifs,afs,nilfs2,reiserfs,udf}
find . -name '*.ko.xz' -print0 | xargs -0 -r -n 50 -P 2 xz -d -f
depmod -b "$root" "$release"

rm -rf "$kernel.tmp"
mkdir -p "$kernel.tmp"
echo "$release" >"$kernel.tmp/release"

echo "unpacking vmlinuz"
vmlinuz=$root/boot/vmlinuz-$release
[ -e "$vmlinuz" ] || vmlinuz=$modules/vmlinuz	# where newer packages have it
python3 - "$vmlinuz" "$kernel.tmp/vmlinux" <<'PY'
import subprocess, sys
data = open(sys.argv[1], "rb").read()
for magic, tool in ((b"\xfd7zXZ\0", "xz"), (b"\x28\xb5\x2f\xfd", "zstd")):
    at = data.find(magic)
    while at >= 0:
        # What follows the packed kernel makes the tool complain at its end.
        elf = subprocess.run([tool, "-dc"], input=data[at:], capture_output=True).stdout
        if elf[:4] == b"\x7fELF":
            open(sys.argv[2], "wb").write(elf)
            sys.exit()
        at = data.find(magic, at + 1)
sys.exit("no packed kernel found in " + sys.argv[1])
PY

echo "making the initramfs"
dir=$(mktemp -d)
mkdir -p "$dir"/{bin,lib,dev,proc,sys,ctl,lower,upper,new}
cp /usr/bin/busybox "$dir/bin/"
for m in virtio_pci virtio_console 9p 9pnet_virtio overlay virtio_rng; do
	modprobe -d "$root" -S "$release" --show-depends "$m"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r f; do
	cp "$f" "$dir/lib/"
	echo "${f##*/}" >>"$dir/lib/order"
done
install -m 755 "$lab/guest/initramfs-init" "$dir/init"
(cd "$dir" && find . | cpio -o -H newc --quiet -R 0:0) >"$kernel.tmp/initrd"
mv "$kernel.tmp" "$kernel"
