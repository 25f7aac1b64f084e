case $2 in
  openrc)
    rc-service -q "$1" stop >/dev/null 2>&1
    rc-update -q del "$1" default 2>/dev/null;;
  *)
    systemctl disable -q "$1" 2>/dev/null
    systemctl stop "$1" 2>/dev/null;;
esac
exit 0
