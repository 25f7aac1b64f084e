#!/bin/bash
# Stands in for systemctl: notes how it was called, and runs units as systemd would (Type=notify, Restart=always, KillMode=process).
read -r host </proc/sys/kernel/hostname
printf '%s systemctl %s\n' "$host" "$*" >>/srv/cluster/calls
verb=$1; shift
quiet=0 unit=
for word; do case $word in -q) quiet=1;; -*) ;; *) unit=$word;; esac; done
file=/etc/systemd/system/$unit.service want=/etc/systemd/system/multi-user.target.wants/$unit.service pid=/srv/host/$unit.pid
say() { [ $quiet = 1 ] || echo "$1"; }
alive() { [ -e $pid ] && kill -0 "$(cat $pid)" 2>/dev/null; }
stop() {
  alive || { rm -f $pid; return; }
  kill "$(cat $pid)"; while alive; do sleep 0.02; done
  rm -f $pid /srv/host/ready
}
start() {
  [ -f $file ] || { echo "Unit $unit.service not found." >&2; exit 5; }
  (
    exec </dev/null >>/srv/host/journal 2>&1
    exec setsid bash -c '
      child=; trap "kill \$child 2>/dev/null; wait \$child; exit 0" TERM
      while :; do
        set -a; [ -f "$1.env" ] && . "$1.env"; set +a
        $(sed -n "s/^ExecStart=//p" "$1") & child=$!
        wait $child
        # RestartSec, which only a server that was removed from its cluster is made to wait for.
        [ $? = 9 ] && pause=5 || pause=0.2
        sleep $pause & child=$!; wait $child
      done' supervise "$file"
  ) &
  echo $! >$pid
}
case $verb in
  is-active) if ! alive; then say inactive; exit 3; elif [ -e /srv/host/ready ]; then say active; else say activating; exit 3; fi;;
  is-enabled) [ -L "$want" ] && say enabled || { say disabled; exit 1; };;
  enable) [ -f "$file" ] || exit 1; mkdir -p "${want%/*}"; ln -sf "$file" "$want";;
  disable) rm -f "$want";;
  start) alive || start;;
  restart) stop; start;;
  stop) stop;;
  daemon-reload|reset-failed) ;;
  *) echo "Unknown command verb $verb." >&2; exit 1;;
esac
exit 0
