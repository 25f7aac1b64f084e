set -e
umask 077
new="$1.skyward-new"
trap 'rm -f "$new"' EXIT
cat > "$new"
got=$(sha256sum "$new")
[ "${got%% *}" = "$3" ] || { echo "what arrived is not what was sent" >&2; exit 3; }
chown 0:0 "$new"
chmod "$2" "$new"
sync "$new" 2>/dev/null || sync
mv -f "$new" "$1"
