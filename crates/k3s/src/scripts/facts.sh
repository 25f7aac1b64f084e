f() { printf '%s\t%s\n' "$1" "$2"; }
f hostname "$(cat /proc/sys/kernel/hostname)"
f machine "$(uname -m)"
if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then init=systemd
elif command -v rc-service >/dev/null; then init=openrc
else init=unknown; fi
f init $init
f clock "$(date +%s)"
f cores "$(grep -c ^processor /proc/cpuinfo)"
at=/var/lib; [ -d /var/lib/rancher ] && at=/var/lib/rancher
awk '$1 == "MemTotal:" { print "memory\t" $2 } $1 == "MemAvailable:" { print "available\t" $2 }' /proc/meminfo
f disk "$(df -Pk $at | awk 'NR == 2 { print $4 " " $2 }')"
df -Pi $at 2>/dev/null | awk 'NR == 2 && $2 > 0 { print "inodes\t" $4 " " $2 }'
[ -e /sys/fs/cgroup/cgroup.controllers ] || f cgroup v1
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then grep -qw memory /sys/fs/cgroup/cgroup.controllers && f cgroup memory
else awk '$1 == "memory" && $4 == 1 { print "cgroup\tmemory" }' /proc/cgroups; fi
sockets=; for v in tcp tcp6 udp udp6; do [ ! -r /proc/net/$v ] || sockets="$sockets /proc/net/$v"; done
[ -z "$sockets" ] || awk '{ p = FILENAME ~ /udp/ ? "udp" : "tcp" } FNR > 1 && (p == "udp" || $4 == "0A") { n = split($2, a, ":"); print p "\t" a[n] }' $sockets
# Its own addresses: those of IPv4, and those of IPv6 but for the links' own.
[ -r /proc/net/fib_trie ] && awk '/32 host LOCAL/ && !seen[last]++ { print "address\t" last } { last = $2 }' /proc/net/fib_trie
[ -r /proc/net/if_inet6 ] && awk '$4 == "00" { a = substr($1, 1, 4); for (i = 5; i < 32; i += 4) a = a ":" substr($1, i, 4); print "address\t" a }' /proc/net/if_inet6
[ -r /proc/net/route ] && awk 'NR > 1 && $2 != "00000000" && $1 !~ /^(cni0|flannel)/ { print "route\t" $1 " " $2 " " $8 }' /proc/net/route
for t in sha256sum stat awk sort df mktemp; do command -v $t >/dev/null || f lacking $t; done
if [ $init = systemd ]; then
  systemctl is-active -q firewalld 2>/dev/null && f firewall firewalld
  # The service of ufw is active also where ufw itself is not enabled.
  systemctl is-active -q ufw 2>/dev/null && ! grep -qsi '^ENABLED=no' /etc/ufw/ufw.conf && f firewall ufw
  for u in nm-cloud-setup nm-cloud-setup.timer; do systemctl is-enabled -q $u 2>/dev/null && f cloud-setup $u; done
elif grep -qsi '^ENABLED=yes' /etc/ufw/ufw.conf; then f firewall ufw; fi
# SELinux, and whether its policy knows k3s (package k3s-selinux).
if [ "$(cat /sys/fs/selinux/enforce 2>/dev/null)" = 1 ] || [ "$(getenforce 2>/dev/null)" = Enforcing ]; then
  policy=; for p in /usr/share/selinux/packages/k3s.pp* /usr/share/selinux/packages/*/k3s.pp* /var/lib/selinux/*/active/modules/*/k3s; do [ -e "$p" ] && policy=yes; done
  [ -n "$policy" ] || f selinux enforcing
fi
# Modules of the kernel that are not there, nor can be loaded.
modules=/lib/modules/$(uname -r)
loads() { grep -qs "/$1[.]ko" "$modules/modules.dep" "$modules/modules.builtin" || modprobe -n -q "$1" 2>/dev/null; }
grep -qw overlay /proc/filesystems || loads overlay || f module overlay
[ -e /sys/module/vxlan ] || loads vxlan || f module vxlan
[ -e /proc/sys/net/bridge ] || [ -e /sys/module/br_netfilter ] || loads br_netfilter || f module br_netfilter
[ "$(grep -c . /proc/swaps 2>/dev/null)" -gt 1 ] 2>/dev/null && f swap on
# Those of root alone count towards its limit. They are counted by what is open, as the kernel tells no sum.
w=$(ls -ln /proc/[0-9]*/fd 2>/dev/null | awk '/^\/proc/ { d = $0; sub("/fd:$", "/fdinfo/", d) } /^l/ && $3 == 0 && /anon_inode:inotify$/ { print d $9 }')
i=/proc/sys/fs/inotify
[ -r $i/max_user_instances ] && f inotify "$(echo "$w" | grep -c .) $(cat $i/max_user_instances) $(for p in $w; do cat "$p" 2>/dev/null; done | grep -c ^inotify) $(cat $i/max_user_watches)"
command -v iptables-save >/dev/null && iptables-save 2>/dev/null | grep -q CNI- && f cni rules
settings=; for k in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops; do
  [ ! -r /proc/sys/$k ] || settings="$settings /proc/sys/$k"
