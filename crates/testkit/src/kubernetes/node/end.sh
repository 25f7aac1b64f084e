# Removes what a node leaves behind, once its kubelet and its containerd have been killed. Runs in its folder. Arguments: the
# cgroup's name. All is found by this node's own names, so that no other node's containers are touched.
set -u
folder=$(pwd)
groups() { find /sys/fs/cgroup -depth -type d \( -path "/sys/fs/cgroup/$1" -o -path "/sys/fs/cgroup/*/$1" \
  -o -path "/sys/fs/cgroup/$1/*" -o -path "/sys/fs/cgroup/*/$1/*" \) 2>/dev/null; }

# The shims first, so that none starts anything any more.
grep -laF -- "$folder/containerd/containerd.sock" /proc/[0-9]*/cmdline 2>/dev/null | while read -r file; do
  case $(cat "$file" 2>/dev/null | tr '\0' ' ') in
  *containerd-shim*) pid=${file#/proc/}; kill -s KILL "${pid%/cmdline}" 2>/dev/null ;;
  esac
done
for try in 1 2 3 4 5 6 7 8 9 10; do
  pids=$(groups "$1" | while read -r group; do cat "$group/cgroup.procs" 2>/dev/null; done | sort -u)
  [ -n "$pids" ] || break
  # shellcheck disable=SC2086
  kill -s KILL $pids 2>/dev/null
  sleep 0.2
done
for task in containerd/state/io.containerd.runtime.v2.task/*/*; do
  [ -e "$task/address" ] || continue
  socket=$(cat "$task/address")
  rm -f "${socket#unix://}" /var/lib/cni/results/*-"$(basename "$task")"-*
done
cut -d' ' -f2 /proc/mounts | grep "^$folder/" | sort -r | while read -r mount; do umount -l "$mount"; done
groups "$1" | while read -r group; do rmdir "$group"; done
[ ! -e bridge ] || ip link del "$(cat bridge)"
[ ! -d /var/log/containers ] || find /var/log/containers -lname "$folder/*" -delete
