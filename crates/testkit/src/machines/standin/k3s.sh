#!/bin/bash
# Stands in for k3s: writes what k3s writes, refuses what k3s refuses, and notes how it was called.
# VERSION is replaced by the test; /srv/cluster is what etcd would hold, /srv/host what only this machine has.
set -u
C=/srv/cluster VERSION=@VERSION@
read -r host </proc/sys/kernel/hostname
printf '%s k3s %s\n' "$host" "$*" >>$C/calls
key() { sed -n "s/^$1: *//p" /etc/rancher/k3s/config.yaml | tr -d '"'\'; }
fail() { echo "fatal: $*" >&2; exit 1; }
D=/var/lib/rancher/k3s/server/db
# A machine may have no ip of its own.
command -v ip >/dev/null || ip() { ip-of-the-stand-in "$@"; }

# True while the machine of a node runs k3s: its kubelet listens.
alive() { timeout 1 bash -c "exec 3<>/dev/tcp/$(cat "$C/nodes/$1.ip")/10250" 2>/dev/null; }
# True while etcd has its majority. A server alone that keeps its data in SQLite needs none.
quorum() {
  local all=0 up=0 f n
  for f in $C/nodes/*.member; do
    [ -e "$f" ] || continue
    n=${f##*/} n=${n%.member} all=$((all + 1))
    alive "$n" && up=$((up + 1))
  done
  [ $up -gt $((all / 2)) ] || [ $all = 0 ]
}