done
[ -z "$settings" ] || awk '{ k = FILENAME; sub("/proc/sys/", "", k); print "sysctl\t" k " " $0 }' $settings
# The paths that are there, and all that is in some folders: mode and owner, and the sum of a file. None of the paths has a space.
there= files= tab=$(printf '\t')
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  p=$1; shift
  [ -e "$p" ] || [ -L "$p" ] || continue
  there="$there $p"; [ ! -f "$p" ] || files="$files $p"
done
look() {
  for p in /etc/rancher/node /var/lib/kubelet /run/k3s /run/flannel /var/log/pods /var/log/containers /run/netns; do
    for c in "$p"/* "$p"/.[!.]*; do if [ -e "$c" ] || [ -L "$c" ]; then set -- "$@" "$c"; fi; done
  done
  [ -z "$files" ] || sha256sum $files
  [ $# -eq 0 ] || stat -c "$tab%n$tab%a %u:%g" "$@"
}
look $there 2>/dev/null | awk -F "$tab" '/^[^\t]/ { sum[substr($0, 67)] = substr($0, 1, 64); next }
  { print "path\t" $2 "\t" $3 "\t" ($2 in sum ? sum[$2] : "-") }'
d=/var/lib/skyward/k3s
[ -f $d/record.json ] && f record "$(tr -d '\n' < $d/record.json)"
[ -f $d/started ] && f started "$(cat $d/started)"
[ -f $d/restored ] && f restored "$(cat $d/restored)"
[ -e $d/cordoned ] && f cordoned yes
[ ! -r /etc/rancher/k3s/config.yaml ] || awk '/^(server|cluster-cidr|service-cidr):/ { v = $0; sub(/^[^:]*: */, "", v); gsub(/["\047]/, "", v)
  k = $0; sub(/:.*/, "", k); if (v != "") print k "\t" v }' /etc/rancher/k3s/config.yaml
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
# The other machines' ports, a host and a port each, all at the same time. One that nothing listens on is open where it says so. What has
# not answered after ten seconds has no answer; what bash says of the others ends with the reason.
[ $# -eq 0 ] || shift
if [ $# -gt 0 ] && command -v bash >/dev/null; then
  LC_ALL=C bash -c 'n=0; peers=(); pids=()
    while [ $# -ge 2 ]; do { exec 3<>"/dev/tcp/$1/$2"; } & pids[n]=$!; peers[n]="$1 $2"; n=$((n + 1)); shift 2; done
    { exec 9<> <(:); read -r -t 10 -u 9; kill "${pids[@]}"; } >/dev/null 2>&1 & dog=$!
    for n in "${!pids[@]}"; do wait "${pids[n]}" 2>/dev/null; [ $? -le 128 ] || echo "none ${peers[n]}"; done
    kill $dog 2>/dev/null' x "$@" 2>&1 </dev/null
else
  while [ $# -ge 2 ] && command -v nc >/dev/null; do
    { said=$(LC_ALL=C timeout 10 nc -w 10 "$1" "$2" </dev/null 2>&1) || case $?$said in 124*|143*|*[Tt]imed*) echo "none $1 $2";; *) echo "x: /dev/tcp/$1/$2: ${said##*: }";; esac; } &
    shift 2
  done; wait
fi | awk '/[Rr]efused/ { next } /^none / { print "closed\t" $2 " " $3 " no answer" }
  { at = index($0, "/dev/tcp/") } at { s = substr($0, at + 9); i = index(s, ": "); r = substr(s, i + 2); s = substr(s, 1, i - 1); p = s; sub(".*/", "", p); sub("/[0-9]*$", "", s)
    if (r == "Invalid argument") r = "that name is not known there"; print "closed\t" s " " p " " r }'
exit 0
