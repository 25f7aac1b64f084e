f() { printf '%s\t%s\n' "$1" "$2"; }
f hostname "$(cat /proc/sys/kernel/hostname)"
f machine "$(uname -m)"
if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then init=systemd
elif command -v rc-service >/dev/null; then init=openrc
else init=unknown; fi
f init $init
f clock "$(date +%s)"
f memory "$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)"
f cores "$(grep -c ^processor /proc/cpuinfo)"
at=/var/lib; [ -d /var/lib/rancher ] && at=/var/lib/rancher
f disk "$(df -Pk $at | awk 'NR == 2 { print $4 }')"
[ -e /sys/fs/cgroup/cgroup.controllers ] || f cgroup v1
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then grep -qw memory /sys/fs/cgroup/cgroup.controllers && f cgroup memory
else awk '$1 == "memory" && $4 == 1 { print "cgroup\tmemory" }' /proc/cgroups; fi
for p in tcp udp; do for v in '' 6; do
  [ -r /proc/net/$p$v ] && awk -v p=$p 'NR > 1 && (p == "udp" || $4 == "0A") { n = split($2, a, ":"); print p "\t" a[n] }' /proc/net/$p$v
done; done | sort -u
[ -r /proc/net/route ] && awk 'NR > 1 && $2 != "00000000" && $1 !~ /^(cni0|flannel)/ { print "route\t" $1 " " $2 " " $8 }' /proc/net/route
for t in sha256sum stat awk sort df mktemp; do command -v $t >/dev/null || f lacking $t; done
if [ $init = systemd ]; then for u in firewalld ufw; do systemctl is-active -q $u 2>/dev/null && f firewall $u; done; fi
command -v iptables-save >/dev/null && iptables-save 2>/dev/null | grep -q CNI- && f cni rules
for k in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops; do
  [ -r /proc/sys/$k ] && f sysctl "$k $(cat /proc/sys/$k)"
done
for p in "$@"; do
  [ -e "$p" ] || [ -L "$p" ] || continue
  sum=-; [ -f "$p" ] && { sum=$(sha256sum "$p"); sum=${sum%% *}; }
  printf 'path\t%s\t%s\t%s\n' "$p" "$(stat -c '%a %u:%g' "$p")" "$sum"
done
for p in /etc/rancher/node /var/lib/kubelet /run/k3s /run/flannel /var/log/pods /var/log/containers /run/netns; do
  for c in "$p"/* "$p"/.[!.]*; do [ -e "$c" ] || [ -L "$c" ] && printf 'path\t%s\t%s\t-\n' "$c" "$(stat -c '%a %u:%g' "$c")"; done
done
d=/var/lib/skyward/k3s
[ -f $d/record.json ] && f record "$(tr -d '\n' < $d/record.json)"
[ -f $d/started ] && f started "$(cat $d/started)"
[ -f $d/restored ] && f restored "$(cat $d/restored)"
[ -e $d/cordoned ] && f cordoned yes
for k in server cluster-cidr service-cidr; do
  j=$(sed -n "s/^$k: *//p" /etc/rancher/k3s/config.yaml 2>/dev/null | tr -d "\"'"); [ -n "$j" ] && f "$k" "$j"
done
# A machine that is not ours is not asked to run what it calls k3s.
[ -f $d/record.json ] && [ -x /usr/local/bin/k3s ] && f version "$(/usr/local/bin/k3s --version 2>/dev/null | head -n 1)"
for u in k3s k3s-agent; do
  case $init in
    systemd) [ -f /etc/systemd/system/$u.service ] || continue
      systemctl is-active -q $u && f active $u; systemctl is-enabled -q $u 2>/dev/null && f enabled $u;;
    openrc) [ -f /etc/init.d/$u ] || continue
      rc-service $u status >/dev/null 2>&1 && f active $u; [ -e /etc/runlevels/default/$u ] && f enabled $u;;
  esac
done
for n in token agent-token; do
  [ -f /etc/rancher/k3s/$n ] || continue
  t=$(cat /etc/rancher/k3s/$n)
  s=$(printf %s "${t##*:}" | sha256sum); f $n "${s%% *}"
  case $t in K10*::*) t=${t%%::*}; f $n-authority "${t#K10}";; esac
done
if [ -f /var/lib/rancher/k3s/server/token ]; then
  t=$(cat /var/lib/rancher/k3s/server/token)
  case $t in K10*::*) t=${t%%::*}; f authority "${t#K10}";; esac
fi
exit 0
