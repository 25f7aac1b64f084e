#!/bin/bash
# A machine: a root of its own over this system's, network, processes and host name of its own, and sshd.
# $1 its folder, $2 its name, $3 what all machines share.
set -eu
D=$1 NAME=$2 SHARED=$3
mount --make-rprivate /
mount -t tmpfs tmpfs "$D/layers"
mkdir "$D/layers/upper" "$D/layers/work" "$D/layers/root"
R=$D/layers/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$D/layers/upper,workdir=$D/layers/work" "$R"
# What Kubernetes leaves on this system, now or while the test runs, is not on the machine.
rm -rf "$R/run" "$R/etc/rancher" "$R/etc/cni" "$R/var/lib/rancher" "$R/var/lib/kubelet" "$R/var/lib/cni" "$R/usr/libexec/kubernetes" "$R/var/log/pods" "$R/var/log/containers"
mkdir -p "$R/srv/host" "$R/srv/cluster" "$R/run/systemd/system" "$R/run/sshd" "$R/root/.ssh" "$R/etc/systemd/system/multi-user.target.wants" "$R/usr/local/bin"
# mount itself makes this one.
mkdir -m 700 "$R/run/mount"
mount -t proc proc "$R/proc"
mount -t sysfs sysfs "$R/sys"
mkdir -p "$R/sys/fs/cgroup" 2>/dev/null || true
# A machine has cgroup v2, also where this system has the first version.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then mount --bind /sys/fs/cgroup "$R/sys/fs/cgroup"
else mount -t tmpfs cgroup "$R/sys/fs/cgroup"; echo cpu memory pids >"$R/sys/fs/cgroup/cgroup.controllers"; fi
mount --rbind /dev "$R/dev"
mount -t tmpfs tmpfs "$R/tmp"
mount --bind "$D/host" "$R/srv/host"
mount --bind "$SHARED" "$R/srv/cluster"
# The settings of the kernel that a kubelet changes are this system's: the machine has files in their place.
for k in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops; do
  mkdir -p "$D/host/sys/${k%/*}"; cat "/proc/sys/$k" >"$D/host/sys/$k"
  mount --bind "$D/host/sys/$k" "$R/proc/sys/$k"
done
# k3s brings programs of its own, as this system has them.
mkdir -p "$D/host/aux"
for p in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  cp "$(readlink -f "$(command -v $p)")" "$D/host/aux/$p"
done
echo "$NAME" >/proc/sys/kernel/hostname
cp "$D/systemctl" "$R/usr/bin/systemctl"
printf '#!/bin/sh\ncat /srv/host/journal\n' >"$R/usr/bin/journalctl"
printf '#!/bin/sh\nprintf "%%s\\n" "$*" >>/srv/host/shell.log\nexec /bin/sh "$@"\n' >"$R/usr/bin/recorded-shell"
chmod 755 "$R/usr/bin/systemctl" "$R/usr/bin/journalctl" "$R/usr/bin/recorded-shell"
sed -i 's#^root:.*#root:x:0:0:root:/root:/usr/bin/recorded-shell#' "$R/etc/passwd"
echo 'walter:x:1234:1234::/srv/host:/usr/bin/recorded-shell' >>"$R/etc/passwd"
echo 'walter:*:20000:0:99999:7:::' >>"$R/etc/shadow"
cp "$D/authorized_keys" "$R/root/.ssh/authorized_keys"
chmod 700 "$R/root" "$R/root/.ssh"; chmod 600 "$R/root/.ssh/authorized_keys"
[ ! -e "$D/host/prepare" ] || chroot "$R" /bin/sh /srv/host/prepare
touch "$D/host/up"
exec chroot "$R" /usr/sbin/sshd -D -q -f /srv/host/sshd_config