# A server's place in etcd: kept, taken, or lost with its node, after which a tombstone tells the next start to join again.
member() {
  grep -q '^cluster-init: true' /etc/rancher/k3s/config.yaml || [ -n "$url" ] || return 0
  if [ -e $D/etcd/tombstone ]; then
    [ -n "$url" ] || fail "tombstone file has been detected but --server is empty"
    rm -rf $D/etcd
  fi
  if [ -e $D/etcd/name ]; then
    [ -e "$C/nodes/$node.member" ] && [ "$(cat $D/etcd/name)" = "$(cat "$C/nodes/$node.member")" ] ||
      { touch $D/etcd/tombstone; echo "fatal: this server has been removed from the cluster" >&2; exit 9; }
  elif [ -n "$url" ]; then
    quorum || fail "etcdserver: unhealthy cluster"
  elif ls $C/nodes/*.member >/dev/null 2>&1; then
    : >$C/split; fail "it would begin a second cluster"
  fi
  mkdir -p $D/etcd
  [ -s $D/etcd/name ] || head -c 8 /dev/urandom | sha256sum | cut -c1-8 >$D/etcd/name
  cp $D/etcd/name "$C/nodes/$node.member"
}

# What the cluster's store holds, as a file: with a sum behind it that etcd writes, or as a database.
dump() { tar -C $C -cf "$1" --exclude='nodes/*.ip' nodes ca server.pw agent.pw client.key $(cd $C && ls data 2>/dev/null); }
undump() { rm -rf $C/nodes; tar -C $C -xf "$1"; : >$C/restored; for f in $C/nodes/*; do case ${f##*/} in *.*) ;; *) echo 192.0.2.1 >"$f.ip";; esac; done; }
snapshot() {
  while [ $# -gt 0 ]; do case $1 in --name) name=$2;; --etcd-snapshot-dir) dir=$2;; esac; shift; done
  [ -e /srv/host/ready ] && quorum || fail "etcdserver: no leader"
  f=$dir/$name-$(key node-name)-$(date +%s)
  mkdir -p "$dir" && dump "$f" && printf "$(sha256sum "$f" | cut -c1-64 | sed 's/../\\x&/g')" >>"$f"
}
reset() {
  f=${1#*=}
  [ -z "$(key server)" ] || fail "cannot perform cluster-reset while server URL is set"
  [ ! -e /srv/host/ready ] || fail "k3s is running"
  undump "$f"
  [ "$(sed 's/.*://' "$(key token-file)")" = "$(cat $C/server.pw)" ] || fail "bootstrap data already found and encrypted with different token"
  rm -f $C/nodes/*.member; mkdir -p $D/etcd
  head -c 8 /dev/urandom | sha256sum | cut -c1-8 >$D/etcd/name; cp $D/etcd/name "$C/nodes/$(key node-name).member"
  echo "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now"
}

# Certificates are made where there are none.
certify() { [ -e "$1" ] || cp $C/certificate.pem "$1"; }
rotate() {
  [ ! -e /srv/host/ready ] || fail "k3s is running"
  d=/var/lib/rancher/k3s to=/var/lib/rancher/k3s/agent/tls-$(date +%s)
  [ ! -d $d/server ] || to=$d/server/${to##*/}
  umask 077; mkdir -p "$to"
  for f in $d/server/tls/*.crt $d/agent/*.crt; do [ ! -e "$f" ] || mv "$f" "$to/"; done
  echo "Successfully backed up certificates to $to, please restart k3s server or agent to rotate certificates" >&2
}

run() {
  role=$1 node=$(key node-name) url=$(key server)
  [ "$(stat -c %a:%u /etc/rancher/k3s/config.yaml)" = 600:0 ] || fail "config.yaml is not private"
  token=$(cat "$(key token-file)")
  umask 077
  mkdir -p /var/lib/rancher/k3s/agent/etc /etc/rancher/node /var/lib/kubelet/pods /run/k3s/containerd /var/lib/cni/networks/cbr0 /var/log/pods/p
  if [ "$role" = server ] && [ -z "$url" ]; then
    if [ -e $D/state.db ] && [ ! -s $C/ca ]; then tail -c +17 $D/state.db >/tmp/state; undump /tmp/state; rm /tmp/state; fi
    if [ -s $C/server.pw ] && [ -e $C/restored ]; then
      [ "${token##*:}" = "$(cat $C/server.pw)" ] || fail "bootstrap data already found and encrypted with different token"
      if [ -e "$C/nodes/$node.password" ] && ! cmp -s "$C/nodes/$node.password" /etc/rancher/node/password; then fail "Node password rejected"; fi
    fi
    [ -s $C/ca ] || head -c 32 /dev/urandom | sha256sum | cut -c1-64 >$C/ca
    printf %s "${token##*:}" >$C/server.pw
    cat "$(key agent-token-file)" >$C/agent.pw
  else
    # A server that is in etcd starts without the one that it joined by, and an agent by any server that it knew.
    list=/var/lib/rancher/k3s/agent/etc/servers found=
    for at in "${url#https://}" $(cat $list 2>/dev/null); do
      timeout 1 bash -c "exec 3<>/dev/tcp/${at%:*}/6443" 2>/dev/null && { found=yes; break; }
    done
    [ -n "$found" ] || { [ "$role" = server ] && [ -e $D/etcd/name ]; } || fail "failed to reach $url"
    for f in $C/nodes/*.member; do [ -e "$f" ] && echo "$(cat "${f%.member}.ip"):6443"; done >$list
    case $role in server) user=server pw=$(cat $C/server.pw);; agent) user=node pw=$(cat $C/agent.pw);; esac
    [ "$token" = "K10$(cat $C/ca)::$user:$pw" ] || fail "token CA hash does not match the Cluster CA certificate hash"
    # The password that a node of this name joined with (k3s keeps it in a Secret).
    if [ -e "$C/nodes/$node.password" ] && ! cmp -s "$C/nodes/$node.password" /etc/rancher/node/password; then
      fail "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry"
    fi
  fi
  [ -s /etc/rancher/node/password ] || head -c 16 /dev/urandom | sha256sum >/etc/rancher/node/password
  mkdir -p $C/nodes
  [ "$role" = agent ] || member
  cp /etc/rancher/node/password "$C/nodes/$node.password"
  certify /var/lib/rancher/k3s/agent/serving-kubelet.crt
  ip -4 -o address show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }' >"$C/nodes/$node.ip"
  if [ "$role" = server ]; then
    mkdir -p /var/lib/rancher/k3s/server/tls/etcd
    printf 'K10%s::server:%s\n' "$(cat $C/ca)" "$(cat $C/server.pw)" >/var/lib/rancher/k3s/server/token
    printf 'K10%s::node:%s\n' "$(cat $C/ca)" "$(cat $C/agent.pw)" >/var/lib/rancher/k3s/server/agent-token
    certify /var/lib/rancher/k3s/server/tls/serving-kube-apiserver.crt
    [ -s $C/client.key ] || head -c 32 /dev/urandom | base64 >$C/client.key
    cat >/etc/rancher/k3s/k3s.yaml.new <<YAML
apiVersion: v1
kind: Config
clusters: [{name: default, cluster: {server: 'https://127.0.0.1:6443', certificate-authority-data: Q0E=}}]
contexts: [{name: default, context: {cluster: default, user: default}}]
current-context: default
users: [{name: default, user: {client-certificate-data: Q1JU, client-key-data: $(cat $C/client.key)}}]
YAML
    mv /etc/rancher/k3s/k3s.yaml.new /etc/rancher/k3s/k3s.yaml
    ports="-o Port=10250"
    if [ -s $C/k3s.yaml ]; then
      # A real API server elsewhere, to which the test leads what comes in.
      cp $C/k3s.yaml /etc/rancher/k3s/k3s.yaml; : >$C/started
    else
      ports="$ports -o Port=6443"
    fi
    # Something that listens where the API server and the kubelet would.
    /usr/sbin/sshd -D -q -f /srv/host/sshd_config $ports -o PidFile=none &
    for _ in $(seq 400); do (exec 3<>/dev/tcp/127.0.0.1/6443) 2>/dev/null && break; sleep 0.05; done
  else
    /usr/sbin/sshd -D -q -f /srv/host/sshd_config -o Port=10250 -o PidFile=none &
  fi
  for _ in $(seq 400); do (exec 3<>/dev/tcp/127.0.0.1/10250) 2>/dev/null && break; sleep 0.05; done
  # What a kubelet, containerd and kube-proxy leave: folders, settings of the kernel, rules.
  mkdir -p /usr/libexec/kubernetes/kubelet-plugins/volume/exec /run/containerd/s
  echo 1 >/proc/sys/vm/overcommit_memory; echo 0 >/proc/sys/vm/panic_on_oom; echo 10 >/proc/sys/kernel/panic; echo 1 >/proc/sys/kernel/panic_on_oops
  aux=/var/lib/rancher/k3s/data/x/bin/aux
  mkdir -p $aux && ln -sfn x /var/lib/rancher/k3s/data/current
  cp /srv/host/aux/* $aux/
  for v in iptables ip6tables; do
    $aux/$v -N KUBE-SERVICES 2>/dev/null && $aux/$v -A KUBE-SERVICES -m comment --comment "a service" -j RETURN && $aux/$v -I FORWARD -j KUBE-SERVICES
  done
  echo pod >/var/log/pods/p/0.log; echo lease >/var/lib/cni/networks/cbr0/10.42.0.2
  # What outlives the service: a shim with its container, a mount, links.
  d=/var/lib/rancher/k3s/data/x/bin
  if ! [ -e $d/containerd-shim-runc-v2 ]; then
    mkdir -p $d && cp "$(command -v sleep)" $d/containerd-shim-runc-v2
    setsid $d/containerd-shim-runc-v2 infinity </dev/null >/dev/null 2>&1 &
  fi
  mountpoint -q /run/k3s/containerd || mount -t tmpfs shm /run/k3s/containerd
  ip link show cni0 >/dev/null 2>&1 || ip link add cni0 type bridge
  ip link show flannel.1 >/dev/null 2>&1 || ip link add flannel.1 type dummy
  printf '%s %s\n' "$role" "$VERSION" >"$C/nodes/$node.new" && mv "$C/nodes/$node.new" "$C/nodes/$node"
  : >/srv/host/ready
  # SQLite: its file is whole once k3s has stopped.
  save() { [ "$role" = agent ] || [ -e $D/etcd/name ] || { mkdir -p $D; dump /tmp/state; { printf 'SQLite format 3\000'; cat /tmp/state; } >$D/state.db; rm -f /tmp/state; }; }
  trap 'save; kill $(jobs -p) 2>/dev/null; rm -f /srv/host/ready; exit 0' TERM INT
  while :; do
    sleep 0.4 & wait $!
    [ ! -e $D/etcd/name ] || [ -e "$C/nodes/$node.member" ] && continue
    touch $D/etcd/tombstone; kill $(jobs -p) 2>/dev/null; rm -f /srv/host/ready
    echo "fatal: this server has been removed from the cluster" >&2; exit 9
  done
}

nodes() {
  sep=''
  printf '{"apiVersion":"v1","kind":"List","items":['
  for f in $C/nodes/*; do
    n=${f##*/}
    case $n in *.*|'*') continue;; esac
    read -r role version <"$f"
    labels='{}'; [ "$role" = server ] && labels='{"node-role.kubernetes.io/control-plane":"true"}'
    [ -e "$f.member" ] && labels='{"node-role.kubernetes.io/control-plane":"true","node-role.kubernetes.io/etcd":"true"}'
    ready='"status":"True"'; alive "$n" || ready='"status":"Unknown","message":"Kubelet stopped posting node status."'
    closed=false; [ -e "$f.cordoned" ] && closed=true
    printf '%s{"apiVersion":"v1","kind":"Node","metadata":{"name":"%s","labels":%s},"spec":{"unschedulable":%s},' "$sep" "$n" "$labels" $closed
    pressure=; [ ! -e "$f.pressure" ] || pressure=$(printf ',{"type":"%s","status":"True","message":"kubelet has %s"}' "$(cat "$f.pressure")" "$(cat "$f.pressure")")
    printf '"status":{"nodeInfo":{"kubeletVersion":"%s","architecture":"","bootID":"","containerRuntimeVersion":"","kernelVersion":"","kubeProxyVersion":"","machineID":"","operatingSystem":"","osImage":"","systemUUID":""},"addresses":[{"type":"InternalIP","address":"%s"},{"type":"Hostname","address":"%s"}],"conditions":[{"type":"PIDPressure","status":"False"},{"type":"Ready",%s}%s]}}' \
      "$version" "$(cat "$f.ip")" "$n" "$ready" "$pressure"
    sep=,
  done
  echo ']}'
}

