#!/bin/sh
# Boots systemd on this machine's own files, with a layer over them that is forgotten, in namespaces but for the network: `boot.sh
# FOLDER`. What is written to the console is in FOLDER/console.
set -eu
folder=$1
root=$folder/root
mount --make-rprivate /
mkdir -p "$folder/layer" "$root"
mount -t tmpfs tmpfs "$folder/layer"
mkdir "$folder/layer/upper" "$folder/layer/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/layer/upper,workdir=$folder/layer/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for place in run tmp dev; do
  mount -t tmpfs tmpfs "$root/$place"
done
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts" "$root/dev/mqueue" "$root/dev/hugepages"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
: >"$root/dev/console"
mount --bind "$folder/console" "$root/dev/console"
cp -r "$folder/files/." "$root"
# Units that would change the machine, which this one is not.
mkdir -p "$root/etc/systemd/system"
for unit in systemd-sysctl systemd-modules-load systemd-udevd systemd-udev-trigger systemd-remount-fs modprobe@ \
  systemd-binfmt systemd-random-seed systemd-timesyncd systemd-networkd systemd-resolved; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done
for mount in dev-hugepages dev-mqueue sys-kernel-debug sys-kernel-tracing sys-kernel-config sys-fs-fuse-connections proc-sys-fs-binfmt_misc; do
  ln -sf /dev/null "$root/etc/systemd/system/$mount.mount"
done
ln -sf /dev/null "$root/etc/systemd/system/proc-sys-fs-binfmt_misc.automount"
exec chroot "$root" env -i container=skyward PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=sysinit.target --log-target=journal --show-status=no
