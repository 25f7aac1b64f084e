# Takes a network for a node that no other has, and makes its cgroup. Arguments: the cgroup's name. Says the bridge and the
# network's first three numbers. What it makes, end.sh removes.
set -eu
fail() { echo "$*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "a node needs root: it starts containers and makes a bridge"
for number in $(seq 100 250); do
  # Making it is taking it: of two who try, one succeeds.
  ! ip -4 route show | grep -q "^10\.244\.$number\." || continue
  ip link add "skytest$number" type bridge 2>/dev/null || continue
  echo "skytest$number" >bridge
  ip addr add "10.244.$number.1/24" dev "skytest$number"
  ip link set "skytest$number" up
  for root in /sys/fs/cgroup /sys/fs/cgroup/*/; do
    # Version 1 has a hierarchy for each controller, version 2 has one for all.
    [ -e "$root/cgroup.procs" ] || continue
    [ "$root" = /sys/fs/cgroup ] || [ ! -e /sys/fs/cgroup/cgroup.controllers ] || continue
    mkdir "$root/$1"
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$root/cpuset.sched_load_balance" ] || cat "$root/$file" >"$root/$1/$file"
    done
  done
  echo "skytest$number 10.244.$number"
  exit 0
done
fail "no network 10.244.100.0/24 to 10.244.250.0/24 is free"