kubectl() {
  cache=$HOME/.kube/cache
  for word; do case $word in --cache-dir=*) cache=${word#*=};; esac; done
  mkdir -p "$cache/discovery" && echo '{}' >"$cache/discovery/servergroups.json"
  [ -e /srv/host/ready ] || fail "The connection to the server 127.0.0.1:6443 was refused"
  [ -s /etc/rancher/k3s/k3s.yaml ] || fail "no kubeconfig"
  quorum || fail "Error from server: etcdserver: request timed out"
  if cmp -s $C/expired.pem /var/lib/rancher/k3s/server/tls/serving-kube-apiserver.crt; then
    fail "Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid"
  fi
  case "$1 ${2:-}" in
    "get nodes") nodes;;
    "get pods") case "$*" in *all-namespaces*) f=$C/pending.json;; *) f=$C/pods.json;; esac
      cat $f 2>/dev/null || echo '{"apiVersion":"v1","kind":"List","items":[]}';;
    "drain "*) [ ! -e $C/no-drain ] || fail "cannot evict pod as it would violate the pod's disruption budget"
      [ -e "$C/nodes/$2" ] || fail "node $2 not found"; : >"$C/nodes/$2.cordoned";;
    "uncordon "*) rm -f "$C/nodes/$2.cordoned";;
    # The Secret with the node's password goes later, when the garbage collector finds it without its owner.
    "delete node") rm -f "$C/nodes/$3" "$C/nodes/$3.cordoned" "$C/nodes/$3.ip" "$C/nodes/$3.member";;
    "delete secret") rm -f "$C/nodes/${3%.node-password.k3s}.password";;
    *) fail "unknown command $*";;
  esac
}

