set -e
before=/var/lib/skyward/k3s/before
while [ "$1" != -- ]; do
  # Another containerd, which came after ours, keeps its folder.
  [ "$1" = /run/containerd ] && [ -S /run/containerd/containerd.sock ] || rm -rf "$1"
  shift
done; shift
# What libcni keeps of k3s's own network.
rm -rf /var/lib/cni/results/cbr0-*
while [ "$1" != -- ]; do
  kept="$before/$(echo "$1" | tr / %)"
  if [ -e "$kept" ] || [ -L "$kept" ]; then
    cp -a "$kept" "$1.skyward-new"
    mv -f "$1.skyward-new" "$1"
  fi
  shift
done; shift
while [ "$1" != -- ]; do rmdir "$1" 2>/dev/null || true; shift; done; shift
# Settings of the kernel, as they were, where they are still as the kubelet set them: a name, its value then and its value now.
while [ "$1" != -- ]; do
  [ "$(cat "/proc/sys/$1" 2>/dev/null)" != "$3" ] || echo "$2" >"/proc/sys/$1" || true
  shift 3
done; shift
swept=
while [ "$1" != -- ]; do swept="$swept $1"; shift; done; shift
for tree in $swept; do
  for c in "$tree"/* "$tree"/.[!.]*; do
    keep=no
    for k; do [ "$k" = "$c" ] && keep=yes; done
    [ $keep = yes ] || rm -rf "$c"
  done
done
if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then systemctl daemon-reload; fi
sync
rm -rf "$before" /var/lib/skyward/k3s/started* /var/lib/skyward/k3s/cordoned
rm -rf /var/lib/skyward/k3s
rmdir /var/lib/skyward 2>/dev/null || true
