cni_rules=$1; shift
links=; while [ "$1" != -- ]; do links="$links $1"; shift; done; shift
tree() { for t in /proc/"$1"/task/*/children; do [ -r "$t" ] && for c in $(cat "$t"); do tree "$c"; done; done; echo "$1"; }
for p in /proc/[0-9]*; do
  words=$(tr '\0' ' ' < "$p/cmdline" 2>/dev/null) || continue
  case $words in
    /var/lib/rancher/k3s/data/*/bin/containerd-shim*) kill -9 $(tree "${p#/proc/}") 2>/dev/null;;
  esac
done
awk '{ print $2 }' /proc/self/mounts | sort -r | while read -r m; do
  case $m in
    /run/k3s/*|/var/lib/rancher/k3s/*|/var/lib/kubelet/pods/*|/var/lib/kubelet/plugins/*|/run/flannel/*) umount -f "$m" 2>/dev/null || umount -l "$m";;
  esac
done
if command -v ip >/dev/null; then
  for n in $(ip netns list 2>/dev/null | awk '$1 ~ /^cni-/ { print $1 }'); do
    others=$(ip netns pids "$n" 2>/dev/null)
    for k; do [ "$k" = "/run/netns/$n" ] && others=yes; done
    [ -n "$others" ] || ip netns delete "$n"
  done
  for l in $links; do
    if [ "$l" = cni0 ]; then
      for v in $(ip -o link show master cni0 2>/dev/null | awk -F': ' '{ sub(/@.*/, "", $2); print $2 }'); do ip link delete "$v"; done
    fi
    ip link delete "$l" 2>/dev/null
  done
fi
for v in '' 6; do
  command -v ip${v}tables-save >/dev/null || continue
  rules=$(ip${v}tables-save 2>/dev/null) || continue
  kept=$(printf '%s\n' "$rules" | grep -v KUBE- | grep -iv flannel)
  [ "$cni_rules" = yes ] || kept=$(printf '%s\n' "$kept" | grep -v CNI-)
  [ "$kept" = "$rules" ] || printf '%s\n' "$kept" | ip${v}tables-restore
done
exit 0