ctr() {
  list=/var/lib/rancher/k3s/agent/images.list
  case "${*:3}" in
    "images list") echo "REF TYPE DIGEST SIZE PLATFORMS LABELS"; cat $list 2>/dev/null || true;;
    "images import -") cat >/var/lib/rancher/k3s/agent/import.tar
      tar -xOf /var/lib/rancher/k3s/agent/import.tar index.json | tr '{' '\n' | awk -F'"' '
        { for (i = 1; i < NF; i++) { if ($i == "digest") d = $(i + 2); if ($i == "io.containerd.image.name") print $(i + 2), "application/vnd.oci.image.manifest.v1+json", d, "1.0 MiB linux/amd64 -" } }' >>$list
      rm /var/lib/rancher/k3s/agent/import.tar;;
    "images tag --force "*) awk -v a="$6" -v b="$7" '$1 == a { $1 = b; print }' $list >$list.new && cat $list.new >>$list && rm $list.new;;
    "images label "*) labels=$(IFS=,; echo "${*:6}")
      awk -v a="$5" -v b="$labels" '$1 == a { $NF = b } { print }' $list >$list.new && mv $list.new $list;;
    *) fail "unknown command $*";;
  esac
}

case ${1:-} in
  --version) echo "k3s version $VERSION (standin)"; echo "go version go1.25";;
  server) case ${2:-} in --cluster-reset) reset "$3";; *) run server;; esac;;
  agent) run agent;;
  certificate) [ "$2" = rotate ] || fail "unknown command $*"; rotate;;
  etcd-snapshot) shift 2; snapshot "$@";;
  kubectl) shift; kubectl "$@";;
  ctr) shift; ctr "$@";;
  *) fail "unknown command $*";;
esac
