cni_rules=$1; shift
links=; while [ "$1" != -- ]; do links="$links $1"; shift; done; shift
# What cannot be looked at is printed, a line each.
left() { printf '%s\n' "$1"; }
# k3s's own programs, for a machine that has none, as k3s's own uninstaller finds them.
d=/var/lib/rancher/k3s/data/current/bin
PATH=$PATH:$d:$d/aux
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
# Without `ip netns`, which the ip of busybox does not have.
for n in /run/netns/cni-*; do
  [ -e "$n" ] || continue
  others=; for k; do [ "$k" = "$n" ] && others=yes; done
  inode=$(stat -Lc %i "$n")
  for p in /proc/[0-9]*/ns/net; do [ "$(stat -Lc %i "$p" 2>/dev/null)" = "$inode" ] && others=yes; done
  [ -n "$others" ] || { umount -l "$n" 2>/dev/null; rm -f "$n"; }
done
for l in $links; do
  [ -e "/sys/class/net/$l" ] || continue
  command -v ip >/dev/null || { left "the network link $l"; continue; }
  for v in /sys/class/net/"$l"/brif/*; do [ -e "$v" ] && ip link delete "${v##*/}"; done
  ip link delete "$l" 2>/dev/null
done
any=
for v in iptables ip6tables iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
  command -v $v-save >/dev/null && command -v $v-restore >/dev/null || continue
  # The old tables come into being by being asked for.
  case $v in
    iptables-legacy) [ -s /proc/net/ip_tables_names ] || continue;;
    ip6tables-legacy) [ -s /proc/net/ip6_tables_names ] || continue;;
    *) any=yes;;
  esac
  rules=$($v-save 2>/dev/null) || continue
  kept=$(printf '%s\n' "$rules" | grep -v KUBE- | grep -iv flannel)
  [ "$cni_rules" = yes ] || kept=$(printf '%s\n' "$kept" | grep -v CNI-)
  [ "$kept" = "$rules" ] || printf '%s\n' "$kept" | $v-restore || left "rules of $v"
done
[ -n "$any" ] || left "the rules of iptables"
if command -v ipset >/dev/null; then
  for s in $(ipset list -n 2>/dev/null | grep -E '^(inet6:)?KUBE-'); do ipset destroy "$s" 2>/dev/null; done
fi
exit 0
