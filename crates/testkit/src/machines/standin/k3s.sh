#!/bin/bash
# Stands in for k3s: writes what k3s writes, refuses what k3s refuses, and notes how it was called.
# VERSION is replaced by the test; /srv/cluster is what etcd would hold, /srv/host what only this machine has.
set -u
C=/srv/cluster VERSION=@VERSION@
host=$(cat /proc/sys/kernel/hostname)
printf '%s k3s %s\n' "$host" "$*" >>$C/calls
key() { sed -n "s/^$1: *//p" /etc/rancher/k3s/config.yaml | tr -d '"'\'; }
fail() { echo "fatal: $*" >&2; exit 1; }

run() {
  role=$1 node=$(key node-name) url=$(key server)
  [ "$(stat -c %a:%u /etc/rancher/k3s/config.yaml)" = 600:0 ] || fail "config.yaml is not private"
  token=$(cat "$(key token-file)")
  umask 077
  mkdir -p /var/lib/rancher/k3s/agent/etc /etc/rancher/node /var/lib/kubelet/pods /run/k3s/containerd /var/lib/cni/networks/cbr0 /var/log/pods/p
  if [ "$role" = server ] && [ -z "$url" ]; then
    [ -s $C/ca ] || head -c 32 /dev/urandom | sha256sum | cut -c1-64 >$C/ca
    printf %s "${token##*:}" >$C/server.pw
    cat "$(key agent-token-file)" >$C/agent.pw
  else
    hostport=${url#https://}
    (exec 3<>"/dev/tcp/${hostport%:*}/6443") 2>/dev/null || fail "failed to reach $url"
    case $role in server) user=server pw=$(cat $C/server.pw);; agent) user=node pw=$(cat $C/agent.pw);; esac
    [ "$token" = "K10$(cat $C/ca)::$user:$pw" ] || fail "token CA hash does not match the Cluster CA certificate hash"
    # The password that a node of this name joined with (k3s keeps it in a Secret).
    if [ -e "$C/nodes/$node.password" ] && ! cmp -s "$C/nodes/$node.password" /etc/rancher/node/password; then
      fail "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry"
    fi
  fi
  [ -s /etc/rancher/node/password ] || head -c 16 /dev/urandom | sha256sum >/etc/rancher/node/password
  mkdir -p $C/nodes && cp /etc/rancher/node/password "$C/nodes/$node.password"
  if [ "$role" = server ]; then
    mkdir -p /var/lib/rancher/k3s/server/tls/etcd
    printf 'K10%s::server:%s\n' "$(cat $C/ca)" "$(cat $C/server.pw)" >/var/lib/rancher/k3s/server/token
    printf 'K10%s::node:%s\n' "$(cat $C/ca)" "$(cat $C/agent.pw)" >/var/lib/rancher/k3s/server/agent-token
    cp $C/certificate.pem /var/lib/rancher/k3s/server/tls/serving-kube-apiserver.crt
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
    if [ -s $C/k3s.yaml ]; then
      # A real API server elsewhere, to which the test leads what comes in.
      cp $C/k3s.yaml /etc/rancher/k3s/k3s.yaml; : >$C/started
    else
      # Something that listens where the API server would.
      /usr/sbin/sshd -D -q -f /srv/host/sshd_config -o Port=6443 -o PidFile=none &
    fi
    for _ in $(seq 400); do (exec 3<>/dev/tcp/127.0.0.1/6443) 2>/dev/null && break; sleep 0.05; done
  fi
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
  trap 'kill $(jobs -p) 2>/dev/null; rm -f /srv/host/ready; exit 0' TERM INT
  while :; do sleep 1000 & wait $!; done
}

nodes() {
  sep=''
  printf '{"apiVersion":"v1","kind":"List","items":['
  for f in $C/nodes/*; do
    n=${f##*/}
    case $n in *.password|*.cordoned|*.new|'*') continue;; esac
    read -r role version <"$f"
    labels='{}'; [ "$role" = server ] && labels='{"node-role.kubernetes.io/control-plane":"true","node-role.kubernetes.io/etcd":"true"}'
    closed=false; [ -e "$f.cordoned" ] && closed=true
    printf '%s{"apiVersion":"v1","kind":"Node","metadata":{"name":"%s","labels":%s},"spec":{"unschedulable":%s},' "$sep" "$n" "$labels" $closed
    printf '"status":{"nodeInfo":{"kubeletVersion":"%s","architecture":"","bootID":"","containerRuntimeVersion":"","kernelVersion":"","kubeProxyVersion":"","machineID":"","operatingSystem":"","osImage":"","systemUUID":""},"conditions":[{"type":"Ready","status":"True"}]}}' "$version"
    sep=,
  done
  echo ']}'
}

kubectl() {
  [ -e /srv/host/ready ] || fail "The connection to the server 127.0.0.1:6443 was refused"
  [ -s /etc/rancher/k3s/k3s.yaml ] || fail "no kubeconfig"
  case "$1 ${2:-}" in
    "get nodes") nodes;;
    "drain "*) [ ! -e $C/no-drain ] || fail "cannot evict pod as it would violate the pod's disruption budget"
      [ -e "$C/nodes/$2" ] || fail "node $2 not found"; : >"$C/nodes/$2.cordoned";;
    "uncordon "*) rm -f "$C/nodes/$2.cordoned";;
    "delete node") rm -f "$C/nodes/$3" "$C/nodes/$3.password" "$C/nodes/$3.cordoned";;
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
  server|agent) run "$1";;
  kubectl) shift; kubectl "$@";;
  ctr) shift; ctr "$@";;
  *) fail "unknown command $*";;
esac
