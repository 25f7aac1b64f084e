set -e
umask 077
record=$1 sum=$2; shift 2
[ -e "$record" ] && exit 0
d=${record%/*}
mkdir -p "$d/before"
while [ "$1" != -- ]; do
  cp -a "$1" "$d/before/$(echo "$1" | tr / %)"
  shift
done
shift
cat > "$record.skyward-new"
got=$(sha256sum "$record.skyward-new")
[ "${got%% *}" = "$sum" ] || { echo "what arrived is not what was sent" >&2; exit 3; }
sync
mv "$record.skyward-new" "$record"
umask 022
mkdir -p "$@"
